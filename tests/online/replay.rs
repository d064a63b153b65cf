//! Findings of a report sent again by the real binary: still failing on the same device, fixed on
//! one that keeps the promise, could not tell where nobody answers.

use crate::support;

use assert_cmd::Command;
use probity::mock;
use probity::report::{Format, write};
use probity::run::result::Report;
use std::path::Path;
use support::Suite;

fn replay(report: &Path, target: &str, more: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("probity")
        .expect("binary")
        .arg("replay")
        .arg(report)
        .args(["--target", target, "--username", "admin"])
        .args(["--password-env", "PROBITY_TEST_PASSWORD", "--timeout", "2s"])
        .args(more)
        .env("PROBITY_TEST_PASSWORD", "123456")
        .env("XDG_STATE_HOME", report.with_extension("state"))
        .output()
        .expect("runs");
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

fn saved(report: &Report, folder: &Path) -> std::path::PathBuf {
    let path = folder.join("report.json");
    let mut file = std::fs::File::create(&path).expect("file");
    write(report, Format::Json, &mut file).expect("report is written");
    path
}

#[test]
fn a_finding_is_still_there_until_it_is_fixed() {
    let suite = Suite::embedded();
    // One fault of each way to see it: the answer, the state after it, the life of the device,
    // the session, the credentials, the bytes on the wire.
    let faults = [
        "string-as-integer:stun.port",
        "not-stored:user",
        "refusal-stores-all",
        "array-crash",
        "refusal-ends-session",
        "token-prefix",
        "double-answer",
    ];
    // Most of it is waiting.
    std::thread::scope(|scope| {
        for fault in faults {
            let suite = &suite;
            scope.spawn(move || is_replayed(suite, fault));
        }
    });
}

fn is_replayed(suite: &Suite, fault: &str) {
    let folder = tempfile::tempdir().expect("folder");
    let config = suite.mock().with_faults([fault.to_owned()]);
    let outcome = suite.run(config.clone(), &mut ());
    assert!(!outcome.report.findings.is_empty(), "{fault}: no finding");
    let path = saved(&outcome.report, folder.path());
    let first = outcome.report.findings[0].fingerprint.clone();

    let faulty = mock::spawn(config).expect("mock");
    let target = format!("http://{}", faulty.addr());
    let (code, out, err) = replay(&path, &target, &[&first]);
    assert!(
        out.contains(&format!("{first}  still failing")),
        "{fault}: {out}{err}"
    );
    // Settings whose secret cannot be put back may speak first.
    assert!([1, 6].contains(&code), "{fault}: {code} {out}{err}");
    faulty.stop();

    let clean = mock::spawn(suite.mock()).expect("mock");
    let target = format!("http://{}", clean.addr());
    let (_, out, err) = replay(&path, &target, &[&first]);
    assert!(
        out.contains(&format!("{first}  fixed")),
        "{fault}: {out}{err}"
    );
    clean.stop();
}

#[test]
fn what_cannot_be_told_is_not_called_fixed() {
    let suite = Suite::embedded();
    let folder = tempfile::tempdir().expect("folder");
    let config = suite
        .mock()
        .with_faults(["string-as-integer:stun.port".to_owned()]);
    let path = saved(&suite.run(config, &mut ()).report, folder.path());
    // A port that nobody listens on any more.
    let gone = mock::spawn(suite.mock()).expect("mock");
    let target = format!("http://{}", gone.addr());
    gone.stop();
    let (code, _, err) = replay(&path, &target, &[]);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("could not tell"), "{err}");
}

#[test]
fn bad_input_is_named() {
    let folder = tempfile::tempdir().expect("folder");
    let suite = Suite::embedded();
    let config = suite.mock().with_faults(["error-422".to_owned()]);
    let report = suite.run(config, &mut ()).report;
    let path = saved(&report, folder.path());
    let (code, _, err) = replay(&path, "http://127.0.0.1:1", &["ffffnone"]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("no finding ffffnone"), "{err}");

    let broken = folder.path().join("broken.json");
    std::fs::write(&broken, "{\"schema\": 1").expect("file");
    let (code, _, err) = replay(&broken, "http://127.0.0.1:1", &[]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("broken.json"), "{err}");

    let mut foreign = report;
    foreign.contract.sha256 = "0".repeat(64);
    let path = saved(&foreign, folder.path());
    let (code, _, err) = replay(&path, "http://127.0.0.1:1", &[]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("made from contract"), "{err}");
}
