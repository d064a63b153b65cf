//! Credentials by name, and texts with their places in them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A credential that is known only to the device layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Secret {
    /// The session token that the login answered (or the one the user gave).
    Token,
    /// The user name.
    Username,
    /// The password in clear.
    Password,
    /// Lower-case hexadecimal MD5 of the password.
    PasswordMd5,
    /// `base64(username:password)`, RFC 7617.
    Basic,
    /// The cookies of the session, as a `Cookie` field wants them (RFC 6265 §4.2).
    Cookies,
    /// The token against cross-site request forgery that goes with the session.
    Csrf,
    /// The key at this place (from 0) of the profile's `keys`, in the order of their names.
    Key(u8),
    /// The whole value of `Authorization` for the request that it stands in, answering the
    /// device's Digest challenge (RFC 7616 §3.4).
    Digest(DigestForm),
    /// The whole value of `Authorization` under the scheme that the device's challenge names,
    /// Digest before Basic. A field that consists of it is left out where the device names none.
    Offered,
    /// A credential made wrong. Where the alteration would leave it as it is, there is none to
    /// send.
    Altered(Original, Alteration),
    /// A credential that is not the session's own.
    Of(Holder, Held),
}

/// Whose credentials a request shows, other than those of the session.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Holder {
    /// The second user, who may less (`[roles.viewer]` of the profile).
    Viewer,
    /// A session that was opened and has been logged out.
    LoggedOut,
    /// What the device gave before a login that succeeded: an id of a session that has to be another
    /// one afterwards.
    BeforeLogin,
}

/// A credential that somebody else can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Held {
    /// [`Secret::Token`]
    Token,
    /// [`Secret::Basic`]
    Basic,
    /// [`Secret::Cookies`]
    Cookies,
    /// [`Secret::Csrf`]
    Csrf,
    /// [`Secret::Digest`], as it is right.
    Digest,
    /// [`Secret::Offered`]
    Offered,
}

impl Held {
    /// The same credential of the session itself.
    pub fn secret(self) -> Secret {
        match self {
            Held::Token => Secret::Token,
            Held::Basic => Secret::Basic,
            Held::Cookies => Secret::Cookies,
            Held::Csrf => Secret::Csrf,
            Held::Digest => Secret::Digest(DigestForm::Right),
            Held::Offered => Secret::Offered,
        }
    }
}

/// An answer to a Digest challenge, right or wrong in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DigestForm {
    /// As RFC 7616 §3.4.1 computes it.
    Right,
    /// The last characters of `response` changed.
    WrongResponse,
    /// `response` is empty.
    EmptyResponse,
    /// Computed with another password.
    WrongPassword,
    /// Computed for another user.
    UnknownUser,
    /// Computed for another request target, which `uri` names.
    OtherUri,
    /// Computed for another method.
    OtherMethod,
    /// Computed for another realm, which `realm` names.
    WrongRealm,
    /// Computed with a nonce that the device has never given.
    UnknownNonce,
    /// Nonce count and client nonce of the answer before, computed for this request.
    ReplayedCount,
}

impl DigestForm {
    /// Every form, the right one first.
    pub const ALL: [DigestForm; 10] = [
        DigestForm::Right,
        DigestForm::WrongResponse,
        DigestForm::EmptyResponse,
        DigestForm::WrongPassword,
        DigestForm::UnknownUser,
        DigestForm::OtherUri,
        DigestForm::OtherMethod,
        DigestForm::WrongRealm,
        DigestForm::UnknownNonce,
        DigestForm::ReplayedCount,
    ];
}

/// A credential that can be made wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Original {
    /// [`Secret::Token`]
    Token,
    /// [`Secret::PasswordMd5`]
    PasswordMd5,
    /// [`Secret::Password`]
    Password,
    /// The password in [`Secret::Basic`], beside the right user name.
    Basic,
}

impl Original {
    /// The credential as it is.
    pub fn secret(self) -> Secret {
        match self {
            Original::Token => Secret::Token,
            Original::PasswordMd5 => Secret::PasswordMd5,
            Original::Password => Secret::Password,
            Original::Basic => Secret::Basic,
        }
    }
}

