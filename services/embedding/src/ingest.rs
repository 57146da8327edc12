//! The stage EMBED: a stored video becomes embeddings, a clip index and
//! thumbnails.

use std::{fs::File, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use prost::Message;
use sopilot_blob::{BlobStore, Key, MatrixRef, ObjectName};
use sopilot_chassis::Reason;
use sopilot_embed::{ClipFrames, EmbedError, Embedder};
use sopilot_proto::{
    catalog::v1::{
        ClaimedJob, EmbedResult, EmbedWork, EmbeddingReference, MediaInfo, claimed_job::Work,
        job_completion::Outcome,
    },
    embedding::v1::{self as wire, ClipIndex, ThumbnailSet},
    id::VideoId,
};
use sopilot_video::{
    CancelToken, Clip, DecodePlan, Decoder, Ffmpeg, FrameSize, Limits, Mask, VideoError, VideoInfo,
};
use sopilot_worker::{AttemptError, Handler, JobContext, stored_key};

use crate::grpc;

const EMBEDDINGS: ObjectName = ObjectName::from_static("embeddings.sopm");
const CLIPS: ObjectName = ObjectName::from_static("clips.binpb");
const THUMBNAILS: ObjectName = ObjectName::from_static("thumbnails.binpb");

/// Clips that are embedded together. Bounds the memory of a video that is
/// being ingested; large enough for a model to be fed well.
const BATCH: usize = 32;

/// Ingests videos.
pub(crate) struct Ingest {
    pub(crate) blobs: BlobStore,
    pub(crate) embedder: Arc<dyn Embedder>,
    pub(crate) ffmpeg: Ffmpeg,
    pub(crate) limits: Limits,
    pub(crate) thumbnail_width: u32,
}

/// What a video became.
struct Ingested {
    info: VideoInfo,
    seconds: f64,
    /// One row a clip.
    embeddings: Vec<f32>,
    clips: Vec<wire::Clip>,
    thumbnails: Vec<Bytes>,
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
        let sampling = self.embedder.sampling();
        Ok(DecodePlan {
            sample_rate_hz: sampling.sample_rate_hz,
            frames_per_clip: sampling.frames_per_clip,
            stride_frames: sampling.stride_frames,
            frame_size: FrameSize::Exact {
                width: sampling.frame_width as u32,
                height: sampling.frame_height as u32,
            },
            mask: Mask::new(work.mask.iter().map(grpc::mask_region).collect())
                .map_err(|error| from_video(&error))?,
            thumbnail_width: Some(self.thumbnail_width),
        })
    }

    /// Decoding and embedding block; both happen on one thread that may.
    async fn decode_and_embed(
        &self,
        file: File,
        plan: DecodePlan,
        context: &JobContext,
    ) -> Result<Ingested, AttemptError> {
        let cancel = CancelToken::default();
        let job = Job {
            embedder: Arc::clone(&self.embedder),
            ffmpeg: self.ffmpeg.clone(),
            limits: self.limits.clone(),
            context: context.clone(),
            cancel: cancel.clone(),
        };
        let mut running = tokio::task::spawn_blocking(move || job.run(&file, &plan));
        let joined = tokio::select! {
            joined = &mut running => joined,
            () = context.cancellation().cancelled() => {
                cancel.cancel();
                running.await
            }
        };
        joined.map_err(|panic| {
            AttemptError::transient(Reason::Internal, format!("decoding failed: {panic}"))
        })?
    }

    async fn store(
        &self,
        video: VideoId,
        ingested: Ingested,
        context: &JobContext,
    ) -> Result<EmbedResult, AttemptError> {
        let info = self.embedder.info();
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

/// One video on its thread.
struct Job {
    embedder: Arc<dyn Embedder>,
    ffmpeg: Ffmpeg,
    limits: Limits,
    context: JobContext,
    cancel: CancelToken,
}

impl Job {
    fn run(&self, file: &File, plan: &DecodePlan) -> Result<Ingested, AttemptError> {
        let mut decoder =
            Decoder::open(&self.ffmpeg, file, plan, &self.limits, self.cancel.clone())
                .map_err(|error| from_video(&error))?;
        let mut ingested = Ingested {
            info: decoder.info().clone(),
            seconds: 0.0,
            embeddings: Vec::new(),
            clips: Vec::new(),
            thumbnails: Vec::new(),
        };
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(clip) = decoder.next() {
            batch.push(clip.map_err(|error| from_video(&error))?);
            if batch.len() == BATCH {
                self.embed(&mut batch, &mut ingested)?;
                self.note_progress(&decoder);
            }
        }
        self.embed(&mut batch, &mut ingested)?;
        ingested.seconds = ingested
            .info
            .duration_seconds
            .unwrap_or_else(|| decoder.decoded_seconds());
        Ok(ingested)
    }

    fn embed(&self, batch: &mut Vec<Clip>, ingested: &mut Ingested) -> Result<(), AttemptError> {
        let frames = batch
            .iter()
            .map(|clip| {
                ClipFrames::new(
                    clip.frames,
                    clip.height as usize,
                    clip.width as usize,
                    &clip.rgb,
                )
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| from_embed(&error))?;
        let rows = self
            .embedder
            .embed(&frames)
            .map_err(|error| from_embed(&error))?;
        ingested.embeddings.extend_from_slice(&rows);
        for clip in batch.drain(..) {
            ingested.clips.push(grpc::wire_clip(&clip));
            ingested
                .thumbnails
                .push(clip.thumbnail.unwrap_or_default().into());
        }
        Ok(())
    }

    fn note_progress(&self, decoder: &Decoder) {
        if let Some(total) = decoder.info().duration_seconds.filter(|total| *total > 0.0) {
            self.context.set_progress(decoder.decoded_seconds() / total);
        }
    }
}

fn from_embed(error: &EmbedError) -> AttemptError {
    match error {
        EmbedError::ClipLength { .. } | EmbedError::ClipShape { .. } => {
            AttemptError::permanent(Reason::Internal, error.to_string())
        }
        EmbedError::Model { .. } => AttemptError::transient(Reason::Unavailable, error.to_string()),
    }
}

fn from_video(error: &VideoError) -> AttemptError {
    let reason = match error {
        VideoError::Empty => Reason::VideoEmpty,
        VideoError::NotAVideo => Reason::NotAVideo,
        VideoError::ContainerNotAllowed { .. } => Reason::ContainerNotAllowed,
        VideoError::NoVideoStream { .. } => Reason::NoVideoStream,
        VideoError::CodecNotAllowed { .. } => Reason::CodecNotAllowed,
        VideoError::Truncated { .. } => Reason::VideoTruncated,
        VideoError::Corrupt => Reason::VideoCorrupt,
        VideoError::Dimensions { .. } => Reason::VideoDimensions,
        VideoError::FrameRate { .. } => Reason::VideoFrameRate,
        VideoError::Duration { .. } => Reason::VideoDuration,
        VideoError::Size { .. } => Reason::VideoSize,
        VideoError::TooFewClips { .. } => Reason::VideoTooFewClips,
        VideoError::TimeLimit { .. } => Reason::VideoTimeLimit,
        VideoError::MemoryLimit { .. } => Reason::VideoMemoryLimit,
        VideoError::OutputLimit { .. } => Reason::VideoDescription,
        VideoError::InvalidMask { .. } => Reason::MaskInvalid,
        VideoError::Cancelled => Reason::Cancelled,
        VideoError::FfmpegMissing { .. }
        | VideoError::FfmpegTooOld { .. }
        | VideoError::FfmpegFailed { .. }
        | VideoError::InvalidPlan { .. }
        | VideoError::Io { .. } => Reason::Internal,
    };
    if error.is_permanent() {
        AttemptError::permanent(reason, error.to_string())
    } else {
        AttemptError::transient(reason, error.to_string())
    }
}
