//! Keeps the device's settings over a run: reads them before and writes them back after.
//!
//! A read-back may show a placeholder where a secret stands. Writing that would destroy the secret,
//! so a placeholder is never written: the real value comes from the caller or from the profile's
//! environment variable, or the member is left out and the report says so. Where the device then
//! refuses the rest, a valid value stands in for it: one setting is lost, not all.

mod entry;

use super::hidden::{masked, unshown};
use super::members::covers;
use super::put_back::patiently;
use super::read_back::{ReadBackState, StateRead};
use super::{Device, ReadBackError, lock};
use crate::contract::Stored;
use crate::exchange::{HttpRequest, Template};
use crate::pointer::remove;
use entry::Entry;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// A resource whose state is guarded, whoever writes it.
#[derive(Clone, Debug)]
pub struct GuardedWrite {
    /// The operation that puts it back.
    pub operation: String,
    /// Every operation that writes it.
    pub writers: Vec<String>,
    /// Whether it may be written where it cannot be read.
    pub optional: bool,
    /// How its state is read.
    pub read: StateRead,
    /// How the write is sent: method, target and headers, the operation's own media type among
    /// them; the guard puts the body in.
    pub request: HttpRequest,
    /// JSON pointers of members that the document calls `readOnly`: neither written nor compared.
    pub read_only: Vec<String>,
    /// JSON pointers of the members that its body knows (`/proxy`, `/stun/port`). What the
    /// read-back shows beyond them is not written and not compared. A pointer stands for all that
    /// is below it; an array is written as a whole.
    pub members: Vec<String>,
    /// Whether a write of it may be completed after its answer, as the document says (202, RFC 9110
    /// §15.3.3).
    pub later: bool,
    /// What those who write it say of the form in which it is stored.
    pub stored: Stored,
    /// Whether it is of something that the job itself has created: that is removed at the end, not
    /// put back.
    pub own: bool,
    /// JSON pointer of the member by which a write may have to name the state that it replaces
    /// (`/version`): the device shows whether it is so.
    pub revision: Option<String>,
    /// Values of members that cannot be read back: JSON pointer → value. They win over the
    /// profile's `restore-env`.
    pub values: BTreeMap<String, Value>,
    /// Valid values of members, JSON pointer → value: what a member gets whose value nobody knows,
    /// where the device refuses the other settings without it.
    pub stand_ins: BTreeMap<String, Value>,
}

impl GuardedWrite {
    /// JSON pointers of what clients may write.
    pub fn own_members(&self) -> Vec<String> {
        let own = |p: &&String| !p.is_empty() && !covers(&self.read_only, p);
        self.members.iter().filter(own).cloned().collect()
    }
}

/// A state that this device does not take back as it shows it.
#[derive(Clone, Debug)]
pub struct Unproven {
    /// The operation that wrote it back.
    pub operation: String,
    /// Every operation that writes it.
    pub writers: Vec<String>,
    /// Why it could not be put back, secrets masked.
    pub why: String,
    /// What was accepted and reads back otherwise, and where it went; `None` where a secret is in it.
    pub written: Option<(Template, Value)>,
}

/// What became of the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// `Some(true)`: as before. `Some(false)`: they differ, or a member that cannot be read was
    /// not written back. `None`: could not be looked at.
    pub ok: Option<bool>,
    /// Why, where `ok` is not `Some(true)`; one line a member or operation, without secret values.
    pub reasons: Vec<String>,
    /// Whether a value that was put back as it was is another one: the device cannot hold it.
    pub rounded: bool,
}

impl Restored {
    /// As it was, nothing done.
    pub fn of_nothing() -> Restored {
        Restored {
            ok: Some(true),
            ..Restored::default()
        }
    }

    /// All of another result as well.
    pub fn join(&mut self, other: Restored) {
        self.add(other.ok, None);
        self.rounded |= other.rounded;
        self.reasons.extend(other.reasons);
    }

    /// One more result; the worse of the two counts.
    pub fn add(&mut self, ok: Option<bool>, reason: impl Into<Option<String>>) {
        self.ok = match (self.ok, ok) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (None, _) | (_, None) => None,
            _ => Some(true),
        };
        self.reasons.extend(reason.into());
    }
}

/// The settings of all guarded operations as they were.
#[derive(Debug, Default)]
pub struct Guard {
    entries: Vec<Entry>,
}

impl Guard {
    /// Reads every state twice: what differs between the two changes by itself. Secret settings that
    /// it sees are masked from then on ([`Device::mask`]).
    pub async fn take(device: &Device, writes: Vec<GuardedWrite>) -> Guard {
        let mut guard = Guard::default();
        guard.take_more(device, writes).await;
        guard
    }

