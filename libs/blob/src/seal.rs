//! Objects and their checksums: written together, read together, deleted together.
//!
//! - The checksums are written before the object becomes visible, so that no object is without.
//! - An object that is written over may fail to be, so the checksums then cover the old content
//!   too. Keys carry the attempt that writes them, so two processes never do this to one key at
//!   once; if they did, a reader could take what is whole for damaged, never the reverse.
//! - An object goes before its checksums. Checksums that a crash leaves alone are swept.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::time::SystemTime;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutMode};

use crate::read::blocking;
use crate::store::location;
use crate::sums::{BLOCK, Mismatch, Sums, Versions};
use crate::{BlobError, BlobStore, Key, Prefix};

/// Where they lie. No key begins like this.
const FOLDER: &str = "sums";

/// Of an object of 80 GiB, in as many versions as are kept.
const MAX_BYTES: u64 = 32 * 1024 * 1024;

impl BlobStore {
    /// Stores the checksums of what is about to be written to `key`.
    pub(crate) async fn seal(&self, key: &Key, sums: Sums) -> Result<(), BlobError> {
        use object_store::Error;
        let at = seal_location(key);
        let failed = |e| BlobError::from_store("writing checksums of", key, e);
        let first = Versions::new(sums.clone()).encode();
        let put = self
            .objects
            .put_opts(&at, first.into(), PutMode::Create.into());
        match put.await {
            Ok(_) => return Ok(()),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {}
            Err(e) => return Err(failed(e)),
        }
        let _turn = self.sealing.lock().await;
        let all = match self.versions(key).await {
            Ok(Some(versions)) => versions.with(sums),
            // Gone meanwhile, or of no use.
            Ok(None) | Err(BlobError::Corrupt { .. }) => Versions::new(sums),
            Err(error) => return Err(error),
        };
        let put = self.objects.put(&at, all.encode().into()).await;
        put.map(drop).map_err(failed)
    }

    /// The checksums of an object. Asked for after the object was opened, they cover what was
    /// opened.
    ///
    /// None where there are none: the object was written before there were checksums.
    pub(crate) async fn versions(&self, key: &Key) -> Result<Option<Versions>, BlobError> {
        let failed = |e| BlobError::from_store("reading checksums of", key, e);
        let found = match self.objects.get(&seal_location(key)).await {
            Ok(found) if found.meta.size <= MAX_BYTES => found,
            Ok(_) => return Err(unreadable(key)),
            Err(object_store::Error::NotFound { .. }) => {
                tracing::warn!(%key, "has no checksums: it is read as it is");
                return Ok(None);
            }
            Err(e) => return Err(failed(e)),
        };
        let bytes = found.bytes().await.map_err(failed)?;
        let versions = Versions::decode(&bytes).ok_or_else(|| unreadable(key))?;
        Ok(Some(versions))
    }

    /// Passes on a whole object if it is what was written.
    pub(crate) async fn checked(&self, key: &Key, bytes: Bytes) -> Result<Bytes, BlobError> {
        let Some(versions) = self.versions(key).await? else {
            return Ok(bytes);
        };
        let check = move || {
            let outcome = versions.check_all(&bytes);
            (bytes, outcome)
        };
        let (bytes, outcome) = off_thread(key, check).await?;
        outcome.map_err(|mismatch| damaged(key, &mismatch))?;
        Ok(bytes)
    }

    pub(crate) async fn unseal(&self, key: &Key) -> Result<(), BlobError> {
        match self.objects.delete(&seal_location(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(BlobError::from_store("deleting checksums of", key, e)),
        }
    }

    /// Removes checksums older than `before` whose object is not there, and says how many. Keeps
    /// eight bytes in memory for each object of the store.
    pub(crate) async fn sweep_seals(&self, before: SystemTime) -> Result<u64, BlobError> {
        let failed = |e| BlobError::from_store("sweeping", &FOLDER, e);
        let hashes = RandomState::new();
        let mut objects = HashSet::new();
        for prefix in Prefix::all() {
            let mut listed = self.objects.list(Some(&Path::from(prefix.to_string())));
            while let Some(meta) = listed.try_next().await.map_err(failed)? {
                objects.insert(hashes.hash_one(meta.location.as_ref()));
            }
        }
        let mut alone = Vec::new();
        let mut listed = self.objects.list(Some(&Path::from(FOLDER)));
        while let Some(meta) = listed.try_next().await.map_err(failed)? {
            let of = meta.location.as_ref().split_once('/').map(|(_, key)| key);
            let has_object = of.is_none_or(|key| objects.contains(&hashes.hash_one(key)));
            if !has_object && SystemTime::from(meta.last_modified) <= before {
                alone.push(Ok(meta.location));
            }
        }
        self.delete_all(stream::iter(alone).boxed())
            .await
            .map_err(failed)
    }
}

/// The checksums of everything below a prefix.
pub(crate) fn seals_below(prefix: &Prefix) -> Path {
    Path::from(format!("{FOLDER}/{prefix}"))
}

/// Runs what may take long on another thread.
pub(crate) async fn off_thread<T, F>(key: &Key, work: F) -> Result<T, BlobError>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let done = blocking(move || Ok(work())).await;
    done.map_err(|e| BlobError::from_io("checking", key, e))
}

/// The checksums of bytes in memory.
pub(crate) async fn sums_of(key: &Key, bytes: &Bytes) -> Result<Sums, BlobError> {
    if bytes.len() as u64 <= BLOCK {
        return Ok(Sums::of(bytes));
    }
    let bytes = bytes.clone();
    off_thread(key, move || Sums::of(&bytes)).await
}

pub(crate) fn seal_location(key: &Key) -> Path {
    Path::from(format!("{FOLDER}/{}", location(key)))
}

/// What was read is not what was written.
pub(crate) fn damaged(key: &Key, mismatch: &Mismatch) -> BlobError {
    BlobError::Corrupt {
        key: key.to_string(),
        what: mismatch.to_string(),
    }
}

fn unreadable(key: &Key) -> BlobError {
    BlobError::Corrupt {
        key: key.to_string(),
        what: "its checksums cannot be read".to_owned(),
    }
}
