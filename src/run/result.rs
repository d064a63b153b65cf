//! The result model: what a run found, as `probity-report/2`. Every report format is written from
//! this and from nothing else; `gate`, `diff`, `merge` and `replay` read it back, also where it was
//! written as `probity-report/1`.

use super::compare::Compared;
pub use super::coverage::IdeaResult;
pub use crate::case::CaseId;
use crate::case::Recipe;
use crate::contract::{ContractIssue, Effect, PromiseId, PromiseSource, Unsupported};
pub use crate::judge::Inputs;
use crate::judge::Kind;
pub use crate::judge::Severity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The `schema` member of every report.
pub const SCHEMA_ID: &str = "probity-report/2";
/// That of the version before, which is still read.
pub const SCHEMA_ID_1: &str = "probity-report/1";

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// [`SCHEMA_ID`]; [`SCHEMA_ID_1`] where it was read from such a report.
    pub schema: String,
    /// What wrote it.
    pub tool: Tool,
    /// Seed of the plan.
    pub seed: u64,
    /// What was judged against.
    pub contract: ContractRef,
    /// Base URL of the device.
    pub target: String,
    /// What answered.
    pub device: DeviceInfo,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// Wall-clock time in milliseconds.
    pub duration_ms: u64,
    /// Counts of requests.
    pub requests: Requests,
    /// How the process ends.
    pub exit: Exit,
    /// Every operation of the contract, in its order, and how far it was judged.
    #[serde(default)]
    pub operations: Vec<OperationResult>,
    /// How many operations had to be judged; absent where a shard leaves that to the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<Floor>,
    /// Every promise of the contract, in its order.
    pub promises: Vec<PromiseResult>,
    /// Causes: what is wrong with the device, confirmed, most severe first.
    pub findings: Vec<Finding>,
    /// Promises with readings that differ.
    pub divergences: Vec<Divergence>,
    /// Choices that the page leaves open, and what the device chose.
    pub choices: Vec<Choice>,
    /// What is wrong with the published text itself.
    pub contract_issues: Vec<ContractIssue>,
    /// What the contract states and nothing here checked.
    pub unsupported: Vec<Unsupported>,
    /// What the user should know of this run: budgets that cut it, fields not restored.
    pub notes: Vec<String>,
    /// Which share of a plan this is; absent: the whole plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// What the unattended job did behind the plan.
    #[serde(default, alias = "night", skip_serializing_if = "Option::is_none")]
    pub campaign: Option<Campaign>,
    /// What became of the findings of an earlier report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Compared>,
}

impl Report {
    /// What it says of a promise; `None` where its contract has none of this id.
    pub fn promise(&self, id: &str) -> Option<&PromiseResult> {
        self.promises.iter().find(|p| p.id == id)
    }

    /// How many ideas of all promises were judged, and how many there are; 0 where it was written without.
    pub fn ideas(&self) -> (usize, usize) {
        let ideas = self.promises.iter().map(|p| &p.ideas);
        ideas.fold((0, 0), |(judged, all), ideas| {
            (judged + ideas.judged.len(), all + ideas.len())
        })
    }
}

/// A share of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shard {
    /// Which, from 1.
    pub index: u64,
    /// Of how many.
    pub of: u64,
    /// SHA-256 over ids and requests of the whole plan: shares of other plans do not fit.
    pub plan: String,
}

/// Counts of the unattended job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Campaign {
    /// Inputs tried, by all processes of the job.
    pub inputs: u64,
    /// Requests behind the plan, by all processes of the job.
    pub requests: u64,
    /// Classes of answers.
    pub classes: u64,
    /// Inputs in the corpus.
    pub corpus: u64,
    /// Inputs that joined it in this process.
    pub grown: u64,
    /// Requests spent on making findings small.
    pub shrink_requests: u64,
}

/// Name and version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `probity`
    pub name: String,
    /// Of the package.
    pub version: String,
}

/// A contract by name and content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContractRef {
    /// Its id.
    pub id: String,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
}

/// What the device says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceInfo {
    /// Model, where the life probe tells.
    pub model: Option<String>,
    /// Firmware version, where the life probe tells.
    pub firmware: Option<String>,
    /// Restarts seen during the run.
    pub restarts: u64,
    /// Whether the settings are as they were; `null`: could not be looked at.
    pub restored: Option<bool>,
    /// Whether a value that was put back as it was is another one, because the device cannot hold it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rounded: bool,
}

/// Counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Requests {
    /// By the plan, read-backs included.
    pub planned: u64,
    /// Really sent, everything included (login, life probe, confirmation, restore).
    pub sent: u64,
    /// Complete answers.
    pub answered: u64,
}

/// Exit code and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exit {
    /// 0 to 6.
    pub code: u8,
    /// One line.
    pub reason: String,
}

