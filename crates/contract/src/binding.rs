//! What the description of a document says of every `format` in it.

/// Whether a description says that values are held against their `format`, which is an annotation
/// otherwise (JSON Schema 2020-12, Validation §7.2.1). Only plain sentences count: "Formats are checked.",
/// "A value that does not fit its `format` is refused."
pub(super) fn bind(description: &str) -> bool {
    let text = description
        .to_lowercase()
        .replace(['`', '*', '"', '\''], "");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.split(['.', ';', '!']).any(says_so)
}

fn says_so(sentence: &str) -> bool {
    const HELD: [&str; 5] = ["checked", "validated", "enforced", "verified", "asserted"];
    const REFUSED: [&str; 3] = ["refused", "rejected", "invalid"];
    let words: Vec<&str> = sentence
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let denied = has(&[
        "not", "never", "t", "no", "only", "unless", "may", "might", "should",
    ]);
    let starts = words.first() == Some(&"formats") || words.get(..2) == Some(&["all", "formats"]);
    if starts && has(&["are"]) && has(&HELD) {
        return !denied;
    }
    // "A value that does not fit its format is refused": the denial is of the value.
    let value = words.iter().any(|w| matches!(*w, "value" | "values"));
    let of_it = words
        .windows(2)
        .any(|pair| matches!(pair, ["its" | "their" | "the", "format" | "formats"]));
    let misfits = has(&["not", "violates", "violate", "outside"]);
    let doubt = has(&["never", "only", "unless", "may", "might", "should", "t"]);
    value && of_it && misfits && has(&REFUSED) && !doubt
}

#[cfg(test)]
mod tests {
    use super::bind;

    #[test]
    fn only_plain_sentences_bind() {
        let table = [
            ("An API. Formats are checked. Bye.", true),
            ("All formats are always enforced", true),
            (
                "A value that does not fit its `format` is refused\nwith 400.",
                true,
            ),
            ("Values outside their format are rejected.", true),
            ("", false),
            ("Formats are not checked.", false),
            ("Formats are only checked by the app.", false),
            (
                "A value that does not fit its format may be refused.",
                false,
            ),
            ("Values that don't fit the format aren't refused.", false),
            (
                "Answers come in the format that was asked for; others are refused.",
                false,
            ),
            ("The image format is checked.", false),
            ("Requests whose format is not JSON are rejected.", false),
        ];
        for (text, want) in table {
            assert_eq!(bind(text), want, "{text}");
        }
    }
}
