//! Which reading a device implements, asked over real HTTP: the mock under each reading of each
//! field, and implementations that are no listed reading. `PROBITY_READINGS=all` takes every class
//! of readings, and prints the figures with `--nocapture`; otherwise a sample.

use crate::support;

use probity::exchange::Request;
use probity::run::result::{Divergence, ReadingOutcome};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::Suite;

/// All that the plan sends in a field, each string once: what a run knows before it asks.
fn suite_of(field: &str) -> Suite {
    let mut suite = Suite::embedded();
    let part = format!("/{field}/");
    let pointer = format!("/{}", field.replace('.', "/"));
    let mut strings = BTreeSet::new();
    suite.plan.retain(|_, case| {
        let string = match &case.request {
            Request::Http(request) => request.body.as_deref(),
            Request::Raw(_) => None,
        }
        .and_then(|body| serde_json::from_slice::<Value>(body).ok())
        .and_then(|body| Some(body.pointer(&pointer)?.as_str()?.to_owned()));
        string.is_some_and(|s| strings.insert(s)) || case.id.contains(&part)
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
    found.unwrap_or_else(|| {
        panic!(
            "{promise} under {id} was not asked about: {:?}",
            report.notes
        )
    })
}

/// One device to identify: a class of readings of a field, as the mock plays it.
struct Device<'a> {
    suite: &'a Suite,
    path: String,
    promise: String,
    /// Readings of the class.
    ids: Vec<String>,
    /// Whether a limit kept the class from being told apart from another.
    undecided: bool,
}

/// Devices at a time: most of a run is waiting.
const AT_ONCE: usize = 3;

#[test]
fn the_reading_of_a_device_is_identified() {
    let all = std::env::var("PROBITY_READINGS").is_ok_and(|v| v == "all");
    let embedded = Suite::embedded();
    let fields: Vec<_> = embedded.contract.operations[0]
        .fields()
        .into_iter()
        .filter_map(|field| {
            let rule = field.schema.rule().filter(|r| r.pattern.is_some())?;
            let promise = field.promise("pattern");
            let mut suite = suite_of(&field.path.dotted());
            // Strings that the cases of other fields send have those asked about as well.
            suite.questions = 400;
            Some((field.path.dotted(), suite, promise, rule))
        })
        .collect();
    let mut devices = Vec::new();
    for (path, suite, promise, rule) in &fields {
        let text = suite.texts.get(rule).expect("compiled");
        let survey = suite.texts.survey(rule).expect("surveyed");
        for (at, class) in survey.classes().iter().enumerate() {
            if !all && at % 20 != 0 {
                continue;
            }
            devices.push(Device {
                suite,
                path: path.clone(),
                promise: promise.to_string(),
                ids: class
                    .readings
                    .iter()
                    .map(|&i| text.readings()[i].id.clone())
                    .collect(),
                undecided: survey.undecided().iter().any(|(a, b)| *a == at || *b == at),
            });
        }
    }
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(device) = devices.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let playing = (device.path.as_str(), device.ids[0].as_str());
                    let answer = divergence(device.suite, &device.promise, playing, None).device;
                    found.lock().expect("no panic").push((device, answer));
                }
            });
        }
    });
    // By class of readings, and by reading: whoever built a device chose a reading, not a class.
    // The questions that separated readings, and all with those that doubted the conclusion.
    let mut counts: BTreeMap<(&str, &str), Vec<u64>> = BTreeMap::new();
    let (mut wrong, mut undecided) = (Vec::new(), 0);
    for (device, answer) in found.into_inner().expect("no panic") {
        for name in [device.path.as_str(), "all"] {
            let mut count = |what, many: usize, of: u64| {
                let all = counts.entry((name, what)).or_default();
                all.extend(std::iter::repeat_n(of, many));
            };
            count("classes, separating questions", 1, answer.separating);
            count("classes, all questions", 1, answer.requests);
            let many = device.ids.len();
            count("readings, separating questions", many, answer.separating);
            count("readings, all questions", many, answer.requests);
        }
        // Identified: what is left is the class, and nothing else unless a limit kept two classes
        // from being told apart.
        let ours = device.ids.iter().all(|id| answer.fits.contains(id));
        let alone = answer.outcome == ReadingOutcome::Fits && answer.fits.len() == device.ids.len();
        undecided += usize::from(ours && !alone && device.undecided);
        if !ours || !(alone || device.undecided) {
            wrong.push(format!(
                "{}={}: {:?} {:?}",
                device.path, device.ids[0], answer.outcome, answer.description
            ));
        }
    }
    for ((path, what), mut counts) in counts {
        counts.sort_unstable();
        println!(
            "{path}: {} {what}: median {} 90 % {} most {}",
            counts.len(),
            counts[counts.len() / 2],
            counts[counts.len() * 9 / 10],
            counts[counts.len() - 1]
        );
    }
    println!(
        "wrong {}, left with one not told apart {undecided}",
        wrong.len()
    );
    wrong.sort();
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
        &["no pattern at all", "1 to 31 "],
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
        // The prose allows 100, the pattern 31: a device that looks at both and is one off where it
        // looks at the first.
        "loose-maxLength:password",
        &["6 to 31 ", "101 again"],
    ),
    (
        "password",
        "markdown/ecmascript/full/codepoints/both",
        "no-pattern:password",
        &["no pattern at all", "6 to 100 "],
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
        &["no pattern at all", "no limit"],
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

#[test]
fn an_implementation_that_nobody_listed_is_described() {
    let mut right = 0;
    let mut lines = Vec::new();
    let mut suites: BTreeMap<&str, Suite> = BTreeMap::new();
    for (field, reading, fault, must) in UNLISTED {
        let promise = format!("setSipSettings.body.{field}.pattern");
        let suite = suites.entry(field).or_insert_with(|| {
            let mut suite = suite_of(field);
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
    assert!(right == UNLISTED.len(), "{}", lines.join("\n"));
}
