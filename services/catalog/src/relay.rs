//! Rings the bells of the outbox: publishes each and forgets it once the
//! broker has confirmed. A crash in between rings twice, which is harmless.

use std::time::Duration;

use prost::Message as _;
use sopilot_bus::{Bus, JobQueue, Message, Queue};
use sopilot_proto::{catalog::v1::Doorbell, timestamp::from_millis};
use tokio_util::sync::CancellationToken;

use crate::{
    grpc::wire_stage,
    store::{Bell, Stage, Store},
};

/// Bells of a stage that are published before they are forgotten together.
const BATCH: u64 = 100;

/// How long the relay waits for a bell before it looks by itself.
const IDLE: Duration = Duration::from_secs(1);

/// Longest pause after a broker that could not be reached.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Runs until `stop`.
pub(crate) async fn run(store: Store, bus: &dyn Bus, stop: CancellationToken) {
    let mut failures = 0_u32;
    loop {
        let pause = match relay_once(&store, bus).await {
            Ok(rung) => {
                failures = 0;
                if rung >= BATCH as usize {
                    Duration::ZERO
                } else {
                    IDLE
                }
            }
            Err(error) => {
                let pause = LONGEST_PAUSE.min(Duration::from_millis(100 << failures.min(10)));
                failures += 1;
                tracing::warn!(%error, ?pause, "cannot ring for jobs; they wait in the outbox");
                pause
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
            () = store.outbox_filled.notified(), if failures == 0 => {}
        }
    }
}

async fn relay_once(store: &Store, bus: &dyn Bus) -> Result<usize, RelayError> {
    let bells = store.bells(BATCH).await?;
    let mut rung = Vec::with_capacity(bells.len());
    let mut refused = Vec::new();
    let mut cause = None;
    for bell in &bells {
        // Bells of one stage stay in order; a full queue stops no other.
        if refused.contains(&bell.stage) {
            continue;
        }
        match bus.publish(&queue(bell.stage), message(bell)).await {
            Ok(()) => rung.push(bell.id),
            Err(error) => {
                refused.push(bell.stage);
                cause = Some(error);
            }
        }
    }
    let count = rung.len();
    if count > 0 {
        store.forget_bells(rung).await?;
    }
    match cause {
        Some(error) => Err(error.into()),
        None => Ok(count),
    }
}

#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error(transparent)]
    Store(#[from] crate::error::Error),
    #[error("bus: {0}")]
    Bus(#[from] sopilot_bus::BusError),
}

fn queue(stage: Stage) -> Queue {
    Queue::new(match stage {
        Stage::Embed => JobQueue::Embed,
        Stage::Prepare => JobQueue::Prepare,
        Stage::Align => JobQueue::Align,
        Stage::Score => JobQueue::Score,
    })
}

fn message(bell: &Bell) -> Message {
    let doorbell = Doorbell {
        job_id: bell.job_id.to_string(),
        stage: wire_stage(bell.stage).into(),
        attempt: bell.attempt as u32,
        created_at: Some(from_millis(bell.created_at)),
    };
    let message = Message::new(format!("bell-{}", bell.id), doorbell.encode_to_vec());
    if bell.traceparent.is_empty() {
        message
    } else {
        message.with_header("traceparent", bell.traceparent.clone())
    }
}
