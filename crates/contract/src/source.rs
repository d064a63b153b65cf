//! The files of a document as one: which place a `$ref` leads to, and which schemas contain
//! themselves.
//!
//! A *place* is a JSON pointer into the document itself (`/paths/~1x`), or the name of another file
//! before one (`common.yaml#/components/schemas/S`).

use crate::document::{self, Parsed};
use crate::model::{ContractError, SchemaRef, WeakSchema};
use crate::pointer::escape;
use crate::second::Shared;
use percent_encoding::percent_decode_str;
use petgraph::graph::{DiGraph, NodeIndex};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use url::Url;

/// Most files of one document.
const MOST_FILES: usize = 1_000;
/// Most octets of all files together.
const MOST_OCTETS: usize = 64 << 20;
/// Base of the names of files, for joining references; never fetched.
const BASE: &str = "document:///";

/// Which way a body goes: `readOnly` and `writeOnly` hold in one direction each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    /// To the device.
    Request,
    /// From the device.
    Answer,
}

/// Where further files come from, by the name that stands in a `$ref`, joined to that of the file
/// which has it: a path with `/` below the document's folder, or an `http:` or `https:` URL.
pub trait Files {
    /// The octets of a file.
    ///
    /// # Errors
    /// Why it is not read, for people.
    fn read(&self, name: &str) -> Result<Vec<u8>, String>;
}

/// No other files.
#[derive(Clone, Copy, Debug)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Err("only a document that is read from a file can refer to others".to_owned())
    }
}

/// One file of the document.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) value: Value,
    pub(crate) text: Arc<[u8]>,
}

/// All files that a document refers to, read; and the web of references between them.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// By name; the document itself is the empty name.
    pub(crate) files: BTreeMap<String, File>,
    /// What could not be read, with the reason.
    failed: HashMap<String, String>,
    /// JSON Schema 2020-12 (OpenAPI 3.1 and later); the dialect of OpenAPI 3.0 otherwise.
    pub(crate) v31: bool,
    /// Places of schemas with `$id`, by absolute URI.
    resources: HashMap<String, String>,
    /// URI of each place that has one.
    bases: HashMap<String, Url>,
    /// Places of anchors by the place of their resource and their name.
    anchors: HashMap<(String, String), String>,
    /// Places that references lead to and that contain themselves, by group: what leads to another
    /// of its group leads back to itself.
    circles: HashMap<String, usize>,
    /// Schemas that are held somewhere, by place and direction.
    held: Mutex<HashMap<(String, Way), WeakSchema>>,
    /// What a second validator says.
    pub(crate) second: Shared,
    /// Places of members that are there twice, and whether with the same value.
    pub(crate) twice: Vec<(String, bool)>,
}

impl Source {
    /// Reads what the document and the files that it names refer to.
    pub(crate) fn open(
        Parsed { value, twice }: Parsed,
        text: &[u8],
        v31: bool,
        files: &dyn Files,
    ) -> Result<Source, ContractError> {
        let mut source = Source {
            v31,
            twice,
            ..Source::default()
        };
        let mut octets = text.len();
        let mut references = Vec::new();
        source.add(String::new(), value, text, &mut references);
        let mut next = 0;
        while let Some((place, target)) = references.get(next).cloned() {
            next += 1;
            let Some(name) = source.file_of(&target, &place) else {
                continue;
            };
            if source.files.contains_key(&name) || source.failed.contains_key(&name) {
                continue;
            }
            let read = if source.files.len() >= MOST_FILES {
                Err(format!("the document has more than {MOST_FILES} files"))
            } else {
                files.read(&name)
            };
            let parsed = read.and_then(|bytes| {
                octets += bytes.len();
                if octets > MOST_OCTETS {
                    return Err(format!(
                        "all files together have more than {MOST_OCTETS} octets"
                    ));
                }
                let parsed = document::parse(&name, &bytes).map_err(|e| e.to_string())?;
                source.twice.extend(in_file(&name, parsed.twice));
                Ok((parsed.value, bytes))
            });
            match parsed {
                Ok((value, bytes)) => source.add(name, value, &bytes, &mut references),
                Err(why) => {
                    source.failed.insert(name, why);
                }
            }
        }
        source.circles = source.find_circles(&references);
        Ok(source)
    }

