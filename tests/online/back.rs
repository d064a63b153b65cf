//! What is put back by others than `run`: by `restore`, with what the run was allowed; and what `replay`
//! finds out before it writes.

use crate::handler::{Asked, Drawn, bare, command, json as drawn, serve};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const DOCUMENT: &str = r##"
openapi: 3.1.0
info: {title: Gateway, version: "1"}
paths:
  /PATH:
    get:
      operationId: getIt
      responses: {"200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/It"}}}}}
    put:
      operationId: putIt
      summary: Sets it
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/It"}}}}
      responses: {"200": {description: stored}, "400": {description: invalid}}
components:
  schemas:
    It: {type: object, required: [MEMBER, level], properties: {MEMBER: {type: string, maxLength: 30, pattern: '^[a-z]*$'}, level: {type: integer, minimum: 0, maximum: 10}}}
"##;

/// A device with one state.
#[derive(Clone, Default)]
struct Gateway {
    state: Arc<Mutex<Value>>,
    writes: Arc<AtomicUsize>,
    /// Every write is held until this is unset.
    held: Arc<AtomicBool>,
    /// What it shows, it refuses.
    proud: Arc<AtomicBool>,
}

impl Gateway {
    fn start(&self, member: &'static str, most: u64) -> SocketAddr {
        let gateway = self.clone();
        serve(move |asked| gateway.answer(member, most, asked))
    }

    fn shown(&self) -> Value {
        self.state.lock().unwrap_or_else(|e| e.into_inner()).clone()
    }

    fn answer(&self, member: &str, most: u64, asked: &Asked) -> Drawn {
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET" | "HEAD", "/it" | "/network") => drawn(200, &self.shown()),
            ("PUT", "/it" | "/network") => {
                let sent = asked.json().unwrap_or_default();
                let plain = |t: &str| t.len() <= 30 && t.bytes().all(|b| b.is_ascii_lowercase());
                let level = sent["level"].as_f64().filter(|l| l.fract() == 0.0);
                let fits = sent[member].as_str().is_some_and(plain)
                    && level.is_some_and(|l| l >= 0.0 && l <= most as f64);
                if !fits || self.proud.load(SeqCst) && sent == self.shown() {
                    return bare(400);
                }
                let n = self.writes.fetch_add(1, SeqCst);
                *self.state.lock().unwrap_or_else(|e| e.into_inner()) = sent;
                while n >= 5 && self.held.load(SeqCst) {
                    std::thread::sleep(Duration::from_millis(5));
                }
                bare(200)
            }
            (_, "/it" | "/network") => bare(405).with("Allow", "GET, HEAD, PUT"),
            _ => bare(404),
        }
    }
}

