//! Options that several subcommands share, and their parsing. Every error names the option.

use super::out::{guard, quiet, say, shown};
use crate::case::{Case, Context, Plan, plan_of_operations};
use crate::contract::access::{self, Means};
use crate::contract::{self, Access, Allowed, Contract, Operation, Policy, PromiseId};
use crate::device::{Credentials, Device, Tls, Viewer};
use crate::files;
use crate::mock::{self, MockConfig};
use crate::profile::{Profile, Role};
use crate::redact::Redactor;
use crate::report;
use crate::report::snapshots::Snapshots;
use crate::run::event::{Event, Listener};
use crate::run::result::Shard;
use crate::run::{FloorWanted, Outcome, hold, leave_out};
use globset::Glob;
use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

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
/// What the variables of the environment begin with that a profile may name.
const OUR_VARIABLES: &str = "PROBITY_";

/// How to reach and enter a device.
#[derive(Debug, clap::Args)]
pub(super) struct DeviceArgs {
    /// Base URL of the device, e.g. http://192.168.1.20
    #[arg(long, value_name = "URL")]
    pub(super) target: Option<String>,
    /// Device profile: login, read-back, life probe, limits
    #[arg(long = "profile", alias = "device", value_name = "profile.toml")]
    pub(super) device: Option<PathBuf>,
    /// Let the profile name this variable of the environment though it does not begin with PROBITY_
    #[arg(long, value_name = "NAME")]
    pub(super) allow_env: Vec<String>,
    /// Let user name and password go to this token endpoint of OAuth 2, though it is not on the device
    #[arg(long, value_name = "URL")]
    pub(super) allow_token_url: Vec<String>,
    /// User name for the login
    #[arg(long, value_name = "U", requires = "password_env")]
    pub(super) username: Option<String>,
    /// Environment variable that holds the password
    #[arg(long, value_name = "VAR", requires = "username")]
    pub(super) password_env: Option<String>,
    /// Send no credentials, whatever the contract asks for
    #[arg(long, conflicts_with_all = ["username", "token_env"])]
    pub(super) no_auth: bool,
    /// Environment variable that holds a ready token or API key
    #[arg(long, value_name = "VAR", conflicts_with = "username")]
    pub(super) token_env: Option<String>,
    /// Longest wait for one answer, e.g. 5s
    #[arg(long, value_name = "D", value_parser = timeout, allow_hyphen_values = true)]
    pub(super) timeout: Option<Duration>,
    /// Requests a second at most, e.g. 5/s
    #[arg(long, value_name = "N/s", value_parser = rate, allow_hyphen_values = true)]
    pub(super) rate: Option<f64>,
    /// Accept any TLS certificate
    #[arg(long)]
    pub(super) insecure: bool,
    /// PEM file with the certificates to trust
    #[arg(long, value_name = "PEM")]
    pub(super) ca_file: Option<PathBuf>,
    /// PEM file with the client's certificate and key
    #[arg(long, value_name = "PEM")]
    pub(super) client_cert: Option<PathBuf>,
}

impl DeviceArgs {
    /// The profile of a file, or the built-in one; its values go into the contract's parameters.
    pub(super) fn profile_from(
        file: Option<&Path>,
        built_in: Profile,
        contract: &mut Contract,
    ) -> Result<Profile, Error> {
        let Some(path) = file else {
            return Ok(built_in);
        };
        let named = |e: String| format!("--profile {}: {e}", path.display());
        let text = files::read_text(path, files::TEXT, "device profile")
            .map_err(|e| named(e.to_string()))?;
        let profile = Profile::from_toml(&text).map_err(named)?;
        profile.check_against(contract).map_err(named)?;
        contract::values::give(contract, &profile).map_err(named)?;
        for id in profile.cannot_judge.keys() {
            if contract.operation(id).is_none() {
                let why = format!("[cannot-judge] {id}: the contract has no such operation");
                return Err(named(why).into());
            }
        }
        Ok(profile)
    }

    /// The profile from `--profile`, or the built-in one; command line options win over it.
    pub(super) fn profile(
        &self,
        built_in: Profile,
        contract: &mut Contract,
    ) -> Result<Profile, Error> {
        let mut profile = Self::profile_from(self.device.as_deref(), built_in, contract)?;
        if let Some(timeout) = self.timeout {
            profile.limits.timeout_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        }
        if self.rate.is_some() {
            profile.limits.rate = self.rate;
        }
        self.variables(&profile)?;
        Ok(profile)
    }

