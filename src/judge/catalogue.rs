//! The catalogue of findings: every kind of finding, what it means, how bad it is, what may cause it
//! and what to do about it. [`Kind`] is its key, [`Entry`] a row. How a deviation of each kind is
//! worded stands beside it, in [`super::Deviation`], and how a cause is titled in [`super::title`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How bad a finding is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The device can be broken, entered or emptied through it.
    Critical,
    /// Wrong settings can be stored, or right ones cannot.
    High,
    /// A client is told something wrong.
    Medium,
    /// Untidy.
    Low,
}

impl Severity {
    /// As the report writes it.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Critical => "critical",
            Severity::High => "high",
            Severity::Medium => "medium",
            Severity::Low => "low",
        }
    }
}

/// Kinds of findings.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
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

/// One kind of finding, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The kind.
    pub kind: Kind,
    /// Its word in reports and on the command line.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What the device does, to stand behind "TITLE OF A CASE: ".
    pub headline: &'static str,
    /// What such a finding means, in a sentence or two.
    pub meaning: &'static str,
    /// What is usually behind it.
    pub causes: &'static [&'static str],
    /// What to do.
    pub advice: &'static str,
}

/// Every kind, in the order of [`Kind`].
pub const CATALOGUE: [Entry; 18] = [
    Entry {
        kind: Kind::AcceptsInvalid,
        id: "accepts-invalid",
        severity: Severity::High,
        headline: "accepted though no reading of the document allows it",
        meaning: "The device accepted a request that is invalid under every plausible reading of \
                  the document. Wrong data can be stored.",
        causes: &[
            "the rule (pattern, range, required member, type) is not checked at all",
            "it is checked with another meaning: unanchored pattern, bytes instead of characters",
            "the document is stricter than the device is meant to be",
        ],
        advice: "Check the rule in the device, or correct the document if the value is meant to be \
                 allowed.",
    },
    Entry {
        kind: Kind::RejectsValid,
        id: "rejects-valid",
        severity: Severity::High,
        headline: "refused though every reading of the document allows it",
        meaning: "The device refused a request that is valid under every plausible reading of the \
                  document. A client that keeps to the document cannot do what it offers.",
        causes: &[
            "the device checks a stricter rule than it publishes",
            "a rule that depends on state, rights or other members is not documented",
            "the body is parsed too narrowly: member order, escapes, white space, number form",
        ],
        advice: "Accept the value, or publish the rule that forbids it.",
    },
    Entry {
        kind: Kind::WrongStatus,
        id: "wrong-status",
        severity: Severity::Medium,
        headline: "answered with a status that the document does not give",
        meaning: "The request was answered, but with a status that the document does not give for \
                  this case. Clients decide by the status.",
        causes: &[
            "the status is not documented",
            "an error text is sent under a success status",
            "a general error handler answers before the operation's own",
        ],
        advice: "Document the status, or send the one that is documented.",
    },
    Entry {
        kind: Kind::WrongErrorShape,
        id: "wrong-error-shape",
        severity: Severity::Medium,
        headline: "answered with an error text that the document does not give for it",
        meaning: "The request was refused as it should be, but the error text has none of the \
                  forms that the document gives for this fault.",
        causes: &[
            "a framework's default error body instead of the documented one",
            "the text of another fault is sent",
        ],
        advice: "Send the documented error text, or document this one.",
    },
    Entry {
        kind: Kind::WrongErrorField,
        id: "wrong-error-field",
        severity: Severity::Medium,
        headline: "the error text names another field",
        meaning: "The error text has the documented form and names a field that is not at fault.",
        causes: &[
            "the name is a constant or a copy of another check",
            "fields are checked in an order that hides the one at fault",
        ],
        advice: "Name the field that is at fault.",
    },
    Entry {
        kind: Kind::ServerError,
        id: "server-error",
        severity: Severity::High,
        headline: "the server fails (5xx)",
        meaning: "The device answered 5xx: by RFC 9110 \u{a7}15.6 it says that it failed, not that the \
                  request was wrong.",
        causes: &[
            "input reaches code that does not expect it: an unhandled exception",
            "a resource ran out",
        ],
        advice: "Find the exception in the device's log with the reproducer; refuse the input with \
                 4xx or handle it.",
    },
    Entry {
        kind: Kind::MalformedResponse,
        id: "malformed-response",
        severity: Severity::Medium,
        headline: "the answer is malformed",
        meaning: "The answer is not what HTTP, its media type or the documented schema says it is.",
        causes: &[
            "the body lacks a member that the schema requires, or has one of another type",
            "Content-Type and body do not belong together",
            "Content-Length or chunks do not fit the body",
        ],
        advice: "Correct the answer, or the schema if the answer is as intended.",
    },
    Entry {
        kind: Kind::Hang,
        id: "hang",
        severity: Severity::Critical,
        headline: "no complete answer within the time limit",
        meaning: "The device took the request and gave no complete answer within the time limit.",
        causes: &[
            "it waits for more input than the message has",
            "an endless loop or a pattern that backtracks without end",
            "a deadlock",
        ],
        advice: "Send the reproducer and look where the device waits. If it is only slow, raise \
                 `--timeout`.",
    },
    Entry {
        kind: Kind::Slow,
        id: "slow",
        severity: Severity::Medium,
        headline: "the answer takes out of all proportion long",
        meaning: "Answers take out of all proportion longer than usual.",
        causes: &[
            "a leak of memory, handles or sessions",
            "a pattern with catastrophic backtracking",
        ],
        advice: "Watch the device's memory and handles over a run; bound the work for an input.",
    },
    Entry {
        kind: Kind::ConnectionLost,
        id: "connection-lost",
        severity: Severity::Critical,
        headline: "the connection ends without an answer",
        meaning: "The device ended the connection without an answer, or takes no connection any \
                  more.",
        causes: &[
            "the process that serves it crashed",
            "a limit closes the connection silently",
        ],
        advice: "Look for a crash at the time of the request; answer 4xx instead of closing.",
    },
    Entry {
        kind: Kind::Restart,
        id: "restart",
        severity: Severity::Critical,
        headline: "the device restarts",
        meaning: "After the request the device's uptime starts again: it crashed or rebooted.",
        causes: &[
            "a crash",
            "a watchdog",
            "the setting takes effect by a restart",
        ],
        advice: "Look for the crash. If a restart is intended, document it.",
    },
    Entry {
        kind: Kind::AuthNotEnforced,
        id: "auth-not-enforced",
        severity: Severity::Critical,
        headline: "served without valid credentials",
        meaning: "The document asks for credentials, and the device served the request without \
                  valid ones.",
        causes: &[
            "no check on this path or method",
            "the check looks at the form of the credentials only",
            "the operation is meant to be public and the document does not say so",
        ],
        advice: "Check credentials before anything else; or document `security: []`.",
    },
    Entry {
        kind: Kind::SecretLeak,
        id: "secret-leak",
        severity: Severity::Critical,
        headline: "the answer shows a secret",
        meaning: "A refusal shows credentials, or settings to somebody who may not see them.",
        causes: &[
            "the error text repeats the request",
            "the body is filled before the check",
        ],
        advice: "Do not repeat header fields or settings in error texts.",
    },
    Entry {
        kind: Kind::ResponseSplitting,
        id: "response-splitting",
        severity: Severity::Critical,
        headline: "text of the request becomes a header field of the answer",
        meaning: "Text of the request became a header field of the answer: an attacker can inject \
                  header fields or whole answers.",
        causes: &["a value with line breaks is copied into a header field"],
        advice: "Refuse or encode CR and LF before a value becomes part of a header field.",
    },
    Entry {
        kind: Kind::StateChangedByRefusal,
        id: "state-changed-by-refusal",
        severity: Severity::High,
        headline: "refused, and yet the settings changed",
        meaning: "The request was refused, and yet a setting changed.",
        causes: &["members are stored one by one while they are checked"],
        advice: "Check everything before anything is stored.",
    },
    Entry {
        kind: Kind::ReadbackDiffers,
        id: "readback-differs",
        severity: Severity::High,
        headline: "accepted, but it does not read back the same",
        meaning: "A write was accepted, and reading it back shows something else.",
        causes: &[
            "the value is cut, rounded, normalised or ignored",
            "a cache answers the read",
            "the change takes effect later",
        ],
        advice: "Store what was accepted, or refuse it.",
    },
    Entry {
        kind: Kind::MethodNotRefused,
        id: "method-not-refused",
        severity: Severity::High,
        headline: "a method that the document does not offer is served",
        meaning: "A method that the document does not offer on this path was served.",
        causes: &["one handler serves every method"],
        advice: "Answer 405 with `Allow` (RFC 9110 \u{a7}15.5.6), or document the method.",
    },
    Entry {
        kind: Kind::Flaky,
        id: "flaky",
        severity: Severity::Low,
        headline: "answers differ",
        meaning: "The same request drew different verdicts.",
        causes: &[
            "a race",
            "state that other clients change",
            "a limit of rate or load",
        ],
        advice: "Run again with nothing else using the device.",
    },
];

