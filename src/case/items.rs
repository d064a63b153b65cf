//! Where a run can create items of its own: collections whose items can be removed again, and how
//! planned requests name one of their items. A planned request names an item by the plain value of
//! its parameter; when it is sent, an item of our own takes that place.

use super::fresh::{self, Member};
use super::model::Context;
use super::moves::{item_path, path_of};
use crate::contract::{
    Below, Effect, Effects, IdSource, JsonType, Operation, Paging, Place as Where, Reach, Resource,
    Schema, Stored, calls, is_password, shape, without_slash,
};
use crate::exchange::{HttpRequest, RawRequest, Request, Segment, is_safe};
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;

/// A collection in which items can be created and removed.
#[derive(Clone, Debug)]
pub struct Place {
    /// The operation that creates.
    pub create: String,
    /// The operation that removes an item.
    pub delete: String,
    /// The operation that reads an item.
    pub read: Option<String>,
    /// How its items are listed.
    pub list: Option<ListRequest>,
    /// Path of the collection, as planned requests name it.
    pub collection: String,
    /// Path of an item, as planned requests name it.
    pub item: String,
    /// Whether the document gives 404 for a read, by its number: `default` stands for any failure.
    pub reads_404: bool,
    /// Where the id of a new item is found, the surest first.
    pub ids: Vec<IdSource>,
    /// Surely valid bodies to create with, and their octets.
    pub bodies: Vec<(Value, Vec<u8>)>,
    /// Requests of our own, without a body: create, delete, read, list.
    pub requests: Requests,
    /// Members that tell one item from another.
    pub names: Vec<Member>,
    /// Members that are passwords.
    pub passwords: Vec<Member>,
    /// In which form what is created is stored.
    pub stored: Stored,
    /// Media type of what creates.
    pub media_type: String,
    /// Whether the document has 201 for what creates.
    says_created: bool,
    method: String,
    reach: Reach,
    of_item: Reach,
}

/// What is asked of a [`Place`], at the paths that planned requests name.
#[derive(Clone, Debug)]
pub struct Requests {
    /// Creates an item.
    pub create: HttpRequest,
    /// Removes one.
    pub delete: HttpRequest,
    /// Reads one.
    pub read: Option<HttpRequest>,
    /// Lists all.
    pub list: Option<HttpRequest>,
}

/// A collection whose items can be listed and read.
#[derive(Clone, Debug)]
pub struct Shelf {
    /// Path of an item, as planned requests name it.
    pub item: String,
    /// How its items are listed.
    pub list: ListRequest,
    /// Lists them.
    pub request: HttpRequest,
    /// The values that the document lists for the parameter that names an item; what else a list shows names
    /// none (`/reports/route/{type}` beside a list of positions).
    pub named: Option<Vec<String>>,
}

/// The values that a document lists for the last parameter of a path.
fn listed_values(op: &Operation, path: &str) -> Option<Vec<String>> {
    let name = path.rsplit_once('{')?.1.trim_end_matches('}');
    let mut all = op.parameters.iter();
    let parameter = all.find(|p| p.place == Where::Path && p.name == name)?;
    let values = parameter.schema.enum_values.as_ref()?.iter();
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    Some(values.map(text).collect())
}

/// How the items of a collection are listed.
#[derive(Clone, Debug)]
pub struct ListRequest {
    /// The operation.
    pub operation: String,
    /// JSON pointer to the array, or to the object whose members are the items.
    pub items: String,
    /// From an element to its id; `""`: the element is the id. `None`: the items are members of an
    /// object, and their names are the ids.
    pub id: Option<String>,
    /// Whether parameters of the operation choose what is shown.
    pub chosen: bool,
    /// How its next part is asked for.
    pub paging: Option<Paging>,
}

impl Place {
    /// Whether a request may create here, in some way that servers read it.
    pub fn may_create(&self, request: &Request) -> bool {
        let mut calls = calls(request).into_iter();
        calls.any(|(m, t)| m.eq_ignore_ascii_case(&self.method) && self.reach.has(&t))
    }

    /// Whether nobody can tell what a request creates here: two messages in one, or one whose end
    /// servers find in different places, so that some read it without its body.
    pub fn creates_unknown(&self, request: &Request) -> bool {
        let Request::Raw(raw) = request else {
            return false;
        };
        if !framed_plainly(raw) {
            return true;
        }
        let calls = calls(request);
        let creating = calls
            .iter()
            .filter(|(m, t)| m.eq_ignore_ascii_case(&self.method) && self.reach.has(t));
        // The first is given twice: as a line, and as what fields may change it to.
        creating.count() > 2
    }

