//! A three-valued validator: what every plausible reading of a schema says of a value. Surely
//! valid: all rules hold under every reading. Surely invalid: some rule is broken under every
//! reading. Everything else is open. Imports [`super::model`], [`super::merge`] and
//! [`probity_pattern`].
//!
//! Left open although JSON Schema 2020-12 decides it, because devices that read a page do not agree
//! and the page says nothing:
//!
//! - `5060.0` where an integer is asked for (§6.1.1), integers beyond 32 bits and negative ones
//!   where no bound is stated;
//! - members that no schema names where `additionalProperties` is not stated;
//! - a value of another type where keywords for objects, arrays, strings or numbers are stated and
//!   `type` is not;
//! - strings between two readings of a pattern, lengths in bytes, UTF-16 units or code points,
//!   formats that nobody here knows, multiples that binary fractions blur;
//! - values under assertions that are not understood ([`Schema::unchecked`]).

use super::merge::{compare, same, whole};
use super::model::*;
use super::schema::UNCHECKED;
use probity_pattern::{Assessment, Texts};
use serde_json::{Map, Number, Value};
use std::cmp::Ordering;
use std::collections::HashSet;

/// What is wrong, or may be wrong, with one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What kind of fault an error answer would call it.
    pub kind: FaultKind,
    /// The field at fault; of arrays the first item is named whatever the index.
    pub path: FieldPath,
    /// The keyword that is broken.
    pub keyword: &'static str,
    /// Whether every plausible reading says so; `false`: readings differ.
    pub certain: bool,
}

/// The result of [`assess`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessed {
    /// What all readings say together.
    pub certainty: Assessment,
    /// What is or may be wrong, in the order of the schema.
    pub faults: Vec<Violation>,
}

/// Assesses a value under a schema. `texts` holds the readings of the contract's string rules.
pub fn assess(schema: &Schema, value: &Value, texts: &Texts) -> Assessed {
    Assessor::new(texts).run(schema, value, &FieldPath::root(), &[])
}

/// Formats that say nothing about the text (OpenAPI 3.0.4 §4.4) or are about numbers.
const SILENT_FORMATS: [&str; 6] = ["password", "binary", "int32", "int64", "float", "double"];

struct Assessor<'t> {
    texts: &'t Texts,
    faults: Vec<Violation>,
    /// While set, what is found is not certain.
    blurred: bool,
}

impl<'t> Assessor<'t> {
    fn new(texts: &'t Texts) -> Self {
        Assessor {
            texts,
            faults: Vec::new(),
            blurred: false,
        }
    }

    fn run(
        mut self,
        schema: &Schema,
        value: &Value,
        path: &FieldPath,
        around: &[&Schema],
    ) -> Assessed {
        self.value(schema, value, path, around);
        let faults = self.faults;
        let certainty = if faults.is_empty() {
            Assessment::SurelyValid
        } else if faults.iter().any(|f| f.certain) {
            Assessment::SurelyInvalid
        } else {
            Assessment::Open
        };
        Assessed { certainty, faults }
    }

    fn fault(&mut self, kind: FaultKind, path: &FieldPath, keyword: &'static str, certain: bool) {
        self.faults.push(Violation {
            kind,
            path: path.clone(),
            keyword,
            certain: certain && !self.blurred,
        });
    }

    /// `around`: schemas that hold for the same value (of which this one is a part), the outermost
    /// first.
    fn value(&mut self, schema: &Schema, value: &Value, path: &FieldPath, around: &[&Schema]) {
        if !self.type_fits(schema, value, path) {
            return; // no other rule is about a value of a type that is not allowed
        }
        if let Some(values) = &schema.enum_values
            && !values.iter().any(|v| same(v, value))
        {
            // `nullable` beside an `enum` without null: OpenAPI 3.0.4 says no, tools say yes.
            let sure = !(value.is_null() && schema.types.contains(&JsonType::Null));
            self.fault(FaultKind::Constraint, path, "enum", sure);
        }
        if let Some(constant) = &schema.const_value
            && !same(constant, value)
        {
            self.fault(FaultKind::Constraint, path, "const", true);
        }
        match value {
            Value::String(text) => self.string(schema, text, path),
            Value::Number(number) => self.number(schema, number, path),
            Value::Array(items) => self.array(schema, items, path),
            Value::Object(members) => self.object(schema, members, path, around),
            Value::Null | Value::Bool(_) => {}
        }
        self.combined(schema, value, path, around);
        let of_type = type_of(value);
        for (keyword, about) in UNCHECKED {
            if schema.unchecked.iter().any(|k| k == keyword)
                && about.is_none_or(|t| t == of_type && t != JsonType::Null)
            {
                self.fault(FaultKind::Constraint, path, keyword, false);
            }
        }
    }

