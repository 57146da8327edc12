//! Stops calling a peer that fails, so that its callers fail fast and it gets room to recover.
//!
//! The circuit breaker of M. Nygard, "Release It!" (2007): closed while few calls of a sliding
//! window fail; open for a while once too many did, when no call is made; then half open, when a few
//! calls at a time try, and close it if they succeed or open it again with the first that fails.
//!
//! Written here because what decides over a gRPC call may come in its trailers, long after the
//! response has begun, and because an open breaker has to tell how long. Of the crates there are,
//! tower-resilience-circuitbreaker (0.14) judges a response when it begins and takes no outcome from
//! elsewhere, and failsafe (1.3) takes outcomes but lets every call through when half open.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tonic::Status;

use super::Peer;
use crate::config::{Problems, Validate};
use crate::error::{ApiError, Reason};
use crate::metrics;

/// Parts of the window that are forgotten as a whole.
const BUCKETS: usize = 10;

/// When a peer that fails is not called any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BreakerConfig {
    /// How far back outcomes count.
    #[serde(with = "crate::config::duration")]
    pub window: Duration,
    /// Fewer calls than this in the window prove nothing.
    pub min_calls: u32,
    /// The share of failures in the window at which the peer is not called any more; above 1: never.
    pub failure_ratio: f64,
    /// How long it is not called then.
    #[serde(with = "crate::config::duration")]
    pub open_for: Duration,
    /// Afterwards, so many calls at a time try, and so many must succeed.
    pub probes: u32,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(10),
            min_calls: 20,
            failure_ratio: 0.5,
            open_for: Duration::from_secs(5),
            probes: 3,
        }
    }
}

impl Validate for BreakerConfig {
    fn validate(&self, problems: &mut Problems) {
        let range = Duration::from_millis(100)..=Duration::from_mins(10);
        problems.in_range("window", &self.window, range.clone());
        problems.in_range("min_calls", &self.min_calls, 1..=1_000_000);
        problems.in_range("failure_ratio", &self.failure_ratio, 0.01..=1.1);
        problems.in_range("open_for", &self.open_for, range);
        problems.in_range("probes", &self.probes, 1..=1000);
    }
}

/// The breaker of one peer.
#[derive(Debug)]
pub(super) struct Breaker {
    peer: Peer,
    config: BreakerConfig,
    circuit: Mutex<Circuit>,
}

#[derive(Debug)]
struct Circuit {
    state: State,
    /// Counts changes of the state: what a call admitted before the last one has to say is history.
    epoch: u64,
}

#[derive(Debug)]
enum State {
    Closed(Window),
    HalfOpen { trying: u32, succeeded: u32 },
    Open { until: Instant, why: String },
}

impl State {
    fn gauge(&self) -> u8 {
        match self {
            Self::Closed(_) => 0,
            Self::HalfOpen { .. } => 1,
            Self::Open { .. } => 2,
        }
    }
}

impl Breaker {
    pub(super) fn new(peer: Peer, config: BreakerConfig) -> Self {
        let circuit = Circuit {
            state: State::Closed(Window::new(&config)),
            epoch: 0,
        };
        Self {
            peer,
            config,
            circuit: Mutex::new(circuit),
        }
    }

    /// Leave to make one call, or the answer in its place. The outcome goes to the [`Pass`].
    pub(super) fn admit(self: &Arc<Self>) -> Result<Pass, Status> {
        let mut circuit = self.lock();
        if let State::Open { until, .. } = &circuit.state
            && *until <= Instant::now()
        {
            tracing::info!(peer = %self.peer, probes = self.config.probes, "circuit breaker half open");
            circuit.change(State::HalfOpen {
                trying: 0,
                succeeded: 0,
            });
        }
        let admitted = match &mut circuit.state {
            State::Closed(_) => Ok(()),
            State::HalfOpen { trying, .. } if *trying < self.config.probes => {
                *trying += 1;
                Ok(())
            }
            State::HalfOpen { .. } => {
                let why = "after too many failures, others are trying whether it is back";
                Err(self.refusal(why, self.config.window / BUCKETS as u32))
            }
            State::Open { until, why } => {
                Err(self.refusal(why, until.duration_since(Instant::now())))
            }
        };
        metrics::client_breaker(self.peer.name(), circuit.state.gauge());
        admitted.map(|()| Pass {
            breaker: Arc::clone(self),
            admitted: circuit.epoch,
            epoch: Some(circuit.epoch),
        })
    }

    fn refusal(&self, why: &str, wait: Duration) -> Status {
        let message = format!("{} (not called): circuit breaker open: {why}", self.peer);
        let error = ApiError::new(Reason::Unavailable, message).with_retry_after(wait);
        let mut status = Status::from(error);
        status.set_source(Arc::new(BreakerOpen));
        status
    }

