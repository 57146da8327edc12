//! Every way in which a file can be wrong gets its own answer, costs little, and opens nothing but the file.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

mod fixture;

use std::{
    fs::File,
    io::{ErrorKind, Write},
    net::TcpListener,
    path::Path,
};

use fixture::{Studio, find, single_frames};
use sopilot_video::{
    CancelToken, Clock, DecodePlan, Decoder, Fault, Limits, Mask, MaskRegion, MaskStyle,
    VideoError, probe,
};

const SOURCE: &str = "-f lavfi -i testsrc2=size=320x240:rate=10:duration=6";
const H264: &str = "-c:v libx264 -preset ultrafast -g 10";

fn video(studio: &Studio, name: &str) -> std::path::PathBuf {
    studio.make(&format!("{SOURCE} {H264}"), name)
}

fn limited(studio: &Studio, path: &Path, limits: &Limits) -> VideoError {
    studio
        .clips(path, &single_frames(4.0), limits)
        .map(|clips| clips.len())
        .unwrap_err()
}

#[test]
fn what_is_no_video_is_told_apart() {
    let studio = Studio::new();
    let noise: Vec<u8> = (0..100_000_u32)
        .map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[0])
        .collect();
    assert!(matches!(
        studio.error(&studio.write("empty.mp4", b"")),
        VideoError::Empty
    ));
    assert!(matches!(
        studio.error(&studio.write("text.mp4", b"hello, I am no video")),
        VideoError::NotAVideo
    ));
    assert!(matches!(
        studio.error(&studio.write("noise.mp4", &noise)),
        VideoError::NotAVideo
    ));
    let picture = studio.make("-f lavfi -i testsrc2=duration=1 -frames:v 1", "picture.png");
    assert!(matches!(studio.error(&picture), VideoError::NotAVideo));
    let behind_a_magic_number = [&b"\x1A\x45\xDF\xA3"[..], &noise].concat();
    let error = studio.error(&studio.write("noise.mkv", &behind_a_magic_number));
    assert!(
        matches!(error, VideoError::Corrupt | VideoError::Truncated { .. }),
        "{error:?}"
    );
    assert_eq!(error.fault(), Fault::Video);
}

#[test]
fn a_file_must_be_a_regular_file() {
    let studio = Studio::new();
    let error = probe(
        &studio.ffmpeg,
        &File::open(studio.path("")).unwrap(),
        &Limits::default(),
    )
    .unwrap_err();
    assert!(matches!(error, VideoError::Io { .. }), "{error:?}");
}

#[test]
fn sound_without_a_picture_is_told_apart() {
    let studio = Studio::new();
    for (codec, name) in [
        ("aac", "a.m4a"),
        ("pcm_s16le", "a.wav"),
        ("libmp3lame", "a.mp3"),
        ("libopus", "a.webm"),
    ] {
        let path = studio.make(&format!("-f lavfi -i sine=duration=2 -c:a {codec}"), name);
        let error = studio.error(&path);
        assert!(
            matches!(error, VideoError::NoVideoStream { .. }),
            "{name}: {error:?}"
        );
    }
    let cover = studio.make("-f lavfi -i testsrc2=duration=1 -frames:v 1", "cover.png");
    let sound = studio.make("-f lavfi -i sine=duration=2", "sound.m4a");
    let inputs = format!("-i {} -i {}", sound.display(), cover.display());
    let album = studio.make(
        &format!("{inputs} -map 0 -map 1 -c copy -disposition:v attached_pic"),
        "album.m4a",
    );
    assert!(matches!(
        studio.error(&album),
        VideoError::NoVideoStream { .. }
    ));
}

#[test]
fn codecs_and_containers_come_from_lists() {
    let studio = Studio::new();
    for (codec, name) in [
        ("ffv1", "ffv1.mkv"),
        ("wmv2", "wmv2.avi"),
        ("qtrle", "qtrle.mov"),
    ] {
        let error = studio.error(&studio.make(&format!("{SOURCE} -t 1 -c:v {codec}"), name));
        assert!(
            matches!(&error, VideoError::CodecNotAllowed { codec: found } if found == codec),
            "{error:?}"
        );
        assert!(error.is_permanent());
    }
    for name in ["a.wmv", "a.mxf", "a.y4m", "a.gif", "a.m2v"] {
        let error = studio.error(&studio.make(&format!("{SOURCE} -t 1 -r 25"), name));
        assert!(
            matches!(error, VideoError::ContainerNotAllowed { .. }),
            "{name}: {error:?}"
        );
    }
}

