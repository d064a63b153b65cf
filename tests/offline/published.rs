//! Kinds of failure that documents of other people showed, each with the smallest document that has it:
//! what is planned, what is expected of the answers, what lint says of the text.

use probity::case::{Case, Check, Context, Expect, plan, plan_under};
use probity::contract::access::{self, Means};
use probity::contract::{Allowed, Contract, Effect, Effects, Policy, load_bytes, shape, values};
use probity::exchange::{Request, Segment};
use probity::mock::{self, Front, MockConfig};
use probity::profile::Profile;
use serde_json::{Value, json};
use std::sync::Arc;

fn contract(document: &Value) -> Contract {
    load_bytes("small.json", document.to_string().as_bytes())
        .unwrap_or_else(|e| panic!("{e}\n{document:#}"))
}

pub(super) fn document(version: &str, paths: &Value) -> Contract {
    contract(&json!({
        "openapi": version,
        "info": {"title": "Small", "version": "1"},
        "paths": paths,
    }))
}

/// A write of `schema` at `/set`, without a read.
pub(super) fn write(schema: &Value) -> Value {
    json!({"/set": {"put": {
        "operationId": "set",
        "requestBody": {"required": true, "content": {"application/json": {"schema": schema}}},
        "responses": {"204": {"description": "stored"}, "400": {"description": "no"}},
    }}})
}

fn planned(contract: &Contract, profile: &Profile) -> Vec<Case> {
    let texts = contract.texts();
    let mut context = Context::new(contract, profile, &texts);
    context.thorough = true;
    plan(&context, None).cases
}

/// The JSON body of a case.
fn body(case: &Case) -> Option<Value> {
    match &case.request {
        Request::Http(http) => serde_json::from_slice(http.body.as_deref()?).ok(),
        Request::Raw(_) => None,
    }
}

/// Every octet that a raw case sends.
fn octets(case: &Case) -> Vec<u8> {
    let Request::Raw(raw) = &case.request else {
        return Vec::new();
    };
    let bytes = raw.segments.iter().filter_map(|segment| match segment {
        Segment::Bytes(bytes) => Some(bytes.as_slice()),
        _ => None,
    });
    bytes.collect::<Vec<_>>().concat()
}

#[test]
fn a_surely_valid_body_is_found() {
    let exact = 9_007_199_254_740_993_u64;
    let table = [
        json!({"type": "integer", "minimum": exact, "maximum": i64::MAX}),
        json!({"type": "integer", "minimum": exact, "maximum": exact}),
        json!({"type": "integer", "format": "int64", "minimum": i64::MIN, "maximum": -(exact as i64)}),
        json!({"type": "integer", "minimum": u64::MAX, "maximum": u64::MAX}),
        json!({"type": "array", "contains": {"type": "integer", "minimum": 5}}),
        json!({"type": "array", "contains": {"const": 7}, "minContains": 2, "maxContains": 3}),
        json!({"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 3,
               "uniqueItems": true, "contains": {"const": "admin"}, "maxContains": 1}),
        json!({"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 3,
               "contains": {"minimum": 2}, "minContains": 0, "maxContains": 1}),
        json!({"type": "array", "minItems": 2,
               "items": {"type": "object", "required": ["id"],
                         "properties": {"id": {"type": "integer"}, "main": {"type": "boolean"}}},
               "contains": {"type": "object", "required": ["main"],
                            "properties": {"id": {}, "main": {"const": true}}}}),
        json!({"contains": {"type": "string"}, "minContains": 2}),
    ];
    for schema in table {
        let contract = document("3.1.0", &write(&schema));
        let cases = planned(&contract, &Profile::default());
        let sure = cases
            .iter()
            .any(|c| c.expect == Expect::Accepted && body(c).is_some());
        assert!(sure, "{schema}");
    }
}

