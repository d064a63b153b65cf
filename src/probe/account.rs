//! The account of what a job creates: what is about to be sent, what was created, what is gone, what
//! is left. Every step is handed to whoever keeps a journal before the job goes on, so that a
//! process that is killed leaves word of all of it. Pure.

use super::neighbours::Neighbours;
use crate::case::CaseId;
use crate::case::moves::id_in;
use crate::judge::Deviation;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One step, as a journal keeps it. Passwords stand in none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// A collection before anything was created in it: what is in it is somebody else's.
    Listed {
        /// Its path.
        collection: String,
        /// Ids of its items.
        ids: Vec<String>,
    },
    /// A request that may create something is about to be sent.
    Sending {
        /// Its number in the job.
        n: u64,
        /// The operation that creates.
        operation: String,
        /// Path of the collection.
        collection: String,
        /// Names that nobody else gives.
        names: Vec<String>,
        /// JSON pointer and value of what it sends that would tell an item.
        shows: Vec<(String, Value)>,
    },
    /// It created this.
    Created {
        /// The request's number.
        n: u64,
        /// The operation that created it.
        operation: String,
        /// Path of the item.
        item: String,
    },
    /// It created nothing.
    Nothing {
        /// The request's number.
        n: u64,
    },
    /// What it created is gone.
    Removed {
        /// The request's number.
        n: u64,
    },
    /// An item that is there takes the place of the one in the plan: what is kept is its state.
    Borrowed {
        /// Path of the item in the plan.
        from: String,
        /// Path of the one that is there.
        to: String,
    },
    /// Something was left that could not be removed or found.
    Left {
        /// What, in words.
        what: String,
    },
}

impl Step {
    /// What it keeps of what was sent, for what masks secrets.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        let shows = match self {
            Step::Sending { shows, .. } => shows.as_mut_slice(),
            _ => &mut [],
        };
        shows.iter_mut().map(|(_, value)| value)
    }
}

/// Where steps go before the job goes on.
pub type Log<'a> = Box<dyn Fn(&Step) -> Result<(), String> + 'a>;

/// A request that may have created something.
#[derive(Clone, Debug)]
pub(super) struct Sending {
    pub operation: String,
    pub collection: String,
    pub names: Vec<String>,
    pub shows: Vec<(String, Value)>,
    /// The case, where the job knows it.
    pub case: CaseId,
    /// The device said that nothing was created.
    pub refused: bool,
    /// What it created is gone.
    pub removed: bool,
}

/// What was created.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub operation: String,
    pub path: String,
}

/// What is known.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// The last number that was given.
    pub n: u64,
    /// By number, in the order of sending.
    pub sent: BTreeMap<u64, Sending>,
    pub alive: BTreeMap<u64, Item>,
    /// Path of a collection → ids that were in it before.
    pub before: BTreeMap<String, BTreeSet<String>>,
    /// Paths of collections from which items have gone that nobody here has removed.
    pub moving: BTreeSet<String>,
    /// Those of them into which others put some.
    pub shared: BTreeSet<String>,
    /// Creating operation → why it is not sent any more.
    pub closed: BTreeMap<String, String>,
    /// Creating operations whose items were seen to go when they were removed.
    pub proven: BTreeSet<String>,
    /// Creating operation → what is wrong with what it answered for an item of our own.
    pub owed: BTreeMap<String, Deviation>,
    /// Creating operations whose lists go on showing what was removed.
    pub lingering: BTreeSet<String>,
    /// Creating operations that were sent once more while what they created was there → whether that
    /// was wrong.
    pub again: BTreeMap<String, bool>,
    /// What was left, in words.
    pub left: Vec<String>,
    /// Something was sent since the last look at the lists.
    pub unlooked: bool,
    /// Something of our own went without being removed by us.
    pub vanished: bool,
    /// Creating operations that have created what they refused: each refusal is looked at.
    pub wary: BTreeSet<String>,
    /// Creating operations whose removals take something else: nothing is removed there any more.
    pub harmful: BTreeSet<String>,
    /// Creations that cannot be read, in all: from some on they are waited for no longer.
    pub unread: u32,
    /// Creating operation → requests that created more than one item.
    pub twins: BTreeMap<String, u32>,
    /// Items of ours that were read where they are.
    pub there: BTreeSet<u64>,
    /// Items of others.
    pub neighbours: Neighbours,
    /// Names that were sent and nobody else gives, and ids of what was created.
    pub given: BTreeSet<String>,
    /// Creating operations after whose first item other lists have been looked at.
    pub beside: BTreeSet<String>,
    /// Paths of collections whose list cannot be read to its end.
    pub unlistable: BTreeSet<String>,
    /// Anything was ever sent that may create.
    pub used: bool,
}

impl Account {
    /// Counts a step.
    pub fn take(&mut self, step: &Step) {
        match step {
            Step::Listed { collection, ids } => {
                let ids = ids.iter().cloned().collect();
                self.before.entry(collection.clone()).or_insert(ids);
            }
            Step::Sending {
                n,
                operation,
                collection,
                names,
                shows,
            } => {
                self.n = self.n.max(*n);
                self.given.extend(names.iter().cloned());
                self.used = true;
                self.unlooked = true;
                let sending = Sending {
                    operation: operation.clone(),
                    collection: collection.clone(),
                    names: names.clone(),
                    shows: shows.clone(),
                    case: CaseId::default(),
                    refused: false,
                    removed: false,
                };
                self.sent.insert(*n, sending);
            }
            Step::Created { n, operation, item } => {
                self.given.insert(id_in(item));
                let item = Item {
                    operation: operation.clone(),
                    path: item.clone(),
                };
                self.alive.insert(*n, item);
            }
            Step::Borrowed { .. } => {}
            Step::Nothing { n } => {
                if let Some(sending) = self.sent.get_mut(n) {
                    sending.refused = true;
                }
            }
            Step::Removed { n } => {
                self.alive.remove(n);
                // What it sent still tells whether it created more than that.
                if let Some(sending) = self.sent.get_mut(n) {
                    sending.removed = true;
                }
            }
            Step::Left { what } => {
                if !self.left.contains(what) {
                    self.left.push(what.clone());
                }
            }
        }
    }

