//! What may be sent. One question for every sender: the plan, probes of credentials, methods and
//! paths, the campaign, replay, shrinking: [`Policy::permits`].

use super::calls::calls;
use super::effect::words::{self, Command, tokens};
use super::effect::{Denied, Effects, OperationEffect};
use super::exchange::{Request, is_safe};
use super::model::{Contract, Effect};
use super::profile::Profile;
use super::resource::Kind;
use super::route::{self, Route, Routes};
use globset::{Glob, GlobSet, GlobSetBuilder};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::{PoisonError, RwLock};

/// What the user allows beyond what can be undone.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    /// Operations by id or as `METHOD /path`; globs.
    pub operations: Vec<String>,
    /// Everything that cannot be undone or acts, apart from what document (`x-acts`) and profile
    /// (`deny`) name.
    pub irreversible: bool,
    /// Nothing that may write.
    pub read_only: bool,
}

/// Why a request may not be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The operation that it may reach, where the document has it.
    pub operation: Option<String>,
    /// Its effect.
    pub effect: Effect,
    /// Why, in words.
    pub reason: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = &self.operation {
            write!(f, "{operation} ")?;
        }
        write!(f, "{}: {}", self.effect, self.reason)
    }
}

/// What may be sent to a device.
pub struct Policy {
    effects: Effects,
    /// In the contract's order: method, whether the user allows it by name.
    operations: Vec<Entry>,
    /// Their routes, by place.
    routes: Routes,
    /// Their places, by id.
    places: HashMap<String, usize>,
    /// Requests of the profile itself: login, life probe, read-backs.
    own: Vec<(String, Route)>,
    deny: Denied,
    irreversible: bool,
    read_only: bool,
    /// The embedded mock: nothing can be harmed.
    everything: bool,
    /// Whether whoever sends removes what it creates, where [`Resources::plain_items`](super::resource::Resources::plain_items) says how.
    removes: bool,
    /// Paths of what was created in this run, without a slash at the end.
    created: RwLock<BTreeSet<String>>,
    /// Operations whose effect the device itself has shown to be another than the document says →
    /// why.
    withheld: RwLock<BTreeMap<String, String>>,
    /// Operation → paths of the resources whose state is kept over the job.
    kept: RwLock<BTreeMap<String, BTreeSet<String>>>,
}

struct Entry {
    id: String,
    method: String,
    named: bool,
    /// `x-acts` or `deny`: opened by name only.
    said_to_act: bool,
    /// Its path has parameters.
    one_of_many: bool,
    /// Whether what it creates can be removed by whoever keeps account of it.
    removable: bool,
}

/// What a request is sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// To test something.
    Test,
    /// To put back what was read before.
    PutBack,
}

impl Policy {
    /// The policy for a real device.
    ///
    /// # Errors
    /// A name or glob of [`Allowed::operations`] that is none or fits no operation.
    pub fn new(
        contract: &Contract,
        profile: &Profile,
        allowed: &Allowed,
    ) -> Result<Policy, String> {
        let effects = Effects::of(contract, profile);
        let named = Named::new(contract, &allowed.operations)?;
        let deny = Denied::new(profile);
        let entry = |op: &super::model::Operation| Entry {
            id: op.id.clone(),
            method: op.method.to_ascii_uppercase(),
            named: named.has(&op.id, &op.signature()),
            said_to_act: op.acts == Some(true) || deny.has(&op.path),
            one_of_many: op.path.contains('{'),
            removable: effects.resources.plain_items(&op.id).is_some(),
        };
        let login = profile
            .login
            .iter()
            .map(|l| (l.method.as_str(), l.path.as_str()));
        let life = profile.life.iter().map(|l| ("GET", l.path.as_str()));
        let reads = profile
            .read_back
            .values()
            .map(|r| (r.method.as_str(), r.path.as_str()));
        let own = login.chain(life).chain(reads);
        let routes: Vec<Route> = contract
            .operations
            .iter()
            .map(|op| Route::new(&op.path))
            .collect();
        let places = contract.operations.iter().enumerate().rev();
        Ok(Policy {
            operations: contract.operations.iter().map(entry).collect(),
            routes: Routes::of(routes.iter()),
            places: places.map(|(at, op)| (op.id.clone(), at)).collect(),
            own: own
                .map(|(m, p)| (m.to_ascii_uppercase(), Route::new(p)))
                .collect(),
            effects,
            deny,
            irreversible: allowed.irreversible,
            read_only: allowed.read_only,
            everything: false,
            removes: false,
            created: RwLock::default(),
            withheld: RwLock::default(),
            kept: RwLock::default(),
        })
    }

    /// The same for a device that nothing can harm, the embedded mock: everything is permitted,
    /// apart from what `--read-only` forbids.
    pub fn harmless_device(mut self) -> Policy {
        self.everything = true;
        self
    }

