//! Removes what a job has created, and nothing else: after the case that made it, at the end of a
//! window, at the end of the job, and for a job that was killed.

use super::account::{Account, Holds, Step};
use super::engine::Probe;
use super::find::{LATER, strangers};
use super::listing::Listed;
use crate::case::CaseId;
use crate::case::items::Place;
use crate::case::moves::{item_path, path_of};
use crate::contract::{PromiseId, StatePromise};
use crate::device::Restored;
use crate::exchange::{Exchange, HttpRequest, Request};
use crate::judge::Deviation;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a device that refuses a removal for now may go on refusing.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a removal may take to show (202, RFC 9110 §15.3.3).
const SHOWS_IN: Duration = Duration::from_secs(5);
/// The same where the answer says that it is done.
const SHOWS_AT_ONCE: Duration = Duration::from_millis(600);
/// How long a list takes to follow of which the document says that it follows later.
const FOLLOWS_IN: Duration = Duration::from_secs(3);
/// How often the version that a removal has to name is read.
const READS: u32 = 2;
/// Between two looks.
const BETWEEN: Duration = Duration::from_millis(200);

/// What became of an item.
pub(super) enum Gone {
    /// It is, and what reads it may say otherwise.
    Yes(Option<(PromiseId, Deviation)>),
    /// What shows that it is still there.
    No(String),
}

/// What came of a removal.
#[derive(Default)]
pub(super) struct Removal {
    /// The device said that it removes it.
    pub accepted: bool,
    /// What is wrong with it.
    pub deviation: Option<(PromiseId, Deviation)>,
}

