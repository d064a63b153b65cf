//! The rules of a value as a graph: a schema's parts are [`SchemaRef`]s, so that a schema that many
//! references lead to is held once and one that contains itself unfolds as far as somebody walks.

use crate::schema::unfold;
use crate::second::Validator;
use crate::source::{Source, Way};
use crate::stored::Said;
use serde::Serialize;
use serde_json::{Number, Value};
use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock, Weak};

/// JSON types of JSON Schema, `integer` apart from `number`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JsonType {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean,
    /// A number without a fraction (`5060.0` counts, JSON Schema 2020-12 §6.1.1).
    Integer,
    /// Any number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl fmt::Display for JsonType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            JsonType::Null => "null",
            JsonType::Boolean => "boolean",
            JsonType::Integer => "integer",
            JsonType::Number => "number",
            JsonType::String => "string",
            JsonType::Array => "array",
            JsonType::Object => "object",
        })
    }
}

/// A bound of a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// The limit.
    pub value: Number,
    /// Whether the limit itself is outside.
    pub exclusive: bool,
}

/// The rules of one value. An absent rule allows everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// JSON pointer to the schema object (of the `$ref`'s target where there was one).
    pub pointer: String,
    /// Line of the published page, from `x-page-line`.
    pub page_line: Option<u32>,
    /// Allowed types; empty: any. `nullable: true` adds [`JsonType::Null`].
    pub types: Vec<JsonType>,
    /// The type as the page words it (`x-published-type`), e.g. `ipv4|dns`: alternatives.
    pub published_types: Vec<String>,
    /// `enum`
    pub enum_values: Option<Vec<Value>>,
    /// `const`
    pub const_value: Option<Value>,
    /// `minLength`, in characters as JSON Schema says; devices count otherwise.
    pub min_length: Option<u64>,
    /// `maxLength`
    pub max_length: Option<u64>,
    /// `minimum`, `exclusiveMinimum`
    pub minimum: Option<Bound>,
    /// `maximum`, `exclusiveMaximum`
    pub maximum: Option<Bound>,
    /// `multipleOf`
    pub multiple_of: Option<Number>,
    /// `pattern`, byte for byte as published, damaged or not.
    pub pattern: Option<String>,
    /// `format`
    pub format: Option<String>,
    /// `properties`, in the document's order.
    pub properties: Vec<(String, SchemaRef)>,
    /// `patternProperties`, in the document's order.
    pub pattern_properties: Vec<(String, SchemaRef)>,
    /// `propertyNames`
    pub property_names: Option<SchemaRef>,
    /// `minProperties`
    pub min_properties: Option<u64>,
    /// `maxProperties`
    pub max_properties: Option<u64>,
    /// `dependentRequired`, and what `dependencies` lists: the member, and what must be beside it.
    pub dependent_required: Vec<(String, Vec<String>)>,
    /// `dependentSchemas`, and the schemas of `dependencies`.
    pub dependent_schemas: Vec<(String, SchemaRef)>,
    /// `unevaluatedProperties`
    pub unevaluated_properties: Option<SchemaRef>,
    /// `discriminator` of OpenAPI: a hint which alternative is meant, no rule.
    pub discriminator: Option<Discriminator>,
    /// `required`
    pub required: Vec<String>,
    /// `additionalProperties`
    pub additional: Additional,
    /// `items`: of all items that `prefixItems` leaves.
    pub items: Option<SchemaRef>,
    /// `prefixItems`
    pub prefix_items: Vec<SchemaRef>,
    /// `contains`
    pub contains: Option<SchemaRef>,
    /// `minContains`; 1 where it is not stated.
    pub min_contains: Option<u64>,
    /// `maxContains`
    pub max_contains: Option<u64>,
    /// `unevaluatedItems`
    pub unevaluated_items: Option<SchemaRef>,
    /// `minItems`
    pub min_items: Option<u64>,
    /// `maxItems`
    pub max_items: Option<u64>,
    /// `uniqueItems`
    pub unique_items: bool,
    /// `allOf` members that could not be merged exactly.
    pub all_of: Vec<SchemaRef>,
    /// `anyOf`
    pub any_of: Vec<SchemaRef>,
    /// `oneOf`
    pub one_of: Vec<SchemaRef>,
    /// `not`
    pub not: Option<SchemaRef>,
    /// `if`
    pub if_schema: Option<SchemaRef>,
    /// `then`; says nothing without `if`.
    pub then_schema: Option<SchemaRef>,
    /// `else`; says nothing without `if`.
    pub else_schema: Option<SchemaRef>,
    /// `contentEncoding`: an annotation (JSON Schema 2020-12 §8.3).
    pub content_encoding: Option<String>,
    /// `contentMediaType`: an annotation.
    pub content_media_type: Option<String>,
    /// `example`, `examples`, `default`: values the page itself shows.
    pub examples: Vec<Value>,
    /// `default`, one of [`Schema::examples`].
    pub default: Option<Value>,
    /// Whether its description says what a value outside its rules is taken for.
    pub excused: bool,
    /// Whether its description says that a value beyond its bounds is taken for the nearest one.
    pub clamped: bool,
    /// The numbers of which its description says that they are a success, and another is not.
    pub successes: Vec<i64>,
    /// What its description says of the form in which a value is stored.
    pub stored: Vec<Said>,
    /// The sentences of its description that set one thing against another.
    pub tied: Vec<String>,
    /// `readOnly`
    pub read_only: bool,
    /// Of an answer: `readOnly`, so that the device decides what stands there.
    pub of_device: bool,
    /// `writeOnly`
    pub write_only: bool,
    /// `writeOnly` or `format: password`: never printed when it comes from the device.
    pub secret: bool,
    /// Keywords of this schema that could not be read (a `$ref` that leads nowhere, a `minLength`
    /// that is no number, `$dynamicRef`): a value that keeps all other rules is not surely valid.
    /// Each is listed in [`Contract::unsupported`](super::Contract::unsupported) or is an issue.
    pub unchecked: Vec<String>,
    /// Keywords that another schema object states (merged from `allOf` or a `$ref` with siblings),
    /// with the JSON pointer of that object; see [`Schema::origin`].
    pub origins: Vec<(String, String)>,
    /// Whether it may lead to itself for the same value.
    pub may_loop: bool,
    /// The second opinion on values of this schema; of bodies, parameters and answers, not of
    /// their parts.
    pub validator: Validator,
    /// Places in `properties`, worked out when they are asked for.
    #[doc(hidden)]
    pub names: Names,
}

