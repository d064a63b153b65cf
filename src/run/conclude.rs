//! The end of a run: the settings are put back, what was seen becomes the result and the exit.

use super::exit::Verdict;
use super::job::{Outcome, Stop};
use super::ledger::Closed;
use super::result::{ContractRef, DeviceInfo, Exit, Finding, Report, Requests, SCHEMA_ID, Tool};
use super::runner::Run;
use crate::case::{Case, Expect};
use crate::judge::Kind;
use crate::run::event::Event;

impl Run<'_> {
    /// Puts the settings back, and says how the run ends.
    pub(super) async fn conclude(mut self) -> Outcome {
        let (restored, rounded) = self.put_back().await;
        let stop = self.last_stop();
        if let Some(stop) = &stop {
            self.ledger.note(stop.text());
        }
        if matches!(stop, Some(Stop::NothingAccepted | Stop::Preflight(_))) {
            // Against something that accepts nothing, every refusal looks right and every
            // acceptance wrong; none of it says anything about the contract.
            self.ledger.withdraw();
        }
        let job = self.job;
        let stopped = stop.as_ref().map(Stop::text);
        let mut closed = self.ledger.close(job, &self.cases, stopped.as_deref());
        self.progress
            .not_proven(&job.contract, &mut closed.promises);
        // What nobody could look at afterwards is not as before, as far as anybody knows; of a mock that
        // ends with the run nobody has to.
        let free = job.device.policy().is_some_and(|p| p.is_harmless());
        let changed = restored.is_none() && self.probe.may_have_changed();
        let unsaid =
            stop.is_none() && super::operations::says_nothing(&job.contract, &closed.operations);
        let ending = Ending {
            stop,
            nothing_tested: !self.progress.any_answered(),
            restored,
            rounded,
            unseen: (changed || self.probe.has_written_unseen()) && !free,
            unsaid,
            findings: closed.findings.len(),
            flaky: flaky(&closed.findings),
        };
        let verdict = ending.verdict();
        let exit = Exit {
            code: verdict.code(),
            reason: ending.reason(verdict),
        };
        let files = std::mem::take(&mut closed.files);
        let report = self.report((restored, rounded), exit, closed);
        self.ledger.tell(&Event::Finished(&report));
        Outcome {
            report,
            files,
            verdict,
        }
    }

    /// Writes back what the run has changed: whether all is as it was, nothing where there was nothing to be
    /// put back or where nobody can tell; and whether the device has rounded some of it.
    async fn put_back(&mut self) -> (Option<bool>, bool) {
        if self.probe.guard().is_none() {
            return (None, false);
        }
        self.ledger.tell(&Event::Restoring);
        let result = self.probe.restore().await;
        for reason in result.reasons {
            self.ledger.note(self.job.device.mask(&reason));
        }
        (result.ok, result.rounded)
    }

    /// Why the run ended before its plan did. A device that has accepted nothing of what is surely valid
    /// was not judged, whatever else ended the run.
    fn last_stop(&mut self) -> Option<Stop> {
        let stop = self.take_stop();
        let valid = |case: &Case| case.expect == Expect::Accepted;
        let judged = stop.as_ref().is_none_or(Stop::judged);
        if !judged || self.progress.any_accepted() || !self.job.plan.cases.iter().any(valid) {
            return stop;
        }
        Some(Stop::Preflight(match stop {
            None => "no request that is surely valid could be sent and answered".to_owned(),
            Some(stop) => format!("{}, before the device accepted anything", stop.text()),
        }))
    }

    fn report(
        &self,
        (restored, rounded): (Option<bool>, bool),
        exit: Exit,
        closed: Closed,
    ) -> Report {
        let job = self.job;
        let session = self.probe.session();
        let sign = session.sign().cloned();
        Report {
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
                restarts: session.restarts(),
                restored,
                rounded,
            },
            started_at: job.options.started_at.clone(),
            duration_ms: u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX),
            requests: Requests {
                planned: job.plan.requests as u64,
                sent: job.device.sent(),
                answered: job.device.answered(),
            },
            exit,
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
        }
    }
}

