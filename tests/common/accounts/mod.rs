//! A service of accounts over plain HTTP, for what devices do when they create: names are unique,
//! passwords are not shown, lists come in parts.
#![allow(dead_code, missing_docs)]

use crate::handler::{self, Asked, Drawn, bare, json as drawn};

use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

/// Its document.
pub const DOCUMENT: &str = r##"
openapi: 3.0.3
info: {title: Accounts, version: "1"}
paths:
  /accounts:
    get:
      operationId: listAccounts
      parameters: [{name: offset, in: query, schema: {type: integer, minimum: 0, maximum: 9}}]
      responses:
        "200": {description: OK, content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Account'}}}}}
        "400": {description: bad}
    post:
      operationId: createAccount
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: '#/components/schemas/New'}}}
      responses:
        "201": {description: Created}
        "202": {description: Will be created}
        "400": {description: bad}
        "409": {description: taken}
  /accounts/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
    get:
      operationId: getAccount
      responses:
        "200": {description: OK, content: {application/json: {schema: {$ref: '#/components/schemas/Account'}}}}
        "404": {description: none}
    put:
      operationId: replaceAccount
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: '#/components/schemas/Change'}}}
      responses:
        "200": {description: OK, content: {application/json: {schema: {$ref: '#/components/schemas/Account'}}}}
        "400": {description: bad}
        "404": {description: none}
        "409": {description: taken}
        "428": {description: If-Match is missing}
    delete:
      operationId: deleteAccount
      responses: {"204": {description: gone}, "404": {description: none}}
components:
  schemas:
    New:
      type: object
      required: [name, password]
      additionalProperties: false
      properties:
        name: {type: string, minLength: 1, maxLength: 40}
        password: {type: string, minLength: 8, maxLength: 64, writeOnly: true}
        admin: {type: boolean}
    Change:
      type: object
      required: [name]
      additionalProperties: false
      properties:
        name: {type: string, minLength: 1, maxLength: 40}
        admin: {type: boolean}
    Account:
      type: object
      required: [id, name]
      properties: {id: {type: integer}, name: {type: string}, admin: {type: boolean}}
"##;

/// What it does otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ways {
    /// Items of one part of a list; 0: all.
    pub part: usize,
    /// Whether a list says where it goes on.
    pub says_next: bool,
    /// A body with a name that is too long is refused and stored.
    pub stores_refused: bool,
    /// Every so many creations somebody else creates one too.
    pub others: usize,
    /// Writes and removals want `If-Match` (428).
    pub validators: bool,
    /// Creations are answered 202 and are there after so many other requests.
    pub later: usize,
}

#[derive(Debug, Default)]
struct Store {
    accounts: Vec<Value>,
    given: u64,
    asked: usize,
    passwords: Vec<String>,
    names: Vec<String>,
    /// What is to be there later, and after how many requests.
    waiting: Vec<(usize, Value)>,
}

/// A running service; ends with the test.
pub struct Accounts {
    pub addr: SocketAddr,
    store: Arc<Mutex<Store>>,
}

impl Accounts {
    pub fn start(ways: Ways) -> Accounts {
        let store = Arc::new(Mutex::new(Store {
            accounts: (1..=7)
                .map(|n| json!({"id": n, "name": format!("user{n}"), "admin": n == 1}))
                .collect(),
            given: 7,
            ..Store::default()
        }));
        let shared = store.clone();
        let addr = handler::serve(move |asked| answer(&mut shared.lock().unwrap(), ways, asked));
        Accounts { addr, store }
    }

    pub fn accounts(&self) -> Vec<Value> {
        self.store.lock().unwrap().accounts.clone()
    }

    /// Passwords of accounts that were created.
    pub fn passwords(&self) -> Vec<String> {
        self.store.lock().unwrap().passwords.clone()
    }

    /// Names of accounts that were created.
    pub fn names(&self) -> Vec<String> {
        self.store.lock().unwrap().names.clone()
    }
}

