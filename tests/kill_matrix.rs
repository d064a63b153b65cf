//! The suite against the faults that the mock can plant: each of the working set must be found, but
//! for those that nobody can see from outside, each with its reason. What the held-back set scores
//! is reported. Plain `cargo test` takes every twelfth fault;
//!
//! - `PROBITY_FAULTS=all cargo test --release --test kill_matrix` takes every fault and writes
//!   `target/tmp/kill-matrix.json` and `.md`;
//! - `PROBITY_FAULTS=TEXT` takes those whose id contains the text.

#[path = "common/support/mod.rs"]
mod support;

#[path = "common/support/matrix.rs"]
mod matrix;

use matrix::Matrix;
use probity::mock::{self, FaultInfo, Set};
use support::Suite;

/// Faults that no request can tell from a device that keeps its promises.
const UNSEEN: &[(&str, &str)] = &[
    ("not-stored:password", "the read-back shows a placeholder"),
    (
        "stores-truncated:password",
        "the read-back shows a placeholder",
    ),
    (
        "stores-lower-case:password",
        "the read-back shows a placeholder",
    ),
    (
        "stores-escaped:password",
        "the read-back shows a placeholder",
    ),
    ("stores-truncated:transport", "its values are shorter"),
    (
        "stores-lower-case:transport",
        "its values are in lower case",
    ),
    (
        "stores-lower-case:stun.ip",
        "another case of a host name or an address is the same one (RFC 4343 §2)",
    ),
    (
        "stores-lower-case:proxy",
        "surely valid values have no letters but the scheme's",
    ),
    (
        "stores-escaped:transport",
        "its values hold nothing to escape",
    ),
    (
        "stores-escaped:proxy",
        "surely valid values hold nothing to escape",
    ),
    (
        "stores-escaped:realm",
        "surely valid values hold nothing to escape",
    ),
    (
        "stores-escaped:stun.ip",
        "surely valid values hold nothing to escape",
    ),
    (
        "pattern-first-line:proxy",
        "under search a second line is allowed",
    ),
    (
        "pattern-first-line:realm",
        "under search a second line is allowed",
    ),
    (
        "pattern-first-line:stun.ip",
        "under search a second line is allowed",
    ),
    (
        "tight-maxLength:password",
        "the page contradicts itself about the bound",
    ),
    (
        "login-clear-password",
        "the right password in another form than the profile gives is not a wrong password",
    ),
    (
        "json-bad-utf8",
        "U+FFFD is in no field's language, so the value is refused all the same",
    ),
    (
        "huge-is-integer",
        "1e400 is an integer, and the page gives no range",
    ),
    (
        "method-any-case",
        "recorded as a choice: frameworks in wide use fold the case of methods",
    ),
    (
        "trace-echoes",
        "HTTP lets servers offer TRACE and tells clients to leave credentials out (RFC 9110 §9.3.8)",
    ),
    (
        "absolute-form-404",
        "recorded as a choice: only requests to proxies are written so, and servers in wide use do \
         not understand it",
    ),
];

/// One fault in so many is in the sample.
const SAMPLE: usize = 12;

/// The faults that the filter asks for; without one every `step`th.
fn chosen(suite: &Suite, filter: &str, step: usize) -> Vec<FaultInfo> {
    mock::faults(&suite.contract, &suite.profile)
        .into_iter()
        .enumerate()
        .filter(|(at, f)| match filter {
            "" => at % step == 0,
            "all" => true,
            text => f.id.contains(text) || f.set.to_string() == text,
        })
        .map(|(_, f)| f)
        .collect()
}

#[test]
fn every_planted_fault_is_found() {
    let suite = Suite::embedded();
    let filter = std::env::var("PROBITY_FAULTS").unwrap_or_default();
    let faults = chosen(&suite, &filter, SAMPLE);
    let matrix = Matrix::run(&suite, &faults, UNSEEN);
    matrix.write(if filter == "all" {
        "kill-matrix"
    } else {
        "kill-matrix-part"
    });
    println!("{}", matrix.markdown());
    let names = |rows: Vec<&matrix::Row>| -> Vec<String> {
        rows.iter().map(|r| r.fault.id.to_string()).collect()
    };
    let missed = names(matrix.missed(Set::Working));
    assert!(missed.is_empty(), "not found: {missed:?}");
    let seen = names(matrix.seen_after_all());
    assert!(seen.is_empty(), "can be seen after all: {seen:?}");
}

