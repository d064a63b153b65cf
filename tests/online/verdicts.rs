//! One cause, one finding; what the document leaves open is said to be arguable; what could not be
//! judged is never a success. Small devices on loopback, each with one thing about it.

use crate::handler::{Asked, Drawn, bare, command, json, judged, serve};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const NOTES: &str = r##"openapi: 3.0.3
info: {title: Notes, version: "1"}
paths:
  /notes:
    post:
      operationId: addNote
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [text]
              properties:
                text: {type: string, minLength: 1, maxLength: 40}
                tag: {type: string, maxLength: 10}
                rank: {type: integer, minimum: 0, maximum: 9}
      responses:
        "200": {description: Noted}
        "400": {description: Not as documented}
  /life:
    get:
      operationId: getLife
      responses:
        "200": {description: It lives}
"##;

/// The first rule of [`NOTES`] that a body breaks.
fn wrong(body: Option<Value>) -> bool {
    let Some(Value::Object(body)) = body else {
        return true;
    };
    let text = |name: &str, least: usize, most: usize| {
        let text = body
            .get(name)
            .map(|v| v.as_str().map(|s| s.chars().count()));
        text.is_none_or(|n| n.is_some_and(|n| (least..=most).contains(&n)))
    };
    let rank = body.get("rank").map(|v| {
        let n = v.as_f64().filter(|n| n.fract() == 0.0);
        n.is_some_and(|n| (0.0..=9.0).contains(&n))
    });
    !body.contains_key("text") || !text("text", 1, 40) || !text("tag", 0, 10) || rank == Some(false)
}

/// 405 with the methods that are served (RFC 9110 §15.5.6).
fn not_served(served: &str) -> Drawn {
    bare(405).with("Allow", served)
}

/// Keeps [`NOTES`] but for what `special` says of a valid body.
fn notes(asked: &Asked, special: impl Fn(&Value) -> Option<Drawn>) -> Drawn {
    match (asked.path.as_str(), asked.method.as_str()) {
        ("/notes", _) => {}
        ("/life", "GET" | "HEAD") => return bare(200),
        ("/life", _) => return not_served("GET, HEAD"),
        _ => return bare(404),
    }
    if asked.method != "POST" {
        return not_served("POST");
    }
    let media = asked
        .headers
        .iter()
        .find(|(name, _)| name == "content-type");
    if media.is_none_or(|(_, value)| !value.to_ascii_lowercase().starts_with("application/json")) {
        return bare(415);
    }
    match asked.json() {
        body if wrong(body.clone()) => bare(400),
        Some(body) => special(&body).unwrap_or_else(|| json(200, &json!({}))),
        None => bare(400),
    }
}

fn findings<'r>(report: &'r Value, kind: &str) -> Vec<&'r Value> {
    let all = report["findings"].as_array().expect("findings");
    all.iter().filter(|f| f["kind"] == kind).collect()
}

#[test]
fn what_fails_whatever_it_is_sent_is_one_finding() {
    let addr = serve(|asked| notes(asked, |_| Some(bare(500))));
    let (_, report) = judged(NOTES, addr, &["--allow-irreversible"]);
    let errors = findings(&report, "server-error");
    let [one] = errors.as_slice() else {
        panic!("{errors:#?}");
    };
    let (cases, of) = (&one["shown"]["cases"], &one["shown"]["of"]);
    let title = one["title"].as_str().expect("a title");
    assert!(title.contains(&format!("{cases} of {of}")), "{title}");
    assert!(title.contains("plain ones too"), "{title}");
    assert!(
        one["members"].as_array().is_some_and(|m| m.len() > 5),
        "{one:#}"
    );
    let case = one["case"].as_str().expect("a case");
    assert!(case.starts_with("addNote/valid/body/"), "{case}");
}

#[test]
fn a_crash_that_only_special_input_causes_is_its_own_finding() {
    let long = |body: &Value| {
        body["text"]
            .as_str()
            .is_some_and(|t| t.chars().count() == 40)
    };
    let tag = |body: &Value| body.get("tag") == Some(&json!(""));
    let addr = serve(move |asked| notes(asked, |b| (long(b) || tag(b)).then(|| bare(500))));
    let (_, report) = judged(NOTES, addr, &["--allow-irreversible"]);
    let errors = findings(&report, "server-error");
    assert!(errors.len() > 1, "{errors:#?}");
    let general = |f: &&Value| {
        f["title"]
            .as_str()
            .is_some_and(|t| t.contains("plain ones too"))
    };
    assert!(!errors.iter().any(general), "{errors:#?}");
}

