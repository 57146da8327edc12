//! Repeating idempotent calls without making an outage worse.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tonic::Status;

use super::Peer;
use super::breaker::is_breaker_open;
use crate::config::{Problems, Validate};
use crate::deadline::Deadline;
use crate::error::{ApiError, Retry, code_name};
use crate::metrics;

/// When and how often an idempotent call is repeated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetryConfig {
    /// Attempts in all, the first one included.
    pub max_attempts: u32,
    /// The wait before the second attempt is random up to this, and the bound doubles with each
    /// further attempt.
    #[serde(with = "crate::config::duration")]
    pub base_delay: Duration,
    /// The bound of the random wait grows no further than this.
    #[serde(with = "crate::config::duration")]
    pub max_delay: Duration,
    /// Retries that each call earns for the budget: 0.2 adds at most a fifth to the load of a peer
    /// that is in trouble.
    pub budget_ratio: f64,
    /// Retries that the budget holds at most and at first, so that a rare call can be repeated too.
    pub budget_reserve: u32,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            max_attempts: 4,
            base_delay: Duration::from_millis(50),
            max_delay: Duration::from_secs(2),
            budget_ratio: 0.2,
            budget_reserve: 10,
        }
    }
}

impl Validate for RetryConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.in_range("max_attempts", &self.max_attempts, 1..=20);
        problems.in_range(
            "base_delay",
            &self.base_delay,
            Duration::from_millis(1)..=Duration::from_mins(1),
        );
        problems.in_range(
            "max_delay",
            &self.max_delay,
            self.base_delay..=Duration::from_hours(1),
        );
        problems.in_range("budget_ratio", &self.budget_ratio, 0.0..=1.0);
        problems.in_range("budget_reserve", &self.budget_reserve, 0..=10_000);
    }
}

/// A [`RetryConfig`] with the budget that all calls to one peer share. Clones share it too.
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    config: RetryConfig,
    peer: Peer,
    budget: Arc<Mutex<f64>>,
}

impl RetryPolicy {
    /// A policy with a full budget; `peer` is what errors name (see
    /// [`PeerChannel::peer`](super::PeerChannel::peer)).
    pub fn new(peer: Peer, config: RetryConfig) -> Self {
        let budget = Arc::new(Mutex::new(f64::from(config.budget_reserve)));
        Self {
            config,
            peer,
            budget,
        }
    }

    /// How long to wait before attempt `attempt + 1`, or why there is none.
    fn next_delay(&self, status: &Status, attempt: u32) -> Result<Duration, &'static str> {
        if is_breaker_open(status) {
            // No peer has been asked. The call outlives the breaker's pause only by waiting, which
            // is for whoever can do something else in the meantime.
            return Err("the circuit breaker is open");
        }
        let error = ApiError::from_status(status);
        let jitter = self.jitter(attempt);
        let delay = match (error.reason.retry(), error.retry_after) {
            (Retry::Never, _) => return Err("not retryable"),
            (Retry::WhenTold, None) => return Err("the peer did not say when to retry"),
            (Retry::Backoff, None) => jitter,
            // Not sooner than told, and not all callers at once.
            (Retry::Backoff | Retry::WhenTold, Some(told)) => told + jitter,
        };
        if attempt >= self.config.max_attempts {
            return Err("no attempt left");
        }
        if Deadline::current().is_some_and(|deadline| deadline.remaining() <= delay) {
            return Err("the deadline comes before the next attempt");
        }
        if !self.withdraw() {
            return Err("the retry budget is spent");
        }
        Ok(delay)
    }

    /// Full jitter: uniform between zero and an exponentially growing bound, which spreads callers
    /// best (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
    fn jitter(&self, attempt: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let bound = self
            .config
            .base_delay
            .saturating_mul(doubled)
            .min(self.config.max_delay);
        bound.mul_f64(rand::random())
    }

    fn deposit(&self) {
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        *budget = (*budget + self.config.budget_ratio).min(f64::from(self.config.budget_reserve));
    }

    fn withdraw(&self) -> bool {
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        let enough = *budget >= 1.0;
        if enough {
            *budget -= 1.0;
        }
        enough
    }
}

/// Calls `attempt` until it succeeds, fails for good, or may not be repeated any more.
///
/// Only for calls that are idempotent, by nature or by an idempotency key: after UNAVAILABLE or
/// DEADLINE_EXCEEDED nobody knows whether the peer did the work. Repeated are answers whose reason
/// says so ([`Retry`]): a peer that sheds load only if its answer carries `RetryInfo`, and then not
/// sooner. No wait goes beyond [`Deadline::current`], and all retries come out of the policy's
/// budget.
///
/// The error is the last attempt's; where there was more than one, or where one was due and not
/// made, its message begins with the peer, the number of attempts, and why there was no other.
pub async fn retry_idempotent<T, F>(
    policy: &RetryPolicy,
    mut attempt: impl FnMut() -> F,
) -> Result<T, Status>
where
    F: Future<Output = Result<T, Status>>,
{
    policy.deposit();
    let mut made = 1;
    loop {
        let status = match attempt().await {
            Ok(value) => return Ok(value),
            Err(status) => status,
        };
        let delay = match policy.next_delay(&status, made) {
            Ok(delay) => delay,
            Err(why) => return Err(given_up(policy, &status, made, why)),
        };
        metrics::client_retry(policy.peer.name());
        tracing::debug!(peer = %policy.peer, attempt = made, ?delay, error = %status.message(), "retrying");
        tokio::time::sleep(delay).await;
        made += 1;
    }
}

