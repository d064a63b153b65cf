//! Two reports of one contract, firmware against firmware: what is new, what is gone, what changed
//! between them. Pure.

use super::compare::{Compared, compare};
use super::exit::Verdict;
use super::result::{
    Exit, Finding, OperationState, PromiseResult, Report, Severity, Shard, Status,
};
use crate::contract::PromiseId;
use crate::judge::Kind;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The `schema` member of a diff.
pub const SCHEMA_ID: &str = "probity-diff/1";

/// What differs between two reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// [`SCHEMA_ID`].
    pub schema: &'static str,
    /// How the process ends.
    pub exit: Exit,
    /// What was compared with.
    pub old: Side,
    /// What was compared.
    pub new: Side,
    /// Findings by what became of them.
    pub findings: Findings,
    /// Promises whose status changed, broken ones first.
    pub promises: Vec<Change<Status>>,
    /// Operations whose state changed.
    pub operations: Vec<Change<OperationState>>,
    /// What the reader should know of the comparison itself.
    pub notes: Vec<String>,
}

/// One of the two reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The file.
    pub report: String,
    /// What it was judged against.
    pub contract: String,
    /// Base URL of the device.
    pub target: String,
    /// Model, where the device told.
    pub model: Option<String>,
    /// Firmware version, where the device told.
    pub firmware: Option<String>,
    /// When the run began.
    pub started_at: String,
    /// How its run ended.
    pub exit: Exit,
}

/// Findings of both reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// In the new report only.
    pub new: Vec<Item>,
    /// In the old report only, and the new one shows the promise kept.
    pub gone: Vec<Item>,
    /// In the old report only, and the new one does not tell.
    pub untold: Vec<Item>,
    /// In both.
    pub still: Vec<Item>,
}

/// One finding, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Its fingerprint.
    pub fingerprint: String,
    /// Its promise.
    pub promise: PromiseId,
    /// Its kind.
    pub kind: Kind,
    /// How bad it is.
    pub severity: Severity,
    /// One line.
    pub title: String,
}

/// Something that both reports may have, and what each says of it; `None`: it does not have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change<T> {
    /// Its id.
    pub id: String,
    /// In the old report.
    pub old: Option<T>,
    /// In the new one.
    pub new: Option<T>,
    /// Why, in the words of the new report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Why two reports cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiffError {
    /// They were judged against different documents.
    #[error(
        "the reports are of different contracts: {old} ({old_hash}…) and {new} ({new_hash}…); \
         --across-contracts compares them all the same"
    )]
    Contracts {
        /// The old report's.
        old: String,
        /// The beginning of its hash.
        old_hash: String,
        /// The new report's.
        new: String,
        /// The beginning of its hash.
        new_hash: String,
    },
    /// One is of a share of a plan.
    #[error(
        "{name}: it is shard {index}/{of} of a plan: put the shards together with `probity merge` first"
    )]
    Shard {
        /// The report.
        name: String,
        /// Which share.
        index: u64,
        /// Of how many.
        of: u64,
    },
}

/// Compares two reports, each with its name. `across`: also where their contracts differ.
///
/// # Errors
/// See [`DiffError`].
pub fn diff(
    old: &(String, Report),
    new: &(String, Report),
    across: bool,
) -> Result<(Diff, Verdict), DiffError> {
    for (name, report) in [old, new] {
        if let Some(Shard { index, of, .. }) = report.shard {
            let name = name.clone();
            return Err(DiffError::Shard { name, index, of });
        }
    }
    let (then, now) = (&old.1, &new.1);
    let mut notes = Vec::new();
    if then.contract.sha256 != now.contract.sha256 {
        if !across {
            return Err(DiffError::Contracts {
                old: then.contract.id.clone(),
                old_hash: start(&then.contract.sha256),
                new: now.contract.id.clone(),
                new_hash: start(&now.contract.sha256),
            });
        }
        notes.push(format!(
            "the contracts differ ({}… and {}…): a promise of one name may say something else",
            start(&then.contract.sha256),
            start(&now.contract.sha256)
        ));
    }
    for (name, report) in [old, new] {
        if report.operations.is_empty() {
            notes.push(format!(
                "{name} does not say how far operations were judged"
            ));
        }
    }
    let findings = findings(then, now);
    let (exit, verdict) = exit(now, &findings);
    let diff = Diff {
        schema: SCHEMA_ID,
        exit,
        old: side(old),
        new: side(new),
        findings,
        promises: promises(then, now),
        operations: operations(then, now),
        notes,
    };
    Ok((diff, verdict))
}

