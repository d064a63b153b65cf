//! Listens to a run for a person: progress on stderr, the summary on stdout.

use super::text::{self, Style};
use crate::run::event::{Event, Listener};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal as _;

/// What is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The final line only.
    pub quiet: bool,
    /// Every case.
    pub verbose: bool,
    /// The summary on stdout; false where a report goes there.
    pub summary: bool,
}

/// A person at a terminal, or a log.
#[derive(Debug)]
pub struct Terminal {
    options: Options,
    bar: ProgressBar,
}

impl Terminal {
    /// Progress is a bar where stderr is a terminal, nothing otherwise.
    pub fn new(options: Options) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if std::io::stderr().is_terminal() && !options.quiet {
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        }
        Terminal { options, bar }
    }

    fn say(&self, text: &str) {
        if !self.options.quiet {
            self.bar.suspend(|| anstream::eprintln!("{text}"));
        }
    }
}

impl Listener for Terminal {
    fn on(&mut self, event: &Event<'_>) {
        match event {
            Event::Started {
                target,
                contract,
                cases,
                requests,
            } => {
                self.say(&format!(
                    "{contract}: {cases} cases, {requests} requests, against {target}"
                ));
                self.bar.set_length(*cases as u64);
                if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} cases, {msg}")
                {
                    self.bar.set_style(style);
                }
            }
            Event::Note(text) => self.say(&format!("note: {text}")),
            Event::CaseDone {
                case,
                title,
                broken,
                sent,
            } => {
                self.bar.inc(1);
                self.bar.set_message(format!("{sent} requests"));
                if self.options.verbose {
                    let mark = if *broken { "BROKEN" } else { "ok" };
                    self.say(&format!("{mark:6}  {case}  {title}"));
                }
            }
            Event::Found(finding) => {
                self.say(&format!(
                    "found: {} [{}]",
                    finding.title.escape_debug(),
                    finding.fingerprint
                ));
            }
            Event::Restoring => self.bar.set_message("putting the settings back"),
            Event::Finished(report) => {
                self.bar.finish_and_clear();
                if self.options.summary {
                    let colour =
                        anstream::stdout().current_choice() != anstream::ColorChoice::Never;
                    let style = Style {
                        colour,
                        quiet: self.options.quiet,
                        verbose: self.options.verbose,
                    };
                    anstream::print!("{}", text::render(report, style));
                }
            }
        }
    }
}
