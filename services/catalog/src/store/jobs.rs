//! Jobs: accepting, reading and cancelling them.

use std::collections::BTreeSet;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select,
    sea_query::{LockType, UnionType},
};
use sopilot_chassis::Reason;
use sopilot_proto::id::JobId;
use uuid::Uuid;

use super::{
    Page, PageRequest, Request, Role, Store, VideoRow, VideoState, audit, claim, dialect,
    entity::{JobKind, JobState, Outcome, Stage, job, job_gold, video},
    events::{self, Fact},
    outbox, tasks, videos, waiting,
};
use crate::error::{Error, Result};

pub(crate) use job::Model;

/// A job and the golds it scores against.
#[derive(Debug)]
pub(crate) struct JobRow {
    pub(crate) job: Model,
    pub(crate) golds: Vec<Uuid>,
}

/// A score that somebody asks for.
#[derive(Debug)]
pub(crate) struct NewScore {
    pub(crate) golds: Vec<Uuid>,
    pub(crate) trainee: Uuid,
}

/// Which jobs to list.
#[derive(Debug, Default)]
pub(crate) struct JobFilter {
    pub(crate) task_id: Option<Uuid>,
    pub(crate) video_id: Option<Uuid>,
    pub(crate) kind: Option<JobKind>,
    pub(crate) state: Option<JobState>,
}

impl Store {
    pub(crate) async fn submit_score(
        &self,
        new: &NewScore,
        request: &Request,
        traceparent: &str,
    ) -> Result<JobRow> {
        let row = self
            .write(|txn| async move { self.new_score(&*txn, new, request, traceparent).await })
            .await?;
        self.wake_relay();
        Ok(row)
    }

    async fn new_score(
        &self,
        txn: &impl ConnectionTrait,
        new: &NewScore,
        request: &Request,
        traceparent: &str,
    ) -> Result<JobRow> {
        if let Some(made) = request.answered(txn).await? {
            return read(txn, *made.first().unwrap_or(&Uuid::nil())).await;
        }
        // Until the job is there, its videos must neither go nor become ready:
        // whoever does that to them looks for jobs that wait.
        let all = new.golds.iter().copied().chain([new.trainee]);
        videos::lock(txn, all, LockType::Share).await?;
        let trainee = videos::find(txn, new.trainee).await?;
        if trainee.role == Role::Gold {
            return Err(Error::new(
                Reason::VideoRoleMismatch,
                format!(
                    "video {} is a gold: the trainee of a score has the role trainee or audit",
                    trainee.id
                ),
            ));
        }
        for gold in &new.golds {
            let gold = videos::find(txn, *gold).await?;
            check_gold(&gold, &trainee)?;
        }
        let now = self.now();
        let job = Model {
            waiting: true,
            ..new_job(JobKind::Score, Stage::Align, &trainee, traceparent, now)
        };
        insert(txn, &job).await?;
        let golds = new
            .golds
            .iter()
            .zip(0..)
            .map(|(video_id, position)| job_gold::ActiveModel {
                job_id: sea_orm::Set(job.id),
                position: sea_orm::Set(position),
                video_id: sea_orm::Set(*video_id),
                gold_version: sea_orm::Set(0),
                prepared_key: sea_orm::Set(None),
            });
        job_gold::Entity::insert_many(golds).exec(txn).await?;
        // Starts it if its videos are ready. What stops it for good is told
        // to the caller now, and no job is left behind.
        if let Some(failure) = waiting::try_start(txn, &job, now).await? {
            return Err(failure.into());
        }
        let detail = format!("trainee {}, {} golds", new.trainee, new.golds.len());
        audit::record(txn, now, "job.submit_score", job.id, detail).await?;
        request.keep(txn, now, &[job.id]).await?;
        read(txn, job.id).await
    }

    pub(crate) async fn submit_prepare(
        &self,
        gold: Uuid,
        request: &Request,
        traceparent: &str,
    ) -> Result<JobRow> {
        let row = self
            .write(|txn| async move { self.new_prepare(&*txn, gold, request, traceparent).await })
            .await?;
        self.wake_relay();
        Ok(row)
    }

    async fn new_prepare(
        &self,
        txn: &impl ConnectionTrait,
        gold: Uuid,
        request: &Request,
        traceparent: &str,
    ) -> Result<JobRow> {
        if let Some(made) = request.answered(txn).await? {
            return read(txn, *made.first().unwrap_or(&Uuid::nil())).await;
        }
        videos::lock(txn, [gold], LockType::Share).await?;
        let gold = videos::find(txn, gold).await?;
        if gold.role != Role::Gold {
            return Err(Error::new(
                Reason::VideoRoleMismatch,
                format!("video {} is not a gold: only golds are prepared", gold.id),
            ));
        }
        if gold.state != VideoState::Ready {
            return Err(videos::not_ready(&gold));
        }
        let now = self.now();
        let job_id = queue_prepare(txn, &gold, traceparent, now).await?;
        let detail = format!("gold {}", gold.id);
        audit::record(txn, now, "job.submit_prepare", job_id, detail).await?;
        request.keep(txn, now, &[job_id]).await?;
        read(txn, job_id).await
    }

