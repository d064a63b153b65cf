//! A panel as many are: a list whose ids are used by longer paths only, a member that is `null` and is
//! patched, a write that is answered 303, commands at the end of paths; and what it says when it
//! refuses for its size, fails for its surroundings, or serves whom it should not.

use crate::handler::{Asked, Drawn, bare, json, judged, serve};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

const DOCUMENT: &str = r##"
openapi: 3.0.3
info: {title: panel, version: "1"}
paths:
  /channels:
    get:
      operationId: listChannels
      responses:
        "200":
          description: the channels
          content:
            application/json:
              schema:
                type: array
                items:
                  type: object
                  required: [id, title]
                  properties: {id: {type: string}, title: {type: string}}
  /channels/{channel}/osd:
    parameters:
      - {name: channel, in: path, required: true, schema: {type: string}}
    get:
      operationId: readOsd
      responses:
        "200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/Osd"}}}}
        "404": {description: no such channel}
    put:
      operationId: writeOsd
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Osd"}}}}
      responses:
        "204": {description: written}
        "400": {description: not written}
        "404": {description: no such channel}
  /channels/{channel}/restart:
    parameters:
      - {name: channel, in: path, required: true, schema: {type: string}}
    post:
      operationId: channelPost
      responses: {"204": {description: done}}
  /session/start:
    post:
      operationId: sessionPost
      responses: {"204": {description: done}}
  /label:
    get:
      operationId: readLabel
      responses:
        "200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/Label"}}}}
    patch:
      operationId: patchLabel
      requestBody: {required: true, content: {application/merge-patch+json: {schema: {$ref: "#/components/schemas/Label"}}}}
      responses:
        "204": {description: patched}
        "400": {description: not patched}
        "415": {description: no merge patch}
  /mode:
    get:
      operationId: readMode
      responses:
        "200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/Mode"}}}}
    put:
      operationId: writeMode
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Mode"}}}}
      responses:
        "303": {description: written; the mode shows it}
        "400": {description: not written}
  /alarm:
    get:
      operationId: readAlarm
      responses:
        "200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/Alarm"}}}}
    put:
      operationId: writeAlarm
      description: "`version` has to be that of the last read; each write counts it up."
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Alarm"}}}}
      responses:
        "204": {description: written}
        "400": {description: not written}
        "409": {description: somebody else has written meanwhile}
components:
  schemas:
    Alarm:
      type: object
      required: [version, tone]
      additionalProperties: false
      properties:
        version: {type: integer, minimum: 0}
        tone: {type: string, enum: [bell, horn]}
        loud: {type: integer, minimum: 1, maximum: 9}
    Osd:
      type: object
      required: [text, size]
      additionalProperties: false
      properties:
        text: {type: string, maxLength: 30}
        size: {type: integer, minimum: 1, maximum: 5}
    Label:
      type: object
      additionalProperties: false
      properties:
        text: {type: string, nullable: true, maxLength: 20}
        size: {type: integer, minimum: 1, maximum: 9}
    Mode:
      type: object
      required: [mode]
      additionalProperties: false
      properties: {mode: {type: string, enum: [day, night]}}
"##;

/// What it keeps.
#[derive(Clone, Debug, PartialEq)]
struct Kept {
    osd: Vec<(&'static str, Value)>,
    label: Value,
    mode: Value,
    /// Without its version, which goes on.
    alarm: Value,
    version: i64,
    acted: u32,
}

/// How it is built.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Build {
    #[default]
    Right,
    /// Takes any size on the screen.
    AnySize,
    /// Takes any mode, and points to it.
    AnyMode,
    /// Takes any loudness.
    AnyLoudness,
    /// Takes no message of more than so many octets.
    Small(usize),
    /// Reads channels over a network that is down.
    NoNetwork,
}

