//! The end of an attempt: the result and the job's next state, in one
//! transaction.

use prost::Message;
use rand::RngExt;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ConnectionTrait, EntityTrait, IntoActiveModel};
use sopilot_chassis::{Reason, telemetry::trace};
use sopilot_proto::{
    catalog::v1::{EmbeddingReference, MediaInfo},
    id::FencingToken,
};
use tracing::Instrument;
use uuid::Uuid;

use super::{
    Store,
    claim::{end_attempt, holds, overall_progress},
    entity::{JobKind, JobState, Outcome, Role, Stage, VideoState, attempt, job, score, video},
    events::{self, Fact},
    jobs, millis, outbox,
    sweep::{Counts, requeue},
    tasks, waiting,
};
use crate::error::Result;

/// How an attempt ended.
#[derive(Debug, Clone)]
pub(crate) struct Completion {
    pub(crate) job_id: Uuid,
    pub(crate) token: FencingToken,
    pub(crate) outcome: std::result::Result<Finished, Failed>,
}

/// What an attempt made.
#[derive(Debug, Clone)]
pub(crate) enum Finished {
    Embed {
        embeddings: EmbeddingReference,
        clips_key: String,
        thumbnails_key: String,
        media: MediaInfo,
    },
    Prepare {
        prepared_key: String,
    },
    Align {
        alignment_keys: Vec<String>,
    },
    Score {
        report_key: String,
        score: f64,
        verdict: i32,
        deviation_count: u32,
    },
}

/// Why an attempt made nothing.
#[derive(Debug, Clone)]
pub(crate) struct Failed {
    pub(crate) kind: FailedKind,
    pub(crate) reason: String,
    pub(crate) message: String,
}

/// What follows from a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailedKind {
    /// The job ends.
    Permanent,
    /// The job is tried again later.
    Transient,
    /// The job is given back untouched, and the attempt does not count.
    Released,
}

/// Whether a completion counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CompletionVerdict {
    Accepted,
    Stale,
}

impl Failed {
    pub(crate) fn permanent(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            kind: FailedKind::Permanent,
            reason: reason.as_str().to_owned(),
            message: message.into(),
        }
    }
}

impl Finished {
    fn stage(&self) -> Stage {
        match self {
            Self::Embed { .. } => Stage::Embed,
            Self::Prepare { .. } => Stage::Prepare,
            Self::Align { .. } => Stage::Align,
            Self::Score { .. } => Stage::Score,
        }
    }
}

impl Store {
    /// Ends attempts. Each counts or is stale by itself.
    pub(crate) async fn complete(
        &self,
        completions: Vec<Completion>,
    ) -> Result<Vec<CompletionVerdict>> {
        let ids: Vec<Uuid> = completions.iter().map(|ended| ended.job_id).collect();
        let (ids, completions) = (&ids, &completions);
        let verdicts = self
            .write(|txn| async move {
                let txn = &*txn;
                jobs::lock_to_end(txn, ids).await?;
                let now = self.now();
                let mut verdicts = Vec::with_capacity(completions.len());
                for completion in completions {
                    verdicts.push(self.complete_one(txn, completion.clone(), now).await?);
                }
                Ok(verdicts)
            })
            .await?;
        self.wake_relay();
        Ok(verdicts)
    }

    async fn complete_one(
        &self,
        txn: &impl ConnectionTrait,
        completion: Completion,
        now: i64,
    ) -> Result<CompletionVerdict> {
        let attempt = attempt::Entity::find_by_id(completion.token.0 as i64)
            .one(txn)
            .await?;
        let Some(attempt) = attempt.filter(|attempt| attempt.job_id == completion.job_id) else {
            return Ok(CompletionVerdict::Stale);
        };
        match attempt.outcome {
            Some(Outcome::Completed) => return Ok(CompletionVerdict::Accepted),
            Some(Outcome::Lost | Outcome::Cancelled) => return Ok(CompletionVerdict::Stale),
            None => {}
        }
        let job = job::Entity::find_by_id(completion.job_id).one(txn).await?;
        let Some(job) = job.filter(|job| holds(job, completion.token)) else {
            return Ok(CompletionVerdict::Stale);
        };
        // In the trace of the call that wanted the job.
        let span = tracing::info_span!(
            "store",
            job_id = %job.id,
            trace_id = tracing::field::Empty,
            otel.name = %format_args!("store the result of {}", job.stage.queue_name()),
        );
        trace::adopt_traceparent(&span, &job.traceparent);
        let ending = self.end_stage(txn, job, completion.outcome, now);
        ending.instrument(span).await?;
        Ok(CompletionVerdict::Accepted)
    }

    async fn end_stage(
        &self,
        txn: &impl ConnectionTrait,
        job: job::Model,
        outcome: std::result::Result<Finished, Failed>,
        now: i64,
    ) -> Result<()> {
        match outcome {
            Ok(finished) => match unfit(txn, &job, &finished).await? {
                None => self.succeed(txn, job, finished, now).await,
                // The worker is at fault, and would be again.
                Some(message) => {
                    tracing::error!(job_id = %job.id, message, "refused a result");
                    let failed = Failed::permanent(Reason::Internal, message);
                    self.fail(txn, job, &failed, now).await
                }
            },
            Err(failed) if failed.kind == FailedKind::Released => {
                end_attempt(txn, job.fencing_token, Outcome::Completed, None, now).await?;
                requeue(txn, job, Counts::No, now).await
            }
            Err(failed) => self.fail(txn, job, &failed, now).await,
        }
    }

