//! The three-valued assessment against two validators that somebody else wrote: the official JSON
//! Schema test suite (read from beside the project; skipped, with a reason, where it is not), and
//! the `jsonschema` crate on every body of the plans of three documents.

use jsonschema::{Draft, Validator};
use probity::case::{Case, Context, Expect, plan};
use probity::contract::{self, FaultKind};
use probity::exchange::Request;
use probity::pattern::Assessment;
use probity::profile::Profile;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Files of the suite that are about something else, each with the reason.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "anchor",
        "identifiers and references inside a schema are those of the OpenAPI document",
    ),
    ("defs", "as above"),
    ("dynamicRef", "as above"),
    ("ref", "as above"),
    ("refRemote", "as above"),
    ("vocabulary", "as above"),
    ("infinite-loop-detection", "as above"),
    ("unevaluatedItems", "not asserted; listed as unsupported"),
    (
        "unevaluatedProperties",
        "not asserted; listed as unsupported",
    ),
    (
        "format",
        "the suite takes formats for annotations, devices take them for rules",
    ),
];

/// Strategies whose cases are told by the value of the body alone.
pub const VALUES: &[&str] = &["valid", "types", "constraints", "names", "pairs", "hostile"];

/// One file of groups, in the format of the suite.
pub struct Groups {
    pub name: String,
    pub groups: Vec<Value>,
}

/// The groups of a file; `None` for one that is not of that format.
pub fn read(path: PathBuf) -> Option<Groups> {
    let name = path.file_stem()?.to_str()?.to_owned();
    let groups = serde_json::from_slice(&std::fs::read(&path).ok()?).ok()?;
    Some(Groups { name, groups })
}

/// The files of the suite; `None` where it is not there.
pub fn suite() -> Option<Vec<Groups>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data/json-schema-suite/tests/draft2020-12");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    Some(files.into_iter().filter_map(read).collect())
}

/// A document whose one operation takes bodies of this schema.
fn around(schema: &Value) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {"title": "suite", "version": "1"},
        "paths": {"/x": {"post": {
            "operationId": "x",
            "requestBody": {"required": true, "content": {"application/json": {"schema": schema}}},
            "responses": {"200": {"description": "stored"}}
        }}}
    })
}

fn has_reference(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(name, member)| {
            matches!(
                name.as_str(),
                "$ref" | "$id" | "$anchor" | "$dynamicRef" | "$dynamicAnchor"
            ) || has_reference(member)
        }),
        Value::Array(list) => list.iter().any(has_reference),
        _ => false,
    }
}

