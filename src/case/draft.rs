//! From an idea ("this body, about this field") to a case: what the page says of the body decides
//! what may come back, never the idea itself.

use super::build::{case_id, emit, emit_with_raw, get, set};
use super::meaning;
use super::model::{Case, Check, Context, Expect, Fault, SuccessIs};
use super::unstated;
use crate::contract::{
    self, Access, Additional, Assessed, FaultKind, FieldPath, Format, JsonType, Operation, Place,
    Schema, SchemaRef, Violation, answers_promise,
};
use crate::exchange::Request;
use crate::pattern::{Assessment, Text};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What one strategy works on: an operation with a body, and bodies to start from.
pub(super) struct Scene<'c, 'a> {
    /// What strategies work from.
    pub context: &'c Context<'a>,
    /// The operation.
    pub op: &'c Operation,
    /// Rules of its body.
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
    strategy: &'static str,
    cases: Vec<Case>,
    samples: RefCell<BTreeMap<FieldPath, Rc<[String]>>>,
}

/// A body to send and what it is about.
pub(super) struct Sketch<'s> {
    /// The field it is about.
    pub field: &'s FieldPath,
    /// The keyword of the promise that a refusal would break, where the body is valid.
    pub keyword: &'static str,
    /// Last part of the id.
    pub name: String,
    /// What is sent, in words.
    pub title: String,
    /// Kind of input for fingerprints.
    pub class: String,
    /// See [`Case::tier`].
    pub tier: u8,
    /// The body as the page would understand it.
    pub body: Value,
    /// The bytes, where they are not the compact spelling of `body`.
    pub bytes: Option<Vec<u8>>,
    /// Whether it is worth a request when the page leaves it open.
    pub when_open: WhenOpen,
}

/// Bytes that RFC 8259 leaves open, about a field.
pub(super) struct OpenSketch<'s> {
    /// The field they are about.
    pub field: &'s FieldPath,
    /// Keyword of the promise they test.
    pub keyword: &'static str,
    /// Last part of the id.
    pub name: String,
    /// What is sent, in words.
    pub title: String,
    /// Kind of input for fingerprints.
    pub class: String,
    /// See [`Case::tier`].
    pub tier: u8,
    /// The body.
    pub bytes: Vec<u8>,
    /// What is left open.
    pub question: &'static str,
}

