//! Values to begin with where nothing can be generated: what the document shows (examples,
//! defaults, constants, enumerations), put together along the schema, each held against both
//! validators before anybody sees it.

use crate::assess::{Assessed, assess};
use crate::model::*;
use crate::mutated::mutated;
use crate::number::within;
use probity_pattern::{Assessment, Texts};
use serde_json::{Map, Value};
use std::cell::Cell;

/// Most values that are tried for one schema.
const MOST: usize = 64;
/// Most values that mutation begins with.
const MOST_MUTATED: usize = 12;
/// Deepest value that is put together.
const DEEPEST: usize = 12;
/// Most items of an array that is put together.
const MOST_ITEMS: u64 = 64;
/// Most parts that are put together for one schema.
const MOST_STEPS: usize = 20_000;
/// Most values of one part.
const MOST_PARTS: usize = 6;

/// A value with what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The value.
    pub value: Value,
    /// What both validators say.
    pub assessed: Assessed,
    /// JSON pointer of the example, where the document shows the value as a whole.
    pub shown: Option<String>,
}

impl Body {
    /// Values for this body that keep every rule, surely valid ones first, those that annotations
    /// leave open behind; at most some dozens. Empty: none is known.
    pub fn candidates(&self, texts: &Texts) -> Vec<Candidate> {
        let examples = self.examples.iter();
        let shown = examples.map(|(pointer, value)| (value.clone(), Some(pointer.clone())));
        let own = self.schema.shown_values().into_iter();
        let all = shown.chain(own.map(|value| (value, Some(self.schema.pointer.clone()))));
        checked(&self.schema, texts, all)
    }
}

impl Schema {
    /// Values for this schema, as [`Body::candidates`].
    pub fn candidates(&self, texts: &Texts) -> Vec<Candidate> {
        let own = self.shown_values().into_iter();
        checked(
            self,
            texts,
            own.map(|value| (value, Some(self.pointer.clone()))),
        )
    }

    /// What the schema itself shows: default, examples, constant, enumeration.
    pub fn shown_values(&self) -> Vec<Value> {
        let mut out: Vec<Value> = Vec::new();
        let all = self
            .const_value
            .iter()
            .chain(&self.default)
            .chain(&self.examples)
            .chain(self.enum_values.iter().flatten());
        for value in all.take(MOST) {
            if !out.contains(value) {
                out.push(value.clone());
            }
        }
        out
    }

    /// Values put together from what the parts show and from plain values of each type. Not
    /// checked.
    fn built_values(&self, texts: &Texts) -> Vec<Value> {
        let mut out = Vec::new();
        for all in [false, true] {
            let builder = Builder {
                texts,
                all,
                left: Cell::new(MOST_STEPS),
            };
            for value in builder.values(self, 0) {
                if !out.contains(&value) && out.len() < MOST {
                    out.push(value);
                }
            }
        }
        out
    }
}

/// Those of the shown values and of what can be put together that may be sent; where none is surely
/// valid, what mutation makes of them.
fn checked(
    schema: &Schema,
    texts: &Texts,
    shown: impl Iterator<Item = (Value, Option<String>)>,
) -> Vec<Candidate> {
    let built = schema.built_values(texts);
    let (mut out, mut tried): (Vec<Candidate>, Vec<Value>) = Default::default();
    let values = shown.chain(built.into_iter().map(|value| (value, None)));
    for (value, shown) in values.take(2 * MOST) {
        if out.iter().any(|known| known.value == value) {
            continue;
        }
        let assessed = assess(schema, &value, texts);
        if assessed.is_sendable() {
            out.push(Candidate {
                value,
                assessed,
                shown,
            });
        } else if tried.len() < MOST_MUTATED {
            tried.push(value);
        }
    }
    if out
        .iter()
        .all(|c| c.assessed.certainty != Assessment::SurelyValid)
    {
        tried.extend(out.iter().take(MOST_PARTS).map(|c| c.value.clone()));
        let plain = |part: &Schema| {
            let builder = Builder {
                texts,
                all: false,
                left: Cell::new(MOST_STEPS / 100),
            };
            builder.values(part, DEEPEST / 2)
        };
        out.extend(mutated(schema, texts, tried, &plain));
    }
    out.sort_by_key(|c| c.assessed.certainty != Assessment::SurelyValid);
    out
}

