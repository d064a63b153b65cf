//! Adds up verdicts: status of each promise, findings by fingerprint, which cases show which cause,
//! how far each operation was judged, choices. Pure.

use super::causes::{self, cause};
use super::operations::Progress;
use super::result::{
    Choice, Evidence, Finding, IdeaResult, Member, OperationResult, PromiseResult, Reproducer,
    Shown, Status,
};
use super::sightings::{Failing, Sightings};
use crate::case::{Case, CaseId, Expect, Fate, HOW_READ, Ideas, Plan};
use crate::contract::{Contract, Effects, PromiseId, StatePromise};
use crate::exchange::Exchange;
use crate::judge::{Acceptance, Deviation, Inputs, Judgement, Kind, Ruling};
use std::collections::BTreeMap;

/// What a run has found so far.
#[derive(Debug, Default)]
pub struct Results {
    promises: BTreeMap<PromiseId, Count>,
    findings: Vec<Finding>,
    by_fingerprint: BTreeMap<String, usize>,
    choices: BTreeMap<(PromiseId, String), Choice>,
    joined: Vec<String>,
    /// By fingerprint of the cause.
    sightings: BTreeMap<String, Sightings>,
    /// Decided verdicts, by promise and sort of case.
    decided: BTreeMap<(PromiseId, Inputs), u64>,
    operations: BTreeMap<String, Progress>,
    /// By operation.
    failing: BTreeMap<String, Failing>,
    /// Promises that the document states for several operations, and where.
    stated: BTreeMap<PromiseId, String>,
    /// What became of the ideas of the cases so far.
    ideas: Ideas,
}

#[derive(Debug, Default)]
struct Count {
    kept: u64,
    undecided: u64,
    broken: bool,
    doubted: bool,
    cases: u64,
    /// What became of the requests that break the rule.
    against: Against,
}

/// What became of requests that have to be refused for one promise.
#[derive(Debug, Default)]
struct Against {
    cases: u64,
    answered: u64,
    decided: u64,
    /// Why the first that was answered was not decided.
    open: Option<String>,
}

impl Against {
    fn count(&mut self, ruling: &Ruling, answered: bool) {
        self.cases += 1;
        self.answered += u64::from(answered);
        match ruling {
            Ruling::Kept | Ruling::Broken(_) => self.decided += 1,
            Ruling::Undecided(why) if answered => {
                self.open.get_or_insert_with(|| why.clone());
            }
            Ruling::Undecided(_) => {}
        }
    }

    /// Whether no answer tells of any such request: then what breaks the rule may be accepted all the same,
    /// however many valid ones were.
    fn is_open(&self) -> bool {
        self.cases > 0 && self.decided == 0
    }

    /// Why none was decided, where the device answered some: what we do not send for its sake is not the
    /// device's doing.
    fn undecided(&self) -> Option<&str> {
        let none = self.answered > 0 && self.decided == 0;
        none.then(|| self.open.as_deref().unwrap_or("no answer tells"))
    }
}

impl Results {
    /// Nothing so far, of this contract.
    pub fn of(contract: &Contract) -> Results {
        let stated = contract.promises.iter();
        let stated = stated.filter_map(|p| Some((p.id.clone(), p.stated.clone()?)));
        Results {
            stated: stated.collect(),
            ..Results::default()
        }
    }

