//! Devices that give out tokens to do harm: without end, too long, or of what every text has. A job
//! ends in time, with bounded memory and a page that can be read.

use crate::process::{self, start};
use serde_json::json;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const CONTRACT: &str = r#"openapi: 3.1.0
info: {title: Generous device, version: "1"}
components: {securitySchemes: {door: SCHEME}}
security: [{door: []}]
paths:
  /settings:
    get:
      operationId: getSettings
      responses:
        "200": {description: all, content: {application/json: {schema: {type: object, required: [label], properties: {label: {type: string}}}}}}
        "401": {description: who}
    put:
      operationId: setSettings
      requestBody:
        required: true
        content: {application/json: {schema: {type: object, required: [label], properties: {label: {type: string, minLength: 1, maxLength: 20}}}}}
      responses: {"200": {description: OK}, "400": {description: Refused}, "401": {description: who}}
"#;
const PROFILE: &str = "[login]\npath = \"/login\"\ntoken = \"/token\"\n\
                       query = { u = \"{username}\", p = \"{password}\" }\n";

/// What a token is, and of how many requests a session lasts.
type Row = (&'static str, fn(usize) -> String, usize);

const ROWS: [Row; 18] = [
    ("40,000 octets, new ones", |n| format!("{n:040000}"), 2),
    ("16 KiB, new ones", |n| format!("{n:016384}"), 2),
    ("4 KiB, new ones", |n| format!("{n:04096}"), 1),
    (
        "short, a new one for every request",
        |n| format!("{n:08x}-t"),
        1,
    ),
    ("60 KiB of percent signs", |_| "%25".repeat(20_000), 50),
    ("1 KiB of one letter", |_| "a".repeat(1_024), 50),
    ("1 KiB of backslashes", |_| "\\u005c".repeat(170), 50),
    ("a quote", |_| "\"".to_owned(), 50),
    ("a blank", |_| " ".to_owned(), 50),
    ("a letter", |_| "e".to_owned(), 50),
    ("a status", |_| "200".to_owned(), 50),
    ("a method", |_| "GET".to_owned(), 50),
    ("a word of ours", |_| "promises".to_owned(), 50),
    ("a word of JSON", |_| "true".to_owned(), 50),
    ("our mask", |_| "***".to_owned(), 50),
    ("our name of it", |_| "$PROBITY_TOKEN".to_owned(), 50),
    ("a line end", |_| "t-1234567\r\nX-Evil: yes".to_owned(), 50),
    (
        "no ASCII",
        |_| "t-\u{fffd}\u{0}\u{1f511}-1234567".to_owned(),
        50,
    ),
];

const WAYS: [&str; 2] = [
    "{type: http, scheme: bearer}",
    "{type: oauth2, flows: {clientCredentials: {tokenUrl: /login, scopes: {}}}}",
];

struct Device {
    token: fn(usize) -> String,
    lasts: usize,
    given: AtomicUsize,
    left: AtomicUsize,
    evil: AtomicUsize,
}

fn serve(device: &Arc<Device>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    let device = Arc::clone(device);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let device = Arc::clone(&device);
            std::thread::spawn(move || answer(stream, &device));
        }
    });
    url
}

fn answer(stream: TcpStream, device: &Device) {
    let Ok(mut out) = stream.try_clone() else {
        return;
    };
    let mut lines = BufReader::new(stream);
    loop {
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
        let evil = head.lines().any(|l| l.starts_with("X-Evil"));
        device.evil.fetch_add(usize::from(evil), Ordering::Relaxed);
        let login = head
            .split(' ')
            .nth(1)
            .is_some_and(|t| t.starts_with("/login"));
        let (status, body) = if login {
            let given = device.given.fetch_add(1, Ordering::Relaxed);
            device.left.store(device.lasts, Ordering::Relaxed);
            let token = (device.token)(given);
            (
                "200",
                json!({"token": token, "access_token": token, "token_type": "Bearer\r\nX-Evil: yes",
                "expires_in": u64::MAX, "refresh_token": token}),
            )
        } else {
            let spend = |left: usize| left.checked_sub(1);
            match device
                .left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend)
            {
                Ok(_) if head.contains("uthorization") => ("200", json!({"label": "first"})),
                _ => ("401", json!({"error": "who"})),
            }
        };
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        if out.write_all(head.as_bytes()).is_err() {
            return;
        }
    }
}

#[test]
fn no_token_holds_a_job_up_or_hides_its_page() {
    let rows: Vec<(Row, &str)> = ROWS
        .into_iter()
        .flat_map(|row| WAYS.into_iter().map(move |way| (row, way)))
        .collect();
    process::all_hold(&rows, |((name, token, lasts), way)| {
        let folder = tempfile::tempdir().expect("folder");
        let folder = folder.path();
        std::fs::write(folder.join("doc.yaml"), CONTRACT.replace("SCHEME", way)).expect("file");
        let login = if way.contains("bearer") { PROFILE } else { "" };
        let profile = format!("{login}[read-back.setSettings]\npath = \"/settings\"\n");
        std::fs::write(folder.join("p.toml"), profile).expect("file");
        let device = Arc::new(Device {
            token: *token,
            lasts: *lasts,
            given: AtomicUsize::new(0),
            left: AtomicUsize::new(0),
            evil: AtomicUsize::new(0),
        });
        let line = format!(
            "ulimit -v 2097152; exec {} run --contract doc.yaml --profile p.toml --target {} \
             --username u --password-env PROBITY_PASSWORD --timeout 5s --max-requests 40 --quiet \
             --report text=page.txt --report json=report.json",
            process::BINARY,
            serve(&device)
        );
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &line]);
        process::settled(&mut shell, folder);
        shell.env("PROBITY_PASSWORD", "Tq9-wL3.zR7_kP1");
        let ended = process::ended(&mut shell);
        if let Some(why) = ended.disorder() {
            return Err(format!("{name}, {way}: {why}"));
        }
        if device.given.load(Ordering::Relaxed) == 0 || ended.code == Some(2) {
            return Err(format!("{name}, {way}: no login: {}", start(&ended.text())));
        }
        if device.evil.load(Ordering::Relaxed) > 0 {
            return Err(format!("{name}, {way}: a token became a header field"));
        }
        let page = std::fs::read_to_string(folder.join("page.txt")).expect("page");
        let report = std::fs::read(folder.join("report.json")).expect("report");
        let reads = probity::report::json::read(&report).is_ok();
        // Of one of the two operations there is always something to say.
        match reads && page.contains("judged against") && page.contains("etSettings") {
            true => Ok(()),
            false => Err(format!("{name}, {way}: {}", start(&page))),
        }
    });
}
