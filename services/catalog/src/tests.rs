//! What the catalog promises about uploads, repeated requests, deletion,
//! orphans and reviews, on both databases and a store in memory.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures::stream;
use prost::Message;
use sha2::{Digest, Sha256};
use sopilot_blob::{Attempt, BlobStore, Key, ObjectName, Prefix};
use sopilot_chassis::{ApiError, Reason};
use sopilot_proto::{
    catalog::v1::{
        self as wire, EmbeddingReference, Event, MediaInfo, ReviewDecision, VideoMetadata,
        VideoRole, event::Fact,
    },
    embedding::v1::Embedder,
    scoring::v1::{Procedure, Verdict},
};
use uuid::Uuid;

use crate::{
    CatalogConfig,
    error::Error,
    receive::Receiver,
    store::{
        Completion, Finished, JobState, NewReview, NewScore, NewUpload, PageRequest, Request, Role,
        Stage, Store, TestDatabase, VideoState, Work,
    },
    sweeper::sweep_orphans,
};

/// Uploads that a fixture takes at once.
const MAX_UPLOADS: usize = 3;

const MEBIBYTE: usize = 1 << 20;

struct Fixture {
    store: Store,
    blobs: BlobStore,
    receiver: Receiver,
    task: Uuid,
}

/// Tests what is promised on both databases.
macro_rules! on_both {
    ($($promise:ident,)+) => {
        mod sqlite {
            use super::*;
            $(#[tokio::test]
            async fn $promise() {
                let store = Store::in_memory_now(Arc::new(CatalogConfig::default())).await;
                super::$promise(Fixture::new(store).await).await;
            })+
        }

        mod postgresql {
            use super::*;
            $(#[tokio::test]
            #[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
            async fn $promise() {
                let database = TestDatabase::create().await;
                super::$promise(Fixture::new(database.store().await).await).await;
            })+
        }
    };
}

on_both! {
    an_upload_goes_on_after_a_break_and_keeps_what_arrived,
    a_wrong_checksum_makes_no_video_and_the_upload_starts_over,
    of_two_streams_of_one_upload_the_newer_counts_and_neither_spoils_the_other,
    two_streams_that_finish_together_make_one_video,
    more_bytes_than_announced_are_refused,
    uploads_beyond_the_limit_are_told_when_to_come_back,
    an_aborted_upload_leaves_nothing,
    unfinished_uploads_are_listed_and_named_where_they_are_in_the_way,
    a_repeated_request_answers_what_the_first_made,
    a_new_version_prepares_the_golds_anew_and_scores_keep_theirs,
    orphans_are_removed_and_nothing_else,
    a_gold_with_scores_is_deleted_only_by_force_and_takes_them_along,
    deleting_a_video_cancels_what_it_is_part_of,
    a_review_overrules_the_verdict_and_must_make_sense,
    facts_are_written_with_what_they_tell,
    a_refused_request_announces_nothing,
    who_waits_for_a_preparation_that_is_cancelled_waits_no_longer,
    stored_messages_are_what_was_sent,
}

fn reason(error: Error) -> Reason {
    ApiError::from(error).reason
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index * 31 % 251) as u8).collect()
}

