//! Reports: the result model of [`crate::run::result`] in many formats, and listeners for the
//! runner's events. One file a format. May import everything below it.

pub mod json;
pub mod junit;
pub mod terminal;
pub mod text;

use crate::run::result::Report;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A format of [`Target`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// What the terminal shows, without colours.
    Text,
    /// `probity-report/1`.
    Json,
    /// JUnit XML, a test case a promise.
    Junit,
}

impl Format {
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

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Format::Text),
            "json" => Ok(Format::Json),
            "junit" => Ok(Format::Junit),
            other => Err(format!(
                "`{other}` is no report format; text, json and junit are"
            )),
        }
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
            Some((format, path)) if !path.is_empty() => Ok(Target {
                format: format.parse()?,
                path: path.into(),
            }),
            _ => Err(format!("`{text}` is not FORMAT=PATH, e.g. junit=out.xml")),
        }
    }
}

impl Target {
    /// Whether it goes to stdout.
    pub fn is_stdout(&self) -> bool {
        self.path == Path::new("-")
    }

    /// Writes the report; a file appears whole or not at all.
    ///
    /// # Errors
    /// Names the file and what is wrong.
    pub fn write(&self, report: &Report) -> io::Result<()> {
        let content = self.format.render(report)?;
        if self.is_stdout() {
            let mut out = io::stdout().lock();
            out.write_all(content.as_bytes())?;
            return out.flush();
        }
        let named = |e: io::Error| {
            io::Error::new(e.kind(), format!("--report {}: {e}", self.path.display()))
        };
        let folder = match self.path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(named)?;
        file.write_all(content.as_bytes()).map_err(named)?;
        file.persist(&self.path).map_err(|e| named(e.error))?;
        Ok(())
    }
}
