//! How to reach a RabbitMQ, and how long to wait for it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use lapin::uri::{AMQPScheme, AMQPUri};
use tokio::sync::Mutex;

use super::connect::Endpoint;
use super::topology::Topology;
use crate::queue::checked_prefix;
use crate::{BusError, Limits};

/// The settings of a [`RabbitMqBus`](super::RabbitMqBus).
///
/// Limits are written into the queues when they are declared first: changed afterwards, the broker
/// refuses them until the queues are deleted.
#[derive(Clone)]
pub struct RabbitMqConfig {
    /// `amqp://USER:PASSWORD@HOST:PORT/VHOST`, or `amqps://…` for TLS, each part percent-encoded.
    /// A secret: neither [`Debug`](fmt::Debug) nor any error shows it.
    pub url: String,
    /// The certificates of the authorities that may vouch for the broker, in PEM. Without it those
    /// of the system may. Read again for every connection.
    pub ca_file: Option<PathBuf>,
    /// Stands before the names of all queues and of the exchange, where several installations or
    /// tests share a broker. A [`Queue`](crate::Queue) with a prefix of its own keeps that.
    pub prefix: Option<String>,
    /// Names the connections for whoever looks at the broker.
    pub connection_name: String,
    /// Longest wait for a connection, TLS and login included.
    pub connect_timeout: Duration,
    /// Each side sends a sign of life so often, in whole seconds from 1 to 600; after two missed
    /// ones the connection counts as lost.
    pub heartbeat: Duration,
    /// How long a call waits for a lost connection to come back before it fails.
    pub outage_wait: Duration,
    /// How long a call waits for the broker's answer before it fails.
    pub confirm_timeout: Duration,
    /// How much the broker may hold for each queue.
    pub limits: Limits,
}

impl RabbitMqConfig {
    /// The broker at `url`, everything else as usual.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ca_file: None,
            prefix: None,
            connection_name: "sopilot".to_owned(),
            connect_timeout: Duration::from_secs(5),
            heartbeat: Duration::from_secs(10),
            outage_wait: Duration::from_secs(3),
            confirm_timeout: Duration::from_secs(10),
            limits: Limits::default(),
        }
    }

    /// Fails with the first setting that cannot work.
    pub fn validate(&self) -> Result<(), BusError> {
        self.endpoint()?;
        self.topology()?;
        for (setting, value) in [
            ("connect_timeout", self.connect_timeout),
            ("outage_wait", self.outage_wait),
            ("confirm_timeout", self.confirm_timeout),
        ] {
            if value.is_zero() {
                return Err(invalid(setting, "must be longer than nothing"));
            }
        }
        Ok(())
    }

    pub(super) fn endpoint(&self) -> Result<Endpoint, BusError> {
        let mut uri = parse(&self.url)?;
        let whole_seconds = self.heartbeat.subsec_nanos() == 0;
        let heartbeat = match u16::try_from(self.heartbeat.as_secs()) {
            Ok(seconds @ 1..=600) if whole_seconds => seconds,
            _ => return Err(invalid("heartbeat", "must be whole seconds from 1 to 600")),
        };
        uri.query.heartbeat = Some(heartbeat);
        if self.ca_file.is_some() && uri.scheme != AMQPScheme::AMQPS {
            let problem = "makes no difference without amqps:// in the url";
            return Err(invalid("ca_file", problem));
        }
        Ok(Endpoint {
            uri,
            ca_file: self.ca_file.clone(),
            timeout: self.connect_timeout,
            connection_name: self.connection_name.clone(),
        })
    }

    pub(super) fn topology(&self) -> Result<Topology, BusError> {
        let prefix = self.prefix.as_deref().map(checked_prefix).transpose()?;
        let bound = |setting, limit: usize| match i32::try_from(limit) {
            Ok(limit @ 1..) => Ok(limit),
            _ => Err(invalid(setting, "must be from 1 to 2147483647")),
        };
        Ok(Topology {
            prefix,
            capacity: bound("limits.capacity", self.limits.capacity)?,
            dead_letters: bound("limits.dead_letters", self.limits.dead_letters)?,
            declaring: Mutex::default(),
        })
    }
}

