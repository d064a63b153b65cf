//! The allowed imports between modules and crates, in one table; the code is held against it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each module with what it may import. A crate of the workspace goes by its name without `probity-`;
/// `exchange`, `json`, `pointer` and `profile` are modules of the contract crate that the program re-exports.
const ALLOWED: &[(&str, &str)] = &[
    ("pattern", ""),
    ("contract", "pattern"),
    ("mock", "contract exchange pattern profile"),
    ("case", "contract exchange pattern profile"),
    (
        "device",
        "contract exchange files json pointer profile redact",
    ),
    ("redact", ""),
    ("files", "contract"),
    ("judge", "case contract exchange json pattern profile"),
    ("reproduce", "exchange pointer profile"),
    (
        "probe",
        "case contract device exchange json judge pattern pointer profile redact reproduce",
    ),
    (
        "run",
        "case contract device exchange files json judge pattern pointer probe profile redact reproduce",
    ),
    (
        "campaign",
        "case contract device exchange files judge pattern probe profile redact reproduce run",
    ),
    (
        "report",
        "contract exchange files judge profile redact reproduce run",
    ),
    (
        "cli",
        "campaign case contract device exchange files judge mock pattern pointer probe profile redact report \
         reproduce run",
    ),
];

/// Modules whose names differ from the crate that holds them.
const RENAMED: &[(&str, &str)] = &[("probity_contract", "contract"), ("probity_mock", "mock")];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// Every Rust file below `folder`, or the one file beside it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let beside = folder.with_extension("rs");
    if beside.is_file() {
        found.push(beside);
    }
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// The names behind `crate::` and the workspace's crates, comments and test modules left out.
fn imports(text: &str, of_workspace: bool) -> BTreeSet<String> {
    let code: String = text
        .split("#[cfg(test)]\nmod ")
        .next()
        .unwrap_or_default()
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut names = BTreeSet::new();
    let mut take = |prefix: &str, base: &str| {
        for (at, _) in code.match_indices(prefix) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let rest = &code[at + prefix.len()..];
            let name: String = rest
                .strip_prefix("::")
                .unwrap_or(rest)
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect();
            let module = ["exchange", "json", "profile"].contains(&name.as_str());
            names.insert(match base {
                "" => name,
                "contract" if module => name,
                _ => base.to_owned(),
            });
        }
    };
    if !of_workspace {
        take("crate::", "");
    }
    take("probity_pattern", "pattern");
    for (krate, module) in RENAMED {
        take(krate, module);
    }
    names.remove("");
    names
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let table: BTreeMap<&str, BTreeSet<&str>> = ALLOWED
        .iter()
        .map(|(module, may)| (*module, may.split_whitespace().collect()))
        .collect();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (module, may) in &table {
        let krate = root().join("crates").join(module).join("src");
        let (folder, of_workspace) = match krate.is_dir() {
            true => (krate, true),
            false => (root().join("src").join(module), false),
        };
        for file in files(&folder) {
            seen += 1;
            let text = fs::read_to_string(&file).expect("source files are text");
            for name in imports(&text, of_workspace) {
                let own = name == *module
                    || (*module == "contract"
                        && ["exchange", "json", "pointer", "profile"].contains(&name.as_str()));
                if !own && !may.contains(name.as_str()) {
                    wrong.push(format!("{} imports {name}", file.display()));
                }
            }
        }
    }
    assert!(seen > 150, "only {seen} files were looked at");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_every_module_and_no_way_round() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).expect("src/lib.rs");
    for line in lib.lines() {
        if let Some(module) = line.strip_prefix("pub mod ") {
            let module = module.trim_end_matches(';');
            assert!(
                ALLOWED.iter().any(|(name, _)| *name == module),
                "`{module}` is missing in the table of allowed imports"
            );
        }
    }
    // Each module may import only what stands before it or is plain data, so no cycle can arise.
    let order: Vec<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    for (at, (module, may)) in ALLOWED.iter().enumerate() {
        for name in may.split_whitespace() {
            let plain =
                ["exchange", "json", "pointer", "profile", "redact", "files"].contains(&name);
            let before = order[..at].contains(&name);
            assert!(
                plain || before,
                "`{module}` may import `{name}`, which comes later"
            );
        }
    }
}
