//! One cause, one finding: puts together what deviating cases show of the same thing. Pure.
//!
//! A cause is a kind of finding, a promise and a symptom. Where the promise is about something that
//! a device does in one place for all operations (credentials, the form of error texts, HTTP
//! itself), or is stated in one place of the document for several, it counts without its operation, so that what several operations share is told once.

use super::result::{Finding, Member};
use crate::contract::PromiseId;
use crate::judge::{IN_GENERAL, Inputs, Kind, Told, title};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Members with a reproducer that a cause lists at most; further cases are counted.
pub const MEMBERS_LISTED: usize = 100;

/// Hash of the parts, 16 hexadecimal digits.
pub(super) fn hash<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize()
        .iter()
        .take(8)
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// Fingerprint of a cause: no payload, seed or order in it. `operation` is at the front of
/// `promise`. `stated`: where the document states it for several operations, empty where it does not.
pub fn cause(
    kind: Kind,
    promise: &PromiseId,
    operation: &str,
    symptom: &str,
    stated: &str,
) -> String {
    if (kind, symptom) == (Kind::ServerError, IN_GENERAL) {
        // Which rule a valid request happened to test does not matter.
        return hash([
            "cause",
            kind.id(),
            PromiseId::answers(operation).as_str(),
            symptom,
        ]);
    }
    if let Some(part) = shared(kind, promise, operation, symptom) {
        return hash(["cause", kind.id(), part, symptom]);
    }
    match of_component(kind, promise, operation).filter(|_| !stated.is_empty()) {
        Some(part) => hash(["cause", kind.id(), stated, part, symptom]),
        None => hash(["cause", kind.id(), promise, symptom]),
    }
}

/// What is wrong with a component that several operations refer to: the part of the promise that
/// tells its members apart.
fn of_component<'a>(kind: Kind, promise: &'a str, operation: &str) -> Option<&'a str> {
    let part = promise.strip_prefix(operation)?.strip_prefix('.')?;
    match part.split('.').next() {
        _ if is_crash(kind) => None,
        Some("body" | "parameters") => Some(part),
        // The same answer may be documented for several statuses.
        Some("responses") => Some("responses"),
        _ => None,
    }
}

/// What breaks one handler says nothing about the next.
fn is_crash(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ServerError | Kind::Hang | Kind::ConnectionLost | Kind::Restart
    )
}

/// A server error of an operation that fails whatever it is sent, as `failing` says, is of that one
/// cause.
pub(super) fn mark_general(finding: &mut Finding, failing: impl Fn(&str) -> bool) {
    let error = finding.shows.unwrap_or(finding.kind) == Kind::ServerError;
    if error && !finding.is_of_version_1() && operation_of(finding).is_some_and(failing) {
        IN_GENERAL.clone_into(&mut finding.symptom);
    }
}

/// Operations that some finding says to fail whatever they are sent.
fn failing_in_general(findings: &[Finding]) -> BTreeSet<String> {
    let general = findings.iter().filter(|f| f.symptom == IN_GENERAL);
    general
        .filter_map(operation_of)
        .map(str::to_owned)
        .collect()
}

/// Refusals of valid requests that vary nothing → fingerprint of their cause. Whatever else is varied
/// in such a request, an answer like that is not about it.
fn refused_as_they_are(findings: &[Finding]) -> BTreeMap<Refusal, String> {
    let plain = |f: &&Finding| {
        let recipe = f.reproducer.recipe.as_ref();
        recipe.is_some_and(|r| r.input_class.is_plain())
    };
    let refused = findings.iter().filter(plain).flat_map(|f| {
        let refusals = refusals(f).into_iter();
        refusals.map(|refusal| (refusal, fingerprint_of(f)))
    });
    refused.collect()
}

/// An operation that refuses a valid request, and how.
type Refusal = (String, String);

/// How a valid request was refused: the answer without figures, by which values of ours differ; and
/// where it is of what a text says, that with the status.
fn refusals(finding: &Finding) -> Vec<Refusal> {
    let Some(operation) = operation_of(finding) else {
        return Vec::new();
    };
    if finding.kind != Kind::RejectsValid || finding.is_of_version_1() {
        return Vec::new();
    }
    let kept = |c: &char| !c.is_ascii_digit();
    let answer: String = finding.observed.chars().filter(kept).collect();
    let ground = finding.arguable.iter();
    let ground = ground.map(|ground| format!("{ground}: {}", finding.symptom));
    ground
        .chain([answer])
        .map(|how| (operation.to_owned(), how))
        .collect()
}