#[test]
fn a_whole_body_of_the_profile_is_what_every_other_begins_with() {
    let schema = json!({"type": "object", "required": ["camera"], "properties": {
        "camera": {"type": "string", "maxLength": 20},
        "mode": {"type": "string", "enum": ["day", "night"]},
        "level": {"type": "integer", "minimum": 1, "maximum": 9},
    }});
    let given = |profile: &str| -> Result<Vec<Case>, String> {
        let mut contract = document("3.1.0", &write(&schema));
        let profile = Profile::from_toml(profile)?;
        values::give(&mut contract, &profile)?;
        Ok(planned(&contract, &profile))
    };
    for name in ["set", "\"PUT /set\""] {
        let profile = format!("[bodies]\n{name} = {{ camera = \"yard\", level = 3 }}\n");
        let cases = given(&profile).expect(&profile);
        let plain = json!({"camera": "yard", "level": 3});
        let sent: Vec<Value> = cases
            .iter()
            .filter(|c| c.expect == Expect::Accepted)
            .filter_map(body)
            .collect();
        assert!(sent.contains(&plain), "{sent:?}");
        assert!(sent.contains(&json!({"camera": "yard", "level": 3, "mode": "day"})));
        assert!(sent.contains(&json!({"camera": "yard", "level": 9})));
    }
    for (profile, want) in [
        ("[bodies]\nsett = {}\n", "did you mean set?"),
        (
            "[bodies]\nset = { camera = 1 }\n",
            "the document does not allow this body (`type` of camera)",
        ),
        (
            "[bodies]\nset = [1]\n",
            "the document does not allow this body (`type`)",
        ),
        ("[body]\nset = {}\n", "did you mean `bodies`?"),
    ] {
        let error = given(profile).expect_err(profile);
        assert!(error.contains(want), "{profile}: {error}");
    }
}

#[test]
fn a_body_of_the_profile_needs_one_in_the_document() {
    let mut contract = document(
        "3.0.3",
        &json!({"/a": {"post": {"operationId": "go", "responses": {"204": {"description": "ok"}}}}}),
    );
    let profile = Profile::from_toml("[bodies]\ngo = {}\n").expect("reads");
    let error = values::give(&mut contract, &profile).expect_err("no body");
    assert!(error.contains("the operation takes no body"), "{error}");
}

/// `{}` says nothing: what it holds may be anything, and is put back only where it is read in the same
/// words.
#[test]
fn what_nobody_describes_is_put_back_where_it_reads_as_it_is_written() {
    let any = json!({});
    let object = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
    let table = [
        (any.clone(), Some(any.clone()), Effect::Writes),
        (any.clone(), Some(object.clone()), Effect::Irreversible),
        (object.clone(), Some(any.clone()), Effect::Irreversible),
        (any.clone(), None, Effect::Irreversible),
        (object.clone(), Some(object.clone()), Effect::Writes),
    ];
    for (written, read, wanted) in table {
        let content = |schema: &Value| json!({"application/json": {"schema": schema}});
        let mut answer = json!({"description": "ok"});
        if let Some(read) = &read {
            answer["content"] = content(read);
        }
        let contract = document(
            "3.1.0",
            &json!({"/state": {
                "get": {"operationId": "get", "responses": {"200": answer}},
                "put": {"operationId": "set", "requestBody": {"content": content(&written)},
                        "responses": {"204": {"description": "stored"}}},
            }}),
        );
        let effects = Effects::of(&contract, &Profile::default());
        let effect = effects.get("set").expect("an effect");
        assert_eq!(
            effect.effect, wanted,
            "{written} {read:?}: {}",
            effect.reason
        );
    }
}

