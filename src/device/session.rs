//! The credentials of a session, where they go into a request, and how they are kept out of text.
//! May import [`crate::exchange`] and [`crate::redact`].

use crate::exchange::{Alteration, Original, Secret};
use crate::redact::{Redactor, Sensitive};
use base64::Engine as _;
use md5::{Digest, Md5};
use std::borrow::Cow;
use std::fmt::Write as _;

/// What the user gave to prove who they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// User name.
    pub username: Option<String>,
    /// Password in clear.
    pub password: Option<Sensitive>,
    /// A token; with it there is no login.
    pub token: Option<Sensitive>,
}

/// Credentials and the token that stands for them.
#[derive(Default)]
pub(super) struct Session {
    pub(super) credentials: Credentials,
    token: Option<Sensitive>,
    md5: Option<Sensitive>,
    basic: Option<Sensitive>,
    /// Every secret of the session, also the tokens that it had.
    pub(super) redactor: Redactor,
}

/// Forms of credentials that requests carry, and that a text may show.
const SHOWN: [Secret; 11] = [
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
];

impl Session {
    pub(super) fn new(credentials: Credentials) -> Self {
        let md5 = credentials
            .password
            .as_ref()
            .map(|p| hex(&Md5::digest(p.expose().as_bytes())).into());
        let basic = credentials
            .username
            .as_ref()
            .zip(credentials.password.as_ref());
        let basic = basic.map(|(u, p)| {
            let pair = format!("{u}:{}", p.expose());
            base64::engine::general_purpose::STANDARD
                .encode(pair)
                .into()
        });
        let session = Session {
            token: credentials.token.clone(),
            credentials,
            md5,
            basic,
            redactor: Redactor::default(),
        };
        session.tell();
        session
    }

    /// Tells the redactor what is known now.
    fn tell(&self) {
        for secret in SHOWN {
            if let Some(value) = self.value(secret) {
                self.redactor
                    .add(&format!("${}", secret.env_name()), &value);
            }
        }
    }

    pub(super) fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Uses another token, or none, from now on.
    pub(super) fn set_token(&mut self, token: Option<Sensitive>) {
        self.token = token;
        self.tell();
    }

    /// The value of a credential, where it is known. An altered one is known where its original is
    /// and the alteration changes it.
    pub(super) fn value(&self, secret: Secret) -> Option<Cow<'_, str>> {
        let known = match secret {
            Secret::Token => exposed(&self.token),
            Secret::Username => self.credentials.username.as_deref(),
            Secret::Password => exposed(&self.credentials.password),
            Secret::PasswordMd5 => exposed(&self.md5),
            Secret::Basic => exposed(&self.basic),
            Secret::Altered(original, how) => {
                let value = self.value(original.secret())?;
                return how.apply(&value).map(Cow::Owned);
            }
        };
        known.map(Cow::Borrowed)
    }

    /// The text with the names of credentials replaced by their values, where those are known.
    pub(super) fn reveal(&self, text: &str) -> String {
        // The longer name first: one is the beginning of another.
        let named = [
            Secret::PasswordMd5,
            Secret::Password,
            Secret::Basic,
            Secret::Token,
        ];
        named
            .into_iter()
            .fold(text.to_owned(), |text, secret| match self.value(secret) {
                Some(value) => text.replace(&format!("${}", secret.env_name()), &value),
                None => text,
            })
    }

    /// Remembers a secret setting of the device.
    pub(super) fn add_setting(&mut self, value: &str) {
        self.redactor.add("***", value);
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
}

fn exposed(value: &Option<Sensitive>) -> Option<&str> {
    value.as_ref().map(Sensitive::expose)
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
