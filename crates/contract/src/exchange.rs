//! Requests, answers, failures and timings: the plain data that cases, device, judge and fuzzing
//! share. Nothing here does I/O, and nothing here may import another module of this crate.
//!
//! A request never holds a real credential. Wherever one belongs, it holds a [`Secret`] naming it;
//! the device layer puts the value in right before the bytes leave. So a request can be printed,
//! hashed, stored and replayed without masking anything.

pub mod octets;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// A credential that is known only to the device layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Secret {
    /// The session token that the login answered (or the one the user gave).
    Token,
    /// The user name.
    Username,
    /// The password in clear.
    Password,
    /// Lower-case hexadecimal MD5 of the password.
    PasswordMd5,
    /// `base64(username:password)`, RFC 7617.
    Basic,
    /// The cookies of the session, as a `Cookie` field wants them (RFC 6265 §4.2).
    Cookies,
    /// The token against cross-site request forgery that goes with the session.
    Csrf,
    /// The key at this place (from 0) of the profile's `keys`, in the order of their names.
    Key(u8),
    /// The whole value of `Authorization` for the request that it stands in, answering the
    /// device's Digest challenge (RFC 7616 §3.4).
    Digest(DigestForm),
    /// The whole value of `Authorization` under the scheme that the device's challenge names,
    /// Digest before Basic. A field that consists of it is left out where the device names none.
    Offered,
    /// A credential made wrong. Where the alteration would leave it as it is, there is none to
    /// send.
    Altered(Original, Alteration),
}

/// An answer to a Digest challenge, right or wrong in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DigestForm {
    /// As RFC 7616 §3.4.1 computes it.
    Right,
    /// The last characters of `response` changed.
    WrongResponse,
    /// `response` is empty.
    EmptyResponse,
    /// Computed with another password.
    WrongPassword,
    /// Computed for another user.
    UnknownUser,
    /// Computed for another request target, which `uri` names.
    OtherUri,
    /// Computed for another method.
    OtherMethod,
    /// Computed for another realm, which `realm` names.
    WrongRealm,
    /// Computed with a nonce that the device has never given.
    UnknownNonce,
    /// Nonce count and client nonce of the answer before, computed for this request.
    ReplayedCount,
}

impl DigestForm {
    /// Every form, the right one first.
    pub const ALL: [DigestForm; 10] = [
        DigestForm::Right,
        DigestForm::WrongResponse,
        DigestForm::EmptyResponse,
        DigestForm::WrongPassword,
        DigestForm::UnknownUser,
        DigestForm::OtherUri,
        DigestForm::OtherMethod,
        DigestForm::WrongRealm,
        DigestForm::UnknownNonce,
        DigestForm::ReplayedCount,
    ];
}

/// A credential that can be made wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Original {
    /// [`Secret::Token`]
    Token,
    /// [`Secret::PasswordMd5`]
    PasswordMd5,
    /// [`Secret::Password`]
    Password,
}

impl Original {
    /// The credential as it is.
    pub fn secret(self) -> Secret {
        match self {
            Original::Token => Secret::Token,
            Original::PasswordMd5 => Secret::PasswordMd5,
            Original::Password => Secret::Password,
        }
    }
}

/// How a credential is made wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Alteration {
    /// Without its last character.
    Shortened,
    /// Without its first character.
    Beheaded,
    /// The first half of its characters.
    Halved,
    /// Its first character alone.
    FirstOnly,
    /// The last four characters replaced by others. (Of base64 one is not enough: its last
    /// character may carry bits that no decoder looks at.)
    TailChanged,
    /// The character in the middle replaced by another.
    MiddleChanged,
    /// ASCII letters in capitals.
    Capitals,
}

impl Alteration {
    /// Whether a shell can make it by expanding the variable of the original.
    pub fn expansion(self) -> bool {
        !matches!(self, Alteration::TailChanged | Alteration::MiddleChanged)
    }

