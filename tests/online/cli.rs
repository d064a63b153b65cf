//! The real binary as its users start it: what a wrong word on the command line gets, and how
//! signals end a job.

use crate::small;

use assert_cmd::Command;
use probity::report::json;
use small::Scene;
use std::io::{BufRead as _, BufReader};
use std::time::{Duration, Instant};

/// In a folder with some files of no use: exit code and stderr.
fn probity(arguments: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("folder");
    for (name, content) in [
        ("rate.toml", "[limits]\nrate = -1.0\n"),
        ("timeout.toml", "[limits]\ntimeout-ms = 0\n"),
        ("unknown.toml", "frobnicate = 1\n"),
        ("read-back.toml", "[read-back.setNope]\npath = \"/x\"\n"),
        (
            "login.toml",
            "[login]\npath = \"login\"\ntoken = \"/token\"\n",
        ),
        (
            "token.toml",
            "[login]\npath = \"/login\"\ntoken = \"token\"\n",
        ),
        ("deny.toml", "deny = [\"[a\"]\n"),
        ("file", "no folder, no PEM\n"),
    ] {
        std::fs::write(folder.path().join(name), content).expect("file");
    }
    let output = Command::cargo_bin("probity")
        .expect("binary")
        .args(arguments)
        .current_dir(folder.path())
        .env("PW", "secret-of-the-test")
        .env("EMPTY", "")
        .env_remove("NOPE")
        .timeout(Duration::from_secs(60))
        .output()
        .expect("runs");
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn what_is_wrong_is_named_before_anything_is_sent() {
    let table: &[(&str, &str)] = &[
        (
            "run --report json=none/x.json",
            "--report json=none/x.json: there is no folder none",
        ),
        ("run --report json=.", "--report json=.: is a folder"),
        (
            "run --report json=- --report text=-",
            "another report goes there too",
        ),
        (
            "run --reproducers file/x",
            "--reproducers file/x: file is a file, not a folder",
        ),
        (
            "fuzz --requests 9 --report junit=none/x",
            "--report junit=none/x",
        ),
        (
            "fuzz --requests 9 --corpus file",
            "--corpus file: file is a file, not a folder",
        ),
        (
            "merge a.json --report json=none/x",
            "there is no folder none",
        ),
        ("run --timeout 0s", "`0s` is not between 1ms and 24h"),
        ("run --timeout -1s", "`-1s` is negative"),
        ("run --rate -3", "`-3` is not a rate"),
        ("run --rate 1e-300/s", "is not a rate"),
        ("run --shard 0/4", "`0/4` is not a shard"),
        ("run --only [a", "--only <PROMISE-GLOB>"),
        ("plan --only nope", "--only: no case tests a promise"),
        (
            "fuzz --requests 9 --only nope",
            "--only: no case tests a promise",
        ),
        (
            "run --device rate.toml",
            "--profile rate.toml: [limits] rate: -1",
        ),
        ("run --device timeout.toml", "[limits] timeout-ms"),
        ("run --device unknown.toml", "unknown field `frobnicate`"),
        (
            "run --device read-back.toml",
            "no operation setNope; it has setSipSettings",
        ),
        (
            "run --device login.toml",
            "[login] path: \"login\" is no path",
        ),
        ("run --device token.toml", "write \"/token\""),
        ("plan --device deny.toml", "--profile deny.toml: deny:"),
        (
            "run --target http://127.0.0.1:1 --token-env NOPE",
            "--token-env NOPE: there is no such",
        ),
        (
            "run --target http://127.0.0.1:1 --token-env EMPTY",
            "--token-env EMPTY: the environment variable is empty",
        ),
        (
            "run --target ftp://127.0.0.1 --token-env PW",
            "http:// or https://",
        ),
        ("run --ca-file file", "--ca-file file: no certificate in it"),
        ("run --ca-file none", "--ca-file none: No such file"),
        (
            "run --client-cert file",
            "--client-cert file: no certificate in it",
        ),
        (
            "mock --fault nope --listen 127.0.0.1:0",
            "probity: no fault `nope`",
        ),
    ];
    for (line, want) in table {
        let arguments: Vec<&str> = line.split(' ').collect();
        let (code, err) = probity(&arguments);
        assert_eq!(code, Some(2), "{line}: {err}");
        assert!(err.contains(want), "{line}: {err}");
    }
}

#[cfg(unix)]
#[test]
fn a_secret_that_cannot_be_read_is_not_shown() {
    use std::os::unix::ffi::OsStrExt as _;
    let output = Command::cargo_bin("probity")
        .expect("binary")
        .args([
            "run",
            "--target",
            "http://127.0.0.1:1",
            "--token-env",
            "TOKEN",
        ])
        .env("TOKEN", std::ffi::OsStr::from_bytes(b"hunter2\xff"))
        .output()
        .expect("runs");
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        err.contains("--token-env TOKEN") && !err.contains("hunter2"),
        "{err}"
    );
}

