//! What an answer says in its body under a success status, as the document announces it: that is no
//! acceptance. Small devices on loopback.

use crate::handler::{Asked, Drawn, bare, json as drawn, judged, serve};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// `ANSWER`: the schema of the answer to a write.
const DOCUMENT: &str = r##"
openapi: 3.0.3
info: {title: Pump, version: "1"}
paths:
  /pump:
    get:
      operationId: getPump
      responses: {"200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/Pump"}}}}}
    put:
      operationId: putPump
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Pump"}}}}
      responses: {"200": {description: done, content: {application/json: {schema: ANSWER}}}}
components:
  schemas:
    Pump:
      type: object
      required: [limit]
      properties:
        limit: {type: integer, minimum: 0, maximum: 90}
        mode: {type: string, enum: [auto, manual]}
"##;

fn is_pump(sent: &Value) -> bool {
    let whole = |v: &Value| {
        v.as_f64()
            .is_some_and(|n| n.fract() == 0.0 && (0.0..=90.0).contains(&n))
    };
    sent.is_object()
        && whole(&sent["limit"])
        && sent
            .get("mode")
            .is_none_or(|m| m == "auto" || m == "manual")
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// Refuses what is invalid.
    Right,
    /// Takes any `limit`.
    Lax,
    /// Refuses everything.
    Never,
}

/// How the run ended, and the kinds of its findings.
fn run(schema: &str, [done, failed]: [Value; 2], way: Way) -> (Option<i32>, Vec<String>) {
    let state = Mutex::new(json!({"limit": 5, "mode": "auto"}));
    let addr = serve(move |asked: &Asked| -> Drawn {
        let mut state = state.lock().unwrap_or_else(|e| e.into_inner());
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET" | "HEAD", "/pump") => drawn(200, &state),
            ("PUT", "/pump") => {
                let sent = asked.json().filter(|sent| {
                    let lax = way == Way::Lax && sent["limit"].is_number();
                    is_pump(sent) || lax
                });
                match sent.filter(|_| way != Way::Never) {
                    Some(sent) => {
                        *state = json!({"limit": sent["limit"]});
                        if let Some(mode) = sent.get("mode") {
                            state["mode"] = mode.clone();
                        }
                        drawn(200, &done)
                    }
                    None => drawn(200, &failed),
                }
            }
            (_, "/pump") => bare(405).with("Allow", "GET, HEAD, PUT"),
            _ => bare(404),
        }
    });
    let (output, report) = judged(&DOCUMENT.replace("ANSWER", schema), addr, &["-q"]);
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let kinds = findings
        .iter()
        .map(|f| format!("{} {}", f["kind"], f["promise"]));
    (output.status.code(), kinds.collect())
}

#[test]
fn a_failure_under_a_success_status_is_no_acceptance() {
    let error = "{type: object, required: [error], properties: {error: {type: object}}}";
    let done = "{type: object, required: [restart], properties: {restart: {type: boolean}}}";
    let either = format!("{{oneOf: [{done}, {error}]}}");
    let each = format!("{{type: array, minItems: 1, items: {either}}}");
    let one = "{type: object, properties: {restart: {type: boolean}, error: {type: object}}}";
    let code = "{type: object, required: [statusCode], properties: {statusCode: {type: integer, description: '1: OK. 4: invalid, 6: nothing was changed'}}}";
    let word = "{type: object, required: [status], properties: {status: {type: string, enum: [ok, error]}}}";
    let truth = "{type: object, required: [success], properties: {success: {type: boolean}}}";
    for (schema, answers) in [
        (
            &*either,
            [json!({"restart": false}), json!({"error": {"code": 3}})],
        ),
        (
            &*each,
            [json!([{"restart": false}]), json!([{"error": {"code": 3}}])],
        ),
        (
            one,
            [json!({"restart": false}), json!({"error": {"code": 3}})],
        ),
        (code, [json!({"statusCode": 1}), json!({"statusCode": 6})]),
        (word, [json!({"status": "ok"}), json!({"status": "error"})]),
        (truth, [json!({"success": true}), json!({"success": false})]),
        // Of which the document says nothing.
        ("{type: object}", [json!({}), json!({"error": "bad"})]),
    ] {
        let (exit, found) = run(schema, answers.clone(), Way::Right);
        assert_eq!(
            (exit == Some(0) || exit == Some(3), found),
            (true, vec![]),
            "{schema}"
        );
        let (_, found) = run(schema, answers.clone(), Way::Lax);
        let limit = |f: &String| f.contains("accepts-invalid") && f.contains("limit");
        assert!(found.iter().any(limit), "{schema}: {found:?}");
        let (exit, found) = run(schema, answers, Way::Never);
        assert_eq!((exit, found), (Some(3), vec![]), "{schema}");
    }
}

