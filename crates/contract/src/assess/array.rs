//! Rules of arrays. Part of [`super`].

use super::{Assessed, Assessor};
use crate::merge::whole;
use crate::model::*;
use probity_pattern::Assessment;
use serde_json::Value;
use std::collections::HashSet;

impl Assessor<'_> {
    pub(super) fn array(
        &mut self,
        schema: &Schema,
        items: &[Value],
        path: &FieldPath,
        around: &[&Schema],
    ) {
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
        let inside = path.item();
        for (i, item) in items.iter().enumerate() {
            if let Some(rules) = schema.item(i) {
                self.value(rules, item, &inside, &[]);
            }
        }
        self.contains(schema, items, path);
        self.unevaluated_items(schema, items, path, around);
    }

    /// `contains`, `minContains`, `maxContains` (JSON Schema 2020-12 §10.3.1.3, validation §6.4).
    fn contains(&mut self, schema: &Schema, items: &[Value], path: &FieldPath) {
        let Some(rules) = &schema.contains else {
            return;
        };
        let inside = path.item();
        let all: Vec<Assessed> = items
            .iter()
            .map(|item| self.ask(rules, item, &inside, &[]))
            .collect();
        let of = |what| all.iter().filter(|a| a.certainty == what).count() as u64;
        let sure = of(Assessment::SurelyValid);
        let possible = sure + of(Assessment::Open);
        let least = schema.min_contains.unwrap_or(1);
        if sure < least {
            let keyword = match schema.min_contains {
                Some(_) => "minContains",
                None => "contains",
            };
            self.fault(FaultKind::Constraint, path, keyword, possible < least);
        }
        if let Some(most) = schema.max_contains
            && possible > most
        {
            self.fault(FaultKind::Constraint, path, "maxContains", sure > most);
        }
    }

    /// `unevaluatedItems` (JSON Schema 2020-12 §11.2).
    fn unevaluated_items(
        &mut self,
        schema: &Schema,
        items: &[Value],
        path: &FieldPath,
        around: &[&Schema],
    ) {
        let Some(rules) = &schema.unevaluated_items else {
            return;
        };
        let seen = self.items_seen(schema, items, path, around);
        let inside = path.item();
        let was = self.blurred;
        for (item, seen) in items.iter().zip(seen) {
            match seen {
                Some(true) => continue,
                Some(false) => self.blurred = was,
                None => self.blurred = true,
            }
            let found = self.ask(rules, item, &inside, &[]);
            if found.is_hinted() {
                self.faults.extend(found.faults);
            } else if found.certainty != Assessment::SurelyValid {
                let sure = found.certainty == Assessment::SurelyInvalid;
                self.fault(FaultKind::Constraint, &inside, "unevaluatedItems", sure);
            }
        }
        self.blurred = was;
    }
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
