//! What travels through a queue, and what is left when it could not be handled.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;

/// One message. The bus carries it unchanged.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Names the message in logs and lets a reader recognise a doubled one. The bus itself
    /// neither checks nor uses it to drop duplicates.
    pub message_id: String,
    /// W3C trace context (`traceparent`, `tracestate`) and whatever else concerns the transport.
    /// Names are case-sensitive: use lower case.
    pub headers: BTreeMap<String, String>,
    /// Opaque to the bus.
    pub body: Bytes,
}

impl Message {
    /// A message without headers.
    pub fn new(message_id: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self {
            message_id: message_id.into(),
            headers: BTreeMap::new(),
            body: body.into(),
        }
    }

    /// The same message with one header more; an earlier value of that name is replaced.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }
}

/// Shows the size of the body, never its content.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("message_id", &self.message_id)
            .field("headers", &self.headers)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// Why a message is among the dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadLetterReason {
    /// A consumer rejected it: it cannot be decoded or concerns nothing that exists.
    Rejected,
    /// It came back to its queue more than [`DELIVERY_LIMIT`](crate::DELIVERY_LIMIT) times.
    DeliveryLimit,
}

/// A message that nobody will be asked to handle again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The message as it was published.
    pub message: Message,
    /// Why it ended here.
    pub reason: DeadLetterReason,
}

/// What a queue keeps of its dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetters {
    /// How many the broker holds now. It holds a bounded number and discards the oldest first.
    pub held: u64,
    /// The oldest of them, oldest first, as many as were asked for.
    pub letters: Vec<DeadLetter>,
}
