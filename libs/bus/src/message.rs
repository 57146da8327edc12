//! What travels through a queue, and what is left when it could not be handled.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;

use crate::BusError;

/// AMQP's limit for a message's id and for a header's name, in bytes.
const MAX_NAME: usize = 255;

/// Headers by which brokers say what they did with a message. They are not the publisher's to set.
const BROKER_HEADERS: [&str; 2] = ["x-delivery-count", "x-acquired-count"];
const BROKER_HEADER_STARTS: [&str; 3] = ["x-death", "x-first-death-", "x-last-death-"];

/// One message. The bus carries it unchanged.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Names the message in logs and lets a reader recognise a doubled one. The bus itself
    /// neither checks nor uses it to drop duplicates. At most 255 bytes.
    pub message_id: String,
    /// W3C trace context (`traceparent`, `tracestate`) and whatever else concerns the transport.
    /// Names are case-sensitive: use lower case, and at most 255 bytes. `x-death…`,
    /// `x-first-death-…`, `x-last-death-…`, `x-delivery-count` and `x-acquired-count` belong to
    /// the broker.
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

    /// Fails with [`BusError::InvalidMessage`] if a broker would not carry it unchanged.
    pub(crate) fn check(&self) -> Result<(), BusError> {
        let too_long = |name: &String| name.len() > MAX_NAME;
        let problem = if too_long(&self.message_id) {
            format!("its id is longer than {MAX_NAME} bytes")
        } else if let Some(name) = self.headers.keys().find(|name| too_long(name)) {
            let start: String = name.chars().take(20).collect();
            format!("the name of its header \"{start}…\" is longer than {MAX_NAME} bytes")
        } else if let Some(name) = self.headers.keys().find(|name| is_broker_header(name)) {
            format!("its header {name:?} is the broker's to set")
        } else {
            return Ok(());
        };
        Err(BusError::InvalidMessage {
            message_id: self.message_id.chars().take(MAX_NAME).collect(),
            problem,
        })
    }
}

/// Whether the header is set by brokers, and no part of the message as it was published.
pub(crate) fn is_broker_header(name: &str) -> bool {
    BROKER_HEADERS.contains(&name) || BROKER_HEADER_STARTS.iter().any(|s| name.starts_with(s))
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

/// What is to happen to a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadLetterAction {
    /// It stays where it is.
    Keep,
    /// It goes back to the end of its queue.
    Return,
    /// Nobody sees it again.
    Delete,
}

/// Says what is to happen to each dead letter.
pub type Decide<'a> = dyn FnMut(&DeadLetter) -> DeadLetterAction + Send + 'a;

/// What a queue keeps of its dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetters {
    /// How many the broker holds now. It holds a bounded number and discards the oldest first.
    pub held: u64,
    /// The oldest of them, oldest first, as many as were asked for.
    pub letters: Vec<DeadLetter>,
}
