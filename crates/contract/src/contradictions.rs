//! Rules of a schema that contradict each other: nothing, or not what was meant, keeps them. Part
//! of [`mod@super::lint`].

use super::merge::{compare, same};
use super::model::*;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// What contradicts itself in one schema object.
pub(super) fn contradictions(schema: &Schema) -> Vec<ContractIssue> {
    let mut out = Vec::new();
    let issue =
        |rule: &str, keyword: &str, title: String, proof: String, why: &str| ContractIssue {
            id: format!("{rule}:{}", schema.pointer),
            title,
            proof,
            page_line: schema.page_line,
            severity: Severity::Error,
            why: why.to_owned(),
            pointer: schema.keyword_pointer(keyword),
            ..ContractIssue::default()
        };
    let nothing = "nothing keeps both: every request or answer with it breaks the document";
    for (low, high, least, most) in [
        (
            "minLength",
            "maxLength",
            schema.min_length,
            schema.max_length,
        ),
        ("minItems", "maxItems", schema.min_items, schema.max_items),
        (
            "minProperties",
            "maxProperties",
            schema.min_properties,
            schema.max_properties,
        ),
        (
            "minContains",
            "maxContains",
            schema.min_contains,
            schema.max_contains,
        ),
    ] {
        if let (Some(least), Some(most)) = (least, most)
            && least > most
        {
            let title = format!("`{low}` is greater than `{high}`");
            let proof = format!("{low} {least}, {high} {most}");
            out.push(issue("min-over-max", low, title, proof, nothing));
        }
    }
    if let (Some(low), Some(high)) = (&schema.minimum, &schema.maximum) {
        let empty = match compare(&low.value, &high.value) {
            Some(Ordering::Greater) => true,
            Some(Ordering::Equal) => low.exclusive || high.exclusive,
            _ => false,
        };
        if empty {
            let title = "`minimum` leaves nothing below `maximum`".to_owned();
            let proof = format!("from {} to {}", low.value, high.value);
            out.push(issue("min-over-max", "minimum", title, proof, nothing));
        }
    }
    if let Some(part) = schema.all_of.iter().find(|part| disjoint(schema, part)) {
        let words = |types: &[JsonType]| {
            let words: Vec<String> = types.iter().map(ToString::to_string).collect();
            words.join(" or ")
        };
        out.push(issue(
            "allof-disjoint",
            "allOf",
            "no value is of all parts of `allOf`".to_owned(),
            format!(
                "one asks for {}, another for {}",
                words(&schema.types),
                words(&part.types)
            ),
            nothing,
        ));
    }
    if schema.enum_values.as_ref().is_some_and(Vec::is_empty) {
        let title = "`enum` has no value, or `allOf` leaves none of several".to_owned();
        out.push(issue(
            "empty-enum",
            "enum",
            title,
            "enum: []".to_owned(),
            nothing,
        ));
    }
    if let (Some(constant), Some(values)) = (&schema.const_value, &schema.enum_values)
        && !values.iter().any(|v| same(v, constant))
    {
        let title = "`const` is none of `enum`".to_owned();
        out.push(issue(
            "const-not-in-enum",
            "const",
            title,
            constant.to_string(),
            nothing,
        ));
    }
    if let Some(name) = forbidden_by_part(schema) {
        out.push(issue(
            "allof-closed",
            "allOf",
            format!("a part of `allOf` forbids `{name}`, which is required"),
            "`additionalProperties: false` knows the members beside it alone, not those of other \
             parts (JSON Schema 2020-12 §10.3.2.3)"
                .to_owned(),
            nothing,
        ));
    }
    if let Some(name) = endless(schema) {
        out.push(issue(
            "endless",
            "required",
            format!("`{name}` is required and leads back to a schema that requires it"),
            "a value of it would have to be infinitely deep".to_owned(),
            "nothing keeps it: every request or answer with it breaks the document",
        ));
    }
    undeclared(schema, &issue, &mut out);
    out
}

/// A member that one part of a whole requires and another, which lists all of its own, forbids.
fn forbidden_by_part(schema: &Schema) -> Option<&str> {
    let parts = || std::iter::once(schema).chain(schema.all_of.iter().map(|part| &**part));
    let closed = |part: &&Schema| {
        part.additional == Additional::Forbidden && part.pattern_properties.is_empty()
    };
    let mut required = parts().flat_map(|part| &part.required);
    required
        .find(|name| {
            parts()
                .filter(closed)
                .any(|part| part.property(name).is_none() && !part.required.contains(name))
        })
        .map(String::as_str)
}

