//! `probity run`: the main job. Wires contract, plan, device and reporters together.

use super::common::{
    DeviceArgs, Error, FloorArgs, NotFinished, PolicyArgs, check_delivery, deliver, duration,
    guarded, pair, plan_of, reviewed, shard, share,
};
use super::contract_args::ContractArgs;
use super::journal::{Identity, JournalArgs};
use super::signals::interrupts;
use super::subject::{Documents, Mocked, Subject};
use crate::case::{Context, Plan, QUESTIONS_AT_MOST, default_budget};
use crate::report::snapshots::Snapshots;
use crate::report::{self, terminal};
use crate::run::event::{Event, Listener as _};
use crate::run::{self, Job, Options, Verdict};
use globset::Glob;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::watch;

/// How long a device may stay away before it counts as lost.
const RECOVERY: Duration = Duration::from_secs(60);

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  probity run                                        judge the embedded mock device
  probity run --target http://192.168.1.20 --username admin --password-env DEVICE_PASSWORD
  probity run --target https://door.local --insecure --token-env TOKEN --report junit=out.xml
  probity run --contract camera.yaml --profile camera.toml --target http://10.0.0.7 --rate 5/s
  probity run --fault not-required:realm             see `probity mock --list-faults`")]
pub(super) struct Args {
    #[command(flatten)]
    contract: ContractArgs,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Seed of every generated case
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Spend as many requests as there are ideas; without it they grow with the square root of the operations, from 600 for three
    #[arg(long)]
    thorough: bool,
    /// Only cases that test a promise matching this glob, e.g. '*.stun.*' (repeatable)
    #[arg(long, value_name = "PROMISE-GLOB")]
    only: Vec<Glob>,
    /// Only the Ith of N shares of the plan
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<(usize, usize)>,
    /// End the plan after this long
    #[arg(long, value_name = "D", value_parser = duration)]
    time_limit: Option<Duration>,
    /// End the plan after so many requests
    #[arg(long, value_name = "N")]
    max_requests: Option<u64>,
    /// Requests in flight where order does not matter
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    concurrency: u16,
    /// Write a report: text, json or junit; `-` is stdout (repeatable)
    #[arg(long, value_name = "FORMAT=PATH")]
    report: Vec<report::Target>,
    /// Compare the classes of error answers with the snapshots in this folder
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
    /// Print every case
    #[arg(long, short)]
    verbose: bool,
}

/// What is sent.
struct Planned {
    plan: Plan,
    /// How many requests may ask what the plan leaves open.
    questions: usize,
    /// The digest of the plan before it was shared.
    whole: String,
}

impl Args {
    fn planned(&self, documents: &Documents) -> Result<Planned, Error> {
        let contract = &documents.contract;
        let context = Context::new(contract, &documents.profile, &documents.texts)
            .seeded(self.seed)
            .thorough(self.thorough);
        let budget = (!self.thorough).then(|| default_budget(contract));
        let mut plan = plan_of(&context, budget, &self.only, &documents.policy)?;
        let mut questions = if self.thorough {
            10 * QUESTIONS_AT_MOST
        } else {
            QUESTIONS_AT_MOST
        };
        let whole = run::journal::plan_digest(&plan);
        if let Some((i, n)) = self.shard {
            plan = plan.share(i, n);
            // Every share would ask the same.
            questions = if i == 1 { questions } else { 0 };
        }
        Ok(Planned {
            plan,
            questions,
            whole,
        })
    }

    fn mocked(&self) -> Mocked<'_> {
        Mocked {
            readings: &self.reading,
            faults: &self.fault,
            choices: &self.choice,
        }
    }
}

pub(super) fn run(args: Args) -> Result<Verdict, Error> {
    check_delivery(&args.reproducers, &args.report)?;
    let documents = Documents::read(&args.contract, &args.device, &args.policy)?;
    let planned = args.planned(&documents)?;
    let identity = Identity {
        job: "run",
        contract: &documents.contract,
        target: documents.base.as_deref(),
        seed: args.seed,
        plan: &planned.plan,
        shard: args.shard,
    };
    let mut kept = args.journal.begin(&identity)?;
    let subject = Subject::of(&documents, &args.device, &args.mocked())?;
    let redactor = guarded(&subject.device, &documents.contract);
    kept.past
        .settings_mut()
        .for_each(|v| subject.device.reveal(v));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (stop, stopped) = watch::channel(false);
    let job = Job {
        contract: documents.contract,
        profile: documents.profile,
        texts: documents.texts,
        plan: planned.plan,
        device: subject.device,
        issues: documents.issues,
        options: Options {
            seed: args.seed,
            time_limit: args.time_limit,
            max_requests: args.max_requests,
            questions: planned.questions,
            concurrency: usize::from(args.concurrency),
            stop: stopped,
            restore: subject.restore,
            recovery: RECOVERY,
            files: args.reproducers.display().to_string(),
            started_at: jiff::Timestamp::now().to_string(),
        },
    };
    let mut person = terminal::Terminal::new(terminal::Options::beside(
        &args.report,
        args.quiet,
        args.verbose,
    ))
    .with_setup(subject.setup);
    let mut snapshots = args.snapshots.as_deref().map(Snapshots::open).transpose()?;
    if !args.quiet {
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
        run::resume(&job, &kept.past, &mut NotFinished(&mut listener)).await
    });
    outcome.report.shard = share(args.shard, planned.whole);
    args.floor.hold(&mut outcome, &args.only, &job.profile);
    listener.on(&Event::Finished(&outcome.report));
    if let Some(mock) = subject.mock {
        mock.stop();
    }
    kept.settle(outcome.report.device.restored)?;
    // What cannot be delivered must not keep the rest from being so.
    let reviewed = reviewed(snapshots);
    deliver(&args.reproducers, &args.report, &outcome, &redactor)?;
    reviewed?;
    Ok(outcome.verdict)
}
