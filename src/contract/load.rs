//! From bytes to a [`Contract`]: YAML or JSON, OpenAPI 3.0 or 3.1, local `$ref`s. Total on any
//! bytes; every limit is a constant here.

use super::model::*;
use super::promises;
use super::schema::Schemas;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Largest document, in octets.
const LARGEST: usize = 16 << 20;
/// Longest chain of `$ref`s that point to `$ref`s.
const REF_CHAIN: usize = 32;

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// Loads a contract from a file.
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
    let length = std::fs::metadata(path)
        .map_err(|e| error(e.to_string()))?
        .len();
    if length > LARGEST as u64 {
        return Err(error(format!("larger than {LARGEST} octets")));
    }
    let bytes = std::fs::read(path).map_err(|e| error(e.to_string()))?;
    let mut contract = load_bytes(&file, &bytes)?;
    if let Some(stem) = path.file_stem() {
        contract.id = stem.to_string_lossy().into_owned();
    }
    Ok(contract)
}

/// Loads a contract from the bytes of a YAML or JSON document; `name` is for messages and the id.
///
/// # Errors
/// As [`load`].
pub fn load_bytes(name: &str, bytes: &[u8]) -> Result<Contract, ContractError> {
    let at = |place: &str, reason: String| ContractError {
        file: name.to_owned(),
        place: place.to_owned(),
        reason,
    };
    if bytes.len() > LARGEST {
        return Err(at("", format!("larger than {LARGEST} octets")));
    }
    let document = parse(bytes).map_err(|(place, reason)| at(&place, reason))?;
    let version = match document.get("openapi") {
        Some(Value::String(version)) => version.clone(),
        _ if document.get("swagger").is_some() => {
            return Err(at(
                "/swagger",
                "Swagger 2.0 is not supported; convert it to OpenAPI 3".into(),
            ));
        }
        _ => {
            return Err(at(
                "/openapi",
                "not an OpenAPI document: no `openapi` version".into(),
            ));
        }
    };
    if !version.starts_with("3.0") && !version.starts_with("3.1") {
        return Err(at(
            "/openapi",
            format!("OpenAPI {version} is not supported; 3.0 and 3.1 are"),
        ));
    }
    let mut loader = Loader {
        name,
        document: &document,
        schemas: Schemas::new(name, &document),
        security: Vec::new(),
    };
    let operations = loader.operations()?;
    if operations.is_empty() {
        return Err(at("/paths", "no operation to judge".to_owned()));
    }
    let info =
        |member: &str| text(document.pointer(&format!("/info/{member}"))).unwrap_or_default();
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
            .map(|servers| servers.iter().filter_map(|s| text(s.get("url"))).collect())
            .unwrap_or_default(),
        operations,
        promises: Vec::new(),
        unsupported: loader.schemas.unsupported,
    };
    promises::fill(&mut contract);
    Ok(contract)
}

