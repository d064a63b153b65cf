//! What goes to an operation and what comes back: parameters, bodies, responses, the shapes of errors.

use super::*;

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
    /// Its media type of JSON, where one is documented: `application/json` before others.
    pub media_type: Option<String>,
    /// Rules of its body; `None`: the page says nothing of a JSON body.
    pub schema: Option<Schema>,
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

impl Response {
    /// Whether a body of another media type may come in place of the one that is judged (RFC 9110 §12.5.1).
    #[must_use]
    pub fn comes_in_several(&self) -> bool {
        self.media_type.is_some() && self.media_types.len() > 1
    }
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
