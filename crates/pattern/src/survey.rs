//! The readings of one rule sorted into classes that accept the same texts, with texts that tell
//! the classes apart.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use super::ast::Node;
use super::automaton::{Automaton, CapReached};
use super::class::Set;
use super::dialect::Alphabet;
use super::language;
use super::merge::PATIENCE;
use super::product::Budget;
use super::reading::{self, Acceptor, Language, Lengths, Reading, Unit};
use super::relation::{self, Relation};
use super::text::Text;

/// Readings that accept the same texts.
#[derive(Clone, Debug)]
pub struct Class {
    /// Places in [`Text::readings`], ascending.
    pub readings: Vec<usize>,
    /// Whether a plausible reading is among them.
    pub plausible: bool,
    decider: Acceptor,
}

/// Which readings are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The plausible ones.
    Plausible,
    /// All that compile and are modelled.
    Modelled,
}

/// The classes of a rule's readings.
#[derive(Clone, Debug)]
pub struct Survey {
    classes: Vec<Class>,
    /// Texts that tell classes apart, with the answer of each class.
    probes: Vec<(String, Vec<bool>)>,
    /// Pairs that could not be decided within the limits and answer all probes alike.
    undecided: Vec<(usize, usize)>,
}

/// A pair of classes is decided within this.
const PAIR: Budget = Budget {
    nodes: 40_000,
    steps: 600_000,
};

/// Lengths beyond this are not built as automata; such bounds are compared by number only.
const MAX_BOUND: u64 = 5_000;

/// Texts around the surely valid ones: line ends, foreign text on both sides, every length that a
/// bound or the pattern names, in characters that count differently by unit, on one line and on a
/// second one.
fn seeds(text: &Text) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let cover: Vec<String> = text.valid_cover(6).into_iter().map(|s| s.text).collect();
    for s in &cover {
        out.extend([
            s.clone(),
            format!("{s}\n"),
            format!("{s}\r\n"),
            format!("{s}\u{2028}"),
            format!("{s}!!"),
            format!("!!{s}"),
            format!("\n{s}"),
            format!("{s}\u{e9}"),
            format!("{s}\u{a0}"),
            format!("{s} "),
            format!("{s}\u{663}"),
        ]);
    }
    let mut lengths: Vec<u64> = text
        .plausible
        .iter()
        .flat_map(|d| [Some(d.min), d.max].into_iter().flatten())
        .collect();
    if let Some(pattern) = &text.rule().pattern {
        let numbers = pattern.split(|c: char| !c.is_ascii_digit());
        lengths.extend(numbers.filter_map(|digits| digits.parse::<u64>().ok()));
    }
    lengths.retain(|&n| (1..=MAX_BOUND).contains(&n));
    lengths.sort_unstable();
    lengths.dedup();
    let base = cover.first().map_or("", String::as_str);
    let have = base.chars().count() as u64;
    let fillers = [base.chars().next().unwrap_or('a'), '\u{e9}', '\u{1F600}'];
    for &length in lengths.iter().take(6) {
        for target in [length, length + 1] {
            for separator in ["", "\n"] {
                for filler in fillers {
                    let more = target.saturating_sub(have + separator.len() as u64);
                    let tail: String = std::iter::repeat_n(filler, more as usize).collect();
                    out.push(format!("{base}{separator}{tail}"));
                }
            }
        }
    }
    let mut seen = BTreeSet::new();
    out.retain(|s| seen.insert(s.clone()));
    out
}

/// The languages of a rule and of its bounds, for as long as the bank is locked.
struct Desk<'a> {
    bank: &'a mut [Automaton],
    bounds: BTreeMap<(Unit, u64, Option<u64>), Option<Automaton>>,
}

