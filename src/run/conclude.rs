//! The end of a run: the settings are put back, what was seen becomes the result and the exit.

use super::exit::Verdict;
use super::job::{Outcome, Stop};
use super::result::{ContractRef, DeviceInfo, Exit, Report, Requests, SCHEMA_ID, Tool};
use super::runner::Run;
use crate::case::{Case, Expect};
use crate::judge::Kind;
use crate::run::event::Event;

impl Run<'_> {
    /// Puts the settings back, and says how the run ends.
    pub(super) async fn conclude(mut self) -> Outcome {
        let mut restored = None;
        if self.probe.guard().is_some() {
            self.ledger.tell(&Event::Restoring);
            let result = self.probe.restore().await;
            for reason in result.reasons {
                self.ledger.note(self.job.device.mask(&reason));
            }
            restored = result.ok;
        }
        let job = self.job;
        // What nobody could look at afterwards is not as before, as far as anybody knows; of a mock that
        // ends with the run nobody has to.
        let free = job.device.policy().is_some_and(|p| p.is_harmless());
        let changed = restored.is_none() && self.probe.may_have_changed();
        let unknown = (changed || self.probe.has_written_unseen()) && !free;
        let valid = |case: &Case| case.expect == Expect::Accepted;
        let mut stop = self.take_stop();
        let judged = stop.as_ref().is_none_or(Stop::judged);
        if judged && !self.progress.any_accepted() && job.plan.cases.iter().any(valid) {
            stop = Some(match stop {
                None => Stop::Preflight(
                    "no request that is surely valid could be sent and answered".to_owned(),
                ),
                Some(stop) => Stop::Preflight(format!(
                    "{}, before the device accepted anything",
                    stop.text()
                )),
            });
        }
        if let Some(stop) = &stop {
            self.ledger.note(stop.text());
        }
        let nothing_tested = !self.progress.any_answered();
        if matches!(stop, Some(Stop::NothingAccepted | Stop::Preflight(_))) {
            // Against something that accepts nothing, every refusal looks right and every
            // acceptance wrong; none of it says anything about the contract.
            self.ledger.withdraw();
        }
        let stopped = stop.as_ref().map(Stop::text);
        let mut closed = self.ledger.close(job, &self.cases, stopped.as_deref());
        self.progress
            .not_proven(&job.contract, &mut closed.promises);
        let findings = &closed.findings;
        let mut verdicts = Vec::new();
        let unsaid =
            stop.is_none() && super::operations::says_nothing(&job.contract, &closed.operations);
        if restored == Some(false) || unknown {
            verdicts.push(Verdict::NotRestored);
        }
        let not_judged = nothing_tested
            || stop
                .as_ref()
                .is_some_and(|s| !s.judged() && *s != Stop::Reboots);
        let flaky = findings.iter().filter(|f| f.kind == Kind::Flaky).count();
        // Whoever interrupts a run wants no verdict of it: what it has found is found all the same.
        let broken_off = stop == Some(Stop::Interrupted) && findings.len() == flaky;
        if not_judged || broken_off || unsaid {
            verdicts.push(Verdict::NotJudged);
        }
        if findings.len() > flaky {
            verdicts.push(Verdict::Findings);
        }
        if flaky > 0 {
            verdicts.push(Verdict::Flaky);
        }
        let verdict = Verdict::worst(&verdicts);
        let mut reason = match verdict {
            Verdict::Kept => "every promise that was judged was kept".to_owned(),
            Verdict::NotRestored if unknown => format!(
                "what the run has written could not be looked at afterwards; {} findings",
                findings.len()
            ),
            Verdict::NotRestored => format!(
                "what the run changed or created could not all be undone; {} findings",
                findings.len()
            ),
            Verdict::NotJudged => match &stop {
                Some(Stop::Interrupted) => {
                    "could not judge: not all that was asked for was sent; interrupted".to_owned()
                }
                Some(stop) => stop.text(),
                None if unsaid => {
                    "could not judge: the document says nothing of what the operations take \
                                   and answer that were judged; the others are left out"
                        .to_owned()
                }
                None => "could not judge: no case drew an answer".to_owned(),
            },
            Verdict::Flaky => format!("{flaky} flaky results, nothing else"),
            _ => match findings.len() - flaky {
                1 => "1 finding".to_owned(),
                n => format!("{n} findings"),
            },
        };
        if let Some(stop) = &stop
            && verdict != Verdict::NotJudged
        {
            // Whoever reads one line must not take a part for the whole.
            reason = format!("{reason}; {}", stop.text());
        }
        let sign = self.probe.session().sign().cloned();
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
                restarts: self.probe.session().restarts(),
                restored,
            },
            started_at: job.options.started_at.clone(),
            duration_ms: u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX),
            requests: Requests {
                planned: job.plan.requests as u64,
                sent: job.device.sent(),
                answered: job.device.answered(),
            },
            exit: Exit {
                code: verdict.code(),
                reason,
            },
            operations: closed.operations,
            floor: None,
            promises: closed.promises,
            findings: closed.findings,
            divergences: self.questions.probes.divergences(
                &job.contract,
                &job.texts,
                &job.plan.cases,
            ),
            choices: closed.choices,
            contract_issues: job.issues.clone(),
            unsupported: job.contract.unsupported.clone(),
            notes: closed.notes,
            shard: None,
            campaign: None,
            baseline: None,
        };
        self.ledger.tell(&Event::Finished(&report));
        Outcome {
            report,
            files: closed.files,
            verdict,
        }
    }
}
