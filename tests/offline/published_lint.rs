//! What `lint` says of documents as people publish them.

use super::published::{document, write};
use probity::contract::{Contract, lint};
use serde_json::{Value, json};

/// Titles and proofs of what lint says of a document.
fn told(contract: &Contract) -> Vec<(String, String)> {
    let issues = lint(contract, &contract.texts()).into_iter();
    let wrong = issues.filter(|i| i.severity == probity::contract::Severity::Error);
    wrong.map(|i| (i.title, i.proof)).collect()
}

#[test]
fn lint_says_one_cause_once() {
    let bad = json!({"type": "string", "pattern": "[\\p{Graph}\\x20]*"});
    let fields = json!({"type": "object", "properties": {"a": bad, "b": bad, "c": bad}});
    let contract = document("3.0.3", &write(&fields));
    let all = told(&contract);
    let compiles: Vec<_> = all.iter().filter(|(t, _)| t.contains("compile")).collect();
    assert_eq!(compiles.len(), 1, "{all:?}");
    assert!(
        compiles[0].1.contains("the same at 2 more places"),
        "{all:?}"
    );

    let answers = json!({"200Action": {"description": "ok"}, "204": {"description": "ok"}});
    let contract = document(
        "3.0.3",
        &json!({"/a": {"get": {"responses": answers}, "put": {"responses": answers}}}),
    );
    assert_eq!(told(&contract).len(), 1, "{:?}", told(&contract));

    let two = json!({"get": {"responses": {"204": {"description": "ok"}}},
                     "put": {"responses": {"204": {"description": "ok"}}}});
    let contract = document("3.0.3", &json!({"/a?b=c": two}));
    assert_eq!(told(&contract).len(), 1, "{:?}", told(&contract));
}

#[test]
fn lint_names_each_broken_rule_once() {
    let item =
        json!({"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}});
    let shown = |example: Value, schema: &Value| {
        document(
            "3.0.3",
            &json!({"/a": {"get": {"responses": {"200": {"description": "ok",
            "content": {"application/json": {"schema": schema, "examples": {"x": {"value": example}}}}}}}}}),
        )
    };
    let list = json!({"type": "array", "items": item});
    for (example, schema, want) in [
        (json!([{}, {}]), &list, "[{},{}] breaks required of `[].id`"),
        (json!("a"), &list, "\"a\" breaks type"),
        (
            json!({"$ref": "#/components/examples/x"}),
            &item,
            "{\"$ref\":\"#/components/examples/x\"}: a `$ref` inside of a value is the value, and leads nowhere",
        ),
    ] {
        let all = told(&shown(example, schema));
        assert!(all.iter().any(|(_, proof)| proof == want), "{all:?}");
    }
}

/// Wherever a document shows a value: of a body, of a parameter, of a header field of an answer, of an
/// operation that answers without a body.
#[test]
fn lint_reads_every_example() {
    let rule = json!({"type": "integer"});
    let header = |more: Value| {
        let mut header = json!({"schema": rule});
        header["examples"] = json!({"x": {"value": more}});
        json!({"200": {"description": "ok", "headers": {"X-Level": header}}})
    };
    let body = |more: Value| {
        json!({"content": {"application/json":
        {"schema": rule, "examples": {"x": {"value": more}}}}})
    };
    for (shown, want) in [(json!(5), 0), (json!("no"), 1)] {
        let answers = json!({"200": {"description": "ok"}});
        for (place, item) in [
            (
                "body",
                json!({"put": {"requestBody": body(shown.clone()), "responses": answers}}),
            ),
            (
                "header",
                json!({"head": {"responses": header(shown.clone())}}),
            ),
            (
                "parameter",
                json!({"head": {"responses": answers, "parameters": [
                {"name": "q", "in": "query", "schema": rule, "example": shown}]}}),
            ),
        ] {
            let all = told(&document("3.1.0", &json!({"/a": item})));
            let examples = all.iter().filter(|(title, _)| title.contains("example"));
            assert_eq!(examples.count(), want, "{place} {shown}: {all:?}");
        }
    }
}

/// What OpenAPI 3.2 allows and nothing here sends is no fault of the document.
#[test]
fn what_is_lawful_is_no_issue() {
    let contract = document(
        "3.2.0",
        &json!({"/a": {
            "get": {"operationId": "get", "responses": {"204": {"description": "ok"}},
                "parameters": [{"name": "q", "in": "querystring", "content": {
                    "application/x-www-form-urlencoded": {"schema": {"type": "object"}}}}]},
            "query": {"responses": {"204": {"description": "ok"}}},
        }}),
    );
    assert!(told(&contract).is_empty(), "{:?}", told(&contract));
    let left: Vec<&str> = contract
        .left_out
        .iter()
        .map(|l| l.reason.as_str())
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(
        left.iter().any(|l| l.contains("in: querystring")),
        "{left:?}"
    );
}

/// A list of texts where the type wants numbers is one flaw, and a value that stands in no such list none
/// beside it; of a long value a proof shows the beginning, and all that it breaks.
#[test]
fn lint_tells_the_cause_and_shortens_the_value() {
    let ids = |schema: Value| -> Vec<String> {
        let contract = document("3.0.3", &write(&schema));
        let errors = lint(&contract, &contract.texts()).into_iter();
        let errors = errors.filter(|i| i.severity == probity::contract::Severity::Error);
        errors.map(|i| format!("{} {}", i.id, i.proof)).collect()
    };
    let level = json!({"type": "integer", "enum": ["6", "12"], "default": 6, "example": "6"});
    let told = ids(json!({"type": "object", "properties": {"level": level}}));
    assert_eq!(told.len(), 1, "{told:?}");
    let long = json!({"type": "array", "items": {"type": "integer"}, "example": vec!["x"; 900]});
    let told = ids(long);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].len() < 400 && told[0].contains("breaks type of `[]`"),
        "{told:?}"
    );
}
