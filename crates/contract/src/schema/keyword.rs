//! The keywords of a schema, one by one.

use super::super::document::WHY_TWICE;
use super::super::excuse::{clamps, excuses};
use super::super::merge::{spelled_as, tighter};
use super::super::model::*;
use super::super::outcome::successes;
use super::super::pointer::escape;
use super::super::reader::Flaw;
use super::super::source::Way;
use super::super::stored::said;
use super::super::ties::tied;
use super::Schemas;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// Most names of one `required` or `properties`: each is looked for among all.
const MOST_NAMES: usize = 5_000;

fn too_many_names() -> String {
    format!("more than {MOST_NAMES} names, which no object has")
}

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

impl<'d> Schemas<'d> {
    pub(super) fn keywords(
        &mut self,
        map: &'d Map<String, Value>,
        place: &str,
        way: Way,
    ) -> Schema {
        let described = map.get("description").and_then(Value::as_str);
        let mut schema = Schema {
            pointer: place.to_owned(),
            excused: described.is_some_and(excuses),
            clamped: described.is_some_and(clamps),
            successes: described.map(successes).unwrap_or_default(),
            stored: described.map(said).unwrap_or_default(),
            tied: described.map(tied).unwrap_or_default(),
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
            if value.as_object().is_some_and(|m| m.len() > MOST_NAMES) {
                return Some(Err(self.reader.error(at, too_many_names())));
            }
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
        let mut seen = HashSet::new();
        for (i, name) in self.reader.list(value, at)?.iter().enumerate() {
            let name = self.reader.text(name, &format!("{at}/{i}"))?;
            if seen.insert(name.clone()) {
                out.push(name);
            }
        }
        if out.len() > MOST_NAMES {
            return Err(self.reader.error(at, too_many_names()));
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
}

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
