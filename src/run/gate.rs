//! Release gating: the reports of a firmware candidate against what is known. Pure.

use super::exit::Verdict;
use super::known::{Entry, KnownIssue};
use super::result::{Exit, Finding, Report, Severity, Status};
use crate::judge::Kind;
use jiff::civil::Date;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What a gate says of a candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gate {
    /// How the process ends.
    pub exit: Exit,
    /// Findings that nothing excuses, most severe first.
    pub new: Vec<Item>,
    /// Findings that the baseline has or a known-issue file lists.
    pub known: Vec<Item>,
    /// Entries of the known-issue file whose promise all reports show kept.
    pub stale: Vec<Item>,
    /// Entries that no report tells of: their promise was not tested, or is broken otherwise.
    pub untold: Vec<Item>,
}

/// A finding, or an entry without one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Of the finding.
    pub fingerprint: String,
    /// The promise.
    pub promise: String,
    /// How bad it is, where a report has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Whether the answers differ from one try to the next.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub flaky: bool,
    /// What the device does, in a line.
    pub title: String,
    /// The reports that have it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reports: Vec<String>,
    /// Whether the baseline has it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub baseline: bool,
    /// The entry of the known-issue file, in force or run out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issue: Option<KnownIssue>,
    /// The line of the entry, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

/// Why reports cannot pass a gate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// A report is of a share of a plan.
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

/// Lets reports, each with its name, pass or not. `today` decides which entries have run out.
///
/// A finding is known where the baseline has its fingerprint, or an entry that has not run out. An
/// entry is stale where no report has the finding, a report kept its promise and none broke it.
///
/// # Errors
/// A report is of a shard only.
pub fn gate(
    reports: &[(String, Report)],
    baseline: &[Finding],
    entries: &[Entry],
    today: Date,
) -> Result<(Gate, Verdict), GateError> {
    for (name, report) in reports {
        if let Some(shard) = &report.shard {
            return Err(GateError::Shard {
                name: name.clone(),
                index: shard.index,
                of: shard.of,
            });
        }
    }
    let then: BTreeSet<&str> = baseline.iter().map(|f| f.fingerprint.as_str()).collect();
    let by_print: BTreeMap<&str, &Entry> = entries
        .iter()
        .map(|e| (e.issue.fingerprint.as_str(), e))
        .collect();
    let in_force = |issue: &KnownIssue| issue.until.is_none_or(|until| today <= until);

    let mut items: Vec<Item> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, report) in reports {
        for finding in &report.findings {
            let place = places.get(finding.fingerprint.as_str());
            if let Some(item) = place.and_then(|at| items.get_mut(*at)) {
                // Twice in one report is once.
                if item.reports.last() != Some(name) {
                    item.reports.push(name.clone());
                }
                // Where one device does it always, it is more than flaky.
                item.flaky &= finding.kind == Kind::Flaky;
                item.severity = item.severity.min(Some(finding.severity));
                continue;
            }
            places.insert(&finding.fingerprint, items.len());
            let entry = by_print.get(finding.fingerprint.as_str());
            items.push(Item {
                fingerprint: finding.fingerprint.clone(),
                promise: finding.promise.clone(),
                severity: Some(finding.severity),
                flaky: finding.kind == Kind::Flaky,
                title: finding.title.clone(),
                reports: vec![name.clone()],
                baseline: then.contains(finding.fingerprint.as_str()),
                issue: entry.map(|e| e.issue.clone()),
                line: entry.map(|e| e.line),
            });
        }
    }
    items.sort_by_key(|i| i.severity);
    let absent = entries
        .iter()
        .filter(|e| !places.contains_key(e.issue.fingerprint.as_str()));
    let (stale, untold): (Vec<&Entry>, Vec<&Entry>) =
        absent.partition(|e| kept(reports, &e.issue.promise));
    let item = |entry: &Entry| Item {
        fingerprint: entry.issue.fingerprint.clone(),
        promise: entry.issue.promise.clone(),
        severity: None,
        flaky: false,
        title: entry.issue.title.clone().unwrap_or_default(),
        reports: Vec::new(),
        baseline: then.contains(entry.issue.fingerprint.as_str()),
        issue: Some(entry.issue.clone()),
        line: Some(entry.line),
    };
    let stale: Vec<Item> = stale.into_iter().map(item).collect();
    let untold: Vec<Item> = untold.into_iter().map(item).collect();
    let (known, new): (Vec<Item>, Vec<Item>) = items
        .into_iter()
        .partition(|item| item.baseline || item.issue.as_ref().is_some_and(in_force));
    let (exit, verdict) = exit(reports, &new, &known, &stale);
    let gate = Gate {
        exit,
        new,
        known,
        stale,
        untold,
    };
    Ok((gate, verdict))
}

/// Whether the reports that judged to their end say so, and one does.
fn kept(reports: &[(String, Report)], promise: &str) -> bool {
    let mut kept = false;
    for (_, report) in reports {
        match report.promise(promise).map(|p| p.status) {
            Some(Status::Broken) => return false,
            Some(Status::Kept) => kept |= judged(report),
            _ => {}
        }
    }
    kept
}

fn judged(report: &Report) -> bool {
    report.exit.code != Verdict::NotJudged.code()
}

fn exit(
    reports: &[(String, Report)],
    new: &[Item],
    known: &[Item],
    stale: &[Item],
) -> (Exit, Verdict) {
    let flaky = new.iter().filter(|i| i.flaky).count();
    let broken = new.len() - flaky;
    let unrestored = reports.iter().find(|(_, r)| {
        r.exit.code == Verdict::NotRestored.code() || r.device.restored == Some(false)
    });
    let unjudged = reports.iter().find(|(_, r)| !judged(r));
    let mut verdicts = Vec::new();
    for (applies, verdict) in [
        (unrestored.is_some(), Verdict::NotRestored),
        (unjudged.is_some() || reports.is_empty(), Verdict::NotJudged),
        (broken > 0, Verdict::Findings),
        (!stale.is_empty(), Verdict::StaleKnownIssues),
        (flaky > 0, Verdict::Flaky),
    ] {
        if applies {
            verdicts.push(verdict);
        }
    }
    let verdict = Verdict::worst(&verdicts);
    let counted = match (broken, flaky, known.len()) {
        (0, 0, 0) => "no findings".to_owned(),
        (0, 0, known) => format!("no new findings, {known} known"),
        (broken, 0, known) => format!("{broken} new, {known} known"),
        (broken, flaky, known) => format!("{broken} new, {flaky} flaky, {known} known"),
    };
    let of = |report: Option<&(String, Report)>| match report {
        Some((name, report)) => format!("{name}: {}", report.exit.reason),
        None => "no report".to_owned(),
    };
    let reason = match verdict {
        Verdict::NotRestored => format!("{}; {counted}", of(unrestored)),
        Verdict::NotJudged => format!("{}; {counted}", of(unjudged)),
        Verdict::StaleKnownIssues => match stale.len() {
            1 => format!("1 known issue is no more: remove its entry; {counted}"),
            n => format!("{n} known issues are no more: remove their entries; {counted}"),
        },
        _ => counted,
    };
    let exit = Exit {
        code: verdict.code(),
        reason,
    };
    (exit, verdict)
}
