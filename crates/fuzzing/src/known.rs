//! Known-issue files: any text is one or has a place where it is not; what can be read is written
//! back the same; a gate excuses what is listed and nothing else.

use super::{pieces, report};
use arbitrary::{Result, Unstructured};
use jiff::civil::{Date, date};
use probity::report::{gate as shown, json};
use probity::run::Verdict;
use probity::run::gate::{Demands, gate};
use probity::run::known::{Entry, KnownIssue, parse, render};
use std::collections::BTreeSet;

/// The day on which the gate is asked.
const TODAY: Date = date(2026, 11, 26);

/// The first byte: the rest makes entries, or is a file.
pub fn body(data: &[u8]) {
    match data.split_first() {
        Some((b'e', rest)) => {
            let _ = made(&mut Unstructured::new(rest));
        }
        Some((_, rest)) => {
            if let Ok(text) = std::str::from_utf8(rest) {
                read(text);
            }
        }
        None => {}
    }
}

fn read(text: &str) {
    let lines = text.split('\n').count();
    match parse(text) {
        Ok(entries) => {
            for entry in &entries {
                assert!((1..=lines).contains(&entry.line), "{entry:?}");
                owned(&entry.issue);
            }
            written(&entries);
            gated(&entries);
        }
        Err(error) => {
            assert!((1..=lines).contains(&error.line), "{error}");
            assert!(!error.reason.is_empty());
        }
    }
}

/// What every entry has.
fn owned(issue: &KnownIssue) {
    let print = &issue.fingerprint;
    assert!(print.len() == 16 && print.bytes().all(|b| b"0123456789abcdef".contains(&b)));
    for text in [issue.promise.as_str(), &issue.reason, &issue.owner] {
        assert!(text.chars().any(|c| !c.is_whitespace()), "{issue:?}");
    }
    assert!(issue.until.is_none_or(|until| until >= issue.since));
}

fn written(entries: &[Entry]) {
    let file = render(entries.iter().map(|e| &e.issue));
    let file = file.unwrap_or_else(|e| panic!("not written: {e}"));
    let again = parse(&file).unwrap_or_else(|e| panic!("not read again: {e}\n{file}"));
    let issues = |all: &[Entry]| all.iter().map(|e| e.issue.clone()).collect::<Vec<_>>();
    assert_eq!(issues(&again), issues(entries));
    let twice = render(again.iter().map(|e| &e.issue));
    assert_eq!(twice.unwrap_or_default(), file);
    for entry in &again {
        let line = file.lines().nth(entry.line - 1);
        assert_eq!(line, Some("[[issue]]"), "{file}");
    }
}

/// The sample report against the entries, judged by hand.
fn gated(entries: &[Entry]) {
    let report = json::read(report::SAMPLE.as_bytes())
        .unwrap_or_else(|e| panic!("the report to be gated: {e}"));
    let found: BTreeSet<&str> = report.findings.iter().map(|f| &*f.fingerprint).collect();
    let reports = [("sample".to_owned(), report.clone())];
    let (gate, verdict) = gate(&reports, &[], entries, TODAY, Demands::default())
        .unwrap_or_else(|e| panic!("the report to be gated: {e}"));
    let prints = |items: &[probity::run::gate::Item]| -> BTreeSet<String> {
        items.iter().map(|i| i.fingerprint.clone()).collect()
    };
    let listed = |print: &str| entries.iter().find(|e| e.issue.fingerprint == print);
    let excused = |print: &str| {
        listed(print).is_some_and(|e| e.issue.until.is_none_or(|until| until >= TODAY))
    };
    for print in &found {
        assert_eq!(prints(&gate.known).contains(*print), excused(print));
        assert_eq!(prints(&gate.new).contains(*print), !excused(print));
    }
    assert_eq!(gate.known.len() + gate.new.len(), found.len());
    let absent = entries.iter().map(|e| e.issue.fingerprint.clone());
    let absent: BTreeSet<String> = absent.filter(|p| !found.contains(p.as_str())).collect();
    let told = prints(&gate.stale);
    assert!(told.is_disjoint(&prints(&gate.untold)));
    assert_eq!(&told | &prints(&gate.untold), absent);
    assert_eq!(verdict.code(), gate.exit.code);
    if verdict == Verdict::Kept {
        assert!(gate.new.is_empty() && gate.stale.is_empty());
    }
    let page = shown::text(&gate, Some("known-issues.toml"));
    // What came from a file does not reach the terminal as control sequences.
    assert!(
        !page.contains(|c: char| c.is_control() && c != '\n'),
        "{page:?}"
    );
    shown::json(&gate).unwrap_or_else(|e| panic!("not written as JSON: {e}"));
}

/// Entries of any strings and days are written and read back, unless they lack what one must have.
fn made(u: &mut Unstructured<'_>) -> Result<()> {
    let mut entries = Vec::new();
    for at in 0..u.int_in_range(1..=4)? {
        let day = |u: &mut Unstructured<'_>| -> Result<Date> {
            let (month, day) = (u.int_in_range(1..=12)?, u.int_in_range(1..=28)?);
            Ok(date(u.int_in_range(0..=9999)?, month, day))
        };
        let text = |u: &mut Unstructured<'_>| pieces::raw(u, 40);
        let since = day(u)?;
        let issue = KnownIssue {
            fingerprint: format!("{:015x}{at:x}", u.arbitrary::<u64>()? >> 4),
            promise: text(u)?.into(),
            operations: u
                .arbitrary::<bool>()?
                .then(|| Ok(vec![text(u)?]))
                .transpose()?,
            title: u.arbitrary::<bool>()?.then(|| text(u)).transpose()?,
            reason: text(u)?,
            owner: text(u)?,
            since,
            until: u.arbitrary::<bool>()?.then(|| day(u)).transpose()?,
            ticket: u.arbitrary::<bool>()?.then(|| text(u)).transpose()?,
        };
        entries.push(Entry { line: 0, issue });
    }
    let lacks = |issue: &KnownIssue| {
        let blank = |t: &str| t.chars().all(char::is_whitespace);
        [issue.promise.as_str(), &issue.reason, &issue.owner]
            .into_iter()
            .any(blank)
            || issue.until.is_some_and(|until| until < issue.since)
    };
    if entries.iter().any(|e| lacks(&e.issue)) {
        let file = render(entries.iter().map(|e| &e.issue));
        let file = file.unwrap_or_else(|e| panic!("not written: {e}"));
        assert!(parse(&file).is_err(), "read though something lacks: {file}");
        read(&file);
    } else {
        written(&entries);
    }
    Ok(())
}
