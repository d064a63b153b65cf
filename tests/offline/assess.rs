//! What every plausible reading of a schema says of a value: a table of schemas, values and
//! verdicts (`assess/verdicts.txt`), each of which follows from a rule of JSON Schema or from what
//! the module's own documentation says is left open.

use probity::contract::{Assessed, Contract, Schema, assess, load_bytes};
use probity::pattern::{Assessment, Texts};
use serde_json::{Value, json};
use std::path::Path;

/// A contract with one operation whose body has this schema; its `$defs` are the components.
fn contract(version: &str, schema: &Value) -> Contract {
    let document = json!({
        "openapi": version,
        "info": {"title": "t", "version": "1"},
        "paths": {"/x": {"put": {
            "requestBody": {"content": {"application/json": {"schema": schema}}},
            "responses": {"200": {"description": "d"}}
        }}},
        "components": {"schemas": schema.get("$defs").cloned().unwrap_or(json!({}))}
    });
    load_bytes("x", document.to_string().as_bytes()).unwrap_or_else(|e| panic!("{schema}: {e}"))
}

/// `valid`, or `open` or `invalid` with the keywords that are broken; a `?` behind a keyword:
/// readings differ; a kind in brackets: another than `constraint`.
fn written(assessed: &Assessed) -> String {
    let certainty = match assessed.certainty {
        Assessment::SurelyValid => "valid",
        Assessment::Open => "open",
        Assessment::SurelyInvalid => "invalid",
    };
    let faults: Vec<String> = assessed
        .faults
        .iter()
        .map(|fault| {
            let doubt = if fault.certain { "" } else { "?" };
            let kind = json!(fault.kind);
            let kind = kind.as_str().expect("a name");
            let kind = match kind {
                "constraint" => String::new(),
                other => format!(" ({other})"),
            };
            let path = fault.path.dotted();
            let place = if path.is_empty() { "" } else { " at " };
            format!("{}{doubt}{place}{path}{kind}", fault.keyword)
        })
        .collect();
    match faults.is_empty() {
        true => certainty.to_owned(),
        false => format!("{certainty}: {}", faults.join(", ")),
    }
}

#[test]
fn verdicts() {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/assess/verdicts.txt");
    let table = std::fs::read_to_string(table).expect("the table");
    let mut stage: Option<(Schema, Texts)> = None;
    let mut wrong = Vec::new();
    for (line, text) in table.lines().enumerate() {
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let json = |text: &str| -> Value {
            serde_json::from_str(text).unwrap_or_else(|e| panic!("line {}: {e}", line + 1))
        };
        if let Some(row) = text.strip_prefix("    ") {
            let (value, want) = row.split_once(" -> ").expect("a value and a verdict");
            let (schema, texts) = stage.as_ref().expect("a schema above");
            let got = written(&assess(schema, &json(value), texts));
            if got != want.trim() {
                wrong.push(format!("{}: {value} -> {got}", line + 1));
            }
        } else {
            let (version, schema) = text.split_once(' ').expect("a version and a schema");
            let contract = contract(version, &json(schema));
            let texts = contract.texts();
            let body = contract.operations[0].body.as_ref().expect("a body");
            stage = Some((body.schema.clone(), texts));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What nobody compiled is not known; a step of 0, which the loader refuses, says nothing.
#[test]
fn schemas_that_no_document_gives() {
    let string = Schema {
        pattern: Some("^a$".to_owned()),
        max_length: Some(2),
        ..Schema::default()
    };
    let step = Schema {
        multiple_of: Some(0.into()),
        ..Schema::default()
    };
    for (schema, value, want) in [
        (&string, json!("a"), "open: pattern?"),
        (&string, json!("aaa"), "invalid: maxLength, pattern?"),
        (&step, json!(5), "valid"),
    ] {
        let got = written(&assess(schema, &value, &Texts::default()));
        assert_eq!(got, want, "{value}");
    }
}

#[test]
fn what_the_words_take_for_something_else_is_left_open() {
    let word =
        |words: &str| json!({"type": "string", "enum": ["user", "admin"], "description": words});
    let name =
        |words: &str| json!({"type": "string", "pattern": "^[a-z]{1,4}$", "description": words});
    let number =
        |words: &str| json!({"type": "integer", "minimum": 1, "maximum": 9, "description": words});
    for (schema, value, want) in [
        (word(""), json!("ADMIN"), Assessment::SurelyInvalid),
        (
            word("Not case-sensitive; stored in lower case."),
            json!("ADMIN"),
            Assessment::Open,
        ),
        (
            word("Not case-sensitive."),
            json!("root"),
            Assessment::SurelyInvalid,
        ),
        (
            word("Case-sensitive."),
            json!("ADMIN"),
            Assessment::SurelyInvalid,
        ),
        (name("Stored in lower case"), json!("AB"), Assessment::Open),
        (
            name("Stored in lower case"),
            json!("A1"),
            Assessment::SurelyInvalid,
        ),
        (name("Blanks are removed"), json!("a b"), Assessment::Open),
        (
            name("Holds no blanks"),
            json!("a b"),
            Assessment::SurelyInvalid,
        ),
        (number(""), json!(10), Assessment::SurelyInvalid),
        (number("Clamped to 1 to 9"), json!(10), Assessment::Open),
        (
            number("Values out of range are set to the nearest end"),
            json!(0),
            Assessment::Open,
        ),
        (
            number("Clamped to 1 to 9"),
            json!("ten"),
            Assessment::SurelyInvalid,
        ),
        (
            number("Larger values are refused, use the nearest"),
            json!(10),
            Assessment::SurelyInvalid,
        ),
    ] {
        let contract = contract("3.1.0", &schema);
        let body = contract.operations[0].body.as_ref().expect("a body");
        let got = assess(&body.schema, &value, &contract.texts()).certainty;
        assert_eq!(got, want, "{schema} {value}");
    }
}
