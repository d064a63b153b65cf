//! Refusals under a success status, as the document describes them: a member of the answer that says
//! whether the request was carried out (`success: false`, `code: 1003`), or an alternative of the answer
//! that is an error (`{"error": …}`). Pure.

use super::exchange;
use super::model::{JsonType, Operation, Schema};
use super::shape;
use serde_json::Value;

/// Truth values that say it by their name.
const TRUTHS: [&str; 5] = ["success", "succeeded", "successful", "ok", "issuccess"];

/// Numbers that say it where their description says which one is a success.
const CODES: [&str; 14] = [
    "code",
    "errcode",
    "errorcode",
    "error",
    "errno",
    "retcode",
    "returncode",
    "ret",
    "rc",
    "result",
    "resultcode",
    "status",
    "statuscode",
    "responsecode",
];

/// Members that are there where something went wrong.
const ERRORS: [&str; 4] = ["error", "errors", "fault", "exception"];

/// Texts that say it by name and value.
const WORDED: [&str; 6] = [
    "status",
    "result",
    "outcome",
    "statusstring",
    "stat",
    "code",
];
const FAILED: [&str; 12] = [
    "error", "err", "fail", "failed", "failure", "ko", "nok", "refused", "rejected", "denied",
    "invalid", "fehler",
];
const SUCCEEDED: [&str; 8] = [
    "ok",
    "success",
    "succeeded",
    "successful",
    "done",
    "accepted",
    "pass",
    "erfolg",
];

/// What an answer with a success status says of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// Nothing else than its status.
    Nothing,
    /// It was not carried out, as the document has a truth value or a number for it.
    Refused,
    /// It was not carried out: an error stands in its place. Whether for what the request holds or for
    /// the state of the device, the document does not say.
    Failed,
    /// Some of it was carried out and some was not.
    Partly,
    /// It looks like a failure in a form of which the document says nothing.
    Unclear,
}

impl Carried {
    /// Whether the request was not carried out.
    #[must_use]
    pub fn is_refusal(self) -> bool {
        matches!(self, Carried::Refused | Carried::Failed)
    }
}

/// Whether an answer with a success status says, by what the document has for it, that the request was
/// not carried out.
#[must_use]
pub fn refuses(operation: &Operation, status: u16, body: &Value) -> bool {
    carried(operation, status, body).is_refusal()
}

/// What an answer with a success status says of the request.
#[must_use]
pub fn carried(operation: &Operation, status: u16, body: &Value) -> Carried {
    let response = operation.response(status);
    let schema = response.and_then(|r| r.schema.as_ref());
    if says_by_member(operation, schema, body) {
        return Carried::Refused;
    }
    let safe = exchange::is_safe(&operation.method);
    match body {
        Value::Array(items) => {
            let failed = items.iter().filter(|item| {
                let lists = schema.into_iter().flat_map(|s| parts(s, 0));
                let mut rules = lists.filter_map(|list| list.items.as_deref());
                rules.any(|rules| is_error_alternative(rules, item))
            });
            match failed.count() {
                0 => Carried::Nothing,
                n if n == items.len() => Carried::Failed,
                _ => Carried::Partly,
            }
        }
        Value::Object(members) => {
            let written = operation.body.as_ref().map(|b| shape::members(&b.schema));
            let written = |name: &str| written.iter().flatten().any(|(n, _)| *n == name);
            let mut telling = members
                .iter()
                .filter(|(name, value)| is_error(name, value) && !written(name))
                .peekable();
            if telling.peek().is_none() {
                return Carried::Nothing;
            }
            if schema.is_some_and(|schema| is_error_alternative(schema, body)) {
                return Carried::Failed;
            }
            // What is read may well be about an error.
            if safe {
                return Carried::Nothing;
            }
            let known = schema.map(shape::members).unwrap_or_default();
            match telling.any(|(name, _)| known.iter().any(|(n, _)| n == name)) {
                true => Carried::Failed,
                false => Carried::Unclear,
            }
        }
        _ => Carried::Nothing,
    }
}

