//! Accounts are created with names of their own and passwords that nobody can guess, are found where
//! no answer names them, and go; those of others stay.

use crate::accounts::{Accounts, DOCUMENT, Ways};
use crate::support::{self, Suite};

use probity::contract::load_bytes;
use probity::profile::Profile;
use std::collections::BTreeSet;
use std::process::{Command, Stdio};

fn suite() -> Suite {
    let contract = load_bytes("accounts.yaml", DOCUMENT.as_bytes()).expect("contract");
    Suite::new(contract, Profile::default())
}

#[test]
fn accounts_are_found_in_lists_and_go() {
    let suite = suite();
    for ways in [
        Ways::default(),
        Ways {
            part: 3,
            says_next: true,
            ..Ways::default()
        },
        // Writes and removals have to name the state that they change.
        Ways {
            validators: true,
            ..Ways::default()
        },
        // What is created is there a little later.
        Ways {
            later: 3,
            ..Ways::default()
        },
    ] {
        let service = Accounts::start(ways);
        let before = service.accounts();
        let report = support::careful_run(&suite, service.addr);
        let told = support::told(&report);
        assert_eq!(service.accounts(), before, "{ways:?}: {told}");
        assert_eq!(report.exit.code, 0, "{ways:?}: {told}");
        let whole =
            |o: &&probity::run::result::OperationResult| format!("{:?}", o.state) != "Judged";
        assert!(
            !report.operations.iter().any(|o| whole(&o)),
            "{ways:?}: {told}"
        );
        let names = service.names();
        assert!(names.len() > 20, "{told}");
        let marked = names.iter().filter(|n| n.starts_with("probity-"));
        assert!(marked.count() > 10, "{names:?}");
    }
}

#[test]
fn a_list_that_ends_too_early_is_no_proof() {
    // Seven accounts, and a list that shows three without saying that there are more, nor its
    // document how the others are asked for: nothing tells which account a creation made.
    let asked = DOCUMENT
        .lines()
        .filter(|line| !line.contains("name: offset"));
    let document = asked.collect::<Vec<_>>().join("\n");
    let contract = load_bytes("accounts.yaml", document.as_bytes()).expect("contract");
    let suite = Suite::new(contract, Profile::default());
    let service = Accounts::start(Ways {
        part: 3,
        ..Ways::default()
    });
    let before = service.accounts();
    let report = support::careful_run(&suite, service.addr);
    let told = support::told(&report);
    assert_eq!(report.exit.code, 6, "{told}");
    assert_eq!(report.findings, [], "{told}");
    // One, which is owned up to, and none of the others' is touched.
    let after = service.accounts();
    assert_eq!(after.len(), before.len() + 1, "{told}");
    assert_eq!(after[..before.len()], before[..], "{told}");
    assert!(
        report.notes.iter().any(|n| n.contains("was left")),
        "{told}"
    );
}

#[test]
fn what_is_refused_and_stored_is_found_and_goes() {
    let suite = suite();
    let service = Accounts::start(Ways {
        stores_refused: true,
        ..Ways::default()
    });
    let before = service.accounts();
    let report = support::careful_run(&suite, service.addr);
    let told = support::told(&report);
    // Before anybody knew that refusals create, several without a name of their own may have.
    let after = service.accounts();
    assert!(
        after.len() == before.len() || report.exit.code == 6,
        "{told}"
    );
    for left in &after[before.len()..] {
        let id = format!("/accounts: {} ", left["id"]);
        assert!(
            report.notes.iter().any(|n| n.contains(&id)),
            "{left}: {told}"
        );
    }
    let mut found = report.findings.iter().map(|f| f.promise.as_str());
    assert!(found.any(|p| p == "createAccount.state.refusal"), "{told}");
}

#[test]
fn what_others_create_meanwhile_stays() {
    let suite = suite();
    let service = Accounts::start(Ways {
        others: 9,
        ..Ways::default()
    });
    let before = service.accounts();
    let report = support::careful_run(&suite, service.addr);
    let told = support::told(&report);
    let after = service.accounts();
    let theirs = |a: &serde_json::Value| {
        let name = a["name"].as_str().unwrap_or_default();
        name.starts_with("user") || name.starts_with("somebody")
    };
    // None of theirs went.
    let made = service.names().len() / 9;
    let stay = after.iter().filter(|a| theirs(a)).count();
    assert!(made > 0 && stay == before.len() + made, "{told}");
    assert_eq!(report.findings, [], "{told}");
    // What appeared beside theirs at the same moment cannot be told from it, and is owned up to.
    for left in after.iter().filter(|a| !theirs(a)) {
        let id = format!("/accounts: {} ", left["id"]);
        assert!(
            report.notes.iter().any(|n| n.contains(&id)),
            "{left}: {told}"
        );
    }
    assert_eq!(report.exit.code, 6, "{told}");
}

