//! The cases of a run by number: those of the plan, and behind them those that are made while it
//! goes on.

use crate::case::{Case, CaseId};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Cases by number.
pub(super) struct Cases<'a> {
    plan: &'a [Case],
    /// Places for cases that are made while the run goes on: first those that questions of a budget
    /// have, then those for states that the device does not take back and what a packed body holds.
    later: &'a [OnceLock<Case>],
    /// How many of them are for questions.
    questions: usize,
    /// Ids of those that an earlier process sent and judged.
    done: BTreeSet<CaseId>,
}

impl<'a> Cases<'a> {
    pub(super) fn new(plan: &'a [Case], later: &'a [OnceLock<Case>], questions: usize) -> Self {
        Cases {
            plan,
            later,
            questions,
            done: BTreeSet::new(),
        }
    }

    /// The cases of the plan.
    pub(super) fn plan(&self) -> &'a [Case] {
        self.plan
    }

    /// Every case, those that were made while the run went on behind those of the plan.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a Case> {
        let later = self.later.iter().filter_map(|q| q.get());
        self.plan.iter().chain(later)
    }

    /// A case that was given out.
    pub(super) fn get(&self, at: usize) -> &'a Case {
        match self.plan.get(at) {
            Some(case) => case,
            None => self.later[at - self.plan.len()]
                .get()
                .expect("a place is given out with its case"),
        }
    }

    /// How many questions may be kept beside the plan, all in all.
    pub(super) fn places(&self) -> usize {
        self.questions.min(self.later.len())
    }

    /// Gives a question a number; `None` where there is no place left.
    pub(super) fn keep(&mut self, case: Case) -> Option<usize> {
        self.place(0..self.places(), case)
    }

    /// The number of a case that was given out or that the plan has.
    pub(super) fn find(&self, id: &CaseId) -> Option<usize> {
        self.all().position(|case| case.id == *id)
    }

    /// Gives a case about a state that the device does not take back, or with what a packed body holds,
    /// a number; `None` as above.
    pub(super) fn keep_beside(&mut self, case: Case) -> Option<usize> {
        self.place(self.places()..self.later.len(), case)
    }

    fn place(&mut self, mut among: std::ops::Range<usize>, case: Case) -> Option<usize> {
        let place = among.find(|at| self.later.get(*at).is_some_and(|q| q.get().is_none()))?;
        let kept = self.later.get(place)?.set(case).is_ok();
        kept.then(|| self.plan.len() + place)
    }

    /// An earlier process sent and judged these.
    pub(super) fn set_done(&mut self, done: BTreeSet<CaseId>) {
        self.done = done;
    }

    /// Whether an earlier process sent and judged it.
    pub(super) fn is_done(&self, at: usize) -> bool {
        self.done.contains(&self.get(at).id)
    }
}
