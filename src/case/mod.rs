//! From a contract and a seed to a deterministic list of cases. A case says what to send, what it
//! tests, and what may come back; sending is the runner's, comparing is the judge's. May import
//! [`crate::contract`], [`crate::pattern`], [`crate::profile`], [`crate::exchange`].

pub mod build;
mod model;
mod plan;

pub use model::*;
pub use plan::*;
