//! Databases of tests on a real PostgreSQL: each has one of its own.

use std::{env, sync::Arc, time::Duration};

use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use sopilot_chassis::config::Secret;
use uuid::Uuid;

use super::{Clock, Server, Store};
use crate::config::{CatalogConfig, DatabaseConfig};

/// Where the server is.
const SERVER: &str = "SOPILOT_TEST_POSTGRES_URL";

/// A database that nobody else uses, gone when this is dropped.
pub(crate) struct TestDatabase {
    name: String,
    server: String,
}

impl TestDatabase {
    /// A database with the schema.
    pub(crate) async fn create() -> Self {
        let database = Self::empty().await;
        let server = Server::new(&database.config()).unwrap();
        server.migrate().await.unwrap();
        database
    }

    /// A database with nothing in it.
    pub(crate) async fn empty() -> Self {
        let server = env::var(SERVER).unwrap_or_else(|_| {
            panic!("{SERVER} is not set: run the tests with `scripts/servers run postgresql -- …`")
        });
        let name = format!("test_{}", Uuid::new_v4().simple());
        execute(&server, &format!("CREATE DATABASE {name}")).await;
        Self { name, server }
    }

    pub(crate) fn config(&self) -> DatabaseConfig {
        DatabaseConfig {
            url: Secret::new(self.url()),
            max_connections: 5,
            acquire_timeout: Duration::from_secs(30),
            statement_timeout: Duration::from_secs(30),
        }
    }

    /// A replica.
    pub(crate) async fn store(&self) -> Store {
        self.store_with(CatalogConfig::default(), Clock::System)
            .await
    }

    pub(crate) async fn store_with(&self, config: CatalogConfig, clock: Clock) -> Store {
        let server = Server::new(&self.config()).unwrap();
        Store::open_postgres(&server, Arc::new(config), clock)
            .await
            .unwrap()
            .unwrap()
    }

    /// Runs statements on a connection of their own.
    pub(crate) async fn execute(&self, sql: &str) {
        execute(&self.url(), sql).await;
    }

    /// A connection beside the stores'.
    pub(crate) async fn connect(&self) -> DatabaseConnection {
        Database::connect(self.url()).await.unwrap()
    }

    fn url(&self) -> String {
        // The name stands between the address and the options, such as those
        // of TLS.
        let (address, options) = self.server.split_once('?').unwrap_or((&self.server, ""));
        let (address, _) = address.rsplit_once('/').unwrap();
        format!("{address}/{}?{options}", self.name)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // The runtime of the test may be about to end.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let sql = format!("DROP DATABASE {name} WITH (FORCE)");
            runtime.block_on(execute(&server, &sql));
        });
        let dropped = dropping.join();
        assert!(std::thread::panicking() || dropped.is_ok());
    }
}

async fn execute(url: &str, sql: &str) {
    let db = Database::connect(url).await.unwrap();
    db.execute_unprepared(sql).await.unwrap();
    db.close().await.unwrap();
}
