//! Words that inputs are made of: common ones, the contract's own, and the user's.

use crate::contract::{Contract, Schema};
use crate::files;
use serde_json::Value;
use std::path::Path;

/// Texts that firmware trips over. None does harm where it works.
const COMMON: &[&str] = &[
    "",
    " ",
    "0",
    "-1",
    "1",
    "null",
    "true",
    "false",
    "undefined",
    "NaN",
    "admin",
    "root",
    "test",
    "debug",
    "default",
    "guest",
    "user",
    "password",
    "none",
    "any",
    "*",
    "%",
    "%s",
    "%n",
    "%x",
    "%00",
    "%0a",
    "%2e",
    "\\",
    "\\n",
    "\"",
    "'",
    "`",
    "$",
    "$HOME",
    "${x}",
    "$(true)",
    ";",
    "|",
    "&",
    "&amp;",
    "<",
    ">",
    "<b>",
    "#",
    "~",
    "~root",
    "?",
    "/",
    "//",
    "../",
    "..",
    ".",
    ":",
    "::",
    "::1",
    ",",
    "=",
    "@",
    "{",
    "}",
    "[",
    "]",
    "()",
    "+",
    "-",
    "--",
    "_",
    "\0",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\u{1b}[0m",
    "\u{7f}",
    "\u{80}",
    "\u{a0}",
    "\u{ad}",
    "é",
    "ß",
    "İ",
    "ſ",
    "\u{301}",
    "\u{200b}",
    "\u{200d}",
    "\u{202e}",
    "\u{2028}",
    "\u{2029}",
    "\u{feff}",
    "\u{fffd}",
    "\u{ffff}",
    "😀",
    "\u{10ffff}",
    "127.0.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "localhost",
    "[::1]",
    "a.b",
    "xn--a",
    "http://",
    "sip:",
    "sips:",
    "file:///",
    "__proto__",
    "constructor",
    "toString",
    "$ref",
    "id",
    "type",
    "name",
    "value",
    "enabled",
    "mode",
    "version",
    "format",
];

/// Names of members that no page names and that implementations read all the same.
const NAMES: &[&str] = &[
    "__proto__",
    "constructor",
    "debug",
    "test",
    "admin",
    "id",
    "force",
    "factory",
    "reset",
    "reboot",
    "save",
    "apply",
    "token",
    "$ref",
    "$schema",
    "type",
    "",
    " ",
    "a",
    "\0",
    "é",
];

/// Numbers at which machine types, protocols and tables end.
const NUMBERS: &[f64] = &[
    0.0,
    1.0,
    -1.0,
    2.0,
    7.0,
    8.0,
    9.0,
    10.0,
    15.0,
    16.0,
    31.0,
    32.0,
    63.0,
    64.0,
    80.0,
    99.0,
    100.0,
    127.0,
    128.0,
    255.0,
    256.0,
    443.0,
    511.0,
    512.0,
    999.0,
    1_000.0,
    1_023.0,
    1_024.0,
    3_478.0,
    4_095.0,
    4_096.0,
    5_060.0,
    5_061.0,
    8_080.0,
    9_999.0,
    10_000.0,
    16_383.0,
    16_384.0,
    32_767.0,
    32_768.0,
    49_152.0,
    60_000.0,
    65_534.0,
    65_535.0,
    65_536.0,
    99_999.0,
    1_000_000.0,
    16_777_216.0,
    2_147_483_647.0,
    2_147_483_648.0,
    4_294_967_295.0,
    4_294_967_296.0,
    9_007_199_254_740_992.0,
    -32_768.0,
    -2_147_483_648.0,
];

/// Words to choose from.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    /// Texts.
    pub words: Vec<String>,
    /// Names of members.
    pub names: Vec<String>,
    /// Numbers.
    pub numbers: Vec<f64>,
}

