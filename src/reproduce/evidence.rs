//! Requests and answers as text for evidence: lossy, with control characters visible and long
//! bodies cut. Credentials of requests are named, never shown.

use super::shell::shows;
use crate::exchange::{Answer, Exchange, Outcome, Request, Segment};
use std::borrow::Cow;
use std::fmt::Write as _;

/// Most octets of a body or segment that are shown.
const SHOWN: usize = 2_048;

/// A request as text. In a [`Request::Raw`], CRLF is shown as a line end and a bare CR or LF as
/// `\r` and `\n`; pauses and the end of sending stand in `⟨…⟩`.
pub fn render_request(request: &Request) -> String {
    match request {
        Request::Http(request) => {
            let mut out = String::new();
            visible(&mut out, request.method.as_bytes(), Ends::None);
            out.push(' ');
            visible(&mut out, request.target.to_string().as_bytes(), Ends::None);
            out.push_str(" HTTP/1.1\n");
            for (name, value) in &request.headers {
                visible(&mut out, name.as_bytes(), Ends::None);
                out.push_str(": ");
                visible(&mut out, value.to_string().as_bytes(), Ends::None);
                out.push('\n');
            }
            if let Some(body) = &request.body {
                out.push('\n');
                visible(&mut out, body, Ends::Lf);
            }
            out
        }
        Request::Raw(request) => {
            let mut out = String::new();
            for segment in &request.segments {
                match segment {
                    Segment::Bytes(bytes) => visible(&mut out, bytes, Ends::CrLf),
                    Segment::Secret(secret) => {
                        let _ = write!(out, "${}", secret.env_name());
                    }
                    Segment::Host => out.push_str("⟨host⟩"),
                    Segment::Prefix => {}
                    Segment::Pause(time) => {
                        let _ = write!(out, "⟨pause {} s⟩", time.as_secs_f64());
                    }
                    Segment::ShutdownWrite => out.push_str("⟨end of sending⟩"),
                }
            }
            out
        }
    }
}

/// What came back as text: status, header and body, with what was odd on the wire in `⟨…⟩`; or the
/// failure, with what had come until then.
pub fn render_answer(exchange: &Exchange) -> String {
    let mut out = String::new();
    match &exchange.outcome {
        Outcome::Answered(answer) => render(&mut out, answer),
        Outcome::Failed { failure, partial } => {
            visible(&mut out, failure.to_string().as_bytes(), Ends::None);
            if let Some(answer) = partial {
                out.push_str("\nuntil then:\n");
                render(&mut out, answer);
            }
        }
    }
    mask(out)
}

fn render(out: &mut String, answer: &Answer) {
    let _ = writeln!(out, "HTTP {}", answer.status);
    for (name, value) in &answer.headers {
        visible(out, name.as_bytes(), Ends::None);
        out.push_str(": ");
        visible(out, value, Ends::None);
        out.push('\n');
    }
    for anomaly in &answer.anomalies {
        out.push('⟨');
        visible(out, anomaly.to_string().as_bytes(), Ends::None);
        out.push_str("⟩\n");
    }
    if !answer.body.is_empty() {
        out.push('\n');
        visible(out, &answer.body, Ends::Lf);
    }
}

/// What ends a line of the shown text.
#[derive(Clone, Copy, PartialEq)]
enum Ends {
    /// Nothing: it is one line.
    None,
    /// LF.
    Lf,
    /// CRLF; a bare LF is told from it.
    CrLf,
}

