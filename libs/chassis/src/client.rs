//! Calling other services: the one place where the stack around a channel is built.
//!
//! From the outside in: [`retry_idempotent`] around a whole call (only where the caller knows it to
//! be idempotent) → the deadline of one attempt → the names of peer and address in every error →
//! tonic's channel, which connects when it is first used and again when the connection is lost. The
//! retry stands outside the deadline because each attempt gets a deadline of its own, within what
//! remains of the caller's.

mod retry;

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use http::{Request, Response, Uri};
use serde::{Deserialize, Serialize};
use tonic::Status;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tower::Service;

use crate::config::{Problems, Validate};
use crate::cut::cut_call;
use crate::deadline::{Deadline, GRPC_TIMEOUT, format_timeout, parse_timeout};
use crate::error::{ApiError, Chain, Reason};
pub use retry::{RetryConfig, RetryPolicy, retry_idempotent};

/// How a peer is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientConfig {
    /// Limit of one attempt of a call, streams included, that the caller's own deadline can only
    /// shorten.
    #[serde(with = "crate::config::duration::option")]
    pub timeout: Option<Duration>,
    /// Limit of connecting.
    #[serde(with = "crate::config::duration")]
    pub connect_timeout: Duration,
    /// Send an HTTP/2 ping after this long, so that a dead peer is noticed; also while no call is
    /// in flight.
    #[serde(with = "crate::config::duration")]
    pub keepalive_interval: Duration,
    /// Drop the connection if the ping is not answered for this long.
    #[serde(with = "crate::config::duration")]
    pub keepalive_timeout: Duration,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            timeout: Some(Duration::from_secs(30)),
            connect_timeout: Duration::from_secs(3),
            keepalive_interval: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(10),
        }
    }
}

impl Validate for ClientConfig {
    fn validate(&self, problems: &mut Problems) {
        if let Some(timeout) = self.timeout {
            problems.in_range(
                "timeout",
                &timeout,
                Duration::from_millis(1)..=Duration::from_hours(24),
            );
        }
        let range = Duration::from_millis(10)..=Duration::from_mins(5);
        problems.in_range("connect_timeout", &self.connect_timeout, range);
        let range = Duration::from_secs(1)..=Duration::from_hours(1);
        problems.in_range(
            "keepalive_interval",
            &self.keepalive_interval,
            range.clone(),
        );
        problems.in_range("keepalive_timeout", &self.keepalive_timeout, range);
    }
}

/// An address that no peer can be called at.
#[derive(Debug, thiserror::Error)]
#[error("{peer}: `{uri}` is not an address; write http://host:port")]
pub struct AddressError {
    peer: String,
    uri: String,
}

/// A channel to the peer that errors call `peer`, at an address such as `http://catalog:50051`.
///
/// Connects on the first call, so that services may start in any order. Must be called inside a
/// tokio runtime.
pub fn connect(peer: &str, uri: &str, config: &ClientConfig) -> Result<PeerChannel, AddressError> {
    let wrong = || AddressError {
        peer: peer.to_owned(),
        uri: uri.to_owned(),
    };
    let address = address(uri).ok_or_else(wrong)?;
    let channel = Endpoint::from(address)
        .connect_timeout(config.connect_timeout)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(config.keepalive_interval)
        .keep_alive_timeout(config.keepalive_timeout)
        .keep_alive_while_idle(true)
        .connect_lazy();
    let peer = Arc::new(Peer {
        name: peer.to_owned(),
        uri: uri.trim_end_matches('/').to_owned(),
    });
    Ok(PeerChannel {
        channel,
        peer,
        timeout: config.timeout,
    })
}

/// Whether a peer can be called at `uri`, if it is there.
pub fn is_address(uri: &str) -> bool {
    address(uri).is_some()
}

fn address(uri: &str) -> Option<Uri> {
    let address: Uri = uri.parse().ok()?;
    (address.scheme_str() == Some("http") && address.authority().is_some()).then_some(address)
}

/// A peer as errors name it: `catalog at http://catalog:50051`.
#[derive(Debug)]
struct Peer {
    name: String,
    uri: String,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.name, self.uri)
    }
}

/// A channel that passes deadlines on, for generated clients to use:
/// `CatalogClient::new(channel.clone())`.
///
/// Every call gets the shortest of its own `grpc-timeout` (`Request::set_timeout`), the configured
/// timeout, and what remains of [`Deadline::current`]. If nothing remains, the peer is not called.
/// At the deadline the call ends with DEADLINE_EXCEEDED, and so does a response that is still
/// streaming. Clones share the connection.
#[derive(Debug, Clone)]
pub struct PeerChannel {
    channel: Channel,
    peer: Arc<Peer>,
    timeout: Option<Duration>,
}

impl PeerChannel {
    /// The same connection with another timeout, such as `None` for long streams;
    /// [`Deadline::current`] still holds.
    #[must_use]
    pub fn with_timeout(&self, timeout: Option<Duration>) -> Self {
        Self {
            timeout,
            ..self.clone()
        }
    }

