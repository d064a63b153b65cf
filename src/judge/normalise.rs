//! An answer without what differs from one exchange to the next: field names, secrets, times. Two
//! answers of one class are the same text, so a firmware whose answers changed can be seen by
//! comparing. Pure.

use super::{Acceptance, acceptance};
use crate::case::{Case, Expect};
use crate::contract::{Contract, FaultKind};
use crate::exchange::Answer;
use crate::json;
use regex_automata::meta::Regex;
use serde_json::Value;
use std::fmt::Write as _;
use std::sync::LazyLock;

/// Most characters of a body that are kept.
const KEPT: usize = 4_096;

/// Members (compared without case, `-` and `_`) whose value never belongs into a snapshot.
const SECRETS: [&str; 12] = [
    "token",
    "accesstoken",
    "refreshtoken",
    "sessiontoken",
    "session",
    "sessionid",
    "sid",
    "cookie",
    "password",
    "secret",
    "apikey",
    "authorization",
];
/// Members whose value is another one every time.
const VOLATILE: [&str; 14] = [
    "uptime",
    "time",
    "date",
    "datetime",
    "timestamp",
    "now",
    "servertime",
    "bootid",
    "requestid",
    "traceid",
    "correlationid",
    "nonce",
    "etag",
    "elapsed",
];

/// What stands for itself in no two answers, with its stand-in; tried in this order.
static MARKS: LazyLock<Vec<(Regex, &'static str)>> =
    LazyLock::new(|| {
        [
        // RFC 9562
        (r"(?i-u:\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)", "{uuid}"),
        // RFC 3339, with a blank for the T as many servers write it
        (
            r"(?-u:\b\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d+)?)?([Zz]|[+-]\d\d:?\d\d)?)",
            "{date}",
        ),
        // RFC 9110 §5.6.7
        (
            r"(?-u:\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\b)",
            "{date}",
        ),
        (r"(?i-u:\b(bearer|basic) [a-z0-9+/=._~-]{8,})", "{credentials}"),
        // Digests and tokens: hexadecimal from 64 bits on, or long and with no blank.
        (r"(?i-u:\b[0-9a-f]{16,}\b)", "{hex}"),
        (r"(?-u:\b[A-Za-z0-9+/_-]{40,}={0,2})", "{token}"),
    ]
    .into_iter()
    .filter_map(|(pattern, name)| Some((Regex::new(pattern).ok()?, name)))
    .collect()
    });

/// An error answer of a class: what a snapshot is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorAnswer {
    /// Id of the operation.
    pub operation: String,
    /// The one kind of fault that the request has, as error shapes name it: `missing`.
    pub fault: String,
    /// Status of the answer.
    pub status: u16,
    /// The answer, normalised.
    pub text: String,
}

/// The class of an answer to a case that must be refused for one kind of fault; `None` for other
/// cases, for successes, and for answers of a device that is too busy to tell (429, 503).
pub fn error_answer(contract: &Contract, case: &Case, answer: &Answer) -> Option<ErrorAnswer> {
    if matches!(answer.status, 429 | 503) {
        return None;
    }
    let operation = contract.operation(&case.operation)?;
    if answer.status < 500 && acceptance(operation, answer) != Acceptance::Refused {
        return None;
    }
    let fault = match &case.expect {
        Expect::Refused { faults } => {
            let (first, rest) = faults.split_first()?;
            rest.iter()
                .all(|f| f.kind == first.kind)
                .then_some(first.kind)?
        }
        Expect::Unauthorized { faults } if faults.is_empty() => FaultKind::Unauthenticated,
        _ => return None,
    };
    let paths: Vec<String> = operation.fields().iter().map(|f| f.path.dotted()).collect();
    let leaves = operation.fields();
    let mut names: Vec<&str> = paths.iter().map(String::as_str).collect();
    names.extend(leaves.iter().filter_map(|f| f.path.leaf()));
    names.extend(operation.parameters.iter().map(|p| p.name.as_str()));
    Some(ErrorAnswer {
        operation: operation.id.clone(),
        fault: match serde_json::to_value(fault) {
            Ok(Value::String(word)) => word,
            _ => return None,
        },
        status: answer.status,
        text: normalise(answer, &names),
    })
}

