//! The suite against every fault that the mock can plant: each must be found.

mod support;

use probity::mock;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{FirstFinding, Suite};

#[test]
fn every_planted_fault_is_found() {
    let suite = Suite::embedded();
    let filter = std::env::var("PROBITY_FAULTS").unwrap_or_default();
    let faults: Vec<_> = mock::faults(&suite.contract, &suite.profile)
        .into_iter()
        .filter(|f| filter.is_empty() || f.id.contains(&filter))
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
