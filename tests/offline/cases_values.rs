//! What cases are made of, in tables that can be checked by eye: the valid values that bodies hold,
//! the requests round them, and what is expected of bodies of any origin.

use crate::told;

use probity::case::build::{is_type, own_credentials};
use probity::case::{Case, Check, Context, Expect, Step, Weigher, question, strategies};
use probity::contract::{Contract, FieldPath, JsonType, load_bytes};
use probity::exchange::{HttpRequest, Request, Template};
use probity::pattern::Texts;
use probity::profile::Profile;
use serde_json::{Value, json};
use std::fmt::Write as _;
use told::expected;

struct Stage {
    contract: Contract,
    texts: Texts,
    profile: Profile,
}

impl Stage {
    fn new(document: &Value) -> Stage {
        let contract = load_bytes("small.json", document.to_string().as_bytes())
            .unwrap_or_else(|e| panic!("{e}\n{document:#}"));
        let texts = contract.texts();
        Stage {
            contract,
            texts,
            profile: Profile::default(),
        }
    }

    /// One operation whose body is of `schema`.
    fn of(schema: &Value) -> Stage {
        Stage::new(&json!({
            "openapi": "3.0.3",
            "info": {"title": "Small", "version": "1"},
            "paths": {"/set": {"put": {
                "operationId": "set",
                "requestBody": {"content": {"application/json": {"schema": schema}}},
                "responses": {"204": {"description": "stored"}},
            }}},
        }))
    }

    fn context(&self) -> Context<'_> {
        Context::new(&self.contract, &self.profile, &self.texts)
    }
}

