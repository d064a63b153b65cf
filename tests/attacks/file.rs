//! Files that are no files of their kind, too large, too deep, or hold what should not be followed:
//! each is refused with a reason, in time, in bounded memory.

use crate::process::{self, start};
use crate::small::Scene;
use std::path::Path;

/// Every place that takes a file; `{}` stands for it.
const PLACES: [&str; 14] = [
    "lint --contract {}",
    "run --contract {}",
    "plan --profile {}",
    "run --profile {}",
    "gate {}",
    "gate good.json --baseline {}",
    "gate good.json --known-issues {}",
    "diff {} good.json",
    "merge {}",
    "replay {} --target http://127.0.0.1:9",
    "run --resume {}",
    "restore --journal {} --target http://127.0.0.1:9",
    "run --no-auth --ca-file {} --target https://127.0.0.1:9",
    "run --no-auth --client-cert {} --target https://127.0.0.1:9",
];

/// What they get. Each may be right for one place or another (an empty list of known issues is one).
const FILES: [&str; 9] = [
    "folder",
    "absent",
    "/dev/zero",
    "octets",
    "deep",
    "braces",
    "utf16",
    "bomb.yaml",
    "members.json",
];

fn files(folder: &Path) {
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).expect("file");
    std::fs::create_dir(folder.join("folder")).expect("folder");
    let octets: Vec<u8> = (0..200_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    write("octets", &octets);
    write("deep", "[".repeat(300_000).as_bytes());
    write("braces", "{\"a\":".repeat(100_000).as_bytes());
    write("utf16", b"\xff\xfe{\0\"\0a\0\"\0:\0");
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        let before = format!("*a{}", n - 1);
        bomb.push_str(&format!("a{n}: &a{n} [{}]\n", vec![before; 9].join(", ")));
    }
    write("bomb.yaml", bomb.as_bytes());
    let members = "{},".repeat(4 << 20);
    let report = format!(
        "{{\"schema\": \"probity-report/2\", \"findings\": [{{\"members\": [{members}{{}}]}}]}}"
    );
    write("members.json", report.as_bytes());
}

#[test]
fn what_is_no_file_of_its_kind_is_refused() {
    let scene = Scene::new(&[]);
    let folder = scene.folder.path();
    files(folder);
    let mut make = scene.command(
        "run",
        &[
            "--quiet",
            "--only",
            "*.port.type",
            "--report",
            "json=good.json",
        ],
    );
    process::settled(&mut make, folder);
    assert_eq!(process::ended(&mut make).code, Some(0));
    let rows: Vec<(&str, &str)> = PLACES
        .iter()
        .flat_map(|place| FILES.iter().map(move |file| (*place, *file)))
        .collect();
    process::all_hold(&rows, |(place, file)| {
        let line = format!(
            "ulimit -v 2097152; exec {} {}",
            process::BINARY,
            place.replace("{}", file)
        );
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &line]);
        process::settled(&mut shell, folder);
        let ended = process::ended(&mut shell);
        let text = ended.text();
        match ended.disorder() {
            Some(why) => Err(format!("{place} of {file}: {why}")),
            None if ended.code != Some(2) => Err(format!(
                "{place} of {file}: {:?}: {}",
                ended.code,
                start(&text)
            )),
            None if !text.starts_with("probity: ") || text.len() > 4096 => {
                Err(format!("{place} of {file}: {}", start(&text)))
            }
            None => Ok(()),
        }
    });
}

#[test]
fn a_report_that_is_small_and_takes_much_memory_is_refused() {
    let scene = Scene::new(&[]);
    let folder = scene.folder.path();
    // 100 MB each: parts without text, and text without parts.
    let parts = format!("[{}{{}}]", "{},".repeat(33 << 20));
    let texts = format!("[{}\"\"]", "\"\",".repeat(33 << 20));
    for (name, member, list) in [("parts", "findings", parts), ("texts", "notes", texts)] {
        let report = format!("{{\"schema\": \"probity-report/2\", \"{member}\": {list}}}");
        std::fs::write(folder.join(name), report).expect("report");
        // 100 MB of text and what the program is itself.
        let line = format!("ulimit -v 512000; exec {} gate {name}", process::BINARY);
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &line]);
        process::settled(&mut shell, folder);
        let ended = process::ended(&mut shell);
        assert_eq!(ended.code, Some(2), "{name}: {}", ended.text());
        assert!(
            ended.text().contains("which no report needs"),
            "{name}: {}",
            ended.text()
        );
    }
}

/// Places that take a file whose content is read as it comes.
const MORE_PLACES: [&str; 8] = [
    "fuzz --requests 5 --dictionary {}",
    "pattern --batch {}",
    "init --contract {}",
    "mock --contract {}",
    "check --contract {}",
    "explain --contract {} x",
    "fuzz --requests 5 --baseline {}",
    "fuzz --requests 5 --resume {}",
];

