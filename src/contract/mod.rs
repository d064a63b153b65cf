//! What is published: an OpenAPI document becomes a [`Contract`] with its promises and the issues
//! of its own text. May import [`crate::pattern`] and [`crate::profile`]; knows nothing of HTTP
//! exchanges, cases or devices.

mod model;

pub use model::*;
