//! Shell lines that set the `$PROBITY_…` variables which reproducers expect.

use super::shell::{quote, word};
use super::{Curl, Options};
use crate::exchange::{Request, Secret, Template};
use crate::pointer::unescape;
use crate::profile::Profile;

/// Lines for bash that log in as the profile says and export `PROBITY_TOKEN`, from
/// `PROBITY_USERNAME` and `PROBITY_PASSWORD`. `None` where the profile has no login, or one whose
/// token a shell cannot pick out of the answer (no member name in its pointer) or whose JSON body
/// cannot be filled in by one.
pub fn login_lines(profile: &Profile, base: &str) -> Option<String> {
    let login = profile.login.as_ref()?;
    let member = login.token.as_ref()?.rsplit('/').next()?;
    let member = unescape(member);
    // An index of an array, or the answer itself.
    if member.is_empty() || member.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut lines: Vec<String> = Vec::new();
    let needed = login.secrets();
    if needed.contains(&Secret::PasswordMd5) {
        lines.push(MD5.to_owned());
    }
    let mut request = login.request();
    let body = request.body.take();
    let options = Options {
        base: base.to_owned(),
        ..Options::default()
    };
    let mut curl = match Curl::with(&Request::Http(request), &options, ".", "login") {
        Curl { line, file: None } => line,
        Curl { file: Some(_), .. } => return None,
    };
    if let Some(body) = body {
        let body = String::from_utf8(body).ok()?;
        lines.extend(json_variables(&needed));
        curl = format!("{curl} --data-binary {}", json_word(&body));
    }
    // The status line and header of `-i` are in the way here.
    let curl = curl.replacen("curl -sS -i ", "curl -sS ", 1);
    lines.push(format!(
        "export PROBITY_TOKEN=$({curl} | tr -d '\\r\\n' | sed -n {})",
        quote(&format!(
            r#"s/.*"{}"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\1/p"#,
            sed_literal(&member)
        ))
    ));
    Some(lines.join("\n"))
}

/// The line for bash that exports `PROBITY_BASIC` (RFC 7617) from `PROBITY_USERNAME` and
/// `PROBITY_PASSWORD`.
pub fn basic_lines() -> &'static str {
    r#"export PROBITY_BASIC=$(printf %s "$PROBITY_USERNAME:$PROBITY_PASSWORD" | base64 | tr -d '\n')"#
}

/// GNU systems have `md5sum`, macOS has `md5`.
const MD5: &str = r#"export PROBITY_PASSWORD_MD5=$(printf %s "$PROBITY_PASSWORD" | { md5sum 2>/dev/null || md5 -q; } | cut -c1-32)"#;

/// Variables with the credentials escaped for a JSON string (RFC 8259 §7; control characters, which
/// no credential holds, left aside).
fn json_variables(needed: &[Secret]) -> Vec<String> {
    needed
        .iter()
        .filter(|s| **s != Secret::PasswordMd5)
        .map(|s| {
            let name = s.env_name();
            format!(r#"{name}_JSON=$(printf %s "${name}" | sed 's/[\\"]/\\&/g')"#)
        })
        .collect()
}

/// The JSON body with the placeholders of the profile as variables.
fn json_word(body: &str) -> String {
    let mut out = String::new();
    let mut rest = body;
    const NAMES: [(&str, &str); 3] = [
        ("{password-md5}", "PROBITY_PASSWORD_MD5"),
        ("{password}", "PROBITY_PASSWORD_JSON"),
        ("{username}", "PROBITY_USERNAME_JSON"),
    ];
    while let Some((at, name, variable)) = NAMES
        .iter()
        .filter_map(|(name, variable)| rest.find(name).map(|at| (at, *name, *variable)))
        .min_by_key(|(at, ..)| *at)
    {
        let (before, after) = rest.split_at(at);
        out.push_str(&word(&Template::from(before)));
        out.push_str(&format!("\"${variable}\""));
        rest = after.get(name.len()..).unwrap_or_default();
    }
    if !rest.is_empty() {
        out.push_str(&quote(rest));
    }
    out
}

/// A member name inside a basic regular expression between slashes.
fn sed_literal(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if r"\/.*[]^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
