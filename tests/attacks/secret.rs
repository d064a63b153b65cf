//! Ten credentials of awkward form on a device that gives them back in every answer, in every
//! spelling; every output of every command is searched for every spelling.
//!
//! A word (`name`) stands in texts anyway: of it, the encodings are searched for, and the word where
//! it is a value.

use crate::process::{self, failures, start};
use crate::spelled::spellings;
use serde_json::json;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

/// The word among the credentials.
const WORD: &str = "name";

fn credentials() -> Vec<(&'static str, String)> {
    let row = |what, text: &str| (what, text.to_owned());
    vec![
        row("slashes", "ab/cd//ef+gh=ij"),
        row("quotes", "say\"it'twice`now"),
        row("not ASCII", "pässwörd-żółć-鍵"),
        ("300 characters", "Zq7-".repeat(75)),
        row("a prefix", "opensesame"),
        row("what it is a prefix of", "opensesame-and-more"),
        row("a word", WORD),
        row("percent signs", "100%25%zz%41bc"),
        row("backslashes", "a\\b\\\\n\\u0041c"),
        row("blanks", "correct horse  battery"),
        row("digits", "3141592653"),
    ]
}

const CONTRACT: &str = r##"openapi: 3.1.0
info: {title: Talkative device, version: "1"}
components: {securitySchemes: {door: {type: http, scheme: basic}}}
security: [{door: []}]
paths:
  /settings:
    get:
      operationId: getSettings
      responses:
        "200": {description: all, content: {application/json: {schema: {type: object, required: [label], properties: {label: {type: string}, echo: {type: string, maxLength: 3}}}}}}
        "401": {description: who}
    put:
      operationId: setSettings
      requestBody:
        required: true
        content: {application/json: {schema: {type: object, required: [label], properties: {label: {type: string, minLength: 1, maxLength: 20}, port: {type: integer, minimum: 1, maximum: 99}}}}}
      responses:
        "200": {description: OK}
        "400": {description: Refused, content: {application/json: {schema: {type: object, required: [error], properties: {error: {type: string, maxLength: 5}}}}}}
        "401": {description: who}
"##;
const PROFILE: &str = "[read-back.setSettings]\npath = \"/settings\"\n";

/// A device that keeps settings, lets in who knows the credential, and tells it to everybody in.
fn device(credential: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    let credential = Arc::new(credential.to_owned());
    let stored = Arc::new(Mutex::new(json!({"label": "first", "port": 5})));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (credential, stored) = (Arc::clone(&credential), Arc::clone(&stored));
            std::thread::spawn(move || serve(stream, &credential, &stored));
        }
    });
    url
}

/// All spellings in a text, one of them more often than the others by the number of the answer, so
/// that what is cut is cut in another place each time.
fn gossip(credential: &str, number: usize) -> String {
    let all = spellings(credential);
    let turn = number % all.len();
    let turned = all.iter().cycle().skip(turn).take(all.len());
    let texts: Vec<&str> = turned.map(|(_, text)| text.as_str()).collect();
    format!("{}{}", "x".repeat(number % 97), texts.join(" | "))
}

