//! Release gating: the reports of a firmware candidate against what is known. Pure.

use super::causes::Known;
use super::exit::Verdict;
use super::known::{Entry, KnownIssue};
use super::operations::{FloorWanted, short_of};
use super::result::{Exit, Finding, Report, Severity, Status};
use crate::contract::PromiseId;
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
    pub promise: PromiseId,
    /// How bad it is, where a report has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Whether the answers differ from one try to the next.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub flaky: bool,
    /// What the device does, in a line.
    pub title: String,
    /// Operations that show it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<String>,
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

impl Item {
    /// What the first report has of a cause.
    fn new(name: &str, finding: &Finding, baseline: bool, entry: Option<&Entry>) -> Item {
        Item {
            fingerprint: finding.fingerprint.clone(),
            promise: finding.promise.clone(),
            severity: Some(finding.severity),
            flaky: finding.kind == Kind::Flaky,
            title: finding.title.clone(),
            operations: finding.operations.clone(),
            reports: vec![name.to_owned()],
            baseline,
            issue: entry.map(|e| e.issue.clone()),
            line: entry.map(|e| e.line),
        }
    }

    /// An entry without a finding; `former`: what the baseline has.
    fn absent(entry: &Entry, former: &BTreeSet<&str>) -> Item {
        Item {
            fingerprint: entry.issue.fingerprint.clone(),
            promise: entry.issue.promise.clone(),
            severity: None,
            flaky: false,
            title: entry.issue.title.clone().unwrap_or_default(),
            operations: entry.issue.operations.clone().unwrap_or_default(),
            reports: Vec::new(),
            baseline: former.contains(entry.issue.fingerprint.as_str()),
            issue: Some(entry.issue.clone()),
            line: Some(entry.line),
        }
    }

    /// Adds what a further report has of the same cause; `seen` are its operations so far, so that
    /// a cause in very many of them does not have them all looked through for each.
    fn add<'f>(
        &mut self,
        name: &str,
        finding: &'f Finding,
        baseline: bool,
        seen: &mut BTreeSet<&'f str>,
    ) {
        // Twice in one report is once.
        if self.reports.last().is_none_or(|last| last != name) {
            self.reports.push(name.to_owned());
        }
        // Where one device does it always, it is more than flaky.
        self.flaky &= finding.kind == Kind::Flaky;
        self.severity = self.severity.min(Some(finding.severity));
        self.baseline &= baseline;
        for operation in &finding.operations {
            if seen.insert(operation) {
                self.operations.push(operation.clone());
            }
        }
    }

    /// Whether an entry excuses it in every operation that shows it.
    fn within(&self, issue: &KnownIssue) -> bool {
        let Some(known) = &issue.operations else {
            return true;
        };
        let known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
        self.operations.iter().all(|o| known.contains(o.as_str()))
    }
}

/// Lets reports, each with its name, pass or not. `today` decides which entries have run out,
/// `floor` how many operations each has to have judged; `None`: as many as its own run asked for.
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
    floor: Option<FloorWanted>,
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
    let in_force = |issue: &KnownIssue| issue.until.is_none_or(|until| today <= until);
    let (mut items, met) = gather(reports, baseline, entries);
    items.sort_by_key(|i| i.severity);
    let kept = kept(reports);
    let absent = entries
        .iter()
        .filter(|e| !met.contains(e.issue.fingerprint.as_str()));
    let (stale, untold): (Vec<&Entry>, Vec<&Entry>) =
        absent.partition(|e| kept.contains(e.issue.promise.as_str()));
    let former: BTreeSet<&str> = baseline.iter().map(|f| f.fingerprint.as_str()).collect();
    let item = |entry: &Entry| Item::absent(entry, &former);
    let stale: Vec<Item> = stale.into_iter().map(item).collect();
    let untold: Vec<Item> = untold.into_iter().map(item).collect();
    let (known, new): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| {
        let listed = |issue: &KnownIssue| in_force(issue) && item.within(issue);
        item.baseline || item.issue.as_ref().is_some_and(listed)
    });
    let (exit, verdict) = exit(reports, floor, &new, &known, &stale);
    let gate = Gate {
        exit,
        new,
        known,
        stale,
        untold,
    };
    Ok((gate, verdict))
}