#[test]
fn assessment_never_contradicts_the_json_schema_suite() {
    let Some(files) = suite() else {
        eprintln!("skipped: the JSON Schema test suite does not lie beside the project");
        return;
    };
    let (mut sure, mut open, mut refused, mut wrong) = (0, 0, BTreeMap::new(), Vec::new());
    for Groups { name: file, groups } in files {
        if ELSEWHERE.iter().any(|(name, _)| *name == file) {
            continue;
        }
        for group in groups {
            let schema = &group["schema"];
            if has_reference(schema) {
                continue;
            }
            let text = around(schema).to_string();
            let contract = match contract::load_bytes("suite.json", text.as_bytes()) {
                Ok(contract) => contract,
                Err(error) => {
                    refused.insert(
                        format!("{file}: {}", group["description"]),
                        error.to_string(),
                    );
                    continue;
                }
            };
            let texts = contract.texts();
            let body = contract.operations[0].body.as_ref().expect("a body");
            for test in group["tests"].as_array().expect("tests") {
                let assessed = contract::assess(&body.schema, &test["data"], &texts);
                let valid = test["valid"] == json!(true);
                match (assessed.certainty, valid) {
                    (Assessment::Open, _) => open += 1,
                    (Assessment::SurelyValid, true) | (Assessment::SurelyInvalid, false) => {
                        sure += 1
                    }
                    (certainty, _) => wrong.push(format!(
                        "{file}: {} / {}: {certainty:?} {} {}",
                        group["description"], test["description"], schema, test["data"]
                    )),
                }
            }
        }
    }
    println!(
        "{sure} decided as the suite does, {open} left open, {} schemas refused",
        refused.len()
    );
    for (group, reason) in &refused {
        println!("  refused {group}: {reason}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(sure > 400, "{sure}");
}

/// The body that a case sends, where it is JSON and nothing else is odd about the request.
fn body(case: &Case) -> Option<Value> {
    if !VALUES.contains(&case.strategy) {
        return None;
    }
    let Request::Http(request) = &case.request else {
        return None;
    };
    serde_json::from_slice(request.body.as_ref()?).ok()
}

#[test]
fn plans_agree_with_the_jsonschema_crate() {
    let (mut valid, mut invalid) = (0, 0);
    for name in [
        "contracts/camera.yaml",
        "contracts/switch.json",
        "contracts/thermostat.yaml",
        "plan/relay.yaml",
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests")
            .join(name);
        let contract = contract::load(&path).expect("loads");
        let text = std::fs::read_to_string(&path).expect("file");
        let options = serde_saphyr::options! { strict_booleans: true };
        let document: Value =
            serde_saphyr::from_str_with_options(&text, options).expect("YAML or JSON");
        let (texts, profile) = (contract.texts(), Profile::default());
        let plan = plan(
            &Context::new(&contract, &profile, &texts).thorough(true),
            None,
        );
        let mut validators: BTreeMap<String, Validator> = BTreeMap::new();
        for operation in &contract.operations {
            if let Some(body) = &operation.body {
                validators.insert(
                    operation.id.clone(),
                    validator(&document, &body.schema.pointer),
                );
            }
        }
        let before = (valid, invalid);
        for case in &plan.cases {
            let Some(validator) = validators.get(&case.operation) else {
                continue;
            };
            let Some(value) = body(case) else { continue };
            match &case.expect {
                Expect::Accepted => {
                    assert!(
                        validator.is_valid(&value),
                        "{name}: {} expects {value} to be accepted",
                        case.id
                    );
                    valid += 1;
                }
                Expect::Refused { faults }
                    if faults.iter().all(|f| {
                        matches!(
                            f.kind,
                            FaultKind::WrongType | FaultKind::Constraint | FaultKind::Missing
                        )
                    }) =>
                {
                    assert!(
                        !validator.is_valid(&value),
                        "{name}: {} expects {value} to be refused",
                        case.id
                    );
                    invalid += 1;
                }
                _ => {}
            }
        }
        println!(
            "{name}: {} valid and {} invalid bodies agree",
            valid - before.0,
            invalid - before.1
        );
    }
    // Where nobody knows whether the resource exists, every answer is left open (the camera).
    assert!(valid > 100 && invalid > 300, "{valid} {invalid}");
}

/// The schema at a pointer of an OpenAPI document as the crate reads it. OpenAPI 3.0's `nullable`
/// and boolean exclusive bounds are put into the words of JSON Schema first.
fn validator(document: &Value, pointer: &str) -> Validator {
    let mut root = modern(document.clone());
    // RFC 6901 §6: a pointer in a URI fragment.
    let fragment = pointer.replace('{', "%7B").replace('}', "%7D");
    root["$ref"] = json!(format!("#{fragment}"));
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .build(&root)
        .unwrap_or_else(|e| panic!("{pointer}: {e}"))
}

fn modern(value: Value) -> Value {
    match value {
        Value::Object(mut map) => {
            if map.remove("nullable") == Some(json!(true))
                && let Some(kind) = map.get("type").cloned()
            {
                map.insert("type".to_owned(), json!([kind, "null"]));
                if let Some(Value::Array(values)) = map.get_mut("enum") {
                    values.push(Value::Null);
                }
            }
            for (flag, bound) in [
                ("exclusiveMinimum", "minimum"),
                ("exclusiveMaximum", "maximum"),
            ] {
                match map.get(flag) {
                    Some(Value::Bool(true)) => {
                        if let Some(limit) = map.remove(bound) {
                            map.insert(flag.to_owned(), limit);
                        }
                    }
                    Some(Value::Bool(false)) => {
                        map.remove(flag);
                    }
                    _ => {}
                }
            }
            Value::Object(map.into_iter().map(|(k, v)| (k, modern(v))).collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(modern).collect()),
        other => other,
    }
}
