//! Schema Objects: `$ref`s followed, `allOf` merged, keywords read one by one. A keyword that cannot
//! be read is a flaw of the document and costs what it is about: the values under it are not sure.
//!
//! A schema that many references lead to is held once. One that contains itself is read as far as
//! the reference that leads back; what lies behind that is read when somebody walks there
//! ([`SchemaRef`]).

use super::document::WHY_TWICE;
use super::excuse::excuses;
use super::merge::{merge, required_of, spelled_as, tighter};
use super::model::*;
use super::pointer::escape;
use super::reader::{Flaw, Reader};
use super::source::Way;
use super::stored::said;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// Deepest nesting that is read at once; what lies deeper is read when somebody walks there.
const DEEPEST: usize = 48;
/// Longest chain of schemas that hold for the same value by way of `$ref` and `allOf`.
const LONGEST_CHAIN: usize = 64;
/// Most that examples and enumerations may come to, in JSON values and units of 64 octets of text,
/// copies counted: merging copies them.
const MOST_COPIED: usize = 1_000_000;

/// Keywords that say nothing about which values are valid, or that are read beside another.
const SILENT: [&str; 22] = [
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
    "$id",
    "$dynamicAnchor",
    "$dynamicRef",
    "$vocabulary",
    "contentSchema",
    "additionalItems",
];

/// The type of the values that a keyword is about, where it is about one; for keywords that could
/// not be read.
pub(super) fn about(keyword: &str) -> Option<JsonType> {
    match keyword {
        "minLength" | "maxLength" | "pattern" | "format" => Some(JsonType::String),
        "minItems" | "maxItems" | "uniqueItems" | "items" | "prefixItems" | "contains"
        | "minContains" | "maxContains" | "unevaluatedItems" => Some(JsonType::Array),
        "properties"
        | "required"
        | "additionalProperties"
        | "patternProperties"
        | "propertyNames"
        | "minProperties"
        | "maxProperties"
        | "dependentRequired"
        | "dependentSchemas"
        | "dependencies"
        | "unevaluatedProperties" => Some(JsonType::Object),
        "nullable" => Some(JsonType::Null),
        _ => None,
    }
}

/// Reads the schemas of one document.
pub(super) struct Schemas<'d> {
    pub(super) reader: Reader<'d>,
    /// Schemas that references lead to.
    known: HashMap<(String, Way), SchemaRef>,
    /// Groups of schemas that contain themselves, of those that are being read.
    circles: Vec<usize>,
    /// The places that hold for the value in hand, by way of `$ref` and `allOf`.
    chain: Vec<String>,
    depth: usize,
    copied: usize,
}

/// What a [`Pending`] schema is.
pub(crate) fn unfold(pending: &Pending) -> Schema {
    match pending {
        Pending::At { source, place, way } => {
            let mut schemas = Schemas::new(Reader::new(source));
            match source.get(place) {
                Some(value) => schemas.root(value, place, *way),
                None => Schema::default(),
            }
        }
        Pending::Both(a, b) => merge((**a).clone(), (**b).clone()),
    }
}

impl<'d> Schemas<'d> {
    pub(super) fn new(reader: Reader<'d>) -> Self {
        Schemas {
            reader,
            known: HashMap::new(),
            circles: Vec::new(),
            chain: Vec::new(),
            depth: 0,
            copied: 0,
        }
    }

    /// The schema at a place of the document, itself.
    pub(super) fn root(&mut self, value: &'d Value, place: &str, way: Way) -> Schema {
        let chain = std::mem::take(&mut self.chain);
        let schema = self.read(value, place, way);
        self.chain = chain;
        schema
    }

