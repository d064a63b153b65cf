//! Whether the document is the OpenAPI that it says it is: the typed model and the validator of
//! `roas` look at it as a whole. What they find is an issue of the document, not a reason to refuse
//! it: the model of [`super::load()`] reads the raw document, so that JSON pointers, extensions and
//! damaged values survive, and refuses by itself what it cannot use.

use super::model::ContractIssue;
use roas::validation::{Options, Validate, ValidationError};
use serde::Deserialize;
use serde_json::Value;

/// Most `$ref`s of a document that is checked: the validator follows chains of them by recursion,
/// about 10 KiB of stack each.
const MOST_REFS: usize = 5_000;
/// Stack for [`MOST_REFS`] on end, with room; only what is used becomes memory.
const STACK: usize = 256 << 20;
/// Most findings that are listed.
const MOST_FINDINGS: usize = 50;

/// What breaks the OpenAPI Specification's own rules; `Err` says why nobody looked.
pub(super) fn check(document: &Value, v31: bool) -> Result<Vec<ContractIssue>, String> {
    let refs = count_refs(document);
    if refs > MOST_REFS {
        return Err(format!(
            "the document has {refs} `$ref`s, more than {MOST_REFS}: its structure is not checked against the OpenAPI Specification as a whole"
        ));
    }
    // Components that nothing uses and tags that nothing declares promise nothing.
    let mut options = roas::validation::IGNORE_UNUSED;
    options.extend([
        Options::IgnoreMissingTags,
        Options::IgnoreEmptyInfoTitle,
        Options::IgnoreEmptyInfoVersion,
        Options::IgnoreEmptyResponseDescription,
        Options::IgnoreExternalReferences,
    ]);
    let findings = std::thread::scope(|scope| {
        let checker = std::thread::Builder::new()
            .name("openapi-structure".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, || {
                let found = if v31 {
                    roas::v3_1::spec::Spec::deserialize(document)
                        .map(|spec| spec.validate(options, None))
                } else {
                    roas::v3_0::spec::Spec::deserialize(document)
                        .map(|spec| spec.validate(options, None))
                };
                match found {
                    Ok(Ok(())) => Vec::new(),
                    Ok(Err(error)) => error.errors,
                    Err(error) => vec![ValidationError {
                        path: "#".to_owned(),
                        message: error.to_string(),
                    }],
                }
            });
        let why = |e: &dyn std::fmt::Display| format!("the structure could not be checked: {e}");
        checker
            .map_err(|e| why(&e))?
            .join()
            .map_err(|_| why(&"the check failed"))
    })?;
    Ok(findings
        .into_iter()
        .take(MOST_FINDINGS)
        .map(|finding| ContractIssue {
            id: format!("openapi:{}", finding.path),
            promise: None,
            title: "the document breaks a rule of the OpenAPI Specification".to_owned(),
            proof: format!("at {}: {}", finding.path, finding.message),
            page_line: None,
        })
        .collect())
}

fn count_refs(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(count_refs).sum(),
        Value::Object(members) => {
            usize::from(members.contains_key("$ref"))
                + members.values().map(count_refs).sum::<usize>()
        }
        _ => 0,
    }
}
