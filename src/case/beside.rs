//! Lists that a run reads and does not write: what a creation makes beside its item shows there. Pure.

use super::items::ListRequest;
use super::model::Context;
use crate::contract::{Effect, IdSource, Paging, Place as Where, resource, shape};
use crate::exchange::HttpRequest;

/// One of them.
#[derive(Clone, Debug)]
pub struct Beside {
    /// Its path.
    pub path: String,
    /// Reads it.
    pub request: HttpRequest,
    /// How, where its entries have ids; else they are told apart by all that they show.
    pub list: ListRequest,
    /// Whether its entries have ids.
    pub has_ids: bool,
    /// Whether it tells what has been done, so that it grows whatever is done.
    pub tells: bool,
}

/// Words of paths whose lists tell what has been done, or what is under way.
const TELLING: [&str; 26] = [
    "activity",
    "activities",
    "alarm",
    "alarms",
    "audit",
    "call",
    "calls",
    "cdr",
    "cdrs",
    "connection",
    "connections",
    "event",
    "events",
    "history",
    "job",
    "jobs",
    "journal",
    "log",
    "logs",
    "notification",
    "notifications",
    "queue",
    "session",
    "sessions",
    "task",
    "tasks",
];

impl Context<'_> {
    /// Every list that can be read without naming anything.
    pub fn lists_beside(&self) -> Vec<Beside> {
        let effects = self.effects();
        let reads = |id: &str| effects.get(id).is_some_and(|e| e.effect == Effect::Reads);
        let operations = self.contract.operations.iter();
        let plain = operations.filter(|op| {
            let mut needed = op.parameters.iter().filter(|p| p.required);
            op.method == "GET" && !op.path.contains('{') && reads(&op.id) && needed.next().is_none()
        });
        plain
            .filter_map(|op| {
                let answer = shape::answer(op)?;
                let (items, id) = match resource::listing(answer, "id") {
                    Some(IdSource::Listing { array, id }) => (array, Some(id)),
                    Some(IdSource::Members(object)) => (object, None),
                    // Told apart by all that they show.
                    _ => (shape::array_in(answer)?.0, None),
                };
                let maps = shape::is_map_of_objects(answer);
                let words = op.path.split(|c: char| !c.is_alphanumeric());
                let tells = words
                    .map(str::to_ascii_lowercase)
                    .any(|word| TELLING.contains(&word.as_str()));
                Some(Beside {
                    path: super::moves::path_of(&self.request(op, None))?,
                    request: self.request(op, None),
                    has_ids: id.is_some() || maps,
                    list: ListRequest {
                        operation: op.id.clone(),
                        items,
                        id,
                        chosen: op.parameters.iter().any(|p| p.place == Where::Query),
                        paging: Paging::of(op),
                    },
                    tells,
                })
            })
            .collect()
    }
}
