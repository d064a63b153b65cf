//! What a person sees while a run goes on.
#![allow(missing_docs)]

use crate::report_sample;

use probity::judge::normalise::ErrorAnswer;
use probity::redact::Redactor;
use probity::report::terminal::{Options, Terminal};
use probity::report::{Listeners, snapshots::Snapshots};
use probity::run::event::{Event, Listener};
use report_sample::{everyday, nasty};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Stream(Arc<Mutex<Vec<u8>>>);

impl Stream {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const NORMAL: Options = Options {
    quiet: false,
    verbose: false,
    summary: true,
};

/// Plays a short run; gives progress and results, without colours.
fn play(options: Options) -> (String, String) {
    let (progress, results) = (Stream::default(), Stream::default());
    let mut terminal = Terminal::with_streams(
        options,
        Box::new(progress.clone()),
        Box::new(results.clone()),
    )
    .with_setup(Some("export PROBITY_TOKEN=$(curl …)".to_owned()));
    let report = everyday();
    terminal.on(&Event::Started {
        target: "http://192.0.2.1",
        contract: "Door",
        cases: 2,
        requests: 3,
    });
    terminal.on(&Event::Note(
        "saw Authorization: Bearer 0123456789abcdef\u{1b}[2J",
    ));
    terminal.on(&Event::CaseDone {
        case: "a/b/c/d",
        title: "fi\rne",
        broken: false,
        sent: 1,
    });
    terminal.on(&Event::Found(&report.findings[0]));
    terminal.on(&Event::CaseDone {
        case: "a/b/c/e",
        title: "odd",
        broken: true,
        sent: 4,
    });
    terminal.on(&Event::Restoring);
    terminal.on(&Event::Finished(&report));
    let results = anstream::adapter::strip_str(&results.text()).to_string();
    (progress.text(), results)
}

#[test]
fn a_log_gets_plain_lines_for_what_is_worth_one() {
    let (progress, results) = play(NORMAL);
    insta::assert_snapshot!(progress, @r"
    Door: 2 cases, 3 requests, to http://192.0.2.1
    note: saw Authorization: Bearer ***\u{1b}[2J
    found: no credentials: served without valid credentials [0123456789abcdef]
    putting the settings back
    ");
    assert!(results.starts_with("DP-1, firmware 2.6.0"), "{results}");
    assert!(results.contains("export PROBITY_TOKEN="), "{results}");
    assert!(
        results.ends_with("BROKEN  2 promises are broken (exit code 1)\n"),
        "{results}"
    );
}

#[test]
fn verbose_tells_every_case_and_quiet_tells_none() {
    let (progress, results) = play(Options {
        verbose: true,
        ..NORMAL
    });
    assert!(
        progress.contains("\n    ok  a/b/c/d  fi\\rne\n"),
        "{progress}"
    );
    assert!(progress.contains("\nBROKEN  a/b/c/e  odd\n"), "{progress}");
    assert!(results.contains("answer    HTTP 200"), "{results}");
    let (progress, results) = play(Options {
        quiet: true,
        ..NORMAL
    });
    assert_eq!(progress, "");
    assert_eq!(results.lines().count(), 4, "{results}");
}

#[test]
fn the_summary_can_be_left_to_a_report() {
    let (_, results) = play(Options {
        summary: false,
        ..NORMAL
    });
    assert_eq!(results, "");
}

/// A pipe whose reader has gone.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

#[test]
fn a_reader_that_has_gone_ends_nothing() {
    let mut terminal = Terminal::with_streams(NORMAL, Box::new(Gone), Box::new(Gone));
    terminal.on(&Event::Note("x"));
    terminal.on(&Event::Finished(&nasty()));
}

#[test]
fn listeners_hear_the_same() {
    let stream = Stream::default();
    let mut terminal =
        Terminal::with_streams(NORMAL, Box::new(stream.clone()), Box::new(io::sink()));
    let folder = tempfile::tempdir().unwrap();
    let mut snapshots = Snapshots::open(folder.path()).unwrap();
    let mut both = Listeners(vec![&mut terminal, &mut snapshots], Redactor::default());
    assert!(both.wants_error_answers());
    both.on(&Event::Note("heard"));
    both.on(&Event::ErrorAnswer(&ErrorAnswer {
        operation: "setDoor".to_owned(),
        fault: "missing".to_owned(),
        status: 400,
        text: "400".to_owned(),
    }));
    assert!(!Listeners(vec![&mut terminal], Redactor::default()).wants_error_answers());
    assert_eq!(stream.text(), "note: heard\n");
    assert_eq!(snapshots.finish().unwrap().new, ["setDoor.missing.400"]);
}
