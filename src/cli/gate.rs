//! `probity gate`: whether a firmware candidate passes.

use super::common::Error;
use super::out::{print, print_data};
use super::reports;
use crate::files;
use crate::report::gate::{json, text};
use crate::report::visible::line;
use crate::run::gate::gate;
use crate::run::known::{KnownIssue, parse, render};
use crate::run::result::Finding;
use crate::run::{FloorWanted, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A finding is known where the baseline has it, or the known-issue file lists it: a TOML file of

  [[issue]]
  fingerprint = \"3f0c9a1d5e77b210\"
  promise = \"setSipSettings.body.proxy.pattern\"
  reason = \"the SIP stack adds the scheme itself\"
  owner = \"ada@example.com\"
  since = 2026-11-26
  until = 2027-03-01        # optional: new again from the day after (UTC)
  ticket = \"FW-1234\"        # optional

Exit code 0: nothing new; 1: new findings; 4: an entry is stale, its promise is kept again; 5: new
flaky results only; 3 and 6: a report could not judge, or its device was left changed.

Examples:
  probity gate report.json --known-issues known-issues.toml
  probity gate door.json camera.json --baseline released.json
  probity gate report.json --format known-issues >> known-issues.toml   # then give reason and owner")]
pub(super) struct Args {
    /// JSON reports of `probity run`, `probity fuzz` or `probity merge`
    #[arg(required = true, value_name = "REPORT")]
    reports: Vec<PathBuf>,
    /// JSON report of the release: its findings are known
    #[arg(long, value_name = "REPORT")]
    baseline: Option<PathBuf>,
    /// Findings that are known, each with a reason, an owner and a date
    #[arg(long, value_name = "FILE")]
    known_issues: Option<PathBuf>,
    /// Operations that each report has to have judged: a share (`0.8`), `all` or `none`; by default
    /// as many as its run was asked for
    #[arg(long, value_name = "SHARE")]
    floor: Option<FloorWanted>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One JSON object
    Json,
    /// The new findings as entries of a known-issue file, to be completed
    KnownIssues,
}

pub(super) fn run(args: Args) -> Result<Verdict, Error> {
    let candidates = reports::all(&args.reports)?;
    let before = args
        .baseline
        .as_deref()
        .map(reports::baseline)
        .transpose()?;
    let before = before.map(|r| r.findings).unwrap_or_default();
    let list = args.known_issues.as_ref().map(|p| p.display().to_string());
    let entries = match &args.known_issues {
        Some(path) => {
            let named = |e: String| format!("--known-issues {}: {e}", path.display());
            let file = files::read_text(path, files::TEXT, "known-issue file")
                .map_err(|e| named(e.to_string()))?;
            parse(&file).map_err(|e| named(e.to_string()))?
        }
        None => Vec::new(),
    };
    // As in reports: UTC.
    let today = jiff::tz::Offset::UTC
        .to_datetime(jiff::Timestamp::now())
        .date();
    let (gate, verdict) = gate(&candidates, &before, &entries, today, args.floor)?;
    let page = match args.format {
        Format::Text => text(&gate, list.as_deref()),
        Format::Json => json(&gate)?,
        Format::KnownIssues => {
            let listed = entries.iter().map(|e| e.issue.fingerprint.as_str());
            let listed: BTreeSet<&str> = listed.collect();
            let findings = candidates.iter().flat_map(|(_, r)| &r.findings);
            // From the last, so that the first of each stays.
            let findings: BTreeMap<&str, &Finding> = findings
                .rev()
                .map(|f| (f.fingerprint.as_str(), f))
                .collect();
            let drafts: Vec<KnownIssue> = gate
                .new
                .iter()
                // One that has run out stands in the file.
                .filter(|i| !listed.contains(i.fingerprint.as_str()))
                .filter_map(|i| findings.get(i.fingerprint.as_str()))
                .map(|f| fit(KnownIssue::draft(f, today)))
                .collect();
            render(&drafts)?
        }
    };
    match args.format {
        Format::Text => print(&page)?,
        Format::Json | Format::KnownIssues => print_data(&page)?,
    }
    Ok(verdict)
}

/// An entry whose texts, which a device may have chosen, cannot drive a terminal or hide in a file.
fn fit(mut draft: KnownIssue) -> KnownIssue {
    draft.promise = line(&draft.promise).into();
    draft.title = draft.title.map(|title| line(&title));
    let operations = draft.operations.into_iter();
    draft.operations = operations
        .map(|ids| ids.iter().map(|id| line(id)).collect())
        .next();
    draft
}
