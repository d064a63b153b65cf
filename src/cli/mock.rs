//! `probity mock`: serves the mock device until Ctrl-C.

use super::common::Error;
use super::contract_args::ContractArgs;
use super::device_args::{DeviceArgs, variable};
use super::out::print;
use super::signals::ended;
use super::values::pair;
use crate::mock::{self, MockConfig};
use crate::profile::Profile;
use crate::run::Verdict;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  probity mock --listen 127.0.0.1:8080
  probity mock --fault no-auth --choice unknown-members=refuse
  probity mock --list-faults")]
pub(super) struct Args {
    #[command(flatten)]
    contract: ContractArgs,
    /// Device profile: login, read-back, life probe
    #[arg(long = "profile", alias = "device", value_name = "profile.toml")]
    device: Option<PathBuf>,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The reading that a field is given (repeatable)
    #[arg(long, value_name = "FIELD=ID", value_parser = pair)]
    reading: Vec<(String, String)>,
    /// Plant a fault (repeatable)
    #[arg(long, value_name = "ID")]
    fault: Vec<String>,
    /// Decide what the page leaves open (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    choice: Vec<(String, String)>,
    /// User name that it takes
    #[arg(long, default_value = "admin")]
    username: String,
    /// Environment variable that holds the password that it takes (default password: 123456)
    #[arg(long, value_name = "VAR")]
    password_env: Option<String>,
    /// List the faults that can be planted: class, set, what goes wrong, promise, what a client sees
    #[arg(long)]
    list_faults: bool,
    /// List what the page leaves open
    #[arg(long)]
    list_choices: bool,
    /// List the readings of every string field
    #[arg(long)]
    list_readings: bool,
}

pub(super) fn run(args: Args) -> Result<Verdict, Error> {
    let (mut contract, built_in) = args.contract.load()?;
    let profile: Profile =
        DeviceArgs::profile_from(args.device.as_deref(), built_in, &mut contract)?;
    if args.list_faults {
        let mut page = String::new();
        for fault in mock::faults(&contract, &profile) {
            page.push_str(&format!(
                "{:32} {:13} {:9} {} [{}]; a client sees: {}\n",
                fault.id,
                fault.class.to_string(),
                fault.set.to_string(),
                fault.description,
                fault.promise,
                fault.seen
            ));
        }
        print(&page)?;
        return Ok(Verdict::Kept);
    }
    if args.list_choices {
        let mut page = String::new();
        for choice in mock::choices() {
            page.push_str(&format!(
                "{:18} {:32} {}\n",
                choice.name,
                choice.values.join(" | "),
                choice.about
            ));
        }
        print(&page)?;
        return Ok(Verdict::Kept);
    }
    if args.list_readings {
        let texts = contract.texts();
        let mut page = String::new();
        for operation in &contract.operations {
            for field in operation.fields() {
                let Some(text) = field.schema.rule().and_then(|r| texts.get(&r)) else {
                    continue;
                };
                for reading in text.readings().iter().filter(|r| r.compiles) {
                    page.push_str(&format!("{}={}\n", field.path, reading.id));
                }
            }
        }
        print(&page)?;
        return Ok(Verdict::Kept);
    }
    let mut config = MockConfig::clean(Arc::new(contract), Arc::new(profile))
        .with_readings(args.reading)
        .with_faults(args.fault)
        .with_choices(args.choice);
    config.listen = args.listen;
    config.username = args.username;
    if let Some(name) = &args.password_env {
        config.password = variable("--password-env", name)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mock = mock::start(config).await.map_err(|e| match e.kind() {
            // Not the address: a fault, choice or reading that nobody knows.
            std::io::ErrorKind::InvalidInput => e.to_string(),
            _ => format!("--listen {}: {e}", args.listen),
        })?;
        print(&format!("listening on http://{}\n", mock.addr()))?;
        ended().await?;
        mock.stop();
        Ok(Verdict::Kept)
    })
}