/// Members of a schema from which on their names are looked up in an index.
const WIDE: usize = 16;

/// Where each name stands in [`Schema::properties`]: values are held against schemas of thousands of
/// members, each of which would go through all of them. A part of no rule: all are equal.
#[derive(Default)]
pub struct Names(OnceLock<HashMap<String, usize>>);

impl Clone for Names {
    fn clone(&self) -> Self {
        Names::default()
    }
}

impl PartialEq for Names {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Names")
    }
}

/// `additionalProperties`
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Additional {
    /// Not stated: the page leaves it open.
    #[default]
    Unstated,
    /// Stated as allowed.
    Allowed,
    /// Stated as forbidden.
    Forbidden,
    /// Allowed under these rules.
    Schema(SchemaRef),
}

impl Schema {
    /// The forms of which a value has one: `oneOf`, or where there is none `anyOf`.
    pub fn alternatives(&self) -> &[SchemaRef] {
        match self.one_of.is_empty() {
            true => &self.any_of,
            false => &self.one_of,
        }
    }

    /// The rules of the values of a map: of an object without members of its own and without rules for
    /// the names of others.
    pub fn map_values(&self) -> Option<&SchemaRef> {
        let plain = self.properties.is_empty()
            && self.pattern_properties.is_empty()
            && self.property_names.is_none();
        match &self.additional {
            Additional::Schema(values) if plain => Some(values),
            _ => None,
        }
    }

    /// Whether values of this JSON type may pass. An integer passes where `number` is allowed.
    pub fn allows(&self, t: JsonType) -> bool {
        self.types.is_empty()
            || self.types.contains(&t)
            || (t == JsonType::Integer && self.types.contains(&JsonType::Number))
    }

    /// JSON pointer of the schema object that states a keyword.
    pub fn origin(&self, keyword: &str) -> &str {
        self.origins
            .iter()
            .find(|(k, _)| k == keyword)
            .map_or(&self.pointer, |(_, pointer)| pointer)
    }

    /// The rules of the member with this name.
    pub fn property(&self, name: &str) -> Option<&Schema> {
        let properties = &self.properties;
        let linear = || properties.iter().find(|(n, _)| n == name);
        let found = if properties.len() > WIDE {
            let index = self.names.0.get_or_init(|| {
                let names = properties.iter().enumerate().rev();
                names.map(|(at, (n, _))| (n.clone(), at)).collect()
            });
            match index.get(name) {
                Some(at) => properties.get(*at).filter(|(n, _)| n == name),
                None if index.len() == properties.len() => return None,
                None => None,
            }
            .or_else(linear)
        } else {
            linear()
        };
        found.map(|(_, s)| &**s)
    }

