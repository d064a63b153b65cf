//! Strings that a hand-written check or conversion lets through although they are not valid: each
//! idea is one such mistake, turned round. Pure functions from a valid string to strings that may
//! be invalid; whether they are is decided by who calls.

/// A changed string, and the mistake that would let it pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mutant {
    /// Stable words for ids and fingerprints.
    pub idea: &'static str,
    /// How telling it is: 1, 2 or 3.
    pub tier: u8,
    /// The string.
    pub text: String,
}

/// What the page's rules rarely allow and firmware's checks often let through, for a valid string.
/// Every idea at most a few times, the most telling first.
pub(super) fn mutants(valid: &str) -> Vec<Mutant> {
    let mut out: Vec<Mutant> = Vec::new();
    let mut push = |idea, tier, text: String| {
        if text != valid && !out.iter().any(|m| m.text == text) {
            out.push(Mutant { idea, tier, text });
        }
    };
    // Checks that trim, and scanners (`sscanf`, `strtok`) that stop at white space.
    push("trailing-space", 1, format!("{valid} "));
    push("leading-space", 1, format!(" {valid}"));
    push("trailing-lf", 1, format!("{valid}\n"));
    push("blank", 2, " ".to_owned());
    push("trailing-crlf", 2, format!("{valid}\r\n"));
    push("leading-tab", 2, format!("\t{valid}"));
    push("trailing-tab", 3, format!("{valid}\t"));
    // C strings end at NUL; the rest is stored or logged all the same.
    push("nul-and-more", 1, format!("{valid}\0!"));
    push("nul-at-end", 2, format!("{valid}\0"));
    push("nul-in-front", 2, format!("\0{valid}"));
    // `^` and `$` that hold at every line; `.` that stops at a line's end.
    push("valid-line-first", 1, format!("{valid}\n!"));
    push("valid-line-last", 1, format!("!\n{valid}"));
    // Searches where the whole should match, and checks of the beginning only.
    push("garbage-behind", 1, format!("{valid}!"));
    push("garbage-before", 1, format!("!{valid}"));
    push("words-behind", 2, format!("{valid} and more"));
    push("words-before", 2, format!("see {valid}"));
    push("listed-twice", 2, format!("{valid},{valid}"));
    push("line-of-header", 2, format!("{valid}\r\nX-Probity: 1"));
    // Case, escapes and spellings that some layer undoes before or after the check.
    push("upper-case", 1, valid.to_uppercase());
    push("percent-escape", 2, percent_first(valid));
    push("percent-nul", 2, format!("{valid}%00"));
    push("entity", 2, entity_first(valid));
    push("backslash-escape", 3, backslash_first(valid));
    push("quoted", 2, format!("\"{valid}\""));
    push("apostrophes", 3, format!("'{valid}'"));
    push("brackets", 2, format!("[{valid}]"));
    push("angle-brackets", 3, format!("<{valid}>"));
    push("byte-order-mark", 3, format!("\u{feff}{valid}"));
    push("no-break-space", 2, format!("{valid}\u{a0}"));
    push("zero-width", 2, format!("{valid}\u{200b}"));
    push("bidi-override", 3, format!("\u{202e}{valid}"));
    // Unicode where `isdigit`, `\d`, `\w` or a normalisation is wider than the page.
    push("full-width-digit", 2, map_first(valid, full_width_digit));
    push("arabic-digit", 1, map_first(valid, arabic_digit));
    // A letter to `\p{L}` and `isalpha`, and `k` to a comparison without regard to case.
    push("kelvin-sign", 1, map_first(valid, kelvin));
    push("full-width-letter", 2, map_first(valid, full_width_letter));
    push("look-alike-letter", 2, map_first(valid, cyrillic));
    push("accented-letter", 2, map_first(valid, accented));
    push("combining-mark", 3, combining(valid));
    push("ideographic-stop", 2, valid.replacen('.', "。", 1));
    structure(valid, &mut push);
    out
}

