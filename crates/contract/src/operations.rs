//! Paths, operations and parameters of a document.

use super::model::*;
use super::pointer::escape;
use super::reader::{Flaw, Reader};
use super::schema::Schemas;
use super::second::Validator;
use super::servers;
use super::source::{Source, Way};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Most parameters of an operation: a request with all of them is made for each.
const MOST_PARAMETERS: usize = 1_000;

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// Members of a document that are read or mean nothing here; others are named as left out.
const DOCUMENT_MEMBERS: [&str; 13] = [
    "openapi",
    "info",
    "servers",
    "paths",
    "components",
    "security",
    "tags",
    "externalDocs",
    "jsonSchemaDialect",
    "$self",
    // Of Swagger 2.0, where references lead.
    "definitions",
    "parameters",
    "responses",
];

/// The same of an operation.
const OPERATION_MEMBERS: [&str; 11] = [
    "operationId",
    "summary",
    "description",
    "tags",
    "externalDocs",
    "deprecated",
    "parameters",
    "requestBody",
    "responses",
    "security",
    "servers",
];

/// An object that a path item consists of, with its place.
pub(super) type Part<'d> = (&'d Map<String, Value>, String);

/// Whether a member of a path item is an operation.
fn is_method(name: &str) -> bool {
    METHODS.contains(&name)
}

/// Alternatives of security schemes, and the place that states them.
pub(super) type Security = (Vec<Vec<SecurityScheme>>, String);

/// Reads operations; what an operation consists of is read in [`super::content`].
pub(super) struct Loader<'d> {
    pub(super) schemas: Schemas<'d>,
    security: Result<Security, Flaw>,
    base: String,
    left_out: Vec<LeftOut>,
}

impl<'d> Loader<'d> {
    /// Nothing is read yet.
    pub(super) fn new(source: &'d Arc<Source>) -> Self {
        Loader {
            schemas: Schemas::new(Reader::new(source)),
            security: Ok((Vec::new(), String::new())),
            base: String::new(),
            left_out: Vec::new(),
        }
    }

    /// What is not supported, what is wrong, and what was left out for it.
    pub(super) fn finish(self) -> (Vec<Unsupported>, Vec<Flaw>, Vec<LeftOut>) {
        let (unsupported, flaws) = self.schemas.reader.finish();
        (unsupported, flaws, self.left_out)
    }

    /// The rules of a body, a parameter or an answer.
    pub(super) fn schema(&mut self, value: &'d Value, place: &str, way: Way) -> Schema {
        let mut schema = self.schemas.root(value, place, way);
        schema.validator = Validator::new(self.schemas.reader.source, place, way);
        schema
    }

    pub(super) fn operations(&mut self) -> Vec<Operation> {
        let document = self.schemas.reader.source.root();
        let mut out: Vec<Operation> = Vec::new();
        let Some(root) = document.as_object() else {
            return out;
        };
        self.schemas.reader.leave_out(root, &DOCUMENT_MEMBERS, "");
        if let Some(list) = root.get("security") {
            self.security = self
                .security(list, "/security")
                .map(|security| (security, "/security".to_owned()));
        }
        self.base = self.base_of(root.get("servers"), "/servers");
        let Some(paths) = root.get("paths") else {
            return out;
        };
        let paths = match self.schemas.reader.object(paths, "/paths") {
            Ok(paths) => paths,
            Err(flaw) => {
                self.schemas.reader.note(flaw);
                return out;
            }
        };
        let mut ids = HashSet::new();
        for (path, item) in paths {
            if path.starts_with("x-") {
                continue;
            }
            let pointer = format!("/paths/{}", escape(path));
            let read = self.path_item(path, item, &pointer, &mut ids, &mut out);
            if let Err(flaw) = read {
                self.leave_out(path, flaw);
            }
        }
        tell_twins(&mut out);
        out
    }

    /// Notes references within the document that lead nowhere from where nothing else has read:
    /// callbacks, links, components that nothing uses.
    pub(super) fn dead_references(&mut self) {
        let source = self.schemas.reader.source;
        let mut todo = vec![(source.root(), String::new())];
        while let Some((value, at)) = todo.pop() {
            if let Some(Value::String(target)) = value.get("$ref")
                && target.starts_with('#')
                && let Err(flaw) = self
                    .schemas
                    .reader
                    .target(&Value::from(target.as_str()), &at)
            {
                self.schemas.reader.note(flaw);
            }
            match value {
                Value::Array(items) => {
                    let items = items.iter().enumerate();
                    todo.extend(items.map(|(i, item)| (item, format!("{at}/{i}"))));
                }
                Value::Object(members) => {
                    // What stands there is shown, and no part of the document.
                    let shown = ["example", "examples", "default", "enum", "const", "value"];
                    let parts = members.iter().filter(|(name, member)| {
                        let named = at.ends_with("/properties");
                        named
                            || !(shown.contains(&name.as_str()) || name.starts_with("x-"))
                                && (member.is_object() || member.is_array())
                    });
                    todo.extend(parts.map(|(name, part)| (part, format!("{at}/{}", escape(name)))));
                }
                _ => {}
            }
        }
    }

