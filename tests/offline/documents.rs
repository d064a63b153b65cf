//! What becomes of a document: small ones, good and broken, beside what is made of them as pinned
//! text. A promise stands with the place that states it, an error with the place that is wrong.

use probity::contract::{
    Contract, ContractIssue, FieldPath, Operation, Response, Schema, SecurityScheme, Step, lint,
    load, load_bytes,
};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/documents")
        .join(name)
}

fn document(name: &str) -> Contract {
    load(&file(name)).unwrap_or_else(|e| panic!("{e}"))
}

fn line(number: Option<u32>) -> String {
    number.map_or(String::new(), |n| format!(" (line {n})"))
}

/// What the promises of a schema do not say.
fn rules(schema: &Schema) -> String {
    let mut out = String::new();
    for (name, there) in [
        ("secret", schema.secret),
        ("readOnly", schema.read_only),
        ("writeOnly", schema.write_only),
    ] {
        if there {
            let _ = write!(out, ", {name}");
        }
    }
    if !schema.published_types.is_empty() {
        let _ = write!(out, ", published {}", schema.published_types.join(" or "));
    }
    if !schema.examples.is_empty() {
        let _ = write!(out, ", shown {}", json!(schema.examples));
    }
    for part in &schema.all_of {
        let _ = write!(out, ", a part {}{}", part.pointer, line(part.page_line));
    }
    format!("{out}{}", line(schema.page_line))
}

fn path(path: &FieldPath) -> String {
    let parent = path.parent().map(|p| p.dotted());
    let leaf = path.leaf().unwrap_or("-");
    let enters = matches!(path.0.last(), Some(Step::Item));
    let what = if enters { "items" } else { "member" };
    format!(
        "{path}: {what}, leaf {leaf}, in {:?}, {}",
        parent.unwrap_or_default(),
        path.pointer()
    )
}

fn security(operation: &Operation) -> String {
    let one = |scheme: &SecurityScheme| match scheme {
        SecurityScheme::ApiKey { name, place } => format!("key {name} in {}", json!(place)),
        SecurityScheme::OAuth2(flows) => format!("oauth2 {:?}", flows.scopes),
        other => format!("{other:?}").to_lowercase(),
    };
    let all = |list: &Vec<SecurityScheme>| match list.as_slice() {
        [] => "nothing".to_owned(),
        some => some.iter().map(one).collect::<Vec<_>>().join(" and "),
    };
    if operation.security.is_empty() {
        return format!("needs nothing <- {}", operation.security_pointer);
    }
    let lists: Vec<String> = operation.security.iter().map(all).collect();
    let needs = if operation.needs_auth() {
        "needs"
    } else {
        "may do without"
    };
    format!(
        "{needs} {} <- {}",
        lists.join(", or "),
        operation.security_pointer
    )
}

fn response(out: &mut String, response: &Response) {
    let media = response.media_type.as_deref().unwrap_or("no JSON");
    let status = json!(response.status.exact());
    let _ = writeln!(
        out,
        "  answer {:?} ({status}): {media} <- {}",
        response.status, response.pointer
    );
    for (pointer, example) in &response.examples {
        let _ = writeln!(out, "    shows {example} <- {pointer}");
    }
    for shape in &response.shapes {
        let _ = writeln!(
            out,
            "    text {} {}: answers {}, may answer {}{} <- {}",
            shape.status,
            shape.promise,
            json!(shape.answers),
            json!(shape.may_answer),
            if shape.names_field() {
                ", names the field"
            } else {
                ""
            },
            shape.pointer
        );
    }
}

