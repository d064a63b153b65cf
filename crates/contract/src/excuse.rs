//! Whether a description says what becomes of a value that the rules beside it do not allow: "if the
//! language is not available the default is used", "unknown values are ignored". Such a value is not
//! surely invalid. Pure.

/// What a value is not, where somebody speaks of another one than the rules name.
const OTHER: [&str; 9] = [
    "not available",
    "not among",
    "not supported",
    "not known",
    "not one of",
    "not recognized",
    "not recognised",
    "not valid",
    "not found",
];
/// Words for such a value.
const SUCH: [&str; 8] = [
    "unknown ",
    "unsupported ",
    "invalid ",
    "unrecognized ",
    "unrecognised ",
    "unavailable ",
    "other values ",
    "any other value ",
];
/// What becomes of it, other than that it is refused.
const INSTEAD: [&str; 8] = [
    "is used",
    "are used",
    "be used",
    "ignored",
    "default",
    "fall back",
    "falls back",
    "replaced",
];
/// A sentence that says that it is refused excuses nothing.
const REFUSED: [&str; 7] = [
    "error", "reject", "refuse", "fail", "400", "422", "must not",
];

/// Whether some sentence of `description` says that another value is taken for something else.
pub(crate) fn excuses(description: &str) -> bool {
    let text = description.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.to_lowercase();
    // Enough for every description that a person has written.
    let sentences = text.split(['.', ';', '!']).take(1_000);
    sentences.into_iter().any(|sentence| {
        let says = |words: &[&str]| words.iter().any(|word| sentence.contains(word));
        let other = says(&OTHER) && sentence.contains("if ") || says(&SUCH);
        other && says(&INSTEAD) && !says(&REFUSED)
    })
}

#[cfg(test)]
mod tests {
    use super::excuses;

    #[test]
    fn only_what_is_taken_for_something_else_is_excused() {
        for (text, want) in [
            (
                "A language, if supported.  If the language is not among the available\n values, \
                 the Accept-Language header language will be used if it is supported.",
                true,
            ),
            (
                "If the language is not available the default is used.",
                true,
            ),
            ("Unknown values are ignored.", true),
            ("Invalid values fall back to `auto`", true),
            ("If it is not valid, the default error page is sent", false),
            ("Invalid values are rejected", false),
            ("The default is `auto`.", false),
            ("Not supported on some models. Default: 3", false),
            ("The language that is used", false),
            ("", false),
        ] {
            assert_eq!(excuses(text), want, "{text}");
        }
    }
}