    pub(crate) async fn job(&self, id: Uuid) -> Result<JobRow> {
        read(&self.db, id).await
    }

    pub(crate) async fn list_jobs(
        &self,
        filter: &JobFilter,
        page: PageRequest<Uuid>,
        filter_text: &str,
    ) -> Result<Page<JobRow>> {
        let mut query = job::Entity::find();
        if let Some(task_id) = filter.task_id {
            query = query.filter(job::Column::TaskId.eq(task_id));
        }
        if let Some(video_id) = filter.video_id {
            query = query.filter(job::Column::VideoId.eq(video_id));
        }
        if let Some(kind) = filter.kind {
            query = query.filter(job::Column::Kind.eq(kind));
        }
        if let Some(state) = filter.state {
            query = query.filter(job::Column::State.eq(state));
        }
        if let Some(after) = page.after {
            query = query.filter(job::Column::Id.lt(after));
        }
        let found = query
            .order_by_desc(job::Column::Id)
            .limit(page.limit())
            .all(&self.db)
            .await?;
        let page = page.page(found, filter_text, |row| row.id);
        let ids: Vec<Uuid> = page.rows.iter().map(|job| job.id).collect();
        let golds = job_gold::Entity::find()
            .filter(job_gold::Column::JobId.is_in(ids))
            .order_by_asc(job_gold::Column::Position)
            .all(&self.db)
            .await?;
        let rows = page
            .rows
            .into_iter()
            .map(|job| {
                let mine = golds.iter().filter(|gold| gold.job_id == job.id);
                JobRow {
                    golds: mine.map(|gold| gold.video_id).collect(),
                    job,
                }
            })
            .collect();
        Ok(Page {
            rows,
            next_token: page.next_token,
        })
    }

    pub(crate) async fn cancel_job(&self, id: Uuid) -> Result<JobRow> {
        let row = self
            .write(|txn| async move {
                let txn = &*txn;
                lock_to_end(txn, &[id]).await?;
                let row = read(txn, id).await?;
                if row.job.state.ended() {
                    return Err(Error::new(
                        Reason::JobAlreadyEnded,
                        format!(
                            "job {id} has ended already ({:?}): there is nothing to cancel",
                            row.job.state
                        ),
                    ));
                }
                let now = self.now();
                let (kind, video_id) = (row.job.kind, row.job.video_id);
                cancel(txn, row.job, now).await?;
                if kind == JobKind::Prepare {
                    // The gold stays as it was prepared before: whoever waits
                    // for the new preparation need not.
                    waiting::video_ready(txn, video_id, now).await?;
                }
                audit::record(txn, now, "job.cancel", id, "").await?;
                read(txn, id).await
            })
            .await?;
        self.wake_relay();
        Ok(row)
    }
}

