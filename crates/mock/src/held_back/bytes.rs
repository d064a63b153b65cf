//! What the JSON readers of firmware take beyond RFC 8259, and what they refuse of it.

use crate::fault::Planted;
use std::borrow::Cow;

/// A body as strict JSON would have to be for this device; `None`: refused as no JSON.
pub(crate) fn rewrite<'a>(body: &'a [u8], planted: &Planted) -> Option<Cow<'a, [u8]>> {
    let mut body = body;
    if planted.has("json-nul-ends") {
        let end = body.iter().position(|b| *b == 0).unwrap_or(body.len());
        body = body.get(..end).unwrap_or_default();
    }
    if (planted.has("json-first-octet") && body.first() != Some(&b'{'))
        || (planted.has("json-last-octet") && body.last() != Some(&b'}'))
        || (planted.has("json-slash-refused") && body.windows(2).any(|w| w == b"\\/"))
    {
        return None;
    }
    let Ok(text) = std::str::from_utf8(body) else {
        return Some(Cow::Borrowed(body));
    };
    let mut pieces = split(text);
    let last = pieces.len().saturating_sub(1);
    let mut stack = Vec::new();
    for at in 0..pieces.len() {
        let before = at.checked_sub(1).and_then(|b| pieces.get(b)).is_some();
        let name = pieces
            .get(at + 1)
            .is_some_and(|(_, next)| next.trim_start().starts_with(':'));
        let Some((string, piece)) = pieces.get_mut(at) else {
            continue;
        };
        if *string {
            if name && planted.has("json-escaped-names") {
                *piece = piece.replace('\\', "\\\\");
            }
            continue;
        }
        *piece = outside(piece, planted, &mut stack);
        if planted.has("json-missing-comma") && before && at < last {
            let end = piece.trim_end().chars().last();
            if !end.is_some_and(|c| ",:{[".contains(c)) {
                piece.push(',');
            }
        }
    }
    let text: String = pieces.into_iter().map(|(_, piece)| piece).collect();
    Some(Cow::Owned(text.into_bytes()))
}

/// Strings (with their quotes) and what is between them.
fn split(text: &str) -> Vec<(bool, String)> {
    let mut out = vec![(false, String::new())];
    let mut escaped = false;
    for c in text.chars() {
        let inside = out.last().is_some_and(|(string, _)| *string);
        if !inside && c == '"' {
            out.push((true, String::from(c)));
            escaped = false;
            continue;
        }
        if let Some((_, piece)) = out.last_mut() {
            piece.push(c);
        }
        if inside {
            if c == '"' && !escaped {
                out.push((false, String::new()));
            }
            escaped = c == '\\' && !escaped;
        }
    }
    out
}

fn outside(piece: &str, planted: &Planted, stack: &mut Vec<char>) -> String {
    let mut piece = piece.to_owned();
    let mut replace = |id: &str, pairs: &[(&str, &str)]| {
        if planted.has(id) {
            for (from, to) in pairs {
                piece = piece.replace(from, to);
            }
        }
    };
    let not_finite = [("-Infinity", "0.5"), ("Infinity", "0.5"), ("NaN", "0.5")];
    replace("json-nan", &not_finite);
    let python = [("True", "true"), ("False", "false"), ("None", "null")];
    replace("json-python-literals", &python);
    replace("json-semicolon", &[(";", ","), ("=>", ":"), ("=", ":")]);
    let blanks = [("\u{b}", " "), ("\u{c}", " "), ("\u{a0}", " ")];
    replace("json-any-space", &blanks);
    if planted.has("json-wrong-closer") {
        piece = piece
            .chars()
            .map(|c| match c {
                '{' | '[' => {
                    stack.push(if c == '{' { '}' } else { ']' });
                    c
                }
                '}' | ']' => stack.pop().unwrap_or(c),
                c => c,
            })
            .collect();
    }
    words(&piece, planted)
}

/// Numbers and literals.
fn words(piece: &str, planted: &Planted) -> String {
    let mut out = String::with_capacity(piece.len());
    let mut word = String::new();
    for c in piece.chars().chain([' ']) {
        if c.is_ascii_alphanumeric() || "+-.".contains(c) {
            word.push(c);
            continue;
        }
        out.push_str(&one(&word, planted));
        word.clear();
        out.push(c);
    }
    out.pop();
    out
}

fn one(word: &str, planted: &Planted) -> String {
    let hex = word
        .strip_prefix("0x")
        .or_else(|| word.strip_prefix("0X"))
        .and_then(|h| u64::from_str_radix(h, 16).ok());
    if let Some(number) = hex.filter(|_| planted.has("json-hex-numbers")) {
        return number.to_string();
    }
    let mut word = word.to_owned();
    if planted.has("json-plus-numbers")
        && let Some(rest) = word.strip_prefix('+')
    {
        word = rest.to_owned();
    }
    if planted.has("json-dot-numbers") {
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        match word.split_once('.') {
            Some((whole, "")) if digits(whole) => word.push('0'),
            Some(("", part)) if digits(part) => word.insert(0, '0'),
            _ => {}
        }
    }
    if planted.has("json-literal-prefix") {
        let known = match word.chars().next() {
            Some('t') => Some("true"),
            Some('f') => Some("false"),
            Some('n') => Some("null"),
            _ => None,
        };
        if let Some(known) = known {
            return known.to_owned();
        }
    }
    let huge = || {
        let (_, exponent) = word.split_once(['e', 'E'])?;
        exponent.trim_start_matches('+').parse::<u32>().ok()
    };
    if planted.has("huge-is-integer") && huge().is_some_and(|e| e > 308) {
        return "5060".to_owned();
    }
    word
}

