//! A part of a budget for what is new.
//!
//! Where many operations share a budget, the cheap and telling cases of all their fields fill it, and
//! the same few ideas come again at each operation while whole strategies never have a turn. So the
//! last part of the budget goes to kinds of input that the plan does not have yet, one case each.

use super::identity::{InputClass, Tier};
use super::model::Case;
use std::collections::{BTreeMap, BTreeSet};

/// Of so many requests of a budget, one is for a kind of input that is new.
const ONE_OF: usize = 4;

/// Operations at which an idea about the program that all of them share is tried before other ideas
/// have their turn.
const OF_THE_SERVER_AT: usize = 2;

/// A kind of input of a strategy.
type Idea = (&'static str, InputClass);

fn idea(case: &Case) -> Idea {
    (case.strategy, case.input_class.clone())
}

/// `cases`, which come in the order of a plan, in the order in which a budget of `most` requests is to
/// be spent: most of it as they come, the rest for ideas that are not among those. Nothing changes
/// where the budget is enough for all. `of_the_server` are the strategies that are about what all
/// operations share: how a message is read and what is JSON.
pub(super) fn broadened(
    cases: Vec<Case>,
    most: usize,
    of_the_server: &BTreeSet<&'static str>,
) -> Vec<Case> {
    if cases.iter().map(Case::cost).sum::<usize>() <= most {
        return cases;
    }
    let common = most - most / ONE_OF;
    let (mut first, mut rest, mut spent) = (Vec::new(), Vec::new(), 0);
    let mut had: BTreeMap<Idea, usize> = BTreeMap::new();
    for case in cases {
        let times = had.entry(idea(&case)).or_default();
        let again = *times >= OF_THE_SERVER_AT && of_the_server.contains(case.strategy);
        if again || spent + case.cost() > common {
            rest.push(case);
        } else {
            *times += 1;
            spent += case.cost();
            first.push(case);
        }
    }
    had.retain(|_, times| *times > 0);
    let chosen = one_of_each(&rest, &had);
    let mut ranked: Vec<(usize, Case)> = Vec::with_capacity(rest.len());
    for (at, case) in rest.into_iter().enumerate() {
        let behind = chosen.len();
        ranked.push((chosen.get(&at).copied().unwrap_or(behind), case));
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    first.extend(ranked.into_iter().map(|(_, case)| case));
    first
}

/// Places in `rest` of one case of each idea that is not among `had`, with their turns. The operations
/// take turns too: one alone would bear what may go wrong with it.
fn one_of_each(rest: &[Case], had: &BTreeMap<Idea, usize>) -> BTreeMap<usize, usize> {
    let mut ideas: Vec<(Tier, Vec<usize>)> = Vec::new();
    let mut known: BTreeMap<Idea, usize> = BTreeMap::new();
    for (at, case) in rest.iter().enumerate() {
        let idea = idea(case);
        if had.contains_key(&idea) {
            continue;
        }
        let nth = *known.entry(idea).or_insert_with(|| {
            ideas.push((case.tier, Vec::new()));
            ideas.len() - 1
        });
        let Some((tier, places)) = ideas.get_mut(nth) else {
            continue;
        };
        let operation = |place: &usize| rest.get(*place).map(|c| &c.operation);
        if case.tier == *tier && places.iter().all(|p| operation(p) != Some(&case.operation)) {
            places.push(at);
        }
    }
    let turns = ideas.iter().enumerate();
    turns
        .filter_map(|(turn, (_, places))| Some((*places.get(turn % places.len().max(1))?, turn)))
        .collect()
}
