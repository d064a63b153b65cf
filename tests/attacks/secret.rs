//! Credentials of awkward form on a device that gives them back in every answer, in every spelling,
//! and quotes the request; every output of every command is searched for every spelling.
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

/// Each goes in by one of [`WAYS`], in turn.
pub fn credentials() -> Vec<(&'static str, String)> {
    let row = |what, text: &str| (what, text.to_owned());
    vec![
        row("slashes", "ab/cd//ef+gh=ij"),
        row("quotes", "say\"it'twice`now"),
        row("not ASCII", "pässwörd-żółć-鍵"),
        ("300 characters", "Zq7-".repeat(75)),
        row("a prefix", "opensesame"),
        row("what it is a prefix of", "opensesame-and-more"),
        row("a word", "name"),
        row("percent signs", "100%25%zz%41bc"),
        row("backslashes", "a\\b\\\\n\\u0041c"),
        row("blanks", "correct horse  battery"),
        row("digits", "3141592653"),
        row("five characters", "Zx9!k"),
        row("three characters", "q7~"),
        row("a URL", "http://u:p@h/?a=b&c#d"),
        row("markup", "<b>&amp;]]></b>"),
        row("a variable", "$HOME${IFS}`id`"),
    ]
}

/// How a credential gets in: security scheme, profile, arguments.
struct Way {
    scheme: &'static str,
    profile: &'static str,
    arguments: &'static str,
}

impl Way {
    /// Whether it opens a session, which is a secret as well.
    fn logs_in(&self) -> bool {
        !self.profile.is_empty() || self.scheme.contains("oauth2")
    }
}

const USER: &str = "--username operator --password-env PROBITY_AWKWARD";
const READY: &str = "--token-env PROBITY_AWKWARD";

const WAYS: [Way; 8] = [
    Way {
        scheme: "{type: http, scheme: basic}",
        profile: "",
        arguments: USER,
    },
    Way {
        scheme: "{type: http, scheme: bearer}",
        profile: "[login]\npath = \"/login\"\ntoken = \"/token\"\n\
                  query = { u = \"{username}\", p = \"{password-md5}\" }\n",
        arguments: USER,
    },
    Way {
        scheme: "{type: http, scheme: digest}",
        profile: "",
        arguments: USER,
    },
    Way {
        scheme: "{type: apiKey, name: key, in: query}",
        profile: "",
        arguments: READY,
    },
    Way {
        scheme: "{type: oauth2, flows: {clientCredentials: {tokenUrl: /login, scopes: {}}}}",
        profile: "",
        arguments: USER,
    },
    Way {
        scheme: "{type: apiKey, name: sid, in: cookie}",
        profile: "[login]\nmethod = \"POST\"\npath = \"/login\"\ncookies = true\n\
                  form = { u = \"{username}\", p = \"{password}\" }\n",
        arguments: USER,
    },
    Way {
        scheme: "{type: apiKey, name: X-Key, in: header}",
        profile: "",
        arguments: READY,
    },
    Way {
        scheme: "{type: http, scheme: bearer}",
        profile: "[login]\nmethod = \"POST\"\npath = \"/login\"\ntoken-header = \"X-Session\"\n\
                  body = { u = \"{username}\", p = \"{password}\" }\n",
        arguments: USER,
    },
];

/// What a login brings.
const SESSION: &str = "Qw8-rT5.zU2_kL9";

const CONTRACT: &str = r##"openapi: 3.1.0
info: {title: Talkative device, version: "1"}
components: {securitySchemes: {door: SCHEME}}
security: [{door: []}]
paths:
  /settings:
    get:
      operationId: getSettings
      responses:
        "200": {description: all, content: {application/json: {schema: {type: object, required: [label], properties: {label: {type: string}, port: {type: integer}, echo: {type: string, maxLength: 3}}}}}}
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

/// A device that keeps settings, lets in who brings any credential, and tells the right one to
/// everybody.
fn device(credential: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    let credential = Arc::new(credential.to_owned());
    let stored = Arc::new(Mutex::new((json!({"label": "first", "port": 5}), 0)));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (credential, stored) = (Arc::clone(&credential), Arc::clone(&stored));
            std::thread::spawn(move || serve(stream, &credential, &stored));
        }
    });
    url
}

/// Spellings in a text of one answer: others in each, and behind a beginning of another length, so
/// that what is cut is cut in another place each time.
const AT_ONCE: usize = 9;

fn gossip(credential: &str, number: usize) -> String {
    let mut all = spellings(credential);
    all.extend(spellings(SESSION));
    let turned = all.iter().cycle().skip(number * AT_ONCE % all.len());
    let texts: Vec<&str> = turned
        .take(AT_ONCE)
        .map(|(_, text)| text.as_str())
        .collect();
    format!("{}{}", "x".repeat(number % 97), texts.join(" | "))
}

