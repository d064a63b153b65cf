//! What the mock keeps of the resources of a contract: single documents and collections with items,
//! each by its concrete path, so that what one operation writes another reads.
//!
//! A resource is kept where the contract itself can read it (a `GET` at the same path, or at another
//! where [`probity_contract::Resources`] say so); the settings of the other writes are kept under the operation's id, and only the profile's read-back shows them.

use super::route::{arguments, collection_of};
use super::sample::plausible;
use probity_contract::profile::Profile;
use probity_contract::shape::{is_usual_id, plain_name};
use probity_contract::{
    Bound, Contract, Effect, Effects, JsonType, Operation, Schema, number, without_slash,
};
use probity_pattern::{Assessment, Texts};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Ids that are tried for a new item before the rules count as having no more.
const MOST_TRIES: u32 = 64;

/// Items that a collection has before anybody creates one.
const FIRST_ITEMS: usize = 2;

/// The items of collections: concrete path of the collection → ids in order.
#[derive(Debug, Default)]
pub(super) struct Collections {
    items: BTreeMap<String, Vec<String>>,
    created: u64,
    /// Ids that a list goes on showing although their items are gone.
    gone: BTreeMap<String, Vec<String>>,
}

impl Collections {
    /// A list goes on showing an id.
    pub(super) fn remember(&mut self, collection: &str, id: String) {
        self.gone.entry(collection.to_owned()).or_default().push(id);
    }

    /// Ids that the list of a collection shows although their items are gone.
    pub(super) fn gone(&self, collection: &str) -> Vec<String> {
        self.gone.get(collection).cloned().unwrap_or_default()
    }
}

/// What a path is, seen from the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// A collection whose items have paths of their own, with the item's parameter.
    Collection(&'a str),
    /// One item of a collection that the contract can list or add to.
    Item,
    /// Anything else.
    Single,
}

/// What an operation's path is. `operations` are all of the contract.
pub(super) fn part<'a>(operations: &'a [Operation], operation: &'a Operation) -> Part<'a> {
    if collection_of(&operation.path).is_some_and(|(above, _)| is_collection(operations, above)) {
        return Part::Item;
    }
    let item = operations.iter().find_map(|o| {
        let (above, name) = collection_of(&o.path)?;
        (above == without_slash(&operation.path)).then_some(name)
    });
    match item {
        Some(name) if is_collection(operations, &operation.path) => Part::Collection(name),
        _ => Part::Single,
    }
}

/// Whether something lists or adds at this path.
fn is_collection(operations: &[Operation], path: &str) -> bool {
    operations
        .iter()
        .filter(|o| matches!(o.method.as_str(), "GET" | "POST"))
        .any(|o| without_slash(&o.path) == without_slash(path))
}

/// The key under which an operation's body is kept.
pub(super) fn key(operations: &[Operation], operation: &Operation, path: &str) -> String {
    let read = reader(operations, operation).is_some();
    match read || part(operations, operation) == Part::Item {
        true => without_slash(path).to_owned(),
        false => operation.id.clone(),
    }
}

/// Operations whose body is the state of a resource that another path reads, with that path's template:
/// `POST /things/{id}/update`.
pub(super) fn read_elsewhere(contract: &Contract, profile: &Profile) -> HashMap<String, String> {
    let effects = Effects::of(contract, profile);
    let writes = |op: &&Operation| {
        let effect = effects.get(&op.id).map(|e| e.effect);
        effect == Some(Effect::Writes)
            && op.body.is_some()
            && reader(&contract.operations, op).is_none()
            && !profile.read_back.contains_key(&op.id)
    };
    let operations = contract.operations.iter().filter(writes);
    operations
        .filter_map(|op| {
            let resource = effects.resources.of_operation(&op.id)?;
            let read = contract.operation(resource.read.as_ref()?.operation.as_deref()?)?;
            Some((op.id.clone(), read.path.clone()))
        })
        .collect()
}

/// The operation that reads what this one writes.
pub(super) fn reader<'a>(
    operations: &'a [Operation],
    operation: &Operation,
) -> Option<&'a Operation> {
    operations
        .iter()
        .find(|o| o.method == "GET" && o.path == operation.path)
}

