//! A string rule with all its readings: what is surely valid, surely invalid or open.

mod draft;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::ast::Node;
use super::dialect::Alphabet;
use super::explore;
use super::product::Budget;
use super::reading::{self, Acceptor, Bank, Language, Lengths, Reading};
use super::repair::{self, Repair};
use super::sample;
use draft::{Drafts, finish};

/// A string rule as published: everything that one schema says about a string.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rule {
    /// `pattern`, byte for byte.
    pub pattern: Option<String>,
    /// `minLength`
    pub min_length: Option<u64>,
    /// `maxLength`
    pub max_length: Option<u64>,
    /// `format`s or published types that hold as alternatives (`ipv4`, `dns`/`hostname`, …).
    pub formats: Vec<String>,
}

/// What all plausible readings of a rule say of one string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Assessment {
    /// Every plausible reading accepts it.
    SurelyValid,
    /// No plausible reading accepts it.
    SurelyInvalid,
    /// Readings differ.
    Open,
}

/// A string with the idea behind it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sample {
    /// The string.
    pub text: String,
    /// Stable words for ids and fingerprints, e.g. `class:digit`, `branch:2`, `insert`, `delete`.
    pub idea: String,
}

/// All readings of one rule, compiled.
///
/// # Which readings are plausible
/// A device's maker may use any engine, so every dialect in which a plausible repair compiles
/// counts ([`repair::repairs`] says which repairs are), under search (what JSON Schema says), full
/// and grouped full match and match at the start (what implementations do), and with lengths in
/// every unit. POSIX ERE does not count for a pattern that uses Perl's syntax (escaped letters,
/// `(?`, lazy quantifiers): there it compiles by accident and means something else. Where pattern
/// and prose bounds differ (`{6,31}` beside 6 to 100), each alone and both count. A published
/// format counts as one more condition for what is surely valid, unless no string meets it and all
/// readings: then it contradicts the pattern. Behind the literal text that the pattern begins with
/// (`sip:`) it is tried once more, and left aside where that contradicts as well.
#[derive(Debug)]
pub struct Text {
    rule: Rule,
    repairs: Vec<Repair>,
    readings: Vec<Reading>,
    pub(super) bank: Bank,
    /// What the plausible readings come down to, each once.
    pub(super) plausible: Vec<Acceptor>,
    /// The one among them that is the published format: it holds beside the pattern, so that it
    /// takes a string makes no string valid.
    format: Option<Acceptor>,
    /// Tree of the reading that samples are made from (full match).
    pub(super) reference: Option<(Node, Alphabet)>,
    friendliest: OnceLock<Option<String>>,
    /// What was said of short strings: bodies differ in one field and share the others.
    said: Mutex<HashMap<String, Assessment>>,
}

/// Strings that [`Text::said`] holds at most, and the octets of the longest of them.
const SAID: usize = 512;
const SAID_OCTETS: usize = 128;

/// Languages are merged within this much work each.
const MERGE: Budget = Budget {
    nodes: 20_000,
    steps: 200_000,
};

impl Text {
    /// Compiles the readings of a rule. Never fails: a rule that no reading understands leaves
    /// every string [`Assessment::Open`].
    pub fn new(rule: Rule) -> Text {
        let repairs = rule
            .pattern
            .as_deref()
            .map(repair::repairs)
            .unwrap_or_default();
        let mut drafts = Drafts::of(&rule, &repairs);
        let reference = drafts.reference.take();
        let (drafts, mut kept) = drafts.merged();
        let mut plausible: Vec<Acceptor> = drafts
            .iter()
            .filter(|draft| draft.plausible)
            .map(|draft| draft.decider)
            .collect();
        plausible.sort_unstable();
        plausible.dedup();
        let formats = draft::with_format(&rule, &mut kept, &mut plausible);
        // What proofs have built is not needed again as a whole.
        for automaton in &mut kept {
            automaton.clear();
        }
        let format = formats.iter().find(|format| format.plausible);
        let format = format.map(|format| format.decider);
        let bank: Bank = Arc::new(Mutex::new(kept));
        let names: Vec<(Arc<str>, Arc<str>)> = repairs
            .iter()
            .map(|repair| (repair.id.as_str().into(), repair.pattern.as_str().into()))
            .collect();
        let mut readings: Vec<Reading> = Vec::with_capacity(drafts.len() + 1);
        readings.extend(drafts.into_iter().map(|draft| finish(draft, &names, &bank)));
        readings.extend(
            formats
                .into_iter()
                .map(|format| format.finish(&rule, &bank)),
        );
        readings.sort_by_key(|reading| (!reading.plausible, !reading.compiles));
        Text {
            rule,
            repairs,
            readings,
            bank,
            plausible,
            format,
            reference,
            friendliest: OnceLock::new(),
            said: Mutex::default(),
        }
    }

