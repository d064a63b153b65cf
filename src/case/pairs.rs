//! Two faults in one body.

use super::bodies::{Bodies, main_type};
use super::build::{get, remove, set};
use super::builder::{BodyCases, BodyDraft, WhenOpen};
use super::model::{Case, Context, Strategy};
use super::mutate::mutants;
use crate::contract::{FieldPath, JsonType, Operation, Schema};
use crate::pattern::Assessment;
use serde_json::{Map, Value, json};

/// See [`Strategy::explain`].
#[derive(Debug)]
pub struct Pairs;

impl Strategy for Pairs {
    fn name(&self) -> &'static str {
        "pairs"
    }

    fn explain(&self) -> &'static str {
        "Two faults in one body, with the members in both orders: either may be answered, and \
         which one is recorded, but the text must fit the field that it names. Firmware that \
         collects errors in one variable answers the text of the one with the name of the other, \
         accepts when the second check overwrites the first, or stores what came before."
    }

    fn cases(&self, context: &Context<'_>, op: &Operation) -> Vec<Case> {
        let mut cases = Vec::new();
        if let Some(mut builder) = BodyCases::of(context, op, self.name()) {
            pairs(&mut builder);
            behind_a_gap(&mut builder);
            cases.append(&mut builder.into_cases());
        }
        cases
    }
}

/// The last field of a wrong type in a body without the optional members before it: a check that
/// ends at the first member that is not there does not come so far.
fn behind_a_gap(builder: &mut BodyCases<'_, '_>) {
    let fields: Vec<(FieldPath, Schema, bool)> = builder
        .bodies
        .fields()
        .into_iter()
        .map(|f| (f.path, f.schema.clone(), f.required))
        .collect();
    let last = fields.iter().rev().find(|(path, _, _)| path.0.len() == 1);
    let Some((path, schema, _)) = last else {
        return;
    };
    let wrong = match main_type(schema) {
        Some(JsonType::String) | None => json!(7),
        _ => json!("text"),
    };
    let Some(body) = set(&builder.bodies.minimal, path, wrong) else {
        return;
    };
    if builder.bodies.assess(&body).certainty != Assessment::SurelyInvalid {
        return;
    }
    builder.add_body(BodyDraft {
        field: path,
        keyword: "type",
        name: "type-behind-a-gap".to_owned(),
        title: format!("{path} is of another type, and no optional member stands before it"),
        class: "pair:gap".to_owned(),
        tier: 1,
        body,
        bytes: None,
        when_open: WhenOpen::Drop,
    });
}

/// How one field is spoilt.
#[derive(Clone, Copy)]
enum Spoil {
    Absent,
    WrongType,
    Null,
    Constraint,
}

impl Spoil {
    fn word(self) -> &'static str {
        match self {
            Spoil::Absent => "absent",
            Spoil::WrongType => "type",
            Spoil::Null => "null",
            Spoil::Constraint => "constraint",
        }
    }
}

fn pairs(builder: &mut BodyCases<'_, '_>) {
    let fields: Vec<(FieldPath, Schema, bool)> = builder
        .bodies
        .fields()
        .into_iter()
        .map(|f| (f.path, f.schema.clone(), f.required))
        .collect();
    let required: Vec<&FieldPath> = fields.iter().filter(|f| f.2).map(|f| &f.0).collect();
    let all: Vec<&FieldPath> = fields.iter().map(|f| &f.0).collect();
    let ruled: Vec<&FieldPath> = fields
        .iter()
        .filter(|(path, schema, _)| breaking(&builder.bodies, path, schema).is_some())
        .map(|f| &f.0)
        .collect();
    let (first, last) = (required.first().copied(), required.last().copied());
    let middle = required.get(required.len() / 2).copied();
    let end = all.last().copied();
    let rule = ruled.first().copied();
    let other_rule = ruled.last().copied();
    let wanted = [
        (first, Spoil::Absent, last, Spoil::Absent, 1),
        (first, Spoil::Absent, end, Spoil::WrongType, 1),
        (first, Spoil::WrongType, middle, Spoil::Absent, 1),
        (first, Spoil::WrongType, end, Spoil::WrongType, 1),
        (rule, Spoil::Constraint, last, Spoil::Absent, 1),
        (rule, Spoil::Constraint, middle, Spoil::WrongType, 2),
        (rule, Spoil::Constraint, other_rule, Spoil::Constraint, 2),
        (middle, Spoil::Null, last, Spoil::Absent, 2),
        (middle, Spoil::Absent, other_rule, Spoil::Constraint, 2),
        (middle, Spoil::WrongType, last, Spoil::WrongType, 3),
    ];
    for (a, spoil_a, b, spoil_b, tier) in wanted {
        let (Some(a), Some(b)) = (a, b) else { continue };
        // The same field, or one within the other.
        if a.0.starts_with(&b.0) || b.0.starts_with(&a.0) {
            continue;
        }
        let Some(start) = builder.bodies.holding(a) else {
            continue;
        };
        let body = spoil(&builder.bodies, &fields, start, a, spoil_a)
            .and_then(|body| spoil(&builder.bodies, &fields, body, b, spoil_b));
        let Some(body) = body else { continue };
        if builder.bodies.assess(&body).certainty != Assessment::SurelyInvalid {
            continue;
        }
        let name = format!("{}-and-{}-{}", spoil_a.word(), b.dotted(), spoil_b.word());
        let title = format!("{a} {}, {b} {}", spoilt(spoil_a), spoilt(spoil_b));
        let turned = backwards(&body);
        for (suffix, words, body, tier) in [
            ("", "", body, tier),
            ("-backwards", ", members backwards", turned, tier + 1),
        ] {
            builder.add_body(BodyDraft {
                field: a,
                keyword: "type",
                name: format!("{name}{suffix}"),
                title: format!("{title}{words}"),
                class: format!("pair:{}+{}", spoil_a.word(), spoil_b.word()),
                tier,
                body,
                bytes: None,
                when_open: WhenOpen::Drop,
            });
        }
    }
}

