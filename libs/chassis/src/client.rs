//! Calling other services: the one place where the stack around a channel is built.
//!
//! From the outside in:
//!
//! 1. [`retry_idempotent`] around a whole call, only where the caller knows it to be idempotent. It
//!    stands outside the deadline because each attempt gets a deadline of its own, within what
//!    remains of the caller's.
//! 2. Headers of the request: the deadline, and whatever else travels with a call
//!    (`PeerChannel::prepare`).
//! 3. Metrics: outside the deadline and the breaker, so that what these two answer counts with its
//!    code.
//! 4. The deadline of one attempt, which also limits the wait for a connection.
//! 5. The circuit breaker: inside the deadline, so that it learns of calls that were not answered in
//!    time; outside the balancer, because it is about the peer and not about one of its replicas.
//! 6. The names of peer and address in every error.
//! 7. The channel: to the least busy of the addresses that the peer's name resolves to, or to the one
//!    address given. Either connects on the first call, and again when the connection is lost.

mod balance;
mod breaker;
mod connection;
mod observe;
mod peer;
mod resolve;
mod retry;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use http::{Request, Response};
use serde::{Deserialize, Serialize};
use tonic::Status;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tower::{Service, ServiceExt};
use tracing::Span;

use crate::config::{Problems, Validate};
use crate::cut::cut_call;
use crate::deadline::{Deadline, GRPC_TIMEOUT, format_timeout, parse_timeout};
use crate::error::{ApiError, Chain, Reason};
use crate::telemetry::trace;
use balance::Balancer;
use breaker::Breaker;
pub use breaker::BreakerConfig;
use observe::{Meter, Verdict, observed};
pub use peer::{AddressError, Peer};
use resolve::Name;
pub use resolve::{Resolve, SystemResolver};
pub use retry::{RetryConfig, RetryPolicy, retry_idempotent};

/// How a peer is called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClientConfig {
    /// Limit of one attempt of a call, streams included, that the caller's own deadline can only
    /// shorten.
    #[serde(with = "crate::config::duration::option")]
    pub timeout: Option<Duration>,
    /// Limit of looking up a name, of connecting, and of waiting for either.
    #[serde(with = "crate::config::duration")]
    pub connect_timeout: Duration,
    /// Send an HTTP/2 ping after this long, so that a dead peer is noticed; also while no call is
    /// in flight.
    #[serde(with = "crate::config::duration")]
    pub keepalive_interval: Duration,
    /// Drop the connection if the ping is not answered for this long.
    #[serde(with = "crate::config::duration")]
    pub keepalive_timeout: Duration,
    /// Look up a peer's name again after this long, for replicas that come and go. Addresses that
    /// are given as numbers are not looked up.
    #[serde(with = "crate::config::duration")]
    pub resolve_interval: Duration,
    /// When a peer that fails is not called any more.
    pub breaker: BreakerConfig,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            timeout: Some(Duration::from_secs(30)),
            connect_timeout: Duration::from_secs(3),
            keepalive_interval: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(10),
            resolve_interval: Duration::from_secs(5),
            breaker: BreakerConfig::default(),
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
        problems.in_range("keepalive_timeout", &self.keepalive_timeout, range.clone());
        problems.in_range("resolve_interval", &self.resolve_interval, range);
        problems.section("breaker", &self.breaker);
    }
}

/// A channel to the peer that errors call `peer`, at an address such as `http://catalog:50051`.
///
/// A name is looked up again and again, and calls are balanced over all its addresses: give the name
/// of a headless service in Kubernetes. Connects on the first call, so that services may start in any
/// order. Must be called inside a tokio runtime.
pub fn connect(peer: &str, uri: &str, config: &ClientConfig) -> Result<PeerChannel, AddressError> {
    connect_with_resolver(peer, uri, config, Arc::new(SystemResolver))
}

/// [`connect`] with another way to look up names.
pub fn connect_with_resolver(
    peer: &str,
    uri: &str,
    config: &ClientConfig,
    resolver: Arc<dyn Resolve>,
) -> Result<PeerChannel, AddressError> {
    let (peer, address) = Peer::parse(peer, uri)?;
    let host = address.host().unwrap_or_default().to_owned();
    let port = address.port_u16().unwrap_or(80);
    let endpoint = Endpoint::from(address)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(config.keepalive_interval)
        .keep_alive_timeout(config.keepalive_timeout)
        .keep_alive_while_idle(true);
    let is_address = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let target = if is_address {
        let endpoint = endpoint.connect_timeout(config.connect_timeout);
        Target::Address(endpoint.connect_lazy())
    } else {
        let name = Name {
            host,
            port,
            resolver,
            interval: config.resolve_interval,
            limit: config.connect_timeout,
        };
        Target::Name(Arc::new(Balancer::new(peer.clone(), endpoint, name)))
    };
    Ok(PeerChannel {
        target,
        breaker: Arc::new(Breaker::new(peer.clone(), config.breaker.clone())),
        peer,
        timeout: config.timeout,
    })
}

