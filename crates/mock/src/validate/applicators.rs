//! The keywords of JSON Schema 2020-12 that count, condition or depend: two-valued, as the rest of
//! the mock's validator. Part of [`super`].

use super::{Validator, Wrong, equal};
use probity_contract::{Additional, FaultKind, FieldPath, Schema};
use serde_json::{Map, Value};

/// How deep alternatives in alternatives are asked what they evaluate.
const DEEPEST: usize = 16;

impl Validator {
    /// Whether a schema takes a value at a place.
    pub(super) fn takes(&self, schema: &Schema, value: &Value, path: &FieldPath) -> bool {
        let mut wrongs = Vec::new();
        self.value(schema, value, path, &mut wrongs);
        wrongs.is_empty()
    }

    /// What is wrong with an array by its length and its items.
    pub(super) fn array(
        &self,
        schema: &Schema,
        items: &[Value],
        path: &FieldPath,
        out: &mut Vec<Wrong>,
    ) {
        let count = items.len() as u64;
        let mut places = items.iter().enumerate();
        let mut twice = || places.any(|(i, a)| items[..i].iter().any(|b| equal(a, b)));
        if schema.min_items.is_some_and(|least| count < least)
            || schema.max_items.is_some_and(|most| count > most)
            || (schema.unique_items && twice())
        {
            out.push(Wrong {
                kind: FaultKind::Constraint,
                path: path.clone(),
            });
        }
        for (index, item) in items.iter().enumerate() {
            if let Some(rules) = schema.item(index) {
                self.value(rules, item, &path.item(), out);
            }
        }
    }

    /// Whether a schema states anything that [`Validator::applies`] looks at, so that most values
    /// cost nothing here.
    fn plain(schema: &Schema) -> bool {
        schema.min_properties.is_none()
            && schema.max_properties.is_none()
            && schema.property_names.is_none()
            && schema.dependent_required.is_empty()
            && schema.dependent_schemas.is_empty()
            && schema.unevaluated_properties.is_none()
            && schema.contains.is_none()
            && schema.unevaluated_items.is_none()
            && schema.if_schema.is_none()
    }

    /// `minProperties`, `contains`, `if` and their like.
    pub(super) fn applies(&self, schema: &Schema, value: &Value, path: &FieldPath) -> bool {
        if Self::plain(schema) {
            return true;
        }
        if let Some(condition) = &schema.if_schema {
            let then = match self.takes(condition, value, path) {
                true => &schema.then_schema,
                false => &schema.else_schema,
            };
            if then.as_ref().is_some_and(|s| !self.takes(s, value, path)) {
                return false;
            }
        }
        match value {
            Value::Object(members) => self.members(schema, members, value, path),
            Value::Array(items) => self.items(schema, items, value, path),
            _ => true,
        }
    }

    fn members(
        &self,
        schema: &Schema,
        members: &Map<String, Value>,
        value: &Value,
        path: &FieldPath,
    ) -> bool {
        let count = members.len() as u64;
        let named = |rules: &Schema| {
            let mut names = members.keys();
            names.all(|name| self.takes(rules, &Value::from(name.as_str()), path))
        };
        let mut required = schema.dependent_required.iter();
        let mut schemas = schema.dependent_schemas.iter();
        let evaluated = |rules: &Schema| {
            let mut others = members.iter();
            others.all(|(name, member)| {
                self.evaluates(schema, name, value, path, DEEPEST)
                    || self.takes(rules, member, &path.member(name))
            })
        };
        schema.min_properties.is_none_or(|least| count >= least)
            && schema.max_properties.is_none_or(|most| count <= most)
            && schema.property_names.as_deref().is_none_or(named)
            && required.all(|(name, others)| {
                !members.contains_key(name) || others.iter().all(|o| members.contains_key(o))
            })
            && schemas
                .all(|(name, rules)| !members.contains_key(name) || self.takes(rules, value, path))
            && schema
                .unevaluated_properties
                .as_deref()
                .is_none_or(evaluated)
    }

    fn items(&self, schema: &Schema, items: &[Value], value: &Value, path: &FieldPath) -> bool {
        let at = path.item();
        if let Some(rules) = &schema.contains {
            let count = items.iter().filter(|i| self.takes(rules, i, &at)).count() as u64;
            if count < schema.min_contains.unwrap_or(1)
                || schema.max_contains.is_some_and(|most| count > most)
            {
                return false;
            }
        }
        let Some(rules) = &schema.unevaluated_items else {
            return true;
        };
        items.iter().enumerate().all(|(index, item)| {
            self.evaluates_item(schema, index, item, value, path, DEEPEST)
                || self.takes(rules, item, &at)
        })
    }

    /// The parts of a schema that hold for the value with it.
    fn parts<'s>(&self, schema: &'s Schema, value: &Value, path: &FieldPath) -> Vec<&'s Schema> {
        let chosen = schema.any_of.iter().chain(&schema.one_of);
        let chosen = chosen.filter(|part| self.takes(part, value, path));
        let dependent = schema.dependent_schemas.iter();
        let dependent = dependent.filter(|(name, _)| value.get(name).is_some());
        let condition =
            schema
                .if_schema
                .as_ref()
                .map(|condition| match self.takes(condition, value, path) {
                    true => vec![Some(condition), schema.then_schema.as_ref()],
                    false => vec![schema.else_schema.as_ref()],
                });
        let condition = condition.into_iter().flatten().flatten();
        let all = schema.all_of.iter().chain(chosen).chain(condition);
        all.chain(dependent.map(|(_, part)| part))
            .map(|part| &**part)
            .collect()
    }

    /// Whether a member is evaluated by what stands beside `unevaluatedProperties` (§11.3).
    fn evaluates(
        &self,
        schema: &Schema,
        name: &str,
        value: &Value,
        path: &FieldPath,
        left: usize,
    ) -> bool {
        let stated = !matches!(schema.additional, Additional::Unstated);
        let patterned = || {
            let mut patterns = schema.pattern_properties.iter();
            patterns.any(|(pattern, _)| named_by(pattern, name))
        };
        schema.property(name).is_some()
            || stated
            || patterned()
            || left > 0
                && self.parts(schema, value, path).into_iter().any(|part| {
                    part.unevaluated_properties.is_some()
                        || self.evaluates(part, name, value, path, left - 1)
                })
    }

    /// Whether an item is evaluated by what stands beside `unevaluatedItems` (§11.2).
    fn evaluates_item(
        &self,
        schema: &Schema,
        index: usize,
        item: &Value,
        value: &Value,
        path: &FieldPath,
        left: usize,
    ) -> bool {
        let contained = |rules: &Schema| self.takes(rules, item, &path.item());
        schema.items.is_some()
            || index < schema.prefix_items.len()
            || schema.contains.as_deref().is_some_and(contained)
            || left > 0
                && self.parts(schema, value, path).into_iter().any(|part| {
                    part.unevaluated_items.is_some()
                        || self.evaluates_item(part, index, item, value, path, left - 1)
                })
    }
}

/// Whether a key of `patternProperties` names a member; a pattern that ECMAScript does not read
/// names none.
pub(super) fn named_by(pattern: &str, name: &str) -> bool {
    let read = |flags| probity_pattern::check::ecma_script(pattern, flags)?.ok();
    read("u")
        .or_else(|| read(""))
        .is_some_and(|regex| regex.find(name).is_some())
}
