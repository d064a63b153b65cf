//! Resources: what several operations read, replace, patch, create and delete. Derived from the
//! document (same path, collection and item, verbs in paths, `links`, names), corrected by the
//! profile. Each has one state, whoever writes it.

use super::effect::words::{Role, role, tokens};
use super::exchange::is_safe;
use super::model::{Contract, JsonType, Operation, Place, Schema};
use super::profile::{Profile, Unreadable};
use super::shape;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One thing that is always there, such as settings.
    Singleton,
    /// Many things of one kind.
    Collection,
    /// One of many, named by the last parameter of its path.
    Item,
}

/// How the state of a resource is read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Read {
    /// The operation, where the document has it.
    pub operation: Option<String>,
    /// Method, e.g. `GET`.
    pub method: String,
    /// Path template.
    pub path: String,
    /// JSON pointer to the part of the answer that mirrors the body of a write; `""` is all.
    pub root: String,
    /// Members that do not read as they are: JSON pointer (below `root`) → what stands there, and
    /// where the value comes from.
    #[serde(skip)]
    pub unreadable: BTreeMap<String, Unreadable>,
}

/// Where the id of what was created is found.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdSource {
    /// The client gives it: this JSON pointer of the request body.
    Sent(String),
    /// The client gives it, as the last parameter of the path.
    Path,
    /// `Location` of the answer (RFC 9110 §10.2.2).
    Location,
    /// This JSON pointer of the answer.
    Answer(String),
    /// The difference of two listings: JSON pointer to the array in the answer of the
    /// collection's read, and from an element of it to the id (`""`: the element is the id).
    Listing {
        /// To the array.
        array: String,
        /// From an element to its id.
        id: String,
    },
    /// The same, where the items are the members of an object and their names the ids: JSON pointer
    /// to that object in the answer of the collection's read.
    Members(String),
}

/// The items of a collection.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Items {
    /// The resource of one item.
    pub resource: String,
    /// The path parameter that names it.
    pub parameter: String,
    /// Where the id of a new one is found, the surest first. Empty: nowhere.
    pub ids: Vec<IdSource>,
}

/// What operations share.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Resource {
    /// Its path; unique.
    pub id: String,
    /// Path template, without verbs (`/paths/{name}` of `/paths/get/{name}`).
    pub path: String,
    /// What the path names.
    pub kind: Kind,
    /// How its state is read.
    pub read: Option<Read>,
    /// The operation that replaces its state (`PUT`, or `POST` where the path is no collection).
    pub replace: Option<String>,
    /// The operation that changes part of it.
    pub patch: Option<String>,
    /// The operation that creates an item (of a collection), or the item itself where its path
    /// names it.
    pub create: Option<String>,
    /// The operation that deletes it.
    pub delete: Option<String>,
    /// Every operation that may change its state.
    pub writers: Vec<String>,
    /// The resource whose path this one's continues.
    pub parent: Option<String>,
    /// The items, where it is a collection whose items have paths.
    pub items: Option<Items>,
    /// Resources whose state its writes change as well (profile).
    pub changes: Vec<String>,
    /// Whether all its operations have the same path, without verbs, query and a slash at the end,
    /// but for further reads.
    #[serde(skip)]
    pub plain: bool,
    /// Whether its items are made at a path of its own (`POST /things/add`), and at no other.
    #[serde(skip)]
    pub made_apart: bool,
}

/// All resources of a contract.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    list: Vec<Resource>,
    by_id: BTreeMap<String, usize>,
    by_operation: BTreeMap<String, usize>,
}

impl Resources {
    /// The resources of a contract, as the profile corrects them. In the document's order.
    pub fn of(contract: &Contract, profile: &Profile) -> Resources {
        let groups = groups(contract);
        let keys: BTreeMap<&str, usize> = groups
            .iter()
            .enumerate()
            .map(|(at, g)| (g.key.as_str(), at))
            .collect();
        let mut list: Vec<Resource> = groups.iter().map(|g| resource(g, &keys)).collect();
        for (group, resource) in groups.iter().zip(&mut list) {
            let above = parent(&group.key, &keys).and_then(|at| groups.get(at));
            resource.parent = above.map(|group| group.path.clone());
            correct(resource, group, contract, profile);
        }
        for at in 0..list.len() {
            let group = groups.get(at);
            let below = group.and_then(|g| keys.get(format!("{}/{{}}", g.key).as_str()));
            let items = items(at, below.copied(), &groups, &list, contract, profile);
            if let Some(resource) = list.get_mut(at) {
                resource.items = items;
            }
        }
        let operation = |(at, group): (usize, &Group<'_>)| -> Vec<(String, usize)> {
            group
                .entries
                .iter()
                .map(|e| (e.op.id.clone(), at))
                .collect()
        };
        Resources {
            by_id: list
                .iter()
                .enumerate()
                .map(|(at, r)| (r.id.clone(), at))
                .collect(),
            by_operation: groups.iter().enumerate().flat_map(operation).collect(),
            list,
        }
    }

