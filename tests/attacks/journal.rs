//! Journals that somebody else has written: what they may choose of what is sent, put back and removed.

use crate::process::{self, start};
use crate::small::Scene;
use serde_json::{Value, json};

/// Lines that are put behind the first of a journal of `fuzz`.
fn hostile_lines() -> Vec<(&'static str, Value)> {
    let campaign = |entry: Value| json!({"record": "campaign", "entry": entry});
    let step = json!({"operation": "setSettings", "body": "{}"});
    let with = |parameters: Value| {
        let step = json!({"operation": "setSettings", "body": "{}", "parameters": parameters});
        campaign(json!({"campaign": "seeds", "inputs": [{"steps": [step]}]}))
    };
    let most = u64::MAX;
    vec![
        (
            "every number",
            campaign(
                json!({"campaign": "progress", "n": most, "elapsed_ms": most, "requests": most}),
            ),
        ),
        (
            "the last input",
            campaign(
                json!({"campaign": "progress", "n": most - 1, "elapsed_ms": 0, "requests": 0}),
            ),
        ),
        (
            "a class of the last input",
            campaign(
                json!({"campaign": "class", "n": most, "class": most, "input": {"steps": [step]}}),
            ),
        ),
        (
            "no steps",
            campaign(json!({"campaign": "seeds", "inputs": [{"steps": []}]})),
        ),
        (
            "no inputs",
            campaign(json!({"campaign": "seeds", "inputs": []})),
        ),
        (
            "100,000 steps",
            campaign(
                json!({"campaign": "seeds", "inputs": [{"steps": vec![step.clone(); 100_000]}]}),
            ),
        ),
        (
            "a body of 4 MiB",
            campaign(
                json!({"campaign": "seeds", "inputs": [{"steps": [{"operation": "setSettings", "body": "x".repeat(4 << 20)}]}]}),
            ),
        ),
        (
            "another operation",
            campaign(
                json!({"campaign": "seeds", "inputs": [{"steps": [{"operation": "reboot", "body": ""}]}]}),
            ),
        ),
        (
            "a parameter that ends a line",
            with(json!({"name": "x\r\nHost: elsewhere"})),
        ),
        (
            "shrinking for ever",
            campaign(
                json!({"campaign": "shrunk", "shrunk": {"fingerprint": "a", "before": [most, most], "after": [0, 0], "spent": most}}),
            ),
        ),
        (
            "a key at no input",
            campaign(json!({"campaign": "key", "n": null, "key": "x"})),
        ),
        ("no campaign", campaign(json!({"campaign": "reboot"}))),
        (
            "settings of nothing",
            json!({"record": "settings", "before": {}}),
        ),
        (
            "settings of another operation",
            json!({"record": "settings", "before": {"reboot": {"now": true}}}),
        ),
        (
            "settings that are no object",
            json!({"record": "settings", "before": {"setSettings": [[[]]]}}),
        ),
        (
            "a baseline of 1e308",
            json!({"record": "baseline", "states": {"setSettings": {"port": 1e308}}}),
        ),
        (
            "a path as a file",
            json!({"record": "file", "name": "../x", "content": "x"}),
        ),
        (
            "a case of no plan",
            json!({"record": "case", "id": "../../x", "acceptance": true, "answered": true}),
        ),
        ("an end", json!({"record": "end", "code": 255})),
        (
            "a creation elsewhere",
            json!({"record": "creating", "step": "created", "operation": "setSettings", "item": "http://127.0.0.1:9/", "path": "/../../reboot"}),
        ),
    ]
}

