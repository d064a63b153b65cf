//! The mock keeps the resources of a contract: what one operation writes another reads, and each
//! planted fault of collections shows.

use probity::contract::{load, load_bytes};
use probity::mock::{Front, MockConfig};
use probity::profile::Profile;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

fn front(faults: &[&str]) -> Front {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contracts/shop.yaml");
    let contract = Arc::new(load(&path).expect("the contract loads"));
    let config = MockConfig::clean(contract, Arc::new(Profile::default()))
        .with_faults(faults.iter().map(|f| (*f).to_owned()));
    Front::new(&config).expect("a mock")
}

fn ask(front: &Front, method: &str, target: &str, body: Value) -> (u16, Value, Option<String>) {
    let headers = [("content-type".to_owned(), "application/json".to_owned())];
    let bytes = match body {
        Value::Null => Vec::new(),
        body => body.to_string().into_bytes(),
    };
    let (status, headers, body) = front.answer(method, target, &headers, &bytes);
    let location = headers.into_iter().find(|(n, _)| n == "Location");
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    (status, body, location.map(|(_, value)| value))
}

fn ids(front: &Front) -> Vec<i64> {
    let (_, list, _) = ask(front, "GET", "/products", Value::Null);
    let items = list.as_array().cloned().unwrap_or_default();
    items
        .iter()
        .filter_map(|item| item["id"].as_i64())
        .collect()
}

/// Creates, lists, reads, replaces, removes; what a client sees at each step.
fn walk(faults: &[&str]) -> Value {
    let front = front(faults);
    let before = ids(&front);
    let new = json!({"name": "probe", "price": 7});
    let (created, _, location) = ask(&front, "POST", "/products", new.clone());
    let location = location.unwrap_or_default();
    let listed = ids(&front).len() as i64 - before.len() as i64;
    let (_, read, _) = ask(&front, "GET", &location, Value::Null);
    let shows = read["name"] == new["name"] && read["price"] == new["price"];
    let (removed, ..) = ask(&front, "DELETE", &location, Value::Null);
    let (gone, ..) = ask(&front, "GET", &location, Value::Null);
    let others = before.iter().all(|id| ids(&front).contains(id));
    let (unknown, ..) = ask(&front, "GET", "/products/4711", Value::Null);
    json!([created, listed, shows, removed, gone, others, unknown])
}

#[test]
fn collections_are_kept_and_their_faults_show() {
    let clean = json!([201, 1, true, 200, 404, true, 404]);
    assert_eq!(walk(&[]), clean);
    for (fault, seen) in [
        ("create-twice", json!([201, 2, true, 200, 404, true, 404])),
        (
            "create-not-listed",
            json!([201, 0, false, 404, 404, true, 404]),
        ),
        (
            "create-stores-nothing",
            json!([201, 1, false, 200, 404, true, 404]),
        ),
        (
            "create-wrong-location",
            json!([201, 1, false, 200, 404, false, 404]),
        ),
        ("delete-all", json!([201, 1, true, 200, 404, false, 404])),
        (
            "delete-still-listed",
            json!([201, 1, true, 200, 404, true, 404]),
        ),
        (
            "create-overwrites",
            json!([201, 0, true, 200, 404, false, 404]),
        ),
        ("delete-keeps", json!([201, 1, true, 200, 200, true, 404])),
        (
            "delete-wrong-one",
            json!([201, 1, true, 200, 200, false, 404]),
        ),
        (
            "list-forgets-last",
            json!([201, 1, true, 200, 404, true, 404]),
        ),
        (
            "unknown-item-served",
            json!([201, 1, true, 200, 200, true, 200]),
        ),
    ] {
        assert_eq!(walk(&[fault]), seen, "{fault}");
    }
}

#[test]
fn what_is_replaced_reads_back_with_its_id() {
    let front = front(&[]);
    let new = json!({"name": "changed", "price": 11});
    let (status, answer, _) = ask(&front, "PUT", "/products/2", new.clone());
    assert_eq!((status, &answer["id"]), (200, &json!(2)));
    let (_, read, _) = ask(&front, "GET", "/products/2", Value::Null);
    assert_eq!(read, json!({"name": "changed", "price": 11, "id": 2}));
    let (_, beside, _) = ask(&front, "GET", "/products/1", Value::Null);
    assert_ne!(beside["name"], read["name"]);
    let (_, profile, _) = ask(
        &front,
        "PUT",
        "/profile",
        json!({"name": "n", "language": "de"}),
    );
    assert_eq!(profile, ask(&front, "GET", "/profile", Value::Null).1);
}

