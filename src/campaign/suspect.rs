//! From a deviation to a finding: does it come again, alone or with what was sent before; how small
//! can it be made; confirmed, composed, handed out.

use super::class;
use super::engine::{Campaign, Entry, Shrunk};
use super::input::Input;
use super::shrink::Shrinker;
use crate::case::{Case, InputClass, Step};
use crate::contract::PromiseId;
use crate::judge::{Deviation, Kind};
use crate::probe::{Looks, Observation};
use crate::reproduce::render_answer;
use crate::run::event::Event;
use crate::run::{FindingDraft, compose, fingerprint};

/// How often a finding has to happen in all.
const TIMES: u32 = 3;
/// How often deviations are gone into that look alike before they are made small.
const ALIKE: u32 = 3;
/// Restarts that shrinking one finding may cost.
const RESTARTS: u64 = 12;

/// What is looked for again.
struct Target {
    promise: PromiseId,
    /// Promises that a smaller input may break in its place: those of the same case.
    promises: Vec<PromiseId>,
    kind: Kind,
    looks: Looks,
}

impl Target {
    fn of(case: &Case, promise: &PromiseId, kind: Kind) -> Target {
        Target {
            promise: promise.to_owned(),
            promises: case.promises.clone(),
            kind,
            looks: Looks {
                written: kind == Kind::ReadbackDiffers,
                refused: kind == Kind::StateChangedByRefusal,
                life: kind == Kind::Restart,
                session: false,
                fresh: true,
            },
        }
    }

    /// The same sort of deviation, from this promise or from another of the case.
    fn shown<'s>(&self, seen: &'s Observation) -> Option<&'s (PromiseId, Deviation)> {
        // A second restart within a second cannot be told from a connection that ended.
        let ends = |kind| matches!(kind, Kind::Restart | Kind::ConnectionLost);
        let of_kind = |(_, d): &&(PromiseId, Deviation)| {
            d.kind == self.kind || (ends(d.kind) && ends(self.kind))
        };
        let same = seen.deviations.iter().filter(of_kind);
        same.clone()
            .find(|(p, _)| *p == self.promise)
            .or_else(|| same.clone().find(|(p, _)| self.promises.contains(p)))
    }
}

impl Campaign<'_, '_> {
    /// Goes into the deviations of one exchange. `before`: the steps of the same input.
    pub(super) async fn suspect(
        &mut self,
        step: &Step,
        case: &Case,
        before: &[Step],
        seen: Observation,
    ) {
        for (promise, deviation) in seen.deviations.clone() {
            let answer = match &seen.differs {
                Some(pointer) => pointer.clone(),
                None => class::answer(self.job.context.contract, &case.operation, &seen.exchange),
            };
            let key = format!("{promise} {} {answer}", deviation.kind);
            let n = self.harvest.inputs;
            if self.went_into_before(n, &key) {
                continue;
            }
            let tried = self.keys.get(&key).copied().unwrap_or(0);
            if tried >= ALIKE {
                continue;
            }
            let about = key.clone();
            self.entry(&Entry::Suspect { n, key: about });
            self.go_into(step, case, before, (&promise, &deviation), &seen)
                .await;
            // Only now: a process that is killed before goes into it again, unless it had found it.
            *self.keys.entry(key.clone()).or_default() += 1;
            self.entry(&Entry::Key { n: Some(n), key });
            if self.probe.session().lost().is_some() {
                return;
            }
        }
    }

    /// Whether an earlier process went into this deviation of this input, as often as it showed it.
    fn went_into_before(&mut self, n: u64, key: &str) -> bool {
        let left = self.gone.get_mut(&(n, key.to_owned()));
        let left = left.filter(|left| **left > 0);
        left.map(|left| *left -= 1).is_some()
    }

