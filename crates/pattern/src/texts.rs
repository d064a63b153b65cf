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
    formats_bind: bool,
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
            formats_bind: false,
        }
    }

    /// As they are, and whether formats are rules: JSON Schema 2020-12 §7.2.1 calls them annotations
    /// unless somebody says otherwise.
    #[must_use]
    pub fn with_formats(mut self, bind: bool) -> Texts {
        self.formats_bind = bind;
        self
    }

    /// Whether a text breaks a rule's format surely, where formats are rules and no pattern stands
    /// beside it.
    pub fn breaks_format(&self, rule: &Rule, text: &str) -> bool {
        let formats = &rule.formats;
        self.formats_bind
            && rule.pattern.is_none()
            && !formats.is_empty()
            && formats
                .iter()
                .all(|format| super::well_formed::surely_not(format, text))
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