fn serve(stream: TcpStream, credential: &str, stored: &Mutex<serde_json::Value>) {
    let Ok(mut out) = stream.try_clone() else {
        return;
    };
    let mut lines = BufReader::new(stream);
    for number in 0.. {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = Vec::new();
            if !lines.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                return;
            }
            let line = String::from_utf8_lossy(&line).into_owned();
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            head.push_str(&line);
        }
        let mut body = Vec::new();
        if (&mut lines).take(length).read_to_end(&mut body).is_err() {
            return;
        }
        let answer = answer(&head, &body, credential, stored, number);
        if out.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn answer(
    head: &str,
    body: &[u8],
    credential: &str,
    stored: &Mutex<serde_json::Value>,
    number: usize,
) -> String {
    let gossip = gossip(credential, number);
    let mut settings = stored.lock().expect("settings");
    let known = head.to_ascii_lowercase().contains("authorization: basic");
    let sent: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let label = sent.as_ref().and_then(|v| v["label"].as_str());
    let (status, body) = match (known, head.starts_with("GET"), label) {
        (false, _, _) => ("401 Who", json!({"error": "who"})),
        (_, true, _) => {
            let mut all = settings.clone();
            all["echo"] = json!(gossip);
            all["password"] = json!(credential);
            all[credential] = json!(1);
            ("200 OK", all)
        }
        // Every third refusal is an acceptance: something to be found.
        (_, _, label)
            if label.is_some_and(|l| (1..=20).contains(&l.len())) || number.is_multiple_of(3) =>
        {
            settings["label"] = json!(label.unwrap_or("none"));
            ("200 OK", json!({"did": gossip}))
        }
        _ => (
            "400 No",
            json!({"error": format!("{credential} {gossip}"), "password": credential}),
        ),
    };
    // As it is in one answer, escaped by the writer in the next.
    let body = match number % 4 {
        0 => format!("<p>{gossip}</p> {credential}"),
        _ => body.to_string(),
    };
    let field: String = gossip
        .chars()
        .filter(|c| c.is_ascii_graphic())
        .take(400)
        .collect();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nX-Echo: {field}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

const CALLS: [(&str, &str); 6] = [
    ("check", ""),
    (
        "run",
        "--verbose --report json=run.json --report junit=run.xml --report text=run.txt \
         --snapshots snapshots --reproducers reproducers --journal run.jsonl",
    ),
    (
        "fuzz",
        "--requests 250 --shrink 20 --no-plan --report json=fuzz.json --snapshots night \
         --reproducers made --journal fuzz.jsonl --corpus corpus",
    ),
    ("replay run.json", ""),
    (
        "run",
        "--only *.label.* --report json=- --report junit=junit.xml",
    ),
    ("restore --journal run.jsonl", ""),
];
const PAPERS: [&str; 5] = [
    "gate run.json",
    "gate run.json --format json",
    "gate run.json --format known-issues",
    "gate fuzz.json --baseline run.json",
    "diff run.json run.json",
];

/// Runs everything; what each printed is in the folder too.
fn work(folder: &Path, url: &str, credential: &str) -> Result<(), String> {
    std::fs::write(folder.join("talk.yaml"), CONTRACT).expect("contract");
    std::fs::write(folder.join("talk.toml"), PROFILE).expect("profile");
    let common = format!(
        "--contract talk.yaml --profile talk.toml --target {url} --username operator \
         --password-env PROBITY_AWKWARD --timeout 2s"
    );
    let device = CALLS.map(|(call, more)| format!("{call} {common} {more}"));
    let all = device.into_iter().chain(PAPERS.map(str::to_owned));
    for (at, line) in all.enumerate() {
        let mut command = Command::new(process::BINARY);
        command
            .args(line.split_whitespace())
            .env("PROBITY_AWKWARD", credential);
        process::settled(&mut command, folder);
        let ended = process::ended(&mut command);
        if let Some(why) = ended.disorder() {
            return Err(format!("{line}: {why}"));
        }
        let usage = ended.code == Some(2) && !line.starts_with("restore");
        if usage {
            return Err(format!("{line}: {}", start(&ended.text())));
        }
        let name = format!(
            "printed-{at}-{}",
            line.split(' ').next().unwrap_or_default()
        );
        std::fs::write(folder.join(name), ended.text()).expect("page");
    }
    Ok(())
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut open = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).expect("folder").flatten() {
            match entry.path().is_dir() {
                true => open.push(entry.path()),
                false => found.push(entry.path()),
            }
        }
    }
    found
}

/// Where a text shows a secret. Spellings under five characters stand in texts by chance.
fn shown(text: &str, secret: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (name, spelling) in spellings(secret) {
        let ordinary = secret == WORD && ["plain", "JSON", "percent partial"].contains(&name);
        let needles = match ordinary {
            true => vec![
                format!("password\": \"{secret}\""),
                format!("password\":\"{secret}\""),
                format!("password\\\":\\\"{secret}\\\""),
            ],
            false => vec![spelling],
        };
        let at = needles
            .iter()
            .filter(|n| n.len() >= 5)
            .find_map(|n| text.find(n.as_str()));
        if let Some(at) = at {
            let around: String = text
                .get(at.saturating_sub(60)..)
                .map_or_else(|| "…".to_owned(), |rest| rest.chars().take(160).collect());
            found.push(format!("{name}: {around:?}"));
        }
    }
    found
}

#[test]
fn no_output_shows_a_credential() {
    let rows = credentials();
    let searched = std::sync::atomic::AtomicUsize::new(0);
    let failed = failures(&rows, |(what, credential)| {
        // The search finds what is there.
        let planted = shown(&gossip(credential, 0), credential);
        assert!(planted.len() >= 9, "{what}: {planted:?}");
        let folder = tempfile::tempdir().expect("folder");
        work(folder.path(), &device(credential), credential).map_err(|e| format!("{what}: {e}"))?;
        let all = files(folder.path());
        let outputs = all
            .iter()
            .filter(|f| !f.ends_with("talk.yaml") && !f.ends_with("talk.toml"));
        let mut hits = Vec::new();
        for file in outputs {
            let bytes = std::fs::read(file).expect("output");
            let text = String::from_utf8_lossy(&bytes);
            searched.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let name = file.strip_prefix(folder.path()).unwrap_or(file).display();
            hits.extend(
                shown(&text, credential)
                    .into_iter()
                    .map(|hit| format!("{what}: {name}: {hit}")),
            );
        }
        for needed in [
            "run.jsonl",
            "fuzz.jsonl",
            "run.json",
            "fuzz.json",
            "run.xml",
            "run.txt",
        ] {
            assert!(folder.path().join(needed).is_file(), "{what}: no {needed}");
        }
        match hits.is_empty() {
            true => Ok(()),
            false => Err(hits.join("\n")),
        }
    });
    println!(
        "{} outputs of {} credentials",
        searched.into_inner(),
        rows.len()
    );
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
