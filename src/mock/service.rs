//! What the mock answers: login, life probe, read-back, operations; its state.

use super::MockConfig;
use super::choice::Chosen;
use super::fault::Planted;
use super::validate::{Validator, Wrong};
use super::{json, rare};
use crate::contract::{
    Contract, ErrorShape, FaultKind, FieldPath, JsonType, Operation, Place, Schema, SecurityScheme,
};
use crate::pattern::Texts;
use crate::profile::{Profile, encode_query};
use base64::Engine as _;
use md5::{Digest, Md5};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A request as the service sees it.
pub(super) struct Ask<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a [(String, String)],
    pub(super) body: &'a [u8],
    /// Whether the body came with `Transfer-Encoding: chunked`.
    pub(super) chunked: bool,
    /// Pieces in which the body came.
    pub(super) pieces: usize,
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Wait before answering.
    pub(super) delay: Duration,
    /// What happens instead of, or beside, the answer.
    pub(super) act: Act,
}

/// What a reply does beyond answering.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Act {
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
    boot: Instant,
    requests: u64,
    errors: u64,
    writes: u64,
    logins: u64,
    rare: rare::Memory,
}

pub(super) struct Service {
    contract: Arc<Contract>,
    profile: Arc<Profile>,
    planted: Planted,
    chosen: Chosen,
    texts: Arc<Texts>,
    validators: HashMap<String, Validator>,
    username: String,
    password: String,
    state: Mutex<State>,
}

