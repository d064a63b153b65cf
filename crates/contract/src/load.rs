//! From bytes to a [`Contract`]: paths, operations, parameters. Total on any bytes; limits are
//! constants in [`super::document`], [`super::schema`] and [`super::structure`].

use super::binding;
use super::document;
use super::files;
use super::locate;
use super::model::*;
use super::operations::Loader;
use super::pointer::escape;
use super::promises;
use super::reader::Flaw;
use super::servers;
use super::source::{Files, NoFiles, Source, place};
use super::structure;
use super::swagger;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// Loads a contract from a file and the files beside it that it refers to; its id is the file's
/// name without extension.
///
/// # Errors
/// The file cannot be read, is no OpenAPI document, or has no operation that can be judged. A flaw
/// in a part of it is an issue ([`Contract::issues`]) and costs what depends on it
/// ([`Contract::left_out`]).
pub fn load(path: &Path) -> Result<Contract, ContractError> {
    load_with(path, &NoFiles)
}

/// [`load`] with a way to read what `http:` and `https:` references name.
///
/// # Errors
/// As [`load`].
pub fn load_with(path: &Path, remote: &dyn Files) -> Result<Contract, ContractError> {
    let file = path.display().to_string();
    let error = |reason: String| ContractError {
        file: file.clone(),
        place: String::new(),
        reason,
        lawful: false,
    };
    let bytes = files::read_bounded(path).map_err(error)?;
    let folder = files::Folder::of(path, remote);
    let mut contract = load_from(&file, &bytes, &folder)?;
    if let Some(stem) = path.file_stem() {
        contract.id = stem.to_string_lossy().into_owned();
    }
    Ok(contract)
}

/// Loads a contract from the bytes of a YAML or JSON document; `name` is for messages and the id.
/// Total: any bytes give a contract or an error, within bounded time and memory.
///
/// # Errors
/// As [`load`].
pub fn load_bytes(name: &str, bytes: &[u8]) -> Result<Contract, ContractError> {
    load_from(name, bytes, &NoFiles)
}

/// [`load_bytes`] with a way to read other files.
///
/// # Errors
/// As [`load`].
pub fn load_from(name: &str, bytes: &[u8], files: &dyn Files) -> Result<Contract, ContractError> {
    let mut parsed = document::parse(name, bytes)?;
    let mut lost = Vec::new();
    if swagger::is_swagger(&parsed.value) {
        (parsed.value, lost) = swagger::convert(parsed.value);
    }
    let v31 = version(name, &parsed.value)?;
    let source = Arc::new(Source::open(parsed, bytes, v31, files)?);
    let document = source.root();
    let mut loader = Loader::new(&source);
    for (pointer, what) in lost {
        loader.schemas.reader.skip(&pointer, what);
    }
    for (place, same) in &source.twice {
        match same {
            true => loader
                .schemas
                .reader
                .skip(place, "the member is there twice"),
            false => {
                let flaw = loader.schemas.reader.error(place, document::WHY_TWICE);
                loader.schemas.reader.note(flaw);
            }
        }
    }
    let operations = loader.operations();
    loader.dead_references();
    let (unsupported, mut flaws, left_out) = loader.finish();
    // What is there twice is told once, whatever it should have been.
    let twice: HashSet<&String> = source.twice.iter().map(|(place, _)| place).collect();
    flaws.retain(|f| f.reason == document::WHY_TWICE || !twice.contains(&f.place));
    if operations.is_empty() {
        return Err(nothing_to_judge(name, &source, &left_out, &flaws));
    }
    // A version that looks like a number is one in YAML.
    let info = |member: &str| match document.pointer(&format!("/info/{member}")) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let mut contract = Contract {
        id: name.to_owned(),
        sha256: digest(bytes, &source),
        title: info("title"),
        version: info("version"),
        servers: servers::urls(document),
        operations,
        promises: Vec::new(),
        unsupported,
        left_out,
        issues: Vec::new(),
        lines: BTreeMap::new(),
        file: name.to_owned(),
        source: Arc::clone(&source),
        formats_bind: binding::bind(&info("description")),
        promise_index: HashMap::new(),
        operation_index: OnceLock::new(),
    };
    contract.issues = structure::check(&contract, &flaws);
    for (file, read) in &source.files {
        let mut at = place(file, "");
        lines(&read.value, &mut at, &mut contract.lines);
    }
    promises::fill(&mut contract);
    Ok(contract)
}

