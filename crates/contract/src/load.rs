//! From bytes to a [`Contract`]: paths, operations, parameters. Total on any bytes; limits are
//! constants in [`super::document`], [`super::schema`] and [`super::structure`].

use super::document;
use super::model::*;
use super::promises;
use super::reader::{Reader, escape};
use super::schema::Schemas;
use super::serialization::{Serialization, content_of};
use super::structure;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// Loads a contract from a file; its id is the file's name without extension.
///
/// # Errors
/// The file cannot be read, is no OpenAPI 3.0 or 3.1, has `$ref`s that lead nowhere, outside or in
/// a circle, or has no operation to judge. The error names the place.
pub fn load(path: &Path) -> Result<Contract, ContractError> {
    let file = path.display().to_string();
    let error = |reason: String| ContractError {
        file: file.clone(),
        place: String::new(),
        reason,
    };
    let about = std::fs::metadata(path).map_err(|e| error(e.to_string()))?;
    if about.is_dir() {
        return Err(error("is a directory".to_owned()));
    }
    if about.len() > document::LARGEST as u64 {
        return Err(error(format!("larger than {} octets", document::LARGEST)));
    }
    let bytes = std::fs::read(path).map_err(|e| error(e.to_string()))?;
    let mut contract = load_bytes(&file, &bytes)?;
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
    let document = document::parse(name, bytes)?;
    let v31 = version(name, &document)?;
    let mut loader = Loader {
        schemas: Schemas::new(Reader::new(name, &document, v31)),
        security: Vec::new(),
        security_pointer: String::new(),
    };
    let operations = loader.operations()?;
    let mut reader = loader.schemas.reader;
    if operations.is_empty() {
        return Err(reader.error("/paths", "no operation to judge"));
    }
    let issues = structure::check(&document, v31).unwrap_or_else(|why| {
        reader.skip("", why);
        Vec::new()
    });
    // A version that looks like a number is one in YAML.
    let info = |member: &str| match document.pointer(&format!("/info/{member}")) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let mut contract = Contract {
        id: name.to_owned(),
        sha256: Sha256::digest(bytes)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect(),
        title: info("title"),
        version: info("version"),
        servers: document
            .get("servers")
            .and_then(Value::as_array)
            .map(|servers| {
                let url = |s: &Value| s.get("url").and_then(Value::as_str).map(str::to_owned);
                servers.iter().filter_map(url).collect()
            })
            .unwrap_or_default(),
        operations,
        promises: Vec::new(),
        unsupported: reader.into_unsupported(),
        issues,
        lines: BTreeMap::new(),
    };
    lines(&document, &mut String::new(), &mut contract.lines);
    promises::fill(&mut contract);
    Ok(contract)
}

/// Whether the document is OpenAPI 3.1 (else 3.0).
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
        _ if document.get("swagger").is_some() => {
            let why = "Swagger 2.0 is not supported; convert it to OpenAPI 3";
            return Err(error("/swagger", why.to_owned()));
        }
        _ => {
            let why = "not an OpenAPI document: no `openapi` version";
            return Err(error("/openapi", why.to_owned()));
        }
    };
    let is = |minor: &str| version == minor || version.starts_with(&format!("{minor}."));
    if is("3.0") || is("3.1") {
        return Ok(is("3.1"));
    }
    let why = format!("OpenAPI {version} is not supported; 3.0 and 3.1 are");
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

/// Reads operations; what an operation consists of is read in [`super::content`].
pub(super) struct Loader<'d> {
    pub(super) schemas: Schemas<'d>,
    security: Vec<Vec<SecurityScheme>>,
    security_pointer: String,
}