    async fn go_into(
        &mut self,
        step: &Step,
        case: &Case,
        before: &[Step],
        (promise, deviation): (&PromiseId, &Deviation),
        seen: &Observation,
    ) {
        let sent = self.job.device.sent();
        if self.probe.session().lost().is_some() {
            // It does not come back: the last request is what there is to say.
            let mut last = case.clone();
            last.input_class = InputClass::GONE;
            let answer = render_answer(&seen.exchange);
            self.publish(&[], &last, promise, deviation, (1, 1), answer);
            return;
        }
        let target = Target::of(case, promise, deviation.kind);
        let recent: Vec<Step> = self.history.iter().cloned().collect();
        let tail = |n: usize| {
            recent
                .get(recent.len().saturating_sub(n)..)
                .unwrap_or_default()
                .to_vec()
        };
        let mut ways = vec![Vec::new()];
        for way in [before.to_vec(), tail(8), tail(32)] {
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        let mut tries = 1;
        let mut found = None;
        for way in ways {
            tries += 1;
            let mut steps = way;
            steps.push(step.clone());
            let input = Input { steps };
            if self.shows(&input, &target).await.is_some() {
                found = Some(input);
                break;
            }
            if self.probe.session().lost().is_some() {
                break;
            }
        }
        let Some(input) = found else {
            let mut once = case.clone();
            once.input_class = once.input_class.once();
            let answer = render_answer(&seen.exchange);
            self.publish(&[], &once, promise, deviation, (1, tries), answer);
            return;
        };
        let (small, hits, tries) = self.smallest(input.clone(), &target).await;
        let Some((last, first)) = small.steps.split_last() else {
            return;
        };
        let Some(mut case) = self.weigher.weigh(last) else {
            return;
        };
        if !first.is_empty() {
            case.input_class = case.input_class.in_a_sequence();
            case.title = format!("{} after {} others", case.title, first.len());
        }
        let Some((promise, mut shown, answer)) = hits.1 else {
            return;
        };
        if target.kind == Kind::Restart {
            shown = deviation.clone();
        }
        let deviation = shown;
        let requests = self.requests_of(first);
        let published = self.publish(
            &requests,
            &case,
            &promise,
            &deviation,
            (hits.0, tries),
            answer,
        );
        if let Some(fingerprint) = published {
            let shrunk = Shrunk {
                fingerprint,
                before: (input.steps.len(), input.size()),
                after: (small.steps.len(), small.size()),
                spent: self.job.device.sent() - sent,
            };
            self.entry(&Entry::Shrunk {
                shrunk: shrunk.clone(),
            });
            self.harvest.shrunk.push(shrunk);
        }
    }

    /// Sends an input; what it shows of the target, with the answer as text.
    async fn shows(
        &mut self,
        input: &Input,
        target: &Target,
    ) -> Option<(PromiseId, Deviation, String)> {
        let (last, first) = input.steps.split_last()?;
        let case = self.weigher.weigh(last)?;
        let before = self.requests_of(first);
        let seen = self.probe.observe(&before, &case, target.looks).await;
        let (promise, deviation) = target.shown(&seen)?;
        Some((
            promise.clone(),
            deviation.clone(),
            render_answer(&seen.exchange),
        ))
    }

    /// The smallest input that still shows the target, confirmed; as it came where that cannot be
    /// confirmed. With hits, what was shown last, and tries.
    #[allow(clippy::type_complexity)]
    async fn smallest(
        &mut self,
        input: Input,
        target: &Target,
    ) -> (Input, (u32, Option<(PromiseId, Deviation, String)>), u32) {
        let (sent, restarts) = (self.job.device.sent(), self.probe.session().restarts());
        let operations = self
            .weigher
            .operations()
            .map(|o| o.id.clone())
            .collect::<Vec<_>>();
        let plain = operations.into_iter().map(|op| {
            let bodies = self.weigher.bodies(&op);
            (op, bodies)
        });
        let mut shrinker = Shrinker::new(input.clone(), plain.collect());
        loop {
            let spent = self.job.device.sent() - sent;
            let over = spent >= self.job.options.shrink
                || self.probe.session().restarts() - restarts >= RESTARTS
                || self.probe.session().lost().is_some()
                || *self.job.options.stop.borrow();
            if over {
                break;
            }
            let Some(candidate) = shrinker.candidate() else {
                break;
            };
            let shows = self.shows(&candidate, target).await.is_some();
            shrinker.answer(shows);
        }
        let small = shrinker.best().clone();
        let confirmed = self.confirm(&small, target).await;
        if confirmed.0.0 == confirmed.1 || small == input {
            return (small, confirmed.0, confirmed.1);
        }
        // Made too small: it does not come every time any more.
        let confirmed = self.confirm(&input, target).await;
        (input, confirmed.0, confirmed.1)
    }

    #[allow(clippy::type_complexity)]
    async fn confirm(
        &mut self,
        input: &Input,
        target: &Target,
    ) -> ((u32, Option<(PromiseId, Deviation, String)>), u32) {
        let (mut hits, mut tries, mut shown) = (0, 0, None);
        for _ in 0..TIMES {
            tries += 1;
            if target.kind == Kind::Restart {
                self.probe.until_a_restart_would_show().await;
            }
            if let Some(seen) = self.shows(input, target).await {
                hits += 1;
                shown = Some(seen);
            }
            if self.probe.session().lost().is_some() || *self.job.options.stop.borrow() {
                break;
            }
        }
        ((hits, shown), tries)
    }

    /// Hands a finding out unless it is known; its fingerprint where it was not.
    fn publish(
        &mut self,
        before: &[crate::exchange::Request],
        case: &Case,
        promise: &PromiseId,
        deviation: &Deviation,
        confirmed: (u32, u32),
        answer: String,
    ) -> Option<String> {
        let id = fingerprint(promise, deviation.kind, case);
        if !self.known.insert(id) {
            return None;
        }
        let story = FindingDraft {
            before,
            case,
            promise,
            deviation,
            confirmed,
            answer,
            observations: Vec::new(),
        };
        let (finding, files) = compose(self.job.device, &self.job.options.files, story);
        for (name, content) in files {
            self.listener.borrow_mut().on(&Event::File {
                name: &name,
                content: &content,
            });
            self.harvest.files.push((name, content));
        }
        self.listener.borrow_mut().on(&Event::Found(&finding));
        let fingerprint = finding.fingerprint.clone();
        self.harvest.findings.push(finding);
        Some(fingerprint)
    }
}
