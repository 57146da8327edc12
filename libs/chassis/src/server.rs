//! Hosting gRPC services: the one place where the stack around a handler is built.

mod call_log;
mod config;
mod connection;
mod health;
mod idle;
mod limit;
mod methods;
mod reasons;
mod stop;

use std::collections::HashSet;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::SocketAddr;

use http::{Request, Response};
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tower::{Service, ServiceBuilder};

use crate::around::AroundLayer;
use crate::deadline::Deadlines;
use crate::shutdown::Shutdown;
use call_log::CallLog;
pub use config::ServerConfig;
use connection::Acceptor;
pub use health::Readiness;
use health::health_server;
use idle::Idle;
use limit::Limit;
use methods::{Kind, Methods};
use reasons::Reasons;
use stop::Stop;

/// The largest message that a service should take or send: tonic's own default for what it takes.
///
/// tonic sets limits per service, where the service is made, and has none for what it sends; so
/// each `grpc.rs` applies
/// `.max_decoding_message_size(MAX_MESSAGE_BYTES).max_encoding_message_size(MAX_MESSAGE_BYTES)`.
/// Anything larger goes in chunks over a stream.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// Largest HTTP/2 frame that is taken. Matrices and videos come in messages of about a megabyte, of
/// which the protocol's least, 16 KiB, makes dozens of frames.
const MAX_FRAME_BYTES: u32 = 1 << 20;

/// Streams of one connection that may have been reset for mistakes in them; then the connection is
/// closed. hyper's own limit, which tonic takes away unless it is set.
const MAX_ERROR_RESETS: usize = 1024;

/// Streams of one connection that the caller may have reset before they were looked at; then the
/// connection is closed: CVE-2023-44487, "rapid reset". h2's own limit.
const MAX_PENDING_RESETS: usize = 20;

/// Streams of one connection beyond the limit on calls, for calls to be turned away on and for health.
const SPARE_STREAMS: u32 = 200;

/// Why a server could not start or run.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The port could not be opened.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// Where it was to listen.
        address: SocketAddr,
        /// Why it cannot.
        source: io::Error,
    },
    /// A socket from elsewhere cannot be used.
    #[error("cannot use the listening socket: {0}")]
    Socket(#[source] io::Error),
    /// The descriptor set for reflection is not what the code generator wrote.
    #[error("the descriptor set is not an encoded FileDescriptorSet: {0}")]
    DescriptorSet(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The transport failed.
    #[error("the server stopped unexpectedly: {0}")]
    Transport(#[source] tonic::transport::Error),
}

/// A bound port that nobody is served on yet.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds `address`. Port 0 takes a free port, which [`local_addr`](Self::local_addr) then
    /// tells.
    pub async fn bind(address: SocketAddr) -> Result<Self, ServerError> {
        let socket = TcpListener::bind(address)
            .await
            .map_err(|source| ServerError::Bind { address, source })?;
        Self::try_from(socket)
    }

    /// Where it is bound.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn into_socket(self) -> TcpListener {
        self.socket
    }
}

impl TryFrom<TcpListener> for Listener {
    type Error = ServerError;

    fn try_from(socket: TcpListener) -> Result<Self, ServerError> {
        let address = socket.local_addr().map_err(ServerError::Socket)?;
        Ok(Self { socket, address })
    }
}

impl TryFrom<std::net::TcpListener> for Listener {
    type Error = ServerError;

    /// Must be called inside a tokio runtime.
    fn try_from(socket: std::net::TcpListener) -> Result<Self, ServerError> {
        socket.set_nonblocking(true).map_err(ServerError::Socket)?;
        Self::try_from(TcpListener::from_std(socket).map_err(ServerError::Socket)?)
    }
}

/// A generated server, as [`Services`] takes it.
pub trait Hosted:
    Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send + 'static>
    + NamedService
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Hosted for S where
    S: Service<
            Request<Body>,
            Response = Response<Body>,
            Error = Infallible,
            Future: Send + 'static,
        > + NamedService
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// A set of gRPC services together with their names, which health needs and tonic's `Routes` does
/// not keep.
#[derive(Debug, Clone, Default)]
pub struct Services {
    routes: Routes,
    names: HashSet<String>,
    internal: HashSet<String>,
}

