//! The fuzz targets on stable, without a fuzzer: every file of every corpus and every past crash is
//! replayed, and the lists that name the targets say the same.

use probity_fuzzing::{self as fuzzing, TARGETS};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What one input may take: a time-out that a night found is a failure here too.
const ONE: Duration = Duration::from_secs(20);
/// What all replays together may take; the corpora are kept small for it.
const ALL: Duration = Duration::from_secs(60);
/// What the corpora may weigh together, in octets.
const WEIGHT: u64 = 1 << 20;
/// Seeds of one target.
const SEEDS: usize = 80;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Names of the entries of a folder: folders, or files.
fn entries(path: &Path, folders: bool) -> BTreeSet<String> {
    let Ok(entries) = std::fs::read_dir(path) else {
        return BTreeSet::new();
    };
    entries
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.path().is_dir() == folders)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

fn names() -> BTreeSet<String> {
    TARGETS.iter().map(|t| t.name.to_owned()).collect()
}

/// Seeds and regressions of a target.
fn inputs(target: &str) -> Vec<PathBuf> {
    let folder = root().join("corpus").join(target);
    let regressions = folder.join("regressions");
    let seeds = entries(&folder, false).into_iter().map(|n| folder.join(n));
    let past = entries(&regressions, false);
    let past = past.into_iter().map(|n| regressions.join(n));
    seeds.chain(past).collect()
}

/// Runs `run` on all inputs of a target; gives the failures by file.
fn replayed(target: &str, run: impl Fn(&[u8])) -> Vec<String> {
    let files = inputs(target);
    assert!(!files.is_empty(), "no corpus for {target}");
    fuzzing::stage::warm();
    let mut failures = Vec::new();
    for file in files {
        let bytes = std::fs::read(&file).expect("a corpus file");
        let start = Instant::now();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(&bytes))) {
            let why = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
            let why = why.unwrap_or_default();
            failures.push(format!("{}: {why}", file.display()));
        }
        let took = start.elapsed();
        if took > ONE {
            failures.push(format!("{}: took {took:?}", file.display()));
        }
    }
    failures
}

/// One test a target, so that a night's new crash is one failure under its target's name.
macro_rules! replay {
    ($($name:ident),*) => {
        mod replay {
            $(#[test]
            fn $name() {
                let target = super::fuzzing::by_name(stringify!($name)).expect("a target");
                let start = std::time::Instant::now();
                let failures = super::replayed(target.name, target.body);
                println!("{}: {:?}", target.name, start.elapsed());
                assert!(failures.is_empty(), "{failures:#?}");
            })*
        }
        const REPLAYED: &[&str] = &[$(stringify!($name)),*];
    };
}

replay!(
    answer, batch, body, contract, dictionary, front, glob, journal, json, judge, known, pattern,
    profile, recipe, redact, relation, report, snapshot, text
);

