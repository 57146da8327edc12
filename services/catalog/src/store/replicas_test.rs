//! Several replicas on one PostgreSQL: whatever meets, the rows come out as if
//! one had come after the other.

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
use sopilot_proto::{
    catalog::v1::{ReviewDecision, VideoMetadata},
    scoring::v1::{Procedure, Verdict},
};
use uuid::Uuid;

use super::{
    Clock, Completion, CompletionVerdict, NewReview, NewScore, NewUpload, Request, Role, Stage,
    Store, TestDatabase,
    entity::{JobState, attempt, idempotency_key, job, score, task_version, upload, video},
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

fn keyed(method: &'static str, key: &str, message: &str) -> Request {
    Request::new(method, key, message.as_bytes()).unwrap()
}

/// All of them, which must be well and the same.
fn same<T: Ord + std::fmt::Debug>(outcomes: Vec<Result<T>>) -> T {
    let all: BTreeSet<T> = outcomes.into_iter().map(Result::unwrap).collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all.into_iter().next().unwrap()
}

macro_rules! on_postgresql {
    ($(async fn $name:ident($replicas:ident: Replicas) $body:block)+) => {
        $(#[tokio::test]
        #[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
        async fn $name() {
            let $replicas = Replicas::new().await;
            $body
        })+
    };
}

on_postgresql! {
    async fn no_job_is_claimed_twice_and_none_is_passed_over(replicas: Replicas) {
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
                    mine.extend(claims.into_iter().map(|claim| (claim.job_id, claim.token.0)));
                }
            })
            .await;
        let claims: Vec<_> = claims.into_iter().flat_map(Result::unwrap).collect();
        let jobs: BTreeSet<_> = claims.iter().map(|(job, _)| job).collect();
        let tokens: BTreeSet<_> = claims.iter().map(|(_, token)| token).collect();
        assert_eq!((claims.len(), jobs.len(), tokens.len()), (120, 120, 120));
    }

    async fn a_job_completed_by_two_counts_once(replicas: Replicas) {
        for _ in 0..20 {
            let gold = replicas.ingesting(Role::Gold).await;
            for stage in [Stage::Embed, Stage::Prepare] {
                let ending = replicas.claimed(stage).await;
                let verdicts = replicas
                    .at_once(4, async |store, _| store.complete(vec![ending.clone()]).await)
                    .await;
                for verdict in verdicts {
                    assert_eq!(verdict.unwrap(), [CompletionVerdict::Accepted]);
                }
            }
            let gold = replicas.one().video(gold).await.unwrap();
            assert_eq!(gold.gold_version, 1, "prepared once");
        }
    }

    async fn two_videos_that_become_ready_together_start_the_job_that_waits_for_both(replicas: Replicas) {
        for _ in 0..30 {
            let gold = replicas.ingesting(Role::Gold).await;
            let ending = replicas.claimed(Stage::Embed).await;
            replicas.one().complete(vec![ending]).await.unwrap();
            let trainee = replicas.ingesting(Role::Trainee).await;
            let endings = [replicas.claimed(Stage::Prepare).await, replicas.claimed(Stage::Embed).await];
            let new = NewScore { golds: vec![gold], trainee };
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
            let job = replicas.one().job(submitted.unwrap().job.id).await.unwrap().job;
            assert!(!job.waiting, "it waits for videos that are ready");
            replicas.work_until_idle().await;
        }
    }

    async fn a_repeated_request_on_two_replicas_is_done_once(replicas: Replicas) {
        let gold = replicas.ready(Role::Gold).await;
        let trainee = replicas.ready(Role::Trainee).await;
        let new = NewScore { golds: vec![gold], trainee };
        let before = replicas.jobs().await.len();
        let key = keyed("SubmitScore", "score-1", "a");
        let job = same(replicas.at_once(8, async |store, _| {
            Ok(store.submit_score(&new, &key, "").await?.job.id)
        }).await);
        assert_eq!(replicas.jobs().await.len(), before + 1);

        let key = keyed("SubmitPrepare", "prepare-1", "a");
        same(replicas.at_once(8, async |store, _| {
            Ok(store.submit_prepare(gold, &key, "").await?.job.id)
        }).await);
        assert_eq!(replicas.jobs().await.len(), before + 2);

        let key = keyed("CreateTask", "task-1", "a");
        same(replicas.at_once(8, async |store, _| {
            Ok(store.create_task("other", &Procedure::default(), &key).await?.id)
        }).await);

        let key = keyed("CreateTaskVersion", "version-1", "a");
        let (version, prepares) = same(replicas.at_once(8, async |store, _| {
            let (task, jobs) = store
                .create_task_version(replicas.task, &Procedure::default(), &key, "")
                .await?;
            Ok((task.current.version, jobs))
        }).await);
        assert_eq!((version, prepares.len()), (2, 1));
        assert_eq!(replicas.jobs().await.len(), before + 3);

        let key = keyed("StartUpload", "upload-1", "a");
        same(replicas.at_once(8, async |store, _| {
            Ok(store.start_upload(replicas.upload(Role::Trainee), &key).await?.id)
        }).await);
        assert_eq!(upload::Entity::find().count(&replicas.one().db).await.unwrap(), 1);

        replicas.work_until_idle().await;
        let key = keyed("CreateReview", "review-1", "a");
        same(replicas.at_once(8, async |store, _| {
            let review = NewReview {
                job_id: job,
                deviation: None,
                verdict: Some(Verdict::NeedsReview),
                decision: ReviewDecision::Overruled,
                reviewer: "Trainer 7".to_owned(),
                reason: "off camera".to_owned(),
            };
            Ok(store.create_review(review, &key).await?.id)
        }).await);
        assert_eq!(idempotency_key::Entity::find().count(&replicas.one().db).await.unwrap(), 6);
    }

    async fn of_two_requests_with_one_key_one_is_refused(replicas: Replicas) {
        for round in 0..10 {
            let outcomes = replicas.at_once(2, async |store, index| {
                let name = format!("task {round}-{index}");
                let request = keyed("CreateTask", &format!("key-{round}"), &name);
                store.create_task(&name, &Procedure::default(), &request).await
            }).await;
            let (made, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
            assert_eq!(made.len(), 1);
            for outcome in refused {
                assert_eq!(reason(outcome.unwrap_err()), Reason::IdempotencyConflict);
            }
        }
    }

    async fn one_name_makes_one_task(replicas: Replicas) {
        let outcomes = replicas.at_once(6, async |store, _| {
            store.create_task("taken", &Procedure::default(), &once("CreateTask")).await
        }).await;
        let (made, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!((made.len(), refused.len()), (1, 5));
        for outcome in refused {
            assert_eq!(reason(outcome.unwrap_err()), Reason::TaskAlreadyExists);
        }
    }

    async fn versions_count_up_and_golds_follow_the_last(replicas: Replicas) {
        let ready = replicas.ready(Role::Gold).await;
        let gold = replicas.ingesting(Role::Gold).await;
        let ending = replicas.claimed(Stage::Embed).await;
        replicas.one().complete(vec![ending]).await.unwrap();
        // Prepared for the first version, while the task gets new ones.
        let ending = replicas.claimed(Stage::Prepare).await;
        let outcomes = replicas.at_once(9, async |store, index| {
            if index == 4 {
                store.complete(vec![ending.clone()]).await?;
                return Ok(0);
            }
            let request = once("CreateTaskVersion");
            let made = store.create_task_version(replicas.task, &Procedure::default(), &request, "").await?;
            Ok(made.0.current.version)
        }).await;
        let versions: BTreeSet<i32> = outcomes.into_iter().map(Result::unwrap).collect();
        assert_eq!(versions, BTreeSet::from([0, 2, 3, 4, 5, 6, 7, 8, 9]));
        replicas.work_until_idle().await;
        for id in [ready, gold] {
            assert_eq!(replicas.one().video(id).await.unwrap().task_version, 9, "of {id}");
        }
        let rows = task_version::Entity::find().count(&replicas.one().db).await.unwrap();
        assert_eq!(rows, 9);
    }

    async fn a_deleted_video_leaves_no_job_alive(replicas: Replicas) {
        let gold = replicas.ready(Role::Gold).await;
        for _ in 0..20 {
            let trainee = replicas.ready(Role::Trainee).await;
            let new = NewScore { golds: vec![gold], trainee };
            replicas.one().submit_score(&new, &once("SubmitScore"), "").await.unwrap();
            let ending = replicas.claimed(Stage::Align).await;
            replicas.one().submit_score(&new, &once("SubmitScore"), "").await.unwrap();
            let outcomes = replicas.at_once(5, async |store, index| match index {
                0 => store.delete_video(trainee, true).await.map(drop),
                1 => store.claim(Stage::Align, 10, "worker").await.map(drop),
                2 => store.complete(vec![ending.clone()]).await.map(drop),
                3 => store.submit_score(&new, &once("SubmitScore"), "").await.map(drop),
                _ => store.delete_video(trainee, true).await.map(drop),
            }).await;
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

    async fn of_two_streams_of_an_upload_one_commits_a_part(replicas: Replicas) {
        for _ in 0..20 {
            let new = replicas.upload(Role::Trainee);
            let id = replicas.one().start_upload(new, &once("StartUpload")).await.unwrap().id;
            let opened = replicas.at_once(2, async |store, _| store.open_stream(id, 0).await).await;
            let opened: Vec<_> = opened.into_iter().map(Result::unwrap).collect();
            assert_ne!(opened[0].stream, opened[1].stream);
            let committed = replicas.at_once(4, async |store, index| {
                store.commit_part(&opened[index / 2], 5).await
            }).await;
            let (well, refused): (Vec<_>, Vec<_>) = committed.into_iter().partition(Result::is_ok);
            assert_eq!(well.len(), 1);
            for outcome in refused {
                assert_eq!(reason(outcome.unwrap_err()), Reason::UploadOffsetMismatch);
            }
            let finished = replicas.at_once(2, async |store, _| {
                store.finish_upload(id, "source", "").await
            }).await;
            assert_eq!(finished.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        }
    }

    async fn a_task_is_not_deleted_under_an_upload(replicas: Replicas) {
        for round in 0..20 {
            let name = format!("short-lived {round}");
            let (procedure, request) = (Procedure::default(), once("CreateTask"));
            let task = replicas.one().create_task(&name, &procedure, &request).await;
            let task = task.unwrap().id;
            let outcomes = replicas.at_once(2, async |store, index| {
                if index == round % 2 {
                    return store.delete_task(task).await;
                }
                let new = NewUpload { task_id: task, ..replicas.upload(Role::Trainee) };
                store.start_upload(new, &once("StartUpload")).await.map(drop)
            }).await;
            assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        }
    }

    async fn reviews_of_two_leave_the_verdict_of_the_last(replicas: Replicas) {
        let gold = replicas.ready(Role::Gold).await;
        let trainee = replicas.ready(Role::Trainee).await;
        let new = NewScore { golds: vec![gold], trainee };
        let job_id = replicas.one().submit_score(&new, &once("SubmitScore"), "").await.unwrap().job.id;
        replicas.work_until_idle().await;
        let verdicts = [Verdict::Fail, Verdict::NeedsReview];
        let reviews = replicas.at_once(8, async |store, index| {
            let review = NewReview {
                job_id,
                deviation: None,
                verdict: Some(verdicts[index % 2]),
                decision: ReviewDecision::Overruled,
                reviewer: "Trainer 7".to_owned(),
                reason: "off camera".to_owned(),
            };
            store.create_review(review, &once("CreateReview")).await
        }).await;
        assert!(reviews.iter().all(Result::is_ok), "{reviews:?}");
        let score = replicas.one().score(job_id).await.unwrap();
        assert!(verdicts.map(i32::from).contains(&score.effective_verdict));
    }

    async fn replicas_share_the_bells_and_take_turns_with_events(replicas: Replicas) {
        for _ in 0..50 {
            replicas.ready(Role::Trainee).await;
        }
        let taken = replicas.at_once(6, async |store, _| store.take_bells(10).await).await;
        let taken: Vec<i64> = taken.into_iter().flat_map(Result::unwrap).map(|bell| bell.id).collect();
        let distinct: BTreeSet<_> = taken.iter().collect();
        assert_eq!(distinct.len(), taken.len(), "two rang the same bell");
        assert!(!taken.is_empty());
        replicas.one().give_back_bells(taken).await.unwrap();

        let mut events = Vec::new();
        loop {
            let taken = replicas.at_once(4, async |store, _| store.take_events(7).await).await;
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

    async fn a_text_that_cannot_be_stored_is_the_callers_mistake(replicas: Replicas) {
        let refused = replicas.one().task_by_name("nul \0").await.unwrap_err();
        assert_eq!(reason(refused), Reason::InvalidArgument);
    }

    async fn one_replica_at_a_time_searches_for_orphans(replicas: Replicas) {
        let [a, b] = &replicas.both;
        let searching = a.search_alone().await.unwrap();
        assert!(searching.is_some());
        assert!(b.search_alone().await.unwrap().is_none());
        drop(searching);
        // The end of the other's transaction is on its way.
        while b.search_alone().await.unwrap().is_none() {}
    }
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
