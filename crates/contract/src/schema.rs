//! Schema Objects: `$ref`s followed, `allOf` merged, keywords read one by one. What is not read is
//! listed as unsupported. Imports [`super::model`], [`super::merge`] and [`super::reader`].

use super::merge::{merge, required_of, spelled_as, tighter};
use super::model::*;
use super::reader::{Reader, escape};
use serde_json::{Map, Value};

/// Deepest nesting of schemas, references followed.
const DEEPEST: usize = 64;
/// Most schemas of one document, references counted each time they are followed.
const MOST: usize = 20_000;
/// Most that examples and enumerations may come to, in JSON values and units of 64 octets of text,
/// copies counted: a list that many references lead to is copied for each.
const MOST_COPIED: usize = 1_000_000;

/// Keywords that say nothing about which values are valid, or that are read beside another.
const SILENT: [&str; 16] = [
    "$ref",
    "title",
    "description",
    "$comment",
    "deprecated",
    "externalDocs",
    "xml",
    "$schema",
    "$defs",
    "definitions",
    "nullable",
    "discriminator",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "writeOnly",
    "$anchor",
];

/// Assertions that are not understood, and the type of the values that they are about.
pub(super) const UNCHECKED: [(&str, Option<JsonType>); 24] = [
    ("patternProperties", Some(JsonType::Object)),
    ("propertyNames", Some(JsonType::Object)),
    ("minProperties", Some(JsonType::Object)),
    ("maxProperties", Some(JsonType::Object)),
    ("dependentRequired", Some(JsonType::Object)),
    ("dependentSchemas", Some(JsonType::Object)),
    ("dependencies", Some(JsonType::Object)),
    ("unevaluatedProperties", Some(JsonType::Object)),
    ("discriminator", Some(JsonType::Object)),
    ("prefixItems", Some(JsonType::Array)),
    ("additionalItems", Some(JsonType::Array)),
    ("unevaluatedItems", Some(JsonType::Array)),
    ("contains", Some(JsonType::Array)),
    ("minContains", Some(JsonType::Array)),
    ("maxContains", Some(JsonType::Array)),
    ("contentEncoding", Some(JsonType::String)),
    ("contentMediaType", Some(JsonType::String)),
    ("contentSchema", Some(JsonType::String)),
    ("nullable", Some(JsonType::Null)),
    ("if", None),
    ("then", None),
    ("else", None),
    ("$dynamicRef", None),
    ("$recursiveRef", None),
];

/// Reads the schemas of one document.
pub(super) struct Schemas<'d> {
    pub(super) reader: Reader<'d>,
    open: Vec<String>,
    loaded: usize,
    copied: usize,
}

impl<'d> Schemas<'d> {
    pub(super) fn new(reader: Reader<'d>) -> Self {
        Schemas {
            reader,
            open: Vec::new(),
            loaded: 0,
            copied: 0,
        }
    }

    /// The schema at a place of the document.
    ///
    /// # Errors
    /// A keyword of the wrong kind, a reference that leads nowhere, outside or in a circle, or
    /// more than the limits of this file.
    pub(super) fn load(
        &mut self,
        value: &'d Value,
        pointer: &str,
    ) -> Result<Schema, ContractError> {
        self.loaded += 1;
        if self.loaded > MOST {
            let why = format!("more than {MOST} schemas, references followed");
            return Err(self.reader.error(pointer, why));
        }
        if self.open.iter().any(|p| p == pointer) {
            let why = "the schema contains itself; cyclic schemas are not supported";
            return Err(self.reader.error(pointer, why));
        }
        if self.open.len() >= DEEPEST {
            let why = format!("schemas nested deeper than {DEEPEST}");
            return Err(self.reader.error(pointer, why));
        }
        self.open.push(pointer.to_owned());
        let schema = self.read(value, pointer);
        self.open.pop();
        schema
    }

