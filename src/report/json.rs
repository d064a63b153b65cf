//! `probity-report/2`: the result model as JSON, and back; version 1 is read too.

use crate::run::result::{Finding, Member, Report, SCHEMA_ID, SCHEMA_ID_1};
use serde::Deserialize;
use serde_json::Value;
use std::io;

/// The report as pretty JSON with a final line feed; members always in the same order.
///
/// # Errors
/// None in practice: every part of the model has a JSON form.
pub fn render(report: &Report) -> io::Result<String> {
    let mut text = serde_json::to_string_pretty(report).map_err(io::Error::other)?;
    text.push('\n');
    Ok(text)
}

/// Why bytes are no report that this version can read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not JSON (RFC 8259): damaged, cut off, or something else.
    #[error("line {line}, column {column}: not JSON: {reason}")]
    NotJson {
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in octets; 0 at the end of the file.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// JSON, but not an object with a `schema` member that is a string.
    #[error("no `schema` member: not a {SCHEMA_ID} report")]
    NoSchema,
    /// A report of another version, or of another tool.
    #[error("its `schema` is {0:?}; this version reads {SCHEMA_ID} and {SCHEMA_ID_1}")]
    OtherSchema(String),
    /// The right schema, but a member is absent or holds what it may not.
    #[error("line {line}, column {column}: {reason}")]
    Member {
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in octets.
        column: usize,
        /// Which member, and what is wrong with it.
        reason: String,
    },
}

/// Reads a report. Members that this version does not know are ignored.
///
/// # Errors
/// See [`ReadError`].
pub fn read(bytes: &[u8]) -> Result<Report, ReadError> {
    #[derive(Deserialize)]
    struct Head {
        schema: Option<Value>,
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|e| ReadError::NotJson {
        line: e.line(),
        column: e.column(),
        reason: reason(&e),
    })?;
    let head = Head::deserialize(&value).map_err(|_| ReadError::NoSchema)?;
    match head.schema {
        Some(Value::String(id)) if id == SCHEMA_ID || id == SCHEMA_ID_1 => {}
        Some(Value::String(other)) => return Err(ReadError::OtherSchema(other)),
        _ => return Err(ReadError::NoSchema),
    }
    // From the bytes once more: only so the error knows its place.
    let mut report: Report = serde_json::from_slice(bytes).map_err(|e| ReadError::Member {
        line: e.line(),
        column: e.column(),
        reason: reason(&e),
    })?;
    if report.schema == SCHEMA_ID_1 {
        upgrade(&mut report, &value);
    }
    Ok(report)
}

/// What version 1 says in other members: each finding was of one case, with a list of ids beside it.
fn upgrade(report: &mut Report, value: &Value) {
    let found = value.get("findings").and_then(Value::as_array);
    let also = |found: &Value| -> Vec<String> {
        let list = found.get("also").and_then(Value::as_array);
        let ids = list.into_iter().flatten().filter_map(Value::as_str);
        ids.map(str::to_owned).collect()
    };
    let findings: &mut [Finding] = &mut report.findings;
    for (finding, found) in findings.iter_mut().zip(found.into_iter().flatten()) {
        // Written again by this version: the members stand there already.
        if found.get("members").is_some() {
            continue;
        }
        finding.instance.clone_from(&finding.fingerprint);
        let member = |case| Member {
            case,
            ..Member::default()
        };
        finding.members = also(found).into_iter().map(member).collect();
        finding.shown.cases = 1 + finding.members.len() as u64;
    }
}

/// The message without the place, which stands in front of ours.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(at) => text.get(..at).unwrap_or_default().to_owned(),
        None => text,
    }
}