#[test]
fn a_partial_write_that_resets_shows() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contracts/shop.yaml");
    let text = std::fs::read_to_string(path).expect("contract");
    let patched = text.replace(
        "    put:\n      operationId: replaceProduct",
        "    patch:\n      operationId: changeProduct",
    );
    let contract =
        Arc::new(load_bytes("shop.yaml", patched.as_bytes()).expect("the contract loads"));
    for (fault, want) in [(None, "first"), (Some("patch-replaces"), "")] {
        let config = MockConfig::clean(contract.clone(), Arc::new(Profile::default()))
            .with_faults(fault.map(str::to_owned));
        let front = Front::new(&config).expect("a mock");
        ask(
            &front,
            "PATCH",
            "/products/2",
            json!({"name": "first", "price": 3}),
        );
        ask(&front, "PATCH", "/products/2", json!({"price": 4}));
        let (_, read, _) = ask(&front, "GET", "/products/2", Value::Null);
        assert_eq!(
            read,
            json!({"name": want, "price": 4, "id": 2}),
            "{fault:?}"
        );
    }
}

/// What is written stands in a member of the item that is read, the id beside it; which of them a
/// write names does not move it.
#[test]
fn what_stands_inside_of_an_item_stays_there() {
    let level = json!({"type": "object", "properties": {"auto": {"type": "boolean"}}});
    let controls = json!({"type": "object", "properties": {"gain": level, "sea": level}});
    let item = json!({"type": "object", "required": ["id", "controls"], "properties": {
        "id": {"type": "string"}, "status": {"type": "string"}, "controls": controls}});
    let media = |schema: &Value| json!({"application/json": {"schema": schema}});
    let list = json!({"type": "array", "items": item});
    let shows = |schema| json!({"200": {"description": "ok", "content": media(schema)}});
    let id = json!([{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}]);
    let document = json!({"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": {
        "/radars": {"get": {"responses": shows(&list)}},
        "/radars/{id}": {
            "parameters": id,
            "get": {"responses": shows(&item)},
            "put": {"requestBody": {"content": media(&controls)},
                    "responses": {"204": {"description": "ok"}}}},
    }});
    let contract = load_bytes("r.json", document.to_string().as_bytes()).expect("loads");
    let config = MockConfig::clean(Arc::new(contract), Arc::new(Profile::default()));
    let front = Front::new(&config).expect("a mock");
    for body in [
        json!({"gain": {"auto": true}}),
        json!({"gain": {"auto": true}, "sea": {"auto": true}}),
        json!({"sea": {"auto": false}}),
    ] {
        assert_eq!(ask(&front, "PUT", "/radars/1", body.clone()).0, 204);
        let (_, read, _) = ask(&front, "GET", "/radars/1", Value::Null);
        assert_eq!(read["id"], "1", "{read}");
        for (name, value) in body.as_object().expect("members") {
            assert_eq!(&read["controls"][name], value, "{body} {read}");
            assert!(read.get(name).is_none(), "{read}");
        }
    }
}

/// What an alternative of a body describes is kept as what the body itself describes.
#[test]
fn members_of_an_alternative_are_kept() {
    let of = |name: &str| {
        json!({"type": "object", "required": [name],
               "properties": {name: {"type": "string", "example": "shown"}}})
    };
    let base = json!({"type": "object", "properties": {"title": {"type": "string"}}});
    let note = json!({"allOf": [base], "anyOf": [of("href"), of("position")]});
    let media = json!({"application/json": {"schema": note}});
    let document = json!({"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": {
        "/note": {
            "get": {"responses": {"200": {"description": "ok", "content": media}}},
            "put": {"requestBody": {"content": media},
                    "responses": {"204": {"description": "ok"}}}},
    }});
    let contract = load_bytes("n.json", document.to_string().as_bytes()).expect("loads");
    let config = MockConfig::clean(Arc::new(contract), Arc::new(Profile::default()));
    let front = Front::new(&config).expect("a mock");
    let body = json!({"title": "t", "href": "other"});
    assert_eq!(ask(&front, "PUT", "/note", body).0, 204);
    let (_, read, _) = ask(&front, "GET", "/note", Value::Null);
    assert_eq!(
        (&read["title"], &read["href"]),
        (&json!("t"), &json!("other")),
        "{read}"
    );
}