    /// Name and address of the peer, as errors name it.
    pub fn peer(&self) -> String {
        self.peer.to_string()
    }

    /// The deadline of a call that starts now; an error if it has passed already.
    fn deadline_of(&self, request: &Request<Body>) -> Result<Option<Deadline>, ApiError> {
        let own = parse_timeout(request.headers()).map_err(|text| {
            let message = format!(
                "{}: `{text}` is no {GRPC_TIMEOUT}; use `Request::set_timeout`",
                self.peer
            );
            ApiError::new(Reason::InvalidArgument, message)
        })?;
        let limit = own
            .into_iter()
            .chain(self.timeout)
            .min()
            .map(Deadline::after);
        let deadline = limit
            .into_iter()
            .chain(Deadline::current())
            .min_by_key(Deadline::at);
        match deadline {
            Some(deadline) if deadline.expired() => {
                Err(deadline.exceeded(format!("{} (not called)", self.peer)))
            }
            deadline => Ok(deadline),
        }
    }
}

impl Service<Request<Body>> for PeerChannel {
    type Response = Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Response<Body>, Status>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.channel
            .poll_ready(cx)
            .map_err(|error| transport_status(&self.peer, error))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let deadline = match self.deadline_of(&request) {
            Ok(deadline) => deadline,
            Err(error) => return Box::pin(async { Err(error.into()) }),
        };
        if let Some(deadline) = deadline {
            request
                .headers_mut()
                .insert(GRPC_TIMEOUT, format_timeout(deadline.remaining()));
        }
        let peer = Arc::clone(&self.peer);
        let call = self.channel.call(request);
        Box::pin(async move {
            let place = Arc::clone(&peer);
            let named = async move { call.await.map_err(|error| transport_status(&peer, error)) };
            let Some(deadline) = deadline else {
                return named.await;
            };
            let too_late = Box::pin(async move {
                deadline.passed().await;
                Status::from(deadline.exceeded(place))
            });
            cut_call(named, too_late, None).await
        })
    }
}

/// What a failed connection means for the caller: whatever broke below gRPC, the peer could not be
/// reached.
fn transport_status(peer: &Peer, error: tonic::transport::Error) -> Status {
    let message = format!("{peer}: {}", Chain(&error));
    let reason = match Reason::from_code(Status::from_error(error.into()).code()) {
        // tonic has no code for most ways in which a connection can break.
        Reason::Internal => Reason::Unavailable,
        reason => reason,
    };
    ApiError::new(reason, message).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::scope;

    fn channel(timeout: Option<Duration>) -> PeerChannel {
        let config = ClientConfig {
            timeout,
            ..ClientConfig::default()
        };
        connect("catalog", "http://127.0.0.1:9", &config).unwrap()
    }

    async fn remaining(
        channel: &PeerChannel,
        own: Option<&str>,
        current: Option<Duration>,
    ) -> Option<Duration> {
        let mut request = Request::new(Body::empty());
        if let Some(own) = own {
            request
                .headers_mut()
                .insert(GRPC_TIMEOUT, own.parse().unwrap());
        }
        let deadline = scope(current.map(Deadline::after), async {
            channel.deadline_of(&request)
        })
        .await;
        deadline.unwrap().map(|deadline| deadline.remaining())
    }

    #[tokio::test(start_paused = true)]
    async fn the_shortest_of_all_limits_holds() {
        let seconds = Duration::from_secs;
        let three = channel(Some(seconds(3)));
        assert_eq!(remaining(&three, None, None).await, Some(seconds(3)));
        assert_eq!(
            remaining(&three, Some("1S"), Some(seconds(2))).await,
            Some(seconds(1))
        );
        assert_eq!(
            remaining(&three, Some("9S"), Some(seconds(2))).await,
            Some(seconds(2))
        );
        let unlimited = three.with_timeout(None);
        assert_eq!(
            remaining(&unlimited, None, Some(seconds(9))).await,
            Some(seconds(9))
        );
        assert_eq!(remaining(&unlimited, None, None).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_is_not_called_when_nothing_remains() {
        let current = Deadline::after(Duration::from_secs(2));
        tokio::time::advance(Duration::from_secs(2)).await;
        let mut channel = channel(None);
        let call = scope(current, async {
            channel.call(Request::new(Body::empty())).await
        });
        let status = call.await.unwrap_err();
        assert_eq!(
            ApiError::from_status(&status).reason,
            Reason::DeadlineExceeded
        );
        assert_eq!(
            status.message(),
            "catalog at http://127.0.0.1:9 (not called): deadline of 2s exceeded"
        );
    }

    #[tokio::test]
    async fn an_address_is_checked_before_it_is_used() {
        for uri in [
            "catalog:50051",
            "https://catalog:50051",
            "http://",
            "",
            "/path",
        ] {
            let error = connect("catalog", uri, &ClientConfig::default()).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("catalog: `{uri}` is not an address; write http://host:port")
            );
        }
    }
}
