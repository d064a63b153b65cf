//! Which job a journal is of.

use super::super::result::ContractRef;
use crate::case::Plan;
use crate::contract::Contract;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The `journal` member of the first line.
pub const SCHEMA_ID: &str = "probity-journal/1";

/// The first line: which job this is the journal of. Another job may not go on with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`SCHEMA_ID`].
    pub journal: String,
    /// `run`, `fuzz` or `replay`.
    pub job: String,
    /// What is judged against.
    pub contract: ContractRef,
    /// Base URL of the device, or [`EMBEDDED`].
    pub target: String,
    /// Seed of everything generated.
    pub seed: u64,
    /// [`plan_digest`].
    pub plan: String,
    /// Cases of the plan.
    pub cases: usize,
    /// Share of the plan, `I/N`.
    pub shard: Option<String>,
    /// [`shape`] of the contract: what putting back relies on.
    #[serde(default)]
    pub shape: Option<String>,
}

/// A digest of the operations of a contract, their paths and the members of their bodies. A device
/// that serves its own document may write it otherwise from one day to the next, and what a killed
/// job left has to be put back all the same.
pub fn shape(contract: &Contract) -> String {
    let mut parts = Vec::new();
    for operation in &contract.operations {
        let (method, path, id) = (&operation.method, &operation.path, &operation.id);
        parts.push(format!("{method} {path} {id}"));
        let media = operation.body.as_ref().map(|b| b.media_type.to_string());
        parts.extend(media);
        for field in operation.fields() {
            let (read, write) = (field.schema.read_only, field.schema.write_only);
            parts.push(format!("{} {read} {write}", field.path.pointer()));
        }
    }
    let digest = Sha256::digest(parts.join("\n"));
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

/// The target of a job against the embedded mock, whose port is another one every time.
pub const EMBEDDED: &str = "embedded mock";

impl Header {
    /// Says what differs, the most telling first.
    pub(super) fn foreign(&self, ours: &Header) -> Option<(&'static str, String, String)> {
        let pairs = [
            ("job", self.job.clone(), ours.job.clone()),
            (
                "contract",
                contract_name(&self.contract),
                contract_name(&ours.contract),
            ),
            ("target", self.target.clone(), ours.target.clone()),
            ("seed", self.seed.to_string(), ours.seed.to_string()),
            ("shard", shard_name(&self.shard), shard_name(&ours.shard)),
            (
                "plan",
                plan_name(self.cases, &self.plan),
                plan_name(ours.cases, &ours.plan),
            ),
        ];
        let mut pairs = pairs.into_iter();
        pairs.find(|(_, theirs, ours)| theirs != ours)
    }
}

fn contract_name(contract: &ContractRef) -> String {
    let hash = contract.sha256.get(..12).unwrap_or(&contract.sha256);
    format!("{} ({hash}…)", contract.id)
}

fn shard_name(shard: &Option<String>) -> String {
    shard.clone().unwrap_or_else(|| "none".to_owned())
}

fn plan_name(cases: usize, digest: &str) -> String {
    format!("{cases} cases ({}…)", digest.get(..12).unwrap_or(digest))
}

/// SHA-256 over ids and requests of a plan in order, lower-case hexadecimal: two plans with the
/// same digest send the same.
pub fn plan_digest(plan: &Plan) -> String {
    let mut hash = Sha256::new();
    for case in &plan.cases {
        hash.update(case.id.as_bytes());
        hash.update([0]);
        hash.update(serde_json::to_vec(&case.request).unwrap_or_default());
        hash.update([0]);
    }
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}
