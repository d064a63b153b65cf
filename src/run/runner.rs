//! The schedule of a plan: windows of cases on the probe, and what follows from each observation.

use super::cases::Cases;
use super::causes::hash;
use super::confirm::Confirmations;
use super::event::{Event, Listener, write_down};
use super::formats::MOST as MOST_OF_FORMATS;
use super::inquiry::Questions;
use super::job::{Job, Outcome, Stop};
use super::journal::{Past, Record};
use super::ledger::Ledger;
use super::progress::{Progress, held_back};
use super::recover::Recovery;
use super::split::Apart;
use crate::case::{Case, CaseId, InputClass};
use crate::contract::{PromiseId, StatePromise};
use crate::exchange::Failure;
use crate::judge::normalise::error_answer;
use crate::judge::{Deviation, JudgeContext};
use crate::probe::{Observation, Patience, Probe, Step, must_be_refused, never_reached};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// States that a device may not take back and that are judged.
const MOST_UNPROVEN: usize = 16;

/// Ideas of refused packed bodies that are sent alone.
const MOST_APART: usize = 256;

/// Cases between two looks at the settings and at the life of the device.
const WINDOW: usize = 40;

/// A run under way. Each part owns its state; what is here belongs to the schedule alone.
pub(super) struct Run<'a> {
    pub(super) job: &'a Job,
    /// Sends, judges, looks.
    pub(super) probe: Probe<'a>,
    /// What there is to send, by number.
    pub(super) cases: Cases<'a>,
    /// What was found and said.
    pub(super) ledger: Ledger<'a>,
    /// How far we are.
    pub(super) progress: Progress,
    /// What confirming cost, and which findings have become a habit.
    pub(super) confirmations: Confirmations,
    /// What the device said of ambiguous rules.
    pub(super) questions: Questions,
    /// What ideas of packed bodies came to alone.
    pub(super) apart: Apart,
    stop: Option<Stop>,
    started: Instant,
}

/// Runs the plan against the device and puts the settings back. Never fails: what went wrong is in
/// the report.
pub async fn run(job: &Job, listener: &mut dyn Listener) -> Outcome {
    resume(job, &Past::default(), listener).await
}

/// [`run`], going on where the process ended that left `past` behind: the plan is the same, what it
/// sent is not sent again, what it found counts, and the settings are put back as it found them.
pub async fn resume(job: &Job, past: &Past, listener: &mut dyn Listener) -> Outcome {
    let places: Vec<OnceLock<Case>> =
        (0..job.options.questions + MOST_UNPROVEN + MOST_APART + 2 * MOST_OF_FORMATS)
            .map(|_| OnceLock::new())
            .collect();
    let judging = JudgeContext {
        contract: &job.contract,
        texts: &job.texts,
        profile: &job.profile,
    };
    let patience = Patience {
        recovery: job.options.recovery,
        stop: job.options.stop.clone(),
    };
    // For as long as this job, which may be shorter.
    let listener: &mut dyn Listener = &mut *listener;
    let listener = Rc::new(RefCell::new(listener));
    let heard = listener.clone();
    let account = move |step: &Step| write_down(&mut **heard.borrow_mut(), step);
    // Runs differ by when they began; one that is resumed counts on.
    let name = hash([job.options.started_at.as_str()]);
    let probe = Probe::new(judging, &job.device, patience);
    let mut run = Run {
        job,
        probe: probe.with_account(name.get(..5).unwrap_or(&name), Box::new(account)),
        cases: Cases::new(&job.plan.cases, &places, job.options.questions),
        ledger: Ledger::new(listener, &job.device, &job.options.files, &job.contract),
        progress: Progress::default(),
        confirmations: Confirmations::default(),
        questions: Questions::default(),
        apart: Apart::default(),
        stop: None,
        started: Instant::now(),
    };
    run.ledger.tell(&Event::Started {
        target: job.device.base_url(),
        contract: &job.contract.title,
        cases: job.plan.cases.len(),
        requests: job.plan.requests,
    });
    run.remember(past);
    if run.preflight(past).await {
        match past.settings() {
            Some(before) => run.probe.adopt(before),
            None => {
                let before = run.probe.snapshot();
                run.ledger.tell(&Event::Settings(&before));
                let unproven = run.probe.prove().await;
                run.judge_unproven(unproven).await;
            }
        }
    }
    run.first_contact().await;
    if run.stop.is_none() {
        run.look_at_the_rest(past).await;
        run.judge_all().await;
    }
    run.conclude().await
}

