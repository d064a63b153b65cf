//! One state that is guarded: proving that it can be put back, putting it back, and comparing.

use super::{GuardedWrite, Restored, Unproven};
use crate::device::hidden::restore_line;
use crate::device::members::{
    below, covers, project, rounded, sent_by_a_test, strays, whole_numbers,
};
use crate::device::put_back::{patiently, put_back, settled, watched};
use crate::device::read_back::ReadBackState;
use crate::device::{Device, ReadBackError, written};
use crate::exchange::{Outcome, Template};
use crate::pointer::insert;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) write: GuardedWrite,
    pub(super) before: Result<ReadBackState, ReadBackError>,
    /// A second look before the first write: what differs changes by itself.
    pub(super) second: Option<Value>,
    pub(super) volatile: BTreeSet<String>,
    /// Values of the unreadable members, where they are known.
    pub(super) hidden: BTreeMap<String, Value>,
    /// Whether the device has refused a write that named another state than that which stood, and has
    /// taken it with that.
    pub(super) counts: AtomicBool,
}

impl Entry {
    /// Whether all that can be read is as before.
    pub(super) async fn stands(&self, device: &Device) -> bool {
        match &self.before {
            Ok(before) => {
                let now = self.at_rest(device, before).await;
                now.is_ok_and(|now| self.differences(before, &now).is_empty())
            }
            Err(e) => e.is_absence() && self.is_absent(device).await,
        }
    }

    /// Whether the body of the write knows what stands at a pointer.
    fn knows(&self, pointer: &str) -> bool {
        covers(&self.write.members, pointer) && !covers(&self.write.read_only, pointer)
    }

    /// Unreadable members whose value nobody knows.
    pub(super) fn unknown(&self, before: &ReadBackState) -> Vec<String> {
        before
            .unreadable
            .iter()
            .filter(|p| self.knows(p) && !self.hidden.contains_key(*p))
            .cloned()
            .collect()
    }

    /// Why a state cannot be put back of which the device shows a member as a placeholder, or not at all,
    /// that nobody has named; what would help.
    pub(super) fn hides(&self) -> Option<String> {
        let before = self.before.as_ref().ok()?;
        let unknown = self.unknown(before);
        let named = |p: &&String| !self.write.read.unreadable.contains_key(*p);
        let pointer = unknown.iter().find(named)?;
        let shown = match before.value.pointer(pointer) {
            Some(_) => "reads as a placeholder",
            None => "may be a secret that is not shown",
        };
        let (line, operation) = (restore_line(pointer), &self.write.operation);
        Some(format!(
            "`{}` {shown}, so it could not be put back ({line} under [read-back.{operation}] in the \
             profile, with its path)",
            pointer.trim_start_matches('/'),
        ))
    }

    /// Whether the device says that there is nothing at the path of the state.
    async fn is_absent(&self, device: &Device) -> bool {
        let now = device.read_state(&self.write.read).await;
        now.is_err_and(|e| e.is_absence())
    }

    /// What this device shows and what cannot be written back to it; `None` where it can, or where
    /// that cannot be tried.
    pub(super) async fn prove(&self, device: &Device) -> Option<Unproven> {
        let before = self.before.as_ref().ok()?;
        if !self.unknown(before).is_empty() {
            return None;
        }
        let unproven = |why: String, written: Option<Value>| Unproven {
            operation: self.write.operation.clone(),
            writers: self.write.writers.clone(),
            why: format!("its state could not be put back: {why}"),
            written: written.map(|body| (self.write.request.target.clone(), body)),
        };
        let (status, written) = self.write(device, &self.body(before)).await;
        if status.is_some_and(says_invalid) {
            return Some(unproven(written.err()?, None));
        }
        let accepted = written.is_ok();
        let mut now = self.settled(device, before).await.ok()?;
        let moved = self.differences(before, &now);
        if !moved.is_empty()
            && moved
                .iter()
                .all(|p| Some(p) == self.write.revision.as_ref())
        {
            // Either it changes with each write, or it names the state that is replaced: then the old
            // one is refused.
            let _ = self.write(device, &self.body(before)).await;
            now = self.settled(device, before).await.ok()?;
        }
        // What the device cannot hold exactly is a matter of the run.
        let kept = |p: &String| !rounded(before.get(p), now.get(p));
        let pointer = self.differences(before, &now).into_iter().find(kept)?;
        let show = |state: &ReadBackState| {
            let value = state.get(&pointer);
            value.map_or_else(|| "absent".to_owned(), Value::to_string)
        };
        let why = format!(
            "written back as it was read, {pointer} was {} and is {}",
            show(before),
            show(&now)
        );
        // What nobody can read is in no report.
        let plain = accepted && before.unreadable.is_empty();
        Some(unproven(why, plain.then(|| self.body(before))))
    }