fn panel(build: Build) -> (SocketAddr, Arc<Mutex<Kept>>) {
    let osd = |text: &str| json!({"text": text, "size": 2});
    let kept = Arc::new(Mutex::new(Kept {
        osd: vec![("cam-a7", osd("Door")), ("cam-b9", osd("Yard"))],
        label: json!({"text": null, "size": 4}),
        mode: json!({"mode": "day"}),
        alarm: json!({"tone": "horn", "loud": 3}),
        version: 7,
        acted: 0,
    }));
    let own = Arc::clone(&kept);
    let addr = serve(move |asked| {
        let mut own = own.lock().expect("state");
        answer(asked, build, &mut own)
    });
    (addr, kept)
}

fn has(body: &Value, members: &[&str]) -> bool {
    let named = |name: &String| members.contains(&name.as_str());
    body.as_object().is_some_and(|body| body.keys().all(named))
}

fn short(value: &Value, most: usize) -> bool {
    value.as_str().is_some_and(|t| t.chars().count() <= most)
}

fn whole(value: &Value, most: i64) -> bool {
    // `2.0` is a whole number (JSON Schema §6.1.1).
    let number = value.as_f64().filter(|n| n.fract() == 0.0);
    number.is_some_and(|n| (1.0..=most as f64).contains(&n))
}

fn answer(asked: &Asked, build: Build, own: &mut Kept) -> Drawn {
    if let Build::Small(most) = build
        && asked.body.len() > most
    {
        return bare(413);
    }
    let media = asked.field("content-type").to_ascii_lowercase();
    let (method, path) = (asked.method.as_str(), asked.path.as_str());
    let method = if method == "HEAD" { "GET" } else { method };
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match (method, segments.as_slice()) {
        ("GET", ["channels"]) if build == Build::NoNetwork => json(
            500,
            &json!({"message": "getaddrinfo EAI_AGAIN cameras.invalid"}),
        ),
        ("GET", ["channels"]) => {
            let listed = own
                .osd
                .iter()
                .map(|(id, osd)| json!({"id": id, "title": osd["text"]}));
            json(200, &listed.collect())
        }
        (_, ["channels", id, "osd"]) => {
            let Some((_, osd)) = own.osd.iter_mut().find(|(known, _)| known == id) else {
                return bare(404);
            };
            match method {
                "GET" => json(200, osd),
                "PUT" => {
                    let most = if build == Build::AnySize { 1000 } else { 5 };
                    let right = |b: &Value| {
                        has(b, &["text", "size"])
                            && short(&b["text"], 30)
                            && whole(&b["size"], most)
                    };
                    write(asked.json().filter(right), osd, 204)
                }
                _ => bare(405).with("Allow", "GET, PUT"),
            }
        }
        ("POST", ["channels", _, "restart"] | ["session", "start"]) => {
            own.acted += 1;
            bare(204)
        }
        ("GET", ["label"]) => json(200, &own.label),
        ("PATCH", ["label"]) if !media.starts_with("application/merge-patch+json") => bare(415),
        ("PATCH", ["label"]) => {
            let text = |b: &Value| b.get("text").is_none_or(|t| t.is_null() || short(t, 20));
            let size = |b: &Value| b.get("size").is_none_or(|s| whole(s, 9));
            let right = |b: &Value| has(b, &["text", "size"]) && text(b) && size(b);
            let Some(Value::Object(new)) = asked.json().filter(right) else {
                return bare(400);
            };
            // `null` is a value of it, and not the end of a member.
            for (name, value) in new {
                own.label[name] = value;
            }
            bare(204)
        }
        ("GET", ["mode"]) => json(200, &own.mode),
        ("PUT", ["mode"]) => {
            let known = |b: &Value| b["mode"] == "day" || b["mode"] == "night";
            let right = |b: &Value| {
                has(b, &["mode"]) && (known(b) || build == Build::AnyMode && b["mode"].is_string())
            };
            let body = asked.json().filter(right);
            write(body, &mut own.mode, 303).with("Location", "/mode")
        }
        ("GET", ["alarm"]) => {
            let mut shown = own.alarm.clone();
            shown["version"] = own.version.into();
            json(200, &shown)
        }
        ("PUT", ["alarm"]) => {
            let most = if build == Build::AnyLoudness { 90 } else { 9 };
            let right = |b: &Value| {
                has(b, &["version", "tone", "loud"])
                    && (b["tone"] == "bell" || b["tone"] == "horn")
                    && b.get("loud").is_none_or(|l| whole(l, most))
                    && b["version"]
                        .as_f64()
                        .is_some_and(|v| v.fract() == 0.0 && v >= 0.0)
            };
            let Some(Value::Object(mut new)) = asked.json().filter(right) else {
                return bare(400);
            };
            let version = new.remove("version").and_then(|v| v.as_f64());
            if version != Some(own.version as f64) {
                return bare(409);
            }
            own.version += 1;
            own.alarm = Value::Object(new);
            bare(204)
        }
        (_, ["alarm"]) => bare(405).with("Allow", "GET, PUT"),
        (_, ["label"]) => bare(405).with("Allow", "GET, PATCH"),
        (_, ["mode"]) => bare(405).with("Allow", "GET, PUT"),
        (_, ["channels"]) => bare(405),
        (_, ["channels", _, "restart"] | ["session", "start"]) => bare(405).with("Allow", "POST"),
        _ => bare(404),
    }
}

