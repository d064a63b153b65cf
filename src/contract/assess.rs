//! A three-valued validator: what every plausible reading of a schema says of a value. Surely
//! valid: all rules hold under every reading. Surely invalid: some rule is broken under every
//! reading. Everything else is open.

use super::model::*;
use crate::pattern::{Assessment, Texts};
use serde_json::{Number, Value};

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
    let mut assessor = Assessor {
        texts,
        faults: Vec::new(),
    };
    assessor.value(schema, value, &FieldPath::root());
    let faults = assessor.faults;
    let certainty = if faults.is_empty() {
        Assessment::SurelyValid
    } else if faults.iter().any(|f| f.certain) {
        Assessment::SurelyInvalid
    } else {
        Assessment::Open
    };
    Assessed { certainty, faults }
}

struct Assessor<'t> {
    texts: &'t Texts,
    faults: Vec<Violation>,
}

impl Assessor<'_> {
    fn fault(&mut self, kind: FaultKind, path: &FieldPath, keyword: &'static str, certain: bool) {
        self.faults.push(Violation {
            kind,
            path: path.clone(),
            keyword,
            certain,
        });
    }

    fn value(&mut self, schema: &Schema, value: &Value, path: &FieldPath) {
        let of_type = type_of(value);
        if !schema.types.is_empty() && !self.type_fits(schema, value, path) {
            let kind = match (path.0.is_empty(), value.is_null()) {
                (true, _) => FaultKind::WrongRoot,
                (false, true) => FaultKind::Null,
                (false, false) => FaultKind::WrongType,
            };
            self.fault(kind, path, "type", true);
            return; // no other rule is about a value of a type that is not allowed
        }
        if let Some(values) = &schema.enum_values
            && !values.iter().any(|v| same(v, value))
        {
            self.fault(FaultKind::Constraint, path, "enum", true);
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
            Value::Object(members) => self.object(schema, members, path),
            Value::Null | Value::Bool(_) => {}
        }
        self.combined(schema, value, path, of_type);
    }

    /// Whether the type fits; a number like `5060.0` for an integer fits by JSON Schema
    /// (2020-12 §6.1.1) and not by many a parser: left open.
    fn type_fits(&mut self, schema: &Schema, value: &Value, path: &FieldPath) -> bool {
        let of_type = type_of(value);
        if schema.allows(of_type) {
            return true;
        }
        let whole = value.as_f64().is_some_and(|f| f.fract() == 0.0);
        if of_type == JsonType::Number && whole && schema.types.contains(&JsonType::Integer) {
            self.fault(FaultKind::WrongType, path, "type", false);
            return true;
        }
        false
    }

    fn string(&mut self, schema: &Schema, text: &str, path: &FieldPath) {
        if let Some(rule) = schema.rule() {
            let verdict = match self.texts.get(&rule) {
                Some(text_readings) => text_readings.assess(text),
                None => Assessment::Open,
            };
            let lengths = self.lengths(schema, text, path);
            match verdict {
                Assessment::SurelyValid => {}
                // A length that is surely wrong has been said; the rest of the rule adds nothing.
                Assessment::SurelyInvalid if lengths => {}
                Assessment::SurelyInvalid => {
                    let keyword = if schema.pattern.is_some() {
                        "pattern"
                    } else if schema.format.is_some() {
                        "format"
                    } else {
                        "type"
                    };
                    self.fault(FaultKind::Constraint, path, keyword, true);
                }
                Assessment::Open => {
                    let keyword = if schema.pattern.is_some() {
                        "pattern"
                    } else {
                        "format"
                    };
                    self.fault(FaultKind::Constraint, path, keyword, false);
                }
            }
        }
    }

    /// Bounds in all three units; returns whether one is surely broken.
    fn lengths(&mut self, schema: &Schema, text: &str, path: &FieldPath) -> bool {
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
                self.fault(FaultKind::Constraint, path, keyword, count == units.len());
                sure |= count == units.len();
            }
        }
        sure
    }

    fn number(&mut self, schema: &Schema, number: &Number, path: &FieldPath) {
        if let Some(bound) = &schema.minimum
            && outside(number, bound, true)
        {
            self.fault(FaultKind::Constraint, path, "minimum", true);
        }
        if let Some(bound) = &schema.maximum
            && outside(number, bound, false)
        {
            self.fault(FaultKind::Constraint, path, "maximum", true);
        }
        if let (Some(step), Some(value)) = (
            schema.multiple_of.as_ref().and_then(Number::as_f64),
            number.as_f64(),
        ) && step > 0.0
        {
            let ratio = value / step;
            let off = (ratio - ratio.round()).abs();
            if off > 1e-9 {
                // Binary fractions make `0.3` no multiple of `0.1`: only clear misses are sure.
                self.fault(FaultKind::Constraint, path, "multipleOf", off > 1e-6);
            }
        }
        // A format of a width (int32, int64) or a number beyond what a double carries: whether a
        // device takes it is not stated.
        let wide = match schema.format.as_deref() {
            Some("int32") => number
                .as_f64()
                .is_some_and(|f| !(-2_147_483_648.0..=2_147_483_647.0).contains(&f)),
            Some("int64") => {
                number.as_i64().is_none() && number.as_f64().is_some_and(|f| f.abs() >= 9.2e18)
            }
            _ => false,
        };
        if wide {
            self.fault(FaultKind::Constraint, path, "format", false);
        }
        let unbounded_side = number.as_f64().is_some_and(|f| {
            (f > 0.0 && schema.maximum.is_none() && f > 2_147_483_647.0)
                || (f < 0.0 && schema.minimum.is_none())
        });
        if unbounded_side && !wide {
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
        if schema.unique_items
            && items
                .iter()
                .enumerate()
                .any(|(i, a)| items[..i].iter().any(|b| same(a, b)))
        {
            self.fault(FaultKind::Constraint, path, "uniqueItems", true);
        }
        if let Some(rules) = &schema.items {
            let path = path.item();
            for item in items {
                self.value(rules, item, &path);
            }
        }
    }

    fn object(
        &mut self,
        schema: &Schema,
        members: &serde_json::Map<String, Value>,
        path: &FieldPath,
    ) {
        for name in &schema.required {
            if !members.contains_key(name) {
                self.fault(FaultKind::Missing, &path.member(name), "required", true);
            }
        }
        for (name, rules) in &schema.properties {
            if let Some(member) = members.get(name) {
                self.value(rules, member, &path.member(name));
                if rules.read_only {
                    self.fault(FaultKind::Constraint, &path.member(name), "readOnly", false);
                }
            }
        }
        for (name, member) in members {
            if schema.property(name).is_some() {
                continue;
            }
            let path = path.member(name);
            match &schema.additional {
                Additional::Allowed => {}
                Additional::Forbidden => {
                    self.fault(
                        FaultKind::UnknownMember,
                        &path,
                        "additionalProperties",
                        true,
                    );
                }
                Additional::Schema(rules) => self.value(rules, member, &path),
                // A schema without members describes any object.
                Additional::Unstated if schema.properties.is_empty() => {}
                Additional::Unstated => {
                    self.fault(
                        FaultKind::UnknownMember,
                        &path,
                        "additionalProperties",
                        false,
                    );
                }
            }
        }
    }

    fn combined(&mut self, schema: &Schema, value: &Value, path: &FieldPath, of_type: JsonType) {
        for part in &schema.all_of {
            let known = self.faults.len();
            self.value(part, value, path);
            // Members that another part describes are not unknown.
            let described = |name: &str| {
                schema.property(name).is_some()
                    || schema.all_of.iter().any(|p| p.property(name).is_some())
            };
            let late = self.faults.split_off(known);
            self.faults.extend(late.into_iter().filter(|f| {
                f.certain
                    || f.kind != FaultKind::UnknownMember
                    || !f.path.leaf().is_some_and(described)
            }));
        }
        let results = |list: &[Schema]| -> Vec<Assessed> {
            list.iter().map(|s| assess(s, value, self.texts)).collect()
        };
        let of =
            |all: &[Assessed], what: Assessment| all.iter().filter(|a| a.certainty == what).count();
        let any = results(&schema.any_of);
        if !any.is_empty() && of(&any, Assessment::SurelyValid) == 0 {
            let certain = of(&any, Assessment::SurelyInvalid) == any.len();
            self.alternative(&any, path, "anyOf", certain, of_type);
        }
        let one = results(&schema.one_of);
        if !one.is_empty() {
            let (valid, invalid) = (
                of(&one, Assessment::SurelyValid),
                of(&one, Assessment::SurelyInvalid),
            );
            if valid > 1 || invalid == one.len() {
                self.alternative(&one, path, "oneOf", true, of_type);
            } else if !(valid == 1 && invalid == one.len() - 1) {
                self.alternative(&one, path, "oneOf", false, of_type);
            }
        }
        if let Some(not) = &schema.not {
            match assess(not, value, self.texts).certainty {
                Assessment::SurelyValid => self.fault(FaultKind::Constraint, path, "not", true),
                Assessment::Open => self.fault(FaultKind::Constraint, path, "not", false),
                Assessment::SurelyInvalid => {}
            }
        }
    }

    /// None or too many alternatives fit. Where a single alternative is of the value's type, its
    /// own faults say more than "no alternative fits".
    fn alternative(
        &mut self,
        all: &[Assessed],
        path: &FieldPath,
        keyword: &'static str,
        certain: bool,
        of_type: JsonType,
    ) {
        let root_type = all.iter().all(|a| {
            a.faults
                .iter()
                .any(|f| f.keyword == "type" && f.path.0.is_empty() && f.certain)
        });
        let kind = match (root_type, path.0.is_empty(), of_type) {
            (true, true, _) => FaultKind::WrongRoot,
            (true, false, JsonType::Null) => FaultKind::Null,
            (true, false, _) => FaultKind::WrongType,
            (false, _, _) => FaultKind::Constraint,
        };
        self.fault(kind, path, keyword, certain);
    }
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

fn outside(number: &Number, bound: &Bound, low: bool) -> bool {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let order = match (number.as_i64(), bound.value.as_i64()) {
        (Some(n), Some(b)) => n.cmp(&b),
        _ => match (number.as_f64(), bound.value.as_f64()) {
            (Some(n), Some(b)) => n.partial_cmp(&b).unwrap_or(Equal),
            _ => Equal,
        },
    };
    match (order, low) {
        (Equal, _) => bound.exclusive,
        (Less, low) => low,
        (Greater, low) => !low,
    }
}

/// Equality of JSON values as JSON Schema means it: `1` equals `1.0` (2020-12 §4.2.2).
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, a)| b.get(k).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}
