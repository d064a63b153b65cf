//! `probity fuzz`: the plan, then inputs without end.

use super::common::{
    DeviceArgs, Error, FloorArgs, NotFinished, PolicyArgs, check_delivery, deliver, duration,
    guarded, pair, plan_of, reviewed, shard, share, writable,
};
use super::contract_args::ContractArgs;
use super::journal::{Identity, JournalArgs};
use super::reports;
use super::signals::interrupts;
use super::subject::{Documents, Mocked, Restore, Subject};
use crate::campaign::{dictionary, engine};
use crate::case::{Context, Plan, default_budget};
use crate::judge::JudgeContext;
use crate::probe::{Patience, Probe, Step};
use crate::report::snapshots::Snapshots;
use crate::report::{self, terminal};
use crate::run::admit::Admission;
use crate::run::event::{Event, Listener};
use crate::run::journal::{Past, Record};
use crate::run::replay::{ReplayOutcome, replay};
use crate::run::result::{Campaign, Finding, Report, Status};
use crate::run::{self, Job, Options, Outcome, Verdict, compare, decide};
use globset::Glob;
use sha2::{Digest as _, Sha256};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::watch;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Sends the plan of `probity run` first, then inputs that it makes until time or requests end: from
the grammar of the contract, from inputs that drew new kinds of answers, changed in structure and
bytes, alone and in sequences. A finding is made as small as it can be and confirmed.

Examples:
  probity fuzz --requests 10000                      fuzz the embedded mock device
  probity fuzz --target http://192.168.1.20 --username admin --password-env DEVICE_PASSWORD \\
               --time-limit 8h --journal campaign.jsonl --corpus corpus/panel --report json=campaign.json
  probity fuzz …the same… --resume                   go on after a crash, a reboot or Ctrl-C
  probity fuzz …  --baseline last-campaign.json         say what is new, known and gone")]
pub(super) struct Args {
    #[command(flatten)]
    contract: ContractArgs,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Seed of every case and every input
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// End after this long; earlier processes of a resumed job count
    #[arg(long, value_name = "D", value_parser = duration)]
    time_limit: Option<Duration>,
    /// End after so many requests behind the plan
    #[arg(long, visible_alias = "max-requests", value_name = "N")]
    requests: Option<u64>,
    /// Leave the plan out
    #[arg(long)]
    no_plan: bool,
    /// Of the plan, only cases that test a promise matching this glob (repeatable); the inputs behind
    /// it go through everything
    #[arg(long, value_name = "PROMISE-GLOB")]
    only: Vec<Glob>,
    /// Only the Ith of N shares of the plan; the inputs behind it differ with the share too
    #[arg(long, value_name = "I/N", value_parser = shard)]
    shard: Option<(usize, usize)>,
    /// Requests of the plan in flight where order does not matter; the inputs behind it go one by one
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    concurrency: u16,
    /// Folder of inputs that showed something new; read at the start, added to
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    /// Words to make inputs of: one a line, or as AFL and libFuzzer write them (repeatable)
    #[arg(long, value_name = "FILE")]
    dictionary: Vec<PathBuf>,
    /// Requests that making one finding small may cost; 0: report it as it came
    #[arg(long, value_name = "N", default_value_t = 250)]
    shrink: u64,
    /// How long the device may stay away before the job ends with exit code 3
    #[arg(long, value_name = "D", value_parser = duration, default_value = "10m")]
    patience: Duration,
    /// Restarts of the device after which the job ends
    #[arg(long, value_name = "N", default_value_t = 100)]
    max_restarts: u64,
    #[command(flatten)]
    floor: FloorArgs,
    #[command(flatten)]
    journal: JournalArgs,
    /// Report of an earlier night: its findings are known, and sent again where they do not show
    #[arg(long, value_name = "REPORT")]
    baseline: Option<PathBuf>,
    /// Write a report: text, json or junit; `-` is stdout (repeatable)
    #[arg(long, value_name = "FORMAT=PATH")]
    report: Vec<report::Target>,
    /// Compare the classes of error answers to the plan with the snapshots in this folder
    #[arg(long, value_name = "DIR")]
    snapshots: Option<PathBuf>,
    /// Folder for exact bytes of reproducers that a shell line cannot carry
    #[arg(long, value_name = "DIR", default_value = "probity-reproducers")]
    reproducers: PathBuf,
    /// Embedded mock only: the reading that a field is given
    #[arg(long, value_name = "FIELD=ID", value_parser = pair, conflicts_with = "target")]
    reading: Vec<(String, String)>,
    /// Embedded mock only: decide what the page leaves open
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair, conflicts_with = "target")]
    choice: Vec<(String, String)>,
    /// Embedded mock only: plant a fault
    #[arg(long, value_name = "ID", conflicts_with = "target")]
    fault: Vec<String>,
    /// Print the final line only
    #[arg(long, short, conflicts_with = "verbose")]
    quiet: bool,
    /// Print every case of the plan
    #[arg(long, short)]
    verbose: bool,
}

