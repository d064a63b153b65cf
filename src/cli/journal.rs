//! `--journal` and `--resume`, for the jobs that keep one.

use super::common::Error;
use super::out::say;
use crate::case::Plan;
use crate::contract::Contract;
use crate::files;
use crate::probe::Step;
use crate::run::journal::{EMBEDDED, Header, Journal, KEY, Past, SCHEMA_ID, Seal, plan_digest};
use crate::run::result::ContractRef;
use ring::rand::SecureRandom as _;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Where a job keeps its journal.
#[derive(Debug, clap::Args)]
pub(super) struct JournalArgs {
    /// Keep a journal of everything done and found, so that the job can be resumed
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Go on where the job of this journal (or of --journal) ended, whatever ended it
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    resume: Option<Option<PathBuf>>,
    #[command(flatten)]
    trust: Trust,
}

/// What is done with a journal that somebody else may have written.
#[derive(Debug, clap::Args)]
pub(super) struct Trust {
    /// Put back and remove what the journal says, though it was not written here
    #[arg(long)]
    trust_journal: bool,
}

impl Trust {
    /// Shows what a journal chooses and refuses it, unless this user's Probity wrote it on this
    /// machine, or the user says that it may.
    ///
    /// # Errors
    /// Somebody else may have written it.
    pub(super) fn admit(&self, path: &Path, past: &Past) -> Result<(), Error> {
        if self.trust_journal || !past.unsealed || is_kept(path) {
            return Ok(());
        }
        chosen(past).iter().for_each(|line| say(line));
        Err(format!(
            "{}: it was not written here, so somebody else may have chosen what it puts back and \
             removes (above); if that is what you want, say so with --trust-journal",
            path.display()
        )
        .into())
    }
}

/// What a journal has written to a device and removed from it, in lines.
fn chosen(past: &Past) -> Vec<String> {
    let settings = past.settings().into_iter().flatten();
    let settings = settings.map(|(operation, value)| format!("puts back {operation}: {value}"));
    let steps = past.steps().into_iter().filter_map(|step| match step {
        Step::Created { item, .. } => Some(format!("removes {item}")),
        Step::Sending {
            collection, names, ..
        } => Some(format!(
            "removes from {collection} what is named {}",
            names.join(", ")
        )),
        Step::Borrowed { to, .. } => Some(format!("puts back the state of {to}")),
        Step::Listed { .. } | Step::Nothing { .. } | Step::Removed { .. } | Step::Left { .. } => {
            None
        }
    });
    settings.chain(steps).collect()
}

/// What makes a job the same job.
pub(super) struct Identity<'a> {
    /// `run`, `fuzz` or `replay`.
    pub(super) job: &'static str,
    /// The contract.
    pub(super) contract: &'a Contract,
    /// The base URL given; none: the embedded mock.
    pub(super) target: Option<&'a str>,
    /// The seed.
    pub(super) seed: u64,
    /// The plan, or the share of it.
    pub(super) plan: &'a Plan,
    /// Which share.
    pub(super) shard: Option<(usize, usize)>,
}

impl Identity<'_> {
    fn header(&self) -> Header {
        Header {
            journal: SCHEMA_ID.to_owned(),
            job: self.job.to_owned(),
            contract: ContractRef {
                id: self.contract.id.clone(),
                sha256: self.contract.sha256.clone(),
            },
            target: self
                .target
                .unwrap_or(EMBEDDED)
                .trim_end_matches('/')
                .to_owned(),
            seed: self.seed,
            plan: plan_digest(self.plan),
            cases: self.plan.cases.len(),
            shard: self.shard.map(|(i, n)| format!("{i}/{n}")),
            shape: Some(crate::run::journal::shape(self.contract)),
        }
    }
}

/// The folder in which `run` keeps journals of its own: the platform's folder for state (XDG Base
/// Directory Specification and its siblings). `None` where the user has no home.
fn folder() -> Option<PathBuf> {
    let dirs = directories::ProjectDirs::from("", "", "probity")?;
    let state = dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir());
    Some(state.join("journals"))
}

/// Whether a journal is one of those that `run` keeps: only the user writes there.
fn is_kept(path: &Path) -> bool {
    folder().is_some_and(|folder| path.parent() == Some(&folder))
}

