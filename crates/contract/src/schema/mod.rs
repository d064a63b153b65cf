//! Schema Objects: `$ref`s followed, `allOf` merged, keywords read one by one. A keyword that cannot
//! be read is a flaw of the document and costs what it is about: the values under it are not sure.
//!
//! A schema that many references lead to is held once. One that contains itself is read as far as
//! the reference that leads back; what lies behind that is read when somebody walks there
//! ([`SchemaRef`]).

mod keyword;

use super::merge::{merge, required_of, spelled_as};
use super::model::*;
use super::reader::Reader;
use super::source::Way;
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

    /// A required member that is `readOnly` is required in answers only, one that is `writeOnly` in
    /// requests only (OpenAPI 3.0.4 §4.7.24.2); of answers `readOnly` says who decides.
    fn one_way(&self, schema: &mut Schema, way: Way) {
        if way == Way::Answer {
            schema.of_device |= std::mem::take(&mut schema.read_only);
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
