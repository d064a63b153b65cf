//! Judging refusals: status, error shape and field name against the faults that were sent.

use super::shape::{ShapeMatch, matches, names_field};
use super::{Acceptance, CaseJudge, Deviation, Judgement, Ruling, choice_line, status};
use crate::case::Fault;
use crate::contract::{BOUNDS, ErrorShape, FaultKind, Operation, PromiseId};
use crate::exchange::Request;
use std::collections::BTreeSet;

/// `no value for proxy` and the like, for people.
pub(super) fn describe_faults(faults: &[Fault]) -> String {
    let one = |fault: &Fault| {
        let what = match fault.kind {
            FaultKind::NoBody => "there is no body",
            FaultKind::NotJson => "the body is not JSON",
            FaultKind::WrongRoot => "the body is not an object",
            FaultKind::Missing => "is missing",
            FaultKind::Null => "is null",
            FaultKind::WrongType => "has the wrong type",
            FaultKind::Constraint => "breaks a rule",
            FaultKind::UnknownMember => "is not allowed",
            FaultKind::Parameter => "breaks a rule",
            FaultKind::Unauthenticated => "credentials are missing",
        };
        match &fault.field {
            Some(field) if !field.0.is_empty() => format!("`{field}` {what}"),
            _ => what.to_owned(),
        }
    };
    let mut said: Vec<String> = Vec::new();
    for what in faults.iter().map(one) {
        if !said.contains(&what) {
            said.push(what);
        }
    }
    said.join(" and ")
}

/// Surely invalid: it must be refused, with a documented status, in a shape that one of the faults
/// draws, naming its field.
pub(super) fn refused(ctx: &CaseJudge<'_>, faults: &[Fault], judgement: &mut Judgement) {
    let main = ctx.case.main_promise();
    if judgement.acceptance == Acceptance::Accepted && is_moved_into_bounds(ctx) {
        let why =
            "the document says that values beyond their bounds are taken for the nearest ones";
        judgement.leave_all(ctx.case, why);
        return;
    }
    if judgement.acceptance == Acceptance::Accepted {
        judgement.broken(
            &main,
            Deviation::accepts_invalid(ctx.case, ctx.operation, ctx.answer),
        );
        return;
    }
    let status = ctx.answer.status;
    if lacks_condition(ctx) && matches!(status, 400 | 409 | 422) {
        let deviation = Deviation::refusal_status(ctx.case, Some(&[428]), ctx.answer);
        judgement.broken(&main, deviation);
        return;
    }
    let tied = tied_statuses(ctx.operation, faults);
    if !tied.is_empty() {
        // The document says how it answers this fault.
        if !tied.contains(&status) {
            if refused_elsewhere(status) {
                judgement.leave_all(ctx.case, &status::told(status));
            } else {
                let deviation = Deviation::refusal_status(ctx.case, Some(&tied), ctx.answer);
                judgement.broken(&main, deviation);
            }
            return;
        }
    } else if !says_so(ctx, status, faults) {
        if status::speaks_of_circumstance(status) {
            // No order of checks is promised: rights, place and state may be looked at first.
            judgement.leave_all(ctx.case, &status::told(status));
            if status >= 400 {
                check_body(ctx, faults, judgement, Strictness::SchemaOnly);
            }
        } else if (400..500).contains(&status) {
            // A refusal, with a status that nobody defines: the fault is the status's alone.
            judgement.keep_all(ctx.case);
            let deviation = Deviation::undocumented_refusal(ctx.answer);
            judgement.broken(&PromiseId::answers(&ctx.operation.id), deviation);
        } else {
            let deviation = Deviation::refusal_status(ctx.case, None, ctx.answer);
            judgement.broken(&main, deviation);
        }
        return;
    }
    judgement.keep_all(ctx.case);
    check_body(ctx, faults, judgement, Strictness::ThisFault);
}

/// Whether the fault is a value beyond its bounds, and the document says of all values of the body what is
/// made of such ones.
fn is_moved_into_bounds(ctx: &CaseJudge<'_>) -> bool {
    let body = ctx.operation.body.as_ref();
    let said = ctx.operation.clamps || body.is_some_and(|body| body.schema.clamped);
    said && BOUNDS.contains(&ctx.case.main_promise().keyword())
}

