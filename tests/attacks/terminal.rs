//! Escapes in every text that a device, a document, a profile, a journal, a report, a known-issue
//! file, a name of a file or a variable of the environment can bring to a person, on a real
//! pseudo-terminal: nothing that drives it gets through, and what it was shows.

use crate::process;
use crate::small::Scene;
use crate::texts::{self, DRIVERS, MARK, driven, hostile};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

/// Beside a row: whether its text has to show. Where a command has no reason to show it, what has
/// to hold is that nothing drives the terminal.
const SHOWS: bool = true;
const MAY: bool = false;

/// `{bad}` stands for the hostile text, `{url}` for the hostile device.
const ROWS: &[(bool, &str)] = &[
    // A document.
    (SHOWS, "lint --contract doc.json"),
    (SHOWS, "lint --contract doc.json --pedantic"),
    (SHOWS, "lint --contract doc.json --format json"),
    (SHOWS, "lint --contract doc.json --report sarif=-"),
    (SHOWS, "plan --contract doc.json"),
    (SHOWS, "plan --contract doc.json --explain"),
    (SHOWS, "plan --contract doc.json --format json"),
    (SHOWS, "pattern --contract doc.json"),
    (SHOWS, "pattern --contract doc.json --json"),
    (SHOWS, "pattern --contract doc.json --matrix"),
    (SHOWS, "pattern --contract doc.json --all"),
    (
        SHOWS,
        "explain set{bad}.body.plain.type --contract doc.json",
    ),
    (SHOWS, "init --contract doc.json"),
    (SHOWS, "mock --contract doc.json --list-faults"),
    (MAY, "mock --contract doc.json --list-choices"),
    (SHOWS, "mock --contract doc.json --list-readings"),
    (SHOWS, "run --contract doc.json --allow-irreversible"),
    (
        SHOWS,
        "run --contract doc.json --allow-irreversible --verbose",
    ),
    (
        SHOWS,
        "run --contract doc.json --allow-irreversible --report json=-",
    ),
    (
        SHOWS,
        "run --contract doc.json --allow-irreversible --report junit=-",
    ),
    (SHOWS, "run --contract doc.json --only set{bad}*"),
    (
        SHOWS,
        "run --contract doc.json --target {url} --allow-irreversible --timeout 1s",
    ),
    (
        SHOWS,
        "check --contract doc.json --target {url} --timeout 1s",
    ),
    (
        MAY,
        "fuzz --contract doc.json --requests 60 --no-plan --allow-irreversible",
    ),
    (MAY, "lint --contract torn.json"),
    (MAY, "plan --contract torn.yaml"),
    (MAY, "lint --contract kinds.yaml"),
    (SHOWS, "lint --contract refs.json"),
    // A profile.
    (SHOWS, "plan --profile torn.toml"),
    (SHOWS, "run --profile torn.toml"),
    (SHOWS, "check --profile torn.toml --target {url}"),
    (MAY, "restore --profile torn.toml --target {url}"),
    (SHOWS, "plan --profile member.toml"),
    (SHOWS, "run --profile member.toml"),
    (SHOWS, "plan --profile values.toml"),
    (SHOWS, "check --profile values.toml --target {url}"),
    (SHOWS, "check --profile env.toml --target {url}"),
    // A journal.
    (SHOWS, "run --resume torn.jsonl"),
    (SHOWS, "run --resume header.jsonl"),
    (SHOWS, "run --resume foreign.jsonl"),
    (SHOWS, "restore --journal torn.jsonl --target {url}"),
    (SHOWS, "restore --journal file.jsonl --target {url}"),
    (MAY, "restore --journal foreign.jsonl --target {url}"),
    (SHOWS, "fuzz --requests 5 --resume torn.jsonl"),
    // A report.
    (SHOWS, "gate report.json"),
    (SHOWS, "gate report.json --format json"),
    (SHOWS, "gate report.json --format known-issues"),
    (SHOWS, "gate report.json --baseline report.json"),
    (MAY, "gate shard.json"),
    (SHOWS, "gate schema.json"),
    (SHOWS, "gate kind.json"),
    (SHOWS, "diff report.json report.json"),
    (SHOWS, "diff report.json report.json --format json"),
    (SHOWS, "diff report.json other.json"),
    (SHOWS, "diff report.json other.json --across-contracts"),
    (SHOWS, "merge shard.json"),
    (SHOWS, "merge shard.json --report json=-"),
    (SHOWS, "merge shard.json --report junit=-"),
    (SHOWS, "merge shard.json --report text=-"),
    (MAY, "merge report.json shard.json"),
    (SHOWS, "merge shard.json foreign.json"),
    (SHOWS, "replay report.json --target {url}"),
    (SHOWS, "replay report.json {bad} --target {url}"),
    (SHOWS, "replay schema.json --target {url}"),
    (MAY, "fuzz --baseline report.json --requests 20 --no-plan"),
    (SHOWS, "fuzz --requests 5 --baseline kind.json"),
    // Known issues.
    (SHOWS, "gate plain.json --known-issues issue.toml"),
    (
        SHOWS,
        "gate plain.json --known-issues issue.toml --format json",
    ),
    (SHOWS, "gate plain.json --known-issues print.toml"),
    (SHOWS, "gate plain.json --known-issues member.toml"),
    // A device.
    (
        MAY,
        "check --contract plain.yaml --profile plain.toml --target {url} --timeout 1s",
    ),
    (
        SHOWS,
        "run --contract plain.yaml --profile plain.toml --target {url} --timeout 1s",
    ),
    (
        SHOWS,
        "run --contract plain.yaml --profile plain.toml --target {url} --timeout 1s --verbose",
    ),
    (
        SHOWS,
        "run --contract plain.yaml --profile plain.toml --target {url} --timeout 1s --report json=-",
    ),
    (
        SHOWS,
        "run --contract plain.yaml --profile plain.toml --target {url} --timeout 1s --report junit=-",
    ),
    (
        MAY,
        "run --contract plain.yaml --target {url} --timeout 1s --quiet",
    ),
    (
        MAY,
        "fuzz --contract plain.yaml --target {url} --timeout 1s --requests 60 --no-plan",
    ),
    (
        MAY,
        "replay found.json --contract plain.yaml --target {url} --timeout 1s",
    ),
    (
        MAY,
        "restore --contract plain.yaml --target {url} --timeout 1s",
    ),
    // Arguments, as a script may take them from a file, and names of files.
    (SHOWS, "gate {bad}.json"),
    (SHOWS, "diff {bad}.json report.json"),
    (SHOWS, "merge {bad}.json"),
    (SHOWS, "replay {bad}.json --target {url}"),
    (SHOWS, "lint --contract {bad}.yaml"),
    (SHOWS, "run --profile {bad}.toml"),
    (SHOWS, "run --journal {bad}/x"),
    (SHOWS, "run --resume {bad}"),
    (SHOWS, "run --report json={bad}/x"),
    (SHOWS, "run --report {bad}=x"),
    (SHOWS, "run --fault {bad}"),
    (SHOWS, "run --choice {bad}=x"),
    (SHOWS, "run --reading {bad}=x"),
    (SHOWS, "run --no-auth --target http://{bad}/"),
    (SHOWS, "run --only {bad}"),
    (
        SHOWS,
        "run --no-auth --ca-file {bad} --target https://127.0.0.1:9",
    ),
    (SHOWS, "fuzz --requests 5 --dictionary {bad}"),
    (
        SHOWS,
        "fuzz --requests 5 --no-plan --corpus report.json/{bad}",
    ),
    (SHOWS, "explain {bad}"),
    (SHOWS, "pattern --pattern {bad}"),
    (SHOWS, "pattern --pattern ({bad}"),
    (SHOWS, "pattern --pattern {bad} --json"),
    (SHOWS, "pattern --field {bad}"),
    (SHOWS, "pattern --batch {bad}"),
    (SHOWS, "pattern --batch lines"),
    (SHOWS, "mock --listen {bad}"),
    (SHOWS, "{bad}"),
    (SHOWS, "run --{bad}"),
    // The environment.
    (SHOWS, "run --token-env {bad} --target {url}"),
    (
        SHOWS,
        "run --username {bad} --password-env {bad} --target {url}",
    ),
    (
        MAY,
        "check --username {bad} --password-env PROBITY_HOSTILE --target {url} --timeout 1s",
    ),
    (
        MAY,
        "run --token-env PROBITY_HOSTILE --target {url} --timeout 1s",
    ),
];

