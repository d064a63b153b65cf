//! Snapshots of error answers over several firmwares, reviewed by the real `cargo insta` where it
//! is installed.
#![allow(missing_docs)]

use probity::report::snapshots::{Class, SnapshotError, Snapshots, Summary};
use std::path::Path;
use std::process::Command;

const MISSING: &str =
    "400 application/json\n{\n  \"error\": \"Wrong JSON body: no value for `{param}`\"\n}";

fn class(fault: &str, status: u16) -> Class {
    Class {
        operation: "setDoor".to_owned(),
        fault: fault.to_owned(),
        status,
    }
}

/// Whether insta leaves what is new for review: a developer who accepts everything at once
/// (`INSTA_UPDATE=always`) accepts the answers of these tests too.
fn reviewed() -> bool {
    let update = std::env::var("INSTA_UPDATE").unwrap_or_default();
    let reviewed = matches!(update.as_str(), "" | "new");
    if !reviewed {
        println!("skipped: INSTA_UPDATE={update}");
    }
    reviewed
}

/// One run that sees these answers.
fn run(folder: &Path, answers: &[(Class, &str)]) -> Summary {
    let mut snapshots = Snapshots::open(folder).unwrap();
    for (class, text) in answers {
        snapshots.observe(class.clone(), text);
    }
    snapshots.finish().unwrap()
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|n| n != "Cargo.lock")
        .collect();
    names.sort();
    names
}

/// `cargo insta VERB` in the folder; where it is not installed, what it does, by hand.
fn cargo_insta(verb: &str, folder: &Path) {
    let done = Command::new("cargo")
        .args(["insta", verb])
        .current_dir(folder)
        .env_remove("INSTA_PENDING_DIR")
        .output();
    if let Ok(output) = &done
        && output.status.success()
    {
        return;
    }
    println!("cargo-insta is not there: {verb} by hand");
    for name in files(folder) {
        if let Some(target) = name.strip_suffix(".new") {
            match verb {
                "accept" => std::fs::rename(folder.join(&name), folder.join(target)).unwrap(),
                _ => std::fs::remove_file(folder.join(&name)).unwrap(),
            }
        }
    }
}

#[test]
fn a_firmware_that_answers_otherwise_waits_for_review() {
    if !reviewed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("made/on demand");
    let first = [
        (class("missing", 400), MISSING),
        (class("not-json", 400), "400\nno"),
    ];

    let summary = run(&folder, &first);
    assert_eq!(summary.new, ["setDoor.missing.400", "setDoor.not-json.400"]);
    assert_eq!(
        (
            summary.matched.len(),
            summary.changed.len(),
            summary.pending.len()
        ),
        (0, 0, 2)
    );
    assert!(!summary.is_clean());
    assert!(
        summary.to_string().contains("cargo insta review"),
        "{summary}"
    );
    assert_eq!(
        files(&folder),
        [
            "Cargo.toml",
            "setDoor.missing.400.snap.new",
            "setDoor.not-json.400.snap.new"
        ]
    );
    cargo_insta("accept", &folder);
    assert_eq!(
        files(&folder),
        [
            "Cargo.toml",
            "setDoor.missing.400.snap",
            "setDoor.not-json.400.snap"
        ]
    );

    // The same firmware again.
    let summary = run(&folder, &first);
    assert!(
        summary.is_clean() && summary.pending.is_empty(),
        "{summary}"
    );
    assert_eq!(summary.matched.len(), 2);

    // Another one.
    let second = [(class("missing", 400), "400 application/json\n{}")];
    let summary = run(&folder, &second);
    assert_eq!(summary.changed, ["setDoor.missing.400"]);
    assert_eq!(summary.unseen, ["setDoor.not-json.400"]);
    assert_eq!(
        summary.pending,
        [summary.folder.join("setDoor.missing.400.snap.new")]
    );
    assert_eq!(
        summary.to_string().lines().next().unwrap(),
        "error answers: 0 as in their snapshots, 1 changed, 0 new, 1 not seen; changed: setDoor.missing.400"
    );
    cargo_insta("reject", &folder);
    assert_eq!(run(&folder, &first).matched.len(), 2);

    // What waits is taken away when the firmware answers as before.
    run(&folder, &second);
    run(&folder, &first);
    assert_eq!(
        files(&folder),
        [
            "Cargo.toml",
            "setDoor.missing.400.snap",
            "setDoor.not-json.400.snap"
        ]
    );
    // And accepting the change makes it the norm.
    run(&folder, &second);
    cargo_insta("accept", &folder);
    assert!(run(&folder, &second).is_clean());
}

