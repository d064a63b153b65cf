//! Which reading a device implements, from its answers: pure logic. It says which string to send
//! next and takes the answer; sending is somebody else's duty.
//!
//! ```
//! use probity_pattern::classify::{Classifier, Outcome};
//! use probity_pattern::{Rule, Text};
//!
//! let text = Text::new(Rule { pattern: Some("^[a-z]+$".to_owned()), ..Rule::default() });
//! // A device that matches in full and lets a final line feed through.
//! let device = |s: &str| {
//!     let s = s.strip_suffix('\n').unwrap_or(s);
//!     !s.is_empty() && s.bytes().all(|b| b.is_ascii_lowercase())
//! };
//! let mut classifier = Classifier::new(&text);
//! while let Some(probe) = classifier.next(|s| s.len() as u32) {
//!     let accepted = device(&probe);
//!     classifier.answer(&probe, accepted);
//! }
//! let Outcome::Fits { readings, .. } = classifier.outcome() else { panic!() };
//! assert!(readings.iter().any(|id| id.starts_with("none/python/search/")));
//! assert!(!readings.iter().any(|id| id.starts_with("none/ecmascript/search/")));
//! ```

use std::collections::BTreeMap;

use super::axes::{About, Axes, Description, Doubt};
use super::survey::{Scope, Survey};
use super::text::Text;

/// What is known about the device so far.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Several classes of readings are left and there is a string that tells them apart.
    Open {
        /// How many classes.
        classes: usize,
    },
    /// All readings that are left accept the same strings (or nothing within the limits tells
    /// them apart).
    Fits {
        /// Ids of the readings, the most plausible first.
        readings: Vec<String>,
        /// Whether equality of what is left is proved.
        proved: bool,
    },
    /// No reading fits. The description says what was found on each axis so far.
    Unlisted {
        /// Answers that together leave no reading: the first string that did so and what the
        /// device said.
        contradiction: (String, bool),
        /// What the device does, axis by axis.
        description: Description,
    },
    /// The device gave two answers to one string.
    Unstable {
        /// That string.
        text: String,
    },
}

/// Chooses strings and draws conclusions.
#[derive(Clone, Debug)]
pub struct Classifier<'t> {
    text: &'t Text,
    survey: Survey,
    /// For each class whether no answer refutes it.
    left: Vec<bool>,
    answers: BTreeMap<String, bool>,
    /// In the order in which they came.
    asked: Vec<(String, bool)>,
    unstable: Option<String>,
    contradiction: Option<(String, bool)>,
    axes: Axes<'t>,
}

