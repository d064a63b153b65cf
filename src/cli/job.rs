//! What `run` and `fuzz` have in common: the options of a job that sends a plan, how it begins, who hears
//! of it, and how it ends.

use super::common::{
    Error, FloorArgs, PolicyArgs, check_delivery, deliver, guarded, reviewed, share,
};
use super::contract_args::ContractArgs;
use super::device_args::DeviceArgs;
use super::journal::{Identity, JournalArgs};
use super::reports;
use super::signals::interrupts;
use super::subject::{Documents, Mocked, Restore, Subject};
use super::values::{pair, shard};
use crate::case::Plan;
use crate::report::snapshots::Snapshots;
use crate::report::{self, terminal};
use crate::run::event::{Event, Listener};
use crate::run::journal::{Past, Record, plan_digest};
use crate::run::{Job, Options, Outcome, Verdict};
use globset::Glob;
use sha2::{Digest as _, Sha256};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::watch;

/// The options of a job that sends a plan.
#[derive(Debug, clap::Args)]
pub(super) struct JobArgs {
    #[command(flatten)]
    contract: ContractArgs,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Seed of every generated case and input
    #[arg(long, default_value_t = 0)]
    pub(super) seed: u64,
    /// Only cases that test a promise matching this glob, e.g. '*.stun.*' (repeatable)
    #[arg(long, value_name = "PROMISE-GLOB")]
    pub(super) only: Vec<Glob>,
    /// Only the Ith of N shares of the plan
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub(super) shard: Option<(usize, usize)>,
    /// Requests of the plan in flight where order does not matter
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    concurrency: u16,
    #[arg(long, value_name = "FORMAT=PATH", help = reports::help("a report"))]
    report: Vec<report::Target>,
    /// Compare the classes of error answers to the plan with the snapshots in this folder
    #[arg(long, value_name = "DIR")]
    snapshots: Option<PathBuf>,
    /// Folder for exact bytes of reproducers that a shell line cannot carry
    #[arg(long, value_name = "DIR", default_value = "probity-reproducers")]
    reproducers: PathBuf,
    #[command(flatten)]
    floor: FloorArgs,
    #[command(flatten)]
    journal: JournalArgs,
    /// Embedded mock only: the reading that a field is given
    #[arg(long, value_name = "FIELD=ID", value_parser = pair, conflicts_with = "target")]
    reading: Vec<(String, String)>,
    /// Embedded mock only: plant a fault
    #[arg(long, value_name = "ID", conflicts_with = "target")]
    fault: Vec<String>,
    /// Embedded mock only: decide what the page leaves open
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair, conflicts_with = "target")]
    choice: Vec<(String, String)>,
    /// Print the final line only
    #[arg(long, short, conflicts_with = "verbose")]
    quiet: bool,
    /// Print every case of the plan
    #[arg(long, short)]
    verbose: bool,
}

/// What is sent in order.
pub(super) struct Planned {
    pub(super) plan: Plan,
    /// How many requests may ask what the plan leaves open.
    pub(super) questions: usize,
    /// The digest of the plan before it was shared.
    whole: String,
}

/// What differs from one job to another.
pub(super) struct Work<S> {
    /// `run` or `fuzz`.
    pub(super) job: &'static str,
    /// End of the plan after this long.
    pub(super) time_limit: Option<Duration>,
    /// End of the plan after so many requests.
    pub(super) max_requests: Option<u64>,
    /// How long a device may stay away before it counts as lost.
    pub(super) recovery: Duration,
    /// Whether operations are counted as judged: those of a job without a plan are not.
    pub(super) counted: bool,
    /// Whether a journal that the user named says that the job has ended.
    pub(super) ends: bool,
    /// Sends.
    pub(super) send: S,
}

/// What tells the names of what a job creates from those of others, the plan of the same job among them.
pub(super) fn name_of(job: &str, started_at: &str) -> String {
    let hash = Sha256::digest(format!("{job} {started_at}"));
    hash.iter().take(3).map(|b| format!("{b:02x}")).collect()
}

