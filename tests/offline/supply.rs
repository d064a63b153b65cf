//! What the build is made of, as far as it can be held without a network: licences, sources and
//! versions against `deny.toml`, advisories against `.ci/advisories.toml`. `cargo deny check` asks the
//! same of the whole database of advisories.

use semver::{Version, VersionReq};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// In more than one version for tests alone, which `cargo deny` does not look at.
const FOR_TESTS: [&str; 2] = ["bit-vec@0.8.0", "synstructure@0.13.2"];

fn table(name: &str) -> toml::Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
    text.parse().unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn words(value: &toml::Value) -> BTreeSet<String> {
    let items = value.as_array().expect("an array").iter();
    items
        .map(|v| v.as_str().expect("a string").to_owned())
        .collect()
}

/// Name and version of each package of the lock file, with its source.
fn locked() -> Vec<(String, String, Option<String>)> {
    locked_in("Cargo.lock")
}

fn locked_in(lock: &str) -> Vec<(String, String, Option<String>)> {
    let lock = table(lock);
    let packages = lock["package"].as_array().expect("packages").iter();
    packages
        .map(|package| {
            let text = |key: &str| package.get(key).and_then(|v| v.as_str()).map(str::to_owned);
            let name = text("name").expect("a name");
            (name, text("version").expect("a version"), text("source"))
        })
        .collect()
}

#[test]
fn everything_comes_from_the_registry_with_a_checksum() {
    let lock = table("Cargo.lock");
    let mut own = BTreeSet::new();
    for package in lock["package"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("a name");
        match package.get("source").and_then(|v| v.as_str()) {
            None => {
                own.insert(name.to_owned());
            }
            Some(source) => {
                assert_eq!(
                    source, "registry+https://github.com/rust-lang/crates.io-index",
                    "{name}"
                );
                assert!(package.get("checksum").is_some(), "{name}");
            }
        }
    }
    let ours = [
        "probity",
        "probity-benches",
        "probity-contract",
        "probity-fuzzing",
        "probity-mock",
        "probity-pattern",
    ];
    assert_eq!(own, ours.map(str::to_owned).into());
}

#[test]
fn no_package_is_there_twice_without_a_reason() {
    let deny = table("deny.toml");
    let skipped = deny["bans"]["skip"].as_array().expect("skip").iter();
    let mut allowed: BTreeSet<String> = skipped
        .map(|s| s["crate"].as_str().expect("a crate").to_owned())
        .collect();
    allowed.extend(FOR_TESTS.map(str::to_owned));
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, version, _) in locked() {
        versions.entry(name).or_default().insert(version);
    }
    let mut seen = BTreeSet::new();
    for (name, versions) in versions.iter().filter(|(_, v)| v.len() > 1) {
        let left: Vec<&String> = versions
            .iter()
            .filter(|v| {
                !seen.insert(format!("{name}@{v}")) || !allowed.contains(&format!("{name}@{v}"))
            })
            .collect();
        assert_eq!(
            left.len(),
            1,
            "{name} {versions:?}: deny.toml says why of {allowed:?}"
        );
    }
    let stale: Vec<&String> = allowed.difference(&seen).collect();
    assert!(stale.is_empty(), "no longer there twice: {stale:?}");
}

/// Whether an expression of SPDX is allowed: one of what `OR` (or the older `/`) joins, all of what
/// `AND` joins. (No licence of ours nests deeper than one pair of parentheses.)
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = expression.trim();
    if let Some((inner, rest)) = expression.strip_prefix('(').and_then(|e| e.split_once(')')) {
        let Some(rest) = rest.trim().strip_prefix("AND ") else {
            return rest.trim().is_empty() && is_allowed(inner, allowed);
        };
        return is_allowed(inner, allowed) && is_allowed(rest, allowed);
    }
    let either = expression.replace('/', " OR ");
    either.split(" OR ").any(|all| {
        let mut parts = all.split(" AND ");
        parts.all(|one| allowed.contains(one.trim()))
    })
}

