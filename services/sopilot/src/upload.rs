//! Sending a video to the catalog so that a break costs little, and sending it again costs nothing.

use std::path::Path;

use futures::stream;
use sha2::{Digest, Sha256};
use sopilot_chassis::Reason;
use sopilot_proto::{
    CHUNK_BYTES,
    catalog::v1::{
        StartUploadRequest, Upload, UploadHeader, UploadVideoRequest, Video, VideoMetadata,
        VideoRole, VideoState, upload_video_request::Frame,
    },
};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt},
    sync::mpsc,
    task::JoinHandle,
};

use crate::{
    client::Catalog,
    error::{Error, Result},
    exit::Exit,
    interrupt::Interrupt,
    progress::{Bar, Progress},
    retry::Patience,
    text::bytes,
    watch,
};

/// A file that exists and can be read, and what its bytes are.
#[derive(Debug, Clone)]
pub(crate) struct Source<'a> {
    /// Where it is.
    pub(crate) path: &'a Path,
    /// Its length in bytes.
    pub(crate) size: u64,
    /// SHA-256 of its bytes, lower-case hex.
    pub(crate) sha256: String,
}

/// What a video is uploaded as.
#[derive(Debug, Clone)]
pub(crate) struct Target<'a> {
    /// The task it belongs to.
    pub(crate) task_id: &'a str,
    /// What it shows.
    pub(crate) role: VideoRole,
    /// What is said about it.
    pub(crate) metadata: VideoMetadata,
}

/// Makes sure that `path` is a file that can be read, before anything is started.
pub(crate) fn check_readable(path: &Path) -> Result<()> {
    let file = std::fs::File::open(path).map_err(|error| Error::io(path, &error))?;
    let metadata = file.metadata().map_err(|error| Error::io(path, &error))?;
    if metadata.is_file() {
        return Ok(());
    }
    let kind = if metadata.is_dir() {
        "a directory"
    } else {
        "not a regular file"
    };
    let message = format!("{}: is {kind}: name a video file", path.display());
    Err(Error::new(Exit::NO_INPUT, message))
}

impl<'a> Source<'a> {
    /// Reads the whole file for its checksum.
    pub(crate) async fn read(path: &'a Path, progress: &Progress) -> Result<Self> {
        check_readable(path)?;
        let failed = |error| Error::io(path, &error);
        let mut file = File::open(path).await.map_err(failed)?;
        let length = file.metadata().await.map_err(failed)?.len();
        let bar = progress.bytes(&format!("reading {}", file_name(path)), length);
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; CHUNK_BYTES];
        let mut size = 0;
        loop {
            let read = file.read(&mut buffer).await.map_err(failed)?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
            size += read as u64;
            bar.at(size);
        }
        let sha256 = hex(&hasher.finalize());
        Ok(Self { path, size, sha256 })
    }
}

/// Uploads a video and waits until it is READY.
pub(crate) async fn ingest(
    catalog: &Catalog,
    source: &Source<'_>,
    target: &Target<'_>,
    progress: &Progress,
) -> Result<Video> {
    let video = upload(catalog, source, target, progress, None).await?;
    let bar = progress.job(&format!("ingesting {}", file_name(source.path)));
    watch::until_succeeded(catalog, &video.ingest_job_id, &bar).await?;
    catalog.video(&video.id).await
}

/// Uploads a video, or goes on with the upload that an earlier call began. A video that the same
/// file became before is answered as it is, unless it has failed or was deleted.
pub(crate) async fn upload(
    catalog: &Catalog,
    source: &Source<'_>,
    target: &Target<'_>,
    progress: &Progress,
    interrupt: Option<&Interrupt>,
) -> Result<Video> {
    let name = file_name(source.path);
    let mut request_id = first_request_id(source, target);
    loop {
        let request = StartUploadRequest {
            task_id: target.task_id.to_owned(),
            role: target.role.into(),
            size_bytes: source.size,
            sha256: source.sha256.clone(),
            metadata: Some(target.metadata.clone()),
            request_id: request_id.clone(),
        };
        match catalog.start_upload(request).await {
            // What the earlier call made is gone.
            Err(error) if error.reason == Some(Reason::UploadNotFound) => {}
            Err(error) => return Err(error.about(&name)),
            Ok(upload) => match finished(catalog, &upload).await? {
                Some(video) if video.state() != VideoState::Failed => return Ok(video),
                Some(_) => {}
                None => return send_all(catalog, source, upload, progress, interrupt).await,
            },
        }
        request_id = next_request_id(&request_id);
    }
}

/// A file's name without its folders, for messages and metadata.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

