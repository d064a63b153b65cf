//! Items that are there and that no operation creates (outputs, channels, lines): a document names them
//! by a parameter only, so one that the device lists takes the place of the one in the plan.

use super::account::Step;
use super::engine::Probe;
use super::listing::list;
use crate::case::Context;
use crate::case::items::Shelf;
use crate::case::moves::{item_path, path_of};
use crate::contract::Effect;
use crate::device::GuardedWrite;

impl Probe<'_> {
    /// Lets requests for items that nothing creates go to one that is listed. `past`: what an earlier
    /// process of the job has chosen, which stays: its settings are those of that item.
    pub(super) async fn borrow_listed(&self, context: &Context<'_>, past: &[Step]) {
        for shelf in context.shelves() {
            if self.creations.places.iter().any(|p| p.item == shelf.item) {
                continue;
            }
            let request = self.creations.at_collection(&shelf.request);
            let Some(collection) = path_of(&request) else {
                continue;
            };
            let chosen = past.iter().find_map(|step| match step {
                Step::Borrowed { from, to } if *from == shelf.item => Some(to.clone()),
                _ => None,
            });
            // A journal is a file: it names nothing but an item of the collection.
            let chosen = chosen.filter(|to| is_item_of(to, &collection));
            let (path, new) = match chosen {
                Some(path) => (Some(path), false),
                None => (self.first_listed(&shelf, &collection).await, true),
            };
            let Some(path) = path else { continue };
            let step = Step::Borrowed {
                from: shelf.item.clone(),
                to: path.clone(),
            };
            let mut account = self.creations.account.lock().await;
            // What cannot be written down is not used: nobody could put it back after a kill.
            if !new || self.creations.step(&mut account, step).is_ok() {
                self.creations.borrow(&shelf.item, &path);
            }
        }
        self.tell_borrowed(context);
    }

    /// The first item of a list; `None` where the one of the plan is in it.
    async fn first_listed(&self, shelf: &Shelf, collection: &str) -> Option<String> {
        let planned = self.creations.path(&shelf.item);
        let paths = self.listed(shelf, collection).await;
        match paths.contains(&planned) {
            true => None,
            false => paths.into_iter().next(),
        }
    }

    /// Paths of the items that a list shows.
    pub(super) async fn listed(&self, shelf: &Shelf, collection: &str) -> Vec<String> {
        let request = self.creations.at_collection(&shelf.request);
        let listed = list(self.device(), &shelf.list, &request, usize::MAX).await;
        let ids = listed.iter().flat_map(|l| l.items.keys());
        let named = |id: &&String| shelf.named.as_ref().is_none_or(|named| named.contains(id));
        ids.filter(named)
            .filter_map(|id| item_path(collection, id))
            .collect()
    }

    /// Their state is kept, so the policy lets them be written.
    fn tell_borrowed(&self, context: &Context<'_>) {
        let Some(policy) = self.device().policy() else {
            return;
        };
        let templated = context.contract.operations.iter();
        for op in templated.filter(|op| op.path.contains('{')) {
            let effect = policy.effects().get(&op.id);
            if effect.is_none_or(|e| e.effect != Effect::Writes) {
                continue;
            }
            let target = path_of(&context.unauthorized_request(op, None));
            let borrowed = target.and_then(|target| self.creations.borrowed(&target));
            if let Some(path) = borrowed {
                policy.keeps(&op.id, &path);
            }
        }
    }

    /// States of borrowed items are kept where those are.
    pub(super) fn at_borrowed(&self, mut writes: Vec<GuardedWrite>) -> Vec<GuardedWrite> {
        for write in &mut writes {
            let Some(target) = self.creations.borrowed(&write.read.target) else {
                continue;
            };
            self.creations.move_write(write, target);
        }
        writes
    }
}

/// Whether a path is a collection's with one plain segment more.
fn is_item_of(path: &str, collection: &str) -> bool {
    let rest = path.strip_prefix(collection);
    let id = rest.and_then(|rest| rest.strip_prefix('/'));
    id.is_some_and(|id| {
        let decoded = percent_encoding::percent_decode_str(id).decode_utf8();
        decoded.is_ok_and(|id| item_path(collection, &id).as_deref() == Some(path))
    })
}
