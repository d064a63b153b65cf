//! Creates items, so that nothing stays that nobody knows of: each request is written down before it
//! goes out, what it created is found and written down, looked at, and removed.

use super::account::{Account, Holds, KEPT, Sending, Step, holds};
use super::engine::{Observation, Probe};
use super::limits::must_be_refused;
use super::listing::{Listed, below, id_of};
use super::session::never_reached;
use crate::case::fresh::{Fresh, freshened};
use crate::case::items::Place;
use crate::case::moves::{body_of, item_path};
use crate::case::{Case, Check, Expect};
use crate::contract::{IdSource, is_password};
use crate::exchange::{Answer, Exchange, Failure, Outcome, Request, Template};
use crate::json;
use crate::judge::Deviation;
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long what was accepted for later may take to be there.
const LATER: Duration = Duration::from_secs(5);
/// Between two looks.
const BETWEEN: Duration = Duration::from_millis(200);

/// What became of a request that may create.
pub(super) enum Made {
    /// It created this, under this number. The second: what is wrong with how it says so.
    Item(u64, Option<Deviation>),
    /// Nothing, as far as the answer says.
    Nothing,
    /// Something, perhaps, that cannot be found.
    Lost(String),
}

/// A request that was sent, and what came of it.
pub(super) struct Attempt {
    /// The case as it was sent.
    pub case: Case,
    pub exchange: Exchange,
    pub made: Made,
    /// The list before it, where it was read for it.
    pub before: Option<Listed>,
}

impl<'a> Probe<'a> {
    /// Sends a case that may create something, looks at what it created, and removes that.
    pub(super) async fn create(&self, place: &Place, case: &Case, fresh: bool) -> Observation {
        let mut account = self.creations.account.lock().await;
        let account = &mut *account;
        let closely = matches!(case.expect, Expect::Accepted | Expect::AcceptedOr { .. });
        let attempt = match self.attempt(account, place, case, fresh, closely).await {
            Ok(attempt) => attempt,
            Err(why) => return Observation::undecided(case, &why),
        };
        let mut seen = self.observation(&attempt.case, attempt.exchange.clone());
        match &attempt.made {
            Made::Item(n, wrong) => {
                let state = format!("{}.state.created", place.create);
                seen.deviations
                    .extend(wrong.clone().map(|d| (state.clone(), d)));
                if closely {
                    let looked = self.look_at_created(account, place, &attempt, *n).await;
                    seen.deviations.extend(looked);
                } else {
                    self.look_at_list(account, place, &attempt, *n, false).await;
                }
                let removed = self.remove(account, place, *n).await;
                seen.deviations.extend(removed.deviation);
            }
            Made::Lost(why) => self.lose(account, place, why),
            Made::Nothing
                if self.creations.is_suspect(&case.id) || account.wary.contains(&place.create) =>
            {
                let found = self.sweep(account).await;
                if found.contains(&case.id) {
                    let promise = format!("{}.state.refusal", place.create);
                    seen.deviations
                        .push((promise, Deviation::created_by_refusal()));
                }
            }
            Made::Nothing => {}
        }
        for (_, deviation) in &mut seen.deviations {
            *deviation = deviation.masked(|text| self.device().mask(text));
        }
        seen
    }

    /// What was created cannot be found: that is owned up to, and nothing more is created there.
    pub(super) fn lose(&self, account: &mut Account, place: &Place, why: &str) {
        let what = format!(
            "{}: what it may have created in {} was left: {why}",
            place.create,
            self.creations.path(&place.collection)
        );
        account.closed.insert(place.create.clone(), why.to_owned());
        self.creations.leave(account, self.device().mask(&what));
    }

    /// Sends a case that may create something and finds what it created.
    ///
    /// # Errors
    /// Why it was not sent.
    pub(super) async fn attempt(
        &self,
        account: &mut Account,
        place: &Place,
        case: &Case,
        fresh: bool,
        closely: bool,
    ) -> Result<Attempt, String> {
        if let Some(why) = account.closed.get(&place.create) {
            return Err(format!("not sent any more: {why}"));
        }
        if place.creates_unknown(&case.request) {
            return Err("not sent: nobody can tell what a device makes of it".to_owned());
        }
        let collection = self.creations.path(&place.collection);
        let n = account.n + 1;
        let (case, fresh_members) = self.own(account, place, case, n)?;
        let names = fresh_members.recognisable();
        // Without a name of its own only two lists tell what it created.
        let closely = closely || names.is_empty();
        let before = self.known(account, place, &collection, closely).await?;
        let step = Step::Sending {
            n,
            operation: place.create.clone(),
            collection: collection.clone(),
            names,
            shows: shows(&case, &fresh_members),
        };
        self.creations.step(account, step)?;
        if let Some(sending) = account.sent.get_mut(&n) {
            sending.case.clone_from(&case.id);
        }
        let exchange = self.session.send_to_the_end(&case.request, fresh).await;
        let made = match came(&exchange) {
            Came::Nothing => {
                // A refusal is believed until the next look at the list.
                self.creations.step(account, Step::Nothing { n })?;
                Made::Nothing
            }
            Came::Accepted | Came::Unknown => {
                self.find(account, place, &exchange, n, before.as_ref())
                    .await
            }
        };
        Ok(Attempt {
            case,
            exchange,
            made,
            before,
        })
    }

