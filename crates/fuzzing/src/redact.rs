//! The redactor: no text shows a strong secret that stands in it, however it is spelled.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use probity::redact::Redactor;

/// Characters from which a secret is masked wherever it stands.
const STRONG: usize = 8;

/// The first octet is the length of the secret, which follows; the rest is the text.
pub fn body(data: &[u8]) {
    let Some((length, rest)) = data.split_first() else {
        return;
    };
    let at = usize::from(*length).min(rest.len());
    let (secret, text) = rest.split_at(at);
    let (secret, text) = (
        String::from_utf8_lossy(secret),
        String::from_utf8_lossy(text),
    );
    let redactor = Redactor::default();
    redactor.add("*", &secret);
    let masked = redactor.text(&text);
    assert!(masked.len() <= text.len().max(1) * 2, "{masked}");
    // What stands for it must not be part of it, and a blank beside it not be taken for more of it.
    let fit = secret.chars().count() >= STRONG && !secret.contains(['*', '\u{fffd}', ' ']);
    let word = secret.bytes().all(|b| b.is_ascii_alphabetic());
    if !fit || word {
        return;
    }
    for (name, spelling) in spellings(&secret) {
        let shown = redactor
            .text(&format!("{text} {spelling} {text}"))
            .into_owned();
        assert!(!shown.contains(&spelling), "{name}: {spelling}");
    }
}

fn spellings(secret: &str) -> Vec<(&'static str, String)> {
    let units = secret.encode_utf16();
    let references = secret.chars().map(|c| format!("&#{};", u32::from(c)));
    vec![
        ("plain", secret.to_owned()),
        ("JSON", units.map(|u| format!("\\u{u:04X}")).collect()),
        (
            "percent",
            utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        ),
        ("references", references.collect()),
        ("hex", secret.bytes().map(|b| format!("{b:02x}")).collect()),
    ]
}
