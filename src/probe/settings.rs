//! The state of the resources that a device's operations write: one [`SettingsWatch`] for each, read
//! through the device.

use super::watch::{Difference, SettingsWatch, Unread};
use crate::case::{Case, Check, Expect};
use crate::device::{Device, Guard, ReadBackError};
use crate::judge::Took;
use crate::profile::ReadBack;
use serde_json::Value;
use std::collections::BTreeMap;

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
    /// Operations that write it; the first is the one that it is read for.
    operations: Vec<String>,
    how: ReadBack,
    watch: SettingsWatch,
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
}

impl Settings {
    /// Reads every resource that the guard could read once more; what two readings in a row show
    /// differently changes by itself.
    pub async fn learn(
        device: &Device,
        guard: &Guard,
        read_back: &BTreeMap<String, ReadBack>,
    ) -> Settings {
        let mut settings = Settings::default();
        for (operation, how) in read_back {
            let Some(before) = guard.before(operation) else {
                continue;
            };
            // What several operations write is one state, and has one memory.
            if let Some(at) = settings
                .watches
                .iter()
                .position(|w| same_state(&w.how, how))
            {
                settings.watches[at].operations.push(operation.clone());
                settings.written_by.insert(operation.clone(), at);
                continue;
            }
            let placeholders = how
                .unreadable
                .iter()
                .map(|(pointer, u)| (pointer.clone(), u.placeholders.clone()))
                .collect();
            let mut watch = SettingsWatch::new(placeholders);
            match device.read_back(operation).await {
                Ok(second) => watch.learn(&before.value, second.value),
                Err(_) => watch.learn(&before.value, before.value.clone()),
            }
            let at = settings.watches.len();
            settings.written_by.insert(operation.clone(), at);
            settings.watches.push(Watch {
                operations: vec![operation.clone()],
                how: how.clone(),
                watch,
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

    /// What the user should know since the last call.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// What the last read-back showed, where nothing is known to have changed it since.
    pub fn baseline(&self, operation: &str) -> Option<&Value> {
        self.at(operation)?.watch.baseline.as_ref()
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
        let read = device.read_back(operation).await;
        match self.at_mut(operation)?.watch.take(read) {
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

    /// Reads a state and takes it for the baseline; what differs from the baseline before, where
    /// there was one. `None`: it could not be read.
    pub async fn compare(
        &mut self,
        device: &Device,
        operation: &str,
    ) -> Option<Option<Difference>> {
        let now = self.read(device, operation).await?;
        let watch = &mut self.at_mut(operation)?.watch;
        let difference = watch.differs_from_baseline(&now);
        watch.baseline = Some(now);
        Some(difference)
    }

    /// What the state shows otherwise than an accepted write of `written`, and the state where it
    /// was read; `None` where nothing can be said of it.
    pub async fn after_write(
        &mut self,
        device: &Device,
        operation: &str,
        written: &Value,
    ) -> Option<(Option<Difference>, Option<Value>)> {
        if !self.readable(operation) {
            // Nobody reads what was given up.
            return None;
        }
        let read = device.read_back(operation).await;
        let watch = &mut self.at_mut(operation)?.watch;
        match watch.take_after_write(read) {
            Ok(value) => {
                watch.shows(written, &value);
                let difference = watch.differs_from_written(written, &value);
                watch.baseline = Some(value.clone());
                Some((difference, Some(value)))
            }
            Err(Unread::Broken(difference)) => Some((Some(difference), None)),
            Err(Unread::Failed(error)) => {
                self.unreadable(operation, &error);
                None
            }
        }
    }

    /// What an exchange means for what is known: after anything but a plain refusal nothing is;
    /// a refusal is remembered for the next look, by the number that the schedule gives it.
    pub fn note(&mut self, case: &Case, took: Took, number: Option<usize>) {
        let Some(watch) = self.at_mut(&case.operation).map(|w| &mut w.watch) else {
            return;
        };
        match took {
            Took::Accepted | Took::Neither => watch.forget(),
            Took::Refused => {
                if watch.baseline.is_some()
                    && case.check == Check::Unchanged
                    && let Some(number) = number
                {
                    watch.pending.push(number);
                }
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
                pending: std::mem::take(&mut watch.watch.pending),
                operation,
                difference,
            });
        }
        out
    }
}

/// Whether an accepted case has to read back as it was written.
pub fn written(case: &Case) -> Option<&Value> {
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

/// Whether two read-backs read one state.
fn same_state(a: &ReadBack, b: &ReadBack) -> bool {
    a.method == b.method && a.path == b.path && a.root == b.root
}