    /// Counts what one judgement says, broken promises left out: those count when confirmed. `answered`:
    /// whether a whole answer came.
    pub fn count(&mut self, case: &Case, judgement: &Judgement, answered: bool) {
        let progress = self.operations.entry(case.operation.clone()).or_default();
        progress.count(case, judgement, answered);
        for (nth, (promise, class)) in case.ideas().enumerate() {
            self.ideas
                .add(promise, class, fate(case, judgement, nth > 0));
        }
        if inputs(case) == Inputs::Valid {
            let failing = self.failing.entry(case.operation.clone()).or_default();
            failing.count(case, judgement);
        }
        for verdict in &judgement.verdicts {
            self.sight(case, &verdict.promise, &verdict.ruling, judgement);
            let count = self.promises.entry(verdict.promise.clone()).or_default();
            count.cases += 1;
            if inputs(case) == Inputs::Invalid && verdict.promise.is_of_input() {
                count.against.count(&verdict.ruling, answered);
            }
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

    /// Notes what a case drew, for the reasons why an operation could not be judged.
    pub fn drew(&mut self, case: &Case, exchange: &Exchange, acceptance: Acceptance) {
        let progress = self.operations.entry(case.operation.clone()).or_default();
        progress.drew(case, exchange, acceptance);
    }

    fn sight(&mut self, case: &Case, promise: &PromiseId, ruling: &Ruling, of: &Judgement) {
        let inputs = inputs(case);
        // Whoever is kept out, with whatever status, was asked for credentials or not served.
        let kept_out = inputs == Inputs::Unauthorized
            && (of.acceptance == Acceptance::Refused || of.circumstance);
        let deviation = match ruling {
            Ruling::Kept => None,
            Ruling::Broken(deviation) => Some(deviation),
            Ruling::Undecided(_) if kept_out => None,
            Ruling::Undecided(_) => return,
        };
        *self
            .decided
            .entry((promise.to_owned(), inputs))
            .or_default() += 1;
        let Some(deviation) = deviation else { return };
        let id = cause(
            deviation.kind,
            promise,
            &case.operation,
            deviation.symptom(),
            self.stated.get(promise).map_or("", String::as_str),
        );
        let sightings = self.sightings.entry(id).or_default();
        sightings.add(case, promise, deviation, inputs);
    }

    /// How far each operation of the contract was judged. `stopped`: why the plan was not sent to
    /// its end.
    pub fn operations(
        &self,
        contract: &Contract,
        plan: &Plan,
        stopped: Option<&str>,
        effects: Option<&Effects>,
    ) -> Vec<OperationResult> {
        let open = self.open_rules();
        let told = super::operations::Told {
            progress: &self.operations,
            open: &open,
        };
        super::operations::results(contract, plan, told, stopped, effects)
    }

    /// By operation: the rules of its input of which no request that breaks them was decided, and why.
    fn open_rules(&self) -> BTreeMap<&str, Vec<(&str, &str)>> {
        let mut open: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for (promise, count) in &self.promises {
            if let Some(why) = count.against.undecided().filter(|_| !count.broken) {
                let rules = open.entry(promise.operation()).or_default();
                rules.push((promise.statement(), why));
            }
        }
        open
    }

    /// Takes back what was found: the device accepted nothing, so nothing that it refused or
    /// accepted says anything about a promise.
    pub fn withdraw(&mut self) {
        self.findings.clear();
        self.by_fingerprint.clear();
        self.sightings.clear();
        self.failing.clear();
        self.ideas
            .withdraw("the device took no request that is surely valid");
        for count in self.promises.values_mut() {
            count.undecided += count.kept;
            count.kept = 0;
            count.broken = false;
        }
    }

    /// Counts one statement about a promise that no single exchange makes.
    pub fn note(&mut self, promise: &PromiseId, kept: bool) {
        let count = self.promises.entry(promise.to_owned()).or_default();
        count.cases += 1;
        if kept {
            count.kept += 1;
        } else {
            count.undecided += 1;
        }
    }

    /// Whether a promise was kept or broken so far.
    pub fn is_judged(&self, promise: &PromiseId) -> bool {
        let count = self.promises.get(promise);
        count.is_some_and(|count| count.cases > count.undecided)
    }

    /// Whether a finding with this fingerprint is known; if so, `case` is counted with it.
    pub fn known(&mut self, fingerprint: &str, case: &CaseId) -> bool {
        let Some(finding) = self
            .by_fingerprint
            .get(fingerprint)
            .and_then(|at| self.findings.get_mut(*at))
        else {
            return false;
        };
        if finding.case != *case && !finding.members.iter().any(|m| m.case == *case) {
            let member = Member {
                case: case.clone(),
                ..Member::default()
            };
            causes::add_member(finding, member);
            self.joined.push(fingerprint.to_owned());
        }
        true
    }

    /// As [`known`](Self::known), for an acceptance that follows from a finding of another class.
    pub fn explained(&mut self, promise: &PromiseId, kind: Kind, case: &Case) -> bool {
        let (Kind::AcceptsInvalid, Some(class)) = (kind, case.follows_from()) else {
            return false;
        };
        let id = fingerprint_of(promise, kind, &case.operation, class);
        self.known(&id, &case.id)
    }

    /// Whether there is a finding of this promise and kind.
    pub fn has(&self, promise: &PromiseId, kind: Kind) -> bool {
        let like = |f: &Finding| f.promise == *promise && f.kind == kind;
        self.findings.iter().any(like)
    }

    /// Whether one of these operations was found to accept what breaks the rule of a keyword.
    pub fn accepts_against(&self, operations: &[&str], keyword: &str) -> bool {
        let mut accepts = self
            .findings
            .iter()
            .filter(|f| f.kind == Kind::AcceptsInvalid);
        accepts
            .any(|f| f.promise.keyword() == keyword && operations.contains(&f.promise.operation()))
    }

    /// `case` joins the last finding of this promise and kind, where there is one.
    pub fn join_last(&mut self, promise: &PromiseId, kind: Kind, case: &Case) -> bool {
        let like = |f: &&Finding| f.promise == *promise && f.kind == kind;
        let last = self.findings.iter().rfind(like);
        let last = last.map(|f| f.fingerprint.clone());
        last.is_some_and(|fingerprint| self.known(&fingerprint, &case.id))
    }

    /// Fingerprints of known findings that cases have joined since the last call.
    pub fn take_joined(&mut self) -> Vec<String> {
        std::mem::take(&mut self.joined)
    }

    /// Adds a confirmed finding; its promise is broken from now on unless it is flaky.
    pub fn add(&mut self, mut finding: Finding) {
        if let Some(place) = self.stated.get(&finding.promise) {
            finding.stated.clone_from(place);
        }
        let count = self.promises.entry(finding.promise.clone()).or_default();
        count.broken |= finding.kind != Kind::Flaky;
        // What came out differently is not kept, however often it was.
        count.doubted |= finding.kind == Kind::Flaky;
        self.by_fingerprint
            .insert(finding.fingerprint.clone(), self.findings.len());
        self.findings.push(finding);
    }

    /// Every promise of the contract with what the run says of it, in the contract's order. `stopped`: why
    /// the plan was not sent to its end.
    pub fn promises(
        &self,
        contract: &Contract,
        plan: &Plan,
        stopped: Option<&str>,
    ) -> Vec<PromiseResult> {
        let ideas = plan.ideas.clone().told_by(&self.ideas);
        let unsent = stopped.unwrap_or("the run did not come to it");
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
                        Some(c) if c.kept > 0 && !c.doubted && !c.against.is_open() => Status::Kept,
                        Some(_) => Status::Undecided,
                    },
                    cases: count.map_or(0, |c| c.cases),
                    ideas: IdeaResult::of(ideas.of(&promise.id), unsent),
                }
            })
            .collect()
    }

    /// Causes, most severe first, then in order of discovery; and choices in order of promise.
    /// `follow` marks what may follow from other findings, `reproduce` gives the case of an id with
    /// what is needed to send it again.
    pub fn into_parts<'c>(
        mut self,
        follow: impl FnOnce(&mut [Finding]),
        mut reproduce: impl FnMut(&str) -> Option<(&'c Case, Reproducer)>,
    ) -> (Vec<Finding>, Vec<Choice>) {
        let failing = self.failing.iter().filter(|(_, f)| f.in_general());
        let failing: BTreeMap<&str, &Failing> = failing.map(|(id, f)| (id.as_str(), f)).collect();
        for finding in &mut self.findings {
            causes::mark_general(finding, |operation| failing.contains_key(operation));
        }
        for (operation, figures) in &failing {
            figures.gather(operation, &mut self.sightings);
        }
        follow(&mut self.findings);
        let mut causes = causes::group(self.findings);
        for finding in &mut causes {
            if let Some(sightings) = self.sightings.get(&finding.fingerprint) {
                for seen in sightings.first() {
                    let known = finding.members.iter_mut().find(|m| m.case == seen.case);
                    let whole = known.as_ref().is_some_and(|m| !m.fingerprint.is_empty());
                    if whole || seen.case == finding.case {
                        continue;
                    }
                    let Some((case, reproducer)) = reproduce(&seen.case) else {
                        continue;
                    };
                    let member = Member {
                        fingerprint: fingerprint(&seen.promise, seen.kind, case),
                        promise: seen.promise.clone(),
                        case: seen.case.clone(),
                        title: case.title.clone(),
                        observed: seen.observed.clone(),
                        reproducer,
                    };
                    match known {
                        Some(known) => *known = member,
                        None => causes::add_member(finding, member),
                    }
                }
                if finding.kind != Kind::Flaky {
                    finding.shown = sightings.shown(&self.decided);
                }
            }
            causes::retitle(finding);
        }
        (causes, self.choices.into_values().collect())
    }
}

