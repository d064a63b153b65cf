//! What devices show where a secret stands: stars, the last four characters, `<hidden>`, nothing at all.
//! Whoever writes that back destroys the secret, and the device shows the same afterwards. Pure.

use super::effect::words::tokens;
use super::pointer::escape;
use serde_json::Value;

/// Words that stand for a secret, alone or in brackets.
const WORDS: &[&str] = &[
    "hidden",
    "redacted",
    "masked",
    "protected",
    "encrypted",
    "confidential",
    "removed",
    "omitted",
    "secret",
    "unchanged",
    "not shown",
    "not displayed",
    "write only",
    "writeonly",
    "set",
    "configured",
    "verborgen",
    "gesetzt",
    "geheim",
    "masqué",
    "oculto",
];

/// What hashes and sealed values begin with.
const SEALED: &[&str] = &[
    "$1$", "$2", "$5$", "$6$", "$argon2", "{ssha", "{sha", "{crypt", "{md5", "sha1:", "sha256:",
    "sha512:", "md5:", "pbkdf2", "bcrypt", "scrypt", "enc:", "enc(", "vault:",
];

/// Whether a member may hold a secret by its name: a password, key, token or PIN.
#[must_use]
pub fn may_be_secret(name: &str) -> bool {
    let words = tokens(name);
    let public = [
        "public",
        "primary",
        "foreign",
        "sort",
        "partition",
        "index",
        "cache",
    ];
    if words.iter().any(|w| public.contains(&w.as_str())) {
        return false;
    }
    let last = words.last().map_or("", String::as_str);
    let ends = [
        "key",
        "apikey",
        "authkey",
        "token",
        "credential",
        "credentials",
        "pin",
        "pass",
        "auth",
    ];
    super::is_password(name) || ends.contains(&last)
}

/// Whether what a device shows of a member stands for something else. Of a member that may hold a secret
/// by its name, in doubt it does.
#[must_use]
pub fn stands_for_another(name: &str, shown: &str) -> bool {
    let secret = may_be_secret(name);
    let row = |least: usize, of: fn(char) -> bool| longest_row(shown, of) >= least;
    let dots = |c: char| matches!(c, '*' | '•' | '●' | '∙' | '∗' | '█' | '▪' | '⬤' | '·');
    if row(if secret { 3 } else { 4 }, dots) || !shown.is_empty() && shown.chars().all(dots) {
        return true;
    }
    if says_so(shown, secret) {
        return true;
    }
    if !secret {
        return false;
    }
    let lower = shown.trim().to_lowercase();
    let filled = |c: char| matches!(c, 'x' | 'X' | '#' | '?' | '.' | '_' | '-');
    lower.is_empty()
        || shown.chars().count() >= 3 && shown.chars().all(filled)
        || shown.contains('…')
        || shown.contains("...")
        || row(4, |c| matches!(c, 'x' | 'X' | '#'))
        || SEALED.iter().any(|s| lower.starts_with(s))
}

/// Whether a text says that a secret is not shown: one of the words, in brackets or in capitals; of a
/// secret, alone as well.
fn says_so(shown: &str, secret: bool) -> bool {
    let text = shown.trim();
    let pairs = [
        ('<', '>'),
        ('[', ']'),
        ('(', ')'),
        ('{', '}'),
        ('-', '-'),
        ('_', '_'),
    ];
    let inner = pairs
        .iter()
        .find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close));
    let bare = inner.unwrap_or(text).trim_matches(['-', '_', '*', ' ']);
    let plain = bare.to_lowercase().replace(['_', '-'], " ");
    let word = WORDS.contains(&plain.as_str());
    let capitals = bare.len() > 5 && !bare.chars().any(char::is_lowercase);
    word && (inner.is_some() || capitals || secret)
}

fn longest_row(text: &str, of: fn(char) -> bool) -> usize {
    let (mut longest, mut now, mut last) = (0, 0, None);
    for c in text.chars() {
        now = match (of(c), last == Some(c)) {
            (true, true) => now + 1,
            (true, false) => 1,
            (false, _) => 0,
        };
        last = Some(c);
        longest = longest.max(now);
    }
    longest
}

/// JSON pointers of what in a state stands for something else.
#[must_use]
pub fn placeholders(state: &Value) -> Vec<String> {
    fn walk(value: &Value, name: &str, at: &str, out: &mut Vec<String>) {
        match value {
            Value::String(text) if stands_for_another(name, text) => out.push(at.to_owned()),
            Value::Object(members) => {
                for (name, member) in members {
                    walk(member, name, &format!("{at}/{}", escape(name)), out);
                }
            }
            // Items are called as their list is.
            Value::Array(items) => {
                for (i, item) in items.iter().enumerate() {
                    walk(item, name, &format!("{at}/{i}"), out);
                }
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    walk(state, "", "", &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_stands_for_a_secret_is_told_from_a_value() {
        for (name, shown, stands) in [
            ("password", "********", true),
            ("apiKey", "ak_********82", true),
            ("key", "••••••••", true),
            ("key", "Kq7...", true),
            ("token", "abc…", true),
            ("key", "", true),
            ("pin", "xxxx", true),
            ("key", "<hidden>", true),
            ("psk", "REDACTED", true),
            ("key", "sha1:0a1b2c3d4e", true),
            ("password", "$2y$10$abcdefg", true),
            ("name", "[redacted]", true),
            ("title", "***", true),
            ("note", "REDACTED", true),
            ("key", "Kq7-real", false),
            ("pin", "0000", false),
            ("name", "", false),
            ("note", "set", false),
            ("rating", "4****", true),
            ("title", "a * b ** c", false),
            ("publicKey", "", false),
            ("version", "x.x.x", false),
            ("keyboard", "", false),
        ] {
            assert_eq!(stands_for_another(name, shown), stands, "{name}: {shown:?}");
        }
    }

    #[test]
    fn placeholders_are_found_wherever_they_stand() {
        let state =
            json!({"a": {"key": "***"}, "list": [{"token": "x1"}, {"token": "x…"}], "n": 1});
        assert_eq!(placeholders(&state), ["/a/key", "/list/1/token"]);
        assert_eq!(placeholders(&json!("••••")), [""]);
    }
}
