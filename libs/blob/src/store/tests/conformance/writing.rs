//! Objects appear whole or not at all, however the writer ends.

use super::*;

pub(super) async fn streams_of_any_size_are_written_and_hashed(lab: &Lab) {
    let store = &lab.store;
    let large = noise(lab.large);
    let (part, all) = (store.part_bytes, lab.large);
    let cases = [
        (0, 1),
        (1, 1),
        (100, 7),
        (part - 1, 10_007),
        (part, 10_007),
        (all, 100_007),
        (all, all),
    ];
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

pub(super) async fn a_failed_input_leaves_what_was_there(lab: &Lab) {
    let store = &lab.store;
    let key = Key::source(video(1), 1);
    for before in [None, Some(Bytes::from("old"))] {
        if let Some(old) = &before {
            store.put(&key, old.clone()).await.unwrap();
        }
        let input = in_chunks(&noise(lab.large), 8192)
            .map_err(|never| match never {})
            .chain(stream::iter([Err("the peer hung up")]));
        let error = store.put_stream(&key, input).await.unwrap_err();
        assert!(
            matches!(error, PutError::Input("the peer hung up")),
            "{error:?}"
        );
        assert_eq!(store.get(&key, 10).await.ok(), before);
        assert_eq!(lab.stored().await, usize::from(before.is_some()));
    }
}

pub(super) async fn a_large_object_in_memory_is_written_in_parts(lab: &Lab) {
    let (store, content) = (&lab.store, noise(lab.large));
    let key = Key::source(video(1), 1);
    store.put(&key, content.clone()).await.unwrap();
    assert!(store.get(&key, u64::MAX).await.unwrap() == content);
    assert_eq!((lab.stored().await, lab.sealed().await), (1, 1));
}

pub(super) async fn a_dropped_write_leaves_nothing(lab: &Lab) {
    let store = &lab.store;
    let key = Key::source(video(1), 1);
    let endless = in_chunks(&noise(lab.large), 8192).chain(stream::pending());
    let mut writing = Box::pin(store.put_stream(&key, endless));
    until(async || {
        assert!(futures::poll!(writing.as_mut()).is_pending());
        lab.stored().await > 0
    })
    .await;
    assert!(matches!(
        store.head(&key).await,
        Err(BlobError::NotFound { .. })
    ));
    drop(writing);
    until(async || lab.stored().await == 0).await;
    assert!(keys(store, &Prefix::all_videos()).await.is_empty());
    assert_eq!(lab.sealed().await, 0);
}

pub(super) async fn what_a_killed_process_leaves_is_invisible_and_swept(lab: &Lab) {
    let store = &lab.store;
    let key = Key::source(video(1), 1);
    let endless = in_chunks(&noise(lab.large), 8192).chain(stream::pending());
    let mut writing = Box::pin(store.put_stream(&key, endless));
    until(async || {
        assert!(futures::poll!(writing.as_mut()).is_pending());
        lab.stored().await > 0
    })
    .await;
    // As a process ends that is killed: nothing is dropped.
    std::mem::forget(writing);
    assert!(matches!(
        store.head(&key).await,
        Err(BlobError::NotFound { .. })
    ));
    assert!(keys(store, &Prefix::all_videos()).await.is_empty());

    // It is in nobody's way, and what is whole or too young is not swept.
    store.put(&key, Bytes::from("whole")).await.unwrap();
    assert_eq!(lab.stored().await, 2);
    let hour = Duration::from_hours(1);
    assert_eq!(store.sweep_temporary(hour).await.unwrap(), 0);
    assert_eq!(store.sweep_temporary(Duration::ZERO).await.unwrap(), 1);
    assert_eq!(lab.stored().await, 1);
    assert_eq!(store.get(&key, 5).await.unwrap(), "whole");
}

pub(super) async fn two_attempts_of_one_job_do_not_meet(lab: &Lab) {
    let store = &lab.store;
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

pub(super) async fn writers_of_one_key_leave_one_whole_object(lab: &Lab) {
    let store = &lab.store;
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
    assert_eq!((lab.stored().await, lab.sealed().await), (1, 1));
}

pub(super) async fn parts_become_one_object(lab: &Lab) {
    let content = noise(1_000_000);
    let store = &lab.store;
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