fn flaky(findings: &[Finding]) -> usize {
    findings.iter().filter(|f| f.kind == Kind::Flaky).count()
}

/// What decides how a run ends.
struct Ending {
    stop: Option<Stop>,
    /// No case drew an answer.
    nothing_tested: bool,
    /// Whether what the run changed is as it was before; nothing where nobody was asked.
    restored: Option<bool>,
    /// The device has rounded what was put back.
    rounded: bool,
    /// Something may have been changed that nobody could look at afterwards.
    unseen: bool,
    /// The document says nothing of what the judged operations take and answer.
    unsaid: bool,
    /// All findings, and how many of them are flaky.
    findings: usize,
    flaky: usize,
}

impl Ending {
    /// The worst of all that applies.
    fn verdict(&self) -> Verdict {
        let confirmed = self.findings > self.flaky;
        let stopped = (self.stop.as_ref()).is_some_and(|s| !s.judged() && *s != Stop::Reboots);
        // Whoever interrupts a run wants no verdict of it: what it has found is found all the same.
        let broken_off = self.stop == Some(Stop::Interrupted) && !confirmed;
        let applies = [
            (
                // What the device rounds is put back as well as can be; where a finding tells it, that
                // is the verdict.
                self.restored == Some(false) || self.unseen || self.rounded && !confirmed,
                Verdict::NotRestored,
            ),
            (
                self.nothing_tested || stopped || broken_off || self.unsaid,
                Verdict::NotJudged,
            ),
            (confirmed, Verdict::Findings),
            (self.flaky > 0, Verdict::Flaky),
        ];
        let verdicts: Vec<Verdict> = applies
            .into_iter()
            .filter_map(|(applies, verdict)| applies.then_some(verdict))
            .collect();
        Verdict::worst(&verdicts)
    }

    /// The verdict in one line. Whoever reads one line must not take a part for the whole: why the run
    /// stopped is said with it.
    fn reason(&self, verdict: Verdict) -> String {
        let reason = match verdict {
            Verdict::Kept => "every promise that was judged was kept".to_owned(),
            Verdict::NotRestored if self.unseen => format!(
                "what the run has written could not be looked at afterwards; {} findings",
                self.findings
            ),
            Verdict::NotRestored => format!(
                "what the run changed or created could not all be undone; {} findings",
                self.findings
            ),
            Verdict::NotJudged => return self.not_judged(),
            Verdict::Flaky => format!("{} flaky results, nothing else", self.flaky),
            _ => match self.findings - self.flaky {
                1 => "1 finding".to_owned(),
                n => format!("{n} findings"),
            },
        };
        match &self.stop {
            Some(stop) => format!("{reason}; {}", stop.text()),
            None => reason,
        }
    }

    fn not_judged(&self) -> String {
        match &self.stop {
            Some(Stop::Interrupted) => {
                "could not judge: not all that was asked for was sent; interrupted".to_owned()
            }
            Some(stop) => stop.text(),
            None if self.unsaid => {
                "could not judge: the document says nothing of what the operations take and answer \
                 that were judged; the others are left out"
                    .to_owned()
            }
            None => "could not judge: no case drew an answer".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_device_rounds_ends_with_6_where_no_finding_tells_it() {
        for (restored, rounded, findings, want) in [
            (Some(true), false, 0, Verdict::Kept),
            (Some(true), true, 0, Verdict::NotRestored),
            (Some(true), true, 1, Verdict::Findings),
            (Some(false), true, 1, Verdict::NotRestored),
        ] {
            let ending = Ending {
                stop: None,
                nothing_tested: false,
                restored,
                rounded,
                unseen: false,
                unsaid: false,
                findings,
                flaky: 0,
            };
            let row = format!("{restored:?} {rounded} {findings}");
            assert_eq!(ending.verdict(), want, "{row}");
        }
    }
}
