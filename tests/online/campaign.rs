//! `probity fuzz` by the real binary: what it finds, what it leaves on disk, and what bad input
//! gets.

use crate::small;

use probity::report::json;
use probity::run::result::Report;
use small::Scene;
use std::process::Command;
use std::time::Duration;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn report(scene: &Scene, name: &str) -> Report {
    json::read(&std::fs::read(scene.path(name)).expect("report")).expect("reads")
}

const SHORT: [&str; 5] = ["--requests", "600", "--shrink", "80", "--no-plan"];

#[test]
fn a_night_finds_keeps_and_compares() {
    let scene = Scene::new(&["string-as-integer:port"]);
    let campaign = |requests: &str, more: &[&str]| {
        let arguments = [
            &["--corpus", "corpus", "--requests", requests, "--no-plan"][..],
            more,
        ]
        .concat();
        scene.command("fuzz", &arguments).output().expect("runs")
    };
    let first = campaign("2500", &["--report", "json=first.json"]);
    assert_eq!(
        first.status.code(),
        Some(1),
        "{}{}",
        text(&first.stdout),
        text(&first.stderr)
    );
    let found = report(&scene, "first.json");
    let print = found.findings[0].fingerprint.clone();
    assert_eq!(found.findings[0].confirmed, "3/3");
    let counts = found.campaign.expect("night");
    assert!(counts.classes > 5 && counts.grown > 0, "{counts:?}");
    // Small: the finding needs the two required members and the text, nothing else.
    let recipe = found.findings[0]
        .reproducer
        .recipe
        .as_ref()
        .expect("recipe");
    let probity::exchange::Request::Http(request) = &recipe.request else {
        panic!("not http")
    };
    let body = text(request.body.as_deref().unwrap_or_default());
    assert!(body.len() < 40, "{body}");

    // The second night knows it, whether it comes by it again or has to send it again.
    let second = campaign(
        "200",
        &[
            "--seed",
            "2",
            "--baseline",
            "first.json",
            "--report",
            "json=second.json",
        ],
    );
    assert_eq!(
        second.status.code(),
        Some(0),
        "{}{}",
        text(&second.stdout),
        text(&second.stderr)
    );
    let compared = report(&scene, "second.json").baseline.expect("compared");
    assert!(compared.known.contains(&print), "{compared:?}");

    // A torn corpus file is named and skipped.
    std::fs::write(scene.path("corpus/torn.json"), "{\"input\"").expect("file");
    let third = campaign("50", &[]);
    assert!(
        text(&third.stderr).contains("torn.json"),
        "{}",
        text(&third.stderr)
    );

    // On a device without the fault it is gone.
    let fixed = Scene::new(&[]);
    std::fs::copy(scene.path("first.json"), fixed.path("first.json")).expect("copied");
    let arguments = [
        &SHORT[..],
        &["--baseline", "first.json", "--report", "json=fixed.json"],
    ]
    .concat();
    let last = fixed.command("fuzz", &arguments).output().expect("runs");
    assert_eq!(
        last.status.code(),
        Some(0),
        "{}{}",
        text(&last.stdout),
        text(&last.stderr)
    );
    let compared = report(&fixed, "fixed.json").baseline.expect("compared");
    assert_eq!(compared.gone, [print], "{compared:?}");
}

/// Files that may not grow beyond some blocks stand for a full disk: the write fails in the same
/// place, with another number.
#[cfg(unix)]
#[test]
fn a_full_disk_ends_the_night_with_what_was_found() {
    let scene = Scene::new(&["string-as-integer:port"]);
    let run = scene.command(
        "fuzz",
        &[
            "--requests",
            "5000",
            "--no-plan",
            "--journal",
            "journal",
            "--report",
            "text=-",
        ],
    );
    let words: Vec<String> = std::iter::once(run.get_program())
        .chain(run.get_args())
        .map(|w| format!("'{}'", w.to_string_lossy()))
        .collect();
    // 16 blocks of 512 octets.
    let line = format!("trap '' XFSZ; ulimit -f 16; exec {}", words.join(" "));
    let output = Command::new("sh")
        .args(["-c", &line])
        .current_dir(scene.folder.path())
        .output()
        .expect("runs");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(3), "{out}{err}");
    assert!(out.contains("cannot go on: journal"), "{out}{err}");
}

#[test]
fn a_device_that_stays_away_ends_the_night() {
    let scene = Scene::new(&["stops-listening"]);
    let patience = [
        "--requests",
        "20000",
        "--no-plan",
        "--patience",
        "1s",
        "--timeout",
        "500ms",
    ];
    let output = scene.command("fuzz", &patience).output().expect("runs");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(3), "{out}{err}");
    assert!(out.contains("the device was lost"), "{out}{err}");
    // What sent it away is told.
    assert!(out.contains("takes no connection any more"), "{out}{err}");
}

#[test]
fn the_time_limit_ends_it_and_usage_errors_are_told() {
    let scene = Scene::new(&[]);
    let started = std::time::Instant::now();
    let output = scene
        .command("fuzz", &["--time-limit", "1s", "--no-plan"])
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(started.elapsed() < Duration::from_secs(30));
    std::fs::write(scene.path("words"), "good\n\"open\n").expect("file");
    let table: [(&[&str], &str); 4] = [
        (&[], "when to end?"),
        (
            &["--requests", "9", "--dictionary", "none"],
            "--dictionary none",
        ),
        (&["--requests", "9", "--dictionary", "words"], "line 2"),
        (
            &["--requests", "9", "--baseline", "words"],
            "--baseline words",
        ),
    ];
    for (arguments, want) in table {
        let output = scene.command("fuzz", arguments).output().expect("runs");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            text(&output.stderr).contains(want),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
    }
}
