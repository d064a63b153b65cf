//! Files beside a document. What a `$ref` names is read only from below the document's own folder,
//! symbolic links followed before that is asked.

use super::document::LARGEST;
use super::source::Files;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The octets of a file, at most [`LARGEST`].
///
/// # Errors
/// Why not, in words.
pub(super) fn read_bounded(path: &Path) -> Result<Vec<u8>, String> {
    let about = std::fs::metadata(path).map_err(|e| e.to_string())?;
    if about.is_dir() {
        return Err("is a directory".to_owned());
    }
    let too_large = || format!("larger than {LARGEST} octets");
    if about.len() > LARGEST as u64 {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| e.to_string())?;
    file.take(LARGEST as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| e.to_string())?;
    match bytes.len() > LARGEST {
        true => Err(too_large()),
        false => Ok(bytes),
    }
}

/// The folder of a document.
pub(super) struct Folder<'r> {
    root: Option<PathBuf>,
    remote: &'r dyn Files,
}

impl<'r> Folder<'r> {
    pub(super) fn of(document: &Path, remote: &'r dyn Files) -> Self {
        let parent = document.parent().filter(|p| *p != Path::new(""));
        let root = parent.unwrap_or(Path::new(".")).canonicalize().ok();
        Folder { root, remote }
    }
}

impl Files for Folder<'_> {
    fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        if name.starts_with("http://") || name.starts_with("https://") {
            return self.remote.read(name);
        }
        let Some(root) = &self.root else {
            return Err("the document's folder cannot be read".to_owned());
        };
        let path = root.join(name).canonicalize().map_err(|e| e.to_string())?;
        if !path.starts_with(root) {
            return Err("it lies outside of the document's folder".to_owned());
        }
        if !path.is_file() {
            return Err("it is no file".to_owned());
        }
        read_bounded(&path)
    }
}
