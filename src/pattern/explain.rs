//! Everything that `probity pattern` shows about one rule, as data: classes of readings, how they
//! relate, texts that tell them apart, lengths, contradictions, risk. Imports the rest of this
//! module.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::ambiguity::{self, Growth};
use super::dialect::{Dialect, Mode};
use super::parse::{self, ParseError};
use super::reading::Reading;
use super::survey::Survey;
use super::text::{Assessment, Text};

/// What one rule can mean.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The pattern as published.
    pub published: Option<String>,
    /// Published shortest length.
    pub min_length: Option<u64>,
    /// Published greatest length.
    pub max_length: Option<u64>,
    /// Published formats, alternatives.
    pub formats: Vec<String>,
    /// Which dialects take the published pattern.
    pub dialects: Vec<DialectView>,
    /// Guesses at the source.
    pub repairs: Vec<RepairView>,
    /// Different meanings, `A` first.
    pub meanings: Vec<Meaning>,
    /// How each two meanings relate.
    pub relations: Vec<RelationView>,
    /// Few texts that tell all meanings apart.
    pub telling: Vec<Telling>,
    /// The likeliest guess (or the published text) and few texts on which its engines and ways of
    /// asking differ.
    pub differences: Differences,
    /// Few texts on which the guesses differ, with those that take them in ECMAScript.
    pub guesses: Vec<Telling>,
    /// A shortest text that every plausible reading takes.
    pub surely_valid: Option<String>,
    /// A longest one, where there is a longest.
    pub surely_valid_longest: Option<String>,
    /// One that none takes, close to a valid one.
    pub surely_invalid: Option<String>,
    /// What in the published rule contradicts itself.
    pub contradictions: Vec<String>,
    /// Super-linear matching time of backtracking engines.
    pub risks: Vec<RiskView>,
}

/// One dialect and the published pattern.
#[derive(Clone, Debug, Serialize)]
pub struct DialectView {
    /// Its id.
    pub dialect: &'static str,
    /// Whether it compiles.
    pub compiles: bool,
    /// Why not, or why there is no model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Where, in code points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
}

/// A repair as shown.
#[derive(Clone, Debug, Serialize)]
pub struct RepairView {
    /// Its id.
    pub id: String,
    /// The pattern after it.
    pub pattern: String,
    /// How it was derived: a guess.
    pub derivation: String,
    /// Whether it counts.
    pub plausible: bool,
}

/// Readings that accept the same texts.
#[derive(Clone, Debug, Serialize)]
pub struct Meaning {
    /// A letter.
    pub id: String,
    /// Whether it counts for what is surely valid and invalid.
    pub plausible: bool,
    /// Who reads it so, in words.
    pub who: Vec<String>,
    /// Ids of the readings.
    pub readings: Vec<String>,
}

/// How two meanings relate.
#[derive(Clone, Debug, Serialize)]
pub struct RelationView {
    /// The first.
    pub a: String,
    /// The second.
    pub b: String,
    /// `equal`, `subset`, `superset`, `overlap`, `disjoint`, `unknown`.
    pub relation: &'static str,
    /// Shortest text that only the first takes.
    pub a_only: Option<String>,
    /// Shortest text that only the second takes.
    pub b_only: Option<String>,
    /// Shortest text that both take.
    pub both: Option<String>,
    /// The same in printable ASCII.
    pub a_only_printable: Option<String>,
    /// The same in printable ASCII.
    pub b_only_printable: Option<String>,
}

/// A text and the meanings that take it.
#[derive(Clone, Debug, Serialize)]
pub struct Telling {
    /// The text.
    pub text: String,
    /// Letters.
    pub taken_by: Vec<String>,
}

/// Texts on which engines and ways of asking differ, for one repair.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Differences {
    /// The repair.
    pub repair: String,
    /// How many different meanings its readings have.
    pub meanings: usize,
    /// The texts.
    pub texts: Vec<Difference>,
}

/// One text, and who takes it.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// The text.
    pub text: String,
    /// What is special about it.
    pub note: &'static str,
    /// For each mode, in the order search, prefix, full, full-grouped: the dialects that take it.
    pub taken_by: Vec<ModeView>,
}

/// The dialects that take a text in one mode.
#[derive(Clone, Debug, Serialize)]
pub struct ModeView {
    /// The mode.
    pub mode: &'static str,
    /// They take it.
    pub dialects: Vec<String>,
    /// They do not.
    pub refused_by: Vec<String>,
}

