//! Devices that keep their promises draw no finding, whatever they choose where the page leaves it
//! open and whichever reading they implement.

use crate::support;

use probity::case::DEFAULT_BUDGET;
use probity::contract::load;
use probity::judge::Kind;
use probity::mock::choices;
use probity::mock::{self, MockConfig};
use probity::profile::Profile;
use probity::run::result::{OperationResult, OperationState, Report};
use rand::RngExt as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;
use support::{Suite, in_parallel};

/// The plan, made once.
static SUITE: LazyLock<Suite> = LazyLock::new(Suite::embedded);

/// What a run against a device that keeps its promises has to complain about: anything, or more
/// requests than the budget has.
fn complaint(name: &str, report: &Report) -> Option<String> {
    let within = report.requests.sent <= DEFAULT_BUDGET as u64;
    (report.exit.code != 0 || !within).then(|| {
        let findings: Vec<String> = report
            .findings
            .iter()
            .take(4)
            .map(|f| {
                format!(
                    "    {} {} | {} | {} | {}",
                    f.case, f.promise, f.title, f.expected, f.observed
                )
            })
            .collect();
        format!(
            "{name}: exit {} {}; {} requests; notes {:?}\n{}",
            report.exit.code,
            report.exit.reason,
            report.requests.sent,
            report.notes,
            findings.join("\n")
        )
    })
}

