//! From bytes to a [`Contract`]: paths, operations, parameters. Total on any bytes; limits are
//! constants in [`super::document`], [`super::schema`] and [`super::structure`].

use super::document;
use super::files;
use super::locate;
use super::model::*;
use super::pointer::escape;
use super::promises;
use super::reader::{Flaw, Reader};
use super::schema::Schemas;
use super::second::Validator;
use super::serialization::{Serialization, content_of};
use super::servers;
use super::source::{Files, NoFiles, Source, Way, place};
use super::structure;
use super::swagger;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// Loads a contract from a file and the files beside it that it refers to; its id is the file's
/// name without extension.
///
/// # Errors
/// The file cannot be read, is no OpenAPI document, or has no operation that can be judged. A flaw
/// in a part of it is an issue ([`Contract::issues`]) and costs what depends on it
/// ([`Contract::left_out`]).
pub fn load(path: &Path) -> Result<Contract, ContractError> {
    load_with(path, &NoFiles)
}

/// [`load`] with a way to read what `http:` and `https:` references name.
///
/// # Errors
/// As [`load`].
pub fn load_with(path: &Path, remote: &dyn Files) -> Result<Contract, ContractError> {
    let file = path.display().to_string();
    let error = |reason: String| ContractError {
        file: file.clone(),
        place: String::new(),
        reason,
    };
    let bytes = files::read_bounded(path).map_err(error)?;
    let folder = files::Folder::of(path, remote);
    let mut contract = load_from(&file, &bytes, &folder)?;
    if let Some(stem) = path.file_stem() {
        contract.id = stem.to_string_lossy().into_owned();
    }
    Ok(contract)
}

/// Loads a contract from the bytes of a YAML or JSON document; `name` is for messages and the id.
/// Total: any bytes give a contract or an error, within bounded time and memory.
///
/// # Errors
/// As [`load`].
pub fn load_bytes(name: &str, bytes: &[u8]) -> Result<Contract, ContractError> {
    load_from(name, bytes, &NoFiles)
}

/// [`load_bytes`] with a way to read other files.
///
/// # Errors
/// As [`load`].
pub fn load_from(name: &str, bytes: &[u8], files: &dyn Files) -> Result<Contract, ContractError> {
    let mut parsed = document::parse(name, bytes)?;
    let mut lost = Vec::new();
    if swagger::is_swagger(&parsed.value) {
        (parsed.value, lost) = swagger::convert(parsed.value);
    }
    let v31 = version(name, &parsed.value)?;
    let source = Arc::new(Source::open(parsed, bytes, v31, files)?);
    let document = source.root();
    let mut loader = Loader {
        schemas: Schemas::new(Reader::new(&source)),
        security: Ok((Vec::new(), String::new())),
        base: String::new(),
        left_out: Vec::new(),
    };
    for (pointer, what) in lost {
        loader.schemas.reader.skip(&pointer, what);
    }
    for (place, same) in &source.twice {
        match same {
            true => loader
                .schemas
                .reader
                .skip(place, "the member is there twice"),
            false => {
                let flaw = loader.schemas.reader.error(place, document::WHY_TWICE);
                loader.schemas.reader.note(flaw);
            }
        }
    }
    let operations = loader.operations();
    let Loader {
        schemas, left_out, ..
    } = loader;
    let (unsupported, mut flaws) = schemas.reader.finish();
    // What is there twice is told once, whatever it should have been.
    let twice: HashSet<&String> = source.twice.iter().map(|(place, _)| place).collect();
    flaws.retain(|f| f.reason == document::WHY_TWICE || !twice.contains(&f.place));
    if operations.is_empty() {
        return Err(nothing_to_judge(name, &source, &left_out, &flaws));
    }
    // A version that looks like a number is one in YAML.
    let info = |member: &str| match document.pointer(&format!("/info/{member}")) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let mut contract = Contract {
        id: name.to_owned(),
        sha256: digest(bytes, &source),
        title: info("title"),
        version: info("version"),
        servers: servers::urls(document),
        operations,
        promises: Vec::new(),
        unsupported,
        left_out,
        issues: Vec::new(),
        lines: BTreeMap::new(),
        file: name.to_owned(),
        source: Arc::clone(&source),
        formats_bind: false,
        promise_index: HashMap::new(),
    };
    contract.issues = structure::check(&contract, &flaws);
    for (file, read) in &source.files {
        let mut at = place(file, "");
        lines(&read.value, &mut at, &mut contract.lines);
    }
    promises::fill(&mut contract);
    Ok(contract)
}