/// One promise and what the run says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PromiseResult {
    /// Its id.
    pub id: PromiseId,
    /// Where it is stated.
    pub source: PromiseSource,
    /// What the run says.
    pub status: Status,
    /// Cases that tested it.
    pub cases: u64,
    /// Which kinds of input there are to try on it, and which were judged. Empty where no case is mainly
    /// about it: what other cases draw tells.
    #[serde(default, skip_serializing_if = "IdeaResult::is_empty")]
    pub ideas: IdeaResult,
}

/// What a run says of a promise.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Every case that tells says so.
    Kept,
    /// A confirmed finding says so.
    Broken,
    /// It was tested and no case tells.
    Undecided,
    /// No case of this run tests it.
    Untested,
}

/// One operation and how far the run judged it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OperationResult {
    /// Its id.
    pub id: String,
    /// What it may do to the device; absent where nobody decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// How far it was judged.
    pub state: OperationState,
    /// Why it was not judged, or what is missing; in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether the user left it out (by its effect, `deny`, `--only`): the floor does not ask for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left_out: bool,
    /// Cases that were sent.
    pub cases: u64,
}

/// How far an operation was judged. What is not judged is never kept.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum OperationState {
    /// A surely valid request drew a decided verdict and, where invalid requests can be built from
    /// its rules, so did one of those.
    Judged,
    /// Some promise was decided, but not as much as that.
    InPart,
    /// Nothing was decided.
    NotJudged,
}

impl OperationState {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            OperationState::Judged => "judged",
            OperationState::InPart => "judged in part",
            OperationState::NotJudged => "not judged",
        }
    }
}

/// How many of the operations that were asked for had to be judged, and whether they were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Floor {
    /// The share that had to be judged, 0 to 1.
    pub share: f64,
    /// Operations that were asked for.
    pub asked: u64,
    /// Those of them that were judged.
    pub judged: u64,
    /// Whether that is enough.
    pub met: bool,
}

impl Status {
    /// As the report writes it.
    pub fn word(self) -> &'static str {
        match self {
            Status::Kept => "kept",
            Status::Broken => "broken",
            Status::Undecided => "undecided",
            Status::Untested => "untested",
        }
    }
}

/// One cause: one thing that is wrong with the device, shown by its plainest case; every other case
/// that shows it is a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Of the cause: hash of kind, promise and symptom; 16 hexadecimal digits. Where the same thing
    /// may be wrong in many operations at once, of the promise without its operation; where the
    /// document states it for several operations in one place, of that place.
    pub fingerprint: String,
    /// The promise.
    pub promise: PromiseId,
    /// Kind.
    pub kind: Kind,
    /// How bad it is.
    pub severity: Severity,
    /// One line: what is wrong.
    pub title: String,
    /// What had to come.
    pub expected: String,
    /// What came.
    pub observed: String,
    /// Id of the case.
    pub case: CaseId,
    /// How often this case showed it of how often it was sent: `3/3`.
    pub confirmed: String,
    /// How to see it again.
    pub reproducer: Reproducer,
    /// What was sent and what came back, secrets masked.
    pub evidence: Evidence,
    /// Why the device may be meant so all the same: the expectation rests on one reading of the
    /// document, or on no sentence that says it must be so. Absent: it rests on one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguable: Option<String>,
    /// Operations that show it.
    #[serde(default)]
    pub operations: Vec<String>,
    /// What is wrong with the answer, in stable words without payload; empty where the kind says it.
    #[serde(default)]
    pub symptom: String,
    /// Where the document states the promise for several operations: JSON pointer to the component.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stated: String,
    /// What it is when it happens: another kind than `kind` where it is flaky.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shows: Option<Kind>,
    /// What the case sends, in words.
    #[serde(default)]
    pub example: String,
    /// Fingerprint of the case: hash of promise, kind, operation and input class, as in version 1.
    #[serde(default)]
    pub instance: String,
    /// How many cases show it.
    #[serde(default)]
    pub shown: Shown,
    /// Further cases that show it.
    #[serde(default)]
    pub members: Vec<Member>,
}

impl Finding {
    /// Whether it was read from a `probity-report/1`, where each fingerprint is that of a case.
    pub fn is_of_version_1(&self) -> bool {
        self.example.is_empty()
    }

    /// Fingerprints of its cases: the cause's own case first, then the members.
    pub fn instances(&self) -> impl Iterator<Item = &str> {
        let members = self.members.iter().map(|m| m.fingerprint.as_str());
        std::iter::once(self.instance.as_str())
            .chain(members)
            .filter(|print| !print.is_empty())
    }

    /// Promises that its cases break: its own first, then those of the members.
    pub fn promises(&self) -> impl Iterator<Item = &str> {
        let members = self.members.iter().map(|m| m.promise.as_str());
        std::iter::once(self.promise.as_str())
            .chain(members)
            .filter(|promise| !promise.is_empty())
    }
}

