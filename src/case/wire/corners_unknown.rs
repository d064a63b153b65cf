//! Members that no page names: deep, large, many, and under the names of others; part of the strategy
//! `json-corners`.

use super::EXTRA;
use super::corners::{UnusualBody, either, open, unknown};
use super::edits::{append, prepend};
use crate::case::Check;
use crate::case::build::{emit, get};
use crate::case::builder::ExchangeCases;
use crate::contract::{FieldPath, Step};
use serde_json::Value;

/// Members that no page names, deep or large (RFC 8259 §9: readers may set limits).
pub(super) fn unknown_members(builder: &mut ExchangeCases<'_, '_>, body: &Value, other: &Value) {
    let text = emit(body);
    let behind = |v: String| append(&text, format!("\"{EXTRA}\":{v}").as_bytes());
    let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
    let objects = |n: usize| "{\"a\":".repeat(n) + "1" + &"}".repeat(n);
    let question = "a member that the page does not name";
    let all = [
        ("deep-20", 3, "20 arrays in each other", behind(deep(20))),
        ("deep-200", 2, "200 arrays in each other", behind(deep(200))),
        (
            "deep-2000",
            1,
            "2,000 objects in each other",
            behind(objects(2_000)),
        ),
        (
            "wide-1000",
            3,
            "1,000 numbers",
            behind(format!("[0{}]", ",0".repeat(999))),
        ),
        (
            "long-text",
            1,
            "4,096 characters",
            behind(format!("\"{}\"", "a".repeat(4_096))),
        ),
    ];
    for (name, tier, what, bytes) in all {
        let Some(bytes) = bytes else { return };
        let title = format!("an unknown member holds {what}");
        open(
            builder,
            "unknown",
            question,
            &unknown(),
            (name, tier, title, bytes),
        );
    }
    let many: Vec<String> = (0..500).map(|i| format!("\"{EXTRA}{i}\":{i}")).collect();
    let bytes = prepend(&text, many.join(",").as_bytes()).unwrap_or_default();
    let title = "there are 500 unknown members".to_owned();
    open(
        builder,
        "unknown",
        question,
        &unknown(),
        ("many-500", 3, title, bytes),
    );
    decoys_of_root(builder, body, other);
    decoy_of_inner(builder, body, other);
}

/// A member of the root under its name inside of another: readers that search for names in the text
/// take the first they find.
fn decoys_of_root(builder: &mut ExchangeCases<'_, '_>, body: &Value, other: &Value) {
    let text = emit(body);
    let root = body
        .as_object()
        .and_then(|m| m.iter().find(|(_, v)| v.is_string()));
    let Some((name, value)) = root else {
        return;
    };
    let key = Value::from(name.as_str());
    let before = |decoy: String| {
        prepend(&text, format!("\"{EXTRA}\":{decoy}").as_bytes()).unwrap_or_default()
    };
    // A valid one, so that a reader that takes the last it finds stores it.
    let valid = other.get(name).filter(|v| *v != value);
    let behind = valid.and_then(|valid| {
        let decoy = format!("\"{EXTRA}\":{{{key}:{valid}}}");
        append(&text, decoy.as_bytes())
    });
    if let Some(bytes) = behind {
        let title = format!("an unknown object holds another `{name}`, behind the right one");
        decoy_case(builder, body, ("decoy-behind", 1, title, bytes));
    }
    let bytes = before(format!("{{{key}:1}}"));
    let title = format!("an unknown object holds a wrong `{name}`, before the right one");
    decoy_case(builder, body, ("decoy-inside", 1, title, bytes));
    let bytes = before(Value::from(format!("{key}:{value}")).to_string());
    let title = format!("an unknown text holds `{name}` with a value, before the right one");
    decoy_case(builder, body, ("decoy-in-text", 2, title, bytes));
}

/// A member of an inner object under its name in the root.
fn decoy_of_inner(builder: &mut ExchangeCases<'_, '_>, body: &Value, other: &Value) {
    let mut members = body.as_object().into_iter().flatten();
    let nested = members.find_map(|(object, value)| {
        let (inner, _) = value.as_object()?.iter().next()?;
        Some((object, inner))
    });
    let Some((object, inner)) = nested else {
        return;
    };
    if get(body, &FieldPath(vec![Step::Member(inner.clone())])).is_some() {
        return;
    }
    let valid = other.get(object).and_then(|o| o.get(inner));
    let valid = valid.unwrap_or(&Value::Null);
    let decoy = format!("{}:{valid}", Value::from(inner.as_str()));
    let bytes = prepend(&emit(body), decoy.as_bytes()).unwrap_or_default();
    let title = format!("another `{inner}` stands beside `{object}`, before the right one in it");
    decoy_case(builder, body, ("decoy-outside", 1, title, bytes));
}

/// Whether unknown members are taken is open; if they are, the members that the page names must
/// read back as they were sent.
fn decoy_case(builder: &mut ExchangeCases<'_, '_>, body: &Value, unusual: UnusualBody) {
    let question = "a member that the page does not name";
    let about = ("unknown", &["body.json"][..], question, &unknown()[..]);
    either(builder, about, unusual, Check::ReadsBack(body.clone()));
}
