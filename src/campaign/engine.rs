//! The loop of the unattended job.

use super::class::{self, Classes};
use super::corpus::Corpus;
use super::dictionary::Dictionary;
use super::generate::{Generator, Source};
use super::grammar::Grammar;
use super::input::Input;
use super::random::Random;
use crate::case::{Case, Context, Expect, Step, Weigher};
use crate::device::Device;
use crate::exchange::Request;
use crate::judge::{Acceptance, JudgeContext};
use crate::probe::{Looks, Observation, Patience, Probe, Step as Creation};
use crate::run::event::{Event, Listener, write_down};
use crate::run::journal::Past;
use crate::run::result::Finding;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Inputs between two looks at the life of the device, and between two lines of progress in the
/// journal.
const BEAT: u64 = 64;
/// Refusals between two looks at the settings.
const WINDOW: usize = 32;
/// Inputs one after the other of which nothing could be sent, after which the job ends.
const IDLE: u64 = 500;
/// Requests that are remembered, for findings that need what was sent before.
const HISTORY: usize = 32;

/// Settings of the job.
pub struct Options {
    /// Tells the names of what this job creates from those of another.
    pub name: String,
    /// Seed of every input.
    pub seed: u64,
    /// End after so many requests of all processes of the job (the restore still happens).
    pub requests: Option<u64>,
    /// End after this long, what earlier processes of the same job took included.
    pub time_limit: Option<Duration>,
    /// Becomes true when the user wants the job to end.
    pub stop: watch::Receiver<bool>,
    /// How long the device may stay away before the job ends.
    pub recovery: Duration,
    /// Values for the restore of members that cannot be read: operation → JSON pointer → value.
    pub restore: BTreeMap<String, BTreeMap<String, Value>>,
    /// Folder that reproducers' files will be written to.
    pub files: String,
    /// Folder of the corpus.
    pub corpus: Option<PathBuf>,
    /// Words of the user.
    pub words: Vec<String>,
    /// Requests that shrinking one finding may cost; 0: findings are reported as they came.
    pub shrink: u64,
    /// Restarts of the device after which the job ends.
    pub restarts: u64,
}

/// Everything that the job works from.
pub struct Job<'a> {
    /// What strategies work from.
    pub context: &'a Context<'a>,
    /// Where to send.
    pub device: &'a Device,
    /// Settings.
    pub options: Options,
}

/// What shrinking a finding did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shrunk {
    /// The finding.
    pub fingerprint: String,
    /// Requests and octets of bodies before.
    pub before: (usize, usize),
    /// Requests and octets of bodies after.
    pub after: (usize, usize),
    /// Requests that it cost, confirmation included.
    pub spent: u64,
}

/// What the job leaves.
#[derive(Debug, Default)]
pub struct Harvest {
    /// Findings of this process and of those before it in the same job.
    pub findings: Vec<Finding>,
    /// Exact bytes of reproducers: file name → content.
    pub files: Vec<(String, Vec<u8>)>,
    /// What the user should know.
    pub notes: Vec<String>,
    /// Inputs tried, by all processes of the job.
    pub inputs: u64,
    /// Requests, by all processes of the job.
    pub requests: u64,
    /// Classes of answers.
    pub classes: usize,
    /// Inputs in the corpus.
    pub corpus: usize,
    /// Inputs that joined it in this process.
    pub grown: u64,
    /// Restarts of the device.
    pub restarts: u64,
    /// What shrinking did.
    pub shrunk: Vec<Shrunk>,
    /// Why nothing more can be judged; `None` where the job came to the end that was asked for.
    pub broken_off: Option<String>,
    /// Whether the settings are as they were.
    pub restored: Option<bool>,
    /// Whether the device has rounded what was put back.
    pub rounded: bool,
    /// Kind of finding that each known input class and answer had: for the journal.
    pub keys: usize,
}

