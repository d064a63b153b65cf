//! `probity check`: what works before anything is tested, and the line that adds what does not.

use super::common::{Error, PolicyArgs, guarded};
use super::contract_args::ContractArgs;
use super::device_args::DeviceArgs;
use super::out::print;
use super::probing::{On, on_probe};
use super::signals::ended;
use super::toml_text::{key, text};
use crate::contract::{Allowed, Policy};
use crate::device::Device;
use crate::report::visible::line;
use crate::run::Verdict;
use crate::run::check::{Checked, Hint, Item, Part, State, check};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long a device may stay away in the middle of a check.
const RECOVERY: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Reaches the device, logs in and reads, with GET alone; nothing is written. Prints what works, what is
missing, and the line of the profile that adds it. Exit code 0: a run could judge everything that it
may send; 3: something is missing.

Examples:
  probity check --target http://192.168.1.20 --username admin --password-env DEVICE_PASSWORD
  probity check --contract camera.yaml --profile camera.toml --target http://10.0.0.7")]
pub(super) struct Args {
    #[command(flatten)]
    contract: ContractArgs,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    policy: PolicyArgs,
}

pub(super) fn run(args: Args) -> Result<Verdict, Error> {
    let (mut contract, built_in) = args.contract.load_for(&args.device)?;
    let mut profile = args.device.profile(built_in, &mut contract)?;
    let base = args.device.base_url(&profile)?;
    let base = base.ok_or("check of which device? Give --target URL")?;
    args.device.choose(&mut contract, &mut profile, Some(&base));
    let policy = args.policy.policy(&contract, &profile, false)?;
    let reads_only = Allowed {
        read_only: true,
        ..Allowed::default()
    };
    let reads_only = Policy::new(&contract, &profile, &reads_only)?;
    let profile = Arc::new(profile);
    let credentials = args.device.credentials(&profile)?;
    let options = args.device.options(base, credentials, &profile);
    let device = Device::new(options, profile.clone())?.with_policy(Arc::new(reads_only));
    guarded(&device, &contract);
    let on = On {
        contract: &contract,
        profile: &profile,
        device: &device,
        seed: 0,
        recovery: RECOVERY,
        account: None,
    };
    let signals = |stop: watch::Sender<bool>| {
        tokio::spawn(async move {
            if ended().await.is_err() {
                // No signals here; the sender stays, because its end would end the job.
                std::future::pending::<()>().await;
            }
            let _ = stop.send(true);
        });
    };
    let checked = on_probe(on, signals, async |probe, context| {
        check(probe, context, &policy).await
    })?;
    print(&page(&checked))?;
    Ok(match checked.complete() {
        true => Verdict::Kept,
        false => Verdict::NotJudged,
    })
}

fn page(checked: &Checked) -> String {
    let mut page = String::new();
    for (part, title) in [
        (Part::Reach, "Reach"),
        (Part::Login, "Login"),
        (Part::Life, "Life"),
        (Part::Read, "Reads"),
        (Part::State, "States that are put back"),
        (Part::Operation, "Operations that cannot be judged"),
    ] {
        let groups = alike(checked.items.iter().filter(|i| i.part == part));
        if !groups.is_empty() {
            page.push_str(&format!("{title}\n"));
        }
        // What helps many is said once.
        let mut said: &[Hint] = &[];
        for group in groups {
            let Some(item) = group.first() else { continue };
            entry(&mut page, &group, item.hints != said);
            said = &item.hints;
        }
    }
    if !checked.left_out.is_empty() {
        page.push_str("Left out for what they may do\n");
    }
    for (operation, refusal) in &checked.left_out {
        page.push_str(&format!(
            "  {}: {}: {}\n",
            line(operation),
            refusal.effect,
            line(&refusal.reason)
        ));
    }
    if !checked.given_up.is_empty() {
        page.push_str("Cannot be judged here, as the profile says\n");
    }
    for (operation, reason) in &checked.given_up {
        page.push_str(&format!("  {}: {}\n", line(operation), line(reason)));
    }
    page.push_str(&additions(checked));
    let missing = |i: &&Item| i.state == State::Missing;
    let missing = alike(checked.items.iter().filter(missing)).len();
    page.push_str(&match (missing, checked.whole) {
        (0, true) if checked.blind() => {
            "\na run could judge everything that was looked at (exit code 0)\n".to_owned()
        }
        (0, true) => "\na run could judge everything that it may send (exit code 0)\n".to_owned(),
        (1, true) => "\n1 thing is missing (exit code 3)\n".to_owned(),
        (n, true) => format!("\n{n} things are missing (exit code 3)\n"),
        (_, false) => "\nnot looked at to the end (exit code 3)\n".to_owned(),
    });
    page
}