/// What became of the ideas of a case. Those that a packed body carries were judged where it was taken: a
/// refusal may be of any of them.
fn fate(case: &Case, judgement: &Judgement, carried: bool) -> Fate {
    let main = case.main_promise();
    let of_main = judgement.verdicts.iter().find(|v| v.promise == main);
    let broken = judgement.deviations().next().is_some();
    match of_main.map(|v| &v.ruling) {
        _ if broken && !carried => Fate::Judged,
        _ if broken => {
            Fate::Open("its answer does not tell which of several values it is about".into())
        }
        Some(Ruling::Kept | Ruling::Broken(_)) => Fate::Judged,
        Some(Ruling::Undecided(why)) => Fate::Open(why.as_str().into()),
        None => Fate::Open("the answer does not tell".into()),
    }
}

/// The sort of a case.
fn inputs(case: &Case) -> Inputs {
    match &case.expect {
        Expect::Accepted | Expect::AcceptedOr { .. } => Inputs::Valid,
        Expect::Refused { .. } => Inputs::Invalid,
        Expect::Unauthorized { .. } => Inputs::Unauthorized,
        _ => Inputs::Other,
    }
}

/// Of a case: hash of promise, kind, operation and input class, not of payload, seed or order.
pub fn fingerprint(promise: &PromiseId, kind: Kind, case: &Case) -> String {
    if of_items(promise) {
        // What is wrong with items shows with every input.
        return fingerprint_of(promise, kind, "", "");
    }
    fingerprint_of(promise, kind, &case.operation, &class(kind, case))
}

