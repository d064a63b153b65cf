//! Limits that a page does not state and that every device has: how large a number may be where no
//! bound is published, how long a text or a list, which control characters. A value beyond them is
//! never called surely valid, so that nobody is accused of a limit that had to be guessed.

use crate::contract::{Bound, JsonType, Schema};
use serde_json::{Number, Value};

/// Characters that any device takes where no `maxLength` is published and no longer example is
/// shown: a DNS label (RFC 1035 §2.3.4) is the shortest limit in common use.
pub const PLAIN_LENGTH: usize = 63;

/// Items that any device takes where no `maxItems` is published.
pub const PLAIN_ITEMS: usize = 8;

/// The first limit, in a few stable words, that the value exceeds although the page does not state
/// it; `None` where the page covers the value.
pub fn exceeded(schema: &Schema, name: Option<&str>, value: &Value) -> Option<&'static str> {
    let limit = exceeded_here(schema, name, value)?;
    // What the schema leaves open, a part of it may state.
    let parts = schema.all_of.iter().chain(&schema.any_of);
    let mut parts = parts.chain(&schema.one_of);
    let stated =
        parts.any(|part| covers(part, value) && exceeded_here(part, name, value).is_none());
    (!stated).then_some(limit)
}

/// Whether a schema states limits for a plain value, and the value is within.
fn covers(schema: &Schema, value: &Value) -> bool {
    match value {
        Value::Number(number) => {
            let (low, high) = stated_range(schema, None);
            let within = |value: f64| Some(low? <= value && value <= high?);
            let value = number.as_f64();
            value.and_then(within).unwrap_or(false) || value.is_some() && value == step(schema)
        }
        Value::String(text) => {
            let length = text.chars().count() as u64;
            schema.max_length.is_some_and(|most| length <= most)
        }
        _ => false,
    }
}

/// What a number has to be a multiple of.
fn step(schema: &Schema) -> Option<f64> {
    schema.multiple_of.as_ref().and_then(Number::as_f64)
}

/// Whether the page itself names a value that an array has to hold.
fn contained(schema: &Schema, value: &Value) -> bool {
    let named = |rules: &Schema| {
        rules.const_value.as_ref() == Some(value)
            || rules
                .enum_values
                .as_ref()
                .is_some_and(|all| all.contains(value))
    };
    schema.contains.as_deref().is_some_and(named)
}

/// [`exceeded`] of the schema itself.
fn exceeded_here(schema: &Schema, name: Option<&str>, value: &Value) -> Option<&'static str> {
    if schema.enum_values.is_some() || schema.const_value.is_some() {
        return None;
    }
    if schema.examples.contains(value) {
        return None;
    }
    match value {
        Value::Number(number) => number_exceeds(schema, name, number),
        Value::String(text) => text_exceeds(schema, text),
        Value::Array(items) => {
            if schema.max_items.is_none() && items.len() > PLAIN_ITEMS {
                return Some("number of items not stated");
            }
            let ruled = items.iter().enumerate();
            let ruled = ruled.filter(|(_, v)| !contained(schema, v));
            let mut ruled = ruled.filter_map(|(i, v)| Some((schema.item(i)?, v)));
            ruled.find_map(|(rules, v)| exceeded(rules, None, v))
        }
        Value::Object(map) => map.iter().find_map(|(name, v)| {
            let member = member_schema(schema, name)?;
            if unmarked(member, v) && schema.required.contains(name) {
                return Some("members of a required object that marks none as required");
            }
            exceeded(member, Some(name), v)
        }),
        Value::Null | Value::Bool(_) => None,
    }
}

/// Whether a required object marks no member as required and the value lacks one: an object that
/// has to be there so that nothing is in it is as likely a gap of the page.
fn unmarked(schema: &Schema, value: &Value) -> bool {
    let Value::Object(map) = value else {
        return false;
    };
    schema.required.is_empty()
        && schema
            .properties
            .iter()
            .any(|(name, rules)| !rules.read_only && !map.contains_key(name))
}

