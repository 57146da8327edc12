//! Connections: how many there may be, and how long each may last.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::stream::{self, Stream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tonic::Status;
use tonic::transport::server::Connected;

use super::ServerConfig;
use crate::error::{ApiError, Reason};
use crate::metrics::{self, Counted};
use crate::socket::{Watch, Watched};

/// How long a new connection may take to send the preface of HTTP/2. Keepalive begins after it.
const GREETING_LIMIT: Duration = Duration::from_secs(10);
/// Length of the preface.
const GREETING_BYTES: u64 = 24;
/// How long calls that were cut may take to tell their caller so, before the connection is closed
/// under them: a caller who reads nothing is not waited for.
const AFTER_CUT: Duration = Duration::from_secs(5);
/// Pause after the system had no socket to give.
const AFTER_ERROR: Duration = Duration::from_millis(100);

/// Accepts connections within the limits of a server.
pub(super) struct Acceptor {
    permits: Arc<Semaphore>,
    max: usize,
    age: Option<Duration>,
    grace: Duration,
    /// The latest connection was refused.
    full: bool,
}

impl Acceptor {
    pub(super) fn new(config: &ServerConfig) -> Self {
        // One factor for all connections, but another in each process: that replicas do not age in
        // step is what matters.
        let spread = rand::random_range(0.9..=1.1);
        Self {
            permits: Arc::new(Semaphore::new(config.max_connections)),
            max: config.max_connections,
            age: config.max_connection_age.map(|age| age.mul_f64(spread)),
            grace: config.max_connection_age_grace,
            full: false,
        }
    }

    /// The age at which callers are asked to make a new connection.
    pub(super) fn age(&self) -> Option<Duration> {
        self.age
    }

    /// The connections of `socket`, for ever.
    pub(super) fn connections(
        self,
        socket: TcpListener,
    ) -> impl Stream<Item = io::Result<Watched<Guard>>> + Send {
        stream::unfold((self, socket), |(mut acceptor, socket)| async move {
            loop {
                match socket.accept().await {
                    Ok((stream, peer)) => {
                        if let Some(connection) = acceptor.admit(stream, peer) {
                            return Some((Ok(connection), (acceptor, socket)));
                        }
                    }
                    Err(error) => acceptor.failed(&error).await,
                }
            }
        })
    }

    fn admit(&mut self, stream: TcpStream, peer: SocketAddr) -> Option<Watched<Guard>> {
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            metrics::server_connection_refused();
            if !self.full {
                tracing::warn!(%peer, max = self.max, "connections are refused: max_connections are open");
            }
            self.full = true;
            return None;
        };
        self.full = false;
        // Without it small messages only come a little later.
        let _ = stream.set_nodelay(true);
        let end = self.age.map(|age| End {
            at: Instant::now() + age + self.grace,
            age,
            grace: self.grace,
        });
        Some(Watched::new(stream, Guard::new(peer, end, permit)))
    }

    async fn failed(&self, error: &io::Error) {
        match error.kind() {
            // The caller has gone before it was accepted.
            ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset => {}
            _ => {
                tracing::error!(%error, "cannot accept connections");
                // Out of files or memory: the connection stays first in the queue, and accepting it
                // again at once would fail again at once.
                sleep(AFTER_ERROR).await;
            }
        }
    }
}

/// What calls know of their connection: a request extension.
#[derive(Debug, Clone)]
pub(super) struct ConnectionInfo {
    pub(super) peer: SocketAddr,
    pub(super) end: Option<End>,
}

/// When calls on a connection end.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    at: Instant,
    age: Duration,
    grace: Duration,
}

impl End {
    /// Completes with the status that calls end with, when they do.
    pub(super) async fn reached(self) -> Status {
        sleep_until(self.at).await;
        let [age, grace] = [self.age, self.grace].map(|limit| Duration::from_secs(limit.as_secs()));
        let message = format!(
            "the connection has reached its age of {} and the call has not ended within {} since; call again",
            humantime::format_duration(age),
            humantime::format_duration(grace),
        );
        ApiError::new(Reason::Unavailable, message).into()
    }
}

