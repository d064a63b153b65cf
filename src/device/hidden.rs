//! What of a state nobody can see: members that a device shows as a placeholder or not at all, and what a
//! journal leaves out because a secret stood in it. Part of the guard.

use super::guard::GuardedWrite;
use crate::contract::placeholder::{may_be_secret, placeholders};
use crate::pointer::{escape, unescape};
use crate::redact::MASK;
use serde_json::Value;

/// JSON pointers of what in a state stands for something else, and of members that may be secrets and
/// are not shown where their object is; without what the profile describes.
pub(super) fn unshown(write: &GuardedWrite, value: &Value) -> Vec<String> {
    let mut found = placeholders(value);
    for member in write.own_members() {
        let Some((around, name)) = member.rsplit_once('/') else {
            continue;
        };
        let absent = value.pointer(&member).is_none_or(Value::is_null);
        let around = value.pointer(around).is_some_and(Value::is_object);
        if absent && around && may_be_secret(&unescape(name)) {
            found.push(member);
        }
    }
    found.retain(|p| !write.read.unreadable.contains_key(p));
    found
}

/// The profile's line that gives the value of a member.
pub(super) fn restore_line(pointer: &str) -> String {
    let name = pointer.rsplit('/').next().unwrap_or_default();
    let plain = |c: char| match c.is_ascii_alphanumeric() {
        true => c.to_ascii_uppercase(),
        false => '_',
    };
    let name: String = name.chars().map(plain).collect();
    format!("unreadable = {{ {pointer:?} = {{ restore-env = \"PROBITY_RESTORE_{name}\" }} }}")
}

/// JSON pointers of what a journal does not know because a secret stood in it; a list as a whole.
pub fn masked(value: &Value) -> Vec<String> {
    fn hides(value: &Value) -> bool {
        match value {
            Value::String(text) => text == MASK,
            Value::Array(items) => items.iter().any(hides),
            Value::Object(members) => members.values().any(hides),
            _ => false,
        }
    }
    fn walk(value: &Value, at: &str, out: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    walk(member, &format!("{at}/{}", escape(name)), out);
                }
            }
            other if hides(other) => out.push(at.to_owned()),
            _ => {}
        }
    }
    let mut out = Vec::new();
    walk(value, "", &mut out);
    out
}
