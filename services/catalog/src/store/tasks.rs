//! Tasks and the versions of their SOP.

use prost::Message;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, sea_query::LockType,
};
use sopilot_chassis::{ApiError, Reason};
use sopilot_proto::{id::TaskId, scoring::v1::Procedure};
use uuid::Uuid;

use super::{
    Page, PageRequest, Request, Store, audit, dialect,
    entity::{Role, VideoState, task, task_version, upload, video},
    jobs, millis,
};
use crate::error::{Error, Result};

/// Uploads that an error names.
const NAMED: usize = 10;

/// A task with its current SOP.
#[derive(Debug)]
pub(crate) struct TaskRow {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) current: VersionRow,
    pub(crate) created_at: i64,
}

/// One version of a task's SOP.
#[derive(Debug)]
pub(crate) struct VersionRow {
    pub(crate) version: i32,
    pub(crate) procedure: Procedure,
    pub(crate) created_at: i64,
}

impl Store {
    pub(crate) async fn create_task(
        &self,
        name: &str,
        procedure: &Procedure,
        request: &Request,
    ) -> Result<TaskRow> {
        self.write(|txn| async move { self.new_task(&*txn, name, procedure, request).await })
            .await
    }

    async fn new_task(
        &self,
        txn: &impl ConnectionTrait,
        name: &str,
        procedure: &Procedure,
        request: &Request,
    ) -> Result<TaskRow> {
        if let Some(made) = request.answered(txn).await? {
            return read(txn, *made.first().unwrap_or(&Uuid::nil())).await;
        }
        let taken = task::Entity::find()
            .filter(task::Column::Name.eq(name))
            .one(txn)
            .await?;
        if let Some(other) = taken {
            return Err(Error::new(
                Reason::TaskAlreadyExists,
                format!(
                    "there is a task {name:?} already ({}): choose another name, or give that task a new version",
                    other.id
                ),
            ));
        }
        let id = TaskId::new().uuid();
        let now = self.now();
        let row = task::ActiveModel {
            id: Set(id),
            name: Set(name.to_owned()),
            current_version: Set(1),
            created_at: Set(now),
        };
        task::Entity::insert(row).exec(txn).await?;
        insert_version(txn, id, 1, procedure, now).await?;
        audit::record(txn, now, "task.create", id, format!("{name:?}")).await?;
        request.keep(txn, now, &[id]).await?;
        read(txn, id).await
    }

    /// Gives a task a new version and queues the preparation of its golds.
    pub(crate) async fn create_task_version(
        &self,
        task_id: Uuid,
        procedure: &Procedure,
        request: &Request,
        traceparent: &str,
    ) -> Result<(TaskRow, Vec<Uuid>)> {
        let made = self
            .write(|txn| async move {
                let txn = &*txn;
                self.new_version(txn, task_id, procedure, request, traceparent)
                    .await
            })
            .await?;
        self.wake_relay();
        Ok(made)
    }

    async fn new_version(
        &self,
        txn: &impl ConnectionTrait,
        task_id: Uuid,
        procedure: &Procedure,
        request: &Request,
        traceparent: &str,
    ) -> Result<(TaskRow, Vec<Uuid>)> {
        if let Some(made) = request.answered(txn).await? {
            let mut task = read(txn, task_id).await?;
            if let Some(version) = made.first() {
                task.current = version_row(txn, task_id, version.as_u128() as i32).await?;
            }
            return Ok((task, made.into_iter().skip(1).collect()));
        }
        // Golds that are being ingested now see this version when they are
        // done, or are seen here as ready.
        lock(txn, [task_id], LockType::Update).await?;
        let row = find(txn, task_id).await?;
        let now = self.now();
        let version = row.current_version + 1;
        insert_version(txn, task_id, version, procedure, now).await?;
        let mut changed: task::ActiveModel = row.into();
        changed.current_version = Set(version);
        changed.update(txn).await?;

        let golds = video::Entity::find()
            .filter(video::Column::TaskId.eq(task_id))
            .filter(video::Column::Role.eq(Role::Gold))
            .filter(video::Column::State.eq(VideoState::Ready))
            .filter(video::Column::DeletedAt.is_null())
            .order_by_asc(video::Column::Id)
            // None is deleted until its preparation is queued.
            .lock_shared()
            .all(txn)
            .await?;
        // What a repeated request is answered: the version, then the jobs.
        let mut made = vec![Uuid::from_u128(version as u128)];
        for gold in &golds {
            made.push(jobs::queue_prepare(txn, gold, traceparent, now).await?);
        }
        audit::record(
            txn,
            now,
            "task.version",
            task_id,
            format!("version {version}"),
        )
        .await?;
        request.keep(txn, now, &made).await?;
        let task = read(txn, task_id).await?;
        Ok((task, made.split_off(1)))
    }