/// The operation whose body says what the resource of a template is set to at first; collections
/// have none.
pub(super) fn writer<'a>(operations: &'a [Operation], operation: &Operation) -> Option<&'a str> {
    let here = |method: &str| {
        let mut all = operations.iter();
        all.find(|o| o.path == operation.path && o.method == method && o.body.is_some())
    };
    let found = here("PUT")
        .or_else(|| here("PATCH"))
        .or_else(|| here("POST"))?;
    let item = |o: &Operation| {
        let above = collection_of(&o.path).map(|(above, _)| above);
        above == Some(without_slash(&operation.path))
    };
    (!operations.iter().any(item)).then_some(found.id.as_str())
}

impl Collections {
    /// Whether every item that a path goes through exists.
    pub(super) fn exists(
        &mut self,
        operations: &[Operation],
        operation: &Operation,
        path: &str,
        texts: &Texts,
    ) -> bool {
        let templates: Vec<&str> = without_slash(&operation.path).split('/').collect();
        let segments: Vec<&str> = without_slash(path).split('/').collect();
        (2..=templates.len()).all(|to| {
            let template = templates[..to].join("/");
            let Some((above, name)) = collection_of(&template) else {
                return true;
            };
            if !is_collection(operations, above) {
                return true;
            }
            let concrete = segments[..to].join("/");
            let given = arguments(&template, &concrete).and_then(|found| found.last().cloned());
            let collection = segments[..to - 1].join("/");
            given.is_some_and(|(_, id)| {
                let schema = parameter(operations, &template, name);
                let list = schema.is_some_and(|s| s.types.contains(&JsonType::Array));
                let item = schema.and_then(|s| s.items.as_deref());
                let rules = if list { item } else { schema };
                let known = self.ids(&collection, rules, texts);
                // A list names several (`style: simple`).
                match list {
                    true => id.split(',').all(|id| known.iter().any(|k| k == id)),
                    false => known.contains(&id),
                }
            })
        })
    }

    /// The ids of a collection; a collection that nobody has asked for yet has its first items.
    pub(super) fn ids(
        &mut self,
        collection: &str,
        schema: Option<&Schema>,
        texts: &Texts,
    ) -> &mut Vec<String> {
        self.items
            .entry(collection.to_owned())
            .or_insert_with(|| first_ids(schema, texts))
    }

    /// An id that no item of the collection has; `None`: all that the rules allow are taken.
    pub(super) fn fresh(
        &mut self,
        collection: &str,
        schema: Option<&Schema>,
        texts: &Texts,
    ) -> Option<String> {
        (0..MOST_TRIES).find_map(|_| {
            self.created += 1;
            let id = nth_id(schema, texts, 100 + self.created);
            let taken = self.ids(collection, schema, texts).contains(&id);
            (!taken).then_some(id)
        })
    }
}

/// The rules of a path parameter of a template.
pub(super) fn parameter<'a>(
    operations: &'a [Operation],
    template: &str,
    name: &str,
) -> Option<&'a Schema> {
    operations
        .iter()
        .filter(|o| without_slash(&o.path) == template)
        .flat_map(|o| &o.parameters)
        .find(|p| p.name == name && p.place == probity_contract::Place::Path)
        .map(|p| &p.schema)
}

/// Ids of the first items: what the document shows or lists, else the first numbers.
fn first_ids(schema: Option<&Schema>, texts: &Texts) -> Vec<String> {
    let shown = schema.map(|s| {
        let listed = s.enum_values.iter().flatten();
        listed.chain(&s.examples).map(text).collect::<Vec<_>>()
    });
    let mut ids = shown.unwrap_or_default();
    ids.dedup();
    let shown = ids.len();
    // Of few ids some are free, so that there is room for what somebody creates.
    let room = schema.and_then(span).unwrap_or(i64::MAX).saturating_sub(2);
    let first = usize::try_from(room).unwrap_or(1).clamp(1, FIRST_ITEMS);
    for n in 1..=FIRST_ITEMS as u64 {
        if ids.len() < first {
            ids.push(nth_id(schema, texts, n));
        }
    }
    if shown == 0 {
        ids.extend(schema.and_then(|schema| plain_id(schema, texts)));
    }
    let mut seen = BTreeSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    ids
}

