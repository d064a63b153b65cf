//! What nobody could look at, and what nothing was tested of, is no success; what a merge patch removes
//! has to go. Small devices on loopback.

use crate::handler::{Asked, Drawn, bare, command, json as drawn, judged, serve};
use serde_json::{Map, Value, json};
use std::sync::Mutex;

fn kinds(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let kinds = findings
        .iter()
        .map(|f| format!("{} {}", f["kind"], f["promise"]));
    kinds.collect()
}

/// A device whose state a closure changes: `None` is a refusal.
fn holding(
    path: &'static str,
    (method, first): (&'static str, Value),
    write: impl Fn(&mut Value, &Asked) -> Option<()> + Send + Sync + 'static,
) -> std::net::SocketAddr {
    let state = Mutex::new(first);
    serve(move |asked: &Asked| -> Drawn {
        let mut state = state.lock().unwrap_or_else(|e| e.into_inner());
        if asked.path != path {
            return bare(404);
        }
        match asked.method.as_str() {
            "GET" | "HEAD" => drawn(200, &state),
            other if other == method => match write(&mut state, asked) {
                Some(()) => drawn(200, &state),
                None => bare(400),
            },
            _ => bare(405).with("Allow", &format!("GET, HEAD, {method}")),
        }
    })
}

#[test]
fn what_a_query_has_written_unseen_ends_with_6() {
    const DOCUMENT: &str = r##"
openapi: 3.0.3
info: {title: Volume, version: "1"}
paths:
  /volume:
    get:
      operationId: getVolume
      responses: {"200": {description: it, content: {application/json: {schema: {type: object, required: [level], properties: {level: {type: integer}}}}}}}
    post:
      operationId: setVolume
      summary: Sets the volume
      parameters: [{name: level, in: query, required: true, schema: {type: integer, minimum: 0, maximum: 15}}]
      responses: {"200": {description: done}, "400": {description: invalid}}
"##;
    for (arguments, exit) in [(&["-q", "--allow", "setVolume"][..], 6), (&["-q"], 0)] {
        let first = json!({"level": 4});
        let addr = holding("/volume", ("POST", first), |state, asked| {
            let level = asked.query.strip_prefix("level=")?;
            let plain = level.bytes().all(|b| b.is_ascii_digit());
            let level = level.parse::<u8>().ok().filter(|l| plain && *l <= 15)?;
            *state = json!({"level": level});
            Some(())
        });
        let (output, report) = judged(DOCUMENT, addr, arguments);
        assert_eq!(
            output.status.code(),
            Some(exit),
            "{arguments:?} {:?}",
            kinds(&report)
        );
    }
}

#[test]
fn a_document_that_says_nothing_of_what_is_judged_is_not_kept() {
    const DOCUMENT: &str = r##"
openapi: 3.0.3
info: {title: Legacy, version: "1"}
paths:
  /param:
    get:
      operationId: getParam
      responses: {"200": {description: it}}
    put:
      operationId: putParam
      requestBody: {required: true, content: {application/json: {example: {brand: ACME}}}}
      responses: {"200": {description: done}}
"##;
    let addr = holding("/param", ("PUT", json!({"brand": "ACME"})), |_, _| Some(()));
    let (output, report) = judged(DOCUMENT, addr, &["-q"]);
    assert_eq!((output.status.code(), kinds(&report)), (Some(3), vec![]));
}

#[test]
fn what_a_merge_patch_removes_has_to_go() {
    const DOCUMENT: &str = r##"
openapi: 3.0.3
info: {title: Banner, version: "1"}
paths:
  /banner:
    get:
      operationId: getBanner
      responses: {"200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/Banner"}}}}}
    patch:
      operationId: patchBanner
      requestBody:
        required: true
        content:
          application/merge-patch+json:
            schema:
              type: object
              properties:
                title: {type: string, minLength: 1, maxLength: 30}
                note: {type: string, minLength: 1, maxLength: 30, nullable: true}
      responses: {"200": {description: done, content: {application/json: {schema: {$ref: "#/components/schemas/Banner"}}}}, "400": {description: invalid}}
components:
  schemas:
    Banner:
      type: object
      required: [title]
      properties:
        title: {type: string, minLength: 1, maxLength: 30}
        note: {type: string, minLength: 1, maxLength: 30}