fn answer(store: &mut Store, ways: Ways, asked: &Asked) -> Drawn {
    for (left, _) in &mut store.waiting {
        *left = left.saturating_sub(1);
    }
    let (done, waiting) = std::mem::take(&mut store.waiting)
        .into_iter()
        .partition(|(left, _)| *left == 0);
    store.waiting = waiting;
    let done: Vec<(usize, Value)> = done;
    store
        .accounts
        .extend(done.into_iter().map(|(_, account)| account));
    let (method, path, body) = (asked.method.as_str(), asked.path.as_str(), &asked.body);
    if path == "/accounts" {
        return match method {
            "GET" | "HEAD" => list(store, ways, &asked.query),
            "POST" => create(store, ways, body),
            _ => bare(405),
        };
    }
    let id = path
        .strip_prefix("/accounts/")
        .and_then(|id| id.parse::<u64>().ok());
    let at = id.and_then(|id| store.accounts.iter().position(|a| a["id"] == id));
    match (method, at) {
        (_, None) => bare(404),
        ("GET" | "HEAD", Some(at)) => {
            let account = &store.accounts[at];
            match ways.validators {
                true => drawn(200, account).with("ETag", &tag(&account.to_string())),
                false => drawn(200, account),
            }
        }
        ("PUT" | "DELETE", Some(at))
            if ways.validators
                && asked.field("if-match") != tag(&store.accounts[at].to_string()) =>
        {
            bare(if asked.field("if-match").is_empty() {
                428
            } else {
                412
            })
        }
        ("PUT", Some(at)) => replace(store, at, body),
        ("DELETE", Some(at)) => {
            store.accounts.remove(at);
            bare(204)
        }
        _ => bare(405),
    }
}

/// The validator of an account.
fn tag(account: &str) -> String {
    let sum = account
        .bytes()
        .fold(7_u32, |sum, b| sum.wrapping_mul(31) + u32::from(b));
    format!("\"{sum:x}\"")
}

fn replace(store: &mut Store, at: usize, body: &[u8]) -> Drawn {
    let Ok(Value::Object(sent)) = serde_json::from_slice::<Value>(body) else {
        return bare(400);
    };
    let known = sent.keys().all(|k| ["name", "admin"].contains(&k.as_str()));
    let name = sent.get("name").and_then(Value::as_str);
    let fits = name.is_some_and(|n| (1..=40).contains(&n.chars().count()));
    if !known || !fits || !sent.get("admin").is_none_or(Value::is_boolean) {
        return bare(400);
    }
    let mut others = store.accounts.iter().enumerate();
    if others.any(|(other, a)| other != at && a["name"] == sent["name"]) {
        return bare(409);
    }
    let account = &mut store.accounts[at];
    account["name"] = sent["name"].clone();
    if let Some(admin) = sent.get("admin") {
        account["admin"] = admin.clone();
    }
    drawn(200, account)
}

fn list(store: &Store, ways: Ways, query: &str) -> Drawn {
    let offset = match query.strip_prefix("offset=") {
        None => 0,
        Some(text) => match text.parse::<usize>() {
            Ok(n) if n < 10 => n,
            _ => return bare(400),
        },
    };
    let all = &store.accounts;
    let part = if ways.part == 0 { all.len() } else { ways.part };
    let end = (offset + part).min(all.len());
    let shown = all.get(offset..end).unwrap_or_default();
    let more = end < all.len() && ways.says_next;
    let list = drawn(200, &Value::from(shown));
    match more {
        true => list.with("Link", &format!("</accounts?offset={end}>; rel=\"next\"")),
        false => list,
    }
}

fn create(store: &mut Store, ways: Ways, body: &[u8]) -> Drawn {
    let Ok(Value::Object(sent)) = serde_json::from_slice::<Value>(body) else {
        return bare(400);
    };
    let known = ["name", "password", "admin"];
    let length = |name: &str| {
        sent.get(name)
            .and_then(Value::as_str)
            .map(|t| t.chars().count())
    };
    let name = length("name");
    let right = sent.keys().all(|k| known.contains(&k.as_str()))
        && length("password").is_some_and(|n| (8..=64).contains(&n))
        && sent.get("admin").is_none_or(Value::is_boolean);
    let fits = name.is_some_and(|n| (1..=40).contains(&n));
    let refused = !right || !fits;
    if refused && !(right && name.is_some_and(|n| n > 40) && ways.stores_refused) {
        return bare(400);
    }
    let taken = store.accounts.iter().any(|a| a["name"] == sent["name"]);
    if taken {
        return bare(409);
    }
    store.asked += 1;
    if ways.others > 0 && store.asked.is_multiple_of(ways.others) {
        store.given += 1;
        let (id, n) = (store.given, store.asked);
        store
            .accounts
            .push(json!({"id": id, "name": format!("somebody{n}"), "admin": false}));
    }
    store.given += 1;
    let admin = sent.get("admin").cloned().unwrap_or(Value::Bool(false));
    let text = |name: &str| sent[name].as_str().unwrap_or_default().to_owned();
    store.passwords.push(text("password"));
    store.names.push(text("name"));
    let account = json!({"id": store.given, "name": sent["name"], "admin": admin});
    if ways.later > 0 {
        store.waiting.push((ways.later, account));
        return bare(202);
    }
    store.accounts.push(account);
    bare(if refused { 400 } else { 201 })
}
