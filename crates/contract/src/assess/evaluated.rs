//! What of an object or array the keywords beside `unevaluatedProperties` and `unevaluatedItems`
//! have looked at (JSON Schema 2020-12 §11). Three-valued: `None` where readings differ. Part of
//! [`super`].

use super::Assessor;
use super::object::matches;
use crate::model::*;
use probity_pattern::Assessment;
use serde_json::{Map, Value};

/// One entry a member or an item, in order.
type Seen = Vec<Option<bool>>;

fn either(ours: &mut Seen, theirs: &Seen, certain: bool) {
    for (ours, theirs) in ours.iter_mut().zip(theirs) {
        *ours = match (*ours, *theirs) {
            (Some(true), _) => Some(true),
            (_, Some(true)) if certain => Some(true),
            (ours, Some(false)) => ours,
            _ => None,
        };
    }
}

/// A keyword that could not be read (a reference that leads nowhere) may look at anything.
fn unread(schema: &Schema, seen: &mut Seen) {
    if !schema.unchecked.is_empty() {
        let unseen = seen.iter_mut().filter(|seen| **seen == Some(false));
        unseen.for_each(|seen| *seen = None);
    }
}

/// Called with each part that holds: the part, whether that is certain, and the schemas around it.
type Visit<'v, A> = dyn FnMut(&A, &Schema, bool, &[&Schema]) + 'v;

impl Assessor<'_> {
    pub(super) fn members_seen(
        &self,
        schema: &Schema,
        members: &Map<String, Value>,
        path: &FieldPath,
        around: &[&Schema],
    ) -> Seen {
        let mut seen: Seen = members
            .keys()
            .map(|name| self.names_member(schema, name))
            .collect();
        unread(schema, &mut seen);
        let value = Value::Object(members.clone());
        self.in_place(
            schema,
            &value,
            path,
            around,
            &mut |assessor, part, certain, around| {
                let mut theirs = assessor.members_seen(part, members, path, around);
                if part.unevaluated_properties.is_some() {
                    theirs.fill(Some(true));
                }
                either(&mut seen, &theirs, certain);
            },
        );
        seen
    }

    fn names_member(&self, schema: &Schema, name: &str) -> Option<bool> {
        let additional = schema.additional != Additional::Unstated;
        if additional || schema.property(name).is_some() {
            return Some(true);
        }
        let patterns = schema.pattern_properties.iter();
        let found: Vec<Assessment> = patterns
            .map(|(pattern, _)| matches(self.texts, pattern, name))
            .collect();
        if found.contains(&Assessment::SurelyValid) {
            return Some(true);
        }
        (!found.contains(&Assessment::Open)).then_some(false)
    }

    pub(super) fn items_seen(
        &self,
        schema: &Schema,
        items: &[Value],
        path: &FieldPath,
        around: &[&Schema],
    ) -> Seen {
        let inside = path.item();
        let mut seen: Seen = items
            .iter()
            .enumerate()
            .map(|(i, item)| {
                if schema.item(i).is_some() {
                    return Some(true);
                }
                let contains = schema.contains.as_ref();
                match contains.map(|rules| self.ask(rules, item, &inside, &[]).certainty) {
                    Some(Assessment::SurelyValid) => Some(true),
                    Some(Assessment::Open) => None,
                    _ => Some(false),
                }
            })
            .collect();
        unread(schema, &mut seen);
        let value = Value::Array(items.to_vec());
        self.in_place(
            schema,
            &value,
            path,
            around,
            &mut |assessor, part, certain, around| {
                let mut theirs = assessor.items_seen(part, items, path, around);
                if part.unevaluated_items.is_some() {
                    theirs.fill(Some(true));
                }
                either(&mut seen, &theirs, certain);
            },
        );
        seen
    }

    /// Every part that holds for the value, too, and whether that is certain.
    fn in_place(
        &self,
        schema: &Schema,
        value: &Value,
        path: &FieldPath,
        around: &[&Schema],
        visit: &mut Visit<'_, Self>,
    ) {
        if around.len() > 32 {
            return;
        }
        let mut inner = around.to_vec();
        inner.push(schema);
        let holds = |part: &Schema| match self.ask(part, value, path, &inner).certainty {
            Assessment::SurelyValid => Some(true),
            Assessment::Open => None,
            Assessment::SurelyInvalid => Some(false),
        };
        let mut optional: Vec<&SchemaRef> = schema.any_of.iter().chain(&schema.one_of).collect();
        let members = value.as_object();
        optional.extend(schema.dependent_schemas.iter().filter_map(|(name, part)| {
            members
                .is_some_and(|m| m.contains_key(name))
                .then_some(part)
        }));
        optional.extend(&schema.all_of);
        if let Some(condition) = &schema.if_schema {
            let met = holds(condition);
            if met != Some(false) {
                visit(self, condition, met == Some(true), &inner);
            }
            let branches = [
                (&schema.then_schema, Some(false)),
                (&schema.else_schema, Some(true)),
            ];
            for (branch, unless) in branches {
                if let Some(branch) = branch
                    && met != unless
                {
                    visit(self, branch, met.is_some(), &inner);
                }
            }
        }
        for part in optional {
            match holds(part) {
                Some(false) => {}
                certain => visit(self, part, certain == Some(true), &inner),
            }
        }
    }
}