    /// The altered credential; `None` where it would be empty or the same as `original`.
    pub fn apply(self, original: &str) -> Option<String> {
        let other = |c: char| if c == 'a' { 'b' } else { 'a' };
        let length = original.chars().count();
        let changed: String = match self {
            Alteration::Shortened => original.chars().take(length.saturating_sub(1)).collect(),
            Alteration::Beheaded => original.chars().skip(1).collect(),
            Alteration::Halved => original.chars().take(length / 2).collect(),
            Alteration::FirstOnly => original.chars().take(1).collect(),
            Alteration::TailChanged => {
                let kept = length.saturating_sub(4);
                let swap = |(i, c): (usize, char)| if i < kept { c } else { other(c) };
                original.chars().enumerate().map(swap).collect()
            }
            Alteration::MiddleChanged => {
                let swap = |(i, c): (usize, char)| if i == length / 2 { other(c) } else { c };
                original.chars().enumerate().map(swap).collect()
            }
            Alteration::Capitals => original.to_ascii_uppercase(),
        };
        (!changed.is_empty() && changed != original).then_some(changed)
    }
}

/// Variables of [`Secret::Key`]; a profile names no more keys than these.
pub const KEY_NAMES: [&str; 8] = [
    "PROBITY_KEY_1",
    "PROBITY_KEY_2",
    "PROBITY_KEY_3",
    "PROBITY_KEY_4",
    "PROBITY_KEY_5",
    "PROBITY_KEY_6",
    "PROBITY_KEY_7",
    "PROBITY_KEY_8",
];

impl Secret {
    /// The environment variable under which reproducers expect the value, as it follows `$` in a
    /// shell: an alteration that a shell can make is written as an expansion of the variable of
    /// its original, `{PROBITY_TOKEN%?}`; others are variables of their own.
    pub fn env_name(self) -> &'static str {
        match self {
            Secret::Token => "PROBITY_TOKEN",
            Secret::Username => "PROBITY_USERNAME",
            Secret::Password => "PROBITY_PASSWORD",
            Secret::PasswordMd5 => "PROBITY_PASSWORD_MD5",
            Secret::Basic => "PROBITY_BASIC",
            Secret::Cookies => "PROBITY_COOKIES",
            Secret::Csrf => "PROBITY_CSRF",
            Secret::Key(at) => KEY_NAMES
                .get(usize::from(at))
                .copied()
                .unwrap_or(KEY_NAMES[7]),
            Secret::Offered => "PROBITY_AUTHORIZATION",
            Secret::Digest(form) => match form {
                DigestForm::Right => "PROBITY_DIGEST",
                DigestForm::WrongResponse => "PROBITY_DIGEST_WRONG_RESPONSE",
                DigestForm::EmptyResponse => "PROBITY_DIGEST_EMPTY_RESPONSE",
                DigestForm::WrongPassword => "PROBITY_DIGEST_WRONG_PASSWORD",
                DigestForm::UnknownUser => "PROBITY_DIGEST_UNKNOWN_USER",
                DigestForm::OtherUri => "PROBITY_DIGEST_OTHER_URI",
                DigestForm::OtherMethod => "PROBITY_DIGEST_OTHER_METHOD",
                DigestForm::WrongRealm => "PROBITY_DIGEST_WRONG_REALM",
                DigestForm::UnknownNonce => "PROBITY_DIGEST_UNKNOWN_NONCE",
                DigestForm::ReplayedCount => "PROBITY_DIGEST_REPLAYED_COUNT",
            },
            Secret::Altered(Original::Token, how) => match how {
                Alteration::Shortened => "{PROBITY_TOKEN%?}",
                Alteration::Beheaded => "{PROBITY_TOKEN#?}",
                Alteration::Halved => "{PROBITY_TOKEN:0:${#PROBITY_TOKEN}/2}",
                Alteration::FirstOnly => "{PROBITY_TOKEN:0:1}",
                Alteration::TailChanged => "PROBITY_TOKEN_TAIL_CHANGED",
                Alteration::MiddleChanged => "PROBITY_TOKEN_MIDDLE_CHANGED",
                Alteration::Capitals => "{PROBITY_TOKEN^^}",
            },
            Secret::Altered(Original::PasswordMd5, how) => match how {
                Alteration::Shortened => "{PROBITY_PASSWORD_MD5%?}",
                Alteration::Beheaded => "{PROBITY_PASSWORD_MD5#?}",
                Alteration::Halved => "{PROBITY_PASSWORD_MD5:0:${#PROBITY_PASSWORD_MD5}/2}",
                Alteration::FirstOnly => "{PROBITY_PASSWORD_MD5:0:1}",
                Alteration::TailChanged => "PROBITY_PASSWORD_MD5_TAIL_CHANGED",
                Alteration::MiddleChanged => "PROBITY_PASSWORD_MD5_MIDDLE_CHANGED",
                Alteration::Capitals => "{PROBITY_PASSWORD_MD5^^}",
            },
            Secret::Altered(Original::Password, how) => match how {
                Alteration::Shortened => "{PROBITY_PASSWORD%?}",
                Alteration::Beheaded => "{PROBITY_PASSWORD#?}",
                Alteration::Halved => "{PROBITY_PASSWORD:0:${#PROBITY_PASSWORD}/2}",
                Alteration::FirstOnly => "{PROBITY_PASSWORD:0:1}",
                Alteration::TailChanged => "PROBITY_PASSWORD_TAIL_CHANGED",
                Alteration::MiddleChanged => "PROBITY_PASSWORD_MIDDLE_CHANGED",
                Alteration::Capitals => "{PROBITY_PASSWORD^^}",
            },
        }
    }
}

