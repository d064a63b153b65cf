//! What a run tells while it goes on. Reporters listen; the runner never prints.

use super::result::{Finding, Report};
use crate::judge::normalise::ErrorAnswer;

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

    /// Whether [`Event::ErrorAnswer`] is of use; making it costs time with every refusal.
    fn wants_error_answers(&self) -> bool {
        false
    }
}

/// Ignores everything.
impl Listener for () {
    fn on(&mut self, _: &Event<'_>) {}
}
