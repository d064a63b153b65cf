//! Items of our own that stand for those which the document only names by a parameter: one for each
//! collection over a whole job, and one of its own for each request that removes.

use super::account::{Account, Holds};
use super::create::{Attempt, Made};
use super::difference::What;
use super::engine::Probe;
use super::listing::Listed;
use super::observation::Observation;
use super::remove::Gone;
use super::watch::{Expected, Others, SettingsWatch};
use crate::case::items::Place;
use crate::case::moves::{body_of, elsewhere, item_path, path_of};
use crate::case::{Case, CaseId, Check, Context, Expect, InputClass, Tier};
use crate::contract::{Operation, Parameter, PromiseId, StatePromise, shape};
use crate::device::GuardedWrite;
use crate::exchange::Request;
use crate::judge::{Acceptance, Deviation};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long something new may take to be there (202, RFC 9110 §15.3.3).
const THERE_IN: Duration = Duration::from_secs(3);
/// Items that are not there after that from which on nobody waits.
const PATIENT: u32 = 3;
/// Requests that create more than one item from which on nothing more is created: the finding is
/// confirmed.
const TWINS: u32 = 3;
const BETWEEN: Duration = Duration::from_millis(200);

impl Probe<'_> {
    /// Creates an item for each collection of which the job names one, and lets requests for it go
    /// there. `operations`: what the job is going to send.
    pub(super) async fn stand_in(&self, context: &Context<'_>, operations: &BTreeSet<String>) {
        for place in &self.creations.places {
            let wanted = |id: &String| {
                let op = context.contract.operation(id);
                let target = op.and_then(|op| path_of(&context.request(op, None)));
                let only = BTreeMap::from([(place.item.clone(), String::new())]);
                target.is_some_and(|target| elsewhere(&target, &only).is_some())
            };
            if !operations.iter().any(wanted) {
                continue;
            }
            let mut account = self.creations.account.lock().await;
            match self.new_item(&mut account, place).await {
                Ok(n) => {
                    let item = account.alive.get(&n);
                    let path = item.map(|item| item.path.clone()).unwrap_or_default();
                    self.creations.stand_in(&place.item, &path);
                }
                Err(why) => self.creations.say(self.device().mask(&format!(
                    "{}: no item of our own could be created: {why}",
                    place.create
                ))),
            }
        }
        if !operations.is_empty() {
            self.show_listed(context).await;
        }
    }

    /// For reads of items that the job cannot create: one that is listed.
    async fn show_listed(&self, context: &Context<'_>) {
        for shelf in context.shelves() {
            // Of those that nothing creates one is borrowed, if need be.
            let creatable = self.creations.places.iter().any(|p| p.item == shelf.item);
            if !creatable || self.creations.is_own(&shelf.item) {
                continue;
            }
            let Some(collection) = path_of(&self.creations.at_collection(&shelf.request)) else {
                continue;
            };
            if let Some(path) = self.listed(&shelf, &collection).await.first() {
                self.creations.show(&shelf.item, path);
            }
        }
    }

    /// Creates an item with the first of the plainest valid bodies that the device takes.
    pub(super) async fn new_item(
        &self,
        account: &mut Account,
        place: &Place,
    ) -> Result<u64, String> {
        let mut why = "no valid body is known".to_owned();
        for (body, octets) in &place.bodies {
            let case = plain_case(place, body, octets);
            let attempt = match self.attempt(account, place, &case, false, false).await {
                Ok(attempt) => attempt,
                Err(reason) => {
                    why = reason;
                    continue;
                }
            };
            match attempt.made {
                Made::Item(n, _) => {
                    self.until_there(place, account, n).await;
                    return Ok(n);
                }
                Made::Nothing => {
                    why = match attempt.exchange.status() {
                        Some(status) => format!("status {status}"),
                        None => "it drew no answer".to_owned(),
                    };
                }
                Made::Lost(lost, wrong) => {
                    self.lose(account, place, &lost);
                    account
                        .owed
                        .extend(wrong.map(|d| (place.create.clone(), d)));
                    return Err(lost);
                }
            }
        }
        Err(why)
    }

    async fn until_there(&self, place: &Place, account: &mut Account, n: u64) -> Option<Value> {
        let path = account.alive.get(&n)?.path.clone();
        place.requests.read.as_ref()?;
        let end = Instant::now() + THERE_IN;
        loop {
            let read = self.read_item(place, &path).await;
            if read.is_some() {
                account.there.insert(n);
            }
            if read.is_some() || account.unread >= PATIENT {
                return read;
            }
            if Instant::now() >= end {
                account.unread += 1;
                return None;
            }
            sleep(BETWEEN).await;
        }
    }

    /// Sends a case that may remove the item that it names, at an item made for it, and looks
    /// whether that is gone.
    pub(super) async fn remove_one(&self, place: &Place, case: &Case, fresh: bool) -> Observation {
        let mut account = self.creations.account.lock().await;
        let account = &mut *account;
        let n = match self.new_item(account, place).await {
            Ok(n) => n,
            Err(why) => {
                let why = format!(
                    "not judged: no valid id known: {}",
                    self.device().mask(&why)
                );
                return Observation::undecided(case, &why);
            }
        };
        let path = account.alive.get(&n).map(|i| i.path.clone());
        let path = path.unwrap_or_default();
        let mut sent = case.clone();
        if let Some(request) = self.creations.moved_to(&case.request, &place.item, &path) {
            sent.request = request;
        }
        self.settle(account, place, &path).await;
        let mut exchange = self.session.send_to_the_end(&sent.request, fresh).await;
        if let Some(again) = self.named_state(case, &sent.request, &exchange).await {
            exchange = self.session.send_to_the_end(&again, fresh).await;
        }
        exchange = self
            .past_conflict(case, &sent.request, exchange, fresh)
            .await;
        let mut seen = self.observation(&sent, exchange);
        let plain = matches!(case.expect, Expect::Accepted | Expect::AcceptedOr { .. });
        if seen.judgement.acceptance == Acceptance::Accepted {
            match self.gone(place, &path, &seen.exchange).await {
                Gone::Yes(wrong) => {
                    seen.deviations.extend(wrong);
                    let lingers = self.lingers(account, place, &path).await;
                    seen.deviations.extend(lingers);
                    self.forget_item(account, place, n, &path);
                    let others = self.others_stay(account, place, &path, false).await;
                    seen.deviations.extend(others);
                }
                // What may also be refused need not do it.
                Gone::No(_) if !plain => {}
                Gone::No(what) => {
                    let promise = StatePromise::Removed.of(&place.delete);
                    seen.deviations
                        .push((promise, Deviation::not_removed(&what)));
                }
            }
        }
        // Only what a read has shown can be gone.
        let refused = seen.judgement.acceptance == Acceptance::Refused;
        if refused && account.there.contains(&n) && self.says_gone(place, &path).await {
            let promise = StatePromise::Refusal.of(&case.operation);
            let deviation = Deviation::removed_by_refusal();
            seen.deviations.push((promise, deviation));
            self.forget_item(account, place, n, &path);
        }
        if account.alive.contains_key(&n) {
            let more = self.remove(account, place, n).await.deviation;
            // What the case has shown is told once.
            if seen.deviations.is_empty() {
                seen.deviations.extend(more);
            } else if let Some((promise, other)) = more
                && other.symptom() == "another item is removed"
            {
                seen.deviations.retain(|(p, _)| *p != promise);
                seen.deviations.push((promise, other));
            }
        }
        seen
    }

    /// What is to be seen of something that was created: that it is there, as it was sent, once, and
    /// in the list.
    pub(super) async fn look_at_created(
        &self,
        account: &mut Account,
        place: &Place,
        attempt: &Attempt,
        n: u64,
    ) -> Vec<(PromiseId, Deviation)> {
        let created = StatePromise::Created.of(&place.create);
        let mut out = Vec::new();
        let there = self.until_there(place, account, n).await;
        match (&there, &place.requests.read) {
            (Some(read), _) => {
                let differs = self.differs(place, attempt, read);
                out.extend(differs.map(|d| (created.clone(), d)));
            }
            (None, Some(_)) if self.reads_as_gone(account, place, n).await => {
                let what = "reading it where the answer says that it is does not show it";
                out.push((created.clone(), Deviation::created_not_there(what)));
            }
            (None, _) => {}
        }
        out.extend(
            self.look_at_list(account, place, attempt, n, there.is_some())
                .await,
        );
        out
    }

    async fn reads_as_gone(&self, account: &Account, place: &Place, n: u64) -> bool {
        match account.alive.get(&n) {
            Some(item) => self.says_gone(place, &item.path).await,
            None => false,
        }
    }

    /// A member of what was sent that reads back as something else.
    fn differs(&self, place: &Place, attempt: &Attempt, read: &Value) -> Option<Deviation> {
        let body = match &attempt.case.check {
            Check::ReadsBack(written) => Some(written.clone()),
            _ => body_of(&attempt.case.request),
        };
        let mut written = body?;
        let answer = attempt.exchange.answer();
        let told = answer.and_then(|a| crate::json::read(&a.body));
        let mut watch =
            SettingsWatch::new(BTreeMap::new(), Vec::new()).storing(place.stored.clone());
        let read = unwrapped(read, &written);
        watch.saw(read);
        // What the answer to the creation shows, a read can show too.
        let shown = told.iter().map(|told| unwrapped(told, &written));
        shown.for_each(|told| watch.saw(told));
        let reads = place.read.as_deref();
        let reads = reads.and_then(|id| self.contract().operation(id));
        let parameter = reads.and_then(Operation::item_parameter);
        // An id by another name than the path's is the device's to give.
        let given = |name: &str| {
            let same = |p: &Parameter| shape::same_name(name, &p.name);
            shape::is_usual_id(name) && parameter.is_some_and(|p| !same(p))
        };
        if let Some(object) = written.as_object_mut() {
            object.retain(|name, _| {
                let secret = crate::contract::is_password(name);
                let mut passwords = place.passwords.iter();
                !secret && !given(name) && !passwords.any(|p| p.pointer == format!("/{name}"))
            });
        }
        if let Some(rules) = reads.and_then(shape::answer) {
            written = shape::showable(shape::envelope(rules, &written), written, self.texts())?;
        }
        let expected = Expected {
            written: &written,
            others: Others::StayOrDefault(&Value::Null),
        };
        if let Some(difference) = watch.differs_from_written(expected, read) {
            let of = (
                &difference.pointer,
                &difference.expected,
                &difference.observed,
            );
            let deviation = match difference.what {
                What::LeftOut => Deviation::default_differs(of.0, of.1, of.2),
                _ => Deviation::created_differs(of.0, of.1, of.2),
            };
            return Some(match difference.what {
                What::Near => deviation.in_another_form(),
                _ => deviation,
            });
        }
        // What it stores and what it says of it are two things.
        let told = told.as_ref().map(|told| unwrapped(told, &written));
        let told = told.filter(|_| attempt.exchange.status() == Some(201))?;
        // Something else than an item says nothing of one.
        if written.is_object() != told.is_object() {
            return None;
        }
        // What it leaves out, it does not say.
        let mut said = written.clone();
        said.as_object_mut()?
            .retain(|name, _| told.get(name).is_some());
        let plain = Expected {
            written: &said,
            others: Others::Any,
        };
        let difference = watch.differs_from_written(plain, told)?;
        let deviation = Deviation::answer_differs(
            &difference.pointer,
            &difference.expected,
            &difference.observed,
        );
        (difference.what == What::Written).then_some(deviation)
    }

    /// Whether the list shows what was created, and once.
    pub(super) async fn look_at_list(
        &self,
        account: &mut Account,
        place: &Place,
        attempt: &Attempt,
        n: u64,
        there: bool,
    ) -> Vec<(PromiseId, Deviation)> {
        let mut out = Vec::new();
        let collection = self.creations.path(&place.collection);
        let Some(before) = &attempt.before else {
            return out;
        };
        let listed = self.creations.list(self.device(), place).await;
        let Some(listed) = listed.filter(|l| l.whole) else {
            return out;
        };
        if self.is_late(place) {
            // What the list shows when, the document leaves open.
            return out;
        }
        let path = account.alive.get(&n).map(|i| i.path.clone());
        let is = |id: &String, path: &Option<String>| item_path(&collection, id) == *path;
        let shown = listed.items.keys().any(|id| is(id, &path));
        let new = |id: &&String| !before.items.contains_key(*id) && !is(id, &path);
        let new: Vec<&String> = listed.items.keys().filter(new).collect();
        let twins = self.twins(account, place, &listed, &new, n).await;
        if !twins.is_empty() {
            // A list that does not show the item itself may show now what it did not show before.
            if shown {
                let twice = Deviation::created_twice(twins.len() + 1);
                out.push((StatePromise::Created.of(&place.create), twice));
            }
            for twin in twins {
                self.found_later(account, place, twin).await;
            }
            let times = account.twins.entry(place.create.clone()).or_default();
            *times += 1;
            if *times >= TWINS {
                let why = "one request creates more than one item".to_owned();
                account.closed.entry(place.create.clone()).or_insert(why);
            }
        }
        // A list may show some only (of one state, of one owner): another one that was created in
        // the same way tells.
        let mut others = account.alive.iter().filter(|(m, _)| **m != n);
        let another = others.any(|(_, item)| {
            let path = Some(item.path.clone());
            item.operation == place.create && listed.items.keys().any(|id| is(id, &path))
        });
        if there
            && !shown
            && another
            && let Some(how) = &place.list
        {
            out.push((
                StatePromise::Listed.of(&how.operation),
                Deviation::not_listed(),
            ));
        }
        out
    }

    /// Other new items of a list that the nth request created as well, surely.
    async fn twins(
        &self,
        account: &Account,
        place: &Place,
        listed: &Listed,
        new: &[&String],
        n: u64,
    ) -> Vec<String> {
        let collection = self.creations.path(&place.collection);
        let Some(sending) = account.sent.get(&n) else {
            return Vec::new();
        };
        let mut twins = Vec::new();
        for id in new {
            let Some(element) = listed.items.get(*id) else {
                continue;
            };
            let told = self.tells(place, &collection, id, element, sending).await;
            // One that is new since the list just before, and holds all that was sent.
            let ours = told == Holds::Ours || told == Holds::Alike && new.len() == 1;
            twins.extend(item_path(&collection, id).filter(|_| ours));
        }
        twins
    }

    /// States of items that may be ours, and all others.
    pub(super) fn of_items(
        &self,
        writes: Vec<GuardedWrite>,
    ) -> (Vec<GuardedWrite>, Vec<GuardedWrite>) {
        let places = &self.creations.places;
        let below = |target: &str, item: &str| {
            let rest = target.strip_prefix(item);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
        };
        writes.into_iter().partition(|write| {
            let mut items = places.iter().map(|p| &p.item);
            items.any(|item| below(&write.read.target, item))
        })
    }

    /// States of our own items are watched where they are.
    pub(super) fn at_our_own(&self, mut writes: Vec<GuardedWrite>) -> Vec<GuardedWrite> {
        for write in &mut writes {
            if self.creations.is_own(&write.read.target) {
                write.own = true;
                let target = self.creations.path(&write.read.target);
                self.creations.move_write(write, target);
            }
        }
        writes
    }
}

