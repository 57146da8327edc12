//! The built program on real videos, as people and scripts use it.

// In a test a panic is the report, in its helpers too.
#![allow(clippy::unwrap_used)]

mod bad_input;
mod dlq;
mod evaluate;
mod inbox;
mod invariance;
mod local;
mod program;
mod proxy;
mod report;
mod server;
mod upload;
mod videos;
