//! What every operation may do to a device, decided from the document and the profile before
//! anything is sent, with the reason in words. In doubt the more harmful effect is taken.

mod acts;
mod address;
mod clock;
mod fixed;
mod members;
mod physical;
mod says;
mod values;
pub(crate) mod words;

pub use members::is_password;

use super::exchange::is_safe;
use super::model::{Contract, Effect, Operation};
use super::profile::Profile;
use super::resource::{IdSource, Kind, Resource, Resources, path_parameters};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};

/// The effect of one operation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OperationEffect {
    /// Its id.
    pub operation: String,
    /// What it may do.
    pub effect: Effect,
    /// Why, in words.
    pub reason: String,
    /// What would make it testable, where it is not: variables, profile lines, flags, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens: Option<String>,
    /// Whether it is harmless on what Probity itself has created (and deletes at the end).
    pub on_own: bool,
    /// The resource that it reads or changes.
    pub resource: String,
    /// Whether what it writes can be read and written back, also where something else keeps it from
    /// being sent.
    #[serde(skip)]
    pub readable: bool,
}

/// Resources and effects of a contract.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// Its resources.
    pub resources: Resources,
    list: Vec<OperationEffect>,
    by_operation: BTreeMap<String, usize>,
    /// By operation, what its query must not carry.
    parameters: BTreeMap<String, Vec<values::ActingParameter>>,
}

impl Effects {
    /// The effect of every operation of a contract, as the profile corrects it.
    pub fn of(contract: &Contract, profile: &Profile) -> Effects {
        let resources = Resources::of(contract, profile);
        let deny = Denied::new(profile);
        let view = View {
            contract,
            profile,
            resources: &resources,
            deny: &deny,
            set: contract
                .operations
                .iter()
                .filter(sets)
                .map(|o| o.path.as_str())
                .collect(),
        };
        let list: Vec<OperationEffect> = contract
            .operations
            .iter()
            .filter_map(|op| view.operation(op))
            .collect();
        let acting = |op: &Operation| {
            let found = values::acting_parameters(op);
            (!found.is_empty()).then(|| (op.id.clone(), found))
        };
        Effects {
            parameters: contract.operations.iter().filter_map(acting).collect(),
            by_operation: list
                .iter()
                .enumerate()
                .map(|(at, e)| (e.operation.clone(), at))
                .collect(),
            list,
            resources,
        }
    }

    /// In the document's order.
    pub fn iter(&self) -> impl Iterator<Item = &OperationEffect> {
        self.list.iter()
    }

    /// The effect of the operation with this id.
    pub fn get(&self, operation: &str) -> Option<&OperationEffect> {
        self.list.get(*self.by_operation.get(operation)?)
    }

    /// Why a request to an operation acts although the operation does not: what its query carries
    /// (`?clear=true`).
    pub(crate) fn acting_query(&self, operation: &str, target: &str) -> Option<String> {
        values::acting_query(self.parameters.get(operation)?, target)
    }
}

/// The paths that the profile denies.
pub(crate) struct Denied(globset::GlobSet);

impl Denied {
    pub(crate) fn new(profile: &Profile) -> Denied {
        let mut set = globset::GlobSetBuilder::new();
        // The profile has checked them.
        profile
            .deny
            .iter()
            .filter_map(|g| globset::Glob::new(g).ok())
            .for_each(|g| {
                set.add(g);
            });
        Denied(set.build().unwrap_or_else(|_| globset::GlobSet::empty()))
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

/// Why a write of a state that can be read can still not be put back from here; who says that an operation
/// does not act has thought of it.
fn out_of_reach(op: &Operation) -> Option<String> {
    if op.acts.is_some() {
        return None;
    }
    let address = address::own_address(op);
    let address =
        address.map(|m| format!("`{m}` may be the address under which the device is reached"));
    let clock = || {
        let member = clock::own_clock(op)?;
        Some(format!(
            "`{member}` sets the device's clock, which goes on while it is tested"
        ))
    };
    let certificate = || {
        let member = fixed::own_certificate(op)?;
        Some(format!(
            "`{member}` may be the certificate or key with which the device answers"
        ))
    };
    address.or_else(clock).or_else(certificate)
}

/// What effects are decided from.
struct View<'v> {
    contract: &'v Contract,
    profile: &'v Profile,
    resources: &'v Resources,
    deny: &'v Denied,
    /// The paths at which `PUT` or `PATCH` sets something.
    set: HashSet<&'v str>,
}

/// Whether an operation sets what its path stands for.
fn sets(op: &&Operation) -> bool {
    matches!(op.method.as_str(), "PUT" | "PATCH") && op.body.is_some()
}

/// An effect with its reason, and what opens it.
struct Ruling {
    effect: Effect,
    reason: String,
    opens: Option<String>,
}

impl Ruling {
    fn new(effect: Effect, reason: impl Into<String>) -> Ruling {
        Ruling {
            effect,
            reason: reason.into(),
            opens: None,
        }
    }