/// Keeps everything that may change when these jobs end: their tasks as they
/// are, the videos that they make usable, the jobs that wait for those, and
/// the jobs themselves.
pub(super) async fn lock_to_end(txn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<()> {
    if !dialect::locks_rows(txn) {
        return Ok(());
    }
    // None of this changes while a job lives.
    let found: Vec<(JobKind, Uuid, Uuid)> = job::Entity::find()
        .select_only()
        .columns([job::Column::Kind, job::Column::VideoId, job::Column::TaskId])
        .filter(job::Column::Id.is_in(ids.iter().copied()))
        .into_tuple()
        .all(txn)
        .await?;
    // A score makes no video usable.
    let making = found.iter().filter(|(kind, ..)| *kind != JobKind::Score);
    let tasks: BTreeSet<Uuid> = making.clone().map(|(_, _, task)| *task).collect();
    let made: BTreeSet<Uuid> = making.map(|(_, video, _)| *video).collect();
    let mut jobs: BTreeSet<Uuid> = ids.iter().copied().collect();
    if !made.is_empty() {
        tasks::lock(txn, tasks, LockType::Share).await?;
        videos::lock(txn, made.iter().copied(), LockType::Update).await?;
        for video in made {
            jobs.extend(waiting::ids(txn, video).await?);
        }
    }
    lock(txn, jobs).await
}

/// Keeps jobs that will be changed.
pub(super) async fn lock(
    txn: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<()> {
    dialect::lock::<job::Entity>(txn, job::Column::Id, ids, LockType::Update).await
}

/// Cancels a job that has not ended. A video whose ingest is cancelled will
/// never be ready, and what waits for it fails.
pub(super) async fn cancel(txn: &impl ConnectionTrait, row: Model, now: i64) -> Result<()> {
    claim::end_attempt(txn, row.fencing_token, Outcome::Cancelled, None, now).await?;
    let ingests = (row.kind == JobKind::Ingest).then_some(row.video_id);
    let mut changed = row.into_active_model();
    changed.state = sea_orm::Set(JobState::Cancelled);
    changed.lease_expires_at = sea_orm::Set(None);
    changed.failure_reason = sea_orm::Set(None);
    changed.failure_message = sea_orm::Set(None);
    changed.updated_at = sea_orm::Set(now);
    changed.ended_at = sea_orm::Set(Some(now));
    let ended = changed.update(txn).await?;
    events::record(txn, now, &ended.traceparent, Fact::JobEnded(&ended)).await?;
    if let Some(video_id) = ingests {
        let message = "its ingest was cancelled: upload it again";
        waiting::fail_video(txn, video_id, Reason::Cancelled.as_str(), message, now).await?;
    }
    Ok(())
}

/// Queues a preparation of a gold for the current version of its task.
pub(super) async fn queue_prepare(
    txn: &impl ConnectionTrait,
    gold: &video::Model,
    traceparent: &str,
    now: i64,
) -> Result<Uuid> {
    let task = tasks::find(txn, gold.task_id).await?;
    let job = Model {
        task_version: task.current_version,
        ..new_job(JobKind::Prepare, Stage::Prepare, gold, traceparent, now)
    };
    insert(txn, &job).await?;
    outbox::ring(txn, &job, now).await?;
    Ok(job.id)
}

/// A job that is queued now.
pub(super) fn new_job(
    kind: JobKind,
    stage: Stage,
    video: &VideoRow,
    traceparent: &str,
    now: i64,
) -> Model {
    Model {
        id: JobId::new().uuid(),
        kind,
        stage,
        state: JobState::Queued,
        attempt: 0,
        progress: 0.0,
        task_id: video.task_id,
        video_id: video.id,
        task_version: 0,
        waiting: false,
        run_after: now,
        rung_at: now,
        lease_expires_at: None,
        fencing_token: None,
        alignment_keys: None,
        failure_reason: None,
        failure_message: None,
        traceparent: traceparent.to_owned(),
        created_at: now,
        updated_at: now,
        ended_at: None,
    }
}

pub(super) async fn insert(txn: &impl ConnectionTrait, job: &Model) -> Result<()> {
    job::Entity::insert(job.clone().into_active_model().reset_all())
        .exec(txn)
        .await?;
    Ok(())
}

/// All jobs that a video takes part in. As a union, which both databases
/// answer from an index each; joined by "or" they would read all jobs.
pub(super) fn of_video(video_id: Uuid) -> Select<job::Entity> {
    let mut taking_part = job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::VideoId.eq(video_id))
        .into_query();
    let with_gold = job_gold::Entity::find()
        .select_only()
        .column(job_gold::Column::JobId)
        .filter(job_gold::Column::VideoId.eq(video_id))
        .into_query();
    taking_part.union(UnionType::All, with_gold);
    job::Entity::find().filter(job::Column::Id.in_subquery(taking_part))
}

/// The golds of a score job in order.
pub(super) async fn golds(
    connection: &impl ConnectionTrait,
    job_id: Uuid,
) -> Result<Vec<job_gold::Model>> {
    Ok(job_gold::Entity::find()
        .filter(job_gold::Column::JobId.eq(job_id))
        .order_by_asc(job_gold::Column::Position)
        .all(connection)
        .await?)
}

pub(super) async fn read(connection: &impl ConnectionTrait, id: Uuid) -> Result<JobRow> {
    // One round trip: this is what callers poll.
    let found = job::Entity::find_by_id(id)
        .find_with_related(job_gold::Entity)
        .order_by_asc(job_gold::Column::Position)
        .all(connection)
        .await?;
    let (job, golds) = found.into_iter().next().ok_or_else(|| {
        Error::new(
            Reason::JobNotFound,
            format!("there is no job {id}: list the jobs to see what there is"),
        )
    })?;
    let golds = golds.into_iter().map(|gold| gold.video_id).collect();
    Ok(JobRow { job, golds })
}

fn check_gold(gold: &VideoRow, trainee: &VideoRow) -> Result<()> {
    if gold.role != Role::Gold {
        return Err(Error::new(
            Reason::VideoRoleMismatch,
            format!(
                "video {} is not a gold: score against a video uploaded as gold",
                gold.id
            ),
        ));
    }
    if gold.task_id != trainee.task_id {
        return Err(Error::new(
            Reason::VideoTaskMismatch,
            format!(
                "gold {} shows task {}, but trainee {} shows task {}: score against a gold of the trainee's task",
                gold.id, gold.task_id, trainee.id, trainee.task_id
            ),
        ));
    }
    Ok(())
}
