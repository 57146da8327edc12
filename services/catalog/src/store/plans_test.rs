//! Every statement that the store issues finds its rows by an index, however
//! many there are: PostgreSQL's own plans, on tables that have grown.

use std::sync::{Arc, Mutex};

use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, Statement};
use sopilot_proto::{
    catalog::v1::{ReviewDecision, VideoMetadata},
    scoring::v1::{Procedure, Verdict},
};
use uuid::Uuid;

use super::{
    Completion, JobFilter, JobKind, JobState, NewReview, NewScore, NewUpload, PageRequest, Request,
    Role, ScoreFilter, Stage, Store, TestDatabase, VideoFilter, VideoState,
    entity::job,
    model_test::{finished, once},
    page::PageKey,
};

/// Rows of every table that grows. Nine of ten videos and jobs belong to a
/// hundred tasks; one gold is scored against by every tenth trainee.
const LOAD: &str = "
CREATE FUNCTION uid(kind text, i int) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT md5(kind || i)::uuid $$;
INSERT INTO tasks SELECT uid('task', i), 'task ' || i, 1, i FROM generate_series(1, 100000) i;
INSERT INTO task_versions SELECT uid('task', i), 1, '', i, CASE WHEN i % 1000 = 50 THEN 3600000 END FROM generate_series(1, 100000) i;
INSERT INTO uploads SELECT uid('upload', i), uid('task', i % 1000 + 1), 'TRAINEE', 10, '', '', 0, 0, i, 4000000000000 FROM generate_series(1, 100000) i;
INSERT INTO upload_parts SELECT uid('upload', i % 20000 + 1), i, 1 FROM generate_series(1, 100000) i;
INSERT INTO videos (id, task_id, role, state, metadata, size_bytes, sha256, source_key, ingest_job_id, gold_version, task_version, embedder, embeddings_key, prepared_key, created_at)
    SELECT uid('video', i), uid('task', i % 100 + 1), CASE WHEN i % 2000 < 100 THEN 'GOLD' ELSE 'TRAINEE' END,
        CASE WHEN i % 500 = 499 THEN 'FAILED' ELSE 'READY' END, '', 10, '', 'source', uid('ingest', i), 1, 1, '', 'embeddings', 'prepared', i
    FROM generate_series(1, 100000) i;
INSERT INTO jobs (id, kind, stage, state, attempt, progress, task_id, video_id, task_version, waiting, run_after, rung_at, lease_expires_at, fencing_token, traceparent, created_at, updated_at, ended_at)
    SELECT uid('ingest', i), 'INGEST', 'EMBED', CASE WHEN i % 3 = 0 THEN 'QUEUED' ELSE 'SUCCEEDED' END, 1, 1, uid('task', i % 100 + 1), uid('video', i), 1, false, i, i, NULL, NULL, '', i, i, i
    FROM generate_series(1, 100000) i;
INSERT INTO jobs (id, kind, stage, state, attempt, progress, task_id, video_id, task_version, waiting, run_after, rung_at, lease_expires_at, fencing_token, traceparent, created_at, updated_at, ended_at)
    SELECT uid('score', i), 'SCORE', 'SCORE', CASE WHEN i % 1000 = 0 THEN 'RUNNING' WHEN i % 400 = 0 THEN 'FAILED' ELSE 'SUCCEEDED' END, 1, 1, uid('task', i % 100 + 1), uid('video', i), 1, false, i, i,
        CASE WHEN i % 1000 = 0 THEN CASE WHEN i % 2000 = 0 THEN 1 ELSE 4000000000000 END END, i, '', i, i, i
    FROM generate_series(1, 100000) i;
