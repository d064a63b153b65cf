//! What a published string rule can mean: repairs, match modes, bounds → readings; what all
//! readings say of a string; strings that tell. Knows nothing of contracts or HTTP: a rule comes in
//! as text and bounds. Imports no other module of this crate.

mod explore;
mod reading;

pub use reading::Reading;

use explore::Product;
use std::collections::HashMap;
use std::sync::Arc;

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
#[derive(Debug)]
pub struct Text {
    rule: Rule,
    readings: Vec<Reading>,
    product: Product,
}

impl Text {
    /// Compiles the readings of a rule. Never fails: a rule that no reading understands leaves
    /// every string [`Assessment::Open`].
    pub fn new(rule: Rule) -> Text {
        let readings = reading::readings(&rule);
        let product = Product::new(&rule, &readings);
        Text { rule, readings, product }
    }

    /// The rule.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// All readings, the most plausible first.
    pub fn readings(&self) -> &[Reading] {
        &self.readings
    }

    /// What the readings say of `text`.
    pub fn assess(&self, text: &str) -> Assessment {
        reading::assess(&self.rule, &self.readings, text)
    }

    /// The friendliest surely valid string (shortest printable), where there is one.
    pub fn valid(&self) -> Option<String> {
        self.product.shortest().filter(|t| self.assess(t) == Assessment::SurelyValid)
    }

    /// Up to `limit` surely valid strings that together use every branch and every member or
    /// range end of every class of the pattern at least once, and the extreme lengths.
    pub fn valid_cover(&self, limit: usize) -> Vec<Sample> {
        let mut samples = self.product.cover();
        samples.retain(|s| self.assess(&s.text) == Assessment::SurelyValid);
        samples.truncate(limit);
        samples
    }

    /// Up to `limit` surely invalid strings that are one edit (insert, delete, replace, append,
    /// prepend, swap) away from a surely valid one, spread over kinds of edits and places.
    pub fn near_misses(&self, limit: usize) -> Vec<Sample> {
        let mut seeds: Vec<String> = self.valid().into_iter().collect();
        seeds.extend(self.valid_cover(4).into_iter().map(|s| s.text));
        let mut by_edit: Vec<Vec<Sample>> = Vec::new();
        for (edit, texts) in explore::edits(&seeds) {
            let misses: Vec<Sample> = texts
                .into_iter()
                .filter(|t| self.assess(t) == Assessment::SurelyInvalid)
                .map(|text| Sample { text, idea: edit.to_owned() })
                .collect();
            by_edit.push(misses);
        }
        // One of each kind of edit in turn, so that a small limit still has them all.
        let mut out: Vec<Sample> = Vec::new();
        for round in 0.. {
            let before = out.len();
            for misses in &by_edit {
                if let Some(miss) = misses.get(round)
                    && !out.iter().any(|m| m.text == miss.text)
                {
                    out.push(miss.clone());
                }
            }
            if out.len() >= limit || (out.len() == before && by_edit.iter().all(|m| m.len() <= round)) {
                break;
            }
        }
        out.truncate(limit);
        out
    }
}

/// The readings of all string rules of a contract, compiled once each.
#[derive(Debug, Default)]
pub struct Texts {
    by_rule: HashMap<Rule, Arc<Text>>,
}

impl Texts {
    /// Compiles every rule once.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Texts {
        let mut by_rule = HashMap::new();
        for rule in rules {
            by_rule.entry(rule.clone()).or_insert_with(|| Arc::new(Text::new(rule)));
        }
        Texts { by_rule }
    }

    /// The readings of a rule that was given to [`Texts::new`].
    pub fn get(&self, rule: &Rule) -> Option<&Text> {
        self.by_rule.get(rule).map(AsRef::as_ref)
    }
}