fn hex(data: &[u8]) -> String {
    Sha256::digest(data)
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

impl Fixture {
    async fn new(store: Store) -> Self {
        let blobs = BlobStore::in_memory();
        let receiver = Receiver::new(store.clone(), blobs.clone(), MAX_UPLOADS);
        let request = Request::new("CreateTask", "", &[]).unwrap();
        let task = store
            .create_task("task", &Procedure::default(), &request)
            .await
            .unwrap()
            .id;
        Self {
            store,
            blobs,
            receiver,
            task,
        }
    }

    fn new_upload(&self, role: Role, data: &[u8]) -> NewUpload {
        NewUpload {
            task_id: self.task,
            role,
            size_bytes: data.len() as i64,
            sha256: hex(data),
            metadata: VideoMetadata::default(),
        }
    }

    async fn start(&self, role: Role, data: &[u8]) -> Uuid {
        let request = Request::new("StartUpload", "", &[]).unwrap();
        self.store
            .start_upload(self.new_upload(role, data), &request)
            .await
            .unwrap()
            .id
    }

    async fn send(
        &self,
        id: Uuid,
        offset: usize,
        data: &[u8],
        breaks: bool,
    ) -> Result<Option<Uuid>, Error> {
        let chunks = data
            .chunks(300_000)
            .map(|chunk| Ok(Bytes::copy_from_slice(chunk)));
        let end = breaks.then(|| Err(ApiError::new(Reason::Unavailable, "the line is dead")));
        let stream = stream::iter(chunks.chain(end).collect::<Vec<_>>());
        let (_, video) = self.receiver.receive(id, offset as u64, stream, "").await?;
        Ok(video.map(|video| video.id))
    }

    /// A video that is ready, with its objects.
    async fn ready(&self, role: Role) -> Uuid {
        let data = bytes(1000);
        let id = self.start(role, &data).await;
        self.send(id, 0, &data, false).await.unwrap();
        self.work(Stage::Embed).await;
        if role == Role::Gold {
            self.work(Stage::Prepare).await;
        }
        assert_eq!(self.store.video(id).await.unwrap().state, VideoState::Ready);
        id
    }

    async fn scored(&self, gold: Uuid, trainee: Uuid) -> Uuid {
        let request = Request::new("SubmitScore", "", &[]).unwrap();
        let new = NewScore {
            golds: vec![gold],
            trainee,
        };
        let job = self
            .store
            .submit_score(&new, &request, "")
            .await
            .unwrap()
            .job
            .id;
        self.work(Stage::Align).await;
        self.work(Stage::Score).await;
        assert_eq!(
            self.store.job(job).await.unwrap().job.state,
            JobState::Succeeded
        );
        job
    }

    /// Does what waits at a stage, as a worker would.
    async fn work(&self, stage: Stage) {
        self.work_on(stage, 10).await;
    }

    async fn work_on(&self, stage: Stage, max: u64) {
        for claim in self.store.claim(stage, max, "worker").await.unwrap() {
            let attempt = Attempt {
                job: claim.job_id,
                fencing_token: claim.token.0,
            };
            let derived = async |video, name: &'static str| {
                let key = Key::derived(video, attempt, ObjectName::from_static(name));
                self.blobs
                    .put(&key, Bytes::from_static(b"made"))
                    .await
                    .unwrap();
                key.to_string()
            };
            let result = async |name: &'static str| {
                let key = Key::result(attempt, ObjectName::from_static(name));
                self.blobs
                    .put(&key, Bytes::from_static(b"made"))
                    .await
                    .unwrap();
                key.to_string()
            };
            let finished = match claim.work {
                Work::Embed { video_id, .. } => Finished::Embed {
                    embeddings: EmbeddingReference {
                        object_key: derived(video_id, "embeddings.sopm").await,
                        rows: 4,
                        embedder: Some(Embedder::default()),
                    },
                    clips_key: derived(video_id, "clips.binpb").await,
                    thumbnails_key: derived(video_id, "thumbnails.binpb").await,
                    media: MediaInfo::default(),
                },
                Work::Prepare { gold, .. } => Finished::Prepare {
                    prepared_key: derived(gold.id, "prepared.binpb").await,
                },
                Work::Align { .. } => Finished::Align {
                    alignment_keys: vec![result("alignment-0.binpb").await],
                },
                Work::Score { .. } => Finished::Score {
                    report_key: result("report.binpb").await,
                    score: 70.0,
                    verdict: Verdict::NeedsReview.into(),
                    deviation_count: 2,
                },
            };
            let completion = Completion {
                job_id: claim.job_id,
                token: claim.token,
                outcome: Ok(finished),
            };
            self.store.complete(vec![completion]).await.unwrap();
        }
    }

    async fn source(&self, video: Uuid) -> Key {
        Key::parse(&self.store.video(video).await.unwrap().source_key).unwrap()
    }

    async fn objects(&self) -> Vec<String> {
        let mut keys = Vec::new();
        for prefix in [
            Prefix::all_uploads(),
            Prefix::all_videos(),
            Prefix::all_jobs(),
        ] {
            let found: Vec<_> = futures::TryStreamExt::try_collect(self.blobs.list(&prefix))
                .await
                .unwrap();
            keys.extend(
                found
                    .into_iter()
                    .map(|object: sopilot_blob::ObjectInfo| object.key.to_string()),
            );
        }
        keys
    }
}