    fn add(
        &mut self,
        name: String,
        value: Value,
        text: &[u8],
        references: &mut Vec<(String, String)>,
    ) {
        let mut at = place(&name, "");
        let escaped = match is_url(&name) {
            true => name.clone(),
            false => name
                .replace('%', "%25")
                .replace('#', "%23")
                .replace('?', "%3F"),
        };
        let base = Url::parse(BASE).and_then(|b| b.join(&escaped));
        if let Ok(base) = base {
            self.scan(&value, &mut at, &base, references);
            self.resources.insert(uri(&base), place(&name, ""));
            self.bases.insert(place(&name, ""), base);
        }
        let text = Arc::from(text);
        self.files.insert(name, File { value, text });
    }

    /// Notes references, identifiers and anchors of a value and all below it.
    fn scan(
        &mut self,
        value: &Value,
        at: &mut String,
        base: &Url,
        references: &mut Vec<(String, String)>,
    ) {
        let length = at.len();
        match value {
            Value::Object(members) => {
                let text = |name: &str| members.get(name).and_then(Value::as_str);
                let mut own = None;
                if self.v31
                    && let Some(id) = text("$id")
                    && let Ok(id) = base.join(id)
                {
                    self.resources.insert(uri(&id), at.clone());
                    self.bases.insert(at.clone(), id.clone());
                    own = Some(id);
                }
                for name in ["$anchor", "$dynamicAnchor"] {
                    if let Some(anchor) = text(name) {
                        let resource = self.resource_around(at).to_owned();
                        let key = (resource, anchor.to_owned());
                        self.anchors.entry(key).or_insert_with(|| at.clone());
                    }
                }
                for name in ["$ref", "$dynamicRef"] {
                    if let Some(target) = text(name) {
                        references.push((at.clone(), target.to_owned()));
                    }
                }
                for (name, member) in members {
                    // Values, not schemas.
                    if matches!(
                        (name.as_str(), member),
                        ("enum", Value::Array(_)) | ("const", _)
                    ) {
                        continue;
                    }
                    at.push('/');
                    at.push_str(&escape(name));
                    self.scan(member, at, own.as_ref().unwrap_or(base), references);
                    at.truncate(length);
                }
            }
            Value::Array(items) => {
                for (i, item) in items.iter().enumerate() {
                    at.push_str(&format!("/{i}"));
                    self.scan(item, at, base, references);
                    at.truncate(length);
                }
            }
            _ => {}
        }
    }