    fn record(&self, epoch: u64, outcome: Outcome, failure: &str) {
        let mut circuit = self.lock();
        if circuit.epoch != epoch {
            return;
        }
        let next = match (&mut circuit.state, outcome) {
            (State::Closed(window), Outcome::Success) => {
                window.add(0);
                None
            }
            (State::Closed(window), Outcome::Failure) => {
                window.add(1);
                let (calls, failures) = window.sum();
                let too_many = calls >= self.config.min_calls
                    && f64::from(failures) >= self.config.failure_ratio * f64::from(calls);
                too_many.then(|| {
                    self.open(format!(
                        "{failures} of the last {calls} calls failed, the last with {failure}"
                    ))
                })
            }
            (State::HalfOpen { succeeded, trying }, Outcome::Success) => {
                (*succeeded, *trying) = (*succeeded + 1, *trying - 1);
                (*succeeded >= self.config.probes).then(|| {
                    tracing::info!(peer = %self.peer, "circuit breaker closed");
                    State::Closed(Window::new(&self.config))
                })
            }
            (State::HalfOpen { .. }, Outcome::Failure) => {
                Some(self.open(format!("it still fails, the last time with {failure}")))
            }
            (State::HalfOpen { trying, .. }, Outcome::Neither) => {
                *trying -= 1;
                None
            }
            (State::Closed(_), Outcome::Neither) | (State::Open { .. }, _) => None,
        };
        if let Some(next) = next {
            circuit.change(next);
            metrics::client_breaker(self.peer.name(), circuit.state.gauge());
        }
    }

    fn open(&self, why: String) -> State {
        tracing::warn!(peer = %self.peer, open_for = ?self.config.open_for, why, "circuit breaker open");
        State::Open {
            until: Instant::now() + self.config.open_for,
            why,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Circuit> {
        // A few plain values, valid after every statement.
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Circuit {
    fn change(&mut self, state: State) {
        self.state = state;
        self.epoch += 1;
    }
}

#[derive(Debug, Clone, Copy)]
enum Outcome {
    Success,
    Failure,
    Neither,
}

/// Leave to make one call. Dropped without a word it says nothing about the peer.
#[derive(Debug)]
pub(super) struct Pass {
    breaker: Arc<Breaker>,
    /// The epoch it was given in.
    admitted: u64,
    /// The same until an outcome is known.
    epoch: Option<u64>,
}

impl Pass {
    /// The peer has answered, be it only that the caller is wrong.
    pub(super) fn succeeded(&mut self) {
        self.end(Outcome::Success, "");
    }

    /// The peer has failed; `failure` says how, for people.
    pub(super) fn failed(&mut self, failure: &str) {
        self.end(Outcome::Failure, failure);
    }

    /// The connection broke under the response. Counts even if the call has succeeded already: a
    /// peer whose streams begin and break is not well.
    pub(super) fn broke(&mut self, failure: &str) {
        if self.epoch.is_some() {
            self.failed(failure);
        } else {
            self.breaker
                .record(self.admitted, Outcome::Failure, failure);
        }
    }

    /// The answer says nothing about the peer.
    pub(super) fn forget(&mut self) {
        self.end(Outcome::Neither, "");
    }

    fn end(&mut self, outcome: Outcome, failure: &str) {
        if let Some(epoch) = self.epoch.take() {
            self.breaker.record(epoch, outcome, failure);
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.forget();
    }
}

/// Marks, within this process, an answer that no peer gave. It does not travel, so the caller of a
/// service that passes the answer on may well try again.
#[derive(Debug)]
struct BreakerOpen;

impl fmt::Display for BreakerOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the circuit breaker is open")
    }
}

impl Error for BreakerOpen {}

/// Whether an open breaker of this process answered in place of the peer.
pub(super) fn is_breaker_open(status: &Status) -> bool {
    status
        .source()
        .is_some_and(<dyn Error + 'static>::is::<BreakerOpen>)
}

/// Calls and failures of the latest [`BUCKETS`] parts of the window.
#[derive(Debug)]
struct Window {
    part: Duration,
    begin: Instant,
    /// The number of parts since `begin` of the latest call.
    latest: u64,
    buckets: [(u32, u32); BUCKETS],
}

impl Window {
    fn new(config: &BreakerConfig) -> Self {
        Self {
            part: (config.window / BUCKETS as u32).max(Duration::from_millis(1)),
            begin: Instant::now(),
            latest: 0,
            buckets: [(0, 0); BUCKETS],
        }
    }

    fn add(&mut self, failures: u32) {
        let now = (self.begin.elapsed().as_millis() / self.part.as_millis()) as u64;
        for skipped in (self.latest + 1..=now).take(BUCKETS) {
            self.buckets[(skipped % BUCKETS as u64) as usize] = (0, 0);
        }
        self.latest = now;
        let bucket = &mut self.buckets[(now % BUCKETS as u64) as usize];
        *bucket = (bucket.0 + 1, bucket.1 + failures);
    }

    fn sum(&self) -> (u32, u32) {
        let sum = |sum: (u32, u32), bucket: &(u32, u32)| (sum.0 + bucket.0, sum.1 + bucket.1);
        self.buckets.iter().fold((0, 0), sum)
    }
}

#[cfg(test)]
mod tests;
