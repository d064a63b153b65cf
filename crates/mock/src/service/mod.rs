//! What the mock answers: routes, life probe, read-back, operations; its state. A file for each
//! further duty: who gets in ([`access`]), answers ([`answer`]), the body ([`body`]), errors
//! ([`error`]), what is kept ([`keep`]), plausible values ([`sample`]).

mod access;
mod answer;
mod body;
mod decode;
mod digest;
mod error;
pub(crate) mod heads;
mod keep;
mod parameters;
mod resources;
mod route;
mod sample;
mod serve;
mod users;

use super::MockConfig;
use super::choice::Chosen;
use super::fault::Planted;
use super::held_back::{self, store, wire};
use super::validate::Validator;
use super::{json, rare};
use percent_encoding::percent_decode_str;
use probity_contract::pointer::insert;
use probity_contract::profile::{Profile, encode_query};
use probity_contract::{Contract, FaultKind, FieldPath, Operation};
use probity_pattern::Texts;
use sample::initial;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
pub use users::Viewer;

/// What a contract does with the collections that it has.
pub(crate) struct Kept {
    /// Creates items.
    pub(crate) creates: bool,
    /// Removes items.
    pub(crate) deletes: bool,
    /// Lists items.
    pub(crate) lists: bool,
    /// Reads items.
    pub(crate) reads: bool,
}

impl Kept {
    pub(crate) fn of(contract: &Contract) -> Kept {
        let operations = &contract.operations;
        let any = |method: &str, item: bool| {
            operations.iter().any(|o| {
                let part = resources::part(operations, o);
                let fits = match item {
                    true => part == resources::Part::Item,
                    false => matches!(part, resources::Part::Collection(_)),
                };
                o.method == method && fits
            })
        };
        Kept {
            creates: any("POST", false),
            deletes: any("DELETE", true),
            lists: any("GET", false),
            reads: any("GET", true),
        }
    }
}

/// A request as the service sees it.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: &'a [u8],
    /// Whether the body came with `Transfer-Encoding: chunked`.
    pub(crate) chunked: bool,
    /// Pieces in which the body came.
    pub(crate) pieces: usize,
    /// Whether the target was a whole URL (RFC 9112 §3.2.2).
    pub(crate) absolute: bool,
    /// Whether a planted fault wants no credentials for it.
    pub(crate) open: bool,
}

impl Ask<'_> {
    /// Path and query.
    fn target(&self) -> String {
        format!("{}?{}", self.path, self.query)
    }
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Wait before answering.
    pub(crate) delay: Duration,
    /// What happens instead of, or beside, the answer.
    pub(crate) act: Act,
}

/// What a reply does beyond answering.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Act {
    #[default]
    Answer,
    /// Never answer.
    Hang,
    /// Close the connection without an answer.
    Drop,
    /// Close all connections and the socket, come back after a while with a new uptime.
    Restart,
    /// Close the socket for good.
    Die,
}

struct State {
    settings: BTreeMap<String, Value>,
    initial: BTreeMap<String, Value>,
    tokens: Vec<String>,
    /// Those of the tokens that the second user got.
    viewers: Vec<String>,
    /// Refresh tokens of OAuth 2.
    refresh: Vec<String>,
    nonces: digest::Nonces,
    boot: Instant,
    requests: u64,
    errors: u64,
    writes: u64,
    logins: u64,
    collections: resources::Collections,
    rare: rare::Memory,
    held_back: held_back::Memory,
}

impl State {
    /// What a resource is set to before anybody writes it: what its write takes, so that it can be
    /// put back.
    fn first(&self, operations: &[Operation], operation: &Operation) -> Option<Value> {
        let writer = resources::writer(operations, operation)?;
        self.initial.get(writer).cloned()
    }
}

pub(crate) struct Service {
    contract: Arc<Contract>,
    profile: Arc<Profile>,
    /// Paths that give out tokens of OAuth 2.
    token_endpoints: Vec<String>,
    /// Operations that write what another path reads (`/things/{id}/update`), with that path's template.
    read_elsewhere: HashMap<String, String>,
    /// See [`crate::takes_password`].
    takes_password: bool,
    planted: Planted,
    chosen: Chosen,
    texts: Arc<Texts>,
    validators: HashMap<String, Validator>,
    username: String,
    password: String,
    viewer: Option<Viewer>,
    state: Mutex<State>,
}

impl State {
    /// What is kept under a key; what the operation started with where nothing was written yet.
    fn kept(&self, key: &str, operation: &str) -> Option<&Value> {
        let kept = self.settings.get(key);
        kept.or_else(|| self.settings.get(operation))
    }
}

