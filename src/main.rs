//! Parses the command line, calls the library, exits with its code. Nothing else lives here.

use std::process::ExitCode;

fn main() -> ExitCode {
    probity::cli::main()
}
