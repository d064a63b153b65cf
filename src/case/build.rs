//! Builds requests from a contract: what surrounds the surely valid body that every case starts
//! from. Parameters filled, credentials by name, ids of cases. Every strategy makes its requests
//! here; values come from [`super::values`], changes at one place of them from [`super::edit`].
//! May import what [`crate::case`] may.

pub use super::edit::{emit, emit_with_raw, get, remove, rename, set};
pub use super::values::is_type;

use super::model::Context;
use crate::contract::{Contract, Operation, Parameter, Place, SecurityScheme};
use crate::exchange::{HttpRequest, Part, Secret, Template};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// Octets that stay as they are in a path segment, a query value or a cookie value made by us:
/// the unreserved characters of RFC 3986 §2.3.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

impl Context<'_> {
    /// The operation's request with `body`: path parameters filled, required query, header and
    /// cookie parameters present, credentials by name, `Content-Type` where there is a body.
    pub fn request(&self, op: &Operation, body: Option<Vec<u8>>) -> HttpRequest {
        self.build_request(op, body, true, None)
    }

    /// [`Context::request`] without any credential.
    pub fn unauthorized_request(&self, op: &Operation, body: Option<Vec<u8>>) -> HttpRequest {
        self.build_request(op, body, false, None)
    }

    /// [`Context::request`] with one parameter changed: `Some` text, sent as it is in a header
    /// and percent-encoded elsewhere, or `None` to leave it out.
    pub fn request_with(
        &self,
        op: &Operation,
        body: Option<Vec<u8>>,
        parameter: &Parameter,
        text: Option<&str>,
    ) -> HttpRequest {
        self.build_request(op, body, true, Some((parameter, text)))
    }

    fn build_request(
        &self,
        op: &Operation,
        body: Option<Vec<u8>>,
        credentials: bool,
        changed: Option<(&Parameter, Option<&str>)>,
    ) -> HttpRequest {
        let mut query: Vec<Vec<Part>> = Vec::new();
        let mut cookies: Vec<Vec<Part>> = Vec::new();
        let mut headers: Vec<(String, Template)> = Vec::new();
        let mut path = op.path.clone();
        for parameter in &op.parameters {
            let change = changed.and_then(|(p, text)| {
                (p.name == parameter.name && p.place == parameter.place).then_some(text)
            });
            if !parameter.required && parameter.place != Place::Path && change.is_none() {
                continue;
            }
            let plain = match change {
                Some(Some(text)) => text.to_owned(),
                Some(None) => continue,
                None => self.parameter_text(parameter),
            };
            let text = || escape(&plain);
            match parameter.place {
                Place::Path => path = path.replace(&format!("{{{}}}", parameter.name), &text()),
                Place::Query => query.push(vec![Part::Text(format!(
                    "{}={}",
                    escape(&parameter.name),
                    text()
                ))]),
                Place::Cookie => {
                    cookies.push(vec![Part::Text(format!("{}={}", parameter.name, text()))])
                }
                Place::Header => headers.push((parameter.name.clone(), Template::from(plain))),
            }
        }
        if credentials {
            let shown = presented(op);
            headers.extend(shown.headers);
            query.extend(shown.query);
            cookies.extend(shown.cookies);
        }
        if !cookies.is_empty() {
            headers.push(("Cookie".to_owned(), Template(join(cookies, "; "))));
        }
        if body.is_some() {
            let media_type = op
                .body
                .as_ref()
                .map_or("application/json", |b| b.media_type.as_str());
            headers.push(("Content-Type".to_owned(), media_type.into()));
        }
        let mut target = Template::from(path);
        if !query.is_empty() {
            target = target.text("?");
            target.0.extend(join(query, "&"));
        }
        HttpRequest {
            method: op.method.clone(),
            target,
            headers,
            body,
        }
    }

    /// A valid value of a parameter as text (`style: simple` for scalars; arrays and objects are
    /// written as compact JSON, which no style of OpenAPI forbids a client to quote).
    pub fn parameter_text(&self, parameter: &Parameter) -> String {
        match self.value(&parameter.schema) {
            Some(Value::String(text)) => text,
            Some(other) => other.to_string(),
            None => "1".to_owned(),
        }
    }
}

