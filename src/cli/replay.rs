//! `probity replay`: findings of a report, sent again.

use super::common::{Error, PolicyArgs, guarded};
use super::contract_args::ContractArgs;
use super::device_args::DeviceArgs;
use super::job::name_of;
use super::journal::{Identity, JournalArgs};
use super::out::{print, say};
use super::probing::{Account, On, on_probe};
use super::reports;
use super::signals::interrupts;
use crate::case::{Context, Plan};
use crate::contract::{Policy, StatePromise};
use crate::device::Device;
use crate::probe::Probe;
use crate::report::Listeners;
use crate::report::visible::line;
use crate::run::Verdict;
use crate::run::admit::Admission;
use crate::run::event::{Event, Listener, write_down};
use crate::run::replay::{ReplayOutcome, replay};
use crate::run::result::{Finding, Member, Report};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// How long a device may stay away before it counts as lost.
const RECOVERY: Duration = Duration::from_secs(60);

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Says of each finding: fixed, still failing, or could not tell. Exit code 0: all fixed,
1: some still failing, 3: could not tell of some.

Examples:
  probity replay report.json --target http://192.168.1.20 --username admin --password-env PASSWORD
  probity replay report.json 3f0c9a1d5e77b210 --target http://192.168.1.20 --token-env TOKEN")]
pub(super) struct Args {
    /// JSON report of `probity run` or `probity fuzz`
    report: PathBuf,
    /// Fingerprints (or their beginnings) or ids of cases, of findings or their members; without any:
    /// all findings, by their plainest case
    fingerprint: Vec<String>,
    #[command(flatten)]
    contract: ContractArgs,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    policy: PolicyArgs,
}

pub(super) fn run(args: Args) -> Result<Verdict, Error> {
    let named = |e: String| format!("{}: {e}", args.report.display());
    let report = reports::read(&args.report)?;
    let findings = chosen(&report, &args.fingerprint).map_err(named)?;
    let (mut contract, built_in) = args.contract.load_for(&args.device)?;
    if contract.sha256 != report.contract.sha256 {
        return Err(named(format!(
            "made from contract {} ({}…), and this one is {} ({}…): give the same with --contract",
            report.contract.id,
            short(&report.contract.sha256),
            contract.id,
            short(&contract.sha256),
        ))
        .into());
    }
    let mut profile = args.device.profile(built_in, &mut contract)?;
    // A report does not choose to whom credentials and requests go.
    let base = args.device.base_url(&profile)?.ok_or_else(|| {
        format!(
            "where to? Give --target URL (the report was made from {})",
            report.target
        )
    })?;
    args.device
        .enter(&mut contract, &mut profile, Some(&base))?;
    let profile = Arc::new(profile);
    let credentials = args.device.credentials(&profile)?;
    let device = Device::new(
        args.device.options(base, credentials, &profile),
        profile.clone(),
    )?
    .with_policy(Arc::new(args.policy.policy(&contract, &profile, false)?));
    let redactor = guarded(&device, &contract);
    if device.base_url() != report.target.trim_end_matches('/') {
        say(&format!(
            "the report was made from {}; its findings are sent to {}",
            report.target,
            device.base_url()
        ));
    }
    let mut kept = JournalArgs::unnamed().begin(&Identity {
        job: "replay",
        contract: &contract,
        target: Some(device.base_url()),
        seed: report.seed,
        plan: &Plan::default(),
        shard: None,
    })?;
    kept.say_where(device.base_url());
    let mut journal = kept.journal.take();
    let heard = journal.iter_mut().map(|j| j as &mut dyn Listener);
    let heard = Rc::new(RefCell::new(Listeners(heard.collect(), redactor)));
    let steps = heard.clone();
    let account = Account {
        run: name_of("replay", &jiff::Timestamp::now().to_string()),
        log: Box::new(move |step| write_down(&mut *steps.borrow_mut(), step)),
    };
    let on = On {
        contract: &contract,
        profile: &profile,
        device: &device,
        seed: report.seed,
        recovery: RECOVERY,
        account: Some(account),
    };
    let (verdicts, restored) = on_probe(on, interrupts, async |probe, context| {
        let policy = device.policy().cloned();
        send(probe, context, policy, &findings, &heard).await
    })??;
    drop(heard);
    drop(journal);
    kept.settle(restored)?;
    Ok(Verdict::worst(&verdicts))
}

/// Who writes down what may have to be put back.
type Heard<'a> = Rc<RefCell<Listeners<'a>>>;