/// The video that an upload has become, if it has.
async fn finished(catalog: &Catalog, upload: &Upload) -> Result<Option<Video>> {
    if upload.committed_bytes < upload.size_bytes {
        return Ok(None);
    }
    match catalog.video(&upload.id).await {
        Ok(video) => Ok(Some(video)),
        // All bytes are there, but the call that brought the last ones broke off.
        Err(error) if error.reason == Some(Reason::VideoNotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Sends what the server does not have yet, again and again while that brings the upload further.
async fn send_all(
    catalog: &Catalog,
    source: &Source<'_>,
    mut upload: Upload,
    progress: &Progress,
    interrupt: Option<&Interrupt>,
) -> Result<Video> {
    let name = file_name(source.path);
    let bar = progress.bytes(&format!("uploading {name}"), source.size);
    let mut patience = Patience::new();
    loop {
        let stands = format!(
            "{} or more of {} are safe on the server for a day: give the same command again to go on",
            bytes(upload.committed_bytes),
            bytes(upload.size_bytes)
        );
        if let Some(interrupt) = interrupt {
            interrupt.remains(&name, stands);
        }
        let error = match send(catalog, source, &upload, &bar).await {
            Ok(video) => {
                if let Some(interrupt) = interrupt {
                    interrupt.nothing_remains(&name);
                }
                return Ok(video);
            }
            Err(error) => error,
        };
        let standing = matches!(error.reason, Some(Reason::UploadOffsetMismatch));
        if !standing && !error.reason.is_some_and(Reason::retryable) {
            return Err(error.about(&name));
        }
        patience.wait(error.about(&name)).await?;
        let now = catalog
            .upload(&upload.id)
            .await
            .map_err(|error| error.about(&name))?;
        if now.committed_bytes > upload.committed_bytes {
            patience = Patience::new();
        }
        upload = now;
    }
}

/// Sends everything from the committed size on, once.
async fn send(catalog: &Catalog, source: &Source<'_>, upload: &Upload, bar: &Bar) -> Result<Video> {
    let offset = upload.committed_bytes;
    let header = UploadHeader {
        upload_id: upload.id.clone(),
        offset,
    };
    let (sender, receiver) = mpsc::channel(4);
    let reader = read_chunks(source, offset, sender).await?;
    let messages = stream::unfold(
        (Some(header), receiver, offset, bar.clone()),
        |(header, mut receiver, sent, bar)| async move {
            if let Some(header) = header {
                let message = UploadVideoRequest {
                    frame: Some(Frame::Header(header)),
                };
                return Some((message, (None, receiver, sent, bar)));
            }
            let data: Vec<u8> = receiver.recv().await?;
            let sent = sent + data.len() as u64;
            bar.at(sent);
            let message = UploadVideoRequest {
                frame: Some(Frame::Data(data.into())),
            };
            Some((message, (None, receiver, sent, bar)))
        },
    );
    let answer = catalog.send(messages).await;
    // It has ended, or nobody wants what it reads.
    reader.abort();
    // A file that cannot be read ends the stream early, and is the real cause.
    if let Ok(Err(error)) = reader.await {
        return Err(Error::io(source.path, &error));
    }
    answer?.video.ok_or_else(|| {
        let message =
            "the file became shorter while it was read: wait until it is complete and try again";
        Error::new(Exit::IO, message)
    })
}

/// Reads the file from `offset` to the size that was announced, into `sender`.
async fn read_chunks(
    source: &Source<'_>,
    offset: u64,
    sender: mpsc::Sender<Vec<u8>>,
) -> Result<JoinHandle<std::io::Result<()>>> {
    let failed = |error| Error::io(source.path, &error);
    let mut file = File::open(source.path).await.map_err(failed)?;
    file.seek(std::io::SeekFrom::Start(offset))
        .await
        .map_err(failed)?;
    let mut rest = file.take(source.size.saturating_sub(offset));
    Ok(tokio::spawn(async move {
        loop {
            let mut chunk = Vec::with_capacity(CHUNK_BYTES);
            while chunk.len() < CHUNK_BYTES && rest.read_buf(&mut chunk).await? > 0 {}
            // The call may have ended; its answer says why.
            if chunk.is_empty() || sender.send(chunk).await.is_err() {
                return Ok(());
            }
        }
    }))
}

/// The same for the same file, task, role and metadata, in any process.
fn first_request_id(source: &Source<'_>, target: &Target<'_>) -> String {
    let metadata = sopilot_proto::json::to_value(&target.metadata).to_string();
    let parts = [
        target.task_id,
        target.role.as_str_name(),
        &source.sha256,
        &metadata,
    ];
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hex(&hasher.finalize())
}

/// The request after one whose video is of no use.
fn next_request_id(request_id: &str) -> String {
    hex(&Sha256::digest(request_id))
}

/// A digest in lower-case hex.
pub(crate) fn hex(digest: &[u8]) -> String {
    use std::fmt::Write as _;
    digest.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(sha256: &str) -> Source<'static> {
        Source {
            path: Path::new("gold.mp4"),
            size: 3,
            sha256: sha256.to_owned(),
        }
    }

    fn target(role: VideoRole, site: &str) -> Target<'static> {
        let metadata = VideoMetadata {
            site: site.to_owned(),
            ..VideoMetadata::default()
        };
        Target {
            task_id: "t",
            role,
            metadata,
        }
    }

    #[test]
    fn the_same_upload_has_the_same_request_id_and_no_other_has_it() {
        let id = first_request_id(&source("ab"), &target(VideoRole::Gold, "hall"));
        assert_eq!(
            id,
            first_request_id(&source("ab"), &target(VideoRole::Gold, "hall"))
        );
        assert_ne!(
            id,
            first_request_id(&source("ac"), &target(VideoRole::Gold, "hall"))
        );
        assert_ne!(
            id,
            first_request_id(&source("ab"), &target(VideoRole::Audit, "hall"))
        );
        assert_ne!(
            id,
            first_request_id(&source("ab"), &target(VideoRole::Gold, "yard"))
        );
        assert_ne!(id, next_request_id(&id));
        assert!(id.len() <= 64, "the contract allows no more");
    }

    #[test]
    fn what_is_no_file_is_refused_before_anything_starts() {
        let folder = tempfile::tempdir().unwrap();
        let error = check_readable(folder.path()).unwrap_err();
        assert_eq!(error.exit, Exit::NO_INPUT);
        assert!(error.message.ends_with("is a directory: name a video file"));
        let error = check_readable(&folder.path().join("none.mp4")).unwrap_err();
        assert_eq!(error.exit, Exit::NO_INPUT);
        assert!(
            error
                .message
                .ends_with("there is no such file: check the path")
        );
    }

    #[tokio::test]
    async fn the_checksum_is_that_of_the_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"abc").unwrap();
        let source = Source::read(&path, &Progress::default()).await.unwrap();
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            source.sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(source.size, 3);
    }
}
