//! Flaws of the document as issues. Part of [`mod@super::lint`].

use super::model::{Contract, ContractIssue, Severity};
use super::reader::Flaw;

/// What could not be read.
pub(super) fn check(_contract: &Contract, flaws: &[Flaw]) -> Vec<ContractIssue> {
    let issue = |flaw: &Flaw| ContractIssue {
        id: format!("cannot-be-read:{}", flaw.place),
        title: "a part of the document cannot be read".to_owned(),
        proof: format!("at {}: {}", flaw.place, flaw.reason),
        severity: Severity::Error,
        why: "what depends on it is not judged".to_owned(),
        pointer: flaw.place.clone(),
        ..ContractIssue::default()
    };
    flaws.iter().map(issue).collect()
}