/// The id that a run asks for where no document shows one: an item of that id is there, so that a run
/// on the mock of a document meets it.
fn plain_id(schema: &Schema, texts: &Texts) -> Option<String> {
    const PLAIN: &str = "probity0";
    if !schema.types.contains(&JsonType::String) {
        return number::within(schema, 0).map(|v| v.to_string());
    }
    let rule = schema.rule();
    match rule.as_ref().and_then(|rule| texts.get(rule)) {
        Some(rule) if rule.assess(PLAIN) != Assessment::SurelyValid => rule.valid(),
        _ => Some(PLAIN.to_owned()),
    }
}

/// The least whole number that is an id by a schema, and above 0 where that may be.
fn least(schema: &Schema) -> i64 {
    let low = edge(&schema.minimum, 1).filter(|low| *low > 0);
    low.unwrap_or(1)
}

/// How many whole numbers from [`least`] on are ids by a schema; `None`: any number of them.
fn span(schema: &Schema) -> Option<i64> {
    let high = edge(&schema.maximum, -1)?;
    let span = high.saturating_sub(least(schema)).saturating_add(1);
    (span > 0 && !schema.types.contains(&JsonType::String)).then_some(span)
}

/// The last whole number within a bound.
fn edge(bound: &Option<Bound>, inward: i64) -> Option<i64> {
    let bound = bound.as_ref()?;
    Some(bound.value.as_i64()? + if bound.exclusive { inward } else { 0 })
}

/// The nth id that a schema allows.
fn nth_id(schema: Option<&Schema>, texts: &Texts, n: u64) -> String {
    let Some(schema) = schema else {
        return n.to_string();
    };
    if !schema.types.contains(&JsonType::String) {
        let nth = i64::try_from(n.saturating_sub(1)).unwrap_or_default();
        // Where the rules end, it begins again.
        let nth = span(schema).map_or(nth, |span| nth % span);
        return least(schema).saturating_add(nth).to_string();
    }
    let rule = schema.rule();
    let rule = rule.as_ref().and_then(|rule| texts.get(rule));
    if schema.format.as_deref() == Some("uuid") {
        return format!("00000000-0000-4000-8000-{n:012x}");
    }
    match rule {
        Some(rule) => {
            let wanted = [n.to_string(), format!("item-{n}"), format!("item{n}")];
            let fits = |t: &String| rule.assess(t) == Assessment::SurelyValid;
            let valid = || rule.valid().into_iter().flat_map(|text| numbered(&text, n));
            let covers = || {
                let samples = rule.valid_cover(64);
                let at = usize::try_from(n).unwrap_or_default() % samples.len().max(1);
                samples.into_iter().nth(at).map(|s| s.text)
            };
            let found = wanted.into_iter().find(&fits);
            let found = found.or_else(|| valid().find(&fits));
            found.or_else(covers).unwrap_or_else(|| n.to_string())
        }
        None => n.to_string(),
    }
}

/// A text with a number at its end, in digits and in letters.
fn numbered(text: &str, n: u64) -> [String; 2] {
    let digits = n.to_string();
    let letters: String = digits
        .bytes()
        .map(|b| char::from(b'a' + (b - b'0')))
        .collect();
    [digits, letters].map(|end| {
        let kept = text.chars().count().saturating_sub(end.len());
        text.chars().take(kept).chain(end.chars()).collect()
    })
}

/// A value as it stands in a path.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The member of an item that holds its id: the parameter's own name, or the usual ones.
pub(super) fn id_member<'a>(schema: &'a Schema, parameter: &str) -> Option<&'a str> {
    let names = members(schema);
    let wanted = plain_name(parameter);
    let same = names.iter().find(|n| plain_name(n) == wanted);
    let usual = || {
        ["id", "uuid", "key", "name"]
            .iter()
            .find_map(|usual| names.iter().find(|n| plain_name(n) == *usual))
    };
    let ends = || names.iter().find(|n| wanted.ends_with(&plain_name(n)));
    same.or_else(ends).or_else(usual).copied()
}

