//! Results on their way to the catalog: what waits while one call is under way goes in the next,
//! in one transaction of the catalog. Nobody waits for company.

use std::sync::Mutex;

use sopilot_chassis::{ApiError, PeerChannel, RetryPolicy, retry_idempotent};
use sopilot_proto::catalog::v1::{
    CompleteJobsRequest, CompletionStatus, JobCompletion,
    worker_service_client::WorkerServiceClient,
};
use tokio::sync::{mpsc, oneshot};

/// Results in one call, at most; far below what a message may hold.
const MOST_AT_ONCE: usize = 64;

type Answer = Result<CompletionStatus, ApiError>;
type Waiting = (JobCompletion, oneshot::Sender<Answer>);

/// Takes results, and hands them in.
pub(crate) struct Completions {
    sender: mpsc::Sender<Waiting>,
    /// Until it runs.
    collector: Mutex<Option<Collector>>,
}

struct Collector {
    receiver: mpsc::Receiver<Waiting>,
    catalog: WorkerServiceClient<PeerChannel>,
    retry: RetryPolicy,
}

impl Completions {
    pub(crate) fn new(catalog: WorkerServiceClient<PeerChannel>, retry: RetryPolicy) -> Self {
        let (sender, receiver) = mpsc::channel(MOST_AT_ONCE);
        Self {
            sender,
            collector: Mutex::new(Some(Collector {
                receiver,
                catalog,
                retry,
            })),
        }
    }

    /// Begins to hand in, until this is dropped and nothing waits.
    pub(crate) fn start(&self) {
        let collector = self.collector.lock().ok().and_then(|mut slot| slot.take());
        if let Some(collector) = collector {
            tokio::spawn(collector.run());
        }
    }

    /// Hands in one result, and answers what the catalog made of it.
    pub(crate) async fn hand_in(&self, completion: JobCompletion) -> Answer {
        let (sender, answer) = oneshot::channel();
        let gone = || ApiError::internal("nobody hands in results");
        let sent = self.sender.send((completion, sender)).await;
        sent.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

impl Collector {
    async fn run(mut self) {
        let mut waiting = Vec::with_capacity(MOST_AT_ONCE);
        while self.receiver.recv_many(&mut waiting, MOST_AT_ONCE).await > 0 {
            let (completions, senders): (Vec<_>, Vec<_>) = waiting.drain(..).unzip();
            for (answer, sender) in self.answers(completions).await.into_iter().zip(senders) {
                // Who has given up does not listen.
                let _ = sender.send(answer);
            }
        }
    }

    /// One answer for each. What is refused for good is asked again one by one, so that the
    /// culprit is alone.
    async fn answers(&self, completions: Vec<JobCompletion>) -> Vec<Answer> {
        let count = completions.len();
        match self.complete(completions.clone()).await {
            Ok(statuses) => statuses.into_iter().map(Ok).collect(),
            Err(error) if count == 1 || error.reason.retryable() => vec![Err(error); count],
            Err(_) => {
                let mut answers = Vec::with_capacity(count);
                for completion in completions {
                    let answer = self.complete(vec![completion]).await;
                    answers.push(answer.map(|statuses| statuses[0]));
                }
                answers
            }
        }
    }

    async fn complete(
        &self,
        completions: Vec<JobCompletion>,
    ) -> Result<Vec<CompletionStatus>, ApiError> {
        let count = completions.len();
        let request = CompleteJobsRequest { completions };
        let answer = retry_idempotent(&self.retry, || {
            let mut catalog = self.catalog.clone();
            let request = request.clone();
            async move { catalog.complete_jobs(request).await }
        })
        .await
        .map_err(|status| ApiError::from_status(&status))?;
        let statuses: Vec<_> = answer.into_inner().statuses().collect();
        if statuses.len() == count {
            Ok(statuses)
        } else {
            let told = format!("the catalog answered {} of {count} results", statuses.len());
            Err(ApiError::internal(told))
        }
    }
}
