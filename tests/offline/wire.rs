//! The strategies below the values, through the public interface: what they send is what they say,
//! and nothing goes where neither contract nor profile allows it.

use probity::case::wire::is_json;
use probity::case::{Case, CaseId, Context, Expect, Tier, plan, strategies};
use probity::contract::{self, Contract, FaultKind};
use probity::exchange::{Request, Segment};
use probity::profile::Profile;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const NAMES: [&str; 5] = ["json-syntax", "json-corners", "http", "auth", "state"];

fn cases_of(contract: &Contract, profile: &Profile, thorough: bool) -> Vec<Case> {
    let texts = contract.texts();
    let context = Context::new(contract, profile, &texts).thorough(thorough);
    strategies()
        .iter()
        .filter(|s| NAMES.contains(&s.name()))
        .flat_map(|s| s.all_cases(&context))
        .collect()
}

fn embedded(thorough: bool) -> Vec<Case> {
    let (contract, profile) = contract::embedded::sip_settings();
    cases_of(&contract, &profile, thorough)
}

/// Several operations of the usual kinds, one of which acts.
const OTHER: &str = r##"
openapi: 3.0.3
info: {title: Other, version: "1"}
paths:
  /things:
    get:
      operationId: listThings
      security: [{key: []}]
      responses: {"200": {description: OK}, "401": {description: no}}
    post:
      operationId: addThing
      security: [{key: []}]
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [name, size]
              properties:
                name: {type: string, minLength: 1, maxLength: 20}
                size: {type: integer, minimum: 1, maximum: 100}
                tags: {type: array, items: {type: string, maxLength: 5}, maxItems: 4}
      responses: {"201": {description: made}, "400": {description: bad}, "401": {description: no}}
  /things/{id}:
    put:
      operationId: changeThing
      security: [{basic: []}]
      parameters: [{name: id, in: path, required: true, schema: {type: integer, minimum: 1}}]
      requestBody:
        required: true
        content:
          application/json:
            schema: {type: object, required: [open], properties: {open: {type: boolean}}}
      responses: {"200": {description: OK}, "400": {description: bad}, "401": {description: no}}
    delete:
      operationId: dropThing
      parameters: [{name: id, in: path, required: true, schema: {type: integer, minimum: 1}}]
      responses: {"204": {description: gone}}
  /reboot:
    post:
      operationId: reboot
      x-acts: true
      security: [{key: []}]
      responses: {"200": {description: OK}}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key}
    basic: {type: http, scheme: basic}
"##;

fn other() -> (Contract, Profile) {
    let contract = contract::load_bytes("other.yaml", OTHER.as_bytes()).expect("loads");
    (contract, Profile::default())
}

fn body(case: &Case) -> Option<&[u8]> {
    match &case.request {
        Request::Http(request) => request.body.as_deref(),
        Request::Raw(_) => None,
    }
}

/// Method and path of a request.
fn start(case: &Case) -> (String, String) {
    match &case.request {
        Request::Http(request) => {
            let target = request.target.to_string();
            let path = target.split('?').next().unwrap_or_default().to_owned();
            (request.method.clone(), path)
        }
        Request::Raw(raw) => {
            let mut text = String::new();
            for segment in &raw.segments {
                match segment {
                    Segment::Bytes(bytes) => text.push_str(&String::from_utf8_lossy(bytes)),
                    Segment::Host => text.push_str("host"),
                    _ => {}
                }
            }
            let line = text
                .trim_start()
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned();
            let mut words = line.split(' ');
            let method = words.next().unwrap_or_default().to_owned();
            let target = words
                .next()
                .unwrap_or_default()
                .trim_start_matches("http://host");
            let path = target.split('?').next().unwrap_or_default().to_owned();
            (method, path)
        }
    }
}

#[test]
fn what_is_called_not_json_is_not_and_what_must_be_accepted_is() {
    let (contract, profile) = other();
    let mut all = embedded(true);
    all.extend(cases_of(&contract, &profile, true));
    let (mut wrong, mut right) = (0, 0);
    for case in &all {
        let Some(bytes) = body(case) else { continue };
        let not_json = match &case.expect {
            Expect::Refused { faults } => {
                faults.first().is_some_and(|f| f.kind == FaultKind::NotJson)
            }
            _ => false,
        };
        let shown = String::from_utf8_lossy(bytes);
        if not_json {
            assert!(!is_json(bytes), "{}: {shown}", case.id);
            assert!(
                serde_json::from_slice::<serde_json::Value>(bytes).is_err(),
                "{}",
                case.id
            );
            wrong += 1;
        }
        if matches!(case.expect, Expect::Accepted | Expect::AcceptedOr { .. }) {
            assert!(is_json(bytes), "{}: {shown}", case.id);
            assert!(
                serde_json::from_slice::<serde_json::Value>(bytes).is_ok(),
                "{}",
                case.id
            );
            right += 1;
        }
    }
    assert!(wrong > 200, "{wrong} bodies that are not JSON");
    assert!(right > 40, "{right} bodies that must be accepted");
}

