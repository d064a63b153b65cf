//! `probity diff`: two reports, by the real program.

use crate::report_sample;

use probity::judge::Kind;
use probity::report::json::render;
use probity::run::result::{OperationState, Report, SCHEMA_ID_1, Shard, Status};
use report_sample::{everyday, nasty};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

fn save(folder: &Path, name: &str, report: &Report) {
    std::fs::write(folder.join(name), render(report).expect("renders")).expect("writes");
}

/// Exit code, stdout, stderr.
fn diff(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_probity"))
        .arg("diff")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// What the next firmware leaves: one finding is fixed, one is not shown any more, one is new.
fn next() -> Report {
    let mut report = everyday();
    report.device.firmware = Some("2.7.0".to_owned());
    report.started_at = "2026-11-24T09:00:00Z".to_owned();
    let mut fresh = report.findings[1].clone();
    fresh.fingerprint = "3333333333333333".to_owned();
    fresh.instance = "3333333333333330".to_owned();
    fresh.promise = "setDoor.body.required".into();
    fresh.title = "no body: accepted".to_owned();
    let auth = report.findings[0].clone();
    report.findings = vec![auth, fresh];
    for promise in &mut report.promises {
        promise.status = match promise.id.as_str() {
            "setDoor.body.required" => Status::Broken,
            "setDoor.body.name.maxLength" => Status::Kept,
            _ => promise.status,
        };
    }
    report.operations[1].state = OperationState::NotJudged;
    report.operations[1].reason = Some("401 to every request".to_owned());
    report
}

/// As version 1 wrote it.
fn version_1(report: &Report) -> String {
    let mut value: Value = serde_json::from_str(&render(report).expect("renders")).expect("JSON");
    let root = value.as_object_mut().expect("an object");
    root.insert("schema".to_owned(), SCHEMA_ID_1.into());
    root.remove("operations");
    root.remove("floor");
    for finding in root["findings"].as_array_mut().expect("findings") {
        let finding = finding.as_object_mut().expect("a finding");
        let print = finding["instance"].clone();
        finding.insert("fingerprint".to_owned(), print);
        for name in [
            "operations",
            "symptom",
            "example",
            "instance",
            "shown",
            "members",
        ] {
            finding.remove(name);
        }
    }
    value.to_string()
}

#[test]
fn firmware_against_firmware() {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    save(folder, "old.json", &everyday());
    save(folder, "new.json", &next());
    let (code, text, err) = diff(folder, &["old.json", "new.json"]);
    assert_eq!(code, Some(1), "{err}");
    insta::assert_snapshot!("text", text);
    let (code, json, _) = diff(folder, &["old.json", "new.json", "--format", "json"]);
    assert_eq!(code, Some(1));
    insta::assert_snapshot!("json", json);
}

/// What the table is about.
fn files(folder: &Path) {
    save(folder, "old.json", &everyday());
    save(folder, "new.json", &next());
    save(folder, "nasty.json", &nasty());
    let edited = |name: &str, edit: &dyn Fn(&mut Report)| {
        let mut report = everyday();
        edit(&mut report);
        save(folder, name, &report);
    };
    edited("other.json", &|r| r.contract.sha256 = "cd".repeat(32));
    edited("hash.json", &|r| r.contract.sha256 = "é漢".to_owned());
    edited("lost.json", &|r| r.exit.code = 3);
    edited("none.json", &|r| r.findings.clear());
    edited("flaky.json", &|r| {
        r.findings.retain(|f| f.kind == Kind::Flaky);
        r.findings[0].fingerprint = "4444444444444444".to_owned();
    });
    edited("share.json", &|r| {
        r.shard = Some(Shard {
            index: 2,
            of: 3,
            plan: "0".repeat(64),
        });
    });
    for (name, text) in [
        ("v1.json", version_1(&everyday())),
        ("text.json", "no report".to_owned()),
    ] {
        std::fs::write(folder.join(name), text).expect("writes");
    }
}

/// Arguments, exit code, part of what is printed. Version 1 knew cases, not causes.
const TABLE: &str = "\
old.json old.json | 0 | 0 new, 0 gone, 3 still there
old.json none.json | 0 | 0 new, 0 gone, 0 still there, 3 not told
none.json old.json | 1 | 3 new
none.json flaky.json | 5 | 1 new
old.json lost.json | 3 | the new report: 2 promises are broken
lost.json old.json | 0 | 3 still there
v1.json old.json | 0 | v1.json does not say how far operations
old.json v1.json | 0 | 3 still there
v1.json new.json | 1 | 1 new, 1 gone, 1 still there, 1 not told
old.json other.json | 2 | of different contracts: door (abababababab…) and door
old.json hash.json | 2 | (é漢…)
old.json other.json --across-contracts | 0 | note: the contracts differ
old.json share.json | 2 | share.json: it is shard 2/3
share.json old.json | 2 | probity merge
old.json nothing.json | 2 | nothing.json: No such file
old.json text.json | 2 | text.json: line 1, column
old.json nasty.json | 1 | \\u{1b}[2J
nasty.json old.json | 1 | \\u{1b}[2J";

#[test]
fn exit_codes_and_refusals() {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    files(folder);
    for row in TABLE.lines() {
        let mut cells = row.splitn(3, " | ");
        let mut cell = || cells.next().expect("a cell");
        let arguments: Vec<&str> = cell().split(' ').collect();
        let want: i32 = cell().parse().expect("an exit code");
        let (code, out, err) = diff(folder, &arguments);
        assert_eq!(code, Some(want), "{row}: {out}{err}");
        let all = format!("{out}{err}");
        assert!(all.contains(cell()), "{row}: {all}");
        let wild = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!all.contains(wild), "{row}: {all:?}");
        let json = [&arguments[..], &["--format", "json"]].concat();
        let (json_code, json, _) = diff(folder, &json);
        assert_eq!(json_code, code, "{row}");
        assert!(code == Some(2) || serde_json::from_str::<Value>(&json).is_ok());
    }
}
