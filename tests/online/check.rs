//! `probity check` by the real binary: what works, what is missing, and lines that can be copied.

use crate::plain::Plain;
use crate::small;

use probity::contract::{embedded::sip_settings, load};
use probity::mock::{self, MockConfig};
use probity::profile::Profile;
use small::Scene;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

/// Exit code and stdout; stderr goes behind it.
fn check(folder: &Path, target: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_probity"))
        .args(["check", "--target", target, "--timeout", "2s"])
        .args(arguments)
        .current_dir(folder)
        .env("PW", "123456")
        .env("WRONG", "hunter2-of-the-test")
        .output()
        .expect("runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (out, err) = (text(output.stdout), text(output.stderr));
    // Ports differ from run to run.
    let page = format!("{out}{err}").replace(target, "http://DEVICE");
    (output.status.code(), page)
}

#[test]
fn a_device_that_has_everything() {
    let scene = Scene::new(&[]);
    let target = format!("http://{}", scene.mock.addr());
    let folder = scene.folder.path();
    let arguments = ["--contract", "small.yaml", "--profile", "device.toml"];
    let (code, page) = check(folder, &target, &arguments);
    assert_eq!(code, Some(0), "{page}");
    assert!(
        page.contains("ok       GET /state  put back with setSettings"),
        "{page}"
    );
    assert!(page.contains("a run could judge everything"), "{page}");
    // Without the profile the write cannot be put back, and is left out with the line that opens it.
    let (_, page) = check(folder, &target, &["--contract", "small.yaml"]);
    assert!(page.contains("[read-back.setSettings]"), "{page}");
}

#[test]
fn the_embedded_contract_with_and_without_credentials() {
    let (contract, profile) = sip_settings();
    let config = MockConfig::clean(Arc::new(contract), Arc::new(profile));
    let mock = mock::spawn(config).expect("mock starts");
    let target = format!("http://{}", mock.addr());
    let folder = tempfile::tempdir().expect("folder");
    let table: [(&[&str], i32, &str); 5] = [
        (
            &["--username", "admin", "--password-env", "PW"],
            0,
            "ok       login  the device lets us in",
        ),
        (
            &["--username", "admin", "--password-env", "WRONG"],
            3,
            "missing  login  the device refuses the login",
        ),
        (&[], 3, "asks for a bearer token: give --username U"),
        (&["--token-env", "WRONG"], 3, "401"),
        (
            &["--token-env", "NOPE"],
            2,
            "there is no such environment variable",
        ),
    ];
    for (arguments, want, part) in table {
        let (code, page) = check(folder.path(), &target, arguments);
        assert_eq!(code, Some(want), "{arguments:?}: {page}");
        assert!(page.contains(part), "{arguments:?}: {page}");
        assert!(!page.contains("hunter2"), "{page}");
    }
    mock.stop();
    let (code, page) = check(folder.path(), "http://127.0.0.1:9", &["--no-auth"]);
    assert_eq!(code, Some(3), "{page}");
    assert!(page.contains("does not answer"), "{page}");
}

const CONTRACT: &str = r##"openapi: 3.1.0
info: {title: A device with gaps, version: "1"}
paths:
  /status:
    get: {operationId: getStatus, responses: {"200": {description: ok, content: {application/json: {schema: {type: object, required: [up], properties: {up: {type: integer}}}}}}}}
  /doors/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get: {operationId: getDoor, responses: {"200": {description: ok}}}
  /users:
    get: {operationId: getUsers, responses: {"200": {description: ok}}}
  /log:
    get: {operationId: getLog, responses: {"200": {description: ok}}}
  /fax:
    get: {operationId: getFax, responses: {"200": {description: ok}}}
  /broken:
    get: {operationId: getBroken, responses: {"200": {description: ok}}}
  /evil:
    get: {operationId: getEvil, responses: {"200": {description: ok}}}
  /old:
    get: {operationId: getOld, responses: {"200": {description: ok}}}
  /search:
    get: {operationId: search, parameters: [{name: q, in: query, required: true, schema: {type: string}}], responses: {"200": {description: ok}}}
  /reboot:
    get: {operationId: reboot, x-acts: true, responses: {"200": {description: ok}}}
  /name:
    get: {operationId: getName, responses: {"200": {description: ok, content: {application/json: {schema: {type: object}}}}}}
    put:
      operationId: setName
      requestBody: {required: true, content: {application/json: {schema: {type: object, required: [name, room], additionalProperties: false, properties: {name: {type: string, maxLength: 9}, room: {type: string, maxLength: 9}}}}}}
      responses: {"200": {description: ok}}
"##;

const ANSWERS: &[(&str, &str)] = &[
    (
        "GET /status ",
        "200 OK\r\nContent-Type: application/json\r\n\r\n{\"down\":1}",
    ),
    (
        "GET /doors/front ",
        "200 OK\r\nContent-Type: application/json\r\n\r\n{}",
    ),
    ("GET /users ", "401 Unauthorized\r\n\r\n{}"),
    ("GET /log ", "403 Forbidden\r\n\r\n{}"),
    ("GET /broken ", "500 Oops\r\n\r\n{}"),
    ("GET /evil ", "302 Found\r\nLocation: /new\u{1b}[2J\r\n\r\n"),
    ("GET /old ", "302 Found\r\nLocation: /new\r\n\r\n"),
    (
        "GET /search?q=moon ",
        "200 OK\r\nContent-Type: application/json\r\n\r\n{}",
    ),
    ("GET /search", "400 Bad Request\r\n\r\n{}"),
    (
        "GET /name ",
        "200 OK\r\nContent-Type: application/json\r\n\r\n{\"data\":{\"name\":\"a\",\"room\":\"b\"}}",
    ),
];

#[test]
fn gaps_get_the_lines_that_fill_them() {
    let device = Plain::new(ANSWERS.iter().copied());
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    std::fs::write(folder.join("gaps.yaml"), CONTRACT).expect("writes");
    std::fs::write(
        folder.join("first.toml"),
        "[read-back.setName]\npath = \"/name\"\n",
    )
    .expect("writes");
    let first = ["--contract", "gaps.yaml", "--profile", "first.toml"];
    let (code, page) = check(folder, &device.url, &first);
    assert_eq!(code, Some(3), "{page}");
    insta::assert_snapshot!(page);
    // Nothing but reads, and none that acts.
    for line in device.heads() {
        assert!(
            line.starts_with("GET ") && !line.contains("reboot"),
            "{line}"
        );
    }
    // The lines as they were printed, with values that stand on the device.
    let (_, lines) = page.split_once("in place of …\n").expect("lines");
    let (lines, _) = lines.split_once("\n\n").expect("an end");
    let filled = lines
        .replace("q = …", "q = \"moon\"")
        .replace('…', "\"front\"");
    let added = "[cannot-judge]\n";
    let more = format!("{added}getUsers = \"no users here\"\ngetOld = \"moved\"\n");
    std::fs::write(folder.join("second.toml"), filled.replace(added, &more)).expect("writes");
    let second = ["--contract", "gaps.yaml", "--profile", "second.toml"];
    let (code, page) = check(folder, &device.url, &second);
    assert_eq!(code, Some(0), "{page}");
    for works in [
        "getDoor  GET /doors/{id}: 200",
        "search  GET /search: 200",
        "GET /name  put back with setName\n",
        "  getFax: this device does not have it",
    ] {
        assert!(page.contains(works), "{works}: {page}");
    }
}

#[test]
fn a_state_that_is_read_with_another_method_is_not_read() {
    let device = Plain::new(ANSWERS.iter().copied());
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    std::fs::write(folder.join("gaps.yaml"), CONTRACT).expect("writes");
    let profile = "[read-back.setName]\nmethod = \"POST\"\npath = \"/name/read\"\n";
    std::fs::write(folder.join("post.toml"), profile).expect("writes");
    let arguments = ["--contract", "gaps.yaml", "--profile", "post.toml"];
    let (_, page) = check(folder, &device.url, &arguments);
    assert!(page.contains("unseen   POST /name/read"), "{page}");
    assert!(
        device.heads().iter().all(|h| h.starts_with("GET ")),
        "{page}"
    );
}

#[test]
fn a_device_that_a_read_takes_down_is_not_whole() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("binds");
    let target = format!("http://{}", listener.local_addr().expect("address"));
    let falls = std::thread::spawn(move || {
        // The look whether somebody is there, then the first read, before which it takes nobody else.
        let _look = listener.accept();
        let (mut read, _) = listener.accept().expect("connects");
        drop(listener);
        let _ = std::io::Read::read(&mut read, &mut [0; 4096]);
    });
    let folder = tempfile::tempdir().expect("folder");
    let one = "openapi: 3.1.0\ninfo: {title: a, version: '1'}\npaths: {/a: {get: {operationId: getA, \
               responses: {'200': {description: ok}}}}}\n";
    std::fs::write(folder.path().join("one.yaml"), one).expect("writes");
    let (code, page) = check(folder.path(), &target, &["--contract", "one.yaml"]);
    falls.join().expect("ends");
    assert_eq!(code, Some(3), "{page}");
    assert!(page.contains("takes no connection any more"), "{page}");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("binds");
    let target = format!("http://{}", listener.local_addr().expect("address"));
    let silent = std::thread::spawn(move || {
        // The look whether somebody is there, then the first read, which stays without an answer.
        let _kept: Vec<_> = listener.incoming().take(2).collect();
        std::thread::sleep(std::time::Duration::from_secs(8));
    });
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("gaps.yaml"), CONTRACT).expect("writes");
    let started = std::time::Instant::now();
    let child = Command::new(env!("CARGO_BIN_EXE_probity"))
        .args([
            "check",
            "--contract",
            "gaps.yaml",
            "--timeout",
            "60s",
            "--target",
            &target,
        ])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("starts");
    std::thread::sleep(std::time::Duration::from_secs(3));
    let pid = child.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-s", "TERM", &pid])
        .status();
    assert!(sent.expect("kill runs").success());
    let output = child.wait_with_output().expect("ends");
    let page = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{page}");
    assert!(page.contains("not looked at to the end"), "{page}");
    assert!(started.elapsed() < std::time::Duration::from_secs(20));
    silent.join().expect("ends");
}

