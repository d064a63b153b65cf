//! Values that are not JSON inside a body that otherwise is: numbers, strings and words as other
//! languages and lenient parsers write them; part of the strategy `json-syntax`.
//!
//! A token is chosen so that a lenient parser reads a value out of it that the page allows:
//! otherwise the device would refuse that value, and its leniency would not show.

use super::edits::append;
use super::syntax::Broken;
use super::{EXTRA, THOROUGH};
use crate::case::Fault;
use crate::case::build::{emit, emit_with_raw, set};
use crate::case::builder::ExchangeCases;
use crate::contract::{FaultKind, FieldPath};
use crate::pattern::Assessment;
use serde_json::Value;

/// Where a token goes: a field of the body, or a member that no page names.
enum Place {
    Field(FieldPath),
    Extra,
}

impl Place {
    fn body(&self, body: &Value, token: &[u8]) -> Vec<u8> {
        match self {
            Place::Field(path) => {
                // The token need not be UTF-8, so it goes in where a word stands that occurs once.
                let holder = "\u{1}token\u{1}";
                let text = emit_with_raw(body, path, holder);
                splice(&text, holder.as_bytes(), token)
            }
            Place::Extra => {
                let text = emit(body);
                let member = [format!("\"{EXTRA}\":").as_bytes(), token].concat();
                append(&text, &member).unwrap_or(text)
            }
        }
    }

    /// What a reader may complain about that understands the token.
    fn faults(&self) -> Vec<Fault> {
        let path = match self {
            Place::Field(path) => path.clone(),
            Place::Extra => FieldPath::root().member(EXTRA),
        };
        let kinds: &[FaultKind] = match self {
            Place::Field(_) => &[FaultKind::WrongType, FaultKind::Constraint, FaultKind::Null],
            Place::Extra => &[FaultKind::UnknownMember],
        };
        kinds.iter().map(|kind| Fault::at(*kind, &path)).collect()
    }

    fn word(&self) -> String {
        match self {
            Place::Field(path) => path.dotted(),
            Place::Extra => format!("a member {EXTRA}"),
        }
    }
}

fn splice(text: &[u8], holder: &[u8], token: &[u8]) -> Vec<u8> {
    match text.windows(holder.len()).position(|w| w == holder) {
        Some(at) => super::edits::replace(text, at, holder.len(), token),
        None => text.to_vec(),
    }
}

