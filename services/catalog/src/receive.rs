//! Bytes of uploads: they are stored as parts while they arrive, so that a
//! break loses at most the last mebibyte, and put together when all are there.

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, TryStreamExt};
use sopilot_blob::{BlobStore, Key, Prefix};
use sopilot_chassis::{ApiError, Reason};
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    store::{Store, UploadRow, VideoRow, offset_mismatch},
};

/// Bytes in one stored part. An upload holds this much in memory.
const PART_BYTES: usize = 4 << 20;

/// After a break, whole multiples of this are kept.
const KEPT_BYTES: usize = 1 << 20;

/// Receives uploads.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) store: Store,
    pub(crate) blobs: BlobStore,
}

impl Receiver {
    /// Goes on with an upload at `offset`. Answers how far it has come, and
    /// the video once all bytes are there.
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
        let mut upload = self.store.upload_or_finished(id).await?;
        if offset != upload.committed_bytes as u64 {
            return Err(offset_mismatch(offset as i64, upload.committed_bytes));
        }
        let mut pending = BytesMut::new();
        let broken = loop {
            match data.next().await {
                None => break None,
                Some(Err(error)) => break Some(error),
                Some(Ok(bytes)) => pending.extend_from_slice(&bytes),
            }
            let received = upload.committed_bytes as u64 + pending.len() as u64;
            if received > upload.size_bytes as u64 {
                return Err(Error::new(
                    Reason::UploadTooLarge,
                    format!(
                        "more bytes arrived than the {} that were announced: start a new upload with the right size",
                        upload.size_bytes
                    ),
                ));
            }
            while pending.len() >= PART_BYTES {
                self.store_part(&mut upload, pending.split_to(PART_BYTES).freeze()).await?;
            }
        };
        let kept = match broken {
            Some(_) => pending.len() - pending.len() % KEPT_BYTES,
            None => pending.len(),
        };
        if kept > 0 {
            self.store_part(&mut upload, pending.split_to(kept).freeze()).await?;
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

    async fn store_part(&self, upload: &mut UploadRow, part: Bytes) -> Result<()> {
        let from = upload.committed_bytes;
        let to = from + part.len() as i64;
        self.blobs.put(&Key::upload_part(upload.id, from as u64), part).await?;
        self.store.commit_bytes(upload.id, from, to).await?;
        upload.committed_bytes = to;
        Ok(())
    }

    async fn finish(&self, upload: &UploadRow, traceparent: &str) -> Result<VideoRow> {
        let Ok(_) = self.store.upload(upload.id).await else {
            // Another stream of the same upload, or an earlier call whose
            // answer was lost, has finished it.
            return self.store.video(upload.id).await;
        };
        let parts = self.parts(upload).await?;
        let source = Key::source(upload.id);
        let written = self.blobs.concat(&parts, &source).await?;
        let sha256 = written.sha256_hex();
        if sha256 != upload.sha256 {
            self.blobs.delete(&source).await?;
            self.store.reset_upload(upload.id).await?;
            self.blobs.delete_prefix(&Prefix::upload(upload.id)).await?;
            return Err(Error::new(
                Reason::ChecksumMismatch,
                format!(
                    "the bytes have the SHA-256 {sha256}, but {} was announced: send them again from offset 0, or start a new upload with the right checksum",
                    upload.sha256
                ),
            ));
        }
        let video = self.store.finish_upload(upload.id, traceparent).await?;
        self.blobs.delete_prefix(&Prefix::upload(upload.id)).await?;
        Ok(video)
    }

    /// The parts in order, without gap or overlap. A part that another stream
    /// wrote beyond the committed size is not among them.
    async fn parts(&self, upload: &UploadRow) -> Result<Vec<Key>> {
        let prefix = Prefix::upload(upload.id);
        let mut found: Vec<_> = self.blobs.list(&prefix).try_collect().await?;
        found.sort_by_key(|object| object.key.to_string());
        let mut parts = Vec::with_capacity(found.len());
        let mut end = 0;
        for object in found {
            if object.key == Key::upload_part(upload.id, end) && end < upload.size_bytes as u64 {
                end += object.size;
                parts.push(object.key);
            }
        }
        Ok(parts)
    }
}
