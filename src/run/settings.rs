//! The settings during a run: what was accepted reads back, what was refused changed nothing.

use super::job::Attempt;
use super::runner::Runner;
use super::state::{Difference, Unread};
use super::tally::fingerprint;
use crate::case::{Case, Check, Expect};
use crate::device::ReadBackError;
use crate::judge::{Deviation, Judgement, Kind, Took};
use serde_json::Value;
use std::collections::BTreeSet;

/// Refused cases that are gone through one by one when settings changed under them.
const SEARCH_LIMIT: usize = 40;

impl Runner<'_> {
    /// After one case: reads back an accepted write, remembers a refused one. Returns whether a
    /// promise about the settings is broken.
    pub(super) async fn mind_settings(&mut self, at: usize, attempt: &Attempt) -> bool {
        let case = self.case(at);
        let Some(watched) = self.watched.get_mut(&case.operation) else {
            return false;
        };
        match attempt.judgement.took {
            Took::Accepted => {
                watched.standing = None;
                watched.pending.clear();
                match &case.check {
                    Check::ReadsBack(written)
                        if matches!(
                            case.expect,
                            Expect::Accepted | Expect::AcceptedOr { .. } | Expect::Either { .. }
                        ) =>
                    {
                        self.read_after_write(at, written).await
                    }
                    _ => false,
                }
            }
            Took::Refused => {
                if watched.standing.is_some() && case.check == Check::Unchanged {
                    watched.pending.push(at);
                }
                false
            }
            Took::Neither => {
                watched.standing = None;
                watched.pending.clear();
                false
            }
        }
    }

    /// An accepted request other than a watched one may have changed the settings.
    pub(super) fn mark_changed(&mut self, case: &Case, judgement: &Judgement) {
        if judgement.took != Took::Refused
            && let Some(watched) = self.watched.get_mut(&case.operation)
        {
            watched.standing = None;
            watched.pending.clear();
        }
    }

    /// After a restart nothing is known.
    pub(super) fn forget_standing(&mut self) {
        for watched in self.watched.values_mut() {
            watched.standing = None;
            watched.pending.clear();
        }
    }

    /// Reads the settings where they are not known, before cases that must not change them.
    pub(super) async fn look_again(&mut self) {
        for operation in self.watched_operations() {
            if self
                .watched
                .get(&operation)
                .is_some_and(|w| w.standing.is_none() && w.readable())
                && let Some(value) = self.read(&operation).await
                && let Some(watched) = self.watched.get_mut(&operation)
            {
                watched.standing = Some(value);
            }
        }
    }

    fn watched_operations(&self) -> Vec<String> {
        self.watched.keys().cloned().collect()
    }

    async fn read(&mut self, operation: &str) -> Option<Value> {
        let read = self.job.device.read_back(operation).await;
        match self.watched.get_mut(operation)?.take(read) {
            Ok(value) => Some(value),
            Err(error) => {
                self.unreadable(operation, &error);
                None
            }
        }
    }

    /// Says so where a failed read-back was the last that is tried.
    fn unreadable(&mut self, operation: &str, error: &ReadBackError) {
        if self.watched.get(operation).is_some_and(|w| !w.readable()) {
            self.note(format!(
                "{operation}: settings can no longer be read back ({error}); \
                 state is not judged any more"
            ));
        }
    }

    /// What the settings show otherwise than an accepted write of `written`; `None` where nothing can
    /// be said of it.
    async fn look_after(&mut self, operation: &str, written: &Value) -> Option<Option<Difference>> {
        let read = self.job.device.read_back(operation).await;
        let watched = self.watched.get_mut(operation)?;
        match watched.take_after_write(read) {
            Ok(value) => {
                watched.shows(written, &value);
                let difference = watched.differs_from_written(written, &value);
                watched.standing = Some(value);
                Some(difference)
            }
            Err(Unread::Broken(difference)) => Some(Some(difference)),
            Err(Unread::Failed(error)) => {
                self.unreadable(operation, &error);
                None
            }
        }
    }

    /// Whether a read-back shows what an accepted case wrote.
    async fn read_after_write(&mut self, at: usize, written: &Value) -> bool {
        let case = self.case(at);
        if !self
            .watched
            .get(&case.operation)
            .is_some_and(super::state::Watched::readable)
        {
            return false;
        }
        let promise = format!("{}.state.readback", case.operation);
        let Some(difference) = self.look_after(&case.operation, written).await else {
            self.state(&promise, false);
            return false;
        };
        let Some(first) = difference else {
            self.state(&promise, true);
            return false;
        };
        // One defect of storing shows in many writes: the member at fault is the class, not the
        // case.
        let mut charged = case.clone();
        charged.input_class = format!("readback:{}", first.pointer);
        if self.tally.known(
            &fingerprint(&promise, Kind::ReadbackDiffers, &charged),
            &case.id,
        ) {
            return true;
        }
        let (mut hits, mut tries) = (1, 1);
        for _ in 1..self.times() {
            let again = self.attempt(case, true).await;
            self.confirming += 2;
            if again.judgement.took != Took::Accepted {
                continue;
            }
            if let Some(seen) = self.look_after(&case.operation, written).await {
                tries += 1;
                hits += u32::from(seen.is_some_and(|d| d.pointer == first.pointer));
            }
        }
        let deviation = first.not_read_back();
        self.publish(
            &charged,
            &promise,
            &deviation,
            (hits, tries),
            String::new(),
            Vec::new(),
        );
        true
    }

    /// Do the settings stand as before the refused cases since the last look?
    pub(super) async fn checkpoint(&mut self) {
        for operation in self.watched_operations() {
            let waiting = self
                .watched
                .get(&operation)
                .is_some_and(|w| !w.pending.is_empty() && w.standing.is_some() && w.readable());
            if !waiting {
                continue;
            }
            let Some(value) = self.read(&operation).await else {
                continue;
            };
            let Some(watched) = self.watched.get_mut(&operation) else {
                continue;
            };
            let difference = watched.differs_from_standing(&value);
            let pending = std::mem::take(&mut watched.pending);
            watched.standing = Some(value);
            let promise = format!("{operation}.state.refusal");
            match difference {
                None => self.state(&promise, true),
                Some(difference) => {
                    self.search(&operation, &promise, &pending, &difference)
                        .await;
                }
            }
        }
    }

    /// Settings changed under a block of refusals: finds the cases that do it.
    async fn search(
        &mut self,
        operation: &str,
        promise: &str,
        pending: &[usize],
        seen: &Difference,
    ) {
        let reset = self.known_write(operation);
        let mut culprits = 0;
        for at in pending.iter().take(SEARCH_LIMIT) {
            if self.stop.is_some() {
                return;
            }
            let case = self.case(*at);
            // What is known to change this member need not be shown again with every payload.
            let likely = charged(case, &seen.pointer);
            let known = fingerprint(promise, Kind::StateChangedByRefusal, &likely);
            if self.tally.known(&known, &case.id) {
                culprits += 1;
                continue;
            }
            let (mut hits, mut tries, mut shown) = (0, 0, None);
            for _ in 0..self.times() {
                let Some((refused, difference)) = self.changes(operation, reset, case).await else {
                    break;
                };
                if !refused {
                    break;
                }
                tries += 1;
                match difference {
                    Some(difference) => {
                        hits += 1;
                        shown = Some(difference);
                    }
                    None => break,
                }
            }
            if let Some(difference) = shown {
                culprits += 1;
                let case = charged(case, &difference.pointer);
                let known = fingerprint(promise, Kind::StateChangedByRefusal, &case);
                if self.tally.known(&known, &case.id) {
                    continue;
                }
                let deviation = difference.changed_by_refusal();
                self.publish(
                    &case,
                    promise,
                    &deviation,
                    (hits, tries),
                    String::new(),
                    Vec::new(),
                );
            }
        }
        if culprits == 0
            && let Some(last) = pending.last()
        {
            // Something changed them once: not the same case every time, perhaps not a case at all.
            let mut case = self.case(*last).clone();
            case.input_class = "settings-changed-once".to_owned();
            case.title = "refused requests".to_owned();
            let deviation = Deviation::state_changed_once(
                pending.len(),
                &seen.pointer,
                &seen.expected,
                &seen.observed,
            );
            let id = fingerprint(promise, deviation.kind, &case);
            if !self.tally.known(&id, &case.id) {
                self.publish(
                    &case,
                    promise,
                    &deviation,
                    (1, 2),
                    String::new(),
                    Vec::new(),
                );
            }
        }
        self.look_again().await;
    }

    /// The accepted write of the plan that sets the most members. Before a search it is sent again:
    /// a changed setting may hide a second change to the same value, and a member that is not set
    /// cannot be seen to be cleared.
    fn known_write(&self, operation: &str) -> Option<usize> {
        let cases = self.job.plan.cases.iter().enumerate();
        cases
            .filter(|(_, c)| c.operation == operation && c.expect == Expect::Accepted)
            .filter_map(|(at, c)| match &c.check {
                Check::ReadsBack(written) => Some((at, members(written))),
                _ => None,
            })
            // The first of the largest.
            .max_by_key(|(at, members)| (*members, std::cmp::Reverse(*at)))
            .map(|(at, _)| at)
    }

    /// Known write, read, the case, read: was it refused, and what changed?
    async fn changes(
        &mut self,
        operation: &str,
        reset: Option<usize>,
        case: &Case,
    ) -> Option<(bool, Option<Difference>)> {
        if let Some(reset) = reset {
            self.took(self.case(reset)).await;
        }
        self.confirming += 4;
        let before = self.read(operation).await?;
        let took = self.took(case).await;
        let after = self.read(operation).await?;
        let watched = self.watched.get_mut(operation)?;
        watched.standing = Some(before);
        let difference = watched.differs_from_standing(&after);
        watched.standing = Some(after);
        Some((took == Took::Refused, difference))
    }

    /// At the end of the plan: the last known settings still stand.
    pub(super) async fn final_settings(&mut self) {
        for operation in self.watched_operations() {
            let Some(value) = self.read(&operation).await else {
                continue;
            };
            let Some(watched) = self.watched.get_mut(&operation) else {
                continue;
            };
            let difference = watched.differs_from_standing(&value);
            self.state(&format!("{operation}.state.readback"), difference.is_none());
            if let Some(difference) = difference
                && let Some(at) = self.answered
            {
                let deviation = Deviation::not_kept(
                    &difference.pointer,
                    &difference.expected,
                    &difference.observed,
                );
                self.add_plain(at, "state.readback", deviation, "settings-not-kept");
            }
        }
    }
}

/// The case with what its refusal changed as input class: a defect of storing shows with many
/// payloads, so the kinds of faults and the member count, not the payload.
fn charged(case: &Case, pointer: &str) -> Case {
    let kinds: BTreeSet<String> = match &case.expect {
        Expect::Refused { faults } | Expect::Unauthorized { faults } => {
            faults.iter().map(|f| format!("{:?}", f.kind)).collect()
        }
        _ => BTreeSet::new(),
    };
    let mut case = case.clone();
    case.input_class = format!("{} changes {pointer}", Vec::from_iter(kinds).join("+"));
    case
}

/// How many values, at any depth, a write sets.
fn members(value: &Value) -> usize {
    match value {
        Value::Object(map) => map.values().map(members).sum(),
        Value::Array(list) => list.iter().map(members).sum::<usize>() + 1,
        _ => 1,
    }
}
