//! Values whose meaning a device may refuse although their form is right: references to what does
//! not exist, the password that must be the current one, names of coordinate systems, languages and
//! zones; and logins, whose credentials nobody may invent. A refusal of such a value is no broken
//! promise.

use super::unstated::member_schema;
use crate::contract::{JsonType, Operation, Schema};
use crate::profile::Profile;
use serde_json::Value;

/// What a refusal of invented credentials leaves open.
pub const UNSURE_LOGIN: &str = "a login with credentials that nobody has";

/// Words for what must exist or be known beyond its form, as members and parameters are named.
const KNOWN_ELSEWHERE: [&str; 31] = [
    "ref",
    "reference",
    "parent",
    "crs",
    "srs",
    "epsg",
    "timezone",
    "tz",
    "locale",
    "language",
    "lang",
    "country",
    "currency",
    "charset",
    "encoding",
    "mimetype",
    "interface",
    "device",
    "sensor",
    "topic",
    "owner",
    "group",
    // Where a list goes on, and names of members of what it shows.
    "token",
    "cursor",
    "sort",
    "sortby",
    "orderby",
    "fields",
    "select",
    "expand",
    "filter",
];

/// Words for parameters that choose which members an answer shows, as they are named.
const CHOOSES_MEMBERS: [&str; 8] = [
    "fields",
    "select",
    "include",
    "exclude",
    "only",
    "columns",
    "attributes",
    "properties",
];

/// Whether a parameter of this name chooses which members an answer shows: then one that is missing
/// was not asked for.
pub fn chooses_members(name: &str) -> bool {
    let words = words(name);
    let last = words.last().map(String::as_str).unwrap_or_default();
    CHOOSES_MEMBERS.contains(&last) || CHOOSES_MEMBERS.contains(&words.concat().as_str())
}

/// Whether a value is no more than a text by the document: which texts mean something to the device
/// it does not say.
pub fn is_any_text(schema: &Schema) -> bool {
    let stated = schema.enum_values.is_some()
        || schema.const_value.is_some()
        || schema.pattern.is_some()
        || schema.format.is_some();
    match &schema.items {
        Some(items) if schema.types == [JsonType::Array] => is_any_text(items),
        _ => {
            let text = |t: &JsonType| matches!(t, JsonType::String | JsonType::Null);
            schema.types.contains(&JsonType::String) && schema.types.iter().all(text) && !stated
        }
    }
}

/// Whether an operation logs somebody in: the profile's login, or a `POST` whose path ends in a
/// usual word for it and whose body has a member for a password.
pub fn logs_in(profile: &Profile, operation: &Operation) -> bool {
    let same = |login: &crate::profile::Login| {
        login.method.eq_ignore_ascii_case(&operation.method) && login.path == operation.path
    };
    if profile.login.as_ref().is_some_and(same) {
        return true;
    }
    let last = operation
        .path
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    let last: String = words(last).concat();
    let usual = matches!(
        last.as_str(),
        "login"
            | "logon"
            | "signin"
            | "auth"
            | "authenticate"
            | "authorize"
            | "token"
            | "session"
            | "sessions"
            | "accesstoken"
    );
    usual
        && operation.method == "POST"
        && operation.fields().iter().any(|field| {
            let leaf = words(field.path.leaf().unwrap_or_default()).concat();
            ["password", "passwd", "pwd", "passphrase", "pin", "secret"]
                .iter()
                .any(|word| leaf.contains(word))
        })
}

/// Why a value of this form, invented under this name, may still be refused; `None` where the
/// document says which values there are (`enum`, `const`, `pattern`, both bounds of a number) or the
/// name says nothing of the kind.
pub fn known_elsewhere(schema: &Schema, name: &str) -> Option<&'static str> {
    let both_bounds = schema.minimum.is_some() && schema.maximum.is_some();
    if is_opaque(schema, name) {
        return Some("whether the device has given it");
    }
    if schema.enum_values.is_some()
        || schema.const_value.is_some()
        || schema.pattern.is_some()
        || both_bounds
    {
        return None;
    }
    let text = schema.types.is_empty() || schema.types.contains(&JsonType::String);
    let words = words(name);
    let (first, last) = (words.first()?.as_str(), words.last()?.as_str());
    if words.len() > 1 && matches!(last, "id" | "ids" | "uuid" | "guid" | "ref") {
        return Some("whether what it refers to exists");
    }
    if text
        && matches!(last, "password" | "passwd" | "pwd" | "pin")
        && matches!(first, "current" | "old" | "existing" | "previous")
    {
        return Some("whether it is the current password");
    }
    let joined = words.concat();
    let known = |word: &str| joined == *word || last == word;
    (text && KNOWN_ELSEWHERE.iter().any(|word| known(word)))
        .then_some("whether the device knows what it names")
}

