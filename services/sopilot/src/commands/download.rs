//! `sopilot video download`: the bytes of a video as they were uploaded.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use clap::Args;
use futures::TryStreamExt;
use sha2::{Digest, Sha256};
use sopilot_chassis::Reason;
use sopilot_proto::{
    catalog::v1::{DownloadHeader, Video, download_video_response::Frame},
    id::VideoId,
};
use tempfile::NamedTempFile;

use crate::{
    arguments::Server,
    client::Catalog,
    error::{Error, Result},
    exit::Exit,
    interrupt::Interrupt,
    output,
    progress::{Bar, Progress},
    retry::Patience,
    text::safe,
    upload::hex,
};

/// Download the bytes of a video as they were uploaded, unmasked
///
/// The file appears under its name only when it is whole and its checksum is right. A file that
/// exists is not overwritten.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot video download 01890a5d-ac96-774b-bcce-b302099a8057
  sopilot video download 01890a5d-ac96-774b-bcce-b302099a8057 -o gold.mp4
")]
pub(crate) struct DownloadArgs {
    /// The video
    id: VideoId,
    /// Where to write it; without it, the name it was uploaded under, in this folder
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    server: Server,
}

/// Runs the command.
pub(crate) async fn run(args: &DownloadArgs) -> Result<()> {
    let interrupt = Interrupt::new()?;
    let path = interrupt.guard(work(args)).await?;
    output::text(&format!("{}\n", safe(&path.display().to_string())))
}

async fn work(args: &DownloadArgs) -> Result<PathBuf> {
    let catalog = Catalog::connect(&args.server.server)?;
    let video = catalog.video(&args.id.to_string()).await?;
    let path = args.output.clone().unwrap_or_else(|| default_path(&video));
    if path.exists() {
        return Err(exists(&path));
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    // Beside its place, so that it can be moved there, and removed if we do not get that far.
    let file = NamedTempFile::new_in(folder).map_err(|error| Error::io(folder, &error))?;
    let mut download = Download {
        catalog,
        path: &path,
        file,
        hasher: Sha256::new(),
        received: 0,
    };
    let header = download.receive(&video).await?;
    download.keep(&header)?;
    Ok(path)
}

/// Bytes that have arrived.
struct Download<'a> {
    catalog: Catalog,
    path: &'a Path,
    file: NamedTempFile,
    hasher: Sha256,
    received: u64,
}

impl Download<'_> {
    /// Receives all bytes; after a break goes on behind the last one that arrived.
    async fn receive(&mut self, video: &Video) -> Result<DownloadHeader> {
        let bar = Progress::default().bytes("downloading", video.size_bytes);
        let mut patience = Patience::new();
        loop {
            let before = self.received;
            let error = match self.once(&video.id, &bar).await {
                Ok(header) if self.received == header.size_bytes => return Ok(header),
                Ok(_) => Error::because(Reason::Unavailable, "the server stopped sending early"),
                Err(error) => error,
            };
            if !error.reason.is_some_and(Reason::retryable) {
                return Err(error);
            }
            if self.received > before {
                patience = Patience::new();
            }
            patience.wait(error).await?;
        }
    }

    async fn once(&mut self, video_id: &str, bar: &Bar) -> Result<DownloadHeader> {
        let mut messages = self.catalog.download(video_id, self.received).await?;
        let mut header = None;
        while let Some(message) = messages.try_next().await? {
            match message.frame {
                Some(Frame::Header(first)) => header = Some(first),
                Some(Frame::Data(data)) => {
                    self.file
                        .write_all(&data)
                        .map_err(|error| Error::io(self.path, &error))?;
                    self.hasher.update(&data);
                    self.received += data.len() as u64;
                    bar.at(self.received);
                }
                None => {}
            }
        }
        header.ok_or_else(|| Error::new(Exit::PROTOCOL, "the download came without a header"))
    }

    /// Puts the file in its place if its bytes are right.
    fn keep(self, header: &DownloadHeader) -> Result<()> {
        let sha256 = hex(&self.hasher.finalize());
        if sha256 != header.sha256 {
            let message = format!(
                "{}: the bytes have the SHA-256 {sha256}, not {}: the server's storage is damaged",
                self.path.display(),
                header.sha256
            );
            return Err(Error::because(Reason::ObjectCorrupt, message));
        }
        self.file
            .as_file()
            .sync_all()
            .map_err(|error| Error::io(self.path, &error))?;
        match self.file.persist_noclobber(self.path) {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
                Err(exists(self.path))
            }
            Err(error) => Err(Error::io(self.path, &error.error)),
        }
    }
}

fn exists(path: &Path) -> Error {
    let message = format!(
        "{}: exists already: name another file with --output",
        path.display()
    );
    Error::usage(message)
}

/// The name it was uploaded under, without folders; it was chosen by whoever uploaded it, so a name
/// that is hidden or no name at all is not used.
fn default_path(video: &Video) -> PathBuf {
    let given = video
        .metadata
        .as_ref()
        .map_or("", |metadata| &metadata.file_name);
    let name = given.rsplit(['/', '\\']).next().unwrap_or_default();
    if name.is_empty() || name.starts_with('.') || name != safe(name) {
        PathBuf::from(format!("{}.video", safe(&video.id)))
    } else {
        PathBuf::from(name)
    }
}

#[cfg(test)]
mod tests {
    use sopilot_proto::catalog::v1::VideoMetadata;

    use super::*;

    #[test]
    fn a_foreign_name_cannot_choose_a_folder_or_hide() {
        let path = |name: &str| {
            let metadata = VideoMetadata {
                file_name: name.to_owned(),
                ..VideoMetadata::default()
            };
            default_path(&Video {
                id: "7".to_owned(),
                metadata: Some(metadata),
                ..Video::default()
            })
        };
        assert_eq!(path("gold.mp4"), PathBuf::from("gold.mp4"));
        assert_eq!(path("/etc/cron.d/x"), PathBuf::from("x"));
        assert_eq!(path("..\\..\\x.mp4"), PathBuf::from("x.mp4"));
        for bad in ["", "..", "a/..", ".bashrc", "a\u{202e}4pm"] {
            assert_eq!(path(bad), PathBuf::from("7.video"), "{bad}");
        }
    }
}
