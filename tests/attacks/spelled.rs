//! The spellings of a secret, as a careless device may give it back and as outputs are searched.

use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use md5::{Digest as _, Md5};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use sha2::{Sha256, Sha512};

fn escaped(text: &str, upper: bool) -> String {
    let unit = |unit: u16| match upper {
        true => format!("\\u{unit:04X}"),
        false => format!("\\u{unit:04x}"),
    };
    text.encode_utf16().map(unit).collect()
}

/// Which octets are percent-encoded, and how.
#[derive(Clone, Copy, PartialEq)]
enum Percent {
    Upper,
    Lower,
    /// Every second octet, with digits of both cases.
    Mixed,
    /// What is no letter or digit.
    Partial,
    /// What RFC 3986 §2.3 does not leave as it is: how a form is sent.
    Form,
}

fn percent(text: &str, how: Percent) -> String {
    let byte = |(at, b): (usize, u8)| match how {
        Percent::Lower => format!("%{b:02x}"),
        Percent::Partial if b.is_ascii_alphanumeric() => char::from(b).to_string(),
        Percent::Form if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => {
            char::from(b).to_string()
        }
        Percent::Mixed if at % 2 == 1 && b.is_ascii_alphanumeric() => char::from(b).to_string(),
        Percent::Mixed if at % 4 == 0 => format!("%{b:02x}"),
        _ => format!("%{b:02X}"),
    };
    text.bytes().enumerate().map(byte).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The characters of base64 that depend on the secret alone, `before` octets behind a boundary.
fn base64(with: &impl base64::Engine, text: &str, before: usize) -> String {
    let padded = ["x".repeat(before).as_bytes(), text.as_bytes()].concat();
    let whole = with.encode(&padded);
    let last = padded.len() * 8 / 6;
    let first = (before * 8).div_ceil(6);
    whole.get(first..last).unwrap_or_default().to_owned()
}

fn entities(text: &str, hexadecimal: bool) -> String {
    let one = |c: char| match hexadecimal {
        true => format!("&#x{:X};", u32::from(c)),
        false => format!("&#{};", u32::from(c)),
    };
    text.chars().map(one).collect()
}

/// Name and text of each. A device writes them inside a JSON string or a text, as they are here.
pub fn spellings(secret: &str) -> Vec<(&'static str, String)> {
    let json = serde_json::json!(secret).to_string();
    let inner = json.get(1..json.len() - 1).unwrap_or_default();
    let form = percent(secret, Percent::Form);
    let each = |how: fn(&u8) -> String| secret.bytes().map(|b| how(&b)).collect::<Vec<_>>();
    vec![
        ("plain", secret.to_owned()),
        ("JSON", inner.to_owned()),
        ("JSON with \\/", inner.replace('/', "\\/")),
        ("\\u lower", escaped(secret, false)),
        ("\\u upper", escaped(secret, true)),
        (
            "\\u in a string of JSON",
            escaped(secret, false).replace('\\', "\\\\"),
        ),
        ("percent upper", percent(secret, Percent::Upper)),
        ("percent lower", percent(secret, Percent::Lower)),
        ("percent mixed", percent(secret, Percent::Mixed)),
        ("percent partial", percent(secret, Percent::Partial)),
        ("percent twice", percent(&form, Percent::Upper)),
        ("base64 at 0", base64(&STANDARD, secret, 0)),
        ("base64 at 1", base64(&STANDARD, secret, 1)),
        ("base64 at 2", base64(&STANDARD, secret, 2)),
        ("base64url at 0", base64(&URL_SAFE, secret, 0)),
        ("base64url at 1", base64(&URL_SAFE, secret, 1)),
        ("base64url at 2", base64(&URL_SAFE, secret, 2)),
        ("base64 of the form", base64(&STANDARD, &form, 1)),
        ("base64 of the JSON", base64(&STANDARD, inner, 2)),
        ("hex lower", hex(secret.as_bytes())),
        ("hex upper", hex(secret.as_bytes()).to_uppercase()),
        ("MD5", hex(&Md5::digest(secret))),
        ("MD5 upper", hex(&Md5::digest(secret)).to_uppercase()),
        ("SHA-256", hex(&Sha256::digest(secret))),
        ("entities", entities(secret, false)),
        ("entities in hex", entities(secret, true)),
        ("octal", each(|b| format!("\\{b:03o}")).concat()),
        (
            "\\U",
            secret
                .chars()
                .map(|c| format!("\\U{:08x}", u32::from(c)))
                .collect(),
        ),
        ("quoted-printable", each(|b| format!("={b:02X}")).concat()),
        ("a dump", each(|b| format!("{b:02x}")).join(" ")),
        ("a dump with colons", each(|b| format!("{b:02X}")).join(":")),
        ("a dump of C", each(|b| format!("0x{b:02x}")).join(", ")),
        (
            "SHA-1",
            hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes()).as_ref()),
        ),
        ("SHA-512", hex(&Sha512::digest(secret))),
    ]
}
