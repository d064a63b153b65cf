//! Small devices that keep what they promise in every way that the document leaves them, and others that
//! do not: lists by moment and in parts, formats, versions that a write has to name, removals that fail.

use crate::handler::{Asked, Drawn, bare, json as drawn, judged, serve};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

const LOG: &str = r##"
openapi: 3.1.0
info: {title: A log, version: "1"}
paths:
  /log:
    get:
      operationId: readLog
      parameters:
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 50, default: 4}}
        - {name: cursor, in: query, schema: {type: string, minLength: 1, maxLength: 20}}
        - {name: since, in: query, schema: {type: string, format: date-time}}
        - {name: kind, in: query, schema: {type: string, enum: [door, fire]}}
        - {name: sort, in: query, schema: {type: string, enum: [at, -at], default: -at}}
      responses:
        "200":
          description: a part
          content:
            application/json:
              schema:
                type: object
                required: [total, entries]
                properties:
                  total: {type: integer}
                  nextCursor: {type: [string, "null"]}
                  entries:
                    type: array
                    items:
                      type: object
                      required: [id, at, kind]
                      properties:
                        id: {type: integer}
                        at: {type: string, format: date-time}
                        kind: {type: string, enum: [door, fire]}
        "400": {description: refused}
"##;

/// A device with eight entries and `more`, ten minutes apart, as it should be but for `wrong`.
fn log(wrong: &'static str, more: usize, asked: &Asked) -> Drawn {
    let pairs = url::form_urlencoded::parse(asked.query.as_bytes());
    let pairs: Vec<(String, String)> = pairs.into_owned().collect();
    let value = |name: &str| {
        pairs
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.clone())
    };
    if asked.path != "/log" {
        return bare(404);
    }
    if !matches!(asked.method.as_str(), "GET" | "HEAD") {
        return bare(405).with("Allow", "GET, HEAD");
    }
    let names: Vec<&String> = pairs.iter().map(|(name, _)| name).collect();
    if (1..names.len()).any(|at| names[..at].contains(&names[at])) {
        return bare(400);
    }
    let usual = if wrong == "default" { 2 } else { 4 };
    let limit = value("limit").map_or(Some(usual), |text| text.parse::<usize>().ok());
    let since = value("since").map(|text| (text.parse::<jiff::Timestamp>().ok(), text));
    let kind = value("kind");
    let from = match value("cursor") {
        None => Some(0),
        Some(text) => text.strip_prefix("c").and_then(|n| n.parse::<usize>().ok()),
    };
    let sort = value("sort").unwrap_or_else(|| "-at".to_owned());
    let known = |kind: &String| ["door", "fire"].contains(&kind.as_str());
    let (Some(limit), Some(from)) = (limit.filter(|n| (1..=50).contains(n)), from) else {
        return bare(400);
    };
    if since.as_ref().is_some_and(|(at, _)| at.is_none())
        || kind.as_ref().is_some_and(|kind| !known(kind))
        || !["at", "-at"].contains(&sort.as_str())
    {
        return bare(400);
    }
    let entry = |n: usize| {
        let kind = if n < 3 { "fire" } else { "door" };
        let at = format!(
            "2026-03-{:02}T{:02}:{:02}:00Z",
            1 + n / 144,
            n / 6 % 24,
            n % 6 * 10
        );
        (n, at, kind)
    };
    let mut all: Vec<(usize, String, &str)> = (0..8 + more).map(entry).collect();
    let turned = wrong == "order";
    if (sort == "-at") != turned {
        all.reverse();
    }
    if wrong == "cut first" {
        all.truncate(limit);
    }
    all.retain(|(_, at, of)| {
        let late = since.as_ref().is_none_or(|(moment, text)| match wrong {
            "texts" => at >= text,
            "since" => true,
            _ => at.parse::<jiff::Timestamp>().ok() >= *moment,
        });
        late && kind.as_ref().is_none_or(|kind| kind == of)
    });
    let total = all.len() + usize::from(wrong == "total");
    let behind = from + limit;
    let next = (behind < all.len()).then(|| format!("c{behind}"));
    let from = match wrong {
        "skips" if from > 0 => from + 1,
        "repeats" if from > 0 => from - 1,
        _ => from,
    };
    let shown: Vec<Value> = all
        .into_iter()
        .skip(from)
        .take(limit)
        .map(|(id, at, kind)| json!({"id": id, "at": at, "kind": kind}))
        .collect();
    let mut body = json!({"total": total, "entries": shown});
    if next.is_some() || wrong != "no cursor at the end" {
        body["nextCursor"] = json!(next);
    }
    let drawn = drawn(200, &body);
    match wrong {
        "type" => drawn.with("Content-Type", "application/json; charset"),
        "type with charset" => drawn.with("Content-Type", "application/json;charset=UTF-8"),
        _ => drawn,
    }
}

