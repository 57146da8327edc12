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
#[error("{0}")]
pub struct StartError(String);

impl StartError {
    /// For a person to read.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// What was needed failed, and its error says why.
    pub fn because(error: impl Display) -> Self {
        Self(error.to_string())
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
    /// Tries until `what` answers, which other processes may take their time for, or until this one
    /// is stopped.
    pub async fn until_it_answers<T, E: Display, F>(
        &self,
        what: &str,
        mut attempt: impl FnMut() -> F + Send,
    ) -> Result<T, StartError>
    where
        F: Future<Output = Result<T, Trouble<E>>> + Send,
    {
        let mut pause = Duration::from_millis(100);
        loop {
            match attempt().await {
                Ok(value) => return Ok(value),
                Err(Trouble::Lasting(error)) => return Err(StartError::because(error)),
                Err(Trouble::Passing(error)) => {
                    tracing::warn!(%error, ?pause, "{what} does not answer yet; trying again");
                }
            }
            tokio::select! {
                () = self.work.started() => {
                    return Err(StartError::new(format!("stopped before {what} answered")));
                }
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
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