/// What seals the journals of this user on this machine; its key is made once. `None` where there is
/// no place for one.
pub(super) fn seal() -> Option<Seal> {
    let folder = folder()?.parent()?.to_owned();
    let path = folder.join("seal.key");
    let read = || {
        let key = files::read_bounded(&path, files::TEXT, "key").ok()?;
        Some(Seal::new(&<[u8; KEY]>::try_from(key).ok()?))
    };
    read().or_else(|| {
        let mut key = [0; KEY];
        ring::rand::SystemRandom::new().fill(&mut key).ok()?;
        std::fs::create_dir_all(&folder).ok()?;
        // Another process may have been first: its key is as good.
        let _ = files::create_private(&path, &key);
        read()
    })
}

/// Where `run` keeps the journal for a device.
pub(super) fn kept_for(target: &str) -> Option<PathBuf> {
    let hash = Sha256::digest(target.trim_end_matches('/').as_bytes());
    let name: String = hash.iter().take(8).map(|b| format!("{b:02x}")).collect();
    Some(folder()?.join(format!("{name}.jsonl")))
}

/// The job of a journal has left nothing to put back: one that `run` keeps goes, another says so.
pub(super) fn finish(path: &Path) -> Result<(), Error> {
    match is_kept(path) {
        true => match std::fs::remove_file(path) {
            // Somebody has tidied up.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
            done => Ok(done.map_err(|e| format!("{}: {e}", path.display()))?),
        },
        false => Ok(crate::run::journal::end(path)?),
    }
}

/// The journal of a job, if it has one.
pub(super) struct Kept {
    /// What is written from now on.
    pub(super) journal: Option<Journal>,
    /// What an earlier process wrote to it.
    pub(super) past: Past,
    /// Where it is, if the user has not named it.
    unnamed: Option<PathBuf>,
}

impl Kept {
    /// The journal that the user has named.
    pub(super) fn named(&mut self) -> Option<&mut Journal> {
        self.journal.as_mut().filter(|_| self.unnamed.is_none())
    }

    /// Says where the journal is kept that the user has not named.
    pub(super) fn say_where(&self, target: &str) {
        let Some(path) = &self.unnamed else { return };
        say(&format!(
            "journal in {}; if this run is killed, `probity restore --target {target}` puts the \
             device back",
            path.display()
        ));
    }

    /// The job has ended: an unnamed journal goes, unless something could not be put back, or looked
    /// at, and can be tried again.
    pub(super) fn settle(self, restored: Option<bool>) -> Result<(), Error> {
        drop(self.journal);
        let Some(path) = self.unnamed else {
            return Ok(());
        };
        let read = crate::run::journal::read_left(&path, None);
        // What cannot be read may say anything.
        let changed = read.map_or(true, |(_, past)| past.may_have_changed());
        match restored == Some(true) || !changed {
            true => finish(&path),
            false => Ok(()),
        }
    }
}

impl JournalArgs {
    /// Of a job that is not resumed: its journal is kept until it has put everything back.
    pub(super) fn unnamed() -> JournalArgs {
        JournalArgs {
            journal: None,
            resume: None,
            trust: Trust {
                trust_journal: false,
            },
        }
    }

    /// Whether the user names a journal.
    fn is_named(&self) -> bool {
        self.journal.is_some() || self.resume.is_some()
    }

    /// Opens the journal of a job: the one that the user names, or the one that Probity keeps for a
    /// device.
    ///
    /// # Errors
    /// A job against this device was not finished: it has to be restored or dismissed first. A named
    /// journal cannot be written, or is that of another job.
    pub(super) fn begin(&self, job: &Identity<'_>) -> Result<Kept, Error> {
        let (unnamed, kept_at) = self.keep(job)?.unzip();
        let (named, past) = self.open(job)?.unzip();
        Ok(Kept {
            journal: named.or(unnamed),
            past: past.unwrap_or_default(),
            unnamed: kept_at,
        })
    }

