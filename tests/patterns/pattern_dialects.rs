//! Where dialects differ in ways that random patterns have shown: what the engines of this table say
//! was asked of node 20, CPython 3.11, PCRE2 10.42, Perl 5.36, JDK 17, Ruby 3.1, Go 1.19, Mono and
//! glibc 2.36; where versions disagree the model says that it does not know.

use probity::pattern::dialect::{Dialect, Mode};
use probity::pattern::language::language;
use probity::pattern::parse::ParseError;

/// What a dialect makes of a pattern and a text under full match: it takes it, it does not, it
/// refuses the pattern, or there is no model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Yes,
    No,
    Refuses,
    Nothing,
}

fn says(dialect: &str, pattern: &str, text: &str) -> Says {
    let dialect = Dialect::by_id(dialect).expect("a dialect");
    match language(pattern, dialect, Mode::Full) {
        Ok(mut automaton) => {
            if automaton.accepts(text) {
                Says::Yes
            } else {
                Says::No
            }
        }
        Err(ParseError::Syntax { .. }) => Says::Refuses,
        Err(ParseError::Unsupported { .. }) => Says::Nothing,
    }
}

fn check(table: &[(&str, &str, &str, Says)]) {
    let wrong: Vec<String> = table
        .iter()
        .filter_map(|&(dialect, pattern, text, wanted)| {
            let got = says(dialect, pattern, text);
            (got != wanted)
                .then(|| format!("{dialect} {pattern:?} {text:?}: {got:?}, not {wanted:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

use Says::{No, Nothing, Refuses, Yes};

#[test]
fn classes() {
    check(&[
        // Java: "&&" with nothing on one side, nested classes, \v next to a dash.
        ("java", "[&&a]", "a", Yes),
        ("java", r"[/\d&&]", "/", No),
        ("java", r"[/\d&&]", "7", Yes),
        ("java", "[ab&&]", "a", Yes),
        ("java", r"[\w.&&]", "a", Nothing),
        ("java", "[a-z&&[^b]]", "b", No),
        ("java", r"[\v-]", "\n", No),
        ("java", r"[\v-]", "\u{b}", Yes),
        // Ruby: a bracket and a colon without their counterparts open a class.
        ("ruby", "[[:]", "a", Refuses),
        ("ruby", "[[:a]]", ":", Yes),
        ("ruby", "[[::]]", ":", Refuses),
        ("ruby", "[[:[:punct:]]", "[", Yes),
        ("ruby", r"[\d-[a]]", "a", Refuses),
        ("ruby", "[a-[:alpha:]]", "a", Refuses),
        ("ruby", "[a-[b]]", "b", Nothing),
        ("posix-ere", "[[:]", "[", Refuses),
        ("posix-ere", "[--[.-.]]", "-", Yes),
        ("posix-ere", "[[:word:]]", "a", Refuses),
        // PCRE2: what looks like a POSIX class, inside and outside.
        ("pcre2", "[::]", ":", Refuses),
        ("pcre2", "[.a.]", "a", Refuses),
        ("pcre2", "[[:[:blank:]]", ":", Yes),
        ("pcre2", r"[\E]a]", "]", Yes),
        ("perl", "[[::]", ":", Yes),
        ("go", "[[-[::]", ":", Yes),
        ("go", "[a-[:alpha:]]", "a", Refuses),
        // .NET: negation before subtraction.
        ("dotnet", "[^a-z-[:]]", ":", No),
        ("dotnet", "[^a-z-[:]]", ";", Yes),
        ("dotnet", r"[+-\-]", ",", Nothing),
        ("ecmascript-v", "[^]", "a", Nothing),
    ]);
}

#[test]
fn case() {
    check(&[
        // One symbol for several: Perl and Onigmo.
        ("perl", "(?i)strasse", "STRAßE", Yes),
        ("perl", "(?i)ß", "ss", Yes),
        ("perl", "(?i)[ß]", "SS", Yes),
        ("perl", "(?i)[^ß]", "ss", No),
        ("perl", "(?i)ss+", "ß", No),
        ("ruby", "(?i)ß+", "ssß", Yes),
        ("ruby", "(?i)sss", "sß", Yes),
        ("pcre2-ucp", "(?i)ss", "ß", No),
        ("python", "(?i)ss", "ß", No),
        // Simple folding of each.
        ("python", "(?i)i", "İ", Yes),
        ("java", "(?iu)[a-z]", "ı", Yes),
        ("java", "(?i)k", "\u{212a}", No),
        ("java-unicode", "(?i)k", "\u{212a}", Yes),
        ("dotnet", "(?i)s", "ſ", No),
        ("go", r"(?i)\w", "ſ", Yes),
        ("go", r"(?i)\W", "ſ", No),
        ("perl", r"(?ia)\x{212a}", "k", Yes),
        ("perl", "(?iaa)k", "\u{212a}", Nothing),
        ("ruby", "(?ia)[s]", "ſ", Yes),
        // What is named is not folded, but for the cases themselves.
        ("java", r"(?i)\P{Lu}", "a", No),
        ("java", r"(?i)\p{Lu}", "a", Yes),
        ("perl", r"(?i)\p{Lu}", "a", Yes),
        ("perl", r"(?i)\p{L}", "\u{345}", No),
        ("pcre2-ucp", r"(?i)\p{Lu}", "a", Nothing),
        ("ruby", r"(?i)\p{Lu}", "a", Nothing),
    ]);
}

#[test]
fn named_sets() {
    check(&[
        // ECMAScript: exact names, as PropertyValueAliases.txt writes them.
        ("ecmascript-u", r"\p{Uppercase_Letter}", "A", Yes),
        ("ecmascript-u", r"\p{UppercaseLetter}", "A", Refuses),
        ("ecmascript-u", r"\p{L_u}", "A", Refuses),
        ("ecmascript-u", "\\p{Lu\u{fffd}}", "A", Refuses),
        ("ecmascript-u", r"\p{ASCII_}", "A", Refuses),
        ("ecmascript-u", r"\p{Script=SignWriting}", "A", No),
        ("ecmascript-u", r"\p{Script=Signwriting}", "A", Refuses),
        ("ecmascript-u", r"\p{punct}", "-", Yes),
        ("ecmascript-u", r"\p{Punct}", "-", Refuses),
        ("ecmascript-u", r"\p{space}", " ", Yes),
        ("ecmascript-u", r"\p{CWKCF}", "A", Nothing),
        ("java", r"\p{Greek}", "α", Refuses),
        ("java", r"\p{IsGreek}", "α", Yes),
        ("java", r"\p{Alphabetic}", "α", Refuses),
        ("java", r"\pn", "1", Refuses),
        ("java-unicode", r"\p{Punct}", "$", No),
        ("java-unicode", r"\p{XDigit}", "٣", Yes),
        ("pcre2", r"\p{IsL}", "a", Refuses),
        ("pcre2", r"\p{Letter}", "a", Refuses),
        ("pcre2-ucp", r"\p{Greek}", "\u{342}", Yes),
        ("pcre2-ucp", r"\p{Script=Greek}", "α", Yes),
        ("perl", r"\p{Greek}", "\u{342}", Yes),
        ("perl", "[[:xdigit:]]", "\u{ff10}", Yes),
        ("ruby", r"\p{IsL}", "a", Nothing),
        ("ruby", r"\p{gc=L}", "a", Refuses),
        ("ruby", r"\p{Punct}", "$", No),
        ("ruby", "[[:punct:]]", "$", Yes),
        ("ruby", "[[:word:]]", "é", Yes),
        ("ruby", r"(?u)\w", "\u{200d}", No),
        ("ruby", r"(?u)\w", "²", Yes),
        ("ruby", r"(?u)[\w]", "²", No),
        ("ruby", "(?a)[[:space:]]", "\u{85}", No),
        ("dotnet-ecmascript", r"\w", "İ", Yes),
        ("posix-ere", "[[:blank:]]", "\u{a0}", No),
        ("posix-ere", "[[:punct:]]", "😀", Yes),
        ("posix-ere", "[[:upper:]]", "ǅ", Yes),
        ("pcre2-ucp", "[[:blank:]]", "\u{180e}", Yes),
    ]);
}

#[test]
fn places_and_quantifiers() {
    check(&[
        ("java", "(?m)^", "", No),
        ("java", r"\R(?s).", "\r\n", Yes),
        ("java", r"\R?\n", "\r\n", Nothing),
        ("ruby", r"(?<!\z)a", "a", Refuses),
        ("posix-ere", ".^", "\n", Nothing),
        ("posix-ere", "^a$|^b$", "b", Yes),
        // \Q and \E: a quantifier is about the last symbol.
        ("pcre2", r"\Qab\E*", "abb", Yes),
        ("pcre2", r"\Qab\E*", "abab", No),
        ("java", r"x\Q\E*", "xxx", Yes),
        ("go", r"\Qa.\E{2}", "a..", Yes),
        ("pcre2", r"\E*", "", Refuses),
        // Braces.
        ("go", "a{01}", "a{01}", Yes),
        ("perl", "a{01}", "a", Refuses),
        ("perl", "a{2,1}", "aa", No),
        ("perl", "a{2,1}?", "", Refuses),
        ("pcre2", "a{,2}", "a", Nothing),
        ("pcre2", "a{ 1}", "a", Nothing),
        ("perl", "a{,2}", "a", Yes),
        ("pcre2", "(?<=a?)b", "b", Nothing),
        ("pcre2", r"\x", "\0", Nothing),
        ("pcre2", r"\N{U+41}", "A", Refuses),
        ("ruby", "(?x:a\u{85})", "a", No),
        ("perl", "(?x:a\u{85})", "a", Yes),
        ("dotnet-ecmascript", r"[\400]", "0", Yes),
        ("ruby", r"\k", "k", Yes),
        ("ruby", r"\c\\", "\u{1c}", Yes),
        ("ruby", r"\c?", "\u{7f}", Nothing),
        ("ruby", r"\ud83d", "a", Refuses),
        // Flags and names.
        ("python-ascii", "(?u)a", "a", Refuses),
        ("python", "(?a)(?u)a", "a", Refuses),
        ("dotnet", "(?)", "", Refuses),
        ("ruby", "(?)", "", Refuses),
        ("go", "(?)", "", Yes),
        ("go", "(?<n>a)", "a", Nothing),
        ("go", "(?P<n>a)", "a", Yes),
        ("ecmascript", "(?i:a)", "A", Nothing),
    ]);
}
