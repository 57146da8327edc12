//! Why a video was refused, or why the machine could not look at it.

use std::path::PathBuf;

/// Everything that can go wrong between an open file and its clips.
///
/// Messages are one line, say what is wrong and what to do, and hold nothing that the video's author wrote: ffmpeg's
/// own words go to the log (`tracing`, level debug) and nowhere else.
#[derive(Debug, thiserror::Error)]
pub enum VideoError {
    /// The file has no bytes.
    #[error("the file is empty: upload the video again")]
    Empty,
    /// The bytes are of no video container that we know.
    #[error("the file is not a video: upload an MP4, MOV, WebM, MKV, AVI, MPEG, FLV or Ogg video")]
    NotAVideo,
    /// The container is known, and not accepted: playlists, scripts, and formats nobody should send.
    #[error("{container} is not accepted: convert the video to MP4 (H.264) and upload that")]
    ContainerNotAllowed {
        /// What the file is, in words.
        container: &'static str,
    },
    /// The file holds sound or data but no moving picture.
    #[error("the file ({container}) has no video track: upload a recording with a picture")]
    NoVideoStream {
        /// What the file is, in words.
        container: &'static str,
    },
    /// The picture, or a track beside it, is coded in a way that is not on the list.
    #[error(
        "codec '{codec}' is not accepted: convert the video to MP4 with H.264 and AAC and upload that"
    )]
    CodecNotAllowed {
        /// FFmpeg's name of the codec or of its decoder.
        codec: String,
    },
    /// The beginning is there and the end is not.
    #[error("the video is cut off ({detail}): upload the complete file")]
    Truncated {
        /// What is missing, in our own words.
        detail: String,
    },
    /// The container is right but its pictures cannot be decoded.
    #[error("the video's data are damaged and cannot be decoded: export or record it again")]
    Corrupt,
    /// The picture is larger than allowed.
    #[error(
        "the picture is {width}x{height}, the limit is {max_width}x{max_height} and {max_pixels} pixels: scale the video down"
    )]
    Dimensions {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// [`Limits::width`](crate::Limits::width).
        max_width: u32,
        /// [`Limits::height`](crate::Limits::height).
        max_height: u32,
        /// [`Limits::pixels`](crate::Limits::pixels).
        max_pixels: u64,
    },
    /// More frames a second than allowed.
    #[error(
        "the video has {found:.0} frames a second, the limit is {limit:.0}: convert it to 60 or fewer"
    )]
    FrameRate {
        /// Average frames a second.
        found: f64,
        /// [`Limits::frame_rate_hz`](crate::Limits::frame_rate_hz).
        limit: f64,
    },
    /// The video is longer than allowed.
    #[error(
        "the video lasts at least {seconds:.0} s, the limit is {limit:.0} s: cut it into parts"
    )]
    Duration {
        /// Declared duration, or what was decoded when the limit was reached.
        seconds: f64,
        /// [`Limits::duration_seconds`](crate::Limits::duration_seconds).
        limit: f64,
    },
    /// The file is larger than allowed.
    #[error(
        "the file has {bytes} bytes, the limit is {limit}: compress the video or cut it into parts"
    )]
    Size {
        /// Size of the file.
        bytes: u64,
        /// [`Limits::bytes`](crate::Limits::bytes).
        limit: u64,
    },
    /// The video is too short for the procedure to be seen.
    #[error(
        "the video gives {found} clips, at least {needed} are needed: record the whole procedure"
    )]
    TooFewClips {
        /// Clips that the video gave.
        found: u32,
        /// [`Limits::min_clips`](crate::Limits::min_clips).
        needed: u32,
    },
    /// Decoding took longer than allowed.
    #[error(
        "decoding took more than {seconds:.0} s of {clock} time: convert the video to H.264 at 1080p or below, or try later"
    )]
    TimeLimit {
        /// Which clock ran out.
        clock: Clock,
        /// The limit for this video.
        seconds: f64,
    },
    /// Decoding needed more memory than allowed.
    #[error("decoding needs more than {bytes} bytes of memory: scale the video down to 1080p")]
    MemoryLimit {
        /// [`Limits::memory_bytes`](crate::Limits::memory_bytes).
        bytes: u64,
    },
    /// The description of the video is absurdly long, as in a file with thousands of tracks.
    #[error(
        "the video's description is longer than {bytes} bytes: export the video again with one picture and one sound track"
    )]
    OutputLimit {
        /// The limit.
        bytes: u64,
    },
    /// The caller's [`CancelToken`](crate::CancelToken) was set.
    #[error("decoding was cancelled")]
    Cancelled,
    /// ffmpeg or ffprobe was not found.
    #[error(
        "{program} was not found in {searched}: install ffmpeg (5.1 or later) or configure its path"
    )]
    FfmpegMissing {
        /// `ffmpeg` or `ffprobe`.
        program: &'static str,
        /// Where it was sought.
        searched: String,
    },
    /// ffmpeg is older than 5.1.
    #[error("{path} is ffmpeg {found}: install ffmpeg 5.1 or later", path = path.display())]
    FfmpegTooOld {
        /// The program that was asked.
        path: PathBuf,
        /// What it said of itself.
        found: String,
    },
    /// ffmpeg does not run on this machine, or was killed by it.
    #[error("ffmpeg failed ({detail}): check the installation and the machine's free memory")]
    FfmpegFailed {
        /// How it ended, in our own words.
        detail: String,
    },
    /// The plan cannot be carried out with any video, or not with this one.
    #[error("decode plan: {field} {reason}")]
    InvalidPlan {
        /// The plan's field.
        field: &'static str,
        /// What is wrong with it and what would be right.
        reason: String,
    },
    /// A mask region is not a rectangle inside the picture.
    #[error("mask region {index}: {reason}")]
    InvalidMask {
        /// Place of the region in the list, from 0.
        index: usize,
        /// What is wrong with it and what would be right.
        reason: String,
    },
    /// The operating system refused something.
    #[error("could not {action}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The two clocks that limit a decoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// Time that the caller spent waiting for ffmpeg.
    Wall,
    /// Processor time of the subprocess, over all its threads.
    Cpu,
}

