//! `probity run`: the main job. Makes the plan and sends it.

use super::common::{Error, NotFinished, plan_of};
use super::job::{JobArgs, Planned, Work};
use super::subject::Documents;
use super::values::duration;
use crate::case::{Context, QUESTIONS_AT_MOST, default_budget};
use crate::run::event::Listener;
use crate::run::journal::Past;
use crate::run::{self, Job, Verdict};
use std::time::{Duration, Instant};

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
    job: JobArgs,
    /// Spend as many requests as there are ideas; without it they grow with the square root of the operations, from 600 for three
    #[arg(long)]
    thorough: bool,
    /// End the plan after this long; making the plan counts
    #[arg(long, value_name = "D", value_parser = duration)]
    time_limit: Option<Duration>,
    /// End the plan after so many requests
    #[arg(long, value_name = "N")]
    max_requests: Option<u64>,
}

impl Args {
    fn planned(&self, documents: &Documents) -> Result<Planned, Error> {
        let contract = &documents.contract;
        let context = Context::new(contract, &documents.profile, &documents.texts)
            .seeded(self.job.seed)
            .thorough(self.thorough);
        let (budget, questions) = match self.thorough {
            true => (None, 10 * QUESTIONS_AT_MOST),
            false => (Some(default_budget(contract)), QUESTIONS_AT_MOST),
        };
        let plan = plan_of(&context, budget, &self.job.only, &documents.policy)?;
        Ok(self.job.share(plan, questions))
    }
}

pub(super) fn run(args: Args) -> Result<Verdict, Error> {
    let begun = Instant::now();
    let documents = args.job.documents()?;
    let planned = args.planned(&documents)?;
    let send = async |job: &Job, past: Past, listener: &mut dyn Listener| {
        run::resume(job, &past, &mut NotFinished(listener)).await
    };
    let work = Work {
        job: "run",
        time_limit: args.time_limit.map(|t| t.saturating_sub(begun.elapsed())),
        max_requests: args.max_requests,
        recovery: RECOVERY,
        counted: true,
        ends: false,
        send,
    };
    args.job.carry_out(documents, planned, work)
}
