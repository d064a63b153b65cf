//! Documents on the mock that is made of them: what the run accuses there is a mistake of ours. Each row is
//! the smallest document of a kind that a published one showed.

use crate::support::{Suite, in_parallel, told};

use probity::contract::load_bytes;
use probity::profile::Profile;
use serde_json::{Value, json};

/// A list with an array in it, its items, and a way to ask for a part of it by number.
fn numbered_pages() -> Value {
    let whole = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "integer", "format": "int32"}});
    let item = json!({"type": "object", "properties": {"id": text()}});
    let list = json!({"type": "object", "properties": {"data": {"type": "array", "items": item}}});
    json!({
        "/companies": {"get": {
            "parameters": [whole("pageNumber"), whole("pageSize")],
            "responses": {"200": answer(&list), "400": {"description": "no"}},
        }},
        "/companies/{id}": {"get": {"parameters": [id("id")], "responses": {"200": answer(&item), "404": {"description": "none"}}}},
    })
}

/// A collection whose items are called by `parameter`, with a body that has a member `member`.
fn called(parameter: &str, member: &str) -> Value {
    let item = json!({"type": "object", "required": [member], "properties": {
        member: {"type": "string"}, "note": {"type": "string"}}});
    let mut paths = json!({
        "/pools": {
            "get": {"responses": {"200": answer(&json!({"type": "array", "items": item}))}},
            "post": {"requestBody": body(&item), "responses": {"201": answer(&item), "400": {"description": "no"}}},
        },
    });
    paths[format!("/pools/{{{parameter}}}")] = json!({
        "get": {"parameters": [id(parameter)], "responses": {"200": answer(&item), "404": {"description": "none"}}},
        "delete": {"parameters": [id(parameter)], "responses": {"204": {"description": "gone"}, "404": {"description": "none"}}},
    });
    paths
}

/// Something that is read by its number, with the number in a member of another name.
fn read_only_items() -> Value {
    let item = json!({"type": "object", "properties": {
        "epoch": {"type": "integer", "example": 225}, "count": {"type": "integer", "example": 21_298}}});
    let number = json!({"name": "number", "in": "path", "required": true, "schema": {"type": "integer"}, "example": 225});
    json!({"/epochs/{number}": {"get": {"parameters": [number], "responses": {
        "200": answer(&item), "400": {"description": "no"}, "404": {"description": "none"}}}}})
}

/// A read that takes the version that a client has, in a document that does not list 304.
fn versions_without_304() -> Value {
    let version = json!({"name": "If-None-Match", "in": "header", "schema": {"type": "string"}});
    let replaced = json!({"name": "If-Match", "in": "header", "schema": {"type": "string"}});
    let note = json!({"type": "object", "properties": {"text": text()}});
    json!({"/note": {
        "get": {"parameters": [version], "responses": {"200": answer(&note)}},
        "put": {"parameters": [replaced], "requestBody": body(&note), "responses": {"200": answer(&note), "400": {"description": "no"}}},
    }})
}

/// What is patched is one object in another, of which a read has to show a member that no patch has.
fn patched_inside() -> Value {
    let text = |_: &str| json!({"type": "string", "maxLength": 20});
    let sent = json!({"type": "object", "properties": {
        "address": {"type": "object", "properties": {"city": text("city"), "line": text("line")}}}});
    let shown = json!({"type": "object", "properties": {"address": {"type": "object", "required": ["country"],
        "properties": {"city": text("city"), "line": text("line"), "country": text("country")}}}});
    json!({"/store": {
        "get": {"responses": {"200": answer(&shown)}},
        "patch": {"requestBody": body(&sent), "responses": {"200": answer(&shown), "400": {"description": "no"}}},
    }})
}

/// A `GET` of a collection that the document describes as one item.
fn list_of_one() -> Value {
    let sent = json!({"type": "object", "properties": {"title": text(), "state": text()}});
    let shown = json!({"type": "object", "properties": {"title": text(), "state": text(), "number": {"type": "integer"}}});
    let number =
        json!({"name": "number", "in": "path", "required": true, "schema": {"type": "integer"}});
    json!({
        "/milestones": {
            "get": {"responses": {"200": answer(&shown)}},
            "post": {"requestBody": body(&sent), "responses": {"201": answer(&shown)}},
        },
        "/milestones/{number}": {
            "get": {"parameters": [number], "responses": {"200": answer(&shown)}},
            "delete": {"parameters": [number], "responses": {"204": {"description": "gone"}}},
        },
    })
}

