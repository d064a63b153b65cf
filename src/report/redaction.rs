//! Events and reports without secrets: what a device quotes of a request or gives out is masked
//! before any listener hears of it and before any format is written.

use crate::judge::{Judgement, Ruling};
use crate::redact::Redactor;
use crate::run::event::Event;
use crate::run::result::Report;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::io;

/// The report with every secret masked. Recipes that would show one are left out.
///
/// # Errors
/// None in practice: a masked report is a report.
pub fn redacted(report: &Report, redactor: &Redactor) -> io::Result<Report> {
    masked(report, redactor)
        .ok_or_else(|| io::Error::other("the report cannot be written without secrets in it"))
}

fn masked<T: Serialize + DeserializeOwned>(thing: &T, redactor: &Redactor) -> Option<T> {
    let mut value = serde_json::to_value(thing).ok()?;
    redactor.json(&mut value);
    serde_json::from_value(value).ok()
}

/// A judgement without secrets: what a device chose and how it deviates quotes the device.
fn told<'j>(redactor: &Redactor, judgement: &'j Judgement) -> Cow<'j, Judgement> {
    if judgement.choice.is_none() && judgement.deviations().next().is_none() {
        return Cow::Borrowed(judgement);
    }
    let mut judgement = judgement.clone();
    if let Some((_, device)) = &mut judgement.choice {
        *device = redactor.text(device).into_owned();
    }
    for verdict in &mut judgement.verdicts {
        if let Ruling::Broken(deviation) = &mut verdict.ruling
            && let Some(masked) = masked(deviation, redactor)
        {
            *deviation = masked;
        }
    }
    Cow::Owned(judgement)
}

/// Hands on the event without secrets. What cannot be masked is not handed on.
pub(super) fn event(redactor: &Redactor, event: &Event<'_>, to: &mut dyn FnMut(&Event<'_>)) {
    match event {
        Event::Note(text) => to(&Event::Note(&redactor.text(text))),
        Event::CaseDone {
            case,
            title,
            broken,
            sent,
        } => to(&Event::CaseDone {
            case,
            title: &redactor.own_text(title),
            broken: *broken,
            sent: *sent,
        }),
        Event::Settings(before) => {
            let mut before = (*before).clone();
            before.values_mut().for_each(|v| redactor.values(v));
            to(&Event::Settings(&before));
        }
        Event::Creating(step) => {
            let mut step = (*step).clone();
            step.values_mut().for_each(|v| redactor.values(v));
            to(&Event::Creating(&step));
        }
        Event::Baseline(states) => {
            let mut states = (*states).clone();
            states.values_mut().for_each(|v| redactor.values(v));
            to(&Event::Baseline(&states));
        }
        Event::Judged {
            case,
            judgement,
            answered,
            joined,
        } => {
            let judgement = told(redactor, judgement);
            to(&Event::Judged {
                case,
                judgement: &judgement,
                answered: *answered,
                joined,
            });
        }
        Event::Campaign(value) => {
            let mut value = (*value).clone();
            redactor.json(&mut value);
            to(&Event::Campaign(&value));
        }
        Event::File { name, content } => to(&Event::File {
            name,
            content: &redactor.bytes(content),
        }),
        Event::ErrorAnswer(answer) => {
            let mut answer = (*answer).clone();
            answer.text = redactor.text(&answer.text).into_owned();
            to(&Event::ErrorAnswer(&answer));
        }
        Event::Found(finding) => {
            if let Some(finding) = masked(*finding, redactor) {
                to(&Event::Found(&finding));
            }
        }
        Event::Finished(report) => {
            if let Some(report) = masked(*report, redactor) {
                to(&Event::Finished(&report));
            }
        }
        Event::Started { .. } | Event::Stated { .. } | Event::Checkpoint | Event::Restoring => {
            to(event);
        }
    }
}
