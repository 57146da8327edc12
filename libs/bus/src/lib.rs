//! Job queues: a doorbell for work that waits in the catalog. And announcements: facts for whoever
//! wants to hear them.
//!
//! A message says only that work may be waiting; the row in the catalog is the truth. Delivery is
//! therefore *at least once*, and the catalog makes a lost message heal and a doubled one harmless.
//! What a bus promises, and what [`conformance`] checks of every implementation:
//!
//! - [`Bus::publish`] returns once the broker has the message. An error means that it may or may
//!   not have it: publish again.
//! - Every message is delivered until one consumer acknowledges it, or it is rejected to the dead
//!   letters, or it came back [`DELIVERY_LIMIT`] times, which sends it there too.
//! - A [`Delivery`] dropped without an answer, and everything unanswered of a dropped [`Consumer`],
//!   goes back to the queue.
//! - A consumer holds at most `prefetch` unanswered deliveries. Consumers of one queue share its
//!   messages.
//! - One consumer sees the messages in the order of publishing as long as none comes back.
//! - Body and headers arrive as they were sent. The bus never looks into a body.
//! - [`Bus::announce`] reaches every [`Subscription`] there is, once each or more often, and in the
//!   order in which one announcer announces as long as nothing is tried again. Doubles are known by
//!   their [`message_id`](Message::message_id).
//!
//! [`InProcessBus`] keeps all this in the memory of one process; [`RabbitMqBus`] asks a broker.

pub mod conformance;
mod delivery;
mod error;
mod in_process;
mod message;
mod queue;
mod rabbitmq;
mod topic;

use std::num::NonZeroU16;

use async_trait::async_trait;

pub use delivery::{Consumer, Delivery, Rejection};
pub use error::BusError;
pub use in_process::{Faults, InProcessBus};
pub use message::{DeadLetter, DeadLetterAction, DeadLetterReason, DeadLetters, Decide, Message};
pub use queue::{JobQueue, Limits, Queue};
pub use rabbitmq::{RabbitMqBus, RabbitMqConfig};
pub use topic::{Subscription, Topic, TopicPattern};

/// How often a message may come back to its queue. Returned once more, it becomes a dead letter,
/// so that a message which kills its consumers cannot do so for ever. RabbitMQ's quorum queues
/// call this `x-delivery-limit`, with this default.
pub const DELIVERY_LIMIT: u32 = 20;

/// A set of named queues on one broker, and what is announced there.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Puts `message` at the end of `queue` and returns once the broker has it.
    ///
    /// A queue nobody consumes keeps its messages. On an error that
    /// [is transient](BusError::is_transient) publish the same message again later; the broker
    /// may then hold it twice. Waits for a lost broker no longer than it was set up to.
    async fn publish(&self, queue: &Queue, message: Message) -> Result<(), BusError>;

    /// Starts to consume `queue`, holding at most `prefetch` unanswered deliveries.
    ///
    /// The consumer's stream ends when the bus is closed or the broker is lost: call `consume`
    /// again, and its error tells which.
    async fn consume(&self, queue: &Queue, prefetch: NonZeroU16) -> Result<Consumer, BusError>;

    /// The oldest `limit` dead letters of `queue`, and how many it holds. Removes nothing; while
    /// one looks, another may see fewer.
    async fn dead_letters(&self, queue: &Queue, limit: usize) -> Result<DeadLetters, BusError>;

    /// Shows `decide` the oldest `limit` dead letters of `queue`, oldest first, and does with each
    /// what it answers. Those sent back go to the end of the queue and start anew: nobody was
    /// handed them before. Those kept may stand behind those that were not looked at afterwards.
    /// `decide` must not use the bus.
    ///
    /// None is lost unless it is to be deleted: what goes back is published, confirmed, and only
    /// then taken from the dead letters. On an error those before it are done, and the one it
    /// struck may be in both places.
    async fn handle_dead_letters(
        &self,
        queue: &Queue,
        limit: usize,
        decide: &mut Decide<'_>,
    ) -> Result<(), BusError>;

    /// Tells every subscription whose pattern matches `topic`, and returns once the broker has
    /// `message` for each of them. That nobody listens is no error.
    ///
    /// On an error that [is transient](BusError::is_transient) announce the same message again
    /// later; listeners may then hear it twice.
    async fn announce(&self, topic: &Topic, message: Message) -> Result<(), BusError>;

    /// Starts to hear what is announced, holding at most `prefetch` unanswered deliveries.
    ///
    /// The stream ends as that of [`consume`](Self::consume) does. There are no dead letters: an
    /// announcement that is rejected to them is discarded, and so is one that comes back to a
    /// durable subscription more than [`DELIVERY_LIMIT`] times.
    async fn subscribe(
        &self,
        subscription: &Subscription,
        prefetch: NonZeroU16,
    ) -> Result<Consumer, BusError>;

    /// Ends every consumer of this bus; from then on every call says [`BusError::Closed`].
    /// Closing twice is the same as once.
    async fn close(&self);
}