/// The causes of all reports, each once, in the order in which they come; and the fingerprints of the
/// entries that they met.
fn gather<'a>(
    reports: &'a [(String, Report)],
    baseline: &[Finding],
    entries: &'a [Entry],
) -> (Vec<Item>, BTreeSet<&'a str>) {
    let then = Known::of(baseline);
    let by_print: BTreeMap<&str, &Entry> = entries
        .iter()
        .map(|e| (e.issue.fingerprint.as_str(), e))
        .collect();
    let entry_of = |finding: &Finding| {
        let print = std::iter::once(finding.fingerprint.as_str());
        let mut prints = print.chain(finding.instances());
        prints.find_map(|print| by_print.get(print)).copied()
    };
    let mut items: Vec<(Item, BTreeSet<&str>)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut met: BTreeSet<&str> = BTreeSet::new();
    for (name, report) in reports {
        for finding in &report.findings {
            let entry = entry_of(finding);
            met.extend(entry.map(|e| e.issue.fingerprint.as_str()));
            let baseline = then.covers(finding);
            let place = places.get(finding.fingerprint.as_str());
            if let Some((item, seen)) = place.and_then(|at| items.get_mut(*at)) {
                item.add(name, finding, baseline, seen);
                continue;
            }
            places.insert(&finding.fingerprint, items.len());
            let seen = finding.operations.iter().map(String::as_str).collect();
            items.push((Item::new(name, finding, baseline, entry), seen));
        }
    }
    (items.into_iter().map(|(item, _)| item).collect(), met)
}

/// Promises that the reports that judged to their end show kept, one at least, and none broken.
fn kept(reports: &[(String, Report)]) -> BTreeSet<&str> {
    let mut kept = BTreeSet::new();
    for (_, report) in reports.iter().filter(|(_, r)| judged(r)) {
        let such = report.promises.iter().filter(|p| p.status == Status::Kept);
        kept.extend(such.map(|p| p.id.as_str()));
    }
    for (_, report) in reports {
        for promise in &report.promises {
            if promise.status == Status::Broken {
                kept.remove(promise.id.as_str());
            }
        }
    }
    kept
}

fn judged(report: &Report) -> bool {
    report.exit.code != Verdict::NotJudged.code()
}

/// Why a report that says that it judged did not; `None`: it did.
fn unfit(report: &Report, floor: Option<FloorWanted>) -> Option<String> {
    if !judged(report) {
        return Some(report.exit.reason.clone());
    }
    if let Some(why) = contradiction(report) {
        return Some(format!("the report contradicts itself: {why}"));
    }
    let decided = |s: Status| matches!(s, Status::Kept | Status::Broken);
    if floor != Some(FloorWanted::NONE)
        && report.findings.is_empty()
        && !report.promises.iter().any(|p| decided(p.status))
    {
        return Some("it decided no promise".to_owned());
    }
    // Reports of version 1 do not say which operations were judged.
    let wanted = floor.or_else(|| report.floor.as_ref().map(FloorWanted::of));
    match report.operations.is_empty() {
        true => None,
        false => short_of(report, wanted.unwrap_or_default()),
    }
}

/// Where promises and findings of a report do not fit together.
fn contradiction(report: &Report) -> Option<String> {
    let statuses: BTreeMap<&str, Status> = report
        .promises
        .iter()
        .map(|p| (p.id.as_str(), p.status))
        .collect();
    let mut broken: BTreeSet<&str> = BTreeSet::new();
    for finding in &report.findings {
        broken.extend(finding.promises());
        let status = statuses.get(finding.promise.as_str());
        if finding.kind != Kind::Flaky && status.is_some_and(|s| *s != Status::Broken) {
            return Some(format!(
                "finding {} says that {} is broken, and the promise is {}",
                finding.fingerprint,
                finding.promise,
                status.map_or("absent", |s| s.word()),
            ));
        }
    }
    let without = report
        .promises
        .iter()
        .find(|p| p.status == Status::Broken && !broken.contains(p.id.as_str()));
    without.map(|p| format!("{} is broken, and no finding says how", p.id))
}

fn exit(
    reports: &[(String, Report)],
    floor: Option<FloorWanted>,
    new: &[Item],
    known: &[Item],
    stale: &[Item],
) -> (Exit, Verdict) {
    let flaky = new.iter().filter(|i| i.flaky).count();
    let broken = new.len() - flaky;
    let unrestored = reports.iter().find(|(_, r)| {
        r.exit.code == Verdict::NotRestored.code() || r.device.restored == Some(false)
    });
    let unjudged = reports
        .iter()
        .find_map(|(name, r)| Some(format!("{name}: {}", unfit(r, floor)?)));
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
        Verdict::NotJudged => {
            let why = unjudged.unwrap_or_else(|| "no report".to_owned());
            format!("{why}; {counted}")
        }
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
