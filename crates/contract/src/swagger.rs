//! Swagger 2.0 as OpenAPI 3.0: rewritten in place, so that JSON pointers and lines stay those of the
//! document wherever the two agree. What OpenAPI 3.0 cannot say is listed.

use crate::pointer::escape;
use serde_json::{Map, Value, json};

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];
/// Keywords of a parameter that are its schema's in OpenAPI 3.
const RULES: [&str; 20] = [
    "type",
    "format",
    "items",
    "default",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "enum",
    "multipleOf",
    "x-nullable",
    "x-example",
    "readOnly",
    "title",
];

/// Whether the document says that it is Swagger 2.0.
pub(crate) fn is_swagger(document: &Value) -> bool {
    match document.get("swagger") {
        Some(Value::String(version)) => version == "2.0" || version.starts_with("2."),
        Some(Value::Number(version)) => version.as_f64() == Some(2.0),
        _ => false,
    }
}

/// The same as OpenAPI 3.0, and what was lost: JSON pointer and words.
pub(crate) fn convert(mut document: Value) -> (Value, Vec<(String, String)>) {
    let original = document.clone();
    let mut converter = Converter {
        original: &original,
        lost: Vec::new(),
    };
    if let Some(root) = document.as_object_mut() {
        converter.root(root);
    }
    (document, converter.lost)
}

struct Converter<'d> {
    original: &'d Value,
    lost: Vec<(String, String)>,
}

