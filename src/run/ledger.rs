//! What a run has found and said so far, and the door through which listeners hear of it.

use super::cases::Cases;
use super::confirm::{FindingDraft, compose, reproducer};
use super::event::{Event, Listener};
use super::job::Job;
use super::result::{Choice, Finding, OperationResult, PromiseResult};
use super::tally::Results;
use crate::case::{Case, CaseId};
use crate::contract::{Contract, PromiseId};
use crate::device::Device;
use crate::exchange::{Exchange, Request};
use crate::judge::{Acceptance, Deviation, Judgement, Kind};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

/// Findings, statements, notes and files of a run.
pub(super) struct Ledger<'a> {
    listener: Rc<RefCell<&'a mut dyn Listener>>,
    device: &'a Device,
    /// Folder of reproducers' files, as reproducers should name it.
    folder: &'a str,
    tally: Results,
    notes: Vec<String>,
    noted: HashSet<String>,
    files: Vec<(String, Vec<u8>)>,
}

/// What a ledger leaves: operations, promises, findings, choices, notes, files.
pub(super) struct Closed {
    pub(super) operations: Vec<OperationResult>,
    pub(super) promises: Vec<PromiseResult>,
    pub(super) findings: Vec<Finding>,
    pub(super) choices: Vec<Choice>,
    pub(super) notes: Vec<String>,
    pub(super) files: Vec<(String, Vec<u8>)>,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(
        listener: Rc<RefCell<&'a mut dyn Listener>>,
        device: &'a Device,
        folder: &'a str,
        contract: &Contract,
    ) -> Self {
        Ledger {
            listener,
            device,
            folder,
            tally: Results::of(contract),
            notes: Vec::new(),
            noted: HashSet::new(),
            files: Vec::new(),
        }
    }

    /// Tells the listeners.
    pub(super) fn tell(&mut self, event: &Event<'_>) {
        self.listener.borrow_mut().on(event);
    }

    /// Why the run must not go on.
    pub(super) fn halt(&self) -> Option<String> {
        self.listener.borrow().halt()
    }

    /// Whether [`Event::ErrorAnswer`] is of use.
    pub(super) fn wants_error_answers(&self) -> bool {
        self.listener.borrow().wants_error_answers()
    }

    /// Something that the user should know; once.
    pub(super) fn note(&mut self, text: String) {
        if self.noted.insert(text.clone()) {
            self.listener.borrow_mut().on(&Event::Note(&text));
            self.notes.push(text);
        }
    }

    /// Says something about a promise that no single case says.
    pub(super) fn state(&mut self, promise: &PromiseId, kept: bool) {
        self.tally.note(promise, kept);
        self.listener
            .borrow_mut()
            .on(&Event::Stated { promise, kept });
    }

    /// Whether anything was said of a promise so far.
    pub(super) fn is_judged(&self, promise: &PromiseId) -> bool {
        self.tally.is_judged(promise)
    }

    /// As [`Results::count`].
    pub(super) fn count(&mut self, case: &Case, judgement: &Judgement, answered: bool) {
        self.tally.count(case, judgement, answered);
    }

    /// As [`Results::known`].
    pub(super) fn known(&mut self, fingerprint: &str, case: &CaseId) -> bool {
        self.tally.known(fingerprint, case)
    }

    /// As [`Results::explained`].
    pub(super) fn explained(&mut self, promise: &PromiseId, kind: Kind, case: &Case) -> bool {
        self.tally.explained(promise, kind, case)
    }

    /// As [`Results::has`].
    pub(super) fn has(&self, promise: &PromiseId, kind: Kind) -> bool {
        self.tally.has(promise, kind)
    }

    /// As [`Results::accepts_against`].
    pub(super) fn accepts_against(&self, operations: &[&str], keyword: &str) -> bool {
        self.tally.accepts_against(operations, keyword)
    }

    /// As [`Results::join_last`].
    pub(super) fn join_last(&mut self, promise: &PromiseId, kind: Kind, case: &Case) -> bool {
        self.tally.join_last(promise, kind, case)
    }

    /// As [`Results::take_joined`].
    pub(super) fn take_joined(&mut self) -> Vec<String> {
        self.tally.take_joined()
    }

    /// A finding without evidence of an exchange, unless it is known.
    pub(super) fn publish_new(
        &mut self,
        case: &Case,
        promise: &PromiseId,
        deviation: &Deviation,
        confirmed: (u32, u32),
        answer: String,
    ) {
        self.publish_after(&[], case, promise, deviation, confirmed, answer);
    }

