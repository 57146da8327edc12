//! Finds ffmpeg and ffprobe, and makes sure that they run.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::{
    CancelToken, VideoError,
    guard::{Budget, Guarded},
};

/// The two programs of one ffmpeg installation, known to run on this machine. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ffmpeg {
    decoder: PathBuf,
    prober: PathBuf,
    version: Version,
    landlock: bool,
}

/// FFmpeg's version. A build from its development branch has a name and no number, and counts as new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Major and minor number; `None` for a development build.
    pub release: Option<(u32, u32)>,
    /// The version as the program tells it, for logs and for the record of what made a result.
    pub text: String,
}

/// The first with `-fps_mode`, and with a `setpts` filter that also shifts the end of the stream.
const OLDEST: (u32, u32) = (5, 1);

/// Enough for loading FFmpeg's many libraries and printing one line.
const VERSION_BUDGET: Budget = Budget {
    wall_seconds: 30.0,
    cpu_seconds: 30.0,
    memory_bytes: 4 << 30,
    landlock: true,
};

impl Ffmpeg {
    /// Finds ffmpeg and, beside it, ffprobe; runs both once.
    ///
    /// `path` is the configured place: the ffmpeg executable or the folder that holds both. Without it they are
    /// sought in `PATH`. The answer is absolute, so a later change of `PATH` or folder changes nothing.
    ///
    /// # Errors
    /// [`VideoError::FfmpegMissing`], [`VideoError::FfmpegTooOld`], or [`VideoError::FfmpegFailed`] when it is there
    /// and does not run.
    pub fn locate(path: Option<&Path>) -> Result<Self, VideoError> {
        let folders: Vec<PathBuf> = match path {
            Some(path) if path.is_dir() => vec![path.to_owned()],
            Some(path) => path.parent().map(Path::to_owned).into_iter().collect(),
            None => std::env::var_os("PATH")
                .map(|list| std::env::split_paths(&list).collect())
                .unwrap_or_default(),
        };
        let ffmpeg = match path {
            Some(path) if !path.is_dir() => {
                executable(path).ok_or_else(|| missing("ffmpeg", &[path.to_owned()]))?
            }
            _ => find("ffmpeg", &folders)?,
        };
        let ffprobe = find("ffprobe", &folders)?;
        let (version, landlock) = ask_version(&ffmpeg)?;
        let (_, probe_landlock) = ask_version(&ffprobe)?;
        let found = Self {
            decoder: ffmpeg,
            prober: ffprobe,
            version,
            landlock: landlock && probe_landlock,
        };
        tracing::debug!(path = %found.decoder.display(), version = %found.version, "ffmpeg found");
        Ok(found)
    }

    /// What `ffmpeg -version` says.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// Absolute path of ffmpeg.
    pub fn ffmpeg_path(&self) -> &Path {
        &self.decoder
    }

    /// Absolute path of ffprobe.
    pub fn ffprobe_path(&self) -> &Path {
        &self.prober
    }

