//! One JSON value in different bytes (RFC 8259): white space, escapes, order of members. What a
//! parser by hand gets wrong.

use serde_json::{Map, Value};

/// A way to write JSON.
pub(super) struct Spelling {
    /// Stable word for ids.
    pub name: &'static str,
    /// In words, after a comma.
    pub title: &'static str,
    /// See [`super::model::Case::tier`].
    pub tier: u8,
    /// What the value must hold for the spelling to show.
    pub wants: &'static str,
    /// Writes the value.
    pub write: fn(&Value) -> Vec<u8>,
}

/// All of them, the most telling first.
pub(super) fn spellings() -> &'static [Spelling] {
    SPELLINGS
}

const SPELLINGS: &[Spelling] = &[
    Spelling {
        name: "reversed",
        title: "in reverse order",
        tier: 1,
        wants: "",
        write: |v| reversed(v).to_string().into_bytes(),
    },
    Spelling {
        name: "escaped",
        title: "all text as \\u escapes, names too",
        tier: 1,
        wants: "",
        write: |v| {
            let style = Style {
                escape: escape_all,
                ..Style::default()
            };
            write(v, &style)
        },
    },
    Spelling {
        name: "spaced",
        title: "with every kind of white space between tokens",
        tier: 2,
        wants: "",
        write: |v| {
            let style = Style {
                gap: " \t\r\n ",
                ..Style::default()
            };
            write(v, &style)
        },
    },
    Spelling {
        name: "escaped-capitals",
        title: "values as \\u escapes with capital digits",
        tier: 2,
        wants: "",
        write: |v| {
            let style = Style {
                escape: escape_capitals,
                ..Style::default()
            };
            write(v, &style)
        },
    },
    Spelling {
        name: "solidus",
        title: "with \\/ for / and short escapes where they exist",
        tier: 2,
        wants: "/",
        write: |v| {
            let style = Style {
                escape: escape_short,
                ..Style::default()
            };
            write(v, &style)
        },
    },
    Spelling {
        name: "padded",
        title: "with 1400 spaces before and line ends behind",
        tier: 2,
        wants: "",
        write: |v| {
            // More than a TCP segment of 1,460 octets holds, less than 2 KiB.
            let mut out = " ".repeat(1_400).into_bytes();
            out.extend(v.to_string().into_bytes());
            out.extend(b"\r\n\r\n");
            out
        },
    },
    Spelling {
        name: "indented",
        title: "indented, a member a line",
        tier: 1,
        wants: "",
        write: |v| format!("{v:#}").into_bytes(),
    },
];

struct Style {
    gap: &'static str,
    escape: fn(&str) -> String,
}

impl Default for Style {
    fn default() -> Self {
        Style {
            gap: "",
            escape: |text| Value::from(text).to_string(),
        }
    }
}

fn write(value: &Value, style: &Style) -> Vec<u8> {
    fn go(value: &Value, style: &Style, out: &mut String) {
        let list = |out: &mut String, i: usize| {
            if i > 0 {
                out.push(',');
            }
            out.push_str(style.gap);
        };
        match value {
            Value::Object(map) => {
                out.push('{');
                for (i, (name, member)) in map.iter().enumerate() {
                    list(out, i);
                    out.push_str(&(style.escape)(name));
                    out.push_str(style.gap);
                    out.push(':');
                    out.push_str(style.gap);
                    go(member, style, out);
                    out.push_str(style.gap);
                }
                out.push('}');
            }
            Value::Array(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    list(out, i);
                    go(item, style, out);
                    out.push_str(style.gap);
                }
                out.push(']');
            }
            Value::String(text) => out.push_str(&(style.escape)(text)),
            scalar => out.push_str(&scalar.to_string()),
        }
    }
    let mut out = style.gap.to_owned();
    go(value, style, &mut out);
    out.push_str(style.gap);
    out.into_bytes()
}

/// Every UTF-16 unit as `\uXXXX` (RFC 8259 §7).
fn escape_all(text: &str) -> String {
    let units: String = text.encode_utf16().map(|u| format!("\\u{u:04x}")).collect();
    format!("\"{units}\"")
}

fn escape_capitals(text: &str) -> String {
    let units: String = text.encode_utf16().map(|u| format!("\\u{u:04X}")).collect();
    format!("\"{units}\"")
}

fn escape_short(text: &str) -> String {
    Value::from(text).to_string().replace('/', "\\/")
}

fn reversed(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let members = map.iter().rev().map(|(n, v)| (n.clone(), reversed(v)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(reversed).collect()),
        scalar => scalar.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_spelling_means_the_same() {
        let value = json!({"a/b": "x/y \"é😀\"\n", "n": [1, 2.5, true, null, {"k": ""}], "o": {}});
        for spelling in SPELLINGS {
            let bytes = (spelling.write)(&value);
            let read: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            assert_eq!(read, value, "{}", spelling.name);
            assert_ne!(bytes, value.to_string().into_bytes(), "{}", spelling.name);
        }
    }
}