fn given_up(policy: &RetryPolicy, status: &Status, attempts: u32, why: &str) -> Status {
    let mut error = ApiError::from_status(status);
    if attempts == 1 && (!error.reason.retryable() || is_breaker_open(status)) {
        return status.clone();
    }
    let (peer, code) = (&policy.peer, code_name(status.code()));
    let times = if attempts == 1 { "attempt" } else { "attempts" };
    error.message = format!(
        "{peer}: {code} after {attempts} {times} ({why}): {}",
        error.message
    );
    error.into()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::Instant;

    use super::*;
    use crate::deadline::scope;
    use crate::error::Reason;

    fn policy(config: RetryConfig) -> RetryPolicy {
        let (peer, _) = Peer::parse("catalog", "http://c").unwrap();
        RetryPolicy::new(peer, config)
    }

    fn fails(reason: Reason) -> Status {
        ApiError::new(reason, "no").into()
    }

    /// Fails with `status` for the first `failures` attempts; the result and the number of attempts
    /// made.
    async fn run(policy: &RetryPolicy, failures: u32, status: Status) -> (Result<(), Status>, u32) {
        let made = Cell::new(0);
        let result = retry_idempotent(policy, || {
            made.set(made.get() + 1);
            let outcome = if made.get() > failures {
                Ok(())
            } else {
                Err(status.clone())
            };
            async move { outcome }
        });
        (result.await, made.get())
    }

    #[tokio::test(start_paused = true)]
    async fn a_passing_failure_is_repeated_until_it_has_passed() {
        let (result, made) = run(
            &policy(RetryConfig::default()),
            3,
            fails(Reason::Unavailable),
        )
        .await;
        assert!(result.is_ok());
        assert_eq!(made, 4);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_error_names_peer_and_attempts() {
        let (result, made) = run(
            &policy(RetryConfig::default()),
            9,
            fails(Reason::Unavailable),
        )
        .await;
        let status = result.unwrap_err();
        assert_eq!(made, 4);
        assert_eq!(
            status.message(),
            "catalog at http://c: UNAVAILABLE after 4 attempts (no attempt left): no"
        );
        assert_eq!(ApiError::from_status(&status).reason, Reason::Unavailable);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lasting_failure_is_passed_on_unchanged() {
        let (result, made) = run(
            &policy(RetryConfig::default()),
            9,
            fails(Reason::TaskNotFound),
        )
        .await;
        assert_eq!(made, 1);
        assert_eq!(result.unwrap_err().message(), "no");
    }

    #[tokio::test(start_paused = true)]
    async fn shed_load_comes_back_only_when_told_and_not_sooner() {
        let (result, made) = run(
            &policy(RetryConfig::default()),
            1,
            fails(Reason::Overloaded),
        )
        .await;
        assert_eq!((result.is_err(), made), (true, 1));

        let begin = Instant::now();
        let told =
            ApiError::new(Reason::Overloaded, "full").with_retry_after(Duration::from_secs(7));
        let (result, made) = run(&policy(RetryConfig::default()), 1, told.into()).await;
        assert_eq!((result.is_ok(), made), (true, 2));
        assert!(begin.elapsed() >= Duration::from_secs(7));
    }

    #[tokio::test(start_paused = true)]
    async fn no_retry_is_begun_that_the_deadline_would_end() {
        let begin = Instant::now();
        let told =
            ApiError::new(Reason::Unavailable, "no").with_retry_after(Duration::from_secs(7));
        let policy = policy(RetryConfig::default());
        let call = scope(
            Deadline::after(Duration::from_secs(5)),
            run(&policy, 9, told.into()),
        );
        let (result, made) = call.await;
        assert_eq!(made, 1);
        assert!(
            result
                .unwrap_err()
                .message()
                .contains("the deadline comes before the next attempt")
        );
        assert_eq!(begin.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_costs_no_more_than_the_budget() {
        let policy = policy(RetryConfig {
            budget_ratio: 0.1,
            budget_reserve: 5,
            max_attempts: 3,
            ..RetryConfig::default()
        });
        let mut attempts = 0;
        for _ in 0..100 {
            attempts += run(&policy, 9, fails(Reason::Unavailable)).await.1;
        }
        // A hundred first attempts, the reserve, and a tenth of a hundred earned.
        assert!((110..=115).contains(&attempts), "{attempts}");
        let (result, _) = run(&policy, 9, fails(Reason::Unavailable)).await;
        assert!(
            result
                .unwrap_err()
                .message()
                .contains("the retry budget is spent")
        );
    }

    #[test]
    fn the_wait_is_random_up_to_a_bound_that_doubles_and_is_capped() {
        let policy = policy(RetryConfig::default());
        for (attempt, bound) in [(1, 50), (2, 100), (3, 200), (10, 2000), (u32::MAX, 2000)] {
            for _ in 0..100 {
                assert!(policy.jitter(attempt) <= Duration::from_millis(bound));
            }
        }
    }
}
