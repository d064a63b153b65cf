//! Devices that store what they are sent in another form: as their document says, in one that it
//! leaves open, or as another value.

use crate::handler::{Asked, Drawn, bare, json as drawn, judged, serve};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;

const DOCUMENT: &str = r##"
openapi: 3.1.0
info: {title: A sign, version: "1"}
paths:
  /sign:
    get:
      operationId: getSign
      responses: {"200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/Sign"}}}}}
    put:
      operationId: putSign
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Sign"}}}}
      responses: {"204": {description: stored}, "400": {description: invalid}}
  /file:
    head:
      operationId: headFile
      responses: {"200": {description: it, headers: {X-Version: {required: true, schema: {type: string, pattern: '^[0-9]$'}}}}}
components:
  schemas:
    Sign:
      type: object
      required: [text, days]
      properties:
        text: {type: string, maxLength: 20, description: WORDS}
        days: {type: array, maxItems: 4, uniqueItems: true, description: "DAYS", items: {type: string, enum: [mon, tue, wed, thu]}}
        lines:
          type: array
          maxItems: 3
          items: {type: object, required: [row], properties: {row: {type: integer, minimum: 1, maximum: 9}, blink: {type: boolean}}}
"##;

/// How a device stores a sign.
type Store = fn(Value) -> Value;

fn as_it_is(sign: Value) -> Value {
    sign
}

fn change_text(mut sign: Value, change: impl Fn(&str) -> String) -> Value {
    let text = sign["text"].as_str().map(change);
    sign["text"] = json!(text);
    sign
}

fn trimmed(sign: Value) -> Value {
    change_text(sign, |t| t.trim().to_owned())
}

fn cut(sign: Value) -> Value {
    change_text(sign, |t| t.trim().chars().take(12).collect())
}

fn in_week_order(mut sign: Value) -> Value {
    let week = ["mon", "tue", "wed", "thu"];
    let days = sign["days"].as_array().cloned().unwrap_or_default();
    let kept: Vec<&str> = week
        .into_iter()
        .filter(|d| days.contains(&json!(d)))
        .collect();
    sign["days"] = json!(kept);
    sign
}

fn is_sign(sign: &Value) -> bool {
    let days = sign["days"].as_array().is_some_and(|days| {
        let known = |d: &Value| ["mon", "tue", "wed", "thu"].iter().any(|w| d == w);
        let twice = (1..days.len()).any(|i| days[..i].contains(&days[i]));
        days.len() <= 4 && days.iter().all(known) && !twice
    });
    let text = sign["text"].as_str();
    let whole = |n: &Value| {
        n.as_f64()
            .is_some_and(|n| n.fract() == 0.0 && (1.0..=9.0).contains(&n))
    };
    let line = |line: &Value| {
        line.is_object() && whole(&line["row"]) && line.get("blink").is_none_or(Value::is_boolean)
    };
    let lines = match sign.get("lines") {
        Some(lines) => lines
            .as_array()
            .is_some_and(|lines| lines.len() <= 3 && lines.iter().all(line)),
        None => true,
    };
    sign.is_object() && days && lines && text.is_some_and(|t| t.chars().count() <= 20)
}

