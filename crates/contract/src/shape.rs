//! What schemas of answers and bodies have in common: success answers, members through
//! alternatives, ids, arrays of listings.

use super::assess::assess_alone;
use super::effect::words::tokens;
use super::model::{Additional, JsonType, Operation, Schema, SchemaRef, StatusKey};
use probity_pattern::{Assessment, Texts};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Whether a `responses` key stands for success alone (2xx).
pub(crate) fn is_success(status: StatusKey) -> bool {
    match status {
        StatusKey::Exact(code) => (200..300).contains(&code),
        StatusKey::Range(digit) => digit == 2,
        StatusKey::Default => false,
    }
}

/// The media type of a successful answer that cannot be read, where the document has no other.
pub fn unread_media(op: &Operation) -> Option<&str> {
    let mut success = op.responses.iter().filter(|r| is_success(r.status));
    let json = |r: &super::model::Response| r.schema.is_some() || r.media_type.is_some();
    let only = success.clone().all(|r| !json(r));
    let mut media = success.find_map(|r| r.media_types.first());
    media.take_if(|_| only).map(String::as_str)
}

/// The media type that a client has to ask for: of a successful answer whose body is judged, where one of
/// another media type may come in its place (RFC 9110 §12.5.1).
pub fn asked_for(op: &Operation) -> Option<&str> {
    let mut success = op.responses.iter().filter(|r| is_success(r.status));
    let several = success.find(|r| r.comes_in_several())?;
    several.media_type.as_deref()
}

/// The rules of a successful answer's body, where the document has them, of those that are JSON.
pub fn answer(op: &Operation) -> Option<&Schema> {
    let success = op.responses.iter().filter(|r| is_success(r.status));
    // An empty schema says nothing of what comes.
    let says = |s: &&Schema| {
        let shaped = has_members(s, 0) || s.items.is_some();
        shaped || !s.types.is_empty() || s.enum_values.is_some()
    };
    let rules = success.filter_map(|r| r.schema.as_ref());
    let mut found = rules.into_iter().find(says);
    if let [only] = op.responses.as_slice()
        && only.status == StatusKey::Default
    {
        // It stands for every answer, successes among them (OpenAPI 3.1.1 §4.8.16).
        found = only.schema.as_ref().filter(says);
    }
    found
}

/// Whether a value of a type may keep a schema, by the types that it and its parts state.
fn may_be(schema: &Schema, kind: JsonType, depth: usize) -> bool {
    let part = |part: &SchemaRef| may_be(part, kind, depth + 1);
    let some = |list: &Vec<SchemaRef>| list.is_empty() || list.iter().any(part);
    depth > 4
        || schema.allows(kind)
            && some(&schema.any_of)
            && some(&schema.one_of)
            && schema.all_of.iter().all(part)
}

/// The rules in an answer that are about a written object: the answer's own, or those of the only member
/// that knows members of the object, where the answer knows none.
pub fn envelope<'s>(answer: &'s Schema, written: &Value) -> &'s Schema {
    let Value::Object(map) = written else {
        return answer;
    };
    wrapped(answer, |name| map.contains_key(name)).map_or(answer, |(_, inner)| inner)
}

/// The only member of an answer that has members which are written, where the answer itself has none.
fn wrapped(answer: &Schema, is_written: impl Fn(&str) -> bool) -> Option<(&str, &Schema)> {
    let knows = |schema: &Schema| members(schema).iter().any(|(name, _)| is_written(name));
    if knows(answer) {
        return None;
    }
    let inside = members(answer)
        .into_iter()
        .filter(|(_, inner)| knows(inner));
    match inside.collect::<Vec<_>>()[..] {
        [one] => Some(one),
        _ => None,
    }
}

/// What of a written value a read can show: without the members whose rules in the answer surely refuse
/// what was written, which a device has to turn into something else (a document for its text), and
/// without those that the answer marks `readOnly`, which the device decides.
pub fn showable(read: &Schema, written: Value, texts: &Texts) -> Option<Value> {
    if let Value::Array(items) = written {
        if !may_be(read, JsonType::Array, 0) {
            return None;
        }
        let items = items.into_iter().enumerate();
        let items = items.map(|(i, item)| match read.item(i) {
            Some(rules) => showable(rules, item, texts),
            None => Some(item),
        });
        return items.collect::<Option<Vec<Value>>>().map(Value::Array);
    }
    let Value::Object(map) = written else {
        let refused = assess_alone(read, &written, texts).certainty == Assessment::SurelyInvalid;
        return (!refused).then_some(written);
    };
    if !may_be(read, JsonType::Object, 0) {
        return None;
    }
    let shown: HashMap<&str, &Schema> = members(read).into_iter().collect();
    let kept = map.into_iter().filter_map(|(name, value)| {
        let rules = shown.get(name.as_str()).copied();
        let value = match rules {
            Some(rules) if rules.of_device => return None,
            Some(rules) => showable(rules, value, texts)?,
            None => value,
        };
        Some((name, value))
    });
    Some(Value::Object(kept.collect()))
}

/// The members of a schema, those of its parts and alternatives included.
pub fn members(schema: &Schema) -> Vec<(&str, &Schema)> {
    let (mut out, mut seen) = (Vec::new(), HashSet::new());
    collect(schema, 0, &mut seen, &mut out);
    out
}

