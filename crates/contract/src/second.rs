//! The second opinion: the `jsonschema` crate on the same schema, translated from the document and
//! not from our model, so that one mistake does not hide the other. A value is surely valid or
//! surely invalid only where both say so.
//!
//! What the texts of strings must be (`pattern`, lengths, `format`) is decided by the automata of
//! [`probity_pattern`] alone, which know that devices read a pattern differently; formats are
//! annotations here.

use crate::pointer::escape;
use crate::source::{Source, Way};
use jsonschema::PatternOptions;
use jsonschema::error::ValidationErrorKind;
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Most steps back of one pattern on one text.
const BACKTRACKS: usize = 20_000;
/// Most octets of one compiled pattern.
const PATTERN_OCTETS: usize = 1 << 20;
/// Deepest value that is looked at.
const DEEPEST: usize = 120;
/// Most schemas of one bundle, references counted once.
const MOST: usize = 50_000;
/// Most errors that are looked at for what they are about.
const ERRORS: usize = 64;

/// What the other validator says of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opinion {
    Valid,
    Invalid,
    /// Nothing but the text of strings is wrong.
    InvalidText,
}

/// The other validator of one schema; made when first asked.
#[derive(Clone, Default)]
pub struct Validator(Option<Arc<Inner>>);

struct Inner {
    source: Arc<Source>,
    place: String,
    way: Way,
    ready: OnceLock<Option<jsonschema::Validator>>,
}

impl Validator {
    pub(crate) fn new(source: &Arc<Source>, place: &str, way: Way) -> Self {
        source.second.add(place, way);
        Validator(Some(Arc::new(Inner {
            source: Arc::clone(source),
            place: place.to_owned(),
            way,
            ready: OnceLock::new(),
        })))
    }

    /// What it says; `None` where there is no such validator.
    pub(crate) fn opinion(&self, value: &Value) -> Option<Opinion> {
        let inner = self.0.as_ref()?;
        if deeper(value, DEEPEST) {
            return None;
        }
        if let Some((all, name)) = inner.source.second.all(&inner.source, inner) {
            return Some(Self::of(all, &json!({name: value})));
        }
        let alone = inner.ready.get_or_init(|| {
            let bundle = Bundle::of(&inner.source, [inner.place.as_str()], inner.way)?;
            options().build(&bundle.of_first()).ok()
        });
        Some(Self::of(alone.as_ref()?, value))
    }

    fn of(validator: &jsonschema::Validator, value: &Value) -> Opinion {
        if validator.is_valid(value) {
            return Opinion::Valid;
        }
        let of_text = validator.iter_errors(value).take(ERRORS).all(|error| {
            matches!(
                error.kind(),
                ValidationErrorKind::Pattern { .. }
                    | ValidationErrorKind::MinLength { .. }
                    | ValidationErrorKind::MaxLength { .. }
                    | ValidationErrorKind::BacktrackLimitExceeded { .. }
                    | ValidationErrorKind::RegexEngineFailure { .. }
            )
        });
        if of_text {
            Opinion::InvalidText
        } else {
            Opinion::Invalid
        }
    }
}

/// One validator of all schemas of a document that are asked about, made when the first is: what
/// many operations refer to is compiled once. The value that a schema is asked about is a member
/// of the name of that schema.
#[derive(Default)]
pub(crate) struct Shared {
    places: [Mutex<Vec<String>>; 2],
    ready: [OnceLock<Option<Whole>>; 2],
}

struct Whole {
    validator: jsonschema::Validator,
    names: HashMap<String, String>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

impl Shared {
    fn add(&self, place: &str, way: Way) {
        let [requests, answers] = &self.places;
        let places = match way {
            Way::Request => requests,
            Way::Answer => answers,
        };
        let mut places = places.lock().unwrap_or_else(PoisonError::into_inner);
        places.push(place.to_owned());
    }

    /// The validator, and the name of a schema in it. `None` where all schemas together are too
    /// large, or one of them is refused: each has its own then.
    fn all(&self, source: &Source, inner: &Inner) -> Option<(&jsonschema::Validator, String)> {
        let ([requests, answers], [first, second]) = (&self.places, &self.ready);
        let (places, ready) = match inner.way {
            Way::Request => (requests, first),
            Way::Answer => (answers, second),
        };
        let whole = ready.get_or_init(|| {
            let places = places.lock().unwrap_or_else(PoisonError::into_inner);
            let bundle = Bundle::of(source, places.iter().map(String::as_str), inner.way)?;
            Some(Whole {
                validator: options().build(&bundle.of_members()).ok()?,
                names: bundle.names,
            })
        });
        let whole = whole.as_ref()?;
        Some((&whole.validator, whole.names.get(&inner.place)?.clone()))
    }
}

/// It says nothing that the schema does not.
impl PartialEq for Validator {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Validator")
    }
}