    /// Whether the document says how the id of a new item is told other than by what a list shows then.
    /// Where nothing lists the items, what an answer names is new only with 201 (RFC 9110 §15.3.2).
    pub fn answer_tells(&self) -> bool {
        let listed = |id: &IdSource| matches!(id, IdSource::Listing { .. } | IdSource::Members(_));
        (self.list.is_some() || self.says_created) && self.ids.iter().any(|id| !listed(id))
    }

    /// Whether a request may remove an item of it.
    pub fn may_remove(&self, request: &Request) -> bool {
        let mut calls = calls(request).into_iter();
        calls.any(|(m, t)| m.eq_ignore_ascii_case("DELETE") && self.of_item.has(&t))
    }

    /// Targets of a request that may write an item of it, or something below one.
    pub fn written(&self, request: &Request) -> Vec<String> {
        let writes = |method: &str| !is_safe(&method.to_ascii_uppercase());
        let calls = calls(request).into_iter();
        calls
            .filter(|(m, t)| writes(m) && self.of_item.has_above(t))
            .map(|(_, target)| target)
            .collect()
    }

    /// Whether a path names an item of it, plainly.
    pub fn has_item(&self, path: &str) -> bool {
        self.of_item.has(path)
    }

    /// [`Place::has_item`] of a path as [`item_path`] makes it, and of no other.
    pub fn is_item_path(&self, path: &str) -> bool {
        let Some((collection, id)) = path.rsplit_once('/') else {
            return false;
        };
        let id = percent_encoding::percent_decode_str(id).decode_utf8();
        let same = id.is_ok_and(|id| item_path(collection, &id).as_deref() == Some(path));
        same && self.has_item(path)
            && !collection.contains(['%', '\\', ';', '?'])
            && !collection.contains("/.")
    }
}