#[test]
fn every_licence_is_allowed() {
    let output = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
        .args(["metadata", "--locked", "--offline", "--format-version", "1"])
        // The packages of other platforms may not be on this machine.
        .args(["--filter-platform", &host()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let deny = table("deny.toml");
    let allowed = words(&deny["licenses"]["allow"]);
    let mut exceptions = BTreeMap::new();
    for entry in deny["licenses"]["exceptions"]
        .as_array()
        .expect("exceptions")
    {
        let name = entry["crate"].as_str().expect("a crate");
        exceptions.insert(name.to_owned(), words(&entry["allow"]));
    }
    let packages = metadata["packages"].as_array().expect("packages");
    let mut refused = Vec::new();
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        let licence = package["license"].as_str().unwrap_or("none");
        let more = exceptions.get(name).cloned().unwrap_or_default();
        if !is_allowed(licence, &allowed.union(&more).cloned().collect()) {
            refused.push(format!("{name}: {licence}"));
        }
    }
    println!("{} packages", packages.len());
    assert!(refused.is_empty(), "{refused:?}");
    assert!(packages.len() > 200, "{}", packages.len());
}

/// Which requirements a version of a package has to meet one of, by advisory.
fn safe() -> Vec<(String, String, Vec<VersionReq>)> {
    let page = table(".ci/advisories.toml");
    let safe = page["safe"].as_table().expect("a table");
    let of = |(id, about): (&String, &toml::Value)| {
        let (name, wanted) = about.as_table().and_then(|t| t.iter().next()).expect(id);
        let wanted = words(wanted).into_iter();
        let wanted = wanted.map(|w| w.parse().unwrap_or_else(|e| panic!("{id}: {w}: {e}")));
        (id.clone(), name.clone(), wanted.collect())
    };
    safe.iter().map(of).collect()
}

/// Advisories that speak of a package.
fn about(name: &str, version: &str) -> Vec<String> {
    let version: Version = version.parse().expect("a version");
    let such = safe()
        .into_iter()
        .filter(|(_, of, wanted)| of == name && !wanted.iter().any(|w| w.matches(&version)));
    such.map(|(id, ..)| id).collect()
}

#[test]
fn no_advisory_speaks_of_what_is_locked() {
    for lock in ["Cargo.lock", "fuzz/Cargo.lock"] {
        for (name, version, _) in locked_in(lock) {
            let found = about(&name, &version);
            assert!(found.is_empty(), "{lock}: {name} {version}: {found:?}");
        }
    }
    assert_eq!(about("rustls", "0.23.44"), ["RUSTSEC-2026-0285"]);
    assert_eq!(about("quick-xml", "0.40.0").len(), 2);
}

#[test]
fn what_we_choose_was_looked_up_among_advisories() {
    let page = table(".ci/advisories.toml");
    let looked_up: BTreeSet<&str> = page["packages"]
        .as_str()
        .expect("names")
        .split_whitespace()
        .collect();
    let manifest = table("Cargo.toml");
    let direct = manifest["workspace"]["dependencies"]
        .as_table()
        .expect("dependencies");
    let others = direct.iter().filter(|(_, from)| from.get("path").is_none());
    let missing: Vec<&String> = others
        .map(|(name, _)| name)
        .filter(|name| !looked_up.contains(name.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "look up crates/NAME of RustSec's database, then name in .ci/advisories.toml: {missing:?}"
    );
    let of = safe().into_iter().map(|(_, name, _)| name);
    let strangers: Vec<String> = of
        .filter(|name| !looked_up.contains(name.as_str()))
        .collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}

/// The platform of the compiler.
fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|l| l.strip_prefix("host: "));
    line.expect("a host").to_owned()
}

#[test]
fn expressions_are_read() {
    let allowed = ["MIT", "ISC"].map(str::to_owned).into();
    for (expression, want) in [
        ("MIT", true),
        ("MIT OR GPL-3.0", true),
        ("GPL-3.0/MIT", true),
        ("GPL-3.0", false),
        ("MIT AND ISC", true),
        ("MIT AND GPL-3.0", false),
        ("(GPL-3.0 OR MIT) AND ISC", true),
        ("(GPL-3.0 OR MIT) AND GPL-2.0", false),
        ("none", false),
    ] {
        assert_eq!(is_allowed(expression, &allowed), want, "{expression}");
    }
}