impl Service {
    pub(crate) fn new(config: &MockConfig) -> Result<Service, String> {
        let planted = Planted::new(&config.faults, &config.contract, &config.profile)?;
        let chosen = Chosen::new(&config.choices)?;
        let texts = config
            .texts
            .clone()
            .unwrap_or_else(|| Arc::new(config.contract.texts()));
        for field in config.readings.keys() {
            let known = |o: &Operation| o.fields().iter().any(|f| f.path.dotted() == *field);
            if !config.contract.operations.iter().any(known) {
                return Err(format!("no field `{field}` in the contract"));
            }
        }
        let mut validators = HashMap::new();
        let mut settings = BTreeMap::new();
        for operation in &config.contract.operations {
            let mut readings = HashMap::new();
            let parameters = operation.parameters.iter();
            let rooms = parameters
                .map(|p| (&p.schema, FieldPath::root().member(&p.name)))
                .chain(
                    operation
                        .body
                        .iter()
                        .map(|b| (&b.schema, FieldPath::root())),
                );
            for (schema, path) in rooms {
                Validator::readings_of(schema, &path, &config.readings, &texts, &mut readings)?;
            }
            let validator = Validator::new(
                texts.clone(),
                readings,
                &config.readings,
                planted.clone(),
                chosen.clone(),
            );
            if let Some(body) = &operation.body {
                settings.insert(
                    operation.id.clone(),
                    initial(&body.schema, &body.examples, &texts, &validator),
                );
            }
            validators.insert(operation.id.clone(), validator);
        }
        Ok(Service {
            takes_password: crate::takes_password(&config.contract, &config.profile),
            token_endpoints: access::token_endpoints(&config.contract, &config.profile),
            read_elsewhere: resources::read_elsewhere(&config.contract, &config.profile),
            contract: config.contract.clone(),
            profile: config.profile.clone(),
            planted,
            chosen,
            texts,
            validators,
            username: config.username.clone(),
            password: config.password.clone(),
            viewer: crate::viewer(config),
            state: Mutex::new(State {
                initial: settings.clone(),
                settings,
                tokens: Vec::new(),
                viewers: Vec::new(),
                refresh: Vec::new(),
                nonces: digest::Nonces::default(),
                boot: Instant::now() - Duration::from_secs(86_400),
                requests: 0,
                errors: 0,
                writes: 0,
                logins: 0,
                collections: resources::Collections::default(),
                rare: rare::Memory::default(),
                held_back: held_back::Memory::default(),
            }),
        })
    }

    pub(crate) fn planted(&self) -> &Planted {
        &self.planted
    }

    pub(crate) fn chosen(&self) -> &Chosen {
        &self.chosen
    }

    pub(crate) fn closes(&self) -> bool {
        self.chosen.is("connection", "close")
    }

