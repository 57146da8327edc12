//! What can go wrong between a service and its queues.

use crate::Queue;

/// Why a bus did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The bus was closed by this process, which is shutting down.
    #[error("the bus is closed: this process is stopping")]
    Closed,

    /// The queue holds all it may. Consumers are too slow or gone; publish again later.
    #[error(
        "queue {queue} is full at {capacity} messages; publish again when its consumers have caught up"
    )]
    Full {
        /// The full queue.
        queue: Queue,
        /// How many messages it may hold, answered or not.
        capacity: usize,
    },

    /// The broker cannot be reached or did not confirm. It may have the message all the same.
    #[error("the broker did not confirm on queue {queue}: {source}; publish again")]
    Unavailable {
        /// The queue that was asked for.
        queue: Queue,
        /// What the broker's client said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The answer came too late: its consumer is gone and the message went back to the queue.
    #[error(
        "message {message_id:?} already went back to queue {queue} because its consumer is gone; \
         it will be delivered again"
    )]
    DeliveryLost {
        /// Where the message is now.
        queue: Queue,
        /// The message whose answer came too late.
        message_id: String,
    },

    /// A prefix that cannot be part of a queue's name.
    #[error("queue prefix {prefix:?} must be 1 to {max} characters of a-z, 0-9 and '-'")]
    InvalidPrefix {
        /// The prefix as given.
        prefix: String,
        /// The longest prefix, in characters.
        max: usize,
    },
}

impl BusError {
    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Full { .. } | Self::Unavailable { .. } => true,
            // A lost delivery comes again by itself; answering it again cannot work.
            Self::Closed | Self::DeliveryLost { .. } | Self::InvalidPrefix { .. } => false,
        }
    }
}
