//! Schema Objects: `$ref`s followed, `allOf` merged, keywords read one by one. What is not read is
//! listed as unsupported.

use super::load::escape;
use super::model::*;
use serde_json::{Map, Number, Value};

/// Deepest nesting of schemas.
const DEEPEST: usize = 64;
/// Most schemas of one document, references counted each time they are followed.
const MOST: usize = 20_000;

/// Keywords that say nothing about which values are valid.
const SILENT: [&str; 16] = [
    "title",
    "description",
    "$comment",
    "deprecated",
    "externalDocs",
    "xml",
    "discriminator",
    "$id",
    "$anchor",
    "$schema",
    "$defs",
    "definitions",
    "nullable",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "writeOnly",
];

pub(super) struct Schemas<'d> {
    name: &'d str,
    document: &'d Value,
    pub(super) unsupported: Vec<Unsupported>,
    open: Vec<String>,
    loaded: usize,
}

impl<'d> Schemas<'d> {
    pub(super) fn new(name: &'d str, document: &'d Value) -> Self {
        Schemas {
            name,
            document,
            unsupported: Vec::new(),
            open: Vec::new(),
            loaded: 0,
        }
    }

    fn error(&self, place: &str, reason: impl Into<String>) -> ContractError {
        ContractError {
            file: self.name.to_owned(),
            place: place.to_owned(),
            reason: reason.into(),
        }
    }

    pub(super) fn skip(&mut self, pointer: &str, what: impl Into<String>) {
        let entry = Unsupported {
            pointer: pointer.to_owned(),
            what: what.into(),
        };
        if !self.unsupported.contains(&entry) {
            self.unsupported.push(entry);
        }
    }

