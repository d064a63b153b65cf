//! What commands have in common that send without a plan: one probe on a device, and an end by
//! signal.

use super::common::Error;
use crate::case::Context;
use crate::contract::Contract;
use crate::device::Device;
use crate::judge::JudgeContext;
use crate::probe::{Log, Patience, Probe};
use crate::profile::Profile;
use std::time::Duration;
use tokio::sync::watch;

/// What a probe is on.
pub(super) struct On<'a> {
    /// What the device promises.
    pub(super) contract: &'a Contract,
    /// How it is reached.
    pub(super) profile: &'a Profile,
    /// Where requests go.
    pub(super) device: &'a Device,
    /// Seed of what is generated.
    pub(super) seed: u64,
    /// How long the device may stay away before it counts as lost.
    pub(super) recovery: Duration,
    /// How what is created is named, and who hears of it first; `None`: nothing is.
    pub(super) account: Option<Account<'a>>,
}

/// See [`Probe::with_account`].
pub(super) struct Account<'a> {
    /// Tells the names of this job from those of another.
    pub(super) run: String,
    /// Hears of every step of creating and removing before it goes on.
    pub(super) log: Log<'a>,
}

/// Gives `work` a probe that has sent nothing yet. `signals` is told how to end it and is called
/// where tasks can be spawned.
///
/// # Errors
/// No runtime can be made.
pub(super) fn on_probe<T>(
    on: On<'_>,
    signals: impl FnOnce(watch::Sender<bool>),
    work: impl AsyncFnOnce(&mut Probe<'_>, &Context<'_>) -> T,
) -> Result<T, Error> {
    let (contract, profile) = (on.contract, on.profile);
    let texts = contract.texts();
    let context = Context::new(contract, profile, &texts).seeded(on.seed);
    let judging = JudgeContext {
        contract,
        texts: &texts,
        profile,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (stop, stopped) = watch::channel(false);
    let patience = Patience {
        recovery: on.recovery,
        stop: stopped,
    };
    let mut probe = Probe::new(judging, on.device, patience);
    if let Some(account) = on.account {
        probe = probe.with_account(&account.run, account.log);
    }
    Ok(runtime.block_on(async {
        signals(stop);
        work(&mut probe, &context).await
    }))
}