    /// Whether nothing is sent that writes it.
    pub(super) fn is_withheld(&self, device: &Device) -> bool {
        let target = &self.write.request.target;
        let mut writers = self.write.writers.iter();
        !writers.any(|w| device.may_change(w, target))
    }

    /// Puts it back where it differs, and says what could not be; whether something was written.
    pub(super) async fn restore(&self, device: &Device, restored: &mut Restored) -> bool {
        let id = &self.write.operation;
        let withheld = self.is_withheld(device);
        let before = match &self.before {
            Ok(_) if withheld && self.stands(device).await => return false,
            Ok(before) => before,
            // There was nothing at its path, and there is nothing now.
            Err(e) if e.is_absence() && self.is_absent(device).await => return false,
            // Nothing was sent that writes it.
            Err(_) if withheld => {
                restored.ok = None;
                return false;
            }
            Err(e) => {
                restored.add(
                    None,
                    format!("{id}: the settings could not be read before: {e}"),
                );
                return false;
            }
        };
        // A mock that ends with the run may be left in any state.
        let free = device.policy().is_some_and(|p| p.is_harmless());
        if free && self.is_absent(device).await {
            restored.reasons.push(format!(
                "{id}: what it writes was removed, which the run was free to do"
            ));
            return false;
        }
        let hidden = before.unreadable.iter().any(|p| self.knows(p));
        let unknown = self.unknown(before);
        let (as_before, left) = match self.at_rest(device, before).await {
            Ok(now) => (
                self.differences(before, &now).is_empty(),
                self.left_over(before, &now),
            ),
            Err(_) => (false, Vec::new()),
        };
        // What cannot be seen may have changed, so it is written where its value is known. Where
        // it is not, a write without it might do harm of its own, and none is needed.
        let write = !as_before || !left.is_empty() || hidden && unknown.is_empty();
        if write {
            self.write_and_compare(device, before, (hidden, &left), restored)
                .await;
        }
        for pointer in unknown.into_iter().filter(|_| !free) {
            let about = self.write.read.unreadable.get(&pointer);
            let env = about
                .and_then(|u| u.restore_env.as_deref())
                .map_or_else(String::new, |env| format!("; set {env} next time"));
            restored.add(
                Some(false),
                format!("{id}: {pointer} cannot be read back and its value is not known, so it may be another \
                     now{env}"),
            );
        }
        write
    }

    async fn write_and_compare(
        &self,
        device: &Device,
        before: &ReadBackState,
        (hidden, left): (bool, &[String]),
        restored: &mut Restored,
    ) {
        let id = &self.write.operation;
        let write = self.write_back(device, before, left).await;
        let now = match self.settled(device, before).await {
            Ok(now) => now,
            Err(e) => {
                let why = format!("{id}: the settings could not be read after: {e}");
                restored.add(None, why);
                restored.reasons.extend(write.err());
                return;
            }
        };
        let stays = self.left_over(before, &now);
        for pointer in &stays {
            let line = format!("{id}: {pointer} was absent, and stays where a test left it");
            restored.add(Some(false), line);
        }
        let mut differences = self.differences(before, &now);
        differences.retain(|p| !stays.contains(p));
        for pointer in &differences {
            let say = |state: &ReadBackState| match state.get(pointer) {
                Some(value) => value.to_string(),
                None => "absent".to_owned(),
            };
            let line = format!("{id}: {pointer} was {}, is {}", say(before), say(&now));
            match write.is_ok() && rounded(before.get(pointer), now.get(pointer)) {
                // It was put back as it was; the device cannot hold what it is told any better.
                true => {
                    restored.rounded = true;
                    restored.add(Some(true), format!("{line}: the device rounds it"));
                }
                false => restored.add(Some(false), line),
            }
        }
        if let Err(why) = write {
            // Where nothing that can be seen differs, what cannot be seen still was not restored.
            restored.add(Some(differences.is_empty() && !hidden), why);
        }
    }

    /// The state after a write, once it is as before or has had its time: a write may be completed
    /// after its answer (202, RFC 9110 §15.3.3).
    async fn settled(
        &self,
        device: &Device,
        before: &ReadBackState,
    ) -> Result<ReadBackState, ReadBackError> {
        let as_before = |now: &ReadBackState| self.differences(before, now).is_empty();
        settled(device, &self.write.read, as_before).await
    }

    /// The state, once nothing that was accepted for later changes it any more, as far as anybody can
    /// tell.
    async fn at_rest(
        &self,
        device: &Device,
        before: &ReadBackState,
    ) -> Result<ReadBackState, ReadBackError> {
        let changed = |now: &ReadBackState| !self.differences(before, now).is_empty();
        match self.write.later {
            true => watched(device, &self.write.read, changed).await,
            false => patiently(device, &self.write.read).await,
        }
    }

