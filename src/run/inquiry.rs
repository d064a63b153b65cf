//! Asks the device how it reads the string rules that the page leaves ambiguous: one string at a
//! time, each chosen by what was answered before, until one class of readings is left or nothing
//! tells the rest apart. Sends its questions as cases, so that whatever else they show is judged.

use super::readings::{Probes, Subject, subjects};
use super::runner::Run;
use crate::case::{Case, Check, Context, question};
use crate::contract::PromiseId;
use crate::exchange::Request;
use crate::judge::Acceptance;
use crate::pattern::classify::{Classifier, Outcome};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Questions about one rule beyond which the others have to have their turn.
const MOST_OF_A_RULE: usize = 16;

/// Questions about one rule after which it is not why a device refuses everything.
const MOST_IN_VAIN: usize = 6;

/// Accepted questions after which the settings are read back.
const MOST_READ: u32 = 4;

/// What the device said of ambiguous rules.
#[derive(Default)]
pub(super) struct Questions {
    pub(super) probes: Probes,
    /// How often a string was asked for the sake of a promise's rule.
    asked: BTreeMap<(String, PromiseId), u32>,
    /// Accepted questions after which the settings were read back.
    read: u32,
}

impl Questions {
    /// Takes a case as evidence where it is one.
    pub(super) fn learn(&mut self, context: &Context<'_>, case: &Case, acceptance: Acceptance) {
        self.probes.observe(context, case, acceptance);
    }
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Which of the listed readings it is.
    Separate,
    /// Whether it is really that one.
    Doubt,
    /// What it is where it is none.
    Describe,
}

