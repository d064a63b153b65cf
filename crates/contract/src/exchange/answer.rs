//! What came back: an answer, or why there is none.

use std::fmt;
use std::time::Duration;

/// A final (not 1xx) answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Status code, 200 to 999.
    pub status: u16,
    /// Header fields in order, values as bytes. Names are as received on a fresh connection and
    /// in lower case on a kept-alive one (the HTTP library folds them).
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body after transfer decoding, at most the transport's limit.
    pub body: Vec<u8>,
    /// What was odd about it on the wire.
    pub anomalies: Vec<Anomaly>,
}

impl Answer {
    /// The first value of a header field, compared without case; lossy where it is not UTF-8.
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| String::from_utf8_lossy(v).trim().to_owned())
    }

    /// The media type without parameters, in lower case.
    pub fn media_type(&self) -> Option<String> {
        let value = self.header("content-type")?;
        Some(
            value
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase(),
        )
    }
}

/// Something HTTP does not allow in an answer that could still be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Anomaly {
    /// Bytes followed the end of the body (more than `Content-Length` promised).
    ExtraBytes(usize),
    /// A second answer followed on a connection that had carried one request.
    SecondAnswer,
    /// `Content-Length` given more than once with the same value, or beside `Transfer-Encoding`
    /// (RFC 9112 §6.3). Values that differ are no anomaly but [`Failure::MalformedHttp`].
    AmbiguousLength,
    /// A line of the head ends in LF without CR (RFC 9112 §2.2).
    BareLf,
    /// A chunk line or trailer that RFC 9112 §7.1 does not allow and that did not hide the data.
    BadChunk(String),
    /// A header field that is not `name: value` was skipped or repaired.
    BadHeader(String),
    /// A body where the status or the method allows none.
    UnexpectedBody,
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Anomaly::ExtraBytes(n) => write!(f, "{n} octets after the end of the body"),
            Anomaly::SecondAnswer => f.write_str("a second answer to one request"),
            Anomaly::AmbiguousLength => f.write_str("contradicting lengths of the body"),
            Anomaly::BareLf => f.write_str("a line of the head ends without CR"),
            Anomaly::BadChunk(what) => write!(f, "bad chunk: {what}"),
            Anomaly::BadHeader(what) => write!(f, "bad header field: {what}"),
            Anomaly::UnexpectedBody => f.write_str("a body where none is allowed"),
        }
    }
}

/// Why there was no complete answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// The connection was refused.
    Refused,
    /// Name resolution or routing failed.
    Unreachable(String),
    /// TLS could not be set up.
    Tls(String),
    /// The peer reset the connection (`ECONNRESET`, `EPIPE`).
    Reset,
    /// The peer closed the connection before the first byte of an answer.
    Closed,
    /// Nothing happened for too long.
    Timeout(Phase),
    /// The connection ended inside the head or the body.
    Truncated {
        /// Octets promised by `Content-Length`, where it was given.
        promised: Option<u64>,
        /// Octets of the body that came.
        got: u64,
    },
    /// What came is not HTTP/1.x.
    MalformedHttp(String),
    /// More than the transport's limit; reading stopped there.
    TooLarge {
        /// `head` or `body`.
        what: &'static str,
        /// The limit in octets.
        limit: u64,
    },
    /// The request could not be sent as asked (a defect of the case or the tool, not the device).
    NotSent(String),
}

impl Failure {
    /// A stable word for reports and fingerprints.
    pub fn class(&self) -> &'static str {
        match self {
            Failure::Refused => "refused",
            Failure::Unreachable(_) => "unreachable",
            Failure::Tls(_) => "tls",
            Failure::Reset => "reset",
            Failure::Closed => "closed",
            Failure::Timeout(Phase::Connect) => "timeout-connect",
            Failure::Timeout(Phase::Tls) => "timeout-tls",
            Failure::Timeout(Phase::Send) => "timeout-send",
            Failure::Timeout(Phase::FirstByte) => "timeout-first-byte",
            Failure::Timeout(Phase::Head) => "timeout-head",
            Failure::Timeout(Phase::Body) => "timeout-body",
            Failure::Truncated { .. } => "truncated",
            Failure::MalformedHttp(_) => "malformed-http",
            Failure::TooLarge { .. } => "too-large",
            Failure::NotSent(_) => "not-sent",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Refused => f.write_str("connection refused"),
            Failure::Unreachable(why) => write!(f, "unreachable: {why}"),
            Failure::Tls(why) => write!(f, "TLS failed: {why}"),
            Failure::Reset => f.write_str("connection reset"),
            Failure::Closed => f.write_str("connection closed without an answer"),
            Failure::Timeout(phase) => write!(f, "time-out while {phase}"),
            Failure::Truncated {
                promised: Some(p),
                got,
            } => {
                write!(f, "answer truncated: {got} of {p} octets")
            }
            Failure::Truncated {
                promised: None,
                got,
            } => {
                write!(f, "answer truncated after {got} octets")
            }
            Failure::MalformedHttp(why) => write!(f, "malformed HTTP: {why}"),
            Failure::TooLarge { what, limit } => write!(f, "{what} larger than {limit} octets"),
            Failure::NotSent(why) => write!(f, "not sent: {why}"),
        }
    }
}

/// Where a time-out struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// TCP connect.
    Connect,
    /// TLS handshake.
    Tls,
    /// Writing the request.
    Send,
    /// Waiting for the first byte of the answer.
    FirstByte,
    /// Reading the head.
    Head,
    /// Reading the body.
    Body,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Connect => "connecting",
            Phase::Tls => "setting up TLS",
            Phase::Send => "sending",
            Phase::FirstByte => "waiting for the first byte",
            Phase::Head => "reading the head",
            Phase::Body => "reading the body",
        })
    }
}

/// Durations measured from the start of the exchange.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timings {
    /// Until the connection stood; zero where it was reused or the HTTP library does not tell.
    pub connect: Duration,
    /// Until the head of the answer was there.
    pub first_byte: Duration,
    /// Until the end.
    pub total: Duration,
}
