//! Whether an operation may be called, and whether what its requests name is known to exist.

use super::meaning;
use super::model::Context;
use crate::contract::{Access, Operation, Place};

/// Whether calls of our own making may go to the operation at all: the profile does not deny its
/// path, and that is not another operation's as well. What else may be sent is the policy's, see [`super::plan::plan_under`].
pub(super) fn may_call(context: &Context<'_>, op: &Operation) -> bool {
    op.twin.is_none() && !matches!(op.access, Access::Unfed(_)) && !denied(context, &op.path)
}

/// Whether the profile says that nothing may be sent to a path.
pub(super) fn denied(context: &Context<'_>, path: &str) -> bool {
    let mut globs = context.profile.deny.iter();
    globs.any(|glob| globset::Glob::new(glob).is_ok_and(|g| g.compile_matcher().is_match(path)))
}

/// Whether an operation is a plain read: it changes nothing, and a request of it is a target and a
/// head, which a strategy may spell in its own way.
pub(super) fn is_plain_read(op: &Operation) -> bool {
    op.method == "GET" && op.body.is_none()
}

/// What an answer to a value outside its parameter's rules leaves open, where the document shows no
/// refusal.
pub(super) const NO_REFUSAL: &str = "a parameter outside its rules, and no refusal documented";

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
