//! The end of a run: the settings are put back, what was seen becomes the result and the exit. May
//! import what [`crate::run`] may.

use super::exit::Verdict;
use super::job::{Outcome, Stop};
use super::result::{ContractRef, DeviceInfo, Exit, Report, Requests, SCHEMA_ID, Tool};
use super::runner::Runner;
use crate::case::{Case, Expect};
use crate::device::Guard;
use crate::judge::Kind;
use crate::run::event::Event;

impl Runner<'_> {
    /// Puts the settings back where `guard` has them, and says how the run ends.
    pub(super) async fn conclude(mut self, guard: Option<Guard>) -> Outcome {
        let mut restored = None;
        if let Some(guard) = guard {
            self.listener.on(&Event::Restoring);
            let device = &self.job.device;
            if *self.wrote.get_mut() || !guard.stands(device).await {
                let result = guard.restore(device).await;
                for reason in result.reasons {
                    self.note(device.mask(&reason));
                }
                restored = result.ok;
            } else {
                restored = Some(true);
            }
        }
        let job = self.job;
        let valid = |case: &Case| case.expect == Expect::Accepted;
        let judged = self.stop.as_ref().is_none_or(Stop::judged);
        if judged && self.valid_accepted == 0 && job.plan.cases.iter().any(valid) {
            self.stop = Some(match self.stop.take() {
                None => Stop::Preflight(
                    "no request that is surely valid could be sent and answered".to_owned(),
                ),
                Some(stop) => Stop::Preflight(format!(
                    "{}, before the device accepted anything",
                    stop.text()
                )),
            });
        }
        if let Some(stop) = self.stop.clone() {
            self.note(stop.text());
        }
        let promises = self.tally.promises(&job.contract);
        let (mut findings, choices) = std::mem::take(&mut self.tally).into_parts();
        let nothing_tested = self.cases_answered == 0;
        if matches!(self.stop, Some(Stop::NothingAccepted | Stop::Preflight(_))) {
            // Against something that accepts nothing, every refusal looks right and every
            // acceptance wrong; none of it says anything about the contract.
            findings.clear();
        }
        let mut verdicts = Vec::new();
        if restored == Some(false) {
            verdicts.push(Verdict::NotRestored);
        }
        let not_judged = nothing_tested
            || self
                .stop
                .as_ref()
                .is_some_and(|s| !s.judged() && *s != Stop::Reboots);
        if not_judged {
            verdicts.push(Verdict::NotJudged);
        }
        let flaky = findings.iter().filter(|f| f.kind == Kind::Flaky).count();
        if findings.len() > flaky {
            verdicts.push(Verdict::Findings);
        }
        if flaky > 0 {
            verdicts.push(Verdict::Flaky);
        }
        let verdict = Verdict::worst(&verdicts);
        let mut reason = match verdict {
            Verdict::Kept => "every promise that was judged was kept".to_owned(),
            Verdict::NotRestored => format!(
                "the settings could not be put back; {} findings",
                findings.len()
            ),
            Verdict::NotJudged => match &self.stop {
                Some(stop) => stop.text(),
                None => "could not judge: no case drew an answer".to_owned(),
            },
            Verdict::Flaky => format!("{flaky} flaky results, nothing else"),
            _ => match findings.len() - flaky {
                1 => "1 broken promise".to_owned(),
                n => format!("{n} findings"),
            },
        };
        if let Some(stop) = &self.stop
            && verdict != Verdict::NotJudged
        {
            // Whoever reads one line must not take a part for the whole.
            reason = format!("{reason}; {}", stop.text());
        }
        let sign = self.sign.clone();
        let report = Report {
            schema: SCHEMA_ID.to_owned(),
            tool: Tool {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            seed: job.options.seed,
            contract: ContractRef {
                id: job.contract.id.clone(),
                sha256: job.contract.sha256.clone(),
            },
            target: job.device.base_url().to_owned(),
            device: DeviceInfo {
                model: sign.as_ref().and_then(|s| s.model.clone()),
                firmware: sign.and_then(|s| s.firmware),
                restarts: self.restarts,
                restored,
            },
            started_at: job.options.started_at.clone(),
            duration_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            requests: Requests {
                planned: job.plan.requests as u64,
                sent: job.device.sent(),
                answered: job.device.answered(),
            },
            exit: Exit {
                code: verdict.code(),
                reason,
            },
            promises,
            findings,
            divergences: self
                .probes
                .divergences(&job.contract, &job.texts, &job.plan.cases),
            choices,
            contract_issues: job.issues.clone(),
            unsupported: job.contract.unsupported.clone(),
            notes: self.notes,
            shard: None,
            night: None,
            baseline: None,
        };
        self.listener.on(&Event::Finished(&report));
        Outcome {
            report,
            files: self.files,
            verdict,
        }
    }
}