/// Two paths that the same requests fit: which is meant, nobody can tell.
#[test]
fn of_two_paths_that_are_one_neither_is_judged() {
    let get = |id: &str, name: &str, kind: &str| {
        json!({"get": {"operationId": id,
            "parameters": [{"name": name, "in": "path", "required": true, "schema": {"type": kind}}],
            "responses": {"200": {"description": "ok"}, "400": {"description": "no"}}}})
    };
    let contract = document(
        "3.0.3",
        &json!({
            "/users/{id}": get("byId", "id", "integer"),
            "/users/{name}": get("byName", "name", "string"),
            "/users/{id}/posts": get("posts", "id", "integer"),
        }),
    );
    let cases = planned(&contract, &Profile::default());
    let of = |id: &str| cases.iter().filter(|c| c.operation == id).count();
    assert_eq!((of("byId"), of("byName")), (0, 0));
    assert!(of("posts") > 0);
    let why = contract.operation("byName").and_then(|o| o.obstacle());
    assert!(why.is_some_and(|w| w.contains("/users/{id}")));
}

/// Fields that any client adds cannot be left out, and a text beside a list's own is a list as well.
#[test]
fn parameters_are_not_accused_of_what_cannot_be_sent() {
    let parameter = |name: &str, place: &str, schema: Value| json!({"name": name, "in": place, "required": true, "schema": schema});
    let list = json!({"type": "array", "items": {"type": "string"}});
    let contract = document(
        "3.0.3",
        &json!({"/a/{names}": {"get": {
            "operationId": "get",
            "parameters": [
                parameter("User-Agent", "header", json!({"type": "string"})),
                parameter("X-Door", "header", json!({"type": "string"})),
                parameter("names", "path", list),
            ],
            "responses": {"200": {"description": "ok"}, "400": {"description": "no"}},
        }}}),
    );
    let cases = planned(&contract, &Profile::default());
    let has = |id: &str| cases.iter().any(|c| c.id.contains(id));
    assert!(has("get/parameters/X-Door/absent"));
    assert!(!has("get/parameters/User-Agent/absent"));
    assert!(!has("get/targets/names/"));
}

/// A body of one octet cannot be halved: a chunk of size 0 ends it, and the front of a number is one.
#[test]
fn small_bodies_are_cut_into_what_is_wrong() {
    for schema in [
        json!({"type": "integer", "minimum": 1, "maximum": 9}),
        json!({"type": "integer", "minimum": 10, "maximum": 99}),
    ] {
        let contract = document("3.0.3", &write(&schema));
        let cases = planned(&contract, &Profile::default());
        let chunked = cases.iter().filter(|c| c.id.contains("/http/chunks/"));
        let mut seen = 0;
        for case in chunked.filter(|c| matches!(c.expect, Expect::AcceptedOr { .. })) {
            let sent = String::from_utf8_lossy(&octets(case)).into_owned();
            assert!(
                sent.matches("\r\n0\r\n").count() + sent.matches("\r\n000\r\n").count() <= 1,
                "{}: {sent}",
                case.id
            );
            seen += 1;
        }
        assert!(seen > 2, "{schema}: {seen}");
        for case in cases.iter().filter(|c| {
            ["length/half", "length/one-less", "length/body-cut"]
                .iter()
                .any(|n| c.id.ends_with(n))
        }) {
            assert!(
                !matches!(case.expect, Expect::Refused { .. }),
                "{}",
                case.id
            );
        }
    }
}