/// Of the document, and of the other files in the order of their names.
fn digest(bytes: &[u8], source: &Source) -> String {
    let mut digest = Sha256::new();
    digest.update(bytes);
    for (name, file) in source.files.iter().filter(|(name, _)| !name.is_empty()) {
        digest.update(name.as_bytes());
        digest.update(&file.text);
    }
    digest
        .finalize()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// Why there is no operation, in the words of what is wrong.
fn nothing_to_judge(
    name: &str,
    source: &Source,
    left_out: &[LeftOut],
    flaws: &[Flaw],
) -> ContractError {
    let root = source.root();
    let (place, reason) = if let Some(first) = left_out.first() {
        let more = match left_out.len() - 1 {
            0 => String::new(),
            n => format!(" ({n} more operations are left out)"),
        };
        let reason = format!(
            "no operation to judge: {}: {}{more}",
            first.operation, first.reason
        );
        (first.pointer.clone(), reason)
    } else if let Some(flaw) = flaws.first() {
        (flaw.place.clone(), flaw.reason.clone())
    } else if root.get("paths").is_none() {
        let why = match root.get("webhooks") {
            Some(_) => "the document has only webhooks, which nothing can call",
            None => "no `paths`",
        };
        ("/paths".to_owned(), why.to_owned())
    } else {
        ("/paths".to_owned(), "no operation to judge".to_owned())
    };
    // What the version has and nothing here sends.
    let stated = root.get("openapi").and_then(Value::as_str);
    let known = stated.is_some_and(|version| version.starts_with("3.2"));
    let lawful =
        known && !left_out.is_empty() && left_out.iter().all(|o| o.lawful) && flaws.is_empty();
    let at = match locate::line_of(source, &place) {
        Some((line, column)) => format!(" (line {line}, column {column})"),
        None => String::new(),
    };
    ContractError {
        file: name.to_owned(),
        place,
        reason: format!("{reason}{at}"),
        lawful,
    }
}

/// Whether the document is OpenAPI 3.1 or later (else 3.0).
fn version(name: &str, document: &Value) -> Result<bool, ContractError> {
    let error = |place: &str, reason: String| ContractError {
        file: name.to_owned(),
        place: place.to_owned(),
        reason,
        lawful: false,
    };
    let version = match document.get("openapi") {
        Some(Value::String(version)) => version.clone(),
        // `openapi: 3.1` is a number in YAML.
        Some(Value::Number(number)) => number.to_string(),
        _ if document.get("asyncapi").is_some() => {
            let why = "AsyncAPI describes messages, not HTTP operations; OpenAPI is needed";
            return Err(error("/asyncapi", why.to_owned()));
        }
        _ => {
            let why = "not an OpenAPI document: no `openapi` version";
            return Err(error("/openapi", why.to_owned()));
        }
    };
    let is = |minor: &str| version == minor || version.starts_with(&format!("{minor}."));
    if ["3.0", "3.1", "3.2"].into_iter().any(is) {
        return Ok(!is("3.0"));
    }
    let why = format!("OpenAPI {version} is not supported; 2.0, 3.0, 3.1 and 3.2 are");
    Err(error("/openapi", why))
}

/// Collects every `x-page-line` by the pointer of its object.
fn lines(value: &Value, at: &mut String, out: &mut BTreeMap<String, u32>) {
    let length = at.len();
    match value {
        Value::Object(members) => {
            let line = members.get("x-page-line").and_then(Value::as_u64);
            if let Some(line) = line.and_then(|n| u32::try_from(n).ok()) {
                out.insert(at.clone(), line);
            }
            for (name, member) in members {
                at.push('/');
                at.push_str(&escape(name));
                lines(member, at, out);
                at.truncate(length);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                at.push_str(&format!("/{i}"));
                lines(item, at, out);
                at.truncate(length);
            }
        }
        _ => {}
    }
}
