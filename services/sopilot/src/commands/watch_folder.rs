//! `sopilot watch`: what arrives in a folder becomes videos of a server.

mod arrivals;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use serde_json::{Value, json};
use sopilot_chassis::Reason;
use sopilot_proto::catalog::v1::{Video, VideoMetadata};

use crate::{
    arguments::Server,
    client::Catalog,
    error::{Error, Result},
    exit::Exit,
    interrupt::Interrupt,
    output,
    progress::Progress,
    task::{self, Differing},
    text::safe,
    upload::{self, Source, Target, file_name},
};
use arrivals::{Arrival, Arrivals};

/// Ingest what arrives in a folder, file by file, until it is stopped
///
/// A file is DIR/TASK/ROLE/NAME, with gold, trainee or audit as its role. Once it is whole it is
/// uploaded, and moved to DIR/processed or DIR/failed with a receipt beside it (NAME.json). Files
/// that could not be sent because the server was away stay and are tried again. Stopped and started
/// again it goes on, and no file becomes two videos.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot watch /srv/inbox
  sopilot watch /srv/inbox --once
")]
pub(crate) struct WatchArgs {
    /// The folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Ingest what is there, and end
    #[arg(long)]
    once: bool,
    /// A file is whole when it has not changed for so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    settle: u64,
    #[command(flatten)]
    server: Server,
}

/// How often the folder is looked at.
const INTERVAL: Duration = Duration::from_secs(2);

/// Where files go that became videos, and where those that could not.
const PROCESSED: &str = "processed";
const FAILED: &str = "failed";

/// Runs the command.
pub(crate) async fn run(args: &WatchArgs) -> Result<()> {
    if !args.folder.is_dir() {
        let what = if args.folder.exists() {
            "is no folder: name one"
        } else {
            "there is no such folder: make it first"
        };
        let message = format!("{}: {what}", args.folder.display());
        return Err(Error::new(Exit::NO_INPUT, message));
    }
    let interrupt = Interrupt::new()?;
    let name = args.folder.display().to_string();
    interrupt.remains(
        &name,
        "what was not moved yet is ingested when the command is given again",
    );
    let inbox = Inbox {
        folder: &args.folder,
        catalog: Catalog::connect(&args.server.server)?,
        progress: Progress::default(),
    };
    interrupt.guard(inbox.watch(args)).await
}

struct Inbox<'a> {
    folder: &'a Path,
    catalog: Catalog,
    progress: Progress,
}

