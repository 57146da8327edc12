//! The catalog's services: wire types come in, are checked, and leave again;
//! everything else happens in the store.

mod convert;
mod jobs;
mod scores;
mod tasks;
mod videos;
mod worker;

use std::time::Duration;

use sopilot_blob::BlobStore;
use sopilot_chassis::{ApiError, Services, telemetry::trace};
use sopilot_proto::{
    MAX_MESSAGE_BYTES,
    catalog::v1::{
        job_service_server::JobServiceServer, score_service_server::ScoreServiceServer,
        task_service_server::TaskServiceServer, video_service_server::VideoServiceServer,
        worker_service_server::WorkerServiceServer,
    },
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::{Request, Status};

use crate::{error::Error, receive::Receiver, store::Store};

pub(crate) use convert::{wire_failure, wire_job_kind, wire_job_state, wire_role, wire_stage};

/// What the services share.
#[derive(Clone)]
struct Handlers {
    store: Store,
    blobs: BlobStore,
    receiver: Receiver,
    lease: Duration,
    max_video_bytes: u64,
    /// Work that goes on when its caller has gone; a stop waits for it.
    tasks: TaskTracker,
    /// Ends streams that would otherwise outlive a graceful stop.
    draining: CancellationToken,
}

/// The five services of the catalog.
pub(crate) fn services(
    store: Store,
    blobs: BlobStore,
    receiver: Receiver,
    config: &crate::CatalogConfig,
    tasks: TaskTracker,
    draining: CancellationToken,
) -> Services {
    let handlers = Handlers {
        store,
        blobs,
        receiver,
        lease: config.lease,
        max_video_bytes: config.max_video_bytes,
        tasks,
        draining,
    };
    Services::new()
        .with(TaskServiceServer::new(handlers.clone()))
        .with(
            VideoServiceServer::new(handlers.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES),
        )
        .with(JobServiceServer::new(handlers.clone()))
        .with(ScoreServiceServer::new(handlers.clone()))
        .with_internal(
            WorkerServiceServer::new(handlers).max_decoding_message_size(MAX_MESSAGE_BYTES),
        )
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        ApiError::from(error).into()
    }
}

/// The W3C trace context to travel with the job: of this call, or as its caller
/// sent it where nothing is traced here.
fn traceparent<T>(request: &Request<T>) -> String {
    if let Some(here) = trace::current_traceparent() {
        return here;
    }
    request
        .metadata()
        .get("traceparent")
        .and_then(|value| value.to_str().ok())
        .filter(|value| value.len() <= 55)
        .unwrap_or_default()
        .to_owned()
}