    /// [`Guard::take`] of more of them.
    pub async fn take_more(&mut self, device: &Device, writes: Vec<GuardedWrite>) {
        for write in writes {
            let mut hidden = write.values.clone();
            for (pointer, about) in &write.read.unreadable {
                let from_env = about
                    .restore_env
                    .as_deref()
                    .and_then(|n| std::env::var(n).ok());
                if let Some(value) = from_env {
                    hidden.entry(pointer.clone()).or_insert(value.into());
                }
            }
            let mut before = match device.read_state(&write.read).await {
                // Whoever is busy has not said no.
                Err(ReadBackError::Status(409 | 423 | 429 | 503)) => {
                    patiently(device, &write.read).await
                }
                read => read,
            };
            let second = match &before {
                Ok(_) => device.read_state(&write.read).await.ok().map(|s| s.value),
                Err(_) => None,
            };
            let volatile = match (&before, &second) {
                (Ok(before), Some(second)) => before
                    .differences(&ReadBackState {
                        value: second.clone(),
                        ..before.clone()
                    })
                    .into_iter()
                    .collect(),
                _ => BTreeSet::new(),
            };
            if let Ok(state) = &mut before {
                let found = unshown(&write, &state.value);
                state.unreadable.extend(found);
            }
            let mut session = lock(&device.session);
            let unreadable = &write.read.unreadable;
            let read = before
                .iter()
                .flat_map(|state| unreadable.keys().filter_map(|p| state.get(p)));
            for value in hidden.values().chain(read) {
                if let Value::String(text) = value {
                    session.add_setting(text);
                }
            }
            drop(session);
            self.entries.push(Entry {
                write,
                before,
                second,
                volatile,
                hidden,
                counts: AtomicBool::new(false),
            });
        }
    }

    /// Operations whose writes have to name the state that they replace, as this device has shown: how
    /// it is read, and the member that names it.
    fn counted(&self) -> impl Iterator<Item = (&GuardedWrite, &str)> {
        let counting = self.entries.iter().filter(|e| e.counts.load(Relaxed));
        counting.filter_map(|e| Some((&e.write, e.write.revision.as_deref()?)))
    }

    /// Members that name states, with an operation that writes them.
    pub fn revisions(&self) -> impl Iterator<Item = (&str, &str)> {
        self.counted()
            .map(|(write, pointer)| (write.operation.as_str(), pointer))
    }

    /// How the state that an operation writes is read, and the member that names it.
    pub fn revision(&self, operation: &str) -> Option<(&StateRead, &str)> {
        let mut counted = self.counted();
        let of = counted.find(|(write, _)| write.writers.iter().any(|w| w == operation));
        of.map(|(write, pointer)| (&write.read, pointer))
    }

    /// Every guarded state with its first look, and the second where it came.
    pub fn states(&self) -> impl Iterator<Item = (&GuardedWrite, &Value, Option<&Value>)> {
        self.entries.iter().filter_map(|e| {
            let before = e.before.as_ref().ok()?;
            Some((&e.write, &before.value, e.second.as_ref()))
        })
    }

