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
mod schema;

pub use field::{Field, FieldPath, Step};
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

/// One method on one path.
#[derive(Clone, Debug)]
pub struct Operation {
    /// `operationId`, or `METHOD /path` where it has none.
    pub id: String,
    /// Upper-case method token.
    pub method: String,
    /// Path template with `{name}`s, the base path of `servers` included.
    pub path: String,
    /// The part of [`Operation::path`] that comes from `servers`.
    pub base: String,
    /// Path, query, header and cookie parameters.
    pub parameters: Vec<Parameter>,
    /// The request body.
    pub body: Option<Body>,
    /// Documented answers.
    pub responses: Vec<Response>,
    /// Alternatives, each a list of schemes that hold together; empty: no authorization.
    pub security: Vec<Vec<SecurityScheme>>,
    /// `summary`, or the first sentence of `description` where there is none: what it does, in words.
    pub summary: String,
    /// What its `description` says of the form in which it stores what it is sent.
    pub stored: Vec<Said>,
    /// Whether its texts say that it shows a change some time after it was made.
    pub late: bool,
    /// Whether its texts say that values beyond their bounds are taken for the nearest ones.
    pub clamps: bool,
    /// The sentences of its texts, those of its responses among them, that set one thing against another.
    pub tied: Vec<String>,
    /// Whether its summary or description speaks of `If-Match` as something that is minded.
    pub speaks_of_versions: bool,
    /// JSON pointer to the operation object.
    pub pointer: String,
    /// How its requests get in.
    pub access: Access,
    /// JSON pointer to the `security` that holds: the operation's own or the document's.
    pub security_pointer: String,
    /// `x-acts`: whether the document says that calling it acts beyond settings; `None`: it does
    /// not say. See [`crate::effect`].
    pub acts: Option<bool>,
    /// The path of another operation of this method that every request of this one fits as well
    /// (OpenAPI 3.1.1 §4.8.8.1 forbids such paths): which of the two a device means is not stated.
    pub twin: Option<String>,
}

/// What an operation may do to a device. The order is that of harm.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Changes nothing.
    Reads,
    /// Changes a state that can be read and put back.
    Writes,
    /// Makes something that can be removed.
    Creates,
    /// Changes or deletes what cannot be brought back.
    #[serde(rename = "cannot-be-undone", alias = "irreversible")]
    Irreversible,
    /// Does something in the world: restarts, opens, calls, sends.
    Acts,
}

impl Effect {
    /// All, from the least harmful to the most.
    pub const ALL: [Effect; 5] = [
        Effect::Reads,
        Effect::Writes,
        Effect::Creates,
        Effect::Irreversible,
        Effect::Acts,
    ];

