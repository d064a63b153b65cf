//! What a job has done so far, on disk before it goes on: JSON lines, one `write` each, appended
//! and never changed, so that a process that is killed at any moment leaves at most one torn line
//! at the end. Findings are flushed to the medium (`fsync`) before the next request is sent.

use super::event::{Event, Listener};
use super::result::{ContractRef, Finding};
use crate::case::{Case, Plan};
use crate::contract::{Contract, PromiseId};
use crate::exchange::octets;
use crate::files;
use crate::judge::{Acceptance, Deviation, Judgement, Kind, Ruling, Verdict};
use crate::probe::Step;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The `journal` member of the first line.
pub const SCHEMA_ID: &str = "probity-journal/1";

/// The first line: which job this is the journal of. Another job may not go on with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`SCHEMA_ID`].
    pub journal: String,
    /// `run` or `fuzz`.
    pub job: String,
    /// What is judged against.
    pub contract: ContractRef,
    /// Base URL of the device, or [`EMBEDDED`].
    pub target: String,
    /// Seed of everything generated.
    pub seed: u64,
    /// [`plan_digest`].
    pub plan: String,
    /// Cases of the plan.
    pub cases: usize,
    /// Share of the plan, `I/N`.
    pub shard: Option<String>,
    /// [`shape`] of the contract: what putting back relies on.
    #[serde(default)]
    pub shape: Option<String>,
}

/// A digest of the operations of a contract, their paths and the members of their bodies. A device
/// that serves its own document may write it otherwise from one day to the next, and what a killed
/// job left has to be put back all the same.
pub fn shape(contract: &Contract) -> String {
    let mut parts = Vec::new();
    for operation in &contract.operations {
        let (method, path, id) = (&operation.method, &operation.path, &operation.id);
        parts.push(format!("{method} {path} {id}"));
        let media = operation.body.as_ref().map(|b| b.media_type.to_string());
        parts.extend(media);
        for field in operation.fields() {
            let (read, write) = (field.schema.read_only, field.schema.write_only);
            parts.push(format!("{} {read} {write}", field.path.pointer()));
        }
    }
    let digest = Sha256::digest(parts.join("\n"));
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

/// The target of a job against the embedded mock, whose port is another one every time.
pub const EMBEDDED: &str = "embedded mock";

impl Header {
    /// Says what differs, the most telling first.
    fn foreign(&self, ours: &Header) -> Option<(&'static str, String, String)> {
        let pairs = [
            ("job", self.job.clone(), ours.job.clone()),
            (
                "contract",
                contract_name(&self.contract),
                contract_name(&ours.contract),
            ),
            ("target", self.target.clone(), ours.target.clone()),
            ("seed", self.seed.to_string(), ours.seed.to_string()),
            ("shard", shard_name(&self.shard), shard_name(&ours.shard)),
            (
                "plan",
                plan_name(self.cases, &self.plan),
                plan_name(ours.cases, &ours.plan),
            ),
        ];
        let mut pairs = pairs.into_iter();
        pairs.find(|(_, theirs, ours)| theirs != ours)
    }
}

fn contract_name(contract: &ContractRef) -> String {
    let hash = contract.sha256.get(..12).unwrap_or(&contract.sha256);
    format!("{} ({hash}…)", contract.id)
}

fn shard_name(shard: &Option<String>) -> String {
    shard.clone().unwrap_or_else(|| "none".to_owned())
}

fn plan_name(cases: usize, digest: &str) -> String {
    format!("{cases} cases ({}…)", digest.get(..12).unwrap_or(digest))
}

/// SHA-256 over ids and requests of a plan in order, lower-case hexadecimal: two plans with the
/// same digest send the same.
pub fn plan_digest(plan: &Plan) -> String {
    let mut hash = Sha256::new();
    for case in &plan.cases {
        hash.update(case.id.as_bytes());
        hash.update([0]);
        hash.update(serde_json::to_vec(&case.request).unwrap_or_default());
        hash.update([0]);
    }
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// One line behind the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// The device's settings before the first write, by operation, without what the profile calls
    /// secret. Restored at the end of the job, also by a process that resumes it.
    Settings {
        /// Operation → settings.
        before: BTreeMap<String, Value>,
    },
    /// A case was sent and judged.
    Case(CaseRecord),
    /// A statement about a promise that no single case makes.
    Stated {
        /// The promise.
        promise: PromiseId,
        /// Kept, or undecided.
        kept: bool,
    },
    /// The settings as they stood before the cases that follow, which must change nothing.
    Baseline {
        /// Operation → settings.
        states: BTreeMap<String, Value>,
    },
    /// Something is about to be created, was created, or is gone.
    Creating {
        /// The step.
        #[serde(flatten)]
        step: Step,
    },
    /// The settings were looked at: refusals before this line changed nothing, or were found out.
    Checkpoint,
    /// A confirmed finding.
    Found {
        /// The finding.
        finding: Box<Finding>,
    },
    /// The exact bytes of a reproducer.
    File {
        /// File name.
        name: String,
        /// Content.
        #[serde(with = "octets")]
        content: Vec<u8>,
    },
    /// Something that the user should know.
    Note {
        /// The text.
        text: String,
    },
    /// Of the unattended job, in its own form.
    #[serde(alias = "night")]
    Campaign {
        /// See [`crate::campaign`].
        entry: Value,
    },
    /// The job came to its end.
    End {
        /// Exit code.
        code: u8,
    },
}

/// What the runner has to know of a case that an earlier process sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseRecord {
    /// Its id.
    pub id: String,
    /// `true` accepted, `false` refused, `null` neither.
    #[serde(alias = "took")]
    pub acceptance: Option<bool>,
    /// Whether a complete answer came.
    pub answered: bool,
    /// Promises kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<PromiseId>,
    /// Promises left undecided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<PromiseId>,
    /// Whether a refusal speaks of rights, place or state, and not of what the request held.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub circumstance: bool,
    /// Promises that it shows broken (which count when confirmed), and how.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<(PromiseId, Deviation)>,
    /// An open question and what the device chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<(String, String)>,
    /// Fingerprints of known findings that it shows too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<String>,
}

