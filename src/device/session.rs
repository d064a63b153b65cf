//! The credentials of a session, where they go into a request, and how they are kept out of text.

use super::digest::{self, Challenge, Offers};
use crate::exchange::{Alteration, DigestForm, Holder, Original, Part, Secret, Template};
use crate::redact::{Redactor, Sensitive};
use base64::Engine as _;
use md5::{Digest, Md5};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
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
    /// The profile's keys, in the order of their names.
    pub keys: Vec<Sensitive>,
    /// The secret of an OAuth 2 client, where it is not the password.
    pub client_secret: Option<Sensitive>,
    /// The second user, who may less.
    pub viewer: Option<Viewer>,
}

/// What a second user proves with who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// User name and password.
    User(String, Sensitive),
    /// A ready token.
    Token(Sensitive),
}

/// What a login brought.
#[derive(Clone, Debug, Default)]
pub(super) struct Opened {
    /// A token, or the value of the cookie that the session is known by.
    pub(super) token: Option<String>,
    /// As a `Cookie` field has them.
    pub(super) cookies: Option<String>,
    pub(super) csrf: Option<String>,
    /// What gets a new token without a password (RFC 6749 §6).
    pub(super) refresh: Option<String>,
    /// When the token ends.
    pub(super) expires: Option<tokio::time::Instant>,
}

/// Credentials and the token that stands for them.
#[derive(Default)]
pub(super) struct Session {
    pub(super) credentials: Credentials,
    token: Option<Sensitive>,
    md5: Option<Sensitive>,
    basic: Option<Sensitive>,
    cookies: Option<Sensitive>,
    csrf: Option<Sensitive>,
    pub(super) refresh: Option<Sensitive>,
    /// When the token ends.
    pub(super) expires: Option<tokio::time::Instant>,
    /// What the device's challenge offers; `None`: it was not asked.
    offers: Option<Offers>,
    /// Requests that answered the challenge's nonce.
    count: Cell<u32>,
    /// Whether an answer to a challenge was ever taken.
    digest_works: bool,
    /// Every secret of the session, also the tokens that it had.
    pub(super) redactor: Redactor,
    /// Whose it is, where it is not that of the run.
    holder: Option<Holder>,
    /// The sessions of others, which requests name as [`Secret::Of`]; those that are ready.
    others: BTreeMap<Holder, Session>,
}

/// Forms of credentials that requests carry, and that a text may show.
const SHOWN: [Secret; 25] = [
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
    Secret::Altered(Original::Basic, Alteration::Shortened),
    Secret::Altered(Original::Basic, Alteration::TailChanged),
    Secret::Altered(Original::Basic, Alteration::Capitals),
    Secret::Altered(Original::Basic, Alteration::Emptied),
    Secret::Cookies,
    Secret::Csrf,
    Secret::Key(0),
    Secret::Key(1),
    Secret::Key(2),
    Secret::Key(3),
    Secret::Key(4),
    Secret::Key(5),
    Secret::Key(6),
    Secret::Key(7),
];

impl Session {
    pub(super) fn new(credentials: Credentials) -> Self {
        Session::known_as(credentials, None, Redactor::default())
    }

