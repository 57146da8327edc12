//! The loop of every worker: hear the bell, claim, heartbeat, complete.
//!
//! A message says that work waits; the claim takes whatever waits, up to the
//! free slots, so a batch forms by itself and a doubled message finds nothing.
//! The message is acknowledged once the work is claimed: from then on the
//! lease, not the broker, knows who works on what. A worker may be killed at
//! any instant; its leases run out and others take over, and its late results
//! are refused by their fencing token.

mod attempt;
mod completions;
mod heartbeat;
mod measure;
mod stored;

use std::{num::NonZeroU16, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::StreamExt;
use prost::Message as _;
use sopilot_bus::{Bus, Delivery, JobQueue, Message, Queue, Rejection};
use sopilot_chassis::telemetry::trace;
use sopilot_chassis::{ApiError, PeerChannel, Reason, RetryConfig, RetryPolicy, Shutdown};
use sopilot_proto::{
    MAX_MESSAGE_BYTES,
    catalog::v1::{
        AttemptFailure, ClaimJobsRequest, ClaimedJob, CompletionStatus, Doorbell, FailureKind,
        JobCompletion, JobStage, job_completion::Outcome,
        worker_service_client::WorkerServiceClient,
    },
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

pub use attempt::{AttemptError, JobContext};
use completions::Completions;
use heartbeat::Heartbeats;
use measure::Measured;
pub use stored::{stored_key, stored_message};

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

/// How long a heartbeat may take; a sixth of the usual lease.
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(5);

/// A worker of one stage.
pub struct Worker {
    config: WorkerConfig,
    catalog: WorkerServiceClient<PeerChannel>,
    completions: Completions,
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
        // A heartbeat that hangs must leave time for another.
        let beats = channel.with_timeout(Some(HEARTBEAT_TIMEOUT));
        let catalog =
            WorkerServiceClient::new(channel).max_decoding_message_size(MAX_MESSAGE_BYTES);
        Self {
            slots: Arc::new(Semaphore::new(config.slots.get().into())),
            heartbeats: Heartbeats::new(WorkerServiceClient::new(beats)),
            completions: Completions::new(catalog.clone(), retry),
            config,
            catalog,
            bus,
            handler,
        }
    }

    /// Works until `shutdown` drains; jobs in flight are tracked by it.
    pub fn start(self, shutdown: &Shutdown) {
        let worker = Arc::new(self);
        let config = &worker.config;
        measure::describe(config.queue, config.slots.get().into());
        worker.completions.start();
        let (consumer, stop) = (Arc::clone(&worker), shutdown.clone());
        shutdown
            .tracker()
            .spawn(async move { consumer.consume(&stop).await });
        let cut = shutdown.cut().clone();
        tokio::spawn(async move { worker.heartbeats.run(cut).await });
    }

    /// Consumes until `shutdown` drains, again after every loss of the broker.
    async fn consume(self: Arc<Self>, shutdown: &Shutdown) {
        let queue = Queue::new(self.config.queue);
        let mut failures = 0;
        loop {
            match self.bus.consume(&queue, self.config.slots).await {
                Ok(mut consumer) => {
                    failures = 0;
                    loop {
                        let delivery = tokio::select! {
                            () = shutdown.draining().cancelled() => return,
                            delivery = consumer.next() => delivery,
                        };
                        let Some(delivery) = delivery else { break };
                        let span = self.bell_span(&delivery);
                        let answering = Arc::clone(&self).answer(delivery, shutdown);
                        answering.instrument(span).await;
                    }
                    tracing::warn!(%queue, "the consumer ended; consuming again");
                }
                Err(error) => tracing::warn!(%queue, %error, "cannot consume; trying again"),
            }
            tokio::select! {
                () = shutdown.draining().cancelled() => return,
                () = pause(&mut failures) => {}
            }
        }
    }

    /// The answer to a bell, in the trace of the job that it was rung for.
    fn bell_span(&self, delivery: &Delivery) -> Span {
        let queue = self.config.queue.name();
        let span = tracing::info_span!(
            "bell",
            trace_id = tracing::field::Empty,
            otel.name = %format_args!("receive {queue}"),
            otel.kind = "consumer",
            messaging.system = "rabbitmq",
            messaging.operation.type = "receive",
            messaging.destination.name = queue,
            messaging.message.id = delivery.message.message_id,
        );
        let traceparent = delivery.message.headers.get("traceparent");
        trace::adopt_traceparent(&span, traceparent.map_or("", String::as_str));
        span
    }

    /// An attempt at a job, in the trace of the call that wanted it.
    fn job_span(&self, job: &ClaimedJob) -> Span {
        let queue = self.config.queue.name();
        let span = tracing::info_span!(
            "job",
            job_id = job.job_id,
            attempt = job.attempt,
            trace_id = tracing::field::Empty,
            otel.name = %format_args!("process {queue}"),
            otel.kind = "consumer",
            otel.status_code = tracing::field::Empty,
            otel.status_description = tracing::field::Empty,
            messaging.system = "rabbitmq",
            messaging.operation.type = "process",
            messaging.destination.name = queue,
        );
        trace::adopt_traceparent(&span, &job.traceparent);
        span
    }

    /// Answers one bell: claims and starts jobs until nothing waits. A claim
    /// that has begun is never dropped: its leases would belong to nobody.
    async fn answer(self: Arc<Self>, delivery: Delivery, shutdown: &Shutdown) {
        let Some(bell) = bell_of(&delivery.message, self.config.queue) else {
            measure::dead_letter(self.config.queue);
            tracing::error!(id = %delivery.message.message_id, "cannot decode a message; it goes to the dead letters");
            if let Err(error) = delivery.reject(Rejection::DeadLetter).await {
                tracing::warn!(%error, "cannot reject a message");
            }
            return;
        };
        let stage = bell.stage();
        let mut delivery = Some(delivery);
        loop {
            let mut permits = tokio::select! {
                () = shutdown.draining().cancelled() => return,
                permit = self.slot() => vec![permit],
            };
            while let Ok(permit) = Arc::clone(&self.slots).try_acquire_owned() {
                permits.push(permit);
            }
            let wanted = permits.len();
            let Some((jobs, lease)) = self.claim(stage, wanted as u32, shutdown).await else {
                return;
            };
            let claimed = jobs.len();
            for (job, permit) in jobs.into_iter().zip(permits) {
                Arc::clone(&self).begin(job, lease, permit, shutdown);
            }
            // Acknowledged once claimed: no job is bound to how long a broker
            // waits. If this process dies now, the sweeper rings again.
            if let Some(delivery) = delivery.take()
                && let Err(error) = delivery.ack().await
            {
                tracing::warn!(%error, "cannot acknowledge a message");
            }
            if claimed < wanted {
                return;
            }
        }
    }

    /// Works on a claimed job in a task of its own.
    fn begin(
        self: Arc<Self>,
        job: ClaimedJob,
        lease: Duration,
        permit: OwnedSemaphorePermit,
        shutdown: &Shutdown,
    ) {
        let Some(context) = self.heartbeats.watch(&job, lease, shutdown.cut()) else {
            tracing::error!(job_id = %job.job_id, "the catalog handed out a job without an id");
            return;
        };
        let cut = shutdown.cut().clone();
        let span = self.job_span(&job);
        let work = async move {
            self.work(job, context, &cut).await;
            drop(permit);
        };
        shutdown.tracker().spawn(work.instrument(span));
    }

    async fn slot(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed")
    }

    /// Claims, however long the catalog takes to answer, unless `shutdown`
    /// drains between two tries. A claim is not repeated by the retry policy:
    /// it is no idempotent call.
    async fn claim(
        &self,
        stage: JobStage,
        max_jobs: u32,
        shutdown: &Shutdown,
    ) -> Option<(Vec<ClaimedJob>, Duration)> {
        let request = ClaimJobsRequest {
            stage: stage.into(),
            max_jobs,
            worker: self.config.name.clone(),
        };
        let mut failures = 0;
        loop {
            match self.catalog.clone().claim_jobs(request.clone()).await {
                Ok(response) => {
                    let response = response.into_inner();
                    let lease = response.lease.and_then(|lease| lease.try_into().ok());
                    return Some((response.jobs, lease.unwrap_or(Duration::from_secs(30))));
                }
                Err(error) => {
                    tracing::warn!(error = %error.message(), "cannot claim; trying again");
                }
            }
            tokio::select! {
                () = shutdown.draining().cancelled() => return None,
                () = pause(&mut failures) => {}
            }
        }
    }

    async fn work(&self, job: ClaimedJob, context: JobContext, cut: &CancellationToken) {
        let (job_id, fencing_token) = (job.job_id.clone(), job.fencing_token);
        let mut measured = Measured::begin(self.config.queue, &self.slots);
        tracing::info!(%job_id, attempt = job.attempt, queue = self.config.queue.name(), "job claimed");
        let handler = Arc::clone(&self.handler);
        let inner = context.clone();
        // A task of its own, so that a panic is a failed attempt and not the
        // end of the worker.
        let running = async move { handler.run(job, inner).await };
        let outcome = match tokio::spawn(running.in_current_span()).await {
            Ok(outcome) => outcome,
            Err(panic) => Err(AttemptError::transient(
                Reason::Internal,
                format!("the worker failed unexpectedly ({panic}); its log says where"),
            )),
        };
        let outcome = match outcome {
            Ok(outcome) => {
                measured.outcome = "done";
                outcome
            }
            Err(_) if cut.is_cancelled() => {
                measured.outcome = "given_back";
                tracing::info!(%job_id, "job given back: this process is stopping");
                released()
            }
            Err(_) if context.is_cancelled() => {
                tracing::info!(%job_id, "job given up: it was cancelled, or its lease was lost");
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
                measured.outcome = if error.is_permanent() {
                    "failed"
                } else {
                    "again"
                };
                trace::mark_failed(&Span::current(), &error);
                failure(&error)
            }
        };
        let completion = JobCompletion {
            job_id,
            fencing_token,
            outcome: Some(outcome),
        };
        if cut.is_cancelled() {
            self.hand_in(&completion).await.ok();
        } else {
            self.complete(completion, &context).await;
        }
        self.heartbeats.forget(fencing_token);
    }

    /// Hands a result in, however long the catalog takes to answer; given up
    /// only with the lease. A result that the catalog refuses for good is
    /// replaced by a failure that says so, lest nobody hears of it.
    async fn complete(&self, mut completion: JobCompletion, context: &JobContext) {
        let mut failures = 0;
        while !context.is_cancelled() {
            let Err(error) = self.hand_in(&completion).await else {
                return;
            };
            tracing::warn!(job_id = %completion.job_id, %error, "cannot hand in a result");
            if !error.reason.retryable() {
                if matches!(completion.outcome, Some(Outcome::Failure(_))) {
                    return;
                }
                let refused = format!("the catalog refused the result: {}", error.message);
                let error = AttemptError::permanent(Reason::Internal, refused);
                completion.outcome = Some(failure(&error));
                continue;
            }
            pause(&mut failures).await;
        }
    }

    async fn hand_in(&self, completion: &JobCompletion) -> Result<(), ApiError> {
        let status = self.completions.hand_in(completion.clone()).await?;
        if status == CompletionStatus::Stale {
            tracing::info!(job_id = %completion.job_id, "result refused: another attempt owns the job");
        }
        Ok(())
    }
}

/// The job goes back as it was.
fn released() -> Outcome {
    Outcome::Failure(AttemptFailure {
        kind: FailureKind::Released.into(),
        reason: Reason::Cancelled.as_str().to_owned(),
        message: "the worker is stopping".to_owned(),
    })
}

fn failure(error: &AttemptError) -> Outcome {
    let kind = if error.is_permanent() {
        FailureKind::Permanent
    } else {
        FailureKind::Transient
    };
    Outcome::Failure(AttemptFailure {
        kind: kind.into(),
        reason: error.reason().as_str().to_owned(),
        message: error.to_string(),
    })
}

/// The bell that a message is, if it is one that belongs on the queue.
pub fn bell_of(message: &Message, queue: JobQueue) -> Option<Doorbell> {
    let bell = Doorbell::decode(message.body.clone()).ok()?;
    let expected = match queue {
        JobQueue::Embed => JobStage::Embed,
        JobQueue::Prepare => JobStage::Prepare,
        JobQueue::Align => JobStage::Align,
        JobQueue::Score => JobStage::Score,
    };
    (bell.stage() == expected).then_some(bell)
}

/// Waits before another try, longer each time.
async fn pause(failures: &mut u32) {
    let pause = LONGEST_PAUSE.min(Duration::from_millis(100 << (*failures).min(10)));
    *failures += 1;
    tokio::time::sleep(pause).await;
}
