//! The contract as plain data: operations, schemas, error shapes, promises. Every part keeps the
//! JSON pointer (RFC 6901) of the place in the document that states it.

use super::promise_id::PromiseId;
use super::serialization::{Encoding, Format, Serialization};
use crate::locate::line_of;
use crate::source::{Source, split};
use crate::stored::Said;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, OnceLock};

mod field;
mod message;
mod operation;
mod promise;
mod schema;

pub use field::{Field, FieldPath, Step};
pub use message::*;
pub use operation::*;
pub use promise::*;
pub use schema::{Additional, Bound, Discriminator, JsonType, Schema, SchemaRef};
pub(crate) use schema::{Pending, WeakSchema};

/// A loaded contract. All `$ref`s are resolved; `allOf` is merged where that is exact.
#[derive(Clone, Debug)]
pub struct Contract {
    /// File name without extension, or `sip-settings` for the embedded one.
    pub id: String,
    /// SHA-256 of the document's bytes, lower-case hexadecimal.
    pub sha256: String,
    /// `info.title` and `info.version`.
    pub title: String,
    /// Version of the API, `info.version`.
    pub version: String,
    /// `servers[].url`, as published.
    pub servers: Vec<String>,
    /// In the document's order.
    pub operations: Vec<Operation>,
    /// Every checkable statement.
    pub promises: Vec<Promise>,
    /// What the document states and Probity does not check.
    pub unsupported: Vec<Unsupported>,
    /// What is not judged because of a flaw in the document, by name.
    pub left_out: Vec<LeftOut>,
    /// Rules of the OpenAPI Specification itself that the document breaks; [`crate::lint()`]
    /// begins with them.
    pub issues: Vec<ContractIssue>,
    /// `x-page-line` by the JSON pointer of the object that has it; see [`Contract::page_line`].
    pub lines: BTreeMap<String, u32>,
    /// The document's file as it was named.
    pub(crate) file: String,
    pub(crate) source: Arc<Source>,
    /// Whether the document, or the profile, says that the device refuses what a `format` forbids.
    pub formats_bind: bool,
    /// Where in `promises` each id stands: a plan asks for hundreds of thousands.
    pub(crate) promise_index: HashMap<PromiseId, usize>,
    /// Where in `operations` each id stood when somebody asked first.
    pub(crate) operation_index: OnceLock<HashMap<String, usize>>,
}

/// An operation, or a part of one, that is not judged because the document has a flaw, or something lawful
/// that is not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its id; a path where the whole path item is unreadable.
    pub operation: String,
    /// `responses.200`, `parameters.0`; `None`: the whole operation.
    pub part: Option<String>,
    /// The flaw, for people.
    pub reason: String,
    /// Where the flaw stands.
    pub pointer: String,
    /// Whether the document may say so: it is this program that does not send it.
    pub lawful: bool,
}

impl Contract {
    /// Whether an operation is for those alone who show credentials: the document says so, or says
    /// nothing of credentials at all.
    pub fn guards(&self, op: &Operation) -> bool {
        op.needs_auth() || self.operations.iter().all(|o| o.security.is_empty())
    }

    /// Line of the published page for a place in the document: that of the nearest object around
    /// it that has an `x-page-line`.
    pub fn page_line(&self, pointer: &str) -> Option<u32> {
        let mut at = pointer;
        loop {
            if let Some(line) = self.lines.get(at) {
                return Some(*line);
            }
            (at, _) = at.rsplit_once('/')?;
        }
    }

    /// The operation with this id.
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.get(self.operation_place(id)?)
    }

    /// Where in [`Contract::operations`] the operation with this id stands: a plan asks for each of its
    /// cases.
    pub fn operation_place(&self, id: &str) -> Option<usize> {
        let index = self.operation_index.get_or_init(|| {
            let operations = self.operations.iter().enumerate().rev();
            operations.map(|(at, o)| (o.id.clone(), at)).collect()
        });
        let is = |at: &usize| self.operations.get(*at).is_some_and(|o| o.id == id);
        // Whoever changed the list since has moved what the index knows.
        let known = index.get(id).copied().filter(is);
        known.or_else(|| self.operations.iter().position(|o| o.id == id))
    }

    /// The operation that a person names: by `operationId`, or as `METHOD /path`.
    pub fn operation_named(&self, name: &str) -> Option<&Operation> {
        self.operation(name)
            .or_else(|| self.operations.iter().find(|o| o.is_named(name)))
    }

    /// For an error about an operation that is not there: `; did you mean X?`.
    pub fn suggestion(&self, name: &str) -> String {
        let ids = self.operations.iter().map(|o| o.id.as_str());
        super::profile::nearest(name, ids)
    }

    /// Where the document states what a pointer names: file, line and column of the place, or of the
    /// nearest around it. `None` where it is no place of the document.
    pub fn position(&self, pointer: &str) -> Option<(&str, u32, u32)> {
        let (name, _) = split(pointer);
        let (name, _) = self.source.files.get_key_value(name)?;
        let (line, column) = line_of(&self.source, pointer)?;
        let file = if name.is_empty() { &self.file } else { name };
        Some((file, line, column))
    }

    /// What the document says at a pointer.
    pub fn stated(&self, pointer: &str) -> Option<&Value> {
        self.source.get(pointer)
    }

    /// The promise with this id.
    pub fn promise(&self, id: &str) -> Option<&Promise> {
        self.promises.get(*self.promise_index.get(id)?)
    }
}

/// How a client proves who it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SecurityScheme {
    /// `Authorization: Bearer TOKEN`, RFC 6750.
    Bearer,
    /// `Authorization: Basic …`, RFC 7617.
    Basic,
    /// `Authorization: Digest …`, RFC 7616 (and RFC 2069, where the device asks for no `qop`).
    Digest,
    /// A token of OAuth 2 (RFC 6749), shown as [`SecurityScheme::Bearer`].
    OAuth2(OAuthFlows),
    /// A token of OpenID Connect, shown as [`SecurityScheme::Bearer`].
    OpenIdConnect,
    /// A client certificate (`mutualTLS`).
    MutualTls,
    /// Nothing is declared: what the device's own challenge asks for, Basic or Digest. No document
    /// says this; see [`crate::access::choose`].
    Offered,
    /// A key in a header field, the query or a cookie.
    ApiKey {
        /// Name of the field, parameter or cookie.
        name: String,
        /// Where it goes.
        place: Place,
    },
    /// Stated, but not one that Probity can feed, in words (`http hoba`).
    Other(String),
}

/// The flows of OAuth 2 that a program can go through alone; others want a ready token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct OAuthFlows {
    /// `tokenUrl` of the flow `password` (RFC 6749 §4.3).
    pub password: Option<String>,
    /// `tokenUrl` of the flow `clientCredentials` (RFC 6749 §4.4).
    pub client_credentials: Option<String>,
    /// Scopes that the requirement names, in its order.
    pub scopes: Vec<String>,
}

/// How the requests of an operation get in, chosen once before a run from the alternatives that
/// the document gives ([`crate::access::choose`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Without credentials.
    Open,
    /// With these together.
    With(Vec<SecurityScheme>),
    /// No alternative can be fed, and why: the operation is not judged.
    Unfed(String),
}
