//! Who gets in: login, sessions, and the faults of both.

use super::{Ask, Reply, Service, header, hex, json_reply, not_allowed, query_value};
use crate::held_back::wire;
use base64::Engine as _;
use md5::{Digest, Md5};
use probity_contract::pointer::insert;
use probity_contract::profile::{Login, Profile};
use probity_contract::{Contract, FaultKind, FieldPath, Operation, Place, SecurityScheme};
use serde_json::{Value, json};

/// The cookie of a session, and what guards it against forged requests.
const SESSION: &str = "session";

impl Service {
    /// Answers what belongs to getting in, where the request is that.
    pub(super) fn entry(&self, ask: &Ask<'_>) -> Option<Reply> {
        if let Some(login) = &self.profile.login {
            if login.path == ask.path && login.method == ask.method {
                return Some(self.login(ask));
            }
            if let Some(logout) = &login.logout
                && (logout.path.as_str(), logout.method.as_str()) == (ask.path, ask.method)
            {
                return Some(self.logout(ask));
            }
            let page = login.csrf.as_ref().and_then(|c| c.page.as_deref());
            if page == Some(ask.path) && ask.method == "GET" {
                return Some(self.page(ask, login));
            }
            if login.path == ask.path {
                return Some(not_allowed(&[&login.method]));
            }
        }
        if self.token_endpoints.iter().any(|path| path == ask.path) {
            return Some(match ask.method {
                "POST" => self.token(ask),
                _ => not_allowed(&["POST"]),
            });
        }
        None
    }

    fn login(&self, ask: &Ask<'_>) -> Reply {
        let refused = || json_reply(400, &json!({"error": "Wrong username or password"}));
        let Some(login) = &self.profile.login else {
            return refused();
        };
        let own = self.fits(login, ask, (&self.username, &self.password));
        let second = self.second();
        let viewer = !own && second.is_some_and(|user| self.fits(login, ask, user));
        let matched = own || viewer;
        let shown = !matched && self.planted.has("login-refusal-has-token");
        if !matched && !shown {
            return refused();
        }
        let kept = session_cookie(ask).filter(|_| self.planted.has("login-keeps-session-id"));
        let token = kept.unwrap_or_else(|| self.new_token());
        {
            let mut state = self.lock();
            state.tokens.push(token.clone());
            if viewer {
                state.viewers.push(token.clone());
            }
        }
        let mut answer = json!({"account_type": if viewer { "viewer" } else { "admin" }});
        if let Some(pointer) = &login.token {
            insert(&mut answer, pointer, Value::String(token.clone()));
        }
        let mut reply = json_reply(if shown { 400 } else { 200 }, &answer);
        if let Some(field) = &login.token_header {
            reply.headers.push((field.clone(), token.clone()));
        }
        if login.cookies {
            self.set_cookies(&token, &mut reply);
        }
        reply
    }

    /// Whether a login shows the credentials of this user.
    fn fits(&self, login: &Login, ask: &Ask<'_>, (name, password): (&str, &str)) -> bool {
        let body: Value = serde_json::from_slice(ask.body).unwrap_or_default();
        let form = String::from_utf8_lossy(ask.body);
        let hash = hex(&Md5::digest(password.as_bytes()));
        let csrf = self.csrf(ask);
        let planted = |id: &str| self.planted.has(id);
        let quoted = |given: &str| given.contains('\'') && planted("login-quote");
        let check = |template: &str, given: Option<String>| {
            let given = given.unwrap_or_default();
            match template {
                "{username}" => {
                    given == name
                        || (!given.is_empty() && planted("login-any-user"))
                        || quoted(&given)
                }
                "{password}" | "{password-md5}" => {
                    let (want, fits) = match template == "{password-md5}" {
                        true => (hash.as_str(), given.eq_ignore_ascii_case(&hash)),
                        false => (password, given == password),
                    };
                    fits || planted("login-any-password")
                        || quoted(&given)
                        || (given.is_empty() && planted("login-empty-password"))
                        || (!given.is_empty()
                            && want.starts_with(&given)
                            && planted("login-prefix"))
                        || (given == password && planted("login-clear-password"))
                }
                "{csrf}" => csrf.as_deref() == Some(given.as_str()),
                fixed => given == fixed,
            }
        };
        let in_query =
            |(name, template): (&String, &String)| check(template, query_value(ask.query, name));
        let in_form =
            |(name, template): (&String, &String)| check(template, query_value(&form, name));
        let members = login.body.as_ref().and_then(Value::as_object);
        let mut members = members.into_iter().flatten();
        login.query.iter().all(in_query)
            && login.form.iter().all(in_form)
            && members.all(|(name, template)| {
                let given = body.get(name).and_then(Value::as_str);
                template
                    .as_str()
                    .is_none_or(|template| check(template, given.map(str::to_owned)))
            })
    }