    fn opened_by(mut self, opens: impl Into<String>) -> Ruling {
        self.opens = Some(opens.into());
        self
    }
}

impl View<'_> {
    fn operation(&self, op: &Operation) -> Option<OperationEffect> {
        let resource = self.resources.of_operation(&op.id)?;
        let ruling = self.ruling(op, resource);
        let readable = ruling.effect == Effect::Writes
            || out_of_reach(op).is_some() && self.state(op, resource).effect == Effect::Writes;
        // What `POST` does to an item, its own semantics say (RFC 9110 §9.3.3): where nothing reads it, it
        // may reach beyond the item.
        let does_something = op.method == "POST"
            && resource.create.as_deref() != Some(op.id.as_str())
            && resource.read.is_none();
        let on_own = ruling.effect == Effect::Irreversible
            && !does_something
            && self.in_what_can_be_removed(resource);
        Some(OperationEffect {
            operation: op.id.clone(),
            effect: ruling.effect,
            reason: ruling.reason,
            opens: ruling.opens,
            on_own,
            resource: resource.id.clone(),
            readable,
        })
    }

    fn ruling(&self, op: &Operation, resource: &Resource) -> Ruling {
        if self.deny.has(&op.path) {
            return Ruling::new(Effect::Acts, "`deny` of the profile has its path");
        }
        if let Some(effect) = self.profile.named(&self.profile.effects, op) {
            return self.as_the_profile_says(op, resource, *effect);
        }
        if op.acts == Some(true) {
            return Ruling::new(Effect::Acts, "`x-acts: true`");
        }
        let is_login = |l: &super::profile::Login| l.method == op.method && l.path == op.path;
        if self.profile.login.as_ref().is_some_and(is_login) {
            let why =
                "the login of the profile: it opens a session, and failed logins lock accounts";
            return Ruling::new(Effect::Acts, why);
        }
        let safe = is_safe(&op.method);
        if op.acts != Some(false) {
            let acts = match safe {
                true => self.acting_read(op),
                false => self.acting_write(op, resource),
            };
            let acts = acts.or_else(|| values::acting_parameter(op));
            if let Some(reason) = acts {
                return Ruling::new(Effect::Acts, reason);
            }
            if acts::asks(op, resource) {
                return Ruling::new(Effect::Reads, "reads: the document says that it searches");
            }
        }
        match safe {
            true => Ruling::new(
                Effect::Reads,
                format!("{} reads (RFC 9110 §9.2.1)", op.method),
            ),
            false => self.change(op, resource),
        }
    }

    fn as_the_profile_says(&self, op: &Operation, resource: &Resource, effect: Effect) -> Ruling {
        match effect {
            Effect::Writes if resource.read.is_none() => Ruling::new(
                Effect::Irreversible,
                "[effects] of the profile says that it can be put back, and nothing reads its state",
            )
            .opened_by(read_line(op)),
            Effect::Creates if resource.items.is_none() && resource.delete.is_none() => Ruling::new(
                Effect::Irreversible,
                "[effects] of the profile says that it can be removed, and nothing removes it",
            )
            .opened_by(format!("a line delete = \"…\" under [resources.{:?}] in the profile", resource.id)),
            effect => Ruling::new(effect, "[effects] of the profile says so"),
        }
    }

