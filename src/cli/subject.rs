//! What a job is about: a contract with its profile, and the device behind them or the embedded mock
//! that stands in for one. The jobs that send a plan begin with it.

use super::common::{Error, PolicyArgs, mock_credentials};
use super::contract_args::ContractArgs;
use super::device_args::DeviceArgs;
use crate::contract::{self, Contract, ContractIssue, Policy};
use crate::device::Device;
use crate::mock::{self, Mock, MockConfig};
use crate::pattern::Texts;
use crate::profile::Profile;
use crate::reproduce::login_lines;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The documents of a job.
pub(super) struct Documents {
    pub(super) contract: Arc<Contract>,
    pub(super) profile: Arc<Profile>,
    /// Readings of the contract's string rules.
    pub(super) texts: Arc<Texts>,
    /// What is wrong with the contract itself.
    pub(super) issues: Vec<ContractIssue>,
    /// What may be sent.
    pub(super) policy: Arc<Policy>,
    /// Where the device is; none: the embedded mock.
    pub(super) base: Option<String>,
}

impl Documents {
    /// Reads them, over the device where they come from it.
    ///
    /// # Errors
    /// One cannot be read, or they do not go together with the options.
    pub(super) fn read(
        contract: &ContractArgs,
        device: &DeviceArgs,
        policy: &PolicyArgs,
    ) -> Result<Documents, Error> {
        let (mut contract, built_in) = contract.load_for(device)?;
        let mut profile = device.profile(built_in, &mut contract)?;
        let base = device.base_url(&profile)?;
        device.enter(&mut contract, &mut profile, base.as_deref())?;
        let policy = policy.policy(&contract, &profile, base.is_none())?;
        let texts = contract.texts();
        let issues = contract::lint(&contract, &texts);
        Ok(Documents {
            contract: Arc::new(contract),
            profile: Arc::new(profile),
            texts: Arc::new(texts),
            issues,
            policy: Arc::new(policy),
            base,
        })
    }
}

/// How the embedded mock is set up.
pub(super) struct Mocked<'a> {
    /// Field and reading.
    pub(super) readings: &'a [(String, String)],
    /// Ids of planted faults.
    pub(super) faults: &'a [String],
    /// Name and value.
    pub(super) choices: &'a [(String, String)],
}

/// Settings by operation and JSON pointer.
pub(super) type Restore = BTreeMap<String, BTreeMap<String, Value>>;

/// The device of a job.
pub(super) struct Subject {
    pub(super) device: Device,
    /// Settings that no read-back shows, where they are known.
    pub(super) restore: Restore,
    /// The lines that log in, where a reproducer needs them: a token that the user gave needs no
    /// login, and the embedded mock ends with the job.
    pub(super) setup: Option<String>,
    /// The embedded mock, if it is one.
    pub(super) mock: Option<Mock>,
}

impl Subject {
    /// The device of the documents; without one the embedded mock is started.
    ///
    /// # Errors
    /// Credentials are missing, the mock cannot be set up so, or the device cannot be addressed.
    pub(super) fn of(
        documents: &Documents,
        args: &DeviceArgs,
        mocked: &Mocked<'_>,
    ) -> Result<Subject, Error> {
        let profile = &documents.profile;
        let (base_url, credentials, mock) = match &documents.base {
            Some(url) => (url.clone(), args.credentials(profile)?, None),
            None => {
                let config = MockConfig::clean(documents.contract.clone(), profile.clone())
                    .with_texts(documents.texts.clone())
                    .with_readings(mocked.readings.iter().cloned())
                    .with_faults(mocked.faults.iter().cloned())
                    .with_choices(mocked.choices.iter().cloned());
                let credentials = mock_credentials(&config);
                let mock = mock::spawn(config).map_err(|e| format!("embedded mock: {e}"))?;
                (format!("http://{}", mock.addr()), credentials, Some(mock))
            }
        };
        let options = args.options(base_url, credentials, profile);
        let device = Device::new(options, profile.clone())?.with_policy(documents.policy.clone());
        let setup = (mock.is_none() && args.token_env.is_none())
            .then(|| login_lines(device.profile(), device.base_url()))
            .flatten();
        Ok(Subject {
            device,
            restore: mock.as_ref().map(Mock::unreadable).unwrap_or_default(),
            setup,
            mock,
        })
    }
}
