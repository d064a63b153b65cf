//! Schemas of a document as JSON Schema of draft 2020-12. Part of [`super`].

use super::{MOST, options};
use crate::pointer::escape;
use crate::source::{Source, Way};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};

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

/// Most schemas that are looked at for one value: two references to a schema that has two make four.
const AT_ONCE: u64 = 20_000;

/// Schemas as JSON Schema of draft 2020-12, by the names that `names` gives their places.
pub(super) struct Translated {
    pub(super) names: HashMap<String, String>,
    schemas: Map<String, Value>,
}

impl Translated {
    /// The schema that was asked for first.
    pub(super) fn of_first(self) -> Value {
        json!({"$ref": "#/$defs/0", "$defs": self.schemas})
    }

    /// Each schema for the member of its name.
    pub(super) fn of_members(&self) -> Value {
        let names = self.schemas.keys();
        let refer = |name: &String| (name.clone(), json!({"$ref": format!("#/$defs/{name}")}));
        let members: Map<String, Value> = names.map(refer).collect();
        json!({"properties": members, "$defs": self.schemas})
    }
}

/// Translates places of a document and all that they refer to.
pub(super) struct Bundle<'s> {
    source: &'s Source,
    way: Way,
    names: HashMap<String, usize>,
    waiting: Vec<String>,
    /// References that lead to a schema that already holds for the same value.
    loops: HashSet<(String, String)>,
    /// Schemas that are looked at for one value, by the place where that begins.
    costs: HashMap<String, u64>,
    patterns: HashMap<String, bool>,
}

impl<'s> Bundle<'s> {
    /// `None`: too large.
    pub(super) fn of<'p>(
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
            costs: HashMap::new(),
            patterns: HashMap::new(),
        };
        let mut done = HashSet::new();
        for place in places {
            bundle.find_loops(place, &mut done);
            bundle.name(place);
        }
        if bundle.costs.values().any(|cost| *cost > AT_ONCE) {
            return None;
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
                    let place = place.clone();
                    way.pop();
                    self.count(place);
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

    /// Counts what is looked at for one value from a place on; what it leads to is counted, but for
    /// what leads round in a circle.
    fn count(&mut self, place: String) {
        let leads = self.leads(&place, &mut Vec::new());
        let below = leads.iter().filter_map(|to| self.costs.get(to));
        let cost = below.fold(1_u64, |sum, cost| sum.saturating_add(*cost));
        self.costs.insert(place, cost);
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
                    // `true` is a word of OpenAPI 3.0: elsewhere it says nothing, and whether the bound itself
                    // is allowed stays open, because our own assessment takes it for excluded.
                    let flagged = matches!(name, "minimum" | "maximum")
                        && !self.source.v31
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
