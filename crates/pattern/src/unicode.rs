//! Named sets of code points: properties, the `\d \s \w` of each engine. The data comes from
//! `regex-syntax` (Unicode 16); which set an engine uses is stated with its source.

use std::sync::OnceLock;

use regex_syntax::hir::{Class, ClassUnicode, HirKind};

use super::class::Set;
use super::dialect::{Dialect, Family};

/// `[0-9]`
pub fn ascii_digit() -> Set {
    Set::range(0x30, 0x39)
}

/// `[0-9A-Z_a-z]`
pub fn ascii_word() -> Set {
    Set::from_ranges([(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)])
}

/// Tab, LF, VT, FF, CR, space.
pub fn ascii_space() -> Set {
    Set::from_ranges([(9, 13), (32, 32)])
}

/// A Unicode property by the names of UTS #18 (`L`, `Greek`, `White_Space`, `Script=Latin`, …);
/// `None` where the name is unknown.
pub fn property(name: &str) -> Option<Set> {
    // regex-syntax passes over what is not ASCII; nobody else does.
    if !name.is_ascii() || name.contains(['{', '}', '\\']) {
        return None;
    }
    // Nor does it know surrogates, which are symbols of UTF-16.
    let surrogates = Set::range(0xD800, 0xDFFF);
    match name.strip_prefix("gc=").unwrap_or(name) {
        "Cs" | "Surrogate" => Some(surrogates),
        "C" | "Other" => Some(known_property("C")?.union(&surrogates)),
        _ => known_property(name),
    }
}

fn known_property(name: &str) -> Option<Set> {
    let hir = regex_syntax::Parser::new()
        .parse(&format!("\\p{{{name}}}"))
        .ok()?;
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => Some(from_class(class)),
        HirKind::Literal(literal) => Some(Set::of(std::str::from_utf8(&literal.0).ok()?)),
        _ => None,
    }
}

/// A union of properties; unknown names add nothing (they are constants of this file).
fn properties(names: &[&str]) -> Set {
    names
        .iter()
        .filter_map(|name| property(name))
        .fold(Set::empty(), |all, set| all.union(&set))
}

/// The set of a `regex-syntax` class.
pub fn from_class(class: &ClassUnicode) -> Set {
    class
        .ranges()
        .iter()
        .map(|r| (u32::from(r.start()), u32::from(r.end())))
        .collect()
}

fn cached(cell: &'static OnceLock<Set>, make: impl FnOnce() -> Set) -> Set {
    cell.get_or_init(make).clone()
}

/// `Nd`, the decimal digits of all scripts.
pub fn decimal() -> Set {
    static CELL: OnceLock<Set> = OnceLock::new();
    cached(&CELL, || properties(&["Nd"]))
}

/// `ID_Start`
pub fn id_start() -> Set {
    static CELL: OnceLock<Set> = OnceLock::new();
    cached(&CELL, || properties(&["ID_Start"]))
}

/// `ID_Continue`
pub fn id_continue() -> Set {
    static CELL: OnceLock<Set> = OnceLock::new();
    cached(&CELL, || properties(&["ID_Continue"]))
}

/// `White_Space`
pub fn white_space() -> Set {
    static CELL: OnceLock<Set> = OnceLock::new();
    cached(&CELL, || properties(&["White_Space"]))
}

/// `\w` of UTS #18 annex C: Alphabetic, M, Nd, Pc, Join_Control (Perl, Rust, Java with
/// UNICODE_CHARACTER_CLASS).
pub fn uts18_word() -> Set {
    static CELL: OnceLock<Set> = OnceLock::new();
    cached(&CELL, || {
        properties(&["Alphabetic", "M", "Nd", "Pc", "Join_Control"])
    })
}

/// `str.isalnum()` and the underscore, Python's `\w` on `str` (Lib/re, `_sre.c` SRE_UNI_IS_WORD):
/// letters and everything with a numeric value.
fn python_word() -> Set {
    static CELL: OnceLock<Set> = OnceLock::new();
    cached(&CELL, || properties(&["L", "N"]).union(&Set::of("_")))
}

/// `str.isspace()`: white space and the information separators U+001C to U+001F.
fn python_space() -> Set {
    white_space().union(&Set::range(0x1C, 0x1F))
}

/// ECMA-262 WhiteSpace and LineTerminator.
fn ecma_space() -> Set {
    static CELL: OnceLock<Set> = OnceLock::new();
    cached(&CELL, || {
        properties(&["Zs"]).union(&Set::from_ranges([
            (9, 13),
            (0x2028, 0x2029),
            (0xFEFF, 0xFEFF),
        ]))
    })
}

/// `\w` of Onigmo over Unicode: without the joiners.
fn ruby_word() -> Set {
    uts18_word().minus(&Set::range(0x200C, 0x200D))
}

/// What Onigmo's table of Latin-1 counts as word symbols beyond that: `²³¹¼½¾`.
pub const LATIN_1_WORD: [u32; 6] = [0xB2, 0xB3, 0xB9, 0xBC, 0xBD, 0xBE];

