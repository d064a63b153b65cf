//! Secrets in JSON: strings are masked, names of members and ids stay.

use super::{MASK, NAMES_BEGIN, Redactor};
use serde_json::Value;
use std::borrow::Cow;

/// Members whose strings are ids of the contract or of Probity, or numbers in text.
const IDS: &[&str] = &[
    "case",
    "code",
    "dialect",
    "effect",
    "fingerprint",
    "id",
    "kind",
    "mode",
    "outcome",
    "predicted",
    "measured",
    "promise",
    "promises",
    "repair",
    "schema",
    "severity",
    "sha256",
    "source",
    "started_at",
    "state",
    "status",
    "strategy",
    "tool",
    "unit",
    "version",
];

/// Members that hold what Probity made itself, from the contract and a seed: requests, and where
/// files stand. A short secret there is there by chance; a strong one is taken out all the same.
const OWN: &[&str] = &["curl", "input", "inputs", "request_file", "title"];

impl Redactor {
    /// Masks every string below `value`. A request that would no longer be what it was is left out
    /// (`recipe`): what is sent again has to be what was sent.
    pub fn json(&self, value: &mut Value) {
        self.walk(value, false);
    }

    /// Masks every string below `value` that is a secret or holds one: settings of a device, where a
    /// word is a value whatever its member is called. They are kept to be written back, so a string
    /// is [`MASK`] as a whole unless putting the password in place of its name gives it back.
    pub fn values(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                *text = match self.text(text) {
                    Cow::Owned(masked) if self.gives_back(&masked, text) => masked,
                    // In place of a name that the device shows itself something else would be put.
                    Cow::Borrowed(plain) if !plain.contains(NAMES_BEGIN) => return,
                    _ => MASK.to_owned(),
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|v| self.values(v)),
            Value::Object(members) => {
                // Their names are the device's too. A short one is a word.
                let shows = |name: &String| matches!(self.own_text(name), Cow::Owned(_));
                if members.keys().any(shows) {
                    let taken = std::mem::take(members).into_iter();
                    members.extend(taken.map(|(name, v)| (self.own_text(&name).into_owned(), v)));
                }
                members.values_mut().for_each(|v| self.values(v));
            }
            _ => {}
        }
    }

    fn walk(&self, value: &mut Value, own: bool) {
        match value {
            Value::String(text) => {
                let masked = match own {
                    true => self.own_text(text),
                    false => self.text(text),
                };
                if let Cow::Owned(masked) = masked {
                    *text = masked;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|v| self.walk(v, own)),
            Value::Object(members) => {
                let mut gone = false;
                for (name, value) in members.iter_mut() {
                    match name.as_str() {
                        name if IDS.contains(&name) => {}
                        "recipe" => gone = self.shown_in(value),
                        name => self.walk(value, own || OWN.contains(&name)),
                    }
                }
                if gone {
                    members.shift_remove("recipe");
                }
            }
            _ => {}
        }
    }

    fn shown_in(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => matches!(self.own_text(text), Cow::Owned(_)),
            Value::Array(items) => items.iter().any(|v| self.shown_in(v)),
            Value::Object(members) => members.values().any(|v| self.shown_in(v)),
            _ => false,
        }
    }
}
