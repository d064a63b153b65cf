//! Contracts load, or say what is wrong and where.

use probity::case::{Context, DEFAULT_BUDGET, plan};
use probity::contract::{self, load, load_bytes};
use probity::pattern::Assessment;
use probity::profile::Profile;
use serde_json::json;
use std::path::Path;

fn document(name: &str) -> contract::Contract {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/contracts")
        .join(name);
    load(&path).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn public_style_documents_load_and_make_a_plan() {
    let table: [(&str, &[&str], usize); 3] = [
        (
            "camera.yaml",
            &["getStream", "putStream", "setOverlay", "uploadMask"],
            0,
        ),
        (
            "switch.json",
            &["configurePort", "createVlan", "listVlans"],
            0,
        ),
        ("thermostat.yaml", &["putSchedule", "setMode", "reboot"], 0),
    ];
    for (name, operations, unsupported) in table {
        let contract = document(name);
        let ids: Vec<&str> = contract.operations.iter().map(|o| o.id.as_str()).collect();
        assert_eq!(ids, operations, "{name}");
        assert!(
            contract.unsupported.len() >= unsupported,
            "{name}: {:?}",
            contract.unsupported
        );
        let (texts, profile) = (contract.texts(), Profile::default());
        let plan = plan(
            &Context::new(&contract, &profile, &texts),
            Some(DEFAULT_BUDGET),
        );
        assert!(plan.cases.len() > 50, "{name}: {}", plan.cases.len());
        assert!(plan.requests <= DEFAULT_BUDGET, "{name}: {}", plan.requests);
        for case in &plan.cases {
            assert_ne!(
                case.operation, "reboot",
                "an operation that acts is not probed"
            );
            for promise in &case.promises {
                assert!(
                    contract.promise(promise).is_some(),
                    "{name}: {promise} of {}",
                    case.id
                );
            }
        }
    }
}

#[test]
fn all_of_is_merged_and_refs_are_followed() {
    let contract = document("camera.yaml");
    let operation = contract.operation("putStream").expect("operation");
    let fields: Vec<String> = operation.fields().iter().map(|f| f.path.dotted()).collect();
    assert!(fields.contains(&"name".to_owned()), "{fields:?}");
    assert!(
        fields.contains(&"resolution.width".to_owned()),
        "{fields:?}"
    );
    assert!(fields.contains(&"regions[].x".to_owned()), "{fields:?}");
    let mask = contract.operation("uploadMask").expect("operation");
    let format = mask.body.as_ref().map(|body| body.format);
    assert_eq!(format, Some(probity::contract::Format::Octets));
}

#[test]
fn bad_documents_say_what_is_wrong_and_where() {
    let table: [(&str, &str); 8] = [
        ("", "/openapi: not an OpenAPI document"),
        ("[1, 2", "line 1, column 5: not JSON"),
        ("a: b: c", "line 1"),
        ("{\"swagger\": \"2.0\"}", "/paths: no `paths`"),
        (
            "{\"openapi\": \"4.0.0\"}",
            "/openapi: OpenAPI 4.0.0 is not supported",
        ),
        ("{\"openapi\": \"3.1.0\"}", "/paths: no `paths`"),
        (
            "{\"openapi\": \"3.1.0\", \"paths\": {}}",
            "/paths: no operation to judge",
        ),
        (
            "{\"openapi\": \"3.1.0\", \"webhooks\": {}}",
            "/paths: the document has only webhooks, which nothing can call",
        ),
    ];
    for (text, want) in table {
        let error = load_bytes("bad", text.as_bytes())
            .expect_err(text)
            .to_string();
        assert!(error.starts_with("bad: "), "{error}");
        assert!(error.contains(want), "{text}\n  {error}\n  wanted {want}");
    }
    // Deep nesting and garbage must end in an error, not in a crash.
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(load_bytes("deep", deep.as_bytes()).is_err());
    assert!(load_bytes("bytes", &[0xff, 0xfe, 0x00]).is_err());
    let laughs = "a: &a [x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c]\ne: &e [*d, *d, *d, *d, *d, *d, *d, *d]\nf: &f [*e, *e, *e, *e, *e, *e, *e, *e]\ng: &g [*f, *f, *f, *f, *f, *f, *f, *f]\nh: [*g, *g, *g, *g, *g, *g, *g, *g]\n";
    assert!(load_bytes("laughs", laughs.as_bytes()).is_err());
}

/// One flaw is an issue with its line and costs what depends on it: the values under it are not
/// sure, or the operation is left out by name; the rest is judged.
#[test]
fn flaws_cost_what_depends_on_them() {
    let body =
        |schema: serde_json::Value| json!({"content": {"application/json": {"schema": schema}}});
    let table = [
        (
            json!({"requestBody": body(json!({"$ref": "#/components/schemas/B"}))}),
            "leads nowhere",
            None,
        ),
        (
            json!({"requestBody": body(json!({"type": "text"}))}),
            "\"text\" is no JSON type",
            None,
        ),
        (
            json!({"requestBody": body(json!({"minLength": -1}))}),
            "must be a whole number, not negative",
            None,
        ),
        (
            json!({"requestBody": {"$ref": "#/components/requestBodies/B"}}),
            "leads nowhere",
            Some("POST /a"),
        ),
        (
            json!({"requestBody": {"$ref": "../b.yaml#/B"}}),
            "leads out of the document's folder",
            Some("POST /a"),
        ),
        (
            json!({"responses": {"20": {"description": "d"}}}),
            "is no status",
            Some("POST /a"),
        ),
        (
            json!({"parameters": [{"in": "query"}]}),
            "without `name`",
            Some("POST /a"),
        ),
    ];
    for (operation, want, left_out) in table {
        let document = json!({
            "openapi": "3.1.0",
            "paths": {"/a": {"post": operation}, "/b": {"get": {}}}
        });
        let contract =
            load_bytes("flawed", document.to_string().as_bytes()).unwrap_or_else(|e| panic!("{e}"));
        let issue = contract.issues.iter().find(|i| i.proof.contains(want));
        assert!(issue.is_some(), "{want}: {:?}", contract.issues);
        let left = contract.left_out.first().map(|l| l.operation.as_str());
        assert_eq!(left, left_out, "{want}");
        assert!(contract.operation("GET /b").is_some());
        if let Some(operation) = contract.operation("POST /a")
            && let Some(body) = &operation.body
        {
            let texts = contract.texts();
            let assessed = contract::assess(&body.schema, &json!("x"), &texts);
            assert_eq!(assessed.certainty, Assessment::Open, "{want}");
        }
        let linted = contract::lint(&contract, &contract.texts());
        assert!(
            linted
                .iter()
                .any(|i| i.proof.contains(want) && i.line == Some(1))
        );
    }
}

/// A schema that contains itself is judged at every depth; one that leads to itself for the same
/// value ends.
#[test]
fn schemas_that_contain_themselves_are_judged() {
    let document = json!({
        "openapi": "3.1.0",
        "paths": {"/a": {"post": {"operationId": "a", "requestBody": {
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}}}
        }}}},
        "components": {"schemas": {
            "Node": {
                "type": "object",
                "required": ["id"],
                "additionalProperties": false,
                "properties": {
                    "id": {"type": "integer", "minimum": 0},
                    "next": {"allOf": [{"$ref": "#/components/schemas/Node"}, {"description": "d"}]},
                    "all": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}
                }
            }
        }}
    });
    let contract = load_bytes("cyclic", document.to_string().as_bytes()).expect("loads");
    let texts = contract.texts();
    let body = contract.operations[0].body.as_ref().expect("a body");
    let table = [
        (json!({"id": 1}), Assessment::SurelyValid),
        (
            json!({"id": 1, "next": {"id": 2, "all": [{"id": 3}]}}),
            Assessment::SurelyValid,
        ),
        (
            json!({"id": 1, "next": {"id": 2, "all": [{"id": "3"}]}}),
            Assessment::SurelyInvalid,
        ),
        (
            json!({"id": 1, "next": {"id": 2, "next": {"next": {}}}}),
            Assessment::SurelyInvalid,
        ),
    ];
    for (value, want) in table {
        let got = contract::assess(&body.schema, &value, &texts);
        assert_eq!(got.certainty, want, "{value}: {:?}", got.faults);
    }
    assert!(!body.candidates(&texts).is_empty());
    assert!(contract.operations[0].fields().len() < 20);
}