    pub(super) fn differences(&self, before: &ReadBackState, now: &ReadBackState) -> Vec<String> {
        let mut found = before.differences(now);
        found.retain(|p| self.knows(p) || self.write.members.iter().any(|m| below(m, p)));
        found.retain(|p| !covers(&self.write.read_only, p));
        found.retain(|p| !self.volatile.iter().any(|v| below(p, v)));
        let counts = self.counts.load(Relaxed);
        found.retain(|p| !counts || Some(p) != self.write.revision.as_ref());
        found
    }

    /// Members that were not there and that only a test can have sent: a device may keep names that
    /// no document has. What a device adds by itself is its own.
    fn left_over(&self, before: &ReadBackState, now: &ReadBackState) -> Vec<String> {
        let mut left = Vec::new();
        strays(&before.value, &now.value, "", &mut left);
        let ours = |p: &str| sent_by_a_test(p, &self.write.members);
        // Of an object without named members, whatever was added is of a write; a patch keeps it.
        let patched = self.write.request.method == "PATCH";
        let added = |p: &String| patched && self.knows(p) && !self.write.members.contains(p);
        left.retain(|p| ours(p) && !self.knows(p) || added(p));
        left.retain(|p| !covers(&self.write.read_only, p));
        left.retain(|p| !self.volatile.iter().any(|v| below(p, v)));
        left
    }

    /// Sends the write with the settings as they were; `left`: members to remove.
    async fn write_back(
        &self,
        device: &Device,
        before: &ReadBackState,
        left: &[String],
    ) -> Result<(), String> {
        let mut body = self.body(before);
        // RFC 7396 §1: `null` removes. A write that replaces leaves out what it does not name.
        if self.write.request.method == "PATCH" {
            for pointer in left {
                insert(&mut body, pointer, Value::Null);
            }
        }
        let (status, written) = self.write(device, &body).await;
        let unknown = self.unknown(before);
        if matches!(status, Some(400 | 422)) && !unknown.is_empty() {
            let mut body = body;
            for pointer in &unknown {
                if let Some(value) = self.write.stand_ins.get(pointer) {
                    insert(&mut body, pointer, value.clone());
                }
            }
            if let (_, Ok(())) = self.write(device, &body).await {
                return Ok(());
            }
        }
        written
    }

    /// The settings as they were, as far as they are known.
    fn body(&self, before: &ReadBackState) -> Value {
        let mut body = project(&before.value, "", &self.write, before)
            .unwrap_or_else(|| Value::Object(Map::new()));
        for (pointer, value) in &self.hidden {
            if before.unreadable.contains(pointer) && self.knows(pointer) {
                insert(&mut body, pointer, value.clone());
            }
        }
        whole_numbers(&mut body);
        body
    }

    /// Sends one write: the status of the answer, and what went wrong.
    async fn write(&self, device: &Device, body: &Value) -> (Option<u16>, Result<(), String>) {
        let id = &self.write.operation;
        let mut request = self.write.request.clone();
        let typed = |(n, _): &(String, Template)| n.eq_ignore_ascii_case("content-type");
        if !request.headers.iter().any(typed) {
            let json = Template::from("application/json");
            request.headers.push(("Content-Type".to_owned(), json));
        }
        written::write(&mut request, body);
        let revision = self.write.revision.as_deref();
        let revision = revision.filter(|pointer| body.pointer(pointer).is_some());
        let (exchange, revised) = put_back(device, request, &self.write.read, revision).await;
        let status = exchange.status();
        if revised && matches!(status, Some(200..=299)) {
            self.counts.store(true, Relaxed);
        }
        let written = match exchange.outcome {
            // Who points elsewhere may have written (RFC 9110 §15.4.4); what is read then tells.
            Outcome::Answered(answer) if matches!(answer.status, 200..=299 | 302 | 303) => Ok(()),
            Outcome::Answered(answer) => Err(format!(
                "{id}: the device refuses its own settings with status {}: {}",
                answer.status,
                String::from_utf8_lossy(answer.body.get(..200).unwrap_or(&answer.body))
            )),
            Outcome::Failed { failure, .. } => Err(format!(
                "{id}: the settings could not be written back: {failure}"
            )),
        };
        (status, written)
    }
}

/// Whether a refusal is about what was sent. 401, 403, 404, 409 and the like speak of rights, place
/// or moment: such a device refuses what follows too, and changes nothing.
fn says_invalid(status: u16) -> bool {
    matches!(status, 400 | 413 | 415 | 422)
}
