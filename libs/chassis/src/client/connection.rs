//! Keeps one address connected.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tower::Service;

use super::balance::{Link, Shared};
use crate::error::Chain;
use crate::socket::{Watch, Watched};

/// The wait after the second failure in a row; after the first there is none. It doubles with each
/// further one.
const FIRST_RETRY: Duration = Duration::from_millis(100);
/// The wait grows no further than this. A connection that lasted longer was a good one.
const LAST_RETRY: Duration = Duration::from_secs(3);

/// Connects to `address` for ever, again when the connection is lost, and tells `shared` how it
/// stands.
pub(super) async fn keep_connected(shared: Arc<Shared>, address: SocketAddr) {
    let mut wait = Duration::ZERO;
    loop {
        let (connector, mut state) = Connector::new(address, shared.patience());
        let endpoint = shared.endpoint();
        let begin = Instant::now();
        let (connected, why) = match endpoint.connect_with_connector(connector).await {
            Ok(channel) => {
                shared.set_link(address, Link::Connected(channel));
                let lost = state.wait_for(|state| state.lost.is_some()).await;
                let why = lost.ok().and_then(|state| state.lost.clone());
                (true, why.unwrap_or_default())
            }
            Err(error) => (false, Chain(&error).to_string()),
        };
        tracing::debug!(%address, connected, why, "no connection");
        if connected && begin.elapsed() > LAST_RETRY {
            wait = Duration::ZERO;
        }
        if connected && wait.is_zero() {
            shared.set_link(address, Link::Connecting);
        } else {
            shared.set_link(address, Link::Failed(why));
            sleep(wait.mul_f64(rand::random_range(0.5..=1.0))).await;
        }
        wait = (wait * 2).clamp(FIRST_RETRY, LAST_RETRY);
    }
}

/// How the connections that one channel made stand.
#[derive(Debug, Default)]
struct State {
    open: usize,
    /// Why the channel is of no use any more.
    lost: Option<String>,
}

/// Connects a channel, and again when the server closes a connection that is still in use, as it
/// does at the end of its age. Once none is open or a new one cannot be had, the channel is lost: it
/// fails whatever is still queued in it at once, where tonic's own connector would try for each call
/// anew, one after the other.
struct Connector {
    address: SocketAddr,
    limit: Duration,
    state: Arc<watch::Sender<State>>,
}

impl Connector {
    fn new(address: SocketAddr, limit: Duration) -> (Self, watch::Receiver<State>) {
        let (state, receiver) = watch::channel(State::default());
        let connector = Self {
            address,
            limit,
            state: Arc::new(state),
        };
        (connector, receiver)
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Watched<Open>>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let (address, limit) = (self.address, self.limit);
        let state = Arc::clone(&self.state);
        Box::pin(async move {
            if let Some(why) = &state.borrow().lost {
                return Err(io::Error::other(why.clone()));
            }
            match timeout(limit, connect(address))
                .await
                .map_err(io::Error::from)
            {
                Ok(Ok(stream)) => Ok(TokioIo::new(Watched::new(stream, Open::new(state)))),
                Ok(Err(error)) | Err(error) => {
                    state.send_modify(|state| state.lost = Some(error.to_string()));
                    Err(error)
                }
            }
        })
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Counts a connection as open.
struct Open(Arc<watch::Sender<State>>);

impl Open {
    fn new(state: Arc<watch::Sender<State>>) -> Self {
        state.send_modify(|state| state.open += 1);
        Self(state)
    }
}

impl Watch for Open {}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|state| {
            state.open -= 1;
            if state.open == 0 && state.lost.is_none() {
                state.lost = Some("the connection was closed".to_owned());
            }
        });
    }
}
