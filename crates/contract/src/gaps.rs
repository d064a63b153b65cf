//! What the documented texts of error answers leave unsaid: which text answers which fault, how a
//! member of a member is named, which of two faults comes first. Part of [`mod@super::lint`]; imports the
//! model only.

use super::model::*;
use super::promise_id::PromiseId;

/// The gaps of an operation's error answers; none where it documents no texts.
pub(super) fn gaps(contract: &Contract, operation: &Operation) -> Vec<ContractIssue> {
    let shapes: Vec<&ErrorShape> = operation.error_shapes().collect();
    let Some(first) = shapes.first() else {
        return Vec::new();
    };
    let promise = PromiseId::response(&operation.id, first.status);
    let page_line = contract
        .promise(&promise)
        .and_then(|promise| promise.source.page_line);
    let issue = |rule: &str, title: String, proof: String| ContractIssue {
        id: format!("{rule}:{}", operation.pointer),
        promise: Some(promise.clone()),
        title,
        proof,
        page_line,
        pointer: operation.pointer.clone(),
        ..ContractIssue::default()
    };
    let mut issues = Vec::new();
    for (fault, rule, what) in FAULTS {
        let may: Vec<String> = shapes
            .iter()
            .filter(|s| s.may_answer.contains(fault))
            .map(|s| s.body.to_string())
            .collect();
        let stated = shapes.iter().any(|s| s.answers.contains(fault));
        if !stated && !may.is_empty() {
            issues.push(issue(
                &format!("answer-not-stated-{rule}"),
                format!("{what} is not stated"),
                format!("{} may be meant", may.join(" or ")),
            ));
        }
    }
    let named = shapes.iter().find(|s| s.names_field());
    let fields = operation.fields();
    let nested = fields.iter().find(|f| f.path.0.len() > 1);
    if let (Some(shape), Some(field)) = (named, nested) {
        let leaf = field.path.leaf().unwrap_or_default();
        issues.push(issue(
            "name-of-nested-not-stated",
            "how a text names a member of a member is not stated".to_owned(),
            format!("{}: `{leaf}` or `{}`", shape.body, field.path),
        ));
    }
    let required: Vec<&Field<'_>> = fields
        .iter()
        .filter(|f| f.required && f.path.0.len() == 1)
        .collect();
    if let (Some(_), [one, two, ..]) = (named, required.as_slice()) {
        let refused = shapes
            .iter()
            .find(|s| s.answers.contains(&FaultKind::Unauthenticated))
            .map(|s| format!("; without credentials as well: {}", s.body));
        issues.push(issue(
            "order-of-faults-not-stated",
            "which of two faults is answered is not stated".to_owned(),
            format!(
                "neither `{}` nor `{}`: the text may name either{}",
                one.path,
                two.path,
                refused.unwrap_or_default()
            ),
        ));
    }
    issues
}

/// Faults of a body, a name for each, and what is not stated where no text has to answer it.
const FAULTS: &[(FaultKind, &str, &str)] = &[
    (
        FaultKind::NoBody,
        "no-body",
        "which text answers a request without a body",
    ),
    (
        FaultKind::NotJson,
        "not-json",
        "which text answers a body that is no JSON",
    ),
    (
        FaultKind::WrongRoot,
        "wrong-root",
        "which text answers JSON that is not of the body's type",
    ),
    (
        FaultKind::Missing,
        "missing",
        "which text answers an absent member",
    ),
    (
        FaultKind::Null,
        "null",
        "whether `null` counts as absent or as of the wrong type",
    ),
    (
        FaultKind::WrongType,
        "wrong-type",
        "which text answers a value of the wrong type",
    ),
    (
        FaultKind::Constraint,
        "constraint",
        "which text answers a value of the right type that breaks a rule",
    ),
    (
        FaultKind::UnknownMember,
        "unknown-member",
        "whether a member that is not described is refused, and with which text,",
    ),
];
