//! A device as hobby servers are: its document names no login and its 401 no scheme, its list is a map
//! of the items by their ids, and one place of the document describes what is created and replaced.

use crate::handler::{Asked, Drawn, bare, command, json, judged, serve};
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

const DOCUMENT: &str = r##"
openapi: 3.0.3
info: {title: notes, version: "1"}
paths:
  /notes:
    get:
      operationId: listNotes
      responses:
        "200":
          description: notes by their ids
          content:
            application/json:
              schema: {type: object, additionalProperties: {$ref: "#/components/schemas/Note"}}
    post:
      operationId: createNote
      requestBody: &note
        required: true
        content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}
      responses:
        "201": {description: created}
        "400": {description: no note}
  /notes/{key}:
    parameters:
      - {name: key, in: path, required: true, schema: {type: string}}
    get:
      operationId: readNote
      responses:
        "200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/Note"}}}}
        "404": {description: none}
    put:
      operationId: replaceNote
      requestBody: *note
      responses:
        "204": {description: replaced}
        "400": {description: no note}
        "404": {description: none}
    delete:
      operationId: deleteNote
      responses:
        "204": {description: gone}
        "404": {description: none}
components:
  schemas:
    Note:
      type: object
      required: [title, done]
      additionalProperties: false
      properties:
        title: {type: string, minLength: 1, maxLength: 20}
        done: {type: boolean}
"##;

/// Takes `1` for `true`, in what both writes share.
fn taken(note: &Value) -> bool {
    let Some(note) = note.as_object() else {
        return false;
    };
    let title = note.get("title").and_then(Value::as_str);
    let title = title.is_some_and(|t| (1..=20).contains(&t.chars().count()));
    let done = note.get("done");
    title && done.is_some_and(|d| d.is_boolean() || d == &json!(1)) && note.len() == 2
}

/// Media types have no case (RFC 9110 §8.3.1).
fn is_json(media: &str) -> bool {
    media.to_ascii_lowercase().starts_with("application/json")
}

/// Serves whoever shows `credentials`.
fn device(credentials: &'static str) -> (SocketAddr, Arc<Mutex<Map<String, Value>>>) {
    let old = json!({"title": "old", "done": false});
    let notes = Arc::new(Mutex::new(Map::from_iter([("n0".to_owned(), old)])));
    let kept = Arc::clone(&notes);
    let made = Mutex::new(0);
    let addr = serve(move |asked| {
        let mut notes = kept.lock().expect("notes");
        answer(asked, credentials, &mut notes, &made)
    });
    (addr, notes)
}

fn answer(
    asked: &Asked,
    credentials: &str,
    notes: &mut Map<String, Value>,
    made: &Mutex<u32>,
) -> Drawn {
    let shown = asked
        .headers
        .iter()
        .find(|(name, _)| name == "authorization");
    if shown.is_none_or(|(_, value)| value != credentials) {
        return bare(401);
    }
    let typed = |(name, value): &(String, String)| name == "content-type" && is_json(value);
    let note = asked
        .json()
        .filter(taken)
        .filter(|_| asked.headers.iter().any(typed));
    let method = match asked.method.as_str() {
        "HEAD" => "GET",
        method => method,
    };
    let key = asked.path.strip_prefix("/notes/");
    let allow = |methods: &str| Drawn {
        headers: vec![("Allow".to_owned(), methods.to_owned())],
        ..bare(405)
    };
    match (asked.path.as_str(), key, method) {
        ("/notes", _, "GET") => json(200, &Value::Object(notes.clone())),
        ("/notes", _, "POST") => match note {
            Some(mut note) => {
                note["done"] = json!(note["done"] != json!(false));
                let mut made = made.lock().expect("count");
                *made += 1;
                notes.insert(format!("n{made}"), note);
                bare(201)
            }
            None => bare(400),
        },
        ("/notes", ..) => allow("GET, HEAD, POST"),
        (_, Some(key), "GET" | "PUT" | "DELETE") if !notes.contains_key(key) => bare(404),
        (_, Some(key), "GET") => json(200, &notes[key]),
        (_, Some(key), "PUT") => match note {
            Some(mut note) => {
                note["done"] = json!(note["done"] != json!(false));
                notes.insert(key.to_owned(), note);
                bare(204)
            }
            None => bare(400),
        },
        (_, Some(key), "DELETE") => {
            notes.remove(key);
            bare(204)
        }
        (_, Some(_), _) => allow("GET, HEAD, PUT, DELETE"),
        _ => bare(404),
    }
}

/// `me:garden`
const BASIC: &str = "Basic bWU6Z2FyZGVu";
const USER: [&str; 4] = ["--username", "me", "--password-env", "MAPS_PASSWORD"];

fn with_secrets(command: &mut Command) -> &mut Command {
    command
        .env("MAPS_PASSWORD", "garden")
        .env("MAPS_TOKEN", "t0ken-of-the-maps")
}

fn run(addr: SocketAddr, folder: &Path, arguments: &[&str]) -> (Option<i32>, Value) {
    std::fs::write(folder.join("api.yaml"), DOCUMENT).expect("document");
    let output = with_secrets(&mut command(folder, addr, arguments))
        .output()
        .expect("runs");
    let report = std::fs::read(folder.join("report.json")).unwrap_or_default();
    let report = serde_json::from_slice(&report)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), report)
}

