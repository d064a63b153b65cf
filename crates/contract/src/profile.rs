//! How one kind of device is driven: where to log in, where a write can be read back, what tells
//! that it is alive. Plain data, read from `device.toml`; case, device and mock share it, so it
//! may import nothing of theirs; of this crate it imports [`crate::exchange`] alone, for the login
//! request that case and device both send.

use crate::exchange::{Answer, HttpRequest, Part, Secret, Template};
use crate::model::{Contract, Effect, Operation};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// The device profile (`device.toml`). Paths are below the base URL.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Profile {
    /// `http://host[:port]`; the command line's `--target` wins.
    pub base_url: Option<String>,
    /// How a session is opened; without it the contract's security scheme is fed from the
    /// command line alone.
    pub login: Option<Login>,
    /// The token endpoint, where the contract asks for OAuth 2.
    pub oauth2: Option<OAuth2>,
    /// API keys of several names, by the name of their field, parameter or cookie; a single one may
    /// be given with `--token-env` instead.
    pub keys: BTreeMap<String, Key>,
    /// Other users.
    pub roles: Roles,
    /// For a write operation (its `operationId`, or `METHOD /path`), how its effect is read.
    pub read_back: BTreeMap<String, ReadBack>,
    /// A request that tells that the device lives.
    pub life: Option<Life>,
    /// Rates, time-outs, budgets.
    pub limits: Limits,
    /// Operations (by `operationId`) that cannot be judged here, each with the reason: a run that
    /// does not judge them is not held to be short of them.
    pub cannot_judge: BTreeMap<String, String>,
    /// Commands as argument lists: `power-cycle`, `soft-restart`.
    pub hooks: BTreeMap<String, Vec<String>>,
    /// Path globs that are never probed with methods or parameters of our own making, because
    /// operations there act (reboot, open a door, factory reset).
    pub deny: Vec<String>,
    /// What the document does not say of its resources: path → what reads and writes it.
    pub resources: BTreeMap<String, ResourceHint>,
    /// Values of parameters that the document shows no example of: path or operation (`operationId` or
    /// `METHOD /path`) → name of the parameter → value.
    pub values: BTreeMap<String, BTreeMap<String, Value>>,
    /// Whole bodies that the device takes, where it refuses what the document alone allows: operation
    /// (`operationId` or `METHOD /path`) → body. Every other body begins with it.
    pub bodies: BTreeMap<String, Value>,
    /// What a `format` without a pattern means: `"annotation"`, as JSON Schema 2020-12 has it, or
    /// `"checked"`: the device refuses what is surely outside it. Without this line what the description
    /// of the document says counts ("Formats are checked."), else it is an annotation.
    pub formats: Formats,
    /// What operations do that the document does not show: `operationId` or `METHOD /path` → effect.
    pub effects: BTreeMap<String, Effect>,
    /// Paths whose `GET` only reads and asks for credentials: what draws a challenge and tells
    /// whether a login worked. Not part of the file, see [`crate::access::choose`].
    #[serde(skip)]
    pub protected: Vec<String>,
}

/// What a `format` without a pattern means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Formats {
    /// What the document's own description says, see [`bind`](super::binding::bind); else nothing that
    /// accuses.
    #[default]
    Documented,
    /// Nothing that accuses: what the device does is recorded.
    Annotation,
    /// A rule.
    Checked,
}

/// What a document does not say of a resource. Operations are named by `operationId` or as
/// `METHOD /path`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct ResourceHint {
    /// The operation that reads its state.
    pub read: Option<String>,
    /// JSON pointer to the part of that answer that mirrors the body of a write; `""` is all.
    pub root: String,
    /// The operation that replaces its state.
    pub replace: Option<String>,
    /// The operation that changes part of it.
    pub patch: Option<String>,
    /// The operation that creates an item.
    pub create: Option<String>,
    /// The operation that deletes it.
    pub delete: Option<String>,
    /// JSON pointer to the id of a new item in the answer of `create`.
    pub id: Option<String>,
    /// Paths of other resources that a write of this one changes as well.
    pub changes: Vec<String>,
}

