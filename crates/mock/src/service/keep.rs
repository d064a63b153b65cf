//! What is kept of a body, accepted or refused, and the answer to success.

use super::resources::{self, merge_patch};
use super::{Reply, Service, json_reply};
use crate::held_back::store;
use crate::validate::Wrong;
use probity_contract::Operation;
use probity_contract::shape::members;
use serde_json::{Value, json};

impl Service {
    /// Faults of state that a refusal has.
    pub(super) fn spoil(&self, operation: &Operation, path: &str, value: &Value, wrong: &Wrong) {
        if self.planted.none() {
            return;
        }
        let key = self.key(operation, path);
        let mut state = self.lock();
        if self.planted.has("refusal-resets")
            && let Some(initial) = state
                .initial
                .get(&key)
                .or_else(|| state.initial.get(&operation.id))
                .cloned()
        {
            state.settings.insert(key.clone(), initial);
        }
        if let Some(kept) = state.kept(&key, &operation.id).cloned() {
            state.settings.entry(key.clone()).or_insert(kept);
        }
        let (Value::Object(new), Some(Value::Object(settings))) =
            (value, state.settings.get_mut(&key))
        else {
            return;
        };
        store::left_behind(&self.planted, operation, new, settings);
        if self.planted.has("refusal-stores-all") {
            for (name, member) in new {
                settings.insert(name.clone(), member.clone());
            }
        }
        if self.planted.has("refusal-stores") {
            let culprit = wrong
                .path
                .0
                .first()
                .and_then(|_| wrong.path.dotted().split('.').next().map(str::to_owned));
            let order = operation
                .body
                .iter()
                .flat_map(|b| b.schema.properties.iter().map(|(n, _)| n));
            for name in order {
                if Some(name) == culprit.as_ref() {
                    break;
                }
                if let Some(member) = new.get(name) {
                    settings.insert(name.clone(), member.clone());
                }
            }
        }
    }

    /// Keeps an accepted body: `PATCH` merges (RFC 7396), everything else replaces; whether members
    /// that were left out stay is a choice.
    pub(super) fn store(&self, operation: &Operation, path: &str, value: &Value) {
        let key = self.key(operation, path);
        let mut state = self.lock();
        state.writes += 1;
        if self.planted.has("nothing-stored")
            || (self.planted.has("stores-first-only") && state.writes > 1)
        {
            return;
        }
        let resets = operation.method == "PATCH" && self.planted.has("patch-replaces");
        let patches = operation.method == "PATCH" && !resets;
        let old = state.kept(&key, &operation.id).cloned();
        let old = old.or_else(|| state.first(&self.contract.operations, operation));
        let old = old.unwrap_or_default();
        let mut new = value.clone();
        if let (Some(body), Value::Object(map)) = (&operation.body, &mut new)
            && !matches!(
                body.schema.additional,
                probity_contract::Additional::Allowed
            )
            && !body.schema.properties.is_empty()
        {
            // Alternatives have members of their own.
            let known = members(&body.schema);
            map.retain(|name, _| known.iter().any(|(member, _)| member == name));
        }
        if patches {
            let mut merged = old.clone();
            merge_patch(&mut merged, &new);
            new = merged;
        } else if !resets
            && self.chosen.is("omitted", "keep")
            && let (Value::Object(old), Value::Object(new)) = (&old, &mut new)
        {
            for (name, member) in old {
                new.entry(name.clone()).or_insert_with(|| member.clone());
            }
        } else if !resets {
            set_defaults(operation, &mut new);
        }
        if !self.planted.none() {
            self.distort(operation, &old, &mut new);
            store::kept(&self.planted, &mut new);
        }
        let before = state.held_back.last.replace(value.clone());
        if self.planted.has("stores-late") {
            new = before.unwrap_or(old);
        }
        state.settings.insert(key, new);
    }

    pub(super) fn distort(&self, operation: &Operation, old: &Value, new: &mut Value) {
        for field in operation.fields() {
            let pointer = field.path.pointer();
            if self.planted.at("not-stored", &field.path) {
                let kept = old.pointer(&pointer).cloned();
                if let (Some(place), Some(kept)) = (new.pointer_mut(&pointer), kept) {
                    *place = kept;
                }
            }
            match new.pointer_mut(&pointer) {
                Some(Value::String(text)) => {
                    if self.planted.at("stores-truncated", &field.path) {
                        *text = text.chars().take(15).collect();
                    }
                    if self.planted.at("stores-lower-case", &field.path) {
                        *text = text.to_ascii_lowercase();
                    }
                    if self.planted.at("stores-escaped", &field.path) {
                        *text = text
                            .replace('&', "&amp;")
                            .replace('<', "&lt;")
                            .replace('>', "&gt;");
                    }
                }
                Some(Value::Number(number)) if self.planted.at("wraps-16-bits", &field.path) => {
                    if let Some(n) = number.as_i64() {
                        *number = (n & 0xFFFF).into();
                    }
                }
                _ => {}
            }
        }
    }

    /// The key under which the body of an operation is kept.
    pub(super) fn key(&self, operation: &Operation, path: &str) -> String {
        let elsewhere = self.read_elsewhere.get(&operation.id);
        if let Some(at) = elsewhere.and_then(|read| filled(read, &operation.path, path)) {
            return at;
        }
        resources::key(&self.contract.operations, operation, path)
    }

    /// The answer of success without a value that somebody asked for.
    pub(super) fn plain_success(&self, status: u16) -> Reply {
        match self.chosen.get("success-body") {
            "object" => json_reply(status, &json!({})),
            "text" => Reply {
                status,
                headers: vec![("Content-Type".to_owned(), "text/plain".to_owned())],
                body: b"OK".to_vec(),
                ..Reply::default()
            },
            _ => Reply {
                status,
                ..Reply::default()
            },
        }
    }
}

/// The path that a template stands for where another template stands for `path`.
fn filled(template: &str, of: &str, path: &str) -> Option<String> {
    let arguments = super::route::arguments(of, path)?;
    let filled = arguments
        .iter()
        .fold(template.to_owned(), |at, (name, text)| {
            at.replace(&format!("{{{name}}}"), text)
        });
    (!filled.contains('{')).then_some(filled)
}

/// What a write leaves out takes its documented default, also where the answer that shows it has none.
pub(super) fn set_defaults(operation: &Operation, value: &mut Value) {
    let (Some(body), Value::Object(map)) = (&operation.body, value) else {
        return;
    };
    for (name, member) in &body.schema.properties {
        if let Some(default) = &member.default {
            map.entry(name.clone()).or_insert_with(|| default.clone());
        }
    }
}