fn operation(out: &mut String, operation: &Operation) {
    let acts = if operation.acts == Some(true) {
        ", acts"
    } else {
        ""
    };
    let _ = writeln!(
        out,
        "\n{} {} {}{acts} <- {}",
        operation.id, operation.method, operation.path, operation.pointer
    );
    let _ = writeln!(out, "  {}", security(operation));
    for parameter in &operation.parameters {
        let need = if parameter.required {
            "required"
        } else {
            "optional"
        };
        let rules = rules(&parameter.schema);
        let _ = writeln!(
            out,
            "  {need} {} in {}{rules} <- {}",
            parameter.name,
            json!(parameter.place),
            parameter.pointer
        );
    }
    if let Some(body) = &operation.body {
        let need = if body.required {
            "required"
        } else {
            "optional"
        };
        let _ = writeln!(
            out,
            "  {need} body of {}{} <- {}",
            body.media_type,
            rules(&body.schema),
            body.pointer
        );
    }
    for field in operation.fields() {
        let need = if field.required {
            "required"
        } else {
            "optional"
        };
        let _ = writeln!(
            out,
            "    {need} {}{} <- {}",
            path(&field.path),
            rules(field.schema),
            field.schema.pointer
        );
    }
    for answer in &operation.responses {
        response(out, answer);
    }
    let _ = writeln!(out, "  success is {:?}", operation.success_statuses());
    for status in [200, 204, 299, 400, 404, 500] {
        let found = operation.response(status).map(|r| r.pointer.as_str());
        let _ = writeln!(out, "  {status} is described at {}", found.unwrap_or("-"));
    }
}

fn summary(contract: &Contract) -> String {
    let mut out = format!(
        "{} {} {:?} {:?}\n",
        contract.id, contract.title, contract.version, contract.servers
    );
    for one in &contract.operations {
        operation(&mut out, one);
        assert_eq!(
            contract.operation(&one.id).map(|o| &o.pointer),
            Some(&one.pointer)
        );
    }
    out.push_str("\npromises\n");
    for promise in &contract.promises {
        let _ = writeln!(
            out,
            "{}{} <- {}\n    {}",
            promise.id,
            line(promise.source.page_line),
            promise.source.pointer,
            promise.text
        );
        assert_eq!(contract.promise(&promise.id), Some(promise));
    }
    out.push_str("\nleft out\n");
    for entry in &contract.unsupported {
        let _ = writeln!(out, "{}: {}", entry.pointer, entry.what);
    }
    out
}

#[test]
fn operations() {
    insta::assert_snapshot!(summary(&document("operations.yaml")));
}

#[test]
fn parts() {
    insta::assert_snapshot!(summary(&document("parts.yaml")));
}

/// Puts a value at a place, or takes away what is there.
fn edit(document: &mut Value, pointer: &str, value: Option<Value>) {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let name = name.replace("~1", "/").replace("~0", "~");
    let parent = document.pointer_mut(parent).and_then(Value::as_object_mut);
    let parent = parent.unwrap_or_else(|| panic!("nothing holds {pointer}"));
    match value {
        Some(value) => parent.insert(name, value),
        None => parent.remove(&name),
    };
}

const BODY: &str = "/paths/~1a~1{id}/put/requestBody/content/application~1json/schema";

fn edited(row: &str) -> String {
    let base = std::fs::read_to_string(file("base.json")).expect("the base");
    let mut document: Value = serde_json::from_str(&base).expect("JSON");
    for change in row.split(" ; ") {
        let (pointer, value) = change.split_once(' ').expect("a place and a value");
        let pointer = if pointer == "S" { BODY } else { pointer };
        let value = (value != "-").then(|| serde_json::from_str(value).expect(row));
        edit(&mut document, pointer, value);
    }
    let mut out = String::new();
    match load_bytes("base", document.to_string().as_bytes()) {
        Err(error) => {
            assert_eq!(error.file, "base");
            let _ = writeln!(out, "    error at {:?}: {}", error.place, error.reason);
        }
        Ok(contract) => {
            let judged: Vec<&str> = contract.operations.iter().map(|o| o.id.as_str()).collect();
            let _ = writeln!(out, "    judged: {}", judged.join(", "));
            for entry in &contract.unsupported {
                let _ = writeln!(out, "    left out {:?}: {}", entry.pointer, entry.what);
            }
        }
    }
    out
}