impl Desk<'_> {
    fn bound(&mut self, decider: &Acceptor) -> Option<(Unit, u64, Option<u64>)> {
        if decider.min == 0 && decider.max.is_none() {
            return None;
        }
        let key = (decider.unit, decider.min, decider.max);
        self.bounds.entry(key).or_insert_with(|| {
            if decider.max.unwrap_or(decider.min) > MAX_BOUND {
                return None;
            }
            let alphabet = match decider.unit {
                Unit::CodePoints => Alphabet::CodePoints,
                Unit::Utf16 => Alphabet::Utf16,
                Unit::Bytes => Alphabet::Bytes,
            };
            if decider.max.is_some_and(|max| max < decider.min) {
                return language::build(&Node::never(), alphabet).ok();
            }
            let any = Node::Set(Set::range(0, alphabet.max()));
            let node = Node::Repeat {
                node: Box::new(any),
                min: u32::try_from(decider.min).ok()?,
                max: decider.max.and_then(|max| u32::try_from(max).ok()),
            };
            language::build(&node, alphabet).ok()
        });
        Some(key)
    }

    /// Calls `then` with the automata of two deciders and who needs which; `None` where one of
    /// them cannot be built.
    fn with_sides<T>(
        &mut self,
        a: &Acceptor,
        b: &Acceptor,
        then: impl FnOnce(Vec<&mut Automaton>, [&[usize]; 2]) -> T,
    ) -> Option<T> {
        let bounds = [self.bound(a), self.bound(b)];
        if bounds
            .iter()
            .flatten()
            .any(|key| self.bounds.get(key).is_none_or(Option::is_none))
        {
            return None;
        }
        let languages = [a, b].map(|decider| match decider.language {
            Language::Known(index) => Some(index),
            _ => None,
        });
        if [a, b].iter().any(|d| d.language == Language::Unknown) {
            return None;
        }
        let mut parts: Vec<&mut Automaton> = Vec::new();
        let mut sides: [Vec<usize>; 2] = [Vec::new(), Vec::new()];
        for (index, automaton) in self.bank.iter_mut().enumerate() {
            let users: Vec<usize> = (0..2).filter(|&i| languages[i] == Some(index)).collect();
            if !users.is_empty() {
                for user in users {
                    sides[user].push(parts.len());
                }
                parts.push(automaton);
            }
        }
        for (key, automaton) in &mut self.bounds {
            let users: Vec<usize> = (0..2).filter(|&i| bounds[i] == Some(*key)).collect();
            if let (false, Some(automaton)) = (users.is_empty(), automaton) {
                for user in users {
                    sides[user].push(parts.len());
                }
                parts.push(automaton);
            }
        }
        Some(then(parts, [&sides[0], &sides[1]]))
    }

    /// A text on which two deciders differ, printable where there is one.
    fn difference(&mut self, a: &Acceptor, b: &Acceptor) -> Result<Option<String>, CapReached> {
        if a == b {
            return Ok(None);
        }
        let printable = self
            .with_sides(a, b, |parts, sides| {
                relation::difference_sides(parts, sides, true, PAIR)
            })
            .ok_or(CapReached)?;
        if let Ok(Some(text)) = printable {
            return Ok(Some(text));
        }
        let found = self
            .with_sides(a, b, |parts, sides| {
                relation::difference_sides(parts, sides, false, PAIR)
            })
            .ok_or(CapReached)?;
        match found {
            // Upper bounds multiply the places to look at; where they are the same they need no look.
            Err(CapReached) if (a.unit, a.min, a.max) == (b.unit, b.min, b.max) => {
                let bare = [a, b].map(|decider| Acceptor {
                    max: None,
                    ..*decider
                });
                let equal = self.with_sides(&bare[0], &bare[1], |parts, sides| {
                    relation::difference_sides(parts, sides, false, PAIR)
                });
                match equal {
                    Some(Ok(None)) => Ok(None),
                    _ => Err(CapReached),
                }
            }
            found => found,
        }
    }

    /// What is not known counts as refused.
    fn accepts(&mut self, decider: &Acceptor, text: &str) -> bool {
        self.decides(decider, text).unwrap_or(false)
    }

    fn decides(&mut self, decider: &Acceptor, text: &str) -> Option<bool> {
        if !decider.within_bounds(Lengths::of(text)) {
            return Some(false);
        }
        match decider.language {
            Language::Known(index) => self.bank.get_mut(index)?.decide(text).ok(),
            _ => Some(true),
        }
    }
}

impl Survey {
    /// Sorts the readings. At most one proof or one telling text for each class.
    pub fn new(text: &Text, scope: Scope) -> Survey {
        Survey::of(text, |reading| {
            scope == Scope::Modelled || reading.plausible
        })
    }