/// How a credential is made wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Alteration {
    /// Without its last character.
    Shortened,
    /// Without its first character.
    Beheaded,
    /// The first half of its characters.
    Halved,
    /// Its first character alone.
    FirstOnly,
    /// The last four characters replaced by others. (Of base64 one is not enough: its last
    /// character may carry bits that no decoder looks at.)
    TailChanged,
    /// The character in the middle replaced by another.
    MiddleChanged,
    /// ASCII letters in capitals.
    Capitals,
    /// Nothing is left of it.
    Emptied,
}

impl Alteration {
    /// Whether a shell can make it by expanding the variable of the original.
    pub fn expansion(self) -> bool {
        !matches!(
            self,
            Alteration::TailChanged | Alteration::MiddleChanged | Alteration::Emptied
        )
    }

    /// The altered credential; `None` where it would be empty or the same as `original`.
    pub fn apply(self, original: &str) -> Option<String> {
        let other = |c: char| if c == 'a' { 'b' } else { 'a' };
        let length = original.chars().count();
        let changed: String = match self {
            Alteration::Shortened => original.chars().take(length.saturating_sub(1)).collect(),
            Alteration::Beheaded => original.chars().skip(1).collect(),
            Alteration::Halved => original.chars().take(length / 2).collect(),
            Alteration::FirstOnly => original.chars().take(1).collect(),
            Alteration::TailChanged => {
                let kept = length.saturating_sub(4);
                let swap = |(i, c): (usize, char)| if i < kept { c } else { other(c) };
                original.chars().enumerate().map(swap).collect()
            }
            Alteration::MiddleChanged => {
                let swap = |(i, c): (usize, char)| if i == length / 2 { other(c) } else { c };
                original.chars().enumerate().map(swap).collect()
            }
            Alteration::Capitals => original.to_ascii_uppercase(),
            Alteration::Emptied => return (!original.is_empty()).then(String::new),
        };
        (!changed.is_empty() && changed != original).then_some(changed)
    }
}

/// Variables of [`Secret::Key`]; a profile names no more keys than these.
pub const KEY_NAMES: [&str; 8] = [
    "PROBITY_KEY_1",
    "PROBITY_KEY_2",
    "PROBITY_KEY_3",
    "PROBITY_KEY_4",
    "PROBITY_KEY_5",
    "PROBITY_KEY_6",
    "PROBITY_KEY_7",
    "PROBITY_KEY_8",
];

impl Secret {
    /// The same credential of somebody else; `None` where they have none of the kind.
    pub fn of(self, holder: Holder) -> Option<Secret> {
        let held = match self {
            Secret::Token => Held::Token,
            Secret::Basic => Held::Basic,
            Secret::Cookies => Held::Cookies,
            Secret::Csrf => Held::Csrf,
            Secret::Digest(DigestForm::Right) => Held::Digest,
            Secret::Offered => Held::Offered,
            Secret::Username
            | Secret::Password
            | Secret::PasswordMd5
            | Secret::Key(_)
            | Secret::Digest(_)
            | Secret::Altered(..)
            | Secret::Of(..) => return None,
        };
        let has = match holder {
            Holder::Viewer => true,
            Holder::LoggedOut => matches!(held, Held::Token | Held::Cookies | Held::Csrf),
            Holder::BeforeLogin => matches!(held, Held::Cookies | Held::Csrf),
        };
        has.then_some(Secret::Of(holder, held))
    }

