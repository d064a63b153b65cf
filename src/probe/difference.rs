//! Where two states of a resource differ, and what that says of a device.

use super::clock::ticked;
use crate::contract::{Likeness, Stored};
use crate::json;
use crate::judge::Deviation;
use crate::pointer::escape;
use serde_json::Value;
use std::cmp::Ordering;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// JSON pointer.
    pub pointer: String,
    /// What had to stand there.
    pub expected: String,
    /// What stands there.
    pub observed: String,
    /// What differs.
    pub what: What,
}

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A member that was written, or that had to stay.
    Written,
    /// A member that was written, shown in another form of which the document says nothing.
    Near,
    /// The validator of the state (`ETag`), which is the one of another.
    Tag,
    /// A member that was left out: it is neither what it was before nor what the document says.
    LeftOut,
    /// A member of another item than the one that was written.
    Another,
}

impl Difference {
    /// As a deviation of an accepted write.
    pub fn not_read_back(&self) -> Deviation {
        let readback = || Deviation::readback(&self.pointer, &self.expected, &self.observed);
        match self.what {
            What::Near => readback().in_another_form(),
            What::Written => readback(),
            What::Tag => Deviation::tag_stays(&self.observed),
            What::LeftOut => {
                Deviation::default_differs(&self.pointer, &self.expected, &self.observed)
            }
            What::Another => {
                Deviation::another_changed(&self.pointer, &self.expected, &self.observed)
            }
        }
    }

    /// As a deviation of a refused request.
    pub fn changed_by_refusal(&self) -> Deviation {
        Deviation::state_changed(&self.pointer, &self.expected, &self.observed)
    }
}

/// Whether `pointer` is `root` or lies below it.
pub(super) fn below(pointer: &str, root: &str) -> bool {
    pointer
        .strip_prefix(root)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Differences of `actual` from `expected`; members that `expected` does not name are not looked
/// at. Numbers compare by value: `5060` and `5060.0` are the same (RFC 8259 §6 leaves the spelling
/// to the writer).
pub(super) fn compare(expected: &Value, actual: &Value, at: String, out: &mut Vec<Difference>) {
    compare_as(&Stored::default(), (expected, actual), at, out);
}

/// Where two states differ: members that only the second has, are differences too.
pub(super) fn apart(before: &Value, now: &Value) -> Vec<Difference> {
    let (mut all, mut back) = (Vec::new(), Vec::new());
    compare(before, now, String::new(), &mut all);
    compare(now, before, String::new(), &mut back);
    all.extend(back.into_iter().map(|d| Difference {
        pointer: d.pointer,
        expected: d.observed,
        observed: d.expected,
        what: What::Written,
    }));
    all
}

/// [`compare`], where the document may tell in which form a value is stored.
pub(super) fn compare_as(
    stored: &Stored,
    (expected, actual): (&Value, &Value),
    at: String,
    out: &mut Vec<Difference>,
) {
    let found = out.len();
    match (expected, actual) {
        (Value::Object(e), Value::Object(a)) => {
            for (name, e) in e {
                let pointer = format!("{at}/{}", escape(name));
                match a.get(name) {
                    Some(a) => compare_as(stored, (e, a), pointer, out),
                    None => out.push(Difference {
                        pointer,
                        expected: show(e),
                        observed: "absent".to_owned(),
                        what: What::Written,
                    }),
                }
            }
        }
        (Value::Array(e), Value::Array(a)) if e.len() == a.len() => {
            for (i, (e, a)) in e.iter().zip(a).enumerate() {
                compare_as(stored, (e, a), format!("{at}/{i}"), out);
            }
            if out.len() == found {
                return;
            }
            // The order of a set is no difference.
            let likeness = stored.likeness(&at, expected, actual);
            if likeness != Likeness::Other {
                out.truncate(found);
                out.extend((likeness == Likeness::Near).then(|| near(at, expected, actual)));
            }
        }
        (Value::Number(e), Value::Number(a)) if json::compare(e, a) == Some(Ordering::Equal) => {}
        (e, a) if e == a || ticked(e, a) => {}
        (e, a) => {
            let likeness = stored.likeness(&at, e, a);
            if likeness == Likeness::Near {
                out.push(near(at, e, a));
                return;
            }
            if likeness == Likeness::Same {
                return;
            }
            out.push(Difference {
                pointer: at,
                expected: show(e),
                observed: show(a),
                what: What::Written,
            });
        }
    }
}

/// Another form of the value that was written.
fn near(pointer: String, expected: &Value, actual: &Value) -> Difference {
    Difference {
        pointer,
        expected: show(expected),
        observed: show(actual),
        what: What::Near,
    }
}

pub(super) fn show(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(200) {
        Some((cut, _)) => format!("{}… ({} octets)", &text[..cut], text.len()),
        None => text,
    }
}
