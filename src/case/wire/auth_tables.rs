//! Credentials as tables; part of the strategy `auth`. Pure data over [`crate::exchange`].

use super::THOROUGH;
use crate::exchange::{Alteration, DigestForm, Original, Secret, Template};
use Credentials::{Open, Wrong, WrongForm};

/// What the page says of credentials like these.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Credentials {
    /// None at all, or none that could be right: refused as unauthorized.
    Wrong,
    /// The same, in a form that may also be refused as no proper request (RFC 6750 §3.1,
    /// `invalid_request`, 400).
    WrongForm,
    /// The right secret in a form that the page does not give, or a form that HTTP allows and
    /// servers do not always know.
    Open(&'static str),
}

/// One idea.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Last part of the id.
    pub name: &'static str,
    /// See [`crate::case::Case::tier`].
    pub tier: u8,
    /// In words.
    pub title: &'static str,
    /// The credentials; see [`template`].
    pub value: &'static str,
    /// What the page says of them.
    pub credentials: Credentials,
}

const fn row(
    name: &'static str,
    tier: u8,
    title: &'static str,
    value: &'static str,
    credentials: Credentials,
) -> Row {
    Row {
        name,
        tier,
        title,
        value,
        credentials,
    }
}

/// Text with names of credentials: `{token}`, `{basic}`, and altered tokens as `{shortened}`.
pub(super) fn template(text: &str) -> Template {
    let altered = |how| Secret::Altered(Original::Token, how);
    let password = |how| Secret::Altered(Original::Basic, how);
    let names = [
        ("{password-tail}", password(Alteration::TailChanged)),
        ("{password-emptied}", password(Alteration::Emptied)),
        ("{password-shortened}", password(Alteration::Shortened)),
        ("{password-capitals}", password(Alteration::Capitals)),
        ("{token}", Secret::Token),
        ("{basic}", Secret::Basic),
        ("{shortened}", altered(Alteration::Shortened)),
        ("{beheaded}", altered(Alteration::Beheaded)),
        ("{halved}", altered(Alteration::Halved)),
        ("{first}", altered(Alteration::FirstOnly)),
        ("{tail-changed}", altered(Alteration::TailChanged)),
        ("{middle-changed}", altered(Alteration::MiddleChanged)),
        ("{capitals}", altered(Alteration::Capitals)),
    ];
    let mut out = Template::default();
    let mut rest = text;
    loop {
        let first = names
            .iter()
            .filter_map(|(name, secret)| Some((rest.split_once(name)?, *secret)))
            .min_by_key(|((before, _), _)| before.len());
        let Some(((before, after), secret)) = first else {
            break;
        };
        if !before.is_empty() {
            out = out.text(before);
        }
        out = out.secret(secret);
        rest = after;
    }
    if !rest.is_empty() || out.0.is_empty() {
        out = out.text(rest);
    }
    out
}

/// One answer to a Digest challenge.
#[derive(Clone, Copy, Debug)]
pub(super) struct DigestRow {
    /// Last part of the id.
    pub name: &'static str,
    /// See [`crate::case::Case::tier`].
    pub tier: u8,
    /// In words.
    pub title: &'static str,
    /// What is wrong with it.
    pub form: DigestForm,
    /// What RFC 7616 says of it.
    pub credentials: Credentials,
}

const fn digest(
    name: &'static str,
    tier: u8,
    form: DigestForm,
    credentials: Credentials,
    title: &'static str,
) -> DigestRow {
    DigestRow {
        name,
        tier,
        title,
        form,
        credentials,
    }
}