/// How many cases show a cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shown {
    /// So many.
    pub cases: u64,
    /// Of so many of the same sort that tested the promise and were decided; 0: not counted.
    #[serde(default)]
    pub of: u64,
    /// The sort.
    #[serde(default)]
    pub inputs: Inputs,
}

/// A further case that shows a cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// Of the case: see [`Finding::instance`]. `probity replay` takes it, and the id of the case.
    #[serde(default)]
    pub fingerprint: String,
    /// The promise that it breaks.
    #[serde(default)]
    pub promise: PromiseId,
    /// Id of the case.
    pub case: CaseId,
    /// What it sends, in words.
    #[serde(default)]
    pub title: String,
    /// What came.
    #[serde(default)]
    pub observed: String,
    /// How to see it again.
    #[serde(default)]
    pub reproducer: Reproducer,
}

/// How to see a finding again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reproducer {
    /// A shell line; credentials are `$PROBITY_…` variables.
    pub curl: String,
    /// File that holds the exact bytes, where the shell cannot carry them.
    pub request_file: Option<String>,
    /// The exchange itself, for `probity replay`: request byte for byte with credentials by name,
    /// and what may come back. Absent where it takes a whole run to see the finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<Box<Recipe>>,
}

/// What was sent and what came back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Request line, header, body; lossy where not UTF-8, credentials masked.
    pub request: String,
    /// Status line, header, body; or the failure.
    pub answer: String,
    /// Read-backs or life probes that show it, where it takes more than one answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observations: Vec<String>,
}

/// One promise with readings that differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Divergence {
    /// The promise.
    pub promise: PromiseId,
    /// The text as published.
    pub published: String,
    /// All readings.
    pub readings: Vec<ReadingRef>,
    /// Which of them the device implements.
    pub device: DeviceReading,
}

/// One reading by its axes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadingRef {
    /// Stable id.
    pub id: String,
    /// How the published text was repaired; `none` where it was not.
    pub repair: String,
    /// Dialect id.
    pub dialect: String,
    /// `search`, `prefix`, `full`.
    pub mode: String,
    /// Length unit.
    pub unit: String,
    /// Whether it compiles.
    pub compiles: bool,
}

/// What the device's answers say about the readings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceReading {
    /// What came of it.
    #[serde(default)]
    pub outcome: ReadingOutcome,
    /// The device's reading in words: who reads it so, or, where no reading fits, what the device
    /// does on each axis.
    #[serde(default)]
    pub description: Vec<String>,
    /// How many different meanings are left.
    #[serde(default)]
    pub classes: u64,
    /// Readings that no answer refutes.
    pub fits: Vec<String>,
    /// How many were refuted.
    pub excluded: u64,
    /// Requests sent for it beside the plan's.
    pub requests: u64,
    /// Those of them that told listed readings apart; the others doubted the conclusion or
    /// described a device that no reading fits.
    #[serde(default)]
    pub separating: u64,
    /// Answers that tell readings apart or that no reading explains.
    pub probes: Vec<Probe>,
    /// Where a reading predicts that a backtracking engine takes more than linear time: what was
    /// measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slowness: Option<Slowness>,
}

/// Predicted against measured growth of the time that a device takes for a string.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Slowness {
    /// What a backtracking engine does under the worst reading that is left.
    pub predicted: Measured,
    /// What the device does.
    pub measured: Measured,
    /// Start of the strings that were sent.
    pub prefix: String,
    /// What follows it, again and again.
    pub pump: String,
    /// Their end, which makes the match fail.
    pub suffix: String,
    /// The times, in the order in which they were taken. The last may be the first that is longer
    /// than the budget (five usual answers and 250 ms).
    pub samples: Vec<TimeSample>,
}

/// How a time grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measured {
    /// With the length, or not at all.
    Linear,
    /// With its square.
    Quadratic,
    /// With a higher power.
    Polynomial,
    /// Doubles again and again.
    Exponential,
    /// The times do not tell.
    NotMeasurable,
}

/// One timed answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TimeSample {
    /// How often the pump was repeated.
    pub pumps: u64,
    /// Code points of the string.
    pub length: u64,
    /// Microseconds from the request to the whole answer; the least of two where it was repeated.
    pub micros: u64,
}

/// How far the question is settled which reading a device implements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadingOutcome {
    /// Several meanings are left.
    #[default]
    Open,
    /// One meaning is left, and the readings in `fits` all have it.
    Fits,
    /// No reading explains the answers.
    Unlisted,
    /// One string was taken and refused.
    Unstable,
}

/// One question to the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Probe {
    /// The string.
    pub input: String,
    /// Whether it was accepted.
    pub accepted: bool,
}

/// A choice that the page leaves open, and what the device did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Choice {
    /// What is open.
    pub question: String,
    /// The promise or operation it concerns.
    pub promise: PromiseId,
    /// What the device did: `accepted`, `refused: …`.
    pub device: String,
    /// The case that shows it.
    pub case: CaseId,
}
