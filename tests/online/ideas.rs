//! Packed bodies against devices: what they hold is accused alone or not at all, and how many ideas were
//! judged is told.

use crate::handler::{Asked, Drawn, bare, json, judged, serve};
use crate::support::Suite;
use probity::judge::Kind;
use probity::run::result::Report;
use serde_json::{Value, json};

const NOTES: &str = r##"openapi: 3.0.3
info: {title: Notes, version: "1"}
paths:
  /notes:
    post:
      operationId: addNote
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [text, tag]
              properties:
                text: {type: string, minLength: 1, maxLength: 40}
                tag: {type: string, minLength: 1, maxLength: 10}
                rank: {type: integer, minimum: 1, maximum: 9}
      responses:
        "200": {description: Noted}
        "400": {description: Not as documented}
"##;

/// Takes what keeps the rules of [`NOTES`], unless `special` refuses it.
fn notes(asked: &Asked, special: impl Fn(&Value) -> bool) -> Drawn {
    match (asked.path.as_str(), asked.method.as_str()) {
        ("/notes", "POST") => {}
        ("/notes", _) => return bare(405).with("Allow", "POST"),
        _ => return bare(404),
    }
    let Some(body) = asked.json() else {
        return bare(400);
    };
    let text = |name: &str, most: usize| {
        let text = body[name].as_str().map(|text| text.chars().count());
        text.is_some_and(|n| (1..=most).contains(&n))
    };
    let whole = |rank: &Value| {
        rank.as_f64()
            .is_some_and(|n| (1.0..=9.0).contains(&n) && n.fract() == 0.0)
    };
    let keeps = text("text", 40) && text("tag", 10) && body.get("rank").is_none_or(whole);
    match keeps && !special(&body) {
        true => json(200, &json!({})),
        false => bare(400),
    }
}

fn long(body: &Value, name: &str, most: usize) -> bool {
    body[name]
        .as_str()
        .is_some_and(|text| text.chars().count() == most)
}

/// Promise and case of each refusal of a valid body.
fn refused(report: &Value) -> Vec<(String, String)> {
    let findings = report["findings"].as_array().expect("findings").iter();
    let refused = findings.filter(|f| f["kind"] == "rejects-valid");
    let text = |v: &Value| v.as_str().expect("a text").to_owned();
    refused
        .map(|f| (text(&f["promise"]), text(&f["case"])))
        .collect()
}

#[test]
fn what_a_packed_body_holds_is_accused_alone() {
    let addr = serve(|asked| notes(asked, |body| long(body, "tag", 10)));
    let (_, report) = judged(NOTES, addr, &["--allow-irreversible"]);
    let refused = refused(&report);
    let alone = (
        "addNote.body.tag.maxLength".to_owned(),
        "addNote/valid/tag/longest".to_owned(),
    );
    assert!(refused.contains(&alone), "{refused:?}");
    assert!(
        refused.iter().all(|(_, case)| !case.contains("/mixed-")),
        "{refused:?}"
    );
    let other =
        |(promise, _): &&(String, String)| promise.contains(".text.") || promise.contains(".rank.");
    assert_eq!(refused.iter().find(other), None);
}

#[test]
fn a_packed_body_that_only_as_a_whole_is_refused_is_accused_itself() {
    let both = |body: &Value| long(body, "text", 40) && long(body, "tag", 10);
    let addr = serve(move |asked| notes(asked, both));
    let (_, report) = judged(NOTES, addr, &["--allow-irreversible"]);
    let refused = refused(&report);
    assert!(
        refused.iter().any(|(_, case)| case.contains("/mixed-")),
        "{refused:?}"
    );
    assert!(
        refused
            .iter()
            .all(|(_, case)| !case.ends_with("/longest") || case.contains("/state/")),
        "{refused:?}"
    );
}

fn run(requests: Option<u64>) -> Report {
    let suite = Suite::embedded();
    suite.run_at_most(suite.mock(), requests).report
}

#[test]
fn a_run_tells_how_many_ideas_were_judged_and_why_others_were_not() {
    let whole = run(None);
    let (judged, all) = whole.ideas();
    assert!(judged * 2 > all && judged < all, "{judged} of {all}");
    assert_eq!(
        whole
            .findings
            .iter()
            .filter(|f| f.kind != Kind::Flaky)
            .count(),
        0
    );
    // What bodies carry was judged, and not only what single cases hold.
    let lengths = whole
        .promise("setSipSettings.body.user.maxLength")
        .expect("promise");
    let judged_as = |class: &str| lengths.ideas.judged.iter().any(|c| *c == *class);
    assert!(
        judged_as("valid:longest") && judged_as("maxLength:length"),
        "{lengths:?}"
    );
    let stopped = run(Some(60));
    let (fewer, same) = stopped.ideas();
    assert_eq!(same, all);
    assert!(fewer < judged, "{fewer} of {same}");
    let limit = |p: &&probity::run::result::PromiseResult| {
        p.ideas
            .not_sent
            .contains_key("the limit of requests was reached")
    };
    assert!(stopped.promises.iter().any(|p| limit(&p)));
}

const NULLABLE: &str = r##"
openapi: 3.1.0
info: {title: Site, version: "1"}
paths:
  /site:
    get:
      operationId: getSite
      responses: {"200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/Site"}}}}}
    patch:
      operationId: patchSite
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Site"}}}}
      responses: {"200": {description: stored, content: {application/json: {schema: {$ref: "#/components/schemas/Site"}}}}, "400": {description: invalid}}
components:
  schemas:
    Site:
      type: object
      properties:
        name: {anyOf: [{type: string, maxLength: 20}, {type: "null"}]}
        office: {anyOf: [{type: string, maxLength: 20}, {type: "null"}]}
"##;

/// An input that fails is one cause, whether it was sent alone, in a packed body, or taken out of one.
#[test]
fn what_fails_in_a_packed_body_and_alone_is_one_finding() {
    let state = std::sync::Mutex::new(json!({"name": "Hall", "office": "South"}));
    let addr = serve(move |asked| {
        let mut state = state.lock().unwrap_or_else(|e| e.into_inner());
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET" | "HEAD", "/site") => json(200, &state),
            ("PATCH", "/site") => {
                let Some(Value::Object(sent)) = asked.json() else {
                    return bare(400);
                };
                let text = |v: &Value| v.as_str().is_some_and(|t| t.chars().count() <= 20);
                let known = |name: &String| ["name", "office"].contains(&name.as_str());
                if sent.iter().any(|(name, v)| known(name) && v.is_null()) {
                    return bare(500);
                }
                if sent.iter().any(|(name, v)| known(name) && !text(v)) {
                    return bare(400);
                }
                for (name, value) in sent.into_iter().filter(|(name, _)| known(name)) {
                    state[name] = value;
                }
                json(200, &state)
            }
            (_, "/site") => bare(405).with("Allow", "GET, HEAD, PATCH"),
            _ => bare(404),
        }
    });
    let (_, report) = judged(NULLABLE, addr, &["-q"]);
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let failing = findings.iter().filter(|f| f["kind"] == "server-error");
    let titles = failing.filter_map(|f| f["title"].as_str());
    // A name that is there twice is another input.
    let titles: Vec<&str> = titles.filter(|t| !t.contains("occurs twice")).collect();
    assert_eq!(titles.len(), 1, "{titles:?}");
}
