//! The suite against the faults that the mock can plant: each must be found, but for those that
//! nobody can see from outside, each with its reason. `PROBITY_FAULTS=all` takes every fault,
//! `PROBITY_FAULTS=TEXT` those whose id contains the text; otherwise it is every tenth, so that the
//! test stays short.

mod support;

use probity::mock;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{FirstFinding, Suite};

/// Faults that no request can tell from a device that keeps its promises.
const UNSEEN: &[(&str, &str)] = &[
    ("not-stored:password", "the read-back shows a placeholder"),
    (
        "stores-truncated:password",
        "the read-back shows a placeholder",
    ),
    (
        "stores-lower-case:password",
        "the read-back shows a placeholder",
    ),
    (
        "stores-escaped:password",
        "the read-back shows a placeholder",
    ),
    ("stores-truncated:transport", "its values are shorter"),
    (
        "stores-lower-case:transport",
        "its values are in lower case",
    ),
    (
        "stores-lower-case:proxy",
        "surely valid values have no letters but the scheme's",
    ),
    (
        "stores-escaped:transport",
        "its values hold nothing to escape",
    ),
    (
        "stores-escaped:proxy",
        "surely valid values hold nothing to escape",
    ),
    (
        "stores-escaped:realm",
        "surely valid values hold nothing to escape",
    ),
    (
        "stores-escaped:stun.ip",
        "surely valid values hold nothing to escape",
    ),
    (
        "pattern-first-line:proxy",
        "under search a second line is allowed",
    ),
    (
        "pattern-first-line:realm",
        "under search a second line is allowed",
    ),
    (
        "pattern-first-line:stun.ip",
        "under search a second line is allowed",
    ),
    ("pattern-trimmed:password", "blanks belong to its class"),
    (
        "tight-maxLength:password",
        "the page contradicts itself about the bound",
    ),
    (
        "login-clear-password",
        "the right password in another form than the profile gives is not a wrong password",
    ),
    (
        "json-bad-utf8",
        "U+FFFD is in no field's language, so the value is refused all the same",
    ),
];

#[test]
fn every_planted_fault_is_found() {
    let suite = Suite::embedded();
    let filter = std::env::var("PROBITY_FAULTS").unwrap_or_default();
    let faults: Vec<_> = mock::faults(&suite.contract, &suite.profile)
        .into_iter()
        .filter(|f| UNSEEN.iter().all(|(id, _)| *id != f.id))
        .enumerate()
        .filter(|(at, f)| match filter.as_str() {
            "" => at % 10 == 0,
            "all" => true,
            text => f.id.contains(text),
        })
        .map(|(_, f)| f)
        .collect();
    let next = AtomicUsize::new(0);
    let rows = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(fault) = faults.get(at) else { return };
                    let mut first = FirstFinding::default();
                    let outcome =
                        suite.run(suite.mock().with_faults([fault.id.clone()]), &mut first);
                    let report = outcome.report;
                    let line = format!(
                        "{:28} {:13} exit {} findings {:3} first at {:?} requests {} {}",
                        fault.id,
                        fault.class.to_string(),
                        report.exit.code,
                        report.findings.len(),
                        first.at,
                        report.requests.sent,
                        report.findings.first().map_or(String::new(), |f| format!(
                            "{} {} {}",
                            f.promise,
                            probity::run::kind_word(f.kind),
                            f.case
                        )),
                    );
                    eprintln!("{line}");
                    rows.lock()
                        .expect("rows")
                        .push((at, report.findings.is_empty(), line));
                }
            });
        }
    });
    let mut rows = rows.into_inner().expect("rows");
    rows.sort();
    let mut table = String::new();
    for (_, _, line) in &rows {
        let _ = writeln!(table, "{line}");
    }
    std::fs::write(
        concat!(env!("CARGO_TARGET_TMPDIR"), "/kill-matrix.txt"),
        &table,
    )
    .expect("table is written");
    let missed: Vec<&str> = rows.iter().filter(|r| r.1).map(|r| r.2.as_str()).collect();
    println!("found {} of {}", rows.len() - missed.len(), rows.len());
    assert!(missed.is_empty(), "not found:\n{}", missed.join("\n"));
}
