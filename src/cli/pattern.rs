//! `probity pattern`: what a published pattern can mean, without a device.

use super::common::Error;
use super::contract_args::ContractArgs;
use super::out::{print_data, print_styled};
use crate::pattern::batch::Batch;
use crate::pattern::dialect::Dialect;
use crate::pattern::explain::{Choice, Explanation, RelationView, explain};
use crate::pattern::{Rule, Text};
use crate::report::visible::{self, line as fit};
use crate::run::Verdict;
use anstyle::{AnsiColor, Style};
use std::io::{BufRead, Read as _, Write};
use std::path::PathBuf;

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

/// One rule as a person reads it.
fn table(name: &str, e: &Explanation, matrix: bool) -> String {
    let bold = Style::new().bold();
    let dim = Style::new().dimmed();
    let warn = AnsiColor::Yellow.on_default();
    let mut out = format!("{bold}{}{bold:#}\n", fit(name));
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    if let Some(pattern) = &e.published {
        line(format!("  published   {}", fit(pattern)));
    }
    match (e.min_length, e.max_length) {
        (None, None) => {}
        (min, max) => line(format!(
            "  lengths     {} to {}",
            min.unwrap_or(0),
            max.map_or("any".to_owned(), |max| max.to_string())
        )),
    }
    if !e.formats.is_empty() {
        line(format!("  type        {}", e.formats.join("|")));
    }
    let refused: Vec<&str> = e
        .dialects
        .iter()
        .filter(|d| !d.compiles)
        .map(|d| d.dialect)
        .collect();
    if !refused.is_empty() {
        let why = e
            .dialects
            .iter()
            .find(|d| !d.compiles)
            .map_or(String::new(), |d| {
                format!(
                    " ({} says: {} at {})",
                    d.dialect,
                    fit(d.error.as_deref().unwrap_or("")),
                    d.offset.unwrap_or(0)
                )
            });
        line(format!(
            "  compiles in {} of {} dialects, not in {}{why}",
            e.dialects.len() - refused.len(),
            e.dialects.len(),
            refused.join(" ")
        ));
    }
    for contradiction in &e.contradictions {
        line(format!(
            "  {warn}problem{warn:#}     {}",
            fit(contradiction)
        ));
    }
    if e.repairs.len() > 1 {
        line(format!(
            "\n  {bold}What may have been meant{bold:#} (guesses)"
        ));
        for repair in e.repairs.iter().skip(1) {
            let aside = if repair.plausible {
                ""
            } else {
                " (does not count)"
            };
            line(format!("  {}{aside}", repair.id));
            line(format!("      {}", fit(&repair.pattern)));
            line(format!("      {dim}{}{dim:#}", fit(&repair.derivation)));
        }
    }
    for row in &e.guesses {
        // "none" is the id of the repair that repairs nothing; to people it would say "nobody".
        let names: Vec<&str> = row
            .taken_by
            .iter()
            .map(|id| {
                if id == "none" {
                    "the published text"
                } else {
                    id
                }
            })
            .collect();
        let takes = if names.is_empty() {
            "nobody".to_owned()
        } else {
            names.join(", ")
        };
        line(format!(
            "  {:<18} is taken by {takes}",
            format!("{:?}", shorten(&row.text))
        ));
    }
    let d = &e.differences;
    if d.meanings == 0 {
        line(
            "\n  No dialect compiles it and no repair is known, so it has no meaning that could be\n  \
             compared: no device can enforce it as published."
                .to_owned(),
        );
        return out;
    }
    line(format!(
        "\n  {bold}How it can be read{bold:#}{}",
        if d.repair == "none" {
            String::new()
        } else {
            format!(" (as {})", d.repair)
        }
    ));
    line(format!(
        "  It depends on the engine and on how the engine is asked: search (a match anywhere), prefix (at\n  \
         the start), full (the whole text), full-grouped (a search for ^(?:pattern)$). That makes {}\n  \
         different meaning(s). For example, who takes",
        d.meanings
    ));
    for row in &d.texts {
        let note = if row.note.is_empty() {
            String::new()
        } else {
            format!("  {dim}{}{dim:#}", row.note)
        };
        line(format!("  {bold}{:?}{bold:#}{note}", shorten(&row.text)));
        // Modes with the same answer on one line.
        let mut said: Vec<(String, Vec<&str>)> = Vec::new();
        for mode in &row.taken_by {
            let who = who(&mode.dialects, &mode.refused_by);
            match said.iter_mut().find(|(known, _)| *known == who) {
                Some((_, modes)) => modes.push(mode.mode),
                None => said.push((who, vec![mode.mode])),
            }
        }
        for (who, modes) in said {
            line(format!("      {:<30} {who}", modes.join(", ")));
        }
    }
    if matrix {
        meanings(e, &mut line);
    }
    line(format!("\n  {bold}Whatever the reading{bold:#}"));
    if let Some(valid) = &e.surely_valid {
        line(format!("  every reading takes {:?}", shorten(valid)));
    }
    if let Some(longest) = &e.surely_valid_longest {
        line(format!(
            "  the longest of these has {} characters",
            longest.chars().count()
        ));
    }
    if let Some(invalid) = &e.surely_invalid {
        line(format!("  no reading takes {:?}", shorten(invalid)));
    }
    for risk in &e.risks {
        let growth = match (risk.growth, risk.degree) {
            ("linear", _) => continue,
            ("polynomial", Some(2)) => "grows with the square of the length".to_owned(),
            ("polynomial", Some(degree)) => {
                format!("grows with the length to the power of {degree}")
            }
            ("exponential", _) => "doubles with every few characters more".to_owned(),
            _ => "could not be predicted within the limits".to_owned(),
        };
        let attack = risk
            .attack
            .as_ref()
            .map_or(String::new(), |[prefix, pump, suffix]| {
                format!(", e.g. for {prefix:?}, then {pump:?} again and again, then {suffix:?}")
            });
        line(format!(
            "  {warn}time{warn:#} of a backtracking engine ({}) {growth}{attack}",
            risk.mode
        ));
    }
    line(String::new());
    out
}