/// A member whose read is of another kind than its write cannot read back as it was written.
#[test]
fn what_a_read_cannot_show_is_not_looked_for() {
    let body = json!({"type": "object", "required": ["key", "value"], "properties": {
        "key": {"type": "string", "maxLength": 9}, "value": {}}});
    let shown = json!({"type": "object", "properties": {
        "key": {"type": "string"}, "value": {"anyOf": [{"type": "string"}, {"type": "null"}]}}});
    let contract = document(
        "3.1.0",
        &json!({
            "/items": {
                "get": {"operationId": "list", "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"type": "array", "items": shown}}}}}},
                "post": {"operationId": "create", "requestBody": {"content": {"application/json": {"schema": body}}},
                         "responses": {"201": {"description": "made", "content": {"application/json": {"schema": shown}}}}},
            },
            "/items/{key}": {
                "parameters": [{"name": "key", "in": "path", "required": true, "schema": {"type": "string"}}],
                "get": {"operationId": "read", "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": shown}}}}},
                "put": {"operationId": "set", "requestBody": {"content": {"application/json": {"schema": body}}}, "responses": {"204": {"description": "stored"}}},
                "delete": {"operationId": "remove", "responses": {"204": {"description": "gone"}}},
            },
        }),
    );
    let cases = planned(&contract, &Profile::default());
    let read_back = cases.iter().filter_map(|c| match &c.check {
        Check::ReadsBack(value) if c.operation == "set" => Some(value),
        _ => None,
    });
    let read_back: Vec<&Value> = read_back.collect();
    assert!(!read_back.is_empty());
    for value in read_back {
        let shows = value
            .get("value")
            .is_none_or(|v| v.is_string() || v.is_null());
        assert!(shows, "{value}");
    }
}

/// What a read can show of what was written, by its rules: nothing of another type, lists item for item.
#[test]
fn what_a_read_can_show_of_a_written_value() {
    let text = json!({"type": "string"});
    let list = |items: &Value| json!({"type": "array", "items": items});
    let tag = json!({"type": "object", "required": ["id", "made"],
                     "properties": {"id": text, "made": {"type": "integer"}}});
    let either = json!({"anyOf": [text, {"type": "null"}]});
    let holder = json!({"type": "object", "properties": {"a": either, "b": {"type": "integer"}}});
    for (read, written, shows) in [
        (&tag, json!({"id": "x"}), Some(json!({"id": "x"}))),
        (&tag, json!([{"id": "x"}]), None),
        (
            &list(&tag),
            json!([{"id": "x"}]),
            Some(json!([{"id": "x"}])),
        ),
        (&list(&text), json!([{"id": "x"}]), None),
        (&text, json!({}), None),
        (&either, json!({}), None),
        (&holder, json!({"a": {}, "b": 1}), Some(json!({"b": 1}))),
        (
            &holder,
            json!({"a": "x", "c": 1}),
            Some(json!({"a": "x", "c": 1})),
        ),
    ] {
        let contract = document("3.1.0", &write(read));
        let op = contract.operation("set").expect("it");
        let rules = &op.body.as_ref().expect("a body").schema;
        let shown = shape::showable(rules, written.clone(), &contract.texts());
        assert_eq!(shown, shows, "{read} {written}");
    }
}

/// Nothing goes to the host of `tokenUrl` where no device is named: the embedded mock gives the token.
#[test]
fn the_token_of_the_embedded_mock_is_its_own() {
    let document = json!({
        "openapi": "3.0.3",
        "info": {"title": "Small", "version": "1"},
        "security": [{"o": []}],
        "paths": {"/a": {"get": {"responses": {"200": {"description": "ok"}}}}},
        "components": {"securitySchemes": {"o": {"type": "oauth2", "flows": {
            "password": {"tokenUrl": "https://auth.example.com/oauth2/token", "scopes": {}}}}}},
    });
    for (target, wanted) in [
        (None, Some("/oauth2/token")),
        (
            Some("https://auth.example.com"),
            Some("https://auth.example.com/oauth2/token"),
        ),
        (Some("http://192.0.2.1"), None),
    ] {
        let (mut contract, mut profile) = (contract(&document), Profile::default());
        let means = Means {
            user: true,
            token: false,
            certificate: false,
            nothing: false,
            target: target.map(str::to_owned),
            token_urls: Vec::new(),
        };
        access::choose(&mut contract, &mut profile, &means);
        let url = profile.oauth2.and_then(|o| o.token_url);
        assert_eq!(url.as_deref(), wanted, "{target:?}");
    }
}