    /// Whether to go on: the type is allowed, or may be.
    fn type_fits(&mut self, schema: &Schema, value: &Value, path: &FieldPath) -> bool {
        let of_type = type_of(value);
        let kind = match (path.0.is_empty(), value.is_null()) {
            (true, _) => FaultKind::WrongRoot,
            (false, true) => FaultKind::Null,
            (false, false) => FaultKind::WrongType,
        };
        if schema.types.is_empty() {
            if implied(schema).is_some_and(|t| !is_a(of_type, t)) {
                self.fault(kind, path, "type", false);
            }
            return true;
        }
        if schema.allows(of_type) {
            return true;
        }
        let whole = value.as_f64().is_some_and(|f| f.fract() == 0.0);
        if of_type == JsonType::Number && whole && schema.types.contains(&JsonType::Integer) {
            self.fault(kind, path, "type", false);
            return true;
        }
        let open = value.is_null() && schema.unchecked.iter().any(|k| k == "nullable");
        self.fault(kind, path, "type", !open);
        if kind == FaultKind::WrongType && value == "" {
            // Many a device takes an empty text for none, of whatever type the member is.
            self.fault(FaultKind::Missing, path, "required", false);
        }
        false
    }

    fn string(&mut self, schema: &Schema, text: &str, path: &FieldPath) {
        let Some(rule) = schema.rule() else { return };
        let verdict = match self.texts.get(&rule) {
            Some(readings) => readings.assess(text),
            None => Assessment::Open,
        };
        // Where the page states a bound beside a pattern with one of its own, a reading that goes by
        // the pattern's alone may take what breaks the other: then the page leaves it open.
        let binding = verdict != Assessment::Open || self.texts.get(&rule).is_none();
        let too_short_or_long = self.lengths(schema, text, path, binding);
        let keyword = match (&schema.pattern, &schema.format) {
            (Some(_), _) => "pattern",
            (None, Some(_)) => "format",
            (None, None) => "type",
        };
        match verdict {
            Assessment::SurelyValid => {}
            // A length that is surely wrong has been said; the rest of the rule adds nothing.
            Assessment::SurelyInvalid if too_short_or_long => {}
            Assessment::SurelyInvalid => self.fault(FaultKind::Constraint, path, keyword, true),
            Assessment::Open => self.fault(FaultKind::Constraint, path, keyword, false),
        }
        // A format that nobody here knows means something to the device. Values that the page
        // shows for it are good.
        let known = |f: &String| {
            SILENT_FORMATS.contains(&f.as_str()) || probity_pattern::format_pattern(f).is_some()
        };
        let shown = schema
            .examples
            .iter()
            .chain(schema.enum_values.iter().flatten());
        if verdict == Assessment::SurelyValid
            && !rule.formats.is_empty()
            && !rule.formats.iter().any(known)
            && !shown.into_iter().any(|v| v.as_str() == Some(text))
        {
            self.fault(FaultKind::Constraint, path, "format", false);
        }
    }

    /// Bounds in all three units; returns whether one is surely broken, which `binding` bounds are
    /// that are broken in all of them.
    fn lengths(&mut self, schema: &Schema, text: &str, path: &FieldPath, binding: bool) -> bool {
        let units = [
            text.len() as u64,
            text.encode_utf16().count() as u64,
            text.chars().count() as u64,
        ];
        let mut sure = false;
        for (keyword, limit, low) in [
            ("minLength", schema.min_length, true),
            ("maxLength", schema.max_length, false),
        ] {
            let Some(limit) = limit else { continue };
            let broken = |n: &&u64| if low { **n < limit } else { **n > limit };
            let count = units.iter().filter(broken).count();
            if count > 0 {
                let certain = binding && count == units.len();
                self.fault(FaultKind::Constraint, path, keyword, certain);
                sure |= certain;
            }
        }
        sure
    }