#[test]
fn what_no_sentence_says_is_arguable_and_what_one_says_is_not() {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    std::fs::write(folder.join("api.yaml"), NOTES).expect("document");
    // Serves every method alike; `lax` also does without what is required.
    let device = |lax: bool| {
        serve(move |asked| match asked.path.as_str() {
            "/notes" if lax && asked.json().is_some_and(|b| b.is_object()) => json(200, &json!({})),
            "/notes" if asked.method != "POST" => json(200, &json!({})),
            _ => notes(asked, |_| None),
        })
    };
    for (lax, strict, lenient) in [(false, 1, 0), (true, 1, 1)] {
        let run = command(folder, device(lax), &["--allow-irreversible"]).output();
        let shown = String::from_utf8_lossy(&run.expect("runs").stdout).into_owned();
        let report = std::fs::read(folder.join("report.json")).expect("report");
        let report: Value = serde_json::from_slice(&report).expect("JSON");
        for finding in report["findings"].as_array().expect("findings") {
            let arguable = finding["kind"] == "method-not-refused";
            assert_eq!(finding["arguable"].is_string(), arguable, "{finding:#}");
        }
        assert!(
            shown.contains("arguable  the document does not say"),
            "{shown}"
        );
        for (mode, code) in [("fail", strict), ("warn", lenient)] {
            let gate = Command::new(env!("CARGO_BIN_EXE_probity"))
                .args(["gate", "report.json", "--arguable", mode])
                .current_dir(folder)
                .output()
                .expect("gate");
            let text = String::from_utf8_lossy(&gate.stdout).into_owned();
            assert_eq!(gate.status.code(), Some(code), "{mode}: {text}");
            assert!(text.contains("arguable: "), "{mode}: {text}");
        }
    }
}

#[test]
fn an_interrupted_run_is_no_success() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let addr = serve(move |asked| {
        counted.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(10));
        notes(asked, |_| None)
    });
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("api.yaml"), NOTES).expect("document");
    let run = command(folder.path(), addr, &["--allow-irreversible"])
        .spawn()
        .expect("runs");
    let end = Instant::now() + Duration::from_secs(60);
    while asked.load(Ordering::Relaxed) < 30 {
        assert!(Instant::now() < end, "nothing is sent");
        std::thread::sleep(Duration::from_millis(5));
    }
    let kill = Command::new("kill")
        .args(["-INT", &run.id().to_string()])
        .status();
    assert!(kill.expect("kill").success());
    let output = run.wait_with_output().expect("ends");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(3), "{shown}");
    assert!(
        shown.contains("NOT JUDGED  ") && shown.contains("; interrupted"),
        "{shown}"
    );
}

#[test]
fn a_refusal_that_was_held_back_is_judged_after_a_kill() {
    // What may create begins with the fullest body.
    let refused = "addNote/valid/body/full";
    let body = Mutex::new(None);
    // Refuses the first valid body that it is sent, each time.
    let addr = serve(move |asked| {
        notes(asked, |given| {
            let mut body = body.lock().expect("not poisoned");
            (body.get_or_insert_with(|| given.clone()) == given).then(|| bare(400))
        })
    });
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    std::fs::write(folder.join("api.yaml"), NOTES).expect("document");
    let arguments = ["--allow-irreversible", "--journal", "j"];
    command(folder, addr, &arguments).output().expect("runs");
    let found = || {
        let report = std::fs::read(folder.join("report.json")).expect("report");
        let report: Value = serde_json::from_slice(&report).expect("JSON");
        let all = findings(&report, "rejects-valid");
        all.iter()
            .map(|f| f["case"].to_string())
            .collect::<Vec<_>>()
    };
    let whole = found();
    assert!(whole.iter().any(|case| case.contains(refused)), "{whole:?}");
    // As if the process had been killed when it had written this case down.
    let journal = std::fs::read_to_string(folder.join("j")).expect("journal");
    let of_it = |line: &&str| line.contains("\"record\":\"case\"") && line.contains(refused);
    let end = journal.lines().position(|line| of_it(&line));
    let end = end.unwrap_or_else(|| panic!("{journal}"));
    let part: Vec<&str> = journal.lines().take(end + 1).collect();
    std::fs::write(folder.join("j"), part.join("\n") + "\n").expect("journal");
    let arguments = ["--allow-irreversible", "--journal", "j", "--resume"];
    command(folder, addr, &arguments).output().expect("runs");
    assert_eq!(found(), whole);
}

