//! `--baseline`: the report of an earlier job.

use super::common::Error;
use crate::report::json;
use crate::run::result::Report;
use std::path::Path;

/// Reads it.
pub(super) fn read(path: &Path) -> Result<Report, Error> {
    let named = |e: String| format!("--baseline {}: {e}", path.display());
    let bytes = std::fs::read(path).map_err(|e| named(e.to_string()))?;
    Ok(json::read(&bytes).map_err(|e| named(e.to_string()))?)
}