    /// Values that the read-back does not show: operation → pointer → value.
    pub(crate) fn unreadable(&self) -> BTreeMap<String, BTreeMap<String, Value>> {
        let state = self.lock();
        self.profile
            .read_back
            .iter()
            .filter_map(|(operation, how)| {
                let settings = state.initial.get(operation)?;
                let hidden = how
                    .unreadable
                    .keys()
                    .filter_map(|p| Some((p.clone(), settings.pointer(p)?.clone())))
                    .collect();
                Some((operation.clone(), hidden))
            })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// After a crash: sessions are gone, settings stay, uptime starts again.
    pub(crate) fn restarted(&self) {
        let mut state = self.lock();
        state.tokens.clear();
        state.boot = Instant::now();
    }

    pub(crate) fn answer(&self, ask: &Ask<'_>) -> Reply {
        {
            let mut state = self.lock();
            state.requests += 1;
            if self.planted.has("forgets-later") && state.requests == 100 {
                state.settings = state.initial.clone();
            }
        }
        if self.planted.none() {
            let reply = self.route(ask);
            return self.finish(ask, reply);
        }
        if let Some(reply) = wire::before(&self.planted, ask) {
            return reply;
        }
        let path = wire::routed(&self.planted, ask.path);
        let method = wire::method(&self.planted, ask.method);
        let wraps = self.planted.has("id-wraps");
        let wrapped = wraps.then(|| route::wrapped(ask.path)).flatten();
        let ask = Ask {
            path: path.as_deref().or(wrapped.as_deref()).unwrap_or(ask.path),
            method: method.as_deref().unwrap_or(ask.method),
            open: path.is_some(),
            ..*ask
        };
        let mut reply = self.route(&ask);
        reply.delay = reply.delay.max(wire::delay(&self.planted, &ask));
        self.finish(&ask, reply)
    }

    fn route(&self, ask: &Ask<'_>) -> Reply {
        if let Some(reply) = self.entry(ask) {
            return reply;
        }
        if let Some(life) = &self.profile.life
            && life.path == ask.path
        {
            return if ask.method == "GET" {
                self.life()
            } else {
                not_allowed(&["GET"])
            };
        }
        let read_back = self
            .profile
            .read_back
            .iter()
            .find(|(_, how)| how.path == ask.path && how.method == ask.method);
        let here = route::here(&self.contract.operations, &ask.target());
        // An operation that the document describes shows what its resource holds.
        if let Some((operation, how)) = read_back
            && here.iter().all(|o| o.method != ask.method)
        {
            return self.read_back(operation, &how.root, ask);
        }
        let method = match ask.method {
            "PUT" if self.planted.has("put-as-post") => "POST",
            _ if self.planted.has("any-method") => here.first().map_or("", |o| o.method.as_str()),
            other => other,
        };
        if ask.method == "DELETE" && self.planted.has("delete-served") && !here.is_empty() {
            return Reply {
                status: 200,
                ..Reply::default()
            };
        }
        match here.iter().find(|o| o.method == method) {
            Some(operation) => self.operation(operation, ask),
            None if here.is_empty() => Reply {
                status: 404,
                ..Reply::default()
            },
            None => not_allowed(&here.iter().map(|o| o.method.as_str()).collect::<Vec<_>>()),
        }
    }

    fn life(&self) -> Reply {
        let Some(life) = &self.profile.life else {
            return Reply {
                status: 404,
                ..Reply::default()
            };
        };
        let uptime = self.lock().boot.elapsed().as_secs_f64();
        let mut answer = json!({"serial_number": "0000000000"});
        for (pointer, value) in [
            (&life.uptime, json!((uptime * 10.0).round() / 10.0)),
            (&life.model, json!("Mock Panel")),
            (&life.firmware, json!(env!("CARGO_PKG_VERSION"))),
        ] {
            if let Some(pointer) = pointer {
                insert(&mut answer, pointer, value);
            }
        }
        json_reply(200, &answer)
    }

    fn read_back(&self, id: &str, root: &str, ask: &Ask<'_>) -> Reply {
        let Some(operation) = self.contract.operation(id) else {
            return Reply {
                status: 404,
                ..Reply::default()
            };
        };
        if let Err(reply) = self.authorize(operation, ask) {
            return reply;
        }
        let key = resources::key(&self.contract.operations, operation, ask.path);
        let kept = self.lock().kept(&key, id).cloned();
        let mut shown = kept.unwrap_or_default();
        if self.chosen.is("readback-secret", "placeholder")
            && let Some(how) = self.profile.read_back.get(id)
        {
            for (pointer, about) in &how.unreadable {
                if let (Some(place), Some(text)) =
                    (shown.pointer_mut(pointer), about.placeholders.first())
                {
                    *place = Value::String(text.clone());
                }
            }
        }
        if self.chosen.is("readback-extra", "yes")
            && let Value::Object(map) = &mut shown
        {
            map.insert("registration_interval".to_owned(), json!(60));
        }
        store::shown(&self.planted, &mut shown);
        let mut answer = Value::Null;
        if root.is_empty() {
            answer = shown;
        } else {
            insert(&mut answer, root, shown);
        }
        json_reply(200, &answer)
    }

    fn operation(&self, operation: &Operation, ask: &Ask<'_>) -> Reply {
        let before = self.chosen.is("auth-order", "before");
        if before && let Err(reply) = self.authorize(operation, ask) {
            if self.planted.has("unauthorized-writes")
                && let Some(value) = json::read(ask.body, &self.planted, &self.chosen)
                && self.validate(operation, &value).is_none()
            {
                self.store(operation, ask.path, &value);
            }
            if self.planted.has("unauthorized-removes") && operation.method == "DELETE" {
                self.remove(
                    resources::part(&self.contract.operations, operation),
                    ask.path,
                );
            }
            return reply;
        }
        if let Some(path) = self.wrong_parameter(operation, ask) {
            return self.refuse(operation, FaultKind::Parameter, &path);
        }
        if !self.exists(operation, ask.path) {
            let fails = operation.method == "GET" && self.planted.has("unknown-item-fails");
            return match fails {
                true => Reply {
                    status: 500,
                    ..Reply::default()
                },
                false => self.not_found(operation),
            };
        }
        let value = match self.body(operation, ask) {
            Ok(value) => value,
            Err(reply) => return reply,
        };
        if !before && let Err(reply) = self.authorize(operation, ask) {
            return reply;
        }
        if let Some(reply) = self.precondition(operation, ask) {
            return reply;
        }
        let mut reply = self.serve(operation, ask, value);
        self.choose(operation, ask, &mut reply);
        reply
    }
}

fn not_allowed(methods: &[&str]) -> Reply {
    Reply {
        status: 405,
        headers: vec![("Allow".to_owned(), methods.join(", "))],
        ..Reply::default()
    }
}

pub(crate) fn json_reply(status: u16, body: &Value) -> Reply {
    Reply {
        status,
        headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        body: body.to_string().into_bytes(),
        ..Reply::default()
    }
}

pub(crate) fn header<'a>(ask: &Ask<'a>, name: &str) -> Option<&'a str> {
    ask.headers
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, v)| v.as_str())
}

pub(crate) fn query_value(query: &str, name: &str) -> Option<String> {
    let wanted = encode_query(name);
    query.split('&').find_map(|pair| {
        let (n, v) = pair.split_once('=')?;
        (n == wanted || n == name).then(|| {
            percent_decode_str(&v.replace('+', " "))
                .decode_utf8_lossy()
                .into_owned()
        })
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
