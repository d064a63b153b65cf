//! `probity lint`: what is wrong with the published text itself.

use super::common::{ContractArgs, Error};
use crate::contract;
use crate::run::Verdict;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  probity lint
  probity lint --contract camera.yaml --format json")]
pub(super) struct Args {
    #[command(flatten)]
    contract: ContractArgs,
    /// How to print the issues
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(super) fn run(args: Args) -> Result<Verdict, Error> {
    let (contract, _) = args.contract.load()?;
    let issues = contract::lint(&contract, &contract.texts());
    if args.format == Format::Json {
        anstream::println!("{}", serde_json::to_string_pretty(&issues)?);
        return Ok(Verdict::Kept);
    }
    for issue in &issues {
        let place = match issue.page_line {
            Some(line) => format!("page line {line}"),
            None => issue
                .id
                .split_once(':')
                .map_or(String::new(), |(_, pointer)| pointer.to_owned()),
        };
        anstream::println!("{} ({place})\n    {}\n", issue.title, issue.proof);
    }
    for entry in &contract.unsupported {
        anstream::println!("not checked: {}: {}", entry.pointer, entry.what);
    }
    let count = match issues.len() {
        1 => "1 issue".to_owned(),
        n => format!("{n} issues"),
    };
    anstream::println!("{count} of the text of {}", contract.id);
    Ok(Verdict::Kept)
}