/// Super-linear time in one dialect and mode.
#[derive(Clone, Debug, Serialize)]
pub struct RiskView {
    /// Repair that was looked at.
    pub repair: String,
    /// `search` or `full`.
    pub mode: &'static str,
    /// `linear`, `polynomial`, `exponential`, `unknown`.
    pub growth: &'static str,
    /// The power, where polynomial.
    pub degree: Option<u32>,
    /// `prefix`, `pump` and `suffix` of a text that makes it happen.
    pub attack: Option<[String; 3]>,
}

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
    if count * count.saturating_sub(1) / 2 <= MAX_PAIRS {
        for a in 0..count {
            for b in a + 1..count {
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
        contradictions: contradictions(text),
        risks: risks(text),
    }
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
        names.insert(at, reading.dialect.clone());
        by_dialect
            .entry((reading.repair.clone(), bounds))
            .or_default()
            .entry(at)
            .or_default()
            .insert(reading.mode.clone());
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
        reading.repair == repair.id
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
                        |list: Vec<&Reading>| list.iter().map(|r| r.dialect.clone()).collect();
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
        reading.repair != "format"
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
            .map(|r| r.repair.clone())
            .collect();
    }
    out
}

/// Few probes that tell all classes apart: greedily the one that separates most pairs.
fn telling(survey: &Survey) -> Vec<Telling> {
    let count = survey.classes().len();
    let mut open: Vec<(usize, usize)> = (0..count)
        .flat_map(|a| (a + 1..count).map(move |b| (a, b)))
        .collect();
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

/// What in the rule contradicts itself, with the texts that prove it.
fn contradictions(text: &Text) -> Vec<String> {
    let mut out = Vec::new();
    let rule = text.rule();
    if let Some(published) = text.repairs().first()
        && !published.plausible
    {
        out.push("the pattern compiles in no dialect: the published text is damaged".to_owned());
    }
    if let Some(repair) = text.repairs().iter().find(|r| r.id == "anchor-all") {
        let search = |id: &str| {
            text.readings()
                .iter()
                .find(|r| r.repair == id && r.dialect == "ecmascript" && r.mode == "search")
        };
        let (published, meant) = (search("none"), search("anchor-all"));
        let proof = text.valid().and_then(|valid| {
            [
                format!("{valid}!!"),
                format!("!!{valid}"),
                format!("!!{valid}!!"),
            ]
            .into_iter()
            .find(|s| {
                published.is_some_and(|r| r.accepts(s)) && meant.is_some_and(|r| !r.accepts(s))
            })
        });
        let proof = proof.map_or_else(String::new, |s| format!("; searched, it takes {s:?}"));
        out.push(format!(
            "^ and $ hold for one alternative each, not for all (meant may be {}){proof}",
            repair.pattern
        ));
    }
    if text.readings().iter().any(|r| r.id.ends_with("/prose")) {
        let say = |n: Option<u64>| n.map_or("no limit".to_owned(), |n| n.to_string());
        let (min, max) = (rule.min_length.unwrap_or(0), rule.max_length);
        let lengths = (1..=2_000u64).filter(|&n| {
            let string: String = std::iter::repeat_n('a', n as usize).collect();
            text.assess(&string) == Assessment::Open
        });
        let open: Vec<u64> = lengths.collect();
        let proof = match (open.first(), open.last()) {
            (Some(first), Some(last)) => {
                format!(
                    ": lengths from {first} to {last} are allowed by one and refused by the other"
                )
            }
            _ => String::new(),
        };
        out.push(format!(
            "the pattern counts other lengths than the published {min} to {}{proof}",
            say(max)
        ));
    }
    if text
        .readings()
        .iter()
        .any(|r| r.repair == "format" && !r.plausible)
    {
        out.push(format!(
            "no text meets both the pattern and the published type {}",
            rule.formats.join("|")
        ));
    }
    if text.valid().is_none() {
        out.push("no text was found that every plausible reading takes".to_owned());
    }
    out
}

fn risks(text: &Text) -> Vec<RiskView> {
    let mut out: Vec<RiskView> = Vec::new();
    let Some(repair) = text.repairs().iter().find(|r| r.plausible) else {
        return out;
    };
    for mode in [Mode::Search, Mode::Full] {
        let Ok(risk) = ambiguity::risk(&repair.pattern, Dialect::EcmaScript, mode) else {
            continue;
        };
        let (growth, degree) = match risk.growth {
            Some(Growth::Linear) => ("linear", None),
            Some(Growth::Polynomial(degree)) => ("polynomial", Some(degree)),
            Some(Growth::Exponential) => ("exponential", None),
            None => ("unknown", None),
        };
        out.push(RiskView {
            repair: repair.id.clone(),
            mode: mode.id(),
            growth,
            degree,
            attack: risk.attack.map(|a| [a.prefix, a.pump, a.suffix]),
        });
    }
    out
}