/// For operations that ask for Digest. A client nonce that comes twice is for the server to mind or
/// not (RFC 7616 §5.5); so are nonces that it gave out once, but not those that it never gave.
pub(super) const DIGEST: &[DigestRow] = &[
    digest(
        "digest-response",
        0,
        DigestForm::WrongResponse,
        Wrong,
        "the response of the Digest answer is wrong in its end",
    ),
    digest(
        "digest-empty",
        1,
        DigestForm::EmptyResponse,
        WrongForm,
        "the response of the Digest answer is empty",
    ),
    digest(
        "digest-password",
        1,
        DigestForm::WrongPassword,
        Wrong,
        "the Digest answer is that of another password",
    ),
    digest(
        "digest-user",
        2,
        DigestForm::UnknownUser,
        Wrong,
        "the Digest answer is that of an unknown user",
    ),
    // RFC 7616 §3.4.6 wants 400, but proxies change targets on the way, and whoever sends this knows
    // the password: what a device does is recorded.
    digest(
        "digest-uri",
        2,
        DigestForm::OtherUri,
        Open("a Digest answer for another target"),
        "the Digest answer is for another target, and names it",
    ),
    digest(
        "digest-method",
        2,
        DigestForm::OtherMethod,
        Wrong,
        "the Digest answer is that of another method",
    ),
    digest(
        "digest-realm",
        2,
        DigestForm::WrongRealm,
        Wrong,
        "the Digest answer is for another realm, and names it",
    ),
    digest(
        "digest-nonce",
        1,
        DigestForm::UnknownNonce,
        Wrong,
        "the Digest answer is for a nonce that the device never gave",
    ),
    digest(
        "digest-replayed",
        3,
        DigestForm::ReplayedCount,
        Open("a nonce count that came before"),
        "the Digest answer has the nonce count of the one before",
    ),
];

const FORM: Credentials = Open("the right credentials in another form than the page gives");
/// RFC 9110 §11.1: schemes have no case; many devices give them one.
const SCHEME_CASE: Credentials = Open("case of the scheme");

/// For operations that ask for a token (RFC 6750).
pub(super) const BEARER: &[Row] = &[
    row(
        "unknown",
        0,
        "the token is unknown",
        "Bearer 0123456789abcdef0123456789abcdef01234567",
        Wrong,
    ),
    row("empty", 1, "Authorization is empty", "", Wrong),
    row(
        "scheme-alone",
        1,
        "Authorization is the word Bearer",
        "Bearer",
        WrongForm,
    ),
    // Many, so that no right token begins with it by chance: a lone `0` told one session in sixteen
    // from the next on a device that compares prefixes. A slot that holds no session is zeros too.
    row(
        "zero",
        1,
        "the token is all zeros",
        "Bearer 0000000000000000000000000000000000000000",
        Wrong,
    ),
    row(
        "null",
        2,
        "the token is the word null",
        "Bearer null",
        Wrong,
    ),
    row(
        "undefined",
        3,
        "the token is the word undefined",
        "Bearer undefined",
        Wrong,
    ),
    row(
        "true",
        THOROUGH,
        "the token is the word true",
        "Bearer true",
        Wrong,
    ),
    row(
        "shortened",
        1,
        "the token lacks its last character",
        "Bearer {shortened}",
        Wrong,
    ),
    row(
        "extended",
        1,
        "the token has one character more",
        "Bearer {token}0",
        Wrong,
    ),
    row(
        "tail-changed",
        1,
        "the token ends otherwise",
        "Bearer {tail-changed}",
        Wrong,
    ),
    row(
        "halved",
        2,
        "the token is its first half",
        "Bearer {halved}",
        Wrong,
    ),
    row(
        "first-only",
        2,
        "the token is its first character",
        "Bearer {first}",
        Wrong,
    ),
    row(
        "beheaded",
        3,
        "the token lacks its first character",
        "Bearer {beheaded}",
        Wrong,
    ),
    row(
        "middle-changed",
        2,
        "the token is another in the middle",
        "Bearer {middle-changed}",
        Wrong,
    ),
    row(
        "prefixed",
        2,
        "the token has one character more before it",
        "Bearer 0{token}",
        Wrong,
    ),
    row(
        "doubled",
        3,
        "the token stands twice in a row",
        "Bearer {token}{token}",
        Wrong,
    ),
    row(
        "quote",
        2,
        "the token is a condition of a query",
        "Bearer ' OR '1'='1",
        WrongForm,
    ),
    row("wildcard", 3, "the token is *", "Bearer *", WrongForm),
    row("percent", 3, "the token is %", "Bearer %", WrongForm),
    row(
        "format",
        3,
        "the token is a format string",
        "Bearer %s%s%s%n",
        WrongForm,
    ),
    row(
        "path",
        THOROUGH,
        "the token is a path",
        "Bearer ../../../../dev/null",
        WrongForm,
    ),
    // `{"alg":"none"}` and `{"sub":"admin"}` (RFC 7519 §6).
    row(
        "unsigned",
        3,
        "the token is an unsigned JWT",
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.",
        Wrong,
    ),
    row(
        "digest",
        THOROUGH,
        "the scheme is Digest",
        "Digest username=\"admin\"",
        WrongForm,
    ),
    // RFC 6749 §1.1: values are case sensitive unless otherwise noted; §1.4: a token is opaque.
    row(
        "upper-case",
        1,
        "the token is in capitals",
        "Bearer {capitals}",
        Wrong,
    ),
    row(
        "bare",
        2,
        "the token stands without a scheme",
        "{token}",
        FORM,
    ),
    row(
        "scheme-small",
        2,
        "the scheme is bearer in small letters",
        "bearer {token}",
        SCHEME_CASE,
    ),
    row(
        "two-blanks",
        3,
        "two blanks stand before the token",
        "Bearer  {token}",
        FORM,
    ),
    row(
        "tab",
        4,
        "a tab stands before the token",
        "Bearer\t{token}",
        FORM,
    ),
    row(
        "no-blank",
        3,
        "no blank stands before the token",
        "Bearer{token}",
        FORM,
    ),
    row(
        "quoted",
        4,
        "the token stands in quotation marks",
        "Bearer \"{token}\"",
        FORM,
    ),
    row(
        "more-behind",
        3,
        "another word follows the token",
        "Bearer {token} 0",
        FORM,
    ),
];