#[test]
fn no_journal_makes_a_job_do_what_it_would_not() {
    let rows: Vec<(&str, &str, Value)> = ["fuzz", "run", "restore"]
        .into_iter()
        .flat_map(|job| {
            hostile_lines()
                .into_iter()
                .map(move |(name, line)| (job, name, line))
        })
        .collect();
    process::all_hold(&rows, |(job, name, hostile)| {
        let scene = Scene::new(&[]);
        let folder = scene.folder.path();
        let kind = if *job == "run" { "run" } else { "fuzz" };
        let short: &[&str] = match kind {
            "run" => &["--quiet", "--only", "*.port.type"],
            _ => &["--quiet", "--requests", "40", "--no-plan", "--shrink", "5"],
        };
        let mut command = scene.job(kind, short, &scene.path("journal"));
        process::settled(&mut command, folder);
        process::ended(&mut command);
        let journal = std::fs::read_to_string(scene.path("journal")).expect("journal");
        let (header, _) = journal.split_once('\n').expect("lines");
        let settings = journal
            .lines()
            .find(|l| l.contains("\"settings\""))
            .unwrap_or_default();
        let forged = format!("{header}\n{hostile}\n{settings}\n");
        std::fs::write(scene.path("journal"), forged).expect("journal");
        let longer: &[&str] = match kind {
            "run" => short,
            _ => &["--quiet", "--requests", "80", "--no-plan", "--shrink", "5"],
        };
        let mut command = match *job {
            "restore" => scene.command("restore", &["--journal", "journal"]),
            _ => scene.job(kind, longer, &scene.path("journal")),
        };
        // The seal would end most of these before they begin.
        command.arg("--trust-journal");
        process::settled(&mut command, folder);
        let ended = process::ended(&mut command);
        let outside = folder
            .parent()
            .is_some_and(|above| above.join("x").exists());
        match ended.disorder() {
            Some(why) => Err(format!("{job}, {name}: {why}")),
            None if outside => Err(format!("{job}, {name}: a file outside")),
            None => Ok(()),
        }
    });
}

/// What is no journal is neither written to nor removed.
#[test]
fn nothing_but_a_journal_is_dismissed() {
    let scene = Scene::new(&[]);
    let folder = scene.folder.path();
    let state = folder.join("state/probity/journals");
    std::fs::create_dir_all(&state).expect("folder");
    let texts = ["", "precious\n", "{\"a\": 1}\n", "[1]\n{}\n"];
    for (n, text) in texts.iter().enumerate() {
        let name = format!("mine{n}");
        std::fs::write(folder.join(&name), text).expect("file");
        for path in [
            name.clone(),
            format!("state/probity/journals/../../../{name}"),
        ] {
            let mut command = scene.command("restore", &["--dismiss", "--journal", &path]);
            process::settled(&mut command, folder);
            let ended = process::ended(&mut command);
            assert!(ended.disorder().is_none(), "{ended:?}");
            let kept = std::fs::read_to_string(folder.join(&name));
            // An empty file may be the journal of a job that was killed at once.
            let whole = kept
                .as_deref()
                .is_ok_and(|kept| kept == *text || text.is_empty());
            assert!(whole, "{path}: {kept:?}");
        }
    }
}

/// What an attacker does to the journal of a job that was killed; `None`: leaves it as it is.
type Forgery = fn(&str) -> String;

/// The lines of a journal with one that chooses changed.
fn changed(journal: &str, change: impl Fn(&str) -> String) -> String {
    let lines = journal
        .lines()
        .map(|line| match line.contains("\"record\":\"settings\"") {
            true => change(line),
            false => line.to_owned(),
        });
    lines.map(|line| format!("{line}\n")).collect()
}

/// Name, what is done, and what the refusal shows of it.
const FORGERIES: [(&str, Forgery, &str); 8] = [
    (
        "another value",
        |j| changed(j, |l| l.replacen("\"port\":", "\"port\":6", 1)),
        "\"port\":6",
    ),
    (
        "the password",
        |j| {
            changed(j, |l| {
                l.replacen("\"name\":\"", "\"name\":\"$PROBITY_PASSWORD", 1)
            })
        },
        "PROBITY_PASSWORD",
    ),
    (
        "no seal",
        |j| {
            changed(j, |l| {
                format!("{}}}", l.split(",\"seal\"").next().unwrap_or(l))
            })
        },
        "puts back setSettings",
    ),
    (
        "a seal of zeros",
        |j| {
            changed(j, |l| {
                let plain = l.split(",\"seal\"").next().unwrap_or(l);
                format!("{plain},\"seal\":\"{}\"}}", "0".repeat(64))
            })
        },
        "puts back setSettings",
    ),
    (
        "another member",
        |j| changed(j, |l| l.replacen("\"}", "\",\"before\":{}}", 1)),
        "",
    ),
    (
        "settings of another journal",
        // The seal is of the journal, and its first line says of which job it is.
        |j| j.replacen("\"cases\":", "\"cases\":1", 1),
        "puts back setSettings",
    ),
    (
        "something to remove",
        |j| {
            let step = json!({"record": "creating", "step": "created", "n": 1,
                "operation": "setSettings", "item": "/settings"});
            format!("{j}{step}\n")
        },
        "removes /settings",
    ),
    (
        "a line of settings in front",
        |j| {
            let line = json!({"record": "settings", "before": {"setSettings": {"port": 66}}});
            let (header, rest) = j.split_once('\n').unwrap_or_default();
            format!("{header}\n{line}\n{rest}")
        },
        "{\"port\":66}",
    ),
];

