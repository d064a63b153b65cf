//! What nobody can see beforehand is not destroyed, and what shows elsewhere or later accuses nobody:
//! placeholders of secrets, maps, states that change one another, refusals under a success status, reads
//! out of a cache.

use crate::handler::{Asked, Drawn, bare, json, judged, serve};
use serde_json::{Value, json as value};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Settings pages by their paths.
type State = Arc<Mutex<Value>>;

/// A document of pages that are read and replaced: path, schema of the body and of the answer, and what
/// the write says.
fn document(pages: &[(&str, Value, Value, &str)]) -> String {
    let content = |schema: &Value| value!({"application/json": {"schema": schema}});
    let paths = pages.iter().map(|(path, body, answer, says)| {
        let name = path.trim_start_matches('/').replace('/', "_");
        let ok = value!({"200": {"description": "OK", "content": content(answer)}});
        let mut put = ok.clone();
        put["400"] = value!({"description": "bad"});
        let page = value!({
            "get": {"operationId": format!("get_{name}"), "responses": ok},
            "put": {"operationId": format!("set_{name}"), "summary": says, "responses": put,
                    "requestBody": {"required": true, "content": content(body)}},
        });
        ((*path).to_owned(), page)
    });
    let paths: serde_json::Map<String, Value> = paths.collect();
    value!({"openapi": "3.1.0", "info": {"title": "Pages", "version": "1"}, "paths": paths})
        .to_string()
}

/// Serves pages: what a write stores (`None`: it is refused) and what a read shows.
fn pages(
    state: Value,
    store: impl Fn(&str, &mut Value, &Value) -> bool + Send + Sync + 'static,
    show: impl Fn(&str, &Value) -> Value + Send + Sync + 'static,
    refusal: impl Fn() -> Drawn + Send + Sync + 'static,
) -> (SocketAddr, State) {
    let state = Arc::new(Mutex::new(state));
    let kept = Arc::clone(&state);
    let addr = serve(move |asked: &Asked| {
        let mut state = kept.lock().expect("state");
        if state.get(&asked.path).is_none() {
            return bare(404);
        }
        let page = asked.path.as_str();
        match asked.method.as_str() {
            "GET" | "HEAD" => json(200, &show(page, &state[page])),
            "PUT" => match asked
                .json()
                .filter(|_| asked.field("content-type").to_lowercase().contains("json"))
            {
                Some(body) if store(page, &mut state, &body) => {
                    json(200, &show(page, &state[page]))
                }
                _ => refusal(),
            },
            _ => bare(405).with("Allow", "GET, HEAD, PUT"),
        }
    });
    (addr, state)
}

fn now(state: &State) -> Value {
    state.lock().expect("state").clone()
}

fn account() -> Value {
    value!({"type": "object", "required": ["host", "key"], "properties": {
        "host": {"type": "string", "minLength": 1, "maxLength": 20},
        "key": {"type": "string", "maxLength": 40}}})
}

/// A device that shows anything else than the secret itself is not written to, and exit code 6 is not
/// given for what was never touched.
#[test]
fn a_secret_that_shows_as_something_else_is_not_overwritten() {
    let shown: [fn(&str) -> Value; 8] = [
        |_| value!("••••••••"),
        |_| value!("<hidden>"),
        |_| value!(""),
        |_| value!("xxxxxxxx"),
        |_| value!("REDACTED"),
        |key| value!(format!("{}...", &key[..3])),
        |key| value!(format!("************{}", &key[key.len() - 4..])),
        |_| Value::Null,
    ];
    let mut answer = account();
    answer["required"] = value!(["host"]);
    answer["properties"]["key"]["type"] = value!(["string", "null"]);
    for (at, how) in shown.into_iter().enumerate() {
        let before = value!({"/account": {"host": "b.example", "key": "Kq7-real-9x2"}});
        let (addr, state) = pages(
            before.clone(),
            |page, state, body| {
                let fits = body["host"].is_string() && body["key"].is_string();
                if fits {
                    state[page] = body.clone();
                }
                fits
            },
            move |_, page| {
                let mut page = page.clone();
                page["key"] = how(page["key"].as_str().unwrap_or("none"));
                page
            },
            || bare(400),
        );
        let document = document(&[("/account", account(), answer.clone(), "Sets the account")]);
        let (output, report) = judged(&document, addr, &[]);
        assert_eq!(now(&state), before, "form {at}");
        assert_eq!(output.status.code(), Some(3), "form {at}: {report}");
        let told = report["operations"].to_string();
        assert!(told.contains("PROBITY_RESTORE_KEY"), "form {at}: {told}");
    }
}

