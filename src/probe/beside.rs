//! What a creation makes in another list than its own, and leaves there: looked for, said, and not
//! made a second time. A list that grows by itself, or tells what was done, accuses nobody.

use super::account::{Account, shows_any};
use super::engine::Probe;
use super::listing::{Listed, list};
use crate::case::Context;
use crate::case::beside::Beside;
use crate::case::items::Place;
use crate::contract::Effect;
use crate::device::{Guard, Restored};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Lists that are looked at, at most.
const LISTS: usize = 30;
/// Entries of one, at most.
const ENTRIES: usize = 2000;
/// How long what goes with an item may take to go.
const GOES_IN: Duration = Duration::from_secs(2);
const BETWEEN: Duration = Duration::from_millis(250);
/// Entries that are named of many.
const NAMED: usize = 5;

/// A list as it was before the job sent anything that may write.
#[derive(Debug)]
pub(super) struct Before {
    of: Beside,
    /// Ids, or what stands for them.
    entries: BTreeSet<String>,
    /// Whether it changes while nothing is done.
    moves: bool,
}

/// What a list shows otherwise than before.
#[derive(Debug, Default)]
struct Change {
    /// Entries that are new and name what the job has created.
    ours: Vec<String>,
    /// Other entries that are new.
    new: Vec<String>,
    /// Entries that are gone.
    gone: Vec<String>,
}

impl Probe<'_> {
    /// Reads the lists that the job does not write itself, before it writes anything.
    pub(super) async fn remember_beside(&mut self, context: &Context<'_>, guard: &Guard) {
        let writes = self.device().policy().is_some_and(|policy| {
            let mut effects = policy.effects().iter();
            let may = |id: &str| policy.operation(id).is_ok();
            !policy.is_harmless() && effects.any(|e| e.effect != Effect::Reads && may(&e.operation))
        });
        if !writes {
            return;
        }
        let mut out = Vec::new();
        for of in context.lists_beside() {
            let mut places = self.creations.places.iter();
            let own = places.any(|p| p.collection == of.path);
            let kept = || {
                let mut states = guard.states();
                states.any(|(write, ..)| write.read.target == of.path)
            };
            if own || kept() || out.len() >= LISTS {
                continue;
            }
            let Some(first) = self.beside(&of).await else {
                continue;
            };
            let Some(second) = self.beside(&of).await else {
                continue;
            };
            let mut account = self.creations.account.lock().await;
            let entries = match account.before.get(&of.path) {
                Some(before) => before.clone(),
                None => first.keys().cloned().collect(),
            };
            let step = super::account::Step::Listed {
                collection: of.path.clone(),
                ids: entries.iter().cloned().collect(),
            };
            // What cannot be written down is not known after a kill; now it is.
            let _ = self.creations.step(&mut account, step);
            let moves = first.keys().ne(second.keys());
            out.push(Before { of, entries, moves });
        }
        self.beside = out;
    }

    /// The entries of a list, by id or by what they show; `None` where it cannot be read whole.
    async fn beside(&self, of: &Beside) -> Option<BTreeMap<String, Value>> {
        let listed = match of.has_ids {
            true => list(self.device(), &of.list, &of.request, usize::MAX).await?,
            false => self.told_apart(of).await?,
        };
        let few = listed.items.len() <= ENTRIES;
        (few && listed.whole).then_some(listed.items)
    }

    /// A list whose entries have no ids, where it comes in one part.
    async fn told_apart(&self, of: &Beside) -> Option<Listed> {
        let request = crate::exchange::Request::Http(of.request.clone());
        let exchange = self.device().send(&request, false).await;
        let answer = exchange.answer().filter(|a| a.status == 200)?;
        let body = crate::json::read(&answer.body)?;
        let mut out = Listed {
            whole: of.list.paging.is_none(),
            ..Listed::default()
        };
        for entry in body.pointer(&of.list.items)?.as_array()? {
            let mut key = mark(&entry.to_string());
            while out.items.contains_key(&key) {
                key.push('+');
            }
            out.items.insert(key, entry.clone());
        }
        Some(out)
    }

    /// What a list shows otherwise than before; `given`: the names and ids of what the job has created.
    async fn change(&self, given: &BTreeSet<String>, before: &Before) -> Option<Change> {
        let now = self.beside(&before.of).await?;
        let mut change = Change::default();
        let grown = now.len() > before.entries.len();
        for (id, entry) in &now {
            // Without ids, one that has changed is no new one.
            if before.entries.contains(id) || !before.of.has_ids && !grown {
                continue;
            }
            let shown = match before.of.has_ids {
                true => id.clone(),
                false => entry.to_string().chars().take(60).collect(),
            };
            match shows_any(entry, given) {
                true => change.ours.push(shown),
                false => change.new.push(shown),
            }
        }
        let gone = before.entries.iter().filter(|id| !now.contains_key(*id));
        change.gone = gone.filter(|_| before.of.has_ids).cloned().collect();
        Some(change)
    }

    /// After the first item of a place has gone: whether something that it made elsewhere has stayed. Then
    /// nothing more is created there.
    pub(super) async fn look_beside(&self, account: &mut Account, place: &Place) {
        if self.beside.is_empty() || !account.beside.insert(place.create.clone()) {
            return;
        }
        for before in self.beside.iter().filter(|b| !b.of.tells && !b.moves) {
            let end = Instant::now() + GOES_IN;
            let ours = loop {
                let change = self.change(&account.given_and_gone(), before).await;
                let ours = change.map(|c| c.ours).unwrap_or_default();
                if ours.is_empty() || Instant::now() >= end {
                    break ours;
                }
                sleep(BETWEEN).await;
            };
            if ours.is_empty() {
                continue;
            }
            let why = format!(
                "what it creates leaves something in {} behind",
                before.of.path
            );
            account.closed.entry(place.create.clone()).or_insert(why);
        }
    }

    /// What the lists show otherwise than before the job, at its end.
    pub(super) async fn left_beside(&self) -> Restored {
        let mut out = Restored::of_nothing();
        let account = self.creations.account.lock().await;
        for before in &self.beside {
            let Some(change) = self.change(&account.given, before).await else {
                continue;
            };
            let of = format!("{} ({})", before.of.list.operation, before.of.path);
            let by_itself = before.of.tells || before.moves;
            if !change.ours.is_empty() && !by_itself {
                let what = format!(
                    "{of} shows {} that this run has left there: {} what it created and removed, and \
                     nothing here takes it away",
                    named(&change.ours),
                    if change.ours.len() == 1 {
                        "it names"
                    } else {
                        "they name"
                    },
                );
                out.add(Some(false), self.device().mask(&what));
            }
            let new = match by_itself {
                true => [change.ours, change.new].concat(),
                false => change.new,
            };
            if !new.is_empty() {
                let why = match by_itself {
                    true => "it grows with what is done",
                    false => "nobody can tell whether this run or somebody else made that",
                };
                let what = format!(
                    "{of} shows more than before the run: {}; {why}",
                    named(&new)
                );
                out.add(Some(true), self.device().mask(&what));
            }
            if !change.gone.is_empty() && !by_itself {
                let what = format!(
                    "{of} no longer shows {}; nobody can tell whether this run or somebody else \
                     took that away",
                    named(&change.gone)
                );
                out.add(Some(true), self.device().mask(&what));
            }
        }
        out
    }
}

