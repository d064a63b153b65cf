//! Effects of operations: decided from document and profile before anything is sent.

use probity::case::{Context, DEFAULT_BUDGET, plan_under};
use probity::contract::embedded::sip_settings;
use probity::contract::{Allowed, Contract, Effect, Effects, Policy, load, load_bytes};
use probity::exchange::{HttpRequest, RawRequest, Request, Segment};
use probity::profile::Profile;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Documents below a folder beside the project; none where it is absent.
fn documents(folder: &str) -> Vec<PathBuf> {
    fn walk(at: &Path, out: &mut Vec<PathBuf>) {
        let Ok(entries) = std::fs::read_dir(at) else {
            return;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => walk(&path, out),
                false if path.extension().is_some_and(|e| e == "yaml" || e == "json") => {
                    out.push(path)
                }
                false => {}
            }
        }
    }
    let mut out = Vec::new();
    walk(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
        &mut out,
    );
    out.sort();
    out
}

/// Share of operations by effect in published documents; `PROBITY_SHOW=effects` prints each.
#[test]
fn shares_of_published_documents() {
    let found = documents("data/openapi");
    if found.is_empty() {
        eprintln!("skipped: no published documents beside the project");
        return;
    }
    let show = std::env::var("PROBITY_SHOW").is_ok_and(|v| v == "effects");
    let mut all: BTreeMap<Effect, usize> = BTreeMap::new();
    for path in found {
        let Ok(contract) = load(&path) else { continue };
        let effects = Effects::of(&contract, &Profile::default());
        let mut here: BTreeMap<Effect, usize> = BTreeMap::new();
        for e in effects.iter() {
            *here.entry(e.effect).or_default() += 1;
            *all.entry(e.effect).or_default() += 1;
            assert!(!e.reason.is_empty(), "{}", e.operation);
            let op = contract
                .operation(&e.operation)
                .expect("an operation of the contract");
            if show {
                println!(
                    "{} | {} {} | {} | {} | {}",
                    contract.id, op.method, op.path, op.summary, e.effect, e.reason
                );
            }
        }
        assert_eq!(effects.iter().count(), contract.operations.len());
        println!("{}: {here:?}", contract.id);
    }
    println!("all: {all:?}");
}

