//! What may come back, in one line: shared by the tables of cases.

use probity::case::{Expect, Fault};
use std::fmt::Write as _;

/// On one line: a run of one character is counted, what is not printable ASCII is named.
pub fn printable(text: &str) -> String {
    let text: Vec<char> = text.chars().collect();
    let mut out = String::new();
    for run in text.chunk_by(|a, b| a == b) {
        let shown = match run[0] {
            c @ ' '..='~' => c.to_string(),
            c => c.escape_default().to_string(),
        };
        match run.len() {
            n @ ..6 => out += &shown.repeat(n),
            n => write!(out, "{shown}<*{n}>").expect("text"),
        }
    }
    out
}

fn faults(faults: &[Fault]) -> String {
    let words = faults.iter().map(|fault| match &fault.field {
        Some(field) => format!(" {:?}:{}", fault.kind, printable(&field.dotted())),
        None => format!(" {:?}", fault.kind),
    });
    words.collect()
}

pub fn expected(expect: &Expect) -> String {
    match expect {
        Expect::Accepted => "accepted".to_owned(),
        Expect::Refused { faults: f } => format!("refused{}", faults(f)),
        Expect::Either {
            question,
            faults: f,
        } => format!("either ({question}){}", faults(f)),
        Expect::Survived { question } => format!("survived ({question})"),
        other => format!("{other:?}"),
    }
}
