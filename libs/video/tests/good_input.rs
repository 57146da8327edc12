//! What must work: every accepted container and codec, any regular file, and what the picture is said to show.

mod fixture;

use std::{fs::File, io::Write};

use fixture::{H264, SOURCE, Studio, single_frames, video};
use sopilot_video::{
    CancelToken, DecodePlan, Decoder, FrameSize, Limits, Mask, MaskRegion, MaskStyle, Quality,
    probe,
};

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

/// The quality of one clip of two seconds, at 256 lines.
fn quality(studio: &Studio, source: &str) -> Quality {
    let path = studio.make(
        &format!("-f lavfi -i {source} -c:v libx264 -preset veryfast -pix_fmt yuv420p"),
        "q.mp4",
    );
    let plan = DecodePlan {
        frames_per_clip: 8,
        stride_frames: 8,
        frame_size: FrameSize::ShortSide(256),
        ..single_frames(4.0)
    };
    let clips = studio.clips(&path, &plan, &Limits::default());
    clips.map_or_else(
        |error| panic!("{source}: {error}"),
        |clips| clips[0].quality,
    )
}

#[test]
fn bad_pictures_are_flagged_for_what_they_are() {
    let studio = Studio::new();
    let scene = "mandelbrot=size=640x360:rate=10,trim=end_frame=21";
    let flags = |quality: Quality| {
        [
            quality.low_light,
            quality.over_exposed,
            quality.blurry,
            quality.frozen,
        ]
    };
    assert_eq!(flags(quality(&studio, scene)), [false; 4]);
    let dark = quality(&studio, &format!("{scene},lutyuv=y=16+(val-16)/6"));
    assert!(dark.low_light && !dark.frozen, "{dark:?}");
    let bright = quality(&studio, &format!("{scene},lutyuv=y=235-(235-val)/12"));
    assert!(bright.mean_luma > 220.0, "{bright:?}");
    let blurred = quality(&studio, &format!("{scene},gblur=sigma=12"));
    assert_eq!(flags(blurred), [false, false, true, false], "{blurred:?}");
    let stuck = quality(
        &studio,
        &format!("{scene},trim=end_frame=1,loop=loop=20:size=1,setpts=N/10/TB"),
    );
    assert_eq!(flags(stuck), [false, false, false, true], "{stuck:?}");
}
