//! A clip's times are those at which a player shows its frames. Each test video's frames carry their own number as a
//! level of grey, so that every sample can be checked against the time stamps that the video was made with.

mod fixture;

use std::path::Path;

use fixture::{Studio, single_frames};
use sopilot_video::{Clip, DecodePlan, FrameSize, Limits};

/// A source of numbered frames, and the encoder settings that keep the numbers: lossless, with B-frames and several
/// groups of pictures.
fn numbered(frames: usize, rate: &str) -> String {
    format!(
        "-f lavfi -i color=black:size=64x48:rate={rate},format=yuv420p,geq=lum='16+2*N':cb=128:cr=128,trim=end_frame={frames}"
    )
}

const ENCODER: &str = "-c:v libx264 -qp 0 -bf 2 -g 12 -video_track_timescale 90000";

/// The number that a frame carries.
fn number(clip: &Clip) -> usize {
    let centre = (clip.height as usize / 2 * clip.width as usize + clip.width as usize / 2) * 3;
    (f64::from(clip.rgb[centre]) * 219.0 / 255.0 / 2.0).round() as usize
}

/// Checks all samples against the presentation times of the frames, in any order of zero, and the video's end.
#[track_caller]
#[allow(clippy::unwrap_used)] // A test's own check.
fn check(studio: &Studio, path: &Path, sample_rate_hz: f64, times: &[(usize, f64)], end: f64) {
    let clips = studio
        .clips(path, &single_frames(sample_rate_hz), &Limits::default())
        .unwrap();
    let zero = times[0].1;
    let samples = ((end - zero) * sample_rate_hz - 1e-6).ceil() as usize;
    let expected: Vec<usize> = (0..samples)
        .map(|sample| sample as f64 / sample_rate_hz)
        .map(|time| {
            times
                .iter()
                .rfind(|(_, shown)| shown - zero <= time + 1e-6)
                .unwrap()
                .0
        })
        .collect();
    let found: Vec<usize> = clips.iter().map(number).collect();
    assert_eq!(found, expected);
    for (index, clip) in clips.iter().enumerate() {
        assert!((clip.start_seconds - index as f64 / sample_rate_hz).abs() < 1e-9);
        assert!((clip.end_seconds - (index + 1) as f64 / sample_rate_hz).abs() < 1e-9);
    }
}

fn constant(frames: std::ops::Range<usize>, rate: f64) -> Vec<(usize, f64)> {
    frames.map(|frame| (frame, frame as f64 / rate)).collect()
}

#[test]
fn constant_rate_sampled_slower_and_faster() {
    let studio = Studio::new();
    for name in ["a.mp4", "a.mkv", "a.ts", "a.avi"] {
        let encoder = if name == "a.avi" {
            "-c:v mjpeg -q:v 1 -pix_fmt yuvj420p"
        } else {
            ENCODER
        };
        let path = studio.make(&format!("{} {encoder}", numbered(40, "10")), name);
        let rates: &[f64] = if name == "a.mp4" {
            &[4.0, 10.0, 25.0, 1.5]
        } else {
            &[4.0]
        };
        for rate in rates {
            check(&studio, &path, *rate, &constant(0..40, 10.0), 4.0);
        }
    }
}

#[test]
fn ntsc_rate_does_not_drift() {
    let studio = Studio::new();
    let path = studio.make(
        &format!("{} {ENCODER}", numbered(100, "30000/1001")),
        "a.mp4",
    );
    check(
        &studio,
        &path,
        8.0,
        &constant(0..100, 30000.0 / 1001.0),
        100.0 * 1001.0 / 30000.0,
    );
}

