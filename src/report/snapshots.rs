//! Error answers pinned as insta snapshots in a folder of the user's (`--snapshots DIR`). A
//! firmware whose answers changed leaves `.snap.new` files, which `cargo insta review` accepts or
//! rejects. File format and metadata are insta's own: insta writes them.
//!
//! insta is made for tests: it prints, panics where a snapshot differs, and looks for a Cargo
//! workspace. So it is called below its macros, with a folder of ours as the workspace whose
//! `insta.yaml` tells it to do neither. Variables of the environment (`INSTA_…`) win over that
//! file; those that would bring printing or panics back are refused when the folder is opened.

use crate::files;
use crate::run::event::{Event, Listener};
use insta::internals::TextSnapshotContents;
use insta::{Settings, Snapshot, TextSnapshotKind};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What insta is told: write what is new or different beside the old one, never print, never panic.
const CONFIG: &str = "behavior:\n  update: new\n  output: none\n  force_pass: true\n";
/// What insta names as the source of a snapshot.
const SOURCE: &str = "probity";
/// Between the texts of a class that drew more than one.
const OR: &str = "\n\n--- or ---\n\n";

/// A class of error answers: what a snapshot stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class {
    /// Id of the operation.
    pub operation: String,
    /// What was wrong with the request, or the error shape: `missing`, `wrong-type`.
    pub fault: String,
    /// Status of the answer.
    pub status: u16,
}

/// One line, as the metadata of the snapshot has it.
impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} answers {}",
            self.operation, self.fault, self.status
        )
    }
}

impl Class {
    /// The name of its file without `.snap`: letters, digits, `.`, `_` and `-`, never the same for
    /// two classes.
    fn name(&self) -> String {
        let plain = format!("{}.{}.{}", self.operation, self.fault, self.status);
        let safe: String = plain
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || "._-".contains(c) {
                    c
                } else {
                    '-'
                }
            })
            .take(120)
            .collect();
        // insta cuts names at `__` when it reads them back, and folders hide what begins with `.`.
        let safe = safe
            .replace("__", "-_")
            .trim_start_matches(['.', '-'])
            .to_owned();
        if safe == plain {
            return safe;
        }
        let hash = Sha256::digest(plain.as_bytes());
        let tail: String = hash.iter().take(4).map(|b| format!("{b:02x}")).collect();
        format!("{safe}-{tail}")
    }
}

/// Why the snapshots cannot be used; the command line exits with 2.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The folder or a file in it.
    #[error("--snapshots {}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A variable of the environment that Probity cannot honour.
    #[error("--snapshots does not work with {name}={value}: {why}")]
    Environment {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it would do, or what would be right.
        why: &'static str,
    },
    /// insta itself failed.
    #[error("--snapshots {}: insta: {why}", path.display())]
    Insta {
        /// The snapshot's file.
        path: PathBuf,
        /// What it says.
        why: String,
    },
}

/// The error answers of one run, to be compared with the snapshots in a folder.
#[derive(Debug)]
pub struct Snapshots {
    folder: PathBuf,
    workspace: TempDir,
    /// All texts of a class: in order of the text, so that the order of the run does not matter.
    seen: BTreeMap<Class, BTreeSet<String>>,
}

/// What comparing showed. Names are file names without `.snap`, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The folder.
    pub folder: PathBuf,
    /// As they were.
    pub matched: Vec<String>,
    /// Without a snapshot until now.
    pub new: Vec<String>,
    /// Not as the snapshot says.
    pub changed: Vec<String>,
    /// Snapshots of classes that this run did not see.
    pub unseen: Vec<String>,
    /// Files that wait for `cargo insta review`.
    pub pending: Vec<PathBuf>,
}

impl Summary {
    /// Whether every answer is as its snapshot says.
    pub fn is_clean(&self) -> bool {
        self.new.is_empty() && self.changed.is_empty()
    }
}

/// One line, and where something waits, a second one that says what to do.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "error answers: {} as in their snapshots, {} changed, {} new, {} not seen",
            self.matched.len(),
            self.changed.len(),
            self.new.len(),
            self.unseen.len()
        )?;
        if !self.changed.is_empty() {
            write!(f, "; changed: {}", self.changed.join(", "))?;
        }
        if !self.pending.is_empty() {
            write!(
                f,
                "\nto accept or reject: cd {} && cargo insta review",
                self.folder.display()
            )?;
        }
        Ok(())
    }
}