#[test]
fn wrong_credentials_are_not_shown_to_everybody() {
    let device = Plain::new([("GET ", "401 Unauthorized\r\n\r\n{}")]);
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    let secured = CONTRACT.replace(
        "paths:",
        "security: [{b: []}]\ncomponents: {securitySchemes: {b: {type: http, scheme: basic}}}\npaths:",
    );
    std::fs::write(folder.join("gaps.yaml"), secured).expect("writes");
    let contract = ["--contract", "gaps.yaml"];
    let given = ["--username", "admin", "--password-env", "WRONG"];
    let (code, page) = check(folder, &device.url, &[&contract[..], &given].concat());
    assert_eq!(code, Some(3), "{page}");
    assert!(page.contains("failed logins lock accounts"), "{page}");
    assert!(page.contains("not looked at to the end"), "{page}");
    assert_eq!(device.heads().len(), 3, "{page}");
}

#[test]
fn what_is_wrong_with_the_question() {
    let folder = tempfile::tempdir().expect("folder");
    let output = Command::new(env!("CARGO_BIN_EXE_probity"))
        .arg("check")
        .current_dir(folder.path())
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(2));
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.contains("Give --target URL"), "{err}");
}

/// The profile that `init` drafts, with everything off, changes nothing for `check`.
#[test]
fn a_drafted_profile_is_taken() {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    let contract = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/contracts/thermostat.yaml"
    );
    let drafted = Command::new(env!("CARGO_BIN_EXE_probity"))
        .args(["init", "--contract", contract, "--output", "draft.toml"])
        .current_dir(folder)
        .status();
    assert!(drafted.expect("runs").success());
    let (contract_of, profile) = (load(contract.as_ref()).expect("loads"), Profile::default());
    let config = MockConfig::clean(Arc::new(contract_of), Arc::new(profile));
    let mock = mock::spawn(config).expect("mock starts");
    let target = format!("http://{}", mock.addr());
    let plain = check(
        folder,
        &target,
        &["--contract", contract, "--token-env", "PW"],
    );
    let with = [
        "--contract",
        contract,
        "--token-env",
        "PW",
        "--profile",
        "draft.toml",
    ];
    assert_eq!(check(folder, &target, &with), plain);
    mock.stop();
}

