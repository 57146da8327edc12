//! What every embedder can do.

use crate::{ClipFrames, EmbedError};

/// Turns clips into vectors of unit length.
///
/// Implementations must pass [`conformance::check`](crate::conformance::check).
pub trait Embedder: Send + Sync {
    /// What computes the embeddings, to be stored with them.
    fn info(&self) -> &EmbedderInfo;

    /// How videos must be sampled for this embedder.
    fn sampling(&self) -> Sampling;

    /// Embeds a batch of clips.
    ///
    /// Returns clips × [`dim`](EmbedderInfo::dim) values, row-major, row i for
    /// clip i; every row is finite and has unit L2 norm. An empty batch gives
    /// an empty vector. What a clip's embedding is does not depend on the
    /// batch around it.
    ///
    /// Blocks the calling thread until all clips are done.
    ///
    /// # Errors
    /// [`EmbedError::ClipShape`] if a clip has a shape that the embedder cannot
    /// take, and [`EmbedError::Model`] if the model fails; never part of a batch.
    fn embed(&self, clips: &[ClipFrames<'_>]) -> Result<Vec<f32>, EmbedError>;
}

/// What made an embedding. Embeddings are comparable only if name, version and
/// checksum are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EmbedderInfo {
    /// Name, for example "descriptor".
    pub name: String,
    /// Version of the code that computes it.
    pub version: String,
    /// Length of one embedding.
    pub dim: usize,
    /// SHA-256 of its parameters (weights or constants), lower-case hex.
    pub checksum: String,
}

/// How a video is cut into clips.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Frames taken per second of video.
    pub sample_rate_hz: f64,
    /// Sampled frames in one clip.
    pub frames_per_clip: usize,
    /// Sampled frames from the start of one clip to the start of the next.
    /// Smaller than `frames_per_clip`: clips overlap.
    pub stride_frames: usize,
    /// Width of the frames in pixels.
    pub frame_width: usize,
    /// Height of the frames in pixels.
    pub frame_height: usize,
}

impl Sampling {
    /// Time that one clip covers, in seconds.
    pub fn clip_seconds(&self) -> f64 {
        self.frames_per_clip as f64 / self.sample_rate_hz
    }

    /// Time from the start of one clip to the start of the next, in seconds.
    pub fn hop_seconds(&self) -> f64 {
        self.stride_frames as f64 / self.sample_rate_hz
    }
}
