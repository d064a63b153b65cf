//! The state of the resources that a device's operations write: one [`SettingsWatch`] for each, read
//! through the device.

use super::difference::Difference;
use super::engine::is_safe;
use super::later::{Later, Pace, SETTLES_IN, Waits};
use super::watch::{Expected, Others, SettingsWatch, Unread};
use crate::case::{Case, Check, Expect};
use crate::device::{Device, Guard, ReadBackError, ReadBackState, StateRead};
use crate::exchange::Request;
use crate::judge::Acceptance;
use crate::pointer;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// Watches over the resources, and which operation writes which.
#[derive(Debug, Default)]
pub struct Settings {
    watches: Vec<Watch>,
    /// Operation → index of its watch.
    written_by: BTreeMap<String, usize>,
    notes: Vec<String>,
}

#[derive(Debug)]
struct Watch {
    /// Operations that write it; the first puts it back.
    operations: Vec<String>,
    read: StateRead,
    watch: SettingsWatch,
    /// A write that was accepted and may not be completed yet.
    unsettled: Option<Later>,
    /// How long such writes take.
    pace: Pace,
    /// It is of something that the job itself has created.
    own: bool,
    /// A write drew no answer: it may still be carried out at any time.
    unanswered: bool,
    /// A read went on showing what stood before a write, and nothing of it changed meanwhile: what
    /// it does not show is not stored.
    waited_in_vain: bool,
    /// A read has shown for a while what stood before a write.
    cached: bool,
    /// When it was last written, as far as anybody knows.
    written: Option<Instant>,
    /// Something else was written since the last look.
    disturbed: bool,
    /// The same before that look.
    was_disturbed: bool,
}

/// Between two looks whether it has.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// How long a read may show what stood before a write, as an answer out of a cache does (RFC 9111 §4.2).
const CACHED_FOR: Duration = Duration::from_millis(1_500);

/// Whether any member of what was written shows otherwise in the second of two reads.
fn moved(written: &Value, first: &Value, now: &Value) -> bool {
    let members = written.as_object().into_iter().flatten();
    let mut members = members.map(|(name, _)| (first.get(name), now.get(name)));
    match written {
        Value::Object(_) => members.any(|(first, now)| first != now),
        _ => first != now,
    }
}

/// Whether a read shows at a place what stood there before the write, as an answer out of a cache
/// does. Something third is no such answer.
fn shows_what_was(previous: Option<&Value>, now: &Value, pointer: &str) -> bool {
    previous.is_none_or(|previous| previous.pointer(pointer) == now.pointer(pointer))
}

/// An accepted write, as far as its read-back depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Written<'w> {
    /// The members that it names.
    pub value: &'w Value,
    /// Whether members that it does not name stay (`PATCH`, RFC 5789 §2, RFC 7396).
    pub partial: bool,
}

/// What a look at one resource after some refused cases came to.
#[derive(Debug)]
pub struct Checkpoint {
    /// An operation that writes it.
    pub operation: String,
    /// The refused cases, by the numbers that the schedule gave them.
    pub pending: Vec<usize>,
    /// What changed under them.
    pub difference: Option<Difference>,
    /// Whether something else was written meanwhile, which may show there.
    pub disturbed: bool,
}

impl Settings {
    /// Watches over every state that the guard could read; what two readings in a row show
    /// differently changes by itself.
    pub fn learn(guard: &Guard) -> Settings {
        let mut settings = Settings::default();
        for (write, before, second) in guard.states() {
            let placeholders = write
                .read
                .unreadable
                .iter()
                .map(|(pointer, u)| (pointer.clone(), u.placeholders.clone()))
                .collect();
            let mut watch =
                SettingsWatch::new(placeholders, write.own_members()).storing(write.stored.clone());
            watch.learn(before, second.unwrap_or(before).clone());
            let mut operations = vec![write.operation.clone()];
            operations.extend(write.writers.clone());
            operations.dedup();
            for operation in &operations {
                settings
                    .written_by
                    .insert(operation.clone(), settings.watches.len());
            }
            settings.watches.push(Watch {
                operations,
                read: write.read.clone(),
                watch,
                unsettled: None,
                pace: Pace::default(),
                own: write.own,
                unanswered: false,
                waited_in_vain: false,
                cached: false,
                written: None,
                disturbed: false,
                was_disturbed: false,
            });
        }
        settings
    }

