//! The broker of the embedded mode: queues in the memory of this process.

mod broker;
mod faults;
mod queue_state;

use std::num::NonZeroU16;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use futures::Stream;

use crate::delivery::{Answer, Settle};
use crate::{
    Bus, BusError, Consumer, DeadLetters, Decide, Delivery, Limits, Message, Queue, Subscription,
    Topic,
};

use broker::{Broker, Listener, Place};
pub use faults::Faults;
use queue_state::{ConsumerId, QueueState, Sequence};

/// Queues in the memory of this process. Clones are handles to the same queues.
///
/// What it holds is gone with the process; the catalog rings again for the work that waits.
#[derive(Debug, Clone)]
pub struct InProcessBus {
    broker: Arc<Broker>,
}

impl InProcessBus {
    /// An empty bus.
    pub fn new(limits: Limits) -> Self {
        Self::with_faults(limits, Faults::default())
    }

    /// An empty bus that misbehaves as told, for tests of whoever depends on a bus.
    pub fn with_faults(limits: Limits, faults: Faults) -> Self {
        Self {
            broker: Arc::new(Broker::new(limits, faults)),
        }
    }

    /// How many messages of `queue` ever became dead letters, those discarded since included.
    pub fn dead_lettered(&self, queue: &Queue) -> u64 {
        let state = self.broker.lock();
        state.jobs(queue).map_or(0, QueueState::dead_total)
    }
}

impl Default for InProcessBus {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

#[async_trait]
impl Bus for InProcessBus {
    async fn publish(&self, queue: &Queue, message: Message) -> Result<(), BusError> {
        let wakers = self.broker.publish(queue, &message)?;
        wake(wakers);
        Ok(())
    }

    async fn consume(&self, queue: &Queue, prefetch: NonZeroU16) -> Result<Consumer, BusError> {
        let mut state = self.broker.lock_open()?;
        let id = state.new_id();
        Ok(self
            .broker
            .consume(&mut state, Place::Jobs(queue.clone()), id, prefetch))
    }

    async fn dead_letters(&self, queue: &Queue, limit: usize) -> Result<DeadLetters, BusError> {
        let state = self.broker.lock_open()?;
        let dead = state.jobs(queue).map(QueueState::dead);
        Ok(DeadLetters {
            held: dead.map_or(0, |dead| dead.len() as u64),
            letters: dead.into_iter().flatten().take(limit).cloned().collect(),
        })
    }

    async fn handle_dead_letters(
        &self,
        queue: &Queue,
        limit: usize,
        decide: &mut Decide<'_>,
    ) -> Result<(), BusError> {
        self.broker.handle_dead(queue, limit, decide)
    }

    async fn announce(&self, topic: &Topic, message: Message) -> Result<(), BusError> {
        let wakers = self.broker.announce(topic, &message)?;
        wake(wakers);
        Ok(())
    }

    async fn subscribe(
        &self,
        subscription: &Subscription,
        prefetch: NonZeroU16,
    ) -> Result<Consumer, BusError> {
        let mut state = self.broker.lock_open()?;
        let id = state.new_id();
        let listener = match subscription.name() {
            Some(name) => Listener::Durable(Arc::from(name)),
            None => Listener::Passing(id),
        };
        let patterns = state.patterns.entry(listener.clone()).or_default();
        patterns.insert(subscription.pattern().clone());
        Ok(self
            .broker
            .consume(&mut state, Place::Heard(listener), id, prefetch))
    }

    async fn close(&self) {
        let mut state = self.broker.lock();
        state.closed = true;
        let wakers: Vec<_> = state
            .queues
            .values_mut()
            .flat_map(QueueState::close)
            .collect();
        drop(state);
        wake(wakers);
    }
}

/// The stream behind a [`Consumer`].
struct Deliveries {
    broker: Arc<Broker>,
    place: Place,
    id: ConsumerId,
}

impl Stream for Deliveries {
    type Item = Delivery;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        let taken = match self.broker.lock_open() {
            Ok(mut state) => state.queue(&self.place).poll_take(self.id, cx),
            Err(_) => return Poll::Ready(None),
        };
        taken.map(|taken| {
            taken.map(|(sequence, held)| {
                let receipt = Receipt {
                    broker: Arc::clone(&self.broker),
                    place: self.place.clone(),
                    consumer: self.id,
                    sequence,
                    message_id: held.message.message_id.clone(),
                    answered: false,
                };
                Delivery::new(held.message, held.returns, Box::new(receipt))
            })
        })
    }
}

impl Drop for Deliveries {
    fn drop(&mut self) {
        let Ok(mut state) = self.broker.lock_open() else {
            return;
        };
        if let Place::Heard(passing @ Listener::Passing(_)) = &self.place {
            state.queues.remove(&self.place);
            state.patterns.remove(passing);
            return;
        }
        let queue = state.queue(&self.place);
        queue.remove_consumer(self.id, self.broker.max_dead(&self.place));
        let wakers = queue.wakers();
        drop(state);
        wake(wakers);
    }
}

/// The right to answer for one delivery, once.
struct Receipt {
    broker: Arc<Broker>,
    place: Place,
    consumer: ConsumerId,
    sequence: Sequence,
    message_id: String,
    answered: bool,
}

impl Receipt {
    fn lost(&self) -> BusError {
        BusError::DeliveryLost {
            place: self.place.to_string(),
            message_id: self.message_id.clone(),
        }
    }
}

#[async_trait]
impl Settle for Receipt {
    async fn settle(mut self: Box<Self>, answer: Answer) -> Result<(), BusError> {
        self.answered = true;
        self.broker.settle(&self, answer)
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if !self.answered {
            // Too late or closed: then the message is back in the queue or gone with it anyway.
            let _ = self.broker.settle(self, Answer::Requeue);
        }
    }
}

fn wake(wakers: Vec<Waker>) {
    for waker in wakers {
        waker.wake();
    }
}

#[cfg(test)]
mod tests;