    /// In the document's order.
    pub fn iter(&self) -> impl Iterator<Item = &Resource> {
        self.list.iter()
    }

    /// The resource with this id.
    pub fn get(&self, id: &str) -> Option<&Resource> {
        self.list.get(*self.by_id.get(id)?)
    }

    /// The resource that an operation reads or changes.
    pub fn of_operation(&self, operation: &str) -> Option<&Resource> {
        self.list.get(*self.by_operation.get(operation)?)
    }

    /// The collection in which an operation creates, its items, and their resource, where collection
    /// and item each have one path for everything that is done with them (no `/things/delete/{id}`):
    /// then a path names an item whoever uses it.
    pub fn plain_items(&self, create: &str) -> Option<(&Resource, &Items, &Resource)> {
        let collection = self.of_operation(create)?;
        let plain = collection.kind == Kind::Collection
            && collection.create.as_deref() == Some(create)
            && collection.plain;
        let items = collection.items.as_ref().filter(|_| plain)?;
        let item = self.get(&items.resource)?;
        let found = item.plain && item.delete.is_some() && !items.ids.is_empty();
        // Of what is made elsewhere only two lists tell what it was.
        let lists = |id: &IdSource| matches!(id, IdSource::Listing { .. } | IdSource::Members(_));
        let told = !collection.made_apart || items.ids.iter().any(lists);
        (found && told).then_some((collection, items, item))
    }

    /// A resource and those whose paths its own continues, from the inside out.
    pub fn upwards<'r>(&'r self, resource: &'r Resource) -> impl Iterator<Item = &'r Resource> {
        let mut next = Some(resource);
        // Every parent's path is shorter, so this ends.
        std::iter::from_fn(move || {
            let at = next?;
            next = at.parent.as_deref().and_then(|id| self.get(id));
            Some(at)
        })
    }
}

/// One operation in its group.
struct Entry<'c> {
    op: &'c Operation,
    /// What a verb in its path says.
    role: Option<Role>,
}

/// The operations of one resource.
struct Group<'c> {
    /// Path with `{}` for every parameter, without verbs.
    key: String,
    /// The path as the first operation has it.
    path: String,
    entries: Vec<Entry<'c>>,
}

impl<'c> Group<'c> {
    fn by_method(&self, method: &str) -> Option<&'c Operation> {
        let mut plain = self.entries.iter().filter(|e| e.role.is_none());
        plain.find(|e| e.op.method == method).map(|e| e.op)
    }

    fn by_role(&self, role: Role) -> Option<&'c Operation> {
        self.entries
            .iter()
            .find(|e| e.role == Some(role))
            .map(|e| e.op)
    }

    /// Whether an operation makes items at a path of its own, which names none of them.
    fn makes(&self, entry: &Entry<'_>) -> bool {
        let named = |path: &str| path.matches('{').count();
        entry.role == Some(Role::Create)
            && entry.op.method == "POST"
            && entry.op.body.is_some()
            && named(&entry.op.path) == named(&self.path)
    }

    fn reader(&self) -> Option<&'c Operation> {
        self.by_method("GET")
            .or_else(|| self.by_role(Role::Read))
            .or_else(|| self.by_role(Role::List))
    }
}

fn groups(contract: &Contract) -> Vec<Group<'_>> {
    let mut out: Vec<Group<'_>> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for op in &contract.operations {
        let (path, role) = without_verb(op);
        let key = key(&path);
        let at = *places.entry(key.clone()).or_insert(out.len());
        if at == out.len() {
            out.push(Group {
                key,
                path,
                entries: Vec::new(),
            });
        }
        if let Some(group) = out.get_mut(at) {
            group.entries.push(Entry { op, role });
        }
    }
    out
}

