//! Reads the JSON of an answer.

use serde_json::Value;

/// JSON of a body: UTF-8 with an optional byte order mark (RFC 8259 §8.1 lets readers ignore it).
pub(crate) fn parse_json(body: &[u8]) -> Option<Value> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    if let Ok(value) = serde_json::from_slice(body) {
        return Some(value);
    }
    // RFC 8259 §6 sets numbers no limit; the values that we compare have one.
    serde_json::from_slice::<serde::de::IgnoredAny>(body).ok()?;
    serde_json::from_slice(&within_range(body)).ok()
}

/// The text with every number beyond what a double holds replaced by 0.
fn within_range(json: &[u8]) -> Vec<u8> {
    let (mut out, mut text, mut at) = (Vec::with_capacity(json.len()), false, 0);
    while let Some(&octet) = json.get(at) {
        let rest = json.get(at..).unwrap_or_default();
        let in_number = |b: &u8| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = match octet {
            b'\\' => 2,
            b'-' | b'0'..=b'9' if !text => rest.iter().take_while(|b| in_number(b)).count(),
            _ => 1,
        };
        text ^= octet == b'"';
        let token = rest.get(..length).unwrap_or(rest);
        let number = std::str::from_utf8(token).ok();
        match number.and_then(|n| n.parse::<f64>().ok()) {
            Some(value) if value.is_infinite() => out.push(b'0'),
            _ => out.extend_from_slice(token),
        }
        at += length.max(1);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_beyond_a_double_are_json() {
        let nines = "9".repeat(1_000);
        let table = [
            (
                format!("{{\"a\":{nines},\"b\":[-1e999,2]}}"),
                Some(json!({"a": 0, "b": [0, 2]})),
            ),
            (
                format!("{{\"a\":1e999,\"b\":\"x\\\"{nines}\"}}"),
                Some(json!({"a": 0, "b": format!("x\"{nines}")})),
            ),
            ("\u{feff}{\"a\":1}".to_owned(), Some(json!({"a": 1}))),
            (format!("0{nines}"), None),
            (format!("{nines}."), None),
            (format!("[{nines}"), None),
        ];
        for (text, value) in table {
            assert_eq!(parse_json(text.as_bytes()), value, "{text}");
        }
    }
}