/// One part of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Literal text.
    Text(String),
    /// A credential, put in by the device layer.
    Secret(Secret),
}

/// Text with named credentials in it: a request target or a header value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Template(pub Vec<Part>);

impl Template {
    /// Appends literal text.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.0.push(Part::Text(text.into()));
        self
    }

    /// Appends a credential.
    pub fn secret(mut self, secret: Secret) -> Self {
        self.0.push(Part::Secret(secret));
        self
    }

    /// The text with every credential replaced by what `value` gives for it.
    pub fn render(&self, value: impl Fn(Secret) -> String) -> String {
        self.0
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Secret(secret) => value(*secret),
            })
            .collect()
    }

    /// The text with every credential replaced, or the first credential that `value` does not
    /// know.
    pub fn try_render(&self, value: impl Fn(Secret) -> Option<String>) -> Result<String, Secret> {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Secret(secret) => out.push_str(&value(*secret).ok_or(*secret)?),
            }
        }
        Ok(out)
    }

    /// Whether a credential occurs in it.
    pub fn has_secret(&self) -> bool {
        self.0.iter().any(|p| matches!(p, Part::Secret(_)))
    }
}

impl From<&str> for Template {
    fn from(text: &str) -> Self {
        Template::default().text(text)
    }
}

impl From<String> for Template {
    fn from(text: String) -> Self {
        Template::default().text(text)
    }
}

/// Shows credentials as `$NAME`, never as values.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(|s| format!("${}", s.env_name())))
    }
}

/// What to send. Targets are in origin form (RFC 9112 §3.2.1), below the device's base URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// A well-formed HTTP/1.1 request; framing (`Host`, `Content-Length`) is the transport's.
    Http(HttpRequest),
    /// Bytes as they are: deliberately malformed or byte-exact HTTP.
    Raw(RawRequest),
}

impl Request {
    /// The credentials that it names, in order.
    pub fn secrets(&self) -> Vec<Secret> {
        match self {
            Request::Http(http) => http.secrets(),
            Request::Raw(raw) => {
                let secrets = raw.segments.iter().filter_map(|segment| match segment {
                    Segment::Secret(secret) => Some(*secret),
                    _ => None,
                });
                secrets.collect()
            }
        }
    }
}

impl HttpRequest {
    /// The credentials that it names, in order.
    pub fn secrets(&self) -> Vec<Secret> {
        let values = self.headers.iter().map(|(_, value)| value);
        let parts = std::iter::once(&self.target)
            .chain(values)
            .flat_map(|t| &t.0);
        let secrets = parts.filter_map(|part| match part {
            Part::Secret(secret) => Some(*secret),
            Part::Text(_) => None,
        });
        secrets.collect()
    }
}

