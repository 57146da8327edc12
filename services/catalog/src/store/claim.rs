//! Leases: claiming work and keeping it.

use prost::Message;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait,
    IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use sopilot_chassis::Reason;
use sopilot_proto::{
    catalog::v1::VideoMetadata, embedding::v1::Embedder, id::FencingToken, scoring::v1::Procedure,
};
use uuid::Uuid;

use super::{
    Failed, Store, VideoRow, dialect,
    entity::{JobKind, JobState, Outcome, Stage, attempt, job, video},
    jobs, millis, tasks,
};
use crate::error::{Error, Result};

/// A leased job.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) job_id: Uuid,
    pub(crate) token: FencingToken,
    pub(crate) attempt: i32,
    pub(crate) work: Work,
    pub(crate) traceparent: String,
}

/// What to do.
#[derive(Debug)]
pub(crate) enum Work {
    Embed {
        video_id: Uuid,
        source_key: String,
        metadata: VideoMetadata,
    },
    Prepare {
        gold: VideoRow,
        metadata: VideoMetadata,
        procedure: Procedure,
    },
    Align {
        golds: Vec<GoldInput>,
        trainee: VideoRow,
    },
    Score {
        procedure: Procedure,
        task_version: i32,
        golds: Vec<GoldInput>,
        alignment_keys: Vec<String>,
        trainee: VideoRow,
        embedder: Embedder,
    },
}

/// A gold as a score job sees it.
#[derive(Debug)]
pub(crate) struct GoldInput {
    pub(crate) video: VideoRow,
    pub(crate) gold_version: i32,
    pub(crate) prepared_key: String,
}

/// What became of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lease {
    Held,
    Cancelled,
    Lost,
}

impl Store {
    /// Leases up to `max` jobs that wait at `stage`, oldest first.
    pub(crate) async fn claim(&self, stage: Stage, max: u64, worker: &str) -> Result<Vec<Claim>> {
        let (claims, taken) = self
            .write(|txn| async move { self.claim_waiting(&*txn, stage, max, worker).await })
            .await?;
        if claims.len() < taken {
            // A job that could not be handed out has ended.
            self.events_filled.notify_one();
        }
        Ok(claims)
    }