    /// In words: `writes, can be put back`.
    pub fn words(self) -> &'static str {
        match self {
            Effect::Reads => "reads",
            Effect::Writes => "writes, can be put back",
            Effect::Creates => "creates, can be removed",
            Effect::Irreversible => "cannot be undone",
            Effect::Acts => "acts",
        }
    }

    /// Whether operations of this effect are tested unless the user says otherwise.
    pub fn harmless(self) -> bool {
        matches!(self, Effect::Reads | Effect::Writes | Effect::Creates)
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

impl Operation {
    /// Whether `name` is `METHOD /path` of this operation.
    pub fn is_named(&self, name: &str) -> bool {
        name.split_once(' ').is_some_and(|(method, path)| {
            method.eq_ignore_ascii_case(&self.method)
                && [self.path.as_str(), self.stated_path()].contains(&path.trim())
        })
    }

    /// The path as the document has it, below the base path of `servers`.
    pub fn stated_path(&self) -> &str {
        self.path.strip_prefix(&self.base).unwrap_or(&self.path)
    }

    /// `METHOD /path`.
    pub fn signature(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// What names a parameter in the ids of promises and cases: its name, behind its place where
    /// another parameter has that name too (OpenAPI 3.0.4 §4.7.12: a parameter is its name and
    /// its place).
    pub fn parameter_key(&self, parameter: &Parameter) -> String {
        let name = &parameter.name;
        let named = self.parameters.iter().filter(|p| p.name == *name);
        match (named.count(), parameter.place) {
            (..=1, _) => name.clone(),
            (_, Place::Path) => format!("path.{name}"),
            (_, Place::Query) => format!("query.{name}"),
            (_, Place::Header) => format!("header.{name}"),
            (_, Place::Cookie) => format!("cookie.{name}"),
        }
    }

    /// Gives it another id, where the document has its id twice.
    pub(crate) fn rename(&mut self, id: &str) {
        for response in &mut self.responses {
            for shape in &mut response.shapes {
                shape.promise = PromiseId::new(id, shape.promise.statement());
            }
        }
        self.id = id.to_owned();
    }

    /// Whether the operation asks for credentials (some alternative is not empty and none is).
    pub fn needs_auth(&self) -> bool {
        !self.security.is_empty() && self.security.iter().all(|all| !all.is_empty())
    }

    /// Documented statuses of success (2xx), in the document's order.
    pub fn success_statuses(&self) -> Vec<u16> {
        self.responses
            .iter()
            .filter_map(|r| r.status.exact())
            .filter(|s| (200..300).contains(s))
            .collect()
    }

    /// Whether this status, which points to another resource, is how the operation says that it has done
    /// what was asked (RFC 9110 §15.4.3, §15.4.4): the document gives it by its number, no 2xx, and
    /// another status for what is refused.
    pub fn sends_elsewhere_with(&self, status: u16) -> bool {
        let given = |wanted: &dyn Fn(StatusKey) -> bool| {
            let mut keys = self.responses.iter().map(|r| r.status);
            keys.any(wanted)
        };
        let class = |of: u16| {
            move |key: StatusKey| match key {
                StatusKey::Exact(status) => status / 100 == of,
                StatusKey::Range(class) => u16::from(class) == of,
                StatusKey::Default => false,
            }
        };
        matches!(status, 302 | 303)
            && given(&|key| key == StatusKey::Exact(status))
            && !given(&class(2))
            && given(&class(4))
    }

    /// Whether the document has an answer for exactly this status.
    pub fn documents(&self, status: u16) -> bool {
        let exact = StatusKey::Exact(status);
        self.responses.iter().any(|r| r.status == exact)
    }

    /// The parameter that is a header field of this name, in any case (RFC 9110 §5.1).
    pub fn header_parameter(&self, name: &str) -> Option<&Parameter> {
        let named = |p: &&Parameter| p.place == Place::Header && p.name.eq_ignore_ascii_case(name);
        self.parameters.iter().find(named)
    }

    /// Whether the document says that a write may name the version that it replaces (`If-Match`, RFC 9110
    /// §13.1.1), be it in prose only.
    pub fn takes_versions(&self) -> bool {
        self.changes() && (self.header_parameter("If-Match").is_some() || self.speaks_of_versions)
    }

    /// As [`Operation::takes_versions`], or at least has a status for one that names another version or none.
    pub fn minds_versions(&self) -> bool {
        let documented = self.documents(412) || self.documents(428);
        self.takes_versions() || self.changes() && documented
    }

    fn changes(&self) -> bool {
        matches!(self.method.as_str(), "PUT" | "PATCH" | "DELETE" | "POST")
    }

    /// The parameter that ends the path, and so names an item, if one does.
    pub fn item_parameter(&self) -> Option<&Parameter> {
        let last = self.path.rsplit('/').next().unwrap_or_default();
        let named = |p: &&Parameter| p.place == Place::Path && last == format!("{{{}}}", p.name);
        self.parameters.iter().find(named)
    }

    /// The documented answer for a status: exact, then range (`4XX`), then `default`.
    pub fn response(&self, status: u16) -> Option<&Response> {
        self.responses
            .iter()
            .find(|r| r.status == StatusKey::Exact(status))
            .or_else(|| {
                self.responses
                    .iter()
                    .find(|r| r.status == StatusKey::Range((status / 100) as u8))
            })
            .or_else(|| {
                self.responses
                    .iter()
                    .find(|r| r.status == StatusKey::Default)
            })
    }

    /// Error shapes of all answers, with their status.
    pub fn error_shapes(&self) -> impl Iterator<Item = &ErrorShape> {
        self.responses.iter().flat_map(|r| r.shapes.iter())
    }
}

/// A parameter outside the body.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Name as published.
    pub name: String,
    /// Where it goes.
    pub place: Place,
    /// Whether it must be there.
    pub required: bool,
    /// Its rules.
    pub schema: Schema,
    /// How its value is written.
    pub serialization: Serialization,
    /// The value that the profile gives it ([`crate::values::give`]).
    pub given: Option<Value>,
    /// JSON pointer to the parameter object.
    pub pointer: String,
}

/// Where a parameter or an API key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// In the path template.
    Path,
    /// In the query.
    Query,
    /// A header field.
    Header,
    /// A cookie.
    Cookie,
}