    fn at(&self, operation: &str) -> Option<&Watch> {
        self.watches.get(*self.written_by.get(operation)?)
    }

    fn at_mut(&mut self, operation: &str) -> Option<&mut Watch> {
        self.watches.get_mut(*self.written_by.get(operation)?)
    }

    /// Whether the state that an operation writes is watched.
    pub fn watches(&self, operation: &str) -> bool {
        self.at(operation).is_some()
    }

    /// Where an operation writes that writes something of our own.
    pub(super) fn own_target(&self, operation: &str) -> Option<&str> {
        let at = self.at(operation).filter(|w| w.own)?;
        Some(at.read.target.as_str())
    }

    /// Whether two operations write the same state.
    pub fn same_state(&self, one: &str, other: &str) -> bool {
        let at = |operation: &str| self.written_by.get(operation);
        one == other || at(one).is_some() && at(one) == at(other)
    }

    /// Whether a write of this state was left without an answer, and may be carried out whenever the
    /// device comes to it.
    pub fn is_unanswered(&self, operation: &str) -> bool {
        self.at(operation).is_some_and(|w| w.unanswered)
    }

    /// Whether something else had been written before the last look at this state, which may show there.
    pub fn was_disturbed(&self, operation: &str) -> bool {
        self.at(operation).is_some_and(|w| w.was_disturbed)
    }

    /// A write of this state was sent and drew no answer.
    pub(super) fn left_unanswered(&mut self, operation: &str) {
        if let Some(at) = self.at_mut(operation) {
            at.unanswered = true;
        }
    }

    /// Whether it is watched and reading back still makes sense.
    pub fn readable(&self, operation: &str) -> bool {
        self.at(operation).is_some_and(|w| w.watch.readable())
    }

    /// Whether the settings of some resource stand in a JSON value.
    pub fn are_in(&self, body: &Value) -> bool {
        self.watches.iter().any(|w| w.watch.is_in(body))
    }

    /// One operation of each watched resource.
    pub fn operations(&self) -> Vec<String> {
        let first = |w: &Watch| w.operations.first().cloned();
        self.watches.iter().filter_map(first).collect()
    }

    /// What stands at a pointer of the state that an operation writes is the device's own.
    pub(super) fn leave_aside(&mut self, operation: &str, pointer: &str) {
        if let Some(at) = self.at_mut(operation) {
            at.watch.leave_aside(pointer);
        }
    }

    /// Notes something for the user.
    pub(super) fn say(&mut self, note: String) {
        self.notes.push(note);
    }

    /// What the user should know since the last call.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// What the last read-back showed, where nothing is known to have changed it since.
    pub fn baseline(&self, operation: &str) -> Option<&Value> {
        self.at(operation)?.watch.baseline.as_ref()
    }

    /// What stands, by operation, without what the profile says cannot be read.
    pub fn baselines(&self) -> BTreeMap<String, Value> {
        // What the next process creates is another thing.
        let known = self.watches.iter().filter(|w| !w.own).filter_map(|w| {
            let mut state = w.watch.baseline.clone()?;
            for path in w.read.unreadable.keys() {
                pointer::remove(&mut state, path);
            }
            Some((w.operations.first()?.clone(), state))
        });
        known.collect()
    }