impl Converter<'_> {
    fn root(&mut self, root: &mut Map<String, Value>) {
        root.remove("swagger");
        root.insert("openapi".to_owned(), json!("3.0.3"));
        self.servers(root);
        let schemes = root.remove("securityDefinitions").unwrap_or(json!({}));
        let schemes = self.security_schemes(&schemes);
        root.insert("components".to_owned(), json!({"securitySchemes": schemes}));
        let consumes = media(root.remove("consumes").as_ref());
        let produces = media(root.remove("produces").as_ref());
        for (name, response) in members(root.get_mut("responses")) {
            let at = format!("/responses/{}", escape(name));
            self.response(response, &produces, &at);
        }
        for (name, parameter) in members(root.get_mut("parameters")) {
            let at = format!("/parameters/{}", escape(name));
            if !is_body(parameter) {
                self.parameter(parameter, &at);
            }
        }
        for (path, item) in members(root.get_mut("paths")) {
            let at = format!("/paths/{}", escape(path));
            self.path_item(item, &at, &consumes, &produces);
        }
        for (_, schema) in members(root.get_mut("definitions")) {
            schema_in_place(schema);
        }
    }

    fn servers(&mut self, root: &mut Map<String, Value>) {
        let host = root.remove("host");
        let base = root.remove("basePath");
        let schemes = root.remove("schemes");
        let scheme = schemes
            .as_ref()
            .and_then(|s| s.get(0))
            .and_then(Value::as_str);
        let base = base.as_ref().and_then(Value::as_str).unwrap_or_default();
        let url = match host.as_ref().and_then(Value::as_str) {
            Some(host) => format!("{}://{host}{base}", scheme.unwrap_or("http")),
            None => base.to_owned(),
        };
        if !url.is_empty() {
            root.insert("servers".to_owned(), json!([{"url": url}]));
        }
    }

    fn security_schemes(&mut self, definitions: &Value) -> Value {
        let mut out = Map::new();
        for (name, scheme) in definitions.as_object().into_iter().flatten() {
            let text = |member: &str| scheme.get(member).and_then(Value::as_str);
            let converted = match text("type") {
                Some("basic") => json!({"type": "http", "scheme": "basic"}),
                Some("oauth2") => {
                    let flow = match text("flow") {
                        Some("application") => "clientCredentials",
                        Some("accessCode") => "authorizationCode",
                        Some(other) => other,
                        None => "implicit",
                    };
                    let mut details = json!({"scopes": scheme.get("scopes").unwrap_or(&json!({}))});
                    for member in ["authorizationUrl", "tokenUrl"] {
                        if let Some(url) = scheme.get(member) {
                            details[member] = url.clone();
                        }
                    }
                    json!({"type": "oauth2", "flows": {flow: details}})
                }
                _ => scheme.clone(),
            };
            out.insert(name.clone(), converted);
        }
        Value::Object(out)
    }

    fn path_item(&mut self, item: &mut Value, at: &str, consumes: &[String], produces: &[String]) {
        let Some(map) = item.as_object_mut() else {
            return;
        };
        let shared = map.get("parameters").cloned();
        let (shared_bodies, shared) = self.split_parameters(shared, &format!("{at}/parameters"));
        if !shared.is_empty() || map.contains_key("parameters") {
            map.insert("parameters".to_owned(), Value::Array(shared));
        }
        for method in METHODS {
            let Some(operation) = map.get_mut(method).and_then(Value::as_object_mut) else {
                continue;
            };
            let at = format!("{at}/{method}");
            let own = |o: &mut Map<String, Value>, name: &str| o.remove(name);
            let consumes =
                own(operation, "consumes").map_or(consumes.to_vec(), |c| media(Some(&c)));
            let produces =
                own(operation, "produces").map_or(produces.to_vec(), |p| media(Some(&p)));
            if operation.remove("schemes").is_some() {
                self.lose(
                    &format!("{at}/schemes"),
                    "schemes of one operation are not used",
                );
            }
            let parameters = operation.get("parameters").cloned();
            let had = parameters.is_some();
            let (bodies, parameters) =
                self.split_parameters(parameters, &format!("{at}/parameters"));
            if had {
                operation.insert("parameters".to_owned(), Value::Array(parameters));
            }
            let all: Vec<Value> = match bodies.is_empty() {
                true => shared_bodies.clone(),
                false => bodies,
            };
            if let Some(body) = self.body(&all, &consumes, &at) {
                operation.insert("requestBody".to_owned(), body);
            }
            for (status, response) in members(operation.get_mut("responses")) {
                let at = format!("{at}/responses/{}", escape(status));
                self.response(response, &produces, &at);
            }
        }
    }

    /// Parameters that are bodies, references to them followed, and the others, converted.
    fn split_parameters(&mut self, list: Option<Value>, at: &str) -> (Vec<Value>, Vec<Value>) {
        let (mut bodies, mut others) = (Vec::new(), Vec::new());
        let Some(Value::Array(list)) = list else {
            return (bodies, others);
        };
        for (i, mut parameter) in list.into_iter().enumerate() {
            let target = parameter.get("$ref").and_then(Value::as_str);
            let pointer = target.and_then(|t| t.strip_prefix('#'));
            let referred = pointer.and_then(|p| self.original.pointer(p));
            match referred {
                Some(referred) if is_body(referred) => bodies.push(referred.clone()),
                _ if is_body(&parameter) => bodies.push(parameter),
                _ => {
                    self.parameter(&mut parameter, &format!("{at}/{i}"));
                    others.push(parameter);
                }
            }
        }
        (bodies, others)
    }

    fn parameter(&mut self, parameter: &mut Value, at: &str) {
        let Some(map) = parameter.as_object_mut() else {
            return;
        };
        if map.contains_key("$ref") {
            return;
        }
        let schema = rules_of(map);
        let place = map
            .get("in")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let array = schema.get("type") == Some(&json!("array"));
        let collection = map.remove("collectionFormat");
        map.remove("allowEmptyValue");
        map.insert("schema".to_owned(), schema);
        if !array {
            return;
        }
        let (style, explode) = match collection.as_ref().and_then(Value::as_str) {
            Some("multi") => ("form", true),
            Some("ssv") if place == "query" => ("spaceDelimited", false),
            Some("pipes") if place == "query" => ("pipeDelimited", false),
            None | Some("csv") if place == "query" => ("form", false),
            None | Some("csv") => ("simple", false),
            Some(other) => {
                let why = format!("OpenAPI 3 has no `collectionFormat: {other}`: it is not sent");
                self.lose(at, &why);
                // Written in another way, valid values would be none.
                let schema = map.remove("schema").unwrap_or_default();
                let content = json!({"text/tab-separated-values": {"schema": schema}});
                map.insert("content".to_owned(), content);
                return;
            }
        };
        let style = if place != "query" { "simple" } else { style };
        map.insert("style".to_owned(), json!(style));
        map.insert("explode".to_owned(), json!(explode));
    }

    fn body(&mut self, bodies: &[Value], consumes: &[String], at: &str) -> Option<Value> {
        let first = bodies.first()?;
        let flag = |v: &Value| v.get("required") == Some(&json!(true));
        if first.get("in") == Some(&json!("body")) {
            let mut schema = first.get("schema").cloned().unwrap_or(json!({}));
            schema_in_place(&mut schema);
            let content: Map<String, Value> = consumes
                .iter()
                .map(|media| (media.clone(), json!({"schema": schema})))
                .collect();
            return Some(json!({"required": flag(first), "content": content}));
        }
        let (mut properties, mut required, mut files) = (Map::new(), Vec::new(), false);
        for field in bodies {
            let Some(name) = field.get("name").and_then(Value::as_str) else {
                self.lose(at, "a form field without `name`");
                continue;
            };
            let mut map = field.as_object().cloned().unwrap_or_default();
            let mut schema = rules_of(&mut map);
            if schema.get("type") == Some(&json!("file")) {
                files = true;
                schema = json!({"type": "string", "format": "binary"});
            }
            if flag(field) {
                required.push(json!(name));
            }
            properties.insert(name.to_owned(), schema);
        }
        let forms = ["multipart/form-data", "application/x-www-form-urlencoded"];
        let stated = consumes.iter().find(|m| forms.contains(&m.as_str()));
        let media = match stated {
            Some(media) if !files => media.as_str(),
            _ if files => forms[0],
            _ => forms[1],
        };
        let any = !required.is_empty();
        let mut schema = json!({"type": "object", "properties": properties});
        if any {
            schema["required"] = Value::Array(required);
        }
        Some(json!({"required": any, "content": {media: {"schema": schema}}}))
    }

    fn response(&mut self, response: &mut Value, produces: &[String], at: &str) {
        let Some(map) = response.as_object_mut() else {
            return;
        };
        let examples = map.remove("examples");
        if let Some(mut schema) = map.remove("schema") {
            if schema.get("type") == Some(&json!("file")) {
                self.lose(&format!("{at}/schema"), "a file as an answer is not judged");
                return;
            }
            schema_in_place(&mut schema);
            let mut content = Map::new();
            for media in produces {
                let mut entry = json!({"schema": schema});
                if let Some(example) = examples.as_ref().and_then(|e| e.get(media)) {
                    entry["example"] = example.clone();
                }
                content.insert(media.clone(), entry);
            }
            map.insert("content".to_owned(), Value::Object(content));
        }
        for (_, header) in members(map.get_mut("headers")) {
            if let Some(map) = header.as_object_mut() {
                let schema = rules_of(map);
                map.insert("schema".to_owned(), schema);
            }
        }
    }

    fn lose(&mut self, at: &str, what: &str) {
        let what = format!("converted from Swagger 2.0: {what}");
        self.lost.push((at.to_owned(), what));
    }
}