/// Patterns byte for byte as the page has them.
#[test]
fn the_embedded_document_states_the_page_as_published() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/seed/set-sip-settings.txt");
    let Ok(page) = std::fs::read_to_string(&page) else {
        println!("skipped: {} is not there", page.display());
        return;
    };
    let (contract, _) = contract::embedded::sip_settings();
    let fields = contract.operations[0].fields();
    let patterns: Vec<_> = fields
        .iter()
        .filter_map(|f| Some((f, f.schema.pattern.as_ref()?)))
        .collect();
    assert_eq!(patterns.len(), 6);
    for (field, pattern) in patterns {
        let line = field.schema.page_line.expect("a page line") as usize;
        let text = page.lines().nth(line - 1).expect("line of the page");
        assert!(
            text.contains(pattern.as_str()),
            "{} is not on line {line}",
            field.path
        );
    }
    for shape in contract.operations[0].error_shapes() {
        let text = shape.body["error"]
            .as_str()
            .expect("text")
            .replace("{param}", "param");
        assert!(page.contains(&text), "{text}");
    }
}

#[test]
fn values_are_assessed_over_all_readings() {
    use Assessment::{Open, SurelyInvalid, SurelyValid};
    let (contract, _) = contract::embedded::sip_settings();
    let texts = contract.texts();
    let schema = &contract.operations[0].body.as_ref().expect("body").schema;
    let base = json!({
        "proxy": "sip:1.2.3.4", "realm": "a.b", "user": "101", "password": "123ab6",
        "stun": {"ip": "a.b", "port": 19302}
    });
    let table = [
        (base.clone(), SurelyValid),
        (with(&base, "/password", json!("12345")), SurelyInvalid),
        (with(&base, "/password", json!("a".repeat(31))), SurelyValid),
        // Prose allows 100, the pattern 31.
        (with(&base, "/password", json!("a".repeat(50))), Open),
        (
            with(&base, "/password", json!("a".repeat(101))),
            SurelyInvalid,
        ),
        (with(&base, "/stun/port", json!(19302.0)), Open),
        (with(&base, "/stun/port", json!("19302")), SurelyInvalid),
        (with(&base, "/transport", json!("udp")), SurelyValid),
        (with(&base, "/transport", json!("UDP")), SurelyInvalid),
        (with(&base, "/unknown", json!(1)), Open),
        (with(&base, "/proxy", json!("sip:sip.bas-ip.com")), Open),
        (json!([]), SurelyInvalid),
    ];
    for (value, want) in table {
        let got = contract::assess(schema, &value, &texts);
        assert_eq!(got.certainty, want, "{value}: {:?}", got.faults);
    }
}

