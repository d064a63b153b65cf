//! What goes wrong around the body: request heads, credentials, the form of answers.

use super::bytes;
use crate::fault::Planted;
use crate::json;
use crate::service::{Act, Ask, Reply, header, json_reply, query_value};
use probity_contract::{FaultKind, FieldPath, Operation};
use serde_json::{Value, json};
use std::time::Duration;

/// The path that is served for a request, and whether no credentials are wanted for it.
pub(crate) fn routed(planted: &Planted, path: &str) -> Option<String> {
    let slash = path.strip_suffix('/').filter(|p| !p.is_empty());
    match slash {
        Some(path) if planted.has("slash-skips-auth") => Some(path.to_owned()),
        _ if path.contains("//") && planted.has("double-slash-skips-auth") => {
            Some(path.replace("//", "/"))
        }
        _ => None,
    }
}

/// The method that is served for a request.
pub(crate) fn method(planted: &Planted, method: &str) -> Option<String> {
    let upper = method.to_ascii_uppercase();
    match method {
        "PATCH" if planted.has("patch-as-post") => Some("POST".to_owned()),
        _ if upper != method && planted.has("method-any-case") => Some(upper),
        _ => None,
    }
}

/// What a request draws before its path is looked at.
pub(crate) fn before(planted: &Planted, ask: &Ask<'_>) -> Option<Reply> {
    let act = |act| {
        Some(Reply {
            act,
            ..Reply::default()
        })
    };
    let known = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT",
    ];
    if planted.has("unknown-method-hangs") && !known.contains(&ask.method) {
        return act(Act::Hang);
    }
    if planted.has("trace-echoes") && ask.method == "TRACE" {
        let mut echo = format!("TRACE {} HTTP/1.1\r\n", ask.path);
        for (name, value) in ask.headers {
            echo.push_str(&format!("{name}: {value}\r\n"));
        }
        return Some(Reply {
            status: 200,
            headers: vec![("Content-Type".to_owned(), "message/http".to_owned())],
            body: echo.into_bytes(),
            ..Reply::default()
        });
    }
    if planted.has("absolute-form-404") && ask.absolute {
        return Some(Reply {
            status: 404,
            ..Reply::default()
        });
    }
    if (planted.has("long-field-crash") && ask.headers.iter().any(|(_, v)| v.len() >= 2_048))
        || (planted.has("long-target-crash") && ask.path.len() + ask.query.len() >= 1_024)
    {
        return act(Act::Restart);
    }
    None
}

/// What a body draws before it is read.
pub(crate) fn body(planted: &Planted, ask: &Ask<'_>) -> Option<Reply> {
    let act = |act| {
        Some(Reply {
            act,
            ..Reply::default()
        })
    };
    let media_type = header(ask, "content-type");
    if planted.has("crash-without-type") && media_type.is_none() {
        return act(Act::Restart);
    }
    if planted.has("empty-body-hangs") && ask.body.is_empty() {
        return act(Act::Hang);
    }
    if planted.has("charset-refused") && media_type.is_some_and(|m| m.contains(';')) {
        return Some(Reply {
            status: 415,
            ..Reply::default()
        });
    }
    let (names, deepest, digits) = bytes::measure(ask.body);
    if (planted.has("crash-on-percent-s") && ask.body.windows(2).any(|w| w == b"%s"))
        || (planted.has("crash-on-huge-integer") && digits > 19)
        || (planted.has("crash-on-deep-object") && deepest >= 100)
    {
        return act(Act::Restart);
    }
    let text = || String::from_utf8_lossy(ask.body);
    if (planted.has("json-surrogate-500") && bytes::half_a_pair(ask.body))
        || (planted.has("json-duplicate-500") && json::doubles(ask.body))
        || (planted.has("json-many-500") && names > 64)
        || (planted.has("beyond-bmp-500") && text().chars().any(|c| c > '\u{FFFF}'))
    {
        return Some(json_reply(500, &json!({"error": "internal"})));
    }
    None
}

