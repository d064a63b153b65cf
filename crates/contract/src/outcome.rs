//! Refusals under a success status, as the document describes them: a member of the answer that says
//! whether the request was carried out (`success: false`, `code: 1003`). Pure.

use super::model::{JsonType, Operation};
use super::shape;
use serde_json::Value;

/// Truth values that say it by their name.
const TRUTHS: [&str; 5] = ["success", "succeeded", "successful", "ok", "issuccess"];

/// Numbers that say it where their description says that 0 is a success.
const CODES: [&str; 12] = [
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
];

/// Whether an answer with a success status says, by a member that the document has for it, that the
/// request was not carried out.
#[must_use]
pub fn refuses(operation: &Operation, status: u16, body: &Value) -> bool {
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
    let response = operation.response(status);
    let documented = response.and_then(|r| r.schema.as_ref()).map(shape::members);
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
                _ => member.zero_succeeds,
            })
        })
}

/// The same answer saying that the request was carried out, where it [says](refuses) the contrary: what a
/// device that does as it is asked answers.
#[must_use]
pub fn carried_out(operation: &Operation, status: u16, mut body: Value) -> Value {
    if refuses(operation, status, &body)
        && let Some(members) = body.as_object_mut()
    {
        for (_, value) in members
            .iter_mut()
            .filter(|(name, value)| tells(name, value))
        {
            *value = match value {
                Value::Bool(_) => Value::Bool(true),
                _ => Value::from(0),
            };
        }
    }
    body
}

/// Whether a member says by name and value that something was not carried out, where the document means
/// that by it.
fn tells(name: &str, value: &Value) -> bool {
    let names: &[&str] = match value {
        Value::Bool(false) => &TRUTHS,
        Value::Number(code) if code.as_f64() != Some(0.0) => &CODES,
        _ => return false,
    };
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    names.contains(&plain.to_ascii_lowercase().as_str())
}

/// Whether a description says that 0 is a success ("0: success, else an error").
pub(crate) fn zero_succeeds(description: &str) -> bool {
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
        let denied = [
            " not ",
            "non-zero",
            "nonzero",
            "other than",
            "unless",
            "≠",
            "!=",
        ];
        let says = |list: &[&str]| list.iter().any(|w| clause.contains(w));
        zero && !says(&denied)
            && (says(&good[..3])
                && words().any(|w| w == "ok" || w.starts_with("succ") || w.starts_with("erfolg"))
                || says(&good[3..]))
    })
}

#[cfg(test)]
mod tests {
    use super::zero_succeeds;

    #[test]
    fn descriptions_say_that_zero_is_a_success() {
        for (text, says) in [
            ("0: success. Any other value: the request was refused", true),
            ("Result code, 0 = OK, 1 = invalid parameter", true),
            ("0 bei Erfolg", true),
            ("0 means no error", true),
            ("Seconds since the last success", false),
            ("Any value other than 0 is a success", false),
            ("Number of ok relays; 0 to 4", false),
        ] {
            assert_eq!(zero_succeeds(text), says, "{text}");
        }
    }
}
