//! Wrong credentials at the profile's login; part of the strategy `auth`.
//!
//! Accounts lock: the most telling come first, and no more than the profile's budget of failed
//! logins.

use super::THOROUGH;
use crate::case::builder::{Draft, ExchangeCases};
use crate::case::{Check, Expect};
use crate::exchange::{Alteration, HttpRequest, Original, Part, Request, Secret};
use crate::profile::Login;

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

/// Wrong logins, the most telling first. Where a body carries the credentials, only those that need
/// no real one: a body holds no names for credentials.
fn tries(login: &Login) -> Vec<Try> {
    let named = |secret| Part::Secret(secret);
    let text = |t: &str| Part::Text(t.to_owned());
    let in_query = login.body.is_none();
    // A login that names no user has no wrong one: what is left is the right login, or a try that
    // was made before.
    let right_login = login.request();
    let mut out: Vec<Try> = Vec::new();
    let mut add = |name, tier, title, request: Option<HttpRequest>| {
        if let Some(request) = request
            && request != right_login
            && out.iter().all(|before| before.request != request)
        {
            out.push(Try {
                name,
                tier,
                title,
                request,
            });
        }
    };
    let with = |user: &dyn Fn() -> Part, password: &dyn Fn(bool) -> Part| {
        login.request_with(&|secret| match secret {
            Secret::Username => user(),
            Secret::Password => password(false),
            Secret::PasswordMd5 => password(true),
            other => Part::Secret(other),
        })
    };
    let right_user = || named(Secret::Username);
    let other = |hash: bool| text(if hash { OTHER_MD5 } else { OTHER });
    let right = |hash: bool| {
        named(if hash {
            Secret::PasswordMd5
        } else {
            Secret::Password
        })
    };
    let hashed = login.secrets().contains(&Secret::PasswordMd5);

    if in_query {
        add(
            "wrong-password",
            1,
            "the password is wrong",
            Some(with(&right_user, &other)),
        );
        add(
            "empty-password",
            1,
            "the password is empty",
            Some(with(&right_user, &|_| text(""))),
        );
        add(
            "password-shortened",
            2,
            "the password lacks its last character",
            shortened(login, hashed),
        );
        add(
            "no-password",
            2,
            "there is no parameter for the password",
            without(login, true),
        );
        add(
            "unknown-user",
            2,
            "the user is unknown, the password right",
            Some(with(&|| text("probity"), &right)),
        );
        add(
            "query",
            2,
            "user and password are conditions of a query",
            Some(with(&|| text("' OR '1'='1"), &|_| text("' OR '1'='1"))),
        );
        add(
            "no-parameters",
            3,
            "there are no parameters",
            without(login, false),
        );
        add(
            "long",
            2,
            "the user has 1,024 characters",
            Some(with(&|| text(&"a".repeat(1_024)), &other)),
        );
        add(
            "password-extended",
            THOROUGH,
            "the password has one character more",
            extended(login, hashed),
        );
        add(
            "user-comment",
            THOROUGH,
            "the user ends a query and comments out the rest",
            Some(with(&|| text("admin'-- "), &other)),
        );
        add(
            "format",
            THOROUGH,
            "the user is a format string",
            Some(with(&|| text("%s%s%s%n"), &other)),
        );
    } else {
        let stranger = |user: &'static str| move || text(user);
        add(
            "unknown-user",
            1,
            "user and password are unknown",
            Some(with(&stranger("probity"), &other)),
        );
        add(
            "empty",
            1,
            "user and password are empty",
            Some(with(&stranger(""), &|_| text(""))),
        );
        add(
            "query",
            3,
            "user and password are conditions of a query",
            Some(with(&stranger("' OR '1'='1"), &|_| text("' OR '1'='1"))),
        );
        add(
            "long",
            2,
            "the user has 1,024 characters",
            Some(with(&|| text(&"a".repeat(1_024)), &other)),
        );
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
