//! One way to understand a rule, and how it decides.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use super::automaton::Automaton;
use super::check::Engine;
use super::dialect::{Dialect, Mode};

/// The languages of one rule's readings, each once. Shared by the readings; walking an automaton
/// builds states, hence the lock.
pub(super) type Bank = Arc<Mutex<Vec<Automaton>>>;

/// States of all languages of a bank that are kept between walks; walks of one field follow one
/// another, those of a run seldom come back to what was built for another.
const KEPT_STATES: usize = 4_000;

/// Gives back what walks have built, where it is much.
pub(super) fn settle<'a>(bank: impl Iterator<Item = &'a mut Automaton>) {
    let mut bank: Vec<&mut Automaton> = bank.collect();
    if bank
        .iter()
        .map(|automaton| automaton.built())
        .sum::<usize>()
        > KEPT_STATES
    {
        for automaton in &mut bank {
            automaton.clear();
        }
    }
}

/// What a length is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Unit {
    CodePoints,
    Utf16,
    Bytes,
}

impl Unit {
    pub(super) const ALL: [Unit; 3] = [Unit::CodePoints, Unit::Utf16, Unit::Bytes];

    pub(super) fn id(self) -> &'static str {
        match self {
            Unit::CodePoints => "codepoints",
            Unit::Utf16 => "utf16",
            Unit::Bytes => "bytes",
        }
    }
}

/// The lengths of one text in all units.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lengths {
    code_points: u64,
    utf16: u64,
    bytes: u64,
}

impl Lengths {
    pub(super) fn of(text: &str) -> Lengths {
        Lengths {
            code_points: text.chars().count() as u64,
            utf16: text.chars().map(|c| c.len_utf16() as u64).sum(),
            bytes: text.len() as u64,
        }
    }

    fn get(self, unit: Unit) -> u64 {
        match unit {
            Unit::CodePoints => self.code_points,
            Unit::Utf16 => self.utf16,
            Unit::Bytes => self.bytes,
        }
    }
}

/// How a reading decides: a language and bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Acceptor {
    pub(super) language: Language,
    pub(super) unit: Unit,
    pub(super) min: u64,
    pub(super) max: Option<u64>,
}

/// Which language a reading uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Language {
    /// Every text: there is no pattern, or it does not compile and is not enforced.
    Any,
    /// An automaton of the bank.
    Known(usize),
    /// The engine has one, we have no model of it.
    Unknown,
}

impl Acceptor {
    pub(super) fn within_bounds(&self, lengths: Lengths) -> bool {
        let length = lengths.get(self.unit);
        length >= self.min && self.max.is_none_or(|max| length <= max)
    }
}

/// One way to understand a rule.
#[derive(Clone)]
pub struct Reading {
    /// Stable id, `REPAIR/DIALECT/MODE/UNIT/BOUNDS`; the reading of a format alone is
    /// `format/NAMES/full/codepoints/pattern`.
    pub id: String,
    /// How the published text was repaired; `none` where it was not.
    pub repair: Arc<str>,
    /// Dialect id, e.g. `ecmascript-u`; `any` where there is no pattern.
    pub dialect: Cow<'static, str>,
    /// `search`, `prefix`, `full`, `full-grouped`.
    pub mode: &'static str,
    /// `bytes`, `utf16`, `codepoints`: what published length bounds count.
    pub unit: &'static str,
    /// Whether the (repaired) pattern compiles in the dialect.
    pub compiles: bool,
    /// Whether it counts for what is surely valid and surely invalid.
    pub plausible: bool,
    /// The pattern after the repair.
    pub pattern: Option<Arc<str>>,
    pub(super) decider: Acceptor,
    pub(super) bank: Bank,
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading")
            .field("id", &self.id)
            .field("compiles", &self.compiles)
            .field("plausible", &self.plausible)
            .finish_non_exhaustive()
    }
}

impl Reading {
    /// Whether a device that implements this reading takes `text`. A reading that does not compile
    /// (or that we have no model of) takes everything that the bounds allow.
    pub fn accepts(&self, text: &str) -> bool {
        if !self.decider.within_bounds(Lengths::of(text)) {
            return false;
        }
        match self.decider.language {
            Language::Any | Language::Unknown => true,
            Language::Known(index) => {
                let mut bank = self.bank.lock().unwrap_or_else(PoisonError::into_inner);
                bank.get_mut(index).is_none_or(|a| a.accepts(text))
            }
        }
    }

    /// Whether a text has a length that this reading allows. Where it has its lengths from the
    /// pattern alone, that is every one.
    pub fn within_bounds(&self, text: &str) -> bool {
        self.decider.within_bounds(Lengths::of(text))
    }

    /// As [`Reading::accepts`], decided by a real engine that is part of the build (`regress` for
    /// ECMAScript, `regex-automata` for Rust) instead of our model. `None` where there is none for
    /// this dialect, the reading has its lengths from the prose instead of the pattern, or the
    /// engine could take too long. Compiles the pattern each time.
    pub fn accepts_by_engine(&self, text: &str) -> Option<bool> {
        if self.id.ends_with("/prose") || !self.compiles {
            return None;
        }
        let (pattern, dialect) = (self.pattern.as_deref()?, Dialect::by_id(&self.dialect)?);
        let engine = Engine::new(pattern, dialect, Mode::by_id(self.mode)?)?.ok()?;
        Some(self.decider.within_bounds(Lengths::of(text)) && engine.accepts(text)?)
    }

    /// Whether `accepts` really knows the language of this reading.
    pub fn modelled(&self) -> bool {
        !matches!(self.decider.language, Language::Unknown)
    }

    /// A number that readings of one rule share exactly where their languages and bounds are the
    /// same (proved, or no text told them apart within the limits).
    pub fn class(&self) -> (Option<usize>, &'static str, u64, Option<u64>) {
        let language = match self.decider.language {
            Language::Known(index) => Some(index),
            Language::Any | Language::Unknown => None,
        };
        (
            language,
            self.decider.unit.id(),
            self.decider.min,
            self.decider.max,
        )
    }
}
