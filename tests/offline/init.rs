//! `probity init`: the profile that it drafts loads, as it is written and with everything switched on.

use probity::contract::{load, values};
use probity::profile::Profile;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Exit code, stdout, stderr.
fn init(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_probity"))
        .arg("init")
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// YAML and JSON files below a folder; none where it is absent.
fn documents(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => documents(&path, out),
            false if path.extension().is_some_and(|e| e == "yaml" || e == "json") => out.push(path),
            false => {}
        }
    }
}

/// Every line that is switched off, on.
fn switched_on(profile: &str) -> String {
    let on = |line: &str| match line.strip_prefix('#') {
        Some(rest) if !rest.starts_with(' ') => rest.to_owned(),
        _ => line.to_owned(),
    };
    profile.lines().map(|line| on(line) + "\n").collect()
}

#[test]
fn the_profile_of_every_document_loads() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in [
        "tests",
        "../shared/data/openapi",
        "../shared/documents",
        "data/openapi",
    ] {
        documents(&root.join(folder), &mut found);
    }
    found.sort();
    let mut seen = 0;
    for path in found {
        let Ok(mut contract) = load(&path) else {
            continue;
        };
        seen += 1;
        let shown = path.display().to_string();
        let (code, profile, err) = init(&["--contract", &shown]);
        assert_eq!(code, Some(0), "{shown}: {err}");
        let wild = |c: char| c.is_control() && c != '\n';
        assert!(!profile.contains(wild), "{shown}");
        let as_written = Profile::from_toml(&profile).expect(&shown);
        assert_eq!(as_written, Profile::default(), "{shown}");
        let on = switched_on(&profile);
        let all = match Profile::from_toml(&on) {
            Ok(all) => all,
            Err(e) => panic!("{shown}: {e}\n{on}"),
        };
        assert!(all.base_url.is_some(), "{shown}");
        all.check_against(&contract).expect(&shown);
        values::give(&mut contract, &all).expect(&shown);
    }
    assert!(seen > 10, "only {seen} documents");
}

#[test]
fn the_profile_of_a_document() {
    for name in ["camera", "thermostat", "shop"] {
        let (code, profile, err) = init(&["--contract", &format!("tests/contracts/{name}.yaml")]);
        assert_eq!(code, Some(0), "{err}");
        insta::assert_snapshot!(name, profile);
    }
}

const HOSTILE: &str = r##"openapi: 3.1.0
info: {title: "evil\u001b[2J\n[login]\npath = \"/x\"", version: "1\u202e"}
servers: [{url: "http://a.example\"\nlife = 1"}]
paths:
  "/a\u001b\"]/{x\u202e\n}":
    put:
      operationId: "op\"\n]\u001b"
      parameters: [{name: "x\u202e\n", in: path, required: true, schema: {type: string}}]
      requestBody: {content: {application/json: {schema: {type: object, properties: {a: {type: string}}}}}}
      responses: {"200": {description: ok}}
  /login:
    post:
      operationId: login
      requestBody: {content: {application/json: {schema: {type: object, required: ["pass\nword", "x\"\u0000"],
        properties: {"pass\nword": {type: string}, "x\"\u0000": {type: string, enum: ["\u001b\"\n"]}, user: {type: string}}}}}}
      responses: {"200": {description: ok}}
"##;

#[test]
fn a_hostile_document_writes_no_line_of_its_own() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("evil.yaml");
    std::fs::write(&path, HOSTILE).expect("writes");
    let (code, profile, err) = init(&["--contract", &path.display().to_string()]);
    assert_eq!(code, Some(0), "{err}");
    assert!(!profile.contains(|c: char| c.is_control() && c != '\n'));
    assert!(!profile.contains('\u{202e}'));
    assert!(
        profile.lines().all(|l| l.is_empty() || l.starts_with('#')),
        "{profile}"
    );
    let on = Profile::from_toml(&switched_on(&profile)).expect("loads");
    assert!(on.login.is_some_and(|l| l.path == "/login"));
    assert!(
        on.values.contains_key("/a%1B%22]/{x\u{202e}\n}"),
        "{profile}"
    );
}

#[test]
fn a_file_is_written_once() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("device.toml");
    let shown = path.display().to_string();
    let arguments = [
        "--contract",
        "tests/contracts/camera.yaml",
        "--output",
        &shown,
    ];
    let (code, out, err) = init(&arguments);
    assert_eq!(
        (code, out.as_str()),
        (Some(0), format!("{shown}: written\n").as_str()),
        "{err}"
    );
    std::fs::write(&path, "# mine\n").expect("edits");
    let (code, _, err) = init(&arguments);
    assert_eq!(code, Some(2));
    assert!(err.contains("exists"), "{err}");
    assert_eq!(std::fs::read_to_string(&path).expect("reads"), "# mine\n");
    #[cfg(unix)]
    {
        // A link is not followed to what it names.
        let link = folder.path().join("link.toml");
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &link).expect("links");
        let link = link.display().to_string();
        let (code, ..) = init(&["--output", &link]);
        assert_eq!(code, Some(2));
        assert!(!folder.path().join("elsewhere").exists());
    }
}
