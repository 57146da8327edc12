//! Settings that several services have.

mod bus;
mod objects;
mod peers;

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};
use sopilot_chassis::{
    ClientConfig, LogConfig, Problems, ServerConfig, ShutdownConfig, TraceConfig, Validate,
};

pub use bus::BusConfig;
pub use objects::{ObjectsConfig, ObjectsKind, S3Config};
pub use peers::PeerConfig;

/// What every process has.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Common {
    /// Where gRPC is served.
    pub listen: SocketAddr,
    /// Where metrics, liveness and readiness are served over HTTP.
    pub admin_listen: SocketAddr,
    /// What is logged, and how.
    pub log: LogConfig,
    /// Where traces go.
    pub trace: TraceConfig,
    /// How calls come in.
    pub server: ServerConfig,
    /// How calls go out.
    pub client: ClientConfig,
    /// How the process stops.
    pub shutdown: ShutdownConfig,
}

impl Common {
    /// Listens on loopback, gRPC on `port` and the rest ten ports higher.
    pub fn on_port(port: u16) -> Self {
        let listen = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self {
            listen: listen(port),
            admin_listen: listen(port + 10),
            log: LogConfig::default(),
            trace: TraceConfig::default(),
            server: ServerConfig::default(),
            client: ClientConfig::default(),
            shutdown: ShutdownConfig::default(),
        }
    }
}

impl Validate for Common {
    fn validate(&self, problems: &mut Problems) {
        if self.listen == self.admin_listen && self.listen.port() != 0 {
            let text = format!("is {}, as is listen: give each its own", self.listen);
            problems.add("admin_listen", text);
        }
        problems.section("log", &self.log);
        problems.section("trace", &self.trace);
        problems.section("server", &self.server);
        problems.section("client", &self.client);
        problems.section("shutdown", &self.shutdown);
    }
}