/// What is sent before the inputs.
struct Planned {
    plan: Plan,
    /// The digest of the plan before it was shared.
    whole: String,
}

impl Args {
    /// Whether there is an end, and a place for everything that the job leaves.
    fn check(&self) -> Result<(), Error> {
        if self.time_limit.is_none() && self.requests.is_none() {
            return Err("when to end? Give --time-limit 8h or --requests N".into());
        }
        check_delivery(&self.reproducers, &self.report)?;
        if let Some(folder) = &self.corpus {
            writable(folder).map_err(|e| format!("--corpus {}: {e}", folder.display()))?;
        }
        Ok(())
    }

    fn planned(&self, documents: &Documents) -> Result<Planned, Error> {
        let contract = &documents.contract;
        let context = Context::new(contract, &documents.profile, &documents.texts);
        let context = context.seeded(self.seed);
        let budget = Some(default_budget(contract));
        let mut plan = plan_of(&context, budget, &self.only, &documents.policy)?;
        if self.no_plan {
            plan.retain(|_, _| false);
        }
        let whole = run::journal::plan_digest(&plan);
        if let Some((i, n)) = self.shard {
            plan = plan.share(i, n);
        }
        Ok(Planned { plan, whole })
    }

    fn mocked(&self) -> Mocked<'_> {
        Mocked {
            readings: &self.reading,
            faults: &self.fault,
            choices: &self.choice,
        }
    }

    /// The options of the plan's part.
    fn options(&self, stop: watch::Receiver<bool>, restore: Restore) -> Options {
        Options {
            seed: self.seed,
            time_limit: self.time_limit,
            max_requests: None,
            questions: 0,
            concurrency: usize::from(self.concurrency),
            stop,
            restore,
            recovery: self.patience,
            files: self.reproducers.display().to_string(),
            started_at: jiff::Timestamp::now().to_string(),
        }
    }

    /// The options of what goes on behind it.
    fn campaign(&self, of_plan: &Options, words: Vec<String>) -> engine::Options {
        engine::Options {
            name: name_of(&of_plan.started_at),
            // A share goes through inputs of its own.
            seed: self.shard.map_or(self.seed, |(i, n)| {
                self.seed ^ ((i as u64) << 32) ^ ((n as u64) << 48)
            }),
            requests: self.requests,
            time_limit: self.time_limit,
            stop: of_plan.stop.clone(),
            recovery: self.patience,
            restore: of_plan.restore.clone(),
            files: of_plan.files.clone(),
            corpus: self.corpus.clone(),
            words,
            shrink: self.shrink,
            restarts: self.max_restarts,
        }
    }
}