/// Under the scheme Basic, where nobody offers it: base64 of user and password (RFC 7617 §2).
pub(super) const NOT_BEARER: &[Row] = &[
    row(
        "other-scheme",
        1,
        "the token stands under the scheme Basic",
        "Basic {token}",
        Wrong,
    ),
    row(
        "basic-unknown",
        2,
        "an unknown user under the scheme Basic",
        "Basic cHJvYml0eTpwcm9iaXR5",
        Wrong,
    ),
    row(
        "basic-empty",
        3,
        "an empty user under the scheme Basic",
        "Basic Og==",
        Wrong,
    ),
    row(
        "basic",
        3,
        "user and password under the scheme Basic",
        "Basic {basic}",
        FORM,
    ),
];

/// Of the user who is known: sent to one operation, in all, for accounts lock.
pub(super) const KNOWN_USER: &[Row] = &[
    row(
        "wrong-password",
        0,
        "the user is known, and the last characters of the password are others",
        "Basic {password-tail}",
        Wrong,
    ),
    row(
        "password-empty",
        1,
        "the user is known, and the password is empty",
        "Basic {password-emptied}",
        Wrong,
    ),
    row(
        "password-shortened",
        1,
        "the user is known, and the password lacks its last character",
        "Basic {password-shortened}",
        Wrong,
    ),
    row(
        "password-capitals",
        2,
        "the user is known, and the password is in capitals",
        "Basic {password-capitals}",
        Wrong,
    ),
];

