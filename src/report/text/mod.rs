//! The summary for people: who was judged against what, what is broken first and how to see it
//! again, then what the page leaves open, then the figures and the verdict.

mod findings;
mod open;
mod page;

use super::{divergence, visible};
use crate::contract::PromiseSource;
use crate::judge::Kind;
use crate::reproduce::mask_credentials;
use crate::run::result::{
    Choice, Divergence, Finding, OperationState, PromiseResult, Report, Severity, Status,
};
use anstyle::{AnsiColor, Style as Ansi};
use page::{BOLD, NARROWEST, Page};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How the summary looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours.
    pub colour: bool,
    /// One line a finding and the final line only.
    pub quiet: bool,
    /// With evidence, all choices and readings, and the promises that were not decided.
    pub verbose: bool,
    /// Columns to wrap at; lines to be copied (replay) are never wrapped.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Style {
            colour: false,
            quiet: false,
            verbose: false,
            width: 100,
        }
    }
}

const fn ink(colour: AnsiColor) -> Ansi {
    Ansi::new()
        .bold()
        .fg_color(Some(anstyle::Color::Ansi(colour)))
}

/// The summary as text.
pub fn render(report: &Report, style: Style) -> String {
    render_with(report, style, None)
}

/// The summary with shell lines that set the `$PROBITY_…` variables of its replay lines, shown
/// where a replay line needs them.
pub fn render_with(report: &Report, style: Style, setup: Option<&str>) -> String {
    let mut page = Page {
        out: String::new(),
        style: Style {
            width: style.width.max(NARROWEST),
            ..style
        },
    };
    if style.quiet {
        for finding in &report.findings {
            page.brief(finding);
        }
    } else {
        page.heading(report);
        page.findings(report);
        page.setup(report, setup);
        page.operations(report);
        page.divergences(&report.divergences);
        page.choices(&report.choices);
        if style.verbose {
            page.open_promises(report);
            page.open_ideas(report);
        }
        page.unsupported(report);
        page.notes(report);
        page.figures(report);
    }
    page.verdict(report);
    page.out
}

/// Device text on one line, without credentials.
pub(super) fn clean(text: &str) -> String {
    mask_credentials(&visible::line(text)).into_owned()
}

fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// A number with commas: `1,040`.
fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

impl Page {
    fn heading(&mut self, report: &Report) {
        let device = &report.device;
        let mut name = match &device.model {
            Some(model) => visible::line(model),
            None => "Device".to_owned(),
        };
        if let Some(firmware) = &device.firmware {
            let _ = write!(name, ", firmware {}", visible::line(firmware));
        }
        let name = self.paint(&name, BOLD);
        self.line(&format!("{name} at {}", clean(&report.target)));
        self.line(&format!(
            "judged against {}",
            visible::line(&report.contract.id)
        ));
    }

    fn verdict(&mut self, report: &Report) {
        if !self.style.quiet {
            self.gap();
        }
        let (word, colour) = match report.exit.code {
            0 => ("KEPT", AnsiColor::Green),
            1 => ("BROKEN", AnsiColor::Red),
            3 => ("NOT JUDGED", AnsiColor::Yellow),
            4 => ("STALE", AnsiColor::Yellow),
            5 => ("FLAKY", AnsiColor::Yellow),
            6 => ("NOT RESTORED", AnsiColor::Red),
            _ => ("ERROR", AnsiColor::Red),
        };
        let word = self.paint(word, ink(colour));
        let text = format!(
            "{word}  {} (exit code {})",
            clean(&report.exit.reason),
            report.exit.code
        );
        self.line(&text);
    }
}

pub(super) fn severity_word(severity: Severity) -> (&'static str, Ansi) {
    match severity {
        Severity::Critical => ("critical", ink(AnsiColor::Red)),
        Severity::High => ("high", ink(AnsiColor::Red)),
        Severity::Medium => ("medium", ink(AnsiColor::Yellow)),
        Severity::Low => ("low", ink(AnsiColor::Cyan)),
    }
}
