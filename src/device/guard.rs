//! Keeps the device's settings over a run: reads them before and writes them back after. May
//! import [`crate::exchange`] and [`crate::profile`].
//!
//! A read-back may show a placeholder where a secret stands. Writing that would destroy the secret,
//! so a placeholder is never written: the real value comes from the caller or from the profile's
//! environment variable, or the member is left out and the report says so. Where the device then
//! refuses the rest, a valid value stands in for it: one setting is lost, not all.

use super::put_back::{patiently, put_back, settled};
use super::read_back::{ReadBackState, StateRead, token};
use super::{Device, ReadBackError, lock};
use crate::exchange::{HttpRequest, Outcome, Template};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A resource whose state is guarded, whoever writes it.
#[derive(Clone, Debug)]
pub struct GuardedWrite {
    /// The operation that puts it back.
    pub operation: String,
    /// Every operation that writes it.
    pub writers: Vec<String>,
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
    /// Whether it is of something that the job itself has created: that is removed at the end, not
    /// put back.
    pub own: bool,
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

/// What became of the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// `Some(true)`: as before. `Some(false)`: they differ, or a member that cannot be read was
    /// not written back. `None`: could not be looked at.
    pub ok: Option<bool>,
    /// Why, where `ok` is not `Some(true)`; one line a member or operation, without secret values.
    pub reasons: Vec<String>,
}

impl Restored {
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

#[derive(Debug)]
struct Entry {
    write: GuardedWrite,
    before: Result<ReadBackState, ReadBackError>,
    /// A second look before the first write: what differs changes by itself.
    second: Option<Value>,
    volatile: BTreeSet<String>,
    /// Values of the unreadable members, where they are known.
    hidden: BTreeMap<String, Value>,
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
            let before = match device.read_state(&write.read).await {
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
            });
        }
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
                let Some((parent, name)) = pointer.rsplit_once('/') else {
                    continue;
                };
                let name = name.replace("~1", "/").replace("~0", "~");
                if let Some(Value::Object(map)) = value.pointer_mut(parent) {
                    map.shift_remove(&name);
                }
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
            entry.before = Ok(ReadBackState {
                value: value.clone(),
                unreadable: entry.write.read.unreadable.keys().cloned().collect(),
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
            let (Ok(before), Ok(now)) =
                (&entry.before, &patiently(device, &entry.write.read).await)
            else {
                return false;
            };
            if !entry.differences(before, now).is_empty() {
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
            reasons: Vec::new(),
        };
        for entry in self.kept() {
            entry.restore(device, &mut restored).await;
        }
        for reason in &mut restored.reasons {
            *reason = device.mask(reason);
        }
        restored
    }
}

impl Entry {
    /// Whether the body of the write knows what stands at a pointer.
    fn knows(&self, pointer: &str) -> bool {
        covers(&self.write.members, pointer) && !covers(&self.write.read_only, pointer)
    }

    /// Unreadable members whose value nobody knows.
    fn unknown(&self, before: &ReadBackState) -> Vec<String> {
        before
            .unreadable
            .iter()
            .filter(|p| self.knows(p) && !self.hidden.contains_key(*p))
            .cloned()
            .collect()
    }

