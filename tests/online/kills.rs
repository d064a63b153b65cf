//! The real binary, killed with SIGKILL at random moments and resumed: what was found stays found,
//! the plan goes on where it was. A few kills in plain `cargo test`; the figure of the closing note
//! is `cargo test --test kills -- --ignored --nocapture`.
#![cfg(unix)]

use crate::small;

use probity::campaign::corpus;
use probity::report::json;
use probity::run::journal::{self, Record};
use probity::run::result::{Report, Status};
use small::Scene;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Findings of several sorts: an answer, a state after a refusal, a lost write.
const FAULTS: [&str; 3] = [
    "string-as-integer:port",
    "not-stored:mode",
    "refusal-resets",
];

/// Fingerprints of the findings in a journal, as another process finds it after a kill.
fn found(journal: &Path) -> BTreeSet<String> {
    let Ok((_, past)) = journal::read(journal) else {
        panic!("{}: damaged", journal.display());
    };
    let found = past.records.into_iter().filter_map(|r| match r {
        Record::Found { finding } => Some(finding.fingerprint),
        _ => None,
    });
    found.collect()
}

/// Ids of the cases in the order in which they were first judged.
fn order(journal: &Path) -> Vec<String> {
    let (_, past) = journal::read(journal).expect("journal");
    let mut seen = BTreeSet::new();
    let ids = past.records.into_iter().filter_map(|r| match r {
        Record::Case(case) => Some(case.id.to_string()),
        _ => None,
    });
    ids.filter(|id| seen.insert(id.clone())).collect()
}

fn report(path: &Path) -> Report {
    json::read(&std::fs::read(path).expect("report")).expect("report reads")
}

fn fingerprints(report: &Report) -> BTreeSet<String> {
    report
        .findings
        .iter()
        .map(|f| f.fingerprint.clone())
        .collect()
}

/// A small generator for the moments; the same every time.
struct Moments(u64);

impl Moments {
    fn next(&mut self, below: Duration) -> Duration {
        // Knuth's MMIX constants.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        below.mul_f64((self.0 >> 40) as f64 / f64::from(1_u32 << 24))
    }
}

/// What is compared between a job that nobody killed and one that was killed.
#[derive(Debug, PartialEq)]
struct Whole {
    found: BTreeSet<String>,
    order: Vec<String>,
    statuses: Vec<(String, Status)>,
    /// Of the unattended job: what was new at which input.
    news: Vec<String>,
}

impl Whole {
    fn of(report: &Report, journal: &Path) -> Whole {
        Whole {
            found: fingerprints(report),
            order: order(journal),
            // Whether answers grew slower is said of one process, not of several.
            statuses: report
                .promises
                .iter()
                .filter(|p| !p.id.ends_with(".state.alive"))
                .map(|p| (p.id.to_string(), p.status))
                .collect(),
            news: news(journal),
        }
    }
}

/// The lines about new classes and their inputs, in order.
fn news(journal: &Path) -> Vec<String> {
    let (_, past) = journal::read(journal).expect("journal");
    let lines = past.records.into_iter().filter_map(|r| match r {
        Record::Campaign { entry } if entry["campaign"] == "class" => Some(entry.to_string()),
        _ => None,
    });
    lines.collect()
}

/// Files of a corpus that are no inputs.
fn damaged(folder: &Path) -> usize {
    match folder.exists() {
        true => corpus::load(folder).expect("corpus").skipped.len(),
        false => 0,
    }
}

#[derive(Debug, Default)]
struct Toll {
    kills: usize,
    jobs: usize,
    findings_lost: usize,
    files_damaged: usize,
    other_plans: usize,
}

