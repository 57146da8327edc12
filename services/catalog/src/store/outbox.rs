//! Bells to be rung: written with the job they ring for, rung by the relay.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, Iterable, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use super::{
    Store,
    entity::{Stage, job, outbox},
};
use crate::error::Result;

/// A bell to be rung.
#[derive(Debug)]
pub(crate) struct Bell {
    pub(crate) id: i64,
    pub(crate) job_id: Uuid,
    pub(crate) stage: Stage,
    pub(crate) attempt: i32,
    pub(crate) traceparent: String,
    pub(crate) created_at: i64,
}

/// Puts a bell for `job` into the outbox.
pub(super) async fn ring(txn: &impl ConnectionTrait, job: &job::Model, now: i64) -> Result<()> {
    let row = outbox::ActiveModel {
        job_id: Set(job.id),
        stage: Set(job.stage),
        attempt: Set(job.attempt),
        traceparent: Set(job.traceparent.clone()),
        created_at: Set(now),
        ..Default::default()
    };
    outbox::Entity::insert(row).exec(txn).await?;
    Ok(())
}

impl Store {
    /// The oldest bells of every stage that have not been rung, at most
    /// `limit` a stage: a stage whose queue refuses holds back no other.
    pub(crate) async fn bells(&self, limit: u64) -> Result<Vec<Bell>> {
        let mut rows = Vec::new();
        for stage in Stage::iter() {
            let waiting = outbox::Entity::find()
                .filter(outbox::Column::Stage.eq(stage))
                .order_by_asc(outbox::Column::Id)
                .limit(limit);
            rows.extend(waiting.all(&self.db).await?);
        }
        Ok(rows
            .into_iter()
            .map(|row| Bell {
                id: row.id,
                job_id: row.job_id,
                stage: row.stage,
                attempt: row.attempt,
                traceparent: row.traceparent,
                created_at: row.created_at,
            })
            .collect())
    }

    /// Forgets bells that the broker has confirmed.
    pub(crate) async fn forget_bells(&self, rung: Vec<i64>) -> Result<()> {
        outbox::Entity::delete_many()
            .filter(outbox::Column::Id.is_in(rung))
            .exec(&self.db)
            .await?;
        Ok(())
    }
}
