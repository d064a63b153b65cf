//! Rules of objects. Part of [`super`].

use super::Assessor;
use crate::model::*;
use crate::promises::names_rule;
use probity_pattern::{Assessment, Texts};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// Members of a schema from which on a set of their names is made.
const WIDE: usize = 16;

impl Assessor<'_> {
    pub(super) fn object(
        &mut self,
        schema: &Schema,
        members: &Map<String, Value>,
        path: &FieldPath,
        around: &[&Schema],
    ) {
        for name in &schema.required {
            if !members.contains_key(name) {
                self.fault(FaultKind::Missing, &path.member(name), "required", true);
            }
        }
        for (name, rules) in &schema.properties {
            if let Some(member) = members.get(name) {
                self.value(rules, member, &path.member(name), &[]);
                if rules.read_only {
                    self.fault(FaultKind::Constraint, &path.member(name), "readOnly", false);
                }
            }
        }
        // A schema finds a name by going through its members: once for all of a wide one.
        let wide = schema.properties.len() > WIDE;
        let described: HashSet<&str> = match wide {
            true => schema.properties.iter().map(|(n, _)| n.as_str()).collect(),
            false => HashSet::new(),
        };
        for (name, member) in members {
            let named = match wide {
                true => described.contains(name.as_str()),
                false => schema.property(name).is_some(),
            };
            // Nothing else is said of it.
            if named && schema.pattern_properties.is_empty() {
                continue;
            }
            self.other_member(schema, name, member, path, around);
        }
        self.counts(schema, members, path);
        self.dependents(schema, members, path, around);
        self.hints(schema, members, path);
        self.unevaluated_members(schema, members, path, around);
    }

    /// What `patternProperties` and `additionalProperties` say of a member.
    fn other_member(
        &mut self,
        schema: &Schema,
        name: &str,
        member: &Value,
        path: &FieldPath,
        around: &[&Schema],
    ) {
        let path = path.member(name);
        let was = self.blurred;
        let (mut named, mut perhaps) = (schema.property(name).is_some(), false);
        for (pattern, rules) in &schema.pattern_properties {
            match matches(self.texts, pattern, name) {
                Assessment::SurelyInvalid => continue,
                Assessment::SurelyValid => named = true,
                Assessment::Open => {
                    perhaps = true;
                    self.blurred = true;
                }
            }
            self.value(rules, member, &path, &[]);
            self.blurred = was;
        }
        if named {
            return;
        }
        self.blurred |= perhaps;
        let unknown = FaultKind::UnknownMember;
        match &schema.additional {
            Additional::Allowed => {}
            Additional::Forbidden => {
                // JSON Schema looks at the members beside it alone; who writes `allOf` means all of them,
                // in whichever of the parts or around them the word stands.
                let mut all = around.iter().copied().chain([schema]);
                let beside = all.any(|outer| describes(outer, name, 0));
                self.fault(unknown, &path, "additionalProperties", !beside);
            }
            Additional::Schema(rules) => self.value(rules, member, &path, &[]),
            Additional::Unstated => {
                if schema.unevaluated_properties.is_none()
                    && unnamed(schema, name, around, self.texts)
                {
                    self.fault(unknown, &path, "additionalProperties", false);
                }
            }
        }
        self.blurred = was;
    }

    fn counts(&mut self, schema: &Schema, members: &Map<String, Value>, path: &FieldPath) {
        let count = members.len() as u64;
        if schema.min_properties.is_some_and(|min| count < min) {
            self.fault(FaultKind::Constraint, path, "minProperties", true);
        }
        if schema.max_properties.is_some_and(|max| count > max) {
            self.fault(FaultKind::Constraint, path, "maxProperties", true);
        }
        let Some(rules) = &schema.property_names else {
            return;
        };
        for name in members.keys() {
            let found = self.ask(rules, &Value::from(name.as_str()), path, &[]);
            if found.is_hinted() {
                self.faults.extend(found.faults);
            } else if found.certainty != Assessment::SurelyValid {
                let sure = found.certainty == Assessment::SurelyInvalid;
                let path = path.member(name);
                self.fault(FaultKind::Constraint, &path, "propertyNames", sure);
            }
        }
    }

    fn dependents(
        &mut self,
        schema: &Schema,
        members: &Map<String, Value>,
        path: &FieldPath,
        around: &[&Schema],
    ) {
        for (name, others) in &schema.dependent_required {
            for other in others {
                if members.contains_key(name) && !members.contains_key(other) {
                    let path = path.member(other);
                    self.fault(FaultKind::Missing, &path, "dependentRequired", true);
                }
            }
        }
        for (name, rules) in &schema.dependent_schemas {
            if members.contains_key(name) {
                let mut inner = around.to_vec();
                inner.push(schema);
                self.value(rules, &Value::Object(members.clone()), path, &inner);
            }
        }
    }

    /// A discriminator names the alternative that is meant.
    fn hints(&mut self, schema: &Schema, members: &Map<String, Value>, path: &FieldPath) {
        let Some(discriminator) = &schema.discriminator else {
            return;
        };
        let value = members.get(&discriminator.property).and_then(Value::as_str);
        let known = &discriminator.values;
        if !value.is_some_and(|value| known.is_empty() || known.iter().any(|v| v == value)) {
            self.hint(path, "discriminator");
        }
    }

    /// `unevaluatedProperties` (JSON Schema 2020-12 §11.3).
    fn unevaluated_members(
        &mut self,
        schema: &Schema,
        members: &Map<String, Value>,
        path: &FieldPath,
        around: &[&Schema],
    ) {
        let Some(rules) = &schema.unevaluated_properties else {
            return;
        };
        let seen = self.members_seen(schema, members, path, around);
        let was = self.blurred;
        for ((name, member), seen) in members.iter().zip(seen) {
            match seen {
                Some(true) => continue,
                Some(false) => self.blurred = was,
                None => self.blurred = true,
            }
            let path = path.member(name);
            let found = self.ask(rules, member, &path, &[]);
            if found.is_hinted() {
                self.faults.extend(found.faults);
            } else if found.certainty != Assessment::SurelyValid {
                let sure = found.certainty == Assessment::SurelyInvalid;
                let unknown = FaultKind::UnknownMember;
                self.fault(unknown, &path, "unevaluatedProperties", sure);
            }
        }
        self.blurred = was;
    }
}

