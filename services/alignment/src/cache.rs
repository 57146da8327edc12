//! Embeddings that were read a short while ago.

use std::sync::Arc;

use quick_cache::{Weighter, sync::Cache};
use sopilot_blob::{BlobError, BlobStore, Key, Matrix};

/// Reads stored embeddings, and keeps those that are asked for again and again.
///
/// A key names one object for good: an attempt writes each once, and no two attempts share one. So
/// what was read under a key is what lies there, or the object was deleted; which is asked every
/// time, because a deleted video must be gone.
///
/// When room is short, what was asked for once goes first (S3-FIFO, Yang et al. 2023): golds, which
/// many trainees are aligned with, stay.
#[derive(Clone)]
pub(crate) struct MatrixCache {
    blobs: BlobStore,
    matrices: Arc<Cache<Key, Arc<Matrix>, ByBytes>>,
}

/// A guess that only sizes the cache's table.
const USUAL_MATRIX_BYTES: u64 = 512 << 10;

#[derive(Clone)]
struct ByBytes;

impl Weighter<Key, Arc<Matrix>> for ByBytes {
    fn weight(&self, _: &Key, matrix: &Arc<Matrix>) -> u64 {
        size_of_val(matrix.data()) as u64
    }
}

impl MatrixCache {
    /// Keeps at most `bytes` of matrices; with 0 nothing.
    pub(crate) fn new(blobs: BlobStore, bytes: u64) -> Self {
        let items = (bytes / USUAL_MATRIX_BYTES).clamp(16, 1 << 20) as usize;
        Self {
            blobs,
            matrices: Arc::new(Cache::with_weighter(items, bytes, ByBytes)),
        }
    }

    /// The matrix under a key. Those who ask at the same time wait for one read.
    pub(crate) async fn get(&self, key: &Key, max_bytes: u64) -> Result<Arc<Matrix>, BlobError> {
        match self.matrices.get_value_or_guard_async(key).await {
            Ok(matrix) => {
                if let Err(error) = self.blobs.head(key).await {
                    self.matrices.remove(key);
                    return Err(error);
                }
                Ok(matrix)
            }
            Err(guard) => {
                let matrix = Arc::new(self.blobs.get_matrix(key, max_bytes).await?);
                // It fails where the key was removed meanwhile: then it is not kept.
                let _ = guard.insert(Arc::clone(&matrix));
                Ok(matrix)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sopilot_blob::{Attempt, MatrixRef, ObjectName};

    use super::*;

    const MAX: u64 = 1 << 20;

    fn key(token: u64) -> Key {
        let attempt = Attempt {
            job: "00000000-0000-7000-8000-000000000001".parse().unwrap(),
            fencing_token: token,
        };
        Key::result(attempt, ObjectName::from_static("embeddings.mat"))
    }

    async fn put(blobs: &BlobStore, key: &Key, value: f32) {
        let data = [value; 64];
        let matrix = MatrixRef::new(8, &data).unwrap();
        blobs.put_matrix(key, &matrix).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_kept_is_not_read_again_and_what_is_deleted_is_gone() {
        let blobs = BlobStore::in_memory();
        let cache = MatrixCache::new(blobs.clone(), 1 << 20);
        let key = key(1);
        assert!(cache.get(&key, MAX).await.is_err());
        put(&blobs, &key, 1.0).await;
        let first = cache.get(&key, MAX).await.unwrap();
        assert!(Arc::ptr_eq(&first, &cache.get(&key, MAX).await.unwrap()));
        blobs.delete(&key).await.unwrap();
        assert!(matches!(
            cache.get(&key, MAX).await,
            Err(BlobError::NotFound { .. })
        ));
        // Nothing of it is left behind either.
        put(&blobs, &key, 2.0).await;
        assert_eq!(cache.get(&key, MAX).await.unwrap().data(), [2.0; 64]);
    }

    #[tokio::test]
    async fn room_is_bounded_and_what_is_asked_for_again_stays() {
        let blobs = BlobStore::in_memory();
        let one = 64 * 4;
        let cache = MatrixCache::new(blobs.clone(), 8 * one);
        let gold = key(0);
        put(&blobs, &gold, 0.0).await;
        let first = cache.get(&gold, MAX).await.unwrap();
        for token in 1..200 {
            put(&blobs, &key(token), 1.0).await;
            cache.get(&key(token), MAX).await.unwrap();
            assert!(Arc::ptr_eq(&first, &cache.get(&gold, MAX).await.unwrap()));
            assert!(cache.matrices.weight() <= 8 * one);
        }
        // An empty cache still reads.
        let nothing = MatrixCache::new(blobs, 0);
        let first = nothing.get(&gold, MAX).await.unwrap();
        assert!(!Arc::ptr_eq(
            &first,
            &nothing.get(&gold, MAX).await.unwrap()
        ));
    }
}
