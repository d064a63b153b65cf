//! Profiles, documents and reports that want to choose: to whom credentials and the environment go,
//! which numbers are added up. `tests/offline/attacks.rs` has the requests of reports.

use crate::process::{self, probity, start};
use crate::texts;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SECRET: &str = "Tq9-wL3.zR7_kP1";

/// Somebody who answers 200 to everything, and all that they got.
fn listener() -> (String, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    let heard = Arc::new(Mutex::new(String::new()));
    let ear = Arc::clone(&heard);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let ear = Arc::clone(&ear);
            std::thread::spawn(move || {
                let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
                let mut bytes = [0; 65_536];
                while let Ok(n @ 1..) = stream.read(&mut bytes) {
                    ear.lock()
                        .expect("ear")
                        .push_str(&String::from_utf8_lossy(&bytes[..n]));
                    let body = "{\"access_token\":\"t-0123456789\",\"token\":\"t-0123456789\",\"name\":\"x\"}";
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                        body.len()
                    );
                    if stream.write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    (url, heard)
}

fn document(scheme: &str, more: &str) -> String {
    format!(
        "openapi: 3.1.0\ninfo: {{title: x, version: '1'}}\n{more}\
         components: {{securitySchemes: {{door: {scheme}}}}}\nsecurity: [{{door: []}}]\npaths:\n  /name:\n    \
         get:\n      operationId: getName\n      responses: {{'200': {{description: ok, content: {{application/json: \
         {{schema: {{type: object}}}}}}}}, '401': {{description: no}}}}\n    put:\n      operationId: putName\n      \
         requestBody: {{required: true, content: {{application/json: {{schema: {{type: object, required: [name], \
         properties: {{name: {{type: string}}, pin: {{type: string}}}}}}}}}}}}\n      \
         responses: {{'200': {{description: ok}}, '400': {{description: no}}}}\n"
    )
}

const BASIC: &str = "{type: http, scheme: basic}";
const BEARER: &str = "{type: http, scheme: bearer}";
const OAUTH: &str = "{type: oauth2, flows: {password: {tokenUrl: /token, scopes: {}}}}";
const USER: &str = "--username operator --password-env PROBITY_PASSWORD";

/// Scheme of the document, what else stands at its top, the profile, the arguments: `BAD` is the URL
/// of somebody else and `HOST` their address, `OWN` the device.
const CHOOSE_A_HOST: &[(&str, &str, &str, &str)] = &[
    // A token endpoint elsewhere.
    (
        OAUTH,
        "",
        "[oauth2]\ntoken-url = 'BAD/token'\n",
        "--target OWN USER",
    ),
    (
        OAUTH,
        "",
        "[oauth2]\ntoken-url = '//HOST/token'\n",
        "--target OWN USER",
    ),
    (
        OAUTH,
        "",
        "[oauth2]\ntoken-url = '\\\\HOST/token'\n",
        "--target OWN USER",
    ),
    (
        OAUTH,
        "",
        "[oauth2]\ntoken-url = '/\\HOST/token'\n",
        "--target OWN USER",
    ),
    (
        OAUTH,
        "",
        "[oauth2]\ntoken-url = 'http:\\\\HOST/token'\n",
        "--target OWN USER",
    ),
    (
        OAUTH,
        "",
        "[oauth2]\ntoken-url = ' BAD/token'\n",
        "--target OWN USER",
    ),
    (
        OAUTH,
        "",
        "[oauth2]\ntoken-url = 'HTTP://HOST/token'\ngrant = 'client-credentials'\n",
        "--target OWN USER",
    ),
    (
        OAUTH,
        "",
        "[oauth2]\ntoken-url = 'BAD/token'\n",
        "--target OWN USER --allow-token-url BAD/other",
    ),
    (
        OAUTH,
        "",
        "[oauth2]\ntoken-url = 'BAD/token'\n",
        "--target OWN USER --allow-token-url OWN/token",
    ),
    (
        "{type: oauth2, flows: {password: {tokenUrl: BAD/token, scopes: {}}}}",
        "",
        "",
        "--target OWN USER",
    ),
    (
        "{type: oauth2, flows: {clientCredentials: {tokenUrl: //HOST/t, scopes: {}}}}",
        "",
        "",
        "--target OWN USER",
    ),
    // The device itself.
    (BASIC, "", "base-url = 'BAD'\n", "USER"),
    (
        BEARER,
        "",
        "base-url = 'BAD'\n",
        "--token-env PROBITY_PASSWORD",
    ),
    (BASIC, "", "base-url = 'BAD'\n", "--target OWN USER"),
    (BASIC, "servers: [{url: 'BAD'}]\n", "", "--target OWN USER"),
    (BASIC, "servers: [{url: 'BAD'}]\n", "", "USER"),
    (
        BASIC,
        "servers: [{url: '//HOST/'}]\n",
        "",
        "--target OWN USER",
    ),
    // Variables of the environment to the profile's own device.
    (
        "{type: apiKey, name: X-Key, in: header}",
        "",
        "base-url = 'BAD'\n[keys.X-Key]\nenv = 'PROBITY_PASSWORD'\n",
        "",
    ),
    (
        "{type: apiKey, name: key, in: query}",
        "",
        "base-url = 'BAD'\n[keys.key]\nenv = 'PROBITY_PASSWORD'\n",
        "",
    ),
    (
        BASIC,
        "",
        "base-url = 'BAD'\n[read-back.putName]\npath = '/name'\n[read-back.putName.unreadable.'/pin']\nplaceholders = ['x']\nrestore-env = 'PROBITY_PASSWORD'\n",
        "",
    ),
    (
        OAUTH,
        "",
        "base-url = 'BAD'\n[oauth2]\ntoken-url = '/token'\ngrant = 'client-credentials'\nclient-id = 'x'\nclient-secret-env = 'PROBITY_PASSWORD'\n",
        "",
    ),
    // Paths that are more than paths.
    (
        BEARER,
        "",
        "[login]\npath = '@HOST/login'\ntoken = '/token'\nquery = { p = '{password}' }\n",
        "--target OWN USER",
    ),
    (
        BEARER,
        "",
        "[login]\npath = 'BAD/login'\ntoken = '/token'\nquery = { p = '{password}' }\n",
        "--target OWN USER",
    ),
    (
        BEARER,
        "",
        "[login]\npath = '//HOST/login'\ntoken = '/token'\nquery = { p = '{password}' }\n",
        "--target OWN USER",
    ),
    (
        BEARER,
        "",
        "[login]\npath = '/login'\ntoken = '/token'\nquery = { p = '{password}' }\n[login.csrf]\npage = '@HOST/'\nfield = 'x'\n",
        "--target OWN USER",
    ),
    (
        BEARER,
        "",
        "[login]\npath = '/login'\ntoken = '/token'\nquery = { p = '{password}' }\n[login.logout]\npath = '@HOST/'\n",
        "--target OWN USER",
    ),
    (BASIC, "", "[life]\npath = '@HOST/'\n", "--target OWN USER"),
    (BASIC, "", "[life]\npath = '.HOST/'\n", "--target OWN USER"),
    (
        BASIC,
        "",
        "[read-back.putName]\npath = '@HOST/'\n",
        "--target OWN USER",
    ),
    (
        BASIC,
        "",
        "[read-back.putName]\npath = ':1@HOST/'\n",
        "--target OWN USER",
    ),
    (
        BASIC,
        "",
        "[read-back.putName]\nmethod = \"GET http://HOST/ HTTP/1.1\\r\\nX:\"\npath = '/'\n",
        "--target OWN USER",
    ),
    // Variables that are none of ours.
    (BASIC, "", "[keys.X]\nenv = 'HOME'\n", "--target OWN USER"),
    (
        BASIC,
        "",
        "[read-back.putName]\npath = '/name'\n[read-back.putName.unreadable.'/pin']\nrestore-env = 'PATH'\n",
        "--target OWN USER",
    ),
    // The target's credentials.
    (
        BASIC,
        "",
        "",
        "--target http://operator:Tq9-wL3.zR7_kP1@HOST/",
    ),
];

#[test]
fn nobody_but_the_user_chooses_where_credentials_go() {
    let reached = AtomicUsize::new(0);
    let failed = process::failures(CHOOSE_A_HOST, |(scheme, top, profile, arguments)| {
        let folder = tempfile::tempdir().expect("folder");
        let (bad, heard) = listener();
        let (own, _) = listener();
        let host = bad.trim_start_matches("http://");
        let fill = |text: &str| {
            let text = text.replace("USER", USER).replace("BAD", &bad);
            text.replace("HOST", host).replace("OWN", &own)
        };
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), fill(text)).expect("file");
        };
        write("doc.yaml", &document(scheme, top));
        write("device.toml", profile);
        let line = format!(
            "run --contract doc.yaml --profile device.toml --timeout 1s --time-limit 5s --quiet {}",
            fill(arguments)
        );
        let mut command = probity(&line, folder.path());
        command.env("PROBITY_PASSWORD", SECRET);
        let ended = process::ended(&mut command);
        let heard = heard.lock().expect("ear").clone();
        reached.fetch_add(usize::from(!heard.is_empty()), Ordering::Relaxed);
        // A login brings it percent-encoded or in base64; both begin with what is as it is.
        let told = heard.contains("Tq9") || heard.contains("VHE5") || heard.contains("operator");
        match ended.disorder() {
            Some(why) => Err(format!("{profile}{arguments}: {why}")),
            None if told || heard.contains("Authorization") => Err(format!(
                "{top}{profile}{arguments}: they got {}",
                start(&heard)
            )),
            None => Ok(()),
        }
    });
    println!(
        "{} rows, {} reached somebody else without a secret",
        CHOOSE_A_HOST.len(),
        reached.into_inner()
    );
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// What the user confirms goes where they say: the rows above fail for no other reason.
#[test]
fn a_token_endpoint_that_the_user_names_is_asked() {
    let folder = tempfile::tempdir().expect("folder");
    let (bad, heard) = listener();
    let (own, _) = listener();
    std::fs::write(folder.path().join("doc.yaml"), document(OAUTH, "")).expect("file");
    let profile = format!("[oauth2]\ntoken-url = '{bad}/token'\n");
    std::fs::write(folder.path().join("device.toml"), profile).expect("file");
    let line = format!(
        "check --contract doc.yaml --profile device.toml --target {own} {USER} --allow-token-url {bad}/token"
    );
    let mut command = probity(&line, folder.path());
    command.env("PROBITY_PASSWORD", SECRET);
    let ended = process::ended(&mut command);
    let heard = heard.lock().expect("ear").clone();
    assert!(heard.contains(SECRET), "{heard}: {}", ended.text());
}

