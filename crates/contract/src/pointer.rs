//! JSON pointers (RFC 6901): their tokens, and values put where one says. Reading goes through
//! [`Value::pointer`].

use serde_json::{Map, Value};

/// A member name as a token of a pointer (§3).
pub fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The member name that a token stands for (§4).
pub fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// Puts a value where a pointer says, making the objects on the way. Arrays and other values on it
/// give way to objects.
pub fn insert(root: &mut Value, pointer: &str, value: Value) {
    let mut place = root;
    for token in pointer.split('/').skip(1) {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Value::Object(object) = place else { return };
        place = object.entry(unescape(token)).or_insert(Value::Null);
    }
    *place = value;
}

/// Takes a member of an object out, where the pointer leads to one.
pub fn remove(root: &mut Value, pointer: &str) {
    let Some((parent, token)) = pointer.rsplit_once('/') else {
        return;
    };
    if let Some(Value::Object(object)) = root.pointer_mut(parent) {
        object.shift_remove(&unescape(token));
    }
}
