//! Score jobs that wait for their videos: what starts them, and what ends
//! them before they start.

use prost::Message;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect, Select, Set,
};
use sopilot_chassis::{ApiError, Reason};
use sopilot_proto::embedding::v1::Embedder;
use uuid::Uuid;

use super::{
    VideoState,
    entity::{JobKind, JobState, job, video},
    events::{self, Fact},
    jobs, outbox,
};
use crate::error::{Error, Result};

/// Why a job can never start.
#[derive(Debug)]
pub(super) struct CannotStart {
    reason: Reason,
    message: String,
}

impl From<CannotStart> for Error {
    fn from(cannot: CannotStart) -> Self {
        Self::Api(ApiError::new(cannot.reason, cannot.message))
    }
}

/// Starts a waiting job if all its videos are ready: fixes which versions of
/// its golds it scores against, and rings. Answers why it never can, if so;
/// the job is then as it was.
pub(super) async fn try_start(
    txn: &impl ConnectionTrait,
    job: &job::Model,
    now: i64,
) -> Result<Option<CannotStart>> {
    let golds = jobs::golds(txn, job.id).await?;
    let Some(trainee) = video::Entity::find_by_id(job.video_id).one(txn).await? else {
        return Ok(Some(gone(job.video_id)));
    };
    let mut videos = Vec::with_capacity(golds.len());
    for gold in &golds {
        match video::Entity::find_by_id(gold.video_id).one(txn).await? {
            Some(video) => videos.push(video),
            None => return Ok(Some(gone(gold.video_id))),
        }
    }
    for video in std::iter::once(&trainee).chain(&videos) {
        if video.deleted_at.is_some() {
            return Ok(Some(gone(video.id)));
        }
        match video.state {
            VideoState::Ready => {}
            VideoState::Ingesting => return Ok(None),
            VideoState::Failed => return Ok(Some(failed(video))),
        }
    }
    if let Some(cannot) = embedder_mismatch(&trainee, &videos)? {
        return Ok(Some(cannot));
    }
    match version_mismatch(txn, &videos).await? {
        Versions::Equal => {}
        Versions::InPreparation => return Ok(None),
        Versions::Differ(cannot) => return Ok(Some(cannot)),
    }

    for (gold, video) in golds.into_iter().zip(&videos) {
        let mut fixed = gold.into_active_model();
        fixed.gold_version = Set(video.gold_version);
        fixed.prepared_key = Set(video.prepared_key.clone());
        fixed.update(txn).await?;
    }
    let mut started = job.clone().into_active_model();
    started.waiting = Set(false);
    started.task_version = Set(videos.first().map_or(0, |gold| gold.task_version));
    started.run_after = Set(now);
    started.rung_at = Set(now);
    started.updated_at = Set(now);
    let started = started.update(txn).await?;
    outbox::ring(txn, &started, now).await?;
    Ok(None)
}

/// A video is ready, or a gold's preparation has ended: starts the jobs that
/// waited for it alone.
pub(super) async fn video_ready(
    txn: &impl ConnectionTrait,
    video_id: Uuid,
    now: i64,
) -> Result<()> {
    for job in waiting_for(txn, video_id).await? {
        if let Some(cannot) = try_start(txn, &job, now).await? {
            fail(txn, job, cannot.reason, &cannot.message, now).await?;
        }
    }
    Ok(())
}

/// A video can never be used: so it says, and the jobs that waited for it
/// fail.
pub(super) async fn fail_video(
    txn: &impl ConnectionTrait,
    video_id: Uuid,
    reason: &str,
    message: &str,
    now: i64,
) -> Result<()> {
    let Some(row) = video::Entity::find_by_id(video_id).one(txn).await? else {
        return Ok(());
    };
    let mut changed = row.into_active_model();
    changed.state = Set(VideoState::Failed);
    changed.failure_reason = Set(Some(reason.to_owned()));
    changed.failure_message = Set(Some(message.to_owned()));
    let row = changed.update(txn).await?;
    let cannot = failed(&row);
    for job in waiting_for(txn, video_id).await? {
        fail(txn, job, cannot.reason, &cannot.message, now).await?;
    }
    Ok(())
}

