//! A store that fails on purpose, as remote stores do.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use futures::StreamExt;
use object_store::{
    CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};

use super::*;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The third part of an upload.
    Part,
    /// The end of an upload.
    Complete,
    /// Every read of an object ends one byte early, without an error.
    ShortRead,
}

#[derive(Debug)]
struct Faulty {
    inner: InMemory,
    fault: Fault,
    aborted: Arc<AtomicU32>,
}

impl Faulty {
    fn store(fault: Fault) -> (BlobStore, Arc<AtomicU32>) {
        let aborted = Arc::new(AtomicU32::new(0));
        let faulty = Self {
            inner: InMemory::new(),
            fault,
            aborted: Arc::clone(&aborted),
        };
        let mut store = BlobStore::over(Arc::new(faulty), Backend::Memory);
        store.part_bytes = SMALL_PART;
        (store, aborted)
    }
}

#[tokio::test]
async fn a_store_that_fails_in_the_middle_or_at_the_end_shows_nothing() {
    for (fault, full) in [(Fault::Part, false), (Fault::Complete, true)] {
        let (store, aborted) = Faulty::store(fault);
        let key = Key::source(video(1), 1);
        let input = in_chunks(&noise(LARGE), 8192);
        let error = match store.put_stream(&key, input).await {
            Err(PutError::Store(error)) => error,
            other => panic!("{other:?}"),
        };
        assert_eq!(matches!(error, BlobError::Full { .. }), full, "{error}");
        assert!(error.is_transient() && error.to_string().contains(&key.to_string()));
        assert!(matches!(
            store.head(&key).await,
            Err(BlobError::NotFound { .. })
        ));
        assert_eq!(aborted.load(Ordering::SeqCst), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_dropped_write_is_aborted_at_the_store() {
    let (store, aborted) = Faulty::store(Fault::ShortRead);
    let key = Key::source(video(1), 1);
    let endless = in_chunks(&noise(LARGE), 8192).chain(stream::pending());
    let mut writing = Box::pin(store.put_stream(&key, endless));
    assert!(writing.as_mut().now_or_never().is_none());
    drop(writing);
    until(async || aborted.load(Ordering::SeqCst) == 1).await;
}

#[tokio::test]
async fn a_read_that_ends_early_is_an_error() {
    let (store, _) = Faulty::store(Fault::ShortRead);
    let key = Key::source(video(1), 1);
    store.put(&key, noise(100)).await.unwrap();
    let short = |outcome: std::result::Result<(), BlobError>| match outcome {
        Err(BlobError::Corrupt { what, .. }) => assert!(what.starts_with("ended after"), "{what}"),
        other => panic!("{other:?}"),
    };
    short(store.get(&key, 100).await.map(drop));
    short(store.open_file(&key).await.map(drop));
    short(
        collect(store.get_range(&key, 10..20).await.unwrap())
            .await
            .map(drop),
    );
    let copy = Key::source(video(2), 1);
    short(
        store
            .concat(std::slice::from_ref(&key), &copy)
            .await
            .map(drop),
    );
    assert!(store.head(&copy).await.is_err());
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Faulty({:?})", self.fault)
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, at: &Path, bytes: PutPayload, how: PutOptions) -> Result<PutResult> {
        self.inner.put_opts(at, bytes, how).await
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        how: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(FaultyUpload {
            inner: self.inner.put_multipart_opts(at, how).await?,
            fault: self.fault,
            parts: 0,
            aborted: Arc::clone(&self.aborted),
        }))
    }

    async fn get_opts(&self, at: &Path, how: GetOptions) -> Result<GetResult> {
        let mut found = self.inner.get_opts(at, how).await?;
        if self.fault == Fault::ShortRead && !at.as_ref().starts_with("sums") {
            let GetResultPayload::Stream(bytes) = found.payload else {
                unreachable!("memory has no files");
            };
            let short = bytes.map_ok(|bytes| bytes.slice(..bytes.len().saturating_sub(1)));
            found.payload = GetResultPayload::Stream(short.boxed());
        }
        Ok(found)
    }

    async fn get_ranges(&self, at: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(at, ranges).await
    }

    fn delete_stream(
        &self,
        at: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(at)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, how: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, how).await
    }
}

#[derive(Debug)]
struct FaultyUpload {
    inner: Box<dyn MultipartUpload>,
    fault: Fault,
    parts: u32,
    aborted: Arc<AtomicU32>,
}

fn failure(kind: std::io::ErrorKind) -> object_store::Error {
    object_store::Error::Generic {
        store: "Faulty",
        source: Box::new(std::io::Error::from(kind)),
    }
}

#[async_trait]
impl MultipartUpload for FaultyUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.parts += 1;
        if self.fault == Fault::Part && self.parts == 3 {
            let error = failure(std::io::ErrorKind::ConnectionReset);
            return futures::future::ready(Err(error)).boxed();
        }
        self.inner.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        if self.fault == Fault::Complete {
            return Err(failure(std::io::ErrorKind::StorageFull));
        }
        self.inner.complete().await
    }

    async fn abort(&mut self) -> Result<()> {
        self.aborted.fetch_add(1, Ordering::SeqCst);
        self.inner.abort().await
    }
}
