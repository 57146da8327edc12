//! What a video says of itself, and the refusals that follow from that alone.

mod answer;

use std::{ffi::OsString, fs::File, os::fd::AsRawFd};

use serde::{Deserialize, Serialize};

use self::answer::{Answer, Stream, positive, ratio};
use crate::{
    CancelToken, Ffmpeg, Limits, Orientation, VideoError,
    container::Container,
    guard::{Budget, Complaint, Guarded, INPUT_ADDRESS},
};

/// What a video says of itself. Decoding may find out otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VideoInfo {
    /// The container in words, such as `MP4/QuickTime`.
    pub container: String,
    /// FFmpeg's name of the codec, such as `h264`.
    pub codec: String,
    /// Width as shown: upright, but not yet corrected by `pixel_aspect`.
    pub width: u32,
    /// Height as shown.
    pub height: u32,
    /// Width of a pixel of the upright picture divided by its height; 1 for square pixels.
    pub pixel_aspect: f64,
    /// How the coded picture is turned to stand upright.
    pub orientation: Orientation,
    /// Average frames a second, if known.
    pub frame_rate_hz: Option<f64>,
    /// Length of the video track in seconds, if declared.
    pub duration_seconds: Option<f64>,
    /// Number of frames, if declared.
    pub frame_count: Option<u64>,
    /// First time stamp of the video track on the container's own clock. [`Clip`](crate::Clip)s count from 0.
    pub start_seconds: f64,
    /// Size of the file.
    pub bytes: u64,
}

impl VideoInfo {
    /// Width divided by height as a player shows the video.
    pub fn display_aspect(&self) -> f64 {
        f64::from(self.width) * self.pixel_aspect / f64::from(self.height)
    }
}

/// Looks at a video without decoding it, and refuses what [`Limits`] and the lists of containers and codecs forbid.
///
/// `file` must be a regular file that this process may open again; its read position is neither used nor changed.
/// Blocks for some tens of milliseconds.
pub fn probe(ffmpeg: &Ffmpeg, file: &File, limits: &Limits) -> Result<VideoInfo, VideoError> {
    Ok(inspect(ffmpeg, file, limits, &CancelToken::default())?.info)
}

/// A probed video, with what the decoder needs to know beyond what callers do.
#[derive(Debug)]
pub(crate) struct Inspected {
    pub info: VideoInfo,
    pub container: Container,
    /// Index of the track to decode among all of the container's.
    pub stream: u32,
    /// A length that decoding must reach, or the video is cut off; `None` if nothing reliable is declared.
    pub promised_seconds: Option<f64>,
}

pub(crate) fn inspect(
    ffmpeg: &Ffmpeg,
    file: &File,
    limits: &Limits,
    cancel: &CancelToken,
) -> Result<Inspected, VideoError> {
    let metadata = file
        .metadata()
        .map_err(VideoError::io("look at the video"))?;
    if !metadata.is_file() {
        let source =
            std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is not a regular file");
        return Err(VideoError::Io {
            action: "read the video",
            source,
        });
    }
    limits.check_bytes(metadata.len())?;
    check_reopens(file)?;
    let container = Container::identify(file, metadata.len())?;
    let (answer, process) = ask(ffmpeg, file, container, limits, cancel)?;
    let stream = answer.choose_video().ok_or(VideoError::NoVideoStream {
        container: container.name(),
    })?;
    let inspected = describe(container, &answer, stream, metadata.len())
        .map_err(|error| name_cause(error, &process, limits))?;
    check(&inspected.info, stream, limits)?;
    Ok(inspected)
}

/// ffmpeg will open the file anew. Where that is not allowed, the machine is at fault, and ffmpeg would blame the video.
fn check_reopens(file: &File) -> Result<(), VideoError> {
    let again = File::open(format!("/proc/self/fd/{}", file.as_raw_fd()));
    again
        .map(drop)
        .map_err(VideoError::io("open the video again through /proc"))
}

/// Arguments before the input that make ffmpeg and ffprobe open `input`, as this container, with these decoders, and
/// nothing else. Both programs take them.
pub(crate) fn input_arguments(
    container: Container,
    decoders: &[&str],
    limits: &Limits,
) -> Vec<OsString> {
    let demuxer = container.demuxer();
    let (decoders, pixels) = (decoders.join(","), limits.pixels.to_string());
    let mut arguments = vec![
        "-protocol_whitelist",
        "file",
        "-format_whitelist",
        demuxer,
        "-f",
        demuxer,
    ];
    arguments.extend(["-codec_whitelist", &decoders, "-max_pixels", &pixels]);
    if container == Container::IsoMedia {
        // A QuickTime data reference can name another file.
        arguments.extend(["-enable_drefs", "0", "-use_absolute_path", "0"]);
    }
    arguments.extend(["-i", INPUT_ADDRESS]);
    arguments.into_iter().map(OsString::from).collect()
}