async fn an_upload_goes_on_after_a_break_and_keeps_what_arrived(fixture: Fixture) {
    let data = bytes(5 * MEBIBYTE + 12_345);
    let id = fixture.start(Role::Trainee, &data).await;

    let broken = fixture
        .send(id, 0, &data[..3 * MEBIBYTE + 777_777], true)
        .await;
    assert_eq!(reason(broken.unwrap_err()), Reason::Unavailable);
    let committed = fixture
        .store
        .upload_or_finished(id)
        .await
        .unwrap()
        .committed_bytes as usize;
    assert_eq!(committed, 3 * MEBIBYTE + 777_777, "all that arrived");

    let elsewhere = fixture
        .send(id, committed + 1, &data[committed + 1..], false)
        .await;
    assert_eq!(reason(elsewhere.unwrap_err()), Reason::UploadOffsetMismatch);
    let video = fixture
        .send(id, committed, &data[committed..], false)
        .await
        .unwrap();
    assert_eq!(video, Some(id), "the upload's id is the video's");
    let stored = fixture
        .blobs
        .get(&fixture.source(id).await, u64::MAX)
        .await
        .unwrap();
    assert_eq!(stored, data);
    assert_eq!(
        fixture.objects().await,
        [fixture.source(id).await.to_string()],
        "parts are gone"
    );

    // An answer that was lost is given again.
    assert_eq!(
        fixture.send(id, data.len(), &[], false).await.unwrap(),
        Some(id)
    );
}

async fn a_wrong_checksum_makes_no_video_and_the_upload_starts_over(fixture: Fixture) {
    let data = bytes(2 * MEBIBYTE);
    let id = fixture.start(Role::Trainee, &data).await;
    let mut wrong = data.clone();
    wrong[MEBIBYTE] ^= 1;
    let refused = fixture.send(id, 0, &wrong, false).await.unwrap_err();
    assert_eq!(reason(refused), Reason::ChecksumMismatch);
    assert_eq!(fixture.objects().await, [""; 0]);
    assert_eq!(
        fixture
            .store
            .upload_or_finished(id)
            .await
            .unwrap()
            .committed_bytes,
        0
    );
    assert_eq!(fixture.send(id, 0, &data, false).await.unwrap(), Some(id));
}

async fn of_two_streams_of_one_upload_the_newer_counts_and_neither_spoils_the_other(
    fixture: Fixture,
) {
    let data = bytes(9 * MEBIBYTE);
    let id = fixture.start(Role::Trainee, &data).await;
    // The first stream stores a part and then hangs, as a connection does
    // whose other end is gone.
    let (sender, hanging) = futures::channel::mpsc::unbounded();
    sender
        .unbounded_send(Ok(Bytes::copy_from_slice(&data[..5 * MEBIBYTE])))
        .unwrap();
    let receiver = fixture.receiver.clone();
    let first = tokio::spawn(async move { receiver.receive(id, 0, hanging, "").await });
    let committed = async || {
        fixture
            .store
            .upload_or_finished(id)
            .await
            .unwrap()
            .committed_bytes
    };
    while committed().await == 0 {
        tokio::task::yield_now().await;
    }
    let at = committed().await as usize;
    let video = fixture.send(id, at, &data[at..], false).await.unwrap();
    assert_eq!(video, Some(id));
    // The first one wakes up, with bytes that are no longer wanted.
    drop(sender);
    assert!(first.await.unwrap().is_err());
    let stored = fixture
        .blobs
        .get(&fixture.source(id).await, u64::MAX)
        .await
        .unwrap();
    assert_eq!(stored, data);
    assert_eq!(
        fixture.objects().await,
        [fixture.source(id).await.to_string()]
    );
}