#[test]
fn a_pipe_that_nobody_writes_is_not_waited_for() {
    let scene = Scene::new(&[]);
    let folder = scene.folder.path();
    let made = std::process::Command::new("mkfifo")
        .arg(folder.join("pipe"))
        .status();
    assert!(made.expect("mkfifo").success());
    let _socket = std::os::unix::net::UnixListener::bind(folder.join("socket")).expect("socket");
    std::os::unix::fs::symlink("pipe", folder.join("link")).expect("link");
    crate::texts::write(folder, "good.json", &crate::texts::plain_report());
    let rows: Vec<(&str, &str)> = PLACES
        .iter()
        .chain(&MORE_PLACES)
        .flat_map(|place| ["pipe", "link", "socket", "/dev/zero"].map(|file| (*place, file)))
        .collect();
    process::all_hold(&rows, |(place, file)| {
        let mut command = process::probity(&place.replace("{}", file), folder);
        // Rows run side by side, and two runs on one target would ask for one journal.
        let at = PLACES.iter().chain(&MORE_PLACES).position(|p| p == place);
        let state = format!("state-{at:?}-{}", file.replace('/', "-"));
        let ended = process::ended(command.env("XDG_STATE_HOME", folder.join(state)));
        let text = ended.text();
        let reasons = [
            "is a named pipe",
            "is a device or a socket",
            "it is no journal",
        ];
        let said = reasons.iter().any(|why| text.contains(why));
        match ended.disorder() {
            Some(why) => Err(format!("{place} of {file}: {why}")),
            None if ended.code != Some(2) || !said => Err(format!(
                "{place} of {file}: {:?}: {}",
                ended.code,
                start(&text)
            )),
            None => Ok(()),
        }
    });
    // A snapshot is looked for by its name.
    let mut run = scene.command("run", &["--quiet", "--snapshots", "snapshots"]);
    process::settled(&mut run, folder);
    process::ended(&mut run);
    for entry in std::fs::read_dir(folder.join("snapshots"))
        .expect("folder")
        .flatten()
    {
        let path = entry.path();
        std::fs::remove_file(&path).expect("removed");
        let name = path.to_string_lossy().replace(".snap.new", ".snap");
        let made = std::process::Command::new("mkfifo").arg(name).status();
        assert!(made.expect("mkfifo").success());
    }
    let mut run = scene.command("run", &["--quiet", "--snapshots", "snapshots"]);
    process::settled(&mut run, folder);
    let ended = process::ended(&mut run);
    assert!(ended.disorder().is_none(), "{ended:?}");
}

#[test]
fn what_a_shell_hands_on_is_read() {
    let scene = Scene::new(&[]);
    let folder = scene.folder.path();
    crate::texts::write(folder, "good.json", &crate::texts::plain_report());
    let lines = [
        "lint --contract <(cat small.yaml)",
        "plan --contract <(cat small.yaml) --device <(cat device.toml)",
        "lint --contract /dev/stdin < small.yaml",
        "cat small.yaml | EXE lint --contract /dev/stdin",
        "diff <(cat good.json) <(cat good.json)",
        "gate <(cat good.json) --known-issues /dev/null",
        "gate good.json --known-issues <(echo)",
        "pattern --batch <(echo '{\"pattern\": \"^a$\"}')",
    ];
    let bash = |line: &str| {
        let line = match line.contains("EXE") {
            true => line.replace("EXE", process::BINARY),
            false => format!("{} {line}", process::BINARY),
        };
        let mut shell = std::process::Command::new("bash");
        shell.args(["-c", &line]);
        process::settled(&mut shell, folder);
        shell
    };
    if bash("--version").output().is_err() {
        return;
    }
    process::all_hold(&lines, |line| {
        let ended = process::ended(&mut bash(line));
        match matches!(ended.code, Some(0 | 1)) {
            true => Ok(()),
            false => Err(format!(
                "{line}: {:?}: {}",
                ended.code,
                start(&ended.text())
            )),
        }
    });
}