    /// An operation that is to change something and does not act.
    fn change(&self, op: &Operation, resource: &Resource) -> Ruling {
        let is = |slot: &Option<String>| slot.as_deref() == Some(op.id.as_str());
        if op.method == "DELETE" || is(&resource.delete) {
            return Ruling::new(Effect::Irreversible, "deletes what was there")
                .opened_by(allow(op));
        }
        if is(&resource.create) {
            return self.creation(op, resource);
        }
        if op.body.is_none() {
            let why = format!("a {} without a body: it triggers something", op.method);
            return Ruling::new(Effect::Acts, why);
        }
        self.write(op, resource)
    }

    fn write(&self, op: &Operation, resource: &Resource) -> Ruling {
        if let Some(why) = out_of_reach(op) {
            return Ruling::new(Effect::Irreversible, why).opened_by(allow(op));
        }
        self.state(op, resource)
    }

    /// A write, by what becomes of the state that it writes.
    fn state(&self, op: &Operation, resource: &Resource) -> Ruling {
        let lost = |reason: String| {
            Ruling::new(Effect::Irreversible, reason).opened_by(format!(
                "{}, or {}",
                read_line(op),
                allow(op)
            ))
        };
        let Some(read) = &resource.read else {
            return lost(format!("no operation reads the state of {}", resource.path));
        };
        let reader = read
            .operation
            .as_deref()
            .and_then(|id| self.contract.operation(id));
        if let Some(reader) = reader
            && !self.is_plain_read(reader)
        {
            return lost(format!(
                "what reads the state of {} acts ({})",
                resource.path, reader.id
            ));
        }
        if let Some(parameter) = reader.and_then(|r| missing_parameter(op, r)) {
            return lost(format!(
                "reading its state ({}) needs the parameter `{parameter}`, which this operation does not have",
                read.path
            ));
        }
        for other in &resource.changes {
            let known = self.resources.get(other);
            if known.is_none_or(|r| r.read.is_none() || r.replace.is_none() && r.patch.is_none()) {
                return lost(format!(
                    "it changes {other} as well, which cannot be read and put back"
                ));
            }
        }
        let replaces = op.method != "PATCH" || resource.replace.is_some();
        match members::readable(op, reader, &read.root, self.profile, replaces) {
            Ok(how) => Ruling::new(
                Effect::Writes,
                format!("its state reads at {} {}{how}", read.method, read.path),
            ),
            Err(unreadable) => Ruling::new(Effect::Irreversible, unreadable.reason)
                .opened_by(format!("{}, or {}", unreadable.opens, allow(op))),
        }
    }

    /// Whether an operation only reads.
    fn is_plain_read(&self, op: &Operation) -> bool {
        match self.profile.named(&self.profile.effects, op) {
            Some(effect) => *effect == Effect::Reads,
            None => op.acts == Some(false) || op.acts.is_none() && self.acting_read(op).is_none(),
        }
    }

