//! `probity pattern`: what a published pattern can mean.

use super::common::{ContractArgs, Error};
use crate::pattern::Text;
use crate::run::Verdict;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  probity pattern --field realm
  probity pattern --contract camera.yaml --field name")]
pub(super) struct Args {
    #[command(flatten)]
    contract: ContractArgs,
    /// Dotted path of the field
    #[arg(long, value_name = "NAME")]
    field: Option<String>,
}

pub(super) fn run(args: Args) -> Result<Verdict, Error> {
    let (contract, _) = args.contract.load()?;
    let texts = contract.texts();
    let mut shown = 0;
    for operation in &contract.operations {
        for field in operation.fields() {
            if args
                .field
                .as_ref()
                .is_some_and(|f| *f != field.path.dotted())
            {
                continue;
            }
            let Some(text) = field.schema.rule().and_then(|r| texts.get(&r)) else {
                continue;
            };
            shown += 1;
            show(&field.path.dotted(), text);
        }
    }
    if shown == 0 {
        return Err("--field: the contract has no string field of that name with a rule".into());
    }
    Ok(Verdict::Kept)
}

fn show(name: &str, text: &Text) {
    anstream::println!("{name}");
    if let Some(pattern) = &text.rule().pattern {
        anstream::println!("  published  {pattern}");
    }
    for reading in text.readings() {
        let compiles = if reading.compiles {
            ""
        } else {
            "  (does not compile)"
        };
        anstream::println!("  reading    {}{compiles}", reading.id);
    }
    if let Some(valid) = text.valid() {
        anstream::println!("  all accept {valid:?}");
    }
    for miss in text.near_misses(5) {
        anstream::println!("  none takes {:?} ({})", miss.text, miss.idea);
    }
    anstream::println!("");
}