INSERT INTO job_golds SELECT uid('score', i), 0, uid('video', CASE WHEN i % 10 = 0 THEN 2000 ELSE i / 2000 * 2000 END), 1, 'prepared' FROM generate_series(1, 100000) i;
INSERT INTO attempts (fencing_token, job_id, stage, attempt, worker, claimed_at, ended_at) OVERRIDING SYSTEM VALUE SELECT i, uid('score', i), 'SCORE', 1, 'worker', i, CASE WHEN i % 1000 = 0 THEN NULL ELSE i END FROM generate_series(1, 100000) i;
SELECT setval(pg_get_serial_sequence('attempts', 'fencing_token'), 200000);
INSERT INTO outbox (job_id, stage, attempt, traceparent, created_at) SELECT uid('score', i), 'SCORE', 1, '', i FROM generate_series(1, 100000) i;
INSERT INTO event_outbox (event_id, routing_key, body, traceparent, created_at, taken_until) SELECT uid('event', i), 'job.ended', '', '', i, 0 FROM generate_series(1, 100000) i;
INSERT INTO scores SELECT uid('score', i), uid('task', i % 100 + 1), uid('video', i), 50, 1, 1, 2, 'report', i FROM generate_series(1, 100000) i;
INSERT INTO reviews SELECT uid('review', i), uid('score', i), NULL, 1, 1, 'someone', '', i FROM generate_series(1, 100000) i;
INSERT INTO audit_events (at, action, subject_id, detail) SELECT i, 'job.cancel', uid('score', i), '' FROM generate_series(1, 100000) i;
INSERT INTO idempotency_keys SELECT 'SubmitScore', 'key ' || i, '', '', CASE WHEN i % 100 = 0 THEN i ELSE 4000000000000 END FROM generate_series(1, 100000) i;
";

fn uid(kind: &str, i: u32) -> String {
    format!("uid('{kind}', {i})")
}

struct Loaded {
    store: Store,
    /// What the store has asked, with its values.
    asked: Arc<Mutex<Vec<Statement>>>,
    _database: TestDatabase,
}

impl Loaded {
    async fn new() -> Self {
        let database = TestDatabase::create().await;
        database.execute(LOAD).await;
        database.execute("ANALYZE").await;
        let mut store = database.store().await;
        let asked: Arc<Mutex<Vec<Statement>>> = Arc::default();
        let asking = Arc::clone(&asked);
        store.db.set_metric_callback(move |info| {
            asking.lock().unwrap().push(info.statement.clone());
        });
        Self {
            store,
            asked,
            _database: database,
        }
    }

    async fn id(&self, kind: &str, i: u32) -> Uuid {
        let sql = format!("SELECT {}", uid(kind, i));
        let row = self
            .store
            .db
            .query_one_raw(Statement::from_string(DbBackend::Postgres, sql));
        row.await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }

    /// Every operation of the store that serves requests, workers or sweeps.
    async fn ask_everything(&self) {
        self.lists().await;
        self.work().await;
        self.requests().await;
        self.uploads().await;
        self.housekeeping().await;
    }

    async fn lists(&self) {
        let (store, task) = (&self.store, Some(self.id("task", 1).await));
        let (video, job) = (self.id("video", 2000).await, self.id("score", 2000).await);
        store.list_tasks(page(None), "").await.unwrap();
        store
            .list_task_versions(task.unwrap(), page(Some(9_i64)), "")
            .await
            .unwrap();
        store.task_by_name("task 77").await.unwrap();
        let all = VideoFilter::default;
        for filter in [
            VideoFilter {
                task_id: task,
                ..all()
            },
            VideoFilter {
                state: Some(VideoState::Failed),
                ..all()
            },
            VideoFilter {
                role: Some(Role::Gold),
                ..all()
            },
            VideoFilter {
                task_id: task,
                role: Some(Role::Gold),
                ..all()
            },
            VideoFilter {
                task_id: task,
                state: Some(VideoState::Failed),
                ..all()
            },
        ] {
            store
                .list_videos(&filter, page(Some(video)), "")
                .await
                .unwrap();
        }
        store.list_videos(&all(), page(None), "").await.unwrap();
        let all = JobFilter::default;
        for filter in [
            all(),
            JobFilter {
                task_id: task,
                ..all()
            },
            JobFilter {
                video_id: Some(video),
                ..all()
            },
            JobFilter {
                kind: Some(JobKind::Prepare),
                ..all()
            },
            JobFilter {
                state: Some(JobState::Failed),
                ..all()
            },
            JobFilter {
                state: Some(JobState::Running),
                task_id: task,
                ..all()
            },
        ] {
            store.list_jobs(&filter, page(Some(job)), "").await.unwrap();
        }
        let (by_task, by_trainee) = (
            ScoreFilter {
                task_id: task,
                trainee: None,
            },
            ScoreFilter {
                task_id: None,
                trainee: Some(video),
            },
        );
        for filter in [by_task, by_trainee, ScoreFilter::default()] {
            store
                .list_scores(&filter, page(Some(job)), "")
                .await
                .unwrap();
        }
        store.list_reviews(job, page(None), "").await.unwrap();
        store
            .list_audit_events(Some(job), page(Some(9_i64)), "")
            .await
            .unwrap();
        store.list_audit_events(None, page(None), "").await.unwrap();
    }

