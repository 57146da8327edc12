//! Bells to be rung: written with the job they ring for, rung by the relay.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, Iterable, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

use super::{
    Store, dialect,
    entity::{Stage, job, outbox},
};
use crate::error::Result;

/// How long what a relay has taken is its own: longer than a broker takes to
/// confirm a batch.
pub(super) const TAKEN: i64 = 30_000;

/// Taken until long ago. Of the same type as any other such time: PostgreSQL
/// prepares one statement for both.
pub(super) const FREE: i64 = 0;

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
        taken_until: Set(0),
        ..Default::default()
    };
    outbox::Entity::insert(row).exec(txn).await?;
    Ok(())
}

/// Gives back whatever relays have taken.
pub(super) async fn give_all_back(txn: &impl ConnectionTrait) -> Result<()> {
    outbox::Entity::update_many()
        .col_expr(outbox::Column::TakenUntil, Expr::value(FREE))
        .filter(outbox::Column::TakenUntil.gt(FREE))
        .exec(txn)
        .await?;
    Ok(())
}

impl Store {
    /// Takes the oldest bells of every stage that nobody has taken, at most
    /// `limit` a stage: a stage whose queue refuses holds back no other. They
    /// are the caller's until it forgets them, gives them back, or has had
    /// them for longer than a relay takes; so two replicas seldom ring for the
    /// same, which is harmless.
    pub(crate) async fn take_bells(&self, limit: u64) -> Result<Vec<Bell>> {
        let now = self.now();
        // Most of the time there is none: then nothing is locked.
        let free = &outbox::Column::TakenUntil.lte(now);
        let first = outbox::Entity::find()
            .filter(free.clone())
            .order_by_asc(outbox::Column::Id);
        if first.one(&self.db).await?.is_none() {
            return Ok(Vec::new());
        }
        self.write(|txn| async move {
            let txn = &*txn;
            let mut rows = Vec::new();
            for stage in Stage::iter() {
                let waiting = outbox::Entity::find()
                    .filter(outbox::Column::Stage.eq(stage))
                    .filter(free.clone())
                    .order_by_asc(outbox::Column::Id)
                    .limit(limit);
                rows.extend(dialect::skip_locked(waiting).all(txn).await?);
            }
            let taken = rows.iter().map(|row| row.id);
            outbox::Entity::update_many()
                .col_expr(outbox::Column::TakenUntil, Expr::value(now + TAKEN))
                .filter(outbox::Column::Id.is_in(taken))
                .exec(txn)
                .await?;
            Ok(rows.into_iter().map(Bell::from).collect())
        })
        .await
    }

    /// Forgets bells that the broker has confirmed.
    pub(crate) async fn forget_bells(&self, rung: Vec<i64>) -> Result<()> {
        outbox::Entity::delete_many()
            .filter(outbox::Column::Id.is_in(rung))
            .exec(&self.db)
            .await?;
        Ok(())
    }

    /// Gives back bells that could not be rung.
    pub(crate) async fn give_back_bells(&self, taken: Vec<i64>) -> Result<()> {
        outbox::Entity::update_many()
            .col_expr(outbox::Column::TakenUntil, Expr::value(FREE))
            .filter(outbox::Column::Id.is_in(taken))
            .exec(&self.db)
            .await?;
        Ok(())
    }

    /// All bells in the outbox, taken or not.
    #[cfg(test)]
    pub(crate) async fn bells(&self) -> Result<Vec<Bell>> {
        let rows = outbox::Entity::find().all(&self.db).await?;
        Ok(rows.into_iter().map(Bell::from).collect())
    }
}

impl From<outbox::Model> for Bell {
    fn from(row: outbox::Model) -> Self {
        Self {
            id: row.id,
            job_id: row.job_id,
            stage: row.stage,
            attempt: row.attempt,
            traceparent: row.traceparent,
            created_at: row.created_at,
        }
    }
}
