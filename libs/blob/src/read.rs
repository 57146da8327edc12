//! Reading objects: into memory, in chunks, or as a file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use bytes::{Buf, Bytes};
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt, TryStreamExt};
use object_store::{GetOptions, GetRange, GetResult, GetResultPayload, ObjectStoreExt};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use crate::seal::damaged;
use crate::store::location;
use crate::sums::{BLOCK, Checking};
use crate::{BlobError, BlobStore, Key};

/// The bytes of an object, in order, in chunks of any size.
pub type ByteStream = BoxStream<'static, Result<Bytes, BlobError>>;

/// Each chunk of a file costs a hop to the blocking threads, some 10 µs; at this size the disk
/// costs more.
const FILE_CHUNK: u64 = BLOCK;

/// Everything is checked against the checksums it was written with before it is handed out;
/// what does not match is [`BlobError::Corrupt`], which names the place.
impl BlobStore {
    /// The whole object, if it has at most `max_bytes`.
    pub async fn get(&self, key: &Key, max_bytes: u64) -> Result<Bytes, BlobError> {
        let found = self.open(key).await?;
        let size = found.meta.size;
        if size > max_bytes {
            return Err(BlobError::TooLarge {
                key: key.to_string(),
                size,
                limit: max_bytes,
            });
        }
        let bytes = found.bytes().await;
        let bytes = bytes.map_err(|e| BlobError::from_store("reading", key, e))?;
        if bytes.len() as u64 == size {
            self.checked(key, bytes).await
        } else {
            Err(ended_early(key, size, bytes.len() as u64))
        }
    }

    /// The bytes of `range`, all of which must be in the object.
    ///
    /// Fails before the first chunk if the object is missing or too short. Reads whole blocks of
    /// 256 KiB from the store, for those have the checksums.
    pub async fn get_range(&self, key: &Key, range: Range<u64>) -> Result<ByteStream, BlobError> {
        let size = self.head(key).await?.size;
        if range.start > range.end || range.end > size {
            return Err(BlobError::BadRange {
                key: key.to_string(),
                start: range.start,
                end: range.end,
                size,
            });
        }
        if range.is_empty() {
            return Ok(stream::empty().boxed());
        }
        let blocks = range.start / BLOCK * BLOCK..size.min(range.end.div_ceil(BLOCK) * BLOCK);
        let options = GetOptions::new().with_range(Some(GetRange::Bounded(blocks.clone())));
        let found = self.objects.get_opts(&location(key), options).await;
        let found = found.map_err(|e| BlobError::from_store("reading", key, e))?;
        let bytes = self.check_stream(key, found).await?;
        let wanted = range.start - blocks.start..range.end - blocks.start;
        Ok(only(wanted, bytes).boxed())
    }

    /// The object as a file that can be read and sought: the stored file itself where the store
    /// is local, without a copy, else an unlinked temporary file, gone when it is closed. The file
    /// stays readable when the object is deleted.
    ///
    /// All of it is read once, to check it. The temporary file is made where the system makes them
    /// (`TMPDIR`), which must have room for it.
    pub async fn open_file(&self, key: &Key) -> Result<File, BlobError> {
        let found = self.open(key).await?;
        match found.payload {
            GetResultPayload::File(file, _) => self.check_file(key, file).await,
            GetResultPayload::Stream(_) => {
                copy_to_temporary(key, self.check_stream(key, found).await?).await
            }
        }
    }

    /// The bytes of the whole object.
    pub(crate) async fn stream(&self, key: &Key) -> Result<ByteStream, BlobError> {
        let found = self.open(key).await?;
        self.check_stream(key, found).await
    }

    async fn open(&self, key: &Key) -> Result<GetResult, BlobError> {
        let found = self.objects.get(&location(key)).await;
        found.map_err(|e| BlobError::from_store("reading", key, e))
    }

    /// What was found, from a block boundary on, let through block by block.
    async fn check_stream(&self, key: &Key, found: GetResult) -> Result<ByteStream, BlobError> {
        let (size, from) = (found.meta.size, found.range.start);
        let Some(versions) = self.versions(key).await? else {
            return Ok(chunks(key, found));
        };
        let checking = versions.check(size, from);
        let checking = checking.map_err(|mismatch| damaged(key, &mismatch))?;
        Ok(checked_chunks(key.clone(), checking, chunks(key, found)).boxed())
    }

    async fn check_file(&self, key: &Key, mut file: File) -> Result<File, BlobError> {
        let failed = |e| BlobError::from_io("reading", key, e);
        let Some(versions) = self.versions(key).await? else {
            return Ok(file);
        };
        let check = move || {
            let outcome = versions.check_file(&mut file)?;
            file.rewind()?;
            Ok((file, outcome))
        };
        let (file, outcome) = blocking(check).await.map_err(failed)?;
        outcome.map_err(|mismatch| damaged(key, &mismatch))?;
        Ok(file)
    }
}