    /// The same for a sender that removes what it creates ([`Policy::created`]). Any other must not
    /// create anything.
    pub fn removing(mut self) -> Policy {
        self.removes = true;
        self
    }

    /// Whether whoever sends removes what it creates.
    pub fn removes(&self) -> bool {
        self.removes
    }

    /// Whether nothing can harm the device.
    pub fn is_harmless(&self) -> bool {
        self.everything
    }

    /// Resources and effects that it decides from.
    pub fn effects(&self) -> &Effects {
        &self.effects
    }

    /// Says that the run has created what this path names (path and query as sent). From now on
    /// operations that are harmless on own things may be sent to it and below it.
    pub fn created(&self, path: &str) {
        let path = bare(path);
        if path.len() > 1 {
            self.created
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(path.to_owned());
        }
    }

    /// Says that it is gone.
    pub fn removed(&self, path: &str) {
        self.created
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(bare(path));
    }

    /// Says that the state at this target is kept and put back. An operation whose path has
    /// parameters writes one resource of many: it is sent to those that are kept, and to own ones,
    /// and to no other.
    pub fn keeps(&self, operation: &str, target: &str) {
        self.kept
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(operation.to_owned())
            .or_default()
            .insert(bare(target).to_owned());
    }

    /// Whether the state that an operation writes at this target is kept.
    fn is_kept(&self, entry: &Entry, target: Option<&str>) -> bool {
        let Some(target) = target.filter(|_| entry.one_of_many) else {
            return true;
        };
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.get(&entry.id);
        kept.is_some_and(|paths| paths.contains(bare(target)))
    }

    /// Says that what an operation writes cannot be put back on this device, and why: from now on
    /// it is [`Effect::Irreversible`], [tested](Self::operation) only where the user allows that.
    pub fn withhold(&self, operation: &str, why: &str) {
        self.withheld
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(operation.to_owned(), why.to_owned());
    }

    /// Why an operation is [withheld](Self::withhold) and not sent.
    pub fn withheld(&self, operation: &str) -> Option<String> {
        let why = self.is_withheld(operation)?;
        self.operation(operation).is_err().then_some(why)
    }

    fn is_withheld(&self, operation: &str) -> Option<String> {
        let withheld = self.withheld.read().unwrap_or_else(PoisonError::into_inner);
        withheld.get(operation).cloned()
    }

    fn is_own(&self, target: &str) -> bool {
        // Only plain paths: in another reading they may name something else.
        let plain =
            |s: &str| !s.contains(['%', '\\', ';']) && !s.contains("/.") && !s.contains("//");
        let path = bare(target);
        let created = self.created.read().unwrap_or_else(PoisonError::into_inner);
        let slashes = path.match_indices('/').map(|(at, _)| at);
        slashes.chain([path.len()]).any(|end| {
            let (own, rest) = path.split_at(end);
            created.contains(own) && plain(rest)
        })
    }

    /// Whether an operation may be tested at all: on what is there, or on own things.
    pub fn operation(&self, id: &str) -> Result<(), Refusal> {
        match self.places.get(id) {
            Some(at) => self.entry(*at, None),
            None => Ok(()),
        }
    }

    /// Whether a request may be sent: every operation that it may reach, in every way that servers
    /// read it, must be permitted.
    ///
    /// # Errors
    /// The first reason against it.
    pub fn permits(&self, request: &Request) -> Result<(), Refusal> {
        self.sends(request, Purpose::Test)
    }

    /// The same for a request that puts back what was read before: that is tried where nothing else is
    /// sent any more ([`Policy::withhold`]), too.
    ///
    /// # Errors
    /// As of [`Policy::permits`].
    pub fn permits_putting_back(&self, request: &Request) -> Result<(), Refusal> {
        self.sends(request, Purpose::PutBack)
    }

    fn sends(&self, request: &Request, purpose: Purpose) -> Result<(), Refusal> {
        let calls = calls(request);
        calls.iter().try_for_each(|(m, t)| self.call(m, t, purpose))
    }

    /// One method and target.
    fn call(&self, method: &str, target: &str, purpose: Purpose) -> Result<(), Refusal> {
        if self.everything && !self.read_only {
            return Ok(());
        }
        let upper = method.to_ascii_uppercase();
        let reads = is_safe(&upper);
        let mut own = self
            .own
            .iter()
            .filter(|(m, _)| *m == upper)
            .map(|(_, r)| (0, r));
        let own = own.any(|one| !route::reached(std::iter::once(one), target).is_empty());
        if self.read_only && !reads {
            return Err(refusal(
                None,
                Effect::Writes,
                format!("--read-only, and {method} may write"),
            ));
        }
        if own || self.everything {
            return Ok(());
        }
        let here = self.routes.reached(target, |_| true);
        let same = self.routes.reached(target, |at| {
            let entry = self.operations.get(at);
            entry.is_some_and(|o| o.method == upper || upper == "HEAD" && o.method == "GET")
        });
        self.query(&here, target)?;
        if !same.is_empty() {
            return same
                .into_iter()
                .try_for_each(|at| self.entry(at, Some((target, purpose))));
        }
        match here.is_empty() {
            true => self.unknown_path(&upper, reads, target),
            false => here
                .into_iter()
                .try_for_each(|at| self.other_method(at, &upper, reads, target)),
        }
    }

