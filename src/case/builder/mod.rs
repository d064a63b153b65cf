//! The one way to a case: a strategy drafts what is sent and what it is about; what the document
//! says of it decides what may come back.
//!
//! A strategy that varies bodies works with [`BodyCases`], where there are bodies to start from; one
//! that varies the exchange around them with [`ExchangeCases`], where there may be none.

mod body;

pub(super) use body::{BodyDraft, WhenOpen, body_promise};

use super::bodies::Bodies;
use super::build::{emit, get};
use super::identity::{CaseId, InputClass, Tier};
use super::meaning;
use super::model::{Carried, Case, Check, Context, Expect, Fault};
use super::reach::{UNSURE_BODY, may_call, unsure_target};
use crate::contract::{FaultKind, FieldPath, JsonType, Operation, PromiseId, Schema, StatePromise};
use crate::exchange::{HttpRequest, Request};
use crate::pattern::Assessment;
use serde_json::Value;
use std::collections::BTreeSet;

/// The cases of one strategy for one operation. `B` is what is known of the operation's bodies:
/// [`Bodies`], or an `Option` of them.
pub(super) struct CaseBuilder<'c, 'a, B> {
    /// What strategies work from.
    pub context: &'c Context<'a>,
    /// The operation.
    pub op: &'c Operation,
    /// The bodies to start from.
    pub bodies: B,
    strategy: &'static str,
    /// Added to the tiers of drafts from 1 on.
    tier_shift: u8,
    cases: Vec<Case>,
}

/// Cases about the bodies of an operation.
pub(super) type BodyCases<'c, 'a> = CaseBuilder<'c, 'a, Bodies<'c, 'a>>;

/// Cases about the exchange with an operation, whether it takes a body or not.
pub(super) type ExchangeCases<'c, 'a> = CaseBuilder<'c, 'a, Option<Bodies<'c, 'a>>>;

/// Bodies that there may be.
pub(super) trait KnownBodies<'c, 'a> {
    /// The bodies; `None` where there are none.
    fn known(&self) -> Option<&Bodies<'c, 'a>>;
}

impl<'c, 'a> KnownBodies<'c, 'a> for Bodies<'c, 'a> {
    fn known(&self) -> Option<&Bodies<'c, 'a>> {
        Some(self)
    }
}

impl<'c, 'a> KnownBodies<'c, 'a> for Option<Bodies<'c, 'a>> {
    fn known(&self) -> Option<&Bodies<'c, 'a>> {
        self.as_ref()
    }
}

/// A request with what may come back.
pub(super) struct Draft<'d> {
    /// Third part of the id: what it is about.
    pub about: &'d str,
    /// Last part of the id.
    pub name: String,
    /// What is sent, in words.
    pub title: String,
    /// Kind of input for fingerprints.
    pub class: String,
    /// See [`Case::tier`].
    pub tier: u8,
    /// Ids of the promises that it tests without the operation (`body.json`), the one to charge
    /// first.
    pub promises: Vec<String>,
    /// What to send.
    pub request: Request,
    /// What may come back.
    pub expect: Expect,
    /// What to look at afterwards.
    pub check: Check,
}

/// What a draft of an exchange is about.
pub(super) struct Label {
    /// Third part of the id.
    pub about: &'static str,
    /// Last part of the id.
    pub name: &'static str,
    /// See [`Case::tier`].
    pub tier: u8,
    /// What is sent, in words.
    pub title: String,
}

impl Label {
    /// A label.
    pub fn new(
        about: &'static str,
        name: &'static str,
        tier: u8,
        title: impl Into<String>,
    ) -> Label {
        Label {
            about,
            name,
            tier,
            title: title.into(),
        }
    }
}

impl Draft<'_> {
    /// The case as it is drafted.
    pub fn case(self, op: &Operation, strategy: &'static str) -> Case {
        let of_operation = |statement: String| PromiseId::new(&op.id, &statement);
        Case {
            id: CaseId::new(&op.id, strategy, self.about, &self.name),
            strategy,
            operation: op.id.clone(),
            promises: self.promises.into_iter().map(of_operation).collect(),
            title: self.title,
            request: self.request,
            expect: self.expect,
            input_class: InputClass::new(self.class),
            check: self.check,
            tier: Tier::new(self.tier),
            carries: Vec::new(),
        }
    }
}