/// Errors of the parser are dropped: some quote the address, and with it the password.
fn parse(url: &str) -> Result<AMQPUri, BusError> {
    let malformed = || {
        let form = "must be amqp://USER:PASSWORD@HOST:PORT/VHOST or amqps://…, percent-encoded";
        invalid("url", form)
    };
    let mut uri: AMQPUri = url.parse().map_err(|_| malformed())?;
    let (_, after_scheme) = url.split_once("://").ok_or_else(malformed)?;
    let authority = after_scheme.split(['/', '?', '#']).next();
    let host = authority.and_then(|authority| authority.rsplit('@').next());
    let host = host.filter(|host| !host.is_empty()).ok_or_else(malformed)?;
    // The parser takes an address of IPv6 for no host, and no host for this machine.
    if let Some(literal) = host.strip_prefix('[') {
        let (literal, _) = literal.split_once(']').ok_or_else(malformed)?;
        literal.clone_into(&mut uri.authority.host);
    }
    Ok(uri)
}

fn invalid(setting: &'static str, problem: &str) -> BusError {
    BusError::InvalidSetting {
        setting,
        problem: problem.to_owned(),
    }
}

impl fmt::Debug for RabbitMqConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitMqConfig")
            .field("url", &"(redacted)")
            .field("ca_file", &self.ca_file)
            .field("prefix", &self.prefix)
            .field("connection_name", &self.connection_name)
            .field("connect_timeout", &self.connect_timeout)
            .field("heartbeat", &self.heartbeat)
            .field("outage_wait", &self.outage_wait)
            .field("confirm_timeout", &self.confirm_timeout)
            .field("limits", &self.limits)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(change: impl FnOnce(&mut RabbitMqConfig)) -> String {
        let mut config = RabbitMqConfig::new("amqp://user:hunter2@broker:5672/%2f");
        change(&mut config);
        let error = config.validate().unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
        error
    }

    #[test]
    fn each_setting_that_cannot_work_is_named() {
        for url in [
            "",
            "hunter2",
            "http://hunter2@broker",
            "amqp://",
            "amqp:hunter2",
            "amqp://user:hunter2@:5672/",
            "amqp://user:hunter2@[::1/",
            "amqp://user:hunter2@broker:notaport",
        ] {
            assert!(
                problem(|c| c.url = url.to_owned()).contains("`url`"),
                "{url}"
            );
        }
        assert!(problem(|c| c.heartbeat = Duration::from_millis(1500)).contains("`heartbeat`"));
        assert!(problem(|c| c.heartbeat = Duration::ZERO).contains("`heartbeat`"));
        assert!(problem(|c| c.outage_wait = Duration::ZERO).contains("`outage_wait`"));
        assert!(problem(|c| c.limits.capacity = 0).contains("`limits.capacity`"));
        assert!(problem(|c| c.limits.dead_letters = usize::MAX).contains("dead_letters`"));
        assert!(problem(|c| c.prefix = Some("a.b".to_owned())).contains("prefix"));
        assert!(problem(|c| c.ca_file = Some("ca.pem".into())).contains("`ca_file`"));
    }

    #[test]
    fn hosts_are_found() {
        for (url, host, port) in [
            ("amqp://broker", "broker", 5672),
            ("amqps://u:p@broker.example/%2f", "broker.example", 5671),
            ("amqp://u:p@127.0.0.1:7/v", "127.0.0.1", 7),
            ("amqp://u:p@[::1]:7/v", "::1", 7),
        ] {
            let endpoint = RabbitMqConfig::new(url).endpoint().unwrap();
            let authority = &endpoint.uri.authority;
            assert_eq!((authority.host.as_str(), authority.port), (host, port));
        }
    }

    #[test]
    fn the_password_is_shown_nowhere() {
        let config = RabbitMqConfig::new("amqps://user:hunter2@broker/%2f");
        assert!(!format!("{config:?}").contains("hunter2"));
        let endpoint = config.endpoint().unwrap();
        assert_eq!(endpoint.to_string(), "amqps://broker:5671");
        assert!(!format!("{endpoint:?}").contains("hunter2"));
    }
}
