//! The readings of all string rules of a contract.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::survey::{Scope, Survey};
use super::text::{Rule, Text};

/// The readings of all string rules of a contract, compiled when first asked for, once each, and
/// what tells them apart.
#[derive(Debug, Default)]
pub struct Texts {
    by_rule: HashMap<Rule, OnceLock<Box<Text>>>,
    surveys: Mutex<HashMap<Rule, Arc<Survey>>>,
}

impl Texts {
    /// Takes note of rules; none is compiled before somebody asks for it.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Texts {
        Texts {
            by_rule: rules
                .into_iter()
                .map(|rule| (rule, OnceLock::new()))
                .collect(),
            surveys: Mutex::default(),
        }
    }

    /// The readings of a rule that was given to [`Texts::new`].
    pub fn get(&self, rule: &Rule) -> Option<&Text> {
        let text = self.by_rule.get(rule)?;
        Some(text.get_or_init(|| Box::new(Text::new(rule.clone()))))
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
