//! Values by mutation: where nothing that the document shows and nothing that can be put together keeps
//! all rules at once, what comes nearest is changed at one place after the other until both validators
//! take it. For rules that look at a whole value: alternatives that exclude each other, `if` beside
//! `unevaluatedProperties`, rules for names.

use crate::assess::{Assessed, assess};
use crate::candidates::Candidate;
use crate::model::*;
use crate::number::within;
use probity_pattern::{Assessment, Texts};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashSet};

/// Most values that are held against the validators for one schema.
const MOST_ASKED: usize = 400;
/// Values that are enough.
const ENOUGH: usize = 3;
/// Most values that one is changed into.
const MOST_BESIDE: usize = 120;
/// Most schemas that are looked at for one place.
const MOST_SCHEMAS: usize = 64;
/// Most members or items of one value that are changed.
const MOST_PARTS: usize = 24;
/// Most places of a value, and how deep, that are changed.
const MOST_PLACES: usize = 16;
const DEEPEST: usize = 3;
/// Values in a row that bring nobody nearer, after which there is no hope.
const PATIENCE: usize = 150;

/// Surely valid values that mutation leads to from some that are not; `plain` gives values of a part.
pub(crate) fn mutated(
    schema: &Schema,
    texts: &Texts,
    from: Vec<Value>,
    plain: &dyn Fn(&Schema) -> Vec<Value>,
) -> Vec<Candidate> {
    let mut search = Search {
        schema,
        texts,
        plain,
        known: HashSet::new(),
        waiting: BTreeSet::new(),
        values: Vec::new(),
        found: Vec::new(),
        best: (usize::MAX, usize::MAX),
        vain: 0,
    };
    let empty = [
        Value::Object(Map::new()),
        Value::Array(Vec::new()),
        Value::from(""),
        Value::from(0),
        Value::from(true),
    ];
    from.into_iter()
        .chain(empty)
        .for_each(|value| search.ask(value));
    while let Some((.., at)) = search.waiting.pop_first() {
        let Some((value, assessed)) = search.values.get(at).cloned() else {
            break;
        };
        for next in search.beside(&value, &assessed) {
            search.ask(next);
        }
        if search.is_over() {
            break;
        }
    }
    search.found
}

/// How far a value is from valid: certain faults, all faults.
type Distance = (usize, usize);

fn distance(assessed: &Assessed) -> Distance {
    let certain = assessed.faults.iter().filter(|f| f.certain).count();
    let open = assessed.faults.iter().filter(|f| !f.hint).count();
    (certain, open)
}

struct Search<'s> {
    schema: &'s Schema,
    texts: &'s Texts,
    plain: &'s dyn Fn(&Schema) -> Vec<Value>,
    known: HashSet<String>,
    /// Places in `values` of those to go on from, the nearest and smallest first.
    waiting: BTreeSet<(Distance, usize, usize)>,
    values: Vec<(Value, Assessed)>,
    found: Vec<Candidate>,
    best: Distance,
    /// Values since the last that came nearer.
    vain: usize,
}