#[test]
fn edits() {
    let table = std::fs::read_to_string(file("edits.txt")).expect("the table");
    let mut out = String::new();
    for row in table.lines() {
        if row.is_empty() || row.starts_with('#') {
            let _ = writeln!(out, "{row}");
        } else {
            let _ = write!(out, "{row}\n{}", edited(row));
        }
    }
    insta::assert_snapshot!(out);
}

fn issues(contract: &Contract) -> String {
    let mut out = String::new();
    for issue in lint(contract, &contract.texts()) {
        let ContractIssue {
            id,
            promise,
            title,
            proof,
            page_line,
            ..
        } = issue;
        let promise = promise.unwrap_or_else(|| "-".into());
        let _ = writeln!(
            out,
            "{id}{}\n    {promise}: {title}\n    {proof}",
            line(page_line)
        );
    }
    out
}

#[test]
fn issues_of_fields_and_answers() {
    let text = issues(&document("lint.yaml"));
    let blamed = text.lines().find(|l| l.contains("/ok") && !l.contains(' '));
    assert_eq!(blamed, None);
    insta::assert_snapshot!(text);
}

#[test]
fn issues_of_error_texts() {
    insta::assert_snapshot!(issues(&document("texts.yaml")));
}

#[test]
fn issues_of_the_document() {
    let (rules, typed) = (document("rules.yaml"), document("typed.yaml"));
    insta::assert_snapshot!(issues(&rules) + &issues(&typed));
}

/// A document with one operation and whatever the head says of it.
const HEAD: &str = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths:\n  /x:\n    put:\n      requestBody:\n        content:\n          application/json:\n            example: ";

#[test]
fn scalars() {
    let table = std::fs::read_to_string(file("scalars.txt")).expect("the table");
    let mut out = String::new();
    for row in table.lines().filter(|row| !row.starts_with('#')) {
        let _ = match load_bytes("x", format!("{HEAD}{row}\n").as_bytes()) {
            Ok(contract) => {
                let body = contract.operations[0].body.as_ref().expect("a body");
                let shown: Vec<&Value> = body.examples.iter().map(|(_, value)| value).collect();
                writeln!(out, "{row}  ->  {}", json!(shown))
            }
            Err(error) => writeln!(out, "{row}  ->  {}: {}", error.place, error.reason),
        };
    }
    insta::assert_snapshot!(out);
}