/// Status, media type and body of an answer, for a snapshot. Wherever one of `param_names` (names
/// or dotted paths of fields, empty ones are ignored) is named, `{param}` stands; secrets, dates,
/// up-times and ids have stand-ins too. JSON comes out pretty, with members in order of their
/// names; other text with control characters escaped. Ends without a line feed.
///
/// A name counts where it is quoted (`` `proxy` ``, `'proxy'`, `"proxy"`), be it as the end of a
/// path (`body.stun.port`); in a text that quotes none, where it is a word of its own; and as the
/// name of a member.
pub fn normalise(answer: &Answer, param_names: &[&str]) -> String {
    let mut names: Vec<&str> = param_names
        .iter()
        .copied()
        .filter(|n| !n.is_empty())
        .collect();
    // `stun.port` before `port`, and the order of the caller must not matter.
    names.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    names.dedup();
    let media_type = answer.media_type();
    let mut out = answer.status.to_string();
    if let Some(media_type) = &media_type {
        let _ = write!(out, " {}", printable(media_type));
    }
    out.push('\n');
    let json = media_type.as_deref().is_some_and(|m| m.ends_with("json"));
    match json::read(&answer.body).ok_or(()) {
        _ if answer.body.is_empty() => out.push_str("(no body)"),
        Ok(value) => {
            let value = plain(value, &names);
            let text = serde_json::to_string_pretty(&value).unwrap_or_default();
            out.push_str(&cut(&text));
        }
        Err(_) => {
            if json {
                out.push_str("(not JSON)\n");
            }
            let text = String::from_utf8_lossy(&answer.body);
            out.push_str(cut(&printable(&text_of(&text, &names))).trim_end());
        }
    }
    out
}

fn plain(value: Value, names: &[&str]) -> Value {
    match value {
        Value::String(text) => text_of(&text, names).into(),
        Value::Array(items) => items.into_iter().map(|v| plain(v, names)).collect(),
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members
                .into_iter()
                .map(|(name, value)| {
                    let value = match stand_in(&name) {
                        Some(text) if !value.is_object() && !value.is_array() => text.into(),
                        _ => plain(value, names),
                    };
                    let name = if names.iter().any(|n| names_it(&name, n)) {
                        "{param}".to_owned()
                    } else {
                        name
                    };
                    (name, value)
                })
                .collect();
            members
                .sort_by(|(a, x), (b, y)| a.cmp(b).then_with(|| x.to_string().cmp(&y.to_string())));
            // Several fields at fault become several `{param}`s; one tells the shape.
            members.dedup_by(|(a, _), (b, _)| a == b);
            Value::Object(members.into_iter().collect())
        }
        other => other,
    }
}

fn stand_in(member: &str) -> Option<String> {
    let folded: String = member
        .chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .collect::<String>()
        .to_ascii_lowercase();
    if SECRETS.contains(&folded.as_str()) {
        Some("{secret}".to_owned())
    } else if VOLATILE.contains(&folded.as_str()) {
        Some(format!("{{{folded}}}"))
    } else {
        None
    }
}

/// A text with stand-ins for names and for what is volatile.
fn text_of(text: &str, names: &[&str]) -> String {
    let mut out = text.to_owned();
    for (regex, name) in MARKS.iter() {
        let mut next = String::new();
        let mut done = 0;
        for found in regex.find_iter(&out) {
            next.push_str(out.get(done..found.start()).unwrap_or_default());
            next.push_str(name);
            done = found.end();
        }
        next.push_str(out.get(done..).unwrap_or_default());
        out = next;
    }
    match quoted(&out, names) {
        Some(replaced) => replaced,
        None => words(&out, names),
    }
}

