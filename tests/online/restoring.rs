//! What a run changes it puts back, found from the document alone; a run that was killed is undone by
//! `restore`, and nobody begins another before that.

use crate::handler::{bare, json as answer, judged, serve};
use crate::support;

use assert_cmd::Command;
use probity::contract::load_bytes;
use probity::device::{Device, Options, StateRead};
use probity::mock::{self, Mock};
use probity::probe::Step;
use probity::profile::Profile;
use probity::run::journal::{Header, Journal, Record, SCHEMA_ID, shape};
use probity::run::result::ContractRef;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::{Suite, credentials};

/// Settings that PUT and PATCH write and GET at the same path reads; nothing else is said.
const DOCUMENT: &str = r#"
openapi: 3.0.3
info: {title: Panel, version: "1"}
paths:
  /settings:
    get:
      operationId: getSettings
      responses:
        "200": {description: OK, content: {application/json: {schema: {$ref: '#/components/schemas/S'}}}}
    put:
      operationId: putSettings
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: '#/components/schemas/S'}}}
      responses: {"200": {description: OK}, "400": {description: bad}}
components:
  schemas:
    S:
      type: object
      required: [name, port]
      properties:
        name: {type: string, minLength: 1, maxLength: 12}
        port: {type: integer, minimum: 1, maximum: 65535}
"#;

fn suite() -> Suite {
    let contract = load_bytes("panel.yaml", DOCUMENT.as_bytes()).expect("contract");
    Suite::new(contract, Profile::default())
}

