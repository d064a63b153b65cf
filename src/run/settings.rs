//! The settings during a run: what was accepted reads back, what was refused changed nothing.

use super::runner::Run;
use super::tally::fingerprint;
use crate::case::{Case, Check, Expect, InputClass, as_it_stands};
use crate::contract::{PromiseId, StatePromise};
use crate::device::Unproven;
use crate::judge::{Acceptance, Deviation, Kind};
use crate::probe::{Difference, Observation, What, Written};
use serde_json::Value;
use std::collections::BTreeSet;

/// Refused cases that are gone through one by one when settings changed under them.
const SEARCH_LIMIT: usize = 40;
/// Refused cases of one window that are sent again because they have created something.
const SEARCH_AGAIN: usize = 5;

/// The list in which a difference is, where it is in one: which of its items differs depends on what was
/// written.
fn list_of<'p>(pointer: &'p str, written: &Value) -> &'p str {
    let ends = pointer.match_indices('/').map(|(at, _)| at);
    let mut outer = ends.filter_map(|end| pointer.get(..end));
    let list = outer.find(|p| written.pointer(p).is_some_and(Value::is_array));
    list.unwrap_or(pointer)
}

impl Run<'_> {
    /// Whether a read-back shows otherwise than what an accepted case wrote.
    pub(super) async fn read_after_write(&mut self, at: usize, seen: &Observation) -> bool {
        let case = self.case(at);
        let Some(written) = Written::by(case, seen) else {
            return false;
        };
        if !self.probe.settings().readable(&case.operation) {
            return false;
        }
        let promise = StatePromise::ReadBack.of(&case.operation);
        let writers = self.probe.settings().writers(&case.operation);
        let resource = writers.first().unwrap_or(&case.operation).clone();
        let before = self.confirmations.wrote(resource, at);
        let seen = self.probe.after_write(&case.operation, written).await;
        self.heed(None);
        let Some(difference) = seen else {
            self.ledger.state(&promise, false);
            return false;
        };
        let Some(first) = difference else {
            self.ledger.state(&promise, true);
            return false;
        };
        // One defect of storing shows in many writes: the member at fault is the class, not the
        // case.
        let mut charged = case.clone();
        charged.input_class = InputClass::read_back(list_of(&first.pointer, written.value));
        let id = fingerprint(&promise, Kind::ReadbackDiffers, &charged);
        if self.ledger.known(&id, &case.id) {
            return true;
        }
        let apart = || self.write_apart_from(&case.operation, written.value);
        let reset = match first.what {
            // The validator stays behind the write before this one, perhaps behind no other.
            What::Tag => before.or_else(apart),
            // What a write has reset does not show a second time, nor does one that is ignored behind
            // a write of the same values.
            what if what == What::LeftOut || written.partial => {
                apart().or_else(|| self.known_write(&case.operation))
            }
            _ => None,
        };
        let (mut hits, mut tries) = (1, 1);
        for _ in 1..self.times() {
            if let Some(reset) = reset {
                self.probe.send_in_session(self.case(reset), true).await;
                self.probe.compare(&case.operation).await;
                self.confirmations.spend(2);
            }
            self.probe.rest(&case.operation).await;
            let again = self.probe.send(case, true).await;
            self.confirmations.spend(2);
            self.probe.note(case, &again, None);
            let Some(written) = Written::by(case, &again) else {
                continue;
            };
            if let Some(seen) = self.probe.after_write(&case.operation, written).await {
                tries += 1;
                hits += u32::from(seen.is_some_and(|d| d.pointer == first.pointer));
            }
        }
        self.heed(None);
        if first.what == What::Tag && hits < tries {
            // Two reads have proven it; which writes lead from one to the other is not known.
            (hits, tries) = (1, 1);
        }
        let before = reset.map(|at| self.case(at).request.clone());
        self.ledger.publish_after(
            before.as_slice(),
            &charged,
            &promise,
            &first.not_read_back().after(case),
            (hits, tries),
            String::new(),
        );
        true
    }

    /// What a device has not taken back as it shows it is written once more, and judged as any other
    /// write; from then on nothing of the plan writes it.
    pub(super) async fn judge_unproven(&mut self, unproven: Vec<Unproven>) {
        for state in &unproven {
            let operation = self.job.contract.operation(&state.operation);
            let case = operation.zip(state.written.as_ref());
            let case = case.and_then(|(op, body)| as_it_stands(&self.job.context(), op, body));
            let Some(at) = case.and_then(|case| self.cases.keep_beside(case)) else {
                continue;
            };
            if !self.spared(at) {
                let seen = self.probe.send(self.case(at), false).await;
                self.settle(at, seen).await;
            }
        }
        self.probe.withhold(unproven);
    }

    /// Do the settings stand as before the refused cases since the last look?
    pub(super) async fn checkpoint(&mut self) {
        let looks = self.probe.checkpoint().await;
        self.heed(None);
        for look in looks {
            match look.difference {
                None => {
                    let cases = look.pending.iter().map(|at| &self.case(*at).operation);
                    let operations: BTreeSet<&String> = cases.collect();
                    for operation in operations {
                        self.ledger
                            .state(&StatePromise::Refusal.of(operation), true);
                    }
                }
                Some(difference) => {
                    let (seen, disturbed) = (&difference, look.disturbed);
                    self.search(&look.operation, &look.pending, seen, disturbed)
                        .await;
                }
            }
        }
    }

    /// Has anything been created that nobody knows of? The refused cases that have done it are sent
    /// again.
    pub(super) async fn look_for_more(&mut self) {
        let found = self.probe.look_for_more().await;
        self.heed(None);
        for id in found.iter().take(SEARCH_AGAIN) {
            let Some(at) = self.cases.plan().iter().position(|c| c.id == *id) else {
                continue;
            };
            let seen = self.probe.send(self.case(at), false).await;
            let refused = |p: &PromiseId| p.state() == Some(StatePromise::Refusal);
            for (promise, deviation) in seen.deviations.iter().filter(|(p, _)| refused(p)) {
                self.found(at, promise, deviation.clone(), &seen.exchange)
                    .await;
            }
        }
    }

    /// Settings changed under a block of refusals: finds the cases that do it.
    async fn search(
        &mut self,
        resource: &str,
        pending: &[usize],
        seen: &Difference,
        disturbed: bool,
    ) {
        let mut culprits = 0;
        for at in pending.iter().take(SEARCH_LIMIT) {
            if self.stopped() {
                return;
            }
            let case = self.case(*at);
            let promise = StatePromise::Refusal.of(&case.operation);
            // What is known to change this member need not be shown again with every payload.
            let likely = charged(case, &seen.pointer);
            let known = fingerprint(&promise, Kind::StateChangedByRefusal, &likely);
            if self.ledger.known(&known, &case.id) {
                culprits += 1;
                continue;
            }
            let reset = self.known_write(&case.operation);
            let Some((difference, confirmed)) = self.confirm_change(reset, case).await else {
                continue;
            };
            culprits += 1;
            let deviation = difference.changed_by_refusal().after(case);
            let case = charged(case, &difference.pointer);
            // Without it what is stored already would show no change.
            let before = reset.map(|at| self.case(at).request.clone());
            self.ledger.publish_after(
                before.as_slice(),
                &case,
                &promise,
                &deviation,
                confirmed,
                String::new(),
            );
        }
        if culprits == 0
            && let Some(last) = pending.last()
            && !self.probe.moves_by_itself(resource, seen).await
        {
            self.changed_once(resource, *last, (pending.len(), disturbed), seen);
        }
        self.probe.look_again().await;
        self.heed(None);
    }

    /// What a refused case changes each time, and how often of how often; `None` where it does not.
    async fn confirm_change(
        &mut self,
        reset: Option<usize>,
        case: &Case,
    ) -> Option<(Difference, (u32, u32))> {
        let (mut hits, mut tries, mut shown) = (0, 0, None);
        for _ in 0..self.times() {
            let Some((true, difference)) = self.changes(reset, case).await else {
                break;
            };
            tries += 1;
            match difference {
                Some(difference) => {
                    hits += 1;
                    shown = Some(difference);
                }
                None => break,
            }
        }
        shown.map(|difference| (difference, (hits, tries)))
    }

    /// [`Run::known_write`] among those that give every member another value than `written` does.
    fn write_apart_from(&self, operation: &str, written: &Value) -> Option<usize> {
        let apart = |value: &Value| {
            let ours = written.as_object().into_iter().flatten();
            ours.into_iter()
                .all(|(name, member)| value.get(name).is_some_and(|other| other != member))
        };
        let cases = self.cases.plan().iter().enumerate();
        let settings = self.probe.settings();
        cases
            .filter(|(_, c)| c.expect == Expect::Accepted)
            .filter(|(_, c)| settings.same_state(&c.operation, operation))
            .filter_map(|(at, c)| match &c.check {
                Check::ReadsBack(value) if apart(value) => Some((at, members(value))),
                _ => None,
            })
            .max_by_key(|(at, members)| (*members, std::cmp::Reverse(*at)))
            .map(|(at, _)| at)
    }

    /// The accepted write of the plan that sets the most members of a state. Before a search it is sent again:
    /// a changed setting may hide a second change to the same value, and a member that is not set
    /// cannot be seen to be cleared.
    fn known_write(&self, operation: &str) -> Option<usize> {
        let cases = self.cases.plan().iter().enumerate();
        let settings = self.probe.settings();
        cases
            .filter(|(_, c)| c.expect == Expect::Accepted)
            .filter(|(_, c)| settings.same_state(&c.operation, operation))
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
        reset: Option<usize>,
        case: &Case,
    ) -> Option<(bool, Option<Difference>)> {
        if let Some(reset) = reset {
            self.probe.send(self.case(reset), false).await;
        }
        self.confirmations.spend(4);
        self.probe.compare(&case.operation).await?;
        let seen = self.probe.send(case, false).await;
        let difference = self.probe.compare(&case.operation).await?;
        Some((seen.judgement.acceptance == Acceptance::Refused, difference))
    }

    /// Something changed settings once while requests were refused: not the same case every time,
    /// perhaps not a case at all. `at`: the last of the `refusals`.
    fn changed_once(
        &mut self,
        resource: &str,
        at: usize,
        (refusals, disturbed): (usize, bool),
        seen: &Difference,
    ) {
        if self.probe.settings().is_unanswered(resource) || disturbed {
            // It may have been a write that came to its end late, or one of something else that shows here.
            self.ledger
                .state(&StatePromise::Refusal.of(resource), false);
            return;
        }
        let mut case = self.case(at).clone();
        case.input_class = InputClass::SETTINGS_CHANGED_ONCE;
        case.title = "refused requests".to_owned();
        let (expected, observed) = (&seen.expected, &seen.observed);
        let deviation = Deviation::state_changed_once(refusals, &seen.pointer, expected, observed);
        let promise = StatePromise::Refusal.of(resource);
        self.ledger
            .publish_new(&case, &promise, &deviation, (1, 2), String::new());
    }

    /// The smallest write of each operation behind its largest one: in the plan it may stand behind
    /// another write that leaves out the same, and then nobody sees what it resets, or sets to something
    /// else than its default.
    pub(super) async fn smallest_writes(&mut self) {
        let operations = self.job.contract.operations.iter();
        let writes: Vec<&str> = operations
            .filter(|o| matches!(o.method.as_str(), "PATCH" | "PUT"))
            .filter(|o| self.probe.settings().readable(&o.id))
            .map(|o| o.id.as_str())
            .collect();
        for operation in writes {
            let Some((reset, at)) = self.largest_and_smallest(operation) else {
                continue;
            };
            if self.over() || self.spared(at) {
                return;
            }
            let first = self.probe.send_in_session(self.case(reset), false).await;
            self.probe.note(self.case(reset), &first, None);
            self.probe.compare(operation).await;
            let seen = self.probe.send(self.case(at), false).await;
            self.probe.note(self.case(at), &seen, None);
            self.read_after_write(at, &seen).await;
        }
    }

    /// The writes of the plan that set the most members and the fewest, where they differ.
    fn largest_and_smallest(&self, operation: &str) -> Option<(usize, usize)> {
        let largest = self.known_write(operation)?;
        let cases = self.cases.plan().iter().enumerate();
        let smallest = cases
            .filter(|(_, c)| c.operation == operation && c.expect == Expect::Accepted)
            .filter_map(|(at, c)| match &c.check {
                Check::ReadsBack(written) => Some((at, members(written))),
                _ => None,
            })
            .min_by_key(|(at, members)| (*members, *at))
            .map(|(at, _)| at)?;
        (largest != smallest).then_some((largest, smallest))
    }

    /// At the end of the plan: the last known settings still stand.
    pub(super) async fn final_settings(&mut self) {
        for resource in self.probe.settings().operations() {
            let refusals = self.probe.settings().refusals(&resource);
            let Some(difference) = self.probe.compare(&resource).await else {
                continue;
            };
            let (Some(difference), Some(at)) = (&difference, self.progress.answered()) else {
                // That nothing has changed says nothing of writes that nobody has read back.
                let promise = StatePromise::ReadBack.of(&resource);
                let kept = difference.is_none() && self.ledger.is_judged(&promise);
                self.ledger.state(&promise, kept);
                continue;
            };
            if refusals == 0 {
                self.ledger
                    .state(&StatePromise::ReadBack.of(&resource), false);
                if self.probe.settings().was_disturbed(&resource) {
                    // What was written elsewhere may show here.
                    continue;
                }
                let Difference {
                    pointer,
                    expected,
                    observed,
                    ..
                } = difference;
                let deviation = Deviation::not_kept(pointer, expected, observed);
                self.add_plain(
                    at,
                    |operation| StatePromise::ReadBack.of(operation),
                    deviation,
                    InputClass::SETTINGS_NOT_KEPT,
                );
            } else if !self.refusal_is_known_to_change(&resource) {
                let disturbed = self.probe.settings().was_disturbed(&resource);
                self.changed_once(&resource, at, (refusals, disturbed), difference);
            }
        }
    }

    /// Whether a refusal of some operation that writes this state is known to have changed it.
    fn refusal_is_known_to_change(&self, resource: &str) -> bool {
        let mut writers = self.probe.settings().writers(resource).iter();
        writers.any(|operation| {
            let promise = StatePromise::Refusal.of(operation);
            self.ledger.has(&promise, Kind::StateChangedByRefusal)
        })
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
    case.input_class = InputClass::changing(&Vec::from_iter(kinds), pointer);
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

#[cfg(test)]
mod tests {
    use super::list_of;
    use serde_json::json;

    #[test]
    fn what_differs_in_a_list_is_the_list() {
        let written = json!({"events": ["a", {"b": 1}], "map": {"0": {"x": 1}}, "n": 1});
        for (pointer, want) in [
            ("/events", "/events"),
            ("/events/0", "/events"),
            ("/events/1/b", "/events"),
            ("/map/0/x", "/map/0/x"),
            ("/n", "/n"),
            ("", ""),
        ] {
            assert_eq!(list_of(pointer, &written), want);
        }
        assert_eq!(list_of("/0/x", &json!([{"x": 1}])), "");
    }
}
