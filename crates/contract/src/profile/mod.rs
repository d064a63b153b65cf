//! How one kind of device is driven: where to log in, where a write can be read back, what tells
//! that it is alive. Plain data, read from `device.toml`; case, device and mock share it, so it
//! may import nothing of theirs.

mod check;
mod login;

pub use check::nearest;
pub use login::{Csrf, Login, Logout, encode_query};

use crate::exchange::{Answer, Secret, is_safe};
use crate::model::{Effect, Operation};
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
        is_safe(&op.method)
            || self
                .may
                .iter()
                .any(|name| op.id == *name || op.is_named(name))
    }
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

impl Profile {
    /// The entry of a table that names an operation, by `operationId` or as `METHOD /path`.
    pub fn named<'t, T>(&self, table: &'t BTreeMap<String, T>, op: &Operation) -> Option<&'t T> {
        let by_id = table.get(&op.id);
        by_id.or_else(|| table.iter().find(|(n, _)| op.is_named(n)).map(|(_, t)| t))
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
}

fn get() -> String {
    "GET".to_owned()
}