    async fn work(&self) {
        let store = &self.store;
        store.sweep_jobs().await.unwrap();
        for stage in [Stage::Embed, Stage::Score] {
            let claims = store.claim(stage, 5, "worker").await.unwrap();
            let items: Vec<_> = claims
                .iter()
                .map(|claim| (claim.job_id, claim.token, 0.5))
                .collect();
            store.heartbeat(&items).await.unwrap();
            let mut endings = Vec::new();
            for claim in claims {
                let video = store.job(claim.job_id).await.unwrap().job.video_id;
                endings.push(Completion {
                    job_id: claim.job_id,
                    token: claim.token,
                    outcome: Ok(finished(stage, video)),
                });
            }
            store.complete(endings).await.unwrap();
        }
        let bells = store.take_bells(100).await.unwrap();
        let ids: Vec<i64> = bells.iter().map(|bell| bell.id).collect();
        store.give_back_bells(ids.clone()).await.unwrap();
        store.forget_bells(ids).await.unwrap();
        let events = store.take_events(100).await.unwrap();
        let ids: Vec<i64> = events.iter().map(|event| event.id).collect();
        store.give_back_events(ids.clone()).await.unwrap();
        store.forget_events(ids).await.unwrap();
    }

    async fn requests(&self) {
        let store = &self.store;
        let (gold, trainee) = (self.id("video", 2000).await, self.id("video", 4100).await);
        let request = Request::new("SubmitScore", "new", b"").unwrap();
        let new = NewScore {
            golds: vec![gold],
            trainee,
        };
        let job = store.submit_score(&new, &request, "").await.unwrap().job.id;
        store
            .submit_prepare(gold, &once("SubmitPrepare"), "")
            .await
            .unwrap();
        store.cancel_job(job).await.unwrap();
        let review = NewReview {
            job_id: self.id("score", 7).await,
            deviation: None,
            verdict: Some(Verdict::NeedsReview),
            decision: ReviewDecision::Overruled,
            reviewer: "someone".to_owned(),
            reason: String::new(),
        };
        store
            .create_review(review, &once("CreateReview"))
            .await
            .unwrap();
        let procedure = Procedure::default();
        store
            .create_task("new", &procedure, &once("CreateTask"))
            .await
            .unwrap();
        let task = self.id("task", 1).await;
        store
            .create_task_version(task, &procedure, &once("CreateTaskVersion"), "")
            .await
            .unwrap();
        assert!(store.delete_task(task).await.is_err(), "it has videos");
        store
            .delete_task(self.id("task", 90_000).await)
            .await
            .unwrap();
        store.delete_video(trainee, true).await.unwrap();
        assert!(
            store.delete_video(gold, false).await.is_err(),
            "it has scores"
        );
    }