pub(super) fn run(args: Args) -> Result<Verdict, Error> {
    args.check()?;
    let mut words = Vec::new();
    for file in &args.dictionary {
        words.extend(dictionary::read(file)?);
    }
    let baseline = args
        .baseline
        .as_deref()
        .map(reports::baseline)
        .transpose()?;
    let documents = Documents::read(&args.contract, &args.device, &args.policy)?;
    let planned = args.planned(&documents)?;
    let identity = Identity {
        job: "fuzz",
        contract: &documents.contract,
        target: documents.base.as_deref(),
        seed: args.seed,
        plan: &planned.plan,
        shard: args.shard,
    };
    let mut kept = args.journal.begin(&identity)?;
    let subject = Subject::of(&documents, &args.device, &args.mocked())?;
    let redactor = guarded(&subject.device, &documents.contract);
    let mut past = std::mem::take(&mut kept.past);
    past.settings_mut().for_each(|v| subject.device.reveal(v));
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
        options: args.options(stopped, subject.restore),
    };
    let campaign = args.campaign(&job.options, words);
    let mut person = terminal::Terminal::new(terminal::Options::beside(
        &args.report,
        args.quiet,
        args.verbose,
    ))
    .with_setup(subject.setup);
    if !args.quiet {
        kept.say_where(job.device.base_url());
    }
    let mut listener = report::Listeners(Vec::new(), redactor.clone());
    if let Some(journal) = &mut kept.journal {
        // First, so that nobody hears of a finding that is not on disk.
        listener.0.push(journal);
    }
    listener.0.push(&mut person);
    let mut snapshots = args.snapshots.as_deref().map(Snapshots::open).transpose()?;
    if let Some(snapshots) = &mut snapshots {
        listener.0.push(snapshots);
    }
    let mut outcome = runtime.block_on(async {
        interrupts(stop);
        work(&job, campaign, past, baseline.as_ref(), &mut listener).await
    });
    outcome.report.shard = share(args.shard, planned.whole);
    match args.no_plan {
        // Which operations a job without a plan has judged is not counted.
        true => outcome.report.operations.clear(),
        false => args.floor.hold(&mut outcome, &args.only, &job.profile),
    }
    listener.on(&Event::Finished(&outcome.report));
    if let Some(mock) = subject.mock {
        mock.stop();
    }
    if let Some(journal) = kept.named() {
        journal.append(&Record::End {
            code: outcome.verdict.code(),
        });
    }
    kept.settle(outcome.report.device.restored)?;
    // What cannot be delivered must not keep the rest from being so.
    let reviewed = reviewed(snapshots);
    deliver(&args.reproducers, &args.report, &outcome, &redactor)?;
    reviewed?;
    Ok(outcome.verdict)
}

async fn work(
    job: &Job,
    options: engine::Options,
    past: Past,
    baseline: Option<&Report>,
    listener: &mut dyn Listener,
) -> Outcome {
    // What an earlier process left of its creations is removed once, by who writes that down.
    let planned = !job.plan.cases.is_empty();
    let (of_plan, mut past) = past.parted(planned);
    let mut outcome = match planned {
        false => run::resume(job, &of_plan, &mut NotFinished(&mut ())).await,
        true => run::resume(job, &of_plan, &mut NotFinished(listener)).await,
    };
    drop(of_plan);
    let over = *options.stop.borrow() || (planned && outcome.verdict == Verdict::NotJudged);
    let broken_off = if over {
        (outcome.verdict == Verdict::NotJudged).then(|| outcome.report.exit.reason.clone())
    } else {
        let context = job.context();
        let fuzz = engine::Job {
            context: &context,
            device: &job.device,
            options,
        };
        // What the plan left is in the journal that this process writes, not in the past it read. In
        // front: behind it a finding would pass for what the last input was gone into for.
        let known: BTreeSet<String> = past.records.iter().filter_map(fingerprint).collect();
        let mut left = Vec::new();
        for finding in &outcome.report.findings {
            for instance in finding.instances().filter(|i| !known.contains(*i)) {
                let mut finding = finding.clone();
                finding.fingerprint = instance.to_owned();
                left.push(Record::Found {
                    finding: Box::new(finding),
                });
            }
        }
        past.records.splice(0..0, left);
        let harvest = engine::fuzz(&fuzz, &past, listener, None).await;
        let broken_off = harvest.broken_off.clone();
        add(&mut outcome, harvest);
        broken_off
    };
    let mut gone = BTreeSet::new();
    if let Some(baseline) = baseline {
        if broken_off.is_none() {
            gone = again(job, baseline, &mut outcome.report, listener).await;
        }
        outcome.report.baseline = Some(compare(&outcome.report, &baseline.findings, &gone));
    }
    outcome.report.requests.sent = job.device.sent();
    outcome.report.requests.answered = job.device.answered();
    outcome.verdict = decide(&mut outcome.report, broken_off.as_deref());
    outcome
}

/// What tells the names of what this job creates: its plan has others.
fn name_of(started_at: &str) -> String {
    let hash = Sha256::digest(format!("fuzz {started_at}"));
    hash.iter().take(3).map(|b| format!("{b:02x}")).collect()
}

