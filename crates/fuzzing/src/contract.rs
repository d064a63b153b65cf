//! Documents: any bytes give a contract or an error that names the place, in bounded time, the same
//! one each time; what is made of a contract keeps together.

use probity::contract::{Contract, assess, lint, load_bytes};
use probity::pattern::{Rule, Texts};
use serde_json::Value;
use std::collections::HashSet;

/// Texts of rules beyond which only the contract is looked at: compiling their readings costs
/// milliseconds each.
const RULES: usize = 3;

/// The bytes are the document.
pub fn body(data: &[u8]) {
    let contract = match load_bytes("fuzz", data) {
        Ok(contract) => contract,
        Err(error) => {
            assert_eq!(error.file, "fuzz");
            assert!(!error.reason.is_empty());
            let shown = error.to_string();
            assert!(shown.len() < 4_096, "an error of {} octets", shown.len());
            return;
        }
    };
    holds_together(&contract, data);
    reformatted(&contract, data);
    let rules: HashSet<Rule> = contract
        .operations
        .iter()
        .flat_map(|o| o.fields())
        .filter_map(|f| f.schema.rule())
        .collect();
    let long = rules
        .iter()
        .any(|r| r.pattern.as_ref().is_some_and(|p| p.len() > 40));
    if rules.len() > RULES || long {
        return;
    }
    let texts = contract.texts();
    let issues = lint(&contract, &texts);
    let mut ids = HashSet::new();
    for issue in &issues {
        assert!(ids.insert(&issue.id), "{} twice", issue.id);
        if let Some(promise) = &issue.promise {
            assert!(contract.promise(promise).is_some(), "{promise} is unknown");
        }
    }
    assert_eq!(
        issues,
        lint(&contract, &texts),
        "lint says something else the second time"
    );
    examples(&contract, &texts);
}

/// Ids are unique, operations are found by theirs, promises point into the document.
fn holds_together(contract: &Contract, data: &[u8]) {
    assert!(!contract.operations.is_empty());
    let mut ids = HashSet::new();
    for operation in &contract.operations {
        assert!(ids.insert(&operation.id), "{} twice", operation.id);
        assert!(contract.operation(&operation.id).is_some());
    }
    let mut ids = HashSet::new();
    let document: Option<Value> = serde_json::from_slice(data).ok();
    for promise in &contract.promises {
        assert!(ids.insert(&promise.id), "{} twice", promise.id);
        assert!(
            contract.operation(&promise.operation).is_some(),
            "{} is of no operation",
            promise.id
        );
        let pointer = &promise.source.pointer;
        if let Some(document) = &document
            && pointer.starts_with('/')
        {
            assert!(
                document.pointer(pointer).is_some(),
                "{} points to {pointer}",
                promise.id
            );
        }
    }
}

/// A JSON document written another way is the same contract.
fn reformatted(contract: &Contract, data: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let Ok(pretty) = serde_json::to_vec_pretty(&document) else {
        return;
    };
    let again = load_bytes("fuzz", &pretty);
    let again = again.unwrap_or_else(|e| panic!("written another way it is refused: {e}"));
    assert_eq!(
        format!("{:?}", again.operations),
        format!("{:?}", contract.operations)
    );
    assert_eq!(
        format!("{:?}", again.promises),
        format!("{:?}", contract.promises)
    );
}

/// What the page shows as a value can be assessed.
fn examples(contract: &Contract, texts: &Texts) {
    for body in contract.operations.iter().filter_map(|o| o.body.as_ref()) {
        let named = body.examples.iter().map(|(_, value)| value);
        for example in named.chain(&body.schema.examples) {
            let first = assess(&body.schema, example, texts);
            assert_eq!(first, assess(&body.schema, example, texts));
        }
    }
}
