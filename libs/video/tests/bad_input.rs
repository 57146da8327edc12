//! Every way in which a file can be wrong gets its own answer, costs little, and opens nothing but the file.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

mod fixture;

use std::{fs::File, io::ErrorKind, net::TcpListener};

use fixture::{
    H264, SOURCE, Studio,
    craft::{boastful, with_external_reference},
    find, single_frames, video,
};
use sopilot_video::{Fault, Limits, VideoError, probe};

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
