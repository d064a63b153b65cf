//! What several strategies need of one operation and what costs walks through automata: worked out
//! once for each operation and parameter that is asked for.

use super::meaning;
use super::model::Context;
use super::serialize::{self, Written};
use super::unstated;
use crate::contract::{self, Effects, FieldPath, Operation, Parameter};
use crate::pattern::{Assessment, Rule, Text};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Results kept for one contract; see [`Context::memo`]. A clone starts empty.
#[derive(Debug, Default)]
pub struct Memo {
    bodies: Mutex<BTreeMap<String, Option<Arc<Bodies>>>>,
    parameters: Mutex<BTreeMap<String, Arc<Plain>>>,
    effects: OnceLock<Arc<Effects>>,
    items: OnceLock<Arc<HashSet<String>>>,
    writes: OnceLock<Arc<HashSet<String>>>,
    readers: OnceLock<Arc<HashMap<String, usize>>>,
    first_json: OnceLock<Option<usize>>,
    /// Methods that the document has at the path that was asked about last.
    methods: Mutex<(String, Arc<Vec<String>>)>,
    /// Bodies that hold a field, of the operation that was asked about last.
    holding: Mutex<(String, Holding)>,
    /// Fields of a body that strategies go through; 0: all.
    most_fields: AtomicUsize,
    samples: Mutex<HashMap<(Rule, usize), Option<String>>>,
}

/// Fields that are gone through, times the fields that each body for one of them has: all of 300, and 66
/// of 1,500.
const MOST_AT_ONCE: usize = 100_000;

type Holding = BTreeMap<FieldPath, Option<Arc<Value>>>;

impl Memo {
    /// What each operation may do.
    pub(super) fn effects(&self, make: impl FnOnce() -> Effects) -> Arc<Effects> {
        self.effects.get_or_init(|| Arc::new(make())).clone()
    }

    /// Path templates of items that can be created.
    pub(super) fn items(&self, make: impl FnOnce() -> HashSet<String>) -> Arc<HashSet<String>> {
        self.items.get_or_init(|| Arc::new(make())).clone()
    }

    /// The `nth` of the strings that cover a rule: an array of many asks for each of them.
    pub(super) fn sample(&self, rule: &Rule, nth: usize, text: &Text) -> Option<String> {
        let samples = || self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (rule.clone(), nth);
        if let Some(known) = samples().get(&key) {
            return known.clone();
        }
        let cover = text.valid_cover(nth + 1);
        let made = cover.into_iter().nth(nth).map(|sample| sample.text);
        samples().insert(key, made.clone());
        made
    }

    /// Operations whose writes can be read and put back.
    pub(super) fn writes(&self, make: impl FnOnce() -> HashSet<String>) -> Arc<HashSet<String>> {
        self.writes.get_or_init(|| Arc::new(make())).clone()
    }

    /// Places of the operations that read, by their path.
    pub(super) fn readers(
        &self,
        make: impl FnOnce() -> HashMap<String, usize>,
    ) -> Arc<HashMap<String, usize>> {
        self.readers.get_or_init(|| Arc::new(make())).clone()
    }

    /// Methods that the document has at a path, found once while cases of one operation are made.
    pub(in crate::case) fn methods_at(
        &self,
        path: &str,
        find: impl FnOnce() -> Vec<String>,
    ) -> Arc<Vec<String>> {
        let mut kept = self.methods.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.0 != path {
            *kept = (path.to_owned(), Arc::new(find()));
        }
        kept.1.clone()
    }

    /// The place of the first operation that takes JSON and may be called.
    pub(super) fn first_json(&self, find: impl FnOnce() -> Option<usize>) -> Option<usize> {
        *self.first_json.get_or_init(find)
    }

    /// Says how many fields of a body strategies are to go through; `None`: all.
    pub(super) fn go_through(&self, fields: Option<usize>) {
        self.most_fields
            .store(fields.unwrap_or(0), Ordering::Relaxed);
    }