#[test]
fn the_files_are_instas_own() {
    if !reviewed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &[(class("missing", 400), MISSING)]);
    let path = folder.path().join("setDoor.missing.400.snap.new");
    insta::assert_snapshot!(std::fs::read_to_string(&path).unwrap(), @r#"
    ---
    source: probity
    assertion_line: 0
    description: "setDoor: missing answers 400"
    ---
    400 application/json
    {
      "error": "Wrong JSON body: no value for `{param}`"
    }
    "#);
    let read = insta::Snapshot::from_file(&path).unwrap();
    assert_eq!(read.as_text().unwrap().to_string(), MISSING);
    assert_eq!(
        read.metadata().description(),
        Some("setDoor: missing answers 400")
    );
}

#[test]
fn the_order_of_a_run_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (
        (class("constraint", 400), "400\na"),
        (class("constraint", 400), "400\nb"),
    );
    run(folder.path(), &[b.clone(), a.clone(), b.clone()]);
    cargo_insta("accept", folder.path());
    assert!(run(folder.path(), &[a.clone(), b]).is_clean());
    // One text less is a change.
    assert_eq!(run(folder.path(), &[a]).changed.len(), 1);
}

#[test]
fn every_class_has_a_file_of_its_own_inside_the_folder() {
    if !reviewed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let operations = [
        "POST /a/b",
        "POST /a-b",
        "POST-/a/b",
        "../../etc",
        "..",
        ".hidden",
        "",
        "a__b",
        "a-_b",
        "a:b*c?<>|\"\\",
        "дверь",
        "con",
        &"x".repeat(4_000),
        &"x".repeat(4_001),
        "a\u{0}b\n",
    ];
    let answers: Vec<(Class, &str)> = operations
        .iter()
        .map(|o| {
            (
                Class {
                    operation: (*o).to_owned(),
                    fault: "missing".into(),
                    status: 400,
                },
                "400",
            )
        })
        .collect();
    let summary = run(folder.path(), &answers);
    assert_eq!(summary.new.len(), operations.len());
    assert_eq!(summary.pending.len(), operations.len());
    let good = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    for name in files(folder.path()) {
        assert!(
            name.chars().all(good) && !name.starts_with('.') && name.len() < 160,
            "{name}"
        );
    }
    cargo_insta("accept", folder.path());
    assert!(run(folder.path(), &answers).is_clean());
}

#[test]
fn damage_and_odd_texts_are_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    for text in [
        "",
        "\n\n",
        "---\n---\n",
        "400\n---\nx: y",
        " indented\n\ttab \n",
    ] {
        let answers = [(class("missing", 400), text)];
        run(folder.path(), &answers);
        cargo_insta("accept", folder.path());
        assert!(run(folder.path(), &answers).is_clean(), "{text:?}");
    }
    for damage in [
        &b"\xff\xfe"[..],
        b"---\n: : :\n  - [\n---\nx",
        b"<<<<<<< HEAD\n",
    ] {
        std::fs::write(folder.path().join("setDoor.missing.400.snap"), damage).unwrap();
        let summary = run(folder.path(), &[(class("missing", 400), "400")]);
        assert_eq!(summary.changed, ["setDoor.missing.400"]);
    }
}

#[test]
fn a_folder_inside_a_package_gets_no_manifest() {
    if !reviewed() {
        return;
    }
    let package = tempfile::tempdir().unwrap();
    std::fs::write(
        package.path().join("Cargo.toml"),
        "[package]\nname = \"x\"\n",
    )
    .unwrap();
    let folder = package.path().join("snapshots");
    run(&folder, &[(class("missing", 400), "400")]);
    assert_eq!(files(&folder), ["setDoor.missing.400.snap.new"]);
}

#[test]
fn a_folder_that_cannot_be_is_an_error_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Snapshots::open(&file).unwrap_err();
    assert!(matches!(error, SnapshotError::Io { .. }));
    assert!(error.to_string().contains("--snapshots") && error.to_string().contains("file"));
}
