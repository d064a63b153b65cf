//! Items of lists at every place of them: what is wrong with the last one only, what repeats far
//! apart.

use super::bodies::main_type;
use super::builder::{BodyCases, BodyDraft, WhenOpen};
use super::model::{Case, Context, Strategy};
use super::parameters::changed_values;
use super::words::mark;
use crate::contract::{FieldPath, JsonType, Operation, Schema};
use crate::pattern::Assessment;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// See [`Strategy::explain`].
#[derive(Debug)]
pub struct Elements;

impl Strategy for Elements {
    fn name(&self) -> &'static str {
        "elements"
    }

    fn explain(&self) -> &'static str {
        "Lists of several items of which the last or the middle one is wrong: of another type, outside \
         a rule, without a member. Firmware checks the first item and copies the rest, or its loop ends \
         one too early. And items that repeat far apart, or with their members in another order, where \
         none may: checks compare neighbours, or texts."
    }

    fn cases(&self, context: &Context<'_>, op: &Operation) -> Vec<Case> {
        let Some(mut builder) = BodyCases::of(context, op, self.name()) else {
            return Vec::new();
        };
        let fields = builder.bodies.fields().into_iter();
        let fields = fields.map(|field| (field.path, field.schema.clone()));
        // A body may be a list itself.
        let root = (FieldPath::root(), builder.bodies.schema.clone());
        let lists: Vec<(FieldPath, Schema)> = std::iter::once(root)
            .chain(fields)
            .filter(|(_, schema)| main_type(schema) == Some(JsonType::Array))
            .collect();
        for (path, schema) in &lists {
            places(&mut builder, path, schema);
            tuples(&mut builder, path, schema);
            repeats(&mut builder, path, schema);
        }
        builder.into_cases()
    }
}

/// Wrong items of one list that are sent.
const MOST_WRONG: usize = 5;

/// A valid list as long as it can be, up to three items.
fn three(builder: &BodyCases<'_, '_>, schema: &Schema) -> Vec<Value> {
    let most = schema.max_items.unwrap_or(3).min(3);
    let count = schema.min_items.unwrap_or(0).max(most);
    match usize::try_from(count) {
        Ok(count) if count < 100 => builder.bodies.items(schema, count),
        _ => Vec::new(),
    }
}

/// Each wrong item at the last place, the first of them in the middle too.
fn places(builder: &mut BodyCases<'_, '_>, path: &FieldPath, schema: &Schema) {
    let (Some(rules), items) = (schema.items.as_deref(), three(builder, schema)) else {
        return;
    };
    let (Some(last), true) = (items.len().checked_sub(1), items.len() > 1) else {
        return;
    };
    let Some(sample) = items.last() else { return };
    let mut sent = 0;
    for (idea, wrong) in wrong_items(builder.context, rules, sample) {
        if sent == MOST_WRONG {
            return;
        }
        let tier = if sent < FIRST { 0 } else { 1 };
        if refused(builder, (path, schema), &items, last, (&idea, tier, &wrong)) {
            sent += 1;
            if sent == 1 && last > 1 {
                let middle = last / 2;
                refused(builder, (path, schema), &items, middle, (&idea, 2, &wrong));
            }
        }
    }
}

/// Items that are near `sample`: what is wrong with each member of it in turn, and one of another type
/// behind the first.
fn wrong_items(context: &Context<'_>, rules: &Schema, sample: &Value) -> Vec<(String, Value)> {
    let differs = |value: &Value| -> Option<String> {
        let (members, others) = (sample.as_object()?, value.as_object()?);
        let mut names = members.keys();
        names
            .find(|name| members.get(*name) != others.get(*name))
            .cloned()
    };
    let mut turns: BTreeMap<Option<String>, usize> = BTreeMap::new();
    let mut near = changed_values(context, rules, sample, true);
    near.sort_by_key(|(idea, tier, _)| (idea.starts_with("without-"), *tier));
    let mut keyed: Vec<(usize, String, Value)> = Vec::new();
    for (idea, _, value) in near {
        let body_differs = differs(&value);
        let turn = turns.entry(body_differs).or_default();
        keyed.push((*turn, idea, value));
        *turn += 1;
    }
    keyed.sort_by_key(|(turn, _, _)| *turn);
    let mut near = keyed.into_iter().map(|(_, idea, value)| (idea, value));
    let other_type = match sample {
        Value::String(_) => json!(1),
        _ => json!("probity"),
    };
    let first: Vec<(String, Value)> = near.by_ref().take(FIRST).collect();
    let of_type = ("other-type".to_owned(), other_type);
    first.into_iter().chain([of_type]).chain(near).collect()
}

