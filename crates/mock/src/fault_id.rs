//! What a fault is called.

use probity_contract::FieldPath;
use serde::{Serialize, Serializer};
use std::fmt;
use std::ops::Deref;

/// Stable id of a fault, as `--fault ID` takes it: what is wrong, and of which field where it is a
/// field's: `not-stored`, `not-required:stun.port`. It reads as its text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FaultId {
    text: String,
    /// Octets of what is wrong.
    what: usize,
}

impl FaultId {
    /// Of the whole device.
    pub(crate) fn of_device(what: &str) -> FaultId {
        FaultId {
            text: what.to_owned(),
            what: what.len(),
        }
    }

    /// Of one field.
    pub(crate) fn of_field(what: &str, field: &FieldPath) -> FaultId {
        FaultId {
            text: format!("{what}:{}", field.dotted()),
            what: what.len(),
        }
    }

    /// What is wrong.
    pub fn what(&self) -> &str {
        &self.text[..self.what]
    }

    /// The first word of what is wrong, which names what it is about: `list`, `patch`, `stores`.
    pub fn family(&self) -> &str {
        let what = self.what();
        what.split_once('-').map_or(what, |(word, _)| word)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Deref for FaultId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl PartialEq<str> for FaultId {
    fn eq(&self, other: &str) -> bool {
        self.text == other
    }
}

impl From<FaultId> for String {
    fn from(id: FaultId) -> String {
        id.text
    }
}

impl fmt::Display for FaultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl Serialize for FaultId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}