/// Lines of which a journal of many megabytes is made.
const LINES: [(&str, &str); 9] = [
    ("checkpoints", r##"{"record":"checkpoint"}"##),
    ("empty lines", ""),
    ("one note", r##"{"record":"note","text":"x"}"##),
    ("notes", r##"{"record":"note","text":"n#"}"##),
    (
        "cases",
        r##"{"record":"case","id":"a/#","acceptance":false,"answered":true}"##,
    ),
    (
        "baselines",
        r##"{"record":"baseline","states":{"setSettings":{"name":"a#","port":1}}}"##,
    ),
    (
        "what was left",
        r##"{"record":"creating","step":"left","what":"x#"}"##,
    ),
    (
        "progress",
        r##"{"record":"campaign","entry":{"campaign":"progress","n":#,"elapsed_ms":#,"requests":#}}"##,
    ),
    ("lists", r##"{"record":"campaign","entry":[@]}"##),
];
/// Octets of each here, and in docs/measurements.md.
const LARGE: usize = 12 << 20;

fn large_journal(header: &str, line: &str) -> String {
    let mut all = format!("{header}\n");
    if line.contains('@') {
        all.push_str(&line.replace('@', &format!("{}[]", "[],".repeat(LARGE / 3))));
        all.push('\n');
    }
    for n in 0.. {
        if all.len() >= LARGE {
            return all;
        }
        all.push_str(&line.replace('#', &n.to_string()));
        all.push('\n');
    }
    all
}

#[test]
fn a_large_journal_is_read_in_bounded_memory_or_refused() {
    let rows: Vec<(&str, &str, &str)> = ["restore", "run", "fuzz"]
        .into_iter()
        .flat_map(|job| LINES.map(|(name, line)| (job, name, line)))
        .collect();
    process::all_hold(&rows, |(job, name, line)| {
        let scene = Scene::new(&[]);
        let folder = scene.folder.path();
        let kind = if *job == "fuzz" { "fuzz" } else { "run" };
        let more: &[&str] = match kind {
            "run" => &["--quiet", "--only", "*.port.type"],
            _ => &["--quiet", "--requests", "40", "--no-plan"],
        };
        let mut command = scene.job(kind, more, &scene.path("journal"));
        process::settled(&mut command, folder);
        process::ended(&mut command);
        let journal = std::fs::read_to_string(scene.path("journal")).expect("journal");
        let header = journal.lines().next().expect("lines");
        let large = large_journal(header, line);
        std::fs::write(scene.path("journal"), large).expect("journal");
        let target = format!("http://{}", scene.mock.addr());
        let arguments = match *job {
            "restore" => "--journal journal".to_owned(),
            _ => format!("--resume journal {}", more.join(" ")),
        };
        let line = format!(
            "ulimit -v 700000; exec {} {job} --contract small.yaml --device device.toml --target \
             {target} --trust-journal {arguments}",
            process::BINARY
        );
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &line]);
        process::settled(&mut shell, folder);
        let ended = process::ended(&mut shell);
        let refused = ended.text().contains("which no journal needs");
        match ended.disorder() {
            Some(why) => Err(format!("{job} of {name}: {why}")),
            None if refused != (ended.code == Some(2)) => Err(format!(
                "{job} of {name}: {:?}: {}",
                ended.code,
                start(&ended.text())
            )),
            None => Ok(()),
        }
    });
}

/// `cargo test --release --test attacks large_gate -- --ignored --nocapture`
#[test]
#[ignore = "a figure of docs/measurements.md: 100 MB, and seconds without optimisation"]
fn a_large_gate_takes_seconds_and_bounded_memory() {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    let mut report = crate::texts::plain_report();
    let finding = report["findings"][0].clone();
    let findings: Vec<serde_json::Value> = (0..100_000)
        .map(|n| {
            let mut finding = finding.clone();
            let print = format!("{n:016x}");
            finding["fingerprint"] = print.as_str().into();
            finding["instance"] = print.as_str().into();
            finding["evidence"]["answer"] = "x".repeat(200).into();
            finding
        })
        .collect();
    report["findings"] = findings.into();
    crate::texts::write(folder, "report.json", &report);
    let issues: String = (0..50_000)
        .map(|n| crate::texts::issue("x", &format!("{n:016x}")))
        .collect();
    std::fs::write(folder.join("known.toml"), issues).expect("known issues");
    let size = std::fs::metadata(folder.join("report.json"))
        .expect("report")
        .len();
    let started = std::time::Instant::now();
    let line = format!(
        "ulimit -v 512000; exec {} gate report.json --known-issues known.toml --format json > gate.json",
        process::BINARY
    );
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &line]);
    process::settled(&mut shell, folder);
    let ended = process::ended(&mut shell);
    println!("{} MiB: {:?}", size >> 20, started.elapsed());
    assert_eq!(ended.code, Some(1), "{}", start(&ended.text()));
}

#[test]
fn links_are_not_followed_out_of_a_folder() {
    let scene = Scene::new(&["string-as-integer:port"]);
    let folder = scene.folder.path();
    let secret = folder.join("mine");
    for place in ["snapshots", "reproducers", "corpus"] {
        let inside = folder.join(place);
        std::fs::create_dir(&inside).expect("folder");
        std::fs::write(&secret, "mine").expect("file");
        let arguments = match place {
            "corpus" => vec!["--corpus", place, "--requests", "200", "--no-plan"],
            "snapshots" => vec!["--snapshots", place],
            _ => vec!["--reproducers", place],
        };
        let job = if place == "corpus" { "fuzz" } else { "run" };
        let run = || {
            let mut command = scene.command(job, &arguments);
            process::settled(&mut command, folder);
            process::ended(&mut command)
        };
        run();
        let made = std::fs::read_dir(&inside).expect("folder").flatten();
        let names: Vec<_> = made.map(|entry| entry.path()).collect();
        assert!(
            !names.is_empty() || place == "reproducers",
            "{place}: nothing is written"
        );
        for name in &names {
            std::fs::remove_file(name).expect("removed");
            std::os::unix::fs::symlink(&secret, name).expect("link");
        }
        let ended = run();
        assert!(ended.disorder().is_none(), "{place}: {ended:?}");
        let kept = std::fs::read_to_string(&secret).expect("file");
        assert_eq!(kept, "mine", "{place}");
    }
}