#[test]
fn all_accepted_containers_and_codecs_decode() {
    let studio = Studio::new();
    let sound = "-f lavfi -i sine=duration=2";
    for (codecs, name) in [
        ("-c:v libx264 -c:a aac", "a.mp4"),
        ("-c:v libx265 -x265-params log-level=none -c:a aac", "a.mov"),
        ("-c:v libvpx -deadline realtime -c:a libvorbis", "vp8.webm"),
        (
            "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus",
            "vp9.webm",
        ),
        ("-c:v libsvtav1 -preset 12 -c:a libopus", "av1.mkv"),
        ("-c:v mpeg4 -c:a libmp3lame", "a.avi"),
        ("-c:v mjpeg -c:a pcm_s16le", "b.avi"),
        ("-c:v libx264 -c:a mp2", "a.ts"),
        ("-c:v mpeg2video -c:a mp2", "a.mpg"),
        ("-c:v flv1 -c:a libmp3lame -ar 44100", "a.flv"),
        ("-c:v libtheora -c:a libvorbis", "a.ogv"),
        ("-c:v prores -c:a pcm_s16le", "prores.mov"),
    ] {
        let source = SOURCE.replace("duration=6", "duration=2");
        let path = studio.make(&format!("{source} {sound} {codecs}"), name);
        let info = probe(
            &studio.ffmpeg,
            &File::open(&path).unwrap(),
            &Limits::default(),
        )
        .unwrap();
        assert_eq!((info.width, info.height), (320, 240), "{name}");
        let clips = studio.clips(&path, &single_frames(5.0), &Limits::default());
        let count = clips
            .unwrap_or_else(|error| panic!("{name}: {error}"))
            .len();
        assert!((9..=11).contains(&count), "{name}: {count} clips");
    }
}

