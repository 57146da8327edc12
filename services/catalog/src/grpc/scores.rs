//! `ScoreService`.

use prost::Message;
use sopilot_blob::Key;
use sopilot_chassis::ApiError;
use sopilot_proto::{
    catalog::v1::{
        CreateReviewRequest, CreateReviewResponse, GetScoreReportRequest, GetScoreReportResponse,
        ListAuditEventsRequest, ListAuditEventsResponse, ListReviewsRequest, ListReviewsResponse,
        ListScoresRequest, ListScoresResponse, ReviewDecision, review::Subject,
        score_service_server::ScoreService,
    },
    id::{JobId, TaskId, VideoId},
    scoring::v1::ScoreReport,
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    Handlers,
    convert::{check_text, id, optional_id, wire_audit_event, wire_enum, wire_review, wire_score},
};
use crate::{
    error::Error,
    store::{self, NewReview, PageRequest, ScoreFilter},
};

/// Largest report that is read, in bytes.
const MAX_REPORT_BYTES: u64 = 8 << 20;

#[tonic::async_trait]
impl ScoreService for Handlers {
    async fn get_score_report(
        &self,
        request: Request<GetScoreReportRequest>,
    ) -> Result<Response<GetScoreReportResponse>, Status> {
        let message = request.into_inner();
        let job_id = id::<JobId>("job_id", &message.job_id)?;
        let score = self.store.score(job_id.uuid()).await?;
        let mut report = self.report(&score.report_key).await?;
        if !message.include_comparison {
            report.comparison = None;
        }
        Ok(Response::new(GetScoreReportResponse {
            report: Some(report),
            effective_verdict: score.effective_verdict,
        }))
    }

    async fn list_scores(
        &self,
        request: Request<ListScoresRequest>,
    ) -> Result<Response<ListScoresResponse>, Status> {
        let message = request.into_inner();
        let filter = ScoreFilter {
            task_id: optional_id::<TaskId>("task_id", &message.task_id)?.map(TaskId::uuid),
            trainee: optional_id::<VideoId>("trainee_video_id", &message.trainee_video_id)?
                .map(VideoId::uuid),
        };
        let text = format!("{filter:?}");
        let page = PageRequest::new(message.page_size, &message.page_token, &text)?;
        let page = self.store.list_scores(&filter, page, &text).await?;
        Ok(Response::new(ListScoresResponse {
            scores: page.rows.iter().map(wire_score).collect(),
            next_page_token: page.next_token,
        }))
    }

    async fn create_review(
        &self,
        request: Request<CreateReviewRequest>,
    ) -> Result<Response<CreateReviewResponse>, Status> {
        let message = request.into_inner();
        let repeatable = store::Request::new(
            "CreateReview",
            &message.request_id,
            &message.encode_to_vec(),
        )?;
        let new = new_review(message)?;
        let review = self.store.create_review(new, &repeatable).await?;
        Ok(Response::new(CreateReviewResponse {
            review: Some(wire_review(review)),
        }))
    }

    async fn list_reviews(
        &self,
        request: Request<ListReviewsRequest>,
    ) -> Result<Response<ListReviewsResponse>, Status> {
        let message = request.into_inner();
        let job_id = id::<JobId>("job_id", &message.job_id)?;
        let filter = format!("reviews {job_id}");
        let page = PageRequest::new(message.page_size, &message.page_token, &filter)?;
        let page = self
            .store
            .list_reviews(job_id.uuid(), page, &filter)
            .await?;
        Ok(Response::new(ListReviewsResponse {
            reviews: page.rows.into_iter().map(wire_review).collect(),
            next_page_token: page.next_token,
        }))
    }

    async fn list_audit_events(
        &self,
        request: Request<ListAuditEventsRequest>,
    ) -> Result<Response<ListAuditEventsResponse>, Status> {
        let message = request.into_inner();
        let subject = match message.subject_id.as_str() {
            "" => None,
            text => Some(Uuid::try_parse(text).map_err(|_| {
                ApiError::invalid(
                    "subject_id",
                    "is not the id of a task, video, job or review",
                )
            })?),
        };
        let filter = format!("audit {subject:?}");
        let page = PageRequest::new(message.page_size, &message.page_token, &filter)?;
        let page = self.store.list_audit_events(subject, page, &filter).await?;
        Ok(Response::new(ListAuditEventsResponse {
            events: page.rows.into_iter().map(wire_audit_event).collect(),
            next_page_token: page.next_token,
        }))
    }
}

impl Handlers {
    async fn report(&self, key: &str) -> Result<ScoreReport, Error> {
        let key = Key::parse(key)?;
        let bytes = self.blobs.get(&key, MAX_REPORT_BYTES).await?;
        Ok(ScoreReport::decode(bytes)?)
    }
}

fn new_review(message: CreateReviewRequest) -> Result<NewReview, ApiError> {
    let review = message
        .review
        .ok_or_else(|| ApiError::invalid("review", "must be set"))?;
    let job_id = id::<JobId>("review.job_id", &review.job_id)?.uuid();
    let (deviation, verdict) = match review.subject {
        Some(Subject::Deviation(deviation)) => (Some(deviation), None),
        Some(Subject::Verdict(subject)) => {
            (None, wire_enum("review.verdict.verdict", subject.verdict)?)
        }
        None => {
            return Err(ApiError::invalid(
                "review.subject",
                "say whether the review is about a deviation or the verdict",
            ));
        }
    };
    let decision: ReviewDecision = wire_enum("review.decision", review.decision)?
        .ok_or_else(|| ApiError::invalid("review.decision", "must be set"))?;
    if review.reviewer.trim().is_empty() {
        return Err(ApiError::invalid("review.reviewer", "must not be empty"));
    }
    check_text("review.reviewer", &review.reviewer, 200)?;
    let length = review.reason.chars().count();
    if review.reason.trim().is_empty() || length > 2000 {
        return Err(ApiError::invalid(
            "review.reason",
            "must have 1 to 2000 characters",
        ));
    }
    Ok(NewReview {
        job_id,
        deviation,
        verdict,
        decision,
        reviewer: review.reviewer,
        reason: review.reason,
    })
}
