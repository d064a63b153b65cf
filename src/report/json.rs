//! `probity-report/2`: the result model as JSON, and back; version 1 is read too.

use crate::run::result::{CaseId, Member, Report, SCHEMA_ID, SCHEMA_ID_1};
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::fmt;
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
    /// So many structures that they would take much more memory than the text.
    #[error(
        "its parts would take {0} MiB of memory, which no report needs (limit: {PARTS_MIB} MiB)"
    )]
    TooManyParts(u64),
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
    // No tree of values: one of a large report takes many times the memory of its text.
    let syntax = |e: serde_json::Error| ReadError::NotJson {
        line: e.line(),
        column: e.column(),
        reason: reason(&e),
    };
    serde_json::from_slice::<Syntax>(bytes).map_err(syntax)?;
    let head: Head = serde_json::from_slice(bytes).map_err(|_| ReadError::NoSchema)?;
    match head.schema {
        Some(Value::String(id)) if id == SCHEMA_ID || id == SCHEMA_ID_1 => {}
        Some(Value::String(other)) => return Err(ReadError::OtherSchema(other)),
        _ => return Err(ReadError::NoSchema),
    }
    let member = |e: serde_json::Error| ReadError::Member {
        line: e.line(),
        column: e.column(),
        reason: reason(&e),
    };
    size(bytes)?;
    let mut report: Report = serde_json::from_slice(bytes).map_err(member)?;
    if report.schema == SCHEMA_ID_1 {
        let former: Former = serde_json::from_slice(bytes).map_err(member)?;
        upgrade(&mut report, former);
    }
    Ok(report)
}

/// Refuses a text that is small and takes much memory: `[{},{},…]` where each `{}` stands for a
/// structure of some hundred octets.
fn size(bytes: &[u8]) -> Result<(), ReadError> {
    let (mut text, mut escaped, mut objects, mut others) = (false, false, 0_u64, 0_u64);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if text => escaped = true,
            b'"' => text = !text,
            _ if text => {}
            b'{' => objects += 1,
            b',' | b'[' => others += 1,
            _ => {}
        }
    }
    let mib = (objects * OBJECT + others * OTHER) >> 20;
    match mib > PARTS_MIB {
        true => Err(ReadError::TooManyParts(mib)),
        false => Ok(()),
    }
}

/// What an object in a report may take in memory, beside its texts; a finding takes the most.
const OBJECT: u64 = std::mem::size_of::<Member>() as u64;
/// What any other part may take beside its text: a string, and the least that the heap gives for one.
const OTHER: u64 = std::mem::size_of::<String>() as u64 + 32;
/// Most mebibytes that parts may take.
const PARTS_MIB: u64 = 320;

/// Any JSON value, of which nothing is kept: errors and depth are those of a tree of values.
/// ([`IgnoredAny`] goes as deep as the text does.)
struct Syntax;

impl<'de> Deserialize<'de> for Syntax {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Syntax, D::Error> {
        from.deserialize_any(Syntax)
    }
}

impl<'de> Visitor<'de> for Syntax {
    type Value = Syntax;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Syntax, E> {
        Ok(Syntax)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Syntax, E> {
        Ok(Syntax)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Syntax, E> {
        Ok(Syntax)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Syntax, E> {
        Ok(Syntax)
    }

    fn visit_str<E>(self, _: &str) -> Result<Syntax, E> {
        Ok(Syntax)
    }

    fn visit_unit<E>(self) -> Result<Syntax, E> {
        Ok(Syntax)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Syntax, A::Error> {
        while from.next_element::<Syntax>()?.is_some() {}
        Ok(Syntax)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Syntax, A::Error> {
        while from.next_entry::<String, Syntax>()?.is_some() {}
        Ok(Syntax)
    }
}

#[derive(Deserialize)]
struct Head {
    schema: Option<Value>,
}

/// A report of version 1: each finding was of one case, with a list of ids beside it.
#[derive(Deserialize)]
struct Former {
    #[serde(default)]
    findings: Vec<FormerFinding>,
}

#[derive(Deserialize)]
struct FormerFinding {
    /// Present where this version wrote it again: the members stand there already.
    members: Option<IgnoredAny>,
    #[serde(default)]
    also: Vec<CaseId>,
}

/// What version 1 says in other members.
fn upgrade(report: &mut Report, former: Former) {
    for (finding, found) in report.findings.iter_mut().zip(former.findings) {
        if found.members.is_some() {
            continue;
        }
        finding.instance.clone_from(&finding.fingerprint);
        let member = |case| Member {
            case,
            ..Member::default()
        };
        finding.members = found.also.into_iter().map(member).collect();
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