/// The decoders that ffmpeg may use on a video.
pub(crate) fn video_decoders() -> Vec<&'static str> {
    CODECS
        .iter()
        .flat_map(|(_, decoders)| *decoders)
        .copied()
        .collect()
}

/// Codecs that are accepted, and FFmpeg's decoders for each.
const CODECS: [(&str, &[&str]); 13] = [
    ("h264", &["h264"]),
    ("hevc", &["hevc"]),
    ("vp8", &["vp8", "libvpx"]),
    ("vp9", &["vp9", "libvpx-vp9"]),
    ("av1", &["libdav1d", "libaom-av1", "av1"]),
    ("mpeg4", &["mpeg4"]),
    ("mpeg2video", &["mpeg2video"]),
    ("mpeg1video", &["mpeg1video"]),
    ("mjpeg", &["mjpeg"]),
    ("prores", &["prores"]),
    ("theora", &["theora"]),
    ("flv1", &["flv"]),
    ("h263", &["h263"]),
];

/// What else ffprobe may open: it opens a decoder for every track and gives up at the first that it may not, so these
/// are the sound, subtitle and cover tracks that recordings come with. Decoding never touches them.
const COMPANION_DECODERS: [&str; 39] = [
    "aac",
    "aac_latm",
    "ac3",
    "eac3",
    "dca",
    "truehd",
    "mp2",
    "mp2float",
    "mp3",
    "mp3float",
    "mp1",
    "mp1float",
    "opus",
    "libopus",
    "vorbis",
    "libvorbis",
    "flac",
    "alac",
    "amrnb",
    "amrwb",
    "pcm_s16le",
    "pcm_s16be",
    "pcm_s24le",
    "pcm_s24be",
    "pcm_s32le",
    "pcm_f32le",
    "pcm_u8",
    "pcm_alaw",
    "pcm_mulaw",
    "adpcm_ms",
    "adpcm_ima_wav",
    "adpcm_ima_qt",
    "speex",
    "mov_text",
    "subrip",
    "ass",
    "ssa",
    "webvtt",
    "png",
];

/// Enough for some hundred tracks; more is an attack on whoever reads the answer.
const MOST_ANSWER_BYTES: usize = 1 << 20;

/// ffprobe's answer, and the process, which has ended, for its complaints.
fn ask(
    ffmpeg: &Ffmpeg,
    file: &File,
    container: Container,
    limits: &Limits,
    cancel: &CancelToken,
) -> Result<(Answer, Guarded), VideoError> {
    let entries = "format=start_time,duration:stream=index,codec_type,codec_name,width,height,sample_aspect_ratio,\
                   avg_frame_rate,start_time,duration,nb_frames:stream_tags=DURATION:\
                   stream_disposition=default,attached_pic:stream_side_data_list";
    let mut arguments: Vec<OsString> = ["-hide_banner", "-loglevel", "error", "-threads", "1"]
        .map(OsString::from)
        .to_vec();
    arguments.extend(["-of", "json", "-show_entries", entries].map(OsString::from));
    let decoders = [&video_decoders()[..], &COMPANION_DECODERS].concat();
    arguments.extend(input_arguments(container, &decoders, limits));
    let budget = Budget {
        wall_seconds: limits.probe_seconds,
        cpu_seconds: limits.probe_seconds,
        memory_bytes: limits.memory_bytes,
        landlock: ffmpeg.landlock(),
    };
    let mut process = Guarded::spawn(
        ffmpeg.ffprobe_path(),
        arguments,
        Some(file),
        budget,
        cancel.clone(),
    )?;
    let output = process.read_all(MOST_ANSWER_BYTES)?;
    process
        .finish()
        .map_err(|error| name_cause(error, &process, limits))?;
    match serde_json::from_slice(&output) {
        Ok(answer) => Ok((answer, process)),
        Err(error) => {
            tracing::debug!(%error, "ffprobe's answer");
            Err(VideoError::Corrupt)
        }
    }
}