    /// What the query says to the operations at its path: small servers read it whatever the method.
    fn query(&self, here: &BTreeSet<usize>, target: &str) -> Result<(), Refusal> {
        let mut entries = here.iter().filter_map(|at| self.operations.get(*at));
        entries.try_for_each(|entry| match self.effects.acting_query(&entry.id, target) {
            Some(why) if !self.by_name(entry) => Err(refusal(
                Some(entry.id.clone()),
                Effect::Acts,
                format!("{why} (opened by --allow {})", entry.id),
            )),
            _ => Ok(()),
        })
    }

    /// An operation, at a target and for a purpose where those matter.
    fn entry(&self, at: usize, sent: Option<(&str, Purpose)>) -> Result<(), Refusal> {
        let Some(entry) = self.operations.get(at) else {
            return Ok(());
        };
        let Some(effect) = self.effects.get(&entry.id) else {
            return Ok(());
        };
        let (target, by_name) = (sent.map(|(target, _)| target), self.by_name(entry));
        let own = target.is_some_and(|t| self.is_own(t));
        let elsewhere = effect.effect == Effect::Writes && !by_name && !self.is_kept(entry, target);
        // Nothing is tested that is withheld but things of our own; putting its state back is tried.
        let tests = sent.is_none_or(|(_, purpose)| purpose == Purpose::Test && !own);
        let withheld = self.is_withheld(&entry.id).filter(|_| tests && !by_name);
        if self.everything || self.opened(entry, effect) && !elsewhere && withheld.is_none() {
            return Ok(());
        }
        if (effect.on_own && (target.is_none() || own) || elsewhere && own) && !self.read_only {
            return Ok(());
        }
        let withheld = withheld.or_else(|| {
            let resource = (elsewhere && !self.read_only).then_some(&effect.resource)?;
            Some(format!(
                "of all {resource} one is kept and can be put back, and this is another"
            ))
        });
        match withheld {
            Some(why) => Err(refusal(
                Some(entry.id.clone()),
                Effect::Irreversible,
                format!("{why} (opened by --allow {})", entry.id),
            )),
            None => Err(refused(entry, effect)),
        }
    }

    /// Whether an operation may be tested on what stands at a target.
    pub fn operation_at(&self, id: &str, target: &str) -> Result<(), Refusal> {
        match self.places.get(id) {
            Some(at) => self.entry(*at, Some((target, Purpose::Test))),
            None => Ok(()),
        }
    }

    fn opened(&self, entry: &Entry, effect: &OperationEffect) -> bool {
        if self.read_only {
            return effect.effect == Effect::Reads;
        }
        let harmless = match effect.effect {
            Effect::Creates => self.removes && entry.removable,
            other => other.harmless(),
        };
        harmless || self.by_name(entry)
    }

    /// Whether the user permits an operation by name, or all that cannot be undone.
    fn by_name(&self, entry: &Entry) -> bool {
        entry.named || self.irreversible && !entry.said_to_act
    }

    /// A method that the document does not have, on the path of an operation.
    fn other_method(
        &self,
        at: usize,
        method: &str,
        reads: bool,
        target: &str,
    ) -> Result<(), Refusal> {
        let Some((entry, effect)) = self
            .operations
            .get(at)
            .and_then(|o| Some((o, self.effects.get(&o.id)?)))
        else {
            return Ok(());
        };
        if self.irreversible && !entry.said_to_act {
            return Ok(());
        }
        // Small servers look at the path only.
        if effect.effect == Effect::Acts && !self.opened(entry, effect) {
            return Err(refused(entry, effect));
        }
        if reads || self.is_own(target) {
            return Ok(());
        }
        let resource = self.effects.resources.get(&effect.resource);
        let restorable = resource.is_some_and(|r| {
            let mut writers = r.writers.iter().filter_map(|w| self.effects.get(w));
            let put_back = |e: &OperationEffect| e.effect == Effect::Writes;
            match (method, r.kind) {
                // What is deleted of one of many, or in a listing, nobody can make again.
                ("DELETE", Kind::Item) | (_, Kind::Collection) => false,
                _ => {
                    let kept = |e: &OperationEffect| {
                        let entry = self.places.get(&e.operation);
                        let entry = entry.and_then(|at| self.operations.get(*at));
                        put_back(e) && entry.is_none_or(|o| self.is_kept(o, Some(target)))
                    };
                    writers.any(kept) && r.writers.iter().all(|w| self.operation(w).is_ok())
                }
            }
        });
        match restorable {
            true => Ok(()),
            false => Err(refusal(
                Some(entry.id.clone()),
                Effect::Irreversible,
                format!(
                    "nobody knows what {method} does at {}, and its state could not be put back",
                    target_path(target)
                ),
            )),
        }
    }