fn is_body(parameter: &Value) -> bool {
    let place = parameter.get("in").and_then(Value::as_str);
    matches!(place, Some("body" | "formData"))
}

/// Media types of `consumes` or `produces`; JSON where none is stated, as tools take it.
fn media(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    let stated: Vec<String> = list.filter_map(|m| m.as_str().map(str::to_owned)).collect();
    match stated.is_empty() {
        true => vec!["application/json".to_owned()],
        false => stated,
    }
}

fn members(value: Option<&mut Value>) -> impl Iterator<Item = (&String, &mut Value)> {
    value.and_then(Value::as_object_mut).into_iter().flatten()
}

/// Takes the keywords of a schema out of a parameter.
fn rules_of(map: &mut Map<String, Value>) -> Value {
    let mut schema = Map::new();
    for keyword in RULES {
        if let Some(value) = map.shift_remove(keyword) {
            let name = if keyword == "x-example" {
                "example"
            } else {
                keyword
            };
            schema.insert(name.to_owned(), value);
        }
    }
    let mut schema = Value::Object(schema);
    schema_in_place(&mut schema);
    schema
}

/// `discriminator` and `x-nullable` as OpenAPI 3.0 has them, in a schema and all below it.
fn schema_in_place(schema: &mut Value) {
    match schema {
        Value::Array(list) => list.iter_mut().for_each(schema_in_place),
        Value::Object(map) => {
            if let Some(Value::String(name)) = map.get("discriminator") {
                let object = json!({"propertyName": name});
                map.insert("discriminator".to_owned(), object);
            }
            if map.get("x-nullable") == Some(&json!(true)) {
                map.insert("nullable".to_owned(), json!(true));
            }
            for (name, member) in map.iter_mut() {
                if !matches!(name.as_str(), "example" | "default" | "enum") || member.is_object() {
                    schema_in_place(member);
                }
            }
        }
        _ => {}
    }
}
