//! Which readings of a string rule the device's answers allow. Pure.
//!
//! Every request whose only open question is how one string rule is to be read is a probe: whether
//! the device took it refutes the readings that say otherwise.

use super::result::{DeviceReading, Divergence, Probe, ReadingRef};
use crate::case::Case;
use crate::contract::{Contract, assess};
use crate::exchange::Request;
use crate::judge::{Law, Took};
use crate::pattern::{Assessment, Rule, Texts};
use serde_json::Value;
use std::collections::BTreeMap;

/// Probes by the promise that they concern.
#[derive(Debug, Default)]
pub(super) struct Probes(BTreeMap<String, Seen>);

#[derive(Debug)]
struct Seen {
    rule: Rule,
    probes: Vec<Probe>,
}

impl Probes {
    /// Takes a case as a probe where it is one: a body in which exactly one string is open between
    /// readings and everything else is surely valid.
    pub(super) fn observe(&mut self, law: Law<'_>, case: &Case, took: Took) {
        let (Took::Accepted | Took::Refused, Request::Http(request)) = (took, &case.request) else {
            return;
        };
        let Some(operation) = law.contract.operation(&case.operation) else {
            return;
        };
        if request.method != operation.method || !uses_credentials(request, operation.needs_auth())
        {
            return;
        }
        let Some((body, schema)) = request
            .body
            .as_ref()
            .and_then(|b| serde_json::from_slice::<Value>(b).ok())
            .zip(operation.body.as_ref().map(|b| &b.schema))
        else {
            return;
        };
        let whole = assess(schema, &body, law.texts);
        let mut open: Option<(String, Rule, String)> = None;
        for field in operation.fields() {
            let (Some(Value::String(text)), Some(rule)) =
                (body.pointer(&field.path.pointer()), field.schema.rule())
            else {
                continue;
            };
            let Some(readings) = law.texts.get(&rule) else {
                continue;
            };
            match readings.assess(text) {
                Assessment::SurelyValid => {}
                Assessment::Open if open.is_none() && rule.pattern.is_some() => {
                    open = Some((format!("{}.pattern", field.promise), rule, text.clone()));
                }
                _ => return,
            }
        }
        let Some((promise, rule, input)) = open else {
            return;
        };
        // Anything else that is open would make the answer ambiguous.
        let others = whole.faults.iter().filter(|f| f.certain).count();
        let mut fixed = body;
        let replaced = operation
            .fields()
            .into_iter()
            .find_map(|f| (format!("{}.pattern", f.promise) == promise).then(|| f.path.pointer()));
        if let (Some(pointer), Some(valid)) = (
            replaced,
            law.texts.get(&rule).and_then(crate::pattern::Text::valid),
        ) && let Some(place) = fixed.pointer_mut(&pointer)
        {
            *place = Value::String(valid);
        }
        if others > 0 || assess(schema, &fixed, law.texts).certainty != Assessment::SurelyValid {
            return;
        }
        let seen = self.0.entry(promise).or_insert_with(|| Seen {
            rule,
            probes: Vec::new(),
        });
        if !seen.probes.iter().any(|p| p.input == input) {
            seen.probes.push(Probe {
                input,
                accepted: took == Took::Accepted,
            });
        }
    }

    /// For every probed rule: its readings, and those that no answer refutes.
    pub(super) fn divergences(&self, contract: &Contract, texts: &Texts) -> Vec<Divergence> {
        contract
            .promises
            .iter()
            .filter_map(|promise| {
                let seen = self.0.get(&promise.id)?;
                let readings = texts.get(&seen.rule)?.readings();
                let fits: Vec<String> = readings
                    .iter()
                    .filter(|r| r.compiles)
                    .filter(|r| {
                        seen.probes
                            .iter()
                            .all(|p| r.accepts(&p.input) == p.accepted)
                    })
                    .map(|r| r.id.clone())
                    .collect();
                let compiling = readings.iter().filter(|r| r.compiles).count();
                Some(Divergence {
                    promise: promise.id.clone(),
                    published: seen.rule.pattern.clone().unwrap_or_default(),
                    device: DeviceReading {
                        excluded: (compiling - fits.len()) as u64,
                        fits,
                        requests: seen.probes.len() as u64,
                        probes: seen.probes.clone(),
                    },
                    readings: readings
                        .iter()
                        .map(|r| ReadingRef {
                            id: r.id.clone(),
                            repair: r.repair.clone(),
                            dialect: r.dialect.clone(),
                            mode: r.mode.clone(),
                            unit: r.unit.clone(),
                            compiles: r.compiles,
                        })
                        .collect(),
                })
            })
            .collect()
    }
}

fn uses_credentials(request: &crate::exchange::HttpRequest, needed: bool) -> bool {
    !needed || request.target.has_secret() || request.headers.iter().any(|(_, v)| v.has_secret())
}
