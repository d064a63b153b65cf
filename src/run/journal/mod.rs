//! What a job has done so far, on disk before it goes on: JSON lines, one `write` each, appended
//! and never changed, so that a process that is killed at any moment leaves at most one torn line
//! at the end. Findings are flushed to the medium (`fsync`) before the next request is sent.

mod header;
mod reading;
mod record;
mod seal;

pub use header::{EMBEDDED, Header, SCHEMA_ID, plan_digest, shape};
pub use record::{CaseRecord, Past, Record};
pub use seal::{KEY, Seal};

use super::event::{Event, Listener};
use crate::files;
use reading::Extent;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
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
    /// Its first line, and what seals others for it.
    header: Vec<u8>,
    seal: Option<Seal>,
    failed: Option<String>,
}

impl Journal {
    /// Begins a journal. Without a seal nobody can tell later who wrote it.
    ///
    /// # Errors
    /// The file exists and is not empty, is in use, or cannot be written.
    pub fn create(
        path: &Path,
        header: &Header,
        seal: Option<Seal>,
    ) -> Result<Journal, JournalError> {
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
        journal.seal = seal;
        journal.begin(header)?;
        Ok(journal)
    }

    /// Goes on with a journal. One in which not even the first line is complete is begun anew.
    ///
    /// # Errors
    /// There is no such file; it is damaged before its last line, belongs to another job, is in
    /// use, or cannot be written.
    pub fn resume(
        path: &Path,
        header: &Header,
        seal: Option<Seal>,
    ) -> Result<(Journal, Past), JournalError> {
        let mut options = OpenOptions::new();
        options.read(true).append(true);
        let mut journal = Journal::open(path, &options)?;
        let read = reading::lines(path, &journal.file, seal.as_ref(), Extent::All)?;
        let ours = serde_json::to_vec(header).map_err(|e| journal.io(e.into()))?;
        // Of one in which not even the first line is complete, what there is has to be ours.
        let begun = read.whole == 0 && ours.starts_with(&read.first);
        if read.header.is_none() && !begun {
            return Err(JournalError::NoJournal(path.to_owned()));
        }
        let theirs = read.header.as_ref();
        if let Some((what, theirs, ours)) = theirs.and_then(|t| t.foreign(header)) {
            return Err(JournalError::Foreign {
                path: path.to_owned(),
                what,
                theirs,
                ours,
            });
        }
        journal
            .file
            .set_len(read.whole)
            .and_then(|()| journal.file.seek(SeekFrom::End(0)))
            .map_err(|e| journal.io(e))?;
        journal.seal = seal;
        match theirs {
            Some(_) => journal.header = read.first,
            None => journal.begin(header)?,
        }
        Ok((journal, read.past))
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
            header: Vec::new(),
            seal: None,
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
        self.header = serde_json::to_vec(header).map_err(|e| self.io(e.into()))?;
        let line = self.header.clone();
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
        let sealed = |line| match &self.seal {
            Some(seal) if seal::chooses(record) => seal.put(&self.header, line),
            _ => line,
        };
        let written = serde_json::to_vec(record)
            .map(sealed)
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

/// Reads a journal, whoever wrote it.
///
/// # Errors
/// As [`Journal::resume`], but for what makes it another job's.
pub fn read(path: &Path) -> Result<(Option<Header>, Past), JournalError> {
    read_extent(path, None, Extent::All)
}

/// Reads what a journal has put back and removed, and whether its job ended; and says, in
/// [`Past::unsealed`], whether all of that is our own.
///
/// # Errors
/// As [`read`].
pub fn read_left(path: &Path, seal: Option<&Seal>) -> Result<(Option<Header>, Past), JournalError> {
    read_extent(path, seal, Extent::Left)
}

fn read_extent(
    path: &Path,
    seal: Option<&Seal>,
    extent: Extent,
) -> Result<(Option<Header>, Past), JournalError> {
    let file = files::open(path).map_err(|error| JournalError::Io {
        path: path.to_owned(),
        error,
    })?;
    let read = reading::lines(path, file, seal, extent)?;
    Ok((read.header, read.past))
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
