//! Which readings of a string rule the device's answers allow. Pure: the runner asks, this keeps
//! what was answered and draws the conclusions.
//!
//! Every ordinary request is evidence: an accepted body means that each of its strings was taken;
//! a refused one tells about the one string in it that not every reading allows, if there is no
//! other reason to refuse it.

use super::result::{DeviceReading, Divergence, Probe, ReadingOutcome, ReadingRef, Slowness};
use crate::case::{Case, Context};
use crate::contract::{Contract, FieldPath, Operation, PromiseId, assess};
use crate::exchange::Request;
use crate::judge::Acceptance;
use crate::pattern::classify::{Classifier, Outcome};
use crate::pattern::explain::who;
use crate::pattern::{Assessment, Reading, Rule, Text, Texts};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Answers by the promise that they concern.
#[derive(Debug, Default)]
pub(super) struct Probes(BTreeMap<PromiseId, Answers>);

/// What the device said of the strings of one rule.
#[derive(Debug)]
struct Answers {
    rule: Rule,
    /// In the order in which they came.
    said: Vec<Said>,
    /// How many of them were asked for the rule's sake.
    asked: u64,
    /// How many of them separated listed readings.
    separating: u64,
    /// What was measured of its matching time.
    slowness: Option<Slowness>,
}

#[derive(Debug)]
struct Said {
    text: String,
    /// `None`: both answers were given.
    accepted: Option<bool>,
    /// Asked for the rule's sake, in a body in which nothing else is new: counts more than what
    /// follows from the plan's cases.
    direct: bool,
}

impl Answers {
    fn add(&mut self, text: &str, accepted: bool, direct: bool) {
        match self.said.iter_mut().find(|known| known.text == text) {
            Some(known) if known.accepted == Some(accepted) => known.direct |= direct,
            Some(known) if known.direct == direct => known.accepted = None,
            Some(known) if direct => (known.accepted, known.direct) = (Some(accepted), true),
            Some(_) => {}
            None => self.said.push(Said {
                text: text.to_owned(),
                accepted: Some(accepted),
                direct,
            }),
        }
    }

    fn accepted(&self, text: &str) -> bool {
        let known = self.said.iter().find(|known| known.text == text);
        known.is_some_and(|known| known.accepted == Some(true))
    }
}

/// Longer strings, in bytes, are not remembered: they are sent for other reasons.
const LONGEST: usize = 8_192;

/// Strings of one rule that are remembered.
const MOST_ANSWERS: usize = 400;

/// One rule that may have to be asked about.
pub(super) struct Subject {
    /// Id of the promise.
    pub(super) promise: PromiseId,
    /// Place of the field in its operation.
    pub(super) path: FieldPath,
    /// Id of the operation.
    pub(super) operation: String,
    /// The rule.
    pub(super) rule: Rule,
}

/// The string rules with a pattern among the promises that some case of a plan tests.
pub(super) fn subjects(contract: &Contract, cases: &[Case]) -> Vec<Subject> {
    let tested: BTreeSet<&str> = cases
        .iter()
        .flat_map(|case| case.promises.iter().map(PromiseId::as_str))
        .collect();
    let mut out = Vec::new();
    for operation in &contract.operations {
        for field in operation.fields() {
            let promise = field.promise("pattern");
            let Some(rule) = field.schema.rule().filter(|r| r.pattern.is_some()) else {
                continue;
            };
            if tested.contains(promise.as_str()) && !field.schema.read_only {
                out.push(Subject {
                    promise,
                    path: field.path,
                    operation: operation.id.clone(),
                    rule,
                });
            }
        }
    }
    out
}