/// The rules of a member, also where an alternative states them.
pub fn member_schema<'s>(schema: &'s Schema, name: &str) -> Option<&'s Schema> {
    schema.property(name).or_else(|| {
        let parts = schema.all_of.iter().chain(&schema.any_of);
        parts
            .chain(&schema.one_of)
            .find_map(|part| member_schema(part, name))
    })
}

fn number_exceeds(schema: &Schema, name: Option<&str>, number: &Number) -> Option<&'static str> {
    let value = number.as_f64()?;
    let (low, high) = stated_range(schema, name);
    let shown = schema.examples.iter().filter_map(Value::as_f64);
    // Without any bound, the page's own examples and the number one are all that is sure; where only
    // multiples count, the first of them.
    let first = step(schema).unwrap_or(1.0);
    let (least, most) = shown.fold((first, first), |(a, b), v| (a.min(v), b.max(v)));
    let (low, high) = (
        low.unwrap_or_else(|| high.map_or(least, |h| least.min(h))),
        high.unwrap_or_else(|| low.map_or(most, |l| most.max(l + 1.0))),
    );
    // Outside a published bound the value is invalid, which is not this module's to say.
    let below = schema.minimum.is_none() && value < low;
    let above = schema.maximum.is_none() && value > high;
    if below || above {
        return Some("range of a number not stated");
    }
    if !schema.types.contains(&JsonType::Integer) && value.fract() != 0.0 {
        // JSON numbers have no precision (RFC 8259 §6): beyond a few digits devices round.
        let digits = number.to_string().len();
        return (digits > 8).then_some("precision of a number not stated");
    }
    None
}

/// The range that the page gives a number: by its bounds, by `format: int32`/`int64` (OpenAPI
/// 3.0.4 §4.4), or by a name that has one meaning everywhere (`port`, RFC 6335 §6, 0 reserved).
pub fn stated_range(schema: &Schema, name: Option<&str>) -> (Option<f64>, Option<f64>) {
    let edge = |b: &Option<Bound>| b.as_ref().and_then(|b| b.value.as_f64());
    let by_format = match schema.format.as_deref() {
        Some("int32") => Some((f64::from(i32::MIN), f64::from(i32::MAX))),
        _ => None,
    };
    let by_name = name.and_then(|n| {
        let n = n.to_ascii_lowercase();
        (n == "port" || n.ends_with("_port") || n.ends_with("-port")).then_some((1.0, 65_535.0))
    });
    let implied = by_name.or(by_format);
    (
        edge(&schema.minimum).or(implied.map(|r| r.0)),
        edge(&schema.maximum).or(implied.map(|r| r.1)),
    )
}

fn text_exceeds(schema: &Schema, text: &str) -> Option<&'static str> {
    let longest_shown = schema
        .examples
        .iter()
        .filter_map(Value::as_str)
        .map(|e| e.chars().count())
        .max()
        .unwrap_or(0);
    if schema.max_length.is_none()
        && !pattern_bounds(schema)
        && text.chars().count() > PLAIN_LENGTH.max(longest_shown)
    {
        return Some("length of a text not stated");
    }
    // RFC 8259 allows U+0000 in strings, and §9 allows parsers to limit contents; in C it ends the
    // string. No page promises that it is stored.
    if text.contains('\0') {
        return Some("U+0000 in a text");
    }
    let control = |c: char| c.is_control() || is_noncharacter(c);
    if schema.pattern.is_none() && text.chars().any(control) {
        return Some("control characters in a text");
    }
    None
}

/// Whether the pattern itself ends in a bounded repetition of a class, as `[…]{1,31}` does.
fn pattern_bounds(schema: &Schema) -> bool {
    schema
        .pattern
        .as_deref()
        .is_some_and(|p| p.contains("]{") && !p.contains("]*") && !p.contains("]+"))
}