impl Probe<'_> {
    /// Removes what a request has created and looks whether it is gone, and nothing else.
    pub(super) async fn remove(&self, account: &mut Account, place: &Place, n: u64) -> Removal {
        let Some(item) = account.alive.get(&n) else {
            return Removal::default();
        };
        if account.harmful.contains(&place.create) {
            return Removal::default();
        }
        let path = item.path.clone();
        if !account.proven.contains(&place.create) {
            self.settle(account, place, &path).await;
        }
        let request = self.creations.at(&place.requests.delete, place, &path);
        let answer = self.insist(&request).await;
        let accepted = matches!(answer.status(), Some(200..=299));
        let gone = match answer.status() {
            Some(200..=299 | 404 | 410) => self.gone(place, &path, &answer).await,
            Some(status) => Gone::No(format!("its removal is answered {status}")),
            None => Gone::No("its removal draws no answer".to_owned()),
        };
        let seen = match gone {
            Gone::Yes(wrong) => {
                let first = !account.proven.contains(&place.create);
                let lingers = self.lingers(account, place, &path).await;
                self.forget_item(account, place, n, &path);
                let others = match first {
                    true => self.others_stay(account, place, &path, false).await,
                    false => None,
                };
                let seen = others.or(lingers).filter(|_| accepted);
                return Removal {
                    accepted,
                    deviation: seen.or(wrong),
                };
            }
            Gone::No(seen) => seen,
        };
        self.close(account, place, &path, &seen);
        // What the removal took instead of it.
        let other = self.others_stay(account, place, &path, true).await;
        let promise = StatePromise::Removed.of(&place.delete);
        let stays = match answer.status() {
            Some(status @ 500..=599) if status != 503 => {
                Some((promise, Deviation::failed_removal(status)))
            }
            _ => accepted.then(|| (promise, Deviation::not_removed(&seen))),
        };
        Removal {
            accepted,
            deviation: other.or(stays),
        }
    }

    /// An item is gone.
    pub(super) fn forget_item(&self, account: &mut Account, place: &Place, n: u64, path: &str) {
        // What cannot be written down is removed again by whoever reads the journal: it is gone then.
        let _ = self.creations.step(account, Step::Removed { n });
        account.alive.remove(&n);
        account.proven.insert(place.create.clone());
        self.creations.no_longer(path);
        if let Some(policy) = self.device().policy() {
            policy.removed(path);
        }
    }

    /// Notes that an item of ours is gone which a request has removed that names it by its id and not by
    /// the plain value of the plan (`DELETE /slots/3`, the last that the rules allow): a device may give
    /// its id to the next one.
    pub(super) async fn note_removal(&self, request: &Request, exchange: &Exchange) {
        let Request::Http(http) = request else { return };
        let done = matches!(exchange.status(), Some(200..=299));
        let path = path_of(http).filter(|_| done && http.method == "DELETE");
        let Some(path) = path else { return };
        let mut account = self.creations.account.lock().await;
        let account = &mut *account;
        let mut alive = account.alive.iter();
        let Some((n, place)) = alive.find_map(|(n, item)| {
            let place = self.creations.place(&item.operation)?;
            (item.path == path).then_some((*n, place))
        }) else {
            return;
        };
        if self.says_gone(place, &path).await {
            self.forget_item(account, place, n, &path);
        }
    }

    /// What cannot be removed: nothing more is created there.
    fn close(&self, account: &mut Account, place: &Place, path: &str, seen: &str) {
        let why = format!("what is created in it cannot be removed ({path}: {seen})");
        account.closed.entry(place.create.clone()).or_insert(why);
    }

    /// Sends a removal until it is answered for good.
    pub(super) async fn insist(&self, request: &HttpRequest) -> Exchange {
        let end = Instant::now() + PATIENCE;
        let mut request = request.clone();
        // A state that cannot be read now may be read in a moment.
        let mut reads = 0..READS;
        loop {
            let sent = Request::Http(request.clone());
            let exchange = self.device().send(&sent, true).await;
            if matches!(exchange.status(), Some(412 | 428)) && reads.next().is_some() {
                match self.device().validated(&request).await {
                    Some(named) => request = named,
                    None => sleep(BETWEEN * 2).await,
                }
                continue;
            }
            let again = match exchange.status() {
                Some(401) if self.device().can_login() => {
                    self.device().forget_token();
                    self.device().login().await.is_ok()
                }
                Some(409 | 423 | 429 | 503) => true,
                Some(_) => false,
                None => self.device().answered() > 0,
            };
            if !again || Instant::now() >= end {
                return exchange;
            }
            sleep(BETWEEN * 2).await;
        }
    }

    /// Whether an item is gone after its removal was answered.
    pub(super) async fn gone(&self, place: &Place, path: &str, answer: &Exchange) -> Gone {
        let patience = match answer.status() {
            Some(202) => SHOWS_IN,
            _ => SHOWS_AT_ONCE,
        };
        let end = Instant::now() + patience;
        loop {
            let read = self.reads(place, path).await;
            let still = match read.as_ref().and_then(Exchange::status) {
                Some(404 | 410) => None,
                Some(200..=299) if read.as_ref().is_some_and(is_marked_removed) => {
                    self.creations.say_once(format!(
                        "{}: what it removes can still be read, marked as removed; what this run has \
                         created stays so",
                        place.delete
                    ));
                    None
                }
                Some(status @ 200..=299) => match self.serves_anything(place, path).await {
                    false => Some("it can still be read".to_owned()),
                    // Then reading it tells nothing.
                    true => match self.still_listed(place, path).await {
                        None => return Gone::Yes(unknown_served(place, status)),
                        still => still,
                    },
                },
                // What cannot be read may be listed.
                _ => self.still_listed(place, path).await,
            };
            match still {
                None => return Gone::Yes(failed_read(place, read.as_ref())),
                Some(seen) if Instant::now() >= end => return Gone::No(seen),
                Some(_) => sleep(BETWEEN).await,
            }
        }
    }

    /// What reading an item draws; `None` where nothing reads one.
    async fn reads(&self, place: &Place, path: &str) -> Option<Exchange> {
        let read = place.requests.read.as_ref()?;
        let read = Request::Http(self.creations.at(read, place, path));
        Some(self.device().send(&read, false).await)
    }

    /// Whether an item is served whose id nobody has given: as long as the last one, of the same
    /// characters.
    async fn serves_anything(&self, place: &Place, path: &str) -> bool {
        let Some((collection, id)) = path.rsplit_once('/') else {
            return false;
        };
        let turned = id.chars().map(|c| match c {
            '0'..='8' => char::from(c as u8 + 1),
            '9' => '1',
            'a'..='e' => char::from(c as u8 + 1),
            other => other,
        });
        // Far from what a device that counts gives next.
        let other: String = turned
            .chain("7431".chars().filter(|_| id.len() < 12))
            .collect();
        let path = format!("{collection}/{other}");
        let read = self.reads(place, &path).await;
        matches!(read.and_then(|r| r.status()), Some(200..=299))
    }

    async fn still_listed(&self, place: &Place, path: &str) -> Option<String> {
        let collection = self.creations.path(&place.collection);
        let listed = self.creations.list(self.device(), place).await?;
        let mut ids = listed.items.keys();
        ids.any(|id| item_path(&collection, id).as_deref() == Some(path))
            .then(|| "the list still shows it".to_owned())
    }

    /// Whether the list goes on showing what is gone: looked at after the first removal, and after
    /// each from then on where it did.
    pub(super) async fn lingers(
        &self,
        account: &mut Account,
        place: &Place,
        path: &str,
    ) -> Option<(PromiseId, Deviation)> {
        let known = account.lingering.contains(&place.create);
        let looked = account.proven.contains(&place.create) && !known;
        // Without a read the list has told that it is gone.
        if looked || place.requests.read.is_none() {
            return None;
        }
        let patience = if known { SHOWS_AT_ONCE } else { SHOWS_IN };
        let end = Instant::now() + patience;
        let seen = loop {
            let seen = self.still_listed(place, path).await?;
            if Instant::now() >= end {
                break seen;
            }
            sleep(BETWEEN).await;
        };
        account.lingering.insert(place.create.clone());
        // It is no new item from now on.
        let collection = self.creations.path(&place.collection);
        if let Some(id) = path.strip_prefix(&format!("{collection}/")) {
            self.seen_before(account, &collection, id.to_owned());
        }
        let promise = StatePromise::Removed.of(&place.delete);
        Some((promise, Deviation::not_removed(&seen)))
    }

    /// Whether all that was there before is still there. Looked at until a removal was seen to take
    /// nothing else, and whenever one did not take what it should (`instead`). One that went beside
    /// it may have been somebody else's doing: that accuses nobody.
    pub(super) async fn others_stay(
        &self,
        account: &mut Account,
        place: &Place,
        path: &str,
        instead: bool,
    ) -> Option<(PromiseId, Deviation)> {
        let collection = self.creations.path(&place.collection);
        let before = account.before.get(&collection)?.clone();
        let listed = self.creations.list(self.device(), place).await?;
        if !listed.whole {
            return None;
        }
        let lost: Vec<&String> = before
            .iter()
            .filter(|id| !listed.items.contains_key(*id))
            .collect();
        let Some(first) = lost.first().copied() else {
            let id = self.ours_lost(account, place, &listed).await?;
            // Items may end by themselves: what a removal takes it takes again.
            if !Box::pin(self.takes_again(account, place)).await {
                self.went_by_itself(account, &collection);
                return None;
            }
            let why = "the removal of an item took another one".to_owned();
            account.closed.entry(place.create.clone()).or_insert(why);
            let promise = StatePromise::Removed.of(&place.delete);
            return Some((promise, Deviation::another_removed(&id)));
        };
        // Lists may be late or forget; an item that still reads is there.
        if let Some(other) = item_path(&collection, first)
            && self.read_item(place, &other).await.is_some()
        {
            return None;
        }
        if self.changes_by_itself(place).await {
            self.went_by_itself(account, &collection);
            if let Some(known) = account.before.get_mut(&collection) {
                lost.iter().for_each(|id| {
                    known.remove(*id);
                });
            }
            return None;
        }
        let what = format!(
            "{collection}: {first} was there before and is gone since {} of {path}",
            place.delete
        );
        self.creations.leave(account, what);
        let why = "the removal of an item took another one".to_owned();
        // Other collections are most likely served by the same code.
        let accused = instead || lost.len() > 1;
        for place in &self.creations.places {
            if accused {
                account.harmful.insert(place.create.clone());
            }
            account
                .closed
                .entry(place.create.clone())
                .or_insert(why.clone());
        }
        // Told once; what is gone stays gone.
        if let Some(known) = account.before.get_mut(&collection) {
            lost.iter().for_each(|id| {
                known.remove(*id);
            });
        }
        let promise = StatePromise::Removed.of(&place.delete);
        accused.then(|| (promise, Deviation::another_removed(first)))
    }

    /// The id of another item of our own that has gone with one that was removed. Nobody else knows
    /// of those, so that it says something of the device.
    pub(super) async fn ours_lost(
        &self,
        account: &mut Account,
        place: &Place,
        listed: &Listed,
    ) -> Option<String> {
        let collection = self.creations.path(&place.collection);
        let listed: BTreeSet<String> = listed
            .items
            .keys()
            .filter_map(|id| item_path(&collection, id))
            .collect();
        let gone = account.alive.iter().filter(|(n, item)| {
            let here = item.path.rsplit_once('/').map(|(above, _)| above);
            let known = account.there.contains(*n);
            known && here == Some(&*collection) && !listed.contains(&item.path)
        });
        let gone: Vec<(u64, String)> = gone.map(|(n, item)| (*n, item.path.clone())).collect();
        let mut lost = None;
        for (n, path) in gone {
            // A list may be late or forget.
            if place.requests.read.is_some() && self.says_gone(place, &path).await {
                self.forget_item(account, place, n, &path);
                lost = lost.or(path.rsplit_once('/').map(|(_, id)| id.to_owned()));
            }
        }
        lost
    }

    /// Looks at the lists for what was created without anybody knowing of it, and removes what is
    /// surely ours. Returns the cases whose refusals have created it.
    pub(super) async fn sweep(&self, account: &mut Account) -> Vec<CaseId> {
        let mut cases = Vec::new();
        if !std::mem::take(&mut account.unlooked) {
            return cases;
        }
        for place in &self.creations.places {
            let collection = self.creations.path(&place.collection);
            let Some(known) = account.before.get(&collection).cloned() else {
                continue;
            };
            let listed = self.creations.list(self.device(), place).await;
            let Some(mut listed) = listed.filter(|l| l.whole) else {
                account.unlistable.insert(collection);
                continue;
            };
            if self.is_late(place) && !strangers(account, &known, &listed, &collection).is_empty() {
                // It shows yet what is gone.
                sleep(FOLLOWS_IN).await;
                let again = self.creations.list(self.device(), place).await;
                listed = again.filter(|l| l.whole).unwrap_or(listed);
            }
            let new = strangers(account, &known, &listed, &collection);
            let alone = new.len() == 1;
            let shared = !new.is_empty() && self.others_add(account, place).await;
            for (id, element) in new {
                let n = self.sender_of(account, place, &collection, (&id, &element), alone);
                let Some((n, sure)) = n.await else {
                    match shared {
                        // It holds nothing that was sent, and others put such in.
                        true => self.creations.say_once(format!(
                            "{collection}: items come into it that this run has not made"
                        )),
                        false => self.not_known(account, &collection, &id),
                    }
                    self.seen_before(account, &collection, id);
                    continue;
                };
                let Some(path) = item_path(&collection, &id).filter(|_| sure) else {
                    let what = format!("{collection}: {id} may be of this run and was left");
                    self.creations.leave(account, what);
                    self.seen_before(account, &collection, id);
                    continue;
                };
                if let Some(sending) = account.sent.get(&n).filter(|s| s.refused) {
                    cases.push(sending.case.clone());
                    account.wary.insert(place.create.clone());
                }
                self.found_later(account, place, path).await;
            }
            self.explained(account, &collection);
        }
        cases
    }

    /// A new item that is not known to be ours is left alone, and owned up to: it may be what a
    /// device made of a request that it understood in another way.
    fn not_known(&self, account: &mut Account, collection: &str, id: &str) {
        let what = match account.vanished {
            true => "is new; it may be an item of this run under another name, and was left",
            false => "is new; nobody can tell whether this run created it, so it was left",
        };
        self.creations
            .leave(account, format!("{collection}: {id} {what}"));
    }

    /// What was told of once is known from then on.
    fn seen_before(&self, account: &mut Account, collection: &str, id: String) {
        if let Some(known) = account.before.get_mut(collection) {
            known.insert(id);
        }
    }

    /// Requests of which the list shows nothing more are done with.
    fn explained(&self, account: &mut Account, collection: &str) {
        let alive = &account.alive;
        account.sent.retain(|n, s| {
            let done = s.refused || s.removed;
            s.collection != collection || !done || alive.contains_key(n)
        });
    }

    /// An item that turned out to be ours is written down and removed.
    pub(super) async fn found_later(&self, account: &mut Account, place: &Place, path: String) {
        account.n += 1;
        let n = account.n;
        if let Some(policy) = self.device().policy() {
            policy.created(&path);
        }
        let step = Step::Created {
            n,
            operation: place.create.clone(),
            item: path,
        };
        if let Err(why) = self.creations.step(account, step.clone()) {
            account.take(&step);
            account.closed.insert(place.create.clone(), why);
        }
        self.remove(account, place, n).await;
    }

    /// The request that has created an item, and whether that is sure enough to remove it.
    async fn sender_of(
        &self,
        account: &Account,
        place: &Place,
        collection: &str,
        (id, element): (&str, &serde_json::Value),
        alone: bool,
    ) -> Option<(u64, bool)> {
        let mut alike = None;
        for (n, sending) in account.sent.iter().rev() {
            if sending.collection != collection {
                continue;
            }
            match self.tells(place, collection, id, element, sending).await {
                Holds::Ours => return Some((*n, true)),
                // What was created is gone: this is more of it, or somebody else's.
                Holds::Alike => alike = alike.or(Some((*n, alone && !sending.removed))),
                Holds::No => {}
            }
        }
        alike
    }

    /// [`Probe::sweep`] at the end of a window. The refusals of the cases that it returns are looked
    /// at one by one from now on.
    pub async fn look_for_more(&self) -> Vec<CaseId> {
        let mut account = self.creations.account.lock().await;
        let cases = self.sweep(&mut account).await;
        cases.iter().for_each(|case| self.creations.suspect(case));
        cases
    }

    /// Removes everything that is known to be ours and is left, and looks for more.
    async fn empty(&self, account: &mut Account) {
        // The youngest first: what is below goes before what is above.
        let alive: Vec<(u64, String)> = account
            .alive
            .iter()
            .rev()
            .map(|(n, item)| (*n, item.operation.clone()))
            .collect();
        for (n, operation) in alive {
            if let Some(place) = self.creations.place(&operation) {
                let removal = self.remove(account, place, n).await;
                account.vanished |= !removal.accepted && !account.alive.contains_key(&n);
            }
        }
        account.unlooked = true;
        self.sweep(account).await;
    }

    /// Goes on with what an earlier process has written down: removes what it left.
    pub(super) async fn take_over(&self, past: &[Step]) {
        let mut account = self.creations.account.lock().await;
        let account = &mut *account;
        past.iter().for_each(|step| account.take(step));
        if !account.used {
            return;
        }
        // A journal is a file: it names nothing but items of the collections.
        let strange: Vec<u64> = (account.alive.iter())
            .filter(|(_, item)| {
                let place = self.creations.place(&item.operation);
                !place.is_some_and(|place| place.is_item_path(&item.path))
            })
            .map(|(n, _)| *n)
            .collect();
        for n in strange {
            if let Some(item) = account.alive.remove(&n) {
                let what = format!(
                    "{}: the journal names {}, which is no item that this contract creates",
                    item.operation, item.path
                );
                self.creations.leave(account, what);
            }
        }
        if let Some(policy) = self.device().policy() {
            let items = account.alive.values();
            items.for_each(|item| policy.created(&item.path));
        }
        self.empty(account).await;
        self.await_strays(account).await;
        for n in account.open() {
            let Some(sending) = account.sent.get(&n) else {
                continue;
            };
            let looked = account.before.contains_key(&sending.collection)
                && !account.unlistable.contains(&sending.collection);
            let what = format!(
                "{}: a request to {} was under way when the job ended, and nobody can tell whether \
                 it created something",
                sending.operation, sending.collection
            );
            match looked {
                true => {
                    account.sent.remove(&n);
                }
                false => self.creations.leave(account, what),
            }
        }
    }

    /// What was under way when a job ended may be there a little later.
    async fn await_strays(&self, account: &mut Account) {
        let (end, n) = (Instant::now() + LATER, account.n);
        while !account.open().is_empty() && account.n == n && Instant::now() < end {
            sleep(BETWEEN).await;
            account.unlooked = true;
            self.sweep(account).await;
        }
    }

    /// What could not be removed may have gone with what is above it.
    async fn gone_with_others(&self, account: &mut Account) {
        let left = account.alive.iter();
        let left: Vec<(u64, String, String)> = left
            .map(|(n, item)| (*n, item.operation.clone(), item.path.clone()))
            .collect();
        for (n, operation, path) in left {
            let Some(place) = self.creations.place(&operation) else {
                continue;
            };
            if place.requests.read.is_some() && self.says_gone(place, &path).await {
                self.forget_item(account, place, n, &path);
            }
        }
    }

    /// Removes everything that is left, and says what could not be removed. `None`: nothing was ever
    /// sent that may create.
    pub(super) async fn clean_up(&self) -> Option<Restored> {
        let mut account = self.creations.account.lock().await;
        let account = &mut *account;
        if !account.used {
            return None;
        }
        // The youngest first: what is below goes before what is above.
        self.empty(account).await;
        self.gone_with_others(account).await;
        let mut restored = Restored::of_nothing();
        let left: Vec<String> = account
            .alive
            .values()
            .map(|item| format!("{}: {} could not be removed", item.operation, item.path))
            .chain(account.left.clone())
            .collect();
        for what in left {
            restored.add(Some(false), self.device().mask(&what));
        }
        Some(restored)
    }
}