/// For operations that ask for user and password (RFC 7617).
pub(super) const BASIC: &[Row] = &[
    row(
        "unknown",
        0,
        "user and password are unknown",
        "Basic cHJvYml0eTpwcm9iaXR5",
        Wrong,
    ),
    row("empty", 1, "Authorization is empty", "", Wrong),
    row(
        "scheme-alone",
        1,
        "Authorization is the word Basic",
        "Basic",
        WrongForm,
    ),
    row(
        "empty-pair",
        1,
        "user and password are empty",
        "Basic Og==",
        Wrong,
    ),
    row(
        "no-colon",
        1,
        "there is no colon in the credentials",
        "Basic cHJvYml0eQ==",
        WrongForm,
    ),
    row(
        "not-base64",
        1,
        "the credentials are not base64",
        "Basic !!!!",
        WrongForm,
    ),
    row(
        "quote",
        2,
        "the user is a condition of a query",
        "Basic JyBPUiAnMSc9JzE6JyBPUiAnMSc9JzE=",
        Wrong,
    ),
    row(
        "scheme-small",
        2,
        "the scheme is basic in small letters",
        "basic {basic}",
        SCHEME_CASE,
    ),
    row(
        "bare",
        3,
        "the credentials stand without a scheme",
        "{basic}",
        FORM,
    ),
];

/// Under the scheme Bearer, where nobody offers it.
pub(super) const NOT_BASIC: &[Row] = &[row(
    "other-scheme",
    1,
    "user and password stand under the scheme Bearer",
    "Bearer {basic}",
    Wrong,
)];

/// For operations that ask for a key.
pub(super) const KEY: &[Row] = &[
    row(
        "unknown",
        0,
        "the key is unknown",
        "0123456789abcdef0123456789abcdef",
        Wrong,
    ),
    row("empty", 1, "the key is empty", "", Wrong),
    row("zero", 2, "the key is 0", "0", Wrong),
    row("null", 2, "the key is the word null", "null", Wrong),
    row(
        "shortened",
        1,
        "the key lacks its last character",
        "{shortened}",
        Wrong,
    ),
    row(
        "first-only",
        2,
        "the key is its first character",
        "{first}",
        Wrong,
    ),
    row(
        "tail-changed",
        1,
        "the key ends otherwise",
        "{tail-changed}",
        Wrong,
    ),
    row(
        "extended",
        1,
        "the key has one character more",
        "{token}0",
        Wrong,
    ),
    row(
        "quote",
        2,
        "the key is a condition of a query",
        "'OR'1'='1",
        WrongForm,
    ),
    row(
        "upper-case",
        3,
        "the key is in capitals",
        "{capitals}",
        Open("case of the key"),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_credentials_and_the_rest_stays() {
        let table = [
            ("", ""),
            ("Bearer", "Bearer"),
            ("Bearer {token}0", "Bearer $PROBITY_TOKEN0"),
            ("{token}{token}", "$PROBITY_TOKEN$PROBITY_TOKEN"),
            ("a{shortened} {basic}", "a${PROBITY_TOKEN%?} $PROBITY_BASIC"),
            ("{other}", "{other}"),
        ];
        for (text, want) in table {
            assert_eq!(template(text).to_string(), want, "{text}");
        }
    }

    #[test]
    fn no_wrong_credentials_are_the_right_ones() {
        let right = ["Bearer {token}", "Basic {basic}", "{token}"];
        let all = [BEARER, NOT_BEARER, BASIC, NOT_BASIC, KEY].concat();
        for row in all {
            let wrong = matches!(row.credentials, Wrong | WrongForm);
            assert!(!(wrong && right.contains(&row.value)), "{}", row.name);
        }
    }

    /// What a device that compares prefixes accepts by chance differs from session to session.
    #[test]
    fn no_token_begins_with_a_wrong_one_by_chance() {
        for row in BEARER {
            let literal = row.value.strip_prefix("Bearer ").filter(|v| {
                row.credentials == Wrong && v.bytes().all(|b| b.is_ascii_alphanumeric())
            });
            assert!(literal.is_none_or(|v| v.len() >= 4), "{}", row.name);
        }
    }
}
