//! Known-issue files: findings that somebody has seen, owns and lives with until a date, in TOML, so
//! that they can be kept and reviewed beside the code. Pure.
//!
//! ```toml
//! [[issue]]
//! fingerprint = "3f0c9a1d5e77b210"
//! promise = "setSipSettings.body.proxy.pattern"
//! title = "accepts a proxy without scheme"    # optional, for readers
//! reason = "the SIP stack adds the scheme itself"
//! owner = "ada@example.com"
//! since = 2026-11-26
//! until = 2027-03-01                          # optional: from the day after, it is new again
//! ticket = "FW-1234"                          # optional
//! ```

use super::result::Finding;
use crate::contract::PromiseId;
use jiff::civil::Date;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use toml::Spanned;
use toml::value::Datetime;

/// One finding that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownIssue {
    /// Of the finding: 16 lower-case hexadecimal digits.
    pub fingerprint: String,
    /// Id of the broken promise.
    pub promise: PromiseId,
    /// Operations in which it is known: the same in a further one is new. Absent: in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operations: Option<Vec<String>>,
    /// What the device does, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Why it is lived with.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The day on which it became known.
    #[serde(deserialize_with = "day", serialize_with = "as_day")]
    pub since: Date,
    /// The last day on which it counts as known.
    #[serde(
        default,
        deserialize_with = "perhaps_day",
        serialize_with = "as_perhaps_day",
        skip_serializing_if = "Option::is_none"
    )]
    pub until: Option<Date>,
    /// Where the work on it is followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
}

impl KnownIssue {
    /// An entry for a finding, still without reason and owner: [`parse`] refuses it until somebody
    /// has filled them in.
    pub fn draft(finding: &Finding, since: Date) -> KnownIssue {
        KnownIssue {
            fingerprint: finding.fingerprint.clone(),
            promise: finding.promise.clone(),
            operations: (finding.operations.len() > 1).then(|| finding.operations.clone()),
            title: Some(finding.title.clone()),
            reason: String::new(),
            owner: String::new(),
            since,
            until: None,
            ticket: None,
        }
    }

    /// What an entry may not be, beside what its types say.
    fn fault(&self) -> Option<String> {
        let print = &self.fingerprint;
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if print.len() != 16 || !print.bytes().all(hex) {
            return Some(format!(
                "fingerprint {print:?} is not 16 lower-case hexadecimal digits"
            ));
        }
        let texts = [
            ("promise", self.promise.as_str()),
            ("reason", self.reason.as_str()),
            ("owner", self.owner.as_str()),
        ];
        if let Some((name, _)) = texts.iter().find(|(_, text)| text.trim().is_empty()) {
            return Some(format!("issue {print}: `{name}` is empty"));
        }
        let until = self.until.filter(|until| *until < self.since)?;
        Some(format!(
            "issue {print}: `until` {until} lies before `since` {}",
            self.since
        ))
    }
}

/// An entry and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// What it says.
    pub issue: KnownIssue,
}

/// Why a text is no known-issue file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct ParseError {
    /// From 1.
    pub line: usize,
    /// Which entry, and what is wrong with it.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    issue: Vec<Spanned<KnownIssue>>,
}

/// Reads a known-issue file. One without entries is one.
///
/// # Errors
/// It is not TOML, an entry lacks a member or has one of another name, a value is none of its kind,
/// or two entries are of one fingerprint.
pub fn parse(text: &str) -> Result<Vec<Entry>, ParseError> {
    // Looked up, not counted anew for each of some ten thousand entries.
    let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
    let line_of = |at: usize| 1 + ends.partition_point(|end| *end < at);
    let file: File = toml::from_str(text).map_err(|e| ParseError {
        line: e.span().map_or(1, |span| line_of(span.start)),
        reason: e.message().to_owned(),
    })?;
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    let mut entries = Vec::new();
    for spanned in file.issue {
        let line = line_of(spanned.span().start);
        let issue = spanned.into_inner();
        let twice = lines.insert(issue.fingerprint.clone(), line);
        let twice = twice.map(|first| {
            format!(
                "issue {}: listed already on line {first}",
                issue.fingerprint
            )
        });
        if let Some(reason) = issue.fault().or(twice) {
            return Err(ParseError { line, reason });
        }
        entries.push(Entry { line, issue });
    }
    Ok(entries)
}

/// Entries as a known-issue file, which can be put behind another.
///
/// # Errors
/// None in practice: every entry has a TOML form.
pub fn render<'a>(
    issues: impl IntoIterator<Item = &'a KnownIssue>,
) -> Result<String, toml::ser::Error> {
    let mut text = String::new();
    for issue in issues {
        let entry = toml::to_string(issue)?;
        text.push_str("[[issue]]\n");
        text.push_str(&entry);
        text.push('\n');
    }
    Ok(text)
}

fn day<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
    let value = Datetime::deserialize(from)?;
    let (Some(date), None, None) = (value.date, value.time, value.offset) else {
        return Err(D::Error::custom(format!(
            "{value} is not a day such as 2026-11-26"
        )));
    };
    let year = i16::try_from(date.year).map_err(D::Error::custom)?;
    let part = |n: u8| i8::try_from(n).map_err(D::Error::custom);
    Date::new(year, part(date.month)?, part(date.day)?).map_err(D::Error::custom)
}

fn perhaps_day<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Date>, D::Error> {
    day(from).map(Some)
}

fn as_day<S: Serializer>(date: &Date, to: S) -> Result<S::Ok, S::Error> {
    let value: Datetime = date
        .to_string()
        .parse()
        .map_err(serde::ser::Error::custom)?;
    value.serialize(to)
}

fn as_perhaps_day<S: Serializer>(date: &Option<Date>, to: S) -> Result<S::Ok, S::Error> {
    match date {
        Some(date) => as_day(date, to),
        None => to.serialize_none(),
    }
}
