//! Several replicas on one PostgreSQL: whatever meets, the rows come out as if
//! one had come after the other.

mod requests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use futures::future::join_all;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use sopilot_chassis::{ApiError, Reason};
use sopilot_proto::{catalog::v1::VideoMetadata, scoring::v1::Procedure};
use uuid::Uuid;

use super::{
    Clock, Completion, CompletionVerdict, NewScore, NewUpload, Role, Stage, Store, TestDatabase,
    entity::{JobState, attempt, job, score, task_version, video},
    model_test::{STAGES, finished, once, stage_of},
};
use crate::{
    config::CatalogConfig,
    error::{Error, Result},
};

/// Two replicas on a database with one task.
struct Replicas {
    both: [Store; 2],
    task: Uuid,
    /// Dropped last.
    _database: TestDatabase,
}

impl Replicas {
    async fn new() -> Self {
        let database = TestDatabase::create().await;
        let both = [database.store().await, database.store().await];
        Self::with(database, both).await
    }

    async fn with(database: TestDatabase, both: [Store; 2]) -> Self {
        let task = both[0]
            .create_task("task", &Procedure::default(), &once("CreateTask"))
            .await
            .unwrap()
            .id;
        Self {
            both,
            task,
            _database: database,
        }
    }

    fn one(&self) -> &Store {
        &self.both[0]
    }

    /// `count` times the same on alternating replicas, all at once.
    async fn at_once<T>(
        &self,
        count: usize,
        act: impl AsyncFn(&Store, usize) -> Result<T>,
    ) -> Vec<Result<T>> {
        let act = &act;
        join_all((0..count).map(|index| act(&self.both[index % 2], index))).await
    }

    fn upload(&self, role: Role) -> NewUpload {
        NewUpload {
            task_id: self.task,
            role,
            size_bytes: 10,
            sha256: "00".repeat(32),
            metadata: VideoMetadata::default(),
        }
    }

    /// A video that is being ingested.
    async fn ingesting(&self, role: Role) -> Uuid {
        let upload = self.upload(role);
        let id = self.one().start_upload(upload, &once("StartUpload")).await;
        let id = id.unwrap().id;
        self.one().finish_upload(id, "source", "").await.unwrap();
        id
    }

    async fn ready(&self, role: Role) -> Uuid {
        let id = self.ingesting(role).await;
        self.work_until_idle().await;
        id
    }

    /// Claims one job and answers what ends it well.
    async fn claimed(&self, stage: Stage) -> Completion {
        let claims = self.one().claim(stage, 1, "worker").await.unwrap();
        self.ending(claims.into_iter().next().expect("a job that waits"))
            .await
    }

    async fn ending(&self, claim: super::Claim) -> Completion {
        let job = self.one().job(claim.job_id).await.unwrap().job;
        Completion {
            job_id: claim.job_id,
            token: claim.token,
            outcome: Ok(finished(stage_of(&claim), job.video_id)),
        }
    }

    async fn work_until_idle(&self) {
        loop {
            let mut idle = true;
            for stage in STAGES {
                for claim in self.one().claim(stage, 100, "worker").await.unwrap() {
                    idle = false;
                    let ending = self.ending(claim).await;
                    let verdicts = self.one().complete(vec![ending]).await.unwrap();
                    assert_eq!(verdicts, [CompletionVerdict::Accepted]);
                }
            }
            if idle {
                return;
            }
        }
    }

    async fn jobs(&self) -> Vec<job::Model> {
        job::Entity::find().all(&self.one().db).await.unwrap()
    }
}

