//! Options that several subcommands share, and their parsing. Every error names the option.

use super::out::{guard, quiet, shown};
use crate::case::{Case, Context, Plan, plan_of_operations};
use crate::contract::{Allowed, Contract, Operation, Policy, PromiseId};
use crate::device::{Credentials, Device, Viewer};
use crate::files;
use crate::mock::{self, MockConfig};
use crate::profile::Profile;
use crate::redact::Redactor;
use crate::report;
use crate::report::snapshots::Snapshots;
use crate::run::event::{Event, Listener};
use crate::run::result::Shard;
use crate::run::{FloorWanted, Outcome, hold, leave_out};
use globset::Glob;
use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::Path;

/// Why a subcommand could not start: printed to stderr, exit code 2.
pub(super) type Error = Box<dyn std::error::Error>;

/// What may be sent to a real device beyond what can be undone.
#[derive(Debug, Default, clap::Args)]
pub(super) struct PolicyArgs {
    /// Test this operation although it acts or cannot be undone: operationId, "METHOD /path" or a
    /// glob of them (repeatable; see `probity plan`)
    #[arg(long, value_name = "OPERATION", help_heading = "What may be sent")]
    pub(super) allow: Vec<String>,
    /// Test operations that act or cannot be undone, apart from those that the document (x-acts) or
    /// the profile (deny) names
    #[arg(long, help_heading = "What may be sent")]
    pub(super) allow_irreversible: bool,
    /// Send nothing that may write
    #[arg(long, conflicts_with_all = ["allow", "allow_irreversible"], help_heading = "What may be sent")]
    pub(super) read_only: bool,
}

impl PolicyArgs {
    /// The policy for a device; `mock`: the embedded one, to which everything may be sent. What sends
    /// keeps an account of what it creates and removes it.
    pub(super) fn policy(
        &self,
        contract: &Contract,
        profile: &Profile,
        mock: bool,
    ) -> Result<Policy, Error> {
        let allowed = Allowed {
            operations: self.allow.clone(),
            irreversible: self.allow_irreversible,
            read_only: self.read_only,
        };
        let policy = Policy::new(contract, profile, &allowed)?.removing();
        Ok(match mock {
            true => policy.harmless_device(),
            false => policy,
        })
    }
}
/// Whether reports and reproducers have a place, before anything is sent: a night must not end with
/// nowhere to put what it found.
pub(super) fn check_delivery(folder: &Path, reports: &[report::Target]) -> Result<(), Error> {
    report::check(reports)?;
    Ok(writable(folder).map_err(|e| format!("--reproducers {}: {e}", folder.display()))?)
}

/// Whether files can be made in a folder that is there or can be made. Leaves nothing behind.
pub(super) fn writable(folder: &Path) -> Result<(), String> {
    let there = folder
        .ancestors()
        .map(|f| {
            if f == Path::new("") {
                Path::new(".")
            } else {
                f
            }
        })
        .find(|f| f.exists())
        .unwrap_or(Path::new("."));
    if !there.is_dir() {
        return Err(format!("{} is a file, not a folder", there.display()));
    }
    match tempfile::tempfile_in(there) {
        Ok(_) => Ok(()),
        Err(e) => Err(format!(
            "cannot write into {}: {}",
            there.display(),
            e.kind()
        )),
    }
}

/// The plan, or what of it tests a promise that one of the globs names.
pub(super) fn plan_of(
    context: &Context<'_>,
    budget: Option<usize>,
    only: &[Glob],
    policy: &Policy,
) -> Result<Plan, Error> {
    let mut globs = globset::GlobSetBuilder::new();
    for glob in only {
        globs.add(glob.clone());
    }
    // A glob may be one and still be too much to match by.
    let globs = globs.build().map_err(|e| format!("--only: {e}"))?;
    let named = |id: &PromiseId| globs.is_match(id.as_str());
    let wanted = |case: &Case| globs.is_empty() || case.promises.iter().any(named);
    // Promises of an operation have its id before them: nothing is made for the others.
    let promised = context.contract.promises.iter().filter(|p| named(&p.id));
    let operations: BTreeSet<&str> = promised.map(|p| p.operation.as_str()).collect();
    let asked = |op: &Operation| globs.is_empty() || operations.contains(op.id.as_str());
    let plan = plan_of_operations(context, budget, Some(policy), &asked, &wanted);
    if plan.cases.is_empty() && plan.left_out.is_empty() && !globs.is_empty() {
        return Err("--only: no case tests a promise of that name (see `probity plan`)".into());
    }
    Ok(plan)
}

