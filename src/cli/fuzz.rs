//! `probity fuzz`: the plan, then inputs without end.

use super::common::{Error, NotFinished, plan_of, writable};
use super::job::{JobArgs, Planned, Work, name_of};
use super::reports;
use super::subject::Documents;
use super::values::duration;
use crate::campaign::{dictionary, engine};
use crate::case::{Context, default_budget};
use crate::judge::JudgeContext;
use crate::probe::{Patience, Probe, Step};
use crate::run::admit::Admission;
use crate::run::event::{Listener, write_down};
use crate::run::journal::{Past, Record};
use crate::run::replay::{ReplayOutcome, replay};
use crate::run::result::{Campaign, Finding, Report, Status};
use crate::run::{self, Job, Options, Outcome, Verdict, compare, decide};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Sends the plan of `probity run` first, then inputs that it makes until time or requests end: from
the grammar of the contract, from inputs that drew new kinds of answers, changed in structure and
bytes, alone and in sequences. A finding is made as small as it can be and confirmed. The inputs go
through every promise, whatever --only says, one by one, and differ with the share of --shard.

Examples:
  probity fuzz --requests 10000                      fuzz the embedded mock device
  probity fuzz --target http://192.168.1.20 --username admin --password-env DEVICE_PASSWORD \\
               --time-limit 8h --journal campaign.jsonl --corpus corpus/panel --report json=campaign.json
  probity fuzz …the same… --resume                   go on after a crash, a reboot or Ctrl-C
  probity fuzz …  --baseline last-campaign.json         say what is new, known and gone")]
pub(super) struct Args {
    #[command(flatten)]
    job: JobArgs,
    /// End after this long; earlier processes of a resumed job count
    #[arg(long, value_name = "D", value_parser = duration)]
    time_limit: Option<Duration>,
    /// End after so many requests behind the plan
    #[arg(long, visible_alias = "max-requests", value_name = "N")]
    requests: Option<u64>,
    /// Leave the plan out
    #[arg(long)]
    no_plan: bool,
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
    /// Report of an earlier campaign: its findings are known, and sent again where they do not show
    #[arg(long, value_name = "REPORT")]
    baseline: Option<PathBuf>,
}

impl Args {
    /// Whether there is an end, and a place for what is kept.
    fn check(&self) -> Result<(), Error> {
        if self.time_limit.is_none() && self.requests.is_none() {
            return Err("when to end? Give --time-limit 8h or --requests N".into());
        }
        if let Some(folder) = &self.corpus {
            writable(folder).map_err(|e| format!("--corpus {}: {e}", folder.display()))?;
        }
        Ok(())
    }

    fn planned(&self, documents: &Documents) -> Result<Planned, Error> {
        let contract = &documents.contract;
        let context = Context::new(contract, &documents.profile, &documents.texts);
        let context = context.seeded(self.job.seed);
        let budget = Some(default_budget(contract));
        let mut plan = plan_of(&context, budget, &self.job.only, &documents.policy)?;
        if self.no_plan {
            plan.retain(|_, _| false);
        }
        Ok(self.job.share(plan, 0))
    }

    /// The options of what goes on behind the plan.
    fn campaign(&self, of_plan: &Options, words: Vec<String>) -> engine::Options {
        let seed = self.job.seed;
        engine::Options {
            name: name_of("fuzz", &of_plan.started_at),
            // A share goes through inputs of its own.
            seed: self.job.shard.map_or(seed, |(i, n)| {
                seed ^ ((i as u64) << 32) ^ ((n as u64) << 48)
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
    let baseline = args.baseline.as_deref();
    let baseline = baseline.map(reports::baseline).transpose()?;
    let documents = args.job.documents()?;
    let planned = args.planned(&documents)?;
    let send = async |job: &Job, past: Past, listener: &mut dyn Listener| {
        let campaign = args.campaign(&job.options, words);
        work(job, campaign, past, baseline.as_ref(), listener).await
    };
    let work = Work {
        job: "fuzz",
        time_limit: args.time_limit,
        max_requests: None,
        recovery: args.patience,
        // Which operations a job without a plan has judged is not counted.
        counted: !args.no_plan,
        ends: true,
        send,
    };
    args.job.carry_out(documents, planned, work)
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

fn fingerprint(record: &Record) -> Option<String> {
    match record {
        Record::Found { finding } => Some(finding.fingerprint.clone()),
        _ => None,
    }
}

/// Adds what the campaign found to the report of the plan.
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
    report.device.rounded |= harvest.rounded;
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

/// Sends the findings of the baseline that this campaign did not show; those that are fixed are gone,
/// those that still fail are findings of this campaign too.
async fn again(
    job: &Job,
    baseline: &Report,
    report: &mut Report,
    listener: &mut dyn Listener,
) -> BTreeSet<String> {
    let listener = RefCell::new(listener);
    let account = |step: &Step| write_down(&mut **listener.borrow_mut(), step);
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
    let name = name_of("fuzz", &job.options.started_at);
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
    let restored = probe.restore().await;
    report.device.rounded |= restored.rounded;
    if restored.ok == Some(false) {
        report.device.restored = Some(false);
    }
    gone
}
