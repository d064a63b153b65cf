//! Everything that `probity pattern` shows about one rule, as data: classes of readings, how they
//! relate, texts that tell them apart, lengths, contradictions, risk.

use std::collections::{BTreeMap, BTreeSet};

mod contradictions;
mod view;

pub use view::{
    DialectView, Difference, Differences, Explanation, Meaning, ModeView, RelationView, RepairView,
    RiskView, Telling,
};

use crate::dialect::{Dialect, Mode};
use crate::parse::{self, ParseError};
use crate::reading::Reading;
use crate::survey::Survey;
use crate::text::Text;

/// Which meanings are compared.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Only these dialects; empty: all.
    pub dialects: Vec<Dialect>,
    /// Readings that do not count as well.
    pub all: bool,
}

/// More pairs than this are not compared.
const MAX_PAIRS: usize = 1_500;

/// Looks at a rule from all sides. Lengths are compared in code points; that they may also count
/// bytes or UTF-16 units is an axis of its own ([`Text::readings`] has it).
pub fn explain(text: &Text, choice: &Choice) -> Explanation {
    let wanted = |reading: &Reading| {
        (choice.all || reading.plausible)
            && reading.unit == "codepoints"
            && (choice.dialects.is_empty()
                || choice.dialects.iter().any(|d| d.id() == reading.dialect))
    };
    let survey = Survey::of(text, wanted);
    let name = |i: usize| letter(i);
    let meanings: Vec<Meaning> = survey
        .classes()
        .iter()
        .enumerate()
        .map(|(i, class)| {
            let readings: Vec<&Reading> = class
                .readings
                .iter()
                .filter_map(|&r| text.readings().get(r))
                .collect();
            Meaning {
                id: name(i),
                plausible: class.plausible,
                who: who(&readings),
                readings: readings.iter().map(|r| r.id.clone()).collect(),
            }
        })
        .collect();
    let count = meanings.len();
    let mut relations = Vec::new();
    let pairs = pairs(count);
    if pairs.len() <= MAX_PAIRS {
        for (a, b) in pairs {
            if let Some(relation) = survey.relation(text, a, b) {
                relations.push(RelationView {
                    a: name(a),
                    b: name(b),
                    relation: relation.kind.id(),
                    a_only: relation.a_only.shortest,
                    b_only: relation.b_only.shortest,
                    both: relation.both.shortest,
                    a_only_printable: relation.a_only.printable,
                    b_only_printable: relation.b_only.printable,
                });
            }
        }
    }
    let rule = text.rule();
    Explanation {
        published: rule.pattern.clone(),
        min_length: rule.min_length,
        max_length: rule.max_length,
        formats: rule.formats.clone(),
        dialects: rule.pattern.as_deref().map(dialects).unwrap_or_default(),
        repairs: text
            .repairs()
            .iter()
            .map(|r| RepairView {
                id: r.id.clone(),
                pattern: r.pattern.clone(),
                derivation: r.derivation.clone(),
                plausible: r.plausible,
            })
            .collect(),
        telling: telling(&survey),
        differences: differences(text, choice),
        guesses: guesses(text),
        meanings,
        relations,
        surely_valid: text.valid(),
        surely_valid_longest: text
            .valid_cover(3)
            .into_iter()
            .find(|s| s.idea == "longest")
            .map(|s| s.text),
        surely_invalid: text.near_misses(1).into_iter().next().map(|s| s.text),
        contradictions: contradictions::contradictions(text),
        risks: contradictions::risks(text),
    }
}

/// Every two of `count` numbers from 0, the smaller first.
fn pairs(count: usize) -> Vec<(usize, usize)> {
    (0..count)
        .flat_map(|a| (a + 1..count).map(move |b| (a, b)))
        .collect()
}

/// `A` to `Z`, then `AA`…
fn letter(i: usize) -> String {
    let last = char::from(b'A' + (i % 26) as u8);
    match i / 26 {
        0 => last.to_string(),
        more => format!("{}{last}", letter(more - 1)),
    }
}

fn dialects(pattern: &str) -> Vec<DialectView> {
    Dialect::ALL
        .iter()
        .map(|&dialect| {
            let (compiles, error, offset) = match parse::parse(pattern, dialect) {
                Ok(_) => (true, None, None),
                Err(ParseError::Syntax { offset, message }) => (false, Some(message), Some(offset)),
                Err(ParseError::Unsupported { offset, message }) => {
                    (true, Some(format!("not modelled: {message}")), Some(offset))
                }
            };
            DialectView {
                dialect: dialect.id(),
                compiles,
                error,
                offset,
            }
        })
        .collect()
}

