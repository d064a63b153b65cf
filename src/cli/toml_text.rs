//! Lines of TOML in which any text of a document can stand.

use crate::report::visible::line;

/// A string of TOML 1.0 on one line that shows every character: what a terminal would hide or act on
/// is escaped, so no door has to change it.
pub(in crate::cli) fn text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if line(c.encode_utf8(&mut [0; 4])).chars().eq([c]) => out.push(c),
            c => out.push_str(&format!("\\U{:08X}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// A key of TOML.
pub(in crate::cli) fn key(name: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    match !name.is_empty() && name.bytes().all(bare) {
        true => name.to_owned(),
        false => text(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_reads_back_from_toml() {
        for given in [
            "",
            "plain",
            "a \"quoted\" \\ one",
            "lines\r\n\tand\u{0}\u{1b}[2J\u{7f}\u{85}\u{202e}\u{feff}\u{ffff}\u{1d173}é漢🦀",
        ] {
            let written = format!("{} = {}\n", key(given), text(given));
            assert_eq!(written.lines().count(), 1, "{written}");
            let read: toml::Table = written.parse().expect("TOML");
            assert_eq!(read.get(given).and_then(|v| v.as_str()), Some(given));
        }
    }
}