/// A path without a slash at the end: `/things/` lists what `/things/{id}` is one of, as many
/// frameworks have it.
pub fn without_slash(path: &str) -> &str {
    path.trim_end_matches('/')
}

/// A path template with `{}` for its parameters, without a slash at the end.
pub(super) fn key(path: &str) -> String {
    let mut out = String::new();
    let path = path.split('?').next().unwrap_or_default();
    for segment in path.split('/').filter(|s| !s.is_empty()) {
        out.push('/');
        let mut rest = segment;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            out.push_str("{}");
            rest = after.split_once('}').map_or("", |(_, after)| after);
        }
        out.push_str(rest);
    }
    out
}

/// The path of what an operation is about: without a verb of reading or writing in its last
/// literal segment, where the method does not contradict it.
fn without_verb(op: &Operation) -> (String, Option<Role>) {
    let path = op.path.split('?').next().unwrap_or_default();
    let mut segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let plain = || {
        let trimmed = path.trim_end_matches('/');
        (
            if trimmed.is_empty() { "/" } else { trimmed }.to_owned(),
            None,
        )
    };
    let Some(at) = segments.iter().rposition(|s| !s.contains('{')) else {
        return plain();
    };
    let segment = segments.get(at).copied().unwrap_or_default();
    let fits = |role: &Role| match role {
        Role::Read | Role::List => op.method == "GET",
        Role::Create | Role::Replace | Role::Patch => {
            matches!(op.method.as_str(), "POST" | "PUT" | "PATCH")
        }
        Role::Delete => matches!(op.method.as_str(), "POST" | "DELETE" | "PUT"),
    };
    if at > 0
        && let Some(role) = role(segment).filter(fits)
    {
        segments.remove(at);
        return (format!("/{}", segments.join("/")), Some(role));
    }
    // `/getConfig` and `/setConfig`
    let words = tokens(segment);
    if let Some((verb, object)) = words.split_first()
        && !object.is_empty()
        && verb != "new"
        && verb != "all"
        && let Some(role) = role(verb).filter(fits)
    {
        let object = object.join("-");
        if let Some(segment) = segments.get_mut(at) {
            *segment = &object;
        }
        return (format!("/{}", segments.join("/")), Some(role));
    }
    plain()
}

fn resource(group: &Group<'_>, keys: &BTreeMap<&str, usize>) -> Resource {
    let kind = kind(group, keys);
    let id = |op: Option<&Operation>| op.map(|o| o.id.clone());
    let post = group.by_method("POST");
    let put = group
        .by_method("PUT")
        .or_else(|| group.by_role(Role::Replace));
    let posted = match kind {
        Kind::Collection => None,
        Kind::Singleton | Kind::Item => post.filter(|o| o.body.is_some()),
    };
    let created = match kind {
        Kind::Collection => post,
        Kind::Singleton | Kind::Item => None,
    };
    let patch = group
        .by_method("PATCH")
        .or_else(|| group.by_role(Role::Patch));
    let root = |reader: &Operation| {
        let written = put.or(posted).or(patch);
        let body = written.and_then(|op| Some(&op.body.as_ref()?.schema));
        let shown = shape::answer(reader).zip(body);
        shown.map_or(String::new(), |(answer, body)| {
            shape::state_in(answer, body)
        })
    };
    let reads = |op: &Operation| is_safe(&op.method);
    let makers = group.entries.iter().filter(|e| group.makes(e)).count();
    let listed = group
        .reader()
        .is_some_and(|o| o.method == "GET" && without_slash(&o.path) == without_slash(&group.path));
    let apart = kind == Kind::Collection && makers == 1 && post_at(group).is_none() && listed;
    Resource {
        id: group.path.clone(),
        path: group.path.clone(),
        kind,
        read: group.reader().map(|op| Read {
            operation: Some(op.id.clone()),
            method: op.method.clone(),
            path: op.path.clone(),
            root: root(op),
            unreadable: BTreeMap::new(),
        }),
        replace: id(put.or(posted)),
        patch: id(patch),
        create: id(group.by_role(Role::Create).or(created)),
        delete: id(group
            .by_method("DELETE")
            .or_else(|| group.by_role(Role::Delete))),
        writers: (group.entries.iter())
            .filter(|e| !reads(e.op))
            .map(|e| e.op.id.clone())
            .collect(),
        parent: None,
        items: None,
        changes: Vec::new(),
        plain: (group.entries.iter())
            .filter(|e| !(reads(e.op) && e.role.is_some() || apart && group.makes(e)))
            .all(|e| e.role.is_none() && without_slash(&e.op.path) == without_slash(&group.path)),
        made_apart: apart,
    }
}