/// Items of which one and the same is missing, together; the others one by one, all in their order.
fn alike<'c>(items: impl Iterator<Item = &'c Item>) -> Vec<Vec<&'c Item>> {
    let mut groups: Vec<Vec<&Item>> = Vec::new();
    for item in items {
        let facts = |item: &Item| (item.part, item.state, item.what.clone(), item.hints.clone());
        let same = |group: &&mut Vec<&Item>| {
            let other = group.first().map(|other| facts(other));
            item.state == State::Missing && other == Some(facts(item))
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(item),
            None => groups.push(vec![item]),
        }
    }
    groups
}

/// Names of a group that are told.
const NAMES_TOLD: usize = 4;

fn entry(page: &mut String, group: &[&Item], hints: bool) {
    let Some(item) = group.first() else { return };
    let names = group.iter().take(NAMES_TOLD).map(|item| line(&item.name));
    let mut names = names.collect::<Vec<_>>().join(", ");
    if let more @ 1.. = group.len().saturating_sub(NAMES_TOLD) {
        names.push_str(&format!(" and {more} more"));
    }
    let word = match item.state {
        State::Works => "ok",
        State::Fails => "fails",
        State::Missing => "missing",
        State::Unseen => "unseen",
    };
    page.push_str(&format!("  {word:7}  {names}  {}\n", line(&item.what)));
    for hint in item.hints.iter().filter(|_| hints) {
        let row = match hint {
            Hint::Say(words) => line(words),
            other => format!("add {} to the profile", header(other)),
        };
        page.push_str(&format!("           {row}\n"));
    }
}

/// What the profile would have to say, each table once: to be copied as it is.
fn additions(checked: &Checked) -> String {
    let mut tables: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for hint in checked.items.iter().flat_map(|item| &item.hints) {
        if matches!(hint, Hint::Say(_)) {
            continue;
        }
        let header = header(hint);
        let at = tables.iter().position(|(h, _)| *h == header);
        let at = at.unwrap_or_else(|| {
            tables.push((header, Vec::new()));
            tables.len() - 1
        });
        let Some((_, table)) = tables.get_mut(at) else {
            continue;
        };
        for (name, value) in entries(hint) {
            // TOML has each key once.
            if table.iter().all(|(known, _)| *known != name) {
                table.push((name, value));
            }
        }
    }
    let mut page = String::new();
    if !tables.is_empty() {
        page.push_str("\nFor the profile (--profile FILE), with values in place of …\n");
    }
    for (header, table) in tables {
        page.push_str(&format!("  {header}\n"));
        for (name, value) in table {
            page.push_str(&format!("  {name} = {value}\n"));
        }
    }
    page
}

/// The head of the table that a hint is about.
fn header(hint: &Hint) -> String {
    match hint {
        Hint::Say(_) => String::new(),
        Hint::Values { of, .. } => format!("[values.{}]", key(of)),
        Hint::ReadBack { operation, .. } => format!("[read-back.{}]", key(operation)),
        Hint::CannotJudge { .. } => "[cannot-judge]".to_owned(),
        Hint::Limit { .. } => "[limits]".to_owned(),
    }
}

/// Its keys and values as TOML.
fn entries(hint: &Hint) -> Vec<(String, String)> {
    match hint {
        Hint::Say(_) => Vec::new(),
        Hint::Values { parameters, .. } => {
            let open = |name: &String| (key(name), "…".to_owned());
            parameters.iter().map(open).collect()
        }
        Hint::ReadBack { path, root, .. } => vec![
            ("path".to_owned(), text(path)),
            ("root".to_owned(), text(root)),
        ],
        Hint::CannotJudge { operation, reason } => vec![(key(operation), text(reason))],
        Hint::Limit { key, value } => vec![((*key).to_owned(), value.clone())],
    }
}
