//! What the mock answers: bodies that keep the schema documented for them, whatever was written.

use super::resources::{place, shown};
use super::sample::plausible;
use super::{Reply, Service, json_reply};
use probity_contract::outcome::{carried_out, refuses};
use probity_contract::{Format, Operation, Response, Schema, assess};
use probity_pattern::Assessment;
use serde_json::{Map, Value, json};

impl Service {
    /// A value of an answer's schema that shows as much of what was written as the schema lets it:
    /// what a client may write and what a device shows are not always of the same form.
    pub(super) fn showing(&self, schema: &Schema, written: Option<&Value>) -> Value {
        let answer = shown(schema, written, &self.texts);
        // What a fault made of what is stored is to be seen.
        if self.planted.spoils_state() || self.keeps(schema, &answer) {
            return answer;
        }
        let mut answer = self.plain(schema);
        if let Some(Value::Object(written)) = written {
            if let Some(whole) = self.around(schema, &answer, written) {
                return whole;
            }
            for (name, member) in written {
                // As it was written, else with what an answer has to show beside it.
                for whole in [true, false] {
                    let mut next = answer.clone();
                    if let Value::Object(map) = place(&mut next, &json!({ name: member })) {
                        let shown = map.entry(name.clone()).or_insert(Value::Null);
                        lay_over(shown, member, whole);
                    }
                    if self.keeps(schema, &next) {
                        answer = next;
                        break;
                    }
                }
            }
        }
        answer
    }

    /// All that was written, with as many members of a plain answer beside it as go together with it:
    /// an answer may be of one alternative, and the plain one of another.
    fn around(
        &self,
        schema: &Schema,
        plain: &Value,
        written: &Map<String, Value>,
    ) -> Option<Value> {
        let others = plain.as_object()?.iter();
        let others: Vec<_> = others
            .filter(|(name, _)| !written.contains_key(*name))
            .collect();
        let without = |left_out: Option<&String>| {
            let mut whole = written.clone();
            let kept = others.iter().filter(|(name, _)| left_out != Some(*name));
            whole.extend(kept.map(|(name, value)| ((*name).clone(), (*value).clone())));
            Value::Object(whole)
        };
        let one_less = others.iter().map(|(name, _)| without(Some(name)));
        let alone = std::iter::once(Value::Object(written.clone()));
        let mut all = std::iter::once(without(None)).chain(one_less).chain(alone);
        all.find(|value| self.keeps(schema, value))
    }

    /// A value of a schema that keeps it, where one can be made.
    fn plain(&self, schema: &Schema) -> Value {
        let first = plausible(schema, &self.texts);
        if let Some(first) = first.as_ref().filter(|value| self.keeps(schema, value)) {
            return first.clone();
        }
        let mut candidates = schema.candidates(&self.texts).into_iter();
        candidates
            .next()
            .map(|c| c.value)
            .or(first)
            .unwrap_or_default()
    }

    fn keeps(&self, schema: &Schema, value: &Value) -> bool {
        assess(schema, value, &self.texts).certainty != Assessment::SurelyInvalid
    }

    /// [`Service::showing`] with a member of its own at its root, where the schema lets it.
    fn showing_own(
        &self,
        schema: &Schema,
        written: Option<&Value>,
        own: Option<(String, Value)>,
    ) -> Value {
        let plain = self.showing(schema, written);
        let mut whole = plain.clone();
        if let (Value::Object(map), Some((member, value))) = (&mut whole, own) {
            map.insert(member, value);
        }
        match self.keeps(schema, &whole) {
            true => whole,
            false => plain,
        }
    }

    /// An answer of success that says nothing else: another alternative of it, where the first is that of
    /// an error.
    fn told_done(&self, operation: &Operation, status: u16, schema: &Schema, body: Value) -> Value {
        if !refuses(operation, status, &body) {
            return body;
        }
        let done = carried_out(operation, status, body.clone());
        if !refuses(operation, status, &done) && self.keeps(schema, &done) {
            return done;
        }
        let items = schema.items.as_deref().map(Schema::alternatives);
        let listed = items.into_iter().flatten();
        let listed = listed.map(|rules| json!([self.plain(rules)]));
        let others = schema.alternatives().iter().map(|rules| self.plain(rules));
        let mut others = others
            .chain(listed)
            .map(|other| carried_out(operation, status, other));
        let fits = |other: &Value| self.keeps(schema, other) && !refuses(operation, status, other);
        others.find(fits).unwrap_or(body)
    }

