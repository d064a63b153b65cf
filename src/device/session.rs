//! The credentials of a session, where they go into a request, and how they are kept out of text.
//! May import [`crate::exchange`].

use crate::exchange::{Alteration, Original, Secret};
use base64::Engine as _;
use md5::{Digest, Md5};
use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// What the user gave to prove who they are.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// User name.
    pub username: Option<String>,
    /// Password in clear.
    pub password: Option<String>,
    /// A token; with it there is no login.
    pub token: Option<String>,
}

/// Tells what is known, not what it is.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = |v: &Option<String>| v.as_ref().map(|_| "***");
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .field("password", &known(&self.password))
            .field("token", &known(&self.token))
            .finish()
    }
}

/// Shorter values than this are not masked: they would blot out half of any text.
const MASK_FROM: usize = 3;

/// Credentials and the token that stands for them.
#[derive(Default)]
pub(super) struct Session {
    pub(super) credentials: Credentials,
    pub(super) token: Option<String>,
    md5: Option<String>,
    basic: Option<String>,
    /// Secret settings of the device that the guard read or was given.
    settings: Vec<String>,
}

impl Session {
    pub(super) fn new(credentials: Credentials) -> Self {
        let md5 = credentials
            .password
            .as_ref()
            .map(|p| hex(&Md5::digest(p.as_bytes())));
        let basic = credentials
            .username
            .as_ref()
            .zip(credentials.password.as_ref())
            .map(|(u, p)| base64::engine::general_purpose::STANDARD.encode(format!("{u}:{p}")));
        Session {
            token: credentials.token.clone(),
            credentials,
            md5,
            basic,
            settings: Vec::new(),
        }
    }

    /// The value of a credential, where it is known. An altered one is known where its original is
    /// and the alteration changes it.
    pub(super) fn value(&self, secret: Secret) -> Option<Cow<'_, str>> {
        let known = match secret {
            Secret::Token => self.token.as_deref(),
            Secret::Username => self.credentials.username.as_deref(),
            Secret::Password => self.credentials.password.as_deref(),
            Secret::PasswordMd5 => self.md5.as_deref(),
            Secret::Basic => self.basic.as_deref(),
            Secret::Altered(original, how) => {
                let value = self.value(original.secret())?;
                return how.apply(&value).map(Cow::Owned);
            }
        };
        known.map(Cow::Borrowed)
    }

    /// Remembers a secret setting for [`mask`](Self::mask).
    pub(super) fn add_setting(&mut self, value: &str) {
        if !self.settings.iter().any(|v| v == value) {
            self.settings.push(value.to_owned());
        }
    }

    /// Whether a credential stands in `text` that cannot be there by chance: one of twelve
    /// characters or more.
    pub(super) fn shows(&self, text: &str) -> bool {
        [
            Secret::Token,
            Secret::Basic,
            Secret::PasswordMd5,
            Secret::Password,
        ]
        .into_iter()
        .filter_map(|secret| self.value(secret))
        .any(|value| value.len() >= 12 && text.contains(value.as_ref()))
    }

    /// Replaces every known secret in `text`, also where it stands percent-encoded or JSON-escaped.
    pub(super) fn mask(&self, text: &str) -> String {
        let mut known: Vec<(String, String)> = Vec::new();
        for secret in [
            Secret::Token,
            Secret::Basic,
            Secret::PasswordMd5,
            Secret::Password,
            Secret::Altered(Original::Token, Alteration::Shortened),
            Secret::Altered(Original::Token, Alteration::Beheaded),
            Secret::Altered(Original::Token, Alteration::TailChanged),
            Secret::Altered(Original::Token, Alteration::MiddleChanged),
            Secret::Altered(Original::Token, Alteration::Capitals),
            Secret::Altered(Original::PasswordMd5, Alteration::Shortened),
            Secret::Altered(Original::Password, Alteration::Shortened),
        ] {
            if let Some(value) = self.value(secret) {
                let name = format!("${}", secret.env_name());
                if secret == Secret::PasswordMd5 {
                    known.push((value.to_ascii_uppercase(), name.clone()));
                }
                known.extend(spellings(&value).map(|v| (v, name.clone())));
            }
        }
        for value in &self.settings {
            known.extend(spellings(value).map(|v| (v, "***".to_owned())));
        }
        known.retain(|(value, _)| value.chars().count() >= MASK_FROM);
        // The longest first: one secret may be a part of another.
        known.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        let mut out = text.to_owned();
        for (value, name) in &known {
            if out.contains(value.as_str()) {
                out = out.replace(value.as_str(), name);
            }
        }
        out
    }
}

/// How a value may stand in a request or an answer: as it is, in a query, in JSON.
fn spellings(value: &str) -> impl Iterator<Item = String> {
    let json = serde_json::Value::from(value).to_string();
    let inner = json
        .strip_prefix('"')
        .and_then(|j| j.strip_suffix('"'))
        .unwrap_or(&json)
        .to_owned();
    [value.to_owned(), query_value(value), inner].into_iter()
}

/// Percent-encodes everything but the unreserved characters of RFC 3986 §2.3.
pub(super) fn query_value(value: &str) -> String {
    crate::profile::encode_query(value)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}