/// Replaces names in quotes; `None` where there are none.
fn quoted(text: &str, names: &[&str]) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    let mut hit = false;
    while let Some(open) = rest.find(['`', '\'', '"']) {
        let (before, tail) = rest.split_at(open);
        out.push_str(before);
        let mut chars = tail.chars();
        let quote = chars.next()?;
        let inner = chars.as_str();
        match inner.split_once(quote) {
            Some((name, after)) if names.iter().any(|n| names_it(name, n)) => {
                hit = true;
                let _ = write!(out, "{quote}{{param}}{quote}");
                rest = after;
            }
            // Perhaps an apostrophe; what closes here may open the next.
            _ => {
                out.push(quote);
                rest = inner;
            }
        }
    }
    out.push_str(rest);
    hit.then_some(out)
}

/// Whether `said` names the field `name`: the same path, or one that ends in it
/// (`/body/stun/port`, `stun[0].port`).
fn names_it(said: &str, name: &str) -> bool {
    let steps = |text: &str| -> Vec<String> {
        text.split(['.', '/', '[', ']'])
            .filter(|s| !s.is_empty() && !s.bytes().all(|b| b.is_ascii_digit()))
            .map(str::to_owned)
            .collect()
    };
    said == name || {
        let (said, name) = (steps(said), steps(name));
        !name.is_empty() && said.ends_with(&name)
    }
}

/// Replaces names that are words of their own.
fn words(text: &str, names: &[&str]) -> String {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let mut out = text.to_owned();
    for name in names {
        let mut next = String::new();
        let mut done = 0;
        for (at, _) in out.match_indices(name) {
            let end = at + name.len();
            let before = out.get(..at).and_then(|t| t.chars().next_back());
            let after = out.get(end..).and_then(|t| t.chars().next());
            // `{param}` of an earlier turn is no word to look into.
            let inside = before == Some('{') && after == Some('}');
            if !inside && !before.is_some_and(part) && !after.is_some_and(part) {
                next.push_str(out.get(done..at).unwrap_or_default());
                next.push_str("{param}");
                done = end;
            }
        }
        next.push_str(out.get(done..).unwrap_or_default());
        out = next;
    }
    out
}

