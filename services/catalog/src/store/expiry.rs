//! Videos that have been kept for as long as their task says.

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, JoinType, QueryFilter,
    QuerySelect, RelationDef, Select,
    sea_query::{Expr, LockType},
};
use uuid::Uuid;

use super::{
    Deleted, Role, Store,
    entity::{task, task_version, video},
    tasks, videos,
};
use crate::error::Result;

/// Videos that are looked for at a time.
pub(crate) const BATCH: u64 = 100;

impl Store {
    /// Some videos whose time is over by the current version of their task; at
    /// most [`BATCH`].
    pub(crate) async fn due_videos(&self) -> Result<Vec<Uuid>> {
        let now = self.now();
        let mut found = Vec::new();
        // Task by task: of both in one statement PostgreSQL makes a plan that
        // reads all videos.
        for (task_id, retention) in keeping().into_tuple::<(Uuid, i64)>().all(&self.db).await? {
            let left = BATCH - found.len() as u64;
            if left == 0 {
                break;
            }
            let due = due(task_id, now - retention)
                .limit(left)
                .into_tuple::<Uuid>();
            found.extend(due.all(&self.db).await?);
        }
        Ok(found)
    }

    /// Deletes a video as on request, if its time is still over. `None`, if
    /// another replica was faster or a new version of the task keeps it.
    pub(crate) async fn expire_video(&self, id: Uuid) -> Result<Option<Deleted>> {
        let deleted = self
            .write(|txn| async move { self.expire_locked(&*txn, id).await })
            .await?;
        if deleted.is_some() {
            self.wake_relay();
        }
        Ok(deleted)
    }

    async fn expire_locked(&self, txn: &impl ConnectionTrait, id: Uuid) -> Result<Option<Deleted>> {
        let Some(row) = video::Entity::find_by_id(id).one(txn).await? else {
            return Ok(None);
        };
        // The task gets no other version, and nobody else deletes the video,
        // from here to the end.
        tasks::lock(txn, [row.task_id], LockType::Share).await?;
        videos::lock(txn, [id], LockType::Update).await?;
        let kept: Option<(Uuid, i64)> = keeping()
            .filter(task_version::Column::TaskId.eq(row.task_id))
            .into_tuple()
            .one(txn)
            .await?;
        let Some((task_id, retention)) = kept else {
            return Ok(None);
        };
        let still_due: Option<Uuid> = due(task_id, self.now() - retention)
            .filter(video::Column::Id.eq(id))
            .into_tuple()
            .one(txn)
            .await?;
        if still_due.is_none() {
            return Ok(None);
        }
        let deleted = self.delete_locked(txn, id, false, "video.expire").await?;
        Ok(Some(deleted))
    }
}

/// The identifiers of a task's videos that have been there since
/// `kept_since`. Never of golds: what others are measured against goes only
/// when somebody says so.
fn due(task_id: Uuid, kept_since: i64) -> Select<video::Entity> {
    video::Entity::find()
        .select_only()
        .column(video::Column::Id)
        .filter(video::Column::TaskId.eq(task_id))
        .filter(video::Column::Role.is_in([Role::Trainee, Role::Audit]))
        .filter(video::Column::DeletedAt.is_null())
        .filter(video::Column::CreatedAt.lte(kept_since))
}

/// The tasks whose current version does not keep videos for ever, and for how
/// long it does.
fn keeping() -> Select<task_version::Entity> {
    task_version::Entity::find()
        .select_only()
        .column(task_version::Column::TaskId)
        .column(task_version::Column::Retention)
        .join(JoinType::InnerJoin, current_of())
        // Said so that the index on it serves; none is 0.
        .filter(task_version::Column::Retention.gt(0))
}

/// From a version to the task of which it is the current one.
fn current_of() -> RelationDef {
    let of_task: RelationDef = task_version::Entity::belongs_to(task::Entity)
        .from(task_version::Column::TaskId)
        .to(task::Column::Id)
        .into();
    of_task.on_condition(|version, task| {
        let version = Expr::col((version, task_version::Column::Version));
        Condition::all().add(version.equals((task, task::Column::CurrentVersion)))
    })
}
