//! The words by which documents say in which form a value is stored, in four languages.

use super::Said;

pub(super) const TRIMMED: u16 = 1;
pub(super) const LOWER: u16 = 2;
pub(super) const UPPER: u16 = 4;
pub(super) const ANY_CASE: u16 = 8;
pub(super) const ROUNDED: u16 = 16;
pub(super) const REORDERED: u16 = 32;
pub(super) const IN_ORDER: u16 = 64;
pub(super) const CANONICAL: u16 = 128;
pub(super) const NO_TWICE: u16 = 256;
pub(super) const DEFAULTED: u16 = 512;
pub(super) const CUT: u16 = 1024;

/// Words for a form. English, German, French, Spanish; each a part of the text in lower case.
const WORDS: &[(u16, &[&str])] = &[
    (
        TRIMMED,
        &[
            "trimm",
            " trims ",
            " trim ",
            "stripp",
            "leading and trailing",
            "leading or trailing",
            "surrounding blank",
            "surrounding space",
            "at both ends",
            "leerzeichen am",
            "leerzeichen werden",
            "espaces en d",
            "espaces superflus",
            "espacios al ",
        ],
    ),
    (
        LOWER,
        &[
            "lower case",
            "lower-case",
            "lowercase",
            "small letters",
            "kleinbuchstab",
            "klein geschrieben",
            "kleingeschrieben",
            "kleinschreibung",
            "minuscul",
            "minúscul",
        ],
    ),
    (
        UPPER,
        &[
            "upper case",
            "upper-case",
            "uppercase",
            "capital letter",
            "großbuchstab",
            "grossbuchstab",
            "großgeschrieben",
            "majuscul",
            "mayúscul",
        ],
    ),
    (
        ANY_CASE,
        &[
            "case-insensitive",
            "case insensitive",
            "case is ignored",
            "case does not matter",
            "ignoring case",
            "regardless of case",
            "groß- und kleinschreibung",
            "insensible à la casse",
        ],
    ),
    (
        ROUNDED,
        &[
            " rounded",
            " rounds ",
            " round to",
            " rounding",
            "gerundet",
            "arrondi",
            "redonde",
        ],
    ),
    (
        REORDERED,
        &[
            " sorted",
            "own order",
            "any order",
            "order is not",
            "order does not",
            "order has no",
            "no particular order",
            "order is irrelevant",
            "order may ",
            "unordered",
            "alphabetical",
            "shown in the order",
            "stored in the order",
            " a set ",
            "sortiert",
            "reihenfolge spielt keine",
            " trié",
            "ordenad",
        ],
    ),
    (
        IN_ORDER,
        &[
            "preference",
            "priority",
            "order matters",
            "order is kept",
            "order counts",
            "in this order",
            "präferenz",
            "priorität",
            "reihenfolge bleibt",
            "préférence",
            "priorité",
            "preferencia",
            "prioridad",
        ],
    ),
    (
        CANONICAL,
        &[
            "normalis",
            "normaliz",
            "normal form",
            "canonical",
            "canonique",
            "canónic",
            "kanonisch",
            "whichever way",
            "whichever form",
            "whatever form",
            "however it is",
            "however written",
            "any notation",
            "any spelling",
            "in jeder schreibweise",
        ],
    ),
    (
        NO_TWICE,
        &[
            "duplicates are ",
            "deduplicat",
            "de-duplicat",
            "doppelte werden",
        ],
    ),
    (
        DEFAULTED,
        &[
            "default",
            "standardwert",
            "défaut",
            "defecto",
            "predeterminad",
        ],
    ),
    (
        CUT,
        &[
            "truncat",
            " cut to ",
            " cut after ",
            " cut off ",
            "shortened to",
            "abgeschnitten",
            "gekürzt",
            "tronqu",
            "truncad",
        ],
    ),
];

/// Forms that a clause with a negation does not give: "is not trimmed". That an order is *not* kept
/// gives one.
pub(super) const DENIED: u16 = TRIMMED | LOWER | UPPER | ROUNDED | CANONICAL | NO_TWICE | CUT;
const NEGATIONS: [&str; 8] = [
    " not ",
    " never ",
    "n't ",
    " without ",
    " nicht ",
    " kein",
    " pas ",
    " sin ",
];

/// Clauses of one description that are looked at.
const MOST_CLAUSES: usize = 1_000;

/// The clauses of a description that speak of a form.
pub(crate) fn said(description: &str) -> Vec<Said> {
    let mut out = Vec::new();
    let text = description.split_whitespace().collect::<Vec<_>>().join(" ");
    let ends = |c| matches!(c, ';' | '!');
    let sentences = text.split(". ").flat_map(|s| s.split(ends));
    for sentence in sentences.take(MOST_CLAUSES) {
        // "`a`, `b` are trimmed, `c` is rounded": a clause that says nothing belongs to the next.
        let mut open = String::new();
        for clause in sentence.split(',') {
            open.push_str(clause);
            open.push(' ');
            let forms = forms(clause);
            if forms != 0 {
                let text = std::mem::take(&mut open);
                out.push(Said { text, forms });
            }
        }
    }
    out
}

pub(super) fn forms(clause: &str) -> u16 {
    let plain = |c: char| match c {
        ':' | '(' | ')' | '.' | '`' | '"' | '\'' => ' ',
        c => c,
    };
    // Apostrophes go last: "isn't" is a negation.
    let lower = format!(" {} ", clause.to_lowercase());
    let denied = NEGATIONS.iter().any(|n| lower.contains(n));
    let lower: String = lower.chars().map(plain).collect();
    let said = WORDS
        .iter()
        .filter(|(_, words)| words.iter().any(|word| lower.contains(word)))
        .fold(0, |all, (form, _)| all | form);
    match denied {
        true => said & !DENIED,
        false => said,
    }
}