/// What became of each finding, and whether the device is as it was.
async fn send(
    probe: &mut Probe<'_>,
    context: &Context<'_>,
    policy: Option<Arc<Policy>>,
    findings: &[Finding],
    heard: &Heard<'_>,
) -> Result<(Vec<Verdict>, Option<bool>), Error> {
    let mut verdicts = Vec::new();
    let recipes = findings.iter().filter_map(|f| f.reproducer.recipe.as_ref());
    let mut operations: BTreeSet<String> = recipes.map(|r| r.operation.clone()).collect();
    if findings
        .iter()
        .any(|f| f.promise.state() == Some(StatePromise::Listed))
    {
        // What a list leaves out is told by another item that it shows.
        let all = context.contract.operations.iter();
        operations.extend(all.map(|op| op.id.clone()));
    }
    let started = probe
        .start(context, &BTreeMap::new(), &operations, &[])
        .await;
    if let Err(why) = started {
        say(&format!("could not tell: {why}"));
        return Ok((vec![Verdict::NotJudged], None));
    }
    heard.borrow_mut().on(&Event::Settings(&probe.snapshot()));
    // What is not on disk could not be put back after a power cut.
    if let Some(why) = heard.borrow().halt() {
        return Err(why.into());
    }
    // What this device does not take back is not written here either.
    let unproven = probe.prove().await;
    probe.withhold(unproven);
    let admission = Admission::new(context, policy, findings.iter());
    for finding in findings {
        let fate = match admission.admit(finding) {
            Ok(admitted) => replay(probe, &admitted).await,
            Err(why) => ReplayOutcome::Unclear(why),
        };
        let more = match &fate {
            ReplayOutcome::Fixed => String::new(),
            ReplayOutcome::StillFailing { observed, .. } => format!(": {observed}"),
            ReplayOutcome::Unclear(why) => format!(": {why}"),
        };
        print(&format!(
            "{}  {}{}  [{}]\n",
            line(&finding.fingerprint),
            fate,
            line(&more),
            line(&finding.title)
        ))?;
        verdicts.push(match fate {
            ReplayOutcome::Fixed => Verdict::Kept,
            ReplayOutcome::StillFailing { .. } => Verdict::Findings,
            ReplayOutcome::Unclear(_) => Verdict::NotJudged,
        });
    }
    let restored = probe.restore().await;
    for reason in &restored.reasons {
        say(reason);
    }
    if restored.ok == Some(false) {
        verdicts.push(Verdict::NotRestored);
    }
    Ok((verdicts, restored.ok))
}

/// What beginnings of fingerprints or ids of cases name; all findings where none is given. A member
/// of a cause is sent as a finding of its own.
fn chosen(report: &Report, wanted: &[String]) -> Result<Vec<Finding>, String> {
    if wanted.is_empty() {
        return Ok(report.findings.clone());
    }
    let mut chosen: Vec<Finding> = Vec::new();
    for name in wanted {
        let mut found = Vec::new();
        for finding in &report.findings {
            let own = finding.case == *name
                || finding.fingerprint.starts_with(name.as_str())
                || finding.instance.starts_with(name.as_str());
            if own {
                found.push(finding.clone());
                continue;
            }
            let such = finding
                .members
                .iter()
                .filter(|m| m.case == *name || m.fingerprint.starts_with(name.as_str()));
            found.extend(such.map(|member| alone(finding, member)));
        }
        if found.is_empty() {
            return Err(format!(
                "it has no finding {name}; it has {}",
                match report.findings.len() {
                    0 => "none".to_owned(),
                    n => format!("{n}, the first is {}", report.findings[0].fingerprint),
                }
            ));
        }
        for finding in found {
            if chosen
                .iter()
                .all(|f| f.case != finding.case || f.promise != finding.promise)
            {
                chosen.push(finding);
            }
        }
    }
    Ok(chosen)
}

/// A member as a finding of its own.
fn alone(finding: &Finding, member: &Member) -> Finding {
    let mut alone = finding.clone();
    if !member.fingerprint.is_empty() {
        alone.fingerprint.clone_from(&member.fingerprint);
        alone.promise.clone_from(&member.promise);
        alone.title.clone_from(&member.title);
        alone.observed.clone_from(&member.observed);
    }
    alone.case.clone_from(&member.case);
    alone.reproducer = member.reproducer.clone();
    alone.members.clear();
    alone
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