impl CaseRecord {
    /// What a judgement says, for the journal.
    pub fn of(case: &Case, judgement: &Judgement, answered: bool, joined: Vec<String>) -> Self {
        let ids = |of: fn(&Ruling) -> bool| {
            let such = judgement.verdicts.iter().filter(|v| of(&v.ruling));
            such.map(|v| v.promise.clone()).collect()
        };
        let broken = judgement.deviations();
        CaseRecord {
            id: case.id.clone(),
            acceptance: match judgement.acceptance {
                Acceptance::Accepted => Some(true),
                Acceptance::Refused => Some(false),
                Acceptance::Neither => None,
            },
            answered,
            kept: ids(|r| *r == Ruling::Kept),
            undecided: ids(|r| matches!(r, Ruling::Undecided(_))),
            circumstance: judgement.circumstance,
            broken: broken.map(|(p, d)| (p.clone(), d.clone())).collect(),
            choice: judgement.choice.clone(),
            joined,
        }
    }

    /// A judgement that counts the same.
    pub fn judgement(&self) -> Judgement {
        let kept = self.kept.iter().map(|p| (p, Ruling::Kept));
        let undecided = self
            .undecided
            .iter()
            .map(|p| (p, Ruling::Undecided(String::new())));
        let broken = self.broken.iter();
        let broken = broken.map(|(p, d)| (p, Ruling::Broken(d.clone())));
        Judgement {
            verdicts: kept
                .chain(undecided)
                .chain(broken)
                .map(|(promise, ruling)| Verdict {
                    promise: promise.clone(),
                    ruling,
                })
                .collect(),
            acceptance: match self.acceptance {
                Some(true) => Acceptance::Accepted,
                Some(false) => Acceptance::Refused,
                None => Acceptance::Neither,
            },
            circumstance: self.circumstance,
            choice: self.choice.clone(),
            shape: None,
        }
    }
}

/// Everything that an earlier process wrote.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Lines behind the first, in order.
    pub records: Vec<Record>,
}

