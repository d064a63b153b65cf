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
/// Blanks and marks between the parts of a text are put in, changed or taken away.
pub(super) const SEPARATORS: u16 = 2048;
/// Something is put in front or behind, or a slash is taken away.
pub(super) const ADDED: u16 = 4096;
/// Unicode normalisation.
pub(super) const UNICODE: u16 = 8192;
/// It is kept in some state of other members only.
pub(super) const SOMETIMES: u16 = 16384;

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
            " capitals",
            " all caps",
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
            "not case-sensitive",
            "not case sensitive",
            "never case-sensitive",
            "case is irrelevant",
            "case is not significant",
            "case is not relevant",
            "irrespective of case",
            "independent of case",
            "upper and lower case are the same",
            "nicht unterschieden zwischen groß",
            "schreibung spielt keine",
            "schreibung ist egal",
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
            "ascending",
            "descending",
            "numerical order",
            "by size",
            "aufsteigend",
            "absteigend",
            "croissant",
            "ascendente",
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
            "stored once",
            "kept once",
            "listed once",
            "shown once",
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
    (
        UNICODE,
        &[
            "unicode normal",
            "normalization form",
            "normalisation form",
            "normalisierungsform",
            " nfc ",
            " nfd ",
            " nfkc ",
            " nfkd ",
            "composed form",
        ],
    ),
];

/// What is said by two words of one clause.
const PAIRS: &[(u16, &[&str], &[&str])] = &[
    (
        SEPARATORS,
        &[
            "colons",
            "hyphens",
            "dashes",
            "dots",
            "separators",
            "blanks",
            "spaces",
            "white space",
            "whitespace",
            "punctuation",
            "brackets",
            "parentheses",
            "bindestriche",
            "trennzeichen",
            "leerzeichen",
            "doppelpunkte",
        ],
        &[
            "stored with",
            "saved with",
            "kept with",
            "shown with",
            "returned with",
            "written with",
            "reads back with",
            "removed",
            "dropped",
            "stripped",
            "ignored",
            "deleted",
            "discarded",
            "left out",
            "taken away",
            "taken out",
            "replaced",
            "entfernt",
            "ignoriert",
            "gespeichert",
        ],
    ),
    (
        ADDED,
        &["slash", "schrägstrich"],
        &[
            "added",
            "appended",
            "removed",
            "dropped",
            "stripped",
            "ignored",
            "ergänzt",
            "angehängt",
            "entfernt",
        ],
    ),
    (
        ADDED,
        &[
            "is added",
            "are added",
            "is appended",
            "is prepended",
            "is put in front",
            "wird angehängt",
            "wird ergänzt",
            "wird vorangestellt",
        ],
        &[
            "at the end",
            "at the beginning",
            "at the front",
            "in front",
            "where it",
            "where there",
            "if it",
            "if there",
            "if none",
            "missing",
            "absent",
            "fehlt",
            "falls",
            "prefix",
            "suffix",
        ],
    ),
    (
        SOMETIMES,
        &[
            "ignored",
            "dropped",
            "discarded",
            "not stored",
            "not kept",
            "no effect",
            "not used",
            "only used",
            "used only",
            "counts only",
            "counts in",
            "counts with",
            "only counts",
            "applies only",
            "only applies",
            "removed",
            "wird ignoriert",
            "wirkt nur",
            "zählt nur",
        ],
        &[
            " if ",
            " when ",
            " unless ",
            " while ",
            " in mode ",
            " mode ",
            " in the mode",
            " with ",
            " without ",
            " falls ",
            " wenn ",
            " im modus ",
            " bei ",
        ],
    ),
];

/// Of clauses of [`PAIRS`]: what speaks of something else.
const ELSE: &[(u16, &[&str])] = &[
    (
        SEPARATORS,
        &[
            "leading",
            "trailing",
            "both ends",
            "the ends",
            "surrounding",
            "around",
            "am anfang",
            "am ende",
            " runs ",
        ],
    ),
    (
        SOMETIMES,
        &[
            "unknown",
            "other members",
            "not listed",
            "additional",
            "blank",
            "space",
            "slash",
            "hyphen",
            "colon",
            "duplicate",
            "unbekannt",
        ],
    ),
];

/// Words by which a clause denies what [`PAIRS`] find in it.
const UNTRUE: [&str; 14] = [
    "not removed",
    "not added",
    "not appended",
    "not dropped",
    "not stripped",
    "not ignored",
    "not stored with",
    "not replaced",
    "never ",
    "must not",
    "may not",
    "not allowed",
    "nicht entfernt",
    "nicht ergänzt",
];

/// Forms that a clause with a negation does not give: "is not trimmed". That an order is *not* kept
/// gives one.
pub(super) const DENIED: u16 =
    TRIMMED | LOWER | UPPER | ROUNDED | CANONICAL | NO_TWICE | CUT | UNICODE;
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
            // A condition may stand behind a comma.
            let forms = forms(clause) | of_pairs(&flat(&open));
            if forms != 0 {
                let text = std::mem::take(&mut open);
                out.push(Said { text, forms });
            }
        }
    }
    out
}

pub(super) fn forms(clause: &str) -> u16 {
    // Apostrophes go last: "isn't" is a negation.
    let lower = format!(" {} ", clause.to_lowercase());
    let denied = NEGATIONS.iter().any(|n| lower.contains(n));
    let lower = flat(clause);
    let said = WORDS
        .iter()
        .filter(|(_, words)| words.iter().any(|word| lower.contains(word)))
        .fold(0, |all, (form, _)| all | form);
    let said = match denied {
        true => said & !DENIED,
        false => said,
    };
    said | of_pairs(&lower)
}

/// A clause in lower case without marks.
fn flat(clause: &str) -> String {
    let plain = |c: char| match c {
        ':' | '(' | ')' | '.' | '`' | '"' | '\'' => ' ',
        c => c,
    };
    let lower = format!(" {} ", clause.to_lowercase());
    lower.chars().map(plain).collect()
}

fn of_pairs(clause: &str) -> u16 {
    let has = |list: &[&str]| list.iter().any(|word| clause.contains(word));
    if has(&UNTRUE) {
        return 0;
    }
    let elsewhere = |form: u16| ELSE.iter().any(|(of, words)| *of == form && has(words));
    let said = PAIRS
        .iter()
        .filter(|(form, one, other)| has(one) && has(other) && !elsewhere(*form));
    said.fold(0, |all, (form, ..)| all | form)
}