/// Readings of a class in words: repair, modes, dialects; what is the same is said once.
pub fn who(readings: &[&Reading]) -> Vec<String> {
    type Modes = BTreeSet<String>;
    let mut by_dialect: BTreeMap<(String, String), BTreeMap<usize, Modes>> = BTreeMap::new();
    let order = |dialect: &str| {
        Dialect::ALL
            .iter()
            .position(|d| d.id() == dialect)
            .unwrap_or(usize::MAX)
    };
    let mut names: BTreeMap<usize, String> = BTreeMap::new();
    for reading in readings {
        let bounds = reading.id.rsplit('/').next().unwrap_or("").to_owned();
        let at = order(&reading.dialect);
        names.insert(at, reading.dialect.to_string());
        by_dialect
            .entry((reading.repair.to_string(), bounds))
            .or_default()
            .entry(at)
            .or_default()
            .insert(reading.mode.to_owned());
    }
    let mut out = Vec::new();
    for ((repair, bounds), dialects) in by_dialect {
        let mut by_modes: BTreeMap<Modes, Vec<String>> = BTreeMap::new();
        for (at, modes) in dialects {
            by_modes
                .entry(modes)
                .or_default()
                .push(names.get(&at).cloned().unwrap_or_default());
        }
        for (modes, dialects) in by_modes {
            let modes: Vec<&str> = Mode::ALL
                .iter()
                .map(|m| m.id())
                .filter(|m| modes.contains(*m))
                .collect();
            let modes = if modes.len() == Mode::ALL.len() {
                "any mode".to_owned()
            } else {
                modes.join(", ")
            };
            let bounds = match bounds.as_str() {
                "pattern" => ", lengths from the pattern only",
                "prose" => ", lengths from the prose only",
                _ => "",
            };
            let repair = if repair == "none" {
                String::new()
            } else {
                format!("{repair}: ")
            };
            out.push(format!("{repair}{modes}{bounds}: {}", dialects.join(" ")));
        }
    }
    out
}

fn differences(text: &Text, choice: &Choice) -> Differences {
    let Some(repair) = text.repairs().iter().find(|r| r.plausible) else {
        return Differences::default();
    };
    let mine = |reading: &Reading| {
        *reading.repair == *repair.id
            && reading.compiles
            && reading.modelled()
            && reading.id.ends_with("/codepoints/both")
            && (choice.dialects.is_empty()
                || choice.dialects.iter().any(|d| d.id() == reading.dialect))
    };
    let survey = Survey::of(text, mine);
    let texts = telling(&survey)
        .into_iter()
        .map(|telling| Difference {
            note: note(&telling.text, text.valid().as_deref().unwrap_or("")),
            taken_by: Mode::ALL
                .iter()
                .map(|mode| {
                    let (taken, refused): (Vec<&Reading>, Vec<&Reading>) = text
                        .readings()
                        .iter()
                        .filter(|r| mine(r) && r.mode == mode.id())
                        .partition(|r| r.accepts(&telling.text));
                    let names =
                        |list: Vec<&Reading>| list.iter().map(|r| r.dialect.to_string()).collect();
                    ModeView {
                        mode: mode.id(),
                        dialects: names(taken),
                        refused_by: names(refused),
                    }
                })
                .collect(),
            text: telling.text,
        })
        .collect();
    Differences {
        repair: repair.id.clone(),
        meanings: survey.classes().len(),
        texts,
    }
}

/// What is special about a text, seen from a valid one.
fn note(text: &str, valid: &str) -> &'static str {
    let odd = text.chars().find(|c| !c.is_ascii());
    if text.ends_with("\r\n") {
        "CR LF at the end"
    } else if text.ends_with('\n') {
        "a line feed at the end"
    } else if text.contains('\n') {
        "more than one line"
    } else if odd.is_some_and(char::is_numeric) {
        "a digit that is not 0 to 9"
    } else if odd.is_some_and(char::is_alphabetic) {
        "a letter outside ASCII"
    } else if odd.is_some_and(char::is_whitespace) {
        "a space outside ASCII"
    } else if odd.is_some() {
        "a character outside ASCII"
    } else if !valid.is_empty() && text != valid && text.contains(valid) {
        "a valid text with more around it"
    } else {
        ""
    }
}

/// Texts on which the plausible repairs differ, ECMAScript and full match.
fn guesses(text: &Text) -> Vec<Telling> {
    let survey = Survey::of(text, |reading| {
        *reading.repair != *"format"
            && reading.dialect == "ecmascript"
            && reading.mode == "full"
            && reading.id.ends_with("/codepoints/both")
    });
    let mut out = telling(&survey);
    for telling in &mut out {
        telling.taken_by = text
            .readings()
            .iter()
            .filter(|r| {
                r.compiles
                    && r.dialect == "ecmascript"
                    && r.mode == "full"
                    && r.id.ends_with("/codepoints/both")
                    && r.accepts(&telling.text)
            })
            .map(|r| r.repair.to_string())
            .collect();
    }
    out
}

/// Few probes that tell all classes apart: greedily the one that separates most pairs.
fn telling(survey: &Survey) -> Vec<Telling> {
    let mut open = pairs(survey.classes().len());
    let mut out = Vec::new();
    let separates =
        |answers: &[bool], pair: &(usize, usize)| answers.get(pair.0) != answers.get(pair.1);
    while !open.is_empty() {
        let best = survey.probes().iter().max_by_key(|(text, answers)| {
            let pairs = open.iter().filter(|pair| separates(answers, pair)).count();
            let plain = text.bytes().all(|b| (0x20..0x7F).contains(&b));
            (
                pairs,
                plain,
                std::cmp::Reverse(text.len()),
                std::cmp::Reverse(text.clone()),
            )
        });
        let Some((text, answers)) = best else { break };
        let before = open.len();
        open.retain(|pair| !separates(answers, pair));
        if open.len() == before {
            break;
        }
        out.push(Telling {
            text: text.clone(),
            taken_by: answers
                .iter()
                .enumerate()
                .filter(|(_, taken)| **taken)
                .map(|(i, _)| letter(i))
                .collect(),
        });
    }
    out
}