    /// The environment variable under which reproducers expect the value, as it follows `$` in a
    /// shell: an alteration that a shell can make is written as an expansion of the variable of
    /// its original, `{PROBITY_TOKEN%?}`; others are variables of their own.
    pub fn env_name(self) -> &'static str {
        match self {
            Secret::Token => "PROBITY_TOKEN",
            Secret::Username => "PROBITY_USERNAME",
            Secret::Password => "PROBITY_PASSWORD",
            Secret::PasswordMd5 => "PROBITY_PASSWORD_MD5",
            Secret::Basic => "PROBITY_BASIC",
            Secret::Cookies => "PROBITY_COOKIES",
            Secret::Csrf => "PROBITY_CSRF",
            Secret::Key(at) => KEY_NAMES
                .get(usize::from(at))
                .copied()
                .unwrap_or(KEY_NAMES[7]),
            Secret::Offered => "PROBITY_AUTHORIZATION",
            Secret::Digest(form) => match form {
                DigestForm::Right => "PROBITY_DIGEST",
                DigestForm::WrongResponse => "PROBITY_DIGEST_WRONG_RESPONSE",
                DigestForm::EmptyResponse => "PROBITY_DIGEST_EMPTY_RESPONSE",
                DigestForm::WrongPassword => "PROBITY_DIGEST_WRONG_PASSWORD",
                DigestForm::UnknownUser => "PROBITY_DIGEST_UNKNOWN_USER",
                DigestForm::OtherUri => "PROBITY_DIGEST_OTHER_URI",
                DigestForm::OtherMethod => "PROBITY_DIGEST_OTHER_METHOD",
                DigestForm::WrongRealm => "PROBITY_DIGEST_WRONG_REALM",
                DigestForm::UnknownNonce => "PROBITY_DIGEST_UNKNOWN_NONCE",
                DigestForm::ReplayedCount => "PROBITY_DIGEST_REPLAYED_COUNT",
            },
            Secret::Altered(Original::Token, how) => match how {
                Alteration::Shortened => "{PROBITY_TOKEN%?}",
                Alteration::Beheaded => "{PROBITY_TOKEN#?}",
                Alteration::Halved => "{PROBITY_TOKEN:0:${#PROBITY_TOKEN}/2}",
                Alteration::FirstOnly => "{PROBITY_TOKEN:0:1}",
                Alteration::TailChanged => "PROBITY_TOKEN_TAIL_CHANGED",
                Alteration::MiddleChanged => "PROBITY_TOKEN_MIDDLE_CHANGED",
                Alteration::Capitals => "{PROBITY_TOKEN^^}",
                Alteration::Emptied => "PROBITY_TOKEN_EMPTIED",
            },
            Secret::Altered(Original::PasswordMd5, how) => match how {
                Alteration::Shortened => "{PROBITY_PASSWORD_MD5%?}",
                Alteration::Beheaded => "{PROBITY_PASSWORD_MD5#?}",
                Alteration::Halved => "{PROBITY_PASSWORD_MD5:0:${#PROBITY_PASSWORD_MD5}/2}",
                Alteration::FirstOnly => "{PROBITY_PASSWORD_MD5:0:1}",
                Alteration::TailChanged => "PROBITY_PASSWORD_MD5_TAIL_CHANGED",
                Alteration::MiddleChanged => "PROBITY_PASSWORD_MD5_MIDDLE_CHANGED",
                Alteration::Capitals => "{PROBITY_PASSWORD_MD5^^}",
                Alteration::Emptied => "PROBITY_PASSWORD_MD5_EMPTIED",
            },
            Secret::Altered(Original::Password, how) => match how {
                Alteration::Shortened => "{PROBITY_PASSWORD%?}",
                Alteration::Beheaded => "{PROBITY_PASSWORD#?}",
                Alteration::Halved => "{PROBITY_PASSWORD:0:${#PROBITY_PASSWORD}/2}",
                Alteration::FirstOnly => "{PROBITY_PASSWORD:0:1}",
                Alteration::TailChanged => "PROBITY_PASSWORD_TAIL_CHANGED",
                Alteration::MiddleChanged => "PROBITY_PASSWORD_MIDDLE_CHANGED",
                Alteration::Capitals => "{PROBITY_PASSWORD^^}",
                Alteration::Emptied => "PROBITY_PASSWORD_EMPTIED",
            },
            Secret::Altered(Original::Basic, how) => match how {
                Alteration::Shortened => "PROBITY_BASIC_SHORTENED",
                Alteration::Beheaded => "PROBITY_BASIC_BEHEADED",
                Alteration::Halved => "PROBITY_BASIC_HALVED",
                Alteration::FirstOnly => "PROBITY_BASIC_FIRST_ONLY",
                Alteration::TailChanged => "PROBITY_BASIC_TAIL_CHANGED",
                Alteration::MiddleChanged => "PROBITY_BASIC_MIDDLE_CHANGED",
                Alteration::Capitals => "PROBITY_BASIC_CAPITALS",
                Alteration::Emptied => "PROBITY_BASIC_EMPTIED",
            },
            Secret::Of(holder, held) => held_by(holder, held),
        }
    }
}

