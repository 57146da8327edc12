//! The embedding service as a process of its own: `sopilot-embedding`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sopilot_chassis::{Problems, Validate};
use sopilot_embed::Descriptor;
use sopilot_process::{Service, Start, StartError, Started, WorkerProcessConfig};

use crate::{Embedding, EmbeddingConfig};

/// Settings of the process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProcessConfig {
    #[serde(flatten)]
    process: WorkerProcessConfig,
    /// The embedding service.
    embedding: EmbeddingConfig,
}

impl Default for ProcessConfig {
    fn default() -> Self {
        Self {
            process: WorkerProcessConfig::on_port(7411),
            embedding: EmbeddingConfig::default(),
        }
    }
}

impl Validate for ProcessConfig {
    fn validate(&self, problems: &mut Problems) {
        self.process.validate(problems);
        problems.section("embedding", &self.embedding);
    }
}

/// The embedding service as a process of its own.
pub struct Process;

impl Service for Process {
    const NAME: &'static str = "embedding";
    const PROGRAM: &'static str = "sopilot-embedding";
    const ABOUT: &'static str = "Decodes videos and embeds their clips";
    type Config = ProcessConfig;

    fn common(config: &ProcessConfig) -> &sopilot_process::Common {
        &config.process.common
    }

    async fn start(config: &ProcessConfig, start: &Start) -> Result<Started, StartError> {
        let attached = config.process.attach(Self::PROGRAM, start)?;
        let embedder = Arc::new(Descriptor::default());
        let embedding = Embedding::open(config.embedding.clone(), embedder, attached.blobs)
            .map_err(|error| StartError::setting("embedding.ffmpeg", error))?;
        let (catalog, bus) = (attached.catalog, Arc::clone(&attached.bus));
        embedding.start(&start.name, catalog, bus, &start.work);
        Ok(Started {
            services: embedding.services(),
            bus: Some(attached.bus),
        })
    }
}