/// A line of the job in the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "campaign", rename_all = "kebab-case")]
pub(super) enum Entry {
    /// What is sent first, in order.
    Seeds { inputs: Vec<Input> },
    /// The answer to input `n` was of a new class; with the input where it joined the corpus.
    Class {
        n: u64,
        class: u64,
        input: Option<Input>,
    },
    /// A deviation of this key, which input `n` showed, is about to be gone into.
    Suspect { n: u64, key: String },
    /// It was gone into; without a finding in between, none came of it. Journals of earlier versions
    /// do not say at which input.
    Key {
        #[serde(default)]
        n: Option<u64>,
        key: String,
    },
    /// What shrinking did.
    Shrunk { shrunk: Shrunk },
    /// All inputs below `n` are done, after so many milliseconds and requests of all processes
    /// together.
    Progress {
        n: u64,
        elapsed_ms: u64,
        requests: u64,
    },
}

/// Who hears of what happens: the job, and the account of what it creates.
type Heard<'l> = Rc<RefCell<&'l mut dyn Listener>>;

pub(super) struct Campaign<'a, 'l> {
    pub(super) job: &'a Job<'a>,
    pub(super) probe: Probe<'a>,
    pub(super) weigher: Weigher<'a, 'a>,
    pub(super) listener: Heard<'l>,
    pub(super) corpus: Corpus,
    pub(super) classes: Classes,
    /// What was sent last, oldest first.
    pub(super) history: VecDeque<Step>,
    /// Refusals since the settings were last looked at.
    pending: Vec<(Step, Case)>,
    /// How often deviations of a key were gone into.
    pub(super) keys: BTreeMap<String, u32>,
    /// Those that an earlier process went into, by input: where the input is sent again, they are
    /// not gone into again.
    pub(super) gone: BTreeMap<(u64, String), u32>,
    /// Inputs that the input under way added to the corpus before its process was killed: they are
    /// no part of the corpus that it was made from.
    pub(super) held: Vec<Input>,
    pub(super) known: BTreeSet<String>,
    pub(super) harvest: Harvest,
    pub(super) stop: Option<String>,
    started: Instant,
    pub(super) elapsed_before: Duration,
    sent_before: u64,
    pub(super) requests_before: u64,
}

/// Works until time, requests, the user or the device end it. Never fails: what went wrong is in
/// the harvest. `other` replaces the generator, for comparisons.
pub async fn fuzz(
    job: &Job<'_>,
    past: &Past,
    listener: &mut dyn Listener,
    other: Option<&mut dyn Source>,
) -> Harvest {
    let judging = JudgeContext {
        contract: job.context.contract,
        texts: job.context.texts,
        profile: job.context.profile,
    };
    let options = &job.options;
    let patience = Patience {
        recovery: options.recovery,
        stop: options.stop.clone(),
    };
    // For as long as this job, which may be shorter.
    let listener: &mut dyn Listener = &mut *listener;
    let listener: Heard<'_> = Rc::new(RefCell::new(listener));
    let heard = listener.clone();
    let account = move |step: &Creation| write_down(&mut **heard.borrow_mut(), step);
    let probe = Probe::new(judging, job.device, patience);
    let mut probe = probe.with_account(&options.name, Box::new(account));
    let opened = open(&mut probe, job, past, &listener).await;
    let mut weigher = Weigher::new(job.context);
    // What may not be sent needs no inputs.
    weigher.retain(|op| job.device.may_test(&op.id));
    let grammars = Grammar::all(job.context, &weigher);
    let words = Dictionary::new(job.context.contract, &options.words);
    let mut generator = Generator::new(grammars, words);
    let mut seeds = generator.seeds();
    let source: &mut dyn Source = match other {
        Some(other) => other,
        None => &mut generator,
    };
    let mut campaign = Campaign {
        job,
        probe,
        weigher,
        listener,
        corpus: Corpus::new(options.corpus.clone()),
        classes: Classes::default(),
        history: VecDeque::new(),
        pending: Vec::new(),
        keys: BTreeMap::new(),
        gone: BTreeMap::new(),
        held: Vec::new(),
        known: BTreeSet::new(),
        harvest: Harvest::default(),
        stop: None,
        started: Instant::now(),
        elapsed_before: Duration::ZERO,
        sent_before: job.device.sent(),
        requests_before: 0,
    };
    let begun = campaign.remember(past, &mut seeds);
    if let Err(why) = opened {
        campaign.stop = Some(why);
    } else {
        if !begun {
            campaign.load(&mut seeds);
        }
        campaign.work(&seeds, source).await;
    }
    campaign.conclude().await
}

