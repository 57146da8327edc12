//! The metrics of calls: every name, label and meaning in one place.
//!
//! | Name | Kind | Labels | Meaning |
//! |---|---|---|---|
//! | `sopilot_client_call_seconds` | histogram | `peer`, `method`, `code` | Calls made, one entry per attempt, until the response has ended. |
//! | `sopilot_client_retries_total` | counter | `peer` | Attempts after the first. |
//! | `sopilot_client_breaker_state` | gauge | `peer` | 0: closed, calls pass; 1: half open, a few try; 2: open, none passes. |
//! | `sopilot_client_endpoints` | gauge | `peer`, `state` | Addresses that the peer's name resolves to: `connected` or `unconnected`. Only for peers that are called by name. |
//! | `sopilot_server_call_seconds` | histogram | `method`, `code` | Calls answered, refused ones too, until the response has ended. |
//! | `sopilot_server_calls_in_flight` | gauge | | Calls that count for `max_concurrent_calls`. |
//! | `sopilot_server_shed_total` | counter | | Calls turned away because `max_concurrent_calls` were in flight. |
//! | `sopilot_server_connections` | gauge | | Connections that are open. |
//! | `sopilot_server_connections_refused_total` | counter | | Connections closed at once because `max_connections` were open. |
//!
//! Labels take few values, whatever callers send: `peer` is the name given to
//! [`connect`](crate::connect), `code` a gRPC code (`OK`, `UNAVAILABLE`), `method` one that the
//! server has (`sopilot.catalog.v1.JobService/GetJob`) or [`UNKNOWN_METHOD`].
//!
//! Values go to the recorder that is installed when they are recorded, so one may be installed
//! before or after channels and servers are made; without one they cost next to nothing.

use std::time::Duration;

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use tonic::Code;

use crate::error::code_name;

/// Duration of the calls that this process makes.
pub const CLIENT_CALL_SECONDS: &str = "sopilot_client_call_seconds";
/// Attempts after the first.
pub const CLIENT_RETRIES_TOTAL: &str = "sopilot_client_retries_total";
/// State of a peer's circuit breaker.
pub const CLIENT_BREAKER_STATE: &str = "sopilot_client_breaker_state";
/// Addresses that a peer's name resolves to.
pub const CLIENT_ENDPOINTS: &str = "sopilot_client_endpoints";
/// Duration of the calls that this process answers.
pub const SERVER_CALL_SECONDS: &str = "sopilot_server_call_seconds";
/// Calls that handlers work on.
pub const SERVER_CALLS_IN_FLIGHT: &str = "sopilot_server_calls_in_flight";
/// Calls turned away by the limit on calls in flight.
pub const SERVER_SHED_TOTAL: &str = "sopilot_server_shed_total";
/// Connections that are open.
pub const SERVER_CONNECTIONS: &str = "sopilot_server_connections";
/// Connections closed at once by the limit on connections.
pub const SERVER_CONNECTIONS_REFUSED_TOTAL: &str = "sopilot_server_connections_refused_total";

/// The `method` of calls of methods that the server does not have. Callers choose the path, and
/// must not choose how many time series there are.
pub const UNKNOWN_METHOD: &str = "unknown";

/// Tells the installed recorder what each metric means. Call it once, after a recorder has been
/// installed.
pub fn describe() {
    describe_histogram!(
        CLIENT_CALL_SECONDS,
        Unit::Seconds,
        "Calls made, one entry per attempt, until the response has ended"
    );
    describe_counter!(
        CLIENT_RETRIES_TOTAL,
        Unit::Count,
        "Attempts after the first"
    );
    describe_gauge!(
        CLIENT_BREAKER_STATE,
        "Circuit breaker of a peer: 0 closed, 1 half open, 2 open"
    );
    describe_gauge!(
        CLIENT_ENDPOINTS,
        Unit::Count,
        "Addresses that the peer's name resolves to, connected or unconnected"
    );
    describe_histogram!(
        SERVER_CALL_SECONDS,
        Unit::Seconds,
        "Calls answered, refused ones too, until the response has ended"
    );
    describe_gauge!(
        SERVER_CALLS_IN_FLIGHT,
        Unit::Count,
        "Calls that count for max_concurrent_calls"
    );
    describe_counter!(
        SERVER_SHED_TOTAL,
        Unit::Count,
        "Calls turned away because max_concurrent_calls were in flight"
    );
    describe_gauge!(SERVER_CONNECTIONS, Unit::Count, "Connections that are open");
    describe_counter!(
        SERVER_CONNECTIONS_REFUSED_TOTAL,
        Unit::Count,
        "Connections closed at once because max_connections were open"
    );
    // From the start, so that the first time counts as an increase.
    counter!(SERVER_SHED_TOTAL).increment(0);
    counter!(SERVER_CONNECTIONS_REFUSED_TOTAL).increment(0);
}

pub(crate) fn client_call(peer: &str, method: &str, code: Code, took: Duration) {
    histogram!(CLIENT_CALL_SECONDS, "peer" => peer.to_owned(), "method" => method.to_owned(), "code" => code_name(code))
        .record(took);
}

pub(crate) fn client_retry(peer: &str) {
    counter!(CLIENT_RETRIES_TOTAL, "peer" => peer.to_owned()).increment(1);
}

pub(crate) fn client_breaker(peer: &str, state: u8) {
    gauge!(CLIENT_BREAKER_STATE, "peer" => peer.to_owned()).set(f64::from(state));
}

pub(crate) fn client_endpoints(peer: &str, connected: usize, unconnected: usize) {
    for (state, number) in [("connected", connected), ("unconnected", unconnected)] {
        gauge!(CLIENT_ENDPOINTS, "peer" => peer.to_owned(), "state" => state).set(number as f64);
    }
}

pub(crate) fn server_call(method: &str, code: Code, took: Duration) {
    histogram!(SERVER_CALL_SECONDS, "method" => method.to_owned(), "code" => code_name(code))
        .record(took);
}

pub(crate) fn server_shed() {
    counter!(SERVER_SHED_TOTAL).increment(1);
}

pub(crate) fn server_connection_refused() {
    counter!(SERVER_CONNECTIONS_REFUSED_TOTAL).increment(1);
}

/// One in a gauge for as long as it lives.
#[derive(Debug)]
pub(crate) struct Counted(&'static str);

impl Counted {
    pub(crate) fn in_flight() -> Self {
        Self::new(SERVER_CALLS_IN_FLIGHT)
    }

    pub(crate) fn connection() -> Self {
        Self::new(SERVER_CONNECTIONS)
    }

    fn new(name: &'static str) -> Self {
        gauge!(name).increment(1);
        Self(name)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        gauge!(self.0).decrement(1);
    }
}
