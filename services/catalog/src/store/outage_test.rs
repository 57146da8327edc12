//! Opening a PostgreSQL, and what callers see of one that breaks.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use futures::future::join_all;
use sea_orm::{ConnectionTrait, EntityTrait};
use sopilot_blob::BlobStore;
use sopilot_bus::{InProcessBus, Limits};
use sopilot_chassis::{ApiError, Reason, config::Secret};
use sopilot_proto::{catalog::v1::VideoMetadata, scoring::v1::Procedure};
use tokio::{sync::Notify, time::timeout};
use uuid::Uuid;

use super::{
    Clock, Completion, CompletionVerdict, NewScore, NewUpload, Request, Role, Server, Store,
    TestDatabase,
    entity::{JobState, job, score},
    model_test::{STAGES, finished, once, stage_of},
};
use crate::{
    Catalog, OpenError,
    config::{CatalogConfig, DatabaseConfig},
    error::{Error, Result},
};

const PATIENCE: Duration = Duration::from_mins(2);

async fn open(config: &DatabaseConfig) -> std::result::Result<Catalog, OpenError> {
    let bus = std::sync::Arc::new(InProcessBus::new(Limits::default()));
    let blobs = BlobStore::in_memory();
    Catalog::open_postgres(config, CatalogConfig::default(), blobs, bus).await
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
async fn the_schema_is_migrated_once_and_checked_at_the_start() {
    let database = TestDatabase::empty().await;
    let config = database.config();
    let Err(OpenError::SchemaTooOld { missing, .. }) = open(&config).await else {
        panic!("a catalog without a schema");
    };
    assert_eq!(missing, "m20261123_000001_first_score");

    let applied = join_all((0..4).map(|_| Catalog::migrate(&config))).await;
    let applied: Vec<_> = applied
        .into_iter()
        .flat_map(std::result::Result::unwrap)
        .collect();
    assert_eq!(
        applied,
        [
            "m20261123_000001_first_score",
            "m20261130_000002_replicas",
            "m20261207_000003_retention",
        ]
    );
    assert_eq!(Catalog::migrate(&config).await.unwrap(), [""; 0], "again");
    open(&config).await.unwrap();

    // The version after this one has been here: it only added.
    let newer = "INSERT INTO seaql_migrations VALUES ('m29991231_000009_later', 0)";
    database.execute(newer).await;
    open(&config).await.unwrap();
    assert_eq!(
        Catalog::migrate(&config).await.unwrap(),
        [""; 0],
        "by an older version"
    );

    // The version before this one made the schema.
    let older = "DELETE FROM seaql_migrations WHERE version LIKE '%retention'";
    database.execute(older).await;
    let refused = open(&config)
        .await
        .err()
        .expect("a schema that is too old")
        .to_string();
    assert!(refused.contains("sopilot-catalog migrate"), "{refused}");
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_named_without_its_password() {
    let config = DatabaseConfig {
        // Nobody listens on the port of tcpmux.
        url: Secret::new("postgres://sopilot:hunter2@127.0.0.1:1/catalog".to_owned()),
        acquire_timeout: Duration::from_millis(200),
        ..DatabaseConfig::default()
    };
    for error in [
        open(&config).await.err(),
        Catalog::migrate(&config).await.err(),
    ] {
        let told = format!("{0} {0:?}", error.expect("nobody listens"));
        assert!(told.contains("catalog of sopilot at 127.0.0.1:1"), "{told}");
        assert!(told.contains("Connection refused"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

/// Repeats what may be repeated, as a client does: what it hears of a database
/// that breaks must tell it to.
async fn persist<T>(broken: &AtomicUsize, call: impl AsyncFn() -> Result<T>) -> T {
    loop {
        let error: Error = match call().await {
            Ok(answer) => return answer,
            Err(error) => error,
        };
        let told = ApiError::from(error);
        assert_eq!(told.reason, Reason::Unavailable, "{told:?}");
        assert!(told.retry_after.is_some(), "{told:?}");
        broken.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
}

/// Work that goes on while its connections are cut.
struct Load {
    replicas: [Store; 2],
    task: Uuid,
    gold: Uuid,
    /// Calls that were answered with an error.
    broken: AtomicUsize,
    completed: Notify,
    done: AtomicBool,
}

impl Load {
    /// Uploads a trainee and asks for its score.
    async fn submit(&self, index: usize) -> Uuid {
        let store = &self.replicas[index % 2];
        let key = |method| Request::new(method, &format!("{method}-{index}"), b"same").unwrap();
        let upload = persist(&self.broken, async || {
            let new = NewUpload {
                task_id: self.task,
                role: Role::Trainee,
                size_bytes: 1,
                sha256: "00".repeat(32),
                metadata: VideoMetadata::default(),
            };
            store.start_upload(new, &key("StartUpload")).await
        })
        .await;
        persist(&self.broken, async || {
            // The answer to the first may have been lost.
            match store.finish_upload(upload.id, "source", "").await {
                Err(Error::Api(error)) if error.reason == Reason::UploadNotFound => {
                    store.video(upload.id).await
                }
                outcome => outcome,
            }
        })
        .await;
        let new = NewScore {
            golds: vec![self.gold],
            trainee: upload.id,
        };
        let score = persist(&self.broken, async || {
            store.submit_score(&new, &key("SubmitScore"), "").await
        });
        score.await.job.id
    }

    /// Does what waits until all is done.
    async fn work(&self, store: &Store) {
        while !self.done.load(Ordering::SeqCst) {
            for stage in STAGES {
                let claims = persist(&self.broken, async || store.claim(stage, 5, "worker").await);
                for claim in claims.await {
                    let row = persist(&self.broken, async || store.job(claim.job_id).await).await;
                    let ending = Completion {
                        job_id: claim.job_id,
                        token: claim.token,
                        outcome: Ok(finished(stage_of(&claim), row.job.video_id)),
                    };
                    let completed = persist(&self.broken, async || {
                        store.complete(vec![ending.clone()]).await
                    });
                    if completed.await == [CompletionVerdict::Accepted] {
                        self.completed.notify_one();
                    }
                }
            }
            persist(&self.broken, async || store.sweep_jobs().await).await;
        }
    }

    /// Cuts all connections whenever some jobs have gone on.
    async fn cut(&self, database: &TestDatabase) {
        let knife = database.connect().await;
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        while !self.done.load(Ordering::SeqCst) {
            tokio::select! {
                () = self.completed.notified() => {}
                () = tokio::time::sleep(Duration::from_millis(20)) => continue,
            }
            knife.execute_unprepared(cut).await.unwrap();
        }
    }

    async fn wait_for(&self, scores: &[Uuid]) {
        for id in scores {
            loop {
                let row = persist(&self.broken, async || self.replicas[0].job(*id).await).await;
                if row.job.state.ended() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        self.done.store(true, Ordering::SeqCst);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
async fn connections_that_are_cut_lose_nothing_and_do_nothing_twice() {
    const JOBS: usize = 30;
    let database = TestDatabase::create().await;
    let config = || CatalogConfig {
        // A claim whose answer was lost is taken back soon, however often.
        lease: Duration::from_millis(200),
        max_attempts: 100,
        ..CatalogConfig::default()
    };
    let replicas = [
        database.store_with(config(), Clock::System).await,
        database.store_with(config(), Clock::System).await,
    ];
    let procedure = Procedure::default();
    let task = replicas[0]
        .create_task("task", &procedure, &once("CreateTask"))
        .await;
    let new = NewUpload {
        task_id: task.unwrap().id,
        role: Role::Gold,
        size_bytes: 1,
        sha256: "00".repeat(32),
        metadata: VideoMetadata::default(),
    };
    let task = new.task_id;
    let gold = replicas[0]
        .start_upload(new, &once("StartUpload"))
        .await
        .unwrap()
        .id;
    replicas[0].finish_upload(gold, "source", "").await.unwrap();
    let load = Load {
        replicas,
        task,
        gold,
        broken: AtomicUsize::new(0),
        completed: Notify::new(),
        done: AtomicBool::new(false),
    };
    let all = async {
        let submitted = async {
            let scores = join_all((0..JOBS).map(|index| load.submit(index))).await;
            load.wait_for(&scores).await;
            scores
        };
        let workers = join_all(
            load.replicas
                .iter()
                .chain(&load.replicas)
                .map(|store| load.work(store)),
        );
        let (scores, _, ()) = tokio::join!(submitted, workers, load.cut(&database));
        scores
    };
    let scores = timeout(PATIENCE, all).await.expect("every job ends");

    assert!(load.broken.load(Ordering::SeqCst) > 0, "nothing was cut");
    let asked: BTreeSet<Uuid> = scores.iter().copied().collect();
    assert_eq!(asked.len(), JOBS);
    // Among the connections of the replicas may be some that were cut.
    let fresh = database.store().await;
    let jobs = job::Entity::find().all(&fresh.db).await.unwrap();
    // The ingests of the gold and the trainees, and the scores.
    assert_eq!(jobs.len(), 1 + 2 * JOBS);
    let mut states = BTreeMap::new();
    for job in &jobs {
        *states.entry(format!("{:?}", job.state)).or_insert(0) += 1;
    }
    let wanted = BTreeMap::from([(format!("{:?}", JobState::Succeeded), jobs.len())]);
    assert_eq!(states, wanted);
    let stored = score::Entity::find().all(&fresh.db).await.unwrap();
    assert_eq!(
        stored.iter().map(|row| row.job_id).collect::<BTreeSet<_>>(),
        asked
    );
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
async fn a_statement_that_takes_too_long_is_told_as_unavailable() {
    let database = TestDatabase::create().await;
    let store = database.store().await;
    let task = store
        .create_task("task", &Procedure::default(), &once("CreateTask"))
        .await;
    let task = task.unwrap().id;
    let config = DatabaseConfig {
        statement_timeout: Duration::from_millis(100),
        ..database.config()
    };
    let hasty = Server::new(&config).unwrap();
    let hasty = Store::open_postgres(&hasty, std::sync::Arc::default(), Clock::System);
    let hasty = hasty.await.unwrap().unwrap();
    // Somebody keeps the task.
    let other = super::dialect::begin(&store.db).await.unwrap();
    super::tasks::lock(&other, [task], sea_orm::sea_query::LockType::Update)
        .await
        .unwrap();
    let told = ApiError::from(hasty.delete_task(task).await.unwrap_err());
    assert_eq!(told.reason, Reason::Unavailable, "{told:?}");
    assert!(told.retry_after.is_some());
    other.rollback().await.unwrap();
    hasty.delete_task(task).await.unwrap();
}
