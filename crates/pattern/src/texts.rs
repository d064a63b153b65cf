//! The readings of all string rules of a contract. Imports [`super::survey`], [`super::text`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::survey::{Scope, Survey};
use super::text::{Rule, Text};

/// The readings of all string rules of a contract, compiled once each, and what tells them apart.
#[derive(Debug, Default)]
pub struct Texts {
    by_rule: HashMap<Rule, Arc<Text>>,
    surveys: Mutex<HashMap<Rule, Arc<Survey>>>,
}

impl Texts {
    /// Compiles every rule once.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Texts {
        let mut by_rule = HashMap::new();
        for rule in rules {
            by_rule
                .entry(rule.clone())
                .or_insert_with(|| Arc::new(Text::new(rule)));
        }
        Texts {
            by_rule,
            surveys: Mutex::default(),
        }
    }

    /// The readings of a rule that was given to [`Texts::new`].
    pub fn get(&self, rule: &Rule) -> Option<&Text> {
        self.by_rule.get(rule).map(AsRef::as_ref)
    }

    /// The classes of all modelled readings of a rule; made when first asked for, which takes up to
    /// a second.
    pub fn survey(&self, rule: &Rule) -> Option<Arc<Survey>> {
        let text = self.get(rule)?;
        let mut surveys = self.surveys.lock().unwrap_or_else(PoisonError::into_inner);
        let survey = surveys
            .entry(rule.clone())
            .or_insert_with(|| Arc::new(Survey::new(text, Scope::Modelled)));
        Some(survey.clone())
    }
}