fn options() -> jsonschema::ValidationOptions<'static> {
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(false)
        .with_pattern_options(
            PatternOptions::fancy_regex()
                .backtrack_limit(BACKTRACKS)
                .size_limit(PATTERN_OCTETS)
                .dfa_size_limit(PATTERN_OCTETS),
        )
}

fn deeper(value: &Value, left: usize) -> bool {
    match value {
        Value::Array(items) => left == 0 || items.iter().any(|v| deeper(v, left - 1)),
        Value::Object(members) => left == 0 || members.values().any(|v| deeper(v, left - 1)),
        _ => false,
    }
}

/// Keywords whose schema holds for the same value.
const SAME_VALUE: [&str; 8] = [
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentSchemas",
];
const ONE: [&str; 10] = [
    "items",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "additionalProperties",
];
const LISTS: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];
const MEMBERS: [&str; 3] = ["properties", "patternProperties", "dependentSchemas"];
const COUNTS: [&str; 8] = [
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minContains",
    "maxContains",
];

/// Schemas as JSON Schema of draft 2020-12, by the names that `names` gives their places.
struct Translated {
    names: HashMap<String, String>,
    schemas: Map<String, Value>,
}

impl Translated {
    /// The schema that was asked for first.
    fn of_first(self) -> Value {
        json!({"$ref": "#/$defs/0", "$defs": self.schemas})
    }

    /// Each schema for the member of its name.
    fn of_members(&self) -> Value {
        let names = self.schemas.keys();
        let refer = |name: &String| (name.clone(), json!({"$ref": format!("#/$defs/{name}")}));
        let members: Map<String, Value> = names.map(refer).collect();
        json!({"properties": members, "$defs": self.schemas})
    }
}

/// Translates places of a document and all that they refer to.
struct Bundle<'s> {
    source: &'s Source,
    way: Way,
    names: HashMap<String, usize>,
    waiting: Vec<String>,
    /// References that lead to a schema that already holds for the same value.
    loops: HashSet<(String, String)>,
    patterns: HashMap<String, bool>,
}