impl<'t> Classifier<'t> {
    /// Prepares the classes of all readings that are modelled, and strings that tell them apart.
    pub fn new(text: &'t Text) -> Classifier<'t> {
        Classifier::with(text, Survey::new(text, Scope::Modelled))
    }

    /// As [`Classifier::new`] with a survey of the same rule that was made before (it takes up to a
    /// second for a rule with many readings).
    pub fn with(text: &'t Text, survey: Survey) -> Classifier<'t> {
        let left = vec![true; survey.classes().len()];
        Classifier {
            text,
            survey,
            left,
            answers: BTreeMap::new(),
            asked: Vec::new(),
            unstable: None,
            contradiction: None,
            axes: Axes::new(text),
        }
    }

    /// The classes that are told apart.
    pub fn survey(&self) -> &Survey {
        &self.survey
    }

    /// Classes that no answer refutes.
    pub fn left(&self) -> Vec<usize> {
        (0..self.left.len()).filter(|&i| self.left[i]).collect()
    }

    /// What was asked and answered, in order.
    pub fn asked(&self) -> &[(String, bool)] {
        &self.asked
    }

    /// The string to send next: the one that splits what is left most evenly; among those nearly
    /// as good printable ones first, then by `cost`. `None` when there is nothing left to learn.
    pub fn next(&self, cost: impl Fn(&str) -> u32) -> Option<String> {
        if self.unstable.is_some() {
            return None;
        }
        if self.contradiction.is_some() {
            return self.axes.next(&self.answers);
        }
        let left = self.left();
        if left.len() < 2 {
            // A device that agrees with its only reading so far: nothing was asked at all.
            return None;
        }
        let total: f64 = left.iter().map(|&i| self.weight(i)).sum();
        let mut best: Option<((u32, u32, u32), &String)> = None;
        for (text, answers) in self.survey.probes() {
            if self.answers.contains_key(text) {
                continue;
            }
            let yes: f64 = left
                .iter()
                .filter(|&&i| answers[i])
                .map(|&i| self.weight(i))
                .sum();
            if yes == 0.0 || (total - yes).abs() < 1e-9 {
                continue;
            }
            // Uncertainty left after the answer, in steps coarse enough for cost to matter.
            let entropy = |part: f64| {
                let p = part / total;
                -p * p.log2()
            };
            let gain = entropy(yes) + entropy(total - yes);
            let loss = ((1.0 - gain) * 20.0).round().max(0.0) as u32;
            let plain = text.bytes().all(|b| (0x20..0x7F).contains(&b));
            let key = (loss, u32::from(!plain), cost(text));
            if best.as_ref().is_none_or(|(least, known)| {
                (key, text.len(), text) < (*least, known.len(), *known)
            }) {
                best = Some((key, text));
            }
        }
        best.map(|(_, text)| text.clone())
    }

    /// When readings fit: a string that shows whether the device is really one of them, or another
    /// device that agreed with them so far (a bound that is one off, no pattern at all). `None` when
    /// there is nothing (more) to doubt. The answer goes to [`Classifier::answer`] as any other.
    pub fn doubt(&self) -> Option<String> {
        if self.unstable.is_some() || self.contradiction.is_some() {
            return None;
        }
        let class = *self.left().first()?;
        let ours = |text: &str| {
            let judged = self.survey.judge(self.text, text);
            judged[class]
        };
        let strange = |text: &str| !self.survey.judge(self.text, text).contains(&true);
        // Whether another answer of the same length has shown it already.
        let shown = |doubt: &Doubt| {
            let mut alike = self
                .asked
                .iter()
                .filter(|(asked, _)| alike(asked, &doubt.text));
            match doubt.about {
                About::Inside => alike.any(|(_, accepted)| *accepted),
                About::Outside => alike.any(|(asked, accepted)| {
                    !accepted && neighbours(asked).iter().any(|other| ours(other))
                }),
                About::Characters => alike.any(|(asked, accepted)| !accepted && strange(asked)),
            }
        };
        self.axes
            .doubts(ours, strange)
            .into_iter()
            .find(|doubt| !self.answers.contains_key(&doubt.text) && !shown(doubt))
            .map(|doubt| doubt.text)
    }

    /// How much a class counts: plausible ones more, and those with many readings more, so that
    /// what is likely is found with few requests.
    fn weight(&self, class: usize) -> f64 {
        self.survey.classes().get(class).map_or(0.0, |class| {
            let likely = if class.plausible { 1.5 } else { 1.0 };
            likely * (class.readings.len() as f64).powf(0.15)
        })
    }

    /// Takes the device's answer to a string, asked for by [`Classifier::next`] or not.
    pub fn answer(&mut self, text: &str, accepted: bool) {
        self.asked.push((text.to_owned(), accepted));
        match self.answers.insert(text.to_owned(), accepted) {
            Some(before) if before != accepted => {
                self.unstable = Some(text.to_owned());
                return;
            }
            Some(_) => return,
            None => {}
        }
        let known = self.survey.probes().iter().find(|(known, _)| known == text);
        match known {
            Some((_, answers)) => {
                for (left, answer) in self.left.iter_mut().zip(answers) {
                    *left &= *answer == accepted;
                }
            }
            None => self
                .survey
                .refute(self.text, text, accepted, &mut self.left),
        }
        if self.contradiction.is_none() && !self.left.contains(&true) {
            self.contradiction = Some((text.to_owned(), accepted));
        }
    }

    /// What is known so far.
    pub fn outcome(&self) -> Outcome {
        if let Some(text) = &self.unstable {
            return Outcome::Unstable { text: text.clone() };
        }
        if let Some(contradiction) = &self.contradiction {
            return Outcome::Unlisted {
                contradiction: contradiction.clone(),
                description: self.axes.describe(&self.answers),
            };
        }
        let left = self.left();
        if self.next(|_| 0).is_some() {
            return Outcome::Open {
                classes: left.len(),
            };
        }
        let mut readings: Vec<usize> = left
            .iter()
            .filter_map(|&i| self.survey.classes().get(i))
            .flat_map(|class| class.readings.iter().copied())
            .collect();
        readings.sort_unstable();
        Outcome::Fits {
            readings: readings
                .into_iter()
                .filter_map(|i| self.text.readings().get(i))
                .map(|reading| reading.id.clone())
                .collect(),
            proved: left.len() <= 1,
        }
    }
}

/// Whether two texts have the same length in every unit.
fn alike(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.chars().count() == b.chars().count()
}

/// The text without its last character, and with it twice.
fn neighbours(text: &str) -> [String; 2] {
    let Some(last) = text.chars().last() else {
        return [String::new(), String::new()];
    };
    let shorter: String = text.chars().take(text.chars().count() - 1).collect();
    [shorter, format!("{text}{last}")]
}
