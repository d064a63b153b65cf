//! The JSON-Schema-Test-Suite's `pattern.json` and `optional/ecmascript-regex.json` under the
//! ECMAScript models. The data stands beside the project and is skipped where it is not there.

use std::path::{Path, PathBuf};

use probity::pattern::dialect::{Dialect, Mode};
use probity::pattern::language::language;
use probity::pattern::parse::ParseError;
use probity::pattern::repair::compiles;
use serde_json::Value;

fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/json-schema-suite");
    let mut out = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| {
                [
                    "pattern.json",
                    "patternProperties.json",
                    "ecmascript-regex.json",
                ]
                .iter()
                .any(|wanted| name == *wanted)
            }) {
                out.push(path);
            }
        }
    }
    out.sort();
    out
}

/// Whether a pattern accepts a text: with `u`, as the suite's patterns are meant, else without.
fn accepts(pattern: &str, text: &str) -> Option<bool> {
    for dialect in [Dialect::EcmaScriptU, Dialect::EcmaScript] {
        match language(pattern, dialect, Mode::Search) {
            Ok(mut automaton) => return Some(automaton.accepts(text)),
            Err(ParseError::Unsupported { .. }) => return None,
            Err(ParseError::Syntax { .. }) => {}
        }
    }
    None
}

#[test]
fn the_suite_passes() {
    let files = files();
    if files.is_empty() {
        println!("skipped: no ../shared/data/json-schema-suite beside the project");
        return;
    }
    let (mut checked, mut refused, mut wrong) = (0, 0, Vec::new());
    for file in &files {
        let text = std::fs::read_to_string(file).expect("readable");
        let groups: Value = serde_json::from_str(&text).expect("JSON");
        for group in groups.as_array().into_iter().flatten() {
            let schema = &group["schema"];
            let tests = group["tests"].as_array().into_iter().flatten();
            for test in tests {
                let (data, valid) = (&test["data"], test["valid"].as_bool() == Some(true));
                let found = match (&schema["pattern"], data) {
                    (Value::String(pattern), Value::String(data)) => accepts(pattern, data),
                    // A schema whose only keyword is format: regex.
                    _ if schema["format"] == "regex" && data.is_string() => {
                        let pattern = data.as_str().unwrap_or("");
                        Some(compiles(pattern, Dialect::EcmaScriptU))
                    }
                    // Names of members: forbidden values decide where the schema is `false` or
                    // asks for a type that the data has not.
                    _ if schema.get("patternProperties").is_some()
                        && schema["additionalProperties"] == false
                        && data.is_object() =>
                    {
                        let names = schema["patternProperties"].as_object();
                        let matched = |name: &str| {
                            names
                                .into_iter()
                                .flatten()
                                .any(|(p, _)| accepts(p, name) == Some(true))
                        };
                        let all = data
                            .as_object()
                            .is_some_and(|o| o.keys().all(|k| matched(k)));
                        // Values may be refused for other reasons; only a refused name decides.
                        if all { Some(valid) } else { Some(false) }
                    }
                    _ => continue,
                };
                match found {
                    Some(found) => {
                        checked += 1;
                        if found != valid {
                            wrong.push(format!(
                                "{}: {} / {}: {schema} {data}",
                                file.display(),
                                group["description"],
                                test["description"]
                            ));
                        }
                    }
                    None => refused += 1,
                }
            }
        }
    }
    println!(
        "{} files, {checked} strings checked, {refused} without a model",
        files.len()
    );
    assert!(checked > 60 && refused == 0, "{checked} {refused}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
