//! The second opinion: the `jsonschema` crate on the same schema, translated from the document and
//! not from our model, so that one mistake does not hide the other. A value is surely valid or
//! surely invalid only where both say so.
//!
//! What the texts of strings must be (`pattern`, lengths, `format`) is decided by the automata of
//! [`probity_pattern`] alone, which know that devices read a pattern differently; formats are
//! annotations here.

mod bundle;

use crate::source::{Source, Way};
use bundle::Bundle;
use jsonschema::PatternOptions;
use jsonschema::error::ValidationErrorKind;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Most steps back of one pattern on one text.
const BACKTRACKS: usize = 20_000;
/// Most octets of one compiled pattern.
const PATTERN_OCTETS: usize = 1 << 20;
/// Deepest value that is looked at.
const DEEPEST: usize = 120;
/// Most schemas of one bundle, references counted once.
const MOST: usize = 50_000;
/// Most errors that are looked at for what they are about.
const ERRORS: usize = 64;

/// What the other validator says of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opinion {
    Valid,
    Invalid,
    /// Nothing but the text of strings is wrong.
    InvalidText,
}

/// The other validator of one schema; made when first asked.
#[derive(Clone, Default)]
pub struct Validator(Option<Arc<Inner>>);

struct Inner {
    source: Arc<Source>,
    place: String,
    way: Way,
    ready: OnceLock<Option<jsonschema::Validator>>,
}

impl Validator {
    pub(crate) fn new(source: &Arc<Source>, place: &str, way: Way) -> Self {
        source.second.add(place, way);
        Validator(Some(Arc::new(Inner {
            source: Arc::clone(source),
            place: place.to_owned(),
            way,
            ready: OnceLock::new(),
        })))
    }

    /// What it says; `None` where there is no such validator.
    pub(crate) fn opinion(&self, value: &Value) -> Option<Opinion> {
        let inner = self.0.as_ref()?;
        if deeper(value, DEEPEST) {
            return None;
        }
        if let Some((all, name)) = inner.source.second.all(&inner.source, inner) {
            return Some(Self::of(all, &json!({name: value})));
        }
        let alone = inner.ready.get_or_init(|| {
            let bundle = Bundle::of(&inner.source, [inner.place.as_str()], inner.way)?;
            options().build(&bundle.of_first()).ok()
        });
        Some(Self::of(alone.as_ref()?, value))
    }

    fn of(validator: &jsonschema::Validator, value: &Value) -> Opinion {
        if validator.is_valid(value) {
            return Opinion::Valid;
        }
        let of_text = validator.iter_errors(value).take(ERRORS).all(|error| {
            matches!(
                error.kind(),
                ValidationErrorKind::Pattern { .. }
                    | ValidationErrorKind::MinLength { .. }
                    | ValidationErrorKind::MaxLength { .. }
                    | ValidationErrorKind::BacktrackLimitExceeded { .. }
                    | ValidationErrorKind::RegexEngineFailure { .. }
            )
        });
        if of_text {
            Opinion::InvalidText
        } else {
            Opinion::Invalid
        }
    }
}

/// One validator of all schemas of a document that are asked about, made when the first is: what
/// many operations refer to is compiled once. The value that a schema is asked about is a member
/// of the name of that schema.
#[derive(Default)]
pub(crate) struct Shared {
    places: [Mutex<Vec<String>>; 2],
    ready: [OnceLock<Option<Whole>>; 2],
}

struct Whole {
    validator: jsonschema::Validator,
    names: HashMap<String, String>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

impl Shared {
    fn add(&self, place: &str, way: Way) {
        let [requests, answers] = &self.places;
        let places = match way {
            Way::Request => requests,
            Way::Answer => answers,
        };
        let mut places = places.lock().unwrap_or_else(PoisonError::into_inner);
        places.push(place.to_owned());
    }

    /// The validator, and the name of a schema in it. `None` where all schemas together are too
    /// large, or one of them is refused: each has its own then.
    fn all(&self, source: &Source, inner: &Inner) -> Option<(&jsonschema::Validator, String)> {
        let ([requests, answers], [first, second]) = (&self.places, &self.ready);
        let (places, ready) = match inner.way {
            Way::Request => (requests, first),
            Way::Answer => (answers, second),
        };
        let whole = ready.get_or_init(|| {
            let places = places.lock().unwrap_or_else(PoisonError::into_inner);
            let bundle = Bundle::of(source, places.iter().map(String::as_str), inner.way)?;
            Some(Whole {
                validator: options().build(&bundle.of_members()).ok()?,
                names: bundle.names,
            })
        });
        let whole = whole.as_ref()?;
        Some((&whole.validator, whole.names.get(&inner.place)?.clone()))
    }
}

/// It says nothing that the schema does not.
impl PartialEq for Validator {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Validator")
    }
}

fn options() -> jsonschema::ValidationOptions<'static> {
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(false)
        .with_pattern_options(
            PatternOptions::fancy_regex()
                .backtrack_limit(BACKTRACKS)
                .size_limit(PATTERN_OCTETS)
                .dfa_size_limit(PATTERN_OCTETS),
        )
}

fn deeper(value: &Value, left: usize) -> bool {
    match value {
        Value::Array(items) => left == 0 || items.iter().any(|v| deeper(v, left - 1)),
        Value::Object(members) => left == 0 || members.values().any(|v| deeper(v, left - 1)),
        _ => false,
    }
}
