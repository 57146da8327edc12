//! The alignment service: the only one that multiplies embedding matrices. It
//! aligns sequences, gathers the evidence that scoring needs, and prepares
//! what depends on a gold alone. It holds no state.

mod cache;
mod config;
mod engine;
mod grpc;
mod jobs;
mod process;

use std::sync::Arc;

use sopilot_blob::BlobStore;
use sopilot_bus::{Bus, JobQueue};
use sopilot_chassis::{PeerChannel, Services, Shutdown};
use sopilot_proto::{
    MAX_MESSAGE_BYTES, alignment::v1::alignment_service_server::AlignmentServiceServer,
};
use sopilot_worker::{Worker, WorkerConfig};

pub use config::AlignmentConfig;
use engine::Engine;
pub use process::{Process, ProcessConfig};

/// An alignment service.
pub struct Alignment {
    engine: Engine,
}

impl Alignment {
    /// A service over the embeddings in `blobs`.
    pub fn new(config: AlignmentConfig, blobs: BlobStore) -> Self {
        Self {
            engine: Engine::new(config, blobs),
        }
    }

    /// The service's gRPC interface.
    pub fn services(&self) -> Services {
        let alignments = grpc::Alignments {
            engine: self.engine.clone(),
        };
        Services::new().with(
            AlignmentServiceServer::new(alignments)
                .max_decoding_message_size(MAX_MESSAGE_BYTES)
                .max_encoding_message_size(MAX_MESSAGE_BYTES),
        )
    }

    /// Starts to work on the catalog's jobs, until `shutdown` drains.
    pub fn start(
        &self,
        name: &str,
        catalog: &PeerChannel,
        bus: &Arc<dyn Bus>,
        shutdown: &Shutdown,
    ) {
        let handler = Arc::new(jobs::Jobs {
            engine: self.engine.clone(),
        });
        for queue in [JobQueue::Prepare, JobQueue::Align] {
            let config = WorkerConfig {
                name: name.to_owned(),
                queue,
                slots: self.engine.config.slots,
            };
            Worker::new(config, catalog.clone(), Arc::clone(bus), handler.clone()).start(shutdown);
        }
    }
}
