//! `JobService`.

use std::{pin::Pin, time::Duration};

use futures::Stream;
use prost::Message;
use sopilot_chassis::{ApiError, Reason};
use sopilot_proto::{
    catalog::v1::{
        CancelJobRequest, CancelJobResponse, GetJobRequest, GetJobResponse, Job, JobState,
        ListJobsRequest, ListJobsResponse, SubmitPrepareRequest, SubmitPrepareResponse,
        SubmitScoreRequest, SubmitScoreResponse, WatchJobRequest, WatchJobResponse,
        job_service_server::JobService,
    },
    id::{JobId, TaskId, VideoId},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    Handlers,
    convert::{id, job_kind, job_state, optional_id, wire_enum, wire_job},
    traceparent,
};
use crate::store::{self, JobFilter, NewScore, PageRequest};

/// Golds that one trainee may be scored against at once.
const MAX_GOLDS: usize = 8;

#[tonic::async_trait]
impl JobService for Handlers {
    async fn submit_score(
        &self,
        request: Request<SubmitScoreRequest>,
    ) -> Result<Response<SubmitScoreResponse>, Status> {
        let traceparent = traceparent(&request);
        let message = request.into_inner();
        let trainee = id::<VideoId>("trainee_video_id", &message.trainee_video_id)?;
        let golds = golds(&message.gold_video_ids)?;
        let repeatable =
            store::Request::new("SubmitScore", &message.request_id, &message.encode_to_vec())?;
        let new = NewScore {
            golds,
            trainee: trainee.uuid(),
        };
        let job = self
            .store
            .submit_score(&new, &repeatable, &traceparent)
            .await?;
        Ok(Response::new(SubmitScoreResponse {
            job: Some(wire_job(job)),
        }))
    }

    async fn submit_prepare(
        &self,
        request: Request<SubmitPrepareRequest>,
    ) -> Result<Response<SubmitPrepareResponse>, Status> {
        let traceparent = traceparent(&request);
        let message = request.into_inner();
        let gold = id::<VideoId>("video_id", &message.video_id)?;
        let repeatable = store::Request::new(
            "SubmitPrepare",
            &message.request_id,
            &message.encode_to_vec(),
        )?;
        let job = self
            .store
            .submit_prepare(gold.uuid(), &repeatable, &traceparent)
            .await?;
        Ok(Response::new(SubmitPrepareResponse {
            job: Some(wire_job(job)),
        }))
    }

    async fn get_job(
        &self,
        request: Request<GetJobRequest>,
    ) -> Result<Response<GetJobResponse>, Status> {
        let job_id = id::<JobId>("job_id", &request.into_inner().job_id)?;
        let job = self.store.job(job_id.uuid()).await?;
        Ok(Response::new(GetJobResponse {
            job: Some(wire_job(job)),
        }))
    }

    async fn list_jobs(
        &self,
        request: Request<ListJobsRequest>,
    ) -> Result<Response<ListJobsResponse>, Status> {
        let message = request.into_inner();
        let filter = JobFilter {
            task_id: optional_id::<TaskId>("task_id", &message.task_id)?.map(TaskId::uuid),
            video_id: optional_id::<VideoId>("video_id", &message.video_id)?.map(VideoId::uuid),
            kind: wire_enum("kind", message.kind)?.and_then(job_kind),
            state: wire_enum("state", message.state)?.and_then(job_state),
        };
        let text = format!("{filter:?}");
        let page = PageRequest::new(message.page_size, &message.page_token, &text)?;
        let page = self.store.list_jobs(&filter, page, &text).await?;
        Ok(Response::new(ListJobsResponse {
            jobs: page.rows.into_iter().map(wire_job).collect(),
            next_page_token: page.next_token,
        }))
    }

    async fn cancel_job(
        &self,
        request: Request<CancelJobRequest>,
    ) -> Result<Response<CancelJobResponse>, Status> {
        let job_id = id::<JobId>("job_id", &request.into_inner().job_id)?;
        let job = self.store.cancel_job(job_id.uuid()).await?;
        Ok(Response::new(CancelJobResponse {
            job: Some(wire_job(job)),
        }))
    }

    type WatchJobStream =
        Pin<Box<dyn Stream<Item = Result<WatchJobResponse, Status>> + Send + 'static>>;

    async fn watch_job(
        &self,
        request: Request<WatchJobRequest>,
    ) -> Result<Response<Self::WatchJobStream>, Status> {
        let message = request.into_inner();
        let job_id = id::<JobId>("job_id", &message.job_id)?.uuid();
        let interval = poll_interval(message.poll_interval)?;
        let first = wire_job(self.store.job(job_id).await?);
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(watch(self.clone(), job_id, first, interval, sender));
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

/// Sends the job whenever its row has changed, until it has ended or the
/// caller has gone.
async fn watch(
    handlers: Handlers,
    job_id: Uuid,
    first: Job,
    interval: Duration,
    sender: mpsc::Sender<Result<WatchJobResponse, Status>>,
) {
    let mut job = first;
    loop {
        let ended = matches!(
            job.state(),
            JobState::Succeeded | JobState::Failed | JobState::Cancelled
        );
        let message = WatchJobResponse {
            job: Some(job.clone()),
        };
        if sender.send(Ok(message)).await.is_err() || ended {
            return;
        }
        job = loop {
            tokio::select! {
                () = tokio::time::sleep(interval) => {}
                () = sender.closed() => return,
                () = handlers.draining.cancelled() => {
                    let error = ApiError::new(
                        Reason::Unavailable,
                        "the catalog is stopping: watch the job again",
                    );
                    let _ = sender.send(Err(error.into())).await;
                    return;
                }
            }
            match handlers.store.job(job_id).await.map(wire_job) {
                Ok(now) if seen(&now) == seen(&job) => {}
                Ok(now) => break now,
                Err(error) => {
                    let _ = sender.send(Err(error.into())).await;
                    return;
                }
            }
        };
    }
}

/// What of a job is worth telling: a lease that was renewed is not.
fn seen(job: &Job) -> Job {
    Job {
        lease_expires_at: None,
        updated_at: None,
        ..job.clone()
    }
}

fn golds(texts: &[String]) -> Result<Vec<Uuid>, ApiError> {
    if texts.is_empty() || texts.len() > MAX_GOLDS {
        return Err(ApiError::invalid(
            "gold_video_ids",
            format!("name 1 to {MAX_GOLDS} golds; {} were named", texts.len()),
        ));
    }
    let mut golds = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let gold = id::<VideoId>(&format!("gold_video_ids[{index}]"), text)?.uuid();
        if golds.contains(&gold) {
            return Err(ApiError::invalid(
                format!("gold_video_ids[{index}]"),
                format!("gold {gold} is named twice"),
            ));
        }
        golds.push(gold);
    }
    Ok(golds)
}

fn poll_interval(wanted: Option<prost_types::Duration>) -> Result<Duration, ApiError> {
    let Some(wanted) = wanted else {
        return Ok(Duration::from_millis(250));
    };
    let range = Duration::from_millis(50)..=Duration::from_mins(1);
    Duration::try_from(wanted)
        .ok()
        .filter(|wanted| range.contains(wanted))
        .ok_or_else(|| ApiError::invalid("poll_interval", "must be from 0.05 s to 60 s"))
}
