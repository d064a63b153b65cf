//! The documented error answers, and the faults of their form.

use super::answer::typed;
use super::{Act, Ask, Reply, Service};
use crate::fault::Planted;
use crate::held_back::wire;
use probity_contract::{ErrorShape, FaultKind, FieldPath, Operation};
use serde_json::{Value, json};
use std::time::Duration;

impl Service {
    /// The documented error answer for a fault.
    pub(super) fn refuse(&self, operation: &Operation, kind: FaultKind, path: &FieldPath) -> Reply {
        self.lock().errors += 1;
        let planted = |id: &str| self.planted.has(id);
        let mut name = match self.chosen.get("error-path") {
            "dotted" => path.dotted(),
            _ => path.leaf().unwrap_or_default().to_owned(),
        };
        if planted_name(&self.planted, path) {
            name = "settings".to_owned();
        }
        // Nothing has a name of its own only at the root: a member may be called "".
        if path.0.is_empty() {
            let first = operation
                .body
                .as_ref()
                .and_then(|b| b.schema.required.first());
            name = first.cloned().unwrap_or_else(|| "body".to_owned());
        }
        let name = wire::name(
            &self.planted,
            operation,
            &mut self.lock().held_back.name,
            name,
        );
        let wanted = match kind {
            FaultKind::Constraint | FaultKind::UnknownMember | FaultKind::Parameter => {
                self.chosen.get("constraint-text")
            }
            FaultKind::Null => self.chosen.get("null-text"),
            FaultKind::WrongRoot => self.chosen.get("root-text"),
            FaultKind::Missing if planted("missing-as-base") => "base",
            FaultKind::Missing if planted("missing-as-type") => "wrong-type",
            FaultKind::WrongType if planted("type-as-base") => "base",
            _ => "",
        };
        // What the device likes to say ends where the contract says what answers this fault.
        let says = |s: &ErrorShape| s.answers.contains(&kind) || s.may_answer.contains(&kind);
        let spoken = operation.error_shapes().any(says);
        let wrong_on_purpose = matches!(kind, FaultKind::Missing | FaultKind::WrongType);
        let may = |s: &ErrorShape| wrong_on_purpose || !spoken || says(s);
        let shape = operation
            .error_shapes()
            .find(|s| !wanted.is_empty() && s.id == wanted && may(s))
            .or_else(|| operation.error_shapes().find(|s| s.answers.contains(&kind)))
            .or_else(|| {
                operation
                    .error_shapes()
                    .find(|s| s.may_answer.contains(&kind))
            });
        let (status, body) = match shape {
            Some(shape) => (shape.status, fill(&shape.body, &name)),
            None => self.undocumented_shape(operation, kind, &name),
        };
        let body = wire::wording(&self.planted, body);
        let media = operation
            .response(status)
            .and_then(|r| r.media_type.as_deref());
        let mut reply = typed(status, &body, media);
        if kind != FaultKind::Unauthenticated && !self.planted.none() {
            self.distort_error(operation, kind, &body, &mut reply);
            wire::error(&self.planted, operation, (kind, path), &mut reply);
        }
        reply
    }

    /// An error for a contract without error shapes, of its documented schema.
    fn undocumented_shape(
        &self,
        operation: &Operation,
        kind: FaultKind,
        name: &str,
    ) -> (u16, Value) {
        let wanted: &[u16] = match kind {
            FaultKind::Unauthenticated => &[401, 403],
            // Other statuses speak of rights, place or state, from which no client learns that what
            // it sent was wrong.
            _ => &[400, 422],
        };
        let status = wanted
            .iter()
            .copied()
            .find(|s| operation.response(*s).is_some())
            .unwrap_or(wanted[0]);
        let schema = operation.response(status).and_then(|r| r.schema.as_ref());
        let body = schema
            .map(|s| self.showing(s, None))
            .unwrap_or_else(|| json!({"error": format!("{kind:?}: {name}")}));
        (status, body)
    }