    /// The place of the nearest schema around with an `$id`, or the file.
    fn resource_around<'p>(&self, at: &'p str) -> &'p str {
        let mut at = at;
        loop {
            if self.bases.contains_key(at) {
                return at;
            }
            match at.rfind('/') {
                Some(end) => at = &at[..end],
                None => return at,
            }
        }
    }

    /// The absolute URI of a reference, without its fragment, and the fragment.
    fn absolute(&self, target: &str, from: &str) -> Option<(Url, String)> {
        let base = self.bases.get(self.resource_around(from))?;
        let mut url = base.join(target).ok()?;
        let fragment = percent_decode_str(url.fragment().unwrap_or_default())
            .decode_utf8_lossy()
            .into_owned();
        url.set_fragment(None);
        Some((url, fragment))
    }

    /// The name of the file that a reference leads to, where it is no schema with an `$id`.
    fn file_of(&self, target: &str, from: &str) -> Option<String> {
        if target.starts_with('#') {
            return None;
        }
        let (url, _) = self.absolute(target, from)?;
        if leaves(split(from).0, target) {
            return None;
        }
        match url.scheme() {
            _ if self.resources.contains_key(&uri(&url)) => None,
            "document" => Some(
                percent_decode_str(url.path().trim_start_matches('/'))
                    .decode_utf8_lossy()
                    .into_owned(),
            ),
            "http" | "https" => Some(url.to_string()),
            _ => None,
        }
    }

    /// The place that a `$ref` at `from` leads to.
    ///
    /// # Errors
    /// Why it leads nowhere, for people.
    pub(crate) fn resolve(&self, target: &str, from: &str) -> Result<String, String> {
        if target == document::TWICE {
            return Err(document::WHY_TWICE.to_owned());
        }
        if leaves(split(from).0, target) {
            return Err(format!("`{target}` leads out of the document's folder"));
        }
        let Some((url, fragment)) = self.absolute(target, from) else {
            return Err(format!("`{target}` is no reference"));
        };
        let resource = match self.resources.get(&uri(&url)) {
            Some(resource) => resource.clone(),
            None => {
                let name = self
                    .file_of(target, from)
                    .unwrap_or_else(|| url.to_string());
                let why = match self.failed.get(&name) {
                    Some(why) => why.clone(),
                    None => "there is no such file".to_owned(),
                };
                return Err(format!("`{target}` is not read: {why}"));
            }
        };
        let place = if fragment.is_empty() || fragment.starts_with('/') {
            format!("{resource}{fragment}")
        } else {
            match self.anchors.get(&(resource.clone(), fragment)) {
                Some(place) => place.clone(),
                None => return Err(format!("`{target}` leads nowhere: there is no such anchor")),
            }
        };
        match self.get(&place) {
            Some(_) => Ok(place),
            None => Err(format!("`{target}` leads nowhere")),
        }
    }

    /// The value at a place.
    pub(crate) fn get(&self, at: &str) -> Option<&Value> {
        let (file, pointer) = split(at);
        self.files.get(file)?.value.pointer(pointer)
    }

    /// The document itself.
    pub(crate) fn root(&self) -> &Value {
        self.files.get("").map_or(&Value::Null, |file| &file.value)
    }

    /// The group of places of which each leads to itself by way of the others.
    pub(crate) fn circle(&self, place: &str) -> Option<usize> {
        self.circles.get(place).copied()
    }

    /// Whether a `$dynamicRef` can lead to one place only.
    pub(crate) fn is_static(&self, target: &Value) -> bool {
        let target = target.as_str().unwrap_or_default();
        let name = target.split_once('#').map_or("", |(_, name)| name);
        self.anchors.keys().filter(|(_, n)| n == name).count() <= 1
    }

    /// A schema that somebody still holds.
    pub(crate) fn shared(&self, key: &(String, Way)) -> Option<SchemaRef> {
        self.held.lock().ok()?.get(key)?.upgrade()
    }

    /// Lends a schema to those who read later, for as long as somebody holds it.
    pub(crate) fn share(&self, key: (String, Way), schema: &SchemaRef) {
        if let Ok(mut held) = self.held.lock() {
            held.insert(key, schema.downgrade());
        }
    }

    fn find_circles(&self, references: &[(String, String)]) -> HashMap<String, usize> {
        let mut graph: DiGraph<String, ()> = DiGraph::new();
        let mut nodes: HashMap<String, NodeIndex> = HashMap::new();
        let mut leads: Vec<(&str, NodeIndex)> = Vec::new();
        for (from, target) in references {
            let Ok(place) = self.resolve(target, from) else {
                continue;
            };
            let node = *nodes
                .entry(place.clone())
                .or_insert_with(|| graph.add_node(place));
            leads.push((from, node));
        }
        for (from, to) in leads {
            let mut at = from;
            loop {
                if let Some(node) = nodes.get(at) {
                    graph.update_edge(*node, to, ());
                }
                match at.rfind('/') {
                    Some(end) => at = &at[..end],
                    None => break,
                }
            }
        }
        let mut circles = HashMap::new();
        for (group, members) in petgraph::algo::kosaraju_scc(&graph).into_iter().enumerate() {
            let itself = |n: &NodeIndex| graph.contains_edge(*n, *n);
            if members.len() > 1 || members.iter().all(itself) {
                circles.extend(members.iter().map(|n| (graph[*n].clone(), group)));
            }
        }
        circles
    }
}

fn is_url(name: &str) -> bool {
    name.starts_with("http://") || name.starts_with("https://")
}

/// Whether a relative reference in a file leads above the document's folder, where joining URIs
/// would silently stop (RFC 3986 §5.2.4).
fn leaves(file: &str, target: &str) -> bool {
    if is_url(file) || target.contains("://") || target.starts_with('#') {
        return false;
    }
    let path = target.split(['#', '?']).next().unwrap_or_default();
    let path = percent_decode_str(path).decode_utf8_lossy();
    if path.starts_with('/') || path.contains('\\') {
        return true;
    }
    let mut depth = file.matches('/').count();
    for step in path.split('/') {
        match step {
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            "." | "" => {}
            _ => depth += 1,
        }
    }
    false
}

/// A URI without its fragment, as a key.
fn uri(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    url.to_string()
}

/// The place of a pointer in a file.
pub(crate) fn place(file: &str, pointer: &str) -> String {
    if file.is_empty() {
        return pointer.to_owned();
    }
    format!("{}#{pointer}", file.replace('#', "%23"))
}

/// File and pointer of a place.
pub(crate) fn split(place: &str) -> (&str, &str) {
    if place.is_empty() || place.starts_with('/') {
        return ("", place);
    }
    place.split_once('#').unwrap_or((place, ""))
}

fn in_file(name: &str, twice: Vec<(String, bool)>) -> impl Iterator<Item = (String, bool)> {
    let there = move |(at, same): (String, bool)| (place(name, &at), same);
    twice.into_iter().map(there)
}