/// Holds a connection's place, and ends it in time.
pub(super) struct Guard {
    info: ConnectionInfo,
    greeted: bool,
    timer: Option<Pin<Box<Sleep>>>,
    _permit: OwnedSemaphorePermit,
    _counted: Counted,
}

impl Guard {
    fn new(peer: SocketAddr, end: Option<End>, permit: OwnedSemaphorePermit) -> Self {
        Self {
            info: ConnectionInfo { peer, end },
            greeted: false,
            timer: Some(Box::pin(sleep(GREETING_LIMIT))),
            _permit: permit,
            _counted: Counted::connection(),
        }
    }
}

impl Watch for Guard {
    fn check(&mut self, cx: &mut Context<'_>, seen: u64) -> io::Result<()> {
        if !self.greeted && seen >= GREETING_BYTES {
            self.greeted = true;
            let end = self.info.end;
            self.timer = end.map(|end| Box::pin(sleep_until(end.at + AFTER_CUT)));
        }
        let timer = self.timer.as_mut().map(|timer| timer.as_mut().poll(cx));
        if timer == Some(Poll::Ready(())) {
            let why = if self.greeted {
                "the connection has outlived its age"
            } else {
                "the caller does not speak HTTP/2"
            };
            return Err(io::Error::new(ErrorKind::TimedOut, why));
        }
        Ok(())
    }
}

impl Connected for Watched<Guard> {
    type ConnectInfo = ConnectionInfo;

    fn connect_info(&self) -> ConnectionInfo {
        self.watch().info.clone()
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// A server's end and the caller's end of a connection, and the server.
    async fn accepted(
        config: &ServerConfig,
    ) -> (
        Watched<Guard>,
        TcpStream,
        impl Stream<Item = io::Result<Watched<Guard>>> + Send + use<>,
    ) {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let mut connections = Box::pin(Acceptor::new(config).connections(socket));
        let caller = TcpStream::connect(address).await.unwrap();
        let accepted = connections.next().await.unwrap().unwrap();
        (accepted, caller, connections)
    }

    /// Reads until the connection is ended; why, and after how long.
    async fn end(mut connection: Watched<Guard>) -> (String, Duration) {
        let begin = Instant::now();
        let error = loop {
            match connection.read(&mut [0; 64]).await {
                Ok(0) => panic!("closed by the caller"),
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        (error.to_string(), begin.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_does_not_greet_is_not_waited_for() {
        let (connection, mut caller, _connections) = accepted(&ServerConfig::default()).await;
        caller.write_all(b"GET / HTTP/1.1").await.unwrap();
        let (why, after) = end(connection).await;
        assert_eq!(why, "the caller does not speak HTTP/2");
        assert!(
            after >= GREETING_LIMIT && after < GREETING_LIMIT * 2,
            "{after:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_ends_when_its_age_and_grace_are_over_whatever_its_caller_does() {
        let config = ServerConfig {
            max_connection_age: Some(Duration::from_mins(10)),
            max_connection_age_grace: Duration::from_mins(1),
            ..ServerConfig::default()
        };
        let (connection, mut caller, _connections) = accepted(&config).await;
        caller
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            .await
            .unwrap();
        let (why, after) = end(connection).await;
        assert_eq!(why, "the connection has outlived its age");
        // The age is spread by a tenth.
        let minutes = after.as_secs_f64() / 60.0;
        assert!((10.0..12.2).contains(&minutes), "{after:?}");
    }

    #[tokio::test]
    async fn a_place_among_the_connections_is_free_again_once_one_ends() {
        let config = ServerConfig {
            max_connections: 1,
            ..ServerConfig::default()
        };
        let (first, caller, mut connections) = accepted(&config).await;
        let address = caller.peer_addr().unwrap();
        let mut refused = TcpStream::connect(address).await.unwrap();
        assert!(futures::poll!(connections.next()).is_pending());
        assert_eq!(refused.read(&mut [0; 8]).await.unwrap(), 0);
        drop(first);
        let _second = TcpStream::connect(address).await.unwrap();
        assert!(connections.next().await.unwrap().is_ok());
    }
}
