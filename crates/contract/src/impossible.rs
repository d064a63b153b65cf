//! Rules that nothing keeps: what breaks them says something about the document, not about the
//! device.

use super::assess::assess_shown;
use super::contradictions::contradictions;
use super::model::*;
use probity_pattern::{Assessment, Texts};

/// Deepest chain of required members that is looked into.
const DEEPEST: usize = 8;

/// Contradictions that leave no value, whatever else is stated.
const NOTHING_LEFT: [&str; 6] = [
    "allof-closed:",
    "endless:",
    "min-over-max:",
    "allof-disjoint:",
    "empty-enum:",
    "const-not-in-enum:",
];

impl Schema {
    /// Whether no value keeps the rules at a path below this schema, or at a place on the way there.
    pub fn is_impossible_at(&self, path: &FieldPath, texts: &Texts) -> bool {
        let mut here = vec![self];
        for step in &path.0 {
            // What a member beside it makes impossible is that member's.
            if here.iter().any(|schema| impossible(schema, texts, 0)) {
                return true;
            }
            here = here
                .into_iter()
                .flat_map(|schema| below(schema, step))
                .collect();
        }
        here.iter().any(|schema| impossible(schema, texts, DEEPEST))
    }
}

/// The schemas of a member or of items, in the schema and in its parts.
fn below<'s>(schema: &'s Schema, step: &Step) -> Vec<&'s Schema> {
    let parts = schema.all_of.iter().chain(&schema.any_of);
    let parts = parts.chain(&schema.one_of).map(|part| &**part);
    let wholes = std::iter::once(schema).chain(parts);
    let found = wholes.filter_map(|schema| match step {
        Step::Member(name) => schema.property(name),
        Step::Item => schema.items.as_deref(),
    });
    found.collect()
}

fn impossible(schema: &Schema, texts: &Texts, left: usize) -> bool {
    let contradicts = || {
        let found = contradictions(schema);
        let leaves_nothing =
            |issue: &ContractIssue| NOTHING_LEFT.iter().any(|rule| issue.id.starts_with(rule));
        found.iter().any(leaves_nothing)
    };
    // A bound is about values of one type; another may be allowed beside it.
    if schema.types.len() == 1 && contradicts() {
        return true;
    }
    let listed = schema.enum_values.as_deref();
    let mut listed = listed
        .into_iter()
        .flatten()
        .chain(&schema.const_value)
        .peekable();
    let fails = |value| assess_shown(schema, value, texts).certainty == Assessment::SurelyInvalid;
    if listed.peek().is_some() && listed.all(fails) {
        return true;
    }
    let Some(left) = left.checked_sub(1) else {
        return false;
    };
    let mut required = schema
        .required
        .iter()
        .filter_map(|name| schema.property(name));
    schema.types == [JsonType::Object] && required.any(|member| impossible(member, texts, left))
}