    /// As [`Survey::new`] for the readings that `wanted` chooses (of those that compile and are
    /// modelled).
    pub fn of(text: &Text, wanted: impl Fn(&Reading) -> bool) -> Survey {
        let mut by_decider: BTreeMap<Acceptor, Vec<usize>> = BTreeMap::new();
        for (index, reading) in text.readings().iter().enumerate() {
            if reading.compiles && reading.modelled() && wanted(reading) {
                by_decider.entry(reading.decider).or_default().push(index);
            }
        }
        let mut deciders: Vec<(Acceptor, Vec<usize>)> = by_decider.into_iter().collect();
        deciders.sort_by_key(|(_, readings)| readings.first().copied());
        let seeds = seeds(text);
        let mut bank = text.bank.lock().unwrap_or_else(PoisonError::into_inner);
        let mut desk = Desk {
            bank: &mut bank,
            bounds: BTreeMap::new(),
        };
        let mut survey = Survey {
            classes: Vec::new(),
            probes: Vec::new(),
            undecided: Vec::new(),
        };
        // Texts that tell common axes apart are tried before anything is searched for.
        for seed in seeds {
            survey.probes.push((seed, Vec::new()));
        }
        for (decider, readings) in deciders {
            survey.sort_in(&mut desk, decider, readings);
            reading::settle(
                desk.bank
                    .iter_mut()
                    .chain(desk.bounds.values_mut().flatten()),
            );
        }
        for class in &mut survey.classes {
            class.readings.sort_unstable();
            class.plausible = class.readings.iter().any(|&i| text.readings()[i].plausible);
        }
        survey
    }

    fn sort_in(&mut self, desk: &mut Desk<'_>, decider: Acceptor, readings: Vec<usize>) {
        let mut answers: Vec<bool> = self
            .probes
            .iter()
            .map(|(text, _)| desk.accepts(&decider, text))
            .collect();
        let mut tried = BTreeSet::new();
        loop {
            let alike = (0..self.classes.len()).find(|&i| {
                !tried.contains(&i)
                    && self
                        .probes
                        .iter()
                        .zip(&answers)
                        .all(|((_, theirs), mine)| theirs.get(i) == Some(mine))
            });
            let Some(i) = alike else { break };
            tried.insert(i);
            let other = self.classes[i].decider;
            match desk.difference(&other, &decider) {
                Ok(None) => {
                    self.classes[i].readings.extend(readings);
                    return;
                }
                Ok(Some(text)) => {
                    let theirs = self
                        .classes
                        .iter()
                        .map(|class| desk.accepts(&class.decider, &text))
                        .collect();
                    answers.push(desk.accepts(&decider, &text));
                    self.probes.push((text, theirs));
                }
                Err(CapReached) => {
                    self.undecided.push((i, self.classes.len()));
                    if self.undecided.len() == PATIENCE {
                        desk.bank.iter_mut().for_each(Automaton::tire);
                    }
                }
            }
        }
        for ((_, theirs), mine) in self.probes.iter_mut().zip(answers) {
            theirs.push(mine);
        }
        self.classes.push(Class {
            readings,
            plausible: false,
            decider,
        });
    }

    /// The classes, in the order of their first reading.
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// Texts that tell classes apart, each with the answers of the classes.
    pub fn probes(&self) -> &[(String, Vec<bool>)] {
        &self.probes
    }

    /// Pairs of classes for which a limit was reached and that no probe tells apart.
    pub fn undecided(&self) -> &[(usize, usize)] {
        &self.undecided
    }

    /// Drops from `left` (one entry a class) the classes that judge a text otherwise than
    /// `accepted` says.
    pub fn refute(&self, text: &Text, probe: &str, accepted: bool, left: &mut [bool]) {
        let mut bank = text.bank.lock().unwrap_or_else(PoisonError::into_inner);
        let mut desk = Desk {
            bank: &mut bank,
            bounds: BTreeMap::new(),
        };
        for (left, class) in left.iter_mut().zip(&self.classes) {
            let theirs = desk.decides(&class.decider, probe);
            *left = *left && theirs.is_none_or(|theirs| theirs == accepted);
        }
    }

    /// Which of the classes accept a text.
    pub fn judge(&self, text: &Text, probe: &str) -> Vec<bool> {
        let mut bank = text.bank.lock().unwrap_or_else(PoisonError::into_inner);
        let mut desk = Desk {
            bank: &mut bank,
            bounds: BTreeMap::new(),
        };
        self.classes
            .iter()
            .map(|class| desk.accepts(&class.decider, probe))
            .collect()
    }

    /// How two classes relate, with witnesses. `None` where a bound is too large to build.
    pub fn relation(&self, text: &Text, a: usize, b: usize) -> Option<Relation> {
        let (a, b) = (self.classes.get(a)?.decider, self.classes.get(b)?.decider);
        let mut bank = text.bank.lock().unwrap_or_else(PoisonError::into_inner);
        let mut desk = Desk {
            bank: &mut bank,
            bounds: BTreeMap::new(),
        };
        desk.with_sides(&a, &b, |parts, sides| {
            relation::compare_sides(parts, sides, PAIR)
        })
    }
}