/// An API key in a field that HTTP cannot name is not sent, and said.
#[test]
fn a_key_in_a_field_that_has_no_name_is_told() {
    let contract = contract(&json!({
        "swagger": "2.0",
        "info": {"title": "Small", "version": "1"},
        "security": [{"k": []}],
        "securityDefinitions": {"k": {"type": "apiKey", "in": "header", "name": "Authorization: Bearer"}},
        "paths": {"/a": {"get": {"operationId": "get", "responses": {"200": {"description": "ok"}}}}},
    }));
    let why = contract.operation("get").and_then(|o| o.obstacle());
    assert!(
        why.as_ref()
            .is_some_and(|w| w.contains("Authorization: Bearer")),
        "{why:?}"
    );
}

/// The mock has the items that a run asks for, and new ones of any pattern without end.
#[test]
fn the_mock_has_items_of_any_id() {
    let rows = [
        (json!({"type": "string"}), "probity0"),
        (json!({"type": "integer", "minimum": 0}), "0"),
        (json!({"type": "integer", "minimum": 100}), "100"),
        (
            json!({"type": "string", "pattern": "^[a-z]{26}$"}),
            "aaaaaaaaaaaaaaaaaaaaaaaaaa",
        ),
        (json!({"type": "string", "enum": ["red", "blue"]}), "red"),
    ];
    for (id, first) in rows {
        let item = json!({"type": "object", "properties": {"id": id}});
        let answer = |schema: Value| json!({"200": {"description": "ok", "content": {"application/json": {"schema": schema}}}});
        let contract = document(
            "3.0.3",
            &json!({
                "/things": {
                    "get": {"operationId": "list", "responses": answer(json!({"type": "array", "items": item}))},
                    "post": {"operationId": "add", "responses": answer(item.clone())},
                },
                "/things/{id}": {"get": {"operationId": "read",
                    "parameters": [{"name": "id", "in": "path", "required": true, "schema": id}],
                    "responses": answer(item.clone())}},
            }),
        );
        let config = MockConfig::clean(Arc::new(contract), Arc::new(Profile::default()));
        let front = Front::new(&config).expect("a mock");
        let (status, ..) = front.answer("GET", &format!("/things/{first}"), &[], b"");
        assert_eq!(status, 200, "{id}");
        for _ in 0..40 {
            let (status, ..) = front.answer("POST", "/things", &[], b"");
            assert_eq!(status, 200, "{id}");
        }
    }
}

/// `additionalProperties: false` in a part of `allOf` forbids what the parts beside it describe. Those who
/// write it mean the whole: nothing is accused by it, whichever way a device takes it.
#[test]
fn a_closed_part_of_all_of_accuses_nobody() {
    let open = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let closed = json!({"type": "object", "additionalProperties": false,
                        "properties": {"b": {"type": "string"}}});
    let schema = json!({"allOf": [open, closed]});
    let contract = document("3.0.3", &write(&schema));
    let (texts, op) = (contract.texts(), contract.operation("set").expect("it"));
    let rules = &op.body.as_ref().expect("a body").schema;
    let certainty = |value: Value| probity::contract::assess(rules, &value, &texts).certainty;
    use probity::pattern::Assessment::{Open, SurelyInvalid};
    assert_eq!(certainty(json!({"a": "x", "b": "y"})), Open);
    assert_eq!(certainty(json!({"b": "x", "c": "y"})), SurelyInvalid);
}

/// What may remove an item comes behind everything that names it.
#[test]
fn what_removes_comes_last() {
    let answer =
        |status: &str| json!({status: {"description": "ok"}, "400": {"description": "no"}});
    let contract = document(
        "3.0.3",
        &json!({"/things/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer", "example": 1}}],
            "delete": {"operationId": "remove", "responses": answer("204")},
            "get": {"operationId": "read", "responses": answer("200")},
        }}),
    );
    let cases = planned(&contract, &Profile::default());
    let of =
        |case: &Case| case.operation == "remove" && !matches!(case.expect, Expect::Refused { .. });
    let first = cases.iter().position(of).expect("a case that removes");
    assert!(cases.iter().skip(first).all(of));
    assert!(first > 1);
}

