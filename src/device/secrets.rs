//! What a device is told of who asks, and how it is kept out of every text.

use super::{Device, lock};
use crate::exchange::{DigestForm, Exchange, Held, Holder, Secret, Template};
use crate::redact::{Redactor, Sensitive};

impl Device {
    /// Whether a request with these credentials should go once more, because its Digest challenge was
    /// too old.
    pub(super) fn digest_renewed(&self, secrets: &[Secret], exchange: &Exchange) -> bool {
        let Some(answer) = exchange.answer() else {
            return false;
        };
        let mut session = lock(&self.session);
        secrets.iter().any(|secret| match secret {
            Secret::Digest(DigestForm::Right) | Secret::Offered => {
                session.digest_answered(answer.status, &answer.headers)
            }
            Secret::Of(holder, Held::Digest | Held::Offered) => session
                .other(*holder)
                .is_some_and(|other| other.digest_answered(answer.status, &answer.headers)),
            _ => false,
        })
    }

    /// Brings what a request needs: the device's challenge, a token that has not ended.
    pub(super) async fn prepare(&self, secrets: &[Secret]) {
        let challenged = |s: &Secret| matches!(s, Secret::Digest(_) | Secret::Offered);
        if secrets.iter().any(challenged) && !lock(&self.session).asked() {
            self.draw_challenge().await;
        }
        if secrets.contains(&Secret::Token) {
            self.refresh_token().await;
        }
        let other = secrets.iter().find_map(|secret| match secret {
            Secret::Of(holder, _) => Some(*holder),
            _ => None,
        });
        if let Some(holder) = other {
            self.bring(holder).await;
        }
    }

    /// The headers and the query (without `?`) that carry the session's credentials in requests of
    /// our own (read-back, life probe), as the contract's security scheme wants them. Without this
    /// it is `Authorization: Bearer` with the token, or `Basic` where there is no token.
    pub fn set_auth(&self, headers: Vec<(String, Template)>, query: Template) {
        *lock(&self.auth) = (headers, query);
    }

    /// See [`set_auth`](Self::set_auth); leaves out what is not known.
    pub(super) fn auth(&self) -> (Vec<(String, Template)>, Template) {
        let (headers, query) = lock(&self.auth).clone();
        let session = lock(&self.session);
        let known = |t: &Template| {
            let offered = |s: Secret| matches!(s, Secret::Digest(_) | Secret::Offered);
            t.try_render(|s| {
                let value = session.value(s).map(|v| v.into_owned());
                value.or_else(|| offered(s).then(String::new))
            })
            .is_ok()
        };
        if !headers.is_empty() || !query.0.is_empty() {
            let headers = headers.into_iter().filter(|(_, t)| known(t)).collect();
            return (
                headers,
                if known(&query) {
                    query
                } else {
                    Template::default()
                },
            );
        }
        let headers = [
            Template::from("Bearer ").secret(Secret::Token),
            Template::from("Basic ").secret(Secret::Basic),
        ]
        .into_iter()
        .find(known)
        .map(|t| ("Authorization".to_owned(), t))
        .into_iter()
        .collect();
        (headers, Template::default())
    }

    /// Whether there is a session: a token, from a login or from the user, or cookies.
    pub fn has_token(&self) -> bool {
        lock(&self.session).is_open()
    }

    /// Forgets the session, also a token that the user gave.
    pub fn forget_token(&self) {
        lock(&self.session).forget();
    }

    /// Uses this token from now on.
    pub fn set_token(&self, token: impl Into<Sensitive>) {
        lock(&self.session).set_token(Some(token.into()));
    }

    /// Whether the value of a credential is known.
    pub fn knows(&self, secret: Secret) -> bool {
        lock(&self.session).value(secret).is_some()
    }

    /// Whether a credential of the session stands in `text`; short ones, which may stand there by
    /// chance, are not looked for.
    pub fn shows_secret(&self, text: &str) -> bool {
        lock(&self.session).shows(text)
    }

    /// Masks every secret of the job in any text: credentials by their environment variable
    /// (`$PROBITY_TOKEN`), secret settings that the guard saw by `***`.
    pub fn mask(&self, text: &str) -> String {
        self.redactor().text(text).into_owned()
    }

    /// From now on a text is masked as a secret setting is: a password that was given to something.
    pub fn hide(&self, text: &str) {
        lock(&self.session).add_setting(text);
    }

    /// Puts credentials back where [`mask`](Self::mask) left their names: in settings that a journal
    /// kept. What it does not know stays a name.
    pub fn reveal(&self, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) if text.contains("$PROBITY_") => {
                *text = lock(&self.session).reveal(text);
            }
            serde_json::Value::Array(items) => items.iter_mut().for_each(|v| self.reveal(v)),
            serde_json::Value::Object(map) => map.values_mut().for_each(|v| self.reveal(v)),
            _ => {}
        }
    }

    /// What knows all secrets of the job, those to come too.
    pub fn redactor(&self) -> Redactor {
        lock(&self.session).redactor.clone()
    }
}

/// What to say where a credential is missing.
pub(super) fn unknown(secret: Secret) -> String {
    match secret {
        Secret::Token => "there is no token: log in first, or give one with --token-env".to_owned(),
        Secret::Username => "there is no user name: give one with --username".to_owned(),
        Secret::Password | Secret::PasswordMd5 => {
            "there is no password: give one with --password-env".to_owned()
        }
        Secret::Cookies => "there are no cookies of a session: log in first".to_owned(),
        Secret::Csrf => "there is no token against request forgery: log in first".to_owned(),
        Secret::Key(at) => format!("the key {} of the profile is not known", at + 1),
        Secret::Digest(DigestForm::Right) => {
            "the device gave no Digest challenge that can be answered, or user name and password \
             are not both known: give them with --username and --password-env"
                .to_owned()
        }
        Secret::Digest(form) => format!(
            "there is no {form:?} answer to a Digest challenge: none was given, or none answered before"
        ),
        Secret::Offered => "the device asks for no credentials".to_owned(),
        Secret::Altered(original, how) => format!(
            "there is no {how:?} form of {}: it is not known, or too short, or the same",
            original.secret().env_name()
        ),
        Secret::Of(Holder::Viewer, _) => {
            "the user of [roles.viewer] is not let in: no read that asks for credentials is answered"
                .to_owned()
        }
        Secret::Of(Holder::LoggedOut, _) => {
            "no session was logged out: its login, a read with it or [login.logout] did not work"
                .to_owned()
        }
        Secret::Of(Holder::BeforeLogin, _) => {
            "nothing is known that the device gives before a login and that is not let in with"
                .to_owned()
        }
        Secret::Basic => {
            "user name and password are not both known: give them with --username and \
             --password-env"
                .to_owned()
        }
    }
}
