//! Inputs that showed something new, in memory and on disk. Files appear whole or not at all.

use super::input::Input;
use crate::files;
use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Most inputs kept in memory.
const MOST: usize = 4_096;
/// Most octets of bodies kept in memory.
const MOST_OCTETS: usize = 32 << 20;

/// Inputs that showed something new.
#[derive(Debug, Default)]
pub struct Corpus {
    inputs: Vec<Input>,
    names: BTreeSet<String>,
    octets: usize,
    folder: Option<PathBuf>,
    /// Inputs that came in this job.
    pub grown: u64,
}

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Inputs in order of their file names.
    pub inputs: Vec<Input>,
    /// Files that were skipped, with the reason.
    pub skipped: Vec<String>,
}

/// Reads a corpus folder, making it where there is none. Files that are no inputs are skipped and
/// named; those of an interrupted write (`.tmp-…`) are removed.
///
/// # Errors
/// The folder cannot be made or read.
pub fn load(folder: &Path) -> io::Result<Loaded> {
    std::fs::create_dir_all(folder)?;
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    let mut loaded = Loaded::default();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(TEMPORARY) {
            // Of a process that was killed while it wrote; nothing refers to it.
            let _ = std::fs::remove_file(&path);
            continue;
        }
        // Links would be followed out of the folder.
        let file = std::fs::symlink_metadata(&path).is_ok_and(|about| about.is_file());
        if !file || path.extension().is_none_or(|e| e != "json") {
            continue;
        }
        match files::read_bounded(&path, MOST_OCTETS as u64, "input") {
            Err(e) => loaded.skipped.push(format!("{}: {e}", path.display())),
            Ok(bytes) => match Input::from_file(&bytes) {
                Ok(input) => loaded.inputs.push(input),
                Err(why) => loaded.skipped.push(format!("{}: {why}", path.display())),
            },
        }
    }
    Ok(loaded)
}

const TEMPORARY: &str = ".tmp-";

impl Corpus {
    /// An empty corpus that writes what it takes into `folder`, where one is given.
    pub fn new(folder: Option<PathBuf>) -> Corpus {
        Corpus {
            folder,
            ..Corpus::default()
        }
    }

    /// The inputs, oldest first.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Takes an input that is known to be on disk, or that needs not be.
    pub fn remember(&mut self, input: Input) {
        if self.inputs.len() >= MOST
            || self.octets + input.size() > MOST_OCTETS
            || !self.names.insert(input.name())
        {
            return;
        }
        self.octets += input.size();
        self.inputs.push(input);
    }

    /// Takes an input and writes it to disk.
    ///
    /// # Errors
    /// It cannot be written (a full disk); it is in memory all the same.
    pub fn add(&mut self, input: Input) -> io::Result<()> {
        if self.names.contains(&input.name()) {
            return Ok(());
        }
        let written = match &self.folder {
            Some(folder) => write(folder, &input),
            None => Ok(()),
        };
        self.grown += 1;
        self.remember(input);
        written
    }
}

/// A new file in one step: another process, or this one after its end, sees all of it or nothing.
fn write(folder: &Path, input: &Input) -> io::Result<()> {
    let path = folder.join(format!("{}.json", input.name()));
    if path.exists() {
        return Ok(());
    }
    let mut file = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .tempfile_in(folder)?;
    file.write_all(&input.to_file())?;
    file.as_file().sync_data()?;
    file.persist(&path).map_err(|e| e.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Step;

    #[test]
    fn what_is_no_input_is_skipped_with_its_name() {
        let folder = tempfile::tempdir().expect("folder");
        let input = Input::one(Step {
            operation: "op".to_owned(),
            body: b"{}".to_vec(),
            ..Step::default()
        });
        let mut corpus = Corpus::new(Some(folder.path().to_owned()));
        corpus.add(input.clone()).expect("written");
        corpus.add(input.clone()).expect("known");
        assert_eq!(corpus.grown, 1);
        std::fs::write(folder.path().join("torn.json"), b"{\"input\":").expect("file");
        std::fs::write(folder.path().join(".tmp-left"), b"{").expect("file");
        std::fs::write(folder.path().join("README"), b"hands off").expect("file");
        let loaded = load(folder.path()).expect("folder");
        assert_eq!(loaded.inputs, [input]);
        assert_eq!(loaded.skipped.len(), 1);
        assert!(
            loaded.skipped[0].contains("torn.json"),
            "{:?}",
            loaded.skipped
        );
        assert!(!folder.path().join(".tmp-left").exists());
    }
}