impl Dictionary {
    /// Common words, those of the contract, and `more`.
    pub fn new(contract: &Contract, more: &[String]) -> Dictionary {
        let mut dictionary = Dictionary {
            words: COMMON.iter().map(|w| (*w).to_owned()).collect(),
            names: NAMES.iter().map(|w| (*w).to_owned()).collect(),
            numbers: NUMBERS.to_vec(),
        };
        for operation in &contract.operations {
            for field in operation.fields() {
                if let Some(name) = field.path.leaf() {
                    dictionary.word(name);
                    dictionary.name(name);
                }
                dictionary.schema(field.schema);
            }
            for parameter in &operation.parameters {
                dictionary.word(&parameter.name);
                dictionary.schema(&parameter.schema);
            }
        }
        for word in more {
            dictionary.word(word);
            dictionary.name(word);
        }
        dictionary
    }

    fn schema(&mut self, schema: &Schema) {
        let values = schema.enum_values.iter().flatten();
        for value in values.chain(&schema.examples).chain(&schema.const_value) {
            match value {
                Value::String(text) => self.word(text),
                Value::Number(n) => self.numbers.extend(n.as_f64()),
                _ => {}
            }
        }
        for bound in [&schema.minimum, &schema.maximum].into_iter().flatten() {
            if let Some(n) = bound.value.as_f64() {
                self.numbers.extend([n - 1.0, n, n + 1.0]);
            }
        }
    }

    fn word(&mut self, word: &str) {
        if !self.words.iter().any(|w| w == word) {
            self.words.push(word.to_owned());
        }
    }

    fn name(&mut self, name: &str) {
        if !self.names.iter().any(|n| n == name) {
            self.names.push(name.to_owned());
        }
    }
}

/// Reads a user's dictionary: one word a line, or as AFL and libFuzzer write it (`name="text"`,
/// `"text"`, with `\\`, `\"` and `\xNN`); `#` begins a comment line.
///
/// # Errors
/// The file cannot be read, or a line is not as above; names file and line.
pub fn read(path: &Path) -> Result<Vec<String>, String> {
    let named = |e: String| format!("--dictionary {}: {e}", path.display());
    let text =
        files::read_text(path, files::TEXT, "dictionary").map_err(|e| named(e.to_string()))?;
    parse(&text).map_err(named)
}

/// [`read`] of a text.
///
/// # Errors
/// As [`read`], without the file.
pub fn parse(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        words.push(word(line).map_err(|e| format!("line {}: {e}", at + 1))?);
    }
    Ok(words)
}

fn word(line: &str) -> Result<String, String> {
    let quoted = match line.split_once("=\"") {
        Some((name, rest))
            if name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_@".contains(c)) =>
        {
            Some(rest)
        }
        _ => line.strip_prefix('"'),
    };
    let Some(quoted) = quoted else {
        return Ok(line.to_owned());
    };
    let inner = quoted
        .strip_suffix('"')
        .ok_or("it has no closing quotation mark")?;
    let mut bytes = Vec::new();
    let mut rest = inner.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(b @ (b'\\' | b'"')) => bytes.push(b),
            Some(b'x') => {
                let digits: Vec<u8> = rest.by_ref().take(2).collect();
                let digits = String::from_utf8_lossy(&digits).into_owned();
                // A sign is no digit, though the conversion takes one.
                let byte = Some(digits.as_str())
                    .filter(|digits| digits.len() == 2 && !digits.starts_with('+'))
                    .and_then(|digits| u8::from_str_radix(digits, 16).ok())
                    .ok_or_else(|| format!("`\\x{digits}` is no octet"))?;
                bytes.push(byte);
            }
            _ => return Err("an escape is none of \\\\, \\\" and \\xNN".to_owned()),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn words_plain_and_quoted() {
        let table = [
            ("plain word", Ok("plain word")),
            ("kw=\"a\\x41\\\\\\\"\"", Ok("aA\\\"")),
            ("\"x\"", Ok("x")),
            ("a=b", Ok("a=b")),
            ("\"open", Err("closing")),
            ("\"\\q\"", Err("escape")),
            ("\"\\xZZ\"", Err("octet")),
            ("\"\\x+f\"", Err("octet")),
            ("\"\\x4\"", Err("octet")),
        ];
        for (line, want) in table {
            match (word(line), want) {
                (Ok(got), Ok(want)) => assert_eq!(got, want, "{line}"),
                (Err(got), Err(want)) => assert!(got.contains(want), "{line}: {got}"),
                (got, _) => panic!("{line}: {got:?}"),
            }
        }
    }
}