    /// The documented answer of success, with a value in it where one is kept.
    pub(super) fn success(&self, operation: &Operation, value: Option<&Value>) -> Reply {
        self.success_of(operation, value, None)
    }

    /// [`Service::success`] of an item, with the member that holds its id.
    pub(super) fn success_of(
        &self,
        operation: &Operation,
        value: Option<&Value>,
        own: Option<(String, Value)>,
    ) -> Reply {
        let status = operation.success_statuses().first().copied().unwrap_or(200);
        let response = operation.response(status);
        if matches!(status, 204 | 205 | 304) {
            return Reply {
                status,
                ..Reply::default()
            };
        }
        match response {
            Some(
                response @ Response {
                    schema: Some(schema),
                    ..
                },
            ) => typed(
                status,
                &self.told_done(
                    operation,
                    status,
                    schema,
                    self.showing_own(schema, value, own),
                ),
                response.media_type.as_deref(),
            ),
            // JSON of any form is documented.
            Some(
                response @ Response {
                    media_type: Some(media),
                    ..
                },
            ) => {
                let example = response.examples.first().map(|(_, example)| example);
                let value = value.or(example).cloned().unwrap_or_else(|| json!({}));
                typed(status, &value, Some(media))
            }
            _ if operation.method == "GET" && value.is_some() => {
                let value = value.unwrap_or(&Value::Null);
                self.as_written(operation, value)
                    .unwrap_or_else(|| json_reply(status, value))
            }
            _ => self.plain_success(status),
        }
    }

    /// A text as the write at the same path sends it, octet for octet, where that is no JSON: what is read
    /// may be written back.
    fn as_written(&self, operation: &Operation, value: &Value) -> Option<Reply> {
        let operations = &self.contract.operations;
        let writes = |o: &&Operation| o.path == operation.path && o.method == "PUT";
        let body = operations.iter().find(writes)?.body.as_ref()?;
        let text = value.as_str()?;
        matches!(body.format, Format::Text | Format::Octets).then(|| Reply {
            status: 200,
            headers: vec![("Content-Type".to_owned(), body.media_type.clone())],
            body: text.as_bytes().to_vec(),
            ..Reply::default()
        })
    }

    /// The answer where something named in the path does not exist.
    pub(super) fn not_found(&self, operation: &Operation) -> Reply {
        self.answer_of(operation, 404)
    }

    /// The answer of a status, as far as the document says what is in it.
    pub(super) fn answer_of(&self, operation: &Operation, status: u16) -> Reply {
        match operation.response(status) {
            Some(
                response @ Response {
                    schema: Some(schema),
                    ..
                },
            ) => {
                let body = self.showing(schema, Some(&json!({"status": status})));
                typed(status, &body, response.media_type.as_deref())
            }
            _ => Reply {
                status,
                ..Reply::default()
            },
        }
    }
}

/// Puts a value in the place of another, whole or member for member.
fn lay_over(shown: &mut Value, over: &Value, whole: bool) {
    match (shown, over) {
        (Value::Object(shown), Value::Object(over)) if !whole => {
            for (name, member) in over {
                let shown = shown.entry(name.clone()).or_insert(Value::Null);
                lay_over(shown, member, whole);
            }
        }
        (shown, over) => *shown = over.clone(),
    }
}

/// A JSON answer in the media type that is documented for it.
pub(super) fn typed(status: u16, body: &Value, media: Option<&str>) -> Reply {
    let mut reply = json_reply(status, body);
    if let Some(media) = media.filter(|m| !m.contains('*')) {
        reply.headers = vec![("Content-Type".to_owned(), media.to_owned())];
    }
    reply
}