impl Probes {
    /// Takes a case as evidence where it is one: sent as HTTP libraries send it, with a body
    /// spelled as serializers spell it.
    pub(super) fn observe(&mut self, context: &Context<'_>, case: &Case, acceptance: Acceptance) {
        let Request::Http(request) = &case.request else {
            return;
        };
        let Some(operation) = context.contract.operation(&case.operation) else {
            return;
        };
        let accepted = match acceptance {
            Acceptance::Accepted => true,
            Acceptance::Refused => false,
            Acceptance::Neither => return,
        };
        let Some(bytes) = &request.body else { return };
        let Some((body, schema)) = serde_json::from_slice::<Value>(bytes)
            .ok()
            .zip(operation.body.as_ref().map(|b| &b.schema))
        else {
            return;
        };
        let spelled = body.to_string();
        if spelled.as_bytes() != bytes.as_slice()
            || *request != context.request(operation, request.body.clone())
        {
            return;
        }
        let strings = strings(context, operation, &body);
        if accepted {
            // Nothing else can have been wrong with it.
            if assess(schema, &body, context.texts).certainty == Assessment::SurelyInvalid
                && strings.iter().all(|s| s.says == Assessment::SurelyValid)
            {
                return;
            }
            for string in strings {
                self.add(string, true);
            }
            return;
        }
        let (sure, mut doubtful): (Vec<Of<'_>>, Vec<Of<'_>>) = strings
            .into_iter()
            .partition(|s| s.says == Assessment::SurelyValid);
        if doubtful.is_empty() {
            // Refused though every string is surely valid: it can only be for one that is new.
            let taken = |s: &Of<'_>| self.0.get(&s.promise).is_some_and(|a| a.accepted(s.text));
            doubtful = sure.into_iter().filter(|s| !taken(s)).collect();
        }
        let (Some(string), true) = (doubtful.pop(), doubtful.is_empty()) else {
            return;
        };
        // Whatever else is open would make the answer ambiguous.
        let mut fixed = body.clone();
        let valid = context.texts.get(&string.rule).and_then(Text::valid);
        let Some((place, valid)) = fixed.pointer_mut(&string.path.pointer()).zip(valid) else {
            return;
        };
        *place = Value::String(valid);
        if assess(schema, &fixed, context.texts).certainty == Assessment::SurelyValid {
            self.add(string, false);
        }
    }

    fn add(&mut self, string: Of<'_>, accepted: bool) {
        if string.text.len() > LONGEST {
            return;
        }
        let answers = self.0.entry(string.promise).or_insert_with(|| Answers {
            rule: string.rule,
            said: Vec::new(),
            asked: 0,
            separating: 0,
            slowness: None,
        });
        if answers.said.len() < MOST_ANSWERS {
            answers.add(string.text, accepted, false);
        }
    }

    /// Counts one request that was sent for the sake of a rule, to separate its listed readings or
    /// to see whether it is any of them, and takes the answer where there is one.
    pub(super) fn asked(
        &mut self,
        subject: &Subject,
        separating: bool,
        text: &str,
        accepted: Option<bool>,
    ) {
        let answers = self.0.entry(subject.promise.clone());
        let answers = answers.or_insert_with(|| Answers {
            rule: subject.rule.clone(),
            said: Vec::new(),
            asked: 0,
            separating: 0,
            slowness: None,
        });
        answers.asked += 1;
        answers.separating += u64::from(separating);
        if let Some(accepted) = accepted {
            answers.add(text, accepted, true);
        }
    }

    /// Keeps a string that was refused, where it turned out to be why.
    pub(super) fn refused(&mut self, subject: &Subject, text: &str) {
        if let Some(answers) = self.0.get_mut(&subject.promise) {
            answers.add(text, false, false);
        }
    }

    /// Drops what was answered about a promise's rule: it turned out to say nothing.
    pub(super) fn forget(&mut self, promise: &PromiseId) {
        self.0.remove(promise);
    }

    /// Keeps what was measured of a rule's matching time.
    pub(super) fn slow(&mut self, subject: &Subject, slowness: Slowness) {
        if let Some(answers) = self.0.get_mut(&subject.promise) {
            answers.slowness = Some(slowness);
        }
    }

    /// Whether something was said of a string.
    pub(super) fn knows(&self, promise: &PromiseId, text: &str) -> bool {
        let answers = self.0.get(promise);
        answers.is_some_and(|a| a.said.iter().any(|said| said.text == text))
    }

