//! What the head of an answer says, whatever the case: header fields that the document promises, and
//! those that HTTP demands with a status. Part of [`super`].
//!
//! An answer to `HEAD` need not have the fields of the `GET` (RFC 9110 §9.3.2: SHOULD), but those that
//! it has keep their rules, and an operation that is itself a `HEAD` keeps its own. What a
//! message with broken framing draws comes from in front of what the document describes.

use super::{CaseJudge, Deviation, Expect, Judgement, Ruling, is_head, is_json_media_type, status};
use crate::case::wire::FOREIGN_TAG;
use crate::contract::{
    JsonType, PromiseId, Response, ResponseHeader, Schema, SecurityScheme, StatusKey, assess,
};
use crate::exchange::{Request, Template, is_token};
use crate::pattern::Assessment;
use serde_json::Value;

impl CaseJudge<'_> {
    /// Judges the head of an answer to a well-formed request.
    pub(super) fn head(&self, judgement: &mut Judgement) {
        let Request::Http(_) = &self.case.request else {
            return;
        };
        if matches!(self.case.expect, Expect::LoginRefused) {
            return;
        }
        self.names_methods(judgement);
        self.field_syntax(judgement);
        self.challenges(judgement);
        self.problem_status(judgement);
        self.not_modified(judgement);
        self.length_of_head(judgement);
        self.promised_fields(judgement);
    }

    /// RFC 9110 §15.5.6: an origin server MUST send `Allow` with 405.
    fn names_methods(&self, judgement: &mut Judgement) {
        if self.answer.status == 405 && self.answer.header("allow").is_none() {
            let promise = PromiseId::new(&self.operation.id, "http.method");
            let needed = "Allow, which names the methods that are served (RFC 9110 §15.5.6)";
            judgement.broken(
                &promise,
                Deviation::without_field_of_http("Allow", needed, self.answer),
            );
        }
    }

    /// RFC 9110 §15.5.6: the method that a 405 refuses is not among those that it names, and the fields
    /// that every client reads have the syntax that HTTP gives them.
    fn field_syntax(&self, judgement: &mut Judgement) {
        let answers = PromiseId::answers(&self.operation.id);
        for (name, well_formed, needed) in FIELDS {
            let text = self.answer.header(name).filter(|text| !well_formed(text));
            if let Some(text) = text {
                let deviation = Deviation::field_syntax(name, needed, &text, self.answer);
                judgement.broken(&answers, deviation);
            }
        }
        let Request::Http(request) = &self.case.request else {
            return;
        };
        let allow = self
            .answer
            .header("allow")
            .filter(|_| self.answer.status == 405);
        let names = |allow: &str| allow.split(',').any(|named| named.trim() == request.method);
        if let Some(allow) = allow.filter(|allow| names(allow)) {
            let promise = PromiseId::new(&self.operation.id, "http.method");
            let needed = "Allow without the method that is refused (RFC 9110 §15.5.6)";
            let deviation = Deviation::field_syntax("Allow", needed, &allow, self.answer);
            judgement.broken(&promise, deviation);
        }
    }

    /// RFC 9110 §15.5.2: a 401 MUST have `WWW-Authenticate`. Schemes that HTTP does not know (a key
    /// in a field of its own, a cookie) have no challenge that could stand there, and where the document
    /// says how a token is got (OAuth 2.0, OpenID Connect), nobody waits for one.
    fn challenges(&self, judgement: &mut Judgement) {
        let of_http = |scheme: &SecurityScheme| {
            matches!(
                scheme,
                SecurityScheme::Basic | SecurityScheme::Digest | SecurityScheme::Bearer
            )
        };
        let security = &self.operation.security;
        let all =
            !security.is_empty() && security.iter().all(|schemes| schemes.iter().any(of_http));
        if self.answer.status == 401 && all && self.answer.header("www-authenticate").is_none() {
            let promise = PromiseId::answers(&self.operation.id);
            let needed = "WWW-Authenticate, which says how to log in (RFC 9110 §15.5.2)";
            let name = "WWW-Authenticate";
            let deviation = Deviation::without_field_of_http(name, needed, self.answer);
            judgement.broken(&promise, deviation);
        }
    }

    /// RFC 9457 §3.1.2: who makes problem details MUST give `status` the status of the answer.
    fn problem_status(&self, judgement: &mut Judgement) {
        if self.answer.media_type().as_deref() != Some("application/problem+json") {
            return;
        }
        let stated = self.json().and_then(|body| body.get("status").cloned());
        let Some(stated) = stated.and_then(|status| status.as_i64()) else {
            return;
        };
        let status = self.answer.status;
        if stated != i64::from(status) {
            let promise = self.response_promise(status);
            judgement.broken(&promise, Deviation::problem_status(stated, self.answer));
        }
    }

    /// RFC 9110 §15.4.5: 304 answers a request with a condition that is false. Without one, and with a
    /// tag that no version has, there is none.
    fn not_modified(&self, judgement: &mut Judgement) {
        let Request::Http(request) = &self.case.request else {
            return;
        };
        let condition = |(name, value): &(String, Template)| {
            let name = name.to_ascii_lowercase();
            let known = name == "if-none-match" && value.to_string() == FOREIGN_TAG;
            matches!(
                name.as_str(),
                "if-none-match" | "if-modified-since" | "if-range"
            ) && !known
        };
        if self.answer.status == 304 && !request.headers.iter().any(condition) {
            let promise = PromiseId::answers(&self.operation.id);
            judgement.broken(&promise, Deviation::not_modified(self.answer));
        }
    }

    /// RFC 9110 §8.6: the length in an answer to HEAD MUST be that of the answer to GET, and no JSON has
    /// the length 0.
    fn length_of_head(&self, judgement: &mut Judgement) {
        let (status, length) = (self.answer.status, self.answer.header("content-length"));
        let json = |response: &Response| {
            let media = response.media_type.as_deref();
            media.is_some_and(is_json_media_type) && response.schema.is_some()
        };
        let documented = self.operation.response(status).is_some_and(json);
        if is_head(self.case)
            && self.operation.method == "GET"
            && matches!(status, 200 | 203)
            && length.as_deref() == Some("0")
            && documented
        {
            let promise = PromiseId::answers(&self.operation.id);
            judgement.broken(&promise, Deviation::head_of_nothing(self.answer));
        }
    }

    /// The header fields that the document gives for this answer.
    fn promised_fields(&self, judgement: &mut Judgement) {
        let status = self.answer.status;
        let Some(response) = self.operation.response(status) else {
            return;
        };
        if self.of_the_framework(response) {
            return;
        }
        let may_lack = is_head(self.case) && self.operation.method != "HEAD";
        for header in &response.headers {
            if may_lack && self.answer.header(&header.name).is_none() {
                continue;
            }
            let statement = format!("responses.{}.headers.{}", response.key(), header.name);
            let promise = PromiseId::new(&self.operation.id, &statement);
            if let Some(ruling) = self.field_ruling(header) {
                judgement.rule(&promise, ruling);
            }
        }
    }

    /// Whether what only `default` describes (of errors, where anything else is described) is not this
    /// answer, or comes from in front of the operation.
    fn of_the_framework(&self, response: &Response) -> bool {
        let media = self.answer.media_type();
        let json = media.is_some_and(|media| is_json_media_type(&media));
        response.status == StatusKey::Default
            && (self.operation.responses.len() == 1
                || self.answer.status < 400
                || (status::of_any_server(self.answer.status) && !json))
    }

    /// What the answer says of a documented field; nothing where one that need not be there is absent.
    fn field_ruling(&self, header: &ResponseHeader) -> Option<Ruling> {
        let Some(text) = self.answer.header(&header.name) else {
            let needed = format!("the header field {}", header.name);
            return header.required.then(|| {
                Ruling::Broken(Deviation::without_field(&header.name, &needed, self.answer))
            });
        };
        let texts = self.judging.texts;
        let Some(value) = typed(&header.schema, &text) else {
            return header.required.then_some(Ruling::Kept);
        };
        let assessed = assess(&header.schema, &value, texts);
        if assessed.certainty != Assessment::SurelyInvalid {
            return Some(Ruling::Kept);
        }
        // Rules that contradict each other are the document's fault.
        let mut certain = assessed.faults.iter().filter(|fault| fault.certain);
        let broken = certain.find(|fault| !header.schema.is_impossible_at(&fault.path, texts))?;
        let name = &header.name;
        let deviation = Deviation::field_value(name, broken.keyword, &text, self.answer);
        Some(Ruling::Broken(deviation))
    }
}