/// Another contract: its document, how its devices are driven, and what nobody can see of them.
struct Other {
    name: &'static str,
    document: &'static str,
    profile: &'static str,
    unseen: &'static [(&'static str, &'static str)],
}

const IN_ENUM: &str = "what is let through is none of the values of its enum, and refused for that";
const NO_MARKUP: &str = "its values hold nothing to escape";
const NO_TEXTS: &str = "the document gives no texts for its errors";
const LINES: &str = "`^` and `$` of some dialects hold at every line, and the document names none";
const RIGHTS: &str = "403 keeps callers out as well, and the document ties no status to that fault";
const CLEAR: &str =
    "the right password in another form than the profile gives is not a wrong password";

/// Two documents with several operations, arrays, alternatives, numbers with bounds and parameters.
const OTHERS: [Other; 2] = [
    Other {
        name: "thermostat",
        document: "tests/contracts/thermostat.yaml",
        profile: r#"
            [login]
            path = "/login"
            query = { username = "{username}", password = "{password-md5}" }
            token = "/token"
            [read-back.putSchedule]
            path = "/schedule"
            [read-back.setMode]
            path = "/mode"
            [life]
            path = "/info"
            uptime = "/uptime"
        "#,
        unseen: &[
            ("unauthorized-403", RIGHTS),
            ("number-as-string:zone", IN_ENUM),
            ("boolean-as-string:zone", IN_ENUM),
            ("object-as-string:zone", IN_ENUM),
            ("boolean-as-string:mode", IN_ENUM),
            ("stores-truncated:zone", "its values are shorter"),
            ("stores-lower-case:zone", "its values are in lower case"),
            ("stores-escaped:zone", NO_MARKUP),
            ("stores-truncated:entries[].from", "its values are shorter"),
            (
                "stores-lower-case:entries[].from",
                "its values have no letters",
            ),
            ("stores-escaped:entries[].from", NO_MARKUP),
            ("pattern-first-line:entries[].from", LINES),
            ("wrong-name:zone", NO_TEXTS),
            ("wrong-name:entries", NO_TEXTS),
            ("wrong-name:entries[]", NO_TEXTS),
            ("wrong-name:entries[].from", NO_TEXTS),
            ("wrong-name:entries[].target", NO_TEXTS),
            ("missing-as-base", NO_TEXTS),
            ("type-as-base", NO_TEXTS),
            ("missing-as-type", NO_TEXTS),
            ("not-json-as-missing", NO_TEXTS),
            ("unauthorized-text", NO_TEXTS),
            ("error-422", "422 is the status that this document gives"),
            ("login-clear-password", CLEAR),
            (
                "json-bad-utf8",
                "U+FFFD is in no field's language, so the value is refused all the same",
            ),
        ],
    },
    Other {
        name: "relay",
        document: "tests/plan/relay.yaml",
        profile: r#"
            [login]
            path = "/login"
            query = { username = "{username}", password = "{password}" }
            token = "/token"
            [read-back.setRelay]
            path = "/api/relays/2"
            [life]
            path = "/info"
            uptime = "/uptime"
        "#,
        unseen: &[
            ("unauthorized-403", RIGHTS),
            (
                "error-422",
                "422 says that the content is wrong, and nothing ties 400 to it",
            ),
            (
                "put-as-post",
                "its only POST acts (`x-acts`), and is left out",
            ),
            ("stores-escaped:name", NO_MARKUP),
            ("stores-truncated:users[].pin", "its values are shorter"),
            (
                "stores-lower-case:users[].pin",
                "its values have no letters",
            ),
            ("stores-escaped:users[].pin", NO_MARKUP),
            ("stores-truncated:users[].label", "its values are shorter"),
            ("pattern-first-line:users[].pin", LINES),
            ("wrong-name:name", NO_TEXTS),
            ("wrong-name:enabled", NO_TEXTS),
            ("wrong-name:pulse", NO_TEXTS),
            ("wrong-name:step", NO_TEXTS),
            ("wrong-name:level", NO_TEXTS),
            ("wrong-name:note", NO_TEXTS),
            ("wrong-name:users", NO_TEXTS),
            ("wrong-name:users[]", NO_TEXTS),
            ("wrong-name:users[].pin", NO_TEXTS),
            ("wrong-name:users[].label", NO_TEXTS),
            ("wrong-name:source", NO_TEXTS),
            ("missing-as-base", NO_TEXTS),
            ("type-as-base", NO_TEXTS),
            ("missing-as-type", NO_TEXTS),
            ("not-json-as-missing", NO_TEXTS),
            ("unauthorized-text", NO_TEXTS),
            (
                "token-any-case",
                "recorded as a choice: nobody says that the case of a key counts",
            ),
            ("any-scheme", "keys have no scheme"),
            (
                "boolean-as-integer:step",
                "true is 1 for such readers, and 1 is below the minimum",
            ),
            (
                "json-bad-utf8",
                "U+FFFD in place of what is no UTF-8 is what many decoders give",
            ),
            ("login-clear-password", CLEAR),
        ],
    },
];

