//! `--contract URL` and `--fetch`: what is read from where, and what is not.

use crate::plain::Plain;

use std::path::Path;
use std::process::Command;

/// Exit code, and stdout with stderr behind it.
fn probity(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_probity"))
        .args(arguments)
        .current_dir(folder)
        .env("TOKEN", "hunter2-of-the-test")
        .output()
        .expect("runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let page = text(output.stdout) + &text(output.stderr);
    (output.status.code(), page)
}

/// A document whose answer has the schema that a reference names.
fn document(reference: &str) -> String {
    format!(
        r##"openapi: 3.1.0
info: {{title: Far away, version: "1"}}
components: {{securitySchemes: {{b: {{type: http, scheme: bearer}}}}}}
paths:
  /name:
    get:
      operationId: getName
      security: [{{b: []}}]
      responses: {{"200": {{description: ok, content: {{application/json: {{schema: {{$ref: "{reference}"}}}}}}}}}}
  /plain:
    get: {{operationId: getPlain, responses: {{"200": {{description: ok}}}}}}
"##
    )
}

const SCHEMAS: &str =
    "Name: {type: object, required: [name], properties: {name: {type: string}}}\n";

fn ok(body: &str) -> String {
    format!("200 OK\r\nContent-Type: application/yaml\r\n\r\n{body}")
}

/// A host of schemas, and a device that publishes its document in several places.
fn hosts() -> (Plain, Plain) {
    let other = Plain::new([
        ("GET /schemas.yaml ", ok(SCHEMAS)),
        ("GET /openapi.yaml ", ok(&document("schemas.yaml#/Name"))),
    ]);
    let far = format!("{}/schemas.yaml#/Name", other.url);
    let device = Plain::new([
        (
            "GET /api/openapi.yaml?key=hunter2 ",
            ok(&document("schemas.yaml#/Name")),
        ),
        (
            "GET /api/openapi.yaml ",
            ok(&document("schemas.yaml#/Name")),
        ),
        ("GET /api/schemas.yaml ", ok(SCHEMAS)),
        ("GET /api/far.yaml ", ok(&document(&far))),
        ("GET /api/up.yaml ", ok(&document("../schemas.yaml#/Name"))),
        ("GET /api/root.yaml ", ok(&document("/schemas.yaml#/Name"))),
        (
            "GET /here ",
            "302 Found\r\nLocation: /api/openapi.yaml\r\n\r\n".to_owned(),
        ),
        (
            "GET /there ",
            format!("302 Found\r\nLocation: {}/openapi.yaml\r\n\r\n", other.url),
        ),
        (
            "GET /round ",
            "302 Found\r\nLocation: /round\r\n\r\n".to_owned(),
        ),
        ("GET /secret ", "401 Unauthorized\r\n\r\n".to_owned()),
        ("GET /text ", ok("hello \u{1b}[2J: {")),
        ("GET /large ", ok(&"# filler\n".repeat(2_000_000))),
        (
            "GET /name ",
            "200 OK\r\nContent-Type: application/json\r\n\r\n{\"name\":\"a\"}".to_owned(),
        ),
        ("GET /plain ", "200 OK\r\n\r\n".to_owned()),
    ]);
    (device, other)
}

/// Command and options (`D`, `O`: the device, the other host), exit code, part of what is printed.
const TABLE: &str = "\
lint --contract D/api/openapi.yaml | 2 | no --target is given that it could be on; --fetch
lint --contract D/api/openapi.yaml --fetch | 0 | of the text of openapi
init --contract D/api/openapi.yaml --fetch | 0 | Profile for Far away 1 (openapi)
explain --contract D/api/openapi.yaml --fetch getName.responses.200 | 0 | /api/openapi.yaml:
plan --contract D/api/openapi.yaml --fetch | 0 | getPlain
check --target D --contract D/api/openapi.yaml --token-env TOKEN | 0 | ok       getName
check --target D --contract D/here --token-env TOKEN | 0 | ok       getName
check --target D --contract O/openapi.yaml --token-env TOKEN | 2 | not on the device of --target; --fetch
check --target D --contract O/openapi.yaml --token-env TOKEN --fetch | 0 | ok       getName
check --target D --contract D/there --no-auth | 2 | another origin
check --target D --contract D/round --no-auth | 2 | --contract
check --target D --contract D/secret --no-auth | 2 | status 401: it asks for credentials
check --target D --contract D/nothing --no-auth | 2 | /nothing: status 404
check --target D --contract D/text --no-auth | 2 | /text
check --target D --contract D/large --no-auth | 2 | larger than 16777216 octets
lint --contract http://127.0.0.1:9/x --fetch | 2 | --contract http://127.0.0.1:9/x:
lint --contract http://me:hunter2@127.0.0.1:9/x --fetch | 2 | credentials do not belong into a URL
lint --contract D/api/openapi.yaml?key=hunter2 --fetch | 0 | of the text of openapi
lint --contract D/none?key=hunter2 --fetch | 2 | /none: status 404
lint --contract ftp://127.0.0.1/x --fetch | 2 | ftp://127.0.0.1/x
lint --contract far.yaml | 0 | URLs are read with --fetch only
check --target D --contract D/api/far.yaml --token-env TOKEN | 0 | ok       getName
lint --contract D/api/up.yaml --fetch | 0 | leads out of the document's folder
lint --contract D/api/root.yaml --fetch | 0 | leads out of the document's folder";

#[test]
fn a_document_comes_from_the_device_or_with_fetch() {
    let (device, other) = hosts();
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    let far = document(&format!("{}/schemas.yaml#/Name", other.url));
    std::fs::write(folder.join("far.yaml"), far).expect("writes");
    let told = |word: &str| match word.split_at_checked(1) {
        Some(("D", path)) => format!("{}{path}", device.url),
        Some(("O", path)) => format!("{}{path}", other.url),
        _ => word.to_owned(),
    };
    for row in TABLE.lines() {
        let mut cells = row.splitn(3, " | ");
        let mut cell = || cells.next().expect("a cell");
        let words: Vec<String> = cell().split(' ').map(told).collect();
        let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        let want: i32 = cell().parse().expect("an exit code");
        let (code, page) = probity(folder, &arguments);
        assert_eq!(code, Some(want), "{row}: {page}");
        assert!(page.contains(cell()), "{row}: {page}");
        assert!(!page.contains("hunter2"), "{row}: {page}");
        assert!(!page.contains('\u{1b}'), "{row}: {page:?}");
    }
    for name in ["far.yaml".to_owned(), told("D/api/far.yaml")] {
        let asked = other.heads().len();
        let (code, page) = probity(folder, &["lint", "--fetch", "--contract", &name]);
        assert_eq!(code, Some(0), "{page}");
        assert!(!page.contains("is not read"), "{page}");
        assert_eq!(other.heads().len(), asked + 1, "{name}");
    }
    // Nobody's credentials go with a document.
    for head in device.heads().iter().chain(&other.heads()) {
        let document = head.contains(".yaml ") || head.contains("openapi");
        let shows = head.to_lowercase().contains("authorization");
        assert!(!(document && shows), "{head}");
    }
}

#[test]
fn where_it_is_not_allowed_nothing_is_asked() {
    let (device, other) = hosts();
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    let contract = format!("{}/openapi.yaml", other.url);
    for arguments in [
        &["lint", "--contract", &contract][..],
        &["check", "--contract", &contract, "--target", &device.url],
        &["run", "--contract", &contract, "--target", &device.url],
        &["mock", "--contract", &contract],
    ] {
        let (code, page) = probity(folder, arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {page}");
    }
    let redirected = format!("{}/there", device.url);
    let arguments = ["check", "--contract", &redirected, "--target", &device.url];
    assert_eq!(probity(folder, &arguments).0, Some(2));
    let far = format!("{}/api/far.yaml", device.url);
    let arguments = [
        "check",
        "--contract",
        &far,
        "--target",
        &device.url,
        "--no-auth",
    ];
    assert_eq!(probity(folder, &arguments).0, Some(0));
    assert!(other.heads().is_empty(), "{:?}", other.heads());
}
