//! Requests, answers, failures and timings: the plain data that cases, device, judge and fuzzing
//! share. Nothing here does I/O, and nothing here may import another module of this crate.
//!
//! A request never holds a real credential. Wherever one belongs, it holds a [`Secret`] naming it;
//! the device layer puts the value in right before the bytes leave. So a request can be printed,
//! hashed, stored and replayed without masking anything.

mod answer;
pub mod octets;
mod secret;

pub use answer::*;
pub use secret::*;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What to send. Targets are in origin form (RFC 9112 §3.2.1), below the device's base URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// A well-formed HTTP/1.1 request; framing (`Host`, `Content-Length`) is the transport's.
    Http(HttpRequest),
    /// Bytes as they are: deliberately malformed or byte-exact HTTP.
    Raw(RawRequest),
}

/// Whether an octet may stand in a token (RFC 9110 §5.6.2).
pub fn is_token_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}

/// Whether a text is a token, as the names of header fields are (RFC 9110 §5.6.2).
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_octet)
}

/// Whether a method only reads (RFC 9110 §9.2.1). Methods have case (§9.1): whoever has the text of a request
/// that servers read without it makes capitals of it first.
pub fn is_safe(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE")
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

    /// The request with the credentials of somebody else in place of the session's; `None` where it
    /// carries none, or one that they have not.
    pub fn of(&self, holder: Holder) -> Option<HttpRequest> {
        if self.secrets().is_empty() {
            return None;
        }
        let field = |(name, value): &(String, Template)| Some((name.clone(), value.of(holder)?));
        Some(HttpRequest {
            method: self.method.clone(),
            target: self.target.of(holder)?,
            headers: self.headers.iter().map(field).collect::<Option<_>>()?,
            body: self.body.clone(),
        })
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