    /// The JSON pointer that a `$ref` names within this document.
    pub(super) fn local(&self, target: &str, from: &str) -> Result<String, ContractError> {
        let Some(pointer) = target.strip_prefix('#') else {
            let why = format!("`$ref: {target}` leads out of the document, which is not supported");
            return Err(self.error(from, why));
        };
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return Err(self.error(from, format!("`$ref: {target}` is no JSON pointer")));
        }
        Ok(percent_encoding::percent_decode_str(pointer)
            .decode_utf8_lossy()
            .into_owned())
    }

    pub(super) fn load(
        &mut self,
        value: &'d Value,
        pointer: &str,
    ) -> Result<Schema, ContractError> {
        self.loaded += 1;
        if self.loaded > MOST {
            return Err(self.error(
                pointer,
                format!("more than {MOST} schemas, references followed"),
            ));
        }
        if self.open.len() > DEEPEST {
            return Err(self.error(pointer, format!("schemas nested deeper than {DEEPEST}")));
        }
        if self.open.iter().any(|p| p == pointer) {
            return Err(self.error(
                pointer,
                "the schema contains itself; cyclic schemas are not supported",
            ));
        }
        self.open.push(pointer.to_owned());
        let schema = self.read(value, pointer);
        self.open.pop();
        schema
    }

    fn read(&mut self, value: &'d Value, pointer: &str) -> Result<Schema, ContractError> {
        let map = match value {
            Value::Bool(true) => {
                return Ok(Schema {
                    pointer: pointer.to_owned(),
                    ..Schema::default()
                });
            }
            Value::Bool(false) => {
                let not = Some(Box::new(Schema::default()));
                return Ok(Schema {
                    pointer: pointer.to_owned(),
                    not,
                    ..Schema::default()
                });
            }
            Value::Object(map) => map,
            _ => return Err(self.error(pointer, "a schema must be an object")),
        };
        if let Some(target) = map.get("$ref") {
            let Some(target) = target.as_str() else {
                return Err(self.error(pointer, "`$ref` must be a string"));
            };
            let at = self.local(target, pointer)?;
            let document = self.document;
            let Some(found) = document.pointer(&at) else {
                return Err(self.error(pointer, format!("`$ref: {target}` leads nowhere")));
            };
            let referred = self.load(found, &at)?;
            // Siblings of `$ref` hold beside it (JSON Schema 2020-12 §8.2.3.1).
            if map
                .keys()
                .all(|k| k == "$ref" || SILENT.contains(&k.as_str()))
            {
                return Ok(referred);
            }
            let own = self.keywords(map, pointer)?;
            return Ok(merge(referred, own));
        }
        self.keywords(map, pointer)
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
                "type" => schema.types = self.types(value, &at)?,
                "enum" => schema.enum_values = Some(self.list(value, &at)?.to_vec()),
                "const" => schema.const_value = Some(value.clone()),
                "minLength" => schema.min_length = Some(self.count(value, &at)?),
                "maxLength" => schema.max_length = Some(self.count(value, &at)?),
                "minItems" => schema.min_items = Some(self.count(value, &at)?),
                "maxItems" => schema.max_items = Some(self.count(value, &at)?),
                "uniqueItems" => schema.unique_items = value.as_bool().unwrap_or(false),
                "minimum" => {
                    let exclusive = map.get("exclusiveMinimum") == Some(&Value::Bool(true));
                    schema.minimum = Some(Bound {
                        value: self.number(value, &at)?,
                        exclusive,
                    });
                }
                "maximum" => {
                    let exclusive = map.get("exclusiveMaximum") == Some(&Value::Bool(true));
                    schema.maximum = Some(Bound {
                        value: self.number(value, &at)?,
                        exclusive,
                    });
                }
                "multipleOf" => schema.multiple_of = Some(self.number(value, &at)?),
                "pattern" => schema.pattern = Some(self.text(value, &at)?),
                "format" => {
                    let format = self.text(value, &at)?;
                    schema.secret |= format == "password";
                    schema.format = Some(format);
                }
                "properties" => {
                    for (name, member) in self.object(value, &at)? {
                        let member = self.load(member, &format!("{at}/{}", escape(name)))?;
                        schema.properties.push((name.clone(), member));
                    }
                }
                "required" => {
                    for name in self.list(value, &at)? {
                        schema.required.push(self.text(name, &at)?);
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
                "allOf" => {
                    for (i, part) in self.list(value, &at)?.iter().enumerate() {
                        merged.push(self.load(part, &format!("{at}/{i}"))?);
                    }
                }
                "anyOf" | "oneOf" => {
                    let mut parts = Vec::new();
                    for (i, part) in self.list(value, &at)?.iter().enumerate() {
                        parts.push(self.load(part, &format!("{at}/{i}"))?);
                    }
                    if keyword == "anyOf" {
                        schema.any_of = parts;
                    } else {
                        schema.one_of = parts;
                    }
                }
                "not" => schema.not = Some(Box::new(self.load(value, &at)?)),
                "example" | "default" => schema.examples.push(value.clone()),
                "examples" => schema
                    .examples
                    .extend(self.list(value, &at)?.iter().cloned()),
                "readOnly" => schema.read_only = value.as_bool().unwrap_or(false),
                "x-page-line" => {
                    schema.page_line = value.as_u64().and_then(|n| u32::try_from(n).ok())
                }
                "x-published-type" => {
                    schema.published_types = self
                        .text(value, &at)?
                        .split('|')
                        .map(|t| t.trim().to_owned())
                        .collect();
                }
                other if SILENT.contains(&other) || other.starts_with("x-") => {}
                other => self.skip(&at, format!("the keyword `{other}` is not checked")),
            }
        }
        if map.get("nullable") == Some(&Value::Bool(true)) && !schema.types.is_empty() {
            schema.types.push(JsonType::Null);
        }
        schema.secret |= map.get("writeOnly") == Some(&Value::Bool(true));
        for (keyword, low) in [("exclusiveMinimum", true), ("exclusiveMaximum", false)] {
            if let Some(Value::Number(value)) = map.get(keyword) {
                let bound = Bound {
                    value: value.clone(),
                    exclusive: true,
                };
                let place = if low {
                    &mut schema.minimum
                } else {
                    &mut schema.maximum
                };
                *place = Some(tighter(place.take(), Some(bound.clone()), low).unwrap_or(bound));
            }
        }
        Ok(merged.into_iter().fold(schema, |all, part| {
            if mergeable(&all, &part) {
                merge(all, part)
            } else {
                let mut all = all;
                all.all_of.push(part);
                all
            }
        }))
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
            _ => Err(self.error(at, format!("{value} is no JSON type"))),
        };
        match value {
            Value::Array(list) => list.iter().map(one).collect(),
            other => Ok(vec![one(other)?]),
        }
    }

    fn list(&self, value: &'d Value, at: &str) -> Result<&'d [Value], ContractError> {
        value
            .as_array()
            .map(Vec::as_slice)
            .ok_or_else(|| self.error(at, "must be an array"))
    }

    fn object(&self, value: &'d Value, at: &str) -> Result<&'d Map<String, Value>, ContractError> {
        value
            .as_object()
            .ok_or_else(|| self.error(at, "must be an object"))
    }

    fn text(&self, value: &Value, at: &str) -> Result<String, ContractError> {
        value
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| self.error(at, "must be a string"))
    }

    fn count(&self, value: &Value, at: &str) -> Result<u64, ContractError> {
        let whole = value.as_f64().filter(|f| f.fract() == 0.0 && *f >= 0.0);
        value
            .as_u64()
            .or_else(|| whole.map(|f| f as u64))
            .ok_or_else(|| self.error(at, "must be a whole number, not negative"))
    }

    fn number(&self, value: &Value, at: &str) -> Result<Number, ContractError> {
        match value {
            Value::Number(number) => Ok(number.clone()),
            _ => Err(self.error(at, "must be a number")),
        }
    }
}

