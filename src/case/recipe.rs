//! A case as data that outlives the run: what a report keeps of a finding so that it can be sent
//! again years later, without the plan that it came from.

use super::identity::{CaseId, InputClass, Tier};
use super::model::{Case, Check, Expect};
use crate::contract::PromiseId;
use crate::exchange::Request;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything that sending and judging need. Holds no credential: requests name them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recipe {
    /// See [`Case::operation`].
    pub operation: String,
    /// See [`Case::promises`].
    pub promises: Vec<PromiseId>,
    /// See [`Case::title`].
    pub title: String,
    /// See [`Case::input_class`].
    pub input_class: InputClass,
    /// What has to be sent before, in order; what comes back to it is not judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Request>,
    /// What to send.
    pub request: Request,
    /// What may come back.
    pub expect: Expect,
    /// What to look at afterwards.
    pub check: Check,
}

impl Recipe {
    /// What there is to keep of a case that stands alone.
    pub fn of(case: &Case) -> Recipe {
        Recipe {
            operation: case.operation.clone(),
            promises: case.promises.clone(),
            title: case.title.clone(),
            input_class: case.input_class.clone(),
            before: Vec::new(),
            request: case.request.clone(),
            expect: case.expect.clone(),
            check: case.check.clone(),
        }
    }

    /// The case again, under an id that the caller knows it by.
    pub fn case(&self, id: &str) -> Case {
        Case {
            id: CaseId::known(id),
            strategy: "replay",
            operation: self.operation.clone(),
            promises: self.promises.clone(),
            title: self.title.clone(),
            request: self.request.clone(),
            expect: self.expect.clone(),
            input_class: self.input_class.clone(),
            check: self.check.clone(),
            tier: Tier::FIRST,
            carries: Vec::new(),
        }
    }
}
