//! Super-linear matching time on the device: where a backtracking engine is predicted to take more
//! than linear time for a reading that the device may have, strings of growing length are sent until
//! an answer takes longer than a budget. Sends as cases, like [`super::inquiry`], with the questions
//! that are left; at most one request of a field takes longer than the budget.

use super::growth::{LONGEST, budget, measured, schedule};
use super::readings::{Subject, subjects};
use super::result::{Measured, Slowness, TimeSample};
use super::runner::Run;
use crate::case::question;
use crate::pattern::Text;
use crate::pattern::ambiguity::{Attack, Growth, risk};
use crate::pattern::classify::{Classifier, Outcome};
use crate::pattern::dialect::{Dialect, Mode};
use std::collections::BTreeSet;
use std::time::Duration;

/// Pairs of pattern and mode of one rule for which a prediction is made.
const PREDICTIONS: usize = 6;

impl Run<'_> {
    /// Measures every rule that a reading which is left makes slow, the worst first, with what is
    /// left of the questions.
    pub(super) async fn measure_growth(&mut self) {
        if self.job.options.questions == 0 || self.over() {
            return;
        }
        let texts = &self.job.texts;
        let mut suspects: Vec<(Growth, Attack, Subject)> = Vec::new();
        for subject in subjects(&self.job.contract, self.cases.plan()) {
            let classifier =
                self.questions
                    .probes
                    .classifier(&subject.promise, &subject.rule, texts);
            let predicted = texts
                .get(&subject.rule)
                .zip(classifier)
                .and_then(|(text, classifier)| predict(text, &classifier));
            if let Some((growth, attack)) = predicted {
                suspects.push((growth, attack, subject));
            }
        }
        suspects.sort_by_key(|suspect| std::cmp::Reverse(suspect.0));
        for (growth, attack, subject) in suspects {
            let slowness = self.measure(&subject, growth, attack).await;
            // Nothing sent, nothing to say.
            if !slowness.samples.is_empty() {
                self.questions.probes.slow(&subject, slowness);
            }
        }
    }

    async fn measure(&mut self, subject: &Subject, predicted: Growth, attack: Attack) -> Slowness {
        let usual = self.progress.usual_latency();
        let mut samples: Vec<TimeSample> = Vec::new();
        let steps = schedule(predicted, attack.pump.chars().count());
        let mut complete = true;
        for pumps in steps {
            let text = attack.text(pumps);
            if text.len() > LONGEST {
                break;
            }
            let Some(mut time) = self.time_of(subject, &text).await else {
                complete = false;
                break;
            };
            let past = time > budget(usual);
            if !past && time > super::growth::noise(usual) {
                // Whatever disturbed one answer does not disturb the next; an answer past the
                // budget is not asked for twice.
                match self.time_of(subject, &text).await {
                    Some(again) => time = time.min(again),
                    None => complete = false,
                }
            }
            samples.push(TimeSample {
                pumps: pumps as u64,
                length: text.chars().count() as u64,
                micros: u64::try_from(time.as_micros()).unwrap_or(u64::MAX),
            });
            if past || !complete {
                complete = false;
                break;
            }
        }
        Slowness {
            predicted: match predicted {
                Growth::Exponential => Measured::Exponential,
                Growth::Polynomial(2) => Measured::Quadratic,
                Growth::Polynomial(_) => Measured::Polynomial,
                Growth::Linear => Measured::Linear,
            },
            measured: measured(&samples, usual, complete),
            prefix: attack.prefix,
            pump: attack.pump,
            suffix: attack.suffix,
            samples,
        }
    }

    /// How long the device takes to answer one string; `None` where it did not, or nothing more may
    /// be sent.
    async fn time_of(&mut self, subject: &Subject, text: &str) -> Option<Duration> {
        if self.over() {
            return None;
        }
        let job = self.job;
        let operation = job.contract.operation(&subject.operation)?;
        let case = question(&job.context(), operation, &subject.path, text)?;
        let at = self.cases.keep(case)?;
        let seen = self.probe.send(self.case(at), false).await;
        let time = seen.exchange.answer().map(|_| seen.exchange.timings.total);
        let measured = self.progress.measured();
        self.settle(at, seen).await;
        self.progress.forget_measured(measured);
        time
    }
}

/// The worst growth that a reading which the device may have predicts, with a string for it.
fn predict(text: &Text, classifier: &Classifier<'_>) -> Option<(Growth, Attack)> {
    let fits = matches!(classifier.outcome(), Outcome::Fits { .. });
    let left: BTreeSet<usize> = classifier
        .left()
        .into_iter()
        .filter_map(|class| classifier.survey().classes().get(class))
        .flat_map(|class| class.readings.iter().copied())
        .collect();
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut worst: Option<(Growth, Attack)> = None;
    for (at, reading) in text.readings().iter().enumerate() {
        let wanted = if fits {
            left.contains(&at)
        } else {
            reading.plausible
        };
        let (Some(pattern), Some(dialect), Some(mode)) = (
            reading.pattern.as_deref(),
            Dialect::by_id(&reading.dialect),
            Mode::by_id(reading.mode),
        ) else {
            continue;
        };
        if !wanted || !reading.compiles || !backtracks(dialect) {
            continue;
        }
        if seen.len() == PREDICTIONS || !seen.insert((pattern, reading.mode)) {
            continue;
        }
        let Ok(found) = risk(pattern, dialect, mode) else {
            continue;
        };
        if let (Some(growth), Some(attack)) = (found.growth, found.attack)
            && worst.as_ref().is_none_or(|(known, _)| growth > *known)
        {
            worst = Some((growth, attack));
        }
    }
    worst
}

/// Engines that promise linear time do not backtrack.
fn backtracks(dialect: Dialect) -> bool {
    !matches!(dialect, Dialect::Go | Dialect::Rust)
}
