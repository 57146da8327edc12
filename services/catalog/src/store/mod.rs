//! The rows, and the transactions that keep them true.
//!
//! Every public operation is one transaction. What must be announced (a bell,
//! an audit event, the answer to an idempotent request) is written in the
//! same transaction as what it announces.

mod audit;
mod claim;
mod complete;
mod deletion;
mod entity;
mod idempotency;
mod jobs;
mod migration;
#[cfg(test)]
mod model_test;
mod orphans;
mod outbox;
mod page;
mod scores;
mod sweep;
mod tasks;
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

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use sopilot_proto::timestamp::now_millis;
use tokio::sync::Notify;

pub(crate) use audit::AuditRow;
pub(crate) use claim::{Claim, GoldInput, Lease, Work};
pub(crate) use complete::{Completion, CompletionVerdict, Failed, FailedKind, Finished};
pub(crate) use entity::{JobKind, JobState, Role, Stage, VideoState};
pub(crate) use idempotency::Request;
pub(crate) use jobs::{JobFilter, JobRow, NewScore};
pub(crate) use outbox::Bell;
pub(crate) use page::{Page, PageRequest};
pub(crate) use scores::{NewReview, ReviewRow, ScoreFilter, ScoreRow};
pub(crate) use tasks::{TaskRow, VersionRow};
pub(crate) use uploads::{NewUpload, UploadRow};
pub(crate) use videos::{VideoFilter, VideoRow};

use crate::{config::CatalogConfig, error::Result};

/// The catalog's database.
#[derive(Clone)]
pub(crate) struct Store {
    db: DatabaseConnection,
    clock: Clock,
    config: Arc<CatalogConfig>,
    /// Rung when something was put into the outbox.
    pub(crate) outbox_filled: Arc<Notify>,
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
        Ok(Self {
            db,
            clock,
            config,
            outbox_filled: Arc::new(Notify::new()),
        })
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
        Self {
            db,
            clock,
            config,
            outbox_filled: Arc::new(Notify::new()),
        }
    }

    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<()> {
        Ok(self.db.ping().await?)
    }

    /// Begins a transaction that will write. SQLite takes the write lock now:
    /// a transaction that reads first and writes later could not be retried
    /// when another has written in between.
    async fn begin(&self) -> Result<DatabaseTransaction> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(self.db.begin_with_options(options).await?)
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
