//! Types and presence: each field absent, null, of every other JSON type, and of the types that
//! look like its own.

use super::bodies::{Bodies, main_type};
use super::build::remove;
use super::builder::{BodyCases, BodyDraft, WhenOpen};
use super::model::{Case, Context, Strategy};
use super::nearby::nearby;
use crate::contract::{FieldPath, JsonType, Operation, Step};
use crate::pattern::Assessment;
use serde_json::{Value, json};

/// See [`Strategy::explain`].
#[derive(Debug)]
pub struct Types;

impl Strategy for Types {
    fn name(&self) -> &'static str {
        "types"
    }

    fn explain(&self) -> &'static str {
        "Every field is left out, set to null, and set to each other JSON type, above all to what \
         looks like its own type: \"5060\" for 5060, 1 for true, [x] for x. Firmware reads JSON \
         through getters that convert in silence (a number's text, a text's number, the first \
         item of a list) or return null for the wrong type, and then answers the wrong text, \
         names the wrong field, or crashes. The body itself is replaced by every other type too."
    }

    fn is_first(&self) -> bool {
        true
    }

    fn cases(&self, context: &Context<'_>, op: &Operation) -> Vec<Case> {
        let mut cases = Vec::new();
        if let Some(mut builder) = BodyCases::of(context, op, self.name()) {
            absences(&mut builder);
            wrong_types(&mut builder);
            roots(&mut builder);
            nearby(&mut builder);
            cases.append(&mut builder.into_cases());
        }
        cases
    }
}

/// Each required field absent from a full and, where that is another body, from a minimal body.
fn absences(builder: &mut BodyCases<'_, '_>) {
    let mut paths: Vec<FieldPath> = builder
        .bodies
        .fields()
        .into_iter()
        .map(|f| f.path)
        .collect();
    // Too few items are the strategy `constraints`' business.
    paths.retain(|path| !matches!(path.0.last(), Some(Step::Item)));
    for path in &paths {
        let full = builder
            .bodies
            .holding(path)
            .and_then(|body| remove(&body, path));
        if let Some(body) = full {
            // An optional member is left out by the strategy `valid`.
            if builder.bodies.assess(&body).certainty == Assessment::SurelyValid {
                continue;
            }
            builder.add_body(BodyDraft {
                field: path,
                keyword: "required",
                name: "absent".to_owned(),
                title: format!("{path} is absent"),
                class: "absent".to_owned(),
                tier: 0,
                body,
                bytes: None,
                when_open: WhenOpen::AskAndRead(
                    "whether a member that is not marked may be absent",
                ),
            });
        }
    }
    let containers: Vec<FieldPath> = builder
        .bodies
        .fields()
        .into_iter()
        .filter(|f| {
            main_type(f.schema) == Some(JsonType::Object) && !f.schema.properties.is_empty()
        })
        .map(|f| f.path)
        .collect();
    for path in &containers {
        if let Some(body) = builder.bodies.with(path, json!({})) {
            builder.add_body(BodyDraft {
                field: path,
                keyword: "required",
                name: "empty-object".to_owned(),
                title: format!("{path} is an empty object"),
                class: "empty-object".to_owned(),
                tier: 0,
                body,
                bytes: None,
                when_open: WhenOpen::Ask("whether an object may be empty"),
            });
        }
    }
}

fn wrong_types(builder: &mut BodyCases<'_, '_>) {
    let fields: Vec<(FieldPath, Option<JsonType>)> = builder
        .bodies
        .fields_and_entries()
        .into_iter()
        .map(|f| (f.path, main_type(f.schema)))
        .collect();
    for (path, kind) in &fields {
        let Some(sample) = builder.bodies.sample(path) else {
            continue;
        };
        for other in others(*kind, &sample, || {
            telling_number(&builder.bodies, path, &sample)
        }) {
            let Some(body) = builder.bodies.with(path, other.value.clone()) else {
                continue;
            };
            builder.add_body(BodyDraft {
                field: path,
                keyword: "type",
                name: other.name.to_owned(),
                title: format!("{path} is {}", other.words),
                class: format!("type:{}", other.name),
                tier: other.tier,
                body,
                bytes: None,
                when_open: WhenOpen::Drop,
            });
        }
    }
}