#[test]
fn every_body_that_must_be_accepted_is_what_is_read_back() {
    for case in embedded(true) {
        if case.expect != Expect::Accepted {
            continue;
        }
        if let (probity::case::Check::ReadsBack(value), Some(bytes)) = (&case.check, body(&case)) {
            let sent: serde_json::Value = serde_json::from_slice(bytes).expect("JSON");
            let read = value.as_object().expect("an object");
            for (name, value) in read {
                assert_eq!(sent.get(name), Some(value), "{} {name}", case.id);
            }
        }
    }
}

/// A path without what other spellings of it have: `//`, a slash, a parameter or a file behind,
/// encoded letters, capitals, segments that lead back.
fn plain(path: &str) -> String {
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let path = path.to_lowercase().replace(";probity=1", "");
    let mut out: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "probity.css" => {}
            ".." => drop(out.pop()),
            name => out.push(name),
        }
    }
    format!("/{}", out.join("/"))
}

#[test]
fn nothing_goes_to_a_path_that_nobody_names_or_to_an_operation_that_acts() {
    let (contract, profile) = contract::embedded::sip_settings();
    let named: BTreeSet<String> = contract
        .operations
        .iter()
        .map(|o| o.path.clone())
        .chain(profile.login.iter().map(|l| l.path.clone()))
        .collect();
    for case in embedded(true) {
        let (_, path) = start(&case);
        let plain = plain(&path);
        assert!(named.contains(&plain), "{} goes to {path}", case.id);
    }
    let (contract, profile) = other();
    let paths = ["/things", "/things/1"];
    for case in cases_of(&contract, &profile, true) {
        let (_, path) = start(&case);
        let plain = plain(&path);
        assert!(
            paths.contains(&plain.as_str()),
            "{} goes to {path}",
            case.id
        );
        assert_ne!(case.operation, "reboot", "{}", case.id);
    }
}

#[test]
fn no_method_is_probed_where_somebody_names_it() {
    let (contract, profile) = contract::embedded::sip_settings();
    let read_back = profile.read_back.values().next().expect("a read-back");
    for case in embedded(true) {
        let (method, path) = start(&case);
        let probe = case.id.contains("/http/method/");
        assert!(!(probe && method == "POST"), "{}", case.id);
        assert!(
            !(probe && method == read_back.method && path == read_back.path),
            "{}",
            case.id
        );
    }
    let (other, none) = other();
    drop(contract);
    for case in cases_of(&other, &none, true) {
        if !case.id.contains("/http/method/") {
            continue;
        }
        let (method, path) = start(&case);
        let taken = match path.as_str() {
            "/things" => ["GET", "POST"],
            _ => ["PUT", "DELETE"],
        };
        assert!(
            !taken.contains(&method.as_str()),
            "{}: {method} {path}",
            case.id
        );
    }
}

#[test]
fn denied_paths_are_left_alone() {
    let (contract, mut profile) = other();
    profile.deny = vec!["/things*".to_owned()];
    let sent: Vec<CaseId> = cases_of(&contract, &profile, true)
        .into_iter()
        .map(|case| case.id)
        .collect();
    assert!(sent.is_empty(), "sent: {sent:?}");
}

#[test]
fn promises_exist_and_ids_are_unique() {
    let (embedded_contract, _) = contract::embedded::sip_settings();
    let (other_contract, other_profile) = other();
    let sets = [
        (&embedded_contract, embedded(true)),
        (
            &other_contract,
            cases_of(&other_contract, &other_profile, true),
        ),
    ];
    for (contract, cases) in sets {
        let mut ids = BTreeSet::new();
        for case in &cases {
            assert!(ids.insert(case.id.clone()), "{} twice", case.id);
            assert!(!case.promises.is_empty(), "{}", case.id);
            for promise in &case.promises {
                assert!(
                    contract.promise(promise).is_some(),
                    "{}: {promise}",
                    case.id
                );
            }
        }
    }
}

