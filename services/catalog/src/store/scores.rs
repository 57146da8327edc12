//! Scores and what people say about them.

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect,
};
use sopilot_chassis::Reason;
use sopilot_proto::{catalog::v1::ReviewDecision, id::ReviewId, scoring::v1::Verdict};
use uuid::Uuid;

use super::{
    Page, PageRequest, Request, Store, audit,
    entity::{JobKind, JobState, review, score},
    jobs,
};
use crate::error::{Error, Result};

pub(crate) use review::Model as ReviewRow;
pub(crate) use score::Model as ScoreRow;

/// Which scores to list.
#[derive(Debug, Default)]
pub(crate) struct ScoreFilter {
    pub(crate) task_id: Option<Uuid>,
    pub(crate) trainee: Option<Uuid>,
}

/// A review to be added.
#[derive(Debug)]
pub(crate) struct NewReview {
    pub(crate) job_id: Uuid,
    /// About this deviation, or else about the verdict.
    pub(crate) deviation: Option<u32>,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) decision: ReviewDecision,
    pub(crate) reviewer: String,
    pub(crate) reason: String,
}

impl Store {
    /// The score that a job made.
    pub(crate) async fn score(&self, job_id: Uuid) -> Result<ScoreRow> {
        if let Some(row) = score::Entity::find_by_id(job_id).one(&self.db).await? {
            return Ok(row);
        }
        let job = jobs::read(&self.db, job_id).await?.job;
        let message = match (job.kind, job.state) {
            (JobKind::Ingest | JobKind::Prepare, _) => {
                format!("job {job_id} does not score: ask for the report of a score job")
            }
            (JobKind::Score, JobState::Queued | JobState::Running) => {
                format!("job {job_id} has not ended: watch it until it has")
            }
            (JobKind::Score, JobState::Failed) => format!(
                "job {job_id} failed: {}",
                job.failure_message.as_deref().unwrap_or("without a reason")
            ),
            (JobKind::Score, JobState::Cancelled) => {
                format!("job {job_id} was cancelled: submit the score again")
            }
            (JobKind::Score, JobState::Succeeded) => {
                format!("the report of job {job_id} was deleted with one of its videos")
            }
        };
        Err(Error::new(Reason::ScoreNotReady, message))
    }

    pub(crate) async fn list_scores(
        &self,
        filter: &ScoreFilter,
        page: PageRequest<Uuid>,
        filter_text: &str,
    ) -> Result<Page<ScoreRow>> {
        let mut query = score::Entity::find();
        if let Some(task_id) = filter.task_id {
            query = query.filter(score::Column::TaskId.eq(task_id));
        }
        if let Some(trainee) = filter.trainee {
            query = query.filter(score::Column::TraineeVideoId.eq(trainee));
        }
        if let Some(after) = page.after {
            query = query.filter(score::Column::JobId.lt(after));
        }
        let rows = query
            .order_by_desc(score::Column::JobId)
            .limit(page.limit())
            .all(&self.db)
            .await?;
        Ok(page.page(rows, filter_text, |row| row.job_id))
    }

    pub(crate) async fn create_review(
        &self,
        new: NewReview,
        request: &Request,
    ) -> Result<ReviewRow> {
        // Tells an unknown job from one without a report.
        let seen = self.score(new.job_id).await?;
        let (new, job_id) = (&new, seen.job_id);
        self.write(|txn| async move { self.new_review(&*txn, new, job_id, request).await })
            .await
    }

    async fn new_review(
        &self,
        txn: &impl ConnectionTrait,
        new: &NewReview,
        job_id: Uuid,
        request: &Request,
    ) -> Result<ReviewRow> {
        if let Some(made) = request.answered(txn).await? {
            let id = *made.first().unwrap_or(&Uuid::nil());
            return review::Entity::find_by_id(id)
                .one(txn)
                .await?
                .ok_or_else(|| {
                    Error::new(
                        Reason::ScoreNotReady,
                        "the review was deleted with its report",
                    )
                });
        }
        let score = score::Entity::find_by_id(job_id)
            .lock_exclusive()
            .one(txn)
            .await?
            .ok_or_else(|| {
                Error::new(
                    Reason::ScoreNotReady,
                    "the report was deleted with one of its videos",
                )
            })?;
        let verdict = check(new, &score)?;
        let now = self.now();
        let row = ReviewRow {
            id: ReviewId::new().uuid(),
            job_id,
            deviation: new.deviation.map(|deviation| deviation as i32),
            verdict: verdict.map(i32::from),
            decision: new.decision.into(),
            reviewer: new.reviewer.clone(),
            reason: new.reason.clone(),
            created_at: now,
        };
        let inserted = review::ActiveModel::from(row.clone()).reset_all();
        review::Entity::insert(inserted).exec(txn).await?;
        if let Some(verdict) = verdict {
            let mut changed = score.into_active_model();
            changed.effective_verdict = Set(verdict.into());
            changed.update(txn).await?;
        }
        let detail = format!("job {} by {:?}", row.job_id, row.reviewer);
        audit::record(txn, now, "review.create", row.id, detail).await?;
        request.keep(txn, now, &[row.id]).await?;
        Ok(row)
    }

    pub(crate) async fn list_reviews(
        &self,
        job_id: Uuid,
        page: PageRequest<Uuid>,
        filter: &str,
    ) -> Result<Page<ReviewRow>> {
        jobs::read(&self.db, job_id).await?;
        let mut query = review::Entity::find().filter(review::Column::JobId.eq(job_id));
        if let Some(after) = page.after {
            query = query.filter(review::Column::Id.gt(after));
        }
        let rows = query
            .order_by_asc(review::Column::Id)
            .limit(page.limit())
            .all(&self.db)
            .await?;
        Ok(page.page(rows, filter, |row| row.id))
    }
}

/// The verdict that counts after the review, if it is about the verdict.
fn check(new: &NewReview, score: &ScoreRow) -> Result<Option<Verdict>> {
    let invalid = |message: String| Err(Error::new(Reason::ReviewInvalid, message));
    if let Some(deviation) = new.deviation {
        if i64::from(deviation) >= i64::from(score.deviation_count) {
            return invalid(format!(
                "the report has {} deviations: there is none at place {}",
                score.deviation_count,
                u64::from(deviation) + 1
            ));
        }
        return Ok(None);
    }
    let own = Verdict::try_from(score.verdict).unwrap_or_default();
    let said = new.verdict.unwrap_or_default();
    match new.decision {
        ReviewDecision::Confirmed if said == Verdict::Unspecified || said == own => Ok(Some(own)),
        ReviewDecision::Confirmed => invalid(format!(
            "confirming {own:?} cannot make it {said:?}: overrule it instead"
        )),
        ReviewDecision::Overruled if said != Verdict::Unspecified && said != own => Ok(Some(said)),
        ReviewDecision::Overruled => invalid(format!(
            "overruling {own:?} takes another verdict: say which should stand"
        )),
        ReviewDecision::Unspecified => {
            invalid("say whether the review confirms or overrules".to_owned())
        }
    }
}
