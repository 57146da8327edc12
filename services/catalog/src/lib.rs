//! The catalog: tasks, videos, jobs, results and reviews. It is the only
//! service with state, and the only one that starts, lists and answers for
//! jobs and reports.
//!
//! The message is a doorbell, the row is the truth: a job and the bell that
//! rings for it are written in one transaction; the relay rings, a worker
//! claims, and the sweeper rings again for whatever was not heard.

mod config;
mod error;
mod grpc;
mod receive;
mod relay;
mod store;
mod sweeper;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc};

use sopilot_blob::BlobStore;
use sopilot_bus::Bus;
use sopilot_chassis::{Services, Shutdown};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use config::CatalogConfig;
use receive::Receiver;
use store::{Clock, Store};

/// A catalog that is open.
pub struct Catalog {
    store: Store,
    blobs: BlobStore,
    bus: Arc<dyn Bus>,
    config: Arc<CatalogConfig>,
}

/// Why a catalog cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the catalog's database {path:?}: {cause}")]
pub struct OpenError {
    path: PathBuf,
    cause: String,
}

impl Catalog {
    /// Opens a catalog on a SQLite file, creating it or bringing its schema up
    /// to date.
    pub async fn open_sqlite(
        path: PathBuf,
        config: CatalogConfig,
        blobs: BlobStore,
        bus: Arc<dyn Bus>,
    ) -> Result<Self, OpenError> {
        let config = Arc::new(config);
        let store = Store::open_sqlite(&path, Arc::clone(&config), Clock::System)
            .await
            .map_err(|error| OpenError {
                path,
                cause: error.to_string(),
            })?;
        Ok(Self {
            store,
            blobs,
            bus,
            config,
        })
    }

    /// Takes back every lease at once, instead of waiting for them to run out.
    /// Only for a process that holds the catalog alone and has just started:
    /// whoever held a lease is dead. Answers how many there were.
    pub async fn take_back_leases(&self) -> Result<usize, sopilot_chassis::ApiError> {
        Ok(self.store.take_back_leases().await?)
    }

    /// Asks the database whether it answers; for readiness.
    pub async fn check_database(&self) -> Result<(), sopilot_chassis::ApiError> {
        Ok(self.store.ping().await?)
    }

    /// The catalog's gRPC services. Long streams end when `shutdown` drains,
    /// and it waits for what must not be cut off.
    pub fn services(&self, shutdown: &Shutdown) -> Services {
        let (tasks, draining) = (shutdown.tracker().clone(), shutdown.draining().clone());
        let receiver = self.receiver();
        grpc::services(
            self.store.clone(),
            self.blobs.clone(),
            receiver,
            &self.config,
            tasks,
            draining,
        )
    }

    /// Starts the relay and the sweepers; they run until `stop`.
    pub fn start(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        let (store, bus, token) = (self.store.clone(), Arc::clone(&self.bus), stop.clone());
        tasks.spawn(async move { relay::run(store, bus.as_ref(), token).await });
        let (store, receiver) = (self.store.clone(), self.receiver());
        let (config, token) = (Arc::clone(&self.config), stop.clone());
        tasks.spawn(async move { sweeper::run_jobs(store, receiver, &config, token).await });
        let (store, blobs) = (self.store.clone(), self.blobs.clone());
        let (config, token) = (Arc::clone(&self.config), stop.clone());
        tasks.spawn(async move { sweeper::run_objects(store, blobs, &config, token).await });
    }

    fn receiver(&self) -> Receiver {
        Receiver {
            store: self.store.clone(),
            blobs: self.blobs.clone(),
        }
    }
}
