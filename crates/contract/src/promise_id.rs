//! Ids of promises: the operation and the statement, kept apart.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::{Borrow, Cow};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// Id of a promise, written `OPERATION.STATEMENT` (`setSipSettings.body.proxy.pattern`). An id of an
/// operation may hold dots and the words that statements begin with, so the two are kept apart where
/// the id is made ([`PromiseId::new`]). An id that is read from a report or journal is split at the
/// first word that begins a statement.
///
/// It reads as its text: it dereferences to `str`, compares and hashes as such.
#[derive(Clone)]
pub struct PromiseId {
    text: Arc<str>,
    /// Octets of the operation's id.
    operation: usize,
}

/// What only a look at the device's state tells, beside the answer itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatePromise {
    /// What was accepted reads back the same.
    ReadBack,
    /// What was refused changed nothing.
    Refusal,
    /// The device is as alive and quick at the end as at the start.
    Alive,
    /// What was created is there.
    Created,
    /// What was removed is gone.
    Removed,
    /// A list shows every item.
    Listed,
}

impl StatePromise {
    const ALL: [(StatePromise, &'static str); 6] = [
        (StatePromise::ReadBack, "state.readback"),
        (StatePromise::Refusal, "state.refusal"),
        (StatePromise::Alive, "state.alive"),
        (StatePromise::Created, "state.created"),
        (StatePromise::Removed, "state.removed"),
        (StatePromise::Listed, "state.listed"),
    ];

    /// The promise of an operation.
    pub fn of(self, operation: &str) -> PromiseId {
        let known = Self::ALL.iter().find(|(state, _)| *state == self);
        PromiseId::new(operation, known.map_or("", |(_, statement)| statement))
    }

    /// Whether it is about items that are created, listed and removed.
    pub fn is_of_items(self) -> bool {
        use StatePromise::{Created, Listed, Removed};
        matches!(self, Created | Removed | Listed)
    }
}

impl PromiseId {
    /// The promise of an operation (its id) with a statement (`body.proxy.pattern`).
    pub fn new(operation: &str, statement: &str) -> PromiseId {
        PromiseId {
            text: format!("{operation}.{statement}").into(),
            operation: operation.len(),
        }
    }

    /// That every request of an operation gets one complete, well-formed answer (RFC 9110 §3.4,
    /// RFC 9112 §6).
    pub fn answers(operation: &str) -> PromiseId {
        PromiseId::new(operation, "http.answers")
    }

    /// That an answer is as documented under a key of `responses` (`200`, `4XX`, `default`).
    pub fn response(operation: &str, key: impl fmt::Display) -> PromiseId {
        PromiseId::new(operation, &format!("responses.{key}"))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Id of the operation that makes the promise. Empty for a text that is no id.
    pub fn operation(&self) -> &str {
        self.text.get(..self.operation).unwrap_or_default()
    }

    /// What is promised: `body.proxy.pattern`.
    pub fn statement(&self) -> &str {
        self.text.get(self.operation + 1..).unwrap_or_default()
    }

    /// The keyword of a statement about a value: its last part (`pattern`).
    pub fn keyword(&self) -> &str {
        let statement = self.statement();
        statement
            .rsplit_once('.')
            .map_or(statement, |(_, last)| last)
    }

    /// Which promise about the device's state it is, if it is one.
    pub fn state(&self) -> Option<StatePromise> {
        let statement = self.statement();
        let known = StatePromise::ALL
            .iter()
            .find(|(_, word)| *word == statement);
        known.map(|(state, _)| *state)
    }

    /// Whether it is a rule of what a request holds: of its body or a parameter.
    pub fn is_of_input(&self) -> bool {
        let statement = self.statement();
        ["body.", "parameters."]
            .iter()
            .any(|word| statement.starts_with(word))
    }

    /// Whether the settings, read afterwards, tell it and not the answer.
    pub fn is_of_settings(&self) -> bool {
        matches!(
            self.state(),
            Some(StatePromise::ReadBack | StatePromise::Refusal)
        )
    }
}

/// The words that statements begin with.
const STATEMENTS: [&str; 6] = [
    ".body",
    ".parameters.",
    ".responses.",
    ".auth.",
    ".http.",
    ".state.",
];

impl Default for PromiseId {
    /// No id.
    fn default() -> PromiseId {
        "".into()
    }
}

impl From<&str> for PromiseId {
    fn from(text: &str) -> PromiseId {
        let starts = STATEMENTS.iter().filter_map(|word| text.find(word));
        PromiseId {
            operation: starts.min().unwrap_or(text.len()),
            text: text.into(),
        }
    }
}

impl From<String> for PromiseId {
    fn from(text: String) -> PromiseId {
        text.as_str().into()
    }
}

impl Deref for PromiseId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl Borrow<str> for PromiseId {
    fn borrow(&self) -> &str {
        &self.text
    }
}

impl AsRef<str> for PromiseId {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl PartialEq for PromiseId {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for PromiseId {}

impl PartialEq<str> for PromiseId {
    fn eq(&self, other: &str) -> bool {
        &*self.text == other
    }
}

impl PartialEq<&str> for PromiseId {
    fn eq(&self, other: &&str) -> bool {
        &*self.text == *other
    }
}

impl PartialEq<String> for PromiseId {
    fn eq(&self, other: &String) -> bool {
        *self.text == **other
    }
}

impl PartialOrd for PromiseId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PromiseId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl Hash for PromiseId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for PromiseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for PromiseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, f)
    }
}

impl Serialize for PromiseId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for PromiseId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer).map(|text| text.as_ref().into())
    }
}

impl JsonSchema for PromiseId {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::{PromiseId, StatePromise};

    #[test]
    fn an_operation_may_be_called_like_a_statement() {
        let id = PromiseId::new("put.body.state.refusal", "body.name.type");
        assert_eq!(id.operation(), "put.body.state.refusal");
        assert_eq!(id.statement(), "body.name.type");
        assert_eq!(id.keyword(), "type");
        assert_eq!(id.state(), None);
        assert_eq!(
            PromiseId::new("a.body.b", "state.refusal").state(),
            Some(StatePromise::Refusal)
        );
    }

    #[test]
    fn a_text_is_split_where_a_statement_begins() {
        for (text, operation, statement) in [
            ("put.body.name.type", "put", "body.name.type"),
            ("GET /a.b.http.answers", "GET /a.b", "http.answers"),
            ("no statement", "no statement", ""),
            ("", "", ""),
        ] {
            let id = PromiseId::from(text);
            assert_eq!((id.operation(), id.statement()), (operation, statement));
            assert_eq!(id, *text);
        }
    }
}