/// Whether [`members`] finds any.
fn has_members(schema: &Schema, depth: usize) -> bool {
    let mut parts = schema
        .all_of
        .iter()
        .chain(&schema.any_of)
        .chain(&schema.one_of);
    !schema.properties.is_empty() || depth < 4 && parts.any(|part| has_members(part, depth + 1))
}

fn collect<'s>(
    schema: &'s Schema,
    depth: usize,
    seen: &mut HashSet<&'s str>,
    out: &mut Vec<(&'s str, &'s Schema)>,
) {
    for (name, member) in &schema.properties {
        if seen.insert(name) {
            out.push((name, member));
        }
    }
    // Schemas may be nested as deep as the loader allows; members further down name nothing new.
    if depth < 4 {
        let parts = schema
            .all_of
            .iter()
            .chain(&schema.any_of)
            .chain(&schema.one_of);
        parts.for_each(|part| collect(part, depth + 1, seen, out));
    }
}

/// JSON pointer to what an answer shows of what a body writes: the answer itself, or the one object in
/// it that has members of the body, where the answer has none of its own (`{"data": {…}}`).
pub(crate) fn state_in(answer: &Schema, body: &Schema) -> String {
    let written: HashSet<&str> = members(body).into_iter().map(|(n, _)| n).collect();
    let inner = wrapped(answer, |name| written.contains(name));
    inner.map_or_else(String::new, |(name, _)| {
        format!("/{}", super::pointer::escape(name))
    })
}

/// Whether two names are the same but for case and separators.
pub fn same_name(one: &str, other: &str) -> bool {
    tokens(one) == tokens(other)
}

/// A name without its case and marks: `petId` and `pet_id` are one.
pub fn plain_name(name: &str) -> String {
    let kept = name.chars().filter(char::is_ascii_alphanumeric);
    kept.collect::<String>().to_ascii_lowercase()
}

/// Whether a name is that of an id everywhere.
pub fn is_usual_id(name: &str) -> bool {
    let usual = ["id", "uuid", "uid", "guid"];
    let plain = name.trim_start_matches('_');
    usual.iter().any(|u| u.eq_ignore_ascii_case(plain))
}

/// The last word of a name that has several: `name` of `presetName`.
pub fn last_word(name: &str) -> Option<String> {
    let words = tokens(name);
    words.last().filter(|_| words.len() > 1).cloned()
}

/// The member whose name is `name` but for case and separators.
pub fn member_named<'s>(schema: &'s Schema, name: &str) -> Option<(&'s str, &'s Schema)> {
    let wanted = tokens(name);
    members(schema)
        .into_iter()
        .find(|(n, _)| tokens(n) == wanted)
}

/// JSON pointer to the member of an answer that is the id which a path calls `parameter`, at most
/// one object below the root.
pub(crate) fn id_member(schema: &Schema, parameter: &str) -> Option<String> {
    let here = |schema: &Schema| -> Option<String> {
        let members = members(schema);
        let wanted = tokens(parameter);
        let exact = members.iter().find(|(n, _)| tokens(n) == wanted);
        // `{userId}` is `id`, `{device_name}` is `name`.
        let last = wanted.last();
        let short = || {
            members
                .iter()
                .find(|(n, _)| Some(*n) == last.map(String::as_str))
        };
        let usual = ["id", "_id", "uuid", "uid", "guid"];
        let usual = || {
            members
                .iter()
                .find(|(n, _)| usual.contains(&n.to_ascii_lowercase().as_str()))
        };
        let (name, _) = exact.or_else(short).or_else(usual)?;
        Some(format!("/{}", super::pointer::escape(name)))
    };
    // Around it at most an envelope: the id of another object in the answer is not its id.
    let envelopes = [
        "data", "result", "item", "object", "value", "payload", "response",
    ];
    here(schema).or_else(|| {
        let members = members(schema);
        let alone = members.len() == 1;
        members.into_iter().find_map(|(name, member)| {
            let envelope = alone || envelopes.contains(&name.to_ascii_lowercase().as_str());
            let inner = here(member).filter(|_| envelope)?;
            Some(format!("/{}{inner}", super::pointer::escape(name)))
        })
    })
}

/// Whether what a schema describes is an object of any number of objects, each named by its key.
pub fn is_map_of_objects(schema: &Schema) -> bool {
    let parts = schema.all_of.iter().map(|part| &**part);
    let mut of = parts
        .chain([schema])
        .filter_map(|part| match &part.additional {
            Additional::Schema(of) => Some(of),
            _ => None,
        });
    let objects = |of: &Schema| of.types == [JsonType::Object] || !members(of).is_empty();
    members(schema).is_empty() && of.next().is_some_and(|of| objects(of))
}

/// JSON pointer to the array of a listing, at most two objects below the root, and the rules of its elements.
pub fn array_in(schema: &Schema) -> Option<(String, &Schema)> {
    fn within(schema: &Schema, depth: usize) -> Option<(String, &Schema)> {
        if schema.types.contains(&JsonType::Array)
            && let Some(items) = &schema.items
        {
            return Some((String::new(), items));
        }
        if depth == 0 {
            return None;
        }
        members(schema).into_iter().find_map(|(name, member)| {
            let (inner, items) = within(member, depth - 1)?;
            Some((format!("/{}{inner}", super::pointer::escape(name)), items))
        })
    }
    within(schema, 2)
}