    /// A token that nobody has had before.
    fn new_token(&self) -> String {
        let mut state = self.lock();
        state.logins += 1;
        let seed = format!("{}:{}:{:?}", self.username, state.logins, state.boot);
        let token = hex(&sha2::Sha256::digest(seed.as_bytes()));
        token.chars().take(40).collect()
    }

    fn set_cookies(&self, session: &str, reply: &mut Reply) {
        let login = self.profile.login.as_ref();
        let mut set = |name: &str, value: &str, more: &str| {
            let cookie = format!("{name}={value}; Path=/{more}");
            reply.headers.push(("Set-Cookie".to_owned(), cookie));
        };
        // A cookie that is declared as an API key has its name from the document.
        let names = self
            .contract
            .operations
            .iter()
            .flat_map(|op| op.security.iter().flatten());
        let declared = names.filter_map(|scheme| match scheme {
            SecurityScheme::ApiKey {
                name,
                place: Place::Cookie,
            } => Some(name.as_str()),
            _ => None,
        });
        set(
            declared.into_iter().next().unwrap_or(SESSION),
            session,
            "; HttpOnly",
        );
        let Some(csrf) = login.and_then(|l| l.csrf.as_ref()) else {
            return;
        };
        let token = csrf_token(session);
        match (&csrf.cookie, &csrf.header) {
            (Some(name), _) => set(name, &token, ""),
            (None, Some(name)) => reply.headers.push((name.clone(), token)),
            (None, None) => {}
        }
    }

    /// The page of the login: gives a session that is not logged in, and the token that guards it.
    fn page(&self, ask: &Ask<'_>, login: &Login) -> Reply {
        let session = session_cookie(ask).unwrap_or_else(|| self.new_token());
        let field = login.csrf.as_ref().and_then(|c| c.field.as_deref());
        let token = csrf_token(&session);
        let mut reply = match field.filter(|f| f.starts_with('/')) {
            Some(pointer) => {
                let mut answer = json!({});
                insert(&mut answer, pointer, Value::String(token));
                json_reply(200, &answer)
            }
            None => Reply {
                status: 200,
                headers: vec![("Content-Type".to_owned(), "text/html".to_owned())],
                body: format!(
                    "<form method=post><input type=hidden name=\"{}\" value=\"{token}\"></form>",
                    field.unwrap_or("csrf")
                )
                .into_bytes(),
                ..Reply::default()
            },
        };
        self.set_cookies(&session, &mut reply);
        reply
    }

    fn logout(&self, ask: &Ask<'_>) -> Reply {
        let ended = session_cookie(ask).or_else(|| bearer_of(ask));
        if !self.planted.has("logout-keeps-session") {
            self.lock().tokens.retain(|t| Some(t) != ended.as_ref());
        }
        Reply {
            status: 204,
            ..Reply::default()
        }
    }

    /// The token against forged requests that belongs to the session of a request.
    fn csrf(&self, ask: &Ask<'_>) -> Option<String> {
        session_cookie(ask).map(|session| csrf_token(&session))
    }

    /// The token endpoint of OAuth 2 (RFC 6749 §4.3, §4.4, §6).
    fn token(&self, ask: &Ask<'_>) -> Reply {
        let form = String::from_utf8_lossy(ask.body);
        let get = |name: &str| query_value(&form, name).unwrap_or_default();
        let own = self.profile.oauth2.as_ref();
        let client = header(ask, "authorization").and_then(client_of);
        let client = client.unwrap_or_else(|| (get("client_id"), get("client_secret")));
        let id = own.and_then(|o| o.client_id.clone());
        let good_client = match &id {
            Some(id) => client.0 == *id,
            None => client == (self.username.clone(), self.password.clone()),
        };
        let user = (get("username"), get("password"));
        let good_user = user == (self.username.clone(), self.password.clone());
        let any = |fault: &str| self.planted.has(fault);
        let viewer = self.second() == Some((user.0.as_str(), user.1.as_str()));
        let granted = match get("grant_type").as_str() {
            "password" => {
                good_user || viewer || user.0 == self.username && any("oauth-any-password")
            }
            "client_credentials" => good_client || any("oauth-any-client"),
            "refresh_token" => self.lock().refresh.contains(&get("refresh_token")),
            _ => return json_reply(400, &json!({"error": "unsupported_grant_type"})),
        };
        if !granted {
            return json_reply(400, &json!({"error": "invalid_grant"}));
        }
        let (token, refresh) = (self.new_token(), self.new_token());
        let mut state = self.lock();
        state.tokens.push(token.clone());
        if viewer {
            state.viewers.push(token.clone());
        }
        state.refresh.push(refresh.clone());
        json_reply(
            200,
            &json!({"access_token": token, "token_type": "Bearer", "expires_in": 3600, "refresh_token": refresh}),
        )
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
            return match self.forbids(operation, ask) {
                Some(refusal) => Err(refusal),
                None => Ok(()),
            };
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
            && let Some(settings) = self
                .lock()
                .kept(&self.key(operation, ask.path), &operation.id)
        {
            let shown = json!({"error": "Log In", "settings": settings});
            reply = json_reply(reply.status, &shown);
        }
        let mut schemes = operation.security.iter().flatten();
        if schemes.any(|scheme| *scheme == SecurityScheme::Digest) {
            self.challenge(ask, &mut reply);
        }
        wire::unauthorized(&self.planted, &mut reply);
        Err(reply)
    }

