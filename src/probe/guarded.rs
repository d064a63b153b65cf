//! Which resources' states are kept over a job, how each is read, and what puts it back.

use crate::case::Context;
use crate::contract::{
    Additional, Contract, JsonType, Operation, Policy, Read, Resource, Resources, Schema, Stored,
};
use crate::device::{GuardedWrite, StateRead};
use crate::exchange::Template;
use crate::pointer::escape;
use crate::profile::Unreadable;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Values for the restore of members that cannot be read: operation → JSON pointer → value.
pub type Known = BTreeMap<String, BTreeMap<String, Value>>;

/// The states that the operations of a contract write, each once, whoever writes it. `only`: those
/// that some of these operations write; `None`: all. What `policy` forbids writes nothing and puts
/// nothing back.
pub fn guarded(
    context: &Context<'_>,
    known: &Known,
    only: Option<&BTreeSet<String>>,
    policy: Option<&Policy>,
) -> Vec<GuardedWrite> {
    let resources = Resources::of(context.contract, context.profile);
    let mut out: Vec<GuardedWrite> = Vec::new();
    for resource in resources.iter() {
        let wanted = |id: &String| only.is_none_or(|only| only.contains(id));
        if !resource.writers.iter().any(wanted) {
            continue;
        }
        let Some(state) = state(context, resource, known, policy) else {
            continue;
        };
        match out.iter_mut().find(|s| s.read.same_state(&state.read)) {
            Some(same) => merge(same, state),
            None => out.push(state),
        }
    }
    out
}

/// One state, where it can be read and written.
fn state(
    context: &Context<'_>,
    resource: &Resource,
    known: &Known,
    policy: Option<&Policy>,
) -> Option<GuardedWrite> {
    let contract = context.contract;
    let read = resource.read.as_ref()?;
    let sent = |o: &&Operation| policy.is_none_or(|policy| policy.operation(&o.id).is_ok());
    let find = |id: &String| contract.operation(id).filter(|o| o.body.is_some());
    let said = || {
        // Whoever wrote the profile knows that what it reads is what this operation writes.
        let named = |o: &&Operation| {
            context
                .profile
                .named(&context.profile.read_back, o)
                .is_some()
        };
        resource.writers.iter().filter_map(find).find(named)
    };
    let ways = [&resource.replace, &resource.patch];
    let operations = || ways.into_iter().flatten().filter_map(find);
    let operation = operations()
        .find(sent)
        .or_else(|| operations().next())
        .or_else(said)?;
    let body = operation.body.as_ref()?;
    let mut request = context.request(operation, None);
    let typed = |(n, _): &(String, Template)| n.eq_ignore_ascii_case("content-type");
    if !request.headers.iter().any(typed) {
        let media_type = Template::from(body.media_type.as_str());
        request
            .headers
            .push(("Content-Type".to_owned(), media_type));
    }
    let mut writers: Vec<String> = Vec::new();
    let mut members = BTreeSet::new();
    let mut read_only = BTreeSet::new();
    let mut stored = Stored::default();
    let mut read = read_of(context, read);
    let any_sent = resource.writers.iter().filter_map(find).any(|o| sent(&o));
    for writer in resource.writers.iter().filter_map(find) {
        if any_sent && !sent(&writer) {
            continue;
        }
        // An item that is created is another state than the listing that shows it.
        if resource.create.as_ref() == Some(&writer.id) && writer.id != operation.id {
            continue;
        }
        writers.push(writer.id.clone());
        stored.add(Stored::of(writer));
        about(writer, &mut members, &mut read_only, &mut read.unreadable);
    }
    if open(&body.schema) {
        members.insert(String::new());
    }
    let defers = |w: &String| {
        let documented = contract.operation(w).map(Operation::success_statuses);
        documented.is_some_and(|statuses| statuses.contains(&202))
    };
    Some(GuardedWrite {
        operation: operation.id.clone(),
        later: writers.iter().any(defers),
        stored,
        optional: writers.iter().any(|w| is_optional(context, w)),
        writers,
        read,
        request,
        read_only: read_only.into_iter().collect(),
        members: members.into_iter().collect(),
        own: false,
        revision: revision(contract, &resource.writers),
        values: known.get(&operation.id).cloned().unwrap_or_default(),
        stand_ins: stand_ins(context, operation),
    })
}

