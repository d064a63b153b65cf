//! Builds requests from a contract: what surrounds the surely valid body that every case starts
//! from. Parameters filled, credentials by name, ids of cases. Every strategy makes its requests
//! here; values come from [`super::values`], changes at one place of them from [`super::edit`].

pub use super::edit::{emit, emit_with_raw, get, remove, rename, set};
pub use super::values::is_type;

use super::media;
use super::model::Context;
use super::serialize::{self, Written, escape};
use crate::contract::{
    Access, Contract, Effect, Operation, Parameter, Place, Policy, SecurityScheme, shape,
};
use crate::exchange::{DigestForm, HttpRequest, Part, Secret, Template};
use crate::profile::Profile;
use serde_json::Value;

/// What a request has in place of the plain valid value of one parameter.
#[derive(Clone, Copy, Debug)]
pub enum Change<'t> {
    /// Nothing.
    Absent,
    /// This text, whatever the parameter's type.
    Text(&'t str),
    /// This value, as the parameter's style writes it.
    Value(&'t Value),
}

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

    /// Tells a policy which resources' states are kept over a job: of an operation whose path has
    /// parameters the one that its requests name unless a case says otherwise.
    pub fn tell_kept(&self, policy: &Policy) {
        let templated = self
            .contract
            .operations
            .iter()
            .filter(|o| o.path.contains('{'));
        for op in templated {
            let effect = policy.effects().get(&op.id);
            if effect.is_some_and(|e| e.effect == Effect::Writes) {
                let target = self.unauthorized_request(op, None).target;
                policy.keeps(&op.id, &target.to_string());
            }
        }
    }

    /// [`Context::request`] with one parameter changed.
    pub fn request_with(
        &self,
        op: &Operation,
        body: Option<Vec<u8>>,
        parameter: &Parameter,
        change: Change<'_>,
    ) -> HttpRequest {
        self.build_request(op, body, true, Some((parameter, change)))
    }

    /// The octets of a body in the media type of the operation; `None` where it takes none, or
    /// where its format cannot hold the value.
    pub fn encoded(&self, op: &Operation, value: &Value) -> Option<Vec<u8>> {
        media::encode(op.body.as_ref()?, value)
    }

    /// What of an operation is not sent because Probity does not generate it, each in words
    /// (`unsupported: application/xml`); the first is why no valid request of it is known.
    pub fn unsupported(&self, op: &Operation) -> Vec<String> {
        let body = op.body.as_ref().and_then(media::unsupported);
        let required = op.parameters.iter().filter(|p| p.required);
        let parameters = required.filter(|p| serialize::unwritten(p, &self.parameter(p).value));
        let words =
            parameters.map(|p| format!("unsupported: how the parameter `{}` is written", p.name));
        body.into_iter().chain(words).collect()
    }

    fn build_request(
        &self,
        op: &Operation,
        body: Option<Vec<u8>>,
        credentials: bool,
        changed: Option<(&Parameter, Change<'_>)>,
    ) -> HttpRequest {
        let mut query: Vec<Vec<Part>> = Vec::new();
        let mut cookies: Vec<Vec<Part>> = Vec::new();
        let mut headers: Vec<(String, Template)> = Vec::new();
        let mut path = op.path.clone();
        for parameter in &op.parameters {
            let change = changed.and_then(|(p, change)| {
                (p.name == parameter.name && p.place == parameter.place).then_some(change)
            });
            let sent = parameter.required || parameter.place == Place::Path;
            if !sent && parameter.given.is_none() && change.is_none() {
                continue;
            }
            let written = match change {
                Some(Change::Absent) => continue,
                Some(Change::Text(text)) => serialize::write_text(parameter, text),
                Some(Change::Value(value)) => match serialize::write(parameter, value) {
                    Some(written) => written,
                    None => serialize::write_text(parameter, &value.to_string()),
                },
                None => self.parameter(parameter).written.clone(),
            };
            match (written, parameter.place) {
                (Written::Text(text), Place::Path) => {
                    path = path.replace(&format!("{{{}}}", parameter.name), &text);
                }
                (Written::Text(text), _) => {
                    headers.push((parameter.name.clone(), Template::from(text)));
                }
                (Written::Pairs(pairs), place) => {
                    let list = match place {
                        Place::Cookie => &mut cookies,
                        _ => &mut query,
                    };
                    list.extend(
                        pairs
                            .into_iter()
                            .map(|(n, v)| vec![Part::Text(format!("{n}={v}"))]),
                    );
                }
            }
        }
        if credentials {
            let shown = presented(op, self.profile);
            headers.extend(shown.headers);
            query.extend(shown.query);
            cookies.extend(shown.cookies);
        }
        let asks = |(name, _): &(String, Template)| name.eq_ignore_ascii_case("accept");
        if let Some(media_type) = shape::asked_for(op)
            && !headers.iter().any(asks)
        {
            headers.push(("Accept".to_owned(), media_type.to_owned().into()));
        }
        if !cookies.is_empty() {
            headers.push(("Cookie".to_owned(), Template(join(cookies, "; "))));
        }
        if body.is_some() {
            let media_type = op.body.as_ref().map(media::content_type);
            let media_type = media_type.unwrap_or_else(|| "application/json".to_owned());
            headers.push(("Content-Type".to_owned(), media_type.into()));
        }
        // A document may write a query into a path, which OpenAPI does not allow: one query it is.
        let sign = if path.contains('?') { "&" } else { "?" };
        let mut target = Template::from(serialize::path(&path));
        if !query.is_empty() {
            target = target.text(sign);
            target.0.extend(join(query, "&"));
        }
        HttpRequest {
            method: op.method.clone(),
            target,
            headers,
            body,
        }
    }

    /// What is sent for a parameter that no case is about; `None` where no valid value is known.
    pub fn parameter_value(&self, parameter: &Parameter) -> Option<Value> {
        self.parameter(parameter).value.clone()
    }

    /// A valid value of a parameter as text, where it is no list or object; `1` where none is
    /// known.
    pub fn parameter_text(&self, parameter: &Parameter) -> String {
        match &self.parameter(parameter).value {
            Some(Value::String(text)) => text.clone(),
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

impl Presented {
    fn is_empty(&self) -> bool {
        self.headers.is_empty() && self.query.is_empty() && self.cookies.is_empty()
    }
}

/// What the operation wants to see, and what a session of the profile brings.
fn presented(op: &Operation, profile: &Profile) -> Presented {
    let mut shown = Presented::default();
    let login = profile.login.as_ref();
    let session = login.is_some_and(|l| l.cookies);
    let schemes = match &op.access {
        Access::With(schemes) => schemes.as_slice(),
        Access::Open | Access::Unfed(_) => &[],
    };
    for scheme in schemes {
        let authorization = |value: Template| ("Authorization".to_owned(), value);
        let whole = |secret| authorization(Template::default().secret(secret));
        match scheme {
            SecurityScheme::Bearer | SecurityScheme::OAuth2(_) | SecurityScheme::OpenIdConnect => {
                let value = Template::from("Bearer ").secret(Secret::Token);
                shown.headers.push(authorization(value));
            }
            SecurityScheme::Basic => {
                let value = Template::from("Basic ").secret(Secret::Basic);
                shown.headers.push(authorization(value));
            }
            SecurityScheme::Digest => shown.headers.push(whole(Secret::Digest(DigestForm::Right))),
            SecurityScheme::Offered => shown.headers.push(whole(Secret::Offered)),
            // The login's cookies are all sent, this one among them.
            SecurityScheme::ApiKey {
                place: Place::Cookie,
                ..
            } if session => {}
            SecurityScheme::ApiKey { name, place } => {
                let secret = profile.key(name).unwrap_or(Secret::Token);
                let pair = vec![
                    Part::Text(format!("{}=", escape(name))),
                    Part::Secret(secret),
                ];
                match place {
                    Place::Query => shown.query.push(pair),
                    Place::Cookie => shown.cookies.push(pair),
                    Place::Header | Place::Path => shown
                        .headers
                        .push((name.clone(), Template::default().secret(secret))),
                }
            }
            SecurityScheme::MutualTls | SecurityScheme::Other(_) => {}
        }
    }
    if session {
        shown.cookies.push(vec![Part::Secret(Secret::Cookies)]);
    }
    let csrf = login
        .and_then(|l| l.csrf.as_ref())
        .and_then(|c| c.send.as_ref());
    if let Some(field) = csrf
        && !matches!(op.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    {
        let value = Template::default().secret(Secret::Csrf);
        shown.headers.push((field.clone(), value));
    }
    shown
}

/// The headers and the query (without `?`) that carry credentials in requests of our own: those of
/// the first operation that wants any, a read where there is one. `None` where the contract has no
/// such operation and the profile opens no session of cookies.
pub fn own_credentials(
    contract: &Contract,
    profile: &Profile,
) -> Option<(Vec<(String, Template)>, Template)> {
    let shows = |op: &&Operation| !presented(op, profile).is_empty();
    let mut ops = contract.operations.iter().filter(shows);
    let read = ops.clone().find(|op| op.method == "GET");
    let op = read.or_else(|| ops.next())?;
    let mut shown = presented(op, profile);
    if !shown.cookies.is_empty() {
        let cookies = Template(join(shown.cookies, "; "));
        shown.headers.push(("Cookie".to_owned(), cookies));
    }
    Some((shown.headers, Template(join(shown.query, "&"))))
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
