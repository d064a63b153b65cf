//! Devices that keep their promises draw no finding, whatever they choose where the page leaves it
//! open and whichever reading they implement.

mod support;

use probity::mock::choices;
use probity::run::result::Report;
use std::collections::BTreeSet;
use support::Suite;

fn complain(name: &str, report: &Report, out: &mut Vec<String>) {
    if report.exit.code != 0 {
        let findings: Vec<String> = report
            .findings
            .iter()
            .take(4)
            .map(|f| {
                format!(
                    "    {} {} | {} | {}",
                    f.case, f.promise, f.expected, f.observed
                )
            })
            .collect();
        out.push(format!(
            "{name}: exit {} {}; notes {:?}\n{}",
            report.exit.code,
            report.exit.reason,
            report.notes,
            findings.join("\n")
        ));
        eprintln!("{}", out.last().map_or("", String::as_str));
    }
}

#[test]
fn every_choice_is_clean() {
    let suite = Suite::embedded();
    let mut wrong = Vec::new();
    for choice in choices() {
        for value in choice.values.iter().skip(1) {
            let config = suite
                .mock()
                .with_choices([(choice.name.to_owned(), (*value).to_owned())]);
            let outcome = suite.run(config, &mut ());
            complain(
                &format!("{}={value}", choice.name),
                &outcome.report,
                &mut wrong,
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One plausible reading of each class of equal ones, for every field. `PROBITY_READINGS=all` takes them all;
/// otherwise every twenty-fifth, so that the test stays short.
#[test]
fn every_reading_is_clean() {
    let suite = Suite::embedded();
    let all = std::env::var("PROBITY_READINGS").is_ok_and(|v| v == "all");
    let mut wrong = Vec::new();
    let mut count = 0;
    for operation in &suite.contract.operations {
        for field in operation.fields() {
            let Some(text) = field.schema.rule().and_then(|r| suite.texts.get(&r)) else {
                continue;
            };
            let mut classes = BTreeSet::new();
            let readings = text.readings().iter().filter(|r| r.compiles && r.plausible);
            let distinct = readings.filter(|r| classes.insert(format!("{:?}", r.class())));
            for (at, reading) in distinct.enumerate() {
                if !all && at % 25 != 0 {
                    continue;
                }
                count += 1;
                let config = suite
                    .mock()
                    .with_readings([(field.path.dotted(), reading.id.clone())]);
                let outcome = suite.run(config, &mut ());
                complain(
                    &format!("{}={}", field.path, reading.id),
                    &outcome.report,
                    &mut wrong,
                );
            }
        }
    }
    eprintln!("{count} readings");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