    /// Whether the subprocess can be confined to its input by Landlock.
    pub(crate) fn landlock(&self) -> bool {
        self.landlock
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Version {
    /// From the first line of `-version`: `ffmpeg version 5.1.9-0+deb12u1 Copyright …`, `… n7.1 …`, `… N-118315-g4f3 …`.
    fn parse(output: &str) -> Option<Self> {
        let mut words = output.lines().next()?.split_whitespace();
        let text = words
            .find(|word| *word == "version")
            .and_then(|_| words.next())?;
        let mut numbers = text
            .trim_start_matches('n')
            .split(['.', '-', '+'])
            .map_while(|part| part.parse().ok());
        let release = numbers
            .next()
            .map(|major| (major, numbers.next().unwrap_or(0)));
        Some(Self {
            release,
            text: text.to_owned(),
        })
    }

    fn is_supported(&self) -> bool {
        self.release.is_none_or(|release| release >= OLDEST)
    }
}

fn find(program: &'static str, folders: &[PathBuf]) -> Result<PathBuf, VideoError> {
    folders
        .iter()
        .find_map(|folder| executable(&folder.join(program)))
        .ok_or_else(|| missing(program, folders))
}

/// The absolute path of an executable file.
fn executable(path: &Path) -> Option<PathBuf> {
    let path = path.canonicalize().ok()?;
    let runs = path.is_file() && rustix::fs::access(&path, rustix::fs::Access::EXEC_OK).is_ok();
    runs.then_some(path)
}

fn missing(program: &'static str, searched: &[PathBuf]) -> VideoError {
    let searched: Vec<_> = searched
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    VideoError::FfmpegMissing {
        program,
        searched: searched.join(":"),
    }
}

/// The program's version, and whether it starts under Landlock: an installation whose libraries lie in a place that
/// the sandbox does not know does not, and is then run with the other walls only.
fn ask_version(program: &Path) -> Result<(Version, bool), VideoError> {
    let (output, landlock) = match run_version(program, VERSION_BUDGET) {
        Ok(output) => (output, true),
        Err(error) => {
            let output = run_version(
                program,
                Budget {
                    landlock: false,
                    ..VERSION_BUDGET
                },
            )?;
            tracing::warn!(%error, program = %program.display(), "ffmpeg does not start under Landlock, running it without");
            (output, false)
        }
    };
    let version = Version::parse(&output).ok_or_else(|| VideoError::FfmpegFailed {
        detail: format!("{} does not tell its version", program.display()),
    })?;
    if version.is_supported() {
        Ok((version, landlock))
    } else {
        Err(VideoError::FfmpegTooOld {
            path: program.to_owned(),
            found: version.text,
        })
    }
}

fn run_version(program: &Path, budget: Budget) -> Result<String, VideoError> {
    const LINES: usize = 64 * 1024;
    let mut process = Guarded::spawn(
        program,
        vec!["-version".into()],
        None,
        budget,
        CancelToken::default(),
    )?;
    let output = process.read_all(LINES)?;
    process.finish().map_err(|error| match error {
        // No video was involved.
        VideoError::Corrupt => VideoError::FfmpegFailed {
            detail: format!("{} -version fails", program.display()),
        },
        other => other,
    })?;
    Ok(String::from_utf8_lossy(&output).into_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn release(line: &str) -> Option<(u32, u32)> {
        Version::parse(line).unwrap().release
    }

    #[test]
    fn versions_of_releases_packages_and_development_builds() {
        assert_eq!(
            release("ffmpeg version 5.1.9-0+deb12u1 Copyright (c)"),
            Some((5, 1))
        );
        assert_eq!(release("ffprobe version n7.1 Copyright"), Some((7, 1)));
        assert_eq!(release("ffmpeg version 8.0 Copyright"), Some((8, 0)));
        assert_eq!(release("ffmpeg version 7 Copyright"), Some((7, 0)));
        assert_eq!(release("ffmpeg version N-118315-g4f3 Copyright"), None);
        assert_eq!(Version::parse("bash: no such thing"), None);
    }

    #[test]
    fn the_installed_ffmpeg_is_found_and_confined() {
        let found = Ffmpeg::locate(None).unwrap();
        assert!(found.ffmpeg_path().is_absolute() && found.ffprobe_path().is_absolute());
        let again = Ffmpeg::locate(Some(found.ffmpeg_path())).unwrap();
        assert_eq!(again.version(), found.version());
        assert!(
            found.landlock(),
            "the system's ffmpeg needs nothing that the sandbox does not know"
        );
    }

    #[test]
    fn what_is_missing_or_old_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = Ffmpeg::locate(Some(folder.path())).unwrap_err();
        assert!(matches!(
            error,
            VideoError::FfmpegMissing {
                program: "ffmpeg",
                ..
            }
        ));
        assert!(error.to_string().contains("install ffmpeg") && !error.is_permanent());

        for program in ["ffmpeg", "ffprobe"] {
            let path = folder.path().join(program);
            std::fs::write(&path, "#!/bin/sh\necho ffmpeg version 4.2.7 Copyright\n").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let error = Ffmpeg::locate(Some(folder.path())).unwrap_err();
        assert!(matches!(error, VideoError::FfmpegTooOld { found, .. } if found == "4.2.7"));
    }
}
