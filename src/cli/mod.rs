//! The command line: one file a subcommand. Parses, calls the library, chooses the exit code.

use std::process::ExitCode;

/// Parses the process arguments and runs the subcommand.
pub fn main() -> ExitCode {
    ExitCode::from(2)
}
