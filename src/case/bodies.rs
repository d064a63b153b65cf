//! What is known of an operation's bodies: valid ones to start from, and what the document says of
//! any other.

use super::build::{emit_with_raw, get, set};
use super::model::Context;
use super::reach::unsure_target;
use super::unstated;
use crate::contract::{
    self, Additional, Assessed, FaultKind, FieldPath, Format, Operation, Schema, SchemaRef, shape,
};
use crate::pattern::{Assessment, Text};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// The bodies of one operation that takes some.
pub(super) struct Bodies<'c, 'a> {
    /// What strategies work from.
    pub context: &'c Context<'a>,
    /// The operation.
    pub op: &'c Operation,
    /// Rules of the body.
    pub schema: &'c Schema,
    /// Surely valid, required members only.
    pub minimal: Value,
    /// Surely valid, every member.
    pub full: Value,
    /// Surely valid, every member, with other values as far as the rules have them.
    pub second: Value,
    /// As `second`, with third values: what is to be refused is sent in this body and in no other
    /// way, so that a device that stores half of it shows.
    pub other: Value,
    /// Whether these are surely valid: where none is, the nearest that could be built stand here,
    /// from which nothing may be concluded but what is invalid in any case.
    pub sure: bool,
    samples: RefCell<BTreeMap<FieldPath, Rc<[String]>>>,
    /// The body that was asked for last: a strategy looks at one before it drafts a case of it.
    last: RefCell<Option<(Value, Assessed)>>,
}

impl<'c, 'a> Bodies<'c, 'a> {
    /// The bodies of an operation; `None` where it takes none or none can be built.
    pub fn of(context: &'c Context<'a>, op: &'c Operation) -> Option<Bodies<'c, 'a>> {
        let body = op.body.as_ref()?;
        if body.format == Format::Unsupported {
            return None;
        }
        let plain = context.bodies(op)?;
        Some(Bodies {
            context,
            op,
            schema: &body.schema,
            minimal: plain.minimal.clone(),
            second: plain.second.clone(),
            other: plain.other.clone(),
            full: plain.full.clone(),
            sure: plain.sure,
            samples: RefCell::default(),
            last: RefCell::default(),
        })
    }

    /// The format of the body.
    pub fn format(&self) -> Option<Format> {
        self.op.body.as_ref().map(|body| body.format)
    }