fn spoilt(spoil: Spoil) -> &'static str {
    match spoil {
        Spoil::Absent => "is absent",
        Spoil::WrongType => "is of another type",
        Spoil::Null => "is null",
        Spoil::Constraint => "breaks a rule",
    }
}

fn spoil(
    bodies: &Bodies<'_, '_>,
    fields: &[(FieldPath, Schema, bool)],
    body: Value,
    path: &FieldPath,
    how: Spoil,
) -> Option<Value> {
    let (_, schema, _) = fields.iter().find(|f| f.0 == *path)?;
    get(&body, path)?;
    match how {
        Spoil::Absent => remove(&body, path),
        Spoil::Null => set(&body, path, Value::Null),
        Spoil::WrongType => {
            let wrong = match main_type(schema) {
                Some(JsonType::String) | None => json!(7),
                _ => json!("text"),
            };
            set(&body, path, wrong)
        }
        Spoil::Constraint => set(&body, path, breaking(bodies, path, schema)?),
    }
}

/// A value of the right type that the page surely forbids.
fn breaking(bodies: &Bodies<'_, '_>, path: &FieldPath, schema: &Schema) -> Option<Value> {
    let invalid = |value: &Value| {
        bodies
            .with(path, value.clone())
            .is_some_and(|body| bodies.assess(&body).certainty == Assessment::SurelyInvalid)
    };
    let candidates: Vec<Value> = match main_type(schema)? {
        JsonType::String => {
            let sample = bodies.sample(path)?;
            let text = sample.as_str()?.to_owned();
            let mut texts: Vec<Value> = Vec::new();
            if let Some(max) = schema.max_length.and_then(|m| usize::try_from(m).ok()) {
                texts.push(Value::from("a".repeat(max.min(10_000) + 1)));
            }
            texts.extend(mutants(&text).into_iter().map(|m| Value::from(m.text)));
            texts.push(json!(""));
            if let Some(found) = texts.iter().find(|value| invalid(value)) {
                return Some(found.clone());
            }
            // From the automaton last: it takes a walk.
            let near = bodies.text_of(schema).map(|t| t.near_misses(4));
            let near = near.unwrap_or_default().into_iter();
            near.map(|sample| Value::from(sample.text)).collect()
        }
        JsonType::Integer | JsonType::Number => {
            let beyond = |v: Option<i64>, by: i64| v.and_then(|v| v.checked_add(by));
            let low = schema.minimum.as_ref().and_then(|b| b.value.as_i64());
            let high = schema.maximum.as_ref().and_then(|b| b.value.as_i64());
            [beyond(low, -1), beyond(high, 1)]
                .into_iter()
                .flatten()
                .map(Value::from)
                .collect()
        }
        _ => Vec::new(),
    };
    candidates.into_iter().find(invalid)
}

/// The members of every object in reverse order.
fn backwards(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let members = map.iter().rev().map(|(n, v)| (n.clone(), backwards(v)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(backwards).collect()),
        scalar => scalar.clone(),
    }
}