    async fn succeed(
        &self,
        txn: &impl ConnectionTrait,
        job: job::Model,
        finished: Finished,
        now: i64,
    ) -> Result<()> {
        end_attempt(txn, job.fencing_token, Outcome::Completed, None, now).await?;
        match finished {
            Finished::Embed {
                embeddings,
                clips_key,
                thumbnails_key,
                media,
            } => {
                let video = load_video(txn, &job).await?;
                let role = video.role;
                let mut video = video.into_active_model();
                video.media = Set(Some(media.encode_to_vec()));
                video.embedding_rows = Set(Some(embeddings.rows as i32));
                video.embeddings_key = Set(Some(embeddings.object_key));
                video.embedder = Set(Some(
                    embeddings.embedder.unwrap_or_default().encode_to_vec(),
                ));
                video.clips_key = Set(Some(clips_key));
                video.thumbnails_key = Set(Some(thumbnails_key));
                video.update(txn).await?;
                match role {
                    Role::Gold => advance(txn, job, Stage::Prepare, None, now).await,
                    Role::Trainee | Role::Audit => video_is_ready(txn, job, now).await,
                }
            }
            Finished::Prepare { prepared_key } => prepared(txn, job, prepared_key, now).await,
            Finished::Align { alignment_keys } => {
                let keys = Some(alignment_keys.join("\n"));
                advance(txn, job, Stage::Score, keys, now).await
            }
            Finished::Score {
                report_key,
                score,
                verdict,
                deviation_count,
            } => {
                let row = score::Model {
                    job_id: job.id,
                    task_id: job.task_id,
                    trainee_video_id: job.video_id,
                    score,
                    verdict,
                    effective_verdict: verdict,
                    deviation_count: deviation_count as i32,
                    report_key,
                    created_at: now,
                };
                let inserted = score::ActiveModel::from(row.clone()).reset_all();
                score::Entity::insert(inserted).exec(txn).await?;
                let golds = jobs::golds(txn, job.id).await?;
                let stored = Fact::ScoreStored {
                    job: &job,
                    score: &row,
                    golds: &golds,
                };
                events::record(txn, now, &job.traceparent, stored).await?;
                end(txn, job, JobState::Succeeded, None, now).await
            }
        }
    }

    /// An attempt failed: the job is tried again later, or ends.
    pub(super) async fn fail(
        &self,
        txn: &impl ConnectionTrait,
        job: job::Model,
        failed: &Failed,
        now: i64,
    ) -> Result<()> {
        let token = job.fencing_token;
        end_attempt(txn, token, Outcome::Completed, Some(&failed.reason), now).await?;
        if failed.kind == FailedKind::Transient && job.attempt < self.config.max_attempts as i32 {
            return self.retry(txn, job, failed, now).await;
        }
        give_up(txn, job, failed, now).await
    }

    /// Queues another attempt after a delay that doubles with each, half of it
    /// random so that what failed together does not come back together.
    async fn retry(
        &self,
        txn: &impl ConnectionTrait,
        job: job::Model,
        failed: &Failed,
        now: i64,
    ) -> Result<()> {
        let doublings = (job.attempt - 1).clamp(0, 20) as u32;
        let longest = millis(self.config.retry_max);
        let delay = millis(self.config.retry_base)
            .saturating_mul(1 << doublings)
            .min(longest);
        let delay = delay / 2 + rand::rng().random_range(0..=delay / 2);
        let mut changed = job.into_active_model();
        changed.state = Set(JobState::Queued);
        changed.run_after = Set(now + delay);
        changed.lease_expires_at = Set(None);
        changed.failure_reason = Set(Some(failed.reason.clone()));
        changed.failure_message = Set(Some(failed.message.clone()));
        changed.updated_at = Set(now);
        changed.update(txn).await?;
        Ok(())
    }
}

/// Ends a job that failed for good, and the video it was to make usable.
pub(super) async fn give_up(
    txn: &impl ConnectionTrait,
    job: job::Model,
    failed: &Failed,
    now: i64,
) -> Result<()> {
    let (kind, video_id) = (job.kind, job.video_id);
    end(txn, job, JobState::Failed, Some(failed), now).await?;
    match kind {
        JobKind::Ingest => {
            waiting::fail_video(txn, video_id, &failed.reason, &failed.message, now).await
        }
        // The gold stays as it was prepared before.
        JobKind::Prepare => waiting::video_ready(txn, video_id, now).await,
        JobKind::Score => Ok(()),
    }
}