    /// All readings, the most plausible first.
    pub fn readings(&self) -> &[Reading] {
        &self.readings
    }

    /// The guesses at the source of the pattern, the published text itself first.
    pub fn repairs(&self) -> &[Repair] {
        &self.repairs
    }

    /// The rule.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// What the readings say of `text`. Time is linear in `text`, memory is bounded.
    pub fn assess(&self, text: &str) -> Assessment {
        if text.len() > SAID_OCTETS {
            return self.decide(text);
        }
        let said = || self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = said().get(text) {
            return *known;
        }
        let assessment = self.decide(text);
        let mut said = said();
        if said.len() >= SAID {
            said.clear();
        }
        said.insert(text.to_owned(), assessment);
        assessment
    }

    fn decide(&self, text: &str) -> Assessment {
        let lengths = Lengths::of(text);
        let (mut accepts, mut rejects) = (false, false);
        let mut bank = None;
        // Languages asked so far in this text; deciders are sorted by language.
        let mut last: Option<(usize, bool)> = None;
        // Bounds first: they are cheap, and often tell already that readings differ.
        for decider in &self.plausible {
            if !decider.within_bounds(lengths) {
                rejects = true;
            } else if decider.language == Language::Any {
                accepts = true;
            }
        }
        for decider in &self.plausible {
            if accepts && rejects {
                return Assessment::Open;
            }
            if !decider.within_bounds(lengths) {
                continue;
            }
            match decider.language {
                Language::Any => accepts = true,
                Language::Unknown => return Assessment::Open,
                Language::Known(index) => {
                    let answer = match last {
                        Some((known, answer)) if known == index => answer,
                        _ => {
                            let bank = bank.get_or_insert_with(|| {
                                self.bank.lock().unwrap_or_else(PoisonError::into_inner)
                            });
                            // A state over the limit: nobody knows.
                            let Some(Ok(answer)) = bank.get_mut(index).map(|a| a.decide(text))
                            else {
                                return Assessment::Open;
                            };
                            answer
                        }
                    };
                    last = Some((index, answer));
                    if answer {
                        accepts |= self.format != Some(*decider);
                    } else {
                        rejects = true;
                    }
                }
            }
        }
        match (accepts, rejects) {
            (true, false) => Assessment::SurelyValid,
            (false, true) => Assessment::SurelyInvalid,
            _ => Assessment::Open,
        }
    }

    /// The friendliest surely valid string (shortest printable), where there is one.
    pub fn valid(&self) -> Option<String> {
        self.friendliest
            .get_or_init(|| {
                let mut bank = self.bank.lock().unwrap_or_else(PoisonError::into_inner);
                for printable in [true, false] {
                    let found = explore::shortest(&mut bank, &self.plausible, printable);
                    if let Ok(Some(text)) = found {
                        return Some(text);
                    }
                }
                None
            })
            .clone()
            .filter(|text| self.assess(text) == Assessment::SurelyValid)
    }

    /// Up to `limit` surely valid strings that together use every branch and every member or
    /// range end of every class of the pattern at least once, and the extreme lengths.
    pub fn valid_cover(&self, limit: usize) -> Vec<Sample> {
        let samples = sample::valid_cover(self, limit);
        self.settle();
        samples
    }

    /// Up to `limit` surely invalid strings that are one edit (insert, delete, replace, append,
    /// prepend, swap) away from a surely valid one, spread over kinds of edits and places.
    pub fn near_misses(&self, limit: usize) -> Vec<Sample> {
        let samples = sample::near_misses(self, limit);
        self.settle();
        samples
    }

    fn settle(&self) {
        let mut bank = self.bank.lock().unwrap_or_else(PoisonError::into_inner);
        reading::settle(bank.iter_mut());
    }
}
