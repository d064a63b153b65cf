//! Plan → send → judge → findings. Emits events; reporters listen.
//!
//! A run goes through the plan in windows. In each it first sends what must be refused, then looks
//! once whether the settings still stand, then sends what may be accepted and reads each accepted
//! write back. So one read-back watches over some dozens of refusals, and only when it differs are
//! they gone through one by one. A deviation is confirmed on fresh connections before it becomes a
//! finding. Whatever happens, the settings are put back at the end.

pub mod admit;
mod cases;
mod causes;
pub mod check;
mod compare;
mod conclude;
mod confirm;
mod contact;
mod coverage;
pub mod diff;
pub mod event;
mod exit;
mod follow;
mod formats;
pub mod gate;
mod growth;
mod inquiry;
mod job;
pub mod journal;
pub mod known;
mod ledger;
pub mod merge;
mod operations;
mod progress;
mod readings;
mod recover;
pub mod replay;
pub mod result;
mod runner;
mod settings;
mod sightings;
mod slow;
mod split;
mod tally;

pub use causes::{Known, group};
pub use compare::{Compared, compare, decide};
pub use confirm::{FindingDraft, compose};
pub use exit::Verdict;
pub use job::{Job, Options, Outcome};
pub use operations::{FloorWanted, hold, leave_out};
pub use runner::{resume, run};
pub use tally::fingerprint;
