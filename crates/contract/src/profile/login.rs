//! The login that a profile describes, and its request.

use crate::exchange::{HttpRequest, Part, Secret, Template};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A login request and its answer.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Login {
    /// Method, e.g. `GET`.
    #[serde(default = "super::get")]
    pub method: String,
    /// Path without query.
    pub path: String,
    /// Query parameters in order; values may be `{username}`, `{password}`, `{password-md5}`.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// A JSON body, with the same placeholders in its strings.
    #[serde(default)]
    pub body: Option<Value>,
    /// Members of a form (`application/x-www-form-urlencoded`) instead of a JSON body, with the same
    /// placeholders and `{csrf}`.
    #[serde(default)]
    pub form: BTreeMap<String, String>,
    /// JSON pointer to the token in the answer.
    #[serde(default)]
    pub token: Option<String>,
    /// The header field of the answer that holds the token, where it is not in the body.
    #[serde(default)]
    pub token_header: Option<String>,
    /// The session is the cookies that the login sets: every request carries them.
    #[serde(default)]
    pub cookies: bool,
    /// A token against cross-site request forgery.
    #[serde(default)]
    pub csrf: Option<Csrf>,
    /// Ends the session: `{ method = "POST", path = "/logout" }`.
    #[serde(default)]
    pub logout: Option<Logout>,
    /// Statuses that answer wrong credentials; empty: any 4xx.
    #[serde(default)]
    pub refused: Vec<u16>,
}

/// A request that ends the session.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Logout {
    /// Method, e.g. `POST`.
    #[serde(default = "post")]
    pub method: String,
    /// Path.
    pub path: String,
}

/// A token against cross-site request forgery: where it is found, and how it is sent.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Csrf {
    /// Path of a page that is fetched before the login and once more after it; without it the
    /// token comes with the answer to the login.
    pub page: Option<String>,
    /// It is the value of this cookie.
    pub cookie: Option<String>,
    /// It is the value of this header field of the page's (or the login's) answer.
    pub header: Option<String>,
    /// It is the value of the hidden input, or the content of the `meta` element, of this name; in
    /// JSON, what stands at this pointer (`/csrf`).
    pub field: Option<String>,
    /// The header field that the login and every request but reads carry it in.
    pub send: Option<String>,
}

/// Everything but the unreserved characters of RFC 3986 §2.3.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Percent-encodes a name or value of a query: everything but the unreserved characters of
/// RFC 3986 §2.3.
pub fn encode_query(text: &str) -> String {
    utf8_percent_encode(text, QUERY_VALUE).to_string()
}

impl Login {
    /// The login request with the session's own credentials. Those of the query are named, not
    /// put in (the device layer percent-encodes them); in a body, which cannot hold names, the
    /// placeholders stay as they are.
    pub fn request(&self) -> HttpRequest {
        self.request_with(&Part::Secret)
    }

    /// The login request with every placeholder filled by what `fill` gives: text is
    /// percent-encoded in the query and escaped in the JSON body; a credential is named in the
    /// query and leaves the placeholder in a body.
    pub fn request_with(&self, fill: &dyn Fn(Secret) -> Part) -> HttpRequest {
        let mut target = Template::from(self.path.as_str());
        for (i, (name, value)) in self.query.iter().enumerate() {
            let sign = if i == 0 && !self.path.contains('?') {
                '?'
            } else {
                '&'
            };
            target = target.text(format!("{sign}{}=", encode_query(name)));
            for piece in pieces(value) {
                target = match piece {
                    Piece::Text(text) => target.text(encode_query(text)),
                    Piece::Placeholder(secret, _) => match fill(secret) {
                        Part::Text(text) => target.text(encode_query(&text)),
                        Part::Secret(secret) => target.secret(secret),
                    },
                };
            }
        }
        let mut headers = Vec::new();
        let mut typed = |media_type: &str| {
            headers.push(("Content-Type".to_owned(), Template::from(media_type)));
        };
        let body = if !self.form.is_empty() {
            typed("application/x-www-form-urlencoded");
            Some(self.form_body(fill).into_bytes())
        } else if let Some(body) = &self.body {
            typed("application/json");
            Some(fill_body(body, fill).to_string().into_bytes())
        } else {
            None
        };
        if let Some(field) = self.csrf.as_ref().and_then(|c| c.send.as_ref()) {
            let value = match fill(Secret::Csrf) {
                Part::Text(text) => Template::from(text),
                Part::Secret(secret) => Template::default().secret(secret),
            };
            headers.push((field.clone(), value));
        }
        HttpRequest {
            method: self.method.clone(),
            target,
            headers,
            body,
        }
    }

    /// The form, percent-encoded (WHATWG URL §5.2, with `%20` for a blank).
    fn form_body(&self, fill: &dyn Fn(Secret) -> Part) -> String {
        let member = |(name, value): (&String, &String)| {
            let value: String = pieces(value)
                .map(|piece| match piece {
                    Piece::Text(text) => encode_query(text),
                    Piece::Placeholder(secret, placeholder) => match fill(secret) {
                        Part::Text(text) => encode_query(&text),
                        Part::Secret(_) => placeholder.to_owned(),
                    },
                })
                .collect();
            format!("{}={value}", encode_query(name))
        };
        self.form.iter().map(member).collect::<Vec<_>>().join("&")
    }

    /// Whether its answer holds a token.
    pub fn gives_token(&self) -> bool {
        self.token.is_some() || self.token_header.is_some()
    }

    /// The credentials that the request needs.
    pub fn secrets(&self) -> Vec<Secret> {
        let found = std::cell::RefCell::new(Vec::new());
        self.request_with(&|secret| {
            let mut found = found.borrow_mut();
            if !found.contains(&secret) {
                found.push(secret);
            }
            Part::Secret(secret)
        });
        found.into_inner()
    }
}

fn fill_body(value: &Value, fill: &dyn Fn(Secret) -> Part) -> Value {
    match value {
        Value::String(text) => pieces(text)
            .map(|piece| match piece {
                Piece::Text(text) => text.to_owned(),
                Piece::Placeholder(secret, placeholder) => match fill(secret) {
                    Part::Text(text) => text,
                    Part::Secret(_) => placeholder.to_owned(),
                },
            })
            .collect::<String>()
            .into(),
        Value::Array(items) => items.iter().map(|v| fill_body(v, fill)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(k, v)| (k.clone(), fill_body(v, fill)))
            .collect(),
        other => other.clone(),
    }
}

enum Piece<'a> {
    Text(&'a str),
    Placeholder(Secret, &'static str),
}

const PLACEHOLDERS: [(&str, Secret); 4] = [
    ("{csrf}", Secret::Csrf),
    ("{username}", Secret::Username),
    ("{password}", Secret::Password),
    ("{password-md5}", Secret::PasswordMd5),
];

/// Splits a value of the profile at its placeholders; other braces are text.
fn pieces(mut text: &str) -> impl Iterator<Item = Piece<'_>> {
    std::iter::from_fn(move || {
        let first = PLACEHOLDERS
            .iter()
            .filter_map(|(name, secret)| text.find(name).map(|at| (at, *name, *secret)))
            .min_by_key(|(at, ..)| *at);
        let (before, after) = match first {
            Some((0, name, secret)) => {
                text = text.get(name.len()..).unwrap_or_default();
                return Some(Piece::Placeholder(secret, name));
            }
            Some((at, ..)) => text.split_at(at),
            None if text.is_empty() => return None,
            None => (text, ""),
        };
        text = after;
        Some(Piece::Text(before))
    })
}

fn post() -> String {
    "POST".to_owned()
}