/// What check says a run comes to, it comes to.
#[test]
fn what_it_says_a_run_does() {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    let contract = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contracts/camera.yaml");
    let loaded = load(contract.as_ref()).expect("loads");
    let config = MockConfig::clean(Arc::new(loaded), Arc::new(Profile::default()));
    let mock = mock::spawn(config).expect("mock starts");
    let target = format!("http://{}", mock.addr());
    let who = [
        "--contract",
        contract,
        "--username",
        "admin",
        "--password-env",
        "PW",
    ];
    let run = |more: &[&str]| {
        let run = Command::new(env!("CARGO_BIN_EXE_probity"))
            .args(["run", "--quiet", "--target", &target])
            .args(who)
            .args(more)
            .current_dir(folder)
            .env("PW", "123456")
            .output()
            .expect("runs");
        run.status.code()
    };
    let (code, page) = check(folder, &target, &who);
    assert_eq!((code, run(&[])), (Some(0), Some(0)), "{page}");
    mock.stop();
}

/// What many operations lack is one line, with the way out where a device asks for nothing.
#[test]
fn what_many_operations_lack_is_said_once() {
    let operation = |n: usize| {
        format!(
            "  /p{n}: {{ get: {{ operationId: read{n}, responses: {{ '200': {{ description: ok }} }} }} }}\n"
        )
    };
    let paths: String = (0..9).map(operation).collect();
    let document = format!(
        "openapi: 3.0.3\ninfo: {{ title: keys, version: '1' }}\nsecurity: [{{ key: [] }}]\npaths:\n{paths}\
         components: {{ securitySchemes: {{ key: {{ type: apiKey, in: header, name: X-Key }} }} }}\n"
    );
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("keys.yaml"), &document).expect("written");
    let contract = load(&folder.path().join("keys.yaml")).unwrap_or_else(|e| panic!("{e}"));
    let config = MockConfig::clean(Arc::new(contract), Arc::new(Profile::default()));
    let mock = mock::spawn(config).expect("mock starts");
    let target = format!("http://{}", mock.addr());
    let (code, page) = check(folder.path(), &target, &["--contract", "keys.yaml"]);
    assert_eq!(code, Some(3), "{page}");
    assert!(
        page.contains("read0, read1, read2, read3 and 5 more  asks for"),
        "{page}"
    );
    assert_eq!(page.matches("--no-auth").count(), 1, "{page}");
    assert!(page.contains("1 thing is missing"), "{page}");
}

/// A redirect to the same path with or without its slash is no other address.
#[test]
fn a_slash_at_the_end_is_told() {
    let answer = "301 Moved\r\nLocation: /api\r\n\r\n";
    let device = Plain::new([("GET /api/ ", answer)]);
    let folder = tempfile::tempdir().expect("folder");
    let document = "openapi: 3.0.3\ninfo: { title: slash, version: '1' }\npaths: { /api/: { get: { responses: { '200': { description: ok } } } } }\n";
    std::fs::write(folder.path().join("slash.yaml"), document).expect("written");
    let (_, page) = check(folder.path(), &device.url, &["--contract", "slash.yaml"]);
    assert!(page.contains("differ in the slash at its end"), "{page}");
}