    fn known_as(credentials: Credentials, holder: Option<Holder>, redactor: Redactor) -> Self {
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
            holder,
            redactor,
            ..Session::default()
        };
        session.tell();
        session
    }

    /// Tells the redactor what is known now.
    fn tell(&self) {
        for secret in SHOWN {
            if let Some(value) = self.value(secret) {
                let named = match self.holder {
                    Some(holder) => secret.of(holder).map(Secret::env_name),
                    None => Some(secret.env_name()),
                };
                let name = named.map_or_else(|| "***".to_owned(), |name| format!("${name}"));
                self.redactor.add(&name, &value);
            }
        }
        let unnamed = [&self.refresh, &self.credentials.client_secret];
        for value in unnamed.into_iter().flatten() {
            self.redactor.add("***", value.expose());
        }
        // A cookie by itself, as `Set-Cookie` shows it.
        for pair in exposed(&self.cookies).iter().flat_map(|c| c.split("; ")) {
            if let Some((_, value)) = pair.split_once('=').filter(|(_, v)| v.len() >= 8) {
                self.redactor.add("***", value);
            }
        }
    }

    /// A session of somebody else, whose secrets are masked with those of this one. User name and
    /// password are those of the run but for the second user.
    pub(super) fn of_another(&self, holder: Holder) -> Session {
        let run = || Credentials {
            username: self.credentials.username.clone(),
            password: self.credentials.password.clone(),
            ..Credentials::default()
        };
        let credentials = match (holder, &self.credentials.viewer) {
            (Holder::Viewer, Some(Viewer::User(name, password))) => Credentials {
                username: Some(name.clone()),
                password: Some(password.clone()),
                // The client is the same, whoever uses it.
                client_secret: self.credentials.client_secret.clone(),
                ..Credentials::default()
            },
            (Holder::Viewer, Some(Viewer::Token(token))) => Credentials {
                token: Some(token.clone()),
                ..Credentials::default()
            },
            (Holder::Viewer, None) => Credentials::default(),
            (Holder::LoggedOut | Holder::BeforeLogin, _) => run(),
        };
        Session::known_as(credentials, Some(holder), self.redactor.clone())
    }

    /// From now on requests can show what this holder has; `None`: they have nothing.
    pub(super) fn lend(&mut self, holder: Holder, session: Option<Session>) {
        match session {
            Some(session) => self.others.insert(holder, session),
            None => self.others.remove(&holder),
        };
    }

    /// The session of somebody else, where it is ready.
    pub(super) fn other(&mut self, holder: Holder) -> Option<&mut Session> {
        self.others.get_mut(&holder)
    }

    /// Whether there is a token, or cookies of a session.
    pub(super) fn is_open(&self) -> bool {
        self.token.is_some() || self.cookies.is_some()
    }

    /// Keeps what a login brought.
    pub(super) fn open(&mut self, opened: Opened) {
        self.token = opened.token.map(Into::into);
        self.cookies = opened.cookies.map(Into::into);
        self.csrf = opened.csrf.map(Into::into);
        self.refresh = opened.refresh.map(Into::into);
        self.expires = opened.expires;
        self.tell();
    }

    /// Uses another token, or none, from now on.
    pub(super) fn set_token(&mut self, token: Option<Sensitive>) {
        self.token = token;
        self.tell();
    }

    /// Forgets what a login brought, and a token that the user gave.
    pub(super) fn forget(&mut self) {
        self.token = None;
        self.cookies = None;
        self.csrf = None;
        self.expires = None;
    }

    /// Whether the device's challenge is known, or that it has none.
    pub(super) fn asked(&self) -> bool {
        self.offers.is_some()
    }

    /// Takes note of what the device offers.
    pub(super) fn offered(&mut self, offers: Offers) {
        self.offers = Some(offers);
        self.count.set(0);
    }

    /// Why the device's Digest challenge cannot be answered, where it cannot.
    pub(super) fn unspoken(&self) -> Option<&str> {
        self.offers.as_ref()?.unspoken.as_deref()
    }

    /// Whether the device asks for credentials without a word of which.
    pub(super) fn is_asked_silently(&self) -> bool {
        self.offers.as_ref().is_some_and(|o| o.silent)
    }

    /// Whether [`Secret::Offered`] stands for something.
    pub(super) fn has_offer(&self) -> bool {
        self.challenge().is_some()
            || self.basic.is_some() && self.offers.as_ref().is_some_and(Offers::takes_basic)
    }

    fn challenge(&self) -> Option<&Challenge> {
        self.offers.as_ref()?.digest.as_ref()
    }

    /// Learns from an answer to a request with the right Digest credentials. Whether the request
    /// should go once more: its nonce was old. A device that does not say so (`stale`) is believed
    /// to mean it only where the credentials were good before; else it means the credentials.
    pub(super) fn digest_answered(&mut self, status: u16, headers: &[(String, Vec<u8>)]) -> bool {
        if status != 401 {
            self.digest_works |= status < 400 && self.count.get() > 0;
            let next = Challenge::next_nonce(headers);
            if let (Some(next), Some(offers)) = (next, &mut self.offers)
                && let Some(challenge) = &mut offers.digest
                && challenge.nonce != next
            {
                challenge.nonce = next;
                self.count.set(0);
            }
            return false;
        }
        let offers = Offers::of(headers);
        let Some(new) = &offers.digest else {
            return false;
        };
        let renewed = self.challenge().is_none_or(|old| old.nonce != new.nonce);
        let first = self.challenge().is_none();
        let again = renewed && (first || new.stale || self.digest_works);
        if renewed {
            self.offered(offers);
        }
        again
    }

    /// The value of a credential for the request that it stands in: method, and target as in the
    /// request line.
    pub(super) fn placed(&self, secret: Secret, method: &str, uri: &str) -> Option<Cow<'_, str>> {
        match secret {
            Secret::Of(holder, held) => {
                self.others.get(&holder)?.placed(held.secret(), method, uri)
            }
            Secret::Digest(form) => self.digest(form, method, uri).map(Cow::Owned),
            Secret::Offered => match self.offers.as_ref()? {
                Offers {
                    digest: Some(_), ..
                } => self.digest(DigestForm::Right, method, uri).map(Cow::Owned),
                offers if offers.takes_basic() => {
                    let basic = exposed(&self.basic)?;
                    Some(Cow::Owned(format!("Basic {basic}")))
                }
                Offers { .. } => None,
            },
            other => self.value(other),
        }
    }

    fn digest(&self, form: DigestForm, method: &str, uri: &str) -> Option<String> {
        let challenge = self.challenge()?;
        let count = match form {
            DigestForm::ReplayedCount if self.count.get() == 0 => return None,
            DigestForm::ReplayedCount => self.count.get(),
            // What is refused is not counted by the device either.
            _ => self.count.get() + 1,
        };
        if form == DigestForm::Right {
            self.count.set(count);
        }
        let ask = digest::Ask {
            user: self.credentials.username.as_deref()?,
            password: exposed(&self.credentials.password)?,
            method,
            uri,
            count,
            client_nonce: &challenge.client_nonce(),
        };
        Some(digest::answer(challenge, &ask, form))
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
            Secret::Cookies => exposed(&self.cookies),
            Secret::Csrf => exposed(&self.csrf),
            Secret::Key(at) => {
                let keys = &self.credentials.keys;
                keys.get(usize::from(at)).map(Sensitive::expose)
            }
            // Of a request, see `placed`.
            Secret::Digest(_) | Secret::Offered => None,
            Secret::Of(holder, held) => {
                return self.others.get(&holder)?.value(held.secret());
            }
            Secret::Altered(Original::Basic, how) => {
                let user = self.credentials.username.as_deref()?;
                let password = how.apply(exposed(&self.credentials.password)?)?;
                let pair = format!("{user}:{password}");
                return Some(Cow::Owned(
                    base64::engine::general_purpose::STANDARD.encode(pair),
                ));
            }
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
            || self.others.values().any(|other| other.shows(text))
    }
}

/// Whether a field goes because nothing is known to stand in it: the device has given no challenge
/// so far. If the request draws one, it is sent again with the answer.
pub(super) fn stands_for_nothing(session: &Session, value: &Template) -> bool {
    match value.0.as_slice() {
        [Part::Secret(Secret::Offered)] => !session.has_offer(),
        [Part::Secret(Secret::Digest(DigestForm::Right))] => session.challenge().is_none(),
        [Part::Secret(Secret::Of(holder, held))] => {
            let own = Template::default().secret(held.secret());
            let other = session.others.get(holder);
            other.is_some_and(|other| stands_for_nothing(other, &own))
        }
        _ => false,
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