/// Runs the plan against every device; none may draw a finding.
fn all_clean(suite: &Suite, devices: &[(String, MockConfig)]) {
    let wrong: Vec<String> = in_parallel(devices, |(name, config)| {
        // Nothing hangs here: a long wait tells a busy machine from a silent device.
        let outcome = suite.run_with(config.clone(), &mut (), Duration::from_secs(8));
        let complaint = complaint(name, &outcome.report);
        if let Some(text) = &complaint {
            eprintln!("{text}");
        }
        complaint
    })
    .into_iter()
    .flatten()
    .collect();
    eprintln!("{} devices", devices.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_choice_is_clean() {
    let suite = &*SUITE;
    let mut devices = Vec::new();
    // How Digest is asked for does not concern a contract without it.
    for choice in choices().iter().filter(|c| c.name != "digest") {
        for value in choice.values.iter().skip(1) {
            let config = suite
                .mock()
                .with_choices([(choice.name.to_owned(), (*value).to_owned())]);
            devices.push((format!("{}={value}", choice.name), config));
        }
    }
    all_clean(suite, &devices);
}

/// The plausible readings of every string field, one of each class of equal ones: field → ids. A
/// published format holds beside the pattern (`Text::assess`): a device that checks the format
/// alone does not check the pattern, so it is none of them.
fn readings(suite: &Suite) -> Vec<(String, Vec<String>)> {
    let mut out = Vec::new();
    for operation in &suite.contract.operations {
        for field in operation.fields() {
            let Some(text) = field.schema.rule().and_then(|r| suite.texts.get(&r)) else {
                continue;
            };
            let mut classes = BTreeSet::new();
            let readings = text.readings().iter();
            let readings = readings.filter(|r| r.compiles && r.plausible && *r.repair != *"format");
            let distinct = readings.filter(|r| classes.insert(format!("{:?}", r.class())));
            let ids = distinct.map(|r| r.id.clone()).collect();
            out.push((field.path.dotted(), ids));
        }
    }
    out
}

/// `PROBITY_READINGS=all` takes every class of readings; otherwise every fortieth, so that the test
/// stays short.
#[test]
fn every_reading_is_clean() {
    let suite = &*SUITE;
    let all = std::env::var("PROBITY_READINGS").is_ok_and(|v| v == "all");
    let mut devices = Vec::new();
    for (field, ids) in readings(suite) {
        for (at, id) in ids.into_iter().enumerate() {
            if all || at % 40 == 0 {
                let config = suite.mock().with_readings([(field.clone(), id.clone())]);
                devices.push((format!("{field}={id}"), config));
            }
        }
    }
    all_clean(suite, &devices);
}

/// Choices and a reading of every string field at random, from a seed: combination `n` is the same
/// whatever the count. `PROBITY_COMBINATIONS=500` takes so many, `100..200` a part; otherwise a few.
#[test]
fn random_combinations_are_clean() {
    let suite = &*SUITE;
    let asked = std::env::var("PROBITY_COMBINATIONS").unwrap_or_else(|_| "8".to_owned());
    let (from, to) = asked.split_once("..").unwrap_or(("0", &asked));
    let (from, to): (u64, u64) = match (from.parse(), to.parse()) {
        (Ok(from), Ok(to)) => (from, to),
        _ => panic!("PROBITY_COMBINATIONS: a count, or FROM..TO"),
    };
    let readings = readings(suite);
    let devices: Vec<(String, MockConfig)> = (from..to)
        .map(|n| {
            let mut random = ChaCha8Rng::seed_from_u64(n);
            let mut name = format!("combination {n}:");
            let mut config = suite.mock();
            for choice in choices() {
                let value = choice.values[random.random_range(0..choice.values.len())];
                name.push_str(&format!(" {}={value}", choice.name));
                config = config.with_choices([(choice.name.to_owned(), value.to_owned())]);
            }
            for (field, ids) in &readings {
                let id = &ids[random.random_range(0..ids.len())];
                name.push_str(&format!(" {field}={id}"));
                config = config.with_readings([(field.clone(), id.clone())]);
            }
            (name, config)
        })
        .collect();
    all_clean(suite, &devices);
}

/// A collection and a resource whose device makes its choices at random, from a seed. As many as
/// `PROBITY_COMBINATIONS` says, otherwise a few; every operation is judged, or a reason is told. What
/// no choice of the mock covers (rights, locks, statuses) `tests/servers/lawful` does.
#[test]
fn a_shop_is_clean_whatever_it_chooses() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contracts/shop.yaml");
    let contract = load(&path).unwrap_or_else(|e| panic!("{e}"));
    let suite = Suite::new(contract, Profile::default());
    let asked = std::env::var("PROBITY_COMBINATIONS").ok();
    let most: u64 = asked.and_then(|n| n.parse().ok()).unwrap_or(3);
    let seeds: Vec<u64> = (0..most).collect();
    let wrong = in_parallel(&seeds, |seed| {
        let mut random = ChaCha8Rng::seed_from_u64(*seed);
        let chosen: Vec<(String, String)> = choices()
            .iter()
            .map(|choice| {
                let value = choice.values[random.random_range(0..choice.values.len())];
                (choice.name.to_owned(), value.to_owned())
            })
            .collect();
        let mock = mock::spawn(suite.mock().with_choices(chosen.clone())).expect("mock");
        let report = support::careful_run(&suite, mock.addr());
        mock.stop();
        let told = |o: &OperationResult| o.state == OperationState::Judged || o.reason.is_some();
        let clean = report.findings.is_empty() && report.operations.iter().all(told);
        (!clean).then(|| format!("{seed} {chosen:?}\n{}", support::told(&report)))
    });
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Interfaces that say in the body of a 200 what went wrong.
#[test]
fn errors_under_a_success_status_are_clean() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contracts/legacy.yaml");
    let contract = load(&path).unwrap_or_else(|e| panic!("{e}"));
    let profile = Profile::from_toml(
        r#"
            [login]
            path = "/login"
            query = { username = "{username}", password = "{password}" }
            token = "/token"
            [read-back.setConfig]
            path = "/cgi-bin/config"
        "#,
    );
    let suite = Suite::new(contract, profile.expect("a profile"));
    all_clean(&suite, &[("legacy".to_owned(), suite.mock())]);
    for (fault, kind) in [
        ("not-required:host", Kind::AcceptsInvalid),
        ("wrong-name:host", Kind::WrongErrorField),
    ] {
        let config = suite.mock().with_faults([fault.to_owned()]);
        let report = suite.run(config, &mut ()).report;
        assert!(
            report.findings.iter().any(|f| f.kind == kind),
            "{fault}: {:?}",
            report.findings
        );
    }
}
