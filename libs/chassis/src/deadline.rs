//! Deadlines that travel: from the caller's `grpc-timeout` through the work and into the calls that
//! the work makes.
//!
//! tonic parses the header but cuts the call off with CANCELLED and passes nothing on. Here the
//! server's layer answers DEADLINE_EXCEEDED, makes the deadline known to the handler
//! ([`Deadline::current`]), and the client's layer (see [`client`](crate::client)) sends on what
//! remains of it.

mod header;
mod server;

use std::fmt;
use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{ApiError, Reason};
pub(crate) use header::{GRPC_TIMEOUT, format_timeout, parse_timeout};
pub(crate) use server::Deadlines;

tokio::task_local! {
    static CURRENT: Option<Deadline>;
}

/// The moment after which nobody waits for an answer any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    at: Instant,
    limit: Duration,
}

impl Deadline {
    /// The deadline `limit` from now. A limit beyond what the clock can hold is cut to a century.
    pub fn after(limit: Duration) -> Self {
        const CENTURY: Duration = Duration::from_hours(100 * 365 * 24);
        let limit = limit.min(CENTURY);
        Self {
            at: Instant::now() + limit,
            limit,
        }
    }

    /// The deadline of the work that runs now: set by the server's layer or by [`scope`]. Spawned
    /// tasks do not inherit it; wrap them in [`scope`].
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|current| *current).ok().flatten()
    }

    /// When it passes.
    pub fn at(&self) -> Instant {
        self.at
    }

    /// How long it was when it was set, for messages.
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// The time left; zero once it has passed.
    pub fn remaining(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// True once it has passed.
    pub fn expired(&self) -> bool {
        self.remaining().is_zero()
    }

    /// Completes when the deadline has passed.
    pub async fn passed(self) {
        let mut sleep = std::pin::pin!(tokio::time::sleep_until(self.at));
        std::future::poll_fn(|cx| {
            // The clock decides, not the timer: tonic runs a timer of its own for the same header,
            // and when that one wakes the call first, the answer must nevertheless be ours.
            if self.expired() {
                std::task::Poll::Ready(())
            } else {
                sleep.as_mut().poll(cx)
            }
        })
        .await;
    }

    /// The error for work that `place` (a method, or a peer and its address) did not finish in
    /// time.
    pub(crate) fn exceeded(&self, place: impl fmt::Display) -> ApiError {
        let limit = humantime::format_duration(rounded(self.limit));
        ApiError::new(
            Reason::DeadlineExceeded,
            format!("{place}: deadline of {limit} exceeded"),
        )
    }
}

/// Runs `work` under `deadline`, so that the calls it makes carry it. Does not cut `work` off.
///
/// For spawned tasks: `tokio::spawn(scope(Deadline::current(), work))`.
pub async fn scope<F: Future>(deadline: impl Into<Option<Deadline>>, work: F) -> F::Output {
    CURRENT.scope(deadline.into(), work).await
}

/// [`scope`] for a step of a hand-written future or stream.
pub(crate) fn sync_scope<T>(deadline: Option<Deadline>, step: impl FnOnce() -> T) -> T {
    CURRENT.sync_scope(deadline, step)
}

/// Nobody reads nanoseconds in a message.
fn rounded(limit: Duration) -> Duration {
    if limit >= Duration::from_millis(1) {
        Duration::from_millis(limit.as_millis() as u64)
    } else {
        limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_runs_down_to_zero() {
        let deadline = Deadline::after(Duration::from_secs(2));
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(deadline.remaining(), Duration::from_millis(1500));
        deadline.passed().await;
        assert!(deadline.expired());
        assert_eq!(deadline.remaining(), Duration::ZERO);
        deadline.passed().await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_current_deadline_is_that_of_the_innermost_scope() {
        assert_eq!(Deadline::current(), None);
        let outer = Deadline::after(Duration::from_secs(2));
        let inner = Deadline::after(Duration::from_secs(1));
        scope(outer, async {
            assert_eq!(Deadline::current(), Some(outer));
            scope(inner, async {
                assert_eq!(Deadline::current(), Some(inner));
            })
            .await;
            let spawned = tokio::spawn(async { Deadline::current() });
            assert_eq!(spawned.await.unwrap(), None);
            let spawned = tokio::spawn(scope(Deadline::current(), async { Deadline::current() }));
            assert_eq!(spawned.await.unwrap(), Some(outer));
        })
        .await;
    }

    #[tokio::test]
    async fn the_clock_decides_even_if_the_timer_has_not_been_served() {
        let deadline = Deadline::after(Duration::from_millis(1));
        let mut passed = std::pin::pin!(deadline.passed());
        assert!(futures::poll!(passed.as_mut()).is_pending());
        // Blocks the runtime's only thread, so that no timer fires.
        while !deadline.expired() {
            std::thread::yield_now();
        }
        assert!(futures::poll!(passed).is_ready());
    }

    #[tokio::test]
    async fn the_longest_limit_does_not_overflow_the_clock() {
        assert!(!Deadline::after(Duration::MAX).expired());
    }

    #[tokio::test]
    async fn the_error_names_place_and_limit() {
        let error =
            Deadline::after(Duration::from_secs(2)).exceeded("catalog at http://10.0.0.7:50051");
        assert_eq!(
            error.message,
            "catalog at http://10.0.0.7:50051: deadline of 2s exceeded"
        );
        assert_eq!(error.reason, Reason::DeadlineExceeded);
    }
}
