//! The mock's validator: two-valued, in a chosen order, the first fault wins. Independent of
//! [`probity_contract::assess`] on purpose.

mod applicators;

use super::choice::Chosen;
use super::engine;
use super::fault::Planted;
use super::held_back::{text as held_back_text, value as held_back};
use probity_contract::{Additional, Bound, FaultKind, FieldPath, JsonType, Schema};
use probity_pattern::check::Engine;
use probity_pattern::{Reading, Rule, Texts};
use serde_json::{Map, Number, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What is wrong with a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) kind: FaultKind,
    pub(super) path: FieldPath,
}

/// A reading with the engine that executes it.
#[derive(Clone, Copy)]
struct Acceptor<'v> {
    reading: &'v Reading,
    engine: Option<&'v Engine>,
}

impl Acceptor<'_> {
    fn accepts(self, text: &str) -> bool {
        engine::accepts(self.engine, self.reading, text)
    }
}

/// Decides whether a body keeps a schema, under one reading per string rule.
pub(super) struct Validator {
    texts: Arc<Texts>,
    /// Field and rule → index among the rule's readings.
    readings: HashMap<(String, Rule), usize>,
    /// Fields whose reading was asked for and has an engine of its own.
    engines: HashMap<(String, Rule), Engine>,
    planted: Planted,
    chosen: Chosen,
}

impl Validator {
    pub(super) fn new(
        texts: Arc<Texts>,
        readings: HashMap<(String, Rule), usize>,
        asked: &BTreeMap<String, String>,
        planted: Planted,
        chosen: Chosen,
    ) -> Self {
        let engines = readings
            .iter()
            .filter(|((field, _), _)| asked.contains_key(field))
            .filter_map(|(key, at)| {
                let reading = texts.get(&key.1)?.readings().get(*at)?;
                Some((key.clone(), engine::of(reading)?))
            })
            .collect();
        Validator {
            texts,
            readings,
            engines,
            planted,
            chosen,
        }
    }