    async fn uploads(&self) {
        let store = &self.store;
        let new = NewUpload {
            task_id: self.id("task", 1).await,
            role: Role::Trainee,
            size_bytes: 10,
            sha256: String::new(),
            metadata: VideoMetadata::default(),
        };
        let id = store
            .start_upload(new, &once("StartUpload"))
            .await
            .unwrap()
            .id;
        let upload = store.open_stream(id, 0).await.unwrap();
        store.commit_part(&upload, 10).await.unwrap();
        store.upload_parts(id).await.unwrap();
        store.reset_upload(&upload).await.unwrap();
        store.finish_upload(id, "source", "").await.unwrap();
        store
            .forget_upload(self.id("upload", 9).await)
            .await
            .unwrap();
        let (task, upload) = (self.id("task", 1).await, self.id("upload", 500).await);
        for (task, after) in [
            (None, None),
            (None, Some(upload)),
            (Some(task), Some(upload)),
        ] {
            store.list_uploads(task, page(after), "").await.unwrap();
        }
        store.expired_uploads().await.unwrap();
    }

    async fn housekeeping(&self) {
        let (store, gold, job) = (
            &self.store,
            self.id("video", 2000).await,
            self.id("score", 7).await,
        );
        store.upload_exists(gold).await.unwrap();
        store.source_in_use(gold, "none").await.unwrap();
        store.derived_in_use(gold, 1, "none").await.unwrap();
        store.result_in_use(job, 1, "none").await.unwrap();
        store.forget_answers().await.unwrap();
        let due = store.due_videos().await.unwrap();
        store.expire_video(due[0]).await.unwrap().unwrap();
    }

    async fn plan(&self, statement: &Statement) -> String {
        let sql = format!("EXPLAIN {statement}");
        let rows = self
            .store
            .db
            .query_all_raw(Statement::from_string(DbBackend::Postgres, sql));
        let lines = rows.await.unwrap().into_iter();
        lines
            .map(|row| row.try_get_by_index::<String>(0).unwrap() + "\n")
            .collect()
    }
}

fn page<K: PageKey>(after: Option<K>) -> PageRequest<K> {
    PageRequest { size: 50, after }
}

/// What is wrong with a plan: a table that is read as a whole, or many rows
/// that are sorted.
fn fault(plan: &str) -> Option<String> {
    plan.lines()
        .find(|line| {
            let small = ["stage_bells"].iter().any(|table| line.contains(table));
            let whole = line.contains("Seq Scan on") && !small;
            let rows = line
                .split("rows=")
                .nth(1)
                .and_then(|rest| rest.split(' ').next()?.parse::<f64>().ok());
            let sorts = line.contains("Sort") && rows.is_some_and(|rows| rows > 5000.0);
            whole || sorts
        })
        .map(str::to_owned)
}

#[tokio::test]
#[ignore = "needs PostgreSQL: scripts/servers run postgresql -- cargo test -- --include-ignored"]
async fn every_statement_finds_its_rows_by_an_index() {
    let loaded = Loaded::new().await;
    loaded.ask_everything().await;
    let asked = std::mem::take(&mut *loaded.asked.lock().unwrap());
    let mut faults = std::collections::BTreeMap::new();
    let mut explained = 0;
    for statement in &asked {
        let verb = statement.sql.split(' ').next().unwrap_or_default();
        let about_rows = statement.sql.contains(" FROM ") || verb == "UPDATE";
        if !["SELECT", "UPDATE", "DELETE"].contains(&verb) || !about_rows {
            continue;
        }
        explained += 1;
        let plan = loaded.plan(statement).await;
        if let Some(fault) = fault(&plan) {
            faults.insert(statement.sql.clone(), {
                // Lists of identifiers are long.
                let cut = |text: &str| text.chars().take(600).collect::<String>();
                format!("{fault:.200}\n{}\n{}", cut(&statement.sql), cut(&plan))
            });
        }
    }
    assert!(explained > 100, "only {explained} statements were seen");
    let told: Vec<_> = faults.into_values().collect();
    assert!(told.is_empty(), "{}", told.join("\n\n"));
    // The test sees what it looks for.
    let by_traceparent = job::Entity::find().filter(job::Column::Traceparent.eq("none"));
    let statement = sea_orm::QueryTrait::build(&by_traceparent, DbBackend::Postgres);
    assert!(fault(&loaded.plan(&statement).await).is_some());
}
