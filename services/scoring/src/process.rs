//! The scoring service as a process of its own: `sopilot-scoring`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sopilot_chassis::{Problems, Validate};
use sopilot_process::{PeerConfig, Service, Start, StartError, Started, WorkerProcessConfig};

use crate::{Scoring, ScoringConfig};

/// Settings of the process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProcessConfig {
    #[serde(flatten)]
    process: WorkerProcessConfig,
    /// The alignment service, for comparisons on the spot.
    alignment: PeerConfig,
    /// The scoring service.
    scoring: ScoringConfig,
}

impl Default for ProcessConfig {
    fn default() -> Self {
        Self {
            process: WorkerProcessConfig::on_port(7413),
            alignment: PeerConfig::on_port(7412),
            scoring: ScoringConfig::default(),
        }
    }
}

impl Validate for ProcessConfig {
    fn validate(&self, problems: &mut Problems) {
        self.process.validate(problems);
        problems.section("alignment", &self.alignment);
        problems.section("scoring", &self.scoring);
    }
}

/// The scoring service as a process of its own.
pub struct Process;

impl Service for Process {
    const NAME: &'static str = "scoring";
    const PROGRAM: &'static str = "sopilot-scoring";
    const ABOUT: &'static str = "Turns evidence into steps, deviations, a score and a verdict";
    type Config = ProcessConfig;

    fn common(config: &ProcessConfig) -> &sopilot_process::Common {
        &config.process.common
    }

    async fn start(config: &ProcessConfig, start: &Start) -> Result<Started, StartError> {
        let attached = config.process.attach(Self::PROGRAM, start)?;
        let alignment = (config.alignment)
            .connect("alignment", &config.process.common.client)
            .map_err(StartError::because)?;
        let scoring = Scoring::new(config.scoring.clone(), attached.blobs, alignment);
        let (catalog, bus) = (attached.catalog, Arc::clone(&attached.bus));
        scoring.start(&start.name, catalog, bus, &start.work);
        Ok(Started {
            services: scoring.services(),
            bus: Some(attached.bus),
        })
    }
}
