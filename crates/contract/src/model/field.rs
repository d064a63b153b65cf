//! The fields of a request body: the ways from its root, and the list that strategies walk.

use super::{Operation, Schema};
use crate::promise_id::PromiseId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Names the way from a body's root to a field; arrays are entered by [`Step::Item`].
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct FieldPath(pub Vec<Step>);

/// One step of a [`FieldPath`].
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Into a member of an object.
    Member(String),
    /// Into the items of an array (the first one where a value is meant).
    Item,
}

impl FieldPath {
    /// The body itself.
    pub fn root() -> Self {
        FieldPath::default()
    }

    /// One member further.
    pub fn member(&self, name: &str) -> Self {
        let mut path = self.clone();
        path.0.push(Step::Member(name.to_owned()));
        path
    }

    /// Into the items.
    pub fn item(&self) -> Self {
        let mut path = self.clone();
        path.0.push(Step::Item);
        path
    }

    /// `stun.port`, `users[].name`; empty for the root.
    pub fn dotted(&self) -> String {
        let mut out = String::new();
        for step in &self.0 {
            match step {
                Step::Member(name) => {
                    if !out.is_empty() {
                        out.push('.');
                    }
                    out.push_str(name);
                }
                Step::Item => out.push_str("[]"),
            }
        }
        out
    }

    /// The name of the last member on the way, e.g. `port`.
    pub fn leaf(&self) -> Option<&str> {
        self.0.iter().rev().find_map(|s| match s {
            Step::Member(name) => Some(name.as_str()),
            Step::Item => None,
        })
    }

    /// The JSON pointer of the (first) such value in a body.
    pub fn pointer(&self) -> String {
        self.0
            .iter()
            .map(|s| match s {
                Step::Member(name) => format!("/{}", crate::pointer::escape(name)),
                Step::Item => "/0".to_owned(),
            })
            .collect()
    }

    /// The object or array that holds the field; `None` for the root.
    pub fn parent(&self) -> Option<FieldPath> {
        let (_, init) = self.0.split_last()?;
        Some(FieldPath(init.to_vec()))
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.dotted())
    }
}

/// One field of a request body, as the strategies walk it.
#[derive(Clone, Debug)]
pub struct Field<'a> {
    /// The way to it.
    pub path: FieldPath,
    /// Its rules.
    pub schema: &'a Schema,
    /// Whether its parent requires it (items count as not required).
    pub required: bool,
    operation: &'a str,
}

impl Field<'_> {
    /// Id of the promise that a keyword of its rules makes.
    pub fn promise(&self, keyword: &str) -> PromiseId {
        PromiseId::new(
            self.operation,
            &format!("body.{}.{keyword}", self.path.dotted()),
        )
    }
}

/// Deepest field that is listed: a schema that contains itself has no deepest one.
const DEEPEST: usize = 12;
/// Most fields of one body.
const MOST: usize = 4_000;

impl Operation {
    /// All fields of the body in document order, parents first, the root not included. Of members of
    /// `oneOf`/`anyOf` alternatives those that one alternative alone has: which rules hold for others
    /// depends on the rest of the body.
    /// A schema that contains itself is entered once; at most [`MOST`] fields are listed.
    pub fn fields(&self) -> Vec<Field<'_>> {
        self.walked(None)
    }

    /// [`Operation::fields`], with an entry of this name in each map (an object without members of its
    /// own, whose `additionalProperties` are a schema and whose names may be any) and what is below it.
    pub fn fields_with_entries<'a>(&'a self, entry: &'a str) -> Vec<Field<'a>> {
        self.walked(Some(entry))
    }

    fn walked<'a>(&'a self, entry: Option<&'a str>) -> Vec<Field<'a>> {
        let mut out = Vec::new();
        if let Some(body) = &self.body {
            let mut walk = Walk {
                operation: &self.id,
                entry,
                open: vec![&body.schema.pointer],
                out: &mut out,
            };
            walk.below(&body.schema, &FieldPath::root());
        }
        out
    }
}

struct Walk<'a, 'o> {
    operation: &'a str,
    /// Name of the entries of maps that are entered.
    entry: Option<&'a str>,
    /// The schemas around, by their place in the document.
    open: Vec<&'a str>,
    out: &'o mut Vec<Field<'a>>,
}

impl<'a> Walk<'a, '_> {
    fn below(&mut self, schema: &'a Schema, at: &FieldPath) {
        for (name, member) in &schema.properties {
            self.field(at.member(name), member, schema.required.contains(name));
        }
        for (name, member) in apart(schema) {
            self.field(at.member(name), member, false);
        }
        if let (Some(entry), Some(values)) = (self.entry, schema.map_values()) {
            self.field(at.member(entry), values, false);
        }
        let first = schema.prefix_items.first();
        if let Some(items) = first.or(schema.items.as_ref()) {
            self.field(at.item(), items, false);
        }
    }

    fn field(&mut self, path: FieldPath, schema: &'a Schema, required: bool) {
        if self.out.len() >= MOST {
            return;
        }
        self.out.push(Field {
            path: path.clone(),
            schema,
            required,
            operation: self.operation,
        });
        let again = !schema.pointer.is_empty() && self.open.contains(&schema.pointer.as_str());
        if !again && self.open.len() < DEEPEST {
            self.open.push(&schema.pointer);
            self.below(schema, &path);
            self.open.pop();
        }
    }
}

/// Members that one alternative of a schema has and no other part of it.
fn apart(schema: &Schema) -> Vec<(&String, &Schema)> {
    let mut members: Vec<(&String, &Schema)> = Vec::new();
    for alternative in schema.alternatives() {
        let parts = alternative.all_of.iter().flat_map(|part| &part.properties);
        members.extend(
            alternative
                .properties
                .iter()
                .chain(parts)
                .map(|(n, s)| (n, &**s)),
        );
    }
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, _) in &members {
        *times.entry(name).or_default() += 1;
    }
    let lone = members.iter().filter(|(name, _)| {
        times.get(name.as_str()) == Some(&1) && !schema.properties.iter().any(|(n, _)| n == *name)
    });
    lone.copied().collect()
}
