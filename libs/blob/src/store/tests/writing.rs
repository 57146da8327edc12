//! Objects appear whole or not at all, however the writer ends.

use super::*;

#[tokio::test]
async fn streams_of_any_size_are_written_and_hashed() {
    let (_dir, stores) = both();
    let large = noise(LARGE);
    for store in stores {
        let cases = [(0, 1), (1, 1), (100, 7), (LARGE, 10_007), (LARGE, LARGE)];
        for (len, chunk) in cases {
            let content = large.slice(..len);
            let key = Key::source(video(len as u128), 1);
            let written = store
                .put_stream(&key, in_chunks(&content, chunk))
                .await
                .unwrap();
            assert_eq!(written.bytes, len as u64);
            assert_eq!(written.sha256, <[u8; 32]>::from(Sha256::digest(&content)));
            assert!(
                store.get(&key, u64::MAX).await.unwrap() == content,
                "{len} by {chunk}"
            );
        }
    }
}

#[tokio::test]
async fn the_digest_is_written_as_hexadecimal() {
    let store = BlobStore::in_memory();
    let key = Key::source(video(1), 1);
    let written = store
        .put_stream(&key, in_chunks(&Bytes::from("abc"), 2))
        .await
        .unwrap();
    // FIPS 180-2, appendix B.1.
    assert_eq!(
        written.sha256_hex(),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}

#[tokio::test]
async fn a_failed_input_leaves_what_was_there() {
    let (dir, store) = local();
    let key = Key::source(video(1), 1);
    for before in [None, Some(Bytes::from("old"))] {
        if let Some(old) = &before {
            store.put(&key, old.clone()).await.unwrap();
        }
        let input = in_chunks(&noise(LARGE), 8192)
            .map_err(|never| match never {})
            .chain(stream::iter([Err("the peer hung up")]));
        let error = store.put_stream(&key, input).await.unwrap_err();
        assert!(
            matches!(error, PutError::Input("the peer hung up")),
            "{error:?}"
        );
        assert_eq!(store.get(&key, 10).await.ok(), before);
        assert_eq!(files(dir.path()).len(), usize::from(before.is_some()));
    }
}

#[tokio::test]
async fn a_dropped_write_leaves_nothing() {
    let (dir, store) = local();
    let key = Key::source(video(1), 1);
    let endless = in_chunks(&noise(LARGE), 8192).chain(stream::pending());
    let mut writing = Box::pin(store.put_stream(&key, endless));
    until(|| {
        assert!(writing.as_mut().now_or_never().is_none());
        !files(dir.path()).is_empty()
    })
    .await;
    assert!(matches!(
        store.head(&key).await,
        Err(BlobError::NotFound { .. })
    ));
    drop(writing);
    until(|| files(dir.path()).is_empty()).await;
    assert!(keys(&store, &Prefix::all_videos()).await.is_empty());
}

#[tokio::test]
async fn what_a_killed_process_leaves_is_invisible_and_swept() {
    let (dir, store) = local();
    let key = Key::source(video(1), 1);
    let endless = in_chunks(&noise(LARGE), 8192).chain(stream::pending());
    let mut writing = Box::pin(store.put_stream(&key, endless));
    until(|| {
        assert!(writing.as_mut().now_or_never().is_none());
        files(dir.path())
            .first()
            .is_some_and(|file| file.metadata().unwrap().len() > 0)
    })
    .await;
    // As a process ends that is killed: nothing is dropped.
    std::mem::forget(writing);
    assert!(matches!(
        store.head(&key).await,
        Err(BlobError::NotFound { .. })
    ));
    assert!(keys(&store, &Prefix::all_videos()).await.is_empty());

    // It is in nobody's way, and what is whole or too young is not swept.
    store.put(&key, Bytes::from("whole")).await.unwrap();
    assert_eq!(files(dir.path()).len(), 2);
    assert_eq!(
        store
            .sweep_temporary(Duration::from_hours(1))
            .await
            .unwrap(),
        0
    );
    assert_eq!(store.sweep_temporary(Duration::ZERO).await.unwrap(), 1);
    assert_eq!(files(dir.path()).len(), 1);
    assert_eq!(store.get(&key, 5).await.unwrap(), "whole");
    assert_eq!(
        BlobStore::in_memory()
            .sweep_temporary(Duration::ZERO)
            .await
            .unwrap(),
        0
    );
}

#[tokio::test]
async fn sweeping_removes_the_folders_it_empties() {
    let (dir, store) = local();
    let kept = Key::source(video(2), 1);
    store.put(&kept, Bytes::from("kept")).await.unwrap();
    let orphan = dir
        .path()
        .join(format!("{}#1", Key::result(attempt(1), REPORT)));
    std::fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    std::fs::write(&orphan, "half").unwrap();
    assert_eq!(store.sweep_temporary(Duration::ZERO).await.unwrap(), 1);
    assert!(!dir.path().join("jobs").exists());
    assert!(store.head(&kept).await.is_ok());
    assert!(dir.path().exists());
}

#[tokio::test]
async fn two_attempts_of_one_job_do_not_meet() {
    let (_dir, store) = local();
    let writers = (1..=8_u64).map(|token| {
        let store = store.clone();
        async move {
            let content = Bytes::from(token.to_string());
            let key = Key::derived(video(1), attempt(token), CLIPS);
            store.put(&key, content.clone()).await.unwrap();
            let key = Key::result(attempt(token), REPORT);
            store
                .put_stream(&key, in_chunks(&content, 1))
                .await
                .unwrap();
        }
    });
    futures::future::join_all(writers).await;
    for token in 1..=8_u64 {
        for key in [
            Key::derived(video(1), attempt(token), CLIPS),
            Key::result(attempt(token), REPORT),
        ] {
            assert_eq!(store.get(&key, 10).await.unwrap(), token.to_string());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_of_one_key_leave_one_whole_object() {
    let (dir, store) = local();
    let key = Key::source(video(1), 1);
    let writers = (0..8_u8).map(|n| {
        let (store, key) = (store.clone(), key.clone());
        tokio::spawn(async move {
            let content = Bytes::from(vec![n; 100_000]);
            store
                .put_stream(&key, in_chunks(&content, 999))
                .await
                .unwrap();
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let content = store.get(&key, 100_000).await.unwrap();
    assert_eq!(content.len(), 100_000);
    assert!(content.iter().all(|byte| *byte == content[0]));
    assert_eq!(files(dir.path()).len(), 1);
}

#[tokio::test]
async fn parts_become_one_object() {
    let (_dir, stores) = both();
    let content = noise(1_000_000);
    for store in stores {
        let upload = video(9);
        let mut parts = Vec::new();
        for range in [
            0..300_000,
            300_000..300_000,
            300_000..999_999,
            999_999..1_000_000,
        ] {
            let key = Key::upload_part(upload, range.start as u64, 1);
            store.put(&key, content.slice(range)).await.unwrap();
            parts.push(key);
        }
        // The empty part had the key of the one after it.
        parts.remove(1);
        let to = Key::source(video(1), 1);
        let written = store.concat(&parts, &to).await.unwrap();
        assert_eq!(written.bytes, 1_000_000);
        assert_eq!(written.sha256, <[u8; 32]>::from(Sha256::digest(&content)));
        assert!(store.get(&to, u64::MAX).await.unwrap() == content);

        parts.push(Key::upload_part(upload, 5, 1));
        let other = Key::source(video(2), 1);
        let error = store.concat(&parts, &other).await.unwrap_err();
        assert!(matches!(&error, BlobError::NotFound { key } if *key == parts[3].to_string()));
        assert!(store.head(&other).await.is_err());
        assert_eq!(
            store.delete_prefix(&Prefix::upload(upload)).await.unwrap(),
            3
        );
    }
}

/// Handlers are spawned, so every call must be able to move between threads.
#[tokio::test]
async fn calls_can_be_spawned() {
    let store = BlobStore::in_memory();
    let done = tokio::spawn(async move {
        let (part, to) = (Key::upload_part(video(1), 0, 1), Key::source(video(1), 1));
        store
            .put_stream(&part, in_chunks(&noise(9), 2))
            .await
            .unwrap();
        store.concat(&[part], &to).await.unwrap();
        store.open_file(&to).await.unwrap();
        let bytes = store.get_range(&to, 0..9).await.unwrap();
        let listed = store.list(&Prefix::all_uploads()).count().await;
        let deleted = store.delete_prefix(&Prefix::all_uploads()).await.unwrap();
        store.sweep_temporary(Duration::ZERO).await.unwrap();
        (collect(bytes).await.unwrap().len(), listed, deleted)
    });
    assert_eq!(done.await.unwrap(), (9, 1, 1));
}