    fn read(&mut self, value: &'d Value, pointer: &str) -> Result<Schema, ContractError> {
        let map = match value {
            Value::Bool(allows) => {
                return Ok(Schema {
                    pointer: pointer.to_owned(),
                    not: (!allows).then(Box::default),
                    ..Schema::default()
                });
            }
            Value::Object(map) => map,
            _ => return Err(self.reader.error(pointer, "a schema must be an object")),
        };
        let Some(target) = map.get("$ref") else {
            return self.keywords(map, pointer);
        };
        let (found, at) = self.reader.target(target, pointer)?;
        let mut referred = self.load(found, &at)?;
        let siblings =
            |k: &&String| *k != "$ref" && !k.starts_with("x-") && !TEXTS.contains(&k.as_str());
        let siblings: Vec<&str> = map.keys().filter(siblings).map(String::as_str).collect();
        if siblings.is_empty() {
            return Ok(referred);
        }
        if self.reader.v31 {
            // They hold beside it (JSON Schema 2020-12 §8.2.3.1).
            let own = self.keywords(map, pointer)?;
            return Ok(merge(referred, own));
        }
        // OpenAPI 3.0.4 §4.7.23: "This object cannot be extended with additional properties, and
        // any properties added SHALL be ignored." Many a tool minds `nullable` all the same.
        self.reader.skip(
            pointer,
            format!("beside `$ref`, OpenAPI 3.0 ignores {}", siblings.join(", ")),
        );
        if map.get("nullable") == Some(&Value::Bool(true)) {
            referred.unchecked.push("nullable".to_owned());
        }
        Ok(referred)
    }

    fn keywords(
        &mut self,
        map: &'d Map<String, Value>,
        pointer: &str,
    ) -> Result<Schema, ContractError> {
        let mut schema = Schema {
            pointer: pointer.to_owned(),
            ..Schema::default()
        };
        let mut merged: Vec<Schema> = Vec::new();
        for (keyword, value) in map {
            let at = format!("{pointer}/{}", escape(keyword));
            match keyword.as_str() {
                "properties" => {
                    for (name, member) in self.reader.object(value, &at)? {
                        let member = self.load(member, &format!("{at}/{}", escape(name)))?;
                        schema.properties.push((name.clone(), member));
                    }
                }
                "additionalProperties" => {
                    schema.additional = match value {
                        Value::Bool(true) => Additional::Allowed,
                        Value::Bool(false) => Additional::Forbidden,
                        other => Additional::Schema(Box::new(self.load(other, &at)?)),
                    }
                }
                "items" => schema.items = Some(Box::new(self.load(value, &at)?)),
                "not" => schema.not = Some(Box::new(self.load(value, &at)?)),
                "allOf" => merged = self.parts(value, &at)?,
                "anyOf" => schema.any_of = self.parts(value, &at)?,
                "oneOf" => schema.one_of = self.parts(value, &at)?,
                "example" | "default" => {
                    self.copy(value, &at)?;
                    schema.examples.push(value.clone());
                }
                "examples" => match value {
                    Value::Array(list) => {
                        self.copy(value, &at)?;
                        schema.examples.extend(list.iter().cloned());
                    }
                    _ => self
                        .reader
                        .skip(&at, "`examples` of a schema must be an array"),
                },
                _ => self.rule(&mut schema, keyword, value, map, &at)?,
            }
        }
        self.beside(&mut schema, map, pointer);
        Ok(merged.into_iter().fold(schema, merge))
    }

