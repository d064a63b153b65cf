//! The bodies of the fuzz targets, one file a target: bytes in, a panic where a property does not
//! hold. `fuzz/` wraps each for libFuzzer; `cargo test` replays `corpus/` through them.
//!
//! Adding a target is a file here with a `body`, a line in [`TARGETS`], and the three lines in
//! `fuzz/fuzz_targets/` with their `[[bin]]`; `tests/fuzzing.rs` says what is forgotten.
//!
//! A body panics on purpose: that is how libFuzzer and `cargo test` learn of a property that does
//! not hold. It never panics on input as such. What it needs of the embedded contract is made once
//! a process ([`stage`]), so that an execution costs what the code under test costs.

pub mod answer;
pub mod batch;
pub mod body;
pub mod contract;
pub mod dictionary;
pub mod front;
pub mod glob;
pub mod journal;
pub mod json;
pub mod judge;
pub mod known;
pub mod pattern;
pub mod pieces;
pub mod profile;
pub mod recipe;
pub mod redact;
pub mod relation;
pub mod report;
pub mod snapshot;
pub mod stage;
pub mod text;

/// One fuzz target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: of the file, the `[[bin]]`, the corpus folder.
    pub name: &'static str,
    /// What it asserts, in one line.
    pub about: &'static str,
    /// Runs it on one input; panics where a property does not hold.
    pub body: fn(&[u8]),
    /// File name of its dictionary in `corpus/`, where it has one.
    pub dictionary: Option<&'static str>,
}

/// All targets, by name.
pub const TARGETS: &[Target] = &[
    Target {
        name: "answer",
        about: "an HTTP answer reads the same in pieces and whole, and as hyper reads it",
        body: answer::body,
        dictionary: Some("http.dict"),
    },
    Target {
        name: "batch",
        about: "every line of `pattern --batch` gets one answer of the documented form",
        body: batch::body,
        dictionary: Some("pattern.dict"),
    },
    Target {
        name: "body",
        about: "what assess calls surely valid or invalid, the mock accepts or refuses, and the judge agrees",
        body: body::body,
        dictionary: Some("json.dict"),
    },
    Target {
        name: "contract",
        about: "any bytes give a contract or an error with its place; promises are unique; lint ends",
        body: contract::body,
        dictionary: Some("contract.dict"),
    },
    Target {
        name: "dictionary",
        about: "any text gives words or an error with its line; words are read back",
        body: dictionary::body,
        dictionary: None,
    },
    Target {
        name: "front",
        about: "the mock answers any bytes with well-formed HTTP or closes",
        body: front::body,
        dictionary: Some("http.dict"),
    },
    Target {
        name: "glob",
        about: "a glob that is taken can be matched with, and denies what it names",
        body: glob::body,
        dictionary: None,
    },
    Target {
        name: "journal",
        about: "a journal or a corpus file that can be read is written back the same",
        body: journal::body,
        dictionary: None,
    },
    Target {
        name: "json",
        about: "what is called JSON is what an automaton of the grammar and two parsers call so",
        body: json::body,
        dictionary: Some("json.dict"),
    },
    Target {
        name: "judge",
        about: "any answer to any case gets one consistent judgement",
        body: judge::body,
        dictionary: Some("http.dict"),
    },
    Target {
        name: "known",
        about: "a known-issue file is written back the same, and excuses what it lists and nothing else",
        body: known::body,
        dictionary: Some("known.dict"),
    },
    Target {
        name: "pattern",
        about: "the models match as the embedded engines match",
        body: pattern::body,
        dictionary: Some("pattern.dict"),
    },
    Target {
        name: "profile",
        about: "any device.toml is a profile or an error with its place; its login request is well-formed",
        body: profile::body,
        dictionary: Some("profile.dict"),
    },
    Target {
        name: "recipe",
        about: "a recipe is written back the same; what is admitted is of the contract",
        body: recipe::body,
        dictionary: None,
    },
    Target {
        name: "redact",
        about: "no text shows a secret that stands in it, however it is spelled",
        body: redact::body,
        dictionary: None,
    },
    Target {
        name: "relation",
        about: "a witness separates, and nothing shorter does",
        body: relation::body,
        dictionary: Some("pattern.dict"),
    },
    Target {
        name: "report",
        about: "a report that can be read is written back the same, in every format",
        body: report::body,
        dictionary: Some("report.dict"),
    },
    Target {
        name: "snapshot",
        about: "whatever a snapshot holds, comparing ends and changes nothing else",
        body: snapshot::body,
        dictionary: None,
    },
    Target {
        name: "text",
        about: "surely valid is what every plausible reading takes; samples are what they claim",
        body: text::body,
        dictionary: Some("pattern.dict"),
    },
];

/// The target of a name.
pub fn by_name(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
