//! The rows, and the transactions that keep them true.
//!
//! Every public operation is one transaction. What must be announced (a bell,
//! an event, an audit event, the answer to an idempotent request) is written
//! in the same transaction as what it announces.
//!
//! One code serves SQLite and PostgreSQL; where they differ is [`dialect`].

mod audit;
mod backlog;
mod claim;
mod complete;
mod deletion;
mod dialect;
mod entity;
mod events;
mod expiry;
#[cfg(test)]
mod expiry_test;
mod idempotency;
mod jobs;
mod migration;
#[cfg(test)]
mod model_test;
mod orphans;
#[cfg(test)]
mod outage_test;
mod outbox;
mod page;
#[cfg(test)]
mod plans_test;
mod postgres;
#[cfg(test)]
mod replicas_test;
mod scores;
mod sweep;
mod tasks;
#[cfg(test)]
mod test_database;
mod uploads;
mod videos;
mod waiting;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use rand::RngExt;
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbErr};
use sea_orm_migration::MigratorTrait;
use sopilot_proto::timestamp::now_millis;
use tokio::sync::Notify;

pub(crate) use audit::AuditRow;
pub(crate) use claim::{Claim, GoldInput, Lease, Work};
pub(crate) use complete::{Completion, CompletionVerdict, Failed, FailedKind, Finished};
pub(crate) use deletion::Deleted;
pub(crate) use dialect::{is_full, is_passing, lost_race, refuses_text};
pub(crate) use entity::job_gold::Model as GoldRow;
pub(crate) use entity::{JobKind, JobState, Role, Stage, VideoState};
pub(crate) use events::TakenEvent;
pub(crate) use expiry::BATCH as EXPIRY_BATCH;
pub(crate) use idempotency::Request;
pub(crate) use jobs::{JobFilter, JobRow, Model as JobModel, NewScore};
pub(crate) use outbox::Bell;
pub(crate) use page::{Page, PageRequest};
pub(crate) use postgres::{OldSchema, Server, is_postgres_url};
pub(crate) use scores::{NewReview, ReviewRow, ScoreFilter, ScoreRow};
pub(crate) use tasks::{TaskRow, VersionRow};
#[cfg(test)]
pub(crate) use test_database::TestDatabase;
pub(crate) use uploads::{NewUpload, UploadRow};
pub(crate) use videos::{VideoFilter, VideoRow};

use crate::{config::CatalogConfig, error::Result};

/// How often a transaction is run again that lost against others.
const RERUNS: u32 = 10;

/// The catalog's database.
#[derive(Clone)]
pub(crate) struct Store {
    db: DatabaseConnection,
    clock: Clock,
    config: Arc<CatalogConfig>,
    /// Rung when bells were put into the outbox of bells by this process.
    pub(crate) outbox_filled: Arc<Notify>,
    /// The same for events.
    pub(crate) events_filled: Arc<Notify>,
}

impl Store {
    /// Opens a SQLite file, creating it and bringing its schema up to date.
    pub(crate) async fn open_sqlite(
        path: &Path,
        config: Arc<CatalogConfig>,
        clock: Clock,
    ) -> std::result::Result<Self, DbErr> {
        let mut options = ConnectOptions::new("sqlite://catalog.sqlite");
        // The path is not made part of a URL, where some characters mean
        // something else.
        let path = path.to_owned();
        options
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(30))
            .sqlx_logging(false)
            .map_sqlx_sqlite_opts(move |sqlite| {
                sqlite
                    .filename(&path)
                    .create_if_missing(true)
                    .busy_timeout(Duration::from_secs(30))
                    .pragma("journal_mode", "WAL")
                    // An accepted job survives a power cut, not only a crash.
                    .pragma("synchronous", "FULL")
            });
        let db = Database::connect(options).await?;
        migration::Migrator::up(&db, None).await?;
        Ok(Self::new(db, config, clock))
    }

    fn new(db: DatabaseConnection, config: Arc<CatalogConfig>, clock: Clock) -> Self {
        Self {
            db,
            clock,
            config,
            outbox_filled: Arc::new(Notify::new()),
            events_filled: Arc::new(Notify::new()),
        }
    }

    /// A database that lives in memory, on the system's clock.
    #[cfg(test)]
    pub(crate) async fn in_memory_now(config: Arc<CatalogConfig>) -> Self {
        Self::in_memory(config, Clock::System).await
    }

    /// A database that lives in memory, as long as the store does.
    #[cfg(test)]
    async fn in_memory(config: Arc<CatalogConfig>, clock: Clock) -> Self {
        let mut options = ConnectOptions::new("sqlite::memory:");
        // One connection that is never closed: another would see another,
        // empty database.
        options
            .max_connections(1)
            .min_connections(1)
            .sqlx_logging(false);
        options
            .idle_timeout(None::<Duration>)
            .max_lifetime(None::<Duration>);
        let db = Database::connect(options)
            .await
            .expect("a database in memory");
        migration::Migrator::up(&db, None)
            .await
            .expect("the schema");
        Self::new(db, config, clock)
    }

    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<()> {
        Ok(self.db.ping().await?)
    }

    /// Runs `body` in a transaction that may write, and commits it. One that
    /// lost against another beside it is run again, so `body` must change
    /// nothing but the database. It shares the transaction instead of borrowing
    /// it: the compiler cannot tell yet that a future which borrows from its
    /// argument may move between threads.
    ///
    /// A connection that breaks is for the caller: whether a commit that was
    /// not answered has happened, only the rows can say.
    async fn write<T, F>(&self, body: impl Fn(Arc<DatabaseTransaction>) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let mut runs = 0;
        loop {
            match self.run(&body).await {
                Err(error) if error.lost_race() && runs < RERUNS => {
                    runs += 1;
                    tracing::debug!(%error, runs, "running a transaction again");
                    // Apart, so that the same ones do not meet again.
                    let longest = 1 << runs.min(6);
                    let pause = rand::rng().random_range(0..=longest);
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn run<T, F>(&self, body: impl Fn(Arc<DatabaseTransaction>) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let txn = Arc::new(dialect::begin(&self.db).await?);
        let outcome = body(Arc::clone(&txn)).await;
        let txn = Arc::into_inner(txn).expect("a body that ended keeps nothing of it");
        match outcome {
            Ok(made) => {
                txn.commit().await?;
                Ok(made)
            }
            Err(error) => {
                // Now, so that nobody waits for its locks. One that cannot be
                // rolled back has lost its connection, and its locks with it.
                let _ = txn.rollback().await;
                Err(error)
            }
        }
    }

    /// What was written may have to be announced.
    fn wake_relay(&self) {
        self.outbox_filled.notify_one();
        self.events_filled.notify_one();
    }

    fn now(&self) -> i64 {
        self.clock.now()
    }
}

/// Tells the time in milliseconds since the Unix epoch.
#[derive(Debug, Clone)]
pub(crate) enum Clock {
    System,
    /// Stands still until it is set; for tests of what time does to jobs.
    #[cfg_attr(not(test), allow(dead_code))]
    Manual(Arc<AtomicI64>),
}

impl Clock {
    fn now(&self) -> i64 {
        match self {
            Self::System => now_millis(),
            Self::Manual(millis) => millis.load(Ordering::SeqCst),
        }
    }
}

/// A duration as the milliseconds that rows hold.
fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}