const SMALL: &str = "openapi: 3.1.0
info: {title: plain, version: '1'}
paths:
  /settings:
    put:
      operationId: setSettings
      requestBody:
        required: true
        content: {application/json: {schema: {type: object, required: [name], properties: {name: {type: string, maxLength: 9}}}}}
      responses: {'200': {description: ok}, '400': {description: refused}}
";

/// Every file that the rows name.
fn files(folder: &Path) {
    let bad = hostile();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect(name);
    texts::write(folder, "doc.json", &texts::document());
    let report = texts::report();
    texts::write(folder, "report.json", &report);
    let changed = |name: &str, member: &str, value: Value| {
        let mut report = report.clone();
        report[member] = value;
        texts::write(folder, name, &report);
    };
    let shard = |plan: &str| json!({"index": 1, "of": 1, "plan": plan});
    changed("shard.json", "shard", shard("a"));
    changed("foreign.json", "shard", shard(&bad));
    changed(
        "other.json",
        "contract",
        json!({"id": bad, "sha256": format!("f{bad}")}),
    );
    changed("schema.json", "schema", json!(bad));
    let mut kind = report.clone();
    kind["findings"][0]["kind"] = json!(bad);
    texts::write(folder, "kind.json", &kind);
    let mut plain = report.clone();
    plain["findings"] = json!([]);
    plain["promises"][0]["id"] = json!(bad);
    plain["promises"][0]["status"] = json!("kept");
    plain["exit"]["code"] = json!(0);
    texts::write(folder, "plain.json", &plain);
    let mut found = report.clone();
    found["findings"][0]["promise"] = json!("setSettings.body.name.type");
    found["findings"][0]["operations"] = json!(["setSettings"]);
    texts::write(folder, "found.json", &found);
    write("torn.json", &format!("{{\"openapi\": {bad}"));
    write("torn.yaml", &format!("openapi: [{bad}\n"));
    write(
        "kinds.yaml",
        &format!("openapi: 3.1.0\n{MARK}\u{202e}\u{200b}: {{}}\npaths: {MARK}\u{202e}\n"),
    );
    let reference = json!({"openapi": "3.1.0", "info": {"title": "x", "version": "1"},
        "paths": {"/x": {"get": {"operationId": "x", "responses": {"200": {"$ref": format!("#/{bad}")}}}}}});
    texts::write(folder, "refs.json", &reference);
    write("torn.toml", &format!("x = {bad}\n"));
    write(
        "member.toml",
        &format!("{} = 1\n", json!(format!("{MARK}\u{1b}[2J\u{202e}"))),
    );
    write(
        "values.toml",
        &format!(
            "[limits]\ntimeout = {}\n",
            json!(format!("{MARK}\u{1b}[2J\u{202e}"))
        ),
    );
    write(
        "env.toml",
        &format!(
            "[read-back.setSipSettings]\npath = \"/x\"\nrestore-env = {{ \"/x\" = {} }}\n",
            json!(format!("{MARK}\u{1b}[2J\u{202e}"))
        ),
    );
    write("plain.yaml", SMALL);
    write(
        "plain.toml",
        "[read-back.setSettings]\npath = \"/state\"\n[life]\npath = \"/life\"\nmodel = \"/model\"\nfirmware = \"/firmware\"\n",
    );
    write(
        "issue.toml",
        &texts::issue(&format!("{MARK}\u{1b}[2J\u{202e}"), "0123456789abcdef"),
    );
    write(
        "print.toml",
        &texts::issue("x", &format!("{MARK}\u{1b}[2J\u{202e}")),
    );
    write(
        "lines",
        &format!(
            "{}\n",
            json!({"pattern": format!("{bad}["), "dialect": bad, "mode": "full"})
        ),
    );
    let header = |target: &str| {
        json!({"journal": "probity-journal/1", "job": "run",
        "contract": {"id": bad, "sha256": bad}, "target": target, "seed": 0, "plan": "0",
        "cases": 0, "shard": null})
    };
    write("foreign.jsonl", &format!("{}\n", header(&bad)));
    write(
        "torn.jsonl",
        &format!("{}\n{}\n", header(&bad), json!({"record": bad})),
    );
    write(
        "file.jsonl",
        &format!(
            "{}\n{}\n",
            header(&bad),
            json!({"record": "file", "name": bad, "content": "x"})
        ),
    );
    let mut other = header(&bad);
    other["journal"] = json!(bad);
    write("header.jsonl", &format!("{other}\n"));
}

