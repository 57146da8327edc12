//! Writing objects of any size with bounded memory.

use std::fmt::Write as _;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload, PutPayloadMut};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinHandle, JoinSet};

use crate::seal::sums_of;
use crate::store::location;
use crate::sums::{Summing, Sums};
use crate::{BlobError, BlobStore, Key, PutError};

/// Remote stores want at least 5 MiB and take at most 10 000 parts: objects of up to 80 GiB.
pub(crate) const PART_BYTES: usize = 8 * 1024 * 1024;
/// Parts on their way while the next is being filled, so that reading and writing overlap.
const PARTS_IN_FLIGHT: usize = 2;

/// How long a failed write waits for what it sent to be removed.
const ABORT_PATIENCE: Duration = Duration::from_secs(5);

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
    /// Writes an object that is in memory already.
    ///
    /// Dropped before it is done, it may or may not have written the object, never a part of it.
    pub async fn put(&self, key: &Key, bytes: Bytes) -> Result<(), BlobError> {
        if bytes.len() <= self.part_bytes {
            let sums = sums_of(key, &bytes).await?;
            return self.put_whole(key, sums, bytes.into()).await;
        }
        // So that a connection that breaks costs a part and not all of it.
        let mut upload = Upload::new(self, key);
        match upload.add(bytes).await {
            Ok(()) => upload.finish().await.map(drop),
            Err(error) => {
                upload.abort().await;
                Err(error)
            }
        }
    }

    /// Writes what `input` gives, holding at most three parts of it (24 MiB unless the store was
    /// told otherwise) and the stream's own chunk.
    ///
    /// The object becomes visible when all of it is there. When the input or the store fails, or
    /// the call is dropped, nothing is, and what was sent is removed; what a killed process leaves
    /// is not visible either and goes with [`sweep_temporary`](Self::sweep_temporary).
    pub async fn put_stream<S, E>(&self, key: &Key, input: S) -> Result<Written, PutError<E>>
    where
        S: Stream<Item = Result<Bytes, E>>,
    {
        let mut input = pin!(input);
        let mut digest = Sha256::new();
        let mut upload = Upload::new(self, key);
        while let Some(chunk) = input.next().await {
            let taken = match chunk {
                Ok(chunk) => {
                    digest.update(&chunk);
                    upload.add(chunk).await.map_err(PutError::Store)
                }
                Err(error) => Err(PutError::Input(error)),
            };
            if let Err(error) = taken {
                upload.abort().await;
                return Err(error);
            }
        }
        Ok(Written {
            bytes: upload.finish().await?,
            sha256: digest.finalize().into(),
        })
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

impl BlobStore {
    async fn put_whole(&self, key: &Key, sums: Sums, bytes: PutPayload) -> Result<(), BlobError> {
        self.seal(key, sums).await?;
        let written = self.objects.put(&location(key), bytes).await;
        written.map_err(|e| BlobError::from_store(ACTION, key, e))?;
        Ok(())
    }
}

/// An object on its way. Dropped unfinished, it removes what it has sent, in the background.
struct Upload {
    store: BlobStore,
    key: Key,
    parts: JoinSet<object_store::Result<()>>,
    filling: PutPayloadMut,
    summing: Summing,
    bytes: u64,
    target: Target,
}

/// Where the parts go.
enum Target {
    /// The first part is not yet full; or all is there, or removed.
    Nowhere,
    /// Apart from the upload: dropped meanwhile, it must still learn what there is to remove.
    Starting(JoinHandle<object_store::Result<Box<dyn MultipartUpload>>>),
    Started(Box<dyn MultipartUpload>),
}

impl Upload {
    fn new(store: &BlobStore, key: &Key) -> Self {
        Self {
            store: store.clone(),
            key: key.clone(),
            parts: JoinSet::new(),
            filling: PutPayloadMut::new(),
            summing: Summing::default(),
            bytes: 0,
            target: Target::Nowhere,
        }
    }

    /// Takes the next bytes, and waits while too many parts are on their way.
    async fn add(&mut self, mut chunk: Bytes) -> Result<(), BlobError> {
        self.bytes += chunk.len() as u64;
        loop {
            let room = self.store.part_bytes - self.filling.content_length();
            let now = chunk.split_to(room.min(chunk.len()));
            self.summing.add(&now);
            let is_full = now.len() == room;
            self.filling.push(now);
            if !is_full {
                return Ok(());
            }
            self.send().await?;
        }
    }

    /// Makes the object visible, and gives its size.
    async fn finish(mut self) -> Result<u64, BlobError> {
        if let Err(error) = self.complete().await {
            self.abort().await;
            return Err(error);
        }
        Ok(self.bytes)
    }

    async fn complete(&mut self) -> Result<(), BlobError> {
        let sums = std::mem::take(&mut self.summing).finish();
        if matches!(self.target, Target::Nowhere) {
            let all = PutPayload::from(std::mem::take(&mut self.filling));
            return self.store.put_whole(&self.key, sums, all).await;
        }
        if self.filling.content_length() > 0 {
            self.send().await?;
        }
        self.wait_for_room(1).await?;
        self.store.seal(&self.key, sums).await?;
        let completed = self.target().await?.complete().await;
        completed.map_err(|e| BlobError::from_store(ACTION, &self.key, e))?;
        self.target = Target::Nowhere;
        Ok(())
    }

    async fn send(&mut self) -> Result<(), BlobError> {
        self.wait_for_room(PARTS_IN_FLIGHT).await?;
        let part = PutPayload::from(std::mem::take(&mut self.filling));
        let sending = self.target().await?.put_part(part);
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
        if let Some(removing) = self.remove() {
            // A store that is away keeps nobody waiting: it goes on in the background.
            let _ = tokio::time::timeout(ABORT_PATIENCE, removing).await;
        }
    }

    /// Starts to remove what was sent, if anything was.
    fn remove(&mut self) -> Option<JoinHandle<()>> {
        // Outside a runtime nothing can be awaited; then the sweep removes it.
        let runtime = Handle::try_current().ok()?;
        let target = match std::mem::replace(&mut self.target, Target::Nowhere) {
            Target::Nowhere => return None,
            target => target,
        };
        let (key, parts) = (self.key.clone(), std::mem::take(&mut self.parts));
        Some(runtime.spawn(async move { remove(&key, parts, target).await }))
    }

    async fn target(&mut self) -> Result<&mut dyn MultipartUpload, BlobError> {
        if matches!(self.target, Target::Nowhere) {
            let (objects, at) = (self.store.objects.clone(), location(&self.key));
            let starting = tokio::spawn(async move { objects.put_multipart(&at).await });
            self.target = Target::Starting(starting);
        }
        if let Target::Starting(starting) = &mut self.target {
            let started = starting.await.unwrap_or_else(|stopped| Err(stopped.into()));
            // It must not be awaited again.
            self.target = Target::Nowhere;
            let started = started.map_err(|e| BlobError::from_store(ACTION, &self.key, e))?;
            self.target = Target::Started(started);
        }
        match &mut self.target {
            Target::Started(target) => Ok(&mut **target),
            Target::Nowhere | Target::Starting(_) => unreachable!("it was started above"),
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.remove();
    }
}

async fn remove(key: &Key, mut parts: JoinSet<object_store::Result<()>>, target: Target) {
    let target = match target {
        Target::Nowhere => None,
        Target::Starting(starting) => starting.await.ok().and_then(Result::ok),
        Target::Started(target) => Some(target),
    };
    let Some(mut target) = target else { return };
    // A remote store that still receives a part keeps it, with all before it.
    while parts.join_next().await.is_some() {}
    match target.abort().await {
        // Swept meanwhile.
        Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
        // Invisible, and found by the sweep.
        Err(error) => {
            tracing::warn!(%key, %error, "what was sent of an unfinished object is left behind");
        }
    }
}
