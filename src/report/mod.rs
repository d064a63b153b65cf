//! Reports: the result model of [`crate::run::result`] in many formats, and listeners for the
//! runner's events. One file a format.

pub mod diff;
mod divergence;
pub mod gate;
pub mod json;
pub mod junit;
mod redaction;
pub mod schema;
pub mod snapshots;
pub mod terminal;
pub mod text;
pub mod visible;

use crate::redact::Redactor;
use crate::run::event::{Event, Listener};
use crate::run::result::Report;
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

pub use redaction::redacted;

/// Several listeners as one, told in order; what they hear has no secret in it.
pub struct Listeners<'a>(pub Vec<&'a mut dyn Listener>, pub Redactor);

impl Listener for Listeners<'_> {
    fn on(&mut self, event: &Event<'_>) {
        let Listeners(listeners, redactor) = self;
        redaction::event(redactor, event, &mut |event| {
            for listener in listeners.iter_mut() {
                listener.on(event);
            }
        });
    }

    fn halt(&self) -> Option<String> {
        self.0.iter().find_map(|l| l.halt())
    }

    fn wants_error_answers(&self) -> bool {
        self.0.iter().any(|l| l.wants_error_answers())
    }
}

/// A format of [`Target`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// What the terminal shows, without colours.
    Text,
    /// `probity-report/2`.
    Json,
    /// JUnit XML, a test case a promise.
    Junit,
}

impl Format {
    /// All of them, as `--report` names them.
    pub const ALL: [(&'static str, Format); 3] = [
        ("text", Format::Text),
        ("json", Format::Json),
        ("junit", Format::Junit),
    ];

    /// The names of all of them, as a sentence says them.
    pub fn listed() -> String {
        let names: Vec<&str> = Format::ALL.iter().map(|(name, _)| *name).collect();
        match names.split_last() {
            Some((last, before)) if !before.is_empty() => {
                format!("{} or {last}", before.join(", "))
            }
            _ => names.concat(),
        }
    }

    /// The report in this format.
    ///
    /// # Errors
    /// The writer of the format fails.
    pub fn render(self, report: &Report) -> io::Result<String> {
        match self {
            Format::Text => Ok(text::render(report, text::Style::default())),
            Format::Json => json::render(report),
            Format::Junit => junit::render(report),
        }
    }
}

/// The name that [`FromStr`] reads.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = Format::ALL.iter().find(|(_, format)| format == self);
        f.write_str(found.map_or("", |(name, _)| name))
    }
}

/// Reads the names of [`Format::ALL`].
impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Format::ALL.iter().find(|(name, _)| *name == text);
        found.map(|(_, format)| *format).ok_or_else(|| {
            format!(
                "there is no report format {text:?}; write {}",
                Format::listed()
            )
        })
    }
}

/// Where a report goes, `FORMAT=PATH`; `-` is stdout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    format: Format,
    path: PathBuf,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((format, "")) => Err(format!(
                "`{format}=` names no file; write {format}=report.xml, or {format}=- for stdout"
            )),
            Some((format, path)) => Ok(Target {
                format: format.parse()?,
                path: path.into(),
            }),
            None => Err(format!(
                "{text:?} is not FORMAT=PATH, such as junit=report.xml or json=-"
            )),
        }
    }
}

impl Target {
    /// Its format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether it goes to stdout.
    pub fn is_stdout(&self) -> bool {
        self.path == Path::new("-")
    }

    /// Writes the report. A file appears whole or not at all; what stood there before is replaced
    /// in one step (a symbolic link is followed). Something that is no ordinary file, a pipe or
    /// `/dev/null`, is written to as it is. A reader of stdout that has gone away is no error.
    ///
    /// # Errors
    /// Names the option, the file and what is wrong.
    pub fn write(&self, report: &Report) -> io::Result<()> {
        let named = |e: io::Error| self.named(e);
        if self.is_stdout() {
            let text = self.format.render(report)?;
            let text = match self.format {
                Format::Json => visible::json(&text),
                _ => text.into(),
            };
            let mut stdout = io::stdout().lock();
            let written = stdout.write_all(text.as_bytes());
            return match written.and_then(|()| stdout.flush()) {
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                other => other.map_err(named),
            };
        }
        self.to_file(report).map_err(named)
    }

    /// Whether [`write`](Self::write) can be expected to work, so that nobody learns after hours
    /// that its report has no place. Leaves nothing behind.
    ///
    /// # Errors
    /// As of [`write`](Self::write).
    pub fn check(&self) -> io::Result<()> {
        if self.is_stdout() {
            return Ok(());
        }
        let tried = match self.place() {
            Ok(Place::File(path)) => temporary(&path).map(drop),
            Ok(Place::Special) => Ok(()),
            Err(e) => Err(e),
        };
        tried.map_err(|e| self.named(e))
    }

    fn named(&self, e: io::Error) -> io::Error {
        let option = format!("--report {}={}", self.format, self.path.display());
        io::Error::new(e.kind(), format!("{option}: {e}"))
    }

    fn place(&self) -> io::Result<Place> {
        match std::fs::metadata(&self.path) {
            Ok(found) if found.is_dir() => Err(io::Error::new(
                io::ErrorKind::IsADirectory,
                "is a folder, not a file",
            )),
            Ok(found) if !found.is_file() => Ok(Place::Special),
            Ok(_) => Ok(Place::File(std::fs::canonicalize(&self.path)?)),
            Err(_) => Ok(Place::File(self.path.clone())),
        }
    }

    fn to_file(&self, report: &Report) -> io::Result<()> {
        let path = match self.place()? {
            Place::Special => {
                let mut file = std::fs::OpenOptions::new().write(true).open(&self.path)?;
                return write(report, self.format, &mut file);
            }
            Place::File(path) => path,
        };
        let mut file = temporary(&path)?;
        write(report, self.format, &mut file)?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|e| e.error)?;
        Ok(())
    }
}

/// What a report is written to.
enum Place {
    /// An ordinary file, there or not yet.
    File(PathBuf),
    /// Something that is there and no ordinary file.
    Special,
}

/// A file beside `path` that can take its place.
fn temporary(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".probity-report-");
    #[cfg(unix)]
    {
        // A report shows what a device answers to those who may configure it.
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o600));
    }
    // The name of the temporary file would only puzzle.
    builder.tempfile_in(folder).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => {
            io::Error::new(e.kind(), format!("there is no folder {}", folder.display()))
        }
        kind => io::Error::new(
            kind,
            format!("cannot write into {}: {kind}", folder.display()),
        ),
    })
}

/// Whether all reports have a place, each its own.
///
/// # Errors
/// Names the option.
pub fn check(targets: &[Target]) -> io::Result<()> {
    for (at, target) in targets.iter().enumerate() {
        if targets[..at].iter().any(|other| other.path == target.path) {
            return Err(target.named(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "another report goes there too",
            )));
        }
        target.check()?;
    }
    Ok(())
}

/// Writes the report in a format.
///
/// # Errors
/// The format's writer or `sink` fails.
pub fn write(report: &Report, format: Format, sink: &mut dyn Write) -> io::Result<()> {
    sink.write_all(format.render(report)?.as_bytes())?;
    sink.flush()
}
