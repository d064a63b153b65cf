//! What the head of an answer says, beyond its grammar: lengths, codings, fields given twice.

use super::answer::Caps;
use crate::exchange::{Anomaly, Answer, Failure};

/// Fields that an answer may carry once: they hold one value and no list (RFC 9110 §5.3).
const SINGLE: [&str; 10] = [
    "age",
    "content-location",
    "content-range",
    "content-type",
    "date",
    "etag",
    "expires",
    "last-modified",
    "location",
    "retry-after",
];

/// What is odd about the fields of an answer that could be read: for both transport paths.
pub(super) fn oddities(answer: &Answer) -> Vec<Anomaly> {
    let mut found = Vec::new();
    let codings = list(answer, "transfer-encoding");
    let lengths = list(answer, "content-length");
    if !codings.is_empty() && codings != ["chunked"] {
        found.push(Anomaly::BadHeader(format!(
            "Transfer-Encoding: {}",
            clip(&codings.join(", "))
        )));
    }
    if lengths.len() > 1 || !lengths.is_empty() && !codings.is_empty() {
        found.push(Anomaly::AmbiguousLength);
    }
    // A HEAD answer and a 304 may say what a GET would have got; a 204 may not (RFC 9110 §8.6).
    if answer.status == 204 && (!codings.is_empty() || lengths.iter().any(|l| l != "0")) {
        found.push(Anomaly::UnexpectedBody);
    }
    for name in SINGLE {
        let times = answer
            .headers
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name))
            .count();
        if times > 1 {
            found.push(Anomaly::BadHeader(format!("{name} is given {times} times")));
        }
    }
    found
}

/// The members of a comma-separated list field, over all its lines, in lower case.
pub(super) fn list(answer: &Answer, name: &str) -> Vec<String> {
    answer
        .headers
        .iter()
        .filter(|(n, _)| n.eq_ignore_ascii_case(name))
        .flat_map(|(_, v)| {
            String::from_utf8_lossy(v)
                .split(',')
                .map(|s| s.trim_matches([' ', '\t']).to_ascii_lowercase())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// The length that `Content-Length` promises (RFC 9110 §8.6: digits only; RFC 9112 §6.3: values
/// that differ are an unrecoverable error).
pub(super) fn content_length(values: &[String]) -> Result<Option<u64>, String> {
    let mut length = None;
    for value in values {
        let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
        let Some(number) = value.parse::<u64>().ok().filter(|_| digits) else {
            return Err(format!("Content-Length {:?} is not a length", clip(value)));
        };
        match length {
            Some(before) if before != number => {
                return Err(format!("Content-Length says both {before} and {number}"));
            }
            _ => length = Some(number),
        }
    }
    Ok(length)
}

/// What is wrong with a head, in words.
pub(super) fn head_error(error: httparse::Error, head: &[u8], caps: Caps) -> Failure {
    let what = match error {
        httparse::Error::TooManyHeaders => {
            return Failure::TooLarge {
                what: "head",
                limit: caps.head as u64,
            };
        }
        httparse::Error::Version => "it does not begin with HTTP/1.0 or HTTP/1.1",
        httparse::Error::Status => "no three-digit status code and reason",
        httparse::Error::HeaderName => "a header line that is not `name: value`",
        httparse::Error::HeaderValue => "a control character in a header value",
        httparse::Error::NewLine => "CR without LF",
        httparse::Error::Token => "a character that may not be there",
    };
    let line = head
        .split(|b| matches!(b, b'\r' | b'\n'))
        .find(|l| !l.is_empty())
        .unwrap_or_default();
    Failure::MalformedHttp(format!("{what}, in the answer that starts {:?}", {
        clip(&String::from_utf8_lossy(line))
    }))
}

/// The first 40 characters.
pub(super) fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Whether a line ends in LF alone.
pub(super) fn has_bare_lf(head: &[u8]) -> bool {
    head.first() == Some(&b'\n') || head.windows(2).any(|w| w[1] == b'\n' && w[0] != b'\r')
}