"##;
    // What stands for a note that was removed: nothing, what stood, a word of the device.
    for (instead, found) in [(None, false), (Some("stays"), true), (Some("none"), false)] {
        let first = json!({"title": "Open", "note": "none"});
        let addr = holding("/banner", ("PATCH", first), move |state, asked| {
            let Value::Object(sent) = asked.json()? else {
                return None;
            };
            let text = |v: &Value| {
                v.as_str()
                    .is_some_and(|t| (1..=30).contains(&t.chars().count()))
            };
            let valid = sent.iter().all(|(name, value)| match &**name {
                "title" => text(value),
                "note" => text(value) || value.is_null(),
                _ => true,
            });
            if !valid {
                return None;
            }
            let mut none = Map::new();
            let members = state.as_object_mut().unwrap_or(&mut none);
            for name in ["title", "note"] {
                match (sent.get(name), instead) {
                    (Some(Value::Null), None) => drop(members.remove(name)),
                    (Some(Value::Null), Some("stays")) | (None, _) => {}
                    (Some(Value::Null), Some(word)) => {
                        drop(members.insert(name.to_owned(), json!(word)))
                    }
                    (Some(value), _) => drop(members.insert(name.to_owned(), value.clone())),
                }
            }
            Some(())
        });
        let (_, report) = judged(DOCUMENT, addr, &["-q"]);
        let kinds = kinds(&report);
        let of_note = kinds.iter().any(|kind| kind.contains("readback"));
        assert_eq!(of_note, found, "{instead:?}: {kinds:?}");
    }
}

#[test]
fn what_default_alone_describes_is_held_against_a_success() {
    const DOCUMENT: &str = r##"
openapi: 3.0.3
info: {title: Lamp, version: "1"}
paths:
  /lamp:
    get:
      operationId: getLamp
      responses: {default: {description: it, content: {application/json: {schema: {type: object, required: [MEMBER], properties: {MEMBER: {type: integer}}}}}}}
"##;
    for (member, body, found) in [
        ("level", json!({"level": "high"}), true),
        ("level", json!({"level": 3}), false),
        // It may be meant of errors.
        ("code", json!({"level": 3}), false),
    ] {
        let addr = holding("/lamp", ("GET", body.clone()), |_, _| Some(()));
        let (_, report) = judged(&DOCUMENT.replace("MEMBER", member), addr, &["-q"]);
        assert_eq!(
            !kinds(&report).is_empty(),
            found,
            "{member} {body} {report:#}"
        );
    }
}

#[test]
fn a_lawful_document_of_which_nothing_can_be_sent_is_nobodys_mistake() {
    const DOCUMENT: &str = r##"
openapi: VERSION
info: {title: Search, version: "1"}
paths:
  /records:
    query:
      operationId: queryRecords
      responses: {"200": {description: them}}
"##;
    for (version, exit) in [("3.2.0", 3), ("3.1.0", 2)] {
        let folder = tempfile::tempdir().expect("folder");
        let document = DOCUMENT.replace("VERSION", version);
        std::fs::write(folder.path().join("api.yaml"), document).expect("document");
        let addr = serve(|_| bare(404));
        let output = command(folder.path(), addr, &["-q"])
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(exit), "{version}: {said}");
    }
}

#[test]
fn a_count_that_is_not_checked_is_one_cause() {
    const DOCUMENT: &str = r##"
openapi: 3.0.3
info: {title: Hosts, version: "1"}
paths:
  /hosts:
    get:
      operationId: getHosts
      responses: {"200": {description: them, content: {application/json: {schema: {$ref: "#/components/schemas/Hosts"}}}}}
    put:
      operationId: putHosts
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Hosts"}}}}
      responses: {"200": {description: done, content: {application/json: {schema: {$ref: "#/components/schemas/Hosts"}}}}, "400": {description: invalid}}
components:
  schemas:
    Hosts: {type: array, maxItems: 3, items: {type: string, minLength: 1, maxLength: 12}}
"##;
    for most in [3, usize::MAX] {
        let addr = holding("/hosts", ("PUT", json!(["a"])), move |state, asked| {
            let sent = asked.json()?;
            let text = |v: &Value| {
                v.as_str()
                    .is_some_and(|t| (1..=12).contains(&t.chars().count()))
            };
            let valid = sent
                .as_array()
                .is_some_and(|all| all.iter().all(text) && all.len() <= most);
            *state = Some(sent).filter(|_| valid)?;
            Some(())
        });
        let (_, report) = judged(DOCUMENT, addr, &["-q"]);
        let kinds = kinds(&report);
        let wanted = "\"accepts-invalid\" \"putHosts.body.maxItems\"";
        let found: Vec<&str> = if most == 3 { vec![] } else { vec![wanted] };
        assert_eq!(kinds, found, "{most}");
    }
}
