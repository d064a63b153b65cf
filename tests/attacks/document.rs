//! Documents that want to take the program with them, or to read and ask what is not theirs: `lint`
//! and `plan` end in time, within bounded memory, with an exit code of the table; nothing outside of the
//! document's folder is shown, and nobody is asked.

use crate::process::{self, BINARY, start};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;

/// Kilobytes that a process may take.
const MEMORY_KIB: usize = 3 << 20;
/// Stands in a file beside the document's folder.
const HIDDEN: &str = "t0p-s3cret";
/// Stands for the port of a host that nobody is to ask.
const ELSEWHERE: &str = "ELSEWHERE";

/// A document with one operation whose body has this schema, as text.
fn body(schema: impl std::fmt::Display) -> String {
    document("/x", &format!("{schema}"), "", "")
}

/// The same, with members of the operation and of the document.
fn document(path: &str, schema: &str, operation: &str, more: &str) -> String {
    let path = json!(path);
    format!(
        r#"{{"openapi": "3.1.0", "info": {{"title": "t", "version": "1"}}, "paths": {{{path}: {{"put": {{
        "operationId": "setX", {operation} "requestBody": {{"required": true, "content": {{"application/json":
        {{"schema": {schema}}}}}}}, "responses": {{"200": {{"description": "ok"}}, "400": {{"description": "no"}}}}
        }}}}}} {more}}}"#
    )
}

fn with_schemas(first: &str, schemas: impl IntoIterator<Item = (String, Value)>) -> String {
    let all: serde_json::Map<String, Value> = schemas.into_iter().collect();
    let first = json!({"$ref": format!("#/components/schemas/{first}")});
    let more = format!(", \"components\": {{\"schemas\": {}}}", Value::Object(all));
    document("/x", &first.to_string(), "", &more)
}

/// A member that has to be there.
fn member(schema: impl std::fmt::Display) -> String {
    body(format!(
        r#"{{"type": "object", "required": ["a"], "properties": {{"a": {schema}}}}}"#
    ))
}

fn nested(times: usize, open: &str, inner: &str, close: &str) -> String {
    format!("{}{inner}{}", open.repeat(times), close.repeat(times))
}

/// Schema `n` from the two references to the one before it.
fn doubled(times: usize, of: fn(Value) -> Value) -> String {
    let first = ("S0".to_owned(), json!({"type": "string"}));
    let rest = (1..=times).map(|n| {
        let before = json!({"$ref": format!("#/components/schemas/S{}", n - 1)});
        (format!("S{n}"), of(before))
    });
    with_schemas(&format!("S{times}"), std::iter::once(first).chain(rest))
}

