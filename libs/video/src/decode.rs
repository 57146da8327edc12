//! Streams a video's sampled frames out of ffmpeg and cuts them into clips.

use std::{
    ffi::OsString,
    fs::File,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    Clip, DecodePlan, Ffmpeg, Limits, VideoError, VideoInfo,
    clip::Assembler,
    guard::{Budget, Guarded},
    probe::{Inspected, input_arguments, inspect, name_cause, video_decoders},
};

/// Says that an answer is no longer wanted. Clones share one state; it cannot be taken back.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Asks whoever holds a clone to stop; a decoder that waits for ffmpeg notices within 50 ms.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether [`cancel`](Self::cancel) was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The clips of one video, decoded as they are asked for.
///
/// An error ends the iteration: nothing comes after it. Two errors come only after all clips, since only then they are
/// known: [`VideoError::Truncated`], when the pictures end well before the declared length, and
/// [`VideoError::TooFewClips`]. So clips count only once the iterator has ended without an error.
///
/// **The end of the video**: when the samples after the last regular clip make up at least half a stride (or half a
/// clip, if that is shorter), one more clip is made of the video's last `frames_per_clip` samples; it overlaps its
/// predecessor by more than the plan says. A shorter rest is dropped. A video shorter than one clip gives none.
///
/// ffmpeg decodes ahead by the megabyte that fits into a pipe, and is killed when the decoder is dropped.
#[derive(Debug)]
pub struct Decoder {
    inspected: Inspected,
    limits: Limits,
    assembler: Assembler,
    /// `None` once the iteration has ended.
    process: Option<Guarded>,
    /// What comes after the last clip.
    verdict: Option<VideoError>,
}

impl Decoder {
    /// Probes the video, refuses it or starts decoding it. What [`probe`](crate::probe) says of `file` holds here.
    pub fn open(
        ffmpeg: &Ffmpeg,
        file: &File,
        plan: &DecodePlan,
        limits: &Limits,
        cancel: CancelToken,
    ) -> Result<Self, VideoError> {
        plan.check()?;
        let inspected = inspect(ffmpeg, file, limits, &cancel)?;
        let size = plan.output_size(&inspected.info)?;
        let assembler = Assembler::new(plan, size)?;
        let arguments = arguments(&inspected, plan, limits)?;
        let seconds = inspected.info.duration_seconds;
        let budget = Budget {
            wall_seconds: limits.wall_seconds(seconds),
            cpu_seconds: limits.cpu_seconds(seconds),
            memory_bytes: limits.memory_bytes,
            landlock: ffmpeg.landlock(),
        };
        tracing::debug!(info = ?inspected.info, ?arguments, "decoding");
        let process = Guarded::spawn(ffmpeg.ffmpeg_path(), arguments, Some(file), budget, cancel)?;
        Ok(Self {
            inspected,
            limits: limits.clone(),
            assembler,
            process: Some(process),
            verdict: None,
        })
    }

    /// What the video says of itself.
    pub fn info(&self) -> &VideoInfo {
        &self.inspected.info
    }

    /// Seconds of video decoded so far, for progress.
    pub fn decoded_seconds(&self) -> f64 {
        self.assembler.seconds()
    }

    /// Reads frames until they make a clip or the video ends; at the end, gives the last clip if there is one.
    fn advance(&mut self) -> Result<Option<Clip>, VideoError> {
        while let Some(process) = &mut self.process {
            self.limits.check_duration(self.assembler.seconds())?;
            let mut frame = self.assembler.buffer();
            let read = process.fill(&mut frame)?;
            if read < frame.len() {
                let ended = process
                    .finish()
                    .and_then(|()| self.assembler.check_frames(read));
                ended.map_err(|error| name_cause(error, process, &self.limits))?;
                self.process = None;
                let last = self.assembler.finish()?;
                self.verdict = self.judge().err();
                return Ok(last);
            }
            if let Some(clip) = self.assembler.push(frame)? {
                return Ok(Some(clip));
            }
        }
        Ok(None)
    }

    /// Whether the video as a whole was good, once ffmpeg has ended well.
    fn judge(&self) -> Result<(), VideoError> {
        let decoded = self.assembler.seconds();
        if let Some(promised) = self.inspected.promised_seconds
            && promised - decoded > (promised * MISSING_SHARE).max(MISSING_SECONDS)
        {
            let detail =
                format!("it declares {promised:.1} s and its pictures end at {decoded:.1} s");
            return Err(VideoError::Truncated { detail });
        }
        let (found, needed) = (self.assembler.clips_made(), self.limits.min_clips);
        if found < needed {
            return Err(VideoError::TooFewClips { found, needed });
        }
        Ok(())
    }
}

/// How much of the declared length may be missing: containers round, and some count sound that outlasts the picture.
const MISSING_SHARE: f64 = 0.05;
const MISSING_SECONDS: f64 = 2.0;

impl Iterator for Decoder {
    type Item = Result<Clip, VideoError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.advance() {
            Ok(Some(clip)) => Some(Ok(clip)),
            Ok(None) => self.verdict.take().map(Err),
            Err(error) => {
                self.process = None;
                Some(Err(error))
            }
        }
    }
}

impl std::iter::FusedIterator for Decoder {}

fn arguments(
    inspected: &Inspected,
    plan: &DecodePlan,
    limits: &Limits,
) -> Result<Vec<OsString>, VideoError> {
    let track = format!("0:{}", inspected.stream);
    let filters = plan.filters(&inspected.info)?;
    let threads = limits.threads().to_string();
    // The filters turn the picture after scaling it; and a picture that changes its size is scaled on, where a new
    // filter graph would start the clock again.
    let decoding = ["-threads", &threads, "-noautorotate", "-reinit_filter", "0"];
    let output = [
        "-map",
        &track,
        "-an",
        "-sn",
        "-dn",
        "-filter_threads",
        "1",
        "-vf",
        &filters,
        "-fps_mode",
        "passthrough",
        "-c:v",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-f",
        "rawvideo",
        "pipe:1",
    ];
    let mut arguments: Vec<OsString> =
        ["-hide_banner", "-nostdin", "-nostats", "-loglevel", "error"]
            .map(OsString::from)
            .to_vec();
    arguments.extend(decoding.map(OsString::from));
    arguments.extend(input_arguments(
        inspected.container,
        &video_decoders(),
        limits,
    ));
    arguments.extend(output.map(OsString::from));
    Ok(arguments)
}
