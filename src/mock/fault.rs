//! Faults that firmware really has, planted one by one: each field's systematic ones are generated
//! from the contract, the others are written out. Adding one is a row here and a branch where its
//! effect belongs.

use crate::contract::{Contract, Field, FieldPath, JsonType};
use crate::profile::Profile;
use std::fmt;

/// The area of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// A rule is not checked, or checked wrongly.
    Validation,
    /// A pattern is understood in a way that no reading allows.
    Pattern,
    /// The error answer is not the documented one.
    ErrorShape,
    /// Credentials are not enforced.
    Authorization,
    /// What is no JSON is taken, or JSON is not.
    Json,
    /// HTTP is not kept.
    Http,
    /// What is stored is not what was accepted.
    State,
    /// Hangs, crashes, slows down.
    Availability,
    /// What no plan of single requests meets: see [`super::rare_faults`].
    Rare,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Class::Validation => "validation",
            Class::Pattern => "pattern",
            Class::ErrorShape => "error-shape",
            Class::Authorization => "authorization",
            Class::Json => "json",
            Class::Http => "http",
            Class::State => "state",
            Class::Availability => "availability",
            Class::Rare => "rare",
        })
    }
}

/// One fault that can be planted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultInfo {
    /// Stable id, as `--fault ID` takes it.
    pub id: String,
    /// Its area.
    pub class: Class,
    /// What the firmware does wrong, and what a client sees.
    pub description: String,
    /// The promise that it breaks, without the operation.
    pub promise: String,
}

/// All faults for a contract: those of every field, then those of the whole device.
pub fn faults(contract: &Contract, profile: &Profile) -> Vec<FaultInfo> {
    let mut out: Vec<FaultInfo> = Vec::new();
    for operation in contract.operations.iter().filter(|o| o.body.is_some()) {
        for field in operation.fields() {
            of_field(&field, &mut out);
        }
    }
    for (id, class, promise, description) in WHOLE {
        if id.starts_with("login-") && profile.login.is_none() {
            continue;
        }
        out.push(FaultInfo {
            id: (*id).to_owned(),
            class: *class,
            description: (*description).to_owned(),
            promise: (*promise).to_owned(),
        });
    }
    out
}