    pub(crate) async fn task(&self, id: Uuid) -> Result<TaskRow> {
        read(&self.db, id).await
    }

    pub(crate) async fn task_by_name(&self, name: &str) -> Result<TaskRow> {
        let row = task::Entity::find()
            .filter(task::Column::Name.eq(name))
            .one(&self.db)
            .await?;
        match row {
            Some(row) => with_version(&self.db, row).await,
            None => Err(Error::new(
                Reason::TaskNotFound,
                format!("there is no task named {name:?}: list the tasks to see what there is"),
            )),
        }
    }

    pub(crate) async fn list_tasks(
        &self,
        page: PageRequest<Uuid>,
        filter: &str,
    ) -> Result<Page<TaskRow>> {
        let mut query = task::Entity::find();
        if let Some(after) = page.after {
            query = query.filter(task::Column::Id.lt(after));
        }
        let found = query
            .order_by_desc(task::Column::Id)
            .limit(page.limit())
            .all(&self.db)
            .await?;
        let mut rows = Vec::with_capacity(found.len());
        for row in found {
            rows.push(with_version(&self.db, row).await?);
        }
        let bytes = |row: &TaskRow| row.current.procedure.encoded_len();
        Ok(page.page_of_bytes(rows, filter, |row| row.id, bytes))
    }

    pub(crate) async fn list_task_versions(
        &self,
        task_id: Uuid,
        page: PageRequest<i64>,
        filter: &str,
    ) -> Result<Page<VersionRow>> {
        find(&self.db, task_id).await?;
        let mut query =
            task_version::Entity::find().filter(task_version::Column::TaskId.eq(task_id));
        if let Some(after) = page.after {
            query = query.filter(task_version::Column::Version.lt(after));
        }
        let found = query
            .order_by_desc(task_version::Column::Version)
            .limit(page.limit())
            .all(&self.db)
            .await?;
        let rows = found.iter().map(decode).collect::<Result<_>>()?;
        let bytes = |row: &VersionRow| row.procedure.encoded_len();
        Ok(page.page_of_bytes(rows, filter, |row| i64::from(row.version), bytes))
    }

    pub(crate) async fn delete_task(&self, id: Uuid) -> Result<()> {
        self.write(|txn| async move { self.remove_task(&*txn, id).await })
            .await
    }

    async fn remove_task(&self, txn: &impl ConnectionTrait, id: Uuid) -> Result<()> {
        // No upload begins or becomes a video meanwhile.
        lock(txn, [id], LockType::Update).await?;
        let row = find(txn, id).await?;
        let videos = video::Entity::find()
            .filter(video::Column::TaskId.eq(id))
            .filter(video::Column::DeletedAt.is_null())
            .count(txn)
            .await?;
        let uploads: Vec<Uuid> = upload::Entity::find()
            .select_only()
            .column(upload::Column::Id)
            .filter(upload::Column::TaskId.eq(id))
            .order_by_desc(upload::Column::Id)
            .into_tuple()
            .all(txn)
            .await?;
        if videos > 0 || !uploads.is_empty() {
            return Err(in_use(&row.name, videos, &uploads));
        }
        task_version::Entity::delete_many()
            .filter(task_version::Column::TaskId.eq(id))
            .exec(txn)
            .await?;
        task::Entity::delete_by_id(id).exec(txn).await?;
        let detail = format!("{:?}", row.name);
        audit::record(txn, self.now(), "task.delete", id, detail).await
    }
}