impl<'d> Loader<'d> {
    fn operations(&mut self) -> Result<Vec<Operation>, ContractError> {
        let document = self.schemas.reader.document;
        let root = self.schemas.reader.object(document, "")?;
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
        ];
        self.schemas.reader.leave_out(root, &used, "");
        if let Some(list) = root.get("security") {
            self.security = self.security(list, "/security")?;
            self.security_pointer = "/security".to_owned();
        }
        let Some(paths) = root.get("paths") else {
            return Err(self.schemas.reader.error("/paths", "no `paths`"));
        };
        let mut out: Vec<Operation> = Vec::new();
        let mut ids = HashSet::new();
        for (path, item) in self.schemas.reader.object(paths, "/paths")? {
            if path.starts_with("x-") {
                continue;
            }
            let pointer = format!("/paths/{}", escape(path));
            if !path.starts_with('/') {
                let why = "a path must begin with `/`";
                return Err(self.schemas.reader.error(&pointer, why));
            }
            if item.get("$ref").is_some() && item.as_object().is_some_and(|i| i.len() > 1) {
                let why = "members beside `$ref` of a path item are not used";
                self.schemas.reader.skip(&pointer, why);
            }
            let (item, pointer) = self.schemas.reader.follow(item, &pointer)?;
            let item = self.schemas.reader.object(item, &pointer)?;
            let mut used = vec!["summary", "description", "parameters"];
            used.extend(METHODS);
            self.schemas.reader.leave_out(item, &used, &pointer);
            for (method, operation) in item {
                if !METHODS.contains(&method.as_str()) {
                    continue;
                }
                let pointer = format!("{pointer}/{method}");
                if let Some(operation) = self.operation(path, method, item, operation, &pointer)? {
                    if !ids.insert(operation.id.clone()) {
                        let why = format!("the operationId `{}` is used twice", operation.id);
                        return Err(self.schemas.reader.error(&pointer, why));
                    }
                    out.push(operation);
                }
            }
        }
        Ok(out)
    }

    fn operation(
        &mut self,
        path: &str,
        method: &str,
        item: &'d Map<String, Value>,
        value: &'d Value,
        pointer: &str,
    ) -> Result<Option<Operation>, ContractError> {
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
        ];
        self.schemas.reader.leave_out(map, &used, pointer);
        let id = match map.get("operationId") {
            Some(id) => self
                .schemas
                .reader
                .text(id, &format!("{pointer}/operationId"))?,
            None => format!("{} {path}", method.to_ascii_uppercase()),
        };
        let body = match map.get("requestBody") {
            None => None,
            Some(body) => match self.body(body, &format!("{pointer}/requestBody"))? {
                Some(body) => Some(body),
                None => return Ok(None),
            },
        };
        let parameters = self.parameters(item, map, pointer)?;
        if let Some(name) = undeclared(path, &parameters) {
            let why = format!(
                "no path parameter `{name}` is declared: the operation cannot be addressed and is not judged"
            );
            self.schemas.reader.skip(pointer, why);
            return Ok(None);
        }
        let mut responses = Vec::new();
        if let Some(list) = map.get("responses") {
            let at = format!("{pointer}/responses");
            for (key, response) in self.schemas.reader.object(list, &at)? {
                if !key.starts_with("x-") {
                    let at = format!("{at}/{}", escape(key));
                    responses.push(self.response(&id, key, response, &at)?);
                }
            }
        }
        let (security, security_pointer) = match map.get("security") {
            Some(list) => {
                let at = format!("{pointer}/security");
                (self.security(list, &at)?, at)
            }
            None => (self.security.clone(), self.security_pointer.clone()),
        };
        Ok(Some(Operation {
            id,
            method: method.to_ascii_uppercase(),
            path: path.to_owned(),
            parameters,
            body,
            responses,
            security,
            summary: summary(map),
            pointer: pointer.to_owned(),
            security_pointer,
            acts: match map.contains_key("x-acts") {
                true => Some(self.schemas.reader.member_flag(value, "x-acts", pointer)?),
                false => None,
            },
        }))
    }

    /// Parameters of the path item and of the operation; the operation's replace the path item's
    /// of the same name and place (OpenAPI 3.1.1 §4.8.10.1).
    fn parameters(
        &mut self,
        item: &'d Map<String, Value>,
        operation: &'d Map<String, Value>,
        pointer: &str,
    ) -> Result<Vec<Parameter>, ContractError> {
        let owner = pointer.rsplit_once('/').map_or("", |(owner, _)| owner);
        let mut out: Vec<Parameter> = Vec::new();
        for (list, owner) in [
            (item.get("parameters"), owner),
            (operation.get("parameters"), pointer),
        ] {
            let Some(list) = list else { continue };
            let at = format!("{owner}/parameters");
            for (i, parameter) in self.schemas.reader.list(list, &at)?.iter().enumerate() {
                if let Some(parameter) = self.parameter(parameter, &format!("{at}/{i}"))? {
                    out.retain(|p| (&p.name, p.place) != (&parameter.name, parameter.place));
                    out.push(parameter);
                }
            }
        }
        Ok(out)
    }

    fn parameter(
        &mut self,
        value: &'d Value,
        pointer: &str,
    ) -> Result<Option<Parameter>, ContractError> {
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
            Some(schema) => self.schemas.load(schema, &rules_at)?,
            None => {
                self.schemas.reader.skip(
                    &at,
                    "a parameter without `schema` has no rules that are checked",
                );
                Schema::default()
            }
        };
        if let Some(example) = map.get("example") {
            schema.examples.push(example.clone());
        }
        let examples = map.get("examples").and_then(Value::as_object);
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
