//! What time does to jobs: leases run out, retries come due, bells get lost.

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait,
    ExprTrait, IntoActiveModel, Iterable, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use sopilot_chassis::Reason;

use super::{
    Failed, Store,
    claim::end_attempt,
    complete::give_up,
    entity::{JobState, Outcome, Stage, job},
    millis, outbox,
};
use crate::error::Result;

/// Jobs that one sweep handles at most; the next one takes the rest.
const BATCH: u64 = 500;

/// What a sweep did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Swept {
    /// Leases that had run out.
    pub(crate) lost_leases: usize,
    /// Bells that were rung again.
    pub(crate) rung: usize,
}

impl Store {
    /// Takes back leases that have run out and rings for jobs that are due and
    /// have not been rung for lately.
    pub(crate) async fn sweep_jobs(&self) -> Result<Swept> {
        let txn = self.begin().await?;
        let now = self.now();
        let expired = job::Entity::find()
            .filter(job::Column::State.eq(JobState::Running))
            .filter(job::Column::LeaseExpiresAt.lt(now))
            .limit(BATCH)
            .all(&txn)
            .await?;
        let lost_leases = expired.len();
        for job in expired {
            self.lose(&txn, job, now).await?;
        }
        let rung = self.ring_due(&txn, now).await?;
        txn.commit().await?;
        if rung > 0 {
            self.outbox_filled.notify_one();
        }
        Ok(Swept { lost_leases, rung })
    }

    /// Takes back every lease now. Only for a process that knows itself to be
    /// the only one and has just started: whoever held them is dead. That is no
    /// fault of the jobs, so it does not count as an attempt.
    pub(crate) async fn take_back_leases(&self) -> Result<usize> {
        let txn = self.begin().await?;
        let now = self.now();
        let held = job::Entity::find()
            .filter(job::Column::State.eq(JobState::Running))
            .all(&txn)
            .await?;
        let count = held.len();
        for job in held {
            end_attempt(&txn, job.fencing_token, Outcome::Lost, None, now).await?;
            requeue(&txn, job, Counts::No, now).await?;
        }
        txn.commit().await?;
        Ok(count)
    }

    async fn lose(&self, txn: &impl ConnectionTrait, job: job::Model, now: i64) -> Result<()> {
        end_attempt(txn, job.fencing_token, Outcome::Lost, None, now).await?;
        if job.attempt >= self.config.max_attempts as i32 {
            let failed = Failed::permanent(
                Reason::WorkerLost,
                format!(
                    "it was tried {} times, and the last worker disappeared in the middle: it may have run out of memory; look at the logs of the {:?} stage",
                    job.attempt, job.stage
                ),
            );
            return give_up(txn, job, &failed, now).await;
        }
        requeue(txn, job, Counts::Yes, now).await
    }

    /// One bell for each stage at which work is due that was not rung for
    /// since, or not lately. A bell says only that work waits, and a worker
    /// claims until nothing does: one is enough, however much waits.
    async fn ring_due(&self, txn: &impl ConnectionTrait, now: i64) -> Result<usize> {
        let long_ago = now - millis(self.config.ring_again);
        let unheard = Expr::col(job::Column::RungAt)
            .lt(Expr::col(job::Column::RunAfter))
            .or(Expr::col(job::Column::RungAt).lt(long_ago));
        let due = Condition::all()
            .add(job::Column::State.eq(JobState::Queued))
            .add(job::Column::Waiting.eq(false))
            .add(job::Column::RunAfter.lte(now));
        let mut count = 0;
        for stage in Stage::iter() {
            let due = due.clone().add(job::Column::Stage.eq(stage));
            let oldest = job::Entity::find()
                .filter(due.clone())
                .filter(unheard.clone())
                .order_by_asc(job::Column::Id)
                .one(txn)
                .await?;
            let Some(oldest) = oldest else { continue };
            outbox::ring(txn, &oldest, now).await?;
            job::Entity::update_many()
                .col_expr(job::Column::RungAt, Expr::value(now))
                .filter(due)
                .exec(txn)
                .await?;
            count += 1;
        }
        Ok(count)
    }
}

/// Whether the attempt that ends counts towards the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    Yes,
    No,
}

/// Puts a job whose attempt ended without a result back to where it waits.
pub(super) async fn requeue(
    txn: &impl ConnectionTrait,
    job: job::Model,
    counts: Counts,
    now: i64,
) -> Result<()> {
    let attempt = job.attempt - i32::from(counts == Counts::No);
    let mut queued = job.into_active_model();
    queued.state = Set(JobState::Queued);
    queued.attempt = Set(attempt);
    queued.run_after = Set(now);
    queued.rung_at = Set(0);
    queued.lease_expires_at = Set(None);
    queued.updated_at = Set(now);
    queued.update(txn).await?;
    Ok(())
}
