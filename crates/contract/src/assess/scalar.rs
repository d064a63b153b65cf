//! Types, and the rules of strings and numbers. Part of [`super`].

use super::{Assessor, implied, type_of};
use crate::merge::{compare, whole};
use crate::model::*;
use base64::Engine as _;
use probity_pattern::Assessment;
use serde_json::{Number, Value};
use std::cmp::Ordering;

/// Formats that say nothing about the text (OpenAPI 3.0.4 §4.4) or are about numbers.
const SILENT_FORMATS: [&str; 6] = ["password", "binary", "int32", "int64", "float", "double"];

impl Assessor<'_> {
    /// Whether to go on: the type is allowed, or may be.
    pub(super) fn type_fits(&mut self, schema: &Schema, value: &Value, path: &FieldPath) -> bool {
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

    pub(super) fn string(&mut self, schema: &Schema, text: &str, path: &FieldPath) {
        let Some(rule) = schema.rule() else { return };
        let verdict = match self.texts.get(&rule) {
            _ if self.texts.breaks_format(&rule, text) => Assessment::SurelyInvalid,
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
            && !shown.clone().any(|v| v.as_str() == Some(text))
        {
            self.hint(path, "format");
        }
        if !decodes(schema, text) && !shown.clone().any(|v| v.as_str() == Some(text)) {
            self.hint(path, "contentEncoding");
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

    pub(super) fn number(&mut self, schema: &Schema, number: &Number, path: &FieldPath) {
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
}

pub(super) fn is_a(of_type: JsonType, wanted: JsonType) -> bool {
    of_type == wanted || (of_type == JsonType::Integer && wanted == JsonType::Number)
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

/// Whether a text is of the encoding and media type that the schema annotates; those that nobody
/// here knows are not.
fn decodes(schema: &Schema, text: &str) -> bool {
    let decoded = match schema
        .content_encoding
        .as_deref()
        .map(str::to_ascii_lowercase)
    {
        None => text.as_bytes().to_vec(),
        Some(encoding) if ["7bit", "8bit", "binary"].contains(&encoding.as_str()) => {
            text.as_bytes().to_vec()
        }
        Some(encoding) if encoding == "base64" => {
            match base64::engine::general_purpose::STANDARD.decode(text) {
                Ok(decoded) => decoded,
                Err(_) => return false,
            }
        }
        Some(_) => return false,
    };
    match schema.content_media_type.as_deref() {
        None => true,
        Some("text/plain") => std::str::from_utf8(&decoded).is_ok(),
        Some("application/json") => {
            serde_json::from_slice::<serde::de::IgnoredAny>(&decoded).is_ok()
        }
        Some(_) => false,
    }
}