/// Whether all that is wrong with a request is that it has no `If-Match`, where the document gives the
/// status for it (RFC 6585 §3).
fn lacks_condition(ctx: &CaseJudge<'_>) -> bool {
    let Request::Http(request) = &ctx.case.request else {
        return false;
    };
    let mut names = request.headers.iter().map(|(name, _)| name);
    ctx.case.is_about_header("If-Match")
        && ctx.operation.documents(428)
        && !names.any(|name| name.to_ascii_lowercase().starts_with("if-"))
}

/// The page leaves it open: a success of the documented form, or a refusal that is at least of the
/// documented schema. Which of them is recorded.
pub(super) fn either(
    ctx: &CaseJudge<'_>,
    question: &str,
    faults: &[Fault],
    judgement: &mut Judgement,
) {
    let choice = choice_line(judgement.acceptance, ctx.answer);
    judgement.choice = Some((question.to_owned(), choice));
    match judgement.acceptance {
        Acceptance::Accepted => {
            judgement.leave_all(ctx.case, "the page leaves it open; the device accepts");
            ctx.success_body(judgement);
        }
        Acceptance::Refused if ctx.error_under_success() => judgement.broken(
            &ctx.case.main_promise(),
            Deviation::error_under_success(ctx.case, ctx.answer),
        ),
        Acceptance::Refused => {
            judgement.leave_all(ctx.case, "the page leaves it open; the device refuses");
            check_body(ctx, faults, judgement, Strictness::SchemaOnly);
        }
        Acceptance::Neither => judgement.leave_all(ctx.case, "neither accepted nor refused"),
    }
}

/// Credentials are missing or wrong.
pub(super) fn unauthorized(ctx: &CaseJudge<'_>, faults: &[Fault], judgement: &mut Judgement) {
    let main = ctx.case.main_promise();
    let status = ctx.answer.status;
    if judgement.acceptance == Acceptance::Accepted {
        // A redirect may as well lead to the page at which people log in.
        match status {
            300..=399 => judgement.leave_all(ctx.case, &status::told(status)),
            _ => judgement.broken(&main, Deviation::auth_not_enforced(ctx.case, ctx.answer)),
        }
        return;
    }
    let mut documented: Vec<u16> = [401, 403]
        .into_iter()
        .filter(|s| {
            ctx.operation
                .response(*s)
                .is_some_and(|r| r.status.exact().is_some())
        })
        .collect();
    // Some interfaces say it under another status, and say so.
    for shape in ctx.operation.error_shapes() {
        if shape.answers.contains(&FaultKind::Unauthenticated)
            && !documented.contains(&shape.status)
        {
            documented.push(shape.status);
        }
    }
    let fits = match documented.as_slice() {
        [] => matches!(status, 401 | 403),
        list => list.contains(&status),
    };
    if fits {
        judgement.keep_all(ctx.case);
        check_body(
            ctx,
            &[Fault::whole(FaultKind::Unauthenticated)],
            judgement,
            Strictness::ThisFault,
        );
        return;
    }
    if ctx.says_refused() {
        judgement.leave_all(ctx.case, "kept out under a success status");
        return;
    }
    // A further fault may be answered first, and general limits of HTTP (RFC 9110 §15.5.14,
    // RFC 6585 §5) or of the message format may strike before anybody looks at credentials.
    let other_fault = !faults.is_empty()
        && (400..500).contains(&status)
        && refusal_statuses(ctx.operation, faults).is_none_or(|list| list.contains(&status));
    // Without a body there is no length and no media type either.
    let bodiless = faults.iter().any(|f| f.kind == FaultKind::NoBody);
    if other_fault || matches!(status, 413 | 414 | 431) || bodiless && matches!(status, 411 | 415) {
        judgement.leave_all(ctx.case, "another fault was answered first");
        return;
    }
    // Place and state may be looked at before rights, and a page to log in at is no service.
    // Where the document gives no status for it, any 4xx keeps the caller out.
    let tied =
        !tied_statuses(ctx.operation, &[Fault::whole(FaultKind::Unauthenticated)]).is_empty();
    let swapped = tied && matches!(status, 401 | 403);
    if status::speaks_of_circumstance(status) && !swapped
        || documented.is_empty() && (400..500).contains(&status)
    {
        judgement.leave_all(
            ctx.case,
            &format!("kept out, with another status: {status}"),
        );
        return;
    }
    let usual = [401, 403];
    let allowed = match documented.as_slice() {
        [] => &usual[..],
        list => list,
    };
    judgement.broken(
        &main,
        Deviation::refusal_status(ctx.case, Some(allowed), ctx.answer),
    );
}