fn write(body: Option<Value>, to: &mut Value, status: u16) -> Drawn {
    match body {
        Some(body) => {
            *to = body;
            bare(status)
        }
        None => bare(400),
    }
}

/// A run on it: its report. Whatever it is, it keeps what it had, and nothing acts.
fn run(build: Build) -> Value {
    let (addr, kept) = panel(build);
    let before = kept.lock().expect("state").clone();
    let (output, report) = judged(DOCUMENT, addr, &[]);
    let mut after = kept.lock().expect("state").clone();
    let said = String::from_utf8_lossy(&output.stdout);
    after.version = before.version;
    assert_eq!(after, before, "{build:?}: {said}");
    assert_eq!(report["device"]["restored"], true, "{build:?}: {said}");
    report
}

fn findings(report: &Value) -> Vec<(&str, bool)> {
    let all = report["findings"].as_array().expect("findings");
    let told = |f: &Value| f["arguable"].is_string();
    let mut found: Vec<(&str, bool)> = all
        .iter()
        .map(|f| (f["promise"].as_str().expect("a promise"), told(f)))
        .collect();
    found.sort_unstable();
    found
}

fn state<'r>(report: &'r Value, operation: &str) -> &'r str {
    let operations = report["operations"].as_array().expect("operations");
    let found = operations.iter().find(|o| o["id"] == operation);
    found.and_then(|o| o["state"].as_str()).expect("a state")
}

#[test]
fn a_right_panel_is_judged_whole_and_accused_of_nothing() {
    let report = run(Build::Right);
    assert_eq!(findings(&report), [], "{:#}", report["findings"]);
    let judged = [
        "listChannels",
        "readOsd",
        "writeOsd",
        "readLabel",
        "patchLabel",
        "readMode",
        "writeMode",
        "readAlarm",
        "writeAlarm",
    ];
    for operation in judged {
        assert_eq!(state(&report, operation), "judged", "{operation}");
    }
    // What a word at the end of its path says to act is not sent.
    for operation in ["channelPost", "sessionPost"] {
        assert_eq!(state(&report, operation), "not-judged", "{operation}");
    }
}

#[test]
fn what_is_wrong_below_a_listed_item_and_behind_a_redirect_is_found() {
    for (build, promise) in [
        (Build::AnySize, "writeOsd.body.size.maximum"),
        (Build::AnyMode, "writeMode.body.mode.enum"),
        (Build::AnyLoudness, "writeAlarm.body.loud.maximum"),
    ] {
        let report = run(build);
        let found = findings(&report);
        assert!(found.contains(&(promise, false)), "{found:?}");
    }
}

#[test]
fn a_refusal_for_the_size_and_a_failure_of_the_network_are_arguable_at_most() {
    for build in [Build::Small(100), Build::Small(600), Build::NoNetwork] {
        let report = run(build);
        let found = findings(&report);
        assert!(
            found.iter().all(|(_, arguable)| *arguable),
            "{build:?}: {found:?}"
        );
    }
}
