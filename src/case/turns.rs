//! The turns of cases: in which order a budget is spent on them, and what comes before everything else.

use super::identity::{InputClass, Tier};
use super::model::{Case, Expect};
use crate::exchange::Request;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Sorted by tier; within a tier one case of each strategy in turn, and within a strategy one of
/// each operation and field: a strategy without fields (HTTP, credentials) must not wait behind one
/// that has a case for every field. What the page leaves open comes at the end of its tier: it may
/// change the settings unseen, which costs a look at them, and one look serves several in a row.
pub(super) fn interleaved(cases: Vec<Case>) -> Vec<Case> {
    let mut by_field: BTreeMap<(Tier, String), usize> = BTreeMap::new();
    let mut strategies: BTreeMap<(Tier, &'static str), Vec<(usize, usize)>> = BTreeMap::new();
    for (at, case) in cases.iter().enumerate() {
        let round = by_field
            .entry((case.tier, case.id.field().to_owned()))
            .or_default();
        *round += 1;
        let turns = strategies.entry((case.tier, case.strategy)).or_default();
        turns.push((*round, at));
    }
    let mut turn = vec![0; cases.len()];
    for turns in strategies.values_mut() {
        turns.sort_unstable();
        for (place, (_, at)) in turns.iter().enumerate() {
            if let Some(turn) = turn.get_mut(*at) {
                *turn = place;
            }
        }
    }
    let mut keyed: Vec<((Tier, bool, usize, usize), Case)> = cases
        .into_iter()
        .zip(turn)
        .enumerate()
        .map(|(at, (case, turn))| {
            let open = matches!(case.expect, Expect::Either { .. });
            ((case.tier, open, turn, at), case)
        })
        .collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, case)| case).collect()
}

/// The cases with those in front without which the others tell nothing. `alone`: they are of the only
/// operation of a contract.
pub(super) fn begun(mut cases: Vec<Case>, alone: bool) -> Vec<Case> {
    if !alone {
        cases = every_operation_first(cases);
    }
    // Against a device that accepts nothing, no refusal means anything; so one acceptance is first.
    let accepted = |case: &Case| case.expect == Expect::Accepted;
    let plain = cases
        .iter()
        .position(|case| accepted(case) && case.is_plain());
    if let Some(first) = plain.or_else(|| cases.iter().position(accepted)) {
        cases[..=first].rotate_right(1);
    }
    cases
}

/// Every operation has its turn before any has depth: the first case of each that is accepted or
/// may be, the plain calls, all plain ones that may create, the first that is refused. Of those that may
/// be accepted one with nothing special about it goes before the others: its refusal tells of the
/// operation and not of what is special.
fn every_operation_first(cases: Vec<Case>) -> Vec<Case> {
    let turn = |case: &Case| match &case.expect {
        Expect::Accepted => Some(0),
        Expect::Either { .. } if case.strategy == "valid" || case.strategy == "forms" => Some(0),
        Expect::Refused { .. } => Some(1),
        _ => None,
    };
    let mut firsts: BTreeMap<(&str, u8), (bool, usize)> = BTreeMap::new();
    for (at, case) in cases.iter().enumerate() {
        if let Some(turn) = turn(case) {
            let special = turn == 0 && !case.is_plain();
            let first = firsts
                .entry((&case.operation, turn))
                .or_insert((special, at));
            *first = (*first).min((special, at));
        }
    }
    let firsts: BTreeSet<usize> = firsts.into_values().map(|(_, at)| at).collect();
    let mut keyed: Vec<(u8, Case)> = Vec::with_capacity(cases.len());
    for (at, case) in cases.into_iter().enumerate() {
        let first = turn(&case).filter(|_| firsts.contains(&at));
        let plain = case.input_class == InputClass::PLAIN || may_create(&case);
        keyed.push((first.or(plain.then_some(0)).unwrap_or(2), case));
    }
    // Of what may create, what says most first: it can be told from other items.
    let says = |case: &Case| match may_create(case) {
        true => case.octets(),
        false => 0,
    };
    keyed.sort_by_key(|(turn, case)| (*turn, Reverse(says(case))));
    keyed.into_iter().map(|(_, case)| case).collect()
}

/// Whether a case has nothing special about it and may create something. What goes wrong with creating (two
/// items instead of one, a list that does not show them) has to show with what can be told from everything
/// else on the device, before bodies come whose values nobody can tell from others.
fn may_create(case: &Case) -> bool {
    let post = matches!(&case.request, Request::Http(http) if http.method == "POST");
    post && case.is_plain() && case.tier == Tier::FIRST
}