    fn distort_error(
        &self,
        operation: &Operation,
        kind: FaultKind,
        body: &Value,
        reply: &mut Reply,
    ) {
        let planted = |id: &str| self.planted.has(id);
        let text = body
            .get("error")
            .and_then(Value::as_str)
            .unwrap_or("error")
            .to_owned();
        let set_type = |reply: &mut Reply, media: &str| {
            reply.headers.retain(|(n, _)| n != "Content-Type");
            reply
                .headers
                .push(("Content-Type".to_owned(), media.to_owned()));
        };
        if planted("error-plain-text") {
            reply.body = text.clone().into_bytes();
            set_type(reply, "text/plain");
        }
        if planted("error-html") {
            reply.body = format!("<html><body><h1>400</h1>{text}</body></html>").into_bytes();
            set_type(reply, "text/html");
        }
        if planted("error-without-type") {
            reply.headers.retain(|(n, _)| n != "Content-Type");
        }
        if planted("error-other-member") {
            reply.body = json!({"message": text}).to_string().into_bytes();
        }
        if planted("error-true") {
            reply.body = b"{\"error\": true}".to_vec();
        }
        if planted("error-200") {
            reply.status = operation.success_statuses().first().copied().unwrap_or(200);
        }
        if planted("error-422") && kind == FaultKind::Constraint {
            reply.status = 422;
        }
        if planted("error-500") && kind == FaultKind::WrongType {
            reply.status = 500;
        }
        if planted("error-empty") {
            reply.body.clear();
        }
        if planted("error-bad-json") {
            reply.body = format!("{{\"error\": \"{text}\" }}\"").into_bytes();
        }
        if planted("shows-token")
            && let Some(token) = self.lock().tokens.last()
        {
            reply.body = json!({"error": text, "session": token})
                .to_string()
                .into_bytes();
        }
        if planted("drops-errors") {
            reply.act = Act::Drop;
        }
        if planted("slower-and-slower") {
            let errors = u32::try_from(self.lock().errors).unwrap_or(u32::MAX);
            reply.delay = Duration::from_millis(4) * errors;
        }
    }

    /// Headers that every answer has, and the faults of all answers.
    pub(super) fn finish(&self, ask: &Ask<'_>, mut reply: Reply) -> Reply {
        self.heads(ask, &mut reply);
        if self.chosen.is("charset", "yes") {
            for (name, value) in &mut reply.headers {
                if name == "Content-Type" && value == "application/json" {
                    value.push_str("; charset=utf-8");
                }
            }
        }
        if self.planted.has("slower-and-slower") && reply.delay.is_zero() {
            let errors = u32::try_from(self.lock().errors).unwrap_or(u32::MAX);
            reply.delay = Duration::from_millis(4) * errors;
        }
        if self.planted.has("reflects-header")
            && let Ok(body) = serde_json::from_slice::<Value>(ask.body)
        {
            let lines = texts(&body).into_iter().find_map(|t| t.split_once('\n'));
            if let Some((name, value)) = lines.and_then(|(_, rest)| rest.split_once(':')) {
                let name: String = name
                    .chars()
                    .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
                    .collect();
                let value: String = value.chars().take_while(|c| !c.is_control()).collect();
                if !name.is_empty() {
                    reply.headers.push((name, value.trim().to_owned()));
                }
            }
        }
        reply
    }
}

fn planted_name(planted: &Planted, path: &FieldPath) -> bool {
    planted.at("wrong-name", path)
}

/// Every string in a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// The template with the field's name in it.
pub(super) fn fill(template: &Value, name: &str) -> Value {
    match template {
        Value::String(text) => Value::String(text.replace("{param}", name)),
        Value::Array(items) => items.iter().map(|v| fill(v, name)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(k, v)| (k.clone(), fill(v, name)))
            .collect(),
        other => other.clone(),
    }
}