impl Search<'_> {
    fn is_over(&self) -> bool {
        self.known.len() >= MOST_ASKED || self.found.len() >= ENOUGH || self.vain >= PATIENCE
    }

    fn ask(&mut self, value: Value) {
        let text = value.to_string();
        let size = text.len();
        if self.is_over() || !self.known.insert(text) {
            return;
        }
        let assessed = assess(self.schema, &value, self.texts);
        if assessed.certainty == Assessment::SurelyValid {
            self.found.push(Candidate {
                value,
                assessed,
                shown: None,
            });
            return;
        }
        let far = distance(&assessed);
        self.vain += 1;
        if far < self.best {
            (self.best, self.vain) = (far, 0);
        }
        self.waiting.insert((far, size, self.values.len()));
        self.values.push((value, assessed));
    }

    /// Values that differ at one place, those at a fault first.
    fn beside(&self, value: &Value, assessed: &Assessed) -> Vec<Value> {
        let blamed: HashSet<&str> = assessed
            .faults
            .iter()
            .filter_map(|fault| fault.path.leaf())
            .collect();
        let mut out: Vec<(bool, Value)> = Vec::new();
        let mut places = vec![(String::new(), vec![self.schema], 0)];
        let mut next = 0;
        while let Some((pointer, schemas, depth)) = places.get(next).cloned() {
            next += 1;
            let schemas = all_of_place(&schemas);
            let Some(here) = value.pointer(&pointer) else {
                continue;
            };
            for (of_fault, changed) in self.changes(here, &schemas, &blamed) {
                let mut whole = value.clone();
                if let Some(place) = whole.pointer_mut(&pointer) {
                    *place = changed;
                }
                out.push((of_fault, whole));
            }
            if depth < DEEPEST && places.len() < MOST_PLACES {
                places.extend(below(here, &schemas, &pointer, depth + 1));
            }
        }
        out.sort_by_key(|(of_fault, _)| !of_fault);
        out.truncate(MOST_BESIDE);
        out.into_iter().map(|(_, value)| value).collect()
    }

    /// What a value may become, and whether that is about something that a fault names.
    fn changes(
        &self,
        value: &Value,
        schemas: &[&Schema],
        blamed: &HashSet<&str>,
    ) -> Vec<(bool, Value)> {
        let mut out: Vec<(bool, Value)> = match value {
            Value::Object(members) => self.of_object(members, schemas, blamed),
            Value::Array(items) => self.of_array(items, schemas),
            _ => Vec::new(),
        };
        for schema in schemas {
            let values = self.of_one(schema).into_iter();
            out.extend(values.map(|value| (false, value)));
        }
        out
    }

    /// Values of a part and of what may hold with it: what they show, and what can be built of them.
    fn of(&self, schema: &Schema) -> Vec<Value> {
        let mut out: Vec<Value> = Vec::new();
        for schema in all_of_place(&[schema]) {
            let new = self.of_one(schema).into_iter();
            let new: Vec<Value> = new.filter(|value| !out.contains(value)).collect();
            out.extend(new);
            if out.len() >= MOST_PARTS {
                break;
            }
        }
        out.truncate(MOST_PARTS);
        out
    }

    fn of_one(&self, schema: &Schema) -> Vec<Value> {
        let mut out: Vec<Value> = schema.shown_values();
        out.truncate(MOST_PARTS / 2);
        if let Some(text) = schema.rule().and_then(|rule| self.texts.get(&rule)) {
            let cover = text.valid_cover(3).into_iter().map(|sample| sample.text);
            out.extend(cover.map(Value::String));
        }
        let numeric = [JsonType::Integer, JsonType::Number];
        if schema.types.iter().any(|t| numeric.contains(t)) {
            out.extend((0..8).filter_map(|nth| within(schema, nth)));
            let last = schema.maximum.as_ref().and_then(|b| b.value.as_i64());
            let last = last.into_iter().flat_map(|n| [n, n.saturating_sub(1)]);
            out.extend(last.map(Value::from));
        }
        out.extend((self.plain)(schema).into_iter().take(4));
        out
    }

    fn of_object(
        &self,
        members: &Map<String, Value>,
        schemas: &[&Schema],
        blamed: &HashSet<&str>,
    ) -> Vec<(bool, Value)> {
        let mut out = Vec::new();
        for name in members.keys().take(MOST_PARTS) {
            let mut fewer = members.clone();
            fewer.shift_remove(name);
            out.push((blamed.contains(name.as_str()), Value::Object(fewer)));
        }
        let with = |name: &str, value: Value| {
            let mut more = members.clone();
            more.insert(name.to_owned(), value);
            Value::Object(more)
        };
        let named = schemas.iter().flat_map(|schema| &schema.properties);
        for (name, rules) in named.take(2 * MOST_PARTS) {
            if rules.read_only {
                continue;
            }
            let values = self.of(rules).into_iter();
            let values = values.filter(|value| members.get(name) != Some(value));
            let is_blamed = blamed.contains(name.as_str());
            out.extend(values.take(8).map(|value| (is_blamed, with(name, value))));
        }
        let required = schemas.iter().flat_map(|schema| &schema.required);
        let missing = required.filter(|name| !members.contains_key(*name));
        for name in missing.take(MOST_PARTS) {
            out.push((true, with(name, Value::from("probity"))));
        }
        for (name, rules) in self.other_names(schemas) {
            let values = match rules {
                Some(rules) => self.of(rules),
                None => vec![Value::from("probity"), Value::from(1)],
            };
            let values = values.into_iter().take(2);
            out.extend(values.map(|value| (true, with(&name, value))));
            // What is there under a name that it may not have.
            for wrong in members.keys().filter(|n| blamed.contains(n.as_str())) {
                let renamed = members.iter().map(|(n, value)| match n == wrong {
                    true => (name.clone(), value.clone()),
                    false => (n.clone(), value.clone()),
                });
                out.push((true, Value::Object(renamed.collect())));
            }
        }
        out
    }

    /// Names of members that rules for names allow, with the rules for their values.
    fn other_names<'c>(&self, schemas: &[&'c Schema]) -> Vec<(String, Option<&'c Schema>)> {
        let mut out: Vec<(String, Option<&Schema>)> = Vec::new();
        for schema in schemas {
            let others = match &schema.additional {
                Additional::Schema(rules) => Some(&**rules),
                _ => None,
            };
            for (pattern, rules) in &schema.pattern_properties {
                let names = self.texts.get(&crate::promises::names_rule(pattern));
                let names = names.into_iter().flat_map(|text| text.valid_cover(2));
                out.extend(names.map(|name| (name.text, Some(&**rules))));
            }
            if let Some(names) = &schema.property_names {
                let names = self.of(names).into_iter();
                let names = names.filter_map(|name| name.as_str().map(str::to_owned));
                out.extend(names.take(6).map(|name| (name, others)));
            }
        }
        out.truncate(MOST_PARTS);
        out
    }

    fn of_array(&self, items: &[Value], schemas: &[&Schema]) -> Vec<(bool, Value)> {
        let mut out = Vec::new();
        if let Some((_, fewer)) = items.split_last() {
            out.push((false, Value::Array(fewer.to_vec())));
        }
        for (i, rules) in items.iter().enumerate().flat_map(|(i, _)| {
            let rules = schemas.iter().filter_map(move |schema| schema.item(i));
            rules.map(move |rules| (i, rules))
        }) {
            for value in self.of(rules).into_iter().take(MOST_PARTS / 2) {
                let mut other = items.to_vec();
                if let Some(item) = other.get_mut(i) {
                    *item = value;
                }
                out.push((false, Value::Array(other)));
            }
            if out.len() > MOST_BESIDE {
                break;
            }
        }
        for schema in schemas {
            let rules = schema.item(items.len());
            for rules in rules.into_iter().chain(schema.contains.as_deref()) {
                for value in self.of(rules).into_iter().take(6) {
                    let mut more = items.to_vec();
                    more.push(value);
                    out.push((false, Value::Array(more)));
                }
            }
        }
        out
    }
}

