//! Why an operation acts, by the words of its path, name and summary, its parameters and its body.

use super::words::{self, Command, tokens};
use super::{View, fixed, physical, says, values};
use crate::model::Operation;
use crate::resource::{Kind, Resource};
use crate::shape;

impl View<'_> {
    /// [`acting_read`] of an operation in its surroundings: what `PUT` or `PATCH` of the same path
    /// set, `GET` shows, whatever it is called.
    pub(super) fn acting_read(&self, op: &Operation) -> Option<String> {
        acting_read(op, self.set.contains(op.path.as_str()))
    }

    /// Why an operation that is to change something acts.
    pub(super) fn acting_write(&self, op: &Operation, resource: &Resource) -> Option<String> {
        // A setting may have any name: `/call` with `GET` and a body that it shows.
        let setting = op.body.is_some()
            && resource.read.as_ref().is_some_and(|r| r.path == op.path)
            && resource.kind != Kind::Collection;
        // What is removed, and what is created where it can be removed, may be called anything too.
        let stored = op.method == "DELETE" || resource.create.as_deref() == Some(op.id.as_str());
        let literals = literals(op);
        let id = tokens(own_id(op));
        let summary = tokens(&op.summary);
        // `addDial`: a verb of changing before a noun that is a verb elsewhere.
        let change = words::is_change(&op.method, if id.is_empty() { &summary } else { &id });
        let weigh = |much: Command, word: &str| match change && words::also_a_noun(word) {
            true => Command::May,
            false => much,
        };
        for (at, segment) in literals.iter().enumerate() {
            let last = at + 1 == literals.len();
            let (much, word) = words::command(segment);
            let much = weigh(much, word);
            let qualified = literals
                .get(at + 1)
                .is_some_and(|next| words::qualified(next));
            let in_doubt = much == Command::May && !setting && last && !stored;
            if qualified || !(in_doubt || much == Command::Does) {
                continue;
            }
            return Some(format!("`{word}` in its path"));
        }
        if resource.create.as_deref() == Some(op.id.as_str()) {
            let changeable = (resource.items.as_ref())
                .and_then(|i| self.resources.get(&i.resource))
                .is_some_and(|i| i.replace.is_some() || i.patch.is_some());
            if let Some(words) = literals.last()
                && (words::sends(words) && !changeable || fixed::starts_at_once(words))
            {
                return Some(format!(
                    "creating `{}` sends or does something",
                    words.join(" ")
                ));
            }
        }
        if resource.create.as_deref() == Some(op.id.as_str())
            && let Some(word) = says::starts(&id, &summary)
        {
            return Some(format!("`{word}`: what it creates is started or sent"));
        }
        let soft = |much: Command, plain: bool| match much {
            Command::No => false,
            Command::May => !plain && !stored,
            Command::Does => true,
        };
        let (much, word) = words::command(&id);
        let much = weigh(much, word);
        if soft(much, setting || change) && !words::reads(&id) {
            return Some(format!("`{word}` in its operationId"));
        }
        let (much, word) = words::sentence(&summary);
        let first = summary.first().is_some_and(|w| w == word);
        let much = if first { much } else { weigh(much, word) };
        // "Start a job" starts one, even where `GET` shows it; `PUT` sets.
        let plain = setting && op.method != "POST";
        if soft(much, plain) {
            return Some(format!("`{word}` in its summary"));
        }
        match op.method.as_str() {
            "DELETE" => None,
            _ => values::acting_member(op, &literals)
                .or_else(|| fixed::acting_body(op))
                .or_else(|| {
                    let ruled = literals.last().is_some_and(|l| words::is_condition(l));
                    fixed::removing_member(op).filter(|_| !ruled)
                })
                .or_else(|| {
                    let created = resource.create.as_deref() == Some(op.id.as_str());
                    physical::moving_member(op).filter(|_| !created)
                }),
        }
    }
}

