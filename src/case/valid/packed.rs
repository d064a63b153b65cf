//! Bodies that hold an idea in each of their fields: one accepted request answers for all of them, and
//! one read-back shows how each was stored.
//!
//! Only valid ideas are packed. A refusal of a body with two faults says nothing of either, and neither
//! does that of a packed body: what it holds is then sent apart ([`apart`]), and only what is refused
//! alone is accused.

use super::variants::{Variant, choices};
use super::{Valid, accepted, accepted_value, class_of};
use crate::case::build::{get, set};
use crate::case::builder::BodyCases;
use crate::case::identity::InputClass;
use crate::case::model::{Carried, Case, Context, Strategy as _};
use crate::contract::{FieldPath, PromiseId, Schema};
use crate::exchange::Request;
use crate::pattern::Assessment;
use serde_json::Value;
use std::collections::BTreeSet;

/// Values that are sent one by one at most, where a budget holds.
const MOST_SINGLES: usize = 2_000;

/// Bodies at most for ideas that did not fit beside the others of their turn.
const MOST_REPAIRS: usize = 8;

/// A field with the values that are worth trying there.
type Choices = (FieldPath, Vec<Variant>);

/// A value in its field.
type Held<'v> = (&'v FieldPath, &'v Variant);

/// Bodies in which every field takes another of its values at once: as many as the field with most
/// values needs, so that each value stands in one of them and most pairs of values in some. Each value
/// alone is sent where there is no budget, and early where it fits into no such body.
pub(super) fn bodies(builder: &mut BodyCases<'_, '_>) {
    let fields: Vec<(FieldPath, Schema)> = builder
        .bodies
        .fields()
        .into_iter()
        .map(|f| (f.path, f.schema.clone()))
        .collect();
    let all: Vec<Choices> = fields
        .iter()
        .map(|(path, schema)| (path.clone(), choices(&builder.bodies, path, schema)))
        .collect();
    let covered = covering(builder, &all);
    // More than any budget has room for, before these come.
    let too_many = all.iter().map(|(_, c)| c.len()).sum::<usize>() > MOST_SINGLES;
    if too_many && !builder.context.thorough {
        return;
    }
    for (path, choices) in &all {
        for (i, choice) in choices.iter().enumerate() {
            let tier = match (covered.contains(&key(path, choice)), i) {
                (false, _) => 3,
                (true, 0..4) => 4,
                (true, _) => 5,
            };
            let name = choice.name.clone();
            accepted_value(
                builder,
                path,
                choice.keyword,
                (name, tier),
                choice.value.clone(),
            );
        }
    }
}

/// What tells ideas of valid values apart.
fn key(path: &FieldPath, choice: &Variant) -> (String, String) {
    (path.dotted(), choice.name.clone())
}

/// The packed bodies; gives what they hold.
fn covering(builder: &mut BodyCases<'_, '_>, all: &[Choices]) -> BTreeSet<(String, String)> {
    let mut covered = BTreeSet::new();
    let rounds = all.iter().map(|(_, c)| c.len()).max().unwrap_or(0);
    for round in 0..rounds {
        let values: Vec<Held<'_>> = all
            .iter()
            .filter_map(|(path, all)| Some((path, all.get(round % all.len().max(1))?)))
            .collect();
        covered.extend(pack(builder, round, &values));
    }
    // A list that was set as a whole has another first item, and rules about several members leave
    // values out: those have their turn again, each field with the first that is left.
    for round in rounds..rounds + MOST_REPAIRS {
        let left = |path: &FieldPath, c: &&Variant| !covered.contains(&key(path, c));
        let mut values: Vec<Held<'_>> = Vec::new();
        for (path, all) in all {
            // What is below a value that is set as a whole would change it.
            let below = values.iter().any(|(above, _)| path.0.starts_with(&above.0));
            let first = all.iter().find(|c| left(path, c)).filter(|_| !below);
            values.extend(first.map(|choice| (path, choice)));
        }
        let before = covered.len();
        covered.extend(pack(builder, round, &values));
        if covered.len() == before {
            break;
        }
    }
    covered
}

/// One packed body; gives what it holds.
fn pack(
    builder: &mut BodyCases<'_, '_>,
    round: usize,
    values: &[Held<'_>],
) -> Vec<(String, String)> {
    let sure = |body: &Value| builder.bodies.assess(body).certainty == Assessment::SurelyValid;
    let all = all_set(&builder.bodies.full, values, |_| true);
    let body = match sure(&all) {
        true => all,
        false => all_set(&builder.bodies.full, values, sure),
    };
    let mut held = values.to_vec();
    held.retain(|(path, choice)| get(&body, path) == Some(&choice.value));
    if held.is_empty() {
        return Vec::new();
    }
    let name = format!("mixed-{round:02}");
    let title = format!("every member, with values of cover {round}");
    // One such body answers for an idea in each of its fields.
    let tier = match round {
        0..=3 => 0,
        4..=5 => 1,
        6..=14 => 2,
        _ => 4,
    };
    if !accepted(
        builder,
        &FieldPath::root(),
        "type",
        (name, title, tier),
        body,
    ) {
        return Vec::new();
    }
    builder.carry(held.iter().map(|(path, choice)| carried(path, choice)));
    held.iter()
        .map(|(path, choice)| key(path, choice))
        .collect()
}

/// What a body carries for an idea.
fn carried(path: &FieldPath, choice: &Variant) -> Carried {
    Carried {
        promise: PromiseId::default(),
        class: InputClass::new(class_of(&choice.name)),
        field: path.clone(),
        keyword: choice.keyword,
        name: choice.name.clone(),
    }
}

/// A body with values at fields that it has, each where `fits` says so of the body with it.
fn all_set(body: &Value, values: &[Held<'_>], fits: impl Fn(&Value) -> bool) -> Value {
    let mut body = body.clone();
    for (path, choice) in values {
        // Of a list that was set as a whole, the first item goes on to change.
        if get(&body, path).is_none() {
            continue;
        }
        if let Some(next) = set(&body, path, choice.value.clone()).filter(|next| fits(next)) {
            body = next;
        }
    }
    body
}

/// What a packed body holds, each idea in a body of its own whose other members are those that the
/// device has taken before. They have the ids that a plan without a budget gives them.
pub fn apart(context: &Context<'_>, case: &Case) -> Vec<Case> {
    let op = context.contract.operation(&case.operation);
    let builder = op.and_then(|op| BodyCases::of(context, op, Valid.name()));
    let body = match &case.request {
        Request::Http(http) => http.body.as_deref(),
        Request::Raw(_) => None,
    };
    let body = body.and_then(|octets| serde_json::from_slice::<Value>(octets).ok());
    let (Some(mut builder), Some(body)) = (builder, body) else {
        return Vec::new();
    };
    for carried in &case.carries {
        if let Some(value) = get(&body, &carried.field).cloned() {
            let sketch = (carried.name.clone(), 4);
            accepted_value(&mut builder, &carried.field, carried.keyword, sketch, value);
        }
    }
    builder.into_cases()
}