/// Schemas and what may hold for the same value with them, each once.
fn all_of_place<'s>(schemas: &[&'s Schema]) -> Vec<&'s Schema> {
    let mut out: Vec<&Schema> = Vec::new();
    let mut left: Vec<&Schema> = schemas.iter().rev().copied().collect();
    while let Some(schema) = left.pop() {
        if out.len() >= MOST_SCHEMAS || out.iter().any(|known| std::ptr::eq(*known, schema)) {
            continue;
        }
        out.push(schema);
        let dependent = schema.dependent_schemas.iter().map(|(_, part)| part);
        let parts = schema
            .all_of
            .iter()
            .chain(&schema.one_of)
            .chain(&schema.any_of)
            .chain(&schema.then_schema)
            .chain(&schema.else_schema)
            .chain(&schema.if_schema)
            .chain(dependent);
        let parts: Vec<&Schema> = parts.map(|part| &**part).collect();
        left.extend(parts.into_iter().rev());
    }
    out
}

/// Objects and lists in a value, with the schemas that may hold for them.
fn below<'s>(
    value: &Value,
    schemas: &[&'s Schema],
    pointer: &str,
    depth: usize,
) -> Vec<(String, Vec<&'s Schema>, usize)> {
    let mut out = Vec::new();
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter().take(MOST_PARTS) {
                let rules = schemas.iter().filter_map(|schema| {
                    let other = match &schema.additional {
                        Additional::Schema(rules) => Some(&**rules),
                        _ => None,
                    };
                    schema.property(name).or(other)
                });
                let rules: Vec<&Schema> = rules.collect();
                if (member.is_object() || member.is_array()) && !rules.is_empty() {
                    let pointer = format!("{pointer}/{}", crate::pointer::escape(name));
                    out.push((pointer, rules, depth));
                }
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate().take(MOST_PARTS) {
                let rules = schemas.iter().filter_map(|schema| schema.item(i));
                let rules: Vec<&Schema> = rules.collect();
                if (item.is_object() || item.is_array()) && !rules.is_empty() {
                    out.push((format!("{pointer}/{i}"), rules, depth));
                }
            }
        }
        _ => {}
    }
    out
}
