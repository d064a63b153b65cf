//! What a status says of the request that drew it, as RFC 9110 §15, RFC 4918 §11, RFC 6585 and
//! RFC 7725 define statuses: whether it speaks of what the request holds, or of rights, place and
//! state, which no document can promise for a request that is valid by its schema; and what the head
//! of an answer says of its body. Pure.

use crate::contract::{Operation, StatusKey};
use crate::exchange::Answer;

/// Whether a status speaks of rights, place, state or time and not of what the request holds:
/// 3xx; 401, 403, 404, 405, 407, 408, 409, 410, 412, 421, 423, 424, 425, 428, 429, 451.
#[must_use]
pub fn speaks_of_circumstance(status: u16) -> bool {
    matches!(
        status,
        300..=399 | 401 | 403..=405 | 407..=410 | 412 | 421 | 423..=425 | 428 | 429 | 451
    )
}

/// Whether a status says that what the request holds is not accepted: 400 and 422, and 415 where
/// the media type is a documented one (RFC 9110 §15.5.1, §15.5.16, §15.5.21).
#[must_use]
pub fn speaks_of_content(status: u16) -> bool {
    matches!(status, 400 | 415 | 422)
}

/// Whether a status is one of the 4xx that RFC 9110 §15.5 and the registered extensions of it that
/// any server may send define: what any request that is refused may draw, documented or not.
#[must_use]
pub fn generic_refusal(status: u16) -> bool {
    matches!(status, 400..=417 | 421..=426 | 428 | 429 | 431 | 451)
}

/// Whether the answer to a surely valid request leaves open whether the device keeps the document:
/// a status that speaks of circumstance, or one that the document gives for this operation by its
/// number and that does not speak of the content.
#[must_use]
pub fn leaves_open(operation: &Operation, status: u16) -> bool {
    speaks_of_circumstance(status)
        || (400..500).contains(&status) && !speaks_of_content(status) && exact(operation, status)
}

/// Whether a status says that the message, its target or its head is too large, of which no document says
/// how large they may be (RFC 9110 §15.5.14, §15.5.15, RFC 6585 §5).
#[must_use]
pub fn speaks_of_size(status: u16) -> bool {
    matches!(status, 413 | 414 | 431)
}

/// Whether a 5xx other than 500 and 503 is documented by its number: "not implemented here", "the
/// sensor does not answer".
#[must_use]
pub fn documented_limit(operation: &Operation, status: u16) -> bool {
    matches!(status, 501 | 502 | 504..=511) && exact(operation, status)
}

/// Whether the document lists this status for an operation, by its number or by its class.
#[must_use]
pub fn listed(operation: &Operation, status: u16) -> bool {
    let key = operation.response(status).map(|r| r.status);
    matches!(key, Some(StatusKey::Exact(_) | StatusKey::Range(_)))
}

/// Whether a server gives this status by itself, whatever it serves: nothing at that path, not that
/// method, too large for it (RFC 9110 §15.5.5, §15.5.6, §15.5.14, §15.5.15; RFC 6585 §5).
#[must_use]
pub fn of_any_server(status: u16) -> bool {
    matches!(
        status,
        404 | 405 | 408 | 411 | 413 | 414 | 417 | 431 | 501 | 505
    )
}

/// The content coding of an answer, where it has one that was not undone: nobody said which are understood, so any may
/// come (RFC 9110 §12.5.3), and its octets are not those of the media type.
#[must_use]
pub fn coding(answer: &Answer) -> Option<String> {
    let coding = answer.header("content-encoding")?.to_ascii_lowercase();
    let coded = !answer.decoded;
    (coded && !coding.is_empty() && coding != "identity").then_some(coding)
}

/// Whether the head that came announces no end and a kind of content that goes on: events, images
/// one after the other, sound, lines.
#[must_use]
pub fn streams(head: &Answer) -> bool {
    let media = head.media_type().unwrap_or_default();
    let kind = [
        "text/event-stream",
        "multipart/x-mixed-replace",
        "audio/",
        "video/",
    ];
    let lines = [
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonlines",
    ];
    let bytes = "application/octet-stream";
    head.header("content-length").is_none()
        && (kind.iter().chain(&lines).any(|k| media.starts_with(k)) || media == bytes)
}

fn exact(operation: &Operation, status: u16) -> bool {
    let key = StatusKey::Exact(status);
    operation.responses.iter().any(|r| r.status == key)
}

/// Why a case is undecided after this status, in words.
#[must_use]
pub fn told(status: u16) -> String {
    let of = match status {
        300..=399 => "points elsewhere",
        401 | 403 | 407 => "speaks of rights",
        404 | 405 | 410 | 421 => "speaks of the place",
        413 | 414 | 431 => "speaks of the size",
        451 => "speaks of the law",
        500.. => "is a documented limit of the device",
        _ => "speaks of the device's state",
    };
    format!("could not judge: {status} {of}, not of the request's content")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_status_speaks_of_content_and_circumstance() {
        for status in 300..600 {
            assert!(
                !(speaks_of_content(status) && speaks_of_circumstance(status)),
                "{status}"
            );
        }
        assert!(
            (400..500)
                .filter(|s| speaks_of_circumstance(*s))
                .all(generic_refusal)
        );
        assert!(!generic_refusal(418) && !generic_refusal(499));
    }
}
