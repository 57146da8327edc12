//! The loop of every worker: hear the bell, claim, heartbeat, complete.
//!
//! A message says that work waits; the claim takes whatever waits, up to the
//! free slots, so a batch forms by itself and a doubled message finds nothing.
//! The message is acknowledged once the work is claimed: from then on the
//! lease, not the broker, knows who works on what. A worker may be killed at
//! any instant; its leases run out and others take over, and its late results
//! are refused by their fencing token.

mod attempt;
mod heartbeat;

use std::{num::NonZeroU16, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::StreamExt;
use prost::Message as _;
use sopilot_bus::{Bus, Delivery, JobQueue, Queue, Rejection};
use sopilot_chassis::{
    ApiError, PeerChannel, Reason, RetryConfig, RetryPolicy, Shutdown, retry_idempotent,
};
use sopilot_proto::catalog::v1::{
    AttemptFailure, ClaimJobsRequest, ClaimedJob, CompleteJobsRequest, CompletionStatus, Doorbell,
    FailureKind, JobCompletion, JobStage, job_completion::Outcome,
    worker_service_client::WorkerServiceClient,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use attempt::{AttemptError, JobContext};
use heartbeat::Heartbeats;

/// What a worker does with a job.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Works on one job and answers what it made, as the outcome of its stage.
    /// Must end soon once `context` is cancelled.
    async fn run(&self, job: ClaimedJob, context: JobContext) -> Result<Outcome, AttemptError>;
}

/// How a worker works.
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// Name of this process, for people.
    pub name: String,
    /// The queue that rings for it.
    pub queue: JobQueue,
    /// Jobs that are worked on at the same time.
    pub slots: NonZeroU16,
}

/// Longest pause between attempts to reach a broker or catalog that is down.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A worker of one stage.
pub struct Worker {
    config: WorkerConfig,
    catalog: WorkerServiceClient<PeerChannel>,
    retry: RetryPolicy,
    bus: Arc<dyn Bus>,
    handler: Arc<dyn Handler>,
    slots: Arc<Semaphore>,
    heartbeats: Heartbeats,
}

impl Worker {
    /// A worker that claims from the catalog behind `channel`.
    pub fn new(
        config: WorkerConfig,
        channel: PeerChannel,
        bus: Arc<dyn Bus>,
        handler: Arc<dyn Handler>,
    ) -> Self {
        let retry = RetryPolicy::new(channel.peer(), RetryConfig::default());
        let catalog = WorkerServiceClient::new(channel);
        Self {
            slots: Arc::new(Semaphore::new(config.slots.get().into())),
            heartbeats: Heartbeats::new(catalog.clone()),
            config,
            catalog,
            retry,
            bus,
            handler,
        }
    }

    /// Works until `shutdown` drains; jobs in flight are tracked by it.
    pub fn start(self, shutdown: &Shutdown) {
        let worker = Arc::new(self);
        let stop = shutdown.clone();
        shutdown.tracker().spawn({
            let worker = Arc::clone(&worker);
            async move {
                let drained = stop.draining().cancelled();
                tokio::select! {
                    () = drained => {}
                    () = Arc::clone(&worker).consume(&stop) => {}
                }
            }
        });
        let cut = shutdown.cut().clone();
        tokio::spawn(async move { worker.heartbeats.run(cut).await });
    }

    /// Consumes, again after every loss of the broker.
    async fn consume(self: Arc<Self>, shutdown: &Shutdown) {
        let queue = Queue::new(self.config.queue);
        let mut failures = 0;
        loop {
            match self.bus.consume(&queue, self.config.slots).await {
                Ok(mut consumer) => {
                    failures = 0;
                    while let Some(delivery) = consumer.next().await {
                        Arc::clone(&self).answer(delivery, shutdown).await;
                    }
                    tracing::warn!(%queue, "the consumer ended; consuming again");
                }
                Err(error) => tracing::warn!(%queue, %error, "cannot consume; trying again"),
            }
            pause(&mut failures).await;
        }
    }

    /// Answers one bell: waits for a free slot, claims, and starts the jobs.
    async fn answer(self: Arc<Self>, delivery: Delivery, shutdown: &Shutdown) {
        let Some(stage) = stage_of(&delivery, self.config.queue) else {
            tracing::error!(id = %delivery.message.message_id, "cannot decode a message; it goes to the dead letters");
            if let Err(error) = delivery.reject(Rejection::DeadLetter).await {
                tracing::warn!(%error, "cannot reject a message");
            }
            return;
        };
        let mut permits = vec![self.slot().await];
        while let Ok(permit) = Arc::clone(&self.slots).try_acquire_owned() {
            permits.push(permit);
        }
        let (jobs, lease) = self.claim(stage, permits.len() as u32).await;
        for (job, permit) in jobs.into_iter().zip(permits) {
            let worker = Arc::clone(&self);
            let Some(context) = self.heartbeats.watch(&job, lease, shutdown.cut()) else {
                tracing::error!(job_id = %job.job_id, "the catalog handed out a job without an id");
                continue;
            };
            shutdown.tracker().spawn(async move {
                worker.work(job, context).await;
                drop(permit);
            });
        }
        if let Err(error) = delivery.ack().await {
            // It will be delivered again and find nothing to claim.
            tracing::warn!(%error, "cannot acknowledge a message");
        }
    }