    /// The list before a request that may create: the first one of a collection says what is
    /// somebody else's.
    async fn known(
        &self,
        account: &mut Account,
        place: &Place,
        collection: &str,
        closely: bool,
    ) -> Result<Option<Listed>, String> {
        let first = !account.before.contains_key(collection);
        let hopeless = account.unlistable.contains(collection);
        if place.list.is_none() || hopeless || !(first || closely) {
            return Ok(None);
        }
        let listed = self.creations.list(self.device(), place).await;
        let listed = listed.filter(|l| l.whole);
        if listed.is_none() && first {
            account.unlistable.insert(collection.to_owned());
        }
        if let Some(listed) = listed.as_ref().filter(|_| first) {
            let step = Step::Listed {
                collection: collection.to_owned(),
                ids: listed.items.keys().cloned().collect(),
            };
            self.creations.step(account, step)?;
        }
        Ok(listed)
    }

    /// A case with a name of its own and a password that nobody knows, at the collection of the job.
    fn own(
        &self,
        account: &Account,
        place: &Place,
        case: &Case,
        n: u64,
    ) -> Result<(Case, Fresh), String> {
        let mut random = || self.creations.random();
        let (mut own, fresh) = freshened(
            case,
            (&place.names, &place.passwords),
            self.creations.mark(n),
            self.texts(),
            &mut random,
        );
        let proven = account.proven.contains(&place.create);
        if fresh.guessable && !(must_be_refused(case) && proven) {
            let why = "not sent: the account that it creates would have a password that can be \
                       guessed";
            return Err(why.to_owned());
        }
        for (_, password) in &fresh.passwords {
            self.device().hide(password);
        }
        if let Some(request) = self.creations.moved(&own.request) {
            own.request = request;
        }
        Ok((own, fresh))
    }

    /// Finds what a request created: by what the answer says, else by the list.
    async fn find(
        &self,
        account: &mut Account,
        place: &Place,
        exchange: &Exchange,
        n: u64,
        before: Option<&Listed>,
    ) -> Made {
        let collection = self.creations.path(&place.collection);
        let theirs = |account: &Account, path: &str| {
            let id = |id: &String| item_path(&collection, id).as_deref() == Some(path);
            let known = account.before.get(&collection);
            known.is_some_and(|ids| ids.iter().any(id))
                || before.is_some_and(|l| l.items.keys().any(id))
                || account.alive.values().any(|item| item.path == path)
        };
        let Some(sending) = account.sent.get(&n).cloned() else {
            return Made::Nothing;
        };
        let created = begun(exchange).filter(|a| a.status == 201);
        let led = created.and_then(|a| location(self, place, &collection, a));
        let led = led.filter(|path| theirs(account, path));
        let wrong = led.map(|path| Deviation::location_of_another(&path));
        for path in named(self, place, &collection, exchange, &sending.shows) {
            if theirs(account, &path) {
                continue;
            }
            // Without a list that says what was there before, only its own name or 201 tells.
            let listed = account.before.contains_key(&collection);
            if listed
                || exchange.status() == Some(201)
                || self.shows_ours(place, &path, &sending).await
            {
                return self.made(account, place, n, path, wrong);
            }
        }
        let later = exchange.status() == Some(202);
        let found = match self.difference(account, place, n, before).await {
            Ok(None) | Err(_) if later => {
                self.find_later(account, place, &collection, exchange, n, before)
                    .await
            }
            found => found,
        };
        match found {
            Ok(Some(path)) => self.made(account, place, n, path, wrong),
            Ok(None) if exchange.answer().is_none() => {
                // The list shows that it never came to it.
                match self.creations.step(account, Step::Nothing { n }) {
                    Ok(()) => Made::Nothing,
                    Err(why) => Made::Lost(why),
                }
            }
            Ok(None) => Made::Lost(
                "it was accepted, its answer names no new item, and the list shows none".to_owned(),
            ),
            Err(why) => Made::Lost(why),
        }
    }