#[test]
fn passwords_are_nowhere() {
    let service = Accounts::start(Ways::default());
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("accounts.yaml"), DOCUMENT).expect("contract");
    let output = Command::new(env!("CARGO_BIN_EXE_probity"))
        .args(["run", "--contract", "accounts.yaml", "--verbose"])
        .args(["--target", &format!("http://{}", service.addr)])
        .args(["--journal", "j.jsonl", "--report", "json=r.json"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("runs");
    let mut said = [output.stdout, output.stderr].concat();
    for name in ["j.jsonl", "r.json"] {
        said.extend(std::fs::read(folder.path().join(name)).expect(name));
    }
    let said = String::from_utf8_lossy(&said);
    let passwords = service.passwords();
    let random: BTreeSet<&String> = passwords.iter().collect();
    assert!(random.len() > 20, "{passwords:?}");
    assert_eq!(random.len(), passwords.len(), "{passwords:?}");
    for password in random {
        assert!(password.starts_with("Aa1"), "{password}");
        assert!(!said.contains(password.as_str()), "{password}");
    }
}

/// A service whose passwords have a pattern, which it checks.
const PATTERNED: &str = r##"
openapi: 3.0.3
info: {title: Recorder, version: "1"}
paths:
  /users:
    get:
      operationId: listUsers
      responses: {"200": {description: all, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/User"}}}}}}
    post:
      operationId: addUser
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/New"}}}}
      responses: {"201": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/User"}}}}, "400": {description: bad}}
  /users/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
    get:
      operationId: getUser
      responses: {"200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/User"}}}}, "404": {description: none}}
    delete:
      operationId: deleteUser
      responses: {"204": {description: gone}, "404": {description: none}}
components:
  schemas:
    New:
      type: object
      required: [name, KEY]
      properties: {name: {type: string, minLength: 1, maxLength: 40}, KEY: {type: string, pattern: 'PATTERN', minLength: 4, maxLength: 20, writeOnly: true}}
    User: {type: object, required: [id, name], properties: {id: {type: integer}, name: {type: string}}}
"##;

#[test]
fn a_password_that_is_to_be_refused_is_sent_as_it_is() {
    use crate::handler::{Drawn, bare, json as drawn, judged, serve};
    use serde_json::{Value, json};
    type Fits = fn(char) -> bool;
    let rows: [(&str, &str, Fits); 2] = [
        ("password", "^[A-Za-z0-9_]+$", |c| {
            c.is_ascii_alphanumeric() || c == '_'
        }),
        // Twelve digits are a password that nobody guesses; four are none.
        ("pin", "^[0-9]+$", |c| c.is_ascii_digit()),
    ];
    for (key, pattern, fits) in rows {
        let store = std::sync::Mutex::new((0_u64, Vec::<Value>::new()));
        let answer = move |asked: &crate::handler::Asked| -> Drawn {
            let mut store = store.lock().unwrap_or_else(|e| e.into_inner());
            let id = asked.path.strip_prefix("/users/").map(str::to_owned);
            let id = id.and_then(|id| id.parse::<u64>().ok());
            let at = store
                .1
                .iter()
                .position(|u| Some(&u["id"]) == id.map(|i| json!(i)).as_ref());
            match (asked.method.as_str(), asked.path.as_str(), at) {
                ("GET" | "HEAD", "/users", _) => drawn(200, &json!(store.1)),
                ("POST", "/users", _) => {
                    let sent = asked.json().unwrap_or_default();
                    let name = sent["name"]
                        .as_str()
                        .filter(|n| (1..=40).contains(&n.chars().count()));
                    let secret = sent[key].as_str().filter(|s| s.chars().all(fits));
                    let secret = secret.filter(|s| (4..=20).contains(&s.len()));
                    let (Some(name), Some(_)) = (name, secret) else {
                        return bare(400);
                    };
                    store.0 += 1;
                    let user = json!({"id": store.0, "name": name});
                    store.1.push(user.clone());
                    drawn(201, &user)
                }
                ("GET" | "HEAD", _, Some(at)) => drawn(200, &store.1[at]),
                ("DELETE", _, Some(at)) => {
                    store.1.remove(at);
                    bare(204)
                }
                (_, "/users", _) => bare(405).with("Allow", "GET, HEAD, POST"),
                (_, _, Some(_)) => bare(405).with("Allow", "GET, HEAD, DELETE"),
                _ => bare(404),
            }
        };
        let addr = serve(answer);
        let document = PATTERNED.replace("KEY", key).replace("PATTERN", pattern);
        let (output, report) = judged(&document, addr, &["-q"]);
        assert_eq!(report["findings"], json!([]), "{key}");
        assert_eq!(output.status.code(), Some(0), "{key}: {}", report["notes"]);
        // It was really tried.
        let promises = report["promises"].as_array().cloned().unwrap_or_default();
        let of_it = format!("addUser.body.{key}.pattern");
        let of_it = promises.iter().find(|p| p["id"] == json!(of_it));
        assert!(
            of_it.is_some_and(|p| p["status"] == "kept"),
            "{key}: {of_it:?}"
        );
    }
}
