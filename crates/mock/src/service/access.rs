//! Who gets in: login, sessions, and the faults of both. Part of [`super`]; may import what [`crate`] may.

use super::{Ask, Reply, Service, header, hex, json_reply, put, query_value};
use crate::held_back::wire;
use base64::Engine as _;
use md5::{Digest, Md5};
use probity_contract::{FaultKind, FieldPath, Operation, Place, SecurityScheme};
use serde_json::{Value, json};

impl Service {
    pub(super) fn login(&self, ask: &Ask<'_>) -> Reply {
        let refused = || json_reply(400, &json!({"error": "Wrong username or password"}));
        let Some(login) = &self.profile.login else {
            return refused();
        };
        let body: Value = serde_json::from_slice(ask.body).unwrap_or_default();
        let hash = hex(&Md5::digest(self.password.as_bytes()));
        let mut matched = true;
        let mut check = |template: &str, given: Option<String>| {
            let given = given.unwrap_or_default();
            matched &= match template {
                "{username}" => {
                    given == self.username
                        || (!given.is_empty() && self.planted.has("login-any-user"))
                        || (given.contains('\'') && self.planted.has("login-quote"))
                }
                "{password}" | "{password-md5}" => {
                    let hashed = template == "{password-md5}";
                    let (want, fits) = match hashed {
                        true => (&hash, given.eq_ignore_ascii_case(&hash)),
                        false => (&self.password, given == self.password),
                    };
                    fits || self.planted.has("login-any-password")
                        || (given.contains('\'') && self.planted.has("login-quote"))
                        || (given.is_empty() && self.planted.has("login-empty-password"))
                        || (!given.is_empty()
                            && want.starts_with(&given)
                            && self.planted.has("login-prefix"))
                        || (given == self.password && self.planted.has("login-clear-password"))
                }
                fixed => given == fixed,
            };
        };
        for (name, template) in &login.query {
            check(template, query_value(ask.query, name));
        }
        if let Some(Value::Object(members)) = &login.body {
            for (name, template) in members {
                if let Value::String(template) = template {
                    check(
                        template,
                        body.get(name).and_then(Value::as_str).map(str::to_owned),
                    );
                }
            }
        }
        let shown = !matched && self.planted.has("login-refusal-has-token");
        if !matched && !shown {
            return refused();
        }
        let mut state = self.lock();
        state.logins += 1;
        let seed = format!("{}:{}:{:?}", self.username, state.logins, state.boot);
        let token: String = hex(&sha2::Sha256::digest(seed.as_bytes()))
            .chars()
            .take(40)
            .collect();
        state.tokens.push(token.clone());
        let mut answer = json!({"account_type": "admin"});
        put(&mut answer, &login.token, Value::String(token));
        json_reply(if shown { 400 } else { 200 }, &answer)
    }

    pub(super) fn authorize(&self, operation: &Operation, ask: &Ask<'_>) -> Result<(), Reply> {
        if !operation.needs_auth() || self.planted.has("no-auth") {
            return Ok(());
        }
        let granted = operation
            .security
            .iter()
            .any(|all| all.iter().all(|s| self.grants(s, ask)));
        let known = granted || self.lock().held_back.known;
        self.lock().held_back.known = known;
        if granted || wire::passes(&self.planted, ask, known) {
            return Ok(());
        }
        if self.planted.has("refusal-ends-session") && has_credentials(operation, ask) {
            self.lock().tokens.clear();
        }
        let mut reply = self.refuse(operation, FaultKind::Unauthenticated, &FieldPath::root());
        if self.planted.has("unauthorized-403") {
            reply.status = 403;
        }
        if self.planted.has("unauthorized-text") {
            reply = json_reply(401, &json!({"error": "Unauthorized"}));
        }
        if self.planted.has("unauthorized-shows-settings")
            && let Some(settings) = self.lock().settings.get(&operation.id)
        {
            let shown = json!({"error": "Log In", "settings": settings});
            reply = json_reply(reply.status, &shown);
        }
        wire::unauthorized(&self.planted, &mut reply);
        Err(reply)
    }

    fn grants(&self, scheme: &SecurityScheme, ask: &Ask<'_>) -> bool {
        let planted = |id: &str| self.planted.has(id);
        let state = self.lock();
        let token_fits = |given: &str| {
            state.tokens.iter().any(|token| {
                token == given
                    || (planted("token-prefix") && !given.is_empty() && token.starts_with(given))
                    || (planted("token-suffix") && given.starts_with(token.as_str()))
                    || (planted("token-any-case") && token.eq_ignore_ascii_case(given))
                    || wire::token(&self.planted, token, given)
            }) || (self.profile.login.is_none() && given == self.password)
                || (planted("any-token") && !given.is_empty())
                || (planted("empty-token") && given.is_empty())
                || (planted("null-token") && given == "null")
                || (planted("long-token-overflows") && given.len() >= 1_024)
        };
        if planted("token-in-query") && query_value(ask.query, "token").is_some() {
            return true;
        }
        let authorization = header(ask, "authorization");
        match scheme {
            SecurityScheme::Bearer => {
                let Some(value) = authorization else {
                    return false;
                };
                let (given_scheme, given) = value.split_once(' ').unwrap_or((value, ""));
                let scheme_fits = if self.chosen.is("scheme-case", "any") {
                    given_scheme.eq_ignore_ascii_case("bearer")
                } else {
                    given_scheme == "Bearer"
                };
                (scheme_fits || planted("any-scheme")) && token_fits(given.trim())
            }
            SecurityScheme::Basic => {
                let want = base64::engine::general_purpose::STANDARD
                    .encode(format!("{}:{}", self.username, self.password));
                authorization
                    .and_then(|v| v.split_once(' '))
                    .is_some_and(|(s, v)| s.eq_ignore_ascii_case("basic") && v.trim() == want)
            }
            SecurityScheme::ApiKey { name, place } => {
                let given = given_key(name, *place, ask);
                given.is_some_and(|g| token_fits(&g))
            }
            SecurityScheme::Other(_) => true,
        }
    }
}

/// What stands where an API key belongs.
fn given_key(name: &str, place: Place, ask: &Ask<'_>) -> Option<String> {
    match place {
        Place::Query => query_value(ask.query, name),
        Place::Cookie => header(ask, "cookie")?.split(';').find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then(|| value.to_owned())
        }),
        Place::Header | Place::Path => header(ask, name).map(str::to_owned),
    }
}

/// Whether a request carries credentials of any sort that the operation knows.
fn has_credentials(operation: &Operation, ask: &Ask<'_>) -> bool {
    let mut schemes = operation.security.iter().flatten();
    schemes.any(|scheme| match scheme {
        SecurityScheme::ApiKey { name, place } => given_key(name, *place, ask).is_some(),
        _ => header(ask, "authorization").is_some(),
    })
}
