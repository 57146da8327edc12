//! Performances as video files, through the ffmpeg program.

use std::{
    ffi::OsString,
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    thread,
};

use crate::{Performance, RenderError, RenderOptions, render};

/// Why a video was not written.
#[derive(Debug, thiserror::Error)]
pub enum VideoError {
    /// The options are out of their ranges.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// ffmpeg cannot be run.
    #[error("ffmpeg cannot be run: {0}; install it and see that it is on the PATH")]
    NoFfmpeg(#[source] io::Error),
    /// This ffmpeg can write neither of the two formats that are tried.
    #[error("this ffmpeg has neither the encoder libx264 nor mpeg4; install a full build")]
    NoEncoder,
    /// ffmpeg gave up.
    #[error("ffmpeg could not write {path}: {said}")]
    Encode {
        /// The file asked for.
        path: PathBuf,
        /// What ffmpeg said.
        said: String,
    },
    /// The finished file could not be put in its place.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file asked for.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// The constant rate factor of a video that is compressed as usual.
pub const USUAL_CRF: u8 = 21;

/// Renders `performance` into an MP4 file at `path`.
///
/// H.264 if ffmpeg has libx264, else MPEG-4 part 2; yuv420p, index at the
/// front. `crf` is x264's constant rate factor, from 0 (lossless) to 51 (the
/// smallest file); for MPEG-4 it is turned into a quantiser of about the same
/// look. The file is written beside `path` and moved there when it is whole: a
/// failure leaves nothing behind and an older file as it was.
///
/// # Errors
/// [`VideoError`]; see its variants.
pub fn write_video(
    path: &Path,
    performance: &Performance,
    options: RenderOptions,
    crf: u8,
) -> Result<(), VideoError> {
    let frames = render(performance, options)?;
    let partial = Partial::beside(path);
    let mut encoder = Encoder::start(&partial.path, options, crf)?;
    let mut written = Ok(());
    for frame in frames {
        written = encoder.input.write_all(&frame);
        if written.is_err() {
            // ffmpeg closed its input; why, it says itself.
            break;
        }
    }
    encoder.finish(written).map_err(|said| VideoError::Encode {
        path: path.to_owned(),
        said,
    })?;
    partial.move_to(path).map_err(|source| VideoError::Write {
        path: path.to_owned(),
        source,
    })
}

/// A file that is removed unless it is moved to its place.
struct Partial {
    path: PathBuf,
}

impl Partial {
    fn beside(path: &Path) -> Self {
        let mut name = OsString::from(path);
        name.push(format!(".partial-{}", std::process::id()));
        Self { path: name.into() }
    }

    fn move_to(self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Fails if it was moved or never written, which is as it should be.
        let _ = fs::remove_file(&self.path);
    }
}

/// A running ffmpeg that takes raw frames.
struct Encoder {
    process: Child,
    input: ChildStdin,
    /// Reads what ffmpeg says meanwhile, so that it never waits for a reader.
    said: thread::JoinHandle<String>,
}

impl Encoder {
    fn start(path: &Path, options: RenderOptions, crf: u8) -> Result<Self, VideoError> {
        let mut process = Command::new("ffmpeg")
            .args(["-hide_banner", "-loglevel", "error", "-nostats", "-y"])
            .args(["-f", "rawvideo", "-pix_fmt", "rgb24"])
            .args(["-s", &format!("{}x{}", options.width, options.height)])
            .args(["-r", &options.fps.to_string(), "-i", "pipe:0", "-an"])
            .args(codec(crf)?)
            // What comes out depends on how many threads there are, by default as many as suit
            // the machine; the same seed must give the same video everywhere.
            .args(["-threads", "1"])
            .args(["-pix_fmt", "yuv420p", "-movflags", "+faststart"])
            .args(["-f", "mp4"])
            .arg(path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(VideoError::NoFfmpeg)?;
        let input = process.stdin.take().expect("stdin was asked to be piped");
        let mut errors = process.stderr.take().expect("stderr was asked to be piped");
        let said = thread::spawn(move || {
            let mut said = Vec::new();
            // What could be read is all there is to tell.
            let _ = errors.read_to_end(&mut said);
            String::from_utf8_lossy(&said).trim().to_owned()
        });
        Ok(Self {
            process,
            input,
            said,
        })
    }

    /// Ends the input, waits, and tells what went wrong.
    fn finish(mut self, written: io::Result<()>) -> Result<(), String> {
        drop(self.input);
        let status = self.process.wait().map_err(|error| error.to_string())?;
        let said = self.said.join().unwrap_or_default();
        match written {
            Ok(()) if status.success() => Ok(()),
            Err(error) if said.is_empty() => Err(format!("{status}, {error}")),
            _ => Err(format!("{status}, {said}")),
        }
    }
}

/// The arguments of the best encoder there is.
fn codec(crf: u8) -> Result<Vec<String>, VideoError> {
    let listed = Command::new("ffmpeg")
        .args(["-hide_banner", "-encoders"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(VideoError::NoFfmpeg)?;
    let listed = String::from_utf8_lossy(&listed.stdout);
    let has = |name: &str| listed.split_whitespace().any(|word| word == name);
    if has("libx264") {
        let crf = crf.min(51).to_string();
        Ok(["-c:v", "libx264", "-preset", "veryfast", "-crf", &crf]
            .map(str::to_owned)
            .to_vec())
    } else if has("mpeg4") {
        let quantiser = (2 + crf.saturating_sub(18) * 4 / 5).min(31).to_string();
        Ok(["-c:v", "mpeg4", "-q:v", &quantiser]
            .map(str::to_owned)
            .to_vec())
    } else {
        Err(VideoError::NoEncoder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Edit, Procedure};

    const SMALL: RenderOptions = RenderOptions {
        width: 128,
        height: 72,
        fps: 10,
    };

    fn short() -> Performance {
        let procedure = Procedure::demo(0).first_steps(2);
        Performance::new(&procedure, 1)
            .with(Edit::Drop { step: 0 })
            .unwrap()
    }

    fn probe(path: &Path, entry: &str) -> String {
        let output = Command::new("ffprobe")
            .args(["-v", "error", "-select_streams", "v:0", "-count_frames"])
            .args(["-show_entries", entry, "-of", "csv=p=0"])
            .arg(path)
            .output()
            .expect("ffprobe comes with ffmpeg, which these tests need");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    #[test]
    fn a_video_has_the_length_and_size_of_its_truth() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("short.mp4");
        write_video(&path, &short(), SMALL, USUAL_CRF).unwrap();
        let seconds: f64 = probe(&path, "format=duration").parse().unwrap();
        let frames = short().frames(SMALL.fps);
        assert!((seconds - frames as f64 / 10.0).abs() < 1e-3, "{seconds}");
        assert_eq!(
            probe(&path, "stream=width,height,pix_fmt,nb_read_frames"),
            format!("128,72,yuv420p,{frames}")
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn stronger_compression_gives_smaller_files() {
        let folder = tempfile::tempdir().unwrap();
        let size = |crf| {
            let path = folder.path().join(format!("{crf}.mp4"));
            write_video(&path, &short(), SMALL, crf).unwrap();
            fs::metadata(&path).unwrap().len()
        };
        assert!(size(35) < size(USUAL_CRF));
    }

    #[test]
    fn the_number_of_cores_does_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("short.mp4");
        write_video(&path, &short(), SMALL, USUAL_CRF).unwrap();
        // x264 writes its settings into the stream.
        let bytes = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for (_, rest) in text
            .match_indices(" threads=")
            .map(|(at, _)| text.split_at(at))
        {
            assert!(rest.starts_with(" threads=1 "), "{}", &rest[..12]);
        }
    }

    #[test]
    fn a_failure_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing").join("video.mp4");
        let error = write_video(&path, &short(), SMALL, USUAL_CRF).unwrap_err();
        assert!(matches!(error, VideoError::Encode { .. }), "{error}");

        // A folder where the file should go: encoding works, moving does not.
        let path = folder.path().join("folder.mp4");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("kept"), "").unwrap();
        let error = write_video(&path, &short(), SMALL, USUAL_CRF).unwrap_err();
        assert!(matches!(error, VideoError::Write { .. }), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