    /// What is put back at the end.
    fn kept(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|e| !e.write.own)
    }

    /// Whether anything is to be put back.
    pub fn keeps(&self) -> bool {
        self.kept().next().is_some()
    }

    /// Whether anything may be sent that changes what is to be put back.
    pub fn may_be_changed(&self, device: &Device) -> bool {
        self.kept().any(|entry| !entry.is_withheld(device))
    }

    /// The settings of an operation as they were, where they could be read.
    pub fn before(&self, operation: &str) -> Option<&ReadBackState> {
        self.entries
            .iter()
            .find(|e| e.write.writers.iter().any(|w| w == operation))
            .and_then(|e| e.before.as_ref().ok())
    }

    /// The settings as they were, by operation, without what the profile says cannot be read: what
    /// an interrupted run needs to put them back later, with no secret in it.
    pub fn snapshot(&self) -> BTreeMap<String, Value> {
        let mut out = BTreeMap::new();
        for entry in self.kept() {
            let Ok(before) = &entry.before else { continue };
            let mut value = before.value.clone();
            for pointer in entry.write.read.unreadable.keys() {
                remove(&mut value, pointer);
            }
            out.insert(entry.write.operation.clone(), value);
        }
        out
    }

    /// Takes these settings (a [`snapshot`](Self::snapshot) of an earlier run) for those that stood
    /// before: what stands now is what that run left behind.
    pub fn adopt(&mut self, before: &BTreeMap<String, Value>) {
        for entry in self.entries.iter_mut().filter(|e| !e.write.own) {
            let Some(value) = before.get(&entry.write.operation) else {
                continue;
            };
            let unreadable = entry.write.read.unreadable.keys().cloned();
            let known = unreadable.chain(masked(value));
            entry.before = Ok(ReadBackState {
                unreadable: known.chain(unshown(&entry.write, value)).collect(),
                value: value.clone(),
                etag: None,
            });
        }
    }

    /// Operations whose settings could not be read, and why.
    pub fn unread(&self) -> Vec<(String, String)> {
        self.entries
            .iter()
            .filter_map(|e| {
                let error = e.before.as_ref().err()?;
                Some((e.write.operation.clone(), error.to_string()))
            })
            .collect()
    }

    /// Operations whose state could not be read, so that nobody could put it back, and why.
    pub fn not_restorable(&self) -> Vec<(String, String)> {
        let mut out = Vec::new();
        for entry in &self.entries {
            if let Err(error) = &entry.before
                && !entry.write.optional
            {
                let why = format!("its state cannot be read: {error}");
                out.extend(entry.write.writers.iter().map(|w| (w.clone(), why.clone())));
            }
            if let Some(why) = entry.hides() {
                out.extend(entry.write.writers.iter().map(|w| (w.clone(), why.clone())));
            }
        }
        out
    }

    /// Writes every state back as it was read, before anything else is written: whether a device
    /// takes back what it shows is known only then. What it refuses as invalid, or shows otherwise
    /// afterwards, could not be put back.
    /// Not tried where a member cannot be read and is not known: a write without it might change it.
    pub async fn prove(&self, device: &Device) -> Vec<Unproven> {
        let mut out = Vec::new();
        for entry in &self.entries {
            out.extend(entry.prove(device).await);
        }
        for unproven in &mut out {
            unproven.why = device.mask(&unproven.why);
        }
        out
    }

    /// Members whose read-back is a placeholder and whose value is not known: they cannot be put
    /// back. `(operation, JSON pointer, environment variable that would help)`.
    pub fn lost(&self) -> Vec<(String, String, Option<String>)> {
        let mut lost = Vec::new();
        for entry in self.kept() {
            let Ok(before) = &entry.before else { continue };
            for pointer in entry.unknown(before) {
                let about = entry.write.read.unreadable.get(&pointer);
                let env = about.and_then(|u| u.restore_env.clone());
                lost.push((entry.write.operation.clone(), pointer, env));
            }
        }
        lost
    }

    /// Whether all that can be read still is as before. Says nothing of what cannot be read.
    pub async fn stands(&self, device: &Device) -> bool {
        for entry in self.kept() {
            if entry.before.is_err() || !entry.stands(device).await {
                return false;
            }
        }
        true
    }

    /// Writes the settings back where they differ or where that cannot be seen, reads them again
    /// and compares. Without guarded operations there is nothing to restore: `ok` is `None`. Only
    /// to be called when some write may have been accepted, or the settings no longer
    /// [stand](Self::stands): otherwise a secret that nobody knows would be reported as lost
    /// although nothing touched it, and a device that takes no write would be accused of it.
    pub async fn restore(&self, device: &Device) -> Restored {
        let mut restored = Restored {
            ok: self.kept().next().map(|_| true),
            ..Restored::default()
        };
        let all = self.restore_each(device).await;
        // Of what could not be read, and was not written, nothing is to be said beside the others.
        let silent = |of: &Restored| of.ok.is_none() && of.reasons.is_empty();
        let said = all.iter().any(|of| !silent(of));
        for each in all.into_iter().filter(|of| !(said && silent(of))) {
            restored.join(each);
        }
        for reason in &mut restored.reasons {
            *reason = device.mask(reason);
        }
        restored
    }
}

/// How often states are put back that a write of another one has changed again.
const PASSES: usize = 3;

impl Guard {
    /// Puts every state back. One write may change what another state shows (a preset and what it sets):
    /// what stood and no longer does once the others are put back is put back again.
    async fn restore_each(&self, device: &Device) -> Vec<Restored> {
        let kept: Vec<&Entry> = self.kept().collect();
        let mut results = Vec::new();
        let mut written = false;
        for entry in &kept {
            let mut result = Restored::of_nothing();
            written |= entry.restore(device, &mut result).await;
            results.push(result);
        }
        for pass in 1..=PASSES {
            if !written || kept.len() < 2 {
                break;
            }
            written = false;
            for (entry, result) in kept.iter().zip(&mut results) {
                if result.ok != Some(true) || entry.stands(device).await {
                    continue;
                }
                if pass == PASSES {
                    let id = &entry.write.operation;
                    let why = format!("{id}: what puts back another state changes it again");
                    result.add(Some(false), why);
                    continue;
                }
                *result = Restored::of_nothing();
                written |= entry.restore(device, result).await;
            }
        }
        results
    }
}
