//! Uploads: how many bytes are safe, and the transaction that turns the last
//! one into a video with an ingest job.

use prost::Message;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, sea_query::LockType,
};
use sopilot_chassis::Reason;
use sopilot_proto::{
    catalog::v1::VideoMetadata,
    id::{JobId, VideoId},
};
use uuid::Uuid;

use super::{
    Page, PageRequest, Request, Store, VideoRow, audit,
    entity::{JobKind, Role, Stage, VideoState, upload, upload_part, video},
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
    pub(crate) async fn start_upload(
        &self,
        new: NewUpload,
        request: &Request,
    ) -> Result<UploadRow> {
        let new = &new;
        self.write(|txn| async move { self.new_upload(&*txn, new, request).await })
            .await
    }

    async fn new_upload(
        &self,
        txn: &impl ConnectionTrait,
        new: &NewUpload,
        request: &Request,
    ) -> Result<UploadRow> {
        if let Some(made) = request.answered(txn).await? {
            return find_or_finished(txn, *made.first().unwrap_or(&Uuid::nil())).await;
        }
        tasks::lock(txn, [new.task_id], LockType::Share).await?;
        tasks::find(txn, new.task_id).await?;
        let now = self.now();
        let row = UploadRow {
            id: VideoId::new().uuid(),
            task_id: new.task_id,
            role: new.role,
            size_bytes: new.size_bytes,
            sha256: new.sha256.clone(),
            metadata: new.metadata.encode_to_vec(),
            committed_bytes: 0,
            stream: 0,
            created_at: now,
            expires_at: now + millis(self.config.upload_expiry),
        };
        upload::Entity::insert(upload::ActiveModel::from(row.clone()))
            .exec(txn)
            .await?;
        request.keep(txn, now, &[row.id]).await?;
        Ok(row)
    }

    /// The upload; one that has become a video counts as wholly committed.
    pub(crate) async fn upload_or_finished(&self, id: Uuid) -> Result<UploadRow> {
        find_or_finished(&self.db, id).await
    }

    /// Uploads that are not finished, of one task or of all.
    pub(crate) async fn list_uploads(
        &self,
        task_id: Option<Uuid>,
        page: PageRequest<Uuid>,
        filter_text: &str,
    ) -> Result<Page<UploadRow>> {
        let mut query = upload::Entity::find();
        if let Some(task_id) = task_id {
            query = query.filter(upload::Column::TaskId.eq(task_id));
        }
        if let Some(after) = page.after {
            query = query.filter(upload::Column::Id.lt(after));
        }
        let rows = query
            .order_by_desc(upload::Column::Id)
            .limit(page.limit())
            .all(&self.db)
            .await?;
        Ok(page.page_of_bytes(rows, filter_text, |row| row.id, |row| row.metadata.len()))
    }

    /// Begins a stream of bytes at `offset`, which must be where the upload
    /// stands. An earlier stream that is still open can commit nothing more.
    pub(crate) async fn open_stream(&self, id: Uuid, offset: i64) -> Result<UploadRow> {
        self.write(|txn| async move {
            let txn = &*txn;
            let row = find_locked(txn, id).await?;
            if row.committed_bytes != offset {
                return Err(offset_mismatch(offset, row.committed_bytes));
            }
            let stream = row.stream + 1;
            let mut opened = row.into_active_model();
            opened.stream = Set(stream);
            Ok(opened.update(txn).await?)
        })
        .await
    }

    /// Commits a part that the upload's stream has stored.
    pub(crate) async fn commit_part(&self, upload: &UploadRow, to: i64) -> Result<()> {
        self.write(|txn| async move {
            let txn = &*txn;
            let row = find_locked(txn, upload.id).await?;
            let from = upload.committed_bytes;
            if row.stream != upload.stream || row.committed_bytes != from {
                return Err(offset_mismatch(from, row.committed_bytes));
            }
            let part = upload_part::ActiveModel {
                upload_id: Set(upload.id),
                offset: Set(from),
                stream: Set(upload.stream),
            };
            upload_part::Entity::insert(part).exec(txn).await?;
            let mut moved = row.into_active_model();
            moved.committed_bytes = Set(to);
            moved.update(txn).await?;
            Ok(())
        })
        .await
    }

    /// Offset and stream of every committed part, in order.
    pub(crate) async fn upload_parts(&self, id: Uuid) -> Result<Vec<(u64, u64)>> {
        let rows = upload_part::Entity::find()
            .filter(upload_part::Column::UploadId.eq(id))
            .order_by_asc(upload_part::Column::Offset)
            .all(&self.db)
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.offset as u64, row.stream as u64))
            .collect())
    }

    /// All bytes have arrived and are right: the upload becomes a video, and
    /// its ingest is queued.
    pub(crate) async fn finish_upload(
        &self,
        id: Uuid,
        source_key: &str,
        traceparent: &str,
    ) -> Result<VideoRow> {
        let row = self
            .write(|txn| async move { self.new_video(&*txn, id, source_key, traceparent).await })
            .await?;
        self.wake_relay();
        Ok(row)
    }

    async fn new_video(
        &self,
        txn: &impl ConnectionTrait,
        id: Uuid,
        source_key: &str,
        traceparent: &str,
    ) -> Result<VideoRow> {
        let upload = find_locked(txn, id).await?;
        // The task may have been deleted meanwhile only if it had no uploads.
        tasks::lock(txn, [upload.task_id], LockType::Share).await?;
        let task = tasks::find(txn, upload.task_id).await?;
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
            source_key: source_key.to_owned(),
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
        video::Entity::insert(video::ActiveModel::from(row.clone()))
            .exec(txn)
            .await?;
        let job = jobs::new_job(JobKind::Ingest, Stage::Embed, &row, traceparent, now);
        let job = jobs::Model {
            id: job_id,
            task_version: task.current_version,
            ..job
        };
        jobs::insert(txn, &job).await?;
        outbox::ring(txn, &job, now).await?;
        delete_rows(txn, id).await?;
        let detail = format!(
            "{:?}, {} bytes, sha256 {}",
            row.role, row.size_bytes, row.sha256
        );
        audit::record(txn, now, "video.create", id, detail).await?;
        Ok(row)
    }

    /// The checksum was wrong: the upload starts over, unless another stream
    /// has taken it over meanwhile.
    pub(crate) async fn reset_upload(&self, upload: &UploadRow) -> Result<()> {
        self.write(|txn| async move {
            let txn = &*txn;
            let row = find_locked(txn, upload.id).await?;
            if row.stream == upload.stream {
                delete_parts(txn, upload.id).await?;
                let mut reset = row.into_active_model();
                reset.committed_bytes = Set(0);
                reset.update(txn).await?;
            }
            Ok(())
        })
        .await
    }

    pub(crate) async fn forget_upload(&self, id: Uuid) -> Result<()> {
        self.write(|txn| async move {
            let txn = &*txn;
            find_locked(txn, id).await?;
            delete_rows(txn, id).await
        })
        .await
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

/// See [`Store::upload_or_finished`].
async fn find_or_finished(connection: &impl ConnectionTrait, id: Uuid) -> Result<UploadRow> {
    if let Some(row) = upload::Entity::find_by_id(id).one(connection).await? {
        return Ok(row);
    }
    let video = video::Entity::find_by_id(id)
        .filter(video::Column::DeletedAt.is_null())
        .one(connection)
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
        stream: 0,
        created_at: video.created_at,
        expires_at: video.created_at,
    })
}

