//! The alignment service as a process of its own: `sopilot-alignment`.

use serde::{Deserialize, Serialize};
use sopilot_chassis::{Problems, Validate};
use sopilot_process::{Service, Start, StartError, Started, WorkerProcessConfig};

use crate::{Alignment, AlignmentConfig};

/// Settings of the process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProcessConfig {
    #[serde(flatten)]
    process: WorkerProcessConfig,
    /// The alignment service.
    alignment: AlignmentConfig,
}

impl Default for ProcessConfig {
    fn default() -> Self {
        Self {
            process: WorkerProcessConfig::on_port(7412),
            alignment: AlignmentConfig::default(),
        }
    }
}

impl Validate for ProcessConfig {
    fn validate(&self, problems: &mut Problems) {
        self.process.validate(problems);
        problems.section("alignment", &self.alignment);
    }
}

/// The alignment service as a process of its own.
pub struct Process;

impl Service for Process {
    const NAME: &'static str = "alignment";
    const PROGRAM: &'static str = "sopilot-alignment";
    const ABOUT: &'static str =
        "Aligns sequences of embeddings and gathers the evidence that scoring needs";
    type Config = ProcessConfig;

    fn common(config: &ProcessConfig) -> &sopilot_process::Common {
        &config.process.common
    }

    async fn start(config: &ProcessConfig, start: &Start) -> Result<Started, StartError> {
        let attached = config.process.attach(Self::PROGRAM, start)?;
        let alignment = Alignment::new(config.alignment.clone(), attached.blobs);
        alignment.start(&start.name, &attached.catalog, &attached.bus, &start.work);
        Ok(Started {
            services: alignment.services(),
            bus: Some(attached.bus),
        })
    }
}
