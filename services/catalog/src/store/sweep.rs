//! What time does to jobs: leases run out, retries come due, bells get lost.

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait,
    IntoActiveModel, QueryFilter, QuerySelect, sea_query::Expr,
};
use sopilot_chassis::Reason;

use super::{
    Failed, Store,
    claim::end_attempt,
    complete::give_up,
    entity::{JobState, Outcome, job},
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
    /// the only one and has just started: whoever held them is dead.
    pub(crate) async fn expire_all_leases(&self) -> Result<u64> {
        let result = job::Entity::update_many()
            .col_expr(job::Column::LeaseExpiresAt, Expr::value(0_i64))
            .filter(job::Column::State.eq(JobState::Running))
            .exec(&self.db)
            .await?;
        Ok(result.rows_affected)
    }

    async fn lose(&self, txn: &impl ConnectionTrait, job: job::Model, now: i64) -> Result<()> {
        end_attempt(txn, job.fencing_token, Outcome::Lost, None, now).await?;
        if job.attempt >= self.config.max_attempts as i32 {
            let failed = Failed::permanent(
                Reason::WorkerLost,
                format!(
                    "the worker disappeared in each of {} attempts: it may run out of memory on this input; look at the logs of the {:?} stage",
                    job.attempt, job.stage
                ),
            );
            return give_up(txn, job, &failed, now).await;
        }
        let mut queued = job.into_active_model();
        queued.state = Set(JobState::Queued);
        queued.run_after = Set(now);
        queued.rung_at = Set(0);
        queued.lease_expires_at = Set(None);
        queued.updated_at = Set(now);
        queued.update(txn).await?;
        Ok(())
    }

    async fn ring_due(&self, txn: &impl ConnectionTrait, now: i64) -> Result<usize> {
        let long_ago = now - millis(self.config.ring_again);
        let never_rung_since_due =
            Expr::col(job::Column::RungAt).lt(Expr::col(job::Column::RunAfter));
        let due = job::Entity::find()
            .filter(job::Column::State.eq(JobState::Queued))
            .filter(job::Column::Waiting.eq(false))
            .filter(job::Column::RunAfter.lte(now))
            .filter(never_rung_since_due.or(Expr::col(job::Column::RungAt).lt(long_ago)))
            .limit(BATCH)
            .all(txn)
            .await?;
        let count = due.len();
        for job in due {
            outbox::ring(txn, &job, now).await?;
            let mut rung = job.into_active_model();
            rung.rung_at = Set(now);
            rung.update(txn).await?;
        }
        Ok(count)
    }
}