/// How a token of OAuth 2 is fetched (RFC 6749). What is left out comes from the document.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct OAuth2 {
    /// The token endpoint: a path on the device, or a whole URL, which the command line has to confirm
    /// with `--allow-token-url` where it is not on the device.
    pub token_url: Option<String>,
    /// The flow.
    pub grant: Option<Grant>,
    /// The client's id; without it there is none (password), or it is the user name.
    pub client_id: Option<String>,
    /// The environment variable with the client's secret; without it there is none (password), or
    /// it is the password.
    pub client_secret_env: Option<String>,
    /// Scopes, separated by blanks; without it those that the document names.
    pub scope: Option<String>,
    /// How the client shows its id and secret (RFC 6749 §2.3.1).
    pub client_auth: ClientAuth,
}

/// A flow of OAuth 2 that needs nobody at a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grant {
    /// RFC 6749 §4.3.
    Password,
    /// RFC 6749 §4.4.
    ClientCredentials,
}

/// How an OAuth 2 client authenticates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAuth {
    /// `Authorization: Basic`, which every server takes.
    #[default]
    Basic,
    /// `client_id` and `client_secret` in the form.
    Body,
}

/// Where an API key comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Key {
    /// The environment variable that holds it.
    pub env: String,
}

/// Users beside the one of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Roles {
    /// A user who may read and not write: every write with their credentials has to be refused.
    pub viewer: Option<Role>,
}

/// Who a second user is, and what they may do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Role {
    /// The user name.
    pub username: Option<String>,
    /// The environment variable with the password.
    pub password_env: Option<String>,
    /// The environment variable with a ready token, in place of user name and password.
    pub token_env: Option<String>,
    /// Operations that this user may call although they write (`operationId` or `METHOD /path`).
    pub may: Vec<String>,
}

impl Role {
    /// The variables that it names, by key.
    pub fn variables(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let named = [
            ("password-env", &self.password_env),
            ("token-env", &self.token_env),
        ];
        named
            .into_iter()
            .filter_map(|(key, name)| Some((key, name.as_ref()?)))
    }

    /// Whether this user may call an operation.
    pub fn may_call(&self, op: &Operation) -> bool {
        let reads = matches!(op.method.as_str(), "GET" | "HEAD" | "OPTIONS" | "TRACE");
        reads
            || self
                .may
                .iter()
                .any(|name| op.id == *name || op.is_named(name))
    }

    fn check(&self) -> Result<(), String> {
        match (&self.token_env, &self.username, &self.password_env) {
            (Some(_), None, None) | (None, Some(_), Some(_)) => Ok(()),
            _ => {
                Err("[roles.viewer]: give `username` and `password-env`, or `token-env`".to_owned())
            }
        }
    }
}

/// A login request and its answer.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Login {
    /// Method, e.g. `GET`.
    #[serde(default = "get")]
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

/// How the effect of a write is read.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReadBack {
    /// Method, e.g. `GET`.
    #[serde(default = "get")]
    pub method: String,
    /// Path.
    pub path: String,
    /// JSON pointer to the object in the answer that mirrors the body of the write; `""` is all.
    #[serde(default)]
    pub root: String,
    /// Fields whose read-back is not their value: JSON pointer (below `root`) → what it says.
    #[serde(default)]
    pub unreadable: BTreeMap<String, Unreadable>,
    /// Test the write also on a device that does not answer the read: its settings are then not put
    /// back, and the report says so.
    #[serde(default)]
    pub optional: bool,
}

/// A field that cannot be read back.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Unreadable {
    /// Values that stand in the read-back instead (`WebPass`). Never written back.
    pub placeholders: Vec<String>,
    /// The environment variable that holds the real value for the restore.
    pub restore_env: Option<String>,
}

