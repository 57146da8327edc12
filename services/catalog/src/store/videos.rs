//! Videos: reading them.

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::LockType,
};
use sopilot_chassis::Reason;
use uuid::Uuid;

use super::{
    Page, PageRequest, Role, Store, VideoState, dialect,
    entity::{upload, video},
};
use crate::error::{Error, Result};

pub(crate) use video::Model as VideoRow;

/// Which videos to list.
#[derive(Debug, Default)]
pub(crate) struct VideoFilter {
    pub(crate) task_id: Option<Uuid>,
    pub(crate) role: Option<Role>,
    pub(crate) state: Option<VideoState>,
}

impl Store {
    pub(crate) async fn video(&self, id: Uuid) -> Result<VideoRow> {
        find(&self.db, id).await
    }

    pub(crate) async fn ready_video(&self, id: Uuid) -> Result<VideoRow> {
        let row = find(&self.db, id).await?;
        if row.state == VideoState::Ready {
            Ok(row)
        } else {
            Err(not_ready(&row))
        }
    }

    pub(crate) async fn list_videos(
        &self,
        filter: &VideoFilter,
        page: PageRequest<Uuid>,
        filter_text: &str,
    ) -> Result<Page<VideoRow>> {
        let mut query = video::Entity::find().filter(video::Column::DeletedAt.is_null());
        if let Some(task_id) = filter.task_id {
            query = query.filter(video::Column::TaskId.eq(task_id));
        }
        if let Some(role) = filter.role {
            query = query.filter(video::Column::Role.eq(role));
        }
        if let Some(state) = filter.state {
            query = query.filter(video::Column::State.eq(state));
        }
        if let Some(after) = page.after {
            query = query.filter(video::Column::Id.lt(after));
        }
        let rows = query
            .order_by_desc(video::Column::Id)
            .limit(page.limit())
            .all(&self.db)
            .await?;
        Ok(page.page_of_bytes(rows, filter_text, |row| row.id, |row| row.metadata.len()))
    }
}

/// Keeps videos.
pub(super) async fn lock(
    txn: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
    how: LockType,
) -> Result<()> {
    dialect::lock::<video::Entity>(txn, video::Column::Id, ids, how).await
}

/// A video that exists and has not been deleted.
pub(super) async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<VideoRow> {
    let row = video::Entity::find_by_id(id)
        .filter(video::Column::DeletedAt.is_null())
        .one(connection)
        .await?;
    if let Some(row) = row {
        return Ok(row);
    }
    let uploading = upload::Entity::find_by_id(id)
        .one(connection)
        .await?
        .is_some();
    Err(if uploading {
        Error::new(
            Reason::VideoNotReady,
            format!("video {id} is still being uploaded: finish the upload first"),
        )
    } else {
        Error::new(
            Reason::VideoNotFound,
            format!(
                "there is no video {id}: it never existed or was deleted; list the videos to see what there is"
            ),
        )
    })
}

pub(super) fn not_ready(row: &VideoRow) -> Error {
    let message = match row.state {
        VideoState::Failed => format!(
            "video {} cannot be used: {}",
            row.id,
            row.failure_message
                .as_deref()
                .unwrap_or("its ingest failed")
        ),
        VideoState::Ingesting | VideoState::Ready => {
            format!(
                "video {} is still being ingested: wait for job {}",
                row.id, row.ingest_job_id
            )
        }
    };
    Error::new(Reason::VideoNotReady, message)
}