/// The jobs that wait for a video, which nobody else starts or ends now. Of
/// two videos that become ready together, the later transaction to get here
/// sees both.
async fn waiting_for(txn: &impl ConnectionTrait, video_id: Uuid) -> Result<Vec<job::Model>> {
    Ok(still_waiting(video_id)
        .order_by_asc(job::Column::Id)
        .lock_exclusive()
        .all(txn)
        .await?)
}

/// Which jobs wait for a video.
pub(super) async fn ids(txn: &impl ConnectionTrait, video_id: Uuid) -> Result<Vec<Uuid>> {
    Ok(still_waiting(video_id)
        .select_only()
        .column(job::Column::Id)
        .into_tuple()
        .all(txn)
        .await?)
}

fn still_waiting(video_id: Uuid) -> Select<job::Entity> {
    jobs::of_video(video_id)
        .filter(job::Column::State.eq(JobState::Queued))
        .filter(job::Column::Waiting.eq(true))
}

async fn fail(
    txn: &impl ConnectionTrait,
    job: job::Model,
    reason: Reason,
    message: &str,
    now: i64,
) -> Result<()> {
    let mut changed = job.into_active_model();
    changed.state = Set(JobState::Failed);
    changed.failure_reason = Set(Some(reason.as_str().to_owned()));
    changed.failure_message = Set(Some(message.to_owned()));
    changed.updated_at = Set(now);
    changed.ended_at = Set(Some(now));
    let ended = changed.update(txn).await?;
    events::record(txn, now, &ended.traceparent, Fact::JobEnded(&ended)).await
}

fn gone(video_id: Uuid) -> CannotStart {
    CannotStart {
        reason: Reason::InputVideoDeleted,
        message: format!("video {video_id} was deleted before it was scored"),
    }
}

fn failed(video: &video::Model) -> CannotStart {
    CannotStart {
        reason: Reason::InputVideoFailed,
        message: format!(
            "video {} cannot be used: {}",
            video.id,
            video
                .failure_message
                .as_deref()
                .unwrap_or("its ingest failed")
        ),
    }
}

fn embedder_mismatch(
    trainee: &video::Model,
    golds: &[video::Model],
) -> Result<Option<CannotStart>> {
    let wanted = embedder(trainee)?;
    for gold in golds {
        let found = embedder(gold)?;
        if found != wanted {
            return Ok(Some(CannotStart {
                reason: Reason::EmbedderMismatch,
                message: format!(
                    "gold {} was embedded by {} {} and trainee {} by {} {}: upload the older of the two again",
                    gold.id, found.name, found.version, trainee.id, wanted.name, wanted.version
                ),
            }));
        }
    }
    Ok(None)
}

/// Whether several golds are prepared for the same version of the SOP.
enum Versions {
    Equal,
    /// They will be, once the preparation that is under way has ended.
    InPreparation,
    Differ(CannotStart),
}

async fn version_mismatch(txn: &impl ConnectionTrait, golds: &[video::Model]) -> Result<Versions> {
    let newest = golds
        .iter()
        .map(|gold| gold.task_version)
        .max()
        .unwrap_or_default();
    for gold in golds.iter().filter(|gold| gold.task_version < newest) {
        let preparing = job::Entity::find()
            .filter(job::Column::VideoId.eq(gold.id))
            .filter(job::Column::Kind.eq(JobKind::Prepare))
            .filter(job::Column::State.is_in([JobState::Queued, JobState::Running]))
            .one(txn)
            .await?;
        if preparing.is_none() {
            return Ok(Versions::Differ(CannotStart {
                reason: Reason::GoldVersionMismatch,
                message: format!(
                    "gold {} is prepared for version {} of the task and another gold for version {newest}: prepare it again (SubmitPrepare) and submit the score anew",
                    gold.id, gold.task_version
                ),
            }));
        }
    }
    let equal = golds.iter().all(|gold| gold.task_version == newest);
    Ok(if equal {
        Versions::Equal
    } else {
        Versions::InPreparation
    })
}

fn embedder(video: &video::Model) -> Result<Embedder> {
    Ok(Embedder::decode(
        video.embedder.as_deref().unwrap_or_default(),
    )?)
}