/// A request body.
#[derive(Clone, Debug)]
pub struct Body {
    /// Whether it must be there.
    pub required: bool,
    /// The media type that is sent: JSON before forms, forms before text and octets.
    pub media_type: String,
    /// Whether the document offers no other.
    pub only: bool,
    /// What kind of document that is.
    pub format: Format,
    /// How members of a form are written, where the document says so.
    pub encodings: Vec<Encoding>,
    /// Its rules.
    pub schema: Schema,
    /// Published examples, each with the JSON pointer to it.
    pub examples: Vec<(String, Value)>,
    /// JSON pointer to the Request Body Object.
    pub pointer: String,
    /// A whole body that the profile gives: one that the device takes.
    pub given: Option<Value>,
}

/// One documented answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// For which statuses.
    pub status: StatusKey,
    /// Its media type, where a JSON body and no other is documented.
    pub media_type: Option<String>,
    /// Rules of its body; `None`: the page says nothing of a JSON body.
    pub schema: Option<Schema>,
    /// Rules of its JSON body, where a body of another media type may come in its place: of what is asked
    /// for JSON (RFC 9110 §12.5.1).
    pub as_json: Option<Schema>,
    /// Every media type that is documented.
    pub media_types: Vec<String>,
    /// Error-shape templates (`x-error-shapes`).
    pub shapes: Vec<ErrorShape>,
    /// Published examples, each with the JSON pointer to it.
    pub examples: Vec<(String, Value)>,
    /// Documented header fields.
    pub headers: Vec<ResponseHeader>,
    /// `links`: what members of this answer mean to other operations.
    pub links: Vec<Link>,
    /// JSON pointer to the response object.
    pub pointer: String,
}

/// A Header Object (OpenAPI 3.1.1 §4.8.21): a documented header field of an answer.
#[derive(Clone, Debug)]
pub struct ResponseHeader {
    /// Name as published.
    pub name: String,
    /// Whether each such answer has it.
    pub required: bool,
    /// Rules of its value; without any where it has a syntax that is not read.
    pub schema: Schema,
    /// JSON pointer to the Header Object.
    pub pointer: String,
}

impl Response {
    /// The key as `responses` has it: `200`, `4XX`, `default`.
    pub fn key(&self) -> String {
        match self.status {
            StatusKey::Exact(code) => code.to_string(),
            StatusKey::Range(digit) => format!("{digit}XX"),
            StatusKey::Default => "default".to_owned(),
        }
    }

    /// Whether a header field is documented, whatever the case of its name.
    pub fn has_header(&self, name: &str) -> bool {
        let mut headers = self.headers.iter();
        headers.any(|header| header.name.eq_ignore_ascii_case(name))
    }
}

/// A Link Object (OpenAPI 3.1.1 §4.8.20): values of an answer that are parameters of another
/// operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// `operationId`, or `METHOD /path` where the link has an `operationRef` into this document.
    pub operation: String,
    /// Parameter name (without its place) and runtime expression, e.g. `$response.body#/id`.
    pub parameters: Vec<(String, String)>,
}

/// Key of a `responses` entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatusKey {
    /// `404`
    Exact(u16),
    /// `4XX`: the first digit.
    Range(u8),
    /// `default`
    Default,
}

impl StatusKey {
    /// The code, where it is one.
    pub fn exact(self) -> Option<u16> {
        match self {
            StatusKey::Exact(code) => Some(code),
            _ => None,
        }
    }
}

/// What is wrong with a request, as error shapes distinguish it (values of `answers` in
/// `x-error-shapes`).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The body is absent or empty.
    NoBody,
    /// The body is not JSON (RFC 8259).
    NotJson,
    /// JSON, but not of the root type that the schema wants.
    WrongRoot,
    /// A required member is absent.
    Missing,
    /// A member is `null` where the schema does not allow it.
    Null,
    /// A member has another JSON type.
    WrongType,
    /// A member of the right type breaks another rule (enum, bounds, length, pattern, format).
    Constraint,
    /// A member that `additionalProperties: false` forbids.
    UnknownMember,
    /// A parameter outside the body breaks its rules.
    Parameter,
    /// Credentials are absent or insufficient.
    Unauthenticated,
}