impl<'a> Run<'a> {
    /// Asks about every rule whose promise the plan tests, as long as there are questions left in
    /// the options.
    pub(super) async fn inquire(&mut self) {
        let mut left = self.job.options.questions.min(self.cases.places());
        if left == 0 {
            return;
        }
        let subjects = subjects(&self.job.contract, self.cases.plan());
        let mut desks = self.desks(&subjects);
        // First what separates listed readings, of every rule; then whether the device is really
        // what was concluded; then what describes those that fit none, which takes more.
        for stage in [Stage::Separate, Stage::Doubt, Stage::Describe] {
            for (subject, classifier) in &mut desks {
                let mut sent = 0;
                let most = match stage {
                    Stage::Describe => left,
                    _ => MOST_OF_A_RULE,
                };
                while sent < most.min(left) && !self.over() {
                    let Some(text) = self.next_question(subject, classifier, stage) else {
                        break;
                    };
                    let known = self.questions.probes.knows(&subject.promise, &text);
                    match self.ask(subject, stage, &text).await {
                        // What was asked counts more than what followed from the plan.
                        Some(_) if known => {
                            let texts = &self.job.texts;
                            let (promise, rule) = (&subject.promise, &subject.rule);
                            match self.questions.probes.classifier(promise, rule, texts) {
                                Some(again) => *classifier = again,
                                None => break,
                            }
                        }
                        Some(accepted) => classifier.answer(&text, accepted),
                        None => break,
                    }
                    sent += 1;
                }
                left -= sent;
            }
        }
        let open =
            |(_, c): &(&Subject, Classifier<'_>)| matches!(c.outcome(), Outcome::Open { .. });
        if left == 0 && desks.iter().any(open) {
            self.ledger.note(
                "the budget ended before every reading of the string rules was asked about"
                    .to_owned(),
            );
        }
    }

    /// The rules that may be asked about, with what is known of each.
    fn desks<'s>(&self, subjects: &'s [Subject]) -> Vec<(&'s Subject, Classifier<'a>)> {
        let texts = &self.job.texts;
        let desk = |s: &'s Subject| {
            Some((
                s,
                self.questions
                    .probes
                    .classifier(&s.promise, &s.rule, texts)?,
            ))
        };
        subjects.iter().filter_map(desk).collect()
    }

    /// Where every body that is surely valid was refused: looks for the one rule that the device
    /// reads so narrowly that it takes none of the values that every reading allows. What was refused
    /// says something of a rule only if that rule is why: each is supposed to be in turn, which leaves
    /// the few readings that refuse all that was sent, and is believed when a value that one of these
    /// takes is taken.
    pub(super) async fn diagnose(&mut self) {
        let hopeless = self.take_stop();
        let mut left = self.job.options.questions.min(self.cases.places());
        let subjects = subjects(&self.job.contract, self.cases.plan());
        let mut culprit = None;
        for (subject, mut classifier) in self.desks(&subjects) {
            let (mut sent, mut taken) = (0, false);
            let refused = self.refused_values(subject);
            for text in &refused {
                classifier.answer(text, false);
            }
            // A rule that no reading makes so narrow is not why.
            let possible = matches!(
                classifier.outcome(),
                Outcome::Open { .. } | Outcome::Fits { .. }
            );
            while possible
                && sent < left.min(if taken { MOST_OF_A_RULE } else { MOST_IN_VAIN })
                && !self.limited()
            {
                let question = match taken {
                    true => self.next_question(subject, &classifier, Stage::Separate),
                    false => likeliest(&classifier),
                };
                let Some(text) = question else { break };
                let Some(accepted) = self.ask(subject, Stage::Separate, &text).await else {
                    break;
                };
                classifier.answer(&text, accepted);
                taken |= accepted;
                sent += 1;
            }
            left -= sent;
            if taken {
                for text in &refused {
                    self.questions.probes.refused(subject, text);
                }
                culprit = Some(subject);
                break;
            }
        }
        for subject in &subjects {
            if culprit.is_none_or(|c| c.promise != subject.promise) {
                self.questions.probes.forget(&subject.promise);
            }
        }
        if let Some(subject) = culprit {
            self.ledger.note(format!(
                "{}: the device takes a value of this field that not every reading allows, and \
                 none that every reading allows: this is why it refuses every request",
                subject.path.dotted()
            ));
        }
        if let Some(hopeless) = hopeless {
            self.stop(hopeless);
        }
    }

    /// The values of a field in the bodies that should have been accepted, and were not.
    fn refused_values(&self, subject: &Subject) -> BTreeSet<String> {
        let pointer = subject.path.pointer();
        self.progress
            .valid_refused()
            .iter()
            .map(|&at| self.case(at))
            .filter(|case| case.operation == subject.operation)
            .filter_map(|case| match &case.request {
                Request::Http(request) => request.body.as_deref(),
                Request::Raw(_) => None,
            })
            .filter_map(|body| serde_json::from_slice::<Value>(body).ok())
            .filter_map(|body| Some(body.pointer(&pointer)?.as_str()?.to_owned()))
            .collect()
    }

    fn next_question(
        &self,
        subject: &Subject,
        classifier: &Classifier<'_>,
        stage: Stage,
    ) -> Option<String> {
        match classifier.outcome() {
            Outcome::Open { .. } => classifier.next(|text| surprise(classifier, text)),
            Outcome::Unlisted { contradiction, .. } => {
                // Whether the answer that left no reading comes again.
                let again = (contradiction.0, subject.promise.clone());
                if self
                    .questions
                    .asked
                    .get(&again)
                    .is_none_or(|times| *times < 2)
                {
                    return Some(again.0);
                }
                (stage == Stage::Describe)
                    .then(|| classifier.next(|_| 0))
                    .flatten()
            }
            Outcome::Fits { .. } if stage == Stage::Doubt => classifier.doubt(),
            Outcome::Fits { .. } | Outcome::Unstable { .. } => None,
        }
    }

    /// Sends one string in an otherwise valid body. Whether the device took it, where it said so.
    async fn ask(&mut self, subject: &Subject, stage: Stage, text: &str) -> Option<bool> {
        let job = self.job;
        let operation = job.contract.operation(&subject.operation)?;
        let mut case = question(&job.context(), operation, &subject.path, text)?;
        if self.questions.read >= MOST_READ {
            case.check = Check::Nothing;
        }
        let again = (text.to_owned(), subject.promise.clone());
        *self.questions.asked.entry(again).or_default() += 1;
        let at = self.cases.keep(case)?;
        if self.spared(at) {
            return None;
        }
        let seen = self.probe.send(self.case(at), false).await;
        let accepted = match seen.judgement.content() {
            Acceptance::Accepted => Some(true),
            Acceptance::Refused => Some(false),
            Acceptance::Neither => None,
        };
        if accepted == Some(true) && matches!(self.case(at).check, Check::ReadsBack(_)) {
            self.questions.read += 1;
        }
        self.settle(at, seen).await;
        let separating = stage == Stage::Separate;
        self.questions
            .probes
            .asked(subject, separating, text, accepted);
        accepted
    }
}

/// How many of the classes that are left take a string, of a hundred: a refusal changes nothing on
/// the device, so of two strings that tell as much the one that is likelier refused goes first.
fn surprise(classifier: &Classifier<'_>, text: &str) -> u32 {
    let left = classifier.left();
    let probes = classifier.survey().probes();
    let Some((_, answers)) = probes.iter().find(|(known, _)| known == text) else {
        return 0;
    };
    let take = left
        .iter()
        .filter(|&&class| answers.get(class).copied().unwrap_or(false))
        .count();
    u32::try_from(take * 100 / left.len().max(1)).unwrap_or(100)
}

/// The string not yet asked that most of the classes that are left take; of these a printable one.
fn likeliest(classifier: &Classifier<'_>) -> Option<String> {
    let probes = classifier.survey().probes().iter().map(|(text, _)| text);
    let open = probes.filter(|text| classifier.asked().iter().all(|(asked, _)| asked != *text));
    let plain = |text: &str| text.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    let best = open
        .map(|text| (surprise(classifier, text), plain(text), text))
        .filter(|(take, ..)| *take > 0)
        .max_by_key(|(take, plain, _)| (*take, *plain))?;
    Some(best.2.clone())
}
