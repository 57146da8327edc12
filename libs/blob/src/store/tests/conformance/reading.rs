//! Reading and listing.

use super::*;

pub(super) async fn what_is_put_is_got(lab: &Lab) {
    let store = &lab.store;
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

pub(super) async fn a_missing_object_is_named(lab: &Lab) {
    let store = &lab.store;
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

pub(super) async fn an_object_larger_than_allowed_is_not_read(lab: &Lab) {
    let store = &lab.store;
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

pub(super) async fn ranges_are_exact(lab: &Lab) {
    // Several chunks of a file.
    let content = noise(700_000);
    let end = content.len() as u64;
    let store = &lab.store;
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

pub(super) async fn an_object_opens_as_a_file(lab: &Lab) {
    let content = noise(700_000);
    let store = &lab.store;
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
    assert_eq!(lab.stored().await, 0);
}

pub(super) async fn prefixes_cut_at_whole_names(lab: &Lab) {
    let store = &lab.store;
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

pub(super) async fn many_objects_are_listed_and_deleted(lab: &Lab) {
    let store = &lab.store;
    // More than one batch of a listing.
    let puts = (0..1500).map(|offset| {
        let key = Key::upload_part(video(1), offset, 1);
        async move { lab.put_unsealed(&key, Bytes::from("x")).await }
    });
    stream::iter(puts).buffer_unordered(32).count().await;
    assert_eq!(keys(store, &Prefix::all_uploads()).await.len(), 1500);
    assert_eq!(
        store
            .delete_prefix(&Prefix::upload(video(1)))
            .await
            .unwrap(),
        1500
    );
    assert_eq!(lab.stored().await, 0);
}

pub(super) async fn a_matrix_comes_back(lab: &Lab) {
    let store = &lab.store;
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
    lab.damage(&key, 30).await;
    let error = store.get_matrix(&key, size).await.unwrap_err();
    assert!(
        matches!(&error, BlobError::Corrupt { what, .. } if what.contains("checksum")),
        "{error}"
    );
}

pub(super) async fn a_store_that_works_says_so(lab: &Lab) {
    lab.store.check().await.unwrap();
}