/// The lines of a table that say something.
fn rows(table: &str) -> impl Iterator<Item = &str> {
    table
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// `v` of the smallest body, then of three full ones, which are to be unlike each other as far as
/// the rules have values.
#[test]
fn valid_values() {
    let mut out = String::new();
    for row in rows(include_str!("../cases_values/values.txt")) {
        let rules: Value = serde_saphyr::from_str(row).unwrap_or_else(|e| panic!("{row}: {e}"));
        let stage = Stage::of(&json!({
            "type": "object", "required": ["v"], "properties": {"v": rules},
        }));
        let (context, op) = (stage.context(), &stage.contract.operations[0]);
        let bodies = [
            context.base(op),
            context.full(op),
            context.full_nth(op, 1),
            context.full_nth(op, 2),
        ];
        let shown = bodies.map(|body| match body {
            Some(body) => body["v"].to_string(),
            None => "none".to_owned(),
        });
        writeln!(out, "{row}\n    {}", shown.join("   ")).expect("text");
    }
    insta::assert_snapshot!(out);
}

/// `<a*9>` and `\xNN` of a table.
fn expanded(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let run = rest.strip_prefix('<').and_then(|run| {
            let (c, run) = (
                run.chars().next()?,
                run.get(run.chars().next()?.len_utf8()..)?,
            );
            let (count, rest) = run.strip_prefix('*')?.split_once('>')?;
            Some((c, count.parse().ok()?, rest))
        });
        let octet = rest
            .strip_prefix("\\x")
            .and_then(|hex| Some((u8::from_str_radix(hex.get(..2)?, 16).ok()?, &hex[2..])));
        if let Some((c, count, after)) = run {
            out.extend(String::from(c).repeat(count).bytes());
            rest = after;
        } else if let Some((octet, after)) = octet {
            out.push(octet);
            rest = after;
        } else {
            out.extend(rest[..c.len_utf8()].bytes());
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

fn outcome(case: &Case) -> String {
    let check = match &case.check {
        Check::Nothing => "not looked at",
        Check::Unchanged => "unchanged",
        Check::ReadsBack(_) => "reads back",
        Check::Parts => "parts",
        Check::Versions => "versions",
        Check::Names => "other names",
        Check::Preconditions(_) => "preconditions",
    };
    format!("{} | {check}", expected(&case.expect))
}

/// What may come back to a body that a generator made: what the page, RFC 8259 and RFC 9112 leave
/// open must only be survived.
#[test]
fn weighed() {
    let document = include_str!("../cases_values/bodies.yaml").replace("<s*70>", &"s".repeat(70));
    let document: Value = serde_saphyr::from_str(&document).expect("the document reads");
    let mut stage = Stage::new(&document);
    stage.profile = Profile::from_toml("[read-back.set]\npath = \"/state\"").expect("profile");
    let context = stage.context();
    let mut weigher = Weigher::new(&context);
    let mut out = String::new();
    for row in rows(include_str!("../cases_values/bodies.txt")) {
        let mut cells = row
            .splitn(3, " |")
            .map(|c| c.strip_prefix(' ').unwrap_or(c));
        let mut cell = || cells.next().unwrap_or_default();
        let (operation, body, parameter) = (cell(), cell(), cell());
        let parameter = parameter.split_once('=');
        let step = Step {
            operation: operation.to_owned(),
            body: expanded(body),
            parameters: parameter
                .map(|(name, text)| (name.to_owned(), text.to_owned()))
                .into_iter()
                .collect(),
        };
        writeln!(out, "{row}").expect("text");
        match weigher.weigh(&step) {
            None => out += "    no operation\n",
            Some(case) => writeln!(
                out,
                "    {}\n    {} [{}] {}",
                outcome(&case),
                case.title,
                case.input_class,
                case.promises.join(" ")
            )
            .expect("text"),
        }
    }
    insta::assert_snapshot!(out);
}

fn rendered(template: &Template) -> String {
    template.render(|secret| format!("<{secret:?}>"))
}

fn headers(headers: &[(String, Template)]) -> String {
    let lines = headers
        .iter()
        .map(|(name, value)| format!(" {name}: {}", rendered(value)));
    lines.collect()
}

/// Parameters filled, credentials by name; the same without credentials; and what the contract of
/// this operation alone has to show in requests of Probity's own.
#[test]
fn requests() {
    let document = include_str!("../cases_values/requests.yaml");
    let document: Value = serde_saphyr::from_str(document).expect("the document reads");
    let stage = Stage::new(&document);
    let context = stage.context();
    let shown = |request: &HttpRequest| {
        let body = request.body.as_deref().map(String::from_utf8_lossy);
        let (method, target) = (&request.method, rendered(&request.target));
        let headers = headers(&request.headers);
        format!("{method} {target}{headers} {}", body.unwrap_or_default())
    };
    let mut out = String::new();
    for op in &stage.contract.operations {
        let body = op.body.is_some().then(|| b"{}".to_vec());
        let request = context.request(op, body.clone());
        writeln!(out, "{}", shown(&request).trim_end()).expect("text");
        let open = context.unauthorized_request(op, body);
        if open != request {
            writeln!(out, "    without: {}", shown(&open).trim_end()).expect("text");
        }
        let mut alone = stage.contract.clone();
        alone.operations.retain(|o| o.id == op.id);
        if let Some((heads, query)) = own_credentials(&alone, &stage.profile) {
            writeln!(out, "    own:{} {}", headers(&heads), rendered(&query)).expect("text");
        }
    }
    insta::assert_snapshot!(out);
}

/// The one string of a case at the field `v`.
fn text_of(case: &Case) -> Option<String> {
    let Request::Http(request) = &case.request else {
        return None;
    };
    let body: Value = serde_json::from_slice(request.body.as_ref()?).ok()?;
    Some(body.get("v")?.as_str()?.to_owned())
}

/// Cheap and telling first: a mistake in a pattern is shown early, by a string that is named.
#[test]
fn strings_that_tell_mistakes() {
    let mut out = String::new();
    let mut strings: Vec<(u8, bool, String)> = Vec::new();
    for row in rows(include_str!("../cases_values/telling.txt")) {
        let Some(mistaken) = row.strip_prefix("    ") else {
            let stage = Stage::of(&json!({
                "type": "object",
                "required": ["v"],
                "properties": {"v": {"type": "string", "pattern": row}},
            }));
            let all = strategies();
            let cases = all
                .iter()
                .filter(|s| matches!(s.name(), "constraints" | "valid"))
                .flat_map(|s| s.all_cases(&stage.context()));
            strings = cases
                .filter_map(|case| {
                    let good = match case.expect {
                        Expect::Accepted => true,
                        Expect::Refused { .. } => false,
                        _ => return None,
                    };
                    Some((case.tier.number(), good, text_of(&case)?))
                })
                .collect();
            let early = |wanted: bool, last: u8| -> Vec<&str> {
                let of = strings.iter().filter(|s| s.1 == wanted && s.0 <= last);
                let mut texts: Vec<&str> = Vec::new();
                for (_, _, text) in of {
                    if !texts.contains(&text.as_str()) {
                        texts.push(text);
                    }
                }
                texts
            };
            let (bad, good) = (early(false, 1), early(true, 2));
            writeln!(out, "{row}\n  - {bad:?}\n  + {good:?}").expect("text");
            continue;
        };
        let check = regex_automata::meta::Regex::new(mistaken).expect("the mistake compiles");
        let told = strings
            .iter()
            .filter(|(_, good, text)| check.is_match(text.as_str()) != *good)
            .min_by_key(|(tier, ..)| *tier);
        match told {
            Some((tier, good, text)) => {
                let sign = if *good { '+' } else { '-' };
                writeln!(out, "    {mistaken}  {tier} {sign} {text:?}").expect("text");
            }
            None => writeln!(out, "    {mistaken}  not shown").expect("text"),
        }
    }
    insta::assert_snapshot!(out);
}

/// What a string is asked for in the middle of a run. The mark in the id is FNV-1a of the text
/// (32 bits; the vectors of its authors: nothing, `a`, `foobar`).
#[test]
fn questions_about_one_string() {
    let mut stage = Stage::new(&json!({
        "openapi": "3.0.3",
        "info": {"title": "Asked", "version": "1"},
        "paths": {
            "/set": {"put": {
                "operationId": "set",
                "requestBody": {"content": {"application/json": {"schema": {
                    "type": "object",
                    "properties": {
                        "any": {"type": "string", "maxLength": 50},
                        "form": {"type": "string", "pattern": "^[a-z]*$"},
                        "mail": {"type": "string", "format": "email"},
                        "open": {"type": "string"},
                        "id": {"type": "string", "readOnly": true},
                    },
                }}}},
                "responses": {"204": {"description": "stored"}},
            }},
            "/act": {"put": {
                "operationId": "act",
                "x-acts": true,
                "requestBody": {"content": {"application/json": {"schema": {
                    "type": "object",
                    "properties": {"any": {"type": "string"}},
                }}}},
                "responses": {"204": {"description": "done"}},
            }},
        },
    }));
    stage.profile = Profile::from_toml("[read-back.set]\npath = \"/state\"").expect("profile");
    let context = stage.context();
    let forty = "x".repeat(40);
    let more = "x".repeat(41);
    let table = [
        ("set", "any", ""),
        ("set", "any", "a"),
        ("set", "any", "foobar"),
        ("set", "any", &forty),
        ("set", "any", &more),
        ("set", "any", "tab\tand é"),
        ("set", "form", "A"),
        ("set", "form", "a\n"),
        ("set", "mail", "not an address"),
        ("set", "mail", " blank@first"),
        ("set", "mail", "a@\u{e9}"),
        ("set", "open", "~ "),
        ("set", "id", "x"),
        ("set", "none", "x"),
        ("act", "any", "x"),
    ];
    let mut out = String::new();
    for (operation, field, text) in table {
        let op = stage.contract.operation(operation).expect("operation");
        let path = FieldPath::root().member(field);
        writeln!(out, "{operation} {field} {text:?}").expect("text");
        match question(&context, op, &path, text) {
            None => out += "    not asked\n",
            Some(case) => writeln!(
                out,
                "    {} | {} | {}\n    {} [{}] {}",
                case.id,
                case.title,
                outcome(&case),
                case.tier,
                case.input_class,
                case.promises.join(" ")
            )
            .expect("text"),
        }
    }
    insta::assert_snapshot!(out);
}

/// A number without a fraction is an integer (JSON Schema 2020-12 §6.1.1).
#[test]
fn json_types() {
    use JsonType::{Array, Boolean, Integer, Null, Number, Object, String};
    let all = [Null, Boolean, Integer, Number, String, Array, Object];
    for (value, types) in [
        (json!(null), &[Null][..]),
        (json!(true), &[Boolean]),
        (json!(-1), &[Integer, Number]),
        (json!(u64::MAX), &[Integer, Number]),
        (json!(1.0), &[Integer, Number]),
        (json!(1.5), &[Number]),
        (json!("1"), &[String]),
        (json!([]), &[Array]),
        (json!({}), &[Object]),
    ] {
        let of = all.iter().copied().filter(|t| is_type(&value, *t));
        assert_eq!(Vec::from_iter(of), types, "{value}");
    }
}

/// Letters that look alike in another script, and letters with a mark (Unicode TS #39).
#[test]
fn letters_that_look_alike() {
    let mut out = String::new();
    for letter in 'a'..='z' {
        let stage = Stage::of(&json!({
            "type": "object",
            "required": ["v"],
            "properties": {"v": {"type": "string", "pattern": format!("^{letter}$")}},
        }));
        let all = strategies();
        let constraints = all.iter().find(|s| s.name() == "constraints");
        let cases = constraints.expect("a strategy").all_cases(&stage.context());
        let of = |idea: &str| cases.iter().find(|c| c.id.contains(idea)).and_then(text_of);
        let (double, marked) = (of("/look-alike-letter"), of("/accented-letter"));
        if let (None, None) = (&double, &marked) {
            continue;
        }
        let shown = |text: Option<String>| match text {
            Some(text) => format!("{text} {}", text.escape_unicode()),
            None => "-".to_owned(),
        };
        writeln!(out, "{letter} | {} | {}", shown(double), shown(marked)).expect("text");
    }
    insta::assert_snapshot!(out);
}

/// Strings that a generator may start from: surely valid ones of a field that holds strings.
#[test]
fn samples_of_a_field() {
    let stage = Stage::of(&json!({
        "type": "object",
        "properties": {
            "word": {"type": "string", "pattern": "^(on|off)$"},
            "other": {"type": "string", "pattern": "^x$"},
            "count": {"type": "integer"},
        },
    }));
    let context = stage.context();
    let weigher = Weigher::new(&context);
    for (operation, field, want) in [
        ("set", "word", &["on", "off"][..]),
        ("set", "other", &["x"]),
        ("set", "count", &[]),
        ("set", "none", &[]),
        ("none", "word", &[]),
    ] {
        let mut samples = weigher.samples(operation, &FieldPath::root().member(field));
        samples.sort_by_key(String::len);
        assert_eq!(samples, want, "{operation} {field}");
    }
}

#[test]
fn counts_and_places_of_a_body_are_broken_alone() {
    let words = json!({"type": "string", "pattern": "^[a-z]{2,6}$"});
    let tuple = json!([{"type": "string", "enum": ["rgb", "hsv"]}, {"type": "integer", "minimum": 0, "maximum": 255}]);
    let member = json!({"type": "object", "properties": {"v": {"type": "object", "maxProperties": 2, "additionalProperties": words}}});
    for (schema, keyword, wanted) in [
        (
            json!({"type": "array", "items": words, "maxItems": 3}),
            "maxItems",
            "constraints",
        ),
        (
            json!({"type": "array", "items": words, "minItems": 2}),
            "minItems",
            "constraints",
        ),
        (
            json!({"type": "array", "maxItems": 3, "items": {"type": "object", "required": ["a"], "properties": {"a": words}}}),
            "maxItems",
            "constraints",
        ),
        (
            json!({"type": "object", "additionalProperties": words, "maxProperties": 3}),
            "maxProperties",
            "constraints",
        ),
        (member, "maxProperties", "constraints"),
        (
            json!({"type": "array", "prefixItems": tuple, "items": false, "minItems": 2}),
            "maximum",
            "elements",
        ),
    ] {
        let stage = Stage::new(&json!({
            "openapi": "3.1.0",
            "info": {"title": "Small", "version": "1"},
            "paths": {"/set": {"put": {
                "operationId": "set",
                "requestBody": {"content": {"application/json": {"schema": schema}}},
                "responses": {"204": {"description": "stored"}},
            }}},
        }));
        let body = stage.contract.operations[0].body.as_ref().expect("a body");
        let all = strategies();
        let cases = all.iter().filter(|s| s.name() == wanted);
        let cases = cases.flat_map(|s| s.all_cases(&stage.context()));
        let alone = cases.filter(|case| {
            let Request::Http(HttpRequest {
                body: Some(sent), ..
            }) = &case.request
            else {
                return false;
            };
            let sent = serde_json::from_slice(sent).expect("JSON");
            let faults = probity::contract::assess(&body.schema, &sent, &stage.texts).faults;
            !faults.is_empty() && faults.iter().all(|fault| fault.keyword == keyword)
        });
        assert!(alone.count() > 0, "{schema}: {keyword}");
        // What breaks another rule as well shows nothing of a count.
        let every = all.iter().flat_map(|s| s.all_cases(&stage.context()));
        let of_count = |case: &Case| {
            case.promises
                .iter()
                .any(|p| p.ends_with(&format!(".{keyword}")))
        };
        for case in every.filter(|case| keyword.ends_with("s") && of_count(case)) {
            let Request::Http(HttpRequest {
                body: Some(sent), ..
            }) = &case.request
            else {
                continue;
            };
            let Ok(sent) = serde_json::from_slice::<Value>(sent) else {
                continue;
            };
            let faults = probity::contract::assess(&body.schema, &sent, &stage.texts).faults;
            let certain = faults.iter().filter(|fault| fault.certain);
            let mut others = certain.filter(|fault| fault.keyword != keyword);
            assert!(others.next().is_none(), "{schema}: {} {sent}", case.id);
        }
    }
}

/// Texts that are none of a parameter's format are asked and never demanded; words of other languages
/// stand where the document takes what they mean; numbers wrap at every width.
#[test]
fn inputs_where_they_tell() {
    let stage = Stage::new(&json!({
        "openapi": "3.1.0",
        "info": {"title": "Small", "version": "1"},
        "paths": {
            "/list": {"get": {
                "operationId": "list",
                "parameters": [
                    {"name": "since", "in": "query", "schema": {"type": "string", "format": "date-time"}},
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100}},
                ],
                "responses": {"200": {"description": "all"}, "400": {"description": "refused"}},
            }},
            "/set": {"put": {
                "operationId": "set",
                "requestBody": {"content": {"application/json": {"schema": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["on", "name"],
                    "properties": {"on": {"type": "boolean"}, "name": {"type": ["string", "null"]}},
                }}}},
                "responses": {"204": {"description": "stored"}, "400": {"description": "refused"}},
            }},
        },
    }));
    let context = stage.context().thorough(true);
    let operations = stage.contract.operations.iter();
    let cases: Vec<Case> = operations
        .flat_map(|op| {
            let strategies = strategies();
            let cases = strategies.iter().flat_map(|s| s.cases(&context, op));
            cases.collect::<Vec<Case>>()
        })
        .collect();
    let drawn = |id: &str| -> &Case {
        let mut found = cases.iter().filter(|case| case.id.as_str().starts_with(id));
        found.next().unwrap_or_else(|| panic!("no {id}"))
    };
    for id in [
        "list/parameters/since/format-word",
        "list/parameters/since/format-date-only",
    ] {
        assert!(matches!(drawn(id).expect, Expect::Either { .. }), "{id}");
    }
    for id in ["list/targets/limit/wraps-8", "list/targets/limit/wraps-16"] {
        assert!(matches!(drawn(id).expect, Expect::Refused { .. }), "{id}");
    }
    let quotes = drawn("list/targets/since/quotes");
    assert!(matches!(quotes.expect, Expect::Survived { .. }));
    for (id, part) in [
        ("set/json-syntax/literals/capital-true", "\"on\":True"),
        ("set/json-syntax/literals/none", "\"name\":None"),
        ("set/json-syntax/literals/word", "\"probity\":word"),
    ] {
        let Request::Http(http) = &drawn(id).request else {
            panic!("{id}");
        };
        let body = String::from_utf8_lossy(http.body.as_deref().unwrap_or_default());
        assert!(body.contains(part), "{id}: {body}");
    }
}

