//! A packed body that is refused is taken apart: what it holds is sent again, each idea alone, and only
//! what is refused alone is accused. Where nothing is, the body itself is: it is valid, too.

use super::runner::Run;
use crate::case::{Case, CaseId, apart};
use crate::judge::{Deviation, Kind};
use std::collections::BTreeMap;

/// Ideas of packed bodies that were sent alone, and whether that broke a promise.
#[derive(Debug, Default)]
pub(super) struct Apart(BTreeMap<CaseId, bool>);

impl Run<'_> {
    /// Whether what a packed body holds shows alone what the body shows.
    pub(super) async fn shown_apart(&mut self, at: usize, deviation: &Deviation) -> bool {
        let case: &Case = self.case(at);
        let of_content = matches!(deviation.kind, Kind::RejectsValid | Kind::ServerError);
        // Of an operation that takes nothing, nothing alone tells more.
        let takes = self.progress.accepted_case(&case.operation).is_some();
        if case.carries.is_empty() || !of_content || !takes {
            return false;
        }
        let mut shown = false;
        for part in apart(&self.job.context(), case) {
            shown |= match self.apart.0.get(&part.id) {
                Some(broken) => *broken,
                None => self.alone(part).await,
            };
        }
        shown
    }

    /// Sends one idea alone; gives whether that breaks a promise.
    async fn alone(&mut self, part: Case) -> bool {
        let id = part.id.clone();
        let place = self
            .cases
            .find(&id)
            .or_else(|| self.cases.keep_beside(part));
        let Some(at) = place.filter(|_| !self.over()) else {
            return false;
        };
        if self.spared(at) || self.is_withheld(at) {
            return false;
        }
        let operation = self.case(at).operation.clone();
        self.probe.rest(&operation).await;
        let seen = self.probe.send(self.case(at), false).await;
        // One that carries nothing is never taken apart, so this ends.
        let broken = Box::pin(self.settle(at, seen)).await;
        self.apart.0.insert(id, broken);
        broken
    }
}