    async fn slot(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.slots).acquire_owned().await.expect("the semaphore is never closed")
    }

    /// Claims, however long the catalog takes to answer: the bell is held
    /// meanwhile, and the work waits in the catalog.
    async fn claim(&self, stage: JobStage, max_jobs: u32) -> (Vec<ClaimedJob>, Duration) {
        let request =
            ClaimJobsRequest { stage: stage.into(), max_jobs, worker: self.config.name.clone() };
        let mut failures = 0;
        loop {
            let claimed = retry_idempotent(&self.retry, || {
                let mut catalog = self.catalog.clone();
                let request = request.clone();
                async move { catalog.claim_jobs(request).await }
            })
            .await;
            match claimed {
                Ok(response) => {
                    let response = response.into_inner();
                    let lease = response.lease.and_then(|lease| lease.try_into().ok());
                    return (response.jobs, lease.unwrap_or(Duration::from_secs(30)));
                }
                Err(error) => tracing::warn!(error = %error.message(), "cannot claim; trying again"),
            }
            pause(&mut failures).await;
        }
    }

    async fn work(&self, job: ClaimedJob, context: JobContext) {
        let (job_id, fencing_token) = (job.job_id.clone(), job.fencing_token);
        tracing::info!(%job_id, attempt = job.attempt, queue = self.config.queue.name(), "job claimed");
        let handler = Arc::clone(&self.handler);
        let inner = context.clone();
        // A task of its own, so that a panic is a failed attempt and not the
        // end of the worker.
        let outcome = match tokio::spawn(async move { handler.run(job, inner).await }).await {
            Ok(outcome) => outcome,
            Err(panic) => Err(AttemptError::transient(
                Reason::Internal,
                format!("the worker failed unexpectedly ({panic}); its log says where"),
            )),
        };
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(_) if context.is_cancelled() => {
                tracing::info!(%job_id, "job given up: cancelled, lost, or this process is stopping");
                self.heartbeats.forget(fencing_token);
                return;
            }
            Err(error) => {
                // A bad input is the caller's to hear of, not the operator's.
                if error.is_permanent() && error.reason() != Reason::Internal {
                    tracing::info!(%job_id, reason = %error.reason(), %error, "input refused");
                } else {
                    tracing::warn!(%job_id, reason = %error.reason(), %error, "attempt failed");
                }
                failure(&error)
            }
        };
        let completion = JobCompletion { job_id, fencing_token, outcome: Some(outcome) };
        self.complete(completion, &context).await;
        self.heartbeats.forget(fencing_token);
    }

    /// Hands a result in, however long the catalog takes to answer; given up
    /// only with the lease.
    async fn complete(&self, completion: JobCompletion, context: &JobContext) {
        let job_id = completion.job_id.clone();
        let request = CompleteJobsRequest { completions: vec![completion] };
        let mut failures = 0;
        while !context.is_cancelled() {
            let completed = retry_idempotent(&self.retry, || {
                let mut catalog = self.catalog.clone();
                let request = request.clone();
                async move { catalog.complete_jobs(request).await }
            })
            .await;
            match completed {
                Ok(response) => {
                    let status = response.into_inner().statuses.first().copied();
                    if status == Some(CompletionStatus::Stale.into()) {
                        tracing::info!(%job_id, "result refused: another attempt owns the job");
                    }
                    return;
                }
                Err(status) => {
                    let error = ApiError::from_status(&status);
                    tracing::warn!(%job_id, %error, "cannot hand in a result");
                    if !error.reason.retryable() {
                        return;
                    }
                }
            }
            pause(&mut failures).await;
        }
    }
}

fn failure(error: &AttemptError) -> Outcome {
    let kind =
        if error.is_permanent() { FailureKind::Permanent } else { FailureKind::Transient };
    Outcome::Failure(AttemptFailure {
        kind: kind.into(),
        reason: error.reason().as_str().to_owned(),
        message: error.to_string(),
    })
}

/// The stage that a message rings for, if it is one that belongs on the queue.
fn stage_of(delivery: &Delivery, queue: JobQueue) -> Option<JobStage> {
    let bell = Doorbell::decode(delivery.message.body.clone()).ok()?;
    let expected = match queue {
        JobQueue::Embed => JobStage::Embed,
        JobQueue::Prepare => JobStage::Prepare,
        JobQueue::Align => JobStage::Align,
        JobQueue::Score => JobStage::Score,
    };
    (bell.stage() == expected).then_some(expected)
}

/// Waits before another try, longer each time.
async fn pause(failures: &mut u32) {
    let pause = LONGEST_PAUSE.min(Duration::from_millis(100 << (*failures).min(10)));
    *failures += 1;
    tokio::time::sleep(pause).await;
}