/// The dialects that take a text, said in the shorter way.
fn who(taken: &[String], refused: &[String]) -> String {
    match (taken.len(), refused.len()) {
        (0, _) => "none".to_owned(),
        (_, 0) => "all".to_owned(),
        (t, r) if t > r => format!("all but {}", refused.join(" ")),
        _ => taken.join(" "),
    }
}

/// Meanings, telling texts and the matrix of relations.
fn meanings(e: &Explanation, line: &mut impl FnMut(String)) {
    let bold = Style::new().bold();
    line(format!(
        "\n  {bold}{} different meaning(s){bold:#}; engines on one line accept exactly the same texts",
        e.meanings.len()
    ));
    for meaning in &e.meanings {
        for (i, who) in meaning.who.iter().enumerate() {
            let id = if i == 0 { meaning.id.as_str() } else { "" };
            line(format!("  {id:>3}  {who}"));
        }
    }
    if !e.telling.is_empty() {
        line(format!(
            "\n  {bold}Texts that tell them apart{bold:#} (+ taken, . refused)"
        ));
        let header: String = e.meanings.iter().map(|m| format!("{} ", m.id)).collect();
        line(format!("  {header}"));
        for telling in &e.telling {
            let row: String = e
                .meanings
                .iter()
                .map(|m| {
                    let mark = if telling.taken_by.contains(&m.id) {
                        "+"
                    } else {
                        "."
                    };
                    format!("{mark:<width$}", width = m.id.len() + 1)
                })
                .collect();
            line(format!("  {row} {:?}", shorten(&telling.text)));
        }
    }
    if !e.relations.is_empty() && e.meanings.len() > 1 {
        line(format!(
            "\n  {bold}How each row relates to each column{bold:#}: < takes less, > takes more, x both have \
             texts of their own, 0 nothing in common, ? not decided within the limits"
        ));
        let width = e.meanings.iter().map(|m| m.id.len()).max().unwrap_or(1) + 1;
        let header: String = e
            .meanings
            .iter()
            .map(|m| format!("{:>width$}", m.id))
            .collect();
        line(format!("     {header}"));
        for row in &e.meanings {
            let cells: String = e
                .meanings
                .iter()
                .map(|column| format!("{:>width$}", mark(&e.relations, &row.id, &column.id)))
                .collect();
            line(format!("  {:>3}{cells}", row.id));
        }
    }
}

/// The sign of one pair.
fn mark(relations: &[RelationView], row: &str, column: &str) -> &'static str {
    if row == column {
        return "=";
    }
    let sign = |relation: &str, swapped: bool| match (relation, swapped) {
        ("equal", _) => "=",
        ("subset", false) | ("superset", true) => "<",
        ("superset", false) | ("subset", true) => ">",
        ("overlap", _) => "x",
        ("disjoint", _) => "0",
        _ => "?",
    };
    for relation in relations {
        if relation.a == row && relation.b == column {
            return sign(relation.relation, false);
        }
        if relation.a == column && relation.b == row {
            return sign(relation.relation, true);
        }
    }
    "?"
}

/// Long texts in the middle.
fn shorten(text: &str) -> String {
    let count = text.chars().count();
    if count <= 60 {
        return text.to_owned();
    }
    let head: String = text.chars().take(25).collect();
    let tail: String = text.chars().skip(count - 25).collect();
    format!("{head}…({count} characters)…{tail}")
}
