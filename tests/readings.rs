//! Which reading a device implements, asked over real HTTP: the mock under each reading of each
//! field, and implementations that are no listed reading. `PROBITY_READINGS=all` takes every class
//! of readings, and prints the figures with `--nocapture`; otherwise a sample.

mod support;

use probity::run::result::{Divergence, ReadingOutcome};
use std::collections::BTreeMap;
use support::Suite;

/// The field's part of the plan: enough that its promise is tested at all.
const CASES: usize = 4;

fn suite_of(promise: &str) -> Suite {
    let mut suite = Suite::embedded();
    let mut kept = 0;
    suite.plan.retain(|_, case| {
        kept += usize::from(case.promises.iter().any(|p| p == promise));
        kept <= CASES && case.promises.iter().any(|p| p == promise)
    });
    suite
}

fn divergence(
    suite: &Suite,
    promise: &str,
    reading: (&str, &str),
    fault: Option<&str>,
) -> Divergence {
    let (field, id) = reading;
    let config = suite
        .mock()
        .with_readings([(field.to_owned(), id.to_owned())])
        .with_faults(fault.map(str::to_owned));
    let report = suite.run(config, &mut ()).report;
    let found = report
        .divergences
        .into_iter()
        .find(|d| d.promise == promise);
    found.unwrap_or_else(|| panic!("{promise} was not asked about: {:?}", report.notes))
}

