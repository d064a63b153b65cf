//! The models against the engines that are found on this machine: node, python3, perl, java, ruby,
//! php, go, mono (for .NET) and the C library. An engine that is not there is skipped, and said so.
//!
//! ```text
//! cargo test --release --test pattern_engines -- --ignored --nocapture
//! ```

use crate::page;
use crate::pieces;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use probity::pattern::Text;
use probity::pattern::dialect::{Dialect, Mode};
use probity::pattern::language::language;
use probity::pattern::parse::ParseError;
use probity::pattern::survey::{Scope, Survey};
use serde_json::{Value, json};

/// One question: pattern, mode, texts.
type Job = (String, Mode, Vec<String>);
/// One answer: `None`, the engine could not say; `Some(None)`, it refuses the pattern.
type Answer = Option<Option<Vec<bool>>>;

struct Engine {
    name: &'static str,
    dialects: &'static [Dialect],
    /// Lines of JSON, else tab-separated hexadecimal.
    json: bool,
    /// The command, prepared in a directory of its own.
    prepare: fn(&Path) -> Option<Command>,
    /// Where the engine's version or its driver is known to differ from what is modelled.
    explained: fn(Dialect, &str, &str) -> bool,
}

fn driver(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/engines")
        .join(name)
}

fn script(program: &str, name: &str) -> Option<Command> {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .ok()
        .filter(std::process::ExitStatus::success)?;
    let mut command = Command::new(program);
    command.arg(driver(name));
    Some(command)
}

fn built(program: &str, arguments: &[&Path], run: &[&str]) -> Option<Command> {
    let status = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .ok()?;
    let (program, arguments) = run.split_first()?;
    let mut command = Command::new(program);
    command.args(arguments);
    status.success().then_some(command)
}

fn nothing(_: Dialect, _: &str, _: &str) -> bool {
    false
}

/// Whether a pattern contains one of these pieces.
fn has(pattern: &str, pieces: &[&str]) -> bool {
    pieces.iter().any(|piece| pattern.contains(piece))
}

