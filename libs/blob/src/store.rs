//! The store: whole objects under keys.

use std::fmt;
use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use tokio::sync::Mutex;

use crate::s3::Bucket;
use crate::seal::seals_below;
use crate::write::PART_BYTES;
use crate::{BlobError, Key, Matrix, MatrixRef, Prefix};

/// Objects under keys. Clones are handles to the same objects.
///
/// Writing to a key that has an object replaces it, at once and whole; a reader that has begun
/// goes on with the old one. Calls want a tokio runtime.
#[derive(Clone)]
pub struct BlobStore {
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) backend: Backend,
    /// An object of more bytes is written in parts.
    pub(crate) part_bytes: usize,
    /// Held while the checksums of an object that is written over are replaced.
    pub(crate) sealing: Arc<Mutex<()>>,
}

/// What of a store is done otherwise elsewhere.
#[derive(Clone)]
pub(crate) enum Backend {
    /// Files below a folder.
    Folder(Arc<FsPath>),
    /// A bucket.
    S3(Arc<Bucket>),
    /// The memory of this process.
    Memory,
}

/// What is known of an object without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its name.
    pub key: Key,
    /// Its size, in bytes.
    pub size: u64,
    /// When it was written.
    pub last_modified: SystemTime,
}

impl BlobStore {
    /// Objects as files below `dir`, which is made if it is missing and must be writable.
    ///
    /// A write returns once the object is on the disk, not only in its cache: the catalog commits
    /// rows that refer to it. Blocks; call it at start.
    pub fn local(dir: &FsPath) -> Result<Self, BlobError> {
        let folder = |source: Box<dyn std::error::Error + Send + Sync>| BlobError::Folder {
            dir: dir.to_owned(),
            source,
        };
        std::fs::create_dir_all(dir).map_err(|e| folder(e.into()))?;
        // A folder that cannot be written to shows now, not at the first upload.
        tempfile::tempfile_in(dir).map_err(|e| folder(e.into()))?;
        let root: PathBuf = dir.canonicalize().map_err(|e| folder(e.into()))?;
        let files = LocalFileSystem::new_with_prefix(&root)
            .map_err(|e| folder(e.into()))?
            .with_automatic_cleanup(true)
            .with_fsync(true);
        Ok(Self::over(Arc::new(files), Backend::Folder(root.into())))
    }

    /// Objects in the memory of this process, for tests.
    pub fn in_memory() -> Self {
        Self::over(Arc::new(InMemory::new()), Backend::Memory)
    }

    pub(crate) fn over(objects: Arc<dyn ObjectStore>, backend: Backend) -> Self {
        Self {
            objects,
            backend,
            part_bytes: PART_BYTES,
            sealing: Arc::default(),
        }
    }

    /// Size and time of an object.
    pub async fn head(&self, key: &Key) -> Result<ObjectInfo, BlobError> {
        let meta = self.objects.head(&location(key)).await;
        let failed = |e| BlobError::from_store("looking up", key, e);
        match meta {
            Ok(meta) => Ok(info(key.clone(), &meta)),
            // S3 tells a missing bucket from a missing object only where an answer has a body.
            Err(e @ object_store::Error::NotFound { .. }) => {
                self.check_bucket().await?;
                Err(failed(e))
            }
            Err(e) => Err(failed(e)),
        }
    }

    /// Deletes an object. One that does not exist is as good as deleted.
    pub async fn delete(&self, key: &Key) -> Result<(), BlobError> {
        match self.objects.delete(&location(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => self.unseal(key).await,
            Err(e) => Err(BlobError::from_store("deleting", key, e)),
        }
    }

    /// Deletes everything below `prefix` and says how many objects that were. On an error some
    /// may be left: call it again.
    ///
    /// What is written while it runs may stay.
    pub async fn delete_prefix(&self, prefix: &Prefix) -> Result<u64, BlobError> {
        let failed = |e| BlobError::from_store("deleting", prefix, e);
        let deleted = self.delete_below(&folder(prefix)).await.map_err(failed)?;
        let seals = self.delete_below(&seals_below(prefix)).await;
        seals.map_err(failed)?;
        Ok(deleted)
    }

    async fn delete_below(&self, folder: &Path) -> object_store::Result<u64> {
        let listed = self.objects.list(Some(folder));
        self.delete_all(listed.map_ok(|meta| meta.location).boxed())
            .await
    }

    /// Says how many there were to delete.
    pub(crate) async fn delete_all(
        &self,
        locations: BoxStream<'static, object_store::Result<Path>>,
    ) -> object_store::Result<u64> {
        let mut deleted = self.objects.delete_stream(locations);
        let mut count = 0;
        while let Some(outcome) = deleted.next().await {
            match outcome {
                Ok(_) => count += 1,
                // Somebody else deleted it.
                Err(object_store::Error::NotFound { .. }) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(count)
    }

    /// The objects below `prefix`, in no particular order. A file that is no object of ours is
    /// left out, with a warning in the log.
    pub fn list(&self, prefix: &Prefix) -> BoxStream<'static, Result<ObjectInfo, BlobError>> {
        let prefix = prefix.clone();
        self.objects
            .list(Some(&folder(&prefix)))
            .filter_map(move |meta| {
                let listed = match meta {
                    Ok(meta) => recognise(&meta).map(Ok),
                    Err(e) => Some(Err(BlobError::from_store("listing", &prefix, e))),
                };
                futures::future::ready(listed)
            })
            .boxed()
    }

    /// Writes a matrix in the format of [`MatrixRef::encode`]; gives the object's size in bytes.
    pub async fn put_matrix(&self, key: &Key, matrix: &MatrixRef<'_>) -> Result<u64, BlobError> {
        let bytes = matrix.encode();
        let size = bytes.len() as u64;
        self.put(key, bytes).await?;
        Ok(size)
    }

    /// Reads a matrix of at most `max_bytes` at rest. One that cannot be decoded is
    /// [`BlobError::Corrupt`].
    pub async fn get_matrix(&self, key: &Key, max_bytes: u64) -> Result<Matrix, BlobError> {
        let bytes = self.get(key, max_bytes).await?;
        // Checking and copying some hundred megabytes would hold up this thread's other tasks.
        let decoded = tokio::task::spawn_blocking(move || Matrix::decode(&bytes)).await;
        match decoded {
            Ok(Ok(matrix)) => Ok(matrix),
            Ok(Err(error)) => Err(BlobError::Corrupt {
                key: key.to_string(),
                what: error.to_string(),
            }),
            Err(stopped) => Err(BlobError::Unavailable {
                action: "decoding",
                key: key.to_string(),
                source: stopped.into(),
            }),
        }
    }
}

impl fmt::Debug for BlobStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobStore({})", self.objects)
    }
}

pub(crate) fn location(key: &Key) -> Path {
    Path::from(key.to_string())
}

fn folder(prefix: &Prefix) -> Path {
    Path::from(prefix.to_string())
}

fn recognise(meta: &ObjectMeta) -> Option<ObjectInfo> {
    let key = Key::parse(meta.location.as_ref());
    if key.is_err() {
        tracing::warn!(path = %meta.location, "not an object of this store: ignored");
    }
    Some(info(key.ok()?, meta))
}

fn info(key: Key, meta: &ObjectMeta) -> ObjectInfo {
    ObjectInfo {
        key,
        size: meta.size,
        last_modified: meta.last_modified.into(),
    }
}

#[cfg(test)]
mod tests;
