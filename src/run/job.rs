//! What a run works from, what it leaves, and why it may end early. Plain data.

use super::exit::Verdict;
use super::result::Report;
use crate::case::{Context, Plan};
use crate::contract::{Contract, ContractIssue};
use crate::device::Device;
use crate::pattern::Texts;
use crate::profile::Profile;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Everything that a run works from.
pub struct Job {
    /// What is promised.
    pub contract: Arc<Contract>,
    /// How the device is driven.
    pub profile: Arc<Profile>,
    /// Readings of the contract's string rules.
    pub texts: Arc<Texts>,
    /// What to send.
    pub plan: Plan,
    /// Where to send it.
    pub device: Device,
    /// Issues of the contract's text, for the report.
    pub issues: Vec<ContractIssue>,
    /// Settings of this run.
    pub options: Options,
}

impl Job {
    /// What the plan was made from, for requests of the runner's own.
    pub fn context(&self) -> Context<'_> {
        Context::new(&self.contract, &self.profile, &self.texts).seeded(self.options.seed)
    }
}

/// Settings of one run.
pub struct Options {
    /// Seed of the plan, for the report.
    pub seed: u64,
    /// End the plan after this long (the restore still happens).
    pub time_limit: Option<Duration>,
    /// End the plan after so many requests (the restore still happens).
    pub max_requests: Option<u64>,
    /// Questions at most, beside the plan, about how the device reads ambiguous string rules.
    pub questions: usize,
    /// Requests in flight among those that must be refused; at least 1.
    pub concurrency: usize,
    /// Becomes true when the user wants the run to end.
    pub stop: watch::Receiver<bool>,
    /// Values for the restore of members that cannot be read: operation → JSON pointer → value.
    pub restore: BTreeMap<String, BTreeMap<String, Value>>,
    /// How long a device may stay away before it counts as lost.
    pub recovery: Duration,
    /// Folder that reproducers' files will be written to, as reproducers should name it.
    pub files: String,
    /// RFC 3339 time of the start, for the report.
    pub started_at: String,
}

/// What a run leaves.
pub struct Outcome {
    /// The result model.
    pub report: Report,
    /// Exact bytes of reproducers that a shell line cannot carry: file name → content.
    pub files: Vec<(String, Vec<u8>)>,
    /// How the process ends.
    pub verdict: Verdict,
}

/// Why a run ended before its plan did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Interrupted,
    TimeLimit,
    RequestLimit,
    Lost(String),
    Reboots,
    NothingAccepted,
    Preflight(String),
    /// A listener cannot go on.
    Halted(String),
}

impl Stop {
    pub(super) fn judged(&self) -> bool {
        matches!(
            self,
            Stop::Interrupted | Stop::TimeLimit | Stop::RequestLimit
        )
    }

    pub(super) fn text(&self) -> String {
        match self {
            Stop::Interrupted => "interrupted".to_owned(),
            Stop::TimeLimit => "the time limit was reached".to_owned(),
            Stop::RequestLimit => "the limit of requests was reached".to_owned(),
            Stop::Halted(why) => format!("cannot go on: {why}"),
            Stop::Lost(why) => format!("the device was lost: {why}"),
            Stop::Reboots => "the device restarted more often than the profile allows".to_owned(),
            Stop::NothingAccepted => {
                "could not judge: the device refused every request that is surely valid".to_owned()
            }
            Stop::Preflight(why) => format!("could not judge: {why}"),
        }
    }
}
