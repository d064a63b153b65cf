//! A controller: zones with sensors below them, settings with validators, a counter and a secret, a
//! display that takes its writes later, and one action that nobody may call. It keeps count of what
//! it holds in its own memory, which is what tests compare.
#![allow(dead_code, missing_docs)]

use crate::handler::{self, Asked, Drawn, bare, json as drawn};

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Its document.
pub const DOCUMENT: &str = include_str!("controller.yaml");
/// The secret that it never shows.
pub const SECRET: &str = "correct horse battery";
/// Its own media type.
const MEDIA: &str = "application/vnd.acme.controller+json";
/// How long it takes at least to do what it has accepted, one after the other.
const TAKES: Duration = Duration::from_millis(25);
/// Every so many writes it is busy.
const BUSY: u64 = 13;

#[derive(Clone, Debug)]
struct Zone {
    name: String,
    level: u64,
    sensors: BTreeMap<u64, Value>,
}

#[derive(Debug)]
enum Task {
    Display(Map<String, Value>),
    Sensor(u64, Value),
}

#[derive(Debug)]
struct Job {
    due: Instant,
    task: Option<Task>,
    result: Option<String>,
}

#[derive(Debug, Default)]
struct Store {
    zones: BTreeMap<u64, Zone>,
    given: u64,
    network: Map<String, Value>,
    display: Map<String, Value>,
    jobs: Vec<Job>,
    requests: u64,
    writes: u64,
    acted: u64,
    created: u64,
}

/// A running controller; ends with the test.
pub struct Controller {
    pub addr: SocketAddr,
    store: Arc<Mutex<Store>>,
}

impl Controller {
    pub fn start() -> Controller {
        let zone = |name: &str, level, sensors: &[u64]| Zone {
            name: name.to_owned(),
            level,
            sensors: sensors
                .iter()
                .map(|n| {
                    (
                        *n,
                        json!({"id": n, "label": format!("sensor {n}"), "on": true}),
                    )
                })
                .collect(),
        };
        let object = |value: Value| value.as_object().cloned().unwrap_or_default();
        let store = Store {
            zones: [
                (1, zone("hall", 3, &[4, 5])),
                (2, zone("yard", 0, &[])),
                (3, zone("cellar", 9, &[6])),
            ]
            .into(),
            given: 6,
            network: object(json!({"host": "panel", "port": 8080, "password": SECRET})),
            display: object(json!({"brightness": 70, "text": "hello"})),
            ..Store::default()
        };
        let store = Arc::new(Mutex::new(store));
        let shared = store.clone();
        let addr = handler::serve(move |asked| answer(&mut shared.lock().unwrap(), asked));
        Controller { addr, store }
    }

    /// Everything that it holds, once what it has accepted is done.
    pub fn holds(&self) -> Value {
        loop {
            let mut store = self.store.lock().unwrap();
            store.work();
            if store.jobs.iter().all(|job| job.task.is_none()) {
                let zones = store.zones.iter().map(|(id, zone)| {
                    let shown = json!({"name": zone.name, "level": zone.level, "sensors": zone.sensors.values().collect::<Vec<_>>()});
                    (id.to_string(), shown)
                });
                return json!({
                    "zones": zones.collect::<Map<String, Value>>(),
                    "network": store.network,
                    "display": store.display,
                });
            }
            drop(store);
            std::thread::sleep(TAKES / 4);
        }
    }

    /// How often it was reset.
    pub fn acted(&self) -> u64 {
        self.store.lock().unwrap().acted
    }

    /// How much was created in it.
    pub fn created(&self) -> u64 {
        self.store.lock().unwrap().created
    }
}

impl Store {
    /// Does what is due.
    fn work(&mut self) {
        let now = Instant::now();
        for n in 0..self.jobs.len() {
            if self.jobs[n].due > now {
                continue;
            }
            match self.jobs[n].task.take() {
                Some(Task::Display(sent)) => self.display.extend(sent),
                Some(Task::Sensor(at, mut sensor)) => {
                    if let Some(zone) = self.zones.get_mut(&at) {
                        self.given += 1;
                        self.created += 1;
                        let id = self.given;
                        sensor["id"] = json!(id);
                        zone.sensors.insert(id, sensor);
                        self.jobs[n].result = Some(format!("/zones/{at}/sensors/{id}"));
                    }
                }
                None => {}
            }
        }
    }

    fn later(&mut self, task: Task) -> Drawn {
        let n = self.jobs.len();
        let takes = TAKES * u32::try_from(1 + n * 7 % 4).unwrap_or(1);
        let last = self.jobs.last().map(|job| job.due);
        self.jobs.push(Job {
            due: (Instant::now() + takes).max(last.unwrap_or(Instant::now())),
            task: Some(task),
            result: None,
        });
        bare(202).with("Location", &format!("/jobs/{n}"))
    }
}

