//! Build servers read the output of a job and take some of it for commands: `##vso[task.prependpath]…`
//! of a device would choose which programs the next step runs. Nothing that a device answers or a
//! document says comes out as one.

use crate::process::{self, probity};
use serde_json::json;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

/// What build servers act on: Azure Pipelines, GitHub Actions (two forms), TeamCity. Again and again,
/// so that some begin a line wherever a page is broken.
const COMMANDS: &str = "##vso[task.prependpath]/tmp/x ##[add-path]/tmp/x ##teamcity[buildStatus text='x'] \
                        ###VSO[build.x] ::error::x ::stop-commands::y";

fn hostile() -> String {
    format!(
        "\n::add-mask::{}\n  ::warning file=x::y",
        format!("{COMMANDS} ").repeat(4)
    )
}

/// The first thing in a page that a build server would act on.
fn command(page: &str) -> Option<String> {
    page.lines().find_map(|line| {
        let bracket = line.match_indices('#').any(|(at, _)| {
            let behind = line[at..].strip_prefix("##").unwrap_or_default();
            let name = behind.trim_start_matches(|c: char| c.is_ascii_alphabetic());
            name.starts_with('[')
        });
        let begins = line.trim_start().strip_prefix("::");
        let colons = begins.is_some_and(|l| l.starts_with(|c: char| c.is_ascii_alphabetic()));
        (bracket || colons).then(|| line.to_owned())
    })
}

fn document() -> String {
    let bad = hostile();
    let text = json!({
        "openapi": "3.1.0",
        "info": {"title": bad, "version": bad},
        "paths": {"/settings": {
            "get": {"operationId": format!("get {bad}"), "summary": bad, "responses": {"200": {"description": bad,
                "content": {"application/json": {"schema": {"type": "object", "required": ["name"], "properties":
                    {"name": {"type": "string", "maxLength": 3}}}}}}}},
            "put": {"operationId": "setSettings", "description": bad,
                "requestBody": {"required": true, "content": {"application/json": {"schema": {
                    "type": "object", "required": ["name"], "properties": {
                        "name": {"type": "string", "maxLength": 9, "pattern": format!("^[a-z]+${bad}("), "description": bad},
                        format!("x {bad}"): {"type": "string", "enum": [bad, "a"], "default": 3}}}}}},
                "responses": {"200": {"description": bad}, "400": {"description": bad}}}
        }}
    });
    text.to_string()
}

const ROWS: &[&str] = &[
    "lint --contract doc.json",
    "lint --contract doc.json --pedantic",
    "lint --contract doc.json --format json",
    "lint --contract doc.json --report sarif=-",
    "plan --contract doc.json --explain",
    "plan --contract doc.json --format json",
    "pattern --contract doc.json",
    "pattern --contract doc.json --json",
    "init --contract doc.json",
    "explain setSettings.body.name.type --contract doc.json",
    "mock --contract doc.json --list-faults",
    "check --contract plain.json --target {url} --timeout 2s",
    "run --contract plain.json --profile p.toml --target {url} --timeout 2s --max-requests 120 --verbose",
    "run --contract plain.json --profile p.toml --target {url} --timeout 2s --max-requests 120 --report json=-",
    "run --contract plain.json --profile p.toml --target {url} --timeout 2s --max-requests 120 --report junit=-",
    "fuzz --contract plain.json --profile p.toml --target {url} --timeout 2s --requests 60 --no-plan",
    "run --contract doc.json --profile p.toml --target {url} --timeout 2s --max-requests 60",
    "gate report.json",
    "gate report.json --format json",
    "gate report.json --format known-issues",
    "diff report.json report.json",
    "merge report.json --report junit=-",
    "replay report.json --contract plain.json --profile p.toml --target {url} --timeout 2s",
];

/// Answers everything with the hostile text.
fn device() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    url
}

fn answer(stream: TcpStream) {
    let Ok(mut out) = stream.try_clone() else {
        return;
    };
    let bad = hostile();
    let one_line = bad.replace('\n', " ");
    let mut lines = BufReader::new(stream);
    for number in 0.. {
        let (mut length, mut reads) = (0, false);
        let mut line = String::new();
        while lines.read_line(&mut line).is_ok_and(|n| n > 2) {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            reads |= line.starts_with("GET ");
            line.clear();
        }
        let mut rest = Vec::new();
        if line.is_empty() || (&mut lines).take(length).read_to_end(&mut rest).is_err() {
            return;
        }
        let body = match (reads, number % 2) {
            (true, _) => json!({"name": bad, "model": bad}).to_string(),
            (false, 0) => bad.clone(),
            (false, _) => json!({"error": bad, bad.clone(): bad}).to_string(),
        };
        let status = if reads {
            "200"
        } else {
            ["200", "500", "418"][number % 3]
        };
        let head = format!(
            "HTTP/1.1 {status} {one_line}\r\nX: {one_line}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        if out.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}

#[test]
fn nothing_is_a_command_to_a_build_server() {
    // The search finds what is there.
    for planted in [
        "a ##vso[x]",
        "##[x]",
        "x##teamcity[y",
        "  ::error::x",
        "###vso[x]",
    ] {
        assert!(command(planted).is_some(), "{planted}");
    }
    assert_eq!(command("a::b [::1] # [x] ##x"), None);
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("file");
    let text = document();
    write("doc.json", &text);
    let inner = json!(hostile()).to_string();
    write(
        "plain.json",
        &text.replace(&inner[1..inner.len() - 1], "plain"),
    );
    write(
        "p.toml",
        "[read-back.setSettings]\npath = \"/settings\"\n[life]\npath = \"/life\"\nmodel = \"/model\"\n",
    );
    let report = "run --contract plain.json --profile p.toml --timeout 2s --max-requests 120 --quiet --report json=report.json";
    let url = device();
    process::ended(&mut probity(&format!("{report} --target {url}"), folder));
    let made = std::fs::read_to_string(folder.join("report.json")).expect("report");
    assert!(made.contains("vso["), "the device's text is in the report");
    process::all_hold(ROWS, |row| {
        let url = device();
        let ended = process::ended(&mut probity(&row.replace("{url}", &url), folder));
        let page = ended.text();
        match (ended.disorder(), command(&page)) {
            (Some(why), _) => Err(format!("{row}: {why}")),
            (None, Some(line)) => Err(format!("{row}: {line}")),
            (None, None) => Ok(()),
        }
    });
}