/// Whether two schemas merge into one without loss: no keyword of which only one value fits.
fn mergeable(a: &Schema, b: &Schema) -> bool {
    let one = |x: bool, y: bool| !(x && y);
    one(a.pattern.is_some(), b.pattern.is_some())
        && one(a.format.is_some(), b.format.is_some())
        && one(a.const_value.is_some(), b.const_value.is_some())
        && one(a.multiple_of.is_some(), b.multiple_of.is_some())
        && one(!a.any_of.is_empty(), !b.any_of.is_empty())
        && one(!a.one_of.is_empty(), !b.one_of.is_empty())
        && one(a.not.is_some(), b.not.is_some())
        && one(a.items.is_some(), b.items.is_some())
        && one(!a.published_types.is_empty(), !b.published_types.is_empty())
        // `additionalProperties` sees the members of its own schema only (JSON Schema 2020-12
        // §10.3.2.3); merged it would see all.
        && !matches!(a.additional, Additional::Forbidden | Additional::Schema(_))
        && !matches!(b.additional, Additional::Forbidden | Additional::Schema(_))
        && b.properties.iter().all(|(name, theirs)| a.property(name).is_none_or(|ours| mergeable(ours, theirs)))
}

fn merge(mut a: Schema, b: Schema) -> Schema {
    if !b.types.is_empty() {
        a.types = if a.types.is_empty() {
            b.types.clone()
        } else {
            let both = |t: &JsonType| b.allows(*t);
            let mut types: Vec<JsonType> = a.types.iter().copied().filter(both).collect();
            if a.types.contains(&JsonType::Number) && b.types.contains(&JsonType::Integer) {
                types.push(JsonType::Integer);
            }
            types
        };
    }
    a.enum_values = match (a.enum_values, b.enum_values) {
        (Some(x), Some(y)) => Some(x.into_iter().filter(|v| y.contains(v)).collect()),
        (x, y) => x.or(y),
    };
    a.const_value = a.const_value.or(b.const_value);
    a.min_length = a.min_length.max(b.min_length);
    a.max_length = smaller(a.max_length, b.max_length);
    a.min_items = a.min_items.max(b.min_items);
    a.max_items = smaller(a.max_items, b.max_items);
    a.unique_items |= b.unique_items;
    a.minimum = tighter(a.minimum, b.minimum, true);
    a.maximum = tighter(a.maximum, b.maximum, false);
    a.multiple_of = a.multiple_of.or(b.multiple_of);
    a.pattern = a.pattern.or(b.pattern);
    a.format = a.format.or(b.format);
    a.page_line = a.page_line.or(b.page_line);
    if a.published_types.is_empty() {
        a.published_types = b.published_types;
    }
    for (name, theirs) in b.properties {
        match a.properties.iter_mut().find(|(n, _)| *n == name) {
            Some((_, ours)) => *ours = merge(std::mem::take(ours), theirs),
            None => a.properties.push((name, theirs)),
        }
    }
    for name in b.required {
        if !a.required.contains(&name) {
            a.required.push(name);
        }
    }
    if a.additional == Additional::Unstated {
        a.additional = b.additional;
    }
    a.items = a.items.or(b.items);
    a.all_of.extend(b.all_of);
    if a.any_of.is_empty() {
        a.any_of = b.any_of;
    }
    if a.one_of.is_empty() {
        a.one_of = b.one_of;
    }
    a.not = a.not.or(b.not);
    a.examples.extend(b.examples);
    a.read_only |= b.read_only;
    a.secret |= b.secret;
    a
}

fn smaller(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn tighter(a: Option<Bound>, b: Option<Bound>, low: bool) -> Option<Bound> {
    let (Some(x), Some(y)) = (&a, &b) else {
        return a.or(b);
    };
    let (Some(fx), Some(fy)) = (x.value.as_f64(), y.value.as_f64()) else {
        return a;
    };
    let second = if fx == fy {
        y.exclusive
    } else {
        (fy > fx) == low
    };
    if second { b } else { a }
}
