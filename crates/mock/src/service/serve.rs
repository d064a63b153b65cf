//! What an operation does once its request is in order: reads, creates, removes, writes, and what it
//! answers.

use super::keep::set_defaults;
use super::resources::{self, Part, id_member, id_value, listed, named_member, overlay};
use super::{Ask, Reply, Service};
use probity_contract::{Operation, Schema, without_slash};
use serde_json::{Value, json};

impl Service {
    /// Whether the items that a path names exist.
    pub(super) fn exists(&self, operation: &Operation, path: &str) -> bool {
        let operations = &self.contract.operations;
        let mut state = self.lock();
        let there = state
            .collections
            .exists(operations, operation, path, &self.texts);
        there || self.planted.has("unknown-item-served")
    }

    /// Does what the operation is for and answers.
    pub(super) fn serve(&self, operation: &Operation, ask: &Ask<'_>, body: Option<Value>) -> Reply {
        let operations = &self.contract.operations;
        let path = without_slash(ask.path);
        match (
            operation.method.as_str(),
            resources::part(operations, operation),
            body,
        ) {
            ("GET", Part::Collection(name), _) => self.list(operation, path, name),
            ("POST", Part::Collection(name), body) => self.create(operation, path, name, body),
            ("DELETE", part, _) => {
                self.remove(part, path);
                self.success(operation, None)
            }
            ("GET", _, _) => self.read(operation, path),
            (_, _, Some(value)) => {
                if operation.method != "PATCH" || !self.planted.has("patch-ignored") {
                    self.store(operation, path, &value);
                }
                self.read(operation, path)
            }
            (_, _, None) => self.success(operation, None),
        }
    }

    /// What is kept at an operation's path.
    fn kept(&self, operation: &Operation, path: &str) -> Option<Value> {
        let key = self.key(operation, path);
        let state = self.lock();
        let kept = state.settings.get(&key).cloned();
        kept.or_else(|| state.first(&self.contract.operations, operation))
    }

    fn read(&self, operation: &Operation, path: &str) -> Reply {
        let kept = self.kept(operation, path);
        // The id is the item's own, wherever in the answer what was written stands.
        let own = self.identity(operation, path).filter(|(member, _)| {
            let written = kept.as_ref().and_then(|kept| kept.get(member));
            written.is_none()
        });
        self.success_of(operation, kept.as_ref(), own)
    }

    /// The id of an item, behind the member of its answer that holds it.
    fn identity(&self, operation: &Operation, path: &str) -> Option<(String, Value)> {
        let item = resources::part(&self.contract.operations, operation) == Part::Item;
        let schema = success_schema(operation)?;
        let (name, mut text) =
            super::route::arguments(without_slash(&operation.path), path)?.pop()?;
        if self.planted.has("item-beside") {
            text.push('0');
        }
        // What nobody lists or adds to is called by what its path says, and by nothing else.
        let member = match item {
            true => id_member(schema, &name)?,
            false => named_member(schema, &operation.path, &name)?,
        };
        Some((member.to_owned(), id_value(schema, member, &text)))
    }

    fn list(&self, operation: &Operation, path: &str, name: &str) -> Reply {
        let Some((items, member)) = success_schema(operation).and_then(listed) else {
            return self.read(operation, path);
        };
        let template = format!("{}/{{{name}}}", without_slash(&operation.path));
        let mut state = self.lock();
        let rules = resources::parameter(&self.contract.operations, &template, name);
        let mut ids = state.collections.ids(path, rules, &self.texts).clone();
        if self.planted.has("list-forgets-last") {
            ids.pop();
        }
        ids.extend(state.collections.gone(path));
        let operations = &self.contract.operations;
        let items_own = operations
            .iter()
            .find(|o| without_slash(&o.path) == template);
        let first = items_own.and_then(|o| state.first(operations, o));
        let listing: Vec<Value> = ids
            .iter()
            .map(|id| {
                let kept = state.settings.get(&format!("{path}/{id}"));
                let mut item = self.showing(items, kept.or(first.as_ref()));
                match id_member(items, name) {
                    Some(member) => {
                        let own = json!({ member: id_value(items, member, id) });
                        overlay(&mut item, &own);
                    }
                    None if !item.is_object() => item = id_value(items, "", id),
                    None => {}
                }
                item
            })
            .collect();
        drop(state);
        let listing = Value::Array(listing);
        match member {
            None => self.success(operation, Some(&listing)),
            Some(member) => self.success(operation, Some(&json!({ member: listing }))),
        }
    }

