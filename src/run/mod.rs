//! Plan → send → judge → findings. Emits events; reporters listen. May import everything below it,
//! not [`crate::report`].

pub mod event;
pub mod result;
