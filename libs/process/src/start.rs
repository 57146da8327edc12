//! What a service starts with, and what it has started.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use sopilot_blob::BlobStore;
use sopilot_bus::{Bus, RabbitMqBus};
use sopilot_chassis::{Readiness, Services, Shutdown};

/// How often dependencies are asked whether they answer.
const CHECK: Duration = Duration::from_secs(5);

/// Longest pause between two tries to reach what a service needs to start.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What a service starts with.
pub struct Start {
    /// Names this process among the workers, for people.
    pub name: String,
    /// Stops the work: consumers, workers, relays. Ends before `servers` do.
    pub work: Shutdown,
    /// Stops the servers.
    pub servers: Shutdown,
    pub(crate) readiness: Readiness,
}

/// What a service has started.
pub struct Started {
    /// What is served over gRPC.
    pub services: Services,
    /// Closed at the very end.
    pub bus: Option<Arc<dyn Bus>>,
}

/// Why a service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Something failed.
    #[error("{0}")]
    Failed(String),
    /// A setting is wrong, or what it names is not there.
    #[error("{0}")]
    Setting(String),
    /// Somebody stopped the process before it had started, which is no failure.
    #[error("{0}")]
    Stopped(String),
}

impl StartError {
    /// For a person to read.
    pub fn new(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    /// What was needed failed, and its error says why.
    pub fn because(error: impl Display) -> Self {
        Self::Failed(error.to_string())
    }

    /// Nothing but another setting helps, or something that is installed.
    pub fn setting(name: &str, error: impl Display) -> Self {
        Self::Setting(format!("{name}: {error}"))
    }
}

/// Whether trying again may help.
#[derive(Debug)]
pub enum Trouble<E> {
    /// It may, nobody need do anything.
    Passing(E),
    /// Somebody must do something first.
    Lasting(E),
}

impl Start {
    /// Tries until `dependency` answers, which other processes may take their time for, or until
    /// this one is stopped. Meanwhile readiness says why it does not.
    pub async fn until_it_answers<T, E: Display, F>(
        &self,
        dependency: &str,
        mut attempt: impl FnMut() -> F + Send,
    ) -> Result<T, StartError>
    where
        F: Future<Output = Result<T, Trouble<E>>> + Send,
    {
        let mut pause = Duration::from_millis(100);
        loop {
            let attempt = async {
                let outcome = attempt().await;
                if let Err(Trouble::Passing(error)) = &outcome {
                    self.readiness.report(dependency, Err(error));
                    tracing::warn!(%error, ?pause, "{dependency} does not answer yet; trying again");
                    tokio::time::sleep(pause).await;
                }
                outcome
            };
            let outcome = tokio::select! {
                () = self.work.started() => {
                    let message = format!("stopped before {dependency} answered");
                    return Err(StartError::Stopped(message));
                }
                outcome = attempt => outcome,
            };
            match outcome {
                Ok(value) => {
                    self.readiness.report::<E>(dependency, Ok(()));
                    return Ok(value);
                }
                Err(Trouble::Lasting(error)) => return Err(StartError::because(error)),
                Err(Trouble::Passing(_)) => pause = (pause * 2).min(LONGEST_PAUSE),
            }
        }
    }

    /// Ready only while object storage answers.
    pub fn watch_blobs(&self, blobs: &BlobStore) {
        let blobs = blobs.clone();
        self.watch("object storage", move || {
            let blobs = blobs.clone();
            async move { blobs.check().await }
        });
    }

    /// Ready only while the broker answers.
    pub fn watch_bus(&self, bus: &RabbitMqBus) {
        let bus = bus.clone();
        self.watch("broker", move || {
            let bus = bus.clone();
            async move { bus.check().await }
        });
    }

    /// Asks a dependency again and again, from now on, whether it answers: this process is ready
    /// only while all do.
    pub fn watch<E, F>(&self, dependency: &str, check: impl FnMut() -> F + Send + 'static)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        let watching = self.readiness.clone().watch_dependency(
            self.servers.clone(),
            dependency.to_owned(),
            CHECK,
            check,
        );
        tokio::spawn(watching);
    }
}

#[cfg(test)]
mod tests {
    use sopilot_chassis::ShutdownConfig;

    use super::*;

    fn start() -> Start {
        Start {
            name: "test".to_owned(),
            work: Shutdown::new(ShutdownConfig::embedded()),
            servers: Shutdown::new(ShutdownConfig::embedded()),
            readiness: Readiness::new(),
        }
    }

    #[tokio::test]
    async fn what_does_not_answer_yet_is_told_until_it_does() {
        let start = start();
        let mut told = Vec::new();
        let mut failures = [Trouble::Passing("connection refused")].into_iter();
        let waiting = start.until_it_answers("database", || {
            told.push(start.readiness.missing());
            std::future::ready(failures.next().map_or(Ok(7), Err))
        });
        assert_eq!(waiting.await.unwrap(), 7);
        let starting = "starting: not everything needed has answered yet";
        let refused = "database: connection refused";
        assert_eq!(told, [vec![starting], vec![starting, refused]]);
        assert_eq!(start.readiness.missing(), [starting]);
    }

    #[tokio::test]
    async fn a_stop_does_not_wait_for_what_does_not_answer() {
        let start = start();
        let waiting = start.until_it_answers("database", || {
            start.work.trigger();
            std::future::pending::<Result<(), Trouble<&str>>>()
        });
        let error = waiting.await.unwrap_err();
        assert!(matches!(error, StartError::Stopped(_)), "{error:?}");
        assert_eq!(error.to_string(), "stopped before database answered");
    }
}
