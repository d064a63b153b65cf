//! Values beside a valid one, whatever the schema is made of: a member more and less, an item more
//! and less, plain values of every type and size. Which of them break a rule, the validators say:
//! for schemas whose keywords nothing is generated for.

use super::builder::{BodyCases, BodyDraft, WhenOpen};
use crate::contract::{FieldPath, JsonType, Schema};
use crate::pattern::Assessment;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Most values that are sent for one body.
const MOST: usize = 6;
/// Most that are looked at.
const MOST_TRIED: usize = 200;

/// Adds those that are surely invalid, of several keywords, where the body's schema has rules that
/// no other strategy breaks one by one.
pub(super) fn nearby(builder: &mut BodyCases<'_, '_>) {
    if !has_other_rules(builder.bodies.schema) {
        return;
    }
    let root = FieldPath::root();
    let mut tried: Vec<Value> = Vec::new();
    for value in [
        &builder.bodies.full,
        &builder.bodies.minimal,
        &builder.bodies.second,
    ] {
        beside(value, &mut tried);
    }
    plain(builder.bodies.schema, &mut tried);
    let (mut known, mut broken): (Vec<Value>, BTreeSet<&'static str>) = Default::default();
    let mut later: Vec<(&'static str, Value)> = Vec::new();
    for value in tried.into_iter().take(MOST_TRIED) {
        if known.contains(&value) {
            continue;
        }
        known.push(value.clone());
        let assessed = builder.bodies.assess(&value);
        if assessed.certainty != Assessment::SurelyInvalid {
            continue;
        }
        // Bodies of another type are told apart by the strategy itself.
        let rules = assessed.faults.iter().filter(|f| f.certain);
        let rules: Vec<&'static str> = rules.map(|f| f.keyword).collect();
        let rule = rules.iter().copied().find(|keyword| *keyword != "type");
        let Some(rule) = rule else { continue };
        // What else is wrong with it would be why it is refused.
        if rule_of_count(rule) && rules.iter().any(|other| *other != rule) {
            continue;
        }
        match broken.insert(rule) {
            true => later.insert(broken.len() - 1, (rule, value)),
            false => later.push((rule, value)),
        }
    }
    for (at, (rule, body)) in later.into_iter().take(MOST).enumerate() {
        builder.add_body(BodyDraft {
            field: &root,
            keyword: "type",
            name: format!("nearby-{at}-{rule}"),
            title: format!("a body that breaks `{rule}`"),
            class: format!("nearby:{rule}"),
            tier: 1,
            body,
            bytes: None,
            when_open: WhenOpen::Drop,
        });
    }
}

/// Whether the rules of a body are not those of an object with members alone.
fn has_other_rules(schema: &Schema) -> bool {
    schema.types != [JsonType::Object]
        || schema.properties.is_empty()
        || !schema.pattern_properties.is_empty()
        || schema.property_names.is_some()
        || !schema.dependent_required.is_empty()
        || !schema.dependent_schemas.is_empty()
        || schema.unevaluated_properties.is_some()
        || schema.min_properties.is_some()
        || schema.max_properties.is_some()
        || !schema.any_of.is_empty()
        || !schema.one_of.is_empty()
        || schema.not.is_some()
        || schema.if_schema.is_some()
}

/// Whether a rule is about how many there are: [`super::constraints`] breaks those one by one.
fn rule_of_count(rule: &str) -> bool {
    matches!(
        rule,
        "minItems" | "maxItems" | "minProperties" | "maxProperties"
    )
}

fn beside(value: &Value, out: &mut Vec<Value>) {
    match value {
        Value::Object(members) => {
            for name in members.keys().take(16) {
                let mut less = members.clone();
                less.shift_remove(name);
                out.push(Value::Object(less));
                for other in [
                    json!(null),
                    json!("probity"),
                    json!(1),
                    json!([]),
                    json!({}),
                ] {
                    let mut changed = members.clone();
                    changed.insert(name.clone(), other);
                    out.push(Value::Object(changed));
                }
            }
            for other in [json!("probity"), json!(1), json!(null)] {
                let mut more = members.clone();
                more.insert("probity".to_owned(), other);
                out.push(Value::Object(more));
            }
        }
        Value::Array(items) => {
            let less = items.get(..items.len().saturating_sub(1));
            out.extend(less.map(|less| Value::Array(less.to_vec())));
            let more = [json!("probity"), json!(1), json!(null)].into_iter();
            for other in more.chain(items.first().cloned()) {
                let mut more = items.clone();
                more.push(other.clone());
                out.push(Value::Array(more));
                let mut changed = items.clone();
                if let Some(first) = changed.first_mut() {
                    *first = other;
                }
                out.push(Value::Array(changed));
            }
        }
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or_default();
            let near = [
                number + 1.0,
                number - 1.0,
                number + 0.5,
                -number,
                number * 1e6,
            ];
            out.extend(near.map(Value::from));
        }
        Value::String(text) => {
            let near = [format!("{text}x"), text.to_uppercase(), text.repeat(64)];
            out.extend(near.map(Value::from));
        }
        _ => {}
    }
}

/// Values of every type, and what the schema's own words make interesting.
fn plain(schema: &Schema, out: &mut Vec<Value>) {
    let bounds = [&schema.minimum, &schema.maximum];
    let bounds = bounds
        .into_iter()
        .flatten()
        .filter_map(|b| b.value.as_f64());
    for bound in bounds {
        let near = [bound - 1.0, bound + 1.0, bound];
        out.extend(near.map(|n| match n.fract() == 0.0 && n.abs() < 9e15 {
            true => Value::from(n as i64),
            false => Value::from(n),
        }));
    }
    let many = |count: u64| (0..count.min(300) + 1).map(Value::from).collect::<Vec<_>>();
    out.extend(schema.max_items.map(|most| Value::Array(many(most))));
    let members = |count: u64| -> Map<String, Value> {
        let names = (0..count.min(300) + 1).map(|n| (format!("probity{n}"), json!(1)));
        names.collect()
    };
    out.extend(
        schema
            .max_properties
            .map(|most| Value::Object(members(most))),
    );
    let named =
        |name: &str, value: Value| Value::Object(Map::from_iter([(name.to_owned(), value)]));
    let dependent = schema.dependent_required.iter().map(|(name, _)| name);
    let dependent = dependent.chain(schema.dependent_schemas.iter().map(|(name, _)| name));
    let patterns = schema.pattern_properties.iter();
    // The letters of a pattern are mostly a name that it is about.
    let letters = patterns.map(|(pattern, _)| {
        let kept = pattern.chars().filter(|c| c.is_ascii_alphanumeric());
        kept.collect::<String>()
    });
    let names: Vec<String> = dependent
        .chain(schema.properties.iter().map(|(name, _)| name))
        .cloned()
        .chain(letters)
        .collect();
    for name in names.iter().take(16) {
        let values = [
            json!(1),
            json!("probity"),
            json!(null),
            json!([]),
            json!({}),
        ];
        out.extend(values.map(|value| named(name, value)));
    }
    let all = names.iter().map(|name| (name.clone(), json!(1)));
    out.push(Value::Object(all.collect()));
    out.extend([
        json!({}),
        json!([]),
        json!(""),
        json!(0),
        json!(-1),
        json!(1),
        json!(0.5),
        json!(1_000_000),
        json!("probity"),
        json!("p".repeat(300)),
        json!(true),
        json!(null),
        json!([1, 1]),
        json!(["probity", 1, null]),
        named("probity", json!(1)),
        named("probity", json!("probity")),
    ]);
}
