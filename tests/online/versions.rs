//! Devices that want the version named which a write replaces (`If-Match`), though only their words, or
//! nothing, says so: they are judged, put back, and found where they overwrite what another has stored.

use crate::handler::{Asked, Drawn, bare, json as drawn, judged, serve};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

const DOCUMENT: &str = r##"
openapi: 3.1.0
info: {title: Box, version: "1"}
paths:
  /settings:
    get:
      operationId: getSettings
      responses: {"200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/Settings"}}}}}
    put:
      operationId: putSettings
      summary: Replaces the settings
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Settings"}}}}
      responses: {"204": {description: stored}, "400": {description: invalid}, "412": {description: SAID}}
  /items:
    get:
      operationId: listItems
      responses: {"200": {description: all, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Item"}}}}}}
    post:
      operationId: addItem
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/New"}}}}
      responses: {"201": {description: made, content: {application/json: {schema: {$ref: "#/components/schemas/Item"}}}}, "400": {description: invalid}}
  /items/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getItem
      responses: {"200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/Item"}}}}, "404": {description: none}}
    delete:
      operationId: deleteItem
      responses: {"204": {description: gone}, "404": {description: none}, "412": {description: SAID}}
components:
  schemas:
    Settings: {type: object, required: [name, level], properties: {name: {type: string, minLength: 1, maxLength: 20, pattern: '^[a-z]+$'}, level: {type: integer, minimum: 0, maximum: 10}}}
    New: {type: object, required: [name], properties: {name: {type: string, minLength: 1, maxLength: 40}}}
    Item: {type: object, required: [id, name], properties: {id: {type: string, readOnly: true}, name: {type: string}}}
"##;

const BY_WORD: &str = "If-Match does not name the version that stands";
const BY_STATUS: &str = "not the version that stands";

/// What a device makes of versions.
#[derive(Clone, Copy)]
struct Minds {
    /// The status of a write that names none; 0: it is done.
    unnamed: u16,
    /// Whether a write that names another one is refused.
    other: bool,
    /// Whether one that stood once is another one.
    old: bool,
    /// Whether tags are weak.
    weak: bool,
}

const STRICT: Minds = Minds {
    unnamed: 428,
    other: true,
    old: true,
    weak: false,
};

struct Kept {
    settings: (Value, u64),
    items: Vec<(u64, Value)>,
    next: u64,
}

fn tag(version: u64, minds: Minds) -> String {
    let weak = if minds.weak { "W/" } else { "" };
    format!("{weak}\"v{version}\"")
}

/// The refusal of a write for the version that it names.
fn unnamed(asked: &Asked, version: u64, minds: Minds) -> Option<Drawn> {
    match asked.field("if-match") {
        "" if minds.unnamed == 0 => None,
        "" => Some(bare(minds.unnamed)),
        "*" => None,
        _ if !minds.other => None,
        named => {
            let fits = |tag: &str| {
                let number = tag.trim_matches('"').strip_prefix('v');
                let number = number.and_then(|n| n.parse::<u64>().ok());
                number.is_some_and(|n| n == version || !minds.old && n < version)
            };
            let fits = named.split(',').any(|one| fits(one.trim())) && !minds.weak;
            (!fits).then(|| bare(412))
        }
    }
}

fn start(minds: Minds) -> (SocketAddr, Arc<Mutex<Kept>>) {
    let kept = Arc::new(Mutex::new(Kept {
        settings: (json!({"name": "front", "level": 3}), 1),
        items: vec![(1, json!({"id": "1", "name": "theirs"}))],
        next: 40,
    }));
    let device = kept.clone();
    (serve(move |asked| answer(&device, asked, minds)), kept)
}

