//! How firmware checks a string where it does not use the published rule.

use crate::fault::Planted;
use probity_pattern::{Reading, Text};

/// What a planted fault says of a text; `None`: nothing, the rule decides.
pub(crate) fn accepts(
    planted: &Planted,
    rule: &Text,
    reading: &Reading,
    text: &str,
) -> Option<bool> {
    let has = |id: &str| planted.has(id);
    let takes = |text: &str| reading.accepts(text);
    if takes(text) {
        return None;
    }
    let length = text.chars().count();
    let first = text.chars().next();
    let sample = || rule.valid().unwrap_or_default();
    let pattern = rule.rule().pattern.as_deref().unwrap_or_default();
    let lenient = (has("length-modulo-256")
        && length > 255
        && takes(&text.chars().take(length % 256).collect::<String>()))
        || (has("length-trimmed") && takes(text.trim()))
        || (has("dot-is-any") && pattern.contains("\\.") && with_a_dot(text).any(|t| takes(&t)))
        || (has("octets-unbounded") && takes(&small_octets(text)))
        || (has("first-character-only") && first.is_some_and(|c| only(c, &sample(), &takes)))
        || (has("last-character-unchecked") && without_last(text, &sample(), &takes))
        || (has("signed-characters")
            && !text.is_ascii()
            && takes(&text.chars().filter(char::is_ascii).collect::<String>()))
        || (has("case-folded") && takes(&text.to_ascii_lowercase()))
        || (has("any-scheme-prefix") && other_prefix(text, &sample(), &takes))
        || (has("full-width") && takes(&narrow(text)))
        || (has("quotes-doubled") && takes(text.trim_matches(['"', '\''])));
    lenient.then_some(true)
}

/// The text with one of its characters made a dot.
fn with_a_dot(text: &str) -> impl Iterator<Item = String> + '_ {
    text.char_indices()
        .filter(|(_, c)| *c != '.')
        .take(64)
        .map(|(at, c)| {
            let mut out = text.to_owned();
            out.replace_range(at..at + c.len_utf8(), ".");
            out
        })
}

/// The text with numbers of three digits cut to 255.
fn small_octets(text: &str) -> String {
    let mut out = String::new();
    let mut digits = String::new();
    for c in text.chars().map(Some).chain([None]) {
        if let Some(c) = c.filter(char::is_ascii_digit) {
            digits.push(c);
            continue;
        }
        let large = digits.len() == 3 && digits.as_str() > "255";
        out.push_str(if large { "255" } else { &digits });
        digits.clear();
        out.extend(c);
    }
    out
}

fn only(first: char, sample: &str, takes: &impl Fn(&str) -> bool) -> bool {
    sample.starts_with(first) || (1..=8).any(|n| takes(&first.to_string().repeat(n)))
}

fn without_last(text: &str, sample: &str, takes: &impl Fn(&str) -> bool) -> bool {
    let mut cut = text.to_owned();
    cut.pop();
    let last = sample.chars().last().unwrap_or('a');
    takes(&cut) || takes(&format!("{cut}{last}"))
}

fn other_prefix(text: &str, sample: &str, takes: &impl Fn(&str) -> bool) -> bool {
    match (text.split_once(':'), sample.split_once(':')) {
        (Some((_, rest)), Some((prefix, _))) => takes(&format!("{prefix}:{rest}")),
        _ => false,
    }
}

/// Full-width forms (U+FF01 to U+FF5E) as what they are compatible with.
fn narrow(text: &str) -> String {
    text.chars()
        .map(|c| match u32::from(c) {
            n @ 0xFF01..=0xFF5E => char::from_u32(n - 0xFEE0).unwrap_or(c),
            _ => c,
        })
        .collect()
}