/// The promise without its operation, where the same thing may be wrong in many operations at once.
fn shared<'a>(kind: Kind, promise: &'a str, operation: &str, symptom: &str) -> Option<&'a str> {
    let part = promise.strip_prefix(operation)?.strip_prefix('.')?;
    let crash = is_crash(kind);
    let general = match part.split('.').next() {
        Some("auth" | "http") => !crash,
        // Bodies are read in one place, before anybody looks whose they are.
        Some("body") if matches!(part, "body.json" | "body.required") => !crash,
        // An error text has one form in most devices, a success has one for each operation; but a
        // media type is chosen in one place.
        Some("responses") => {
            let error = part
                .strip_prefix("responses.")
                .is_some_and(|key| key.starts_with(['4', '5']) || key.starts_with("default"));
            !crash && (error || !symptom.contains('`'))
        }
        Some("state") => matches!(kind, Kind::Slow),
        _ => false,
    };
    general.then_some(part)
}

/// Puts findings of one cause together. Takes causes and findings of single cases, in any order;
/// gives causes, most severe first, then in the order in which they came.
pub fn group(findings: Vec<Finding>) -> Vec<Finding> {
    let mut causes: Vec<Finding> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    // Beside each cause, so that one in very many operations does not have them all looked through
    // for each of its findings.
    let mut operations: Vec<BTreeSet<String>> = Vec::new();
    let failing = failing_in_general(&findings);
    let refused = refused_as_they_are(&findings);
    for mut finding in findings {
        mark_general(&mut finding, |operation| failing.contains(operation));
        let whole = refusals(&finding)
            .iter()
            .find_map(|r| refused.get(r).cloned());
        let print = whole.unwrap_or_else(|| fingerprint_of(&finding));
        if finding.instance.is_empty() {
            finding.instance = std::mem::take(&mut finding.fingerprint);
        }
        finding.fingerprint.clone_from(&print);
        if finding.shown.cases == 0 {
            finding.shown.cases = 1 + finding.members.len() as u64;
        }
        if finding.operations.is_empty() {
            let operation = finding.promise.operation();
            finding.operations.push(operation.to_owned());
        }
        let place = places.get(&print).copied();
        match place.and_then(|at| causes.get_mut(at).zip(operations.get_mut(at))) {
            Some((known, seen)) => join(known, finding, seen),
            None => {
                places.insert(print, causes.len());
                operations.push(finding.operations.iter().cloned().collect());
                causes.push(finding);
            }
        }
    }
    causes.sort_by_key(|f| f.severity);
    causes.iter_mut().for_each(retitle);
    causes
}

/// Fingerprint of the cause behind a finding; its own where it was read from a report that says too
/// little.
pub(super) fn fingerprint_of(finding: &Finding) -> String {
    if finding.is_of_version_1() {
        return finding.fingerprint.clone();
    }
    let Some(operation) = operation_of(finding) else {
        return finding.fingerprint.clone();
    };
    let kind = finding.shows.unwrap_or(finding.kind);
    let (promise, stated) = (&finding.promise, finding.stated.as_str());
    cause(kind, promise, operation, &finding.symptom, stated)
}

