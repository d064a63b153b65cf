//! Each schema of the official JSON Schema test suite (read from beside the project; skipped, with a
//! reason, where it is not) and of a table of our own for OpenAPI 3.0's dialect as the body of a
//! request: what the plan sends as surely valid and surely invalid, beside what the suite and a
//! validator that reads the schema itself say. `cargo test --test offline schema_bodies -- --nocapture`
//! prints the shares.

use crate::schema_suite::{Groups, VALUES, read, suite};
use jsonschema::{Draft, Validator};
use probity::case::{Case, Context, DEFAULT_BUDGET, Expect, plan};
use probity::contract::{self, Contract, FaultKind};
use probity::exchange::Request;
use probity::pattern::Assessment;
use probity::profile::Profile;
use serde_json::{Value, json};
use std::path::Path;

fn dialect() -> Groups {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents/dialect30.json");
    read(path).expect("the table")
}

/// What the table refers to.
fn components() -> Value {
    json!({"schemas": {
        "Small": {"type": "integer", "minimum": 0, "maximum": 5},
        "Dog": {"type": "object", "required": ["bark"], "properties": {
            "kind": {"type": "string"}, "bark": {"type": "boolean"}}},
        "Cat": {"type": "object", "required": ["lives"], "properties": {
            "kind": {"type": "string"}, "lives": {"type": "integer"}}},
        "Tree": {"type": "object", "required": ["v"], "properties": {
            "v": {"type": "integer"},
            "kids": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}}},
        "Rule": {"oneOf": [
            {"type": "object", "required": ["is"], "properties": {"is": {"type": "string"}}, "additionalProperties": false},
            {"type": "object", "required": ["all"], "properties": {
                "all": {"type": "array", "items": {"$ref": "#/components/schemas/Rule"}}}, "additionalProperties": false}]}
    }})
}

/// Files of the suite that are about something else, each with the reason.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "format",
        "the suite takes formats for annotations, devices take them for rules",
    ),
    (
        "vocabulary",
        "a document chooses its dialect as a whole (`jsonSchemaDialect`)",
    ),
];

/// The schema with an `$id`, so that references in it begin at it and not at the document.
fn by_itself(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Value::Object(members) = &mut schema
        && !members.contains_key("$id")
    {
        members.insert("$id".to_owned(), json!("https://suite.example/schema"));
    }
    schema
}

/// A document whose one operation takes bodies of this schema.
fn around(version: &str, schema: &Value) -> Contract {
    let document = json!({
        "openapi": version,
        "info": {"title": "suite", "version": "1"},
        "paths": {"/x": {"post": {
            "operationId": "x",
            "requestBody": {"required": true, "content": {"application/json": {"schema": schema}}},
            "responses": {"200": {"description": "stored"}}
        }}},
        "components": components()
    });
    let text = document.to_string();
    contract::load_bytes("suite.json", text.as_bytes()).unwrap_or_else(|e| panic!("{e}"))
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

/// What came of the schemas that were asked for.
#[derive(Default)]
struct Count {
    schemas: usize,
    with_valid: usize,
    with_invalid: usize,
    /// Schemas of which the suite's own tests show a valid value, and no body was sent as valid.
    without_valid: Vec<String>,
    without_invalid: Vec<String>,
    bodies: usize,
    decided: usize,
    open: usize,
    wrong: Vec<String>,
}

impl Count {
    fn group(&mut self, version: &str, file: &str, group: &Value, validator: Option<&Validator>) {
        let name = format!(
            "{file}: {}",
            group["description"].as_str().unwrap_or_default()
        );
        let contract = around(version, &group["schema"]);
        let texts = contract.texts();
        let Some(schema) = contract.operations.first().and_then(|o| o.body.as_ref()) else {
            self.wrong
                .push(format!("{name}: the operation has no body"));
            return;
        };
        let tests = group["tests"].as_array().expect("tests");
        for test in tests {
            let assessed = contract::assess(&schema.schema, &test["data"], &texts);
            match (assessed.certainty, test["valid"] == json!(true)) {
                (Assessment::Open, _) => self.open += 1,
                (Assessment::SurelyValid, true) | (Assessment::SurelyInvalid, false) => {
                    self.decided += 1;
                }
                (certainty, _) => self.wrong.push(format!(
                    "{name}: {} is {certainty:?}: {}",
                    test["data"], test["description"]
                )),
            }
        }
        let profile = Profile::default();
        let context = Context::new(&contract, &profile, &texts);
        let (mut valid, mut invalid) = (0, 0);
        for case in &plan(&context, Some(DEFAULT_BUDGET)).cases {
            let Some(value) = body(case) else { continue };
            let wanted = match &case.expect {
                Expect::Accepted => true,
                Expect::Refused { faults } if faults.iter().all(|f| told_by_value(f.kind)) => false,
                _ => continue,
            };
            *if wanted { &mut valid } else { &mut invalid } += 1;
            self.bodies += 1;
            if validator.is_some_and(|v| v.is_valid(&value) != wanted) {
                let word = if wanted { "valid" } else { "invalid" };
                self.wrong
                    .push(format!("{name}: {} sends {value} as {word}", case.id));
            }
        }
        self.schemas += 1;
        self.with_valid += usize::from(valid > 0);
        self.with_invalid += usize::from(invalid > 0);
        let shown = |wanted: bool| tests.iter().any(|t| t["valid"] == json!(wanted));
        if valid == 0 && shown(true) {
            self.without_valid.push(name.clone());
        }
        if invalid == 0 && shown(false) {
            self.without_invalid.push(name);
        }
    }

    fn print(&self, title: &str) {
        println!(
            "{title}: {} schemas; a valid body is sent for {}, an invalid one for {}; {} bodies; of \
             the suite's tests {} decided, {} left open; {} disagree",
            self.schemas,
            self.with_valid,
            self.with_invalid,
            self.bodies,
            self.decided,
            self.open,
            self.wrong.len()
        );
        for (what, list) in [
            ("without a valid body", &self.without_valid),
            ("without an invalid body", &self.without_invalid),
        ] {
            println!("  {what}: {}", list.len());
            list.iter().for_each(|name| println!("    {name}"));
        }
    }
}

fn told_by_value(kind: FaultKind) -> bool {
    !matches!(kind, FaultKind::Parameter | FaultKind::Unauthenticated)
}

/// The schema as the crate reads it, without anything of ours between; `None` where it wants the
/// network.
fn validator(schema: &Value) -> Option<Validator> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(false)
        .build(schema)
        .ok()
}