/// The plainest case that creates.
fn plain_case(place: &Place, body: &Value, octets: &[u8]) -> Case {
    let mut request = place.requests.create.clone();
    request.body = Some(octets.to_vec());
    let typed = |(n, _): &(String, _)| n.eq_ignore_ascii_case("content-type");
    if !request.headers.iter().any(typed) {
        let media = place.media_type.as_str();
        request
            .headers
            .push(("Content-Type".to_owned(), media.into()));
    }
    Case {
        id: CaseId::default(),
        strategy: "own",
        operation: place.create.clone(),
        promises: Vec::new(),
        title: "an item of our own".to_owned(),
        request: Request::Http(request),
        expect: Expect::Accepted,
        input_class: InputClass::default(),
        check: Check::ReadsBack(body.clone()),
        tier: Tier::FIRST,
        carries: Vec::new(),
    }
}

/// What stands in the envelope of an answer (`{"data": {…}}`): the one object in it that has members
/// of what was written, where the answer itself has none.
fn unwrapped<'v>(answer: &'v Value, written: &Value) -> &'v Value {
    let shares = |value: &Value| {
        let names = written
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name);
        let object = value.as_object();
        object.is_some_and(|o| names.into_iter().any(|name| o.contains_key(name)))
    };
    if shares(answer) {
        return answer;
    }
    let members = answer.as_object().into_iter().flatten().map(|(_, v)| v);
    let inside: Vec<&Value> = members.filter(|v| shares(v)).collect();
    match inside[..] {
        [one] => one,
        _ => answer,
    }
}