/// Texts of the document for a list of notes.
const NOTES: &str = r##"
openapi: 3.0.3
info: {title: Notes, version: "1"}
paths:
  /notes:
    get:
      operationId: listNotes
      responses: {"200": {description: them, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Note"}}}}}}
    post:
      operationId: addNote
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/New"}}}}
      responses: {"201": {description: made, content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}}, "400": {description: invalid}}
  /notes/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer, minimum: 1}}]
    get:
      operationId: getNote
      responses: {"200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}}, "404": {description: none}}
    delete:
      operationId: deleteNote
      responses: {"204": {description: gone}, "404": {description: none}}
components:
  schemas:
    New: {type: object, required: [text], properties: {text: {type: string, minLength: 1, maxLength: 40}}}
    Note: {type: object, required: [id, text], properties: {id: {type: integer, minimum: 1}, text: {type: string, minLength: 1, maxLength: 40}}}
"##;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Ends {
    /// A note is gone two seconds after it was made.
    ByItself,
    /// Somebody else makes notes and takes them away.
    Others,
    /// With each note that is removed the oldest of those goes that this device has made.
    TakesAnother,
}

#[test]
fn what_goes_by_itself_is_no_doing_of_a_removal() {
    for ends in [Ends::ByItself, Ends::Others, Ends::TakesAnother] {
        let notes: Arc<Mutex<Vec<(u64, String, std::time::Instant)>>> = Arc::default();
        let mut first = notes.lock().unwrap_or_else(|e| e.into_inner());
        first.push((1, "hello".to_owned(), std::time::Instant::now()));
        drop(first);
        let next = Arc::new(std::sync::atomic::AtomicU64::new(100));
        let number = {
            let next = Arc::clone(&next);
            move || next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
        };
        if ends == Ends::Others {
            let (notes, number) = (Arc::clone(&notes), number.clone());
            std::thread::spawn(move || {
                loop {
                    std::thread::sleep(std::time::Duration::from_millis(150));
                    let mut notes = notes.lock().unwrap_or_else(|e| e.into_inner());
                    let n = number();
                    notes.push((n, format!("phone {n}"), std::time::Instant::now()));
                    let phones = notes
                        .iter()
                        .filter(|(_, text, _)| text.starts_with("phone"));
                    if phones.count() > 3 {
                        let at = notes
                            .iter()
                            .position(|(_, text, _)| text.starts_with("phone"));
                        notes.remove(at.unwrap_or_default());
                    }
                }
            });
        }
        let kept = Arc::clone(&notes);
        let addr = serve(move |asked: &Asked| -> Drawn {
            let mut notes = kept.lock().unwrap_or_else(|e| e.into_inner());
            if ends == Ends::ByItself {
                notes.retain(|(n, _, made)| *n < 100 || made.elapsed().as_secs() < 2);
            }
            let show =
                |(n, text, _): &(u64, String, std::time::Instant)| json!({"id": n, "text": text});
            let id = asked
                .path
                .strip_prefix("/notes/")
                .map(|id| id.parse::<u64>());
            let at = id.map(|id| {
                id.ok()
                    .and_then(|id| notes.iter().position(|(n, ..)| *n == id))
            });
            match (asked.method.as_str(), asked.path.as_str(), at) {
                ("GET" | "HEAD", "/notes", _) => drawn(200, &notes.iter().map(show).collect()),
                ("POST", "/notes", _) => {
                    let sent = asked.json().unwrap_or_default();
                    let text = sent["text"]
                        .as_str()
                        .filter(|t| (1..=40).contains(&t.chars().count()));
                    let Some(text) = text.filter(|_| sent.is_object()) else {
                        return bare(400);
                    };
                    notes.push((number(), text.to_owned(), std::time::Instant::now()));
                    drawn(201, &notes.last().map(show).unwrap_or_default())
                }
                (_, "/notes", _) => bare(405).with("Allow", "GET, HEAD, POST"),
                (_, _, None | Some(None)) => bare(404),
                ("GET" | "HEAD", _, Some(Some(at))) => drawn(200, &show(&notes[at])),
                ("DELETE", _, Some(Some(at))) => {
                    notes.remove(at);
                    let another = notes.iter().position(|(n, ..)| *n >= 100);
                    if let Some(another) = another.filter(|_| ends == Ends::TakesAnother) {
                        notes.remove(another);
                    }
                    bare(204)
                }
                _ => bare(405).with("Allow", "GET, HEAD, DELETE"),
            }
        });
        let (_, report) = judged(NOTES, addr, &["-q"]);
        let findings = report["findings"].as_array().cloned().unwrap_or_default();
        let another = findings
            .iter()
            .any(|f| f["promise"] == "deleteNote.state.removed");
        assert_eq!(
            another,
            ends == Ends::TakesAnother,
            "{ends:?}: {findings:?}"
        );
        assert!(another || findings.is_empty(), "{ends:?}: {findings:?}");
        let notes = notes.lock().unwrap_or_else(|e| e.into_inner());
        let ours = notes
            .iter()
            .filter(|(n, text, _)| *n > 1 && !text.starts_with("phone"));
        assert!(
            ends == Ends::ByItself || ours.count() == 0,
            "{ends:?}: something was left"
        );
    }
}
