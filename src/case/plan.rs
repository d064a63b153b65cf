//! From the cases of all strategies to the plan of a run. May import what [`crate::case`] may.

use super::model::{Case, Context, Strategy};
use std::collections::BTreeSet;

/// What a run sends, in order.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The cases.
    pub cases: Vec<Case>,
    /// How many cases the budget cut.
    pub dropped: usize,
    /// Requests that the cases cost, read-backs included.
    pub requests: usize,
}

/// All strategies. Adding one is a file and a line here.
pub fn strategies() -> Vec<Box<dyn Strategy>> {
    vec![]
}

/// The plan for a contract: deterministic for a seed, ids unique, cheap and telling cases first.
/// `budget` is the number of requests that the cases may cost.
pub fn plan(context: &Context<'_>, budget: Option<usize>) -> Plan {
    let mut plan = Plan::default();
    let mut seen = BTreeSet::new();
    let mut cases: Vec<Case> = strategies()
        .iter()
        .flat_map(|s| s.cases(context))
        .filter(|case| seen.insert(case.id.clone()))
        .collect();
    cases.sort_by_key(|case| case.tier);
    for case in cases {
        let cost = case.cost();
        if budget.is_some_and(|b| plan.requests + cost > b) {
            plan.dropped += 1;
        } else {
            plan.requests += cost;
            plan.cases.push(case);
        }
    }
    plan
}