/// A document with one path item an entry: `METHOD /path body answer`, where body and answer are
/// lists of members (`a,b`), `*` for an object without listed members, `[a]` for an array of
/// objects, `-` for none. Behind `#` is the summary.
fn document(lines: &[&str]) -> Contract {
    let mut paths: BTreeMap<String, serde_json::Map<String, Value>> = BTreeMap::new();
    for line in lines {
        let (call, summary) = line.split_once('#').unwrap_or((line, ""));
        let words: Vec<&str> = call.split_whitespace().collect();
        let [method, path, body, answer] = words[..] else {
            panic!("{line}");
        };
        let parameters: Vec<Value> = path
            .split('{')
            .skip(1)
            .filter_map(|p| p.split_once('}'))
            .map(|(name, _)| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
            .collect();
        let mut operation = json!({
            "summary": summary.trim(),
            "parameters": parameters,
            "responses": {"200": {"description": "done"}},
        });
        if let Some(schema) = schema(body) {
            operation["requestBody"] =
                json!({"required": true, "content": {"application/json": {"schema": schema}}});
        }
        if let Some(schema) = schema(answer) {
            operation["responses"]["200"]["content"] =
                json!({"application/json": {"schema": schema}});
        }
        let item = paths.entry(path.to_owned()).or_default();
        item.insert(method.to_lowercase(), operation);
    }
    let document =
        json!({"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": paths});
    load_bytes("t", document.to_string().as_bytes()).expect("a contract")
}

fn schema(text: &str) -> Option<Value> {
    match text {
        "-" => None,
        "*" => Some(json!({"type": "object"})),
        text if text.starts_with('[') => {
            let items = schema(text.trim_matches(['[', ']']))?;
            Some(json!({"type": "array", "items": items}))
        }
        text => {
            let member = |name: &str| match name.strip_prefix('!') {
                Some(name) => (
                    name.to_owned(),
                    json!({"type": "string", "writeOnly": true}),
                ),
                None => (name.to_owned(), json!({"type": "string"})),
            };
            let properties: serde_json::Map<String, Value> = text.split(',').map(member).collect();
            Some(json!({"type": "object", "properties": properties}))
        }
    }
}

/// The last line is the operation that is asked about; those before it are around it.
const ROWS: &[(&[&str], Effect, &str)] = &[
    // Reading
    (&["GET /config - a"], Effect::Reads, "GET reads"),
    (&["GET /calls - [id]"], Effect::Reads, "GET reads"),
    (&["GET /open-hours - -"], Effect::Reads, "GET reads"),
    (&["GET /reset-policy - -"], Effect::Reads, "GET reads"),
    (&["GET /reboot/status - -"], Effect::Reads, "GET reads"),
    (&["GET /call/history - [id]"], Effect::Reads, "GET reads"),
    (&["GET /closed - -"], Effect::Reads, "GET reads"),
    (&["GET /triggers - [id]"], Effect::Reads, "GET reads"),
    (&["GET /openid/keys - -"], Effect::Reads, "GET reads"),
    (
        &["GET /firmware/upgrade - a # Get the state of the upgrade"],
        Effect::Reads,
        "GET reads",
    ),
    // `GET` that acts
    (&["GET /system/reboot/run - -"], Effect::Acts, "`reboot`"),
    (
        &["GET /access/general/lock/open/{n} - -"],
        Effect::Acts,
        "`lock`",
    ),
    (&["GET /logout - -"], Effect::Acts, "`logout`"),
    (&["GET /log_out - -"], Effect::Acts, "`out`"),
    (&["GET /factoryReset - -"], Effect::Acts, "`reset`"),
    (&["GET /device-reset - -"], Effect::Acts, "`reset`"),
    (&["GET /open-door - -"], Effect::Acts, "`open`"),
    (&["GET /relay/1/trigger - -"], Effect::Acts, "`trigger`"),
    (&["GET /param/set - -"], Effect::Acts, "`set`"),
    (
        &["GET /job - - # Restarts the device"],
        Effect::Acts,
        "`restart",
    ),
    (&["GET /gerät/neustart - -"], Effect::Acts, "`neustart`"),
    (&["GET /porte/ouvrir - -"], Effect::Acts, "`ouvrir`"),
    (&["GET /sistema/reiniciar - -"], Effect::Acts, "`reiniciar`"),
    (&["GET /sistema/riavvia - -"], Effect::Acts, "`riavvia`"),
    (&["GET /sistema/desligar - -"], Effect::Acts, "`desligar`"),
    (
        &["GET /systeem/herstarten - -"],
        Effect::Acts,
        "`herstarten`",
    ),
    (&["GET /drzwi/otwórz - -"], Effect::Acts, "`otworz`"),
    (&["GET /dvere/otevřít - -"], Effect::Acts, "`otevrit`"),
    (
        &["GET /система/перезагрузка - -"],
        Effect::Acts,
        "`перезагрузка`",
    ),
    (&["GET /xitong/chongqi - -"], Effect::Acts, "`chongqi`"),
    (&["GET /系统/设备重启 - -"], Effect::Acts, "重启"),
    // Writing what can be put back
    (
        &["GET /config - a,b", "PUT /config a -"],
        Effect::Writes,
        "every member",
    ),
    (
        &["GET /config - a,b", "PATCH /config a,b -"],
        Effect::Writes,
        "every member",
    ),
    (
        &["GET /config - a", "POST /config a -"],
        Effect::Writes,
        "every member",
    ),
    (
        &["GET /config - *", "PUT /config * -"],
        Effect::Writes,
        "as a whole",
    ),
    (
        &["GET /reset-policy - a", "PUT /reset-policy a -"],
        Effect::Writes,
        "every member",
    ),
    (
        &["GET /open-hours - a", "PUT /open-hours a -"],
        Effect::Writes,
        "every member",
    ),
    (
        &["GET /call - a", "PUT /call a -"],
        Effect::Writes,
        "every member",
    ),
    (
        &["GET /config/get - a", "POST /config/set a -"],
        Effect::Writes,
        "GET /config/get",
    ),
    (
        &["GET /getConfig - a", "POST /setConfig a -"],
        Effect::Writes,
        "GET /getConfig",
    ),
    (
        &["GET /users/{id} - a", "PUT /users/{id} a -"],
        Effect::Writes,
        "every member",
    ),
    // What cannot be put back
    (
        &["PUT /config a -"],
        Effect::Irreversible,
        "no operation reads",
    ),
    (
        &["GET /config - -", "PUT /config a -"],
        Effect::Irreversible,
        "does not say what",
    ),
    (
        &["GET /config - a", "PUT /config * -"],
        Effect::Irreversible,
        "may have any member",
    ),
    (
        &["GET /config - a", "PUT /config a,b -"],
        Effect::Irreversible,
        "`b` is not in what reads it",
    ),
    (
        &["GET /config - a,!b", "PUT /config a,!b -"],
        Effect::Irreversible,
        "`b` is writeOnly",
    ),
    (
        &["GET /config - a,password", "PUT /config a,password -"],
        Effect::Irreversible,
        "placeholder",
    ),
    (
        &["GET /config - [a]", "PUT /config a -"],
        Effect::Irreversible,
        "another type",
    ),
    (
        &[
            "GET /logout/x - -",
            "GET /users/{id} - [a]",
            "PUT /users a -",
        ],
        Effect::Irreversible,
        "no operation reads",
    ),
    (
        &["GET /config - a", "PUT /config a -", "DELETE /config - -"],
        Effect::Irreversible,
        "deletes",
    ),
    (
        &["GET /users - [id]", "POST /users name id"],
        Effect::Irreversible,
        "no path names one item",
    ),
    (
        &[
            "GET /users - [id]",
            "GET /users/{id} - a",
            "POST /users name id",
        ],
        Effect::Irreversible,
        "no operation removes",
    ),
    (
        &["DELETE /users/{id} - -", "POST /users name -"],
        Effect::Irreversible,
        "where the `id`",
    ),
    (
        &["POST /users/delete id -"],
        Effect::Irreversible,
        "deletes",
    ),
    // Creating
    (
        &["DELETE /users/{id} - -", "POST /users name id"],
        Effect::Creates,
        "`/id` of the answer",
    ),
    (
        &["DELETE /users/{userId} - -", "POST /users name id"],
        Effect::Creates,
        "`/id` of the answer",
    ),
    (
        &[
            "GET /users - [id]",
            "DELETE /users/{id} - -",
            "POST /users name -",
        ],
        Effect::Creates,
        "second listing",
    ),
    (
        &[
            "POST /paths/delete/{name} - -",
            "POST /paths/add/{name} a -",
        ],
        Effect::Creates,
        "removes it",
    ),
    // Acting
    (&["POST /config/apply - -"], Effect::Acts, "`apply`"),
    (&["POST /anything - -"], Effect::Acts, "without a body"),
    (&["PUT /vm.shutdown-host a -"], Effect::Acts, "`shutdown`"),
    (
        &["GET /reboot - a", "PUT /reboot a -"],
        Effect::Acts,
        "`reboot`",
    ),
    (
        &["POST /save a - # Save the settings and reboot"],
        Effect::Acts,
        "`reboot`",
    ),
    (
        &["GET /job - a", "POST /job a - # Start a job"],
        Effect::Acts,
        "`start`",
    ),
    (
        &["DELETE /messages/{id} - -", "POST /messages name id"],
        Effect::Acts,
        "`messages`",
    ),
    (
        &["POST /login user,password token"],
        Effect::Acts,
        "`login`",
    ),
];

#[test]
fn every_kind_of_operation_has_its_effect_and_reason() {
    let mut wrong = Vec::new();
    for (lines, effect, reason) in ROWS {
        let contract = document(lines);
        let effects = Effects::of(&contract, &Profile::default());
        let asked = lines.last().expect("a line");
        let name: Vec<&str> = asked.split_whitespace().take(2).collect();
        let found = effects.get(&name.join(" ")).expect("an effect");
        if found.effect != *effect || !found.reason.contains(reason) {
            wrong.push(format!("{asked}: {} ({})", found.effect, found.reason));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_member_without_a_stand_in_names_variable_and_line() {
    let contract = document(&["GET /config - a,!pass_word", "PUT /config a,!pass_word -"]);
    let effects = Effects::of(&contract, &Profile::default());
    let opens = effects
        .get("PUT /config")
        .and_then(|e| e.opens.clone())
        .expect("what opens it");
    for part in [
        "PROBITY_RESTORE_PASS_WORD",
        "[read-back.\"PUT /config\"]",
        "--allow 'PUT /config'",
    ] {
        assert!(opens.contains(part), "{part}: {opens}");
    }
    let profile = Profile::from_toml(
        "[read-back.\"PUT /config\"]\npath = \"/config\"\n\
         unreadable = { \"/pass_word\" = { restore-env = \"PROBITY_RESTORE_PASS_WORD\" } }\n",
    );
    let effects = Effects::of(&contract, &profile.expect("a profile"));
    assert_eq!(
        effects.get("PUT /config").map(|e| e.effect),
        Some(Effect::Writes)
    );
}

#[test]
fn the_profile_corrects_the_model() {
    let contract = document(&[
        "GET /a - x",
        "PUT /a x -",
        "GET /b - x",
        "PUT /c x -",
        "GET /look - -",
    ]);
    let effect = |toml: &str, id: &str| {
        let profile = Profile::from_toml(toml).expect("a profile");
        profile
            .check_against(&contract)
            .expect("names that are there");
        Effects::of(&contract, &profile).get(id).map(|e| e.effect)
    };
    let table = [
        ("", "PUT /a", Effect::Writes),
        ("[effects]\n\"PUT /a\" = \"acts\"\n", "PUT /a", Effect::Acts),
        (
            "[effects]\n\"GET /look\" = \"acts\"\n",
            "GET /look",
            Effect::Acts,
        ),
        ("deny = [\"/a*\"]\n", "GET /a", Effect::Acts),
        (
            "[resources.\"/c\"]\nread = \"GET /b\"\n",
            "PUT /c",
            Effect::Writes,
        ),
        (
            "[resources.\"/a\"]\nchanges = [\"/c\"]\n",
            "PUT /a",
            Effect::Irreversible,
        ),
        (
            "[effects]\n\"PUT /c\" = \"writes\"\n",
            "PUT /c",
            Effect::Irreversible,
        ),
        (
            "[login]\npath = \"/b\"\ntoken = \"/t\"\n",
            "GET /b",
            Effect::Acts,
        ),
    ];
    for (toml, id, want) in table {
        assert_eq!(effect(toml, id), Some(want), "{toml}");
    }
}

#[test]
fn a_profile_that_names_what_is_not_there_says_what_is_near() {
    let contract = document(&["GET /settings - x", "PUT /settings x -"]);
    let table = [
        (
            "[read-back.\"PUT /setings\"]\npath = \"/settings\"\n",
            "did you mean PUT /settings?",
        ),
        (
            "[effects]\n\"PUT /Settings\" = \"acts\"\n",
            "did you mean PUT /settings?",
        ),
        (
            "[resources.\"/setting\"]\nchanges = []\n",
            "did you mean /settings?",
        ),
        (
            "[resources.\"/settings\"]\nread = \"nothing of the kind\"\n",
            "it has GET /settings",
        ),
    ];
    for (toml, part) in table {
        let profile = Profile::from_toml(toml).expect("a profile");
        let error = profile.check_against(&contract).expect_err(toml);
        assert!(error.contains(part), "{error}");
    }
}

fn ask(method: &str, target: &str) -> Request {
    Request::Http(HttpRequest {
        method: method.to_owned(),
        target: target.into(),
        ..HttpRequest::default()
    })
}

/// What a policy says of concrete requests, whoever sends them.
#[test]
fn nothing_slips_past_the_policy() {
    let contract = document(&[
        "GET /config - a",
        "PUT /config a -",
        "PUT /blind a -",
        "GET /users - [id]",
        "POST /users name id",
        "DELETE /users/{id} - -",
        "GET /users/{id} - name",
        "GET /users/all - [id]",
        "POST /factory-reset - -",
        "GET /door/open - -",
    ]);
    let profile = Profile::default();
    let policy = |allowed: Allowed| Policy::new(&contract, &profile, &allowed).expect("a policy");
    let plain = policy(Allowed::default());
    let table = [
        ("GET", "/config", true),
        ("PUT", "/config", true),
        ("POST", "/config", true),
        ("DELETE", "/config", true),
        ("PROBITY", "/config", true),
        ("PUT", "/blind", false),
        ("put", "//blind/", false),
        ("PUT", "/config/../blind", false),
        ("PUT", "/%62lind", false),
        ("POSTX", "/blind", false),
        ("GET", "/blind", true),
        ("OPTIONS", "/blind", true),
        ("POST", "/users", false),
        ("DELETE", "/users/7", false),
        ("DELETE", "/users/all", false),
        ("PUT", "/users/7", false),
        ("PUT", "/users", false),
        ("GET", "/users/7", true),
        ("POST", "/factory-reset", false),
        ("GET", "/factory-reset", false),
        ("TRACE", "/factory-reset", false),
        ("HEAD", "/door/open", false),
        ("GET", "/system/reboot", false),
        ("GET", "/unknown", true),
        ("POST", "/unknown", false),
    ];
    for (method, target, want) in table {
        let said = plain.permits(&ask(method, target));
        assert_eq!(said.is_ok(), want, "{method} {target}: {said:?}");
    }
    // A field that changes the method, and a second request in the body of a raw one.
    let mut sneaky = HttpRequest {
        method: "GET".to_owned(),
        target: "/users/7".into(),
        ..HttpRequest::default()
    };
    sneaky
        .headers
        .push(("X-HTTP-Method-Override".to_owned(), "DELETE".into()));
    assert!(plain.permits(&Request::Http(sneaky)).is_err());
    let raw = |text: &str| {
        Request::Raw(RawRequest {
            segments: vec![Segment::Prefix, Segment::Bytes(text.as_bytes().to_vec())],
            answers: 1,
            head: false,
        })
    };
    assert!(
        plain
            .permits(&raw("PUT /config HTTP/1.1\r\nHost: x\r\n\r\n{}"))
            .is_ok()
    );
    let smuggled =
        "PUT /config HTTP/1.1\r\nContent-Length: 0\r\n\r\nPOST /factory-reset HTTP/1.1\r\n\r\n";
    assert!(plain.permits(&raw(smuggled)).is_err());

    // What the run has created may be changed and deleted, and nothing else.
    plain.created("/users/probity-1");
    assert!(plain.permits(&ask("DELETE", "/users/probity-1")).is_ok());
    assert!(
        plain
            .permits(&ask("DELETE", "/users/probity-1/../7"))
            .is_err()
    );
    assert!(plain.permits(&ask("DELETE", "/users/probity-12")).is_err());
    plain.removed("/users/probity-1");
    assert!(plain.permits(&ask("DELETE", "/users/probity-1")).is_err());

    let named = policy(Allowed {
        operations: vec!["PUT /blind".to_owned()],
        ..Allowed::default()
    });
    assert!(named.permits(&ask("PUT", "/blind")).is_ok());
    assert!(named.permits(&ask("POST", "/factory-reset")).is_err());
    let all = policy(Allowed {
        irreversible: true,
        ..Allowed::default()
    });
    assert!(all.permits(&ask("POST", "/factory-reset")).is_ok());
    let reading = policy(Allowed {
        read_only: true,
        ..Allowed::default()
    });
    assert!(reading.permits(&ask("PUT", "/config")).is_err());
    assert!(reading.permits(&ask("GET", "/config")).is_ok());
    assert!(
        policy(Allowed::default())
            .harmless_device()
            .permits(&ask("POST", "/factory-reset"))
            .is_ok()
    );
    assert!(
        policy(Allowed::default())
            .removing()
            .permits(&ask("POST", "/users"))
            .is_ok()
    );

    let wrong = Allowed {
        operations: vec!["PUT /blnd".to_owned()],
        ..Allowed::default()
    };
    let error = Policy::new(&contract, &profile, &wrong)
        .err()
        .expect("no such operation");
    assert!(error.contains("did you mean PUT /blind?"), "{error}");
}

/// With its built-in profile nothing of the embedded contract is left out, and the budget leaves
/// every strategy some cases.
#[test]
fn one_of_many_is_written_only_where_its_state_is_kept() {
    let contract = document(&["GET /zones/{id} - a,b", "PUT /zones/{id} a,b a,b"]);
    let profile = Profile::default();
    let policy = Policy::new(&contract, &profile, &Allowed::default()).expect("a policy");
    let writer = contract.operations.iter().find(|o| o.method == "PUT");
    let writer = writer.expect("a PUT").id.clone();
    assert!(policy.operation(&writer).is_ok());
    policy.keeps(&writer, "/zones/1?mode=now");
    let table = [
        ("GET", "/zones/7", true),
        ("PUT", "/zones/1", true),
        ("PUT", "/zones/1?mode=later", true),
        // PUT may create what is not there (RFC 9110 §9.3.4).
        ("PUT", "/zones/7", false),
        ("PUT", "/zones/probity", false),
        ("PATCH", "/zones/7", false),
    ];
    for (method, target, want) in table {
        let said = policy.permits(&ask(method, target));
        assert_eq!(said.is_ok(), want, "{method} {target}: {said:?}");
    }
    policy.created("/zones/7");
    assert!(policy.permits(&ask("PUT", "/zones/7")).is_ok());
    policy.withhold(&writer, "its state cannot be read");
    assert!(policy.operation(&writer).is_err());
    assert!(policy.withheld(&writer).is_some());
}

#[test]
fn the_embedded_contract_loses_nothing() {
    let (contract, profile) = sip_settings();
    let texts = contract.texts();
    let context = Context::new(&contract, &profile, &texts);
    let policy = Policy::new(&contract, &profile, &Allowed::default()).expect("a policy");
    let plan = plan_under(&context, Some(DEFAULT_BUDGET), Some(&policy), &|_| true);
    assert_eq!(plan.left_out, []);
    assert_eq!(
        plan.silenced,
        [],
        "the budget drops all cases of a strategy"
    );
    let (again, _) = sip_settings();
    assert_eq!(again.operations.len(), policy.effects().iter().count());
}

/// A thousand operations are decided in well under a second, in a build without optimisation too.
#[test]
fn a_large_document_is_decided_at_once() {
    let lines: Vec<String> = (0..250)
        .flat_map(|i| {
            [
                format!("GET /area/{i}/things - [id,a]"),
                format!("POST /area/{i}/things a id,a"),
                format!("GET /area/{i}/things/{{id}} - id,a"),
                format!("PUT /area/{i}/things/{{id}} a -"),
            ]
        })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let contract = document(&lines);
    let start = std::time::Instant::now();
    let effects = Effects::of(&contract, &Profile::default());
    let took = start.elapsed();
    assert_eq!(effects.iter().count(), 1000);
    println!("1000 operations: {took:?}");
    assert!(took.as_millis() < 2_000, "{took:?}");
}