/// The status of a server error; one that says that it is busy, or cannot do this, is none.
pub(super) fn failed(exchange: &Exchange) -> Option<u16> {
    let status = exchange.status().filter(|s| (500..600).contains(s));
    status.filter(|s| !matches!(s, 501 | 503))
}

/// What is wrong with a read of what was removed that fails.
fn failed_read(place: &Place, read: Option<&Exchange>) -> Option<(PromiseId, Deviation)> {
    let status = failed(read?)?;
    let operation = place.read.as_ref()?;
    let promise = PromiseId::answers(operation);
    Some((promise, Deviation::failed_at_removed(status)))
}

/// What is wrong with a read that serves whatever it is asked for, where the document gives 404.
fn unknown_served(place: &Place, status: u16) -> Option<(PromiseId, Deviation)> {
    let read = place.read.as_ref().filter(|_| place.reads_404)?;
    let promise = PromiseId::response(read, 404);
    Some((promise, Deviation::unknown_served(status)))
}

/// Whether an item that can still be read says of itself that it was removed: many interfaces keep
/// what is removed and mark it.
fn is_marked_removed(read: &Exchange) -> bool {
    const WORDS: [&str; 6] = [
        "deleted", "removed", "archived", "trashed", "inactive", "gone",
    ];
    let Some(Value::Object(item)) = read.answer().and_then(|a| crate::json::read(&a.body)) else {
        return false;
    };
    let plain = |name: &str| {
        let kept = name.chars().filter(|c| !matches!(c, '_' | '-'));
        kept.collect::<String>().to_ascii_lowercase()
    };
    item.iter().any(|(name, value)| {
        let name = plain(name);
        let name = name.strip_prefix("is").unwrap_or(&name);
        match value {
            Value::String(word) if WORDS.contains(&plain(word).as_str()) => true,
            Value::String(_) => WORDS.iter().any(|w| name == format!("{w}at")),
            Value::Bool(set) => *set && WORDS.contains(&name),
            _ => false,
        }
    })
}
