//! Uploads: how many bytes are safe, and the transaction that turns the last
//! one into a video with an ingest job.

use prost::Message;
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr,
};
use sopilot_chassis::Reason;
use sopilot_proto::{
    catalog::v1::VideoMetadata,
    id::{JobId, VideoId},
};
use uuid::Uuid;

use super::{
    Request, Store, VideoRow, audit,
    entity::{JobKind, Role, Stage, VideoState, upload, video},
    jobs, millis, outbox, tasks,
};
use crate::error::{Error, Result};

pub(crate) use upload::Model as UploadRow;

/// What somebody wants to upload.
#[derive(Debug)]
pub(crate) struct NewUpload {
    pub(crate) task_id: Uuid,
    pub(crate) role: Role,
    pub(crate) size_bytes: i64,
    pub(crate) sha256: String,
    pub(crate) metadata: VideoMetadata,
}

impl Store {
    pub(crate) async fn start_upload(&self, new: NewUpload, request: &Request) -> Result<UploadRow> {
        let txn = self.begin().await?;
        if let Some(made) = request.answered(&txn).await? {
            let id = *made.first().unwrap_or(&Uuid::nil());
            drop(txn);
            return self.upload_or_finished(id).await;
        }
        tasks::find(&txn, new.task_id).await?;
        let now = self.now();
        let row = UploadRow {
            id: VideoId::new().uuid(),
            task_id: new.task_id,
            role: new.role,
            size_bytes: new.size_bytes,
            sha256: new.sha256,
            metadata: new.metadata.encode_to_vec(),
            committed_bytes: 0,
            created_at: now,
            expires_at: now + millis(self.config.upload_expiry),
        };
        upload::Entity::insert(upload::ActiveModel::from(row.clone())).exec(&txn).await?;
        request.keep(&txn, now, &[row.id]).await?;
        txn.commit().await?;
        Ok(row)
    }

    pub(crate) async fn upload(&self, id: Uuid) -> Result<UploadRow> {
        upload::Entity::find_by_id(id).one(&self.db).await?.ok_or_else(|| unknown_upload(id))
    }

    /// The upload; one that has become a video counts as wholly committed.
    pub(crate) async fn upload_or_finished(&self, id: Uuid) -> Result<UploadRow> {
        if let Some(row) = upload::Entity::find_by_id(id).one(&self.db).await? {
            return Ok(row);
        }
        let video = video::Entity::find_by_id(id)
            .filter(video::Column::DeletedAt.is_null())
            .one(&self.db)
            .await?
            .ok_or_else(|| unknown_upload(id))?;
        Ok(UploadRow {
            id,
            task_id: video.task_id,
            role: video.role,
            size_bytes: video.size_bytes,
            sha256: video.sha256,
            metadata: video.metadata,
            committed_bytes: video.size_bytes,
            created_at: video.created_at,
            expires_at: video.created_at,
        })
    }

    /// Moves the committed size from `from` to `to`; fails if another stream
    /// of the same upload has moved it.
    pub(crate) async fn commit_bytes(&self, id: Uuid, from: i64, to: i64) -> Result<()> {
        let moved = upload::Entity::update_many()
            .col_expr(upload::Column::CommittedBytes, Expr::value(to))
            .filter(upload::Column::Id.eq(id))
            .filter(upload::Column::CommittedBytes.eq(from))
            .exec(&self.db)
            .await?;
        if moved.rows_affected == 1 {
            return Ok(());
        }
        let row = self.upload(id).await?;
        Err(offset_mismatch(from, row.committed_bytes))
    }

    /// All bytes have arrived and are right: the upload becomes a video, and
    /// its ingest is queued.
    pub(crate) async fn finish_upload(&self, id: Uuid, traceparent: &str) -> Result<VideoRow> {
        let txn = self.begin().await?;
        let upload =
            upload::Entity::find_by_id(id).one(&txn).await?.ok_or_else(|| unknown_upload(id))?;
        // The task may have been deleted meanwhile only if it had no uploads.
        let task = tasks::find(&txn, upload.task_id).await?;
        let now = self.now();
        let job_id = JobId::new().uuid();
        let row = VideoRow {
            id,
            task_id: upload.task_id,
            role: upload.role,
            state: VideoState::Ingesting,
            metadata: upload.metadata,
            size_bytes: upload.size_bytes,
            sha256: upload.sha256,
            ingest_job_id: job_id,
            gold_version: 0,
            task_version: 0,
            media: None,
            embedder: None,
            embedding_rows: None,
            embeddings_key: None,
            clips_key: None,
            thumbnails_key: None,
            prepared_key: None,
            failure_reason: None,
            failure_message: None,
            created_at: now,
            deleted_at: None,
        };
        video::Entity::insert(video::ActiveModel::from(row.clone())).exec(&txn).await?;
        let job = jobs::new_job(JobKind::Ingest, Stage::Embed, &row, traceparent, now);
        let job = jobs::Model { id: job_id, task_version: task.current_version, ..job };
        jobs::insert(&txn, &job).await?;
        outbox::ring(&txn, &job, now).await?;
        upload::Entity::delete_by_id(id).exec(&txn).await?;
        let detail = format!("{:?}, {} bytes, sha256 {}", row.role, row.size_bytes, row.sha256);
        audit::record(&txn, now, "video.create", id, detail).await?;
        txn.commit().await?;
        self.outbox_filled.notify_one();
        Ok(row)
    }

    /// The checksum was wrong: the upload starts over.
    pub(crate) async fn reset_upload(&self, id: Uuid) -> Result<()> {
        upload::Entity::update_many()
            .col_expr(upload::Column::CommittedBytes, Expr::value(0_i64))
            .filter(upload::Column::Id.eq(id))
            .exec(&self.db)
            .await?;
        Ok(())
    }

    pub(crate) async fn forget_upload(&self, id: Uuid) -> Result<()> {
        let gone = upload::Entity::delete_by_id(id).exec(&self.db).await?;
        if gone.rows_affected == 0 { Err(unknown_upload(id)) } else { Ok(()) }
    }

    /// Uploads whose time is over.
    pub(crate) async fn expired_uploads(&self) -> Result<Vec<Uuid>> {
        let rows = upload::Entity::find()
            .filter(upload::Column::ExpiresAt.lt(self.now()))
            .limit(100)
            .all(&self.db)
            .await?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }
}

/// The caller went on at another place than where the upload stands.
pub(crate) fn offset_mismatch(offset: i64, committed: i64) -> Error {
    Error::Api(
        sopilot_chassis::ApiError::new(
            Reason::UploadOffsetMismatch,
            format!("the upload stands at {committed} bytes, not at {offset}: go on from {committed}"),
        )
        .with_metadata("committed_bytes", committed.to_string()),
    )
}

fn unknown_upload(id: Uuid) -> Error {
    Error::new(
        Reason::UploadNotFound,
        format!("there is no upload {id}: it was finished, aborted or has expired; start a new one"),
    )
}