/// Wrong items of one list that are sent before one of another type.
const FIRST: usize = 2;

/// The list with a wrong item at one place; `false` where the page does not forbid it.
fn refused(
    builder: &mut BodyCases<'_, '_>,
    (path, schema): (&FieldPath, &Schema),
    items: &[Value],
    at: usize,
    (idea, tier, wrong): (&str, u8, &Value),
) -> bool {
    let mut items = items.to_vec();
    let count = items.len();
    let Some(place) = items.get_mut(at) else {
        return false;
    };
    *place = wrong.clone();
    let where_ = if at + 1 == count { "last" } else { "middle" };
    let item = path.item();
    let keyword = if schema.items.is_some() {
        "type"
    } else {
        "items"
    };
    send(
        builder,
        (path, &item, keyword),
        (&format!("{where_}-{idea}"), tier),
        format!(
            "the {where_} of {count} items of {path} is {}",
            short(wrong)
        ),
        items,
    )
}

/// What is wrong with each place of a list that has rules of its own, the first left out: it is a field like
/// any other.
fn tuples(builder: &mut BodyCases<'_, '_>, path: &FieldPath, schema: &Schema) {
    let Some(Value::Array(items)) = builder.bodies.sample(path) else {
        return;
    };
    let entries = schema.prefix_items.iter().enumerate().skip(1);
    for (at, rules) in entries.take(MOST_ENTRIES) {
        let Some(sample) = items.get(at) else {
            return;
        };
        let mut sent = 0;
        for (idea, wrong) in wrong_items(builder.context, rules, sample) {
            if sent == MOST_WRONG {
                break;
            }
            let mut changed = items.clone();
            if let Some(place) = changed.get_mut(at) {
                *place = wrong.clone();
            }
            let title = format!("entry {} of {path} is {}", at + 1, short(&wrong));
            let about = (path, &path.item(), "type");
            let idea = format!("entry{}-{idea}", at + 1);
            let tier = if sent < FIRST { 0 } else { 1 };
            sent += usize::from(send(builder, about, (&idea, tier), title, changed));
        }
    }
}

/// Entries of one list with rules of their own that are gone through.
const MOST_ENTRIES: usize = 6;

/// Items that repeat where none may.
fn repeats(builder: &mut BodyCases<'_, '_>, path: &FieldPath, schema: &Schema) {
    if !schema.unique_items {
        return;
    }
    let items = three(builder, schema);
    let about = (path, path, "uniqueItems");
    if let [first, second, ..] = items.as_slice()
        && schema.max_items.is_none_or(|most| most > 2)
    {
        let apart = vec![first.clone(), second.clone(), first.clone()];
        let title = format!("the first item of {path} comes again as the third");
        send(builder, about, ("same-apart", 0), title, apart);
    }
    if let Some(Value::Object(first)) = items.first()
        && first.len() > 1
    {
        let turned: Map<String, Value> = first.clone().into_iter().rev().collect();
        let twice = vec![Value::Object(first.clone()), Value::Object(turned)];
        let title = format!("{path} has an item twice, its members in another order");
        send(builder, about, ("same-reordered", 2), title, twice);
    }
}

fn send(
    builder: &mut BodyCases<'_, '_>,
    (path, field, keyword): (&FieldPath, &FieldPath, &'static str),
    (idea, tier): (&str, u8),
    title: String,
    items: Vec<Value>,
) -> bool {
    let Some(body) = builder.bodies.with(path, Value::Array(items)) else {
        return false;
    };
    if builder.bodies.assess(&body).certainty != Assessment::SurelyInvalid {
        return false;
    }
    builder.add_body(BodyDraft {
        field,
        keyword,
        name: format!("{idea}-{}", mark(&body.to_string())),
        title,
        class: format!("element:{}", idea.split('-').next().unwrap_or_default()),
        tier,
        body,
        bytes: None,
        when_open: WhenOpen::Drop,
    });
    true
}

fn short(value: &Value) -> String {
    const MOST: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
