//! Lists that come in parts are read to their end, whichever way they go on; what is created in them
//! is found and removed.

use crate::handler::{self, Asked, Drawn, bare, json as drawn};
use crate::support::{self, Suite};

use probity::contract::load_bytes;
use probity::profile::Profile;
use probity::run::result::Finding;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

/// How the list of lamps comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// `offset` and `limit`, and nothing says that there is more.
    Offset,
    /// `page` from 0 on; the document does not say so.
    PageFromZero,
    /// `page` from 1 on; behind the last one is nothing (404).
    PageThenNone,
    /// `Link`.
    Link,
    /// `next` in the body.
    Next,
    /// `has_more`, and parameters to ask for it.
    Flag,
    /// The parameters are documented and not heeded.
    Unheeded,
    /// It never ends.
    Endless,
}

/// Items of one part.
const PART: usize = 5;

fn document(way: Way) -> String {
    let parameters = match way {
        Way::Offset | Way::Flag | Way::Unheeded => "offset limit",
        Way::PageFromZero | Way::PageThenNone => "page per_page",
        Way::Link | Way::Next | Way::Endless => "",
    };
    let parameters: Vec<String> = parameters
        .split_whitespace()
        .map(|name| format!("{{name: {name}, in: query, schema: {{type: integer, minimum: 0}}}}"))
        .collect();
    let parameters = parameters.join(", ");
    format!(
        r##"
openapi: 3.0.3
info: {{title: Lamps, version: "1"}}
paths:
  /lamps:
    get:
      operationId: listLamps
      parameters: [{parameters}]
      responses:
        "200": {{description: OK, content: {{application/json: {{schema: {{type: object, required: [items], properties: {{items: {{type: array, items: {{$ref: '#/components/schemas/Lamp'}}}}}}}}}}}}}}
        "400": {{description: bad}}
        "404": {{description: no such part}}
    post:
      operationId: createLamp
      requestBody: {{required: true, content: {{application/json: {{schema: {{$ref: '#/components/schemas/New'}}}}}}}}
      responses: {{"201": {{description: Created}}, "400": {{description: bad}}}}
  /lamps/{{id}}:
    parameters: [{{name: id, in: path, required: true, schema: {{type: integer}}}}]
    get:
      operationId: getLamp
      responses:
        "200": {{description: OK, content: {{application/json: {{schema: {{$ref: '#/components/schemas/Lamp'}}}}}}}}
        "404": {{description: none}}
    delete:
      operationId: deleteLamp
      responses: {{"204": {{description: gone}}, "404": {{description: none}}}}
components:
  schemas:
    New: {{type: object, additionalProperties: false, required: [name], properties: {{name: {{type: string, minLength: 1, maxLength: 40}}}}}}
    Lamp: {{type: object, required: [id, name], properties: {{id: {{type: integer}}, name: {{type: string}}}}}}
"##
    )
}

struct Store {
    lamps: BTreeMap<u64, Value>,
    given: u64,
}

fn start(way: Way) -> (SocketAddr, Arc<Mutex<Store>>) {
    let lamp = |n: u64| (n, json!({"id": n, "name": format!("lamp {n}")}));
    let store = Arc::new(Mutex::new(Store {
        lamps: (1..=13).map(lamp).collect(),
        given: 13,
    }));
    let shared = store.clone();
    let addr = handler::serve(move |asked| answer(&mut shared.lock().unwrap(), way, asked));
    (addr, store)
}

fn answer(store: &mut Store, way: Way, asked: &Asked) -> Drawn {
    let (path, query) = (asked.path.as_str(), asked.query.as_str());
    let id = path.strip_prefix("/lamps/").and_then(|id| id.parse().ok());
    match (asked.method.as_str(), path, id) {
        ("GET" | "HEAD", "/lamps", _) => list(store, way, query),
        ("POST", "/lamps", _) => create(store, asked),
        ("GET" | "HEAD", _, Some(id)) => match store.lamps.get(&id) {
            Some(lamp) => drawn(200, lamp),
            None => bare(404),
        },
        ("DELETE", _, Some(id)) => match store.lamps.remove(&id) {
            Some(_) => bare(204),
            None => bare(404),
        },
        (_, "/lamps", _) => bare(405),
        (_, _, Some(id)) if store.lamps.contains_key(&id) => bare(405),
        _ => bare(404),
    }
}

