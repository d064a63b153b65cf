//! What one exchange says about the promises that its case tests. Pure: no I/O, no time. May
//! import [`crate::case`], [`crate::contract`], [`crate::exchange`].

mod model;

pub use model::*;