    /// What was accepted to be created later (202, RFC 9110 §15.3.3): `Location` may lead to word of
    /// it, and in the end the list shows it.
    async fn find_later(
        &self,
        account: &Account,
        place: &Place,
        collection: &str,
        exchange: &Exchange,
        n: u64,
        before: Option<&Listed>,
    ) -> Result<Option<String>, String> {
        let word = begun(exchange).and_then(|a| below(self.device(), &a.header("location")?));
        let end = Instant::now() + LATER;
        loop {
            if let Some(target) = &word {
                let mut request = place.requests.delete.clone();
                request.method = "GET".to_owned();
                request.target = Template::from(target.as_str());
                let seen = self.device().send(&Request::Http(request), false).await;
                let led = begun(&seen).and_then(|a| location(self, place, collection, a));
                let known = account.before.get(collection);
                let theirs = |path: &String| {
                    let mut ids = known.into_iter().flatten();
                    ids.any(|id| item_path(collection, id).as_ref() == Some(path))
                };
                if let Some(path) = led.filter(|path| !theirs(path)) {
                    return Ok(Some(path));
                }
            }
            let found = self.difference(account, place, n, before).await;
            if matches!(found, Ok(Some(_))) || Instant::now() >= end {
                return found;
            }
            sleep(BETWEEN).await;
        }
    }

    fn made(
        &self,
        account: &mut Account,
        place: &Place,
        n: u64,
        path: String,
        wrong: Option<Deviation>,
    ) -> Made {
        if let Some(policy) = self.device().policy() {
            policy.created(&path);
        }
        let step = Step::Created {
            n,
            operation: place.create.clone(),
            item: path,
        };
        match self.creations.step(account, step.clone()) {
            Ok(()) => Made::Item(n, wrong),
            Err(why) => {
                // It is removed all the same, and nothing more is created.
                account.take(&step);
                account.closed.insert(place.create.clone(), why);
                Made::Item(n, wrong)
            }
        }
    }

    /// Whether an item reads as what was sent, name and all.
    async fn shows_ours(&self, place: &Place, path: &str, sending: &Sending) -> bool {
        let Some(item) = self.read_item(place, path).await else {
            return false;
        };
        holds(&item, sending) == Holds::Ours
    }

    /// An item as it reads; `None` where it does not.
    pub(super) async fn read_item(&self, place: &Place, path: &str) -> Option<Value> {
        let request = self
            .creations
            .at(place.requests.read.as_ref()?, place, path);
        let exchange = self.device().send(&Request::Http(request), false).await;
        let answer = exchange
            .answer()
            .filter(|a| (200..300).contains(&a.status))?;
        json::read(&answer.body)
    }

    /// The one new item of a list that holds what was sent; `None` where the list shows nothing new.
    ///
    /// # Errors
    /// Why it cannot be told.
    async fn difference(
        &self,
        account: &Account,
        place: &Place,
        n: u64,
        before: Option<&Listed>,
    ) -> Result<Option<String>, String> {
        let collection = self.creations.path(&place.collection);
        // The list just before knows what others have created since the first.
        let just = before.map(|l| l.items.keys().cloned().collect());
        let known = just.or_else(|| account.before.get(&collection).cloned());
        let known =
            known.ok_or("its answer names no item, and there is no list to look it up in")?;
        let listed = self.creations.list(self.device(), place).await;
        let listed = listed
            .filter(|l| l.whole)
            .ok_or("its answer names no item, and the list could not be read whole")?;
        let strangers = strangers(account, &known, &listed, &collection);
        let Some(sending) = account.sent.get(&n) else {
            return Ok(None);
        };
        let (mut ours, mut alike) = (Vec::new(), Vec::new());
        for (id, element) in &strangers {
            match self.tells(place, &collection, id, element, sending).await {
                Holds::Ours => ours.push(id),
                Holds::Alike => alike.push(id),
                Holds::No => {}
            }
        }
        let alone = strangers.len() == 1;
        match (ours.as_slice(), alike.as_slice()) {
            ([id], _) => Ok(item_path(&collection, id)),
            ([], [id]) if alone => Ok(item_path(&collection, id)),
            _ if strangers.is_empty() => Ok(None),
            _ => Err(format!(
                "the list shows {} new items, and which of them it created cannot be told",
                strangers.len()
            )),
        }
    }

