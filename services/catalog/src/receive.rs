//! Bytes of uploads: they are stored as parts while they arrive, so that a
//! break loses nothing that has arrived, and put together when all are there.
//!
//! Every stream of an upload has a number and writes objects that carry it, so
//! that of two streams of one upload (a client that was believed dead, a call
//! that was repeated) neither can spoil what the other stored. Only the
//! newest may commit.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use sopilot_blob::{BlobStore, Key, Prefix};
use sopilot_chassis::{ApiError, Reason};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    store::{Store, UploadRow, VideoRow},
};

/// Bytes in one stored part. An upload holds this much in memory, and one
/// message.
const PART_BYTES: usize = 4 << 20;

/// Uploads whose parts are put together at the same time; the others wait, and
/// hold nothing meanwhile. Each reads and writes pieces of several megabytes.
const JOINED_AT_ONCE: usize = 4;

/// When a caller that was turned away may come back.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Receives uploads. Clones share their limits.
#[derive(Clone)]
pub(crate) struct Receiver {
    store: Store,
    blobs: BlobStore,
    max_uploads: usize,
    receiving: Arc<Semaphore>,
    joining: Arc<Semaphore>,
}

impl Receiver {
    /// Takes at most `max_uploads` streams at once: each holds megabytes.
    pub(crate) fn new(store: Store, blobs: BlobStore, max_uploads: usize) -> Self {
        Self {
            store,
            blobs,
            max_uploads,
            receiving: Arc::new(Semaphore::new(max_uploads)),
            joining: Arc::new(Semaphore::new(JOINED_AT_ONCE)),
        }
    }

    /// Goes on with an upload at `offset`. Answers how far it has come, and
    /// the video once all bytes are there.
    ///
    /// Must run to its end even if the caller has gone: what arrived is only
    /// safe once it is stored.
    pub(crate) async fn receive<S>(
        &self,
        id: Uuid,
        offset: u64,
        mut data: S,
        traceparent: &str,
    ) -> Result<(UploadRow, Option<VideoRow>)>
    where
        S: Stream<Item = std::result::Result<Bytes, ApiError>> + Unpin + Send,
    {
        let Ok(_place) = self.receiving.try_acquire() else {
            let error = ApiError::new(
                Reason::Overloaded,
                format!(
                    "{} uploads are under way, which is the limit: come back later, nothing is lost",
                    self.max_uploads
                ),
            );
            return Err(error.with_retry_after(RETRY_AFTER).into());
        };
        let known = self.store.upload_or_finished(id).await?;
        if let Some(video) = self.finished(&known).await? {
            return Ok((known, Some(video)));
        }
        let mut upload = self.store.open_stream(id, offset as i64).await?;
        let mut pending = BytesMut::new();
        let broken = loop {
            let mut bytes = match data.next().await {
                None => break None,
                Some(Err(error)) => break Some(error),
                Some(Ok(bytes)) => bytes,
            };
            let known = upload.committed_bytes as u64 + pending.len() as u64;
            let missing = (upload.size_bytes as u64).saturating_sub(known);
            if bytes.len() as u64 > missing {
                return Err(Error::new(
                    Reason::UploadTooLarge,
                    format!(
                        "more bytes arrived than the {} that were announced: start a new upload with the right size",
                        upload.size_bytes
                    ),
                ));
            }
            while !bytes.is_empty() {
                if pending.is_empty() {
                    // As much as the part will have: growing would double it.
                    let rest = (upload.size_bytes - upload.committed_bytes) as usize;
                    pending = BytesMut::with_capacity(rest.min(PART_BYTES));
                }
                let room = PART_BYTES - pending.len();
                pending.extend_from_slice(&bytes.split_to(room.min(bytes.len())));
                if pending.len() == PART_BYTES {
                    let part = std::mem::take(&mut pending).freeze();
                    self.store_part(&mut upload, part).await?;
                }
            }
        };
        if !pending.is_empty() {
            self.store_part(&mut upload, pending.freeze()).await?;
        }
        if let Some(error) = broken {
            return Err(error.into());
        }
        if upload.committed_bytes < upload.size_bytes {
            return Ok((upload, None));
        }
        let video = self.finish(&upload, traceparent).await?;
        Ok((upload, Some(video)))
    }

    /// Forgets an upload and its parts.
    pub(crate) async fn abort(&self, id: Uuid) -> Result<()> {
        self.store.forget_upload(id).await?;
        self.blobs.delete_prefix(&Prefix::upload(id)).await?;
        Ok(())
    }

    /// The video that an upload has become, if it has.
    async fn finished(&self, upload: &UploadRow) -> Result<Option<VideoRow>> {
        match self.store.video(upload.id).await {
            Ok(video) => Ok(Some(video)),
            Err(Error::Api(error))
                if matches!(error.reason, Reason::VideoNotReady | Reason::VideoNotFound) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn store_part(&self, upload: &mut UploadRow, part: Bytes) -> Result<()> {
        let to = upload.committed_bytes + part.len() as i64;
        let key = Key::upload_part(
            upload.id,
            upload.committed_bytes as u64,
            upload.stream as u64,
        );
        self.blobs.put(&key, part).await?;
        if let Err(error) = self.store.commit_part(upload, to).await {
            self.discard(&key, &error).await?;
            return Err(error);
        }
        upload.committed_bytes = to;
        Ok(())
    }

    /// Removes an object that no row refers to, because of `error`. If that is
    /// the database's, the row may well be there: a connection can break
    /// between a commit and its answer. Then the object is left to the search
    /// for orphans, which sees the row if there is one.
    async fn discard(&self, key: &Key, error: &Error) -> Result<()> {
        match error {
            Error::Database(_) => Ok(()),
            _ => Ok(self.blobs.delete(key).await?),
        }
    }

    async fn finish(&self, upload: &UploadRow, traceparent: &str) -> Result<VideoRow> {
        let source = Key::source(upload.id, upload.stream as u64);
        match self.put_together(upload, &source, traceparent).await {
            Ok(video) => Ok(video),
            Err(error) => {
                self.discard(&source, &error).await?;
                // Another stream of this upload may have been faster: then its
                // parts were gone, and the video is there.
                match self.finished(upload).await? {
                    Some(video) => Ok(video),
                    None => Err(error),
                }
            }
        }
    }

    async fn put_together(
        &self,
        upload: &UploadRow,
        source: &Key,
        traceparent: &str,
    ) -> Result<VideoRow> {
        let _turn = self.joining.acquire().await.expect("it is never closed");
        let parts = self.store.upload_parts(upload.id).await?;
        let keys: Vec<Key> = parts
            .into_iter()
            .map(|(offset, stream)| Key::upload_part(upload.id, offset, stream))
            .collect();
        let written = self.blobs.concat(&keys, source).await?;
        let sha256 = written.sha256_hex();
        if sha256 != upload.sha256 {
            self.store.reset_upload(upload).await?;
            for key in &keys {
                self.blobs.delete(key).await?;
            }
            return Err(Error::new(
                Reason::ChecksumMismatch,
                format!(
                    "the bytes have the SHA-256 {sha256}, but {} was announced: send them again from offset 0, or start a new upload with the right checksum",
                    upload.sha256
                ),
            ));
        }
        let video = self
            .store
            .finish_upload(upload.id, &source.to_string(), traceparent)
            .await?;
        self.blobs.delete_prefix(&Prefix::upload(upload.id)).await?;
        Ok(video)
    }
}
