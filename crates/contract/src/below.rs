//! Items that have no path of their own, only paths below it: `/channels` lists what
//! `/channels/{id}/osd` names.

use super::model::{Contract, Operation, Place};
use super::resource::{IdSource, key, listing, without_slash};
use super::shape;
use std::collections::{HashMap, HashSet};

/// A list, and an operation whose path names an item of it and goes on.
#[derive(Clone, Debug)]
pub struct Below<'c> {
    /// Lists the items.
    pub list: &'c Operation,
    /// The operation below one of them.
    pub operation: &'c Operation,
    /// Segments of the operation's path that name the item.
    pub segments: usize,
    /// Where the ids stand in the list.
    pub ids: IdSource,
}

impl Contract {
    /// Every operation below an item that is listed and has no path of its own, in the document's
    /// order. Not where the profile gives the id.
    pub fn below_listed(&self) -> Vec<Below<'_>> {
        let keys: HashSet<String> = self.operations.iter().map(|op| key(&op.path)).collect();
        // By what stands in front of each parameter: every list would go through all of them.
        let mut by_front: HashMap<&str, Vec<&Operation>> = HashMap::new();
        for operation in &self.operations {
            for (at, _) in operation.path.match_indices("/{") {
                let front = operation.path.get(..at).unwrap_or_default();
                by_front.entry(front).or_default().push(operation);
            }
        }
        let lists = self.operations.iter().filter(|op| op.method == "GET");
        lists
            .flat_map(|list| {
                let path = without_slash(&list.path);
                let below = by_front.get(path).map_or(&[][..], Vec::as_slice);
                match keys.contains(&format!("{}/{{}}", key(path))) {
                    true => Vec::new(),
                    false => self.below(list, path, below),
                }
            })
            .collect()
    }

    fn below<'c>(
        &'c self,
        list: &'c Operation,
        path: &str,
        operations: &[&'c Operation],
    ) -> Vec<Below<'c>> {
        let operations = operations.iter().copied().filter_map(|operation| {
            let rest = operation.path.strip_prefix(path)?.strip_prefix("/{")?;
            let (parameter, more) = rest.split_once('}')?;
            let mut parameters = operation.parameters.iter();
            let known = parameters
                .any(|p| p.place == Place::Path && p.name == parameter && p.given.is_none());
            let ids = listing(shape::answer(list)?, parameter)?;
            (known && more.starts_with('/')).then_some(Below {
                list,
                operation,
                segments: path.matches('/').count() + 1,
                ids,
            })
        });
        operations.collect()
    }
}
