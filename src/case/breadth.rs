//! A part of a budget for what is new.
//!
//! Where many operations share a budget, the cheap and telling cases of all their fields fill it, and
//! the same few ideas come again at each operation while whole strategies never have a turn. So an idea
//! about a schema that several operations share is tried at one of them first, and the last part of the
//! budget goes to kinds of input that the plan does not have yet, one case each.

use super::identity::{InputClass, Tier};
use super::model::{Case, Expect};
use std::collections::{BTreeMap, BTreeSet};

/// Of so many requests of a budget, one is for a kind of input that is new.
const ONE_OF: usize = 4;

/// Operations at which an idea about the program that all of them share is tried before other ideas
/// have their turn.
const OF_THE_SERVER_AT: usize = 1;

/// A kind of input of a strategy. What is about the program that all operations share has a name of its
/// own for each way in which a message may be wrong: there it is the name that is one idea.
type Idea = (&'static str, InputClass, Option<String>);

fn idea(case: &Case, of_the_server: &BTreeSet<&'static str>) -> Idea {
    let named = of_the_server.contains(case.strategy);
    let name = named.then(|| case.id.name().to_owned());
    (case.strategy, case.input_class.clone(), name)
}

/// `cases`, which come in the order of a plan, in the order in which a budget of `most` requests is to
/// be spent: most of it as they come, the rest for ideas that are not among those. Nothing changes
/// where the budget is enough for all. `of_the_server` are the strategies that are about what all
/// operations share: how a message is read and what is JSON.
/// `rule` gives the place in the document of the rule that a case is mainly about: operations that have
/// it in common most likely share the code that checks it.
pub(super) fn broadened<'r>(
    cases: Vec<Case>,
    most: usize,
    of_the_server: &BTreeSet<&'static str>,
    rule: impl Fn(&Case) -> Option<&'r str>,
) -> Vec<Case> {
    if cases.iter().map(Case::cost).sum::<usize>() <= most {
        return cases;
    }
    let common = most - most / ONE_OF;
    let twins = twins(&cases, of_the_server, rule);
    let (mut first, mut rest, mut later, mut spent) = (Vec::new(), Vec::new(), Vec::new(), 0);
    let mut had: BTreeMap<Idea, usize> = BTreeMap::new();
    for (at, case) in cases.into_iter().enumerate() {
        let times = had.entry(idea(&case, of_the_server)).or_default();
        // Who may do what is said of each operation by itself.
        let shared = of_the_server.contains(case.strategy) && case.expect != Expect::Forbidden;
        let again = *times >= OF_THE_SERVER_AT && shared;
        if twins.contains(&at) {
            later.push(case);
        } else if again || spent + case.cost() > common {
            rest.push(case);
        } else {
            *times += 1;
            spent += case.cost();
            first.push(case);
        }
    }
    had.retain(|_, times| *times > 0);
    let chosen = one_of_each(&rest, &had, of_the_server);
    let mut ranked: Vec<(usize, Case)> = Vec::with_capacity(rest.len());
    for (at, case) in rest.into_iter().enumerate() {
        let behind = chosen.len();
        ranked.push((chosen.get(&at).copied().unwrap_or(behind), case));
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    first.extend(ranked.into_iter().map(|(_, case)| case));
    first.extend(later);
    first
}

/// Places of cases whose idea about the same rule another operation tries: of each such idea all but one,
/// which is of another operation from idea to idea.
fn twins<'r>(
    cases: &[Case],
    of_the_server: &BTreeSet<&'static str>,
    rule: impl Fn(&Case) -> Option<&'r str>,
) -> BTreeSet<usize> {
    let mut groups: BTreeMap<(Idea, &str), Vec<usize>> = BTreeMap::new();
    let mut judged: BTreeSet<&str> = BTreeSet::new();
    for (at, case) in cases.iter().enumerate() {
        // What makes an operation judged keeps its place.
        let refused = matches!(case.expect, Expect::Refused { .. });
        if !refused || judged.insert(&case.operation) {
            continue;
        }
        if let Some(rule) = rule(case) {
            groups
                .entry((idea(case, of_the_server), rule))
                .or_default()
                .push(at);
        }
    }
    let mut out = BTreeSet::new();
    for (turn, places) in groups.into_values().enumerate() {
        let operation = |at: &usize| cases.get(*at).map(|case| case.operation.as_str());
        let operations: BTreeSet<Option<&str>> = places.iter().map(operation).collect();
        let kept = operations.iter().nth(turn % operations.len().max(1));
        out.extend(places.iter().filter(|at| Some(&operation(at)) != kept));
    }
    out
}

/// Places in `rest` of one case of each idea that is not among `had`, with their turns. The operations
/// take turns too: one alone would bear what may go wrong with it.
fn one_of_each(
    rest: &[Case],
    had: &BTreeMap<Idea, usize>,
    of_the_server: &BTreeSet<&'static str>,
) -> BTreeMap<usize, usize> {
    let mut ideas: Vec<(Tier, Vec<usize>)> = Vec::new();
    let mut known: BTreeMap<Idea, usize> = BTreeMap::new();
    for (at, case) in rest.iter().enumerate() {
        let idea = idea(case, of_the_server);
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