impl<'s> Bundle<'s> {
    /// `None`: too large.
    fn of<'p>(
        source: &'s Source,
        places: impl IntoIterator<Item = &'p str>,
        way: Way,
    ) -> Option<Translated> {
        let mut bundle = Bundle {
            source,
            way,
            names: HashMap::new(),
            waiting: Vec::new(),
            loops: HashSet::new(),
            patterns: HashMap::new(),
        };
        let mut done = HashSet::new();
        for place in places {
            bundle.find_loops(place, &mut done);
            bundle.name(place);
        }
        let mut schemas = Map::new();
        let mut next = 0;
        while let Some(place) = bundle.waiting.get(next).cloned() {
            if next >= MOST {
                return None;
            }
            let schema = match source.get(&place) {
                Some(value) => bundle.schema(value, &place),
                None => Value::Bool(true),
            };
            schemas.insert(next.to_string(), schema);
            next += 1;
        }
        let names = bundle.names.into_iter();
        Some(Translated {
            names: names
                .map(|(place, name)| (place, name.to_string()))
                .collect(),
            schemas,
        })
    }

    fn name(&mut self, place: &str) -> usize {
        if let Some(name) = self.names.get(place) {
            return *name;
        }
        let name = self.waiting.len();
        self.waiting.push(place.to_owned());
        self.names.insert(place.to_owned(), name);
        name
    }

    /// The references that a walk from a root over schemas for one value would follow round in a
    /// circle: each is read as if it allowed everything.
    fn find_loops(&mut self, root: &str, done: &mut HashSet<String>) {
        let mut starts = vec![root.to_owned()];
        while let Some(start) = starts.pop() {
            // Places on the way, each with what is still to be seen from it.
            let mut way: Vec<(String, Vec<String>)> = Vec::new();
            if done.insert(start.clone()) {
                let next = self.leads(&start, &mut starts);
                way.push((start, next));
            }
            while let Some((place, rest)) = way.last_mut() {
                let Some(to) = rest.pop() else {
                    way.pop();
                    continue;
                };
                let from = place.clone();
                if way.iter().any(|(place, _)| *place == to) {
                    self.loops.insert((from, to));
                } else if done.insert(to.clone()) {
                    let next = self.leads(&to, &mut starts);
                    way.push((to, next));
                }
            }
        }
    }

    /// The places that references for the same value lead to from a place, the first one last;
    /// others go to `elsewhere`.
    fn leads(&self, place: &str, elsewhere: &mut Vec<String>) -> Vec<String> {
        let mut here = Vec::new();
        if let Some(value) = self.source.get(place) {
            self.collect(value, place, true, &mut here, elsewhere);
        }
        here.reverse();
        here
    }

    fn collect(
        &self,
        value: &Value,
        place: &str,
        same: bool,
        here: &mut Vec<String>,
        elsewhere: &mut Vec<String>,
    ) {
        let Value::Object(map) = value else { return };
        for target in ["$ref", "$dynamicRef"]
            .into_iter()
            .filter_map(|k| map.get(k))
        {
            let target = target.as_str().unwrap_or_default();
            if let Ok(at) = self.source.resolve(target, place) {
                if same { &mut *here } else { &mut *elsewhere }.push(at);
            }
        }
        for (keyword, member) in map {
            let same = same && SAME_VALUE.contains(&keyword.as_str());
            let mut below = |member: &Value, at: String| {
                self.collect(member, &at, same, here, elsewhere);
            };
            let at = format!("{place}/{}", escape(keyword));
            match member {
                Value::Object(members)
                    if MEMBERS.contains(&keyword.as_str()) || keyword == "dependencies" =>
                {
                    for (name, member) in members {
                        below(member, format!("{at}/{}", escape(name)));
                    }
                }
                Value::Object(_) if ONE.contains(&keyword.as_str()) => below(member, at),
                Value::Array(items) if LISTS.contains(&keyword.as_str()) => {
                    for (i, item) in items.iter().enumerate() {
                        below(item, format!("{at}/{i}"));
                    }
                }
                _ => {}
            }
        }
    }

    fn schema(&mut self, value: &Value, place: &str) -> Value {
        // Loops are those of the reference's own schema, which a place below it belongs to.
        let root = place.to_owned();
        self.translated(value, place, &root)
    }

    fn translated(&mut self, value: &Value, place: &str, root: &str) -> Value {
        let map = match value {
            Value::Bool(_) => return value.clone(),
            Value::Object(map) => map,
            _ => return Value::Bool(true),
        };
        let mut out = Map::new();
        for keyword in ["$ref", "$dynamicRef"] {
            let Some(target) = map.get(keyword).and_then(Value::as_str) else {
                continue;
            };
            if keyword == "$dynamicRef" && !self.source.is_static(&Value::from(target)) {
                continue;
            }
            if let Ok(at) = self.source.resolve(target, place)
                && !self.loops.contains(&(root.to_owned(), at.clone()))
            {
                let reference = json!({"$ref": format!("#/$defs/{}", self.name(&at))});
                push(&mut out, reference);
            }
        }
        if map.contains_key("$ref") && !self.source.v31 {
            return Value::Object(out); // OpenAPI 3.0 ignores what stands beside it
        }
        for (keyword, member) in map {
            let at = format!("{place}/{}", escape(keyword));
            self.keyword(&mut out, keyword, member, &at, root);
        }
        self.rules(&mut out, map, place);
        Value::Object(out)
    }

    /// Keywords with schemas in them.
    fn keyword(
        &mut self,
        out: &mut Map<String, Value>,
        keyword: &str,
        value: &Value,
        at: &str,
        root: &str,
    ) {
        match value {
            Value::Object(_) | Value::Bool(_) if ONE.contains(&keyword) => {
                out.insert(keyword.to_owned(), self.translated(value, at, root));
            }
            Value::Array(list) if LISTS.contains(&keyword) && !list.is_empty() => {
                let list = list.iter().enumerate();
                let list: Vec<Value> = list
                    .map(|(i, part)| self.translated(part, &format!("{at}/{i}"), root))
                    .collect();
                if keyword == "allOf" {
                    list.into_iter().for_each(|part| push(out, part));
                } else {
                    out.insert(keyword.to_owned(), Value::Array(list));
                }
            }
            Value::Object(members) if MEMBERS.contains(&keyword) => {
                let mut schemas = Map::new();
                for (name, member) in members {
                    if keyword == "patternProperties" && !self.compiles(name) {
                        continue;
                    }
                    let at = format!("{at}/{}", escape(name));
                    schemas.insert(name.clone(), self.translated(member, &at, root));
                }
                out.insert(keyword.to_owned(), Value::Object(schemas));
            }
            Value::Object(members) if keyword == "dependencies" => {
                for (name, member) in members {
                    let at = format!("{at}/{}", escape(name));
                    let (keyword, rules) = match member {
                        Value::Array(_) => ("dependentRequired", member.clone()),
                        _ => ("dependentSchemas", self.translated(member, &at, root)),
                    };
                    push(out, json!({keyword: {name: rules}}));
                }
            }
            _ => {}
        }
    }

    /// Keywords without.
    fn rules(&mut self, out: &mut Map<String, Value>, map: &Map<String, Value>, place: &str) {
        let nullable = !self.source.v31 && map.get("nullable") == Some(&Value::Bool(true));
        for (keyword, value) in map {
            let name = keyword.as_str();
            let value = match (name, value) {
                ("type", Value::String(_)) if nullable => json!([value, "null"]),
                ("type", Value::Array(types)) if nullable => {
                    let mut types = types.clone();
                    types.push(json!("null"));
                    Value::Array(types)
                }
                ("type", Value::String(_) | Value::Array(_)) => value.clone(),
                ("enum", Value::Array(list)) if !list.is_empty() => value.clone(),
                ("const", _) => value.clone(),
                ("uniqueItems", Value::Bool(_)) => value.clone(),
                ("multipleOf", Value::Number(step)) if step.as_f64() > Some(0.0) => value.clone(),
                (
                    "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum",
                    Value::Number(_),
                ) => {
                    let exclusive = if name == "minimum" {
                        "exclusiveMinimum"
                    } else {
                        "exclusiveMaximum"
                    };
                    let flagged = matches!(name, "minimum" | "maximum")
                        && map.get(exclusive) == Some(&Value::Bool(true));
                    if flagged {
                        out.insert(exclusive.to_owned(), value.clone());
                        continue;
                    }
                    value.clone()
                }
                ("pattern", Value::String(pattern)) if self.compiles(pattern) => value.clone(),
                ("required", Value::Array(names)) => {
                    let stays = |name: &&Value| !self.of_other_way(name, map, place);
                    Value::Array(names.iter().filter(stays).cloned().collect())
                }
                ("dependentRequired", Value::Object(_)) => value.clone(),
                (_, Value::Number(n)) if COUNTS.contains(&name) && n.as_f64() >= Some(0.0) => {
                    value.clone()
                }
                _ => continue,
            };
            out.insert(keyword.clone(), value);
        }
    }

    /// A required member that goes the other way only.
    fn of_other_way(&self, name: &Value, map: &Map<String, Value>, place: &str) -> bool {
        let keyword = match self.way {
            Way::Request => "readOnly",
            Way::Answer => "writeOnly",
        };
        let Some(name) = name.as_str() else {
            return false;
        };
        let member = map.get("properties").and_then(|p| p.get(name));
        member.is_some_and(|member| {
            let at = format!("{place}/properties/{}", escape(name));
            self.stated(member, &at, keyword, 0)
        })
    }

    fn stated(&self, value: &Value, place: &str, keyword: &str, depth: usize) -> bool {
        if depth > 8 || value.get(keyword) == Some(&Value::Bool(true)) {
            return depth <= 8;
        }
        let target = value.get("$ref").and_then(Value::as_str);
        let referred = target.and_then(|target| self.source.resolve(target, place).ok());
        if let Some(at) = referred
            && let Some(found) = self.source.get(&at)
            && self.stated(found, &at, keyword, depth + 1)
        {
            return true;
        }
        let parts = value.get("allOf").and_then(Value::as_array);
        parts.is_some_and(|parts| {
            parts.iter().enumerate().any(|(i, part)| {
                self.stated(part, &format!("{place}/allOf/{i}"), keyword, depth + 1)
            })
        })
    }

    fn compiles(&mut self, pattern: &str) -> bool {
        if let Some(known) = self.patterns.get(pattern) {
            return *known;
        }
        let compiles = options().build(&json!({"pattern": pattern})).is_ok();
        self.patterns.insert(pattern.to_owned(), compiles);
        compiles
    }
}

/// One more schema that holds, too.
fn push(out: &mut Map<String, Value>, schema: Value) {
    match out.get_mut("allOf") {
        Some(Value::Array(list)) => list.push(schema),
        _ => {
            out.insert("allOf".to_owned(), Value::Array(vec![schema]));
        }
    }
}