#[test]
fn a_coded_answer_is_read() {
    let document = NOTES.replace(
        "\"200\": {description: It lives}",
        "\"200\": {description: It lives, content: {application/json: {schema: {type: object, required: [up]}}}}",
    );
    let addr = serve(|asked| {
        if asked.path != "/life" || !matches!(asked.method.as_str(), "GET" | "HEAD") {
            return notes(asked, |_| None);
        }
        let mut body = GzEncoder::new(Vec::new(), Compression::default());
        body.write_all(b"{}").expect("writes");
        let mut drawn = json(200, &json!({}));
        drawn.body = body.finish().expect("ends");
        let coding = ("Content-Encoding".to_owned(), "gzip".to_owned());
        drawn.headers.push(coding);
        drawn
    });
    let (_, report) = judged(&document, addr, &["--allow-irreversible"]);
    let malformed = findings(&report, "malformed-response");
    let [one] = malformed.as_slice() else {
        panic!("{malformed:#?}");
    };
    assert_eq!(one["promise"], "getLife.responses.200");
    assert_eq!(one["symptom"], "without `up`");
}

const DOOR: &str = r##"openapi: 3.0.3
info: {title: Door, version: "1"}
components:
  securitySchemes: {token: {type: http, scheme: bearer}}
paths:
  /name:
    get:
      operationId: getName
      security: [{token: []}]
      responses:
        "200": {description: it, content: {application/json: {schema: {type: object}}}}
        "401": {description: who are you}
"##;

/// Whoever is kept out with another status than the document's was asked for credentials all the same;
/// and what HTTP alone demands of an answer is untidy where it lacks.
#[test]
fn requests_that_were_kept_out_are_counted_and_a_field_of_http_is_a_small_thing() {
    let addr = serve(|asked| {
        let shown = asked.field("authorization");
        let token = shown.strip_prefix("Bearer ").unwrap_or_default();
        match (asked.path.as_str(), asked.method.as_str()) {
            ("/name", "GET" | "HEAD") if token.len() > 3 => json(200, &json!({"name": "front"})),
            ("/name", "GET" | "HEAD") => bare(404),
            ("/name", _) => Drawn {
                headers: Vec::new(),
                ..bare(405)
            },
            _ => bare(404),
        }
    });
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("api.yaml"), DOOR).expect("document");
    let mut run = command(folder.path(), addr, &["--token-env", "DOOR_TOKEN"]);
    run.env("DOOR_TOKEN", "5d41402abc4b2a76")
        .output()
        .expect("runs");
    let report = std::fs::read(folder.path().join("report.json")).expect("report");
    let report: Value = serde_json::from_slice(&report).expect("JSON");
    let served = findings(&report, "auth-not-enforced");
    let [served] = served.as_slice() else {
        panic!("{:#}", report["findings"]);
    };
    let (cases, of) = (&served["shown"]["cases"], &served["shown"]["of"]);
    assert!(cases.as_u64() < of.as_u64(), "{served:#}");
    let title = served["title"].as_str().expect("a title");
    let counted = format!("{cases} of {of} requests without valid credentials were served");
    assert!(title.starts_with(&counted), "{title}");
    let fields = findings(&report, "malformed-response");
    let [field] = fields.as_slice() else {
        panic!("{:#}", report["findings"]);
    };
    assert_eq!(field["severity"], "low", "{field:#}");
}

/// A clock goes on by itself, whether clients may set it or not, and a counter counts refusals: neither
/// is a setting that a refused request has changed.
#[test]
fn what_moves_by_itself_accuses_nobody() {
    const DOCUMENT: &str = r##"
openapi: 3.0.3
info: {title: clock, version: "1"}
paths:
  /clock:
    get:
      operationId: readClock
      responses: {"200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/Clock"}}}}}
    put:
      operationId: writeClock
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Clock"}}}}
      responses: {"204": {description: written}, "400": {description: refused}}
