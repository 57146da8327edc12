//! `grpc.health.v1`, and the readiness that it tells.
//!
//! tonic-health's own reporter starts as SERVING and sets services one by one; here there is one
//! truth for the whole process, and it starts as NOT_SERVING.

use std::collections::{BTreeMap, HashSet};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::error::{ApiError, Reason};
use crate::shutdown::Shutdown;

/// So many failed checks in a row make a dependency count as down; a single good one brings it
/// back. One that has never answered is down with its first failure.
const FAILURES_UNTIL_DOWN: u32 = 3;

/// The longest reason that is told, in characters: errors may quote whole answers.
const LONGEST_REASON: usize = 300;

/// Whether this process should be sent requests. Clones are the same handle.
///
/// It is ready when the service has said so once ([`set_ready`](Self::set_ready)), no dependency is
/// down, and no stop has begun. Load is no reason to be unready: a full process sheds instead.
#[derive(Debug, Clone)]
pub struct Readiness(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    ready: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    started: bool,
    stopping: bool,
    /// By name.
    dependencies: BTreeMap<String, Dependency>,
}

#[derive(Debug)]
struct Dependency {
    /// Failed checks in a row.
    failures: u32,
    /// What the last of them said, on one line.
    reason: String,
}

impl Dependency {
    /// One that has never answered.
    fn new() -> Self {
        Self {
            failures: FAILURES_UNTIL_DOWN - 1,
            reason: String::new(),
        }
    }

    fn is_down(&self) -> bool {
        self.failures >= FAILURES_UNTIL_DOWN
    }
}

impl State {
    fn ready(&self) -> bool {
        self.started && !self.stopping && !self.dependencies.values().any(Dependency::is_down)
    }
}

impl Readiness {
    /// Not ready yet.
    pub fn new() -> Self {
        Self(Arc::new(Shared {
            state: Mutex::default(),
            ready: watch::Sender::new(false),
        }))
    }

    /// The service has started: whatever it needs has answered once. Stays so; dependencies are for
    /// [`report`](Self::report).
    pub fn set_ready(&self) {
        self.update(|state| state.started = true);
    }

    /// True while requests should come.
    pub fn is_ready(&self) -> bool {
        *self.0.ready.borrow()
    }

    /// Why requests should not come, for people; empty while they should.
    pub fn missing(&self) -> Vec<String> {
        let state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut missing = Vec::new();
        if !state.started {
            missing.push("starting: not everything needed has answered yet".to_owned());
        }
        if state.stopping {
            missing.push("stopping".to_owned());
        }
        let down = state.dependencies.iter().filter(|(_, one)| one.is_down());
        missing.extend(down.map(|(name, one)| format!("{name}: {}", one.reason)));
        missing
    }

    /// Completes when requests should come.
    pub async fn ready(&self) {
        // The sender lives in `self`.
        let _ = self.0.ready.subscribe().wait_for(|ready| *ready).await;
    }

    /// The outcome of a check of one dependency. Three failures in a row make it count as down, so
    /// that a hiccup does not take every replica out of service at once; one success brings it
    /// back. One that has never answered is down with its first failure.
    pub fn report<E: std::fmt::Display>(&self, dependency: &str, outcome: Result<(), E>) {
        self.update(|state| {
            let known = state.dependencies.entry(dependency.to_owned());
            let known = known.or_insert_with(Dependency::new);
            match outcome {
                Ok(()) => {
                    if known.is_down() {
                        tracing::info!(dependency, "dependency is back");
                    }
                    known.failures = 0;
                }
                Err(error) => {
                    known.failures = known.failures.saturating_add(1);
                    known.reason = on_one_line(&error.to_string());
                    if known.failures == FAILURES_UNTIL_DOWN {
                        tracing::warn!(dependency, %error, "dependency is down: not ready");
                    }
                }
            }
        });
    }

    /// Checks a dependency every `period`, for at most that long each time, and reports the outcome
    /// until the stop begins. To be spawned.
    pub async fn watch_dependency<E, F>(
        self,
        shutdown: Shutdown,
        dependency: String,
        period: Duration,
        mut check: impl FnMut() -> F,
    ) where
        E: std::fmt::Display,
        F: Future<Output = Result<(), E>>,
    {
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.started() => return,
                _ = ticks.tick() => {}
            }
            match tokio::time::timeout(period, check()).await {
                Ok(outcome) => self.report(&dependency, outcome),
                Err(_) => self.report(&dependency, Err(format!("no answer within {period:?}"))),
            }
        }
    }

    /// A stop has begun. For good: nothing makes a stopping process ready again.
    pub fn set_stopping(&self) {
        self.update(|state| state.stopping = true);
    }

    fn update(&self, change: impl FnOnce(&mut State)) {
        // The state is a few plain values, valid after every statement.
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        let ready = state.ready();
        // Published under the lock, so that two updates cannot be published in the wrong order.
        self.0
            .ready
            .send_if_modified(|published| std::mem::replace(published, ready) != ready);
    }
}

