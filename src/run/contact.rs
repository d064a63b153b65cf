//! Before anything is judged: does anything answer there at all?

use super::job::Stop;
use super::runner::Run;
use crate::case::{Case, Expect};
use crate::exchange::{Failure, Request};
use std::collections::BTreeSet;

/// Operations that are asked before a silent device counts as unreachable: one of them may be the
/// defect.
const TRIES: usize = 3;

impl Run<'_> {
    /// Where neither login nor life probe nor read-back drew an answer, a request of the plan is
    /// sent, then one of another operation. A dead device costs a few time-outs, not the plan's.
    pub(super) async fn first_contact(&mut self) {
        if self.stopped() || self.job.device.answered() > 0 {
            return;
        }
        let mut operations = BTreeSet::new();
        let ordinary = |case: &&Case| {
            matches!(case.request, Request::Http(_))
                && self.job.device.withheld(&case.operation).is_none()
        };
        let plan = self.cases.plan().iter().filter(ordinary);
        let (valid, other): (Vec<&Case>, Vec<&Case>) =
            plan.partition(|case| case.expect == Expect::Accepted);
        let firsts = valid.into_iter().chain(other);
        let mut silence = None;
        for case in firsts
            .filter(|case| operations.insert(case.operation.as_str()))
            .take(TRIES)
        {
            match self.probe.send(case, true).await.exchange.failure() {
                None | Some(Failure::NotSent(_)) => return,
                Some(failure) => {
                    silence.get_or_insert_with(|| (case.operation.clone(), failure.clone()));
                }
            }
        }
        let Some((operation, failure)) = silence else {
            return;
        };
        let base = self.job.device.base_url();
        let path = self.job.contract.operation(&operation).map_or_else(
            || operation.clone(),
            |o| format!("{} {base}{}", o.method, o.path),
        );
        let why = match failure {
            Failure::MalformedHttp(why) => {
                format!("what answers {path} is not the expected API: malformed HTTP: {why}")
            }
            failure => format!("no answer to {path}: {failure}"),
        };
        self.stop(Stop::Preflight(why));
    }
}
