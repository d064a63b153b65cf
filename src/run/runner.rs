//! The loop of a run: windows of the plan, one case after the other, and what follows from each
//! exchange.

use super::budget::Budget;
use super::event::{Event, Listener};
use super::job::{Attempt, Job, Outcome, Stop};
use super::journal::{Past, Record};
use super::readings;
use super::recover::Recovery;
use super::state::Watched;
use super::tally::Tally;
use crate::case::{Case, Check, Expect};
use crate::contract::answers_promise;
use crate::device::LifeSign;
use crate::exchange::{Exchange, Failure, Request};
use crate::judge::normalise::error_answer;
use crate::judge::{Deviation, Judgement, Law, Took, judge};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Cases between two looks at the settings and at the life of the device.
const WINDOW: usize = 40;

pub(super) struct Runner<'a> {
    pub(super) job: &'a Job,
    pub(super) law: Law<'a>,
    pub(super) listener: &'a mut dyn Listener,
    pub(super) tally: Tally,
    pub(super) watched: BTreeMap<String, Watched>,
    pub(super) sign: Option<LifeSign>,
    pub(super) restarts: u64,
    /// The last case that was refused for want of credentials: suspect when the session ends.
    pub(super) suspect: Option<usize>,
    /// The last case that drew an answer: suspect when the device is gone.
    pub(super) answered: Option<usize>,
    pub(super) stop: Option<Stop>,
    pub(super) notes: Vec<String>,
    pub(super) files: Vec<(String, Vec<u8>)>,
    pub(super) confirming: u64,
    pub(super) budget: Budget,
    /// Findings that are a missing answer.
    pub(super) hangs: u32,
    pub(super) probes: readings::Probes,
    /// Places for cases that are made while the run goes on.
    pub(super) questions: &'a [OnceLock<Case>],
    /// How often a string was asked for the sake of a promise's rule.
    pub(super) asked: BTreeMap<(String, String), u32>,
    /// Accepted questions after which the settings were read back.
    pub(super) questions_read: u32,
    /// Cases that an earlier process sent and judged.
    done: BTreeSet<String>,
    pub(super) started: Instant,
    pub(super) latencies: Vec<Duration>,
    pub(super) valid_sent: u64,
    /// Places of surely valid cases that were refused.
    pub(super) valid_refused: Vec<usize>,
    pub(super) valid_accepted: u64,
    pub(super) cases_answered: u64,
    /// Whether anything was sent that the device did not plainly refuse.
    pub(super) wrote: AtomicBool,
}

/// Runs the plan against the device and puts the settings back. Never fails: what went wrong is in
/// the report.
pub async fn run(job: &Job, listener: &mut dyn Listener) -> Outcome {
    resume(job, &Past::default(), listener).await
}

/// [`run`], going on where the process ended that left `past` behind: the plan is the same, what it
/// sent is not sent again, what it found counts, and the settings are put back as it found them.
pub async fn resume(job: &Job, past: &Past, listener: &mut dyn Listener) -> Outcome {
    let questions: Vec<OnceLock<Case>> = (0..job.options.questions)
        .map(|_| OnceLock::new())
        .collect();
    let mut runner = Runner {
        job,
        law: Law {
            contract: &job.contract,
            texts: &job.texts,
            profile: &job.profile,
        },
        listener,
        tally: Tally::default(),
        watched: BTreeMap::new(),
        sign: None,
        restarts: 0,
        suspect: None,
        answered: None,
        stop: None,
        notes: Vec::new(),
        files: Vec::new(),
        confirming: 0,
        budget: Budget::default(),
        hangs: 0,
        probes: readings::Probes::default(),
        questions: &questions,
        asked: BTreeMap::new(),
        questions_read: 0,
        done: BTreeSet::new(),
        started: Instant::now(),
        latencies: Vec::new(),
        valid_sent: 0,
        valid_refused: Vec::new(),
        valid_accepted: 0,
        cases_answered: 0,
        wrote: AtomicBool::new(past.settings().is_some()),
    };
    runner.listener.on(&Event::Started {
        target: job.device.base_url(),
        contract: &job.contract.title,
        cases: job.plan.cases.len(),
        requests: job.plan.requests,
    });
    runner.remember(past);
    let mut guard = runner.preflight().await;
    if let Some(guard) = &mut guard {
        match past.settings() {
            Some(before) => guard.adopt(&job.device, before),
            None => runner
                .listener
                .on(&Event::Settings(&guard.snapshot(&job.device))),
        }
    }
    runner.first_contact().await;
    if runner.stop.is_none() {
        runner.windows().await;
        if runner.stop.is_none() && runner.valid_sent > 0 && runner.valid_accepted == 0 {
            runner.stop = Some(Stop::NothingAccepted);
        }
        if runner.stop == Some(Stop::NothingAccepted) {
            runner.diagnose().await;
        } else {
            runner.inquire().await;
            runner.measure_growth().await;
            runner.finish().await;
        }
    }
    runner.conclude(guard).await
}