/// A number of more bits than a double has, of which only multiples count.
fn exact_multiples() -> Value {
    let level = json!({"type": "integer", "format": "int32", "multipleOf": 2});
    let schema = json!({"type": "object", "required": ["level"], "properties": {"level": level}});
    json!({"/level": {"put": {"requestBody": body(&schema), "responses": {"200": {"description": "ok"}, "400": {"description": "no"}}}}})
}

/// A patch that names the id of what it patches.
fn patch_of_an_id() -> Value {
    let user = json!({"type": "object", "properties": {"id": {"type": "number"}, "name": text()}});
    let patch = json!({"required": true, "content": {"application/json": {"schema": user,
        "example": {"id": 12_343_354, "name": "Test"}}}});
    let read = || json!({"200": answer(&user)});
    json!({"/users/{id}": {
        "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}, "example": "u1"}],
        "get": {"responses": read()},
        "put": {"requestBody": body(&user), "responses": read()},
        "patch": {"requestBody": patch, "responses": read()},
    }, "/users": {"post": {"requestBody": body(&user), "responses": {"201": answer(&user)}}}})
}

/// A list, and a path below it whose parameter chooses a form of it and names no item.
fn form_of_a_list() -> Value {
    let position = json!({"type": "object", "properties": {"id": {"type": "integer"}, "speed": {"type": "number"}}});
    let form = json!({"name": "type", "in": "path", "required": true, "schema": {"type": "string", "enum": ["csv", "xlsx"]}});
    json!({
        "/reports/route": {"get": {"responses": {"200": answer(&json!({"type": "array", "items": position}))}}},
        "/reports/route/{type}": {"get": {"parameters": [form], "responses": {
            "200": {"description": "a file", "content": {"application/octet-stream": {}}}, "400": {"description": "no"}}}},
    })
}

/// Users whose answers come as JSON or as XML, that nothing lists, and that no 201 calls new.
fn several_media_types() -> Value {
    let user = json!({"type": "object", "properties": {"id": {"type": "integer"}, "username": text(), "password": text()}});
    let both = json!({"200": {"description": "ok", "content": {
        "application/xml": {"schema": user}, "application/json": {"schema": user}}}});
    let mut read = both.clone();
    read["404"] = json!({"description": "none"});
    json!({
        "/user": {"post": {"requestBody": body(&user), "responses": both}},
        "/user/{username}": {
            "get": {"parameters": [id("username")], "responses": read},
            "delete": {"parameters": [id("username")], "responses": {"204": {"description": "gone"}, "404": {"description": "none"}}},
        },
    })
}

fn text() -> Value {
    json!({"type": "string"})
}

fn id(name: &str) -> Value {
    json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})
}

fn answer(schema: &Value) -> Value {
    json!({"description": "ok", "content": {"application/json": {"schema": schema}}})
}

fn body(schema: &Value) -> Value {
    json!({"required": true, "content": {"application/json": {"schema": schema}}})
}

#[test]
fn a_document_on_its_own_mock_draws_no_finding() {
    let rows: Vec<(&str, Value)> = vec![
        ("numbered pages", numbered_pages()),
        ("a name that the client gives", called("pool_name", "name")),
        ("an id that the device gives", called("session", "id")),
        ("items that are only read", read_only_items()),
        ("versions without 304", versions_without_304()),
        ("patched inside", patched_inside()),
        ("a list of one", list_of_one()),
        ("exact multiples", exact_multiples()),
        ("a patch of an id", patch_of_an_id()),
        ("a form of a list", form_of_a_list()),
        ("several media types", several_media_types()),
    ];
    let wrong = in_parallel(&rows, |(name, paths)| {
        let document =
            json!({"openapi": "3.0.3", "info": {"title": name, "version": "1"}, "paths": paths});
        let contract = load_bytes("small.json", document.to_string().as_bytes());
        let suite = Suite::new(
            contract.unwrap_or_else(|e| panic!("{name}: {e}")),
            Profile::default(),
        );
        let report = suite.run(suite.mock(), &mut ()).report;
        let clean = report.findings.is_empty() && report.exit.code != 6;
        (!clean).then(|| format!("{name}: {}\n{}", report.exit.reason, told(&report)))
    });
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
