//! How a secret may stand in a text, beside what [`super::views`] decodes. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use md5::{Digest as _, Md5};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use sha2::{Sha256, Sha512};
use std::fmt::Write as _;

/// Shorter pieces of base64 stand in a text by chance.
const BASE64_FROM: usize = 5;

/// What RFC 3986 §2.3 leaves as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// One spelling.
pub(super) struct Spelling {
    /// Its bytes; ASCII letters are compared without case.
    pub(super) bytes: Vec<u8>,
    /// Whether it is the secret's own characters, which may be a word, and not an encoding.
    pub(super) plain: bool,
}

/// The secret as it is, in Latin-1 and as a lossy reader shows that; in base64 at any alignment, in
/// hexadecimal, also of what stands for it in a form (OAuth 2 encodes a client's secret in base64 so,
/// RFC 6749 §2.3.1) and in JSON; and its digests (MD5, SHA-1, SHA-256, SHA-512) in both.
pub(super) fn spellings(value: &str) -> Vec<Spelling> {
    let mut found: Vec<Spelling> = Vec::new();
    let mut add = |bytes: Vec<u8>, plain: bool| {
        if !bytes.is_empty() && found.iter().all(|s| s.bytes != bytes) {
            found.push(Spelling { bytes, plain });
        }
    };
    add(value.as_bytes().to_vec(), true);
    if !value.is_ascii() {
        let latin: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(c).ok()).collect();
        if let Some(latin) = latin {
            let lossy = String::from_utf8_lossy(&latin).into_owned();
            if lossy.chars().filter(char::is_ascii).count() >= 4 {
                add(lossy.into_bytes(), true);
            }
            encodings(&latin, &mut add);
            add(latin, true);
        }
    }
    // A request may hold it escaped, and be quoted encoded as a whole.
    let percent = utf8_percent_encode(value, UNRESERVED).to_string();
    let json = serde_json::Value::from(value).to_string();
    let json = json.get(1..json.len() - 1).unwrap_or_default();
    for form in [value, &percent, json] {
        encodings(form.as_bytes(), &mut add);
    }
    // Those that logins send may be quoted encoded as a whole.
    let sent = [
        Md5::digest(value.as_bytes()).to_vec(),
        Sha256::digest(value.as_bytes()).to_vec(),
    ];
    for digest in &sent {
        encodings(hex(digest).as_bytes(), &mut add);
    }
    let kept = [
        digest(&SHA1_FOR_LEGACY_USE_ONLY, value.as_bytes())
            .as_ref()
            .to_vec(),
        Sha512::digest(value.as_bytes()).to_vec(),
    ];
    for digest in sent.iter().chain(&kept) {
        encodings(digest, &mut add);
    }
    found
}

fn encodings(bytes: &[u8], add: &mut impl FnMut(Vec<u8>, bool)) {
    if bytes.len() >= 3 {
        add(hex(bytes).into_bytes(), false);
    }
    for before in 0..3usize {
        // What stands before and behind the secret decides on the characters at both ends.
        let mut padded = vec![0; before];
        padded.extend_from_slice(bytes);
        let whole = padded.len() / 3 * 4
            + match padded.len() % 3 {
                0 => 0,
                1 => 1,
                _ => 2,
            };
        let first = match before {
            0 => 0,
            1 => 2,
            _ => 3,
        };
        for engine in [STANDARD, URL_SAFE] {
            let text = engine.encode(&padded);
            let inner = text.as_bytes().get(first..whole).unwrap_or_default();
            if inner.len() >= BASE64_FROM {
                add(inner.to_vec(), false);
            }
        }
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_found_at_any_alignment() {
        let secret = "s3cret/\"p\u{e4}ss";
        let known = spellings(secret);
        for before in 0..6 {
            for after in 0..6 {
                let text = format!("{}{secret}{}", "<".repeat(before), ">".repeat(after));
                for engine in [STANDARD, URL_SAFE] {
                    let text = engine.encode(&text).into_bytes();
                    let found = known
                        .iter()
                        .any(|s| !s.plain && text.windows(s.bytes.len()).any(|w| w == s.bytes));
                    assert!(found, "{before} {after}");
                }
            }
        }
    }
}
