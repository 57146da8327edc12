//! What can go wrong between a service and its queues.

/// Why a bus did not do what it was asked.
///
/// `place` names what was asked for, as people know it: "queue jobs.embed",
/// "exchange sopilot.events", "subscription audit".
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The bus was closed by this process, which is shutting down.
    #[error("the bus is closed: this process is stopping")]
    Closed,

    /// The queue holds all it may. Consumers are too slow or gone; publish again later.
    #[error(
        "{place} is full at {capacity} messages; publish again when its consumers have caught up"
    )]
    Full {
        /// The full queue.
        place: String,
        /// How many messages it may hold, answered or not.
        capacity: usize,
    },

    /// The broker cannot be reached or did not confirm. It may have the message all the same.
    #[error("{place}: the broker cannot be reached or did not answer: {source}; try again")]
    Unavailable {
        /// What was asked for.
        place: String,
        /// What the broker's client said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The broker answers, and says no. Somebody must change a permission or a setting first.
    #[error(
        "{place}: the broker refused: {source}; check the permissions of the user, and that the \
         queue was not declared with other limits before (then delete it, or restore them)"
    )]
    Refused {
        /// What was asked for.
        place: String,
        /// What the broker said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The answer came too late: its consumer is gone and the message went back to the queue. One
    /// that was under way when the connection broke may have arrived all the same.
    #[error(
        "message {message_id:?} already went back to {place} because its consumer is gone; \
         it will be delivered again"
    )]
    DeliveryLost {
        /// Where the message is now.
        place: String,
        /// The message whose answer came too late.
        message_id: String,
    },

    /// A message that no broker would carry unchanged.
    #[error("message {message_id:?} cannot be sent: {problem}")]
    InvalidMessage {
        /// The message.
        message_id: String,
        /// What is wrong with it.
        problem: String,
    },

    /// A prefix that cannot be part of a queue's name.
    #[error("queue prefix {prefix:?} must be 1 to {max} characters of a-z, 0-9 and '-'")]
    InvalidPrefix {
        /// The prefix as given.
        prefix: String,
        /// The longest prefix, in characters.
        max: usize,
    },

    /// A topic, a pattern of topics or the name of a subscription that cannot be one.
    #[error("{what} {name:?} {rule}")]
    InvalidName {
        /// Which kind of name.
        what: &'static str,
        /// The name as given.
        name: String,
        /// What it must be.
        rule: &'static str,
    },

    /// A setting of the bus that cannot work.
    #[error("bus setting `{setting}`: {problem}")]
    InvalidSetting {
        /// Its name.
        setting: &'static str,
        /// What is wrong with it. Never shows a password.
        problem: String,
    },
}

impl BusError {
    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Full { .. } | Self::Unavailable { .. } => true,
            // A lost delivery comes again by itself; answering it again cannot work.
            Self::Closed
            | Self::Refused { .. }
            | Self::DeliveryLost { .. }
            | Self::InvalidMessage { .. }
            | Self::InvalidPrefix { .. }
            | Self::InvalidName { .. }
            | Self::InvalidSetting { .. } => false,
        }
    }
}