fn fingerprint_of(promise: &PromiseId, kind: Kind, operation: &str, class: &str) -> String {
    causes::hash([promise, kind.id(), operation, class])
}

/// Whether a promise is about what is created, listed and removed.
fn of_items(promise: &PromiseId) -> bool {
    promise.state().is_some_and(StatePromise::is_of_items)
}

/// The operation that a promise is of: most often the case's.
fn operation_of(promise: &PromiseId, case: &Case) -> String {
    match promise.strip_prefix(case.operation.as_str()) {
        Some(rest) if rest.starts_with('.') => case.operation.clone(),
        _ => promise.operation().to_owned(),
    }
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
        _ => case.input_class.to_string(),
    }
}

/// A finding from a case and its deviation.
pub fn finding(
    case: &Case,
    promise: &PromiseId,
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
        instance: fingerprint(promise, deviation.kind, case),
        fingerprint: fingerprint(promise, deviation.kind, case),
        arguable: deviation.ground().map(|ground| ground.words().to_owned()),
        operations: vec![operation_of(promise, case)],
        symptom: deviation.symptom().to_owned(),
        stated: String::new(),
        shows: flaky.then_some(deviation.kind),
        example: case.title.clone(),
        shown: Shown {
            cases: 1,
            of: 0,
            inputs: inputs(case),
        },
        members: Vec::new(),
        promise: promise.to_owned(),
        kind,
        severity: match flaky {
            true => kind.severity(),
            false => deviation.severity(),
        },
        title,
        expected: deviation.expected.clone(),
        observed: deviation.observed.clone(),
        case: case.id.clone(),
        confirmed: format!("{}/{}", confirmed.0, confirmed.1),
        reproducer,
        evidence,
    }
}