fn serve(stream: TcpStream, credential: &str, stored: &Mutex<(serde_json::Value, usize)>) {
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
        let answer = answer(&head, &body, credential, stored);
        if out.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn answer(
    head: &str,
    body: &[u8],
    credential: &str,
    stored: &Mutex<(serde_json::Value, usize)>,
) -> String {
    let (settings, number) = &mut *stored.lock().expect("settings");
    *number += 1;
    let number = *number;
    let gossip = gossip(credential, number);
    let lower = head.to_ascii_lowercase();
    let shown = ["authorization: ", "x-key: ", "key=", "cookie: "];
    let known = shown.iter().any(|s| lower.contains(s));
    let login = lower
        .split(' ')
        .nth(1)
        .is_some_and(|t| t.starts_with("/login"));
    let sent: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let label = sent.as_ref().and_then(|v| v["label"].as_str());
    let mut more = format!("X-Session: {SESSION}\r\nSet-Cookie: sid={SESSION}; Path=/\r\n");
    let (status, body) = match (login, known, head.starts_with("GET"), label) {
        (true, ..) => (
            "200",
            json!({"token": SESSION, "access_token": SESSION, "token_type": "bearer", "did": gossip}),
        ),
        (_, false, ..) => {
            let nonce = "WWW-Authenticate: Digest realm=\"d\", nonce=\"n1\", qop=\"auth\"\r\n";
            more = format!("{nonce}WWW-Authenticate: Basic realm=\"d\"\r\n");
            ("401", json!({"error": "who"}))
        }
        (_, _, true, _) => {
            let mut all = settings.clone();
            all["echo"] = json!(gossip);
            all["request"] = json!(head);
            all["password"] = json!(credential);
            all[credential] = json!(1);
            ("200", all)
        }
        // Every third refusal is an acceptance: something to be found.
        (.., label)
            if label.is_some_and(|l| (1..=20).contains(&l.len())) || number.is_multiple_of(3) =>
        {
            settings["label"] = json!(label.unwrap_or("none"));
            ("200", json!({"did": gossip}))
        }
        _ => (
            "400",
            json!({"error": format!("{credential} {gossip}"), "password": credential, "asked": head}),
        ),
    };
    // As it is in one answer, escaped by the writer in the next.
    let body = match number % 4 {
        0 if !login && !head.starts_with("GET /settings") => {
            format!("<p>{gossip}</p> {credential} {head}")
        }
        _ => body.to_string(),
    };
    let field: String = gossip
        .chars()
        .filter(|c| c.is_ascii_graphic())
        .take(400)
        .collect();
    format!(
        "HTTP/1.1 {status} Said {field}\r\nContent-Type: application/json\r\nX-Echo: {field}\r\n\
         {more}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

const CALLS: [(&str, &str); 6] = [
    ("check", ""),
    (
        "run",
        "--max-requests 150 --verbose --report json=run.json --report junit=run.xml --report text=run.txt \
         --snapshots snapshots --reproducers reproducers --journal run.jsonl",
    ),
    (
        "fuzz",
        "--requests 110 --shrink 15 --no-plan --report json=fuzz.json --snapshots night \
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
fn work(folder: &Path, url: &str, credential: &str, way: &Way) -> Result<(), String> {
    let contract = CONTRACT.replace("SCHEME", way.scheme);
    std::fs::write(folder.join("talk.yaml"), contract).expect("contract");
    let profile = format!("{}{PROFILE}", way.profile);
    std::fs::write(folder.join("talk.toml"), profile).expect("profile");
    let common = format!(
        "--contract talk.yaml --profile talk.toml --target {url} {} --timeout 2s",
        way.arguments
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
        let outside =
            ended.code == Some(3) && (line.starts_with("run") || line.starts_with("fuzz"));
        if usage || outside {
            return Err(format!(
                "{line}: {:?}: {}",
                ended.code,
                start(&ended.text())
            ));
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

/// Where a text shows a secret. Spellings under five characters stand in texts by chance, and so does
/// a short secret: it is looked for where it is a value.
fn shown(text: &str, secret: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (name, spelling) in spellings(secret) {
        let short = secret.len() < 8 && spelling == secret;
        let needles = match short {
            true => vec![
                format!("password\": \"{secret}\""),
                format!("password\":\"{secret}\""),
                format!("password\\\":\\\"{secret}\\\""),
                format!("p={secret}&"),
            ],
            false => vec![spelling],
        };
        let at = needles
            .iter()
            .filter(|n| n.len() >= 5)
            .find_map(|n| text.find(n.as_str()));
        if let Some(at) = at {
            let mut from = at.saturating_sub(60);
            while !text.is_char_boundary(from) {
                from -= 1;
            }
            let around: String = text[from..].chars().take(160).collect();
            found.push(format!("{name}: {around:?}"));
        }
    }
    found
}

#[test]
fn no_output_shows_a_credential() {
    let rows: Vec<_> = credentials().into_iter().zip(WAYS.iter().cycle()).collect();
    let searched = std::sync::atomic::AtomicUsize::new(0);
    let failed = failures(&rows, |((what, credential), way)| {
        // The search finds what is there.
        let all: String = (0..6).map(|number| gossip(credential, number)).collect();
        let planted = shown(&all, credential);
        assert!(planted.len() >= 15, "{what}: {planted:?}");
        let folder = tempfile::tempdir().expect("folder");
        let done = work(folder.path(), &device(credential), credential, way);
        done.map_err(|e| format!("{what}: {e}"))?;
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
            let session = way.logs_in().then_some(SESSION);
            for secret in session.into_iter().chain([credential.as_str()]) {
                let found = shown(&text, secret).into_iter();
                hits.extend(found.map(|hit| format!("{what}: {name}: {hit}")));
            }
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
        // Nothing is proved where nothing was sent.
        let report = std::fs::read(folder.path().join("fuzz.json")).expect("report");
        let report = probity::report::json::read(&report).expect("report reads");
        let sent = report.campaign.map_or(0, |c| c.requests);
        let kept = std::fs::read_dir(folder.path().join("corpus")).map_or(0, |all| all.count());
        assert!(
            sent >= 80 && kept > 0,
            "{what}: {sent} sent, {kept} in the corpus"
        );
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
