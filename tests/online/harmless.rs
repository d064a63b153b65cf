//! Runs on a controller that are killed at random moments, and undone: nothing is left, nothing has
//! acted, nothing is lost, by the controller's own memory. A few kills in plain `cargo test`; the
//! figure of the closing note is
//! `cargo test --test online five_hundred -- --ignored --nocapture` (`PROBITY_KILLS=N`: so many;
//! `PROBITY_PROGRAM=PATH`: another build of the program).
#![cfg(unix)]

use crate::controller::{Controller, DOCUMENT, SECRET};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where the secret comes from that the controller does not show.
const PROFILE: &str = "[read-back.replaceNetwork]\npath = \"/network\"\n\
    unreadable = { \"/password\" = { restore-env = \"PROBITY_RESTORE_PASSWORD\" } }\n";

/// How a run is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// SIGKILL.
    Killed,
    /// SIGINT, once.
    Interrupted,
    /// SIGTERM, once.
    Terminated,
    /// SIGINT three times: it gives up.
    GivesUp,
}

/// A controller and the program, in a folder of its own.
struct Scene {
    controller: Controller,
    folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Scene {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join("controller.yaml"), DOCUMENT).expect("contract");
        std::fs::write(folder.path().join("device.toml"), PROFILE).expect("profile");
        Scene {
            controller: Controller::start(),
            folder,
        }
    }

    fn command(&self, name: &str, words: &[&str]) -> Command {
        let program = std::env::var("PROBITY_PROGRAM");
        let program = program.unwrap_or_else(|_| env!("CARGO_BIN_EXE_probity").to_owned());
        let mut command = Command::new(program);
        command
            .arg(name)
            .args(["--contract", "controller.yaml", "--profile", "device.toml"])
            .args(["--target", &format!("http://{}", self.controller.addr)])
            .args(words)
            .current_dir(self.folder.path())
            .env("XDG_STATE_HOME", self.folder.path())
            .env("HOME", self.folder.path())
            .env("PROBITY_RESTORE_PASSWORD", SECRET)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs it to its end: exit code and what it said.
    fn run(&self, name: &str, words: &[&str]) -> (Option<i32>, String) {
        let output = self.command(name, words).output().expect("runs");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        (output.status.code(), said)
    }
}

/// Shares of the plan.
const SHARES: u32 = 6;

