//! Shares of a plan by the real binary: disjoint, together complete, stable; merged they say what
//! one process says, and a missing or foreign one is refused.

use crate::small;

use probity::report::json;
use probity::run::result::{Report, Status};
use small::Scene;
use std::collections::BTreeSet;
use std::path::Path;

fn plan(scene: &Scene, arguments: &[&str]) -> Vec<String> {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_probity"))
        .args([
            "plan",
            "--contract",
            "small.yaml",
            "--device",
            "device.toml",
            "--format",
            "json",
        ])
        .args(arguments)
        .current_dir(scene.folder.path())
        .output()
        .expect("plan");
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).expect("json");
    let cases = plan["cases"].as_array().expect("cases").iter();
    cases
        .map(|c| c["id"].as_str().expect("id").to_owned())
        .collect()
}

fn report(path: &Path) -> Report {
    json::read(&std::fs::read(path).expect("report")).expect("reads")
}

/// Exit code, stdout and stderr of `probity merge`.
fn merge(scene: &Scene, arguments: &[&str]) -> (Option<i32>, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_probity"))
        .arg("merge")
        .args(arguments)
        .current_dir(scene.folder.path())
        .output()
        .expect("merge");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

#[test]
fn shares_are_disjoint_complete_and_stable() {
    let scene = Scene::new(&[]);
    let whole = plan(&scene, &[]);
    let shares: Vec<Vec<String>> = ["1/3", "2/3", "3/3"]
        .iter()
        .map(|s| plan(&scene, &["--shard", s]))
        .collect();
    assert_eq!(shares.iter().map(Vec::len).sum::<usize>(), whole.len());
    let together: BTreeSet<&String> = shares.iter().flatten().collect();
    assert_eq!(together, whole.iter().collect());
    assert!(shares.iter().all(|s| !s.is_empty()));
    assert_eq!(plan(&scene, &["--shard", "2/3"]), shares[1]);
}

#[test]
fn merged_shards_say_what_one_process_says() {
    let scene = Scene::new(&["string-as-integer:port", "error-422"]);
    let run = |arguments: &[&str]| {
        let output = scene.command("run", arguments).output().expect("runs");
        output.status.code()
    };
    run(&["--report", "json=whole.json"]);
    for i in 1..=3 {
        let code = run(&[
            "--shard",
            &format!("{i}/3"),
            "--report",
            &format!("json={i}.json"),
        ]);
        assert!(matches!(code, Some(0 | 1)), "{code:?}");
    }
    run(&[
        "--shard",
        "1/3",
        "--seed",
        "9",
        "--report",
        "json=seed.json",
    ]);
    let (code, text) = merge(
        &scene,
        &["1.json", "2.json", "3.json", "--report", "json=merged.json"],
    );
    assert_eq!(code, Some(1), "{text}");
    let (whole, merged) = (
        report(&scene.path("whole.json")),
        report(&scene.path("merged.json")),
    );
    let broken = |r: &Report| -> BTreeSet<String> {
        let broken = r.promises.iter().filter(|p| p.status == Status::Broken);
        broken.map(|p| p.id.to_string()).collect()
    };
    assert_eq!(broken(&merged), broken(&whole));
    let prints = |r: &Report| -> BTreeSet<String> {
        r.findings.iter().map(|f| f.fingerprint.clone()).collect()
    };
    assert_eq!(prints(&merged), prints(&whole));
    assert_eq!(merged.shard, None);

    let table: [(&[&str], i32, &str); 5] = [
        (&["1.json", "3.json"], 3, "shard missing: 2/3"),
        (&["1.json", "2.json", "2.json"], 2, "both are shard 2"),
        (
            &["2.json", "3.json", "seed.json"],
            2,
            "foreign shard: its seed is 9",
        ),
        (&["1.json", "whole.json"], 2, "whole.json: it is no shard"),
        (&["1.json", "none.json"], 2, "none.json"),
    ];
    for (arguments, want, text) in table {
        let (code, out) = merge(&scene, arguments);
        assert_eq!(code, Some(want), "{arguments:?}: {out}");
        assert!(out.contains(text), "{arguments:?}: {out}");
    }
}
