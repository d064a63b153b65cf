//! Values that a contract allows: the surely valid bodies that cases start from.

use super::edit::{get, set};
use super::model::Context;
use super::unstated;
use crate::contract::number::within;
use crate::contract::{self, FieldPath, JsonType, Operation, Schema, SchemaRef, Step};
use crate::pattern::Assessment;
use serde_json::{Map, Value};
use std::cell::Cell;
use std::collections::HashSet;

/// Which optional members a built body holds.
enum Members<'p> {
    /// Required ones only. A required object that marks none of its members as required gets all
    /// of them: an empty object is the least certain of all its valid forms.
    Required,
    /// All.
    All,
    /// Required ones, and whatever lies on the way to this field.
    Holding(&'p FieldPath),
}

impl Members<'_> {
    fn holds(&self, path: &FieldPath, required: bool, only_optional_siblings: bool) -> bool {
        match self {
            Members::All => true,
            Members::Required => required || only_optional_siblings,
            Members::Holding(target) => {
                required || only_optional_siblings || target.0.starts_with(&path.0)
            }
        }
    }
}

impl Members<'_> {
    /// Whether the value at a place of the body has the member that it is built for, if that lies
    /// there: not every alternative has it.
    fn are_in(&self, value: &Value, at: &FieldPath) -> bool {
        let Members::Holding(target) = self else {
            return true;
        };
        let rest = target.0.strip_prefix(at.0.as_slice());
        rest.is_none_or(|rest| get(value, &FieldPath(rest.to_vec())).is_some())
    }
}

impl Members<'_> {
    /// The member of an object at `at` on the way to the one that the body is built for.
    fn entry_at(&self, at: &FieldPath) -> Option<&str> {
        let Members::Holding(target) = self else {
            return None;
        };
        match target.0.strip_prefix(at.0.as_slice())?.first()? {
            Step::Member(name) => Some(name),
            Step::Item => None,
        }
    }
}

/// Members of a body, and how many parts may still be looked at for it.
struct Making<'m> {
    members: Members<'m>,
    left: Cell<u32>,
}

impl<'m> From<Members<'m>> for Making<'m> {
    fn from(members: Members<'m>) -> Self {
        Making {
            members,
            left: Cell::new(MOST_STEPS),
        }
    }
}

impl Making<'_> {
    /// Whether another part may be looked at.
    fn goes_on(&self) -> bool {
        self.spend(1)
    }

    /// Whether there was as much left.
    fn spend(&self, steps: u32) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(steps));
        left >= steps
    }
}

/// Most parts that are looked at for one value: schemas that require themselves, or choose between
/// themselves, have more ways than anybody can try.
const MOST_STEPS: u32 = 20_000;
/// What another string than the first counts for.
const ANOTHER_STRING: u32 = 8;
/// Deepest value that is built.
const DEEPEST: usize = 64;
/// Deepest object whose optional members are built.
const DEEPEST_OPTIONAL: usize = 8;

