//! `probity lint`: what is wrong with the published text itself.

use super::common::{ContractArgs, Error};
use super::out::{print, print_data};
use crate::contract;
use crate::report::visible::line;
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
        print_data(&format!("{}\n", serde_json::to_string_pretty(&issues)?))?;
        return Ok(Verdict::Kept);
    }
    let mut page = String::new();
    for issue in &issues {
        let place = match issue.page_line {
            Some(line) => format!("page line {line}"),
            None => issue
                .id
                .split_once(':')
                .map_or(String::new(), |(_, pointer)| pointer.to_owned()),
        };
        page.push_str(&format!(
            "{} ({place})\n    {}\n\n",
            line(&issue.title),
            issue.proof
        ));
    }
    for entry in &contract.unsupported {
        page.push_str(&format!(
            "not checked: {}: {}\n",
            line(&entry.pointer),
            line(&entry.what)
        ));
    }
    let count = match issues.len() {
        1 => "1 issue".to_owned(),
        n => format!("{n} issues"),
    };
    page.push_str(&format!("{count} of the text of {}\n", line(&contract.id)));
    print(&page)?;
    Ok(Verdict::Kept)
}
