//! One connection that is made again after every loss.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rand::RngExt;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::connect::{ConnectError, Endpoint};
use super::session::Session;

/// Pause before the first attempt after a loss; doubled after each that fails.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A connection to one broker, supervised from its first use until it is closed or dropped.
#[derive(Debug)]
pub(super) struct Link {
    endpoint: Endpoint,
    state: watch::Sender<State>,
    closing: CancellationToken,
    supervisor: Mutex<Supervisor>,
}

#[derive(Debug)]
enum Supervisor {
    NotNeeded,
    Runs(JoinHandle<()>),
    Over,
}

#[derive(Debug, Clone)]
enum State {
    /// With what the last attempt said.
    Down(Option<Arc<ConnectError>>),
    Up(Arc<Session>),
}

/// There was no connection for as long as a call may wait.
#[derive(Debug, thiserror::Error)]
#[error("no connection to {endpoint} for {waited:?}{}", because(last.as_deref()))]
pub(super) struct LinkDown {
    endpoint: Endpoint,
    waited: Duration,
    #[source]
    last: Option<Arc<ConnectError>>,
}

fn because(last: Option<&ConnectError>) -> String {
    last.map_or(String::new(), |error| format!(" ({error})"))
}

impl Link {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            state: watch::Sender::new(State::Down(None)),
            closing: CancellationToken::new(),
            supervisor: Mutex::new(Supervisor::NotNeeded),
        }
    }

    /// The connection, awaited for at most `wait`.
    pub(super) async fn session(&self, wait: Duration) -> Result<Arc<Session>, LinkDown> {
        self.supervise();
        let mut state = self.state.subscribe();
        // One that is lost stays until its supervisor has seen it.
        let is_up = |state: &State| matches!(state, State::Up(session) if session.is_connected());
        let up = tokio::time::timeout(wait, state.wait_for(is_up)).await;
        if let Ok(Ok(state)) = &up
            && let State::Up(session) = &**state
        {
            return Ok(Arc::clone(session));
        }
        drop(up);
        let last = match &*self.state.borrow() {
            State::Down(last) => last.clone(),
            State::Up(_) => None,
        };
        Err(LinkDown {
            endpoint: self.endpoint.clone(),
            waited: wait,
            last,
        })
    }

    /// Ends with the link.
    pub(super) fn closing(&self) -> &CancellationToken {
        &self.closing
    }

    /// Closes the connection in the broker's sight, and makes no other.
    pub(super) async fn close(&self) {
        self.closing.cancel();
        let supervisor = std::mem::replace(&mut *self.lock(), Supervisor::Over);
        if let Supervisor::Runs(supervisor) = supervisor {
            // An error is a panic there, which has been reported.
            let _ = supervisor.await;
        }
    }

    fn supervise(&self) {
        let mut supervisor = self.lock();
        if matches!(*supervisor, Supervisor::NotNeeded) {
            let task = supervise(
                self.endpoint.clone(),
                self.state.clone(),
                self.closing.clone(),
            );
            *supervisor = Supervisor::Runs(tokio::spawn(task));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Supervisor> {
        self.supervisor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.closing.cancel();
    }
}

/// Connects until `closing`, again after every loss.
async fn supervise(endpoint: Endpoint, state: watch::Sender<State>, closing: CancellationToken) {
    let mut failures = 0;
    loop {
        let connected = tokio::select! {
            () = closing.cancelled() => return,
            connected = endpoint.connect() => connected,
        };
        match connected {
            Ok((connection, socket)) => {
                tracing::info!(%endpoint, "connected to the broker");
                let since = Instant::now();
                let session = Arc::new(Session::new(connection, socket));
                state.send_replace(State::Up(Arc::clone(&session)));
                tokio::select! {
                    () = closing.cancelled() => return session.close().await,
                    () = session.lost() => {}
                }
                state.send_replace(State::Down(None));
                session.cut();
                tracing::warn!(%endpoint, "the connection to the broker is lost; connecting again");
                // A broker that takes and drops connections is no reason to hurry.
                if since.elapsed() > LONGEST_PAUSE {
                    failures = 0;
                }
            }
            Err(error) => {
                tracing::warn!(%endpoint, %error, "cannot connect to the broker; trying again");
                state.send_replace(State::Down(Some(Arc::new(error))));
            }
        }
        tokio::select! {
            () = closing.cancelled() => return,
            () = tokio::time::sleep(pause(failures)) => {}
        }
        failures += 1;
    }
}

/// Between half and all of a time that doubles, so that not all come back at the same instant.
fn pause(failures: u32) -> Duration {
    let longest = SHORTEST_PAUSE
        .saturating_mul(1 << failures.min(16))
        .min(LONGEST_PAUSE);
    longest.mul_f64(rand::rng().random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_differ() {
        for failures in 0..200 {
            let longest = LONGEST_PAUSE.min(SHORTEST_PAUSE * (1 << failures.min(16)));
            let pause = pause(failures);
            assert!(longest / 2 <= pause && pause <= longest, "{pause:?}");
        }
        let first = pause(9);
        assert!((0..100).any(|_| pause(9) != first));
    }
}