/// What is posted to the path of a group itself.
fn post_at<'c>(group: &Group<'c>) -> Option<&'c Operation> {
    let mut plain = group.entries.iter().filter(|e| e.role.is_none());
    plain.find(|e| e.op.method == "POST").map(|e| e.op)
}

fn kind(group: &Group<'_>, keys: &BTreeMap<&str, usize>) -> Kind {
    if group.key.ends_with("/{}") {
        return Kind::Item;
    }
    let listed = group.by_role(Role::List).is_some();
    let answer = group.reader().and_then(shape::answer);
    if listed || answer.is_some_and(|s| s.types == [JsonType::Array]) {
        return Kind::Collection;
    }
    let has_items = keys.contains_key(format!("{}/{{}}", group.key).as_str());
    // An object with members of its own and no array in it is no listing.
    let one_thing = answer.is_some_and(|s| {
        let members = shape::members(s);
        !members.is_empty() && shape::array_in(s).is_none()
    });
    let post = group.by_method("POST");
    let posted = post.is_some() || group.by_role(Role::Create).is_some();
    // What is answered with 201 alone is something new (RFC 9110 §15.3.2), and it has a path of its own:
    // a `GET` whose answer is one item is a list that the document describes wrongly.
    let creates = post.is_some_and(|op| op.success_statuses() == [201]);
    match has_items && (creates || !one_thing) && (posted || group.by_method("PUT").is_none()) {
        true => Kind::Collection,
        false => Kind::Singleton,
    }
}

/// The place of the nearest path that this one continues.
fn parent(key: &str, keys: &BTreeMap<&str, usize>) -> Option<usize> {
    let mut at = key;
    loop {
        (at, _) = at.rsplit_once('/')?;
        if let Some(found) = keys.get(at).filter(|_| !at.is_empty()) {
            return Some(*found);
        }
    }
}

/// What the profile says of a resource.
fn correct(resource: &mut Resource, group: &Group<'_>, contract: &Contract, profile: &Profile) {
    let named = |op: &&Entry<'_>| profile.named(&profile.read_back, op.op).is_some();
    if let Some(entry) = group.entries.iter().find(named)
        && let Some(how) = profile.named(&profile.read_back, entry.op)
    {
        let same = |o: &&Operation| o.method == how.method && key(&o.path) == key(&how.path);
        resource.read = Some(Read {
            operation: contract.operations.iter().find(same).map(|o| o.id.clone()),
            method: how.method.clone(),
            path: how.path.clone(),
            root: how.root.clone(),
            unreadable: how.unreadable.clone(),
        });
    }
    let hint = profile
        .resources
        .iter()
        .find(|(path, _)| key(path) == group.key);
    let Some((_, hint)) = hint else { return };
    let id = |name: &Option<String>| {
        let op = name.as_deref().and_then(|n| contract.operation_named(n));
        op.map(|o| o.id.clone())
    };
    if let Some(op) = hint
        .read
        .as_deref()
        .and_then(|n| contract.operation_named(n))
    {
        resource.read = Some(Read {
            operation: Some(op.id.clone()),
            method: op.method.clone(),
            path: op.path.clone(),
            root: hint.root.clone(),
            unreadable: BTreeMap::new(),
        });
    }
    for (slot, said) in [
        (&mut resource.replace, &hint.replace),
        (&mut resource.patch, &hint.patch),
        (&mut resource.create, &hint.create),
        (&mut resource.delete, &hint.delete),
    ] {
        if let Some(said) = id(said) {
            if !resource.writers.contains(&said) {
                resource.writers.push(said.clone());
            }
            *slot = Some(said);
        }
    }
    resource.changes = hint.changes.clone();
}

