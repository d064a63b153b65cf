//! `probity-report/1`: the result model as JSON, and back.

use crate::run::result::{Report, SCHEMA_ID};
use std::io;

/// The report as pretty JSON with a final line feed.
///
/// # Errors
/// None in practice: every part of the model has a JSON form.
pub fn render(report: &Report) -> io::Result<String> {
    let mut text = serde_json::to_string_pretty(report).map_err(io::Error::other)?;
    text.push('\n');
    Ok(text)
}

/// Reads a report.
///
/// # Errors
/// Not JSON, another schema, or a member that is missing or of a wrong type; with the place.
pub fn read(bytes: &[u8]) -> Result<Report, String> {
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    match value.get("schema").and_then(serde_json::Value::as_str) {
        Some(SCHEMA_ID) => serde_json::from_slice(bytes).map_err(|e| e.to_string()),
        Some(other) => Err(format!("the schema `{other}` is not {SCHEMA_ID}")),
        None => Err(format!("no `schema` member: not a {SCHEMA_ID} report")),
    }
}

/// The JSON Schema of the report, as it is published in `schema/probity-report-1.schema.json`.
///
/// # Errors
/// None in practice.
pub fn schema() -> io::Result<String> {
    let schema = schemars::schema_for!(Report);
    let mut text = serde_json::to_string_pretty(&schema).map_err(io::Error::other)?;
    text.push('\n');
    Ok(text)
}
