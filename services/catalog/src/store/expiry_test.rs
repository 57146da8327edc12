//! What retention deletes and when, on a clock that is set.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::TryStreamExt;
use sopilot_blob::{BlobStore, Key, Prefix};
use sopilot_chassis::Reason;
use sopilot_proto::{catalog::v1::VideoMetadata, scoring::v1::Procedure, timestamp::from_seconds};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Clock, NewScore, NewUpload, PageRequest, Role, Stage, Store, TestDatabase,
    model_test::{finished, once},
};
use crate::{
    config::CatalogConfig,
    error::Error,
    store::{Completion, EXPIRY_BATCH, JobState},
    sweeper::expire_due,
};

const HOUR: i64 = 3_600_000;
const BEGIN: i64 = 1_000_000;

struct World {
    store: Store,
    blobs: BlobStore,
    clock: Arc<AtomicI64>,
}

/// Tests what is promised on both databases.
macro_rules! on_both {
    ($($promise:ident,)+) => {
        mod sqlite {
            use super::*;
            $(#[tokio::test]
            async fn $promise() {
                let clock = Arc::new(AtomicI64::new(BEGIN));
                let manual = Clock::Manual(Arc::clone(&clock));
                let store = Store::in_memory(Arc::new(config()), manual).await;
                super::$promise(World::new(store, clock)).await;
            })+
        }

        mod postgresql {
            use super::*;
            $(#[tokio::test]
            #[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
            async fn $promise() {
                let clock = Arc::new(AtomicI64::new(BEGIN));
                let manual = Clock::Manual(Arc::clone(&clock));
                let database = TestDatabase::create().await;
                let store = database.store_with(config(), manual).await;
                super::$promise(World::new(store, clock)).await;
            })+
        }
    };
}

on_both! {
    what_is_due_expires_as_if_deleted_and_nothing_else,
    the_current_version_decides_for_all_videos,
    a_version_that_came_in_between_keeps_what_was_due,
    two_that_sweep_at_once_delete_once,
    more_than_a_batch_goes_in_one_sweep,
}

fn config() -> CatalogConfig {
    CatalogConfig {
        upload_expiry: Duration::from_hours(1000),
        ..CatalogConfig::default()
    }
}

fn keeps(hours: Option<i64>) -> Procedure {
    Procedure {
        retention: hours.map(|hours| from_seconds(hours * 3600)),
        ..Procedure::default()
    }
}

impl World {
    fn new(store: Store, clock: Arc<AtomicI64>) -> Self {
        let blobs = BlobStore::in_memory();
        Self {
            store,
            blobs,
            clock,
        }
    }

    fn at(&self, millis: i64) {
        self.clock.store(BEGIN + millis, Ordering::SeqCst);
    }

    async fn task(&self, name: &str, hours: Option<i64>) -> Uuid {
        let (procedure, request) = (keeps(hours), once("CreateTask"));
        let made = self.store.create_task(name, &procedure, &request);
        made.await.unwrap().id
    }

    async fn new_version(&self, task: Uuid, hours: Option<i64>) {
        let (procedure, request) = (keeps(hours), once("CreateTaskVersion"));
        let made = self
            .store
            .create_task_version(task, &procedure, &request, "");
        made.await.unwrap();
    }

    /// A video that is being ingested, with an object.
    async fn video(&self, task_id: Uuid, role: Role) -> Uuid {
        let upload = NewUpload {
            task_id,
            role,
            size_bytes: 10,
            sha256: "00".repeat(32),
            metadata: VideoMetadata::default(),
        };
        let started = self.store.start_upload(upload, &once("StartUpload")).await;
        let id = started.unwrap().id;
        self.store.finish_upload(id, "source", "").await.unwrap();
        let key = Key::source(id, 1);
        self.blobs
            .put(&key, Bytes::from_static(b"video"))
            .await
            .unwrap();
        id
    }

    async fn embed_all(&self) {
        for claim in self.store.claim(Stage::Embed, 100, "worker").await.unwrap() {
            let video = self.store.job(claim.job_id).await.unwrap().job.video_id;
            let ending = Completion {
                job_id: claim.job_id,
                token: claim.token,
                outcome: Ok(finished(Stage::Embed, video)),
            };
            self.store.complete(vec![ending]).await.unwrap();
        }
    }

    async fn sweep(&self) {
        let stop = CancellationToken::new();
        expire_due(&self.store, &self.blobs, &stop).await.unwrap();
    }

    /// Whether a video is there; its object is if and only if it is.
    async fn has(&self, id: Uuid) -> bool {
        let objects: Vec<_> = self
            .blobs
            .list(&Prefix::video(id))
            .try_collect()
            .await
            .unwrap();
        match self.store.video(id).await {
            Ok(_) => assert_eq!(objects.len(), 1),
            Err(Error::Api(error)) if error.reason == Reason::VideoNotFound => {
                assert_eq!(objects.len(), 0);
                return false;
            }
            Err(error) => panic!("{error}"),
        }
        true
    }

