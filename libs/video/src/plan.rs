//! What to make of a video: how often to sample it, how large, and how many frames make a clip.

use serde::{Deserialize, Serialize};

use crate::{Mask, VideoError, VideoInfo};

/// How a video is cut into clips.
///
/// A clip is `frames_per_clip` successive samples; the next one starts `stride_frames` samples later, so clips overlap
/// when the stride is shorter than the clip and leave gaps when it is longer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecodePlan {
    /// Frames taken from each second of video, 0.01 to 240.
    pub sample_rate_hz: f64,
    /// Frames in each clip, at least 1.
    pub frames_per_clip: usize,
    /// Frames from the start of one clip to the start of the next, at least 1.
    pub stride_frames: usize,
    /// Size of the frames.
    pub frame_size: FrameSize,
    /// What must not be seen.
    #[serde(default)]
    pub mask: Mask,
    /// Width in pixels of a thumbnail with each clip; no thumbnails without it. Frames are not enlarged for it.
    #[serde(default)]
    pub thumbnail_width: Option<u32>,
}

/// The size of decoded frames, upright. Sides are even, from 16 to 4096 pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FrameSize {
    /// This size, whatever the video's shape: the picture is stretched.
    Exact {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The shorter side has this length, the other follows the shape in which the video is shown.
    ShortSide(u32),
}

/// Clips larger than this are a mistake in the plan: 64 frames of 1080p are 400 MB.
const MOST_CLIP_BYTES: usize = 1 << 30;
const SIDE: std::ops::RangeInclusive<u32> = 16..=4096;

impl DecodePlan {
    /// Width and height of the frames that this plan makes of a video.
    ///
    /// # Errors
    /// [`VideoError::InvalidPlan`], naming the field.
    pub fn output_size(&self, info: &VideoInfo) -> Result<(u32, u32), VideoError> {
        let (width, height) = match self.frame_size {
            FrameSize::Exact { width, height } => (width, height),
            FrameSize::ShortSide(short) => {
                let aspect = info.display_aspect();
                let long = |ratio: f64| ((f64::from(short) * ratio / 2.0).round() * 2.0) as u32;
                if aspect >= 1.0 {
                    (long(aspect), short)
                } else {
                    (short, long(1.0 / aspect))
                }
            }
        };
        for side in [width, height] {
            if !SIDE.contains(&side) || side % 2 != 0 {
                return Err(invalid(
                    "frame_size",
                    format!(
                        "makes frames of {width}x{height}: each side must be even, from {} to {}",
                        SIDE.start(),
                        SIDE.end()
                    ),
                ));
            }
        }
        let bytes = (width as usize * height as usize * 3).saturating_mul(self.frames_per_clip);
        if bytes > MOST_CLIP_BYTES {
            return Err(invalid(
                "frames_per_clip",
                format!("makes clips of {bytes} bytes: at most {MOST_CLIP_BYTES}"),
            ));
        }
        Ok((width, height))
    }

    /// The ffmpeg filters of this plan: sample by presentation time, then scale, turn upright and convert, so that
    /// only sampled frames are touched and only at the small size.
    ///
    /// `round=up` makes sample `n` the last frame whose time is not later than `n / rate`, as a player shows it.
    ///
    /// # Errors
    /// As [`output_size`](Self::output_size).
    pub fn filters(&self, info: &VideoInfo) -> Result<String, VideoError> {
        let (mut width, mut height) = self.output_size(info)?;
        if info.orientation.swaps_axes() {
            std::mem::swap(&mut width, &mut height);
        }
        Ok(format!(
            "setpts=PTS-STARTPTS,fps=fps={rate}:round=up,scale=w={width}:h={height}:flags=bilinear+full_chroma_int+accurate_rnd{turn},format=rgb24",
            rate = self.sample_rate_hz,
            turn = info.orientation.filters(),
        ))
    }

    pub(crate) fn check(&self) -> Result<(), VideoError> {
        if !(0.01..=240.0).contains(&self.sample_rate_hz) {
            return Err(invalid(
                "sample_rate_hz",
                format!("is {}: it must be from 0.01 to 240", self.sample_rate_hz),
            ));
        }
        for (field, value) in [
            ("frames_per_clip", self.frames_per_clip),
            ("stride_frames", self.stride_frames),
        ] {
            if value == 0 {
                return Err(invalid(field, "is 0: it must be at least 1".into()));
            }
        }
        if self
            .thumbnail_width
            .is_some_and(|width| width < *SIDE.start())
        {
            return Err(invalid(
                "thumbnail_width",
                format!("is too small: it must be at least {}", SIDE.start()),
            ));
        }
        Ok(())
    }
}

fn invalid(field: &'static str, reason: String) -> VideoError {
    VideoError::InvalidPlan { field, reason }
}
