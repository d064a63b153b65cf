//! What a run may spend on a device: writes and failed logins of the profile, patience with a device
//! that says it is busy, and requests that nobody answers. May import what [`crate::run`] may.

use super::job::Stop;
use super::runner::Runner;
use crate::case::{Case, Expect};
use crate::exchange::{Exchange, Request};
use crate::judge::{Judgement, Took};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How often a request is sent again to a device that says it is busy.
const PATIENCE: u32 = 3;
/// Answers "busy" in a row, each after [`PATIENCE`], from which on nobody waits any more.
const BUSY_FOR_GOOD: u32 = 3;
/// Longest wait that a `Retry-After` (RFC 9110 §10.2.3) may ask for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(5);
/// Cases without an answer before a device that answered none counts as unreachable.
const SILENT_AFTER: u32 = 3;
/// Surely valid requests, none of them accepted, before the run gives up judging.
const HOPELESS_AFTER: u32 = 8;

/// How long a device that says it is busy (429, 503) wants to be left alone, within reason; `None`
/// where it does not say so.
pub(super) fn busy(exchange: &Exchange) -> Option<Duration> {
    let answer = exchange
        .answer()
        .filter(|answer| matches!(answer.status, 429 | 503))?;
    let asked = answer.header("retry-after").and_then(|s| s.parse().ok());
    let wait = asked.map_or(Duration::from_millis(500), Duration::from_secs);
    Some(wait.min(LONGEST_RETRY_AFTER))
}

/// What was spent.
#[derive(Debug, Default)]
pub(super) struct Budget {
    writes: AtomicU64,
    failed_logins: AtomicU64,
    busy: AtomicU32,
    /// Surely valid cases that were sent, whatever came back.
    valid: u32,
    /// Cases that must be refused and were, or were not: with good credentials, and for want of them.
    refused: u32,
    let_through: [u32; 2],
    /// Cases that drew no answer, while none did.
    silent: u32,
    silent_operations: BTreeSet<String>,
}

impl Budget {
    /// How long to wait before a busy device is asked again, for the nth time; `None`: not again.
    pub(super) fn wait(&self, exchange: &Exchange, tries: u32) -> Option<Duration> {
        exchange.answer()?;
        let Some(wait) = busy(exchange) else {
            self.busy.store(0, Relaxed);
            return None;
        };
        if tries >= PATIENCE || self.busy.load(Relaxed) >= BUSY_FOR_GOOD {
            self.busy.fetch_add(1, Relaxed);
            return None;
        }
        Some(wait)
    }

    /// Counts one judged exchange.
    pub(super) fn spend(&self, case: &Case, exchange: &Exchange, judgement: &Judgement) {
        if judgement.took == Took::Accepted && writes(case) {
            self.writes.fetch_add(1, Relaxed);
        }
        if case.expect == Expect::LoginRefused && exchange.answer().is_some() {
            self.failed_logins.fetch_add(1, Relaxed);
        }
    }

    /// Counts one case that is done.
    pub(super) fn done(&mut self, case: &Case, answered: bool, took: Took) {
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
    }
}

/// Whether a case may change the device.
fn writes(case: &Case) -> bool {
    match &case.request {
        Request::Http(http) => !matches!(http.method.as_str(), "GET" | "HEAD" | "OPTIONS"),
        Request::Raw(_) => true,
    }
}

impl Runner<'_> {
    /// Whether the profile's limits forbid to send a case.
    pub(super) fn spared(&mut self, at: usize) -> bool {
        let case = self.case(at);
        let limits = &self.job.profile.limits;
        let over = |spent: &AtomicU64, limit: Option<u64>| {
            limit.is_some_and(|limit| spent.load(Relaxed) >= limit)
        };
        let what = if case.expect == Expect::LoginRefused
            && over(&self.budget.failed_logins, limits.failed_logins)
        {
            "failed-logins"
        } else if !super::runner::must_be_refused(case)
            && writes(case)
            && over(&self.budget.writes, limits.writes)
        {
            "writes"
        } else {
            return false;
        };
        self.note(format!(
            "the limit of {what} in the device profile was reached: further cases were not sent"
        ));
        true
    }

    /// Whether what was sent so far says that there is nothing to judge.
    pub(super) fn hopeless(&self) -> Option<Stop> {
        let budget = &self.budget;
        if budget.refused == 0 && budget.let_through.iter().all(|n| *n >= HOPELESS_AFTER) {
            return Some(Stop::Preflight(
                "what answers is not the expected API: it accepts everything, invalid bodies \
                 and requests without credentials too"
                    .to_owned(),
            ));
        }
        if self.valid_accepted > 0 {
            return None;
        }
        if budget.busy.load(Relaxed) >= BUSY_FOR_GOOD {
            return Some(Stop::Preflight(
                "the device says to every request that it is busy (429, 503)".to_owned(),
            ));
        }
        let operations: BTreeSet<&str> = self
            .job
            .plan
            .cases
            .iter()
            .map(|c| c.operation.as_str())
            .collect();
        // One operation that hangs is a finding; the others are asked before the device counts as
        // silent.
        let enough = budget.silent_operations.len() >= operations.len().min(3)
            || budget.silent >= HOPELESS_AFTER;
        if self.cases_answered == 0 && budget.silent >= SILENT_AFTER && enough {
            return Some(Stop::Preflight(format!(
                "{} requests of the plan drew no answer, and none did",
                budget.silent
            )));
        }
        (budget.valid >= HOPELESS_AFTER).then_some(Stop::NothingAccepted)
    }
}