    /// Begins the journal that is kept for a device where the user names none, and where it is;
    /// `None` where there is no place for it.
    fn keep(&self, job: &Identity<'_>) -> Result<Option<(Journal, PathBuf)>, Error> {
        let Some((target, path)) = job.target.and_then(|t| Some((t, kept_for(t)?))) else {
            return Ok(None);
        };
        if let Some(header) = unfinished(&path)?
            && !set_aside(&path, &header, target, job)?
        {
            return Err(format!(
                "a run against {target} was not finished and may have left it changed: put it back \
                 with `probity restore --target {target}` (and the options of that run for \
                 contract, profile and credentials), or leave it as it is with \
                 `probity restore --target {target} --dismiss`; its journal is {}",
                path.display()
            )
            .into());
        }
        if self.is_named() {
            return Ok(None);
        }
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        let begun = made
            .and_then(|()| match path.exists() {
                true => std::fs::remove_file(&path),
                false => Ok(()),
            })
            .map_err(|e| e.to_string())
            .and_then(|()| {
                Journal::create(&path, &job.header(), seal()).map_err(|e| e.to_string())
            });
        match begun {
            Ok(journal) => Ok(Some((journal, path))),
            Err(why) => {
                say(&format!(
                    "no journal can be kept, so a killed run cannot be undone ({why}); \
                     name a place with --journal FILE"
                ));
                Ok(None)
            }
        }
    }

    /// Opens the journal, with what an earlier process wrote to it. `None`: no journal is kept.
    fn open(&self, job: &Identity<'_>) -> Result<Option<(Journal, Past)>, Error> {
        match (&self.resume, &self.journal) {
            (None, None) => Ok(None),
            (None, Some(path)) => {
                let journal = Journal::create(path, &job.header(), seal())?;
                Ok(Some((journal, Past::default())))
            }
            (Some(Some(a)), Some(b)) if a != b => Err(format!(
                "--resume {} and --journal {}: one journal, please",
                a.display(),
                b.display()
            )
            .into()),
            (Some(None), None) => {
                Err("--resume: of which journal? Give --resume FILE or --journal FILE".into())
            }
            (Some(Some(path)), _) | (Some(None), Some(path)) => {
                let (journal, past) = resume(path, job)?;
                self.trust.admit(path, &past)?;
                Ok(Some((journal, past)))
            }
        }
    }
}

/// The job of a journal that is kept, where that may have left something to put back.
fn unfinished(path: &Path) -> Result<Option<Header>, Error> {
    if !path.exists() {
        return Ok(None);
    }
    Journal::free(path)?;
    let (header, past) = crate::run::journal::read_left(path, None)?;
    let left = past.may_have_changed() && !past.ended();
    Ok(header.filter(|_| left))
}

/// From here on systems give out ports to whoever asks (RFC 6335 §6 begins at 49152, Linux here).
const DYNAMIC_PORTS: u16 = 32_768;

/// A port of this machine that is given out to anybody may belong to another program by now: the
/// journal of another contract's job there is put aside, where `restore --journal` finds it.
fn set_aside(
    path: &Path,
    header: &Header,
    target: &str,
    job: &Identity<'_>,
) -> Result<bool, Error> {
    let authority = target.rsplit("//").next().unwrap_or_default();
    let authority = authority.split('/').next().unwrap_or_default();
    let address: Option<std::net::SocketAddr> = authority.parse().ok();
    let dynamic = |a: std::net::SocketAddr| a.ip().is_loopback() && a.port() >= DYNAMIC_PORTS;
    let other = header.contract.sha256 != job.contract.sha256;
    if !other || !address.is_some_and(dynamic) {
        return Ok(false);
    }
    let now = jiff::Timestamp::now().as_millisecond();
    let aside = path.with_extension(format!("{now}.jsonl"));
    std::fs::rename(path, &aside).map_err(|e| format!("{}: {e}", path.display()))?;
    say(&format!(
        "the journal of a job with another contract on this port was put aside: {}",
        aside.display()
    ));
    Ok(true)
}

fn resume(path: &Path, job: &Identity<'_>) -> Result<(Journal, Past), Error> {
    if !path.exists() {
        let path = path.display();
        return Err(format!(
            "--resume {path}: there is no such journal; begin one with --journal {path}"
        )
        .into());
    }
    Ok(Journal::resume(path, &job.header(), seal())?)
}