impl Past {
    /// The settings before the first write of the job.
    pub fn settings(&self) -> Option<&BTreeMap<String, Value>> {
        self.records.iter().find_map(|r| match r {
            Record::Settings { before } => Some(before),
            _ => None,
        })
    }

    /// Whether the job knew anything that it could have changed: settings, or items that it created.
    pub fn may_have_changed(&self) -> bool {
        let settings = self.settings().is_some_and(|settings| !settings.is_empty());
        settings || !self.steps().is_empty()
    }

    /// All settings that it has, for what only the device layer may put back into them.
    pub fn settings_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        let records = self.records.iter_mut();
        records.flat_map(|record| match record {
            Record::Settings { before } => before.values_mut().collect(),
            Record::Baseline { states } => states.values_mut().collect(),
            _ => Vec::new(),
        })
    }

    /// The same without what the job created and removed.
    pub fn without_steps(&self) -> Past {
        let mut past = self.clone();
        past.records
            .retain(|r| !matches!(r, Record::Creating { .. }));
        past
    }

    /// What the job created and removed, in order.
    pub fn steps(&self) -> Vec<Step> {
        let steps = self.records.iter().filter_map(|r| match r {
            Record::Creating { step } => Some(step.clone()),
            _ => None,
        });
        steps.collect()
    }

    /// Cases that need not be sent again. One whose refusal was not followed by a look at the
    /// settings (`quiet`, by id) does not count: nobody knows what it changed.
    pub fn done(&self, quiet: impl Fn(&str) -> bool) -> BTreeSet<&str> {
        let mut done = BTreeSet::new();
        let mut looked_at = false;
        for record in self.records.iter().rev() {
            match record {
                Record::Checkpoint => looked_at = true,
                Record::Case(case) if looked_at || !quiet(&case.id) => {
                    done.insert(case.id.as_str());
                }
                _ => {}
            }
        }
        done
    }

    /// The settings as they stood before the last refusals, and those refusals by id, where the
    /// process ended before anybody looked at what they changed.
    pub fn not_looked_at(&self) -> Option<(&BTreeMap<String, Value>, Vec<&str>)> {
        let mut refused = Vec::new();
        for record in self.records.iter().rev() {
            match record {
                Record::Checkpoint | Record::End { .. } => return None,
                // What was accepted may have changed them as it should.
                Record::Case(case) if case.acceptance != Some(false) => return None,
                // The same where its process ended between the finding and the case that shows it.
                Record::Found { finding } if shows_accepted(finding) => return None,
                Record::Case(case) => refused.push(case.id.as_str()),
                Record::Baseline { states } => {
                    refused.reverse();
                    return Some((states, refused));
                }
                _ => {}
            }
        }
        None
    }

    /// Whether the job had come to its end.
    pub fn ended(&self) -> bool {
        matches!(self.records.last(), Some(Record::End { .. }))
    }
}

/// Whether a finding is that something was accepted, so that the settings may have changed.
fn shows_accepted(finding: &Finding) -> bool {
    finding.shows.unwrap_or(finding.kind) == Kind::AcceptsInvalid
}

/// Why there is no journal to write to.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A new job would overwrite the journal of another.
    #[error("--journal {}: there is a journal already; go on with --resume, or name another file", .0.display())]
    Exists(PathBuf),
    /// Going on would overwrite something else.
    #[error("journal {}: it is no journal of Probity: nothing is written to it", .0.display())]
    NoJournal(PathBuf),
    /// Another process writes to it.
    #[error("journal {}: another process is using it", .0.display())]
    InUse(PathBuf),
    /// It cannot be read or written.
    #[error("journal {}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
    /// A line cannot be read that is not the last.
    #[error("journal {}, line {line}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// It belongs to another job.
    #[error("journal {}: it belongs to another {what}: {theirs}; this job has {ours}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What differs first.
        what: &'static str,
        /// The journal's.
        theirs: String,
        /// This job's.
        ours: String,
    },
}

/// A journal that is being written.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    failed: Option<String>,
}

