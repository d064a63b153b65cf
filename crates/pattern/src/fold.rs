//! Case folding: which symbols are equal when case is ignored, as each engine has it. Most take the
//! simple folding of Unicode (`regex-syntax`); Java, Python and .NET have rules of their own; of
//! ECMAScript nobody asks, its flags stand outside of patterns. Perl and Onigmo also let one symbol
//! stand for several (`ß` and `ss`).

use std::collections::BTreeMap;
use std::sync::OnceLock;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use super::class::Set;
use super::dialect::{Dialect, Family};
use super::unicode;

/// All symbols that are equal to one of `set` when case is ignored. `wide` is an inline flag that
/// asks for Unicode case (Java) or for ASCII (`Some(false)`: Python).
pub fn fold(set: &Set, dialect: Dialect, wide: Option<bool>) -> Set {
    match dialect.family() {
        _ if ascii_only(dialect, wide) => ascii(set),
        Family::Java => java(set),
        Family::DotNet => by_key(set, dotnet()),
        Family::Python => {
            let more = python_extra(set);
            simple(&set.union(&more)).union(&more)
        }
        _ => simple(set),
    }
}

/// As [`fold`], for one symbol that stands alone.
pub fn fold_symbol(symbol: u32, dialect: Dialect, wide: Option<bool>) -> Set {
    let set = Set::single(symbol);
    if dialect.family() == Family::Java && !ascii_only(dialect, wide) {
        // Pattern.single: compared by the lower case of its upper case where these differ; ranges are
        // not.
        let upper = java_upper(symbol);
        let lower = java_lower(upper);
        return if upper == lower {
            set
        } else {
            java(&set.union(&Set::single(lower)))
        };
    }
    fold(&set, dialect, wide)
}

fn ascii_only(dialect: Dialect, wide: Option<bool>) -> bool {
    match dialect {
        Dialect::PythonAscii
        | Dialect::PythonBytes
        | Dialect::Pcre2
        | Dialect::Pcre2DollarEndonly => true,
        Dialect::Python => wide == Some(false),
        // Java folds ASCII unless (?u) or UNICODE_CHARACTER_CLASS is on.
        Dialect::Java | Dialect::JavaUnicode | Dialect::JavaUnixLines => wide != Some(true),
        _ => false,
    }
}

fn ascii(set: &Set) -> Set {
    let lower = set.intersect(&Set::range(0x61, 0x7A));
    let upper = set.intersect(&Set::range(0x41, 0x5A));
    let shift = |set: &Set, by: i64| -> Set {
        set.ranges()
            .iter()
            .map(|&(a, b)| ((i64::from(a) + by) as u32, (i64::from(b) + by) as u32))
            .collect()
    };
    set.union(&shift(&lower, -32)).union(&shift(&upper, 32))
}

/// Simple case folding of Unicode.
fn simple(set: &Set) -> Set {
    let mut class = ClassUnicode::new(set.ranges().iter().filter_map(|&(a, b)| {
        Some(ClassUnicodeRange::new(
            char::from_u32(a).or_else(|| char::from_u32(0xE000))?,
            char::from_u32(b).or_else(|| char::from_u32(0xD7FF))?,
        ))
    }));
    match class.try_case_fold_simple() {
        Ok(()) => unicode::from_class(&class).union(set),
        Err(_) => set.clone(),
    }
}

/// Symbols with the same key are equal; the table holds those whose key is another symbol.
type Keys = BTreeMap<u32, Vec<u32>>;

fn keys(last: u32, key: impl Fn(u32) -> u32) -> Keys {
    let mut out = Keys::new();
    for symbol in 0..=last {
        let key = key(symbol);
        if key != symbol {
            out.entry(key).or_default().push(symbol);
        }
    }
    out
}

fn by_key(set: &Set, keys: &Keys) -> Set {
    let mut more = Vec::new();
    for (&key, symbols) in keys {
        if set.contains(key) || symbols.iter().any(|&symbol| set.contains(symbol)) {
            more.push((key, key));
            more.extend(symbols.iter().map(|&symbol| (symbol, symbol)));
        }
    }
    set.union(&Set::from_ranges(more))
}