/// Opens the session; finds out what can be put back, before anything is written.
async fn open(
    probe: &mut Probe<'_>,
    job: &Job<'_>,
    past: &Past,
    listener: &Heard<'_>,
) -> Result<(), String> {
    let restore = &job.options.restore;
    // Of each operation that is sent something: items of its own are made for it.
    let operations = job.context.contract.operations.iter();
    let sent = operations.filter(|op| job.device.may_test(&op.id));
    let sent: BTreeSet<String> = sent.map(|op| op.id.clone()).collect();
    probe
        .start(job.context, restore, &sent, &past.steps())
        .await?;
    match past.settings() {
        Some(before) => probe.adopt(before),
        None => {
            let before = probe.snapshot();
            listener.borrow_mut().on(&Event::Settings(&before));
            let unproven = probe.prove().await;
            probe.withhold(unproven);
        }
    }
    Ok(())
}

impl Campaign<'_, '_> {
    async fn work(&mut self, seeds: &[Input], source: &mut dyn Source) {
        let first = self.harvest.inputs;
        let mut idle = 0;
        // A journal may say any number of inputs.
        for n in first..u64::MAX {
            if self.over() {
                break;
            }
            let sent = self.job.device.sent();
            let given = usize::try_from(n).ok().and_then(|n| seeds.get(n)).cloned();
            let input = given.unwrap_or_else(|| {
                let mut random = Random::of(self.job.options.seed, n);
                source.next(&mut random, &self.corpus)
            });
            for input in std::mem::take(&mut self.held) {
                self.corpus.remember(input);
            }
            self.input(n, &input).await;
            self.harvest.inputs = n + 1;
            idle = match self.job.device.sent() > sent {
                true => 0,
                false => idle + 1,
            };
            if idle == IDLE {
                // It would go on for ever: no budget of requests is ever spent.
                self.stop = Some(format!(
                    "could not judge: of the last {IDLE} inputs none could be sent; no request of \
                     any operation can be built"
                ));
                break;
            }
            if n % BEAT == BEAT - 1 {
                self.beat().await;
            }
        }
        self.look_at_pending().await;
        self.progress();
    }

    fn over(&mut self) -> bool {
        if let Some(why) = self.probe.session().lost() {
            self.stop = Some(format!("the device was lost: {why}"));
        }
        if let Some(why) = self.listener.borrow_mut().halt() {
            self.stop = Some(format!("cannot go on: {why}"));
        }
        let options = &self.job.options;
        if self.probe.session().restarts() > options.restarts {
            self.note(format!(
                "the device restarted more than {} times: the job ended early",
                options.restarts
            ));
            return true;
        }
        let elapsed = self.elapsed();
        self.stop.is_some()
            || *options.stop.borrow()
            || options.time_limit.is_some_and(|limit| elapsed >= limit)
            || options.requests.is_some_and(|most| self.requests() >= most)
    }

    /// Of all processes of the job. What a journal says of the others may be any number.
    fn requests(&self) -> u64 {
        let own = self.job.device.sent().saturating_sub(self.sent_before);
        self.requests_before.saturating_add(own)
    }

    /// Of all processes of the job.
    fn elapsed(&self) -> Duration {
        self.elapsed_before.saturating_add(self.started.elapsed())
    }

    async fn input(&mut self, n: u64, input: &Input) {
        for (at, step) in input.steps.iter().enumerate() {
            let Some(case) = self.weigher.weigh(step) else {
                continue;
            };
            if !matches!(case.expect, Expect::Refused { .. }) || self.pending.len() >= WINDOW {
                self.look_at_pending().await;
            }
            let looks = Looks {
                written: true,
                ..Looks::default()
            };
            let seen = self.probe.observe(&[], &case, looks).await;
            let class = class::class(self.job.context.contract, &case, &seen);
            let news = seen.tells() && self.classes.see(class);
            if news {
                let steps = input.steps.get(..=at).unwrap_or_default().to_vec();
                self.join(n, class, Input { steps });
            }
            self.mind_settings(step, &case, &seen);
            if !seen.deviations.is_empty() {
                let before = input.steps.get(..at).unwrap_or_default();
                self.suspect(step, &case, before, seen).await;
            }
            self.history.push_back(step.clone());
            if self.history.len() > HISTORY {
                self.history.pop_front();
            }
            if self.over() {
                return;
            }
        }
    }

