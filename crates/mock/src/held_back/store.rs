//! What firmware keeps of what it has accepted, and of what it has refused.

use crate::fault::Planted;
use percent_encoding::percent_decode_str;
use probity_contract::{JsonType, Operation};
use serde_json::{Map, Value, json};

/// What is kept of a valid body.
pub(crate) fn kept(planted: &Planted, new: &mut Value) {
    match new {
        Value::String(text) => *text = kept_text(planted, text),
        Value::Number(number) => {
            if let Some(n) = number.as_i64() {
                let digits: String = n.to_string().chars().take(4).collect();
                if planted.has("stores-four-digits") {
                    *number = digits.parse::<i64>().unwrap_or(n).into();
                }
                if planted.has("stores-eight-bits") {
                    *number = (n & 0xFF).into();
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|v| kept(planted, v)),
        Value::Object(members) => members.values_mut().for_each(|v| kept(planted, v)),
        _ => {}
    }
}

fn kept_text(planted: &Planted, text: &str) -> String {
    let mut text = text.to_owned();
    let until = |text: &str, stops: &[char]| {
        let end = text.find(stops).unwrap_or(text.len());
        text.get(..end).unwrap_or_default().to_owned()
    };
    if planted.has("stores-trimmed") {
        text = text.trim().to_owned();
    }
    if planted.has("stores-percent-decoded") {
        text = percent_decode_str(&text).decode_utf8_lossy().into_owned();
    }
    if planted.has("stores-plus-as-blank") {
        text = text.replace('+', " ");
    }
    if planted.has("stores-until-comment") {
        text = until(&text, &['#', ';']);
    }
    if planted.has("stores-until-quote") {
        text = until(&text, &['"']);
    }
    if planted.has("stores-expanded")
        && let Some((before, rest)) = text.split_once('$')
    {
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        text = format!("{before}{rest}");
    }
    text
}

/// Numbers as the read-back shows them.
pub(crate) fn shown(planted: &Planted, value: &mut Value) {
    if !planted.has("reads-number-as-text") {
        return;
    }
    match value {
        Value::Number(n) => *value = json!(n.to_string()),
        Value::Array(items) => items.iter_mut().for_each(|v| shown(planted, v)),
        Value::Object(members) => members.values_mut().for_each(|v| shown(planted, v)),
        _ => {}
    }
}

/// What a refused body leaves behind.
pub(crate) fn left_behind(
    planted: &Planted,
    operation: &Operation,
    new: &Map<String, Value>,
    settings: &mut Map<String, Value>,
) {
    let Some(body) = &operation.body else { return };
    for (name, rules) in &body.schema.properties {
        let optional = !body.schema.required.contains(name);
        let nested = rules.types.contains(&JsonType::Object);
        if let Some(member) = new.get(name)
            && ((optional && planted.has("refusal-stores-optional"))
                || (nested && planted.has("refusal-stores-nested")))
        {
            settings.insert(name.clone(), member.clone());
        }
    }
}
