//! Items that have no path of their own, only paths below it: `/channels` lists what
//! `/channels/{id}/osd` names.

use super::model::{Contract, Operation, Place};
use super::resource::{IdSource, key, listing};
use super::shape;

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
        let lists = self.operations.iter().filter(|op| op.method == "GET");
        lists.flat_map(|list| self.below(list)).collect()
    }

    fn below<'c>(&'c self, list: &'c Operation) -> Vec<Below<'c>> {
        let path = list.path.trim_end_matches('/');
        let item = format!("{}/{{}}", key(path));
        if self.operations.iter().any(|op| key(&op.path) == item) {
            return Vec::new();
        }
        let operations = self.operations.iter().filter_map(|operation| {
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