    /// Whether a new item holds what was sent, by the list or, where that does not tell, as it reads.
    pub(super) async fn tells(
        &self,
        place: &Place,
        collection: &str,
        id: &str,
        element: &Value,
        sending: &Sending,
    ) -> Holds {
        match holds(element, sending) {
            Holds::No => match item_path(collection, id) {
                Some(path) => match self.read_item(place, &path).await {
                    Some(item) => holds(&item, sending),
                    None => Holds::No,
                },
                None => Holds::No,
            },
            told => told,
        }
    }
}

/// Items of a list that were not there before and are none of those that are known to be ours.
pub(super) fn strangers(
    account: &Account,
    known: &std::collections::BTreeSet<String>,
    listed: &Listed,
    collection: &str,
) -> Vec<(String, Value)> {
    let own = |id: &String| {
        let path = item_path(collection, id);
        account
            .alive
            .values()
            .any(|item| Some(&item.path) == path.as_ref())
    };
    let new = listed.items.iter();
    new.filter(|(id, _)| !known.contains(*id) && !own(id))
        .map(|(id, element)| (id.clone(), element.clone()))
        .collect()
}

/// What the answer to a request that may create says.
enum Came {
    Nothing,
    Accepted,
    Unknown,
}

/// An answer, also one that did not come to its end.
fn begun(exchange: &Exchange) -> Option<&Answer> {
    match &exchange.outcome {
        Outcome::Answered(answer) => Some(answer),
        Outcome::Failed { partial, .. } => partial.as_ref(),
    }
}

fn came(exchange: &Exchange) -> Came {
    let status = begun(exchange).map(|a| a.status);
    match (status, exchange.failure()) {
        // A server that fails may have stored before it failed: the next look at the list tells.
        (Some(400..), _) => Came::Nothing,
        (Some(_), _) => Came::Accepted,
        (None, Some(Failure::NotSent(_))) => Came::Nothing,
        (None, Some(failure)) if never_reached(failure) => Came::Nothing,
        (None, _) => Came::Unknown,
    }
}

/// Items that an answer names, the surest first.
fn named(
    probe: &Probe<'_>,
    place: &Place,
    collection: &str,
    exchange: &Exchange,
    shows: &[(String, Value)],
) -> Vec<String> {
    let Some(answer) = begun(exchange) else {
        return Vec::new();
    };
    let body = json::read(&answer.body);
    let path = |source: &IdSource| -> Option<String> {
        let id = match source {
            IdSource::Location => return location(probe, place, collection, answer),
            IdSource::Answer(pointer) => id_of(body.as_ref()?.pointer(pointer)?)?,
            IdSource::Sent(pointer) => {
                let sent = shows.iter().find(|(p, _)| p == pointer)?;
                id_of(&sent.1)?
            }
            IdSource::Path | IdSource::Listing { .. } => return None,
        };
        item_path(collection, &id)
    };
    let mut sources: Vec<&IdSource> = place.ids.iter().collect();
    // Servers give it where the document forgets to say so.
    if !sources.contains(&&IdSource::Location) {
        sources.push(&IdSource::Location);
    }
    sources.into_iter().filter_map(path).collect()
}

/// The item that `Location` names, where it is one of the collection.
fn location(probe: &Probe<'_>, place: &Place, collection: &str, answer: &Answer) -> Option<String> {
    let target = below(probe.device(), &answer.header("location")?)?;
    let path = target.split('?').next()?.trim_end_matches('/');
    let id = path.strip_prefix(collection)?.strip_prefix('/')?;
    let id = percent_encoding::percent_decode_str(id)
        .decode_utf8()
        .ok()?;
    let path = item_path(collection, &id)?;
    place.has_item(&path).then_some(path)
}

/// What of a request would tell an item: the names that were put in, and plain members at its top.
fn shows(case: &Case, fresh: &Fresh) -> Vec<(String, Value)> {
    let mut out = fresh.names.clone();
    let written = match &case.check {
        Check::ReadsBack(value) => Some(value.clone()),
        _ => None,
    };
    let body = body_of(&case.request).or(written);
    for (name, value) in body.iter().filter_map(Value::as_object).flatten() {
        let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        let secret = is_password(name) || fresh.passwords.iter().any(|(p, _)| *p == pointer);
        let plain = value.is_string() || value.is_number() || value.is_boolean();
        if plain && !secret && out.iter().all(|(p, _)| *p != pointer) {
            let kept = |text: &str| Value::from(text.chars().take(KEPT).collect::<String>());
            let value = value.as_str().map_or_else(|| value.clone(), kept);
            out.push((pointer, value));
        }
    }
    out
}
