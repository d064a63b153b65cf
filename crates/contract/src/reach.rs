//! Whether a request may reach one path of the document.

use super::route::{Route, reached};

/// A path template that requests may reach.
#[derive(Clone, Debug)]
pub struct Reach(Route);

impl Reach {
    /// Of a path template such as `/users/{id}`.
    pub fn new(template: &str) -> Reach {
        Reach(Route::new(template))
    }

    /// Whether a target may name this path or one below it in some way that servers read it.
    pub fn has_above(&self, target: &str) -> bool {
        self.0.begins(target)
    }

    /// Whether a target may name this path in some way that servers read it.
    pub fn has(&self, target: &str) -> bool {
        !reached(std::iter::once((0, &self.0)), target).is_empty()
    }
}
