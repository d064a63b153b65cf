//! SIGKILL at chosen moments of a job, each told by a line of its journal; the process that resumes
//! it accuses what an undisturbed one accuses, each once.

use crate::process;
use crate::small::Scene;
use probity::report::json;
use probity::run::journal::{self, Record};
use probity::run::result::{Finding, Status};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const FAULTS: [&str; 2] = ["string-as-integer:port", "not-stored:mode"];
const RUN: [&str; 5] = ["--report", "json=report.json", "--timeout", "2s", "--quiet"];
const NIGHT: [&str; 12] = [
    "--report",
    "json=report.json",
    "--timeout",
    "2s",
    "--quiet",
    "--requests",
    "900",
    "--shrink",
    "40",
    "--no-plan",
    "--corpus",
    "corpus",
];

/// A line of a journal that holds this text, and which of them.
type Moment = (&'static str, usize);

const RUN_MOMENTS: [Moment; 8] = [
    ("\"journal\"", 1),
    ("\"record\":\"settings\"", 1),
    ("\"record\":\"case\"", 1),
    ("\"record\":\"baseline\"", 1),
    ("\"record\":\"found\"", 1),
    ("\"record\":\"found\"", 2),
    ("\"record\":\"checkpoint\"", 1),
    ("\"record\":\"case\"", 30),
];
const NIGHT_MOMENTS: [Moment; 8] = [
    ("\"campaign\":\"seeds\"", 1),
    ("\"campaign\":\"class\"", 1),
    ("\"campaign\":\"class\"", 4),
    ("\"campaign\":\"suspect\"", 1),
    ("\"campaign\":\"suspect\"", 2),
    ("\"record\":\"found\"", 1),
    ("\"record\":\"found\"", 2),
    ("\"campaign\":\"key\"", 1),
];

fn job(scene: &Scene, name: &str, arguments: &[&str]) -> Command {
    let mut command = scene.job(name, arguments, &scene.path("journal"));
    process::settled(&mut command, scene.folder.path());
    command
}

/// Each finding of the report.
fn accused(scene: &Scene) -> Vec<String> {
    let bytes = std::fs::read(scene.path("report.json")).expect("report");
    let report = json::read(&bytes).expect("report reads");
    let about = |f: Finding| format!("{} {} {}", f.fingerprint, f.promise, f.title);
    report.findings.into_iter().map(about).collect()
}

/// Fingerprints in the journal, doubles and all.
fn told(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).expect("journal");
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let found = lines.filter_map(|record: Record| match record {
        Record::Found { finding } => Some(finding.fingerprint),
        _ => None,
    });
    found.collect()
}

fn octets(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_default()
}

/// The end of the line of a moment, once the journal has it.
fn end_of(text: &[u8], (needle, which): Moment) -> Option<usize> {
    let mut ends = 0;
    let mut seen = 0;
    for line in text.split_inclusive(|b| *b == b'\n') {
        ends += line.len();
        let text = String::from_utf8_lossy(line);
        seen += usize::from(line.ends_with(b"\n") && text.contains(needle));
        if seen == which {
            return Some(ends);
        }
    }
    None
}