/// What belongs to strings with parts: numbers in them, separators, a scheme in front.
fn structure(valid: &str, push: &mut impl FnMut(&'static str, u8, String)) {
    if let Some((scheme, rest)) = valid.split_once(':')
        && !scheme.is_empty()
        && scheme.chars().all(|c| c.is_ascii_alphabetic())
    {
        push("no-scheme", 1, rest.to_owned());
        push("no-colon", 1, format!("{scheme}{rest}"));
        push(
            "scheme-in-capitals",
            1,
            format!("{}:{rest}", scheme.to_uppercase()),
        );
        push("scheme-longer", 1, format!("{scheme}s:{rest}"));
        push("scheme-of-web", 2, format!("http://{rest}"));
        push("scheme-with-slashes", 2, format!("{scheme}://{rest}"));
        push("scheme-twice", 2, format!("{scheme}:{scheme}:{rest}"));
        push("scheme-and-space", 2, format!("{scheme}: {rest}"));
        push("scheme-only", 2, format!("{scheme}:"));
        push("user-part", 2, format!("{scheme}:probity@{rest}"));
        push(
            "scheme-cut",
            2,
            format!("{}:{rest}", &scheme[..scheme.len() - 1]),
        );
    } else {
        push("scheme-of-web", 2, format!("http://{valid}"));
        push("user-part", 2, format!("probity@{valid}"));
    }
    for (i, (start, end)) in digit_runs(valid).into_iter().enumerate() {
        let number = |text: &str| format!("{}{text}{}", &valid[..start], &valid[end..]);
        let tier = if i == 0 { 1 } else { 2 };
        push("number-256", tier, number("256"));
        push("number-65536", 2, number("65536"));
        push("number-999", 2, number("999"));
        push("number-wraps", 2, number("4294967297"));
        push("number-negative", 2, number("-1"));
        push("number-hex", 2, number("0x1"));
        push(
            "number-padded",
            3,
            number(&format!("000{}", &valid[start..end])),
        );
        push("number-exponent", 3, number("1e1"));
        push("number-absent", 2, number(""));
    }
    if like_a_host(valid) {
        let last = valid.rfind('.').unwrap_or(0);
        push("part-less", 1, valid[..last].to_owned());
        push("part-more", 1, format!("{valid}{}", &valid[last..]));
        push("dot-at-end", 1, format!("{valid}."));
        push("dot-doubled", 1, valid.replacen('.', "..", 1));
        push("dot-in-front", 2, in_front(valid, "."));
        push("comma-for-dot", 2, valid.replacen('.', ",", 1));
        push("space-for-dot", 2, valid.replacen('.', " ", 1));
        push("letter-for-dot", 2, valid.replacen('.', "x", 1));
        push("no-dots", 2, valid.replace('.', ""));
        push("space-inside", 2, valid.replacen('.', ". ", 1));
        push("slash-behind", 2, format!("{valid}/"));
        push("path-behind", 2, format!("{valid}/a"));
        push("port-behind", 1, format!("{valid}:5060"));
        push("port-empty", 1, format!("{valid}:"));
        push("port-of-letters", 1, format!("{valid}:abc"));
        push("port-too-long", 1, format!("{valid}:123456"));
        push("port-zero", 3, format!("{valid}:0"));
        push("port-negative", 2, format!("{valid}:-1"));
        push("port-twice", 2, format!("{valid}:1:2"));
        push("hyphen-in-front", 3, in_front(valid, "-"));
        push("underscore-behind", 3, format!("{valid}_"));
        // Sound up to any size that a buffer has: 63, 64, 127, 128, 255 or 256 octets end within
        // a label.
        for (idea, tier, labels) in [("garbage-behind-64", 1, 7), ("garbage-behind-256", 2, 24)] {
            let long = vec!["probitytwo"; labels].join(".");
            push(idea, tier, format!("{}'", host(valid, &long)));
        }
        push("ipv6", 2, host(valid, "::1"));
        push("ipv6-brackets", 2, host(valid, "[::1]"));
        push("bare-word", 1, host(valid, "localhost"));
        push("bare-number", 2, host(valid, "2130706433"));
        push("wildcard", 3, host(valid, "*.a.b"));
        push("parameters", 2, format!("{valid};a=b"));
        push("query", 3, format!("{valid}?a=b"));
    }
}

/// Labels with dots between, perhaps behind a scheme or before a port.
fn like_a_host(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".:-_".contains(c);
    text.contains('.')
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !text.contains("..")
        && text.chars().all(allowed)
}

/// A character put in before the last one, in the middle, in front and at the end.
pub(super) fn with_character(valid: &str, c: char) -> Vec<String> {
    let chars: Vec<char> = valid.chars().collect();
    let places = [
        chars.len().saturating_sub(1),
        chars.len() / 2,
        0,
        chars.len(),
    ];
    let put = |at: usize| -> String {
        let (before, after) = chars.split_at(at);
        before.iter().chain([&c]).chain(after).collect()
    };
    places.into_iter().map(put).collect()
}

/// What ideas have in common, for fingerprints: a check that lets one through mostly lets its
/// relatives through, and that is one finding.
pub(super) fn family(idea: &str) -> &'static str {
    let of = |part: &str| idea.contains(part);
    match idea {
        "nul-and-more" | "nul-at-end" | "nul-in-front" | "percent-nul" => "nul",
        "valid-line-first" | "valid-line-last" | "line-of-header" => "line",
        "upper-case" | "capital" | "scheme-in-capitals" => "case",
        "empty" | "blank" => "empty",
        "words-behind" | "words-before" | "listed-twice" => "garbage",
        _ if of("garbage") => "garbage",
        "percent-escape" | "entity" | "backslash-escape" => "escape",
        "quoted" | "apostrophes" | "brackets" | "angle-brackets" => "wrapped",
        _ if of("space") || of("-lf") || of("-crlf") || of("-tab") => "blanks",
        _ if of("too-long") || of("too-short") || of("wraps-at") || of("octets") => "length",
        _ if of("full-width") || of("arabic") || of("alike") || of("accented") => "unicode",
        "kelvin-sign" => "unicode",
        _ if of("-mark") || of("zero-width") || of("bidi") || of("ideographic") => "unicode",
        _ if idea.starts_with("scheme") || of("no-scheme") || of("no-colon") => "scheme",
        _ if idea.starts_with("number") => "number",
        _ if idea.starts_with("port") => "port",
        _ if idea.starts_with("near") => "edit",
        _ if idea.starts_with("char") => "character",
        _ if idea.starts_with("value-of") => "other-field",
        _ => "part",
    }
}