/// JSON pointer of the member by which one of these operations names the state that it replaces.
fn revision(contract: &Contract, writers: &[String]) -> Option<String> {
    let writers = writers.iter().filter_map(|id| contract.operation(id));
    let mut names = writers.filter_map(Operation::revision);
    names.next().map(|name| format!("/{}", escape(name)))
}

/// Whether the profile says so of the operation's read.
fn is_optional(context: &Context<'_>, writer: &str) -> bool {
    let profile = context.profile;
    let named = |op| profile.named(&profile.read_back, op);
    let how = context.contract.operation(writer).and_then(named);
    how.is_some_and(|how| how.optional)
}

/// Two writes of one state: the one whose body knows more puts it back.
fn merge(into: &mut GuardedWrite, mut other: GuardedWrite) {
    let later = into.later || other.later;
    let other_revision = other.revision.take().or_else(|| into.revision.clone());
    let mut stored = std::mem::take(&mut into.stored);
    stored.add(std::mem::take(&mut other.stored));
    if other.members.len() > into.members.len() {
        let first = std::mem::replace(into, other);
        into.writers.extend(first.writers);
        into.read_only.retain(|p| first.read_only.contains(p));
        into.read.unreadable.extend(first.read.unreadable);
    } else {
        into.writers.extend(other.writers);
        into.read.unreadable.extend(other.read.unreadable);
    }
    into.revision = into.revision.take().or(other_revision);
    into.later = later;
    into.stored = stored;
}

fn read_of(context: &Context<'_>, read: &Read) -> StateRead {
    let operation = read
        .operation
        .as_deref()
        .and_then(|id| context.contract.operation(id));
    // With the same values of path parameters that writes are sent with.
    let target = operation
        .filter(|o| o.path == read.path)
        .map(|o| context.unauthorized_request(o, None).target.to_string());
    StateRead {
        method: read.method.clone(),
        target: target.unwrap_or_else(|| read.path.clone()),
        root: read.root.clone(),
        unreadable: read.unreadable.clone(),
    }
}

/// What the body of a write knows, what of it is `readOnly`, and what is `writeOnly`.
fn about(
    writer: &Operation,
    members: &mut BTreeSet<String>,
    read_only: &mut BTreeSet<String>,
    unreadable: &mut BTreeMap<String, Unreadable>,
) {
    for field in writer.fields() {
        let pointer = field.path.pointer();
        if field.schema.read_only {
            read_only.insert(pointer.clone());
        }
        if field.schema.write_only {
            unreadable.entry(pointer.clone()).or_default();
        }
        members.insert(pointer);
    }
}

/// Whether a body may have members that the document does not name, or is no object at all: then
/// everything that is read may change.
fn open(body: &Schema) -> bool {
    let object = body.types.is_empty() || body.types.contains(&JsonType::Object);
    let named = !body.properties.is_empty();
    // What keys of a pattern or values of a rule hold is written as much as what has a name.
    let mapped =
        !body.pattern_properties.is_empty() || matches!(body.additional, Additional::Schema(_));
    !object || mapped || !named && !matches!(body.additional, Additional::Forbidden)
}

/// Surely valid values of an operation's members.
fn stand_ins(context: &Context<'_>, operation: &Operation) -> BTreeMap<String, Value> {
    let body = context.full(operation).unwrap_or_default();
    let fields = operation.fields();
    let paths = fields.iter().map(|f| f.path.pointer());
    paths
        .filter_map(|p| Some((p.clone(), body.pointer(&p)?.clone())))
        .collect()
}
