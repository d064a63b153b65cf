//! What stands in one place of the document and cannot be meant as it stands: servers, discriminators,
//! values that their own schema excludes, bounds of another version. Part of [`mod@super::lint`]; reads
//! the document as it is written, what no operation uses included.

use super::merge::same;
use super::model::{Contract, ContractIssue, Severity};
use super::pointer::escape;
use super::source::{Source, split};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// Most objects that are looked at.
const MOST: usize = 500_000;

/// Where a value stands: what it is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A part of the document that is no schema.
    Part,
    /// Names of parts.
    Names,
    /// Names of schemas.
    Schemas,
    /// A schema.
    Schema,
}

/// All such issues, in the document's order.
pub(super) fn misstated(contract: &Contract) -> Vec<ContractIssue> {
    let source = &contract.source;
    let mut out = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    let mut left: Vec<(&Value, String, Kind)> = vec![(source.root(), String::new(), Kind::Part)];
    while let Some((value, at, kind)) = left.pop() {
        if let Value::Array(items) = value {
            let kind = match kind {
                Kind::Schema => Kind::Schema,
                _ => Kind::Part,
            };
            let items = items.iter().enumerate().rev();
            left.extend(items.map(|(i, item)| (item, format!("{at}/{i}"), kind)));
            continue;
        }
        let Value::Object(map) = value else { continue };
        if seen.len() >= MOST || !seen.insert(at.clone()) {
            continue;
        }
        match kind {
            Kind::Schema => of_schema(source, map, &at, &mut out),
            Kind::Part => of_servers(map, &at, &mut out),
            Kind::Names | Kind::Schemas => {}
        }
        let below = map.iter().filter_map(|(name, member)| {
            let kind = below(kind, name, &at)?;
            Some((member, format!("{at}/{}", escape(name)), kind))
        });
        left.extend(below.collect::<Vec<_>>().into_iter().rev());
        // What lies in another file is read where a reference leads to it.
        if let Some(target) = map.get("$ref").and_then(Value::as_str)
            && matches!(kind, Kind::Schema | Kind::Part)
            && let Ok(place) = source.resolve(target, &at)
            && !split(&place).0.is_empty()
            && let Some(found) = source.get(&place)
        {
            left.push((found, place, kind));
        }
    }
    out
}

/// What a member of an object is; `None`: a value that is shown, or text.
fn below(kind: Kind, name: &str, at: &str) -> Option<Kind> {
    const ONE: [&str; 12] = [
        "items",
        "not",
        "if",
        "then",
        "else",
        "contains",
        "propertyNames",
        "additionalProperties",
        "unevaluatedItems",
        "unevaluatedProperties",
        "contentSchema",
        "schema",
    ];
    const LISTS: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];
    const MEMBERS: [&str; 6] = [
        "properties",
        "patternProperties",
        "dependentSchemas",
        "$defs",
        "definitions",
        "schemas",
    ];
    const SHOWN: [&str; 6] = ["example", "examples", "default", "enum", "const", "value"];
    // Names of the document's author.
    const NAMED: [&str; 12] = [
        "paths",
        "webhooks",
        "responses",
        "parameters",
        "headers",
        "requestBodies",
        "links",
        "callbacks",
        "pathItems",
        "content",
        "encoding",
        "mediaTypes",
    ];
    match kind {
        Kind::Schemas => Some(Kind::Schema),
        Kind::Names => Some(Kind::Part),
        Kind::Schema if ONE.contains(&name) && name != "schema" => Some(Kind::Schema),
        Kind::Schema if LISTS.contains(&name) => Some(Kind::Schema),
        Kind::Schema if MEMBERS.contains(&name) && name != "schemas" => Some(Kind::Schemas),
        Kind::Schema => None,
        Kind::Part if SHOWN.contains(&name) || name.starts_with("x-") => None,
        Kind::Part if name == "schema" || name == "itemSchema" => Some(Kind::Schema),
        Kind::Part if name == "schemas" && at.ends_with("/components") => Some(Kind::Schemas),
        Kind::Part if name == "definitions" && at.is_empty() => Some(Kind::Schemas),
        Kind::Part if NAMED.contains(&name) => Some(Kind::Names),
        Kind::Part => Some(Kind::Part),
    }
}

