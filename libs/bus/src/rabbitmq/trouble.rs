//! What goes wrong at the broker, and what that means to the caller.

use std::time::Duration;

use super::link::LinkDown;
use crate::BusError;

/// AMQP's code for a queue or an exchange that does not exist.
const NOT_FOUND: u16 = 404;

/// Why the broker did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error(transparent)]
    Down(#[from] LinkDown),
    #[error(transparent)]
    Client(#[from] lapin::Error),
    #[error("no answer within {0:?}")]
    Silent(Duration),
    #[error("it has no room and takes no messages for now (its log says what of)")]
    Blocked,
    #[error("it refused the message")]
    Nacked,
    #[error("the queue was deleted; it is declared again for the next message")]
    Unroutable,
    #[error("the connection was lost meanwhile")]
    Over,
}

impl Trouble {
    /// As it concerns `place`.
    pub(super) fn at(self, place: String) -> BusError {
        if self.is_refusal() {
            let source = self.into();
            return BusError::Refused { place, source };
        }
        let source = self.into();
        BusError::Unavailable { place, source }
    }

    /// As it concerns the publishing to a queue of so many messages: the broker refuses one that
    /// finds no room.
    pub(super) fn at_queue(self, place: String, capacity: usize) -> BusError {
        match self {
            Self::Nacked => BusError::Full { place, capacity },
            other => other.at(place),
        }
    }

    /// An error of one channel is the broker's no to what was asked on it. What does not exist is
    /// declared again.
    fn is_refusal(&self) -> bool {
        use lapin::ErrorKind::ProtocolError;
        match self {
            Self::Client(error) => match error.kind() {
                ProtocolError(said) => error.is_amqp_soft_error() && said.get_id() != NOT_FOUND,
                _ => false,
            },
            Self::Down(_)
            | Self::Silent(_)
            | Self::Blocked
            | Self::Nacked
            | Self::Unroutable
            | Self::Over => false,
        }
    }
}
