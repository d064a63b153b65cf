//! Members of settings by JSON pointer: which of two states has them, which a write knows, and putting
//! them where they belong. Part of the guard.

use super::guard::GuardedWrite;
use super::read_back::ReadBackState;
use crate::pointer::escape;
use serde_json::{Map, Value};

/// JSON pointers of members that `now` has and `before` has not.
pub(super) fn strays(before: &Value, now: &Value, at: &str, out: &mut Vec<String>) {
    let (Value::Object(before), Value::Object(now)) = (before, now) else {
        return;
    };
    for (name, member) in now {
        let at = format!("{at}/{}", escape(name));
        match before.get(name) {
            Some(known) => strays(known, member, &at, out),
            None => out.push(at),
        }
    }
}

/// Whether `pointer` is `ancestor` or below it.
pub(super) fn below(pointer: &str, ancestor: &str) -> bool {
    pointer
        .strip_prefix(ancestor)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

pub(super) fn covers(members: &[String], pointer: &str) -> bool {
    members.iter().any(|m| below(pointer, m))
}

/// Whether two integers differ by no more than a double rounds.
pub(super) fn rounded(before: Option<&Value>, now: Option<&Value>) -> bool {
    let whole = |v: &&Value| v.is_i64() || v.is_u64();
    let number = |v: Option<&Value>| v.filter(whole).and_then(Value::as_f64);
    number(before).is_some_and(|b| Some(b) == number(now))
}

/// The readable part of `value` that the write's members name; `None` where there is none.
pub(super) fn project(
    value: &Value,
    at: &str,
    write: &GuardedWrite,
    before: &ReadBackState,
) -> Option<Value> {
    let members = write.members.as_slice();
    if before.unreadable.contains(at) || covers(&write.read_only, at) {
        return None;
    }
    let inside = covers(members, at) || members.iter().any(|m| below(m, at));
    match value {
        Value::Object(object) if inside => {
            let mut out = Map::new();
            for (name, member) in object {
                let at = format!("{at}/{}", escape(name));
                if let Some(member) = project(member, &at, write, before) {
                    out.insert(name.clone(), member);
                }
            }
            Some(Value::Object(out))
        }
        // Members of array items have no pointer of their own: an array goes as a whole.
        _ if covers(members, at) || value.is_array() && inside => Some(value.clone()),
        _ => None,
    }
}

/// `5060.0` as `5060`: the same number (RFC 8259 §6), which devices that show the one may take as the
/// other only.
pub(super) fn whole_numbers(value: &mut Value) {
    /// 2^53: whole numbers up to here are exact in a double.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) if number.is_f64() => {
            let whole = number
                .as_f64()
                .filter(|f| f.fract() == 0.0 && f.abs() <= EXACT);
            if let Some(whole) = whole {
                *value = Value::from(whole as i64);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Object(members) => members.values_mut().for_each(whole_numbers),
        _ => {}
    }
}

/// Whether the last name of a pointer is one that tests send beside those of the document: with this
/// program's name in it, or one of `members` written otherwise (`Port`, `port_`, `ports`).
pub(super) fn sent_by_a_test(pointer: &str, members: &[String]) -> bool {
    let plain = |pointer: &str| {
        let name = pointer.rsplit('/').next().unwrap_or_default();
        let kept = name.chars().filter(char::is_ascii_alphanumeric);
        kept.collect::<String>().to_ascii_lowercase()
    };
    let name = plain(pointer);
    // Names that no device gives itself: those of attacks, and one to overflow a buffer with.
    if name.len() > 200 || ["proto", "constructor"].contains(&name.as_str()) {
        return true;
    }
    let mut known = members.iter().map(|m| plain(m)).filter(|m| m.len() > 2);
    name.contains("probity") || known.any(|m| name.starts_with(&m) || m.starts_with(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_test_sent_is_told_from_what_a_device_adds() {
        let members = ["/port".to_owned(), "/ntp/server".to_owned()];
        for (pointer, ours) in [
            ("/probity", true),
            ("/Port", true),
            ("/port_", true),
            ("/ntp/SERVER", true),
            ("/por", true),
            ("/__proto__", true),
            ("/counter", false),
            ("/last-change", false),
        ] {
            assert_eq!(sent_by_a_test(pointer, &members), ours, "{pointer}");
        }
    }
}