components:
  schemas:
    Clock:
      type: object
      required: [time, zone]
      properties:
        time: {type: string, format: date-time, example: "2026-11-30T10:00:00Z"}
        zone: {type: string, enum: [UTC, CET]}
        refused: {type: integer, readOnly: true}
"##;
    struct Clock {
        set: (jiff::Timestamp, Instant),
        zone: String,
        refused: u64,
    }
    let set = "2026-11-30T02:41:56Z".parse().expect("a time");
    let clock = Mutex::new(Clock {
        set: (set, Instant::now()),
        zone: "UTC".to_owned(),
        refused: 0,
    });
    let addr = serve(move |asked| {
        let mut clock = clock.lock().expect("clock");
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET" | "HEAD", "/clock") => {
                let gone = i64::try_from(clock.set.1.elapsed().as_secs()).expect("seconds");
                let now = clock.set.0 + jiff::SignedDuration::from_secs(gone);
                let shown =
                    json!({"time": now.to_string(), "zone": clock.zone, "refused": clock.refused});
                json(200, &shown)
            }
            ("PUT", "/clock") => {
                let media = asked.field("content-type").to_ascii_lowercase();
                let body = asked
                    .json()
                    .filter(|_| media.starts_with("application/json"));
                let time = body.as_ref().and_then(|b| b["time"].as_str()?.parse().ok());
                let zone = body.as_ref().and_then(|b| b["zone"].as_str());
                let zone = zone.filter(|z| matches!(*z, "UTC" | "CET"));
                match (time, zone) {
                    (Some(time), Some(zone)) => {
                        clock.set = (time, Instant::now());
                        clock.zone = zone.to_owned();
                        bare(204)
                    }
                    _ => {
                        clock.refused += 1;
                        bare(400)
                    }
                }
            }
            (_, "/clock") => bare(405).with("Allow", "GET, HEAD, PUT"),
            _ => bare(404),
        }
    });
    let (output, report) = judged(DOCUMENT, addr, &["--rate", "100"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(report["findings"], json!([]), "{said}");
    assert_eq!(report["device"]["restored"], json!(true), "{said}");
}

/// What has no verdict is not judged: a device that answers the requests that break a rule with a conflict,
/// or most valid ones, may break every promise about them.
#[test]
fn rules_without_a_verdict_leave_an_operation_judged_in_part() {
    let rank_is_looked_up = |asked: &Asked| match asked.json() {
        Some(body) if body.get("rank").is_some() && wrong(Some(body.clone())) => bare(409),
        _ => notes(asked, |_| None),
    };
    let few_are_taken = |asked: &Asked| {
        notes(asked, |body| {
            let text = body["text"].as_str().unwrap_or_default();
            (text.bytes().map(usize::from).sum::<usize>() % 4 != 0).then(|| bare(409))
        })
    };
    let all_are_told = |asked: &Asked| notes(asked, |_| None);
    type Device = Box<dyn Fn(&Asked) -> Drawn + Send + Sync>;
    let rows: [(&str, Device, i32, Option<&str>); 3] = [
        (
            "a conflict before the rule",
            Box::new(rank_is_looked_up),
            3,
            Some("no request that breaks body.rank."),
        ),
        (
            "few are taken",
            Box::new(few_are_taken),
            3,
            Some("valid requests have no verdict: 409"),
        ),
        ("all are told", Box::new(all_are_told), 0, None),
    ];
    for (name, device, exit, reason) in rows {
        let addr = serve(device);
        let (output, report) = judged(NOTES, addr, &["--allow-irreversible"]);
        assert_eq!(
            output.status.code(),
            Some(exit),
            "{name}: {:#}",
            report["exit"]
        );
        let operations = report["operations"].as_array().expect("operations");
        let add = operations
            .iter()
            .find(|o| o["id"] == "addNote")
            .expect(name);
        match reason {
            Some(reason) => {
                assert_eq!(add["state"], "in-part", "{name}");
                let told = add["reason"].as_str().unwrap_or_default();
                assert!(told.contains(reason), "{name}: {told}");
            }
            None => assert_eq!(add["state"], "judged", "{name}"),
        }
        if name == "a conflict before the rule" {
            let promises = report["promises"].as_array().expect("promises");
            let rule = promises
                .iter()
                .find(|p| p["id"] == "addNote.body.rank.maximum");
            assert_eq!(rule.map(|p| &p["status"]), Some(&json!("undecided")));
        }
    }
}