fn issue(rule: &str, pointer: String, title: String, proof: String, why: &str) -> ContractIssue {
    ContractIssue {
        id: format!("{rule}:{pointer}"),
        title,
        proof,
        severity: Severity::Error,
        why: why.to_owned(),
        pointer,
        ..ContractIssue::default()
    }
}

/// URLs and variables of the servers of a document, a path or an operation.
fn of_servers(part: &Map<String, Value>, at: &str, out: &mut Vec<ContractIssue>) {
    let servers = part.get("servers").and_then(Value::as_array);
    for (i, server) in servers.into_iter().flatten().enumerate() {
        let at = format!("{at}/servers/{i}");
        let url = server.get("url").and_then(Value::as_str);
        if let Some(url) = url.filter(|url| url.contains(['?', '#'])) {
            let what = match url.find(['?', '#']).map(|at| url.as_bytes().get(at)) {
                Some(Some(b'?')) => "a query",
                _ => "a fragment",
            };
            out.push(issue(
                "server-with-query",
                format!("{at}/url"),
                format!("the URL of a server has {what}"),
                format!("{url:?}"),
                "the path of an operation is appended to it, and would be part of what follows",
            ));
        }
        let variables = server.get("variables").and_then(Value::as_object);
        for (name, variable) in variables.into_iter().flatten() {
            let values = variable.get("enum").and_then(Value::as_array);
            let (Some(values), Some(default)) = (values, variable.get("default")) else {
                continue;
            };
            if values.iter().all(|value| !same(value, default)) {
                out.push(issue(
                    "server-default-not-in-enum",
                    format!("{at}/variables/{}/default", escape(name)),
                    format!("the default of the server variable `{name}` is none of its `enum`"),
                    format!("{default}, and {}", words(values)),
                    "who takes the server as it stands calls one that the document rules out",
                ));
            }
        }
    }
}

/// Values of a list, some of them.
fn words(values: &[Value]) -> String {
    const SHOWN: usize = 6;
    let shown: Vec<String> = values.iter().take(SHOWN).map(Value::to_string).collect();
    let more = if values.len() > SHOWN { ", …" } else { "" };
    format!("enum: [{}{more}]", shown.join(", "))
}

fn of_schema(source: &Source, schema: &Map<String, Value>, at: &str, out: &mut Vec<ContractIssue>) {
    // OpenAPI 3.0 ignores what stands beside a reference.
    if schema.contains_key("$ref") && !source.v31 {
        return;
    }
    values(source, schema, at, out);
    bounds(source, schema, at, out);
    mapping(source, schema, at, out);
}

/// `const` and values of `enum` that are not of the schema's own type.
fn values(source: &Source, schema: &Map<String, Value>, at: &str, out: &mut Vec<ContractIssue>) {
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let nullable = !source.v31 && schema.get("nullable") == Some(&Value::Bool(true));
    let fits = |value: &Value| types.iter().any(|t| is_of(value, t)) || nullable && value.is_null();
    let known = |name: &&str| TYPES.contains(name);
    if types.is_empty() || !types.iter().all(known) {
        return;
    }
    let listed = schema.get("enum").and_then(Value::as_array);
    let excluded: Vec<Value> = listed
        .into_iter()
        .flatten()
        .filter(|value| !fits(value))
        .cloned()
        .collect();
    let types = types.join(" or ");
    let why = "who sends it is refused, or the type is not the real one";
    if let Some(constant) = schema.get("const").filter(|value| !fits(value)) {
        out.push(issue(
            "const-against-type",
            format!("{at}/const"),
            "`const` is not of the type beside it".to_owned(),
            format!("{constant} is not of the type {types}"),
            why,
        ));
    }
    if !excluded.is_empty() {
        out.push(issue(
            "enum-against-type",
            format!("{at}/enum"),
            "`enum` lists what the type beside it excludes".to_owned(),
            format!("not of the type {types}: {}", words(&excluded)),
            why,
        ));
    }
}