    /// Variables that the profile names are sent to the device: a profile must not choose any that
    /// happens to be there.
    fn variables(&self, profile: &Profile) -> Result<(), Error> {
        let file = self.device.as_deref().unwrap_or(Path::new("profile"));
        for (id, how) in &profile.read_back {
            for (pointer, about) in &how.unreadable {
                let Some(name) = &about.restore_env else {
                    continue;
                };
                if !name.starts_with(OUR_VARIABLES) && !self.allow_env.contains(name) {
                    return Err(format!(
                        "--profile {}: [read-back.{id}] {pointer}: restore-env {name:?} would be sent \
                         to the device and does not begin with {OUR_VARIABLES}: rename it, or confirm \
                         it with --allow-env {name}",
                        file.display()
                    )
                    .into());
                }
            }
        }
        let keys = profile.keys.iter();
        let keys = keys.map(|(name, key)| (format!("[keys.{name:?}] env"), &key.env));
        let secret = profile
            .oauth2
            .iter()
            .filter_map(|o| o.client_secret_env.as_ref());
        let secret = secret.map(|name| ("[oauth2] client-secret-env".to_owned(), name));
        let viewer = profile.roles.viewer.iter().flat_map(Role::variables);
        let viewer = viewer.map(|(key, name)| (format!("[roles.viewer] {key}"), name));
        for (entry, name) in keys.chain(secret).chain(viewer) {
            if !name.starts_with(OUR_VARIABLES) && !self.allow_env.contains(name) {
                return Err(format!(
                    "--profile {}: {entry} {name:?} would be sent to the device and does not begin \
                     with {OUR_VARIABLES}: rename it, or confirm it with --allow-env {name}",
                    file.display()
                )
                .into());
            }
        }
        Ok(())
    }

    /// Where the device is: as the command line says, or the profile. Credentials, and what the profile
    /// takes from the environment, go only where the user says themselves.
    pub(super) fn base_url(&self, profile: &Profile) -> Result<Option<String>, Error> {
        let given = self.token_env.is_some()
            || self.username.is_some()
            || self.client_cert.is_some()
            || profile.names_variables();
        match (&self.target, &profile.base_url) {
            (Some(target), _) => Ok(Some(target.clone())),
            (None, Some(url)) if given => Err(format!(
                "credentials go only to a device that the command line names: the profile's \
                 base-url is {url}; if that is the one, add --target {url}"
            )
            .into()),
            (None, url) => Ok(url.clone()),
        }
    }

    /// Credentials from the environment variables that the options and the profile name.
    pub(super) fn credentials(&self, profile: &Profile) -> Result<Credentials, Error> {
        let read = |option: &str, name: &Option<String>| match name {
            Some(name) => variable(option, name).map(Some),
            None => Ok(None),
        };
        let token = read("--token-env", &self.token_env)?;
        if token.as_deref() == Some("") {
            let name = self.token_env.as_deref().unwrap_or_default();
            return Err(format!("--token-env {name}: the environment variable is empty").into());
        }
        let mut keys = Vec::new();
        for (name, key) in &profile.keys {
            keys.push(variable(&format!("[keys.{name:?}] env ="), &key.env)?.into());
        }
        let secret = profile
            .oauth2
            .as_ref()
            .and_then(|o| o.client_secret_env.as_ref());
        let viewer = profile.roles.viewer.as_ref();
        Ok(Credentials {
            username: self.username.clone(),
            password: read("--password-env", &self.password_env)?.map(Into::into),
            token: token.map(Into::into),
            keys,
            client_secret: secret
                .map(|name| variable("[oauth2] client-secret-env =", name).map(Into::into))
                .transpose()?,
            viewer: viewer.map(second_user).transpose()?,
        })
    }

    /// Chooses what the requests carry from what was given, for the device at `base`; without it,
    /// for the embedded mock, which takes everything.
    pub(super) fn choose(
        &self,
        contract: &mut Contract,
        profile: &mut Profile,
        base: Option<&str>,
    ) {
        let mock = base.is_none();
        let means = Means {
            user: mock || self.username.is_some(),
            token: self.token_env.is_some() || mock && mock::takes_password(contract, profile),
            certificate: self.client_cert.is_some(),
            nothing: self.no_auth,
            target: base.map(str::to_owned),
            token_urls: self.allow_token_url.clone(),
        };
        access::choose(contract, profile, &means);
    }