/// Unicode 17.0 §23.7.
fn is_noncharacter(c: char) -> bool {
    let c = c as u32;
    (0xFDD0..=0xFDEF).contains(&c) || c & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn integer(minimum: Option<i64>, maximum: Option<i64>) -> Schema {
        let bound = |v: i64| Bound {
            value: Number::from(v),
            exclusive: false,
        };
        Schema {
            types: vec![JsonType::Integer],
            minimum: minimum.map(bound),
            maximum: maximum.map(bound),
            ..Schema::default()
        }
    }

    #[test]
    fn a_number_without_bounds_is_sure_only_where_shown() {
        let mut schema = integer(None, None);
        schema.examples = vec![json!(19302)];
        let cases = [
            (json!(1), true),
            (json!(19302), true),
            (json!(300), true),
            (json!(19303), false),
            (json!(0), false),
            (json!(-1), false),
        ];
        for (value, sure) in cases {
            let got = exceeded(&schema, Some("count"), &value).is_none();
            assert_eq!(got, sure, "{value}");
        }
    }

    #[test]
    fn the_first_multiple_and_what_an_array_has_to_hold_are_sure() {
        let mut even = integer(None, None);
        even.multiple_of = Some(Number::from(6));
        assert_eq!(exceeded(&even, None, &json!(6)), None);
        assert!(exceeded(&even, None, &json!(12)).is_some());
        let either = Schema {
            one_of: vec![even.clone().into(), integer(None, None).into()],
            ..Schema::default()
        };
        assert_eq!(exceeded(&either, None, &json!(6)), None);
        let mut list = Schema {
            types: vec![JsonType::Array],
            items: Some(integer(None, None).into()),
            ..Schema::default()
        };
        assert!(exceeded(&list, None, &json!([7])).is_some());
        list.contains = Some(
            Schema {
                const_value: Some(json!(7)),
                ..Schema::default()
            }
            .into(),
        );
        assert_eq!(exceeded(&list, None, &json!([7])), None);
    }

    #[test]
    fn stated_bounds_and_the_name_port_make_a_range() {
        let bounded = integer(Some(0), Some(1_000_000));
        assert_eq!(exceeded(&bounded, None, &json!(999_999)), None);
        let port = integer(None, None);
        assert_eq!(exceeded(&port, Some("port"), &json!(65_535)), None);
        assert!(exceeded(&port, Some("port"), &json!(65_536)).is_some());
        assert!(exceeded(&port, Some("port"), &json!(0)).is_some());
        assert!(exceeded(&port, Some("portal"), &json!(2)).is_some());
    }

    #[test]
    fn texts_without_a_maximum_are_sure_up_to_a_label() {
        let text = Schema {
            types: vec![JsonType::String],
            ..Schema::default()
        };
        assert_eq!(exceeded(&text, None, &json!("x".repeat(63))), None);
        assert!(exceeded(&text, None, &json!("x".repeat(64))).is_some());
        assert!(exceeded(&text, None, &json!("a\0b")).is_some());
        assert!(exceeded(&text, None, &json!("a\u{1b}b")).is_some());
        assert_eq!(exceeded(&text, None, &json!("日本")), None);
    }

    #[test]
    fn a_part_may_state_what_the_schema_leaves_open() {
        let mut schema = integer(None, None);
        schema.one_of = vec![
            integer(Some(0), Some(30)).into(),
            integer(Some(50), None).into(),
        ];
        let cases = [
            (json!(20), true),
            (json!(30), true),
            // Within no part that states both ends.
            (json!(40), false),
            (json!(60), false),
        ];
        for (value, sure) in cases {
            let got = exceeded(&schema, None, &value).is_none();
            assert_eq!(got, sure, "{value}");
        }
        let text = |most| Schema {
            types: vec![JsonType::String],
            max_length: most,
            ..Schema::default()
        };
        let mut open = text(None);
        open.any_of = vec![text(Some(100)).into(), text(None).into()];
        assert_eq!(exceeded(&open, None, &json!("x".repeat(90))), None);
        assert!(exceeded(&open, None, &json!("x".repeat(101))).is_some());
    }
}