/// Appends what can be shown as it is and the rest as escapes; cut after [`SHOWN`] octets.
fn visible(out: &mut String, bytes: &[u8], ends: Ends) {
    let cut = bytes.get(..SHOWN).unwrap_or(bytes);
    for chunk in cut.utf8_chunks() {
        let mut chars = chunk.valid().chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\r' if ends == Ends::CrLf && chars.peek() == Some(&'\n') => {
                    chars.next();
                    out.push('\n');
                }
                '\n' if ends == Ends::Lf => out.push('\n'),
                '\n' if ends == Ends::CrLf => out.push_str("\\n\n"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                c if shows(c) || is_text(c) => out.push(c),
                c => {
                    let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
                }
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    if bytes.len() > cut.len() {
        let _ = write!(out, "… ⟨{} octets in all⟩", bytes.len());
    }
}

/// Punctuation and symbols beyond ASCII that have a shape of their own: neither controls nor
/// spaces nor format characters (bidi, zero width, tags), which could make a text look like
/// another.
fn is_text(c: char) -> bool {
    matches!(u32::from(c), 0xa1..=0xac | 0xae..=0x2ff | 0x2010..=0x2027 | 0x2030..=0x205e
        | 0x20a0..=0x20cf | 0x2100..=0x2bff | 0x3001..=0x303f | 0x1f300..=0x1faff)
        && !c.is_whitespace()
}

fn mask(text: String) -> String {
    match mask_credentials(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(masked) => masked,
    }
}

/// A last safety net behind the device layer's own masking: what follows `Authorization:` (or
/// `Proxy-Authorization:`) and its scheme is replaced by `***`, and the value of a cookie behind
/// `Set-Cookie:`, unless it is a `$PROBITY_…` variable or too short to be a credential (under 8
/// characters).
pub fn mask_credentials(text: &str) -> Cow<'_, str> {
    match mask_cookies(text) {
        Cow::Borrowed(text) => mask_authorization(text),
        Cow::Owned(text) => Cow::Owned(mask_authorization(&text).into_owned()),
    }
}

/// A device may give a session to whoever asks, one that the job does not use.
fn mask_cookies(text: &str) -> Cow<'_, str> {
    const FIELD: &str = "set-cookie:";
    let lower = text.to_ascii_lowercase();
    let mut out = String::new();
    let mut done = 0;
    for (at, _) in lower.match_indices(FIELD) {
        let rest = text.get(at..).unwrap_or_default();
        let pair = rest.split([';', '\n', '\\']).next().unwrap_or_default();
        let Some((name, value)) = pair.split_once('=') else {
            continue;
        };
        let value = value.trim_matches(['"', '\'']);
        let from = at + name.len() + 1;
        let from = from
            + pair
                .get(name.len() + 1..)
                .map_or(0, |v| v.find(value).unwrap_or(0));
        if value.len() < 8 || value.contains('$') || from < done {
            continue;
        }
        out.push_str(text.get(done..from).unwrap_or_default());
        out.push_str("***");
        done = from + value.len();
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(out)
}