/// Says what is in the way of deleting the task, and what to do about each.
fn in_use(name: &str, videos: u64, uploads: &[Uuid]) -> Error {
    let plural = |one| if one { "" } else { "s" };
    let mut left = Vec::new();
    if videos > 0 {
        let s = plural(videos == 1);
        left.push(format!("{videos} video{s} (delete with DeleteVideo)"));
    }
    if !uploads.is_empty() {
        let named: Vec<_> = uploads.iter().take(NAMED).map(Uuid::to_string).collect();
        let more = if uploads.len() > NAMED {
            " and more, see ListUploads"
        } else {
            ""
        };
        left.push(format!(
            "{} unfinished upload{} (finish, or forget with AbortUpload: {}{more})",
            uploads.len(),
            plural(uploads.len() == 1),
            named.join(", ")
        ));
    }
    let left = left.join(" and ");
    Error::new(Reason::TaskInUse, format!("task {name:?} still has {left}"))
}

/// Keeps tasks.
pub(super) async fn lock(
    txn: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
    how: LockType,
) -> Result<()> {
    dialect::lock::<task::Entity>(txn, task::Column::Id, ids, how).await
}

pub(super) async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<task::Model> {
    task::Entity::find_by_id(id)
        .one(connection)
        .await?
        .ok_or_else(|| {
            Error::new(
                Reason::TaskNotFound,
                format!("there is no task {id}: list the tasks to see what there is"),
            )
        })
}

/// The SOP of one version of a task.
pub(super) async fn procedure(
    connection: &impl ConnectionTrait,
    task_id: Uuid,
    version: i32,
) -> Result<Procedure> {
    Ok(version_row(connection, task_id, version).await?.procedure)
}

async fn read(connection: &impl ConnectionTrait, id: Uuid) -> Result<TaskRow> {
    let row = find(connection, id).await?;
    with_version(connection, row).await
}

async fn with_version(connection: &impl ConnectionTrait, row: task::Model) -> Result<TaskRow> {
    let current = version_row(connection, row.id, row.current_version).await?;
    Ok(TaskRow {
        id: row.id,
        name: row.name,
        current,
        created_at: row.created_at,
    })
}

async fn version_row(
    connection: &impl ConnectionTrait,
    task_id: Uuid,
    version: i32,
) -> Result<VersionRow> {
    let row = task_version::Entity::find_by_id((task_id, version))
        .one(connection)
        .await?;
    let row = row.ok_or_else(|| {
        let message = format!("task {task_id} has no version {version}");
        Error::new(Reason::TaskVersionNotFound, message)
    })?;
    decode(&row)
}

fn decode(row: &task_version::Model) -> Result<VersionRow> {
    Ok(VersionRow {
        version: row.version,
        procedure: Procedure::decode(row.procedure.as_slice())?,
        created_at: row.created_at,
    })
}

async fn insert_version(
    txn: &impl ConnectionTrait,
    task_id: Uuid,
    version: i32,
    procedure: &Procedure,
    now: i64,
) -> Result<()> {
    let retention = sopilot_wire::retention(procedure)
        .map_err(|wrong| ApiError::invalid(wrong.field, wrong.message))?;
    let row = task_version::ActiveModel {
        task_id: Set(task_id),
        version: Set(version),
        procedure: Set(procedure.encode_to_vec()),
        created_at: Set(now),
        retention: Set(retention.map(millis)),
    };
    task_version::Entity::insert(row).exec(txn).await?;
    Ok(())
}
