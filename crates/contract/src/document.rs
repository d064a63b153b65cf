//! From bytes to one JSON value: YAML 1.2 or JSON, bounded in size, depth and expansion, without
//! members that are there twice. Imports [`super::model`] alone.

use super::model::ContractError;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Largest document, in octets.
pub(super) const LARGEST: usize = 16 << 20;
/// Deepest nesting of a document; `serde_json` has the same limit for JSON.
const DEEPEST: usize = 128;
/// Most mappings, sequences and scalars of a YAML document.
const MOST_NODES: usize = 1_000_000;
/// Most events that the aliases of a YAML document may expand to ("billion laughs").
const MOST_ALIASED: usize = 200_000;

/// Parses a document: JSON where it begins like JSON, YAML otherwise. Plain scalars are read by the
/// core schema of YAML 1.2 (§10.3.2), as OpenAPI asks (3.1 §4.3): `yes`, `no`, `on`, `off` and `y`
/// are text.
///
/// # Errors
/// Not UTF-8, too large, too deep, not well-formed, a member twice: with line and column.
pub(super) fn parse(file: &str, bytes: &[u8]) -> Result<Value, ContractError> {
    let error = |place: String, reason: String| ContractError {
        file: file.to_owned(),
        place,
        reason,
    };
    if bytes.len() > LARGEST {
        return Err(error(
            String::new(),
            format!("larger than {LARGEST} octets"),
        ));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|e| error(format!("octet {}", e.valid_up_to()), "not UTF-8".to_owned()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.trim_start().starts_with(['{', '[']) {
        return yaml(text).map_err(|(place, reason)| error(place, reason));
    }
    match json(text) {
        Ok(value) => Ok(value),
        // Flow collections of YAML begin like this, too. The error of JSON is the better guess.
        Err((place, reason)) => yaml(text).map_err(|_| error(place, reason)),
    }
}

fn json(text: &str) -> Result<Value, (String, String)> {
    serde_json::from_str::<Tree>(text)
        .map(|tree| tree.0)
        .map_err(|e| {
            let place = format!("line {}, column {}", e.line(), e.column());
            let reason = e.to_string();
            let suffix = format!(" at line {} column {}", e.line(), e.column());
            let reason = reason.strip_suffix(&suffix).unwrap_or(&reason);
            (place, format!("not JSON: {reason}"))
        })
}

/// How YAML is read: plain scalars as core schema says, everything bounded.
pub(super) fn yaml_options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_reader_input_bytes: Some(LARGEST),
            max_depth: DEEPEST,
            max_nodes: MOST_NODES,
            max_events: 3 * MOST_NODES,
            max_documents: 1,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MOST_ALIASED,
        },
    }
}

fn yaml(text: &str) -> Result<Value, (String, String)> {
    serde_saphyr::from_str_with_options::<Tree>(text, yaml_options())
        .map(|tree| tree.0)
        .map_err(|e| {
            let reason = e.to_string();
            let Some(location) = e.location() else {
                return (String::new(), format!("not YAML: {reason}"));
            };
            let (line, column) = (location.line(), location.column());
            let suffix = format!(" at line {line}, column {column}");
            let reason = reason.strip_suffix(&suffix).unwrap_or(&reason);
            // The parser's advice to its own users says nothing to ours.
            let reason = reason.split(", set DuplicateKeyPolicy").next();
            let reason = format!("not YAML: {}", reason.unwrap_or_default());
            (format!("line {line}, column {column}"), reason)
        })
}

/// A [`Value`] in which no member is there twice: which of the two holds differs between parsers
/// (RFC 8259 §4).
struct Tree(Value);

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Tree, D::Error> {
        from.deserialize_any(TreeVisitor).map(Tree)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    // Integers beyond 64 bits come as this, and lose precision, as everywhere in JSON (RFC 8259 §6).
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number must be finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Tree(item)) = from.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = from.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(A::Error::custom(format!(
                    "the member `{name}` is there twice"
                )));
            }
            let Tree(value) = from.next_value()?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}