    /// A schema that is part of another and holds for another value, or for the same one as one of
    /// several.
    fn part(&mut self, value: &'d Value, place: &str, way: Way) -> SchemaRef {
        if self.depth >= DEEPEST || self.leads_back(value, place, 0) {
            return SchemaRef::later(Pending::At {
                source: Arc::clone(self.reader.source),
                place: place.to_owned(),
                way,
            });
        }
        self.depth += 1;
        let chain = std::mem::take(&mut self.chain);
        let part = match value.get("$ref") {
            Some(target) if self.is_plain(value) => match self.reader.target(target, place) {
                Ok((found, at)) => self.referred(found, &at, way),
                Err(_) => SchemaRef::new(self.read(value, place, way)),
            },
            _ => SchemaRef::new(self.read(value, place, way)),
        };
        self.chain = chain;
        self.depth -= 1;
        part
    }

    /// Whether a schema holds for a value by way of one that is being read around it.
    fn leads_back(&self, value: &Value, place: &str, depth: usize) -> bool {
        if self.circles.is_empty() || depth > LONGEST_CHAIN {
            return false;
        }
        if self.circles_hold(place) {
            return true;
        }
        let by_reference = ["$ref", "$dynamicRef"].into_iter().any(|keyword| {
            let Some(target) = value.get(keyword) else {
                return false;
            };
            self.reader
                .target(target, place)
                .is_ok_and(|(_, at)| self.circles_hold(&at))
        });
        by_reference
            || value
                .get("allOf")
                .and_then(Value::as_array)
                .is_some_and(|parts| {
                    parts.iter().enumerate().any(|(i, part)| {
                        self.leads_back(part, &format!("{place}/allOf/{i}"), depth + 1)
                    })
                })
    }

    fn circles_hold(&self, place: &str) -> bool {
        let circle = self.reader.source.circle(place);
        circle.is_some_and(|circle| self.circles.contains(&circle))
    }

    /// What a reference leads to, read once.
    fn referred(&mut self, value: &'d Value, place: &str, way: Way) -> SchemaRef {
        let key = (place.to_owned(), way);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let source = Arc::clone(self.reader.source);
        // What contains itself must not be shared with what is read later: it would own itself.
        let shared = source.circle(place).is_none();
        if shared && let Some(known) = source.shared(&key) {
            self.known.insert(key, known.clone());
            return known;
        }
        let schema = SchemaRef::new(self.read(value, place, way));
        // Read inside itself it is lazy in other places than read from outside.
        if self.circles.is_empty() || shared {
            self.known.insert(key.clone(), schema.clone());
        }
        if shared {
            source.share(key, &schema);
        }
        schema
    }

    /// Whether an object is nothing but its `$ref`.
    fn is_plain(&self, value: &Value) -> bool {
        value
            .as_object()
            .is_some_and(|map| siblings(map).is_empty())
    }

    /// Reads the schema object itself; `self.chain` says for whom it holds, too.
    fn read(&mut self, value: &'d Value, place: &str, way: Way) -> Schema {
        let map = match value {
            Value::Bool(allows) => {
                return Schema {
                    pointer: place.to_owned(),
                    not: (!allows).then(SchemaRef::default),
                    ..Schema::default()
                };
            }
            Value::Object(map) => map,
            _ => return self.lost(place, "schema", place, "a schema must be an object"),
        };
        if self.chain.iter().any(|p| p == place) || self.chain.len() > LONGEST_CHAIN {
            let why = "the schema leads to itself for the same value: it never says what is valid";
            return self.lost(place, "$ref", place, why);
        }
        self.chain.push(place.to_owned());
        let circle = self.reader.source.circle(place);
        self.circles.extend(circle);
        let mut schema = match map.get("$ref") {
            None => self.keywords(map, place, way),
            Some(target) => self.reference(map, target, place, way),
        };
        schema.may_loop |= circle.is_some();
        if circle.is_some() {
            self.circles.pop();
        }
        self.chain.pop();
        self.one_way(&mut schema, way);
        schema
    }

    /// A schema of which a keyword could not be read.
    fn lost(&mut self, place: &str, keyword: &str, at: &str, why: &str) -> Schema {
        let flaw = self.reader.error(at, why);
        self.reader.note(flaw);
        Schema {
            pointer: place.to_owned(),
            unchecked: vec![keyword.to_owned()],
            ..Schema::default()
        }
    }

