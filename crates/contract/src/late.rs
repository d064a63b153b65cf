//! Whether a text says that what it is about shows a change some time after it was made ("brought up to
//! date within a second", "eventually consistent"). Pure.

use super::excuse::some_sentence;

/// Words that say it by themselves.
const LATE: [&str; 18] = [
    "eventually",
    "eventual consist",
    "not immediately",
    "not at once",
    "not instantly",
    "up to date within",
    "updated within",
    "refreshed within",
    "refreshed every",
    "updated every",
    "with a delay",
    "with some delay",
    "may be delayed",
    "is delayed",
    "may lag",
    "lags behind",
    "verzögert",
    "verzögerung",
];
/// Words for a list that shows what was, beside a word for time.
const AGED: [&str; 7] = [
    "may be old",
    "may be stale",
    "out of date",
    "is cached",
    "are cached",
    "takes up to",
    "may take",
];
const TIME: [&str; 7] = [
    "second", "minute", "moment", " ms ", "while", "sekunde", "minuten",
];

/// Whether some sentence says so.
pub(crate) fn is_late(text: &str) -> bool {
    some_sentence(text, |sentence| {
        let sentence = format!(" {sentence} ");
        let says = |words: &[&str]| words.iter().any(|word| sentence.contains(word));
        let never = sentence.contains("never ") || sentence.contains("without delay");
        !never && (says(&LATE) || says(&AGED) && says(&TIME))
    })
}

#[cfg(test)]
mod tests {
    use super::is_late;

    #[test]
    fn lists_that_follow_later_are_announced() {
        for (text, want) in [
            (
                "The list is brought up to date within a second after a change.",
                true,
            ),
            ("Eventually consistent", true),
            ("A new item is not immediately listed.", true),
            ("The answer is cached for 5 seconds", true),
            ("It may take a moment until a change shows", true),
            ("Refreshed every 10 s", true),
            ("Änderungen erscheinen mit Verzögerung", true),
            ("Lists the items.", false),
            ("Items never lag behind", false),
            ("Delay between two rings", false),
            ("", false),
        ] {
            assert_eq!(is_late(text), want, "{text}");
        }
    }
}