/// Ideas that stay telling where the length alone makes the result invalid: a check that trims,
/// cuts or decodes first finds a valid string.
pub(super) const SHORTENED: &[&str] = &[
    "trailing-space",
    "trailing-lf",
    "leading-space",
    "nul-and-more",
    "percent-escape",
    "backslash-escape",
    "entity",
];

/// The scheme of `valid`, where it has one, and `host` behind it.
fn host(valid: &str, host: &str) -> String {
    match valid.split_once(':') {
        Some((scheme, _)) if scheme.chars().all(|c| c.is_ascii_alphabetic()) => {
            format!("{scheme}:{host}")
        }
        _ => host.to_owned(),
    }
}

/// `text` in front of what follows the scheme.
fn in_front(valid: &str, text: &str) -> String {
    match valid.split_once(':') {
        Some((scheme, rest)) if scheme.chars().all(|c| c.is_ascii_alphabetic()) => {
            format!("{scheme}:{text}{rest}")
        }
        _ => format!("{text}{valid}"),
    }
}

/// Byte ranges of the first and last runs of ASCII digits.
fn digit_runs(text: &str) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (i, c) in text.char_indices() {
        if !c.is_ascii_digit() {
            continue;
        }
        match runs.last_mut() {
            Some((_, end)) if *end == i => *end = i + 1,
            _ => runs.push((i, i + 1)),
        }
    }
    match runs.as_slice() {
        [first, .., last] => vec![*first, *last],
        _ => runs,
    }
}

/// The first character that `change` changes, changed.
fn map_first(text: &str, change: impl Fn(char) -> Option<char>) -> String {
    let mut done = false;
    text.chars()
        .map(|c| match change(c) {
            Some(other) if !done => {
                done = true;
                other
            }
            _ => c,
        })
        .collect()
}

fn shifted(c: char, first: char, to: u32) -> Option<char> {
    char::from_u32(to + (c as u32).checked_sub(first as u32)?)
}

fn full_width_digit(c: char) -> Option<char> {
    c.is_ascii_digit()
        .then(|| shifted(c, '0', 0xFF10))
        .flatten()
}

