//! Lines of the summary: labels, wrapping, colours.

use super::Style;
use anstyle::Style as Ansi;
use std::borrow::Cow;

/// Narrower than this, labels and text no longer stand beside each other.
pub(super) const NARROWEST: usize = 40;
/// Width of the column of labels.
pub(super) const LABEL: usize = 10;
/// That of the labels of figures.
const FIGURE: usize = 12;

pub(super) const BOLD: Ansi = Ansi::new().bold();
pub(super) const DIM: Ansi = Ansi::new().dimmed();

/// A summary that is being written.
pub(super) struct Page {
    pub(super) out: String,
    pub(super) style: Style,
}

/// Lines of at most `width` columns; names and paths are not broken at their hyphens.
pub(super) fn wrap(text: &str, width: usize) -> Vec<Cow<'_, str>> {
    let options =
        textwrap::Options::new(width).word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(text, options)
}

impl Page {
    pub(super) fn paint(&self, text: &str, ansi: Ansi) -> String {
        if self.style.colour {
            format!("{ansi}{text}{ansi:#}")
        } else {
            text.to_owned()
        }
    }

    pub(super) fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    pub(super) fn gap(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    pub(super) fn title(&mut self, text: &str) {
        self.gap();
        let title = self.paint(text, BOLD);
        self.line(&title);
    }

    /// A label and text beside it, wrapped, `limit` lines at most.
    pub(super) fn entry(&mut self, indent: usize, label: &str, text: &str, limit: usize) {
        let column = indent + LABEL;
        let width = self.style.width.saturating_sub(column).max(NARROWEST / 2);
        let mut lines: Vec<String> = text
            .split('\n')
            .flat_map(|l| wrap(l, width))
            .map(|l| l.into_owned())
            .collect();
        while lines.last().is_some_and(|l| l.trim().is_empty()) {
            lines.pop();
        }
        if lines.len() > limit {
            lines.truncate(limit);
            if let Some(last) = lines.last_mut() {
                last.push_str(" …");
            }
        }
        let label = self.paint(&format!("{label:<LABEL$}"), DIM);
        for (i, line) in lines.iter().enumerate() {
            let lead = if i == 0 { &label } else { &" ".repeat(LABEL) };
            self.line(&format!("{:indent$}{lead}{line}", ""));
        }
    }

    /// Text behind a bullet, wrapped.
    pub(super) fn item(&mut self, text: &str) {
        let width = self.style.width.saturating_sub(4).max(NARROWEST / 2);
        for (i, line) in wrap(text, width).iter().enumerate() {
            let lead = if i == 0 { "  · " } else { "    " };
            self.line(&format!("{lead}{line}"));
        }
    }

    /// A figure with its label; may hold colours, is not wrapped.
    pub(super) fn figure(&mut self, label: &str, text: &str) {
        let label = self.paint(&format!("{label:<FIGURE$}"), DIM);
        self.line(&format!("{label}{text}"));
    }
}
