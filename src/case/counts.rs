//! How many members an object has, one too few and too many, and nothing else wrong with it.

use super::builder::{BodyCases, BodyDraft, WhenOpen};
use crate::contract::{FieldPath, Schema};
use crate::pattern::Assessment;
use serde_json::{Map, Value};

/// One member too few and too many, of objects whose members have any names.
pub(super) fn counts(builder: &mut BodyCases<'_, '_>, path: &FieldPath, schema: &Schema) {
    if schema.min_properties.is_none() && schema.max_properties.is_none() {
        return;
    }
    let Some(Value::Object(members)) = builder.bodies.sample(path) else {
        return;
    };
    let mut sent: Vec<(&'static str, &'static str, Map<String, Value>)> = Vec::new();
    if let Some(min) = schema.min_properties.filter(|m| *m > 0)
        && let Ok(min) = usize::try_from(min)
    {
        let fewer = |names: Vec<&String>| -> Map<String, Value> {
            let kept = names.into_iter().take(min - 1);
            let kept = kept.filter_map(|name| Some((name.clone(), members.get(name)?.clone())));
            kept.collect()
        };
        // Those first that must be there.
        let mut names: Vec<&String> = members.keys().collect();
        names.sort_by_key(|name| !schema.required.contains(name));
        sent.push(("minProperties", "one-too-few", fewer(names)));
    }
    if let Some(max) = schema.max_properties
        && let Ok(max) = usize::try_from(max)
        && max < MOST_MEMBERS
        && let Some(more) = with_members(builder, (path, schema), &members, max + 1)
    {
        sent.push(("maxProperties", "one-too-many", more));
    }
    for (keyword, idea, members) in sent {
        let count = members.len();
        let Some(body) = builder.bodies.with(path, Value::Object(members)) else {
            continue;
        };
        let assessed = builder.bodies.assess(&body);
        let alone = assessed.faults.iter().all(|f| f.keyword == keyword);
        if assessed.certainty != Assessment::SurelyInvalid || !alone {
            continue;
        }
        builder.add_body(BodyDraft {
            field: path,
            keyword,
            name: idea.to_owned(),
            title: format!("{path} has {count} members"),
            class: format!("{keyword}:{idea}"),
            tier: 0,
            body,
            bytes: None,
            when_open: WhenOpen::Drop,
        });
    }
}

/// Members of an object beyond which none is made.
const MOST_MEMBERS: usize = 300;

/// An object with so many members, each of which it may have by itself; more of the kind of its last one.
fn with_members(
    builder: &BodyCases<'_, '_>,
    (path, schema): (&FieldPath, &Schema),
    members: &Map<String, Value>,
    count: usize,
) -> Option<Map<String, Value>> {
    let mut out = members.clone();
    // A map need not have any.
    let first = || {
        Some((
            "probity".to_owned(),
            builder.context.value(schema.map_values()?)?,
        ))
    };
    let last = members.iter().next_back();
    let last = last.map(|(name, value)| (name.clone(), value.clone()));
    let (name, value) = last.or_else(first)?;
    let letters = ('a'..='z').flat_map(|c| [format!("{name}{c}"), c.to_string()]);
    let numbered =
        (1..=count).flat_map(|n| [format!("{name}{n}"), n.to_string(), format!("probity{n}")]);
    let twice = ('a'..='z').flat_map(|a| ('a'..='z').map(move |b| format!("{a}{b}")));
    let changed = name.chars().last().into_iter().flat_map(|last| {
        let stem = name.strip_suffix(last).unwrap_or_default().to_owned();
        let ends = ('0'..='9').chain('a'..='z').chain('A'..='F');
        ends.map(move |end| format!("{stem}{end}"))
    });
    // One beside it tells whether such a name is allowed.
    let allowed = |other: &String| {
        let one = Map::from_iter([(other.clone(), value.clone())]);
        let body = builder.bodies.with(path, Value::Object(one));
        body.is_some_and(|body| {
            let faults = builder.bodies.assess(&body).faults;
            let counted = |keyword: &str| matches!(keyword, "minProperties" | "required");
            faults.iter().all(|fault| counted(fault.keyword))
        })
    };
    for other in numbered.chain(letters).chain(changed).chain(twice) {
        if out.len() >= count {
            break;
        }
        if !out.contains_key(&other) && allowed(&other) {
            out.insert(other, value.clone());
        }
    }
    (out.len() >= count).then_some(out)
}
