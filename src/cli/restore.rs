//! `probity restore`: puts back what a job that was killed has left on a device.

use super::common::{Error, PolicyArgs, guarded};
use super::contract_args::ContractArgs;
use super::device_args::DeviceArgs;
use super::journal;
use super::out::{print, say};
use super::probing::{On, on_probe};
use super::signals::interrupts;
use crate::device::{Device, Restored};
use crate::probe::Step;
use crate::run::Verdict;
use crate::run::journal::{EMBEDDED, Header, read_left, shape};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long a device may stay away before it counts as lost.
const RECOVERY: Duration = Duration::from_secs(60);

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Puts the settings back that stood before the job of this journal, removes what it created, and sends
nothing else. Exit code 0: as before, 6: some setting differs or something is left, 3: could not be
looked at.

Examples:
  probity restore --journal campaign.jsonl --target http://192.168.1.20 --username admin --password-env DEVICE_PASSWORD
  probity restore --target http://192.168.1.20 --token-env TOKEN
  probity restore --target http://192.168.1.20 --dismiss")]
pub(super) struct Args {
    /// The journal of the job; without it the one that `run` keeps for --target
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Leave the device as it is and forget the journal
    #[arg(long)]
    dismiss: bool,
    #[command(flatten)]
    trust: journal::Trust,
    #[command(flatten)]
    contract: ContractArgs,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    policy: PolicyArgs,
}

pub(super) fn run(args: Args) -> Result<Verdict, Error> {
    let path = match (&args.journal, &args.device.target) {
        (Some(path), _) => path.clone(),
        (None, Some(target)) => journal::kept_for(target)
            .filter(|path| path.exists())
            .ok_or_else(|| format!("no unfinished run against {target} is known: nothing to do"))?,
        (None, None) => {
            return Err(
                "restore of which job? Give --journal FILE, or --target URL for the \
                        journal that `run` keeps"
                    .into(),
            );
        }
    };
    if args.dismiss {
        // What is no journal is not written to.
        read_left(&path, None)?;
        journal::finish(&path)?;
        print(&format!(
            "{}: dismissed; the device stays as it is\n",
            path.display()
        ))?;
        return Ok(Verdict::Kept);
    }
    let (header, past) = read_left(&path, journal::seal().as_ref())?;
    let named = |e: String| format!("{}: {e}", path.display());
    let header = header.ok_or_else(|| named("it is empty: its job has sent nothing".to_owned()))?;
    let steps = past.steps();
    let nothing = BTreeMap::new();
    let made_nothing = |s: &Step| matches!(s, Step::Borrowed { .. } | Step::Listed { .. });
    let made_nothing = steps.iter().all(made_nothing);
    let before = match past.settings() {
        Some(before) if !before.is_empty() || !made_nothing => before,
        None if !steps.is_empty() => &nothing,
        found => {
            journal::finish(&path)?;
            let why = match found {
                Some(_) => "its job kept no state, so it has written none that is put back",
                None => "its job had not read any settings, so it has written none",
            };
            print(&format!("{}: {why}: nothing to put back\n", path.display()))?;
            return Ok(Verdict::Kept);
        }
    };
    args.trust.admit(&path, &past)?;
    let restored = put_back(&args, &header, before, &steps).map_err(|e| named(e.to_string()))?;
    for reason in &restored.reasons {
        say(reason);
    }
    let (line, verdict) = match restored.ok {
        Some(true) => ("the device is as before the job", Verdict::Kept),
        Some(false) => ("the device is NOT as before the job", Verdict::NotRestored),
        None => (
            "nobody can tell whether the device is as before the job",
            Verdict::NotJudged,
        ),
    };
    if restored.ok == Some(true) {
        journal::finish(&path)?;
    }
    print(&format!("{}: {line}\n", path.display()))?;
    Ok(verdict)
}

fn put_back(
    args: &Args,
    header: &Header,
    before: &BTreeMap<String, serde_json::Value>,
    steps: &[Step],
) -> Result<Restored, Error> {
    let (mut contract, built_in) = args.contract.load_for(&args.device)?;
    // The same operations in another text are what the journal was made from.
    let alike = || header.shape.as_ref() == Some(&shape(&contract));
    if contract.sha256 != header.contract.sha256 && !alike() {
        return Err(format!(
            "made from contract {}, and {} is another: give the same with --contract",
            header.contract.id, contract.id
        )
        .into());
    }
    if header.target == EMBEDDED {
        return Err("its device was the embedded mock, which is gone".into());
    }
    let mut profile = args.device.profile(built_in, &mut contract)?;
    // A file does not choose to whom credentials and settings go.
    let base = args.device.base_url(&profile)?;
    let base = base.filter(|base| base.trim_end_matches('/') == header.target);
    let base = base.ok_or_else(|| {
        format!(
            "its job was against {}: give that with --target",
            header.target
        )
    })?;
    args.device
        .enter(&mut contract, &mut profile, Some(&base))?;
    let profile = Arc::new(profile);
    let credentials = args.device.credentials(&profile)?;
    let options = args.device.options(base, credentials, &profile);
    // Nothing but what the journal names is removed, and the settings are written back: by an operation
    // that the job was allowed by name, where that is allowed here as well.
    let policy = args.policy.policy(&contract, &profile, false)?;
    let device = Device::new(options, profile.clone())?.with_policy(Arc::new(policy));
    guarded(&device, &contract);
    let mut before = before.clone();
    before.values_mut().for_each(|v| device.reveal(v));
    let on = On {
        contract: &contract,
        profile: &profile,
        device: &device,
        seed: header.seed,
        recovery: RECOVERY,
        account: None,
    };
    on_probe(on, interrupts, async |probe, context| {
        if let Err(why) = probe
            .start(context, &BTreeMap::new(), &BTreeSet::new(), steps)
            .await
        {
            return Restored {
                reasons: vec![why],
                ..Restored::default()
            };
        }
        probe.adopt(&before);
        probe.withhold_unreadable();
        probe.restore().await
    })
}