    fn reference(
        &mut self,
        map: &'d Map<String, Value>,
        target: &Value,
        place: &str,
        way: Way,
    ) -> Schema {
        let mut referred = match self.reader.target(target, place) {
            Ok((found, at)) => (*self.referred_here(found, &at, way)).clone(),
            Err(flaw) => self.lost(place, "$ref", &flaw.place, &flaw.reason),
        };
        let siblings = siblings(map);
        if siblings.is_empty() {
            return referred;
        }
        if self.reader.v31() {
            // They hold beside it (JSON Schema 2020-12 §8.2.3.1).
            let own = self.keywords(map, place, way);
            return self.beside_reference(referred, own);
        }
        // OpenAPI 3.0.4 §4.7.23: "This object cannot be extended with additional properties, and
        // any properties added SHALL be ignored." Many a tool minds `nullable` all the same.
        let names = siblings.join(", ");
        self.reader
            .skip(place, format!("beside `$ref`, OpenAPI 3.0 ignores {names}"));
        if map.get("nullable") == Some(&Value::Bool(true)) {
            referred.unchecked.push("nullable".to_owned());
        }
        referred
    }

    /// What a reference leads to, for the same value: never put off, as its rules are merged.
    fn referred_here(&mut self, value: &'d Value, place: &str, way: Way) -> SchemaRef {
        match self.circles_hold(place) || self.chain.iter().any(|p| p == place) {
            true => SchemaRef::new(self.read(value, place, way)),
            false => self.referred(value, place, way),
        }
    }

    /// `unevaluatedProperties` sees what the reference beside it says, and not the other way round.
    fn beside_reference(&mut self, referred: Schema, own: Schema) -> Schema {
        let sees = own.unevaluated_properties.is_some() || own.unevaluated_items.is_some();
        match sees {
            true => self.both(own, referred),
            false => self.both(referred, own),
        }
    }

    fn both(&mut self, a: Schema, b: Schema) -> Schema {
        for schema in [&a, &b] {
            let values = schema
                .examples
                .iter()
                .chain(schema.enum_values.iter().flatten());
            self.copied += values.map(weight).sum::<usize>();
        }
        if self.copied > MOST_COPIED {
            let why = format!("examples and enumerations of more than {MOST_COPIED} values");
            return self.lost(&a.pointer, "allOf", &a.pointer, &why);
        }
        merge(a, b)
    }

    fn keywords(&mut self, map: &'d Map<String, Value>, place: &str, way: Way) -> Schema {
        let described = map.get("description").and_then(Value::as_str);
        let mut schema = Schema {
            pointer: place.to_owned(),
            excused: described.is_some_and(excuses),
            stored: described.map(said).unwrap_or_default(),
            ..Schema::default()
        };
        let mut merged: Vec<Schema> = Vec::new();
        for (keyword, value) in map {
            let at = format!("{place}/{}", escape(keyword));
            let read = match keyword.as_str() {
                "allOf" => self.all_of(value, &at, way).map(|parts| merged = parts),
                _ => self
                    .applicator(&mut schema, keyword, value, &at, way)
                    .unwrap_or_else(|| self.rule(&mut schema, keyword, value, map, &at)),
            };
            if let Err(flaw) = read {
                self.reader.note(flaw);
                schema.unchecked.push(keyword.clone());
            }
        }
        self.beside(&mut schema, map, place, way);
        merged
            .into_iter()
            .fold(schema, |schema, part| self.both(schema, part))
    }

