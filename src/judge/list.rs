//! What the parameters of a list promise of the list that came: no more items than they say, and only
//! those that they choose. Part of [`super`].

use super::{Acceptance, CaseJudge, Deviation, Judgement};
use crate::contract::{
    Chooses, Filter, JsonType, Operation, Parameter, PromiseId, assess, falls, query_value,
    sorted_by,
};
use crate::exchange::Request;
use crate::pattern::Assessment;
use serde_json::Value;
use std::cmp::Ordering;

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
        for filter in &listing.filters {
            if let Some(wanted) = sent(filter.parameter) {
                self.filter(judgement, filter, &wanted, items);
            }
        }
        let direction = listing.direction.and_then(sent);
        let direction = direction.as_ref().and_then(Value::as_str).and_then(falls);
        // What the order is, or a direction is about, if nothing else is asked for, the document says.
        let usual = |p: &Parameter| {
            let usual = p.schema.default.clone();
            let directed = usual.as_ref().and_then(Value::as_str);
            let directed = directed.is_some_and(|word| sorted_by(word).1.is_some());
            usual.filter(|_| direction.is_some() || directed)
        };
        let sort = listing
            .sort
            .and_then(|p| Some((p, sent(p).or_else(|| usual(p))?)));
        let turned = |p: &Parameter, word: &str| {
            let words = p.schema.enum_values.iter().flatten();
            let mut words = words.filter_map(Value::as_str);
            let turned = words.any(|other| other.strip_prefix('-') == Some(word));
            turned.then_some(false)
        };
        if let Some((parameter, Value::String(word))) = sort
            // Beside `-word`, `word` is the other way round.
            && let Some(sorted) = is_sorted(items, &word, direction.or(turned(parameter, &word)))
        {
            let promise = promise(self.operation, parameter, "sorts");
            match sorted {
                true => judgement.kept(&promise),
                false => judgement.broken(&promise, Deviation::list_unsorted(&word)),
            }
        }
    }

    fn filter(
        &self,
        judgement: &mut Judgement,
        filter: &Filter<'_>,
        wanted: &Value,
        items: &[Value],
    ) {
        let promise = promise(self.operation, filter.parameter, "filters");
        let member = filter.member;
        let fits = |value: &Value| match filter.chooses {
            Chooses::Equal => value == wanted,
            // What stands above a word may come too.
            Chooses::Among => true,
            Chooses::From => order(value, wanted).is_none_or(Ordering::is_ge),
            Chooses::To => order(value, wanted).is_none_or(Ordering::is_le),
        };
        let mut shown = items.iter().filter_map(|item| item.get(member)).peekable();
        if filter.chooses == Chooses::Among || shown.peek().is_none() {
            return;
        }
        match shown.find(|value| !fits(value)) {
            Some(other) => {
                judgement.broken(&promise, Deviation::list_unfiltered(member, wanted, other));
            }
            None => judgement.kept(&promise),
        }
    }

    /// The value of a parameter in the query of a target, where it is there once and surely valid.
    fn sent(&self, target: &str, parameter: &Parameter) -> Option<Value> {
        let text = query_value(target, &parameter.name)?;
        let value = match parameter.schema.types.as_slice() {
            [JsonType::String] => Value::from(text),
            _ if parameter.schema.enum_values.is_some() => Value::from(text),
            [JsonType::Boolean] => Value::from(text.parse::<bool>().ok()?),
            _ => Value::from(text.parse::<u64>().ok().filter(|n| n.to_string() == text)?),
        };
        let assessed = assess(&parameter.schema, &value, self.judging.texts);
        (assessed.certainty == Assessment::SurelyValid).then_some(value)
    }
}

fn promise(operation: &Operation, parameter: &Parameter, what: &str) -> PromiseId {
    let statement = format!("parameters.{}.{what}", operation.parameter_key(parameter));
    PromiseId::new(&operation.id, &statement)
}

/// The order of two numbers or moments; `None` for what has no order that everybody shares.
fn order(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => crate::json::compare(one, other),
        (Value::String(one), Value::String(other)) => {
            let read = |text: &str| text.parse::<jiff::Timestamp>().ok();
            Some(read(one)?.cmp(&read(other)?))
        }
        _ => None,
    }
}

/// Whether items come in the order that a word asks for; `None` where that cannot be told. A word that
/// gives no direction is content with either, unless a parameter of its own gives one.
fn is_sorted(items: &[Value], word: &str, direction: Option<bool>) -> Option<bool> {
    let (member, falls) = sorted_by(word);
    let falls = falls.or(direction);
    let values: Option<Vec<&Value>> = items.iter().map(|item| item.get(member)).collect();
    let values = values?;
    let mut steps = Vec::new();
    for pair in values.windows(2) {
        let [one, next] = pair else { continue };
        steps.push(order(one, next)?);
    }
    // Fewer than two different values have every order.
    steps.iter().any(|step| step.is_ne()).then_some(())?;
    let rises = steps.iter().all(|step| step.is_le());
    let sinks = steps.iter().all(|step| step.is_ge());
    Some(match falls {
        Some(true) => sinks,
        Some(false) => rises,
        None => rises || sinks,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_order_is_told() {
        let items =
            |values: &[Value]| -> Vec<Value> { values.iter().map(|v| json!({"at": v})).collect() };
        let (a, b) = ("2026-01-01T00:00:00Z", "2026-01-01T02:00:00+01:00");
        let directed = [
            (Some(false), Some(true)),
            (Some(true), Some(false)),
            (None, Some(true)),
        ];
        for (direction, want) in directed {
            let rising = items(&[json!(1), json!(2)]);
            assert_eq!(is_sorted(&rising, "at", direction), want, "{direction:?}");
        }
        let table = [
            (vec![json!(1), json!(2), json!(2)], "at", Some(true)),
            (vec![json!(3), json!(2), json!(1)], "at", Some(true)),
            (vec![json!(1), json!(3), json!(2)], "at", Some(false)),
            (vec![json!(1), json!(2)], "-at", Some(false)),
            (vec![json!(2), json!(1)], "at:desc", Some(true)),
            (vec![json!(2), json!(1)], "at_asc", Some(false)),
            (vec![json!(a), json!(b)], "+at", Some(true)),
            // Of one value, of texts, of another member.
            (vec![json!(2), json!(2)], "at", None),
            (vec![json!("b"), json!("a")], "at", None),
            (vec![json!(2), json!(1)], "name", None),
        ];
        for (values, word, want) in table {
            let sorted = is_sorted(&items(&values), word, None);
            assert_eq!(sorted, want, "{values:?} {word}");
        }
    }
}