    /// Goes on from [`Settings::baselines`] of an earlier process, with the refusals after it that
    /// nobody has looked at, by operation and number. What was sent in the moment of its death, a
    /// write that the device accepted perhaps, no journal tells: a change that no refusal makes
    /// again is nobody's.
    pub fn go_on(&mut self, states: &BTreeMap<String, Value>, refused: &[(String, usize)]) {
        for watch in &mut self.watches {
            let Some(then) = watch.operations.first().and_then(|o| states.get(o)) else {
                continue;
            };
            let mut then = then.clone();
            // Of what cannot be read nothing is said.
            let hidden = crate::device::masked(&then);
            for path in watch.read.unreadable.keys().chain(&hidden) {
                let now = watch.watch.baseline.as_ref();
                if let Some(now) = now.and_then(|now| now.pointer(path)) {
                    pointer::insert(&mut then, path, now.clone());
                }
            }
            watch.watch.baseline = Some(then);
            let ours = refused
                .iter()
                .filter(|(operation, _)| watch.operations.contains(operation));
            watch.watch.pending = ours.map(|(_, number)| *number).collect();
            watch.disturbed = true;
        }
    }

    /// How many requests that would have written a state were refused since the last look at it.
    pub fn refusals(&self, operation: &str) -> usize {
        self.at(operation).map_or(0, |at| at.watch.refusals)
    }

    /// The operations that write the state that this one writes.
    pub fn writers(&self, operation: &str) -> &[String] {
        self.at(operation).map_or(&[], |at| &at.operations)
    }

    /// Takes a state that was read for what stands.
    pub fn set_baseline(&mut self, operation: &str, value: Value) {
        if let Some(watch) = self.at_mut(operation) {
            watch.watch.baseline = Some(value);
        }
    }

    /// Reads a state; `None` where it cannot be read (three times in a row: for good).
    pub async fn read(&mut self, device: &Device, operation: &str) -> Option<Value> {
        if !self.readable(operation) {
            return None;
        }
        let at = self.at_mut(operation)?;
        if let Some(written) = at.written.filter(|_| at.cached) {
            tokio::time::sleep(CACHED_FOR.saturating_sub(written.elapsed())).await;
        }
        let read = match at.unsettled.take() {
            Some(later) => at_rest(device, &at.read, &at.pace, &later).await,
            None => read_now(device, &at.read).await,
        };
        match at.watch.take(read) {
            Ok(value) => Some(value),
            Err(error) => {
                self.unreadable(operation, &error);
                None
            }
        }
    }

    /// Says so where a failed read-back was the last that is tried.
    fn unreadable(&mut self, operation: &str, error: &ReadBackError) {
        if !self.readable(operation) {
            self.notes.push(format!(
                "{operation}: settings can no longer be read back ({error}); \
                 state is not judged any more"
            ));
        }
    }

    /// Waits until a write that was accepted for later has been completed.
    pub async fn rest(&mut self, device: &Device, operation: &str) {
        if self.at(operation).is_some_and(|at| at.unsettled.is_some()) {
            self.compare(device, operation).await;
        }
    }

    /// Reads a state and takes it for the baseline; what differs from the baseline before, where
    /// there was one. `None`: it could not be read.
    pub async fn compare(
        &mut self,
        device: &Device,
        operation: &str,
    ) -> Option<Option<Difference>> {
        let now = self.read(device, operation).await?;
        let at = self.at_mut(operation)?;
        at.was_disturbed = std::mem::take(&mut at.disturbed);
        let watch = &mut at.watch;
        let difference = watch.differs_from_baseline(&now);
        watch.baseline = Some(now);
        watch.refusals = 0;
        Some(difference)
    }