impl Service {
    pub(super) fn new(config: &MockConfig) -> Result<Service, String> {
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
            let Some(body) = &operation.body else {
                continue;
            };
            let mut readings = HashMap::new();
            Validator::readings_of(
                &body.schema,
                &FieldPath::root(),
                &config.readings,
                &texts,
                &mut readings,
            )?;
            let validator = Validator::new(
                texts.clone(),
                readings,
                &config.readings,
                planted.clone(),
                chosen.clone(),
            );
            settings.insert(
                operation.id.clone(),
                initial(&body.schema, &body.examples, &texts, &validator),
            );
            validators.insert(operation.id.clone(), validator);
        }
        Ok(Service {
            contract: config.contract.clone(),
            profile: config.profile.clone(),
            planted,
            chosen,
            texts,
            validators,
            username: config.username.clone(),
            password: config.password.clone(),
            state: Mutex::new(State {
                initial: settings.clone(),
                settings,
                tokens: Vec::new(),
                boot: Instant::now() - Duration::from_secs(86_400),
                requests: 0,
                errors: 0,
                writes: 0,
                logins: 0,
                rare: rare::Memory::default(),
            }),
        })
    }

    pub(super) fn planted(&self) -> &Planted {
        &self.planted
    }

    pub(super) fn closes(&self) -> bool {
        self.chosen.is("connection", "close")
    }

    /// Values that the read-back does not show: operation → pointer → value.
    pub(super) fn unreadable(&self) -> BTreeMap<String, BTreeMap<String, Value>> {
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
    pub(super) fn restarted(&self) {
        let mut state = self.lock();
        state.tokens.clear();
        state.boot = Instant::now();
    }

    pub(super) fn answer(&self, ask: &Ask<'_>) -> Reply {
        {
            let mut state = self.lock();
            state.requests += 1;
            if self.planted.has("forgets-later") && state.requests == 100 {
                state.settings = state.initial.clone();
            }
        }
        let reply = self.route(ask);
        self.finish(ask, reply)
    }

    fn route(&self, ask: &Ask<'_>) -> Reply {
        if let Some(login) = &self.profile.login
            && login.path == ask.path
        {
            return if login.method == ask.method {
                self.login(ask)
            } else {
                not_allowed(&[&login.method])
            };
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
        if let Some((operation, how)) = read_back {
            return self.read_back(operation, &how.root, ask);
        }
        let here: Vec<&Operation> = self
            .contract
            .operations
            .iter()
            .filter(|o| path_fits(&o.path, ask.path))
            .collect();
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

    fn login(&self, ask: &Ask<'_>) -> Reply {
        let refused = || json_reply(400, &json!({"error": "Wrong username or password"}));
        let Some(login) = &self.profile.login else {
            return refused();
        };
        let body: Value = serde_json::from_slice(ask.body).unwrap_or_default();
        let hash = hex(&Md5::digest(self.password.as_bytes()));
        let mut matched = true;
        let mut check = |template: &str, given: Option<String>| {
            let given = given.unwrap_or_default();
            matched &= match template {
                "{username}" => given == self.username,
                "{password}" => given == self.password,
                "{password-md5}" => {
                    given.eq_ignore_ascii_case(&hash)
                        || self.planted.has("login-any-password")
                        || (given.is_empty() && self.planted.has("login-empty-password"))
                        || (!given.is_empty()
                            && hash.starts_with(&given)
                            && self.planted.has("login-prefix"))
                        || (given == self.password && self.planted.has("login-clear-password"))
                }
                fixed => given == fixed,
            };
        };
        for (name, template) in &login.query {
            check(template, query_value(ask.query, name));
        }
        if let Some(Value::Object(members)) = &login.body {
            for (name, template) in members {
                if let Value::String(template) = template {
                    check(
                        template,
                        body.get(name).and_then(Value::as_str).map(str::to_owned),
                    );
                }
            }
        }
        if !matched {
            return refused();
        }
        let mut state = self.lock();
        state.logins += 1;
        let seed = format!("{}:{}:{:?}", self.username, state.logins, state.boot);
        let token: String = hex(&sha2::Sha256::digest(seed.as_bytes()))
            .chars()
            .take(40)
            .collect();
        state.tokens.push(token.clone());
        let mut answer = json!({"account_type": "admin"});
        put(&mut answer, &login.token, Value::String(token));
        json_reply(200, &answer)
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
                put(&mut answer, pointer, value);
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
        let mut shown = self.lock().settings.get(id).cloned().unwrap_or_default();
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
        let mut answer = Value::Null;
        if root.is_empty() {
            answer = shown;
        } else {
            put(&mut answer, root, shown);
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
                self.store(operation, &value);
            }
            return reply;
        }
        let value = match self.body(operation, ask) {
            Ok(value) => value,
            Err(reply) => return reply,
        };
        if !before && let Err(reply) = self.authorize(operation, ask) {
            return reply;
        }
        if let Some(value) = value {
            self.store(operation, &value);
        }
        self.success(operation)
    }

    /// The body, valid; or the answer that refuses it.
    fn body(&self, operation: &Operation, ask: &Ask<'_>) -> Result<Option<Value>, Reply> {
        let Some(body) = &operation.body else {
            return Ok(None);
        };
        if ask.body.len() > 1 << 20 {
            return Err(Reply {
                status: 413,
                ..Reply::default()
            });
        }
        if let Some(reply) = self.crash(ask) {
            return Err(reply);
        }
        let media_type = header(ask, "content-type")
            .unwrap_or_default()
            .to_ascii_lowercase();
        if self.chosen.is("media-type", "strict")
            && !media_type.is_empty()
            && media_type.split(';').next().map(str::trim) != Some(body.media_type.as_str())
        {
            return Err(Reply {
                status: 415,
                ..Reply::default()
            });
        }
        let mut bytes = ask.body;
        if ask.chunked && self.planted.has("chunked-ignored") {
            bytes = b"";
        }
        if ask.pieces > 1 && self.planted.has("split-body-refused") {
            bytes = bytes.get(..bytes.len() / 2).unwrap_or_default();
        }
        if bytes.is_empty() && !body.required && !self.planted.has("json-empty-is-object") {
            return Ok(None);
        }
        let parsed = json::read(bytes, &self.planted, &self.chosen);
        if let Some(struck) = self.rare(operation, bytes, parsed.as_ref()) {
            return match struck {
                s if s.accepts() => Ok(parsed),
                s if s.refuses() => {
                    Err(self.refuse(operation, FaultKind::NotJson, &FieldPath::root()))
                }
                s => Err(s.reply()),
            };
        }
        let Some(value) = parsed else {
            let kind = if self.planted.has("not-json-as-missing") {
                FaultKind::Missing
            } else {
                FaultKind::NotJson
            };
            let mut reply = self.refuse(operation, kind, &FieldPath::root());
            if self.planted.has("busy-after-errors") {
                reply.delay = Duration::from_millis(6_500);
            }
            return Err(reply);
        };
        if self.planted.has("json-empty-is-object") && value.is_null() {
            return Ok(None);
        }
        if self.planted.has("json-form-body") && value.is_null() {
            return Ok(None);
        }
        if self.planted.has("json-ordered")
            && let Value::Object(map) = &value
        {
            let known: Vec<usize> = map
                .keys()
                .filter_map(|k| body.schema.properties.iter().position(|(n, _)| n == k))
                .collect();
            if !known.is_sorted() {
                let name = body.schema.required.first().cloned().unwrap_or_default();
                return Err(self.refuse(
                    operation,
                    FaultKind::Missing,
                    &FieldPath::root().member(&name),
                ));
            }
        }
        if self.planted.has("array-crash") && value.is_array() {
            return Err(Reply {
                act: Act::Restart,
                ..Reply::default()
            });
        }
        if self.planted.has("root-scalar-500") && !value.is_array() && !value.is_object() {
            return Err(json_reply(500, &json!({"error": "internal"})));
        }
        if let Some(reply) = self.crash_on_value(&value) {
            return Err(reply);
        }
        match self.validate(operation, &value) {
            None => Ok(Some(value)),
            Some(wrong) => {
                self.spoil(operation, &value, &wrong);
                Err(self.refuse(operation, wrong.kind, &wrong.path))
            }
        }
    }

    /// What a fault of [`rare`] does with a body.
    fn rare(
        &self,
        operation: &Operation,
        bytes: &[u8],
        value: Option<&Value>,
    ) -> Option<rare::Struck> {
        if !self.planted.rare() {
            return None;
        }
        let valid = value.is_some_and(|v| self.validate(operation, v).is_none());
        let memory = &mut self.lock().rare;
        let planted = |id: &str| self.planted.has(id);
        rare::strike(planted, memory, operation, (bytes, value, valid))
    }

    fn validate(&self, operation: &Operation, value: &Value) -> Option<Wrong> {
        let body = operation.body.as_ref()?;
        self.validators
            .get(&operation.id)?
            .check(&body.schema, value)
    }

    fn crash(&self, ask: &Ask<'_>) -> Option<Reply> {
        let act = |act| {
            Some(Reply {
                act,
                ..Reply::default()
            })
        };
        if self.planted.none() {
            return None;
        }
        if self.planted.has("large-body-drops") && ask.body.len() > 4_096 {
            return act(Act::Drop);
        }
        if ask.chunked && self.planted.has("chunked-hangs") {
            return act(Act::Hang);
        }
        if self.planted.has("json-deep-crash")
            && ask.body.windows(600).any(|w| w.iter().all(|b| *b == b'['))
        {
            return act(Act::Restart);
        }
        if self.planted.has("hangs-on-percent") && ask.body.windows(2).any(|w| w == b"%n") {
            return act(Act::Hang);
        }
        None
    }

    fn crash_on_value(&self, value: &Value) -> Option<Reply> {
        if self.planted.none() {
            return None;
        }
        let act = |act| {
            Some(Reply {
                act,
                ..Reply::default()
            })
        };
        let Value::Object(map) = value else {
            return None;
        };
        if self.planted.has("crash-on-null") && map.values().any(Value::is_null) {
            return act(Act::Restart);
        }
        if self.planted.has("crash-on-nested") && map.values().any(Value::is_array) {
            return act(Act::Restart);
        }
        if self.planted.has("stops-listening") && map.keys().any(|k| k.len() >= 200) {
            return act(Act::Die);
        }
        let long = |pointer: &str| {
            value
                .pointer(pointer)
                .and_then(Value::as_str)
                .is_some_and(|t| t.len() >= 300)
        };
        let fields = self.contract.operations.iter().flat_map(Operation::fields);
        for field in fields {
            if self.planted.at("crash-on-long", &field.path) && long(&field.path.pointer()) {
                return act(Act::Restart);
            }
        }
        None
    }

    /// Faults of state that a refusal has.
    fn spoil(&self, operation: &Operation, value: &Value, wrong: &Wrong) {
        if self.planted.none() {
            return;
        }
        let mut state = self.lock();
        if self.planted.has("refusal-resets")
            && let Some(initial) = state.initial.get(&operation.id).cloned()
        {
            state.settings.insert(operation.id.clone(), initial);
        }
        let (Value::Object(new), Some(Value::Object(settings))) =
            (value, state.settings.get_mut(&operation.id))
        else {
            return;
        };
        if self.planted.has("refusal-stores-all") {
            for (name, member) in new {
                settings.insert(name.clone(), member.clone());
            }
        }
        if self.planted.has("refusal-stores") {
            let culprit = wrong
                .path
                .0
                .first()
                .and_then(|_| wrong.path.dotted().split('.').next().map(str::to_owned));
            let order = operation
                .body
                .iter()
                .flat_map(|b| b.schema.properties.iter().map(|(n, _)| n));
            for name in order {
                if Some(name) == culprit.as_ref() {
                    break;
                }
                if let Some(member) = new.get(name) {
                    settings.insert(name.clone(), member.clone());
                }
            }
        }
    }

    fn store(&self, operation: &Operation, value: &Value) {
        let mut state = self.lock();
        state.writes += 1;
        if self.planted.has("nothing-stored")
            || (self.planted.has("stores-first-only") && state.writes > 1)
        {
            return;
        }
        let keep = self.chosen.is("omitted", "keep");
        let old = state
            .settings
            .get(&operation.id)
            .cloned()
            .unwrap_or_default();
        let mut new = value.clone();
        if keep && let (Value::Object(old), Value::Object(new)) = (&old, &mut new) {
            for (name, member) in old {
                new.entry(name.clone()).or_insert_with(|| member.clone());
            }
        }
        if let (Some(body), Value::Object(map)) = (&operation.body, &mut new)
            && !matches!(body.schema.additional, crate::contract::Additional::Allowed)
            && !body.schema.properties.is_empty()
        {
            map.retain(|name, _| body.schema.property(name).is_some());
        }
        if !self.planted.none() {
            self.distort(operation, &old, &mut new);
        }
        state.settings.insert(operation.id.clone(), new);
    }

    fn distort(&self, operation: &Operation, old: &Value, new: &mut Value) {
        for field in operation.fields() {
            let pointer = field.path.pointer();
            if self.planted.at("not-stored", &field.path) {
                let kept = old.pointer(&pointer).cloned();
                if let (Some(place), Some(kept)) = (new.pointer_mut(&pointer), kept) {
                    *place = kept;
                }
            }
            match new.pointer_mut(&pointer) {
                Some(Value::String(text)) => {
                    if self.planted.at("stores-truncated", &field.path) {
                        *text = text.chars().take(15).collect();
                    }
                    if self.planted.at("stores-lower-case", &field.path) {
                        *text = text.to_ascii_lowercase();
                    }
                    if self.planted.at("stores-escaped", &field.path) {
                        *text = text
                            .replace('&', "&amp;")
                            .replace('<', "&lt;")
                            .replace('>', "&gt;");
                    }
                }
                Some(Value::Number(number)) if self.planted.at("wraps-16-bits", &field.path) => {
                    if let Some(n) = number.as_i64() {
                        *number = (n & 0xFFFF).into();
                    }
                }
                _ => {}
            }
        }
    }

    fn success(&self, operation: &Operation) -> Reply {
        let status = operation.success_statuses().first().copied().unwrap_or(200);
        let documented = operation.response(status).and_then(|r| r.schema.as_ref());
        if let Some(schema) = documented {
            return json_reply(
                status,
                &plausible(schema, &self.texts).unwrap_or(Value::Null),
            );
        }
        match self.chosen.get("success-body") {
            "object" => json_reply(status, &json!({})),
            "text" => Reply {
                status,
                headers: vec![("Content-Type".to_owned(), "text/plain".to_owned())],
                body: b"OK".to_vec(),
                ..Reply::default()
            },
            _ => Reply {
                status,
                ..Reply::default()
            },
        }
    }

    fn authorize(&self, operation: &Operation, ask: &Ask<'_>) -> Result<(), Reply> {
        if !operation.needs_auth() || self.planted.has("no-auth") {
            return Ok(());
        }
        let granted = operation
            .security
            .iter()
            .any(|all| all.iter().all(|s| self.grants(s, ask)));
        if granted {
            return Ok(());
        }
        if self.planted.has("refusal-ends-session") && header(ask, "authorization").is_some() {
            self.lock().tokens.clear();
        }
        let mut reply = self.refuse(operation, FaultKind::Unauthenticated, &FieldPath::root());
        if self.planted.has("unauthorized-403") {
            reply.status = 403;
        }
        if self.planted.has("unauthorized-text") {
            reply = json_reply(401, &json!({"error": "Unauthorized"}));
        }
        Err(reply)
    }

    fn grants(&self, scheme: &SecurityScheme, ask: &Ask<'_>) -> bool {
        let planted = |id: &str| self.planted.has(id);
        let state = self.lock();
        let token_fits = |given: &str| {
            state.tokens.iter().any(|token| {
                token == given
                    || (planted("token-prefix") && !given.is_empty() && token.starts_with(given))
                    || (planted("token-suffix") && given.starts_with(token.as_str()))
                    || (planted("token-any-case") && token.eq_ignore_ascii_case(given))
            }) || (planted("any-token") && !given.is_empty())
                || (planted("empty-token") && given.is_empty())
                || (planted("null-token") && given == "null")
                || (planted("long-token-overflows") && given.len() >= 1_024)
        };
        if planted("token-in-query") && query_value(ask.query, "token").is_some() {
            return true;
        }
        let authorization = header(ask, "authorization");
        match scheme {
            SecurityScheme::Bearer => {
                let Some(value) = authorization else {
                    return false;
                };
                let (given_scheme, given) = value.split_once(' ').unwrap_or((value, ""));
                let scheme_fits = if self.chosen.is("scheme-case", "any") {
                    given_scheme.eq_ignore_ascii_case("bearer")
                } else {
                    given_scheme == "Bearer"
                };
                (scheme_fits || planted("any-scheme")) && token_fits(given.trim())
            }
            SecurityScheme::Basic => {
                let want = base64::engine::general_purpose::STANDARD
                    .encode(format!("{}:{}", self.username, self.password));
                authorization
                    .and_then(|v| v.split_once(' '))
                    .is_some_and(|(s, v)| s.eq_ignore_ascii_case("basic") && v.trim() == want)
            }
            SecurityScheme::ApiKey { name, place } => {
                let given = match place {
                    Place::Query => query_value(ask.query, name),
                    Place::Cookie => header(ask, "cookie").and_then(|c| {
                        c.split(';').find_map(|p| {
                            let (n, v) = p.trim().split_once('=')?;
                            (n == name).then(|| v.to_owned())
                        })
                    }),
                    Place::Header | Place::Path => header(ask, name).map(str::to_owned),
                };
                given.is_some_and(|g| token_fits(&g) || g == self.password)
            }
            SecurityScheme::Other(_) => true,
        }
    }

    /// The documented error answer for a fault.
    fn refuse(&self, operation: &Operation, kind: FaultKind, path: &FieldPath) -> Reply {
        self.lock().errors += 1;
        let planted = |id: &str| self.planted.has(id);
        let mut name = match self.chosen.get("error-path") {
            "dotted" => path.dotted(),
            _ => path.leaf().unwrap_or_default().to_owned(),
        };
        if planted_name(&self.planted, path) {
            name = "settings".to_owned();
        }
        // Nothing has a name of its own only at the root: a member may be called "".
        if path.0.is_empty() {
            let first = operation
                .body
                .as_ref()
                .and_then(|b| b.schema.required.first());
            name = first.cloned().unwrap_or_else(|| "body".to_owned());
        }
        let wanted = match kind {
            FaultKind::Constraint | FaultKind::UnknownMember | FaultKind::Parameter => {
                self.chosen.get("constraint-text")
            }
            FaultKind::Null => self.chosen.get("null-text"),
            FaultKind::WrongRoot => self.chosen.get("root-text"),
            FaultKind::Missing if planted("missing-as-base") => "base",
            FaultKind::Missing if planted("missing-as-type") => "wrong-type",
            FaultKind::WrongType if planted("type-as-base") => "base",
            _ => "",
        };
        // What the device likes to say ends where the contract says what answers this fault.
        let says = |s: &ErrorShape| s.answers.contains(&kind) || s.may_answer.contains(&kind);
        let spoken = operation.error_shapes().any(says);
        let wrong_on_purpose = matches!(kind, FaultKind::Missing | FaultKind::WrongType);
        let may = |s: &ErrorShape| wrong_on_purpose || !spoken || says(s);
        let shape = operation
            .error_shapes()
            .find(|s| !wanted.is_empty() && s.id == wanted && may(s))
            .or_else(|| operation.error_shapes().find(|s| s.answers.contains(&kind)))
            .or_else(|| {
                operation
                    .error_shapes()
                    .find(|s| s.may_answer.contains(&kind))
            });
        let (status, body) = match shape {
            Some(shape) => (shape.status, fill(&shape.body, &name)),
            None => self.undocumented_shape(operation, kind, &name),
        };
        let mut reply = json_reply(status, &body);
        if kind != FaultKind::Unauthenticated && !self.planted.none() {
            self.distort_error(operation, kind, &body, &mut reply);
        }
        reply
    }

    /// An error for a contract without error shapes, of its documented schema.
    fn undocumented_shape(
        &self,
        operation: &Operation,
        kind: FaultKind,
        name: &str,
    ) -> (u16, Value) {
        let wanted: &[u16] = match kind {
            FaultKind::Unauthenticated => &[401, 403],
            _ => &[400, 422, 409],
        };
        let status = wanted
            .iter()
            .copied()
            .find(|s| operation.response(*s).is_some())
            .unwrap_or(wanted[0]);
        let schema = operation.response(status).and_then(|r| r.schema.as_ref());
        let body = schema
            .and_then(|s| plausible(s, &self.texts))
            .unwrap_or_else(|| json!({"error": format!("{kind:?}: {name}")}));
        (status, body)
    }

    fn distort_error(
        &self,
        operation: &Operation,
        kind: FaultKind,
        body: &Value,
        reply: &mut Reply,
    ) {
        let planted = |id: &str| self.planted.has(id);
        let text = body
            .get("error")
            .and_then(Value::as_str)
            .unwrap_or("error")
            .to_owned();
        let set_type = |reply: &mut Reply, media: &str| {
            reply.headers.retain(|(n, _)| n != "Content-Type");
            reply
                .headers
                .push(("Content-Type".to_owned(), media.to_owned()));
        };
        if planted("error-plain-text") {
            reply.body = text.clone().into_bytes();
            set_type(reply, "text/plain");
        }
        if planted("error-html") {
            reply.body = format!("<html><body><h1>400</h1>{text}</body></html>").into_bytes();
            set_type(reply, "text/html");
        }
        if planted("error-without-type") {
            reply.headers.retain(|(n, _)| n != "Content-Type");
        }
        if planted("error-other-member") {
            reply.body = json!({"message": text}).to_string().into_bytes();
        }
        if planted("error-true") {
            reply.body = b"{\"error\": true}".to_vec();
        }
        if planted("error-200") {
            reply.status = operation.success_statuses().first().copied().unwrap_or(200);
        }
        if planted("error-422") && kind == FaultKind::Constraint {
            reply.status = 422;
        }
        if planted("error-500") && kind == FaultKind::WrongType {
            reply.status = 500;
        }
        if planted("error-empty") {
            reply.body.clear();
        }
        if planted("error-bad-json") {
            reply.body = format!("{{\"error\": \"{text}\" }}\"").into_bytes();
        }
        if planted("shows-token")
            && let Some(token) = self.lock().tokens.last()
        {
            reply.body = json!({"error": text, "session": token})
                .to_string()
                .into_bytes();
        }
        if planted("drops-errors") {
            reply.act = Act::Drop;
        }
        if planted("slower-and-slower") {
            let errors = u32::try_from(self.lock().errors).unwrap_or(u32::MAX);
            reply.delay = Duration::from_millis(4) * errors;
        }
    }

    /// Headers that every answer has, and the faults of all answers.
    fn finish(&self, ask: &Ask<'_>, mut reply: Reply) -> Reply {
        if self.chosen.is("charset", "yes") {
            for (name, value) in &mut reply.headers {
                if name == "Content-Type" && value == "application/json" {
                    value.push_str("; charset=utf-8");
                }
            }
        }
        if self.planted.has("slower-and-slower") && reply.delay.is_zero() {
            let errors = u32::try_from(self.lock().errors).unwrap_or(u32::MAX);
            reply.delay = Duration::from_millis(4) * errors;
        }
        if self.planted.has("reflects-header")
            && let Ok(Value::Object(map)) = serde_json::from_slice(ask.body)
        {
            let lines = map
                .values()
                .filter_map(Value::as_str)
                .find_map(|t| t.split_once('\n'));
            if let Some((name, value)) = lines.and_then(|(_, rest)| rest.split_once(':')) {
                let name: String = name
                    .chars()
                    .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
                    .collect();
                let value: String = value.chars().take_while(|c| !c.is_control()).collect();
                if !name.is_empty() {
                    reply.headers.push((name, value.trim().to_owned()));
                }
            }
        }
        reply
    }
}

fn planted_name(planted: &Planted, path: &FieldPath) -> bool {
    planted.at("wrong-name", path)
}

fn not_allowed(methods: &[&str]) -> Reply {
    Reply {
        status: 405,
        headers: vec![("Allow".to_owned(), methods.join(", "))],
        ..Reply::default()
    }
}

fn json_reply(status: u16, body: &Value) -> Reply {
    Reply {
        status,
        headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        body: body.to_string().into_bytes(),
        ..Reply::default()
    }
}

fn header<'a>(ask: &Ask<'a>, name: &str) -> Option<&'a str> {
    ask.headers
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, v)| v.as_str())
}

