//! Videos in, clips out: probe, quality gate, decoding at a fixed sampling rate, privacy mask.
//!
//! Decoding is done by ffmpeg as a guarded subprocess, because a video comes from a stranger and decoders are where
//! strangers get in. The caller hands over an already open [`File`](std::fs::File), never a path or an address:
//!
//! 1. our own code names the container from its first bytes and checks that its data are all there (`container.rs`);
//! 2. [`probe`] asks ffprobe about it and refuses what is not allowed, by name ([`VideoError`]);
//! 3. [`Decoder`] streams the sampled frames through a ring of one clip, masks each ([`Mask`]) before anything else
//!    sees it, and yields [`Clip`]s with quality flags and, on request, a thumbnail.
//!
//! Memory is bounded by one clip however long the video. Everything blocks: call it from a thread that may block.
//!
//! # Times
//!
//! Second 0 is the first presented frame: after edit lists, a non-zero start or an audio track that starts earlier.
//! Sample `n` is the frame which a player shows at second `n / sample_rate_hz`, that is the last frame whose
//! presentation time is not later. A frame that stays on screen is sampled again; frames between samples are skipped.
//!
//! # What holds the subprocess
//!
//! ffmpeg gets the file as its standard input and opens it as `/proc/self/fd/0`, so the process may be handed any
//! regular file that it may itself read (an unlinked temporary file will do). The demuxer is forced to the one
//! container that was recognised, decoders come from a list, `file` is the only protocol; of the environment nothing is
//! passed on (an ffmpeg that needs `LD_LIBRARY_PATH` will not start); address space, CPU time, file size (0) and open files are limited; no new privileges, no sockets (seccomp), and
//! where the kernel has Landlock nothing can be opened but the video and the system's libraries. The child dies with
//! its owner, on cancellation and on its wall-clock limit.

mod clip;
mod container;
mod decode;
mod error;
mod ffmpeg;
mod guard;
mod limits;
mod mask;
mod orientation;
mod plan;
mod probe;
mod quality;
mod sandbox;
mod thumbnail;

pub use clip::Clip;
pub use decode::{CancelToken, Decoder};
pub use error::{Clock, Fault, VideoError};
pub use ffmpeg::{Ffmpeg, Version};
pub use limits::Limits;
pub use mask::{Mask, MaskRegion, MaskStyle};
pub use orientation::Orientation;
pub use plan::{DecodePlan, FrameSize};
pub use probe::{VideoInfo, probe};
pub use quality::Quality;