/// An upload that this transaction alone works on.
async fn find_locked(txn: &impl ConnectionTrait, id: Uuid) -> Result<UploadRow> {
    upload::Entity::find_by_id(id)
        .lock_exclusive()
        .one(txn)
        .await?
        .ok_or_else(|| unknown_upload(id))
}

async fn delete_rows(txn: &impl ConnectionTrait, id: Uuid) -> Result<()> {
    delete_parts(txn, id).await?;
    upload::Entity::delete_by_id(id).exec(txn).await?;
    Ok(())
}

async fn delete_parts(txn: &impl ConnectionTrait, id: Uuid) -> Result<()> {
    upload_part::Entity::delete_many()
        .filter(upload_part::Column::UploadId.eq(id))
        .exec(txn)
        .await?;
    Ok(())
}

/// The caller went on at another place than where the upload stands.
fn offset_mismatch(offset: i64, committed: i64) -> Error {
    Error::Api(
        sopilot_chassis::ApiError::new(
            Reason::UploadOffsetMismatch,
            format!(
                "the upload stands at {committed} bytes, not at {offset}: go on from {committed}"
            ),
        )
        .with_metadata("committed_bytes", committed.to_string()),
    )
}

fn unknown_upload(id: Uuid) -> Error {
    Error::new(
        Reason::UploadNotFound,
        format!(
            "there is no upload {id}: it was finished, aborted or has expired; start a new one"
        ),
    )
}