fn query_value(query: &str, name: &str) -> Option<String> {
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

/// Whether a path fits a template: `{name}` stands for one segment.
fn path_fits(template: &str, path: &str) -> bool {
    let (mut t, mut p) = (template.split('/'), path.split('/'));
    loop {
        match (t.next(), p.next()) {
            (None, None) => return true,
            (Some(t), Some(p))
                if t == p || (t.starts_with('{') && t.ends_with('}') && !p.is_empty()) => {}
            _ => return false,
        }
    }
}

/// The template with the field's name in it.
fn fill(template: &Value, name: &str) -> Value {
    match template {
        Value::String(text) => Value::String(text.replace("{param}", name)),
        Value::Array(items) => items.iter().map(|v| fill(v, name)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(k, v)| (k.clone(), fill(v, name)))
            .collect(),
        other => other.clone(),
    }
}

/// Sets a value at a JSON pointer of members, which are made where they are missing.
fn put(target: &mut Value, pointer: &str, value: Value) {
    let mut at = target;
    for step in pointer.split('/').skip(1) {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(map) = at else { return };
        at = map
            .entry(step.replace("~1", "/").replace("~0", "~"))
            .or_insert(Value::Null);
    }
    *at = value;
}

/// Settings of a new device: the published example where the device takes it, else built.
fn initial(
    schema: &Schema,
    examples: &[(String, Value)],
    texts: &Texts,
    validator: &Validator,
) -> Value {
    examples
        .iter()
        .map(|(_, v)| v.clone())
        .find(|v| validator.check(schema, v).is_none())
        .or_else(|| plausible(schema, texts))
        .unwrap_or_default()
}

/// A plausible value of a schema, all members present.
fn plausible(schema: &Schema, texts: &Texts) -> Option<Value> {
    if let Some(value) = schema
        .const_value
        .clone()
        .or_else(|| schema.enum_values.as_ref()?.first().cloned())
    {
        return Some(value);
    }
    let part = schema
        .one_of
        .first()
        .or_else(|| schema.any_of.first())
        .map(|s| plausible(s, texts));
    match schema.types.iter().find(|t| **t != JsonType::Null) {
        Some(JsonType::String) => {
            let example = schema.examples.iter().find(|v| v.is_string()).cloned();
            let rule = schema.rule()?;
            let valid = || texts.get(&rule)?.valid().map(Value::String);
            example.or_else(valid).or_else(|| Some(json!("text")))
        }
        Some(JsonType::Integer | JsonType::Number) => {
            let example = schema.examples.iter().find(|v| v.is_number()).cloned();
            example.or_else(|| {
                let low = schema.minimum.as_ref();
                let value = low.map_or(1, |b| {
                    b.value.as_i64().unwrap_or(1) + i64::from(b.exclusive)
                });
                Some(json!(value))
            })
        }
        Some(JsonType::Boolean) => Some(json!(false)),
        Some(JsonType::Array) => {
            let count = schema.min_items.unwrap_or(1).clamp(1, 16);
            let item = schema
                .items
                .as_ref()
                .and_then(|i| plausible(i, texts))
                .unwrap_or(json!(0));
            Some(Value::Array((0..count).map(|_| item.clone()).collect()))
        }
        Some(JsonType::Object) => {
            let mut map = Map::new();
            for (name, member) in &schema.properties {
                if let Some(value) = plausible(member, texts) {
                    map.insert(name.clone(), value);
                }
            }
            if let Some(Some(Value::Object(more))) = part {
                map.extend(more);
            }
            for all in &schema.all_of {
                if let Some(Value::Object(more)) = plausible(all, texts) {
                    map.extend(more);
                }
            }
            Some(Value::Object(map))
        }
        Some(JsonType::Null) => Some(Value::Null),
        None => part
            .flatten()
            .or_else(|| schema.examples.first().cloned())
            .or_else(|| {
                (!schema.properties.is_empty()).then(|| {
                    let members = schema.properties.iter();
                    members
                        .filter_map(|(n, s)| Some((n.clone(), plausible(s, texts)?)))
                        .collect()
                })
            }),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
