//! One suite of what every [`Bus`] must do, to be run by the tests of each implementation.
//!
//! ```
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
//! # runtime.block_on(
//! sopilot_bus::conformance::run(|| async {
//!     sopilot_bus::conformance::Subject {
//!         bus: std::sync::Arc::new(sopilot_bus::InProcessBus::default()),
//!         prefix: "fresh".to_owned(),
//!     }
//! })
//! # );
//! ```
//!
//! The checks assume nothing about timing, nor whether a broker pushes messages ahead or hands them
//! out when asked. They fail by panicking with the name of the check.

mod announcing;
mod answers;
mod closing;
mod flow;
mod returning;

use std::num::NonZeroU16;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;

use crate::{Bus, Consumer, Delivery, JobQueue, Message, Queue};

/// Far longer than a broker on a busy machine takes for one check; reached only by a failure.
const DEADLINE: Duration = Duration::from_secs(30);

/// A bus to be checked.
pub struct Subject {
    /// Healthy and open. It is closed by some of the checks.
    pub bus: Arc<dyn Bus>,
    /// All queues of this prefix are empty and used by nobody else, and so are the bus's
    /// subscriptions.
    pub prefix: String,
}

/// Runs every check, each on a subject of its own, and panics at the first that fails.
///
/// Wants a tokio runtime with its timer enabled.
pub async fn run<F, Fut>(mut fresh: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Subject>,
{
    let checks = [
        flow::CHECKS,
        answers::CHECKS,
        returning::CHECKS,
        announcing::CHECKS,
        closing::CHECKS,
    ]
    .concat();
    for (name, check) in checks {
        let room = Room::new(fresh().await);
        tracing::info!(check = name, "bus conformance");
        let ended = tokio::time::timeout(DEADLINE, check(room)).await;
        assert!(
            ended.is_ok(),
            "bus conformance: {name}: not done after {DEADLINE:?}; \
             a message or the end of a stream never came"
        );
    }
}

type Check = (&'static str, fn(Room) -> BoxFuture<'static, ()>);

/// A list of checks from the names of their functions.
macro_rules! checks {
    ($($name:ident),* $(,)?) => {
        pub(super) const CHECKS: &[$crate::conformance::Check] =
            &[$((stringify!($name), |room| Box::pin($name(room)))),*];
    };
}
use checks;

/// A subject with the few steps that the checks are made of.
struct Room {
    bus: Arc<dyn Bus>,
    queue: Queue,
    other: Queue,
}

impl Room {
    fn new(subject: Subject) -> Self {
        let named = |job| {
            Queue::with_prefix(job, &subject.prefix)
                .unwrap_or_else(|error| panic!("bus conformance: {error}"))
        };
        let (queue, other) = (named(JobQueue::Embed), named(JobQueue::Align));
        Self {
            bus: subject.bus,
            queue,
            other,
        }
    }

    /// Publishes messages with these ids; the id is the body, too.
    async fn publish<I>(&self, ids: I)
    where
        I: IntoIterator<Item: ToString>,
    {
        for id in ids {
            let id = id.to_string();
            let message = Message::new(id.clone(), id);
            self.bus
                .publish(&self.queue, message)
                .await
                .unwrap_or_else(|error| panic!("publish on a healthy bus: {error}"));
        }
    }

    async fn consume(&self, prefetch: u16) -> Consumer {
        let prefetch = NonZeroU16::new(prefetch).unwrap_or(NonZeroU16::MIN);
        self.bus
            .consume(&self.queue, prefetch)
            .await
            .unwrap_or_else(|error| panic!("consume on a healthy bus: {error}"))
    }

    /// Asserts that nothing is left, by way of a mark that must come out first.
    async fn assert_drained(&self) {
        self.publish(["mark"]).await;
        let mut consumer = self.consume(1).await;
        let next = next(&mut consumer).await;
        assert_eq!(next.message.message_id, "mark", "the queue should be empty");
        ack(next).await;
    }
}

async fn next(consumer: &mut Consumer) -> Delivery {
    consumer
        .next()
        .await
        .unwrap_or_else(|| panic!("the stream of a healthy bus ended"))
}

async fn take(consumer: &mut Consumer, count: usize) -> Vec<Delivery> {
    let mut taken = Vec::with_capacity(count);
    for _ in 0..count {
        taken.push(next(consumer).await);
    }
    taken
}

async fn ack(delivery: Delivery) {
    delivery
        .ack()
        .await
        .unwrap_or_else(|error| panic!("ack in time: {error}"));
}

fn ids(deliveries: &[Delivery]) -> Vec<&str> {
    deliveries
        .iter()
        .map(|delivery| delivery.message.message_id.as_str())
        .collect()
}

/// Whether the stream has nothing to give at this moment.
fn is_idle(consumer: &mut Consumer) -> bool {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    futures::Stream::poll_next(Pin::new(consumer), &mut context).is_pending()
}
