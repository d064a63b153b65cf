//! The contracts that come with Probity, each with the profile of its devices.

use super::{Contract, load_bytes};
use crate::profile::Profile;

/// The page "Set SIP Settings" and the profile of the panels that serve it.
///
/// # Panics
/// Never for the documents that are compiled in: a test loads them.
pub fn sip_settings() -> (Contract, Profile) {
    let contract = load_bytes("sip-settings", include_bytes!("embedded/sip-settings.yaml"));
    let profile = Profile::from_toml(include_str!("embedded/sip-settings.toml"));
    match (contract, profile) {
        (Ok(contract), Ok(profile)) => (contract, profile),
        (contract, profile) => panic!(
            "embedded document: {:?} {:?}",
            contract.err(),
            profile.err()
        ),
    }
}

/// The embedded contract of this name.
pub fn by_name(name: &str) -> Option<(Contract, Profile)> {
    (name == "sip-settings").then(sip_settings)
}