/// A request that tells that the device lives.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Life {
    /// Path for `GET`.
    pub path: String,
    /// JSON pointer to seconds since boot.
    #[serde(default)]
    pub uptime: Option<String>,
    /// JSON pointer to an id that changes with every boot.
    #[serde(default)]
    pub boot_id: Option<String>,
    /// JSON pointer to the model.
    #[serde(default)]
    pub model: Option<String>,
    /// JSON pointer to the firmware version.
    #[serde(default)]
    pub firmware: Option<String>,
}

/// Rates, time-outs, budgets.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Limits {
    /// Requests a second; none: as fast as the device answers.
    pub rate: Option<f64>,
    /// Longest wait for one exchange, in milliseconds.
    pub timeout_ms: u64,
    /// Writes that may be accepted in one run (flash memory wears out).
    pub writes: Option<u64>,
    /// Failed logins in one run (accounts lock).
    pub failed_logins: Option<u64>,
    /// Restarts of the device after which a run stops.
    pub reboots: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            rate: None,
            timeout_ms: 5_000,
            writes: None,
            failed_logins: None,
            reboots: 5,
        }
    }
}

impl Limits {
    /// [`Limits::timeout_ms`] as a duration.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}

fn get() -> String {
    "GET".to_owned()
}

fn post() -> String {
    "POST".to_owned()
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

fn path(entry: &str, value: &str) -> Result<(), String> {
    match value.starts_with('/') && !value.contains(|c: char| c.is_whitespace() || c == '#') {
        true => Ok(()),
        false => Err(format!(
            "{entry}: {value:?} is no path below the base URL, such as /api/v1/login"
        )),
    }
}

/// A JSON pointer (RFC 6901).
fn pointer(entry: &str, value: &str) -> Result<(), String> {
    match value.is_empty() || value.starts_with('/') {
        true => Ok(()),
        false => Err(format!(
            "{entry}: {value:?} is no JSON pointer; write \"/{value}\""
        )),
    }
}

/// A method is a token of RFC 9110 §9.1.
fn method(entry: &str, value: &str) -> Result<(), String> {
    match !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-') {
        true => Ok(()),
        false => Err(format!("{entry}: {value:?} is no HTTP method")),
    }
}

/// Most characters of a line that an error quotes.
const LINE: usize = 200;
/// Most patterns of `deny`: each path is held against each.
const MOST_GLOBS: usize = 1_000;

/// An error whose lines are of a length that people read: the reader quotes the whole line of the
/// file, which may be all of it.
fn short(error: &str) -> String {
    let line = |line: &str| match line.char_indices().nth(LINE) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line.to_owned(),
    };
    let lines: Vec<String> = error.split('\n').map(line).collect();
    lines.join("\n")
}

/// The error of the TOML reader; an unknown key with the known one that it is most like.
fn meant(error: &toml::de::Error) -> String {
    let told = short(&error.to_string());
    let mut names = error.message().split('`').skip(1).step_by(2);
    let Some(wrong) = names
        .next()
        .filter(|_| error.message().starts_with("unknown "))
        // What is much longer than any key is like none, and costs its length to find out.
        .filter(|wrong| wrong.len() <= LINE)
    else {
        return told;
    };
    let nearest = names
        .map(|name| (strsim::damerau_levenshtein(wrong, name), name))
        .min()
        .filter(|(distance, name)| *distance <= 1 + name.len() / 3);
    match nearest {
        Some((_, name)) => format!("{told}did you mean `{name}`?"),
        None => told,
    }
}

