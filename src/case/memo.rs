//! What several strategies need of one operation and what costs walks through automata: worked out
//! once for each operation and parameter that is asked for. May import what [`crate::case`] may.

use super::model::Context;
use super::serialize::{self, Written};
use crate::contract::{Operation, Parameter};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Results kept for one contract; see [`Context::memo`]. A clone starts empty.
#[derive(Debug, Default)]
pub struct Memo {
    bodies: Mutex<BTreeMap<String, Option<Arc<Bodies>>>>,
    parameters: Mutex<BTreeMap<String, Arc<Plain>>>,
}

/// The bodies of one operation that cases start from.
#[derive(Clone, Debug)]
pub(super) struct Bodies {
    /// Required members only.
    pub minimal: Value,
    /// Every member.
    pub full: Value,
    /// Every member, with other values as far as the rules have them.
    pub second: Value,
    /// As `second`, with third values.
    pub other: Value,
    /// Whether all of them are surely valid; else they are the nearest that could be built.
    pub sure: bool,
}

/// The plain valid value of a parameter.
#[derive(Clone, Debug)]
pub(super) struct Plain {
    /// The value; `None` where none is surely valid.
    pub value: Option<Value>,
    /// What is sent.
    pub written: Written,
    /// What is left open about it.
    pub question: Option<&'static str>,
}

impl Context<'_> {
    /// The bodies of an operation; `None` where it takes none or none can be built.
    pub(super) fn bodies(&self, op: &Operation) -> Option<Arc<Bodies>> {
        let kept = self.memo.bodies.lock();
        if let Some(known) = kept.unwrap_or_else(PoisonError::into_inner).get(&op.id) {
            return known.clone();
        }
        let made = self.make_bodies(op).map(Arc::new);
        let kept = self.memo.bodies.lock();
        let mut kept = kept.unwrap_or_else(PoisonError::into_inner);
        kept.insert(op.id.clone(), made.clone());
        made
    }

    fn make_bodies(&self, op: &Operation) -> Option<Bodies> {
        let sure = self.full(op).or_else(|| self.base(op));
        let (full, sure) = match sure {
            Some(full) => (full, true),
            None => (self.nearest(op)?, false),
        };
        let or_full = |value: Option<Value>| value.unwrap_or_else(|| full.clone());
        Some(Bodies {
            minimal: or_full(self.base(op)),
            second: or_full(self.full_nth(op, 1)),
            other: or_full(self.full_nth(op, 2)),
            full,
            sure,
        })
    }

    /// What is sent for a parameter that no case is about.
    pub(super) fn parameter(&self, parameter: &Parameter) -> Arc<Plain> {
        let key = &parameter.pointer;
        let kept = self.memo.parameters.lock();
        if let Some(known) = kept.unwrap_or_else(PoisonError::into_inner).get(key) {
            return known.clone();
        }
        let value = self.value(&parameter.schema);
        let written = value.as_ref().and_then(|v| serialize::write(parameter, v));
        let question = match (&value, &written) {
            (Some(value), Some(_)) => serialize::doubtful(parameter, value),
            (Some(_), None) => Some("how a parameter is written"),
            (None, _) => Some("whether the value of a parameter is valid"),
        };
        let plain = Arc::new(Plain {
            question,
            written: written.unwrap_or_else(|| match &value {
                Some(value) => serialize::write_text(parameter, &value.to_string()),
                None => serialize::write_text(parameter, "1"),
            }),
            value,
        });
        let kept = self.memo.parameters.lock();
        let mut kept = kept.unwrap_or_else(PoisonError::into_inner);
        kept.insert(key.clone(), plain.clone());
        plain
    }
}