/// What findings say of how a device keeps what it is sent, and whether they are arguable.
fn found(words: (&str, &str), store: Store, version: &'static str) -> Vec<(String, bool)> {
    let sign = json!({"text": "Open", "days": ["mon"], "lines": [{"row": 1, "blink": true}]});
    let sign = Mutex::new(sign);
    let addr = serve(move |asked: &Asked| -> Drawn {
        let mut sign = sign.lock().unwrap_or_else(|e| e.into_inner());
        match (asked.method.as_str(), asked.path.as_str()) {
            ("HEAD", "/file") => drawn(200, &json!(1)).with("X-Version", version),
            ("GET" | "HEAD", "/sign") => drawn(200, &sign),
            ("PUT", "/sign") => match asked.json().filter(is_sign) {
                Some(sent) => {
                    *sign = store(sent);
                    bare(204)
                }
                None => bare(400),
            },
            (_, "/sign") => bare(405).with("Allow", "GET, HEAD, PUT"),
            (_, "/file") => bare(405).with("Allow", "HEAD"),
            _ => bare(404),
        }
    });
    let document = DOCUMENT.replace("WORDS", words.0).replace("DAYS", words.1);
    let (_, report) = judged(&document, addr, &["-q"]);
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let about = |f: &Value| {
        let promise = f["promise"].as_str().unwrap_or_default();
        promise.ends_with("state.readback") || promise.contains("headers")
    };
    let told = |f: &Value| {
        let title = f["title"].as_str().unwrap_or_default().to_owned();
        (title, !f["arguable"].is_null())
    };
    findings.iter().filter(|f| about(f)).map(told).collect()
}

#[test]
fn only_what_the_document_does_not_say_is_told() {
    let said = ("Blanks at the ends are trimmed.", "A set");
    let silent = ("The text", "Days");
    type Row<'r> = (
        (&'r str, &'r str),
        Store,
        &'static str,
        &'r [(&'r str, bool)],
    );
    let rows: [Row<'_>; 7] = [
        (silent, as_it_is, "1", &[]),
        (said, trimmed, "1", &[]),
        (
            silent,
            trimmed,
            "1",
            &[("`/text` reads back in another form", true)],
        ),
        (
            said,
            cut,
            "1",
            &[("`/text` does not read back the same", false)],
        ),
        (said, in_week_order, "1", &[]),
        (
            silent,
            in_week_order,
            "1",
            &[("`/days` reads back in another form", true)],
        ),
        (silent, as_it_is, "x", &[("the answer is malformed", false)]),
    ];
    for (at, (words, store, version, want)) in rows.into_iter().enumerate() {
        let found = found(words, store, version);
        let all = want.iter().all(|(title, arguable)| {
            let is = |(t, a): &(String, bool)| t.contains(title) && a == arguable;
            found.iter().any(is)
        });
        let more = !want.is_empty() || found.is_empty();
        assert!(all && more, "row {at}: {found:?}");
    }
}

/// Items with a default each, and settings; what the device does wrong is said by `wrong`.
const DEFAULTS: &str = r##"
openapi: 3.0.3
info: {title: defaults, version: "1", description: "Members that are left out take their default."}
paths:
  /settings:
    get:
      operationId: readSettings
      responses: {"200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/Item"}}}}}
    put:
      operationId: writeSettings
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Item"}}}}
      responses: {"204": {description: written}, "400": {description: refused}}
  /items:
    get:
      operationId: listItems
      responses:
        "200": {description: all, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Item"}}}}}
    post:
      operationId: createItem
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Item"}}}}
      responses:
        "201": {description: made, content: {application/json: {schema: {$ref: "#/components/schemas/Item"}}}}
        "400": {description: refused}
  /items/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer, minimum: 1}}]
    get:
      operationId: readItem
      responses:
        "200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/Item"}}}}
        "404": {description: none}
    delete:
      operationId: deleteItem
      responses: {"204": {description: gone}, "404": {description: none}}
components:
  schemas:
    Item:
      type: object
      required: [title]
      additionalProperties: false
      properties:
        id: {type: integer, readOnly: true}
        title: {type: string, minLength: 1, maxLength: 40}
        size: {type: integer, minimum: 1, maximum: 9, default: 5}
"##;

/// Title and size of a body, where the document allows it.
fn item(asked: &Asked) -> Option<(String, Option<u64>)> {
    let media = asked.field("content-type").to_ascii_lowercase();
    let media = media.split(';').next().map(str::trim);
    let body = asked.json().filter(|_| media == Some("application/json"))?;
    let members = body.as_object()?;
    let known = |name: &String| ["id", "title", "size"].contains(&name.as_str());
    let title = members.get("title")?.as_str()?;
    let fits = members.keys().all(known) && (1..=40).contains(&title.chars().count());
    let size = match members.get("size") {
        None => None,
        Some(size) => {
            let size = size
                .as_f64()
                .filter(|n| n.fract() == 0.0 && (1.0..=9.0).contains(n))?;
            Some(size as u64)
        }
    };
    fits.then(|| (title.to_owned(), size))
}

