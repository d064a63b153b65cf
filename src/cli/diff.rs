//! `probity diff`: firmware against firmware.

use super::common::Error;
use super::out::{print, print_data};
use super::reports;
use crate::report::diff::{json, text};
use crate::run::Verdict;
use crate::run::diff::diff;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Compares by fingerprint, which does not depend on payload, seed or order. Reports of version 1 and 2
are read. Exit code 0: nothing is new; 1: new findings; 3: the new report could not judge; 5: new
flaky results only.

Examples:
  probity diff firmware-1.4.json firmware-1.5.json
  probity diff old.json new.json --format json | jq .findings.new")]
pub(super) struct Args {
    /// JSON report of the firmware before
    old: PathBuf,
    /// JSON report of the firmware now
    new: PathBuf,
    /// Compare although the contracts of the reports differ
    #[arg(long)]
    across_contracts: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One JSON object, `probity-diff/1`
    Json,
}

pub(super) fn run(args: Args) -> Result<Verdict, Error> {
    let named = |path: &PathBuf| Ok::<_, Error>((path.display().to_string(), reports::read(path)?));
    let (old, new) = (named(&args.old)?, named(&args.new)?);
    let (diff, verdict) = diff(&old, &new, args.across_contracts)?;
    match args.format {
        Format::Text => print(&text(&diff))?,
        Format::Json => print_data(&json(&diff)?)?,
    }
    Ok(verdict)
}
