//! How two engines read one pattern:
//! `cargo run -p probity-pattern --example compare -- '^[a-z]+$' python go`

use probity_pattern::dialect::{Dialect, Mode};
use probity_pattern::language::language;
use probity_pattern::product::Budget;
use probity_pattern::relation::compare;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [pattern, a, b] => match run(pattern, a, b) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("compare: {error}");
                ExitCode::FAILURE
            }
        },
        _ => {
            eprintln!("usage: compare PATTERN DIALECT DIALECT");
            ExitCode::FAILURE
        }
    }
}

fn run(pattern: &str, a: &str, b: &str) -> Result<(), String> {
    let read = |id: &str| {
        let dialect = Dialect::by_id(id).ok_or_else(|| format!("no dialect `{id}`"))?;
        language(pattern, dialect, Mode::Search).map_err(|error| format!("{id}: {error:?}"))
    };
    let (mut first, mut second) = (read(a)?, read(b)?);
    let relation = compare(&mut first, &mut second, Budget::default());
    println!("{}", relation.kind);
    for (who, witness) in [
        (format!("only {a}"), relation.a_only.shortest),
        (format!("only {b}"), relation.b_only.shortest),
        ("both".to_owned(), relation.both.shortest),
    ] {
        if let Some(text) = witness {
            println!("{who}: {text:?}");
        }
    }
    Ok(())
}