/// Every number below a value, by JSON pointer.
fn numbers(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Number(_) => out.push(at.to_owned()),
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                numbers(item, &format!("{at}/{n}"), out);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                numbers(member, &format!("{at}/{name}"), out);
            }
        }
        _ => {}
    }
}

fn extremes() -> [Value; 5] {
    [
        json!(u64::MAX),
        json!(i64::MIN),
        json!(0),
        json!(1e308),
        json!(u64::MAX - 1),
    ]
}

/// A report with every number that one has.
fn numbered() -> Value {
    let mut report = texts::report();
    report["campaign"] = json!({"inputs": 1, "requests": 1, "classes": 1, "corpus": 1, "grown": 1, "shrink_requests": 1});
    report["operations"] = json!([{"id": "x", "state": "judged", "cases": 1}]);
    report["shard"] = json!({"index": 1, "of": 2, "plan": "a"});
    report["findings"][0]["kind"] = json!("accepts-invalid");
    report
}

#[test]
fn no_number_of_a_report_is_too_much() {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    let report = numbered();
    let mut places = Vec::new();
    numbers(&report, "", &mut places);
    let rows: Vec<(String, Value)> = places
        .iter()
        .flat_map(|place| extremes().map(|value| (place.clone(), value)))
        .collect();
    texts::write(folder, "plain.json", &report);
    process::all_hold(&rows, |(place, value)| {
        let mut first = report.clone();
        *first.pointer_mut(place).expect("place") = value.clone();
        let mut second = first.clone();
        if !place.starts_with("/shard") {
            second["shard"]["index"] = json!(2);
        }
        let name = format!("{place}{value}").replace(['/', '+'], "_");
        texts::write(folder, &format!("{name}.1.json"), &first);
        texts::write(folder, &format!("{name}.2.json"), &second);
        for line in [
            format!("merge {name}.1.json {name}.2.json --report junit=- --report text={name}.txt"),
            format!("gate {name}.1.json {name}.2.json"),
            format!("diff plain.json {name}.1.json"),
        ] {
            if let Some(why) = process::ended(&mut probity(&line, folder)).disorder() {
                return Err(format!("{place} is {value}: {line}: {why}"));
            }
        }
        Ok(())
    });
}

