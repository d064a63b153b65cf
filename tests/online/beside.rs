//! What a creation makes in another list than its own: found, owned up to, and not made again and
//! again. Lists that tell what was done, and what others do, accuse nobody.

use crate::handler::{Asked, Drawn, bare, json as drawn, judged, serve};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const DOCUMENT: &str = r##"
openapi: 3.1.0
info: {title: Storage, version: "1"}
paths:
  /users:
    get:
      operationId: listUsers
      responses: {"200": {description: all, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/User"}}}}}}
    post:
      operationId: addUser
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/New"}}}}
      responses: {"201": {description: it, headers: {Location: {schema: {type: string}}}, content: {application/json: {schema: {$ref: "#/components/schemas/User"}}}}, "400": {description: invalid}}
  /users/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getUser
      responses: {"200": {description: it, content: {application/json: {schema: {$ref: "#/components/schemas/User"}}}}, "404": {description: none}}
    delete:
      operationId: deleteUser
      responses: {"204": {description: gone}, "404": {description: none}}
  /OTHER:
    get:
      operationId: listOther
      responses: {"200": {description: all, content: {application/json: {schema: {type: array, items: {type: object, required: [id], properties: {id: {type: string}, of: {type: string}}}}}}}}
components:
  schemas:
    New: {type: object, required: [name], properties: {name: {type: string, minLength: 1, maxLength: 30}}}
    User: {type: object, required: [id, name], properties: {id: {type: string}, name: {type: string}}}
"##;

/// What happens to the other list.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// A creation adds an entry, which stays.
    Stays,
    /// It goes with the item.
    Goes,
    /// Somebody else adds one.
    Others,
    /// Every request adds one.
    Grows,
    /// A creation gives the first user another name.
    Renames,
}

#[derive(Default)]
struct Store {
    users: Vec<Value>,
    other: Vec<Value>,
    given: usize,
    asked: usize,
}

fn answer(store: &mut Store, way: Way, asked: &Asked) -> Drawn {
    store.asked += 1;
    let n = store.other.len();
    if way == Way::Grows || way == Way::Others && store.asked == 100 {
        store
            .other
            .push(json!({"id": format!("o{n}"), "of": "somebody"}));
    }
    let id = asked.path.strip_prefix("/users/").map(str::to_owned);
    match (asked.method.as_str(), asked.path.as_str(), id) {
        ("GET" | "HEAD", "/users", _) => drawn(200, &json!(store.users)),
        ("GET" | "HEAD", "/homes" | "/events", _) => drawn(200, &json!(store.other)),
        ("POST", "/users", _) => {
            let sent = asked.json().unwrap_or_default();
            let fits = |name: &&str| (1..=30).contains(&name.chars().count());
            let Some(name) = sent["name"].as_str().filter(fits) else {
                return bare(400);
            };
            if way == Way::Renames {
                store.users[0]["name"] = json!("nobody");
            }
            store.given += 1;
            let id = format!("u{}", store.given);
            let user = json!({"id": id, "name": name});
            store.users.push(user.clone());
            if matches!(way, Way::Stays | Way::Goes) {
                store
                    .other
                    .push(json!({"id": format!("h{}", store.given), "of": id}));
            }
            drawn(201, &user).with("Location", &format!("/users/{id}"))
        }
        (method, _, Some(id)) => {
            let Some(at) = store.users.iter().position(|u| u["id"] == json!(id)) else {
                return bare(404);
            };
            match method {
                "GET" | "HEAD" => drawn(200, &store.users[at]),
                "DELETE" => {
                    store.users.remove(at);
                    if way == Way::Goes {
                        store.other.retain(|o| o["of"] != json!(id));
                    }
                    bare(204)
                }
                _ => bare(405).with("Allow", "GET, HEAD, DELETE"),
            }
        }
        (_, "/users", _) => bare(405).with("Allow", "GET, HEAD, POST"),
        (_, "/homes" | "/events", _) => bare(405).with("Allow", "GET, HEAD"),
        _ => bare(404),
    }
}

#[test]
fn what_a_creation_leaves_elsewhere_is_owned_up_to() {
    for (way, list, exit, told) in [
        (Way::Stays, "homes", 6, Some("listOther (/homes) shows h1")),
        (Way::Goes, "homes", 0, None),
        (Way::Others, "homes", 0, Some("nobody can tell whether")),
        (Way::Stays, "events", 0, Some("it grows with what is done")),
        (Way::Grows, "homes", 0, Some("it grows with what is done")),
        (
            Way::Renames,
            "homes",
            6,
            Some("/users/first: `name` was \\\"anna\\\" and is"),
        ),
    ] {
        let store = Arc::new(Mutex::new(Store {
            users: vec![json!({"id": "first", "name": "anna"})],
            other: vec![json!({"id": "o", "of": "u"})],
            ..Store::default()
        }));
        let shared = store.clone();
        let addr = serve(move |asked| {
            answer(
                &mut shared.lock().unwrap_or_else(|e| e.into_inner()),
                way,
                asked,
            )
        });
        let (output, report) = judged(&DOCUMENT.replace("OTHER", list), addr, &["-q"]);
        let row = format!("{way:?} {list}: {}", report["notes"]);
        assert_eq!(output.status.code(), Some(exit), "{row}");
        assert_eq!(report["findings"], json!([]), "{row}");
        let notes = report["notes"].to_string();
        match told {
            Some(told) => assert!(notes.contains(told), "{row}"),
            None => assert!(!notes.contains("/homes"), "{row}"),
        }
        let store = store.lock().unwrap_or_else(|e| e.into_inner());
        assert_eq!(store.users.len(), 1, "{row}");
        // One of our own that stands over the run, and the first of a case.
        if way == Way::Stays && exit == 6 {
            assert!(store.given <= 3, "{row}: {} were created", store.given);
        }
    }
}