    /// Keywords with schemas in them; `None`: it is none of these.
    fn applicator(
        &mut self,
        schema: &mut Schema,
        keyword: &str,
        value: &'d Value,
        at: &str,
        way: Way,
    ) -> Option<Result<(), Flaw>> {
        let one = match keyword {
            "items" => Some(&mut schema.items),
            "not" => Some(&mut schema.not),
            "if" => Some(&mut schema.if_schema),
            "then" => Some(&mut schema.then_schema),
            "else" => Some(&mut schema.else_schema),
            "contains" => Some(&mut schema.contains),
            "propertyNames" => Some(&mut schema.property_names),
            "unevaluatedItems" => Some(&mut schema.unevaluated_items),
            "unevaluatedProperties" => Some(&mut schema.unevaluated_properties),
            _ => None,
        };
        if let Some(place) = one {
            if !value.is_object() && !value.is_boolean() {
                return Some(Err(self.reader.error(at, "must be a schema")));
            }
            *place = Some(self.part(value, at, way));
            return Some(Ok(()));
        }
        let list = match keyword {
            "anyOf" => Some(&mut schema.any_of),
            "oneOf" => Some(&mut schema.one_of),
            "prefixItems" => Some(&mut schema.prefix_items),
            _ => None,
        };
        if let Some(place) = list {
            return Some(self.parts(value, at, way).map(|parts| *place = parts));
        }
        let members = match keyword {
            "properties" => Some(&mut schema.properties),
            "patternProperties" => Some(&mut schema.pattern_properties),
            "dependentSchemas" => Some(&mut schema.dependent_schemas),
            _ => None,
        };
        if let Some(place) = members {
            let read = self.members(value, at, way);
            return Some(read.map(|members| *place = members));
        }
        match keyword {
            "additionalProperties" => {
                schema.additional = match value {
                    Value::Bool(true) => Additional::Allowed,
                    Value::Bool(false) => Additional::Forbidden,
                    other => Additional::Schema(self.part(other, at, way)),
                };
                Some(Ok(()))
            }
            "dependencies" => Some(self.dependencies(schema, value, at, way)),
            _ => None,
        }
    }

    fn members(
        &mut self,
        value: &'d Value,
        at: &str,
        way: Way,
    ) -> Result<Vec<(String, SchemaRef)>, Flaw> {
        let members = self.reader.object(value, at)?.iter();
        Ok(members
            .map(|(name, member)| {
                let at = format!("{at}/{}", escape(name));
                (name.clone(), self.part(member, &at, way))
            })
            .collect())
    }

    /// `dependencies`, in which earlier drafts had both kinds (JSON Schema 2020-12, appendix).
    fn dependencies(
        &mut self,
        schema: &mut Schema,
        value: &'d Value,
        at: &str,
        way: Way,
    ) -> Result<(), Flaw> {
        for (name, member) in self.reader.object(value, at)? {
            let at = format!("{at}/{}", escape(name));
            match member {
                Value::Array(_) => {
                    let names = self.names(member, &at)?;
                    schema.dependent_required.push((name.clone(), names));
                }
                _ => {
                    let part = self.part(member, &at, way);
                    schema.dependent_schemas.push((name.clone(), part));
                }
            }
        }
        Ok(())
    }

    fn names(&self, value: &'d Value, at: &str) -> Result<Vec<String>, Flaw> {
        let mut out: Vec<String> = Vec::new();
        for (i, name) in self.reader.list(value, at)?.iter().enumerate() {
            let name = self.reader.text(name, &format!("{at}/{i}"))?;
            if !out.contains(&name) {
                out.push(name);
            }
        }
        Ok(out)
    }