/// A contract with one operation whose body has this schema.
fn of_body(schema: &serde_json::Value) -> contract::Contract {
    let document = json!({
        "openapi": "3.0.3",
        "info": {"title": "t", "version": "1"},
        "paths": {"/x": {"put": {
            "operationId": "x",
            "requestBody": {"required": true, "content": {"application/json": {"schema": schema}}},
            "responses": {"200": {"description": "d"}}
        }}}
    });
    load_bytes("x.json", document.to_string().as_bytes()).unwrap_or_else(|e| panic!("{e}"))
}

/// Alternatives that are surely valid, surely invalid and open, in every number that matters: the
/// pattern `b` is open for "ab", which a search takes and a match of the whole does not.
#[test]
fn alternatives_are_assessed_over_all_readings() {
    use Assessment::{Open, SurelyInvalid, SurelyValid};
    let valid = || json!({"type": "string", "maxLength": 5});
    let invalid = || json!({"type": "string", "maxLength": 1});
    let open = || json!({"type": "string", "pattern": "b"});
    let table = [
        (json!({"oneOf": [valid()]}), SurelyValid),
        (json!({"oneOf": [valid(), invalid()]}), SurelyValid),
        (json!({"oneOf": [valid(), valid()]}), SurelyInvalid),
        (json!({"oneOf": [valid(), valid(), open()]}), SurelyInvalid),
        (json!({"oneOf": [valid(), open()]}), Open),
        (json!({"oneOf": [invalid(), open()]}), Open),
        (json!({"oneOf": [open()]}), Open),
        (json!({"oneOf": [open(), open()]}), Open),
        (json!({"oneOf": [invalid(), invalid()]}), SurelyInvalid),
        (json!({"anyOf": [valid(), valid()]}), SurelyValid),
        (json!({"anyOf": [invalid(), valid(), open()]}), SurelyValid),
        (json!({"anyOf": [invalid(), open()]}), Open),
        (json!({"anyOf": [invalid(), invalid()]}), SurelyInvalid),
        (json!({"not": valid()}), SurelyInvalid),
        (json!({"not": invalid()}), SurelyValid),
        (json!({"not": open()}), Open),
        (json!({"allOf": [valid(), open()]}), Open),
        (json!({"allOf": [valid(), invalid()]}), SurelyInvalid),
    ];
    for (rules, want) in table {
        let mut rules = rules;
        rules["type"] = json!("string");
        let schema = json!({"type": "object", "required": ["m"], "properties": {"m": rules}});
        let contract = of_body(&schema);
        let texts = contract.texts();
        let body = &contract.operations[0].body.as_ref().expect("body").schema;
        let got = contract::assess(body, &json!({"m": "ab"}), &texts);
        assert_eq!(got.certainty, want, "{rules}: {:?}", got.faults);
    }
}

