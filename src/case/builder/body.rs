//! Cases about bodies: what the document says of a body decides what may come back, never the idea
//! behind it.

use super::{BodyCases, CaseBuilder, Draft};
use crate::case::bodies::{Bodies, map_around};
use crate::case::build::emit;
use crate::case::meaning;
use crate::case::model::{Check, Context, Expect, Fault, SuccessIs};
use crate::case::reach::may_call;
use crate::contract::{Assessed, FaultKind, FieldPath, Format, Operation, Violation};
use crate::exchange::Request;
use crate::pattern::Assessment;
use serde_json::Value;
use std::collections::BTreeSet;

/// A body to send and what it is about.
pub(in crate::case) struct BodyDraft<'s> {
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
    /// See [`crate::case::Case::tier`].
    pub tier: u8,
    /// The body as the document would understand it.
    pub body: Value,
    /// The bytes, where they are not the compact spelling of `body`.
    pub bytes: Option<Vec<u8>>,
    /// Whether it is worth a request when the document leaves it open.
    pub when_open: WhenOpen,
}

/// What becomes of a body that the document leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::case) enum WhenOpen {
    /// Not sent: the answer would tell nothing.
    Drop,
    /// Sent; the choice is recorded.
    Ask(&'static str),
    /// Sent, and what was accepted must read back.
    AskAndRead(&'static str),
}

impl<'c, 'a> BodyCases<'c, 'a> {
    /// Cases for the JSON bodies of an operation; `None` where it takes none or must not be called.
    pub fn of(
        context: &'c Context<'a>,
        op: &'c Operation,
        strategy: &'static str,
    ) -> Option<BodyCases<'c, 'a>> {
        let json = op.body.as_ref()?.format.is_json();
        json.then(|| BodyCases::of_any(context, op, strategy))?
    }

    /// [`BodyCases::of`] for a body of any format that is generated.
    pub fn of_any(
        context: &'c Context<'a>,
        op: &'c Operation,
        strategy: &'static str,
    ) -> Option<BodyCases<'c, 'a>> {
        let bodies = may_call(context, op).then(|| Bodies::of(context, op))?;
        Some(CaseBuilder {
            context,
            op,
            bodies: bodies?,
            strategy,
            tier_shift: 0,
            cases: Vec::new(),
        })
    }

    /// Makes the case that the document allows; tells what it says of the body.
    pub fn add_body(&mut self, draft: BodyDraft<'_>) -> Assessment {
        let assessed = self.bodies.assess(&draft.body);
        let Some(mut judged) = judged(&draft, &assessed) else {
            return Assessment::Open;
        };
        // A refusal of what is surely invalid, or open anyway, stays what it is.
        let valid = judged.expect == Expect::Accepted;
        let meaning = valid
            .then(|| meaning::invented(self.bodies.schema, None, &draft.body))
            .flatten();
        let map = map_around(draft.field);
        let meaning = meaning.or((valid && map.is_some()).then_some(UNKNOWN_NAME));
        // The document promises nothing of one entry by its name.
        let of_map = map.map(|map| body_promise(&map, "additionalProperties"));
        judged.promises.extend(of_map);
        if let Some(question) = self.bodies.unsure().or(meaning) {
            judged.expect = unsure(judged.expect, question, faults_of(&assessed.faults));
        }
        if self.bodies.format() == Some(Format::JsonPatch)
            && matches!(judged.check, Check::ReadsBack(_))
        {
            // The body is a list of changes, not what stands afterwards.
            judged.check = Check::Nothing;
        }
        let octets = draft.bytes.unwrap_or_else(|| emit(&draft.body));
        let drafted = Draft {
            about: &draft.field.dotted(),
            name: draft.name,
            title: draft.title,
            class: draft.class,
            tier: draft.tier + judged.later,
            promises: judged.promises,
            request: Request::Http(self.context.request(self.op, Some(octets))),
            expect: judged.expect,
            check: judged.check,
        };
        let mut case = drafted.case(self.op, self.strategy);
        let answers = self.answer_promises(&case.expect, &faults_of(&assessed.faults));
        case.promises.extend(answers);
        self.push(case);
        assessed.certainty
    }

    /// [`BodyCases::add_body`] of a body with a text of so many octets. Beyond [`MOST_OF_A_BODY`] a
    /// server may refuse it for its size alone: any 4xx or the end of the connection will do, and
    /// only what the document forbids is worth a request.
    pub fn add_sized(&mut self, octets: usize, draft: BodyDraft<'_>) {
        if octets <= MOST_OF_A_BODY {
            self.add_body(draft);
            return;
        }
        let before = self.cases.len();
        if self.add_body(draft) != Assessment::SurelyInvalid {
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
}

const UNKNOWN_NAME: &str = "whether a map takes an entry of this name";

/// Octets that any HTTP server reads of a body; beyond, 413 (RFC 9110 §15.5.14) and a closed
/// connection are no less right than the documented refusal.
const MOST_OF_A_BODY: usize = 8_192;

/// What the document says of a drafted body.
struct Judged {
    promises: Vec<String>,
    expect: Expect,
    check: Check,
    /// How many tiers later it is sent.
    later: u8,
}

/// Rules of how many there are.
const COUNTS: [&str; 4] = ["minItems", "maxItems", "minProperties", "maxProperties"];

/// `None` where the document leaves the body open and it is not worth a request.
fn judged(draft: &BodyDraft<'_>, assessed: &Assessed) -> Option<Judged> {
    let own = body_promise(draft.field, draft.keyword);
    let read_back = || Check::ReadsBack(draft.body.clone());
    let faults = faults_of(&assessed.faults);
    let violated = |faults: &[&Violation]| -> Vec<String> {
        faults.iter().map(|v| violated_promise(v)).collect()
    };
    Some(match (assessed.certainty, draft.when_open) {
        (Assessment::SurelyValid, _) => Judged {
            promises: vec![own, body_promise(draft.field, "type")],
            expect: Expect::Accepted,
            check: read_back(),
            later: 0,
        },
        (Assessment::SurelyInvalid, _) => {
            let (sure, open): (Vec<_>, Vec<_>) = assessed.faults.iter().partition(|v| v.certain);
            // That it is refused says nothing of a count, where something else is wrong as well.
            let kinds: BTreeSet<&str> = sure.iter().map(|v| v.keyword).collect();
            let counts = |v: &&Violation| kinds.len() > 1 && COUNTS.contains(&v.keyword);
            let sure: Vec<_> = sure.into_iter().filter(|v| !counts(v)).collect();
            let mut promises = violated(&sure);
            promises.extend(violated(&open));
            promises.push(own);
            Judged {
                promises,
                expect: Expect::Refused { faults },
                check: Check::Unchanged,
                later: 0,
            }
        }
        (Assessment::Open, WhenOpen::Drop) => return None,
        (Assessment::Open, WhenOpen::Ask(question) | WhenOpen::AskAndRead(question)) => {
            let all: Vec<_> = assessed.faults.iter().collect();
            let mut promises = vec![own];
            promises.extend(violated(&all));
            Judged {
                promises,
                expect: Expect::Either {
                    question: question.to_owned(),
                    faults,
                },
                check: match draft.when_open {
                    WhenOpen::AskAndRead(_) => read_back(),
                    WhenOpen::Ask(_) | WhenOpen::Drop => Check::Unchanged,
                },
                later: 1,
            }
        }
    })
}

/// What may come back where something beside the body is not known: the resource that the path names
/// may not exist, which the device may find out before it looks at the body.
fn unsure(expect: Expect, question: &str, mut faults: Vec<Fault>) -> Expect {
    faults.push(Fault::whole(FaultKind::Parameter));
    match expect {
        Expect::Refused { .. } => Expect::Refused { faults },
        _ => Expect::Either {
            question: question.to_owned(),
            faults,
        },
    }
}

/// `body.PATH.KEYWORD`, `body.KEYWORD` for the root: the id of a promise without its operation.
pub(in crate::case) fn body_promise(field: &FieldPath, keyword: &str) -> String {
    let dotted = field.dotted();
    if dotted.is_empty() {
        format!("body.{keyword}")
    } else {
        format!("body.{dotted}.{keyword}")
    }
}

/// The promise that a violation breaks. `additionalProperties` is stated where the unknown member
/// stands, everything else at the member itself.
fn violated_promise(violation: &Violation) -> String {
    if violation.keyword == "additionalProperties" {
        let parent = violation.path.parent().unwrap_or_default();
        return body_promise(&parent, violation.keyword);
    }
    body_promise(&violation.path, violation.keyword)
}

/// Violations as the faults that an answer may name, each once.
fn faults_of(violations: &[Violation]) -> Vec<Fault> {
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