/// Whether a name is one of a key of `patternProperties`, under every reading of it.
pub(super) fn matches(texts: &Texts, pattern: &str, name: &str) -> Assessment {
    match texts.get(&names_rule(pattern)) {
        Some(text) => text.assess(name),
        None => Assessment::Open,
    }
}

/// Whether nothing that holds for the object names the member, so that it is not stated whether it
/// may be there.
fn unnamed(schema: &Schema, name: &str, around: &[&Schema], texts: &Texts) -> bool {
    // A schema without members describes any object.
    if schema.properties.is_empty() {
        return false;
    }
    let alternative = schema
        .any_of
        .iter()
        .chain(&schema.one_of)
        .any(|s| names(s, name, texts));
    // An alternative that names members speaks for itself.
    !alternative && !names(schema, name, texts) && !around.iter().any(|s| names(s, name, texts))
}

/// Whether a schema or a part that holds with it names a member.
fn names(schema: &Schema, name: &str, texts: &Texts) -> bool {
    let patterns = &schema.pattern_properties;
    schema.property(name).is_some()
        || patterns
            .iter()
            .any(|(pattern, _)| matches(texts, pattern, name) != Assessment::SurelyInvalid)
        || schema.all_of.iter().any(|part| names(part, name, texts))
}

/// Whether a schema describes a member, by itself or in a part.
fn describes(schema: &Schema, name: &str, depth: usize) -> bool {
    schema.property(name).is_some()
        || depth < 4
            && schema
                .all_of
                .iter()
                .any(|part| describes(part, name, depth + 1))
}
