//! What an expectation rests on: a sentence of the document or a MUST of an RFC, or less than that.
//! A finding of the second sort is *arguable*: the device may be meant so. Which sort it is follows
//! from the case and the kind of deviation, here and nowhere else. Pure.

use super::catalogue::Kind;
use super::{refusal, status};
use crate::case::{Case, Expect, Fault, SuccessIs, is_any_text};
use crate::contract::{FaultKind, Operation, Parameter, Step};
use crate::exchange::{Answer, Request};
use crate::json;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Why a finding is arguable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// A method that the document does not name.
    OtherMethod,
    /// A 5xx that the document lists.
    DocumentedFailure,
    /// A status that nobody defines.
    StatusNotListed,
    /// A body without a media type.
    NoMediaType,
    /// How long an answer takes.
    Time,
    /// A body that is no JSON, and no sentence says what becomes of those.
    MoreThanJson,
    /// A value of a `format` that nothing else says.
    Format,
    /// A message that HTTP does not allow and that a server should refuse.
    OddMessage,
    /// A read that only the profile names.
    NotDescribed,
    /// A request of which the document or HTTP leaves open what it means.
    LeftOpen,
    /// A list that leaves something out.
    NotListed,
    /// A message with more octets behind it than its length says.
    TwoMessages,
    /// A text of our making, refused for what it says.
    Meaning,
    /// A value that is stored in another form.
    OtherForm,
    /// A valid message, refused for its size.
    Size,
    /// A failure of what surrounds the device.
    Surroundings,
}

impl Ground {
    /// Every one.
    pub const ALL: [Ground; 16] = [
        Ground::OtherMethod,
        Ground::DocumentedFailure,
        Ground::StatusNotListed,
        Ground::NoMediaType,
        Ground::Time,
        Ground::MoreThanJson,
        Ground::Format,
        Ground::OddMessage,
        Ground::NotDescribed,
        Ground::LeftOpen,
        Ground::NotListed,
        Ground::TwoMessages,
        Ground::Meaning,
        Ground::OtherForm,
        Ground::Size,
        Ground::Surroundings,
    ];

    /// The reason in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Ground::OtherMethod => {
                "the document does not say that the path serves no other method than those it names"
            }
            Ground::DocumentedFailure => {
                "the document lists this status among the answers of the operation"
            }
            Ground::StatusNotListed => {
                "a document need not list every status (OpenAPI, Responses Object), and RFC 9110 \
                 \u{a7}15 lets servers define more"
            }
            Ground::NoMediaType => {
                "a body should have a media type, and need not (RFC 9110 \u{a7}8.3)"
            }
            Ground::Time => "no sentence says how long an answer may take",
            Ground::MoreThanJson => {
                "a JSON parser may take more than JSON (RFC 8259 \u{a7}9), and the document does not \
                 say what becomes of such a body"
            }
            Ground::Format => {
                "`format` is an annotation, which a device need not check (JSON Schema Validation \
                 \u{a7}7.2.1)"
            }
            Ground::OddMessage => {
                "a server should refuse such a message, and need not (RFC 9112 \u{a7}2.2, \u{a7}8)"
            }
            Ground::NotDescribed => "only the profile names this request, not the document",
            Ground::LeftOpen => "the document leaves open what such a request means",
            Ground::NotListed => "no sentence says that the list shows every item",
            Ground::TwoMessages => {
                "more octets follow than the length says: the refusal may be of those, as of a \
                 second request"
            }
            Ground::Meaning => {
                "the document says no more of the value than that it is a text, and the refusal is \
                 of what this one says"
            }
            Ground::OtherForm => {
                "no sentence says that blanks at the ends of a text, its letter case or the order of \
                 different items are kept"
            }
            Ground::Size => "no sentence says how large a request may be",
            Ground::Surroundings => {
                "the answer speaks of a host or a network that cannot be reached, which may be true \
                 where the device stands"
            }
        }
    }
}

/// Of a 5xx.
pub(super) fn of_failure(operation: &Operation, answer: &Answer) -> Option<Ground> {
    if status::listed(operation, answer.status) {
        return Some(Ground::DocumentedFailure);
    }
    let said = String::from_utf8_lossy(&answer.body).to_lowercase();
    let elsewhere = UNREACHABLE.iter().any(|words| said.contains(words));
    elsewhere.then_some(Ground::Surroundings)
}

/// What libraries say of another host that cannot be found or reached: names of POSIX errors and of
/// resolvers, and their texts.
const UNREACHABLE: [&str; 16] = [
    "eai_again",
    "econnrefused",
    "ehostunreach",
    "enetunreach",
    "enotfound",
    "etimedout",
    "getaddrinfo",
    "connection refused",
    "could not resolve",
    "failed to establish a new connection",
    "name or service not known",
    "name resolution",
    "network is unreachable",
    "no route to host",
    "no such host",
    "nodename nor servname",
];

