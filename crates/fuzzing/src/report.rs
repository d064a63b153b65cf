//! Reports: what can be read is written back the same; every format takes any report and writes
//! what its readers take.

use super::pieces;
use arbitrary::{Result, Unstructured};
use probity::report::{json, junit, text};
use probity::run::result::Report;
use serde_json::Value;

/// A report with everything in it, to be edited.
pub(super) const SAMPLE: &str = include_str!("report.json");

/// The first byte: the rest is a file, or edits of a report.
pub fn body(data: &[u8]) {
    match data.split_first() {
        Some((b'e', rest)) => {
            let _ = edited(&mut Unstructured::new(rest));
        }
        Some((_, rest)) => read(rest),
        None => {}
    }
}

fn read(bytes: &[u8]) {
    match json::read(bytes) {
        Ok(report) => written(&report),
        Err(error) => {
            let shown = error.to_string();
            assert!(!shown.is_empty() && shown.len() < 64 * 1024, "{shown}");
        }
    }
}

/// Any strings and numbers where a report has some.
fn edited(u: &mut Unstructured<'_>) -> Result<()> {
    let mut report: Value =
        serde_json::from_str(SAMPLE).unwrap_or_else(|e| panic!("the report to be edited: {e}"));
    for _ in 0..u.int_in_range(1..=6)? {
        let mut leaves = Vec::new();
        leaves_of(&mut report, &mut leaves);
        let at = u.choose_index(leaves.len().max(1))?;
        let Some(leaf) = leaves.into_iter().nth(at) else {
            continue;
        };
        *leaf = match leaf {
            Value::String(old) if u.ratio(1, 2)? => {
                let cut: String = old.chars().take(u.int_in_range(0..=20)?).collect();
                format!("{cut}{}", pieces::raw(u, 60)?).into()
            }
            Value::String(_) => pieces::raw(u, 200)?.into(),
            Value::Number(_) => u.arbitrary::<u64>()?.into(),
            Value::Bool(old) => (!*old).into(),
            _ => pieces::raw(u, 20)?.into(),
        };
    }
    read(report.to_string().as_bytes());
    Ok(())
}

fn leaves_of<'v>(value: &'v mut Value, out: &mut Vec<&'v mut Value>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|v| leaves_of(v, out)),
        Value::Object(members) => members.values_mut().for_each(|v| leaves_of(v, out)),
        leaf => out.push(leaf),
    }
}

fn written(report: &Report) {
    let file = json::render(report).unwrap_or_else(|e| panic!("not written as JSON: {e}"));
    let again = json::read(file.as_bytes()).unwrap_or_else(|e| panic!("not read again: {e}"));
    assert_eq!(again, *report);
    let twice = json::render(&again).unwrap_or_else(|e| panic!("not written again: {e}"));
    assert_eq!(twice, file);

    let xml = junit::render(report).unwrap_or_else(|e| panic!("not written as JUnit: {e}"));
    // XML 1.0 §2.2: of the control characters only these three may stand, even escaped.
    let forbidden = |c: char| (c.is_ascii_control() && !"\t\n\r".contains(c)) || c == '\u{fffe}';
    assert!(!xml.contains(forbidden) && !xml.contains("&#0;"), "{xml}");
    let suite = quick_junit::Report::deserialize_from_str(&xml)
        .unwrap_or_else(|e| panic!("JUnit that nobody reads: {e}\n{xml}"));
    let cases: usize = suite.test_suites.iter().map(|s| s.test_cases.len()).sum();
    assert!(cases > report.promises.len(), "a promise is lost");

    for style in [
        text::Style::default(),
        text::Style {
            verbose: true,
            width: 10,
            ..text::Style::default()
        },
    ] {
        let shown = text::render(report, style);
        // What came from a device or a file does not reach the terminal as control sequences.
        assert!(
            !shown.contains(|c: char| c.is_control() && c != '\n'),
            "{shown:?}"
        );
    }
}