impl Context<'_> {
    /// A minimal body of the operation: required members only, plus all members of a required
    /// object that marks none as required. `None` where the operation takes no body or where no
    /// body is surely valid.
    pub fn base(&self, op: &Operation) -> Option<Value> {
        let given = self.given(op).cloned();
        given.or_else(|| self.sure(op, Members::Required))
    }

    /// A body with every member (`readOnly` ones excepted, OpenAPI 3.0.4 §4.7.24.2, and optional
    /// ones for which no sure value is known). `None` as for [`Context::base`].
    pub fn full(&self, op: &Operation) -> Option<Value> {
        let given = self.given(op).cloned();
        given.or_else(|| self.sure(op, Members::All))
    }

    /// A minimal body in which `field` is present, whatever optional parents it has. `None` as for
    /// [`Context::base`].
    pub fn base_with(&self, op: &Operation, field: &FieldPath) -> Option<Value> {
        let body = self.sure(op, Members::Holding(field))?;
        let value = get(&body, field)?;
        let Some(given) = self.given(op) else {
            return Some(body);
        };
        if get(given, field).is_some() {
            return Some(given.clone());
        }
        let schema = &op.body.as_ref()?.schema;
        set(given, field, value.clone()).filter(|body| self.sure_of(schema, None, body))
    }

    /// The body that the profile gives, where the document surely allows it.
    fn given<'o>(&self, op: &'o Operation) -> Option<&'o Value> {
        let body = op.body.as_ref()?;
        let given = body.given.as_ref()?;
        self.sure_of(&body.schema, None, given).then_some(given)
    }

    /// The nearest to a valid body that could be built where none is surely valid: what the page
    /// shows, what follows from the rules that are understood, or an empty value of the root's type.
    pub(super) fn nearest(&self, op: &Operation) -> Option<Value> {
        let body = op.body.as_ref()?;
        if body.given.is_some() {
            return body.given.clone();
        }
        let shown = body.examples.iter().map(|(_, example)| example.clone());
        let root = FieldPath::root();
        let built = [Members::All, Members::Required].into_iter();
        let built = built.filter_map(|members| self.build(&body.schema, &root, &members.into(), 0));
        let empty = [Value::Object(Map::new()), Value::Array(Vec::new())];
        let plain = empty
            .into_iter()
            .chain([Value::from("probity"), Value::from(1)]);
        let certainty = |value: &Value| contract::assess(&body.schema, value, self.texts).certainty;
        let all: Vec<Value> = shown.chain(built).chain(plain).collect();
        let best = |wanted| all.iter().find(|value| certainty(value) == wanted);
        best(Assessment::SurelyValid)
            .or_else(|| best(Assessment::Open))
            .cloned()
    }

    /// One value that `schema` allows, required members only, surely valid; `None` where there is
    /// none that could be found.
    pub fn value(&self, schema: &Schema) -> Option<Value> {
        self.build(schema, &FieldPath::root(), &Members::Required.into(), 0)
            .filter(|v| self.sure_of(schema, None, v))
    }

    /// [`Context::full`] with other values as far as the rules have them: a different `nth` gives
    /// different values.
    pub fn full_nth(&self, op: &Operation, nth: usize) -> Option<Value> {
        if let Some(given) = self.given(op) {
            return Some(given.clone());
        }
        let schema = &op.body.as_ref()?.schema;
        self.build(schema, &FieldPath::root(), &Members::All.into(), nth)
            .filter(|v| self.sure_of(schema, None, v))
    }

    /// Up to `count` items for an array, different from each other as far as the rules have values.
    pub fn items(&self, array: &Schema, count: usize) -> Vec<Value> {
        let none = Schema::default();
        let item = array.items.as_deref().unwrap_or(&none);
        let mut out: Vec<Value> = Vec::new();
        for nth in 0..count.min(MOST_ITEMS as usize) {
            let value = if *item == none {
                Some(Value::from(nth))
            } else {
                self.build(item, &FieldPath::root(), &Members::All.into(), nth)
            };
            if let Some(value) = value
                && !(array.unique_items && out.contains(&value))
            {
                out.push(value);
            }
        }
        out
    }

    /// A value of one alternative of `oneOf` or `anyOf`, with what the schema itself asks for.
    pub fn choice(&self, schema: &Schema, alternative: &Schema) -> Option<Value> {
        let root = FieldPath::root();
        let mut own = schema.clone();
        own.one_of.clear();
        own.any_of.clear();
        let value = merge(
            self.build(alternative, &root, &Members::All.into(), 0),
            self.build(&own, &root, &Members::All.into(), 0),
        );
        value.filter(|v| self.sure_of(schema, None, v))
    }

    fn sure(&self, op: &Operation, members: Members<'_>) -> Option<Value> {
        let schema = &op.body.as_ref()?.schema;
        self.build(schema, &FieldPath::root(), &members.into(), 0)
            .filter(|v| self.sure_of(schema, None, v))
    }

    /// Whether all plausible readings of a schema take a value, and it keeps to limits that pages do
    /// not state; `name` is that of the member.
    fn sure_of(&self, schema: &Schema, name: Option<&str>, value: &Value) -> bool {
        contract::assess(schema, value, self.texts).certainty == Assessment::SurelyValid
            && unstated::exceeded(schema, name, value).is_none()
    }

    /// The `nth` of the values that can be built; different `nth` give different values as far as
    /// the schema has them.
    fn build(
        &self,
        schema: &Schema,
        at: &FieldPath,
        making: &Making<'_>,
        nth: usize,
    ) -> Option<Value> {
        if at.0.len() > DEEPEST || !making.goes_on() {
            return None; // a schema that contains itself and requires that
        }
        if let Some(value) = &schema.const_value {
            return Some(value.clone());
        }
        if let Some(values) = &schema.enum_values {
            let fits =
                |v: &&Value| schema.types.is_empty() || schema.types.iter().any(|t| is_type(v, *t));
            let values: Vec<&Value> = values.iter().filter(fits).collect();
            return values.get(nth % values.len().max(1)).map(|v| (*v).clone());
        }
        let alternatives = schema.alternatives();
        let own = self.build_own(schema, at, making, nth);
        if alternatives.is_empty() && schema.all_of.is_empty() {
            return own;
        }
        let no_choice = [SchemaRef::default()];
        let choices: &[SchemaRef] = if alternatives.is_empty() {
            &no_choice
        } else {
            alternatives
        };
        let mut first = None;
        for choice in choices {
            let mut value = own.clone();
            for part in std::iter::once(choice).chain(&schema.all_of) {
                if **part == Schema::default() {
                    continue;
                }
                let other = self.build(part, at, making, nth);
                value = merge(value, other);
            }
            // What does not hold the member is wanted once at most, and to be sure of it costs a walk
            // through every alternative.
            let Some(value) = value else { continue };
            let held = making.members.are_in(&value, at);
            if !held && first.is_some() || !self.sure_of(schema, None, &value) {
                continue;
            }
            if held {
                return Some(value);
            }
            first = Some(value);
        }
        first
    }

    fn build_own(
        &self,
        schema: &Schema,
        at: &FieldPath,
        making: &Making<'_>,
        nth: usize,
    ) -> Option<Value> {
        let kind = schema
            .types
            .iter()
            .copied()
            .find(|t| *t != JsonType::Null)
            .or_else(|| schema.types.first().copied())
            .or_else(|| implied_type(schema));
        match kind {
            None => schema.examples.first().cloned(),
            Some(JsonType::Null) => Some(Value::Null),
            Some(JsonType::Boolean) => Some(Value::Bool(nth == 0)),
            Some(JsonType::Integer | JsonType::Number) => self.build_number(schema, nth),
            // Another string than the first is searched for.
            Some(JsonType::String) if nth > 0 && !making.spend(ANOTHER_STRING) => None,
            Some(JsonType::String) => self.build_string(schema, at, nth).map(Value::String),
            Some(JsonType::Array) => self.build_array(schema, at, making, nth),
            Some(JsonType::Object) => self.build_object(schema, at, making, nth),
        }
    }

    fn build_string(&self, schema: &Schema, at: &FieldPath, nth: usize) -> Option<String> {
        let example = schema
            .examples
            .iter()
            .filter_map(Value::as_str)
            .nth(nth)
            .filter(|text| self.sure_of(schema, None, &Value::from(*text)));
        if let Some(example) = example {
            return Some(example.to_owned());
        }
        let sure = |text: &String| self.sure_of(schema, None, &Value::from(text.as_str()));
        // The literal beginning of the pattern, where it is a scheme: cheaper than to ask for a
        // valid string, which walks automata.
        let pattern = schema.pattern.as_deref().unwrap_or_default();
        let scheme = scheme_of(pattern.trim_start_matches('^')).unwrap_or_default();
        let friendly = friendly(scheme, at, nth);
        if let Some(text) = friendly.into_iter().find(sure) {
            return Some(text);
        }
        let rule = schema.rule()?;
        let text = self.texts.get(&rule)?;
        let shortest = text.valid()?;
        let other = changed_end(&shortest, nth).find(sure);
        let other = other.or_else(|| self.memo.sample(&rule, nth, text));
        Some(other.unwrap_or(shortest))
    }

    /// A published example, else the small positive number closest to the lower bound.
    fn build_number(&self, schema: &Schema, nth: usize) -> Option<Value> {
        let published = schema
            .examples
            .get(nth)
            .filter(|v| v.is_number() && self.sure_of(schema, None, v));
        if let Some(value) = published {
            return Some(value.clone());
        }
        within(schema, nth)
    }

    fn build_array(
        &self,
        schema: &Schema,
        at: &FieldPath,
        making: &Making<'_>,
        nth: usize,
    ) -> Option<Value> {
        let least = schema.min_items.unwrap_or(0);
        let most = schema.max_items.unwrap_or(u64::MAX);
        // One item is the most ordinary array; none may be taken for absence.
        let tuple = schema.prefix_items.len() as u64;
        let contained = match &schema.contains {
            Some(_) => schema.min_contains.unwrap_or(1),
            None => 0,
        };
        let count = least.max(1).max(tuple).max(contained).min(most);
        let mut items = Vec::new();
        while (items.len() as u64) < count.min(MOST_ITEMS) {
            let item = self.build_item(schema, &at.item(), making, (nth, &items))?;
            items.push(item);
        }
        Some(Value::Array(items))
    }

    /// The next item of an array: one of those that `contains` asks for until there are enough, then,
    /// where `maxContains` allows no more, none of them (JSON Schema 2020-12 §10.3.1.3).
    fn build_item(
        &self,
        array: &Schema,
        at: &FieldPath,
        making: &Making<'_>,
        (nth, before): (usize, &[Value]),
    ) -> Option<Value> {
        let place = before.len();
        let none = Schema::default();
        let rules = array.item(place).unwrap_or(&none);
        let fresh = |value: &Value| !(array.unique_items && before.contains(value));
        let free = *rules == none;
        let plain = |n: usize| match free {
            true => Some(Value::from(n)),
            false => self.build(rules, at, making, n),
        };
        let Some(contained) = &array.contains else {
            // Later ones where an item was there already; the last that was there, where all were.
            let tried = (nth + place..).take(1 + MOST_TRIES * usize::from(array.unique_items));
            let mut tried = tried.filter_map(plain);
            let first = tried.next()?;
            return match fresh(&first) {
                true => Some(first),
                false => Some(tried.find(fresh).unwrap_or(first)),
            };
        };
        let certainty = |value: &Value| contract::assess(contained, value, self.texts).certainty;
        let there = |wanted| before.iter().filter(|v| certainty(v) == wanted).count() as u64;
        let sure = there(Assessment::SurelyValid);
        let wanted = match sure < array.min_contains.unwrap_or(1) {
            true => Some(Assessment::SurelyValid),
            false => array
                .max_contains
                .filter(|most| sure >= *most)
                .map(|_| Assessment::SurelyInvalid),
        };
        let tried = (nth + place..).take(MOST_TRIES);
        let tried = tried.flat_map(|n| {
            let inside = self.build(contained, at, making, n);
            let own = plain(n);
            let others = [
                Value::from(n),
                Value::from(format!("probity{n}")),
                Value::Null,
            ];
            let both = merge(own.clone(), inside.clone());
            [own, inside, both].into_iter().flatten().chain(others)
        });
        let mut fitting = tried.filter(|value| {
            fresh(value)
                && wanted.is_none_or(|wanted| certainty(value) == wanted)
                && (free || self.sure_of(rules, None, value))
        });
        fitting.next()
    }

    fn build_object(
        &self,
        schema: &Schema,
        at: &FieldPath,
        making: &Making<'_>,
        nth: usize,
    ) -> Option<Value> {
        let sendable = || schema.properties.iter().filter(|(_, s)| !s.read_only);
        // One look for each member of a schema that may require thousands.
        let needed: HashSet<&str> = schema.required.iter().map(String::as_str).collect();
        let none_required =
            !at.0.is_empty() && sendable().all(|(name, _)| !needed.contains(name.as_str()));
        let mut map = Map::new();
        for (name, member) in sendable() {
            let path = at.member(name);
            let required = needed.contains(name.as_str());
            if !making.members.holds(&path, required, none_required) {
                continue;
            }
            let deep = at.0.len() >= DEEPEST_OPTIONAL || (member.leads_back() && at.0.len() > 1);
            if deep && !required {
                continue;
            }
            // The first value where there is no other; and one member of which no value is sure
            // must not spoil the body for all the others.
            let others = (nth > 0).then_some(0);
            let values = std::iter::once(nth).chain(others);
            let mut values = values.filter_map(|nth| self.build(member, &path, making, nth));
            if let Some(value) = values.find(|v| self.sure_of(member, Some(name), v)) {
                map.insert(name.clone(), value);
            }
        }
        if let (Some(name), Some(values)) = (making.members.entry_at(at), schema.map_values()) {
            let value = self.build(values, &at.member(name), making, nth)?;
            map.insert(name.to_owned(), value);
        }
        for name in &schema.required {
            if schema.property(name).is_none() {
                // Required and not described: any value is allowed.
                map.insert(name.clone(), Value::from("probity"));
            }
        }
        Some(Value::Object(map))
    }
}

