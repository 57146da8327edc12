//! From a video to embeddings: decoding, and embedding of its clips.

use std::{fs::File, sync::Arc};

use bytes::Bytes;
use sopilot_chassis::{Reason, STAGE};
use sopilot_embed::{ClipFrames, EmbedError, Embedder};
use sopilot_proto::embedding::v1 as wire;
use sopilot_video::{
    CancelToken, Clip, DecodePlan, Decoder, Ffmpeg, FrameSize, Limits, Mask, VideoError, VideoInfo,
};
use tracing::info_span;

use crate::grpc;

/// Clips that are embedded together. Bounds the memory of a video that is
/// being ingested; large enough for a model to be fed well.
const BATCH: usize = 32;

/// Turns video files into embeddings: what the service does with stored
/// videos, for whoever has a file.
#[derive(Clone)]
pub struct VideoEmbedder {
    /// What embeds clips.
    pub embedder: Arc<dyn Embedder>,
    /// What decodes.
    pub ffmpeg: Ffmpeg,
    /// Which videos are refused.
    pub limits: Limits,
}

/// What a video became.
#[derive(Debug)]
pub struct EmbeddedVideo {
    /// What the file says about itself.
    pub info: VideoInfo,
    /// Its length.
    pub seconds: f64,
    /// One row a clip, row-major.
    pub embeddings: Vec<f32>,
    /// When the clips are, and how well they can be seen.
    pub clips: Vec<wire::Clip>,
    /// A picture of each clip as JPEG; empty if the plan asks for none.
    pub thumbnails: Vec<Bytes>,
}

/// Why a video cannot be embedded.
#[derive(Debug, thiserror::Error)]
pub enum EmbedVideoError {
    /// It cannot be decoded.
    #[error(transparent)]
    Video(#[from] VideoError),
    /// Its clips cannot be embedded.
    #[error(transparent)]
    Embed(#[from] EmbedError),
}

impl VideoEmbedder {
    /// How videos are decoded for this embedder.
    pub fn plan(&self, mask: Mask, thumbnail_width: Option<u32>) -> DecodePlan {
        let sampling = self.embedder.sampling();
        DecodePlan {
            sample_rate_hz: sampling.sample_rate_hz,
            frames_per_clip: sampling.frames_per_clip,
            stride_frames: sampling.stride_frames,
            frame_size: FrameSize::Exact {
                width: sampling.frame_width as u32,
                height: sampling.frame_height as u32,
            },
            mask,
            thumbnail_width,
        }
    }

    /// Decodes and embeds the video in `file`; tells `progress` from time to
    /// time which part is done, from 0 to 1. Blocks.
    pub fn embed(
        &self,
        file: &File,
        plan: &DecodePlan,
        cancel: &CancelToken,
        progress: impl Fn(f64),
    ) -> Result<EmbeddedVideo, EmbedVideoError> {
        let mut decoder = Decoder::open(&self.ffmpeg, file, plan, &self.limits, cancel.clone())?;
        let mut embedded = EmbeddedVideo {
            info: decoder.info().clone(),
            seconds: 0.0,
            embeddings: Vec::new(),
            clips: Vec::new(),
            thumbnails: Vec::new(),
        };
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(clip) = info_span!(target: STAGE, "decode").in_scope(|| decoder.next()) {
            batch.push(clip?);
            if batch.len() == BATCH {
                self.embed_batch(&mut batch, &mut embedded)?;
                let total = decoder.info().duration_seconds;
                if let Some(total) = total.filter(|total| *total > 0.0) {
                    progress(decoder.decoded_seconds() / total);
                }
            }
        }
        self.embed_batch(&mut batch, &mut embedded)?;
        embedded.seconds = embedded
            .info
            .duration_seconds
            .unwrap_or_else(|| decoder.decoded_seconds());
        Ok(embedded)
    }

    fn embed_batch(
        &self,
        batch: &mut Vec<Clip>,
        embedded: &mut EmbeddedVideo,
    ) -> Result<(), EmbedError> {
        let frames = batch
            .iter()
            .map(|clip| {
                let (width, height) = (clip.width as usize, clip.height as usize);
                ClipFrames::new(clip.frames, height, width, &clip.rgb)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let embed = || self.embedder.embed(&frames);
        let rows = info_span!(target: STAGE, "embed").in_scope(embed)?;
        embedded.embeddings.extend_from_slice(&rows);
        for clip in batch.drain(..) {
            embedded.clips.push(grpc::wire_clip(&clip));
            let thumbnail = clip.thumbnail.map(Bytes::from);
            embedded.thumbnails.push(thumbnail.unwrap_or_default());
        }
        Ok(())
    }
}

impl EmbedVideoError {
    /// The stable reason.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Video(error) => video_reason(error),
            Self::Embed(EmbedError::ClipLength { .. } | EmbedError::ClipShape { .. }) => {
                Reason::Internal
            }
            Self::Embed(EmbedError::Model { .. }) => Reason::Unavailable,
        }
    }

    /// Whether trying again is of no use.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Video(error) => error.is_permanent(),
            Self::Embed(EmbedError::ClipLength { .. } | EmbedError::ClipShape { .. }) => true,
            Self::Embed(EmbedError::Model { .. }) => false,
        }
    }
}

fn video_reason(error: &VideoError) -> Reason {
    match error {
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
    }
}