/// A field, whether a text is one of its values, and what it has to be.
type Syntax = (&'static str, fn(&str) -> bool, &'static str);

/// Fields with one syntax whoever sends them.
const FIELDS: [Syntax; 3] = [
    (
        "Content-Type",
        is_content_type,
        "a media type and parameters with a name and a value each (RFC 9110 §8.3.1)",
    ),
    (
        "Date",
        is_http_date,
        "a date as in `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7)",
    ),
    (
        "Last-Modified",
        is_http_date,
        "a date as in `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7)",
    ),
];

/// RFC 9110 §8.3.1, §5.6.6; blanks round the sign of a parameter are let pass.
fn is_content_type(text: &str) -> bool {
    let (media, parameters) = text.split_once(';').unwrap_or((text, ""));
    let named = media.trim().split_once('/');
    let quoted = |text: &str| {
        let inner = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
        text.len() > 1 && inner.is_some()
    };
    // A quoted value may hold the sign that parts parameters.
    let parameter = |text: &str| {
        text.split_once('=').is_some_and(|(name, value)| {
            let value = value.trim();
            is_token(name.trim()) && (is_token(value) || quoted(value))
        })
    };
    let quotes = parameters.contains('"');
    let whole = || parameters.matches('"').count().is_multiple_of(2);
    named.is_some_and(|(kind, sub)| is_token(kind) && is_token(sub))
        && match quotes {
            true => whole(),
            false => {
                let mut all = parameters.split(';').map(str::trim);
                all.all(|text| text.is_empty() || parameter(text))
            }
        }
}