impl Login {
    fn check(&self) -> Result<(), String> {
        if let Some(token) = &self.token {
            pointer("[login] token", token)?;
        }
        if !self.gives_token() && !self.cookies {
            return Err(
                "[login]: say what the session is: `token = \"/token\"` (a JSON pointer \
                        into the answer), `token-header = \"X-Auth-Token\"` or `cookies = true`"
                    .to_owned(),
            );
        }
        if self.body.is_some() && !self.form.is_empty() {
            return Err("[login]: `body` and `form` exclude each other".to_owned());
        }
        if let Some(logout) = &self.logout {
            path("[login.logout] path", &logout.path)?;
            method("[login.logout] method", &logout.method)?;
        }
        let Some(csrf) = &self.csrf else {
            return Ok(());
        };
        if let Some(page) = &csrf.page {
            path("[login.csrf] page", page)?;
        }
        let sources = [&csrf.cookie, &csrf.header, &csrf.field];
        match sources.into_iter().flatten().count() {
            1 => Ok(()),
            _ => Err(
                "[login.csrf]: name one place where the token is: `cookie`, `header` or `field`"
                    .to_owned(),
            ),
        }
    }
}

impl Profile {
    /// The entry of a table that names an operation, by `operationId` or as `METHOD /path`.
    pub fn named<'t, T>(&self, table: &'t BTreeMap<String, T>, op: &Operation) -> Option<&'t T> {
        let by_id = table.get(&op.id);
        by_id.or_else(|| table.iter().find(|(n, _)| op.is_named(n)).map(|(_, t)| t))
    }

    /// Whether everything that the profile names is in the contract.
    ///
    /// # Errors
    /// The first entry that names no operation or no path of it, with the nearest name there is.
    pub fn check_against(&self, contract: &Contract) -> Result<(), String> {
        let operation = |entry: String, name: &str| match contract.operation_named(name) {
            Some(_) => Ok(()),
            None => Err(format!(
                "{entry}: the contract has no operation {name}{}",
                contract.suggestion(name)
            )),
        };
        for name in self.read_back.keys() {
            operation(format!("[read-back.{name}]"), name)?;
        }
        for name in self.effects.keys() {
            operation("[effects]".to_owned(), name)?;
        }
        for name in self.roles.viewer.iter().flat_map(|v| &v.may) {
            operation("[roles.viewer] may".to_owned(), name)?;
        }
        let path = |entry: String, path: &str| match contract
            .operations
            .iter()
            .any(|o| o.path.trim_end_matches('/') == path.trim_end_matches('/'))
        {
            true => Ok(()),
            false => Err(format!(
                "{entry}: the contract has no path {path}{}",
                nearest(path, contract.operations.iter().map(|o| o.path.as_str()))
            )),
        };
        for (id, hint) in &self.resources {
            let slots = [
                ("read", &hint.read),
                ("replace", &hint.replace),
                ("patch", &hint.patch),
                ("create", &hint.create),
                ("delete", &hint.delete),
            ];
            let mut named = slots
                .iter()
                .filter_map(|(s, n)| n.as_deref().map(|n| (s, n)));
            named.try_for_each(|(slot, n)| operation(format!("[resources.{id:?}] {slot}"), n))?;
            if slots.iter().all(|(_, n)| n.is_none()) {
                path(format!("[resources.{id:?}]"), id)?;
            }
            let mut others = hint.changes.iter();
            others.try_for_each(|other| path(format!("[resources.{id:?}] changes"), other))?;
        }
        Ok(())
    }

    /// The token in an answer to a login or of a token endpoint, where one stands there.
    pub fn token_in(&self, answer: &Answer) -> Option<String> {
        let login = self.login.as_ref();
        if let Some(field) = login.and_then(|l| l.token_header.as_ref()) {
            return answer.header(field).filter(|v| !v.is_empty());
        }
        let pointer = match login {
            Some(login) => login.token.as_deref()?,
            None => self.oauth2.as_ref().map(|_| "/access_token")?,
        };
        let body: Value = serde_json::from_slice(&answer.body).ok()?;
        let token = body.pointer(pointer)?.as_str()?;
        (!token.is_empty()).then(|| token.to_owned())
    }

    /// The place of a key of this name for [`Secret::Key`].
    pub fn key(&self, name: &str) -> Option<Secret> {
        let at = self.keys.keys().position(|known| known == name)?;
        Some(Secret::Key(u8::try_from(at).ok()?))
    }

    /// Whether something in the environment of the process goes to the device because the profile says
    /// so: keys, a client's secret, settings that cannot be read back.
    pub fn names_variables(&self) -> bool {
        let mut settings = self.read_back.values().flat_map(|r| r.unreadable.values());
        let client = self
            .oauth2
            .as_ref()
            .is_some_and(|o| o.client_secret_env.is_some());
        let keyed = !self.keys.is_empty() || self.roles.viewer.is_some();
        client || keyed || settings.any(|s| s.restore_env.is_some())
    }

    /// Parses `device.toml`. The error names line and column, or the entry whose value is of no use,
    /// and for a key that is none the one that is most like it.
    pub fn from_toml(text: &str) -> Result<Profile, String> {
        let profile: Profile = toml::from_str(text).map_err(|e| meant(&e))?;
        profile.check()?;
        Ok(profile)
    }

    /// Whether every value can be meant: what would only show in the middle of a run, or never, is
    /// said at once.
    fn check(&self) -> Result<(), String> {
        if let Some(login) = &self.login {
            path("[login] path", &login.path)?;
            method("[login] method", &login.method)?;
            login.check()?;
        }
        if let Some(viewer) = &self.roles.viewer {
            viewer.check()?;
        }
        if self.keys.len() > crate::exchange::KEY_NAMES.len() {
            return Err(format!(
                "[keys]: {} keys, and {} at most can be told apart",
                self.keys.len(),
                crate::exchange::KEY_NAMES.len()
            ));
        }
        for (id, how) in &self.read_back {
            let entry = |name: &str| format!("[read-back.{id}] {name}");
            path(&entry("path"), &how.path)?;
            method(&entry("method"), &how.method)?;
            pointer(&entry("root"), &how.root)?;
            for member in how.unreadable.keys() {
                pointer(&entry("unreadable"), member)?;
            }
        }
        if let Some(life) = &self.life {
            path("[life] path", &life.path)?;
            for (name, member) in [
                ("uptime", &life.uptime),
                ("boot-id", &life.boot_id),
                ("model", &life.model),
                ("firmware", &life.firmware),
            ] {
                if let Some(member) = member {
                    pointer(&format!("[life] {name}"), member)?;
                }
            }
        }
        for (id, hint) in &self.resources {
            path("[resources]", id)?;
            pointer(&format!("[resources.{id:?}] root"), &hint.root)?;
            if let Some(member) = &hint.id {
                pointer(&format!("[resources.{id:?}] id"), member)?;
            }
        }
        if self.deny.len() > MOST_GLOBS {
            return Err(format!("deny: more than {MOST_GLOBS} patterns"));
        }
        for glob in &self.deny {
            let wrong = |e: globset::Error| format!("deny: {e}");
            let parsed = globset::Glob::new(glob).map_err(wrong)?;
            // One may be well-formed and still be too much to match by.
            let mut set = globset::GlobSetBuilder::new();
            set.add(parsed).build().map_err(wrong)?;
        }
        match self.limits.rate {
            Some(rate) if !(rate.is_finite() && rate > 0.0) => Err(format!(
                "[limits] rate: {rate} is no number of requests a second; leave it out for no limit"
            )),
            _ if self.limits.timeout_ms == 0 => {
                Err("[limits] timeout-ms: 0 lets no answer come; 5000 is five seconds".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// `; did you mean X?` for the name that is nearest, or the names there are where none is near.
pub fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.collect();
    let near = |n: &&str| strsim::jaro_winkler(&name.to_lowercase(), &n.to_lowercase());
    let best = names.iter().max_by(|a, b| near(a).total_cmp(&near(b)));
    match best {
        Some(best) if near(best) > 0.75 => format!("; did you mean {best}?"),
        _ => {
            let more = names.len().saturating_sub(SHOWN);
            let shown: Vec<&str> = names.into_iter().take(SHOWN).collect();
            let more = match more {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            format!("; it has {}{more}", shown.join(", "))
        }
    }
}

/// Names that an error shows.
const SHOWN: usize = 12;
