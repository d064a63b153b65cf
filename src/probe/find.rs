//! Finds what a request has created: by what the answer says, else by the difference of two lists.

use super::account::{Account, Holds, Sending, Step, holds};
use super::create::Made;
use super::engine::Probe;
use super::later::Waits;
use super::listing::{Listed, id_of};
use super::session::never_reached;
use crate::case::items::Place;
use crate::case::moves::item_path;
use crate::contract::IdSource;
use crate::device::pages::below;
use crate::exchange::{Answer, Exchange, Failure, Outcome, Request};
use crate::json;
use crate::judge::Deviation;
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// How long what was accepted for later may take to be there.
pub(super) const LATER: Duration = Duration::from_secs(5);

impl Probe<'_> {
    /// Finds what a request created: by what the answer says, else by the list.
    pub(super) async fn find(
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
        // The list was there before, too (RFC 9110 §15.3.2).
        let led = led.or_else(|| {
            let target = below(self.device(), &created?.header("location")?)?;
            let path = target.split('?').next()?.trim_end_matches('/');
            (path == collection).then(|| path.to_owned())
        });
        let wrong = led.map(|path| Deviation::location_of_another(&path));
        for path in named(self, place, &collection, exchange, &sending.shows) {
            if theirs(account, &path) {
                continue;
            }
            // Without a list that says what was there before, only its own name or 201 tells.
            let listed = account.before.contains_key(&collection);
            let mut ours = sending
                .names
                .iter()
                .filter_map(|name| item_path(&collection, name));
            if listed
                || ours.any(|ours| ours == path)
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
            Ok(None) if matches!(came(exchange), Came::Unknown) => {
                // The list shows that it never came to it.
                match self.creations.step(account, Step::Nothing { n }) {
                    Ok(()) => Made::Nothing,
                    Err(why) => Made::Lost(why, wrong),
                }
            }
            Ok(None) => Made::Lost(
                "it was accepted, its answer names no new item, and the list shows none".to_owned(),
                wrong,
            ),
            Err(why) => Made::Lost(why, wrong),
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
        let mut waits = Waits::new();
        loop {
            if let Some(target) = &word {
                let seen = self.device().get(target).await;
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
            waits.wait().await;
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

    /// Whether the read of an item says that there is none. Anything else but the item, an answer
    /// in a coding that nobody asked for among it, says nothing of that.
    pub(super) async fn says_gone(&self, place: &Place, path: &str) -> bool {
        let Some(request) = &place.requests.read else {
            return false;
        };
        let request = self.creations.at(request, place, path);
        let exchange = self.device().send(&Request::Http(request), false).await;
        matches!(exchange.status(), Some(404 | 410))
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
pub(super) enum Came {
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

pub(super) fn came(exchange: &Exchange) -> Came {
    let status = begun(exchange).map(|a| a.status);
    match (status, exchange.failure()) {
        // A server that fails may have stored before it failed: the next look at the list tells.
        (Some(400..), _) => Came::Nothing,
        // It may have been done before it was sent elsewhere (RFC 9110 §15.4): the list tells.
        (Some(300..=399), _) => Came::Unknown,
        (Some(_), _) => Came::Accepted,
        (None, Some(Failure::NotSent(_))) => Came::Nothing,
        (None, Some(failure)) if never_reached(failure) => Came::Nothing,
        (None, _) => Came::Unknown,
    }
}

/// Items that an answer names, the surest first.
pub(super) fn named(
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
            IdSource::Path | IdSource::Listing { .. } | IdSource::Members(_) => return None,
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