/// The systematic faults are those of the contract's own fields, the others those of any device.
#[test]
fn faults_of_other_contracts_are_found() {
    let filter = std::env::var("PROBITY_FAULTS").unwrap_or_default();
    for other in OTHERS
        .iter()
        .filter(|o| std::env::var("PROBITY_OTHER").map_or(true, |n| n == o.name))
    {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(other.document);
        let contract = probity::contract::load(&path).expect("the document loads");
        let profile = probity::profile::Profile::from_toml(other.profile).expect("profile");
        let suite = Suite::new(contract, profile);
        let clean = suite.run(suite.mock(), &mut ()).report;
        assert_eq!(clean.exit.code, 0, "{}: {:?}", other.name, clean.findings);
        let faults = chosen(&suite, &filter, 4 * SAMPLE);
        let matrix = Matrix::run(&suite, &faults, other.unseen);
        let part = if filter == "all" { "" } else { "-part" };
        matrix.write(&format!("kill-matrix-{}{part}", other.name));
        println!("{}", matrix.markdown());
        let missed = matrix.missed(Set::Working);
        let missed: Vec<&str> = missed.iter().map(|r| r.fault.id.as_str()).collect();
        assert!(missed.is_empty(), "{}: not found: {missed:?}", other.name);
    }
}

/// What a device does wrong when it creates, lists, changes and removes: each of the table of
/// `crates/mock/src/resources.txt`, in any run of the tests.
#[test]
fn faults_of_collections_are_found() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contracts/library.yaml");
    let contract = probity::contract::load(&path).expect("the document loads");
    let suite = Suite::new(contract, probity::profile::Profile::default());
    let clean = suite.run(suite.mock(), &mut ()).report;
    assert_eq!(clean.exit.code, 0, "{:?} {:?}", clean.findings, clean.notes);
    let all = mock::faults(&suite.contract, &suite.profile);
    let of_collections = |f: &FaultInfo| {
        let named = ["patch-replaces", "patch-ignored", "unknown-item-served"];
        let promises = ["state.created", "state.removed", "state.listed"];
        named.contains(&f.id.as_str()) || promises.contains(&f.promise.as_str())
    };
    let faults: Vec<FaultInfo> = all.into_iter().filter(of_collections).collect();
    assert!(faults.len() > 10, "{}", faults.len());
    let matrix = Matrix::run(&suite, &faults, &[]);
    matrix.write("kill-matrix-library");
    println!("{}", matrix.markdown());
    let missed = matrix.missed(Set::Working);
    let missed: Vec<&str> = missed.iter().map(|r| r.fault.id.as_str()).collect();
    assert!(missed.is_empty(), "not found: {missed:?}");
    // What is named is what is wrong: the promise that the fault breaks.
    for row in &matrix.rows {
        let promise = &row.fault.promise;
        let named = row.findings.iter().any(|(p, ..)| p.ends_with(promise));
        assert!(named, "{}: {:?}", row.fault.id, row.findings);
    }
}
