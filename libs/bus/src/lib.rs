//! Job queues: a doorbell for work that waits in the catalog.
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

pub mod conformance;
mod delivery;
mod error;
mod in_process;
mod message;
mod queue;

use std::num::NonZeroU16;

use async_trait::async_trait;

pub use delivery::{Consumer, Delivery, Rejection};
pub use error::BusError;
pub use in_process::{Faults, InProcessBus, Limits};
pub use message::{DeadLetter, DeadLetterReason, DeadLetters, Message};
pub use queue::{JobQueue, Queue};

/// How often a message may come back to its queue. Returned once more, it becomes a dead letter,
/// so that a message which kills its consumers cannot do so for ever. RabbitMQ's quorum queues
/// call this `x-delivery-limit`, with this default.
pub const DELIVERY_LIMIT: u32 = 20;

/// A set of named queues on one broker.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Puts `message` at the end of `queue` and returns once the broker has it.
    ///
    /// A queue nobody consumes keeps its messages. On an error that
    /// [is transient](BusError::is_transient) publish the same message again later; the broker
    /// may then hold it twice.
    async fn publish(&self, queue: &Queue, message: Message) -> Result<(), BusError>;

    /// Starts to consume `queue`, holding at most `prefetch` unanswered deliveries.
    ///
    /// The consumer's stream ends when the bus is closed or the broker is lost: call `consume`
    /// again, and its error tells which.
    async fn consume(&self, queue: &Queue, prefetch: NonZeroU16) -> Result<Consumer, BusError>;

    /// The oldest `limit` dead letters of `queue`, and how many it holds. Removes nothing.
    async fn dead_letters(&self, queue: &Queue, limit: usize) -> Result<DeadLetters, BusError>;

    /// Ends every consumer of this bus; from then on every call says [`BusError::Closed`].
    /// Closing twice is the same as once.
    async fn close(&self);
}
