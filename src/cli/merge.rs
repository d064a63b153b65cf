//! `probity merge`: the reports of all shards as one.

use super::common::{Error, FloorArgs};
use super::out::{print_styled, say};
use super::reports;
use crate::report::{self, text};
use crate::run::merge::merge;
use crate::run::{Verdict, hold};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Refuses a shard of another plan, seed, contract or firmware (exit code 2) and a missing one (3).

Examples:
  probity merge shard-1.json shard-2.json shard-3.json
  probity merge shard-*.json --report json=whole.json --report junit=whole.xml")]
pub(super) struct Args {
    /// JSON reports of `probity run --shard I/N` or `probity fuzz --shard I/N`
    #[arg(required = true, value_name = "REPORT")]
    reports: Vec<PathBuf>,
    #[arg(long, value_name = "FORMAT=PATH", help = reports::help("the whole report"))]
    report: Vec<report::Target>,
    #[command(flatten)]
    floor: FloorArgs,
}

pub(super) fn run(args: Args) -> Result<Verdict, Error> {
    report::check(&args.report)?;
    let (mut whole, mut verdict) = match merge(reports::all(&args.reports)?) {
        Ok(merged) => merged,
        Err(error) => {
            say(&error.to_string());
            return Ok(error.verdict());
        }
    };
    if !whole.operations.is_empty()
        && let Some(short) = hold(&mut whole, args.floor.floor)
    {
        verdict = short;
    }
    if !args.report.iter().any(report::Target::is_stdout) {
        print_styled(&text::render(&whole, text::Style::default()))?;
    }
    for target in &args.report {
        target.write(&whole)?;
    }
    Ok(verdict)
}