    /// Names and ids of what was created and has gone again.
    pub fn given_and_gone(&self) -> BTreeSet<String> {
        let mut gone = self.given.clone();
        for (n, item) in &self.alive {
            gone.remove(&id_in(&item.path));
            let names = self.sent.get(n).map(|sending| &sending.names);
            names.into_iter().flatten().for_each(|name| {
                gone.remove(name);
            });
        }
        gone
    }

    /// Numbers of requests of which nobody knows what they did.
    pub fn open(&self) -> Vec<u64> {
        let open = self.sent.iter();
        open.filter(|(n, s)| !s.refused && !s.removed && !self.alive.contains_key(n))
            .map(|(n, _)| *n)
            .collect()
    }
}

/// Whether something shows one of these ids or names: a member that is one, or a text that holds one
/// which nobody else gives.
pub(super) fn shows_any(entry: &Value, given: &BTreeSet<String>) -> bool {
    match entry {
        Value::Object(members) => members.values().any(|member| shows_any(member, given)),
        Value::Array(entries) => entries.iter().any(|entry| shows_any(entry, given)),
        Value::String(text) => {
            let lower = text.to_lowercase();
            let holds = |g: &String| g == text || g.starts_with("probity") && has_name(&lower, g);
            given.iter().any(holds)
        }
        Value::Number(number) => given.contains(&number.to_string()),
        _ => false,
    }
}

/// Whether something shows what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// The name that nobody else gives.
    Ours,
    /// Everything that can be compared, and something that can.
    Alike,
    /// Something else, or nothing that can be compared.
    No,
}

/// Whether an item shows what was sent: a name that nobody else gives, or everything that can be
/// compared.
pub(super) fn holds(item: &Value, sending: &Sending) -> Holds {
    let text = item.to_string().to_lowercase();
    if sending.names.iter().any(|name| has_name(&text, name)) {
        return Holds::Ours;
    }
    let (mut texts, mut alike) = (0, 0);
    for (pointer, value) in &sending.shows {
        match item.pointer(pointer) {
            Some(there) if same(there, value) => {
                alike += 1;
                texts += usize::from(value.as_str().is_some_and(|t| !t.is_empty()));
            }
            Some(_) => return Holds::No,
            None => {}
        }
    }
    match texts > 0 || alike > 1 {
        true => Holds::Alike,
        false => Holds::No,
    }
}

/// Characters of a text that an account keeps.
pub(super) const KEPT: usize = 200;

/// Whether a value is what was sent, as far as that was kept.
fn same(there: &Value, sent: &Value) -> bool {
    match (there.as_str(), sent.as_str()) {
        (Some(there), Some(sent)) if sent.chars().count() >= KEPT => there.starts_with(sent),
        _ => there == sent,
    }
}

/// Whether a name stands in a text and does not go on there as another one.
fn has_name(text: &str, name: &str) -> bool {
    let name = name.to_lowercase();
    let ends = |at: usize| {
        let after = text.as_bytes().get(at + name.len());
        !after.is_some_and(u8::is_ascii_digit)
    };
    text.match_indices(&name).any(|(at, _)| ends(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_ours_is_told_by_its_name() {
        let sending = |names: &[&str], shows: &[(&str, Value)]| Sending {
            operation: String::new(),
            collection: String::new(),
            names: names.iter().map(|n| (*n).to_owned()).collect(),
            shows: (shows.iter())
                .map(|(p, v)| ((*p).to_owned(), v.clone()))
                .collect(),
            case: CaseId::default(),
            refused: false,
            removed: false,
        };
        let named = sending(
            &["probity-ab-1"],
            &[("/name", json!("probity-ab-1")), ("/on", json!(true))],
        );
        for (item, want) in [
            (json!({"name": "probity-ab-1"}), Holds::Ours),
            (json!({"label": "Probity-AB-1 (new)"}), Holds::Ours),
            (json!({"name": "probity-ab-12"}), Holds::No),
            (json!({"name": "lamp", "on": true}), Holds::No),
            (json!({"on": true}), Holds::No),
            (json!({}), Holds::No),
        ] {
            assert_eq!(holds(&item, &named), want, "{item}");
        }
        let plain = sending(&[], &[("/n", json!(5)), ("/t", json!("abc"))]);
        let alike = json!({"n": 5, "t": "abc", "id": 7});
        assert_eq!(holds(&alike, &plain), Holds::Alike);
    }

    #[test]
    fn an_account_is_read_back_from_its_steps() {
        let mut account = Account::default();
        let sending = |n| Step::Sending {
            n,
            operation: "create".to_owned(),
            collection: "/a".to_owned(),
            names: Vec::new(),
            shows: Vec::new(),
        };
        let steps = [
            sending(1),
            Step::Created {
                n: 1,
                operation: "create".to_owned(),
                item: "/a/7".to_owned(),
            },
            sending(2),
            Step::Nothing { n: 2 },
            sending(3),
        ];
        steps.iter().for_each(|s| account.take(s));
        assert_eq!(account.alive.len(), 1);
        assert_eq!(account.open(), [3]);
        account.take(&Step::Removed { n: 1 });
        assert!(account.alive.is_empty());
    }
}
