//! The documentation: every link leads somewhere, every page is in the book, every command that it
//! shows is one of the program's.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// README, ARCHITECTURE and the pages of the book.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = [
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "SECURITY.md",
    ]
    .iter()
    .map(|name| root().join(name))
    .filter(|path| path.is_file())
    .collect();
    let book = fs::read_dir(root().join("docs")).expect("docs/");
    pages.extend(
        book.flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|e| e == "md")),
    );
    pages
}

/// The targets of all links of a page.
fn links(text: &str) -> Vec<String> {
    Parser::new(text)
        .filter_map(|event| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                Some(dest_url.into_string())
            }
            _ => None,
        })
        .collect()
}

/// The anchors that mdBook and code hosts make of the headings of a page.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut heading: Option<String> = None;
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let words = heading.take().unwrap_or_default().to_lowercase();
                found.insert(
                    words
                        .chars()
                        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
                        .map(|c| if c == ' ' { '-' } else { c })
                        .collect(),
                );
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            _ => {}
        }
    }
    found
}

#[test]
fn every_link_leads_somewhere() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page is text");
        for link in links(&text) {
            if link.starts_with("https://") || link.starts_with("http://") {
                continue;
            }
            seen += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match path.is_empty() {
                true => page.clone(),
                false => page.parent().expect("a folder").join(path),
            };
            let holds = target.exists()
                && (anchor.is_empty()
                    || fs::read_to_string(&target).is_ok_and(|t| anchors(&t).contains(anchor)));
            if !holds {
                wrong.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(seen > 20, "only {seen} links were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_page_is_in_the_book() {
    let summary = fs::read_to_string(root().join("docs/SUMMARY.md")).expect("docs/SUMMARY.md");
    let listed: BTreeSet<String> = links(&summary).into_iter().collect();
    for page in pages() {
        let name = page
            .file_name()
            .and_then(|n| n.to_str())
            .unwrap_or_default();
        if page.parent() == Some(&root().join("docs")) && name != "SUMMARY.md" {
            assert!(
                listed.contains(name),
                "docs/SUMMARY.md does not list {name}"
            );
        }
    }
}

#[test]
fn every_command_that_is_shown_exists() {
    let help = std::process::Command::new(env!("CARGO_BIN_EXE_probity"))
        .arg("--help")
        .output()
        .expect("the program runs");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let commands: BTreeSet<&str> = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(commands.contains("run"), "{help}");
    let mut wrong = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page is text");
        for line in text.lines() {
            let shown = line
                .strip_prefix("$ probity ")
                .or_else(|| line.strip_prefix("probity "));
            let Some(word) = shown.and_then(|rest| rest.split_whitespace().next()) else {
                continue;
            };
            let is_word = word.chars().all(|c| c.is_ascii_lowercase());
            if is_word && !commands.contains(word) && line.starts_with('$') {
                wrong.push(format!("{}: {line}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The keys of one struct of the profile: name as TOML spells it, type, what its documentation says.
fn keys(source: &str, name: &str) -> Vec<(String, String, String)> {
    let mut rows = Vec::new();
    let mut said: Vec<&str> = Vec::new();
    let body = source
        .lines()
        .skip_while(|line| *line != format!("pub struct {name} {{"))
        .skip(1)
        .take_while(|line| *line != "}");
    for line in body {
        let line = line.trim();
        if let Some(text) = line.strip_prefix("///") {
            said.push(text.trim());
        } else if let Some((key, kind)) = line.strip_prefix("pub ").and_then(|l| l.split_once(": "))
        {
            rows.push((
                key.replace('_', "-"),
                kind.trim_end_matches(',').to_owned(),
                said.join(" ").replace('|', "\\|"),
            ));
            said.clear();
        } else if line.is_empty() {
            said.clear();
        }
    }
    rows
}

/// The page of the profile, from the documentation of its types.
fn profile_page() -> String {
    let files = fs::read_dir(root().join("crates/contract/src/profile")).expect("profile");
    let mut sources: Vec<PathBuf> = files.flatten().map(|entry| entry.path()).collect();
    sources.sort();
    let source: String = sources
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .collect();
    let mut page = String::from(
        "# The profile\n\nA profile (`--profile device.toml`) says what a document cannot. It is TOML; an \
         unknown key and a value that can mean nothing are refused with their line. Paths are \
         below the base URL.\n\nThis page is made from the types in \
         `crates/contract/src/profile` (`UPDATE_DOCS=1 cargo test --test offline docs`).\n",
    );
    let mut open = vec![(String::new(), "Profile".to_owned())];
    let mut told = BTreeSet::new();
    while !open.is_empty() {
        let (path, name) = open.remove(0);
        let rows = keys(&source, &name);
        if rows.is_empty() || !told.insert((path.clone(), name.clone())) {
            continue;
        }
        let title = match path.is_empty() {
            true => "Top level".to_owned(),
            false => format!("`[{path}]`"),
        };
        page.push_str(&format!("\n## {title}\n\n| key | says |\n|---|---|\n"));
        for (key, kind, said) in rows {
            page.push_str(&format!("| `{key}` | {said} |\n"));
            let inner = kind
                .rsplit(['<', ' '])
                .next()
                .unwrap_or_default()
                .trim_end_matches('>');
            if source.contains(&format!("pub struct {inner} {{")) {
                let dot = if path.is_empty() { "" } else { "." };
                let each = if kind.contains("Map<") { ".NAME" } else { "" };
                open.push((format!("{path}{dot}{key}{each}"), inner.to_owned()));
            }
        }
    }
    // Links of the documentation of Rust mean nothing here.
    page.replace("[`", "`").replace("`]", "`")
}

#[test]
fn the_page_of_the_profile_has_every_key() {
    let path = root().join("docs/profile.md");
    let page = profile_page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).expect("docs/profile.md");
    }
    let held = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        held == page,
        "docs/profile.md is not what the types say: UPDATE_DOCS=1 cargo test --test offline docs"
    );
}

/// Code spans of a page.
fn spans(text: &str) -> Vec<String> {
    let spans = Parser::new_ext(text, pulldown_cmark::Options::ENABLE_TABLES);
    let code = spans.filter_map(|event| match event {
        Event::Code(text) => Some(text.into_string()),
        _ => None,
    });
    code.collect()
}

#[test]
fn every_row_of_the_threat_model_names_a_test_that_is_there() {
    let page = fs::read_to_string(root().join("docs/threat-model.md")).expect("page");
    let mut named = 0;
    for span in spans(&page) {
        let mut parts = span.split("::");
        let (Some(binary @ ("attacks" | "offline" | "online")), Some(module), Some(name)) =
            (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let file = root().join(format!("tests/{binary}/{module}.rs"));
        let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{span}: {e}"));
        assert!(text.contains(&format!("fn {name}(")), "{span} is no test");
        named += 1;
    }
    assert!(named >= 20, "{named} tests named");
    let rows = page
        .lines()
        .filter(|l| l.starts_with("| ") && l.matches(" | ").count() == 3);
    for row in rows.skip(1) {
        let held = row.contains("::") || row.contains("| the same |");
        assert!(held, "no test: {row}");
    }
}
