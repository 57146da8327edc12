//! What is read is what was written, or an error.

use super::*;

fn is_corrupt<T>(outcome: Result<T, BlobError>, key: &Key, says: &str) {
    match outcome.map(drop) {
        Err(BlobError::Corrupt { key: named, what }) => {
            assert_eq!(named, key.to_string());
            assert!(what.contains(says), "{what}");
        }
        other => panic!("{other:?}"),
    }
}

pub(super) async fn a_damaged_byte_is_found_and_named(lab: &Lab) {
    let store = &lab.store;
    let content = noise(lab.large);
    let size = content.len() as u64;
    let key = Key::source(video(1), 1);
    store
        .put_stream(&key, in_chunks(&content, 70_001))
        .await
        .unwrap();
    // In the second block.
    lab.damage(&key, 300_000).await;
    let says = "bytes 262144 to";

    is_corrupt(store.get(&key, size).await, &key, says);
    is_corrupt(store.open_file(&key).await, &key, says);
    let range = store.get_range(&key, 299_000..299_001).await.unwrap();
    is_corrupt(collect(range).await, &key, says);
    let copy = Key::source(video(2), 1);
    let copied = store.concat(std::slice::from_ref(&key), &copy).await;
    is_corrupt(copied, &key, says);
    assert!(store.head(&copy).await.is_err());

    // Nothing wrong is handed out before it shows.
    let mut range = store.get_range(&key, 7..size).await.unwrap();
    let mut read = Vec::new();
    let failed = loop {
        match range.next().await.unwrap() {
            Ok(chunk) => read.extend_from_slice(&chunk),
            Err(error) => break error,
        }
    };
    is_corrupt::<()>(Err(failed), &key, says);
    assert!(content[7..262_144].starts_with(&read));
    let sound = store.get_range(&key, 100..262_144).await.unwrap();
    assert!(collect(sound).await.unwrap() == content[100..262_144]);
}

pub(super) async fn what_replaces_an_object_is_checked_anew(lab: &Lab) {
    let store = &lab.store;
    let key = Key::result(attempt(1), REPORT);
    for content in [noise(1000), noise(300_000), noise(1000), noise(999)] {
        store.put(&key, content.clone()).await.unwrap();
        assert!(store.get(&key, 300_000).await.unwrap() == content);
        lab.damage(&key, 998).await;
        is_corrupt(store.get(&key, 300_000).await, &key, "checksum");
    }
    // A store that lost the end of it.
    lab.put_unsealed(&key, noise(900)).await;
    is_corrupt(store.get(&key, 1000).await, &key, "900 bytes");
}

pub(super) async fn checksums_come_and_go_with_their_object(lab: &Lab) {
    let store = &lab.store;
    for offset in 0..3 {
        let key = Key::upload_part(video(1), offset, 1);
        store.put(&key, noise(10)).await.unwrap();
    }
    assert_eq!((lab.stored().await, lab.sealed().await), (3, 3));
    let first = Key::upload_part(video(1), 0, 1);
    store.delete(&first).await.unwrap();
    assert_eq!((lab.stored().await, lab.sealed().await), (2, 2));

    // As if a process had died between the two steps of a write.
    store
        .objects
        .delete(&location(&Key::upload_part(video(1), 1, 1)))
        .await
        .unwrap();
    assert_eq!(
        store
            .sweep_temporary(Duration::from_hours(1))
            .await
            .unwrap(),
        0
    );
    assert_eq!(store.sweep_temporary(Duration::ZERO).await.unwrap(), 1);
    assert_eq!((lab.stored().await, lab.sealed().await), (1, 1));

    let deleted = store
        .delete_prefix(&Prefix::upload(video(1)))
        .await
        .unwrap();
    assert_eq!(deleted, 1);
    assert_eq!((lab.stored().await, lab.sealed().await), (0, 0));
}

pub(super) async fn an_object_from_before_there_were_checksums_is_read(lab: &Lab) {
    let store = &lab.store;
    let content = noise(lab.large);
    let key = Key::source(video(1), 1);
    lab.put_unsealed(&key, content.clone()).await;
    assert!(store.get(&key, u64::MAX).await.unwrap() == content);
    let range = store.get_range(&key, 5..300_000).await.unwrap();
    assert!(collect(range).await.unwrap() == content[5..300_000]);
    let mut file = Vec::new();
    store
        .open_file(&key)
        .await
        .unwrap()
        .read_to_end(&mut file)
        .unwrap();
    assert!(file == content);
    store.delete(&key).await.unwrap();
}

pub(super) async fn damaged_checksums_are_no_excuse(lab: &Lab) {
    let store = &lab.store;
    let key = Key::source(video(1), 1);
    store.put(&key, noise(10)).await.unwrap();
    lab.put_seal(&key, Bytes::from("nonsense")).await;
    is_corrupt(store.get(&key, 10).await, &key, "checksums cannot be read");
    // Writing it again heals it.
    store.put(&key, noise(10)).await.unwrap();
    assert!(store.get(&key, 10).await.unwrap() == noise(10));
}
