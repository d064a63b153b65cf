//! Adds up verdicts: status of each promise, findings by fingerprint, choices. Pure.

use super::result::{Choice, Evidence, Finding, PromiseResult, Reproducer, Status};
use crate::case::{Case, Expect, HOW_READ};
use crate::contract::Contract;
use crate::judge::{Deviation, Judgement, Kind, Ruling};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What a run has found so far.
#[derive(Debug, Default)]
pub struct Tally {
    promises: BTreeMap<String, Count>,
    findings: Vec<Finding>,
    by_fingerprint: BTreeMap<String, usize>,
    choices: BTreeMap<(String, String), Choice>,
    joined: Vec<String>,
}

#[derive(Debug, Default)]
struct Count {
    kept: u64,
    undecided: u64,
    broken: bool,
    doubted: bool,
    cases: u64,
}

impl Tally {
    /// Counts what one judgement says, broken promises left out: those count when confirmed.
    pub fn count(&mut self, case: &Case, judgement: &Judgement) {
        for verdict in &judgement.verdicts {
            let count = self.promises.entry(verdict.promise.clone()).or_default();
            count.cases += 1;
            match verdict.ruling {
                Ruling::Kept => count.kept += 1,
                Ruling::Broken(_) | Ruling::Undecided(_) => count.undecided += 1,
            }
        }
        // How the device reads a rule is a divergence, which says more.
        if let Some((question, device)) = &judgement.choice
            && question != HOW_READ
        {
            let key = (case.main_promise(), format!("{question}\u{0}{device}"));
            self.choices.entry(key).or_insert_with(|| Choice {
                question: question.clone(),
                promise: case.main_promise(),
                device: device.clone(),
                case: case.id.clone(),
            });
        }
    }

    /// Counts one statement about a promise that no single exchange makes.
    pub fn note(&mut self, promise: &str, kept: bool) {
        let count = self.promises.entry(promise.to_owned()).or_default();
        count.cases += 1;
        if kept {
            count.kept += 1;
        } else {
            count.undecided += 1;
        }
    }

    /// Whether a finding with this fingerprint is known; if so, `case` joins it.
    pub fn known(&mut self, fingerprint: &str, case: &str) -> bool {
        let Some(finding) = self
            .by_fingerprint
            .get(fingerprint)
            .and_then(|at| self.findings.get_mut(*at))
        else {
            return false;
        };
        if finding.case != case && !finding.also.iter().any(|c| c == case) {
            finding.also.push(case.to_owned());
            self.joined.push(fingerprint.to_owned());
        }
        true
    }

    /// As [`known`](Self::known), for an acceptance that follows from a finding of another class.
    pub fn explained(&mut self, promise: &str, kind: Kind, case: &Case) -> bool {
        let (Kind::AcceptsInvalid, Some(class)) = (kind, case.follows_from()) else {
            return false;
        };
        let id = fingerprint_of(promise, kind, &case.operation, class);
        self.known(&id, &case.id)
    }

    /// `case` joins the last finding of this promise and kind, where there is one.
    pub fn join_last(&mut self, promise: &str, kind: Kind, case: &Case) -> bool {
        let like = |f: &&Finding| f.promise == promise && f.kind == kind;
        let last = self.findings.iter().rfind(like);
        let last = last.map(|f| f.fingerprint.clone());
        last.is_some_and(|fingerprint| self.known(&fingerprint, &case.id))
    }

    /// Fingerprints of known findings that cases have joined since the last call.
    pub fn take_joined(&mut self) -> Vec<String> {
        std::mem::take(&mut self.joined)
    }

    /// Adds a confirmed finding; its promise is broken from now on unless it is flaky.
    pub fn add(&mut self, finding: Finding) {
        let count = self.promises.entry(finding.promise.clone()).or_default();
        count.broken |= finding.kind != Kind::Flaky;
        // What came out differently is not kept, however often it was.
        count.doubted |= finding.kind == Kind::Flaky;
        self.by_fingerprint
            .insert(finding.fingerprint.clone(), self.findings.len());
        self.findings.push(finding);
    }

    /// Every promise of the contract with what the run says of it, in the contract's order.
    pub fn promises(&self, contract: &Contract) -> Vec<PromiseResult> {
        contract
            .promises
            .iter()
            .map(|promise| {
                let count = self.promises.get(&promise.id);
                PromiseResult {
                    id: promise.id.clone(),
                    source: promise.source.clone(),
                    status: match count {
                        None => Status::Untested,
                        Some(c) if c.broken => Status::Broken,
                        Some(c) if c.kept > 0 && !c.doubted => Status::Kept,
                        Some(_) => Status::Undecided,
                    },
                    cases: count.map_or(0, |c| c.cases),
                }
            })
            .collect()
    }

    /// Findings, most severe first, then in order of discovery; and choices in order of promise.
    pub fn into_parts(mut self) -> (Vec<Finding>, Vec<Choice>) {
        self.findings.sort_by_key(|f| f.severity);
        (self.findings, self.choices.into_values().collect())
    }
}

/// Hash of promise, kind, operation and input class: not of payload, seed or order (DESIGN §4).
pub fn fingerprint(promise: &str, kind: Kind, case: &Case) -> String {
    fingerprint_of(promise, kind, &case.operation, &class(kind, case))
}

fn fingerprint_of(promise: &str, kind: Kind, operation: &str, class: &str) -> String {
    let mut hash = Sha256::new();
    for part in [promise, kind.id(), operation, class] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize()
        .iter()
        .take(8)
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// The input class as far as it matters for a kind: how an answer is malformed, or which text is
/// wrong for a fault, does not depend on the input that drew it.
fn class(kind: Kind, case: &Case) -> String {
    let faults = match &case.expect {
        Expect::Refused { faults } | Expect::Unauthorized { faults } => faults.as_slice(),
        _ => &[],
    };
    let kinds = || {
        let mut kinds: Vec<_> = faults.iter().map(|f| f.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        format!("{kinds:?}")
    };
    match kind {
        Kind::MalformedResponse | Kind::SecretLeak | Kind::Slow => String::new(),
        Kind::WrongErrorShape | Kind::WrongStatus => kinds(),
        _ => case.input_class.clone(),
    }
}

/// A finding from a case and its deviation.
pub fn finding(
    case: &Case,
    promise: &str,
    deviation: &Deviation,
    confirmed: (u32, u32),
    reproducer: Reproducer,
    evidence: Evidence,
) -> Finding {
    let flaky = confirmed.0 < confirmed.1;
    let kind = if flaky { Kind::Flaky } else { deviation.kind };
    let title = if flaky {
        format!(
            "{}: {}, but not every time",
            case.title,
            deviation.kind.entry().headline
        )
    } else {
        format!("{}: {}", case.title, deviation.kind.entry().headline)
    };
    Finding {
        fingerprint: fingerprint(promise, deviation.kind, case),
        promise: promise.to_owned(),
        kind,
        severity: kind.severity(),
        title,
        expected: deviation.expected.clone(),
        observed: deviation.observed.clone(),
        case: case.id.clone(),
        confirmed: format!("{}/{}", confirmed.0, confirmed.1),
        reproducer,
        evidence,
        also: Vec::new(),
    }
}
