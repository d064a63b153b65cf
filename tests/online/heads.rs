//! What an answer owes whatever was asked: the faults of heads, of lists and of formats that are rules,
//! each found on the mock by the promise that it breaks.

use crate::support;

use probity::contract::{load_bytes, values};
use probity::profile::Profile;
use serde_json::{Value, json};
use support::Suite;

/// A list with a limit and a filter, a setting with formats, header fields and problem details.
fn document() -> Value {
    let problem = json!({
        "description": "refused",
        "content": {"application/problem+json": {"schema": {
            "type": "object",
            "required": ["title", "status"],
            "properties": {
                "title": {"type": "string", "minLength": 1},
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
            },
        }}},
    });
    let kind = json!({"type": "string", "enum": ["fixed", "dome"]});
    let camera = json!({
        "type": "object",
        "required": ["name", "kind"],
        "properties": {"name": {"type": "string", "pattern": "^[a-z]{2,9}$"}, "kind": kind},
    });
    let host = json!({
        "type": "object",
        "required": ["address"],
        "properties": {"address": {"type": "string", "format": "ipv4", "example": "192.0.2.7"}},
    });
    let slot = json!({
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "integer"}, "kind": kind},
    });
    let of = |schema: &Value| json!({"application/json": {"schema": schema}});
    let counted = json!({"required": true, "schema": {"type": "integer", "minimum": 0}});
    let query = |name: &str, schema: &Value| json!({"name": name, "in": "query", "schema": schema});
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Cameras", "version": "1"},
        "security": [{"login": []}],
        "paths": {
            "/cameras": {"get": {
                "operationId": "listCameras",
                "parameters": [
                    query("limit", &json!({"type": "integer", "minimum": 1, "maximum": 9, "default": 2})),
                    query("offset", &json!({"type": "integer", "minimum": 0, "default": 0})),
                    query("kind", &kind),
                ],
                "responses": {
                    "200": {
                        "description": "all",
                        "headers": {"X-Total-Count": counted},
                        "content": of(&json!({"type": "array", "items": camera})),
                    },
                    "default": problem,
                },
            }},
            "/cameras/{name}": {"get": {
                "operationId": "getCamera",
                "parameters": [{"name": "name", "in": "path", "required": true, "schema": {"type": "string", "pattern": "^[a-z]{2,9}$"}}],
                "responses": {"200": {"description": "one", "content": of(&camera)}, "default": problem},
            }},
            "/slots": {"get": {
                "operationId": "listSlots",
                "responses": {"200": {"description": "all", "content": of(&json!({"type": "array", "items": slot}))}, "default": problem},
            }},
            "/slots/{id}": {"get": {
                "operationId": "getSlot",
                "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer", "minimum": 1}}],
                "responses": {"200": {"description": "one", "content": of(&slot)}, "default": problem},
            }},
            "/host": {
                "get": {
                    "operationId": "getHost",
                    "responses": {
                        "200": {"description": "it", "content": of(&host)},
                        "304": {"description": "known"},
                        "default": problem,
                    },
                },
                "put": {
                    "operationId": "putHost",
                    "requestBody": {"required": true, "content": of(&host)},
                    "parameters": [{"name": "If-Match", "in": "header", "schema": {"type": "string"}}],
                    "responses": {"204": {"description": "stored"}, "412": problem, "415": problem, "default": problem},
                },
            },
        },
        "components": {"securitySchemes": {"login": {"type": "http", "scheme": "basic"}}},
    })
}

fn suite(profile: &str) -> Suite {
    let document = document().to_string();
    let mut contract = load_bytes("cameras.json", document.as_bytes()).expect("it loads");
    let profile = Profile::from_toml(profile).expect("a profile");
    values::give(&mut contract, &profile).expect("it fits");
    Suite::new(contract, profile)
}

/// The promises that findings are about.
fn found(suite: &Suite, faults: &[&str]) -> Vec<String> {
    let faults = faults.iter().map(|fault| (*fault).to_owned());
    let report = suite.run(suite.mock().with_faults(faults), &mut ()).report;
    let findings = report.findings.iter();
    findings
        .map(|finding| finding.promise.to_string())
        .collect()
}

#[test]
fn what_an_answer_owes_is_missed() {
    let suite = suite("formats = \"checked\"");
    assert_eq!(found(&suite, &[]), Vec::<String>::new());
    for (fault, promise) in [
        ("not-allowed-without-methods", "http.method"),
        ("refusal-without-challenge", "http.answers"),
        (
            "answer-without-field",
            "responses.200.headers.X-Total-Count",
        ),
        ("answer-field-wrong", "responses.200.headers.X-Total-Count"),
        ("problem-status-other", "responses.default"),
        ("limit-ignored", "parameters.limit.limits"),
        ("limit-one-more", "parameters.limit.limits"),
        ("filter-ignored", "parameters.kind.filters"),
        ("filter-inverted", "parameters.kind.filters"),
        ("part-ignored", "parameters.offset.pages"),
        ("parts-overlap", "parameters.offset.pages"),
        ("parts-skip", "parameters.offset.pages"),
        ("total-one-more", "parameters.offset.pages"),
        ("list-default-other", "parameters.offset.pages"),
        ("format-ignored:address", "body.address.format"),
        ("answer-with-mark", "responses.200"),
        ("version-sent-again", "responses.304"),
        ("version-alone-known", "responses.304"),
        ("id-wraps", "parameters.id.type"),
        ("item-beside", "parameters.id.type"),
        ("media-type-ignored", "http.mediaType"),
        ("version-unminded", "parameters.If-Match.type"),
        ("version-cut", "parameters.If-Match.type"),
        ("version-refused", "parameters.If-Match.type"),
        ("version-other-status", "parameters.If-Match.type"),
    ] {
        let found = found(&suite, &[fault]);
        assert!(
            found.iter().any(|p| p.ends_with(promise)),
            "{fault}: {found:?}"
        );
    }
}

/// Without a word of the profile a format is an annotation.
#[test]
fn a_format_accuses_nobody_by_itself() {
    let suite = suite("");
    assert_eq!(found(&suite, &[]), Vec::<String>::new());
    assert!(
        suite
            .contract
            .operations
            .iter()
            .any(|op| op.id == "putHost")
    );
}
