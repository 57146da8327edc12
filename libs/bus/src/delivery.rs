//! The consuming side: a stream of deliveries, each of which wants an answer.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_trait::async_trait;
use futures::Stream;
use futures::stream::BoxStream;

use crate::{BusError, Message};

/// A consumer of one queue or subscription: a stream of its messages.
///
/// Dropping it ends the subscription and returns to the queue every delivery that has no answer
/// yet, wherever that delivery is; answering one afterwards fails with
/// [`BusError::DeliveryLost`]. The stream ends when the bus is closed or the broker is lost.
pub struct Consumer {
    deliveries: BoxStream<'static, Delivery>,
}

impl Consumer {
    /// `deliveries` must return unanswered messages to the queue when it is dropped.
    pub(crate) fn new(deliveries: BoxStream<'static, Delivery>) -> Self {
        Self { deliveries }
    }
}

impl Stream for Consumer {
    type Item = Delivery;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        self.deliveries.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").finish_non_exhaustive()
    }
}

/// One message handed to one consumer. Dropped without an answer, it goes back to the queue.
pub struct Delivery {
    /// What was published.
    pub message: Message,
    /// How often the message came back to the queue before this delivery. Passing subscriptions
    /// may only know whether it did.
    pub returns: u32,
    settle: Box<dyn Settle>,
}

impl Delivery {
    pub(crate) fn new(message: Message, returns: u32, settle: Box<dyn Settle>) -> Self {
        Self {
            message,
            returns,
            settle,
        }
    }

    /// Whether somebody was handed this message before and did not answer for it.
    pub fn redelivered(&self) -> bool {
        self.returns > 0
    }

    /// Tells the broker that the message is handled; it is never delivered again, unless the
    /// broker is lost before it hears of it.
    ///
    /// On an error the broker may deliver it again.
    pub async fn ack(self) -> Result<(), BusError> {
        self.settle.settle(Answer::Ack).await
    }

    /// Gives the message up: to another try, or to the dead letters.
    pub async fn reject(self, rejection: Rejection) -> Result<(), BusError> {
        let answer = match rejection {
            Rejection::Requeue => Answer::Requeue,
            Rejection::DeadLetter => Answer::DeadLetter,
        };
        self.settle.settle(answer).await
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("message", &self.message)
            .field("returns", &self.returns)
            .finish_non_exhaustive()
    }
}

/// Where a rejected message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// Back to the queue, at once. After [`DELIVERY_LIMIT`](crate::DELIVERY_LIMIT) returns it
    /// becomes a dead letter.
    Requeue,
    /// To the dead letters: no later try could succeed.
    DeadLetter,
}

/// A delivery's answer as brokers know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Ack,
    Requeue,
    DeadLetter,
}

/// The one answer a delivery may give. Dropped unused, it must return the message to the queue.
#[async_trait]
pub(crate) trait Settle: Send {
    async fn settle(self: Box<Self>, answer: Answer) -> Result<(), BusError>;
}
