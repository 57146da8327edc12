//! Opening a catalog on PostgreSQL, and bringing its schema up to date.

use std::{fmt, sync::Arc, time::Duration};

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DbErr, EntityTrait, RuntimeErr,
    sqlx::{ConnectOptions as _, Connection as _, postgres::PgConnectOptions},
};
use sea_orm_migration::{MigratorTrait, SchemaManager, seaql_migrations};

use super::{
    Clock, Store,
    dialect::{self, Alone},
    migration::Migrator,
};
use crate::config::{CatalogConfig, DatabaseConfig};

/// A transaction in which nothing happens for this long has lost its client,
/// and others wait for its locks.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(30);

/// A connection that nobody has used for this long is tried before it is used
/// again. One that is in use would answer no sooner than the query itself.
const TESTED_IF_IDLE: Duration = Duration::from_secs(1);

/// A PostgreSQL server, as it may be shown: without the password.
#[derive(Clone)]
pub(crate) struct Server {
    options: PgConnectOptions,
    max_connections: u32,
    acquire_timeout: Duration,
}

/// The schema lacks what this version needs.
#[derive(Debug)]
pub(crate) struct OldSchema {
    /// The first migration that is missing.
    pub(crate) missing: String,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (user, host) = (self.options.get_username(), self.options.get_host());
        let database = self.options.get_database().unwrap_or(user);
        write!(
            f,
            "{database} of {user} at {host}:{}",
            self.options.get_port()
        )
    }
}

impl Server {
    /// `None` if the URL is none.
    pub(crate) fn new(config: &DatabaseConfig) -> Option<Self> {
        let options = parse(config.url.expose())?
            .application_name("sopilot-catalog")
            .disable_statement_logging()
            .options([
                ("statement_timeout", millis(config.statement_timeout)),
                // What `dialect` counts on.
                ("default_transaction_isolation", "read committed".to_owned()),
                (
                    "idle_in_transaction_session_timeout",
                    millis(IDLE_IN_TRANSACTION),
                ),
                // A client whose machine is gone says nothing: its locks are
                // freed after a minute, not after hours.
                ("tcp_keepalives_idle", "30".to_owned()),
                ("tcp_keepalives_interval", "10".to_owned()),
                ("tcp_keepalives_count", "3".to_owned()),
            ]);
        Some(Self {
            options,
            max_connections: config.max_connections,
            acquire_timeout: config.acquire_timeout,
        })
    }

    async fn connect(
        &self,
        options: PgConnectOptions,
        max_connections: u32,
    ) -> Result<DatabaseConnection, DbErr> {
        self.check(&options).await?;
        // Sea-orm shows its own URL in traces, so it does not get ours.
        let mut connect = ConnectOptions::new("postgres://in-options");
        connect
            .max_connections(max_connections)
            .acquire_timeout(self.acquire_timeout)
            .test_before_acquire_if_idle_for(TESTED_IF_IDLE)
            .sqlx_logging(false)
            .map_sqlx_postgres_opts(move |_| options.clone());
        Database::connect(connect).await
    }

    /// Fails with what the server says, or the way to it: a pool tries again and again, and then
    /// says only that it took too long.
    async fn check(&self, options: &PgConnectOptions) -> Result<(), DbErr> {
        let failed = |error: String| DbErr::Conn(RuntimeErr::Internal(error));
        let connected = tokio::time::timeout(self.acquire_timeout, options.connect());
        let connection = connected
            .await
            .map_err(|_| failed(format!("no answer within {:?}", self.acquire_timeout)))?;
        let connection = connection.map_err(|error| failed(error.to_string()))?;
        // It has answered; how it says goodbye does not matter.
        let _ = connection.close().await;
        Ok(())
    }

    /// Brings the schema up to date; others that do so at the same time wait.
    /// Answers the migrations that were applied.
    pub(crate) async fn migrate(&self) -> Result<Vec<String>, DbErr> {
        // Building an index takes as long as it takes.
        let unhurried = self.options.clone().options([("statement_timeout", "0")]);
        // One connection to keep others out, one to work with.
        let db = self.connect(unhurried, 2).await?;
        let alone = dialect::wait_until_alone(&db, Alone::Migrate).await?;
        let missing = missing(&db).await?;
        // A schema that is newer than this version has nothing to gain.
        if !missing.is_empty() {
            Migrator::up(&db, None).await?;
        }
        alone.commit().await?;
        db.close().await?;
        Ok(missing)
    }
}

impl Store {
    /// Opens a database on PostgreSQL whose schema is up to date, or newer.
    pub(crate) async fn open_postgres(
        server: &Server,
        config: Arc<CatalogConfig>,
        clock: Clock,
    ) -> Result<Result<Self, OldSchema>, DbErr> {
        let options = server.options.clone();
        let db = server.connect(options, server.max_connections).await?;
        if let Some(missing) = missing(&db).await?.into_iter().next() {
            return Ok(Err(OldSchema { missing }));
        }
        Ok(Ok(Self::new(db, config, clock)))
    }
}

/// The migrations that the schema lacks. It may have some that are not known
/// here: those of a newer version, which runs beside this one.
async fn missing(db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let known = Migrator::migrations();
    let mut missing: Vec<String> = known.iter().map(|known| known.name().to_owned()).collect();
    // Asked first, and not made: who serves may not be allowed to.
    let any = SchemaManager::new(db).has_table("seaql_migrations").await?;
    if any {
        let applied = seaql_migrations::Entity::find().all(db).await?;
        missing.retain(|name| applied.iter().all(|applied| applied.version != *name));
    }
    Ok(missing)
}

/// Whether a URL leads to a PostgreSQL.
pub(crate) fn is_postgres_url(url: &str) -> bool {
    parse(url).is_some()
}

fn parse(url: &str) -> Option<PgConnectOptions> {
    let is_postgres = url.starts_with("postgres://") || url.starts_with("postgresql://");
    is_postgres.then(|| url.parse().ok())?
}

fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}