/// The user may not do this. Servers that would not even tell what there is answer 404 (RFC 9110
/// §15.5.4); any other refusal may be one of the request itself, and says nothing of rights.
pub(super) fn forbidden(ctx: &CaseJudge<'_>, judgement: &mut Judgement) {
    let status = ctx.answer.status;
    match judgement.acceptance {
        Acceptance::Accepted => judgement.broken(
            &ctx.case.main_promise(),
            Deviation::auth_not_enforced(ctx.case, ctx.answer),
        ),
        _ if matches!(status, 401 | 403) => judgement.keep_all(ctx.case),
        _ => judgement.leave_all(
            ctx.case,
            &format!("kept out, with a status that does not speak of rights: {status}"),
        ),
    }
}

/// Whether a status refuses a request for these faults where the document ties them to none: a
/// documented or generic 4xx that does not speak of rights, place or state. A path that names
/// nothing is such a fault (404, 410), so is a parameter (RFC 9110 §15.5.5).
fn says_so(ctx: &CaseJudge<'_>, status: u16, faults: &[Fault]) -> bool {
    let place = faults.iter().any(|f| f.kind == FaultKind::Parameter);
    if status::speaks_of_circumstance(status) {
        return place && matches!(status, 404 | 410);
    }
    // Some interfaces refuse under a success status, with an error text.
    if ctx.operation.error_shapes().any(|s| s.status == status) || ctx.says_refused() {
        return true;
    }
    (400..500).contains(&status)
        && (status::generic_refusal(status) || ctx.operation.response(status).is_some())
}

/// Whether a refusal may come from in front of what a document ties to faults: limits of HTTP, a
/// session that has ended, a redirect, a lock (RFC 9110 §15.4, RFC 6585, RFC 4918 §11.3).
fn refused_elsewhere(status: u16) -> bool {
    matches!(
        status,
        300..=399 | 401 | 407 | 408 | 421 | 423 | 425 | 428 | 429 | 451
    )
}

/// The statuses that the document ties to these faults by name; empty where it ties one of them to
/// none, for then that one may be answered first.
pub(super) fn tied_statuses(operation: &Operation, faults: &[Fault]) -> Vec<u16> {
    let mut list: Vec<u16> = Vec::new();
    for fault in faults {
        let named =
            |s: &&ErrorShape| s.answers.contains(&fault.kind) || s.may_answer.contains(&fault.kind);
        let statuses: Vec<u16> = operation
            .error_shapes()
            .filter(named)
            .map(|s| s.status)
            .collect();
        if statuses.is_empty() {
            return Vec::new();
        }
        list.extend(statuses);
    }
    list.sort_unstable();
    list.dedup();
    list
}

/// The statuses that may answer these faults; `None`: the contract does not say.
fn refusal_statuses(operation: &Operation, faults: &[Fault]) -> Option<Vec<u16>> {
    let mut list: Vec<u16> = Vec::new();
    for fault in faults {
        for shape in permitted(operation, fault.kind) {
            if !list.contains(&shape.status) {
                list.push(shape.status);
            }
        }
    }
    if list.is_empty() {
        list = operation
            .responses
            .iter()
            .filter_map(|r| r.status.exact())
            .filter(|s| (400..500).contains(s) && !matches!(s, 401 | 403 | 404 | 405 | 429))
            .collect();
        // A catch-all answer documents every status that it stands for.
        let catch_all = operation
            .responses
            .iter()
            .any(|r| r.status.exact().is_none());
        if catch_all || list.is_empty() {
            return None;
        }
    }
    Some(list)
}