    /// Keywords without schemas in them.
    fn rule(
        &mut self,
        schema: &mut Schema,
        keyword: &str,
        value: &'d Value,
        map: &'d Map<String, Value>,
        at: &str,
    ) -> Result<(), ContractError> {
        let reader = &self.reader;
        let flag = |name: &str| map.get(name) == Some(&Value::Bool(true));
        match keyword {
            "type" => schema.types = self.types(value, at)?,
            "enum" => {
                let list = reader.list(value, at)?;
                self.copy(value, at)?;
                schema.enum_values = Some(list.to_vec());
            }
            "const" => {
                self.copy(value, at)?;
                schema.const_value = Some(value.clone());
            }
            "minLength" => schema.min_length = Some(reader.count(value, at)?),
            "maxLength" => schema.max_length = Some(reader.count(value, at)?),
            "minItems" => schema.min_items = Some(reader.count(value, at)?),
            "maxItems" => schema.max_items = Some(reader.count(value, at)?),
            "uniqueItems" => schema.unique_items = reader.flag(value, at)?,
            "minimum" => {
                schema.minimum = Some(Bound {
                    value: reader.number(value, at)?,
                    exclusive: flag("exclusiveMinimum"),
                });
            }
            "maximum" => {
                schema.maximum = Some(Bound {
                    value: reader.number(value, at)?,
                    exclusive: flag("exclusiveMaximum"),
                });
            }
            "multipleOf" => {
                let step = reader.number(value, at)?;
                if step.as_f64().is_none_or(|f| f <= 0.0) {
                    return Err(reader.error(at, "must be greater than 0"));
                }
                schema.multiple_of = Some(step);
            }
            "pattern" => schema.pattern = Some(reader.text(value, at)?),
            "format" => {
                let format = reader.text(value, at)?;
                schema.secret |= format == "password";
                schema.format = Some(format);
            }
            "required" => {
                for (i, name) in reader.list(value, at)?.iter().enumerate() {
                    let name = reader.text(name, &format!("{at}/{i}"))?;
                    if !schema.required.contains(&name) {
                        schema.required.push(name);
                    }
                }
            }
            "readOnly" => schema.read_only = reader.flag(value, at)?,
            "x-page-line" => schema.page_line = reader.line(value, at)?,
            "x-published-type" => {
                let text = reader.text(value, at)?;
                schema.published_types = text.split('|').map(|t| t.trim().to_owned()).collect();
            }
            "$id" => self
                .reader
                .skip(at, "`$id` is not minded: references start at the document"),
            other if SILENT.contains(&other) || other.starts_with("x-") => {}
            other if UNCHECKED.iter().any(|(k, _)| *k == other) => {
                self.unchecked(schema, other, at);
            }
            other => self.reader.skip(
                at,
                format!(
                    "the keyword `{other}` is not known and says nothing (JSON Schema 2020-12 §6.5)"
                ),
            ),
        }
        Ok(())
    }

    /// Keywords that say more beside others.
    fn beside(&mut self, schema: &mut Schema, map: &'d Map<String, Value>, pointer: &str) {
        let flag = |name: &str| map.get(name) == Some(&Value::Bool(true));
        if flag("nullable") {
            if self.reader.v31 || schema.types.is_empty() {
                // 3.1 has no `nullable`; 3.0.4 §4.7.24 wants `type` in the same object. Tools differ.
                schema.unchecked.push("nullable".to_owned());
                let why = if self.reader.v31 {
                    "OpenAPI 3.1 has no `nullable`: whether null is allowed is left open"
                } else {
                    "`nullable` without `type` beside it: whether null is allowed is left open"
                };
                self.reader.skip(&format!("{pointer}/nullable"), why);
            } else if !schema.types.contains(&JsonType::Null) {
                schema.types.push(JsonType::Null);
            }
        }
        schema.write_only |= flag("writeOnly");
        schema.secret |= schema.write_only;
        for (keyword, low) in [("exclusiveMinimum", true), ("exclusiveMaximum", false)] {
            let Some(Value::Number(value)) = map.get(keyword) else {
                continue;
            };
            let new = Bound {
                value: value.clone(),
                exclusive: true,
            };
            let (place, key) = if low {
                (&mut schema.minimum, "minimum")
            } else {
                (&mut schema.maximum, "maximum")
            };
            if place.as_ref().is_none_or(|old| tighter(&new, old, low)) {
                *place = Some(new);
                schema.origins.push((spelled_as(key), keyword.to_owned()));
            }
        }
        // A discriminator adds nothing where the alternatives tell themselves apart.
        if let Some(discriminator) = map.get("discriminator") {
            let property = discriminator.get("propertyName").and_then(Value::as_str);
            if !property.is_some_and(|name| apart(&schema.one_of, name)) {
                self.unchecked(schema, "discriminator", &format!("{pointer}/discriminator"));
            }
        }
    }