#[test]
fn variable_rate_holds_each_frame_as_long_as_it_is_shown() {
    let studio = Studio::new();
    // 10 Hz, then a gap of two seconds, then 20 Hz, and a last frame after one second more.
    let expression = "'if(lt(N,10),N*0.1,if(lt(N,30),3+(N-10)*0.05,5))/TB'";
    let times: Vec<(usize, f64)> = (0..31)
        .map(|n| match n {
            0..10 => (n, n as f64 * 0.1),
            10..30 => (n, 3.0 + (n - 10) as f64 * 0.05),
            _ => (n, 5.0),
        })
        .collect();
    for name in ["a.mp4", "a.mkv"] {
        let source = numbered(31, "100");
        let path = studio.make(
            &format!("{source} -vf setpts={expression} -fps_mode passthrough {ENCODER}"),
            name,
        );
        let clips = studio
            .clips(&path, &single_frames(8.0), &Limits::default())
            .unwrap();
        // How long the last frame lasts is the container's guess, and only that.
        let end = (40.0_f64).max(clips.len() as f64) / 8.0 + 1e-3;
        assert!(end < 5.5, "the last frame is shown for {end} s");
        let end = if clips.len() > 40 {
            clips.len() as f64 / 8.0
        } else {
            5.0
        };
        check(&studio, &path, 8.0, &times, end);
    }
}

#[test]
fn a_start_other_than_zero_is_not_counted() {
    let studio = Studio::new();
    for name in ["a.ts", "a.mkv", "a.mp4"] {
        let path = studio.make(
            &format!("{} {ENCODER} -output_ts_offset 100", numbered(30, "10")),
            name,
        );
        check(&studio, &path, 5.0, &constant(0..30, 10.0), 3.0);
    }
}

#[test]
fn sound_that_starts_earlier_and_ends_later_changes_nothing() {
    let studio = Studio::new();
    for name in ["a.mp4", "a.mkv", "a.ts"] {
        let sound = "-f lavfi -i sine=duration=9";
        let picture = format!("-itsoffset 2.5 {}", numbered(30, "10"));
        let path = studio.make(
            &format!(
                "{sound} {picture} -map 0:a -map 1:v -c:a aac -fps_mode passthrough {ENCODER}"
            ),
            name,
        );
        check(&studio, &path, 4.0, &constant(0..30, 10.0), 3.0);
    }
}

#[test]
fn an_edit_list_hides_what_a_player_hides() {
    let studio = Studio::new();
    let whole = studio.make(&format!("{} {ENCODER}", numbered(50, "10")), "whole.mp4");
    // Copied without decoding: the file keeps the pictures from the last key frame on, and hides those before 1.9 s.
    let cut = studio.make(
        &format!(
            "-ss 1.9 -i {} -c copy -video_track_timescale 90000",
            whole.display()
        ),
        "cut.mp4",
    );
    let bytes = std::fs::read(&cut).unwrap();
    fixture::find(&bytes, b"elst");
    check(&studio, &cut, 5.0, &constant(19..50, 10.0), 5.0);
}

#[test]
fn a_picture_that_changes_its_size_goes_on() {
    let studio = Studio::new();
    let first = studio.make(&format!("{} {ENCODER}", numbered(20, "10")), "1.ts");
    let source = numbered(20, "10")
        .replace("64x48", "128x64")
        .replace("2*N", "2*(N+20)");
    let second = studio.make(&format!("{source} {ENCODER} -output_ts_offset 2"), "2.ts");
    let both = [
        std::fs::read(first).unwrap(),
        std::fs::read(second).unwrap(),
    ]
    .concat();
    let path = studio.write("both.ts", &both);
    check(&studio, &path, 5.0, &constant(0..40, 10.0), 4.0);
}

/// Red, green, blue and white, from the upper left, row by row.
const QUADRANTS: &str = "-f lavfi -i color=red:size=96x64:rate=10:duration=1,format=yuv444p,\
drawbox=x=48:y=0:w=48:h=32:color=lime:t=fill,drawbox=x=0:y=32:w=48:h=32:color=blue:t=fill,\
drawbox=x=48:y=32:w=48:h=32:color=white:t=fill -c:v libx264 -qp 0 -pix_fmt yuv420p";

