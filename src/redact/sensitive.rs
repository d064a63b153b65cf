//! A text that cannot be printed.

use std::fmt;
use std::hash::{Hash, Hasher};
use zeroize::Zeroizing;

/// A credential or another secret. It has no `Display` and no JSON form; [`expose`](Self::expose)
/// is the one way to its value, and its memory is wiped when it goes.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Sensitive(Zeroizing<String>);

impl Sensitive {
    /// The value, for what is sent. What is shown passes [`super::Redactor`].
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Hash for Sensitive {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expose().hash(state);
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<String> for Sensitive {
    fn from(value: String) -> Self {
        Sensitive(Zeroizing::new(value))
    }
}

impl From<&str> for Sensitive {
    fn from(value: &str) -> Self {
        value.to_owned().into()
    }
}