    /// Leaves of `fields` as many as strategies are to go through: what lies nearest to the root.
    pub(super) fn cut<'f>(&self, mut fields: Vec<contract::Field<'f>>) -> Vec<contract::Field<'f>> {
        let most = self.most_fields.load(Ordering::Relaxed);
        // Each field has bodies of its own, and each of those has all fields.
        let most = most.min((MOST_AT_ONCE / fields.len().max(1)).max(1));
        if most == 0 || fields.len() <= most {
            return fields;
        }
        let mut depths: Vec<usize> = fields.iter().map(|f| f.path.0.len()).collect();
        depths.sort_unstable();
        let deepest = depths.get(most).copied().unwrap_or(usize::MAX);
        let mut left = most - depths.iter().filter(|depth| **depth < deepest).count();
        fields.retain(|field| match field.path.0.len().cmp(&deepest) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Equal if left > 0 => {
                left -= 1;
                true
            }
            _ => false,
        });
        fields
    }
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

    /// [`Context::base_with`], worked out once while cases of one operation are made: each value of a
    /// field asks for it.
    pub(super) fn holding(&self, op: &Operation, field: &FieldPath) -> Option<Arc<Value>> {
        let lock = || {
            let kept = self.memo.holding.lock();
            kept.unwrap_or_else(PoisonError::into_inner)
        };
        if let (of, known) = &*lock()
            && *of == op.id
            && let Some(known) = known.get(field)
        {
            return known.clone();
        }
        let made = self.base_with(op, field).map(Arc::new);
        let (of, known) = &mut *lock();
        if *of != op.id {
            known.clear();
            of.clone_from(&op.id);
        }
        known.insert(field.clone(), made.clone());
        made
    }

    fn make_bodies(&self, op: &Operation) -> Option<Bodies> {
        if let Some(full) = self.full(op).or_else(|| self.base(op)) {
            let or_full = |value: Option<Value>| value.unwrap_or_else(|| full.clone());
            let plain = |value: Value| self.without_unknown(op, self.without_ids(op, value));
            return Some(Bodies {
                minimal: plain(or_full(self.base(op))),
                second: plain(or_full(self.full_nth(op, 1))),
                other: plain(or_full(self.full_nth(op, 2))),
                full: plain(full),
                sure: true,
            });
        }
        let body = op.body.as_ref()?;
        // What the document shows and what can be put together, held against both validators; where
        // the profile gives a body, nothing but that.
        let candidates = match body.given {
            Some(_) => Vec::new(),
            None => body.candidates(self.texts),
        };
        let mut known: Vec<(Value, bool)> = candidates
            .into_iter()
            .map(|c| {
                let sure = c.assessed.certainty == Assessment::SurelyValid
                    && unstated::exceeded(&body.schema, None, &c.value).is_none();
                (c.value, sure)
            })
            .collect();
        known.sort_by_key(|(_, sure)| !sure);
        let sure = known.first().is_some_and(|(_, sure)| *sure);
        // Beside a surely valid body, only others of its kind count.
        known.retain(|(_, s)| *s == sure);
        let mut known: Vec<Value> = known.into_iter().map(|(value, _)| value).collect();
        if known.is_empty() {
            known.push(self.nearest(op)?);
        }
        let size = |value: &Value| value.to_string().len();
        known.sort_by_key(size);
        let minimal = known.first()?.clone();
        known.reverse();
        let nth = |n: usize| known.get(n % known.len()).unwrap_or(&minimal).clone();
        Some(Bodies {
            full: nth(0),
            second: nth(1),
            other: nth(2),
            minimal,
            sure,
        })
    }

    /// A body of a write of an item without the item's id, where that may be left out: the path gives
    /// it, and one of another value is a fault.
    pub(super) fn without_ids(&self, op: &Operation, value: Value) -> Value {
        let (ids, body) = (self.own_ids(op), op.body.as_ref());
        let mut plain = value.clone();
        if let Value::Object(members) = &mut plain {
            ids.iter().for_each(|id| drop(members.shift_remove(id)));
        }
        let sure = |body: &contract::Body| {
            let assessed = contract::assess(&body.schema, &plain, self.texts);
            assessed.certainty == Assessment::SurelyValid
        };
        match body.is_some_and(sure) {
            true => plain,
            false => value,
        }
    }

    /// A body without the optional members whose values of our making the device may not know
    /// ([`meaning::invented`]), where they may be left out: with one of them nothing that is refused says
    /// anything of the others. Each still has cases of its own.
    fn without_unknown(&self, op: &Operation, value: Value) -> Value {
        let Some(body) = op.body.as_ref().filter(|body| body.given.is_none()) else {
            return value;
        };
        let open = |value: &Value| meaning::invented(&body.schema, None, value).is_some();
        if !open(&value) {
            return value;
        }
        let mut plain = value.clone();
        meaning::leave_out_invented(&body.schema, &mut plain);
        let assessed = contract::assess(&body.schema, &plain, self.texts);
        match assessed.certainty == Assessment::SurelyValid {
            true => plain,
            false => value,
        }
    }

    /// What is sent for a parameter that no case is about.
    pub(super) fn parameter(&self, parameter: &Parameter) -> Arc<Plain> {
        // Several operations may share a parameter, and the profile give each another value.
        let key = match &parameter.given {
            Some(given) => format!("{} {given}", parameter.pointer),
            None => parameter.pointer.clone(),
        };
        let kept = self.memo.parameters.lock();
        if let Some(known) = kept.unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let given = parameter.given.clone();
        let value = given.or_else(|| self.value(&parameter.schema));
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
        kept.insert(key, plain.clone());
        plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, json};

    /// Each of many members has bodies of its own, and each of those has all members: their number is
    /// bound by what that costs. Without it a body of 1,500 members took more than 45 s to plan.
    #[test]
    fn of_many_fields_as_many_are_gone_through_as_their_bodies_allow() {
        let contract = |count: usize| {
            let members = (0..count).map(|n| (format!("m{n}"), json!({"type": "boolean"})));
            let schema = json!({"type": "object", "properties": members.collect::<Map<_, _>>()});
            let put = json!({
                "requestBody": {"content": {"application/json": {"schema": schema}}},
                "responses": {"200": {"description": "d"}},
            });
            let document = json!({
                "openapi": "3.0.3",
                "info": {"title": "t", "version": "1"},
                "paths": {"/x": {"put": put}},
            });
            contract::load_bytes("x", document.to_string().as_bytes()).expect("a document")
        };
        let memo = Memo::default();
        let contracts = [contract(299), contract(1_499)];
        let left = || {
            contracts
                .each_ref()
                .map(|c| memo.cut(c.operations[0].fields()).len())
        };
        // Everything, whatever it costs; the root is a field as well.
        let [all, more] = left();
        assert!(all >= 299 && more >= 1_499, "{all}, {more}");
        memo.go_through(Some(2_400));
        assert_eq!(left(), [all, MOST_AT_ONCE / more]);
        memo.go_through(Some(40));
        assert_eq!(left(), [40, 40]);
    }
}