impl Context<'_> {
    /// The collections in which items can be created and removed, those nearer to the root first.
    pub fn places(&self) -> Vec<Place> {
        let effects = self.effects();
        let operations = self.contract.operations.iter();
        let mut places: Vec<Place> = operations
            .filter(|op| {
                let effect = effects.get(&op.id).map(|e| e.effect);
                effect == Some(Effect::Creates)
            })
            .filter_map(|op| self.place(&effects, op))
            .collect();
        places.sort_by_key(|p| p.collection.matches('/').count());
        places
    }

    fn place(&self, effects: &Effects, op: &Operation) -> Option<Place> {
        let (collection, items, item) = effects.resources.plain_items(&op.id)?;
        let delete = self.contract.operation(item.delete.as_deref()?)?;
        let read = self.reader(effects, item);
        let list = self.reader(effects, collection);
        let listing = list.and_then(|list| listing(list, &items.ids));
        let list = list.filter(|_| listing.is_some());
        let bodies = self.bodies(op);
        // A device may refuse one for its meaning: then another may do.
        let mut sure: Vec<(Value, Vec<u8>)> = Vec::new();
        for b in bodies.iter().filter(|b| b.sure) {
            for value in [&b.full, &b.minimal, &b.second] {
                if sure.iter().all(|(v, _)| v != value)
                    && let Some(octets) = self.encoded(op, value)
                {
                    sure.push((value.clone(), octets));
                }
            }
        }
        let create = self.request(op, None);
        let delete_request = self.request(delete, None);
        let base = bodies.map(|b| [&b.minimal, &b.full, &b.second, &b.other].map(Clone::clone));
        let base: &[Value] = base.as_ref().map_or(&[], |b| b.as_slice());
        let sent = id_members(&items.ids);
        let (names, passwords) = telling(op, base, &sent);
        Some(Place {
            create: op.id.clone(),
            delete: delete.id.clone(),
            read: read.map(|o| o.id.clone()),
            reads_404: read.is_some_and(names_404),
            list: listing,
            // What is made at a path of its own stands in the list all the same.
            collection: match collection.made_apart {
                true => path_of(&self.request(list?, None))?,
                false => path_of(&create)?,
            },
            item: path_of(&delete_request)?,
            ids: items.ids.clone(),
            bodies: sure,
            names,
            passwords,
            stored: Stored::of(op),
            media_type: op
                .body
                .as_ref()
                .map(super::media::content_type)
                .unwrap_or_default(),
            says_created: op.documents(201),
            method: op.method.clone(),
            reach: Reach::new(&op.path),
            of_item: Reach::new(&delete.path),
            requests: Requests {
                create,
                delete: delete_request,
                read: read.map(|o| self.request(o, None)),
                list: list.map(|o| self.request(o, None)),
            },
        })
    }

    /// What reads a resource at its own path. One that acts is not asked, and one at another path may
    /// show something else.
    fn reader(&self, effects: &Effects, resource: &Resource) -> Option<&Operation> {
        let id = resource.read.as_ref()?.operation.as_deref()?;
        let op = self.contract.operation(id)?;
        let reads = effects.get(id).is_some_and(|e| e.effect == Effect::Reads);
        (reads && without_slash(&op.path) == without_slash(&resource.path)).then_some(op)
    }

    /// Collections whose items can be listed and read, whoever made them.
    pub fn shelves(&self) -> Vec<Shelf> {
        let effects = self.effects();
        let resources = effects.resources.iter();
        let mut shelves: Vec<Shelf> = resources
            .filter_map(|collection| {
                let items = collection.items.as_ref()?;
                let item = effects.resources.get(&items.resource)?;
                let read = self.reader(&effects, item)?;
                let list = self.reader(&effects, collection)?;
                let named = format!("{}/{{{}}}", without_slash(&list.path), items.parameter);
                let plain = without_slash(&read.path) == named;
                // Whoever wrote the profile has chosen.
                let mut named = read.parameters.iter().filter(|p| p.place == Where::Path);
                let plain = plain && named.all(|p| p.given.is_none());
                Some(Shelf {
                    item: path_of(&self.request(read, None)).filter(|_| plain)?,
                    list: listing(list, &items.ids)?,
                    request: self.request(list, None),
                    named: listed_values(read, &read.path),
                })
            })
            .collect();
        for below in self.contract.below_listed() {
            let shelf = self.shelf_below(&effects, &below);
            shelves.extend(shelf.filter(|new| shelves.iter().all(|s| s.item != new.item)));
        }
        shelves.sort_by_key(|s| s.item.matches('/').count());
        shelves
    }

    /// A collection whose items are named by longer paths only.
    fn shelf_below(&self, effects: &Effects, below: &Below<'_>) -> Option<Shelf> {
        let reads = effects.get(&below.list.id).map(|e| e.effect) == Some(Effect::Reads);
        let path = path_of(&self.request(below.operation, None)).filter(|_| reads)?;
        let (end, _) = path.match_indices('/').nth(below.segments)?;
        let template = &below.operation.path;
        let (named, _) = template.match_indices('/').nth(below.segments)?;
        Some(Shelf {
            item: path.get(..end)?.to_owned(),
            list: listing(below.list, std::slice::from_ref(&below.ids))?,
            request: self.request(below.list, None),
            named: listed_values(below.operation, template.get(..named)?),
        })
    }

    /// How many parameters of an operation's path name an item that a run creates itself: those of
    /// the longest beginning of the path that is an item of a [`Place`].
    pub(super) fn own_parameters(&self, op: &Operation) -> usize {
        let items = self.creatable_items();
        let slashes = op.path.match_indices('/').map(|(at, _)| at);
        let beginnings = slashes.chain([op.path.len()]);
        let beginnings = beginnings.filter_map(|end| op.path.get(..end));
        let found = beginnings.filter(|item| items.contains(*item));
        let parameters = found.map(|item| item.matches('{').count());
        parameters.max().unwrap_or(0)
    }

    /// Whether what an operation writes is read back: where the profile says how, or the document that
    /// a read shows all of it.
    pub(super) fn reads_back(&self, op: &Operation) -> bool {
        if self.profile.read_back.contains_key(&op.id) {
            return true;
        }
        op.body.is_some() && self.writes().contains(&op.id)
    }

    /// Whether the path of an operation names nothing but items that a run creates itself.
    pub fn is_of_own_item(&self, op: &Operation) -> bool {
        let parameters = op.path.matches('{').count();
        parameters > 0 && self.own_parameters(op) == parameters
    }

    /// The rules of what reads the state that an operation writes, at the same path.
    pub(super) fn answer_of_read(&self, op: &Operation) -> Option<&Schema> {
        if self.profile.named(&self.profile.read_back, op).is_some() {
            return None; // whoever wrote the profile has looked at what it shows
        }
        let readers = self.memo.readers(|| {
            let operations = self.contract.operations.iter().enumerate().rev();
            let reads = operations.filter(|(_, o)| o.method == "GET");
            reads.map(|(at, o)| (o.path.clone(), at)).collect()
        });
        shape::answer(self.contract.operations.get(*readers.get(&op.path)?)?)
    }

    /// What each operation may do, worked out once.
    pub(super) fn effects(&self) -> Arc<Effects> {
        let make = || Effects::of(self.contract, self.profile);
        self.memo.effects(make)
    }

    /// Operations whose writes can be read and put back, worked out once.
    fn writes(&self) -> Arc<HashSet<String>> {
        self.memo.writes(|| {
            let effects = self.effects();
            let writes = effects.iter().filter(|e| e.readable);
            writes.map(|e| e.operation.clone()).collect()
        })
    }

    /// Path templates of items that a run can create, worked out once.
    fn creatable_items(&self) -> Arc<HashSet<String>> {
        self.memo.items(|| {
            let effects = self.effects();
            let operations = self.contract.operations.iter();
            let creates = operations.filter(|op| {
                effects
                    .get(&op.id)
                    .is_some_and(|e| e.effect == Effect::Creates)
            });
            creates
                .filter_map(|op| Some(effects.resources.plain_items(&op.id)?.2.path.clone()))
                .collect()
        })
    }
}

