//! Real-world patterns: how many are modelled, whether the models agree with engines, and how long
//! pairs take. The patterns are not part of the project: an environment variable names a directory
//! with JSON Schemas (any JSON files; every `pattern` and every name under `patternProperties`
//! counts).
//!
//! ```text
//! PROBITY_SCHEMAS=DIR cargo test --release --test pattern_sample -- --ignored --nocapture
//! ```

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use probity::pattern::ambiguity;
use probity::pattern::automaton::{Automaton, DEAD};
use probity::pattern::dialect::{Dialect, Mode};
use probity::pattern::language::language;
use probity::pattern::parse::{self, ParseError};
use probity::pattern::product::Budget;
use probity::pattern::relation::{Kind, compare};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use regex_automata::dfa::{Automaton as _, dense};
use regex_automata::util::{primitives::StateID, start};
use regex_automata::{Anchored, dfa::StartKind};
use serde_json::{Value, json};

/// All patterns below the directory, each once, sorted.
fn patterns() -> Option<Vec<String>> {
    let root = std::env::var_os("PROBITY_SCHEMAS")?;
    let mut found = BTreeSet::new();
    let mut folders = vec![PathBuf::from(root)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).ok()?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "json")
                && let Ok(text) = std::fs::read_to_string(&path)
                && let Ok(value) = serde_json::from_str::<Value>(&text)
            {
                collect(&value, &mut found);
            }
        }
    }
    Some(found.into_iter().collect())
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(pattern)) = object.get("pattern") {
                found.insert(pattern.clone());
            }
            if let Some(Value::Object(names)) = object.get("patternProperties") {
                found.extend(names.keys().cloned());
            }
            object.values().for_each(|value| collect(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

fn skip() {
    println!("skipped: PROBITY_SCHEMAS names no directory");
}

#[test]
#[ignore = "needs schemas; see the head of the file"]
fn share_that_is_modelled() {
    let Some(patterns) = patterns() else {
        return skip();
    };
    println!("{} patterns", patterns.len());
    for &dialect in Dialect::ALL {
        let (mut modelled, mut refused) = (0, 0);
        let mut reasons: HashMap<String, usize> = HashMap::new();
        for pattern in &patterns {
            match language(pattern, dialect, Mode::Search) {
                Ok(_) => modelled += 1,
                Err(ParseError::Syntax { .. }) => refused += 1,
                Err(ParseError::Unsupported { message, .. }) => {
                    *reasons.entry(message).or_default() += 1;
                }
            }
        }
        let unmodelled: usize = reasons.values().sum();
        let share = 100.0 * f64::from(modelled) / (f64::from(modelled) + unmodelled as f64);
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.1));
        println!(
            "{dialect}: {share:.2} % of those that compile are modelled ({modelled}; {refused} do not \
             compile; without a model {reasons:?})"
        );
    }
}

/// Texts along the automaton: mostly steps that stay alive, some that do not.
fn walks(automaton: &mut Automaton, random: &mut impl Rng, count: usize) -> Vec<String> {
    let mut samples: Vec<(char, u16)> = Vec::new();
    let friendly = "abzAZ059 .-_/:@+,;=!#$%&*()[]{}<>?|~^'\"`\\";
    for c in friendly.chars().chain([
        '\n', '\r', '\t', 'é', 'ß', '中', '😀', '\u{2028}', '٣', '\u{a0}',
    ]) {
        samples.push((c, automaton.classes().class(u32::from(c))));
    }
    for &(from, class) in automaton.classes().stretches() {
        if let Some(c) = char::from_u32(from)
            && samples.iter().filter(|s| s.1 == class).count() < 3
        {
            samples.push((c, class));
        }
    }
    let mut out = Vec::new();
    for _ in 0..count {
        let (mut text, mut state) = (String::new(), automaton.start());
        for _ in 0..random.random_range(0..24) {
            let mut step = None;
            for _ in 0..12 {
                let (c, class) = samples[random.random_range(0..samples.len())];
                let Ok(next) = automaton.step(state, class) else {
                    break;
                };
                step = Some((c, next));
                if next != DEAD {
                    break;
                }
            }
            let Some((c, next)) = step else { break };
            text.push(c);
            state = next;
            if next == DEAD {
                break;
            }
        }
        out.push(text);
    }
    out
}