fn answer(device: &Mutex<Kept>, asked: &Asked, minds: Minds) -> Drawn {
    let kept = &mut *device.lock().unwrap_or_else(|e| e.into_inner());
    let sent = asked.json().unwrap_or_default();
    let id = asked.path.strip_prefix("/items/").map(str::to_owned);
    let at = id.as_deref().and_then(|id| {
        let mut all = kept.items.iter();
        all.position(|(_, item)| item["id"] == id)
    });
    match (asked.method.as_str(), asked.path.as_str()) {
        ("GET" | "HEAD", "/settings") => {
            drawn(200, &kept.settings.0).with("ETag", &tag(kept.settings.1, minds))
        }
        ("PUT", "/settings") => {
            let plain =
                |t: &str| (1..=20).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_lowercase());
            let level = sent["level"].as_f64().filter(|l| l.fract() == 0.0);
            let level = level.filter(|l| (0.0..=10.0).contains(l));
            if !sent["name"].as_str().is_some_and(plain) || level.is_none() {
                return bare(400);
            }
            if let Some(refusal) = unnamed(asked, kept.settings.1, minds) {
                return refusal;
            }
            let new = json!({"name": sent["name"], "level": level.map(|l| l as i64)});
            if new != kept.settings.0 {
                kept.settings = (new, kept.settings.1 + 1);
            }
            bare(204)
        }
        ("GET" | "HEAD", "/items") => {
            let all: Vec<&Value> = kept.items.iter().map(|(_, item)| item).collect();
            drawn(200, &json!(all))
        }
        ("POST", "/items") => {
            let fits = |n: &str| (1..=40).contains(&n.chars().count());
            if !sent["name"].as_str().is_some_and(fits) {
                return bare(400);
            }
            kept.next += 1;
            let item = json!({"id": kept.next.to_string(), "name": sent["name"]});
            kept.items.push((1, item.clone()));
            drawn(201, &item)
        }
        (_, "/settings") => bare(405).with("Allow", "GET, HEAD, PUT"),
        (_, "/items") => bare(405).with("Allow", "GET, HEAD, POST"),
        (method, _) => {
            let Some((version, item)) = at.and_then(|at| kept.items.get(at)) else {
                return bare(404);
            };
            match method {
                "GET" | "HEAD" => drawn(200, item).with("ETag", &tag(*version, minds)),
                "DELETE" => match unnamed(asked, *version, minds) {
                    Some(refusal) => refusal,
                    None => {
                        kept.items.retain(|(_, item)| {
                            Some(item["id"].as_str().unwrap_or("")) != id.as_deref()
                        });
                        bare(204)
                    }
                },
                _ => bare(405).with("Allow", "GET, HEAD, DELETE"),
            }
        }
    }
}

/// What findings are about, and how the run ended.
fn run(minds: Minds, said: &str) -> (Vec<String>, i32, bool, String) {
    let (addr, kept) = start(minds);
    let document = DOCUMENT.replace("SAID", said);
    let (output, report) = judged(&document, addr, &["--no-auth"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let kept = kept.lock().unwrap_or_else(|e| e.into_inner());
    let same = kept.settings.0 == json!({"name": "front", "level": 3})
        && kept.items.len() == 1
        && kept.items.iter().all(|(_, item)| item["name"] == "theirs");
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let titles = findings.iter().flat_map(|f| {
        let members = f["members"].as_array().cloned().unwrap_or_default();
        let members = members.into_iter().map(|m| m["title"].clone());
        std::iter::once(f["title"].clone()).chain(members)
    });
    let titles = titles.map(|t| t.as_str().unwrap_or_default().to_owned());
    (
        titles.collect(),
        output.status.code().unwrap_or(-1),
        same,
        text,
    )
}

#[test]
fn a_device_that_wants_versions_named_is_judged_and_put_back() {
    for (what, minds, said) in [
        ("428", STRICT, BY_WORD),
        (
            "412 for none",
            Minds {
                unnamed: 412,
                ..STRICT
            },
            BY_STATUS,
        ),
        (
            "not asked for",
            Minds {
                unnamed: 0,
                ..STRICT
            },
            BY_WORD,
        ),
        // The tags of a framework, which no write can name.
        (
            "weak",
            Minds {
                unnamed: 0,
                other: false,
                weak: true,
                ..STRICT
            },
            BY_STATUS,
        ),
    ] {
        let (findings, code, same, text) = run(minds, said);
        assert!(same, "{what}: {text}");
        assert_eq!(findings, Vec::<String>::new(), "{what}: {text}");
        assert_eq!(code, 0, "{what}: {text}");
        assert!(
            text.contains("6 judged, 0 in part, 0 not judged"),
            "{what}: {text}"
        );
    }
}

#[test]
fn a_lost_update_is_found() {
    for (what, minds, said) in [
        (
            "any version",
            Minds {
                other: false,
                ..STRICT
            },
            BY_WORD,
        ),
        (
            "any version, by the status alone",
            Minds {
                other: false,
                unnamed: 0,
                ..STRICT
            },
            BY_STATUS,
        ),
        (
            "one that stood once",
            Minds {
                old: false,
                ..STRICT
            },
            BY_WORD,
        ),
    ] {
        let (findings, code, same, text) = run(minds, said);
        assert!(same, "{what}: {text}");
        assert_eq!(code, 1, "{what}: {text}");
        let about = |title: &String| title.contains("If-Match");
        assert!(findings.iter().any(about), "{what}: {text}");
        assert!(findings.iter().all(about), "{what}: {text}");
    }
}