/// A number for a string: one whose digits the field's own rules allow, so that only its type is
/// wrong; of an enumeration, the place of a word.
fn telling_number(bodies: &Bodies<'_, '_>, path: &FieldPath, sample: &Value) -> Value {
    let listed = bodies.fields().into_iter().find(|f| f.path == *path);
    if listed.is_some_and(|f| f.schema.enum_values.is_some()) {
        return json!(1);
    }
    let valid = |number: &Value| {
        let body = bodies.with(path, Value::from(number.to_string()));
        body.is_some_and(|b| bodies.assess(&b).certainty == Assessment::SurelyValid)
    };
    let digits = sample.as_str().and_then(|s| s.parse::<u32>().ok());
    let usual = Value::from(digits.unwrap_or(101));
    let mut numbers = [usual.clone(), json!(123_456), json!(1_234_567_890)].into_iter();
    numbers.find(valid).unwrap_or(usual)
}

/// A value of another type.
struct Other {
    name: &'static str,
    words: String,
    tier: u8,
    value: Value,
}

fn other(name: &'static str, words: &str, tier: u8, value: Value) -> Other {
    Other {
        name,
        words: words.to_owned(),
        tier,
        value,
    }
}

/// What to put in place of a value of `kind`, the most telling first. Values that the field's own
/// rules allow are sorted out later by what the page says of them. `number` is that for a string.
fn others(kind: Option<JsonType>, sample: &Value, number: impl FnOnce() -> Value) -> Vec<Other> {
    let mut out = vec![other("null", "null", 0, Value::Null)];
    out.extend(match kind {
        Some(JsonType::String) | None => for_string(sample, number()),
        Some(JsonType::Integer) => {
            let mut others = fractions(sample);
            others.extend(for_number(sample));
            others
        }
        Some(JsonType::Number) => for_number(sample),
        Some(JsonType::Boolean) => for_boolean(sample),
        Some(JsonType::Object) => for_object(sample),
        Some(JsonType::Array) => for_array(sample),
        Some(JsonType::Null) => for_null(),
    });
    out
}

fn in_text(sample: &Value) -> Value {
    Value::from(sample.to_string())
}

fn for_string(sample: &Value, number: Value) -> Vec<Other> {
    vec![
        other("number", "a number", 0, number),
        other("array-of-one", "its value in an array", 1, json!([sample])),
        other("true", "true", 1, json!(true)),
        other("object", "an empty object", 1, json!({})),
        other("array", "an empty array", 1, json!([])),
        other("false", "false", 3, json!(false)),
        other("zero", "0", 3, json!(0)),
        other(
            "object-of-one",
            "its value in an object",
            3,
            json!({"value": sample}),
        ),
        other("fraction", "a number with a fraction", 3, json!(1.5)),
    ]
}

/// Numbers for an integer.
fn fractions(sample: &Value) -> Vec<Other> {
    let half = sample.as_f64().map_or(0.5, |v| v + 0.5);
    let mut out = vec![other(
        "fraction",
        "a number with a fraction",
        0,
        json!(half),
    )];
    // Whole in 32 bits of a float.
    let nearly = sample.as_f64().filter(|v| v.abs() >= 1.0);
    out.extend(nearly.map(|v| {
        let value = json!(v * (1.0 + 1e-10));
        other("nearly-whole", "a number that is nearly whole", 2, value)
    }));
    out
}

fn for_number(sample: &Value) -> Vec<Other> {
    vec![
        other(
            "digits-in-text",
            "its digits as a string",
            0,
            in_text(sample),
        ),
        other("true", "true", 1, json!(true)),
        other("text", "a string", 1, json!("text")),
        other("array-of-one", "its value in an array", 1, json!([sample])),
        other("object", "an empty object", 1, json!({})),
        other("empty-text", "an empty string", 1, json!("")),
        other("array", "an empty array", 2, json!([])),
        other("false", "false", 3, json!(false)),
        other(
            "object-of-one",
            "its value in an object",
            3,
            json!({"value": sample}),
        ),
        other(
            "hex-in-text",
            "a hexadecimal number as a string",
            3,
            json!("0x10"),
        ),
    ]
}