    /// Notes a keyword that makes values not surely valid, and lists it as left out.
    fn unchecked(&mut self, schema: &mut Schema, keyword: &str, at: &str) {
        schema.unchecked.push(keyword.to_owned());
        let what = format!(
            "the keyword `{keyword}` is not checked: values that it is about are not surely valid"
        );
        self.reader.skip(at, what);
    }

    fn parts(&mut self, value: &'d Value, at: &str) -> Result<Vec<Schema>, ContractError> {
        let list = self.reader.list(value, at)?;
        if list.is_empty() {
            return Err(self.reader.error(at, "must not be empty"));
        }
        list.iter()
            .enumerate()
            .map(|(i, part)| self.load(part, &format!("{at}/{i}")))
            .collect()
    }

    fn types(&self, value: &Value, at: &str) -> Result<Vec<JsonType>, ContractError> {
        let one = |value: &Value| match value.as_str() {
            Some("null") => Ok(JsonType::Null),
            Some("boolean") => Ok(JsonType::Boolean),
            Some("integer") => Ok(JsonType::Integer),
            Some("number") => Ok(JsonType::Number),
            Some("string") => Ok(JsonType::String),
            Some("array") => Ok(JsonType::Array),
            Some("object") => Ok(JsonType::Object),
            _ => Err(self.reader.error(at, format!("{value} is no JSON type"))),
        };
        match value {
            Value::Array(list) if list.is_empty() => {
                Err(self.reader.error(at, "must not be empty"))
            }
            Value::Array(list) => list.iter().map(one).collect(),
            other => Ok(vec![one(other)?]),
        }
    }

    /// Counts a value that is about to be copied into the model.
    fn copy(&mut self, value: &Value, at: &str) -> Result<(), ContractError> {
        self.copied += weight(value);
        if self.copied > MOST_COPIED {
            let why = format!(
                "examples and enumerations of more than {MOST_COPIED} values, references followed"
            );
            return Err(self.reader.error(at, why));
        }
        Ok(())
    }
}

/// Members beside `$ref` that are text for people.
const TEXTS: [&str; 4] = ["description", "summary", "title", "$comment"];

fn weight(value: &Value) -> usize {
    1 + match value {
        Value::String(text) => text.len() / 64,
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| name.len() / 64 + weight(value))
            .sum(),
        _ => 0,
    }
}

/// Whether every alternative requires the member and no value of it fits two of them.
fn apart(alternatives: &[Schema], name: &str) -> bool {
    let mut seen: Vec<&Value> = Vec::new();
    !alternatives.is_empty()
        && alternatives.iter().all(|schema| {
            let Some(rules) = schema.property(name) else {
                return false;
            };
            let values: Vec<&Value> = match (&rules.const_value, &rules.enum_values) {
                (Some(value), _) => vec![value],
                (None, Some(values)) => values.iter().collect(),
                (None, None) => return false,
            };
            let new = values.iter().all(|v| !seen.contains(v));
            seen.extend(values);
            new && schema.required.iter().any(|r| r == name)
        })
}

impl Schema {
    /// JSON pointer of the keyword itself.
    pub(super) fn keyword_pointer(&self, keyword: &str) -> String {
        let origin = self.origin(keyword);
        let spelled = self
            .origins
            .iter()
            .find(|(k, _)| *k == spelled_as(keyword))
            .map_or(keyword, |(_, spelled)| spelled);
        format!("{origin}/{spelled}")
    }

    /// JSON pointer of the `required` that names a member.
    pub(super) fn required_pointer(&self, name: &str) -> String {
        format!("{}/required", self.origin(&required_of(name)))
    }
}