    /// Names what is not judged, with the flaw that costs it.
    fn leave_out(&mut self, operation: &str, flaw: Flaw) {
        self.left_out.push(LeftOut {
            operation: operation.to_owned(),
            part: None,
            reason: named(&flaw),
            pointer: flaw.place.clone(),
            lawful: flaw.lawful,
        });
        self.schemas.reader.note(flaw);
    }

    /// Names a part of an operation that is not judged.
    pub(super) fn leave_out_part(&mut self, operation: &str, part: &str, flaw: Flaw) {
        self.left_out.push(LeftOut {
            operation: operation.to_owned(),
            part: Some(part.to_owned()),
            reason: named(&flaw),
            pointer: flaw.place.clone(),
            lawful: flaw.lawful,
        });
        self.schemas.reader.note(flaw);
    }

    /// The path of the first of `servers`, or that of the servers around.
    fn base_of(&mut self, servers: Option<&Value>, pointer: &str) -> String {
        match servers::base_path(servers) {
            Ok(base) => base.unwrap_or_else(|| self.base.clone()),
            Err(why) => {
                let flaw = self.schemas.reader.error(pointer, why);
                self.schemas.reader.note(flaw);
                self.base.clone()
            }
        }
    }

    fn path_item(
        &mut self,
        path: &str,
        item: &'d Value,
        pointer: &str,
        ids: &mut HashSet<String>,
        out: &mut Vec<Operation>,
    ) -> Result<(), Flaw> {
        if !path.starts_with('/') {
            let why = "a path must begin with `/`";
            return Err(self.schemas.reader.error(pointer, why));
        }
        if path.contains('#') {
            let why = "what follows `#` in a path is not sent to any server (RFC 9110 §4.2.5)";
            return Err(self.schemas.reader.error(pointer, why));
        }
        let parts = self.parts(item, pointer)?;
        for (i, (part, at)) in parts.iter().enumerate() {
            self.part(path, part, at, &parts, ids, out);
            // What a path item and what it refers to both say is not defined (OpenAPI 3.1.1 §4.8.9).
            for (method, _) in part.iter().filter(|(name, _)| is_method(name)) {
                let above = parts.iter().take(i).any(|(p, _)| p.contains_key(method));
                if above {
                    let called = format!("{} {path}", method.to_ascii_uppercase());
                    let why = "the path item and what it refers to have this operation both";
                    let flaw = self.schemas.reader.error(&format!("{at}/{method}"), why);
                    self.leave_out(&called, flaw);
                }
            }
        }
        Ok(())
    }

