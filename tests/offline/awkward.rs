//! Awkward documents: lawful ones that few tools read, and ones with a flaw in a corner. Each loads;
//! a flaw costs what depends on it, by name, with a place; planning ends.

use probity::case::{Context, DEFAULT_BUDGET, plan};
use probity::contract::{Contract, lint, load, load_bytes};
use probity::profile::Profile;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What one document may take in a debug build on a busy machine.
const LONGEST: Duration = Duration::from_secs(60);

fn documents() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents/awkward");
    let entries = std::fs::read_dir(folder).expect("the folder");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    paths
}

fn planned(contract: &Contract) -> usize {
    let (texts, profile) = (contract.texts(), Profile::default());
    let context = Context::new(contract, &profile, &texts);
    plan(&context, Some(DEFAULT_BUDGET)).cases.len()
}

fn summary(out: &mut String, contract: &Contract) {
    for operation in &contract.operations {
        let obstacle = operation.obstacle();
        let obstacle = obstacle.map_or(String::new(), |why| format!(": {why}"));
        let _ = writeln!(out, "    {} {}{obstacle}", operation.method, operation.path);
    }
    for left in &contract.left_out {
        let part = left.part.as_deref().unwrap_or("all");
        let _ = writeln!(
            out,
            "    without {} ({part}): {}",
            left.operation, left.reason
        );
    }
    for issue in lint(contract, &contract.texts()) {
        if issue.severity == probity::contract::Severity::Error {
            let place = issue.line.map_or("nowhere".to_owned(), |line| {
                format!("{line}:{}", issue.column.unwrap_or_default())
            });
            let _ = writeln!(out, "    {place} {}: {}", issue.title, issue.proof);
        }
    }
}

#[test]
fn awkward_documents_load_and_are_planned() {
    let mut out = String::new();
    for path in documents() {
        let name = path.file_name().and_then(|n| n.to_str()).expect("a name");
        let started = Instant::now();
        let _ = writeln!(out, "{name}");
        match load(&path) {
            Err(error) => {
                let place = error.place;
                let _ = writeln!(out, "    refused at {place}: {}", error.reason);
            }
            Ok(contract) => {
                assert!(planned(&contract) > 0, "{name}");
                summary(&mut out, &contract);
            }
        }
        assert!(
            started.elapsed() < LONGEST,
            "{name}: {:?}",
            started.elapsed()
        );
    }
    insta::assert_snapshot!(out);
}

const PLAIN: &str = "openapi: 3.0.3\ninfo: {title: \"Größe 日本\", version: '1'}\npaths:\n  /x:\n    get:\n      responses: {'200': {description: d}}\n";

/// The same text in every encoding that YAML knows, with and without a byte order mark, with every
/// line end.
#[test]
fn encodings() {
    let utf16 = |mark: bool, big: bool| -> Vec<u8> {
        let text = if mark {
            format!("\u{feff}{PLAIN}")
        } else {
            PLAIN.to_owned()
        };
        let units = text.encode_utf16();
        match big {
            true => units.flat_map(u16::to_be_bytes).collect(),
            false => units.flat_map(u16::to_le_bytes).collect(),
        }
    };
    let utf32 = |mark: bool, big: bool| -> Vec<u8> {
        let text = if mark {
            format!("\u{feff}{PLAIN}")
        } else {
            PLAIN.to_owned()
        };
        let units = text.chars().map(u32::from);
        match big {
            true => units.flat_map(u32::to_be_bytes).collect(),
            false => units.flat_map(u32::to_le_bytes).collect(),
        }
    };
    let mut table = vec![
        PLAIN.as_bytes().to_vec(),
        format!("\u{feff}{PLAIN}").into_bytes(),
        PLAIN.replace('\n', "\r\n").into_bytes(),
        PLAIN.replace('\n', "\r").into_bytes(),
        format!("%YAML 1.2\n---\n{PLAIN}...\n").into_bytes(),
        PLAIN.replacen(": ", ":\t", 1).into_bytes(),
    ];
    for (mark, big) in [(true, true), (true, false), (false, true), (false, false)] {
        table.push(utf16(mark, big));
        table.push(utf32(mark, big));
    }
    for (at, bytes) in table.iter().enumerate() {
        let contract = load_bytes("x", bytes).unwrap_or_else(|e| panic!("{at}: {e}"));
        assert_eq!(contract.title, "Größe 日本", "{at}");
        assert_eq!(contract.operations.len(), 1, "{at}");
    }
    let refused: [(Vec<u8>, &str); 3] = [
        (
            PLAIN
                .replace("ö", "\u{1}")
                .replace('\u{1}', "o")
                .replace("ß", "s")
                .into_bytes()
                .into_iter()
                .chain([b'\n', 0xe4])
                .collect(),
            "x: line 8, column 1: not UTF-8: octet 0xE4; save the file as UTF-8",
        ),
        (
            format!("{PLAIN}---\na: 1\n").into_bytes(),
            "x: line 7, column 1: more than one document in the file: a second `---`",
        ),
        (
            PLAIN.replace("  ", "\t").into_bytes(),
            "x: line 4, column 2: not YAML: tabs disallowed within this context (block indentation)",
        ),
    ];
    for (bytes, want) in refused {
        assert_eq!(
            load_bytes("x", &bytes).expect_err("refused").to_string(),
            want
        );
    }
}

/// Sizes that grow without bound in a document cost a bounded plan.
#[test]
fn large_parts_are_bounded() {
    let schema = |text: &str| {
        format!(
            "{{\"openapi\":\"3.1.0\",\"info\":{{\"title\":\"t\",\"version\":\"1\"}},\"paths\":{{\"/x\":{{\"put\":{{\"requestBody\":{{\"required\":true,\"content\":{{\"application/json\":{{\"schema\":{text}}}}}}},\"responses\":{{\"204\":{{\"description\":\"d\"}}}}}}}}}}}}"
        )
    };
    let words: Vec<String> = (0..50_000).map(|n| format!("\"word-{n}\"")).collect();
    let mut nested = "{\"type\":\"integer\"}".to_owned();
    for _ in 0..60 {
        nested = format!(
            "{{\"type\":\"object\",\"required\":[\"a\"],\"properties\":{{\"a\":{nested}}}}}"
        );
    }
    let mut choices = "{\"type\":\"integer\"}".to_owned();
    for _ in 0..10 {
        choices = format!(
            "{{\"type\":\"object\",\"required\":[\"a\"],\"properties\":{{\"a\":{{\"oneOf\":[{choices},{choices}]}}}}}}"
        );
    }
    let table = [
        (
            "words",
            format!("{{\"type\":\"string\",\"enum\":[{}]}}", words.join(",")),
        ),
        ("nested", nested),
        ("choices", choices),
        (
            "items",
            "{\"type\":\"array\",\"minItems\":10000000,\"items\":{\"type\":\"integer\"}}"
                .to_owned(),
        ),
        (
            "length",
            "{\"type\":\"string\",\"minLength\":100000000}".to_owned(),
        ),
        (
            "members",
            "{\"type\":\"object\",\"minProperties\":100000000}".to_owned(),
        ),
    ];
    for (name, text) in table {
        let started = Instant::now();
        let contract = load_bytes(name, schema(&text).as_bytes()).unwrap_or_else(|e| panic!("{e}"));
        planned(&contract);
        assert!(
            started.elapsed() < LONGEST,
            "{name}: {:?}",
            started.elapsed()
        );
    }
}