    fn grants(&self, scheme: &SecurityScheme, ask: &Ask<'_>) -> bool {
        let planted = |id: &str| self.planted.has(id);
        let tokens = self.lock().tokens.clone();
        let token_fits = |given: &str| {
            tokens.iter().any(|token| {
                token == given
                    || (planted("token-prefix") && !given.is_empty() && token.starts_with(given))
                    || (planted("token-suffix") && given.starts_with(token.as_str()))
                    || (planted("token-any-case") && token.eq_ignore_ascii_case(given))
                    || wire::token(&self.planted, token, given)
            }) || (self.takes_password && given == self.password)
                || self.is_their_token(given)
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
            SecurityScheme::Digest => self.grants_digest(ask),
            SecurityScheme::Bearer | SecurityScheme::OAuth2(_) | SecurityScheme::OpenIdConnect => {
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
                let given = authorization.and_then(|v| v.split_once(' '));
                given.is_some_and(|(s, v)| {
                    s.eq_ignore_ascii_case("basic")
                        && self.basic_pairs().any(|want| v.trim() == want)
                })
            }
            SecurityScheme::ApiKey { name, place } => {
                let given = given_key(name, *place, ask);
                given.is_some_and(|g| token_fits(&g)) && self.unforged(ask)
            }
            // Nobody can show these to a server without TLS.
            SecurityScheme::MutualTls | SecurityScheme::Other(_) | SecurityScheme::Offered => false,
        }
    }

    /// Whether a request that writes carries the token against forgery, where the profile knows one.
    fn unforged(&self, ask: &Ask<'_>) -> bool {
        let login = self.profile.login.as_ref();
        let field = login.and_then(|l| l.csrf.as_ref()?.send.as_ref());
        let Some(field) = field.filter(|_| ask.method != "GET") else {
            return true;
        };
        let sent = header(ask, field);
        self.planted.has("csrf-ignored") || sent.is_some() && sent == self.csrf(ask).as_deref()
    }
}

/// What follows the scheme in `Authorization`.
pub(super) fn bearer_of(ask: &Ask<'_>) -> Option<String> {
    let (_, value) = header(ask, "authorization")?.split_once(' ')?;
    Some(value.trim().to_owned())
}

/// The session that a request belongs to: the first of its cookies that looks like one.
fn session_cookie(ask: &Ask<'_>) -> Option<String> {
    let cookies = header(ask, "cookie")?.split(';');
    let values = cookies.filter_map(|pair| pair.trim().split_once('='));
    let mut sessions = values.filter(|(_, value)| value.len() == 40);
    sessions.next().map(|(_, value)| value.to_owned())
}

fn csrf_token(session: &str) -> String {
    hex(&Md5::digest(format!("csrf:{session}")))
}

/// Id and secret of a client in `Authorization: Basic` (RFC 6749 §2.3.1).
fn client_of(field: &str) -> Option<(String, String)> {
    let (scheme, coded) = field.split_once(' ')?;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(coded.trim())
        .ok()?;
    let pair = String::from_utf8(bytes).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let plain = |text: &str| {
        let text = percent_encoding::percent_decode_str(text);
        text.decode_utf8_lossy().into_owned()
    };
    scheme
        .eq_ignore_ascii_case("basic")
        .then(|| (plain(id), plain(secret)))
}

/// The paths of the token endpoints that the document or the profile names.
pub(super) fn token_endpoints(contract: &Contract, profile: &Profile) -> Vec<String> {
    let schemes = contract
        .operations
        .iter()
        .flat_map(|op| op.security.iter().flatten());
    let stated = schemes.filter_map(|scheme| match scheme {
        SecurityScheme::OAuth2(flows) => Some([&flows.password, &flows.client_credentials]),
        _ => None,
    });
    let own = profile.oauth2.as_ref().and_then(|o| o.token_url.as_ref());
    let mut out: Vec<String> = Vec::new();
    for url in stated.flatten().flatten().chain(own) {
        let path = match url.split_once("://") {
            Some((_, rest)) => rest
                .find('/')
                .map_or("/", |at| rest.get(at..).unwrap_or("/")),
            None => url,
        };
        let path = format!("/{}", path.trim_start_matches('/'));
        if !out.contains(&path) {
            out.push(path);
        }
    }
    out
}

/// What stands where an API key belongs.
pub(super) fn given_key(name: &str, place: Place, ask: &Ask<'_>) -> Option<String> {
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
