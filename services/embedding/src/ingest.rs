//! The stage EMBED: a stored video becomes embeddings, a clip index and
//! thumbnails.

use std::fs::File;

use async_trait::async_trait;
use prost::Message;
use sopilot_blob::{BlobStore, Key, MatrixRef, ObjectName};
use sopilot_chassis::Reason;
use sopilot_proto::{
    catalog::v1::{
        ClaimedJob, EmbedResult, EmbedWork, EmbeddingReference, MediaInfo, claimed_job::Work,
        job_completion::Outcome,
    },
    embedding::v1::{ClipIndex, ThumbnailSet},
    id::VideoId,
};
use sopilot_video::{CancelToken, DecodePlan, Mask};
use sopilot_worker::{AttemptError, Handler, JobContext, stored_key};

use crate::{
    grpc,
    video::{EmbedVideoError, EmbeddedVideo, VideoEmbedder},
};

const EMBEDDINGS: ObjectName = ObjectName::from_static("embeddings.sopm");
const CLIPS: ObjectName = ObjectName::from_static("clips.binpb");
const THUMBNAILS: ObjectName = ObjectName::from_static("thumbnails.binpb");

/// Ingests videos.
pub(crate) struct Ingest {
    pub(crate) blobs: BlobStore,
    pub(crate) embedder: VideoEmbedder,
    pub(crate) thumbnail_width: u32,
}

#[async_trait]
impl Handler for Ingest {
    async fn run(&self, job: ClaimedJob, context: JobContext) -> Result<Outcome, AttemptError> {
        let Some(Work::Embed(work)) = job.work else {
            return Err(AttemptError::permanent(
                Reason::Internal,
                "the job is not to embed",
            ));
        };
        let video: VideoId = work.video_id.parse().map_err(|error| {
            AttemptError::permanent(Reason::Internal, format!("the job's video: {error}"))
        })?;
        let file = self.blobs.open_file(&stored_key(&work.source_key)?).await?;
        let plan = self.plan(&work)?;
        let ingested = self.decode_and_embed(file, plan, &context).await?;
        let outcome = self.store(video, ingested, &context).await?;
        Ok(Outcome::Embed(outcome))
    }
}

impl Ingest {
    fn plan(&self, work: &EmbedWork) -> Result<DecodePlan, AttemptError> {
        let mask = Mask::new(work.mask.iter().map(grpc::mask_region).collect())
            .map_err(|error| attempt_error(&error.into()))?;
        Ok(self.embedder.plan(mask, Some(self.thumbnail_width)))
    }

    /// Decoding and embedding block; both happen on one thread that may.
    async fn decode_and_embed(
        &self,
        file: File,
        plan: DecodePlan,
        context: &JobContext,
    ) -> Result<EmbeddedVideo, AttemptError> {
        let cancel = CancelToken::default();
        let (embedder, token, job) = (self.embedder.clone(), cancel.clone(), context.clone());
        let mut running = tokio::task::spawn_blocking(move || {
            embedder.embed(&file, &plan, &token, |done| job.set_progress(done))
        });
        let joined = tokio::select! {
            joined = &mut running => joined,
            () = context.cancellation().cancelled() => {
                cancel.cancel();
                running.await
            }
        };
        let embedded = joined.map_err(|panic| {
            AttemptError::transient(Reason::Internal, format!("decoding failed: {panic}"))
        })?;
        embedded.map_err(|error| attempt_error(&error))
    }

    async fn store(
        &self,
        video: VideoId,
        ingested: EmbeddedVideo,
        context: &JobContext,
    ) -> Result<EmbedResult, AttemptError> {
        let info = self.embedder.embedder.info();
        let rows = ingested.clips.len() as u32;
        let flagged = ingested
            .clips
            .iter()
            .filter(|clip| !clip.flags.is_empty())
            .count() as u32;
        let key = |name| Key::derived(video.uuid(), context.attempt(), name);

        let matrix = MatrixRef::new(info.dim, &ingested.embeddings).map_err(|error| {
            AttemptError::permanent(Reason::Internal, format!("{} made {error}", info.name))
        })?;
        self.blobs.put_matrix(&key(EMBEDDINGS), &matrix).await?;
        let clips = ClipIndex {
            clips: ingested.clips,
        };
        self.blobs
            .put(&key(CLIPS), clips.encode_to_vec().into())
            .await?;
        let thumbnails = ThumbnailSet {
            jpegs: ingested.thumbnails,
        };
        self.blobs
            .put(&key(THUMBNAILS), thumbnails.encode_to_vec().into())
            .await?;

        Ok(EmbedResult {
            embeddings: Some(EmbeddingReference {
                object_key: key(EMBEDDINGS).to_string(),
                rows,
                embedder: Some(grpc::wire_embedder(info)),
            }),
            clips_key: key(CLIPS).to_string(),
            thumbnails_key: key(THUMBNAILS).to_string(),
            media: Some(MediaInfo {
                duration_seconds: ingested.seconds,
                width: ingested.info.width,
                height: ingested.info.height,
                frame_rate: ingested.info.frame_rate_hz.unwrap_or_default(),
                codec: ingested.info.codec,
                clip_count: rows,
                flagged_clip_count: flagged,
            }),
        })
    }
}

fn attempt_error(error: &EmbedVideoError) -> AttemptError {
    let (reason, message) = (error.reason(), error.to_string());
    if error.is_permanent() {
        AttemptError::permanent(reason, message)
    } else {
        AttemptError::transient(reason, message)
    }
}
