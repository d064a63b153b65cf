//! Readers that go away (`| head`, `| true`) and places that take nothing (`/dev/full`), under every
//! command that prints. A reader that has seen enough changes nothing: the exit code is that of the
//! whole output, and nothing panics. What cannot be written is an error, said once, and no panic.

use crate::process::{self, Ended, probity, start};
use crate::small::Scene;
use std::fs::OpenOptions;
use std::process::{Command, Stdio};

/// Commands that need nothing but the embedded contract.
const OFFLINE: [&str; 18] = [
    "lint",
    "lint --pedantic",
    "lint --format json",
    "lint --report sarif=-",
    "plan",
    "plan --format json",
    "pattern",
    "pattern --json",
    "pattern --matrix",
    "pattern --batch lines",
    "explain accepts-invalid",
    "explain 3",
    "init",
    "mock --list-faults",
    "mock --list-choices",
    "mock --list-readings",
    "completions bash",
    "completions zsh",
];
/// Of reports; `report.json` has findings, `shard.json` is a shard.
const REPORTS: [&str; 9] = [
    "gate report.json",
    "gate report.json --format json",
    "gate report.json --format known-issues",
    "diff report.json report.json",
    "diff report.json report.json --format json",
    "merge shard.json",
    "merge shard.json --report json=-",
    "merge shard.json --report junit=-",
    "merge report.json",
];
/// On a device.
const DEVICE: [&str; 7] = [
    "check",
    "run --quiet",
    "run --verbose",
    "run --report json=-",
    "run --report junit=-",
    "fuzz --requests 150 --shrink 10 --no-plan",
    "replay report.json",
];

const FAULTS: [&str; 1] = ["string-as-integer:port"];

fn scene() -> Scene {
    let scene = Scene::new(&FAULTS);
    let folder = scene.folder.path().to_owned();
    for (name, more) in [
        ("report.json", vec![]),
        ("shard.json", vec!["--shard", "1/1"]),
    ] {
        let target = format!("json={name}");
        let arguments = [&["--quiet", "--report", &target][..], &more].concat();
        let mut command = scene.command("run", &arguments);
        process::settled(&mut command, &folder);
        let made = process::ended(&mut command);
        assert_eq!(made.code, Some(1), "{}", made.text());
    }
    std::fs::write(folder.join("lines"), "{\"pattern\": \"^a+$\"}\n{}\n").expect("lines");
    scene
}

/// A device of its own for a row that sends, as it was at the start: what another row sends there
/// would be seen. Also the files of `scene`.
fn fresh(scene: &Scene, row: &str) -> Option<Scene> {
    DEVICE.contains(&row).then(|| {
        let fresh = Scene::new(&FAULTS);
        std::fs::copy(scene.path("report.json"), fresh.path("report.json")).expect("copies");
        fresh
    })
}

fn command(scene: &Scene, row: &str) -> Command {
    let mut words = row.split_whitespace();
    let name = words.next().expect("a command");
    let rest: Vec<&str> = words.collect();
    let mut command = match DEVICE.contains(&row) {
        true => scene.command(name, &rest),
        false => probity(row, scene.folder.path()),
    };
    process::settled(&mut command, scene.folder.path());
    command
}

fn rows() -> Vec<&'static str> {
    [&OFFLINE[..], &REPORTS, &DEVICE].concat()
}

/// Runs it with a stdout whose reader is gone before the first octet.
fn closed(command: &mut Command) -> Ended {
    let (reader, writer) = std::io::pipe().expect("pipe");
    drop(reader);
    let child = command.stdout(writer).stderr(Stdio::piped()).spawn();
    let ended = process::wait(child.expect("starts"));
    command.stdout(Stdio::null());
    ended
}

#[test]
fn a_reader_that_goes_away_does_not_change_the_verdict() {
    let scene = scene();
    let failed = process::failures(&rows(), |row| {
        let (own, other) = (fresh(&scene, row), fresh(&scene, row));
        let whole = process::ended(&mut command(own.as_ref().unwrap_or(&scene), row));
        if let Some(why) = whole.disorder() {
            return Err(format!("{row}, read to its end: {why}"));
        }
        if whole.stdout.is_empty() && *row != "merge report.json" {
            return Err(format!("{row}: it prints nothing, so nothing is tested"));
        }
        let cut = closed(&mut command(other.as_ref().unwrap_or(&scene), row));
        match cut.code == whole.code && cut.disorder().is_none() {
            true => Ok(()),
            false => Err(format!(
                "{row}: {:?}, not {:?}: {}",
                cut.code,
                whole.code,
                start(&cut.text())
            )),
        }
    });
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn a_closed_stderr_does_not_change_the_verdict() {
    let scene = scene();
    let rows = [&REPORTS[..], &DEVICE].concat();
    let failed = process::failures(&rows, |row| {
        let (own, other) = (fresh(&scene, row), fresh(&scene, row));
        let whole = process::ended(&mut command(own.as_ref().unwrap_or(&scene), row));
        let (reader, writer) = std::io::pipe().expect("pipe");
        drop(reader);
        let child = command(other.as_ref().unwrap_or(&scene), row)
            .stdout(Stdio::piped())
            .stderr(writer)
            .spawn();
        let cut = process::wait(child.expect("starts"));
        match cut.code == whole.code && cut.disorder().is_none() {
            true => Ok(()),
            false => Err(format!("{row}: {:?}, not {:?}", cut.code, whole.code)),
        }
    });
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn a_full_disk_behind_stdout_is_said_and_no_panic() {
    let full = || OpenOptions::new().write(true).open("/dev/full");
    if full().is_err() {
        println!("skipped: this machine has no /dev/full");
        return;
    }
    let scene = scene();
    let failed = process::failures(&rows(), |row| {
        let own = fresh(&scene, row);
        let child = command(own.as_ref().unwrap_or(&scene), row)
            .stdout(full().expect("/dev/full"))
            .stderr(Stdio::piped())
            .spawn();
        let ended = process::wait(child.expect("starts"));
        match ended.disorder() {
            Some(why) => Err(format!("{row}: {why}")),
            None if ended.code == Some(0) => Err(format!("{row}: 0, and nothing was written")),
            None => Ok(()),
        }
    });
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn what_goes_to_files_is_written_though_nobody_reads() {
    let scene = scene();
    let folder = scene.folder.path();
    for (name, more) in [("run", &[][..]), ("fuzz", &["--requests", "150"][..])] {
        let report = format!("json={name}.json");
        let arguments = [
            &[
                "--report",
                &report,
                "--report",
                "text=-",
                "--snapshots",
                name,
            ][..],
            more,
        ]
        .concat();
        let mut command = scene.command(name, &arguments);
        process::settled(&mut command, folder);
        let ended = closed(&mut command);
        assert_eq!(ended.code, Some(1), "{name}: {}", ended.text());
        let written = std::fs::read(folder.join(format!("{name}.json"))).expect("report");
        probity::report::json::read(&written).expect("report reads");
        let snapshots = std::fs::read_dir(folder.join(name))
            .expect("snapshots")
            .count();
        assert!(snapshots > 0, "{name}");
    }
}
