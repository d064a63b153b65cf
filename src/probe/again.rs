//! A creation sent once more while what it created is there: where the document gives 409, that is
//! refused, and nothing takes the place of anything.

use super::account::{Account, Step};
use super::create::{Attempt, Made};
use super::engine::Probe;
use super::find::{Came, came, named};
use super::remove::failed;
use crate::case::items::Place;
use crate::contract::{PromiseId, StatePromise};
use crate::judge::Deviation;

/// The answer of a conflict with what is there (RFC 9110 §15.5.10).
const CONFLICT: u16 = 409;

impl Probe<'_> {
    /// Sends a creation that was accepted once more, and looks what came of it: after the first of an
    /// operation, and after each where that was wrong.
    pub(super) async fn created_again(
        &self,
        account: &mut Account,
        place: &Place,
        attempt: &Attempt,
        n: u64,
    ) -> Option<(PromiseId, Deviation)> {
        let operation = self.contract().operation(&place.create)?;
        if !operation.documents(CONFLICT) || account.again.get(&place.create) == Some(&false) {
            return None;
        }
        let wrong = self.send_again(account, place, attempt, n).await;
        let created = StatePromise::Created.of(&place.create);
        let known = account.again.entry(place.create.clone()).or_default();
        *known |= wrong.as_ref().is_some_and(|(p, _)| *p == created);
        wrong
    }

    async fn send_again(
        &self,
        account: &mut Account,
        place: &Place,
        attempt: &Attempt,
        n: u64,
    ) -> Option<(PromiseId, Deviation)> {
        let created = |deviation| (StatePromise::Created.of(&place.create), deviation);
        let path = account.alive.get(&n)?.path.clone();
        let first = account.sent.get(&n)?.clone();
        let collection = self.creations.path(&place.collection);
        let before = match &place.list {
            Some(_) => Some(self.creations.list(self.device(), place).await?),
            None => None,
        };
        let before = before.filter(|listed| listed.whole);
        let second = account.n + 1;
        let step = Step::Sending {
            n: second,
            operation: place.create.clone(),
            collection: collection.clone(),
            names: first.names,
            shows: first.shows.clone(),
        };
        self.creations.step(account, step).ok()?;
        let request = &attempt.case.request;
        let exchange = self.session.send_to_the_end(request, false).await;
        if matches!(came(&exchange), Came::Nothing) {
            self.creations
                .step(account, Step::Nothing { n: second })
                .ok()?;
            return failed(&exchange)
                .map(Deviation::failed_at_conflict)
                .map(created);
        }
        let there = named(self, place, &collection, &exchange, &first.shows);
        match self
            .find(account, place, &exchange, second, before.as_ref())
            .await
        {
            // Another one: what its removal shows no other may show.
            Made::Item(another, _) => self.remove(account, place, another).await.deviation,
            Made::Nothing => None,
            // It is the one that is there: nothing more is to be removed.
            Made::Lost(..) if there.contains(&path) => {
                self.creations
                    .step(account, Step::Nothing { n: second })
                    .ok()?;
                let over = exchange.status() == Some(201);
                over.then(|| created(Deviation::created_over()))
            }
            Made::Lost(why, _) => {
                self.lose(account, place, &why);
                None
            }
        }
    }
}
