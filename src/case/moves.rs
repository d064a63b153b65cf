//! Requests that go to an item of our own in place of the one that a plan names. Pure.

use super::fresh;
use super::serialize;
use crate::exchange::{HttpRequest, Part, Request, Segment};
use serde_json::Value;
use std::collections::BTreeMap;

/// The path of an item with this id in a collection; `None` where a path cannot name it plainly.
pub fn item_path(collection: &str, id: &str) -> Option<String> {
    let strange = |c: char| c.is_control() || "/\\;%?#".contains(c);
    let plain = !id.is_empty() && id != "." && id != ".." && !id.contains(strange);
    (plain && id.len() <= 200).then(|| format!("{collection}/{}", serialize::escape(id)))
}

/// The id that a path ends with.
pub fn id_in(path: &str) -> String {
    let id = path.rsplit_once('/').map_or(path, |(_, id)| id);
    let id = percent_encoding::percent_decode_str(id);
    id.decode_utf8_lossy().into_owned()
}

/// A request whose body has another value of a member at its top; `None` where the member is not
/// there, or has that value.
pub fn with_member(request: &HttpRequest, name: &str, value: &Value) -> Option<HttpRequest> {
    let body = request.body.as_deref()?;
    let sent: Value = serde_json::from_slice(body).ok()?;
    let old = sent.get(name).filter(|old| *old != value)?;
    let body = fresh::replaced(body, name, old, value)?;
    Some(HttpRequest {
        body: Some(body),
        ..request.clone()
    })
}

/// The JSON object that a request carries, in whatever framing.
pub fn body_of(request: &Request) -> Option<Value> {
    let bytes = match request {
        Request::Http(http) => http.body.clone()?,
        Request::Raw(raw) => raw.segments.iter().fold(Vec::new(), |mut all, segment| {
            if let Segment::Bytes(bytes) = segment {
                all.extend_from_slice(bytes);
            }
            all
        }),
    };
    object_in(&bytes).or_else(|| object_in(&joined(&bytes)?))
}

fn object_in(bytes: &[u8]) -> Option<Value> {
    let from = bytes.iter().position(|b| *b == b'{')?;
    let to = bytes.iter().rposition(|b| *b == b'}')?;
    crate::contract::json::read(bytes.get(from..=to)?)
}

/// The body of a message that comes in chunks (RFC 9112 §7.1).
pub(super) fn joined(message: &[u8]) -> Option<Vec<u8>> {
    let end = message.windows(4).position(|w| w == b"\r\n\r\n")?;
    let mut rest = message.get(end + 4..)?;
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|w| w == b"\r\n")?;
        let head = std::str::from_utf8(rest.get(..line)?).ok()?;
        let digits = head.split(';').next()?.trim();
        let size = usize::from_str_radix(digits, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let from = line + 2;
        body.extend_from_slice(rest.get(from..from.checked_add(size)?)?);
        rest = rest.get(from + size + 2..)?;
    }
}

/// The path of a request, where it has no credential in it.
pub fn path_of(request: &HttpRequest) -> Option<String> {
    match request.target.0.first()? {
        Part::Text(text) => {
            let path = text.split(['?', '#']).next()?;
            Some(path.trim_end_matches('/').to_owned())
        }
        Part::Secret(_) => None,
    }
}

/// A request with the beginning of its path in another place: the longest that `moves` names.
/// `None` where none of them is its beginning.
pub fn moved(request: &Request, moves: &BTreeMap<String, String>) -> Option<Request> {
    match request {
        Request::Http(http) => moved_http(http, moves).map(Request::Http),
        Request::Raw(raw) => {
            let mut raw = raw.clone();
            let (mut begins, mut any) = (false, false);
            for segment in &mut raw.segments {
                if let Segment::Bytes(bytes) = segment
                    && begins
                    && let Ok(text) = std::str::from_utf8(bytes)
                    && let Some(text) = elsewhere(text, moves)
                {
                    *bytes = text.into_bytes();
                    any = true;
                }
                // A target stands behind the path of the base URL or, whole, behind the host.
                begins = matches!(segment, Segment::Prefix | Segment::Host);
            }
            any.then_some(Request::Raw(raw))
        }
    }
}

/// [`moved`] of an ordinary request.
pub fn moved_http(http: &HttpRequest, moves: &BTreeMap<String, String>) -> Option<HttpRequest> {
    let mut http = http.clone();
    match http.target.0.first_mut()? {
        Part::Text(text) => *text = elsewhere(text, moves)?,
        Part::Secret(_) => return None,
    }
    Some(http)
}

/// A text that begins with a path, with its beginning in another place.
pub fn elsewhere(text: &str, moves: &BTreeMap<String, String>) -> Option<String> {
    let fits = |from: &&String| {
        let rest = text.strip_prefix(from.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', ' ', '#']))
    };
    let from = moves.keys().filter(fits).max_by_key(|from| from.len())?;
    let rest = text.get(from.len()..)?;
    Some(format!("{}{rest}", moves.get(from)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_beginning_moves() {
        let moves: BTreeMap<String, String> = [("/a/1", "/a/x"), ("/a/1/b/1", "/a/x/b/y")]
            .map(|(from, to)| (from.to_owned(), to.to_owned()))
            .into();
        for (text, want) in [
            ("/a/1", Some("/a/x")),
            ("/a/1?q=1", Some("/a/x?q=1")),
            ("/a/12", None),
            ("/a/1/c", Some("/a/x/c")),
            ("/a/1/b/1 HTTP/1.1", Some("/a/x/b/y HTTP/1.1")),
            ("/b/a/1", None),
        ] {
            assert_eq!(elsewhere(text, &moves).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn a_path_names_plain_ids_only() {
        for (id, want) in [
            ("7", Some("/a/7")),
            ("a b", Some("/a/a%20b")),
            ("", None),
            ("..", None),
            ("../1", None),
            ("1?x", None),
        ] {
            assert_eq!(item_path("/a", id).as_deref(), want, "{id}");
        }
    }
}