/// `\w` of PCRE2 with UCP (10.43 and later): L, N, Mn, Pc.
fn pcre2_word() -> Set {
    static CELL: OnceLock<Set> = OnceLock::new();
    cached(&CELL, || properties(&["L", "N", "Mn", "Pc"]))
}

/// `\w` of .NET: L, Mn, Nd, Pc.
fn dotnet_word() -> Set {
    static CELL: OnceLock<Set> = OnceLock::new();
    cached(&CELL, || properties(&["L", "Mn", "Nd", "Pc"]))
}

/// `\s` of .NET: `[\f\n\r\t\v\x85\p{Z}]`.
fn dotnet_space() -> Set {
    static CELL: OnceLock<Set> = OnceLock::new();
    cached(&CELL, || {
        properties(&["Z"]).union(&Set::from_ranges([(9, 13), (0x85, 0x85)]))
    })
}

/// `\d \s \w` of a dialect; `unicode` is a flag that asks for Unicode (`Some(true)`, Java and Ruby)
/// or ASCII (`Some(false)`, Python, Perl, Java, Ruby).
pub fn shorthand(kind: Shorthand, dialect: Dialect, unicode: Option<bool>) -> Set {
    use Shorthand::{Digit, Space, Word};
    let ascii = match kind {
        Digit => ascii_digit(),
        Space => ascii_space(),
        Word => ascii_word(),
    };
    if unicode == Some(false) {
        return ascii;
    }
    let uts18 = match kind {
        Digit => decimal(),
        Space => white_space(),
        Word => uts18_word(),
    };
    match (dialect, kind) {
        (Dialect::Ruby, Word) if unicode == Some(true) => ruby_word(),
        _ if unicode == Some(true) && matches!(dialect.family(), Family::Java | Family::Ruby) => {
            uts18
        }
        (Dialect::Python, Digit) => decimal(),
        (Dialect::Python, Space) => python_space(),
        (Dialect::Python, Word) => python_word(),
        (Dialect::EcmaScript | Dialect::EcmaScriptU | Dialect::EcmaScriptV, Space) => ecma_space(),
        (Dialect::Pcre2Ucp, Word) => pcre2_word(),
        // PCRE2 `\s` with UCP is \p{Xps}: Z and the C0 spaces, and U+0085 and U+180E.
        (Dialect::Pcre2Ucp, Space) => white_space().union(&Set::single(0x180E)),
        (Dialect::Pcre2Ucp, Digit) => decimal(),
        (Dialect::DotNet, Word) => dotnet_word(),
        // RegexCharClass.ECMAWordRanges has the dotted capital I.
        (Dialect::DotNetEcmaScript, Word) => ascii.union(&Set::of("İ")),
        (Dialect::DotNet, Space) => dotnet_space(),
        (Dialect::DotNet, Digit) => decimal(),
        // RE2: no vertical tab.
        (Dialect::Go, Space) => ascii.minus(&Set::single(11)),
        (Dialect::Perl | Dialect::Rust, _) => uts18,
        (Dialect::PosixEre, Word) => posix_alnum().union(&Set::of("_")),
        (Dialect::PosixEre, Space) => posix_space(),
        _ => ascii,
    }
}

/// `[[:alnum:]]` of glibc in a UTF-8 locale: letters and, by glibc's `gen_unicode_ctype`, the
/// digits of all scripts, which it counts as alphabetic.
fn posix_alnum() -> Set {
    static CELL: OnceLock<Set> = OnceLock::new();
    cached(&CELL, || properties(&["Alphabetic", "Nd"]))
}

/// `[[:space:]]` of glibc: white space without the no-break ones.
fn posix_space() -> Set {
    white_space().minus(&Set::from_ranges([
        (0x85, 0x85),
        (0xA0, 0xA0),
        (0x2007, 0x2007),
        (0x202F, 0x202F),
    ]))
}

/// `\d`, `\s`, `\w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shorthand {
    /// `\d`
    Digit,
    /// `\s`
    Space,
    /// `\w`
    Word,
}

/// What `\b` looks at, where that is not `\w`.
pub fn boundary_word(dialect: Dialect, unicode: Option<bool>) -> Set {
    match dialect {
        // .NET counts the two joiners as word symbols for \b only (RegexCharClass.IsBoundaryWordChar).
        Dialect::DotNet => dotnet_word().union(&Set::range(0x200C, 0x200D)),
        // Onigmo's Ruby syntax: ONIG_OPTION_WORD_BOUND_ALL_RANGE, Unicode unless (?a).
        Dialect::Ruby if unicode != Some(false) => {
            ruby_word().union(&LATIN_1_WORD.iter().map(|&c| (c, c)).collect())
        }
        // Up to JDK 18 `\b` uses Character.isLetterOrDigit and the underscore, whatever `\w` is;
        // from JDK 19 on it is ASCII by default (JDK-8264160). The older behaviour is modelled:
        // it is that of the long-term versions 8, 11 and 17.
        Dialect::Java | Dialect::JavaUnicode | Dialect::JavaUnixLines if unicode != Some(true) => {
            static CELL: OnceLock<Set> = OnceLock::new();
            cached(&CELL, || properties(&["L", "Nd"]).union(&Set::of("_")))
        }
        _ => shorthand(Shorthand::Word, dialect, unicode),
    }
}

