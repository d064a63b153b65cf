//! What was looked at, how it went, and what would help.

use crate::contract::Refusal;

/// What was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Whether anything answers.
    Reach,
    /// The session.
    Login,
    /// The life probe of the profile.
    Life,
    /// A read of the document.
    Read,
    /// The state that writes are put back to.
    State,
    /// What else an operation needs before it is sent.
    Operation,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Works,
    /// The device does something wrong that a run will judge: nothing is missing for that.
    Fails,
    /// A run could not judge it.
    Missing,
    /// It was not looked at, because more than a read would have to be sent.
    Unseen,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What sort.
    pub part: Part,
    /// Its name: an operation, or what the part is about.
    pub name: String,
    /// What came, in words, secrets masked.
    pub what: String,
    /// How it went.
    pub state: State,
    /// What would help, the likeliest first.
    pub hints: Vec<Hint>,
}

/// What would help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Something to do, in words.
    Say(String),
    /// Values of these parameters, in `[values]`.
    Values {
        /// Path or operation.
        of: String,
        /// The parameters.
        parameters: Vec<String>,
    },
    /// How a write is read, in `[read-back]`.
    ReadBack {
        /// The write.
        operation: String,
        /// Path that is read.
        path: String,
        /// JSON pointer to what mirrors the body.
        root: String,
    },
    /// That an operation cannot be judged on this device.
    CannotJudge {
        /// The operation.
        operation: String,
        /// Why.
        reason: String,
    },
    /// An entry of `[limits]`.
    Limit {
        /// Its key.
        key: &'static str,
        /// Its value, as TOML has numbers.
        value: String,
    },
}

/// Everything that was looked at, and what a run leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// In the order in which it was looked at.
    pub items: Vec<Item>,
    /// Operations that a run does not send, with what they may do and what would allow them.
    pub left_out: Vec<(String, Refusal)>,
    /// Operations that cannot be judged here, as the profile says, each with its reason.
    pub given_up: Vec<(String, String)>,
    /// Whether it came to its end.
    pub whole: bool,
}

impl Checked {
    /// Whether a run could judge everything that it may send.
    pub fn complete(&self) -> bool {
        self.whole && self.items.iter().all(|i| i.state != State::Missing)
    }

    /// Whether something was not looked at.
    pub fn blind(&self) -> bool {
        self.items.iter().any(|i| i.state == State::Unseen)
    }

    pub(super) fn add(
        &mut self,
        part: Part,
        name: &str,
        what: String,
        state: State,
        hints: Vec<Hint>,
    ) {
        self.items.push(Item {
            part,
            name: name.to_owned(),
            what,
            state,
            hints,
        });
    }
}
