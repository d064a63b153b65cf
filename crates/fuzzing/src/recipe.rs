//! Recipes of reports: what is read is written back the same, and what is admitted is admitted
//! again and is of the contract.

use crate::stage;
use probity::case::{CaseId, Context, Recipe};
use probity::run::admit::Admission;
use probity::run::result::{Finding, Report};
use std::sync::OnceLock;

/// A finding to put recipes into.
fn finding() -> Finding {
    static FINDING: OnceLock<Finding> = OnceLock::new();
    let read = || {
        let report: Report = serde_json::from_str(include_str!("report.json")).expect("a report");
        report.findings.into_iter().next().expect("a finding")
    };
    FINDING.get_or_init(read).clone()
}

/// The bytes are a recipe.
pub fn body(data: &[u8]) {
    let Ok(recipe) = serde_json::from_slice::<Recipe>(data) else {
        return;
    };
    let written = serde_json::to_value(&recipe).expect("is written");
    let again: Recipe = serde_json::from_value(written.clone()).expect("reads what it wrote");
    assert_eq!(serde_json::to_value(&again).expect("is written"), written);
    let case = recipe.case("made/up");
    assert_eq!(case.operation, recipe.operation);
    let stage = stage::embedded();
    let context = Context::new(&stage.contract, &stage.profile, &stage.texts);
    let admission = Admission::new(&context, None, []);
    let mut made = finding();
    made.case = CaseId::known("made/up");
    made.reproducer.recipe = Some(Box::new(recipe));
    let Ok(admitted) = admission.admit(&made) else {
        return;
    };
    let sent = admitted.reproducer.recipe.as_ref().expect("has a recipe");
    assert!(stage.contract.operation(&sent.operation).is_some());
    assert!(admission.admit(&admitted).is_ok(), "admitted once only");
}