fn broken(
    about: &'static str,
    (name, tier): (&'static str, u8),
    what: &str,
    place: &Place,
    body: &Value,
    token: &[u8],
) -> Broken {
    Broken {
        about,
        name,
        title: format!("has {what} for {}", place.word()),
        tier,
        bytes: place.body(body, token),
        also: place.faults(),
    }
}

/// Numbers that RFC 8259 §6 does not allow, each worth the number that stood there.
pub(super) fn numbers(builder: &ExchangeCases<'_, '_>, body: &Value) -> Vec<Broken> {
    let (place, n) = match builder.number(body) {
        Some((path, n)) => (Place::Field(path), n),
        None => (Place::Extra, 12),
    };
    let digits = n.to_string();
    let tokens = [
        ("leading-zero", 0, "a leading zero", format!("0{n}")),
        ("plus", 1, "a leading plus", format!("+{n}")),
        ("hexadecimal", 1, "a hexadecimal number", format!("0x{n:x}")),
        (
            "no-fraction",
            1,
            "a point without digits behind it",
            format!("{n}."),
        ),
        (
            "no-integer",
            2,
            "a point without digits before it",
            format!(".{digits}e{}", digits.len()),
        ),
        ("not-a-number", 1, "NaN", "NaN".to_owned()),
        ("infinity", 2, "Infinity", "Infinity".to_owned()),
        (
            "minus-infinity",
            THOROUGH,
            "-Infinity",
            "-Infinity".to_owned(),
        ),
        (
            "no-exponent",
            3,
            "an exponent without digits",
            format!("{n}e"),
        ),
        ("two-points", 3, "two points", format!("{n}.0.0")),
        ("octal", THOROUGH, "an octal number", format!("0o{n:o}")),
        ("binary", THOROUGH, "a binary number", format!("0b{n:b}")),
        (
            "underscore",
            3,
            "an underscore in the number",
            underscored(&digits),
        ),
        ("unit", 3, "letters behind the number", format!("{n}abc")),
        ("suffix", THOROUGH, "a type suffix", format!("{n}L")),
        ("two-signs", 4, "two signs", format!("--{n}")),
        (
            "space-inside",
            3,
            "a space inside the number",
            format!("{n} 0"),
        ),
        ("expression", 4, "a sum", format!("{n}+0")),
        ("wide-digits", 4, "full-width digits", wide(&digits)),
        ("minus-alone", 3, "a minus alone", "-".to_owned()),
    ];
    tokens
        .into_iter()
        .map(|(name, tier, what, token)| {
            broken(
                "numbers",
                (name, tier),
                what,
                &place,
                body,
                token.as_bytes(),
            )
        })
        .collect()
}

/// `19_302`; one digit alone gets its underscore behind it.
fn underscored(digits: &str) -> String {
    let at = digits.len().saturating_sub(3).max(1);
    let (head, tail) = digits.split_at(at);
    format!("{head}_{tail}")
}

/// The digits as U+FF10 to U+FF19.
fn wide(digits: &str) -> String {
    let wide = |c: char| c.to_digit(10).and_then(|d| char::from_u32(0xFF10 + d));
    digits.chars().map(|c| wide(c).unwrap_or(c)).collect()
}

/// Where the text that a lenient parser would read is one that the page may allow; a member that
/// no page names where there is no such field.
fn place_for(
    builder: &ExchangeCases<'_, '_>,
    body: &Value,
    read: &dyn Fn(&str) -> String,
) -> (Place, String) {
    let good = |(path, text): &(FieldPath, String)| {
        let read = Value::from(read(text));
        set(body, path, read)
            .is_some_and(|body| builder.certainty(&body) != Assessment::SurelyInvalid)
    };
    match builder.strings(body).into_iter().find(good) {
        Some((path, text)) => (Place::Field(path), text),
        None => (Place::Extra, EXTRA.to_owned()),
    }
}

/// Strings that RFC 8259 §7 and §8.1 do not allow.
pub(super) fn strings(builder: &ExchangeCases<'_, '_>, body: &Value) -> Vec<Broken> {
    let mut out = escapes(builder, body);
    out.extend(ended(builder, body, &CONTROLS));
    out.extend(bad_utf8(builder, body));
    out
}

/// Escapes that JSON does not have. The first letter of the text is written so that a parser that
/// knows the escape, or drops the reverse solidus, reads the same text.
fn escapes(builder: &ExchangeCases<'_, '_>, body: &Value) -> Vec<Broken> {
    let same = |text: &str| text.to_owned();
    let (place, text) = place_for(builder, body, &same);
    let mut chars = text.chars();
    let (Some(first), rest) = (chars.next(), chars.as_str()) else {
        return Vec::new();
    };
    let mut out: Vec<Broken> = escapes_of(first, rest)
        .into_iter()
        .map(|(name, tier, what, token)| {
            let token = format!("\"{token}\"");
            broken(
                "strings",
                (name, tier),
                what,
                &place,
                body,
                token.as_bytes(),
            )
        })
        .collect();
    out.extend(ended(builder, body, &ESCAPES_AT_END));
    out
}

/// Tokens that a lenient parser reads as `first` and `rest`: name, tier, words and the string.
fn escapes_of(first: char, rest: &str) -> Vec<(&'static str, u8, &'static str, String)> {
    let code = u32::from(first);
    let mut tokens = vec![
        (
            "escape-x",
            0,
            "the escape \\x",
            format!("\\x{code:02x}{rest}"),
        ),
        (
            "escape-u-brace",
            3,
            "the escape \\u{}",
            format!("\\u{{{code:x}}}{rest}"),
        ),
        (
            "escape-u-two",
            3,
            "\\u with two digits",
            format!("\\u{code:02x}"),
        ),
        (
            "escape-u-letters",
            2,
            "\\u with letters that are no digits",
            format!("\\u00g{rest}"),
        ),
        (
            "escape-u-three",
            THOROUGH,
            "\\u with three digits at the end",
            format!("{first}{rest}\\u004"),
        ),
        (
            "escape-u-sign",
            4,
            "\\u with a sign",
            format!("\\u+{code:03x}{rest}"),
        ),
        (
            "escape-capital-u",
            3,
            "the escape \\U",
            format!("\\U{code:08x}{rest}"),
        ),
        (
            "escape-octal",
            3,
            "an octal escape",
            format!("\\{code:03o}{rest}"),
        ),
    ];
    let known = "bfnrtu\"\\/";
    if first.is_ascii_alphabetic() && !known.contains(first) {
        tokens.push((
            "escape-letter",
            1,
            "an escaped letter",
            format!("\\{first}{rest}"),
        ));
    }
    tokens
}

/// Escapes behind a text: name, tier, words, the escape, and what a lenient parser reads for it.
const ESCAPES_AT_END: [Ending; 4] = [
    ("escape-quote", 1, "an escaped apostrophe", "\\'", "'"),
    ("escape-nul", 2, "the escape \\0", "\\0", ""),
    ("escape-line", THOROUGH, "an escaped line end", "\\\n", ""),
    ("escape-v", THOROUGH, "the escape \\v", "\\v", "v"),
];

/// Control characters as they are, which RFC 8259 §7 wants escaped.
const CONTROLS: [Ending; 7] = [
    ("raw-tab", 0, "a raw TAB", "\t", "\t"),
    ("raw-line-feed", 1, "a raw line feed", "\n", "\n"),
    ("raw-return", 3, "a raw carriage return", "\r", "\r"),
    ("raw-nul", 1, "a raw NUL and more text", "\0x", ""),
    ("raw-escape", 4, "a raw U+001B", "\x1b", "\x1b"),
    ("raw-unit-separator", 4, "a raw U+001F", "\x1f", "\x1f"),
    ("raw-backspace", THOROUGH, "a raw U+0008", "\x08", "\x08"),
];

/// See [`ESCAPES_AT_END`].
type Ending = (&'static str, u8, &'static str, &'static str, &'static str);

/// Strings that end so.
fn ended(builder: &ExchangeCases<'_, '_>, body: &Value, table: &[Ending]) -> Vec<Broken> {
    let broken = |(name, tier, what, raw, means): &Ending| {
        let read = |text: &str| format!("{text}{means}");
        let (place, text) = place_for(builder, body, &read);
        let token = format!("\"{text}{raw}\"");
        broken(
            "strings",
            (name, *tier),
            what,
            &place,
            body,
            token.as_bytes(),
        )
    };
    table.iter().map(broken).collect()
}

/// Octets that are not UTF-8 (RFC 3629 §3, §10), in a string that the page forbids however a
/// lenient reader takes them: as U+FFFD, as Latin-1, left out. Where no field's rule is that
/// strict, nothing here: Go and others replace such octets and go on (see `json-corners`).
fn bad_utf8(builder: &ExchangeCases<'_, '_>, body: &Value) -> Vec<Broken> {
    let mut out = Vec::new();
    let found = builder.strings(body).into_iter().find(|(path, text)| {
        let forbidden = |tail: &str| {
            set(body, path, Value::from(format!("{text}{tail}")))
                .is_some_and(|b| builder.certainty(&b) == Assessment::SurelyInvalid)
        };
        [
            "\u{fffd}",
            "\u{fffd}\u{fffd}",
            "ÿ",
            "À¯",
            "\u{80}",
            "í\u{a0}\u{80}",
        ]
        .into_iter()
        .all(forbidden)
    });
    let Some((path, text)) = found else {
        return out;
    };
    let place = Place::Field(path);
    for (name, tier, what, octets) in BAD_UTF8 {
        let token = [b"\"", text.as_bytes(), octets, b"\""].concat();
        out.push(broken("encoding", (name, tier), what, &place, body, &token));
    }
    out
}

/// Sequences that RFC 3629 §3 and §10 warn of.
pub(super) const BAD_UTF8: [(&str, u8, &str, &[u8]); 8] = [
    ("utf8-ff", 1, "the octet 0xFF", b"\xff"),
    ("utf8-continuation", 2, "a lone continuation octet", b"\x80"),
    ("utf8-overlong", 2, "an overlong solidus", b"\xc0\xaf"),
    ("utf8-overlong-nul", 3, "an overlong NUL", b"\xc0\x80"),
    (
        "utf8-surrogate",
        3,
        "a surrogate as octets",
        b"\xed\xa0\x80",
    ),
    ("utf8-truncated", 2, "a truncated sequence", b"\xe2\x82"),
    (
        "utf8-too-large",
        4,
        "a code point above U+10FFFF",
        b"\xf4\x90\x80\x80",
    ),
    ("utf8-latin1", 3, "Latin-1", b"\xe9"),
];

/// Words that are values in other languages, for a member that takes what they mean there, or else in one
/// that no page names: a device that ignores such members and reads the words accepts.
pub(super) fn literals(builder: &ExchangeCases<'_, '_>, body: &Value) -> Vec<Broken> {
    let taken = |value: &Value| {
        let names = body
            .as_object()
            .into_iter()
            .flat_map(|object| object.keys());
        let mut paths = names.map(|name| FieldPath::root().member(name));
        let fits = |path: &FieldPath| {
            let changed = set(body, path, value.clone());
            changed.is_some_and(|b| builder.certainty(&b) == Assessment::SurelyValid)
        };
        let path = paths.find(fits);
        path.map_or(Place::Extra, Place::Field)
    };
    let (truth, nothing) = (taken(&Value::Bool(true)), taken(&Value::Null));
    let extra = Place::Extra;
    let place = |name: &str| match name {
        "capital-true" | "cut-true" | "long-true" => &truth,
        "none" | "undefined-value" | "capitals-null" | "nil" => &nothing,
        _ => &extra,
    };
    let table = [
        ("capital-true", 1, "True", "True"),
        ("none", 3, "None", "None"),
        ("undefined-value", 3, "undefined", "undefined"),
        ("capitals-null", 3, "NULL", "NULL"),
        ("nil", THOROUGH, "nil", "nil"),
        ("cut-true", 2, "tru", "tru"),
        ("not-finite", 2, "NaN", "NaN"),
        ("long-true", THOROUGH, "truee", "truee"),
        ("word", 3, "a bare word", "word"),
        ("function", THOROUGH, "a function", "function(){}"),
        ("date", THOROUGH, "a constructor", "new Date(0)"),
        ("expression-value", 4, "a sum of strings", "\"a\"+\"b\""),
        ("template", THOROUGH, "a string in backticks", "`a`"),
        (
            "triple-quotes",
            THOROUGH,
            "a string in triple quotes",
            "\"\"\"a\"\"\"",
        ),
        ("parenthesised", THOROUGH, "a number in parentheses", "(1)"),
        ("angle", THOROUGH, "an angle bracket", "<"),
    ];
    table
        .into_iter()
        .map(|(name, tier, what, token)| {
            broken(
                "literals",
                (name, tier),
                what,
                place(name),
                body,
                token.as_bytes(),
            )
        })
        .collect()
}