impl Services {
    /// No service.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a generated server. A process that hosts several services adds them all to one set.
    #[must_use]
    pub fn with<S: Hosted>(mut self, service: S) -> Self {
        self.names.insert(S::NAME.to_owned());
        self.routes = self.routes.add_service(service);
        self
    }

    /// Adds a generated server that other processes of the mesh call so that work goes on.
    /// [`ServerConfig::max_concurrent_calls`] counts its calls by themselves: callers who wait for
    /// work must not take the places of those who do it.
    #[must_use]
    pub fn with_internal<S: Hosted>(mut self, service: S) -> Self {
        self.internal.insert(S::NAME.to_owned());
        self.with(service)
    }
}

/// Builds a [`Server`].
#[derive(Debug, Clone)]
pub struct ServerBuilder {
    config: ServerConfig,
    services: Services,
    descriptor_set: Option<&'static [u8]>,
    readiness: Readiness,
}

impl ServerBuilder {
    /// A readiness that is there before the server is; else it has one of its own.
    #[must_use]
    pub fn with_readiness(mut self, readiness: Readiness) -> Self {
        self.readiness = readiness;
        self
    }

    /// The services to host.
    #[must_use]
    pub fn with_services(mut self, services: Services) -> Self {
        self.services = services;
        self
    }

    /// The encoded `FileDescriptorSet` of the services. Turns on reflection (v1 and v1alpha), and
    /// tells which methods are unary and so get [`ServerConfig::default_deadline`].
    #[must_use]
    pub fn with_descriptor_set(mut self, encoded: &'static [u8]) -> Self {
        self.descriptor_set = Some(encoded);
        self
    }

    /// Puts the services behind a port. Callers can connect from here on and are answered once
    /// [`Server::serve`] runs; health is NOT_SERVING until [`Readiness::set_ready`].
    pub fn build(self, listener: Listener) -> Result<Server, ServerError> {
        let readiness = self.readiness;
        let Services {
            mut routes,
            names,
            internal,
        } = self.services;
        let methods = methods_of(&names, self.descriptor_set)?;
        routes = routes.add_service(health_server(&readiness, names));
        if let Some(encoded) = self.descriptor_set {
            routes = with_reflection(routes, encoded)?;
        }
        let mut deadlines = Deadlines::new();
        if let Some(limit) = self.config.default_deadline {
            deadlines = deadlines.with_default(limit, methods.paths(Kind::Unary));
        }
        if let Some(limit) = self.config.max_stream_duration {
            deadlines = deadlines.with_limit(limit, methods.paths(Kind::Streaming));
        }
        Ok(Server {
            limit: Limit::new(self.config.max_concurrent_calls, internal),
            config: self.config,
            routes: routes.prepare(),
            methods,
            deadlines,
            listener,
            readiness,
        })
    }
}

/// gRPC services behind a bound port.
pub struct Server {
    config: ServerConfig,
    routes: Routes,
    methods: Methods,
    deadlines: Deadlines,
    limit: Limit,
    listener: Listener,
    readiness: Readiness,
}

impl Server {
    /// Begins to build a server.
    pub fn builder(config: ServerConfig) -> ServerBuilder {
        ServerBuilder {
            config,
            services: Services::new(),
            descriptor_set: None,
            readiness: Readiness::new(),
        }
    }