impl JobArgs {
    /// What the job is about; and whether everything that it leaves has a place.
    ///
    /// # Errors
    /// A document cannot be read, or a report could not be written.
    pub(super) fn documents(&self) -> Result<Documents, Error> {
        check_delivery(&self.reproducers, &self.report)?;
        Documents::read(&self.contract, &self.device, &self.policy)
    }

    /// The share of the plan that is sent.
    pub(super) fn share(&self, plan: Plan, questions: usize) -> Planned {
        let whole = plan_digest(&plan);
        let (plan, questions) = match self.shard {
            // Every share would ask the same.
            Some((i, n)) => (plan.share(i, n), if i == 1 { questions } else { 0 }),
            None => (plan, questions),
        };
        Planned {
            plan,
            questions,
            whole,
        }
    }

    /// The options of what sends the plan.
    fn options<S>(
        &self,
        work: &Work<S>,
        questions: usize,
        stop: watch::Receiver<bool>,
        restore: Restore,
    ) -> Options {
        Options {
            seed: self.seed,
            time_limit: work.time_limit,
            max_requests: work.max_requests,
            questions,
            concurrency: usize::from(self.concurrency),
            stop,
            restore,
            recovery: work.recovery,
            files: self.reproducers.display().to_string(),
            started_at: jiff::Timestamp::now().to_string(),
        }
    }

    /// Begins the journal, finds the device, sends, and writes the reports.
    ///
    /// # Errors
    /// The job cannot begin, or what it found cannot be written.
    pub(super) fn carry_out<S>(
        &self,
        documents: Documents,
        planned: Planned,
        work: Work<S>,
    ) -> Result<Verdict, Error>
    where
        S: AsyncFnOnce(&Job, Past, &mut dyn Listener) -> Outcome,
    {
        let identity = Identity {
            job: work.job,
            contract: &documents.contract,
            target: documents.base.as_deref(),
            seed: self.seed,
            plan: &planned.plan,
            shard: self.shard,
        };
        let mut kept = self.journal.begin(&identity)?;
        let mocked = Mocked {
            readings: &self.reading,
            faults: &self.fault,
            choices: &self.choice,
        };
        let subject = Subject::of(&documents, &self.device, &mocked)?;
        let redactor = guarded(&subject.device, &documents.contract);
        let mut past = std::mem::take(&mut kept.past);
        past.settings_mut().for_each(|v| subject.device.reveal(v));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = watch::channel(false);
        let options = self.options(&work, planned.questions, stopped, subject.restore);
        let job = Job {
            contract: documents.contract,
            profile: documents.profile,
            texts: documents.texts,
            plan: planned.plan,
            device: subject.device,
            issues: documents.issues,
            options,
        };
        let person = terminal::Options::beside(&self.report, self.quiet, self.verbose);
        let mut person = terminal::Terminal::new(person).with_setup(subject.setup);
        let mut snapshots = self.snapshots.as_deref().map(Snapshots::open).transpose()?;
        if !self.quiet {
            kept.say_where(job.device.base_url());
        }
        let mut listener = report::Listeners(Vec::new(), redactor.clone());
        if let Some(journal) = &mut kept.journal {
            // First, so that nobody hears of a finding that is not on disk.
            listener.0.push(journal);
        }
        listener.0.push(&mut person);
        if let Some(snapshots) = &mut snapshots {
            listener.0.push(snapshots);
        }
        let mut outcome = runtime.block_on(async {
            interrupts(stop);
            (work.send)(&job, past, &mut listener).await
        });
        outcome.report.shard = share(self.shard, planned.whole);
        match work.counted {
            true => self.floor.hold(&mut outcome, &self.only, &job.profile),
            false => outcome.report.operations.clear(),
        }
        listener.on(&Event::Finished(&outcome.report));
        if let Some(mock) = subject.mock {
            mock.stop();
        }
        if let Some(journal) = kept.named().filter(|_| work.ends) {
            journal.append(&Record::End {
                code: outcome.verdict.code(),
            });
        }
        kept.settle(outcome.report.device.restored)?;
        // What cannot be delivered must not keep the rest from being so.
        let reviewed = reviewed(snapshots);
        deliver(&self.reproducers, &self.report, &outcome, &redactor)?;
        reviewed?;
        Ok(outcome.verdict)
    }
}