/// A value and everything in it.
fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(nodes).sum(),
        Value::Object(members) => members.values().map(nodes).sum(),
        _ => 0,
    }
}

struct Builder<'t> {
    texts: &'t Texts,
    /// Optional members, too.
    all: bool,
    /// How many parts may still be put together: arrays of arrays have more than anybody can send.
    left: Cell<usize>,
}

impl Builder<'_> {
    fn values(&self, schema: &Schema, depth: usize) -> Vec<Value> {
        if depth > DEEPEST || !self.spend(1) {
            return Vec::new();
        }
        let mut out = schema.shown_values();
        let fits = |v: &Value| {
            let found = assess(schema, v, self.texts);
            found.is_sendable()
        };
        out.retain(fits);
        out.truncate(MOST_PARTS);
        if !out.is_empty() && depth > 0 {
            return out;
        }
        let alternatives = schema.one_of.iter().chain(&schema.any_of);
        let alternatives: Vec<&SchemaRef> = alternatives.take(MOST_PARTS).collect();
        let own = self.own(schema, depth);
        if alternatives.is_empty() {
            out.extend(own);
        } else {
            for part in alternatives {
                for value in self.values(part, depth + 1).into_iter().take(2) {
                    match (&value, own.first()) {
                        (Value::Object(_), Some(base @ Value::Object(_))) => {
                            out.push(joined(base, &value));
                            out.push(value);
                        }
                        _ => out.push(value),
                    }
                }
            }
        }
        for part in schema
            .all_of
            .iter()
            .chain(&schema.then_schema)
            .chain(&schema.else_schema)
        {
            let parts = self.values(part, depth + 1);
            let Some(more) = parts.first() else { continue };
            let bases = if out.is_empty() {
                vec![Value::Null]
            } else {
                out.clone()
            };
            out.extend(bases.iter().map(|base| joined(base, more)));
        }
        out.truncate(2 * MOST_PARTS);
        out
    }

    /// Whether so many parts more may be put together.
    fn spend(&self, parts: usize) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(parts));
        left >= parts
    }

    /// By the keywords of the type alone.
    fn own(&self, schema: &Schema, depth: usize) -> Vec<Value> {
        let types = match schema.types.as_slice() {
            [] => vec![implied(schema)],
            types => types.to_vec(),
        };
        let built = types.into_iter().map(|t| match t {
            JsonType::Null => Some(Value::Null),
            JsonType::Boolean => Some(Value::Bool(true)),
            JsonType::Integer | JsonType::Number => within(schema, 0),
            JsonType::String => self.text(schema),
            JsonType::Array => self.array(schema, depth),
            JsonType::Object => self.object(schema, depth),
        });
        let mut out: Vec<Value> = built.flatten().collect();
        // What is there says more than null.
        out.sort_by_key(Value::is_null);
        out
    }

    fn text(&self, schema: &Schema) -> Option<Value> {
        let known = schema.rule().and_then(|rule| {
            let text = self.texts.get(&rule)?;
            let plain = ["probity", "a", ""].into_iter();
            let mut plain = plain.filter(|t| text.assess(t) == Assessment::SurelyValid);
            plain.next().map(str::to_owned).or_else(|| text.valid())
        });
        let least = schema.min_length.unwrap_or(0).min(1 << 16);
        let plain = || {
            "probity"
                .chars()
                .cycle()
                .take((least as usize).max(1))
                .collect()
        };
        Some(Value::String(known.unwrap_or_else(plain)))
    }

    fn array(&self, schema: &Schema, depth: usize) -> Option<Value> {
        let least = schema
            .min_items
            .unwrap_or(0)
            .max(schema.prefix_items.len() as u64);
        let most = schema.max_items.unwrap_or(MOST_ITEMS).min(MOST_ITEMS);
        let wanted = least.max(u64::from(self.all && depth < 3)).min(most);
        let mut items: Vec<Value> = Vec::new();
        if let Some(contained) = &schema.contains
            && schema.prefix_items.is_empty()
        {
            let count = schema.min_contains.unwrap_or(1).min(MOST_ITEMS);
            let values = self.values(contained, depth + 1);
            let each = values.iter().map(nodes).max().unwrap_or(0);
            if !self.spend(each.saturating_mul(count as usize)) {
                return None;
            }
            let values = values.iter().cycle().take(count as usize);
            items.extend(values.cloned());
        }
        for i in items.len()..wanted as usize {
            let Some(rules) = schema.item(i) else {
                items.push(Value::from(i));
                continue;
            };
            let values = self.values(rules, depth + 1);
            let fresh = values
                .iter()
                .find(|v| !schema.unique_items || !items.contains(v));
            match (fresh, rules.types.as_slice()) {
                (Some(value), _) => items.push(value.clone()),
                (None, [JsonType::Integer | JsonType::Number]) => items.push(Value::from(i)),
                (None, [JsonType::String]) => items.push(Value::from(format!("probity{i}"))),
                _ if (i as u64) >= least => break,
                _ => return None,
            }
        }
        Some(Value::Array(items))
    }

    fn object(&self, schema: &Schema, depth: usize) -> Option<Value> {
        let mut members = Map::new();
        let most = schema.max_properties.unwrap_or(u64::MAX);
        let mut wanted: Vec<&str> = schema.required.iter().map(String::as_str).collect();
        let mut i = 0;
        while let Some(name) = wanted.get(i).copied() {
            i += 1;
            let others = schema.dependent_required.iter().filter(|(n, _)| n == name);
            for other in others.flat_map(|(_, others)| others) {
                if !wanted.contains(&other.as_str()) {
                    wanted.push(other);
                }
            }
        }
        for name in &wanted {
            let value = match schema.property(name) {
                Some(rules) => self.values(rules, depth + 1).into_iter().next()?,
                None => self.other(schema, name, depth)?,
            };
            members.insert((*name).to_owned(), value);
        }
        let least = schema.min_properties.unwrap_or(0);
        for (name, rules) in &schema.properties {
            let enough = members.len() as u64 >= least;
            let optional = self.all && depth < 4 && !rules.leads_back();
            if rules.read_only || members.contains_key(name) || (enough && !optional) {
                continue;
            }
            if members.len() as u64 >= most || self.needs_others(schema, name, &members) {
                continue;
            }
            if let Some(value) = self.values(rules, depth + 1).into_iter().next() {
                members.insert(name.clone(), value);
            }
        }
        for i in 0.. {
            if members.len() as u64 >= least || i > MOST_ITEMS {
                break;
            }
            let name = format!("probity{i}");
            let value = self.other(schema, &name, depth)?;
            members.insert(name, value);
        }
        Some(Value::Object(members))
    }

    fn needs_others(&self, schema: &Schema, name: &str, there: &Map<String, Value>) -> bool {
        let rules = schema.dependent_required.iter().filter(|(n, _)| n == name);
        let needs = rules.flat_map(|(_, others)| others);
        needs.into_iter().any(|other| !there.contains_key(other))
    }

    /// A member that is not named.
    fn other(&self, schema: &Schema, name: &str, depth: usize) -> Option<Value> {
        let patterns = schema.pattern_properties.iter();
        let mut patterns = patterns.filter(|(pattern, _)| {
            let rule = crate::promises::names_rule(pattern);
            let text = self.texts.get(&rule);
            text.is_some_and(|text| text.assess(name) == Assessment::SurelyValid)
        });
        if let Some((_, rules)) = patterns.next() {
            return self.values(rules, depth + 1).into_iter().next();
        }
        match &schema.additional {
            Additional::Forbidden => None,
            Additional::Schema(rules) => self.values(rules, depth + 1).into_iter().next(),
            Additional::Unstated | Additional::Allowed => Some(Value::from("probity")),
        }
    }
}

/// The type that the keywords are about.
fn implied(schema: &Schema) -> JsonType {
    if schema.items.is_some() || !schema.prefix_items.is_empty() || schema.contains.is_some() {
        JsonType::Array
    } else if schema.pattern.is_some() || schema.min_length.is_some() || schema.format.is_some() {
        JsonType::String
    } else if schema.minimum.is_some() || schema.maximum.is_some() || schema.multiple_of.is_some() {
        JsonType::Integer
    } else {
        JsonType::Object
    }
}

/// Two objects as one, and else the second.
fn joined(base: &Value, more: &Value) -> Value {
    match (base, more) {
        (Value::Object(base), Value::Object(more)) => {
            let mut all = base.clone();
            all.extend(more.iter().map(|(k, v)| (k.clone(), v.clone())));
            Value::Object(all)
        }
        (_, more) => more.clone(),
    }
}
