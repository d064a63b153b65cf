//! A profile as text: prose behind `# `, lines that are switched off behind `#`, TOML that any text of
//! a document can stand in.

use crate::report::visible::line;

/// Width of prose.
const WIDTH: usize = 96;
/// Most characters of one text of the document.
const LONGEST: usize = 300;

/// The page as it grows.
#[derive(Debug, Default)]
pub(super) struct Page(pub(super) String);

impl Page {
    /// Prose.
    pub(super) fn say(&mut self, text: &str) {
        let text: String = line(text).chars().take(2 * LONGEST).collect();
        for row in textwrap::wrap(&text, WIDTH) {
            self.0.push_str("# ");
            self.0.push_str(&row);
            self.0.push('\n');
        }
    }

    /// A line that is switched off.
    pub(super) fn off(&mut self, text: &str) {
        self.0.push('#');
        self.0.push_str(text);
        self.0.push('\n');
    }

    /// Begins a part.
    pub(super) fn part(&mut self, title: &str) {
        let rule = "-".repeat(WIDTH.saturating_sub(title.chars().count() + 4));
        self.0.push_str(&format!("\n# -- {title} {rule}\n"));
    }
}

/// A string of TOML 1.0 on one line that shows every character: what a terminal would hide or act on
/// is escaped, so no door has to change it.
pub(super) fn text(text: &str) -> String {
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
pub(super) fn key(name: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    match !name.is_empty() && name.bytes().all(bare) {
        true => name.to_owned(),
        false => text(name),
    }
}

/// As a remark behind a line: short, on that line.
pub(super) fn remark(text: &str) -> String {
    let short: String = line(text).chars().take(LONGEST).collect();
    format!("# {short}")
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