fn state(mock: &Mock) -> Value {
    let options = Options {
        base_url: format!("http://{}", mock.addr()),
        ..Options::default()
    };
    let device = Device::new(options, Arc::new(Profile::default())).expect("device");
    let read = StateRead {
        method: "GET".to_owned(),
        target: "/settings".to_owned(),
        root: String::new(),
        unreadable: Default::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("runtime");
    let state = runtime.block_on(device.read_state(&read));
    state.expect("the settings are read").value
}

#[test]
fn settings_are_put_back_without_a_profile() {
    let suite = suite();
    let config = suite.mock();
    let credentials = credentials(&config);
    let mock = mock::spawn(config).expect("mock");
    let before = state(&mock);
    let outcome = suite.run_on(&mock, credentials, &mut (), Duration::from_millis(1_500));
    assert_eq!(outcome.report.findings, []);
    assert_eq!(outcome.report.device.restored, Some(true));
    assert_eq!(state(&mock), before);
    mock.stop();
}

/// Runs a subcommand: exit code and everything it says.
fn run(home: &Path, contract: &Path, target: &str, words: &[&str]) -> (i32, String) {
    let output = Command::cargo_bin("probity")
        .expect("binary")
        .env("XDG_STATE_HOME", home)
        .env("HOME", home)
        .env("PW", "before")
        .current_dir(home)
        .arg(words[0])
        .arg("--contract")
        .arg(contract)
        .args(["--target", target])
        .args(&words[1..])
        .output()
        .expect("runs");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
fn a_killed_run_is_undone_before_another_begins() {
    let folder = tempfile::tempdir().expect("folder");
    let home = folder.path();
    let contract = home.join("panel.yaml");
    std::fs::write(&contract, DOCUMENT).expect("contract");
    let suite = suite();
    let mock = mock::spawn(suite.mock()).expect("mock");
    let target = format!("http://{}", mock.addr());
    let now = state(&mock);
    // What a process that was killed leaves: the settings from before are not those that stand. A
    // name that was the password is known by its name only.
    let before = json!({"name": "before", "port": 81});
    let kept = json!({"name": "$PROBITY_PASSWORD", "port": 81});
    let journals = home.join("probity/journals");
    let (code, said) = run(home, &contract, &target, &["run", "--max-requests", "60"]);
    assert!(said.contains("if this run is killed"), "{code} {said}");
    let left: Vec<_> = std::fs::read_dir(&journals).expect("folder").collect();
    assert!(
        left.is_empty(),
        "a finished run leaves no journal: {left:?}"
    );
    let hash: String = Sha256::digest(target.as_bytes())
        .iter()
        .take(8)
        .map(|b| format!("{b:02x}"))
        .collect();
    let path = journals.join(format!("{hash}.jsonl"));
    let header = Header {
        journal: SCHEMA_ID.to_owned(),
        job: "run".to_owned(),
        contract: ContractRef {
            id: suite.contract.id.clone(),
            sha256: suite.contract.sha256.clone(),
        },
        target: target.clone(),
        seed: 0,
        plan: String::new(),
        cases: 0,
        shard: None,
        shape: Some(shape(&suite.contract)),
    };
    // Items that it created, and no settings.
    let mut journal = Journal::create(&path, &header, None).expect("journal");
    journal.append(&Record::Creating {
        step: Step::Created {
            n: 1,
            operation: "createThing".to_owned(),
            item: "/things/1".to_owned(),
        },
    });
    drop(journal);
    let (code, said) = run(home, &contract, &target, &["run"]);
    assert_eq!(code, 2, "{said}");
    std::fs::remove_file(&path).expect("journal");
    let mut journal = Journal::create(&path, &header, None).expect("journal");
    journal.append(&Record::Settings {
        before: [("putSettings".to_owned(), kept)].into(),
    });
    drop(journal);
    assert_ne!(now, before);
    let (code, said) = run(home, &contract, &target, &["run"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("probity restore --target"), "{said}");
    // A port of this machine that another program has by now.
    let kept = std::fs::read(&path).expect("journal");
    let other = home.join("other.yaml");
    std::fs::write(&other, DOCUMENT.replace("title: ", "title: Another ")).expect("contract");
    let (_, said) = run(home, &other, &target, &["run", "--max-requests", "9"]);
    assert!(said.contains("was put aside"), "{said}");
    let aside = std::fs::read_dir(&journals).expect("folder").flatten();
    let aside: Vec<_> = aside
        .map(|e| std::fs::read(e.path()).expect("reads"))
        .collect();
    assert!(aside.contains(&kept), "nothing is lost");
    std::fs::write(&path, kept).expect("journal");
    // The same operations in another text: what a device serves of itself may change.
    let contract = home.join("again.yaml");
    std::fs::write(&contract, format!("# served anew\n{DOCUMENT}")).expect("contract");
    let login = ["restore", "--username", "u", "--password-env", "PW"];
    let (code, said) = run(home, &contract, &target, &login);
    assert_eq!(code, 0, "{said}");
    assert!(!path.exists(), "what is put back is forgotten");
    let (code, said) = run(home, &contract, &target, &["restore", "--dismiss"]);
    assert_eq!(code, 2, "nothing is left to do: {said}");
    let stands = state(&mock);
    assert_eq!(stands["name"], before["name"], "{stands}");
    assert_eq!(stands["port"], before["port"], "{stands}");
    mock.stop();
}

/// A removal resets what it names at an item of our own, not at the item of the plan: what is known of
/// that is known no longer, and nothing that was refused is blamed for it.
#[test]
fn a_removal_at_an_item_of_our_own_is_what_it_did() {
    let rights = json!({"type": "object", "required": ["role"], "properties": {
        "role": {"type": "string", "enum": ["read", "write", "admin"]}}});
    let item = json!({"type": "object", "required": ["name"], "properties": {
        "id": {"type": "string"}, "name": {"type": "string"}}});
    let media = |schema: &Value| json!({"application/json": {"schema": schema}});
    let answer = |status: &str, content: Value| {
        let plain = json!({"description": "so"});
        let mut all = json!({"400": plain, "401": plain, "404": plain});
        all[status] = json!({"description": "ok", "content": content});
        all
    };
    let done = json!({"204": {"description": "ok"}, "400": {"description": "no"},
        "401": {"description": "who"}, "404": {"description": "none"}});
    let mut example = media(&rights);
    example["application/json"]["example"] = json!({"role": "write"});
    let id = json!([{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}]);
    let document = json!({
        "openapi": "3.0.3", "info": {"title": "t", "version": "1"},
        "components": {"securitySchemes": {"door": {"type": "http", "scheme": "bearer"}}},
        "security": [{"door": []}],
        "paths": {
            "/repos": {
                "get": {"operationId": "list",
                        "responses": answer("200", media(&json!({"type": "array", "items": item})))},
                "post": {"operationId": "create", "responses": answer("201", media(&item)),
                         "requestBody": {"required": true, "content": media(&item)}}},
            "/repos/{id}": {"parameters": id,
                "get": {"operationId": "repo", "responses": answer("200", media(&item))},
                "delete": {"operationId": "remove", "responses": done}},
            "/repos/{id}/rights": {"parameters": id,
                "get": {"operationId": "rights", "responses": answer("200", media(&rights))},
                "put": {"operationId": "change", "responses": done,
                        "requestBody": {"required": true, "content": example}},
                "delete": {"operationId": "reset", "responses": done}},
        }
    });
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("repos.json");
    std::fs::write(&file, document.to_string()).expect("the document");
    let done = Command::cargo_bin("probity")
        .expect("the program")
        .env("XDG_STATE_HOME", home.path())
        .current_dir(home.path())
        .args(["run", "--contract", "repos.json"])
        .output()
        .expect("a run");
    let told = String::from_utf8_lossy(&done.stdout);
    assert_eq!(done.status.code(), Some(0), "{told}");
}

/// A device that does not take its settings back as it shows them: they are lost with the first write,
/// which is told as what it is and not only as settings that could not be put back.
#[test]
fn a_state_that_is_not_taken_back_as_it_is_shown_is_a_finding() {
    for (moves, code, findings) in [(true, 6, 1), (false, 0, 0)] {
        let state = Mutex::new(json!({"name": "panel", "port": 8080}));
        let addr = serve(move |asked| {
            let mut state = state.lock().expect("state");
            match (asked.method.as_str(), asked.path.as_str()) {
                ("GET" | "HEAD", "/settings") => answer(200, &state),
                ("PUT", "/settings") => {
                    let media_type = asked.field("content-type").to_ascii_lowercase();
                    if media_type.split(';').next().map(str::trim) != Some("application/json") {
                        return bare(415);
                    }
                    let Some(body) = asked.json().filter(is_valid) else {
                        return bare(400);
                    };
                    *state = json!({"name": body["name"], "port": body["port"]});
                    if moves {
                        let port = body["port"].as_u64().map(|p| p.saturating_sub(1).max(1));
                        state["port"] = json!(port);
                    }
                    answer(200, &state)
                }
                (_, "/settings") => bare(405).with("Allow", "GET, HEAD, PUT"),
                _ => bare(404),
            }
        });
        let (output, report) = judged(DOCUMENT, addr, &[]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{said}");
        let found = report["findings"].as_array().expect("findings");
        assert_eq!(found.len(), findings, "{said}");
        for finding in found {
            assert_eq!(finding["kind"], "readback-differs", "{said}");
            assert_eq!(finding["promise"], "putSettings.state.readback", "{said}");
            assert_eq!(finding["confirmed"], "3/3", "{said}");
        }
    }
}

fn is_valid(body: &Value) -> bool {
    let Some(members) = body.as_object() else {
        return false;
    };
    let name = |v: &Value| {
        v.as_str()
            .is_some_and(|s| (1..=12).contains(&s.chars().count()))
    };
    let port = |v: &Value| {
        v.as_f64()
            .is_some_and(|n| n.fract() == 0.0 && (1.0..=65535.0).contains(&n))
    };
    members.get("name").is_some_and(name) && members.get("port").is_some_and(port)
}