/// Statuses of rights, place or state say of no request that what it holds is wrong: a mock whose document
/// lists only such ones answers 400, which RFC 9110 lets any server answer.
#[test]
fn the_mock_refuses_what_is_invalid_with_a_status_that_says_so() {
    let schema = json!({"type": "object", "properties": {"level": {"type": "integer"}}});
    let answers = [
        (json!({"204": {}, "409": {}, "404": {}}), 400),
        (json!({"204": {}, "422": {}, "409": {}}), 422),
    ];
    for (mut responses, want) in answers {
        for (_, answer) in responses.as_object_mut().expect("answers") {
            *answer = json!({"description": "so"});
        }
        let mut paths = write(&schema);
        paths["/set"]["put"]["responses"] = responses;
        let contract = document("3.0.3", &paths);
        let config = MockConfig::clean(Arc::new(contract), Arc::new(Profile::default()));
        let front = Front::new(&config).expect("a mock");
        let json = [("Content-Type".to_owned(), "application/json".to_owned())];
        let (status, ..) = front.answer("PUT", "/set", &json, br#"{"level": "high"}"#);
        assert_eq!(status, want);
    }
}

/// What one path writes another may read, in a member of its answer.
#[test]
fn the_mock_shows_at_one_path_what_another_writes() {
    let spec = json!({"type": "object", "properties": {"Name": {"type": "string"}}});
    let thing = json!({"type": "object", "properties": {"ID": {"type": "string"}, "Spec": spec}});
    let id = json!([{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}]);
    let mut update = write(&spec)["/set"]["put"].take();
    update["parameters"] = id.clone();
    let contract = document(
        "3.0.3",
        &json!({
            "/things/{id}": {"get": {"operationId": "read", "parameters": id,
                "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": thing}}}}}},
            "/things/{id}/update": {"post": update},
        }),
    );
    let config = MockConfig::clean(Arc::new(contract), Arc::new(Profile::default()));
    let front = Front::new(&config).expect("a mock");
    let json = [("Content-Type".to_owned(), "application/json".to_owned())];
    let body = br#"{"Name": "yard"}"#;
    let (status, ..) = front.answer("POST", "/things/probity0/update", &json, body);
    assert_eq!(status, 204);
    let (_, _, shown) = front.answer("GET", "/things/probity0", &[], b"");
    let shown: Value = serde_json::from_slice(&shown).expect("JSON");
    assert_eq!(shown.pointer("/Spec/Name"), Some(&json!("yard")), "{shown}");
}

/// A member that the answer marks `readOnly` is the device's to decide, whatever was written.
#[test]
fn what_only_the_device_decides_is_not_read_back() {
    let own = json!({"type": "string", "readOnly": true});
    let whole = json!({"type": "object", "properties": {"id": own, "name": {"type": "string"}}});
    for item in [whole.clone(), json!({"allOf": [whole, {"type": "object"}]})] {
        let read = json!({"type": "array", "items": item});
        let contract = document(
            "3.0.3",
            &json!({"/tags": {"get": {"operationId": "read", "responses": {"200": {
                "description": "ok", "content": {"application/json": {"schema": read}}}}}}}),
        );
        let rules = shape::answer(contract.operation("read").expect("it")).expect("an answer");
        let written = json!([{"id": "id1", "name": "a"}]);
        let shown = shape::showable(rules, written, &contract.texts());
        assert_eq!(shown, Some(json!([{"name": "a"}])));
    }
}

/// A schema that is closed and has its members from `allOf` alone forbids all of them by the letter: nobody
/// means that.
#[test]
fn a_closed_whole_of_all_of_accuses_nobody() {
    use probity::pattern::Assessment::{Open, SurelyInvalid};
    let part = json!({"type": "object", "properties": {"href": {"type": "string"}}});
    let schema = json!({"type": "object", "additionalProperties": false, "allOf": [part]});
    let contract = document("3.0.3", &write(&schema));
    let (texts, op) = (contract.texts(), contract.operation("set").expect("it"));
    let rules = &op.body.as_ref().expect("a body").schema;
    let certainty = |value: Value| probity::contract::assess(rules, &value, &texts).certainty;
    assert_eq!(certainty(json!({"href": "x"})), Open);
    assert_eq!(certainty(json!({"other": "x"})), SurelyInvalid);
}