#[test]
fn no_case_holds_a_credential() {
    for case in embedded(true) {
        if case.id.contains("/login/") {
            let (_, path) = start(&case);
            assert_eq!(path, "/api/v1/login");
        }
        if matches!(case.expect, Expect::Accepted | Expect::AcceptedOr { .. }) {
            let named = match &case.request {
                Request::Http(r) => r.headers.iter().any(|(_, v)| v.has_secret()),
                Request::Raw(r) => r.segments.iter().any(|s| matches!(s, Segment::Secret(_))),
            };
            assert!(named, "{} has no credentials", case.id);
        }
    }
}

#[test]
fn the_default_plan_stays_within_its_share() {
    let default: Vec<Case> = embedded(false)
        .into_iter()
        .filter(|c| c.tier < Tier::THOROUGH)
        .collect();
    let mut by_strategy: BTreeMap<&str, usize> = BTreeMap::new();
    let mut by_tier: BTreeMap<u8, usize> = BTreeMap::new();
    for case in &default {
        *by_strategy.entry(case.strategy).or_default() += case.cost();
        *by_tier.entry(case.tier.number()).or_default() += case.cost();
    }
    println!("{by_strategy:?}\n{by_tier:?}");
    let early: usize = by_tier.range(..3).map(|(_, n)| n).sum();
    assert!(
        early <= 205,
        "{early} requests in the tiers that a budget of 600 reaches"
    );
    for name in NAMES {
        assert!(by_strategy.contains_key(name), "{name} has no cases");
    }
    let failed_logins = default
        .iter()
        .filter(|c| c.expect == Expect::LoginRefused)
        .count();
    assert!((1..=8).contains(&failed_logins), "{failed_logins}");
}

#[test]
fn the_budget_of_failed_logins_is_kept() {
    let (contract, mut profile) = contract::embedded::sip_settings();
    profile.limits.failed_logins = Some(2);
    let cases = cases_of(&contract, &profile, true);
    let logins = cases.iter().filter(|c| c.expect == Expect::LoginRefused);
    assert_eq!(logins.count(), 2);
}

#[test]
fn every_operation_is_tried_by_every_strategy_that_fits_it() {
    let (contract, profile) = other();
    let texts = contract.texts();
    let context = Context::new(&contract, &profile, &texts).thorough(true);
    let planned: BTreeSet<CaseId> = plan(&context, None)
        .cases
        .into_iter()
        .map(|c| c.id)
        .collect();
    for wanted in [
        "addThing/json-syntax/structure/trailing-comma",
        "addThing/json-syntax/numbers/leading-zero",
        "changeThing/json-syntax/cut/last-brace",
        "addThing/json-corners/duplicates/wrong-type-last",
        "addThing/http/chunks/one",
        "changeThing/http/pieces/body-later",
        "listThings/http/method/put",
        "addThing/http/method/patch",
        "listThings/auth/credentials/absent",
        "addThing/auth/credentials/shortened",
        "changeThing/auth/credentials/unknown",
        "listThings/auth/session/goes-on",
        "addThing/auth/session/goes-on",
        "changeThing/auth/session/goes-on",
        "addThing/state/refusals/wrong-name-last",
        "addThing/state/writes/longest",
    ] {
        assert!(planned.contains(wanted), "{wanted} is not in the plan");
    }
}

#[test]
fn the_plan_is_the_same_every_time() {
    let (contract, profile) = contract::embedded::sip_settings();
    let texts = contract.texts();
    let context = Context::new(&contract, &profile, &texts);
    let of_wire = |cases: Vec<Case>| -> Vec<String> {
        let ours = cases.into_iter().filter(|c| NAMES.contains(&c.strategy));
        ours.map(|c| format!("{c:?}")).collect()
    };
    let (one, two) = (plan(&context, Some(600)), plan(&context, Some(600)));
    assert_eq!(of_wire(one.cases), of_wire(two.cases));
}

/// <https://github.com/nst/JSONTestSuite>: `n_` is not JSON, `y_` is, `i_` is left to the reader.
#[test]
fn well_formedness_agrees_with_the_json_test_suite() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/json-test-suite/test_parsing");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: {} is not there", folder.display());
        return;
    };
    let (mut good, mut bad) = (0, 0);
    for entry in entries {
        let entry = entry.expect("an entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        let bytes = std::fs::read(entry.path()).expect("readable");
        match name.split('_').next() {
            Some("y") => {
                assert!(is_json(&bytes), "{name}");
                good += 1;
            }
            Some("n") => {
                assert!(!is_json(&bytes), "{name}");
                bad += 1;
            }
            _ => {
                // Must end with some answer, whatever it is.
                let _ = is_json(&bytes);
            }
        }
    }
    assert_eq!((good, bad), (95, 188));
}