/// One documented text of an error answer, with what draws it.
///
/// The extension `x-error-shapes` of a Response Object is a list of
/// `{id, body, answers: [fault kinds], may-answer: [fault kinds], line}`. In the strings of
/// `body`, `{param}` stands for the name of the field at fault. A fault kind in `answers` must
/// draw this shape; one in `may-answer` may draw it (the page leaves it open).
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorShape {
    /// Name within the operation, e.g. `missing`.
    pub id: String,
    /// Status of the answer that carries it.
    pub status: u16,
    /// The body; strings may hold `{param}`.
    pub body: Value,
    /// Faults that must draw this shape.
    pub answers: Vec<FaultKind>,
    /// Faults that may draw this shape.
    pub may_answer: Vec<FaultKind>,
    /// Id of the promise it makes.
    pub promise: PromiseId,
    /// JSON pointer to the shape.
    pub pointer: String,
}

impl ErrorShape {
    /// Whether the body names the field at fault.
    pub fn names_field(&self) -> bool {
        fn any(v: &Value) -> bool {
            match v {
                Value::String(s) => s.contains("{param}"),
                Value::Array(items) => items.iter().any(any),
                Value::Object(map) => map.values().any(any),
                _ => false,
            }
        }
        any(&self.body)
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

/// One checkable statement of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Promise {
    /// Stable id, e.g. `setSipSettings.body.proxy.pattern`.
    pub id: PromiseId,
    /// Operation that makes it.
    pub operation: String,
    /// JSON pointer into the document, and the line of the page where there is one.
    pub source: PromiseSource,
    /// Where several operations are promised the same by one place of the document, a component: the
    /// JSON pointer to it.
    pub stated: Option<String>,
    /// The statement in one line.
    pub text: String,
}

/// Where a promise is stated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PromiseSource {
    /// JSON pointer into the contract's document; for promises that HTTP or JSON makes for every
    /// API, the RFC and section.
    pub pointer: String,
    /// Line of the published page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_line: Option<u32>,
}

/// Something the document states that Probity does not check.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Unsupported {
    /// JSON pointer.
    pub pointer: String,
    /// What, and what follows from leaving it out.
    pub what: String,
}

/// How much an issue of the text matters.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The text is wrong: nothing can keep it, or it contradicts itself.
    Error,
    /// The text leaves open what readers will read differently.
    #[default]
    Warning,
    /// Could be said more exactly; listed by `lint --pedantic` only.
    Note,
}

/// A contradiction or gap of the published text itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ContractIssue {
    /// Stable id: `RULE:POINTER`.
    pub id: String,
    /// The promise it concerns, where it concerns one.
    pub promise: Option<PromiseId>,
    /// One line.
    pub title: String,
    /// The strings, engines or values that prove it.
    pub proof: String,
    /// Line of the published page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_line: Option<u32>,
    /// How much it matters.
    #[serde(default)]
    pub severity: Severity,
    /// Why it matters, in one line.
    #[serde(default)]
    pub why: String,
    /// Place in the document: a JSON pointer, before it the name of the file and `#` where it is
    /// another than the document itself.
    #[serde(default)]
    pub pointer: String,
    /// The file.
    #[serde(default)]
    pub file: String,
    /// Line in the file, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in the line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

impl ContractIssue {
    /// The rule that it breaks: the first part of the id.
    pub fn rule(&self) -> &str {
        self.id.split(':').next().unwrap_or_default()
    }
}

/// Why a contract could not be loaded; the command line exits with 2, and with 3 where the document is lawful.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{at}: {reason}", at = if place.is_empty() { String::new() } else { format!(": {place}") })]
pub struct ContractError {
    /// The file, or `sip-settings`.
    pub file: String,
    /// `line N, column M` or a JSON pointer; empty where there is none.
    pub place: String,
    /// What is wrong.
    pub reason: String,
    /// Whether nothing is wrong with the document: it has operations, and none of a kind that is sent.
    pub lawful: bool,
}
