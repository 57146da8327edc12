//! Whether the store can be used now.

use std::time::Duration;

use futures::TryStreamExt;
use object_store::path::Path;

use crate::read::blocking;
use crate::store::Backend;
use crate::{BlobError, BlobStore};

/// For the store to answer: who asks wants to know now.
const PATIENCE: Duration = Duration::from_secs(5);
/// A folder that no key is in, so that listing it costs nothing.
const NOTHING: &str = "check";
const ACTION: &str = "checking";

impl BlobStore {
    /// Whether the store can be used: a folder can be written to, a bucket exists and lets itself be
    /// listed. For readiness; answers within 5 s.
    ///
    /// [`BlobError::Refused`] if a person must change permissions or configuration,
    /// [`BlobError::Unavailable`] if the store may be back by itself.
    pub async fn check(&self) -> Result<(), BlobError> {
        match &self.backend {
            Backend::Memory => Ok(()),
            Backend::Folder(root) => {
                let folder = root.clone();
                let written = blocking(move || tempfile::tempfile_in(&*folder)).await;
                let shown = root.display().to_string();
                written
                    .map(drop)
                    .map_err(|e| BlobError::from_io(ACTION, &shown, e))
            }
            Backend::S3(_) => {
                let checked = tokio::time::timeout(PATIENCE, self.check_bucket()).await;
                let slow = |e| Err(BlobError::from_any(ACTION, &"the bucket", Box::new(e)));
                checked.unwrap_or_else(slow)
            }
        }
    }

    /// Whether there is a bucket, and it is ours. Nothing where there are none.
    pub(crate) async fn check_bucket(&self) -> Result<(), BlobError> {
        if matches!(self.backend, Backend::S3(_)) {
            let mut listed = self.objects.list(Some(&Path::from(NOTHING)));
            let first = listed.try_next().await;
            first.map_err(|e| BlobError::from_store(ACTION, &"the bucket", e))?;
        }
        Ok(())
    }
}
