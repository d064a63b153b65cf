//! Text of devices and contracts made fit for terminals and files: what a device answers must not
//! drive the terminal that shows it, nor the build server that reads the log, nor look like something
//! else. Knows nothing of reports.

use std::borrow::Cow;
use std::fmt::Write as _;

/// On one line: line ends and tabs as `\n`, `\r`, `\t`, other characters without a shape of their
/// own, and the first of a [command](begins_command), as `\u{…}`.
pub fn line(text: &str) -> String {
    escape(text, false)
}

/// A reproducer, line by line: what it says of itself, in comments, and what is to be copied.
pub fn reproducer(text: &str) -> Vec<String> {
    let (mut rest, mut out) = (text, Vec::new());
    while let Some((said, line)) = rest.split_once('\n').filter(|_| rest.starts_with("# ")) {
        out.push(self::line(said));
        rest = line;
    }
    out.push(self::line(rest));
    out
}

/// Like [`line()`], but line feeds stay.
pub fn block(text: &str) -> String {
    escape(text, true)
}

/// JSON whose strings hold nothing hidden and no command: as `\uXXXX`, which is the same value to
/// whoever reads it. (Its writer escapes C0 only.)
pub fn json(text: &str) -> Cow<'_, str> {
    let shows = |c: char| c == '\n' || !hidden(c);
    if text.chars().all(shows) && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        // A line of JSON does not begin inside of a string.
        if shows(c) && !(c == '#' && begins_command(text, at)) {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    Cow::Owned(out)
}

/// Whether the character at this place begins what a build server takes for a command in the output of
/// a job: `##vso[…]` (Azure Pipelines), `##[…]` (GitHub Actions), `##teamcity[…]`, each wherever it
/// stands, and `::name …::` (GitHub Actions), which begins a line or may come to do so.
pub fn begins_command(text: &str, at: usize) -> bool {
    let (before, rest) = text.split_at_checked(at).unwrap_or_default();
    if let Some(behind) = rest.strip_prefix("##") {
        let name = behind.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        return name.starts_with('[');
    }
    let Some(behind) = rest.strip_prefix("::") else {
        return false;
    };
    let begins = before.chars().next_back().is_none_or(char::is_whitespace);
    begins && behind.starts_with(|c: char| c.is_ascii_alphabetic())
}

fn escape(text: &str, lines: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            '\n' if lines => out.push('\n'),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if hidden(c) || "#:".contains(c) && begins_command(text, at) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Controls (C0, C1, DEL), format characters (Unicode category Cf: bidi, zero width, tags), line
/// and paragraph separators, and noncharacters, of which XML 1.0 §2.2 forbids U+FFFE and U+FFFF.
fn hidden(c: char) -> bool {
    let code = u32::from(c);
    c.is_control()
        || matches!(code,
            0xad | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x180e | 0x200b..=0x200f
            | 0x2028..=0x202e | 0x2060..=0x206f | 0xfdd0..=0xfdef | 0xfeff | 0xfff9..=0xfffb
            | 0x110bd | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe0000..=0xe007f)
        || code & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_the_cursor_or_hides_gets_through() {
        assert_eq!(
            line("a\u{1b}[2J\r\nb\u{9b}31m"),
            "a\\u{1b}[2J\\r\\nb\\u{9b}31m"
        );
        assert_eq!(
            block("a\r\nb\u{202e}\u{feff}\u{ffff}"),
            "a\\r\nb\\u{202e}\\u{feff}\\u{ffff}"
        );
        assert_eq!(
            json("{\"a\": \"\u{9b}\u{202e}\u{e0041}é\"}\n"),
            "{\"a\": \"\\u009b\\u202e\\udb40\\udc41é\"}\n"
        );
        assert_eq!(
            block("###vso[x] ##[y]\n  ::error::z a::b ::1 # ## [x]"),
            "#\\u{23}#vso[x] \\u{23}#[y]\n  \\u{3a}:error::z a::b ::1 # ## [x]"
        );
        assert_eq!(json("[\"##vso[x] ::y::\"]"), "[\"\\u0023#vso[x] ::y::\"]");
        assert_eq!(line("дверь — 漢字 “ok” é"), "дверь — 漢字 “ok” é");
    }
}