impl Default for Readiness {
    fn default() -> Self {
        Self::new()
    }
}

/// The health service for `services` and for "", the process as a whole.
pub(super) fn health_server(
    readiness: &Readiness,
    services: HashSet<String>,
) -> HealthServer<impl Health> {
    HealthServer::new(ReadinessHealth {
        ready: readiness.0.ready.subscribe(),
        services,
    })
}

struct ReadinessHealth {
    ready: watch::Receiver<bool>,
    services: HashSet<String>,
}

impl ReadinessHealth {
    fn knows(&self, service: &str) -> bool {
        service.is_empty() || self.services.contains(service)
    }
}

#[tonic::async_trait]
impl Health for ReadinessHealth {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        if !self.knows(&service) {
            let message = format!("this process serves no `{service}`");
            return Err(ApiError::new(Reason::NotFound, message).into());
        }
        Ok(Response::new(answer(serving(*self.ready.borrow()))))
    }

    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let statuses = if self.knows(&request.into_inner().service) {
            WatchStream::new(self.ready.clone()).map(serving).boxed()
        } else {
            // The protocol wants the stream to stay open; a service never appears later here.
            stream::once(async { ServingStatus::ServiceUnknown })
                .chain(stream::pending())
                .boxed()
        };
        Ok(Response::new(
            statuses.map(|status| Ok(answer(status))).boxed(),
        ))
    }
}

fn on_one_line(error: &str) -> String {
    let words: Vec<&str> = error.split_whitespace().collect();
    words.join(" ").chars().take(LONGEST_REASON).collect()
}

fn serving(ready: bool) -> ServingStatus {
    if ready {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    }
}

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shutdown::ShutdownConfig;

    const DOWN: Result<(), &str> = Err("connection refused");
    const UP: Result<(), &str> = Ok(());

    #[test]
    fn a_dependency_goes_down_slowly_and_comes_back_at_once() {
        let readiness = Readiness::new();
        readiness.report("database", UP);
        assert!(!readiness.is_ready());
        readiness.set_ready();
        for _ in 0..5 {
            readiness.report("database", DOWN);
            readiness.report("database", DOWN);
            assert!(readiness.is_ready());
            readiness.report("database", UP);
        }
        for _ in 0..3 {
            readiness.report("database", DOWN);
        }
        assert!(!readiness.is_ready());
        readiness.report("broker", UP);
        assert!(!readiness.is_ready());
        readiness.report("database", UP);
        assert!(readiness.is_ready());
    }

    #[test]
    fn what_is_missing_is_told_with_its_reason() {
        let readiness = Readiness::new();
        readiness.report("database", Err("refused:\n  by the server"));
        let starting = "starting: not everything needed has answered yet";
        assert_eq!(
            readiness.missing(),
            [starting, "database: refused: by the server"],
            "it has never answered"
        );
        readiness.report("database", UP);
        readiness.set_ready();
        assert_eq!(readiness.missing(), [""; 0]);
        readiness.report("database", DOWN);
        readiness.report("database", DOWN);
        assert_eq!(readiness.missing(), [""; 0], "a hiccup");
        readiness.report("database", DOWN);
        assert_eq!(readiness.missing(), ["database: connection refused"]);
        readiness.set_stopping();
        assert_eq!(readiness.missing()[0], "stopping");
    }

    #[test]
    fn a_stopping_process_never_becomes_ready_again() {
        let readiness = Readiness::new();
        readiness.set_ready();
        readiness.set_stopping();
        readiness.report("database", UP);
        readiness.set_ready();
        assert!(!readiness.is_ready());
    }

    #[tokio::test(start_paused = true)]
    async fn a_watched_dependency_that_hangs_is_down_and_the_watch_ends_with_the_stop() {
        let readiness = Readiness::new();
        readiness.set_ready();
        let shutdown = Shutdown::new(ShutdownConfig::embedded());
        let period = Duration::from_secs(5);
        let check = || std::future::pending::<Result<(), String>>();
        let watch =
            readiness
                .clone()
                .watch_dependency(shutdown.clone(), "broker".into(), period, check);
        let watch = tokio::spawn(watch);
        let mut ready = readiness.0.ready.subscribe();
        ready.wait_for(|ready| !ready).await.unwrap();
        shutdown.trigger();
        watch.await.unwrap();
    }
}