/// The device; its settings stand at 0.
fn defaults(wrong: &'static str) -> SocketAddr {
    let shop = Mutex::new(BTreeMap::from([(0, ("settings".to_owned(), 5))]));
    serve(move |asked| {
        let mut shop = shop.lock().expect("shop");
        let shown = |id: u64, (title, size): &(String, u64)| {
            let size = match wrong {
                "numbers with a point" => json!(*size as f64),
                _ => json!(size),
            };
            match id {
                0 => json!({"title": title, "size": size}),
                _ => json!({"id": id, "title": title, "size": size}),
            }
        };
        let id = asked
            .path
            .strip_prefix("/items/")
            .and_then(|id| id.parse().ok());
        let id = id.filter(|id: &u64| *id > 0 && shop.contains_key(id));
        match (asked.method.as_str(), asked.path.as_str(), id) {
            ("GET" | "HEAD", "/settings", _) => drawn(200, &shown(0, &shop[&0])),
            ("PUT", "/settings", _) => match item(asked) {
                None => bare(400),
                Some((title, size)) => {
                    let size = size.unwrap_or(if wrong == "default of settings" { 4 } else { 5 });
                    shop.insert(0, (title, size));
                    bare(204)
                }
            },
            ("GET" | "HEAD", "/items", _) => {
                let items = shop.iter().filter(|(id, _)| **id > 0);
                let items: Vec<Value> = items.map(|(id, item)| shown(*id, item)).collect();
                drawn(200, &Value::from(items))
            }
            ("POST", "/items", _) => match item(asked) {
                None => bare(400),
                Some((title, size)) => {
                    let id = shop.keys().max().map_or(1, |last| last + 1);
                    let size = size.unwrap_or(if wrong == "default of items" { 4 } else { 5 });
                    let mut answer = shown(id, &(title.clone(), size));
                    if wrong == "short answer" {
                        answer.as_object_mut().expect("an item").remove("size");
                    }
                    if wrong == "answer" {
                        answer["title"] = json!("another");
                    }
                    shop.insert(id, (title, size));
                    drawn(201, &answer).with("Location", &format!("/items/{id}"))
                }
            },
            ("GET" | "HEAD", _, Some(id)) => drawn(200, &shown(id, &shop[&id])),
            ("DELETE", _, Some(id)) => {
                shop.remove(&id);
                bare(204)
            }
            (_, "/settings" | "/items", _) | (_, _, Some(_)) => bare(405),
            _ => bare(404),
        }
    })
}

#[test]
fn what_is_left_out_and_what_is_answered_is_as_the_document_says() {
    for (wrong, want) in [
        ("", None),
        ("default of settings", Some("writeSettings.state.readback")),
        ("default of items", Some("createItem.state.created")),
        ("answer", Some("createItem.state.created")),
        // What an answer leaves out it does not say otherwise.
        ("short answer", None),
        // RFC 8259 §6 leaves the spelling of a number to the writer.
        ("numbers with a point", None),
    ] {
        let addr = defaults(wrong);
        let (output, report) = judged(DEFAULTS, addr, &[]);
        let said = String::from_utf8_lossy(&output.stdout);
        let found = report["findings"].as_array().expect("findings").iter();
        let found: Vec<&str> = found.filter_map(|f| f["promise"].as_str()).collect();
        let want: Vec<&str> = want.into_iter().collect();
        assert_eq!(found, want, "{wrong}: {said}");
        assert_eq!(report["device"]["restored"], json!(true), "{said}");
    }
}
