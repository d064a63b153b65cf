//! Profiles that want to take the program with them, or to have something sent that is no part of a
//! request: each ends in time, with an exit code of the table, and nothing of it reaches a device.

use crate::process::{self, start};
use crate::small::Scene;

const READ_BACK: &str = "[read-back.setSettings]\npath = \"/state\"\n";

fn rows() -> Vec<(&'static str, String)> {
    let with = |more: &str| format!("{READ_BACK}{more}\n");
    let login = |more: &str| with(&format!("[login]\npath = \"/login\"\n{more}"));
    let globs: Vec<String> = (0..20_000)
        .map(|n| format!("\"**{{a,b{{c,d}}}}*[!x]{n}**\""))
        .collect();
    vec![
        (
            "dotted keys",
            format!("{} = 1\n", vec!["a"; 100_000].join(".")),
        ),
        (
            "a dotted table",
            format!("[{}]\n", vec!["a"; 100_000].join(".")),
        ),
        ("arrays in arrays", format!("a = {}", "[".repeat(100_000))),
        ("tables in tables", format!("a = {}", "{b=".repeat(50_000))),
        ("300,000 tables", "[[x]]\n".repeat(300_000)),
        (
            "a text without end",
            format!("a = \"\"\"{}", "x\n".repeat(100_000)),
        ),
        (
            "100,000 digits",
            format!("[limits]\nreboots = {}\n", "9".repeat(100_000)),
        ),
        (
            "a day that is none",
            "a = 9999-99-99T99:99:99.999999999999999999Z\n".to_owned(),
        ),
        ("NUL", "a = \"\0\"\n".to_owned()),
        ("half a character", "a = \"\\ud800\"\n".to_owned()),
        (
            "limits that are too large",
            "[limits]\nreboots = 99999999999999999999\n".to_owned(),
        ),
        ("limits below zero", "[limits]\nreboots = -1\n".to_owned()),
        (
            "20,000 patterns of paths",
            format!("deny = [{}]\n", globs.join(",")),
        ),
        (
            "5,000 braces",
            format!("deny = [\"{}\"]\n", "{".repeat(5_000)),
        ),
        (
            "a read-back elsewhere",
            "[read-back.setSettings]\npath = \"http://127.0.0.1:9/x\"\n".to_owned(),
        ),
        (
            "a read-back that is a request",
            "[read-back.setSettings]\npath = \"/state HTTP/1.1\\r\\nX: 1\"\n".to_owned(),
        ),
        (
            "a life probe elsewhere",
            with("[life]\npath = \"http://127.0.0.1:9/\""),
        ),
        (
            "a life probe with a user",
            with("[life]\npath = \"@127.0.0.1:9/\""),
        ),
        (
            "a life probe with backslashes",
            with(
                r#"[life]
path = "\\\\127.0.0.1:9""#,
            ),
        ),
        (
            "a login elsewhere",
            login("token = \"/t\"").replace("/login", "http://127.0.0.1:9/"),
        ),
        (
            "a login that is a request",
            login("token = \"/t\"").replace("/login", "/l\\r\\nHost: x"),
        ),
        (
            "a login with a field in a name",
            login("token-header = \"X\\r\\nY\""),
        ),
        (
            "a login with a line for a method",
            login("method = \"GET /x HTTP/1.1\\r\\nX:\"\ntoken = \"/t\""),
        ),
        (
            "a login with another variable",
            login("token = \"/t\"\nquery = { q = \"{PATH}\" }"),
        ),
        (
            "a variable without the prefix",
            with("restore-env = { \"/name\" = \"AWS_SECRET\" }"),
        ),
        (
            "a variable with a path",
            with("restore-env = { \"/name\" = \"PROBITY_/../AWS_SECRET\" }"),
        ),
        ("hooks", with("[hooks]\nbefore = \"touch evil\"")),
        (
            "a body from a file",
            with("[bodies.setSettings]\nfile = \"/etc/passwd\""),
        ),
        (
            "a second user's variable",
            with("[roles.viewer]\nusername = \"x\"\npassword-env = \"AWS_SECRET\""),
        ),
        (
            "names with escapes",
            "\"\\u001b]0;evil\\u0007\\u202e\" = 1\n".to_owned(),
        ),
    ]
}

#[test]
fn a_hostile_profile_ends_in_time_and_sends_nothing() {
    let scene = Scene::new(&[]);
    process::all_hold(&rows(), |(name, text)| {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join("hostile.toml"), text).expect("profile");
        std::fs::copy(scene.path("small.yaml"), folder.path().join("small.yaml"))
            .expect("contract");
        let device = format!("http://{}", scene.mock.addr());
        for command in ["plan".to_owned(), format!("check --target {device}")] {
            let line = format!("{command} --contract small.yaml --profile hostile.toml");
            let mut command = process::probity(&line, folder.path());
            command.env("AWS_SECRET", "hunter2-hunter2");
            let ended = process::ended(&mut command);
            let text = ended.text();
            if let Some(why) = ended.disorder() {
                return Err(format!("{name}: {why}"));
            }
            let shown = ["hunter2", "\u{1b}]", "\u{202e}", "root:x:"];
            if shown.iter().any(|t| text.contains(t)) || text.len() > 1 << 20 {
                return Err(format!("{name}: {}", start(&text)));
            }
        }
        match folder.path().join("evil").exists() {
            true => Err(format!("{name}: something was run")),
            false => Ok(()),
        }
    });
}
