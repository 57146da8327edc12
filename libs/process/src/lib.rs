//! A service as a process of its own: its command line and settings, how it starts and how it
//! stops. What the service does it does not know; each service implements [`Service`].
//!
//! The order of a start: settings, all mistakes at once; logs, traces and metrics; both ports; what
//! the service needs, for as long as it takes to answer; readiness. The order of a stop: readiness
//! off; no new work; what is in flight; the servers, through which its results are handed in; the
//! broker; the last spans.

mod arguments;
mod config;
mod program;
mod start;
mod worker;

pub use config::{BusConfig, Common, ObjectsConfig, ObjectsKind, PeerConfig, S3Config};
pub use program::main;
pub use start::{Start, StartError, Started, Trouble};
pub use worker::{Attached, WorkerProcessConfig};

use serde::{Serialize, de::DeserializeOwned};
use sopilot_chassis::Validate;

/// A service that can be a process of its own.
pub trait Service {
    /// As logs, metrics and traces call it: `catalog`.
    const NAME: &'static str;

    /// The program: `sopilot-catalog`.
    const PROGRAM: &'static str;

    /// What it is, in a line.
    const ABOUT: &'static str;

    /// What the program does instead of serving, with a line on each.
    const COMMANDS: &'static [(&'static str, &'static str)] = &[];

    /// All its settings.
    type Config: Serialize + DeserializeOwned + Default + Validate + Send + Sync;

    /// The settings that every process has.
    fn common(config: &Self::Config) -> &Common;

    /// Opens what the service needs, which may take as long as others take to answer, and begins to
    /// work.
    fn start(
        config: &Self::Config,
        start: &Start,
    ) -> impl Future<Output = Result<Started, StartError>> + Send;

    /// Does one of [`COMMANDS`](Self::COMMANDS) and answers what it has to say.
    fn command(
        name: &str,
        _config: &Self::Config,
    ) -> impl Future<Output = Result<String, StartError>> + Send {
        let message = format!("there is no command {name}");
        async { Err(StartError::new(message)) }
    }
}
