//! Changes at one place of a JSON value, and JSON as bytes. Pure; imports nothing of this crate but
//! [`crate::contract::FieldPath`].

use crate::contract::{FieldPath, Step};
use serde_json::Value;

/// The value at a field; arrays enter their first item.
pub fn get<'v>(root: &'v Value, path: &FieldPath) -> Option<&'v Value> {
    path.0.iter().try_fold(root, |value, step| match step {
        Step::Member(name) => value.as_object()?.get(name),
        Step::Item => value.as_array()?.first(),
    })
}

fn get_mut<'v>(root: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(root, |value, step| match step {
        Step::Member(name) => value.as_object_mut()?.get_mut(name),
        Step::Item => value.as_array_mut()?.first_mut(),
    })
}

/// `root` with `value` at the field, which is put in at the end of its parent where it was absent.
/// `None` where the parent is not there or cannot hold it.
pub fn set(root: &Value, path: &FieldPath, value: Value) -> Option<Value> {
    let Some((last, parents)) = path.0.split_last() else {
        return Some(value);
    };
    let mut out = root.clone();
    let parent = get_mut(&mut out, parents)?;
    match last {
        Step::Member(name) => {
            parent.as_object_mut()?.insert(name.clone(), value);
        }
        Step::Item => {
            let items = parent.as_array_mut()?;
            match items.first_mut() {
                Some(first) => *first = value,
                None => items.push(value),
            }
        }
    }
    Some(out)
}

/// `root` without the field. `None` where it is absent, or is the root.
pub fn remove(root: &Value, path: &FieldPath) -> Option<Value> {
    let (last, parents) = path.0.split_last()?;
    let mut out = root.clone();
    let parent = get_mut(&mut out, parents)?;
    match last {
        Step::Member(name) => {
            parent.as_object_mut()?.shift_remove(name)?;
        }
        Step::Item => {
            let items = parent.as_array_mut()?;
            if items.is_empty() {
                return None;
            }
            items.remove(0);
        }
    }
    Some(out)
}

/// `root` with the member at `path` under another name, in the same place. `None` where it is
/// absent or no member.
pub fn rename(root: &Value, path: &FieldPath, name: &str) -> Option<Value> {
    let (Step::Member(old), parents) = path.0.split_last()? else {
        return None;
    };
    let mut out = root.clone();
    let parent = get_mut(&mut out, parents)?.as_object_mut()?;
    parent.get(old)?;
    *parent = std::mem::take(parent)
        .into_iter()
        .map(|(n, v)| {
            if n == *old {
                (name.to_owned(), v)
            } else {
                (n, v)
            }
        })
        .collect();
    Some(out)
}

/// Compact JSON (RFC 8259), members in the value's order.
pub fn emit(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// Compact JSON with the value at `path` replaced by a token that need not be JSON: `0x10`,
/// `1e400`, `"\ud800"`. Where `path` is absent the value is emitted as it is.
pub fn emit_with_raw(value: &Value, path: &FieldPath, raw_token: &str) -> Vec<u8> {
    let mut out = String::new();
    write_raw(value, Some(&path.0), raw_token, &mut out);
    out.into_bytes()
}

/// `rest` is the way that is left to the replaced node, `None` off that way.
fn write_raw(value: &Value, rest: Option<&[Step]>, raw: &str, out: &mut String) {
    let (step, below) = match rest {
        None => return out.push_str(&value.to_string()),
        Some([]) => return out.push_str(raw),
        Some([step, below @ ..]) => (step, below),
    };
    match value {
        Value::Object(map) => {
            out.push('{');
            for (i, (name, member)) in map.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                let on_the_way = matches!(step, Step::Member(n) if n == name);
                write_raw(member, on_the_way.then_some(below), raw, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                let on_the_way = i == 0 && *step == Step::Item;
                write_raw(item, on_the_way.then_some(below), raw, out);
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn path(text: &str) -> FieldPath {
        let mut path = FieldPath::root();
        for part in text.split('.').filter(|p| !p.is_empty()) {
            match part.strip_suffix("[]") {
                Some(name) => path = path.member(name).item(),
                None => path = path.member(part),
            }
        }
        path
    }

    #[test]
    fn one_place_of_a_body_changes_and_nothing_else() {
        let body = json!({"a": {"b": 1}, "c": [{"d": 2}, {"d": 3}], "e": null});
        let table = [
            (
                "a.b",
                Some(json!({"a": {"b": 9}, "c": [{"d": 2}, {"d": 3}], "e": null})),
            ),
            (
                "c[].d",
                Some(json!({"a": {"b": 1}, "c": [{"d": 9}, {"d": 3}], "e": null})),
            ),
            (
                "a.n",
                Some(json!({"a": {"b": 1, "n": 9}, "c": [{"d": 2}, {"d": 3}], "e": null})),
            ),
            ("", Some(json!(9))),
            ("e.x", None),
            ("x.y", None),
            ("a[]", None),
        ];
        for (at, want) in table {
            assert_eq!(set(&body, &path(at), json!(9)), want, "set {at:?}");
        }
        let table = [
            (
                "a.b",
                Some(json!({"a": {}, "c": [{"d": 2}, {"d": 3}], "e": null})),
            ),
            (
                "c[]",
                Some(json!({"a": {"b": 1}, "c": [{"d": 3}], "e": null})),
            ),
            ("x", None),
            ("", None),
        ];
        for (at, want) in table {
            assert_eq!(remove(&body, &path(at)), want, "remove {at:?}");
        }
    }

    #[test]
    fn a_renamed_member_keeps_its_place() {
        let body = json!({"a": 1, "b": {"c": 2, "d": 3}});
        let renamed = rename(&body, &path("b.c"), "C").map(|v| v.to_string());
        assert_eq!(renamed.as_deref(), Some(r#"{"a":1,"b":{"C":2,"d":3}}"#));
        assert_eq!(rename(&body, &path("b.x"), "C"), None);
        assert_eq!(rename(&body, &FieldPath::root(), "C"), None);
    }

    #[test]
    fn a_raw_token_stands_where_the_value_stood() {
        let body = json!({"a": {"b": 1}, "c": [{"d": 2}, {"d": 3}]});
        let table = [
            ("a.b", "0x10", r#"{"a":{"b":0x10},"c":[{"d":2},{"d":3}]}"#),
            (
                "c[].d",
                "1e400",
                r#"{"a":{"b":1},"c":[{"d":1e400},{"d":3}]}"#,
            ),
            ("c", r#""\ud800""#, r#"{"a":{"b":1},"c":"\ud800"}"#),
            ("", "x", "x"),
            ("x", "y", r#"{"a":{"b":1},"c":[{"d":2},{"d":3}]}"#),
        ];
        for (at, token, want) in table {
            let bytes = emit_with_raw(&body, &path(at), token);
            assert_eq!(String::from_utf8_lossy(&bytes), want, "{at:?}");
        }
    }
}