#[test]
fn the_reading_of_a_device_is_identified() {
    let all = std::env::var("PROBITY_READINGS").is_ok_and(|v| v == "all");
    let embedded = Suite::embedded();
    let mut questions: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for field in embedded.contract.operations[0].fields() {
        let Some(rule) = field.schema.rule().filter(|r| r.pattern.is_some()) else {
            continue;
        };
        let path = field.path.dotted();
        let promise = format!("{}.pattern", field.promise);
        let suite = suite_of(&promise);
        let text = suite.texts.get(&rule).expect("compiled");
        let survey = suite.texts.survey(&rule).expect("surveyed");
        for (at, class) in survey.classes().iter().enumerate() {
            if !all && at % 20 != 0 {
                continue;
            }
            let ids: Vec<&str> = class
                .readings
                .iter()
                .map(|&i| text.readings()[i].id.as_str())
                .collect();
            let found = divergence(&suite, &promise, (&path, ids[0]), None).device;
            questions
                .entry(path.clone())
                .or_default()
                .push(found.requests);
            // Identified: what is left is the class, and nothing else unless a limit kept two
            // classes from being told apart.
            let ours = ids.iter().all(|id| found.fits.iter().any(|f| f == id));
            let alone = found.outcome == ReadingOutcome::Fits && found.fits.len() == ids.len();
            let undecided = survey.undecided().iter().any(|(a, b)| *a == at || *b == at);
            if !ours || !(alone || undecided) {
                wrong.push(format!(
                    "{path}={}: {:?} {:?}",
                    ids[0], found.outcome, found.description
                ));
            }
        }
    }
    let mut every: Vec<u64> = Vec::new();
    for (path, mut counts) in questions {
        counts.sort_unstable();
        println!(
            "{path}: {} classes, questions median {} most {}",
            counts.len(),
            counts[counts.len() / 2],
            counts[counts.len() - 1]
        );
        every.extend(counts);
    }
    every.sort_unstable();
    println!(
        "all: {} devices, questions median {} most {}; wrong {}",
        every.len(),
        every[every.len() / 2],
        every[every.len() - 1],
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Field, the reading that it is near, the fault that makes it another, and what the description
/// must say then.
const UNLISTED: &[(&str, &str, &str, &[&str])] = &[
    (
        "user",
        "markdown/ecmascript/full/codepoints/both",
        "loose-maxLength:user",
        &["1 to 32 "],
    ),
    (
        "user",
        "markdown/ecmascript/full/codepoints/both",
        "no-maxLength:user",
        &["1 ", "no limit"],
    ),
    (
        "user",
        "markdown/ecmascript/full/codepoints/both",
        "tight-maxLength:user",
        &["1 to 30 "],
    ),
    (
        "user",
        "markdown/python/full/codepoints/both",
        "no-minLength:user",
        &["0 to 31 "],
    ),
    (
        "user",
        "markdown/python/full/codepoints/both",
        "tight-minLength:user",
        &["2 to 31 "],
    ),
    (
        "user",
        "markdown/ecmascript/full/codepoints/both",
        "pattern-any-quotes:user",
        &["takes", " ' "],
    ),
    (
        "user",
        "markdown/ecmascript/full/codepoints/both",
        "no-pattern:user",
        &["takes", " : "],
    ),
    (
        "user",
        "markdown/ecmascript/full/codepoints/both",
        "pattern-until-nul:user",
        &["\\u{0}"],
    ),
    (
        "user_id",
        "markdown/ecmascript/full/codepoints/both",
        "loose-maxLength:user_id",
        &["0 to 32 "],
    ),
    (
        "user_id",
        "markdown/ecmascript/full/codepoints/both",
        "no-maxLength:user_id",
        &["no limit"],
    ),
    (
        "user_id",
        "markdown/python/full/codepoints/both",
        "tight-maxLength:user_id",
        &["0 to 30 "],
    ),
    (
        "user_id",
        "markdown/python/full/codepoints/both",
        "pattern-any-quotes:user_id",
        &["takes", " ' "],
    ),
    (
        "password",
        "markdown/ecmascript/full/codepoints/both",
        "loose-minLength:password",
        &["5 to 31 "],
    ),
    (
        "password",
        "markdown/ecmascript/full/codepoints/both",
        "tight-minLength:password",
        &["7 to 31 "],
    ),
    (
        "password",
        "markdown/ecmascript/full/codepoints/both",
        "loose-maxLength:password",
        &["6 to 32 "],
    ),
    (
        "password",
        "markdown/ecmascript/full/codepoints/both",
        "no-pattern:password",
        &["takes", " : "],
    ),
    (
        "realm",
        "none/ecmascript/full/codepoints/both",
        "pattern-trimmed:realm",
        &["LF, CR LF, CR"],
    ),
    (
        "realm",
        "none/ecmascript/full/codepoints/both",
        "no-pattern:realm",
        &["takes", " : "],
    ),
    (
        "stun.ip",
        "none/ecmascript/full/codepoints/both",
        "pattern-any-quotes:stun.ip",
        &["takes", " ' "],
    ),
    (
        "stun.ip",
        "none/python/full/codepoints/both",
        "pattern-until-nul:stun.ip",
        &["\\u{0}"],
    ),
];

/// How many of them are described correctly today. What is missed: a bound one tighter (a refusal
/// of a string that every reading allows is a finding, but not evidence for one field), and no
/// pattern at all behind a repair that leaves next to nothing of it.
const RIGHT: usize = 13;

#[test]
fn an_implementation_that_nobody_listed_is_described() {
    let mut right = 0;
    let mut lines = Vec::new();
    let mut suites: BTreeMap<&str, Suite> = BTreeMap::new();
    for (field, reading, fault, must) in UNLISTED {
        let promise = format!("setSipSettings.body.{field}.pattern");
        let suite = suites.entry(field).or_insert_with(|| {
            // All that the plan sends in the field: its answers contradict the listed readings.
            let mut suite = Suite::embedded();
            let part = format!("/{field}/");
            suite.plan.retain(|_, case| case.id.contains(&part));
            suite.questions = 400;
            suite
        });
        let found = divergence(suite, &promise, (field, reading), Some(fault)).device;
        let text = found.description.join("; ");
        let good =
            found.outcome == ReadingOutcome::Unlisted && must.iter().all(|m| text.contains(m));
        right += usize::from(good);
        let mark = if good { "right" } else { "WRONG" };
        lines.push(format!(
            "{mark} {fault} {:?} ({} questions): {text}",
            found.outcome, found.requests
        ));
    }
    println!("{}", lines.join("\n"));
    println!("described correctly: {right} of {}", UNLISTED.len());
    assert!(right >= RIGHT, "{}", lines.join("\n"));
}
