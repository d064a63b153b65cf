//! The mock of a document reads, checks and answers as the document says: whatever a run finds there
//! would be a mistake of ours.

use probity::case::{Context, Expect, plan};
use probity::contract::{Contract, assess, load};
use probity::exchange::Request;
use probity::mock::{Front, MockConfig};
use probity::pattern::{Assessment, Texts};
use probity::profile::Profile;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

fn contract() -> Contract {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents/answers.yaml");
    load(&path).expect("the contract loads")
}

/// Operation, target, media type, body, and the status that is right.
type Row = (&'static str, &'static str, &'static str, &'static str, u16);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // A schema that contains itself, in answers and in bodies.
    ("tree", "/tree", JSON, "", 200),
    ("plant", "/tree", JSON, r#"{"name":"a","children":[{"name":"b","children":[]}]}"#, 200),
    ("plant", "/tree", JSON, r#"{"name":"a","children":[{"name":"long","children":[]}]}"#, 400),
    ("tree", "/tree", JSON, "", 200),
    // Keywords that count, condition and depend.
    ("rules", "/rules", JSON, "{}", 400),
    ("rules", "/rules", JSON, r#"{"off":true}"#, 204),
    ("rules", "/rules", JSON, r#"{"off":true,"n-1":1,"n-2":2,"n-3":3,"n-4":4}"#, 400),
    ("rules", "/rules", JSON, r#"{"n-much-too-long":1}"#, 400),
    ("rules", "/rules", JSON, r#"{"n-1":"one"}"#, 400),
    ("rules", "/rules", JSON, r#"{"x":1}"#, 400),
    ("rules", "/rules", JSON, r#"{"list":["a",1]}"#, 204),
    ("rules", "/rules", JSON, r#"{"list":[1]}"#, 400),
    ("rules", "/rules", JSON, r#"{"list":["a"]}"#, 400),
    ("rules", "/rules", JSON, r#"{"list":["a",1,2,3]}"#, 400),
    ("rules", "/rules", JSON, r#"{"port":1}"#, 400),
    ("rules", "/rules", JSON, r#"{"port":1,"kind":"udp"}"#, 204),
    ("rules", "/rules", JSON, r#"{"kind":"tcp"}"#, 400),
    // Types of parameters that stand in alternatives and enumerations.
    ("flag", "/flag?on=true", JSON, "", 204),
    ("flag", "/flag?on=maybe", JSON, "", 400),
    ("flag", "/flag?ids=1&ids=2", JSON, "", 204),
    ("flag", "/flag?ids=1&ids=x", JSON, "", 400),
    ("flag", "/flag?size=2", JSON, "", 204),
    ("flag", "/flag?size=3", JSON, "", 400),
    // Answers of another form than what was written.
    ("ask", "/ask", FORM, "q=a", 200),
    ("test", "/test", JSON, "{}", 200),
    ("any", "/any", JSON, "", 200),
    ("createThing", "/things", JSON, "", 201),
    ("listThings", "/things", JSON, "", 200),
    ("getThing", "/things/1", JSON, "", 200),
    ("getThing", "/things/4711", JSON, "", 404),
];

#[test]
fn answers_are_as_documented() {
    let contract = Arc::new(contract());
    let texts = contract.texts();
    let config = MockConfig::clean(Arc::clone(&contract), Arc::new(Profile::default()));
    let front = Front::new(&config).expect("a mock");
    for (id, target, media, body, wanted) in ROWS {
        let operation = contract.operation(id).expect("an operation");
        let headers = [("content-type".to_owned(), (*media).to_owned())];
        let (status, _, answer) =
            front.answer(&operation.method, target, &headers, body.as_bytes());
        assert_eq!(status, *wanted, "{id} {target} {body}");
        let documented = operation.response(status).expect("documented");
        if documented.media_type.is_some() {
            let answer: Value = serde_json::from_slice(&answer).expect("JSON");
            let Some(schema) = &documented.schema else {
                continue;
            };
            let certainty = assess(schema, &answer, &texts).certainty;
            assert_ne!(
                certainty,
                Assessment::SurelyInvalid,
                "{id} {target} {body}: {answer}"
            );
        }
    }
}

/// A form without fields is no octet, and where the body may be absent none is no wrong one.
#[test]
fn nothing_is_no_wrong_body_where_none_is_required() {
    let mut contract = contract();
    let optional = ["ask", "createThing"];
    // Only these: a plan is made for each operation.
    contract
        .operations
        .retain(|o| optional.contains(&o.id.as_str()));
    let (texts, profile): (Texts, Profile) = (contract.texts(), Profile::default());
    let context = Context::new(&contract, &profile, &texts);
    let refused = plan(&context, Some(600)).cases.into_iter().filter(|case| {
        optional.contains(&case.operation.as_str()) && matches!(case.expect, Expect::Refused { .. })
    });
    let empty = refused.filter(|case| match &case.request {
        Request::Http(http) => http.body.as_ref().is_some_and(Vec::is_empty),
        Request::Raw(_) => false,
    });
    assert_eq!(empty.map(|case| case.id).collect::<Vec<_>>(), [""; 0]);
}
