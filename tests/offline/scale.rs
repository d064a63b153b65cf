//! What a gate and a merge cost in step with what they are given: eight times as much may take some
//! eight times as long, not sixty-four. A ratio of processor time, so that neither the machine nor what
//! else it does matters.

use crate::report_sample;

use probity::case::CaseId;
use probity::judge::Kind;
use probity::run::gate::{Demands, gate};
use probity::run::known::{Entry, KnownIssue};
use probity::run::merge::merge;
use probity::run::result::{Finding, Report, Shard};
use std::time::{Duration, Instant};

const FEW: usize = 4_000;
const TIMES: usize = 8;
/// Between what is linear and what is quadratic.
const RATIO: f64 = 28.0;

/// What this thread has used of a processor, where the system tells it (Linux), else the time of day.
struct Clock {
    started: Instant,
    used: Option<Duration>,
}

impl Clock {
    fn start() -> Clock {
        Clock {
            started: Instant::now(),
            used: Clock::used(),
        }
    }

    fn used() -> Option<Duration> {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        let nanoseconds = stat.split_whitespace().next()?.parse().ok()?;
        Some(Duration::from_nanos(nanoseconds))
    }

    fn elapsed(&self) -> Duration {
        match (self.used, Clock::used()) {
            (Some(before), Some(now)) if now > before => now - before,
            _ => self.started.elapsed(),
        }
    }
}

/// The least of three, which is what the work takes.
fn least<I>(mut make: impl FnMut() -> I, work: impl Fn(I)) -> Duration {
    let once = |_| {
        let input = make();
        let clock = Clock::start();
        work(input);
        clock.elapsed()
    };
    (0..3).map(once).min().expect("three")
}

fn in_step<I>(what: &str, make: impl Fn(usize) -> I, work: impl Fn(I)) {
    let few = least(|| make(FEW), &work);
    let many = least(|| make(FEW * TIMES), &work);
    let ratio = many.as_secs_f64() / few.as_secs_f64();
    println!("{what}: {few:?}, {many:?}: {ratio:.1}");
    assert!(
        ratio < RATIO,
        "{what}: {TIMES} times as much takes {ratio:.1} times as long"
    );
}

fn empty() -> Report {
    let mut report = report_sample::everyday();
    report.findings.clear();
    report.promises.clear();
    report.operations.clear();
    report
}

/// Findings of one cause, each in another operation.
fn findings(n: usize) -> Vec<Finding> {
    let plain = report_sample::everyday().findings.remove(0);
    let finding = |at: usize| {
        let operation = format!("op{at}");
        Finding {
            fingerprint: "0123456789abcdef".to_owned(),
            promise: format!("{operation}.auth.required").into(),
            kind: Kind::AuthNotEnforced,
            case: CaseId::known(format!("{operation}/auth/{at}")),
            instance: format!("{at:016x}"),
            operations: vec![operation],
            members: Vec::new(),
            ..plain.clone()
        }
    };
    (0..n).map(finding).collect()
}

#[test]
fn a_gate_takes_time_in_step_with_its_findings_and_known_issues() {
    let make = |n: usize| {
        let mut report = empty();
        report.findings = findings(n);
        let operations: Vec<String> = (0..n).map(|at| format!("op{at}")).collect();
        let issue = KnownIssue {
            operations: Some(operations),
            ..KnownIssue::draft(&report.findings[0], "2026-11-26".parse().expect("a day"))
        };
        let entries = vec![Entry { line: 1, issue }];
        (vec![("report".to_owned(), report)], entries)
    };
    in_step("gate", make, |(reports, entries)| {
        let today = "2026-11-28".parse().expect("a day");
        let (gate, _) = gate(&reports, &[], &entries, today, Demands::default()).expect("gate");
        assert_eq!((gate.new.len(), gate.known.len()), (0, 1));
    });
}

#[test]
fn a_merge_takes_time_in_step_with_its_reports() {
    let make = |n: usize| -> Vec<(String, Report)> {
        let shard = |index: u64| {
            let mut report = empty();
            report.shard = Some(Shard {
                index,
                of: 2,
                plan: "p".to_owned(),
            });
            report.findings = findings(n);
            report.notes = (0..n).map(|at| format!("note {at} of {index}")).collect();
            let choice = report_sample::everyday().choices.remove(0);
            report.choices = (0..n)
                .map(|at| {
                    let mut choice = choice.clone();
                    choice.promise = format!("p{at}").into();
                    choice
                })
                .collect();
            (format!("shard {index}"), report)
        };
        vec![shard(1), shard(2)]
    };
    in_step("merge", make, |reports| {
        let (whole, _) = merge(reports).expect("merges");
        assert_eq!(whole.findings.len(), 1);
    });
}
