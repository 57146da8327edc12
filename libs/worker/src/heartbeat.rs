//! Signs of life for all jobs of a worker, in one call.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use sopilot_blob::Attempt;
use sopilot_chassis::PeerChannel;
use sopilot_proto::{
    catalog::v1::{
        ClaimedJob, HeartbeatItem, HeartbeatRequest, LeaseStatus,
        worker_service_client::WorkerServiceClient,
    },
    id::JobId,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::JobContext;

/// Progress reaches watchers at least this often, however long the lease.
const LONGEST_INTERVAL: Duration = Duration::from_secs(1);

/// Heartbeats of a worker's jobs.
pub(crate) struct Heartbeats {
    catalog: WorkerServiceClient<PeerChannel>,
    held: Mutex<HashMap<u64, Held>>,
    /// Rung when there is something to beat for.
    begun: Notify,
}

struct Held {
    job_id: String,
    lease: Duration,
    context: JobContext,
}

impl Heartbeats {
    pub(crate) fn new(catalog: WorkerServiceClient<PeerChannel>) -> Self {
        Self {
            catalog,
            held: Mutex::default(),
            begun: Notify::new(),
        }
    }

    /// Beats for `job` until [`forget`](Self::forget). The context is
    /// cancelled when the catalog says that the job is cancelled or lost, and
    /// by `cut`.
    pub(crate) fn watch(
        &self,
        job: &ClaimedJob,
        lease: Duration,
        cut: &CancellationToken,
    ) -> Option<JobContext> {
        let job_id: JobId = job.job_id.parse().ok()?;
        let attempt = Attempt {
            job: job_id.uuid(),
            fencing_token: job.fencing_token,
        };
        let context = JobContext::new(attempt, cut.child_token());
        let held = Held {
            job_id: job.job_id.clone(),
            lease,
            context: context.clone(),
        };
        self.lock().insert(job.fencing_token, held);
        self.begun.notify_one();
        Some(context)
    }

    pub(crate) fn forget(&self, fencing_token: u64) {
        self.lock().remove(&fencing_token);
    }

    /// Beats until `stop`.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        loop {
            let interval = self.lock().values().map(|held| held.lease / 3).min();
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.begun.notified(), if interval.is_none() => {}
                () = tokio::time::sleep(interval.unwrap_or_default().min(LONGEST_INTERVAL)),
                    if interval.is_some() => self.beat().await,
            }
        }
    }

    async fn beat(&self) {
        let items: Vec<HeartbeatItem> = self
            .lock()
            .iter()
            .map(|(fencing_token, held)| HeartbeatItem {
                job_id: held.job_id.clone(),
                fencing_token: *fencing_token,
                progress: held.context.progress(),
            })
            .collect();
        if items.is_empty() {
            return;
        }
        let tokens: Vec<u64> = items.iter().map(|item| item.fencing_token).collect();
        let mut catalog = self.catalog.clone();
        match catalog.heartbeat(HeartbeatRequest { items }).await {
            Ok(response) => {
                for (token, status) in tokens.into_iter().zip(response.into_inner().statuses) {
                    if status != i32::from(LeaseStatus::Held) {
                        self.cancel(token);
                    }
                }
            }
            // Not the end of the lease: the next beat may reach the catalog,
            // and if none does, a late result is refused by its token.
            Err(error) => tracing::warn!(error = %error.message(), "a heartbeat was not heard"),
        }
    }

    fn cancel(&self, fencing_token: u64) {
        if let Some(held) = self.lock().remove(&fencing_token) {
            held.context.cancellation().cancel();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
