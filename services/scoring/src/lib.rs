//! The scoring service: turns what alignment has measured into steps,
//! deviations, a score and a verdict. It holds no state and loads no
//! embeddings.

mod config;
mod grpc;
mod jobs;
mod process;

use std::sync::Arc;

use sopilot_blob::BlobStore;
use sopilot_bus::{Bus, JobQueue};
use sopilot_chassis::{PeerChannel, Services, Shutdown};
use sopilot_proto::{MAX_MESSAGE_BYTES, scoring::v1::scoring_service_server::ScoringServiceServer};
use sopilot_worker::{Worker, WorkerConfig};

pub use config::ScoringConfig;
pub use process::{Process, ProcessConfig};

/// A scoring service.
pub struct Scoring {
    config: ScoringConfig,
    blobs: BlobStore,
    alignment: PeerChannel,
}

impl Scoring {
    /// A service that reads evidence from `blobs` and, for comparisons on the
    /// spot, asks the alignment service.
    pub fn new(config: ScoringConfig, blobs: BlobStore, alignment: PeerChannel) -> Self {
        Self {
            config,
            blobs,
            alignment,
        }
    }

    /// The service's gRPC interface.
    pub fn services(&self) -> Services {
        Services::new().with(
            ScoringServiceServer::new(grpc::Comparisons::new(&self.alignment))
                .max_decoding_message_size(MAX_MESSAGE_BYTES)
                .max_encoding_message_size(MAX_MESSAGE_BYTES),
        )
    }

    /// Starts to work on the catalog's jobs, until `shutdown` drains.
    pub fn start(&self, name: &str, catalog: PeerChannel, bus: Arc<dyn Bus>, shutdown: &Shutdown) {
        let handler = jobs::Jobs {
            blobs: self.blobs.clone(),
        };
        let config = WorkerConfig {
            name: name.to_owned(),
            queue: JobQueue::Score,
            slots: self.config.slots,
        };
        Worker::new(config, catalog, bus, Arc::new(handler)).start(shutdown);
    }
}