impl Snapshots {
    /// Opens a folder, and makes it where there is none.
    ///
    /// # Errors
    /// The folder cannot be made or read, or the environment forbids insta to work here.
    pub fn open(folder: &Path) -> Result<Snapshots, SnapshotError> {
        environment(|name| std::env::var(name).ok())?;
        let io = |source| SnapshotError::Io {
            path: folder.to_path_buf(),
            source,
        };
        std::fs::create_dir_all(folder).map_err(io)?;
        let folder = std::fs::canonicalize(folder).map_err(io)?;
        let workspace = TempDir::new().map_err(io)?;
        std::fs::write(workspace.path().join("insta.yaml"), CONFIG).map_err(io)?;
        Ok(Snapshots {
            folder,
            workspace,
            seen: BTreeMap::new(),
        })
    }

    /// Takes one answer, as [`normalise`](crate::judge::normalise::normalise) leaves it.
    pub fn observe(&mut self, class: Class, normalised: &str) {
        self.seen
            .entry(class)
            .or_default()
            .insert(normalised.to_owned());
    }

    /// Compares with the folder. What is new or different is left there as `.snap.new`; where it is
    /// the same, an old `.snap.new` is taken away. (`INSTA_UPDATE=always` accepts everything at
    /// once, `INSTA_UPDATE=no` only compares.)
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn finish(self) -> Result<Summary, SnapshotError> {
        let mut summary = Summary {
            folder: self.folder.clone(),
            ..Summary::default()
        };
        let mut names: BTreeSet<String> = BTreeSet::new();
        for (class, texts) in &self.seen {
            let name = class.name();
            let path = self.folder.join(format!("{name}.snap"));
            for file in [&path, &path.with_extension("snap.new")] {
                ordinary(file)?;
            }
            let text = texts
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(OR);
            match compare(&path, &text)? {
                Found::Same => summary.matched.push(name.clone()),
                Found::Nothing => summary.new.push(name.clone()),
                Found::Other => summary.changed.push(name.clone()),
            }
            self.hand_over(class, &name, &text, &path)?;
            let pending = self.folder.join(format!("{name}.snap.new"));
            if pending.is_file() {
                summary.pending.push(pending);
            }
            names.insert(name);
        }
        summary.unseen = self.others(&names)?;
        if !summary.pending.is_empty() {
            make_reviewable(&self.folder)?;
        }
        Ok(summary)
    }

    /// Lets insta compare and write.
    fn hand_over(
        &self,
        class: &Class,
        name: &str,
        text: &str,
        path: &Path,
    ) -> Result<(), SnapshotError> {
        let mut settings = Settings::new();
        settings.set_snapshot_path(&self.folder);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_description(class.to_string());
        settings.set_omit_expression(true);
        let assertion = AssertUnwindSafe(|| {
            settings.bind(|| {
                insta::_macro_support::assert_snapshot(
                    (name, text).into(),
                    self.workspace.path(),
                    SOURCE,
                    SOURCE,
                    SOURCE,
                    0,
                    "",
                )
                .map_err(|e| e.to_string())
            })
        });
        let failed = |why: String| SnapshotError::Insta {
            path: path.to_path_buf(),
            why,
        };
        match catch_unwind(assertion) {
            Ok(done) => done.map_err(failed),
            Err(_) => Err(failed("it gave up".to_owned())),
        }
    }

    /// Snapshots of the folder that are none of `names`.
    fn others(&self, names: &BTreeSet<String>) -> Result<Vec<String>, SnapshotError> {
        let io = |source| SnapshotError::Io {
            path: self.folder.clone(),
            source,
        };
        let mut out: Vec<String> = Vec::new();
        for entry in std::fs::read_dir(&self.folder).map_err(io)? {
            let file = entry.map_err(io)?.file_name();
            if let Some(name) = file.to_str().and_then(|f| f.strip_suffix(".snap"))
                && !names.contains(name)
            {
                out.push(name.to_owned());
            }
        }
        out.sort();
        Ok(out)
    }
}

/// Takes what the runner hands out.
impl Listener for Snapshots {
    fn on(&mut self, event: &Event<'_>) {
        if let Event::ErrorAnswer(answer) = event {
            let class = Class {
                operation: answer.operation.clone(),
                fault: answer.fault.clone(),
                status: answer.status,
            };
            self.observe(class, &answer.text);
        }
    }

    fn wants_error_answers(&self) -> bool {
        true
    }
}