fn create(store: &mut Store, asked: &Asked) -> Drawn {
    let Ok(Value::Object(sent)) = serde_json::from_slice::<Value>(&asked.body) else {
        return bare(400);
    };
    let name = sent.get("name").and_then(Value::as_str);
    let fits = name.is_some_and(|n| (1..=40).contains(&n.chars().count()));
    if !fits || sent.len() != 1 {
        return bare(400);
    }
    store.given += 1;
    let id = store.given;
    store.lamps.insert(id, json!({"id": id, "name": name}));
    // Only the list tells which it is.
    bare(201)
}

fn list(store: &Store, way: Way, query: &str) -> Drawn {
    let asked: Result<BTreeMap<&str, usize>, ()> = query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').ok_or(())?;
            Ok((name, value.parse().map_err(|_| ())?))
        })
        .collect();
    let Ok(asked) = asked else {
        return bare(400);
    };
    let limit = asked.get("limit").or(asked.get("per_page")).copied();
    let part = limit.filter(|limit| *limit > 0).unwrap_or(PART).min(PART);
    let page = |first: usize| {
        let page = asked.get("page").copied().unwrap_or(first);
        page.saturating_sub(first).saturating_mul(part)
    };
    let from = match way {
        Way::PageFromZero => page(0),
        Way::PageThenNone => page(1),
        Way::Unheeded => 0,
        _ => asked.get("offset").copied().unwrap_or(0),
    };
    let all: Vec<&Value> = store.lamps.values().collect();
    let part = if way == Way::Unheeded {
        all.len()
    } else {
        part
    };
    if way == Way::PageThenNone && from >= all.len() {
        return bare(404);
    }
    if way == Way::Endless {
        let items: Vec<Value> = (from..from + PART)
            .map(|n| json!({"id": n + 1, "name": "lamp"}))
            .collect();
        let next = format!("/lamps?offset={}", from + PART);
        return drawn(200, &json!({"items": items, "next": next}));
    }
    let end = from.saturating_add(part).min(all.len());
    let items = all.get(from..end).unwrap_or_default();
    let mut body = Map::new();
    body.insert("items".to_owned(), json!(items));
    let (more, next) = (end < all.len(), format!("/lamps?offset={end}"));
    match way {
        Way::Next => body.insert("next".to_owned(), json!(more.then_some(&next))),
        Way::Flag => body.insert("has_more".to_owned(), json!(more)),
        _ => None,
    };
    let answer = drawn(200, &Value::Object(body));
    match way {
        Way::Link if more => answer.with("Link", &format!("<{next}>; rel=\"next\"")),
        _ => answer,
    }
}

#[test]
fn what_is_created_is_found_behind_the_first_part() {
    for way in [
        Way::Offset,
        Way::PageFromZero,
        Way::PageThenNone,
        Way::Link,
        Way::Next,
        Way::Flag,
        Way::Unheeded,
    ] {
        let contract = load_bytes("lamps.yaml", document(way).as_bytes()).expect("contract");
        let suite = Suite::new(contract, Profile::default());
        let (addr, store) = start(way);
        let before = store.lock().unwrap().lamps.clone();
        let report = support::careful_run(&suite, addr);
        let told = support::told(&report);
        let store = store.lock().unwrap();
        assert_eq!(store.lamps, before, "{way:?}: {told}");
        assert!(store.given > 30, "{way:?}: {told}");
        assert_eq!(report.device.restored, Some(true), "{way:?}: {told}");
        let unheeded = |f: &&Finding| way == Way::Unheeded && f.promise.ends_with(".limits");
        let others = report.findings.iter().filter(|f| !unheeded(f));
        assert_eq!(others.count(), 0, "{way:?}: {told}");
    }
}

#[test]
fn a_list_without_end_is_left_and_said() {
    let contract = load_bytes("lamps.yaml", document(Way::Endless).as_bytes()).expect("contract");
    let suite = Suite::new(contract, Profile::default());
    let (addr, store) = start(Way::Endless);
    let report = support::careful_run(&suite, addr);
    let told = support::told(&report);
    let given = store.lock().unwrap().given;
    assert!(given <= 14, "{told}");
    let said = |n: &String| n.contains("goes on after the first 50 parts");
    assert!(report.notes.iter().any(said), "{told}");
    // One may have been created, and is owned up to.
    assert!(given == 13 || report.exit.code == 6, "{told}");
}
