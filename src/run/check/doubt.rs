//! Whether an operation could be judged at all: some request of it has to be surely valid.

use super::model::Hint;
use crate::case::{Context, Expect, Strategy};
use crate::contract::{Operation, Place, Policy};
use crate::exchange::Request;

/// Why no request of an operation is surely valid, and what would help.
pub(super) struct Doubt {
    pub(super) why: String,
    pub(super) hints: Vec<Hint>,
}

/// `None` where a run can judge it: the plan holds a request that is valid by the document.
/// `exists`: the device has shown what the operation's path names.
pub(super) fn doubt(
    context: &Context<'_>,
    strategies: &[Box<dyn Strategy>],
    policy: &Policy,
    op: &Operation,
    exists: bool,
) -> Option<Doubt> {
    let cannot = |why: String, reason: &str| Doubt {
        why,
        hints: vec![Hint::CannotJudge {
            operation: op.id.clone(),
            reason: reason.to_owned(),
        }],
    };
    let on_own = policy.effects().get(&op.id).is_some_and(|e| e.on_own);
    if (on_own || context.is_of_own_item(op)) && policy.removes() {
        // A run creates what it is sent to.
        return None;
    }
    if policy
        .permits(&Request::Http(context.request(op, None)))
        .is_err()
    {
        let reason = "sent only to what Probity itself has created, and it creates nothing here";
        return Some(cannot(reason.to_owned(), reason));
    }
    let unknown = unknown(op);
    if !exists && !unknown.is_empty() {
        return Some(Doubt {
            why: format!(
                "the document shows no value of `{}`, so no request is surely valid",
                unknown.join("`, `")
            ),
            hints: vec![Hint::Values {
                of: op.path.clone(),
                parameters: unknown,
            }],
        });
    }
    let mut open = None;
    for strategy in strategies {
        for case in strategy.cases(context, op) {
            match case.expect {
                _ if case.is_valid() => return None,
                Expect::Either { question, .. } => {
                    open.get_or_insert(question);
                }
                _ => {}
            }
        }
    }
    let question = open.unwrap_or_else(|| "no request of it can be built".to_owned());
    Some(cannot(
        format!("no request is surely valid: {question}"),
        &question,
    ))
}

/// Path parameters of which neither document nor profile shows a value.
fn unknown(op: &Operation) -> Vec<String> {
    let unknown = op.parameters.iter().filter(|p| {
        p.place == Place::Path
            && p.given.is_none()
            && p.schema.examples.is_empty()
            && p.schema.enum_values.is_none()
            && p.schema.const_value.is_none()
    });
    unknown.map(|p| p.name.clone()).collect()
}