type Row = (&'static str, String);

/// What is small and stands for much.
fn bombs() -> Vec<Row> {
    let names = |n: usize| {
        (0..n)
            .map(|n| format!("\"k{n}\""))
            .collect::<Vec<_>>()
            .join(",")
    };
    let numbers = (0..100_000)
        .map(|n| n.to_string())
        .collect::<Vec<_>>()
        .join(",");
    let words = (0..60_000)
        .map(|n| format!("w{n:06x}"))
        .collect::<Vec<_>>()
        .join("|");
    let globs: String = (0..40)
        .map(|n| format!("\"^(x{{1,300}}){{1,300}}{n}\": {{\"type\": \"string\"}},"))
        .collect();
    vec![
        (
            "objects, 2^40",
            doubled(
                40,
                |r| json!({"type": "object", "required": ["a", "b"], "properties": {"a": r, "b": r}}),
            ),
        ),
        ("allOf, 2^30", doubled(30, |r| json!({"allOf": [r, r]}))),
        ("anyOf, 2^30", doubled(30, |r| json!({"anyOf": [r, r]}))),
        (
            "oneOf, 2^30",
            doubled(30, |r| json!({"oneOf": [r, {"not": r}]})),
        ),
        (
            "if, 3^20",
            doubled(20, |r| json!({"if": r, "then": r, "else": r})),
        ),
        (
            "not, 2^24",
            doubled(24, |r| json!({"not": {"allOf": [r, r]}})),
        ),
        (
            "arrays of 100 in eight levels",
            member(nested(
                8,
                r#"{"type": "array", "minItems": 100, "items": "#,
                r#"{"type": "string", "minLength": 100}"#,
                "}",
            )),
        ),
        (
            "10^18 items",
            member(r#"{"type": "array", "minItems": 1000000000000000000}"#),
        ),
        (
            "2^64 different items",
            member(
                r#"{"type": "array", "uniqueItems": true, "minItems": 18446744073709551615, "items": {"enum": [1, 2]}}"#,
            ),
        ),
        (
            "10^12 that are contained",
            member(
                r#"{"type": "array", "contains": {"type": "string"}, "minContains": 1000000000000, "maxContains": 1}"#,
            ),
        ),
        (
            "2^63 characters",
            member(r#"{"type": "string", "minLength": 9223372036854775808}"#),
        ),
        (
            "10^9 members",
            body(r#"{"type": "object", "minProperties": 1000000000}"#),
        ),
        (
            "100,000 names that are required",
            body(format!(
                r#"{{"type": "object", "required": [{}]}}"#,
                names(100_000)
            )),
        ),
        (
            "60,000 members",
            body(format!(
                "{{\"type\": \"object\", \"properties\": {{{}}}}}",
                (0..60_000)
                    .map(|n| format!("\"k{n}\": {{}}"))
                    .collect::<Vec<_>>()
                    .join(",")
            )),
        ),
        (
            "100,000 values",
            member(format!("{{\"enum\": [{numbers}]}}")),
        ),
        (
            "60,000 alternatives in a pattern",
            member(format!(r#"{{"type": "string", "pattern": "^({words})$"}}"#)),
        ),
        (
            "repetitions of repetitions",
            member(r#"{"type": "string", "pattern": "^(a+)+(b+)+((c{1,1000}){1,1000}){1,1000}$"}"#),
        ),
        (
            "a repetition of 2^31",
            member(r#"{"type": "string", "pattern": "^(.{0,2147483647}x){0,2147483647}$"}"#),
        ),
        (
            "5,000 groups deep",
            member(format!(
                r#"{{"type": "string", "pattern": "{}"}}"#,
                nested(5_000, "(", "a", ")")
            )),
        ),
        (
            "what was there again",
            member(r#"{"type": "string", "pattern": "^(.*)\\1(?=\\1)(?<!\\1)$"}"#),
        ),
        (
            "40 patterns of names",
            body(format!(
                r#"{{"type": "object", "patternProperties": {{{globs} "x": true}}}}"#
            )),
        ),
        (
            "names of 50,000 characters",
            body(
                r#"{"type": "object", "propertyNames": {"pattern": "^(a|aa)+$", "minLength": 50000}, "minProperties": 5000}"#,
            ),
        ),
        ("500 times not", body(nested(500, r#"{"not": "#, "{}", "}"))),
        (
            "2,000 objects deep",
            body(nested(
                2_000,
                r#"{"type": "object", "properties": {"a": "#,
                "{}",
                "}}",
            )),
        ),
        (
            "120 arrays deep",
            body(nested(
                120,
                r#"{"type": "array", "minItems": 1, "items": "#,
                "{}",
                "}",
            )),
        ),
        (
            "an example 900 deep",
            member(format!(r#"{{"example": {}}}"#, nested(900, "[", "1", "]"))),
        ),
    ]
}

/// What goes round in a circle.
fn circles() -> Vec<Row> {
    let a = |schema: Value| with_schemas("A", [("A".to_owned(), schema)]);
    let to_a = json!({"$ref": "#/components/schemas/A"});
    vec![
        ("to itself", a(to_a.clone())),
        ("allOf itself", a(json!({"allOf": [to_a, to_a]}))),
        ("not itself", a(json!({"not": to_a}))),
        (
            "an item of itself",
            a(json!({"type": "array", "minItems": 1, "items": to_a})),
        ),
        (
            "requires itself",
            a(json!({"type": "object", "required": ["a"], "properties": {"a": to_a}})),
        ),
        (
            "by $dynamicRef",
            body(r##"{"$dynamicRef": "#x", "$dynamicAnchor": "x"}"##),
        ),
        (
            "a path item",
            document("/y", "{}", "", "")
                .replace(r#""/y": {"#, r##""/x": {"$ref": "#/paths/~1x"}, "/y": {"##),
        ),
        (
            "a reference of 100,000 steps",
            body(format!(r##"{{"$ref": "#{}"}}"##, "/a".repeat(100_000))),
        ),
        (
            "a reference that is no pointer",
            body(r##"{"$ref": "#/~2~3~"}"##),
        ),
    ]
}

/// Numbers that are none, or more than a machine has.
fn numbers() -> Vec<Row> {
    let rule = |rule: &str| member(format!(r#"{{"type": "number", {rule}}}"#));
    vec![
        ("multiple of 0", rule(r#""multipleOf": 0"#)),
        ("multiple of -1", rule(r#""multipleOf": -1"#)),
        ("multiple of 1e-300", rule(r#""multipleOf": 1e-300"#)),
        ("at most 1e400", rule(r#""maximum": 1e400"#)),
        (
            "at least of 4,000 digits",
            rule(&format!(r#""minimum": -{}"#, "9".repeat(4_000))),
        ),
        (
            "between none",
            rule(
                r#""minimum": 5, "maximum": 4, "exclusiveMinimum": 1e308, "exclusiveMaximum": -1e308"#,
            ),
        ),
        (
            "a length of 1e400",
            member(r#"{"type": "string", "maxLength": 1e400}"#),
        ),
        (
            "a length of -1",
            member(r#"{"type": "string", "minLength": -1}"#),
        ),
        (
            "a length of 0.5",
            member(r#"{"type": "string", "minLength": 0.5}"#),
        ),
    ]
}

/// Files and hosts that are not the document's.
fn elsewhere() -> Vec<Row> {
    let to = |target: &str| body(json!({"$ref": target}));
    let host = format!("http://127.0.0.1:{ELSEWHERE}");
    let many: Vec<Value> = (0..2_000)
        .map(|n| json!({"$ref": format!("f{n}.json")}))
        .collect();
    vec![
        ("up a folder", to("../hidden.yaml#/x")),
        ("up a folder, encoded", to("%2e%2e/hidden.yaml#/x")),
        ("up a folder, by a link", to("up/hidden.yaml#/x")),
        ("a link", to("link.yaml#/x")),
        ("an absolute path", to("/etc/passwd")),
        ("file:", to("file:///etc/passwd")),
        ("a pipe", to("pipe#/x")),
        ("a link to /dev/zero", to("zero#/x")),
        ("the folder", to(".#/x")),
        ("2,000 files", body(json!({"allOf": many}))),
        ("a host", to(&format!("{host}/x.yaml"))),
        (
            "a host, by $id",
            body(json!({"$id": format!("{host}/"), "$ref": "x.json"})),
        ),
        (
            "a host, by $schema",
            body(json!({"$schema": format!("{host}/meta"), "type": "object"})),
        ),
        (
            "a host, by a discriminator",
            body(json!({"oneOf": [{"type": "object"}], "discriminator":
            {"propertyName": "t", "mapping": {"a": format!("{host}/a"), "b": "../hidden.yaml#/x"}}})),
        ),
        (
            "a host, by an example",
            document(
                "/x",
                "{}",
                "",
                &format!(
                    r#", "components": {{"examples": {{"e": {{"externalValue": "{host}/e"}}}}}}"#
                ),
            ),
        ),
        (
            "a host, by externalDocs",
            document(
                "/x",
                "{}",
                "",
                &format!(r#", "externalDocs": {{"url": "{host}/e"}}"#),
            ),
        ),
    ]
}

/// Names with more in them than a name.
fn names() -> Vec<Row> {
    let path = |path: &str| document(path, "{}", "", "");
    let operation = |more: &str| document("/x", "{}", more, "");
    let parameter = |of: Value| operation(&format!("\"parameters\": [{of}],"));
    let plain = || document("/x", "{}", "", "");
    vec![
        (
            "a path with a request",
            path("/x\r\nHost: evil\r\n\r\nGET /y"),
        ),
        ("a path with a host", path("//evil.example/x")),
        ("a path that is a URL", path("http://evil.example/x")),
        ("a path with a user", path("@evil.example/x")),
        ("a path with dots", path("/../../%2e%2e/x")),
        ("a path with NUL", path("/x\0y")),
        ("a path of 2,000 variables", path(&"/{p}".repeat(2_000))),
        (
            "a name of 200,000 letters",
            plain().replace("setX", &"x".repeat(200_000)),
        ),
        ("a name with a path", plain().replace("setX", "../../../x")),
        ("no name", plain().replace("setX", "")),
        (
            "a field with a line end",
            parameter(
                json!({"name": "X\r\nY", "in": "header", "required": true, "schema": {"const": "a"}}),
            ),
        ),
        (
            "a value with a line end",
            parameter(
                json!({"name": "X", "in": "header", "required": true, "schema": {"const": "a\r\nEvil: 1"}}),
            ),
        ),
        (
            "a field Host",
            parameter(
                json!({"name": "Host", "in": "header", "required": true, "schema": {"const": "evil.example"}}),
            ),
        ),
        (
            "a field Transfer-Encoding",
            parameter(
                json!({"name": "Transfer-Encoding", "in": "header", "required": true, "schema": {"const": "chunked"}}),
            ),
        ),
        (
            "a cookie with a cookie",
            parameter(
                json!({"name": "a;b", "in": "cookie", "required": true, "schema": {"const": "x; y\r\nEvil: 1"}}),
            ),
        ),
        (
            "a media type with a line end",
            plain().replace("application/json", "application/json\\r\\nEvil: 1"),
        ),
        (
            "a media type of 70,000 letters",
            plain().replace(
                "application/json",
                &format!("application/{}", "y".repeat(70_000)),
            ),
        ),
        (
            "a method with a line end",
            plain().replace("\"put\"", "\"x\\r\\nEvil\""),
        ),
        (
            "a server in its own variables",
            document(
                "/x",
                "{}",
                "",
                r#", "servers": [{"url": "{a}{a}", "variables": {"a": {"default": "{a}{a}"}}}]"#,
            ),
        ),
        (
            "a server with a line end",
            document(
                "/x",
                "{}",
                "",
                r#", "servers": [{"url": "/x\r\nHost: evil/"}]"#,
            ),
        ),
    ]
}

/// Texts that are not quite documents.
fn texts() -> Vec<Row> {
    let merges: String = (1..40)
        .map(|n| {
            format!(
                "a{n}: &a{n} {{<<: [*a{0}, *a{0}], k{n}: [*a{0}, *a{0}]}}\n",
                n - 1
            )
        })
        .collect();
    vec![
        ("merges of merges", format!("openapi: 3.1.0\na0: &a0 {{x: 1}}\n{merges}")),
        ("a tag that runs", "!!python/object/apply:os.system [\"touch evil\"]\n".to_owned()),
        ("60,000 braces", format!("openapi: {}", "{a: ".repeat(60_000))),
        ("100,000 anchors", format!("openapi: 3.1.0\nx: [{}]\n", (0..100_000).map(|n| format!("&a{n} 1")).collect::<Vec<_>>().join(","))),
        ("a key of 8 MiB", format!("\"{}\": 1\n", "k".repeat(8 << 20))),
        ("50,000 documents", "---\nopenapi: 3.1.0\n".repeat(50_000)),
        ("a directive", "%YAML 9.9\n%TAG ! tag:evil,2000:\n---\nopenapi: 3.1.0\n".to_owned()),
        ("no numbers", "openapi: 3.1.0\n.nan: 1\n1e999: 3\ninfo: {title: .nan, version: 0x7fffffffffffffffffff}\npaths: {}\n".to_owned()),
        ("members twice", r#"{"openapi": "3.1.0", "openapi": "2.0", "info": {}, "info": 7, "paths": {"/x": {}, "/x": {}}}"#.to_owned()),
        ("everything of another type", r#"{"openapi": ["3.1.0"], "info": 7, "paths": [1], "components": "x", "servers": {"a": 1}, "security": {"b": []}}"#.to_owned()),
        ("nothing but null", r#"{"openapi": "3.1.0", "info": null, "paths": {"/x": {"put": {"parameters": [null], "requestBody": null, "responses": {"200": null}}}}}"#.to_owned()),
    ]
}

fn lay_out(folder: &Path, text: &str) {
    let inside = folder.join("in");
    std::fs::create_dir(&inside).expect("folder");
    let hidden = format!("x: {{const: {HIDDEN}, description: {HIDDEN}, pattern: {HIDDEN}}}\n");
    std::fs::write(folder.join("hidden.yaml"), hidden).expect("file");
    std::fs::write(inside.join("document.yaml"), text).expect("document");
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, inside.join(name));
    let links = [
        ("../hidden.yaml", "link.yaml"),
        ("..", "up"),
        ("/dev/zero", "zero"),
    ];
    links
        .into_iter()
        .for_each(|(to, name)| link(to, name).expect("link"));
    let mut pipe = std::process::Command::new("mkfifo");
    assert!(
        pipe.arg(inside.join("pipe"))
            .status()
            .expect("mkfifo")
            .success()
    );
}

#[test]
fn a_hostile_document_is_read_in_time_and_reads_nothing_else() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
    let port = listener.local_addr().expect("address").port().to_string();
    let rows = [bombs(), circles(), numbers(), elsewhere(), names(), texts()].concat();
    process::all_hold(&rows, |(name, text)| {
        let folder = tempfile::tempdir().expect("folder");
        lay_out(folder.path(), &text.replace(ELSEWHERE, &port));
        for command in ["lint", "plan"] {
            let line = format!(
                "ulimit -v {MEMORY_KIB}; exec {BINARY} {command} --contract in/document.yaml"
            );
            let mut shell = std::process::Command::new("sh");
            shell.args(["-c", &line]);
            process::settled(&mut shell, folder.path());
            let ended = process::ended(&mut shell);
            let text = ended.text();
            if let Some(why) = ended.disorder() {
                return Err(format!("{command}: {name}: {why}"));
            }
            let shown = [HIDDEN, "root:x:"].into_iter().find(|t| text.contains(t));
            if shown.is_some() || text.len() > 4 << 20 {
                return Err(format!("{command}: {name}: {shown:?} {}", start(&text)));
            }
        }
        match folder.path().join("evil").exists() || folder.path().join("in/evil").exists() {
            true => Err(format!("{name}: something was run")),
            false => Ok(()),
        }
    });
    listener.set_nonblocking(true).expect("listener");
    assert!(listener.accept().is_err(), "another host was asked");
}