/// How long a body holds the device.
pub(crate) fn delay(planted: &Planted, ask: &Ask<'_>) -> Duration {
    let long = |v: &Value| v.as_str().is_some_and(|t| t.chars().count() >= 1_000);
    let slow = planted.has("slow-on-long")
        && serde_json::from_slice::<Value>(ask.body)
            .ok()
            .and_then(|v| Some(v.as_object()?.values().any(long)))
            .unwrap_or(false);
    Duration::from_secs(if slow { 8 } else { 0 })
}

/// Whether a request passes for a reason that is none.
pub(crate) fn passes(planted: &Planted, ask: &Ask<'_>, known: bool) -> bool {
    let json = header(ask, "content-type").is_some_and(|m| m.contains("json"));
    let basic = header(ask, "authorization")
        .and_then(|v| v.get(..6))
        .is_some_and(|s| s.eq_ignore_ascii_case("basic "));
    ask.open
        || (planted.has("other-type-skips-auth") && !json)
        || (planted.has("query-skips-auth") && query_value(ask.query, "auth").is_some())
        || (planted.has("basic-passes") && basic)
        || (planted.has("cookie-passes") && header(ask, "cookie").is_some())
        || (planted.has("address-is-session") && known)
}

/// Whether a token that came passes for one that was given out.
pub(crate) fn token(planted: &Planted, token: &str, given: &str) -> bool {
    let same_start = token.get(..8).is_some_and(|start| given.starts_with(start));
    (planted.has("token-first-eight") && same_start)
        || (planted.has("token-anywhere") && given.contains(token))
}

/// The answer to missing credentials.
pub(crate) fn unauthorized(planted: &Planted, reply: &mut Reply) {
    if planted.has("unauthorized-redirect") {
        reply.status = 302;
        reply
            .headers
            .push(("Location".to_owned(), "/login.html".to_owned()));
        reply.body.clear();
    }
    if planted.has("unauthorized-200") {
        reply.status = 200;
    }
    if planted.has("unauthorized-empty") {
        reply.headers.clear();
        reply.body.clear();
    }
}

/// The name that an error gives to the field that is wrong.
pub(crate) fn name(
    planted: &Planted,
    operation: &Operation,
    before: &mut String,
    name: String,
) -> String {
    if planted.has("error-names-first")
        && let Some(body) = &operation.body
        && let Some((first, _)) = body.schema.properties.first()
    {
        return first.clone();
    }
    if planted.has("error-name-stale") {
        let stale = std::mem::replace(before, name.clone());
        return if stale.is_empty() { name } else { stale };
    }
    name
}

/// The texts of an error.
pub(crate) fn wording(planted: &Planted, body: Value) -> Value {
    let word = |text: String| {
        let text = if planted.has("error-straight-quotes") {
            text.replace('`', "'")
        } else {
            text
        };
        if planted.has("error-lower-case") {
            text.to_lowercase()
        } else {
            text
        }
    };
    match body {
        Value::Object(map) => map
            .into_iter()
            .map(|(name, v)| match v {
                Value::String(text) => (name, Value::String(word(text))),
                v => (name, v),
            })
            .collect(),
        other => other,
    }
}

/// The form of an error.
pub(crate) fn error(
    planted: &Planted,
    operation: &Operation,
    (kind, path): (FaultKind, &FieldPath),
    reply: &mut Reply,
) {
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    if planted.has("error-in-array") {
        reply.body = format!("[{text}]").into_bytes();
    }
    if planted.has("error-encoded-twice") {
        reply.body = json!(text).to_string().into_bytes();
    }
    if planted.has("error-with-nul") {
        reply.body.push(0);
    }
    if planted.has("error-json-as-html") {
        reply.headers.retain(|(n, _)| n != "Content-Type");
        let html = "text/html; charset=utf-8".to_owned();
        reply.headers.push(("Content-Type".to_owned(), html));
    }
    if planted.has("error-nested-200") && path.0.len() > 1 {
        reply.status = operation.success_statuses().first().copied().unwrap_or(200);
    }
    if planted.has("not-json-500") && kind == FaultKind::NotJson {
        reply.status = 500;
        reply.body = b"Traceback (most recent call last):\n  File \"api.py\", line 71".to_vec();
        reply.headers = vec![("Content-Type".to_owned(), "text/plain".to_owned())];
    }
}
