//! A gold that only looks or runs a little differently is still right, through the whole path.

use serde_json::Value;

use crate::{
    program::Place,
    videos::{VIDEOS, ffmpeg},
};

/// What a phone, a converter or an editor does to a video, as arguments of ffmpeg around `GOLD`.
const CHANGES: [(&str, &str); 6] = [
    ("compressed again", "-i GOLD -c:v libx264 -crf 34"),
    ("rescaled", "-i GOLD -vf scale=320:180"),
    ("cut from another start", "-ss 0.37 -i GOLD"),
    (
        "brightened by a tenth",
        "-i GOLD -vf colorchannelmixer=rr=1.1:gg=1.1:bb=1.1",
    ),
    ("lifted by a tenth", "-i GOLD -vf eq=brightness=0.1"),
    ("sped up by a tenth", "-i GOLD -vf setpts=PTS/1.1"),
];

#[test]
fn a_gold_that_was_only_processed_has_no_deviation() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new();
    // The gold is ingested once.
    let data = folder.path().join("data");
    for (what, arguments) in CHANGES {
        let arguments = arguments.replace("GOLD", VIDEOS.gold.to_str().unwrap());
        let made = folder
            .path()
            .join(format!("{}.mp4", what.replace(' ', "-")));
        let changed = ffmpeg(&arguments, made);
        let report = place
            .run([
                "score".as_ref(),
                VIDEOS.gold.as_path(),
                &changed,
                "--steps".as_ref(),
                &VIDEOS.steps,
                "--json".as_ref(),
                "--data-dir".as_ref(),
                &data,
            ])
            .json();
        assert_eq!(
            report["deviations"].as_array().map(Vec::len),
            Some(0),
            "{what}: {report:#}"
        );
        assert_eq!(report["score"], Value::from(100.0), "{what}");
        assert_eq!(report["verdict"], "VERDICT_PASS", "{what}");
    }
}

#[test]
fn timings_are_told_beside_the_report() {
    let place = Place::new();
    let ended = place
        .run([
            "score".as_ref(),
            VIDEOS.gold.as_path(),
            &VIDEOS.gold,
            "--json".as_ref(),
            "--timings".as_ref(),
        ])
        .expect(0);
    for stage in [
        "decoded",
        "embedding",
        "preparing",
        "aligning",
        "deviations",
    ] {
        assert!(ended.stderr.contains(stage), "{stage}: {}", ended.stderr);
    }
    assert!(ended.stdout.starts_with('{'));
}