/// Reads what was found, and fails if it ends before what was promised.
fn chunks(key: &Key, found: GetResult) -> ByteStream {
    let range = found.range;
    let promised = range.end - range.start;
    let key = key.clone();
    match found.payload {
        // Not `into_stream`, which reads 8 KiB at a time and spins on a file that was cut short.
        GetResultPayload::File(file, _) => file_chunks(key, file, range),
        GetResultPayload::Stream(bytes) => {
            let of = key.clone();
            let bytes = bytes.map_err(move |e| BlobError::from_store("reading", &of, e));
            exactly(key, promised, bytes).boxed()
        }
    }
}

fn file_chunks(key: Key, file: File, range: Range<u64>) -> ByteStream {
    stream::try_unfold((file, range.start), move |(mut file, at)| {
        let (key, range) = (key.clone(), range.clone());
        async move {
            if at == range.end {
                return Ok(None);
            }
            let wanted = (range.end - at).min(FILE_CHUNK);
            let read = move || {
                let mut chunk = Vec::with_capacity(wanted as usize);
                file.seek(SeekFrom::Start(at))?;
                (&mut file).take(wanted).read_to_end(&mut chunk)?;
                Ok((file, chunk))
            };
            let (file, chunk) = blocking(read)
                .await
                .map_err(|e| BlobError::from_io("reading", &key, e))?;
            let next = at + chunk.len() as u64;
            if chunk.len() as u64 == wanted {
                Ok(Some((Bytes::from(chunk), (file, next))))
            } else {
                Err(ended_early(
                    &key,
                    range.end - range.start,
                    next - range.start,
                ))
            }
        }
    })
    .boxed()
}

/// Passes on what is checked.
fn checked_chunks(
    key: Key,
    checking: Checking,
    bytes: ByteStream,
) -> impl Stream<Item = Result<Bytes, BlobError>> {
    let state = (checking, bytes);
    stream::try_unfold(state, move |(mut checking, mut bytes)| {
        let key = key.clone();
        async move {
            let Some(chunk) = bytes.try_next().await? else {
                return Ok::<_, BlobError>(None);
            };
            let passed = checking.pass(chunk);
            let passed = passed.map_err(|mismatch| damaged(&key, &mismatch))?;
            Ok(Some((
                stream::iter(passed.into_iter().map(Ok)),
                (checking, bytes),
            )))
        }
    })
    .try_flatten()
}

/// Cuts the bytes of `wanted` out of `bytes`.
fn only(wanted: Range<u64>, bytes: ByteStream) -> impl Stream<Item = Result<Bytes, BlobError>> {
    let mut at = 0;
    bytes.try_filter_map(move |mut chunk| {
        let end = at + chunk.len() as u64;
        chunk.truncate(wanted.end.saturating_sub(at).min(chunk.len() as u64) as usize);
        chunk.advance(wanted.start.saturating_sub(at).min(chunk.len() as u64) as usize);
        at = end;
        futures::future::ready(Ok((!chunk.is_empty()).then_some(chunk)))
    })
}

/// Passes `bytes` on and fails if they are not `promised` in number.
fn exactly<S>(key: Key, promised: u64, bytes: S) -> impl Stream<Item = Result<Bytes, BlobError>>
where
    S: Stream<Item = Result<Bytes, BlobError>> + Unpin,
{
    stream::try_unfold((bytes, 0), move |(mut bytes, passed)| {
        let key = key.clone();
        async move {
            match bytes.try_next().await? {
                Some(chunk) => {
                    let passed = passed + chunk.len() as u64;
                    Ok(Some((chunk, (bytes, passed))))
                }
                None if passed == promised => Ok(None),
                None => Err(ended_early(&key, promised, passed)),
            }
        }
    })
}

async fn copy_to_temporary(key: &Key, mut bytes: ByteStream) -> Result<File, BlobError> {
    let failed = |e| BlobError::from_io("making a temporary copy of", key, e);
    let file = blocking(tempfile::tempfile).await.map_err(failed)?;
    let mut file = tokio::fs::File::from_std(file);
    while let Some(chunk) = bytes.try_next().await? {
        file.write_all(&chunk).await.map_err(failed)?;
    }
    file.rewind().await.map_err(failed)?;
    Ok(file.into_std().await)
}

pub(crate) async fn blocking<T, F>(work: F) -> io::Result<T>
where
    F: FnOnce() -> io::Result<T> + Send + 'static,
    T: Send + 'static,
{
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
}

fn ended_early(key: &Key, promised: u64, read: u64) -> BlobError {
    BlobError::Corrupt {
        key: key.to_string(),
        what: format!("ended after {read} of {promised} bytes"),
    }
}