impl Kind {
    /// Its row of the catalogue.
    pub fn entry(self) -> &'static Entry {
        // The order of the table is that of the type; a test holds them together.
        &CATALOGUE[self as usize]
    }

    /// As reports and the command line write it.
    pub fn id(self) -> &'static str {
        self.entry().id
    }

    /// How bad it is.
    pub fn severity(self) -> Severity {
        self.entry().severity
    }

    /// The kind of this id.
    pub fn of(id: &str) -> Option<Kind> {
        CATALOGUE.iter().find(|e| e.id == id).map(|e| e.kind)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_type_under_the_word_that_serde_writes() {
        for (at, entry) in CATALOGUE.iter().enumerate() {
            assert_eq!(entry.kind as usize, at, "{}", entry.id);
            assert_eq!(entry.kind.entry(), entry);
            let written = serde_json::to_value(entry.kind).expect("a kind is a word");
            assert_eq!(written, entry.id);
            assert_eq!(Kind::of(entry.id), Some(entry.kind));
            let severity = serde_json::to_value(entry.severity).expect("a severity is a word");
            assert_eq!(severity, entry.severity.word());
        }
    }

    #[test]
    fn every_row_explains_itself() {
        for entry in &CATALOGUE {
            assert!(entry.meaning.ends_with('.'), "{}", entry.id);
            assert!(entry.advice.ends_with('.'), "{}", entry.id);
            assert!(!entry.causes.is_empty(), "{}", entry.id);
        }
    }
}
