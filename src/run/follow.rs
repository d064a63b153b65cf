//! Findings that may follow from others: what a read shows is what an invalid request has left, where
//! one was accepted; what `HEAD` draws is what `GET` draws, without its text. Pure.

use super::causes::fingerprint_of;
use super::result::Finding;
use crate::contract::{Contract, Resources};
use crate::exchange::Request;
use crate::judge::Kind;
use crate::profile::Profile;
use std::collections::BTreeMap;

/// Marks findings as arguable for what another finding says.
pub(super) fn mark(findings: &mut [Finding], contract: &Contract, profile: &Profile) {
    mark_heads(findings);
    mark_left(findings, contract, profile);
}

/// What `HEAD` draws has no text that would say why (RFC 9110 §9.3.2): where `GET` fails arguably, so does
/// it.
fn mark_heads(findings: &mut [Finding]) {
    let failing = findings.iter().filter(|f| f.kind == Kind::ServerError);
    let doubted = failing.filter_map(|f| {
        let why = f.arguable.clone()?;
        Some(((f.operations.clone(), f.symptom.clone()), why))
    });
    let doubted: BTreeMap<_, String> = doubted.collect();
    let is_head = |finding: &Finding| {
        let recipe = finding.reproducer.recipe.as_ref();
        recipe.is_some_and(|r| matches!(&r.request, Request::Http(http) if http.method == "HEAD"))
    };
    for finding in findings.iter_mut().filter(|f| f.arguable.is_none()) {
        if finding.kind == Kind::ServerError && is_head(finding) {
            let of = (finding.operations.clone(), finding.symptom.clone());
            finding.arguable = doubted.get(&of).cloned();
        }
    }
}

/// Marks findings that may be nothing but what a request has left that another finding says should have
/// been refused.
fn mark_left(findings: &mut [Finding], contract: &Contract, profile: &Profile) {
    let resources = Resources::of(contract, profile);
    // Path of the state that was written → fingerprint.
    let mut written: BTreeMap<&str, String> = BTreeMap::new();
    for finding in findings.iter().filter(|f| f.kind == Kind::AcceptsInvalid) {
        for operation in &finding.operations {
            let resource = resources.of_operation(operation);
            let at = resource.filter(|r| r.writers.contains(operation) || r.create.is_some());
            for id in at
                .iter()
                .flat_map(|r| [Some(&r.id), r.parent.as_ref()])
                .flatten()
            {
                written.entry(id).or_insert_with(|| fingerprint_of(finding));
            }
        }
    }
    let shown = |finding: &Finding| {
        let [operation] = finding.operations.as_slice() else {
            return None;
        };
        let reads = contract
            .operation(operation)
            .is_some_and(|o| o.method == "GET");
        let resource = resources.of_operation(operation).filter(|_| reads)?;
        let of = [Some(&resource.id), resource.parent.as_ref()];
        of.into_iter()
            .flatten()
            .find_map(|id| written.get(id.as_str()))
    };
    for finding in findings.iter_mut() {
        // Of a success: what is wrong with a member, not with how it is written down.
        let schema = finding.kind == Kind::MalformedResponse && finding.symptom.contains('`');
        if !schema || finding.arguable.is_some() {
            continue;
        }
        if let Some(print) = shown(finding) {
            finding.arguable = Some(format!(
                "it may show what an invalid request has left that was accepted: see {print}"
            ));
        }
    }
}
