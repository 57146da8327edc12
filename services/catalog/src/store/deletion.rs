//! Deleting a video: its jobs are cancelled and everything made from it is
//! forgotten, in one transaction; the objects are removed after it.

use std::collections::BTreeSet;

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel,
    QueryFilter, QuerySelect, sea_query::LockType,
};
use sopilot_chassis::Reason;
use uuid::Uuid;

use super::{
    Role, Store, audit, dialect,
    entity::{JobKind, JobState, job, review, score, video},
    events::{self, Fact},
    jobs, videos,
};
use crate::error::{Error, Result};

/// Identifiers in one statement: so few that an index finds them faster than
/// reading the table would.
const VARIABLES: usize = 200;

/// What went with a video.
#[derive(Debug)]
pub(crate) struct Deleted {
    pub(crate) cancelled_jobs: Vec<Uuid>,
    pub(crate) removed_reports: Vec<Uuid>,
    /// Jobs whose objects are to be removed.
    pub(crate) jobs: Vec<Uuid>,
}

impl Store {
    pub(crate) async fn delete_video(&self, id: Uuid, force: bool) -> Result<Deleted> {
        let deleted = self
            .write(|txn| async move { self.delete_locked(&*txn, id, force, "video.delete").await })
            .await?;
        self.wake_relay();
        Ok(deleted)
    }

    /// Deletes a video in a transaction, and records it as `action`.
    pub(super) async fn delete_locked(
        &self,
        txn: &impl ConnectionTrait,
        id: Uuid,
        force: bool,
        action: &str,
    ) -> Result<Deleted> {
        // From here no job is made of the video, and none of its jobs is
        // claimed or ends.
        videos::lock(txn, [id], LockType::Update).await?;
        jobs::lock(txn, live_jobs(txn, id).await?).await?;
        let related = jobs::of_video(id).all(txn).await?;
        let gone_before = video::Entity::find_by_id(id)
            .filter(video::Column::DeletedAt.is_not_null())
            .one(txn)
            .await?;
        if gone_before.is_some() {
            // An earlier call was cut off: what it left is removed now.
            let jobs = related.into_iter().map(|job| job.id).collect();
            return Ok(Deleted {
                cancelled_jobs: Vec::new(),
                removed_reports: Vec::new(),
                jobs,
            });
        }
        let video = videos::find(txn, id).await?;
        let ids: Vec<Uuid> = related.iter().map(|job| job.id).collect();
        let mut reports = Vec::new();
        for ids in ids.chunks(VARIABLES) {
            let found = score::Entity::find()
                .filter(score::Column::JobId.is_in(ids.iter().copied()))
                .all(txn)
                .await?;
            reports.extend(found.into_iter().map(|row| row.job_id));
        }
        if video.role == Role::Gold && !reports.is_empty() && !force {
            return Err(Error::new(
                Reason::VideoInUse,
                format!(
                    "{} reports were made against gold {id}: deleting it deletes them too; set force if that is what you want",
                    reports.len()
                ),
            ));
        }
        let now = self.now();
        let mut cancelled = BTreeSet::new();
        // Ingests last: what waits for them is cancelled, not failed.
        let (ingests, others): (Vec<_>, Vec<_>) = related
            .iter()
            .filter(|job| !job.state.ended())
            .partition(|job| job.kind == JobKind::Ingest);
        for job in others.into_iter().chain(ingests) {
            jobs::cancel(txn, job.clone(), now).await?;
            cancelled.insert(job.id);
        }
        // Cancelling an ingest fails the video; that message is for nobody.
        let mut gone = videos::find(txn, id).await?.into_active_model();
        gone.deleted_at = Set(Some(now));
        gone.update(txn).await?;
        for ids in reports.chunks(VARIABLES) {
            score::Entity::delete_many()
                .filter(score::Column::JobId.is_in(ids.iter().copied()))
                .exec(txn)
                .await?;
            review::Entity::delete_many()
                .filter(review::Column::JobId.is_in(ids.iter().copied()))
                .exec(txn)
                .await?;
        }
        let fact = Fact::VideoDeleted {
            video: &video,
            reports: &reports,
        };
        events::record(txn, now, "", fact).await?;
        let detail = format!(
            "{} jobs cancelled, {} reports removed",
            cancelled.len(),
            reports.len()
        );
        audit::record(txn, now, action, id, detail).await?;
        Ok(Deleted {
            cancelled_jobs: cancelled.into_iter().collect(),
            removed_reports: reports,
            jobs: related.into_iter().map(|job| job.id).collect(),
        })
    }
}

/// The jobs of a video that have not ended.
async fn live_jobs(txn: &impl ConnectionTrait, video_id: Uuid) -> Result<Vec<Uuid>> {
    if !dialect::locks_rows(txn) {
        return Ok(Vec::new());
    }
    Ok(jobs::of_video(video_id)
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::State.is_in([JobState::Queued, JobState::Running]))
        .into_tuple()
        .all(txn)
        .await?)
}