/// The promises that findings are about.
fn promises(
    document: &str,
    device: impl Fn(&Asked) -> Drawn + Send + Sync + 'static,
) -> Vec<String> {
    let (_, report) = judged(document, serve(device), &["-q"]);
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let of = |f: &Value| f["promise"].as_str().unwrap_or_default().to_owned();
    findings.iter().map(of).collect()
}

#[test]
fn lists_by_moment_and_in_parts() {
    for (wrong, want) in [
        ("", None),
        ("no cursor at the end", None),
        ("grows", None),
        ("type with charset", None),
        ("default", Some("readLog.parameters.cursor.pages")),
        ("skips", Some("readLog.parameters.cursor.pages")),
        ("repeats", Some("readLog.parameters.cursor.pages")),
        ("texts", Some("readLog.parameters.since.filters")),
        ("since", Some("readLog.parameters.since.filters")),
        ("order", Some("readLog.parameters.sort.sorts")),
        ("type", Some("readLog.http.answers")),
    ] {
        let asked_so_far = AtomicUsize::new(0);
        let found = promises(LOG, move |asked| {
            let before = asked_so_far.fetch_add(1, Ordering::Relaxed);
            let more = if wrong == "grows" { before / 5 } else { 0 };
            log(wrong, more, asked)
        });
        match want {
            None => assert_eq!(found, Vec::<String>::new(), "{wrong}"),
            Some(want) => assert!(found.iter().any(|p| p == want), "{wrong}: {found:?}"),
        }
    }
}

const HOST: &str = r##"
openapi: 3.1.0
info: {title: A host, version: "1"}
paths:
  /host:
    get:
      operationId: readHost
      responses: {"200": {description: it, headers: {ETag: {schema: {type: string}}}, content: {application/json: {schema: {$ref: "#/components/schemas/Host"}}}}}
    put:
      operationId: writeHost
      parameters: [{name: If-Match, in: header, required: true, schema: {type: string}}]
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Host"}}}}
      responses: {"204": {description: stored}, "400": {description: invalid}, "412": {description: another}, "428": {description: none named}}
components:
  schemas:
    Host:
      type: object
      additionalProperties: false
      required: [day, on]
      properties: {day: {type: string, format: date}, on: {type: boolean}}
"##;

/// A day as the device takes it, and as it keeps it.
fn day(wrong: &str, text: &str) -> Option<String> {
    let exact = text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok();
    match wrong {
        "any" => Some(text.to_owned()),
        "slashes" if text == "2024/01/01" => Some(text.to_owned()),
        "slashes are read" if text == "2024/01/01" => Some("2024-01-01".to_owned()),
        // As good as nothing is looked at.
        "digits" => text
            .starts_with(|c: char| c.is_ascii_digit())
            .then(|| text.to_owned()),
        _ => exact.then(|| text.to_owned()),
    }
}

#[test]
fn formats_in_part_and_versions_that_are_not_named() {
    for (wrong, want) in [
        ("", None),
        ("any", None),
        ("digits", None),
        ("slashes are read", None),
        ("slashes", Some("writeHost.body.day.format")),
        ("428", Some("writeHost.parameters.If-Match.required")),
        ("True", Some("writeHost.body.json")),
    ] {
        let host = Mutex::new((json!({"day": "2024-01-01", "on": true}), 1_u64));
        let found = promises(HOST, move |asked| {
            let mut host = host.lock().unwrap_or_else(|e| e.into_inner());
            let tag = format!("\"{}\"", host.1);
            match (asked.method.as_str(), asked.path.as_str()) {
                ("GET" | "HEAD", "/host") => drawn(200, &host.0).with("ETag", &tag),
                ("PUT", "/host") => {
                    let named = asked.field("if-match");
                    if named.is_empty() {
                        return bare(if wrong == "428" { 400 } else { 428 });
                    }
                    let mut names = named.split(',').map(str::trim);
                    if !names.any(|name| name == "*" || name == tag) {
                        return bare(412);
                    }
                    let read = String::from_utf8_lossy(&asked.body).into_owned();
                    let read = match wrong {
                        "True" => read.replace(":True", ":true"),
                        _ => read,
                    };
                    let json = asked
                        .field("content-type")
                        .to_ascii_lowercase()
                        .starts_with("application/json");
                    let sent = serde_json::from_str::<Value>(&read).ok().filter(|_| json);
                    let members = sent.as_ref().and_then(Value::as_object);
                    let twice =
                        read.matches("\"day\"").count() + read.matches("\"on\"").count() > 2;
                    let new = members.filter(|m| m.len() == 2 && !twice).and_then(|m| {
                        let day = day(wrong, m.get("day")?.as_str()?)?;
                        Some(json!({"day": day, "on": m.get("on")?.as_bool()?}))
                    });
                    match new {
                        None => bare(400),
                        Some(new) => {
                            *host = (new, host.1 + 1);
                            bare(204)
                        }
                    }
                }
                (_, "/host") => bare(405).with("Allow", "GET, HEAD, PUT"),
                _ => bare(404),
            }
        });
        match want {
            None => assert_eq!(found, Vec::<String>::new(), "{wrong}"),
            Some(want) => assert!(found.iter().any(|p| p == want), "{wrong}: {found:?}"),
        }
    }
}