/// How many names, the deepest object and the longest run of digits a body has outside strings.
pub(super) fn measure(body: &[u8]) -> (usize, usize, usize) {
    let text = String::from_utf8_lossy(body);
    let (mut names, mut depth, mut deepest, mut run, mut longest) = (0, 0_usize, 0, 0, 0);
    let outside = split(&text).into_iter().filter(|(string, _)| !string);
    for c in outside.flat_map(|(_, piece)| piece.chars().chain([' ']).collect::<Vec<_>>()) {
        match c {
            ':' => names += 1,
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        run = if c.is_ascii_digit() { run + 1 } else { 0 };
        (deepest, longest) = (deepest.max(depth), longest.max(run));
    }
    (names, deepest, longest)
}

/// Whether a body has half a surrogate pair.
pub(super) fn half_a_pair(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body).to_ascii_lowercase();
    let units: Vec<Option<u32>> = text
        .split("\\u")
        .skip(1)
        .map(|rest| {
            let alone = rest.len() > 4;
            let unit = u32::from_str_radix(rest.get(..4)?, 16).ok()?;
            Some(unit | if alone { 0x1_0000 } else { 0 })
        })
        .collect();
    units.iter().enumerate().any(|(at, unit)| {
        let Some(unit) = unit else { return false };
        let (alone, unit) = (unit & 0x1_0000 != 0, unit & 0xFFFF);
        let next = units.get(at + 1).copied().flatten().unwrap_or(0) & 0xFC00 == 0xDC00;
        let before = at
            .checked_sub(1)
            .and_then(|b| units.get(b).copied().flatten())
            .is_some_and(|u| u & 0x1_FC00 == 0xD800);
        match unit & 0xFC00 {
            0xD800 => alone || !next,
            0xDC00 => !before,
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use probity_contract::embedded::sip_settings;

    fn read(id: &str, body: &str) -> Option<serde_json::Value> {
        let (contract, profile) = sip_settings();
        let planted = Planted::new(&[id.to_owned()], &contract, &profile).ok()?;
        let bytes = rewrite(body.as_bytes(), &planted)?;
        serde_json::from_slice(&bytes).ok()
    }

    #[test]
    fn leniencies_take_what_is_no_json() {
        for (id, body) in [
            ("json-nan", "{\"a\": -Infinity, \"b\": [NaN]}"),
            ("json-python-literals", "{\"a\": None, \"b\": True}"),
            ("json-hex-numbers", "{\"a\": 0x13C4}"),
            ("json-plus-numbers", "{\"a\": +5}"),
            ("json-dot-numbers", "{\"a\": 5., \"b\": .5}"),
            (
                "json-missing-comma",
                "{\"a\": \"x\" \"b\": 5 \"c\": {}\"d\":1}",
            ),
            ("json-semicolon", "{\"a\" = 1; \"b\" => \"x;=\"}"),
            ("json-wrong-closer", "{\"a\": [1}]"),
            ("json-literal-prefix", "{\"a\": nul, \"b\": t}"),
            ("json-nul-ends", "{\"a\": 1}\0garbage"),
            ("json-any-space", "{\u{c}\"a\":\u{b}1}"),
            ("huge-is-integer", "{\"a\": 1e400}"),
        ] {
            assert!(serde_json::from_str::<serde_json::Value>(body).is_err());
            assert!(read(id, body).is_some(), "{id}");
        }
    }

    #[test]
    fn refusals_refuse_what_is_json() {
        for (id, body) in [
            ("json-slash-refused", "{\"a\": \"\\/\"}"),
            ("json-first-octet", " {\"a\": 1}"),
            ("json-last-octet", "{\"a\": 1}\n"),
        ] {
            assert_eq!(read(id, body), None, "{id}");
        }
        let named = read("json-escaped-names", "{\"\\u0061\": \"\\u0062\"}");
        assert_eq!(named, Some(serde_json::json!({"\\u0061": "b"})));
    }

    #[test]
    fn half_pairs_are_told_from_whole_ones() {
        assert!(half_a_pair(b"\"\\ud800\"") && half_a_pair(b"\"\\udc00\""));
        assert!(half_a_pair(b"\"\\ud800x\\udc00\""));
        assert!(!half_a_pair(b"\"\\uD83D\\uDE00\"") && !half_a_pair(b"\"\\u0041\""));
    }
}
