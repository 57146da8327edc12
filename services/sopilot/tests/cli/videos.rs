//! Videos to run the program on.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use sopilot_testkit::{Edit, Performance, Procedure, RenderOptions, USUAL_CRF, write_video};

/// A gold, a trainee who forgot a step, and their list of steps.
pub(crate) struct Videos {
    pub(crate) gold: PathBuf,
    pub(crate) forgetful: PathBuf,
    pub(crate) steps: PathBuf,
}

/// Name of the step that the trainee left out.
pub(crate) const FORGOTTEN: &str = "Drive both screws";

/// Drawn once for all tests.
pub(crate) static VIDEOS: LazyLock<Videos> = LazyLock::new(|| {
    let options = RenderOptions {
        width: 320,
        height: 180,
        fps: 12,
    };
    let procedure = Procedure::demo(3).first_steps(4);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let videos = Videos {
        gold: folder.join("gold.mp4"),
        forgetful: folder.join("forgetful.mp4"),
        steps: folder.join("steps.yaml"),
    };
    let gold = Performance::gold(&procedure);
    write_video(&videos.gold, &gold, options, USUAL_CRF).unwrap();
    let forgetful = Performance::new(&procedure, 5)
        .with(Edit::Drop { step: 2 })
        .unwrap();
    write_video(&videos.forgetful, &forgetful, options, USUAL_CRF).unwrap();
    let mut steps = String::from("task: assembly\nsteps:\n");
    for step in gold.gold_steps() {
        writeln!(
            steps,
            "  - {{name: {}, start: {:.1}, end: {:.1}}}",
            step.name, step.time.start_s, step.time.end_s
        )
        .unwrap();
    }
    std::fs::write(&videos.steps, steps).unwrap();
    videos
});

/// Runs ffmpeg with arguments as one writes them in a shell, and answers the file it made.
pub(crate) fn ffmpeg(arguments: &str, made: PathBuf) -> PathBuf {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-y"])
        .args(arguments.split_whitespace())
        .arg(&made)
        .output()
        .expect("ffmpeg is installed");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    made
}

/// A VP9 video whose frames claim to be 20 000 pixels wide and high.
pub(crate) fn boastful(folder: &Path) -> PathBuf {
    let arguments = "-f lavfi -i testsrc2=size=320x240:rate=10:duration=3 -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -auto-alt-ref 0";
    let path = ffmpeg(arguments, folder.join("boastful.webm"));
    let mut bytes = std::fs::read(&path).unwrap();
    // The uncompressed header of a key frame of VP9: the sync code, 4 bits of colour, then width
    // and height less one, 16 bits each.
    let starts: Vec<_> = (0..bytes.len() - 8)
        .filter(|&at| bytes[at..at + 3] == [0x49, 0x83, 0x42])
        .map(|at| at + 3)
        .collect();
    assert!(!starts.is_empty());
    for at in starts {
        let (first, last) = (u64::from(bytes[at] >> 4), u64::from(bytes[at + 4] & 0x0f));
        let patched = first << 36 | 19_999 << 20 | 19_999 << 4 | last;
        bytes[at..at + 5].copy_from_slice(&patched.to_be_bytes()[3..]);
    }
    std::fs::write(&path, bytes).unwrap();
    path
}
