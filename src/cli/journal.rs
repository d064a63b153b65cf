//! `--journal` and `--resume`, for the jobs that keep one.

use super::common::Error;
use crate::case::Plan;
use crate::contract::Contract;
use crate::run::journal::{EMBEDDED, Header, Journal, Past, SCHEMA_ID, plan_digest};
use crate::run::result::ContractRef;
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
}

/// What makes a job the same job.
pub(super) struct Identity<'a> {
    /// `run` or `fuzz`.
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
        }
    }
}

impl JournalArgs {
    /// Opens the journal, with what an earlier process wrote to it. `None`: no journal is kept.
    pub(super) fn open(&self, job: &Identity<'_>) -> Result<Option<(Journal, Past)>, Error> {
        match (&self.resume, &self.journal) {
            (None, None) => Ok(None),
            (None, Some(path)) => {
                let journal = Journal::create(path, &job.header())?;
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
            (Some(Some(path)), _) | (Some(None), Some(path)) => resume(path, job).map(Some),
        }
    }
}

fn resume(path: &Path, job: &Identity<'_>) -> Result<(Journal, Past), Error> {
    if !path.exists() {
        let path = path.display();
        return Err(format!(
            "--resume {path}: there is no such journal; begin one with --journal {path}"
        )
        .into());
    }
    Ok(Journal::resume(path, &job.header())?)
}