    /// Where it is bound.
    pub fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr()
    }

    /// The handle by which the service says that it is ready.
    pub fn readiness(&self) -> Readiness {
        self.readiness.clone()
    }

    /// Serves until the stop is complete: readiness goes off when it starts; the port closes when
    /// draining begins, and calls in flight go on; those that outlast the grace period end with
    /// UNAVAILABLE.
    ///
    /// Counts as tracked work of `shutdown`, so [`Shutdown::complete`] waits for it.
    pub async fn serve(self, shutdown: &Shutdown) -> Result<(), ServerError> {
        let Self {
            config,
            routes,
            methods,
            deadlines,
            limit,
            listener,
            readiness,
        } = self;
        tracing::info!(address = %listener.address, "serving gRPC");

        // From the outside in:
        let stack = ServiceBuilder::new()
            // Trace, log and metrics first, so that whatever the layers below decide is told with
            // the call's code and whole duration. The span of the call begins here, and with it the
            // trace that the caller may have begun.
            .layer(AroundLayer(CallLog::new(methods)))
            // Right below, so that the log has the code that the caller gets.
            .layer(AroundLayer(Reasons))
            // Around the deadline: the end of the process, or of the connection, comes before any
            // deadline that lies behind it.
            .layer(AroundLayer(Stop::new(shutdown.clone())))
            // Before the limit: work that is already too late must not take a place from work that
            // is not.
            .layer(AroundLayer(deadlines))
            // Before the limit too: a caller who sends nothing must not keep a place.
            .layer(AroundLayer(Idle::new(config.stream_idle_timeout)))
            // Authentication goes here: a stranger is refused before it costs a place.
            // Last, so that only calls that reach a handler count. Health passes.
            .layer(AroundLayer(limit))
            .service(routes);

        let acceptor = Acceptor::new(&config);
        // hyper makes a peer wait once it has 200 calls on one connection. Waiting unseen is what the
        // limit is there to prevent, so each connection may exceed the whole limit.
        let streams = u32::try_from(config.max_concurrent_calls).unwrap_or(u32::MAX);
        let mut transport = tonic::transport::Server::builder()
            .max_concurrent_streams(Some(streams.saturating_add(SPARE_STREAMS)))
            .max_frame_size(MAX_FRAME_BYTES)
            .http2_max_header_list_size(config.max_metadata_bytes)
            .http2_max_local_error_reset_streams(Some(MAX_ERROR_RESETS))
            .http2_max_pending_accept_reset_streams(Some(MAX_PENDING_RESETS))
            .http2_keepalive_interval(Some(config.keepalive_interval))
            .http2_keepalive_timeout(Some(config.keepalive_timeout));
        if let Some(age) = acceptor.age() {
            // Not with tonic's `max_connection_age_grace`, with which (0.14.9) it tells the caller
            // nothing and cuts the connection once age and grace are over. The acceptor sees to the
            // grace.
            transport = transport.max_connection_age(age);
        }
        let incoming = acceptor.connections(listener.socket);
        let serving = transport.serve_with_incoming_shutdown(stack, incoming, async {
            shutdown.started().await;
            readiness.set_stopping();
            shutdown.draining().cancelled().await;
        });
        tokio::select! {
            result = shutdown.tracker().track_future(serving) => result.map_err(ServerError::Transport),
            // A peer that reads nothing can hold its connection open beyond the cut; the stop does
            // not wait for it.
            _ = shutdown.complete() => Ok(()),
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("config", &self.config)
            .field("listener", &self.listener)
            .finish_non_exhaustive()
    }
}

/// The methods of the services called `names`, and of health and reflection.
fn methods_of(
    names: &HashSet<String>,
    descriptor_set: Option<&[u8]>,
) -> Result<Methods, ServerError> {
    let own = descriptor_set.unwrap_or_default();
    let infrastructure = [
        tonic_health::pb::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
    ];
    let [health, v1, v1alpha] = infrastructure;
    Methods::decode(&[own, health, v1, v1alpha], |service| {
        names.contains(service) || service.starts_with("grpc.")
    })
    .map_err(|e| ServerError::DescriptorSet(e.into()))
}

fn with_reflection(routes: Routes, encoded: &'static [u8]) -> Result<Routes, ServerError> {
    let builder = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(encoded)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let wrong = |error: tonic_reflection::server::Error| ServerError::DescriptorSet(error.into());
    let v1 = builder().build_v1().map_err(wrong)?;
    let v1alpha = builder().build_v1alpha().map_err(wrong)?;
    Ok(routes.add_service(v1).add_service(v1alpha))
}