    /// A path that no operation has.
    fn unknown_path(&self, method: &str, reads: bool, target: &str) -> Result<(), Refusal> {
        if self.irreversible {
            return Ok(());
        }
        if self.deny.has(bare(target)) {
            return Err(refusal(
                None,
                Effect::Acts,
                "`deny` of the profile has its path".to_owned(),
            ));
        }
        let acting = route::literal(target)
            .into_iter()
            .find(|s| words::command(&tokens(s)).0 == Command::Does);
        if let Some(word) = acting {
            return Err(refusal(None, Effect::Acts, format!("`{word}` in its path")));
        }
        match reads || self.is_own(target) {
            true => Ok(()),
            false => self.like_the_nearest(method, target),
        }
    }

    /// A changing method at a path that no operation has may reach the operation whose path it
    /// continues or shortens.
    fn like_the_nearest(&self, method: &str, target: &str) -> Result<(), Refusal> {
        let mut at = bare(target).trim_end_matches('/');
        while let Some((shorter, _)) = at.rsplit_once('/') {
            at = shorter;
            let found = self.routes.reached(at, |_| true);
            if !found.is_empty() {
                return found
                    .into_iter()
                    .try_for_each(|i| self.other_or_entry(i, method, at));
            }
        }
        // Nothing is published near it.
        Err(refusal(
            None,
            Effect::Irreversible,
            format!("nobody knows what {method} does at {}", target_path(target)),
        ))
    }

    fn other_or_entry(&self, at: usize, method: &str, target: &str) -> Result<(), Refusal> {
        match self.operations.get(at) {
            Some(entry) if entry.method == method => self.entry(at, Some((target, Purpose::Test))),
            _ => self.other_method(at, method, false, target),
        }
    }
}

fn refused(entry: &Entry, effect: &OperationEffect) -> Refusal {
    let mut reason = effect.reason.clone();
    if effect.effect == Effect::Creates {
        reason = match entry.removable {
            true => format!("what it creates would stay: it is not removed at the end ({reason})"),
            false => format!(
                "it creates at a path of its own, and Probity removes only what it has created at \
                 the path of the list ({reason}; opened by --allow {})",
                entry.id
            ),
        };
    }
    if effect.on_own {
        reason.push_str("; sent only to what Probity itself has created");
    }
    if let Some(opens) = &effect.opens {
        reason.push_str(&format!(" (opened by {opens})"));
    }
    refusal(Some(entry.id.clone()), effect.effect, reason)
}

fn refusal(operation: Option<String>, effect: Effect, reason: String) -> Refusal {
    Refusal {
        operation,
        effect,
        reason,
    }
}

/// A target without query and fragment, and without a slash at the end.
fn bare(target: &str) -> &str {
    target
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .trim_end_matches('/')
}

/// A target as a message shows it.
fn target_path(target: &str) -> String {
    bare(target).chars().take(80).collect()
}

/// Operations that the user names.
struct Named(GlobSet);

impl Named {
    fn new(contract: &Contract, names: &[String]) -> Result<Named, String> {
        let mut set = GlobSetBuilder::new();
        for name in names {
            let glob = match contract.operation_named(name) {
                // A path has braces, which a glob would read.
                Some(op) => Glob::new(&globset::escape(&op.id)),
                None => Glob::new(name),
            };
            let glob = glob.map_err(|e| format!("--allow {name}: {e}"))?;
            // One may be well-formed and still be too much to match by.
            let mut alone = GlobSetBuilder::new();
            let matcher = alone.add(glob.clone()).build();
            let matcher = matcher.map_err(|e| format!("--allow {name}: {e}"))?;
            let mut operations = contract.operations.iter();
            if !operations.any(|o| matcher.is_match(&o.id) || matcher.is_match(o.signature())) {
                let near = contract.suggestion(name);
                return Err(format!(
                    "--allow {name}: the contract has no such operation{near}"
                ));
            }
            set.add(glob);
        }
        let set = set.build().map_err(|e| format!("--allow: {e}"))?;
        Ok(Named(set))
    }

    fn has(&self, id: &str, signature: &str) -> bool {
        self.0.is_match(id) || self.0.is_match(signature)
    }
}
