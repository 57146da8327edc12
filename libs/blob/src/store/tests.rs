use std::collections::BTreeSet;
use std::convert::Infallible;
use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use futures::{FutureExt, Stream, stream};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::*;
use crate::{Attempt, ByteStream, ObjectName, PutError};

mod faulty;
mod writing;

const REPORT: ObjectName = ObjectName::from_static("report.json");
const CLIPS: ObjectName = ObjectName::from_static("clips.pb");
/// Larger than the parts in flight, the part being filled and one more.
const LARGE: usize = 300_017;

fn video(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn attempt(fencing_token: u64) -> Attempt {
    Attempt {
        job: Uuid::from_u128(0xabc),
        fencing_token,
    }
}

/// Bytes that differ from block to block, so that parts in the wrong order show.
fn noise(len: usize) -> Bytes {
    let mut state = 1_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as u8
    };
    (0..len).map(|_| next()).collect()
}

fn in_chunks(bytes: &Bytes, size: usize) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
    let chunks: Vec<_> = (0..bytes.len())
        .step_by(size)
        .map(|at| Ok(bytes.slice(at..bytes.len().min(at + size))))
        .collect();
    stream::iter(chunks)
}

async fn collect(bytes: ByteStream) -> Result<Vec<u8>, BlobError> {
    let chunks: Vec<Bytes> = bytes.try_collect().await?;
    Ok(chunks.concat())
}

async fn keys(store: &BlobStore, prefix: &Prefix) -> BTreeSet<String> {
    let infos: Vec<_> = store.list(prefix).try_collect().await.unwrap();
    infos.iter().map(|info| info.key.to_string()).collect()
}

/// Every file below a folder, those of unfinished writes included.
fn files(dir: &FsPath) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn local() -> (tempfile::TempDir, BlobStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = BlobStore::local(dir.path()).unwrap();
    (dir, store)
}

/// Both kinds of store: one gives files, the other streams.
fn both() -> (tempfile::TempDir, [BlobStore; 2]) {
    let (dir, files) = local();
    (dir, [files, BlobStore::in_memory()])
}

#[tokio::test]
async fn what_is_put_is_got() {
    let (_dir, stores) = both();
    for store in stores {
        let key = Key::source(video(1), 1);
        for content in [noise(1000), Bytes::new(), noise(7)] {
            store.put(&key, content.clone()).await.unwrap();
            assert_eq!(store.get(&key, 1000).await.unwrap(), content);
            let info = store.head(&key).await.unwrap();
            assert_eq!((&info.key, info.size), (&key, content.len() as u64));
            let age = SystemTime::now().duration_since(info.last_modified);
            assert!(age.unwrap_or_default() < Duration::from_hours(1));
        }
    }
}

#[tokio::test]
async fn a_missing_object_is_named() {
    let (_dir, stores) = both();
    for store in stores {
        let key = Key::source(video(1), 1);
        let name = key.to_string();
        let missing = |outcome: Result<(), BlobError>| match outcome {
            Err(BlobError::NotFound { key }) => assert_eq!(key, name),
            other => panic!("{other:?}"),
        };
        missing(store.get(&key, 10).await.map(drop));
        missing(store.get_range(&key, 0..1).await.map(drop));
        missing(store.head(&key).await.map(drop));
        missing(store.open_file(&key).await.map(drop));
        missing(store.get_matrix(&key, 10).await.map(drop));
        missing(
            store
                .concat(std::slice::from_ref(&key), &Key::source(video(2), 1))
                .await
                .map(drop),
        );
        store.delete(&key).await.unwrap();
    }
}

#[tokio::test]
async fn an_object_larger_than_allowed_is_not_read() {
    let (_dir, stores) = both();
    for store in stores {
        let key = Key::source(video(1), 1);
        store.put(&key, noise(11)).await.unwrap();
        let error = store.get(&key, 10).await.unwrap_err();
        assert!(
            matches!(
                error,
                BlobError::TooLarge {
                    size: 11,
                    limit: 10,
                    ..
                }
            ),
            "{error}"
        );
        assert_eq!(store.get(&key, 11).await.unwrap().len(), 11);
    }
}