/// What becomes of a body that the page leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhenOpen {
    /// Not sent: the answer would tell nothing.
    Drop,
    /// Sent; the choice is recorded.
    Ask(&'static str),
    /// Sent, and what was accepted must read back.
    AskAndRead(&'static str),
}

/// The operations whose bodies strategies vary: with a JSON body, and not acting beyond settings.
pub(super) fn scenes<'c, 'a>(
    context: &'c Context<'a>,
    strategy: &'static str,
) -> Vec<Scene<'c, 'a>> {
    context
        .contract
        .operations
        .iter()
        .filter_map(|op| Scene::of(context, op, strategy))
        .collect()
}

/// Whether calls of our own making may go to the operation at all: the profile does not deny its
/// path. What else may be sent is the policy's, see [`super::plan::plan_under`].
pub(super) fn may_call(context: &Context<'_>, op: &Operation) -> bool {
    !matches!(op.access, Access::Unfed(_)) && !denied(context, &op.path)
}

/// Whether the profile says that nothing may be sent to a path.
pub(super) fn denied(context: &Context<'_>, path: &str) -> bool {
    let mut globs = context.profile.deny.iter();
    globs.any(|glob| globset::Glob::new(glob).is_ok_and(|g| g.compile_matcher().is_match(path)))
}

impl<'c, 'a> Scene<'c, 'a> {
    /// The scene of one operation; `None` where it takes no JSON body, acts, or must not be called.
    pub fn of(
        context: &'c Context<'a>,
        op: &'c Operation,
        strategy: &'static str,
    ) -> Option<Scene<'c, 'a>> {
        let json = op.body.as_ref()?.format.is_json();
        json.then(|| Scene::of_any(context, op, strategy))?
    }

    /// [`Scene::of`] for a body of any format that is generated.
    pub fn of_any(
        context: &'c Context<'a>,
        op: &'c Operation,
        strategy: &'static str,
    ) -> Option<Scene<'c, 'a>> {
        let body = op.body.as_ref()?;
        if body.format == Format::Unsupported || !may_call(context, op) {
            return None;
        }
        let bodies = context.bodies(op)?;
        Some(Scene {
            context,
            op,
            schema: &body.schema,
            minimal: bodies.minimal.clone(),
            second: bodies.second.clone(),
            other: bodies.other.clone(),
            full: bodies.full.clone(),
            sure: bodies.sure,
            strategy,
            cases: Vec::new(),
            samples: RefCell::default(),
        })
    }
}

impl Scene<'_, '_> {
    /// Ends the drafting.
    pub fn into_cases(self) -> Vec<Case> {
        self.cases
    }

    /// The last case, which is then no longer kept.
    pub fn take(&mut self) -> Option<Case> {
        self.cases.pop()
    }

    /// Leaf and inner fields that a client may send.
    pub fn fields(&self) -> Vec<contract::Field<'_>> {
        let mut fields = self.op.fields();
        fields.retain(|f| !f.schema.read_only);
        fields
    }

    /// [`Scene::other`] with `value` at the field; a minimal body that holds the field where
    /// `other` does not.
    pub fn with(&self, field: &FieldPath, value: Value) -> Option<Value> {
        set(&self.holding(field)?, field, value)
    }

    /// A surely valid body in which the field is present.
    pub fn holding(&self, field: &FieldPath) -> Option<Value> {
        let known = [&self.other, &self.full, &self.second];
        if let Some(known) = known.into_iter().find(|body| get(body, field).is_some()) {
            return Some(known.clone());
        }
        self.context.base_with(self.op, field)
    }

    /// The value of the field in [`Scene::holding`].
    pub fn sample(&self, field: &FieldPath) -> Option<Value> {
        get(&self.holding(field)?, field).cloned()
    }

    /// Surely valid strings for a field, the one of [`Scene::sample`] first, then different
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

    /// [`Scene::holding`] with a raw token at the field.
    pub fn raw(&self, field: &FieldPath, token: &str) -> Option<Vec<u8>> {
        Some(emit_with_raw(&self.holding(field)?, field, token))
    }

    /// What the page says of a body.
    pub fn assess(&self, body: &Value) -> Assessed {
        let mut assessed = contract::assess(self.schema, body, self.context.texts);
        if assessed.certainty == Assessment::SurelyValid
            && unstated::exceeded(self.schema, None, body).is_some()
        {
            assessed.certainty = Assessment::Open;
        }
        // RFC 7396 §1: `null` removes a member, and one that is not there stays as it is.
        let format = self.op.body.as_ref().map(|body| body.format);
        let lawful = |kind| matches!(kind, FaultKind::Null | FaultKind::Missing);
        if format == Some(Format::MergePatch)
            && assessed.certainty == Assessment::SurelyInvalid
            && assessed.faults.iter().all(|f| !f.certain || lawful(f.kind))
        {
            assessed.certainty = Assessment::Open;
        }
        assessed
    }

    /// What is left open of any body of the operation that is valid by its schema.
    pub fn unsure(&self) -> Option<&'static str> {
        let patch = self.op.body.as_ref().map(|body| body.format) == Some(Format::JsonPatch);
        unsure_target(self.context, self.op)
            .or_else(|| patch.then_some("whether the patch applies to what stands"))
    }

    /// Makes the case that the page allows; tells what the page says of the body.
    pub fn add(&mut self, sketch: Sketch<'_>) -> Assessment {
        let assessed = self.assess(&sketch.body);
        let faults = faults_of(&assessed.faults);
        let mut promises = Vec::new();
        let own = promise_id(&self.op.id, sketch.field, sketch.keyword);
        let typed = promise_id(&self.op.id, sketch.field, "type");
        let mut check = Check::Unchanged;
        let mut tier = sketch.tier;
        let mut expect = match assessed.certainty {
            Assessment::SurelyValid => {
                promises.extend([own, typed]);
                check = Check::ReadsBack(sketch.body.clone());
                Expect::Accepted
            }
            Assessment::SurelyInvalid => {
                let (sure, open): (Vec<_>, Vec<_>) =
                    assessed.faults.iter().partition(|v| v.certain);
                promises.extend(
                    sure.into_iter()
                        .chain(open)
                        .map(|v| violated_promise(&self.op.id, v)),
                );
                promises.push(own);
                Expect::Refused {
                    faults: faults.clone(),
                }
            }
            Assessment::Open => {
                let (question, read) = match sketch.when_open {
                    WhenOpen::Drop => return Assessment::Open,
                    WhenOpen::Ask(question) => (question, false),
                    WhenOpen::AskAndRead(question) => (question, true),
                };
                promises.push(own);
                promises.extend(
                    assessed
                        .faults
                        .iter()
                        .map(|v| violated_promise(&self.op.id, v)),
                );
                if read {
                    check = Check::ReadsBack(sketch.body.clone());
                }
                tier = tier.saturating_add(1);
                Expect::Either {
                    question: question.to_owned(),
                    faults: faults.clone(),
                }
            }
        };
        // A refusal of what is surely invalid, or open anyway, stays what it is.
        let valid = expect == Expect::Accepted;
        let meaning = valid
            .then(|| meaning::invented(self.schema, None, &sketch.body))
            .flatten();
        if let Some(question) = self.unsure().or(meaning) {
            // The resource that the path names may not exist, which the device may find out first.
            let mut faults = faults.clone();
            faults.push(Fault::whole(FaultKind::Parameter));
            expect = match expect {
                Expect::Refused { .. } => Expect::Refused { faults },
                _ => Expect::Either {
                    question: question.to_owned(),
                    faults,
                },
            };
        }
        promises.extend(self.answer_promises(&expect, &faults));
        if self.op.body.as_ref().map(|body| body.format) == Some(Format::JsonPatch)
            && matches!(check, Check::ReadsBack(_))
        {
            // The body is a list of changes, not what stands afterwards.
            check = Check::Nothing;
        }
        let bytes = sketch.bytes.unwrap_or_else(|| emit(&sketch.body));
        self.push(Case {
            id: case_id(
                &self.op.id,
                self.strategy,
                &sketch.field.dotted(),
                &sketch.name,
            ),
            strategy: self.strategy,
            operation: self.op.id.clone(),
            promises,
            title: sketch.title,
            request: Request::Http(self.context.request(self.op, Some(bytes))),
            expect,
            input_class: sketch.class,
            check,
            tier,
        });
        assessed.certainty
    }

    /// [`Scene::add`] of a body with a text of so many octets. Beyond [`MOST_OF_A_BODY`] a server
    /// may refuse it for its size alone: any 4xx or the end of the connection will do, and only
    /// what the page forbids is worth a request.
    pub fn add_sized(&mut self, octets: usize, sketch: Sketch<'_>) {
        if octets <= MOST_OF_A_BODY {
            self.add(sketch);
            return;
        }
        let before = self.cases.len();
        if self.add(sketch) != Assessment::SurelyInvalid {
            // Not surely invalid: a success is no fault, and the size may still be refused.
            self.cases.truncate(before);
            return;
        }
        for case in self.cases.iter_mut().skip(before) {
            case.expect = Expect::NotServed {
                success: SuccessIs::AcceptsInvalid,
            };
        }
    }

    /// Makes a case whose answer RFC 8259 leaves open: accepted, refused as no JSON, or refused for
    /// what the field then holds.
    pub fn open(&mut self, sketch: OpenSketch<'_>) {
        let faults = vec![
            Fault::whole(FaultKind::NotJson),
            Fault::at(FaultKind::Constraint, sketch.field),
            Fault::at(FaultKind::WrongType, sketch.field),
        ];
        let promises = vec![
            answers_promise(&self.op.id),
            promise_id(&self.op.id, sketch.field, sketch.keyword),
        ];
        self.push(Case {
            id: case_id(
                &self.op.id,
                self.strategy,
                &sketch.field.dotted(),
                &sketch.name,
            ),
            strategy: self.strategy,
            operation: self.op.id.clone(),
            promises,
            title: sketch.title,
            request: Request::Http(self.context.request(self.op, Some(sketch.bytes))),
            expect: Expect::Either {
                question: sketch.question.to_owned(),
                faults,
            },
            input_class: sketch.class,
            check: Check::Unchanged,
            tier: sketch.tier,
        });
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

    /// Adds a finished case: promises that the contract does not make are left out, and the
    /// read-back is as the profile allows.
    pub fn push(&mut self, mut case: Case) {
        case.check = match (case.check, self.context.reads_back(self.op)) {
            (_, false) => Check::Nothing,
            (Check::ReadsBack(value), true) => {
                if matches!(case.expect, Expect::Accepted | Expect::Either { .. }) {
                    case.promises.push(format!("{}.state.readback", self.op.id));
                }
                Check::ReadsBack(described(self.schema, value))
            }
            (Check::Unchanged, true) => {
                if matches!(case.expect, Expect::Refused { .. }) {
                    case.promises.push(format!("{}.state.refusal", self.op.id));
                }
                Check::Unchanged
            }
            (check, _) => check,
        };
        case.promises
            .retain(|id| self.context.contract.promise(id).is_some());
        let mut seen = BTreeSet::new();
        case.promises.retain(|id| seen.insert(id.clone()));
        if case.promises.is_empty() {
            case.promises.push(answers_promise(&self.op.id));
        }
        self.cases.push(case);
    }

    /// Promises about the answer itself: the documented success, or the shapes that the faults
    /// must draw.
    fn answer_promises(&self, expect: &Expect, faults: &[Fault]) -> Vec<String> {
        match expect {
            Expect::Accepted => self
                .op
                .success_statuses()
                .iter()
                .take(1)
                .map(|status| format!("{}.responses.{status}", self.op.id))
                .collect(),
            Expect::Refused { .. } => self
                .op
                .error_shapes()
                .filter(|shape| faults.iter().any(|f| shape.answers.contains(&f.kind)))
                .map(|shape| shape.promise.clone())
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// Octets that any HTTP server reads of a body; beyond, 413 (RFC 9110 §15.5.14) and a closed
/// connection are no less right than the documented refusal.
const MOST_OF_A_BODY: usize = 8_192;

/// Valid strings that mutations start from.
const MOST_SAMPLES: usize = 12;

/// What every answer of an operation leaves open whose path names a resource that may not exist.
pub(super) const UNSURE_TARGET: &str = "whether the resource in the path exists";

/// What every answer of an operation leaves open whose body is the nearest that could be built.
pub(super) const UNSURE_BODY: &str = "whether the body is valid";

/// [`UNSURE_TARGET`], where the page shows no resource that the path may name; else what is not
/// certain of a parameter that every request has.
pub(super) fn unsure_target(context: &Context<'_>, op: &Operation) -> Option<&'static str> {
    if meaning::logs_in(context.profile, op) {
        return Some(meaning::UNSURE_LOGIN);
    }
    // An item that the run creates itself exists.
    let own = context.own_parameters(op);
    let mut in_path: Vec<_> = op
        .parameters
        .iter()
        .filter(|p| p.place == Place::Path)
        .collect();
    in_path.sort_by_key(|p| op.path.find(&format!("{{{}}}", p.name)));
    let unknown = in_path.into_iter().skip(own).any(|p| {
        p.place == Place::Path
            && p.given.is_none()
            && p.schema.examples.is_empty()
            && p.schema.enum_values.is_none()
            && p.schema.const_value.is_none()
    });
    let mut sent = op
        .parameters
        .iter()
        .filter(|p| p.required || p.place == Place::Path || p.given.is_some());
    match unknown {
        true => Some(UNSURE_TARGET),
        false => sent.find_map(|p| context.parameter(p).question),
    }
}

/// `OP.body.PATH.KEYWORD`, `OP.body.KEYWORD` for the root.
pub(super) fn promise_id(op: &str, field: &FieldPath, keyword: &str) -> String {
    let dotted = field.dotted();
    if dotted.is_empty() {
        format!("{op}.body.{keyword}")
    } else {
        format!("{op}.body.{dotted}.{keyword}")
    }
}

/// The promise that a violation breaks. `additionalProperties` is stated where the unknown member
/// stands, everything else at the member itself.
fn violated_promise(op: &str, violation: &Violation) -> String {
    if violation.keyword == "additionalProperties" {
        let parent = violation.path.parent().unwrap_or_default();
        return promise_id(op, &parent, violation.keyword);
    }
    promise_id(op, &violation.path, violation.keyword)
}

/// Violations as the faults that an answer may name, each once.
pub(super) fn faults_of(violations: &[Violation]) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    for violation in violations {
        let fault = if violation.path.0.is_empty() {
            Fault::whole(violation.kind)
        } else {
            Fault::at(violation.kind, &violation.path)
        };
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }
    faults
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

/// The type that a field is mostly of: the first that is not `null`.
pub(super) fn main_type(schema: &Schema) -> Option<JsonType> {
    let own = schema.types.iter().copied().find(|t| *t != JsonType::Null);
    own.or_else(|| {
        let parts = schema.all_of.iter().chain(&schema.any_of);
        parts.chain(&schema.one_of).find_map(|part| main_type(part))
    })
}

/// The same short word for the same text, for ids: FNV-1a, 32 bits.
pub(super) fn mark(text: &str) -> String {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    format!("{hash:08x}")
}

/// Text for titles: printable, at most 40 characters, in quotes.
pub(super) fn shown(text: &str) -> String {
    let mut out: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    if text.chars().count() > 40 {
        out.push('…');
    }
    format!("\"{out}\"")
}
