//! How the broker is reached.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sopilot_bus::{BusError, RabbitMqBus, RabbitMqConfig};
use sopilot_chassis::{Problems, Secret, Validate};

/// The RabbitMQ that all services share.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BusConfig {
    /// `amqp://user:password@host:port/vhost`, or `amqps://…` for TLS; characters with a meaning in
    /// URLs are written as `%40` and the like, and the vhost `/` as `%2f`.
    pub url: Secret<String>,
    /// Certificates (PEM) of the authorities that may vouch for the broker; without it those of
    /// the system.
    pub ca_file: Option<PathBuf>,
    /// Stands before the names of all queues and of the exchange, where several installations
    /// share a broker. The same for all services of an installation.
    pub prefix: Option<String>,
    /// Longest wait for a connection, TLS and login included.
    #[serde(with = "sopilot_chassis::config::duration")]
    pub connect_timeout: Duration,
    /// Each side sends a sign of life so often; after two missed ones the connection counts as
    /// lost. Whole seconds.
    #[serde(with = "sopilot_chassis::config::duration")]
    pub heartbeat: Duration,
    /// How long the broker may take to confirm.
    #[serde(with = "sopilot_chassis::config::duration")]
    pub confirm_timeout: Duration,
}

impl BusConfig {
    /// A bus that connects by itself, now and whenever the connection is lost. `program` names the
    /// connections for whoever looks at the broker.
    pub fn open(&self, program: &str) -> Result<RabbitMqBus, BusError> {
        RabbitMqBus::new(self.options(program))
    }

    fn options(&self, program: &str) -> RabbitMqConfig {
        RabbitMqConfig {
            ca_file: self.ca_file.clone(),
            prefix: self.prefix.clone(),
            connection_name: program.to_owned(),
            connect_timeout: self.connect_timeout,
            heartbeat: self.heartbeat,
            confirm_timeout: self.confirm_timeout,
            ..RabbitMqConfig::new(self.url.expose().clone())
        }
    }
}

impl Default for BusConfig {
    fn default() -> Self {
        let usual = RabbitMqConfig::new("amqp://guest:guest@127.0.0.1:5672/%2f");
        Self {
            url: Secret::new(usual.url),
            ca_file: usual.ca_file,
            prefix: usual.prefix,
            connect_timeout: usual.connect_timeout,
            heartbeat: usual.heartbeat,
            confirm_timeout: usual.confirm_timeout,
        }
    }
}

impl Validate for BusConfig {
    fn validate(&self, problems: &mut Problems) {
        match self.options("").validate() {
            Ok(()) => {}
            Err(BusError::InvalidSetting { setting, problem }) => problems.add(setting, problem),
            Err(BusError::InvalidPrefix { .. }) => {
                problems.add("prefix", "must be 1 to 64 characters of a-z, 0-9 and '-'");
            }
            Err(error) => problems.add("url", error.to_string()),
        }
    }
}