/// Starts a job, kills it as soon as its journal has the line, and takes back what it wrote in the
/// moment until the signal came: the disk is as it was at the moment.
fn killed_at(scene: &Scene, name: &str, arguments: &[&str], moment: Moment) -> Result<(), String> {
    let journal = scene.path("journal");
    let mut child = job(scene, name, arguments).spawn().expect("starts");
    let started = Instant::now();
    let end = loop {
        if let Some(end) = end_of(&octets(&journal), moment) {
            break end;
        }
        if child.try_wait().expect("child").is_some() {
            let last = end_of(&octets(&journal), moment);
            break last.ok_or(format!("{moment:?} never comes"))?;
        }
        if started.elapsed() > Duration::from_secs(60) {
            let _ = child.kill();
            return Err(format!("{moment:?} does not come"));
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let _ = child.kill();
    child.wait().expect("child");
    let mut bytes = octets(&journal);
    bytes.truncate(end);
    std::fs::write(&journal, bytes).expect("journal");
    Ok(())
}

fn finished(scene: &Scene, name: &str, arguments: &[&str]) -> Result<Vec<String>, String> {
    let ended = process::ended(job(scene, name, arguments).stdout(Stdio::null()));
    match ended.code {
        // What the device does not store cannot be put back either.
        Some(1 | 6) => Ok(accused(scene)),
        code => Err(format!("{code:?}: {}", ended.text())),
    }
}

fn hold(name: &str, arguments: &[&str], moments: &[Moment]) {
    let whole = Scene::new(&FAULTS);
    let wanted = finished(&whole, name, arguments).expect("undisturbed");
    assert!(wanted.len() >= 2, "{wanted:?}");
    let times = told(&whole.path("journal")).len();
    let failed = process::failures(moments, |moment| {
        let scene = Scene::new(&FAULTS);
        let named = |e: String| format!("{moment:?}: {e}");
        killed_at(&scene, name, arguments, *moment).map_err(named)?;
        let got = finished(&scene, name, arguments).map_err(named)?;
        let set: BTreeSet<&String> = got.iter().collect();
        if set != wanted.iter().collect() || set.len() != got.len() {
            return Err(named(format!("{got:?}, not {wanted:?}")));
        }
        // Of one defect as many variants as without the kill, and none twice.
        let journal = told(&scene.path("journal"));
        let once: BTreeSet<&String> = journal.iter().collect();
        match once.len() == journal.len() && journal.len() <= times {
            true => Ok(()),
            false => Err(named(format!("told {} times, not {times}", journal.len()))),
        }
    });
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn a_run_that_is_killed_at_any_moment_accuses_the_same() {
    hold("run", &RUN, &RUN_MOMENTS);
}

/// What the device took in the moment of the kill stands in no journal: it is nobody's.
#[test]
fn what_no_refusal_changes_again_is_not_charged_to_refusals() {
    let scene = Scene::new(&["string-as-integer:port"]);
    killed_at(&scene, "run", &RUN, ("\"record\":\"case\"", 30)).expect("killed");
    let body = r#"{"name":"elsewhere","port":4711,"mode":"auto"}"#;
    let request = format!(
        "PUT /settings HTTP/1.1\r\nHost: device\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = std::net::TcpStream::connect(scene.mock.addr()).expect("connects");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let accused = finished(&scene, "run", &RUN).expect("resumed");
    let causes: Vec<&str> = accused.iter().filter_map(|f| f.split(' ').nth(1)).collect();
    assert_eq!(causes, ["setSettings.body.port.type"], "{accused:?}");
}

#[test]
fn a_night_that_is_killed_at_any_moment_accuses_the_same() {
    hold("fuzz", &NIGHT, &NIGHT_MOMENTS);
}

#[test]
fn a_doubled_journal_counts_once() {
    for (name, arguments) in [("run", &RUN[..]), ("fuzz", &NIGHT[..])] {
        let scene = Scene::new(&FAULTS);
        let wanted = finished(&scene, name, arguments).expect("undisturbed");
        let once = std::fs::read(scene.path("report.json")).expect("report");
        let once = json::read(&once).expect("report reads");
        let path = scene.path("journal");
        let text = std::fs::read_to_string(&path).expect("journal");
        let (header, rest) = text.split_once('\n').expect("lines");
        // Every line twice, and then all of them once more.
        let twice: String = rest
            .lines()
            .map(|line| format!("{line}\n{line}\n"))
            .collect();
        std::fs::write(&path, format!("{header}\n{twice}{rest}")).expect("journal");
        journal::read(&path).expect("journal reads");
        let got = finished(&scene, name, arguments).expect("resumed");
        assert_eq!(got, wanted, "{name}");
        let again = std::fs::read(scene.path("report.json")).expect("report");
        let again = json::read(&again).expect("report reads");
        for (a, b) in once.findings.iter().zip(&again.findings) {
            assert_eq!(a.shown, b.shown, "{name}: {}", a.title);
            assert_eq!(a.members.len(), b.members.len(), "{name}: {}", a.title);
        }
        assert_eq!(once.findings.len(), again.findings.len(), "{name}");
        assert_eq!(
            once.campaign.map(|n| n.shrink_requests),
            again.campaign.map(|n| n.shrink_requests),
            "{name}"
        );
    }
}

/// Promises that a report calls kept.
fn kept(scene: &Scene) -> BTreeSet<String> {
    let bytes = std::fs::read(scene.path("report.json")).expect("report");
    let report = json::read(&bytes).expect("report reads");
    let kept = report.promises.into_iter();
    let kept = kept.filter(|p| p.status == Status::Kept);
    kept.map(|p| p.id.to_string()).collect()
}

/// Fingerprint and promise of what [`accused`] gives. The title counts the cases behind it, and of a
/// cause that was being gone into when the process was killed there may be one more.
fn cause(accused: &str) -> &str {
    let end = accused.match_indices(' ').nth(1).map(|(at, _)| at);
    accused
        .get(..end.unwrap_or(accused.len()))
        .unwrap_or_default()
}

/// Starts a job and kills it after `delay`, whatever it does then; gives whether it still ran.
fn killed_after(scene: &Scene, name: &str, arguments: &[&str], delay: Duration) -> bool {
    let mut child = job(scene, name, arguments).spawn().expect("starts");
    std::thread::sleep(delay);
    let ran = child.try_wait().expect("child").is_none();
    let _ = child.kill();
    child.wait().expect("child");
    ran
}

/// Kills at random moments, from a seed, one or two of each job, and counts what is lost, told twice,
/// accused though it is kept, or called kept although it is broken.
fn random_kills(rows: Range<usize>) {
    let all = [("run", &RUN[..]), ("fuzz", &NIGHT[..])].map(|(name, arguments)| {
        let whole = Scene::new(&FAULTS);
        let started = Instant::now();
        let wanted = finished(&whole, name, arguments).expect("undisturbed");
        let broken: BTreeSet<String> = wanted
            .iter()
            .filter_map(|f| f.split(' ').nth(1))
            .map(str::to_owned)
            .collect();
        (name, arguments, wanted, broken, started.elapsed())
    });
    let rows: Vec<usize> = rows.collect();
    let kills = AtomicUsize::new(0);
    let failed = process::failures(&rows, |row| {
        let mut random = ChaCha8Rng::seed_from_u64(*row as u64);
        let (name, arguments, wanted, broken, took) = &all[row % 2];
        let scene = Scene::new(&FAULTS);
        for _ in 0..=random.random_range(0..2) {
            let delay = took.mul_f64(random.random_range(0.0..1.1));
            if killed_after(&scene, name, arguments, delay) {
                kills.fetch_add(1, Ordering::Relaxed);
            }
        }
        let named = |e: String| format!("{name} {row}: {e}");
        let got = finished(&scene, name, arguments).map_err(named)?;
        let set: BTreeSet<&str> = got.iter().map(|f| cause(f)).collect();
        let lost = wanted.iter().map(|f| cause(f));
        let lost: Vec<&str> = lost.filter(|f| !set.contains(f)).collect();
        let told = told(&scene.path("journal"));
        let once: BTreeSet<&String> = told.iter().collect();
        let twice = got.len() - set.len() + told.len() - once.len();
        let kept = kept(&scene);
        let promise = |f: &&str| f.split(' ').nth(1).map(str::to_owned);
        let accused: BTreeSet<String> = set.iter().filter_map(promise).collect();
        let falsely: Vec<&String> = accused.difference(broken).collect();
        let false_kept: Vec<&String> = broken.intersection(&kept).collect();
        match lost.is_empty() && twice == 0 && falsely.is_empty() && false_kept.is_empty() {
            true => Ok(()),
            false => {
                let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("killed-{row}"));
                let _ = std::fs::copy(scene.path("journal"), &copy);
                Err(named(format!(
                    "lost {lost:?}, told {twice} twice, accused {falsely:?}, kept {false_kept:?}; journal {}",
                    copy.display()
                )))
            }
        }
    });
    println!(
        "{} jobs, killed {} times; {} went wrong",
        rows.len(),
        kills.into_inner(),
        failed.len()
    );
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn jobs_that_are_killed_at_random_lose_nothing() {
    random_kills(0..4);
}

/// `PROBITY_KILLS=300 cargo test --test attacks kill::many -- --ignored --nocapture`; `7..8` is a
/// part of them.
#[test]
#[ignore = "minutes: as many as PROBITY_KILLS says"]
fn many_jobs_that_are_killed_at_random_lose_nothing() {
    let asked = std::env::var("PROBITY_KILLS").unwrap_or_else(|_| "200".to_owned());
    let (from, to) = asked.split_once("..").unwrap_or(("0", &asked));
    match (from.parse(), to.parse()) {
        (Ok(from), Ok(to)) => random_kills(from..to),
        _ => panic!("PROBITY_KILLS: a count, or FROM..TO"),
    }
}