/// Runs a job once without kills; then jobs that are killed at random moments and resumed until
/// they end, until so many kills were made.
fn kill(name: &str, arguments: &[&str], faults: &[&str], kills: usize) -> Toll {
    let scene = Scene::new(faults);
    let whole = scene.path("whole");
    let started = Instant::now();
    let status = scene.job(name, arguments, &whole).status().expect("runs");
    assert!(status.code().is_some_and(|code| code != 2), "{status}");
    let length = started.elapsed();
    let wanted = Whole::of(&report(&scene.path("report.json")), &whole);
    assert!(!wanted.found.is_empty());
    drop(scene);

    let mut moments = Moments(1);
    let mut toll = Toll::default();
    while toll.kills < kills {
        toll.jobs += 1;
        // A device as it was at the start of the other job.
        let scene = Scene::new(faults);
        let journal = scene.path("journal");
        let mut known: BTreeSet<String> = BTreeSet::new();
        loop {
            let mut child = scene
                .job(name, arguments, &journal)
                .spawn()
                .expect("starts");
            if toll.kills < kills {
                std::thread::sleep(moments.next(length));
                // A process that has ended already is not counted.
                if child.try_wait().expect("child").is_none() {
                    child.kill().expect("SIGKILL");
                    toll.kills += 1;
                }
            }
            let finished = child.wait().expect("child").code().is_some();
            let now = match journal.exists() {
                true => found(&journal),
                false => BTreeSet::new(),
            };
            toll.findings_lost += known.difference(&now).count();
            // Before anybody cleans up.
            toll.files_damaged += damaged(&scene.path("corpus"));
            known = now;
            if finished {
                break;
            }
        }
        let got = Whole::of(&report(&scene.path("report.json")), &journal);
        toll.findings_lost += wanted.found.difference(&got.found).count();
        // The last requests before a kill are not counted, so a killed night goes on a little longer.
        let mut got = got;
        got.news.truncate(wanted.news.len());
        if got != wanted {
            toll.other_plans += 1;
            let differs = |what: &str, same: bool| {
                if !same {
                    eprintln!("job {}: {what} differs", toll.jobs);
                }
            };
            differs("findings", got.found == wanted.found);
            differs("order", got.order == wanted.order);
            differs("statuses", got.statuses == wanted.statuses);
            for (got, wanted) in got.statuses.iter().zip(&wanted.statuses) {
                if got != wanted {
                    eprintln!("  {got:?}, not {wanted:?}");
                }
            }
            differs("news", got.news == wanted.news);
        }
    }
    println!("{name}: {toll:?} (a whole job takes {length:.1?})");
    toll
}

const REPORT: [&str; 4] = ["--report", "json=report.json", "--timeout", "2s"];

fn kill_runs(kills: usize) -> Toll {
    kill("run", &REPORT, &FAULTS, kills)
}

fn kill_nights(kills: usize) -> Toll {
    let campaign = [
        "--requests",
        "1500",
        "--corpus",
        "corpus",
        "--shrink",
        "60",
        "--no-plan",
    ];
    let arguments = [&REPORT[..], &campaign[..]].concat();
    kill("fuzz", &arguments, &FAULTS[..1], kills)
}

fn unharmed(toll: &Toll) {
    assert_eq!(toll.findings_lost, 0, "{toll:?}");
    assert_eq!(toll.files_damaged, 0, "{toll:?}");
    assert_eq!(toll.other_plans, 0, "{toll:?}");
}

#[test]
fn a_killed_run_goes_on_where_it_was() {
    unharmed(&kill_runs(6));
}

#[test]
fn a_killed_night_goes_on_where_it_was() {
    unharmed(&kill_nights(6));
}

#[test]
#[ignore = "takes minutes: the figure of the closing note"]
fn two_hundred_kills() {
    unharmed(&kill_runs(100));
    unharmed(&kill_nights(100));
}

#[test]
fn a_foreign_or_damaged_journal_is_refused() {
    let scene = Scene::new(&[]);
    let journal = scene.path("journal");
    let run = |arguments: &[&str]| {
        let output = scene
            .job("run", arguments, &journal)
            .stderr(Stdio::piped())
            .output()
            .expect("runs");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let few = ["--only", "*.port.type", "--quiet"];
    let (code, err) = run(&few);
    assert_eq!(code, Some(0), "{err}");
    // A torn last line is what a kill leaves.
    let mut bytes = std::fs::read(&journal).expect("journal");
    bytes.extend_from_slice(b"{\"record\":\"case\",\"id\":\"x");
    std::fs::write(&journal, &bytes).expect("journal");
    let (code, err) = run(&few);
    assert_eq!(code, Some(0), "{err}");
    let table: [(&[&str], &str); 3] = [
        (
            &["--only", "*.port.type", "--seed", "7"],
            "another seed: 0; this job has 7",
        ),
        (&["--only", "*.name.*"], "another plan"),
        (
            &["--only", "*.port.type", "--shard", "1/2"],
            "another shard: none; this job has 1/2",
        ),
    ];
    for (arguments, want) in table {
        let (code, err) = run(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {err}");
        assert!(err.contains(want), "{arguments:?}: {err}");
    }
    let mut lines: Vec<String> = String::from_utf8(std::fs::read(&journal).expect("journal"))
        .expect("text")
        .lines()
        .map(str::to_owned)
        .collect();
    lines[2] = "no JSON".to_owned();
    std::fs::write(&journal, lines.join("\n") + "\n").expect("journal");
    let (code, err) = run(&few);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("line 3"), "{err}");
}
