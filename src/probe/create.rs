//! Creates items, so that nothing stays that nobody knows of: each request is written down before it
//! goes out, what it created is found and written down, looked at, and removed.

use super::account::{Account, KEPT, Step};
use super::engine::Probe;
use super::find::{Came, came};
use super::limits::must_be_refused;
use super::listing::Listed;
use super::observation::Observation;
use crate::case::fresh::{Fresh, freshened};
use crate::case::items::Place;
use crate::case::moves::body_of;
use crate::case::{Case, Check, Expect};
use crate::contract::{StatePromise, is_password};
use crate::exchange::Exchange;
use crate::judge::Deviation;
use crate::pointer::escape;
use serde_json::Value;
use std::collections::BTreeSet;

/// What became of a request that may create.
pub(super) enum Made {
    /// It created this, under this number. The second: what is wrong with how it says so.
    Item(u64, Option<Deviation>),
    /// Nothing, as far as the answer says.
    Nothing,
    /// Something, perhaps, that cannot be found; the second as above.
    Lost(String, Option<Deviation>),
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
            Err(why) => {
                let mut seen = Observation::undecided(case, &why);
                // What an item of our own has shown, no case had to show.
                if let Some(owed) = account.owed.remove(&place.create) {
                    let state = StatePromise::Created.of(&place.create);
                    seen.deviations
                        .push((state, owed.masked(|text| self.device().mask(text))));
                }
                return seen;
            }
        };
        let mut seen = self.observation(&attempt.case, attempt.exchange.clone());
        match &attempt.made {
            Made::Item(n, wrong) => {
                let state = StatePromise::Created.of(&place.create);
                seen.deviations
                    .extend(wrong.clone().map(|d| (state.clone(), d)));
                if closely {
                    let looked = self.look_at_created(account, place, &attempt, *n).await;
                    seen.deviations.extend(looked);
                    let again = self.created_again(account, place, &attempt, *n).await;
                    seen.deviations.extend(again);
                } else {
                    self.look_at_list(account, place, &attempt, *n, false).await;
                }
                let removed = self.remove(account, place, *n).await;
                seen.deviations.extend(removed.deviation);
                self.look_beside(account, place).await;
            }
            Made::Lost(why, wrong) => {
                let state = StatePromise::Created.of(&place.create);
                seen.deviations.extend(wrong.clone().map(|d| (state, d)));
                self.lose(account, place, why);
            }
            Made::Nothing
                if self.creations.is_suspect(&case.id) || account.wary.contains(&place.create) =>
            {
                let found = self.sweep(account).await;
                if found.contains(&case.id) {
                    let promise = StatePromise::Refusal.of(&place.create);
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
            return Err(format!("nothing more is created there: {why}"));
        }
        if place.creates_unknown(&case.request) {
            return Err("nobody can tell what a device makes of it".to_owned());
        }
        let collection = self.creations.path(&place.collection);
        let n = account.n + 1;
        let planned = case;
        let taken = taken(account, &collection, None);
        let (mut case, mut fresh_members) = self.own(account, place, planned, (n, &taken))?;
        let mut names = fresh_members.recognisable();
        let mut shown = shows(&case, &fresh_members);
        if names.is_empty()
            && !place.answer_tells()
            && !must_be_refused(&case)
            && !tells_items_apart(&shown)
        {
            let why = "nothing in it would tell what it creates from what others create";
            return Err(why.to_owned());
        }
        // Without a name of its own only two lists tell what it created, and of few names any may be
        // somebody's by now.
        let closely = closely || names.is_empty() || !fresh_members.narrow.is_empty();
        let before = self.known(account, place, &collection, closely).await?;
        let taken = self::taken(account, &collection, before.as_ref());
        let ids_of = |case: &Case| {
            let given = body_of(&case.request).map(|body| place.given_ids(&body));
            given.unwrap_or_default()
        };
        let mut given = ids_of(&case);
        if given.iter().any(|id| taken.contains(id)) {
            (case, fresh_members) = self.own(account, place, planned, (n, &taken))?;
            (names, shown) = (fresh_members.recognisable(), shows(&case, &fresh_members));
            given = ids_of(&case);
        }
        let known = account.before.get(&collection);
        if given.iter().any(|id| taken.contains(id)) {
            let why = match given.iter().all(|id| place.plans_id(id)) {
                true => "every id that its rules allow is taken",
                false => "it gives the id of an item that is there",
            };
            return Err(why.to_owned());
        }
        let ours = |id: &String| {
            let few = &fresh_members.narrow;
            let mut names = fresh_members.names.iter();
            names.any(|(_, v)| v.as_str() == Some(id) && !few.contains(v))
        };
        if known.is_none() && !given.iter().all(ours) {
            return Err("without a list nobody can tell whose it would be".to_owned());
        }
        let like_ids = body_of(&case.request).map(|body| like_ids(&body));
        let mut all = given.iter().chain(like_ids.iter().flatten());
        if !all.all(|id| can_be_named(id)) {
            return Err("no path could name what it creates".to_owned());
        }
        let step = Step::Sending {
            n,
            operation: place.create.clone(),
            collection: collection.clone(),
            names,
            shows: shown,
        };
        self.creations.step(account, step)?;
        if let Some(sending) = account.sent.get_mut(&n) {
            sending.case.clone_from(&case.id);
        }
        let exchange = self.session.send_to_the_end(&case.request, fresh).await;
        let exchange = self
            .past_conflict(&case, &case.request, exchange, fresh)
            .await;
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
            account.neighbours.learn(collection, &listed.items);
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
        (n, taken): (u64, &BTreeSet<String>),
    ) -> Result<(Case, Fresh), String> {
        let mut random = || self.creations.random();
        let (mut own, fresh) = freshened(
            case,
            (&place.names, &place.passwords),
            (self.creations.mark(n), taken),
            self.texts(),
            &mut random,
        );
        let proven = account.proven.contains(&place.create);
        if fresh.guessable && !(must_be_refused(case) && proven) {
            let why = "the account that it creates would have a password that can be guessed";
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
}

/// Ids of a collection that a new item must not have: those that were there, that a list shows now, and
/// those of our own.
fn taken(account: &Account, collection: &str, listed: Option<&Listed>) -> BTreeSet<String> {
    let mut taken = account.before.get(collection).cloned().unwrap_or_default();
    taken.extend(listed.iter().flat_map(|l| l.items.keys().cloned()));
    let ours = account.alive.values().filter_map(|item| {
        let (above, id) = item.path.rsplit_once('/')?;
        let id = percent_encoding::percent_decode_str(id).decode_utf8();
        id.ok().filter(|_| above == collection)
    });
    taken.extend(ours.map(|id| id.into_owned()));
    taken
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
        let pointer = format!("/{}", escape(name));
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

/// Whether what was sent can be found again in a list: a text that every device stores as it is, or
/// several plain values.
fn tells_items_apart(shown: &[(String, Value)]) -> bool {
    let plain = |text: &str| !text.chars().any(|c| c.is_control() || c == '\u{fffd}');
    let texts = shown.iter().filter_map(|(_, value)| value.as_str());
    let mut texts = texts.filter(|text| !text.trim().is_empty());
    texts.all(plain) && (shown.iter().any(|(_, v)| v.is_string()) || shown.len() > 1)
}

/// Texts that a device may take for the id of an item, whatever the document calls its id.
fn like_ids(body: &Value) -> Vec<String> {
    const NAMES: [&str; 6] = ["id", "identifier", "uuid", "guid", "slug", "key"];
    let members = body.as_object().into_iter().flatten();
    let named = members.filter(|(name, _)| NAMES.contains(&name.to_ascii_lowercase().as_str()));
    named
        .filter_map(|(_, value)| value.as_str().map(str::to_owned))
        .collect()
}

/// Longest id that is given to an item: longer ones fit in no path of many servers.
const LONGEST_ID: usize = 128;

/// Whether a path names an item with this id in one way only.
fn can_be_named(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~:@+".contains(c);
    !id.is_empty() && id.len() <= LONGEST_ID && !id.starts_with('.') && id.chars().all(plain)
}
