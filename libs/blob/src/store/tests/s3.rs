//! What a real S3 server refuses, and what it does when its disk is full.

use super::lab::{s3_options, variable};
use super::*;
use crate::S3Options;

async fn every_call(store: &BlobStore) -> Vec<(&'static str, Result<(), BlobError>)> {
    let key = Key::source(video(1), 1);
    let parts = in_chunks(&noise(store.part_bytes + 1), store.part_bytes);
    vec![
        ("check", store.check().await),
        ("put", store.put(&key, Bytes::from("x")).await),
        ("head", store.head(&key).await.map(drop)),
        ("get", store.get(&key, 10).await.map(drop)),
        ("get_range", store.get_range(&key, 0..1).await.map(drop)),
        ("open_file", store.open_file(&key).await.map(drop)),
        (
            "put_stream",
            match store.put_stream(&key, parts).await {
                Err(PutError::Store(error)) => Err(error),
                other => panic!("{other:?}"),
            },
        ),
        (
            "list",
            store
                .list(&Prefix::all_jobs())
                .try_collect::<Vec<_>>()
                .await
                .map(drop),
        ),
        ("delete", store.delete(&key).await),
        (
            "delete_prefix",
            store.delete_prefix(&Prefix::all_jobs()).await.map(drop),
        ),
        (
            "sweep",
            store.sweep_temporary(Duration::ZERO).await.map(drop),
        ),
    ]
}

#[tokio::test]
#[ignore = "needs S3: scripts/servers run s3 -- cargo test -- --include-ignored"]
async fn a_missing_bucket_and_wrong_keys_are_refused_and_never_a_missing_object() {
    let missing = S3Options {
        bucket: "there-is-none".to_owned(),
        ..s3_options()
    };
    let wrong_secret = S3Options {
        secret_key: "wrong".to_owned(),
        ..s3_options()
    };
    let unknown_key = S3Options {
        access_key: "nobody".to_owned(),
        ..s3_options()
    };
    for options in [missing, wrong_secret, unknown_key] {
        let store = BlobStore::s3(&options).unwrap();
        for (call, outcome) in every_call(&store).await {
            let error = outcome.expect_err(call);
            assert!(
                matches!(error, BlobError::Refused { .. }),
                "{call}: {error}"
            );
            assert!(
                !format!("{error:?}").contains(&options.secret_key),
                "{call}"
            );
        }
    }
}

#[tokio::test]
#[ignore = "needs S3: scripts/servers run s3 -- cargo test -- --include-ignored"]
async fn two_installations_share_a_bucket() {
    let at = |prefix: String| {
        BlobStore::s3(&S3Options {
            prefix,
            ..s3_options()
        })
        .unwrap()
    };
    let name = Uuid::now_v7();
    let (one, other) = (at(format!("{name}-1")), at(format!("/{name}-1/deep/")));
    let key = Key::source(video(1), 1);
    one.put(&key, Bytes::from("one")).await.unwrap();
    assert!(other.head(&key).await.is_err());
    other.put(&key, Bytes::from("other")).await.unwrap();
    assert_eq!(one.get(&key, 9).await.unwrap(), "one");
    assert_eq!(other.get(&key, 9).await.unwrap(), "other");
    assert_eq!(one.delete_prefix(&Prefix::all_videos()).await.unwrap(), 1);
    assert!(other.head(&key).await.is_ok());
}

#[tokio::test]
#[ignore = "needs a small S3: scripts/servers run s3-small -- cargo test -- --include-ignored"]
async fn a_full_disk_is_said_to_be_full_and_works_again_once_there_is_space() {
    let store = BlobStore::s3(&S3Options {
        endpoint: variable("SOPILOT_TEST_S3_SMALL_ENDPOINT"),
        bucket: variable("SOPILOT_TEST_S3_SMALL_BUCKET"),
        access_key: variable("SOPILOT_TEST_S3_SMALL_ACCESS_KEY"),
        secret_key: variable("SOPILOT_TEST_S3_SMALL_SECRET_KEY"),
        prefix: format!("test-{}", Uuid::now_v7()),
        ..s3_options()
    })
    .unwrap();
    let content = noise(store.part_bytes * 2);
    // More than the disk takes, whole or in parts.
    let mut written = 0;
    let error = loop {
        let key = Key::source(video(written), 1);
        match store.put_stream(&key, in_chunks(&content, 1 << 20)).await {
            Ok(_) => written += 1,
            Err(PutError::Store(error)) => break error,
            Err(PutError::Input(never)) => match never {},
        }
        assert!(written < 1000, "this disk is not small");
    };
    assert!(matches!(error, BlobError::Full { .. }), "{error}");
    assert!(error.is_transient() && written > 0);
    let failed = Key::source(video(written), 1);
    assert!(matches!(
        store.head(&failed).await,
        Err(BlobError::NotFound { .. })
    ));
    let Backend::S3(bucket) = &store.backend else {
        unreachable!()
    };
    assert_eq!(bucket.unfinished().await.unwrap().len(), 0);

    store.delete(&Key::source(video(0), 1)).await.unwrap();
    store.delete(&Key::source(video(1), 1)).await.unwrap();
    store.put(&failed, content.slice(..1000)).await.unwrap();
    assert!(store.get(&failed, 1000).await.unwrap() == content[..1000]);
    store.delete_prefix(&Prefix::all_videos()).await.unwrap();
}