impl<'a> Runner<'a> {
    /// A case of the plan, or, behind those, one that was asked beside it.
    pub(super) fn case(&self, at: usize) -> &'a Case {
        let plan = &self.job.plan.cases;
        match plan.get(at) {
            Some(case) => case,
            None => self.questions[at - plan.len()]
                .get()
                .expect("a place is given out with its case"),
        }
    }

    pub(super) fn note(&mut self, text: String) {
        if !self.notes.contains(&text) {
            self.listener.on(&Event::Note(&text));
            self.notes.push(text);
        }
    }

    /// Says something about a promise that no single case says.
    pub(super) fn state(&mut self, promise: &str, kept: bool) {
        self.tally.note(promise, kept);
        self.listener.on(&Event::Stated { promise, kept });
    }

    /// Counts what an earlier process saw, as if it had been seen now.
    fn remember(&mut self, past: &Past) {
        let plan = self.job.plan.cases.iter().enumerate();
        let cases: BTreeMap<&str, usize> = plan.map(|(at, case)| (case.id.as_str(), at)).collect();
        let quiet = |id: &str| {
            cases
                .get(id)
                .is_some_and(|at| must_be_refused(self.case(*at)))
        };
        self.done = past.done(quiet).into_iter().map(str::to_owned).collect();
        let mut left = self.done.clone();
        for record in &past.records {
            match record {
                Record::Case(seen) if left.remove(&seen.id) => {
                    let Some(at) = cases.get(seen.id.as_str()).copied() else {
                        continue;
                    };
                    let (case, judgement) = (self.case(at), seen.judgement());
                    self.tally.count(case, &judgement);
                    self.probes
                        .observe(&self.job.context(), case, judgement.took);
                    for fingerprint in &seen.joined {
                        self.tally.known(fingerprint, &case.id);
                    }
                    if seen.answered {
                        self.answered = Some(at);
                        self.cases_answered += 1;
                    }
                    self.count_valid(at, judgement.took);
                }
                Record::Stated { promise, kept } => self.tally.note(promise, *kept),
                Record::Found { finding } => self.tally.add((**finding).clone()),
                Record::File { name, content } => {
                    self.files.push((name.clone(), content.clone()));
                }
                Record::Note { text } if !self.notes.contains(text) => {
                    self.notes.push(text.clone());
                }
                _ => {}
            }
        }
        self.tally.take_joined();
    }

    async fn windows(&mut self) {
        let all: Vec<usize> = (0..self.job.plan.cases.len()).collect();
        // The first case alone: what follows means something only if the device takes anything.
        let (first, rest) = all.split_at(all.len().min(1));
        for window in [first].into_iter().chain(rest.chunks(WINDOW)) {
            let (quiet, loud): (Vec<usize>, Vec<usize>) = window
                .iter()
                .filter(|at| !self.done.contains(&self.case(**at).id))
                .partition(|at| must_be_refused(self.case(**at)));
            if quiet.is_empty() && loud.is_empty() {
                continue;
            }
            self.look_again().await;
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
                self.listener.on(&Event::Checkpoint);
            }
            for at in loud {
                if self.over() {
                    break;
                }
                if !self.spared(at) {
                    self.block(&[at]).await;
                }
            }
            if self.over() {
                return;
            }
            self.watch_life(window).await;
        }
    }

    /// Whether the plan has to end here.
    pub(super) fn over(&mut self) -> bool {
        if !self.limited() {
            if let Some(hopeless) = self.hopeless() {
                self.stop = Some(hopeless);
            } else if self.restarts > self.job.profile.limits.reboots {
                self.stop = Some(Stop::Reboots);
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
            } else if let Some(why) = self.listener.halt() {
                self.stop = Some(Stop::Halted(why));
            }
        }
        self.stop.is_some()
    }

    /// Sends some cases at once and judges them in order.
    async fn block(&mut self, block: &[usize]) {
        if let [at] = block {
            let attempt = self.attempt(self.case(*at), false).await;
            self.settle(*at, attempt).await;
            return;
        }
        let exchanges = {
            let this = &*self;
            let sends = block
                .iter()
                .map(|at| this.exchange(&this.case(*at).request, false));
            futures_util::future::join_all(sends).await
        };
        for (at, exchange) in block.iter().zip(exchanges) {
            let judgement = self.judge(self.case(*at), &exchange);
            self.settle(
                *at,
                Attempt {
                    exchange,
                    judgement,
                },
            )
            .await;
        }
    }

    /// One exchange; ends early, as not sent, when the user wants the run to end.
    async fn exchange(&self, request: &Request, fresh: bool) -> Exchange {
        let mut stop = self.job.options.stop.clone();
        tokio::select! {
            biased;
            exchange = self.job.device.send(request, fresh) => exchange,
            _ = stop.wait_for(|stop| *stop) => Exchange::not_sent("interrupted"),
        }
    }

    /// Waits, but not when the user wants the run to end.
    async fn pause(&self, time: Duration) {
        let mut stop = self.job.options.stop.clone();
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => {}
            () = tokio::time::sleep(time) => {}
        }
    }

    fn judge(&self, case: &Case, exchange: &Exchange) -> Judgement {
        let judgement = judge(self.law, case, exchange);
        self.budget.spend(case, exchange, &judgement);
        if judgement.took != Took::Refused {
            self.wrote.store(true, Ordering::Relaxed);
        }
        judgement
    }

    /// Sends one case and judges it. A device that says it is busy (429, 503) is asked again a few
    /// times, after as long as it wants.
    pub(super) async fn attempt(&self, case: &Case, fresh: bool) -> Attempt {
        let mut tries = 0;
        loop {
            let exchange = self.exchange(&case.request, fresh).await;
            if let Some(wait) = self.budget.wait(&exchange, tries) {
                tries += 1;
                self.pause(wait).await;
                continue;
            }
            let judgement = self.judge(case, &exchange);
            return Attempt {
                exchange,
                judgement,
            };
        }
    }

    /// Everything that follows from one exchange.
    pub(super) async fn settle(&mut self, at: usize, mut attempt: Attempt) {
        let case = self.case(at);
        if self.session_ended(case, &attempt) {
            attempt = self.renew_session(at, attempt).await;
        }
        if attempt.exchange.failure().is_some_and(never_reached) {
            match self.gone(at).await {
                Recovery::Alive => attempt = self.attempt(case, true).await,
                Recovery::Lost => return,
            }
        }
        self.budget.done(
            case,
            attempt.exchange.answer().is_some(),
            attempt.judgement.took,
        );
        if attempt.exchange.answer().is_some() {
            self.answered = Some(at);
            self.cases_answered += 1;
            if attempt.exchange.reused && matches!(case.request, Request::Http(_)) {
                self.latencies.push(attempt.exchange.timings.total);
            }
        }
        if matches!(
            case.expect,
            Expect::Unauthorized { .. } | Expect::LoginRefused
        ) && attempt.exchange.answer().is_some()
        {
            self.suspect = Some(at);
        }
        self.count_valid(at, attempt.judgement.took);
        let case = self.case(at);
        self.tally.count(case, &attempt.judgement);
        self.probes
            .observe(&self.job.context(), case, attempt.judgement.took);
        if self.listener.wants_error_answers()
            && let Some(answer) = attempt.exchange.answer()
            && let Some(mut error) = error_answer(&self.job.contract, case, answer)
        {
            error.text = self.job.device.mask(&error.text);
            self.listener.on(&Event::ErrorAnswer(&error));
        }
        let mut broken = false;
        let deviations: Vec<(String, Deviation)> = attempt
            .judgement
            .deviations()
            .map(|(p, d)| (p.to_owned(), d.clone()))
            .collect();
        for (promise, deviation) in deviations {
            broken |= self.found(at, &promise, deviation, &attempt.exchange).await;
        }
        // A refusal may be the end of the connection (and is then kept): was it a crash?
        if !broken
            && attempt.exchange.failure().is_some()
            && !matches!(attempt.exchange.failure(), Some(Failure::NotSent(_)))
            && self.sign.is_some()
            && self.revive(at).await
        {
            let promise = answers_promise(&case.operation);
            broken |= self.restarts_again(at, &promise, &attempt.exchange).await;
        }
        if let Some(deviation) = self.leak(&attempt.exchange) {
            let promise = answers_promise(&case.operation);
            broken |= self.found(at, &promise, deviation, &attempt.exchange).await;
        }
        broken |= self.mind_settings(at, &attempt).await;
        let joined = self.tally.take_joined();
        self.listener.on(&Event::Judged {
            case,
            judgement: &attempt.judgement,
            answered: attempt.exchange.answer().is_some(),
            joined: &joined,
        });
        let sent = self.job.device.sent();
        self.listener.on(&Event::CaseDone {
            case: &case.id,
            title: &case.title,
            broken,
            sent,
        });
    }

    /// A refusal that shows the session's credentials, or the settings to whom it lets see none.
    pub(super) fn leak(&self, exchange: &Exchange) -> Option<Deviation> {
        let answer = exchange.answer().filter(|a| a.status >= 400)?;
        let text = String::from_utf8_lossy(&answer.body);
        let settings = matches!(answer.status, 401 | 403)
            && serde_json::from_slice(&answer.body)
                .is_ok_and(|body| self.watched.values().any(|w| w.is_in(&body)));
        (settings || self.job.device.shows_secret(&text)).then(|| {
            Deviation::secret_leak(settings, answer).masked(|text| self.job.device.mask(text))
        })
    }

    /// What is to be said when the plan is through: the settings still stand, the device is as
    /// quick and as alive as at the start.
    async fn finish(&mut self) {
        self.look_again().await;
        self.final_settings().await;
        if matches!(self.stop, Some(Stop::Lost(_))) {
            return;
        }
        // The first few answers only: a device that slows down steadily from the first request on
        // is several times slower before a quarter of the plan is through.
        const EARLY: usize = 24;
        let quarter = self.latencies.len() / 4;
        if quarter < EARLY {
            return;
        }
        let early = median(&self.latencies[..EARLY]);
        let late = median(&self.latencies[self.latencies.len() - quarter..]);
        let slower = late > early * 5 && late > early + Duration::from_millis(250);
        let operations: Vec<String> = self
            .job
            .contract
            .operations
            .iter()
            .map(|o| o.id.clone())
            .collect();
        for operation in operations {
            self.state(&format!("{operation}.state.alive"), !slower);
        }
        if slower && let Some(at) = self.answered {
            let deviation = Deviation::slower(early, late);
            self.add_plain(at, "state.alive", deviation, "slower-over-time");
        }
    }
}

/// Whether a case changes nothing on a device that keeps its promises.
pub(super) fn must_be_refused(case: &Case) -> bool {
    matches!(
        case.expect,
        Expect::Refused { .. }
            | Expect::Unauthorized { .. }
            | Expect::NotServed { .. }
            | Expect::LoginRefused
    ) && !matches!(case.check, Check::ReadsBack(_))
}

/// Whether the request met nobody.
pub(super) fn never_reached(failure: &Failure) -> bool {
    use crate::exchange::Phase;
    matches!(
        failure,
        Failure::Refused
            | Failure::Unreachable(_)
            | Failure::Tls(_)
            | Failure::Timeout(Phase::Connect | Phase::Tls)
    )
}

/// The one in the middle; zero of none.
pub(super) fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