/// The items of the collection at a place of the list; those of one are at the place `below`.
fn items(
    at: usize,
    below: Option<usize>,
    groups: &[Group<'_>],
    list: &[Resource],
    contract: &Contract,
    profile: &Profile,
) -> Option<Items> {
    let (resource, group) = (list.get(at)?, groups.get(at)?);
    if resource.kind != Kind::Collection {
        return None;
    }
    let item = list.get(below?)?;
    let parameter = last_parameter(&item.path)?;
    let hint = profile
        .resources
        .iter()
        .find(|(path, _)| key(path) == group.key);
    let create = resource
        .create
        .as_deref()
        .and_then(|id| contract.operation(id));
    let mut ids: Vec<IdSource> = Vec::new();
    if let Some(pointer) = hint.and_then(|(_, h)| h.id.clone()) {
        ids.push(IdSource::Answer(pointer));
    }
    if let Some(create) = create {
        ids.extend(ids_of(create, &parameter, item));
    }
    let reader = resource.read.as_ref().and_then(|r| r.operation.as_deref());
    let reader = reader.and_then(|id| contract.operation(id));
    ids.extend(
        reader
            .and_then(shape::answer)
            .and_then(|s| listing(s, &parameter)),
    );
    Some(Items {
        resource: item.id.clone(),
        parameter,
        ids,
    })
}

/// Where the id of what an operation creates is found without a look at the collection.
fn ids_of(create: &Operation, parameter: &str, item: &Resource) -> Vec<IdSource> {
    let mut out = Vec::new();
    let success = |r: &&super::model::Response| shape::is_success(r.status);
    for response in create.responses.iter().filter(success) {
        let users: Vec<&str> = [&item.delete, &item.replace, &item.patch]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .chain(item.read.as_ref().and_then(|r| r.operation.as_deref()))
            .collect();
        for link in &response.links {
            let ours = users.contains(&link.operation.as_str());
            let expression = link.parameters.iter().find(|(name, _)| name == parameter);
            match expression.map(|(_, e)| e.as_str()) {
                Some(e) if ours => {
                    out.extend(
                        e.strip_prefix("$response.body#")
                            .map(|p| IdSource::Answer(p.to_owned())),
                    );
                    out.extend(
                        e.strip_prefix("$request.body#")
                            .map(|p| IdSource::Sent(p.to_owned())),
                    );
                }
                _ => {}
            }
        }
        if response.has_header("Location") {
            out.push(IdSource::Location);
        }
        if let Some(pointer) = response
            .schema
            .as_ref()
            .and_then(|s| shape::id_member(s, parameter))
        {
            out.push(IdSource::Answer(pointer));
        }
    }
    // The client names it: `name` of the body is `{name}` of the path. An `id` that the client
    // sends is as often ignored.
    let sent = create.body.as_ref().map(|b| &b.schema);
    if let Some((name, schema)) = sent.and_then(|s| shape::member_named(s, parameter))
        && !schema.read_only
        && sent.is_some_and(|s| s.required.iter().any(|r| r == name))
    {
        out.push(IdSource::Sent(format!("/{}", super::pointer::escape(name))));
    }
    let mut seen = BTreeSet::new();
    out.retain(|source| seen.insert(format!("{source:?}")));
    out
}

/// How a listing shows the ids: in an array, or as the names of an object's members.
pub fn listing(answer: &Schema, parameter: &str) -> Option<IdSource> {
    let Some((array, element)) = shape::array_in(answer) else {
        return shape::is_map_of_objects(answer).then(|| IdSource::Members(String::new()));
    };
    let scalar = |s: &Schema| {
        let scalars = [JsonType::String, JsonType::Integer];
        !s.types.is_empty() && s.types.iter().all(|t| scalars.contains(t))
    };
    let id = match scalar(element) {
        true => String::new(),
        false => shape::id_member(element, parameter)?,
    };
    Some(IdSource::Listing { array, id })
}

/// The name of the parameter that is the last segment of a path.
pub(crate) fn last_parameter(path: &str) -> Option<String> {
    let segment = path.trim_end_matches('/').rsplit('/').next()?;
    let name = segment.strip_prefix('{')?.strip_suffix('}')?;
    Some(name.to_owned())
}

/// Names of the path parameters of an operation.
pub(crate) fn path_parameters(op: &Operation) -> impl Iterator<Item = &str> {
    let path = op.parameters.iter().filter(|p| p.place == Place::Path);
    path.map(|p| p.name.as_str())
}
