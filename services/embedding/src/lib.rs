//! The embedding service: decodes videos and embeds their clips. It holds no
//! state: what it makes goes to object storage and is handed in at the
//! catalog.

mod config;
mod grpc;
mod ingest;
mod process;
mod video;

use std::sync::Arc;

use sopilot_blob::BlobStore;
use sopilot_bus::{Bus, JobQueue};
use sopilot_chassis::{PeerChannel, Services, Shutdown};
use sopilot_embed::Embedder;
use sopilot_proto::{
    MAX_MESSAGE_BYTES, embedding::v1::embedding_service_server::EmbeddingServiceServer,
};
use sopilot_video::{Ffmpeg, VideoError};
use sopilot_worker::{Worker, WorkerConfig};

pub use config::EmbeddingConfig;
use grpc::Embeddings;
use ingest::Ingest;
pub use process::{Process, ProcessConfig};
pub use video::{EmbedVideoError, EmbeddedVideo, VideoEmbedder};

/// An embedding service that can work.
pub struct Embedding {
    config: EmbeddingConfig,
    embedder: Arc<dyn Embedder>,
    ffmpeg: Ffmpeg,
    blobs: BlobStore,
}

impl Embedding {
    /// Finds ffmpeg, and fails with advice if it is not there or too old.
    pub fn open(
        config: EmbeddingConfig,
        embedder: Arc<dyn Embedder>,
        blobs: BlobStore,
    ) -> Result<Self, VideoError> {
        let ffmpeg = Ffmpeg::locate(config.ffmpeg.as_deref())?;
        tracing::info!(
            embedder = embedder.info().name,
            ffmpeg = %ffmpeg.ffmpeg_path().display(),
            version = ffmpeg.version().text,
            "ready to embed"
        );
        Ok(Self {
            config,
            embedder,
            ffmpeg,
            blobs,
        })
    }

    /// The service's gRPC interface.
    pub fn services(&self) -> Services {
        let embeddings = Embeddings {
            embedder: Arc::clone(&self.embedder),
        };
        Services::new().with(
            EmbeddingServiceServer::new(embeddings)
                .max_decoding_message_size(MAX_MESSAGE_BYTES)
                .max_encoding_message_size(MAX_MESSAGE_BYTES),
        )
    }

    /// Starts to work on the catalog's jobs, until `shutdown` drains.
    pub fn start(&self, name: &str, catalog: PeerChannel, bus: Arc<dyn Bus>, shutdown: &Shutdown) {
        let handler = Ingest {
            blobs: self.blobs.clone(),
            embedder: VideoEmbedder {
                embedder: Arc::clone(&self.embedder),
                ffmpeg: self.ffmpeg.clone(),
                limits: self.config.limits.clone(),
            },
            thumbnail_width: self.config.thumbnail_width,
        };
        let config = WorkerConfig {
            name: name.to_owned(),
            queue: JobQueue::Embed,
            slots: self.config.slots,
        };
        Worker::new(config, catalog, bus, Arc::new(handler)).start(shutdown);
    }
}