#[cfg(unix)]
#[test]
fn every_signal_puts_the_settings_back() {
    // Most of it is waiting.
    std::thread::scope(|scope| {
        for (job, more, signal, word) in [
            ("run", &["--rate", "40/s"][..], "TERM", "terminated"),
            ("run", &["--rate", "40/s"], "HUP", "hung up"),
            ("run", &["--rate", "40/s"], "INT", "interrupted"),
            (
                "fuzz",
                &[
                    "--rate",
                    "40/s",
                    "--no-plan",
                    "--requests",
                    "9999",
                    "--journal",
                    JOURNAL,
                ],
                "TERM",
                "terminated",
            ),
        ] {
            scope.spawn(move || puts_the_settings_back(job, more, signal, word));
        }
    });
}

const JOURNAL: &str = "night.jsonl";

#[cfg(unix)]
fn puts_the_settings_back(job: &str, more: &[&str], signal: &str, word: &str) {
    let scene = Scene::new(&[]);
    let mut child = scene
        .command(job, more)
        .args(["--verbose", "--report", "json=report.json"])
        .spawn()
        .expect("starts");
    let mut err = BufReader::new(child.stderr.take().expect("stderr"));
    // Under way, as soon as it says anything; a few requests later there is something to undo.
    let mut text = String::new();
    if job == "run" {
        while !text.contains("  ok  ") && err.read_line(&mut text).expect("stderr") > 0 {}
    } else {
        // Some dozens of requests have been answered.
        let journal = scene.path(JOURNAL);
        let length = || std::fs::metadata(&journal).map_or(0, |file| file.len());
        let end = Instant::now() + Duration::from_secs(60);
        while length() < 4_000 {
            assert!(Instant::now() < end, "nothing is sent");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    let pid = child.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-s", signal, &pid])
        .status();
    assert!(sent.expect("kill runs").success());
    std::io::Read::read_to_string(&mut err, &mut text).expect("stderr");
    let status = child.wait().expect("ends");
    // A run that was broken off is no success, whatever was judged by then; a night goes on for as
    // long as somebody lets it.
    let code = status.code().expect("ends by itself");
    let codes: &[i32] = if job == "run" { &[3] } else { &[0, 3] };
    assert!(codes.contains(&code), "{job} {signal}: {code} {text}");
    assert!(text.contains(word), "{job} {signal}: {text}");
    let bytes = std::fs::read(scene.path("report.json")).expect("report");
    let report = json::read(&bytes).expect("report reads");
    assert_eq!(report.device.restored, Some(true), "{job} {signal}");
    if job == "run" {
        assert!(
            report.exit.reason.ends_with("; interrupted"),
            "{}",
            report.exit.reason
        );
    }
}

#[test]
fn limits_of_the_profile_are_kept() {
    let scene = Scene::new(&[]);
    let profile = std::fs::read_to_string(scene.path("device.toml")).expect("profile");
    std::fs::write(
        scene.path("device.toml"),
        format!("{profile}[limits]\nwrites = 5\n"),
    )
    .expect("profile");
    let output = scene
        .command("run", &["--report", "json=report.json"])
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(0));
    let bytes = std::fs::read(scene.path("report.json")).expect("report");
    let report = json::read(&bytes).expect("report reads");
    assert!(
        report
            .notes
            .iter()
            .any(|n| n.contains("the limit of writes")),
        "{:?}",
        report.notes
    );
    let whole = Scene::new(&[]);
    let output = whole
        .command("run", &["--report", "json=report.json"])
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(0));
    let bytes = std::fs::read(whole.path("report.json")).expect("report");
    let all = json::read(&bytes).expect("report reads");
    assert!(report.requests.sent < all.requests.sent);
}
