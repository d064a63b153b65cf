//! The shares of one plan, put together as if one process had sent all of it. Pure.

use super::causes::{add_up, group};
use super::compare::decide;
use super::exit::Verdict;
use super::result::{Choice, Divergence, Report, SCHEMA_ID, Shard, Status};
use crate::contract::PromiseId;
use std::collections::{BTreeMap, BTreeSet};

/// Why reports are not the shares of one plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// There is nothing to merge.
    #[error("no report")]
    Nothing,
    /// A report is of a whole plan.
    #[error("{0}: it is no shard: made without --shard")]
    NoShard(String),
    /// A report is of another plan.
    #[error("{name}: a foreign shard: its {what} is {theirs}, that of {first} is {ours}")]
    Foreign {
        /// The report.
        name: String,
        /// The one that it is compared with.
        first: String,
        /// What differs.
        what: &'static str,
        /// Of the report.
        theirs: String,
        /// Of the first.
        ours: String,
    },
    /// Two reports are of the same share.
    #[error("{a} and {b}: both are shard {index}")]
    Twice {
        /// A report.
        a: String,
        /// Another.
        b: String,
        /// The share.
        index: u64,
    },
    /// Shares are missing.
    #[error("shard missing: {}", .0.join(", "))]
    Missing(Vec<String>),
}

impl MergeError {
    /// How the process ends: a missing shard means that not everything was judged.
    pub fn verdict(&self) -> Verdict {
        match self {
            MergeError::Missing(_) => Verdict::NotJudged,
            _ => Verdict::Usage,
        }
    }
}

/// Merges reports, each with the name that errors call it by.
///
/// # Errors
/// They are not all the shares of one plan, each once.
pub fn merge(reports: Vec<(String, Report)>) -> Result<(Report, Verdict), MergeError> {
    let shards = check(&reports)?;
    let mut ordered: Vec<(u64, Report)> = shards
        .into_iter()
        .zip(reports)
        .map(|(shard, (_, report))| (shard.index, report))
        .collect();
    ordered.sort_by_key(|(index, _)| *index);
    let mut reports = ordered.into_iter().map(|(_, report)| report);
    let mut merged = reports.next().ok_or(MergeError::Nothing)?;
    let mut broken_off = reason(&merged);
    let mut seen = Seen::of(&merged);
    for report in reports {
        broken_off = broken_off.or_else(|| reason(&report));
        add(&mut merged, &mut seen, report);
    }
    merged.shard = None;
    merged.schema = SCHEMA_ID.to_owned();
    merged.findings = group(std::mem::take(&mut merged.findings));
    let verdict = decide(&mut merged, broken_off.as_deref());
    Ok((merged, verdict))
}

/// Why a share could not be judged, where it says so.
fn reason(report: &Report) -> Option<String> {
    (report.exit.code == Verdict::NotJudged.code()).then(|| report.exit.reason.clone())
}

fn check(reports: &[(String, Report)]) -> Result<Vec<Shard>, MergeError> {
    let (first, reference) = reports.first().ok_or(MergeError::Nothing)?;
    let mut shards: Vec<Shard> = Vec::new();
    // A share → the first report of it.
    let mut first_of: BTreeMap<u64, &String> = BTreeMap::new();
    for (name, report) in reports {
        let shard = report.shard.clone();
        let shard = shard.ok_or_else(|| MergeError::NoShard(name.clone()))?;
        let ours = reference.shard.as_ref().unwrap_or(&shard);
        let device = |r: &Report| {
            let says = |t: &Option<String>| t.clone().unwrap_or_else(|| "unknown".to_owned());
            format!("{} {}", says(&r.device.model), says(&r.device.firmware))
        };
        let pairs = [
            (
                "contract",
                &report.contract.sha256,
                &reference.contract.sha256,
            ),
            (
                "seed",
                &report.seed.to_string(),
                &reference.seed.to_string(),
            ),
            ("plan", &shard.plan, &ours.plan),
            (
                "number of shards",
                &shard.of.to_string(),
                &ours.of.to_string(),
            ),
            ("device", &device(report), &device(reference)),
        ];
        for (what, theirs, ours) in pairs {
            if theirs != ours {
                return Err(MergeError::Foreign {
                    name: name.clone(),
                    first: first.clone(),
                    what,
                    theirs: theirs.clone(),
                    ours: ours.clone(),
                });
            }
        }
        if let Some(other) = first_of.insert(shard.index, name) {
            return Err(MergeError::Twice {
                a: other.clone(),
                b: name.clone(),
                index: shard.index,
            });
        }
        shards.push(shard);
    }
    let of = shards.first().map_or(0, |s| s.of);
    // More than anybody has, so that a damaged report cannot ask for a list without end.
    let missing: Vec<String> = (1..=of)
        .filter(|i| !first_of.contains_key(i))
        .take(64)
        .map(|i| format!("{i}/{of}"))
        .collect();
    match missing.is_empty() {
        true => Ok(shards),
        false => Err(MergeError::Missing(missing)),
    }
}

