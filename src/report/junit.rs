//! JUnit XML: a suite an operation, a test case a promise.

use crate::run::kind_word;
use crate::run::result::{Finding, Report, Status};
use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus, TestSuite};
use std::io;
use std::time::Duration;

/// The report as JUnit XML.
///
/// # Errors
/// The XML writer fails.
pub fn render(report: &Report) -> io::Result<String> {
    let mut junit = Junit::new(format!("probity {}", report.contract.id));
    junit.set_time(Duration::from_millis(report.duration_ms));
    let mut suites: Vec<TestSuite> = Vec::new();
    for promise in &report.promises {
        let operation = operation_of(&promise.id);
        let findings: Vec<&Finding> = report
            .findings
            .iter()
            .filter(|f| f.promise == promise.id)
            .collect();
        let status = match (promise.status, findings.as_slice()) {
            (Status::Kept, []) => TestCaseStatus::success(),
            (Status::Untested, []) => skipped("no case of this run tests it"),
            (Status::Undecided, []) => skipped("the page leaves it open, or no answer told"),
            (_, []) => skipped("no finding"),
            (_, findings) => failure(findings),
        };
        let case = TestCase::new(clean(&promise.id), status);
        match suites.iter_mut().find(|s| s.name.as_str() == operation) {
            Some(suite) => {
                suite.add_test_case(case);
            }
            None => {
                let mut suite = TestSuite::new(operation);
                suite.add_test_case(case);
                suites.push(suite);
            }
        }
    }
    // A run that could not judge must not look like a success to whoever reads only this file.
    if matches!(report.exit.code, 2 | 3 | 6) {
        let mut suite = TestSuite::new("probity");
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(clean(&report.exit.reason));
        suite.add_test_case(TestCase::new("run", status));
        suites.push(suite);
    }
    junit.add_test_suites(suites);
    junit.to_string().map_err(io::Error::other)
}

fn operation_of(promise: &str) -> String {
    const PARTS: [&str; 6] = [
        ".body",
        ".parameters",
        ".responses",
        ".auth",
        ".http",
        ".state",
    ];
    let end = PARTS
        .iter()
        .filter_map(|p| promise.find(p))
        .min()
        .unwrap_or(promise.len());
    clean(promise.get(..end).unwrap_or(promise))
}

fn skipped(why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(why);
    status
}

fn failure(findings: &[&Finding]) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    if let Some(first) = findings.first() {
        status.set_message(clean(&first.title));
        status.set_type(kind_word(first.kind));
    }
    let text: Vec<String> = findings
        .iter()
        .map(|f| {
            format!(
                "{} [{}]\nexpected: {}\nobserved: {}\nreplay: {}\n",
                f.title, f.fingerprint, f.expected, f.observed, f.reproducer.curl
            )
        })
        .collect();
    status.set_description(clean(&text.join("\n")));
    status
}

/// Characters that XML 1.0 cannot hold (§2.2) made visible.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => '\u{fffd}',
            c => c,
        })
        .collect()
}
