//! Members of a body that name the state which a write replaces: optimistic locking without `If-Match`.

use super::effect::words::tokens;
use super::model::{JsonType, Operation, StatusKey};
use super::shape;

/// What such members are called, in words.
const NAMES: [&[&str]; 9] = [
    &["version"],
    &["revision"],
    &["rev"],
    &["generation"],
    &["etag"],
    &["config", "version"],
    &["lock", "version"],
    &["resource", "version"],
    &["row", "version"],
];

impl Operation {
    /// The member at the top of the body of a `PUT` or `PATCH` that may have to be that of the last read:
    /// by its name, and because the document gives a conflict (409, 412). Only the device can show that
    /// it is so.
    pub fn revision(&self) -> Option<&str> {
        let conflict = |status: u16| {
            let mut keys = self.responses.iter().map(|r| r.status);
            keys.any(|key| key == StatusKey::Exact(status))
        };
        let changes = matches!(self.method.as_str(), "PUT" | "PATCH");
        if !changes || !conflict(409) && !conflict(412) {
            return None;
        }
        let scalar =
            |types: &[JsonType]| types == [JsonType::Integer] || types == [JsonType::String];
        let members = shape::members(&self.body.as_ref()?.schema).into_iter();
        let mut named = members.filter(|(name, schema)| {
            let words = tokens(name);
            !schema.read_only && scalar(&schema.types) && NAMES.iter().any(|n| words == *n)
        });
        named.next().map(|(name, _)| name)
    }
}