/// The shapes that may answer a fault: those that name its kind; where none does, the page leaves
/// the text open and every shape that does not speak of credentials may come.
fn permitted(operation: &Operation, kind: FaultKind) -> Vec<&ErrorShape> {
    let named: Vec<&ErrorShape> = operation
        .error_shapes()
        .filter(|s| s.answers.contains(&kind) || s.may_answer.contains(&kind))
        .collect();
    if !named.is_empty() {
        return named;
    }
    operation
        .error_shapes()
        .filter(|s| {
            !s.answers.contains(&FaultKind::Unauthenticated) && kind != FaultKind::Unauthenticated
        })
        .collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Strictness {
    /// The shape must be one that these faults draw.
    ThisFault,
    /// Only media type, JSON and schema count.
    SchemaOnly,
}

fn check_body(
    ctx: &CaseJudge<'_>,
    faults: &[Fault],
    judgement: &mut Judgement,
    strictness: Strictness,
) {
    let status = ctx.answer.status;
    let promise = ctx.response_promise(status);
    let ruling = ctx.body_ruling(status);
    let broken = matches!(ruling, Ruling::Broken(_));
    judgement.rule(&promise, ruling);
    if broken {
        return;
    }
    let here: Vec<&ErrorShape> = ctx
        .operation
        .error_shapes()
        .filter(|s| s.status == status)
        .collect();
    if here.is_empty() {
        return;
    }
    let body = ctx.json().unwrap_or_default();
    let matched = matches(here.iter().copied(), &body);
    judgement.shape = matched.first().map(|m| m.shape.id.clone());
    if strictness == Strictness::SchemaOnly {
        return;
    }
    let wanted: Vec<&ErrorShape> = faults
        .iter()
        .flat_map(|f| permitted(ctx.operation, f.kind))
        .collect();
    let charged = wanted
        .iter()
        .find(|s| s.status == status)
        .map_or_else(|| promise.clone(), |s| s.promise.clone());
    let fitting: Vec<&ShapeMatch<'_>> = matched
        .iter()
        .filter(|m| {
            wanted
                .iter()
                .any(|w| w.id == m.shape.id && w.status == m.shape.status)
        })
        .collect();
    if fitting.is_empty() {
        let shapes: BTreeSet<String> = wanted
            .iter()
            .filter(|s| s.status == status)
            .map(|s| s.body.to_string())
            .collect();
        let shapes: Vec<String> = shapes.into_iter().collect();
        judgement.broken(
            &charged,
            Deviation::error_shape(ctx.case, &shapes, ctx.answer),
        );
        return;
    }
    check_name(ctx, faults, judgement, &fitting);
}

/// Whether a text that fits names a field that is wrong; one such is enough.
fn check_name(
    ctx: &CaseJudge<'_>,
    faults: &[Fault],
    judgement: &mut Judgement,
    fitting: &[&ShapeMatch<'_>],
) {
    for found in fitting {
        judgement.shape = Some(found.shape.id.clone());
        let right = match &found.param {
            None => true,
            Some(name) => faults.iter().any(|f| {
                permitted(ctx.operation, f.kind)
                    .iter()
                    .any(|s| s.id == found.shape.id)
                    && f.field
                        .as_ref()
                        .is_none_or(|field| names_field(name, field))
            }),
        };
        if right {
            judgement.kept(&found.shape.promise);
            return;
        }
    }
    if let Some(last) = fitting.last() {
        let name = last.param.clone().unwrap_or_default();
        let fields: Vec<String> = faults
            .iter()
            .filter_map(|f| f.field.as_ref())
            .map(|f| format!("`{f}`"))
            .collect();
        judgement.broken(
            &last.shape.promise,
            Deviation::error_field(ctx.case, &fields, ctx.answer, &name),
        );
    }
}