    /// What the state shows otherwise than an accepted write, and the state where it was read;
    /// `None` where nothing can be said of it.
    pub async fn after_write(
        &mut self,
        device: &Device,
        operation: &str,
        written: Written<'_>,
    ) -> Option<(Option<Difference>, Option<Value>)> {
        if !self.readable(operation) {
            // Nobody reads what was given up.
            return None;
        }
        let at = self.at_mut(operation)?;
        let previous = at.watch.take_previous();
        let expected = Expected {
            written: written.value,
            others: match &previous {
                before if written.partial => Others::Stay(before.as_ref()),
                Some(before) => Others::StayOrDefault(before),
                None => Others::Any,
            },
        };
        let later = at.unsettled.take();
        let (mut waits, mut looks) = (Waits::new(), 0);
        let (since, mut first) = (Instant::now(), None);
        let failed = loop {
            let read = read_now(device, &at.read).await;
            match at.watch.take_after_write(read) {
                Ok(value) => {
                    at.watch.shows(written.value, &value);
                    let difference = at.watch.differs_from_written(expected, &value);
                    let stale = difference
                        .as_ref()
                        .is_some_and(|d| shows_what_was(previous.as_ref(), &value, &d.pointer));
                    // A read that takes long is no cache: the first one has to have shown something else.
                    at.cached |= first
                        .as_ref()
                        .is_some_and(|first| moved(written.value, first, &value));
                    if stale && later.is_none() && !at.waited_in_vain {
                        if since.elapsed() < CACHED_FOR {
                            first.get_or_insert(value);
                            tokio::time::sleep(BETWEEN_LOOKS).await;
                            continue;
                        }
                        at.waited_in_vain = !at.cached;
                    }
                    if let Some(later) = &later {
                        let patient = Instant::now() < at.pace.end(later);
                        match (&difference, looks) {
                            (Some(_), 0) if patient => at.pace.likely(later).await,
                            (Some(_), _) if patient => waits.wait().await,
                            (Some(_), _) => at.pace.in_vain(),
                            // What was there at once tells nothing: it may have been there before.
                            (None, 0) => {}
                            (None, _) => at.pace.learn(later),
                        }
                        if difference.is_some() && patient {
                            looks += 1;
                            continue;
                        }
                    }
                    at.watch.baseline = Some(value.clone());
                    at.watch.refusals = 0;
                    return Some((difference, Some(value)));
                }
                Err(Unread::Broken(difference)) => return Some((Some(difference), None)),
                Err(Unread::Failed(error)) => break error,
            }
        };
        at.unsettled = later;
        self.unreadable(operation, &failed);
        None
    }

    /// What an exchange means for what is known: after anything but a plain refusal nothing is;
    /// a refusal is remembered for the next look, by the number that the schedule gives it.
    pub(super) fn note(
        &mut self,
        case: &Case,
        acceptance: Acceptance,
        later: Option<Later>,
        number: Option<usize>,
    ) {
        if acceptance != Acceptance::Refused && !is_safe(&case.request) {
            let ours = self.written_by.get(&case.operation).copied();
            let all = self.watches.iter_mut().enumerate();
            let others = all.filter(|(at, _)| Some(*at) != ours);
            others.for_each(|(_, watch)| watch.disturbed = true);
        }
        let Some(at) = self.at_mut(&case.operation) else {
            return;
        };
        if acceptance != Acceptance::Refused {
            at.written = Some(Instant::now());
        }
        at.unsettled = later.or(at.unsettled.take());
        let watch = &mut at.watch;
        match acceptance {
            Acceptance::Accepted | Acceptance::Neither => watch.forget(),
            Acceptance::Refused => {
                watch.refusals += 1;
                if watch.baseline.is_some()
                    && case.check == Check::Unchanged
                    && let Some(number) = number
                {
                    watch.pending.push(number);
                }
            }
        }
    }

    /// What is read at this target has to be read again.
    pub(super) fn forget_at(&mut self, target: &str) {
        let there = |w: &&mut Watch| w.read.target.trim_end_matches('/') == target;
        self.watches
            .iter_mut()
            .filter(there)
            .for_each(|w| w.watch.forget());
    }

