//! Rings the bells of the outbox and announces its events: publishes each and
//! forgets it once the broker has confirmed. A crash in between does it twice,
//! which is harmless.
//!
//! Replicas share the work: what one has taken, the others leave alone for a
//! while. Events and bells go their own ways, so that neither waits for the
//! other.

use std::time::Duration;

use futures::{StreamExt, stream};
use prost::Message as _;
use sopilot_bus::{Bus, BusError, Message, Queue, Topic};
use sopilot_chassis::telemetry::trace;
use sopilot_proto::{catalog::v1::Doorbell, timestamp::from_millis};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use crate::{
    grpc::wire_stage,
    measure,
    store::{Bell, Store, TakenEvent},
};

/// Bells of a stage, or events, that are published before they are forgotten
/// together.
const BATCH: u64 = 100;

/// Bells that wait for the broker at the same time.
const AT_ONCE: usize = 32;

/// How long the relay waits for a bell before it looks by itself: another
/// replica may have written one.
const IDLE: Duration = Duration::from_secs(1);

/// Longest pause after a broker that could not be reached.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Rings for jobs until `stop`.
pub(crate) async fn run_bells(store: Store, bus: &dyn Bus, stop: CancellationToken) {
    let mut pace = Pace::new("bells", "cannot ring for jobs; they wait in the outbox");
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
    let mut pace = Pace::new("events", "cannot announce events; they wait in the outbox");
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
    what: &'static str,
    complaint: &'static str,
    failures: u32,
}

impl Pace {
    fn new(what: &'static str, complaint: &'static str) -> Self {
        Self {
            what,
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
                measure::published(self.what, count);
                self.failures = 0;
                if count >= BATCH as usize {
                    Duration::ZERO
                } else {
                    IDLE
                }
            }
            Err(error) => {
                measure::relay_failed(self.what);
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
    // Several at a time: the broker confirms once it has written them down. A
    // queue that refuses stops no other.
    let mut ringing = stream::iter(bells)
        .map(|bell| async move { (bell.id, ring(bus, &bell).await) })
        .buffered(AT_ONCE);
    let (mut rung, mut left) = (Vec::new(), Vec::new());
    let mut cause = None;
    while let Some((id, outcome)) = ringing.next().await {
        match outcome {
            Ok(()) => rung.push(id),
            Err(error) => {
                left.push(id);
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

/// Rings one bell, in the trace of the call that wanted the job.
async fn ring(bus: &dyn Bus, bell: &Bell) -> Result<(), BusError> {
    let queue = Queue::new(bell.stage.queue());
    let span = sending(
        queue.job().name(),
        &format!("bell-{}", bell.id),
        &bell.traceparent,
    );
    let publishing = async {
        let message = traced(doorbell(bell), &bell.traceparent);
        bus.publish(&queue, message).await
    };
    marked(publishing.instrument(span.clone()).await, &span)
}

/// A span by the conventions for messaging.
fn sending(destination: &str, message_id: &str, traceparent: &str) -> Span {
    let span = tracing::info_span!(
        "send",
        trace_id = tracing::field::Empty,
        otel.name = %format_args!("send {destination}"),
        otel.kind = "producer",
        otel.status_code = tracing::field::Empty,
        otel.status_description = tracing::field::Empty,
        messaging.system = "rabbitmq",
        messaging.operation.type = "send",
        messaging.destination.name = destination,
        messaging.message.id = message_id,
    );
    trace::adopt_traceparent(&span, traceparent);
    span
}

fn marked(outcome: Result<(), BusError>, span: &Span) -> Result<(), BusError> {
    if let Err(error) = &outcome {
        trace::mark_failed(span, error);
    }
    outcome
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

/// Announces an event to whoever listens.
async fn announce(bus: &dyn Bus, event: TakenEvent) -> Result<(), BusError> {
    let topic = Topic::new(&event.routing_key)?;
    let id = event.event_id.to_string();
    let span = sending("sopilot.events", &id, &event.traceparent);
    let announcing = async {
        let message = traced(Message::new(id.clone(), event.body), &event.traceparent);
        bus.announce(&topic, message).await
    };
    marked(announcing.instrument(span.clone()).await, &span)
}

#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error(transparent)]
    Store(#[from] crate::error::Error),
    #[error("bus: {0}")]
    Bus(#[from] BusError),
}

fn doorbell(bell: &Bell) -> Message {
    let doorbell = Doorbell {
        job_id: bell.job_id.to_string(),
        stage: wire_stage(bell.stage).into(),
        attempt: bell.attempt as u32,
        created_at: Some(from_millis(bell.created_at)),
    };
    Message::new(format!("bell-{}", bell.id), doorbell.encode_to_vec())
}

/// The message with its place in the trace that it belongs to, if it does to
/// one: the current span, or the given place where nothing is traced here.
fn traced(message: Message, traceparent: &str) -> Message {
    let here = trace::current_traceparent();
    let traceparent = here.as_deref().unwrap_or(traceparent);
    if traceparent.is_empty() {
        message
    } else {
        message.with_header("traceparent", traceparent.to_owned())
    }
}
