//! `probity pattern`: what a published pattern can mean, without a device.

mod table;

use super::common::Error;
use super::contract_args::ContractArgs;
use super::out::{print_data, print_styled};
use crate::pattern::batch::Batch;
use crate::pattern::dialect::Dialect;
use crate::pattern::explain::{Choice, explain};
use crate::pattern::{Rule, Text};
use crate::report::visible;
use crate::run::Verdict;
use std::io::{BufRead, Read as _, Write};
use std::path::PathBuf;
use table::table;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  probity pattern --field realm
  probity pattern --contract camera.yaml --field name --json
  probity pattern --pattern '^[a-z]+$' --max-length 8
  probity pattern --pattern '^\\d+$' --dialect python --dialect go
  echo '{\"pattern\": \"^a$\", \"dialect\": \"python\", \"mode\": \"search\", \"input\": \"a\"}' | probity pattern --batch -

A reading is one way to understand the pattern: a repair, where the published text is damaged; an
engine (ecmascript, python, pcre2, perl, java, ruby, go, rust, dotnet, posix-ere and their
variants); and how it is asked: search (a match anywhere), prefix (at the start), full (the whole
text), full-grouped (a search for ^(?:pattern)$). Readings that accept exactly the same texts are
shown as one meaning.")]
pub(super) struct Args {
    #[command(flatten)]
    contract: ContractArgs,
    /// Dotted path of the field; without it every field with a rule
    #[arg(long, value_name = "NAME")]
    field: Option<String>,
    /// A pattern instead of a contract's field
    #[arg(long, value_name = "P", conflicts_with = "field")]
    pattern: Option<String>,
    /// Shortest length beside --pattern
    #[arg(long, value_name = "N", requires = "pattern")]
    min_length: Option<u64>,
    /// Greatest length beside --pattern
    #[arg(long, value_name = "N", requires = "pattern")]
    max_length: Option<u64>,
    /// Only this dialect (repeatable)
    #[arg(long, value_name = "ID", value_parser = dialect)]
    dialect: Vec<Dialect>,
    /// Also readings that are not plausible
    #[arg(long)]
    all: bool,
    /// Also which engines mean the same, and how each two meanings relate
    #[arg(long)]
    matrix: bool,
    /// JSON instead of tables: everything, with all readings and relations
    #[arg(long)]
    json: bool,
    /// Questions, one JSON object a line, from a file or stdin (-); one answer a line
    #[arg(long, value_name = "FILE|-", conflicts_with_all = ["field", "pattern", "json", "all", "dialect"])]
    batch: Option<PathBuf>,
}

fn dialect(id: &str) -> Result<Dialect, String> {
    Dialect::by_id(id).ok_or_else(|| {
        let all: Vec<&str> = Dialect::ALL.iter().map(|d| d.id()).collect();
        format!("no such dialect; there are {}", all.join(", "))
    })
}

/// Shows the readings; exit code 0 unless something was wrong with the question.
pub(super) fn run(args: Args) -> Result<Verdict, Error> {
    if let Some(file) = &args.batch {
        return batch(file);
    }
    let choice = Choice {
        dialects: args.dialect.clone(),
        all: args.all,
    };
    let mut out = Vec::new();
    if let Some(pattern) = &args.pattern {
        let text = Text::new(Rule {
            pattern: Some(pattern.clone()),
            min_length: args.min_length,
            max_length: args.max_length,
            formats: Vec::new(),
        });
        out.push(("pattern".to_owned(), explain(&text, &choice)));
    } else {
        let (contract, _) = args.contract.load()?;
        for operation in &contract.operations {
            for field in operation.fields() {
                let name = field.path.dotted();
                if args.field.as_ref().is_some_and(|f| *f != name) {
                    continue;
                }
                let Some(rule) = field.schema.rule() else {
                    continue;
                };
                // Without a name only patterns are of interest.
                if args.field.is_none() && rule.pattern.is_none() {
                    continue;
                }
                out.push((name, explain(&Text::new(rule), &choice)));
            }
        }
    }
    if out.is_empty() {
        let what = match &args.field {
            Some(field) => format!(
                "--field {field}: the contract has no string field of that name with a rule"
            ),
            None => "the contract has no string field with a pattern".to_owned(),
        };
        return Err(what.into());
    }
    if args.json {
        let all: Vec<serde_json::Value> = out
            .iter()
            .map(|(name, explanation)| {
                let mut value = serde_json::to_value(explanation)?;
                if let Some(object) = value.as_object_mut() {
                    object.insert("field".to_owned(), name.clone().into());
                }
                Ok(value)
            })
            .collect::<Result<_, serde_json::Error>>()?;
        print_data(&format!("{}\n", serde_json::to_string_pretty(&all)?))?;
    } else {
        for (name, explanation) in &out {
            print_styled(&table(name, explanation, args.matrix))?;
        }
    }
    Ok(Verdict::Kept)
}

/// The longest line of a batch, in octets.
const LONGEST_LINE: u64 = 16 << 20;

/// Lines in, lines out, in the same order.
fn batch(file: &std::path::Path) -> Result<Verdict, Error> {
    let mut input: Box<dyn BufRead> = if file.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        let opened = crate::files::open(file)
            .map_err(|error| format!("--batch {}: {error}", file.display()))?;
        Box::new(std::io::BufReader::new(opened))
    };
    let mut out = std::io::stdout().lock();
    let mut batch = Batch::new();
    let named = |error: std::io::Error| format!("--batch {}: {error}", file.display());
    loop {
        let mut line = Vec::new();
        let read = (&mut input)
            .take(LONGEST_LINE + 1)
            .read_until(b'\n', &mut line);
        if read.map_err(named)? == 0 {
            break;
        }
        if line.len() as u64 > LONGEST_LINE {
            let error = std::io::Error::other("a line is larger than 16 MiB");
            return Err(named(error).into());
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        let text = String::from_utf8_lossy(&line);
        let answer = batch.answer(&text).to_string();
        let written = writeln!(out, "{}", visible::json(&answer)).and_then(|()| out.flush());
        if let Err(error) = written {
            // Whoever read us has gone: nothing is left to do.
            if error.kind() == std::io::ErrorKind::BrokenPipe {
                break;
            }
            return Err(error.into());
        }
    }
    Ok(Verdict::Kept)
}