/// Longest way of required members that is walked.
const LONGEST: usize = 16;

/// A required member from which required members alone lead back to the schema.
fn endless(schema: &Schema) -> Option<&str> {
    if schema.pointer.is_empty() {
        return None;
    }
    let next = |schema: &'_ Schema| -> Vec<(String, SchemaRef)> {
        let plain = schema.types == [JsonType::Object];
        let members = schema.properties.iter().filter(|_| plain);
        let members = members.filter(|(name, _)| schema.required.contains(name));
        let members = members.map(|(name, member)| (name.clone(), member.clone()));
        members.take(LONGEST).collect()
    };
    let mut seen: Vec<String> = Vec::new();
    for (name, member) in next(schema) {
        let mut waiting = vec![member];
        while let Some(member) = waiting.pop() {
            if member.pointer == schema.pointer {
                return schema
                    .required
                    .iter()
                    .find(|n| **n == name)
                    .map(String::as_str);
            }
            if seen.len() < LONGEST && !seen.contains(&member.pointer) {
                seen.push(member.pointer.clone());
                waiting.extend(next(&member).into_iter().map(|(_, member)| member));
            }
        }
    }
    None
}

/// Names in `required` that nothing beside it describes.
fn undeclared(
    schema: &Schema,
    issue: &dyn Fn(&str, &str, String, String, &str) -> ContractIssue,
    out: &mut Vec<ContractIssue>,
) {
    // A part of a whole may speak of members that the whole describes.
    let elsewhere = schema.properties.is_empty()
        || !schema.pattern_properties.is_empty()
        || !schema.all_of.is_empty()
        || !schema.any_of.is_empty()
        || !schema.one_of.is_empty()
        || !schema.unchecked.is_empty();
    if elsewhere {
        return;
    }
    let missing: Vec<&String> = schema
        .required
        .iter()
        .filter(|name| schema.property(name).is_none())
        .collect();
    let Some(first) = missing.first() else {
        return;
    };
    let forbidden = schema.additional == Additional::Forbidden;
    let title = format!("`{first}` is required and not described");
    let names: Vec<String> = schema
        .properties
        .iter()
        .map(|(n, _)| format!("`{n}`"))
        .collect();
    let proof = format!("described are {}", names.join(", "));
    let why = match forbidden {
        true => "other members are forbidden: nothing keeps both",
        false => "a misspelt name, mostly: who follows the list sends what nobody reads",
    };
    out.push(issue("required-undeclared", "required", title, proof, why));
}

fn disjoint(a: &Schema, b: &Schema) -> bool {
    !a.types.is_empty()
        && !b.types.is_empty()
        && !a.types.iter().any(|t| b.allows(*t))
        && !b.types.iter().any(|t| a.allows(*t))
}

/// Paths that hold a query, and pairs that no server can tell apart.
pub(super) fn paths(contract: &Contract) -> Vec<ContractIssue> {
    let mut out = Vec::new();
    let mut seen: BTreeSet<&String> = BTreeSet::new();
    for operation in &contract.operations {
        let pointer = operation
            .pointer
            .rsplit_once('/')
            .map_or("", |(item, _)| item);
        let issue = |rule: &str, title: String, proof: String, why: &str| ContractIssue {
            id: format!("{rule}:{pointer}"),
            title,
            proof,
            severity: Severity::Error,
            why: why.to_owned(),
            pointer: pointer.to_owned(),
            ..ContractIssue::default()
        };
        if operation.path.contains(['?', '#']) {
            out.push(issue(
                "query-in-path",
                format!("the path {} holds a query", operation.path),
                "OpenAPI 3.1.1 §4.8.8: a path has no query; parameters have `in: query`".to_owned(),
                "tools ask for a resource of that name, or join with a second `?`",
            ));
        }
        let twin = operation.twin.as_ref();
        if let Some(other) = twin.filter(|other| seen.contains(*other)) {
            out.push(issue(
                "paths-collide",
                format!("{other} and {} are the same path", operation.path),
                format!("every {} that one fits fits the other", operation.method),
                "which of the two answers is not stated, so neither is judged",
            ));
        }
        seen.insert(&operation.path);
    }
    out
}