    /// The object of a path item, and behind it what it refers to: both count (OpenAPI 3.1.1 §4.8.9).
    fn parts(&self, item: &'d Value, pointer: &str) -> Result<Vec<Part<'d>>, Flaw> {
        let mut parts = Vec::new();
        let own = self.schemas.reader.object(item, pointer)?;
        if own.contains_key("$ref") && own.len() > 1 {
            parts.push((own, pointer.to_owned()));
        }
        let (item, at) = self.schemas.reader.follow(item, pointer)?;
        parts.push((self.schemas.reader.object(item, &at)?, at));
        Ok(parts)
    }

    /// The operations of one object of a path item, but those that an object in front has.
    fn part(
        &mut self,
        path: &str,
        item: &'d Map<String, Value>,
        pointer: &str,
        parts: &[Part<'d>],
        ids: &mut HashSet<String>,
        out: &mut Vec<Operation>,
    ) {
        let mut used = vec!["summary", "description", "parameters", "servers", "$ref"];
        used.extend(METHODS);
        self.schemas.reader.leave_out(item, &used, pointer);
        for (name, _) in item.iter().filter(|(name, _)| !is_method(name)) {
            if is_method(&name.to_ascii_lowercase()) {
                let why = format!("`{name}`: the names of methods are in small letters here");
                let flaw = self.schemas.reader.error(&format!("{pointer}/{name}"), why);
                self.leave_out(&format!("{} {path}", name.to_ascii_uppercase()), flaw);
            }
        }
        let others = item.get("additionalOperations").and_then(Value::as_object);
        let others = others
            .into_iter()
            .flatten()
            .map(|(method, _)| method.as_str());
        for method in others.chain(item.get("query").map(|_| "QUERY")) {
            let reason = format!("operations of the method {method} (OpenAPI 3.2) are not sent");
            let flaw = self.schemas.reader.beyond(pointer, reason);
            self.leave_out(&format!("{method} {path}"), flaw);
        }
        for (method, operation) in item {
            let both = parts.iter().filter(|(p, _)| p.contains_key(method)).count() > 1;
            if !is_method(method) || both {
                continue;
            }
            let pointer = format!("{pointer}/{method}");
            let called = format!("{} {path}", method.to_ascii_uppercase());
            let id = operation.get("operationId").and_then(Value::as_str);
            let id = id.unwrap_or(&called).to_owned();
            match self.operation(path, method, parts, operation, &pointer) {
                Ok(mut operation) => {
                    if !ids.insert(operation.id.clone()) {
                        let why = format!(
                            "the operationId `{}` is used twice; this one is called `{called}`",
                            operation.id
                        );
                        let at = format!("{pointer}/operationId");
                        let flaw = self.schemas.reader.error(&at, why);
                        self.schemas.reader.note(flaw);
                        operation.rename(&called);
                        ids.insert(called);
                    }
                    out.push(operation);
                }
                Err(flaw) => self.leave_out(&id, flaw),
            }
        }
    }

    /// Parameters without those that the path would have to hold and does not: they are in no request.
    fn in_path(&mut self, path: &str, mut parameters: Vec<Parameter>) -> Vec<Parameter> {
        let reader = &mut self.schemas.reader;
        parameters.retain(|p| {
            let held = p.place != Place::Path || path.contains(&format!("{{{}}}", p.name));
            if !held {
                let why = format!("the path has no `{{{}}}`: it is in no request", p.name);
                let flaw = reader.error(&p.pointer, why);
                reader.note(flaw);
            }
            held
        });
        parameters
    }

    fn operation(
        &mut self,
        path: &str,
        method: &str,
        item: &[Part<'d>],
        value: &'d Value,
        pointer: &str,
    ) -> Result<Operation, Flaw> {
        let (value, pointer) = self.schemas.reader.follow(value, pointer)?;
        let pointer = pointer.as_str();
        let map = self.schemas.reader.object(value, pointer)?;
        self.schemas
            .reader
            .leave_out(map, &OPERATION_MEMBERS, pointer);
        let called = format!("{} {path}", method.to_ascii_uppercase());
        let id = self.operation_id(map, pointer).unwrap_or(called);
        let body = match map.get("requestBody") {
            None => None,
            Some(body) => Some(self.body(body, &format!("{pointer}/requestBody"))?),
        };
        let parameters = self.parameters(&id, item, map, pointer)?;
        let parameters = self.in_path(path, parameters);
        if let Some(why) = not_addressable(path, &parameters) {
            return Err(self.schemas.reader.error(pointer, why));
        }
        let responses = self.responses(&id, map, pointer);
        let (security, security_pointer) = match map.get("security") {
            Some(list) => {
                let at = format!("{pointer}/security");
                (self.security(list, &at)?, at)
            }
            None => self.security.clone()?,
        };
        let servers = item
            .iter()
            .find_map(|(part, at)| Some((part.get("servers")?, at)));
        let base = match servers {
            Some((servers, at)) => self.base_of(Some(servers), &format!("{at}/servers")),
            None => self.base.clone(),
        };
        let base = match map.get("servers") {
            Some(servers) => self.base_of(Some(servers), &format!("{pointer}/servers")),
            None => base,
        };
        Ok(Operation {
            id,
            method: method.to_ascii_uppercase(),
            path: format!("{base}{}", sendable(path)),
            base,
            parameters,
            body,
            responses,
            access: crate::access::first(&security),
            security,
            summary: summary(map),
            stored: map
                .get("description")
                .and_then(Value::as_str)
                .map(crate::stored::said)
                .unwrap_or_default(),
            late: texts(map).into_iter().any(crate::late::is_late),
            clamps: texts(map).into_iter().any(crate::excuse::clamps),
            tied: texts(map).into_iter().flat_map(crate::ties::tied).collect(),
            speaks_of_versions: own_words(map).any(speaks_of_versions),
            pointer: pointer.to_owned(),
            security_pointer,
            acts: match map.contains_key("x-acts") {
                true => Some(self.schemas.reader.member_flag(value, "x-acts", pointer)?),
                false => None,
            },
            twin: None,
        })
    }

    /// The `operationId`; one that is no text is noted and none.
    fn operation_id(&mut self, map: &'d Map<String, Value>, pointer: &str) -> Option<String> {
        let at = format!("{pointer}/operationId");
        let id = self.schemas.reader.text(map.get("operationId")?, &at);
        id.map_err(|flaw| self.schemas.reader.note(flaw)).ok()
    }

    /// The responses that are judged; others are left out by name.
    fn responses(&mut self, id: &str, map: &'d Map<String, Value>, pointer: &str) -> Vec<Response> {
        let mut out = Vec::new();
        let Some(list) = map.get("responses") else {
            return out;
        };
        let at = format!("{pointer}/responses");
        let list = match self.schemas.reader.object(list, &at) {
            Ok(list) => list,
            Err(flaw) => {
                self.leave_out_part(id, "responses", flaw);
                return out;
            }
        };
        for (key, response) in list.iter().filter(|(key, _)| !key.starts_with("x-")) {
            match self.response(id, key, response, &format!("{at}/{}", escape(key))) {
                Ok(response) => out.push(response),
                Err(flaw) => self.leave_out_part(id, &format!("responses.{key}"), flaw),
            }
        }
        out
    }
}

/// What an operation says in words of itself.
fn own_words(map: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let own = ["summary", "description"];
    own.into_iter().filter_map(|name| map.get(name)?.as_str())
}

/// What an operation says in words of itself and of its answers.
fn texts(map: &Map<String, Value>) -> Vec<&str> {
    let own = own_words(map);
    let body = map.get("requestBody").and_then(|b| b.get("description"));
    let answers = map.get("responses").and_then(Value::as_object);
    let answers = answers.into_iter().flat_map(Map::values);
    let answers = answers.filter_map(|answer| answer.get("description")?.as_str());
    own.chain(body.and_then(Value::as_str))
        .chain(answers)
        .collect()
}

/// Whether a text names `If-Match`, and not to say that it is passed over. What the text of an answer says
/// holds where that answer is given: it promises by itself no more than its status.
fn speaks_of_versions(text: &str) -> bool {
    const PASSED_OVER: [&str; 4] = ["not support", "unsupported", "ignore", "not evaluated"];
    let text = text.to_ascii_lowercase();
    text.contains("if-match") && !PASSED_OVER.iter().any(|words| text.contains(words))
}

/// Why no request can be made for an operation of these parameters.
fn not_addressable(path: &str, parameters: &[Parameter]) -> Option<String> {
    if parameters.len() > MOST_PARAMETERS {
        return Some(format!(
            "more than {MOST_PARAMETERS} parameters, which no operation has"
        ));
    }
    let name = undeclared(path, parameters)?;
    Some(format!(
        "no path parameter `{name}` is declared: the operation cannot be addressed and is not judged"
    ))
}

/// What an operation does, in words: `summary`, or the first sentence of `description`.
fn summary(operation: &Map<String, Value>) -> String {
    let text = |name: &str| operation.get(name).and_then(Value::as_str).map(str::trim);
    match text("summary").filter(|s| !s.is_empty()) {
        Some(summary) => summary.to_owned(),
        None => {
            let described = text("description").unwrap_or_default();
            let end = described.find(['.', '\n', '!']).unwrap_or(described.len());
            described.get(..end).unwrap_or_default().to_owned()
        }
    }
}

/// The reason with what it is about, where it only says what that must be.
fn named(flaw: &Flaw) -> String {
    let last = flaw.place.rsplit('/').next().unwrap_or_default();
    match flaw.reason.starts_with("must be") {
        true => format!(
            "`{}` {}",
            last.replace("~1", "/").replace("~0", "~"),
            flaw.reason
        ),
        false => flaw.reason.clone(),
    }
}

/// A path template in which what no request target may hold is percent-encoded (RFC 3986 §3.3), and
/// braces around no name.
fn sendable(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(c) = rest.chars().next() {
        let name = rest.strip_prefix('{').and_then(|inside| inside.find('}'));
        if let Some(end) = name {
            let (template, after) = rest.split_at(end + 2);
            out.push_str(template);
            rest = after;
            continue;
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '\0'..=' ' | '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' | '\u{7f}' => {
                out.push_str(&format!("%{:02X}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out
}

/// The first `{name}` of a path template that no parameter declares.
fn undeclared<'p>(path: &'p str, parameters: &[Parameter]) -> Option<&'p str> {
    path.split('{').skip(1).find_map(|piece| {
        let (name, _) = piece.split_once('}')?;
        let declared = parameters
            .iter()
            .any(|p| p.place == Place::Path && p.name == name);
        (!declared).then_some(name)
    })
}

/// Tells the operations whose requests fit another one as well of each other.
fn tell_twins(operations: &mut [Operation]) {
    let key = |op: &Operation| (op.method.clone(), crate::route::form(&op.path));
    let mut same: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for op in operations.iter() {
        same.entry(key(op)).or_default().push(op.path.clone());
    }
    for op in operations {
        let mut paths = same.get(&key(op)).into_iter().flatten();
        op.twin = paths.find(|path| **path != op.path).cloned();
    }
}
