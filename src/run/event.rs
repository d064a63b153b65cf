//! What a run tells while it goes on. Reporters listen; the runner never prints.

use super::result::{Finding, Report};
use crate::case::Case;
use crate::contract::PromiseId;
use crate::judge::Judgement;
use crate::judge::normalise::ErrorAnswer;
use crate::probe::Step;
use serde_json::Value;
use std::collections::BTreeMap;

/// One thing that happened. Times are not in events: a listener that wants them has a clock.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// Before the first request.
    Started {
        /// Base URL of the device.
        target: &'a str,
        /// Title of the contract.
        contract: &'a str,
        /// Cases of the plan.
        cases: usize,
        /// Requests of the plan, read-backs included.
        requests: usize,
    },
    /// Something that the user should know and that is no finding: a budget that cut the plan, a
    /// field that cannot be restored.
    Note(&'a str),
    /// One case was sent and judged.
    CaseDone {
        /// Its id.
        case: &'a str,
        /// Its title.
        title: &'a str,
        /// Whether some verdict was broken.
        broken: bool,
        /// Requests sent so far.
        sent: u64,
    },
    /// The device's settings before the first write, by operation, without what the profile calls
    /// secret.
    Settings(&'a BTreeMap<String, Value>),
    /// Everything that follows from one case is done: what a journal needs of it.
    Judged {
        /// The case.
        case: &'a Case,
        /// What its exchange says.
        judgement: &'a Judgement,
        /// Whether a complete answer came.
        answered: bool,
        /// Fingerprints of known findings that it shows too.
        joined: &'a [String],
    },
    /// A statement about a promise that no single case makes.
    Stated {
        /// The promise.
        promise: &'a PromiseId,
        /// Kept, or undecided.
        kept: bool,
    },
    /// Of the unattended job, for its journal.
    Campaign(&'a Value),
    /// The settings as they stand before some cases that must change nothing, by operation, without
    /// what the profile calls secret.
    Baseline(&'a BTreeMap<String, Value>),
    /// Something is about to be created, was created, or is gone.
    Creating(&'a Step),
    /// The settings were looked at after the refusals so far.
    Checkpoint,
    /// The exact bytes of a reproducer.
    File {
        /// File name.
        name: &'a str,
        /// Content.
        content: &'a [u8],
    },
    /// An error answer to a request with one kind of fault, credentials masked: for snapshots.
    ErrorAnswer(&'a ErrorAnswer),
    /// A finding was confirmed.
    Found(&'a Finding),
    /// The original settings are being put back.
    Restoring,
    /// After the last request.
    Finished(&'a Report),
}

/// Listens to a run.
pub trait Listener {
    /// Called in order, from one thread.
    fn on(&mut self, event: &Event<'_>);

    /// Why the run must not go on (a full disk under a journal); asked before every request.
    fn halt(&self) -> Option<String> {
        None
    }

    /// Whether [`Event::ErrorAnswer`] is of use; making it costs time with every refusal.
    fn wants_error_answers(&self) -> bool {
        false
    }
}

/// Tells a listener of a step of creating or removing, before it is taken.
///
/// # Errors
/// Why the run must not go on: what is not written down could not be undone.
pub fn write_down(listener: &mut dyn Listener, step: &Step) -> Result<(), String> {
    listener.on(&Event::Creating(step));
    listener.halt().map_or(Ok(()), Err)
}

/// Ignores everything.
impl Listener for () {
    fn on(&mut self, _: &Event<'_>) {}
}
