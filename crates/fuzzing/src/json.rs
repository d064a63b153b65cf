//! Well-formedness of JSON: [`is_json`] decides which bodies must be refused, so it is held against
//! a pushdown automaton of the grammar, against serde_json's own values, and ([`against`]) against
//! a parser that somebody else wrote.

use probity::case::wire::is_json;
use serde_json::Value;

/// The bytes are the text.
pub fn body(data: &[u8]) {
    let ours = is_json(data);
    assert_eq!(
        ours,
        grammar(data),
        "the grammar of RFC 8259 says otherwise"
    );
    match serde_json::from_slice::<Value>(data) {
        Ok(value) => {
            assert!(ours, "serde_json takes what we call no JSON");
            let written = value.to_string();
            assert!(is_json(written.as_bytes()), "{written} was written");
            let again: Value = serde_json::from_str(&written)
                .unwrap_or_else(|e| panic!("{written} was written: {e}"));
            assert_eq!(again, value);
        }
        Err(error) if ours => assert!(
            beyond_limits(&error.to_string()),
            "serde_json refuses what we call JSON: {error}"
        ),
        Err(_) => {}
    }
}

/// What a parser may refuse of the grammar (RFC 8259 §9): depth, range of numbers, escapes that
/// name no character.
fn beyond_limits(error: &str) -> bool {
    [
        "recursion limit",
        "number out of range",
        "surrogate",
        "unexpected end of hex escape",
    ]
    .iter()
    .any(|limit| error.contains(limit))
}

/// As [`body`], against another parser: `takes` says whether it takes the bytes. Depth, huge
/// numbers and lone surrogates are its own business, and where it needs no such excuse it has to
/// agree.
pub fn against(data: &[u8], takes: impl Fn(&[u8]) -> bool) {
    let (ours, theirs) = (is_json(data), takes(data));
    if ours == theirs {
        return;
    }
    // A refusal of JSON may be a limit.
    let limits = serde_json::from_slice::<Value>(data).is_err() || depth(data) > 100;
    assert!(
        ours && limits,
        "we say {ours}, the other parser {theirs}: {:?}",
        String::from_utf8_lossy(data)
    );
}

fn depth(data: &[u8]) -> usize {
    data.iter().filter(|b| matches!(b, b'[' | b'{')).count()
}

/// What the automaton waits for.
#[derive(Clone, Copy, PartialEq)]
enum Want {
    Value,
    /// A value, or the end of an array that was just opened.
    FirstItem,
    /// A name, or the end of an object that was just opened.
    FirstName,
    Name,
    Colon,
    /// A comma, or the end of what is open.
    After,
}

/// RFC 8259 §2 to §7 read aloud: UTF-8, one value, nothing but whitespace around tokens.
fn grammar(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let mut rest = text;
    let mut open: Vec<char> = Vec::new();
    let mut want = Want::Value;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        let Some(first) = rest.chars().next() else {
            return open.is_empty() && want == Want::After;
        };
        let length = match (want, first) {
            (Want::After, ',') if !open.is_empty() => {
                want = match open.last() {
                    Some('{') => Want::Name,
                    _ => Want::Value,
                };
                1
            }
            (Want::After | Want::FirstName, '}') if open.pop() == Some('{') => {
                want = Want::After;
                1
            }
            (Want::After | Want::FirstItem, ']') if open.pop() == Some('[') => {
                want = Want::After;
                1
            }
            (Want::Colon, ':') => {
                want = Want::Value;
                1
            }
            (Want::Name | Want::FirstName, '"') => {
                want = Want::Colon;
                string(rest)
            }
            (Want::Value | Want::FirstItem, _) => {
                want = Want::After;
                match first {
                    '{' => {
                        open.push('{');
                        want = Want::FirstName;
                        1
                    }
                    '[' => {
                        open.push('[');
                        want = Want::FirstItem;
                        1
                    }
                    '"' => string(rest),
                    '-' | '0'..='9' => number(rest),
                    _ => ["true", "false", "null"]
                        .iter()
                        .find(|word| rest.starts_with(**word))
                        .map_or(0, |word| word.len()),
                }
            }
            _ => 0,
        };
        match rest.get(length..) {
            Some(after) if length > 0 => rest = after,
            _ => return false,
        }
    }
}

/// Octets of the string (§7) at the start; 0: there is none.
fn string(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return at + 1,
            '\\' => match chars.next() {
                Some((_, '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't')) => {}
                Some((_, 'u')) => {
                    let hex = (&mut chars).take(4).filter(|(_, c)| c.is_ascii_hexdigit());
                    if hex.count() < 4 {
                        return 0;
                    }
                }
                _ => return 0,
            },
            '\0'..='\x1f' => return 0,
            _ => {}
        }
    }
    0
}

/// Octets of the number (§6) at the start; 0: there is none.
fn number(text: &str) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let after = |at: usize| text.get(at..).unwrap_or_default();
    let mut at = usize::from(text.starts_with('-'));
    let whole = digits(after(at));
    if whole == 0 || (whole > 1 && after(at).starts_with('0')) {
        return 0;
    }
    at += whole;
    if after(at).starts_with('.') {
        let fraction = digits(after(at + 1));
        if fraction == 0 {
            return 0;
        }
        at += 1 + fraction;
    }
    if after(at).starts_with(['e', 'E']) {
        let sign = usize::from(after(at + 1).starts_with(['+', '-']));
        let exponent = digits(after(at + 1 + sign));
        if exponent == 0 {
            return 0;
        }
        at += 1 + sign + exponent;
    }
    at
}