/// Whether a backtracking engine may take exponential time.
fn slow(pattern: &str, dialect: Dialect, mode: Mode) -> bool {
    !matches!(
        ambiguity::risk(pattern, dialect, mode).map(|risk| risk.growth),
        Ok(Some(
            ambiguity::Growth::Linear | ambiguity::Growth::Polynomial(2 | 3)
        ))
    )
}

/// Asks a driver of tests/engines; one answer for each job, `None` where the engine refuses.
fn ask(program: &str, driver: &str, jobs: &[Value]) -> Option<Vec<Option<Vec<bool>>>> {
    let driver = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/engines")
        .join(driver);
    let mut child = Command::new(program)
        .arg(driver)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take()?;
    let input: String = jobs.iter().map(|job| format!("{job}\n")).collect();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().ok()?;
    let _ = writer.join();
    let text = String::from_utf8(output.stdout).ok()?;
    Some(
        text.lines()
            .map(|line| {
                let value: Value = serde_json::from_str(line).ok()?;
                Some(
                    value["accepts"]
                        .as_array()?
                        .iter()
                        .map(|v| v == &Value::Bool(true))
                        .collect(),
                )
            })
            .collect(),
    )
}

/// What an engine is asked about a pattern in one mode, and what the model says of the pattern.
struct Asked {
    job: Value,
    texts: Vec<String>,
    /// What the model says of the texts; the automaton itself would be too large to keep.
    model: Result<Vec<bool>, ParseError>,
    left_out: usize,
}

fn questions(at: usize, pattern: &str, dialect: Dialect) -> Vec<Asked> {
    let mut random = ChaCha8Rng::seed_from_u64(at as u64);
    // Most of these engines backtrack: where that takes exponential time (or nobody knows) only
    // short texts are asked for.
    let slow = slow(pattern, dialect, Mode::Search) || slow(pattern, dialect, Mode::Full);
    [Mode::Search, Mode::Full].map(|mode| {
        let mut model = language(pattern, dialect, mode);
        let mut texts = vec![String::new(), "\n".to_owned()];
        if let Ok(model) = &mut model {
            texts.extend(walks(model, &mut random, 10));
            // Where it differs from other dialects is where errors are.
            for other in [Dialect::Java, Dialect::Rust, Dialect::PythonAscii] {
                if let Ok(mut theirs) = language(pattern, other, mode) {
                    let relation = compare(model, &mut theirs, Budget::default());
                    texts.extend(relation.a_only.shortest);
                    texts.extend(relation.b_only.shortest);
                    texts.extend(relation.both.shortest);
                }
            }
        }
        let before = texts.len();
        texts.retain(|text| !slow || text.chars().count() <= 12);
        let left_out = before - texts.len();
        let model = model.map(|mut model| texts.iter().map(|t| model.accepts(t)).collect());
        let job = json!({"pattern": pattern, "dialect": dialect.id(), "mode": mode.id(), "inputs": texts});
        Asked { job, model, texts, left_out }
    })
    .into()
}

/// `PROBITY_ENGINES=perl,ruby` asks those alone.
#[test]
#[ignore = "needs schemas; see the head of the file"]
fn agreement_with_engines() {
    let Some(patterns) = patterns() else {
        return skip();
    };
    let engines = [
        ("node", "ecmascript.js", Dialect::EcmaScript),
        ("node", "ecmascript.js", Dialect::EcmaScriptU),
        ("python3", "python.py", Dialect::Python),
        ("perl", "perl.pl", Dialect::Perl),
        ("ruby", "ruby.rb", Dialect::Ruby),
    ];
    let chosen = std::env::var("PROBITY_ENGINES").ok();
    let mut unexplained = 0;
    for (program, driver, dialect) in engines {
        if let Some(chosen) = &chosen
            && !chosen.split(',').any(|name| name == program)
        {
            continue;
        }
        let next = AtomicUsize::new(0);
        let worker = || {
            let mut asked = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                match patterns.get(at) {
                    Some(pattern) => asked.extend(questions(at, pattern, dialect)),
                    None => return asked,
                }
            }
        };
        let asked: Vec<Asked> = std::thread::scope(|scope| {
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
            let done = workers.into_iter().map(|worker| worker.join());
            done.flat_map(|asked| asked.expect("no panic")).collect()
        });
        let left_out: usize = asked.iter().map(|a| a.left_out).sum();
        let jobs: Vec<Value> = asked.iter().map(|a| a.job.clone()).collect();
        let Some(answers) = ask(program, driver, &jobs) else {
            println!("{dialect}: {program} is not on this machine, skipped");
            continue;
        };
        assert_eq!(answers.len(), jobs.len(), "{program} stopped early");
        let (mut compared, mut wrong) = (0, Vec::new());
        for (asked, answer) in asked.into_iter().zip(answers) {
            let job = asked.job;
            match (asked.model, answer) {
                (Err(ParseError::Unsupported { .. }), _) | (Err(_), None) => {}
                (Ok(model), Some(answer)) => {
                    for ((text, ours), theirs) in asked.texts.iter().zip(model).zip(answer) {
                        compared += 1;
                        if ours != theirs {
                            wrong.push(format!(
                                "{} {} {text:?}: engine {theirs}",
                                job["mode"], job["pattern"]
                            ));
                        }
                    }
                }
                (model, answer) => wrong.push(format!(
                    "{} {}: compiles {} in the model, {} in the engine",
                    job["mode"],
                    job["pattern"],
                    model.is_ok(),
                    answer.is_some()
                )),
            }
        }
        unexplained += wrong.len();
        println!(
            "{dialect} ({program}): {compared} answers, {left_out} texts not asked for, {} disagreements",
            wrong.len()
        );
        for line in wrong.iter().take(12) {
            println!("    {line}");
        }
    }
    assert_eq!(unexplained, 0, "disagreements in all");
}

