//! What is found wrong at one field is tried at its siblings: firmware that forgets a check forgets it in
//! more than one place, and the plan had no room for all of them.

use super::runner::Run;
use crate::case::{BUDGET, Case, Fate, InputClass, plan_of_operations};
use crate::contract::PromiseId;
use crate::judge::Kind;
use std::collections::BTreeSet;

/// Cases at most that are sent at siblings of what was found.
const MOST_SIBLINGS: usize = 40;
/// Operations at most whose cases are gone through once more.
const MOST_OPERATIONS: usize = 8;

/// What is tried at siblings; not what makes a device hang or restart, which one field is enough to show.
const KINDS: [Kind; 3] = [Kind::AcceptsInvalid, Kind::RejectsValid, Kind::ServerError];

impl Run<'_> {
    /// Sends what was found wrong at fields where the plan did not try it.
    pub(super) async fn siblings(&mut self) {
        if self.over() {
            return;
        }
        let cases = self.at_siblings();
        let places: Vec<usize> = cases
            .into_iter()
            .filter_map(|case| self.cases.keep_beside(case))
            .collect();
        self.window(&places).await;
    }

    /// One case of each idea that the budget left out and whose kind of input showed a finding at another field.
    fn at_siblings(&self) -> Vec<Case> {
        let found = self.ledger.shown_by(&KINDS);
        let found: Vec<&Case> = found
            .iter()
            .filter_map(|id| Some(self.case(self.cases.find(id)?)))
            .filter(|case| case.id.is_about_field() && case.carries.is_empty())
            .collect();
        let wanted: BTreeSet<(&str, &str, &InputClass)> = found
            .iter()
            .map(|c| (c.operation.as_str(), c.strategy, &c.input_class))
            .collect();
        let operations = wanted.iter().map(|(operation, ..)| *operation);
        let operations: BTreeSet<&str> = operations.collect();
        let operations: BTreeSet<&str> = operations.into_iter().take(MOST_OPERATIONS).collect();
        if operations.is_empty() {
            return Vec::new();
        }
        let policy = self.job.device.policy();
        let others = plan_of_operations(
            &self.job.context(),
            None,
            policy.map(|policy| &**policy),
            &|operation| operations.contains(operation.id.as_str()),
            &|case| {
                let kind = (case.operation.as_str(), case.strategy, &case.input_class);
                wanted.contains(&kind) && case.id.is_about_field()
            },
        );
        let mut known: BTreeSet<(PromiseId, InputClass)> = BTreeSet::new();
        let mut cases = others.cases;
        cases.retain(|case| {
            let idea = (case.main_promise(), case.input_class.clone());
            self.has_no_room_for(&idea) && known.len() < MOST_SIBLINGS && known.insert(idea)
        });
        cases
    }

    /// Whether an idea is one that was asked for and that only the budget keeps from being sent.
    fn has_no_room_for(&self, (promise, class): &(PromiseId, InputClass)) -> bool {
        let cut = |fate: &Fate| matches!(fate, Fate::NotSent(why) if &**why == BUDGET);
        let mut ideas = self.job.plan.ideas.of(promise);
        ideas.any(|(known, fate)| known == class && cut(fate))
    }
}
