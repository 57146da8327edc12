//! One channel over all addresses that a peer's name resolves to.
//!
//! tonic's own balanced channel (`Channel::balance_channel`) is not used: an address that refuses
//! connections is ready as far as it knows, so that of two replicas, one of them gone, every other
//! call fails; it waits for ever while there is no address; and it takes no notice of how many calls
//! an address has. Here a call goes only where a connection stands, to the address with the fewest
//! calls in flight; while there is none it waits for the first, and if no address can be reached it
//! fails at once with all the reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::{Request, Response};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use tonic::Status;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tower::{Service, ServiceExt};

use super::connection::keep_connected;
use super::observe::{Observer, observed};
use super::resolve::Name;
use super::{Peer, transport_status};
use crate::error::{ApiError, Reason};
use crate::metrics;

/// The addresses of one peer, and the connections to them. Does nothing before the first call.
pub(super) struct Balancer {
    shared: Arc<Shared>,
    name: Arc<Name>,
    following: OnceLock<AbortOnDropHandle<()>>,
}

impl Balancer {
    /// `endpoint` says how to connect; where to is what `name` resolves to.
    pub(super) fn new(peer: Peer, endpoint: Endpoint, name: Name) -> Self {
        let shared = Shared {
            peer,
            endpoint,
            patience: name.limit,
            // Not all clients begin with the same address.
            turn: AtomicUsize::new(usize::from(rand::random::<u16>())),
            state: watch::Sender::new(State::default()),
        };
        Self {
            shared: Arc::new(shared),
            name: Arc::new(name),
            following: OnceLock::new(),
        }
    }

    /// Calls the address with the fewest calls in flight.
    pub(super) async fn call(&self, request: Request<Body>) -> Result<Response<Body>, Status> {
        self.following.get_or_init(|| {
            let following = Arc::clone(&self.name).follow(Arc::clone(&self.shared));
            AbortOnDropHandle::new(tokio::spawn(following))
        });
        let Lent {
            address,
            mut channel,
            lease,
        } = self.shared.lend().await?;
        let named =
            |error| transport_status(&format_args!("{} ({address})", self.shared.peer), error);
        let call = async {
            let channel = channel.ready().await.map_err(named)?;
            channel.call(request).await.map_err(named)
        };
        observed(call, lease).await
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.shared.close();
    }
}

/// What the balancer, the lookups and the connections have in common.
pub(super) struct Shared {
    peer: Peer,
    endpoint: Endpoint,
    /// How long a call waits for a connection, and how long connecting may take.
    patience: Duration,
    /// Counts calls, so that addresses with equally many take turns.
    turn: AtomicUsize,
    state: watch::Sender<State>,
}

#[derive(Default)]
struct State {
    members: BTreeMap<SocketAddr, Member>,
    /// Why the latest lookup failed.
    problem: Option<String>,
    /// Nobody calls any more.
    closed: bool,
}

struct Member {
    link: Link,
    in_flight: Arc<AtomicUsize>,
    /// Ends with the member.
    _connecting: AbortOnDropHandle<()>,
}

/// The connection to one address.
pub(super) enum Link {
    /// It may stand in a moment.
    Connecting,
    /// Calls may be made.
    Connected(Channel),
    /// The latest attempt failed, for this reason; others follow.
    Failed(String),
}

struct Lent {
    address: SocketAddr,
    channel: Channel,
    lease: Lease,
}

/// Counts a call as in flight until it is dropped with the response.
struct Lease(Arc<AtomicUsize>);

impl Observer for Lease {}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Shared {
    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Takes the addresses of the latest lookup, and gives up those that are not among them: calls
    /// in flight there go on.
    pub(super) fn set_addresses(self: &Arc<Self>, addresses: &BTreeSet<SocketAddr>) {
        self.change(|state| {
            if state.closed {
                return;
            }
            if let Some(problem) = state.problem.take() {
                tracing::info!(peer = %self.peer, problem, "resolved again");
            }
            state.members.retain(|address, _| {
                let stays = addresses.contains(address);
                if !stays {
                    tracing::info!(peer = %self.peer, %address, "address is gone");
                }
                stays
            });
            for address in addresses {
                state.members.entry(*address).or_insert_with(|| {
                    tracing::info!(peer = %self.peer, %address, "new address");
                    let connecting = keep_connected(Arc::clone(self), *address);
                    Member {
                        link: Link::Connecting,
                        in_flight: Arc::default(),
                        _connecting: AbortOnDropHandle::new(tokio::spawn(connecting)),
                    }
                });
            }
        });
    }

