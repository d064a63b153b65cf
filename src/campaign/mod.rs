//! The unattended job: when the plan is through, inputs without end. Each is made from the grammar
//! of the contract or from what showed something new before, sent, judged by the same judge as the
//! plan's cases, and kept where its answer is of a class that was not seen. What breaks a promise
//! is sent again, made as small as it can be, and reported.
//!
//! Nothing here accuses what a page leaves open: [`crate::case::Weigher`] says what may come back.
//! The nth input depends on the seed, on n and on the corpus alone, and the journal holds the corpus:
//! so a killed job goes on as if nothing had happened.

pub mod class;
pub mod corpus;
pub mod dictionary;
pub mod engine;
pub mod generate;
pub mod grammar;
pub mod input;
mod past;
pub mod random;
pub mod shrink;
mod suspect;