/// A well-formed HTTP/1.1 request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct HttpRequest {
    /// Method token, e.g. `POST`.
    pub method: String,
    /// Path and query.
    pub target: Template,
    /// Header fields in order, without `Host` and `Content-Length`.
    pub headers: Vec<(String, Template)>,
    /// The body, byte for byte; `None` sends neither a body nor `Content-Length`.
    #[serde(with = "octets::option")]
    #[schemars(with = "Option<octets::Octets>")]
    pub body: Option<Vec<u8>>,
}

/// A request as a list of things to do on a fresh connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct RawRequest {
    /// What is written, in order.
    pub segments: Vec<Segment>,
    /// How many final answers the request should draw; 1 except for pipelined requests.
    pub answers: usize,
    /// Whether the answer to it has no body whatever its header says (`HEAD`, RFC 9110 §9.3.2).
    pub head: bool,
}

/// One step of a [`RawRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Segment {
    /// Write these bytes and flush.
    Bytes(
        #[serde(with = "octets")]
        #[schemars(with = "octets::Octets")]
        Vec<u8>,
    ),
    /// Write this credential.
    Secret(Secret),
    /// Write the path of the base URL, empty where it has none: what stands before the target of
    /// every request.
    Prefix,
    /// Write the device's authority (`host:port`), as a `Host` field wants it.
    Host,
    /// Wait this long before going on.
    Pause(Duration),
    /// Shut down the writing half of the connection.
    ShutdownWrite,
}

/// What came back, or how nothing did.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The answer or the failure.
    pub outcome: Outcome,
    /// How long it took.
    pub timings: Timings,
    /// Whether the connection had carried an exchange before.
    pub reused: bool,
}

impl Exchange {
    /// Nothing was sent, and why.
    pub fn not_sent(why: impl Into<String>) -> Exchange {
        Exchange {
            outcome: Outcome::Failed {
                failure: Failure::NotSent(why.into()),
                partial: None,
            },
            timings: Timings::default(),
            reused: false,
        }
    }

    /// The complete answer, where there is one.
    pub fn answer(&self) -> Option<&Answer> {
        match &self.outcome {
            Outcome::Answered(answer) => Some(answer),
            Outcome::Failed { .. } => None,
        }
    }

    /// The failure, where there is one.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.outcome {
            Outcome::Answered(_) => None,
            Outcome::Failed { failure, .. } => Some(failure),
        }
    }

    /// The status code of a complete answer.
    pub fn status(&self) -> Option<u16> {
        self.answer().map(|a| a.status)
    }
}

/// How an exchange ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// One complete answer that HTTP allows, perhaps with [`Anomaly`]s.
    Answered(Answer),
    /// No complete answer.
    Failed {
        /// What went wrong.
        failure: Failure,
        /// What had arrived of an answer, where a status line had.
        partial: Option<Answer>,
    },
}

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
    /// Whether `body` is the content, freed of the coding that `Content-Encoding` names.
    pub decoded: bool,
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

#[cfg(test)]
mod tests {
    use super::Alteration;

    #[test]
    fn an_alteration_changes_or_is_none() {
        use Alteration::*;
        let table = [
            (Shortened, "abcdef", Some("abcde")),
            (Beheaded, "abcdef", Some("bcdef")),
            (Halved, "abcdef", Some("abc")),
            (FirstOnly, "abcdef", Some("a")),
            (TailChanged, "abcaef", Some("ababaa")),
            (TailChanged, "a", Some("b")),
            (MiddleChanged, "abcaef", Some("abcbef")),
            (Capitals, "ab12", Some("AB12")),
            (Capitals, "0123", None),
            (Shortened, "a", None),
            (Halved, "a", None),
            (FirstOnly, "a", None),
            (TailChanged, "", None),
        ];
        for (how, original, want) in table {
            assert_eq!(
                how.apply(original).as_deref(),
                want,
                "{how:?} of {original}"
            );
        }
    }
}
