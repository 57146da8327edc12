//! Objects appear whole or not at all, however the writer ends.

use super::*;

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