fn probity(folder: &Path, words: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_probity"))
        .args(words)
        .env("XDG_STATE_HOME", folder)
        .current_dir(folder)
        .output();
    output.expect("the program runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&*output.stdout, &*output.stderr].concat()).into_owned()
}

#[test]
fn what_a_run_was_allowed_is_put_back_where_restore_is() {
    let gateway = Gateway::default();
    let before = json!({"gateway": "first", "level": 3});
    *gateway.state.lock().unwrap() = before.clone();
    gateway.held.store(true, SeqCst);
    let addr = gateway.start("gateway", 10);
    let folder = tempfile::tempdir().expect("folder");
    let document = DOCUMENT
        .replace("PATH", "network")
        .replace("MEMBER", "gateway");
    std::fs::write(folder.path().join("api.yaml"), document).expect("document");
    let mut run = command(folder.path(), addr, &["--allow", "putIt", "--journal", "j"])
        .spawn()
        .expect("the program runs");
    // The sixth accepted write is held: the run is in the midst of it.
    while gateway.writes.load(SeqCst) < 6 {
        assert!(run.try_wait().expect("child").is_none(), "the run ended");
        std::thread::sleep(Duration::from_millis(5));
    }
    run.kill().expect("killed");
    run.wait().expect("child");
    gateway.held.store(false, SeqCst);
    let left = gateway.shown();
    assert_ne!(left, before);
    let target = format!("http://{addr}");
    let words = [
        "restore",
        "--contract",
        "api.yaml",
        "--journal",
        "j",
        "--target",
        &target,
    ];
    let without = probity(folder.path(), &words);
    assert_ne!(without.status.code(), Some(0), "{}", said(&without));
    assert_eq!(gateway.shown(), left, "{}", said(&without));
    let with = [&words[..], &["--allow", "putIt"]].concat();
    let with = probity(folder.path(), &with);
    assert_eq!(with.status.code(), Some(0), "{}", said(&with));
    assert_eq!(gateway.shown(), before, "{}", said(&with));
}

/// A device that takes more than the document allows, its state, where it is, and a folder with the document
/// and the report of a run.
fn taking_too_much() -> (Gateway, Value, SocketAddr, tempfile::TempDir) {
    let gateway = Gateway::default();
    let before = json!({"name": "first", "level": 3});
    *gateway.state.lock().unwrap() = before.clone();
    let addr = gateway.start("name", 1000);
    let folder = tempfile::tempdir().expect("folder");
    let document = DOCUMENT.replace("PATH", "it").replace("MEMBER", "name");
    std::fs::write(folder.path().join("api.yaml"), document).expect("document");
    let run = command(folder.path(), addr, &["-q"])
        .output()
        .expect("runs");
    assert_eq!(run.status.code(), Some(1), "{}", said(&run));
    (gateway, before, addr, folder)
}

#[test]
fn replay_writes_nothing_that_the_device_does_not_take_back() {
    let (gateway, before, addr, folder) = taking_too_much();
    assert_eq!(gateway.shown(), before);
    let target = format!("http://{addr}");
    let words = [
        "replay",
        "--contract",
        "api.yaml",
        "report.json",
        "--target",
        &target,
    ];
    // As the device was: still failing, and put back.
    let same = probity(folder.path(), &words);
    assert_eq!(same.status.code(), Some(1), "{}", said(&same));
    assert_eq!(gateway.shown(), before, "{}", said(&same));
    // A device that refuses what it shows: nobody could put it back.
    gateway.proud.store(true, SeqCst);
    let writes = gateway.writes.load(SeqCst);
    let proud = probity(folder.path(), &words);
    assert_eq!(gateway.writes.load(SeqCst), writes, "{}", said(&proud));
    assert_eq!(gateway.shown(), before, "{}", said(&proud));
    assert_eq!(proud.status.code(), Some(3), "{}", said(&proud));
}

#[test]
fn a_replay_that_was_killed_is_undone() {
    let (gateway, before, addr, folder) = taking_too_much();
    let target = format!("http://{addr}");
    let words = ["--contract", "api.yaml", "--target", &target];
    let replay = [&["replay", "report.json"], &words[..]].concat();
    // From the sixth on a write is held: the replay is in the midst of it.
    gateway.held.store(true, SeqCst);
    let mut child = Command::new(env!("CARGO_BIN_EXE_probity"))
        .args(&replay)
        .env("XDG_STATE_HOME", folder.path())
        .current_dir(folder.path())
        .spawn()
        .expect("the program runs");
    while gateway.shown() == before {
        assert!(child.try_wait().expect("child").is_none(), "it ended");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("killed");
    child.wait().expect("child");
    gateway.held.store(false, SeqCst);
    std::thread::sleep(Duration::from_millis(100));
    assert_ne!(gateway.shown(), before);
    // Nobody begins anything before that is undone.
    let again = probity(folder.path(), &replay);
    assert_eq!(again.status.code(), Some(2), "{}", said(&again));
    assert!(said(&again).contains("not finished"), "{}", said(&again));
    let restored = probity(folder.path(), &[&["restore"], &words[..]].concat());
    assert_eq!(restored.status.code(), Some(0), "{}", said(&restored));
    assert_eq!(gateway.shown(), before, "{}", said(&restored));
    // One that comes to its end leaves no journal.
    let whole = probity(folder.path(), &replay);
    assert_eq!(whole.status.code(), Some(1), "{}", said(&whole));
    let left = std::fs::read_dir(folder.path().join("probity/journals"));
    assert_eq!(left.expect("folder").count(), 0);
}

/// An integer beyond 2^53 that the device keeps as a double: the first write back changes it.
#[test]
fn what_a_device_rounds_is_said_and_is_a_finding() {
    for (rules, plain) in [
        ("{type: integer, format: int64}", true),
        ("{type: integer}", false),
    ] {
        let state = Arc::new(Mutex::new(
            json!({"level": 3, "serial": 9_007_199_254_740_993_i64}),
        ));
        let device = state.clone();
        let addr = serve(move |asked| rounding(&device, asked));
        let folder = tempfile::tempdir().expect("folder");
        let document = DOCUMENT
            .replace("PATH", "it")
            .replace("[MEMBER, level]", "[serial, level]")
            .replace(
                "MEMBER: {type: string, maxLength: 30, pattern: '^[a-z]*$'}",
                &format!("serial: {rules}"),
            );
        std::fs::write(folder.path().join("api.yaml"), document).expect("document");
        let run = command(folder.path(), addr, &[]).output().expect("runs");
        assert_eq!(run.status.code(), Some(1), "{}", said(&run));
        assert!(
            said(&run).contains("the device rounds it"),
            "{}",
            said(&run)
        );
        let report = std::fs::read(folder.path().join("report.json")).expect("report");
        let report: Value = serde_json::from_slice(&report).expect("JSON");
        assert_eq!(report["device"]["restored"], true);
        assert_eq!(report["device"]["rounded"], true);
        assert!(said(&run).contains("but for what the device rounds"));
        let findings = report["findings"].as_array().expect("findings");
        let of_it = findings.iter().find(|f| f["kind"] == "readback-differs");
        let of_it = of_it.unwrap_or_else(|| panic!("{}", said(&run)));
        assert_eq!(of_it["arguable"].is_null(), plain, "{rules}: {of_it}");
    }
}

fn rounding(state: &Mutex<Value>, asked: &Asked) -> Drawn {
    let mut state = state.lock().unwrap_or_else(|e| e.into_inner());
    match (asked.method.as_str(), asked.path.as_str()) {
        ("GET" | "HEAD", "/it") => drawn(200, &state),
        ("PUT", "/it") => {
            let sent = asked.json().unwrap_or_default();
            let level = sent["level"].as_f64().filter(|l| l.fract() == 0.0);
            let level = level.filter(|l| (0.0..=10.0).contains(l));
            let serial = sent["serial"].as_f64().filter(|l| l.fract() == 0.0);
            let Some((level, serial)) = level.zip(serial).filter(|(_, s)| s.abs() < 9e18) else {
                return bare(400);
            };
            *state = json!({"level": level as i64, "serial": serial as i64});
            bare(200)
        }
        (_, "/it") => bare(405).with("Allow", "GET, HEAD, PUT"),
        _ => bare(404),
    }
}