/// Of what may not be sent at all next to nothing is made, however many members its body has; what is asked
/// for by name is told all the same.
#[test]
fn what_is_left_out_costs_little() {
    let member = |at: usize| (format!("m{at}"), json!({"type": "integer", "minimum": 0}));
    let members: serde_json::Map<String, Value> = (0..100).map(member).collect();
    let schema = json!({"type": "object", "properties": members});
    let mut paths = write(&schema);
    let post = paths["/set"]["put"].take();
    let contract = document("3.0.3", &json!({"/set": {"post": post}}));
    let (profile, texts) = (Profile::default(), contract.texts());
    let policy = Policy::new(&contract, &profile, &Allowed::default()).expect("a policy");
    let context = Context::new(&contract, &profile, &texts);
    let left_out = |keep: &dyn Fn(&Case) -> bool| -> usize {
        let plan = plan_under(&context, Some(600), Some(&policy), keep);
        assert!(plan.cases.is_empty());
        plan.left_out.iter().map(|l| l.cases).sum()
    };
    let all = left_out(&|_| true);
    assert!((1..600).contains(&all), "{all}");
    let deep = |case: &Case| {
        case.promises
            .iter()
            .any(|p| p.to_string().contains(".m90."))
    };
    assert!(left_out(&deep) > 0);
}

/// Faults that change nothing a document promises are not offered: tokens and refusals without a login, texts
/// of errors that nobody wrote down, patterns and what is read back where there are none.
#[test]
fn only_faults_that_can_show_are_listed() {
    let schema = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    let bare = document("3.0.3", &write(&schema));
    let ids = |contract: &Contract| -> Vec<String> {
        let faults = mock::faults(contract, &Profile::default());
        faults.into_iter().map(|f| f.id.to_string()).collect()
    };
    let listed = ids(&bare);
    let none = [
        "any-token",
        "shows-token",
        "unauthorized-403",
        "case-folded",
        "nested-unchecked",
        "error-lower-case",
        "stores-lower-case:name",
        "nothing-stored",
    ];
    for id in none {
        assert!(!listed.iter().any(|l| l == id), "{id}");
        // It may be planted all the same.
        let config = MockConfig::clean(
            Arc::new(document("3.0.3", &write(&schema))),
            Arc::new(Profile::default()),
        );
        assert!(
            Front::new(&config.with_faults([id.to_owned()])).is_ok(),
            "{id}"
        );
    }
    for id in ["null-as-value:name", "json-comments", "put-as-post"] {
        assert!(listed.iter().any(|l| l == id), "{id}");
    }
}

/// `true` beside a bound is a word of OpenAPI 3.0: in 3.1 it says nothing, so that nobody is accused for
/// the bound itself, whichever way a device has it.
#[test]
fn a_bound_that_the_version_does_not_have_is_open() {
    use probity::pattern::Assessment::{Open, SurelyInvalid, SurelyValid};
    let schema = json!({"type": "integer", "minimum": 5, "exclusiveMinimum": true, "maximum": 90});
    for (version, at) in [("3.0.3", SurelyInvalid), ("3.1.0", Open)] {
        let contract = document(version, &write(&schema));
        let (texts, op) = (contract.texts(), contract.operation("set").expect("it"));
        let rules = &op.body.as_ref().expect("a body").schema;
        for (value, want) in [(4, SurelyInvalid), (5, at), (6, SurelyValid)] {
            let assessed = probity::contract::assess(rules, &json!(value), &texts);
            assert_eq!(assessed.certainty, want, "{value} in {version}");
        }
    }
}
