//! How a session is opened, as far as the document shows.

use super::page::{Page, remark};
use crate::case::logs_in;
use crate::cli::toml_text::{key, text};
use crate::contract::{Contract, Format, Operation, Place, Schema, SecurityScheme, shape};
use crate::exchange::KEY_NAMES;
use crate::pointer::escape;
use crate::profile::Profile;
use serde_json::Value;
use std::collections::BTreeSet;

/// Words for who somebody is, and for what they know, as members of a login.
const USERS: [&str; 8] = [
    "username",
    "user",
    "login",
    "name",
    "email",
    "account",
    "userid",
    "identifier",
];
const PASSWORDS: [&str; 6] = ["password", "pass", "passwd", "pwd", "passphrase", "secret"];
/// Members of an answer that hold a token.
const TOKENS: [&str; 9] = [
    "token",
    "accesstoken",
    "authtoken",
    "sessiontoken",
    "jwt",
    "bearer",
    "sessionid",
    "sid",
    "access",
];

/// The part of the profile that says how to get in.
pub(super) fn write(page: &mut Page, contract: &Contract) {
    page.part("Login");
    let schemes = schemes(contract);
    if schemes.is_empty() {
        page.say(
            "The document asks for no credentials. If the device does, --username U --password-env \
             VAR answers its own challenge (Basic or Digest); for a session describe the login:",
        );
        session(page, contract, false);
        second_user(page);
        return;
    }
    let mut wants_session = false;
    let mut in_cookie = false;
    let mut keys = BTreeSet::new();
    for scheme in schemes {
        match scheme {
            SecurityScheme::Basic | SecurityScheme::Digest | SecurityScheme::Offered => page.say(
                "Basic or Digest: give --username U --password-env VAR; nothing has to stand here.",
            ),
            SecurityScheme::Bearer | SecurityScheme::OpenIdConnect => wants_session = true,
            SecurityScheme::ApiKey { name, place } => {
                wants_session = true;
                in_cookie |= *place == Place::Cookie;
                keys.insert(name.as_str());
            }
            SecurityScheme::OAuth2(flows) => oauth2(page, flows),
            SecurityScheme::MutualTls => {
                page.say("A client certificate: give --client-cert PEM.");
            }
            SecurityScheme::Other(what) => {
                page.say(&format!("Operations that ask for {what} cannot be fed."));
            }
        }
    }
    if wants_session {
        page.say(
            "A token or key: give --token-env VAR for a ready one, or describe the login that \
             brings it and give --username U --password-env VAR:",
        );
        session(page, contract, in_cookie);
    }
    if !keys.is_empty() {
        page.say("Keys by their names, where one is not the token of --token-env:");
        // More than these cannot be told apart.
        for name in keys.into_iter().take(KEY_NAMES.len()) {
            page.off(&format!("[keys.{}]", key(name)));
            page.off(&format!("env = {}", text(&variable(name))));
        }
    }
    second_user(page);
}

/// Every scheme that an operation asks for, once.
fn schemes(contract: &Contract) -> Vec<&SecurityScheme> {
    let mut out: Vec<&SecurityScheme> = Vec::new();
    let all = contract.operations.iter().flat_map(|op| &op.security);
    for scheme in all.flatten() {
        let same = |s: &&SecurityScheme| match (s, scheme) {
            (SecurityScheme::OAuth2(_), SecurityScheme::OAuth2(_)) => true,
            (a, b) => **a == *b,
        };
        if !out.iter().any(same) {
            out.push(scheme);
        }
    }
    out
}

/// A variable that a profile may name.
fn variable(name: &str) -> String {
    let upper = |c: char| match c.is_ascii_alphanumeric() {
        true => c.to_ascii_uppercase(),
        false => '_',
    };
    format!("PROBITY_{}", name.chars().map(upper).collect::<String>())
}

fn oauth2(page: &mut Page, flows: &crate::contract::OAuthFlows) {
    let (grant, url) = match (&flows.password, &flows.client_credentials) {
        (Some(url), _) => ("password", url),
        (None, Some(url)) => ("client-credentials", url),
        (None, None) => {
            page.say("OAuth 2 by a flow that wants a browser: give --token-env VAR.");
            return;
        }
    };
    page.say(
        "OAuth 2: give --username U --password-env VAR. What stands here wins over the document; a \
         token endpoint that is not on the device is confirmed with --allow-token-url URL.",
    );
    page.off("[oauth2]");
    page.off(&format!("token-url = {}", text(url)));
    page.off(&format!("grant = {}", text(grant)));
    page.off("client-id = \"probity\"");
    page.off("client-secret-env = \"PROBITY_CLIENT_SECRET\"");
}