/// Ordinary texts, hosts and addresses that are set aside for documentation (RFC 2606, RFC 5737):
/// a device that acts on them reaches nobody. Every field has its own, so that values that go to
/// the wrong field show.
fn friendly(scheme: &str, at: &FieldPath, nth: usize) -> Vec<String> {
    let dotted = at.dotted();
    let word: String = dotted.chars().filter(char::is_ascii_alphanumeric).collect();
    let word = if word.is_empty() { "probity" } else { &word };
    let number = dotted
        .bytes()
        .fold(7_usize, |sum, b| (sum * 31 + usize::from(b)) % 80);
    let texts = [
        format!("{word}{nth}"),
        format!("probity-{word}{nth}"),
        format!("{word}{nth}.example.com"),
        format!("192.0.2.{}", 10 + (number * 3 + nth) % 240),
    ];
    texts.iter().map(|text| format!("{scheme}{text}")).collect()
}

/// `sip:` of `sip:a.b`.
fn scheme_of(text: &str) -> Option<&str> {
    let scheme = text.get(..=text.find(':')?)?;
    let mut letters = scheme.trim_end_matches(':').chars();
    letters.all(|c| c.is_ascii_alphabetic()).then_some(scheme)
}

/// The text with its last letter or digit replaced by others of its kind, from the `nth` on.
fn changed_end(text: &str, nth: usize) -> impl Iterator<Item = String> {
    let at = text.rfind(|c: char| c.is_ascii_alphanumeric());
    let of = |c: u8| -> &'static [u8] {
        match c {
            b'0'..=b'9' => b"0123456789",
            b'A'..=b'Z' => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            _ => b"abcdefghijklmnopqrstuvwxyz",
        }
    };
    let text = text.to_owned();
    at.into_iter().flat_map(move |at| {
        let c = text.as_bytes().get(at).copied().unwrap_or(b'a');
        let kind = of(c);
        let from = kind.iter().position(|k| *k == c).unwrap_or(0);
        let text = text.clone();
        (0..kind.len()).filter_map(move |step| {
            let other = char::from(*kind.get((from + nth + step) % kind.len())?);
            Some(format!("{}{other}{}", text.get(..at)?, text.get(at + 1..)?))
        })
    })
}

