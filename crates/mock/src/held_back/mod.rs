//! The held-back set: faults that the suite is measured against and not built for. The rule of the
//! split is where a fault is written: those of `faults.txt` are held back, all others are the
//! working set. They come from advisories and issue threads of embedded HTTP servers and JSON
//! readers and were written before any case was looked at or made for them.
//!
//! A file for each duty: [`bytes`] what the JSON reader takes, [`value`] what is made of names and
//! types, [`text`] how strings are checked, [`wire`] requests, credentials and answers, [`store`]
//! what is kept.

pub(super) mod bytes;
pub(super) mod store;
pub(super) mod text;
pub(super) mod value;
pub(super) mod wire;

use super::fault::{FaultInfo, Set};
use serde_json::Value;

/// One fault a line: id, class, promise, what the firmware does, what a client sees.
const TABLE: &str = include_str!("faults.txt");

/// What a device with such a fault remembers.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    /// The name in the last error.
    pub(super) name: String,
    /// Somebody has come with credentials that fit.
    pub(super) known: bool,
    /// What was accepted last.
    pub(super) last: Option<Value>,
    /// Bodies that were no JSON.
    pub(super) not_json: u32,
}

/// The held-back faults.
pub(super) fn faults() -> Vec<FaultInfo> {
    super::fault::table(TABLE, Set::HeldBack)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::CLASSES;

    #[test]
    fn every_line_is_a_fault_and_no_class_is_without() {
        let lines = TABLE.lines().filter(|l| !l.starts_with('#'));
        let faults = faults();
        assert_eq!(lines.count(), faults.len());
        for class in CLASSES {
            let count = faults.iter().filter(|f| f.class == class).count();
            assert!(count > 7, "{class}: {count}");
        }
    }
}
