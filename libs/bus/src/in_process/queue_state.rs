//! One queue of the in-process broker as plain data: no clock, no lock, no task.

use std::collections::{BTreeMap, VecDeque};
use std::task::{Context, Poll, Waker};

use super::Place;
use crate::delivery::Answer;
use crate::{
    BusError, DELIVERY_LIMIT, DeadLetter, DeadLetterAction, DeadLetterReason, Decide, Message,
};

/// Names a consumer within its bus. Never used again.
pub(super) type ConsumerId = u64;
/// A message's place in its queue. Never used again, and kept when the message comes back, so
/// that a returned message is not overtaken.
pub(super) type Sequence = u64;

#[derive(Debug)]
pub(super) struct QueueState {
    place: Place,
    next: Sequence,
    ready: BTreeMap<Sequence, Held>,
    consumers: BTreeMap<ConsumerId, ConsumerState>,
    dead: VecDeque<DeadLetter>,
    dead_total: u64,
}

/// A message nobody has acknowledged.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) message: Message,
    pub(super) returns: u32,
}

#[derive(Debug)]
struct ConsumerState {
    prefetch: usize,
    unanswered: BTreeMap<Sequence, Held>,
    waker: Option<Waker>,
}

impl QueueState {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            next: 0,
            ready: BTreeMap::new(),
            consumers: BTreeMap::new(),
            dead: VecDeque::new(),
            dead_total: 0,
        }
    }

    /// Messages that nobody has acknowledged, handed out or not.
    pub(super) fn len(&self) -> usize {
        let out: usize = self.consumers.values().map(|c| c.unanswered.len()).sum();
        self.ready.len() + out
    }

    /// Fails with [`BusError::Full`] when one message more would be too many.
    pub(super) fn check_room(&self, capacity: usize) -> Result<(), BusError> {
        if self.len() < capacity {
            return Ok(());
        }
        Err(BusError::Full {
            place: self.place.to_string(),
            capacity,
        })
    }

    /// Discards ready messages, oldest first, until there are no more than `capacity` of all.
    pub(super) fn discard_oldest(&mut self, capacity: usize) {
        while self.len() > capacity && self.ready.pop_first().is_some() {}
    }

    pub(super) fn push(&mut self, message: Message) {
        let held = Held {
            message,
            returns: 0,
        };
        self.ready.insert(self.next, held);
        self.next += 1;
    }

    pub(super) fn add_consumer(&mut self, id: ConsumerId, prefetch: usize) {
        let consumer = ConsumerState {
            prefetch,
            unanswered: BTreeMap::new(),
            waker: None,
        };
        self.consumers.insert(id, consumer);
    }

    /// Ends the subscription; what it had not answered is ready again.
    pub(super) fn remove_consumer(&mut self, id: ConsumerId, max_dead: usize) {
        let Some(consumer) = self.consumers.remove(&id) else {
            return;
        };
        for (sequence, held) in consumer.unanswered {
            self.give_back(sequence, held, max_dead);
        }
    }

    /// Hands the oldest ready message to the consumer, or remembers whom to wake.
    ///
    /// Ready with `None` when the consumer was removed.
    pub(super) fn poll_take(
        &mut self,
        id: ConsumerId,
        cx: &mut Context<'_>,
    ) -> Poll<Option<(Sequence, Held)>> {
        let Some(consumer) = self.consumers.get_mut(&id) else {
            return Poll::Ready(None);
        };
        if consumer.unanswered.len() < consumer.prefetch
            && let Some((sequence, held)) = self.ready.pop_first()
        {
            consumer.unanswered.insert(sequence, held.clone());
            consumer.waker = None;
            return Poll::Ready(Some((sequence, held)));
        }
        consumer.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Takes the answer for one delivery. False when it came too late: the message is no longer
    /// this consumer's.
    pub(super) fn settle(
        &mut self,
        id: ConsumerId,
        sequence: Sequence,
        answer: Answer,
        max_dead: usize,
    ) -> bool {
        let taken = self
            .consumers
            .get_mut(&id)
            .and_then(|consumer| consumer.unanswered.remove(&sequence));
        let Some(held) = taken else {
            return false;
        };
        match answer {
            Answer::Ack => {}
            Answer::Requeue => self.give_back(sequence, held, max_dead),
            Answer::DeadLetter => self.bury(held, DeadLetterReason::Rejected, max_dead),
        }
        true
    }

    /// Whoever can take a message now. All of them are woken, because a woken consumer may never
    /// poll again, and a message must not wait for it.
    pub(super) fn wakers(&mut self) -> Vec<Waker> {
        if self.ready.is_empty() {
            return Vec::new();
        }
        self.consumers
            .values_mut()
            .filter(|consumer| consumer.unanswered.len() < consumer.prefetch)
            .filter_map(|consumer| consumer.waker.take())
            .collect()
    }

    /// Ends every subscription and forgets every message but the count of the dead, for a bus
    /// that closes.
    pub(super) fn close(&mut self) -> Vec<Waker> {
        self.ready.clear();
        self.dead.clear();
        std::mem::take(&mut self.consumers)
            .into_values()
            .filter_map(|consumer| consumer.waker)
            .collect()
    }

    pub(super) fn dead(&self) -> &VecDeque<DeadLetter> {
        &self.dead
    }

    /// How many letters ever died here, those discarded since included.
    pub(super) fn dead_total(&self) -> u64 {
        self.dead_total
    }

    /// Does with the oldest `limit` dead letters what `decide` answers for each.
    pub(super) fn handle_dead(
        &mut self,
        limit: usize,
        capacity: usize,
        decide: &mut Decide<'_>,
    ) -> Result<(), BusError> {
        let mut kept = 0;
        for _ in 0..limit {
            let Some(letter) = self.dead.get(kept) else {
                break;
            };
            match decide(letter) {
                DeadLetterAction::Keep => kept += 1,
                DeadLetterAction::Return => {
                    self.check_room(capacity)?;
                    if let Some(letter) = self.dead.remove(kept) {
                        self.push(letter.message);
                    }
                }
                DeadLetterAction::Delete => {
                    self.dead.remove(kept);
                }
            }
        }
        Ok(())
    }

    fn give_back(&mut self, sequence: Sequence, held: Held, max_dead: usize) {
        if held.returns >= DELIVERY_LIMIT {
            return self.bury(held, DeadLetterReason::DeliveryLimit, max_dead);
        }
        let returned = Held {
            returns: held.returns + 1,
            ..held
        };
        self.ready.insert(sequence, returned);
    }

    fn bury(&mut self, held: Held, reason: DeadLetterReason, max_dead: usize) {
        tracing::warn!(
            place = %self.place,
            message_id = held.message.message_id,
            returns = held.returns,
            ?reason,
            "message became a dead letter"
        );
        self.dead_total += 1;
        self.dead.push_back(DeadLetter {
            message: held.message,
            reason,
        });
        while self.dead.len() > max_dead {
            self.dead.pop_front();
        }
    }
}