/// The login that the document shows, or what one looks like.
fn session(page: &mut Page, contract: &Contract, in_cookie: bool) {
    let found = contract.operations.iter().find(|op| is_login(op));
    page.off("[login]");
    let Some(op) = found else {
        page.off("method = \"POST\"");
        page.off("path = \"/login\" # the document shows none");
        page.off("body = { username = \"{username}\", password = \"{password}\" } # or form = …");
        match in_cookie {
            true => page.off("cookies = true"),
            false => page.off("token = \"/token\" # or cookies = true, or token-header = \"…\""),
        }
        page.say("A page with a form may hold a token that has to come back with every write:");
        page.off("[login.csrf]");
        page.off("page = \"/login\"");
        page.off("field = \"csrf\" # or cookie = \"csrftoken\"; in the form it is \"{csrf}\"");
        page.off("send = \"X-CSRF-Token\"");
        return;
    };
    page.off(&format!("method = {} {}", text(&op.method), remark(&op.id)));
    page.off(&format!("path = {}", text(&op.path)));
    let members = members(op);
    let pairs: Vec<String> = members
        .iter()
        .map(|(n, v)| format!("{} = {v}", key(n)))
        .collect();
    let inline = format!("{{ {} }}", pairs.join(", "));
    let place = match op.body.as_ref().map(|b| b.format) {
        Some(Format::Json) => "body",
        Some(_) => "form",
        None => "query",
    };
    if !pairs.is_empty() {
        page.off(&format!("{place} = {inline}"));
    }
    let token = shape::answer(op).and_then(|answer| token_in(answer, 2));
    match token.filter(|_| !in_cookie) {
        Some(pointer) => page.off(&format!("token = {}", text(&pointer))),
        None => page.off("cookies = true # or token = \"/…\", a JSON pointer into the answer"),
    }
    if let Some(out) = contract.operations.iter().find(|op| is_logout(op)) {
        let (method, path) = (text(&out.method), text(&out.path));
        page.off(&format!(
            "logout = {{ method = {method}, path = {path} }} {}",
            remark(&out.id)
        ));
    }
}

/// An operation that ends the session: by the last word of its path.
fn is_logout(op: &Operation) -> bool {
    let last = op.path.rsplit('/').next().map(squeezed);
    let plain = !op
        .path
        .contains(|c: char| c == '{' || c.is_whitespace() || c == '#');
    let named = last.is_some_and(|last| ["logout", "logoff", "signout"].contains(&last.as_str()));
    plain && named && matches!(op.method.as_str(), "GET" | "POST" | "DELETE")
}

/// Who else there is, which no document says.
fn second_user(page: &mut Page) {
    page.say("A second user who may read and not write: whether the device keeps them from it.");
    page.off("[roles.viewer]");
    page.off("username = \"viewer\"");
    page.off("password-env = \"PROBITY_VIEWER_PASSWORD\" # or token-env instead of both");
}

/// An operation that logs in: by its path and a password in its body or its query.
fn is_login(op: &Operation) -> bool {
    let plain = !op
        .path
        .contains(|c: char| c == '{' || c.is_whitespace() || c == '#');
    let in_query = |op: &Operation| {
        let asks = op.parameters.iter().any(|p| is_one_of(&p.name, &PASSWORDS));
        asks && op.path.to_ascii_lowercase().contains("login")
    };
    plain && (logs_in(&Profile::default(), op) || in_query(op))
}

/// Members of the login with their values as TOML: credentials by name, else what the document shows.
fn members(op: &Operation) -> Vec<(String, String)> {
    let mut named: Vec<(&str, &Schema, bool)> = Vec::new();
    if let Some(body) = &op.body {
        let required = |name: &str| body.schema.required.iter().any(|r| r == name);
        let all = shape::members(&body.schema).into_iter();
        named.extend(all.map(|(name, schema)| (name, schema, required(name))));
    } else {
        let query = op.parameters.iter().filter(|p| p.place == Place::Query);
        named.extend(query.map(|p| (p.name.as_str(), &p.schema, p.required)));
    }
    // Of several words for who it is, the one that says most: a `name` beside a `username` is none.
    let user = USERS.iter().find_map(|word| {
        let mut names = named.iter().map(|(name, ..)| *name);
        names.find(|name| squeezed(name) == *word)
    });
    let json = op.body.as_ref().is_some_and(|b| b.format == Format::Json);
    let value = |(name, schema, required): (&str, &Schema, bool)| {
        if Some(name) == user {
            return Some((name.to_owned(), text("{username}")));
        }
        if is_one_of(name, &PASSWORDS) {
            return Some((name.to_owned(), text("{password}")));
        }
        let shown = schema.examples.first().or(schema.const_value.as_ref());
        let stated = schema.enum_values.as_ref().and_then(|all| all.first());
        let shown = shown.or(stated).filter(|_| required)?;
        let shown = match shown {
            Value::String(shown) => text(shown),
            Value::Bool(_) | Value::Number(_) if json => shown.to_string(),
            _ => return None,
        };
        Some((name.to_owned(), shown))
    };
    named.into_iter().filter_map(value).collect()
}

/// JSON pointer to the member of an answer that looks like a token.
fn token_in(schema: &Schema, depth: usize) -> Option<String> {
    let members = shape::members(schema);
    let step = |name: &str| format!("/{}", escape(name));
    let here = TOKENS.iter().find_map(|word| {
        let mut names = members.iter().map(|(name, _)| *name);
        names.find(|name| squeezed(name) == *word)
    });
    if let Some(name) = here {
        return Some(step(name));
    }
    let mut inner = members.into_iter().filter(|_| depth > 0);
    inner.find_map(|(name, member)| Some(format!("{}{}", step(name), token_in(member, depth - 1)?)))
}

fn is_one_of(name: &str, words: &[&str]) -> bool {
    words.contains(&squeezed(name).as_str())
}

/// A name without case and separators.
fn squeezed(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}