impl Inbox<'_> {
    async fn watch(&self, args: &WatchArgs) -> Result<()> {
        let mut arrivals = Arrivals::new(self.folder, Duration::from_secs(args.settle));
        loop {
            let found = arrivals
                .look()
                .map_err(|error| Error::io(self.folder, &error))?;
            // What cannot be ingested or moved is told once, and left until it changes.
            for misplaced in found.misplaced {
                output::aside(&format!(
                    "warning: {}: is no file at DIR/TASK/ROLE/NAME with gold, trainee or audit as ROLE, and is left alone: move it there (links and folders are not followed)\n",
                    safe(&misplaced.display().to_string())
                ));
            }
            let mut waits = found.unsettled > 0;
            for arrival in &found.whole {
                match self.take(arrival).await? {
                    Taken::Away => {}
                    // It changed, or the server may be back for the next look.
                    Taken::Later => waits = true,
                    Taken::Never => arrivals.give_up(arrival),
                }
            }
            if args.once && !waits {
                return Ok(());
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// Ingests a file and moves it away.
    async fn take(&self, arrival: &Arrival) -> Result<Taken> {
        let name = safe(&arrival.path.display().to_string());
        let (into, receipt, told) = match self.ingest(arrival).await {
            Ok(video) => {
                let receipt = json!({ "video": sopilot_proto::json::to_value(&video) });
                (PROCESSED, receipt, format!("video {}", safe(&video.id)))
            }
            // A file that vanished meanwhile is somebody's business.
            Err(_) if !arrival.path.exists() => return Ok(Taken::Away),
            Err(error) if is_about_the_file(&error) => {
                let receipt = json!({
                    "reason": error.reason.map(|reason| reason.to_string()),
                    "message": error.message,
                });
                (FAILED, receipt, error.to_string())
            }
            Err(error) => {
                output::aside(&format!("warning: {name}: {error}; it is tried again\n"));
                return Ok(Taken::Later);
            }
        };
        // What lies there now may be another file under the same name.
        if !arrival.is_unchanged() {
            output::aside(&format!(
                "warning: {name}: changed meanwhile; it is looked at again\n"
            ));
            return Ok(Taken::Later);
        }
        match self.put_away(into, arrival, &receipt) {
            Ok(moved) => {
                let moved = safe(&moved.display().to_string());
                output::text(&format!("{name}: {told}; moved to {moved}\n"))?;
                Ok(Taken::Away)
            }
            Err(error) => {
                output::aside(&format!(
                    "warning: {name}: {told}, but cannot be moved: {error}; it is left\n"
                ));
                Ok(Taken::Never)
            }
        }
    }

    async fn ingest(&self, arrival: &Arrival) -> Result<Video> {
        let task = task::ensure(&self.catalog, &arrival.task, None, Differing::Refuse)
            .await?
            .task;
        let source = Source::read(&arrival.path, &self.progress).await?;
        let target = Target {
            task_id: &task.id,
            role: arrival.role.into(),
            metadata: VideoMetadata {
                file_name: file_name(&arrival.path),
                ..VideoMetadata::default()
            },
        };
        upload::ingest(&self.catalog, &source, &target, &self.progress).await
    }

    /// Writes the receipt, then moves the file.
    fn put_away(&self, into: &str, arrival: &Arrival, receipt: &Value) -> Result<PathBuf> {
        let place = Path::new(&arrival.task).join(arrival.role.name());
        let folder = self.folder.join(into).join(place);
        fs::create_dir_all(&folder).map_err(|error| Error::io(&folder, &error))?;
        let path = free_name(&folder, &file_name(&arrival.path));
        let note = receipt_of(&path);
        // Made before the move: a receipt that cannot be written is told while nothing has moved.
        fs::write(&note, format!("{receipt:#}\n")).map_err(|error| Error::io(&note, &error))?;
        fs::rename(&arrival.path, &path).map_err(|error| {
            // Nothing lies beside it.
            let _ = fs::remove_file(&note);
            Error::io(&arrival.path, &error)
        })?;
        Ok(path)
    }
}

/// What became of an arrival.
enum Taken {
    /// It is not there any more.
    Away,
    /// It is to be tried again.
    Later,
    /// It stays where it is until it changes.
    Never,
}

/// Whether trying again will give the same: the file, its name or its task cannot be used. Codes
/// below 64 belong to such reasons; see [`Exit::of`].
fn is_about_the_file(error: &Error) -> bool {
    // A checksum that does not fit is that of a file which grew meanwhile.
    let lasts = |reason: Reason| !reason.retryable() && reason != Reason::ChecksumMismatch;
    let is_refused = error.exit == Exit::USAGE || (10..64).contains(&error.exit.0);
    let is_unreadable = error.exit == Exit::NO_INPUT;
    is_unreadable || (error.reason.is_some_and(lasts) && is_refused)
}

/// A name that no file and no receipt has: NAME, or with a number before its extension.
fn free_name(folder: &Path, name: &str) -> PathBuf {
    let whole = Path::new(name);
    let stem = whole.file_stem().unwrap_or_default().to_string_lossy();
    let extension = whole
        .extension()
        .map(|extension| format!(".{}", extension.to_string_lossy()));
    let extension = extension.unwrap_or_default();
    let stem = shortened(&stem, LONGEST_NAME.saturating_sub(extension.len()));
    let numbered = |number: u32| match number {
        1 => folder.join(format!("{stem}{extension}")),
        _ => folder.join(format!("{stem}-{number}{extension}")),
    };
    let mut number = 1;
    while numbered(number).exists() || receipt_of(&numbered(number)).exists() {
        number += 1;
    }
    numbered(number)
}

/// File systems hold names of 255 bytes; a number and `.json` must fit.
const LONGEST_NAME: usize = 240;

/// As many whole characters as fit into so many bytes.
fn shortened(text: &str, bytes: usize) -> &str {
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = end.take_while(|end| *end <= bytes).last();
    &text[..end.unwrap_or(0)]
}

fn receipt_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".json");
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_put_away_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let name = |name: &str| folder.path().join(name);
        assert_eq!(free_name(folder.path(), "a.mp4"), name("a.mp4"));
        fs::write(name("a.mp4"), "").unwrap();
        fs::write(name("a-2.mp4.json"), "").unwrap();
        assert_eq!(free_name(folder.path(), "a.mp4"), name("a-3.mp4"));
        assert_eq!(free_name(folder.path(), "b"), name("b"));
        let long = free_name(folder.path(), &format!("{}.mp4", "ü".repeat(125)));
        let long = long.file_name().unwrap().to_str().unwrap();
        assert!(
            long.len() <= LONGEST_NAME && long.ends_with("ü.mp4"),
            "{long}"
        );
        assert_eq!(receipt_of(&name("a.mp4")), name("a.mp4.json"));
    }

    #[test]
    fn only_what_will_never_work_is_put_aside() {
        assert!(is_about_the_file(&Error::because(Reason::NotAVideo, "")));
        assert!(is_about_the_file(&Error::because(
            Reason::VideoTruncated,
            ""
        )));
        let passing = [
            Reason::Unavailable,
            Reason::StorageFull,
            Reason::Overloaded,
            Reason::ChecksumMismatch,
        ];
        for passing in passing {
            assert!(
                !is_about_the_file(&Error::because(passing, "")),
                "{passing}"
            );
        }
    }
}