/// JSON is read as JSON, also behind a byte order mark; what only begins like JSON as YAML.
#[test]
fn texts() {
    const FLOW: &str =
        "{openapi: 3.0.3, info: {title: 5, version: 1.10}, paths: {/x: {get: {responses: {}}}}}";
    let json = r#"{"openapi": "3.0.3", "info": {}, "paths": {"/x": {"get": {}}}}"#;
    let marked = format!("\u{feff}\n {json}");
    let comment = "a comment, which JSON does not have (RFC 8259): take out this and every other, or save \
                   the document as YAML, whose comments begin with `#`";
    let (of_line, of_part) = (
        format!("x: line 2, column 2: {comment}"),
        format!("x: line 1, column 16: {comment}"),
    );
    let table: [(&[u8], &str); 17] = [
        (b"{\"a\": \"//\\\"\",\n // why\n \"b\": 2} // end", &of_line),
        (
            "{\"\u{e4}\": \"/* */\", /* why */\"b\": 2}".as_bytes(),
            &of_part,
        ),
        (
            b"{a: //b, c: 1}",
            "x: /openapi: not an OpenAPI document: no `openapi` version",
        ),
        (json.as_bytes(), "good: [] []"),
        (marked.as_bytes(), "good: [] []"),
        (FLOW.as_bytes(), "good: [5] [1.1]"),
        (
            b"{\"a\": 1,\n\"a\": 2}",
            "x: /openapi: not an OpenAPI document: no `openapi` version",
        ),
        (
            b"{\"a\": 1,}",
            "x: /openapi: not an OpenAPI document: no `openapi` version",
        ),
        (
            b"{\"a\": 1e999}",
            "x: /openapi: not an OpenAPI document: no `openapi` version",
        ),
        (
            b"[1",
            "x: line 1, column 2: not JSON: EOF while parsing a list",
        ),
        (
            b"{\"openapi\": \"3.0.3\"} {}",
            "x: line 1, column 22: not JSON: trailing characters",
        ),
        (
            b"a: 1\na: 2\n",
            "x: /openapi: not an OpenAPI document: no `openapi` version",
        ),
        (
            b"a: 1\n--- b: 2\n",
            "x: line 2, column 1: more than one document in the file: a second `---`",
        ),
        (
            b"a: [\n",
            "x: line 1, column 4: not YAML: unclosed bracket '['",
        ),
        (
            b"a: \xff",
            "x: line 1, column 4: not UTF-8: octet 0xFF; save the file as UTF-8",
        ),
        (
            b"",
            "x: /openapi: not an OpenAPI document: no `openapi` version",
        ),
        (
            b"text",
            "x: /openapi: not an OpenAPI document: no `openapi` version",
        ),
    ];
    for (bytes, want) in table {
        let got = match load_bytes("x", bytes) {
            Ok(contract) => format!("good: [{}] [{}]", contract.title, contract.version),
            Err(error) => error.to_string(),
        };
        assert_eq!(got, want, "{:?}", String::from_utf8_lossy(bytes));
    }
}

/// What a document as large as may be becomes, and one that is a little larger.
#[test]
fn limits() {
    let references = |count: usize| {
        let reference = json!({"$ref": "#/components/schemas/S"});
        let document = json!({
            "openapi": "3.0.3",
            "info": {"title": "t", "version": "1"},
            "paths": {"/x": {"get": {"responses": {"204": {"description": "d"}}}}},
            "components": {"schemas": {"S": {}}},
            "x-many": vec![reference; count]
        });
        document.to_string().into_bytes()
    };
    // Each schema is held once: references cost nothing but themselves.
    let table: [(&str, Vec<u8>, &str); 3] = [
        ("references", references(50_000), ""),
        (
            "octets",
            vec![0xff; 16 << 20],
            "line 1, column 1: not UTF-8",
        ),
        (
            "octets",
            vec![0xff; (16 << 20) + 1],
            "x: larger than 16777216 octets",
        ),
    ];
    for (what, bytes, want) in table {
        let got = match load_bytes("x", &bytes) {
            Ok(contract) => contract
                .unsupported
                .iter()
                .map(|u| u.what.clone())
                .collect(),
            Err(error) => error.to_string(),
        };
        assert!(got.contains(want), "{what}: {got}, wanted {want}");
        assert_eq!(got.is_empty(), want.is_empty(), "{what}: {got}");
    }
}

/// A file is refused as its bytes are; a directory, or what is not there, says so.
#[test]
fn files() {
    let folder = tempfile::tempdir().expect("a directory");
    let sparse = |size: u64| {
        let path = folder.path().join(format!("{size}.yaml"));
        let file = std::fs::File::create(&path).expect("a file");
        file.set_len(size).expect("a size");
        path
    };
    let table = [
        (sparse(16 << 20), "line 1, column 1: not YAML: "),
        (sparse((16 << 20) + 1), "larger than 16777216 octets"),
        (folder.path().to_owned(), "is a folder, not a file"),
        (folder.path().join("none"), "No such file"),
    ];
    for (path, want) in table {
        let error = load(&path).expect_err("no contract").to_string();
        let want = format!("{}: {want}", path.display());
        assert!(error.starts_with(&want), "{error}, wanted {want}");
    }
    assert_eq!(document("typed.yaml").id, "typed");
}