fn answer(store: &mut Store, asked: &Asked) -> Drawn {
    store.work();
    store.requests += 1;
    let method = asked.method.as_str();
    let path = asked.path.as_str();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let number = |text: &str| text.parse::<u64>().ok();
    if matches!(method, "POST" | "PUT" | "PATCH" | "DELETE") && !path.starts_with("/factory") {
        store.writes += 1;
        if store.writes.is_multiple_of(BUSY) {
            return bare(409);
        }
    }
    match (method, &parts[..]) {
        ("POST", ["factory-reset"]) => {
            store.acted += 1;
            store.zones.clear();
            bare(204)
        }
        ("GET" | "HEAD", ["zones"]) => {
            let zones = store.zones.iter().map(|(id, zone)| shown(*id, zone));
            vendor(200, Value::from_iter(zones))
        }
        ("POST", ["zones"]) => create_zone(store, asked),
        (_, ["zones", id]) => match number(id).filter(|id| store.zones.contains_key(id)) {
            Some(id) => at_zone(store, asked, id),
            None => bare(404),
        },
        (_, ["zones", id, "sensors", rest @ ..]) => {
            match number(id).filter(|id| store.zones.contains_key(id)) {
                Some(id) => at_sensors(store, asked, id, rest),
                None => bare(404),
            }
        }
        ("GET" | "HEAD", ["network"]) => network(store),
        ("PUT", ["network"]) => replace_network(store, asked),
        ("GET" | "HEAD", ["display"]) => drawn(200, &Value::from(store.display.clone())),
        ("PATCH", ["display"]) => match sent(asked, &["application/json"], display) {
            Ok(body) => store.later(Task::Display(body)),
            Err(status) => bare(status),
        },
        ("GET" | "HEAD", ["jobs", n]) => {
            let job = number(n).and_then(|n| store.jobs.get(usize::try_from(n).ok()?));
            match job {
                Some(Job { task: Some(_), .. }) => drawn(200, &json!({"status": "running"})),
                Some(Job { result, .. }) => {
                    let done = drawn(200, &json!({"status": "done"}));
                    match result {
                        Some(path) => done.with("Location", path),
                        None => done,
                    }
                }
                None => bare(404),
            }
        }
        (_, ["zones" | "network" | "display" | "factory-reset"]) => bare(405),
        _ => bare(404),
    }
}

fn vendor(status: u16, body: Value) -> Drawn {
    drawn(status, &body).with("Content-Type", MEDIA)
}

fn shown(id: u64, zone: &Zone) -> Value {
    json!({"id": id, "name": zone.name, "level": zone.level})
}

/// The validator of a state.
fn tag(state: &Value) -> String {
    let sum = state.to_string().bytes().fold(7_u32, |sum, b| {
        sum.wrapping_mul(31).wrapping_add(u32::from(b))
    });
    format!("\"{sum:x}\"")
}

/// What is wrong with the validator of a write.
fn precondition(asked: &Asked, state: &Value) -> Option<u16> {
    match asked.field("if-match") {
        "" => Some(428),
        "*" => None,
        named if named == tag(state) => None,
        _ => Some(412),
    }
}

/// The object that was sent, where it is of one of these media types and its members fit.
fn sent(
    asked: &Asked,
    media: &[&str],
    fits: fn(&Map<String, Value>) -> bool,
) -> Result<Map<String, Value>, u16> {
    let given = asked.field("content-type").split(';').next().unwrap_or("");
    // Types have no case (RFC 9110 §8.3.1).
    let known = |m: &&str| m.eq_ignore_ascii_case(given.trim());
    if !media.iter().any(known) {
        return Err(415);
    }
    match serde_json::from_slice::<Value>(&asked.body) {
        Ok(Value::Object(body)) if fits(&body) => Ok(body),
        _ => Err(400),
    }
}

fn text(value: &Value, least: usize, most: usize) -> bool {
    value
        .as_str()
        .is_some_and(|t| (least..=most).contains(&t.chars().count()))
}

fn whole(value: &Value, least: u64, most: u64) -> bool {
    let float = value.as_f64().filter(|f| f.fract() == 0.0 && *f >= 0.0);
    float.is_some_and(|f| f >= least as f64 && f <= most as f64)
}

fn integer(value: &Value) -> Value {
    json!(value.as_f64().unwrap_or_default() as u64)
}

fn zone_change(body: &Map<String, Value>) -> bool {
    !body.is_empty()
        && body.iter().all(|(name, value)| match name.as_str() {
            "name" => text(value, 1, 40),
            "level" => whole(value, 0, 9),
            _ => false,
        })
}

fn new_zone(body: &Map<String, Value>) -> bool {
    zone_change(body) && body.contains_key("name")
}