async fn two_streams_that_finish_together_make_one_video(fixture: Fixture) {
    let data = bytes(3 * MEBIBYTE);
    for _ in 0..10 {
        let id = fixture.start(Role::Trainee, &data).await;
        assert_eq!(
            fixture.send(id, 0, &data[..MEBIBYTE], false).await.unwrap(),
            None
        );
        fixture
            .send(id, MEBIBYTE, &data[MEBIBYTE..data.len() - 1], false)
            .await
            .unwrap();
        let last = data.len() - 1;
        let (a, b) = tokio::join!(
            fixture.send(id, last, &data[last..], false),
            fixture.send(id, last, &data[last..], false),
        );
        assert!(a.is_ok() || b.is_ok(), "{a:?} {b:?}");
        let stored = fixture
            .blobs
            .get(&fixture.source(id).await, u64::MAX)
            .await
            .unwrap();
        assert_eq!(stored, data);
        let again = fixture.send(id, data.len(), &[], false).await.unwrap();
        assert_eq!(again, Some(id));
    }
}

async fn more_bytes_than_announced_are_refused(fixture: Fixture) {
    let data = bytes(1000);
    let id = fixture.start(Role::Trainee, &data).await;
    let refused = fixture.send(id, 0, &bytes(1001), false).await.unwrap_err();
    assert_eq!(reason(refused), Reason::UploadTooLarge);
}

async fn uploads_beyond_the_limit_are_told_when_to_come_back(fixture: Fixture) {
    let data = bytes(1000);
    let mut held = Vec::new();
    for _ in 0..MAX_UPLOADS {
        let id = fixture.start(Role::Trainee, &data).await;
        let (begun, waits) = tokio::sync::oneshot::channel();
        let hanging = stream::once(Box::pin(async move {
            begun.send(()).unwrap();
            std::future::pending().await
        }));
        let receiver = fixture.receiver.clone();
        let receiving = tokio::spawn(async move { receiver.receive(id, 0, hanging, "").await });
        waits.await.unwrap();
        held.push(receiving);
    }
    let id = fixture.start(Role::Trainee, &data).await;
    let refused: ApiError = fixture.send(id, 0, &data, false).await.unwrap_err().into();
    assert_eq!(refused.reason, Reason::Overloaded);
    assert!(refused.retry_after.is_some());
    // One that breaks off makes room.
    let broken = held.pop().unwrap();
    broken.abort();
    assert!(broken.await.unwrap_err().is_cancelled());
    let video = fixture.send(id, 0, &data, false).await.unwrap();
    assert_eq!(video, Some(id));
}

async fn an_aborted_upload_leaves_nothing(fixture: Fixture) {
    let data = bytes(2 * MEBIBYTE);
    let id = fixture.start(Role::Trainee, &data).await;
    assert_eq!(
        fixture.send(id, 0, &data[..MEBIBYTE], false).await.unwrap(),
        None
    );
    fixture.receiver.abort(id).await.unwrap();
    assert_eq!(fixture.objects().await, [""; 0]);
    let gone = fixture
        .send(id, MEBIBYTE, &data[MEBIBYTE..], false)
        .await
        .unwrap_err();
    assert_eq!(reason(gone), Reason::UploadNotFound);
}

async fn unfinished_uploads_are_listed_and_named_where_they_are_in_the_way(fixture: Fixture) {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(fixture.start(Role::Trainee, b"x").await);
    }
    ids.sort_unstable_by(|a, b| b.cmp(a));
    let store = &fixture.store;
    let mut listed = Vec::new();
    let mut token = String::new();
    loop {
        let page = PageRequest::new(2, &token, "").unwrap();
        let page = store.list_uploads(Some(fixture.task), page, "").await;
        let page = page.unwrap();
        listed.extend(page.rows.iter().map(|row| row.id));
        token = page.next_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(listed, ids, "the newest first");
    let page = PageRequest::new(2, "", "").unwrap();
    let other = store.list_uploads(Some(Uuid::nil()), page, "").await;
    assert!(other.unwrap().rows.is_empty());

    let refused = ApiError::from(store.delete_task(fixture.task).await.unwrap_err());
    assert_eq!(refused.reason, Reason::TaskInUse);
    for id in &ids {
        let told = refused.message.contains(&id.to_string());
        assert!(told, "{}", refused.message);
    }
    assert!(refused.message.contains("AbortUpload"), "{refused:?}");
    for id in ids {
        fixture.receiver.abort(id).await.unwrap();
    }
    store.delete_task(fixture.task).await.unwrap();
}

