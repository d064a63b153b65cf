//! Which cases show which cause, and where an operation fails whatever it is sent. Pure.

use super::causes::{MEMBERS_LISTED, cause};
use super::result::Shown;
use crate::case::{Case, CaseId};
use crate::contract::PromiseId;
use crate::judge::{Acceptance, Deviation, IN_GENERAL, Inputs, Judgement, Kind};
use std::collections::{BTreeMap, BTreeSet};

/// Cases that show a cause.
#[derive(Debug, Default)]
pub(super) struct Sightings {
    /// How many, by sort.
    cases: BTreeMap<Inputs, u64>,
    /// Promises that they break.
    promises: BTreeSet<PromiseId>,
    /// The first of them.
    first: Vec<Sighting>,
    /// Of how many, where that is not what the promises count.
    of: Option<u64>,
}

/// One case that shows a cause.
#[derive(Debug)]
pub(super) struct Sighting {
    pub(super) case: CaseId,
    pub(super) operation: String,
    pub(super) promise: PromiseId,
    pub(super) kind: Kind,
    pub(super) observed: String,
}

impl Sightings {
    pub(super) fn add(
        &mut self,
        case: &Case,
        promise: &PromiseId,
        deviation: &Deviation,
        inputs: Inputs,
    ) {
        *self.cases.entry(inputs).or_default() += 1;
        self.promises.insert(promise.clone());
        if self.first.len() < MEMBERS_LISTED {
            self.first.push(Sighting {
                case: case.id.clone(),
                operation: case.operation.clone(),
                promise: promise.clone(),
                kind: deviation.kind,
                observed: deviation.observed.clone(),
            });
        }
    }

    /// The first cases.
    pub(super) fn first(&self) -> &[Sighting] {
        &self.first
    }

    /// Whether these are server errors of one operation.
    fn are_errors_of(&self, operation: &str) -> bool {
        let one = |s: &Sighting| s.kind == Kind::ServerError && s.operation == operation;
        self.first.first().is_some_and(one)
    }

    /// The most telling sort, with its figures; `decided`: by promise and sort.
    pub(super) fn shown(&self, decided: &BTreeMap<(PromiseId, Inputs), u64>) -> Shown {
        let Some((inputs, cases)) = self.cases.first_key_value() else {
            return Shown::default();
        };
        let of = self.promises.iter().filter_map(|promise| {
            let key = (promise.clone(), *inputs);
            decided.get(&key)
        });
        Shown {
            cases: *cases,
            of: self.of.unwrap_or_else(|| of.sum()),
            inputs: *inputs,
        }
    }
}

/// What the valid requests of one operation drew, as far as that says whether it fails whatever it
/// is sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Failing {
    /// Accepted.
    accepted: u64,
    /// Answered 5xx.
    failed: u64,
    /// Otherwise broken.
    broken: u64,
    /// Plain ones that were answered 5xx.
    plain: u64,
}

impl Failing {
    /// Counts a surely valid case.
    pub(super) fn count(&mut self, case: &Case, judgement: &Judgement) {
        let mut kinds = judgement.deviations().map(|(_, d)| d.kind).peekable();
        let broken = kinds.peek().is_some();
        if kinds.any(|kind| kind == Kind::ServerError) {
            self.failed += 1;
            self.plain += u64::from(case.is_plain());
        } else if judgement.acceptance == Acceptance::Accepted {
            self.accepted += 1;
        } else if broken {
            self.broken += 1;
        }
    }

    /// Whether 5xx is what valid requests draw, plain ones among them: then what a special one adds
    /// cannot be told.
    pub(super) fn in_general(&self) -> bool {
        self.plain > 0 && self.failed >= self.accepted
    }

    /// Puts what shows server errors of the operation together.
    pub(super) fn gather(&self, operation: &str, sightings: &mut BTreeMap<String, Sightings>) {
        let answers = PromiseId::answers(operation);
        let whole = cause(Kind::ServerError, &answers, operation, IN_GENERAL, "");
        let parts: Vec<String> = sightings
            .iter()
            .filter(|(_, s)| s.are_errors_of(operation))
            .map(|(id, _)| id.clone())
            .collect();
        let mut all = Sightings::default();
        for part in parts.iter().filter_map(|id| sightings.remove(id)) {
            all.first.extend(part.first);
            all.promises.extend(part.promises);
        }
        all.first.truncate(MEMBERS_LISTED);
        all.cases.insert(Inputs::Valid, self.failed);
        all.of = Some(self.failed + self.accepted + self.broken);
        sightings.insert(whole, all);
    }
}