/// Refuses a link, which would lead out of the folder, and what is no file: a pipe would be waited for.
fn ordinary(path: &Path) -> Result<(), SnapshotError> {
    let why = match std::fs::symlink_metadata(path) {
        Ok(about) if about.is_symlink() => "is a symbolic link, and links are not followed",
        Ok(about) if !about.is_file() => "is no ordinary file",
        Ok(about) if about.len() > files::TEXT => "is larger than any snapshot",
        Ok(_) | Err(_) => return Ok(()),
    };
    Err(SnapshotError::Io {
        path: path.to_path_buf(),
        source: io::Error::other(why),
    })
}

enum Found {
    Same,
    Other,
    Nothing,
}

/// What the folder has for a class. A file that insta cannot read is another one.
fn compare(path: &Path, text: &str) -> Result<Found, SnapshotError> {
    match std::fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(source) => {
            return Err(SnapshotError::Io {
                path: path.to_path_buf(),
                source,
            });
        }
        Ok(_) => {}
    }
    let new = TextSnapshotContents::new(text.to_owned(), TextSnapshotKind::File);
    let same = Snapshot::from_file(path)
        .is_ok_and(|old| old.as_text().is_some_and(|old| old.matches_latest(&new)));
    Ok(if same { Found::Same } else { Found::Other })
}

/// Refuses what would make insta print or panic.
fn environment(value: impl Fn(&str) -> Option<String>) -> Result<(), SnapshotError> {
    let known: [(&'static str, &[&str], &'static str); 7] = [
        (
            "INSTA_UPDATE",
            &["auto", "always", "1", "new", "unseen", "no", "force"],
            "insta does not know it",
        ),
        (
            "INSTA_OUTPUT",
            &["none"],
            "it would print among the results",
        ),
        (
            "INSTA_FORCE_PASS",
            &["1"],
            "a changed answer is no failed test",
        ),
        (
            "INSTA_REQUIRE_FULL_MATCH",
            &["0", "1"],
            "insta does not know it",
        ),
        (
            "INSTA_PENDING_DIR",
            &[],
            "the folder holds what is pending itself",
        ),
        ("INSTA_FORCE_UPDATE", &["0"], "use INSTA_UPDATE=force"),
        (
            "INSTA_FORCE_UPDATE_SNAPSHOTS",
            &["0"],
            "use INSTA_UPDATE=force",
        ),
    ];
    for (name, good, why) in known {
        if let Some(value) = value(name)
            && !value.is_empty()
            && !good.contains(&value.as_str())
        {
            return Err(SnapshotError::Environment { name, value, why });
        }
    }
    Ok(())
}

/// What lets `cargo insta` work in a folder that belongs to no Cargo package: it asks Cargo where
/// to look.
const MANIFEST: &str = "\
# Lets `cargo insta review` find the snapshots in this folder. Nothing is ever built.
[package]
name = \"snapshots\"
version = \"0.0.0\"
edition = \"2024\"

[lib]
path = \"Cargo.toml\"

[workspace]
";

fn make_reviewable(folder: &Path) -> Result<(), SnapshotError> {
    let in_package = folder.ancestors().any(|up| {
        files::read_text(&up.join("Cargo.toml"), files::TEXT, "manifest")
            .is_ok_and(|text| text.lines().any(|l| l.trim() == "[package]"))
    });
    if in_package {
        return Ok(());
    }
    let path = folder.join("Cargo.toml");
    ordinary(&path)?;
    std::fs::write(&path, MANIFEST).map_err(|source| SnapshotError::Io { path, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_would_bring_panics_back_are_refused() {
        let with = |name: &'static str, value: &'static str| {
            environment(|n| (n == name).then(|| value.to_owned()))
        };
        for (name, value) in [
            ("INSTA_UPDATE", "sometimes"),
            ("INSTA_OUTPUT", "diff"),
            ("INSTA_FORCE_PASS", "0"),
            ("INSTA_REQUIRE_FULL_MATCH", "yes"),
            ("INSTA_PENDING_DIR", "/elsewhere"),
            ("INSTA_FORCE_UPDATE", "1"),
        ] {
            let error = with(name, value).expect_err(name).to_string();
            assert!(error.contains(&format!("{name}={value}")), "{error}");
        }
        for (name, value) in [
            ("INSTA_UPDATE", "always"),
            ("INSTA_UPDATE", ""),
            ("INSTA_OUTPUT", "none"),
            ("INSTA_FORCE_PASS", "1"),
            ("INSTA_CARGO_INSTA", "1"),
        ] {
            assert!(with(name, value).is_ok(), "{name}={value}");
        }
    }
}
