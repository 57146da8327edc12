//! Each limit is kept and has its own refusal; a decoder stops when it is told to.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

mod fixture;

use std::{fs::File, path::Path};

use fixture::{H264, SOURCE, Studio, single_frames, video};
use sopilot_video::{
    CancelToken, Clock, DecodePlan, Decoder, Fault, FrameSize, Limits, VideoError, probe,
};

fn limited(studio: &Studio, path: &Path, limits: &Limits) -> VideoError {
    studio
        .clips(path, &single_frames(4.0), limits)
        .map(|clips| clips.len())
        .unwrap_err()
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
                frame_size: FrameSize::ShortSide(255),
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