/// RFC 9110 §5.6.7, the two forms of old included.
fn is_http_date(text: &str) -> bool {
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let day = days.iter().any(|day| text.starts_with(day));
    let clock = |text: &str| {
        let parts: Vec<&str> = text.split(':').collect();
        let digits = |t: &&str| t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit());
        parts.len() == 3 && parts.iter().all(digits)
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    day && match words.as_slice() {
        [name, _, month, year, time, "GMT"] => {
            name.ends_with(',') && month.len() == 3 && year.len() == 4 && clock(time)
        }
        [name, date, time, "GMT"] => {
            name.ends_with(',') && date.matches('-').count() == 2 && clock(time)
        }
        [_, month, _, time, year] => month.len() == 3 && year.len() == 4 && clock(time),
        _ => false,
    }
}

/// The value that the text of a header field spells (`simple` style, OpenAPI 3.1.1 §4.8.21); `None`
/// for lists and objects, which are not read.
fn typed(schema: &Schema, text: &str) -> Option<Value> {
    let of = |kinds: &[JsonType]| schema.types.iter().any(|kind| kinds.contains(kind));
    if of(&[JsonType::Array, JsonType::Object]) || schema.types.is_empty() {
        return None;
    }
    if of(&[JsonType::String]) {
        return Some(Value::from(text));
    }
    let scalar = serde_json::from_str::<Value>(text).ok();
    Some(scalar.unwrap_or_else(|| Value::from(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What decides, values that it takes, values that it does not.
    type Row<'a> = (fn(&str) -> bool, &'a [&'a str], &'a [&'a str]);

    #[test]
    fn fields_of_http_have_their_syntax() {
        let table: [Row<'_>; 2] = [
            (
                is_content_type,
                &[
                    "application/json",
                    "application/problem+json;charset=utf-8",
                    "text/html; charset=\"utf-8\"",
                    "multipart/mixed; boundary=\"a;b=c\"",
                    "text/plain;",
                    "text/plain; charset = utf-8",
                ],
                &[
                    "",
                    "json",
                    "application/json; charset",
                    "application/json; =utf-8",
                    "application/json; charset=\"utf-8",
                    "application json",
                ],
            ),
            (
                is_http_date,
                &[
                    "Sun, 06 Nov 1994 08:49:37 GMT",
                    "Sunday, 06-Nov-94 08:49:37 GMT",
                    "Sun Nov  6 08:49:37 1994",
                ],
                &[
                    "",
                    "0",
                    "1994-11-06T08:49:37Z",
                    "Sun, 06 Nov 1994 08:49:37",
                    "Sun, 06 Nov 1994 08:49:37 +0000",
                ],
            ),
        ];
        for (well_formed, good, bad) in table {
            for text in good {
                assert!(well_formed(text), "{text:?}");
            }
            for text in bad {
                assert!(!well_formed(text), "{text:?}");
            }
        }
    }
}
