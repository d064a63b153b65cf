//! From a contract and a seed to a deterministic list of cases. A case says what to send, what it
//! tests, and what may come back; sending is the runner's, comparing is the judge's.

pub mod beside;
mod bodies;
pub mod body_ids;
mod breadth;
pub mod build;
mod builder;
mod constraints;
mod counts;
mod edit;
mod elements;
mod formats;
mod forms;
pub mod fresh;
mod hostile;
mod ideas;
mod identity;
pub mod items;
mod lists;
mod meaning;
mod media;
mod memo;
mod model;
pub mod moves;
mod mutate;
mod names;
mod nearby;
mod numbers;
mod order;
mod pairs;
mod parameters;
mod plan;
mod question;
mod reach;
mod recipe;
mod serialize;
mod spell;
mod targets;
mod turns;
mod types;
mod unstated;
mod valid;
mod values;
mod weaken;
mod weigh;
pub mod wire;
mod words;

pub use ideas::{ANOTHER_SHARE, BUDGET, Fate, Ideas};
pub use identity::{CaseId, InputClass, Tier};
pub use meaning::{chooses_members, is_any_text, logs_in};
pub use memo::Memo;
pub use model::*;
pub use plan::*;
pub use question::{
    HOW_READ, QUESTIONS, as_it_stands, format_demand, format_misses, format_question, question,
};
pub use recipe::Recipe;
pub use valid::apart;
pub use weigh::{LARGE, ORDINARY, Step, Weigher};
