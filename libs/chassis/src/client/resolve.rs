//! From a peer's name to addresses, again and again.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::{sleep, timeout};

use super::balance::Shared;

/// Lookups that fail while nothing is known are repeated after this long, then after twice as long,
/// and so on up to the configured interval.
const FIRST_RETRY: Duration = Duration::from_millis(100);

/// Looks up addresses of a name.
pub trait Resolve: Send + Sync + 'static {
    /// All present addresses of `host`, each with `port`. The future is dropped if it takes longer
    /// than connecting may.
    fn resolve(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>;
}

/// The system's resolver: files, DNS, whatever it is set up to ask.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        let host = host.to_owned();
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}

/// A name to be looked up.
pub(super) struct Name {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) resolver: Arc<dyn Resolve>,
    pub(super) interval: Duration,
    /// How long a lookup may take.
    pub(super) limit: Duration,
}

impl Name {
    /// Keeps the addresses of `shared` up to date for ever. A failed lookup changes nothing: stale
    /// addresses may still work, none cannot.
    pub(super) async fn follow(self: Arc<Self>, shared: Arc<Shared>) {
        let mut retry = FIRST_RETRY;
        loop {
            let wait = match self.look_up().await {
                Ok(addresses) => {
                    retry = FIRST_RETRY;
                    shared.set_addresses(&addresses);
                    self.interval
                }
                Err(why) if shared.lookup_failed(&why) => self.interval,
                Err(_) => {
                    let wait = retry.min(self.interval);
                    retry = wait * 2;
                    wait
                }
            };
            // Spread by a fifth, so that the replicas of a client do not ask in step.
            sleep(wait.mul_f64(rand::random_range(0.8..=1.0))).await;
        }
    }

    async fn look_up(&self) -> Result<BTreeSet<SocketAddr>, String> {
        let lookup = self.resolver.resolve(&self.host, self.port);
        match timeout(self.limit, lookup).await {
            Ok(Ok(addresses)) if addresses.is_empty() => Err("it has no address".to_owned()),
            Ok(Ok(addresses)) => Ok(addresses.into_iter().collect()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {:?}", self.limit)),
        }
    }
}