    fn number(&mut self, schema: &Schema, number: &Number, path: &FieldPath) {
        for (keyword, bound, low) in [
            ("minimum", &schema.minimum, true),
            ("maximum", &schema.maximum, false),
        ] {
            let Some(bound) = bound else { continue };
            let sure = match compare(number, &bound.value) {
                None => Some(false),
                Some(Ordering::Equal) => bound.exclusive.then_some(true),
                Some(Ordering::Less) => low.then_some(true),
                Some(Ordering::Greater) => (!low).then_some(true),
            };
            if let Some(sure) = sure {
                self.fault(FaultKind::Constraint, path, keyword, sure);
            }
        }
        if let Some(step) = &schema.multiple_of
            && let Some(sure) = off_step(number, step)
        {
            self.fault(FaultKind::Constraint, path, "multipleOf", sure);
        }
        let value = number.as_f64().unwrap_or_default();
        // A format of a width: whether a device takes more is not stated.
        let wide = match schema.format.as_deref() {
            Some("int32") => !(-2_147_483_648.0..=2_147_483_647.0).contains(&value),
            Some("int64") => number.as_i64().is_none() && value.abs() >= 9.2e18,
            _ => false,
        };
        if wide {
            self.fault(FaultKind::Constraint, path, "format", false);
            return;
        }
        let fixed = schema.enum_values.is_some() || schema.const_value.is_some();
        let unbounded = (value > 2_147_483_647.0 && schema.maximum.is_none())
            || (value < 0.0 && schema.minimum.is_none());
        if unbounded && !fixed {
            // No bound is stated, but no device stores any number.
            self.fault(FaultKind::Constraint, path, "type", false);
        }
    }

    fn array(&mut self, schema: &Schema, items: &[Value], path: &FieldPath) {
        let count = items.len() as u64;
        if schema.min_items.is_some_and(|min| count < min) {
            self.fault(FaultKind::Constraint, path, "minItems", true);
        }
        if schema.max_items.is_some_and(|max| count > max) {
            self.fault(FaultKind::Constraint, path, "maxItems", true);
        }
        if schema.unique_items && twice(items) {
            self.fault(FaultKind::Constraint, path, "uniqueItems", true);
        }
        if let Some(rules) = &schema.items {
            // `items` is about what `prefixItems` leaves.
            let was = self.blurred;
            self.blurred |= schema.unchecked.iter().any(|k| k == "prefixItems");
            let path = path.item();
            for item in items {
                self.value(rules, item, &path, &[]);
            }
            self.blurred = was;
        }
    }

    fn object(
        &mut self,
        schema: &Schema,
        members: &Map<String, Value>,
        path: &FieldPath,
        around: &[&Schema],
    ) {
        for name in &schema.required {
            if !members.contains_key(name) {
                self.fault(FaultKind::Missing, &path.member(name), "required", true);
            }
        }
        for (name, rules) in &schema.properties {
            if let Some(member) = members.get(name) {
                self.value(rules, member, &path.member(name), &[]);
                if rules.read_only {
                    self.fault(FaultKind::Constraint, &path.member(name), "readOnly", false);
                }
            }
        }
        let was = self.blurred;
        for (name, member) in members {
            if schema.property(name).is_some() {
                continue;
            }
            let path = path.member(name);
            // A member may be one of `patternProperties`.
            self.blurred = was || schema.unchecked.iter().any(|k| k == "patternProperties");
            let unknown = FaultKind::UnknownMember;
            match &schema.additional {
                Additional::Allowed => {}
                Additional::Forbidden => self.fault(unknown, &path, "additionalProperties", true),
                Additional::Schema(rules) => self.value(rules, member, &path, &[]),
                Additional::Unstated => {
                    if unnamed(schema, name, around) {
                        self.fault(unknown, &path, "additionalProperties", false);
                    }
                }
            }
        }
        self.blurred = was;
    }

    fn combined(&mut self, schema: &Schema, value: &Value, path: &FieldPath, around: &[&Schema]) {
        let mut inner: Vec<&Schema> = around.to_vec();
        inner.push(schema);
        for part in &schema.all_of {
            self.value(part, value, path, &inner);
        }
        for (keyword, list) in [("anyOf", &schema.any_of), ("oneOf", &schema.one_of)] {
            if list.is_empty() {
                continue;
            }
            let all: Vec<Assessed> = list
                .iter()
                .map(|s| Assessor::new(self.texts).run(s, value, path, &inner))
                .collect();
            let of = |what| all.iter().filter(|a| a.certainty == what).count();
            let valid = of(Assessment::SurelyValid);
            let invalid = of(Assessment::SurelyInvalid);
            let (kept, broken) = if keyword == "anyOf" {
                (valid > 0, invalid == all.len())
            } else {
                let one = valid == 1 && invalid == all.len() - 1;
                (one, valid > 1 || invalid == all.len())
            };
            if !kept {
                self.alternatives(all, path, keyword, broken, value);
            }
        }
        if let Some(not) = &schema.not {
            let inside = Assessor::new(self.texts).run(not, value, path, &inner);
            match inside.certainty {
                Assessment::SurelyValid => self.fault(FaultKind::Constraint, path, "not", true),
                Assessment::Open => self.fault(FaultKind::Constraint, path, "not", false),
                Assessment::SurelyInvalid => {}
            }
        }
    }

