//! What a server takes from its callers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{Problems, Validate};

/// How a server treats its callers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerConfig {
    /// Calls in flight in the whole process, streams included, beyond which callers are turned
    /// away. Calls of the mesh's own processes count by themselves, up to the same number.
    pub max_concurrent_calls: usize,
    /// Connections beyond which new ones are closed at once. Must leave room below the limit on open
    /// files.
    pub max_connections: usize,
    /// Deadline of unary calls that name none.
    #[serde(with = "crate::config::duration::option")]
    pub default_deadline: Option<Duration>,
    /// How long a streaming call may last, whatever deadline its caller names.
    #[serde(with = "crate::config::duration::option")]
    pub max_stream_duration: Option<Duration>,
    /// How long a caller who is to send something may send nothing; then the call ends with
    /// DEADLINE_EXCEEDED.
    #[serde(with = "crate::config::duration::option")]
    pub stream_idle_timeout: Option<Duration>,
    /// Largest metadata of a call: names and values, and 32 bytes for each. Larger ones are refused
    /// with the HTTP status 431.
    pub max_metadata_bytes: u32,
    /// After this long, give or take a tenth, callers are asked to make a new connection, so that
    /// they find replicas that were added. Calls in flight go on.
    #[serde(with = "crate::config::duration::option")]
    pub max_connection_age: Option<Duration>,
    /// How long calls may go on on a connection that has reached its age; then they end with
    /// UNAVAILABLE.
    #[serde(with = "crate::config::duration")]
    pub max_connection_age_grace: Duration,
    /// Send an HTTP/2 ping on connections after this long, so that dead peers are noticed.
    #[serde(with = "crate::config::duration")]
    pub keepalive_interval: Duration,
    /// Close a connection whose ping is not answered for this long.
    #[serde(with = "crate::config::duration")]
    pub keepalive_timeout: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            max_concurrent_calls: 512,
            max_connections: 1000,
            default_deadline: Some(Duration::from_mins(1)),
            max_stream_duration: Some(Duration::from_hours(1)),
            stream_idle_timeout: Some(Duration::from_mins(2)),
            max_metadata_bytes: 16 * 1024,
            max_connection_age: Some(Duration::from_mins(30)),
            max_connection_age_grace: Duration::from_mins(10),
            keepalive_interval: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(10),
        }
    }
}

impl Validate for ServerConfig {
    fn validate(&self, problems: &mut Problems) {
        let calls = &self.max_concurrent_calls;
        problems.in_range("max_concurrent_calls", calls, 1..=1_000_000);
        problems.in_range("max_connections", &self.max_connections, 1..=1_000_000);
        problems.in_range(
            "max_metadata_bytes",
            &self.max_metadata_bytes,
            4 * 1024..=1024 * 1024,
        );
        let day = Duration::from_hours(24);
        for (key, value, least) in [
            (
                "default_deadline",
                self.default_deadline,
                Duration::from_millis(1),
            ),
            (
                "max_stream_duration",
                self.max_stream_duration,
                Duration::from_secs(1),
            ),
            (
                "stream_idle_timeout",
                self.stream_idle_timeout,
                Duration::from_secs(1),
            ),
            (
                "max_connection_age",
                self.max_connection_age,
                Duration::from_secs(10),
            ),
        ] {
            if let Some(value) = value {
                problems.in_range(key, &value, least..=day);
            }
        }
        let grace = &self.max_connection_age_grace;
        problems.in_range(
            "max_connection_age_grace",
            grace,
            Duration::from_secs(1)..=day,
        );
        let range = Duration::from_secs(1)..=Duration::from_hours(1);
        problems.in_range(
            "keepalive_interval",
            &self.keepalive_interval,
            range.clone(),
        );
        problems.in_range("keepalive_timeout", &self.keepalive_timeout, range);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_every_limit_has_its_range() {
        let wrong = |config: ServerConfig| {
            let mut problems = Problems::new();
            config.validate(&mut problems);
            let keys = problems.into_vec().into_iter().map(|(key, _)| key);
            keys.collect::<Vec<_>>()
        };
        assert_eq!(wrong(ServerConfig::default()), [""; 0]);
        let zero = Duration::ZERO;
        let nonsense = ServerConfig {
            max_concurrent_calls: 0,
            max_connections: 0,
            default_deadline: Some(zero),
            max_stream_duration: Some(zero),
            stream_idle_timeout: Some(zero),
            max_metadata_bytes: 0,
            max_connection_age: Some(zero),
            max_connection_age_grace: zero,
            keepalive_interval: zero,
            keepalive_timeout: zero,
        };
        assert_eq!(wrong(nonsense).len(), 10);
        let unlimited = ServerConfig {
            default_deadline: None,
            max_stream_duration: None,
            stream_idle_timeout: None,
            max_connection_age: None,
            ..ServerConfig::default()
        };
        assert_eq!(wrong(unlimited), [""; 0]);
    }
}
