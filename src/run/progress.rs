//! How far a run has come: what was answered, accepted, refused or left in silence, how quickly; and
//! whether that says that there is nothing to judge.

use super::job::Stop;
use super::journal::{Past, Record};
use super::result::{PromiseResult, Status};
use super::tally::fingerprint;
use crate::case::{Case, CaseId, Expect};
use crate::contract::{Contract, PromiseId};
use crate::exchange::{Exchange, Request};
use crate::judge::{Acceptance, Deviation, Kind};
use crate::probe::Observation;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Cases without an answer before a device that answered none counts as unreachable.
const SILENT_AFTER: u32 = 3;
/// Refusals of one operation that are kept until another case tells.
const MOST_DOUBTS: usize = 40;
/// Operations that speak for the whole device.
const MANY: usize = 3;
/// Surely valid requests, none of them accepted, before the run gives up judging.
const HOPELESS_AFTER: u32 = 8;

/// A refusal of a surely valid case of an operation that has accepted nothing so far: whether it is
/// the content that was refused only another case can tell.
#[derive(Debug)]
pub(super) struct Doubt {
    pub(super) at: usize,
    pub(super) operation: String,
    pub(super) promise: PromiseId,
    pub(super) deviation: Deviation,
    pub(super) exchange: Exchange,
}

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
    /// Surely valid cases that were refused.
    valid_refused: Vec<usize>,
    /// Operation → the last valid case of it that was accepted.
    accepted: BTreeMap<String, usize>,
    /// Operation → the one before that.
    accepted_before: BTreeMap<String, usize>,
    /// Operations of which a valid case was answered otherwise, with the statuses.
    declined: BTreeMap<String, BTreeSet<u16>>,
    /// Refusals of surely valid cases, while their operation had accepted none.
    doubts: Vec<Doubt>,
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
        let (acceptance, answered) = (seen.judgement.acceptance, seen.exchange.answer().is_some());
        match (&case.expect, acceptance) {
            (_, Acceptance::Refused) => self.refused += 1,
            (Expect::Refused { .. }, Acceptance::Accepted) => self.let_through[0] += 1,
            (Expect::Unauthorized { .. }, Acceptance::Accepted) => self.let_through[1] += 1,
            _ => {}
        }
        self.valid += u32::from(case.expect == Expect::Accepted);
        // Raw requests are often no message that deserves an answer.
        if !answered && matches!(case.request, Request::Http(_)) {
            self.silent += 1;
            self.silent_operations.insert(case.operation.clone());
        }
        self.count(at, case, acceptance, answered);
        if let Some(status) = seen
            .exchange
            .status()
            .filter(|_| says_valid(case) && acceptance != Acceptance::Accepted)
        {
            self.declined
                .entry(case.operation.clone())
                .or_default()
                .insert(status);
        }
        if answered && seen.exchange.reused && matches!(case.request, Request::Http(_)) {
            self.latencies.push(seen.exchange.timings.total);
        }
        let attempt = case.expect.is_trespass();
        if attempt && answered {
            self.attempt = Some(at);
        }
    }

    /// Counts a case that an earlier process sent.
    pub(super) fn remember(
        &mut self,
        at: usize,
        case: &Case,
        acceptance: Acceptance,
        answered: bool,
    ) {
        self.count(at, case, acceptance, answered);
    }

    fn count(&mut self, at: usize, case: &Case, acceptance: Acceptance, answered: bool) {
        if answered {
            self.answered = Some(at);
            self.cases_answered += 1;
        }
        if says_valid(case) && acceptance == Acceptance::Accepted {
            let before = self.accepted.insert(case.operation.clone(), at);
            if let Some(before) = before.filter(|before| *before != at) {
                self.accepted_before.insert(case.operation.clone(), before);
            }
        }
        if case.expect == Expect::Accepted && acceptance != Acceptance::Neither {
            self.valid_answered += 1;
            if acceptance != Acceptance::Accepted {
                self.valid_refused.push(at);
            }
        }
    }

    /// Whether a deviation is the refusal of a valid request by an operation that has accepted none.
    pub(super) fn doubtful(&self, case: &Case, deviation: &Deviation, exchange: &Exchange) -> bool {
        matches!(deviation.kind, Kind::RejectsValid | Kind::WrongStatus)
            && may_be_held_back(case)
            && exchange.status().is_some_and(|s| {
                (400..500).contains(&s)
                    || (200..300).contains(&s) && deviation.kind == Kind::RejectsValid
            })
            && !self.accepted.contains_key(&case.operation)
    }

    /// Keeps a refusal until another case tells.
    pub(super) fn doubt(&mut self, doubt: Doubt) {
        let of_it = self
            .doubts
            .iter()
            .filter(|d| d.operation == doubt.operation);
        if of_it.count() < MOST_DOUBTS {
            self.doubts.push(doubt);
        }
    }

    /// Takes the refusals out that were kept.
    pub(super) fn take_doubts(&mut self) -> Vec<Doubt> {
        std::mem::take(&mut self.doubts)
    }

    /// The last valid case of an operation that was accepted.
    pub(super) fn accepted_case(&self, operation: &str) -> Option<usize> {
        self.accepted.get(operation).copied()
    }

    /// The last two of them: what is refused because it stands already is accepted behind the other.
    pub(super) fn controls(&self, operation: &str) -> Vec<usize> {
        let both = [&self.accepted, &self.accepted_before].into_iter();
        both.filter_map(|of| of.get(operation).copied()).collect()
    }

    /// Whether valid requests of an operation were answered and none was accepted; the statuses.
    pub(super) fn declined(&self, operation: &str) -> Option<&BTreeSet<u16>> {
        let declined = self.declined.get(operation)?;
        (!self.accepted.contains_key(operation)).then_some(declined)
    }

    /// A refusal proves nothing where no valid request was accepted: what looked kept is undecided.
    pub(super) fn not_proven(&self, contract: &Contract, promises: &mut [PromiseResult]) {
        for promise in promises.iter_mut().filter(|p| p.status == Status::Kept) {
            let of = |id: &str| {
                let rest = promise.id.strip_prefix(id);
                rest.is_some_and(|rest| rest.starts_with('.'))
            };
            // An operation's id may begin like another's.
            let operations = contract.operations.iter().filter(|o| of(&o.id));
            let Some(operation) = operations.max_by_key(|o| o.id.len()) else {
                continue;
            };
            let answers = promise.id == PromiseId::answers(&operation.id);
            if !answers && self.declined(&operation.id).is_some() {
                promise.status = Status::Undecided;
                promise
                    .ideas
                    .withdraw("no valid request of the operation was taken");
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

    /// Whether anything that is valid as far as the document goes was accepted: where it leaves open
    /// what a success is, or whether something exists, the device has said so.
    pub(super) fn any_accepted(&self) -> bool {
        !self.accepted.is_empty()
    }

    /// Whether surely valid cases were answered, and every one was refused, and whatever else may be
    /// valid too.
    pub(super) fn accepts_nothing(&self) -> bool {
        self.valid_answered > 0 && !self.any_accepted()
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

    /// Operations that said to every valid request that they are busy.
    fn busy_operations(&self) -> usize {
        let busy = |statuses: &&BTreeSet<u16>| statuses.iter().all(|s| matches!(s, 429 | 503));
        self.declined.values().filter(busy).count()
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
        if self.any_accepted() {
            return None;
        }
        let operations: BTreeSet<&str> = plan.iter().map(|c| c.operation.as_str()).collect();
        if busy && self.busy_operations() >= operations.len().min(MANY) {
            return Some(Stop::Preflight(
                "the device says to every request that it is busy (429, 503)".to_owned(),
            ));
        }
        // One operation that hangs is a finding; the others are asked before the device counts as
        // silent.
        let enough = self.silent_operations.len() >= operations.len().min(MANY)
            || self.silent >= HOPELESS_AFTER;
        if self.cases_answered == 0 && self.silent >= SILENT_AFTER && enough {
            return Some(Stop::Preflight(format!(
                "{} requests of the plan drew no answer, and none did",
                self.silent
            )));
        }
        // What one operation refuses says nothing of the others: each is asked.
        let waiting = plan.iter().any(|case| {
            case.expect == Expect::Accepted && !self.declined.contains_key(&case.operation)
        });
        (self.valid >= HOPELESS_AFTER && !waiting).then_some(Stop::NothingAccepted)
    }
}

/// Whether the refusal of a case may wait for another case to tell.
pub(super) fn may_be_held_back(case: &Case) -> bool {
    matches!(case.expect, Expect::Accepted | Expect::AcceptedOr { .. })
}

/// Whether a request is valid as far as the document goes.
fn says_valid(case: &Case) -> bool {
    matches!(
        case.expect,
        Expect::Accepted | Expect::AcceptedOr { .. } | Expect::Either { .. }
    )
}

/// Ids of the cases of an earlier process whose valid requests were refused, and of which it had not
/// said yet whether that is a finding.
pub(super) fn held_back<'c>(past: &Past, case: impl Fn(&str) -> Option<&'c Case>) -> Vec<CaseId> {
    let mut found = BTreeSet::new();
    for record in &past.records {
        if let Record::Found { finding } = record {
            found.insert(finding.fingerprint.as_str());
        }
    }
    let mut held = Vec::new();
    for record in &past.records {
        let Record::Case(seen) = record else { continue };
        let Some(case) = case(&seen.id).filter(|c| may_be_held_back(c)) else {
            continue;
        };
        let refused = |(promise, deviation): &&(PromiseId, Deviation)| {
            let kind = deviation.kind;
            matches!(kind, Kind::RejectsValid | Kind::WrongStatus)
                && !found.contains(fingerprint(promise, kind, case).as_str())
        };
        if seen.joined.is_empty() && seen.broken.iter().any(|broken| refused(&broken)) {
            held.push(seen.id.clone());
        }
    }
    held
}

/// The one in the middle; zero of none.
fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
