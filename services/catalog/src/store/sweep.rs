//! What time does to jobs: leases run out, retries come due, bells get lost.

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait,
    IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use sopilot_chassis::Reason;
use uuid::Uuid;

use super::{
    Failed, Store,
    claim::end_attempt,
    complete::give_up,
    dialect::{self, Alone},
    entity::{JobState, Outcome, job, stage_bell},
    events, jobs, millis, outbox,
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
    /// have not been rung for lately. Nothing, while another replica does.
    pub(crate) async fn sweep_jobs(&self) -> Result<Swept> {
        let swept = self
            .write(|txn| async move {
                let txn = &*txn;
                if !dialect::is_alone(txn, Alone::SweepJobs).await? {
                    return Ok(Swept::default());
                }
                let now = self.now();
                Ok(Swept {
                    lost_leases: self.lose_expired(txn, now).await?,
                    rung: self.ring_due(txn, now).await?,
                })
            })
            .await?;
        if swept.rung > 0 {
            self.outbox_filled.notify_one();
        }
        if swept.lost_leases > 0 {
            self.events_filled.notify_one();
        }
        Ok(swept)
    }

    /// Takes back every lease now, and whatever the relay had taken. Only for
    /// a process that knows itself to be the only one and has just started:
    /// whoever held them is dead. That is no fault of the jobs, so it does not
    /// count as an attempt.
    pub(crate) async fn take_back_leases(&self) -> Result<usize> {
        self.write(|txn| async move {
            let txn = &*txn;
            let now = self.now();
            let held = job::Entity::find()
                .filter(job::Column::State.eq(JobState::Running))
                .lock_exclusive()
                .all(txn)
                .await?;
            let count = held.len();
            for job in held {
                end_attempt(txn, job.fencing_token, Outcome::Lost, None, now).await?;
                requeue(txn, job, Counts::No, now).await?;
            }
            outbox::give_all_back(txn).await?;
            events::give_all_back(txn).await?;
            Ok(count)
        })
        .await
    }

    async fn lose_expired(&self, txn: &impl ConnectionTrait, now: i64) -> Result<usize> {
        let expired = job::Entity::find()
            .filter(job::Column::State.eq(JobState::Running))
            .filter(job::Column::LeaseExpiresAt.lt(now))
            .limit(BATCH);
        let mut lost = expired.clone().all(txn).await?;
        if lost.is_empty() {
            return Ok(0);
        }
        if dialect::locks_rows(txn) {
            let ids: Vec<Uuid> = lost.iter().map(|job| job.id).collect();
            jobs::lock_to_end(txn, &ids).await?;
            // Some may have been completed or renewed before they were locked.
            let expired = expired.filter(job::Column::Id.is_in(ids));
            lost = expired.all(txn).await?;
        }
        let count = lost.len();
        for job in lost {
            self.lose(txn, job, now).await?;
        }
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
    /// claims until nothing does: one is enough, however much waits. When the
    /// sweep last rang is kept for the stage: to note it on every job would
    /// write all that wait, again and again.
    async fn ring_due(&self, txn: &impl ConnectionTrait, now: i64) -> Result<usize> {
        let long_ago = now - millis(self.config.ring_again);
        let mut count = 0;
        for row in stage_bell::Entity::find().all(txn).await? {
            let due = || {
                job::Entity::find()
                    .filter(job::Column::State.eq(JobState::Queued))
                    .filter(job::Column::Stage.eq(row.stage))
                    .filter(job::Column::Waiting.eq(false))
                    .filter(job::Column::RunAfter.lte(now))
                    .order_by_asc(job::Column::RunAfter)
            };
            let since = due()
                .filter(job::Column::RunAfter.gte(row.rung_at))
                .filter(Expr::col(job::Column::RungAt).lt(Expr::col(job::Column::RunAfter)));
            let mut unheard = since.one(txn).await?;
            if unheard.is_none() && row.rung_at < long_ago {
                let lately = due().filter(job::Column::RungAt.lt(long_ago));
                unheard = lately.one(txn).await?;
            }
            let Some(unheard) = unheard else { continue };
            outbox::ring(txn, &unheard, now).await?;
            let mut rung = row.into_active_model();
            rung.rung_at = Set(now);
            rung.update(txn).await?;
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