/// A member of somebody else's item that is not as it was.
struct Altered {
    id: String,
    name: String,
    was: Value,
    is: Value,
}

impl Probe<'_> {
    /// Items of others in the lists that the job creates in, which are not as they were: a creation may
    /// have changed them. Nothing was sent to them that could be put back.
    pub(super) async fn altered_beside(&self) -> Restored {
        let mut out = Restored::of_nothing();
        if self.device().policy().is_none_or(|p| p.is_harmless()) {
            return out;
        }
        let account = self.creations.account.lock().await;
        for place in &self.creations.places {
            let collection = self.creations.path(&place.collection);
            let mut altered = self.altered(&account, place, &collection).await;
            if altered.is_empty() {
                continue;
            }
            // What goes on changing does so by itself.
            sleep(BETWEEN).await;
            let again = self.altered(&account, place, &collection).await;
            altered.retain(|a| {
                let same = |b: &Altered| (&a.id, &a.name, &a.is) == (&b.id, &b.name, &b.is);
                again.iter().any(same)
            });
            for Altered { id, name, was, is } in altered.iter().take(NAMED) {
                let at = format!("{collection}/{id}");
                if account.left.iter().any(|what| what.contains(&at)) {
                    continue;
                }
                let what = format!(
                    "{at}: `{name}` was {was} and is {is}: this run or somebody else has changed it, \
                     and it was not put back"
                );
                out.add(Some(false), self.device().mask(&what));
            }
        }
        out
    }

    async fn altered(&self, account: &Account, place: &Place, collection: &str) -> Vec<Altered> {
        let Some(before) = account.neighbours.known(collection) else {
            return Vec::new();
        };
        let Some(now) = self.creations.list(self.device(), place).await else {
            return Vec::new();
        };
        let bodies = place.bodies.iter().filter_map(|(body, _)| body.as_object());
        let written: BTreeSet<&String> = bodies.flat_map(|body| body.keys()).collect();
        let mut out = Vec::new();
        for (id, was) in before {
            let members = was.as_object().into_iter().flatten();
            for (name, was) in members.filter(|(name, _)| written.contains(name)) {
                let is = now.items.get(id).and_then(|item| item.get(name));
                if let Some(is) = is.filter(|is| *is != was) {
                    out.push(Altered {
                        id: id.clone(),
                        name: name.clone(),
                        was: was.clone(),
                        is: is.clone(),
                    });
                }
            }
        }
        out
    }
}

/// What stands for an entry without an id (FNV-1a): texts of devices are in no journal.
fn mark(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn named(entries: &[String]) -> String {
    let first: Vec<&str> = entries.iter().take(NAMED).map(String::as_str).collect();
    let first = first.join(", ");
    match entries.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