/// Why an operation whose method only reads acts all the same.
fn acting_read(op: &Operation, setting: bool) -> Option<String> {
    let summary = tokens(&op.summary);
    let id = tokens(own_id(op));
    let (said, said_word) = words::sentence(&summary);
    let answers = answers(op);
    let reading = words::reads(&summary) || words::reads(&id) && !derived(op);
    let literals = literals(op);
    for (at, segment) in literals.iter().enumerate() {
        let rest = literals.get(at + 1..).unwrap_or_default();
        let (much, word) = words::command(segment);
        let qualified = rest
            .iter()
            .any(|next| words::qualified(next) || words::reads(next) && !words::is_object(next));
        let counts = match much {
            Command::No => false,
            // `/lock/open/{n}`, `/reboot/run`
            Command::May => {
                !setting
                    && rest
                        .iter()
                        .all(|next| words::command(next).0 != Command::No)
            }
            // What `PUT` sets, `GET` shows: a number that is dialled.
            Command::Does => !(setting && words::also_a_noun(word)),
        };
        // `/command/log` without an answer is a command that is called so.
        let commands =
            matches!(segment.as_slice(), [w] if w == "command" || w == "cmd" || w == "exec");
        let commanded = commands && !rest.is_empty() && !answers && !reading && !setting;
        if commanded || counts && !qualified && !(reading && answers) {
            return Some(format!("`{word}` in its path"));
        }
    }
    let called = segments(op).last().and_then(procedure);
    if let Some(word) = called.as_deref().and_then(<[_]>::first)
        && words::stores(word)
    {
        return Some(format!(
            "`{word}` in its path: a {} that changes something",
            op.method
        ));
    }
    if let Some(word) = literals.last().and_then(|l| match l.as_slice() {
        [_] => words::changes(l),
        // `/addThing`; a "set point" is one to be read.
        [verb, noun, ..] => {
            let noun = matches!(
                noun.as_str(),
                "point" | "points" | "top" | "up" | "on" | "size"
            );
            let verb = words::changes(std::slice::from_ref(verb));
            let shown = words::qualified(l) && answers;
            verb.filter(|_| !noun && !shown)
        }
        [] => None,
    }) && !(reading && answers)
    {
        return Some(format!(
            "`{word}` in its path: a {} that changes something",
            op.method
        ));
    }
    if let Some(step) = physical::step(op).filter(|_| !setting && !answers) {
        return Some(step);
    }
    if let Some(reason) = remote(op).or_else(|| values::fetching_parameter(op)) {
        return Some(reason);
    }
    // `/relays?state=on` lists those that are on, where its name says so.
    let lists = [&id, &summary]
        .into_iter()
        .any(|w| w.first().is_some_and(|w| w == "list" || w == "lists"));
    if let Some(name) = values::switching_parameter(op).filter(|_| !answers && !lists) {
        return Some(format!(
            "each value of its parameter `{name}` switches something"
        ));
    }
    let (much, word) = words::command(&id);
    if much != Command::No && !words::reads(&id) && !(answers && words::reads(&summary)) {
        return Some(format!("`{word}` in its operationId"));
    }
    if let Some(word) = words::changes(&id).filter(|w| id.first().is_some_and(|f| f == w))
        && !(reading && answers)
    {
        return Some(format!(
            "`{word}` in its operationId: a {} that changes something",
            op.method
        ));
    }
    // "Open hours of the shop" reads, "Open the door" does not.
    let acts = match said {
        Command::No => false,
        Command::May => !answers,
        // "Loads the factory defaults", "Fait sonner la porte"
        Command::Does => {
            let first = summary.first().is_some_and(|w| w == said_word);
            // "Factory defaults of each setting"
            let noun = answers && said_word == "factory";
            !words::reads(&summary) && (first && !noun || !answers && words::does(&summary))
        }
    };
    let acts = acts.then_some(said_word);
    let word = acts.or_else(|| says::imperative(&summary).or_else(|| says::beside(&summary)))?;
    Some(format!("`{word}` in its summary"))
}

