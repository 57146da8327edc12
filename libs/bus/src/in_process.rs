//! The broker of the embedded mode: queues in the memory of this process.

mod faults;
mod queue_state;

use std::collections::HashMap;
use std::num::NonZeroU16;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use futures::{Stream, StreamExt};

use crate::delivery::{Answer, Settle};
use crate::{Bus, BusError, Consumer, DeadLetters, Delivery, Message, Queue};

pub use faults::Faults;
use faults::{Fate, FaultSource};
use queue_state::{ConsumerId, QueueState, Sequence};

/// How much one queue of an [`InProcessBus`] may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Messages without an acknowledgement, handed out or not. One more is refused with
    /// [`BusError::Full`] rather than awaited: the publisher keeps its outbox and comes back.
    /// A message that comes back is always taken.
    pub capacity: usize,
    /// Dead letters. The oldest is discarded for the newest.
    pub dead_letters: usize,
}

impl Default for Limits {
    /// A doorbell weighs some hundred bytes: 100 000 of them stay below 100 MiB.
    fn default() -> Self {
        Self {
            capacity: 100_000,
            dead_letters: 1_000,
        }
    }
}

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
        let state = State {
            closed: false,
            queues: HashMap::new(),
            next_consumer: 0,
            faults: FaultSource::new(faults),
        };
        Self {
            broker: Arc::new(Broker {
                limits,
                state: Mutex::new(state),
            }),
        }
    }

    /// How many messages of `queue` ever became dead letters, those discarded since included.
    pub fn dead_lettered(&self, queue: &Queue) -> u64 {
        let state = self.broker.lock();
        state.queues.get(queue).map_or(0, QueueState::dead_total)
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
        let id = state.next_consumer;
        state.next_consumer += 1;
        state
            .queue(queue)
            .add_consumer(id, usize::from(prefetch.get()));
        let subscription = Subscription {
            broker: Arc::clone(&self.broker),
            queue: queue.clone(),
            id,
        };
        Ok(Consumer::new(subscription.boxed()))
    }

    async fn dead_letters(&self, queue: &Queue, limit: usize) -> Result<DeadLetters, BusError> {
        let state = self.broker.lock_open()?;
        let dead = state.queues.get(queue).map(QueueState::dead);
        Ok(DeadLetters {
            held: dead.map_or(0, |dead| dead.len() as u64),
            letters: dead.into_iter().flatten().take(limit).cloned().collect(),
        })
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

#[derive(Debug)]
struct Broker {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    closed: bool,
    queues: HashMap<Queue, QueueState>,
    next_consumer: ConsumerId,
    faults: FaultSource,
}

impl State {
    fn queue(&mut self, queue: &Queue) -> &mut QueueState {
        // Not `entry`, which would clone the name for every message.
        if !self.queues.contains_key(queue) {
            let empty = QueueState::new(queue.clone());
            self.queues.insert(queue.clone(), empty);
        }
        self.queues
            .get_mut(queue)
            .expect("the queue was inserted above if it was missing")
    }
}

impl Broker {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock panics half way through a change, so the state behind a poisoned
        // lock is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_open(&self) -> Result<MutexGuard<'_, State>, BusError> {
        let state = self.lock();
        if state.closed {
            Err(BusError::Closed)
        } else {
            Ok(state)
        }
    }

    /// Enqueues the message and says whom to wake, which must happen outside the lock.
    fn publish(&self, queue: &Queue, message: &Message) -> Result<Vec<Waker>, BusError> {
        let mut state = self.lock_open()?;
        let copies = match state.faults.next() {
            Fate::Confirmed(copies) => copies,
            Fate::Refused => {
                return Err(BusError::Unavailable {
                    queue: queue.clone(),
                    source: "injected fault".into(),
                });
            }
        };
        let target = state.queue(queue);
        if target.len() >= self.limits.capacity {
            return Err(BusError::Full {
                queue: queue.clone(),
                capacity: self.limits.capacity,
            });
        }
        for _ in 0..copies {
            target.push(message.clone());
        }
        Ok(target.wakers())
    }

    fn settle(&self, receipt: &Receipt, answer: Answer) -> Result<(), BusError> {
        let mut state = self.lock_open()?;
        let queue = state.queue(&receipt.queue);
        let in_time = queue.settle(
            receipt.consumer,
            receipt.sequence,
            answer,
            self.limits.dead_letters,
        );
        // An answer frees a place in this consumer's prefetch, and a return is for anyone.
        let wakers = queue.wakers();
        drop(state);
        wake(wakers);
        if in_time {
            Ok(())
        } else {
            Err(BusError::DeliveryLost {
                queue: receipt.queue.clone(),
                message_id: receipt.message_id.clone(),
            })
        }
    }
}

/// The stream behind a [`Consumer`].
struct Subscription {
    broker: Arc<Broker>,
    queue: Queue,
    id: ConsumerId,
}

impl Stream for Subscription {
    type Item = Delivery;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        let taken = match self.broker.lock_open() {
            Ok(mut state) => state.queue(&self.queue).poll_take(self.id, cx),
            Err(_) => return Poll::Ready(None),
        };
        taken.map(|taken| {
            taken.map(|(sequence, held)| {
                let receipt = Receipt {
                    broker: Arc::clone(&self.broker),
                    queue: self.queue.clone(),
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

impl Drop for Subscription {
    fn drop(&mut self) {
        let Ok(mut state) = self.broker.lock_open() else {
            return;
        };
        let queue = state.queue(&self.queue);
        queue.remove_consumer(self.id, self.broker.limits.dead_letters);
        let wakers = queue.wakers();
        drop(state);
        wake(wakers);
    }
}

/// The right to answer for one delivery, once.
struct Receipt {
    broker: Arc<Broker>,
    queue: Queue,
    consumer: ConsumerId,
    sequence: Sequence,
    message_id: String,
    answered: bool,
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
