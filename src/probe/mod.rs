//! One engine for every schedule: a case goes to the device, the answer is judged, and what else can
//! be seen of it is looked at. A check exists here and nowhere else, so the plan of a run, its
//! confirmations, replay, the campaign and shrinking all see the same.
//!
//! - [`Session`]: login, life, patience with a device that is busy, away or restarting.
//! - [`SettingsWatch`]: what the state of one resource should look like; [`Settings`] reads it.
//! - `Creations`: what a job creates, where; the account of it ([`Step`]), and its removal.
//! - [`Probe`]: sends, judges, looks for secrets, and hands out an [`Observation`].
//!
//! When to look at what is the schedules' business ([`crate::run`], [`crate::campaign`]).

mod account;
mod again;
mod beside;
mod borrow;
mod clock;
mod create;
mod creations;
mod difference;
mod engine;
mod find;
mod guarded;
mod later;
mod limits;
mod listing;
mod look;
mod names;
mod neighbours;
mod observation;
mod own;
mod parts;
mod patiently;
mod remove;
mod restore;
mod revision;
mod session;
mod settings;
mod taken;
mod versions;
mod watch;

pub use account::{Log, Step};
pub use difference::{Difference, What};
pub use engine::Probe;
pub use guarded::{Known, guarded};
pub use limits::must_be_refused;
pub use look::Looks;
pub use observation::Observation;
pub use session::{Patience, Session, never_reached};
pub use settings::{Checkpoint, Settings, Written};
pub use watch::{Expected, Others, SettingsWatch, Unread};
