//! What stands on the broker: names and their arguments.
//!
//! ```text
//! jobs.embed  ──rejected, or returned too often──▶  jobs.embed.dead        one pair for each stage
//! sopilot.events  ──topic──▶  events.NAME                                  one for each durable
//!                 ──topic──▶  amq.gen-…            subscription, and one for each passing one
//! ```
//!
//! Queues that keep anything are quorum queues: what they confirmed survives the loss of a node.

use std::sync::Arc;

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};
use tokio::sync::Mutex;

use crate::{DELIVERY_LIMIT, Queue, Subscription};

/// Looking at a dead letter returns it, which counts. RabbitMQ 4 has a limit unless told one;
/// RabbitMQ 3 knows no other way to say "none".
const NO_DELIVERY_LIMIT: i32 = i32::MAX;

/// How things are called on the broker, and how much they hold.
#[derive(Debug)]
pub(super) struct Topology {
    pub(super) prefix: Option<Arc<str>>,
    pub(super) capacity: i32,
    pub(super) dead_letters: i32,
    /// A quorum queue that one channel is just declaring is there for another, but not yet alive:
    /// whoever consumes it then loses his connection. Other processes cannot be kept from it; it
    /// passes.
    pub(super) declaring: Mutex<()>,
}

impl Topology {
    pub(super) fn jobs(&self, queue: &Queue) -> Queue {
        queue.or_prefix(self.prefix.as_ref())
    }

    pub(super) fn exchange(&self) -> String {
        self.prefixed("sopilot.events")
    }

    pub(super) fn subscription(&self, name: &str) -> String {
        self.prefixed(&format!("events.{name}"))
    }

    fn prefixed(&self, name: &str) -> String {
        match &self.prefix {
            Some(prefix) => format!("{prefix}.{name}"),
            None => name.to_owned(),
        }
    }

    /// Declares the job queue and that of its dead letters.
    pub(super) async fn declare_jobs(
        &self,
        channel: &Channel,
        queue: &str,
    ) -> Result<(), lapin::Error> {
        let _alone = self.declaring.lock().await;
        let dead = dead(queue);
        let arguments = table([
            ("x-queue-type", text("quorum")),
            ("x-delivery-limit", NO_DELIVERY_LIMIT.into()),
            ("x-max-length", self.dead_letters.into()),
            ("x-overflow", text("drop-head")),
        ]);
        declare(channel, &dead, QueueDeclareOptions::durable(), arguments).await?;
        let arguments = table([
            ("x-queue-type", text("quorum")),
            ("x-delivery-limit", (DELIVERY_LIMIT as i32).into()),
            ("x-max-length", self.capacity.into()),
            // Publishers hear of a full queue; at-least-once below demands it, too.
            ("x-overflow", text("reject-publish")),
            ("x-dead-letter-exchange", text("")),
            ("x-dead-letter-routing-key", text(&dead)),
            // A dead letter leaves the queue only once the other has confirmed it.
            ("x-dead-letter-strategy", text("at-least-once")),
        ]);
        declare(channel, queue, QueueDeclareOptions::durable(), arguments).await?;
        Ok(())
    }

    pub(super) async fn declare_exchange(&self, channel: &Channel) -> Result<(), lapin::Error> {
        let options = ExchangeDeclareOptions {
            durable: true,
            ..ExchangeDeclareOptions::default()
        };
        channel
            .exchange_declare(
                self.exchange().into(),
                ExchangeKind::Topic,
                options,
                FieldTable::default(),
            )
            .await
    }

    /// Declares the queue of a subscription and answers its name.
    pub(super) async fn declare_subscription(
        &self,
        channel: &Channel,
        subscription: &Subscription,
    ) -> Result<String, lapin::Error> {
        let _alone = self.declaring.lock().await;
        self.declare_exchange(channel).await?;
        let oldest_makes_room = [
            ("x-max-length", AMQPValue::from(self.capacity)),
            ("x-overflow", text("drop-head")),
        ];
        let queue = if let Some(name) = subscription.name() {
            let kept = [
                ("x-queue-type", text("quorum")),
                ("x-delivery-limit", (DELIVERY_LIMIT as i32).into()),
            ];
            let arguments = table(kept.into_iter().chain(oldest_makes_room));
            let options = QueueDeclareOptions::durable();
            declare(channel, &self.subscription(name), options, arguments).await?
        } else {
            let options = QueueDeclareOptions::exclusive().auto_delete();
            declare(channel, "", options, table(oldest_makes_room)).await?
        };
        channel
            .queue_bind(
                queue.as_str().into(),
                self.exchange().into(),
                subscription.pattern().as_str().into(),
                QueueBindOptions::default(),
                FieldTable::default(),
            )
            .await?;
        Ok(queue)
    }
}

/// Where the dead letters of a job queue are.
pub(super) fn dead(queue: &str) -> String {
    format!("{queue}.dead")
}

/// Answers the name, which for `""` is the broker's choice.
async fn declare(
    channel: &Channel,
    queue: &str,
    options: QueueDeclareOptions,
    arguments: FieldTable,
) -> Result<String, lapin::Error> {
    let declared = channel
        .queue_declare(queue.into(), options, arguments)
        .await?;
    Ok(declared.name().to_string())
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

fn table<'a>(entries: impl IntoIterator<Item = (&'a str, AMQPValue)>) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in entries {
        table.insert(name.into(), value);
    }
    table
}
