//! Deviations of what is created and removed.

use super::super::one_line;
use super::super::wording::NOT_THERE;
use super::{Deviation, Ground, Kind};

impl Deviation {
    /// What was accepted to be created cannot be read.
    pub fn created_not_there(observed: &str) -> Deviation {
        Deviation::new(
            Kind::ReadbackDiffers,
            "what is created is not there",
            "what was created can be read",
            observed,
        )
    }

    /// A member of what was created reads back as something else.
    pub fn created_differs(pointer: &str, expected: &str, observed: &str) -> Deviation {
        Deviation::new(
            Kind::ReadbackDiffers,
            format!("what is created has another `{pointer}`"),
            format!("`{pointer}` of what was created reads back as {expected}"),
            format!("`{pointer}` reads back as {observed}"),
        )
    }

    /// One request created more than one item.
    pub fn created_twice(items: usize) -> Deviation {
        Deviation::new(
            Kind::ReadbackDiffers,
            "what is created is there more than once",
            "one new item in the list",
            format!("{items} new items in the list that hold what was sent"),
        )
    }

    /// `Location` leads to something that was there before.
    pub fn location_of_another(location: &str) -> Deviation {
        Deviation::new(
            Kind::ReadbackDiffers,
            "`Location` names another item",
            "`Location` names what was created (RFC 9110 §10.2.2)",
            format!("`Location` is {location}, which was there before"),
        )
    }

    /// What exists is not in the list that shows others of its kind.
    pub fn not_listed() -> Deviation {
        Deviation::new(
            Kind::ReadbackDiffers,
            "an item is not listed",
            "the list shows every item",
            "an item that can be read is not in the list, another one created like it is",
        )
        .on(Some(Ground::NotListed))
    }

    /// What was removed is still there.
    pub fn not_removed(observed: &str) -> Deviation {
        Deviation::new(
            Kind::ReadbackDiffers,
            "what is removed stays",
            "what was removed is gone",
            observed,
        )
    }

    /// A server error where what was created is removed.
    pub fn failed_removal(status: u16) -> Deviation {
        Deviation::new(
            Kind::ServerError,
            format!("with status {status} when it is removed"),
            "the item that was created is removed, or a refusal",
            format!("{status} to the removal of an item that is there"),
        )
    }

    /// What is there is created once more.
    pub fn created_over() -> Deviation {
        Deviation::new(
            Kind::AcceptsInvalid,
            "an item that is there is created once more",
            "409, as the document says: an item of that id is there",
            "201, and `Location` or its id name the item that was there before",
        )
    }

    /// A server error where an item that is there is to be created once more.
    pub fn failed_at_conflict(status: u16) -> Deviation {
        Deviation::new(
            Kind::ServerError,
            "an item that is there is to be created once more",
            "409, as the document says, or another refusal",
            format!("{status}"),
        )
    }

    /// A server error where an item that was removed is read.
    pub fn failed_at_removed(status: u16) -> Deviation {
        Deviation::new(
            Kind::ServerError,
            format!("with status {status} {NOT_THERE}"),
            format!("a refusal {NOT_THERE}, most plainly 404"),
            format!("{status} to an item that was removed"),
        )
    }

    /// A changed state has the validator of the one before.
    pub fn tag_stays(tag: &str) -> Deviation {
        Deviation::new(
            Kind::ReadbackDiffers,
            "the same `ETag` for another state",
            "another `ETag` once the state has changed (RFC 9110 §8.8.1)",
            format!("ETag: {}", one_line(tag, 80)),
        )
    }

    /// A member that was left out is neither what it was before nor its default.
    pub fn default_differs(pointer: &str, default: &str, observed: &str) -> Deviation {
        Deviation::new(
            Kind::ReadbackDiffers,
            format!("the default of `{pointer}`"),
            format!("`{pointer}` was left out: it takes its default {default}, or stays as it was"),
            format!("`{pointer}` reads back as {observed}"),
        )
    }

    /// The answer that created an item says otherwise than what was sent and stored.
    pub fn answer_differs(pointer: &str, expected: &str, observed: &str) -> Deviation {
        Deviation::new(
            Kind::ReadbackDiffers,
            format!("the answer gives another `{pointer}`"),
            format!("`{pointer}` of the answer is what was sent, and what reads back: {expected}"),
            format!("`{pointer}` of the answer is {observed}"),
        )
    }

    /// Whatever item is asked for is served.
    pub fn unknown_served(status: u16) -> Deviation {
        Deviation::new(
            Kind::WrongStatus,
            format!("with status {status} {NOT_THERE}"),
            format!("status 404 {NOT_THERE}"),
            format!("{status} to an item that was removed, and to one that never was"),
        )
    }

    /// Another item went when one was removed.
    pub fn another_removed(id: &str) -> Deviation {
        Deviation::new(
            Kind::ReadbackDiffers,
            "another item is removed",
            "only the item that the path names is removed",
            format!("the item `{id}`, which was there before, is gone"),
        )
    }

    /// Another item took what was written to one.
    pub fn another_changed(pointer: &str, expected: &str, observed: &str) -> Deviation {
        Deviation::new(
            Kind::ReadbackDiffers,
            "another item is changed",
            format!("`{pointer}` of the other items stays as it was: {expected}"),
            format!(
                "`{pointer}` of another item was {expected} and is {observed}, as it was written to one"
            ),
        )
    }

    /// A refused request removed something.
    pub fn removed_by_refusal() -> Deviation {
        Deviation::new(
            Kind::StateChangedByRefusal,
            "what is refused is removed",
            "a refused request removes nothing",
            "the request was refused, and the item that it named is gone",
        )
    }

    /// A refused request created something.
    pub fn created_by_refusal() -> Deviation {
        Deviation::new(
            Kind::StateChangedByRefusal,
            "what is refused is created",
            "a refused request creates nothing",
            "the request was refused, and the list shows a new item that holds what was sent",
        )
    }
}