/// A journal of this machine is gone on with; one that was written or changed elsewhere is shown and
/// refused, unless the user trusts it.
#[test]
fn a_journal_from_elsewhere_puts_nothing_back() {
    let rows: Vec<(&str, (&str, Forgery, &str))> = ["restore", "run", "fuzz"]
        .into_iter()
        .flat_map(|job| FORGERIES.into_iter().map(move |row| (job, row)))
        .collect();
    process::all_hold(&rows, |(job, (name, forge, shows))| {
        let scene = Scene::new(&[]);
        let folder = scene.folder.path();
        let kind = if *job == "fuzz" { "fuzz" } else { "run" };
        let arguments: &[&str] = match kind {
            "run" => &["--quiet", "--only", "*.port.type"],
            _ => &["--quiet", "--requests", "40", "--no-plan", "--shrink", "5"],
        };
        let run = |command: &str, trust: bool| {
            let mut command = match command {
                "restore" => scene.command("restore", &["--journal", "journal"]),
                _ => scene.job(kind, arguments, &scene.path("journal")),
            };
            if trust {
                command.arg("--trust-journal");
            }
            process::settled(&mut command, folder);
            process::ended(&mut command)
        };
        run(kind, false);
        let journal = std::fs::read_to_string(scene.path("journal")).expect("journal");
        assert!(
            journal.contains(",\"seal\":\""),
            "{name}: no line is sealed"
        );
        let own = run(job, false);
        if own.code != Some(0) {
            return Err(format!("{job}, as it is: {own:?}"));
        }
        let forged = forge(&journal);
        assert_ne!(forged, journal, "{name}");
        std::fs::write(scene.path("journal"), &forged).expect("journal");
        let refused = run(job, false);
        let text = refused.text();
        let said = text.contains("--trust-journal") && text.contains(shows);
        // Other words where another first line makes it another job, or a member twice no line.
        let other = text.contains("belongs to another") || text.contains("duplicate field");
        match refused.disorder() {
            Some(why) => Err(format!("{job}, {name}: {why}")),
            None if refused.code != Some(2) || !(said || other) => Err(format!(
                "{job}, {name}: {:?}: {}",
                refused.code,
                start(&text)
            )),
            None => Ok(()),
        }
    });
}

/// Nothing is trusted where the key is gone, and everything that the user trusts.
#[test]
fn without_its_key_a_journal_is_from_elsewhere() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::new(&[]);
    let folder = scene.folder.path();
    let job = |command: &str, more: &[&str]| {
        let mut command = match command {
            "restore" => scene.command("restore", &["--journal", "journal"]),
            _ => scene.job(
                "run",
                &["--quiet", "--only", "*.port.type"],
                &scene.path("journal"),
            ),
        };
        command.args(more);
        process::settled(&mut command, folder);
        process::ended(&mut command)
    };
    assert_eq!(job("run", &[]).code, Some(0));
    let key = folder.join("state/probity/seal.key");
    for private in [&key, &scene.path("journal")] {
        let mode = std::fs::metadata(private)
            .expect("file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{}", private.display());
    }
    std::fs::write(&key, "short").expect("key");
    let refused = job("restore", &[]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(
        refused.text().contains("puts back setSettings"),
        "{refused:?}"
    );
    std::fs::remove_file(&key).expect("removed");
    assert_eq!(job("restore", &[]).code, Some(2));
    assert_eq!(job("restore", &["--trust-journal"]).code, Some(0));
}