/// Values that are tried for one item of an array whose items depend on each other.
const MOST_TRIES: usize = 12;
/// Arrays are never built longer than this, whatever `minItems` says.
const MOST_ITEMS: u64 = 1_000;

/// The type that the keywords of a schema without `type` are about.
fn implied_type(schema: &Schema) -> Option<JsonType> {
    if !schema.properties.is_empty() || !schema.required.is_empty() {
        Some(JsonType::Object)
    } else if schema.items.is_some()
        || schema.min_items.is_some()
        || schema.contains.is_some()
        || !schema.prefix_items.is_empty()
    {
        Some(JsonType::Array)
    } else if schema.pattern.is_some() || schema.min_length.is_some() || schema.max_length.is_some()
    {
        Some(JsonType::String)
    } else if schema.minimum.is_some() || schema.maximum.is_some() || schema.multiple_of.is_some() {
        Some(JsonType::Number)
    } else {
        None
    }
}

/// Whether a value is of a JSON type; a number without a fraction is an integer
/// (JSON Schema 2020-12 §6.1.1).
pub fn is_type(value: &Value, t: JsonType) -> bool {
    match t {
        JsonType::Null => value.is_null(),
        JsonType::Boolean => value.is_boolean(),
        JsonType::Integer => value.as_f64().is_some_and(|f| f.fract() == 0.0),
        JsonType::Number => value.is_number(),
        JsonType::String => value.is_string(),
        JsonType::Array => value.is_array(),
        JsonType::Object => value.is_object(),
    }
}

/// Two objects as one; otherwise the first value that is there.
fn merge(a: Option<Value>, b: Option<Value>) -> Option<Value> {
    match (a, b) {
        (Some(Value::Object(mut a)), Some(Value::Object(b))) => {
            for (name, value) in b {
                a.entry(name).or_insert(value);
            }
            Some(Value::Object(a))
        }
        (a, b) => a.or(b),
    }
}