    /// How a field is read, and by what.
    fn reading(&self, path: &FieldPath, rule: Rule) -> Option<Acceptor<'_>> {
        let key = (path.dotted(), rule);
        let readings = self.texts.get(&key.1)?.readings();
        // A place that is reached round a circle is read like any other.
        let usual = || readings.iter().position(|r| r.compiles);
        let at = self.readings.get(&key).copied().or_else(usual)?;
        Some(Acceptor {
            reading: readings.get(at)?,
            engine: self.engines.get(&key),
        })
    }

    /// The reading of every string field below a schema: the one that was asked for, else the first
    /// that compiles. Errors name what is not known.
    pub(super) fn readings_of(
        schema: &Schema,
        path: &FieldPath,
        asked: &BTreeMap<String, String>,
        texts: &Texts,
        out: &mut HashMap<(String, Rule), usize>,
    ) -> Result<(), String> {
        if let Some(rule) = schema.rule()
            && let Some(text) = texts.get(&rule)
        {
            let name = path.dotted();
            let reading = match asked.get(&name) {
                Some(id) => Some(
                    text.readings()
                        .iter()
                        .position(|r| r.id == *id)
                        .ok_or_else(|| {
                            format!("field {name}: no reading `{id}` (see --list-readings)")
                        })?,
                ),
                None => text.readings().iter().position(|r| r.compiles),
            };
            if let Some(reading) = reading {
                out.insert((name, rule), reading);
            }
        }
        let members = schema.properties.iter();
        let members = members.map(|(name, member)| (member, path.member(name)));
        let parts = [&schema.all_of, &schema.any_of, &schema.one_of];
        let parts = parts.into_iter().flatten();
        let items = schema.items.iter().map(|items| (items, path.item()));
        let below = members
            .chain(parts.map(|part| (part, path.clone())))
            .chain(items);
        // What leads back into a schema around it has no end.
        for (part, path) in below.filter(|(part, _)| !part.leads_back()) {
            Self::readings_of(part, &path, asked, texts, out)?;
        }
        Ok(())
    }

    /// What is wrong first; `None`: nothing.
    pub(super) fn check(&self, schema: &Schema, value: &Value) -> Option<Wrong> {
        self.check_at(schema, value, &FieldPath::root())
    }

    /// [`check`](Self::check) of a value that has another place than the root of a body.
    pub(super) fn check_at(
        &self,
        schema: &Schema,
        value: &Value,
        path: &FieldPath,
    ) -> Option<Wrong> {
        let mut all = Vec::new();
        self.value(schema, value, path, &mut all);
        match self.chosen.get("check-order") {
            "reverse" => all.pop(),
            "types-first" => {
                let at = all
                    .iter()
                    .position(|w| w.kind == FaultKind::WrongType)
                    .unwrap_or(0);
                (!all.is_empty()).then(|| all.swap_remove(at))
            }
            _ => all.into_iter().next(),
        }
    }

    fn value(&self, schema: &Schema, value: &Value, path: &FieldPath, out: &mut Vec<Wrong>) {
        let wrong = |kind| Wrong {
            kind,
            path: path.clone(),
        };
        let fits = self.type_fits(schema, value, path);
        if !self.planted.none() && held_back::unchecked(&self.planted, fits, value, path) {
            return;
        }
        if !fits {
            let kind = match (path.0.is_empty(), value.is_null()) {
                (true, _) => FaultKind::WrongRoot,
                (_, true) => FaultKind::Null,
                _ => FaultKind::WrongType,
            };
            out.push(wrong(kind));
            return;
        }
        // Allowed (or taken) as such; where no type is stated the other rules decide.
        if value.is_null() && !schema.types.is_empty() {
            return;
        }
        // What is let through for an integer is one from here on.
        let converted = as_integer(schema, value).filter(|_| !self.planted.none());
        let value = converted.as_ref().unwrap_or(value);
        if let Some(values) = &schema.enum_values
            && !self.in_enum(values, value, path)
        {
            out.push(wrong(FaultKind::Constraint));
        }
        if let Some(constant) = &schema.const_value
            && !equal(constant, value)
        {
            out.push(wrong(FaultKind::Constraint));
        }
        match value {
            Value::String(text) if !self.string(schema, text, path) => {
                out.push(wrong(FaultKind::Constraint));
            }
            Value::Number(number) if !self.number(schema, number, path) => {
                out.push(wrong(FaultKind::Constraint));
            }
            Value::Array(items) => self.array(schema, items, path, out),
            Value::Object(members) => self.object(schema, members, path, out),
            _ => {}
        }
        for part in &schema.all_of {
            self.value(part, value, path, out);
        }
        let fits = |s: &Schema| self.takes(s, value, path);
        let one_of = schema.one_of.iter().filter(|part| fits(part)).count();
        if (!schema.one_of.is_empty() && one_of != 1)
            || (!schema.any_of.is_empty() && !schema.any_of.iter().any(|part| fits(part)))
            || schema.not.as_deref().is_some_and(fits)
            || !self.applies(schema, value, path)
        {
            out.push(wrong(FaultKind::Constraint));
        }
    }

    fn object(
        &self,
        schema: &Schema,
        members: &Map<String, Value>,
        path: &FieldPath,
        out: &mut Vec<Wrong>,
    ) {
        for (name, rules) in &schema.properties {
            let at = path.member(name);
            let mut given = members.get(name);
            match held_back::member(&self.planted, schema, name, given) {
                held_back::Member::Checked => {}
                held_back::Member::Absent => given = None,
                held_back::Member::Skipped => continue,
                held_back::Member::End => return,
            }
            match given {
                Some(member) => self.value(rules, member, &at, out),
                None if schema.required.contains(name) && !self.planted.at("not-required", &at) => {
                    out.push(Wrong {
                        kind: FaultKind::Missing,
                        path: at,
                    });
                }
                None => {}
            }
        }
        for name in schema
            .required
            .iter()
            .filter(|n| schema.property(n).is_none())
        {
            if !members.contains_key(name) {
                out.push(Wrong {
                    kind: FaultKind::Missing,
                    path: path.member(name),
                });
            }
        }
        let refuses = matches!(schema.additional, Additional::Forbidden)
            || (schema.additional == Additional::Unstated
                && !schema.properties.is_empty()
                && self.chosen.is("unknown-members", "refuse"));
        for (name, member) in members {
            let mut named = schema.property(name).is_some();
            for (pattern, rules) in &schema.pattern_properties {
                if applicators::named_by(pattern, name) {
                    named = true;
                    self.value(rules, member, &path.member(name), out);
                }
            }
            if named {
                continue;
            }
            match &schema.additional {
                Additional::Schema(rules) => self.value(rules, member, &path.member(name), out),
                _ if refuses => {
                    out.push(Wrong {
                        kind: FaultKind::UnknownMember,
                        path: path.member(name),
                    });
                }
                _ => {}
            }
        }
    }

    fn type_fits(&self, schema: &Schema, value: &Value, path: &FieldPath) -> bool {
        if schema.types.is_empty() {
            return true;
        }
        let wants = |t: JsonType| schema.types.contains(&t);
        let fits = match value {
            Value::Null => wants(JsonType::Null),
            Value::Bool(_) => wants(JsonType::Boolean),
            Value::String(_) => wants(JsonType::String),
            Value::Array(_) => wants(JsonType::Array),
            Value::Object(_) => wants(JsonType::Object),
            Value::Number(_) if wants(JsonType::Number) => true,
            Value::Number(n) if wants(JsonType::Integer) => {
                let whole = n.as_f64().is_some_and(|f| f.fract() == 0.0);
                // Where a bound is stated it is what counts, not what a device likes to store.
                let wide = n.as_f64().is_none_or(|f| {
                    (f > 2_147_483_647.0 && schema.maximum.is_none())
                        || (f < -2_147_483_647.0 && schema.minimum.is_none())
                });
                (!n.is_f64() || (whole && self.chosen.is("integer-fraction", "accept")))
                    && (!wide || self.chosen.is("wide-integers", "accept"))
            }
            Value::Number(_) => false,
        };
        fits || self.lenient_type(&schema.types, value, path)
    }

    fn lenient_type(&self, types: &[JsonType], value: &Value, path: &FieldPath) -> bool {
        let planted = |what: &str| self.planted.at(what, path);
        let string = types.contains(&JsonType::String);
        let integer = types.contains(&JsonType::Integer);
        let object = types.contains(&JsonType::Object);
        match value {
            Value::Null => planted("null-as-value"),
            Value::Number(n) => {
                (string && planted("number-as-string"))
                    || (integer && n.is_f64() && planted("fraction-as-integer"))
            }
            Value::Bool(_) => {
                (string && planted("boolean-as-string"))
                    || (integer && planted("boolean-as-integer"))
            }
            Value::String(text) => {
                (integer && planted("string-as-integer") && text.parse::<i64>().is_ok())
                    || (object && planted("string-as-object"))
            }
            Value::Array(_) => {
                (string && planted("object-as-string")) || (object && planted("array-as-object"))
            }
            Value::Object(_) => string && planted("object-as-string"),
        }
    }

    fn in_enum(&self, values: &[Value], value: &Value, path: &FieldPath) -> bool {
        let planted = |what: &str| self.planted.at(what, path);
        if planted("enum-misses-last") && values.last() == Some(value) {
            return false;
        }
        if values.iter().any(|v| equal(v, value)) || planted("enum-any") {
            return true;
        }
        let Value::String(text) = value else {
            return false;
        };
        held_back::in_enum(&self.planted, values, text)
            || values.iter().filter_map(Value::as_str).any(|known| {
                (planted("enum-any-case") && known.eq_ignore_ascii_case(text))
                    || (planted("enum-prefix") && text.starts_with(known))
                    || (planted("enum-trimmed") && known == text.trim())
            })
    }

    fn string(&self, schema: &Schema, text: &str, path: &FieldPath) -> bool {
        let planted = |what: &str| self.planted.at(what, path);
        let Some(rule) = schema.rule() else {
            return true;
        };
        let Some(reading) = self.reading(path, rule.clone()) else {
            return true;
        };
        if self.texts.breaks_format(&rule, text) {
            return self.planted.at("format-ignored", path);
        }
        if self.planted.none() {
            return reading.accepts(text);
        }
        if let Some(rule) = self.texts.get(&rule)
            && let Some(verdict) =
                held_back_text::accepts(&self.planted, rule, reading.reading, text)
        {
            return verdict;
        }
        let length = text.chars().count() as u64;
        let (min, max) = (schema.min_length, schema.max_length);
        if (planted("tight-minLength") && Some(length) == min)
            || (planted("tight-maxLength") && Some(length) == max)
        {
            return false;
        }
        let loose = (planted("loose-minLength") && Some(length + 1) == min)
            || (planted("loose-maxLength") && max.is_some_and(|m| length == m + 1))
            || (planted("no-minLength") && min.is_some_and(|m| length < m))
            || (planted("no-maxLength") && max.is_some_and(|m| length > m));
        if loose || planted("no-pattern") {
            let inside = min.is_none_or(|m| length >= m) && max.is_none_or(|m| length <= m);
            // Bounds and characters are checked apart: each character of the text must be one that
            // the rule knows somewhere.
            return if planted("no-pattern") {
                inside
            } else {
                self.characters_fit(reading, text, min, max)
            };
        }
        let text = if planted("pattern-first-line") {
            text.split('\n').next().unwrap_or_default()
        } else if planted("pattern-until-nul") {
            text.split('\0').next().unwrap_or_default()
        } else if planted("pattern-trimmed") {
            text.trim()
        } else {
            text
        };
        if planted("pattern-any-quotes") {
            let without: String = text.chars().filter(|c| !"'\"\\`".contains(*c)).collect();
            return reading.accepts(&without);
        }
        reading.accepts(text)
    }

    /// Whether a text that only breaks a bound would pass without it: cut or filled to the bound.
    fn characters_fit(
        &self,
        reading: Acceptor<'_>,
        text: &str,
        min: Option<u64>,
        max: Option<u64>,
    ) -> bool {
        let cut = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let mut chars: Vec<char> = text.chars().collect();
        if let Some(max) = max {
            chars.truncate(cut(max));
        }
        if let Some(min) = min {
            let fill = chars.last().copied().unwrap_or('a');
            while chars.len() < cut(min).min(4_096) {
                chars.push(fill);
            }
        }
        let text: String = chars.into_iter().collect();
        reading.accepts(&text) || reading.accepts(&text.chars().take(31).collect::<String>())
    }

    fn number(&self, schema: &Schema, number: &Number, path: &FieldPath) -> bool {
        let planted = |what: &str| self.planted.at(what, path);
        let Some(value) = number.as_f64() else {
            return true;
        };
        let inside = |bound: &Option<Bound>, low: bool, keyword: &str| {
            let Some(bound) = bound else { return true };
            let Some(limit) = bound.value.as_f64() else {
                return true;
            };
            if planted(&format!("no-{keyword}")) {
                return true;
            }
            let off = planted(&format!("loose-{keyword}")) || planted(&format!("tight-{keyword}"));
            if let (Some(value), Some(limit), false) = (whole(number), whole(&bound.value), off) {
                let past = if low { limit - value } else { value - limit };
                return past < 0 || past == 0 && !bound.exclusive;
            }
            // Off by one, and where only multiples count, by one of those.
            let step = schema.multiple_of.as_ref().and_then(Number::as_f64);
            let outward = if low { -1.0 } else { 1.0 } * step.unwrap_or(1.0);
            let limit = if planted(&format!("loose-{keyword}")) {
                limit + outward
            } else if planted(&format!("tight-{keyword}")) {
                limit - outward
            } else {
                limit
            };
            let past = if low { limit - value } else { value - limit };
            if bound.exclusive {
                past < 0.0
            } else {
                past <= 0.0
            }
        };
        let step = schema
            .multiple_of
            .as_ref()
            .and_then(Number::as_f64)
            .is_none_or(|step| {
                let exact = schema.multiple_of.as_ref().and_then(whole);
                if let (Some(value), Some(step @ 1..)) = (whole(number), exact) {
                    return value % step == 0;
                }
                let ratio = value / step;
                step <= 0.0 || (ratio - ratio.round()).abs() < 1e-9
            });
        inside(&schema.minimum, true, "minimum")
            && inside(&schema.maximum, false, "maximum")
            && step
    }
}

/// A whole number of at most 64 bits, exact where a double is not (RFC 8259 §6).
fn whole(number: &Number) -> Option<i128> {
    let signed = number.as_i64().map(i128::from);
    signed.or_else(|| number.as_u64().map(i128::from))
}

fn equal(a: &Value, b: &Value) -> bool {
    a == b || a.as_f64().is_some_and(|x| b.as_f64() == Some(x))
}

/// A value of another type as a careless reader of integers takes it (`atoi`, a cast): where an
/// integer belongs and none stands.
fn as_integer(schema: &Schema, value: &Value) -> Option<Value> {
    if schema.types != [JsonType::Integer] {
        return None;
    }
    match value {
        Value::String(text) => text.parse::<i64>().ok().map(Value::from),
        Value::Bool(yes) => Some(Value::from(i64::from(*yes))),
        #[allow(clippy::cast_possible_truncation)] // As such a reader does.
        Value::Number(n) if n.is_f64() => n.as_f64().map(|f| Value::from(f.trunc() as i64)),
        _ => None,
    }
}
