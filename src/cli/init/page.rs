//! A profile as text: prose behind `# `, lines that are switched off behind `#`.

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

/// As a remark behind a line: short, on that line.
pub(super) fn remark(text: &str) -> String {
    let short: String = line(text).chars().take(LONGEST).collect();
    format!("# {short}")
}