fn held_by(holder: Holder, held: Held) -> &'static str {
    match (holder, held) {
        (Holder::Viewer, Held::Token) => "PROBITY_VIEWER_TOKEN",
        (Holder::Viewer, Held::Basic) => "PROBITY_VIEWER_BASIC",
        (Holder::Viewer, Held::Cookies) => "PROBITY_VIEWER_COOKIES",
        (Holder::Viewer, Held::Csrf) => "PROBITY_VIEWER_CSRF",
        (Holder::Viewer, Held::Digest) => "PROBITY_VIEWER_DIGEST",
        (Holder::Viewer, Held::Offered) => "PROBITY_VIEWER_AUTHORIZATION",
        (Holder::LoggedOut, Held::Cookies) => "PROBITY_LOGGED_OUT_COOKIES",
        (Holder::LoggedOut, Held::Csrf) => "PROBITY_LOGGED_OUT_CSRF",
        (Holder::LoggedOut, _) => "PROBITY_LOGGED_OUT_TOKEN",
        (Holder::BeforeLogin, Held::Csrf) => "PROBITY_BEFORE_LOGIN_CSRF",
        (Holder::BeforeLogin, _) => "PROBITY_BEFORE_LOGIN_COOKIES",
    }
}

/// One part of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Literal text.
    Text(String),
    /// A credential, put in by the device layer.
    Secret(Secret),
}

/// Text with named credentials in it: a request target or a header value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Template(pub Vec<Part>);

impl Template {
    /// Appends literal text.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.0.push(Part::Text(text.into()));
        self
    }

    /// Appends a credential.
    pub fn secret(mut self, secret: Secret) -> Self {
        self.0.push(Part::Secret(secret));
        self
    }

    /// The text with every credential replaced by what `value` gives for it.
    pub fn render(&self, value: impl Fn(Secret) -> String) -> String {
        self.0
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Secret(secret) => value(*secret),
            })
            .collect()
    }

    /// The text with every credential replaced, or the first credential that `value` does not
    /// know.
    pub fn try_render(&self, value: impl Fn(Secret) -> Option<String>) -> Result<String, Secret> {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Secret(secret) => out.push_str(&value(*secret).ok_or(*secret)?),
            }
        }
        Ok(out)
    }

    /// The text with the credentials of somebody else in place of the session's; `None` where they
    /// have not all of them.
    pub fn of(&self, holder: Holder) -> Option<Template> {
        let part = |part: &Part| match part {
            Part::Text(_) => Some(part.clone()),
            Part::Secret(secret) => secret.of(holder).map(Part::Secret),
        };
        self.0.iter().map(part).collect::<Option<_>>().map(Template)
    }

    /// Whether a credential occurs in it.
    pub fn has_secret(&self) -> bool {
        self.0.iter().any(|p| matches!(p, Part::Secret(_)))
    }
}

impl From<&str> for Template {
    fn from(text: &str) -> Self {
        Template::default().text(text)
    }
}

impl From<String> for Template {
    fn from(text: String) -> Self {
        Template::default().text(text)
    }
}

/// Shows credentials as `$NAME`, never as values.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(|s| format!("${}", s.env_name())))
    }
}

#[cfg(test)]
mod tests {
    use super::Alteration;

    #[test]
    fn an_alteration_changes_or_is_none() {
        use Alteration::*;
        let table = [
            (Shortened, "abcdef", Some("abcde")),
            (Beheaded, "abcdef", Some("bcdef")),
            (Halved, "abcdef", Some("abc")),
            (FirstOnly, "abcdef", Some("a")),
            (TailChanged, "abcaef", Some("ababaa")),
            (TailChanged, "a", Some("b")),
            (MiddleChanged, "abcaef", Some("abcbef")),
            (Capitals, "ab12", Some("AB12")),
            (Capitals, "0123", None),
            (Shortened, "a", None),
            (Halved, "a", None),
            (FirstOnly, "a", None),
            (TailChanged, "", None),
        ];
        for (how, original, want) in table {
            assert_eq!(
                how.apply(original).as_deref(),
                want,
                "{how:?} of {original}"
            );
        }
    }
}
