//! What the services that work on jobs have in common.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sopilot_blob::BlobStore;
use sopilot_bus::Bus;
use sopilot_chassis::{PeerChannel, Problems, Validate};

use crate::{BusConfig, Common, ObjectsConfig, PeerConfig, Start, StartError};

/// Settings of a process that works on jobs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WorkerProcessConfig {
    /// What every process has.
    #[serde(flatten)]
    pub common: Common,
    /// The service that hands out the jobs.
    pub catalog: PeerConfig,
    /// The broker.
    pub bus: BusConfig,
    /// Where bytes are kept.
    pub objects: ObjectsConfig,
}

/// What a process that works on jobs is attached to.
pub struct Attached {
    /// The catalog.
    pub catalog: PeerChannel,
    /// The broker.
    pub bus: Arc<dyn Bus>,
    /// Object storage.
    pub blobs: BlobStore,
}

impl WorkerProcessConfig {
    /// A process on this machine.
    pub fn on_port(port: u16) -> Self {
        Self {
            common: Common::on_port(port),
            catalog: PeerConfig::on_port(7410),
            bus: BusConfig::default(),
            objects: ObjectsConfig::default(),
        }
    }

    /// Attaches the process to broker, catalog and object storage: it is ready only while the
    /// first and the last answer. A catalog that does not answer is waited for where it is called.
    pub fn attach(&self, program: &str, start: &Start) -> Result<Attached, StartError> {
        let blobs = self.objects.open().map_err(StartError::because)?;
        let bus = self.bus.open(program).map_err(StartError::because)?;
        let catalog = self
            .catalog
            .connect("catalog", &self.common.client)
            .map_err(StartError::because)?;
        start.watch_blobs(&blobs);
        start.watch_bus(&bus);
        Ok(Attached {
            catalog,
            bus: Arc::new(bus),
            blobs,
        })
    }
}

impl Validate for WorkerProcessConfig {
    fn validate(&self, problems: &mut Problems) {
        self.common.validate(problems);
        problems.section("catalog", &self.catalog);
        problems.section("bus", &self.bus);
        problems.section("objects", &self.objects);
    }
}
