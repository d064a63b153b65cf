//! The mock device: a real HTTP server that serves a contract under a chosen reading, with faults.
//! May import [`crate::contract`], [`crate::pattern`], [`crate::profile`]; does not know device,
//! case or judge.

use crate::contract::Contract;
use crate::profile::Profile;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// How a mock behaves.
#[derive(Clone, Debug)]
pub struct MockConfig {
    /// What it serves.
    pub contract: Arc<Contract>,
    /// Login, read-back, life probe as this says.
    pub profile: Arc<Profile>,
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
    /// See `username`.
    pub password: String,
}
