//! Stores to try, with a way to look behind them.

use object_store::PutPayload;

use super::*;
use crate::{S3Options, seal};

/// S3 takes no smaller one.
const S3_PART: usize = 5 * 1024 * 1024;

/// A fresh store, gone with the test.
pub(super) struct Lab {
    pub(super) store: BlobStore,
    /// Larger than the parts in flight, the part being filled and one more.
    pub(super) large: usize,
    /// Where the store keeps its files, if it does.
    dir: Option<PathBuf>,
    _cleanup: Option<tempfile::TempDir>,
}

impl Lab {
    pub(super) fn folder() -> Self {
        let (dir, store) = local();
        Self {
            store,
            large: LARGE,
            dir: Some(dir.path().to_owned()),
            _cleanup: Some(dir),
        }
    }

    pub(super) fn memory() -> Self {
        let mut store = BlobStore::in_memory();
        store.part_bytes = SMALL_PART;
        Self {
            store,
            large: LARGE,
            dir: None,
            _cleanup: None,
        }
    }

    /// Below a prefix that no other test has.
    pub(super) fn s3() -> Self {
        let options = S3Options {
            prefix: format!("test-{}", Uuid::now_v7()),
            ..s3_options()
        };
        let bucket = PathBuf::from(variable("SOPILOT_TEST_S3_FOLDER")).join(&options.bucket);
        Self {
            store: BlobStore::s3(&options).unwrap(),
            large: 3 * S3_PART + 1017,
            dir: Some(bucket.join(&options.prefix)),
            _cleanup: None,
        }
    }

    /// What is stored of objects and of unfinished writes, checksums aside.
    pub(super) async fn stored(&self) -> usize {
        if let Backend::Folder(root) = &self.store.backend {
            return files(root)
                .iter()
                .filter(|file| !file.starts_with(root.join("sums")))
                .count();
        }
        let all: Vec<_> = self.store.objects.list(None).try_collect().await.unwrap();
        let sums = all
            .iter()
            .filter(|meta| meta.location.as_ref().starts_with("sums/"));
        let unfinished = match &self.store.backend {
            Backend::S3(bucket) => bucket.unfinished().await.unwrap().len(),
            _ => 0,
        };
        all.len() - sums.count() + unfinished
    }

    /// How many objects have checksums stored.
    pub(super) async fn sealed(&self) -> usize {
        let below = Path::from("sums");
        let sums = self.store.objects.list(Some(&below));
        sums.try_collect::<Vec<_>>().await.unwrap().len()
    }

    /// Changes one bit of what is stored, as a bad disk does: on the server's, where there is one.
    pub(super) async fn damage(&self, key: &Key, at: usize) {
        let damage = |bytes: &mut [u8]| bytes[at] ^= 4;
        if let Some(dir) = &self.dir {
            let path = dir.join(key.to_string());
            let mut bytes = std::fs::read(&path).unwrap();
            damage(&mut bytes);
            std::fs::write(path, bytes).unwrap();
        } else {
            let found = self.store.objects.get(&location(key)).await.unwrap();
            let mut bytes = found.bytes().await.unwrap().to_vec();
            damage(&mut bytes);
            self.put_unsealed(key, bytes).await;
        }
    }

    /// Writes an object without checksums, as was done before there were any.
    pub(super) async fn put_unsealed(&self, key: &Key, bytes: impl Into<PutPayload>) {
        let objects = &self.store.objects;
        objects.put(&location(key), bytes.into()).await.unwrap();
    }

    /// Replaces the checksums of an object by other bytes.
    pub(super) async fn put_seal(&self, key: &Key, bytes: impl Into<PutPayload>) {
        let at = seal::seal_location(key);
        self.store.objects.put(&at, bytes.into()).await.unwrap();
    }
}

/// The server that `scripts/servers` started.
pub(super) fn s3_options() -> S3Options {
    S3Options {
        endpoint: variable("SOPILOT_TEST_S3_ENDPOINT"),
        bucket: variable("SOPILOT_TEST_S3_BUCKET"),
        access_key: variable("SOPILOT_TEST_S3_ACCESS_KEY"),
        secret_key: variable("SOPILOT_TEST_S3_SECRET_KEY"),
        allow_http: true,
        // For a server with TLS, whose endpoint is https://.
        ca_file: std::env::var_os("SOPILOT_TEST_S3_CA_FILE").map(PathBuf::from),
        part_bytes: S3_PART as u64,
        ..S3Options::default()
    }
}

pub(super) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: scripts/servers run s3 -- cargo test -- --include-ignored")
    })
}
