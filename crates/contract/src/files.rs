//! Files, and files beside a document. What a `$ref` names is read only from below the document's own
//! folder, symbolic links followed before that is asked.

use super::document::LARGEST;
use super::source::Files;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Opens a file to read it: an ordinary one, `/dev/null`, or what the caller has opened and hands on
/// (`/dev/stdin`, or the `/dev/fd/63` of a shell's `<(…)`).
///
/// # Errors
/// It cannot be opened; or it is a folder, a device, a socket, or a pipe by name: opening one of those
/// waits for somebody else, or does something by itself.
pub fn open(path: &Path) -> io::Result<File> {
    let refuse = |kind, what: &str| Err(io::Error::new(kind, what.to_owned()));
    let about = std::fs::metadata(path)?;
    if about.is_dir() {
        return refuse(io::ErrorKind::IsADirectory, "is a folder, not a file");
    }
    if !about.is_file() && !is_handed_on(path) {
        let what = match is_pipe(&about) {
            true => {
                "is a named pipe, which would be waited for: give an ordinary file, /dev/stdin, or \
                 what a shell makes of <(…)"
            }
            false => "is a device or a socket, not a file",
        };
        return refuse(io::ErrorKind::InvalidInput, what);
    }
    File::open(path)
}

/// Whether a path names what the caller of the program has opened, or what gives nothing.
fn is_handed_on(path: &Path) -> bool {
    let descriptors = ["/dev/fd", "/proc/self/fd"].map(Path::new);
    let of_ours = format!("/proc/{}/fd", std::process::id());
    let folder = path.parent();
    let is_descriptor =
        descriptors.iter().any(|d| folder == Some(d)) || folder == Some(Path::new(&of_ours));
    is_descriptor
        || ["/dev/stdin", "/dev/null"]
            .iter()
            .any(|name| path == Path::new(name))
}

#[cfg(unix)]
fn is_pipe(about: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    about.file_type().is_fifo()
}

#[cfg(not(unix))]
fn is_pipe(_: &std::fs::Metadata) -> bool {
    false
}

/// The octets of a file, at most [`LARGEST`].
///
/// # Errors
/// Why not, in words.
pub(super) fn read_bounded(path: &Path) -> Result<Vec<u8>, String> {
    let file = open(path).map_err(|e| e.to_string())?;
    let too_large = || format!("larger than {LARGEST} octets");
    if file
        .metadata()
        .is_ok_and(|about| about.len() > LARGEST as u64)
    {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
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