/// Every operation is judged on items that the run creates, finds in the map and removes; what both
/// writes do wrong is one finding, and the notes are as before. All ideas, for within a budget one about
/// a schema that both share is tried at one of them.
#[test]
fn items_of_a_map_are_created_judged_and_removed() {
    let (addr, notes) = device(BASIC);
    let before = notes.lock().expect("notes").clone();
    let folder = tempfile::tempdir().expect("folder");
    let arguments = [&USER[..], &["--thorough"]].concat();
    let (code, report) = run(addr, folder.path(), &arguments);
    let told = report["findings"].to_string();
    let findings = report["findings"].as_array().expect("findings");
    assert_eq!(findings.len(), 1, "{told}");
    assert_eq!(findings[0]["kind"], "accepts-invalid", "{told}");
    assert_eq!(
        findings[0]["stated"], "/components/schemas/Note/properties/done/type",
        "{told}"
    );
    assert_eq!(
        findings[0]["operations"],
        json!(["createNote", "replaceNote"]),
        "{told}"
    );
    let title = findings[0]["title"].as_str().expect("a title");
    assert!(title.ends_with("in 2 operations"), "{title}");
    let operations = report["operations"].as_array().expect("operations");
    for operation in operations {
        assert_eq!(operation["state"], "judged", "{operation}");
    }
    // An item that the run had for it is gone when somebody sends the line again.
    let members = findings[0]["members"].as_array().expect("members");
    let lines = members
        .iter()
        .chain(findings)
        .map(|m| &m["reproducer"]["curl"]);
    let mut said = 0;
    for line in lines.filter_map(Value::as_str) {
        let of_an_item = line.contains(" PUT ");
        let note = line.starts_with("# the path names an item that createNote creates");
        assert_eq!(note, of_an_item, "{line}");
        said += u32::from(note);
    }
    assert!(said > 0, "{told}");
    assert_eq!(*notes.lock().expect("notes"), before);
    assert_eq!(code, Some(1));
}

#[test]
fn a_token_for_a_document_without_a_login_is_a_bearer_token() {
    let (addr, _) = device("Bearer t0ken-of-the-maps");
    let folder = tempfile::tempdir().expect("folder");
    let (code, report) = run(addr, folder.path(), &["--token-env", "MAPS_TOKEN"]);
    assert_eq!(code, Some(1), "{}", report["exit"]);
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(1));
}

/// Whoever asks for credentials and takes none is told what was tried.
#[test]
fn a_login_without_a_scheme_says_so() {
    let (addr, _) = device("Basic c29tZWJvZHk6ZWxzZQ==");
    let folder = tempfile::tempdir().expect("folder");
    let (code, report) = run(addr, folder.path(), &USER);
    let reason = report["exit"]["reason"].as_str().expect("a reason");
    assert_eq!(code, Some(3), "{reason}");
    assert!(
        reason.contains("names no scheme in WWW-Authenticate"),
        "{reason}"
    );
}

/// What a run creates itself is not missing, and what was never there is as before.
#[test]
fn items_that_a_run_creates_are_not_missing() {
    let (addr, notes) = device(BASIC);
    notes.lock().expect("notes").clear();
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("api.yaml"), DOCUMENT).expect("document");
    let target = format!("http://{addr}");
    let word = |name: &str, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_probity"));
        command
            .args([name, "--contract", "api.yaml", "--target", &target])
            .args(USER)
            .args(more)
            .env("XDG_STATE_HOME", folder.path())
            .current_dir(folder.path());
        let output = with_secrets(&mut command).output().expect("runs");
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), out)
    };
    let (code, page) = word("check", &[]);
    assert_eq!(code, Some(0), "{page}");
    assert!(
        page.contains("readNote  GET /notes/{key}: 404, and a run creates an item"),
        "{page}"
    );
    let (code, page) = word("run", &["--journal", "job.jsonl"]);
    assert_eq!(code, Some(1), "{page}");
    let (code, page) = word("restore", &["--journal", "job.jsonl"]);
    assert_eq!(code, Some(0), "{page}");
}

/// What valid requests draw whatever else they vary is one finding, and arguable where the device
/// speaks of a text of which the document says nothing.
#[test]
fn a_text_that_means_nothing_to_the_device_is_one_arguable_finding() {
    let document = r#"
openapi: 3.0.3
info: {title: hooks, version: "1"}
paths:
  /hooks/check:
    post:
      operationId: checkHook
      x-acts: false
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [n]
              properties: {n: {type: integer, minimum: 0, maximum: 9}, place: {type: string, minLength: 1}}
      responses:
        "200": {description: fine}
        "400": {description: not fine}
"#;
    let addr = serve(|asked| {
        let typed = asked
            .headers
            .iter()
            .any(|(n, v)| n == "content-type" && is_json(v));
        let body = asked.json().filter(|_| typed);
        let number = body
            .as_ref()
            .and_then(|b| b["n"].as_i64())
            .filter(|n| (0..=9).contains(n));
        match (asked.method.as_str(), body) {
            ("POST", Some(body)) if number.is_some() => match &body["place"] {
                Value::Null if body.get("place").is_none() => bare(200),
                Value::String(place) if !place.is_empty() => {
                    json(400, &json!({"error": format!("no such place: {place}")}))
                }
                _ => bare(400),
            },
            ("POST", _) => bare(400),
            _ => Drawn {
                headers: vec![("Allow".to_owned(), "POST".to_owned())],
                ..bare(405)
            },
        }
    });
    let (output, report) = judged(document, addr, &["--allow", "checkHook"]);
    let findings = report["findings"].as_array().expect("findings");
    let told = report["findings"].to_string();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert_eq!(findings.len(), 1, "{told}");
    assert_eq!(findings[0]["kind"], "rejects-valid", "{told}");
    assert!(findings[0]["arguable"].is_string(), "{told}");
    assert!(
        findings[0]["case"]
            .as_str()
            .is_some_and(|c| c.contains("/valid/")),
        "{told}"
    );
}