    async fn restore(&self, device: &Device, restored: &mut Restored) {
        let id = &self.write.operation;
        let before = match &self.before {
            Ok(before) => before,
            Err(e) => {
                restored.add(
                    None,
                    format!("{id}: the settings could not be read before: {e}"),
                );
                return;
            }
        };
        let hidden = before.unreadable.iter().any(|p| self.knows(p));
        let unknown = self.unknown(before);
        let as_before = match patiently(device, &self.write.read).await {
            Ok(now) => self.differences(before, &now).is_empty(),
            Err(_) => false,
        };
        // What cannot be seen may have changed, so it is written where its value is known. Where
        // it is not, a write without it might do harm of its own, and none is needed.
        if !as_before || hidden && unknown.is_empty() {
            self.write_and_compare(device, before, hidden, restored)
                .await;
        }
        for pointer in unknown {
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
    }

    async fn write_and_compare(
        &self,
        device: &Device,
        before: &ReadBackState,
        hidden: bool,
        restored: &mut Restored,
    ) {
        let id = &self.write.operation;
        let write = self.write_back(device, before).await;
        let now = match self.settled(device, before).await {
            Ok(now) => now,
            Err(e) => {
                let why = format!("{id}: the settings could not be read after: {e}");
                restored.add(None, why);
                restored.reasons.extend(write.err());
                return;
            }
        };
        let differences = self.differences(before, &now);
        for pointer in &differences {
            let say = |state: &ReadBackState| match state.get(pointer) {
                Some(value) => value.to_string(),
                None => "absent".to_owned(),
            };
            let line = format!("{id}: {pointer} was {}, is {}", say(before), say(&now));
            match write.is_ok() && rounded(before.get(pointer), now.get(pointer)) {
                // It was put back as it was; the device cannot hold it any better.
                true => restored.add(Some(true), format!("{line}: the device rounds it")),
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

    fn differences(&self, before: &ReadBackState, now: &ReadBackState) -> Vec<String> {
        let mut found = before.differences(now);
        found.retain(|p| self.knows(p) || self.write.members.iter().any(|m| below(m, p)));
        found.retain(|p| !covers(&self.write.read_only, p));
        found.retain(|p| !self.volatile.iter().any(|v| below(p, v)));
        found
    }

    /// Sends the write with the settings as they were.
    async fn write_back(&self, device: &Device, before: &ReadBackState) -> Result<(), String> {
        let body = self.body(before);
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
        request.body = Some(body.to_string().into_bytes());
        let exchange = put_back(device, request, &self.write.read).await;
        let status = exchange.status();
        let written = match exchange.outcome {
            Outcome::Answered(answer) if (200..300).contains(&answer.status) => Ok(()),
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

/// Whether `pointer` is `ancestor` or below it.
fn below(pointer: &str, ancestor: &str) -> bool {
    pointer
        .strip_prefix(ancestor)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn covers(members: &[String], pointer: &str) -> bool {
    members.iter().any(|m| below(pointer, m))
}

/// Whether two integers differ by no more than a double rounds.
fn rounded(before: Option<&Value>, now: Option<&Value>) -> bool {
    let whole = |v: &&Value| v.is_i64() || v.is_u64();
    let number = |v: Option<&Value>| v.filter(whole).and_then(Value::as_f64);
    number(before).is_some_and(|b| Some(b) == number(now))
}

/// The readable part of `value` that the write's members name; `None` where there is none.
fn project(value: &Value, at: &str, write: &GuardedWrite, before: &ReadBackState) -> Option<Value> {
    let members = write.members.as_slice();
    if before.unreadable.contains(at) || covers(&write.read_only, at) {
        return None;
    }
    let inside = covers(members, at) || members.iter().any(|m| below(m, at));
    match value {
        Value::Object(object) if inside => {
            let mut out = Map::new();
            for (name, member) in object {
                let at = format!("{at}/{}", token(name));
                if let Some(member) = project(member, &at, write, before) {
                    out.insert(name.clone(), member);
                }
            }
            Some(Value::Object(out))
        }
        // Members of array items have no pointer of their own: an array goes as a whole.
        _ if covers(members, at) || value.is_array() && inside => Some(value.clone()),
        _ => None,
    }
}

/// `5060.0` as `5060`: the same number (RFC 8259 §6), which devices that show the one may take as the
/// other only.
fn whole_numbers(value: &mut Value) {
    /// 2^53: whole numbers up to here are exact in a double.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) if number.is_f64() => {
            let whole = number
                .as_f64()
                .filter(|f| f.fract() == 0.0 && f.abs() <= EXACT);
            if let Some(whole) = whole {
                *value = Value::from(whole as i64);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Object(members) => members.values_mut().for_each(whole_numbers),
        _ => {}
    }
}

/// Puts a value where a pointer says, making the objects on the way.
pub fn insert(root: &mut Value, pointer: &str, value: Value) {
    let mut place = root;
    for token in pointer.split('/').skip(1) {
        let name = token.replace("~1", "/").replace("~0", "~");
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Value::Object(object) = place else { return };
        place = object.entry(name).or_insert(Value::Null);
    }
    *place = value;
}