fn dense(pattern: &str) -> Option<dense::DFA<Vec<u32>>> {
    dense::Builder::new()
        .configure(
            dense::Config::new()
                .start_kind(StartKind::Anchored)
                .dfa_size_limit(Some(64 << 20))
                .determinize_size_limit(Some(64 << 20)),
        )
        .build(&format!(r"\A(?:{pattern})\z"))
        .ok()
}

/// Whether only the first, only the second, both accept some text.
fn dense_relation(a: &str, b: &str) -> Option<[bool; 3]> {
    let (a, b) = (dense(a)?, dense(b)?);
    let first = |dfa: &dense::DFA<Vec<u32>>| {
        dfa.start_state(&start::Config::new().anchored(Anchored::Yes))
            .ok()
    };
    let start = (first(&a)?, first(&b)?);
    let mut seen: HashMap<(StateID, StateID), ()> = HashMap::from([(start, ())]);
    let mut queue = VecDeque::from([start]);
    let mut found = [false; 3];
    while let Some((x, y)) = queue.pop_front() {
        match (
            a.is_match_state(a.next_eoi_state(x)),
            b.is_match_state(b.next_eoi_state(y)),
        ) {
            (true, false) => found[0] = true,
            (false, true) => found[1] = true,
            (true, true) => found[2] = true,
            _ => {}
        }
        if found == [true; 3] {
            break;
        }
        for byte in 0..=255u8 {
            let next = (a.next_state(x, byte), b.next_state(y, byte));
            let dead = a.is_dead_state(next.0) && b.is_dead_state(next.1);
            if !dead && seen.insert(next, ()).is_none() {
                queue.push_back(next);
            }
        }
    }
    Some(found)
}

