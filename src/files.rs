//! Files from outside and files of ours: read within a limit, written whole, for their owner alone.
//!
//! Every limit is what a file of its kind can need, many times over. `PROBITY_MAX_INPUT_MIB` in the
//! environment replaces them all, for the odd file that needs more.

pub use crate::contract::files::open;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

/// A mebibyte.
pub const MIB: u64 = 1 << 20;
/// Most octets of a device profile, a dictionary, a known-issue file.
pub const TEXT: u64 = 16 * MIB;
/// Most octets of a report.
pub const REPORT: u64 = 128 * MIB;
/// Most octets of a journal.
pub const JOURNAL: u64 = 512 * MIB;
/// Most octets of certificates and keys.
pub const PEM: u64 = 4 * MIB;
/// The variable of the environment that replaces the limits, in mebibytes.
const LIMIT: &str = "PROBITY_MAX_INPUT_MIB";

/// Reads a file, or what the caller has opened, of at most `limit` octets; `what` says in errors what
/// it was read as.
///
/// # Errors
/// As [`open`], or it cannot be read, or is larger.
pub fn read_bounded(path: &Path, limit: u64, what: &str) -> io::Result<Vec<u8>> {
    read_all(open(path)?, limit, what)
}

/// [`read_bounded`] of a file that is open.
///
/// # Errors
/// As there.
pub fn read_all(file: impl io::Read, limit: u64, what: &str) -> io::Result<Vec<u8>> {
    let limit = limit_of(limit);
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > limit {
        true => Err(too_large(limit, what)),
        false => Ok(bytes),
    }
}

/// The error about a file, or a line of one, of more than `limit` octets.
pub fn too_large(limit: u64, what: &str) -> io::Error {
    let limit = limit / MIB;
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        format!(
            "larger than {limit} MiB, which no {what} needs; {}",
            allowed()
        ),
    )
}

/// How more is allowed, for errors.
pub fn allowed() -> String {
    format!("{LIMIT}=N in the environment allows N MiB")
}

/// [`read_bounded`] of text.
///
/// # Errors
/// As there, or it is not UTF-8.
pub fn read_text(path: &Path, limit: u64, what: &str) -> io::Result<String> {
    let bytes = read_bounded(path, limit, what)?;
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        let line = e
            .as_bytes()
            .iter()
            .take(at)
            .filter(|b| **b == b'\n')
            .count()
            + 1;
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("line {line}: not UTF-8 (octet {at} of the file)"),
        )
    })
}

/// The limit that the user has set, or this one.
pub fn limit_of(limit: u64) -> u64 {
    let chosen = std::env::var(LIMIT)
        .ok()
        .and_then(|v| v.parse::<u64>().ok());
    chosen.map_or(limit, |mib| mib.saturating_mul(MIB))
}

/// Whether a name from a file or the network is the name of a file and of nothing else: no path, no
/// hidden file, no device of Windows with a colon.
pub fn is_plain_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    !name.is_empty() && name.len() <= 120 && !name.starts_with('.') && name.bytes().all(plain)
}

/// Writes `folder/name` in one step: it appears whole or not at all, and takes the place of what
/// stood there; a symbolic link is replaced, not followed. Only its owner may read it.
///
/// # Errors
/// `name` is no [plain name](is_plain_name), or the folder cannot be written.
pub fn write_private(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    if !is_plain_name(name) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{name:?} is no name of a file of ours"),
        ));
    }
    let file = private(folder, content)?;
    file.persist(folder.join(name)).map_err(|e| e.error)?;
    Ok(())
}

/// [`write_private`] of a file that is not there: one that stands there stays as it is.
///
/// # Errors
/// As there, or there is one.
pub fn create_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let file = private(path.parent().unwrap_or(Path::new(".")), content)?;
    file.persist_noclobber(path).map_err(|e| e.error)?;
    Ok(())
}

fn private(folder: &Path, content: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    // Temporary files are made for their owner alone.
    let mut file = tempfile::Builder::new()
        .prefix(".tmp-probity-")
        .tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_data()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_path() {
        for name in ["3f0c9a1d5e77b210.http", "a-1.bin", "x"] {
            assert!(is_plain_name(name), "{name}");
        }
        for name in [
            "", ".", "..", "../x", "/x", "a/b", "a\\b", "c:x", ".x", "a\0", "é", "a b",
        ] {
            assert!(!is_plain_name(name), "{name}");
        }
        assert!(!is_plain_name(&"a".repeat(121)));
    }

    #[test]
    fn what_stands_there_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        create_private(&path, b"first").expect("is written");
        assert!(create_private(&path, b"second").is_err());
        assert_eq!(std::fs::read(&path).expect("reads"), b"first");
    }

    #[test]
    fn what_is_too_large_is_not_read() {
        let endless = io::repeat(b'x');
        let error = read_all(endless, 3, "thing")
            .expect_err("too large")
            .to_string();
        assert!(
            error.starts_with("larger than 0 MiB, which no thing needs"),
            "{error}"
        );
        assert_eq!(read_all(&b"abc"[..], 3, "thing").expect("read"), b"abc");
    }
}
