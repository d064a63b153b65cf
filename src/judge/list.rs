//! What the parameters of a list promise of the list that came: no more items than they say, and only
//! those that they choose. Part of [`super`].

use super::{Acceptance, CaseJudge, Deviation, Judgement};
use crate::contract::{Operation, Parameter, PromiseId, assess};
use crate::exchange::Request;
use crate::pattern::Assessment;
use percent_encoding::percent_decode_str;
use serde_json::Value;

impl CaseJudge<'_> {
    /// Judges the list that a `GET` with parameters of a list drew.
    pub(super) fn list(&self, judgement: &mut Judgement) {
        let Request::Http(request) = &self.case.request else {
            return;
        };
        if request.method != "GET" || judgement.acceptance != Acceptance::Accepted {
            return;
        }
        let Some(listing) = self.operation.listing() else {
            return;
        };
        let target = request.target.to_string();
        let sent = |parameter: &Parameter| self.sent(&target, parameter);
        let Some(body) = self.json() else { return };
        let Some(items) = body.pointer(&listing.array).and_then(Value::as_array) else {
            return;
        };
        let most = listing.limit.and_then(|p| Some((p, sent(p)?.as_u64()?)));
        if let Some((parameter, most)) = most {
            let promise = promise(self.operation, parameter, "limits");
            let count = items.len() as u64;
            // Some devices take 0 for "all of them". What is shorter may be all that there is.
            if most > 0 && count > most {
                let deviation = Deviation::list_too_long(&parameter.name, most, count);
                judgement.broken(&promise, deviation);
            } else if count == most {
                judgement.kept(&promise);
            }
        }
        for (parameter, member) in &listing.filters {
            let Some(wanted) = sent(parameter) else {
                continue;
            };
            let promise = promise(self.operation, parameter, "filters");
            let mut shown = items.iter().filter_map(|item| item.get(member)).peekable();
            if shown.peek().is_none() {
                continue;
            }
            match shown.find(|value| **value != wanted) {
                Some(other) => {
                    judgement.broken(&promise, Deviation::list_unfiltered(member, &wanted, other));
                }
                None => judgement.kept(&promise),
            }
        }
    }

    /// The value of a parameter in the query of a target, where it is there once and surely valid.
    fn sent(&self, target: &str, parameter: &Parameter) -> Option<Value> {
        let (_, query) = target.split_once('?')?;
        let mut values = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .filter(|(name, _)| {
                percent_decode_str(name)
                    .decode_utf8()
                    .is_ok_and(|n| n == parameter.name)
            })
            .map(|(_, value)| value);
        let (value, None) = (values.next()?, values.next()) else {
            return None;
        };
        let text = percent_decode_str(value).decode_utf8().ok()?;
        let value = match parameter.schema.enum_values {
            Some(_) => Value::from(text.as_ref()),
            None => Value::from(text.parse::<u64>().ok().filter(|n| n.to_string() == text)?),
        };
        let assessed = assess(&parameter.schema, &value, self.judging.texts);
        (assessed.certainty == Assessment::SurelyValid).then_some(value)
    }
}

fn promise(operation: &Operation, parameter: &Parameter, what: &str) -> PromiseId {
    let statement = format!("parameters.{}.{what}", operation.parameter_key(parameter));
    PromiseId::new(&operation.id, &statement)
}
