//! The chassis over real connections, on ports that the system chooses.

// Helpers of tests are test code too, which clippy does not see.
#![allow(clippy::unwrap_used)]

mod balance;
mod breaker;
mod deadline;
mod echo;
mod limits;
mod metrics;
mod server;
