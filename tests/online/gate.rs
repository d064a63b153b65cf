//! Release gating by the real binary over reports of real runs, and known-issue files through the
//! public interface.

use crate::small;

use probity::report::json;
use probity::run::known::{parse, render};
use probity::run::result::{Report, Shard};
use small::Scene;
use std::path::Path;

/// Exit code, stdout and stderr of `probity gate`.
fn gate(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_probity"))
        .arg("gate")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("gate");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// A report of a run against a mock with these faults.
fn report_of(faults: &[&str], name: &str, folder: &Path) -> Report {
    let scene = Scene::new(faults);
    let path = folder.join(name);
    let option = format!("json={}", path.display());
    let run = scene.command("run", &["--report", &option]).output();
    run.expect("runs");
    json::read(&std::fs::read(path).expect("report")).expect("reads")
}

fn save(report: &Report, path: &Path) {
    std::fs::write(path, json::render(report).expect("renders")).expect("writes");
}

#[test]
fn a_candidate_passes_or_is_held_back() {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    let broken = report_of(&["string-as-integer:port"], "broken.json", folder);
    let clean = report_of(&[], "clean.json", folder);
    let print = match broken.findings.as_slice() {
        [only] => only.fingerprint.clone(),
        other => panic!("{other:#?}"),
    };
    assert!(clean.findings.is_empty());

    // A first list is what the gate itself writes; a person gives reason and owner.
    let draft = ["broken.json", "--format", "known-issues"];
    let (code, draft, _) = gate(folder, &draft);
    assert_eq!(code, Some(1));
    std::fs::write(folder.join("draft.toml"), &draft).expect("writes");
    let filled = draft
        .replace("reason = \"\"", "reason = \"the parser of the vendor\"")
        .replace("owner = \"\"", "owner = \"ada@example.com\"");
    let until = |day: &str| filled.replace("\nsince = ", &format!("\nuntil = {day}\nsince = "));
    let since = filled.find("since = ").expect("dated") + "since = ".len();
    let early = format!("{}2020-01-01{}", &filled[..since], &filled[since + 10..]);
    let over = early.replace("\nsince = ", "\nuntil = 2020-02-01\nsince = ");
    for (name, text) in [
        ("known.toml", filled.as_str()),
        ("running.toml", &until("9999-12-31")),
        ("over.toml", &over),
        ("other.toml", &filled.replace(&print, "0123456789abcdef")),
        ("none.toml", "# nothing is known\n"),
    ] {
        std::fs::write(folder.join(name), text).expect("writes");
    }
    let edited = |name: &str, edit: &dyn Fn(&mut Report)| {
        let mut report = broken.clone();
        edit(&mut report);
        save(&report, &folder.join(name));
    };
    edited("lost.json", &|r| r.exit.code = 3);
    edited("changed.json", &|r| r.device.restored = Some(false));
    edited("flaky.json", &|r| {
        r.findings[0].kind = probity::judge::Kind::Flaky;
    });
    edited("share.json", &|r| {
        r.shard = Some(Shard {
            index: 2,
            of: 3,
            plan: "0".repeat(64),
        });
    });

    let known = ["--known-issues", "known.toml"];
    let table: [(&[&str], i32, &str); 17] = [
        (&["clean.json"], 0, "passed: no findings (exit code 0)"),
        (&["broken.json"], 1, "held back: 1 new, 0 known"),
        (&["broken.json", "clean.json"], 1, "1 new"),
        (
            &["broken.json", known[0], known[1]],
            0,
            "passed: no new findings, 1 known",
        ),
        (
            &["broken.json", known[0], "running.toml"],
            0,
            "until 9999-12-31",
        ),
        (
            &["broken.json", known[0], "over.toml"],
            1,
            "until 2020-02-01",
        ),
        (&["broken.json", known[0], "other.toml"], 1, "Not told"),
        (&["broken.json", known[0], "none.toml"], 1, "1 new"),
        (
            &["clean.json", known[0], known[1]],
            4,
            "1 known issue is no more",
        ),
        // Another device still shows it.
        (
            &["clean.json", "broken.json", known[0], known[1]],
            0,
            "1 known",
        ),
        (
            &["broken.json", "--baseline", "broken.json"],
            0,
            "in the baseline",
        ),
        (&["broken.json", "--baseline", "clean.json"], 1, "1 new"),
        (&["flaky.json"], 5, "0 new, 1 flaky"),
        (&["flaky.json", "broken.json"], 1, "1 new, 0 known"),
        (
            &["lost.json", known[0], known[1]],
            3,
            "held back: lost.json: ",
        ),
        (
            &["clean.json", "lost.json", "changed.json"],
            6,
            "held back: changed.json: ",
        ),
        (&["share.json"], 2, "share.json: it is shard 2/3 of a plan"),
    ];
    for (arguments, want, says) in table {
        let (code, out, err) = gate(folder, arguments);
        assert_eq!(code, Some(want), "{arguments:?}\n{out}{err}");
        assert!(
            format!("{out}{err}").contains(says),
            "{arguments:?}\n{out}{err}"
        );
    }

    // Whoever owns it is named, with the place in the file.
    let (_, out, _) = gate(folder, &["broken.json", known[0], known[1]]);
    assert!(
        out.contains("ada@example.com: the parser of the vendor, since 20"),
        "{out}"
    );
    assert!(out.contains("(known.toml:1)"), "{out}");
    let (_, out, _) = gate(
        folder,
        &["broken.json", known[0], known[1], "--format", "json"],
    );
    let out: serde_json::Value = serde_json::from_str(&out).expect("json");
    assert_eq!(out["exit"]["code"], 0);
    assert_eq!(out["new"], serde_json::json!([]));
    assert_eq!(out["known"][0]["fingerprint"], print.as_str());
    assert_eq!(out["known"][0]["issue"]["owner"], "ada@example.com");
    assert_eq!(out["known"][0]["reports"][0], "broken.json");

    // What stands in the list already is not drafted again.
    let (code, out, _) = gate(
        folder,
        &[
            "broken.json",
            known[0],
            "over.toml",
            "--format",
            "known-issues",
        ],
    );
    assert_eq!((code, out.as_str()), (Some(1), ""));
    let (code, _, err) = gate(folder, &["broken.json", known[0], "draft.toml"]);
    assert_eq!(code, Some(2), "{err}");
    assert!(
        err.contains(&format!(
            "draft.toml: line 1: issue {print}: `reason` is empty"
        )),
        "{err}"
    );
    let (code, _, err) = gate(folder, &["broken.json", known[0], "absent.toml"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("--known-issues absent.toml: "), "{err}");
}

const ENTRY: &str = r#"[[issue]]
fingerprint = "3f0c9a1d5e77b210"
promise = "setSettings.body.port.type"
reason = "known to the vendor"
owner = "ada"
since = 2026-11-26
"#;

#[test]
fn known_issue_files_are_read_or_refused_by_line() {
    let entry = |from: &str, to: &str| {
        assert!(ENTRY.contains(from), "{from}");
        format!("# kept by QA\n{}", ENTRY.replace(from, to))
    };
    let table = [
        (
            format!("{ENTRY}\n# twice\n{ENTRY}"),
            9,
            "issue 3f0c9a1d5e77b210: listed already on line 1",
        ),
        (
            entry("b210", "B210"),
            2,
            "is not 16 lower-case hexadecimal digits",
        ),
        (
            entry("b210", "b21"),
            2,
            "fingerprint \"3f0c9a1d5e77b21\" is not 16",
        ),
        (entry("owner = \"ada\"\n", ""), 2, "missing field `owner`"),
        (entry("\"ada\"", "\" \""), 2, "`owner` is empty"),
        (entry("known to the vendor", ""), 2, "`reason` is empty"),
        (
            entry("setSettings.body.port.type", "\\t"),
            2,
            "`promise` is empty",
        ),
        (entry("owner", "Owner"), 6, "unknown field `Owner`"),
        (
            entry("2026-11-26", "\"2026-11-26\""),
            7,
            "expected a TOML datetime",
        ),
        (
            entry("2026-11-26", "2026-11-26T12:00:00Z"),
            7,
            "is not a day such as 2026-11-26",
        ),
        (
            entry("2026-11-26", "12:00:00"),
            7,
            "is not a day such as 2026-11-26",
        ),
        (entry("2026-11-26", "2026-11-31"), 7, "day"),
        (
            entry("2026-11-26", "2026-11-26\nuntil = 2026-11-25"),
            2,
            "`until` 2026-11-25 lies before `since` 2026-11-26",
        ),
        (
            entry("[[issue]]", "[[issues]]"),
            2,
            "unknown field `issues`",
        ),
        (entry("[[issue]]", "[issue]"), 2, "invalid type"),
        (entry("owner = \"ada\"", "owner = ada"), 6, "string"),
        (
            entry("owner = \"ada\"", "owner = 7"),
            6,
            "invalid type: integer `7`",
        ),
    ];
    for (text, line, says) in table {
        let error = parse(&text).expect_err(&text);
        assert_eq!(error.line, line, "{error}\n{text}");
        assert!(error.reason.contains(says), "{error}\n{text}");
    }
    assert_eq!(parse(""), Ok(Vec::new()));
    let full = ENTRY.replace(
        "since = 2026-11-26\n",
        "title = 'takes \"80\"'\nsince = 2026-11-26\nuntil = 2027-02-28\nticket = \"FW-1234\"\n",
    );
    let file = format!("# ours\n\n{full}\n{}", ENTRY.replace("3f0c", "0000"));
    let entries = parse(&file).expect("reads");
    let lines: Vec<usize> = entries.iter().map(|e| e.line).collect();
    assert_eq!(lines, [3, 13]);
    let written = render(entries.iter().map(|e| &e.issue)).expect("writes");
    let again = parse(&written).expect("reads again");
    let issues = |all: &[probity::run::known::Entry]| -> Vec<_> {
        all.iter().map(|e| e.issue.clone()).collect()
    };
    assert_eq!(issues(&again), issues(&entries));
    insta::assert_snapshot!(written);
}

/// `probity diff` over reports of real runs.
#[test]
fn two_firmwares_differ_by_what_was_planted() {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    report_of(&["string-as-integer:port"], "old.json", folder);
    report_of(&[], "new.json", folder);
    for (arguments, want, part) in [
        (["old.json", "new.json"], 0, "0 new, 1 gone, 0 still there"),
        (["new.json", "old.json"], 1, "1 new, 0 gone, 0 still there"),
        (["old.json", "old.json"], 0, "0 new, 0 gone, 1 still there"),
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_probity"))
            .arg("diff")
            .args(arguments)
            .current_dir(folder)
            .output()
            .expect("diff");
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(want), "{arguments:?}: {text}");
        assert!(text.contains(part), "{arguments:?}: {text}");
    }
}