/// Of a refusal of what is surely valid: the device may know more of a text than the document says.
pub(super) fn of_refusal(case: &Case, operation: &Operation, answer: &Answer) -> Option<Ground> {
    if status::speaks_of_size(answer.status) && !case.is_plain() {
        return Some(Ground::Size);
    }
    let promise = case.main_promise();
    let about = |p: &&Parameter| {
        let key = operation.parameter_key(p);
        promise.as_str() == format!("{}.parameters.{key}.type", operation.id)
    };
    if let Some(parameter) = operation.parameters.iter().find(about) {
        return is_any_text(&parameter.schema).then_some(Ground::Meaning);
    }
    let Request::Http(request) = &case.request else {
        return None;
    };
    let body = request.body.as_ref()?;
    let said = String::from_utf8_lossy(&answer.body);
    let sent: Value = json::read(body)?;
    let fields = operation.fields();
    let named = fields.iter().any(|field| {
        let name = field.path.leaf().unwrap_or_default();
        let texts = values_at(&sent, &field.path.0);
        let mut texts = texts.into_iter().filter_map(Value::as_str);
        let quoted = |text: &str| text.len() >= SHORTEST_QUOTED && said.contains(text);
        // That it is empty says nothing of its meaning.
        let of_it = |text: &str| quoted(text) || !text.is_empty() && has_word(&said, name);
        is_any_text(field.schema) && texts.any(of_it)
    });
    named.then_some(Ground::Meaning)
}

/// Whether a text has a word, of whatever case.
fn has_word(text: &str, word: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.any(|w| w.eq_ignore_ascii_case(word))
}

/// Octets from which on a text does not stand in an answer by chance.
const SHORTEST_QUOTED: usize = 5;

/// Every value at a path of a body; of lists each item.
fn values_at<'v>(value: &'v Value, path: &[Step]) -> Vec<&'v Value> {
    let Some((step, rest)) = path.split_first() else {
        return vec![value];
    };
    match step {
        Step::Member(name) => value
            .get(name)
            .map_or_else(Vec::new, |v| values_at(v, rest)),
        Step::Item => {
            let items = value.as_array().into_iter().flatten();
            items.flat_map(|item| values_at(item, rest)).collect()
        }
    }
}

/// Of what a case has left or shows, as a deviation of this kind.
pub(super) fn of_effect(case: &Case, kind: Kind) -> Option<Ground> {
    if kind == Kind::StateChangedByRefusal {
        return (case.input_class == "http:length-ignored").then_some(Ground::TwoMessages);
    }
    let open = matches!(
        case.expect,
        Expect::Either { .. } | Expect::Answered { .. } | Expect::Survived { .. }
    );
    (open && !case.is_valid()).then_some(Ground::LeftOpen)
}

/// Of what must not be served and was.
pub(super) fn of_service(case: &Case, success: SuccessIs, operation: &Operation) -> Option<Ground> {
    match success {
        SuccessIs::MethodNotRefused => Some(Ground::OtherMethod),
        SuccessIs::AuthNotEnforced => {
            (case.input_class == "auth:read-back").then_some(Ground::NotDescribed)
        }
        SuccessIs::AcceptsInvalid => of_acceptance(case, operation),
    }
}

/// Of a request that was accepted though it is surely invalid.
pub(super) fn of_acceptance(case: &Case, operation: &Operation) -> Option<Ground> {
    let (class, promise) = (case.input_class.as_str(), case.main_promise());
    if matches!(class, "http:bad-chunk" | "http:incomplete-chunks") {
        return Some(Ground::OddMessage);
    }
    if promise.ends_with(".format") {
        return Some(Ground::Format);
    }
    let not_json = match &case.expect {
        Expect::Refused { faults } => faults.iter().any(|f| f.kind == FaultKind::NotJson),
        Expect::NotServed {
            success: SuccessIs::AcceptsInvalid,
        } => true,
        _ => false,
    };
    // Where the document says how it answers such a body, it says that it does.
    let fault = Fault::whole(FaultKind::NotJson);
    let said = !refusal::tied_statuses(operation, &[fault]).is_empty();
    let extension = promise.ends_with(".body.json") && !NO_EXTENSION.contains(&class);
    (not_json && extension && !said).then_some(Ground::MoreThanJson)
}

/// Classes of bodies that are no JSON and no extension of it either: nothing, something else, a part
/// of it, octets that are no UTF-8 (RFC 8259 §8.1), without end.
const NO_EXTENSION: [&str; 5] = [
    "json-syntax:nothing",
    "json-syntax:cut",
    "json-syntax:not-utf-8",
    "json-syntax:no-body",
    "json-syntax:depth",
];

#[cfg(test)]
mod tests {
    use super::Ground;

    #[test]
    fn every_ground_has_words_of_its_own() {
        let words: std::collections::BTreeSet<&str> =
            Ground::ALL.into_iter().map(Ground::words).collect();
        assert_eq!(words.len(), Ground::ALL.len());
        for words in words {
            assert!(!words.ends_with('.'), "{words}");
        }
    }
}
