//! Reports of earlier jobs, read back.

use super::common::Error;
use crate::files;
use crate::report::{Format, json};
use crate::run::result::Report;
use std::path::{Path, PathBuf};

/// Reads a report; errors name the file.
pub(super) fn read(path: &Path) -> Result<Report, Error> {
    let named = |e: String| format!("{}: {e}", path.display());
    let bytes =
        files::read_bounded(path, files::REPORT, "report").map_err(|e| named(e.to_string()))?;
    Ok(json::read(&bytes).map_err(|e| named(e.to_string()))?)
}

/// Reads several, each with its name.
pub(super) fn all(paths: &[PathBuf]) -> Result<Vec<(String, Report)>, Error> {
    let named = |path: &PathBuf| Ok((path.display().to_string(), read(path)?));
    paths.iter().map(named).collect()
}

/// Reads the report that `--baseline` names; errors name the option too.
pub(super) fn baseline(path: &Path) -> Result<Report, Error> {
    Ok(read(path).map_err(|e| format!("--baseline {e}"))?)
}

/// The help of an option that writes `what`, with the formats that there are.
pub(super) fn help(what: &str) -> String {
    let formats = Format::listed();
    format!("Write {what}: {formats}; `-` is stdout (repeatable)")
}