fn engines() -> Vec<Engine> {
    use Dialect::*;
    vec![
        Engine {
            name: "node",
            dialects: &[EcmaScript, EcmaScriptU, EcmaScriptV],
            json: true,
            prepare: |_| script("node", "ecmascript.js"),
            // Modifiers are ECMAScript 2025; node has them from version 23 on.
            explained: |_, pattern, _| has(pattern, &["(?i:", "(?s:", "(?m:"]),
        },
        Engine {
            name: "python3",
            dialects: &[Python, PythonAscii, PythonBytes],
            json: true,
            prepare: |_| script("python3", "python.py"),
            explained: nothing,
        },
        Engine {
            name: "perl",
            dialects: &[Perl],
            json: true,
            prepare: |_| script("perl", "perl.pl"),
            // Perl 5.36 lets \A(?:a{0})\z take "a"; full case folding (ss and ß) has no model.
            explained: |_, pattern, _| has(pattern, &["{0}", "ß", "(?i"]),
        },
        Engine {
            name: "ruby",
            dialects: &[Ruby],
            json: true,
            prepare: |_| script("ruby", "ruby.rb"),
            // \c takes any following escape; flags and named groups in look-behind.
            explained: |_, pattern, _| has(pattern, &[r"\c", "(?<!", "(?<=", "ß"]),
        },
        Engine {
            name: "php",
            dialects: &[Pcre2, Pcre2Ucp, Pcre2DollarEndonly],
            json: true,
            prepare: |_| script("php", "php.php"),
            // PHP may be built with a PCRE2 before 10.43: {,n} and blanks in braces are literal
            // there, \w lacks marks, look-behind must have one length, anchors may be repeated, \x may
            // stand alone.
            explained: |_, pattern, text| {
                has(
                    pattern,
                    &["{,", "{ ", "(?<", r"\x", r"\w", r"\W", r"\b", r"\B", "#"],
                ) || quantified_anchor(pattern)
                    || text.contains('\u{180e}')
            },
        },
        Engine {
            name: "java",
            dialects: &[Java, JavaUnicode, JavaUnixLines],
            json: false,
            prepare: |directory| {
                built(
                    "javac",
                    &[Path::new("-d"), directory, &driver("Engine.java")],
                    &["java", "-cp", directory.to_str()?, "Engine"],
                )
            },
            // The limits of look-behind depend on how the pattern was compiled.
            explained: |_, pattern, _| has(pattern, &["(?<=", "(?<!"]),
        },
        Engine {
            name: "go",
            dialects: &[Go],
            json: true,
            prepare: |directory| {
                let binary = directory.join("engine");
                built(
                    "go",
                    &[
                        Path::new("build"),
                        Path::new("-o"),
                        &binary,
                        &driver("engine.go"),
                    ],
                    &[binary.to_str()?],
                )
            },
            // (?<name>) from Go 1.22 on; a quantifier behind a flag group.
            explained: |_, pattern, _| has(pattern, &["(?<n>", "(?i)", "(?s)", "(?m)"]),
        },
        Engine {
            name: "mono",
            dialects: &[DotNet, DotNetEcmaScript],
            json: false,
            prepare: |directory| {
                let binary = directory.join("Engine.exe");
                let out = format!("-out:{}", binary.to_str()?);
                built(
                    "mcs",
                    &[Path::new(&out), &driver("Engine.cs")],
                    &["mono", binary.to_str()?],
                )
            },
            explained: |_, pattern, _| has(pattern, &["{0}"]),
        },
        Engine {
            name: "C library",
            dialects: &[PosixEre],
            json: true,
            prepare: |_| {
                cfg!(all(target_os = "linux", target_env = "gnu"))
                    .then(|| script("python3", "glibc.py"))
                    .flatten()
            },
            // An unmatched ")" is a literal alone, but not inside the group that the driver adds;
            // glibc 2.36 lets "$" before something that may be empty match before a line feed.
            explained: |_, pattern, text| {
                text.contains('\0') || has(pattern, &[")", "$\\", "$[", "$."])
            },
        },
    ]
}

/// An anchor with a quantifier: PCRE2 refuses it from 10.45 on.
fn quantified_anchor(pattern: &str) -> bool {
    ["^", "$", r"\A", r"\z", r"\Z"].iter().any(|anchor| {
        ["*", "+", "?", "{"]
            .iter()
            .any(|quantifier| pattern.contains(&format!("{anchor}{quantifier}")))
    })
}

fn hex(text: &str) -> String {
    text.encode_utf16()
        .map(|unit| format!("{unit:04x}"))
        .collect()
}

