//! Twelve spellings of a secret, as a careless device may give it back and as outputs are searched.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use md5::{Digest as _, Md5};

fn escaped(text: &str) -> String {
    text.encode_utf16()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect()
}

fn percent(text: &str, upper: bool, all: bool) -> String {
    let byte = |b: u8| match (upper, all || !b.is_ascii_alphanumeric()) {
        (_, false) => char::from(b).to_string(),
        (true, _) => format!("%{b:02X}"),
        (false, _) => format!("%{b:02x}"),
    };
    text.bytes().map(byte).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The characters of base64 that depend on the secret alone, `before` octets behind a boundary.
fn base64(text: &str, before: usize) -> String {
    let padded = ["x".repeat(before).as_bytes(), text.as_bytes()].concat();
    let whole = STANDARD.encode(&padded);
    let last = padded.len() * 8 / 6;
    let first = (before * 8).div_ceil(6);
    whole.get(first..last).unwrap_or_default().to_owned()
}

fn entities(text: &str) -> String {
    text.chars()
        .map(|c| format!("&#{};", u32::from(c)))
        .collect()
}

/// Name and text of each. A device writes them inside a JSON string or a text, as they are here.
pub fn spellings(secret: &str) -> Vec<(&'static str, String)> {
    let json = serde_json::json!(secret).to_string();
    let inner = json.get(1..json.len() - 1).unwrap_or_default();
    vec![
        ("plain", secret.to_owned()),
        ("JSON", inner.replace('/', "\\/")),
        ("\\u", escaped(secret)),
        ("percent upper", percent(secret, true, true)),
        ("percent lower", percent(secret, false, true)),
        ("percent partial", percent(secret, true, false)),
        ("base64 at 0", base64(secret, 0)),
        ("base64 at 1", base64(secret, 1)),
        ("base64 at 2", base64(secret, 2)),
        ("base64url", {
            let text = URL_SAFE_NO_PAD.encode(secret);
            text.get(..secret.len() * 8 / 6)
                .unwrap_or_default()
                .to_owned()
        }),
        ("hex", hex(secret.as_bytes())),
        ("MD5", hex(&Md5::digest(secret))),
        ("entities", entities(secret)),
    ]
}