/// A video found corrupt, with the cause that the subprocess's complaint gives away.
pub(crate) fn name_cause(error: VideoError, process: &Guarded, limits: &Limits) -> VideoError {
    match (error, process.complaint()) {
        (VideoError::Corrupt, Some(Complaint::Codec(codec))) => {
            VideoError::CodecNotAllowed { codec }
        }
        (VideoError::Corrupt, Some(Complaint::Picture(width, height))) => limits
            .check_dimensions(width, height)
            .err()
            .unwrap_or(VideoError::Corrupt),
        (error, _) => error,
    }
}

fn describe(
    container: Container,
    answer: &Answer,
    stream: &Stream,
    bytes: u64,
) -> Result<Inspected, VideoError> {
    let (Some(coded_width @ 1..), Some(coded_height @ 1..)) = (stream.width, stream.height) else {
        // The codec is named even when its pictures could not be looked at.
        let codec = stream.codec_name.as_deref().unwrap_or("unknown");
        return Err(if is_accepted(codec) {
            VideoError::Corrupt
        } else {
            not_allowed(codec)
        });
    };
    let orientation = stream.orientation();
    let pixel_aspect = stream
        .sample_aspect_ratio
        .as_deref()
        .and_then(|text| ratio(text, ':'))
        .unwrap_or(1.0);
    let (width, height, pixel_aspect) = if orientation.swaps_axes() {
        (coded_height, coded_width, 1.0 / pixel_aspect)
    } else {
        (coded_width, coded_height, pixel_aspect)
    };
    let whole = positive(answer.format.duration.as_deref());
    let own = stream.own_duration();
    // The whole may last longer than the picture only if there is something else in it, and the track longer than
    // the whole only where an edit list hides a part of it.
    let promised_seconds = match (own, whole) {
        (Some(own), Some(whole)) => Some(own.min(whole)),
        (Some(own), None) => Some(own),
        (None, Some(whole)) if answer.streams.len() == 1 => stream.since_start(whole),
        (None, _) => None,
    };
    let info = VideoInfo {
        container: container.name().to_owned(),
        codec: stream
            .codec_name
            .clone()
            .unwrap_or_else(|| "unknown".into()),
        width,
        height,
        pixel_aspect,
        orientation,
        frame_rate_hz: stream
            .avg_frame_rate
            .as_deref()
            .and_then(|text| ratio(text, '/')),
        duration_seconds: promised_seconds.or(whole),
        frame_count: stream
            .nb_frames
            .as_deref()
            .and_then(|text| text.parse().ok())
            .filter(|count| *count > 0),
        start_seconds: stream.start_seconds(),
        bytes,
    };
    Ok(Inspected {
        info,
        container,
        stream: stream.index,
        promised_seconds,
    })
}

fn check(info: &VideoInfo, stream: &Stream, limits: &Limits) -> Result<(), VideoError> {
    if !is_accepted(&info.codec) {
        return Err(not_allowed(&info.codec));
    }
    limits.check_dimensions(stream.width.unwrap_or(0), stream.height.unwrap_or(0))?;
    if let Some(rate) = info.frame_rate_hz {
        limits.check_frame_rate(rate)?;
    }
    info.duration_seconds
        .map_or(Ok(()), |seconds| limits.check_duration(seconds))
}

fn is_accepted(codec: &str) -> bool {
    CODECS.iter().any(|(accepted, _)| *accepted == codec)
}

fn not_allowed(codec: &str) -> VideoError {
    VideoError::CodecNotAllowed {
        codec: codec.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(json: &str) -> Answer {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn shapes_and_lengths_are_those_of_the_upright_picture() {
        let matrix = "\\n00000000: 0 65536 0\\n00000001: -65536 0 0\\n00000002: 0 0 1073741824\\n";
        let json = format!(
            r#"{{"format":{{"duration":"9.5"}},"streams":[{{"index":0,"codec_type":"video","codec_name":"h264",
            "width":720,"height":576,"sample_aspect_ratio":"16:11","avg_frame_rate":"25/1","duration":"10.0",
            "nb_frames":"250","start_time":"1.4","side_data_list":[{{"displaymatrix":"{matrix}"}}]}}]}}"#
        );
        let answer = answer(&json);
        let found = describe(Container::IsoMedia, &answer, &answer.streams[0], 1000).unwrap();
        assert_eq!((found.info.width, found.info.height), (576, 720));
        assert!((found.info.display_aspect() - 576.0 / (720.0 * 16.0 / 11.0)).abs() < 1e-9);
        assert_eq!(found.info.duration_seconds, Some(9.5));
        assert_eq!(found.promised_seconds, Some(9.5));
        assert_eq!(found.info.frame_count, Some(250));
        assert_eq!(found.info.orientation.rotation_degrees, 90);
    }
}