/// The member that holds the last argument of a path: the parameter's own name, the end of it, or what the
/// path has several of (`epoch` in `/epochs/{number}`).
pub(super) fn named_member<'a>(schema: &'a Schema, path: &str, parameter: &str) -> Option<&'a str> {
    let (above, _) = collection_of(path)?;
    let (names, wanted) = (members(schema), plain_name(parameter));
    let several = plain_name(above.rsplit('/').next()?);
    let same = names.iter().find(|n| plain_name(n) == wanted);
    let ends = || names.iter().find(|n| wanted.ends_with(&plain_name(n)));
    let one = || names.iter().find(|n| several == plain_name(n) + "s");
    same.or_else(ends).or_else(one).copied()
}

/// Whether a client gives an item its name with this member: it is called like the parameter of the
/// path, or like its end (`name` for `{pool_name}`). An `id` under another name is the device's to give.
pub(super) fn is_given(member: &str, parameter: &str) -> bool {
    let (member, parameter) = (plain_name(member), plain_name(parameter));
    member == parameter || !is_usual_id(&member) && parameter.ends_with(&member)
}

/// The names of the members that a schema knows, those of its parts too.
fn members(schema: &Schema) -> Vec<&str> {
    let own = schema.properties.iter().map(|(name, _)| name.as_str());
    let parts = schema.all_of.iter().flat_map(|part| {
        let inner = part.properties.iter();
        inner.map(|(name, _)| name.as_str())
    });
    own.chain(parts).collect()
}

/// The answer of a read: a plausible value of its schema, with what was written in it.
pub(super) fn shown(schema: &Schema, written: Option<&Value>, texts: &Texts) -> Value {
    let mut answer = plausible(schema, texts).unwrap_or_default();
    if let Some(written) = written {
        overlay(place(&mut answer, written), written);
    }
    answer
}

/// Where in an answer what was written stands: at its root, or in the member whose members it has.
pub(super) fn place<'a>(answer: &'a mut Value, written: &Value) -> &'a mut Value {
    let Value::Object(new) = written else {
        return answer;
    };
    let common = |value: &Value| match value {
        Value::Object(map) => new.keys().filter(|name| map.contains_key(*name)).count(),
        _ => 0,
    };
    let root = common(answer);
    let inner = match &*answer {
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (common(value), name.clone()))
            .max_by_key(|(count, _)| *count),
        _ => None,
    };
    match inner {
        Some((count, name)) if count > root => match answer.get_mut(&name) {
            Some(_) => &mut answer[name.as_str()],
            None => answer,
        },
        _ => answer,
    }
}

/// Puts the members of `written` over those of `value`, member for member and whole arrays.
pub(super) fn overlay(value: &mut Value, written: &Value) {
    match (value, written) {
        (Value::Object(value), Value::Object(written)) => {
            for (name, member) in written {
                value.insert(name.clone(), member.clone());
            }
        }
        (value, written) => *value = written.clone(),
    }
}

/// The merge of RFC 7396 §2.
pub(super) fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else {
        return;
    };
    for (name, value) in patch {
        match value {
            Value::Null => {
                target.remove(name);
            }
            value => merge_patch(target.entry(name.clone()).or_insert(Value::Null), value),
        }
    }
}

/// The schema of one item in a listing, and whether the listing is the array itself.
pub(super) fn listed(schema: &Schema) -> Option<(&Schema, Option<&str>)> {
    if schema.types.contains(&JsonType::Array) {
        return Some((schema.items.as_deref()?, None));
    }
    schema.properties.iter().find_map(|(name, member)| {
        let items = member.items.as_deref()?;
        let objects = items.types.is_empty() || items.types.contains(&JsonType::Object);
        (member.types.contains(&JsonType::Array) && objects).then_some((items, Some(name.as_str())))
    })
}

/// An id as the schema of its member wants it: a number where that is no text.
pub(super) fn id_value(schema: &Schema, member: &str, id: &str) -> Value {
    let numbers = schema
        .property(member)
        .into_iter()
        .chain(
            schema
                .all_of
                .iter()
                .filter_map(|part| part.property(member)),
        )
        .any(|s| s.types.contains(&JsonType::Integer) || s.types.contains(&JsonType::Number));
    match id.parse::<i64>() {
        Ok(number) if numbers => json!(number),
        _ => json!(id),
    }
}
