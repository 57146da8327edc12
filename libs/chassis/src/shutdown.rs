//! Stopping in phases, so that nothing in flight is lost and nothing waits for ever.
//!
//! 1. **Started**: readiness goes off; load balancers need the propagation time to notice.
//! 2. **Draining**: consumers stop taking work, servers stop accepting connections; what is in
//!    flight goes on.
//! 3. **Cut**: the grace period is over; what is still in flight ends now.
//! 4. **Complete**: everything tracked has ended, or has ignored the cut for a second.

use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Problems, Validate};

/// How long work that was cut may take to tell its caller so, before the process ends anyway.
const AFTER_CUT: Duration = Duration::from_secs(1);

/// How long each phase of a stop may take.
///
/// Together the two must stay below the time after which the platform kills the process (30 s in
/// Kubernetes).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShutdownConfig {
    /// Wait between readiness going off and closing the port, for load balancers to notice. Zero
    /// when embedded.
    #[serde(with = "crate::config::duration")]
    pub propagation: Duration,
    /// How long work in flight may go on before it is cut.
    #[serde(with = "crate::config::duration")]
    pub grace: Duration,
}

impl Default for ShutdownConfig {
    fn default() -> Self {
        Self {
            propagation: Duration::from_secs(3),
            grace: Duration::from_secs(20),
        }
    }
}

impl ShutdownConfig {
    /// No wait for propagation: nobody balances load onto a process that embeds its services.
    pub fn embedded() -> Self {
        Self {
            propagation: Duration::ZERO,
            ..Self::default()
        }
    }
}

impl Validate for ShutdownConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.in_range(
            "propagation",
            &self.propagation,
            Duration::ZERO..=Duration::from_mins(5),
        );
        problems.in_range(
            "grace",
            &self.grace,
            Duration::ZERO..=Duration::from_hours(1),
        );
    }
}

/// How a stop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Everything in flight finished by itself.
    Clean,
    /// The grace period ran out with this much work in flight, and it was cut.
    Cut {
        /// Tracked tasks that were still running when they were cut.
        unfinished: usize,
    },
}

/// The one handle on stopping that all parts of a process share. Clones are the same handle.
#[derive(Debug, Clone)]
pub struct Shutdown {
    phases: Phases,
    stopped: watch::Receiver<Option<Stopped>>,
}

#[derive(Debug, Clone)]
struct Phases {
    started: CancellationToken,
    draining: CancellationToken,
    cut: CancellationToken,
    tracker: TaskTracker,
}

impl Shutdown {
    /// A handle that waits for [`trigger`](Self::trigger). Spawns the task that leads through the
    /// phases, so it must be called inside a tokio runtime.
    pub fn new(config: ShutdownConfig) -> Self {
        let phases = Phases {
            started: CancellationToken::new(),
            draining: CancellationToken::new(),
            cut: CancellationToken::new(),
            tracker: TaskTracker::new(),
        };
        let (sender, stopped) = watch::channel(None);
        let this = Self {
            phases: phases.clone(),
            stopped,
        };
        tokio::spawn(async move {
            let outcome = phases.run(&config).await;
            sender.send_replace(Some(outcome));
        });
        this
    }

    /// Begins the stop. Calling it again changes nothing.
    pub fn trigger(&self) {
        self.phases.started.cancel();
    }

    /// True once the stop has begun.
    pub fn is_started(&self) -> bool {
        self.phases.started.is_cancelled()
    }

    /// Completes when the stop begins: the process is no longer ready, but still works.
    pub async fn started(&self) {
        self.phases.started.cancelled().await;
    }

    /// Cancelled when no new work may be taken. Consumers and long-lived streams end on it.
    pub fn draining(&self) -> &CancellationToken {
        &self.phases.draining
    }

    /// Cancelled when the grace period is over: work still in flight must end at once.
    pub fn cut(&self) -> &CancellationToken {
        &self.phases.cut
    }

    /// Work that the stop waits for: `shutdown.tracker().spawn(…)` or `.track_future(…)`.
    ///
    /// Track work in flight, and loops only if they end on [`draining`](Self::draining).
    pub fn tracker(&self) -> &TaskTracker {
        &self.phases.tracker
    }

