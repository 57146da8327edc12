//! What every service needs: configuration, deadlines, health, errors, logs, start and stop.
//!
//! A service's `main` goes through it in this order: [`config::load`] and exit with
//! [`config::EX_CONFIG`] on [`ConfigErrors`], [`init_telemetry`], [`Shutdown::new`] and
//! [`Shutdown::on_signals`], [`Listener::bind`], [`Server::builder`], [`Readiness::set_ready`] once
//! its dependencies answer, and [`Shutdown::complete`].

pub mod admin;
mod allocator;
mod around;
pub mod client;
pub mod config;
mod cut;
pub mod deadline;
pub mod error;
pub mod metrics;
pub mod server;
pub mod shutdown;
mod socket;
pub mod telemetry;

pub use client::{
    BreakerConfig, ClientConfig, PeerChannel, RetryConfig, RetryPolicy, connect, retry_idempotent,
};
pub use config::{ConfigErrors, Problems, Secret, Sources, Validate};
pub use deadline::Deadline;
pub use error::{ApiError, Reason, Retry, Violation};
pub use server::{Listener, Readiness, Server, ServerConfig, Services};
pub use shutdown::{Shutdown, ShutdownConfig, Stopped};
pub use telemetry::{
    LogConfig, LogFormat, STAGE, StageTimings, Telemetry, TraceConfig, init_logging,
    init_logging_with_timings, init_telemetry,
};