/// A gold has been prepared for `job.task_version`.
async fn prepared(
    txn: &impl ConnectionTrait,
    job: job::Model,
    prepared_key: String,
    now: i64,
) -> Result<()> {
    let video = load_video(txn, &job).await?;
    // Two preparations may overtake each other; the newer version stays.
    if job.task_version >= video.task_version {
        let gold_version = video.gold_version + 1;
        let mut video = video.into_active_model();
        video.prepared_key = Set(Some(prepared_key));
        video.task_version = Set(job.task_version);
        video.gold_version = Set(gold_version);
        video.update(txn).await?;
    }
    let task = tasks::find(txn, job.task_id).await?;
    let (kind, version) = (job.kind, job.task_version);
    let (video_id, traceparent) = (job.video_id, job.traceparent.clone());
    match kind {
        JobKind::Ingest => video_is_ready(txn, job, now).await?,
        JobKind::Prepare | JobKind::Score => {
            end(txn, job, JobState::Succeeded, None, now).await?;
            waiting::video_ready(txn, video_id, now).await?;
        }
    }
    // The task got a new version while this gold was not ready to be queued
    // for it.
    if kind == JobKind::Ingest && version < task.current_version {
        let gold = video::Entity::find_by_id(video_id).one(txn).await?;
        if let Some(gold) = gold {
            jobs::queue_prepare(txn, &gold, &traceparent, now).await?;
        }
    }
    Ok(())
}

async fn video_is_ready(txn: &impl ConnectionTrait, job: job::Model, now: i64) -> Result<()> {
    let mut video = load_video(txn, &job).await?.into_active_model();
    let video_id = job.video_id;
    video.state = Set(VideoState::Ready);
    let video = video.update(txn).await?;
    events::record(txn, now, &job.traceparent, Fact::VideoReady(&video)).await?;
    end(txn, job, JobState::Succeeded, None, now).await?;
    waiting::video_ready(txn, video_id, now).await
}

/// Moves a job to its next stage and rings for it.
async fn advance(
    txn: &impl ConnectionTrait,
    job: job::Model,
    stage: Stage,
    alignment_keys: Option<String>,
    now: i64,
) -> Result<()> {
    let progress = overall_progress(&job, 1.0);
    let mut changed = job.into_active_model();
    changed.stage = Set(stage);
    changed.state = Set(JobState::Queued);
    changed.attempt = Set(0);
    changed.progress = Set(progress);
    changed.alignment_keys = Set(alignment_keys);
    changed.run_after = Set(now);
    changed.rung_at = Set(now);
    changed.lease_expires_at = Set(None);
    changed.failure_reason = Set(None);
    changed.failure_message = Set(None);
    changed.updated_at = Set(now);
    let job = changed.update(txn).await?;
    outbox::ring(txn, &job, now).await
}

async fn end(
    txn: &impl ConnectionTrait,
    job: job::Model,
    state: JobState,
    failed: Option<&Failed>,
    now: i64,
) -> Result<()> {
    let mut changed = job.into_active_model();
    changed.state = Set(state);
    if state == JobState::Succeeded {
        changed.progress = Set(1.0);
    }
    changed.lease_expires_at = Set(None);
    changed.failure_reason = Set(failed.map(|failed| failed.reason.clone()));
    changed.failure_message = Set(failed.map(|failed| failed.message.clone()));
    changed.updated_at = Set(now);
    changed.ended_at = Set(Some(now));
    let ended = changed.update(txn).await?;
    events::record(txn, now, &ended.traceparent, Fact::JobEnded(&ended)).await
}

/// What is wrong with a result, if it cannot be one of this job.
async fn unfit(
    txn: &impl ConnectionTrait,
    job: &job::Model,
    finished: &Finished,
) -> Result<Option<String>> {
    if finished.stage() != job.stage {
        return Ok(Some(format!(
            "the job is at stage {:?}, but the result is one of {:?}",
            job.stage,
            finished.stage()
        )));
    }
    let below = format!("videos/{}/", job.video_id);
    let own = |keys: &[&str]| keys.iter().all(|key| key.starts_with(&below));
    Ok(match finished {
        Finished::Embed {
            embeddings,
            clips_key,
            thumbnails_key,
            ..
        } => {
            let fits = i32::try_from(embeddings.rows).is_ok_and(|rows| rows > 0)
                && own(&[&embeddings.object_key, clips_key, thumbnails_key]);
            (!fits).then(|| "the embeddings are none, or stored as another video's".to_owned())
        }
        Finished::Prepare { prepared_key } => (!own(&[prepared_key]))
            .then(|| "the prepared gold is stored as another video's".to_owned()),
        Finished::Align { alignment_keys } => {
            let golds = jobs::golds(txn, job.id).await?.len();
            (golds != alignment_keys.len())
                .then(|| format!("{} alignments with {golds} golds", alignment_keys.len()))
        }
        Finished::Score { score, .. } => (!(0.0..=100.0).contains(score))
            .then(|| format!("a score of {score} is not from 0 to 100")),
    })
}

async fn load_video(txn: &impl ConnectionTrait, job: &job::Model) -> Result<video::Model> {
    video::Entity::find_by_id(job.video_id)
        .one(txn)
        .await?
        .ok_or_else(|| {
            sea_orm::DbErr::RecordNotFound(format!("video {} of job {}", job.video_id, job.id))
                .into()
        })
}