/// A discriminator is no rule: where it names an alternative it changes nothing, where it names
/// none the value is open by a hint alone.
#[test]
fn discriminators_are_hints() {
    let kind = |value: &str| json!({"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string", "enum": [value]}}});
    let schema = json!({
        "oneOf": [kind("a"), kind("b")],
        "discriminator": {"propertyName": "kind", "mapping": {"a": "#/x"}}
    });
    let contract = of_body(&schema);
    let texts = contract.texts();
    let body = &contract.operations[0].body.as_ref().expect("body").schema;
    for (value, certainty, hinted) in [
        (json!({"kind": "a"}), Assessment::SurelyValid, false),
        (json!({"kind": "b"}), Assessment::Open, true),
        (json!({"kind": "c"}), Assessment::SurelyInvalid, false),
    ] {
        let got = contract::assess(body, &value, &texts);
        assert_eq!(got.certainty, certainty, "{value}: {:?}", got.faults);
        assert_eq!(got.is_hinted(), hinted, "{value}: {:?}", got.faults);
    }
}

fn with(base: &serde_json::Value, pointer: &str, value: serde_json::Value) -> serde_json::Value {
    let mut out = base.clone();
    match out.pointer_mut(pointer) {
        Some(place) => *place = value,
        None => out[pointer.trim_start_matches('/')] = value,
    }
    out
}

#[test]
fn lint_of_the_embedded_page() {
    let (contract, _) = contract::embedded::sip_settings();
    let issues = contract::lint(&contract, &contract.texts());
    let table = [
        ("pattern-does-not-compile", 3),
        ("length-contradiction", 1),
        ("example-against-schema", 1),
        ("anchors-bind-one-alternative", 3),
        ("number-without-range", 1),
        ("no-member-required", 3),
        ("stray-suffix", 3),
        ("suffix-in-one-alternative", 2),
        ("answer-not-stated-wrong-root", 1),
        ("answer-not-stated-null", 1),
        ("answer-not-stated-constraint", 1),
        ("answer-not-stated-unknown-member", 1),
        ("name-of-nested-not-stated", 1),
        ("order-of-faults-not-stated", 1),
    ];
    for (rule, count) in table {
        let found = issues
            .iter()
            .filter(|i| i.id.starts_with(&format!("{rule}:")))
            .count();
        assert_eq!(found, count, "{rule}: {issues:#?}");
    }
}

/// OpenAPI 3.0.4 §4.7.24.2: one schema for both ways is the usual thing.
#[test]
fn what_goes_one_way_is_required_one_way() {
    let document = json!({
        "openapi": "3.0.4",
        "info": {"title": "Users", "version": "1"},
        "paths": {"/users": {"post": {
            "operationId": "add",
            "requestBody": {"content": {"application/json": {"schema": {
                "type": "array",
                "items": {"$ref": "#/components/schemas/User"}
            }}}},
            "responses": {"200": {"description": "ok", "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/User"}
            }}}}
        }}},
        "components": {"schemas": {"User": {
            "type": "object",
            "required": ["id", "name", "password"],
            "properties": {
                "id": {"type": "integer", "readOnly": true, "minimum": 0},
                "name": {"type": "string"},
                "password": {"type": "string", "writeOnly": true}
            }
        }}}
    });
    let contract = load_bytes("users", document.to_string().as_bytes()).expect("loads");
    let operation = contract.operation("add").expect("operation");
    let body = &operation.body.as_ref().expect("a body").schema;
    let response = operation.responses[0].schema.as_ref().expect("a schema");
    let texts = contract.texts();
    let says = |schema, value| contract::assess(schema, &value, &texts).certainty;
    for (value, request, answer) in [
        (
            json!({"name": "a", "password": "b"}),
            Assessment::SurelyValid,
            Assessment::SurelyInvalid,
        ),
        (
            json!({"name": "a", "id": 1}),
            Assessment::SurelyInvalid,
            Assessment::SurelyValid,
        ),
        (
            json!({"id": 1, "password": "b"}),
            Assessment::SurelyInvalid,
            Assessment::SurelyInvalid,
        ),
    ] {
        assert_eq!(says(body, json!([value.clone()])), request, "{value}");
        assert_eq!(says(response, value.clone()), answer, "{value}");
    }
    let ids: Vec<&str> = contract.promises.iter().map(|p| p.id.as_str()).collect();
    let required = |name: &str| {
        ids.iter()
            .any(|id| id.ends_with(&format!("{name}.required")))
    };
    assert!(
        required("name") && required("password") && !required("id"),
        "{ids:?}"
    );
}