/// Control characters escaped, but for line feeds.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push('\n'),
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(KEPT) {
        Some((at, _)) => format!("{}\n… (cut)", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(media_type: &str, body: &str) -> Answer {
        Answer {
            status: 400,
            headers: vec![
                ("Date".to_owned(), b"Mon, 23 Nov 2026 09:00:00 GMT".to_vec()),
                ("Content-Type".to_owned(), media_type.as_bytes().to_vec()),
            ],
            body: body.as_bytes().to_vec(),
            decoded: false,
            anomalies: Vec::new(),
        }
    }

    fn json(body: &str) -> String {
        let text = normalise(
            &answer("application/json; charset=utf-8", body),
            &["port", "stun.port", "proxy", "user", ""],
        );
        let (head, body) = text.split_once('\n').expect("a line for the head");
        assert_eq!(head, "400 application/json");
        body.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn one_class_is_one_text() {
        let table = [
            (
                r#"{"error":"no value for `proxy`"}"#,
                r#"{ "error": "no value for `{param}`" }"#,
            ),
            (
                r#"{"error":"no value for `stun.port`"}"#,
                r#"{ "error": "no value for `{param}`" }"#,
            ),
            (
                r#"{"error":"'/body/stun/0/port' is bad"}"#,
                r#"{ "error": "'{param}' is bad" }"#,
            ),
            // Where one is quoted, other words are words.
            (
                r#"{"error":"the user said \"proxy\""}"#,
                r#"{ "error": "the user said \"{param}\"" }"#,
            ),
            (
                r#"{"error":"proxy: wrong"}"#,
                r#"{ "error": "{param}: wrong" }"#,
            ),
            (
                r#"{"error":"stun.port: reporter"}"#,
                r#"{ "error": "{param}: reporter" }"#,
            ),
            (
                r#"{"error":"it's the user's"}"#,
                r#"{ "error": "it's the {param}'s" }"#,
            ),
            // The other family: names as members, in any number and order.
            (
                r#"{"e":{"data":{"user":"bad","proxy":"bad"},"code":1}}"#,
                r#"{ "e": { "code": 1, "data": { "{param}": "bad" } } }"#,
            ),
            (
                r#"{"b":1,"a":[true,null]}"#,
                r#"{ "a": [ true, null ], "b": 1 }"#,
            ),
            (
                r#"{"token":"x","Request-Id":7,"uptime":{"s":1}}"#,
                r#"{ "Request-Id": "{requestid}", "token": "{secret}", "uptime": { "s": 1 } }"#,
            ),
            (
                r#"["2026-11-23T09:00:00Z","at Mon, 23 Nov 2026 09:00:00 GMT!","0123456789abcdef0123456789abcdef01234567","123e4567-e89b-12d3-a456-426614174000","got Bearer abcdefgh1"]"#,
                r#"[ "{date}", "at {date}!", "{hex}", "{uuid}", "got {credentials}" ]"#,
            ),
            ("\"\"", "\"\""),
            ("", "(no body)"),
            ("{\"error\": proxy", "(not JSON) {\"error\": {param}"),
        ];
        for (body, want) in table {
            assert_eq!(json(body), want, "{body}");
        }
    }

    #[test]
    fn text_is_kept_printable_and_bounded() {
        let names: &[&str] = &["proxy"];
        let text = normalise(
            &answer("text/html", "<p>\r\n\u{1b}[2J proxy</p>\n\n"),
            names,
        );
        assert_eq!(text, "400 text/html\n<p>\\r\n\\u{1b}[2J {param}</p>");
        let long = normalise(&answer("text/plain", &"é ".repeat(9_000)), names);
        assert!(long.ends_with("… (cut)") && long.chars().count() < KEPT + 40);
        let bytes = Answer {
            status: 500,
            body: vec![0xff, 0],
            ..Answer::default()
        };
        assert_eq!(normalise(&bytes, names), "500\n\u{fffd}\\u{0}");
        let deep = "[".repeat(100_000);
        assert!(normalise(&answer("application/json", &deep), names).contains("(not JSON)"));
    }

    #[test]
    fn a_name_is_found_where_it_is_one() {
        let table: [(&str, &[&str], &str); 6] = [
            // The index is no part of the field's path.
            (
                "'users[0].name' is bad",
                &["users[].name"],
                "'{param}' is bad",
            ),
            (
                "'/users/0/name' is bad",
                &["users[].name"],
                "'{param}' is bad",
            ),
            (
                "'users.name.0x' is bad",
                &["users[].name"],
                "'users.name.0x' is bad",
            ),
            // Words of their own only.
            ("my_port port-a", &["port"], "my_port port-a"),
            ("port (port)", &["port"], "{param} ({param})"),
            // A field called `param` is not found in the stand-in of another.
            (
                "stun.port, {param and param}",
                &["param", "stun.port"],
                "{param}, {{param} and {param}}",
            ),
        ];
        for (text, names, want) in table {
            let text = normalise(&answer("text/plain", text), names);
            assert_eq!(text.split_once('\n'), Some(("400 text/plain", want)));
        }
    }

    #[test]
    fn it_is_stable_under_the_order_of_names() {
        let body = answer("text/plain", "stun.port and port and user-agent");
        let want = "400 text/plain\n{param} and {param} and user-agent";
        assert_eq!(normalise(&body, &["port", "stun.port", "user"]), want);
        assert_eq!(
            normalise(&body, &["user", "stun.port", "port", "port"]),
            want
        );
    }
}