/// Credentials by name, at the places that a security scheme gives them (OpenAPI 3.1 §4.8.27).
#[derive(Default)]
struct Presented {
    headers: Vec<(String, Template)>,
    query: Vec<Vec<Part>>,
    cookies: Vec<Vec<Part>>,
}

/// What the operation wants to see.
fn presented(op: &Operation) -> Presented {
    let mut shown = Presented::default();
    for scheme in usable_schemes(op) {
        let authorization = |scheme: &str, secret| {
            let value = Template::from(scheme).secret(secret);
            ("Authorization".to_owned(), value)
        };
        match scheme {
            SecurityScheme::Bearer => shown.headers.push(authorization("Bearer ", Secret::Token)),
            SecurityScheme::Basic => shown.headers.push(authorization("Basic ", Secret::Basic)),
            SecurityScheme::ApiKey { name, place } => {
                let pair = vec![
                    Part::Text(format!("{}=", escape(name))),
                    Part::Secret(Secret::Token),
                ];
                match place {
                    Place::Query => shown.query.push(pair),
                    Place::Cookie => shown.cookies.push(pair),
                    Place::Header | Place::Path => shown
                        .headers
                        .push((name.clone(), Template::default().secret(Secret::Token))),
                }
            }
            SecurityScheme::Other(_) => {}
        }
    }
    shown
}

/// The headers and the query (without `?`) that carry credentials in requests of our own: those of
/// the first operation that wants any. `None` where the contract has no such operation.
pub fn own_credentials(contract: &Contract) -> Option<(Vec<(String, Template)>, Template)> {
    let op = contract
        .operations
        .iter()
        .find(|op| !usable_schemes(op).is_empty())?;
    let mut shown = presented(op);
    if !shown.cookies.is_empty() {
        let cookies = Template(join(shown.cookies, "; "));
        shown.headers.push(("Cookie".to_owned(), cookies));
    }
    Some((shown.headers, Template(join(shown.query, "&"))))
}

/// The first alternative of the operation's security that Probity can feed.
fn usable_schemes(op: &Operation) -> &[SecurityScheme] {
    let feedable = |schemes: &&Vec<SecurityScheme>| {
        !schemes.is_empty()
            && schemes
                .iter()
                .all(|s| !matches!(s, SecurityScheme::Other(_)))
    };
    op.security.iter().find(feedable).map_or(&[], Vec::as_slice)
}

fn join(items: Vec<Vec<Part>>, separator: &str) -> Vec<Part> {
    let mut out = Vec::new();
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(Part::Text(separator.to_owned()));
        }
        out.extend(item);
    }
    out
}

fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// The id of a case, `OPERATION/STRATEGY/FIELD/NAME`. Each part keeps letters, digits and
/// `.`, `-`, `_`, `:`, `[`, `]`, `+`; anything else becomes `-`. An empty field (the body as a
/// whole) is written `body`.
pub fn case_id(operation: &str, strategy: &str, field: &str, name: &str) -> String {
    let clean = |text: &str| -> String {
        let keep = |c: char| c.is_ascii_alphanumeric() || ".-_:[]+".contains(c);
        text.chars()
            .map(|c| if keep(c) { c } else { '-' })
            .collect()
    };
    let field = if field.is_empty() { "body" } else { field };
    format!(
        "{}/{}/{}/{}",
        clean(operation),
        clean(strategy),
        clean(field),
        clean(name)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_to_few_characters() {
        assert_eq!(
            case_id("GET /a b", "types", "", "x\n"),
            "GET--a-b/types/body/x-"
        );
        assert_eq!(
            case_id("op", "names", "users[].é", "a:b+c"),
            "op/names/users[].-/a:b+c"
        );
    }
}
