//! Items of others beside one of our own: a write to ours leaves them as they were.

use super::account::Account;
use super::difference::{Difference, What};
use super::engine::Probe;
use crate::case::items::Place;
use crate::case::moves::item_path;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Items of others as they were before the first write, and how often they were looked at since.
#[derive(Debug, Default)]
pub(super) struct Neighbours {
    /// Path of a collection → id → element of its list.
    before: BTreeMap<String, BTreeMap<String, Value>>,
    /// Writing operation → accepted writes.
    writes: BTreeMap<String, u32>,
    /// Writing operations that have changed one.
    changed: BTreeSet<String>,
}

impl Neighbours {
    /// What stands in a collection before anything of ours does.
    pub(super) fn learn(&mut self, collection: &str, items: &BTreeMap<String, Value>) {
        let known = self.before.entry(collection.to_owned());
        known.or_insert_with(|| items.clone());
    }

    /// What stood in a collection then.
    pub(super) fn known(&self, collection: &str) -> Option<&BTreeMap<String, Value>> {
        self.before.get(collection)
    }

    /// Whether to look after another accepted write: the first ones, then ever more rarely, and
    /// always where it was needed before.
    fn is_due(&mut self, operation: &str) -> bool {
        let writes = self.writes.entry(operation.to_owned()).or_default();
        *writes += 1;
        writes.is_power_of_two() || self.changed.contains(operation)
    }
}

impl Probe<'_> {
    /// What an accepted write to an item of our own has changed of another one, if it has. Only a
    /// member that another item has taken over as it was written counts: what else changes there may
    /// be the device's or somebody else's doing.
    pub(super) async fn changed_beside(
        &self,
        operation: &str,
        written: &Value,
    ) -> Option<Difference> {
        let target = self.settings().own_target(operation)?;
        let mut places = self.creations.places.iter();
        let place = places.find(|p| self.creations.path(&p.item) == target)?;
        let mut account = self.creations.account.lock().await;
        if !account.neighbours.is_due(operation) {
            return None;
        }
        let collection = self.creations.path(&place.collection);
        let listed = self.creations.list(self.device(), place).await?;
        let before = account.neighbours.before.get(&collection)?;
        let others = before.iter().filter(|(id, _)| {
            let path = item_path(&collection, id);
            path.as_deref() != Some(target)
        });
        let taken = others.filter_map(|(id, element)| {
            let now = listed.items.get(id)?;
            let (name, was) = taken_over(element, now, written)?;
            Some((id.clone(), name, was))
        });
        let taken: Vec<(String, String, Value)> = taken.collect();
        // A truth value has only two: the other one may be what it has to be now (one default of all).
        let told = taken.iter().find(|(_, _, was)| !was.is_boolean());
        let Some((_, name, was)) = told else {
            if !taken.is_empty() {
                self.own_up(&mut account, place, operation, &taken);
            }
            return None;
        };
        let difference = Difference {
            pointer: format!("/{}", crate::pointer::escape(name)),
            expected: was.to_string(),
            observed: written.get(name).unwrap_or(&Value::Null).to_string(),
            what: What::Another,
        };
        self.own_up(&mut account, place, operation, &taken);
        Some(difference)
    }

    /// What was changed of somebody else's is said. Nothing is written back: the next write would hit
    /// the others again.
    fn own_up(
        &self,
        account: &mut Account,
        place: &Place,
        operation: &str,
        taken: &[(String, String, Value)],
    ) {
        let first = account.neighbours.changed.insert(operation.to_owned());
        let collection = self.creations.path(&place.collection);
        for (id, name, was) in taken.iter().filter(|_| first) {
            let what = format!(
                "{operation}: it was to write an item of ours and has changed {collection}/{id} as \
                 well: `{name}` was {was}"
            );
            self.creations.leave(account, self.device().mask(&what));
        }
    }
}

/// A member that has changed to what was written to another item, and what it was.
fn taken_over(before: &Value, now: &Value, written: &Value) -> Option<(String, Value)> {
    let mut members = written.as_object()?.iter();
    members.find_map(|(name, value)| {
        let (was, is) = (before.get(name)?, now.get(name)?);
        (was != is && is == value).then(|| (name.clone(), was.clone()))
    })
}