const TYPES: [&str; 7] = [
    "null", "boolean", "integer", "number", "string", "array", "object",
];

fn is_of(value: &Value, name: &str) -> bool {
    match (value, name) {
        (Value::Null, "null")
        | (Value::Bool(_), "boolean")
        | (Value::Number(_), "number")
        | (Value::String(_), "string")
        | (Value::Array(_), "array")
        | (Value::Object(_), "object") => true,
        // 1.0 is an integer (JSON Schema 2020-12 §4.2.3).
        (Value::Number(number), "integer") => {
            number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|f| f.fract() == 0.0)
        }
        _ => false,
    }
}

/// `exclusiveMinimum` and its twin as the other version of OpenAPI has them.
fn bounds(source: &Source, schema: &Map<String, Value>, at: &str, out: &mut Vec<ContractIssue>) {
    for keyword in ["exclusiveMinimum", "exclusiveMaximum"] {
        let Some(value) = schema.get(keyword) else {
            continue;
        };
        let told = match (source.v31, value) {
            (true, Value::Bool(_)) => Some((
                "OpenAPI 3.1 and later have the bound itself there; true and false are of 3.0",
                "validators refuse the schema, or take the bound for one that may be reached",
            )),
            (false, Value::Number(_)) => Some((
                "OpenAPI 3.0 has true or false there, beside `minimum` or `maximum`; the bound \
                 itself is of 3.1",
                "validators refuse the schema, or do not see the bound",
            )),
            _ => None,
        };
        if let Some((proof, why)) = told {
            out.push(issue(
                "bound-of-other-version",
                format!("{at}/{keyword}"),
                format!("`{keyword}` is of another version of OpenAPI"),
                format!("{keyword}: {value}; {proof}"),
                why,
            ));
        }
    }
}

/// Where values go that the mapping of a discriminator does not name (OpenAPI 3.2).
const DEFAULT: &str = "defaultMapping";

/// Names of a discriminator's mapping that lead nowhere.
fn mapping(source: &Source, schema: &Map<String, Value>, at: &str, out: &mut Vec<ContractIssue>) {
    let Some(discriminator) = schema.get("discriminator") else {
        return;
    };
    let at = format!("{at}/discriminator");
    let mapping = discriminator.get("mapping").and_then(Value::as_object);
    let mapping = mapping.into_iter().flatten();
    let mapping =
        mapping.map(|(name, target)| (format!("mapping/{}", escape(name)), name.as_str(), target));
    let other = discriminator.get("defaultMapping");
    let other = other.map(|target| (DEFAULT.to_owned(), DEFAULT, target));
    for (place, name, target) in mapping.chain(other) {
        let text = target.as_str();
        if text.is_some_and(|text| leads(source, text, &at)) {
            continue;
        }
        out.push(issue(
            "mapping-leads-nowhere",
            format!("{at}/{place}"),
            format!("the mapping of `{name}` leads nowhere"),
            match text {
                Some(text) => format!("there is no schema {text:?}"),
                None => format!("{target} names no schema"),
            },
            "nobody can tell which rules hold for a value that says so",
        ));
    }
}

/// Whether a target of a mapping is the name of a schema or a reference to one (OpenAPI 3.1.1
/// §4.8.25). What lies in a file that nothing else refers to is not read: nothing is said of it.
fn leads(source: &Source, target: &str, at: &str) -> bool {
    let file = split(at).0;
    let named = |file: &str| {
        let place = match file.is_empty() {
            true => format!("/components/schemas/{}", escape(target)),
            false => format!("{file}#/components/schemas/{}", escape(target)),
        };
        source.get(&place).is_some()
    };
    if named(file) || named("") || source.resolve(target, at).is_ok() {
        return true;
    }
    let name = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let plain = !target.is_empty() && target.chars().all(name);
    !plain && !target.starts_with('#')
}
