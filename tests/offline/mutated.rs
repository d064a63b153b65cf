//! Bodies that no member-by-member building finds: a surely valid one is sent all the same.

use probity::case::{Context, Expect, plan};
use probity::contract::{Contract, load, load_bytes};
use probity::profile::Profile;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// How many surely valid bodies each write has.
fn accepted(contract: &Contract) -> Vec<(String, usize)> {
    let (texts, profile) = (contract.texts(), Profile::default());
    let context = Context::new(contract, &profile, &texts);
    let cases = plan(&context, Some(2_000)).cases;
    let writes = contract.operations.iter().filter(|op| op.body.is_some());
    writes
        .map(|op| {
            let own = cases
                .iter()
                .filter(|c| c.operation == op.id && c.strategy == "valid");
            let sure = own.filter(|c| c.expect == Expect::Accepted).count();
            (op.id.clone(), sure)
        })
        .collect()
}

#[test]
fn rules_for_whole_values_have_surely_valid_bodies() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents/awkward/whole-values.yaml");
    let contract = load(&path).expect("the document");
    for (operation, sure) in accepted(&contract) {
        assert!(sure > 0 || operation == "setOctets", "{operation}");
    }
}

fn with_body(schema: &Value) -> Contract {
    let body = json!({"content": {"application/json": {"schema": schema}}, "required": true});
    let put = json!({"operationId": "put", "requestBody": body, "responses": {"200": {"description": "d"}}});
    let document = json!({
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/x": {"put": put}},
    });
    load_bytes("x", document.to_string().as_bytes()).expect("a document")
}

#[test]
fn alternatives_that_exclude_each_other_have_surely_valid_bodies() {
    let integer = |low: i64, high: i64| json!({"type": "integer", "minimum": low, "maximum": high});
    let table = [
        // The first values are of both.
        json!({"oneOf": [integer(0, 9), integer(0, 5)]}),
        json!({"type": "object", "required": ["k"], "properties": {"k": {"oneOf": [
            {"type": "string", "enum": ["a", "b", "c"]}, {"type": "string", "enum": ["a", "b", "d"]}]}}}),
        json!({"type": "array", "minItems": 1, "maxItems": 3, "items": {"oneOf": [integer(0, 9), integer(0, 7)]}}),
        // What is not one of them.
        json!({"type": "object", "required": ["n"], "properties": {"n": integer(0, 9)},
               "additionalProperties": false, "not": {"properties": {"n": {"enum": [0, 1]}}}}),
        json!({"type": "object", "minProperties": 3, "propertyNames": {"enum": ["a", "b", "c"]},
               "additionalProperties": {"type": "boolean"}}),
    ];
    for schema in table {
        let found = accepted(&with_body(&schema));
        assert!(found.iter().all(|(_, sure)| *sure > 0), "{schema}");
    }
}

/// A search without an end is none: what nothing keeps is given up.
#[test]
fn what_nothing_keeps_is_given_up_soon() {
    let members: serde_json::Map<String, Value> = (0..40)
        .map(|i| {
            (
                format!("m{i}"),
                json!({"type": "integer", "minimum": 0, "maximum": 9}),
            )
        })
        .collect();
    let schema = json!({"type": "object", "properties": members, "minProperties": 3,
        "allOf": [{"maxProperties": 2}], "not": {"required": ["m1"]}});
    let started = Instant::now();
    let found = accepted(&with_body(&schema));
    assert_eq!(found, [("put".to_owned(), 0)]);
    assert!(started.elapsed() < Duration::from_secs(60));
}
