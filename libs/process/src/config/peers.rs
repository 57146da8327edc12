//! Where the other services are.

use serde::{Deserialize, Serialize};
use sopilot_chassis::client::{AddressError, check_address};
use sopilot_chassis::{ClientConfig, PeerChannel, Problems, Validate, connect};

/// A service that is called.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PeerConfig {
    /// Such as `http://catalog:7410`. A name that stands for several addresses is called at all of
    /// them in turn.
    pub address: String,
}

impl PeerConfig {
    /// The peer on this machine, at its usual port.
    pub fn on_port(port: u16) -> Self {
        Self {
            address: format!("http://127.0.0.1:{port}"),
        }
    }

    /// A channel to the peer, which errors call `name`. Connects when it is first used.
    pub fn connect(&self, name: &str, client: &ClientConfig) -> Result<PeerChannel, AddressError> {
        connect(name, &self.address, client)
    }
}

impl Validate for PeerConfig {
    fn validate(&self, problems: &mut Problems) {
        if let Err(error) = check_address("the peer", &self.address) {
            problems.add("address", error.to_string());
        }
    }
}
