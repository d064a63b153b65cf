//! Rules of a schema that contradict each other: nothing, or not what was meant, keeps them. Part
//! of [`mod@super::lint`].

use super::merge::{compare, same};
use super::model::*;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// Why two rules that exclude each other are an error.
const NOTHING: &str = "nothing keeps both: every request or answer with it breaks the document";

/// What contradicts itself in one schema object.
pub(super) fn contradictions(schema: &Schema) -> Vec<ContractIssue> {
    let mut out = counts(schema);
    out.extend(bounds(schema));
    out.extend(types_of_parts(schema));
    out.extend(empty_enum(schema));
    out.extend(constant(schema));
    out.extend(closed_part(schema));
    out.extend(endless_member(schema));
    out.extend(undeclared(schema));
    out
}

/// An issue of one keyword of `schema`; [`NOTHING`] is why, unless said otherwise.
fn issue(
    schema: &Schema,
    (rule, keyword): (&str, &str),
    title: String,
    proof: String,
) -> ContractIssue {
    ContractIssue {
        id: format!("{rule}:{}", schema.pointer),
        title,
        proof,
        page_line: schema.page_line,
        severity: Severity::Error,
        why: NOTHING.to_owned(),
        pointer: schema.keyword_pointer(keyword),
        ..ContractIssue::default()
    }
}

/// Counts whose least is more than their most.
fn counts(schema: &Schema) -> Vec<ContractIssue> {
    let pairs = [
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
    ];
    let turned = |(low, high, least, most): (&str, &str, Option<u64>, Option<u64>)| {
        let (least, most) = (least?, most?);
        let title = format!("`{low}` is greater than `{high}`");
        let proof = format!("{low} {least}, {high} {most}");
        (least > most).then(|| issue(schema, ("min-over-max", low), title, proof))
    };
    pairs.into_iter().filter_map(turned).collect()
}

/// A least number above the greatest.
fn bounds(schema: &Schema) -> Option<ContractIssue> {
    let (low, high) = (schema.minimum.as_ref()?, schema.maximum.as_ref()?);
    let empty = match compare(&low.value, &high.value) {
        Some(Ordering::Greater) => true,
        Some(Ordering::Equal) => low.exclusive || high.exclusive,
        _ => false,
    };
    let title = "`minimum` leaves nothing below `maximum`".to_owned();
    let proof = format!("from {} to {}", low.value, high.value);
    empty.then(|| issue(schema, ("min-over-max", "minimum"), title, proof))
}

/// Parts of a whole that have no type in common.
fn types_of_parts(schema: &Schema) -> Option<ContractIssue> {
    let part = schema.all_of.iter().find(|part| disjoint(schema, part))?;
    let words = |types: &[JsonType]| {
        let words: Vec<String> = types.iter().map(ToString::to_string).collect();
        words.join(" or ")
    };
    Some(issue(
        schema,
        ("allof-disjoint", "allOf"),
        "no value is of all parts of `allOf`".to_owned(),
        format!(
            "one asks for {}, another for {}",
            words(&schema.types),
            words(&part.types)
        ),
    ))
}

fn empty_enum(schema: &Schema) -> Option<ContractIssue> {
    schema.enum_values.as_ref().filter(|v| v.is_empty())?;
    let title = "`enum` has no value, or `allOf` leaves none of several".to_owned();
    let proof = "enum: []".to_owned();
    Some(issue(schema, ("empty-enum", "enum"), title, proof))
}

/// A `const` that `enum` does not list.
fn constant(schema: &Schema) -> Option<ContractIssue> {
    let (constant, values) = (schema.const_value.as_ref()?, schema.enum_values.as_ref()?);
    if values.iter().any(|v| same(v, constant)) {
        return None;
    }
    let title = "`const` is none of `enum`".to_owned();
    let rule = ("const-not-in-enum", "const");
    Some(issue(schema, rule, title, constant.to_string()))
}

fn closed_part(schema: &Schema) -> Option<ContractIssue> {
    let name = forbidden_by_part(schema)?;
    Some(issue(
        schema,
        ("allof-closed", "allOf"),
        format!("a part of `allOf` forbids `{name}`, which is required"),
        "`additionalProperties: false` knows the members beside it alone, not those of other parts \
         (JSON Schema 2020-12 §10.3.2.3)"
            .to_owned(),
    ))
}

fn endless_member(schema: &Schema) -> Option<ContractIssue> {
    let name = endless(schema)?;
    let title = format!("`{name}` is required and leads back to a schema that requires it");
    let proof = "a value of it would have to be infinitely deep".to_owned();
    let why = "nothing keeps it: every request or answer with it breaks the document";
    Some(ContractIssue {
        why: why.to_owned(),
        ..issue(schema, ("endless", "required"), title, proof)
    })
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
fn undeclared(schema: &Schema) -> Option<ContractIssue> {
    // A part of a whole may speak of members that the whole describes.
    let elsewhere = schema.properties.is_empty()
        || !schema.pattern_properties.is_empty()
        || !schema.all_of.is_empty()
        || !schema.any_of.is_empty()
        || !schema.one_of.is_empty()
        || !schema.unchecked.is_empty();
    if elsewhere {
        return None;
    }
    let missing: Vec<&String> = schema
        .required
        .iter()
        .filter(|name| schema.property(name).is_none())
        .collect();
    let first = missing.first()?;
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
    Some(ContractIssue {
        why: why.to_owned(),
        ..issue(schema, ("required-undeclared", "required"), title, proof)
    })
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