/// Whether a truth value or a number that the document has for it says that a request was not carried out.
fn says_by_member(operation: &Operation, schema: Option<&Schema>, body: &Value) -> bool {
    let Some(body) = body.as_object() else {
        return false;
    };
    let mut telling = body
        .iter()
        .filter(|(name, value)| tells(name, value))
        .peekable();
    if telling.peek().is_none() {
        return false;
    }
    let documented = schema.map(shape::members);
    // What is written is a setting, whatever it is called.
    let written = operation.body.as_ref().map(|b| shape::members(&b.schema));
    let written = |name: &str| written.iter().flatten().any(|(n, _)| *n == name);
    telling
        .filter(|(name, _)| !written(name))
        .any(|(name, value)| {
            let mut members = documented
                .iter()
                .flatten()
                .filter(|(n, _)| *n == name.as_str());
            members.any(|(_, member)| match value {
                Value::Bool(_) => member.allows(JsonType::Boolean),
                _ => {
                    let code = value.as_i64();
                    !member.successes.is_empty()
                        && code.is_none_or(|code| !member.successes.contains(&code))
                }
            })
        })
}

/// Whether a value is of an alternative of its rules that has an error, where another has none.
fn is_error_alternative(rules: &Schema, value: &Value) -> bool {
    let Some(members_in) = value.as_object() else {
        return false;
    };
    let telling = members_in
        .iter()
        .filter(|(name, value)| is_error(name, value));
    let mut lists = parts(rules, 0)
        .into_iter()
        .map(Schema::alternatives)
        .filter(|list| list.len() > 1);
    let names: Vec<&String> = telling.map(|(name, _)| name).collect();
    lists.any(|list| {
        let knows = |part: &Schema, name: &str| {
            let members = shape::members(part);
            let member = members.into_iter().find(|(n, _)| *n == name);
            let member = member.zip(members_in.get(name));
            member.is_some_and(|((_, member), value)| fits(member, value))
        };
        let has = |name: &str| list.iter().any(|part| knows(part, name));
        let lacks = |name: &str| list.iter().any(|part| !knows(part, name));
        names.iter().any(|name| has(name) && lacks(name))
    })
}

/// Whether a value is one of those that a schema lists, where it lists them.
fn fits(schema: &Schema, value: &Value) -> bool {
    let listed = schema.enum_values.as_ref();
    listed.is_none_or(|all| all.contains(value))
        && schema.const_value.as_ref().is_none_or(|only| only == value)
}

/// A schema with what it is put together from, its alternatives among them.
fn parts(schema: &Schema, depth: usize) -> Vec<&Schema> {
    let mut out = vec![schema];
    if depth < 4 {
        let inner = [&schema.all_of, &schema.any_of, &schema.one_of];
        let inner = inner.into_iter().flatten();
        out.extend(inner.flat_map(|part| parts(part, depth + 1)));
    }
    out
}

/// Whether a member says by its name, and by what stands there, that something went wrong.
fn is_error(name: &str, value: &Value) -> bool {
    let name = shape::plain_name(name);
    match value {
        Value::Object(map) => !map.is_empty() && ERRORS.contains(&name.as_str()),
        Value::Array(items) => !items.is_empty() && ERRORS.contains(&name.as_str()),
        Value::Bool(true) => ERRORS.contains(&name.as_str()),
        Value::String(text) => {
            let text = text.trim().to_lowercase();
            let good = text.is_empty() || SUCCEEDED.contains(&text.as_str());
            let none = matches!(text.as_str(), "none" | "no" | "0" | "null" | "no error");
            ERRORS.contains(&name.as_str()) && !good && !none
                || WORDED.contains(&name.as_str()) && FAILED.contains(&text.as_str())
        }
        _ => false,
    }
}

/// The same answer saying that the request was carried out, where it [says](refuses) the contrary: what a
/// device that does as it is asked answers.
#[must_use]
pub fn carried_out(operation: &Operation, status: u16, mut body: Value) -> Value {
    if carried(operation, status, &body) == Carried::Nothing {
        return body;
    }
    let response = operation.response(status);
    let schema = response.and_then(|r| r.schema.as_ref());
    let known = schema.map(shape::members).unwrap_or_default();
    let Some(members) = body.as_object_mut() else {
        return body;
    };
    members.retain(|name, value| {
        let worded = value.is_string() && WORDED.contains(&shape::plain_name(name).as_str());
        worded || !is_error(name, value)
    });
    for (name, value) in members.iter_mut() {
        let of = known.iter().find(|(n, _)| n == name).map(|(_, of)| *of);
        if tells(name, value) {
            let code = of.and_then(|of| of.successes.first()).copied();
            *value = match value {
                Value::Bool(_) => Value::Bool(true),
                _ => Value::from(code.unwrap_or(0)),
            };
        } else if is_error(name, value) {
            let listed = of.and_then(|of| of.enum_values.as_ref()).into_iter();
            let good = |v: &&Value| {
                let text = v.as_str().map(str::to_lowercase);
                text.is_some_and(|text| SUCCEEDED.contains(&text.as_str()))
            };
            let good = listed.flatten().find(good).cloned();
            *value = good.unwrap_or_else(|| Value::from("ok"));
        }
    }
    body
}