    /// Notes that a lookup failed; true if earlier addresses are there to go on with.
    pub(super) fn lookup_failed(&self, why: &str) -> bool {
        let mut known = false;
        self.change(|state| {
            known = !state.members.is_empty();
            if state.problem.as_deref() != Some(why) {
                tracing::warn!(peer = %self.peer, why, known, "cannot resolve");
                state.problem = Some(why.to_owned());
            }
        });
        known
    }

    pub(super) fn set_link(&self, address: SocketAddr, link: Link) {
        self.change(|state| {
            if let Some(member) = state.members.get_mut(&address) {
                member.link = link;
            }
        });
    }

    fn close(&self) {
        self.change(|state| {
            state.closed = true;
            state.members.clear();
        });
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        self.state.send_modify(|state| {
            change(state);
            let connected = state.members.values();
            let connected = connected.filter(|member| matches!(member.link, Link::Connected(_)));
            let connected = connected.count();
            let others = state.members.len() - connected;
            metrics::client_endpoints(self.peer.name(), connected, others);
        });
    }

    /// The channel for one call; waits for the first connection.
    async fn lend(&self) -> Result<Lent, Status> {
        let mut states = self.state.subscribe();
        let first = async {
            loop {
                if let Some(lent) = self.choose(&states.borrow_and_update()) {
                    return lent;
                }
                // The sender lives in `self`.
                let _ = states.changed().await;
            }
        };
        timeout(self.patience, first).await.unwrap_or_else(|_| {
            let state = self.state.borrow();
            let doing = if state.members.is_empty() {
                "resolving".to_owned()
            } else {
                state.to_string()
            };
            Err(self.unavailable(format_args!(
                "no connection within {:?}: {doing}",
                self.patience
            )))
        })
    }

    /// `None`: wait.
    fn choose(&self, state: &State) -> Option<Result<Lent, Status>> {
        let connected: Vec<_> = state
            .members
            .iter()
            .filter_map(|(address, member)| match &member.link {
                Link::Connected(channel) => Some((address, channel, &member.in_flight)),
                Link::Connecting | Link::Failed(_) => None,
            })
            .collect();
        if connected.is_empty() {
            let failed = |member: &Member| matches!(member.link, Link::Failed(_));
            return match &state.problem {
                _ if !state.members.values().all(failed) => None,
                _ if !state.members.is_empty() => {
                    let why = format_args!("no address can be reached: {state}");
                    Some(Err(self.unavailable(why)))
                }
                Some(problem) => Some(Err(
                    self.unavailable(format_args!("cannot resolve the name: {problem}"))
                )),
                None => None,
            };
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % connected.len();
        let in_turn = connected[turn..].iter().chain(&connected[..turn]);
        let (address, channel, in_flight) =
            in_turn.min_by_key(|(_, _, in_flight)| in_flight.load(Ordering::Relaxed))?;
        in_flight.fetch_add(1, Ordering::Relaxed);
        Some(Ok(Lent {
            address: **address,
            channel: (*channel).clone(),
            lease: Lease(Arc::clone(in_flight)),
        }))
    }

    fn unavailable(&self, why: fmt::Arguments<'_>) -> Status {
        ApiError::new(Reason::Unavailable, format!("{}: {why}", self.peer)).into()
    }
}

/// All addresses and how they stand.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (address, member)) in self.members.iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            let link = match &member.link {
                Link::Connecting => "connecting",
                Link::Connected(_) => "connected",
                Link::Failed(why) => why,
            };
            write!(f, "{separator}{address}: {link}")?;
        }
        Ok(())
    }
}
