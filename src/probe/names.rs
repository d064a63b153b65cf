//! Items and their ids: the one that comes is the one that was asked for, and ids that a device which
//! counts in fewer bits takes for the same one lead to another or to none.

use super::engine::Probe;
use super::observation::Observation;
use crate::case::{Case, Check};
use crate::contract::{JsonType, Operation};
use crate::exchange::{Exchange, HttpRequest, Part, Request};
use crate::json;
use crate::judge::{Acceptance, Deviation};
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// What is added to an id: where counters of firmware begin again.
const WRAPS: [u64; 2] = [1 << 16, 1 << 32];

impl Probe<'_> {
    /// Asks for the item of an answer by ids that are other ones. What is accused is the item itself, told
    /// by its own id: another item may be there, and resources may have several names that are alike.
    pub(super) async fn look_at_names(&self, case: &Case, seen: &mut Observation) {
        if case.check != Check::Names || seen.judgement.acceptance != Acceptance::Accepted {
            return;
        }
        let promise = case.main_promise();
        match self.served_elsewhere(case, &seen.exchange).await {
            Ok(None) => {}
            Ok(Some(deviation)) => seen.broken(promise, deviation),
            Err(why) => seen.judgement.left(&promise, why.to_owned()),
        }
    }

    /// That an item is served under another id, if it is.
    ///
    /// # Errors
    /// Why nothing can be said of it.
    async fn served_elsewhere(
        &self,
        case: &Case,
        shown: &Exchange,
    ) -> Result<Option<Deviation>, &'static str> {
        let Request::Http(http) = &case.request else {
            return Err("it is no plain read");
        };
        let operation = self.contract().operation(&case.operation);
        let parameter = operation.and_then(Operation::item_parameter);
        let (Some(parameter), Some(named), Some(item_shown)) =
            (parameter, named(http), item(shown))
        else {
            return Err("no item came");
        };
        // Its id has the parameter's own name and type.
        let own = item_shown.get(&parameter.name);
        let own = own.filter(|value| match parameter.schema.types.as_slice() {
            [JsonType::Integer] => value.is_u64(),
            [JsonType::String] => value.is_string(),
            _ => false,
        });
        if let Some(own) = own.filter(|own| !names(Some(own), &named)) {
            let own = one_word(own);
            return Ok(Some(Deviation::another_item(&parameter.name, &named, &own)));
        }
        let Ok(id) = named.parse::<u64>() else {
            return own.map(|_| None).ok_or("the item does not show its id");
        };
        let member = naming_member(&item_shown, &named).ok_or("the item does not show its id")?;
        for wrap in WRAPS {
            let other = id.checked_add(wrap).ok_or("the id is too large")?;
            let request = with_id(http, id, other).ok_or("the path does not end with the id")?;
            let exchange = self.session().send(&Request::Http(request), false).await;
            if exchange.answer().is_none() {
                return Err("no answer came");
            }
            let again = item(&exchange);
            if again.is_some_and(|again| names(again.get(&member), &named)) {
                return Ok(Some(Deviation::item_of_another_name(&member, id, other)));
            }
        }
        Ok(None)
    }
}

fn one_word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The object of a success.
fn item(exchange: &Exchange) -> Option<Value> {
    let answer = exchange
        .answer()
        .filter(|a| (200..300).contains(&a.status))?;
    json::read(&answer.body).filter(Value::is_object)
}

/// What stands at the end of a path.
fn named(http: &HttpRequest) -> Option<String> {
    let target = http.target.to_string();
    let path = target.split(['?', '#']).next()?;
    let last = percent_decode_str(path.rsplit('/').next()?);
    Some(last.decode_utf8().ok()?.into_owned())
}

/// The one member that holds the id. Where several do, each may be about something else.
fn naming_member(item: &Value, id: &str) -> Option<String> {
    let mut members = item.as_object()?.iter();
    let mut holds = members.by_ref().filter(|(_, value)| names(Some(value), id));
    let (name, _) = holds.next()?;
    holds.next().is_none().then(|| name.clone())
}

fn names(value: Option<&Value>, id: &str) -> bool {
    match value {
        Some(Value::Number(number)) => number.to_string() == id,
        // Letters of an id in hexadecimal have no case of their own (RFC 9562 §4).
        Some(Value::String(text)) => text.eq_ignore_ascii_case(id),
        _ => false,
    }
}

/// The request for another id.
fn with_id(http: &HttpRequest, id: u64, other: u64) -> Option<HttpRequest> {
    let mut http = http.clone();
    let Part::Text(text) = http.target.0.first_mut()? else {
        return None;
    };
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let (path, rest) = text.split_at(end);
    let above = path.strip_suffix(&format!("/{id}"))?;
    *text = format!("{above}/{other}{rest}");
    Some(http)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_item_is_told_by_the_one_member_that_holds_its_id() {
        for (item, want) in [
            (json!({"id": 7, "name": "a"}), Some("id")),
            (json!({"id": "7"}), Some("id")),
            (json!({"id": 7, "floor": 7}), None),
            (json!({"id": 70}), None),
            (json!([7]), None),
        ] {
            assert_eq!(naming_member(&item, "7").as_deref(), want, "{item}");
        }
    }
}
