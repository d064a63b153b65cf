//! A packed body that is refused is taken apart: what it holds is sent again, each idea alone, and only
//! what is refused alone is accused. Where nothing is, the body itself is: it is valid, too.

use super::progress::Doubt;
use super::runner::Run;
use crate::case::{Case, CaseId, apart};
use crate::judge::{Deviation, Kind};
use std::collections::{BTreeMap, BTreeSet};

/// Packed bodies that were refused.
#[derive(Debug, Default)]
pub(super) struct Apart {
    /// Those that are to be taken apart.
    waiting: Vec<Doubt>,
    /// Those that were, and none of whose ideas was refused alone.
    whole: BTreeSet<usize>,
    /// Ideas that were sent alone, and whether what came back broke a promise.
    alone: BTreeMap<CaseId, bool>,
}

impl Apart {
    /// Keeps a refusal until what the body holds was sent alone.
    pub(super) fn wait(&mut self, refusal: Doubt) {
        self.waiting.push(refusal);
    }
}

impl Run<'_> {
    /// Whether the deviation of a case is told only when what its body holds was sent alone.
    pub(super) fn is_taken_apart(&self, at: usize, deviation: &Deviation) -> bool {
        let case = self.case(at);
        let of_content = matches!(deviation.kind, Kind::RejectsValid | Kind::ServerError);
        // Of an operation that takes nothing, nothing alone tells more.
        let takes = self.progress.accepted_case(&case.operation).is_some();
        of_content && takes && !case.carries.is_empty() && !self.apart.whole.contains(&at)
    }

    /// Takes the refused bodies apart that wait for it.
    pub(super) async fn take_apart(&mut self) {
        for refusal in std::mem::take(&mut self.apart.waiting) {
            let mut shown = false;
            for part in apart(&self.job.context(), self.case(refusal.at)) {
                shown |= match self.apart.alone.get(&part.id) {
                    Some(broken) => *broken,
                    None => self.alone(part).await,
                };
            }
            if !shown && !self.over() {
                self.apart.whole.insert(refusal.at);
                let (at, promise) = (refusal.at, &refusal.promise);
                self.found(at, promise, refusal.deviation, &refusal.exchange)
                    .await;
            }
        }
    }

    /// Sends one idea alone; gives whether that breaks a promise.
    async fn alone(&mut self, part: Case) -> bool {
        let id = part.id.clone();
        let place = self.cases.find(&id);
        let place = place.or_else(|| self.cases.keep_beside(part));
        let Some(at) = place.filter(|_| !self.over()) else {
            return false;
        };
        if self.spared(at) || self.is_withheld(at) {
            return false;
        }
        let operation = self.case(at).operation.clone();
        self.probe.rest(&operation).await;
        let seen = self.probe.send(self.case(at), false).await;
        let broken = !seen.deviations.is_empty();
        self.settle(at, seen).await;
        self.apart.alone.insert(id, broken);
        broken
    }
}