    fn create(&self, operation: &Operation, path: &str, name: &str, value: Option<Value>) -> Reply {
        let template = format!("{}/{{{name}}}", without_slash(&operation.path));
        let rules = resources::parameter(&self.contract.operations, &template, name);
        let mut state = self.lock();
        // A client that names the item itself gets that name.
        let own = operation
            .body
            .as_ref()
            .and_then(|body| id_member(&body.schema, name))
            .filter(|member| resources::is_given(member, name))
            .and_then(|member| value.as_ref()?.get(member))
            .filter(|id| id.is_string() || id.is_number())
            .map(resources::text);
        let ids = state.collections.ids(path, rules, &self.texts);
        if own.as_ref().is_some_and(|own| ids.contains(own)) {
            if self.planted.has("create-again-fails") {
                return Reply {
                    status: 500,
                    ..Reply::default()
                };
            }
            if operation.documents(409) && !self.planted.has("create-again-overwrites") {
                drop(state);
                return self.answer_of(operation, 409);
            }
        }
        let given = own.or_else(|| state.collections.fresh(path, rules, &self.texts));
        let Some(id) = given else {
            drop(state);
            return self.full(operation);
        };
        let first = state.collections.ids(path, rules, &self.texts).first();
        let id = match first {
            Some(first) if self.planted.has("create-overwrites") => first.clone(),
            _ => id,
        };
        let second = self
            .planted
            .has("create-twice")
            .then(|| state.collections.fresh(path, rules, &self.texts))
            .flatten();
        let ids = state.collections.ids(path, rules, &self.texts);
        let beside = ids.first().cloned().filter(|first| *first != id);
        if !ids.contains(&id) && !self.planted.has("create-not-listed") {
            ids.push(id.clone());
        }
        let concrete = format!("{path}/{id}");
        let stores =
            !self.planted.has("nothing-stored") && !self.planted.has("create-stores-nothing");
        for id in std::iter::once(id.clone()).chain(second.clone()) {
            if let Some(value) = value.as_ref().filter(|_| stores) {
                let mut kept = value.clone();
                set_defaults(operation, &mut kept);
                if !self.planted.none() {
                    self.distort(operation, &Value::Null, &mut kept);
                }
                // The item is called what the answer calls it, whatever the client called it.
                if let Some(schema) = success_schema(operation)
                    && let Some(member) = id_member(schema, name)
                    && let Some(sent) = kept.get_mut(member)
                {
                    *sent = id_value(schema, member, &id);
                }
                state.settings.insert(format!("{path}/{id}"), kept);
            }
        }
        if let Some(second) = second {
            state.collections.ids(path, rules, &self.texts).push(second);
        }
        drop(state);
        let concrete = match beside {
            Some(beside) if self.planted.has("create-wrong-location") => format!("{path}/{beside}"),
            _ => concrete,
        };
        let mut answer = value.unwrap_or_else(|| json!({}));
        if let Some(schema) = success_schema(operation)
            && let Some(member) = id_member(schema, name)
            && let Value::Object(map) = &mut answer
        {
            map.insert(member.to_owned(), id_value(schema, member, &id));
        }
        let mut reply = self.success(operation, Some(&answer));
        let mut items = self.contract.operations.iter().map(|o| o.path.as_str());
        let ends = items.any(|p| p.strip_suffix('/') == Some(template.as_str()));
        let end = if ends { "/" } else { "" };
        reply.headers.push(("Location".to_owned(), concrete + end));
        reply
    }

    /// The refusal of a new item where all ids that the document allows are taken.
    fn full(&self, operation: &Operation) -> Reply {
        let mut statuses = [409, 507, 422, 429, 503].into_iter();
        let status = statuses.find(|status| operation.documents(*status));
        self.answer_of(operation, status.unwrap_or(409))
    }

    pub(super) fn remove(&self, part: Part<'_>, path: &str) {
        if self.planted.has("delete-keeps") {
            return;
        }
        let mut state = self.lock();
        if part == Part::Item
            && let Some((collection, id)) = path.rsplit_once('/')
        {
            let id = percent_encoding::percent_decode_str(id)
                .decode_utf8_lossy()
                .into_owned();
            let ids = state.collections.ids(collection, None, &self.texts);
            let gone = match self.planted.has("delete-wrong-one") {
                true => ids.iter().find(|kept| **kept != id).cloned(),
                false => Some(id),
            };
            ids.retain(|kept| Some(kept) != gone.as_ref());
            if self.planted.has("delete-all") {
                ids.clear();
            }
            if let Some(gone) = gone.filter(|_| self.planted.has("delete-still-listed")) {
                state.collections.remember(collection, gone);
            }
        }
        let below = format!("{path}/");
        state
            .settings
            .retain(|key, _| key != path && !key.starts_with(&below));
    }
}

/// The schema of the first documented answer of success.
fn success_schema(operation: &Operation) -> Option<&Schema> {
    let status = operation.success_statuses().first().copied()?;
    operation.response(status)?.schema.as_ref()
}
