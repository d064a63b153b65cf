//! From the octets of a body to a valid value or the answer that refuses it.

use super::{Act, Ask, Reply, Service, decode, header, json_reply};
use crate::held_back::{value, wire};
use crate::validate::Wrong;
use crate::{json, rare};
use probity_contract::{Body, FaultKind, FieldPath, Operation, Schema};
use serde_json::{Value, json};
use std::time::Duration;

impl Service {
    /// The body, valid; or the answer that refuses it.
    pub(super) fn body(
        &self,
        operation: &Operation,
        ask: &Ask<'_>,
    ) -> Result<Option<Value>, Reply> {
        let Some(body) = &operation.body else {
            return Ok(None);
        };
        if let Some(reply) = self.refused_unread(operation, body, ask) {
            return Err(reply);
        }
        let bytes = self.received(ask);
        if bytes.is_empty() && !body.required && !self.planted.has("json-empty-is-object") {
            return Ok(None);
        }
        let read = match body.format.is_json() {
            true => json::read(bytes, &self.planted, &self.chosen),
            false => decode::body(body, ask, bytes),
        };
        let parsed = read.map(|v| value::read(&self.planted, &body.schema, v));
        if let Some(struck) = self.rare(operation, bytes, parsed.as_ref()) {
            return match struck {
                s if s.accepts() => Ok(parsed),
                s if s.refuses() => {
                    Err(self.refuse(operation, FaultKind::NotJson, &FieldPath::root()))
                }
                s => Err(s.reply()),
            };
        }
        let Some(value) = parsed else {
            return Err(self.not_read(operation));
        };
        let nothing = ["json-empty-is-object", "json-form-body"];
        if value.is_null() && nothing.iter().any(|fault| self.planted.has(fault)) {
            return Ok(None);
        }
        if let Some(reply) = self.struck(operation, body, &value) {
            return Err(reply);
        }
        self.judged(operation, ask.path, value).map(Some)
    }

    /// The answer to a body that is refused before anybody reads it: too long, one that crashes the
    /// device as octets, or of another media type where the document has a status for that.
    fn refused_unread(&self, operation: &Operation, body: &Body, ask: &Ask<'_>) -> Option<Reply> {
        let status = |status| Reply {
            status,
            ..Reply::default()
        };
        if ask.body.len() > 1 << 20 {
            return Some(status(413));
        }
        if let Some(reply) = self.crash(ask) {
            return Some(reply);
        }
        let media_type = header(ask, "content-type")
            .unwrap_or_default()
            .to_ascii_lowercase();
        // Who has a status for other media types takes none of them.
        let told = operation.documents(415) && body.only;
        let told = told && !self.planted.has("media-type-ignored");
        let other = !media_type.is_empty()
            && media_type.split(';').next().map(str::trim) != Some(body.media_type.as_str());
        (other && (told || self.chosen.is("media-type", "strict"))).then(|| status(415))
    }

