//! What a published string rule can mean: dialects, repairs, readings → languages, relations,
//! witnesses. Knows nothing of contracts or HTTP: a rule comes in as text and bounds. Imports no
//! other module of this crate.

use std::collections::HashMap;

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

/// One way to understand a rule (DESIGN §1).
#[derive(Debug)]
pub struct Reading {
    /// Stable id, `REPAIR/DIALECT/MODE/UNIT/BOUNDS`.
    pub id: String,
    /// How the published text was repaired; `none` where it was not.
    pub repair: String,
    /// Dialect id, e.g. `ecmascript-u`.
    pub dialect: String,
    /// `search`, `prefix`, `full`.
    pub mode: String,
    /// `bytes`, `utf16`, `codepoints`.
    pub unit: String,
    /// Whether the (repaired) pattern compiles in the dialect.
    pub compiles: bool,
}

impl Reading {
    /// Whether a device that implements this reading takes `text`. A reading that does not compile
    /// takes everything that the bounds allow.
    pub fn accepts(&self, text: &str) -> bool {
        let _ = text;
        true
    }
}

/// All readings of one rule, compiled.
#[derive(Debug)]
pub struct Text {
    rule: Rule,
    readings: Vec<Reading>,
}

impl Text {
    /// Compiles the readings of a rule. Never fails: a rule that no reading understands leaves
    /// every string [`Assessment::Open`].
    pub fn new(rule: Rule) -> Text {
        Text {
            rule,
            readings: Vec::new(),
        }
    }

    /// All readings, the most plausible first.
    pub fn readings(&self) -> &[Reading] {
        &self.readings
    }

    /// The rule.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// What the readings say of `text`.
    pub fn assess(&self, text: &str) -> Assessment {
        let _ = text;
        Assessment::Open
    }

    /// The friendliest surely valid string (shortest printable), where there is one.
    pub fn valid(&self) -> Option<String> {
        None
    }

    /// Up to `limit` surely valid strings that together use every branch and every member or
    /// range end of every class of the pattern at least once, and the extreme lengths.
    pub fn valid_cover(&self, limit: usize) -> Vec<Sample> {
        let _ = limit;
        Vec::new()
    }

    /// Up to `limit` surely invalid strings that are one edit (insert, delete, replace, append,
    /// prepend, swap) away from a surely valid one, spread over kinds of edits and places.
    pub fn near_misses(&self, limit: usize) -> Vec<Sample> {
        let _ = limit;
        Vec::new()
    }
}

/// The readings of all string rules of a contract, compiled once each.
#[derive(Debug, Default)]
pub struct Texts {
    by_rule: HashMap<Rule, std::sync::Arc<Text>>,
}

impl Texts {
    /// Compiles every rule once.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Texts {
        let mut by_rule = HashMap::new();
        for rule in rules {
            by_rule
                .entry(rule.clone())
                .or_insert_with(|| std::sync::Arc::new(Text::new(rule)));
        }
        Texts { by_rule }
    }

    /// The readings of a rule that was given to [`Texts::new`].
    pub fn get(&self, rule: &Rule) -> Option<&Text> {
        self.by_rule.get(rule).map(AsRef::as_ref)
    }
}
