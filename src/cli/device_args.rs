//! The options that say which device is tested, how it is reached, and who asks.

use super::common::Error;
use super::out::say;
use super::values::{rate, timeout};
use crate::contract::access::{self, Means};
use crate::contract::{self, Access, Contract};
use crate::device::{Credentials, Tls, Viewer};
use crate::files;
use crate::mock;
use crate::profile::{Profile, Role};
use std::path::{Path, PathBuf};
use std::time::Duration;

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