/// From now on nothing that the process prints shows a secret of the device's session.
pub(super) fn guarded(device: &Device, contract: &Contract) -> Redactor {
    let redactor = device.redactor();
    let ids = contract.promises.iter().map(|p| p.id.as_str());
    let paths = contract.operations.iter().map(|o| o.path.as_str());
    let apart = |c: char| !c.is_alphanumeric() && c != '_' && c != '-';
    guard(
        &redactor,
        ids.chain(paths).flat_map(|text| text.split(apart)),
    );
    redactor
}

/// Says what became of the snapshots.
pub(super) fn reviewed(snapshots: Option<Snapshots>) -> Result<(), Error> {
    if let Some(snapshots) = snapshots {
        // Not a result: what a changed answer means is decided by whoever reviews it.
        let said = snapshots.finish()?.to_string();
        let _ = writeln!(io::stderr(), "{}", shown(&said));
    }
    Ok(())
}

/// How many operations have to be judged.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct FloorArgs {
    /// Operations that have to be judged for exit code 0, of those that were asked for: a share
    /// (`0.8`), `all` or `none`
    #[arg(long, value_name = "SHARE", default_value = "all")]
    pub(super) floor: FloorWanted,
}

impl FloorArgs {
    /// Says which operations the user left out, and holds the report against the floor unless it
    /// is of a shard: the whole is, once it is merged.
    pub(super) fn hold(self, outcome: &mut Outcome, only: &[Glob], profile: &Profile) {
        let globs: Vec<_> = only.iter().map(Glob::compile_matcher).collect();
        let mut left_out = profile.cannot_judge.clone();
        let report = &mut outcome.report;
        let asked = |operation: &str| {
            let of = |id: &str| {
                id.strip_prefix(operation)
                    .is_some_and(|r| r.starts_with('.'))
            };
            let mut promises = report.promises.iter().filter(|p| of(&p.id));
            promises.any(|p| globs.iter().any(|glob| glob.is_match(p.id.as_str())))
        };
        if !globs.is_empty() {
            for operation in report.operations.iter().filter(|o| !asked(&o.id)) {
                left_out.insert(operation.id.clone(), "not among --only".to_owned());
            }
        }
        leave_out(report, &left_out);
        if report.shard.is_none()
            && let Some(verdict) = hold(report, self.floor)
        {
            outcome.verdict = verdict;
        }
    }
}

/// Everything but the last event goes through: the report is not finished when the plan is.
pub(super) struct NotFinished<'l>(pub(super) &'l mut dyn Listener);

impl Listener for NotFinished<'_> {
    fn on(&mut self, event: &Event<'_>) {
        if !matches!(event, Event::Finished(_)) {
            self.0.on(event);
        }
    }

    fn halt(&self) -> Option<String> {
        self.0.halt()
    }

    fn wants_error_answers(&self) -> bool {
        self.0.wants_error_answers()
    }
}

/// Writes reproducers' files and reports.
pub(super) fn deliver(
    folder: &Path,
    reports: &[report::Target],
    outcome: &Outcome,
    redactor: &Redactor,
) -> Result<(), Error> {
    if !outcome.files.is_empty() {
        std::fs::create_dir_all(folder)
            .map_err(|e| format!("--reproducers {}: {e}", folder.display()))?;
        for (name, bytes) in &outcome.files {
            files::write_private(folder, name, &redactor.bytes(bytes))
                .map_err(|e| format!("{}: {e}", folder.join(name).display()))?;
        }
    }
    let report = report::redacted(&outcome.report, redactor)?;
    for target in reports {
        target.write(&report)?;
    }
    Ok(quiet(io::stdout().flush())?)
}

/// What a mock of this configuration takes; its password is the token where nobody logs in.
pub(super) fn mock_credentials(config: &MockConfig) -> Credentials {
    Credentials {
        username: Some(config.username.clone()),
        password: Some(config.password.as_str().into()),
        token: mock::takes_password(&config.contract, &config.profile)
            .then(|| config.password.as_str().into()),
        keys: vec![config.password.as_str().into(); config.profile.keys.len()],
        client_secret: None,
        viewer: mock::viewer(config).map(|viewer| match viewer {
            mock::Viewer::User(name, password) => Viewer::User(name, password.into()),
            mock::Viewer::Token(token) => Viewer::Token(token.into()),
        }),
    }
}

/// A share of the plan with this digest, for the report.
pub(super) fn share(shard: Option<(usize, usize)>, plan: String) -> Option<Shard> {
    let (index, of) = shard?;
    Some(Shard {
        index: index as u64,
        of: of as u64,
        plan,
    })
}