/// A map whose keys have a pattern is put back as any other body.
#[test]
fn a_map_with_keys_of_a_pattern_is_put_back() {
    let map = value!({"type": "object", "maxProperties": 4, "additionalProperties": false,
        "patternProperties": {"^[0-9a-f]{4}$": {"type": "object", "required": ["on"],
            "properties": {"on": {"type": "boolean"}}}}});
    let before = value!({"/devices": {"00af": {"on": true}}});
    let (addr, state) = pages(
        before.clone(),
        |page, state, body| {
            let hex = |key: &String| {
                key.len() == 4 && key.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
            };
            let fits = |map: &serde_json::Map<String, Value>| {
                map.len() <= 4 && map.iter().all(|(k, v)| hex(k) && v["on"].is_boolean())
            };
            let fits = body.as_object().is_some_and(fits);
            if fits {
                state[page] = body.clone();
            }
            fits
        },
        |_, page| page.clone(),
        || bare(400),
    );
    let document = document(&[("/devices", map.clone(), map, "Sets the devices")]);
    let (_, report) = judged(&document, addr, &[]);
    assert_eq!(now(&state), before, "{report}");
    assert_eq!(report["device"]["restored"], true);
}

fn integer() -> Value {
    value!({"type": "object", "required": ["level"], "properties": {
        "level": {"type": "integer", "minimum": 0, "maximum": 100}}})
}

fn level(body: &Value) -> Option<i64> {
    body["level"].as_i64().filter(|n| (0..=100).contains(n))
}

/// What one write changes of another state is put back, in whatever order they stand, and is nobody's
/// refusal.
#[test]
fn a_state_that_another_write_changes_is_put_back_too() {
    let preset = value!({"type": "object", "required": ["preset"], "properties": {
        "preset": {"type": "string", "enum": ["day", "night"]}}});
    let before = value!({"/picture": {"level": 61}, "/preset": {"preset": "day"}});
    let (addr, state) = pages(
        before.clone(),
        |page, state, body| match page {
            "/picture" => level(body).is_some_and(|n| {
                state[page] = value!({"level": n});
                true
            }),
            _ => match body["preset"].as_str() {
                Some(name @ ("day" | "night")) => {
                    state[page] = value!({"preset": name});
                    state["/picture"] = value!({"level": if name == "day" { 50 } else { 80 }});
                    true
                }
                _ => false,
            },
        },
        |_, page| page.clone(),
        || bare(400),
    );
    let document = document(&[
        ("/picture", integer(), integer(), "Sets the picture"),
        ("/preset", preset.clone(), preset, "Chooses a preset"),
    ]);
    let (_, report) = judged(&document, addr, &[]);
    assert_eq!(now(&state), before, "{report}");
    assert_eq!(report["device"]["restored"], true);
    assert_eq!(report["findings"], value!([]));
}

/// A refusal that the document describes under 200 is one, and a success under it is none.
#[test]
fn a_refusal_may_come_under_a_success_status() {
    let code = value!({"type": "integer", "description": "0: success, any other value: refused"});
    let truth = value!({"type": "boolean"});
    for (member, schema, good, bad) in [
        ("code", code, value!(0), value!(1003)),
        ("success", truth, value!(true), value!(false)),
    ] {
        for checks in [true, false] {
            let answer = value!({"type": "object", "required": [member],
                "properties": {member: schema, "data": integer()}});
            let (good, bad) = (good.clone(), bad.clone());
            let (addr, _) = pages(
                value!({"/lamp": {"level": 4}}),
                move |page, state, body| {
                    let fits = body.is_object() && (!checks || level(body).is_some());
                    if fits {
                        state[page] = body.clone();
                    }
                    fits
                },
                move |_, page| value!({member: good, "data": page}),
                move || json(200, &value!({member: bad})),
            );
            let document = document(&[("/lamp", integer(), answer, "Sets the lamp")]);
            let (output, report) = judged(&document, addr, &[]);
            let accused = report["findings"].as_array().is_some_and(|f| !f.is_empty());
            assert_eq!(accused, !checks, "{member}: {}", report["findings"]);
            assert_ne!(output.status.code(), Some(3), "{member}");
        }
    }
}

/// A read that shows what stood before for a moment is waited for; one that goes on doing so is told.
#[test]
fn a_read_out_of_a_cache_is_no_difference() {
    for stale in [Duration::from_millis(300), Duration::from_secs(600)] {
        let old = Mutex::new((value!({"level": 4}), Instant::now() - stale));
        let old = Arc::new(old);
        let seen = Arc::clone(&old);
        let (addr, _) = pages(
            value!({"/lamp": {"level": 4}}),
            move |page, state, body| {
                let Some(level) = level(body) else {
                    return false;
                };
                let mut old = old.lock().expect("old");
                if old.1.elapsed() >= stale {
                    *old = (state[page].clone(), Instant::now());
                }
                state[page] = value!({"level": level});
                true
            },
            move |_, page| {
                let seen = seen.lock().expect("old");
                match seen.1.elapsed() < stale {
                    true => seen.0.clone(),
                    false => page.clone(),
                }
            },
            || bare(400),
        );
        let document = document(&[("/lamp", integer(), integer(), "Sets the lamp")]);
        let (_, report) = judged(&document, addr, &[]);
        let accused = report["findings"].as_array().is_some_and(|f| !f.is_empty());
        assert_eq!(
            accused,
            stale > Duration::from_secs(1),
            "{}",
            report["findings"]
        );
    }
}