fn figures(name: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "{name}: {} pairs, median {:?}, 99th percentile {:?}, longest {:?}",
        times.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

#[test]
#[ignore = "needs schemas; see the head of the file"]
fn time_of_pairs() {
    let Some(patterns) = patterns() else {
        return skip();
    };
    let mut random = ChaCha8Rng::seed_from_u64(9);
    let usable: Vec<&String> = patterns
        .iter()
        .filter(|p| parse::parse(p, Dialect::Rust).is_ok())
        .collect();
    let (mut ours, mut ours_same, mut dense_times) = (Vec::new(), Vec::new(), Vec::new());
    let (mut unknown, mut differ, mut not_dense) = (0, Vec::new(), 0);
    for i in 0..2_000 {
        // Neighbours in sorted order are relatives; every other pair is random.
        let a = random.random_range(0..usable.len() - 1);
        let b = if i % 2 == 0 {
            a + 1
        } else {
            random.random_range(0..usable.len())
        };
        let (a, b) = (usable[a], usable[b]);
        let begin = Instant::now();
        let (Ok(mut x), Ok(mut y)) = (
            language(a, Dialect::Rust, Mode::Full),
            language(b, Dialect::Rust, Mode::Full),
        ) else {
            continue;
        };
        let relation = compare(&mut x, &mut y, Budget::default());
        let time = begin.elapsed();
        ours.push(time);
        unknown += usize::from(relation.kind == Kind::Unknown);
        let begin = Instant::now();
        let Some(found) = dense_relation(a, b) else {
            not_dense += 1;
            continue;
        };
        dense_times.push(begin.elapsed());
        ours_same.push(time);
        let said = [
            relation.a_only.shortest.is_some(),
            relation.b_only.shortest.is_some(),
            relation.both.shortest.is_some(),
        ];
        if relation.kind != Kind::Unknown && said != found {
            differ.push(format!("{a:?} {b:?}: {said:?} {found:?}"));
        }
    }
    figures("this model, all pairs", &mut ours);
    figures("this model, pairs that dense DFAs express", &mut ours_same);
    figures("regex-automata dense DFAs", &mut dense_times);
    println!(
        "{unknown} unknown, {not_dense} pairs without dense DFAs, {} answers differ",
        differ.len()
    );
    assert!(differ.is_empty(), "{differ:#?}");
}

/// What stands between the anchors of a pattern that greenery can express: it matches in full, and
/// knows neither conditions nor properties. `.` is another set there.
fn between_anchors(pattern: &str) -> Option<&str> {
    let inner = pattern.strip_prefix('^')?.strip_suffix('$')?;
    let foreign = [
        "^", "$", "(?", r"\b", r"\B", r"\p", r"\u", r"\x", r"\/", "&&", ".",
    ];
    let plain = inner.replace(r"\.", "").replace("[^", "[");
    if inner.ends_with('\\') || !inner.is_ascii() || foreign.iter().any(|f| plain.contains(f)) {
        return None;
    }
    // A bar outside groups would belong to the anchors.
    let mut depth = 0;
    for c in inner.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            '|' if depth == 0 => return None,
            _ => {}
        }
    }
    Some(inner)
}

/// `PROBITY_GREENERY` names a Python that has greenery.
#[test]
#[ignore = "needs schemas and greenery; see the head of the file"]
fn time_beside_greenery() {
    let (Some(patterns), Some(python)) = (patterns(), std::env::var("PROBITY_GREENERY").ok())
    else {
        return skip();
    };
    let mut random = ChaCha8Rng::seed_from_u64(13);
    let usable: Vec<&str> = patterns.iter().filter_map(|p| between_anchors(p)).collect();
    let mut pairs = Vec::new();
    for i in 0..200 {
        let a = random.random_range(0..usable.len() - 1);
        let b = if i % 2 == 0 {
            a + 1
        } else {
            random.random_range(0..usable.len())
        };
        pairs.push((usable[a], usable[b]));
    }
    let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engines/greenery_pairs.py");
    let mut child = Command::new(python)
        .arg(driver)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the Python that was named");
    let mut stdin = child.stdin.take().expect("piped");
    let lines: String = pairs
        .iter()
        .map(|pair| format!("{}\n", json!(pair)))
        .collect();
    stdin.write_all(lines.as_bytes()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (mut gave_up, mut refused, mut compared, mut differ) = (0, 0, 0, Vec::new());
    for ((a, b), line) in pairs.iter().zip(text.lines()) {
        let answer: Value = serde_json::from_str(line).expect("JSON");
        if answer["found"].is_string() {
            refused += 1;
            continue;
        }
        let begin = Instant::now();
        let (Ok(mut x), Ok(mut y)) = (
            language(a, Dialect::PythonAscii, Mode::Full),
            language(b, Dialect::PythonAscii, Mode::Full),
        ) else {
            continue;
        };
        let relation = compare(&mut x, &mut y, Budget::default());
        ours.push(begin.elapsed());
        theirs.push(Duration::from_secs_f64(
            answer["seconds"].as_f64().expect("seconds"),
        ));
        gave_up += usize::from(answer["found"].is_null());
        let said = json!([
            relation.a_only.shortest.is_some(),
            relation.b_only.shortest.is_some(),
            relation.both.shortest.is_some(),
        ]);
        if answer["found"].is_array() && !matches!(relation.kind, Kind::Unknown | Kind::Equal) {
            compared += 1;
            if said != answer["found"] {
                differ.push(format!("{a:?} {b:?}: {said} {}", answer["found"]));
            }
        }
    }
    figures("this model", &mut ours);
    figures("greenery", &mut theirs);
    println!(
        "greenery gave up after 10 s on {gave_up}, cannot read {refused}; {compared} answers \
         compared, {} differ {differ:#?}",
        differ.len()
    );
}
