//! Words of a shell command line. The target is bash (zsh and ksh read the same): besides `'…'` and
//! `"…"` it has `$'…'`, which carries every byte but NUL visibly and on one line.

use crate::exchange::{Alteration, Original, Part, Secret, Template};
use std::fmt::Write as _;

/// One word that stands for exactly these bytes; `None` where no shell can carry them (NUL).
pub(super) fn quote_bytes(bytes: &[u8]) -> Option<String> {
    if bytes.contains(&0) {
        return None;
    }
    Some(match std::str::from_utf8(bytes) {
        Ok(text) => quote(text),
        Err(_) => dollar_quote(bytes),
    })
}

/// One word that stands for exactly this text (which holds no NUL).
pub(super) fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else if text.chars().all(shows) {
        format!("'{}'", text.replace('\'', r"'\''"))
    } else {
        dollar_quote(text.as_bytes())
    }
}

/// `$'…'`: what does not show is written as `\xHH`, line ends as `\n`.
fn dollar_quote(bytes: &[u8]) -> String {
    let mut out = String::from("$'");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => out.push_str(r"\n"),
                '\r' => out.push_str(r"\r"),
                '\t' => out.push_str(r"\t"),
                '\\' => out.push_str(r"\\"),
                '\'' => out.push_str(r"\'"),
                c if shows(c) => out.push(c),
                c => hex_escapes(&mut out, c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        hex_escapes(&mut out, chunk.invalid());
    }
    out.push('\'');
    out
}

fn hex_escapes(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(out, "\\x{byte:02x}");
    }
}

/// Whether a character can be seen and told from others in a line of text: printable ASCII, and
/// letters and digits of any script (not combining marks, spaces, format or bidi characters).
pub(super) fn shows(c: char) -> bool {
    c == ' ' || c.is_ascii_graphic() || (!c.is_ascii() && c.is_alphanumeric())
}

/// One word with the credentials as `$PROBITY_…` variables.
pub(super) fn word(template: &Template) -> String {
    join(template, &reference)
}

/// Like [`word`], for a request target: what a user chose is percent-encoded as the device layer
/// does it (everything but the unreserved characters of RFC 3986 §2.3).
pub(super) fn target_word(template: &Template) -> String {
    join(template, &|secret, next| match secret {
        Secret::Username
        | Secret::Password
        | Secret::Basic
        | Secret::Altered(Original::Password, _) => format!(
            r#"$(perl -e '$_={};s/[^A-Za-z0-9._~-]/sprintf"%%%02X",ord$&/ge;print')"#,
            perl(secret)
        ),
        _ => reference(secret, next),
    })
}

/// Text and what `show` gives for a credential and the part after it.
fn join(template: &Template, show: &dyn Fn(Secret, Option<&Part>) -> String) -> String {
    if !template.has_secret() {
        return quote(&template.to_string());
    }
    // Inside double quotes, `!` is history expansion in an interactive bash.
    let easy = |part: &Part| match part {
        Part::Text(text) => text.chars().all(|c| shows(c) && !"\"\\$`!".contains(c)),
        Part::Secret(_) => true,
    };
    let mut out = String::new();
    if template.0.iter().all(easy) {
        out.push('"');
        for (i, part) in template.0.iter().enumerate() {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Secret(secret) => out.push_str(&show(*secret, template.0.get(i + 1))),
            }
        }
        out.push('"');
    } else {
        for part in &template.0 {
            match part {
                Part::Text(text) if text.is_empty() => {}
                Part::Text(text) => out.push_str(&quote(text)),
                Part::Secret(secret) => {
                    let _ = write!(out, "\"{}\"", show(*secret, None));
                }
            }
        }
    }
    out
}

/// A credential as a Perl expression.
pub(super) fn perl(secret: Secret) -> String {
    let Secret::Altered(original, how) = secret else {
        return format!("$ENV{{{}}}", secret.env_name());
    };
    let name = match original {
        Original::Basic => Secret::Password.env_name(),
        other => other.secret().env_name(),
    };
    let of = format!("$ENV{{{name}}}");
    let altered = altered(how, &of);
    match original {
        Original::Basic => {
            let user = Secret::Username.env_name();
            format!(r#"encode_base64("$ENV{{{user}}}:".{altered},"")"#)
        }
        _ => altered,
    }
}

/// The alteration of a Perl expression as another.
fn altered(how: Alteration, of: &str) -> String {
    match how {
        Alteration::Shortened => format!("substr({of},0,-1)"),
        Alteration::Beheaded => format!("substr({of},1)"),
        Alteration::Halved => format!("substr({of},0,length({of})/2)"),
        Alteration::FirstOnly => format!("substr({of},0,1)"),
        Alteration::Capitals => format!("uc({of})"),
        Alteration::Emptied => "\"\"".to_owned(),
        Alteration::TailChanged => format!(
            r#"do{{$_={of};s/(.{{1,4}})$/join"",map{{$_ eq"a"?"b":"a"}}split m{{}},$1/e;$_}}"#
        ),
        Alteration::MiddleChanged => {
            format!(r#"do{{$_={of};for(substr$_,length()/2,1){{$_=$_ eq"a"?"b":"a"}}$_}}"#)
        }
    }
}

/// `$NAME`, or `${NAME}` where what follows would be read as a part of the name. An altered
/// credential is an expansion of its original's variable, or the output of perl where shells have
/// none (`${NAME^^}` is bash 4 alone: neither macOS's bash nor zsh has it).
fn reference(secret: Secret, next: Option<&Part>) -> String {
    let glued = match next {
        Some(Part::Text(text)) => text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'),
        _ => false,
    };
    match secret {
        Secret::Altered(Original::Basic, _) => {
            format!("$(perl -MMIME::Base64 -e 'print {}')", perl(secret))
        }
        Secret::Altered(_, how) if how.expansion() && how != Alteration::Capitals => {
            format!("${}", secret.env_name())
        }
        Secret::Altered(..) => format!("$(perl -e 'print {}')", perl(secret)),
        _ if glued => format!("${{{}}}", secret.env_name()),
        _ => format!("${}", secret.env_name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_as_plain_as_they_can_be() {
        let table: [(&str, &str); 8] = [
            ("", "''"),
            ("http://h:1/a-b_c.d", "http://h:1/a-b_c.d"),
            ("a b", "'a b'"),
            ("it's $HOME", r"'it'\''s $HOME'"),
            ("a\nb'\\", r"$'a\nb\'\\'"),
            ("é", "'é'"),
            ("\u{202e}x", r"$'\xe2\x80\xaex'"),
            ("{\"a\":1}", "'{\"a\":1}'"),
        ];
        for (text, want) in table {
            assert_eq!(quote(text), want, "{text:?}");
        }
        assert_eq!(quote_bytes(b"a\xff'"), Some(r"$'a\xff\''".to_owned()));
        assert_eq!(quote_bytes(b"a\0"), None);
    }

    #[test]
    fn credentials_are_variables() {
        let bearer = Template::from("Authorization: Bearer ").secret(Secret::Token);
        assert_eq!(word(&bearer), r#""Authorization: Bearer $PROBITY_TOKEN""#);
        let glued = Template::default().secret(Secret::Token).text("x");
        assert_eq!(word(&glued), r#""${PROBITY_TOKEN}x""#);
        let awkward = Template::from("a\"!").secret(Secret::Token).text("$b");
        assert_eq!(word(&awkward), r#"'a"!'"$PROBITY_TOKEN"'$b'"#);
    }
}