    /// The rules of the item at an index, of all that `items` and `prefixItems` say.
    pub fn item(&self, index: usize) -> Option<&Schema> {
        self.prefix_items
            .get(index)
            .or(self.items.as_ref())
            .map(|s| &**s)
    }
}

/// `discriminator` (OpenAPI 3.1.1 §4.8.25).
#[derive(Clone, Debug, PartialEq)]
pub struct Discriminator {
    /// `propertyName`
    pub property: String,
    /// Values that name an alternative: the keys of `mapping`, and the last name of each `$ref`.
    pub values: Vec<String>,
}

/// A schema that may be shared, and may contain itself. Reads as a [`Schema`]; what lies behind a
/// reference that leads back into its own schema is read on first use, each time as a new one, so
/// that nothing owns itself. Whoever walks schemas without a value in hand must stop by itself:
/// the same schema has the same [`Schema::pointer`].
#[derive(Clone)]
pub struct SchemaRef(Arc<Node>);

struct Node {
    ready: OnceLock<Schema>,
    pending: Option<Pending>,
}

/// What a schema is read from on first use.
#[derive(Clone)]
pub(crate) enum Pending {
    /// A place of the documents, read for one direction.
    At {
        source: Arc<Source>,
        place: String,
        way: Way,
    },
    /// Both hold (`allOf`).
    Both(SchemaRef, SchemaRef),
}

impl SchemaRef {
    /// A schema that is there.
    pub fn new(schema: Schema) -> Self {
        SchemaRef(Arc::new(Node {
            ready: OnceLock::from(schema),
            pending: None,
        }))
    }

    pub(crate) fn later(pending: Pending) -> Self {
        SchemaRef(Arc::new(Node {
            ready: OnceLock::new(),
            pending: Some(pending),
        }))
    }

    /// Whether it may lead back into a schema around it: whoever builds values must end somewhere.
    pub fn leads_back(&self) -> bool {
        self.0.pending.is_some()
    }

    /// What it is read from on first use; `None`: it is there and leads round in no circle.
    pub(crate) fn pending(&self) -> Option<&Pending> {
        self.0.pending.as_ref()
    }

    pub(crate) fn downgrade(&self) -> WeakSchema {
        WeakSchema(Arc::downgrade(&self.0))
    }
}

/// A schema that others hold.
#[derive(Clone)]
pub(crate) struct WeakSchema(Weak<Node>);

impl WeakSchema {
    pub(crate) fn upgrade(&self) -> Option<SchemaRef> {
        self.0.upgrade().map(SchemaRef)
    }
}

impl fmt::Debug for WeakSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakSchema")
    }
}

impl Deref for SchemaRef {
    type Target = Schema;

    fn deref(&self) -> &Schema {
        self.0.ready.get_or_init(|| match &self.0.pending {
            Some(pending) => unfold(pending),
            None => Schema::default(),
        })
    }
}

impl From<Schema> for SchemaRef {
    fn from(schema: Schema) -> Self {
        SchemaRef::new(schema)
    }
}

impl Default for SchemaRef {
    fn default() -> Self {
        SchemaRef::new(Schema::default())
    }
}

/// The same node, the same recipe, or the same rules; never walks in a circle.
impl PartialEq for SchemaRef {
    fn eq(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.0, &other.0) {
            return true;
        }
        match (&self.0.pending, &other.0.pending) {
            (None, None) => **self == **other,
            (Some(a), Some(b)) => a == b,
            _ => false,
        }
    }
}

impl PartialEq for Pending {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Pending::At { place, way, .. },
                Pending::At {
                    place: other,
                    way: other_way,
                    ..
                },
            ) => place == other && way == other_way,
            (Pending::Both(a, b), Pending::Both(c, d)) => a == c && b == d,
            _ => false,
        }
    }
}

impl fmt::Debug for SchemaRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.pending {
            None => (**self).fmt(f),
            Some(Pending::At { place, .. }) => write!(f, "SchemaRef(to {place})"),
            Some(Pending::Both(a, b)) => write!(f, "SchemaRef({a:?} and {b:?})"),
        }
    }
}