fn go_through() {
    let Some(files) = suite() else {
        eprintln!("skipped: the JSON Schema test suite does not lie beside the project");
        return;
    };
    let mut count = Count::default();
    for file in &files {
        if ELSEWHERE.iter().any(|(name, _)| *name == file.name) {
            continue;
        }
        for group in &file.groups {
            let validator = validator(&group["schema"]);
            let mut group = group.clone();
            group["schema"] = by_itself(&group["schema"]);
            count.group("3.1.0", &file.name, &group, validator.as_ref());
        }
    }
    count.print("JSON Schema 2020-12");
    assert!(count.wrong.is_empty(), "{}", count.wrong.join("\n"));
}

#[test]
fn every_schema_of_the_suite() {
    go_through();
}

#[test]
fn the_dialect_of_openapi_3_0() {
    let mut count = Count::default();
    let table = dialect();
    for group in &table.groups {
        count.group("3.0.3", &table.name, group, None);
    }
    count.print("OpenAPI 3.0");
    assert!(count.wrong.is_empty(), "{}", count.wrong.join("\n"));
}

/// The values of a map are tested in an entry of a name that nobody knows: what breaks their rules is
/// refused all the same, what keeps them may be refused for the name.
#[test]
fn values_of_maps_are_held_to_their_rules() {
    let port = json!({"type": "object", "required": ["port"], "properties": {
        "port": {"type": "integer", "minimum": 1, "maximum": 65535}}});
    let map = json!({"type": "object", "additionalProperties": port});
    let beside = json!({"type": "object", "properties": {"ways": map}});
    let named =
        json!({"type": "object", "propertyNames": {"pattern": "^a"}, "additionalProperties": port});
    for (schema, at, promise) in [
        (&map, "/probity/port", Some("x.body.additionalProperties")),
        (
            &beside,
            "/ways/probity/port",
            Some("x.body.ways.additionalProperties"),
        ),
        (&named, "/probity/port", None),
    ] {
        let contract = around("3.1.0", schema);
        let (texts, profile) = (contract.texts(), Profile::default());
        let context = Context::new(&contract, &profile, &texts);
        let plan = plan(&context, Some(DEFAULT_BUDGET));
        let value = |case: &Case| body(case)?.pointer(at).cloned();
        let cases = || plan.cases.iter().filter(|case| value(case).is_some());
        for wrong in [json!(0), json!(65_536), json!("1")] {
            let case = cases().find(|case| value(case).as_ref() == Some(&wrong));
            let refused = case.is_some_and(|c| matches!(c.expect, Expect::Refused { .. }));
            assert_eq!(refused, promise.is_some(), "{schema} {wrong}");
            let charged = case.and_then(|c| c.promises.first().map(ToString::to_string));
            assert_eq!(charged.as_deref(), promise, "{schema} {wrong}");
        }
        let demanded = cases().filter(|c| matches!(c.expect, Expect::Accepted));
        assert_eq!(demanded.count(), 0, "{schema}");
    }
}
