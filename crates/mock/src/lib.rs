//! The mock device: a real HTTP server that serves a contract under a chosen reading, with faults.
//!
//! It decides with a validator of its own ([`validate`]), two-valued and first-fault-wins like
//! firmware's, not with [`probity_contract::assess`]: when mock and judge agree, two routes agree.

mod choice;
mod engine;
mod fault;
mod fault_id;
mod fields;
mod held_back;
mod json;
mod place;
mod rare;
mod server;
mod service;
mod tamper;
mod validate;

pub use choice::{ChoiceInfo, choices};
pub use fault::{CLASSES, Class, FaultInfo, Set, faults};
pub use fault_id::FaultId;
pub use rare::rare_faults;
pub use server::{Front, Mock};
pub use service::Viewer;

use probity_contract::profile::Profile;
use probity_contract::{Contract, SecurityScheme};
use probity_pattern::Texts;
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// How a mock behaves.
#[derive(Clone, Debug)]
pub struct MockConfig {
    /// What it serves.
    pub contract: Arc<Contract>,
    /// Login, read-back, life probe as this says.
    pub profile: Arc<Profile>,
    /// The contract's compiled readings, where somebody has them already; made otherwise.
    pub texts: Option<Arc<Texts>>,
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Reading per field (dotted path) → reading id.
    pub readings: BTreeMap<String, String>,
    /// Ids of planted faults.
    pub faults: Vec<String>,
    /// Choices that the page leaves open: name → value.
    pub choices: BTreeMap<String, String>,
    /// The credentials it takes.
    pub username: String,
    /// See `username`. It is the token or key as well where [`takes_password`].
    pub password: String,
}

impl MockConfig {
    /// A device that keeps every promise, on a free loopback port, with the default credentials.
    pub fn clean(contract: Arc<Contract>, profile: Arc<Profile>) -> Self {
        MockConfig {
            contract,
            profile,
            texts: None,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            readings: BTreeMap::new(),
            faults: Vec::new(),
            choices: BTreeMap::new(),
            username: "admin".to_owned(),
            password: "123456".to_owned(),
        }
    }

    /// With readings that are compiled already.
    pub fn with_texts(mut self, texts: Arc<Texts>) -> Self {
        self.texts = Some(texts);
        self
    }

    /// With these readings: field → reading id.
    pub fn with_readings(mut self, readings: impl IntoIterator<Item = (String, String)>) -> Self {
        self.readings.extend(readings);
        self
    }

    /// With these faults planted.
    pub fn with_faults(mut self, faults: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.faults.extend(faults.into_iter().map(Into::into));
        self
    }

    /// With these choices made: name → value.
    pub fn with_choices(mut self, choices: impl IntoIterator<Item = (String, String)>) -> Self {
        self.choices.extend(choices);
        self
    }
}

/// Starts a mock on the current runtime.
///
/// # Errors
/// The address cannot be listened on; a fault, choice or reading is not known (kind
/// [`io::ErrorKind::InvalidInput`]).
pub async fn start(config: MockConfig) -> io::Result<Mock> {
    Mock::start(config).await
}

/// Starts a mock on a thread and runtime of its own. It stops with [`Mock::stop`] or when dropped.
///
/// # Errors
/// As [`start`].
pub fn spawn(config: MockConfig) -> io::Result<Mock> {
    Mock::spawn(config)
}

/// The second user whom a mock of this configuration knows, where its profile names one: the password
/// or token is `viewer-` and the mock's own.
pub fn viewer(config: &MockConfig) -> Option<Viewer> {
    let role = config.profile.roles.viewer.as_ref()?;
    let secret = format!("viewer-{}", config.password);
    Some(match &role.username {
        Some(name) => Viewer::User(name.clone(), secret),
        None => Viewer::Token(secret),
    })
}

/// Whether a mock takes its password as a token: where there is neither a login nor a token endpoint
/// that gives one out.
pub fn takes_password(contract: &Contract, profile: &Profile) -> bool {
    let ops = contract.operations.iter();
    let mut schemes = ops.flat_map(|op| op.security.iter().flatten());
    let flows = schemes.any(|scheme| {
        matches!(scheme, SecurityScheme::OAuth2(flows)
            if flows.password.is_some() || flows.client_credentials.is_some())
    });
    profile.login.is_none() && !flows
}
