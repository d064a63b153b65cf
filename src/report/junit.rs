//! JUnit XML: a suite an operation, a test case a promise, so that a CI server shows the history of
//! each promise.

use super::visible;
use crate::contract::PromiseId;
use crate::judge::Kind;
use crate::reproduce::mask_credentials;
use crate::run::result::{Finding, OperationState, PromiseResult, Report, Status};
use quick_junit::{NonSuccessKind, Property, Report as Junit, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

/// The report as JUnit XML. Kept promises pass, each cause fails once, at the promise of its plainest
/// case, undecided and untested promises are skipped with the reason. A flaky promise is an error, and so is a run that
/// could not judge or left the device changed: neither may look like success to whoever reads only
/// this file.
///
/// # Errors
/// The XML writer fails.
pub fn render(report: &Report) -> io::Result<String> {
    let mut junit = Junit::new(format!("probity {}", visible::line(&report.contract.id)));
    junit.set_time(Duration::from_millis(report.duration_ms));
    let mut suites: Vec<TestSuite> = Vec::new();
    let mut findings: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    let mut shared: BTreeMap<&str, &Finding> = BTreeMap::new();
    for finding in &report.findings {
        let own = findings.entry(finding.promise.as_str()).or_default();
        own.push(finding);
        for promise in finding.promises() {
            shared.entry(promise).or_insert(finding);
        }
    }
    for promise in &report.promises {
        let found = findings.remove(promise.id.as_str()).unwrap_or_default();
        let shared = shared.get(promise.id.as_str()).copied();
        let status = status(promise, found.first().copied(), shared);
        add(&mut suites, &promise.id, &promise.id, status, |case| {
            case.add_property(Property::new("source", place(promise)));
            case.add_property(Property::new("cases", promise.cases.to_string()));
        });
        further(&mut suites, found.get(1..).unwrap_or_default());
    }
    // A finding is never lost, whatever the contract lists.
    let mut strays: Vec<&Finding> = report.findings.iter().collect();
    strays.retain(|f| findings.contains_key(f.promise.as_str()));
    further(&mut suites, &strays);
    suites.push(run(report));
    junit.add_test_suites(suites);
    junit.to_string().map_err(io::Error::other)
}

/// A test case for each further cause behind a promise: one failure a cause.
fn further(suites: &mut Vec<TestSuite>, findings: &[&Finding]) {
    for finding in findings {
        let name = format!("{} [{}]", finding.promise, finding.fingerprint);
        add(suites, &finding.promise, &name, broken(finding), |_| {});
    }
}

/// Adds a test case to the suite of the operation of a promise.
fn add(
    suites: &mut Vec<TestSuite>,
    promise: &PromiseId,
    name: &str,
    status: TestCaseStatus,
    more: impl FnOnce(&mut TestCase),
) {
    let operation = visible::line(promise.operation());
    let mut case = TestCase::new(visible::line(name), status);
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

/// `3 of 4`: operations that were judged of those that were asked for.
fn judged(report: &Report) -> String {
    let asked = report.operations.iter().filter(|o| !o.left_out);
    let judged = asked.clone().filter(|o| o.state == OperationState::Judged);
    format!("{} of {}", judged.count(), asked.count())
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
        ("operations.judged", judged(report)),
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

fn status(
    promise: &PromiseResult,
    finding: Option<&Finding>,
    shared: Option<&Finding>,
) -> TestCaseStatus {
    match (promise.status, finding, shared) {
        (_, Some(finding), _) => broken(finding),
        (Status::Broken, None, Some(cause)) => skipped(format!(
            "broken; one cause with {}, which is the failure: {}",
            visible::line(&cause.promise),
            visible::line(&cause.title)
        )),
        (Status::Broken, None, None) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message("broken; the report holds no finding of it");
            status
        }
        (Status::Kept, None, _) => TestCaseStatus::success(),
        (Status::Undecided, None, _) => {
            skipped("undecided: the document leaves it open, or no answer told")
        }
        (Status::Untested, None, _) => skipped("untested: no case of this run tests it"),
    }
}

fn place(promise: &PromiseResult) -> String {
    let pointer = visible::line(&promise.source.pointer);
    match promise.source.page_line {
        Some(line) => format!("{pointer} (document line {line})"),
        None => pointer,
    }
}

fn skipped(why: impl Into<String>) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(why.into());
    status
}

/// A failure; an error where it does not happen every time.
fn broken(finding: &Finding) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(match finding.kind {
        Kind::Flaky => NonSuccessKind::Error,
        _ => NonSuccessKind::Failure,
    });
    let arguable = if finding.arguable.is_some() {
        "arguable: "
    } else {
        ""
    };
    status.set_message(format!("{arguable}{}", visible::line(&finding.title)));
    status.set_type(finding.kind.id());
    status.set_description(story(finding));
    status
}

/// A finding as text: what is wrong, how to see it again, what was sent and what came.
fn story(finding: &Finding) -> String {
    let mut out = format!(
        "{}\nexpected: {}\nobserved: {}\nreplay: {}\n",
        visible::line(&finding.title),
        mask_credentials(&visible::line(&finding.expected)),
        mask_credentials(&visible::line(&finding.observed)),
        visible::reproducer(&finding.reproducer.curl).join("\n"),
    );
    if let Some(why) = &finding.arguable {
        out.push_str(&format!("arguable: {}\n", visible::line(why)));
    }
    if let Some(file) = &finding.reproducer.request_file {
        out.push_str(&format!("with the file: {}\n", visible::line(file)));
    }
    out.push_str(&format!(
        "case: {}\nseen: {}\nfingerprint: {}\n",
        visible::line(&finding.case),
        visible::line(&finding.confirmed),
        visible::line(&finding.fingerprint),
    ));
    if finding.operations.len() > 1 {
        let names = visible::line(&finding.operations.join(", "));
        out.push_str(&format!("operations: {names}\n"));
    }
    for member in &finding.members {
        out.push_str(&format!(
            "also: {} ({})\n",
            visible::line(&member.title),
            visible::line(&member.case)
        ));
    }
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