    /// The octets of a body as the device holds them.
    fn received<'a>(&self, ask: &Ask<'a>) -> &'a [u8] {
        let mut bytes = ask.body;
        if self.planted.has("body-buffer") {
            bytes = bytes.get(..512).unwrap_or(bytes);
        }
        if ask.chunked && self.planted.has("chunked-ignored") {
            bytes = b"";
        }
        if ask.pieces > 1 && self.planted.has("split-body-refused") {
            bytes = bytes.get(..bytes.len() / 2).unwrap_or_default();
        }
        bytes
    }

    /// The answer to a body that is no text of its media type.
    fn not_read(&self, operation: &Operation) -> Reply {
        let kind = if self.planted.has("not-json-as-missing") {
            FaultKind::Missing
        } else {
            FaultKind::NotJson
        };
        let mut reply = self.refuse(operation, kind, &FieldPath::root());
        if self.planted.has("busy-after-errors") {
            reply.delay = Duration::from_millis(6_500);
        }
        let count = &mut self.lock().held_back.not_json;
        *count += 1;
        if count.is_multiple_of(20) && self.planted.has("leaks-on-not-json") {
            reply.act = Act::Restart;
        }
        reply
    }

    /// What a planted fault does with a value before its rules are looked at.
    fn struck(&self, operation: &Operation, body: &Body, value: &Value) -> Option<Reply> {
        let internal = |status| json_reply(status, &json!({"error": "internal"}));
        if self.planted.has("json-ordered") && !is_in_order(&body.schema, value) {
            let name = body.schema.required.first().cloned().unwrap_or_default();
            let path = FieldPath::root().member(&name);
            return Some(self.refuse(operation, FaultKind::Missing, &path));
        }
        if self.planted.has("array-crash") && value.is_array() {
            return Some(Reply {
                act: Act::Restart,
                ..Reply::default()
            });
        }
        if self.planted.has("root-scalar-500") && !value.is_array() && !value.is_object() {
            return Some(internal(500));
        }
        if let Some((status, act)) = value::struck(&self.planted, operation, value) {
            return Some(Reply {
                act,
                ..internal(status)
            });
        }
        self.crash_on_value(value)
    }

    /// The value where it keeps the rules of its body, or the answer that refuses it.
    fn judged(&self, operation: &Operation, path: &str, value: Value) -> Result<Value, Reply> {
        match self.validate(operation, &value) {
            None => {
                let again = self.lock().held_back.last.as_ref() == Some(&value);
                if again && self.planted.has("same-again-refused") {
                    return Err(self.refuse(operation, FaultKind::Constraint, &FieldPath::root()));
                }
                Ok(value)
            }
            Some(wrong) if value::backtracks(&self.planted, &value, &wrong.path) => Err(Reply {
                act: Act::Hang,
                ..Reply::default()
            }),
            Some(wrong) => {
                self.spoil(operation, path, &value, &wrong);
                Err(self.refuse(operation, wrong.kind, &wrong.path))
            }
        }
    }

    /// What a fault of [`rare`] does with a body.
    fn rare(
        &self,
        operation: &Operation,
        bytes: &[u8],
        value: Option<&Value>,
    ) -> Option<rare::Struck> {
        if !self.planted.rare() {
            return None;
        }
        let valid = value.is_some_and(|v| self.validate(operation, v).is_none());
        let memory = &mut self.lock().rare;
        let planted = |id: &str| self.planted.has(id);
        rare::strike(planted, memory, operation, (bytes, value, valid))
    }

    pub(super) fn validate(&self, operation: &Operation, value: &Value) -> Option<Wrong> {
        let body = operation.body.as_ref()?;
        self.validators
            .get(&operation.id)?
            .check(&body.schema, value)
    }

    fn crash(&self, ask: &Ask<'_>) -> Option<Reply> {
        let act = |act| {
            Some(Reply {
                act,
                ..Reply::default()
            })
        };
        if self.planted.none() {
            return None;
        }
        if let Some(reply) = wire::body(&self.planted, ask) {
            return Some(reply);
        }
        if self.planted.has("large-body-drops") && ask.body.len() > 4_096 {
            return act(Act::Drop);
        }
        if ask.chunked && self.planted.has("chunked-hangs") {
            return act(Act::Hang);
        }
        if self.planted.has("json-deep-crash")
            && ask.body.windows(600).any(|w| w.iter().all(|b| *b == b'['))
        {
            return act(Act::Restart);
        }
        if self.planted.has("hangs-on-percent") && ask.body.windows(2).any(|w| w == b"%n") {
            return act(Act::Hang);
        }
        None
    }

    fn crash_on_value(&self, value: &Value) -> Option<Reply> {
        if self.planted.none() {
            return None;
        }
        let act = |act| {
            Some(Reply {
                act,
                ..Reply::default()
            })
        };
        let Value::Object(map) = value else {
            return None;
        };
        if self.planted.has("crash-on-null") && map.values().any(Value::is_null) {
            return act(Act::Restart);
        }
        if self.planted.has("crash-on-nested") && map.values().any(Value::is_array) {
            return act(Act::Restart);
        }
        if self.planted.has("stops-listening") && map.keys().any(|k| k.len() >= 200) {
            return act(Act::Die);
        }
        let long = |pointer: &str| {
            value
                .pointer(pointer)
                .and_then(Value::as_str)
                .is_some_and(|t| t.len() >= 300)
        };
        let fields = self.contract.operations.iter().flat_map(Operation::fields);
        for field in fields {
            if self.planted.at("crash-on-long", &field.path) && long(&field.path.pointer()) {
                return act(Act::Restart);
            }
        }
        None
    }
}

/// Whether the known members of an object come in the order of the document.
fn is_in_order(schema: &Schema, value: &Value) -> bool {
    let Value::Object(map) = value else {
        return true;
    };
    map.keys()
        .filter_map(|k| schema.properties.iter().position(|(n, _)| n == k))
        .is_sorted()
}