    /// What is known of a promise's rule, for the next question or the conclusion. Strings to which
    /// both answers were given are left out.
    pub(super) fn classifier<'t>(
        &self,
        promise: &PromiseId,
        rule: &Rule,
        texts: &'t Texts,
    ) -> Option<Classifier<'t>> {
        let survey = texts.survey(rule)?;
        let mut classifier = Classifier::with(texts.get(rule)?, (*survey).clone());
        for said in self.0.get(promise).iter().flat_map(|a| &a.said) {
            if let Some(accepted) = said.accepted {
                classifier.answer(&said.text, accepted);
            }
        }
        Some(classifier)
    }

    /// A string to which both answers were given when it was asked.
    fn unstable(&self, promise: &PromiseId) -> Option<&str> {
        let answers = self.0.get(promise)?;
        let mut said = answers.said.iter();
        let both = said.find(|said| said.direct && said.accepted.is_none());
        both.map(|said| said.text.as_str())
    }

    /// For every rule that was asked about or tested: its readings, and what the device does.
    pub(super) fn divergences(
        &self,
        contract: &Contract,
        texts: &Texts,
        cases: &[Case],
    ) -> Vec<Divergence> {
        subjects(contract, cases)
            .into_iter()
            .filter_map(|subject| {
                let answers = self.0.get(&subject.promise)?;
                let text = texts.get(&subject.rule)?;
                let classifier = self.classifier(&subject.promise, &subject.rule, texts)?;
                Some(self.divergence(subject.promise, answers, text, &classifier))
            })
            .collect()
    }

    fn divergence(
        &self,
        promise: PromiseId,
        answers: &Answers,
        text: &Text,
        classifier: &Classifier<'_>,
    ) -> Divergence {
        let readings = text.readings();
        let left = classifier.left();
        let classes = classifier.survey().classes();
        let mut places: Vec<usize> = left
            .iter()
            .filter_map(|&class| classes.get(class))
            .flat_map(|class| class.readings.iter().copied())
            .collect();
        places.sort_unstable();
        let fits: Vec<&Reading> = places.iter().filter_map(|&i| readings.get(i)).collect();
        let both = |string: &str| {
            let words = format!("{string:?} was taken once and refused once");
            (ReadingOutcome::Unstable, vec![words])
        };
        let (outcome, description) = match (self.unstable(&promise), classifier.outcome()) {
            (Some(string), _) => both(string),
            (None, Outcome::Unstable { text }) => both(&text),
            (None, Outcome::Unlisted { description, .. }) => {
                (ReadingOutcome::Unlisted, vec![description.to_string()])
            }
            (None, Outcome::Open { .. }) => (ReadingOutcome::Open, who(&fits)),
            (None, Outcome::Fits { proved, .. }) => {
                let outcome = if proved {
                    ReadingOutcome::Fits
                } else {
                    ReadingOutcome::Open
                };
                (outcome, who(&fits))
            }
        };
        let modelled = readings
            .iter()
            .filter(|r| r.compiles && r.modelled())
            .count();
        // Strings that all readings judge alike tell nothing, unless the device disagrees.
        let telling = |text_: &str, accepted: bool| match text.assess(text_) {
            Assessment::Open => true,
            Assessment::SurelyValid => !accepted,
            Assessment::SurelyInvalid => accepted,
        };
        let probes = answers.said.iter().flat_map(|said| match said.accepted {
            Some(accepted) => vec![(&said.text, accepted)],
            None => vec![(&said.text, true), (&said.text, false)],
        });
        Divergence {
            published: answers.rule.pattern.clone().unwrap_or_default(),
            device: DeviceReading {
                outcome,
                description,
                classes: left.len() as u64,
                excluded: modelled.saturating_sub(fits.len()) as u64,
                fits: fits.iter().map(|r| r.id.clone()).collect(),
                requests: answers.asked,
                separating: answers.separating,
                slowness: answers.slowness.clone(),
                probes: probes
                    .filter(|(input, accepted)| telling(input, *accepted))
                    .map(|(input, accepted)| Probe {
                        input: input.clone(),
                        accepted,
                    })
                    .collect(),
            },
            readings: readings
                .iter()
                .map(|r| ReadingRef {
                    id: r.id.clone(),
                    repair: r.repair.to_string(),
                    dialect: r.dialect.to_string(),
                    mode: r.mode.to_owned(),
                    unit: r.unit.to_owned(),
                    compiles: r.compiles,
                })
                .collect(),
            promise,
        }
    }
}

/// One string of a body and its rule.
struct Of<'b> {
    promise: PromiseId,
    path: FieldPath,
    rule: Rule,
    text: &'b str,
    says: Assessment,
}

/// The strings of a body that a pattern rules.
fn strings<'b>(context: &Context<'_>, operation: &Operation, body: &'b Value) -> Vec<Of<'b>> {
    let mut out = Vec::new();
    for field in operation.fields() {
        let (Some(Value::String(text)), Some(rule)) =
            (body.pointer(&field.path.pointer()), field.schema.rule())
        else {
            continue;
        };
        let Some(readings) = context.texts.get(&rule).filter(|_| rule.pattern.is_some()) else {
            continue;
        };
        out.push(Of {
            promise: field.promise("pattern"),
            path: field.path,
            says: readings.assess(text),
            rule,
            text,
        });
    }
    out
}
