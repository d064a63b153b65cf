//! How far a run has come: what was answered, accepted, refused or left in silence, how quickly; and
//! whether that says that there is nothing to judge.

use super::job::Stop;
use crate::case::{Case, Expect};
use crate::exchange::Request;
use crate::judge::Took;
use crate::probe::Observation;
use std::collections::BTreeSet;
use std::time::Duration;

/// Cases without an answer before a device that answered none counts as unreachable.
const SILENT_AFTER: u32 = 3;
/// Surely valid requests, none of them accepted, before the run gives up judging.
const HOPELESS_AFTER: u32 = 8;

/// Counts of a run.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The last case that was refused for want of credentials: suspect when the session ends.
    attempt: Option<usize>,
    /// The last case that drew an answer: suspect when the device is gone.
    answered: Option<usize>,
    cases_answered: u64,
    latencies: Vec<Duration>,
    valid_answered: u64,
    valid_accepted: u64,
    /// Surely valid cases that were refused.
    valid_refused: Vec<usize>,
    /// Surely valid cases that were sent, whatever came back.
    valid: u32,
    /// Cases that were refused; that should have been and were not: with good credentials, and for
    /// want of them.
    refused: u32,
    let_through: [u32; 2],
    /// Cases that drew no answer, while none did.
    silent: u32,
    silent_operations: BTreeSet<String>,
}

impl Progress {
    /// Counts a case that is done.
    pub(super) fn done(&mut self, at: usize, case: &Case, seen: &Observation) {
        let (took, answered) = (seen.judgement.took, seen.exchange.answer().is_some());
        match (&case.expect, took) {
            (_, Took::Refused) => self.refused += 1,
            (Expect::Refused { .. }, Took::Accepted) => self.let_through[0] += 1,
            (Expect::Unauthorized { .. }, Took::Accepted) => self.let_through[1] += 1,
            _ => {}
        }
        self.valid += u32::from(case.expect == Expect::Accepted);
        // Raw requests are often no message that deserves an answer.
        if !answered && matches!(case.request, Request::Http(_)) {
            self.silent += 1;
            self.silent_operations.insert(case.operation.clone());
        }
        self.count(at, case, took, answered);
        if answered && seen.exchange.reused && matches!(case.request, Request::Http(_)) {
            self.latencies.push(seen.exchange.timings.total);
        }
        let attempt = matches!(
            case.expect,
            Expect::Unauthorized { .. } | Expect::LoginRefused
        );
        if attempt && answered {
            self.attempt = Some(at);
        }
    }

    /// Counts a case that an earlier process sent.
    pub(super) fn remember(&mut self, at: usize, case: &Case, took: Took, answered: bool) {
        self.count(at, case, took, answered);
    }

    fn count(&mut self, at: usize, case: &Case, took: Took, answered: bool) {
        if answered {
            self.answered = Some(at);
            self.cases_answered += 1;
        }
        if case.expect == Expect::Accepted && took != Took::Neither {
            self.valid_answered += 1;
            match took {
                Took::Accepted => self.valid_accepted += 1,
                _ => self.valid_refused.push(at),
            }
        }
    }

    /// The last case that was refused for want of credentials, once.
    pub(super) fn take_attempt(&mut self) -> Option<usize> {
        self.attempt.take()
    }

    /// The last case that drew an answer.
    pub(super) fn answered(&self) -> Option<usize> {
        self.answered
    }

    /// Whether any case drew an answer.
    pub(super) fn any_answered(&self) -> bool {
        self.cases_answered > 0
    }

    /// Whether anything that is surely valid was accepted.
    pub(super) fn any_accepted(&self) -> bool {
        self.valid_accepted > 0
    }

    /// Whether surely valid cases were answered, and every one was refused.
    pub(super) fn accepts_nothing(&self) -> bool {
        self.valid_answered > 0 && self.valid_accepted == 0
    }

    /// Surely valid cases that were refused.
    pub(super) fn valid_refused(&self) -> &[usize] {
        &self.valid_refused
    }

    /// The median of the answers so far.
    pub(super) fn usual_latency(&self) -> Duration {
        median(&self.latencies)
    }

    /// How many answers were measured.
    pub(super) fn measured(&self) -> usize {
        self.latencies.len()
    }

    /// Forgets what was measured since there were `count`: what is slow on purpose says nothing
    /// about how quick the device is at the end.
    pub(super) fn forget_measured(&mut self, count: usize) {
        self.latencies.truncate(count);
    }

    /// The medians of the first few answers and of the last quarter, where there are enough.
    pub(super) fn early_and_late(&self) -> Option<(Duration, Duration)> {
        // The first few only: a device that slows down steadily from the first request on is several
        // times slower before a quarter of the plan is through.
        const EARLY: usize = 24;
        let quarter = self.latencies.len() / 4;
        (quarter >= EARLY).then(|| {
            let late = self.latencies.len() - quarter;
            (
                median(&self.latencies[..EARLY]),
                median(&self.latencies[late..]),
            )
        })
    }

    /// Whether what was sent so far says that there is nothing to judge. `busy`: the device says to
    /// everything that it is busy.
    pub(super) fn hopeless(&self, plan: &[Case], busy: bool) -> Option<Stop> {
        if self.refused == 0 && self.let_through.iter().all(|n| *n >= HOPELESS_AFTER) {
            return Some(Stop::Preflight(
                "what answers is not the expected API: it accepts everything, invalid bodies \
                 and requests without credentials too"
                    .to_owned(),
            ));
        }
        if self.valid_accepted > 0 {
            return None;
        }
        if busy {
            return Some(Stop::Preflight(
                "the device says to every request that it is busy (429, 503)".to_owned(),
            ));
        }
        let operations: BTreeSet<&str> = plan.iter().map(|c| c.operation.as_str()).collect();
        // One operation that hangs is a finding; the others are asked before the device counts as
        // silent.
        let enough = self.silent_operations.len() >= operations.len().min(3)
            || self.silent >= HOPELESS_AFTER;
        if self.cases_answered == 0 && self.silent >= SILENT_AFTER && enough {
            return Some(Stop::Preflight(format!(
                "{} requests of the plan drew no answer, and none did",
                self.silent
            )));
        }
        (self.valid >= HOPELESS_AFTER).then_some(Stop::NothingAccepted)
    }
}

/// The one in the middle; zero of none.
fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