    /// An input that showed a new class joins the corpus.
    fn join(&mut self, n: u64, class: u64, input: Input) {
        // On disk first: a journal that names it must not be ahead of the folder.
        if let Err(e) = self.corpus.add(input.clone()) {
            self.stop = Some(format!("cannot go on: the corpus cannot be written: {e}"));
        }
        self.entry(&Entry::Class {
            n,
            class,
            input: Some(input),
        });
    }

    /// Remembers refusals for the next look at the settings.
    fn mind_settings(&mut self, step: &Step, case: &Case, seen: &Observation) {
        if seen.judgement.acceptance == Acceptance::Refused {
            self.probe.note(case, seen, Some(self.pending.len()));
            self.pending.push((step.clone(), case.clone()));
        }
    }

    /// Do the settings stand as before the refusals since the last look?
    async fn look_at_pending(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        // A look for one or two refusals costs as much as for many.
        if pending.len() < WINDOW / 4 {
            self.probe.pass_over();
            return;
        }
        for look in self.probe.checkpoint().await {
            if look.difference.is_none() {
                continue;
            }
            for (step, case) in look.pending.iter().filter_map(|at| pending.get(*at)) {
                let seen = self.probe.observe(&[], case, Looks::ALL).await;
                if !seen.deviations.is_empty() {
                    self.suspect(step, case, &[], seen).await;
                    break;
                }
                if self.over() {
                    return;
                }
            }
        }
    }

    /// Now and then: does the device live, how far are we?
    async fn beat(&mut self) {
        self.progress();
        if self.probe.restarted().await {
            self.pending.clear();
            let recent: Vec<Step> = self.history.iter().cloned().collect();
            for step in recent {
                let Some(case) = self.weigher.weigh(&step) else {
                    continue;
                };
                let looks = Looks {
                    life: true,
                    ..Looks::default()
                };
                let seen = self.probe.observe(&[], &case, looks).await;
                if !seen.deviations.is_empty() {
                    self.suspect(&step, &case, &[], seen).await;
                    return;
                }
                if self.over() {
                    return;
                }
            }
            self.note("the device restarted, and no single request does it again".to_owned());
        }
    }

    fn progress(&mut self) {
        let elapsed = self.elapsed();
        self.entry(&Entry::Progress {
            n: self.harvest.inputs,
            elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            requests: self.requests(),
        });
    }

    pub(super) fn entry(&mut self, entry: &Entry) {
        if let Ok(value) = serde_json::to_value(entry) {
            self.listener.borrow_mut().on(&Event::Campaign(&value));
        }
    }

    pub(super) fn note(&mut self, text: String) {
        if !self.harvest.notes.contains(&text) && self.harvest.notes.len() < 200 {
            self.listener.borrow_mut().on(&Event::Note(&text));
            self.harvest.notes.push(text);
        }
    }

    /// The requests of some steps.
    pub(super) fn requests_of(&mut self, steps: &[Step]) -> Vec<Request> {
        let cases = steps.iter().filter_map(|s| self.weigher.weigh(s));
        cases.map(|case| case.request).collect()
    }

    async fn conclude(mut self) -> Harvest {
        self.listener.borrow_mut().on(&Event::Restoring);
        let restored = self.probe.restore().await;
        for reason in restored.reasons {
            self.note(self.job.device.mask(&reason));
        }
        let requests = self.requests();
        let mut harvest = self.harvest;
        harvest.restored = restored.ok;
        harvest.rounded = restored.rounded;
        harvest.requests = requests;
        harvest.classes = self.classes.len();
        harvest.corpus = self.corpus.inputs().len();
        harvest.grown = self.corpus.grown;
        harvest.restarts = self.probe.session().restarts();
        harvest.keys = self.keys.len();
        harvest.broken_off = self.stop;
        harvest.findings.sort_by_key(|f| f.severity);
        harvest
    }
}