fn arabic_digit(c: char) -> Option<char> {
    c.is_ascii_digit()
        .then(|| shifted(c, '0', 0x0660))
        .flatten()
}

fn full_width_letter(c: char) -> Option<char> {
    c.is_ascii_lowercase()
        .then(|| shifted(c, 'a', 0xFF41))
        .flatten()
}

/// Cyrillic doubles of Latin letters (Unicode TS #39, confusables).
fn cyrillic(c: char) -> Option<char> {
    Some(match c {
        'a' => 'а',
        'c' => 'с',
        'e' => 'е',
        'i' => 'і',
        'o' => 'о',
        'p' => 'р',
        's' => 'ѕ',
        'x' => 'х',
        'y' => 'у',
        _ => return None,
    })
}

/// KELVIN SIGN, which folds to `k` (Unicode, CaseFolding.txt), for any letter.
fn kelvin(c: char) -> Option<char> {
    c.is_ascii_alphabetic().then_some('\u{212A}')
}

fn accented(c: char) -> Option<char> {
    Some(match c {
        'a' => 'á',
        'e' => 'é',
        'i' => 'í',
        'o' => 'ó',
        'u' => 'ü',
        'n' => 'ñ',
        's' => 'š',
        'p' | 'b' | 'd' | 't' | 'l' => 'ß',
        _ => return None,
    })
}

/// A combining acute accent behind the last letter.
fn combining(text: &str) -> String {
    match text.rfind(|c: char| c.is_ascii_alphabetic()) {
        Some(at) => format!("{}\u{301}{}", &text[..=at], &text[at + 1..]),
        None => text.to_owned(),
    }
}

/// The last letter or digit as `%XX` (RFC 3986 §2.1).
fn percent_first(text: &str) -> String {
    replace_last(text, |c| format!("%{:02X}", c as u32))
}

/// The last letter or digit as an HTML character reference.
fn entity_first(text: &str) -> String {
    replace_last(text, |c| format!("&#{};", c as u32))
}

/// The last letter or digit as a JSON escape, itself escaped: a second decoding would undo it.
fn backslash_first(text: &str) -> String {
    replace_last(text, |c| format!("\\u{:04x}", c as u32))
}

fn replace_last(text: &str, spelling: impl Fn(char) -> String) -> String {
    match text.rfind(|c: char| c.is_ascii_alphanumeric()) {
        Some(at) => {
            let c = text[at..].chars().next().unwrap_or_default();
            format!("{}{}{}", &text[..at], spelling(c), &text[at + 1..])
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of<'m>(all: &'m [Mutant], idea: &str) -> Option<&'m str> {
        all.iter().find(|m| m.idea == idea).map(|m| m.text.as_str())
    }

    #[test]
    fn ideas_change_what_they_say() {
        let all = mutants("sip:10.0.0.7");
        let expected = [
            ("trailing-lf", "sip:10.0.0.7\n"),
            ("nul-and-more", "sip:10.0.0.7\0!"),
            ("no-scheme", "10.0.0.7"),
            ("upper-case", "SIP:10.0.0.7"),
            ("part-less", "sip:10.0.0"),
            ("part-more", "sip:10.0.0.7.7"),
            ("number-256", "sip:256.0.0.7"),
            ("full-width-digit", "sip:１0.0.0.7"),
            ("arabic-digit", "sip:١0.0.0.7"),
            ("percent-escape", "sip:10.0.0.%37"),
            ("ipv6-brackets", "sip:[::1]"),
            ("dot-in-front", "sip:.10.0.0.7"),
        ];
        for (idea, text) in expected {
            assert_eq!(text_of(&all, idea), Some(text), "{idea}");
        }
    }

    #[test]
    fn no_mutant_is_the_string_itself_or_comes_twice() {
        for valid in [
            "",
            "a",
            "7",
            "é",
            "a.b",
            "sip:a.b:5060",
            "::",
            "日本.x",
            ":",
        ] {
            let all = mutants(valid);
            for (i, m) in all.iter().enumerate() {
                assert_ne!(m.text, valid, "{}", m.idea);
                assert!(all[..i].iter().all(|o| o.text != m.text), "{}", m.idea);
            }
        }
    }
}
