//! Super-linear matching time: what is predicted for an engine that backtracks, and what a device
//! shows over HTTP. The mock's reading is executed by a real engine, so it is really slow.

use crate::support;

use probity::contract;
use probity::profile::Profile;
use probity::run::result::{Measured, Slowness};
use std::time::Duration;
use support::Suite;

fn slowness(pattern: &str, reading: &str) -> Option<Slowness> {
    let document = serde_json::json!({
        "openapi": "3.1.0",
        "info": {"title": "Slow device", "version": "1"},
        "paths": {"/settings": {"put": {
            "operationId": "setSettings",
            "requestBody": {"required": true, "content": {"application/json": {"schema": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string", "pattern": pattern}},
            }}}},
            "responses": {
                "200": {"description": "OK"},
                "400": {"description": "Refused"},
            },
        }}},
    });
    let contract = contract::load_bytes("slow.json", document.to_string().as_bytes())
        .expect("the contract loads");
    let suite = Suite::new(contract, Profile::default());
    let config = suite
        .mock()
        .with_readings([("name".to_owned(), reading.to_owned())]);
    let report = suite
        .run_with(config, &mut (), Duration::from_secs(20))
        .report;
    let found = report
        .divergences
        .into_iter()
        .find(|d| d.promise.ends_with("body.name.pattern"))
        .unwrap_or_else(|| panic!("not asked about: {:?}", report.notes));
    found.device.slowness
}

/// Nothing is sent after the first answer that took longer than the budget.
fn stops_early(slowness: &Slowness) {
    let usual = slowness.samples[0].micros;
    let budget = usual * 5 + 250_000;
    let longer = slowness.samples.iter().filter(|s| s.micros > budget);
    assert!(longer.count() <= 1, "{slowness:?}");
}

#[test]
fn two_ways_around_a_loop_double_the_time_again_and_again() {
    let found = slowness("^(a+)+$", "none/ecmascript/search/codepoints/both")
        .expect("a super-linear pattern is measured");
    assert_eq!(found.predicted, Measured::Exponential);
    assert_eq!(found.measured, Measured::Exponential, "{found:?}");
    stops_early(&found);
}

#[test]
fn an_engine_that_does_not_backtrack_is_not_accused() {
    let found = slowness("^(a+)+$", "none/rust/search/codepoints/both")
        .expect("readings that accept the same are predicted to be slow");
    assert_eq!(found.predicted, Measured::Exponential);
    assert_eq!(found.measured, Measured::Linear, "{found:?}");
}

#[test]
fn a_search_that_begins_again_everywhere_is_quadratic() {
    let found = slowness("[a-f]+z", "none/ecmascript/search/codepoints/both")
        .expect("a super-linear pattern is measured");
    assert_eq!(found.predicted, Measured::Quadratic);
    assert_eq!(found.measured, Measured::Quadratic, "{found:?}");
    stops_early(&found);
}

#[test]
fn a_linear_pattern_is_not_measured() {
    assert_eq!(
        slowness("^[a-f]+$", "none/ecmascript/search/codepoints/both"),
        None
    );
}
