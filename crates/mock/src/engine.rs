//! The reading that a field was told to have, executed by a real engine where one is part of the
//! build: `regress` for ECMAScript, `regex-automata` for Rust. So a mock is as slow as a device
//! with that engine, and a mistake of our model does not hide itself.
//!
//! PCRE2, Oniguruma and fancy-regex stay dev-dependencies: the first two would make every build need
//! a C compiler and the third knows no dialect more. Their answers are the model's on all witnesses
//! (`tests/pattern_embedded.rs`), so the model plays them.

use probity_pattern::Reading;
use probity_pattern::check::Engine;
use probity_pattern::dialect::{Dialect, Mode};

/// The engine of a reading, compiled once. `None`: there is none for its dialect, it refuses the
/// pattern or is known to leave its standard there, or the reading is no pattern.
pub(super) fn of(reading: &Reading) -> Option<Engine> {
    if !reading.compiles || reading.id.ends_with("/prose") {
        return None;
    }
    let (pattern, dialect) = (
        reading.pattern.as_deref()?,
        Dialect::by_id(&reading.dialect)?,
    );
    Engine::new(pattern, dialect, Mode::by_id(reading.mode)?)?.ok()
}

/// What the device says of a text: bounds as the reading has them, the rest by the engine, however
/// long it takes.
pub(super) fn accepts(engine: Option<&Engine>, reading: &Reading, text: &str) -> bool {
    match engine {
        Some(engine) => reading.within_bounds(text) && engine.accepts_patiently(text),
        None => reading.accepts(text),
    }
}