fn reason(error: Error) -> Reason {
    ApiError::from(error).reason
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
async fn no_job_is_claimed_twice_and_none_is_passed_over() {
    let replicas = Replicas::new().await;
    for _ in 0..120 {
        replicas.ingesting(Role::Trainee).await;
    }
    let claims = replicas
        .at_once(8, async |store, index| {
            let mut mine = Vec::new();
            loop {
                let max = 1 + index as u64 % 4;
                let claims = store.claim(Stage::Embed, max, "worker").await?;
                if claims.is_empty() {
                    // What others have locked is passed over; it is theirs
                    // if they commit, as they do here.
                    return Ok(mine);
                }
                mine.extend(
                    claims
                        .into_iter()
                        .map(|claim| (claim.job_id, claim.token.0)),
                );
            }
        })
        .await;
    let claims: Vec<_> = claims.into_iter().flat_map(Result::unwrap).collect();
    let jobs: BTreeSet<_> = claims.iter().map(|(job, _)| job).collect();
    let tokens: BTreeSet<_> = claims.iter().map(|(_, token)| token).collect();
    assert_eq!((claims.len(), jobs.len(), tokens.len()), (120, 120, 120));
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
async fn a_job_completed_by_two_counts_once() {
    let replicas = Replicas::new().await;
    for _ in 0..20 {
        let gold = replicas.ingesting(Role::Gold).await;
        for stage in [Stage::Embed, Stage::Prepare] {
            let ending = replicas.claimed(stage).await;
            let verdicts = replicas
                .at_once(4, async |store, _| {
                    store.complete(vec![ending.clone()]).await
                })
                .await;
            for verdict in verdicts {
                assert_eq!(verdict.unwrap(), [CompletionVerdict::Accepted]);
            }
        }
        let gold = replicas.one().video(gold).await.unwrap();
        assert_eq!(gold.gold_version, 1, "prepared once");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
async fn two_videos_that_become_ready_together_start_the_job_that_waits_for_both() {
    let replicas = Replicas::new().await;
    for _ in 0..30 {
        let gold = replicas.ingesting(Role::Gold).await;
        let ending = replicas.claimed(Stage::Embed).await;
        replicas.one().complete(vec![ending]).await.unwrap();
        let trainee = replicas.ingesting(Role::Trainee).await;
        let endings = [
            replicas.claimed(Stage::Prepare).await,
            replicas.claimed(Stage::Embed).await,
        ];
        let new = NewScore {
            golds: vec![gold],
            trainee,
        };
        // It is submitted at the same moment, too.
        let request = once("SubmitScore");
        let (submitted, completed) = tokio::join!(
            replicas.one().submit_score(&new, &request, ""),
            replicas.at_once(2, async |store, index| {
                store.complete(vec![endings[index].clone()]).await
            }),
        );
        for verdict in completed {
            assert_eq!(verdict.unwrap(), [CompletionVerdict::Accepted]);
        }
        let job = replicas
            .one()
            .job(submitted.unwrap().job.id)
            .await
            .unwrap()
            .job;
        assert!(!job.waiting, "it waits for videos that are ready");
        replicas.work_until_idle().await;
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
async fn versions_count_up_and_golds_follow_the_last() {
    let replicas = Replicas::new().await;
    let ready = replicas.ready(Role::Gold).await;
    let gold = replicas.ingesting(Role::Gold).await;
    let ending = replicas.claimed(Stage::Embed).await;
    replicas.one().complete(vec![ending]).await.unwrap();
    // Prepared for the first version, while the task gets new ones.
    let ending = replicas.claimed(Stage::Prepare).await;
    let outcomes = replicas
        .at_once(9, async |store, index| {
            if index == 4 {
                store.complete(vec![ending.clone()]).await?;
                return Ok(0);
            }
            let request = once("CreateTaskVersion");
            let made = store
                .create_task_version(replicas.task, &Procedure::default(), &request, "")
                .await?;
            Ok(made.0.current.version)
        })
        .await;
    let versions: BTreeSet<i32> = outcomes.into_iter().map(Result::unwrap).collect();
    assert_eq!(versions, BTreeSet::from([0, 2, 3, 4, 5, 6, 7, 8, 9]));
    replicas.work_until_idle().await;
    for id in [ready, gold] {
        assert_eq!(
            replicas.one().video(id).await.unwrap().task_version,
            9,
            "of {id}"
        );
    }
    let rows = task_version::Entity::find()
        .count(&replicas.one().db)
        .await
        .unwrap();
    assert_eq!(rows, 9);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
async fn a_deleted_video_leaves_no_job_alive() {
    let replicas = Replicas::new().await;
    let gold = replicas.ready(Role::Gold).await;
    for _ in 0..20 {
        let trainee = replicas.ready(Role::Trainee).await;
        let new = NewScore {
            golds: vec![gold],
            trainee,
        };
        replicas
            .one()
            .submit_score(&new, &once("SubmitScore"), "")
            .await
            .unwrap();
        let ending = replicas.claimed(Stage::Align).await;
        replicas
            .one()
            .submit_score(&new, &once("SubmitScore"), "")
            .await
            .unwrap();
        let outcomes = replicas
            .at_once(5, async |store, index| match index {
                1 => store.claim(Stage::Align, 10, "worker").await.map(drop),
                2 => store.complete(vec![ending.clone()]).await.map(drop),
                3 => store
                    .submit_score(&new, &once("SubmitScore"), "")
                    .await
                    .map(drop),
                _ => store.delete_video(trainee, true).await.map(drop),
            })
            .await;
        for (index, outcome) in outcomes.into_iter().enumerate() {
            if let Err(error) = outcome {
                assert_eq!((index, reason(error)), (3, Reason::VideoNotFound));
            }
        }
        let jobs = replicas.jobs().await;
        let alive: Vec<_> = jobs.iter().filter(|job| !job.state.ended()).collect();
        assert!(alive.is_empty(), "{alive:?}");
        let running = attempt::Entity::find().filter(attempt::Column::EndedAt.is_null());
        assert_eq!(running.count(&replicas.one().db).await.unwrap(), 0);
        let scores = score::Entity::find().filter(score::Column::TraineeVideoId.eq(trainee));
        assert_eq!(scores.count(&replicas.one().db).await.unwrap(), 0);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
async fn replicas_share_the_bells_and_take_turns_with_events() {
    let replicas = Replicas::new().await;
    for _ in 0..50 {
        replicas.ready(Role::Trainee).await;
    }
    let taken = replicas
        .at_once(6, async |store, _| store.take_bells(10).await)
        .await;
    let taken: Vec<i64> = taken
        .into_iter()
        .flat_map(Result::unwrap)
        .map(|bell| bell.id)
        .collect();
    let distinct: BTreeSet<_> = taken.iter().collect();
    assert_eq!(distinct.len(), taken.len(), "two rang the same bell");
    assert!(!taken.is_empty());
    replicas.one().give_back_bells(taken).await.unwrap();

    let mut events = Vec::new();
    loop {
        let taken = replicas
            .at_once(4, async |store, _| store.take_events(7).await)
            .await;
        let mut taken: Vec<_> = taken.into_iter().map(Result::unwrap).collect();
        taken.retain(|taken| !taken.is_empty());
        let Some(first) = taken.pop() else { break };
        assert!(taken.is_empty(), "two announce at once");
        let ids: Vec<i64> = first.iter().map(|event| event.id).collect();
        replicas.one().forget_events(ids.clone()).await.unwrap();
        events.extend(ids);
    }
    assert!(events.is_sorted(), "{events:?}");
    // Every video is ready and every ingest has ended.
    assert_eq!(events.len(), 100);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
async fn one_replica_at_a_time_searches_for_orphans() {
    let replicas = Replicas::new().await;
    let [a, b] = &replicas.both;
    let searching = a.search_alone().await.unwrap();
    assert!(searching.is_some());
    assert!(b.search_alone().await.unwrap().is_none());
    drop(searching);
    // The end of the other's transaction is on its way.
    while b.search_alone().await.unwrap().is_none() {}
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
async fn a_lease_that_runs_out_while_its_worker_completes_ends_one_way() {
    let database = TestDatabase::create().await;
    let clock = Arc::new(AtomicI64::new(1_000_000));
    let manual = || Clock::Manual(Arc::clone(&clock));
    let both = [
        database
            .store_with(CatalogConfig::default(), manual())
            .await,
        database
            .store_with(CatalogConfig::default(), manual())
            .await,
    ];
    let replicas = Replicas::with(database, both).await;
    let mut seen = BTreeMap::new();
    for round in 0..40 {
        let video = replicas.ingesting(Role::Trainee).await;
        let ending = replicas.claimed(Stage::Embed).await;
        clock.fetch_add(60_000, Ordering::SeqCst);
        let verdicts = replicas
            .at_once(3, async |store, index| {
                if index == round % 3 {
                    return Ok(Some(store.complete(vec![ending.clone()]).await?[0]));
                }
                store.sweep_jobs().await.map(|_| None)
            })
            .await;
        let verdict = verdicts.into_iter().find_map(Result::unwrap).unwrap();
        let job = replicas.one().job(ending.job_id).await.unwrap().job;
        let expected = match verdict {
            CompletionVerdict::Accepted => JobState::Succeeded,
            CompletionVerdict::Stale => JobState::Queued,
        };
        assert_eq!(job.state, expected);
        *seen.entry(format!("{verdict:?}")).or_insert(0) += 1;
        replicas.work_until_idle().await;
        let video = video::Entity::find_by_id(video)
            .one(&replicas.one().db)
            .await;
        assert_eq!(video.unwrap().unwrap().state, super::VideoState::Ready);
    }
    tracing::info!(?seen, "how it ended");
}
