//! The catalog: tasks, videos, jobs, results and reviews. It is the only
//! service with state, and the only one that starts, lists and answers for
//! jobs and reports.
//!
//! The message is a doorbell, the row is the truth: a job and the bell that
//! rings for it are written in one transaction; the relay rings, a worker
//! claims, and the sweeper rings again for whatever was not heard.

mod config;
mod error;
mod event;
mod grpc;
mod measure;
mod process;
mod receive;
mod relay;
mod removal;
mod store;
mod sweeper;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc};

use sopilot_blob::BlobStore;
use sopilot_bus::Bus;
use sopilot_chassis::{Services, Shutdown};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use config::{CatalogConfig, DatabaseConfig};
pub use process::{Process, ProcessConfig};
use receive::Receiver;
use store::{Clock, OldSchema, Server, Store};

/// A catalog that is open.
pub struct Catalog {
    store: Store,
    blobs: BlobStore,
    bus: Arc<dyn Bus>,
    config: Arc<CatalogConfig>,
    receiver: Receiver,
}

/// Why a catalog cannot be opened. Says where its database is, never the
/// password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database cannot be reached, or refuses.
    #[error("cannot open the catalog's database {database}: {cause}")]
    Database {
        /// Where it is.
        database: String,
        /// What it, or the way to it, says.
        cause: String,
    },
    /// The database was last migrated by an older version.
    #[error(
        "the schema of the catalog's database {database} is older than this version needs (it lacks {missing}): run `sopilot-catalog migrate`"
    )]
    SchemaTooOld {
        /// Where it is.
        database: String,
        /// The first migration that it lacks.
        missing: String,
    },
    /// The configuration was not validated: its URL is none of PostgreSQL.
    #[error("the URL of the catalog's database is not one of PostgreSQL")]
    NotPostgres,
}

impl OpenError {
    fn database(database: &impl ToString, cause: &impl ToString) -> Self {
        Self::Database {
            database: database.to_string(),
            cause: cause.to_string(),
        }
    }
}

impl Catalog {
    /// Opens a catalog on a SQLite file, creating it or bringing its schema up
    /// to date. One process at a time.
    pub async fn open_sqlite(
        path: PathBuf,
        config: CatalogConfig,
        blobs: BlobStore,
        bus: Arc<dyn Bus>,
    ) -> Result<Self, OpenError> {
        let config = Arc::new(config);
        let store = Store::open_sqlite(&path, Arc::clone(&config), Clock::System)
            .await
            .map_err(|error| OpenError::database(&path.display(), &error))?;
        Ok(Self::new(store, config, blobs, bus))
    }

    /// Opens a catalog on PostgreSQL, which any number of processes may do at
    /// once. Does not touch the schema: [`migrate`](Self::migrate) does, before
    /// the first replica of a new version starts.
    pub async fn open_postgres(
        database: &DatabaseConfig,
        config: CatalogConfig,
        blobs: BlobStore,
        bus: Arc<dyn Bus>,
    ) -> Result<Self, OpenError> {
        let config = Arc::new(config);
        let server = Server::new(database).ok_or(OpenError::NotPostgres)?;
        let store = Store::open_postgres(&server, Arc::clone(&config), Clock::System)
            .await
            .map_err(|error| OpenError::database(&server, &error))?
            .map_err(|OldSchema { missing }| OpenError::SchemaTooOld {
                database: server.to_string(),
                missing,
            })?;
        Ok(Self::new(store, config, blobs, bus))
    }

    fn new(store: Store, config: Arc<CatalogConfig>, blobs: BlobStore, bus: Arc<dyn Bus>) -> Self {
        let receiver = Receiver::new(store.clone(), blobs.clone(), config.max_uploads);
        Self {
            store,
            blobs,
            bus,
            config,
            receiver,
        }
    }

    /// Brings the schema of a database on PostgreSQL up to date, and answers
    /// the names of the migrations that it lacked. Safe to call from several
    /// processes at once, and while replicas of this or the version before
    /// serve; changes nothing if the schema is newer.
    pub async fn migrate(database: &DatabaseConfig) -> Result<Vec<String>, OpenError> {
        let server = Server::new(database).ok_or(OpenError::NotPostgres)?;
        server
            .migrate()
            .await
            .map_err(|error| OpenError::database(&server, &error))
    }

    /// Takes back every lease at once, instead of waiting for them to run out.
    /// Only for a process that holds the catalog alone and has just started,
    /// as the embedded mode does; never for one replica of several:
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
        let receiver = self.receiver.clone();
        grpc::services(
            self.store.clone(),
            self.blobs.clone(),
            receiver,
            &self.config,
            tasks,
            draining,
        )
    }

    /// Starts the relays and the sweepers; they run until `stop`. Every replica
    /// does: they share the work.
    pub fn start(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        let (store, bus, token) = (self.store.clone(), Arc::clone(&self.bus), stop.clone());
        tasks.spawn(async move { relay::run_bells(store, bus.as_ref(), token).await });
        let (store, bus, token) = (self.store.clone(), Arc::clone(&self.bus), stop.clone());
        tasks.spawn(async move { relay::run_events(store, bus.as_ref(), token).await });
        let (store, receiver) = (self.store.clone(), self.receiver.clone());
        let (config, token) = (Arc::clone(&self.config), stop.clone());
        tasks.spawn(async move { sweeper::run_jobs(store, receiver, &config, token).await });
        measure::describe();
        let (store, token) = (self.store.clone(), stop.clone());
        tasks.spawn(async move { measure::run(store, token).await });
        let (store, blobs, token) = (self.store.clone(), self.blobs.clone(), stop.clone());
        tasks.spawn(async move { sweeper::run_expiry(store, blobs, token).await });
        let (store, blobs) = (self.store.clone(), self.blobs.clone());
        let (config, token) = (Arc::clone(&self.config), stop.clone());
        tasks.spawn(async move { sweeper::run_objects(store, blobs, &config, token).await });
    }
}
