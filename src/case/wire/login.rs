//! Wrong credentials at the profile's login; part of the strategy `auth`.
//!
//! Accounts lock: the most telling come first, and no more than the profile's budget of failed
//! logins.

use super::THOROUGH;
use crate::case::builder::{Draft, ExchangeCases};
use crate::case::{Check, Expect};
use crate::exchange::{Alteration, HttpRequest, Original, Part, Request, Secret};
use crate::profile::Login;
use Mistake::Says;

/// Failed logins of one run where the profile gives no budget.
const FAILED_LOGINS: u64 = 8;

/// A password that nobody has, and a hash of the right form that is no known password's.
const OTHER: &str = "probity-not-your-password";
const OTHER_MD5: &str = "4be0c1d7a95e36f28d0b7c64e19f3a52";

struct Try {
    name: &'static str,
    tier: u8,
    title: &'static str,
    request: HttpRequest,
}

/// The cases of the login, charged to this operation.
pub(super) fn cases(builder: &mut ExchangeCases<'_, '_>) {
    let profile = builder.context.profile;
    let Some(login) = &profile.login else {
        return;
    };
    let budget =
        profile
            .limits
            .failed_logins
            .unwrap_or(FAILED_LOGINS)
            .min(if builder.context.thorough {
                u64::MAX
            } else {
                FAILED_LOGINS
            });
    let budget = usize::try_from(budget).unwrap_or(usize::MAX);
    for attempt in tries(login).into_iter().take(budget) {
        builder.add(Draft {
            about: "login",
            name: attempt.name.to_owned(),
            title: attempt.title.to_owned(),
            class: format!("login:{}", class(attempt.name)),
            tier: attempt.tier,
            promises: vec!["auth.login".to_owned()],
            request: Request::Http(attempt.request),
            expect: Expect::LoginRefused,
            check: Check::Nothing,
        });
    }
}

/// The mistake of a login that this takes advantage of.
fn class(name: &str) -> &'static str {
    match name {
        "empty-password" | "no-password" | "no-parameters" | "empty" => "absent",
        "password-shortened" | "password-extended" => "damaged",
        "query" | "user-comment" | "format" => "injected",
        "long" => "long",
        "unknown-user" => "user",
        _ => "password",
    }
}