fn for_boolean(sample: &Value) -> Vec<Other> {
    vec![
        other("number", "1", 0, json!(1)),
        other("word-in-text", "\"true\"", 0, json!("true")),
        other("zero", "0", 1, json!(0)),
        other("empty-text", "an empty string", 1, json!("")),
        other("array", "an empty array", 1, json!([])),
        other("object", "an empty object", 1, json!({})),
        other("array-of-one", "its value in an array", 3, json!([sample])),
        other("yes", "\"yes\"", 2, json!("yes")),
        other("digit-in-text", "\"1\"", 3, json!("1")),
    ]
}

fn for_object(sample: &Value) -> Vec<Other> {
    vec![
        other("text", "a string", 0, json!("text")),
        other("array", "an empty array", 0, json!([])),
        other("number", "a number", 1, json!(1)),
        other("array-of-one", "its value in an array", 1, json!([sample])),
        other("true", "true", 1, json!(true)),
        other("json-in-text", "its JSON as a string", 1, in_text(sample)),
        other("empty-text", "an empty string", 2, json!("")),
        other("zero", "0", 3, json!(0)),
        other("false", "false", 3, json!(false)),
    ]
}

fn for_array(sample: &Value) -> Vec<Other> {
    let first = sample.get(0).cloned().unwrap_or(Value::Null);
    vec![
        other("object", "an empty object", 0, json!({})),
        other(
            "item",
            "its first item, without the array",
            0,
            first.clone(),
        ),
        other("text", "a string", 1, json!("a,b")),
        other("number", "a number", 1, json!(1)),
        other("true", "true", 1, json!(true)),
        other("json-in-text", "its JSON as a string", 1, in_text(sample)),
        other("array-of-one", "an array in an array", 1, json!([sample])),
        other(
            "indexed",
            "an object with the members \"0\"…",
            2,
            json!({"0": first}),
        ),
        other("empty-text", "an empty string", 2, json!("")),
    ]
}

fn for_null() -> Vec<Other> {
    vec![
        other("text", "a string", 1, json!("null")),
        other("false", "false", 1, json!(false)),
        other("zero", "0", 3, json!(0)),
    ]
}

/// The body itself of every other type.
fn roots(builder: &mut BodyCases<'_, '_>) {
    let root = FieldPath::root();
    let kind = main_type(builder.bodies.schema);
    let mut sent = vec![
        other("root-array", "an empty array", 0, json!([])),
        other("root-null", "null", 0, json!(null)),
        other("root-text", "a string", 0, json!("text")),
        other(
            "root-array-of-one",
            "the body in an array",
            1,
            json!([builder.bodies.other]),
        ),
        other("root-number", "a number", 1, json!(1)),
        other("root-true", "true", 1, json!(true)),
        other(
            "root-json-in-text",
            "the body's JSON as a string",
            1,
            Value::from(builder.bodies.other.to_string()),
        ),
        other("root-false", "false", 2, json!(false)),
        other("root-zero", "0", 2, json!(0)),
        other("root-empty-text", "an empty string", 2, json!("")),
    ];
    if kind == Some(JsonType::Object) {
        sent.push(other("root-empty-object", "an empty object", 0, json!({})));
        let wrapped = json!({"data": builder.bodies.other});
        sent.push(other("root-wrapped", "the body in a member", 2, wrapped));
    } else {
        sent.push(other("root-object", "an empty object", 0, json!({})));
    }
    for other in sent {
        builder.add_body(BodyDraft {
            field: &root,
            keyword: "type",
            name: other.name.to_owned(),
            title: format!("the body is {}", other.words),
            class: format!("type:{}", other.name),
            tier: other.tier,
            body: other.value,
            bytes: None,
            when_open: WhenOpen::Drop,
        });
    }
}