fn new_sensor(body: &Map<String, Value>) -> bool {
    body.contains_key("label")
        && body.iter().all(|(name, value)| match name.as_str() {
            "label" => text(value, 2, 30),
            "on" => value.is_boolean(),
            _ => false,
        })
}

fn network_fits(body: &Map<String, Value>) -> bool {
    let lower = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        (1..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase())
    };
    body.contains_key("host")
        && body.contains_key("port")
        && body.iter().all(|(name, value)| match name.as_str() {
            "host" => lower(value),
            "port" => whole(value, 1, 65535),
            "password" => text(value, 8, 32),
            // RFC 8259 readers that are told a member of their own leave it aside.
            "requests" => whole(value, 0, u64::MAX),
            _ => false,
        })
}

fn display(body: &Map<String, Value>) -> bool {
    !body.is_empty()
        && body.iter().all(|(name, value)| match name.as_str() {
            "brightness" => whole(value, 0, 100),
            "text" => text(value, 0, 20),
            _ => false,
        })
}

fn create_zone(store: &mut Store, asked: &Asked) -> Drawn {
    match sent(asked, &[MEDIA], new_zone) {
        Ok(body) => {
            store.given += 1;
            store.created += 1;
            let id = store.given;
            let zone = Zone {
                name: body["name"].as_str().unwrap_or_default().to_owned(),
                level: body
                    .get("level")
                    .map_or(0, |l| integer(l).as_u64().unwrap_or(0)),
                sensors: BTreeMap::new(),
            };
            let answer = vendor(201, shown(id, &zone)).with("Location", &format!("/zones/{id}"));
            store.zones.insert(id, zone);
            answer
        }
        Err(status) => bare(status),
    }
}

fn at_zone(store: &mut Store, asked: &Asked, id: u64) -> Drawn {
    let Some(zone) = store.zones.get_mut(&id) else {
        return bare(404);
    };
    let state = shown(id, zone);
    let method = asked.method.as_str();
    if let ("PUT" | "PATCH" | "DELETE", Some(status)) = (method, precondition(asked, &state)) {
        return bare(status);
    }
    let body = match method {
        "GET" | "HEAD" => {
            return vendor(200, state.clone()).with("ETag", &tag(&state));
        }
        "DELETE" => {
            store.zones.remove(&id);
            return bare(204);
        }
        "PUT" => sent(asked, &[MEDIA], new_zone),
        "PATCH" => sent(asked, &["application/merge-patch+json"], zone_change),
        _ => Err(405),
    };
    match body {
        Ok(body) => {
            if let Some(name) = body.get("name").and_then(Value::as_str) {
                zone.name = name.to_owned();
            }
            match body.get("level") {
                Some(level) => zone.level = integer(level).as_u64().unwrap_or(0),
                // What a replacement leaves out is as at the start.
                None if method == "PUT" => zone.level = 0,
                None => {}
            }
            vendor(200, shown(id, zone))
        }
        Err(status) => bare(status),
    }
}

fn at_sensors(store: &mut Store, asked: &Asked, zone: u64, rest: &[&str]) -> Drawn {
    let Some(here) = store.zones.get_mut(&zone) else {
        return bare(404);
    };
    let id = rest.first().and_then(|id| id.parse::<u64>().ok());
    let known = id.filter(|id| here.sensors.contains_key(id));
    match (asked.method.as_str(), rest, known) {
        ("GET" | "HEAD", [], _) => {
            let all: Vec<&Value> = here.sensors.values().collect();
            drawn(200, &json!({"items": all}))
        }
        ("POST", [], _) => match sent(asked, &["application/json"], new_sensor) {
            Ok(body) => store.later(Task::Sensor(zone, Value::Object(body))),
            Err(status) => bare(status),
        },
        ("GET" | "HEAD", [_], Some(id)) => drawn(200, &here.sensors[&id]),
        ("DELETE", [_], Some(id)) => {
            here.sensors.remove(&id);
            bare(204)
        }
        (_, [] | [_], _) if rest.is_empty() || known.is_some() => bare(405),
        _ => bare(404),
    }
}

fn network(store: &Store) -> Drawn {
    let mut shown = store.network.clone();
    shown.remove("password");
    let tag = tag(&Value::from(shown.clone()));
    shown.insert("requests".to_owned(), json!(store.requests));
    vendor(200, Value::from(shown)).with("ETag", &tag)
}

fn replace_network(store: &mut Store, asked: &Asked) -> Drawn {
    let mut state = store.network.clone();
    state.remove("password");
    if let Some(status) = precondition(asked, &Value::from(state)) {
        return bare(status);
    }
    match sent(asked, &[MEDIA], network_fits) {
        Ok(mut body) => {
            body.remove("requests");
            body["port"] = integer(&body["port"]);
            store.network = body;
            network(store)
        }
        Err(status) => bare(status),
    }
}
