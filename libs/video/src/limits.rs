//! What a video may cost before it is refused.

use serde::{Deserialize, Serialize};

use crate::VideoError;

/// Limits on one video and on the subprocess that decodes it.
///
/// The defaults accept a four-hour recording of a phone or an action camera and refuse what could only be an attack
/// or a mistake.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Size of the file. Default 8 GiB: four hours at 4.7 Mbit/s, or two at twice that.
    pub bytes: u64,
    /// Length in seconds. Default 4 h, half a shift.
    pub duration_seconds: f64,
    /// Width of the coded picture. Default 8192.
    pub width: u32,
    /// Height of the coded picture. Default 8192.
    pub height: u32,
    /// Width × height of the coded picture. Default 8192 × 4320, which is 8K.
    pub pixels: u64,
    /// Average frames a second. Default 240, the slow motion of phones.
    pub frame_rate_hz: f64,
    /// Fewest clips that make a usable video. Default 1.
    pub min_clips: u32,
    /// Seconds that ffprobe may take, on either clock. Default 30.
    pub probe_seconds: f64,
    /// Seconds spent waiting for ffmpeg, whatever the length. Default 120. The time between two calls of
    /// [`Decoder::next`](crate::Decoder) does not count: a slow consumer is not the video's fault.
    pub wall_floor_seconds: f64,
    /// Seconds spent waiting for ffmpeg for each second of video, on top of the floor. Default 4: a video that decodes
    /// slower than a quarter of its own speed needs to be converted first.
    pub wall_seconds_per_video_second: f64,
    /// Processor seconds of the subprocess, whatever the length. Default 120.
    pub cpu_floor_seconds: f64,
    /// Processor seconds for each second of video, on top of the floor. Default 16: 8K at 60 Hz on eight threads.
    pub cpu_seconds_per_video_second: f64,
    /// Address space of the subprocess. Default 4 GiB: 8K HEVC at 10 bits on eight decoder threads takes 2.3 GiB with
    /// four reference frames, and a stream may ask for more of them.
    pub memory_bytes: u64,
    /// Decoder threads; 0, the default, is one for each available processor, at most 8 (memory grows with each).
    pub decoder_threads: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 8 << 30,
            duration_seconds: 4.0 * 3600.0,
            width: 8192,
            height: 8192,
            pixels: 8192 * 4320,
            frame_rate_hz: 240.0,
            min_clips: 1,
            probe_seconds: 30.0,
            wall_floor_seconds: 120.0,
            wall_seconds_per_video_second: 4.0,
            cpu_floor_seconds: 120.0,
            cpu_seconds_per_video_second: 16.0,
            memory_bytes: 4 << 30,
            decoder_threads: 0,
        }
    }
}

impl Limits {
    /// Decoder threads, with 0 resolved to this machine.
    pub fn threads(&self) -> u32 {
        const MOST: usize = 8;
        match self.decoder_threads {
            0 => std::thread::available_parallelism().map_or(1, |n| n.get().min(MOST) as u32),
            n => n,
        }
    }

    pub(crate) fn wall_seconds(&self, video_seconds: Option<f64>) -> f64 {
        self.wall_floor_seconds + self.length(video_seconds) * self.wall_seconds_per_video_second
    }

    pub(crate) fn cpu_seconds(&self, video_seconds: Option<f64>) -> f64 {
        self.cpu_floor_seconds + self.length(video_seconds) * self.cpu_seconds_per_video_second
    }

    /// A video that does not say how long it is may be as long as allowed.
    fn length(&self, video_seconds: Option<f64>) -> f64 {
        video_seconds
            .unwrap_or(self.duration_seconds)
            .clamp(0.0, self.duration_seconds)
    }

    pub(crate) fn check_bytes(&self, bytes: u64) -> Result<(), VideoError> {
        if bytes > self.bytes {
            return Err(VideoError::Size {
                bytes,
                limit: self.bytes,
            });
        }
        Ok(())
    }

    pub(crate) fn check_dimensions(&self, width: u32, height: u32) -> Result<(), VideoError> {
        let pixels = u64::from(width) * u64::from(height);
        if width > self.width || height > self.height || pixels > self.pixels {
            return Err(VideoError::Dimensions {
                width,
                height,
                max_width: self.width,
                max_height: self.height,
                max_pixels: self.pixels,
            });
        }
        Ok(())
    }

    pub(crate) fn check_frame_rate(&self, found: f64) -> Result<(), VideoError> {
        if found > self.frame_rate_hz {
            return Err(VideoError::FrameRate {
                found,
                limit: self.frame_rate_hz,
            });
        }
        Ok(())
    }

    pub(crate) fn check_duration(&self, seconds: f64) -> Result<(), VideoError> {
        if seconds > self.duration_seconds {
            return Err(VideoError::Duration {
                seconds,
                limit: self.duration_seconds,
            });
        }
        Ok(())
    }
}