/// The beginning of a hash.
fn start(hash: &str) -> String {
    hash.chars().take(12).collect()
}

fn side((name, report): &(String, Report)) -> Side {
    Side {
        report: name.clone(),
        contract: report.contract.id.clone(),
        target: report.target.clone(),
        model: report.device.model.clone(),
        firmware: report.device.firmware.clone(),
        started_at: report.started_at.clone(),
        exit: report.exit.clone(),
    }
}

fn findings(then: &Report, now: &Report) -> Findings {
    let Compared {
        new,
        known,
        gone,
        untold,
    } = compare(now, &then.findings, &BTreeSet::new());
    Findings {
        new: items(&now.findings, &new),
        still: items(&now.findings, &known),
        gone: items(&then.findings, &gone),
        untold: items(&then.findings, &untold),
    }
}

/// The findings of these fingerprints, the worst first, each once.
fn items(findings: &[Finding], prints: &[String]) -> Vec<Item> {
    let mut left: BTreeSet<&str> = prints.iter().map(String::as_str).collect();
    let chosen = findings
        .iter()
        .filter(|f| left.remove(f.fingerprint.as_str()));
    let mut items: Vec<Item> = chosen
        .map(|f| Item {
            fingerprint: f.fingerprint.clone(),
            promise: f.promise.clone(),
            kind: f.kind,
            severity: f.severity,
            title: f.title.clone(),
        })
        .collect();
    items.sort_by_key(|item| item.severity);
    items
}

fn promises(then: &Report, now: &Report) -> Vec<Change<Status>> {
    let of = |report: &'_ Report| -> BTreeMap<String, Status> {
        let entry = |p: &PromiseResult| (p.id.to_string(), p.status);
        report.promises.iter().map(entry).collect()
    };
    let mut changes = changes(&of(then), &of(now), |_| None);
    let rank = |c: &Change<Status>| match (c.new, c.old) {
        (Some(Status::Broken), _) => 0,
        (_, Some(Status::Broken)) => 1,
        (None, _) | (_, None) => 3,
        _ => 2,
    };
    changes.sort_by_key(rank);
    changes
}

fn operations(then: &Report, now: &Report) -> Vec<Change<OperationState>> {
    // A report of version 1 says nothing of them: that is no change.
    if then.operations.is_empty() || now.operations.is_empty() {
        return Vec::new();
    }
    let of = |report: &Report| -> BTreeMap<String, OperationState> {
        let entries = report.operations.iter();
        entries.map(|o| (o.id.clone(), o.state)).collect()
    };
    let reasons: BTreeMap<&str, &String> = now
        .operations
        .iter()
        .filter_map(|o| Some((o.id.as_str(), o.reason.as_ref()?)))
        .collect();
    changes(&of(then), &of(now), |id| {
        reasons.get(id).map(|reason| (*reason).clone())
    })
}

/// What the two say differently, in the order of ids.
fn changes<T: Copy + Eq>(
    then: &BTreeMap<String, T>,
    now: &BTreeMap<String, T>,
    reason: impl Fn(&str) -> Option<String>,
) -> Vec<Change<T>> {
    let ids: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let change = |id: &String| Change {
        id: id.clone(),
        old: then.get(id).copied(),
        new: now.get(id).copied(),
        reason: reason(id),
    };
    ids.into_iter()
        .map(change)
        .filter(|change| change.old != change.new)
        .collect()
}

fn exit(now: &Report, findings: &Findings) -> (Exit, Verdict) {
    let flaky = |item: &&Item| item.kind == Kind::Flaky;
    let flaky = findings.new.iter().filter(flaky).count();
    let broken = findings.new.len() - flaky;
    let mut verdicts = Vec::new();
    // Nothing new in a report that could not judge is no news.
    let unjudged = now.exit.code == Verdict::NotJudged.code();
    for (applies, verdict) in [
        (unjudged, Verdict::NotJudged),
        (broken > 0, Verdict::Findings),
        (flaky > 0, Verdict::Flaky),
    ] {
        if applies {
            verdicts.push(verdict);
        }
    }
    let verdict = Verdict::worst(&verdicts);
    let mut reason = format!(
        "{} new, {} gone, {} still there",
        findings.new.len(),
        findings.gone.len(),
        findings.still.len()
    );
    if !findings.untold.is_empty() {
        reason.push_str(&format!(", {} not told", findings.untold.len()));
    }
    if unjudged {
        reason = format!("the new report: {}; {reason}", now.exit.reason);
    }
    let code = verdict.code();
    (Exit { code, reason }, verdict)
}