impl Journal {
    /// Begins a journal.
    ///
    /// # Errors
    /// The file exists and is not empty, is in use, or cannot be written.
    pub fn create(path: &Path, header: &Header) -> Result<Journal, JournalError> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut journal = Journal::open(path, &options)?;
        let length = journal.file.metadata().map_err(|e| journal.io(e))?.len();
        if length > 0 {
            return Err(JournalError::Exists(path.to_owned()));
        }
        journal.begin(header)?;
        Ok(journal)
    }

    /// Goes on with a journal. One in which not even the first line is complete is begun anew.
    ///
    /// # Errors
    /// There is no such file; it is damaged before its last line, belongs to another job, is in
    /// use, or cannot be written.
    pub fn resume(path: &Path, header: &Header) -> Result<(Journal, Past), JournalError> {
        let mut options = OpenOptions::new();
        options.read(true).append(true);
        let mut journal = Journal::open(path, &options)?;
        let read = files::read_all(&mut journal.file, files::JOURNAL, "journal");
        let bytes = read.map_err(|e| journal.io(e))?;
        // Whatever follows the last line end was torn off by the end of the process.
        let whole = bytes
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        let (theirs, past) = parse(path, bytes.get(..whole).unwrap_or_default())?;
        let ours = serde_json::to_vec(header).map_err(|e| journal.io(e.into()))?;
        if theirs.is_none() && !ours.starts_with(&bytes) {
            return Err(JournalError::NoJournal(path.to_owned()));
        }
        if let Some((what, theirs, ours)) = theirs.as_ref().and_then(|t| t.foreign(header)) {
            return Err(JournalError::Foreign {
                path: path.to_owned(),
                what,
                theirs,
                ours,
            });
        }
        journal
            .file
            .set_len(whole as u64)
            .and_then(|()| journal.file.seek(SeekFrom::End(0)))
            .map_err(|e| journal.io(e))?;
        if theirs.is_none() {
            journal.begin(header)?;
        }
        Ok((journal, past))
    }

    /// Whether no other process writes to a journal.
    ///
    /// # Errors
    /// One does, or it cannot be opened.
    pub fn free(path: &Path) -> Result<(), JournalError> {
        Journal::open(path, OpenOptions::new().read(true).append(true)).map(drop)
    }

    fn open(path: &Path, options: &OpenOptions) -> Result<Journal, JournalError> {
        let io = |error| JournalError::Io {
            path: path.to_owned(),
            error,
        };
        // Before it is opened: a pipe would wait for its other end.
        if std::fs::metadata(path).is_ok_and(|about| !about.is_file()) {
            return Err(JournalError::NoJournal(path.to_owned()));
        }
        let file = options.open(path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::InUse(path.to_owned())),
            // A file system without locks is no reason not to keep a journal.
            Err(TryLockError::Error(_)) => {}
        }
        Ok(Journal {
            file,
            path: path.to_owned(),
            failed: None,
        })
    }

    fn io(&self, error: io::Error) -> JournalError {
        JournalError::Io {
            path: self.path.clone(),
            error,
        }
    }

    fn begin(&mut self, header: &Header) -> Result<(), JournalError> {
        let line = serde_json::to_vec(header).map_err(|e| self.io(e.into()))?;
        let written = self.line(line).and_then(|()| self.file.sync_all());
        written.map_err(|e| self.io(e))
    }

    fn line(&mut self, mut line: Vec<u8>) -> io::Result<()> {
        line.push(b'\n');
        self.file.write_all(&line)
    }

    /// Appends a record. It is the system's before this returns (what kills the process does not
    /// harm it), and on the medium where it is a finding or the end. After a failure nothing more
    /// is written: see [`Journal::failed`].
    pub fn append(&mut self, record: &Record) {
        if self.failed.is_some() {
            return;
        }
        let durable = matches!(
            record,
            Record::Found { .. }
                | Record::Settings { .. }
                | Record::Creating { .. }
                | Record::End { .. }
        );
        let written = serde_json::to_vec(record)
            .map_err(io::Error::from)
            .and_then(|line| self.line(line))
            .and_then(|()| match durable {
                true => self.file.sync_data(),
                false => Ok(()),
            });
        if let Err(e) = written {
            self.failed = Some(format!("journal {}: {e}", self.path.display()));
        }
    }

    /// Why it cannot be written any more: a job that is not on disk must not go on.
    pub fn failed(&self) -> Option<&str> {
        self.failed.as_deref()
    }
}

