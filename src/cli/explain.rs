//! `probity explain`: what a word of a report means. Everything that it prints comes from the catalogue
//! of findings, the type of the exit codes, the models of the dialects, or the contract.

use super::common::Error;
use super::contract_args::ContractArgs;
use super::out::print;
use crate::contract::{Contract, Promise};
use crate::judge::Kind;
use crate::judge::catalogue::{CATALOGUE, Entry};
use crate::pattern::batch::Batch;
use crate::pattern::dialect::{Alphabet, Dialect, Family};
use crate::profile::nearest;
use crate::report::visible::line;
use crate::run::Verdict;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  probity explain auth-not-enforced                  a kind of finding
  probity explain 3                                  an exit code
  probity explain pcre2-ucp                          a dialect of patterns
  probity explain setSipSettings.body.proxy.pattern  a promise of the embedded contract
  probity explain --contract camera.yaml setName.body.name.maxLength")]
pub(super) struct Args {
    /// A kind of finding, the id of a promise, the id of a dialect, or an exit code
    #[arg(value_name = "KIND|PROMISE|DIALECT|EXIT-CODE")]
    word: String,
    #[command(flatten)]
    contract: ContractArgs,
}

/// Prints what the word means; an unknown word is a usage error with the nearest that is known.
pub(super) fn run(args: Args) -> Result<Verdict, Error> {
    let word = args.word.trim();
    if let Some(page) = known(word) {
        print(&page)?;
        return Ok(Verdict::Kept);
    }
    let (contract, _) = args.contract.load()?;
    match contract.promise(word) {
        Some(found) => print(&promise(&contract, found))?,
        None => return Err(unknown(word, &contract).into()),
    }
    Ok(Verdict::Kept)
}

/// What needs no contract.
fn known(word: &str) -> Option<String> {
    let code = word.parse::<u8>().ok().and_then(Verdict::of);
    code.map(exit_code)
        .or_else(|| Kind::of(word).map(|found| kind(found.entry())))
        .or_else(|| Dialect::by_id(word).map(dialect))
}

fn unknown(word: &str, contract: &Contract) -> String {
    let kinds = CATALOGUE.iter().map(|entry| entry.id);
    let dialects = Dialect::ALL.iter().map(|dialect| dialect.id());
    let promises = contract.promises.iter().map(|p| p.id.as_str());
    let hint = nearest(word, kinds.chain(dialects).chain(promises));
    // Where nothing is near, a list of hundreds of promises helps nobody.
    let hint = match hint.starts_with("; did you mean") {
        true => hint,
        false => "; a report or `probity plan` names what there is".to_owned(),
    };
    format!(
        "{word}: no kind of finding, dialect or exit code, and no promise of {}{hint}",
        contract.id
    )
}

fn kind(entry: &Entry) -> String {
    let mut page = format!(
        "{}: a kind of finding, severity {}\n\n{}\n\nUsual causes:\n",
        entry.id,
        entry.severity.word(),
        entry.meaning
    );
    for cause in entry.causes {
        page.push_str(&format!("  - {cause}\n"));
    }
    page.push_str(&format!("\nWhat to do: {}\n", entry.advice));
    page
}

fn exit_code(verdict: Verdict) -> String {
    format!(
        "{}: the exit code for: {}\n\n{}\n\nWhat to do: {}\n",
        verdict.code(),
        verdict.summary(),
        verdict.meaning(),
        verdict.advice()
    )
}

/// Questions on which engines differ most often: words, pattern, text.
const QUESTIONS: [(&str, &str, &str); 6] = [
    ("`$` matches before a final line feed", "^a$", "a\n"),
    ("`.` matches a carriage return", "^.$", "\r"),
    ("`\\d` matches an Arabic-Indic digit", "^\\d$", "\u{663}"),
    ("`\\w` matches an `é`", "^\\w$", "é"),
    ("`.` matches a whole emoji", "^.$", "\u{1f600}"),
    ("`\\Z` is the end of the text", "^a\\Z", "a"),
];

fn dialect(dialect: Dialect) -> String {
    let symbols = match dialect.alphabet() {
        Alphabet::CodePoints => "code points",
        Alphabet::Utf16 => "UTF-16 code units",
        Alphabet::Bytes => "bytes of the UTF-8 form",
    };
    let mut page = format!(
        "{}: a dialect of patterns\n\n{}\nIt reads texts as {symbols}. Its syntax is that of {}.\n\nIn it\n",
        dialect.id(),
        dialect.about(),
        syntax(dialect.family())
    );
    let mut batch = Batch::new();
    for (question, pattern, input) in QUESTIONS {
        let asked =
            json!({"pattern": pattern, "dialect": dialect.id(), "mode": "search", "input": input});
        let answer = batch.answer(&asked.to_string());
        let answer = match (answer.get("compiles"), answer.get("accepts")) {
            (_, Some(Value::Bool(true))) => "yes",
            (_, Some(Value::Bool(false))) => "no",
            (Some(Value::Bool(false)), _) => "a syntax error",
            _ => "not modelled",
        };
        page.push_str(&format!("  {question:40} {answer}\n"));
    }
    page.push_str(&format!(
        "\n`probity pattern --dialect {} --pattern P` shows how it reads a pattern.\n",
        dialect.id()
    ));
    page
}

fn syntax(family: Family) -> &'static str {
    match family {
        Family::EcmaScript => "ECMAScript (ECMA-262)",
        Family::Python => "Python's `re`",
        Family::Perl => "Perl and PCRE2",
        Family::Java => "`java.util.regex`",
        Family::Ruby => "Ruby (Onigmo)",
        Family::Go => "Go (RE2)",
        Family::Rust => "the Rust crate `regex`",
        Family::DotNet => ".NET",
        Family::Posix => "POSIX extended regular expressions",
    }
}

/// Most characters of the document that are shown.
const SHOWN: usize = 600;

fn promise(contract: &Contract, promise: &Promise) -> String {
    let mut page = format!(
        "{}: a promise of {}\n\n",
        line(&promise.id),
        line(&contract.id)
    );
    page.push_str(&format!("{}\n\n", line(&promise.text)));
    if let Some(operation) = contract.operation(&promise.operation) {
        let signature = operation.signature();
        page.push_str(&format!(
            "operation  {}  {}\n",
            line(&operation.id),
            line(&signature)
        ));
    }
    let pointer = &promise.source.pointer;
    page.push_str(&format!("stated at  {}\n", line(pointer)));
    if let Some((file, row, column)) = contract.position(pointer) {
        page.push_str(&format!("           {}:{row}:{column}\n", line(file)));
    }
    if let Some(row) = promise.source.page_line {
        page.push_str(&format!("           line {row} of the published page\n"));
    }
    let stated = contract.stated(pointer);
    if let Some(text) = stated.and_then(|value| serde_json::to_string_pretty(value).ok()) {
        let shown: String = text.chars().take(SHOWN).collect();
        page.push_str("the document says\n");
        for row in shown.lines() {
            page.push_str(&format!("    {}\n", line(row)));
        }
        if shown.len() < text.len() {
            page.push_str("    …\n");
        }
    }
    page
}