    fn creation(&self, op: &Operation, resource: &Resource) -> Ruling {
        let lost = |reason: String, line: &str| {
            let line = format!(
                "a line {line} under [resources.{:?}] in the profile",
                resource.id
            );
            Ruling::new(Effect::Irreversible, reason).opened_by(format!("{line}, or {}", allow(op)))
        };
        if members::is_list(op) {
            let why = "its body is a list: it creates any number of items at once";
            return Ruling::new(Effect::Irreversible, why).opened_by(allow(op));
        }
        if let Some(name) = members::guessable(op) {
            let why = format!("it would create an account whose `{name}` can be guessed");
            return Ruling::new(Effect::Irreversible, why).opened_by(allow(op));
        }
        // What a deletion must be told in its body, Probity does not know.
        let by_path = |id: &&String| {
            let op = self.contract.operation(id);
            op.is_some_and(|o| !o.body.as_ref().is_some_and(|b| b.required))
        };
        // `/paths/add/{name}`: its own path names it.
        if resource.kind != Kind::Collection {
            let is_item = resource.kind == Kind::Item;
            return match resource.delete.as_ref().filter(|d| is_item && by_path(d)) {
                Some(delete) => Ruling::new(Effect::Creates, format!("{delete} removes it")),
                None => lost(
                    "nothing removes what it creates".to_owned(),
                    "delete = \"…\"",
                ),
            };
        }
        let Some(items) = &resource.items else {
            return lost(
                "no operation removes what it creates: no path names one item".to_owned(),
                "delete = \"…\"",
            );
        };
        let item = self.resources.get(&items.resource);
        let Some(delete) = item.and_then(|i| i.delete.as_ref()).filter(by_path) else {
            return lost(
                format!("no operation removes an item of {}", resource.path),
                "delete = \"…\"",
            );
        };
        let Some(id) = items.ids.first() else {
            return lost(
                format!(
                    "the document does not say where the `{}` of what it creates is found",
                    items.parameter
                ),
                "id = \"/…\"",
            );
        };
        Ruling::new(
            Effect::Creates,
            format!("{delete} removes it; {}", found(id, &items.parameter)),
        )
    }

    /// Whether a resource is an item that Probity can create and remove, or below one.
    fn in_what_can_be_removed(&self, resource: &Resource) -> bool {
        self.resources
            .upwards(resource)
            .filter(|r| r.kind == Kind::Item)
            .any(|item| {
                let own = item.create.as_deref();
                let above = item.parent.as_deref().and_then(|id| self.resources.get(id));
                let creator = own.or_else(|| {
                    let collection = above
                        .filter(|c| c.items.as_ref().is_some_and(|i| i.resource == item.id))?;
                    collection.create.as_deref()
                });
                let create = creator.and_then(|id| self.contract.operation(id));
                create.is_some_and(|op| {
                    let made = self.resources.of_operation(&op.id);
                    self.resources.plain_items(&op.id).is_some()
                        && made.is_some_and(|r| self.ruling(op, r).effect == Effect::Creates)
                })
            })
    }
}

/// The first parameter that a read needs and a write does not have.
fn missing_parameter<'r>(write: &Operation, read: &'r Operation) -> Option<&'r str> {
    let has = |name: &str| write.parameters.iter().any(|p| p.name == name);
    let required = read
        .parameters
        .iter()
        .filter(|p| p.required)
        .map(|p| p.name.as_str());
    // Parameters of equal paths are the same ones, whatever they are called.
    let same_path = path_parameters(write).count() == path_parameters(read).count();
    let in_path = |name: &str| path_parameters(read).any(|p| p == name);
    required
        .into_iter()
        .find(|name| !(has(name) || same_path && in_path(name)))
}

fn found(id: &IdSource, parameter: &str) -> String {
    match id {
        IdSource::Sent(pointer) => format!("its `{parameter}` is `{pointer}` of what was sent"),
        IdSource::Path => format!("its `{parameter}` is part of the path"),
        IdSource::Location => "the answer's `Location` names it".to_owned(),
        IdSource::Answer(pointer) => format!("its `{parameter}` is `{pointer}` of the answer"),
        IdSource::Listing { .. } | IdSource::Members(_) => {
            format!("its `{parameter}` is the one that a second listing has and the first has not")
        }
    }
}

/// The option that opens an operation.
fn allow(op: &Operation) -> String {
    match op
        .id
        .contains(|c: char| c.is_whitespace() || "{}*?[]".contains(c))
    {
        true => format!("--allow '{}'", op.id),
        false => format!("--allow {}", op.id),
    }
}

/// The profile's line that says how a write is read.
fn read_line(op: &Operation) -> String {
    format!(
        "[read-back.{}] with path = \"…\" in the profile",
        toml_key(&op.id)
    )
}

/// A key of a TOML table.
fn toml_key(text: &str) -> String {
    match text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        && !text.is_empty()
    {
        true => text.to_owned(),
        false => format!("{text:?}"),
    }
}
