//! `probity lint`: what is wrong with the published text itself.

use super::common::Error;
use super::contract_args::ContractArgs;
use super::out::{print, print_data};
use crate::contract::{self, Contract, ContractIssue, Severity};
use crate::report::visible::line;
use crate::run::Verdict;
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  probity lint
  probity lint --contract camera.yaml --pedantic
  probity lint --contract camera.yaml --report sarif=lint.sarif
  probity lint --contract camera.yaml --format json")]
pub(super) struct Args {
    #[command(flatten)]
    contract: ContractArgs,
    /// How to print the issues
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Also what could be said more exactly: bounds, required members, what is not checked
    #[arg(long)]
    pedantic: bool,
    /// Writes the issues to a file as well; `-` is standard output instead of the text
    #[arg(long, value_name = "sarif=PATH", value_parser = report)]
    report: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

fn report(text: &str) -> Result<PathBuf, String> {
    match text.split_once('=') {
        Some(("sarif", path)) if !path.is_empty() => Ok(PathBuf::from(path)),
        Some((format, _)) => Err(format!("`{format}` is no format of lint reports; sarif is")),
        None => Err("must be sarif=PATH".to_owned()),
    }
}

pub(super) fn run(args: Args) -> Result<Verdict, Error> {
    let (contract, _) = args.contract.load()?;
    let all = contract::lint(&contract, &contract.texts());
    let (issues, notes): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|issue| args.pedantic || issue.severity != Severity::Note);
    if let Some(path) = &args.report {
        let text = serde_json::to_string_pretty(&sarif(&issues))?;
        if path.as_os_str() == "-" {
            print_data(&format!("{text}\n"))?;
            return Ok(Verdict::Kept);
        }
        std::fs::write(path, text)
            .map_err(|e| format!("--report sarif={}: {e}", path.display()))?;
    }
    if args.format == Format::Json {
        print_data(&format!("{}\n", serde_json::to_string_pretty(&issues)?))?;
        return Ok(Verdict::Kept);
    }
    let mut page = String::new();
    for issue in &issues {
        text(issue, &mut page);
    }
    leftovers(&contract, args.pedantic, &mut page);
    let count = match issues.len() {
        1 => "1 issue".to_owned(),
        n => format!("{n} issues"),
    };
    let more = match notes.len() {
        0 => String::new(),
        n => format!("; --pedantic lists {n} more"),
    };
    page.push_str(&format!(
        "{count} of the text of {}{more}\n",
        line(&contract.id)
    ));
    print(&page)?;
    Ok(Verdict::Kept)
}

fn text(issue: &ContractIssue, page: &mut String) {
    let place = match (issue.line, issue.column) {
        (Some(line), Some(column)) => format!("{}:{line}:{column}", issue.file),
        _ => issue.pointer.clone(),
    };
    let published = match issue.page_line {
        Some(line) => format!(" (page line {line})"),
        None => String::new(),
    };
    let severity = level(issue.severity);
    let (place, title) = (line(&place), line(&issue.title));
    page.push_str(&format!("{place}: {severity}: {title}{published}\n"));
    page.push_str(&format!("    {}\n", issue.proof));
    if !issue.why.is_empty() {
        page.push_str(&format!("    why it matters: {}\n", line(&issue.why)));
    }
    page.push('\n');
}

/// What is not judged, by name; with `pedantic` also what is not checked.
fn leftovers(contract: &Contract, pedantic: bool, page: &mut String) {
    for left in &contract.left_out {
        let part = left
            .part
            .as_ref()
            .map_or(String::new(), |p| format!(" {p}"));
        let (operation, reason) = (line(&left.operation), line(&left.reason));
        page.push_str(&format!(
            "not judged: {operation}{}: {reason}\n",
            line(&part)
        ));
    }
    if pedantic {
        for entry in &contract.unsupported {
            let (pointer, what) = (line(&entry.pointer), line(&entry.what));
            page.push_str(&format!("not checked: {pointer}: {what}\n"));
        }
    } else if !contract.unsupported.is_empty() {
        let count = contract.unsupported.len();
        page.push_str(&format!(
            "{count} members of the document are not used (--pedantic lists them)\n"
        ));
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// SARIF 2.1.0 (OASIS), as code-scanning services read it.
fn sarif(issues: &[ContractIssue]) -> Value {
    let mut rules: Vec<&str> = issues.iter().map(ContractIssue::rule).collect();
    rules.sort_unstable();
    rules.dedup();
    let rules: Vec<Value> = rules.into_iter().map(|id| json!({"id": id})).collect();
    let results: Vec<Value> = issues.iter().map(result).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "probity",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(issue: &ContractIssue) -> Value {
    let mut place =
        json!({"artifactLocation": {"uri": issue.file.replace('\\', "/").replace(' ', "%20")}});
    if let (Some(line), Some(column)) = (issue.line, issue.column) {
        place["region"] = json!({"startLine": line, "startColumn": column});
    }
    json!({
        "ruleId": issue.rule(),
        "level": level(issue.severity),
        "message": {"text": format!("{}: {}. {}", issue.title, issue.proof, issue.why)},
        "locations": [{
            "physicalLocation": place,
            "logicalLocations": [{"fullyQualifiedName": issue.pointer}],
        }],
        "partialFingerprints": {"probityIssue/v1": issue.id},
    })
}
