//! Files that cannot be scored: each with its exit code and reason, and nothing left behind.

use std::path::{Path, PathBuf};

use crate::{
    program::Place,
    videos::{VIDEOS, boastful, ffmpeg},
};

/// Scores the file that `make` makes in a folder, as trainee of a sound gold.
#[track_caller]
fn refused(code: i32, reason: &str, make: impl FnOnce(&Path) -> PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let bad = make(folder.path());
    let place = Place::new();
    let ended = place
        .run([Path::new("score"), &VIDEOS.gold, &bad])
        .expect(code);
    let name = bad.file_name().unwrap().to_string_lossy();
    let expected = format!("error[{reason}]: {name}: ");
    assert!(ended.stderr.starts_with(&expected), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    assert_eq!(place.left_behind(), [""; 0].map(PathBuf::from));
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn an_empty_file() {
    refused(10, "VIDEO_EMPTY", |folder| {
        written(folder, "empty.mp4", b"")
    });
}

#[test]
fn random_bytes() {
    let noise: Vec<u8> = (0..50_000_u32)
        .map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[0])
        .collect();
    refused(11, "NOT_A_VIDEO", |folder| {
        written(folder, "noise.mp4", &noise)
    });
}

#[test]
fn a_file_with_sound_only() {
    refused(12, "NO_VIDEO_STREAM", |folder| {
        ffmpeg(
            "-f lavfi -i sine=duration=5 -c:a aac",
            folder.join("sound.mp4"),
        )
    });
}

#[test]
fn a_playlist_that_points_elsewhere() {
    let playlist = format!(
        "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\nfile:{}\n#EXT-X-ENDLIST\n",
        VIDEOS.gold.display()
    );
    for name in ["list.m3u8", "list.mp4"] {
        refused(13, "CONTAINER_NOT_ALLOWED", |folder| {
            written(folder, name, playlist.as_bytes())
        });
    }
}

#[test]
fn a_video_cut_in_half() {
    let whole = std::fs::read(&VIDEOS.forgetful).unwrap();
    refused(15, "VIDEO_TRUNCATED", |folder| {
        written(folder, "half.mp4", &whole[..whole.len() / 2])
    });
}

#[test]
fn a_header_that_claims_a_huge_picture() {
    refused(16, "VIDEO_DIMENSIONS", boastful);
}

#[test]
fn a_video_of_one_frame() {
    refused(19, "VIDEO_TOO_FEW_CLIPS", |folder| {
        let arguments = "-f lavfi -i testsrc2=size=320x240:rate=25 -frames:v 1 -pix_fmt yuv420p";
        ffmpeg(arguments, folder.join("frame.mp4"))
    });
}

#[test]
fn a_path_that_does_not_exist_and_a_folder() {
    let place = Place::new();
    let ended = place
        .run([Path::new("score"), &VIDEOS.gold, Path::new("nowhere.mp4")])
        .expect(66);
    assert_eq!(
        ended.stderr,
        "error: nowhere.mp4: there is no such file: check the path\n"
    );
    let folder = place.temporary.path().to_owned();
    let ended = place
        .run([Path::new("score"), &folder, &VIDEOS.gold])
        .expect(66);
    assert!(
        ended
            .stderr
            .ends_with(": is a directory: name a video file\n"),
        "{}",
        ended.stderr
    );
    assert_eq!(place.left_behind(), [""; 0].map(PathBuf::from));
}

#[test]
fn a_list_of_steps_that_overlaps_itself() {
    let folder = tempfile::tempdir().unwrap();
    let yaml =
        "steps:\n  - {name: Open, start: 0, end: 5}\n  - {name: Close, start: 4, end: 0:08}\n";
    let steps = written(folder.path(), "steps.yaml", yaml.as_bytes());
    let place = Place::new();
    let (gold, trainee) = (&VIDEOS.gold, &VIDEOS.forgetful);
    let ended = place
        .run([
            Path::new("score"),
            gold,
            trainee,
            Path::new("--steps"),
            &steps,
        ])
        .expect(30);
    assert!(
        ended.stderr.starts_with("error[STEP_LIST_INVALID]: "),
        "{}",
        ended.stderr
    );
    let place_in_file = format!("{}:3:5: step 2 \"Close\"", steps.display());
    assert!(ended.stderr.contains(&place_in_file), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("overlaps step \"Open\""),
        "{}",
        ended.stderr
    );
    assert_eq!(place.left_behind(), [""; 0].map(PathBuf::from));
}

#[test]
fn both_videos_are_wrong_and_both_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (empty, text) = (
        written(folder.path(), "a.mp4", b""),
        written(folder.path(), "b.mp4", b"hello, there"),
    );
    let ended = Place::new()
        .run([Path::new("score"), &empty, &text])
        .expect(10);
    assert!(
        ended.stderr.starts_with("error[VIDEO_EMPTY]: a.mp4: "),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("\n  [NOT_A_VIDEO] b.mp4: "),
        "{}",
        ended.stderr
    );
}