/// An optional name of a zone that the device may not know leaves nothing open of other members.
#[test]
fn what_the_device_may_not_know_stands_in_cases_of_its_own() {
    let stage = Stage::new(&json!({
        "openapi": "3.1.0",
        "info": {"title": "Zone", "version": "1"},
        "paths": {"/clock": {"put": {
            "operationId": "set",
            "requestBody": {"content": {"application/json": {"schema": {
                "type": "object",
                "required": ["label"],
                "properties": {
                    "label": {"type": "string", "maxLength": 20},
                    "timezone": {"type": "string", "maxLength": 40},
                    "offset": {"type": "integer", "minimum": -720, "maximum": 720},
                },
            }}}},
            "responses": {"204": {"description": "stored"}, "400": {"description": "refused"}},
        }}},
    }));
    let context = stage.context();
    let operation = &stage.contract.operations[0];
    let accepts = |case: &Case| match &case.expect {
        Expect::Accepted => Some(true),
        Expect::Either { .. } => Some(false),
        _ => None,
    };
    let (mut plain, mut named) = (0, 0);
    for case in strategies()
        .iter()
        .flat_map(|s| s.cases(&context, operation))
    {
        let Request::Http(http) = &case.request else {
            continue;
        };
        let body = http.body.as_deref().unwrap_or_default();
        let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
            continue;
        };
        match (accepts(&case), body.contains_key("timezone")) {
            (Some(sure), true) => {
                assert!(!sure, "{}", case.id);
                named += 1;
            }
            (Some(true), false) => plain += usize::from(body.contains_key("offset")),
            _ => {}
        }
    }
    assert!(plain >= 5 && named >= 3, "{plain} {named}");
}