fn operation_of(finding: &Finding) -> Option<&str> {
    let of = |id: &&String| {
        let rest = finding.promise.strip_prefix(id.as_str());
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    finding.operations.iter().find(of).map(String::as_str)
}

/// Adds a finding to another of the same cause, whose operations are `seen`.
fn join(known: &mut Finding, mut other: Finding, seen: &mut BTreeSet<String>) {
    if plainer(&other, known) {
        std::mem::swap(known, &mut other);
        // Seldom: each time it becomes plainer, and there are few steps.
        *seen = known.operations.iter().cloned().collect();
    }
    for operation in std::mem::take(&mut other.operations) {
        if seen.insert(operation.clone()) {
            known.operations.push(operation);
        }
    }
    let shown = std::mem::take(&mut other.shown);
    // "N of M" counts one sort of cases only, and none of which nobody knows of how many it is.
    let general = known.symptom == IN_GENERAL && known.shown.inputs != shown.inputs;
    match (known.shown.of, shown.of) {
        _ if general => {}
        (0, 1..) => known.shown = shown,
        (1.., 0) => {}
        _ => {
            add_up(&mut known.shown.cases, shown.cases);
            add_up(&mut known.shown.of, shown.of);
        }
    }
    let members = std::mem::take(&mut other.members);
    add_member(known, member(other));
    for member in members {
        add_member(known, member);
    }
}

/// Adds a case to those that show a cause, unless it stands there.
pub(super) fn add_member(finding: &mut Finding, member: Member) {
    // First: a report may hold any number of them, which are not to be looked through.
    if finding.members.len() >= MEMBERS_LISTED {
        return;
    }
    let listed =
        finding.case == member.case || finding.members.iter().any(|m| m.case == member.case);
    if !listed {
        finding.members.push(member);
    }
}

fn member(finding: Finding) -> Member {
    Member {
        fingerprint: finding.instance,
        promise: finding.promise,
        case: finding.case,
        title: finding.example,
        observed: finding.observed,
        reproducer: finding.reproducer,
    }
}

/// Whether `one` shows a cause more plainly than `other`: always rather than sometimes, surely rather
/// than arguably, replayable,
/// an ordinary request rather than bytes that only a file can hold, a short one.
fn plainer(one: &Finding, other: &Finding) -> bool {
    let rank = |f: &Finding| {
        let recipe = f.reproducer.recipe.as_ref();
        let raw = recipe.is_some_and(|r| matches!(r.request, crate::exchange::Request::Raw(_)));
        let before = recipe.is_some_and(|r| !r.before.is_empty());
        let plain = recipe.is_some_and(|r| r.input_class.is_plain());
        (
            f.kind == Kind::Flaky,
            f.kind == Kind::RejectsValid && !plain,
            f.arguable.is_some(),
            recipe.is_none(),
            f.symptom == IN_GENERAL && f.shown.inputs != Inputs::Valid,
            f.symptom == IN_GENERAL && !plain,
            before,
            raw,
            f.reproducer.request_file.is_some(),
        )
    };
    rank(one) < rank(other)
}

/// Writes the title anew, from what is counted.
pub(super) fn retitle(finding: &mut Finding) {
    if finding.example.is_empty() {
        // Read from a report that says too little: its own title is all there is.
        return;
    }
    let operation = operation_of(finding).unwrap_or_default();
    let part = finding.promise.strip_prefix(operation).unwrap_or_default();
    finding.title = title(&Told {
        kind: finding.kind,
        shows: finding.shows.unwrap_or(finding.kind),
        part: part.strip_prefix('.').unwrap_or(&finding.promise),
        symptom: &finding.symptom,
        example: &finding.example,
        cases: finding.shown.cases,
        of: finding.shown.of,
        inputs: finding.shown.inputs,
        operations: finding.operations.len(),
    });
}

/// Findings to compare others with.
#[derive(Debug, Default)]
pub struct Known<'a> {
    /// Fingerprint of a cause → its operations.
    causes: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// Fingerprints of cases.
    instances: BTreeSet<&'a str>,
    /// Those of reports of version 1, where each stood for itself.
    former: BTreeSet<&'a str>,
}

impl<'a> Known<'a> {
    /// Of these.
    pub fn of(findings: impl IntoIterator<Item = &'a Finding>) -> Known<'a> {
        let mut known = Known::default();
        for finding in findings {
            if finding.is_of_version_1() {
                known.former.insert(&finding.fingerprint);
            } else {
                let operations = finding.operations.iter().map(String::as_str);
                let causes = known.causes.entry(&finding.fingerprint).or_default();
                causes.extend(operations);
            }
            known.instances.extend(finding.instances());
        }
        known
    }

    /// Whether `finding` is among them, in some operation at least.
    pub fn shows(&self, finding: &Finding) -> bool {
        self.causes.contains_key(finding.fingerprint.as_str()) || self.former(finding)
    }

    /// Whether `finding` is among them in every one of its operations: the same fault in a further
    /// operation is new.
    pub fn covers(&self, finding: &Finding) -> bool {
        let there = self.causes.get(finding.fingerprint.as_str());
        let covered = |known: &BTreeSet<&str>| {
            finding
                .operations
                .iter()
                .all(|operation| known.contains(operation.as_str()))
        };
        there.is_some_and(covered) || self.former(finding)
    }

    fn former(&self, finding: &Finding) -> bool {
        match finding.is_of_version_1() {
            true => {
                let print = finding.fingerprint.as_str();
                self.former.contains(print) || self.instances.contains(print)
            }
            false => finding.instances().any(|p| self.former.contains(p)),
        }
    }
}

/// Adds a number of a report, which may be any.
pub(super) fn add_up(sum: &mut u64, more: u64) {
    *sum = sum.saturating_add(more);
}
