//! The suite against the faults that the mock can plant: each of the working set must be found, but
//! for those that nobody can see from outside, each with its reason. What the held-back set scores
//! is reported. Plain `cargo test` takes every twelfth fault;
//!
//! - `PROBITY_FAULTS=all cargo test --release --test kill_matrix` takes every fault and writes
//!   `target/tmp/kill-matrix.json` and `.md`;
//! - `PROBITY_FAULTS=TEXT` takes those whose id contains the text.

mod support;

#[path = "support/matrix.rs"]
mod matrix;

use matrix::Matrix;
use probity::mock::{self, Set};
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

#[test]
fn every_planted_fault_is_found() {
    let suite = Suite::embedded();
    let filter = std::env::var("PROBITY_FAULTS").unwrap_or_default();
    let faults: Vec<_> = mock::faults(&suite.contract, &suite.profile)
        .into_iter()
        .enumerate()
        .filter(|(at, f)| match filter.as_str() {
            "" => at % SAMPLE == 0,
            "all" => true,
            text => f.id.contains(text) || f.set.to_string() == text,
        })
        .map(|(_, f)| f)
        .collect();
    let matrix = Matrix::run(&suite, &faults, UNSEEN);
    matrix.write(if filter == "all" {
        "kill-matrix"
    } else {
        "kill-matrix-part"
    });
    println!("{}", matrix.markdown());
    let names = |rows: Vec<&matrix::Row>| -> Vec<String> {
        rows.iter().map(|r| r.fault.id.clone()).collect()
    };
    let missed = names(matrix.missed(Set::Working));
    assert!(missed.is_empty(), "not found: {missed:?}");
    let seen = names(matrix.seen_after_all());
    assert!(seen.is_empty(), "can be seen after all: {seen:?}");
}