async fn a_repeated_request_answers_what_the_first_made(fixture: Fixture) {
    let procedure = Procedure::default();
    let request = |name: &str| Request::new("CreateTask", "id-1", name.as_bytes()).unwrap();
    let first = fixture
        .store
        .create_task("a", &procedure, &request("a"))
        .await
        .unwrap();
    let again = fixture
        .store
        .create_task("a", &procedure, &request("a"))
        .await
        .unwrap();
    assert_eq!(first.id, again.id);
    let other = fixture
        .store
        .create_task("b", &procedure, &request("b"))
        .await
        .unwrap_err();
    assert_eq!(reason(other), Reason::IdempotencyConflict);
    let once = Request::new("CreateTask", "", b"a").unwrap();
    let without = fixture
        .store
        .create_task("a", &procedure, &once)
        .await
        .unwrap_err();
    assert_eq!(reason(without), Reason::TaskAlreadyExists);
}

async fn a_new_version_prepares_the_golds_anew_and_scores_keep_theirs(fixture: Fixture) {
    let gold = fixture.ready(Role::Gold).await;
    let trainee = fixture.ready(Role::Trainee).await;
    let before = fixture.store.video(gold).await.unwrap();
    assert_eq!((before.task_version, before.gold_version), (1, 1));
    fixture.scored(gold, trainee).await;

    let request = Request::new("CreateTaskVersion", "", &[]).unwrap();
    let (task, jobs) = fixture
        .store
        .create_task_version(fixture.task, &Procedure::default(), &request, "")
        .await
        .unwrap();
    assert_eq!((task.current.version, jobs.len()), (2, 1));
    assert_eq!(
        fixture.store.video(gold).await.unwrap().task_version,
        1,
        "until it is prepared"
    );
    fixture.work(Stage::Prepare).await;
    let after = fixture.store.video(gold).await.unwrap();
    assert_eq!((after.task_version, after.gold_version), (2, 2));

    // The earlier preparation is what the score was made with: not an orphan.
    assert_eq!(
        sweep_orphans(&fixture.store, &fixture.blobs, Duration::ZERO)
            .await
            .unwrap(),
        0
    );
}