#[tokio::test]
async fn ranges_are_exact() {
    let (_dir, stores) = both();
    // Several chunks of a file.
    let content = noise(700_000);
    let end = content.len() as u64;
    for store in stores {
        let key = Key::source(video(1), 1);
        store.put(&key, content.clone()).await.unwrap();
        for range in [
            0..end,
            0..1,
            262_143..262_145,
            5..600_000,
            end - 1..end,
            end..end,
            3..3,
        ] {
            let bytes = store.get_range(&key, range.clone()).await.unwrap();
            let expected = &content[range.start as usize..range.end as usize];
            assert!(collect(bytes).await.unwrap() == expected, "{range:?}");
        }
        #[expect(clippy::reversed_empty_ranges, reason = "what is refused here")]
        for range in [0..end + 1, end..end + 1, end + 5..end + 5, 2..1] {
            let error = store.get_range(&key, range).await.map(drop).unwrap_err();
            assert!(
                matches!(error, BlobError::BadRange { size, .. } if size == end),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn an_object_opens_as_a_file() {
    let (dir, stores) = both();
    let content = noise(700_000);
    for store in &stores {
        let key = Key::source(video(1), 1);
        store.put(&key, content.clone()).await.unwrap();
        let mut file = store.open_file(&key).await.unwrap();
        store.delete(&key).await.unwrap();
        assert_eq!(file.metadata().unwrap().len(), 700_000);
        let mut all = Vec::new();
        file.read_to_end(&mut all).unwrap();
        assert!(all == content);
        let mut some = [0; 4];
        file.seek(SeekFrom::Start(650_000)).unwrap();
        file.read_exact(&mut some).unwrap();
        assert_eq!(some, content[650_000..650_004]);
    }
    assert!(files(dir.path()).is_empty());
}

#[cfg(unix)]
#[tokio::test]
async fn a_local_object_opens_without_a_copy() {
    use std::os::unix::fs::MetadataExt;
    let (dir, store) = local();
    let key = Key::source(video(1), 1);
    store.put(&key, noise(10)).await.unwrap();
    let opened = store.open_file(&key).await.unwrap().metadata().unwrap();
    let stored = dir.path().join(key.to_string()).metadata().unwrap();
    assert_eq!((opened.dev(), opened.ino()), (stored.dev(), stored.ino()));
}

#[tokio::test]
async fn prefixes_cut_at_whole_names() {
    let (dir, stores) = both();
    for store in &stores {
        let of_one = [
            Key::source(video(1), 1),
            Key::derived(video(1), attempt(1), CLIPS),
            Key::derived(video(1), attempt(12), CLIPS),
        ];
        let others = [
            Key::source(video(2), 1),
            Key::result(attempt(1), REPORT),
            Key::result(attempt(12), REPORT),
            Key::upload_part(video(1), 0, 1),
        ];
        for key in of_one.iter().chain(&others) {
            store.put(key, Bytes::from("x")).await.unwrap();
        }
        let names = |keys: &[Key]| keys.iter().map(Key::to_string).collect::<BTreeSet<_>>();
        assert_eq!(keys(store, &Prefix::video(video(1))).await, names(&of_one));
        assert_eq!(
            keys(store, &Prefix::derived(video(1), attempt(1))).await,
            names(&of_one[1..2])
        );
        assert_eq!(
            keys(store, &Prefix::results(attempt(1))).await,
            names(&others[1..2])
        );
        assert_eq!(
            keys(store, &Prefix::job(attempt(1).job)).await,
            names(&others[1..3])
        );
        assert_eq!(
            keys(store, &Prefix::all_uploads()).await,
            names(&others[3..])
        );
        assert!(keys(store, &Prefix::upload(video(77))).await.is_empty());

        assert_eq!(
            store.delete_prefix(&Prefix::video(video(1))).await.unwrap(),
            3
        );
        assert_eq!(
            store.delete_prefix(&Prefix::video(video(1))).await.unwrap(),
            0
        );
        assert_eq!(
            keys(store, &Prefix::all_videos()).await,
            names(&others[..1])
        );
        assert_eq!(store.delete_prefix(&Prefix::all_jobs()).await.unwrap(), 2);
    }
    assert!(!dir.path().join("jobs").exists(), "empty folders go");
}

#[tokio::test]
async fn many_objects_are_listed_and_deleted() {
    let (dir, stores) = both();
    for store in &stores {
        // More than one batch of a listing.
        for offset in 0..1500 {
            let key = Key::upload_part(video(1), offset, 1);
            store
                .objects
                .put(&location(&key), Bytes::from("x").into())
                .await
                .unwrap();
        }
        assert_eq!(keys(store, &Prefix::all_uploads()).await.len(), 1500);
        assert_eq!(
            store
                .delete_prefix(&Prefix::upload(video(1)))
                .await
                .unwrap(),
            1500
        );
    }
    assert!(files(dir.path()).is_empty());
}

#[tokio::test]
async fn foreign_files_are_ignored() {
    let (dir, store) = local();
    let key = Key::source(video(1), 1);
    store.put(&key, Bytes::from("x")).await.unwrap();
    std::fs::write(dir.path().join("videos/.DS_Store"), "x").unwrap();
    let expected: BTreeSet<_> = [key.to_string()].into();
    assert_eq!(keys(&store, &Prefix::all_videos()).await, expected);
}

#[tokio::test]
async fn a_matrix_comes_back_and_a_damaged_one_does_not() {
    let (dir, store) = local();
    let key = Key::derived(
        video(1),
        attempt(1),
        ObjectName::from_static("embeddings.sopm"),
    );
    let data: Vec<f32> = (0..12).map(|n| n as f32 / 7.0).collect();
    let matrix = MatrixRef::new(4, &data).unwrap();
    let size = store.put_matrix(&key, &matrix).await.unwrap();
    assert_eq!(store.head(&key).await.unwrap().size, size);
    let read = store.get_matrix(&key, size).await.unwrap();
    assert_eq!(read.as_ref(), matrix);
    assert!(matches!(
        store.get_matrix(&key, size - 1).await,
        Err(BlobError::TooLarge { .. })
    ));
    let path = dir.path().join(key.to_string());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[30] ^= 4;
    std::fs::write(&path, bytes).unwrap();
    let error = store.get_matrix(&key, size).await.unwrap_err();
    assert!(
        matches!(&error, BlobError::Corrupt { what, .. } if what.contains("checksum")),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_cut_while_it_is_read_is_corrupt_and_no_endless_loop() {
    let (dir, store) = local();
    let key = Key::source(video(1), 1);
    store.put(&key, noise(700_000)).await.unwrap();
    let mut bytes = store.get_range(&key, 0..700_000).await.unwrap();
    bytes.next().await.unwrap().unwrap();
    let path = dir.path().join(key.to_string());
    std::fs::OpenOptions::new()
        .write(true)
        .open(path)
        .unwrap()
        .set_len(400_000)
        .unwrap();
    let error = collect(bytes).await.unwrap_err();
    assert!(
        matches!(&error, BlobError::Corrupt { what, .. } if what == "ended after 400000 of 700000 bytes"),
        "{error}"
    );
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let error = BlobStore::local(&file).unwrap_err();
    assert!(matches!(&error, BlobError::Folder { dir, .. } if *dir == file));
    assert!(error.to_string().contains("file"), "{error}");
    // A missing folder is made, with those above it.
    let deep = dir.path().join("a/b c/ü");
    BlobStore::local(&deep).unwrap();
    assert!(deep.is_dir());
}

/// Gives way until the condition holds; the deadline is reached only by a failure.
async fn until(mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting)
        .await
        .expect("the condition never held");
}