fn fingerprint(record: &Record) -> Option<String> {
    match record {
        Record::Found { finding } => Some(finding.fingerprint.clone()),
        _ => None,
    }
}

/// Adds what the night found to the report of the plan.
fn add(outcome: &mut Outcome, harvest: engine::Harvest) {
    let report = &mut outcome.report;
    let instances = report.findings.iter().flat_map(|f| f.instances());
    let mut known: BTreeSet<String> = instances.map(str::to_owned).collect();
    for finding in harvest.findings {
        if !known.insert(finding.fingerprint.clone()) {
            continue;
        }
        if let Some(promise) = report.promises.iter_mut().find(|p| p.id == finding.promise)
            && finding.kind != crate::judge::Kind::Flaky
        {
            promise.status = Status::Broken;
        }
        report.findings.push(finding);
    }
    report.findings = run::group(std::mem::take(&mut report.findings));
    for note in harvest.notes {
        if !report.notes.contains(&note) {
            report.notes.push(note);
        }
    }
    for (name, content) in harvest.files {
        if outcome.files.iter().all(|(n, _)| *n != name) {
            outcome.files.push((name, content));
        }
    }
    report.device.restarts += harvest.restarts;
    report.device.restored = match (report.device.restored, harvest.restored) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (a, b) => b.or(a),
    };
    report.campaign = Some(Campaign {
        inputs: harvest.inputs,
        requests: harvest.requests,
        classes: harvest.classes as u64,
        corpus: harvest.corpus as u64,
        grown: harvest.grown,
        // A journal may say any number.
        shrink_requests: harvest
            .shrunk
            .iter()
            .fold(0, |sum, s| sum.saturating_add(s.spent)),
    });
}

/// Sends the findings of the baseline that this night did not show; those that are fixed are gone,
/// those that still fail are findings of this night too.
async fn again(
    job: &Job,
    baseline: &Report,
    report: &mut Report,
    listener: &mut dyn Listener,
) -> BTreeSet<String> {
    let listener = RefCell::new(listener);
    let account = |step: &Step| {
        let mut listener = listener.borrow_mut();
        listener.on(&Event::Creating(step));
        listener.halt().map_or(Ok(()), Err)
    };
    let judging = JudgeContext {
        contract: &job.contract,
        texts: &job.texts,
        profile: &job.profile,
    };
    let now = run::Known::of(&report.findings);
    let missing = baseline.findings.iter().filter(|f| !now.shows(f));
    let missing: Vec<&Finding> = missing.collect();
    let mut gone = BTreeSet::new();
    if missing.is_empty() || baseline.contract.sha256 != job.contract.sha256 {
        return gone;
    }
    let options = &job.options;
    let context = job.context();
    let admission = Admission::new(
        &context,
        job.device.policy().cloned(),
        missing.iter().copied(),
    );
    let patience = Patience {
        recovery: options.recovery,
        stop: options.stop.clone(),
    };
    let probe = Probe::new(judging, &job.device, patience);
    let name = name_of(&job.options.started_at);
    let mut probe = probe.with_account(&name, Box::new(account));
    let started = probe
        .start(&job.context(), &options.restore, &BTreeSet::new(), &[])
        .await;
    if started.is_err() {
        return gone;
    }
    for finding in missing {
        if *options.stop.borrow() {
            break;
        }
        let admitted = match admission.admit(finding) {
            Ok(admitted) => admitted,
            Err(why) => {
                let print = &finding.fingerprint;
                report.notes.push(format!(
                    "finding {print} of the baseline is not sent: {why}"
                ));
                continue;
            }
        };
        match replay(&mut probe, &admitted).await {
            ReplayOutcome::Fixed => {
                gone.insert(finding.fingerprint.clone());
            }
            ReplayOutcome::StillFailing { hits, tries, .. } => {
                let mut finding = admitted;
                finding.confirmed = format!("{hits}/{tries}");
                report.findings.push(finding);
            }
            ReplayOutcome::Unclear(_) => {}
        }
    }
    if probe.restore().await.ok == Some(false) {
        report.device.restored = Some(false);
    }
    gone
}