async fn orphans_are_removed_and_nothing_else(fixture: Fixture) {
    let gold = fixture.ready(Role::Gold).await;
    let trainee = fixture.ready(Role::Trainee).await;
    let job = fixture.scored(gold, trainee).await;
    let wanted = fixture.objects().await;

    let lost = Attempt {
        job,
        fencing_token: 9999,
    };
    let name = ObjectName::from_static("report.binpb");
    let orphans = [
        Key::upload_part(Uuid::from_u128(1), 0, 1),
        Key::source(Uuid::from_u128(2), 1),
        Key::source(trainee, 99),
        Key::derived(trainee, lost, name.clone()),
        Key::result(lost, name),
    ];
    for key in &orphans {
        fixture
            .blobs
            .put(key, Bytes::from_static(b"orphan"))
            .await
            .unwrap();
    }
    let hour = Duration::from_hours(1);
    assert_eq!(
        sweep_orphans(&fixture.store, &fixture.blobs, hour)
            .await
            .unwrap(),
        0,
        "too young"
    );
    let removed = sweep_orphans(&fixture.store, &fixture.blobs, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(removed, orphans.len() as u64);
    assert_eq!(fixture.objects().await, wanted);
}

async fn a_gold_with_scores_is_deleted_only_by_force_and_takes_them_along(fixture: Fixture) {
    let gold = fixture.ready(Role::Gold).await;
    let trainee = fixture.ready(Role::Trainee).await;
    let job = fixture.scored(gold, trainee).await;
    let refused = fixture.store.delete_video(gold, false).await.unwrap_err();
    assert_eq!(reason(refused), Reason::VideoInUse);
    let deleted = fixture.store.delete_video(gold, true).await.unwrap();
    assert_eq!(deleted.removed_reports, [job]);
    assert_eq!(
        reason(fixture.store.score(job).await.unwrap_err()),
        Reason::ScoreNotReady
    );
    assert_eq!(
        reason(fixture.store.video(gold).await.unwrap_err()),
        Reason::VideoNotFound
    );
    assert!(fixture.store.video(trainee).await.is_ok());
}

async fn deleting_a_video_cancels_what_it_is_part_of(fixture: Fixture) {
    let gold = fixture.ready(Role::Gold).await;
    let data = bytes(1000);
    let trainee = fixture.start(Role::Trainee, &data).await;
    fixture.send(trainee, 0, &data, false).await.unwrap();
    let request = Request::new("SubmitScore", "", &[]).unwrap();
    let new = NewScore {
        golds: vec![gold],
        trainee,
    };
    let score = fixture
        .store
        .submit_score(&new, &request, "")
        .await
        .unwrap();
    assert!(score.job.waiting, "its trainee is still being ingested");

    let ingest = fixture.store.video(trainee).await.unwrap().ingest_job_id;
    let mut cancelled = fixture
        .store
        .delete_video(trainee, false)
        .await
        .unwrap()
        .cancelled_jobs;
    cancelled.sort();
    let mut expected = vec![score.job.id, ingest];
    expected.sort();
    assert_eq!(cancelled, expected);
    assert!(
        fixture
            .store
            .claim(Stage::Embed, 10, "worker")
            .await
            .unwrap()
            .is_empty()
    );
}

async fn a_review_overrules_the_verdict_and_must_make_sense(fixture: Fixture) {
    let gold = fixture.ready(Role::Gold).await;
    let trainee = fixture.ready(Role::Trainee).await;
    let job_id = fixture.scored(gold, trainee).await;
    let review = |deviation, verdict, decision| NewReview {
        job_id,
        deviation,
        verdict,
        decision,
        reviewer: "Trainer 7".to_owned(),
        reason: "the label was applied off camera".to_owned(),
    };
    let request = || Request::new("CreateReview", "", &[]).unwrap();
    for nonsense in [
        review(Some(2), None, ReviewDecision::Confirmed),
        review(None, None, ReviewDecision::Overruled),
        review(None, Some(Verdict::NeedsReview), ReviewDecision::Overruled),
        review(None, Some(Verdict::Pass), ReviewDecision::Confirmed),
    ] {
        let refused = fixture
            .store
            .create_review(nonsense, &request())
            .await
            .unwrap_err();
        assert_eq!(reason(refused), Reason::ReviewInvalid);
    }
    let overruled = review(None, Some(Verdict::Pass), ReviewDecision::Overruled);
    fixture
        .store
        .create_review(overruled, &request())
        .await
        .unwrap();
    let score = fixture.store.score(job_id).await.unwrap();
    assert_eq!(score.effective_verdict, i32::from(Verdict::Pass));
    assert_eq!(
        score.verdict,
        i32::from(Verdict::NeedsReview),
        "the report is not changed"
    );
    let confirmed = review(None, None, ReviewDecision::Confirmed);
    fixture
        .store
        .create_review(confirmed, &request())
        .await
        .unwrap();
    let score = fixture.store.score(job_id).await.unwrap();
    assert_eq!(
        score.effective_verdict,
        i32::from(Verdict::NeedsReview),
        "the last one counts"
    );
}

async fn facts_are_written_with_what_they_tell(fixture: Fixture) {
    let gold = fixture.ready(Role::Gold).await;
    let trainee = fixture.ready(Role::Trainee).await;
    let job = fixture.scored(gold, trainee).await;
    fixture.store.delete_video(trainee, true).await.unwrap();
    let refused = fixture.store.delete_video(gold, false).await;
    assert!(refused.is_ok(), "its scores went with the trainee");

    let taken = fixture.store.take_events(100).await.unwrap();
    let keys: Vec<_> = taken
        .iter()
        .map(|taken| taken.routing_key.as_str())
        .collect();
    let ingested = ["video.ready", "job.ended"];
    let expected = [
        &ingested[..],
        &ingested,
        &["score.stored", "job.ended"],
        &["video.deleted"; 2],
    ];
    assert_eq!(keys, expected.concat());
    let events: Vec<Event> = taken
        .iter()
        .map(|taken| Event::decode(taken.body.as_slice()).unwrap())
        .collect();
    for (taken, event) in taken.iter().zip(&events) {
        assert_eq!(taken.event_id.to_string(), event.event_id);
        assert!(event.occurred_at.is_some());
    }
    let Some(Fact::VideoReady(ready)) = &events[0].fact else {
        panic!("{:?}", events[0]);
    };
    assert_eq!(
        (&ready.video_id, ready.role()),
        (&gold.to_string(), VideoRole::Gold)
    );
    let Some(Fact::ScoreStored(stored)) = &events[4].fact else {
        panic!("{:?}", events[4]);
    };
    assert_eq!(
        (&stored.job_id, stored.verdict()),
        (&job.to_string(), Verdict::NeedsReview)
    );
    assert_eq!(
        (
            stored.golds[0].video_id.as_str(),
            stored.golds[0].gold_version
        ),
        (gold.to_string().as_str(), 1)
    );
    let Some(Fact::JobEnded(ended)) = &events[5].fact else {
        panic!("{:?}", events[5]);
    };
    assert_eq!(ended.state(), wire::JobState::Succeeded);
    let Some(Fact::VideoDeleted(deleted)) = &events[6].fact else {
        panic!("{:?}", events[6]);
    };
    assert_eq!(deleted.removed_report_job_ids, [job.to_string()]);

    // Taken is taken, until it is given back or forgotten.
    assert!(fixture.store.take_events(100).await.unwrap().is_empty());
    let ids: Vec<i64> = taken.iter().map(|taken| taken.id).collect();
    fixture.store.give_back_events(ids.clone()).await.unwrap();
    // Again and again: statements are prepared once a connection.
    for _ in 0..10 {
        let taken = fixture.store.take_events(4).await.unwrap();
        let four = taken.iter().map(|taken| taken.id).collect();
        fixture.store.give_back_events(four).await.unwrap();
    }
    for _ in 0..10 {
        let bells = fixture.store.take_bells(1).await.unwrap();
        let bells = bells.iter().map(|bell| bell.id).collect();
        fixture.store.give_back_bells(bells).await.unwrap();
    }
    assert_eq!(fixture.store.take_events(3).await.unwrap().len(), 3);
    fixture.store.forget_events(ids).await.unwrap();
    assert!(fixture.store.take_events(100).await.unwrap().is_empty());
}

async fn a_refused_request_announces_nothing(fixture: Fixture) {
    let gold = fixture.ready(Role::Gold).await;
    let trainee = fixture.ready(Role::Trainee).await;
    fixture.scored(gold, trainee).await;
    let taken = fixture.store.take_events(100).await.unwrap();
    let ids = taken.iter().map(|taken| taken.id).collect();
    fixture.store.forget_events(ids).await.unwrap();
    assert!(fixture.store.delete_video(gold, false).await.is_err());
    assert!(fixture.store.take_events(100).await.unwrap().is_empty());
}

async fn who_waits_for_a_preparation_that_is_cancelled_waits_no_longer(fixture: Fixture) {
    let golds = vec![
        fixture.ready(Role::Gold).await,
        fixture.ready(Role::Gold).await,
    ];
    let trainee = fixture.ready(Role::Trainee).await;
    let request = Request::new("CreateTaskVersion", "", &[]).unwrap();
    let (_, prepares) = fixture
        .store
        .create_task_version(fixture.task, &Procedure::default(), &request, "")
        .await
        .unwrap();
    // The first gold is prepared for it, the second is yet to be.
    fixture.work_on(Stage::Prepare, 1).await;
    let request = Request::new("SubmitScore", "", &[]).unwrap();
    let new = NewScore { golds, trainee };
    let score = fixture
        .store
        .submit_score(&new, &request, "")
        .await
        .unwrap()
        .job;
    assert!(score.waiting);
    fixture.store.cancel_job(prepares[1]).await.unwrap();
    let score = fixture.store.job(score.id).await.unwrap().job;
    assert_eq!(
        score.failure_reason.as_deref(),
        Some("GOLD_VERSION_MISMATCH")
    );
}

async fn stored_messages_are_what_was_sent(fixture: Fixture) {
    let mut new = fixture.new_upload(Role::Gold, b"x");
    new.metadata.site = "Osaka".to_owned();
    let request = Request::new("StartUpload", "", &[]).unwrap();
    let row = fixture.store.start_upload(new, &request).await.unwrap();
    assert_eq!(
        VideoMetadata::decode(row.metadata.as_slice()).unwrap().site,
        "Osaka"
    );
}
