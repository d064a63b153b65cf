//! The pieces on which dialects of regular expressions differ, and small patterns made of them from
//! a fuzzer's bytes. The tests that ask engines draw from the same tables.

use arbitrary::{Result, Unstructured};
use probity::pattern::dialect::{Dialect, Mode};

/// Atoms, and things that look like atoms, on which dialects differ.
pub const PIECES: &[&str] = &[
    "a",
    "b",
    "A",
    "0",
    "-",
    " ",
    "_",
    ".",
    ".",
    "^",
    "$",
    r"\b",
    r"\B",
    r"\d",
    r"\w",
    r"\s",
    r"\D",
    r"\W",
    r"\S",
    r"\n",
    r"\.",
    r"\-",
    r"\/",
    "]",
    "}",
    "{",
    "[ab]",
    "[^a]",
    "[a-c]",
    r"[\d-]",
    "[]a]",
    "[^]a]",
    "[a-]",
    "[-a]",
    r"[a\]]",
    r"[\w.]",
    "[[a]",
    "[a&&b]",
    "[[:alpha:]]",
    "[a[b]c]",
    "(a)",
    "(?:a|b)",
    "(a|)",
    "()",
    "(?=a)",
    "(?!a)",
    "(?<=a)",
    "(?<!a)",
    "(?i:a)",
    "(?i)",
    "(?s)",
    "(?m)",
    "(?x)",
    r"\A",
    r"\Z",
    r"\z",
    r"\x41",
    r"\u0041",
    r"\t",
    r"\cA",
    r"\07",
    r"\0",
    r"\141",
    r"\p{L}",
    r"\pL",
    r"\P{Lu}",
    "é",
    "ß",
    "K",
    "😀",
    r"\e",
    r"\h",
    r"\v",
    r"\R",
    r"\Q.\E",
    "(?<n>a)",
    "(?P<n>a)",
    r"\1",
    r"[\b]",
    r"[a-\d]",
    r"[\w-z]",
    r"[\s\S]",
    r"[^\n]",
    r"\_",
    r"\@",
    r"\y",
    r"[\y]",
    "#",
    "\"",
    "(?#c)",
    "(?>a)",
    "(?i)é",
    r"[^\W_]",
    r"\x{41}",
    r"\N",
    "[é-ü]",
    r"[\x00-\x7f]",
    "[",
    "(",
    ")",
    r"\",
    "[z-a]",
    r"\'",
    "\n",
    "\r",
    "\u{2028}",
    "[a--b]",
    "[^^]",
    "[$]",
    "[.]",
    "[a|b]",
    "[()]",
    "a{,2}",
    "a{2,}",
    "x{1}",
];

/// Quantifiers, and things that look like them.
pub const QUANTIFIERS: &[&str] = &[
    "*", "+", "?", "*?", "+?", "??", "*+", "++", "?+", "{2}", "{1,2}", "{0,}", "{2}?", "{1,2}+",
    "{", "{a}", "{2,1}", "**", "{0}", "{}",
];

/// Characters on which dialects differ.
pub const SYMBOLS: &[&str] = &[
    "a", "a", "b", "A", "B", "0", "1", "-", " ", "_", ".", "\n", "\r", "é", "É", "ß", "K", "k",
    "😀", "\u{2028}", "\u{85}", "\u{a0}", "٣", "ſ", "\t", "\u{b}", "z", "x", "{", "}", "]", "[",
    "\\", "&", "^", "$", "\0", "ss",
];

/// What opens a group.
pub const GROUPS: &[&str] = &[
    "(", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?i:", "(?s:", "(?m:",
];

/// A pattern: of pieces, or as the bytes have it.
///
/// # Errors
/// Never in practice: where the bytes end, zeros follow.
pub fn pattern(u: &mut Unstructured<'_>) -> Result<String> {
    if u.ratio(1, 3)? {
        return raw(u, 60);
    }
    let mut out = String::new();
    grow(u, &mut out, 0)?;
    Ok(out)
}

fn grow(u: &mut Unstructured<'_>, out: &mut String, depth: u32) -> Result<()> {
    for _ in 0..u.int_in_range(1..=4)? {
        if depth < 2 && u.ratio(1, 5)? {
            out.push_str(u.choose(GROUPS)?);
            grow(u, out, depth + 1)?;
            out.push(')');
        } else {
            out.push_str(u.choose(PIECES)?);
        }
        if u.ratio(3, 10)? {
            out.push_str(u.choose(QUANTIFIERS)?);
        }
    }
    if depth < 3 && u.ratio(1, 6)? {
        out.push('|');
        grow(u, out, depth + 1)?;
    }
    Ok(())
}

/// A text: of the symbols and the characters of `pattern`, or as the bytes have it.
///
/// # Errors
/// As [`pattern`].
pub fn text(u: &mut Unstructured<'_>, pattern: &str) -> Result<String> {
    if u.ratio(1, 4)? {
        return raw(u, 40);
    }
    let own: Vec<char> = pattern.chars().collect();
    let mut out = String::new();
    for _ in 0..u.int_in_range(0..=8)? {
        if own.is_empty() || u.ratio(1, 2)? {
            out.push_str(u.choose(SYMBOLS)?);
        } else {
            out.push(*u.choose(&own)?);
        }
    }
    Ok(out)
}

/// The next bytes, up to `most`, as text; where they are no UTF-8, replacement characters stand.
///
/// # Errors
/// As [`pattern`].
pub fn raw(u: &mut Unstructured<'_>, most: usize) -> Result<String> {
    let length = u.int_in_range(0..=most)?.min(u.len());
    Ok(String::from_utf8_lossy(u.bytes(length)?).into_owned())
}

/// Any dialect.
///
/// # Errors
/// As [`pattern`].
pub fn dialect(u: &mut Unstructured<'_>) -> Result<Dialect> {
    u.choose(Dialect::ALL).copied()
}

/// Any mode.
///
/// # Errors
/// As [`pattern`].
pub fn mode(u: &mut Unstructured<'_>) -> Result<Mode> {
    u.choose(Mode::ALL).copied()
}