/// The letters of the quadrants' colours.
fn quadrants(clip: &Clip) -> String {
    let (width, height) = (clip.width as usize, clip.height as usize);
    let at = |x: usize, y: usize| {
        let pixel = &clip.rgb[(y * width + x) * 3..][..3];
        match [pixel[0] > 128, pixel[1] > 128, pixel[2] > 128] {
            [true, false, false] => 'R',
            [false, true, false] => 'G',
            [false, false, true] => 'B',
            [true, true, true] => 'W',
            _ => '?',
        }
    };
    let (left, right, top, bottom) = (width / 4, width * 3 / 4, height / 4, height * 3 / 4);
    [
        at(left, top),
        at(right, top),
        at(left, bottom),
        at(right, bottom),
    ]
    .into_iter()
    .collect()
}

#[test]
fn every_orientation_is_set_upright() {
    let studio = Studio::new();
    let original = std::fs::read(studio.make(QUADRANTS, "a.mp4")).unwrap();
    // The matrix stands 44 bytes after the box's type: a b u c d v x y w.
    let matrix = fixture::find(&original, b"tkhd") + 44;
    let plan = DecodePlan {
        frame_size: FrameSize::ShortSide(32),
        ..single_frames(2.0)
    };
    let cases = [
        ([1, 0, 0, 1], "RGBW"),
        ([0, 1, -1, 0], "BRWG"),
        ([-1, 0, 0, -1], "WBGR"),
        ([0, -1, 1, 0], "GWRB"),
        ([-1, 0, 0, 1], "GRWB"),
        ([0, 1, 1, 0], "RBGW"),
    ];
    for ([a, b, c, d], expected) in cases {
        let mut bytes = original.clone();
        for (place, value) in [(0, a), (4, b), (12, c), (16, d)] {
            bytes[matrix + place..matrix + place + 4]
                .copy_from_slice(&(value * 65536_i32).to_be_bytes());
        }
        let path = studio.write("turned.mp4", &bytes);
        let clips = studio.clips(&path, &plan, &Limits::default()).unwrap();
        assert_eq!(quadrants(&clips[0]), expected);
        let size = if b == 0 { (48, 32) } else { (32, 48) };
        assert_eq!((clips[0].width, clips[0].height), size, "{expected}");
    }
}

#[test]
fn pixels_that_are_not_square_are_shown_as_they_should_be() {
    let studio = Studio::new();
    let source = QUADRANTS.replace("t=fill -c:v", "t=fill,setsar=4/3 -c:v");
    let path = studio.make(&source, "a.mp4");
    let plan = DecodePlan {
        frame_size: FrameSize::ShortSide(32),
        ..single_frames(2.0)
    };
    let decoder = studio.open(&path, &plan, &Limits::default()).unwrap();
    assert!((decoder.info().display_aspect() - 2.0).abs() < 1e-6);
    let clip = decoder.into_iter().next().unwrap().unwrap();
    assert_eq!((clip.width, clip.height), (64, 32));
    assert_eq!(quadrants(&clip), "RGBW");
}

#[test]
fn overlapping_clips_their_last_and_the_progress() {
    let studio = Studio::new();
    let path = studio.make(&format!("{} {ENCODER}", numbered(55, "10")), "a.mp4");
    let plan = DecodePlan {
        frames_per_clip: 16,
        stride_frames: 8,
        ..single_frames(10.0)
    };
    let mut decoder = studio.open(&path, &plan, &Limits::default()).unwrap();
    let mut starts = Vec::new();
    while let Some(clip) = decoder.next().transpose().unwrap() {
        assert_eq!(clip.rgb.len(), 16 * 32 * 32 * 3);
        let first = (clip.start_seconds * 10.0).round() as usize;
        assert_eq!(number(&clip), first);
        assert!(decoder.decoded_seconds() >= clip.end_seconds - 1e-9);
        starts.push(first);
    }
    // 55 frames: regular clips end at 48, and seven more frames are worth one that ends with the video.
    assert_eq!(starts, [0, 8, 16, 24, 32, 39]);
    assert!((decoder.decoded_seconds() - 5.5).abs() < 1e-9);
    assert!(decoder.next().is_none());
}
