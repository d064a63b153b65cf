//! JUnit XML: a suite an operation, a test case a promise, so that a CI server shows the history of
//! each promise.

use super::visible;
use crate::reproduce::mask_credentials;
use crate::run::result::{Finding, PromiseResult, Report, Status};
use quick_junit::{NonSuccessKind, Property, Report as Junit, TestCase, TestCaseStatus, TestSuite};
use std::io;
use std::time::Duration;

/// The report as JUnit XML. Kept promises pass, broken ones fail with their findings, undecided and
/// untested ones are skipped with the reason. A flaky promise is an error, and so is a run that
/// could not judge or left the device changed: neither may look like success to whoever reads only
/// this file.
///
/// # Errors
/// The XML writer fails.
pub fn render(report: &Report) -> io::Result<String> {
    let mut junit = Junit::new(format!("probity {}", visible::line(&report.contract.id)));
    junit.set_time(Duration::from_millis(report.duration_ms));
    let mut suites: Vec<TestSuite> = Vec::new();
    for promise in &report.promises {
        let findings: Vec<&Finding> = findings_of(report, &promise.id).collect();
        let status = status(promise, &findings);
        add(&mut suites, &promise.id, status, |case| {
            case.add_property(Property::new("source", place(promise)));
            case.add_property(Property::new("cases", promise.cases.to_string()));
        });
    }
    // A finding is never lost, whatever the contract lists.
    let mut strays: Vec<&str> = Vec::new();
    for finding in &report.findings {
        let id = finding.promise.as_str();
        if !strays.contains(&id) && !report.promises.iter().any(|p| p.id == id) {
            strays.push(id);
        }
    }
    for id in strays {
        let findings: Vec<&Finding> = findings_of(report, id).collect();
        add(
            &mut suites,
            id,
            broken(&findings, NonSuccessKind::Failure),
            |_| {},
        );
    }
    suites.push(run(report));
    junit.add_test_suites(suites);
    junit.to_string().map_err(io::Error::other)
}

fn findings_of<'a>(report: &'a Report, promise: &str) -> impl Iterator<Item = &'a Finding> {
    report.findings.iter().filter(move |f| f.promise == promise)
}

/// Adds the test case of a promise to the suite of its operation.
fn add(
    suites: &mut Vec<TestSuite>,
    id: &str,
    status: TestCaseStatus,
    more: impl FnOnce(&mut TestCase),
) {
    let operation = operation_of(id);
    let mut case = TestCase::new(visible::line(id), status);
    case.set_classname(operation.as_str());
    more(&mut case);
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

/// The run itself as a suite of one test case, with what the report says of it as properties.
fn run(report: &Report) -> TestSuite {
    let status = match report.exit.code {
        0 | 1 | 4 | 5 => TestCaseStatus::success(),
        code => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type(format!("exit {code}"));
            status.set_message(visible::line(&report.exit.reason));
            status
        }
    };
    let mut case = TestCase::new("run", status);
    case.set_classname("probity");
    if !report.notes.is_empty() {
        let notes = visible::block(&report.notes.join("\n"));
        case.set_system_out(mask_credentials(&notes));
    }
    let mut suite = TestSuite::new("probity");
    suite.add_test_case(case);
    let none = || "unknown".to_owned();
    for (name, value) in [
        ("version", report.tool.version.clone()),
        ("contract.sha256", report.contract.sha256.clone()),
        ("target", report.target.clone()),
        (
            "device.model",
            report.device.model.clone().unwrap_or_else(none),
        ),
        (
            "device.firmware",
            report.device.firmware.clone().unwrap_or_else(none),
        ),
        (
            "device.restored",
            report.device.restored.map_or_else(none, |r| r.to_string()),
        ),
        ("seed", report.seed.to_string()),
        ("started_at", report.started_at.clone()),
        ("requests.sent", report.requests.sent.to_string()),
        ("exit.code", report.exit.code.to_string()),
        ("exit.reason", report.exit.reason.clone()),
    ] {
        suite.add_property(Property::new(
            name,
            mask_credentials(&visible::line(&value)),
        ));
    }
    suite
}

fn status(promise: &PromiseResult, findings: &[&Finding]) -> TestCaseStatus {
    match (promise.status, findings) {
        (Status::Broken, _) => broken(findings, NonSuccessKind::Failure),
        // Flaky: seen, but not every time.
        (_, [_, ..]) => broken(findings, NonSuccessKind::Error),
        (Status::Kept, []) => TestCaseStatus::success(),
        (Status::Undecided, []) => skipped("undecided: the page leaves it open, or no answer told"),
        (Status::Untested, []) => skipped("untested: no case of this run tests it"),
    }
}

/// The operation at the front of a promise's id.
fn operation_of(promise: &str) -> String {
    const PARTS: [&str; 6] = [
        ".body",
        ".parameters.",
        ".responses.",
        ".auth.",
        ".http.",
        ".state.",
    ];
    let end = PARTS
        .iter()
        .filter_map(|p| promise.find(p))
        .min()
        .unwrap_or(promise.len());
    visible::line(promise.get(..end).unwrap_or(promise))
}

fn place(promise: &PromiseResult) -> String {
    let pointer = visible::line(&promise.source.pointer);
    match promise.source.page_line {
        Some(line) => format!("{pointer} (page line {line})"),
        None => pointer,
    }
}

fn skipped(why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(why);
    status
}

fn broken(findings: &[&Finding], kind: NonSuccessKind) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    match findings {
        [] => {
            status.set_message("broken; the report holds no finding of it");
        }
        [first, rest @ ..] => {
            let more = match rest.len() {
                0 => String::new(),
                n => format!(" (and {n} more)"),
            };
            status.set_message(format!("{}{more}", visible::line(&first.title)));
            status.set_type(first.kind.id());
        }
    }
    let text: Vec<String> = findings.iter().map(|f| story(f)).collect();
    status.set_description(text.join("\n\n"));
    status
}

/// A finding as text: what is wrong, how to see it again, what was sent and what came.
fn story(finding: &Finding) -> String {
    let mut out = format!(
        "{}\nexpected: {}\nobserved: {}\nreplay: {}\n",
        visible::line(&finding.title),
        mask_credentials(&visible::line(&finding.expected)),
        mask_credentials(&visible::line(&finding.observed)),
        visible::line(&finding.reproducer.curl),
    );
    if let Some(file) = &finding.reproducer.request_file {
        out.push_str(&format!("with the file: {}\n", visible::line(file)));
    }
    out.push_str(&format!(
        "case: {}\nseen: {}\nfingerprint: {}\n",
        visible::line(&finding.case),
        visible::line(&finding.confirmed),
        visible::line(&finding.fingerprint),
    ));
    let evidence = &finding.evidence;
    if !evidence.request.is_empty() {
        let text = visible::block(&evidence.request);
        out.push_str(&format!("--- sent ---\n{text}\n"));
    }
    for (what, text) in std::iter::once(("came back", &evidence.answer))
        .chain(evidence.observations.iter().map(|o| ("observation", o)))
        .filter(|(_, text)| !text.is_empty())
    {
        let text = visible::block(text);
        let text = mask_credentials(&text);
        out.push_str(&format!("--- {what} ---\n{text}\n"));
    }
    out
}