/// .NET: units with the same lower case (RegexCaseEquivalences is made from `ToLower`), so `ſ` is
/// no `s`, but the Kelvin sign is a `k`.
fn dotnet() -> &'static Keys {
    static TABLE: OnceLock<Keys> = OnceLock::new();
    TABLE.get_or_init(|| keys(0xFFFF, |unit| one_lower(unit).unwrap_or(unit)))
}

fn one(mut symbols: impl Iterator<Item = char>) -> Option<u32> {
    match (symbols.next(), symbols.next()) {
        (Some(single), None) => Some(u32::from(single)),
        _ => None,
    }
}

fn one_upper(symbol: u32) -> Option<u32> {
    one(char::from_u32(symbol)?.to_uppercase())
}

fn one_lower(symbol: u32) -> Option<u32> {
    one(char::from_u32(symbol)?.to_lowercase())
}

/// What CPython's `re` adds to simple folding (`_sre.c`: lower case, and Lib/re/_casefix.py): the
/// dotted and dotless `i` belong to `i`.
fn python_extra(set: &Set) -> Set {
    let dotted = Set::of("iIİı");
    if set.intersect(&dotted).is_empty() {
        Set::empty()
    } else {
        dotted
    }
}

/// `Character.toUpperCase(int)`, the simple mapping of UnicodeData.
fn java_upper(symbol: u32) -> u32 {
    one_upper(symbol).unwrap_or_else(|| {
        // No simple upper case but for the Greek letters with iota below, whose title case it is.
        let partner = simple(&Set::single(symbol)).minus(&Set::single(symbol));
        match partner.ranges() {
            [(a, b)] if a == b && (0x1F80..=0x1FFC).contains(&symbol) => symbol.max(*a),
            _ => symbol,
        }
    })
}

/// `Character.toLowerCase(int)`.
fn java_lower(symbol: u32) -> u32 {
    match symbol {
        0x130 => 0x69,
        _ => one_lower(symbol).unwrap_or(symbol),
    }
}

/// CIRangeU of Java: a symbol is in the range itself, by its upper case, or by the lower case of
/// that.
fn java(set: &Set) -> Set {
    static TABLE: OnceLock<Vec<(u32, u32, u32)>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        (0..=0x1_FFFFu32)
            .filter_map(|symbol| {
                let upper = java_upper(symbol);
                let lower = java_lower(upper);
                (upper != symbol || lower != symbol).then_some((symbol, upper, lower))
            })
            .collect()
    });
    let more = table
        .iter()
        .filter(|(_, upper, lower)| set.contains(*upper) || set.contains(*lower))
        .map(|&(symbol, _, _)| (symbol, symbol));
    set.union(&Set::from_ranges(more))
}

/// Symbols whose full case folding is more than one symbol, with that folding (the lines with
/// status F of CaseFolding.txt): the lower case of their upper case.
pub fn longer() -> &'static [(u32, Vec<u32>)] {
    static TABLE: OnceLock<Vec<(u32, Vec<u32>)>> = OnceLock::new();
    TABLE.get_or_init(|| {
        ('\u{80}'..='\u{FFFF}')
            .filter_map(|c| {
                let folded: Vec<u32> = match c {
                    'ẞ' => vec![0x73, 0x73],
                    _ => c
                        .to_uppercase()
                        .flat_map(char::to_lowercase)
                        .map(u32::from)
                        .collect(),
                };
                (folded.len() > 1).then_some((u32::from(c), folded))
            })
            .collect()
    })
}

/// The full case folding of a symbol, as far as it is longer than one.
pub fn folding(symbol: u32) -> Vec<u32> {
    let found = longer().iter().find(|(longer, _)| *longer == symbol);
    found.map_or_else(|| vec![symbol], |(_, folded)| folded.clone())
}