    /// Leaf and inner fields that a client may send: as many as a plan goes through.
    pub fn fields(&self) -> Vec<contract::Field<'_>> {
        let mut fields = self.op.fields();
        fields.retain(|f| !f.schema.read_only);
        self.context.memo.cut(fields)
    }

    /// [`Bodies::fields`], and one entry of each map with what is below it. Which names a device knows
    /// is not known: nothing with such an entry is surely taken.
    pub fn fields_and_entries(&self) -> Vec<contract::Field<'_>> {
        let mut fields = self.op.fields_with_entries(ENTRY);
        fields.retain(|f| !f.schema.read_only);
        self.context.memo.cut(fields)
    }

    /// [`Bodies::other`] with `value` at the field; a minimal body that holds the field where
    /// `other` does not.
    pub fn with(&self, field: &FieldPath, value: Value) -> Option<Value> {
        set(&*self.held(field)?, field, value)
    }

    /// A surely valid body in which the field is present.
    pub fn holding(&self, field: &FieldPath) -> Option<Value> {
        Some(self.held(field)?.clone())
    }

    fn held(&self, field: &FieldPath) -> Option<Held<'_>> {
        let known = [&self.other, &self.full, &self.second];
        if let Some(known) = known.into_iter().find(|body| get(body, field).is_some()) {
            return Some(Held::Known(known));
        }
        self.context.holding(self.op, field).map(Held::Made)
    }

    /// The value of the field in [`Bodies::holding`].
    pub fn sample(&self, field: &FieldPath) -> Option<Value> {
        get(&*self.held(field)?, field).cloned()
    }

    /// Surely valid strings for a field, the one of [`Bodies::sample`] first, then different
    /// branches of its pattern. Made once: they come from walks through automata.
    pub fn samples(&self, path: &FieldPath, schema: &Schema) -> Rc<[String]> {
        if let Some(known) = self.samples.borrow().get(path) {
            return known.clone();
        }
        let mut out: Vec<String> = Vec::new();
        let mut push = |text: String| {
            if !out.contains(&text) {
                out.push(text);
            }
        };
        if let Some(Value::String(text)) = self.sample(path) {
            push(text);
        }
        if let Some(text) = self.text_of(schema) {
            for sample in text.valid_cover(MOST_SAMPLES) {
                push(sample.text);
            }
        }
        let out: Rc<[String]> = out.into();
        self.samples.borrow_mut().insert(path.clone(), out.clone());
        out
    }

    /// The readings of a string schema.
    pub fn text_of(&self, schema: &Schema) -> Option<&Text> {
        self.context.texts.get(&schema.rule()?)
    }

    /// [`Bodies::holding`] with a raw token at the field.
    pub fn raw(&self, field: &FieldPath, token: &str) -> Option<Vec<u8>> {
        Some(emit_with_raw(&*self.held(field)?, field, token))
    }

    /// What the page says of a body.
    pub fn assess(&self, body: &Value) -> Assessed {
        if let Some((known, assessed)) = &*self.last.borrow()
            && known == body
        {
            return assessed.clone();
        }
        let assessed = self.assess_anew(body);
        *self.last.borrow_mut() = Some((body.clone(), assessed.clone()));
        assessed
    }

    fn assess_anew(&self, body: &Value) -> Assessed {
        let mut assessed = contract::assess(self.schema, body, self.context.texts);
        if assessed.certainty == Assessment::SurelyValid
            && unstated::exceeded(self.schema, None, body).is_some()
        {
            assessed.certainty = Assessment::Open;
        }
        // RFC 7396 §1: `null` removes a member, and one that is not there stays as it is.
        let lawful = |kind| matches!(kind, FaultKind::Null | FaultKind::Missing);
        if self.format() == Some(Format::MergePatch)
            && assessed.certainty == Assessment::SurelyInvalid
            && assessed.faults.iter().all(|f| !f.certain || lawful(f.kind))
        {
            assessed.certainty = Assessment::Open;
        }
        assessed
    }

    /// Whether a body with `value` at the field looks surely valid: by the rules of the field alone
    /// where no rule is about several members, so that a body of hundreds of members is not gone
    /// through for each value of each. Whoever sends the body asks [`Bodies::assess`].
    pub fn fits(&self, field: &FieldPath, value: &Value) -> bool {
        if let Some(rules) = self.alone(field).filter(|_| self.sure) {
            let assessed = contract::assess(rules, value, self.context.texts);
            return assessed.certainty == Assessment::SurelyValid
                && unstated::exceeded(rules, field.leaf(), value).is_none();
        }
        self.with(field, value.clone())
            .is_some_and(|body| self.assess(&body).certainty == Assessment::SurelyValid)
    }

    /// The rules of a field, where those decide alone.
    fn alone(&self, field: &FieldPath) -> Option<&'c Schema> {
        let mut at: &'c Schema = self.schema;
        for step in &field.0 {
            at = match step {
                contract::Step::Member(name) => at.property(name).filter(|_| plain_object(at))?,
                contract::Step::Item => at.item(0).filter(|_| plain_list(at))?,
            };
        }
        Some(at)
    }

    /// What of a written body must read back: the members that the document describes and the read
    /// can show, without the ids that the path gives; `None` where it can show nothing of it.
    pub fn kept(&self, written: Value) -> Option<Value> {
        let mut value = described(self.schema, written);
        // In a partial write `null` is a value to some and the end of the member to others (RFC 7396).
        let removes = self.format() == Some(Format::MergePatch);
        if self.op.method == "PATCH" && holds_null(&value) && !removes {
            return None;
        }
        if let Some(read) = self.context.answer_of_read(self.op) {
            let mut shown = shape::showable(read, value.clone(), self.context.texts)?;
            if removes {
                shown = with_nulls(read, &value, shown);
            }
            // What a partial write does not name has to stay: a member that was written and cannot be
            // shown must not be taken for one of those.
            if self.op.method == "PATCH" && shown != value {
                return None;
            }
            value = shown;
        }
        if let Value::Object(members) = &mut value {
            for id in self.context.own_ids(self.op) {
                let named = members.shift_remove(&id).is_some();
                // Devices keep an id or take the new one: it is none of the members that have to stay.
                if named && self.op.method == "PATCH" {
                    return None;
                }
            }
        }
        Some(value)
    }

    /// What is left open of any body of the operation that is valid by its schema.
    pub fn unsure(&self) -> Option<&'static str> {
        let patch = self.format() == Some(Format::JsonPatch);
        unsure_target(self.context, self.op)
            .or_else(|| patch.then_some("whether the patch applies to what stands"))
    }

    /// `count` items that the rules of an array allow, different ones where they have to be; fewer
    /// where there are not so many.
    pub fn items(&self, schema: &Schema, count: usize) -> Vec<Value> {
        self.context.items(schema, count)
    }

    /// A value for each alternative, `None` where none could be built.
    pub fn choices(&self, schema: &Schema, alternatives: &[SchemaRef]) -> Vec<Option<Value>> {
        alternatives
            .iter()
            .map(|choice| self.context.choice(schema, choice))
            .collect()
    }
}

