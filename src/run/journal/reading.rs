//! Journals read back, whoever wrote them: line by line, within a bound of memory. What the job has
//! no more use of (a look at the settings behind another, how far it was before it came further) is
//! not kept, so that a long job's journal takes little more than what it found.

use super::record::{Past, Record};
use super::seal::{self, Seal};
use super::{Header, JournalError, SCHEMA_ID};
use crate::files::{self, MIB};
use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// Most octets of memory that the lines of a journal may take.
const RECORDS: u64 = 128 * MIB;
/// What a record takes beside its texts.
const RECORD: u64 = size_of::<Record>() as u64;
/// What any object in it may take beside its texts: the least node of a map.
const OBJECT: u64 = 640;
/// What a list may take beside its items: the least that one grows to.
const LIST: u64 = 128;
/// What any other part may take.
const OTHER: u64 = 64;

/// What is read of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// What a job needs that goes on.
    All,
    /// What is put back and removed, and whether the job ended.
    Left,
}

/// A journal as it was read.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Its first line, parsed; `None`: not even that is complete.
    pub(super) header: Option<Header>,
    /// Its first line, or what there is of it.
    pub(super) first: Vec<u8>,
    /// The lines behind.
    pub(super) past: Past,
    /// Octets up to the last line end: what follows was torn off by the end of the process.
    pub(super) whole: u64,
}

/// Reads the lines of a journal; `path` is for errors.
///
/// # Errors
/// It cannot be read, is damaged before its last line, is too large, or takes too much memory.
pub(super) fn lines(
    path: &Path,
    from: impl io::Read,
    seal: Option<&Seal>,
    extent: Extent,
) -> Result<Read, JournalError> {
    let io = |error| JournalError::Io {
        path: path.to_owned(),
        error,
    };
    let (most, budget) = (files::limit_of(files::JOURNAL), files::limit_of(RECORDS));
    let mut from = BufReader::with_capacity(1 << 16, from);
    let mut read = Read::default();
    let mut kept = Kept::new(extent, budget);
    let mut line = Vec::new();
    for at in 1.. {
        line.clear();
        let room = most.saturating_sub(read.whole).min(budget) + 1;
        io::Read::take(&mut from, room)
            .read_until(b'\n', &mut line)
            .map_err(io)?;
        if line.len() as u64 == room {
            let limit = most.min(budget);
            return Err(io(files::too_large(limit, "journal")));
        }
        if line.last() != Some(&b'\n') {
            if at == 1 {
                read.first = line;
            }
            break;
        }
        read.whole += line.len() as u64;
        line.pop();
        let damaged = |reason: String| JournalError::Damaged {
            path: path.to_owned(),
            line: at,
            reason,
        };
        match &read.header {
            None if line.is_empty() => break,
            None => {
                read.header = Some(header(&line).map_err(damaged)?);
                read.first.clone_from(&line);
            }
            Some(_) => kept.take(&read.first, &line, seal).map_err(damaged)?,
        }
    }
    read.past = kept.past;
    Ok(read)
}

fn header(line: &[u8]) -> Result<Header, String> {
    let header: Header = serde_json::from_slice(line)
        .map_err(|e| format!("not the first line of a journal: {e}"))?;
    match header.journal == SCHEMA_ID {
        true => Ok(header),
        false => Err(format!(
            "its `journal` is {:?}; this version reads {SCHEMA_ID}",
            header.journal
        )),
    }
}

/// Lines that were read so far.
struct Kept {
    extent: Extent,
    past: Past,
    /// What stands there already, of what is told once.
    told: BTreeSet<String>,
    /// The last line that says how far a campaign was, and the last baseline, with their weights.
    progress: Option<(usize, u64)>,
    baseline: Option<(usize, u64)>,
    weight: u64,
    budget: u64,
}

impl Kept {
    fn new(extent: Extent, budget: u64) -> Kept {
        Kept {
            extent,
            past: Past::default(),
            told: BTreeSet::new(),
            progress: None,
            baseline: None,
            weight: 0,
            budget,
        }
    }

    /// Takes a line of the journal that begins with `first`.
    fn take(&mut self, first: &[u8], line: &[u8], seal: Option<&Seal>) -> Result<(), String> {
        if line.is_empty() {
            return Ok(());
        }
        let weight = weight(line);
        self.fits(weight)?;
        let record: Record = serde_json::from_slice(line).map_err(|e| e.to_string())?;
        let holds = || seal.is_some_and(|seal| seal.holds(first, line));
        self.past.unsealed |= seal::chooses(&record) && !holds();
        match &record {
            Record::File { name, .. } if !files::is_plain_name(name) => {
                return Err(format!("{name:?} is no name of a reproducer's file"));
            }
            _ if self.extent == Extent::Left && !says_what_is_left(&record) => {
                // The job went on behind its end.
                if self.past.ended() {
                    self.past.records.pop();
                }
                return Ok(());
            }
            // A line that stands there twice tells of one finding, of one file, of one thing.
            Record::Found { finding } if !self.first_time("found", &finding.fingerprint) => {}
            Record::File { name, .. } if !self.first_time("file", name) => {}
            Record::Note { text } if !self.first_time("note", text) => {}
            Record::Checkpoint if self.past.records.last() == Some(&Record::Checkpoint) => {}
            _ => self.keep(record, weight)?,
        }
        Ok(())
    }

    /// Whether something is told for the first time; from then on it is not.
    fn first_time(&mut self, kind: &str, what: &str) -> bool {
        self.told.insert(format!("{kind} {what}"))
    }

    fn keep(&mut self, record: Record, weight: u64) -> Result<(), String> {
        let at = self.past.records.len();
        match &record {
            Record::Campaign { entry } if entry["campaign"] == "progress" => {
                // How far it was before says nothing more.
                if let Some((before, of)) = self.progress.replace((at, weight)) {
                    self.progress = Some((before, weight));
                    self.past.records[before] = record;
                    self.weight = self.weight + weight - of;
                    return self.fits(0);
                }
            }
            Record::Baseline { .. } => {
                // Only the last is compared with.
                if let Some((before, of)) = self.baseline.replace((at, weight))
                    && let Record::Baseline { states } = &mut self.past.records[before]
                {
                    states.clear();
                    self.weight -= of - RECORD;
                }
            }
            _ => {}
        }
        self.weight += weight;
        self.past.records.push(record);
        self.fits(0)
    }

    fn fits(&self, more: u64) -> Result<(), String> {
        match self.weight.saturating_add(more) > self.budget {
            true => Err(format!(
                "up to here it takes more than {} MiB of memory, which no journal needs; {}",
                self.budget / MIB,
                files::allowed()
            )),
            false => Ok(()),
        }
    }
}

/// Whether a record is of what is put back and removed, or the end.
fn says_what_is_left(record: &Record) -> bool {
    match record {
        Record::Settings { .. } | Record::Creating { .. } | Record::End { .. } => true,
        Record::Case(_)
        | Record::Stated { .. }
        | Record::Baseline { .. }
        | Record::Checkpoint
        | Record::Found { .. }
        | Record::File { .. }
        | Record::Note { .. }
        | Record::Campaign { .. } => false,
    }
}

/// What the record of a line takes in memory at most, about.
fn weight(line: &[u8]) -> u64 {
    let (mut text, mut escaped) = (false, false);
    let mut weight = RECORD + line.len() as u64;
    for byte in line {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if text => escaped = true,
            b'"' => text = !text,
            _ if text => {}
            b'{' => weight += OBJECT,
            b'[' => weight += LIST,
            b',' => weight += OTHER,
            _ => {}
        }
    }
    weight
}
