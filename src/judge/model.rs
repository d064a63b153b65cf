//! Verdicts as plain data.

use serde::{Deserialize, Serialize};

/// What one exchange says about one promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The promise.
    pub promise: String,
    /// Kept, broken, undecided.
    pub ruling: Ruling,
}

/// Kept, broken or undecided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// The device did what the promise says.
    Kept,
    /// It did not.
    Broken(Deviation),
    /// The exchange does not tell; why.
    Undecided(String),
}

/// How a promise was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// The kind of finding.
    pub kind: Kind,
    /// What had to come, in one line.
    pub expected: String,
    /// What came, in one line.
    pub observed: String,
}

/// Kinds of findings (DESIGN §4).
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A surely invalid request was accepted.
    AcceptsInvalid,
    /// A surely valid request was refused.
    RejectsValid,
    /// A status that the contract does not give for this case.
    WrongStatus,
    /// A body that has none of the documented shapes for this fault.
    WrongErrorShape,
    /// The right shape, naming the wrong field.
    WrongErrorField,
    /// 5xx.
    ServerError,
    /// Not HTTP, not the media type, not JSON.
    MalformedResponse,
    /// No answer within the time limit.
    Hang,
    /// An answer, but out of all proportion to the usual time.
    Slow,
    /// The connection was reset or closed without an answer.
    ConnectionLost,
    /// The device restarted.
    Restart,
    /// Served without sufficient credentials.
    AuthNotEnforced,
    /// An answer shows a secret.
    SecretLeak,
    /// Input became part of the answer's head.
    ResponseSplitting,
    /// A refused request changed settings.
    StateChangedByRefusal,
    /// An accepted value does not read back the same.
    ReadbackDiffers,
    /// A method that the contract does not offer was served.
    MethodNotRefused,
    /// The same request drew different verdicts.
    Flaky,
}
