//! The command line: one file a subcommand. Parses, calls the library, chooses the exit code.
//! Results go to stdout, everything else to stderr.

mod check;
mod common;
mod contract_args;
mod device_args;
mod diff;
mod explain;
mod fuzz;
mod gate;
mod init;
mod job;
mod journal;
mod lint;
mod merge;
mod mock;
mod out;
mod pattern;
mod plan;
mod probing;
mod replay;
mod reports;
mod restore;
mod run;
mod signals;
mod subject;
mod toml_text;
mod values;

use crate::contract::ContractError;
use crate::run::Verdict;
use clap::{CommandFactory, Parser, Subcommand};
use std::io::Write as _;
use std::process::ExitCode;

/// Finds out whether a device keeps the promises of its published HTTP API.
#[derive(Debug, Parser)]
#[command(name = "probity", version, about, after_help = exit_codes(), max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// The table of exit codes below the help.
fn exit_codes() -> String {
    let mut table = String::from("Exit codes:");
    for verdict in Verdict::ALL {
        table.push_str(&format!("\n  {}  {}", verdict.code(), verdict.summary()));
    }
    table
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge a device against its contract (without --target: the embedded mock device)
    Run(Box<run::Args>),
    /// Judge a device with inputs without end, for a night
    Fuzz(Box<fuzz::Args>),
    /// Serve a mock device that keeps the contract, or breaks it on request
    Mock(mock::Args),
    /// Show what a published pattern can mean
    Pattern(pattern::Args),
    /// Show what is wrong with the published text itself
    Lint(lint::Args),
    /// List the cases that `run` would send; sends nothing
    Plan(plan::Args),
    /// Put the reports of all shards of a plan together
    Merge(merge::Args),
    /// Let a firmware candidate pass or hold it back: its reports against what is known
    Gate(gate::Args),
    /// Send findings of a report again: fixed, still failing, or could not tell
    Replay(Box<replay::Args>),
    /// Put back what a job that was killed has left on a device
    Restore(Box<restore::Args>),
    /// Say what works on a device before anything is tested, and what is missing
    Check(Box<check::Args>),
    /// Write a commented profile for a document
    Init(init::Args),
    /// Compare two reports, firmware against firmware: what is new, gone, still there
    Diff(diff::Args),
    /// Say what a word of a report means: a kind of finding, a promise, a dialect, an exit code
    Explain(explain::Args),
    /// Print a completion script for a shell
    #[command(after_help = "Example:\n  probity completions bash > /etc/bash_completion.d/probity")]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// Parses the process arguments and runs the subcommand.
pub fn main() -> ExitCode {
    out::guard_panics();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap prints help and version to stdout with 0, errors to stderr with 2. What it quotes
            // of the arguments may come from a file by way of a script.
            match error.use_stderr() {
                true => {
                    let text = error.render().to_string();
                    let _ = writeln!(std::io::stderr(), "{}", out::shown(text.trim_end()));
                }
                false => {
                    let _ = error.print();
                }
            }
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let result = match cli.command {
        Command::Run(args) => run::run(*args),
        Command::Fuzz(args) => fuzz::run(*args),
        Command::Mock(args) => mock::run(args),
        Command::Pattern(args) => pattern::run(args),
        Command::Lint(args) => lint::run(args),
        Command::Plan(args) => plan::run(args),
        Command::Merge(args) => merge::run(args),
        Command::Gate(args) => gate::run(args),
        Command::Replay(args) => replay::run(*args),
        Command::Restore(args) => restore::run(*args),
        Command::Check(args) => check::run(*args),
        Command::Init(args) => init::run(args),
        Command::Diff(args) => diff::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "probity", &mut script);
            out::print_data(&String::from_utf8_lossy(&script))
                .map(|()| Verdict::Kept)
                .map_err(Into::into)
        }
    };
    match result {
        Ok(verdict) => verdict.into(),
        Err(error) => {
            out::say(&error.to_string());
            // A document that is right and holds nothing that can be sent: nobody's mistake.
            let lawful = error
                .downcast_ref::<ContractError>()
                .is_some_and(|e| e.lawful);
            match lawful {
                true => Verdict::NotJudged.into(),
                false => Verdict::Usage.into(),
            }
        }
    }
}
