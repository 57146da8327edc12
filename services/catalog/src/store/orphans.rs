//! Which objects something still refers to.

use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::{
    Store,
    dialect::{self, Alone},
    entity::{JobState, attempt, job, job_gold, score, upload, video},
};
use crate::error::Result;

/// While it lives, no other replica searches for orphans.
pub(crate) struct Searching(
    #[expect(dead_code, reason = "held, not used")] Option<DatabaseTransaction>,
);

impl Store {
    /// The right to search for orphans; `None` while another replica does.
    /// Without it nothing would go wrong, but every replica would list the
    /// whole object storage.
    pub(crate) async fn search_alone(&self) -> Result<Option<Searching>> {
        // SQLite has one process, whose writers must not wait for a search.
        if !dialect::locks_rows(&self.db) {
            return Ok(Some(Searching(None)));
        }
        let txn = dialect::begin(&self.db).await?;
        dialect::stay(&txn).await?;
        let alone = dialect::is_alone(&txn, Alone::SweepObjects).await?;
        Ok(alone.then_some(Searching(Some(txn))))
    }

    pub(crate) async fn upload_exists(&self, id: Uuid) -> Result<bool> {
        Ok(upload::Entity::find_by_id(id)
            .one(&self.db)
            .await?
            .is_some())
    }

    /// Whether `key` holds the bytes of a video, or of one that is being put
    /// together.
    pub(crate) async fn source_in_use(&self, id: Uuid, key: &str) -> Result<bool> {
        if self.upload_exists(id).await? {
            return Ok(true);
        }
        let row = video::Entity::find_by_id(id)
            .filter(video::Column::DeletedAt.is_null())
            .one(&self.db)
            .await?;
        Ok(row.is_some_and(|row| row.source_key == key))
    }

    /// Whether an object made by the attempt `token` is in use: the attempt is
    /// still running, or a row refers to `key`.
    pub(crate) async fn derived_in_use(&self, video: Uuid, token: u64, key: &str) -> Result<bool> {
        if self.attempt_running(token).await? {
            return Ok(true);
        }
        let row = video::Entity::find_by_id(video)
            .filter(video::Column::DeletedAt.is_null())
            .one(&self.db)
            .await?;
        let Some(row) = row else { return Ok(false) };
        let referred = [
            row.embeddings_key,
            row.clips_key,
            row.thumbnails_key,
            row.prepared_key,
        ]
        .iter()
        .any(|held| held.as_deref() == Some(key));
        if referred {
            return Ok(true);
        }
        // An earlier preparation that scores were made with.
        let scored = job_gold::Entity::find()
            .filter(job_gold::Column::VideoId.eq(video))
            .filter(job_gold::Column::PreparedKey.eq(key))
            .one(&self.db)
            .await?;
        Ok(scored.is_some())
    }

    /// As [`derived_in_use`](Self::derived_in_use), for objects of a job.
    pub(crate) async fn result_in_use(&self, job_id: Uuid, token: u64, key: &str) -> Result<bool> {
        if self.attempt_running(token).await? {
            return Ok(true);
        }
        let report = score::Entity::find_by_id(job_id).one(&self.db).await?;
        if report.as_ref().is_some_and(|row| row.report_key == key) {
            return Ok(true);
        }
        let job = job::Entity::find_by_id(job_id).one(&self.db).await?;
        Ok(job.is_some_and(|job| {
            let aligned = job.alignment_keys.as_deref().unwrap_or_default();
            // Alignments serve until the score is made, and its report then.
            let wanted =
                !job.state.ended() || (job.state == JobState::Succeeded && report.is_some());
            wanted && aligned.lines().any(|held| held == key)
        }))
    }

    async fn attempt_running(&self, token: u64) -> Result<bool> {
        let row = attempt::Entity::find_by_id(token as i64)
            .one(&self.db)
            .await?;
        Ok(row.is_some_and(|row| row.ended_at.is_none()))
    }
}