fn of_field(field: &Field<'_>, out: &mut Vec<FaultInfo>) {
    let path = field.path.dotted();
    let mut add = |what: &str, class: Class, keyword: &str, description: String| {
        let id = format!("{what}:{path}");
        if out.iter().all(|f| f.id != id) {
            out.push(FaultInfo {
                id,
                class,
                description,
                promise: format!("body.{path}.{keyword}"),
            });
        }
    };
    use Class::{Pattern, State, Validation};
    if field.required {
        add(
            "not-required",
            Validation,
            "required",
            format!("`{path}` may be absent"),
        );
    }
    let types = &field.schema.types;
    if !types.is_empty() && !types.contains(&JsonType::Null) {
        add(
            "null-as-value",
            Validation,
            "type",
            format!("null is taken for `{path}`"),
        );
    }
    if *types == [JsonType::String] {
        add(
            "number-as-string",
            Validation,
            "type",
            format!("a number is taken for `{path}`"),
        );
        add(
            "boolean-as-string",
            Validation,
            "type",
            format!("true and false are taken for `{path}`"),
        );
        add(
            "object-as-string",
            Validation,
            "type",
            format!("objects and arrays are taken for `{path}`"),
        );
        add(
            "stores-truncated",
            State,
            "readback",
            format!("`{path}` is stored in a buffer of 16 bytes"),
        );
        add(
            "stores-lower-case",
            State,
            "readback",
            format!("`{path}` is stored in lower case"),
        );
        add(
            "stores-escaped",
            State,
            "readback",
            format!("`{path}` is stored with &, < and > escaped for HTML"),
        );
        add(
            "crash-on-long",
            Class::Availability,
            "type",
            format!("300 bytes in `{path}` crash the device"),
        );
    }
    if types.contains(&JsonType::Integer) {
        add(
            "string-as-integer",
            Validation,
            "type",
            format!("\"5\" is taken for `{path}`"),
        );
        add(
            "fraction-as-integer",
            Validation,
            "type",
            format!("5.5 is taken for `{path}`"),
        );
        add(
            "boolean-as-integer",
            Validation,
            "type",
            format!("true is taken for `{path}`"),
        );
        add(
            "wraps-16-bits",
            State,
            "readback",
            format!("`{path}` keeps its low 16 bits"),
        );
    }
    if types.contains(&JsonType::Object) {
        add(
            "string-as-object",
            Validation,
            "type",
            format!("a string is taken for `{path}`"),
        );
        add(
            "array-as-object",
            Validation,
            "type",
            format!("an array is taken for `{path}`"),
        );
    }
    if field.schema.enum_values.is_some() {
        add(
            "enum-any",
            Validation,
            "enum",
            format!("any string is taken for `{path}`"),
        );
        add(
            "enum-any-case",
            Validation,
            "enum",
            format!("case does not matter in `{path}`"),
        );
        add(
            "enum-prefix",
            Validation,
            "enum",
            format!("`{path}` is compared up to the length of the known value"),
        );
        add(
            "enum-trimmed",
            Validation,
            "enum",
            format!("blanks around `{path}` do not matter"),
        );
        add(
            "enum-misses-last",
            Validation,
            "enum",
            format!("the last documented value of `{path}` is refused"),
        );
    }
    for (keyword, limit) in [
        ("minLength", field.schema.min_length),
        ("maxLength", field.schema.max_length),
    ] {
        if limit.is_some() {
            add(
                &format!("no-{keyword}"),
                Validation,
                keyword,
                format!("{keyword} of `{path}` is not checked"),
            );
            add(
                &format!("loose-{keyword}"),
                Validation,
                keyword,
                format!("{keyword} of `{path}` is off by one, too loose"),
            );
            add(
                &format!("tight-{keyword}"),
                Validation,
                keyword,
                format!("{keyword} of `{path}` is off by one, too tight"),
            );
        }
    }
    for (keyword, bound) in [
        ("minimum", &field.schema.minimum),
        ("maximum", &field.schema.maximum),
    ] {
        if bound.is_some() {
            add(
                &format!("no-{keyword}"),
                Validation,
                keyword,
                format!("{keyword} of `{path}` is not checked"),
            );
            add(
                &format!("loose-{keyword}"),
                Validation,
                keyword,
                format!("{keyword} of `{path}` is off by one, too loose"),
            );
            add(
                &format!("tight-{keyword}"),
                Validation,
                keyword,
                format!("{keyword} of `{path}` is off by one, too tight"),
            );
        }
    }
    if field.schema.pattern.is_some() {
        add(
            "no-pattern",
            Pattern,
            "pattern",
            format!("the pattern of `{path}` is not checked"),
        );
        add(
            "pattern-first-line",
            Pattern,
            "pattern",
            format!("only the first line of `{path}` is checked"),
        );
        add(
            "pattern-until-nul",
            Pattern,
            "pattern",
            format!("`{path}` is checked up to a NUL"),
        );
        add(
            "pattern-trimmed",
            Pattern,
            "pattern",
            format!("blanks around `{path}` are cut off before the check"),
        );
        add(
            "pattern-any-quotes",
            Pattern,
            "pattern",
            format!("quotes and backslashes in `{path}` are not looked at"),
        );
    }
    add(
        "not-stored",
        State,
        "readback",
        format!("a new value of `{path}` is accepted and not stored"),
    );
    add(
        "wrong-name",
        Class::ErrorShape,
        "required",
        format!("errors of `{path}` name another field"),
    );
}

use Class::{
    Authorization as A, Availability as V, ErrorShape as E, Http as H, Json as J, State as S,
};