/// Whether a member says by name and value that something was not carried out, where the document means
/// that by it.
fn tells(name: &str, value: &Value) -> bool {
    let names: &[&str] = match value {
        Value::Bool(false) => &TRUTHS,
        Value::Number(_) => &CODES,
        _ => return false,
    };
    names.contains(&shape::plain_name(name).as_str())
}

/// The numbers of which a description says that they are a success ("0: success, else an error", "1: OK").
pub(crate) fn successes(description: &str) -> Vec<i64> {
    let mut found: Vec<i64> = Vec::new();
    if zero_succeeds(description) {
        found.push(0);
    }
    let text = description.to_lowercase();
    // Enough for every description that a person has written.
    let clauses = text.split([',', ';', '.', '\n', '|']).take(1_000);
    for clause in clauses.filter(|clause| !is_denied(clause)) {
        let words: Vec<&str> = clause
            .split(|c: char| !c.is_alphanumeric())
            .filter(|w| !w.is_empty() && !FILLING.contains(w))
            .collect();
        for pair in words.windows(2) {
            let code = match pair {
                [code, word] if is_success(word) => code.parse(),
                [word, code] if is_success(word) => code.parse(),
                _ => continue,
            };
            found.extend(code.ok().filter(|code| !found.contains(code)));
        }
    }
    found
}

/// Words between a number and what it means.
const FILLING: [&str; 14] = [
    "means",
    "is",
    "a",
    "an",
    "for",
    "on",
    "in",
    "if",
    "bei",
    "stands",
    "indicates",
    "the",
    "code",
    "heißt",
];

fn is_success(word: &str) -> bool {
    matches!(word, "ok" | "éxito" | "exito")
        || word.starts_with("succ")
        || word.starts_with("erfolg")
}

fn is_denied(clause: &str) -> bool {
    let denied = [
        " not ",
        "non-zero",
        "nonzero",
        "other than",
        "unless",
        "≠",
        "!=",
    ];
    denied.iter().any(|w| clause.contains(w))
}

/// Whether a description says that 0 is a success ("0: success, else an error").
fn zero_succeeds(description: &str) -> bool {
    let text = description.to_lowercase();
    let mut clauses = text.split([',', ';', '.', '\n', '|']);
    clauses.any(|clause| {
        let words = || clause.split(|c: char| !c.is_alphanumeric());
        let zero = words().any(|w| w == "0" || w == "zero" || w == "null");
        let good = [
            "success",
            "ok",
            "erfolg",
            "succ",
            "éxito",
            "exito",
            "no error",
            "kein fehler",
        ];
        let says = |list: &[&str]| list.iter().any(|w| clause.contains(w));
        zero && !is_denied(clause)
            && (says(&good[..3])
                && words().any(|w| w == "ok" || w.starts_with("succ") || w.starts_with("erfolg"))
                || says(&good[3..]))
    })
}

#[cfg(test)]
mod tests {
    use super::successes;

    #[test]
    fn descriptions_say_which_number_is_a_success() {
        for (text, says) in [
            (
                "0: success. Any other value: the request was refused",
                &[0][..],
            ),
            ("Result code, 0 = OK, 1 = invalid parameter", &[0]),
            ("0 bei Erfolg", &[0]),
            ("0 means no error", &[0]),
            ("1: OK. 4: invalid operation, 5: invalid format", &[1]),
            ("0 = failed, 1 = success", &[1]),
            ("200 OK; 400 invalid", &[200]),
            ("OK (1), else the kind of the error", &[1]),
            ("1 stands for success, 7: OK, restart needed", &[1, 7]),
            ("Seconds since the last success", &[]),
            ("Any value other than 0 is a success", &[]),
            ("Number of ok relays; 0 to 4", &[]),
            ("From 1 to 8", &[]),
        ] {
            assert_eq!(successes(text), says, "{text}");
        }
    }
}
