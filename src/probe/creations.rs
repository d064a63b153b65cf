//! What a job creates, where, and how its requests come to name it: the collections in which it can
//! create and remove, the items that are alive, and the account of all of it.

use super::account::{Account, Log, Step};
use super::listing::{Listed, MOST_PARTS, list};
use crate::case::Context;
use crate::case::body_ids::{BodyIds, has_refused, identified, is_about, misnamed, naming};
use crate::case::fresh::Mark;
use crate::case::items::Place;
use crate::case::moves::{elsewhere, moved, moved_http};
use crate::case::{Case, CaseId, Check};
use crate::contract::calls;
use crate::device::{Device, GuardedWrite};
use crate::exchange::{HttpRequest, Request};
use serde_json::Value;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Everything about what a job creates.
pub struct Creations<'a> {
    pub(super) places: Vec<Place>,
    run: String,
    log: Option<Log<'a>>,
    /// Held from before a request that may create until what it created is known: one at a time.
    pub(super) account: tokio::sync::Mutex<Account>,
    /// Path of an item as planned requests name it → path of an item of our own.
    moves: Mutex<BTreeMap<String, String>>,
    /// Paths of items, as planned requests name them, for which an item of our own has stood.
    stood: Mutex<BTreeSet<String>>,
    /// The same of items that are there and that nothing creates.
    borrowed: Mutex<BTreeMap<String, String>>,
    /// The same of items that others made: for requests that read.
    shown: Mutex<BTreeMap<String, String>>,
    /// By what the bodies of writes name their items.
    body_ids: Vec<BodyIds>,
    /// Operation → what the state that it writes says of its names.
    shown_ids: Mutex<BTreeMap<String, Vec<(String, Value)>>>,
    /// Path of a collection → the most items that a list of it has shown.
    longest: Mutex<BTreeMap<String, usize>>,
    /// The same of lists that were whole in their first part.
    in_one: Mutex<BTreeMap<String, usize>>,
    notes: Mutex<Vec<String>>,
    /// What was noted and is not to be said again.
    said: Mutex<BTreeSet<String>>,
    /// Cases whose refusals are looked at one by one.
    suspects: Mutex<Vec<CaseId>>,
    /// Keyed by the operating system, so nobody can guess what it makes.
    random: RandomState,
    drawn: Cell<u64>,
}

impl Default for Creations<'_> {
    fn default() -> Self {
        Creations {
            places: Vec::new(),
            run: "0".to_owned(),
            log: None,
            account: tokio::sync::Mutex::default(),
            moves: Mutex::default(),
            stood: Mutex::default(),
            borrowed: Mutex::default(),
            shown: Mutex::default(),
            body_ids: Vec::new(),
            shown_ids: Mutex::default(),
            longest: Mutex::default(),
            in_one: Mutex::default(),
            notes: Mutex::default(),
            said: Mutex::default(),
            suspects: Mutex::default(),
            random: RandomState::new(),
            drawn: Cell::new(0),
        }
    }
}

