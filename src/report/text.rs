//! The summary for people: what is broken first, each with how to see it again.

use crate::run::result::{Finding, Report, Severity, Status};
use anstyle::{AnsiColor, Style as Ansi};
use std::fmt::Write as _;

/// How the summary looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours.
    pub colour: bool,
    /// The final line only.
    pub quiet: bool,
    /// Choices and divergences in full.
    pub verbose: bool,
}

/// Findings that are shown in full; the rest are counted (the JSON report has them all).
const SHOWN: usize = 40;

/// The summary as text.
pub fn render(report: &Report, style: Style) -> String {
    let mut page = Page {
        out: String::new(),
        style,
    };
    if !style.quiet {
        page.findings(report);
        page.open(report);
        page.promises(report);
    }
    page.last(report);
    page.out
}

struct Page {
    out: String,
    style: Style,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn paint(&self, text: &str, ansi: Ansi) -> String {
        if self.style.colour {
            format!("{ansi}{text}{ansi:#}")
        } else {
            text.to_owned()
        }
    }

    fn findings(&mut self, report: &Report) {
        for finding in report.findings.iter().take(SHOWN) {
            self.finding(finding, report);
        }
        if report.findings.len() > SHOWN {
            let more = report.findings.len() - SHOWN;
            self.line(&format!(
                "… and {more} more findings (all of them: --report json=PATH)\n"
            ));
        }
    }

    fn finding(&mut self, finding: &Finding, report: &Report) {
        let word = match finding.severity {
            Severity::Critical => "critical",
            Severity::High => "high",
            Severity::Medium => "medium",
            Severity::Low => "low",
        };
        let colour = match finding.severity {
            Severity::Critical | Severity::High => AnsiColor::Red,
            Severity::Medium => AnsiColor::Yellow,
            Severity::Low => AnsiColor::Cyan,
        };
        let head = self.paint(word, Ansi::new().bold().fg_color(Some(colour.into())));
        self.line(&format!("{head}  {}", visible(&finding.title)));
        let source = report
            .promises
            .iter()
            .find(|p| p.id == finding.promise)
            .map(|p| &p.source);
        let place = match source.map(|s| (s.page_line, &s.pointer)) {
            Some((Some(line), _)) => format!(" (page line {line})"),
            Some((None, pointer)) if pointer.starts_with("RFC") => format!(" ({pointer})"),
            _ => String::new(),
        };
        self.line(&format!("  promise   {}{place}", finding.promise));
        self.line(&format!("  expected  {}", visible(&finding.expected)));
        self.line(&format!("  observed  {}", visible(&finding.observed)));
        self.line(&format!(
            "  seen      {} times, {}",
            finding.confirmed, finding.case
        ));
        self.line(&format!(
            "  replay    {}",
            visible(&finding.reproducer.curl)
        ));
        if !finding.also.is_empty() {
            self.line(&format!(
                "  also      {} more cases of the same kind",
                finding.also.len()
            ));
        }
        self.line("");
    }

    fn open(&mut self, report: &Report) {
        let divergences: Vec<_> = report
            .divergences
            .iter()
            .filter(|d| !d.device.probes.is_empty())
            .collect();
        if !divergences.is_empty() {
            self.line("Readings that the device's answers allow:");
            for divergence in divergences {
                let fits = &divergence.device.fits;
                let short = match fits.as_slice() {
                    [] => "none that Probity knows".to_owned(),
                    [one] => one.clone(),
                    [first, rest @ ..] => format!("{first} and {} more", rest.len()),
                };
                self.line(&format!(
                    "  {}: {short} ({} excluded by {} answers)",
                    divergence.promise, divergence.device.excluded, divergence.device.requests
                ));
            }
            self.line("");
        }
        if !report.choices.is_empty() && self.style.verbose {
            self.line("Where the page leaves it open, the device:");
            for choice in &report.choices {
                self.line(&format!(
                    "  {} [{}]: {}",
                    visible(&choice.question),
                    choice.promise,
                    visible(&choice.device)
                ));
            }
            self.line("");
        }
        for note in &report.notes {
            self.line(&format!("note: {}", visible(note)));
        }
        if !report.notes.is_empty() {
            self.line("");
        }
    }

    fn promises(&mut self, report: &Report) {
        let count = |status| {
            report
                .promises
                .iter()
                .filter(|p| p.status == status)
                .count()
        };
        let device = match (&report.device.model, &report.device.firmware) {
            (Some(model), Some(firmware)) => format!("{model}, firmware {firmware}"),
            (Some(model), None) => model.clone(),
            (None, Some(firmware)) => format!("firmware {firmware}"),
            (None, None) => "device".to_owned(),
        };
        self.line(&format!(
            "{} at {} against {}",
            device, report.target, report.contract.id
        ));
        self.line(&format!(
            "  promises  {} kept, {} broken, {} undecided, {} not tested",
            count(Status::Kept),
            count(Status::Broken),
            count(Status::Undecided),
            count(Status::Untested)
        ));
        let seconds = report.duration_ms as f64 / 1_000.0;
        self.line(&format!(
            "  requests  {} in {seconds:.1} s",
            report.requests.sent
        ));
        let restored = match report.device.restored {
            Some(true) => "as they were",
            Some(false) => "NOT as they were",
            None => "could not be looked at",
        };
        self.line(&format!("  settings  {restored}"));
        if report.device.restarts > 0 {
            self.line(&format!("  restarts  {}", report.device.restarts));
        }
        if !report.choices.is_empty() && !self.style.verbose {
            self.line(&format!(
                "  open      {} choices of the device where the page leaves it open (--verbose)",
                report.choices.len()
            ));
        }
        if !report.contract_issues.is_empty() {
            self.line(&format!(
                "  page      {} issues of the published text itself (probity lint)",
                report.contract_issues.len()
            ));
        }
        if !report.unsupported.is_empty() {
            self.line(&format!(
                "  page      {} statements that nothing here checks:",
                report.unsupported.len()
            ));
            for entry in &report.unsupported {
                self.line(&format!("              {}: {}", entry.pointer, entry.what));
            }
        }
    }

    fn last(&mut self, report: &Report) {
        let (word, colour) = match report.exit.code {
            0 => ("kept", AnsiColor::Green),
            1 => ("broken", AnsiColor::Red),
            3 => ("not judged", AnsiColor::Yellow),
            5 => ("flaky", AnsiColor::Yellow),
            6 => ("not restored", AnsiColor::Red),
            _ => ("error", AnsiColor::Red),
        };
        let word = self.paint(word, Ansi::new().bold().fg_color(Some(colour.into())));
        let _ = writeln!(
            self.out,
            "{word}: {} (exit {})",
            visible(&report.exit.reason),
            report.exit.code
        );
    }
}

/// Control characters made visible: a device's text must not drive the terminal.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            let _ = write!(out, "\\u{{{:x}}}", c as u32);
        } else {
            out.push(c);
        }
    }
    out
}
