//! A report against the findings of an earlier one: new, known, gone; and the exit code that follows
//! from everything that a job found. Pure.

use super::causes::Known;
use super::exit::Verdict;
use super::result::{Finding, Report, Status};
use crate::judge::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What became of the findings of a baseline; fingerprints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Compared {
    /// Found now and not in the baseline.
    pub new: Vec<String>,
    /// In both.
    pub known: Vec<String>,
    /// In the baseline, and shown to be no more.
    pub gone: Vec<String>,
    /// In the baseline, and nothing here tells whether they still are.
    pub untold: Vec<String>,
}

impl Compared {
    /// One line.
    pub fn line(&self) -> String {
        let mut line = format!(
            "{} new, {} known, {} gone",
            self.new.len(),
            self.known.len(),
            self.gone.len()
        );
        if !self.untold.is_empty() {
            line.push_str(&format!(", {} not told", self.untold.len()));
        }
        line
    }
}

/// Compares a report with the findings of a baseline. One that is not found any more is gone where
/// its promise was kept in this job; `gone` says so of more (those that were replayed and kept).
pub fn compare(report: &Report, baseline: &[Finding], gone: &BTreeSet<String>) -> Compared {
    let (then, now) = (Known::of(baseline), Known::of(&report.findings));
    let kept: BTreeSet<&str> = report
        .promises
        .iter()
        .filter(|p| p.status == Status::Kept)
        .map(|p| p.id.as_str())
        .collect();
    let mut compared = Compared::default();
    for finding in &report.findings {
        let list = match then.covers(finding) {
            true => &mut compared.known,
            false => &mut compared.new,
        };
        list.push(finding.fingerprint.clone());
    }
    for finding in baseline {
        if now.shows(finding) {
            continue;
        }
        let list = match gone.contains(&finding.fingerprint)
            || finding.promises().all(|promise| kept.contains(promise))
        {
            true => &mut compared.gone,
            false => &mut compared.untold,
        };
        list.push(finding.fingerprint.clone());
    }
    compared
}

/// Sets exit code and reason of a report from what stands in it. `broken_off`: why the job could not
/// judge to its end. Findings that the baseline knows do not count.
pub fn decide(report: &mut Report, broken_off: Option<&str>) -> Verdict {
    let known: BTreeSet<&String> = report.baseline.iter().flat_map(|c| &c.known).collect();
    let new: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|f| !known.contains(&f.fingerprint))
        .collect();
    let flaky = new.iter().filter(|f| f.kind == Kind::Flaky).count();
    let broken = new.len() - flaky;
    let mut verdicts = Vec::new();
    // What the device rounds is put back as well as can be; where a finding tells it, that is the verdict.
    let told = report.findings.iter().any(|f| f.kind != Kind::Flaky);
    if report.device.restored == Some(false) || report.device.rounded && !told {
        verdicts.push(Verdict::NotRestored);
    }
    if broken_off.is_some() {
        verdicts.push(Verdict::NotJudged);
    }
    if broken > 0 {
        verdicts.push(Verdict::Findings);
    }
    if flaky > 0 {
        verdicts.push(Verdict::Flaky);
    }
    let verdict = Verdict::worst(&verdicts);
    let counted = match (broken, known.len()) {
        (0, 0) => "no findings".to_owned(),
        (0, n) => format!("no new findings, {n} known"),
        (1, 0) => "1 finding".to_owned(),
        (n, 0) => format!("{n} findings"),
        (n, k) => format!("{n} new findings, {k} known"),
    };
    report.exit.code = verdict.code();
    report.exit.reason = match verdict {
        Verdict::NotRestored => {
            format!("what the run changed or created could not all be undone; {counted}")
        }
        Verdict::NotJudged => format!("{}; {counted}", broken_off.unwrap_or_default()),
        Verdict::Findings => counted,
        Verdict::Flaky => format!("{flaky} flaky results, nothing else"),
        _ if known.is_empty() => "every promise that was judged was kept".to_owned(),
        _ => counted,
    };
    verdict
}
