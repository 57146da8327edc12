//! Removing what killed processes have half written.

use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::store::Backend;
use crate::{BlobError, BlobStore};

impl BlobStore {
    /// Removes what writes left behind that ended with their process, and says how many pieces.
    ///
    /// In a folder an object is written to a file called `<object>#<number>` next to it, which is
    /// then renamed; in a bucket it is an upload in parts, which is then completed; and both have
    /// their checksums before they have the object. Files last written to, uploads begun and
    /// checksums written before `older_than` ago are removed. A write that pauses for longer, or to
    /// a bucket takes longer, loses what it sent and fails, so choose hours, not seconds.
    ///
    /// A bucket's life-cycle rule for unfinished uploads does the same where no catalog runs.
    pub async fn sweep_temporary(&self, older_than: Duration) -> Result<u64, BlobError> {
        let Some(before) = SystemTime::now().checked_sub(older_than) else {
            // Older than time itself: nothing is.
            return Ok(0);
        };
        let unfinished = match &self.backend {
            Backend::Folder(root) => sweep_files(root.clone(), before).await?,
            Backend::S3(bucket) => bucket.sweep(before).await?,
            Backend::Memory => 0,
        };
        Ok(unfinished + self.sweep_seals(before).await?)
    }
}

async fn sweep_files(root: Arc<Path>, before: SystemTime) -> Result<u64, BlobError> {
    let shown = root.display().to_string();
    let failed = |e| BlobError::from_io("sweeping", &shown, e);
    let swept = tokio::task::spawn_blocking(move || sweep_folder(&root, before));
    let swept = swept.await.map_err(|stopped| failed(stopped.into()))?;
    swept.map_err(failed)
}

/// Sweeps a folder and those below it, and removes the folders that this leaves empty.
fn sweep_folder(folder: &Path, before: SystemTime) -> io::Result<u64> {
    let mut swept = 0;
    for entry in unless_gone(fs::read_dir(folder))?.into_iter().flatten() {
        swept += unless_gone(sweep_entry(&entry?, before))?.unwrap_or(0);
    }
    Ok(swept)
}

fn sweep_entry(entry: &DirEntry, before: SystemTime) -> io::Result<u64> {
    let path = entry.path();
    // Of the entry itself: a link is neither followed nor swept.
    let kind = entry.file_type()?;
    if kind.is_dir() {
        let swept = sweep_folder(&path, before)?;
        if swept > 0 {
            // Fails, as it should, where something is left.
            let _ = fs::remove_dir(&path);
        }
        return Ok(swept);
    }
    let name = entry.file_name();
    if !kind.is_file() || !is_temporary(&name.to_string_lossy()) {
        return Ok(0);
    }
    if entry.metadata()?.modified()? > before {
        return Ok(0);
    }
    fs::remove_file(&path)?;
    tracing::info!(path = %path.display(), "removed what a killed process had half written");
    Ok(1)
}

/// Object names have no `#`, so no object is ever taken for a temporary file.
fn is_temporary(name: &str) -> bool {
    name.rsplit_once('#')
        .is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// None where somebody else was faster: files end and folders empty while they are walked.
fn unless_gone<T>(outcome: io::Result<T>) -> io::Result<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}