#[test]
fn a_playlist_opens_nothing() {
    let studio = Studio::new();
    let target = video(&studio, "target.ts");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("http://{}/x.ts", listener.local_addr().unwrap());
    for target in [
        format!("file:{}", target.display()),
        target.display().to_string(),
        address,
    ] {
        let hls =
            format!("#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\n{target}\n#EXT-X-ENDLIST\n");
        let concat = format!("ffconcat version 1.0\nfile '{target}'\n");
        for (name, content) in [
            ("a.m3u8", &hls),
            ("a.mp4", &hls),
            ("a.ffconcat", &concat),
            ("b.mp4", &concat),
        ] {
            let error = studio.error(&studio.write(name, content.as_bytes()));
            assert!(
                matches!(error, VideoError::ContainerNotAllowed { .. }),
                "{name}: {error:?}"
            );
            assert!(
                !error.to_string().contains("target"),
                "the message repeats what the author wrote"
            );
        }
    }
    // A connection would wait in the listener's queue: all subprocesses have ended.
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

/// A QuickTime file whose picture lies, says its data reference, in another file: `target`, in the same folder.
fn with_external_reference(studio: &Studio, target: &str) -> std::path::PathBuf {
    let plain = std::fs::read(studio.make(&format!("{SOURCE} -t 1 {H264}"), "plain.mov")).unwrap();
    let reference = find(&plain, b"dref") - 4;
    let end = reference
        + u32::from_be_bytes(plain[reference..reference + 4].try_into().unwrap()) as usize;
    let entry = reference + 16;
    let alias = alias_entry(target);
    let growth = alias.len() - (end - entry);
    let mut bytes = [&plain[..entry], &alias, &plain[end..]].concat();
    // The index stands at the end, so only the boxes around the reference grow.
    for kind in [b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"] {
        let at = find(&plain, kind) - 4;
        let size = u32::from_be_bytes(plain[at..at + 4].try_into().unwrap()) + growth as u32;
        bytes[at..at + 4].copy_from_slice(&size.to_be_bytes());
    }
    studio.write("external.mov", &bytes)
}

/// A Macintosh alias record as `mov_read_dref` of FFmpeg reads it: a volume, a folder, and as item of type 2 a path.
fn alias_entry(target: &str) -> Vec<u8> {
    let mut record = vec![0; 10];
    record.extend([0; 28]); // Volume: its length and name.
    record.extend([0; 12]);
    record.extend([0; 64]); // File: its length and name.
    record.extend([0; 16]);
    record.extend([0, 1, 0, 1]); // One level up from both sides: the same folder.
    record.extend([0; 16]);
    record.extend(2_i16.to_be_bytes());
    let path = format!("/x/{target}");
    record.extend((path.len() as u16).to_be_bytes());
    record.extend(path.as_bytes());
    if path.len() % 2 == 1 {
        record.push(0);
    }
    record.extend((-1_i16).to_be_bytes());
    record.resize(record.len().max(160), 0);
    let mut entry = (record.len() as u32 + 12).to_be_bytes().to_vec();
    entry.extend(b"alis");
    entry.extend([0; 4]);
    entry.extend(record);
    entry
}

#[test]
fn a_data_reference_to_another_file_is_not_followed() {
    let studio = Studio::new();
    let path = with_external_reference(&studio, "plain.mov");
    // ffmpeg does follow it where it is allowed to, and finds the same pictures there.
    let decode = |drefs: &str| {
        let mut command = std::process::Command::new(studio.ffmpeg.ffmpeg_path());
        command
            .args([
                "-nostdin",
                "-v",
                "error",
                "-xerror",
                "-enable_drefs",
                drefs,
                "-i",
            ])
            .arg(&path);
        command.args(["-f", "framecrc", "-"]).output().unwrap()
    };
    let followed = decode("1").stdout;
    assert_eq!(
        followed
            .split(|&byte| byte == b'\n')
            .filter(|line| line.starts_with(b"0,"))
            .count(),
        10
    );
    // Not followed, the track has no data.
    let error = studio.error(&path);
    assert!(matches!(error, VideoError::Corrupt), "{error:?}");
}

#[test]
fn a_video_cut_off_is_told_wherever_the_cut_is() {
    let studio = Studio::new();
    for (arguments, name) in [
        (H264.to_owned(), "index_last.mp4"),
        (format!("{H264} -movflags faststart"), "index_first.mp4"),
        (
            format!("{H264} -movflags frag_keyframe+empty_moov"),
            "fragments.mp4",
        ),
        (H264.to_owned(), "a.mkv"),
        ("-c:v mjpeg".to_owned(), "a.avi"),
    ] {
        let whole = std::fs::read(studio.make(&format!("{SOURCE} {arguments}"), name)).unwrap();
        for share in [0.5, 0.95] {
            let cut = &whole[..(whole.len() as f64 * share) as usize];
            let error = studio.error(&studio.write(&format!("cut-{name}"), cut));
            assert!(
                matches!(error, VideoError::Truncated { .. }),
                "{name} at {share}: {error:?}"
            );
            assert!(error.is_permanent());
        }
    }
}

#[test]
fn a_stream_that_ends_before_its_declared_length_is_cut_off() {
    let studio = Studio::new();
    let mut whole = std::fs::read(video(&studio, "a.mkv")).unwrap();
    // A segment of unknown size, as a live recorder writes it, does not tell where the file should end.
    let segment = find(&whole, &[0x18, 0x53, 0x80, 0x67]);
    whole[segment + 4..segment + 12]
        .copy_from_slice(&[0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
    let path = studio.write("half.mkv", &whole[..whole.len() / 2]);
    let results: Vec<_> = studio
        .open(&path, &single_frames(4.0), &Limits::default())
        .unwrap()
        .collect();
    let (last, clips) = results.split_last().unwrap();
    assert!(
        matches!(last, Err(VideoError::Truncated { .. })),
        "{last:?}"
    );
    assert!(
        clips.len() > 4 && clips.iter().all(Result::is_ok),
        "what was there was decoded"
    );
}

/// A VP9 video whose key frames, from this one on, claim to be 20 000 pixels wide and high.
fn boastful(studio: &Studio, from_key_frame: usize) -> std::path::PathBuf {
    let encoder = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 10 -auto-alt-ref 0";
    let mut bytes = std::fs::read(studio.make(&format!("{SOURCE} {encoder}"), "vp9.webm")).unwrap();
    // The uncompressed header of VP9: 8 bits, the sync code, 4 bits of colour, then width and height less one.
    let sync = [0x49, 0x83, 0x42];
    let starts: Vec<usize> = (0..bytes.len() - 8)
        .filter(|&at| bytes[at..at + 3] == sync)
        .collect();
    assert!(starts.len() >= 6);
    let [high, low] = 19_999_u16.to_be_bytes();
    let size = u32::from_be_bytes([high, low, high, low]);
    for at in starts
        .into_iter()
        .skip(from_key_frame)
        .map(|start| start + 3)
    {
        let (first, last) = (u64::from(bytes[at] >> 4), u64::from(bytes[at + 4] & 0x0F));
        let patched = first << 36 | u64::from(size) << 4 | last;
        bytes[at..at + 5].copy_from_slice(&patched.to_be_bytes()[3..]);
    }
    studio.write("boastful.webm", &bytes)
}

#[test]
fn a_huge_picture_is_refused_before_it_is_decoded() {
    let studio = Studio::new();
    let error = studio.error(&boastful(&studio, 0));
    assert!(
        matches!(error, VideoError::Dimensions { width: 20_000, .. }),
        "{error:?}"
    );
    assert_eq!(error.fault(), Fault::Video);
}

#[test]
fn a_picture_that_becomes_huge_costs_nothing() {
    let studio = Studio::new();
    // Far less memory than 20 000 x 20 000 pixels take.
    let limits = Limits {
        memory_bytes: 1 << 30,
        ..Limits::default()
    };
    let result = studio.clips(&boastful(&studio, 2), &single_frames(4.0), &limits);
    match result {
        Ok(clips) => assert!(clips.len() <= 24, "the rest of the video was decoded"),
        Err(error) => assert!(
            !matches!(error, VideoError::MemoryLimit { .. }) && error.is_permanent(),
            "{error:?}"
        ),
    }
}

#[test]
fn each_limit_has_its_refusal() {
    let studio = Studio::new();
    let path = video(&studio, "a.mp4");
    let base = Limits::default();
    let error = limited(
        &studio,
        &path,
        &Limits {
            bytes: 1000,
            ..base.clone()
        },
    );
    assert!(matches!(error, VideoError::Size { limit: 1000, .. }));
    let error = limited(
        &studio,
        &path,
        &Limits {
            width: 300,
            ..base.clone()
        },
    );
    assert!(matches!(
        error,
        VideoError::Dimensions {
            width: 320,
            height: 240,
            ..
        }
    ));
    let error = limited(
        &studio,
        &path,
        &Limits {
            pixels: 70_000,
            ..base.clone()
        },
    );
    assert!(matches!(error, VideoError::Dimensions { .. }), "{error:?}");
    let error = limited(
        &studio,
        &path,
        &Limits {
            frame_rate_hz: 9.0,
            ..base.clone()
        },
    );
    assert!(matches!(error, VideoError::FrameRate { .. }));
    let error = limited(
        &studio,
        &path,
        &Limits {
            duration_seconds: 5.0,
            ..base.clone()
        },
    );
    assert!(matches!(error, VideoError::Duration { .. }));
    let error = limited(
        &studio,
        &path,
        &Limits {
            min_clips: 25,
            ..base.clone()
        },
    );
    assert!(
        matches!(
            error,
            VideoError::TooFewClips {
                found: 24,
                needed: 25
            }
        ),
        "{error:?}"
    );
    assert_eq!(
        studio
            .clips(
                &path,
                &single_frames(4.0),
                &Limits {
                    min_clips: 24,
                    ..base
                }
            )
            .unwrap()
            .len(),
        24
    );
}

#[test]
fn a_video_of_undeclared_length_stops_at_the_limit() {
    let studio = Studio::new();
    let path = studio.make(&format!("{SOURCE} {H264} -f matroska -live 1"), "live.mkv");
    let info = probe(
        &studio.ffmpeg,
        &File::open(&path).unwrap(),
        &Limits::default(),
    )
    .unwrap();
    assert_eq!(info.duration_seconds, None);
    assert_eq!(
        studio
            .clips(&path, &single_frames(4.0), &Limits::default())
            .unwrap()
            .len(),
        24
    );
    let error = limited(
        &studio,
        &path,
        &Limits {
            duration_seconds: 3.0,
            ..Limits::default()
        },
    );
    assert!(matches!(error, VideoError::Duration { .. }), "{error:?}");
}

#[test]
fn time_and_memory_run_out_by_name() {
    let studio = Studio::new();
    let path = studio.make(
        &format!(
            "{} {H264}",
            SOURCE.replace("320x240", "3840x2160").replace("=6", "=1")
        ),
        "a.mp4",
    );
    let no_time = Limits {
        wall_floor_seconds: 0.0,
        wall_seconds_per_video_second: 0.0,
        ..Limits::default()
    };
    let error = limited(&studio, &path, &no_time);
    assert!(
        matches!(
            error,
            VideoError::TimeLimit {
                clock: Clock::Wall,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(error.fault(), Fault::Machine);
    let little = Limits {
        memory_bytes: 450 << 20,
        decoder_threads: 8,
        ..Limits::default()
    };
    let error = limited(&studio, &path, &little);
    assert!(matches!(error, VideoError::MemoryLimit { .. }), "{error:?}");
}

#[test]
fn a_cancelled_decoder_stops() {
    let studio = Studio::new();
    let path = video(&studio, "a.mp4");
    let cancel = CancelToken::default();
    let file = File::open(&path).unwrap();
    let plan = single_frames(4.0);
    let mut decoder = Decoder::open(
        &studio.ffmpeg,
        &file,
        &plan,
        &Limits::default(),
        cancel.clone(),
    )
    .unwrap();
    assert!(decoder.next().unwrap().is_ok());
    cancel.cancel();
    assert!(matches!(decoder.next(), Some(Err(VideoError::Cancelled))));
    assert!(decoder.next().is_none());
    let error =
        Decoder::open(&studio.ffmpeg, &file, &plan, &Limits::default(), cancel).unwrap_err();
    assert_eq!(error.fault(), Fault::Cancelled);
}

#[test]
fn an_impossible_plan_names_its_field() {
    let studio = Studio::new();
    let path = video(&studio, "a.mp4");
    let good = single_frames(4.0);
    for (field, plan) in [
        (
            "sample_rate_hz",
            DecodePlan {
                sample_rate_hz: f64::NAN,
                ..good.clone()
            },
        ),
        (
            "frames_per_clip",
            DecodePlan {
                frames_per_clip: 0,
                ..good.clone()
            },
        ),
        (
            "stride_frames",
            DecodePlan {
                stride_frames: 0,
                ..good.clone()
            },
        ),
        (
            "frames_per_clip",
            DecodePlan {
                frames_per_clip: usize::MAX,
                ..good.clone()
            },
        ),
        (
            "frame_size",
            DecodePlan {
                frame_size: sopilot_video::FrameSize::ShortSide(255),
                ..good.clone()
            },
        ),
    ] {
        let error = studio.open(&path, &plan, &Limits::default()).unwrap_err();
        assert!(
            matches!(error, VideoError::InvalidPlan { field: found, .. } if found == field),
            "{error:?}"
        );
        assert_eq!(error.fault(), Fault::Request);
    }
}

#[test]
fn damaged_data_are_survived_or_refused() {
    let studio = Studio::new();
    let mut bytes = std::fs::read(video(&studio, "a.mp4")).unwrap();
    let (from, to) = (find(&bytes, b"mdat") + 4, find(&bytes, b"moov") - 4);
    for (at, byte) in bytes[from..to].iter_mut().enumerate() {
        *byte = (at as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0];
    }
    let error = studio.error(&studio.write("damaged.mp4", &bytes));
    assert!(
        matches!(error, VideoError::Corrupt | VideoError::Truncated { .. }),
        "{error:?}"
    );
}

#[test]
fn an_unlinked_file_is_read_and_its_position_left_alone() {
    let studio = Studio::new();
    let content = std::fs::read(video(&studio, "a.mp4")).unwrap();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&content).unwrap();
    let plan = single_frames(4.0);
    let decoder = Decoder::open(
        &studio.ffmpeg,
        &file,
        &plan,
        &Limits::default(),
        CancelToken::default(),
    )
    .unwrap();
    assert_eq!(decoder.count(), 24);
    assert_eq!(
        std::io::Seek::stream_position(&mut file).unwrap(),
        content.len() as u64
    );
}

#[test]
fn the_mask_holds_on_real_pictures() {
    let studio = Studio::new();
    let source = "-f lavfi -i color=white:size=320x240:rate=10:duration=2";
    let path = studio.make(&format!("{source} {H264}"), "white.mp4");
    let region = MaskRegion {
        x: 0.25,
        y: 0.0,
        width: 0.5,
        height: 1.0,
        style: MaskStyle::Black,
    };
    let plan = DecodePlan {
        mask: Mask::new(vec![region]).unwrap(),
        ..single_frames(2.0)
    };
    for clip in studio.clips(&path, &plan, &Limits::default()).unwrap() {
        for row in clip.rgb.chunks(32 * 3) {
            assert!(row[8 * 3..24 * 3].iter().all(|&value| value == 0));
            assert!(
                row[..5 * 3]
                    .iter()
                    .chain(&row[27 * 3..])
                    .all(|&value| value > 240)
            );
        }
        assert!(clip.quality.over_exposed && clip.quality.mean_luma > 240.0);
    }
}
