//! Plausible values of a schema: what a new device is set to, and what it answers.

use crate::validate::Validator;
use probity_contract::{JsonType, Schema};
use probity_pattern::Texts;
use serde_json::{Map, Value, json};

/// Settings of a new device: the published example where the device takes it, else built.
pub(super) fn initial(
    schema: &Schema,
    examples: &[(String, Value)],
    texts: &Texts,
    validator: &Validator,
) -> Value {
    examples
        .iter()
        .map(|(_, v)| v.clone())
        .find(|v| validator.check(schema, v).is_none())
        .or_else(|| plausible(schema, texts))
        .unwrap_or_default()
}

/// How deep a plausible value goes: a schema may contain itself.
const DEEPEST: usize = 12;

/// A plausible value of a schema, all members present but those that lead round in a circle.
pub(super) fn plausible(schema: &Schema, texts: &Texts) -> Option<Value> {
    built(schema, texts, DEEPEST)
}

/// The default of a schema, where it keeps the schema's own type, list and bounds.
fn default_of(schema: &Schema) -> Option<Value> {
    let value = schema.default.as_ref()?;
    let of = |kind: &JsonType| match (kind, value) {
        (JsonType::Null, Value::Null)
        | (JsonType::Boolean, Value::Bool(_))
        | (JsonType::String, Value::String(_))
        | (JsonType::Number, Value::Number(_))
        | (JsonType::Array, Value::Array(_)) => true,
        (JsonType::Integer, Value::Number(n)) => !n.is_f64(),
        // The members of an object have values of their own.
        _ => false,
    };
    let listed = schema
        .enum_values
        .as_ref()
        .is_none_or(|all| all.contains(value));
    let kept = schema.types.is_empty() || schema.types.iter().any(of);
    (listed && kept && !value.is_object()).then(|| value.clone())
}

/// [`plausible`], so many schemas deep.
fn built(schema: &Schema, texts: &Texts, left: usize) -> Option<Value> {
    let left = left.checked_sub(1)?;
    if let Some(value) = schema
        .const_value
        .clone()
        .or_else(|| default_of(schema))
        .or_else(|| schema.enum_values.as_ref()?.first().cloned())
    {
        return Some(value);
    }
    let part = schema
        .one_of
        .first()
        .or_else(|| schema.any_of.first())
        .map(|s| built(s, texts, left));
    match schema.types.iter().find(|t| **t != JsonType::Null) {
        Some(JsonType::String) => {
            let example = schema.examples.iter().find(|v| v.is_string()).cloned();
            let rule = schema.rule()?;
            let valid = || texts.get(&rule)?.valid().map(Value::String);
            example.or_else(valid).or_else(|| Some(json!("text")))
        }
        Some(JsonType::Integer | JsonType::Number) => {
            let example = schema.examples.iter().find(|v| v.is_number()).cloned();
            example.or_else(|| {
                let low = schema.minimum.as_ref();
                let value = low.map_or(1, |b| {
                    b.value.as_i64().unwrap_or(1) + i64::from(b.exclusive)
                });
                Some(json!(value))
            })
        }
        Some(JsonType::Boolean) => Some(json!(false)),
        Some(JsonType::Array) => {
            let least = schema.min_items.unwrap_or(0);
            if least == 0 && schema.items.as_ref().is_some_and(|i| i.leads_back()) {
                return Some(json!([]));
            }
            let item = schema.items.as_ref().and_then(|i| built(i, texts, left));
            let item = match (item, schema.items.is_some()) {
                // What would hold itself without end ends with none.
                (None, true) if least == 0 => return Some(json!([])),
                (item, _) => item.unwrap_or(json!(0)),
            };
            let count = least.clamp(1, 16);
            Some(Value::Array((0..count).map(|_| item.clone()).collect()))
        }
        Some(JsonType::Object) => {
            let mut map = Map::new();
            for (name, member) in &schema.properties {
                if member.leads_back() && !schema.required.contains(name) {
                    continue;
                }
                // A member of any type has a value like any other.
                let value = built(member, texts, left).unwrap_or_else(|| json!("text"));
                map.insert(name.clone(), value);
            }
            for name in &schema.required {
                map.entry(name.clone()).or_insert_with(|| json!("text"));
            }
            if let Some(Some(Value::Object(more))) = part {
                map.extend(more);
            }
            for all in &schema.all_of {
                if let Some(Value::Object(more)) = built(all, texts, left) {
                    map.extend(more);
                }
            }
            Some(Value::Object(map))
        }
        Some(JsonType::Null) => Some(Value::Null),
        None => part
            .flatten()
            .or_else(|| schema.examples.first().cloned())
            .or_else(|| {
                (!schema.properties.is_empty()).then(|| {
                    let members = schema.properties.iter();
                    let members = members.filter(|(_, s)| !s.leads_back());
                    members
                        .filter_map(|(n, s)| Some((n.clone(), built(s, texts, left)?)))
                        .collect()
                })
            }),
    }
}