    /// Keywords without schemas in them.
    fn rule(
        &mut self,
        schema: &mut Schema,
        keyword: &str,
        value: &'d Value,
        map: &'d Map<String, Value>,
        at: &str,
    ) -> Result<(), Flaw> {
        let reader = &self.reader;
        let flag = |name: &str| map.get(name) == Some(&Value::Bool(true));
        let shows = ["enum", "const", "example", "default", "examples"];
        if shows.contains(&keyword) && reader.is_twice_within(at) {
            return Err(reader.error(at, WHY_TWICE));
        }
        match keyword {
            "type" => schema.types = self.types(value, at)?,
            "enum" => schema.enum_values = Some(reader.list(value, at)?.to_vec()),
            "const" => schema.const_value = Some(value.clone()),
            "example" => schema.examples.push(value.clone()),
            "default" => {
                schema.examples.push(value.clone());
                schema.default = Some(value.clone());
            }
            "examples" => schema
                .examples
                .extend(reader.list(value, at)?.iter().cloned()),
            "minLength" => schema.min_length = Some(reader.count(value, at)?),
            "maxLength" => schema.max_length = Some(reader.count(value, at)?),
            "minItems" => schema.min_items = Some(reader.count(value, at)?),
            "maxItems" => schema.max_items = Some(reader.count(value, at)?),
            "minProperties" => schema.min_properties = Some(reader.count(value, at)?),
            "maxProperties" => schema.max_properties = Some(reader.count(value, at)?),
            "minContains" => schema.min_contains = Some(reader.count(value, at)?),
            "maxContains" => schema.max_contains = Some(reader.count(value, at)?),
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
            "contentEncoding" => schema.content_encoding = Some(reader.text(value, at)?),
            "contentMediaType" => schema.content_media_type = Some(reader.text(value, at)?),
            "required" => schema.required = self.names(value, at)?,
            "dependentRequired" => {
                for (name, names) in reader.object(value, at)? {
                    let names = self.names(names, &format!("{at}/{}", escape(name)))?;
                    schema.dependent_required.push((name.clone(), names));
                }
            }
            "readOnly" => schema.read_only = reader.flag(value, at)?,
            "x-page-line" => schema.page_line = reader.line(value, at)?,
            "x-published-type" => {
                let text = reader.text(value, at)?;
                schema.published_types = text.split('|').map(|t| t.trim().to_owned()).collect();
            }
            other if SILENT.contains(&other) || other.starts_with("x-") => {}
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
    fn beside(&mut self, schema: &mut Schema, map: &'d Map<String, Value>, place: &str, way: Way) {
        let flag = |name: &str| map.get(name) == Some(&Value::Bool(true));
        if flag("nullable") {
            if self.reader.v31() || schema.types.is_empty() {
                // 3.1 has no `nullable`; 3.0.4 §4.7.24 wants `type` in the same object. Tools differ.
                schema.unchecked.push("nullable".to_owned());
                let why = if self.reader.v31() {
                    "OpenAPI 3.1 has no `nullable`: whether null is allowed is left open"
                } else {
                    "`nullable` without `type` beside it: whether null is allowed is left open"
                };
                self.reader.skip(&format!("{place}/nullable"), why);
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
            let (bound, key) = if low {
                (&mut schema.minimum, "minimum")
            } else {
                (&mut schema.maximum, "maximum")
            };
            if bound.as_ref().is_none_or(|old| tighter(&new, old, low)) {
                *bound = Some(new);
                schema.origins.push((spelled_as(key), keyword.to_owned()));
            }
        }
        schema.discriminator = map.get("discriminator").and_then(|d| discriminator(d, map));
        if let Some(target) = map.get("$dynamicRef") {
            self.dynamic(schema, target, place, way);
        }
        if schema.if_schema.is_none() {
            (schema.then_schema, schema.else_schema) = (None, None);
        }
    }

    /// `$dynamicRef`: a `$ref` where only one schema has that dynamic anchor (JSON Schema 2020-12
    /// §8.2.3.2); left open where the way that led here decides.
    fn dynamic(&mut self, schema: &mut Schema, target: &Value, place: &str, way: Way) {
        let fixed = self.reader.source.is_static(target);
        let found = self.reader.target(target, place);
        match found {
            Ok((found, at)) if fixed => {
                let referred = self.referred_here(found, &at, way);
                let own = std::mem::take(schema);
                *schema = self.beside_reference((*referred).clone(), own);
            }
            _ => {
                schema.unchecked.push("$dynamicRef".to_owned());
                let why = "where `$dynamicRef` leads is left open: values under it are not sure";
                self.reader.skip(&format!("{place}/$dynamicRef"), why);
            }
        }
    }

    fn all_of(&mut self, value: &'d Value, at: &str, way: Way) -> Result<Vec<Schema>, Flaw> {
        let list = self.reader.list(value, at)?.iter().enumerate();
        Ok(list
            .map(|(i, part)| self.read(part, &format!("{at}/{i}"), way))
            .collect())
    }

    fn parts(&mut self, value: &'d Value, at: &str, way: Way) -> Result<Vec<SchemaRef>, Flaw> {
        let list = self.reader.list(value, at)?;
        if list.is_empty() {
            return Err(self.reader.error(at, "must not be empty"));
        }
        Ok(list
            .iter()
            .enumerate()
            .map(|(i, part)| self.part(part, &format!("{at}/{i}"), way))
            .collect())
    }

    fn types(&self, value: &Value, at: &str) -> Result<Vec<JsonType>, Flaw> {
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

    /// A required member that is `readOnly` is required in answers only, one that is `writeOnly` in
    /// requests only (OpenAPI 3.0.4 §4.7.24.2); of answers `readOnly` says nothing.
    fn one_way(&self, schema: &mut Schema, way: Way) {
        if way == Way::Answer {
            schema.read_only = false;
        }
        let mut required = std::mem::take(&mut schema.required);
        required.retain(|name| {
            let member = schema.properties.iter().find(|(n, _)| n == name);
            !member.is_some_and(|(_, member)| self.of_other_way(member, way))
        });
        schema.required = required;
    }

    fn of_other_way(&self, member: &SchemaRef, way: Way) -> bool {
        match member.pending() {
            None => match way {
                Way::Request => member.read_only,
                Way::Answer => member.write_only,
            },
            Some(Pending::Both(a, b)) => self.of_other_way(a, way) || self.of_other_way(b, way),
            Some(Pending::At { place, .. }) => {
                let keyword = match way {
                    Way::Request => "readOnly",
                    Way::Answer => "writeOnly",
                };
                let value = self.reader.source.get(place);
                value.is_some_and(|value| stated(&self.reader, value, place, keyword, 0))
            }
        }
    }
}

/// Whether a schema states a flag, by way of `$ref` and `allOf` too; read from the document, so
/// that nothing is unfolded.
fn stated(reader: &Reader<'_>, value: &Value, place: &str, keyword: &str, depth: usize) -> bool {
    if depth > 8 {
        return false;
    }
    if value.get(keyword) == Some(&Value::Bool(true)) {
        return true;
    }
    let target = value.get("$ref").map(|target| reader.target(target, place));
    if let Some(Ok((found, at))) = target
        && stated(reader, found, &at, keyword, depth + 1)
    {
        return true;
    }
    let parts = value.get("allOf").and_then(Value::as_array);
    parts.is_some_and(|parts| {
        parts.iter().enumerate().any(|(i, part)| {
            let at = format!("{place}/allOf/{i}");
            stated(reader, part, &at, keyword, depth + 1)
        })
    })
}

/// Keywords beside a `$ref` that say something.
fn siblings(map: &Map<String, Value>) -> Vec<&str> {
    let says = |k: &&String| *k != "$ref" && !k.starts_with("x-") && !TEXTS.contains(&k.as_str());
    map.keys().filter(says).map(String::as_str).collect()
}

/// Members beside `$ref` that are text for people.
const TEXTS: [&str; 5] = ["description", "summary", "title", "$comment", "$schema"];

/// What a Discriminator Object names: keys of its mapping, or else the names of the alternatives.
fn discriminator(value: &Value, map: &Map<String, Value>) -> Option<Discriminator> {
    let property = value.get("propertyName")?.as_str()?.to_owned();
    let mapping = value.get("mapping").and_then(Value::as_object);
    let mapped = mapping.into_iter().flat_map(|m| m.keys().cloned());
    let lists = ["oneOf", "anyOf"]
        .into_iter()
        .filter_map(|k| map.get(k)?.as_array());
    let named = lists.flatten().filter_map(|alternative| {
        let target = alternative.get("$ref")?.as_str()?;
        Some(target.rsplit('/').next().unwrap_or(target).to_owned())
    });
    Some(Discriminator {
        property,
        values: mapped.chain(named).collect(),
    })
}

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