    /// None or too many alternatives fit, or it is not clear. A device that knows which one was
    /// meant may name what is wrong inside it.
    fn alternatives(
        &mut self,
        all: Vec<Assessed>,
        path: &FieldPath,
        keyword: &'static str,
        certain: bool,
        value: &Value,
    ) {
        let of_wrong_type = |a: &Assessed| {
            a.faults
                .iter()
                .any(|f| f.keyword == "type" && f.path == *path && f.certain)
        };
        let kind = match (all.iter().all(of_wrong_type), path.0.is_empty()) {
            (true, true) => FaultKind::WrongRoot,
            (true, false) if value.is_null() => FaultKind::Null,
            (true, false) => FaultKind::WrongType,
            (false, _) => FaultKind::Constraint,
        };
        self.fault(kind, path, keyword, certain);
        if kind != FaultKind::Constraint {
            // A device may as well call it what it is: a broken `oneOf`, a rule like another.
            self.fault(FaultKind::Constraint, path, keyword, false);
        }
        for fault in all.into_iter().flat_map(|a| a.faults) {
            let fault = Violation {
                certain: false,
                ..fault
            };
            if !self.faults.contains(&fault) {
                self.faults.push(fault);
            }
        }
    }
}

/// Whether nothing that holds for the object names the member, so that it is not stated whether it
/// may be there.
fn unnamed(schema: &Schema, name: &str, around: &[&Schema]) -> bool {
    // A schema without members describes any object.
    if schema.properties.is_empty() {
        return false;
    }
    let alternative = schema
        .any_of
        .iter()
        .chain(&schema.one_of)
        .any(|s| names(s, name));
    // An alternative that names members speaks for itself.
    !alternative && !names(schema, name) && !around.iter().any(|s| names(s, name))
}

/// Whether a schema or a part that holds with it names a member.
fn names(schema: &Schema, name: &str) -> bool {
    schema.property(name).is_some() || schema.all_of.iter().any(|part| names(part, name))
}

/// The type that the stated keywords are about, where it is one.
fn implied(schema: &Schema) -> Option<JsonType> {
    let object = !schema.properties.is_empty()
        || !schema.required.is_empty()
        || schema.additional != Additional::Unstated;
    let array = schema.items.is_some() || schema.min_items.is_some() || schema.max_items.is_some();
    let string =
        schema.pattern.is_some() || schema.min_length.is_some() || schema.max_length.is_some();
    let number =
        schema.minimum.is_some() || schema.maximum.is_some() || schema.multiple_of.is_some();
    match (object, array, string, number) {
        (true, false, false, false) => Some(JsonType::Object),
        (false, true, false, false) => Some(JsonType::Array),
        (false, false, true, false) => Some(JsonType::String),
        (false, false, false, true) => Some(JsonType::Number),
        _ => None,
    }
}

fn is_a(of_type: JsonType, wanted: JsonType) -> bool {
    of_type == wanted || (of_type == JsonType::Integer && wanted == JsonType::Number)
}

fn type_of(value: &Value) -> JsonType {
    match value {
        Value::Null => JsonType::Null,
        Value::Bool(_) => JsonType::Boolean,
        Value::Number(n) if n.is_f64() => JsonType::Number,
        Value::Number(_) => JsonType::Integer,
        Value::String(_) => JsonType::String,
        Value::Array(_) => JsonType::Array,
        Value::Object(_) => JsonType::Object,
    }
}

/// Whether a number is no multiple of a step: surely (`Some(true)`), perhaps, or not (`None`).
fn off_step(number: &Number, step: &Number) -> Option<bool> {
    if let (Some(n), Some(s)) = (whole(number), whole(step)) {
        return (s != 0 && n % s != 0).then_some(true);
    }
    let ratio = number.as_f64()? / step.as_f64()?;
    if ratio.abs() > 1e9 {
        return Some(false);
    }
    // Binary fractions make `0.3` no multiple of `0.1`: only clear misses are sure.
    let off = (ratio - ratio.round()).abs();
    (off > 0.0).then_some(off > 1e-6)
}

/// Whether an item is there twice.
fn twice(items: &[Value]) -> bool {
    let mut seen = HashSet::new();
    items.iter().any(|item| !seen.insert(canonical(item)))
}

/// One text for equal values: members sorted, numbers by value.
fn canonical(value: &Value) -> String {
    match value {
        Value::Number(n) => match (whole(n), n.as_f64()) {
            // `1.0` is `1`, and `-0.0` is `0`.
            (None, Some(f)) if f.fract() == 0.0 => format!("{:.0}", f + 0.0),
            _ => n.to_string(),
        },
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(members) => {
            let mut members: Vec<String> = members
                .iter()
                .map(|(k, v)| format!("{}:{}", Value::from(k.as_str()), canonical(v)))
                .collect();
            members.sort_unstable();
            format!("{{{}}}", members.join(","))
        }
        other => other.to_string(),
    }
}