    /// A list shows what was written to one of its items, or to it, and what stands below something that
    /// is replaced or removed goes with it: that has to be read again.
    /// `request` is as it was sent, at an item of our own where the case moved there.
    pub(super) fn forget_around(&mut self, operation: &str, request: &Request) {
        let Request::Http(http) = request else {
            return;
        };
        let Some(path) = crate::case::moves::path_of(http) else {
            return;
        };
        let ours = self.written_by.get(operation).copied();
        for (at, watch) in self.watches.iter_mut().enumerate() {
            let target = watch.read.target.trim_end_matches('/');
            let below = |lower: &str, upper: &str| {
                let rest = lower.strip_prefix(upper);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let replaces = matches!(http.method.as_str(), "PUT" | "PATCH" | "DELETE");
            let around = below(&path, target) || replaces && below(target, &path);
            if around && ours != Some(at) && !watch.read.target.is_empty() {
                watch.watch.forget();
            }
        }
    }

    /// Gives up the look at the refused cases since the last one.
    pub fn pass_over(&mut self) {
        for watch in &mut self.watches {
            watch.watch.pending.clear();
        }
    }

    /// After a restart nothing is known.
    pub fn forget(&mut self) {
        for watch in &mut self.watches {
            watch.watch.forget();
        }
    }

    /// Reads what is not known, before cases that must not change it.
    pub async fn look_again(&mut self, device: &Device) {
        for operation in self.operations() {
            if self.baseline(&operation).is_none() {
                self.compare(device, &operation).await;
            }
        }
    }

    /// Do the settings stand as before the refused cases since the last look?
    pub async fn checkpoint(&mut self, device: &Device) -> Vec<Checkpoint> {
        let mut out = Vec::new();
        for operation in self.operations() {
            let waiting = self
                .at(&operation)
                .is_some_and(|w| !w.watch.pending.is_empty() && w.watch.baseline.is_some());
            if !waiting {
                continue;
            }
            let Some(difference) = self.compare(device, &operation).await else {
                continue;
            };
            let Some(watch) = self.at_mut(&operation) else {
                continue;
            };
            out.push(Checkpoint {
                disturbed: watch.was_disturbed,
                pending: std::mem::take(&mut watch.watch.pending),
                operation,
                difference,
            });
        }
        out
    }
}

/// Whether an accepted case has to read back as it was written.
pub(super) fn written(case: &Case) -> Option<&Value> {
    match &case.check {
        Check::ReadsBack(written)
            if matches!(
                case.expect,
                Expect::Accepted | Expect::AcceptedOr { .. } | Expect::Either { .. }
            ) =>
        {
            Some(written)
        }
        _ => None,
    }
}

/// Reads a state; a device that refuses for the moment (busy, or locked after wrong credentials that
/// are given with every request) is waited for.
async fn read_now(device: &Device, read: &StateRead) -> Result<ReadBackState, ReadBackError> {
    let result = device.read_state(read).await;
    match &result {
        Err(ReadBackError::Status(423 | 429 | 503)) => device.read_patiently(read).await,
        Err(ReadBackError::Status(401)) if !device.can_login() => device.read_patiently(read).await,
        _ => result,
    }
}

/// Reads a state after a write that was accepted for later: once it is done, or until looks in a row
/// show the same, at most for a while.
async fn at_rest(
    device: &Device,
    read: &StateRead,
    pace: &Pace,
    later: &Later,
) -> Result<ReadBackState, ReadBackError> {
    if pace.over(device, later).await {
        return read_now(device, read).await;
    }
    let end = Instant::now() + SETTLES_IN;
    let mut last = read_now(device, read).await?;
    let mut alike = 0;
    while alike < 3 && Instant::now() < end {
        tokio::time::sleep(BETWEEN_LOOKS).await;
        let now = read_now(device, read).await?;
        alike = if now.value == last.value {
            alike + 1
        } else {
            0
        };
        last = now;
    }
    Ok(last)
}