impl std::fmt::Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Wall => "wall-clock",
            Self::Cpu => "processor",
        })
    }
}

/// Whose fault an error is, and so whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The video is refused: no machine will accept it. Permanent.
    Video,
    /// The caller asked for what cannot be done. Permanent.
    Request,
    /// This machine, now: another, or a later attempt, may succeed. Transient.
    Machine,
    /// Nobody's: the caller no longer wants the answer.
    Cancelled,
}

impl VideoError {
    /// Whose fault this is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Empty
            | Self::NotAVideo
            | Self::ContainerNotAllowed { .. }
            | Self::NoVideoStream { .. }
            | Self::CodecNotAllowed { .. }
            | Self::Truncated { .. }
            | Self::Corrupt
            | Self::Dimensions { .. }
            | Self::FrameRate { .. }
            | Self::Duration { .. }
            | Self::Size { .. }
            | Self::TooFewClips { .. }
            | Self::MemoryLimit { .. }
            | Self::OutputLimit { .. } => Fault::Video,
            Self::InvalidPlan { .. } | Self::InvalidMask { .. } => Fault::Request,
            Self::TimeLimit { clock, .. } => match clock {
                Clock::Cpu => Fault::Video,
                // A busy machine makes every video slow.
                Clock::Wall => Fault::Machine,
            },
            Self::FfmpegMissing { .. }
            | Self::FfmpegTooOld { .. }
            | Self::FfmpegFailed { .. }
            | Self::Io { .. } => Fault::Machine,
            Self::Cancelled => Fault::Cancelled,
        }
    }

    /// True when the same request will fail again on any machine.
    pub fn is_permanent(&self) -> bool {
        match self.fault() {
            Fault::Video | Fault::Request => true,
            Fault::Machine | Fault::Cancelled => false,
        }
    }

    /// For `map_err`: names what was tried.
    pub(crate) fn io(action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { action, source }
    }
}