const NOTES: &str = r##"
openapi: 3.1.0
info: {title: Notes, version: "1"}
paths:
  /notes:
    get:
      operationId: listNotes
      responses: {"200": {description: all, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Note"}}}}}}
    post:
      operationId: createNote
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}}
      responses: {"201": {description: created, headers: {Location: {schema: {type: string}}}, content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}}, "400": {description: invalid}}
  /notes/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
    get:
      operationId: readNote
      responses: {"200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}}, "404": {description: none}}
    delete:
      operationId: deleteNote
      parameters: [{name: If-Match, in: header, required: true, schema: {type: string}}]
      responses: {"204": {description: gone}, "404": {description: none}, "412": {description: another}, "428": {description: none named}, "429": {description: later}}
components:
  schemas:
    Note:
      type: object
      additionalProperties: false
      required: [text]
      properties: {id: {type: integer, readOnly: true}, text: {type: string, minLength: 1, maxLength: 30}}
"##;

#[test]
fn a_removal_that_fails_is_told_and_one_that_has_to_wait_is_done() {
    for wrong in ["", "busy", "fails"] {
        let notes: Mutex<(BTreeMap<u64, String>, u64, u64)> = Mutex::default();
        let device = move |asked: &Asked| -> Drawn {
            let mut notes = notes.lock().unwrap_or_else(|e| e.into_inner());
            let (notes, last, reads) = &mut *notes;
            let id = asked
                .path
                .strip_prefix("/notes/")
                .and_then(|id| id.parse().ok());
            let id = id.filter(|id: &u64| notes.contains_key(id));
            let shown = |id: u64, text: &String| json!({"id": id, "text": text});
            match (asked.method.as_str(), asked.path.as_str(), id) {
                ("GET" | "HEAD", "/notes", _) => {
                    let all: Vec<Value> = notes.iter().map(|(id, text)| shown(*id, text)).collect();
                    drawn(200, &json!(all))
                }
                ("POST", "/notes", _) => {
                    let sent = asked.json();
                    let members = sent.as_ref().and_then(Value::as_object);
                    let known = |m: &&serde_json::Map<String, Value>| {
                        m.keys().all(|k| k == "text" || k == "id")
                    };
                    let json = asked
                        .field("content-type")
                        .to_ascii_lowercase()
                        .starts_with("application/json");
                    let text = members.filter(known).and_then(|m| m.get("text")?.as_str());
                    match text.filter(|t| json && (1..=30).contains(&t.chars().count())) {
                        None => bare(400),
                        Some(text) => {
                            *last += 1;
                            notes.insert(*last, text.to_owned());
                            drawn(201, &shown(*last, &text.to_owned()))
                                .with("Location", &format!("/notes/{last}"))
                        }
                    }
                }
                ("GET" | "HEAD", _, Some(id)) => {
                    *reads += 1;
                    // Each third look has to wait.
                    if wrong == "busy" && *reads % 3 == 2 {
                        return bare(429).with("Retry-After", "0");
                    }
                    drawn(200, &shown(id, &notes[&id])).with("ETag", &format!("\"{id}\""))
                }
                ("DELETE", _, Some(id)) => match asked.field("if-match") {
                    "" => bare(428),
                    named if !named.contains(&format!("\"{id}\"")) && named != "*" => bare(412),
                    _ if wrong == "fails" => bare(500),
                    _ => {
                        notes.remove(&id);
                        bare(204)
                    }
                },
                (_, "/notes", _) => bare(405).with("Allow", "GET, HEAD, POST"),
                (_, _, Some(_)) => bare(405).with("Allow", "GET, HEAD, DELETE"),
                _ => bare(404),
            }
        };
        let (output, report) = judged(NOTES, serve(device), &["-q"]);
        let findings = report["findings"].as_array().cloned().unwrap_or_default();
        let of = |f: &Value| {
            (
                f["promise"].as_str().unwrap_or_default().to_owned(),
                f["kind"].clone(),
            )
        };
        let found: Vec<_> = findings.iter().map(of).collect();
        match wrong {
            "fails" => {
                let failed = found.iter().any(|(promise, kind)| {
                    promise.starts_with("deleteNote.") && *kind == "server-error"
                });
                assert!(failed, "{found:?}");
            }
            _ => {
                assert_eq!(found, [], "{wrong}");
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                let removed = report["operations"].to_string();
                assert!(
                    !removed.contains("cannot be removed"),
                    "{wrong}: {said} {removed}"
                );
            }
        }
    }
}
