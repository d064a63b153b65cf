//! JSON of a device, read by the grammar of RFC 8259 and not by the limits of our own values (§8.2
//! and §9 set texts none), and numbers compared by value, exactly.

use serde_json::{Number, Value};
use std::cmp::Ordering;

/// Values in values that are kept; what stands deeper is read as `null`.
const DEPTH: usize = 100;
/// What stands for a number that a double cannot hold.
const HUGE: &str = "1.7976931348623157e308";

/// The JSON text `body` as a value: UTF-8 with an optional byte order mark (RFC 8259 §8.1 lets
/// readers ignore it). Numbers beyond a double become the largest one, an unpaired surrogate
/// escape U+FFFD, what stands 100 values deep `null`. `None`: it is no JSON text.
#[must_use]
pub fn read(body: &[u8]) -> Option<Value> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    if let Ok(value) = serde_json::from_slice(body) {
        return Some(value);
    }
    // serde_json does not look at the encoding of strings that it skips; it skips without recursion.
    std::str::from_utf8(body).ok()?;
    serde_json::from_slice::<serde::de::IgnoredAny>(body).ok()?;
    serde_json::from_slice(&within_limits(body)).ok()
}

/// The order of two numbers by value. Integers are compared exactly, also with doubles: 2^53 + 1 is
/// not 2^53. `None` where one is no number of a machine.
#[must_use]
pub fn compare(a: &Number, b: &Number) -> Option<Ordering> {
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

/// The integer that a number is, a double without a fraction included.
fn whole(number: &Number) -> Option<i128> {
    let plain = number.as_i64().map(i128::from);
    plain
        .or_else(|| number.as_u64().map(i128::from))
        .or_else(|| {
            let value = number.as_f64()?;
            // Every double below 2^127 without a fraction is an `i128`.
            (value.fract() == 0.0 && value.abs() < 1.7e38).then_some(value as i128)
        })
}

/// A JSON text with what our values cannot hold replaced, see [`read`].
fn within_limits(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len());
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(&octet) = json.get(at) {
        let rest = &json[at..];
        let (token, length) = match octet {
            b'"' => string(rest),
            b'-' | b'0'..=b'9' => number(rest),
            _ => (vec![octet], 1),
        };
        at += length;
        let closes = matches!(octet, b']' | b'}');
        depth += usize::from(matches!(octet, b'[' | b'{'));
        match depth.cmp(&DEPTH) {
            Ordering::Less => out.extend_from_slice(&token),
            Ordering::Equal if matches!(octet, b'[' | b'{') => out.extend_from_slice(b"null"),
            _ => {}
        }
        depth = depth.saturating_sub(usize::from(closes));
    }
    out
}

/// The number at the start of a text, and its length there.
fn number(text: &[u8]) -> (Vec<u8>, usize) {
    let in_number = |b: &&u8| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    let length = text.iter().take_while(in_number).count();
    let token = &text[..length];
    let value = std::str::from_utf8(token)
        .ok()
        .and_then(|n| n.parse::<f64>().ok());
    let token = match value {
        Some(f64::INFINITY) => HUGE.as_bytes().to_vec(),
        Some(f64::NEG_INFINITY) => format!("-{HUGE}").into_bytes(),
        _ => token.to_vec(),
    };
    (token, length)
}

/// The string at the start of a text, and its length there.
fn string(text: &[u8]) -> (Vec<u8>, usize) {
    let mut out = vec![b'"'];
    let mut at = 1;
    while let Some(&octet) = text.get(at) {
        let rest = &text[at..];
        let (token, length): (&[u8], usize) = match (octet, surrogate(rest)) {
            (b'"', _) => {
                out.push(octet);
                return (out, at + 1);
            }
            (b'\\', Some(0xD800..=0xDBFF))
                if matches!(rest.get(6..).and_then(surrogate), Some(0xDC00..=0xDFFF)) =>
            {
                (&rest[..12], 12)
            }
            (b'\\', Some(_)) => (b"\\ufffd", 6),
            (b'\\', None) => (rest.get(..2).unwrap_or(rest), 2),
            _ => (&rest[..1], 1),
        };
        out.extend_from_slice(token);
        at += length;
    }
    (out, at)
}

/// The surrogate whose escape stands at the start of a text.
fn surrogate(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    let unit = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    (0xD800..=0xDFFF).contains(&unit).then_some(unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_grammar_allows_is_json() {
        let nines = "9".repeat(1_000);
        let deep = format!(
            "{{\"a\":{}{},\"b\":1}}",
            "[".repeat(5_000),
            "]".repeat(5_000)
        );
        let mut kept = json!(null);
        for _ in 0..DEPTH - 2 {
            kept = json!([kept]);
        }
        let table = [
            (
                format!("{{\"a\":{nines},\"b\":[-1e999,2]}}"),
                Some(json!({"a": f64::MAX, "b": [-f64::MAX, 2]})),
            ),
            (
                format!("{{\"a\":1e999,\"b\":\"x\\\"{nines}\"}}"),
                Some(json!({"a": f64::MAX, "b": format!("x\"{nines}")})),
            ),
            (
                r#"["\ud800","\udc00\ud83d\ude00\\","\ud800\n"]"#.to_owned(),
                Some(json!(["\u{fffd}", "\u{fffd}😀\\", "\u{fffd}\n"])),
            ),
            (deep, Some(json!({"a": kept, "b": 1}))),
            ("\u{feff}{\"a\":1}".to_owned(), Some(json!({"a": 1}))),
            (format!("0{nines}"), None),
            (format!("{nines}."), None),
            (format!("[{nines}"), None),
            ("[".repeat(5_000), None),
            ("\"\\ud800".to_owned(), None),
        ];
        for (text, value) in table {
            assert_eq!(read(text.as_bytes()), value, "{text}");
        }
        assert_eq!(read(b"\"\xff\\ud800\""), None);
    }

    #[test]
    fn numbers_compare_by_value_and_exactly() {
        let n = |text: &str| serde_json::from_str::<Number>(text).expect("a number");
        for (a, b, order) in [
            ("9007199254740993", "9007199254740992", Ordering::Greater),
            ("9007199254740993", "9007199254740992.0", Ordering::Greater),
            ("9223372036854775807", "9223372036854775808", Ordering::Less),
            (
                "18446744073709551615",
                "18446744073709551616",
                Ordering::Less,
            ),
            ("5060", "5060.0", Ordering::Equal),
            ("0", "-0.0", Ordering::Equal),
            ("0.5", "1", Ordering::Less),
            ("1e300", "2", Ordering::Greater),
        ] {
            assert_eq!(compare(&n(a), &n(b)), Some(order), "{a} {b}");
            assert_eq!(compare(&n(b), &n(a)), Some(order.reverse()), "{b} {a}");
        }
    }
}
