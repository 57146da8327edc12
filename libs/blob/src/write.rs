//! Writing objects of any size with bounded memory.

use std::fmt::Write as _;
use std::pin::pin;

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload, PutPayloadMut};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinSet};

use crate::store::location;
use crate::{BlobError, BlobStore, Key, PutError};

/// Remote stores want at least 5 MiB and take at most 10 000 parts: objects of up to 80 GiB.
/// Tests see several parts without hashing hundreds of megabytes in a debug build.
const PART_BYTES: usize = if cfg!(test) {
    64 * 1024
} else {
    8 * 1024 * 1024
};
/// Parts on their way while the next is being filled, so that reading and writing overlap.
const PARTS_IN_FLIGHT: usize = 2;

const ACTION: &str = "writing";

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The size of the object, in bytes.
    pub bytes: u64,
    /// The SHA-256 of the whole object.
    pub sha256: [u8; 32],
}

impl Written {
    /// The digest as 64 lower-case hexadecimal digits.
    pub fn sha256_hex(&self) -> String {
        self.sha256.iter().fold(String::new(), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

impl BlobStore {
    /// Writes what `input` gives, holding at most about 24 MiB of it and the stream's own chunk.
    ///
    /// The object becomes visible when all of it is there. When the input or the store fails, or
    /// the call is dropped, nothing is, and what was sent is removed; what a killed process leaves
    /// is not visible either and goes with [`sweep_temporary`](Self::sweep_temporary).
    pub async fn put_stream<S, E>(&self, key: &Key, input: S) -> Result<Written, PutError<E>>
    where
        S: Stream<Item = Result<Bytes, E>>,
    {
        let mut input = pin!(input);
        let mut upload = Upload::start(self, key).await?;
        while let Some(chunk) = input.next().await {
            let taken = match chunk {
                Ok(chunk) => upload.add(chunk).await.map_err(PutError::Store),
                Err(error) => Err(PutError::Input(error)),
            };
            if let Err(error) = taken {
                upload.abort().await;
                return Err(error);
            }
        }
        Ok(upload.finish().await?)
    }

    /// Writes the objects `parts`, one after the other, as one object. The parts stay.
    ///
    /// Fails with [`BlobError::NotFound`] of the first part that is missing.
    pub async fn concat(&self, parts: &[Key], to: &Key) -> Result<Written, BlobError> {
        // Owned, so that the future is Send for callers whatever they borrow.
        let store = self.clone();
        let bytes = stream::iter(parts.to_vec())
            .then(move |part| {
                let store = store.clone();
                async move { store.stream(&part).await }
            })
            .try_flatten()
            .boxed();
        let written = self.put_stream(to, bytes).await;
        written.map_err(|error| match error {
            PutError::Input(error) | PutError::Store(error) => error,
        })
    }
}

/// An object on its way. Dropped unfinished, it removes what it has sent, in the background.
struct Upload {
    key: Key,
    parts: JoinSet<object_store::Result<()>>,
    filling: PutPayloadMut,
    digest: Sha256,
    bytes: u64,
    /// None once it is finished or aborted.
    target: Option<Box<dyn MultipartUpload>>,
}

impl Upload {
    async fn start(store: &BlobStore, key: &Key) -> Result<Self, BlobError> {
        let target = store.objects.put_multipart(&location(key)).await;
        Ok(Self {
            key: key.clone(),
            parts: JoinSet::new(),
            filling: PutPayloadMut::new(),
            digest: Sha256::new(),
            bytes: 0,
            target: Some(target.map_err(|e| BlobError::from_store(ACTION, key, e))?),
        })
    }

    /// Takes the next bytes, and waits while too many parts are on their way.
    async fn add(&mut self, mut chunk: Bytes) -> Result<(), BlobError> {
        self.digest.update(&chunk);
        self.bytes += chunk.len() as u64;
        loop {
            let room = PART_BYTES - self.filling.content_length();
            if chunk.len() < room {
                self.filling.push(chunk);
                return Ok(());
            }
            self.filling.push(chunk.split_to(room));
            self.send().await?;
        }
    }

    async fn finish(mut self) -> Result<Written, BlobError> {
        if let Err(error) = self.complete().await {
            self.abort().await;
            return Err(error);
        }
        Ok(Written {
            bytes: self.bytes,
            sha256: std::mem::take(&mut self.digest).finalize().into(),
        })
    }

    async fn complete(&mut self) -> Result<(), BlobError> {
        if self.filling.content_length() > 0 {
            self.send().await?;
        }
        self.wait_for_room(1).await?;
        let completed = self.target_mut().complete().await;
        completed.map_err(|e| BlobError::from_store(ACTION, &self.key, e))?;
        self.target = None;
        Ok(())
    }

    async fn send(&mut self) -> Result<(), BlobError> {
        self.wait_for_room(PARTS_IN_FLIGHT).await?;
        let part = PutPayload::from(std::mem::take(&mut self.filling));
        let sending = self.target_mut().put_part(part);
        self.parts.spawn(sending);
        Ok(())
    }

    /// Waits until fewer than `limit` parts are on their way.
    async fn wait_for_room(&mut self, limit: usize) -> Result<(), BlobError> {
        while self.parts.len() >= limit {
            if let Some(sent) = self.parts.join_next().await {
                self.check(sent)?;
            }
        }
        Ok(())
    }

    fn check(&self, sent: Result<object_store::Result<()>, JoinError>) -> Result<(), BlobError> {
        let sent = sent.unwrap_or_else(|stopped| Err(stopped.into()));
        sent.map_err(|e| BlobError::from_store(ACTION, &self.key, e))
    }

    async fn abort(mut self) {
        self.parts.shutdown().await;
        if let Some(mut target) = self.target.take() {
            remove(&self.key, &mut *target).await;
        }
    }

    fn target_mut(&mut self) -> &mut dyn MultipartUpload {
        self.target
            .as_deref_mut()
            .expect("only finish and abort take the target, and they take the upload with it")
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.parts.abort_all();
        // Outside a runtime nothing can be awaited; then the sweep removes what was sent.
        if let (Some(mut target), Ok(runtime)) = (self.target.take(), Handle::try_current()) {
            let key = self.key.clone();
            runtime.spawn(async move { remove(&key, &mut *target).await });
        }
    }
}

async fn remove(key: &Key, target: &mut dyn MultipartUpload) {
    if let Err(error) = target.abort().await {
        // Invisible, and found by the sweep or the remote store's life-cycle rule.
        tracing::warn!(%key, %error, "what was sent of an unfinished object is left behind");
    }
}