impl<'c, 'a, B: KnownBodies<'c, 'a>> CaseBuilder<'c, 'a, B> {
    /// Makes the case. Where the resource that the path names may not exist, a success cannot be
    /// demanded.
    pub fn add(&mut self, mut draft: Draft<'_>) {
        let tier = Tier::new(draft.tier).shifted(self.tier_shift);
        draft.tier = tier.number();
        if tier >= Tier::THOROUGH && !self.context.thorough {
            // Not built only to be dropped: some are a megabyte.
            return;
        }
        if let (Expect::Accepted | Expect::AcceptedOr { .. }, Some(question)) =
            (&draft.expect, self.unsure(&draft.request))
        {
            draft.expect = Expect::Either {
                question: question.to_owned(),
                faults: vec![Fault::whole(FaultKind::Parameter)],
            };
        }
        let mut case = draft.case(self.op, self.strategy);
        let faults: &[Fault] = match &case.expect {
            Expect::Refused { faults } => faults,
            _ => &[],
        };
        let answers = self.answer_promises(&case.expect, faults);
        case.promises.extend(answers);
        self.push(case);
    }

    /// What is left open of a valid request of the operation.
    fn unsure(&self, request: &Request) -> Option<&'static str> {
        let Some(bodies) = self.bodies.known() else {
            return unsure_target(self.context, self.op);
        };
        bodies
            .unsure()
            .or_else(|| (!bodies.sure).then_some(UNSURE_BODY))
            .or_else(|| {
                let sent = match request {
                    Request::Http(http) => http.body.as_deref(),
                    Request::Raw(_) => None,
                };
                // Of what is no JSON, or holds more than one reader sees, the plain body tells.
                let sent = sent.and_then(|body| serde_json::from_slice(body).ok());
                meaning::invented(bodies.schema, None, sent.as_ref().unwrap_or(&bodies.full))
            })
    }

    /// Promises about the answer itself: the documented success, or the shapes that the faults
    /// must draw.
    fn answer_promises(&self, expect: &Expect, faults: &[Fault]) -> Vec<PromiseId> {
        match expect {
            Expect::Accepted => self
                .op
                .success_statuses()
                .iter()
                .take(1)
                .map(|status| PromiseId::response(&self.op.id, status))
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

    /// Adds a finished case: promises that the contract does not make are left out, and the
    /// read-back is as the profile allows. Without a body there is nothing to read back.
    pub fn push(&mut self, mut case: Case) {
        case.check = match self.bodies.known() {
            Some(bodies) if self.context.reads_back(self.op) => {
                let operation = &self.op.id;
                let state = match (&case.check, &case.expect) {
                    (Check::ReadsBack(_), Expect::Accepted | Expect::Either { .. }) => {
                        Some(StatePromise::ReadBack)
                    }
                    (Check::Unchanged, Expect::Refused { .. }) => Some(StatePromise::Refusal),
                    _ => None,
                };
                let promise = state.map(|state| state.of(operation));
                case.promises.extend(promise);
                match case.check {
                    check if check.is_dialogue() => check,
                    Check::ReadsBack(value) => {
                        bodies.kept(value).map_or(Check::Nothing, Check::ReadsBack)
                    }
                    check => check,
                }
            }
            _ if case.check.is_dialogue() => case.check,
            _ => Check::Nothing,
        };
        let mut seen = BTreeSet::new();
        case.promises
            .retain(|id| self.context.contract.promise(id).is_some() && seen.insert(id.clone()));
        if case.promises.is_empty() {
            case.promises.push(PromiseId::answers(&self.op.id));
        }
        self.cases.push(case);
    }

    /// The last case carries these: each with the promise about its field that the contract makes, as for
    /// the case that holds it alone. What nothing is promised of is left out.
    pub fn carry(&mut self, carried: impl Iterator<Item = Carried>) {
        let (context, op) = (self.context, self.op);
        let promised = |carried: &Carried, keyword: &str| {
            let id = PromiseId::new(&op.id, &body_promise(&carried.field, keyword));
            context.contract.promise(&id).map(|_| id)
        };
        let Some(case) = self.cases.last_mut() else {
            return;
        };
        case.carries = carried
            .filter_map(|carried| {
                let own = promised(&carried, carried.keyword);
                let promise = own.or_else(|| promised(&carried, "type"))?;
                Some(Carried { promise, ..carried })
            })
            .collect();
    }

    /// The last case, which is then no longer kept.
    pub fn take(&mut self) -> Option<Case> {
        self.cases.pop()
    }

    /// Ends the drafting.
    pub fn into_cases(self) -> Vec<Case> {
        self.cases
    }
}

impl<'c, 'a> ExchangeCases<'c, 'a> {
    /// Cases for an operation; `None` where it must not be called.
    pub fn of(
        context: &'c Context<'a>,
        op: &'c Operation,
        strategy: &'static str,
    ) -> Option<ExchangeCases<'c, 'a>> {
        let called = may_call(context, op);
        let json = |op: &Operation| op.body.as_ref().is_some_and(|body| body.format.is_json());
        let first = context.memo.first_json(|| {
            let mut operations = context.contract.operations.iter();
            operations.position(|op| json(op) && may_call(context, op))
        });
        let here = context.contract.operation_place(&op.id);
        let earlier = first.is_some_and(|first| here.is_none_or(|here| first < here));
        called.then(|| CaseBuilder {
            context,
            op,
            strategy,
            // The second operation of a contract goes through the same server.
            tier_shift: u8::from(earlier),
            bodies: json(op).then(|| Bodies::of(context, op)).flatten(),
            cases: Vec::new(),
        })
    }

    /// A surely valid body with every member, of values that neither `full` nor `other` of
    /// [`Bodies`] has as far as the rules have more: what a refused request may not leave behind
    /// shows.
    pub fn fresh(&self, nth: usize) -> Option<Value> {
        let bodies = self.bodies.as_ref()?;
        // Where no body is surely valid, looking for more of them is in vain.
        let fresh = bodies
            .sure
            .then(|| self.context.full_nth(self.op, nth))
            .flatten();
        let fresh = fresh.map(|value| self.context.without_ids(self.op, value));
        Some(fresh.unwrap_or_else(|| bodies.other.clone()))
    }

    /// The operation's request with `body` and good credentials.
    pub fn http(&self, body: &Value) -> HttpRequest {
        self.context.request(self.op, Some(emit(body)))
    }

    /// The first field of `body` that is a number above zero there, with that number.
    pub fn number(&self, body: &Value) -> Option<(FieldPath, i64)> {
        self.values(body)
            .filter_map(|(path, _, value)| Some((path, value.as_i64()?)))
            .find(|(_, n)| *n > 0)
    }

    /// The string fields of `body` with their texts, in the contract's order.
    pub fn strings(&self, body: &Value) -> Vec<(FieldPath, String)> {
        self.values(body)
            .filter(|(_, schema, _)| schema.allows(JsonType::String))
            .filter_map(|(path, _, value)| Some((path, value.as_str()?.to_owned())))
            .collect()
    }

    /// The fields of `body` with their rules and values, in the contract's order.
    fn values<'b>(
        &'b self,
        body: &'b Value,
    ) -> impl Iterator<Item = (FieldPath, &'b Schema, &'b Value)> {
        let fields = self.bodies.as_ref().map(Bodies::fields);
        fields.unwrap_or_default().into_iter().filter_map(|field| {
            let value = get(body, &field.path)?;
            Some((field.path, field.schema, value))
        })
    }

    /// What the document says of a body.
    pub fn certainty(&self, body: &Value) -> Assessment {
        self.bodies
            .as_ref()
            .map_or(Assessment::Open, |bodies| bodies.assess(body).certainty)
    }
}
