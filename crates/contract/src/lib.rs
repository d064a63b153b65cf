//! What is published: an OpenAPI document becomes a [`Contract`] with its promises and the issues
//! of its own text.
//!
//! Four extensions say what OpenAPI cannot:
//!
//! | extension | on | says |
//! |---|---|---|
//! | `x-error-shapes` | Response Object | texts of error answers, and which fault draws which ([`ErrorShape`]) |
//! | `x-published-type` | Schema Object | the type as the page words it, e.g. `ipv4\|dns` |
//! | `x-page-line` | anywhere | the line of the published page |
//! | `x-acts` | Operation Object | `true`: calling it does more than set something; never probed |

pub mod access;
mod assess;
mod below;
mod binding;
mod calls;
mod candidates;
mod content;
mod contradictions;
mod document;
pub mod effect;
pub mod embedded;
pub mod exchange;
mod excuse;
pub mod files;
mod gaps;
mod impossible;
pub mod json;
mod late;
mod lint;
mod lists;
mod load;
mod locate;
mod merge;
mod misstated;
mod model;
mod mutated;
pub mod number;
mod obstacle;
mod operations;
pub mod outcome;
mod paging;
mod parameters;
pub mod placeholder;
pub mod pointer;
pub mod policy;
pub mod profile;
mod promise_id;
mod promises;
mod reach;
mod reader;
pub mod resource;
mod revision;
mod route;
mod schema;
mod second;
mod serialization;
mod servers;
pub mod shape;
mod source;
mod stored;
mod structure;
mod swagger;
mod ties;
pub mod values;

pub use assess::{Assessed, BOUNDS, Violation, assess, assess_alone};
pub use below::Below;
pub use calls::calls;
pub use candidates::Candidate;
pub use effect::{Effects, OperationEffect, is_password};
pub use lint::lint;
pub use lists::{Chooses, Cursor, Filter, Listing, falls, sorted_by};
pub use load::{load, load_bytes, load_from, load_with};
pub use model::*;
pub use paging::{Paging, query_value, with_query, without_query};
pub use policy::{Allowed, Policy, Refusal};
pub use promise_id::{PromiseId, StatePromise};
pub use reach::Reach;
pub use resource::{IdSource, Items, Kind, Read, Resource, Resources, without_slash};
pub use second::Validator;
pub use serialization::{Encoding, Format, Serialization, Style};
pub use source::{Files, NoFiles};
pub use stored::{Likeness, Said, Stored};
pub use ties::tie;