/// Of the document, and of the other files in the order of their names.
fn digest(bytes: &[u8], source: &Source) -> String {
    let mut digest = Sha256::new();
    digest.update(bytes);
    for (name, file) in source.files.iter().filter(|(name, _)| !name.is_empty()) {
        digest.update(name.as_bytes());
        digest.update(&file.text);
    }
    digest
        .finalize()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// Why there is no operation, in the words of what is wrong.
fn nothing_to_judge(
    name: &str,
    source: &Source,
    left_out: &[LeftOut],
    flaws: &[Flaw],
) -> ContractError {
    let root = source.root();
    let (place, reason) = if let Some(first) = left_out.first() {
        let more = match left_out.len() - 1 {
            0 => String::new(),
            n => format!(" ({n} more operations are left out)"),
        };
        let reason = format!(
            "no operation to judge: {}: {}{more}",
            first.operation, first.reason
        );
        (first.pointer.clone(), reason)
    } else if let Some(flaw) = flaws.first() {
        (flaw.place.clone(), flaw.reason.clone())
    } else if root.get("paths").is_none() {
        let why = match root.get("webhooks") {
            Some(_) => "the document has only webhooks, which nothing can call",
            None => "no `paths`",
        };
        ("/paths".to_owned(), why.to_owned())
    } else {
        ("/paths".to_owned(), "no operation to judge".to_owned())
    };
    let at = match locate::line_of(source, &place) {
        Some((line, column)) => format!(" (line {line}, column {column})"),
        None => String::new(),
    };
    ContractError {
        file: name.to_owned(),
        place,
        reason: format!("{reason}{at}"),
    }
}

/// Whether the document is OpenAPI 3.1 or later (else 3.0).
fn version(name: &str, document: &Value) -> Result<bool, ContractError> {
    let error = |place: &str, reason: String| ContractError {
        file: name.to_owned(),
        place: place.to_owned(),
        reason,
    };
    let version = match document.get("openapi") {
        Some(Value::String(version)) => version.clone(),
        // `openapi: 3.1` is a number in YAML.
        Some(Value::Number(number)) => number.to_string(),
        _ if document.get("asyncapi").is_some() => {
            let why = "AsyncAPI describes messages, not HTTP operations; OpenAPI is needed";
            return Err(error("/asyncapi", why.to_owned()));
        }
        _ => {
            let why = "not an OpenAPI document: no `openapi` version";
            return Err(error("/openapi", why.to_owned()));
        }
    };
    let is = |minor: &str| version == minor || version.starts_with(&format!("{minor}."));
    if ["3.0", "3.1", "3.2"].into_iter().any(is) {
        return Ok(!is("3.0"));
    }
    let why = format!("OpenAPI {version} is not supported; 2.0, 3.0, 3.1 and 3.2 are");
    Err(error("/openapi", why))
}

/// Collects every `x-page-line` by the pointer of its object.
fn lines(value: &Value, at: &mut String, out: &mut BTreeMap<String, u32>) {
    let length = at.len();
    match value {
        Value::Object(members) => {
            let line = members.get("x-page-line").and_then(Value::as_u64);
            if let Some(line) = line.and_then(|n| u32::try_from(n).ok()) {
                out.insert(at.clone(), line);
            }
            for (name, member) in members {
                at.push('/');
                at.push_str(&escape(name));
                lines(member, at, out);
                at.truncate(length);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                at.push_str(&format!("/{i}"));
                lines(item, at, out);
                at.truncate(length);
            }
        }
        _ => {}
    }
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
    /// The rules of a body, a parameter or an answer.
    pub(super) fn schema(&mut self, value: &'d Value, place: &str, way: Way) -> Schema {
        let mut schema = self.schemas.root(value, place, way);
        schema.validator = Validator::new(self.schemas.reader.source, place, way);
        schema
    }

    fn operations(&mut self) -> Vec<Operation> {
        let document = self.schemas.reader.source.root();
        let mut out: Vec<Operation> = Vec::new();
        let Some(root) = document.as_object() else {
            return out;
        };
        let used = [
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
        self.schemas.reader.leave_out(root, &used, "");
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

    /// Names what is not judged, with the flaw that costs it.
    fn leave_out(&mut self, operation: &str, flaw: Flaw) {
        self.left_out.push(LeftOut {
            operation: operation.to_owned(),
            part: None,
            reason: named(&flaw),
            pointer: flaw.place.clone(),
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
        if item.get("$ref").is_some() && item.as_object().is_some_and(|i| i.len() > 1) {
            let why = "members beside `$ref` of a path item are not used";
            self.schemas.reader.skip(pointer, why);
        }
        let (item, pointer) = self.schemas.reader.follow(item, pointer)?;
        let item = self.schemas.reader.object(item, &pointer)?;
        let mut used = vec!["summary", "description", "parameters", "servers"];
        used.extend(METHODS);
        self.schemas.reader.leave_out(item, &used, &pointer);
        let others = item.get("additionalOperations").and_then(Value::as_object);
        let others = others
            .into_iter()
            .flatten()
            .map(|(method, _)| method.as_str());
        for method in others.chain(item.get("query").map(|_| "QUERY")) {
            let reason = format!("operations of the method {method} (OpenAPI 3.2) are not sent");
            let flaw = self.schemas.reader.beyond(&pointer, reason);
            self.leave_out(&format!("{method} {path}"), flaw);
        }
        for (method, operation) in item {
            if !METHODS.contains(&method.as_str()) {
                continue;
            }
            let pointer = format!("{pointer}/{method}");
            let called = format!("{} {path}", method.to_ascii_uppercase());
            let id = operation.get("operationId").and_then(Value::as_str);
            let id = id.unwrap_or(&called).to_owned();
            match self.operation(path, method, item, operation, &pointer) {
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
        Ok(())
    }

    fn operation(
        &mut self,
        path: &str,
        method: &str,
        item: &'d Map<String, Value>,
        value: &'d Value,
        pointer: &str,
    ) -> Result<Operation, Flaw> {
        let (value, pointer) = self.schemas.reader.follow(value, pointer)?;
        let pointer = pointer.as_str();
        let map = self.schemas.reader.object(value, pointer)?;
        let used = [
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
        self.schemas.reader.leave_out(map, &used, pointer);
        let called = format!("{} {path}", method.to_ascii_uppercase());
        let id = match map.get("operationId") {
            Some(id) => {
                let id = self
                    .schemas
                    .reader
                    .text(id, &format!("{pointer}/operationId"));
                id.unwrap_or_else(|flaw| {
                    self.schemas.reader.note(flaw);
                    called
                })
            }
            None => called,
        };
        let body = match map.get("requestBody") {
            None => None,
            Some(body) => Some(self.body(body, &format!("{pointer}/requestBody"))?),
        };
        let parameters = self.parameters(&id, item, map, pointer)?;
        if let Some(name) = undeclared(path, &parameters) {
            let why = format!(
                "no path parameter `{name}` is declared: the operation cannot be addressed and is not judged"
            );
            return Err(self.schemas.reader.error(pointer, why));
        }
        let mut responses = Vec::new();
        if let Some(list) = map.get("responses") {
            let at = format!("{pointer}/responses");
            match self.schemas.reader.object(list, &at) {
                Err(flaw) => self.leave_out_part(&id, "responses", flaw),
                Ok(list) => {
                    for (key, response) in list {
                        if key.starts_with("x-") {
                            continue;
                        }
                        let at = format!("{at}/{}", escape(key));
                        match self.response(&id, key, response, &at) {
                            Ok(response) => responses.push(response),
                            Err(flaw) => {
                                self.leave_out_part(&id, &format!("responses.{key}"), flaw);
                            }
                        }
                    }
                }
            }
        }
        let (security, security_pointer) = match map.get("security") {
            Some(list) => {
                let at = format!("{pointer}/security");
                (self.security(list, &at)?, at)
            }
            None => self.security.clone()?,
        };
        let base = self.base_of(item.get("servers"), &format!("{pointer}/../servers"));
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
            pointer: pointer.to_owned(),
            security_pointer,
            acts: match map.contains_key("x-acts") {
                true => Some(self.schemas.reader.member_flag(value, "x-acts", pointer)?),
                false => None,
            },
            twin: None,
        })
    }

    /// Parameters of the path item and of the operation; the operation's replace the path item's
    /// of the same name and place (OpenAPI 3.1.1 §4.8.10.1).
    fn parameters(
        &mut self,
        id: &str,
        item: &'d Map<String, Value>,
        operation: &'d Map<String, Value>,
        pointer: &str,
    ) -> Result<Vec<Parameter>, Flaw> {
        let owner = pointer.rsplit_once('/').map_or("", |(owner, _)| owner);
        let mut out: Vec<Parameter> = Vec::new();
        for (list, owner) in [
            (item.get("parameters"), owner),
            (operation.get("parameters"), pointer),
        ] {
            let Some(list) = list else { continue };
            let at = format!("{owner}/parameters");
            for (i, parameter) in self.schemas.reader.list(list, &at)?.iter().enumerate() {
                let place = format!("{at}/{i}");
                match self.parameter(parameter, &place) {
                    Ok(Some(parameter)) => {
                        out.retain(|p| (&p.name, p.place) != (&parameter.name, parameter.place));
                        out.push(parameter);
                    }
                    Ok(None) => {}
                    // One that may be absent is left out alone.
                    Err(flaw) if self.may_be_absent(parameter, &place) => {
                        self.leave_out_part(id, &format!("parameters.{i}"), flaw);
                    }
                    Err(flaw) => return Err(flaw),
                }
            }
        }
        Ok(out)
    }

    /// Whether a parameter that cannot be read is one that is not required.
    fn may_be_absent(&self, value: &'d Value, pointer: &str) -> bool {
        let Ok((value, _)) = self.schemas.reader.follow(value, pointer) else {
            return false;
        };
        let member = |name: &str| value.get(name);
        value.is_object()
            && member("required").is_none_or(|r| r == &Value::Bool(false))
            && member("in") != Some(&Value::from("path"))
    }

    fn parameter(&mut self, value: &'d Value, pointer: &str) -> Result<Option<Parameter>, Flaw> {
        let (value, at) = self.schemas.reader.follow(value, pointer)?;
        let map = self.schemas.reader.object(value, &at)?;
        let Some(name) = map.get("name").and_then(Value::as_str) else {
            let why = "a parameter without `name`";
            return Err(self.schemas.reader.error(&at, why));
        };
        let place = match map.get("in").and_then(Value::as_str) {
            Some("path") => Place::Path,
            Some("query") => Place::Query,
            Some("header") => Place::Header,
            Some("cookie") => Place::Cookie,
            Some("querystring") => {
                let why = "a query as a whole (`in: querystring`, OpenAPI 3.2) is not sent";
                return Err(self.schemas.reader.beyond(&format!("{at}/in"), why));
            }
            _ => {
                let why = "must be path, query, header or cookie";
                return Err(self.schemas.reader.error(&format!("{at}/in"), why));
            }
        };
        // OpenAPI 3.1.1 §4.8.12.1: these three are ignored as header parameters.
        let ignored = ["accept", "content-type", "authorization"];
        if place == Place::Header && ignored.contains(&name.to_ascii_lowercase().as_str()) {
            self.schemas
                .reader
                .skip(&at, "OpenAPI ignores a header parameter of this name");
            return Ok(None);
        }
        let used = [
            "name",
            "in",
            "description",
            "required",
            "deprecated",
            "schema",
            "example",
            "examples",
            "style",
            "explode",
            "allowReserved",
            "content",
        ];
        self.schemas.reader.leave_out(map, &used, &at);
        let (serialization, wrong) = Serialization::stated(map, place);
        if let Some(why) = wrong {
            self.schemas.reader.skip(&format!("{at}/style"), why);
        }
        let (rules, rules_at) = match content_of(map) {
            Some(media) => {
                let at = format!("{at}/content/{}", escape(media));
                let media = map.get("content").and_then(|content| content.get(media));
                (media.and_then(|m| m.get("schema")), format!("{at}/schema"))
            }
            None => (map.get("schema"), format!("{at}/schema")),
        };
        let mut schema = match rules {
            Some(schema) => self.schema(schema, &rules_at, Way::Request),
            None => {
                self.schemas.reader.skip(
                    &at,
                    "a parameter without `schema` has no rules that are checked",
                );
                Schema::default()
            }
        };
        let described = map.get("description").and_then(Value::as_str);
        schema.excused |= described.is_some_and(super::excuse::excuses);
        if let Some(example) = map
            .get("example")
            .filter(|_| !self.schemas.reader.is_twice_within(&at))
        {
            schema.examples.push(example.clone());
        }
        let examples = map.get("examples").and_then(Value::as_object);
        let examples = examples.filter(|_| !self.schemas.reader.is_twice_within(&at));
        for example in examples.into_iter().flatten().map(|(_, example)| example) {
            schema.examples.extend(example.get("value").cloned());
        }
        Ok(Some(Parameter {
            name: name.to_owned(),
            place,
            required: self.schemas.reader.member_flag(value, "required", &at)?
                || place == Place::Path,
            schema,
            serialization,
            given: None,
            pointer: at,
        }))
    }
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