/// Faults of the whole device.
const WHOLE: &[(&str, Class, &str, &str)] = &[
    (
        "missing-as-base",
        E,
        "responses.400.missing",
        "an absent field is answered with the base text",
    ),
    (
        "type-as-base",
        E,
        "responses.400.wrong-type",
        "a wrong type is answered with the base text",
    ),
    (
        "missing-as-type",
        E,
        "responses.400.missing",
        "an absent field is answered as a wrong type",
    ),
    (
        "not-json-as-missing",
        E,
        "responses.400.base",
        "a body that is no JSON is answered with `no value for`",
    ),
    (
        "error-plain-text",
        E,
        "responses.400",
        "errors are plain text",
    ),
    ("error-html", E, "responses.400", "errors are an HTML page"),
    (
        "error-without-type",
        E,
        "responses.400",
        "errors have no Content-Type",
    ),
    (
        "error-other-member",
        E,
        "responses.400",
        "errors stand in `message` instead of the documented member",
    ),
    (
        "error-true",
        E,
        "responses.400",
        "the error member is `true`",
    ),
    (
        "error-200",
        E,
        "responses.400",
        "errors come with status 200",
    ),
    (
        "error-422",
        E,
        "responses.400",
        "broken rules are answered 422",
    ),
    (
        "error-500",
        E,
        "http.answers",
        "wrong types are answered 500",
    ),
    ("error-empty", E, "responses.400", "errors have no body"),
    (
        "error-bad-json",
        E,
        "responses.400",
        "a quote in an error text is not escaped",
    ),
    (
        "unauthorized-403",
        E,
        "responses.401",
        "missing credentials are answered 403",
    ),
    (
        "unauthorized-text",
        E,
        "responses.401",
        "missing credentials are answered with another text",
    ),
    (
        "no-auth",
        A,
        "auth.required",
        "credentials are not looked at",
    ),
    ("any-token", A, "auth.required", "any bearer token will do"),
    (
        "token-prefix",
        A,
        "auth.required",
        "the token is compared up to the length of what came",
    ),
    (
        "token-suffix",
        A,
        "auth.required",
        "what follows the token is not looked at",
    ),
    (
        "token-any-case",
        A,
        "auth.required",
        "case does not matter in the token",
    ),
    ("empty-token", A, "auth.required", "an empty token will do"),
    (
        "any-scheme",
        A,
        "auth.required",
        "the scheme before the token is not looked at",
    ),
    (
        "token-in-query",
        A,
        "auth.required",
        "`?token=anything` will do",
    ),
    ("null-token", A, "auth.required", "the token `null` will do"),
    (
        "long-token-overflows",
        A,
        "auth.required",
        "a token of 1024 bytes or more passes",
    ),
    (
        "unauthorized-writes",
        S,
        "state.refusal",
        "a refused request without credentials is stored all the same",
    ),
    (
        "refusal-ends-session",
        A,
        "auth.session",
        "a wrong token ends the session of the right one",
    ),
    (
        "login-any-password",
        A,
        "auth.login",
        "any password opens a session",
    ),
    (
        "login-empty-password",
        A,
        "auth.login",
        "an empty password opens a session",
    ),
    (
        "login-prefix",
        A,
        "auth.login",
        "the hash is compared up to the length of what came",
    ),
    (
        "login-clear-password",
        A,
        "auth.login",
        "the password in clear opens a session too",
    ),
    (
        "json-trailing-comma",
        J,
        "body.json",
        "a trailing comma is taken",
    ),
    ("json-comments", J, "body.json", "comments are taken"),
    (
        "json-single-quotes",
        J,
        "body.json",
        "single quotes are taken",
    ),
    (
        "json-unquoted-names",
        J,
        "body.json",
        "names without quotes are taken",
    ),
    (
        "json-trailing-garbage",
        J,
        "body.json",
        "what follows the object is not looked at",
    ),
    (
        "json-leading-garbage",
        J,
        "body.json",
        "what comes before the object is not looked at",
    ),
    (
        "json-unclosed",
        J,
        "body.json",
        "a missing last brace is added",
    ),
    (
        "json-control-characters",
        J,
        "body.json",
        "raw control characters in strings are taken",
    ),
    (
        "json-bad-utf8",
        J,
        "body.json",
        "bytes that are no UTF-8 are taken",
    ),
    (
        "json-bad-escapes",
        J,
        "body.json",
        "unknown escapes are taken",
    ),
    (
        "json-leading-zeros",
        J,
        "body.json",
        "leading zeros in numbers are taken",
    ),
    (
        "json-empty-is-object",
        J,
        "body.required",
        "an empty body is an empty object of defaults",
    ),
    (
        "json-form-body",
        J,
        "body.json",
        "a form body is taken for JSON",
    ),
    (
        "json-deep-crash",
        V,
        "http.answers",
        "a thousand nested arrays crash the device",
    ),
    (
        "json-no-escapes",
        J,
        "body.json",
        "escapes in strings are not decoded",
    ),
    (
        "json-no-whitespace",
        J,
        "body.json",
        "white space between tokens is refused",
    ),
    (
        "json-ordered",
        J,
        "body.json",
        "members in another order are not found",
    ),
    (
        "array-crash",
        V,
        "http.answers",
        "a body that is an array crashes the device",
    ),
    (
        "root-scalar-500",
        E,
        "http.answers",
        "a body that is a scalar is answered 500",
    ),
    ("put-as-post", H, "http.method", "PUT is served like POST"),
    ("delete-served", H, "http.method", "DELETE is answered 200"),
    (
        "any-method",
        H,
        "http.method",
        "every method is served like POST",
    ),
    (
        "chunked-ignored",
        H,
        "http.framing",
        "a chunked body is taken for no body",
    ),
    (
        "chunked-hangs",
        H,
        "http.framing",
        "a chunked body is never answered",
    ),
    (
        "length-short",
        H,
        "http.answers",
        "Content-Length of errors is too small",
    ),
    (
        "length-long",
        H,
        "http.answers",
        "Content-Length of errors is too large",
    ),
    (
        "double-answer",
        H,
        "http.answers",
        "errors are answered twice",
    ),
    (
        "reflects-header",
        H,
        "http.answers",
        "a line break in a field ends up in the answer's head",
    ),
    (
        "bad-status-line",
        H,
        "http.answers",
        "errors begin with `HTTP/1.1 BAD`",
    ),
    (
        "drops-errors",
        H,
        "http.answers",
        "instead of an error the connection is closed",
    ),
    (
        "large-body-drops",
        H,
        "http.answers",
        "a body over 4 KiB ends the connection",
    ),
    (
        "split-body-refused",
        H,
        "http.framing",
        "a body that comes in pieces is cut at the first",
    ),
    (
        "shows-token",
        A,
        "http.answers",
        "an error shows the session's token",
    ),
    (
        "refusal-stores",
        S,
        "state.refusal",
        "a refused request is stored up to the fault",
    ),
    (
        "refusal-stores-all",
        S,
        "state.refusal",
        "a refused request is stored all the same",
    ),
    (
        "refusal-resets",
        S,
        "state.refusal",
        "a refused request resets the settings",
    ),
    (
        "nothing-stored",
        S,
        "state.readback",
        "writes are accepted and never stored",
    ),
    (
        "stores-first-only",
        S,
        "state.readback",
        "only the first write is stored",
    ),
    (
        "forgets-later",
        S,
        "state.readback",
        "after 100 requests the settings are forgotten",
    ),
    (
        "hangs-on-percent",
        V,
        "http.answers",
        "`%n` in a string is never answered",
    ),
    (
        "crash-on-null",
        V,
        "http.answers",
        "a null member crashes the device",
    ),
    (
        "crash-on-nested",
        V,
        "http.answers",
        "an array where a string belongs crashes the device",
    ),
    (
        "slower-and-slower",
        V,
        "state.alive",
        "every error makes the device slower",
    ),
    (
        "busy-after-errors",
        V,
        "http.answers",
        "a not-JSON body holds the device for long",
    ),
    (
        "stops-listening",
        V,
        "http.answers",
        "an unknown member of 200 bytes stops the server",
    ),
];

/// The faults of one mock, by id.
#[derive(Clone, Debug, Default)]
pub(super) struct Planted(Vec<String>);

impl Planted {
    pub(super) fn new(
        ids: &[String],
        contract: &Contract,
        profile: &Profile,
    ) -> Result<Planted, String> {
        let mut known = faults(contract, profile);
        known.extend(super::rare::rare_faults());
        for id in ids {
            if known.iter().all(|f| f.id != *id) {
                return Err(format!("no fault `{id}` (see --list-faults)"));
            }
        }
        Ok(Planted(ids.to_vec()))
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.0.iter().any(|f| f == id)
    }

    pub(super) fn at(&self, what: &str, path: &FieldPath) -> bool {
        !self.0.is_empty() && self.has(&format!("{what}:{}", path.dotted()))
    }

    /// Whether a fault of [`super::rare`] is planted.
    pub(super) fn rare(&self) -> bool {
        self.0.iter().any(|f| f.starts_with("rare-"))
    }

    pub(super) fn none(&self) -> bool {
        self.0.is_empty()
    }
}