    /// Completes when the stop is complete. Logs nothing and flushes nothing: that is for `main` to
    /// do afterwards.
    pub async fn complete(&self) -> Stopped {
        let mut stopped = self.stopped.clone();
        // The sender is dropped unsent only if the runtime itself goes down.
        let outcome = stopped
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|outcome| *outcome);
        outcome.unwrap_or(Stopped::Cut {
            unfinished: self.phases.tracker.len(),
        })
    }

    /// Triggers the stop on the first SIGTERM or SIGINT; the second one ends the process at once,
    /// with exit code 143 or 130 (128 plus the signal's number).
    ///
    /// The signals stay handled until the process ends, so call it once, early in `main`.
    pub fn on_signals(&self) -> io::Result<()> {
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        tokio::spawn(follow_signals(self.clone(), terminate, interrupt));
        Ok(())
    }
}

impl Phases {
    async fn run(&self, config: &ShutdownConfig) -> Stopped {
        self.started.cancelled().await;
        tracing::info!(propagation = ?config.propagation, "stopping: no longer ready");
        tokio::time::sleep(config.propagation).await;

        tracing::info!(in_flight = self.tracker.len(), grace = ?config.grace, "stopping: draining");
        self.draining.cancel();
        self.tracker.close();
        if tokio::time::timeout(config.grace, self.tracker.wait())
            .await
            .is_ok()
        {
            self.cut.cancel();
            tracing::info!("stopped: everything in flight has finished");
            return Stopped::Clean;
        }

        let unfinished = self.tracker.len();
        tracing::warn!(unfinished, grace = ?config.grace, "stopping: grace period is over, work in flight is cut");
        self.cut.cancel();
        if tokio::time::timeout(AFTER_CUT, self.tracker.wait())
            .await
            .is_err()
        {
            tracing::error!(
                remaining = self.tracker.len(),
                "stopped: some work ignored the cut"
            );
        }
        Stopped::Cut { unfinished }
    }
}

async fn follow_signals(shutdown: Shutdown, mut terminate: Signal, mut interrupt: Signal) {
    let name = next_signal(&mut terminate, &mut interrupt).await.0;
    tracing::info!(
        signal = name,
        "signal received; a second one ends the process at once"
    );
    shutdown.trigger();
    let (name, code) = next_signal(&mut terminate, &mut interrupt).await;
    tracing::warn!(signal = name, "second signal received, ending at once");
    std::process::exit(code);
}

/// The next signal's name, and the exit code that a shell shows for it.
async fn next_signal(terminate: &mut Signal, interrupt: &mut Signal) -> (&'static str, i32) {
    tokio::select! {
        _ = terminate.recv() => ("SIGTERM", 128 + SignalKind::terminate().as_raw_value()),
        _ = interrupt.recv() => ("SIGINT", 128 + SignalKind::interrupt().as_raw_value()),
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::Instant;

    use super::*;

    fn config(propagation: u64, grace: u64) -> ShutdownConfig {
        ShutdownConfig {
            propagation: Duration::from_secs(propagation),
            grace: Duration::from_secs(grace),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_phases_follow_each_other() {
        let begin = Instant::now();
        let shutdown = Shutdown::new(config(3, 20));
        let work = shutdown
            .tracker()
            .spawn(tokio::time::sleep(Duration::from_secs(10)));
        assert!(!shutdown.is_started());
        shutdown.trigger();
        shutdown.trigger();
        shutdown.started().await;
        assert!(!shutdown.draining().is_cancelled());
        shutdown.draining().cancelled().await;
        assert_eq!(begin.elapsed().as_secs(), 3);
        assert!(!shutdown.cut().is_cancelled());
        assert_eq!(shutdown.complete().await, Stopped::Clean);
        assert_eq!(begin.elapsed().as_secs(), 10);
        assert!(work.is_finished());
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_outlasts_the_grace_period_is_cut() {
        let begin = Instant::now();
        let shutdown = Shutdown::new(config(0, 20));
        let cut = shutdown.cut().clone();
        shutdown
            .tracker()
            .spawn(async move { cut.cancelled().await });
        shutdown.trigger();
        assert_eq!(shutdown.complete().await, Stopped::Cut { unfinished: 1 });
        assert_eq!(begin.elapsed().as_secs(), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_ignores_the_cut_is_left_behind() {
        let begin = Instant::now();
        let shutdown = Shutdown::new(config(0, 20));
        shutdown.tracker().spawn(pending::<()>());
        shutdown.trigger();
        assert_eq!(shutdown.complete().await, Stopped::Cut { unfinished: 1 });
        assert_eq!(begin.elapsed(), Duration::from_secs(20) + AFTER_CUT);
    }
}