/// Whether the document says that an operation answers 404.
fn names_404(op: &Operation) -> bool {
    op.documents(404)
}

/// How an operation lists the items of a collection.
fn listing(op: &Operation, ids: &[IdSource]) -> Option<ListRequest> {
    let (items, id) = ids.iter().find_map(|source| match source {
        IdSource::Listing { array, id } => Some((array.clone(), Some(id.clone()))),
        IdSource::Members(object) => Some((object.clone(), None)),
        _ => None,
    })?;
    Some(ListRequest {
        operation: op.id.clone(),
        items,
        id,
        chosen: op.parameters.iter().any(|p| p.place == Where::Query),
        paging: Paging::of(op),
    })
}

/// Pointers of the body that may name an item: those that the client names it by, and members that
/// are called as the id of the answer is. A device may take such an id for the item's, and overwrite
/// the one that has it.
fn id_members(ids: &[IdSource]) -> Vec<String> {
    let named = ids.iter().filter_map(|source| match source {
        IdSource::Sent(pointer) | IdSource::Answer(pointer) => Some(pointer.clone()),
        IdSource::Listing { id, .. } => Some(id.clone()),
        _ => None,
    });
    named.collect()
}

impl Place {
    /// Ids that a body gives to the item.
    pub fn given_ids(&self, body: &Value) -> Vec<String> {
        let members = id_members(&self.ids);
        let given = members.iter().filter_map(|pointer| body.pointer(pointer));
        given.filter_map(id_text).collect()
    }

    /// Whether plans give this id where a case is about something else.
    pub fn plans_id(&self, id: &str) -> bool {
        self.names.iter().any(|member| member.plans(id))
    }
}

/// An id as lists and paths write it.
pub(super) fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Members of a body that tell one item from another, and those that are passwords.
fn telling(op: &Operation, bases: &[Value], ids: &[String]) -> (Vec<Member>, Vec<Member>) {
    let (mut names, mut passwords, mut first) = (Vec::new(), Vec::new(), None);
    for field in op.fields() {
        // Of lists nobody knows which item counts.
        let pointer = field.path.pointer();
        let Some(name) = field.path.leaf() else {
            continue;
        };
        if field.schema.read_only || field.path.0.len() > 2 || field.path.dotted().contains("[]") {
            continue;
        }
        let bases: Vec<Value> = bases
            .iter()
            .filter_map(|b| b.pointer(&pointer).cloned())
            .collect();
        let member = || Member::new(&pointer, name, field.schema, &bases);
        if field.schema.secret && is_text(field.schema) || is_password(name) {
            passwords.push(member());
        } else if ids.contains(&pointer) || fresh::names_things(name) && is_text(field.schema) {
            names.push(member());
        } else if first.is_none() && is_text(field.schema) && is_free(field.schema) {
            first = Some(member());
        }
    }
    // Without anything that sounds like a name, any free text tells whose it is.
    if names.is_empty() {
        names.extend(first);
    }
    (names, passwords)
}

fn is_text(schema: &Schema) -> bool {
    schema.types.contains(&JsonType::String)
        && schema.enum_values.is_none()
        && schema.const_value.is_none()
}

fn is_free(schema: &Schema) -> bool {
    schema.format.is_none() && schema.pattern.is_none()
}

/// Whether everybody finds the end of a message in the same place: one length that is right, or
/// chunks and no length.
fn framed_plainly(raw: &RawRequest) -> bool {
    let mut bytes = Vec::new();
    for segment in &raw.segments {
        match segment {
            Segment::Bytes(b) => bytes.extend_from_slice(b),
            // Whoever stops in the middle has said less than the length does.
            Segment::ShutdownWrite => return false,
            _ => {}
        }
    }
    let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else {
        return false;
    };
    let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).to_lowercase();
    let values = |name: &str| -> Vec<String> {
        let lines = head.lines().filter_map(|l| l.split_once(':'));
        let named = lines.filter(|(n, _)| n.trim() == name);
        named.map(|(_, v)| v.trim().to_owned()).collect()
    };
    let body = bytes.len() - end - 4;
    match (
        values("content-length").as_slice(),
        values("transfer-encoding").as_slice(),
    ) {
        ([], []) => body == 0,
        ([length], []) => length.parse() == Ok(body),
        ([], [coding]) => coding == "chunked" && bytes.ends_with(b"0\r\n\r\n"),
        _ => false,
    }
}