/// A POSIX class by name, ASCII.
pub fn posix_ascii(name: &str) -> Option<Set> {
    Some(match name {
        "alnum" => Set::from_ranges([(0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)]),
        "alpha" => Set::from_ranges([(0x41, 0x5A), (0x61, 0x7A)]),
        "ascii" => Set::range(0, 0x7F),
        "blank" => Set::of("\t "),
        "cntrl" => Set::from_ranges([(0, 0x1F), (0x7F, 0x7F)]),
        "digit" => ascii_digit(),
        "graph" => Set::range(0x21, 0x7E),
        "lower" => Set::range(0x61, 0x7A),
        "print" => Set::range(0x20, 0x7E),
        "punct" => Set::from_ranges([(0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)]),
        "space" => ascii_space(),
        "upper" => Set::range(0x41, 0x5A),
        "word" => ascii_word(),
        "xdigit" => Set::from_ranges([(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)]),
        _ => return None,
    })
}

/// A POSIX class by name over Unicode (UTS #18 annex C), as Perl, PCRE2 with UCP, Ruby and glibc
/// have them; `None` for unknown names.
pub fn posix_unicode(name: &str, dialect: Dialect) -> Option<Set> {
    let posix = dialect == Dialect::PosixEre;
    Some(match name {
        _ if posix => return posix_named(name),
        "alnum" if dialect == Dialect::Pcre2Ucp => properties(&["L", "N"]),
        "alpha" if dialect == Dialect::Pcre2Ucp => properties(&["L"]),
        "alnum" => properties(&["Alphabetic", "Nd"]),
        "alpha" => properties(&["Alphabetic"]),
        "digit" => decimal(),
        "lower" => properties(&[if dialect == Dialect::Pcre2Ucp {
            "Ll"
        } else {
            "Lowercase"
        }]),
        "upper" => properties(&[if dialect == Dialect::Pcre2Ucp {
            "Lu"
        } else {
            "Uppercase"
        }]),
        "space" => shorthand(Shorthand::Space, dialect, Some(true)).union(&white_space()),
        "blank" if dialect == Dialect::Pcre2Ucp => {
            properties(&["Zs"]).union(&Set::of("\t\u{180E}"))
        }
        "blank" => properties(&["Zs"]).union(&Set::of("\t")),
        "cntrl" => properties(&["Cc"]),
        "punct" => properties(&["P"]).union(&Set::of("$+<=>^`|~")),
        // pcre2pattern: with glyphs, and Cf but for marks of direction; no private use.
        "graph" | "print" if dialect == Dialect::Pcre2Ucp => {
            let marks = Set::from_ranges([(0x61C, 0x61C), (0x2066, 0x2069)]);
            let all = properties(&["L", "M", "N", "P", "S", "Cf"]).minus(&marks);
            if name == "print" {
                all.union(&properties(&["Zs"]))
            } else {
                all.minus(&Set::single(0x180E))
            }
        }
        "graph" => Set::range(0, 0x10_FFFF).minus(&properties(&["White_Space", "Cc", "Cs", "Cn"])),
        "print" => Set::range(0, 0x10_FFFF)
            .minus(&properties(&["Cc", "Cs", "Cn"]))
            .minus(&Set::range(0x2028, 0x2029)),
        "xdigit" if dialect == Dialect::Perl => properties(&["Hex_Digit"]),
        "word" if dialect == Dialect::Ruby => ruby_word(),
        "word" => shorthand(Shorthand::Word, dialect, None),
        _ => return posix_ascii(name),
    })
}

/// A POSIX class by name as glibc has it in a UTF-8 locale (localedata, `gen_unicode_ctype`): what is
/// printed and neither alphanumeric nor white space is punctuation, the no-break spaces among it;
/// title case counts as both cases.
fn posix_named(name: &str) -> Option<Set> {
    let no_break = Set::from_ranges([(0xA0, 0xA0), (0x2007, 0x2007), (0x202F, 0x202F)]);
    let graph = || {
        Set::range(0, 0x10_FFFF)
            .minus(&posix_space())
            .minus(&properties(&["Cc", "Cs", "Cn"]))
    };
    Some(match name {
        "alnum" => posix_alnum(),
        "alpha" => posix_alnum().minus(&ascii_digit()),
        "digit" => ascii_digit(),
        "lower" => properties(&["Lowercase"]).union(&Set::of("ǅǈǋǲ")),
        "upper" => properties(&["Uppercase", "Lt"]),
        "space" => posix_space(),
        "blank" => properties(&["Zs"]).union(&Set::of("\t")).minus(&no_break),
        "cntrl" => properties(&["Cc"]).union(&Set::range(0x2028, 0x2029)),
        "punct" => graph().minus(&posix_alnum()),
        "graph" => graph(),
        "print" => graph().union(&properties(&["Zs"])),
        "xdigit" => return posix_ascii(name),
        _ => return None,
    })
}
