//! Settings of the embedding service.

use std::{num::NonZeroU16, path::PathBuf};

use serde::{Deserialize, Serialize};
use sopilot_chassis::{Problems, Validate};
use sopilot_video::Limits;

/// How videos are taken in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EmbeddingConfig {
    /// Videos that are decoded at the same time.
    pub slots: NonZeroU16,
    /// Where ffmpeg is. Unset: searched on the path.
    pub ffmpeg: Option<PathBuf>,
    /// Width of the thumbnails, in pixels.
    pub thumbnail_width: u32,
    /// What a video may cost before it is refused.
    pub limits: Limits,
}

impl Default for EmbeddingConfig {
    fn default() -> Self {
        Self {
            slots: NonZeroU16::MIN,
            ffmpeg: None,
            thumbnail_width: 160,
            // Fewer clips than this show no procedure: about two seconds.
            limits: Limits {
                min_clips: 4,
                ..Limits::default()
            },
        }
    }
}

impl Validate for EmbeddingConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.in_range("slots", &self.slots.get(), 1..=64);
        problems.in_range("thumbnail_width", &self.thumbnail_width, 16..=1920);
        problems.in_range("limits.min_clips", &self.limits.min_clips, 1..=10_000);
        problems.in_range("limits.bytes", &self.limits.bytes, 1..=1 << 40);
        problems.in_range(
            "limits.duration_seconds",
            &self.limits.duration_seconds,
            1.0..=86_400.0,
        );
    }
}