/// Whether `uri` is an address that the peer called `peer` could be at.
pub fn check_address(peer: &str, uri: &str) -> Result<(), AddressError> {
    Peer::parse(peer, uri).map(drop)
}

/// A channel that passes deadlines on, for generated clients to use:
/// `CatalogClient::new(channel.clone())`.
///
/// Every call gets the shortest of its own `grpc-timeout` (`Request::set_timeout`), the configured
/// timeout, and what remains of [`Deadline::current`]. If nothing remains, the peer is not called.
/// At the deadline the call ends with DEADLINE_EXCEEDED, and so does a response that is still
/// streaming. Clones share connections and circuit breaker.
#[derive(Clone)]
pub struct PeerChannel {
    target: Target,
    breaker: Arc<Breaker>,
    peer: Peer,
    timeout: Option<Duration>,
}

#[derive(Clone)]
enum Target {
    Address(Channel),
    Name(Arc<Balancer>),
}

impl PeerChannel {
    /// The same connections with another timeout, such as `None` for long streams;
    /// [`Deadline::current`] still holds.
    #[must_use]
    pub fn with_timeout(&self, timeout: Option<Duration>) -> Self {
        Self {
            timeout,
            ..self.clone()
        }
    }

    /// Name and address of the peer, as errors name it.
    pub fn peer(&self) -> Peer {
        self.peer.clone()
    }

    /// Writes what travels with a call into the headers of its request: what remains of its time,
    /// and the trace that it is part of.
    fn prepare(request: &mut Request<Body>, deadline: Option<Deadline>, span: &Span) {
        trace::inject(span, request.headers_mut());
        if let Some(deadline) = deadline {
            let timeout = format_timeout(deadline.remaining());
            request.headers_mut().insert(GRPC_TIMEOUT, timeout);
        }
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

    /// Always ready: what there is to wait for, a call waits for itself, under its deadline.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let deadline = match self.deadline_of(&request) {
            Ok(deadline) => deadline,
            Err(error) => return Box::pin(async { Err(error.into()) }),
        };
        let span = trace::client_span(request.uri().path());
        Self::prepare(&mut request, deadline, &span);
        let meter = Meter::new(self.peer.clone(), request.uri().path(), span);
        let guarded = {
            let Self {
                target,
                breaker,
                peer,
                ..
            } = self.clone();
            async move {
                let pass = breaker.admit()?;
                observed(target.call(&peer, request), Verdict::new(pass, deadline)).await
            }
        };
        let peer = self.peer.clone();
        Box::pin(async move {
            let Some(deadline) = deadline else {
                return observed(guarded, meter).await;
            };
            let too_late = Box::pin(async move {
                deadline.passed().await;
                Status::from(deadline.exceeded(peer))
            });
            observed(cut_call(guarded, too_late, None), meter).await
        })
    }
}

impl Target {
    async fn call(self, peer: &Peer, request: Request<Body>) -> Result<Response<Body>, Status> {
        let named = |error| transport_status(peer, error);
        match self {
            Self::Address(mut channel) => {
                let channel = channel.ready().await.map_err(named)?;
                channel.call(request).await.map_err(named)
            }
            Self::Name(balancer) => balancer.call(request).await,
        }
    }
}

impl fmt::Debug for PeerChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerChannel")
            .field("peer", &self.peer)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// What a failed connection means for the caller: whatever broke below gRPC, the peer could not be
/// reached. `place` names it.
fn transport_status(place: &dyn fmt::Display, error: tonic::transport::Error) -> Status {
    let message = format!("{place}: {}", Chain(&error));
    let reason = match Reason::from_code(Status::from_error(error.into()).code()) {
        // tonic has no code for most ways in which a connection can break, and calls a call
        // cancelled whose connection was closed before it was sent. Whoever gives up a call does not
        // see its error.
        Reason::Internal | Reason::Cancelled => Reason::Unavailable,
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
