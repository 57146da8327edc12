use std::collections::BTreeSet;
use std::convert::Infallible;
use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use bytes::Bytes;
use futures::{FutureExt, Stream, stream};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::*;
use crate::{Attempt, ByteStream, ObjectName, PutError};

mod conformance;
mod faulty;
mod lab;
mod s3;
mod scripted;
mod writing;

const REPORT: ObjectName = ObjectName::from_static("report.json");
const CLIPS: ObjectName = ObjectName::from_static("clips.pb");
/// Of the stores that would take any.
const SMALL_PART: usize = 64 * 1024;
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
    let mut store = BlobStore::local(dir.path()).unwrap();
    // Several parts without megabytes to hash.
    store.part_bytes = SMALL_PART;
    (dir, store)
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
async fn foreign_files_are_ignored() {
    let (dir, store) = local();
    let key = Key::source(video(1), 1);
    store.put(&key, Bytes::from("x")).await.unwrap();
    std::fs::write(dir.path().join("videos/.DS_Store"), "x").unwrap();
    let expected: BTreeSet<_> = [key.to_string()].into();
    assert_eq!(keys(&store, &Prefix::all_videos()).await, expected);
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
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting)
        .await
        .expect("the condition never held");
}
