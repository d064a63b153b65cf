//! Effects of operations: decided from document and profile before anything is sent.

use probity::contract::{Effect, Effects, load};
use probity::profile::Profile;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Documents below a folder beside the project; none where it is absent.
fn documents(folder: &str) -> Vec<PathBuf> {
    fn walk(at: &Path, out: &mut Vec<PathBuf>) {
        let Ok(entries) = std::fs::read_dir(at) else {
            return;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => walk(&path, out),
                false if path.extension().is_some_and(|e| e == "yaml" || e == "json") => {
                    out.push(path)
                }
                false => {}
            }
        }
    }
    let mut out = Vec::new();
    walk(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
        &mut out,
    );
    out.sort();
    out
}

/// Share of operations by effect in published documents; `PROBITY_SHOW=effects` prints each.
#[test]
fn shares_of_published_documents() {
    let found = documents("data/openapi");
    if found.is_empty() {
        eprintln!("skipped: no published documents beside the project");
        return;
    }
    let show = std::env::var("PROBITY_SHOW").is_ok_and(|v| v == "effects");
    let mut all: BTreeMap<Effect, usize> = BTreeMap::new();
    for path in found {
        let Ok(contract) = load(&path) else { continue };
        let effects = Effects::of(&contract, &Profile::default());
        let mut here: BTreeMap<Effect, usize> = BTreeMap::new();
        for e in effects.iter() {
            *here.entry(e.effect).or_default() += 1;
            *all.entry(e.effect).or_default() += 1;
            assert!(!e.reason.is_empty(), "{}", e.operation);
            let op = contract
                .operation(&e.operation)
                .expect("an operation of the contract");
            if show {
                println!(
                    "{} | {} {} | {} | {} | {}",
                    contract.id, op.method, op.path, op.summary, e.effect, e.reason
                );
            }
        }
        assert_eq!(effects.iter().count(), contract.operations.len());
        println!("{}: {here:?}", contract.id);
    }
    println!("all: {all:?}");
}
