//! What is masked although it is no credential: a report has to stay one. The outputs of a run whose
//! credentials are other ones are masked for each of the awkward credentials, and for words as
//! people choose them; what changes was masked for nothing.

use crate::process::{self, probity};
use crate::secret::credentials;
use probity::contract::embedded;
use probity::redact::Redactor;
use probity::report;
use probity::run::result::Report;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::LazyLock;

const FAULTS: [&str; 8] = [
    "string-as-integer:stun.port",
    "not-required:realm",
    "loose-maxLength:user",
    "not-stored:transport",
    "error-html",
    "json-comments",
    "any-method",
    "refusal-stores",
];
/// Passwords that are words of a report: its kinds, states and labels, and what a sentence has.
const WORDS: [&str; 8] = [
    "unchanged",
    "markdown",
    "accepted",
    "character",
    "required",
    "transport",
    "search",
    "Password",
];

/// The report of a run, and what was printed of it.
static RUN: LazyLock<(Report, String)> = LazyLock::new(run);

fn run() -> (Report, String) {
    let folder = tempfile::tempdir().expect("folder");
    let mut line = "run --verbose --report json=run.json --report text=run.txt".to_owned();
    for fault in FAULTS {
        line.push_str(&format!(" --fault {fault}"));
    }
    let ended = process::ended(&mut probity(&line, folder.path()));
    assert!(matches!(ended.code, Some(1 | 6)), "{}", ended.text());
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("report");
    let report = report::json::read(read("run.json").as_bytes()).expect("report reads");
    (report, format!("{}{}", ended.text(), read("run.txt")))
}

/// As the command line tells it what no secret is.
fn knowing(credential: &str) -> Redactor {
    let (contract, _) = embedded::by_name("sip-settings").expect("embedded");
    let redactor = Redactor::default();
    let ids = contract.promises.iter().map(|p| p.id.as_str());
    let paths = contract.operations.iter().map(|o| o.path.as_str());
    let apart = |c: char| !c.is_alphanumeric() && c != '_' && c != '-';
    redactor.ordinary(ids.chain(paths).flat_map(|text| text.split(apart)));
    redactor.add("$S", credential);
    redactor
}

/// Strings of a report that another has not: what became of them.
fn differences(a: &Value, b: &Value, out: &mut Vec<String>) {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => {
            a.iter().zip(b).for_each(|(a, b)| differences(a, b, out));
        }
        (Value::Object(a), Value::Object(b)) => {
            for (name, a) in a {
                match b.get(name) {
                    Some(b) => differences(a, b, out),
                    None => out.push(format!("no {name}")),
                }
            }
        }
        (a, b) if a != b => out.push(format!("{a} is {b}")),
        _ => {}
    }
}

#[test]
fn a_report_stays_readable() {
    let (report, page) = &*RUN;
    let whole = serde_json::to_value(report).expect("report");
    let lines: BTreeSet<&str> = page.lines().collect();
    let rows = credentials().into_iter();
    let rows = rows.chain(WORDS.iter().map(|w| ("a word of reports", (*w).to_owned())));
    let mut wrong = Vec::new();
    for (what, credential) in rows {
        let redactor = knowing(&credential);
        let masked = report::redacted(report, &redactor).expect("a report");
        let mut changed = Vec::new();
        let masked = serde_json::to_value(&masked).expect("report");
        differences(&whole, &masked, &mut changed);
        let printed = lines.iter().filter(|line| redactor.text(line) != **line);
        changed.extend(printed.map(|line| format!("line {line}")));
        println!("{what} {:.20}: {} masks", credential, changed.len());
        // A word is masked where it is all that stands there: it may be what the device said.
        let value = format!("{:?} is \"$S\"", credential);
        changed.retain(|change| *change != value);
        let first = changed.first();
        wrong.extend(first.map(|first| format!("{what} {credential}: {first}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn words_of_our_own_pages_are_no_secrets_by_themselves() {
    let (_, page) = &*RUN;
    let folder = tempfile::tempdir().expect("folder");
    let more = ["lint", "plan --explain", "mock --list-faults", "explain 3"];
    let more = more.map(|line| process::ended(&mut probity(line, folder.path())).text());
    let pages = format!("{page}{}", more.concat());
    // Values that the plan makes stand in requests, and hexadecimal is no word.
    let lines = pages
        .lines()
        .filter(|l| !l.contains("curl ") && !l.contains('{'));
    let word = |w: &&str| {
        let letters = w.bytes().all(|b| b.is_ascii_lowercase());
        let hex = w.bytes().all(|b| b.is_ascii_hexdigit());
        (5..=16).contains(&w.len()) && letters && !hex
    };
    let apart = |c: char| c.is_whitespace() || ",;:()`.".contains(c);
    let words: BTreeSet<&str> = lines.flat_map(|l| l.split(apart)).filter(word).collect();
    let masked: Vec<&&str> = words
        .iter()
        .filter(|word| {
            let text = format!("it is {word} here");
            knowing(word).text(&text) != text
        })
        .collect();
    println!("{} words", words.len());
    assert!(masked.is_empty(), "not in src/redact/words.txt: {masked:?}");
}