    /// Answers how many jobs were taken, too.
    async fn claim_waiting(
        &self,
        txn: &impl ConnectionTrait,
        stage: Stage,
        max: u64,
        worker: &str,
    ) -> Result<(Vec<Claim>, usize)> {
        let now = self.now();
        let waiting = job::Entity::find()
            .filter(job::Column::State.eq(JobState::Queued))
            .filter(job::Column::Stage.eq(stage))
            .filter(job::Column::Waiting.eq(false))
            .filter(job::Column::RunAfter.lte(now))
            .order_by_asc(job::Column::Id)
            .limit(max);
        let waiting = dialect::skip_locked(waiting).all(txn).await?;
        let taken = waiting.len();
        let mut claims = Vec::with_capacity(taken);
        for job in waiting {
            let leased = self.lease(txn, job, worker, now).await?;
            match claim(txn, leased.clone()).await {
                Ok(claim) => claims.push(claim),
                // One job that cannot be worked on must not stop the others; a
                // database that does not answer stops them all.
                Err(error @ (Error::Database(DbErr::RecordNotFound(_)) | Error::Decode(_))) => {
                    tracing::error!(job_id = %leased.id, %error, "cannot hand out a job");
                    let failed = Failed::permanent(
                        Reason::Internal,
                        "what the job was accepted with is gone: submit it again",
                    );
                    self.fail(txn, leased, &failed, now).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok((claims, taken))
    }

    /// Renews the lease that `token` proves and notes progress, of the stage,
    /// from 0 to 1.
    pub(crate) async fn heartbeat(
        &self,
        items: &[(Uuid, FencingToken, f64)],
    ) -> Result<Vec<Lease>> {
        self.write(|txn| async move {
            let txn = &*txn;
            jobs::lock(txn, items.iter().map(|(job_id, ..)| *job_id)).await?;
            let now = self.now();
            let mut statuses = Vec::with_capacity(items.len());
            for (job_id, token, progress) in items {
                let job = job::Entity::find_by_id(*job_id).one(txn).await?;
                statuses.push(match job {
                    Some(job) if job.state == JobState::Cancelled => Lease::Cancelled,
                    Some(job) if holds(&job, *token) => {
                        self.renew(txn, job, *progress, now).await?;
                        Lease::Held
                    }
                    Some(_) | None => Lease::Lost,
                });
            }
            Ok(statuses)
        })
        .await
    }

    async fn lease(
        &self,
        txn: &impl ConnectionTrait,
        job: job::Model,
        worker: &str,
        now: i64,
    ) -> Result<job::Model> {
        let attempt = job.attempt + 1;
        let token = attempt::ActiveModel {
            job_id: Set(job.id),
            stage: Set(job.stage),
            attempt: Set(attempt),
            worker: Set(worker.to_owned()),
            claimed_at: Set(now),
            ..Default::default()
        };
        let token = attempt::Entity::insert(token)
            .exec(txn)
            .await?
            .last_insert_id;
        let task_version = match job.stage {
            Stage::Prepare => tasks::find(txn, job.task_id).await?.current_version,
            Stage::Embed | Stage::Align | Stage::Score => job.task_version,
        };
        let mut leased = job.into_active_model();
        leased.state = Set(JobState::Running);
        leased.attempt = Set(attempt);
        leased.task_version = Set(task_version);
        leased.fencing_token = Set(Some(token));
        leased.lease_expires_at = Set(Some(now + millis(self.config.lease)));
        leased.updated_at = Set(now);
        Ok(leased.update(txn).await?)
    }

    async fn renew(
        &self,
        txn: &impl ConnectionTrait,
        job: job::Model,
        progress: f64,
        now: i64,
    ) -> Result<()> {
        let progress = overall_progress(&job, progress);
        let mut renewed = job.into_active_model();
        renewed.progress = Set(progress);
        renewed.lease_expires_at = Set(Some(now + millis(self.config.lease)));
        renewed.updated_at = Set(now);
        renewed.update(txn).await?;
        Ok(())
    }
}

/// Whether `token` proves the job's current lease. A lease that has run out
/// still counts until the job is queued again: nobody else has it.
pub(super) fn holds(job: &job::Model, token: FencingToken) -> bool {
    job.state == JobState::Running && job.fencing_token == Some(token.0 as i64)
}

/// Notes how the attempt behind a token ended.
pub(super) async fn end_attempt(
    txn: &impl ConnectionTrait,
    token: Option<i64>,
    outcome: Outcome,
    failure_reason: Option<&str>,
    now: i64,
) -> Result<()> {
    let Some(token) = token else { return Ok(()) };
    let row = attempt::Entity::find_by_id(token).one(txn).await?;
    let Some(row) = row.filter(|row| row.ended_at.is_none()) else {
        return Ok(());
    };
    let mut ended = row.into_active_model();
    ended.ended_at = Set(Some(now));
    ended.outcome = Set(Some(outcome));
    ended.failure_reason = Set(failure_reason.map(str::to_owned));
    ended.update(txn).await?;
    Ok(())
}

/// Progress of the whole job from the progress of its stage. Embedding is
/// nearly all of an ingest; alignment and scoring are alike.
pub(super) fn overall_progress(job: &job::Model, stage: f64) -> f64 {
    let (from, to) = match (job.kind, job.stage) {
        (JobKind::Ingest, Stage::Embed) => (0.0, 0.98),
        (JobKind::Ingest, _) => (0.98, 1.0),
        (JobKind::Score, Stage::Align) => (0.0, 0.5),
        (JobKind::Score, _) => (0.5, 1.0),
        (JobKind::Prepare, _) => (0.0, 1.0),
    };
    let stage = if stage.is_finite() {
        stage.clamp(0.0, 1.0)
    } else {
        0.0
    };
    job.progress.max(from + (to - from) * stage)
}

async fn claim(txn: &impl ConnectionTrait, job: job::Model) -> Result<Claim> {
    let video = video::Entity::find_by_id(job.video_id)
        .one(txn)
        .await?
        .ok_or_else(|| missing(&job, "its video"))?;
    let work = match job.stage {
        Stage::Embed => Work::Embed {
            video_id: video.id,
            metadata: decode_metadata(&video)?,
            source_key: video.source_key,
        },
        Stage::Prepare => Work::Prepare {
            metadata: decode_metadata(&video)?,
            procedure: tasks::procedure(txn, job.task_id, job.task_version).await?,
            gold: video,
        },
        Stage::Align => Work::Align {
            golds: gold_inputs(txn, &job).await?,
            trainee: video,
        },
        Stage::Score => Work::Score {
            procedure: tasks::procedure(txn, job.task_id, job.task_version).await?,
            task_version: job.task_version,
            golds: gold_inputs(txn, &job).await?,
            alignment_keys: job
                .alignment_keys
                .as_deref()
                .ok_or_else(|| missing(&job, "its alignments"))?
                .lines()
                .map(str::to_owned)
                .collect(),
            embedder: Embedder::decode(video.embedder.as_deref().unwrap_or_default())?,
            trainee: video,
        },
    };
    Ok(Claim {
        job_id: job.id,
        token: FencingToken(job.fencing_token.unwrap_or_default() as u64),
        attempt: job.attempt,
        work,
        traceparent: job.traceparent,
    })
}

async fn gold_inputs(txn: &impl ConnectionTrait, job: &job::Model) -> Result<Vec<GoldInput>> {
    let mut inputs = Vec::new();
    for gold in jobs::golds(txn, job.id).await? {
        let video = video::Entity::find_by_id(gold.video_id).one(txn).await?;
        inputs.push(GoldInput {
            video: video.ok_or_else(|| missing(job, "a gold"))?,
            gold_version: gold.gold_version,
            prepared_key: gold
                .prepared_key
                .ok_or_else(|| missing(job, "a prepared gold"))?,
        });
    }
    Ok(inputs)
}

fn decode_metadata(video: &VideoRow) -> Result<VideoMetadata> {
    Ok(VideoMetadata::decode(video.metadata.as_slice())?)
}

/// A row that the job was accepted with is not there: a bug, not a request
/// that went wrong.
fn missing(job: &job::Model, what: &str) -> Error {
    DbErr::RecordNotFound(format!("{what} of job {}", job.id)).into()
}
