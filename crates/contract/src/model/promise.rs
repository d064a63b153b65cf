//! What a document promises, and what is wrong with it.

use super::*;

/// One checkable statement of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Promise {
    /// Stable id, e.g. `setSipSettings.body.proxy.pattern`.
    pub id: PromiseId,
    /// Operation that makes it.
    pub operation: String,
    /// JSON pointer into the document, and the line of the page where there is one.
    pub source: PromiseSource,
    /// Where several operations are promised the same by one place of the document, a component: the
    /// JSON pointer to it.
    pub stated: Option<String>,
    /// The statement in one line.
    pub text: String,
}

/// Where a promise is stated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PromiseSource {
    /// JSON pointer into the contract's document; for promises that HTTP or JSON makes for every
    /// API, the RFC and section.
    pub pointer: String,
    /// Line of the published page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_line: Option<u32>,
}

/// Something the document states that Probity does not check.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Unsupported {
    /// JSON pointer.
    pub pointer: String,
    /// What, and what follows from leaving it out.
    pub what: String,
}

/// How much an issue of the text matters.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The text is wrong: nothing can keep it, or it contradicts itself.
    Error,
    /// The text leaves open what readers will read differently.
    #[default]
    Warning,
    /// Could be said more exactly; listed by `lint --pedantic` only.
    Note,
}

/// A contradiction or gap of the published text itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ContractIssue {
    /// Stable id: `RULE:POINTER`.
    pub id: String,
    /// The promise it concerns, where it concerns one.
    pub promise: Option<PromiseId>,
    /// One line.
    pub title: String,
    /// The strings, engines or values that prove it.
    pub proof: String,
    /// Line of the published page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_line: Option<u32>,
    /// How much it matters.
    #[serde(default)]
    pub severity: Severity,
    /// Why it matters, in one line.
    #[serde(default)]
    pub why: String,
    /// Place in the document: a JSON pointer, before it the name of the file and `#` where it is
    /// another than the document itself.
    #[serde(default)]
    pub pointer: String,
    /// The file.
    #[serde(default)]
    pub file: String,
    /// Line in the file, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in the line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

impl ContractIssue {
    /// The rule that it breaks: the first part of the id.
    pub fn rule(&self) -> &str {
        self.id.split(':').next().unwrap_or_default()
    }
}

/// Why a contract could not be loaded; the command line exits with 2, and with 3 where the document is lawful.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{at}: {reason}", at = if place.is_empty() { String::new() } else { format!(": {place}") })]
pub struct ContractError {
    /// The file, or `sip-settings`.
    pub file: String,
    /// `line N, column M` or a JSON pointer; empty where there is none.
    pub place: String,
    /// What is wrong.
    pub reason: String,
    /// Whether nothing is wrong with the document: it has operations, and none of a kind that is sent.
    pub lawful: bool,
}