    async fn has_each(&self, ids: &[Uuid]) -> Vec<bool> {
        let mut has = Vec::new();
        for id in ids {
            has.push(self.has(*id).await);
        }
        has
    }
}

async fn what_is_due_expires_as_if_deleted_and_nothing_else(world: World) {
    let (short, long) = (
        world.task("2 h", Some(2)).await,
        world.task("3 h", Some(3)).await,
    );
    let forever = world.task("for ever", None).await;
    let gold = world.video(short, Role::Gold).await;
    let trainee = world.video(short, Role::Trainee).await;
    world.embed_all().await;
    let videos = [
        gold,
        trainee,
        world.video(short, Role::Audit).await,
        world.video(long, Role::Trainee).await,
        world.video(forever, Role::Trainee).await,
    ];
    let new = NewScore {
        golds: vec![gold],
        trainee,
    };
    let score = world
        .store
        .submit_score(&new, &once("SubmitScore"), "")
        .await;
    let score = score.unwrap().job.id;
    world.at(HOUR);
    let later = world.video(short, Role::Trainee).await;

    world.at(2 * HOUR - 1);
    world.sweep().await;
    assert_eq!(world.has_each(&videos).await, [true; 5], "before");
    world.at(2 * HOUR);
    for _ in 0..2 {
        world.sweep().await;
        assert_eq!(
            world.has_each(&videos).await,
            [true, false, false, true, true]
        );
        assert!(world.has(later).await);
    }

    let job = world.store.job(score).await.unwrap().job;
    assert_eq!(job.state, JobState::Cancelled);
    let page = PageRequest {
        size: 50,
        after: None,
    };
    let audit = world.store.list_audit_events(Some(trainee), page, "").await;
    let actions: Vec<_> = (audit.unwrap().rows.into_iter())
        .map(|row| row.action)
        .collect();
    assert_eq!(
        actions
            .iter()
            .filter(|action| *action == "video.expire")
            .count(),
        1
    );
    assert!(!actions.iter().any(|action| action == "video.delete"));
    let events = world.store.take_events(100).await.unwrap();
    let deleted = events
        .iter()
        .filter(|event| event.routing_key == "video.deleted");
    assert_eq!(deleted.count(), 2);

    world.at(3 * HOUR);
    world.sweep().await;
    assert_eq!(
        world.has_each(&videos).await,
        [true, false, false, false, true]
    );
    assert!(!world.has(later).await);
}

async fn the_current_version_decides_for_all_videos(world: World) {
    let (first, second) = (
        world.task("first", Some(2)).await,
        world.task("second", None).await,
    );
    let videos = [
        world.video(first, Role::Trainee).await,
        world.video(second, Role::Audit).await,
    ];
    world.new_version(first, None).await;
    world.at(100 * HOUR);
    world.sweep().await;
    assert_eq!(world.has_each(&videos).await, [true, true], "for ever");
    world.new_version(first, Some(101)).await;
    world.new_version(second, Some(100)).await;
    world.sweep().await;
    assert_eq!(world.has_each(&videos).await, [true, false]);
    world.new_version(first, Some(1)).await;
    world.sweep().await;
    assert_eq!(world.has_each(&videos).await, [false, false], "shortened");
}

async fn a_version_that_came_in_between_keeps_what_was_due(world: World) {
    let task = world.task("task", Some(1)).await;
    let video = world.video(task, Role::Trainee).await;
    world.at(HOUR);
    assert_eq!(world.store.due_videos().await.unwrap(), [video]);
    world.new_version(task, Some(2)).await;
    assert!(world.store.expire_video(video).await.unwrap().is_none());
    assert!(world.has(video).await);
}

async fn two_that_sweep_at_once_delete_once(world: World) {
    let task = world.task("task", Some(1)).await;
    let video = world.video(task, Role::Trainee).await;
    world.at(HOUR);
    let both = [(); 2].map(|()| world.store.expire_video(video));
    let ended = futures::future::join_all(both).await;
    let deleted = ended.into_iter().filter_map(Result::unwrap);
    assert_eq!(deleted.count(), 1);
}

async fn more_than_a_batch_goes_in_one_sweep(world: World) {
    let task = world.task("task", Some(1)).await;
    for _ in 0..EXPIRY_BATCH + 5 {
        world.video(task, Role::Trainee).await;
    }
    world.at(HOUR);
    let due = world.store.due_videos().await.unwrap();
    assert_eq!(due.len() as u64, EXPIRY_BATCH);
    world.sweep().await;
    assert!(world.store.due_videos().await.unwrap().is_empty());
    let left: Vec<_> = world
        .blobs
        .list(&Prefix::all_videos())
        .try_collect()
        .await
        .unwrap();
    assert_eq!(left.len(), 0);
}
