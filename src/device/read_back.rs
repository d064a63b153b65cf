//! Reads settings back as the profile says.

use super::Device;
use crate::exchange::{Answer, Failure, Outcome};
use crate::json;
use crate::pointer::escape;
use crate::profile::{ReadBack, Unreadable};
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// The settings as they read back.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadBackState {
    /// What stands below the profile's `root`.
    pub value: Value,
    /// JSON pointers (below `root`) whose value cannot be read: a placeholder stands there, or
    /// nothing where the profile says that one might.
    pub unreadable: BTreeSet<String>,
    /// The validator of this state (`ETag`, RFC 9110 §8.8.3), where the answer has one.
    pub etag: Option<String>,
}

/// How the state of a resource is read.
#[derive(Clone, Debug, PartialEq)]
pub struct StateRead {
    /// Method, e.g. `GET`.
    pub method: String,
    /// Target below the base URL, without credentials.
    pub target: String,
    /// JSON pointer to the part of the answer that mirrors the body of a write; `""` is all.
    pub root: String,
    /// Members that do not read as they are: JSON pointer (below `root`) → what stands there.
    pub unreadable: BTreeMap<String, Unreadable>,
}

impl StateRead {
    /// As a profile says.
    pub fn of(how: &ReadBack) -> StateRead {
        StateRead {
            method: how.method.clone(),
            target: how.path.clone(),
            root: how.root.clone(),
            unreadable: how.unreadable.clone(),
        }
    }

    /// Whether another reads the same state.
    pub fn same_state(&self, other: &StateRead) -> bool {
        self.method == other.method && self.target == other.target && self.root == other.root
    }
}

impl ReadBackState {
    /// JSON pointers at which the settings differ from those of `other`, what neither can read
    /// left out. Members that only one of them has differ; order of members does not count.
    pub fn differences(&self, other: &ReadBackState) -> Vec<String> {
        let skip: BTreeSet<&str> = self
            .unreadable
            .iter()
            .chain(&other.unreadable)
            .map(String::as_str)
            .collect();
        let mut found = Vec::new();
        differences(&self.value, &other.value, "", &skip, &mut found);
        found
    }

    /// The value at a JSON pointer, unless it is unreadable.
    pub fn get(&self, pointer: &str) -> Option<&Value> {
        if self.unreadable.contains(pointer) {
            None
        } else {
            self.value.pointer(pointer)
        }
    }
}

/// Why there is no read-back.
#[derive(Debug, thiserror::Error)]
pub enum ReadBackError {
    /// The profile names none for this operation.
    #[error("the profile names no read-back for {0}")]
    NotConfigured(String),
    /// No complete answer came.
    #[error("no answer: {0}")]
    Failed(Failure),
    /// The answer is no success.
    #[error("status {0}")]
    Status(u16),
    /// The answer has no JSON body.
    #[error("its body is no JSON: {0}")]
    NotJson(String),
    /// The body has a content coding that cannot be undone.
    #[error("its body is coded ({0}) and cannot be read")]
    Coded(String),
    /// The JSON has nothing at the profile's `root`.
    #[error("its JSON has no `{0}`")]
    NoRoot(String),
}

impl ReadBackError {
    /// Whether it says that there is nothing to read (RFC 9110 §15.5.5, §15.5.11).
    pub fn is_absence(&self) -> bool {
        matches!(self, ReadBackError::Status(404 | 410))
    }
}

impl Device {
    /// Reads the settings that the write operation `operation` (its id) changes.
    ///
    /// # Errors
    /// See [`ReadBackError`]; a device without a read-back is judged without it.
    pub async fn read_back(&self, operation: &str) -> Result<ReadBackState, ReadBackError> {
        let how = self
            .profile
            .read_back
            .get(operation)
            .ok_or_else(|| ReadBackError::NotConfigured(operation.to_owned()))?;
        self.read_state(&StateRead::of(how)).await
    }

    /// Reads the state of a resource.
    ///
    /// # Errors
    /// See [`ReadBackError`].
    pub async fn read_state(&self, how: &StateRead) -> Result<ReadBackState, ReadBackError> {
        let request = self.own_request(&how.method, &how.target);
        match self.send_own(&request).await.outcome {
            Outcome::Answered(answer) => state(&answer, how),
            Outcome::Failed { failure, .. } => Err(ReadBackError::Failed(failure)),
        }
    }
}

/// What an answer to a read-back says.
fn state(answer: &Answer, how: &StateRead) -> Result<ReadBackState, ReadBackError> {
    if !(200..300).contains(&answer.status) {
        return Err(ReadBackError::Status(answer.status));
    }
    let body: Value = json::read(&answer.body).ok_or_else(|| match coding(answer) {
        Some(coding) => ReadBackError::Coded(coding),
        None => match answer.media_type() {
            Some(media) if !media.contains("json") => {
                ReadBackError::NotJson(format!("it is {media}"))
            }
            _ => not_json(&answer.body),
        },
    })?;
    let value = body
        .pointer(&how.root)
        .ok_or_else(|| ReadBackError::NoRoot(how.root.clone()))?
        .clone();
    let unreadable = how
        .unreadable
        .iter()
        .filter(|(pointer, about)| match value.pointer(pointer) {
            None => true,
            Some(Value::String(text)) => {
                about.placeholders.is_empty() || about.placeholders.contains(text)
            }
            Some(_) => about.placeholders.is_empty(),
        })
        .map(|(pointer, _)| pointer.clone())
        .collect();
    Ok(ReadBackState {
        value,
        unreadable,
        etag: answer.header("etag"),
    })
}

/// The coding of a body, where it has one.
fn coding(answer: &Answer) -> Option<String> {
    let coding = answer.header("content-encoding")?;
    (!answer.decoded && !coding.eq_ignore_ascii_case("identity")).then_some(coding)
}

/// Why a body is no JSON text.
fn not_json(body: &[u8]) -> ReadBackError {
    let read = serde_json::from_slice::<serde::de::IgnoredAny>(body);
    let why = read.map_or_else(|e| e.to_string(), |_| "it is not UTF-8".to_owned());
    ReadBackError::NotJson(why)
}

fn differences(a: &Value, b: &Value, at: &str, skip: &BTreeSet<&str>, found: &mut Vec<String>) {
    if skip.contains(at) {
        return;
    }
    match (a, b) {
        (Value::Object(left), Value::Object(right)) => {
            let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for name in names {
                let at = format!("{at}/{}", escape(name));
                match (left.get(name), right.get(name)) {
                    (Some(l), Some(r)) => differences(l, r, &at, skip, found),
                    _ if skip.contains(at.as_str()) => {}
                    _ => found.push(at),
                }
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (i, (l, r)) in left.iter().zip(right).enumerate() {
                differences(l, r, &format!("{at}/{i}"), skip, found);
            }
        }
        (Value::Number(a), Value::Number(b)) if json::compare(a, b) == Some(Ordering::Equal) => {}
        _ if a == b => {}
        _ => found.push(at.to_owned()),
    }
}
