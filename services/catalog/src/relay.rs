//! Rings the bells of the outbox and announces its events: publishes each and
//! forgets it once the broker has confirmed. A crash in between does it twice,
//! which is harmless.
//!
//! Replicas share the work: what one has taken, the others leave alone for a
//! while. Events and bells go their own ways, so that neither waits for the
//! other.

use std::time::Duration;

use prost::Message as _;
use sopilot_bus::{Bus, BusError, JobQueue, Message, Queue};
use sopilot_proto::{catalog::v1::Doorbell, timestamp::from_millis};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    grpc::wire_stage,
    store::{Bell, Stage, Store, TakenEvent},
};

/// Bells of a stage, or events, that are published before they are forgotten
/// together.
const BATCH: u64 = 100;

/// How long the relay waits for a bell before it looks by itself: another
/// replica may have written one.
const IDLE: Duration = Duration::from_secs(1);

/// Longest pause after a broker that could not be reached.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Rings for jobs until `stop`.
pub(crate) async fn run_bells(store: Store, bus: &dyn Bus, stop: CancellationToken) {
    let mut pace = Pace::new("cannot ring for jobs; they wait in the outbox");
    loop {
        let relayed = relay_bells(&store, bus).await;
        if pace
            .pause(relayed, &store.outbox_filled, &stop)
            .await
            .is_none()
        {
            return;
        }
    }
}

/// Announces events until `stop`.
pub(crate) async fn run_events(store: Store, bus: &dyn Bus, stop: CancellationToken) {
    let mut pace = Pace::new("cannot announce events; they wait in the outbox");
    loop {
        let relayed = relay_events(&store, bus).await;
        if pace
            .pause(relayed, &store.events_filled, &stop)
            .await
            .is_none()
        {
            return;
        }
    }
}

/// How fast one of the two goes on.
struct Pace {
    complaint: &'static str,
    failures: u32,
}

impl Pace {
    fn new(complaint: &'static str) -> Self {
        Self {
            complaint,
            failures: 0,
        }
    }

    /// Waits until there may be more to do; `None` once it is time to stop.
    async fn pause(
        &mut self,
        relayed: Result<usize, RelayError>,
        filled: &Notify,
        stop: &CancellationToken,
    ) -> Option<()> {
        let pause = match relayed {
            Ok(count) => {
                self.failures = 0;
                if count >= BATCH as usize {
                    Duration::ZERO
                } else {
                    IDLE
                }
            }
            Err(error) => {
                let pause = LONGEST_PAUSE.min(Duration::from_millis(100 << self.failures.min(10)));
                self.failures += 1;
                tracing::warn!(%error, ?pause, "{}", self.complaint);
                pause
            }
        };
        tokio::select! {
            () = stop.cancelled() => None,
            () = tokio::time::sleep(pause) => Some(()),
            () = filled.notified(), if self.failures == 0 => Some(()),
        }
    }
}

async fn relay_bells(store: &Store, bus: &dyn Bus) -> Result<usize, RelayError> {
    let bells = store.take_bells(BATCH).await?;
    let (mut rung, mut left) = (Vec::new(), Vec::new());
    let mut refused = Vec::new();
    let mut cause = None;
    for bell in &bells {
        // Bells of one stage stay in order; a full queue stops no other.
        if refused.contains(&bell.stage) {
            left.push(bell.id);
            continue;
        }
        match bus.publish(&queue(bell.stage), doorbell(bell)).await {
            Ok(()) => rung.push(bell.id),
            Err(error) => {
                refused.push(bell.stage);
                left.push(bell.id);
                cause = Some(error);
            }
        }
    }
    let count = rung.len();
    if count > 0 {
        store.forget_bells(rung).await?;
    }
    if !left.is_empty() {
        store.give_back_bells(left).await?;
    }
    match cause {
        Some(error) => Err(error.into()),
        None => Ok(count),
    }
}

async fn relay_events(store: &Store, bus: &dyn Bus) -> Result<usize, RelayError> {
    let mut events = store.take_events(BATCH).await?.into_iter();
    let mut announced = Vec::new();
    let mut left = Vec::new();
    let mut cause = None;
    for event in events.by_ref() {
        let id = event.id;
        match announce(bus, event).await {
            Ok(()) => announced.push(id),
            // What comes after it waits, or the order would be lost.
            Err(error) => {
                cause = Some(error);
                left.push(id);
                break;
            }
        }
    }
    left.extend(events.map(|event| event.id));
    let count = announced.len();
    if count > 0 {
        store.forget_events(announced).await?;
    }
    if !left.is_empty() {
        store.give_back_events(left).await?;
    }
    match cause {
        Some(error) => Err(error.into()),
        None => Ok(count),
    }
}

/// Announces an event to whoever listens. This bus carries job queues only, so
/// nobody does.
#[allow(
    clippy::unused_async,
    reason = "a bus that announces will be waited for"
)]
async fn announce(_bus: &dyn Bus, event: TakenEvent) -> Result<(), BusError> {
    let TakenEvent {
        event_id,
        routing_key,
        body,
        traceparent,
        ..
    } = event;
    let message = traced(Message::new(event_id.to_string(), body), &traceparent);
    tracing::trace!(routing_key, ?message, "event");
    Ok(())
}

#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error(transparent)]
    Store(#[from] crate::error::Error),
    #[error("bus: {0}")]
    Bus(#[from] BusError),
}

fn queue(stage: Stage) -> Queue {
    Queue::new(match stage {
        Stage::Embed => JobQueue::Embed,
        Stage::Prepare => JobQueue::Prepare,
        Stage::Align => JobQueue::Align,
        Stage::Score => JobQueue::Score,
    })
}

fn doorbell(bell: &Bell) -> Message {
    let doorbell = Doorbell {
        job_id: bell.job_id.to_string(),
        stage: wire_stage(bell.stage).into(),
        attempt: bell.attempt as u32,
        created_at: Some(from_millis(bell.created_at)),
    };
    let message = Message::new(format!("bell-{}", bell.id), doorbell.encode_to_vec());
    traced(message, &bell.traceparent)
}

/// The message with the trace that it belongs to, if it does to one.
fn traced(message: Message, traceparent: &str) -> Message {
    if traceparent.is_empty() {
        message
    } else {
        message.with_header("traceparent", traceparent.to_owned())
    }
}