/// Says in a journal that its job has left nothing to put back.
///
/// # Errors
/// It is in use, or cannot be written.
pub fn end(path: &Path) -> Result<(), JournalError> {
    let mut journal = Journal::open(path, OpenOptions::new().read(true).append(true))?;
    let line = serde_json::to_vec(&Record::End { code: 0 }).map_err(|e| journal.io(e.into()))?;
    journal.line(line).map_err(|e| journal.io(e))
}

fn parse(path: &Path, bytes: &[u8]) -> Result<(Option<Header>, Past), JournalError> {
    let damaged = |line: usize, reason: String| JournalError::Damaged {
        path: path.to_owned(),
        line: line + 1,
        reason,
    };
    let mut lines = bytes.split(|b| *b == b'\n').enumerate();
    let Some((_, first)) = lines.next().filter(|(_, line)| !line.is_empty()) else {
        return Ok((None, Past::default()));
    };
    let header: Header = serde_json::from_slice(first)
        .map_err(|e| damaged(0, format!("not the first line of a journal: {e}")))?;
    if header.journal != SCHEMA_ID {
        let reason = format!(
            "its `journal` is {:?}; this version reads {SCHEMA_ID}",
            header.journal
        );
        return Err(damaged(0, reason));
    }
    let mut past = Past::default();
    let mut told = BTreeSet::new();
    for (at, line) in lines.filter(|(_, line)| !line.is_empty()) {
        let record = serde_json::from_slice(line).map_err(|e| damaged(at, e.to_string()))?;
        match &record {
            Record::File { name, .. } if !files::is_plain_name(name) => {
                let reason = format!("{name:?} is no name of a reproducer's file");
                return Err(damaged(at, reason));
            }
            // A line that stands there twice tells of one finding and of one file.
            Record::Found { finding } if !told.insert(finding.fingerprint.clone()) => continue,
            Record::File { name, .. } if !told.insert(format!("file {name}")) => continue,
            _ => past.records.push(record),
        }
    }
    Ok((Some(header), past))
}

/// Reads the findings of a journal, for a baseline.
///
/// # Errors
/// As [`Journal::resume`], but for what makes it another job's.
pub fn read(path: &Path) -> Result<(Option<Header>, Past), JournalError> {
    let read = files::read_bounded(path, files::JOURNAL, "journal");
    let bytes = read.map_err(|error| JournalError::Io {
        path: path.to_owned(),
        error,
    })?;
    let whole = bytes
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |at| at + 1);
    parse(path, bytes.get(..whole).unwrap_or_default())
}

impl Listener for Journal {
    fn on(&mut self, event: &Event<'_>) {
        let record = match event {
            Event::Settings(before) => Record::Settings {
                before: (*before).clone(),
            },
            Event::Judged {
                case,
                judgement,
                answered,
                joined,
            } => Record::Case(CaseRecord::of(case, judgement, *answered, joined.to_vec())),
            Event::Stated { promise, kept } => Record::Stated {
                promise: (*promise).clone(),
                kept: *kept,
            },
            Event::Baseline(states) => Record::Baseline {
                states: (*states).clone(),
            },
            Event::Creating(step) => Record::Creating {
                step: (*step).clone(),
            },
            Event::Checkpoint => Record::Checkpoint,
            Event::Campaign(entry) => Record::Campaign {
                entry: (*entry).clone(),
            },
            Event::Found(finding) => Record::Found {
                finding: Box::new((*finding).clone()),
            },
            Event::File { name, content } => Record::File {
                name: (*name).to_owned(),
                content: content.to_vec(),
            },
            Event::Note(text) => Record::Note {
                text: (*text).to_owned(),
            },
            _ => return,
        };
        self.append(&record);
    }

    fn halt(&self) -> Option<String> {
        self.failed.clone()
    }
}