/// Whether a text is one that only the device gives, whatever its form: where a list goes on.
fn is_opaque(schema: &Schema, name: &str) -> bool {
    let stated = schema.enum_values.is_some() || schema.const_value.is_some();
    let text = schema.types.is_empty() || schema.types.contains(&JsonType::String);
    let words = words(name);
    let last = words.last().map(String::as_str);
    text && !stated
        && matches!(
            last,
            Some("cursor" | "token" | "continuation" | "bookmark" | "marker")
        )
}

/// What is left open of a value because it, or something in it, is of our making and its meaning may
/// be refused; see [`known_elsewhere`]. What the document shows is not of our making.
pub fn invented(schema: &Schema, name: Option<&str>, value: &Value) -> Option<&'static str> {
    if schema.examples.contains(value) {
        return None;
    }
    match value {
        Value::Object(map) => map.iter().find_map(|(name, value)| {
            let member = member_schema(schema, name)?;
            invented(member, Some(name), value)
        }),
        Value::Array(items) => {
            let rules = schema.items.as_deref()?;
            items.iter().find_map(|item| invented(rules, name, item))
        }
        Value::Number(_) | Value::String(_) => known_elsewhere(schema, name?),
        Value::Null | Value::Bool(_) => None,
    }
}

/// Removes the optional members of a body whose values are [`invented`], at any depth.
pub fn leave_out_invented(schema: &Schema, body: &mut Value) {
    match body {
        Value::Object(map) => {
            map.retain(|name, value| {
                let Some(member) = member_schema(schema, name) else {
                    return true;
                };
                let holds_others = value.is_object()
                    || value
                        .as_array()
                        .is_some_and(|i| i.iter().any(Value::is_object));
                if holds_others {
                    leave_out_invented(member, value);
                }
                holds_others
                    || schema.required.iter().any(|required| required == name)
                    || invented(member, Some(name), value).is_none()
            });
        }
        Value::Array(items) => {
            if let Some(rules) = schema.items.as_deref() {
                items
                    .iter_mut()
                    .for_each(|item| leave_out_invented(rules, item));
            }
        }
        _ => {}
    }
}

/// The words of a name in small letters: `currentPassword`, `current-password`, `CURRENT_PASSWORD`.
fn words(name: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let (mut word, mut small) = (String::new(), false);
    for c in name.chars() {
        if !c.is_alphanumeric() || c.is_uppercase() && small {
            out.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        small = c.is_lowercase() || c.is_numeric();
    }
    out.extend((!word.is_empty()).then_some(word));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn optional_members_that_the_device_may_not_know_are_left_out() {
        let text = || Schema {
            types: vec![JsonType::String],
            ..Schema::default()
        };
        let object = |required: &str, members: [(&str, Schema); 3]| Schema {
            types: vec![JsonType::Object],
            required: vec![required.to_owned()],
            properties: members
                .map(|(name, schema)| (name.to_owned(), schema.into()))
                .into_iter()
                .collect(),
            ..Schema::default()
        };
        let inner = || {
            object(
                "roomId",
                [("roomId", text()), ("timezone", text()), ("label", text())],
            )
        };
        let list = Schema {
            types: vec![JsonType::Array],
            items: Some(inner().into()),
            ..Schema::default()
        };
        let schema = object(
            "name",
            [("name", text()), ("inner", inner()), ("list", list)],
        );
        let whole = json!({"roomId": "a", "timezone": "b", "label": "c"});
        let left = json!({"roomId": "a", "label": "c"});
        let mut body = json!({"name": "n", "inner": whole, "list": [whole]});
        leave_out_invented(&schema, &mut body);
        assert_eq!(body, json!({"name": "n", "inner": left, "list": [left]}));
    }

    #[test]
    fn names_say_what_is_known_elsewhere() {
        let text = Schema {
            types: vec![JsonType::String],
            max_length: Some(20),
            ..Schema::default()
        };
        for (name, open) in [
            ("parentId", true),
            ("zone_id", true),
            ("camera-ids", true),
            ("CURRENT_PASSWORD", true),
            ("oldPassword", true),
            ("timezone", true),
            ("time_zone", true),
            ("storageCrs", true),
            ("id", false),
            ("password", false),
            ("newPassword", false),
            ("name", false),
            ("void", false),
            ("grid", false),
        ] {
            assert_eq!(known_elsewhere(&text, name).is_some(), open, "{name}");
        }
        let stated = Schema {
            pattern: Some("^[a-z]+$".to_owned()),
            ..text
        };
        assert_eq!(known_elsewhere(&stated, "parentId"), None);
        for name in ["cursor", "page_token", "nextCursor"] {
            assert!(known_elsewhere(&stated, name).is_some(), "{name}");
        }
    }
}