/// A device that answers everything with hostile texts; its url.
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
    let bad = hostile();
    let raw = json!({"name": bad, "model": bad, "firmware": bad, "error": bad, bad.clone(): bad});
    // Not escaped: as a careless device writes it.
    let body = raw
        .to_string()
        .replace("\\u001b", "\u{1b}")
        .replace("\\u007f", "\u{7f}");
    let header = bad.replace(['\u{7}', '\u{8}'], "");
    let Ok(mut out) = stream.try_clone() else {
        return;
    };
    let mut lines = BufReader::new(stream);
    let mut number = 0;
    loop {
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
        number += 1;
        // What is read can be read, so that a job goes on; what is written is taken, whatever it is.
        let (status, body) = match (reads, number % 3) {
            (true, _) => ("200", raw.to_string()),
            (false, 0) => ("500", format!("<html>{bad}</html>")),
            (false, 1) => ("200", body.clone()),
            (false, _) => ("400", raw.to_string()),
        };
        // Not in each: where a field cannot be read, nothing else of the answer is.
        let server = match number % 5 {
            0 if !reads => header.as_str(),
            _ => MARK,
        };
        let text = format!(
            "HTTP/1.1 {status} Said {MARK}\r\nServer: {server}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        if out.write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}

#[test]
fn nothing_drives_the_terminal() {
    let scene = Scene::new(&[]);
    let folder = scene.folder.path();
    files(folder);
    let bad = hostile();
    // A device each: no two jobs go on with one.
    let words = |row: &str| -> Vec<String> {
        let url = device();
        let fill = |word: &str| word.replace("{bad}", &bad).replace("{url}", &url);
        row.split_whitespace().map(fill).collect()
    };
    if process::on_terminal(&words("explain 0"), folder).is_none() {
        println!("skipped: neither `script` nor python3 makes a pseudo-terminal here");
        return;
    }
    // The search finds what is there.
    for driver in DRIVERS {
        assert_eq!(driven(format!("a{driver}b").as_bytes()), Some(driver));
    }
    process::all_hold(ROWS, |(shows, row)| {
        let ended = process::on_terminal(&words(row), folder).ok_or("no terminal")?;
        if let Some(why) = ended.disorder() {
            return Err(format!("{row}: {why}"));
        }
        if let Some(driver) = driven(&ended.stdout) {
            return Err(format!("{row}: {driver:?} gets through"));
        }
        match *shows == MAY || ended.text().contains(MARK) {
            true => Ok(()),
            false => Err(format!(
                "{row}: the text does not show: {}",
                tail(&ended.text())
            )),
        }
    });
}

/// The end of a page, for messages.
fn tail(text: &str) -> String {
    let skipped = text.chars().count().saturating_sub(1500);
    let end: String = text.chars().skip(skipped).collect();
    end.escape_debug().to_string()
}