fn mask_authorization(text: &str) -> Cow<'_, str> {
    const FIELD: &str = "authorization:";
    let lower = text.to_ascii_lowercase();
    let mut out = String::new();
    let mut done = 0;
    for (at, _) in lower.match_indices(FIELD) {
        let start = at + FIELD.len();
        if start < done {
            continue;
        }
        let rest = text.get(start..).unwrap_or_default();
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let value = rest.get(blanks..).unwrap_or_default();
        let scheme = value
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
            .filter(|end| value.get(*end..).is_some_and(|v| v.starts_with(' ')))
            .map_or(0, |end| end + 1);
        let credential = value.get(scheme..).unwrap_or_default();
        let end = credential
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\'))
            .unwrap_or(credential.len());
        let known = credential.starts_with("$PROBITY_") || credential.starts_with("${PROBITY_");
        if end >= 8 && !known && !credential.starts_with("***") {
            let from = start + blanks + scheme;
            out.push_str(text.get(done..from).unwrap_or_default());
            out.push_str("***");
            done = from + end;
        }
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Anomaly, Failure, HttpRequest, RawRequest, Secret, Template, Timings};
    use std::time::Duration;

    #[test]
    fn a_request_shows_names_for_credentials_and_escapes_for_controls() {
        let request = Request::Http(HttpRequest {
            method: "POST".to_owned(),
            target: "/a?b=\u{1b}[31m".into(),
            headers: vec![
                (
                    "Authorization".to_owned(),
                    Template::from("Bearer ").secret(Secret::Token),
                ),
                ("X-Odd".to_owned(), "a\u{7f}".into()),
            ],
            body: Some(b"{\"a\":\r\n\"\xff\xe2\x80\xae\"}".to_vec()),
        });
        assert_eq!(
            render_request(&request),
            "POST /a?b=\\u{1b}[31m HTTP/1.1\nAuthorization: Bearer $PROBITY_TOKEN\n\
             X-Odd: a\\u{7f}\n\n{\"a\":\\r\n\"\\xff\\u{202e}\"}"
        );
    }

    #[test]
    fn a_raw_request_tells_line_ends_pauses_and_half_close() {
        let request = Request::Raw(RawRequest {
            segments: vec![
                Segment::Bytes(b"GET / HTTP/1.1\r\nHost: ".to_vec()),
                Segment::Host,
                Segment::Bytes(b"\nX: \r".to_vec()),
                Segment::Pause(Duration::from_millis(250)),
                Segment::ShutdownWrite,
            ],
            answers: 1,
            head: false,
        });
        assert_eq!(
            render_request(&request),
            "GET / HTTP/1.1\nHost: ⟨host⟩\\n\nX: \\r⟨pause 0.25 s⟩⟨end of sending⟩"
        );
    }

    #[test]
    fn an_answer_shows_anomalies_and_is_cut() {
        let answer = Answer {
            status: 400,
            headers: vec![("Content-Type".to_owned(), b"text/pl\x00ain".to_vec())],
            body: vec![b'a'; SHOWN + 10],
            decoded: false,
            anomalies: vec![Anomaly::BareLf],
        };
        let mut exchange = Exchange {
            outcome: Outcome::Answered(answer.clone()),
            timings: Timings::default(),
            reused: false,
        };
        let text = render_answer(&exchange);
        assert!(
            text.starts_with("HTTP 400\nContent-Type: text/pl\\u{0}ain\n⟨a line of the head"),
            "{text}"
        );
        assert!(text.ends_with("aaa… ⟨2058 octets in all⟩"), "{text}");
        exchange.outcome = Outcome::Failed {
            failure: Failure::Reset,
            partial: Some(answer),
        };
        assert!(render_answer(&exchange).starts_with("connection reset\nuntil then:\nHTTP 400\n"));
    }

    #[test]
    fn credentials_that_slipped_through_are_masked() {
        let table = [
            (
                "Authorization: Bearer abcdefgh12345678\nX: 1",
                "Authorization: Bearer ***\nX: 1",
            ),
            ("authorization:abcdefgh12345678", "authorization:***"),
            (
                "HTTP 200\nSet-Cookie: sid=abcdefgh12345678; Path=/\nset-cookie:a=b\n\nx",
                "HTTP 200\nSet-Cookie: sid=***; Path=/\nset-cookie:a=b\n\nx",
            ),
            (
                "-H 'Proxy-Authorization: Basic YWRtaW46MTIz' x",
                "-H 'Proxy-Authorization: Basic ***' x",
            ),
            (
                "-H \"Authorization: Bearer $PROBITY_TOKEN\"",
                "-H \"Authorization: Bearer $PROBITY_TOKEN\"",
            ),
            (
                "-H 'Authorization: Bearer '\"$PROBITY_TOKEN\"",
                "-H 'Authorization: Bearer '\"$PROBITY_TOKEN\"",
            ),
            ("Authorization: Bearer x", "Authorization: Bearer x"),
            ("Authorization:", "Authorization:"),
            (
                "Authorization: Bearer abcdefghi\r\nAuthorization: Bearer abcdefghj",
                "Authorization: Bearer ***\r\nAuthorization: Bearer ***",
            ),
        ];
        for (text, want) in table {
            assert_eq!(mask_credentials(text), want);
        }
    }
}
