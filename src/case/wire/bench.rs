//! What the strategies of this folder share: one operation to send to, bodies to send, and the way
//! from an idea to a case.

use crate::case::build::{case_id, emit};
use crate::case::draft::{Scene, UNSURE_BODY, may_call, unsure_target};
use crate::case::meaning;
use crate::case::{Case, Check, Context, Expect, Fault};
use crate::contract::{FaultKind, FieldPath, JsonType, Operation, Schema, answers_promise};
use crate::exchange::{HttpRequest, RawRequest, Request};
use crate::pattern::Assessment;
use serde_json::Value;

/// Tier from which cases are sent only with `thorough` (see [`crate::case::THOROUGH_TIER`]).
pub(super) const THOROUGH: u8 = crate::case::THOROUGH_TIER;

/// The name of a member that no page names, for bodies that need one.
pub(super) const EXTRA: &str = "probity";

/// One operation and the cases for it.
pub(super) struct Bench<'c, 'a> {
    /// What strategies work from.
    pub context: &'c Context<'a>,
    /// The operation.
    pub op: &'c Operation,
    strategy: &'static str,
    /// Added to tiers from 1 on: the second operation of a contract goes through the same server.
    shift: u8,
    scene: Option<Scene<'c, 'a>>,
    cases: Vec<Case>,
}

/// An idea, ready to be sent.
pub(super) struct Shot {
    /// Third part of the id: what it is about.
    pub about: &'static str,
    /// Last part of the id.
    pub name: String,
    /// What is sent, in words.
    pub title: String,
    /// Kind of input for fingerprints.
    pub class: String,
    /// See [`Case::tier`].
    pub tier: u8,
    /// Last parts of ids of the promises that it tests (`body.json`), the one to charge first.
    pub promises: Vec<String>,
    /// What to send.
    pub request: Request,
    /// What may come back.
    pub expect: Expect,
    /// What to look at afterwards.
    pub check: Check,
}

impl<'c, 'a> Bench<'c, 'a> {
    /// A bench for an operation; `None` where it must not be called.
    pub fn of(
        context: &'c Context<'a>,
        op: &'c Operation,
        strategy: &'static str,
    ) -> Option<Bench<'c, 'a>> {
        let called = may_call(context, op);
        let json = |op: &Operation| op.body.as_ref().is_some_and(|body| body.format.is_json());
        let mut earlier = context.contract.operations.iter();
        let mut earlier = earlier.by_ref().take_while(|other| other.id != op.id);
        called.then(|| Bench {
            context,
            op,
            strategy,
            shift: u8::from(earlier.any(|op| json(op) && may_call(context, op))),
            scene: Scene::of(context, op, strategy),
            cases: Vec::new(),
        })
    }

    /// The bodies to start from; `None` where the operation takes none or none is surely valid.
    pub fn scene(&self) -> Option<&Scene<'c, 'a>> {
        self.scene.as_ref()
    }

    /// A surely valid body with every member, of values that neither `full` nor `other` of the
    /// scene has as far as the rules have more: what a refused request may not leave behind shows.
    pub fn fresh(&self, nth: usize) -> Option<Value> {
        let scene = self.scene.as_ref()?;
        // Where no body is surely valid, looking for more of them is in vain.
        let fresh = scene
            .sure
            .then(|| self.context.full_nth(self.op, nth))
            .flatten();
        Some(fresh.unwrap_or_else(|| scene.other.clone()))
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
        let fields = self.scene.as_ref().map(Scene::fields).unwrap_or_default();
        fields.into_iter().filter_map(move |field| {
            let value = crate::case::build::get(body, &field.path)?;
            Some((field.path, field.schema, value))
        })
    }

    /// What the page says of a body.
    pub fn certainty(&self, body: &Value) -> Assessment {
        self.scene
            .as_ref()
            .map_or(Assessment::Open, |s| s.assess(body).certainty)
    }

    /// Makes the case. Where the resource that the path names may not exist, a success cannot be
    /// demanded.
    pub fn shoot(&mut self, shot: Shot) {
        let op = &self.op.id;
        let mut expect = shot.expect;
        let unsure = match &self.scene {
            Some(scene) => scene
                .unsure()
                .or_else(|| (!scene.sure).then_some(UNSURE_BODY))
                .or_else(|| meaning::invented(scene.schema, None, &scene.full)),
            None => unsure_target(self.context, self.op),
        };
        if let (Expect::Accepted | Expect::AcceptedOr { .. }, Some(question)) = (&expect, unsure) {
            expect = Expect::Either {
                question: question.to_owned(),
                faults: vec![Fault::whole(FaultKind::Parameter)],
            };
        }
        let mut promises: Vec<String> = shot.promises.iter().map(|p| format!("{op}.{p}")).collect();
        if let Expect::Refused { faults } = &expect {
            let drawn = self
                .op
                .error_shapes()
                .filter(|shape| faults.iter().any(|f| shape.answers.contains(&f.kind)));
            promises.extend(drawn.map(|shape| shape.promise.clone()));
        }
        if matches!(expect, Expect::Accepted) {
            let status = self.op.success_statuses();
            promises.extend(status.iter().take(1).map(|s| format!("{op}.responses.{s}")));
        }
        let tier = match shot.tier {
            0 => 0,
            tier if tier < THOROUGH => (tier + self.shift).min(THOROUGH - 1),
            tier => tier,
        };
        if tier >= THOROUGH && !self.context.thorough {
            // Not built only to be dropped: some are a megabyte.
            return;
        }
        let case = Case {
            id: case_id(op, self.strategy, shot.about, &shot.name),
            strategy: self.strategy,
            operation: op.clone(),
            promises,
            title: shot.title,
            request: shot.request,
            expect,
            input_class: shot.class,
            check: shot.check,
            tier,
        };
        match &mut self.scene {
            Some(scene) => scene.push(case),
            None => self.push(case),
        }
    }

    /// A case for an operation without a body: there is nothing to read back.
    fn push(&mut self, mut case: Case) {
        case.check = Check::Nothing;
        case.promises
            .retain(|id| self.context.contract.promise(id).is_some());
        if case.promises.is_empty() {
            case.promises.push(answers_promise(&self.op.id));
        }
        self.cases.push(case);
    }

    /// Ends the bench.
    pub fn into_cases(self) -> Vec<Case> {
        let mut cases = self.cases;
        cases.extend(self.scene.map(Scene::into_cases).unwrap_or_default());
        cases
    }
}

/// One final answer, with a body as its header says.
pub(super) fn raw(segments: Vec<crate::exchange::Segment>) -> Request {
    Request::Raw(RawRequest {
        segments,
        answers: 1,
        head: false,
    })
}

/// A body that is not JSON.
pub(super) fn not_json() -> Fault {
    Fault::whole(FaultKind::NotJson)
}