/// Who logs in.
#[derive(Clone, Copy)]
enum User {
    Right,
    Other(&'static str),
    /// 1,024 characters.
    Long,
}

/// With which password.
#[derive(Clone, Copy)]
enum Password {
    Right,
    /// One that nobody has.
    Wrong,
    Other(&'static str),
}

/// What is wrong about a login.
#[derive(Clone, Copy)]
enum Mistake {
    Says(User, Password),
    PasswordShortened,
    PasswordExtended,
    NoPassword,
    NoParameters,
}

impl Mistake {
    /// The login with it; nothing where the login has no place for it.
    fn request(self, login: &Login) -> Option<HttpRequest> {
        let hashed = login.secrets().contains(&Secret::PasswordMd5);
        match self {
            Mistake::Says(user, password) => Some(login.request_with(&|secret| match secret {
                Secret::Username => user.part(),
                Secret::Password => password.part(false),
                Secret::PasswordMd5 => password.part(true),
                other => Part::Secret(other),
            })),
            Mistake::PasswordShortened => shortened(login, hashed),
            Mistake::PasswordExtended => extended(login, hashed),
            Mistake::NoPassword => without(login, true),
            Mistake::NoParameters => without(login, false),
        }
    }
}

impl User {
    fn part(self) -> Part {
        match self {
            User::Right => Part::Secret(Secret::Username),
            User::Other(name) => Part::Text(name.to_owned()),
            User::Long => Part::Text("a".repeat(1_024)),
        }
    }
}

impl Password {
    fn part(self, hash: bool) -> Part {
        match self {
            Password::Right if hash => Part::Secret(Secret::PasswordMd5),
            Password::Right => Part::Secret(Secret::Password),
            Password::Wrong if hash => Part::Text(OTHER_MD5.to_owned()),
            Password::Wrong => Part::Text(OTHER.to_owned()),
            Password::Other(text) => Part::Text(text.to_owned()),
        }
    }
}

/// A condition of a query that always holds.
const ALWAYS: &str = "' OR '1'='1";

/// Name, tier, title and mistake of wrong logins whose credentials stand in the query.
const IN_QUERY: &[(&str, u8, &str, Mistake)] = &[
    (
        "wrong-password",
        1,
        "the password is wrong",
        Says(User::Right, Password::Wrong),
    ),
    (
        "empty-password",
        1,
        "the password is empty",
        Says(User::Right, Password::Other("")),
    ),
    (
        "password-shortened",
        2,
        "the password lacks its last character",
        Mistake::PasswordShortened,
    ),
    (
        "no-password",
        2,
        "there is no parameter for the password",
        Mistake::NoPassword,
    ),
    (
        "unknown-user",
        2,
        "the user is unknown, the password right",
        Says(User::Other("probity"), Password::Right),
    ),
    (
        "query",
        2,
        "user and password are conditions of a query",
        Says(User::Other(ALWAYS), Password::Other(ALWAYS)),
    ),
    (
        "no-parameters",
        3,
        "there are no parameters",
        Mistake::NoParameters,
    ),
    (
        "long",
        2,
        "the user has 1,024 characters",
        Says(User::Long, Password::Wrong),
    ),
    (
        "password-extended",
        THOROUGH,
        "the password has one character more",
        Mistake::PasswordExtended,
    ),
    (
        "user-comment",
        THOROUGH,
        "the user ends a query and comments out the rest",
        Says(User::Other("admin'-- "), Password::Wrong),
    ),
    (
        "format",
        THOROUGH,
        "the user is a format string",
        Says(User::Other("%s%s%s%n"), Password::Wrong),
    ),
];

/// The same of those whose credentials stand in the body: only what needs no real one, since a body
/// holds no names for credentials.
const IN_BODY: &[(&str, u8, &str, Mistake)] = &[
    (
        "unknown-user",
        1,
        "user and password are unknown",
        Says(User::Other("probity"), Password::Wrong),
    ),
    (
        "empty",
        1,
        "user and password are empty",
        Says(User::Other(""), Password::Other("")),
    ),
    (
        "query",
        3,
        "user and password are conditions of a query",
        Says(User::Other(ALWAYS), Password::Other(ALWAYS)),
    ),
    (
        "long",
        2,
        "the user has 1,024 characters",
        Says(User::Long, Password::Wrong),
    ),
];

/// Wrong logins, the most telling first.
fn tries(login: &Login) -> Vec<Try> {
    // A login that names no user has no wrong one: what is left is the right login, or a try that
    // was made before.
    let right_login = login.request();
    let mut out: Vec<Try> = Vec::new();
    let table = if login.body.is_none() {
        IN_QUERY
    } else {
        IN_BODY
    };
    for (name, tier, title, mistake) in table {
        let Some(request) = mistake.request(login) else {
            continue;
        };
        if request != right_login && out.iter().all(|before| before.request != request) {
            out.push(Try {
                name,
                tier: *tier,
                title,
                request,
            });
        }
    }
    out
}

/// The right password without its last character: a comparison of as many characters as were sent
/// takes it.
fn shortened(login: &Login, hashed: bool) -> Option<HttpRequest> {
    let (original, wanted) = password(hashed);
    let mut request = login.request();
    let wanted = Part::Secret(wanted);
    let part = request.target.0.iter_mut().find(|p| **p == wanted)?;
    *part = Part::Secret(Secret::Altered(original, Alteration::Shortened));
    Some(request)
}

/// The password as the login wants it.
fn password(hashed: bool) -> (Original, Secret) {
    let original = match hashed {
        true => Original::PasswordMd5,
        false => Original::Password,
    };
    (original, original.secret())
}

/// The right password and one character more.
fn extended(login: &Login, hashed: bool) -> Option<HttpRequest> {
    let mut request = login.request();
    let (_, wanted) = password(hashed);
    let at = request
        .target
        .0
        .iter()
        .position(|p| *p == Part::Secret(wanted))?;
    request.target.0.insert(at + 1, Part::Text("0".to_owned()));
    Some(request)
}

/// The login without the parameters that carry the password, or without all of them.
fn without(login: &Login, password_only: bool) -> Option<HttpRequest> {
    let mut fewer = login.clone();
    fewer.query.retain(|_, value| {
        let is_password = value.contains("{password");
        let is_user = value.contains("{username");
        !(is_password || !password_only && is_user)
    });
    (fewer.query != login.query).then(|| fewer.request())
}