fn ask(engine: &Engine, mut command: Command, dialect: Dialect, jobs: &[Job]) -> Vec<Answer> {
    let mut input = String::new();
    for (pattern, mode, texts) in jobs {
        if engine.json {
            let line = json!({
                "pattern": pattern, "dialect": dialect.id(), "mode": mode.id(), "inputs": texts,
            });
            input.push_str(&line.to_string());
        } else {
            let mut fields = vec![dialect.id().to_owned(), mode.id().to_owned(), hex(pattern)];
            fields.extend(texts.iter().map(|text| hex(text)));
            input.push_str(&fields.join("\t"));
        }
        input.push('\n');
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the engine was there a moment ago");
    let mut stdin = child.stdin.take().expect("piped");
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("the engine ends");
    let _ = writer.join();
    let text = String::from_utf8(output.stdout).expect("answers are UTF-8");
    let mut answers: Vec<Answer> = text
        .lines()
        .map(|line| {
            if engine.json {
                let value: Value = serde_json::from_str(line).ok()?;
                Some(
                    value["accepts"]
                        .as_array()
                        .map(|list| list.iter().map(|v| v.as_bool() == Some(true)).collect()),
                )
            } else {
                match line.chars().next() {
                    Some('1') => Some(Some(line.chars().skip(1).map(|c| c == '1').collect())),
                    Some('0') => Some(None),
                    _ => None,
                }
            }
        })
        .collect();
    // An engine that crashed has nothing to say about the rest.
    answers.resize(jobs.len(), None);
    answers
}

/// Runs all engines over the jobs; panics on unexplained disagreements.
fn run(title: &str, jobs: &[Job]) {
    let mut wrong = Vec::new();
    for engine in engines() {
        let directory = tempfile::tempdir().expect("a directory");
        if (engine.prepare)(directory.path()).is_none() {
            println!("{title}: {} is not on this machine, skipped", engine.name);
            continue;
        }
        for &dialect in engine.dialects {
            let command = (engine.prepare)(directory.path()).expect("still there");
            let answers = ask(&engine, command, dialect, jobs);
            let (mut compared, mut unmodelled, mut explained, mut refused) = (0, 0, 0, 0);
            let before = wrong.len();
            for ((pattern, mode, texts), answer) in jobs.iter().zip(answers) {
                let Some(theirs) = answer else { continue };
                let ours = match language(pattern, dialect, *mode) {
                    Ok(mut automaton) => Some(
                        texts
                            .iter()
                            .map(|text| automaton.accepts(text))
                            .collect::<Vec<bool>>(),
                    ),
                    Err(ParseError::Syntax { .. }) => None,
                    Err(ParseError::Unsupported { .. }) => {
                        unmodelled += usize::from(theirs.is_some());
                        continue;
                    }
                };
                let (Some(ours), Some(theirs)) = (&ours, &theirs) else {
                    refused += 1;
                    if ours.is_some() != theirs.is_some() {
                        if (engine.explained)(dialect, pattern, "") {
                            explained += 1;
                        } else {
                            wrong.push(format!(
                                "{dialect} {mode} {pattern:?}: compiles {} in the model, {} in the engine",
                                ours.is_some(),
                                theirs.is_some()
                            ));
                        }
                    }
                    continue;
                };
                for ((text, ours), theirs) in texts.iter().zip(ours).zip(theirs) {
                    compared += 1;
                    if ours != theirs {
                        if (engine.explained)(dialect, pattern, text) {
                            explained += 1;
                        } else {
                            wrong.push(format!(
                                "{dialect} {mode} {pattern:?} {text:?}: {ours} in the model, {theirs} in the engine"
                            ));
                        }
                    }
                }
            }
            println!(
                "{title}: {dialect} ({}): {compared} answers, {refused} patterns refused by both or one, \
                 {unmodelled} without a model, {explained} explained, {} disagreements",
                engine.name,
                wrong.len() - before
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
#[ignore = "asks engines of this machine; run with --ignored"]
fn on_the_witnesses_of_the_page() {
    let mut jobs: Vec<Job> = Vec::new();
    for (_, rule) in page::rules() {
        let text = Text::new(rule);
        let survey = Survey::new(&text, Scope::Modelled);
        let mut texts: Vec<String> = survey.probes().iter().map(|p| p.0.clone()).collect();
        // The shortest witnesses of every pair of plausible meanings.
        let plausible = Survey::of(&text, |r| r.plausible && r.unit == "codepoints");
        let count = plausible.classes().len();
        let mut pairs = 0;
        for a in 0..count {
            for b in a + 1..count {
                if let Some(relation) = plausible.relation(&text, a, b) {
                    pairs += 1;
                    for witness in [relation.a_only, relation.b_only, relation.both] {
                        texts.extend(witness.shortest);
                        texts.extend(witness.printable);
                    }
                }
            }
        }
        texts.sort();
        texts.dedup();
        println!("{pairs} pairs of meanings, {} texts", texts.len());
        for repair in text.repairs() {
            for &mode in Mode::ALL {
                jobs.push((repair.pattern.clone(), mode, texts.clone()));
            }
        }
    }
    run("page", &jobs);
}

#[test]
#[ignore = "asks engines of this machine; run with --ignored"]
fn on_small_patterns() {
    run("pieces", &pieces::patterns(4_000, 11));
}