#[test]
fn another_parser_agrees_on_what_json_is() {
    let failures = replayed("json", |data| {
        fuzzing::json::against(data, |data| jiter::JsonValue::parse(data, false).is_ok());
    });
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn the_lists_of_targets_say_the_same() {
    let names = names();
    assert_eq!(names.len(), TARGETS.len(), "a name twice");
    let replayed: BTreeSet<String> = REPLAYED.iter().map(|n| (*n).to_owned()).collect();
    assert_eq!(replayed, names, "replay! in this file");

    let manifest: toml::Table = read("fuzz/Cargo.toml").parse().expect("TOML");
    let mut bins = BTreeSet::new();
    for bin in manifest["bin"].as_array().expect("[[bin]]") {
        let name = bin["name"].as_str().expect("a name");
        assert_eq!(
            bin["path"].as_str(),
            Some(format!("fuzz_targets/{name}.rs").as_str())
        );
        bins.insert(name.to_owned());
    }
    // `empty` measures what libFuzzer itself costs.
    assert!(bins.remove("empty"));
    assert_eq!(bins, names, "[[bin]]s of fuzz/Cargo.toml");

    let mut shims = entries(&root().join("fuzz/fuzz_targets"), false);
    assert!(shims.remove("empty.rs"));
    for name in &names {
        let file = format!("{name}.rs");
        assert!(shims.remove(&file), "no fuzz/fuzz_targets/{file}");
        let shim = read(&format!("fuzz/fuzz_targets/{file}"));
        assert!(
            shim.contains(&format!("probity_fuzzing::{name}::body(data)")),
            "{file} runs another body"
        );
    }
    assert_eq!(shims, BTreeSet::new(), "shims without a target");

    assert_eq!(entries(&root().join("corpus"), true), names, "corpus/");

    for script in ["fuzz/nightly.sh", ".clusterfuzzlite/build.sh"] {
        let text = read(script);
        let listed = text
            .lines()
            .find_map(|line| line.strip_prefix("targets=(")?.strip_suffix(')'))
            .unwrap_or_else(|| panic!("{script} has no line `targets=(…)`"));
        let listed: BTreeSet<String> = listed.split_whitespace().map(str::to_owned).collect();
        assert_eq!(listed, names, "{script}");
        assert!(
            text.contains("fuzz/dictionaries"),
            "{script}: where are the dictionaries from?"
        );
    }
    let dictionaries: BTreeSet<String> = TARGETS
        .iter()
        .filter_map(|t| Some(format!("{} {}", t.name, t.dictionary?)))
        .collect();
    let listed = read("fuzz/dictionaries");
    let listed: BTreeSet<String> = listed.lines().map(str::to_owned).collect();
    assert_eq!(listed, dictionaries, "fuzz/dictionaries");
}

#[test]
fn dictionaries_are_there_and_well_formed() {
    let mut used = BTreeSet::new();
    for name in TARGETS.iter().filter_map(|t| t.dictionary) {
        used.insert(name.to_owned());
        let text = read(&format!("corpus/{name}"));
        assert!(text.is_ascii(), "{name}: libFuzzer wants escapes");
        for line in text
            .lines()
            .filter(|l| !l.is_empty() && !l.starts_with('#'))
        {
            let quoted = line.len() > 2 && line.starts_with('"') && line.ends_with('"');
            assert!(quoted, "{name}: {line}");
        }
    }
    assert_eq!(entries(&root().join("corpus"), false), used, "unused");
}

#[test]
fn the_corpora_are_small() {
    let mut weight = 0;
    for target in TARGETS {
        let files = inputs(target.name);
        let seeds = files.iter().filter(|f| {
            !f.parent()
                .is_some_and(|folder| folder.ends_with("regressions"))
        });
        assert!(seeds.count() <= SEEDS, "{}: minimise it", target.name);
        for file in files {
            weight += std::fs::metadata(&file).expect("a file").len();
        }
    }
    assert!(weight <= WEIGHT, "{weight} octets");
}

/// Fuzzing without a fuzzer: `PROBITY_MUTATIONS=redact:2000 cargo test --test fuzzing mutated --
/// --ignored` changes every seed of a target at random, so many times.
#[test]
#[ignore = "as long as PROBITY_MUTATIONS says"]
fn mutated_seeds_are_taken() {
    use rand::{RngExt, SeedableRng};
    let asked = std::env::var("PROBITY_MUTATIONS").unwrap_or_default();
    let (name, times) = asked.split_once(':').unwrap_or(("redact", "2000"));
    let times: usize = times.parse().expect("TARGET:TIMES");
    let target = fuzzing::by_name(name).expect("a target");
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(2);
    for file in inputs(name) {
        let seed = std::fs::read(&file).expect("a corpus file");
        for _ in 0..times {
            let mut bytes = seed.clone();
            for _ in 0..random.random_range(1..6) {
                let at = random.random_range(0..=bytes.len());
                match random.random_range(0..4) {
                    0 if at < bytes.len() => bytes[at] = random.random(),
                    1 if at < bytes.len() => {
                        bytes.remove(at);
                    }
                    2 => {
                        let end = bytes.len().min(at + random.random_range(0..16));
                        let piece = bytes[at..end].to_vec();
                        let to = random.random_range(0..=bytes.len());
                        bytes.splice(to..to, piece);
                    }
                    _ => bytes.insert(at, random.random()),
                }
            }
            if catch_unwind(AssertUnwindSafe(|| (target.body)(&bytes))).is_err() {
                panic!("{name}, from {}: {bytes:?}", file.display());
            }
        }
    }
}

/// What a hundred random inputs do to a target that no corpus has: nothing.
#[test]
fn any_bytes_are_taken() {
    use rand::{RngExt, SeedableRng};
    let start = Instant::now();
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    for target in TARGETS {
        for _ in 0..20 {
            let bytes: Vec<u8> = (0..random.random_range(0..60))
                .map(|_| random.random())
                .collect();
            (target.body)(&bytes);
        }
    }
    assert!(start.elapsed() < ALL, "{:?}", start.elapsed());
}