/// A target without scheme and host, where it has them (RFC 9112 §3.2.2).
fn bare(target: &str) -> &str {
    let rest = target.split_once("://").map(|(_, rest)| rest);
    rest.and_then(|rest| rest.get(rest.find('/')?..))
        .unwrap_or(target)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Creations<'a> {
    /// `run` tells the names of this job from those of another, numbers up to `behind` are given;
    /// `log` hears of every step first.
    pub(super) fn keep(&mut self, run: &str, behind: u64, log: Log<'a>) {
        self.account.get_mut().n = behind;
        let plain = run.chars().filter(char::is_ascii_alphanumeric);
        self.run = plain.take(12).collect::<String>().to_lowercase();
        self.log = Some(log);
    }

    /// Learns where this device lets items be created and removed.
    pub(super) fn learn(&mut self, context: &Context<'_>, device: &Device) {
        let places = context.places().into_iter();
        let may = |p: &Place| {
            device.may_test(&p.create)
                && device
                    .policy()
                    .is_none_or(|policy| policy.removes() || policy.is_harmless())
        };
        self.places = places.filter(may).collect();
        self.body_ids = context.body_ids();
    }

    /// The name of the nth item.
    pub(super) fn mark(&self, n: u64) -> Mark<'_> {
        Mark { run: &self.run, n }
    }

    /// A number that nobody can guess.
    pub(super) fn random(&self) -> u64 {
        self.drawn.set(self.drawn.get() + 1);
        self.random.hash_one(self.drawn.get())
    }

    /// Writes a step down and counts it.
    ///
    /// # Errors
    /// It cannot be written: nothing more may be created.
    pub(super) fn step(&self, account: &mut Account, step: Step) -> Result<(), String> {
        if let Some(log) = &self.log {
            log(&step)?;
        }
        account.take(&step);
        Ok(())
    }

    /// Says once what was left.
    pub(super) fn leave(&self, account: &mut Account, what: String) {
        if !account.left.contains(&what) {
            self.say(what.clone());
            // What cannot be written any more still counts.
            if self
                .step(account, Step::Left { what: what.clone() })
                .is_err()
            {
                account.left.push(what);
            }
        }
    }

    /// The place in which a request may create.
    pub(super) fn creates(&self, request: &Request) -> Option<&Place> {
        self.places.iter().find(|p| p.may_create(request))
    }

    /// The place of which a request may remove an item, where it names the one of the plan.
    pub(super) fn removes(&self, request: &Request) -> Option<&Place> {
        self.places.iter().find(|p| {
            let probe = BTreeMap::from([(p.item.clone(), p.item.clone())]);
            p.may_remove(request) && moved(request, &self.with(probe)).is_some()
        })
    }

    /// The moves with more of them.
    fn with(&self, more: BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut moves = lock(&self.moves).clone();
        moves.extend(more);
        moves
    }

    /// A request at what stands for the items that it names; `None` where it names none.
    pub(super) fn moved(&self, request: &Request) -> Option<Request> {
        let own = moved(request, &self.with(lock(&self.borrowed).clone()));
        own.or_else(|| {
            let reads =
                matches!(request, Request::Http(h) if matches!(h.method.as_str(), "GET" | "HEAD"));
            reads.then(|| moved(request, &lock(&self.shown))).flatten()
        })
    }

    /// A state that is read at this target, and the write that puts it back at what stands for the item.
    pub(super) fn move_write(&self, write: &mut GuardedWrite, target: String) {
        write.read.target = target;
        let request = Request::Http(write.request.clone());
        if let Some(Request::Http(moved)) = self.moved(&request) {
            write.request = moved;
        }
    }

    /// [`Creations::moved`], with the names of what it writes in the body: ours, and those of others as
    /// well, which another one may rename, or make a write of something else.
    pub(super) fn moved_case(&self, case: &Case) -> Option<Case> {
        let moved = self.moved(&case.request);
        let request = moved.as_ref().unwrap_or(&case.request);
        let (_, mut ids) = self.names_in(case, request);
        ids.retain(|(name, _)| !is_about(case, name));
        if moved.is_none() && ids.is_empty() {
            return None;
        }
        let mut case = case.clone();
        case.request = identified(moved.unwrap_or_else(|| case.request.clone()), &ids);
        // What is sent in their place is no promise of the case.
        if let Check::ReadsBack(Value::Object(written)) = &mut case.check {
            written.retain(|member, _| ids.iter().all(|(name, _)| name != member));
        }
        Some(case)
    }

    /// Whether a request, as it is going to be sent, names something else in its body than it writes. What
    /// a device has to refuse it may be told of an item of ours.
    pub(super) fn misnames(&self, case: &Case, request: &Request) -> bool {
        let (own, mut ids) = self.names_in(case, request);
        ids.retain(|(name, _)| !(own && has_refused(case, name)));
        misnamed(request, &ids)
    }

    /// What the body of a request has to name as its path does, and whether that is an item of ours.
    fn names_in(&self, case: &Case, request: &Request) -> (bool, Vec<(String, Value)>) {
        let calls = calls(request);
        let same = |ids: &&BodyIds| ids.operation == case.operation;
        let of = self.body_ids.iter().find(same);
        let here = of.and_then(|of| Some((of, of.target_in(&calls)?)));
        let anywhere = || {
            let mut all = self.body_ids.iter();
            all.find_map(|of| Some((of, of.target_in(&calls)?)))
        };
        let otherwise = || of.and_then(|of| Some((of, of.place_in(&calls)?)));
        let Some((of, target)) = here.or_else(anywhere).or_else(otherwise) else {
            return (false, Vec::new());
        };
        let mut ids = of.at(bare(target));
        for (name, value) in lock(&self.shown_ids)
            .get(&of.operation)
            .into_iter()
            .flatten()
        {
            match ids.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => *known = value.clone(),
                None => ids.push((name.clone(), value.clone())),
            }
        }
        (of.own, ids)
    }

    /// Members that nothing but a state shows to be its names: operation and JSON pointer.
    pub(super) fn named_by_state(&self) -> Vec<(String, String)> {
        let shown = lock(&self.shown_ids);
        let mut out = Vec::new();
        for (operation, ids) in shown.iter() {
            let of = self.body_ids.iter().find(|b| b.operation == *operation);
            let known = |name: &String| {
                of.is_some_and(|of| of.members.iter().any(|(member, _)| member == name))
            };
            let ids = ids.iter().filter(|(name, _)| !known(name));
            out.extend(ids.map(|(name, _)| {
                (
                    operation.clone(),
                    format!("/{}", crate::pointer::escape(name)),
                )
            }));
        }
        out
    }

    /// What a state that is kept shows of its names: the writes of it have to say the same.
    pub(super) fn name(&self, write: &GuardedWrite, state: &Value) {
        if write.own {
            return;
        }
        let found = naming(state, &write.request);
        let mut shown = lock(&self.shown_ids);
        let of = write
            .writers
            .iter()
            .filter(|w| self.body_ids.iter().any(|b| b.operation == **w));
        for writer in of {
            shown.insert(writer.clone(), found.clone());
        }
    }

    /// [`Creations::moved`] with one more item of our own.
    pub(super) fn moved_to(&self, request: &Request, from: &str, to: &str) -> Option<Request> {
        let more = BTreeMap::from([(from.to_owned(), to.to_owned())]);
        moved(request, &self.with(more))
    }

    /// Whether a request, as it is going to be sent, may write an item that is not ours where one of
    /// ours has taken its place: nobody puts that back.
    pub(super) fn strays(&self, request: &Request) -> bool {
        let stood = lock(&self.stood);
        let moves = lock(&self.moves);
        let ours = |target: &str| {
            let mut own = moves.values();
            own.any(|own| {
                let rest = target.strip_prefix(own.as_str());
                rest.is_some_and(|rest| {
                    rest.is_empty()
                        || rest.starts_with(['?', '#'])
                        || rest == "/"
                        || rest.starts_with('/') && !rest.contains("..") && !rest.contains('%')
                })
            })
        };
        let mut places = self.places.iter().filter(|p| stood.contains(&p.item));
        places.any(|place| place.written(request).iter().any(|t| !ours(bare(t))))
    }

    /// A path at what stands for the items that it goes through.
    pub(super) fn path(&self, path: &str) -> String {
        elsewhere(path, &lock(&self.moves)).unwrap_or_else(|| path.to_owned())
    }

    /// Whether a path is one of our own things.
    pub(super) fn is_own(&self, path: &str) -> bool {
        elsewhere(path, &lock(&self.moves)).is_some()
    }

    /// A request of ours at an item.
    pub(super) fn at(&self, request: &HttpRequest, place: &Place, item: &str) -> HttpRequest {
        let moves = BTreeMap::from([(place.item.clone(), item.to_owned())]);
        moved_http(request, &moves).unwrap_or_else(|| request.clone())
    }

    /// A request of ours at a collection.
    pub(super) fn at_collection(&self, request: &HttpRequest) -> HttpRequest {
        let moves = self.with(lock(&self.borrowed).clone());
        moved_http(request, &moves).unwrap_or_else(|| request.clone())
    }

    /// From now on requests that name the item of the plan go to this one.
    pub(super) fn stand_in(&self, from: &str, to: &str) {
        lock(&self.moves).insert(from.to_owned(), to.to_owned());
        lock(&self.stood).insert(from.to_owned());
    }

    /// From now on requests that name the item of the plan go to this one, which is there.
    pub(super) fn borrow(&self, from: &str, to: &str) {
        lock(&self.borrowed).insert(from.to_owned(), to.to_owned());
    }

    /// A path at what is borrowed for it; `None` where nothing is.
    pub(super) fn borrowed(&self, path: &str) -> Option<String> {
        elsewhere(path, &lock(&self.borrowed))
    }

    /// What stood for an item is gone.
    pub(super) fn no_longer(&self, item: &str) {
        lock(&self.moves).retain(|_, to| to != item);
    }

    /// From now on requests that read the item of the plan go to this one, which others made.
    pub(super) fn show(&self, from: &str, to: &str) {
        lock(&self.shown).insert(from.to_owned(), to.to_owned());
    }

    /// Notes something for the user.
    pub(super) fn say(&self, note: String) {
        lock(&self.notes).push(note);
    }

    /// Notes something for the user, once.
    pub(super) fn say_once(&self, note: String) {
        if lock(&self.said).insert(note.clone()) {
            self.say(note);
        }
    }

    /// What the user should know since the last call.
    pub(super) fn take_notes(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.notes))
    }

    /// Looks at a case's refusals one by one from now on.
    pub(super) fn suspect(&self, case: &CaseId) {
        let mut suspects = lock(&self.suspects);
        if !suspects.iter().any(|s| s == case) {
            suspects.push(case.clone());
        }
    }

    pub(super) fn is_suspect(&self, case: &str) -> bool {
        lock(&self.suspects).iter().any(|s| s == case)
    }

    /// The place of a creating operation.
    pub(super) fn place(&self, create: &str) -> Option<&Place> {
        self.places.iter().find(|p| p.create == create)
    }

    /// The items of a place now; `None` where they cannot be listed.
    pub(super) async fn list(&self, device: &Device, place: &Place) -> Option<Listed> {
        let how = place.list.as_ref()?;
        let request = self.at_collection(place.requests.list.as_ref()?);
        let path = self.path(&place.collection);
        let known = lock(&self.in_one).get(&path).copied().unwrap_or_default();
        let mut listed = list(device, how, &request, known).await?;
        if listed.endless {
            let told = format!(
                "{}: the list of {path} goes on after the first {MOST_PARTS} parts ({} items), and was \
                 read no further",
                how.operation,
                listed.items.len()
            );
            if !lock(&self.notes).contains(&told) {
                self.say(told);
            }
        }
        let mut longest = lock(&self.longest);
        if listed.whole && listed.first == listed.items.len() {
            let mut in_one = lock(&self.in_one);
            let most = in_one.entry(path.clone()).or_default();
            *most = (*most).max(listed.first);
        }
        let longest = longest.entry(path).or_default();
        // What has shown more, or one less, does not end here.
        listed.whole |= listed.round && *longest > 0 && listed.items.len() <= *longest + 1;
        if listed.whole {
            *longest = (*longest).max(listed.items.len());
        }
        Some(listed)
    }
}
