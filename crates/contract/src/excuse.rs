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

/// Whether `says` holds of some sentence of a text, in lower case and with single blanks.
pub(crate) fn some_sentence(text: &str, says: impl Fn(&str) -> bool) -> bool {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.to_lowercase();
    // Enough for every description that a person has written.
    text.split(['.', ';', '!']).take(1_000).any(says)
}

/// Whether some sentence of `description` says that another value is taken for something else.
pub(crate) fn excuses(description: &str) -> bool {
    some_sentence(description, |sentence| {
        let says = |words: &[&str]| words.iter().any(|word| sentence.contains(word));
        let other = says(&OTHER) && sentence.contains("if ") || says(&SUCH);
        other && says(&INSTEAD) && !says(&REFUSED)
    })
}

/// Words for a value beyond its bounds, and for what becomes of it other than that it is refused.
const BEYOND: [&str; 22] = [
    "beyond",
    "out of range",
    "out-of-range",
    "outside the range",
    "outside of the range",
    "outside its range",
    "too large",
    "too small",
    "too high",
    "too low",
    "too big",
    "too long",
    "above the maximum",
    "below the minimum",
    "above it",
    "larger ",
    "higher ",
    "greater ",
    "smaller ",
    "lower ",
    "longer ",
    "größere",
];
const MOVED: [&str; 14] = [
    "nearest",
    "limited to",
    "set to the",
    "reduced to",
    "raised to",
    "taken for the",
    "taken as the",
    "treated as the",
    "count as the",
    "counts as the",
    "become the",
    "cut to",
    "shortened",
    "begrenzt",
];
/// Words that say both.
const CLAMPED: [&str; 6] = [
    "clamp",
    "capped at",
    "capped to",
    "truncated",
    "saturate",
    "gekappt",
];

/// Whether some sentence of `description` says that a value beyond its bounds is taken for the nearest one
/// within them.
pub(crate) fn clamps(description: &str) -> bool {
    some_sentence(description, |sentence| {
        let says = |words: &[&str]| words.iter().any(|word| sentence.contains(word));
        let denied = says(&["not ", "never ", "n't ", "nicht "]) || says(&REFUSED);
        (says(&CLAMPED) || says(&BEYOND) && says(&MOVED)) && !denied
    })
}

#[cfg(test)]
mod tests {
    use super::{clamps, excuses};

    #[test]
    fn what_is_moved_into_its_bounds_is_said() {
        for (text, want) in [
            (
                "Values beyond the range of a member are set to the nearest end of it.",
                true,
            ),
            ("Clamped to 1 to 100.", true),
            ("Values out of range are limited to the next bound", true),
            ("A larger value is reduced to the maximum.", true),
            ("Longer texts are cut to 32 characters", true),
            ("Truncated to 32 octets", true),
            ("Größere Werte werden auf das Maximum begrenzt", true),
            (
                "Values beyond the range are rejected; use the nearest.",
                false,
            ),
            ("Values are not clamped", false),
            ("The nearest camera", false),
            ("Larger values make it louder", false),
            ("An error if it is truncated", false),
            ("From 1 to 100", false),
            ("", false),
        ] {
            assert_eq!(clamps(text), want, "{text}");
        }
    }

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