/// JSON where it begins like JSON, YAML otherwise. The error is a place and a reason.
fn parse(bytes: &[u8]) -> Result<Value, (String, String)> {
    let text = std::str::from_utf8(bytes)
        .map_err(|e| (format!("octet {}", e.valid_up_to()), "not UTF-8".to_owned()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with(['{', '[']) {
        match serde_json::from_str(text) {
            Ok(value) => return Ok(value),
            Err(e) if !text.trim_start().starts_with('{') || e.is_syntax() || e.is_eof() => {
                // A flow mapping of YAML also begins like this.
                if let Ok(value) = yaml(text) {
                    return Ok(value);
                }
                let place = format!("line {}, column {}", e.line(), e.column());
                return Err((place, format!("not JSON: {e}")));
            }
            Err(e) => return Err((String::new(), format!("not JSON: {e}"))),
        }
    }
    yaml(text).map_err(|e| {
        let place = e
            .location()
            .map(|l| format!("line {}, column {}", l.line(), l.column()))
            .unwrap_or_default();
        let reason = e.to_string();
        let first = reason
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        (place, format!("not YAML: {first}"))
    })
}

/// YAML 1.2 as OpenAPI wants it (3.1.1 §4.3, JSON schema ruleset): `y` and `off` are strings.
fn yaml(text: &str) -> Result<Value, serde_saphyr::Error> {
    serde_saphyr::from_str_with_options(text, serde_saphyr::options! { strict_booleans: true })
}

struct Loader<'d> {
    name: &'d str,
    document: &'d Value,
    schemas: Schemas<'d>,
    security: Vec<Vec<SecurityScheme>>,
}

impl<'d> Loader<'d> {
    fn error(&self, place: &str, reason: impl Into<String>) -> ContractError {
        ContractError {
            file: self.name.to_owned(),
            place: place.to_owned(),
            reason: reason.into(),
        }
    }

    fn skip(&mut self, pointer: &str, what: impl Into<String>) {
        self.schemas.skip(pointer, what);
    }

    /// Follows `$ref`s of an object that is no schema.
    fn follow(
        &self,
        value: &'d Value,
        pointer: &str,
    ) -> Result<(&'d Value, String), ContractError> {
        let (mut value, mut pointer) = (value, pointer.to_owned());
        for _ in 0..REF_CHAIN {
            let Some(target) = value.get("$ref").and_then(Value::as_str) else {
                return Ok((value, pointer));
            };
            pointer = self.schemas.local(target, &pointer)?;
            value = self
                .document
                .pointer(&pointer)
                .ok_or_else(|| self.error(&pointer, "a `$ref` leads here, and nothing is here"))?;
        }
        Err(self.error(&pointer, "`$ref`s lead in a circle"))
    }

    fn operations(&mut self) -> Result<Vec<Operation>, ContractError> {
        for member in ["webhooks"] {
            if self.document.get(member).is_some() {
                self.skip(&format!("/{member}"), "not operations that a device serves");
            }
        }
        self.security = match self.document.get("security") {
            Some(list) => self.security(list, "/security")?,
            None => Vec::new(),
        };
        let Some(paths) = self.document.get("paths").and_then(Value::as_object) else {
            return Err(self.error("/paths", "no `paths`"));
        };
        let mut out: Vec<Operation> = Vec::new();
        for (path, item) in paths {
            if path.starts_with("x-") {
                continue;
            }
            let pointer = format!("/paths/{}", escape(path));
            if !path.starts_with('/') {
                return Err(self.error(&pointer, "a path must begin with `/`"));
            }
            let (item, pointer) = self.follow(item, &pointer)?;
            let Some(item) = item.as_object() else {
                return Err(self.error(&pointer, "a path item must be an object"));
            };
            for (method, operation) in item {
                if METHODS.contains(&method.as_str()) {
                    let pointer = format!("{pointer}/{method}");
                    if let Some(operation) =
                        self.operation(path, method, item, operation, &pointer)?
                    {
                        if out.iter().any(|o| o.id == operation.id) {
                            let why = format!("the operationId `{}` is used twice", operation.id);
                            return Err(self.error(&pointer, why));
                        }
                        out.push(operation);
                    }
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
        let Some(map) = value.as_object() else {
            return Err(self.error(pointer, "an operation must be an object"));
        };
        for member in ["callbacks", "servers"] {
            if map.contains_key(member) {
                self.skip(
                    &format!("{pointer}/{member}"),
                    format!("`{member}` is not used"),
                );
            }
        }
        let body = match map.get("requestBody") {
            None => None,
            Some(body) => {
                let (body, at) = self.follow(body, &format!("{pointer}/requestBody"))?;
                let required = body
                    .get("required")
                    .and_then(Value::as_bool)
                    .unwrap_or(false);
                match self.json_content(body, &at)? {
                    Some((media_type, schema, examples)) => Some(Body {
                        required,
                        media_type,
                        schema: schema.unwrap_or_default(),
                        examples,
                    }),
                    None => {
                        self.skip(&at, "the operation takes no JSON body and is not judged");
                        return Ok(None);
                    }
                }
            }
        };
        let mut parameters: Vec<Parameter> = Vec::new();
        let shared = item.get("parameters").map(|p| (p, pointer_parent(pointer)));
        let own = map.get("parameters").map(|p| (p, pointer.to_owned()));
        for (list, owner) in shared.into_iter().chain(own) {
            for (i, parameter) in list.as_array().into_iter().flatten().enumerate() {
                let at = format!("{owner}/parameters/{i}");
                if let Some(parameter) = self.parameter(parameter, &at)? {
                    // An operation's parameter replaces the path's of the same name and place.
                    parameters.retain(|p| (&p.name, p.place) != (&parameter.name, parameter.place));
                    parameters.push(parameter);
                }
            }
        }
        let mut responses = Vec::new();
        for (key, response) in map
            .get("responses")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            if key.starts_with("x-") {
                continue;
            }
            let at = format!("{pointer}/responses/{}", escape(key));
            responses.push(self.response(key, response, &at)?);
        }
        let id = match map.get("operationId").and_then(Value::as_str) {
            Some(id) => id.to_owned(),
            None => format!("{} {path}", method.to_ascii_uppercase()),
        };
        for response in &mut responses {
            for shape in &mut response.shapes {
                shape.promise = format!("{id}.responses.{}.{}", shape.status, shape.id);
            }
        }
        let security = match map.get("security") {
            Some(list) => self.security(list, &format!("{pointer}/security"))?,
            None => self.security.clone(),
        };
        Ok(Some(Operation {
            id,
            method: method.to_ascii_uppercase(),
            path: path.to_owned(),
            parameters,
            body,
            responses,
            security,
            pointer: pointer.to_owned(),
            acts: map.get("x-acts").and_then(Value::as_bool).unwrap_or(false),
        }))
    }

    /// The JSON media type of a body or an answer: `application/json` first, else the first
    /// `…+json`; `None` where there is no JSON.
    #[allow(clippy::type_complexity)]
    fn json_content(
        &mut self,
        owner: &'d Value,
        pointer: &str,
    ) -> Result<Option<(String, Option<Schema>, Vec<(String, Value)>)>, ContractError> {
        let Some(content) = owner.get("content").and_then(Value::as_object) else {
            return Ok(None);
        };
        let essence = |key: &str| {
            key.split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase()
        };
        let is_json = |key: &str| {
            let essence = essence(key);
            essence == "application/json" || essence.ends_with("+json")
        };
        let chosen = content
            .iter()
            .find(|(key, _)| essence(key) == "application/json")
            .or_else(|| content.iter().find(|(key, _)| is_json(key)));
        for key in content
            .keys()
            .filter(|k| chosen.is_none_or(|(c, _)| c != *k))
        {
            self.skip(
                &format!("{pointer}/content/{}", escape(key)),
                format!("bodies of media type {key} are neither sent nor judged"),
            );
        }
        let Some((key, media)) = chosen else {
            return Ok(None);
        };
        let at = format!("{pointer}/content/{}", escape(key));
        let schema = match media.get("schema") {
            Some(schema) => Some(self.schemas.load(schema, &format!("{at}/schema"))?),
            None => None,
        };
        let mut examples = Vec::new();
        if let Some(example) = media.get("example") {
            examples.push((format!("{at}/example"), example.clone()));
        }
        for (name, example) in media
            .get("examples")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let (example, at) = self.follow(example, &format!("{at}/examples/{}", escape(name)))?;
            if let Some(value) = example.get("value") {
                examples.push((format!("{at}/value"), value.clone()));
            }
        }
        Ok(Some((essence(key), schema, examples)))
    }

    fn parameter(
        &mut self,
        value: &'d Value,
        pointer: &str,
    ) -> Result<Option<Parameter>, ContractError> {
        let (value, at) = self.follow(value, pointer)?;
        let Some(name) = text(value.get("name")) else {
            return Err(self.error(&at, "a parameter without `name`"));
        };
        let place = match value.get("in").and_then(Value::as_str) {
            Some("path") => Place::Path,
            Some("query") => Place::Query,
            Some("header") => Place::Header,
            Some("cookie") => Place::Cookie,
            _ => return Err(self.error(&at, "`in` must be path, query, header or cookie")),
        };
        // OpenAPI 3.1 §4.8.12.1: these three are ignored as header parameters.
        let ignored = ["accept", "content-type", "authorization"];
        if place == Place::Header && ignored.contains(&name.to_ascii_lowercase().as_str()) {
            return Ok(None);
        }
        let schema = match value.get("schema") {
            Some(schema) => self.schemas.load(schema, &format!("{at}/schema"))?,
            None => {
                self.skip(&at, "a parameter without `schema` is sent as any text");
                Schema::default()
            }
        };
        let required = place == Place::Path
            || value
                .get("required")
                .and_then(Value::as_bool)
                .unwrap_or(false);
        Ok(Some(Parameter {
            name,
            place,
            required,
            schema,
            pointer: at,
        }))
    }

    fn response(
        &mut self,
        key: &str,
        value: &'d Value,
        pointer: &str,
    ) -> Result<Response, ContractError> {
        let status = match key {
            "default" => StatusKey::Default,
            _ => match (key.parse::<u16>(), key.as_bytes()) {
                (Ok(code), _) if (100..1000).contains(&code) => StatusKey::Exact(code),
                (_, [digit @ b'1'..=b'5', b'X' | b'x', b'X' | b'x']) => {
                    StatusKey::Range(digit - b'0')
                }
                _ => return Err(self.error(pointer, format!("`{key}` is no status"))),
            },
        };
        let (value, at) = self.follow(value, pointer)?;
        for member in ["headers", "links"] {
            if value.get(member).is_some() {
                self.skip(
                    &format!("{at}/{member}"),
                    format!("`{member}` of answers are not judged"),
                );
            }
        }
        let content = self.json_content(value, &at)?;
        let mut shapes = Vec::new();
        for (i, shape) in value
            .get("x-error-shapes")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .enumerate()
        {
            let at = format!("{at}/x-error-shapes/{i}");
            let Some(code) = status.exact() else {
                return Err(self.error(&at, "`x-error-shapes` needs an exact status"));
            };
            shapes.push(self.shape(shape, code, &at)?);
        }
        let (media_type, schema, examples) = match content {
            Some((media_type, schema, examples)) => (Some(media_type), schema, examples),
            None => (None, None, Vec::new()),
        };
        Ok(Response {
            status,
            media_type,
            schema,
            shapes,
            examples,
            pointer: at,
        })
    }

    fn shape(
        &self,
        value: &Value,
        status: u16,
        pointer: &str,
    ) -> Result<ErrorShape, ContractError> {
        let kinds = |member: &str| -> Result<Vec<FaultKind>, ContractError> {
            match value.get(member) {
                None => Ok(Vec::new()),
                Some(list) => serde_json::from_value(list.clone())
                    .map_err(|e| self.error(&format!("{pointer}/{member}"), e.to_string())),
            }
        };
        let id = text(value.get("id"))
            .filter(|id| !id.is_empty())
            .ok_or_else(|| self.error(pointer, "an error shape without `id`"))?;
        let body = value
            .get("body")
            .cloned()
            .ok_or_else(|| self.error(pointer, "an error shape without `body`"))?;
        Ok(ErrorShape {
            id,
            status,
            body,
            answers: kinds("answers")?,
            may_answer: kinds("may-answer")?,
            promise: String::new(),
            pointer: pointer.to_owned(),
        })
    }

    fn security(
        &mut self,
        list: &'d Value,
        pointer: &str,
    ) -> Result<Vec<Vec<SecurityScheme>>, ContractError> {
        let mut out = Vec::new();
        for (i, requirement) in list.as_array().into_iter().flatten().enumerate() {
            let mut all = Vec::new();
            for (name, _) in requirement.as_object().into_iter().flatten() {
                let at = format!("/components/securitySchemes/{}", escape(name));
                let Some(scheme) = self.document.pointer(&at) else {
                    let why = format!("the security scheme `{name}` is not defined");
                    return Err(self.error(&format!("{pointer}/{i}"), why));
                };
                let (scheme, at) = self.follow(scheme, &at)?;
                let member = |name: &str| text(scheme.get(name)).unwrap_or_default();
                let scheme = match (
                    member("type").as_str(),
                    member("scheme").to_ascii_lowercase().as_str(),
                ) {
                    ("http", "bearer") => SecurityScheme::Bearer,
                    ("http", "basic") => SecurityScheme::Basic,
                    ("apiKey", _) => SecurityScheme::ApiKey {
                        name: member("name"),
                        place: match member("in").as_str() {
                            "query" => Place::Query,
                            "cookie" => Place::Cookie,
                            "header" => Place::Header,
                            _ => {
                                return Err(self.error(&at, "`in` must be query, header or cookie"));
                            }
                        },
                    },
                    (kind, scheme) => {
                        let what = format!("{kind} {scheme}").trim().to_owned();
                        self.skip(&at, format!("security of kind `{what}` cannot be fed"));
                        SecurityScheme::Other(what)
                    }
                };
                all.push(scheme);
            }
            out.push(all);
        }
        Ok(out)
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(str::to_owned)
}

/// A member name as a step of a JSON pointer (RFC 6901 §3).
pub(super) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn pointer_parent(pointer: &str) -> String {
    pointer
        .rsplit_once('/')
        .map_or(String::new(), |(parent, _)| parent.to_owned())
}
