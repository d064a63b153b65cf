//! Whether what goes with a removal goes by it: items may end by themselves, and others may be at work.

use super::account::Account;
use super::engine::Probe;
use super::listing::Listed;
use super::remove::Gone;
use crate::case::items::Place;
use std::time::Duration;
use tokio::time::sleep;

/// How long a list is looked at that may change by itself.
const QUIET: Duration = Duration::from_millis(1_500);

impl Probe<'_> {
    /// Before a removal: what has gone until now is no doing of it.
    pub(super) async fn settle(&self, account: &mut Account, place: &Place, path: &str) {
        let collection = self.creations.path(&place.collection);
        if !account.before.contains_key(&collection) || self.is_late(place) {
            return;
        }
        let listed = self.creations.list(self.device(), place).await;
        let Some(listed) = listed.filter(|l| l.whole) else {
            return;
        };
        let before = account.before.get_mut(&collection).into_iter();
        let mut gone: Vec<String> = before
            .flat_map(|before| before.extract_if(.., |id| !listed.items.contains_key(id)))
            .collect();
        if let Some(id) = path.strip_prefix(&format!("{collection}/")) {
            gone.retain(|other| other != id);
        }
        // The one that is removed now may not be listed yet.
        let own = account.alive.iter().find(|(_, item)| item.path == path);
        let own = own.map(|(n, _)| *n).filter(|n| account.there.remove(n));
        gone.extend(self.ours_lost(account, place, &listed).await);
        account.there.extend(own);
        if !gone.is_empty() {
            self.went_by_itself(account, &collection);
        }
    }

    /// Whether the document says that the list of a place shows changes later.
    pub(super) fn is_late(&self, place: &Place) -> bool {
        let list = place.list.as_ref();
        let list = list.and_then(|list| self.contract().operation(&list.operation));
        list.is_some_and(|list| list.late)
    }

    pub(super) fn went_by_itself(&self, account: &mut Account, collection: &str) {
        account.moving.insert(collection.to_owned());
        self.creations.say_once(format!(
            "{collection}: items in it go without being removed by this run"
        ));
    }

    /// What a list shows before and after some time in which nothing is sent; `None` where it cannot be read.
    async fn quietly(&self, place: &Place) -> Option<(Listed, Listed)> {
        let first = self.creations.list(self.device(), place).await;
        sleep(QUIET).await;
        let then = self.creations.list(self.device(), place).await;
        first.zip(then)
    }

    /// Whether a list changes while nothing is sent that writes.
    pub(super) async fn changes_by_itself(&self, place: &Place) -> bool {
        let looks = self.quietly(place).await;
        looks.is_none_or(|(first, then)| first.items.keys().ne(then.items.keys()))
    }

    /// Whether items come into a list while nothing is sent: asked where some have gone so.
    pub(super) async fn others_add(&self, account: &mut Account, place: &Place) -> bool {
        let collection = self.creations.path(&place.collection);
        if !account.moving.contains(&collection) {
            return false;
        }
        if account.shared.contains(&collection) {
            return true;
        }
        let come = self.quietly(place).await.is_some_and(|(first, then)| {
            let mut ids = then.items.keys();
            ids.any(|id| !first.items.contains_key(id))
        });
        if come {
            account.shared.insert(collection);
        }
        come
    }

    /// Whether a removal takes another item of our own, both of them new.
    pub(super) async fn takes_again(&self, account: &mut Account, place: &Place) -> bool {
        let Ok(other) = self.new_item(account, place).await else {
            return false;
        };
        let Ok(n) = self.new_item(account, place).await else {
            self.take_away(account, place, other).await;
            return false;
        };
        let path = account.alive.get(&other).map(|item| item.path.clone());
        let path = path.unwrap_or_default();
        let there = self.read_item(place, &path).await.is_some();
        self.take_away(account, place, n).await;
        let taken = there && self.says_gone(place, &path).await;
        match taken {
            true => self.forget_item(account, place, other, &path),
            false => self.take_away(account, place, other).await,
        }
        taken
    }

    /// Removes an item of ours and looks at nothing else.
    async fn take_away(&self, account: &mut Account, place: &Place, n: u64) {
        let Some(path) = account.alive.get(&n).map(|item| item.path.clone()) else {
            return;
        };
        let request = self.creations.at(&place.requests.delete, place, &path);
        let answer = self.insist(&request).await;
        let done = matches!(answer.status(), Some(200..=299 | 404 | 410));
        if done && matches!(self.gone(place, &path, &answer).await, Gone::Yes(_)) {
            self.forget_item(account, place, n, &path);
        }
    }
}
