//! What firmware makes of names and types before it checks, and what it forgets to check.

use crate::fault::Planted;
use crate::service::Act;
use probity_contract::{FieldPath, JsonType, Operation, Schema, SchemaRef};
use serde_json::{Map, Value, json};

/// A value as this device reads it: names and types changed where a fault is lenient.
pub(crate) fn read(planted: &Planted, schema: &Schema, value: Value) -> Value {
    let value = match value {
        Value::Array(mut items)
            if items.len() == 1
                && planted.has("array-of-one")
                && !schema.types.contains(&JsonType::Array) =>
        {
            items.pop().unwrap_or_default()
        }
        Value::String(text)
            if planted.has("object-in-string") && schema.types.contains(&JsonType::Object) =>
        {
            match serde_json::from_str::<Value>(&text) {
                Ok(inner) if inner.is_object() => inner,
                _ => Value::String(text),
            }
        }
        Value::Number(n)
            if planted.has("nearly-whole") && schema.types.contains(&JsonType::Integer) =>
        {
            let narrow = n.as_f64().map(|f| f as f32);
            match narrow.filter(|f| n.is_f64() && f.fract() == 0.0 && f.abs() < 1e9) {
                Some(whole) => json!(whole as i64),
                None => Value::Number(n),
            }
        }
        other => other,
    };
    let Value::Object(members) = value else {
        return value;
    };
    let mut out = Map::new();
    for (name, member) in members {
        let name = known_name(planted, schema, name);
        let member = match schema.property(&name) {
            Some(rules) => read(planted, rules, member),
            None => member,
        };
        out.insert(name, member);
    }
    Value::Object(out)
}

fn known_name(planted: &Planted, schema: &Schema, name: String) -> String {
    if schema.property(&name).is_some() {
        return name;
    }
    let fits = |known: &str| {
        (planted.has("names-any-case") && known.eq_ignore_ascii_case(&name))
            || (planted.has("names-prefix") && name.starts_with(known))
            || (planted.has("names-trimmed") && known == name.trim())
    };
    let known = schema.properties.iter().find(|(known, _)| fits(known));
    known.map_or(name, |(known, _)| known.clone())
}

/// Whether a value is not looked at: nothing that is wrong with it counts.
pub(crate) fn unchecked(
    planted: &Planted,
    fits_type: bool,
    value: &Value,
    path: &FieldPath,
) -> bool {
    let nested = path.0.len() > 1;
    (nested && planted.has("nested-unchecked"))
        || (nested && !fits_type && planted.has("nested-types-unchecked"))
        || (*value == json!("") && planted.has("empty-passes"))
}

/// What becomes of a member of an object before it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Member {
    /// It is checked.
    Checked,
    /// It counts as absent.
    Absent,
    /// It is not checked.
    Skipped,
    /// The check ends here.
    End,
}

/// How a device with a planted fault treats one member of an object.
pub(crate) fn member(
    planted: &Planted,
    schema: &Schema,
    name: &str,
    value: Option<&Value>,
) -> Member {
    let required = schema.required.iter().any(|r| r == name);
    let Some(value) = value else {
        let last = schema.required.last().is_some_and(|r| r == name);
        return match () {
            () if planted.has("early-return") && !required => Member::End,
            () if planted.has("last-required-unchecked") && last => Member::Skipped,
            () => Member::Checked,
        };
    };
    let falsy = matches!(value, Value::Null | Value::Bool(false))
        || *value == json!("")
        || *value == json!([])
        || *value == json!({})
        || value.as_f64() == Some(0.0);
    if falsy && planted.has("falsy-is-missing") {
        return Member::Absent;
    }
    let mut strings = schema
        .properties
        .iter()
        .filter(|(_, s)| s.types == [JsonType::String]);
    let second = strings.nth(1).is_some_and(|(n, _)| n == name);
    if second && planted.has("neighbour-is-checked") {
        return Member::Skipped;
    }
    Member::Checked
}

/// Whether a value outside an enumeration passes.
pub(crate) fn in_enum(planted: &Planted, values: &[Value], text: &str) -> bool {
    let known: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
    let like = |k: &&str| k.chars().next() == text.chars().next() && k.len() == text.len();
    (planted.has("enum-substring") && known.join(",").contains(text))
        || (planted.has("enum-first-character") && known.iter().any(like))
}

/// What a body does to a device that is not careful with what it has parsed.
pub(crate) fn struck(
    planted: &Planted,
    operation: &Operation,
    value: &Value,
) -> Option<(u16, Act)> {
    let (body, members) = (operation.body.as_ref()?, value.as_object()?);
    let objects = || {
        let is_object = |s: &Schema| s.types == [JsonType::Object];
        let fields = body.schema.properties.iter();
        fields.filter_map(move |(name, s)| members.get(name).filter(|_| is_object(s)))
    };
    let required = |name: &String| body.schema.required.contains(name);
    let absent = |(name, _): &(String, SchemaRef)| !required(name) && !members.contains_key(name);
    if (planted.has("crash-on-empty-object") && objects().any(|o| *o == json!({})))
        || (planted.has("crash-on-scalar-object")
            && objects().any(|o| !o.is_object() && !o.is_array()))
        || (planted.has("crash-without-optional") && body.schema.properties.iter().any(absent))
    {
        return Some((500, Act::Restart));
    }
    if planted.has("null-500") && members.values().any(Value::is_null) {
        return Some((500, Act::Answer));
    }
    None
}

/// Whether matching a text would never end on an engine that backtracks.
pub(crate) fn backtracks(planted: &Planted, value: &Value, path: &FieldPath) -> bool {
    let text = || value.pointer(&path.pointer())?.as_str();
    planted.has("backtracks")
        && text().is_some_and(|t| {
            t.split(|c: char| !c.is_ascii_alphanumeric())
                .any(|run| run.len() >= 25)
        })
}