impl<'a> Run<'a> {
    /// A case by its number.
    pub(super) fn case(&self, at: usize) -> &'a Case {
        self.cases.get(at)
    }

    /// Whether nothing more is sent.
    pub(super) fn stopped(&self) -> bool {
        self.stop.is_some()
    }

    /// Ends the plan, unless something else did.
    pub(super) fn stop(&mut self, why: Stop) {
        self.stop.get_or_insert(why);
    }

    /// Takes back why the plan ended early.
    pub(super) fn take_stop(&mut self) -> Option<Stop> {
        self.stop.take()
    }

    /// Since the start.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Passes on what the probe has to say: notes, and that the device is lost after a case.
    pub(super) fn heed(&mut self, at: Option<usize>) {
        for note in self.probe.take_notes() {
            self.ledger.note(note);
        }
        if let Some(why) = self.probe.session().lost() {
            let why = match at {
                Some(at) => format!("{why} after {}", self.case(at).id),
                None => why.to_owned(),
            };
            self.stop(Stop::Lost(why));
        }
    }

    /// Counts what an earlier process saw, as if it had been seen now.
    fn remember(&mut self, past: &Past) {
        let plan = self.cases.plan().iter().enumerate();
        let cases: BTreeMap<&str, usize> = plan.map(|(at, case)| (case.id.as_str(), at)).collect();
        let quiet = |id: &str| {
            cases
                .get(id)
                .is_some_and(|at| must_be_refused(self.case(*at)))
        };
        let mut done: std::collections::BTreeSet<CaseId> =
            past.done(quiet).into_iter().map(CaseId::known).collect();
        // What was held back until another case tells died with the process: it is asked again.
        for id in held_back(past, |id| cases.get(id).map(|at| self.case(*at))) {
            done.remove(&id);
        }
        let mut left = done.clone();
        self.cases.set_done(done);
        for record in &past.records {
            match record {
                Record::Case(seen) if left.remove(&seen.id) => {
                    let Some(at) = cases.get(seen.id.as_str()).copied() else {
                        continue;
                    };
                    let (case, judgement) = (self.case(at), seen.judgement());
                    self.ledger.count(case, &judgement, seen.answered);
                    self.questions
                        .learn(&self.job.context(), case, judgement.content());
                    for (promise, deviation) in &seen.broken {
                        self.confirmations.failed(case, promise, deviation.kind);
                    }
                    for fingerprint in &seen.joined {
                        self.ledger.known(fingerprint, &case.id);
                    }
                    self.progress
                        .remember(at, case, judgement.acceptance, seen.answered);
                }
                Record::Stated { promise, kept } => self.ledger.remember_state(promise, *kept),
                Record::Found { finding } => self.ledger.remember_finding((**finding).clone()),
                Record::File { name, content } => {
                    self.ledger.remember_file(name.clone(), content.clone());
                }
                Record::Note { text } => self.ledger.remember_note(text),
                _ => {}
            }
        }
        self.ledger.take_joined();
    }

    /// Refusals of an earlier process whose effect nobody has looked at are judged against the
    /// settings from before them. The request that was under way when it died is suspect too.
    async fn look_at_the_rest(&mut self, past: &Past) {
        let Some((states, refused)) = past.not_looked_at() else {
            return;
        };
        let plan = self.cases.plan();
        let at = |id: &str| plan.iter().position(|case| case.id == id);
        let mut numbers: Vec<usize> = refused.into_iter().filter_map(at).collect();
        let next = numbers.last().map_or(0, |last| last + 1);
        let under_way = (next..plan.len())
            .filter(|at| must_be_refused(self.case(*at)) && !self.cases.is_done(*at))
            .take(self.job.options.concurrency.max(1));
        numbers.extend(under_way);
        let pending: Vec<(String, usize)> = numbers
            .into_iter()
            .map(|at| (self.case(at).operation.clone(), at))
            .collect();
        self.probe.go_on(states, &pending);
        self.checkpoint().await;
    }

    /// Says what stands before cases that must not change it.
    fn tell_baseline(&mut self, quiet: &[usize]) {
        if quiet.is_empty() {
            return;
        }
        let states = self.probe.settings().baselines();
        if !states.is_empty() {
            self.ledger.tell(&Event::Baseline(&states));
        }
    }

    async fn judge_all(&mut self) {
        self.windows().await;
        if self.stop.is_none() && self.progress.accepts_nothing() {
            self.stop(Stop::NothingAccepted);
        }
        if self.stop == Some(Stop::NothingAccepted) {
            self.diagnose().await;
        } else {
            self.smallest_writes().await;
            self.weigh_doubts().await;
            self.inquire().await;
            self.ask_of_formats().await;
            self.measure_growth().await;
            self.finish().await;
        }
    }

    async fn windows(&mut self) {
        let all: Vec<usize> = (0..self.cases.plan().len()).collect();
        // The first case alone: what follows means something only if the device takes anything.
        let (first, rest) = all.split_at(all.len().min(1));
        for window in [first].into_iter().chain(rest.chunks(WINDOW)) {
            let (quiet, loud): (Vec<usize>, Vec<usize>) = window
                .iter()
                .filter(|at| !self.cases.is_done(**at) && !self.is_withheld(**at))
                .partition(|at| must_be_refused(self.case(**at)));
            if quiet.is_empty() && loud.is_empty() {
                continue;
            }
            self.probe.look_again().await;
            self.heed(None);
            self.tell_baseline(&quiet);
            for block in quiet.chunks(self.job.options.concurrency.max(1)) {
                if self.over() {
                    break;
                }
                let block: Vec<usize> = block
                    .iter()
                    .copied()
                    .filter(|at| !self.spared(*at))
                    .collect();
                self.block(&block).await;
            }
            self.checkpoint().await;
            if self.stop.as_ref().is_none_or(Stop::judged) {
                self.ledger.tell(&Event::Checkpoint);
            }
            for at in loud {
                if self.over() {
                    break;
                }
                if !self.spared(at) {
                    self.probe.rest(&self.case(at).operation).await;
                    self.block(&[at]).await;
                    self.take_apart().await;
                }
            }
            self.look_for_more().await;
            if self.over() {
                return;
            }
            self.watch_life(window).await;
        }
    }

    /// Whether the device has shown that what a case may change could not be put back.
    pub(super) fn is_withheld(&self, at: usize) -> bool {
        let operation = &self.case(at).operation;
        self.job.device.withheld(operation).is_some()
    }

    /// Whether the profile's limits forbid to send a case.
    pub(super) fn spared(&mut self, at: usize) -> bool {
        let Some(what) = self.probe.forbidden(self.case(at)) else {
            return false;
        };
        self.ledger.note(format!(
            "the limit of {what} in the device profile was reached: further cases were not sent"
        ));
        true
    }

    /// Whether the plan has to end here.
    pub(super) fn over(&mut self) -> bool {
        if !self.limited() {
            let busy = self.probe.session().busy_for_good();
            if let Some(hopeless) = self.progress.hopeless(self.cases.plan(), busy) {
                self.stop(hopeless);
            } else if self.probe.session().restarts() > self.job.profile.limits.reboots {
                self.stop(Stop::Reboots);
            } else if self.probe.session().shut_out() {
                self.stop(Stop::ShutOut);
            }
        }
        self.stop.is_some()
    }

    /// Whether the run has to end for a reason that is not what the device answered.
    pub(super) fn limited(&mut self) -> bool {
        if self.stop.is_none() {
            let options = &self.job.options;
            if *options.stop.borrow() {
                self.stop = Some(Stop::Interrupted);
            } else if options
                .time_limit
                .is_some_and(|limit| self.started.elapsed() >= limit)
            {
                self.stop = Some(Stop::TimeLimit);
            } else if options
                .max_requests
                .is_some_and(|max| self.job.device.sent() >= max)
            {
                self.stop = Some(Stop::RequestLimit);
            } else if let Some(why) = self.ledger.halt() {
                self.stop = Some(Stop::Halted(why));
            }
        }
        self.stop.is_some()
    }

    /// Sends some cases at once and deals with them in order.
    async fn block(&mut self, block: &[usize]) {
        let seen = {
            let this = &*self;
            let sends = block
                .iter()
                .map(|at| this.probe.send(this.case(*at), false));
            futures_util::future::join_all(sends).await
        };
        for (at, seen) in block.iter().zip(seen) {
            self.settle(*at, seen).await;
        }
    }

    /// Everything that follows from one observation.
    pub(super) async fn settle(&mut self, at: usize, mut seen: Observation) {
        let case = self.case(at);
        if self.probe.session().locked_out(case, &seen.exchange) {
            seen = self.probe.after_lockout(case, seen).await;
            self.heed(Some(at));
        }
        if self.probe.session().ended(case, &seen.exchange) {
            seen = self.renew_session(at, seen).await;
        }
        if seen.exchange.failure().is_some_and(never_reached) {
            match self.gone(at).await {
                Recovery::Alive => seen = self.probe.send(case, true).await,
                Recovery::Lost => return,
            }
        }
        self.probe.note(case, &seen, Some(at));
        self.progress.done(at, case, &seen);
        // From here on it goes to journals and reports.
        seen.judgement =
            std::mem::take(&mut seen.judgement).masked(|text| self.job.device.mask(text));
        let answered = seen.exchange.answer().is_some();
        self.ledger.count(case, &seen.judgement, answered);
        let acceptance = seen.judgement.acceptance;
        self.ledger.drew(case, &seen.exchange, acceptance);
        self.questions
            .learn(&self.job.context(), case, seen.judgement.content());
        self.tell_error_answer(case, &seen);
        let mut broken = false;
        for (promise, deviation) in seen.deviations.clone() {
            broken |= self.found(at, &promise, deviation, &seen.exchange).await;
        }
        // A refusal may be the end of the connection (and is then kept): was it a crash?
        if !broken
            && seen.exchange.failure().is_some()
            && !matches!(seen.exchange.failure(), Some(Failure::NotSent(_)))
            && self.probe.session().sign().is_some()
            && self.revive(at).await
        {
            let promise = PromiseId::answers(&case.operation);
            broken |= self.restarts_again(at, &promise, &seen.exchange).await;
        }
        broken |= self.read_after_write(at, &seen).await;
        let joined = self.ledger.take_joined();
        self.ledger.tell(&Event::Judged {
            case,
            judgement: &seen.judgement,
            answered: seen.exchange.answer().is_some(),
            joined: &joined,
        });
        self.ledger.tell(&Event::CaseDone {
            case: &case.id,
            title: &case.title,
            broken,
            sent: self.job.device.sent(),
        });
    }

    fn tell_error_answer(&mut self, case: &Case, seen: &Observation) {
        if self.ledger.wants_error_answers()
            && let Some(answer) = seen.exchange.answer()
            && let Some(mut error) = error_answer(&self.job.contract, case, answer)
        {
            error.text = self.job.device.mask(&error.text);
            self.ledger.tell(&Event::ErrorAnswer(&error));
        }
    }

    /// What is to be said when the plan is through: the settings still stand, the device is as
    /// quick and as alive as at the start.
    async fn finish(&mut self) {
        self.probe.look_again().await;
        self.final_settings().await;
        self.heed(None);
        if matches!(self.stop, Some(Stop::Lost(_))) {
            return;
        }
        let Some((early, late)) = self.progress.early_and_late() else {
            return;
        };
        let slower = late > early * 5 && late > early + Duration::from_millis(250);
        for operation in &self.job.contract.operations {
            self.ledger
                .state(&StatePromise::Alive.of(&operation.id), !slower);
        }
        if slower && let Some(at) = self.progress.answered() {
            let deviation = Deviation::slower(early, late);
            self.add_plain(
                at,
                |operation| StatePromise::Alive.of(operation),
                deviation,
                InputClass::SLOWER_OVER_TIME,
            );
        }
    }
}
