//! The catalog as a process of its own: `sopilot-catalog`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sopilot_bus::Bus;
use sopilot_chassis::{Problems, Validate};
use sopilot_process::{
    BusConfig, Common, ObjectsConfig, Service, Start, StartError, Started, Trouble,
};

use crate::{Catalog, CatalogConfig, DatabaseConfig, OpenError};

/// Settings of the process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProcessConfig {
    #[serde(flatten)]
    common: Common,
    /// The database.
    database: DatabaseConfig,
    /// The broker.
    bus: BusConfig,
    /// Where bytes are kept.
    objects: ObjectsConfig,
    /// The catalog service.
    catalog: CatalogConfig,
}

impl Default for ProcessConfig {
    fn default() -> Self {
        Self {
            common: Common::on_port(7410),
            database: DatabaseConfig::default(),
            bus: BusConfig::default(),
            objects: ObjectsConfig::default(),
            catalog: CatalogConfig::default(),
        }
    }
}

impl Validate for ProcessConfig {
    fn validate(&self, problems: &mut Problems) {
        self.common.validate(problems);
        problems.section("database", &self.database);
        problems.section("bus", &self.bus);
        problems.section("objects", &self.objects);
        problems.section("catalog", &self.catalog);
    }
}

/// The catalog as a process of its own.
pub struct Process;

impl Service for Process {
    const NAME: &'static str = "catalog";
    const PROGRAM: &'static str = "sopilot-catalog";
    const ABOUT: &'static str = "Tasks, videos, jobs, results and reviews";
    const COMMANDS: &'static [(&'static str, &'static str)] = &[(
        "migrate",
        "Bring the database's schema up to date, before the first replica of a new version starts",
    )];
    type Config = ProcessConfig;

    fn common(config: &ProcessConfig) -> &Common {
        &config.common
    }

    async fn start(config: &ProcessConfig, start: &Start) -> Result<Started, StartError> {
        let blobs = config.objects.open().map_err(StartError::because)?;
        let bus = config
            .bus
            .open(Self::PROGRAM)
            .map_err(StartError::because)?;
        start.watch_blobs(&blobs);
        // Without the broker it serves all the same: what it accepts waits in the outbox.
        let bus: Arc<dyn Bus> = Arc::new(bus);
        let catalog = start
            .until_it_answers("database", || open(config, blobs.clone(), Arc::clone(&bus)))
            .await?;
        catalog.start(start.work.tracker(), start.work.draining());
        let services = catalog.services(&start.servers);
        let catalog = Arc::new(catalog);
        start.watch("database", move || {
            let catalog = Arc::clone(&catalog);
            async move { catalog.check_database().await }
        });
        Ok(Started {
            services,
            bus: Some(bus),
        })
    }

    async fn command(_name: &str, config: &ProcessConfig) -> Result<String, StartError> {
        // There is only one.
        let lacked = Catalog::migrate(&config.database)
            .await
            .map_err(StartError::because)?;
        Ok(if lacked.is_empty() {
            "the schema is up to date\n".to_owned()
        } else {
            format!("migrated: {}\n", lacked.join(", "))
        })
    }
}

async fn open(
    config: &ProcessConfig,
    blobs: sopilot_blob::BlobStore,
    bus: Arc<dyn Bus>,
) -> Result<Catalog, Trouble<OpenError>> {
    Catalog::open_postgres(&config.database, config.catalog.clone(), blobs, bus)
        .await
        .map_err(|error| match error {
            OpenError::Database { .. } => Trouble::Passing(error),
            // A person must migrate first; an orchestrator that starts this process again and
            // again waits for that, too.
            OpenError::SchemaTooOld { .. } | OpenError::NotPostgres => Trouble::Lasting(error),
        })
}