    /// A finding that shows only behind other requests, unless it is known.
    pub(super) fn publish_after(
        &mut self,
        before: &[Request],
        case: &Case,
        promise: &PromiseId,
        deviation: &Deviation,
        confirmed: (u32, u32),
        answer: String,
    ) {
        let id = super::tally::fingerprint(promise, deviation.kind, case);
        if !self.known(&id, &case.id) {
            self.compose(before, case, promise, deviation, confirmed, answer);
        }
    }

    /// Builds a finding, masks it and hands it out.
    pub(super) fn publish(
        &mut self,
        case: &Case,
        promise: &PromiseId,
        deviation: &Deviation,
        confirmed: (u32, u32),
        answer: String,
    ) {
        self.compose(&[], case, promise, deviation, confirmed, answer);
    }

    fn compose(
        &mut self,
        before: &[Request],
        case: &Case,
        promise: &PromiseId,
        deviation: &Deviation,
        confirmed: (u32, u32),
        answer: String,
    ) {
        let story = FindingDraft {
            before,
            case,
            promise,
            deviation,
            confirmed,
            answer,
            observations: Vec::new(),
        };
        let (found, files) = compose(self.device, self.folder, story);
        for (name, content) in files {
            self.listener.borrow_mut().on(&Event::File {
                name: &name,
                content: &content,
            });
            self.files.push((name, content));
        }
        self.listener.borrow_mut().on(&Event::Found(&found));
        self.tally.add(found);
    }

    /// What an earlier process wrote: a statement.
    pub(super) fn remember_state(&mut self, promise: &PromiseId, kept: bool) {
        self.tally.note(promise, kept);
    }

    /// What an earlier process wrote: a finding.
    pub(super) fn remember_finding(&mut self, finding: Finding) {
        self.tally.add(finding);
    }

    /// What an earlier process wrote: a reproducer's file.
    pub(super) fn remember_file(&mut self, name: String, content: Vec<u8>) {
        self.files.push((name, content));
    }

    /// What an earlier process wrote: a note.
    pub(super) fn remember_note(&mut self, text: &str) {
        if self.noted.insert(text.to_owned()) {
            self.notes.push(text.to_owned());
        }
    }

    /// Notes what a case drew.
    pub(super) fn drew(&mut self, case: &Case, exchange: &Exchange, acceptance: Acceptance) {
        self.tally.drew(case, exchange, acceptance);
    }

    /// As [`Results::withdraw`].
    pub(super) fn withdraw(&mut self) {
        self.tally.withdraw();
    }

    /// Everything, at the end; listeners still hear. `stopped`: why the plan was not sent to its
    /// end.
    pub(super) fn close(&mut self, job: &Job, cases: &Cases<'_>, stopped: Option<&str>) -> Closed {
        let tally = std::mem::take(&mut self.tally);
        let mut promises = tally.promises(&job.contract, &job.plan, stopped);
        for promise in &mut promises {
            promise.ideas.mask(|text| self.device.mask(text));
        }
        let effects = job.device.policy().map(|policy| policy.effects());
        let mut operations = tally.operations(&job.contract, &job.plan, stopped, effects);
        for operation in &mut operations {
            let reason = self.device.withheld(&operation.id);
            let reason = reason.as_deref().or(operation.reason.as_deref());
            operation.reason = reason.map(|r| self.device.mask(r));
        }
        let by_id: BTreeMap<&str, &Case> = cases.all().map(|c| (c.id.as_str(), c)).collect();
        let mut written = Vec::new();
        // Before they are put together: a cause is arguable where every case of it is.
        let follow = |findings: &mut [Finding]| {
            super::follow::mark(findings, &job.contract, &job.profile);
        };
        let (findings, choices) = tally.into_parts(follow, |id| {
            let case = *by_id.get(id)?;
            // The ids of cases are for people; a file wants a short name.
            let name = super::causes::hash(["case", id]);
            let (reproducer, files) = reproducer(self.device, self.folder, &name, &[], case);
            written.extend(files);
            Some((case, reproducer))
        });
        for (name, content) in written {
            self.listener.borrow_mut().on(&Event::File {
                name: &name,
                content: &content,
            });
            self.files.push((name, content));
        }
        Closed {
            operations,
            promises,
            findings,
            choices,
            notes: std::mem::take(&mut self.notes),
            files: std::mem::take(&mut self.files),
        }
    }
}
