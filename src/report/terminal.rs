//! Listens to a run for a person: progress on stderr while it goes on, the summary on stdout when
//! it is over.

use super::Target;
use super::text::{self, Style};
use super::visible;
use crate::reproduce::mask_credentials;
use crate::run::event::{Event, Listener};
use crate::run::result::Report;
use indicatif::{ProgressBar, ProgressStyle};
use std::fmt;
use std::io::{self, IsTerminal as _, Write};

/// What is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// No progress; one line a finding and the final line.
    pub quiet: bool,
    /// Every case, and all that the report knows.
    pub verbose: bool,
    /// The summary on stdout; false where a report goes there.
    pub summary: bool,
}

impl Options {
    /// What is shown beside these reports: only one result may go to stdout.
    pub fn beside(reports: &[Target], quiet: bool, verbose: bool) -> Options {
        Options {
            quiet,
            verbose,
            summary: !reports.iter().any(Target::is_stdout),
        }
    }
}

/// A person at a terminal, or a log: a progress bar where stderr is a terminal, else plain lines
/// for what is worth one. Output that nobody reads any more (a closed pipe) is dropped, so that the
/// run goes on and the settings are put back.
pub struct Terminal {
    options: Options,
    bar: Option<ProgressBar>,
    progress: Box<dyn Write>,
    results: Box<dyn Write>,
    width: usize,
    setup: Option<String>,
    findings: usize,
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Terminal {
    /// The process's own stderr and stdout. Colours go where they are understood and wanted
    /// (`NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE`, `TERM`).
    pub fn new(options: Options) -> Self {
        let on_terminal = io::stderr().is_terminal();
        Terminal {
            bar: (on_terminal && !options.quiet)
                .then(|| ProgressBar::no_length().with_style(style())),
            width: columns(),
            ..Terminal::with_streams(
                options,
                Box::new(anstream::AutoStream::auto(io::stderr())),
                Box::new(anstream::AutoStream::auto(io::stdout())),
            )
        }
    }

    /// No progress bar; progress lines and the summary go to the given streams, with colours, for
    /// 100 columns.
    pub fn with_streams(
        options: Options,
        progress: Box<dyn Write>,
        results: Box<dyn Write>,
    ) -> Self {
        Terminal {
            options,
            bar: None,
            progress,
            results,
            width: Style::default().width,
            setup: None,
            findings: 0,
        }
    }

    /// Shell lines that set the `$PROBITY_…` variables of the replay lines, shown once where there
    /// are findings (see [`crate::reproduce::login_lines`]).
    pub fn with_setup(mut self, lines: Option<String>) -> Self {
        self.setup = lines;
        self
    }

    fn say(&mut self, text: &str) {
        if self.options.quiet {
            return;
        }
        let text = format!("{}\n", mask_credentials(&visible::block(text)));
        match &self.bar {
            Some(bar) => bar.suspend(|| show(&mut self.progress, &text)),
            None => show(&mut self.progress, &text),
        }
    }

    fn summary(&mut self, report: &Report) {
        let style = Style {
            colour: true,
            quiet: self.options.quiet,
            verbose: self.options.verbose,
            width: self.width,
        };
        let text = text::render_with(report, style, self.setup.as_deref());
        show(&mut self.results, &text);
    }
}

/// Writes what can be written. A closed pipe is the reader's choice, not an error of the run.
fn show(stream: &mut dyn Write, text: &str) {
    let _ = stream.write_all(text.as_bytes());
    let _ = stream.flush();
}

/// Columns of the terminal on stdout, or of a page where it is none; lines of prose longer than
/// 120 are hard to read.
fn columns() -> usize {
    match terminal_size::terminal_size_of(io::stdout()) {
        Some((terminal_size::Width(columns), _)) => usize::from(columns).min(120),
        None => Style::default().width,
    }
}

fn style() -> ProgressStyle {
    // The template is ours and right; the default bar is there should it ever not be.
    ProgressStyle::with_template("{bar:24} {pos}/{len} cases  {eta} left  {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
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
                if let Some(bar) = &self.bar {
                    bar.set_length(*cases as u64);
                }
                self.say(&format!(
                    "{contract}: {cases} cases, {requests} requests, to {target}"
                ));
            }
            Event::Note(text) => self.say(&format!("note: {text}")),
            Event::CaseDone {
                case,
                title,
                broken,
                sent: _,
            } => {
                if self.options.verbose {
                    let mark = if *broken { "BROKEN" } else { "ok" };
                    self.say(&format!("{mark:>6}  {case}  {}", visible::line(title)));
                }
                if let Some(bar) = &self.bar {
                    bar.inc(1);
                    let findings = match self.findings {
                        0 => String::new(),
                        1 => "1 finding · ".to_owned(),
                        n => format!("{n} findings · "),
                    };
                    bar.set_message(format!("{findings}{}", visible::line(title)));
                }
            }
            Event::Found(finding) => {
                self.findings += 1;
                self.say(&format!(
                    "found: {} [{}]",
                    visible::line(&finding.title),
                    visible::line(&finding.fingerprint)
                ));
            }
            Event::Restoring => match &self.bar {
                Some(bar) => bar.set_message("putting the settings back"),
                None => self.say("putting the settings back"),
            },
            Event::ErrorAnswer(_)
            | Event::Settings(_)
            | Event::Creating(_)
            | Event::Judged { .. }
            | Event::Stated { .. }
            | Event::Baseline(_)
            | Event::Checkpoint
            | Event::Campaign(_)
            | Event::File { .. } => {}
            Event::Finished(report) => {
                if let Some(bar) = self.bar.take() {
                    bar.finish_and_clear();
                }
                if self.options.summary {
                    self.summary(report);
                }
            }
        }
    }
}