/// Markup that a viewer would run, and characters that XML and JSON forbid, wherever a report or a
/// document has a text: what comes out is well-formed and shows them as text.
#[test]
fn no_text_ends_its_place_in_xml_or_json() {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    let markup = [
        "]]><script>alert(1)</script>",
        "\"/><failure message=\"x\"/>",
        "&lt;b&gt;<!-- --><![CDATA[",
        "</testsuites><!DOCTYPE x [<!ENTITY a \"b\">]>&a;",
        "\u{1}\u{8}\u{b}\u{c}\u{1f}\u{7f}\u{85}\u{fffe}\u{ffff}\u{fdd0}",
        "<?xml version='1.0'?><?php ?>",
        "\"}],\"findings\":[{\"x\":\"",
        "`rm -rf /` $(id) | [x](javascript:alert(1)) ![](http://127.0.0.1:9/x.png)",
    ];
    for (n, bad) in markup.iter().enumerate() {
        let text = texts::report().to_string();
        let hostile = json!(texts::hostile()).to_string();
        let hostile = &hostile[1..hostile.len() - 1];
        let own = json!(bad).to_string();
        let mut report: Value =
            serde_json::from_str(&text.replace(hostile, &own[1..own.len() - 1])).expect("JSON");
        texts::write(folder, "whole.json", &report);
        report["shard"] = json!({"index": 1, "of": 1, "plan": "a"});
        texts::write(folder, "report.json", &report);
        let document = texts::document().to_string();
        let document = document.replace(hostile, &own[1..own.len() - 1]);
        std::fs::write(folder.join("doc.json"), document).expect("file");
        let page = |line: &str| {
            let ended = process::ended(&mut probity(line, folder));
            assert!(ended.disorder().is_none(), "{n} {line}: {ended:?}");
            String::from_utf8(ended.stdout).expect("UTF-8")
        };
        let xml = page("merge report.json --report junit=-");
        let mut reader = quick_xml::Reader::from_str(&xml);
        let mut open = 0_i32;
        loop {
            use quick_xml::events::Event;
            match reader
                .read_event()
                .unwrap_or_else(|e| panic!("{n}: {e}: {xml}"))
            {
                Event::Start(_) => open += 1,
                Event::End(_) => open -= 1,
                Event::Eof => break,
                Event::DocType(_) | Event::PI(_) => panic!("{n}: {xml}"),
                _ => {}
            }
        }
        assert_eq!(open, 0, "{n}");
        let allowed = |c: char| {
            matches!(c, '\n' | '\t' | '\r')
                || c >= ' ' && !"\u{7f}\u{85}\u{fffe}\u{ffff}".contains(c)
        };
        assert!(xml.chars().all(allowed), "{n}: {xml}");
        assert!(
            !xml.contains("<script>") && !xml.contains("<b>"),
            "{n}: {xml}"
        );
        for line in [
            "merge report.json --report json=-",
            "gate whole.json --format json",
            "lint --contract doc.json --format json",
            "lint --contract doc.json --report sarif=-",
            "plan --contract doc.json --format json",
        ] {
            let text = page(line);
            // Lint prints its page behind the report that goes to stdout.
            let mut values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
            let first = values.next();
            assert!(
                matches!(first, Some(Ok(_))),
                "{n} {line}: {first:?} {}",
                start(&text)
            );
        }
        let issues = page("gate whole.json --format known-issues");
        let read: Result<toml::Table, _> = issues.parse();
        assert!(read.is_ok(), "{n}: {read:?}: {issues}");
        let profile = page("init --contract doc.json");
        let read: Result<toml::Table, _> = profile.parse();
        assert!(read.is_ok_and(|t| t.is_empty()), "{n}: {profile}");
    }
    let written: Vec<_> = std::fs::read_dir(folder)
        .expect("folder")
        .flatten()
        .collect();
    assert!(written.len() <= 4, "{written:?}");
}