/// A remote procedure that is not called like one that reads: `/rpc/Cover.GoToPosition`. Other than
/// resources, procedures are called for what they do.
fn remote(op: &Operation) -> Option<String> {
    let mut segments: Vec<&str> = segments(op).collect();
    let last = segments.pop()?;
    let under = |s: &&str| {
        matches!(
            s.to_ascii_lowercase().as_str(),
            "rpc" | "jsonrpc" | "xmlrpc"
        )
    };
    let (object, name) = last
        .rsplit_once('.')
        .filter(|_| segments.iter().any(under))?;
    let words = tokens(name);
    // `HTTP.GET`: the method of a request that the device sends for it.
    let methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"];
    let relayed = object.to_ascii_lowercase().starts_with("http") && methods.contains(&name);
    let tells = [
        "detect",
        "determine",
        "measure",
        "resolve",
        "verify",
        "compare",
        "info",
        "ping",
    ];
    let reads = words::reads(&words) || words.first().is_some_and(|w| tells.contains(&w.as_str()));
    let called = object.starts_with(char::is_uppercase) && !words.is_empty();
    (called && (relayed || !reads))
        .then(|| format!("`{last}` is a remote procedure that is not called for what it shows"))
}

/// Whether an operation only looks something up or works it out, as its path or summary says: its
/// body is the question, and it answers with more than a status.
pub(super) fn asks(op: &Operation, resource: &Resource) -> bool {
    let literals = literals(op);
    let summary = tokens(&op.summary);
    let says = literals.last().is_some_and(|l| words::asks(l)) || words::asks(&summary);
    let names = literals.iter().chain([&summary]).flatten();
    // "Finds entries of the list; changes nothing"
    let stores = names
        .filter(|w| *w != "changes" || !op.summary.contains("changes nothing"))
        .any(|w| words::stores(w));
    let created = resource.create.as_deref() == Some(op.id.as_str());
    op.method == "POST" && op.body.is_some() && answers(op) && says && !stores && !created
}

/// The words of the literal segments of a path. Of the name of a remote procedure (`Switch.GetStatus`)
/// those of the procedure: what is in front of the point is whose it is.
pub(super) fn literals(op: &Operation) -> Vec<Vec<String>> {
    segments(op)
        .map(|s| procedure(s).unwrap_or_else(|| tokens(s)))
        .filter(|t| !t.is_empty())
        .collect()
}

/// The literal segments of a path.
fn segments(op: &Operation) -> impl Iterator<Item = &str> {
    let path = op.path.split('?').next().unwrap_or_default();
    path.split('/')
        .filter(|s| !s.is_empty() && !s.contains('{'))
}

/// The words of the procedure in `Object.Procedure`, where they begin with a verb that reads or changes:
/// `config.json` and `v1.2` are none.
fn procedure(segment: &str) -> Option<Vec<String>> {
    let (_, name) = segment.rsplit_once('.')?;
    let words = tokens(name);
    (words::reads(&words) || words.first().is_some_and(|w| words::stores(w))).then_some(words)
}

/// The `operationId`; empty where the document has none.
pub(super) fn own_id(op: &Operation) -> &str {
    match op.id == op.signature() {
        true => "",
        false => &op.id,
    }
}

/// Members by which an answer only says how it went.
const ACKNOWLEDGES: [&str; 12] = [
    "result", "status", "success", "ok", "code", "message", "msg", "error", "errors", "detail",
    "rc", "retcode",
];

/// Whether the document says that more than a status is answered, and more than how it went.
fn answers(op: &Operation) -> bool {
    let says = |name: &str| !ACKNOWLEDGES.contains(&name.to_ascii_lowercase().as_str());
    shape::answer(op).is_some_and(|schema| {
        let mut members = shape::members(schema).into_iter();
        members.any(|(name, member)| says(name) || !shape::members(member).is_empty())
            || shape::array_in(schema).is_some()
    })
}

/// Whether an `operationId` only repeats method and path, as generators make it: then its `get`
/// says no more than the method.
fn derived(op: &Operation) -> bool {
    let id = tokens(&op.id);
    let path = tokens(&op.path);
    let method = op.method.to_lowercase();
    id.iter().all(|w| *w == method || path.contains(w))
}
