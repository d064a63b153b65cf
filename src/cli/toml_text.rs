//! Lines of TOML in which any text of a document can stand.

use crate::report::visible::{begins_command, line};
use serde_json::Value;

/// A string of TOML 1.0 on one line that shows every character: what a terminal would hide or act on
/// is escaped, so no door has to change it.
pub(in crate::cli) fn text(text: &str) -> String {
    let mut out = String::from("\"");
    for (at, c) in text.char_indices() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            // The quote in front of it makes no beginning of a line.
            c if begins_command(text, at) => out.push_str(&format!("\\U{:08X}", u32::from(c))),
            c if line(c.encode_utf8(&mut [0; 4])).chars().eq([c]) => out.push(c),
            c => out.push_str(&format!("\\U{:08X}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// A JSON value as TOML on one line; `None`: TOML has none for it.
pub(in crate::cli) fn value(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        // Its integers have 64 bits with a sign.
        Value::Number(number) if number.is_u64() && !number.is_i64() => None,
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::String(string) => Some(text(string)),
        Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(self::value).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        Value::Object(members) => {
            let member = |(name, member): (&String, &Value)| {
                Some(format!("{} = {}", key(name), self::value(member)?))
            };
            let members: Option<Vec<String>> = members.iter().map(member).collect();
            Some(format!("{{ {} }}", members?.join(", ")))
        }
    }
}

/// A key of TOML.
pub(in crate::cli) fn key(name: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    match !name.is_empty() && name.bytes().all(bare) {
        true => name.to_owned(),
        false => text(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_value_reads_back_from_toml() {
        for given in [
            serde_json::json!({"a b": [1, -2.5, true, "x\"\n"], "c": {"d": []}, "e": {}}),
            serde_json::json!([["a"], [1]]),
            serde_json::json!("\u{202e}"),
        ] {
            let written = format!("x = {}\n", value(&given).expect("TOML has it"));
            let read: toml::Table = written.parse().expect("TOML");
            let read = serde_json::to_value(&read).expect("JSON");
            assert_eq!(read.get("x"), Some(&given), "{written}");
        }
        for none in [serde_json::json!([null]), serde_json::json!(u64::MAX)] {
            assert_eq!(value(&none), None);
        }
    }

    #[test]
    fn any_text_reads_back_from_toml() {
        for given in [
            "",
            "plain",
            "a \"quoted\" \\ one",
            "lines\r\n\tand\u{0}\u{1b}[2J\u{7f}\u{85}\u{202e}\u{feff}\u{ffff}\u{1d173}é漢🦀",
        ] {
            let written = format!("{} = {}\n", key(given), text(given));
            assert_eq!(written.lines().count(), 1, "{written}");
            let read: toml::Table = written.parse().expect("TOML");
            assert_eq!(read.get(given).and_then(|v| v.as_str()), Some(given));
        }
    }
}