    /// [`choose`](Self::choose), and says what cannot be fed.
    ///
    /// # Errors
    /// No operation is left that could be judged.
    pub(super) fn enter(
        &self,
        contract: &mut Contract,
        profile: &mut Profile,
        base: Option<&str>,
    ) -> Result<(), Error> {
        self.choose(contract, profile, base);
        let unfed: Vec<(&str, &str)> = contract
            .operations
            .iter()
            .filter_map(|op| match &op.access {
                Access::Unfed(why) => Some((op.id.as_str(), why.as_str())),
                Access::Open | Access::With(_) => None,
            })
            .collect();
        if unfed.is_empty() {
            return Ok(());
        }
        let all = unfed.len() == contract.operations.len();
        let mut told: Vec<String> = Vec::new();
        let mut reasons: Vec<&str> = unfed.iter().map(|(_, why)| *why).collect();
        reasons.dedup();
        for why in reasons {
            let ids: Vec<&str> = unfed
                .iter()
                .filter(|(_, w)| *w == why)
                .map(|(id, _)| *id)
                .collect();
            let more = match ids.len() {
                0..=3 => ids.join(", "),
                n => format!("{} and {} more", ids[..3].join(", "), n - 3),
            };
            let line = format!("{more}: {why}");
            if !told.contains(&line) {
                told.push(line);
            }
        }
        match all {
            true => {
                told.push("a device that lets everybody in is judged with --no-auth".to_owned());
                Err(told.join("\nprobity: ").into())
            }
            false => {
                for line in told {
                    say(&format!("not judged: {line}"));
                }
                Ok(())
            }
        }
    }

    /// How the device's certificate is looked at, and ours is shown.
    pub(super) fn tls(&self) -> Tls {
        Tls {
            insecure: self.insecure,
            ca_file: self.ca_file.clone(),
            client_cert: self.client_cert.clone(),
        }
    }

    /// How to reach `base_url` under `profile`.
    pub(super) fn options(
        &self,
        base_url: String,
        credentials: Credentials,
        profile: &Profile,
    ) -> crate::device::Options {
        crate::device::Options {
            base_url,
            credentials,
            tls: self.tls(),
            timeout: profile.limits.timeout(),
            rate: profile.limits.rate,
            ..crate::device::Options::default()
        }
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

/// Who the second user is.
fn second_user(role: &Role) -> Result<Viewer, Error> {
    let of = |key: &str, name: &String| variable(&format!("[roles.viewer] {key} ="), name);
    if let Some(name) = &role.token_env {
        return Ok(Viewer::Token(of("token-env", name)?.into()));
    }
    let name = role.password_env.as_ref();
    let password = name.map(|name| of("password-env", name)).transpose()?;
    let user = role.username.clone().unwrap_or_default();
    Ok(Viewer::User(user, password.unwrap_or_default().into()))
}

/// The value of an environment variable; an error does not show it.
pub(super) fn variable(option: &str, name: &str) -> Result<String, Error> {
    std::env::var(name).map_err(|e| {
        let why = match e {
            std::env::VarError::NotPresent => "there is no such environment variable",
            std::env::VarError::NotUnicode(_) => "the environment variable is not valid UTF-8",
        };
        format!("{option} {name}: {why}").into()
    })
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

/// `500ms`, `30s`, `8h`, `1h 30m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed: jiff::SignedDuration = text
        .parse()
        .map_err(|_| format!("`{text}` is not a duration such as 500ms, 30s or 8h"))?;
    Duration::try_from(parsed).map_err(|_| format!("`{text}` is negative"))
}

/// A duration that an answer can be waited for.
pub(super) fn timeout(text: &str) -> Result<Duration, String> {
    let parsed = duration(text)?;
    match parsed >= Duration::from_millis(1) && parsed <= DAY {
        true => Ok(parsed),
        false => Err(format!("`{text}` is not between 1ms and 24h")),
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// `5/s` or `5`; one a day at least.
pub(super) fn rate(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix("/s").unwrap_or(text);
    match number.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate >= 1.0 / DAY.as_secs_f64() => Ok(rate),
        _ => Err(format!("`{text}` is not a rate such as 5/s")),
    }
}

/// `2/4`: the second of four shares.
pub(super) fn shard(text: &str) -> Result<(usize, usize), String> {
    let parsed = text
        .split_once('/')
        .and_then(|(i, n)| Some((i.parse::<usize>().ok()?, n.parse::<usize>().ok()?)));
    match parsed {
        Some((i, n)) if (1..=n).contains(&i) => Ok((i, n)),
        _ => Err(format!(
            "`{text}` is not a shard such as 1/4 (the first of four)"
        )),
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

/// `NAME=VALUE`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is not NAME=VALUE")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_rates_and_shards() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("8h"), Ok(Duration::from_secs(8 * 3600)));
        assert!(duration("soon").is_err());
        assert!(duration("-1s").is_err());
        assert_eq!(rate("5/s"), Ok(5.0));
        assert!(rate("0/s").is_err());
        assert!(rate("inf").is_err());
        assert!(rate("1e-300/s").is_err());
        assert!(timeout("0s").is_err());
        assert!(timeout("1ns").is_err());
        assert!(timeout("99999h").is_err());
        assert_eq!(shard("2/4"), Ok((2, 4)));
        assert!(shard("0/4").is_err());
        assert!(shard("5/4").is_err());
    }
}
