//! What a published string rule can mean: dialects, repairs, readings → languages, relations,
//! witnesses. Knows nothing of contracts or HTTP: a rule comes in as text and bounds.
//!
//! The way of data: a [`Rule`] is published; [`repair`] says what its damaged pattern may have
//! been; [`parse`] reads each of these as each [`dialect`] would, into one tree ([`ast`]);
//! [`language`] makes an automaton of the tree ([`nfa`], [`automaton`]); [`product`] walks several
//! automata side by side; [`relation`] proves how two languages relate; [`Text`] holds all readings
//! of one rule and answers what is surely valid, surely invalid or open.
//!
//! ```
//! use probity_pattern::{Assessment, Rule, Text};
//!
//! let text = Text::new(Rule {
//!     pattern: Some("^[a-z]+$".to_owned()),
//!     ..Rule::default()
//! });
//! assert_eq!(text.assess("abc"), Assessment::SurelyValid);
//! assert_eq!(text.assess("ABC"), Assessment::SurelyInvalid);
//! // `$` before a final line feed: Python takes it, ECMAScript does not.
//! assert_eq!(text.assess("abc\n"), Assessment::Open);
//! ```

pub mod alphabet;
pub mod ambiguity;
mod arena;
pub mod ast;
pub mod automaton;
pub mod axes;
pub mod batch;
mod canonical;
pub mod check;
pub mod class;
pub mod classify;
mod description;
pub mod dialect;
pub mod explain;
mod explore;
mod fold;
mod format;
mod hash;
pub mod language;
mod merge;
pub mod nfa;
pub mod parse;
pub mod product;
mod reading;
pub mod relation;
pub mod repair;
mod sample;
pub mod survey;
mod text;
mod texts;
mod unicode;
mod well_formed;

pub use format::pattern as format_pattern;
pub use reading::Reading;
pub use text::{Assessment, Rule, Sample, Text};
pub use texts::Texts;
pub use well_formed::surely_not;

/// The examples of the README are tests too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