/// What a read shows of a merge patch, with the members that it removes: a read that knows them shows
/// them no more (RFC 7396 §2).
fn with_nulls(read: &Schema, written: &Value, shown: Value) -> Value {
    let (Value::Object(written), Value::Object(mut members)) = (written, shown.clone()) else {
        return shown;
    };
    let known = shape::members(read);
    let mut all = Map::new();
    for (name, value) in written {
        let knows = known.iter().any(|(n, of)| n == name && !of.of_device);
        match members.shift_remove(name) {
            Some(value) => drop(all.insert(name.clone(), value)),
            None if value.is_null() && knows => drop(all.insert(name.clone(), Value::Null)),
            None => {}
        }
    }
    all.extend(members);
    Value::Object(all)
}

/// A body in which a field is present.
enum Held<'b> {
    Known(&'b Value),
    Made(Arc<Value>),
}

impl std::ops::Deref for Held<'_> {
    type Target = Value;

    fn deref(&self) -> &Value {
        match self {
            Held::Known(body) => body,
            Held::Made(body) => body,
        }
    }
}

/// Whether no rule of a schema is about the whole of a value.
fn plain(schema: &Schema) -> bool {
    let lists = [&schema.all_of, &schema.any_of, &schema.one_of];
    schema.not.is_none()
        && schema.if_schema.is_none()
        && lists.into_iter().all(Vec::is_empty)
        && schema.enum_values.is_none()
        && schema.const_value.is_none()
        && schema.unchecked.is_empty()
}

/// Whether each item of a list keeps its rules whatever the others are.
fn plain_list(schema: &Schema) -> bool {
    plain(schema)
        && schema.contains.is_none()
        && schema.unevaluated_items.is_none()
        && !schema.unique_items
}

/// Whether each member of an object keeps its rules whatever the others are.
fn plain_object(schema: &Schema) -> bool {
    plain(schema)
        && schema.property_names.is_none()
        && schema.unevaluated_properties.is_none()
        && schema.pattern_properties.is_empty()
        && schema.dependent_required.is_empty()
        && schema.dependent_schemas.is_empty()
        && schema.min_properties.is_none()
        && schema.max_properties.is_none()
}

/// The name of an entry that is put into a map.
const ENTRY: &str = "probity";

/// The map around a field that lies in an entry of ours.
pub(super) fn map_around(field: &FieldPath) -> Option<FieldPath> {
    let ours = |step: &contract::Step| matches!(step, contract::Step::Member(n) if n == ENTRY);
    let at = field.0.iter().position(ours)?;
    field.0.get(..at).map(|way| FieldPath(way.to_vec()))
}

/// Valid strings that mutations start from.
const MOST_SAMPLES: usize = 12;

/// The type that a field is mostly of: the first that is not `null`.
pub(super) fn main_type(schema: &Schema) -> Option<contract::JsonType> {
    let own = schema
        .types
        .iter()
        .copied()
        .find(|t| *t != contract::JsonType::Null);
    own.or_else(|| {
        let parts = schema.all_of.iter().chain(&schema.any_of);
        parts.chain(&schema.one_of).find_map(|part| main_type(part))
    })
}

fn holds_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(members) => members.values().any(holds_null),
        _ => false,
    }
}

/// The members that the page describes: nothing is promised of the others, not even that they are
/// kept.
fn described(schema: &Schema, value: Value) -> Value {
    let Value::Object(map) = value else {
        return value;
    };
    let members =
        map.into_iter().filter_map(
            |(name, member)| match unstated::member_schema(schema, &name) {
                Some(rules) => Some((name, described(rules, member))),
                None => {
                    matches!(schema.additional, Additional::Schema(_)).then_some((name, member))
                }
            },
        );
    Value::Object(members.collect())
}