/// What a merged report has, to be looked up: shares of a large plan are looked through once.
struct Seen {
    divergences: BTreeMap<PromiseId, usize>,
    choices: BTreeSet<[String; 3]>,
    notes: BTreeSet<String>,
}

impl Seen {
    fn of(report: &Report) -> Seen {
        let divergences = report.divergences.iter().enumerate();
        let mut seen = Seen {
            divergences: BTreeMap::new(),
            choices: report.choices.iter().map(key).collect(),
            notes: report.notes.iter().cloned().collect(),
        };
        for (at, divergence) in divergences {
            let first = seen.divergences.entry(divergence.promise.clone());
            first.or_insert(at);
        }
        seen
    }
}

/// What makes two choices one.
fn key(choice: &Choice) -> [String; 3] {
    [&choice.question, choice.promise.as_str(), &choice.device].map(str::to_owned)
}

fn add(merged: &mut Report, seen: &mut Seen, mut report: Report) {
    merged.duration_ms = merged.duration_ms.max(report.duration_ms);
    merged.started_at =
        std::mem::take(&mut merged.started_at).min(std::mem::take(&mut report.started_at));
    add_up(&mut merged.requests.planned, report.requests.planned);
    add_up(&mut merged.requests.sent, report.requests.sent);
    add_up(&mut merged.requests.answered, report.requests.answered);
    add_up(&mut merged.device.restarts, report.device.restarts);
    merged.device.rounded |= report.device.rounded;
    merged.device.restored = match (merged.device.restored, report.device.restored) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    };
    add_states(merged, &report);
    // Put together by cause once all are there.
    merged.findings.extend(report.findings);
    for divergence in report.divergences {
        let place = seen.divergences.get(&divergence.promise);
        match place.and_then(|at| merged.divergences.get_mut(*at)) {
            Some(known) => refute(known, divergence),
            None => {
                let promise = divergence.promise.clone();
                seen.divergences.insert(promise, merged.divergences.len());
                merged.divergences.push(divergence);
            }
        }
    }
    let choices = report.choices.into_iter();
    let fresh = choices.filter(|choice| seen.choices.insert(key(choice)));
    merged.choices.extend(fresh);
    let notes = report.notes.into_iter();
    let fresh = notes.filter(|note| seen.notes.insert(note.clone()));
    merged.notes.extend(fresh);
    if let Some(campaign) = report.campaign {
        let sum = merged.campaign.get_or_insert_default();
        add_up(&mut sum.inputs, campaign.inputs);
        add_up(&mut sum.requests, campaign.requests);
        sum.classes = sum.classes.max(campaign.classes);
        sum.corpus = sum.corpus.max(campaign.corpus);
        add_up(&mut sum.grown, campaign.grown);
        add_up(&mut sum.shrink_requests, campaign.shrink_requests);
    }
}

/// Adds what a share says of promises and operations.
fn add_states(merged: &mut Report, report: &Report) {
    let theirs: BTreeMap<&str, _> = report.promises.iter().map(|p| (p.id.as_str(), p)).collect();
    for promise in &mut merged.promises {
        if let Some(other) = theirs.get(promise.id.as_str()) {
            add_up(&mut promise.cases, other.cases);
            promise.status = both(promise.status, other.status);
            promise.ideas.join(&other.ideas);
        }
    }
    let theirs: BTreeMap<&str, _> = report
        .operations
        .iter()
        .map(|o| (o.id.as_str(), o))
        .collect();
    for operation in &mut merged.operations {
        if let Some(other) = theirs.get(operation.id.as_str()) {
            add_up(&mut operation.cases, other.cases);
            operation.left_out &= other.left_out;
            if other.state < operation.state {
                operation.state = other.state;
                operation.reason.clone_from(&other.reason);
            }
        }
    }
}

/// A reading that one share refuted is refuted.
fn refute(known: &mut Divergence, divergence: Divergence) {
    let (fits, other) = (&mut known.device.fits, divergence.device);
    let theirs: BTreeSet<&str> = other.fits.iter().map(String::as_str).collect();
    let before = fits.len();
    fits.retain(|id| theirs.contains(id.as_str()));
    add_up(&mut known.device.excluded, (before - fits.len()) as u64);
    add_up(&mut known.device.requests, other.requests);
    add_up(&mut known.device.separating, other.separating);
    known.device.probes.extend(other.probes);
}

/// Broken beats kept, kept beats undecided, undecided beats untested.
fn both(a: Status, b: Status) -> Status {
    let rank = |s: Status| match s {
        Status::Broken => 3,
        Status::Kept => 2,
        Status::Undecided => 1,
        Status::Untested => 0,
    };
    if rank(b) > rank(a) { b } else { a }
}