/// Waits until a run has begun: before, there is nothing to undo.
fn until_begun(journal: &Path) {
    let end = Instant::now() + Duration::from_secs(60);
    let begun = || std::fs::metadata(journal).is_ok_and(|about| about.len() > 0);
    while !begun() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn signal(child: &Child, name: &str) {
    let _ = Command::new("kill")
        .args([name, &child.id().to_string()])
        .stderr(Stdio::null())
        .status();
}

/// Ends a process in one of the ways, and waits for it.
fn end(mut child: Child, how: End) {
    match how {
        End::Killed => signal(&child, "-KILL"),
        End::Interrupted => signal(&child, "-INT"),
        End::Terminated => signal(&child, "-TERM"),
        End::GivesUp => {
            for _ in 0..3 {
                signal(&child, "-INT");
                std::thread::sleep(Duration::from_millis(30));
            }
        }
    }
    child.wait().expect("child");
}

/// What came of many kills.
#[derive(Debug, Default)]
struct Toll {
    kills: u32,
    by: BTreeMap<End, u32>,
    /// Something was there to be undone.
    undone: u32,
    /// Restores that were killed as well, and tried again.
    restores_killed: u32,
    /// The state was another one after the restore, which had not said so.
    harmed: Vec<String>,
    /// It was, and the restore had said so (exit code 6 or 3).
    owned_up: Vec<String>,
    acted: u64,
}

fn kill(seed: u64, kills: u32) -> Toll {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut toll = Toll::default();
    let mut scene = Scene::new();
    let before = scene.controller.holds();
    let whole = scene.folder.path().join("whole.jsonl");
    let first = format!("1/{SHARES}");
    let words = ["--journal", "whole.jsonl", "--shard", &first];
    let child = scene.command("run", &words).spawn().expect("starts");
    until_begun(&whole);
    let started = Instant::now();
    let output = child.wait_with_output().expect("runs");
    let length = started.elapsed();
    let (code, said) = (
        output.status.code(),
        [output.stdout, output.stderr].concat(),
    );
    let said = String::from_utf8_lossy(&said);
    assert_eq!(scene.controller.holds(), before, "{code:?} {said}");
    assert!(scene.controller.created() > 3, "{said}");
    // A share of a plan does not judge every operation.
    assert!(matches!(code, Some(0 | 3)), "{code:?} {said}");
    println!("a share takes {length:.1?} from its first request on");
    for n in 0..kills {
        let journal = format!("{n}.jsonl");
        let quiet = |mut command: Command| {
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().expect("starts")
        };
        // A share of the plan each time: more of the moments at which something begins or ends.
        let share = format!("{}/{SHARES}", random.random_range(1..=SHARES));
        let child = quiet(scene.command("run", &["--journal", &journal, "--shard", &share]));
        until_begun(&scene.folder.path().join(&journal));
        std::thread::sleep(length.mul_f64(random.random_range(0.0..1.2)));
        let how = match random.random_range(0..8) {
            0..4 => End::Killed,
            4..6 => End::Interrupted,
            6 => End::Terminated,
            _ => End::GivesUp,
        };
        end(child, how);
        toll.kills += 1;
        if toll.kills % 25 == 0 {
            println!(
                "{} kills: {} harmed, {} left something",
                n,
                toll.harmed.len(),
                toll.undone
            );
        }
        *toll.by.entry(how).or_default() += 1;
        let left = scene.controller.holds() != before;
        toll.undone += u32::from(left);
        let path = scene.folder.path().join(&journal);
        let begun = std::fs::metadata(&path).is_ok_and(|about| about.len() > 0);
        let restore = ["--journal", journal.as_str()];
        if begun && random.random_range(0..4) == 0 {
            let child = quiet(scene.command("restore", &restore));
            std::thread::sleep(Duration::from_millis(random.random_range(0..800)));
            end(child, End::Killed);
            toll.restores_killed += 1;
        }
        // A restore that had come to its end has put the journal away.
        let (code, said) = match path.exists() && begun {
            true => scene.run("restore", &restore),
            false => (Some(0), String::new()),
        };
        let after = scene.controller.holds();
        if after != before || code != Some(0) {
            let told = format!(
                "kill {n}, {how:?}: {code:?}\n{}\n{said}",
                differences(&before, &after)
            );
            match (after == before, code) {
                (false, Some(3 | 6)) => toll.owned_up.push(told),
                _ => toll.harmed.push(told),
            }
            toll.acted += scene.controller.acted();
            if let Ok(folder) = std::env::var("PROBITY_KEEP") {
                let kept = Path::new(&folder).join(&journal);
                let _ = std::fs::copy(&path, kept);
            }
            scene = Scene::new();
        }
    }
    toll.acted += scene.controller.acted();
    for told in toll.harmed.iter().chain(&toll.owned_up) {
        println!("{told}");
    }
    println!(
        "{} kills {:?}, {} left something, {} restores killed: {} harmed, {} owned up, acted {}",
        toll.kills,
        toll.by,
        toll.undone,
        toll.restores_killed,
        toll.harmed.len(),
        toll.owned_up.len(),
        toll.acted
    );
    toll
}

fn differences(before: &Value, after: &Value) -> String {
    let parts = ["zones", "network", "display"].map(|part| {
        let (before, after) = (&before[part], &after[part]);
        match before == after {
            true => String::new(),
            false => format!("  {part}: {before}\n    now: {after}\n"),
        }
    });
    parts.concat()
}

fn nothing_is_left(toll: &Toll) {
    assert_eq!(toll.acted, 0);
    assert!(toll.harmed.is_empty(), "{:#?}", toll.harmed);
    assert!(toll.owned_up.is_empty(), "{:#?}", toll.owned_up);
}

#[test]
fn an_unattended_job_removes_what_it_creates() {
    let scene = Scene::new();
    let before = scene.controller.holds();
    let words = ["--no-plan", "--requests", "400", "--shrink", "40"];
    let (code, said) = scene.run("fuzz", &words);
    assert_eq!(scene.controller.holds(), before, "{code:?} {said}");
    assert!(scene.controller.created() > 5, "{said}");
    assert_eq!(scene.controller.acted(), 0, "{said}");
    assert!(said.contains("if this run is killed"), "{said}");
    // Killed, it is undone by the journal that it keeps.
    let created = scene.controller.created();
    let mut child = scene.command("fuzz", &words).spawn().expect("starts");
    let end = Instant::now() + Duration::from_secs(120);
    while scene.controller.created() < created + 6 {
        assert!(Instant::now() < end, "nothing is created");
        assert!(matches!(child.try_wait(), Ok(None)), "it ended by itself");
        std::thread::sleep(Duration::from_millis(5));
    }
    self::end(child, End::Killed);
    let (code, said) = scene.run("restore", &[]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(scene.controller.holds(), before, "{said}");
}

#[test]
fn a_few_kills_leave_nothing() {
    let toll = kill(1, 3);
    nothing_is_left(&toll);
}

#[test]
#[ignore = "takes long: the figure of the closing note"]
fn five_hundred_kills_leave_nothing() {
    let kills = std::env::var("PROBITY_KILLS").ok();
    let kills = kills.and_then(|n| n.parse().ok()).unwrap_or(500);
    let threads: Vec<_> = (0..4)
        .map(|n| std::thread::spawn(move || kill(2 + n, kills / 4)))
        .collect();
    let tolls: Vec<Toll> = threads
        .into_iter()
        .map(|thread| thread.join().expect("kills"))
        .collect();
    for toll in tolls {
        nothing_is_left(&toll);
        assert!(toll.undone > 0, "no kill fell on anything");
    }
}
